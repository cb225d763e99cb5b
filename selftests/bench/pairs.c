// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pairs ALG WINDOW ENCAP SELECTORS - SA pairs of ipsvti devices, thousands of them.
 *
 * Standard input has a line for each: DEV SPI_IN SPI_OUT. ALG is gcm or chacha, ENCAP
 * none or udp. With SELECTORS N each has N of them for the remote end, of which the
 * last one, 10.0.0.0/8, is what packets belong to; with "any" each has one for either end,
 * of all that is IPv4. The keys are those of guest/net.sh.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libipsvti.h"

#define SPI_TO_B 0x200000 /* from here on, what B receives on */

static void set_key(struct ipsvti_sa *sa, uint32_t spi)
{
	unsigned int i, first = spi < SPI_TO_B ? 0x20 : 0;

	for (i = 0; i < 32; i++)
		sa->key[i] = first + i;
	sa->key_len = 32;
	for (i = 0; i < 4; i++)
		sa->salt[i] = (spi < SPI_TO_B ? 0xb0 : 0xa0) + i;
	sa->salt_len = 4;
	sa->spi = spi;
	sa->has |= IPSVTI_HAS(IPSVTI_A_SA_SPI) | IPSVTI_HAS(IPSVTI_A_SA_ALG) |
		   IPSVTI_HAS(IPSVTI_A_SA_KEY) | IPSVTI_HAS(IPSVTI_A_SA_SALT);
}

static void set_selectors(struct ipsvti_sa *sa, int count)
{
	struct ipsvti_ts *ts;
	int i;

	for (i = 0; i < count && i < IPSVTI_TS_MAX; i++) {
		ts = &sa->remote_ts[i];
		ts->start.family = AF_INET;
		ts->end.family = AF_INET;
		ts->start.v4.s_addr = htonl(0xac100000u + (i << 8));
		ts->end.v4.s_addr = htonl(0xac100000u + (i << 8) + 255);
	}
	if (!i)
		return;
	/* not everything, as then none would be compared */
	ts = &sa->remote_ts[i - 1];
	ts->start.v4.s_addr = htonl(0x0a000000);
	ts->end.v4.s_addr = htonl(0x0affffff);
	sa->remote_ts_count = i;
	sa->has |= IPSVTI_HAS(IPSVTI_A_SA_REMOTE_TS);
}

static void set_any(struct ipsvti_sa *sa)
{
	struct ipsvti_ts any = { 0 };

	any.start.family = AF_INET;
	any.end.family = AF_INET;
	any.end.v4.s_addr = htonl(0xffffffff);
	sa->local_ts[0] = any;
	sa->remote_ts[0] = any;
	sa->local_ts_count = 1;
	sa->remote_ts_count = 1;
	sa->has |= IPSVTI_HAS(IPSVTI_A_SA_LOCAL_TS) |
		   IPSVTI_HAS(IPSVTI_A_SA_REMOTE_TS);
}

int main(int argc, char **argv)
{
	struct ipsvti_pair model = { 0 }, pair;
	struct ipsvti_error err = { 0 };
	unsigned int spi_in, spi_out;
	char dev[IF_NAMESIZE];
	struct ipsvti_nl *nl;
	char text[256];

	if (argc != 5)
		return fprintf(stderr, "usage: see the top of pairs.c\n"), 2;
	model.in.alg = strcmp(argv[1], "gcm") ? IPSVTI_ALG_CHACHA20_POLY1305 :
						IPSVTI_ALG_AES_GCM_16_256;
	model.out.alg = model.in.alg;
	model.in.replay_window = atoi(argv[2]);
	model.in.has |= IPSVTI_HAS(IPSVTI_A_SA_REPLAY_WINDOW);
	model.activation = IPSVTI_ACTIVATION_NOW;
	model.has = IPSVTI_HAS(IPSVTI_A_PAIR_ACTIVATION) |
		    IPSVTI_HAS(IPSVTI_A_PAIR_IN) |
		    IPSVTI_HAS(IPSVTI_A_PAIR_OUT);
	if (!strcmp(argv[3], "udp")) {
		model.encap = IPSVTI_ENCAP_UDP;
		model.encap_sport = 4500;
		model.encap_dport = 4500;
		model.has |= IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP) |
			     IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_SPORT) |
			     IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_DPORT);
	}
	if (!strcmp(argv[4], "any")) {
		set_any(&model.in);
		set_any(&model.out);
	} else {
		set_selectors(&model.in, atoi(argv[4]));
		set_selectors(&model.out, atoi(argv[4]));
	}
	if (ipsvti_nl_open(&nl, &err))
		goto fail;
	while (scanf("%15s %u %u", dev, &spi_in, &spi_out) == 3) {
		pair = model;
		pair.ifindex = if_nametoindex(dev);
		set_key(&pair.in, spi_in);
		set_key(&pair.out, spi_out);
		if (ipsvti_sa_pair_new(nl, &pair, NULL, &err))
			goto fail;
	}
	ipsvti_nl_close(nl);
	return 0;
fail:
	fprintf(stderr, "pairs: %s\n",
		ipsvti_error_format(&err, text, sizeof(text)));
	return 1;
}

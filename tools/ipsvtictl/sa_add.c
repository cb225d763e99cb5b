// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl sa add: install a pair of SAs with keys from a file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "keyfile.h"
#include "limits.h"
#include "pair.h"
#include "sa_add.h"
#include "ts.h"

/* Which words have been there. */
enum {
	SEEN_IN = 1 << 0,
	SEEN_OUT = 1 << 1,
	SEEN_ALG = 1 << 2,
	SEEN_KEYS = 1 << 3,
	SEEN_ENCAP = 1 << 4,
	SEEN_SPORT = 1 << 5,
	SEEN_DPORT = 1 << 6,
	SEEN_ACTIVATE = 1 << 7,
	SEEN_WINDOW = 1 << 8,
	SEEN_PAIR = 1 << 9,
	SEEN_ESN = 1 << 10,
	SEEN_LEGACY = 1 << 11,
	SEEN_LIMIT = 1 << 12,
	SEEN_NO_FOLLOW = 1 << 13,
	SEEN_TS = 1 << 14,
};

/* "in spi N" and "out spi N" */
static enum ctl_status take_spi(struct args *args, const char *direction,
				struct ipsvti_sa *sa)
{
	enum ctl_status status;
	const char *word;

	status = args_value(args, direction, "\"spi\" and a number", &word);
	if (status)
		return status;
	if (strcmp(word, "spi"))
		return ctl_usage(
			args->ctl,
			"\"%s\" after \"%s\": expected \"spi\" and a number",
			word, direction);
	sa->has |= IPSVTI_HAS(IPSVTI_A_SA_SPI);
	return args_number(args, "spi", IPSVTI_SPI_MIN, UINT32_MAX, &sa->spi);
}

static enum ctl_status take_alg(struct args *args, struct ipsvti_pair *pair)
{
	enum ctl_status status;
	enum ipsvti_alg alg;
	const char *word;

	status = args_value(args, "alg", "the name of an algorithm", &word);
	if (status)
		return status;
	if (!ipsvti_alg_by_name(word, &alg))
		return ctl_usage(
			args->ctl,
			"unknown algorithm \"%s\": \"sa add --help\" lists those there are",
			word);
	pair->in.alg = alg;
	pair->out.alg = alg;
	pair->in.has |= IPSVTI_HAS(IPSVTI_A_SA_ALG);
	pair->out.has |= IPSVTI_HAS(IPSVTI_A_SA_ALG);
	return CTL_OK;
}

static enum ctl_status take_encap(struct args *args, struct ipsvti_pair *pair)
{
	enum ctl_status status;
	const char *word;

	status = args_value(args, "encap", "udp or none", &word);
	if (status)
		return status;
	if (!strcmp(word, "udp"))
		pair->encap = IPSVTI_ENCAP_UDP;
	else if (!strcmp(word, "none"))
		pair->encap = IPSVTI_ENCAP_NONE;
	else
		return ctl_usage(
			args->ctl,
			"unknown encapsulation \"%s\": expected udp or none",
			word);
	pair->has |= IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP);
	return CTL_OK;
}

static enum ctl_status take_port(struct args *args, const char *keyword,
				 struct ipsvti_pair *pair, unsigned int attr,
				 uint16_t *port)
{
	uint32_t number = 0;
	enum ctl_status status;

	status = args_number(args, keyword, 1, UINT16_MAX, &number);
	*port = number;
	pair->has |= IPSVTI_HAS(attr);
	return status;
}

static enum ctl_status take_activation(struct args *args,
				       struct ipsvti_pair *pair)
{
	enum ctl_status status;
	const char *word;

	status = args_value(args, "activate", "now, manual or first-rx", &word);
	if (status)
		return status;
	if (!ipsvti_activation_by_name(word, &pair->activation))
		return ctl_usage(
			args->ctl,
			"\"%s\" after \"activate\": expected now, manual or first-rx",
			word);
	return CTL_OK;
}

static enum ctl_status take_window(struct args *args, struct ipsvti_pair *pair)
{
	pair->in.has |= IPSVTI_HAS(IPSVTI_A_SA_REPLAY_WINDOW);
	return args_number(args, "replay-window", 64, 65536,
			   &pair->in.replay_window);
}

/* Both directions, as IKE negotiates it (RFC 7296, section 3.3.2). */
static enum ctl_status take_esn(struct ipsvti_pair *pair)
{
	pair->in.esn = true;
	pair->out.esn = true;
	pair->in.has |= IPSVTI_HAS(IPSVTI_A_SA_ESN);
	pair->out.has |= IPSVTI_HAS(IPSVTI_A_SA_ESN);
	return CTL_OK;
}

static enum ctl_status take_id(struct args *args, struct ipsvti_pair *pair)
{
	pair->has |= IPSVTI_HAS(IPSVTI_A_PAIR_PAIR_ID);
	return args_number(args, "pair", 1, UINT32_MAX, &pair->id);
}

static enum ctl_status take_keyword(struct args *args, unsigned int bit,
				    const char *word, struct sa_add *add)
{
	struct ipsvti_pair *pair = &add->pair;

	switch (bit) {
	case SEEN_IN:
		return take_spi(args, word, &pair->in);
	case SEEN_OUT:
		return take_spi(args, word, &pair->out);
	case SEEN_ALG:
		return take_alg(args, pair);
	case SEEN_KEYS:
		return args_value(args, word, "a file, or - for standard input",
				  &add->keys);
	case SEEN_ENCAP:
		return take_encap(args, pair);
	case SEEN_SPORT:
		return take_port(args, word, pair, IPSVTI_A_PAIR_ENCAP_SPORT,
				 &pair->encap_sport);
	case SEEN_DPORT:
		return take_port(args, word, pair, IPSVTI_A_PAIR_ENCAP_DPORT,
				 &pair->encap_dport);
	case SEEN_ACTIVATE:
		return take_activation(args, pair);
	case SEEN_WINDOW:
		return take_window(args, pair);
	case SEEN_PAIR:
		return take_id(args, pair);
	case SEEN_ESN:
		return take_esn(pair);
	case SEEN_LEGACY:
		pair->allow_legacy = true;
		pair->has |= IPSVTI_HAS(IPSVTI_A_PAIR_ALLOW_LEGACY);
		return CTL_OK;
	case SEEN_LIMIT:
		return limits_take(args, pair);
	case SEEN_NO_FOLLOW:
		pair->encap_follow = false;
		pair->has |= IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_FOLLOW);
		return CTL_OK;
	case SEEN_TS:
		return ts_take(args, pair);
	}
	return CTL_OK;
}

static const struct {
	const char *word;
	unsigned int bit;
} keywords[] = {
	{ "in", SEEN_IN },
	{ "out", SEEN_OUT },
	{ "alg", SEEN_ALG },
	{ "keys", SEEN_KEYS },
	{ "encap", SEEN_ENCAP },
	{ "sport", SEEN_SPORT },
	{ "dport", SEEN_DPORT },
	{ "activate", SEEN_ACTIVATE },
	{ "replay-window", SEEN_WINDOW },
	{ "pair", SEEN_PAIR },
	{ "esn", SEEN_ESN },
	{ "allow-legacy", SEEN_LEGACY },
	{ "limit", SEEN_LIMIT },
	{ "no-follow", SEEN_NO_FOLLOW },
	{ "ts", SEEN_TS },
};

#define KEYWORDS (sizeof(keywords) / sizeof(keywords[0]))

/* What there must be, and what goes only with what. */
static enum ctl_status check_words(struct ctl *ctl, unsigned int seen,
				   const struct ipsvti_pair *pair)
{
	const unsigned int ports = SEEN_SPORT | SEEN_DPORT;

	if (!(seen & SEEN_IN))
		return ctl_usage(ctl, "expected \"in spi NUMBER\"");
	if (!(seen & SEEN_OUT))
		return ctl_usage(ctl, "expected \"out spi NUMBER\"");
	if (!(seen & SEEN_ALG))
		return ctl_usage(ctl, "expected \"alg NAME\"");
	if (!(seen & SEEN_KEYS))
		return ctl_usage(ctl, "expected \"keys FILE\"");
	if (pair->encap == IPSVTI_ENCAP_UDP && (seen & ports) != ports)
		return ctl_usage(
			ctl,
			"\"encap udp\" wants \"sport NUMBER\" and \"dport NUMBER\"");
	if (pair->encap != IPSVTI_ENCAP_UDP && seen & ports)
		return ctl_usage(
			ctl, "\"sport\" and \"dport\" go with \"encap udp\"");
	if (pair->encap != IPSVTI_ENCAP_UDP && seen & SEEN_NO_FOLLOW)
		return ctl_usage(ctl, "\"no-follow\" goes with \"encap udp\"");
	return CTL_OK;
}

enum ctl_status sa_add_parse(struct ctl *ctl, int argc, char **argv,
			     struct sa_add *add)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	enum ctl_status status = CTL_OK;
	unsigned int seen = 0;
	const char *word;
	size_t i;

	memset(add, 0, sizeof(*add));
	add->pair.activation = IPSVTI_ACTIVATION_NOW;
	add->pair.has = IPSVTI_HAS(IPSVTI_A_PAIR_ACTIVATION) |
			IPSVTI_HAS(IPSVTI_A_PAIR_IN) |
			IPSVTI_HAS(IPSVTI_A_PAIR_OUT);
	add->device = args_next(&args);
	if (!add->device)
		return ctl_usage(ctl, "expected the name of a device");
	while (!status && (word = args_next(&args))) {
		for (i = 0; i < KEYWORDS; i++)
			if (!strcmp(word, keywords[i].word))
				break;
		if (i == KEYWORDS)
			return ctl_usage(ctl, "\"%s\" is not known here", word);
		/* There can be one of each kind, or a list. */
		if (keywords[i].bit != SEEN_LIMIT && keywords[i].bit != SEEN_TS)
			status = args_once(&args, word, &seen, keywords[i].bit);
		if (!status)
			status =
				take_keyword(&args, keywords[i].bit, word, add);
	}
	return status ? status : check_words(ctl, seen, &add->pair);
}

static enum ctl_status install(struct ctl *ctl, struct sa_add *add)
{
	struct ipsvti_pair reply;
	enum ctl_status status;
	struct ipsvti_nl *nl;
	int ret;

	status = ctl_open(ctl, add->device, &add->pair.ifindex, &nl);
	if (status)
		return status;
	ret = ipsvti_sa_pair_new(nl, &add->pair, &reply, &ctl->err);
	ipsvti_nl_close(nl);
	return ret ? CTL_FAILED : pair_print_new(ctl, &reply);
}

static enum ctl_status sa_add(struct ctl *ctl, int argc, char **argv)
{
	enum ctl_status status;
	struct sa_add add;

	status = sa_add_parse(ctl, argc, argv, &add);
	if (!status)
		status =
			keyfile_read(ctl, add.keys, add.pair.in.alg, &add.pair);
	if (!status)
		status = install(ctl, &add);
	ipsvti_pair_wipe(&add.pair);
	return status;
}

const struct ctl_command sa_add_command = {
	.object = "sa",
	.verb = "add",
	.summary = "install a pair of SAs",
	.usage =
		"DEV in spi SPI out spi SPI alg ALG keys FILE|-\n"
		"          [encap udp sport PORT dport PORT] [activate now|manual|first-rx]\n"
		"          [esn] [replay-window PACKETS] [pair ID] [allow-legacy] [no-follow]\n"
		"          [limit [in|out] KIND NUMBER]...\n"
		"          [ts [in|out] local|remote RANGE [proto PROTO\n"
		"              [port PORT[-PORT] | port opaque | type TYPE[-TYPE] [code CODE[-CODE]]]]]...",
	.help = "  in spi, out spi  SPI of packets from and to the peer, 256 or more\n"
		"  alg              aes-gcm-16-128, -192, -256; the same with an ICV of 12 or 8\n"
		"                   octets: aes-gcm-12-..., aes-gcm-8-...; chacha20-poly1305;\n"
		"                   aes-gmac-128, -192, -256, which encrypt nothing;\n"
		"                   aes-cbc-128-hmac-H or aes-cbc-256-hmac-H with an H of\n"
		"                   sha2-256-128, sha2-384-192, sha2-512-256 or sha1-96\n"
		"  keys             file with the lines \"in KEY SALT\" and \"out KEY SALT\", for\n"
		"                   aes-cbc \"in KEY INTEGRITY-KEY\" and so on, in\n"
		"                   hexadecimal digits, for its owner alone (mode 0600);\n"
		"                   - reads the same from standard input\n"
		"  encap udp        send ESP in UDP; what comes in is taken either way\n"
		"  activate         when to send with the new pair: now (if not said),\n"
		"                   by \"sa activate\" only, or also on the first packet received\n"
		"  esn              extended (64-bit) sequence numbers, as the peer must have, too\n"
		"  replay-window    64 to 65536 packets (64)\n"
		"  pair             complete the pair that \"sa alloc\" has reserved\n"
		"  allow-legacy     take hmac-sha1-96, for a peer that has nothing better\n"
		"  limit            what an SA may protect; without in and out, each of the two.\n"
		"                   KIND is soft-bytes, soft-packets or soft-seconds, at which\n"
		"                   there is an event, or hard-bytes, hard-packets or\n"
		"                   hard-seconds, behind which the SA is used no more\n"
		"  no-follow        with encap udp, do not follow the peer to where its packets come\n"
		"                   from, as is right if we are behind a NAT, and it is not\n"
		"  ts               traffic selector: which packets pass, any if there is none. The\n"
		"                   end of the tunnel that is ours or the peer's has to be in one of\n"
		"                   those of its side, 32 at most; without in and out, in both\n"
		"                   directions. RANGE is ADDR, ADDR/LEN, ADDR-ADDR or any; PROTO\n"
		"                   tcp, udp, icmp, icmpv6, another name, or a number. Ports go with\n"
		"                   those that have them, types and codes with icmp and icmpv6\n"
		"\n"
		"Prints the pair's id.\n"
		"\n"
		"Examples:\n"
		"  ipsvtictl sa add vti0 in spi 0x1001 out spi 0x2001 alg aes-gcm-16-256 keys vti0.keys\n"
		"  ipsvtictl sa add vti0 in spi 0x1002 out spi 0x2002 alg aes-gcm-16-256 keys - \\\n"
		"          encap udp sport 4500 dport 4500 activate first-rx <vti0.keys\n"
		"  ipsvtictl sa add vti0 in spi 0x1003 out spi 0x2003 alg aes-gcm-16-256 keys vti0.keys \\\n"
		"          ts local 10.1.0.0/16 ts remote 10.2.0.0/16 ts remote 10.3.0.0/24 proto tcp port 443\n",
	.run = sa_add,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ike process: what the network says ends up here, and so nothing of value
 * is. It starts without rights (see parent.c), and goes on without files.
 */
#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "ask.h"
#include "ctl.h"
#include "iked.h"
#include "log.h"
#include "sandbox.h"

/* All that libraries read from files, they read now. */
static int warm_up(void)
{
	uint8_t octet;

	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG |
					OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
					OPENSSL_INIT_ADD_ALL_CIPHERS |
					OPENSSL_INIT_ADD_ALL_DIGESTS,
				NULL) == 1 &&
	    RAND_bytes(&octet, 1) == 1)
		return 0;
	log_line(LOG_ERR, NULL, "libcrypto does not start");
	return -1;
}

/* Signals are the parent's; a terminal sends them to both. */
static void ignore_signals(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

/* Without one of them we go on. */
static void mute_icmp(int sockets[NET_SOCKETS])
{
	unsigned int i;

	for (i = NET_UDP_SOCKETS; i < NET_SOCKETS; i++) {
		if (sockets[i] < 0)
			continue;
		sockets[i] = sandbox_mute(sockets[i]);
		if (sockets[i] < 0)
			log_line(LOG_WARNING, NULL,
				 "what ICMP says of UDP port 4500 will not be known: %s",
				 strerror(errno));
	}
}

static int serve(struct iked *iked)
{
	int sockets[NET_SOCKETS], control;

	_Static_assert(NET_SOCKETS - NET_UDP_SOCKETS == SANDBOX_MUTE_FILES, "");
	if (warm_up() < 0 || ask_start(&iked->conf, sockets, &control) < 0)
		return -1;
	mute_icmp(sockets);
	if (net_adopt(&iked->net, sockets) < 0 || loop_open(iked) < 0 ||
	    names_open(iked) < 0 || ctl_open(iked, control) < 0 ||
	    sandbox_filter(SANDBOX_IKE) < 0)
		return -1;
	iked->engine = env_new_engine(iked);
	if (!iked->engine) {
		log_line(LOG_ERR, NULL, "no memory or no entropy for the engine");
		return -1;
	}
	log_line(LOG_NOTICE, NULL, "started, tunnels: %zu", iked->conf.count);
	tunnels_start(iked);
	names_look(iked);
	return loop_run(iked);
}

int ike_run(bool syslog, bool verbose, bool export_keys)
{
	struct iked iked = { .export_keys = export_keys };
	int ret;

	sandbox_hide();
	ignore_signals();
	prctl(PR_SET_NAME, "ipsvti-iked:ike");
	if (ask_open() < 0) {
		fprintf(stderr,
			"ipsvti-iked: --ike is for ipsvti-iked itself to use\n");
		return 2;
	}
	/* Whatever whoever started us has left open. */
	syscall(SYS_close_range, NEWS_FD + 1, ~0U, 0);
	if (syslog)
		log_open_other(ask_log, verbose);
	else
		log_open(LOG_SINK_STDERR, verbose);
	ret = serve(&iked);
	ctl_close(&iked);
	names_close(&iked);
	ike_engine_free(iked.engine);
	loop_close(&iked);
	net_close(iked.net);
	conf_free(&iked.conf);
	return ret < 0 ? 1 : 0;
}

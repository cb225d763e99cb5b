// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsvti-iked: options, start-up, and the end.
 */
#include <cap-ng.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ctl.h"
#include "iked.h"
#include "log.h"

#ifndef IPSVTI_VERSION
#define IPSVTI_VERSION "0.1"
#endif

static const char usage_text[] =
	"Usage: ipsvti-iked [-c DIR] [-s SOCKET] [-p PIDFILE] [-l] [-v]\n"
	"       ipsvti-iked -t [-c DIR]\n"
	"       ipsvti-iked -h | -V\n"
	"\n"
	"Negotiates the keys of ipsvti tunnels with IKEv2. Stays in the foreground.\n"
	"\n"
	"  -c, --config DIR      one file NAME.conf for each tunnel (" IKED_CONF_DIR ")\n"
	"  -t, --test            check the configuration and exit\n"
	"  -s, --socket SOCKET   control socket (" IKED_SOCKET ")\n"
	"  -p, --pidfile PIDFILE write the process id there once running\n"
	"  -l, --syslog          log to syslog rather than to standard error\n"
	"  -v, --verbose         log every message and state change\n"
	"  -h, --help            show this\n"
	"  -V, --version         show the version\n"
	"\n"
	"ipsvtictl(8) asks the running agent for status, up, down, rekey and reload.\n";

struct options {
	const char *conf_dir;
	const char *socket;
	const char *pidfile;
	bool test;
	bool syslog;
	bool verbose;
};

/* Exits for -h, -V and what makes no sense. */
static struct options parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "test", no_argument, NULL, 't' },
		{ "socket", required_argument, NULL, 's' },
		{ "pidfile", required_argument, NULL, 'p' },
		{ "syslog", no_argument, NULL, 'l' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct options options = {
		.conf_dir = IKED_CONF_DIR,
		.socket = IKED_SOCKET,
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:ts:p:lvhV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			options.conf_dir = optarg;
			break;
		case 't':
			options.test = true;
			break;
		case 's':
			options.socket = optarg;
			break;
		case 'p':
			options.pidfile = optarg;
			break;
		case 'l':
			options.syslog = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		case 'V':
			puts("ipsvti-iked " IPSVTI_VERSION);
			exit(0);
		default:
			fputs(usage_text, stderr);
			exit(2);
		}
	}
	if (argc > optind) {
		fprintf(stderr, "ipsvti-iked: unexpected argument \"%s\"\n",
			argv[argc - 1]);
		exit(2);
	}
	return options;
}

static void print_conf_error(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static int load(const char *dir, struct conf *conf)
{
	struct conf_errors errors = { .report = print_conf_error };

	return conf_load(dir, conf, &errors);
}

static int test_configuration(const char *dir)
{
	struct conf conf;

	if (load(dir, &conf) < 0)
		return 1;
	printf("%s: no errors, tunnels: %zu\n", dir, conf.count);
	conf_free(&conf);
	return 0;
}

/* From here on only what netlink wants: the sockets are bound. */
static int drop_capabilities(void)
{
	if (geteuid() != 0)
		return 0;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
			 CAP_NET_ADMIN) < 0 ||
	    capng_apply(CAPNG_SELECT_BOTH) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		log_line(LOG_ERR, NULL, "cannot drop capabilities: %s",
			 strerror(errno));
		return -1;
	}
	return 0;
}

static int write_pidfile(const char *path)
{
	FILE *fp = fopen(path, "we");
	bool written = false;

	if (fp) {
		written = fprintf(fp, "%d\n", (int)getpid()) > 0;
		written = fclose(fp) == 0 && written;
	}
	if (written)
		return 0;
	log_line(LOG_ERR, NULL, "%s: %s", path, strerror(errno));
	return -1;
}

static int serve(const struct options *options)
{
	struct iked iked = { .conf_dir = options->conf_dir };
	int ret = -1;

	/* Keys must not end up in a core file. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	if (load(iked.conf_dir, &iked.conf) < 0)
		return 1;
	if (kernel_open(&iked.kernel) < 0 || net_open(&iked.net) < 0 ||
	    loop_open(&iked) < 0 || names_open(&iked) < 0 ||
	    ctl_open(&iked, options->socket) < 0 ||
	    (options->pidfile && write_pidfile(options->pidfile) < 0) ||
	    drop_capabilities() < 0)
		goto out;
	iked.engine = env_new_engine(&iked);
	if (!iked.engine) {
		log_line(LOG_ERR, NULL, "no memory or no entropy for the engine");
		goto out;
	}
	log_line(LOG_NOTICE, NULL, "started, tunnels: %zu", iked.conf.count);
	tunnels_start(&iked);
	names_look(&iked);
	ret = loop_run(&iked);
	log_line(LOG_NOTICE, NULL, "stopped");
out:
	if (options->pidfile && iked.engine)
		unlink(options->pidfile);
	ctl_close(&iked);
	names_close(&iked);
	ike_engine_free(iked.engine);
	loop_close(&iked);
	net_close(iked.net);
	kernel_close(iked.kernel);
	conf_free(&iked.conf);
	return ret < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);

	log_open(options.syslog ? LOG_SINK_SYSLOG : LOG_SINK_STDERR,
		 options.verbose);
	return options.test ? test_configuration(options.conf_dir) :
			      serve(&options);
}

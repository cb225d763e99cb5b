// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsvti-iked: options, and which process this is.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "iked.h"
#include "log.h"
#include "parent.h"

#ifndef IPSVTI_VERSION
#define IPSVTI_VERSION "0.1"
#endif

static const char usage_text[] =
	"Usage: ipsvti-iked [-c DIR] [-s SOCKET] [-p PIDFILE] [-u USER] [-l] [-v]\n"
	"                   [--export-keys DIR]\n"
	"       ipsvti-iked -t [--list] [-c DIR | --file FILE]\n"
	"       ipsvti-iked -h | -V\n"
	"\n"
	"Negotiates the keys of ipsvti tunnels with IKEv2. Stays in the foreground.\n"
	"\n"
	"  -c, --config DIR      one file NAME.conf for each tunnel (" IKED_CONF_DIR ")\n"
	"  -t, --test            check the configuration and exit\n"
	"      --file FILE       check this file only\n"
	"      --list            print \"tunnel NAME LOCAL FILE\" for each good one\n"
	"  -s, --socket SOCKET   control socket (" IKED_SOCKET ")\n"
	"  -p, --pidfile PIDFILE write the process id there once running\n"
	"  -u, --user USER       user of the process that faces the network (" SANDBOX_USER ")\n"
	"  -l, --syslog          log to syslog rather than to standard error\n"
	"  -v, --verbose         log every message and state change\n"
	"      --export-keys DIR write all session keys to DIR, for Wireshark\n"
	"  -h, --help            show this\n"
	"  -V, --version         show the version\n"
	"\n"
	"ipsvtictl(8) asks the running agent for status, up, down, rekey, reauth and reload.\n";

struct options {
	struct parent_options parent;
	const char *file;
	bool test;
	bool list;
	bool ike;
};

/* What a parent process says to the other one; not for people. */
#define OPTION_IKE 256
/* Without a letter: nobody shall have it by a slip of a finger. */
#define OPTION_EXPORT_KEYS 257
#define OPTION_FILE 258
#define OPTION_LIST 259

/* Exits for -h, -V and what makes no sense. */
static struct options parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "test", no_argument, NULL, 't' },
		{ "socket", required_argument, NULL, 's' },
		{ "pidfile", required_argument, NULL, 'p' },
		{ "user", required_argument, NULL, 'u' },
		{ "syslog", no_argument, NULL, 'l' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "export-keys", required_argument, NULL, OPTION_EXPORT_KEYS },
		{ "file", required_argument, NULL, OPTION_FILE },
		{ "list", no_argument, NULL, OPTION_LIST },
		{ "ike", no_argument, NULL, OPTION_IKE },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct options options = {
		.parent.conf_dir = IKED_CONF_DIR,
		.parent.socket = IKED_SOCKET,
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:ts:p:u:lvhV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			options.parent.conf_dir = optarg;
			break;
		case 't':
			options.test = true;
			break;
		case 's':
			options.parent.socket = optarg;
			break;
		case 'p':
			options.parent.pidfile = optarg;
			break;
		case 'u':
			options.parent.user = optarg;
			break;
		case OPTION_EXPORT_KEYS:
			options.parent.export_dir = optarg;
			break;
		case OPTION_FILE:
			options.file = optarg;
			break;
		case OPTION_LIST:
			options.list = true;
			break;
		case OPTION_IKE:
			options.ike = true;
			break;
		case 'l':
			options.parent.syslog = true;
			break;
		case 'v':
			options.parent.verbose = true;
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

static void print_conf_warning(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "warning: %s\n", text);
}

static void list_tunnel(const struct conf_tunnel *tunnel)
{
	char local[48];

	printf("tunnel %s %s %s\n", tunnel->ike.name,
	       ike_address_format(&tunnel->ike.local, local, sizeof(local)),
	       tunnel->file);
}

static int test_file(const struct options *options)
{
	struct conf_errors errors = { .report = print_conf_error,
				      .warn = print_conf_warning };
	struct conf_tunnel *tunnel = conf_tunnel_load(options->file, &errors);

	if (!tunnel)
		return 1;
	if (options->list)
		list_tunnel(tunnel);
	else
		printf("%s: no errors\n", options->file);
	conf_tunnel_free(tunnel);
	return 0;
}

static int test_configuration(const struct options *options)
{
	struct conf_errors errors = { .report = print_conf_error,
				      .warn = print_conf_warning };
	const char *dir = options->parent.conf_dir;
	struct conf conf;
	size_t i;

	if (options->file)
		return test_file(options);
	if (conf_load(dir, &conf, &errors) < 0)
		return 1;
	for (i = 0; options->list && i < conf.count; i++)
		list_tunnel(conf.tunnels[i]);
	if (!options->list)
		printf("%s: no errors, tunnels: %zu\n", dir, conf.count);
	conf_free(&conf);
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);

	if (options.ike)
		return ike_run(options.parent.syslog, options.parent.verbose,
			       options.parent.export_dir);
	log_open(options.parent.syslog ? LOG_SINK_SYSLOG : LOG_SINK_STDERR,
		 options.parent.verbose);
	return options.test ? test_configuration(&options) :
			      parent_run(&options.parent);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl: tunnels, and SAs by hand. Finds the verb, prints errors. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static const struct ctl_command *const commands[] = {
	&status_command,      &explain_command,     &check_command,
	&show_command,	      &monitor_command,	  &metrics_command,
	&top_command,	      &probe_command,
	&up_command,	      &down_command,
	&rekey_command,	      &rekey_ike_command, &reauth_command,
	&reload_command,      &sa_add_command,	  &sa_alloc_command,
	&sa_activate_command, &sa_show_command,	  &sa_del_command,
	&sa_flush_command,    &import_aws_command,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char general_help[] =
	"\n"
	"  --json    print for programs: results on standard output, errors on standard error\n"
	"  --socket  PATH of the agent's control socket (/run/ipsvti/iked.sock)\n"
	"  --help    behind a verb: what its words mean, with examples\n"
	"\n"
	"\"sa\" is for the kernel, all others are for the agent, ipsvti-iked.\n"
	"\n"
	"Exit status: 0 done, 1 refused or could not be asked (a \"reload\" of a wrong file is\n"
	"refused), 2 wrong words, or a wrong file of \"check\", \"import\" or of keys, 3 the tunnel\n"
	"that \"status\" or \"explain\" was asked about is not up, or the gateway of \"probe\" takes\n"
	"nothing that we have.\n";

/* "sa add", or "up" */
static const char *format_name(const struct ctl_command *command, char *buf,
			       size_t len)
{
	snprintf(buf, len, "%s%s%s", command->object, command->verb ? " " : "",
		 command->verb ? command->verb : "");
	return buf;
}

static void print_overview(FILE *to)
{
	char name[32];
	size_t i;

	fputs("Usage: ipsvtictl [--json] [--socket PATH] VERB ...\n\n", to);
	for (i = 0; i < COMMANDS; i++) {
		format_name(commands[i], name, sizeof(name));
		fprintf(to, "  ipsvtictl %-12s %s\n", name,
			commands[i]->summary);
	}
	fputs(general_help, to);
}

static void print_help(const struct ctl_command *command)
{
	char name[32];

	printf("Usage: ipsvtictl [--json] %s%s%s\n\n%s",
	       format_name(command, name, sizeof(name)),
	       *command->usage ? " " : "", command->usage, command->help);
}

static void print_json_error(const struct ctl *ctl)
{
	const struct ipsvti_error *err = &ctl->err;
	const char *symbol = strerrorname_np(err->code);
	json_t *inner, *outer;

	inner = json_pack("{s:i, s:s, s:s}", "code", err->code, "name",
			  symbol ? symbol : "unknown", "text", err->text);
	if (err->attr[0])
		json_object_set_new(inner, "attribute", json_string(err->attr));
	if (ctl->errors)
		json_object_set(inner, "errors", ctl->errors);
	outer = json_object();
	json_object_set_new(outer, "error", inner);
	json_dumpf(outer, stderr, JSON_INDENT(4));
	fputc('\n', stderr);
	json_decref(outer);
}

static void print_error(const struct ctl *ctl,
			const struct ctl_command *command,
			enum ctl_status status)
{
	char line[sizeof(ctl->err.text) + sizeof(ctl->err.attr) + 16];
	char name[32];

	if (ctl->json) {
		print_json_error(ctl);
		return;
	}
	fprintf(stderr, "ipsvtictl: %s\n",
		ipsvti_error_format(&ctl->err, line, sizeof(line)));
	if (ctl->err.refused)
		return;
	if (status == CTL_USAGE && command)
		fprintf(stderr, "Try: ipsvtictl %s --help\n",
			format_name(command, name, sizeof(name)));
	else if (status == CTL_USAGE)
		fputs("Try: ipsvtictl --help\n", stderr);
}

/**
 * take_options() - Take the options out of the words, wherever they are.
 * @ctl: run
 * @argc: number of words, changed
 * @argv: words, changed
 * @help: set if --help was among them
 *
 * Return: CTL_OK, or CTL_USAGE if another option was. "-" is none.
 */
static enum ctl_status take_options(struct ctl *ctl, int *argc, char **argv,
				    bool *help)
{
	const char *unknown = NULL, *option = NULL;
	int from, to = 0;

	for (from = 0; from < *argc; from++) {
		if (option) {
			ctl->socket = argv[from];
			option = NULL;
		} else if (!strcmp(argv[from], "--json") || !strcmp(argv[from], "-j"))
			ctl->json = true;
		else if (!strcmp(argv[from], "--help") ||
			 !strcmp(argv[from], "-h"))
			*help = true;
		else if (!strcmp(argv[from], "--socket") ||
			 !strcmp(argv[from], "-s"))
			option = argv[from];
		else if (argv[from][0] == '-' && argv[from][1] &&
			 !(to && !strcmp(argv[0], "import"))) /* has its own */
			unknown = argv[from];
		else
			argv[to++] = argv[from];
	}
	*argc = to;
	if (unknown)
		return ctl_usage(
			ctl,
			"unknown option \"%s\": there are --json, --socket and --help",
			unknown);
	if (option)
		return ctl_usage(ctl, "nothing after \"%s\": expected a path",
				 option);
	return CTL_OK;
}

static enum ctl_status find_command(struct ctl *ctl, int argc, char **argv,
				    const struct ctl_command **command)
{
	bool object_known = false;
	size_t i;

	for (i = 0; argc && i < COMMANDS; i++) {
		if (strcmp(argv[0], commands[i]->object))
			continue;
		object_known = true;
		if (commands[i]->verb &&
		    (argc < 2 || strcmp(argv[1], commands[i]->verb)))
			continue;
		*command = commands[i];
		return CTL_OK;
	}
	if (!argc)
		return ctl_usage(ctl, "expected a verb");
	if (!object_known)
		return ctl_usage(ctl, "there is no verb \"%s\"", argv[0]);
	if (argc < 2)
		return ctl_usage(ctl, "expected a verb after \"%s\"", argv[0]);
	return ctl_usage(ctl, "\"%s\" has no verb \"%s\"", argv[0], argv[1]);
}

int main(int argc, char **argv)
{
	const struct ctl_command *command = NULL;
	struct ctl ctl = {};
	enum ctl_status status;
	bool help = false;
	int words;

	argc--;
	argv++;
	status = take_options(&ctl, &argc, argv, &help);
	if (!status)
		status = find_command(&ctl, argc, argv, &command);
	if (help && !command && argc < 2) {
		print_overview(stdout);
		return CTL_OK;
	}
	if (!status && help) {
		print_help(command);
		return CTL_OK;
	}
	words = command && command->verb ? 2 : 1;
	if (!status)
		status = command->run(&ctl, argc - words, argv + words);
	/* A result that did not reach its reader is none. */
	if (!status && fflush(stdout)) {
		ctl.err = (struct ipsvti_error){ .code = errno };
		snprintf(ctl.err.text, sizeof(ctl.err.text), "cannot print: %s",
			 strerror(errno));
		status = CTL_FAILED;
	}
	if (status && status != CTL_DOWN)
		print_error(&ctl, command, status);
	json_decref(ctl.errors);
	return status;
}

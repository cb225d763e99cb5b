// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl: SAs of ipsvti tunnel devices by hand. Finds the verb, prints errors. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static const struct ctl_command *const commands[] = {
	&sa_add_command,  &sa_alloc_command, &sa_activate_command,
	&sa_show_command, &sa_del_command,   &sa_flush_command,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char general_help[] =
	"\n"
	"  --json  print for programs: results on standard output, errors on standard error\n"
	"  --help  behind a verb: what its words mean, with examples\n"
	"\n"
	"Exit status: 0 done, 1 the kernel refused or could not be asked, 2 wrong words or\n"
	"a wrong file.\n";

static void print_overview(FILE *to)
{
	size_t i;

	fputs("Usage: ipsvtictl [--json] OBJECT VERB ...\n\n", to);
	for (i = 0; i < COMMANDS; i++)
		fprintf(to, "  ipsvtictl %s %-9s %s\n", commands[i]->object,
			commands[i]->verb, commands[i]->summary);
	fputs(general_help, to);
}

static void print_help(const struct ctl_command *command)
{
	printf("Usage: ipsvtictl [--json] %s %s %s\n\n%s", command->object,
	       command->verb, command->usage, command->help);
}

static void print_json_error(const struct ipsvti_error *err)
{
	const char *symbol = strerrorname_np(err->code);
	json_t *inner, *outer;

	inner = json_pack("{s:i, s:s, s:s}", "code", err->code, "name",
			  symbol ? symbol : "unknown", "text", err->text);
	if (err->attr[0])
		json_object_set_new(inner, "attribute", json_string(err->attr));
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

	if (ctl->json) {
		print_json_error(&ctl->err);
		return;
	}
	fprintf(stderr, "ipsvtictl: %s\n",
		ipsvti_error_format(&ctl->err, line, sizeof(line)));
	if (status == CTL_USAGE && command)
		fprintf(stderr, "Try: ipsvtictl %s %s --help\n",
			command->object, command->verb);
	else if (status == CTL_USAGE)
		fputs("Try: ipsvtictl --help\n", stderr);
}

/**
 * take_options() - Take --json and --help out of the words, wherever they are.
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
	const char *unknown = NULL;
	int from, to = 0;

	for (from = 0; from < *argc; from++) {
		if (!strcmp(argv[from], "--json") || !strcmp(argv[from], "-j"))
			ctl->json = true;
		else if (!strcmp(argv[from], "--help") ||
			 !strcmp(argv[from], "-h"))
			*help = true;
		else if (argv[from][0] == '-' && argv[from][1])
			unknown = argv[from];
		else
			argv[to++] = argv[from];
	}
	*argc = to;
	if (unknown)
		return ctl_usage(
			ctl,
			"unknown option \"%s\": there are --json and --help",
			unknown);
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
		if (argc < 2 || strcmp(argv[1], commands[i]->verb))
			continue;
		*command = commands[i];
		return CTL_OK;
	}
	if (!argc)
		return ctl_usage(ctl, "expected an object and a verb");
	if (!object_known)
		return ctl_usage(ctl, "there is no object \"%s\"", argv[0]);
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

	argc--;
	argv++;
	status = take_options(&ctl, &argc, argv, &help);
	if (!status && help && argc < 2) {
		print_overview(stdout);
		return CTL_OK;
	}
	if (!status)
		status = find_command(&ctl, argc, argv, &command);
	if (!status && help) {
		print_help(command);
		return CTL_OK;
	}
	if (!status)
		status = command->run(&ctl, argc - 2, argv + 2);
	/* A result that did not reach its reader is none. */
	if (!status && fflush(stdout)) {
		ctl.err = (struct ipsvti_error){ .code = errno };
		snprintf(ctl.err.text, sizeof(ctl.err.text), "cannot print: %s",
			 strerror(errno));
		status = CTL_FAILED;
	}
	if (status)
		print_error(&ctl, command, status);
	return status;
}

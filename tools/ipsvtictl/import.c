// SPDX-License-Identifier: GPL-2.0-or-later
/* "import": the words, the file, and what is told in the end. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "import.h"

/* What "import aws" wants a path of. */
#define EXPECTED "; expected the file that AWS gives for a VPN connection"

enum ctl_status import_error(struct import *im, unsigned int line,
			     const char *fmt, ...)
{
	struct ipsvti_error *err = &im->ctl->err;
	size_t len;
	va_list ap;

	memset(err, 0, sizeof(*err));
	err->code = EINVAL;
	if (line)
		snprintf(err->text, sizeof(err->text), "%.100s:%u: ", im->file,
			 line);
	else
		snprintf(err->text, sizeof(err->text), "%.100s: ", im->file);
	len = strlen(err->text);
	va_start(ap, fmt);
	vsnprintf(err->text + len, sizeof(err->text) - len, fmt, ap);
	va_end(ap);
	return CTL_USAGE;
}

void import_begin(struct import *im, unsigned int line)
{
	if (im->n++ < IMPORT_TUNNELS)
		im->tunnels[im->n - 1].line = line;
}

enum ctl_status import_set(struct import *im, enum import_field field,
			   unsigned int line, const char *text, size_t len)
{
	struct import_value *value;

	if (im->n > IMPORT_TUNNELS)
		return CTL_OK; /* import_check() complains */
	value = &im->tunnels[im->n - 1].field[field];
	if (value->line)
		return import_error(im, line,
				    "tunnel %u has this already, in line %u: expected it once" IMPORT_ANEW,
				    im->n, value->line);
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (len >= sizeof(value->text))
		return import_error(im, line,
				    "the value is too long: expected at most %zu characters" IMPORT_ANEW,
				    sizeof(value->text) - 1);
	memcpy(value->text, text, len);
	value->text[len] = '\0';
	value->line = line;
	return CTL_OK;
}

/* Return: the file, terminated and to be wiped, or NULL. */
static char *read_file(struct import *im, size_t *len)
{
	FILE *fp = strcmp(im->file, "-") ? fopen(im->file, "re") : stdin;
	char *text = malloc(IMPORT_FILE_MAX + 1);
	int code = errno;
	bool bad = true;

	*len = 0;
	if (!fp || !text) {
		import_error(im, 0, "cannot be read: %s" EXPECTED, strerror(code));
	} else {
		*len = fread(text, 1, IMPORT_FILE_MAX, fp);
		text[*len] = '\0';
		if (ferror(fp))
			import_error(im, 0, "cannot be read: %s" EXPECTED,
				     strerror(errno));
		else if (*len == IMPORT_FILE_MAX)
			import_error(im, 0, "is longer than %d octets" EXPECTED,
				     IMPORT_FILE_MAX);
		else if (strlen(text) != *len)
			import_error(im, 0, "is not a text file" EXPECTED);
		else
			bad = false;
	}
	if (fp && fp != stdin)
		fclose(fp);
	if (!bad)
		return text;
	free(text);
	return NULL;
}

static enum ctl_status read_aws(struct import *im)
{
	enum ctl_status status;
	size_t len, blanks;
	char *text;

	text = read_file(im, &len);
	if (!text)
		return CTL_USAGE;
	/* Editors put a byte order mark in front. */
	blanks = strncmp(text, "\xef\xbb\xbf", 3) ? 0 : 3;
	blanks += strspn(text + blanks, " \t\r\n");
	if (text[blanks] == '<')
		status = import_aws_xml(im, text, len);
	else
		status = import_aws_text(im, text);
	explicit_bzero(text, len);
	free(text);
	return status ? status : import_check(im);
}

static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	return len && len <= IMPORT_NAME_MAX && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

static enum ctl_status take_announce(struct import *im, const char *text)
{
	int family;

	if (!import_prefix_ok(text, &family))
		return ctl_usage(im->ctl,
				 "\"%s\" is no network: expected ADDR/LEN without bits behind the prefix, such as 10.1.0.0/16",
				 text);
	if (im->n_announce == IMPORT_ANNOUNCE_MAX)
		return ctl_usage(im->ctl, "more than %d networks to announce; put some together into a larger one",
				 IMPORT_ANNOUNCE_MAX);
	im->announce[im->n_announce++] = text;
	return CTL_OK;
}

static enum ctl_status take_option(struct import *im, struct args *args,
				   const char *word)
{
	enum ctl_status status;
	const char *value;

	if (!strcmp(word, "--force")) {
		im->force = true;
		return CTL_OK;
	}
	if (!strcmp(word, "--standby"))
		return args_number(args, word, 1, IMPORT_TUNNELS, &im->standby);
	if (strcmp(word, "--output") && strcmp(word, "--name") &&
	    strcmp(word, "--local") && strcmp(word, "--announce"))
		return ctl_usage(im->ctl,
				 "unknown option \"%s\": there are --output, --name, --local, --announce, --standby and --force",
				 word);
	status = args_value(args, word, "a value", &value);
	if (status)
		return status;
	if (!strcmp(word, "--output")) {
		im->dir = value;
	} else if (!strcmp(word, "--announce")) {
		return take_announce(im, value);
	} else if (!strcmp(word, "--local")) {
		unsigned char addr[16];

		if (inet_pton(AF_INET, value, addr) != 1 &&
		    inet_pton(AF_INET6, value, addr) != 1)
			return ctl_usage(im->ctl, "\"%s\" is not an IP address; expected ours on this machine",
					 value);
		im->local = value;
	} else if (!name_ok(value)) {
		return ctl_usage(im->ctl,
				 "\"%s\" cannot be the beginning of devices' names: expected at most %d letters, digits, '_' and '-'",
				 value, IMPORT_NAME_MAX);
	} else {
		im->name = value;
	}
	return CTL_OK;
}

static enum ctl_status take_words(struct import *im, struct args *args)
{
	enum ctl_status status = CTL_OK;
	const char *word;

	while (!status && (word = args_next(args))) {
		if (word[0] == '-' && word[1])
			status = take_option(im, args, word);
		else if (!im->file)
			im->file = word;
		else
			status = ctl_usage(im->ctl, "unexpected word \"%s\"",
					   word);
	}
	if (!status && !im->file)
		status = ctl_usage(im->ctl, "expected a file after \"import aws\"");
	return status;
}

static void print_done(const struct import *im)
{
	char name[64];
	unsigned int i;

	if (im->ctl->json) {
		json_t *files = json_array();

		for (i = 0; import_file_name(im, i, name, sizeof(name)); i++)
			json_array_append_new(files, json_sprintf("%s/%s",
								  im->dir, name));
		json_dumpf(files, stdout, JSON_INDENT(4));
		putchar('\n');
		json_decref(files);
		return;
	}
	for (i = 0; import_file_name(im, i, name, sizeof(name)); i++)
		printf("%s/%s\n", im->dir, name);
	if (!im->tunnels[0].bgp)
		puts("The connection has static routing: there is no BGP, and routes into the devices are yours to make.");
	else if (!im->n_announce)
		puts("No network is announced: say it again with --force --announce ADDR/LEN of yours.");
}

static enum ctl_status import_aws(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	struct import im = { .ctl = ctl, .dir = "/etc/ipsvti", .name = "aws" };
	enum ctl_status status;

	status = take_words(&im, &args);
	if (!status)
		status = read_aws(&im);
	if (!status)
		status = import_write(&im);
	if (!status)
		print_done(&im);
	explicit_bzero(&im, sizeof(im));
	return status;
}

const struct ctl_command import_aws_command = {
	.object = "import",
	.verb = "aws",
	.summary = "make files of the configuration that AWS gives for a VPN connection",
	.usage = "FILE [--output DIR] [--name NAME] [--announce ADDR/LEN]...\n"
		 "       [--standby 1|2] [--local ADDR] [--force]",
	.help = "FILE is AWS's \"Generic\" configuration, or the XML of \"describe-vpn-connections\";\n"
		"\"-\" for standard input. Made are, in DIR (/etc/ipsvti), with NAME (aws):\n"
		"\n"
		"  NAME1.conf NAME2.conf    the two tunnels, with preset \"aws\"\n"
		"  NAME1.psk NAME2.psk      their keys, readable for nobody else\n"
		"  NAME.ip                  the devices' addresses, for ip -batch\n"
		"  NAME.bird                BGP for BIRD, to be included in bird.conf\n"
		"  NAME.frr                 BGP for FRR, for vtysh -f\n"
		"\n"
		"Either all of them or none is written, and none that is there already is overwritten.\n"
		"\n"
		"  --announce  a network of ours that is told to AWS; may be given again\n"
		"  --standby   AWS shall use this tunnel only if the other one is down\n"
		"  --local     our address on this machine, if AWS knows that of a NAT\n"
		"  --force     overwrite\n"
		"\n"
		"Example:\n"
		"  ipsvtictl import aws vpn-0a1b2c3d4e5f60718.txt --announce 10.1.0.0/24\n",
	.run = import_aws,
};

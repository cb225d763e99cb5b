// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AWS's "Generic" configuration: a text for people. Lines "- KEY : VALUE" stand
 * under headings; what AWS puts between them changes, so only what is needed is
 * looked at.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "import.h"

enum section { ELSEWHERE, OUTSIDE, INSIDE };

static const struct {
	enum section section;
	const char *key;
	enum import_field field;
} keys[] = {
	{ OUTSIDE, "Customer Gateway", IMPORT_OUTSIDE_US },
	{ OUTSIDE, "Virtual Private Gateway", IMPORT_OUTSIDE_THEM },
	{ INSIDE, "Customer Gateway", IMPORT_INSIDE_US },
	{ INSIDE, "Virtual Private Gateway", IMPORT_INSIDE_THEM },
	{ ELSEWHERE, "Authentication Method", IMPORT_AUTH },
	{ ELSEWHERE, "Pre-Shared Key", IMPORT_PSK },
	{ ELSEWHERE, "Customer Gateway ASN", IMPORT_ASN_US },
	{ ELSEWHERE, "Virtual Private Gateway ASN", IMPORT_ASN_THEM },
	{ ELSEWHERE, "Neighbor Hold Time", IMPORT_HOLD_TIME },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* One blank where there are several, none at the ends. */
static void squeeze(char *line)
{
	char *to = line, *from = line;

	while (*from) {
		while (isspace((unsigned char)*from))
			from++;
		if (to != line && *from)
			*to++ = ' ';
		while (*from && !isspace((unsigned char)*from))
			*to++ = *from++;
	}
	*to = '\0';
}

static enum ctl_status set_prefix(struct import *im, enum import_field field,
				  unsigned int line, char *value)
{
	char *slash = strchr(value, '/');

	if (!slash)
		return CTL_OK; /* import_check() complains */
	*slash = '\0';
	return import_set(im, field == IMPORT_INSIDE_US ? IMPORT_PREFIX_US : IMPORT_PREFIX_THEM,
			  line, slash + 1, strlen(slash + 1));
}

static enum ctl_status take_value(struct import *im, enum section section,
				  unsigned int line, char *text)
{
	char *colon = strstr(text, " :"), *value;
	enum ctl_status status = CTL_OK;
	size_t i;

	if (!colon)
		colon = strchr(text, ':');
	if (!colon)
		return CTL_OK;
	value = colon + 1 + (*colon == ' ');
	*colon = '\0';
	for (i = 0; i < N_KEYS; i++) {
		if (strcasecmp(text, keys[i].key) ||
		    (keys[i].section != ELSEWHERE && keys[i].section != section))
			continue;
		if (!im->n)
			return import_error(im, line,
					    "a value stands before \"IPSec Tunnel #1\": expected that line first" IMPORT_ANEW);
		if (keys[i].section == INSIDE)
			status = set_prefix(im, keys[i].field, line, value);
		return status ? status :
				import_set(im, keys[i].field, line, value,
					   strlen(value));
	}
	return CTL_OK;
}

static enum ctl_status take_line(struct import *im, enum section *section,
				 unsigned int line, char *text)
{
	static const char tunnel[] = "IPSec Tunnel #";
	static const char id[] = "Your VPN Connection ID :";

	squeeze(text);
	if (!strncasecmp(text, tunnel, strlen(tunnel))) {
		import_begin(im, line);
		*section = ELSEWHERE;
	} else if (!strncasecmp(text, "Outside IP Addresses", 20)) {
		*section = OUTSIDE;
	} else if (!strncasecmp(text, "Inside IP Addresses", 19)) {
		*section = INSIDE;
	} else if (text[0] == '#') {
		*section = ELSEWHERE;
	} else if (!strncasecmp(text, id, strlen(id))) {
		for (text += strlen(id); *text == ' '; text++)
			;
		if (strlen(text) < sizeof(im->id))
			strcpy(im->id, text);
	} else if (text[0] == '-' && text[1] == ' ') {
		return take_value(im, *section, line, text + 2);
	}
	return CTL_OK;
}

enum ctl_status import_aws_text(struct import *im, char *text)
{
	enum section section = ELSEWHERE;
	enum ctl_status status = CTL_OK;
	unsigned int number = 0;
	char *line;

	while (!status && (line = strsep(&text, "\n")))
		status = take_line(im, &section, ++number, line);
	if (!status && !im->n)
		return import_error(im, 0,
				    "has no \"IPSec Tunnel #1\" and is not XML: expected the configuration that AWS gives with vendor \"Generic\", or the XML of its API" IMPORT_ANEW);
	return status;
}

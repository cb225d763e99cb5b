// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The XML that AWS gives as CustomerGatewayConfiguration. Read by expat; what
 * stands where is a path of elements below <ipsec_tunnel>.
 */
#include <expat.h>
#include <stdio.h>
#include <string.h>

#include "import.h"

static const struct {
	const char *path;
	enum import_field field;
} paths[] = {
	{ "customer_gateway/tunnel_outside_address/ip_address", IMPORT_OUTSIDE_US },
	{ "customer_gateway/tunnel_inside_address/ip_address", IMPORT_INSIDE_US },
	{ "customer_gateway/tunnel_inside_address/network_cidr", IMPORT_PREFIX_US },
	{ "customer_gateway/bgp/asn", IMPORT_ASN_US },
	{ "customer_gateway/bgp/hold_time", IMPORT_HOLD_TIME },
	{ "vpn_gateway/tunnel_outside_address/ip_address", IMPORT_OUTSIDE_THEM },
	{ "vpn_gateway/tunnel_inside_address/ip_address", IMPORT_INSIDE_THEM },
	{ "vpn_gateway/tunnel_inside_address/network_cidr", IMPORT_PREFIX_THEM },
	{ "vpn_gateway/bgp/asn", IMPORT_ASN_THEM },
	{ "ike/authentication_method", IMPORT_AUTH },
	{ "ike/pre_shared_key", IMPORT_PSK },
};

#define N_PATHS (sizeof(paths) / sizeof(paths[0]))

struct xml {
	struct import *im;
	XML_Parser parser;
	enum ctl_status status;
	char path[256]; /* with a slash at its end; empty outside the root */
	char text[256];
	size_t len;
	unsigned int line; /* of the innermost element */
};

/* What it shall be instead since expat 2.8 is not in Debian 12. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static unsigned int line_of(const struct xml *x)
{
	return (unsigned int)XML_GetCurrentLineNumber(x->parser);
}
#pragma GCC diagnostic pop

static void stop(struct xml *x, enum ctl_status status)
{
	x->status = status;
	XML_StopParser(x->parser, XML_FALSE);
}

static void on_start(void *arg, const char *name, const char **attrs)
{
	struct xml *x = arg;
	size_t len = strlen(x->path);

	if (!len && strcmp(name, "vpn_connection")) {
		stop(x, import_error(x->im, line_of(x),
				     "begins with <%.40s>: expected <vpn_connection>" IMPORT_ANEW,
				     name));
		return;
	}
	if (len + strlen(name) + 2 > sizeof(x->path)) {
		stop(x, import_error(x->im, line_of(x),
				     "elements are too deep: expected those of <vpn_connection>" IMPORT_ANEW));
		return;
	}
	for (; !len && *attrs; attrs += 2)
		if (!strcmp(attrs[0], "id") && strlen(attrs[1]) < sizeof(x->im->id))
			strcpy(x->im->id, attrs[1]);
	sprintf(x->path + len, "%s/", name);
	x->len = 0;
	x->line = line_of(x);
	if (!strcmp(x->path, "vpn_connection/ipsec_tunnel/"))
		import_begin(x->im, x->line);
}

static void on_text(void *arg, const char *text, int len)
{
	struct xml *x = arg;

	/* What is longer is no value: import_set() will say so. */
	if (x->len + (size_t)len > sizeof(x->text))
		len = (int)(sizeof(x->text) - x->len);
	memcpy(x->text + x->len, text, (size_t)len);
	x->len += (size_t)len;
}

static void on_end(void *arg, const char *name)
{
	static const char tunnel[] = "vpn_connection/ipsec_tunnel/";
	size_t len, i, skip = strlen(tunnel);
	struct xml *x = arg;
	enum ctl_status status;

	len = strlen(x->path) - 1;
	if (!strncmp(x->path, tunnel, skip)) {
		for (i = 0; i < N_PATHS; i++) {
			if (strlen(paths[i].path) != len - skip ||
			    strncmp(x->path + skip, paths[i].path, len - skip))
				continue;
			status = import_set(x->im, paths[i].field, x->line,
					    x->text, x->len);
			if (status)
				stop(x, status);
		}
	}
	x->path[len - strlen(name)] = '\0';
	x->len = 0;
}

/* AWS has none, and entities are what harm comes from. */
static void on_doctype(void *arg, const char *name, const char *system,
		       const char *public, int internal)
{
	struct xml *x = arg;

	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(x, import_error(x->im, line_of(x),
			     "has a document type: expected none, as AWS has it" IMPORT_ANEW));
}

enum ctl_status import_aws_xml(struct import *im, const char *text, size_t len)
{
	struct xml x = { .im = im, .parser = XML_ParserCreate(NULL) };

	if (!x.parser)
		return import_error(im, 0, "no memory to read it");
	XML_SetUserData(x.parser, &x);
	XML_SetElementHandler(x.parser, on_start, on_end);
	XML_SetCharacterDataHandler(x.parser, on_text);
	XML_SetStartDoctypeDeclHandler(x.parser, on_doctype);
	if (XML_Parse(x.parser, text, (int)len, XML_TRUE) != XML_STATUS_OK &&
	    !x.status)
		x.status = import_error(im, line_of(&x),
					"%s: expected XML as AWS has it" IMPORT_ANEW,
					XML_ErrorString(XML_GetErrorCode(x.parser)));
	XML_ParserFree(x.parser);
	explicit_bzero(&x.text, sizeof(x.text));
	if (!x.status && !im->n)
		return import_error(im, 0, "has no <ipsec_tunnel>: expected two" IMPORT_ANEW);
	return x.status;
}

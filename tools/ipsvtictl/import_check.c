// SPDX-License-Identifier: GPL-2.0-or-later
/* "import": the values of a cloud's file, and whether they can be true. */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "args.h"
#include "import.h"

#define HOLD_TIME 30 /* seconds; AWS's */

static const char *const names[IMPORT_FIELDS] = {
	[IMPORT_OUTSIDE_US] = "outside address of the customer gateway",
	[IMPORT_OUTSIDE_THEM] = "outside address of AWS's gateway",
	[IMPORT_INSIDE_US] = "inside address of the customer gateway",
	[IMPORT_INSIDE_THEM] = "inside address of AWS's gateway",
	[IMPORT_PREFIX_US] = "prefix length of the inside address of the customer gateway",
	[IMPORT_PREFIX_THEM] = "prefix length of the inside address of AWS's gateway",
	[IMPORT_PSK] = "pre-shared key",
	[IMPORT_ASN_US] = "AS number of the customer gateway",
	[IMPORT_ASN_THEM] = "AS number of AWS's gateway",
	[IMPORT_HOLD_TIME] = "hold time of BGP",
};

static int parse_address(const char *text, uint8_t *octets)
{
	memset(octets, 0, 16);
	if (inet_pton(AF_INET, text, octets) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, octets) == 1 ? AF_INET6 : 0;
}

/* Whether the first bits are equal. */
static bool same_net(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	uint8_t mask = (uint8_t)(0xff00 >> bits % 8);

	return !memcmp(a, b, bits / 8) &&
	       (bits % 8 == 0 || !((a[bits / 8] ^ b[bits / 8]) & mask));
}

bool import_prefix_ok(const char *text, int *family)
{
	const char *slash = strchr(text, '/');
	uint8_t octets[16];
	char addr[64];
	uint32_t bits;

	if (!slash || slash - text >= (long)sizeof(addr))
		return false;
	memcpy(addr, text, slash - text);
	addr[slash - text] = '\0';
	*family = parse_address(addr, octets);
	if (!*family ||
	    !parse_number(slash + 1, 0, *family == AF_INET ? 32 : 128, &bits))
		return false;
	/* Nothing behind the prefix. */
	for (unsigned int i = bits; i < 128; i++)
		if (octets[i / 8] & 0x80 >> i % 8)
			return false;
	return true;
}

static enum ctl_status require(struct import *im, unsigned int number,
			       const struct import_tunnel *t,
			       enum import_field field)
{
	if (t->field[field].line)
		return CTL_OK;
	return import_error(im, t->line, "tunnel %u has no %s: expected one, as AWS's files have" IMPORT_ANEW,
			    number, names[field]);
}

static enum ctl_status bad(struct import *im, const struct import_tunnel *t,
			   enum import_field field, const char *expected)
{
	return import_error(im, t->field[field].line,
			    "\"%s\" is no %s: expected %s" IMPORT_ANEW,
			    t->field[field].text, names[field], expected);
}

static enum ctl_status check_psk(struct import *im,
				 const struct import_tunnel *t)
{
	const char *psk = t->field[IMPORT_PSK].text;
	size_t len = strlen(psk);

	/* The text is not repeated here: errors end up in logs. */
	if (len < 8 || len > 64 ||
	    strspn(psk, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._") != len)
		return import_error(im, t->field[IMPORT_PSK].line,
				    "what is there is no pre-shared key of AWS: expected 8 to 64 letters, digits, '.' and '_'" IMPORT_ANEW);
	return CTL_OK;
}

static enum ctl_status check_outside(struct import *im, unsigned int number,
				     struct import_tunnel *t)
{
	const char *us = t->field[IMPORT_OUTSIDE_US].text;
	uint8_t a[16], b[16];
	enum ctl_status status;
	int family;

	status = require(im, number, t, IMPORT_OUTSIDE_THEM);
	if (status)
		return status;
	family = parse_address(t->field[IMPORT_OUTSIDE_THEM].text, b);
	if (!family)
		return bad(im, t, IMPORT_OUTSIDE_THEM, "an IP address");
	/* AWS need not know our address; then the user must say it. */
	if (im->local)
		us = im->local;
	else if (!t->field[IMPORT_OUTSIDE_US].line)
		return import_error(im, t->line,
				    "tunnel %u has no %s: expected an IP address; say --local with ours",
				    number, names[IMPORT_OUTSIDE_US]);
	if (!parse_address(us, a))
		return import_error(im, t->field[IMPORT_OUTSIDE_US].line,
				    "\"%s\" is no %s: expected an IP address; say --local with ours",
				    us, names[IMPORT_OUTSIDE_US]);
	if (parse_address(us, a) != family)
		return import_error(im, t->field[IMPORT_OUTSIDE_THEM].line,
				    "the outside addresses of tunnel %u, %s and %s, are not of one family: expected two of IPv4 or two of IPv6; say --local with ours of that family",
				    number, us, t->field[IMPORT_OUTSIDE_THEM].text);
	strcpy(t->outside_us, us);
	return CTL_OK;
}

static enum ctl_status check_inside(struct import *im, unsigned int number,
				    struct import_tunnel *t)
{
	enum ctl_status status = CTL_OK;
	uint32_t prefix[2];
	uint8_t a[16], b[16];
	int family;

	for (int f = IMPORT_INSIDE_US; f <= IMPORT_PREFIX_THEM && !status; f++)
		status = require(im, number, t, f);
	if (status)
		return status;
	family = parse_address(t->field[IMPORT_INSIDE_US].text, a);
	if (!family)
		return bad(im, t, IMPORT_INSIDE_US, "an IP address");
	if (parse_address(t->field[IMPORT_INSIDE_THEM].text, b) != family)
		return bad(im, t, IMPORT_INSIDE_THEM,
			   "an IP address of the same family as ours");
	for (int i = 0; i < 2; i++)
		if (!parse_number(t->field[IMPORT_PREFIX_US + i].text, 1,
				  family == AF_INET ? 31 : 127, &prefix[i]))
			return bad(im, t, IMPORT_PREFIX_US + i,
				   "a number such as 30");
	if (prefix[0] != prefix[1] || !memcmp(a, b, sizeof(a)) ||
	    !same_net(a, b, prefix[0]))
		return import_error(im, t->field[IMPORT_INSIDE_THEM].line,
				    "the inside addresses of tunnel %u, %s/%s and %s/%s, are not two of one network: expected such as 169.254.11.2/30 and 169.254.11.1/30" IMPORT_ANEW,
				    number, t->field[IMPORT_INSIDE_US].text,
				    t->field[IMPORT_PREFIX_US].text,
				    t->field[IMPORT_INSIDE_THEM].text,
				    t->field[IMPORT_PREFIX_THEM].text);
	t->inside_prefix = prefix[0];
	return CTL_OK;
}

static enum ctl_status check_bgp(struct import *im, unsigned int number,
				 struct import_tunnel *t)
{
	const struct import_value *hold = &t->field[IMPORT_HOLD_TIME];

	t->bgp = t->field[IMPORT_ASN_US].line || t->field[IMPORT_ASN_THEM].line;
	if (!t->bgp)
		return CTL_OK;
	if (require(im, number, t, IMPORT_ASN_US) ||
	    require(im, number, t, IMPORT_ASN_THEM))
		return CTL_USAGE;
	if (!parse_number(t->field[IMPORT_ASN_US].text, 1, UINT32_MAX, &t->asn_us))
		return bad(im, t, IMPORT_ASN_US, "1 to 4294967295");
	if (!parse_number(t->field[IMPORT_ASN_THEM].text, 1, UINT32_MAX,
			  &t->asn_them))
		return bad(im, t, IMPORT_ASN_THEM, "1 to 4294967295");
	t->hold_time = HOLD_TIME;
	if (hold->line && !parse_number(hold->text, 3, 65535, &t->hold_time))
		return bad(im, t, IMPORT_HOLD_TIME, "3 to 65535 seconds");
	return CTL_OK;
}

static enum ctl_status check_tunnel(struct import *im, unsigned int number,
				    struct import_tunnel *t)
{
	enum ctl_status status;

	if (t->field[IMPORT_AUTH].line &&
	    strncasecmp(t->field[IMPORT_AUTH].text, "pre-shared", 10))
		return import_error(im, t->field[IMPORT_AUTH].line,
				    "tunnel %u has no pre-shared key but \"%.40s\": expected \"Pre-Shared Key\"; write the files by hand, see cert-file in ipsvti.conf(5)",
				    number, t->field[IMPORT_AUTH].text);
	status = require(im, number, t, IMPORT_PSK);
	if (!status)
		status = check_psk(im, t);
	if (!status)
		status = check_outside(im, number, t);
	if (!status)
		status = check_inside(im, number, t);
	if (!status)
		status = check_bgp(im, number, t);
	return status;
}

enum ctl_status import_check(struct import *im)
{
	const struct import_tunnel *t = im->tunnels;
	enum ctl_status status = CTL_OK;
	unsigned int i;

	if (im->n != IMPORT_TUNNELS)
		return import_error(im, 0, "has %u tunnels: expected %d, those of one connection of AWS" IMPORT_ANEW,
				    im->n, IMPORT_TUNNELS);
	for (i = 0; i < im->n && !status; i++)
		status = check_tunnel(im, i + 1, &im->tunnels[i]);
	if (status)
		return status;
	/* It goes into comments. */
	if (strspn(im->id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(im->id))
		im->id[0] = '\0';
	if (!strcmp(t[0].field[IMPORT_OUTSIDE_THEM].text,
		    t[1].field[IMPORT_OUTSIDE_THEM].text))
		return import_error(im, t[1].field[IMPORT_OUTSIDE_THEM].line,
				    "both tunnels have the outside address %s of AWS's gateway: expected two" IMPORT_ANEW,
				    t[1].field[IMPORT_OUTSIDE_THEM].text);
	if (!strcmp(t[0].field[IMPORT_INSIDE_US].text,
		    t[1].field[IMPORT_INSIDE_US].text))
		return import_error(im, t[1].field[IMPORT_INSIDE_US].line,
				    "both tunnels have the inside address %s: expected two" IMPORT_ANEW,
				    t[1].field[IMPORT_INSIDE_US].text);
	if (t[0].bgp != t[1].bgp || t[0].asn_us != t[1].asn_us)
		return import_error(im, t[1].line,
				    "the tunnels do not have one AS number of ours: expected the same in both" IMPORT_ANEW);
	return CTL_OK;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic selectors in words: ADDR, ADDR/LEN or ADDR-ADDR, and behind it perhaps
 * [PROTOCOL] or [PROTOCOL/PORT-PORT].
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"
#include "ts.h"

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "icmp", 1 },	{ "tcp", 6 },	   { "udp", 17 },  { "gre", 47 },
	{ "esp", 50 },	{ "icmpv6", 58 },  { "ospf", 89 }, { "sctp", 132 },
};

#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

/* What has a type and a code instead of ports (RFC 4301, section 4.4.1.1). */
static bool has_types(uint8_t protocol)
{
	return protocol == 1 || protocol == 58 || protocol == 135;
}

/* ------------------------------------------------------------------ reading */

/* Return: whether @text is a number up to @max and nothing else. */
static bool number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	*value = strtoul(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && *value <= max;
}

/* Cuts @text at the first @sign. Return: what is behind it, or NULL. */
static char *cut(char *text, char sign)
{
	char *at = strchr(text, sign);

	if (at)
		*at++ = 0;
	return at;
}

static bool read_addr(const char *text, uint8_t *family, uint8_t octets[16])
{
	struct ike_address addr;

	if (ike_address_parse(&addr, text) ||
	    (*family && addr.family != *family))
		return false;
	*family = addr.family;
	memcpy(octets, addr.octets, 16);
	return true;
}

/* Return: whether @ts->start has no bits behind the prefix. */
static bool read_prefix(const char *text, struct ike_ts *ts)
{
	unsigned long bits = ts->family == IKE_IPV4 ? 32 : 128, prefix = bits;

	if (text && !number(text, bits, &prefix))
		return false;
	for (unsigned int i = 0; i < bits / 8; i++) {
		unsigned int kept = prefix >= (i + 1) * 8 ? 8 :
				    prefix > i * 8	  ? prefix - i * 8 :
							    0;
		uint8_t host = (uint8_t)~(0xff00 >> kept);

		if (ts->start[i] & host)
			return false;
		ts->end[i] = ts->start[i] | host;
	}
	return true;
}

static bool read_range(char *text, struct ike_ts *ts)
{
	char *last = cut(text, '-');
	char *len = last ? NULL : cut(text, '/');

	if (!read_addr(text, &ts->family, ts->start))
		return false;
	if (!last)
		return read_prefix(len, ts);
	return read_addr(last, &ts->family, ts->end) &&
	       memcmp(ts->start, ts->end, 16) <= 0;
}

static bool read_ports(char *text, struct ike_ts *ts)
{
	bool types = has_types(ts->protocol);
	unsigned long max = types ? 255 : 65535, first, last;
	char *second = cut(text, '-');

	if (!number(text, max, &first) ||
	    !number(second ? second : text, max, &last) || first > last)
		return false;
	ts->start_port = (uint16_t)(types ? first << 8 : first);
	ts->end_port = (uint16_t)(types ? last << 8 | 255 : last);
	return ike_ts_sound(ts);
}

static bool read_protocol(char *text, struct ike_ts *ts)
{
	char *end = strchr(text, ']');
	unsigned long value = 0;
	char *ports;

	if (!end || end[1])
		return false;
	*end = 0;
	ports = cut(text, '/');
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (!strcmp(text, protocols[i].name))
			value = protocols[i].number;
	if (!value && (!number(text, 255, &value) || !value))
		return false;
	ts->protocol = (uint8_t)value;
	return !ports || read_ports(ports, ts);
}

int ike_ts_parse(struct ike_ts *ts, const char *text)
{
	char copy[160], *protocol;

	memset(ts, 0, sizeof(*ts));
	ts->end_port = 65535;
	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, strlen(text) + 1);
	protocol = cut(copy, '[');
	if (!read_range(copy, ts) || (protocol && !read_protocol(protocol, ts)))
		return -EINVAL;
	return 0;
}

/* ------------------------------------------------------------------ showing */

/* Return: the prefix length of a range, or -1 if it is none. */
static int range_prefix(const struct ike_ts *ts, unsigned int octets)
{
	int prefix = 0;
	bool host = false;

	for (unsigned int i = 0; i < octets * 8; i++) {
		bool a = ts->start[i / 8] & (0x80 >> i % 8);
		bool b = ts->end[i / 8] & (0x80 >> i % 8);

		if (!host && a == b)
			prefix++;
		else if (!a && b)
			host = true;
		else
			return -1;
	}
	return prefix;
}

static void show_ports(const struct ike_ts *ts, char *buf, size_t len)
{
	unsigned int first = ts->start_port, last = ts->end_port;

	buf[0] = 0;
	if (!first && last == 65535)
		return;
	if (!has_types(ts->protocol))
		snprintf(buf, len, first == last ? "/%u" : "/%u-%u", first, last);
	else if (!(first & 255) && (last & 255) == 255)
		snprintf(buf, len, first >> 8 == last >> 8 ? "/%u" : "/%u-%u",
			 first >> 8, last >> 8);
	else /* With a code: we do not read that, but a peer may ask for it. */
		snprintf(buf, len, "/%u.%u-%u.%u", first >> 8, first & 255,
			 last >> 8, last & 255);
}

static void show_protocol(const struct ike_ts *ts, char *buf, size_t len)
{
	char name[8], ports[24];

	buf[0] = 0;
	show_ports(ts, ports, sizeof(ports));
	if (!ts->protocol && !ports[0])
		return;
	snprintf(name, sizeof(name), "%u", ts->protocol);
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (protocols[i].number == ts->protocol)
			snprintf(name, sizeof(name), "%s", protocols[i].name);
	snprintf(buf, len, "[%s%s]", name, ports);
}

const char *ike_ts_format_one(const struct ike_ts *ts, char *buf, size_t len)
{
	struct ike_address addr = { .family = ts->family };
	unsigned int octets = ts->family == IKE_IPV4 ? 4 : 16;
	int prefix = range_prefix(ts, octets);
	char start[48], end[52] = "", rest[48];

	memcpy(addr.octets, ts->start, sizeof(addr.octets));
	ike_address_format(&addr, start, sizeof(start));
	memcpy(addr.octets, ts->end, sizeof(addr.octets));
	if (prefix >= 0)
		snprintf(end, sizeof(end), "/%d", prefix);
	else
		end[0] = '-', ike_address_format(&addr, end + 1, sizeof(end) - 1);
	show_protocol(ts, rest, sizeof(rest));
	snprintf(buf, len, "%s%s%s", start, end, rest);
	return buf;
}

const char *ike_ts_format(const struct ike_ts_set *set, char *buf, size_t len)
{
	char one[IKE_TS_TEXT];
	size_t at = 0;

	if (len)
		buf[0] = 0;
	for (unsigned int i = 0; i < set->n && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, "%s%s", i ? " " : "",
				       ike_ts_format_one(&set->ts[i], one,
							 sizeof(one)));
	return buf;
}

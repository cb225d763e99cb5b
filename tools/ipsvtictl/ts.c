// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic selectors: see ts.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "ts.h"

/* Longest word of a range: two addresses and what is between them. */
#define RANGE_MAX (2 * INET6_ADDRSTRLEN)

/* Those that people name; all others have their number. */
static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "icmp", 1 },	  { "tcp", 6 },	   { "udp", 17 },  { "dccp", 33 },
	{ "gre", 47 },	  { "esp", 50 },   { "ah", 51 },   { "icmpv6", 58 },
	{ "ospf", 89 },	  { "sctp", 132 }, { "mh", 135 },  { "udplite", 136 },
};

#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

static bool has_types(uint8_t protocol)
{
	return protocol == 1 || protocol == 58 || protocol == 135;
}

static size_t addr_len(const struct ipsvti_addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

static const uint8_t *octets(const struct ipsvti_addr *addr)
{
	return addr->family == AF_INET ? (const uint8_t *)&addr->v4 :
					 addr->v6.s6_addr;
}

static bool bit(const struct ipsvti_addr *addr, size_t i)
{
	return octets(addr)[i / 8] >> (7 - i % 8) & 1;
}

/* The same address with all bits from here on 1. */
static struct ipsvti_addr fill(const struct ipsvti_addr *addr, size_t from)
{
	struct ipsvti_addr filled = *addr;
	uint8_t *o = (uint8_t *)octets(&filled);
	size_t i;

	for (i = from; i < 8 * addr_len(addr); i++)
		o[i / 8] |= 1 << (7 - i % 8);
	return filled;
}

static bool is_zero(const struct ipsvti_addr *addr, size_t from)
{
	size_t i;

	for (i = from; i < 8 * addr_len(addr); i++)
		if (bit(addr, i))
			return false;
	return true;
}

static bool read_addr(const char *text, struct ipsvti_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, &addr->v4) == 1)
		addr->family = AF_INET;
	else if (inet_pton(AF_INET6, text, &addr->v6) == 1)
		addr->family = AF_INET6;
	return addr->family != AF_UNSPEC;
}

/* Cuts a word in two; NULL, there is no such sign in it. */
static char *cut(char *text, char sign)
{
	char *at = strchr(text, sign);

	if (at)
		*at++ = '\0';
	return at;
}

/* "any", ADDR, ADDR/LEN or ADDR-ADDR */
static enum ctl_status take_range(struct args *args, const char *end,
				  struct ipsvti_ts *ts)
{
	const char *expected = "an address, ADDR/LEN, ADDR-ADDR or any";
	char text[RANGE_MAX], *last, *len;
	enum ctl_status status;
	uint32_t bits = 0;
	const char *word;

	status = args_value(args, end, expected, &word);
	if (status || !strcmp(word, "any"))
		return status;
	snprintf(text, sizeof(text), "%s", word);
	last = cut(text, '-');
	len = last ? NULL : cut(text, '/');
	if (strlen(word) >= sizeof(text) || !read_addr(text, &ts->start) ||
	    (last && !read_addr(last, &ts->end)) ||
	    (len && !parse_number(len, 0, 8 * addr_len(&ts->start), &bits)))
		return ctl_usage(args->ctl, "\"%s\" after \"%s\": expected %s",
				 word, end, expected);
	if (len && !is_zero(&ts->start, bits))
		return ctl_usage(args->ctl,
				 "\"%s\": the address has bits behind the prefix",
				 word);
	if (!last)
		ts->end = len ? fill(&ts->start, bits) : ts->start;
	if (ts->start.family != ts->end.family)
		return ctl_usage(args->ctl,
				 "\"%s\": two addresses of different families",
				 word);
	if (memcmp(octets(&ts->start), octets(&ts->end),
		   addr_len(&ts->start)) > 0)
		return ctl_usage(args->ctl,
				 "\"%s\": the last address is below the first",
				 word);
	return CTL_OK;
}

/* N or N-N */
static enum ctl_status take_numbers(struct args *args, const char *keyword,
				    uint32_t max, uint32_t *first,
				    uint32_t *last)
{
	char text[32], *second;
	enum ctl_status status;
	const char *word;

	status = args_value(args, keyword, "a number, or two as N-N", &word);
	if (status)
		return status;
	snprintf(text, sizeof(text), "%s", word);
	second = cut(text, '-');
	if (strlen(word) >= sizeof(text) ||
	    !parse_number(text, 0, max, first) ||
	    !parse_number(second ? second : text, *first, max, last))
		return ctl_usage(args->ctl,
				 "\"%s\" after \"%s\": expected a number from 0 to %u, or two as N-N, the first not above the last",
				 word, keyword, max);
	return CTL_OK;
}

static bool next_is(const struct args *args, const char *word)
{
	return args_peek(args) && !strcmp(args_peek(args), word);
}

static void set_ports(struct ipsvti_ts *ts, uint32_t start, uint32_t end)
{
	ts->start_port = start;
	ts->end_port = end;
	ts->has |= IPSVTI_HAS(IPSVTI_A_TS_START_PORT) |
		   IPSVTI_HAS(IPSVTI_A_TS_END_PORT);
}

static enum ctl_status take_ports(struct args *args, struct ipsvti_ts *ts)
{
	enum ctl_status status;
	uint32_t first, last;

	args_next(args);
	if (next_is(args, "opaque")) {
		args_next(args);
		set_ports(ts, 65535, 0);
		return CTL_OK;
	}
	if (has_types(ts->protocol))
		return ctl_usage(args->ctl,
				 "this protocol has no ports: expected \"type\"");
	status = take_numbers(args, "port", 65535, &first, &last);
	if (!status)
		set_ports(ts, first, last);
	return status;
}

/* Type and code are one number in a selector (RFC 4301, section 4.4.1.1). */
static enum ctl_status take_types(struct args *args, struct ipsvti_ts *ts)
{
	uint32_t first, last, from = 0, to = 255;
	enum ctl_status status;

	args_next(args);
	if (!has_types(ts->protocol))
		return ctl_usage(args->ctl,
				 "this protocol has no types: expected \"port\"");
	status = take_numbers(args, "type", 255, &first, &last);
	if (!status && next_is(args, "code")) {
		args_next(args);
		if (first != last)
			return ctl_usage(args->ctl,
					 "\"code\" wants one type");
		status = take_numbers(args, "code", 255, &from, &to);
	}
	if (!status)
		set_ports(ts, first << 8 | from, last << 8 | to);
	return status;
}

static enum ctl_status take_protocol(struct args *args, struct ipsvti_ts *ts)
{
	enum ctl_status status;
	uint32_t number = 0;
	const char *word;
	size_t i;

	args_next(args);
	status = args_value(args, "proto", "the name or number of a protocol",
			    &word);
	if (status)
		return status;
	for (i = 0; i < PROTOCOLS; i++)
		if (!strcmp(word, protocols[i].name))
			number = protocols[i].number;
	if (!number && !parse_number(word, 1, 255, &number))
		return ctl_usage(args->ctl,
				 "unknown protocol \"%s\": expected tcp, udp, icmp, icmpv6, another, or a number from 1 to 255",
				 word);
	ts->protocol = number;
	ts->has |= IPSVTI_HAS(IPSVTI_A_TS_PROTOCOL);
	if (next_is(args, "port"))
		return take_ports(args, ts);
	if (next_is(args, "type"))
		return take_types(args, ts);
	return CTL_OK;
}

static enum ctl_status add(struct ctl *ctl, struct ipsvti_sa *sa, bool local,
			   const struct ipsvti_ts *ts)
{
	size_t *count = local ? &sa->local_ts_count : &sa->remote_ts_count;
	struct ipsvti_ts *list = local ? sa->local_ts : sa->remote_ts;

	if (*count == IPSVTI_TS_MAX)
		return ctl_usage(ctl, "\"ts\": more than %d of one end",
				 IPSVTI_TS_MAX);
	list[(*count)++] = *ts;
	sa->has |= IPSVTI_HAS(local ? IPSVTI_A_SA_LOCAL_TS :
				      IPSVTI_A_SA_REMOTE_TS);
	return CTL_OK;
}

enum ctl_status ts_take(struct args *args, struct ipsvti_pair *pair)
{
	const char *expected = "in or out, or local or remote";
	bool in = true, out = true, local;
	struct ipsvti_ts ts = {};
	enum ctl_status status;
	const char *word;

	status = args_value(args, "ts", expected, &word);
	if (status)
		return status;
	if (!strcmp(word, "in") || !strcmp(word, "out")) {
		out = word[0] == 'o';
		in = !out;
		expected = "local or remote";
		status = args_value(args, word, expected, &word);
		if (status)
			return status;
	}
	local = !strcmp(word, "local");
	if (!local && strcmp(word, "remote"))
		return ctl_usage(args->ctl, "\"%s\" after \"ts\": expected %s",
				 word, expected);
	status = take_range(args, word, &ts);
	if (!status && next_is(args, "proto"))
		status = take_protocol(args, &ts);
	if (!status && in)
		status = add(args->ctl, &pair->in, local, &ts);
	if (!status && out)
		status = add(args->ctl, &pair->out, local, &ts);
	return status;
}

static bool same(const struct ipsvti_addr *a, const struct ipsvti_addr *b)
{
	return !memcmp(octets(a), octets(b), addr_len(a));
}

/* How long the prefix is that is this range; -1, it is none. */
static int prefix_len(const struct ipsvti_ts *ts)
{
	size_t len = 8 * addr_len(&ts->start), n = 0;
	struct ipsvti_addr end;

	while (n < len && bit(&ts->start, n) == bit(&ts->end, n))
		n++;
	end = fill(&ts->start, n);
	return is_zero(&ts->start, n) && same(&end, &ts->end) ? (int)n : -1;
}

static void print_range(const struct ipsvti_ts *ts)
{
	char start[INET6_ADDRSTRLEN], end[INET6_ADDRSTRLEN];
	int len;

	if (ts->start.family == AF_UNSPEC ||
	    ts->start.family != ts->end.family) {
		printf(" any");
		return;
	}
	inet_ntop(ts->start.family, octets(&ts->start), start, sizeof(start));
	inet_ntop(ts->end.family, octets(&ts->end), end, sizeof(end));
	len = prefix_len(ts);
	if (same(&ts->start, &ts->end))
		printf(" %s", start);
	else if (len >= 0)
		printf(" %s/%d", start, len);
	else
		printf(" %s-%s", start, end);
}

static void print_numbers(const char *what, unsigned int first,
			  unsigned int last)
{
	printf(" %s %u", what, first);
	if (first != last)
		printf("-%u", last);
}

static void print_ports(const struct ipsvti_ts *ts)
{
	unsigned int start = ts->start_port, end = ts->end_port;

	if (start > end) {
		printf(" port opaque");
	} else if (!has_types(ts->protocol)) {
		print_numbers("port", start, end);
	} else if (start >> 8 == end >> 8 && (start & 255 || ~end & 255)) {
		print_numbers("type", start >> 8, end >> 8);
		print_numbers("code", start & 255, end & 255);
	} else if (start & 255 || ~end & 255) {
		/* From one code of a type to one of another: not in our words. */
		printf(" type %u/%u-%u/%u", start >> 8, start & 255, end >> 8,
		       end & 255);
	} else {
		print_numbers("type", start >> 8, end >> 8);
	}
}

static void print_protocol(uint8_t protocol)
{
	size_t i;

	for (i = 0; i < PROTOCOLS; i++) {
		if (protocols[i].number == protocol) {
			printf(" proto %s", protocols[i].name);
			return;
		}
	}
	printf(" proto %u", protocol);
}

void ts_print(const char *end, const struct ipsvti_ts *ts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		printf("        ts %s", end);
		print_range(&ts[i]);
		if (ts[i].protocol)
			print_protocol(ts[i].protocol);
		if (ts[i].has & IPSVTI_HAS(IPSVTI_A_TS_START_PORT))
			print_ports(&ts[i]);
		putchar('\n');
	}
}

static void set_addr(json_t *object, const char *key,
		     const struct ipsvti_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	if (addr->family != AF_UNSPEC &&
	    inet_ntop(addr->family, octets(addr), text, sizeof(text)))
		json_object_set_new(object, key, json_string(text));
}

static void set_number(json_t *object, const char *key,
		       const struct ipsvti_ts *ts, unsigned int attr,
		       unsigned int number)
{
	if (ts->has & IPSVTI_HAS(attr))
		json_object_set_new(object, key, json_integer(number));
}

json_t *ts_json(const struct ipsvti_ts *ts, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++) {
		json_t *object = json_object();

		set_addr(object, "start-addr", &ts[i].start);
		set_addr(object, "end-addr", &ts[i].end);
		set_number(object, "protocol", &ts[i], IPSVTI_A_TS_PROTOCOL,
			   ts[i].protocol);
		set_number(object, "start-port", &ts[i], IPSVTI_A_TS_START_PORT,
			   ts[i].start_port);
		set_number(object, "end-port", &ts[i], IPSVTI_A_TS_END_PORT,
			   ts[i].end_port);
		json_array_append_new(list, object);
	}
	return list;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Narrowing of traffic selectors (RFC 7296, section 2.9).
 */
#include "ts.h"

static size_t addr_len(uint8_t family)
{
	return family == IKE_IPV4 ? 4 : 16;
}

void ike_ts_any(struct ike_ts_set *set)
{
	memset(set, 0, sizeof(*set));
	for (unsigned int i = 0; i < 2; i++) {
		struct ike_ts *ts = &set->ts[i];

		ts->family = i ? IKE_IPV6 : IKE_IPV4;
		ts->end_port = 65535;
		memset(ts->end, 0xff, addr_len(ts->family));
	}
	set->n = 2;
}

static bool equal(const struct ike_ts *a, const struct ike_ts *b)
{
	return a->family == b->family && a->protocol == b->protocol &&
	       a->start_port == b->start_port && a->end_port == b->end_port &&
	       !memcmp(a->start, b->start, addr_len(a->family)) &&
	       !memcmp(a->end, b->end, addr_len(a->family));
}

bool ike_ts_sound(const struct ike_ts *ts)
{
	if (!ts->start_port && ts->end_port == 65535)
		return true;
	switch (ts->protocol) {
	case 1:	  /* ICMP */
	case 6:	  /* TCP */
	case 17:  /* UDP */
	case 33:  /* DCCP */
	case 58:  /* ICMPv6 */
	case 132: /* SCTP */
	case 135: /* IPv6 mobility header */
	case 136: /* UDP-Lite */
		return ts->start_port <= ts->end_port;
	default:
		return false;
	}
}

bool ike_ts_meet(const struct ike_ts_set *a, const struct ike_ts_set *b)
{
	for (unsigned int i = 0; i < a->n; i++)
		for (unsigned int j = 0; j < b->n; j++)
			if (a->ts[i].family == b->ts[j].family)
				return true;
	return false;
}

static bool has(const struct ike_ts_set *set, const struct ike_ts *ts)
{
	for (unsigned int i = 0; i < set->n; i++)
		if (equal(&set->ts[i], ts))
			return true;
	return false;
}

bool ike_ts_same(const struct ike_ts_set *a, const struct ike_ts_set *b)
{
	for (unsigned int i = 0; i < a->n; i++)
		if (!has(b, &a->ts[i]))
			return false;
	for (unsigned int i = 0; i < b->n; i++)
		if (!has(a, &b->ts[i]))
			return false;
	return true;
}

bool ike_ts_all(const struct ike_ts_set *set)
{
	struct ike_ts_set any;

	ike_ts_any(&any);
	return has(set, &any.ts[0]) && has(set, &any.ts[1]);
}

static bool intersect(struct ike_ts *out, const struct ike_ts *a,
		      const struct ike_ts *b)
{
	size_t len = addr_len(a->family);

	if (a->family != b->family ||
	    (a->protocol && b->protocol && a->protocol != b->protocol))
		return false;
	*out = *a;
	out->protocol = a->protocol ? a->protocol : b->protocol;
	/*
	 * OPAQUE ports (65535 to 0) and any other range that is turned over
	 * have nothing in common with a range of ours.
	 */
	if (b->start_port > out->start_port)
		out->start_port = b->start_port;
	if (b->end_port < out->end_port)
		out->end_port = b->end_port;
	if (memcmp(b->start, out->start, len) > 0)
		memcpy(out->start, b->start, len);
	if (memcmp(b->end, out->end, len) < 0)
		memcpy(out->end, b->end, len);
	return out->start_port <= out->end_port && ike_ts_sound(out) &&
	       memcmp(out->start, out->end, len) <= 0;
}

static void add(struct ike_ts_set *set, const struct ike_ts *ts)
{
	if (!has(set, ts) && set->n < IKE_TS_MAX)
		set->ts[set->n++] = *ts;
}

bool ike_ts_narrow(struct ike_ts_set *out, const struct ike_ts_set *ours,
		   struct ike_slice theirs)
{
	out->n = 0;
	for (unsigned int i = 0; i < ours->n; i++) {
		struct ike_reader r = ike_read(theirs);
		struct ike_ts ts, both;

		while (ike_ts_next(&r, &ts) > 0)
			if (intersect(&both, &ours->ts[i], &ts))
				add(out, &both);
	}
	return out->n > 0;
}

static bool lies_within(const struct ike_ts *ts, const struct ike_ts_set *set)
{
	struct ike_ts both;

	for (unsigned int i = 0; i < set->n; i++)
		if (intersect(&both, &set->ts[i], ts) && equal(&both, ts))
			return true;
	return false;
}

bool ike_ts_covers(const struct ike_ts_set *set, const struct ike_ts_set *part)
{
	for (unsigned int i = 0; i < part->n; i++)
		if (!lies_within(&part->ts[i], set))
			return false;
	return true;
}

bool ike_ts_within(struct ike_ts_set *out, const struct ike_ts_set *ours,
		   struct ike_slice theirs)
{
	struct ike_reader r = ike_read(theirs);
	struct ike_ts ts;

	out->n = 0;
	while (ike_ts_next(&r, &ts) > 0) {
		if (!lies_within(&ts, ours) || out->n == IKE_TS_MAX)
			return false;
		out->ts[out->n++] = ts;
	}
	return out->n > 0;
}

void ike_build_ts(struct ike_builder *b, uint8_t type,
		  const struct ike_ts_set *set)
{
	ike_build_open(b, type);
	ike_put_u8(&b->w, set->n);
	ike_put_u8(&b->w, 0);
	ike_put_u16(&b->w, 0);
	for (unsigned int i = 0; i < set->n; i++) {
		const struct ike_ts *ts = &set->ts[i];
		size_t len = addr_len(ts->family);

		ike_put_u8(&b->w, ts->family == IKE_IPV4 ?
					  IKE_TS_IPV4_ADDR_RANGE :
					  IKE_TS_IPV6_ADDR_RANGE);
		ike_put_u8(&b->w, ts->protocol);
		ike_put_u16(&b->w, (uint16_t)(8 + 2 * len));
		ike_put_u16(&b->w, ts->start_port);
		ike_put_u16(&b->w, ts->end_port);
		ike_put(&b->w, IKE_SLICE(ts->start, len));
		ike_put(&b->w, IKE_SLICE(ts->end, len));
	}
	ike_build_close(b);
}

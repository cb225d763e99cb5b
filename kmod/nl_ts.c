// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic selectors in netlink messages: read, checked, and shown.
 */
#include <linux/overflow.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "nl.h"
#include "nl_gen.h"
#include "sa.h"

static int refuse(struct netlink_ext_ack *extack, const struct nlattr *attr,
		  const char *why)
{
	return ipsvti_refuse(extack, attr, -EINVAL, why);
}

/* @one is there, and its other half, of type @other, is not. */
static int refuse_half(struct netlink_ext_ack *extack,
		       const struct nlattr *nest, int other, const char *why)
{
	NL_SET_ERR_ATTR_MISS(extack, nest, other);
	return ipsvti_refuse(extack, NULL, -EINVAL, why);
}

static struct ipsvti_flow_addr get_v4(const struct nlattr *attr)
{
	return (struct ipsvti_flow_addr){ .low = ntohl(nla_get_in_addr(attr)) };
}

static struct ipsvti_flow_addr get_v6(const struct nlattr *attr)
{
	struct in6_addr addr = nla_get_in6_addr(attr);

	return (struct ipsvti_flow_addr){
		.high = (u64)ntohl(addr.s6_addr32[0]) << 32 |
			ntohl(addr.s6_addr32[1]),
		.low = (u64)ntohl(addr.s6_addr32[2]) << 32 |
		       ntohl(addr.s6_addr32[3]),
	};
}

static int read_addrs(const struct nlattr *nest, struct nlattr **tb,
		      struct ipsvti_selector *s, struct netlink_ext_ack *extack)
{
	const char *half = "a range of addresses has a start and an end";
	struct nlattr *start = tb[IPSVTI_A_TS_START_ADDR];
	struct nlattr *end = tb[IPSVTI_A_TS_END_ADDR];
	struct nlattr *start6 = tb[IPSVTI_A_TS_START_ADDR6];
	struct nlattr *end6 = tb[IPSVTI_A_TS_END_ADDR6];

	if ((start || end) && (start6 || end6))
		return refuse(extack, start6 ?: end6,
			      "a range of addresses is of one family");
	if (!start != !end)
		return refuse_half(extack, nest,
				   start ? IPSVTI_A_TS_END_ADDR :
					   IPSVTI_A_TS_START_ADDR,
				   half);
	if (!start6 != !end6)
		return refuse_half(extack, nest,
				   start6 ? IPSVTI_A_TS_END_ADDR6 :
					    IPSVTI_A_TS_START_ADDR6,
				   half);
	if (start) {
		s->families = IPSVTI_FLOW_V4;
		s->start = get_v4(start);
		s->end = get_v4(end);
	} else if (start6) {
		s->families = IPSVTI_FLOW_V6;
		s->start = get_v6(start6);
		s->end = get_v6(end6);
	}
	return 0;
}

static int read_ports(const struct nlattr *nest, struct nlattr **tb,
		      struct ipsvti_selector *s, struct netlink_ext_ack *extack)
{
	struct nlattr *start = tb[IPSVTI_A_TS_START_PORT];
	struct nlattr *end = tb[IPSVTI_A_TS_END_PORT];

	if (!start != !end)
		return refuse_half(extack, nest,
				   start ? IPSVTI_A_TS_END_PORT :
					   IPSVTI_A_TS_START_PORT,
				   "a range of ports has a start and an end");
	if (start) {
		s->start_port = ntohs(nla_get_be16(start));
		s->end_port = ntohs(nla_get_be16(end));
	}
	return 0;
}

static int read_one(const struct nlattr *nest, struct ipsvti_selector *s,
		    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSVTI_A_TS_MAX + 1];
	int err;

	*s = (struct ipsvti_selector)IPSVTI_SELECTOR_ANY;
	err = nla_parse_nested(tb, IPSVTI_A_TS_MAX, nest, ipsvti_ts_nl_policy,
			       extack);
	if (err)
		return err;
	if (tb[IPSVTI_A_TS_PROTOCOL])
		s->protocol = nla_get_u8(tb[IPSVTI_A_TS_PROTOCOL]);
	err = read_addrs(nest, tb, s, extack);
	if (!err)
		err = read_ports(nest, tb, s, extack);
	if (err)
		return err;

	switch (ipsvti_selector_check(s)) {
	case IPSVTI_SELECTOR_GOOD:
		return 0;
	case IPSVTI_SELECTOR_BAD_ADDR:
		return refuse(extack,
			      tb[IPSVTI_A_TS_END_ADDR] ?:
				      tb[IPSVTI_A_TS_END_ADDR6],
			      "the last address is below the first");
	case IPSVTI_SELECTOR_NO_PORTS:
		return refuse(extack, tb[IPSVTI_A_TS_START_PORT],
			      "ports want a protocol that has them");
	case IPSVTI_SELECTOR_BAD_PORT:
		return refuse(extack, tb[IPSVTI_A_TS_END_PORT],
			      "the last port is below the first");
	}
	return -EINVAL;
}

static int count(const struct nlattr *nest, int type, u32 *n,
		 struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int rest;

	*n = 0;
	nla_for_each_nested(attr, nest, rest) {
		if (nla_type(attr) == type && ++*n > IPSVTI_TS_MAX)
			return ipsvti_refuse(extack, attr, -E2BIG,
					     "an end has at most 32 selectors");
	}
	return 0;
}

static int read_all(const struct nlattr *nest, int type,
		    struct ipsvti_selector *list,
		    struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int rest, err;

	nla_for_each_nested(attr, nest, rest) {
		if (nla_type(attr) != type)
			continue;
		err = read_one(attr, list++, extack);
		if (err)
			return err;
	}
	return 0;
}

/**
 * ipsvti_nl_ts_read - read the traffic selectors of an SA
 * @nest: the SA's attributes, which its policy has let pass
 * @inbound: its direction
 * @selectors: where to store them, to be freed by kfree(); NULL, there are none
 * @extack: where to say what is wrong
 *
 * Context: process, may sleep.
 * Return: 0 or a negative error.
 */
int ipsvti_nl_ts_read(const struct nlattr *nest, bool inbound,
		      const struct ipsvti_selectors **selectors,
		      struct netlink_ext_ack *extack)
{
	int src = inbound ? IPSVTI_A_SA_REMOTE_TS : IPSVTI_A_SA_LOCAL_TS;
	int dst = inbound ? IPSVTI_A_SA_LOCAL_TS : IPSVTI_A_SA_REMOTE_TS;
	struct ipsvti_selectors *s;
	u32 nr_src, nr_dst;
	int err;

	*selectors = NULL;
	err = count(nest, src, &nr_src, extack);
	if (!err)
		err = count(nest, dst, &nr_dst, extack);
	if (err || !(nr_src + nr_dst))
		return err;

	s = kmalloc(struct_size(s, list, nr_src + nr_dst), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->nr_src = nr_src;
	s->nr_dst = nr_dst;
	err = read_all(nest, src, s->list, extack);
	if (!err)
		err = read_all(nest, dst, s->list + nr_src, extack);
	if (!err && !ipsvti_selectors_possible(s))
		err = refuse(extack,
			     nla_find_nested(nest, IPSVTI_A_SA_REMOTE_TS),
			     "it has no family and protocol of a local-ts");
	if (err) {
		kfree(s);
		return err;
	}
	*selectors = s;
	return 0;
}

static int put_v6(struct sk_buff *msg, int attr,
		  const struct ipsvti_flow_addr *a)
{
	struct in6_addr addr = {
		.s6_addr32 = { htonl(a->high >> 32), htonl((u32)a->high),
			       htonl(a->low >> 32), htonl((u32)a->low) },
	};

	return nla_put_in6_addr(msg, attr, &addr);
}

static int put_addrs(struct sk_buff *msg, const struct ipsvti_selector *s)
{
	switch (s->families) {
	case IPSVTI_FLOW_V4:
		return nla_put_in_addr(msg, IPSVTI_A_TS_START_ADDR,
				       htonl((u32)s->start.low)) ?:
			       nla_put_in_addr(msg, IPSVTI_A_TS_END_ADDR,
					       htonl((u32)s->end.low));
	case IPSVTI_FLOW_V6:
		return put_v6(msg, IPSVTI_A_TS_START_ADDR6, &s->start) ?:
			       put_v6(msg, IPSVTI_A_TS_END_ADDR6, &s->end);
	}
	return 0;
}

static int put_one(struct sk_buff *msg, int type,
		   const struct ipsvti_selector *s)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = put_addrs(msg, s);
	if (!err && s->protocol)
		err = nla_put_u8(msg, IPSVTI_A_TS_PROTOCOL, s->protocol);
	if (!err && (s->start_port || s->end_port != IPSVTI_PORT_MAX))
		err = nla_put_be16(msg, IPSVTI_A_TS_START_PORT, htons(s->start_port)) ?:
			      nla_put_be16(msg, IPSVTI_A_TS_END_PORT,
					   htons(s->end_port));
	if (err)
		nla_nest_cancel(msg, nest);
	else
		nla_nest_end(msg, nest);
	return err;
}

/**
 * ipsvti_nl_ts_put - put the traffic selectors of an SA into a message
 * @msg: the message, inside the nest of the SA
 * @sa: the SA
 *
 * Context: any, @sa is held or still visible.
 * Return: 0 or -EMSGSIZE.
 */
int ipsvti_nl_ts_put(struct sk_buff *msg, const struct ipsvti_sa *sa)
{
	int src = sa->inbound ? IPSVTI_A_SA_REMOTE_TS : IPSVTI_A_SA_LOCAL_TS;
	int dst = sa->inbound ? IPSVTI_A_SA_LOCAL_TS : IPSVTI_A_SA_REMOTE_TS;
	const struct ipsvti_selectors *s = sa->selectors;
	int err = 0;
	u32 i;

	if (!s)
		return 0;
	for (i = 0; i < s->nr_src + s->nr_dst && !err; i++)
		err = put_one(msg, i < s->nr_src ? src : dst, &s->list[i]);
	return err;
}

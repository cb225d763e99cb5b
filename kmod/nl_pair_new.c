// SPDX-License-Identifier: GPL-2.0
/*
 * The operation sa-pair-new: read a request, check all of it, make a pair.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "dev.h"
#include "life.h"
#include "nat.h"
#include "nl.h"
#include "nl_gen.h"

/* One direction of a request for a new pair, being read. */
struct direction {
	const struct nlattr *nest;
	struct nlattr *tb[IPSVTI_A_SA_MAX + 1];
	struct netlink_ext_ack *extack;
	bool allow_legacy;
};

static int bad(const struct direction *d, int attr, const char *msg)
{
	return ipsvti_refuse(d->extack, d->tb[attr], -EINVAL, msg);
}

static int missing(const struct direction *d, int attr, const char *msg)
{
	NL_SET_ERR_ATTR_MISS(d->extack, d->nest, attr);
	return ipsvti_refuse(d->extack, NULL, -EINVAL, msg);
}

static int read_salt(struct direction *d, struct ipsvti_sa_params *p)
{
	struct nlattr *salt = d->tb[IPSVTI_A_SA_SALT];

	if (!salt && p->transform->salt_len)
		return missing(d, IPSVTI_A_SA_SALT, "the salt is missing");
	if (salt && nla_len(salt) != p->transform->salt_len)
		return bad(d, IPSVTI_A_SA_SALT,
			   p->transform->salt_len ?
				   "the salt is not of the algorithm's length" :
				   "the algorithm has no salt");
	if (salt)
		p->salt = nla_data(salt);
	return 0;
}

static int read_key(struct direction *d, struct ipsvti_sa_params *p)
{
	struct nlattr **tb = d->tb;
	u32 alg;

	if (!tb[IPSVTI_A_SA_ALG])
		return missing(d, IPSVTI_A_SA_ALG, "the algorithm is missing");
	if (!tb[IPSVTI_A_SA_KEY])
		return missing(d, IPSVTI_A_SA_KEY, "the key is missing");

	alg = nla_get_u32(tb[IPSVTI_A_SA_ALG]);
	p->transform = ipsvti_transform_find(alg);
	if (!p->transform)
		return ipsvti_refuse(d->extack, tb[IPSVTI_A_SA_ALG],
				     -EOPNOTSUPP, "the algorithm is not known");
	if (p->transform->legacy && !d->allow_legacy)
		return bad(d, IPSVTI_A_SA_ALG,
			   "HMAC-SHA1-96 is only for pairs with allow-legacy");
	if (nla_len(tb[IPSVTI_A_SA_KEY]) !=
	    ipsvti_transform_key_len(p->transform))
		return bad(d, IPSVTI_A_SA_KEY,
			   "the key is not of the algorithm's length");
	p->key = nla_data(tb[IPSVTI_A_SA_KEY]);
	return read_salt(d, p);
}

static u64 get_limit(const struct nlattr *attr)
{
	if (!attr)
		return IPSVTI_LIMIT_NONE;
	return nla_len(attr) == sizeof(u32) ? nla_get_u32(attr) :
					      nla_get_u64(attr);
}

/* 0, which the policy refuses, would be no limit for some and none at all for others. */
static int read_limit(struct direction *d, struct nlattr **tb, int soft,
		      int hard, struct ipsvti_limit *limit)
{
	limit->soft = get_limit(tb[soft]);
	limit->hard = get_limit(tb[hard]);
	if (limit->soft != IPSVTI_LIMIT_NONE && limit->hard < limit->soft)
		return ipsvti_refuse(d->extack, tb[hard], -EINVAL,
				     "the hard limit is below the soft one");
	return 0;
}

static int read_limits(struct direction *d, struct ipsvti_limits *limits)
{
	struct nlattr *tb[IPSVTI_A_LIMITS_MAX + 1];
	int err, i;

	if (!d->tb[IPSVTI_A_SA_LIMITS])
		return 0;
	err = nla_parse_nested(tb, IPSVTI_A_LIMITS_MAX,
			       d->tb[IPSVTI_A_SA_LIMITS],
			       ipsvti_limits_nl_policy, d->extack);
	if (err)
		return err;
	for (i = IPSVTI_A_LIMITS_USED_BYTES; i <= IPSVTI_A_LIMITS_USED_SECONDS;
	     i++) {
		if (tb[i])
			return ipsvti_refuse(d->extack, tb[i], -EINVAL,
					     "use is returned, not taken");
	}
	err = read_limit(d, tb, IPSVTI_A_LIMITS_SOFT_BYTES,
			 IPSVTI_A_LIMITS_HARD_BYTES, &limits->bytes);
	if (!err)
		err = read_limit(d, tb, IPSVTI_A_LIMITS_SOFT_PACKETS,
				 IPSVTI_A_LIMITS_HARD_PACKETS,
				 &limits->packets);
	if (!err)
		err = read_limit(d, tb, IPSVTI_A_LIMITS_SOFT_SECONDS,
				 IPSVTI_A_LIMITS_HARD_SECONDS,
				 &limits->seconds);
	return err;
}

static int read_sa(struct direction *d, struct ipsvti_sa_params *p)
{
	struct nlattr **tb = d->tb;
	int err;

	if (!tb[IPSVTI_A_SA_SPI])
		return missing(d, IPSVTI_A_SA_SPI, "the SPI is missing");
	p->spi = nla_get_be32(tb[IPSVTI_A_SA_SPI]);
	if (ntohl(p->spi) < IPSVTI_SPI_MIN)
		return bad(d, IPSVTI_A_SA_SPI,
			   "SPIs 0 to 255 are reserved (RFC 4303)");
	if (tb[IPSVTI_A_SA_PACKETS])
		return bad(d, IPSVTI_A_SA_PACKETS,
			   "counters are returned, not taken");
	if (tb[IPSVTI_A_SA_BYTES])
		return bad(d, IPSVTI_A_SA_BYTES,
			   "counters are returned, not taken");
	if (tb[IPSVTI_A_SA_EXPIRED])
		return bad(d, IPSVTI_A_SA_EXPIRED,
			   "what has expired is returned, not taken");
	err = read_limits(d, &p->limits);
	if (err)
		return err;

	p->esn = tb[IPSVTI_A_SA_ESN] && nla_get_u8(tb[IPSVTI_A_SA_ESN]);
	if (tb[IPSVTI_A_SA_SEQ])
		p->last_seq = nla_get_u64(tb[IPSVTI_A_SA_SEQ]);
	if (p->last_seq >= (p->esn ? IPSVTI_SEQ_LIMIT_ESN : IPSVTI_SEQ_LIMIT))
		return bad(d, IPSVTI_A_SA_SEQ,
			   "no sequence number would be left");

	if (p->inbound) {
		p->window = IPSVTI_REPLAY_MIN;
		if (tb[IPSVTI_A_SA_REPLAY_WINDOW])
			p->window = nla_get_u32(tb[IPSVTI_A_SA_REPLAY_WINDOW]);
	} else {
		if (tb[IPSVTI_A_SA_REPLAY_WINDOW])
			return bad(d, IPSVTI_A_SA_REPLAY_WINDOW,
				   "an outbound SA has no replay window");
	}
	err = read_key(d, p);
	/* Last, as it is to be freed. */
	return err   ?:
		       ipsvti_nl_ts_read(d->nest, p->inbound, &p->selectors,
					 d->extack);
}

static int read_direction(struct genl_info *info, int attr, struct direction *d,
			  struct ipsvti_sa_params *p)
{
	const struct nlattr *legacy;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, attr))
		return ipsvti_refuse(info->extack, NULL, -EINVAL,
				     "a pair needs an SA in both directions");
	d->nest = info->attrs[attr];
	d->extack = info->extack;
	legacy = info->attrs[IPSVTI_A_PAIR_ALLOW_LEGACY];
	d->allow_legacy = legacy && nla_get_u8(legacy);
	err = nla_parse_nested(d->tb, IPSVTI_A_SA_MAX, d->nest,
			       ipsvti_sa_nl_policy, info->extack);
	return err ?: read_sa(d, p);
}

static int read_encap(struct genl_info *info, struct ipsvti_pair *pair,
		      struct ipsvti_sa_params *out)
{
	struct nlattr *encap = info->attrs[IPSVTI_A_PAIR_ENCAP];
	struct nlattr *sport = info->attrs[IPSVTI_A_PAIR_ENCAP_SPORT];
	struct nlattr *dport = info->attrs[IPSVTI_A_PAIR_ENCAP_DPORT];
	struct nlattr *follow = info->attrs[IPSVTI_A_PAIR_ENCAP_FOLLOW];

	if (encap)
		pair->encap = nla_get_u32(encap);
	if (pair->encap != IPSVTI_ENCAP_UDP) {
		if (sport || dport)
			return ipsvti_refuse(info->extack, sport ?: dport,
					     -EINVAL,
					     "UDP ports need encap udp");
		if (follow)
			return ipsvti_refuse(info->extack, follow, -EINVAL,
					     "encap-follow needs encap udp");
		return 0;
	}
	if (!sport || !dport)
		return ipsvti_refuse(info->extack, encap, -EINVAL,
				     "encap udp needs both UDP ports");
	pair->sport = nla_get_be16(sport);
	pair->dport = nla_get_be16(dport);
	if (!pair->sport || !pair->dport)
		return ipsvti_refuse(info->extack, pair->sport ? dport : sport,
				     -EINVAL, "0 is not a UDP port");
	pair->follow = !follow || nla_get_u8(follow);
	out->encap = pair->encap;
	out->follow = pair->follow;
	out->sport = pair->sport;
	out->dport = pair->dport;
	return 0;
}

/* Where the peer is now, if its NAT has moved it since the device was told. */
static int read_remote(struct genl_info *info, struct ipsvti_dev *vdev,
		       struct ipsvti_pair *pair)
{
	struct nlattr *v4 = info->attrs[IPSVTI_A_PAIR_REMOTE];
	struct nlattr *v6 = info->attrs[IPSVTI_A_PAIR_REMOTE6];
	struct in6_addr addr;
	int err;

	if (!v4 && !v6)
		return 0;
	if (v4 && v6)
		return ipsvti_refuse(info->extack, v6, -EINVAL,
				     "remote and remote6 exclude each other");
	if (!pair->follow)
		return ipsvti_refuse(info->extack, v4 ?: v6, -EINVAL,
				     "remote needs encap udp and encap-follow");
	if (v4)
		ipv6_addr_set_v4mapped(nla_get_in_addr(v4), &addr);
	else
		addr = nla_get_in6_addr(v6);
	/* Only what came as IPv4 is one, inside the module. */
	if (v6 && ipv6_addr_v4mapped(&addr))
		err = -EINVAL;
	else
		err = ipsvti_nat_begin(vdev, pair->out, &addr);
	if (err == -EINVAL)
		ipsvti_refuse(info->extack, v4 ?: v6, err,
			      "the peer cannot have that address");
	return err;
}

static struct ipsvti_sa *make_sa(struct genl_info *info,
				 struct ipsvti_dev *vdev, int attr,
				 const struct ipsvti_sa_params *p)
{
	struct ipsvti_sa *sa = ipsvti_sa_new(vdev, p);

	if (!IS_ERR(sa) || PTR_ERR(sa) == -ENOMEM)
		return sa;
	ipsvti_refuse(info->extack, info->attrs[attr], PTR_ERR(sa),
		      "the crypto API refuses the algorithm or the key");
	return sa;
}

/* Read the request and make a pair of it that the device does not know yet. */
static struct ipsvti_pair *read_pair(struct genl_info *info,
				     struct ipsvti_dev *vdev)
{
	struct nlattr *activation = info->attrs[IPSVTI_A_PAIR_ACTIVATION];
	struct nlattr *id = info->attrs[IPSVTI_A_PAIR_PAIR_ID];
	struct ipsvti_sa_params in = { .inbound = true,
				       .limits = IPSVTI_NO_LIMITS };
	struct ipsvti_sa_params out = { .limits = IPSVTI_NO_LIMITS };
	struct ipsvti_pair *pair;
	struct direction d;
	int err;

	pair = kzalloc(sizeof(*pair), GFP_KERNEL);
	if (!pair)
		return ERR_PTR(-ENOMEM);
	ipsvti_life_new(pair);
	if (id)
		pair->id = nla_get_u32(id);
	if (activation)
		pair->activation = nla_get_u32(activation);
	pair->owner = ipsvti_nl_owner(info);
	if (IS_ERR(pair->owner)) {
		err = PTR_ERR(pair->owner);
		goto err_free;
	}

	err = read_direction(info, IPSVTI_A_PAIR_IN, &d, &in)		?:
		      read_direction(info, IPSVTI_A_PAIR_OUT, &d, &out) ?:
		      read_encap(info, pair, &out);
	if (err)
		goto err_free;

	pair->in = make_sa(info, vdev, IPSVTI_A_PAIR_IN, &in);
	if (IS_ERR(pair->in)) {
		err = PTR_ERR(pair->in);
		goto err_free;
	}
	pair->out = make_sa(info, vdev, IPSVTI_A_PAIR_OUT, &out);
	if (IS_ERR(pair->out)) {
		err = PTR_ERR(pair->out);
		goto err_in;
	}
	err = read_remote(info, vdev, pair);
	if (err)
		goto err_out;
	goto out;

err_out:
	ipsvti_sa_retire(pair->out);
err_in:
	ipsvti_sa_retire(pair->in);
err_free:
	kfree(pair);
	pair = ERR_PTR(err);
out:
	/* The SAs have copies. */
	kfree(in.selectors);
	kfree(out.selectors);
	return pair;
}

/* Name the attribute for which the device refused a pair, where it is one. */
static void blame(struct genl_info *info, int err)
{
	const struct nlattr *attr = NULL;

	if (err == -ENOENT)
		attr = info->attrs[IPSVTI_A_PAIR_PAIR_ID];
	else if (err == -EEXIST || err == -EINVAL)
		attr = nla_find_nested(info->attrs[IPSVTI_A_PAIR_IN],
				       IPSVTI_A_SA_SPI);
	NL_SET_BAD_ATTR(info->extack, attr);
}

static int pair_new(struct genl_info *info, struct ipsvti_dev *vdev)
{
	enum ipsvti_pair_state state;
	struct ipsvti_pair *pair;
	struct sk_buff *msg;
	void *hdr;
	int err;
	u32 id;

	pair = read_pair(info, vdev);
	if (IS_ERR(pair))
		return PTR_ERR(pair);
	/* First, so that nothing is installed that nobody is told of. */
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	err = msg ? ipsvti_bundle_install(vdev, pair, &id, &state,
					  info->extack) :
		    -ENOMEM;
	if (err) {
		blame(info, err);
		nlmsg_free(msg);
		ipsvti_sa_retire(pair->in);
		ipsvti_sa_retire(pair->out);
		kfree(pair);
		return err;
	}

	hdr = genlmsg_put_reply(msg, info, &ipsvti_nl_family, 0,
				IPSVTI_CMD_SA_PAIR_NEW);
	if (hdr &&
	    (nla_put_u32(msg, IPSVTI_A_PAIR_IFINDEX, vdev->dev->ifindex) ||
	     nla_put_u32(msg, IPSVTI_A_PAIR_PAIR_ID, id) ||
	     nla_put_u32(msg, IPSVTI_A_PAIR_STATE, state)))
		hdr = NULL;
	return ipsvti_nl_reply(info, msg, hdr);
}

static void wipe_nest(const struct nlattr *nest)
{
	struct nlattr *attr;
	int rest;

	nla_for_each_nested(attr, nest, rest) {
		if (nla_type(attr) == IPSVTI_A_SA_KEY ||
		    nla_type(attr) == IPSVTI_A_SA_SALT)
			memzero_explicit(nla_data(attr), nla_len(attr));
	}
}

/*
 * Nobody who gets at the message later shall find keys in it.  All of it is looked
 * at: of an attribute that is there twice only the last one is in genl_info::attrs.
 */
static void wipe_keys(const struct genl_info *info)
{
	const struct nlattr *attr;
	int rest;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attr) == IPSVTI_A_PAIR_IN ||
		    nla_type(attr) == IPSVTI_A_PAIR_OUT)
			wipe_nest(attr);
	}
}

int ipsvti_nl_sa_pair_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct ipsvti_dev *vdev;
	int err;

	vdev = ipsvti_nl_dev_get(info, IPSVTI_A_PAIR_IFINDEX, &tracker);
	if (IS_ERR(vdev)) {
		err = PTR_ERR(vdev);
	} else {
		err = pair_new(info, vdev);
		ipsvti_nl_dev_put(vdev, &tracker);
	}
	wipe_keys(info);
	return err;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration of a device: from netlink attributes, checked, and back.
 */
#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/netlink.h>

#include <uapi/linux/ipsvti.h>

#include "config.h"
#include "nl.h"

/* What an IPv4 packet can hold. */
#define MSS_CLAMP_MAX (65535 - 40)

const struct nla_policy ipsvti_config_policy[IFLA_IPSVTI_MAX + 1] = {
	[0] = { .strict_start_type = IFLA_IPSVTI_LOCAL },
	[IFLA_IPSVTI_LOCAL] = { .type = NLA_U32 },
	[IFLA_IPSVTI_REMOTE] = { .type = NLA_U32 },
	[IFLA_IPSVTI_LOCAL6] = NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[IFLA_IPSVTI_REMOTE6] = NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[IFLA_IPSVTI_LINK] = { .type = NLA_U32 },
	[IFLA_IPSVTI_FWMARK] = { .type = NLA_U32 },
	[IFLA_IPSVTI_TTL] = { .type = NLA_U8 },
	[IFLA_IPSVTI_DSCP] = NLA_POLICY_MAX(NLA_U8, IPSVTI_DSCP_COPY),
	[IFLA_IPSVTI_DF] = NLA_POLICY_MAX(NLA_U8, IPSVTI_DF_CLEAR),
	[IFLA_IPSVTI_MTU_AUTO] = NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_IPSVTI_MSS_CLAMP] = { .type = NLA_U32 },
	[IFLA_IPSVTI_PRE_FRAG] = NLA_POLICY_MAX(NLA_U8, 1),
};

/**
 * struct endpoint - one end of the tunnel, as it was asked for
 * @v4: attribute with an IPv4 address, or NULL
 * @v6: attribute with an IPv6 address, or NULL
 */
struct endpoint {
	const struct nlattr *v4;
	const struct nlattr *v6;
};

static int check_v4(__be32 addr, const struct nlattr *attr,
		    struct netlink_ext_ack *extack)
{
	const char *is = NULL;

	if (ipv4_is_zeronet(addr))
		is = "the address is unspecified (0.0.0.0/8)";
	else if (ipv4_is_multicast(addr))
		is = "the address is a multicast address";
	else if (ipv4_is_lbcast(addr))
		is = "the address is the broadcast address";
	return is ? ipsvti_refuse(extack, attr, -EADDRNOTAVAIL, is) : 0;
}

static int check_v6(const struct in6_addr *addr, const struct nlattr *attr,
		    struct netlink_ext_ack *extack)
{
	int type = ipv6_addr_type(addr);
	const char *is = NULL;

	if (type == IPV6_ADDR_ANY)
		is = "the address is unspecified (::)";
	else if (type & IPV6_ADDR_MULTICAST)
		is = "the address is a multicast address";
	else if (type & IPV6_ADDR_MAPPED)
		is = "the address is IPv4-mapped, give the IPv4 address";
	return is ? ipsvti_refuse(extack, attr, -EADDRNOTAVAIL, is) : 0;
}

static int parse_endpoint(struct in6_addr *addr, u8 *family,
			  const struct endpoint *e,
			  struct netlink_ext_ack *extack)
{
	int err;

	if (e->v4) {
		__be32 v4 = nla_get_in_addr(e->v4);

		err = check_v4(v4, e->v4, extack);
		ipv6_addr_set_v4mapped(v4, addr);
		*family = AF_INET;
	} else {
		*addr = nla_get_in6_addr(e->v6);
		err = check_v6(addr, e->v6, extack);
		*family = AF_INET6;
	}
	return err;
}

/* Both ends must be of one family; one that is not given stays as it was. */
static int parse_endpoints(struct ipsvti_config *c,
			   const struct endpoint *local,
			   const struct endpoint *remote,
			   struct netlink_ext_ack *extack)
{
	const struct nlattr *l = local->v4 ?: local->v6;
	const struct nlattr *r = remote->v4 ?: remote->v6;
	u8 lf = c->family, rf = c->family;
	int err;

	if (!l && !r)
		return 0;

	if ((local->v4 || remote->v4) && (local->v6 || remote->v6))
		return ipsvti_refuse(extack, local->v6 ?: remote->v6,
				     -EAFNOSUPPORT,
				     "local and remote are of two families");
	if (l) {
		err = parse_endpoint(&c->local, &lf, local, extack);
		if (err)
			return err;
	}
	if (r) {
		err = parse_endpoint(&c->remote, &rf, remote, extack);
		if (err)
			return err;
	}
	if (!lf || !rf)
		return ipsvti_refuse(extack, l ?: r, -EDESTADDRREQ,
				     "give both local and remote, or neither");
	if (lf != rf)
		return ipsvti_refuse(extack, l ?: r, -EAFNOSUPPORT,
				     "local and remote are of two families");
	if (ipv6_addr_equal(&c->local, &c->remote))
		return ipsvti_refuse(extack, r ?: l, -EADDRINUSE,
				     "local and remote are the same address");
	if (lf == AF_INET6 && !ipv6_mod_enabled())
		return ipsvti_refuse(extack, l ?: r, -EAFNOSUPPORT,
				     "the kernel has no IPv6");
	c->family = lf;
	return 0;
}

/* A link-local address means nothing without the link. */
static int check_scope(const struct ipsvti_config *c,
		       struct netlink_ext_ack *extack)
{
	if (c->family != AF_INET6 || c->link)
		return 0;
	if ((ipv6_addr_type(&c->local) | ipv6_addr_type(&c->remote)) &
	    IPV6_ADDR_LINKLOCAL)
		return ipsvti_refuse(extack, NULL, -EINVAL,
				     "a link-local address needs a dev");
	return 0;
}

static int parse_link(struct ipsvti_config *c, const struct nlattr *attr,
		      const struct net_device *dev, struct net *net,
		      struct netlink_ext_ack *extack)
{
	const struct net_device *link;

	c->link = nla_get_u32(attr);
	if (!c->link)
		return 0;
	link = __dev_get_by_index(net, c->link);
	if (!link)
		return ipsvti_refuse(extack, attr, -ENODEV,
				     "there is no underlay dev of this index");
	if (link == dev)
		return ipsvti_refuse(extack, attr, -ELOOP,
				     "a tunnel cannot be its own underlay");
	return 0;
}

static int parse_mss_clamp(struct ipsvti_config *c, const struct nlattr *attr,
			   struct netlink_ext_ack *extack)
{
	u32 mss = nla_get_u32(attr);

	if (mss != IPSVTI_MSS_CLAMP_OFF && mss != IPSVTI_MSS_CLAMP_AUTO &&
	    (mss < IPSVTI_MSS_CLAMP_MIN || mss > MSS_CLAMP_MAX))
		return ipsvti_refuse(extack, attr, -ERANGE,
				     "0 is off, 1 auto, else 88 to 65495");
	c->mss_clamp = mss;
	return 0;
}

static void set_defaults(struct ipsvti_config *c)
{
	c->dscp = IPSVTI_DSCP_COPY;
	/*
	 * A connection that hangs is worse than a smaller number in a SYN: what
	 * would be lost is found out by nobody but the user.
	 */
	c->mss_clamp = IPSVTI_MSS_CLAMP_AUTO;
	/*
	 * What IP does itself for a device whose MTU is right.  Fragments of ESP cost
	 * the peer memory and order, and firewalls and clouds drop them.
	 */
	c->pre_frag = true;
}

static struct ipsvti_config *config_clone(const struct ipsvti_config *old)
{
	struct ipsvti_config *c;

	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;
	if (old)
		*c = *old;
	else
		set_defaults(c);
	if (dst_cache_init(&c->dst_cache, GFP_KERNEL)) {
		kfree(c);
		return NULL;
	}
	return c;
}

/**
 * ipsvti_config_make - make a configuration from link attributes
 * @old: what to start from and stays as it was; NULL, the defaults
 * @data: attributes by IFLA_IPSVTI_*, or NULL
 * @dev: the device it is for
 * @net: namespace of the underlay
 * @extack: where to say what is wrong
 *
 * Context: process, RTNL held.
 * Return: the configuration, to be published or freed; else an ERR_PTR() and
 *	text and attribute in @extack.
 */
struct ipsvti_config *ipsvti_config_make(const struct ipsvti_config *old,
					 struct nlattr *data[],
					 struct net_device *dev,
					 struct net *net,
					 struct netlink_ext_ack *extack)
{
	struct endpoint local, remote;
	struct ipsvti_config *c;
	int err;

	ASSERT_RTNL();

	c = config_clone(old);
	if (!c)
		return ERR_PTR(-ENOMEM);
	if (!data)
		return c;

	local.v4 = data[IFLA_IPSVTI_LOCAL];
	local.v6 = data[IFLA_IPSVTI_LOCAL6];
	remote.v4 = data[IFLA_IPSVTI_REMOTE];
	remote.v6 = data[IFLA_IPSVTI_REMOTE6];
	err = parse_endpoints(c, &local, &remote, extack);
	if (err)
		goto err_free;
	if (data[IFLA_IPSVTI_LINK]) {
		err = parse_link(c, data[IFLA_IPSVTI_LINK], dev, net, extack);
		if (err)
			goto err_free;
	}
	err = check_scope(c, extack);
	if (err)
		goto err_free;
	if (data[IFLA_IPSVTI_FWMARK])
		c->fwmark = nla_get_u32(data[IFLA_IPSVTI_FWMARK]);
	if (data[IFLA_IPSVTI_TTL])
		c->ttl = nla_get_u8(data[IFLA_IPSVTI_TTL]);
	if (data[IFLA_IPSVTI_DSCP])
		c->dscp = nla_get_u8(data[IFLA_IPSVTI_DSCP]);
	if (data[IFLA_IPSVTI_DF])
		c->df = nla_get_u8(data[IFLA_IPSVTI_DF]);
	if (data[IFLA_IPSVTI_MSS_CLAMP]) {
		err = parse_mss_clamp(c, data[IFLA_IPSVTI_MSS_CLAMP], extack);
		if (err)
			goto err_free;
	}
	if (data[IFLA_IPSVTI_PRE_FRAG])
		c->pre_frag = nla_get_u8(data[IFLA_IPSVTI_PRE_FRAG]);
	return c;

err_free:
	ipsvti_config_free(c);
	return ERR_PTR(err);
}

/**
 * ipsvti_config_move - make a configuration with other addresses
 * @old: what to start from
 * @tb: attributes by IPSVTI_A_TUNNEL_*
 * @extack: where to say what is wrong
 *
 * Context: process, RTNL held.
 * Return: as ipsvti_config_make().
 */
struct ipsvti_config *ipsvti_config_move(const struct ipsvti_config *old,
					 struct nlattr *tb[],
					 struct netlink_ext_ack *extack)
{
	struct endpoint remote = { tb[IPSVTI_A_TUNNEL_REMOTE],
				   tb[IPSVTI_A_TUNNEL_REMOTE6] };
	struct endpoint local = { tb[IPSVTI_A_TUNNEL_LOCAL],
				  tb[IPSVTI_A_TUNNEL_LOCAL6] };
	struct ipsvti_config *c;
	int err;

	ASSERT_RTNL();

	c = config_clone(old);
	if (!c)
		return ERR_PTR(-ENOMEM);
	err = parse_endpoints(c, &local, &remote, extack);
	if (!err)
		err = check_scope(c, extack);
	if (err) {
		ipsvti_config_free(c);
		return ERR_PTR(err);
	}
	return c;
}

/**
 * ipsvti_config_free - free a configuration that nobody sees (any more)
 * @config: the configuration, or NULL
 *
 * Context: process; a published one after a grace period.
 */
void ipsvti_config_free(struct ipsvti_config *config)
{
	if (!config)
		return;
	dst_cache_destroy(&config->dst_cache);
	kfree(config);
}

/**
 * ipsvti_config_fill_size - tell what ipsvti_config_fill() needs at most
 *
 * Return: octets.
 */
size_t ipsvti_config_fill_size(void)
{
	/* local, remote; link, fwmark, mss-clamp; ttl, dscp, df, mtu-auto, pre-frag */
	return 2 * nla_total_size(sizeof(struct in6_addr)) +
	       3 * nla_total_size(sizeof(u32)) + 5 * nla_total_size(sizeof(u8));
}

/**
 * ipsvti_config_fill - put a configuration into a link message
 * @msg: the message, at its IFLA_INFO_DATA
 * @config: the configuration
 * @mtu_auto: the device derives its MTU
 *
 * Return: 0 or -EMSGSIZE.
 */
int ipsvti_config_fill(struct sk_buff *msg, const struct ipsvti_config *config,
		       bool mtu_auto)
{
	switch (config->family) {
	case AF_INET:
		if (nla_put_in_addr(msg, IFLA_IPSVTI_LOCAL,
				    ipsvti_addr_v4(&config->local)) ||
		    nla_put_in_addr(msg, IFLA_IPSVTI_REMOTE,
				    ipsvti_addr_v4(&config->remote)))
			return -EMSGSIZE;
		break;
	case AF_INET6:
		if (nla_put_in6_addr(msg, IFLA_IPSVTI_LOCAL6, &config->local) ||
		    nla_put_in6_addr(msg, IFLA_IPSVTI_REMOTE6, &config->remote))
			return -EMSGSIZE;
		break;
	}
	if (nla_put_u32(msg, IFLA_IPSVTI_LINK, config->link) ||
	    nla_put_u32(msg, IFLA_IPSVTI_FWMARK, config->fwmark) ||
	    nla_put_u8(msg, IFLA_IPSVTI_TTL, config->ttl) ||
	    nla_put_u8(msg, IFLA_IPSVTI_DSCP, config->dscp) ||
	    nla_put_u8(msg, IFLA_IPSVTI_DF, config->df) ||
	    nla_put_u8(msg, IFLA_IPSVTI_MTU_AUTO, mtu_auto) ||
	    nla_put_u32(msg, IFLA_IPSVTI_MSS_CLAMP, config->mss_clamp) ||
	    nla_put_u8(msg, IFLA_IPSVTI_PRE_FRAG, config->pre_frag))
		return -EMSGSIZE;
	return 0;
}

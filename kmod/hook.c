// SPDX-License-Identifier: GPL-2.0
/*
 * Where ESP comes in, and ICMP errors about ESP that went out.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dst.h>
#include <net/ipv6.h>
#include <net/xfrm.h>

#include "config.h"
#include "dev.h"
#include "hook.h"
#include "nat.h"
#include "outer.h"
#include "rx.h"

/*
 * Before XFRM's own (esp 0, xfrm_interface 10, vti 100), some of which take
 * whatever they see; each number can be taken once.
 */
#define PRIORITY 200

static int handle(struct sk_buff *skb)
{
	return ipsvti_rx(skb, false);
}

/* The SPI is not in @spi, which is 0 here, but in the packet. */
static int handle_udp(struct sk_buff *skb, int nexthdr, __be32 spi,
		      int encap_type)
{
	return ipsvti_rx(skb, true);
}

/* Called about packets that XFRM took: not ours, let the next one look. */
static int handle_xfrm_done(struct sk_buff *skb, int err)
{
	return 1;
}

/*
 * The quoted packet was sent with our route, so its MTU is what has to change; a
 * lookup without mark and device would find another route.  The update takes the
 * flow from the packet's own header, IPv4 also from its mark and device, which for the
 * moment become those of the quoted one.
 */
static void update_pmtu(struct sk_buff *skb, const struct ipsvti_sa *sa,
			u32 mtu)
{
	struct ipsvti_config *config = rcu_dereference(sa->vdev->config);
	struct ipsvti_to to = ipsvti_nat_to(config, sa);
	int network = skb_network_offset(skb);
	struct net_device *dev = skb->dev;
	u32 mark = skb->mark;
	struct dst_entry *dst;

	dst = ipsvti_outer_route(sa->vdev, config, sa, &to);
	if (IS_ERR(dst))
		return;
	skb_reset_network_header(skb);
	skb->dev = dst->dev;
	skb->mark = config->fwmark;
	dst->ops->update_pmtu(dst, NULL, skb, mtu, false);
	skb->mark = mark;
	skb->dev = dev;
	skb_set_network_header(skb, network);
	dst_release(dst);
}

/*
 * RFC 4301, section 8.2: an ICMP error cannot be authenticated.  One that quotes an
 * SPI of ours in the right addresses may lower the path MTU, which the stack bounds
 * and forgets after a while; nothing else comes of it.
 */
static int handle_err_v4(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (void *)skb->data;
	const struct ipsvti_esp_hdr *esp = (void *)skb->data + iph->ihl * 4;
	struct net *net = dev_net(skb->dev);
	struct in6_addr saddr, daddr;
	const struct ipsvti_sa *sa;

	ipv6_addr_set_v4mapped(iph->saddr, &saddr);
	ipv6_addr_set_v4mapped(iph->daddr, &daddr);
	sa = ipsvti_sad_find_out(&ipsvti_net(net)->sad, &saddr, &daddr,
				 esp->spi);
	if (!sa)
		return -ENOENT;
	if (icmp_hdr(skb)->type == ICMP_DEST_UNREACH &&
	    icmp_hdr(skb)->code == ICMP_FRAG_NEEDED)
		update_pmtu(skb, sa, info);
	return 0;
}

#if IS_ENABLED(CONFIG_IPV6)
static int handle_err_v6(struct sk_buff *skb, struct inet6_skb_parm *opt,
			 u8 type, u8 code, int offset, __be32 info)
{
	const struct ipv6hdr *ip6h = (void *)skb->data;
	const struct ipsvti_esp_hdr *esp = (void *)skb->data + offset;
	struct net *net = dev_net(skb->dev);
	const struct ipsvti_sa *sa;

	sa = ipsvti_sad_find_out(&ipsvti_net(net)->sad, &ip6h->saddr,
				 &ip6h->daddr, esp->spi);
	if (!sa)
		return -ENOENT;
	if (type == ICMPV6_PKT_TOOBIG)
		update_pmtu(skb, sa, ntohl(info));
	return 0;
}
#endif

static struct xfrm4_protocol protocol_v4 = {
	.handler = handle,
	.input_handler = handle_udp,
	.cb_handler = handle_xfrm_done,
	.err_handler = handle_err_v4,
	.priority = PRIORITY,
};

#if IS_ENABLED(CONFIG_IPV6)
static struct xfrm6_protocol protocol_v6 = {
	.handler = handle,
	.input_handler = handle_udp,
	.cb_handler = handle_xfrm_done,
	.err_handler = handle_err_v6,
	.priority = PRIORITY,
};
#endif

static int complain(const char *family, int err)
{
	if (err == -EEXIST)
		pr_err("cannot receive ESP over %s: another module has handler priority %d\n",
		       family, PRIORITY);
	else
		pr_err("cannot receive ESP over %s: error %d\n", family, err);
	return err;
}

/**
 * ipsvti_hook_register - begin to receive ESP
 *
 * Context: module init.
 * Return: 0 or a negative error.
 */
int ipsvti_hook_register(void)
{
	int err;

	err = xfrm4_protocol_register(&protocol_v4, IPPROTO_ESP);
	if (err)
		return complain("IPv4", err);
#if IS_ENABLED(CONFIG_IPV6)
	err = xfrm6_protocol_register(&protocol_v6, IPPROTO_ESP);
	if (err) {
		xfrm4_protocol_deregister(&protocol_v4, IPPROTO_ESP);
		return complain("IPv6", err);
	}
#endif
	return 0;
}

/**
 * ipsvti_hook_unregister - receive no more ESP
 *
 * Context: module exit.  When this returns, no packet is in our handlers.
 */
void ipsvti_hook_unregister(void)
{
#if IS_ENABLED(CONFIG_IPV6)
	xfrm6_protocol_deregister(&protocol_v6, IPPROTO_ESP);
#endif
	xfrm4_protocol_deregister(&protocol_v4, IPPROTO_ESP);
}

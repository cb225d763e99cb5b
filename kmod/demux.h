/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The route by which an SA's packets come in, remembered.
 *
 * IP looks up a route for each packet that arrives, only to learn that it is for this
 * host; and once more whether its source may come from there.  For TCP and UDP it
 * remembers the answer with the socket (net.ipv4.ip_early_demux).  The same is done
 * here with the SA: before IP looks up a route, the packet is given the one by which
 * the last authentic packet of its SA, from the same source address and device, was
 * delivered, if that is still valid.  All else, firewalls too, is as without.
 *
 * IPv4 only.
 */
#ifndef _IPSVTI_DEMUX_H
#define _IPSVTI_DEMUX_H

#include <linux/skbuff.h>
#include <net/dst.h>

struct ipsvti_net;
struct ipsvti_sa;

#if IS_ENABLED(CONFIG_NETFILTER)
void ipsvti_demux_begin(struct net *net, struct ipsvti_net *n);
void ipsvti_demux_end(struct net *net, struct ipsvti_net *n);
void ipsvti_demux_note(struct sk_buff *skb, const struct ipsvti_sa *sa);
void ipsvti_demux_learn(const struct sk_buff *skb, struct ipsvti_sa *sa);
void ipsvti_demux_forget(struct ipsvti_sa *sa);
#else
static inline void ipsvti_demux_begin(struct net *net, struct ipsvti_net *n)
{
}

static inline void ipsvti_demux_end(struct net *net, struct ipsvti_net *n)
{
}

static inline void ipsvti_demux_note(struct sk_buff *skb,
				     const struct ipsvti_sa *sa)
{
}

static inline void ipsvti_demux_learn(const struct sk_buff *skb,
				      struct ipsvti_sa *sa)
{
}

static inline void ipsvti_demux_forget(struct ipsvti_sa *sa)
{
}
#endif

#endif /* _IPSVTI_DEMUX_H */

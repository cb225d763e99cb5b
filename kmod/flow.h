/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does a packet belong to an SA?  What its traffic selectors want to know is read out
 * of the packet here.  No lock: selectors never change.
 */
#ifndef _IPSVTI_FLOW_H
#define _IPSVTI_FLOW_H

#include <linux/if_ether.h>
#include <linux/skbuff.h>

#include "sa.h"
#include "selector.h"

bool ipsvti_flow_look(const struct sk_buff *skb, const struct ipsvti_sa *sa);

/**
 * ipsvti_flow_allowed - tell if a packet belongs to an SA
 * @skb: inner packet at its IP header, skb->protocol tells of which version
 * @sa: the SA
 *
 * Without selectors this is one look at a flag of the SA, and with selectors that let
 * all of a family pass, two for that family.
 *
 * Context: any, @sa is held or still visible.
 * Return: true if it does.
 */
static inline bool ipsvti_flow_allowed(const struct sk_buff *skb,
				       const struct ipsvti_sa *sa)
{
	u8 family;

	if (likely(!sa->narrow))
		return true;
	family = skb->protocol == htons(ETH_P_IP) ? IPSVTI_FLOW_V4 :
						    IPSVTI_FLOW_V6;
	return !(sa->narrow & family) || ipsvti_flow_look(skb, sa);
}

#endif /* _IPSVTI_FLOW_H */

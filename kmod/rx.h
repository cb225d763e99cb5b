/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reception: from ESP to the inner packet.
 */
#ifndef _IPSVTI_RX_H
#define _IPSVTI_RX_H

#include <linux/skbuff.h>

struct ipsvti_sa;

/**
 * struct ipsvti_rx_cb - what a packet on its way through reception carries
 * @sa: its SA
 * @seq: its sequence number
 * @arrived: of a packet that waits for its keys: jiffies of its arrival
 * @outer_tos: traffic class of the outer header
 * @natt_sport: UDP source port; 0, it came as ESP
 * @natt_dport: UDP destination port
 * @learn: it holds its route, which is to be remembered if it is authentic
 * @held: it has waited for its keys
 */
struct ipsvti_rx_cb {
	struct ipsvti_sa *sa;
	u64 seq;
	unsigned long arrived;
	u8 outer_tos;
	__be16 natt_sport;
	__be16 natt_dport;
	bool learn;
	bool held;
};

static_assert(sizeof(struct ipsvti_rx_cb) <= sizeof_field(struct sk_buff, cb));

#define IPSVTI_RX_CB(skb) ((struct ipsvti_rx_cb *)(skb)->cb)

int ipsvti_rx(struct sk_buff *skb, bool natt);
void ipsvti_rx_sa(struct sk_buff *skb, struct ipsvti_sa *sa);
void ipsvti_rx_post(struct sk_buff *skb, int err);

#endif /* _IPSVTI_RX_H */

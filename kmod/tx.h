/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transmission: from the inner packet to ESP.
 */
#ifndef _IPSVTI_TX_H
#define _IPSVTI_TX_H

#include <linux/netdevice.h>

struct ipsvti_sa;

netdev_tx_t ipsvti_tx(struct sk_buff *skb, struct net_device *dev);
void ipsvti_tx_post(struct sk_buff *skb, struct ipsvti_sa *sa, int err);

#endif /* _IPSVTI_TX_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cutting large TCP packets into segments.
 */
#ifndef _IPSVTI_GSO_H
#define _IPSVTI_GSO_H

#include <linux/skbuff.h>

struct sk_buff *ipsvti_gso(struct sk_buff *skb, unsigned int headroom,
			   unsigned int tailroom);

#endif /* _IPSVTI_GSO_H */

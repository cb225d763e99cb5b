/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making TCP send segments that fit the tunnel.
 */
#ifndef _IPSVTI_CLAMP_H
#define _IPSVTI_CLAMP_H

#include <linux/types.h>

struct ipsvti_config;
struct ipsvti_dev;
struct sk_buff;

bool ipsvti_clamp(struct sk_buff *skb, const struct ipsvti_dev *vdev,
		  const struct ipsvti_config *config, bool sum_later);

#endif /* _IPSVTI_CLAMP_H */

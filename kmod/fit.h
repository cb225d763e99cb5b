/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inner packets and the MTU of the path.
 */
#ifndef _IPSVTI_FIT_H
#define _IPSVTI_FIT_H

#include <linux/types.h>

struct ipsvti_config;
struct ipsvti_dev;
struct ipsvti_sa;
struct sk_buff;

bool ipsvti_fit(struct sk_buff *skb, struct ipsvti_dev *vdev,
		const struct ipsvti_config *config, const struct ipsvti_sa *sa,
		u32 path, unsigned int *cut);

#endif /* _IPSVTI_FIT_H */

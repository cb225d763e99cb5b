/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What time does to pairs: reservations nobody completed go, and before them packets
 * that wait for their keys; inbound SAs whose grace is over go, SAs reach their limits
 * of seconds.  One delayed work item for each device looks after all of its pairs;
 * everything is protected by ipsvti_bundle::lock.
 */
#ifndef _IPSVTI_LIFE_H
#define _IPSVTI_LIFE_H

#include <linux/types.h>

struct ipsvti_dev;
struct ipsvti_pair;

void ipsvti_life_init(struct ipsvti_dev *vdev);
void ipsvti_life_exit(struct ipsvti_dev *vdev);
void ipsvti_life_new(struct ipsvti_pair *pair);
void ipsvti_life_limits(struct ipsvti_dev *vdev, struct ipsvti_pair *pair);
void ipsvti_life_ends(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
		      u32 seconds);

#endif /* _IPSVTI_LIFE_H */

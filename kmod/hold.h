/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that arrive for a reserved SPI before its keys do.
 *
 * A peer may send with its new SA as soon as it has answered a rekey, which is
 * before we can have installed our side.  Such packets are kept for a moment,
 * few and not for long, and received when the keys are there, before any that come
 * later.
 */
#ifndef _IPSVTI_HOLD_H
#define _IPSVTI_HOLD_H

#include <linux/types.h>

struct ipsvti_sa;
struct sk_buff;

bool ipsvti_hold_add(struct ipsvti_sa *sa, struct sk_buff *skb);
void ipsvti_hold_age(struct ipsvti_sa *larval);
void ipsvti_hold_given(struct ipsvti_sa *sa);
void ipsvti_hold_back(struct ipsvti_sa *sa);
void ipsvti_hold_release(struct ipsvti_sa *larval, struct ipsvti_sa *sa);
void ipsvti_hold_drop(struct ipsvti_sa *larval);

#endif /* _IPSVTI_HOLD_H */

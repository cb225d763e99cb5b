/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cutting inner packets before encryption.
 */
#ifndef _IPSVTI_FRAG_H
#define _IPSVTI_FRAG_H

struct ipsvti_sa;
struct sk_buff;

struct sk_buff *ipsvti_frag(struct sk_buff *list, const struct ipsvti_sa *sa,
			    unsigned int mtu);

#endif /* _IPSVTI_FRAG_H */

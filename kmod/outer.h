/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The outer packet: its route, its headers, its way out.
 *
 * Routes are cached per CPU in the configuration that they were looked up for,
 * see struct ipsvti_config, or with the address that a peer was followed to, see
 * struct ipsvti_peer.
 */
#ifndef _IPSVTI_OUTER_H
#define _IPSVTI_OUTER_H

#include <linux/types.h>

struct dst_entry;
struct ipsvti_config;
struct ipsvti_dev;
struct ipsvti_sa;
struct ipsvti_to;
struct in6_addr;
struct sk_buff;

/**
 * struct ipsvti_inner - what the outer header takes from the inner one
 * @tos: traffic class
 * @df: the outer packet must not be fragmented on its way
 */
struct ipsvti_inner {
	u8 tos;
	bool df;
};

struct dst_entry *ipsvti_outer_lookup(const struct ipsvti_dev *vdev,
				      const struct ipsvti_config *config,
				      const struct in6_addr *remote, bool natt);
struct dst_entry *ipsvti_outer_route(const struct ipsvti_dev *vdev,
				     const struct ipsvti_config *config,
				     const struct ipsvti_sa *sa,
				     const struct ipsvti_to *to);
unsigned int ipsvti_outer_len(const struct ipsvti_config *config,
			      const struct ipsvti_sa *sa);
bool ipsvti_outer_came_back(const struct sk_buff *skb,
			    const struct ipsvti_dev *vdev,
			    const struct ipsvti_sa *sa,
			    const struct ipsvti_to *to);
void ipsvti_outer_push(struct sk_buff *skb, const struct ipsvti_dev *vdev,
		       const struct ipsvti_config *config,
		       const struct ipsvti_sa *sa, const struct ipsvti_to *to,
		       struct dst_entry *dst, const struct ipsvti_inner *inner);
int ipsvti_outer_send(struct sk_buff *skb, const struct ipsvti_dev *vdev);

#endif /* _IPSVTI_OUTER_H */

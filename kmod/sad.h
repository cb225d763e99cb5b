/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Security association database of one network namespace (RFC 4301, 4.4.2).
 *
 * Found under RCU.  Writers hold the bundle lock of the SA's device; the tables
 * have locks of their own for what writers of several devices do at once.
 */
#ifndef _IPSVTI_SAD_H
#define _IPSVTI_SAD_H

#include <linux/rhashtable-types.h>

#include "sa.h"

struct net;

/**
 * struct ipsvti_sad - security association database
 * @in: inbound SAs by destination address and SPI, larval ones included
 * @out: outbound SAs by SPI, for ICMP errors.  The peer chose these SPIs, and
 *	several peers may choose the same one.
 */
struct ipsvti_sad {
	struct rhashtable in;
	struct rhltable out;
};

int ipsvti_sad_init(struct ipsvti_sad *sad);
void ipsvti_sad_exit(struct ipsvti_sad *sad);
int ipsvti_sad_add(struct ipsvti_sad *sad, struct ipsvti_sa *sa);
int ipsvti_sad_replace(struct ipsvti_sad *sad, struct ipsvti_sa *old,
		       struct ipsvti_sa *new);
void ipsvti_sad_remove(struct ipsvti_sad *sad, struct ipsvti_sa *sa);
struct ipsvti_sa *ipsvti_sad_find_in(const struct net *net,
				     const struct in6_addr *daddr, __be32 spi);
struct ipsvti_sa *ipsvti_sad_find_in_v4(const struct net *net, __be32 daddr,
					__be32 spi);
struct ipsvti_sa *ipsvti_sad_find_out(struct ipsvti_sad *sad,
				      const struct in6_addr *saddr,
				      const struct in6_addr *daddr, __be32 spi);

#endif /* _IPSVTI_SAD_H */

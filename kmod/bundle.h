/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The SA pairs of a device and which of them is in use.
 *
 *	          spi-alloc          sa-pair-new
 *	   (none) ---------> larval -----------+-> staged
 *	      |                                |      | activate, first packet
 *	      +--------------------------------+      v
 *	          sa-pair-new                       active
 *	                                              | another one was activated,
 *	                                              | sa-del with grace, its
 *	                                              | sequence numbers are used up,
 *	                                              v or a hard limit is reached
 *	   (gone) <------------------------------- draining
 *	          sa-del, end of grace, or half a minute after a hard limit inbound
 *
 * A staged pair that reaches a hard limit goes to draining as well.
 *
 * From every state a pair can be deleted.  Exactly one rule ties the bundle to
 * the device: it has carrier if and only if there is an active pair.
 *
 * ipsvti_bundle::lock protects all of it, and orders the events: they are sent
 * with the lock held, so that listeners learn of changes in the order in which
 * these happen.  BHs must be disabled to take it, as received packets do.  Inside
 * of it, the locks of the SAD may be taken; outside of it, RTNL.
 */
#ifndef _IPSVTI_BUNDLE_H
#define _IPSVTI_BUNDLE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <uapi/linux/ipsvti.h>

struct ipsvti_dev;
struct ipsvti_sa;
struct netlink_ext_ack;

/* Pairs of one device, hence live inbound SAs, larval ones included. */
#define IPSVTI_PAIRS_MAX 8

/* So many seconds packets for an expired inbound SA are counted as such. */
#define IPSVTI_EXPIRED_TIME 30

/**
 * struct ipsvti_pair_times - when something is due for a pair
 * @ends: it is removed
 * @age: while it is larval, packets that wait for its keys may be too old
 * @soft_in: soft limit of seconds of the inbound SA
 * @hard_in: hard limit of seconds of the inbound SA
 * @soft_out: soft limit of seconds of the outbound SA
 * @hard_out: hard limit of seconds of the outbound SA
 *
 * As get_jiffies_64() counts, which does not wrap; U64_MAX, never, or done.
 */
struct ipsvti_pair_times {
	u64 ends;
	u64 age;
	u64 soft_in;
	u64 hard_in;
	u64 soft_out;
	u64 hard_out;
};

/**
 * struct ipsvti_pair - an SA pair
 * @node: entry in &ipsvti_bundle.pairs
 * @id: its id, never used twice
 * @state: where it is in its life
 * @activation: when it becomes active
 * @in: inbound SA; larval as long as the pair is
 * @out: outbound SA; NULL if larval or draining
 * @encap: &enum ipsvti_encap of outbound packets, kept while draining
 * @sport: UDP source port
 * @dport: UDP destination port; where the peer was last followed to, if it was
 * @follow: with ESP in UDP, follow the peer when its NAT moves it
 * @expired: why it drains, if that is a hard limit; else the soft limit reached last,
 *	or 0
 * @owner: the socket that it goes with, see owner.h; only to be compared; NULL, none
 * @due: when something is due for it
 */
struct ipsvti_pair {
	struct list_head node;
	u32 id;
	enum ipsvti_pair_state state;
	enum ipsvti_activation activation;
	struct ipsvti_sa *in;
	struct ipsvti_sa *out;
	u8 encap;
	__be16 sport;
	__be16 dport;
	bool follow;
	enum ipsvti_reason expired;
	const struct ipsvti_owner *owner;
	struct ipsvti_pair_times due;
};

/**
 * struct ipsvti_bundle - the SA pairs of a device
 * @lock: protects everything here, the contents of the pairs, the writing of
 *	ipsvti_dev::out and (with RTNL) of ipsvti_dev::config, and the carrier
 * @pairs: all pairs, by growing id, which is by age
 * @count: how many
 * @active: the pair whose outbound SA is ipsvti_dev::out, or NULL
 * @reason: why the carrier is as it is
 * @dead: the device is being removed: no pair may be added
 * @life: does what is due for pairs
 * @moves_since: jiffies at which @moves was 0
 * @moves: how often the peer was followed since then
 */
struct ipsvti_bundle {
	/* everything here, the writing of ipsvti_dev::out, the carrier */
	spinlock_t lock;
	struct list_head pairs;
	unsigned int count;
	struct ipsvti_pair *active;
	enum ipsvti_reason reason;
	bool dead;
	struct delayed_work life;
	unsigned long moves_since;
	unsigned int moves;
};

void ipsvti_bundle_init(struct ipsvti_dev *vdev);
void ipsvti_bundle_exit(struct ipsvti_dev *vdev);

/* pair.c */
int ipsvti_bundle_reserve(struct ipsvti_dev *vdev, u32 seconds,
			  const struct ipsvti_owner *owner, u32 *id,
			  __be32 *spi, struct netlink_ext_ack *extack);
int ipsvti_bundle_install(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
			  u32 *id, enum ipsvti_pair_state *state,
			  struct netlink_ext_ack *extack);
/* bundle.c */
int ipsvti_bundle_activate(struct ipsvti_dev *vdev, u32 id,
			   struct netlink_ext_ack *extack);
int ipsvti_bundle_delete(struct ipsvti_dev *vdev, u32 id, u32 grace,
			 struct netlink_ext_ack *extack);
void ipsvti_bundle_flush(struct ipsvti_dev *vdev,
			 const struct ipsvti_owner *owner,
			 enum ipsvti_reason reason);
void ipsvti_bundle_heard(struct ipsvti_dev *vdev, struct ipsvti_sa *sa);
void ipsvti_bundle_reached(struct ipsvti_dev *vdev, struct ipsvti_sa *sa,
			   u32 reached);

/* For those who hold the lock. */
struct ipsvti_pair *__ipsvti_bundle_find(struct ipsvti_dev *vdev, u32 id,
					 struct netlink_ext_ack *extack);
void ipsvti_pair_set_state(const struct ipsvti_dev *vdev,
			   struct ipsvti_pair *pair,
			   enum ipsvti_pair_state state,
			   enum ipsvti_reason reason);
void __ipsvti_bundle_switch(struct ipsvti_dev *vdev, struct ipsvti_pair *to,
			    enum ipsvti_reason reason);
void __ipsvti_bundle_remove(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
			    enum ipsvti_reason reason);
void __ipsvti_bundle_flush(struct ipsvti_dev *vdev,
			   const struct ipsvti_owner *owner,
			   enum ipsvti_reason reason);
void __ipsvti_bundle_soft(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
			  struct ipsvti_sa *sa, enum ipsvti_reason reason);
void __ipsvti_bundle_hard(struct ipsvti_dev *vdev, struct ipsvti_pair *pair,
			  struct ipsvti_sa *sa, enum ipsvti_reason reason);

#endif /* _IPSVTI_BUNDLE_H */

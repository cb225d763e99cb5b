/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One security association: one direction, one SPI, one key.
 *
 * What the SA was made with never changes after it is published, and needs no
 * lock; its limits and its traffic selectors belong to that.  Sequence numbers, and
 * outbound what the limit of octets counts, are atomic; the replay window has its own
 * lock, under which inbound packets and octets are counted, too; the statistics are
 * per CPU.
 *
 * Lifetime.  Whoever can find an SA under RCU (through the SAD or through
 * ipsvti_dev::out) may use it until rcu_read_unlock(), and take a reference for
 * longer.  The pair that it belongs to holds one, which is dropped a grace period
 * after the SA was taken out of sight; each asynchronous crypto request holds one
 * more.  The last put frees it by a work item, since freeing a cipher may sleep.
 * References are counted by each CPU for itself.
 */
#ifndef _IPSVTI_SA_H
#define _IPSVTI_SA_H

#include <linux/in6.h>
#include <linux/percpu-refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <uapi/linux/ipsvti.h>

#include "alg.h"
#include "limit.h"
#include "replay.h"
#include "selector.h"
#include "seq.h"

struct ipsvti_demux;
struct ipsvti_dev;
struct ipsvti_peer;
struct ipsvti_sa_stats;

/* At most so many packets wait for the keys of a reserved SPI, ... */
#define IPSVTI_HOLD_MAX 128
/* ... with so many octets of memory, ... */
#define IPSVTI_HOLD_SIZE (2 << 20)
/* ... and none for longer than this, nor twice this until it is known to be in vain. */
#define IPSVTI_HOLD_TIME (2 * HZ)

/**
 * struct ipsvti_sa_key - what an inbound SA is found by
 * @daddr: outer destination address, IPv4 as IPv4-mapped
 * @spi: security parameters index
 */
struct ipsvti_sa_key {
	struct in6_addr daddr;
	__be32 spi;
};

/**
 * struct ipsvti_sa - a security association
 * @vdev: the device it belongs to
 * @tfm: the cipher with the key; NULL, this SA is larval: its SPI is reserved
 * @transform: the algorithm
 * @async: @tfm may answer later, so that each request needs memory of its own
 * @inbound: its direction
 * @esn: it has extended sequence numbers
 * @limited: octets, or inbound octets or packets, must be counted
 * @narrow: families, as bits, of which @selectors do not let all packets pass
 * @salt: first octets of the nonce
 * @stats: per CPU packets and octets
 * @limits: what it may protect
 * @selectors: which packets belong to it; NULL, all
 * @installed: get_jiffies_64() of its installation; set before it is published
 * @expired: the limit it has reached last, or 0; &ipsvti_bundle.lock
 * @in: what only inbound SAs have
 * @in.key: what it is found by
 * @in.node: entry in ipsvti_sad::in
 * @in.route: by which its packets come in, see demux.h; NULL, not known
 * @in.replay: which sequence numbers were seen; written under @in.lock
 * @in.lock: protects @in.replay, @in.over, @in.bytes, @in.packets, @in.closed, @in.held,
 *	@in.held_size and, when others see the SA, @in.holds
 * @in.heard: an authenticated packet has arrived; set under the bundle lock
 * @in.over: a hard limit is reached: no packet is accepted any more
 * @in.bytes: octets that were accepted, if @limited
 * @in.packets: packets that were accepted, if @limited
 * @in.holds: packets are kept for later: the SA is larval, which it stays for who has
 *	found it, or those that came before it had keys are still being received
 * @in.closed: larval no more: nothing may be added to @in.held
 * @in.held: packets that are kept
 * @in.held_size: the memory they take, in octets
 * @in.given: of those that waited, how many the cipher has that may answer later
 * @out: what only outbound SAs have
 * @out.spi: security parameters index
 * @out.node: entry in ipsvti_sad::out
 * @out.seq: allocator of sequence numbers; it stops at the limit of packets
 * @out.start: the number before the first
 * @out.watch: no number below it deserves a look, see ipsvti_sa_numbers()
 * @out.end: what the last number means, &enum ipsvti_reason
 * @out.bytes: octets that were accepted, if @limited
 * @out.encap: &enum ipsvti_encap
 * @out.sport: UDP source port
 * @out.dport: UDP destination port, unless @out.peer says otherwise
 * @out.follow: with ESP in UDP, follow the peer when its NAT moves it
 * @out.peer: where it was followed to; NULL, it is where it was; see nat.h
 * @ref: references; counted by each CPU for itself, as each packet takes one if the
 *	cipher may answer later
 * @free_work: frees it
 */
struct ipsvti_sa {
	struct ipsvti_dev *vdev;
	struct crypto_aead *tfm;
	const struct ipsvti_transform *transform;
	bool async;
	bool inbound;
	bool esn;
	bool limited;
	u8 narrow;
	u8 salt[IPSVTI_SALT_MAX];
	struct ipsvti_sa_stats __percpu *stats;
	struct ipsvti_limits limits;
	const struct ipsvti_selectors *selectors;
	u64 installed;
	enum ipsvti_reason expired;
	union {
		struct {
			struct ipsvti_sa_key key;
			struct rhash_head node;
			struct ipsvti_demux __rcu *route;
			struct ipsvti_replay *replay;
			/* replay, limits, held packets */
			spinlock_t lock;
			bool heard;
			bool over;
			bool holds;
			bool closed;
			atomic64_t bytes;
			atomic64_t packets;
			struct sk_buff_head held;
			unsigned int held_size;
			atomic_t given;
		} in;
		struct {
			__be32 spi;
			struct rhlist_head node;
			struct ipsvti_seq seq;
			u64 start;
			u64 watch;
			enum ipsvti_reason end;
			atomic64_t bytes;
			u8 encap;
			__be16 sport;
			__be16 dport;
			bool follow;
			struct ipsvti_peer __rcu *peer;
		} out;
	};
	struct percpu_ref ref;
	struct work_struct free_work;
};

/**
 * struct ipsvti_sa_params - what an SA is made from
 * @inbound: direction
 * @spi: security parameters index
 * @transform: algorithm; NULL with @inbound, make a larval SA
 * @key: key of the algorithm's length, copied nowhere but into the cipher
 * @salt: salt of the algorithm's length; NULL if it has none
 * @daddr: inbound: outer destination address
 * @esn: extended sequence numbers
 * @window: inbound: replay window in packets
 * @last_seq: outbound: the last number that was used already; inbound: the
 *	highest that was received already
 * @limits: what it may protect
 * @selectors: which packets belong to it, copied; NULL, all
 * @encap: outbound: &enum ipsvti_encap
 * @sport: outbound: UDP source port
 * @dport: outbound: UDP destination port
 * @follow: outbound: follow the peer when its NAT moves it
 */
struct ipsvti_sa_params {
	bool inbound;
	__be32 spi;
	const struct ipsvti_transform *transform;
	const u8 *key;
	const u8 *salt;
	struct in6_addr daddr;
	bool esn;
	u32 window;
	u64 last_seq;
	struct ipsvti_limits limits;
	const struct ipsvti_selectors *selectors;
	u8 encap;
	__be16 sport;
	__be16 dport;
	bool follow;
};

struct ipsvti_sa *ipsvti_sa_new(struct ipsvti_dev *vdev,
				const struct ipsvti_sa_params *params);
void ipsvti_sa_retire(struct ipsvti_sa *sa);
u32 ipsvti_sa_numbers(const struct ipsvti_sa *sa, u64 before, u64 last);
void ipsvti_sa_close(struct ipsvti_sa *sa);
void ipsvti_sa_used(const struct ipsvti_sa *sa, u64 *bytes, u64 *packets);

/**
 * ipsvti_sa_hold - take a reference to an SA
 * @sa: the SA, found under RCU, or of a pair with the bundle lock held
 *
 * Context: any, inside the RCU section or under the lock that found @sa.
 */
static inline void ipsvti_sa_hold(struct ipsvti_sa *sa)
{
	percpu_ref_get(&sa->ref);
}

/**
 * ipsvti_sa_put - drop a reference that ipsvti_sa_hold() took
 * @sa: the SA; freed if that was the last one
 *
 * Context: any.
 */
static inline void ipsvti_sa_put(struct ipsvti_sa *sa)
{
	percpu_ref_put(&sa->ref);
}

static inline __be32 ipsvti_sa_spi(const struct ipsvti_sa *sa)
{
	return sa->inbound ? sa->in.key.spi : sa->out.spi;
}

static inline bool ipsvti_sa_larval(const struct ipsvti_sa *sa)
{
	return !sa->tfm;
}

#endif /* _IPSVTI_SA_H */

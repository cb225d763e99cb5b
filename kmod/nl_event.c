// SPDX-License-Identifier: GPL-2.0
/*
 * Events: what is told to the multicast group "sa".
 *
 * An event may be lost, for want of memory here or of room in a listener's socket;
 * the listener is told that there was one, and finds all it said in a dump.
 */
#include <net/genetlink.h>

#include "dev.h"
#include "nl.h"
#include "nl_gen.h"

/**
 * struct event - an event being written
 * @net: namespace of its listeners: the one the device is in
 * @msg: the message, or NULL if nobody listens or there was no memory
 * @hdr: its header
 */
struct event {
	struct net *net;
	struct sk_buff *msg;
	void *hdr;
};

static void lost(const struct event *e)
{
	genl_set_err(&ipsvti_nl_family, e->net, 0, IPSVTI_NLGRP_SA, -ENOBUFS);
}

static bool event_begin(struct event *e, const struct ipsvti_dev *vdev, u8 cmd)
{
	e->net = dev_net(vdev->dev);
	if (!genl_has_listeners(&ipsvti_nl_family, e->net, IPSVTI_NLGRP_SA))
		return false;
	e->msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!e->msg) {
		lost(e);
		return false;
	}
	e->hdr = genlmsg_put(e->msg, 0, 0, &ipsvti_nl_family, 0, cmd);
	return true;
}

/* @err: what putting the attributes said. */
static void event_end(struct event *e, int err)
{
	if (WARN_ON_ONCE(err || !e->hdr)) {
		nlmsg_free(e->msg);
		lost(e);
		return;
	}
	genlmsg_end(e->msg, e->hdr);
	genlmsg_multicast_netns(&ipsvti_nl_family, e->net, e->msg, 0,
				IPSVTI_NLGRP_SA, GFP_ATOMIC);
}

/**
 * ipsvti_event_carrier - the carrier has changed
 * @vdev: the device
 *
 * Context: bundle lock held.
 */
void ipsvti_event_carrier(struct ipsvti_dev *vdev)
{
	const struct ipsvti_bundle *b = &vdev->bundle;
	struct event e;
	int err;

	lockdep_assert_held(&b->lock);
	if (!event_begin(&e, vdev, IPSVTI_CMD_CARRIER_NTF))
		return;
	err = nla_put_u32(e.msg, IPSVTI_A_TUNNEL_IFINDEX, vdev->dev->ifindex) ?:
		      nla_put_string(e.msg, IPSVTI_A_TUNNEL_IFNAME, vdev->dev->name) ?:
		      nla_put_u8(e.msg, IPSVTI_A_TUNNEL_CARRIER, !!b->active) ?:
		      nla_put_u32(e.msg, IPSVTI_A_TUNNEL_REASON, b->reason);
	if (!err && b->active)
		err = nla_put_u32(e.msg, IPSVTI_A_TUNNEL_ACTIVE_PAIR,
				  b->active->id);
	event_end(&e, err);
}

/**
 * ipsvti_event_deleted - a pair goes
 * @vdev: the device
 * @pair: the pair, still whole
 * @reason: why
 *
 * Context: bundle lock held.
 */
void ipsvti_event_deleted(struct ipsvti_dev *vdev,
			  const struct ipsvti_pair *pair,
			  enum ipsvti_reason reason)
{
	struct event e;
	int err;

	lockdep_assert_held(&vdev->bundle.lock);
	if (!event_begin(&e, vdev, IPSVTI_CMD_SA_DEL_NTF))
		return;
	err = nla_put_u32(e.msg, IPSVTI_A_PAIR_IFINDEX, vdev->dev->ifindex) ?:
		      nla_put_u32(e.msg, IPSVTI_A_PAIR_PAIR_ID, pair->id)   ?:
		      nla_put_u32(e.msg, IPSVTI_A_PAIR_REASON, reason)	    ?:
		      ipsvti_nl_put_sa(e.msg, IPSVTI_A_PAIR_IN, pair->in);
	if (!err && pair->out)
		err = ipsvti_nl_put_sa(e.msg, IPSVTI_A_PAIR_OUT, pair->out);
	event_end(&e, err);
}

/**
 * ipsvti_event_first_rx - the first authenticated packet of a pair has arrived
 * @vdev: the device
 * @pair: the pair
 *
 * Context: bundle lock held.
 */
void ipsvti_event_first_rx(struct ipsvti_dev *vdev,
			   const struct ipsvti_pair *pair)
{
	struct event e;
	int err;

	lockdep_assert_held(&vdev->bundle.lock);
	if (!event_begin(&e, vdev, IPSVTI_CMD_SA_FIRST_RX_NTF))
		return;
	err = nla_put_u32(e.msg, IPSVTI_A_PAIR_IFINDEX, vdev->dev->ifindex) ?:
		      nla_put_u32(e.msg, IPSVTI_A_PAIR_PAIR_ID, pair->id)   ?:
		      nla_put_u32(e.msg, IPSVTI_A_PAIR_STATE, pair->state);
	event_end(&e, err);
}

/**
 * ipsvti_event_expire - an SA nears its end, or has reached it
 * @vdev: the device
 * @pair: the pair
 * @sa: its SA, in or out
 * @reason: which of the two, and why
 *
 * Context: bundle lock held.
 */
void ipsvti_event_expire(struct ipsvti_dev *vdev,
			 const struct ipsvti_pair *pair,
			 const struct ipsvti_sa *sa, enum ipsvti_reason reason)
{
	struct event e;
	int err;

	lockdep_assert_held(&vdev->bundle.lock);
	if (!event_begin(&e, vdev, IPSVTI_CMD_SA_EXPIRE_NTF))
		return;
	err = nla_put_u32(e.msg, IPSVTI_A_PAIR_IFINDEX, vdev->dev->ifindex) ?:
		      nla_put_u32(e.msg, IPSVTI_A_PAIR_PAIR_ID, pair->id)   ?:
		      nla_put_u32(e.msg, IPSVTI_A_PAIR_REASON, reason)	    ?:
		      ipsvti_nl_put_sa(e.msg,
				       sa->inbound ? IPSVTI_A_PAIR_IN :
						     IPSVTI_A_PAIR_OUT,
				       sa);
	event_end(&e, err);
}

/**
 * ipsvti_event_acquire - a packet found no outbound SA
 * @vdev: the device
 *
 * Context: BHs disabled.
 */
void ipsvti_event_acquire(struct ipsvti_dev *vdev)
{
	struct event e;
	int err;

	if (!event_begin(&e, vdev, IPSVTI_CMD_ACQUIRE_NTF))
		return;
	err = nla_put_u32(e.msg, IPSVTI_A_TUNNEL_IFINDEX, vdev->dev->ifindex) ?:
		      nla_put_string(e.msg, IPSVTI_A_TUNNEL_IFNAME,
				     vdev->dev->name);
	event_end(&e, err);
}

/**
 * ipsvti_event_auth_fail - the integrity check of packets has failed
 * @vdev: the device
 * @sa: inbound SA of the latest one
 * @count: how many
 *
 * Context: BHs disabled, RCU.
 */
void ipsvti_event_auth_fail(struct ipsvti_dev *vdev, const struct ipsvti_sa *sa,
			    u32 count)
{
	struct nlattr *nest;
	struct event e;
	int err;

	if (!event_begin(&e, vdev, IPSVTI_CMD_AUTH_FAIL_NTF))
		return;
	err = nla_put_u32(e.msg, IPSVTI_A_PAIR_IFINDEX, vdev->dev->ifindex) ?:
		      nla_put_u32(e.msg, IPSVTI_A_PAIR_AUTH_FAILED, count);
	nest = nla_nest_start(e.msg, IPSVTI_A_PAIR_IN);
	if (!err && nest)
		err = nla_put_be32(e.msg, IPSVTI_A_SA_SPI, ipsvti_sa_spi(sa));
	if (nest)
		nla_nest_end(e.msg, nest);
	event_end(&e, nest ? err : -EMSGSIZE);
}

/**
 * ipsvti_event_float - the peer of a pair was followed to another address or port
 * @vdev: the device
 * @pair: the pair, which has an outbound SA
 *
 * Context: bundle lock held.
 */
void ipsvti_event_float(struct ipsvti_dev *vdev, const struct ipsvti_pair *pair)
{
	struct event e;
	int err;

	lockdep_assert_held(&vdev->bundle.lock);
	if (!event_begin(&e, vdev, IPSVTI_CMD_FLOAT_NTF))
		return;
	err = nla_put_u32(e.msg, IPSVTI_A_PAIR_IFINDEX, vdev->dev->ifindex) ?:
		      nla_put_u32(e.msg, IPSVTI_A_PAIR_PAIR_ID, pair->id)   ?:
		      nla_put_be16(e.msg, IPSVTI_A_PAIR_ENCAP_DPORT, pair->dport) ?:
		      ipsvti_nl_put_remote(e.msg, vdev, pair);
	event_end(&e, err);
}

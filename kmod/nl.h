/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family, see Documentation/netlink/specs/ipsvti.yaml.
 *
 * Operations run in parallel and take what locks they need: RTNL to change a
 * configuration, the bundle lock for SAs.  Events are sent with the bundle lock
 * held, see bundle.h.
 */
#ifndef _IPSVTI_NL_H
#define _IPSVTI_NL_H

#include <linux/netdevice.h>
#include <net/genetlink.h>

#include <uapi/linux/ipsvti.h>

struct ipsvti_dev;
struct ipsvti_owner;
struct ipsvti_pair;
struct ipsvti_sa;
struct ipsvti_selectors;

extern struct genl_family ipsvti_nl_family;

/**
 * ipsvti_refuse - say why a request is refused
 * @extack: where to say it
 * @attr: the attribute that is wrong, or NULL
 * @err: negative error
 * @why: the cause, a literal
 *
 * Return: @err.
 */
static inline int ipsvti_refuse(struct netlink_ext_ack *extack,
				const struct nlattr *attr, int err,
				const char *why)
{
	if (extack) {
		extack->_msg = why;
		NL_SET_BAD_ATTR(extack, attr);
	}
	return err;
}

/*
 * What netlink_callback::args are, of a dump of all tunnels: the index of the tunnel to
 * go on with (0, the first), the same as a pointer, only to be compared, and the id of
 * its last pair that is done.
 */
enum {
	IPSVTI_DUMP_IFINDEX,
	IPSVTI_DUMP_DEV,
	IPSVTI_DUMP_PAIR,
};

#define IPSVTI_DUMP_END (-1L)

int ipsvti_nl_register(void);
void ipsvti_nl_unregister(void);

/* For the handlers. */
struct ipsvti_dev *ipsvti_nl_dev_get(struct genl_info *info, int attr,
				     netdevice_tracker *tracker);
void ipsvti_nl_dev_put(struct ipsvti_dev *vdev, netdevice_tracker *tracker);
struct ipsvti_dev *ipsvti_nl_next_dev(struct net *net,
				      const struct ipsvti_dev *last);
struct ipsvti_dev *ipsvti_nl_dump_begin(struct netlink_callback *cb);
void ipsvti_nl_dump_end(struct netlink_callback *cb,
			const struct ipsvti_dev *vdev);
const struct ipsvti_owner *ipsvti_nl_owner(struct genl_info *info);
int ipsvti_nl_reply(struct genl_info *info, struct sk_buff *msg, void *hdr);
int ipsvti_nl_put_sa(struct sk_buff *msg, int attr, const struct ipsvti_sa *sa);
int ipsvti_nl_put_remote(struct sk_buff *msg, const struct ipsvti_dev *vdev,
			 const struct ipsvti_pair *pair);

/* Traffic selectors. */
int ipsvti_nl_ts_read(const struct nlattr *nest, bool inbound,
		      const struct ipsvti_selectors **selectors,
		      struct netlink_ext_ack *extack);
int ipsvti_nl_ts_put(struct sk_buff *msg, const struct ipsvti_sa *sa);

/* Events. */
void ipsvti_event_carrier(struct ipsvti_dev *vdev);
void ipsvti_event_deleted(struct ipsvti_dev *vdev,
			  const struct ipsvti_pair *pair,
			  enum ipsvti_reason reason);
void ipsvti_event_first_rx(struct ipsvti_dev *vdev,
			   const struct ipsvti_pair *pair);
void ipsvti_event_expire(struct ipsvti_dev *vdev,
			 const struct ipsvti_pair *pair,
			 const struct ipsvti_sa *sa, enum ipsvti_reason reason);
void ipsvti_event_acquire(struct ipsvti_dev *vdev);
void ipsvti_event_auth_fail(struct ipsvti_dev *vdev, const struct ipsvti_sa *sa,
			    u32 count);
void ipsvti_event_float(struct ipsvti_dev *vdev,
			const struct ipsvti_pair *pair);

#endif /* _IPSVTI_NL_H */

// SPDX-License-Identifier: GPL-2.0-or-later
/* Network devices by rtnetlink: see libipsvti.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"

#define KIND "ipsvti"

static const char not_known[] =
	"the kernel does not know devices of kind ipsvti: the module is not loaded (modprobe ipsvti)";

struct ipsvti_rtnl {
	struct nl_conn conn;
};

int ipsvti_rtnl_open(struct ipsvti_rtnl **rtp, struct ipsvti_error *err)
{
	struct ipsvti_rtnl *rt;
	int ret;

	rt = calloc(1, sizeof(*rt));
	if (!rt)
		return nl_fail(err, ENOMEM, "out of memory");
	ret = nl_conn_open(&rt->conn, NETLINK_ROUTE, err);
	if (ret) {
		ipsvti_rtnl_close(rt);
		return ret;
	}
	*rtp = rt;
	return 0;
}

void ipsvti_rtnl_close(struct ipsvti_rtnl *rt)
{
	if (!rt)
		return;
	nl_conn_close(&rt->conn);
	free(rt);
}

struct nl_conn *link_conn(struct ipsvti_rtnl *rt)
{
	return &rt->conn;
}

static void link_request(struct wire_request *req, uint16_t type,
			 uint16_t flags, const struct ifinfomsg *ifi)
{
	wire_request_init(req, type, NLM_F_ACK | flags, ifi, sizeof(*ifi),
			  &wire_iflink_set);
}

/*
 * Copies a string attribute that fits; false if it does not. In netlink a string
 * may end with a zero or just end.
 */
static bool take_string(char *to, size_t room, const struct nlattr *nla)
{
	size_t len;

	if (!nla)
		return false;
	len = strnlen(mnl_attr_get_payload(nla), mnl_attr_get_payload_len(nla));
	if (!len || len >= room)
		return false;
	memcpy(to, mnl_attr_get_payload(nla), len);
	to[len] = '\0';
	return true;
}

static int take_linkinfo(const struct nlattr *info, struct ipsvti_link *link)
{
	const struct nlattr *tb[WIRE_ATTRS], *data;

	if (wire_index(mnl_attr_get_payload(info),
		       mnl_attr_get_payload_len(info), tb))
		return -EPROTO;
	/* A kind too long for us is none of ours. */
	if (!take_string(link->kind, sizeof(link->kind), tb[IFLA_INFO_KIND]))
		return 0;
	data = tb[IFLA_INFO_DATA];
	if (!data || strcmp(link->kind, KIND))
		return 0;
	return wire_get(mnl_attr_get_payload(data),
			mnl_attr_get_payload_len(data), &wire_link_set, link);
}

int link_take(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[WIRE_ATTRS];
	struct ipsvti_link *link = data;
	size_t len = mnl_nlmsg_get_payload_len(nlh);

	if (nlh->nlmsg_type != RTM_NEWLINK || len < sizeof(*ifi))
		return -EPROTO;
	if (wire_index(ifi + 1, len - sizeof(*ifi), tb))
		return -EPROTO;
	if (!take_string(link->name, sizeof(link->name), tb[IFLA_IFNAME]))
		return -EPROTO;
	link->ifindex = ifi->ifi_index;
	link->up = ifi->ifi_flags & IFF_UP;
	if (tb[IFLA_CARRIER] &&
	    mnl_attr_validate(tb[IFLA_CARRIER], MNL_TYPE_U8) >= 0)
		link->carrier = mnl_attr_get_u8(tb[IFLA_CARRIER]);
	if (tb[IFLA_MTU] && mnl_attr_validate(tb[IFLA_MTU], MNL_TYPE_U32) >= 0)
		link->mtu = mnl_attr_get_u32(tb[IFLA_MTU]);
	if (!tb[IFLA_LINKINFO])
		return 0;
	return take_linkinfo(tb[IFLA_LINKINFO], link);
}

int ipsvti_link_get(struct ipsvti_rtnl *rt, const char *name,
		    struct ipsvti_link *link, struct ipsvti_error *err)
{
	const struct ifinfomsg ifi = {};
	struct wire_request req;
	int ret;

	memset(link, 0, sizeof(*link));
	if (!*name || strlen(name) >= IF_NAMESIZE)
		return nl_fail(err, ENODEV,
			       "a device name has 1 to %d characters",
			       IF_NAMESIZE - 1);
	link_request(&req, RTM_GETLINK, 0, &ifi);
	mnl_attr_put_strz(&req.nlh, IFLA_IFNAME, name);
	ret = nl_conn_talk(&rt->conn, &req, link_take, link, err);
	if (ret == -ENODEV)
		return nl_fail(err, ENODEV, "there is no device \"%s\"", name);
	if (!ret && !link->ifindex)
		return nl_fail(err, EPROTO, "the kernel's answer is damaged");
	return ret;
}

void link_add_request(struct wire_request *req, const struct ipsvti_link *link)
{
	const struct ifinfomsg ifi = {
		.ifi_flags = link->up ? IFF_UP : 0,
		.ifi_change = link->up ? IFF_UP : 0,
	};
	struct nlattr *info, *data;

	link_request(req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi);
	mnl_attr_put_strz(&req->nlh, IFLA_IFNAME, link->name);
	if (link->mtu)
		mnl_attr_put_u32(&req->nlh, IFLA_MTU, link->mtu);
	info = mnl_attr_nest_start(&req->nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(&req->nlh, IFLA_INFO_KIND, KIND);
	data = mnl_attr_nest_start(&req->nlh, IFLA_INFO_DATA);
	/* Fails only for keys, and a link has none. */
	wire_put(&req->nlh, &wire_link_set, link);
	mnl_attr_nest_end(&req->nlh, data);
	mnl_attr_nest_end(&req->nlh, info);
}

int ipsvti_link_add(struct ipsvti_rtnl *rt, const struct ipsvti_link *link,
		    struct ipsvti_error *err)
{
	struct wire_request req;
	int ret;

	link_add_request(&req, link);
	ret = nl_conn_talk(&rt->conn, &req, NULL, NULL, err);
	/* These two are rtnetlink's own, and it says little about them. */
	if (ret == -EEXIST && err && !strcmp(err->text, strerror(EEXIST)))
		return nl_fail(err, EEXIST, "there is a device \"%s\" already",
			       link->name);
	if (ret == -EOPNOTSUPP && err &&
	    !strcmp(err->text, "Unknown device type"))
		return nl_fail(err, EOPNOTSUPP, not_known);
	return ret;
}

int ipsvti_link_set_up(struct ipsvti_rtnl *rt, unsigned int ifindex, bool up,
		       struct ipsvti_error *err)
{
	const struct ifinfomsg ifi = {
		.ifi_index = ifindex,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = IFF_UP,
	};
	struct wire_request req;

	link_request(&req, RTM_NEWLINK, 0, &ifi);
	return nl_conn_talk(&rt->conn, &req, NULL, NULL, err);
}

int ipsvti_link_del(struct ipsvti_rtnl *rt, unsigned int ifindex,
		    struct ipsvti_error *err)
{
	const struct ifinfomsg ifi = { .ifi_index = ifindex };
	struct wire_request req;

	link_request(&req, RTM_DELLINK, 0, &ifi);
	return nl_conn_talk(&rt->conn, &req, NULL, NULL, err);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes of devices, addresses and routes by rtnetlink: see libipsvti.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "link.h"
#include "monitor.h"

struct ipsvti_monitor {
	struct nl_conn conn;
};

int ipsvti_monitor_open(struct ipsvti_monitor **monitorp,
			struct ipsvti_error *err)
{
	static const int groups[] = {
		RTNLGRP_LINK,	     RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
	};
	struct ipsvti_monitor *monitor;
	size_t i;
	int ret;

	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return nl_fail(err, ENOMEM, "out of memory");
	ret = nl_conn_open(&monitor->conn, NETLINK_ROUTE, err);
	for (i = 0; !ret && i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		/* A kernel without IPv6 has no groups for it, and needs none. */
		if (mnl_socket_setsockopt(monitor->conn.sock,
					  NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) &&
		    group != RTNLGRP_IPV6_IFADDR && group != RTNLGRP_IPV6_ROUTE)
			ret = nl_fail(err, errno,
				      "cannot subscribe to changes: %s",
				      strerror(errno));
	}
	if (ret) {
		ipsvti_monitor_close(monitor);
		return ret;
	}
	*monitorp = monitor;
	return 0;
}

void ipsvti_monitor_close(struct ipsvti_monitor *monitor)
{
	if (!monitor)
		return;
	nl_conn_close(&monitor->conn);
	free(monitor);
}

int ipsvti_monitor_fd(const struct ipsvti_monitor *monitor)
{
	return mnl_socket_get_fd(monitor->conn.sock);
}

static bool take_link(const struct nlmsghdr *nlh, struct ipsvti_change *change)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	/* Bridges tell of ports in the same words, in a family of their own. */
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi) ||
	    ifi->ifi_family != AF_UNSPEC)
		return false;
	if (nlh->nlmsg_type == RTM_NEWLINK) {
		change->type = IPSVTI_CHANGE_LINK;
		return !link_take(nlh, &change->link);
	}
	change->type = IPSVTI_CHANGE_LINK_GONE;
	change->link.ifindex = ifi->ifi_index;
	return true;
}

static bool take_change(const struct nlmsghdr *nlh, struct ipsvti_change *change)
{
	memset(change, 0, sizeof(*change));
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return take_link(nlh, change);
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		change->type = IPSVTI_CHANGE_ROUTING;
		return true;
	}
	return false;
}

void monitor_feed(const void *buf, size_t len, ipsvti_change_cb cb, void *data)
{
	const struct nlmsghdr *nlh = buf;
	struct ipsvti_change change;
	int left = len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		if (take_change(nlh, &change))
			cb(&change, data);
}

int ipsvti_monitor_read(struct ipsvti_monitor *monitor, ipsvti_change_cb cb,
			void *data, struct ipsvti_error *err)
{
	const struct ipsvti_change lost = { .type = IPSVTI_CHANGE_LOST };
	struct nl_conn *conn = &monitor->conn;
	ssize_t got;

	for (;;) {
		got = nl_receive(conn->sock, conn->buf, MSG_DONTWAIT);
		if (got == -EAGAIN)
			return 0;
		if (got == -ENOBUFS)
			cb(&lost, data);
		else if (got < 0)
			return nl_fail(err, -got, "cannot hear the kernel: %s",
				       strerror(-got));
		else
			monitor_feed(conn->buf, got, cb, data);
	}
}

/* ---- routes -------------------------------------------------------------- */

static void put_addr(struct nlmsghdr *nlh, uint16_t type,
		     const struct ipsvti_addr *addr)
{
	if (addr->family == AF_INET)
		mnl_attr_put(nlh, type, sizeof(addr->v4), &addr->v4);
	else
		mnl_attr_put(nlh, type, sizeof(addr->v6), &addr->v6);
}

void route_request(struct wire_request *req, const struct ipsvti_addr *local,
		   const struct ipsvti_addr *remote, uint32_t mark, unsigned int oif)
{
	uint8_t bits = remote->family == AF_INET ? 32 : 128;
	const struct rtmsg rtm = {
		.rtm_family = remote->family,
		.rtm_dst_len = bits,
		.rtm_src_len = bits,
	};

	wire_request_init(req, RTM_GETROUTE, NLM_F_ACK, &rtm, sizeof(rtm),
			  NULL);
	put_addr(&req->nlh, RTA_DST, remote);
	put_addr(&req->nlh, RTA_SRC, local);
	if (mark)
		mnl_attr_put_u32(&req->nlh, RTA_MARK, mark);
	if (oif)
		mnl_attr_put_u32(&req->nlh, RTA_OIF, oif);
}

int route_take(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[WIRE_ATTRS], *gateway;
	size_t len = mnl_nlmsg_get_payload_len(nlh);
	struct ipsvti_route *route = data;

	if (nlh->nlmsg_type != RTM_NEWROUTE || len < sizeof(*rtm) ||
	    wire_index(rtm + 1, len - sizeof(*rtm), tb))
		return -EPROTO;
	if (!tb[RTA_OIF] || mnl_attr_validate(tb[RTA_OIF], MNL_TYPE_U32) < 0)
		return -EPROTO;
	route->ifindex = mnl_attr_get_u32(tb[RTA_OIF]);
	gateway = tb[RTA_GATEWAY];
	if (!gateway)
		return 0;
	if (rtm->rtm_family == AF_INET &&
	    mnl_attr_get_payload_len(gateway) == sizeof(route->gateway.v4))
		memcpy(&route->gateway.v4, mnl_attr_get_payload(gateway),
		       sizeof(route->gateway.v4));
	else if (rtm->rtm_family == AF_INET6 &&
		 mnl_attr_get_payload_len(gateway) == sizeof(route->gateway.v6))
		memcpy(&route->gateway.v6, mnl_attr_get_payload(gateway),
		       sizeof(route->gateway.v6));
	else
		return -EPROTO;
	route->gateway.family = rtm->rtm_family;
	return 0;
}

int ipsvti_route_get(struct ipsvti_rtnl *rt, const struct ipsvti_addr *local,
		     const struct ipsvti_addr *remote,
		     struct ipsvti_route *route, struct ipsvti_error *err)
{
	return ipsvti_route_get_by(rt, local, remote, 0, 0, route, err);
}

int ipsvti_route_get_by(struct ipsvti_rtnl *rt, const struct ipsvti_addr *local,
			const struct ipsvti_addr *remote, uint32_t mark,
			unsigned int oif, struct ipsvti_route *route,
			struct ipsvti_error *err)
{
	struct wire_request req;
	int ret;

	memset(route, 0, sizeof(*route));
	route_request(&req, local, remote, mark, oif);
	ret = nl_conn_talk(link_conn(rt), &req, route_take, route, err);
	if (ret)
		memset(route, 0, sizeof(*route));
	return ret;
}

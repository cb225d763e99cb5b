// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking the kernel what there is to know of a tunnel: see facts.h. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "facts.h"

static bool take_address(const char *from, struct ipsvti_addr *to)
{
	memset(to, 0, sizeof(*to));
	to->family = strchr(from, ':') ? AF_INET6 : AF_INET;
	return inet_pton(to->family, from,
			 to->family == AF_INET ? (void *)&to->v4 :
						 (void *)&to->v6) == 1;
}

static bool is_address(const struct sockaddr *sa, const struct ipsvti_addr *addr)
{
	if (!sa || sa->sa_family != addr->family)
		return false;
	if (addr->family == AF_INET)
		return !memcmp(&((const struct sockaddr_in *)sa)->sin_addr,
			       &addr->v4, sizeof(addr->v4));
	return !memcmp(&((const struct sockaddr_in6 *)sa)->sin6_addr, &addr->v6,
		       sizeof(addr->v6));
}

static bool is_inner(const struct sockaddr *sa)
{
	if (!sa)
		return false;
	if (sa->sa_family == AF_INET)
		return true;
	return sa->sa_family == AF_INET6 &&
	       !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)sa)->sin6_addr);
}

static void look_at_addresses(struct facts *facts, const char *device,
			      const struct ipsvti_addr *local)
{
	struct ifaddrs *all, *a;

	facts->local_is_ours = true;
	if (getifaddrs(&all))
		return;
	facts->local_is_ours = false;
	for (a = all; a; a = a->ifa_next) {
		facts->local_is_ours |= is_address(a->ifa_addr, local);
		facts->addresses += !strcmp(a->ifa_name, device) &&
				    is_inner(a->ifa_addr);
	}
	freeifaddrs(all);
}

/* ---- routes into the device ----------------------------------------------- */

static bool hops_lead(const struct nlattr *attr, unsigned int ifindex)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	int left = mnl_attr_get_payload_len(attr);

	for (; RTNH_OK(hop, left); left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
		if (hop->rtnh_ifindex == (int)ifindex)
			return true;
	return false;
}

static int count_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct facts *facts = data;
	const struct nlattr *attr;
	bool leads = false;

	/* What the kernel makes of addresses by itself: that is no choice. */
	if (rtm->rtm_type != RTN_UNICAST || rtm->rtm_protocol == RTPROT_KERNEL)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		if (mnl_attr_get_type(attr) == RTA_OIF)
			leads |= mnl_attr_get_u32(attr) == facts->link.ifindex;
		else if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
			leads |= hops_lead(attr, facts->link.ifindex);
	}
	facts->routes += leads;
	return MNL_CB_OK;
}

static bool count_routes(struct facts *facts)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char buf[32768];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;
	ssize_t n = -1;
	int ret = MNL_CB_ERROR;

	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = AF_UNSPEC;
	if (nl && !mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) &&
	    mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) > 0)
		do {
			n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
			ret = n < 0 ? MNL_CB_ERROR :
				      mnl_cb_run(buf, (size_t)n, 1,
						 mnl_socket_get_portid(nl),
						 count_route, facts);
		} while (ret == MNL_CB_OK);
	if (nl)
		mnl_socket_close(nl);
	return ret == MNL_CB_STOP;
}

/* ---- device and data path ------------------------------------------------- */

static void look_at_device(struct facts *facts, const char *device,
			   const struct ipsvti_addr *local,
			   const struct ipsvti_addr *remote)
{
	struct ipsvti_link bound;
	struct ipsvti_rtnl *rt;
	int ret;

	facts->underlay_error = -1;
	if (ipsvti_rtnl_open(&rt, NULL))
		return;
	facts->has_link = !ipsvti_link_get(rt, device, &facts->link, NULL);
	if (remote->family && facts->local_is_ours) {
		ret = ipsvti_route_get_by(rt, local, remote, facts->link.fwmark,
					  facts->link.link, &facts->underlay, NULL);
		facts->underlay_error = -ret;
		if (!ret)
			if_indextoname(facts->underlay.ifindex,
				       facts->underlay_name);
	}
	if (facts->link.link && if_indextoname(facts->link.link, facts->bound_name))
		facts->bound_is_vrf = !ipsvti_link_get(rt, facts->bound_name, &bound, NULL) &&
				      !strcmp(bound.kind, "vrf");
	ipsvti_rtnl_close(rt);
}

static void look_at_pair(struct facts *facts, struct ipsvti_nl *nl)
{
	struct ipsvti_pair *pairs;
	size_t count, i;

	if (ipsvti_sa_dump(nl, facts->link.ifindex, &pairs, &count, NULL))
		return;
	for (i = 0; i < count; i++) {
		if (pairs[i].state != IPSVTI_PAIR_STATE_ACTIVE)
			continue;
		facts->pair = pairs[i];
		facts->has_pair = true;
	}
	free(pairs);
}

void facts_gather(const json_t *tunnel, struct facts *facts)
{
	const char *device = text(tunnel, "interface");
	struct ipsvti_addr local, remote;
	struct ipsvti_nl *nl;

	memset(facts, 0, sizeof(*facts));
	if (!take_address(text(tunnel, "local"), &local))
		local.family = AF_UNSPEC;
	if (!take_address(text(tunnel, "remote"), &remote))
		remote.family = AF_UNSPEC;
	look_at_addresses(facts, device, &local);
	look_at_device(facts, device, &local, &remote);
	if (!facts->has_link || strcmp(facts->link.kind, "ipsvti"))
		return;
	facts->has_routes = count_routes(facts);
	if (ipsvti_nl_open(&nl, NULL))
		return;
	facts->has_tunnel = !ipsvti_tunnel_get(nl, facts->link.ifindex,
					       &facts->tunnel, NULL);
	look_at_pair(facts, nl);
	ipsvti_nl_close(nl);
}

/* Long enough for a ping, which is sent once in a second. */
#define LOOK_MS 2000

void facts_look_again(struct facts *facts)
{
	const struct timespec pause = { .tv_sec = LOOK_MS / 1000 };
	struct ipsvti_tunnel later;
	struct ipsvti_nl *nl;

	if (!findings_want_look(facts) || ipsvti_nl_open(&nl, NULL))
		return;
	nanosleep(&pause, NULL);
	if (!ipsvti_tunnel_get(nl, facts->link.ifindex, &later, NULL)) {
		facts->looked_before = facts->tunnel.counters;
		facts->look_ms = LOOK_MS;
		facts->tunnel = later;
	}
	ipsvti_nl_close(nl);
}

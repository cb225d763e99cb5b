// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes of devices, addresses and routes. */
#include "tests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "link.h"
#include "monitor.h"

static struct ipsvti_change got;
static size_t count;

static void take(const struct ipsvti_change *change, void *data)
{
	assert_ptr_equal(data, &got);
	got = *change;
	count++;
}

static void feed(const void *buf, size_t len)
{
	count = 0;
	monitor_feed(buf, len, take, &got);
}

static void new_link(struct wire_request *msg, uint8_t family)
{
	const struct ifinfomsg ifi = { .ifi_family = family, .ifi_index = 6 };
	struct nlattr *info;

	wire_request_init(msg, RTM_NEWLINK, 0, &ifi, sizeof(ifi), NULL);
	mnl_attr_put_strz(&msg->nlh, IFLA_IFNAME, "vti0");
	info = mnl_attr_nest_start(&msg->nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(&msg->nlh, IFLA_INFO_KIND, "ipsvti");
	mnl_attr_nest_end(&msg->nlh, info);
}

static void devices(void **state)
{
	struct wire_request msg;

	(void)state;
	new_link(&msg, AF_UNSPEC);
	feed(msg.buf, msg.nlh.nlmsg_len);
	assert_int_equal(count, 1);
	assert_int_equal(got.type, IPSVTI_CHANGE_LINK);
	assert_int_equal(got.link.ifindex, 6);
	assert_string_equal(got.link.name, "vti0");
	assert_string_equal(got.link.kind, "ipsvti");
	msg.nlh.nlmsg_type = RTM_DELLINK;
	feed(msg.buf, msg.nlh.nlmsg_len);
	assert_int_equal(count, 1);
	assert_int_equal(got.type, IPSVTI_CHANGE_LINK_GONE);
	assert_int_equal(got.link.ifindex, 6);
	/* a port that leaves its bridge is still there */
	new_link(&msg, AF_BRIDGE);
	msg.nlh.nlmsg_type = RTM_DELLINK;
	feed(msg.buf, msg.nlh.nlmsg_len);
	assert_int_equal(count, 0);
}

static void routing(void **state)
{
	static const uint16_t types[] = { RTM_NEWADDR, RTM_DELADDR,
					  RTM_NEWROUTE, RTM_DELROUTE };
	const struct rtmsg rtm = { .rtm_family = AF_INET };
	struct wire_request msg;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		wire_request_init(&msg, types[i], 0, &rtm, sizeof(rtm), NULL);
		feed(msg.buf, msg.nlh.nlmsg_len);
		assert_int_equal(count, 1);
		assert_int_equal(got.type, IPSVTI_CHANGE_ROUTING);
	}
	wire_request_init(&msg, RTM_NEWNEIGH, 0, &rtm, sizeof(rtm), NULL);
	feed(msg.buf, msg.nlh.nlmsg_len);
	assert_int_equal(count, 0);
}

static void damaged(void **state)
{
	struct wire_request msg;
	uint32_t i;
	char *copy;

	(void)state;
	new_link(&msg, AF_UNSPEC);
	for (i = sizeof(struct nlmsghdr); i < msg.nlh.nlmsg_len; i++) {
		copy = malloc(i);
		memcpy(copy, msg.buf, i);
		((struct nlmsghdr *)copy)->nlmsg_len = i;
		feed(copy, i);
		free(copy);
	}
}

static void routes_of_this_machine(void **state)
{
	struct ipsvti_addr here = { .family = AF_INET };
	struct ipsvti_rtnl *rt = NULL;
	struct ipsvti_route route;
	struct ipsvti_error err;

	(void)state;
	inet_pton(AF_INET, "127.0.0.1", &here.v4);
	assert_int_equal(ipsvti_rtnl_open(&rt, &err), 0);
	assert_int_equal(ipsvti_route_get(rt, &here, &here, &route, &err), 0);
	assert_int_equal(route.ifindex, if_nametoindex("lo"));
	assert_int_equal(route.gateway.family, AF_UNSPEC);
	/* not an address of ours */
	inet_pton(AF_INET, "192.0.2.77", &here.v4);
	assert_int_not_equal(ipsvti_route_get(rt, &here, &here, &route, &err),
			     0);
	assert_int_equal(route.ifindex, 0);
	ipsvti_rtnl_close(rt);
}

static void addresses_of_this_machine(void **state)
{
	struct ipsvti_addr addr = { .family = AF_INET };
	struct ipsvti_rtnl *rt = NULL;
	unsigned int ifindex = 0;
	struct ipsvti_error err;

	(void)state;
	assert_int_equal(ipsvti_rtnl_open(&rt, &err), 0);
	inet_pton(AF_INET, "127.0.0.1", &addr.v4);
	assert_int_equal(ipsvti_addr_find(rt, &addr, &ifindex, &err), 0);
	assert_int_equal(ifindex, if_nametoindex("lo"));
	inet_pton(AF_INET, "192.0.2.77", &addr.v4);
	assert_int_equal(ipsvti_addr_find(rt, &addr, &ifindex, &err), 0);
	assert_int_equal(ifindex, 0);
	ipsvti_rtnl_close(rt);
}

static void addresses(void **state)
{
	const struct ifaddrmsg ifa = { .ifa_family = AF_INET6, .ifa_index = 3 };
	struct ipsvti_addr addr = { .family = AF_INET6 };
	struct addr_search search = { .addr = &addr };
	struct wire_request msg;
	struct in6_addr other;

	(void)state;
	inet_pton(AF_INET6, "2001:db8::1", &addr.v6);
	inet_pton(AF_INET6, "2001:db8::2", &other);
	wire_request_init(&msg, RTM_NEWADDR, 0, &ifa, sizeof(ifa), NULL);
	assert_int_equal(addr_take(&msg.nlh, &search), -EPROTO);
	/* That of the other end is not ours. */
	mnl_attr_put(&msg.nlh, IFA_ADDRESS, sizeof(addr.v6), &addr.v6);
	mnl_attr_put(&msg.nlh, IFA_LOCAL, sizeof(other), &other);
	assert_int_equal(addr_take(&msg.nlh, &search), 0);
	assert_int_equal(search.ifindex, 0);
	wire_request_init(&msg, RTM_NEWADDR, 0, &ifa, sizeof(ifa), NULL);
	mnl_attr_put(&msg.nlh, IFA_ADDRESS, sizeof(addr.v6), &addr.v6);
	assert_int_equal(addr_take(&msg.nlh, &search), 0);
	assert_int_equal(search.ifindex, 3);
	wire_request_init(&msg, RTM_NEWADDR, 0, &ifa, sizeof(ifa), NULL);
	mnl_attr_put(&msg.nlh, IFA_ADDRESS, 4, &addr.v6);
	assert_int_equal(addr_take(&msg.nlh, &search), -EPROTO);
	addr.family = AF_INET;
	assert_int_equal(addr_take(&msg.nlh, &search), 0);
	msg.nlh.nlmsg_type = RTM_DELADDR;
	assert_int_equal(addr_take(&msg.nlh, &search), -EPROTO);
}

static void gateway(void **state)
{
	const struct rtmsg rtm = { .rtm_family = AF_INET6 };
	struct ipsvti_route route = {};
	struct wire_request msg;
	struct in6_addr via;

	(void)state;
	inet_pton(AF_INET6, "2001:db8::fe", &via);
	wire_request_init(&msg, RTM_NEWROUTE, 0, &rtm, sizeof(rtm), NULL);
	assert_int_equal(route_take(&msg.nlh, &route), -EPROTO);
	mnl_attr_put_u32(&msg.nlh, RTA_OIF, 3);
	mnl_attr_put(&msg.nlh, RTA_GATEWAY, sizeof(via), &via);
	assert_int_equal(route_take(&msg.nlh, &route), 0);
	assert_int_equal(route.ifindex, 3);
	assert_int_equal(route.gateway.family, AF_INET6);
	assert_memory_equal(&route.gateway.v6, &via, sizeof(via));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(devices),
	cmocka_unit_test(routing),
	cmocka_unit_test(damaged),
	cmocka_unit_test(routes_of_this_machine),
	cmocka_unit_test(gateway),
	cmocka_unit_test(addresses),
	cmocka_unit_test(addresses_of_this_machine),
};

SUITE(monitor_suite, tests);

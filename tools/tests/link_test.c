// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices by rtnetlink. */
#include "tests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "link.h"

static struct ipsvti_link sample(void)
{
	struct ipsvti_link link = {
		.has = IPSVTI_HAS(IFLA_IPSVTI_LINK) |
		       IPSVTI_HAS(IFLA_IPSVTI_FWMARK) |
		       IPSVTI_HAS(IFLA_IPSVTI_TTL) |
		       IPSVTI_HAS(IFLA_IPSVTI_DSCP) |
		       IPSVTI_HAS(IFLA_IPSVTI_DF) |
		       IPSVTI_HAS(IFLA_IPSVTI_MTU_AUTO),
		.name = "vti0",
		.up = true,
		.mtu = 1400,
		.local.family = AF_INET,
		.remote.family = AF_INET6,
		.link = 2,
		.fwmark = 0x51,
		.ttl = 64,
		.dscp = 46,
		.df = IPSVTI_DF_CLEAR,
		.mtu_auto = true,
	};

	inet_pton(AF_INET, "192.0.2.1", &link.local.v4);
	inet_pton(AF_INET6, "2001:db8::1", &link.remote.v6);
	return link;
}

/* What is asked for is what would be read back. */
static void there_and_back(void **state)
{
	struct ipsvti_link link = sample(), back = {};
	struct wire_request req;

	(void)state;
	link_add_request(&req, &link);
	assert_int_equal(req.nlh.nlmsg_type, RTM_NEWLINK);
	assert_int_equal(req.nlh.nlmsg_flags,
			 NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	assert_int_equal(link_take(&req.nlh, &back), 0);
	assert_string_equal(back.kind, "ipsvti");
	assert_string_equal(back.name, "vti0");
	assert_true(back.up);
	assert_int_equal(back.mtu, 1400);
	assert_memory_equal(&back.local, &link.local, sizeof(link.local));
	assert_memory_equal(&back.remote, &link.remote, sizeof(link.remote));
	assert_int_equal(back.link, 2);
	assert_int_equal(back.fwmark, 0x51);
	assert_int_equal(back.ttl, 64);
	assert_int_equal(back.dscp, 46);
	assert_int_equal(back.df, IPSVTI_DF_CLEAR);
	assert_true(back.mtu_auto);
}

static void paths(void **state)
{
	struct ipsvti_link link = sample();
	struct wire_request req;
	char path[64];
	size_t at;

	(void)state;
	link_add_request(&req, &link);
	at = NLMSG_HDRLEN + sizeof(struct ifinfomsg);
	wire_path(&req, at, 0, path, sizeof(path));
	assert_string_equal(path, "ifname");
	/* ifname, mtu; linkinfo, kind; data, local */
	at += 12 + 8 + 4 + 12 + 4;
	wire_path(&req, at, 0, path, sizeof(path));
	assert_string_equal(path, "local");
	wire_path(&req, at + 8, 0, path, sizeof(path));
	assert_string_equal(path, "remote6");
}

static void damaged(void **state)
{
	struct ipsvti_link link = sample(), back;
	struct wire_request req;
	size_t len, i;

	(void)state;
	link_add_request(&req, &link);
	len = req.nlh.nlmsg_len;
	for (i = sizeof(req.nlh); i < len; i++) {
		req.nlh.nlmsg_len = i;
		memset(&back, 0, sizeof(back));
		link_take(&req.nlh, &back);
	}
	req.nlh.nlmsg_len = len - 4;
	assert_int_equal(link_take(&req.nlh, &back), -EPROTO);
	req.nlh.nlmsg_len = len;
	req.nlh.nlmsg_type = RTM_DELLINK;
	assert_int_equal(link_take(&req.nlh, &back), -EPROTO);
}

static void of_this_machine(void **state)
{
	struct ipsvti_rtnl *rt = NULL;
	struct ipsvti_error err;
	struct ipsvti_link link;

	(void)state;
	assert_int_equal(ipsvti_rtnl_open(&rt, &err), 0);
	assert_int_equal(ipsvti_link_get(rt, "lo", &link, &err), 0);
	assert_int_equal(link.ifindex, if_nametoindex("lo"));
	assert_string_equal(link.name, "lo");
	assert_string_equal(link.kind, "");
	assert_int_equal(ipsvti_link_get(rt, "no-such-dev", &link, &err),
			 -ENODEV);
	assert_string_equal(err.text, "there is no device \"no-such-dev\"");
	assert_int_equal(ipsvti_link_get(rt, "a-name-far-too-long", &link,
					 &err),
			 -ENODEV);
	assert_int_equal(ipsvti_link_get(rt, "", &link, &err), -ENODEV);
	assert_int_equal(ipsvti_link_set_up(rt, 0x7ffffff0, true, &err),
			 -ENODEV);
	ipsvti_rtnl_close(rt);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(there_and_back),
	cmocka_unit_test(paths),
	cmocka_unit_test(damaged),
	cmocka_unit_test(of_this_machine),
};

SUITE(link_suite, tests);

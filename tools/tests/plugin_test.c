// SPDX-License-Identifier: GPL-2.0-or-later
/* The plugin in the ip(8) of this machine, with fake_rtnl.c for a kernel. */
#include "tests.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link.h"

static char out[8192];
static char request_path[] = "/tmp/ipsvti-request-XXXXXX";
static char reply_path[] = "/tmp/ipsvti-reply-XXXXXX";

static int ip(const char *words)
{
	return run(
		out, sizeof(out),
		"IP_LIB_DIR=%s LD_PRELOAD=%s FAKE_REQUEST=%s FAKE_REPLY=%s ip %s 2>&1",
		from_env("PLUGIN_DIR"), from_env("FAKE_RTNL"), request_path,
		reply_path, words);
}

/* Runs "ip link WORDS" and reads the request it has made. */
static struct nlmsghdr *requested(const char *words, struct ipsvti_link *link)
{
	static char buf[4096] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = (void *)buf;
	char line[256];
	ssize_t len;
	int fd;

	snprintf(line, sizeof(line), "link %s", words);
	if (ip(line))
		fail_msg("ip %s: %s", line, out);
	assert_string_equal(out, "");
	fd = open(request_path, O_RDONLY);
	len = read(fd, buf, sizeof(buf));
	close(fd);
	assert_true(len > (ssize_t)sizeof(*nlh));
	assert_int_equal(nlh->nlmsg_len, len);
	/* What link_take() needs, and ip leaves out where it has the index. */
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "vti0");
	memset(link, 0, sizeof(*link));
	assert_int_equal(link_take(nlh, link), 0);
	assert_string_equal(link->kind, "ipsvti");
	return nlh;
}

static uint64_t options_of(const struct ipsvti_link *link)
{
	return link->has & ~(IPSVTI_HAS(IFLA_IPSVTI_LOCAL) |
			     IPSVTI_HAS(IFLA_IPSVTI_REMOTE) |
			     IPSVTI_HAS(IFLA_IPSVTI_LOCAL6) |
			     IPSVTI_HAS(IFLA_IPSVTI_REMOTE6));
}

static void help(void **state)
{
	(void)state;
	ip("link help ipsvti");
	assert_contains(out, "Usage: ... ipsvti [ local ADDR remote ADDR ]");
	assert_contains(out, "[ mtu-auto { on | off } ]");
}

static void add_plain(void **state)
{
	struct ipsvti_link link;
	struct nlmsghdr *nlh;

	(void)state;
	nlh = requested("add vti0 type ipsvti", &link);
	assert_true(nlh->nlmsg_flags & NLM_F_CREATE);
	assert_true(link.has == 0);
}

static void add_all(void **state)
{
	struct ipsvti_link link;
	char text[64];

	(void)state;
	requested(
		"add vti0 type ipsvti local 192.0.2.1 remote 198.51.100.2 dev lo fwmark 0x51 ttl 64 dscp 0x2e df clear mtu-auto off mss-clamp 1200 pre-frag off",
		&link);
	assert_int_equal(link.mss_clamp, 1200);
	assert_int_equal(link.local.family, AF_INET);
	inet_ntop(AF_INET, &link.local.v4, text, sizeof(text));
	assert_string_equal(text, "192.0.2.1");
	assert_int_equal(link.remote.family, AF_INET);
	inet_ntop(AF_INET, &link.remote.v4, text, sizeof(text));
	assert_string_equal(text, "198.51.100.2");
	assert_int_equal(link.link, if_nametoindex("lo"));
	assert_int_equal(link.fwmark, 0x51);
	assert_int_equal(link.ttl, 64);
	assert_int_equal(link.dscp, 46);
	assert_int_equal(link.df, IPSVTI_DF_CLEAR);
	assert_false(link.mtu_auto);
	assert_true(link.has & IPSVTI_HAS(IFLA_IPSVTI_MTU_AUTO));
	assert_false(link.pre_frag);
	assert_true(link.has & IPSVTI_HAS(IFLA_IPSVTI_PRE_FRAG));
}

static void add_names(void **state)
{
	struct ipsvti_link link;
	char text[64];

	(void)state;
	requested(
		"add vti0 type ipsvti local 2001:db8::1 remote 2001:db8::2 nodev ttl auto dscp copy df set mtu-auto on mss-clamp auto pre-frag on",
		&link);
	assert_int_equal(link.mss_clamp, IPSVTI_MSS_CLAMP_AUTO);
	assert_int_equal(link.local.family, AF_INET6);
	inet_ntop(AF_INET6, &link.remote.v6, text, sizeof(text));
	assert_string_equal(text, "2001:db8::2");
	assert_true(link.has & IPSVTI_HAS(IFLA_IPSVTI_LINK));
	assert_int_equal(link.link, 0);
	assert_true(link.has & IPSVTI_HAS(IFLA_IPSVTI_TTL));
	assert_int_equal(link.ttl, 0);
	assert_int_equal(link.dscp, IPSVTI_DSCP_COPY);
	assert_int_equal(link.df, IPSVTI_DF_SET);
	assert_true(link.mtu_auto);
	assert_true(link.pre_frag);
}

static void refused(void **state)
{
	static const struct {
		const char *words;
		const char *text;
	} bad[] = {
		{ "local", "Command line is not complete" },
		{ "local vpn.example", "argument \"vpn.example\" is wrong" },
		{ "remote 192.0.2", "expected an IPv4 or IPv6 address" },
		{ "dev no-such-dev", "Cannot find device \"no-such-dev\"" },
		{ "fwmark 0x100000000", "invalid fwmark" },
		{ "fwmark red", "invalid fwmark" },
		{ "ttl 0", "expected \"auto\" or 1 to 255" },
		{ "ttl 256", "expected \"auto\" or 1 to 255" },
		{ "dscp 64", "expected \"copy\" or 0 to 63" },
		{ "df maybe", "expected \"copy\", \"set\" or \"clear\"" },
		{ "mtu-auto maybe", "must be one of" },
		{ "pre-frag maybe", "must be one of" },
		{ "mss-clamp on", "expected \"off\", \"auto\" or 88 to" },
		{ "mss-clamp 1", "expected \"off\", \"auto\" or 88 to" },
		{ "mss-clamp 87", "expected \"off\", \"auto\" or 88 to" },
		{ "mss-clamp 65496", "expected \"off\", \"auto\" or 88 to" },
		{ "ttl 4 ttl 5", "duplicate \"ttl\"" },
		{ "dev lo nodev", "duplicate \"nodev\"" },
		{ "key 5", "ipsvti: unknown option \"key\"?" },
	};
	char line[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "link add vti0 type ipsvti %s",
			 bad[i].words);
		if (!ip(line))
			fail_msg("\"%s\" was taken", bad[i].words);
		assert_contains(out, bad[i].text);
	}
}

/* Lets the next RTM_GETLINK be answered with this device. */
static void answer_with(const struct ipsvti_link *link)
{
	struct wire_request msg;
	struct ifinfomsg *ifi;
	int fd;

	link_add_request(&msg, link);
	msg.nlh.nlmsg_flags = 0;
	ifi = (struct ifinfomsg *)(msg.buf + NLMSG_HDRLEN);
	ifi->ifi_index = 42;
	ifi->ifi_type = 65534;
	mnl_attr_put_u32(&msg.nlh, IFLA_TXQLEN, 0);
	fd = open(reply_path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, msg.buf, msg.nlh.nlmsg_len),
			 msg.nlh.nlmsg_len);
	close(fd);
}

static struct ipsvti_link shown(void)
{
	struct ipsvti_link link = {
		.has = IPSVTI_HAS(IFLA_IPSVTI_LINK) |
		       IPSVTI_HAS(IFLA_IPSVTI_FWMARK) |
		       IPSVTI_HAS(IFLA_IPSVTI_TTL) |
		       IPSVTI_HAS(IFLA_IPSVTI_DSCP) |
		       IPSVTI_HAS(IFLA_IPSVTI_DF) |
		       IPSVTI_HAS(IFLA_IPSVTI_MTU_AUTO) |
		       IPSVTI_HAS(IFLA_IPSVTI_MSS_CLAMP) |
		       IPSVTI_HAS(IFLA_IPSVTI_PRE_FRAG),
		.name = "vti0",
		.mtu = 1438,
		.local.family = AF_INET,
		.remote.family = AF_INET,
		.dscp = IPSVTI_DSCP_COPY,
		.mtu_auto = true,
		.mss_clamp = IPSVTI_MSS_CLAMP_AUTO,
		.pre_frag = true,
	};

	inet_pton(AF_INET, "192.0.2.1", &link.local.v4);
	inet_pton(AF_INET, "198.51.100.2", &link.remote.v4);
	return link;
}

static void change_sends_what_is_said(void **state)
{
	struct ipsvti_link link, old = shown();
	struct nlmsghdr *nlh;

	(void)state;
	/* ip looks for the device first. */
	answer_with(&old);
	nlh = requested("change vti0 type ipsvti remote 198.51.100.9 ttl 7",
			&link);
	assert_false(nlh->nlmsg_flags & NLM_F_CREATE);
	assert_int_equal(link.local.family, AF_UNSPEC);
	assert_int_equal(link.remote.family, AF_INET);
	assert_true(options_of(&link) == IPSVTI_HAS(IFLA_IPSVTI_TTL));
}

static json_t *info_data(void)
{
	json_t *all, *data;

	assert_int_equal(ip("-d -j link show dev vti0"), 0);
	all = json_loads(out, 0, NULL);
	if (!all)
		fail_msg("no JSON: %s", out);
	data = json_object_get(json_object_get(json_array_get(all, 0),
					       "linkinfo"),
			       "info_data");
	assert_non_null(data);
	json_incref(data);
	json_decref(all);
	return data;
}

static void assert_json(json_t *object, const char *key, const char *value)
{
	assert_non_null(json_object_get(object, key));
	assert_string_equal(json_string_value(json_object_get(object, key)),
			    value);
}

static void show_defaults(void **state)
{
	struct ipsvti_link link = shown();
	json_t *data;

	(void)state;
	answer_with(&link);
	assert_int_equal(ip("-d link show dev vti0"), 0);
	assert_contains(
		out,
		"ipsvti local 192.0.2.1 remote 198.51.100.2 ttl auto dscp copy df copy mtu-auto on mss-clamp auto pre-frag on ");
	data = info_data();
	assert_json(data, "local", "192.0.2.1");
	assert_json(data, "remote", "198.51.100.2");
	assert_json(data, "ttl", "auto");
	assert_json(data, "dscp", "copy");
	assert_json(data, "df", "copy");
	assert_true(json_is_true(json_object_get(data, "mtu_auto")));
	assert_json(data, "mss_clamp", "auto");
	assert_true(json_is_true(json_object_get(data, "pre_frag")));
	assert_null(json_object_get(data, "link"));
	assert_null(json_object_get(data, "fwmark"));
	json_decref(data);
}

static void show_all(void **state)
{
	struct ipsvti_link link = shown();
	json_t *data;

	(void)state;
	link.local.family = AF_INET6;
	link.remote.family = AF_INET6;
	inet_pton(AF_INET6, "2001:db8::1", &link.local.v6);
	inet_pton(AF_INET6, "2001:db8::2", &link.remote.v6);
	link.link = if_nametoindex("lo");
	link.fwmark = 0xdeadbeef;
	link.ttl = 255;
	link.dscp = 46;
	link.df = IPSVTI_DF_CLEAR;
	link.mtu_auto = false;
	link.mss_clamp = 1300;
	link.pre_frag = false;
	answer_with(&link);
	assert_int_equal(ip("-d link show dev vti0"), 0);
	assert_contains(
		out,
		"ipsvti local 2001:db8::1 remote 2001:db8::2 dev lo fwmark 0xdeadbeef ttl 255 dscp 46 df clear mtu-auto off mss-clamp 1300 pre-frag off ");
	data = info_data();
	assert_json(data, "local", "2001:db8::1");
	assert_json(data, "link", "lo");
	assert_json(data, "fwmark", "0xdeadbeef");
	assert_int_equal(json_integer_value(json_object_get(data, "ttl")), 255);
	assert_int_equal(json_integer_value(json_object_get(data, "dscp")), 46);
	assert_json(data, "df", "clear");
	assert_true(json_is_false(json_object_get(data, "mtu_auto")));
	assert_true(json_is_false(json_object_get(data, "pre_frag")));
	json_decref(data);
}

static void show_without_addresses(void **state)
{
	struct ipsvti_link link = shown();

	(void)state;
	memset(&link.local, 0, sizeof(link.local));
	memset(&link.remote, 0, sizeof(link.remote));
	answer_with(&link);
	assert_int_equal(ip("-d link show dev vti0"), 0);
	assert_contains(out, "ipsvti local any remote any ttl auto");
}

static int make_files(void **state)
{
	(void)state;
	close(mkstemp(request_path));
	close(mkstemp(reply_path));
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(request_path);
	unlink(reply_path);
	strcpy(request_path + strlen(request_path) - 6, "XXXXXX");
	strcpy(reply_path + strlen(reply_path) - 6, "XXXXXX");
	return 0;
}

#define WITH_FILES(test) \
	cmocka_unit_test_setup_teardown(test, make_files, remove_files)

static const struct CMUnitTest tests[] = {
	WITH_FILES(help),
	WITH_FILES(add_plain),
	WITH_FILES(add_all),
	WITH_FILES(add_names),
	WITH_FILES(change_sends_what_is_said),
	WITH_FILES(refused),
	WITH_FILES(show_defaults),
	WITH_FILES(show_all),
	WITH_FILES(show_without_addresses),
};

SUITE(plugin_suite, tests);

// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel answers, and what is made of it. */
#include "tests.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "genl.h"
#include "link.h"

#define PORTID 4711
#define SEQ 99
#define FAMILY 0x21

static struct wire_request request;
static int items;

static int count_items(const struct nlmsghdr *nlh, void *data)
{
	(void)data;
	assert_int_equal(nlh->nlmsg_type, FAMILY);
	items++;
	return 0;
}

static struct nl_dialog dialog_new(void)
{
	struct ipsvti_pair pair = {
		.has = IPSVTI_HAS(IPSVTI_A_PAIR_IN),
		.in.has = IPSVTI_HAS(IPSVTI_A_SA_SPI) |
			  IPSVTI_HAS(IPSVTI_A_SA_REPLAY_WINDOW),
	};

	pair_request(&request, FAMILY, &pair);
	request.nlh.nlmsg_seq = SEQ;
	items = 0;
	return (struct nl_dialog){
		.req = &request,
		.portid = PORTID,
		.cb = count_items,
	};
}

/* in.replay-window: behind the headers, ifindex, the nest's header and spi */
#define OFFSET_OF_WINDOW (NLMSG_HDRLEN + GENL_HDRLEN + 8 + 4 + 8)

static struct nlmsghdr *message(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = SEQ;
	nlh->nlmsg_pid = PORTID;
	return nlh;
}

static struct nlmsghdr *verdict(void *buf, int code, uint16_t flags)
{
	struct nlmsghdr *nlh = message(buf, NLMSG_ERROR, NLM_F_CAPPED | flags);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	e->error = code;
	e->msg = request.nlh;
	return nlh;
}

static char buf[4096] __attribute__((aligned(4)));

static int feed(struct nl_dialog *dialog, const struct nlmsghdr *nlh,
		struct ipsvti_error *err)
{
	memset(err, 0xee, sizeof(*err));
	return nl_dialog_feed(dialog, nlh, nlh->nlmsg_len, err);
}

static void acknowledged(void **state)
{
	struct nl_dialog dialog = dialog_new();
	struct ipsvti_error err;

	(void)state;
	assert_int_equal(feed(&dialog, message(buf, FAMILY, 0), &err), 0);
	assert_false(dialog.done);
	assert_int_equal(items, 1);
	assert_int_equal(feed(&dialog, verdict(buf, 0, 0), &err), 0);
	assert_true(dialog.done);
	assert_int_equal(items, 1);
}

static void refused_with_text_and_attribute(void **state)
{
	struct nl_dialog dialog = dialog_new();
	struct ipsvti_error err;
	struct nlmsghdr *nlh;
	char line[300];

	(void)state;
	nlh = verdict(buf, -EINVAL, NLM_F_ACK_TLVS);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "the window is no good");
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, OFFSET_OF_WINDOW);
	assert_int_equal(feed(&dialog, nlh, &err), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_true(err.refused);
	assert_string_equal(err.text, "the window is no good");
	assert_string_equal(err.attr, "in.replay-window");
	assert_string_equal(
		ipsvti_error_format(&err, line, sizeof(line)),
		"the window is no good (attribute in.replay-window)");
	ipsvti_error_format(&err, line, 8);
	assert_string_equal(line, "the win");
}

static void refused_by_policy(void **state)
{
	struct nl_dialog dialog = dialog_new();
	struct ipsvti_error err;
	struct nlmsghdr *nlh;
	struct nlattr *nest;

	(void)state;
	nlh = verdict(buf, -ERANGE, NLM_F_ACK_TLVS);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "integer out of range");
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, OFFSET_OF_WINDOW);
	nest = mnl_attr_nest_start(nlh, NLMSGERR_ATTR_POLICY);
	mnl_attr_put_u32(nlh, NL_POLICY_TYPE_ATTR_TYPE, NL_ATTR_TYPE_U32);
	mnl_attr_put_u64(nlh, NL_POLICY_TYPE_ATTR_MIN_VALUE_U, 64);
	mnl_attr_put_u64(nlh, NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 4096);
	mnl_attr_nest_end(nlh, nest);
	assert_int_equal(feed(&dialog, nlh, &err), -ERANGE);
	assert_string_equal(err.text,
			    "integer out of range: expected 64 to 4096");
	assert_string_equal(err.attr, "in.replay-window");

	dialog = dialog_new();
	nlh = verdict(buf, -EINVAL, NLM_F_ACK_TLVS);
	nest = mnl_attr_nest_start(nlh, NLMSGERR_ATTR_POLICY);
	mnl_attr_put_u32(nlh, NL_POLICY_TYPE_ATTR_MIN_LENGTH, 16);
	mnl_attr_put_u32(nlh, NL_POLICY_TYPE_ATTR_MAX_LENGTH, 16);
	mnl_attr_nest_end(nlh, nest);
	assert_int_equal(feed(&dialog, nlh, &err), -EINVAL);
	assert_string_equal(err.text, "Invalid argument: expected 16 octets");
	assert_string_equal(err.attr, "");
}

static void refused_for_what_is_missing(void **state)
{
	struct nl_dialog dialog = dialog_new();
	struct ipsvti_error err;
	struct nlmsghdr *nlh;

	(void)state;
	nlh = verdict(buf, -EINVAL, NLM_F_ACK_TLVS);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE, IPSVTI_A_PAIR_OUT);
	assert_int_equal(feed(&dialog, nlh, &err), -EINVAL);
	assert_string_equal(err.text, "a required attribute is missing");
	assert_string_equal(err.attr, "out");

	dialog = dialog_new();
	nlh = verdict(buf, -EINVAL, NLM_F_ACK_TLVS);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "no key");
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE, IPSVTI_A_SA_KEY);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_NEST,
			 NLMSG_HDRLEN + GENL_HDRLEN + 8);
	assert_int_equal(feed(&dialog, nlh, &err), -EINVAL);
	assert_string_equal(err.text, "no key");
	assert_string_equal(err.attr, "in.key");
}

static void refused_without_text(void **state)
{
	struct nl_dialog dialog = dialog_new();
	struct ipsvti_error err;

	(void)state;
	assert_int_equal(feed(&dialog, verdict(buf, -ENODEV, 0), &err),
			 -ENODEV);
	assert_string_equal(err.text, "No such device");
	assert_true(err.refused);
	dialog = dialog_new();
	assert_int_equal(feed(&dialog, verdict(buf, -EPERM, 0), &err), -EPERM);
	assert_contains(err.text, "CAP_NET_ADMIN");
	/* Nobody has to be interested. */
	dialog = dialog_new();
	assert_int_equal(nl_dialog_feed(&dialog, buf,
					verdict(buf, -EPERM, 0)->nlmsg_len,
					NULL),
			 -EPERM);
}

/* A kernel that echoes the request puts its text behind that. */
static void refused_with_echo(void **state)
{
	struct nl_dialog dialog = dialog_new();
	struct ipsvti_error err;
	struct nlmsgerr *e;
	struct nlmsghdr *nlh;
	size_t rest = request.nlh.nlmsg_len - NLMSG_HDRLEN;

	(void)state;
	nlh = message(buf, NLMSG_ERROR, NLM_F_ACK_TLVS);
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e) + rest);
	e->error = -EEXIST;
	memcpy(&e->msg, &request.nlh, request.nlh.nlmsg_len);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "the SPI is taken");
	assert_int_equal(feed(&dialog, nlh, &err), -EEXIST);
	assert_string_equal(err.text, "the SPI is taken");
}

static void dump_refused_at_its_end(void **state)
{
	struct nl_dialog dialog = dialog_new();
	struct ipsvti_error err;
	struct nlmsghdr *nlh;
	int code = -ENOMEM;

	(void)state;
	nlh = message(buf, NLMSG_DONE, NLM_F_MULTI | NLM_F_ACK_TLVS);
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(code)), &code,
	       sizeof(code));
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "not today");
	assert_int_equal(feed(&dialog, nlh, &err), -ENOMEM);
	assert_string_equal(err.text, "not today");
}

static void dump_interrupted(void **state)
{
	struct nl_dialog dialog = dialog_new();
	struct ipsvti_error err;

	(void)state;
	assert_int_equal(
		feed(&dialog,
		     message(buf, FAMILY, NLM_F_MULTI | NLM_F_DUMP_INTR), &err),
		0);
	assert_int_equal(
		feed(&dialog, message(buf, NLMSG_DONE, NLM_F_MULTI), &err), 0);
	assert_true(dialog.done);
	assert_true(dialog.interrupted);
}

static void answers_for_others(void **state)
{
	struct nl_dialog dialog = dialog_new();
	struct ipsvti_error err;
	struct nlmsghdr *nlh;

	(void)state;
	nlh = message(buf, FAMILY, 0);
	nlh->nlmsg_seq = SEQ - 1;
	assert_int_equal(feed(&dialog, nlh, &err), 0);
	nlh = verdict(buf, -EIO, 0);
	nlh->nlmsg_seq = SEQ - 1;
	assert_int_equal(feed(&dialog, nlh, &err), 0);
	nlh = verdict(buf, -EIO, 0);
	nlh->nlmsg_pid = PORTID + 1;
	assert_int_equal(feed(&dialog, nlh, &err), 0);
	assert_false(dialog.done);
	assert_int_equal(items, 0);
}

static int damaged_item(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return -EPROTO;
}

static void damaged(void **state)
{
	struct nl_dialog dialog;
	struct ipsvti_error err;
	struct nlmsghdr *nlh;
	size_t len, i;
	char *copy;
	int ret;

	(void)state;
	dialog = dialog_new();
	nlh = verdict(buf, -EINVAL, NLM_F_ACK_TLVS);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "the window is no good");
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, OFFSET_OF_WINDOW);
	len = nlh->nlmsg_len;
	/* Less than the datagram says. */
	for (i = 1; i < len; i++) {
		copy = malloc(i);
		memcpy(copy, buf, i);
		dialog = dialog_new();
		ret = nl_dialog_feed(&dialog, copy, i, &err);
		assert_int_equal(ret, -EPROTO);
		assert_string_equal(err.text, "the kernel's answer is damaged");
		assert_false(err.refused);
		free(copy);
	}
	/* And a datagram that says so: the code comes through if it is there. */
	for (i = sizeof(*nlh); i < len; i++) {
		copy = malloc(i);
		memcpy(copy, buf, i);
		((struct nlmsghdr *)copy)->nlmsg_len = i;
		dialog = dialog_new();
		ret = nl_dialog_feed(&dialog, copy, i, &err);
		assert_int_equal(ret, i < sizeof(*nlh) + 4 ? -EPROTO : -EINVAL);
		assert_true(err.text[0]);
		free(copy);
	}
	dialog = dialog_new();
	dialog.cb = damaged_item;
	assert_int_equal(feed(&dialog, message(buf, FAMILY, 0), &err), -EPROTO);
}

/* On a real socket: nothing of the conversation stays in memory. */
static void wiped_afterwards(void **state)
{
	struct ipsvti_link link = { .name = "none" }, lo = {};
	struct ipsvti_error err;
	struct wire_request req;
	struct nl_conn conn;
	size_t i;

	(void)state;
	assert_int_equal(nl_conn_open(&conn, NETLINK_ROUTE, &err), 0);
	link_add_request(&req, &link);
	req.nlh.nlmsg_type = RTM_GETLINK;
	req.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	((struct ifinfomsg *)(req.buf + NLMSG_HDRLEN))->ifi_index = 1;
	assert_int_equal(nl_conn_talk(&conn, &req, link_take, &lo, &err), 0);
	assert_string_equal(lo.name, "lo");
	for (i = 0; i < sizeof(req); i++)
		assert_int_equal(((char *)&req)[i], 0);
	for (i = 0; i < 256; i++)
		assert_int_equal(conn.buf[i], 0);
	nl_conn_close(&conn);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(acknowledged),
	cmocka_unit_test(refused_with_text_and_attribute),
	cmocka_unit_test(refused_by_policy),
	cmocka_unit_test(refused_for_what_is_missing),
	cmocka_unit_test(refused_without_text),
	cmocka_unit_test(refused_with_echo),
	cmocka_unit_test(dump_refused_at_its_end),
	cmocka_unit_test(dump_interrupted),
	cmocka_unit_test(answers_for_others),
	cmocka_unit_test(damaged),
	cmocka_unit_test(wiped_afterwards),
};

SUITE(dialog_suite, tests);

// SPDX-License-Identifier: GPL-2.0-or-later
/* What the family tells by itself. */
#include "tests.h"

#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

#define FAMILY 0x21

static struct ipsvti_event got[8];
static size_t count;

static void take(const struct ipsvti_event *event, void *data)
{
	assert_ptr_equal(data, got);
	assert_true(count < 8);
	got[count++] = *event;
}

static void feed(const void *buf, size_t len)
{
	count = 0;
	events_feed(buf, len, FAMILY, take, got);
}

static void carrier(struct wire_request *msg)
{
	genl_request_init(msg, FAMILY, IPSVTI_CMD_CARRIER_NTF, 0,
			  &wire_tunnel_set);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_TUNNEL_IFINDEX, 6);
	mnl_attr_put_strz(&msg->nlh, IPSVTI_A_TUNNEL_IFNAME, "vti0");
	mnl_attr_put_u8(&msg->nlh, IPSVTI_A_TUNNEL_CARRIER, 1);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_TUNNEL_REASON,
			 IPSVTI_REASON_ACTIVATED);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_TUNNEL_ACTIVE_PAIR, 2);
}

static void sa_del(struct wire_request *msg)
{
	struct nlattr *nest;

	genl_request_init(msg, FAMILY, IPSVTI_CMD_SA_DEL_NTF, 0,
			  &wire_pair_set);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_PAIR_IFINDEX, 6);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_PAIR_PAIR_ID, 2);
	nest = mnl_attr_nest_start(&msg->nlh, IPSVTI_A_PAIR_IN);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_SA_SPI, htonl(0x1234));
	mnl_attr_nest_end(&msg->nlh, nest);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_PAIR_REASON,
			 IPSVTI_REASON_FLUSHED);
}

static void two_in_one_datagram(void **state)
{
	char both[2 * WIRE_REQUEST_MAX] __attribute__((aligned(4)));
	struct wire_request a, b;

	(void)state;
	carrier(&a);
	sa_del(&b);
	memcpy(both, a.buf, a.nlh.nlmsg_len);
	memcpy(both + MNL_ALIGN(a.nlh.nlmsg_len), b.buf, b.nlh.nlmsg_len);
	feed(both, MNL_ALIGN(a.nlh.nlmsg_len) + b.nlh.nlmsg_len);
	assert_int_equal(count, 2);
	assert_int_equal(got[0].type, IPSVTI_EVENT_CARRIER);
	assert_int_equal(got[0].tunnel.ifindex, 6);
	assert_string_equal(got[0].tunnel.ifname, "vti0");
	assert_true(got[0].tunnel.carrier);
	assert_int_equal(got[0].tunnel.reason, IPSVTI_REASON_ACTIVATED);
	assert_int_equal(got[0].tunnel.active_pair, 2);
	assert_int_equal(got[1].type, IPSVTI_EVENT_SA_DEL);
	assert_int_equal(got[1].pair.id, 2);
	assert_int_equal(got[1].pair.in.spi, 0x1234);
	assert_false(got[1].pair.has & IPSVTI_HAS(IPSVTI_A_PAIR_OUT));
	assert_int_equal(got[1].pair.reason, IPSVTI_REASON_FLUSHED);
}

static void every_kind(void **state)
{
	static const struct {
		uint8_t cmd;
		enum ipsvti_event_type type;
	} kinds[] = {
		{ IPSVTI_CMD_CARRIER_NTF, IPSVTI_EVENT_CARRIER },
		{ IPSVTI_CMD_SA_DEL_NTF, IPSVTI_EVENT_SA_DEL },
		{ IPSVTI_CMD_SA_FIRST_RX_NTF, IPSVTI_EVENT_FIRST_RX },
		{ IPSVTI_CMD_SA_EXPIRE_NTF, IPSVTI_EVENT_EXPIRE },
		{ IPSVTI_CMD_ACQUIRE_NTF, IPSVTI_EVENT_ACQUIRE },
		{ IPSVTI_CMD_FLOAT_NTF, IPSVTI_EVENT_FLOAT },
		{ IPSVTI_CMD_AUTH_FAIL_NTF, IPSVTI_EVENT_AUTH_FAIL },
	};
	struct wire_request msg;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		genl_request_init(&msg, FAMILY, kinds[i].cmd, 0,
				  &wire_pair_set);
		feed(msg.buf, msg.nlh.nlmsg_len);
		assert_int_equal(count, 1);
		assert_int_equal(got[0].type, kinds[i].type);
	}
}

/* Which SA it is about, and how much it has been used. */
static void expire(void **state)
{
	struct nlattr *out, *limits;
	struct wire_request msg;

	(void)state;
	genl_request_init(&msg, FAMILY, IPSVTI_CMD_SA_EXPIRE_NTF, 0,
			  &wire_pair_set);
	mnl_attr_put_u32(&msg.nlh, IPSVTI_A_PAIR_IFINDEX, 6);
	mnl_attr_put_u32(&msg.nlh, IPSVTI_A_PAIR_PAIR_ID, 2);
	mnl_attr_put_u32(&msg.nlh, IPSVTI_A_PAIR_REASON,
			 IPSVTI_REASON_HARD_BYTES);
	out = mnl_attr_nest_start(&msg.nlh, IPSVTI_A_PAIR_OUT);
	mnl_attr_put_u32(&msg.nlh, IPSVTI_A_SA_SPI, htonl(0x1234));
	limits = mnl_attr_nest_start(&msg.nlh, IPSVTI_A_SA_LIMITS);
	mnl_attr_put_u64(&msg.nlh, IPSVTI_A_LIMITS_HARD_BYTES, 5000000000);
	mnl_attr_put_u64(&msg.nlh, IPSVTI_A_LIMITS_USED_BYTES, 4999999999);
	mnl_attr_nest_end(&msg.nlh, limits);
	mnl_attr_put_u32(&msg.nlh, IPSVTI_A_SA_EXPIRED,
			 IPSVTI_REASON_HARD_BYTES);
	mnl_attr_nest_end(&msg.nlh, out);
	feed(msg.buf, msg.nlh.nlmsg_len);
	assert_int_equal(count, 1);
	assert_int_equal(got[0].type, IPSVTI_EVENT_EXPIRE);
	assert_int_equal(got[0].pair.reason, IPSVTI_REASON_HARD_BYTES);
	assert_true(got[0].pair.has & IPSVTI_HAS(IPSVTI_A_PAIR_OUT));
	assert_false(got[0].pair.has & IPSVTI_HAS(IPSVTI_A_PAIR_IN));
	assert_int_equal(got[0].pair.out.spi, 0x1234);
	assert_int_equal(got[0].pair.out.expired, IPSVTI_REASON_HARD_BYTES);
	assert_true(got[0].pair.out.limits.has ==
		    (IPSVTI_HAS(IPSVTI_A_LIMITS_HARD_BYTES) |
		     IPSVTI_HAS(IPSVTI_A_LIMITS_USED_BYTES)));
	assert_true(got[0].pair.out.limits.hard_bytes == 5000000000);
	assert_true(got[0].pair.out.limits.used_bytes == 4999999999);
}

static void skipped(void **state)
{
	struct wire_request msg;
	size_t i;
	char *copy;

	(void)state;
	/* not an event, not of the family, of a later module */
	genl_request_init(&msg, FAMILY, IPSVTI_CMD_SA_GET, 0, &wire_pair_set);
	feed(msg.buf, msg.nlh.nlmsg_len);
	assert_int_equal(count, 0);
	carrier(&msg);
	msg.nlh.nlmsg_type = FAMILY + 1;
	feed(msg.buf, msg.nlh.nlmsg_len);
	assert_int_equal(count, 0);
	genl_request_init(&msg, FAMILY, IPSVTI_CMD_MAX + 1, 0, &wire_pair_set);
	feed(msg.buf, msg.nlh.nlmsg_len);
	assert_int_equal(count, 0);
	/* cut short: never read beyond its end */
	sa_del(&msg);
	for (i = 1; i < msg.nlh.nlmsg_len; i++) {
		copy = malloc(i);
		memcpy(copy, msg.buf, i);
		feed(copy, i);
		assert_int_equal(count, 0);
		if (i >= sizeof(struct nlmsghdr)) {
			((struct nlmsghdr *)copy)->nlmsg_len = i;
			feed(copy, i);
		}
		free(copy);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(two_in_one_datagram),
	cmocka_unit_test(every_kind),
	cmocka_unit_test(expire),
	cmocka_unit_test(skipped),
};

SUITE(events_suite, tests);

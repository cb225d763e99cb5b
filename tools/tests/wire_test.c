// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests octet by octet, answers whole, cut and damaged. */
#include "tests.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "genl.h"

#define FAMILY 0x21

static struct ipsvti_pair sample(void)
{
	struct ipsvti_pair pair = {
		.has = IPSVTI_HAS(IPSVTI_A_PAIR_PAIR_ID) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_ACTIVATION) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_SPORT) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_DPORT) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_IN) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_OUT),
		.ifindex = 7,
		.id = 9,
		.activation = IPSVTI_ACTIVATION_FIRST_RX,
		.encap = IPSVTI_ENCAP_UDP,
		.encap_sport = 4500,
		.encap_dport = 0x1234,
	};
	const uint64_t both =
		IPSVTI_HAS(IPSVTI_A_SA_SPI) | IPSVTI_HAS(IPSVTI_A_SA_ALG) |
		IPSVTI_HAS(IPSVTI_A_SA_KEY) | IPSVTI_HAS(IPSVTI_A_SA_SALT);

	pair.in.has = both | IPSVTI_HAS(IPSVTI_A_SA_REPLAY_WINDOW);
	pair.in.spi = 0x01020304;
	pair.in.alg = IPSVTI_ALG_AES_GCM_16_256;
	memset(pair.in.key, 0xaa, 32);
	memset(pair.in.salt, 0xbb, 4);
	pair.in.replay_window = 128;
	pair.out.has = both;
	pair.out.spi = 0xc0000001;
	pair.out.alg = IPSVTI_ALG_AES_GCM_16_128;
	memset(pair.out.key, 0xcc, 16);
	memset(pair.out.salt, 0xdd, 4);
	return pair;
}

/* Checks header and octets of one attribute, and steps to the next. */
static const char *expect(const char *at, uint16_t type, const void *data,
			  size_t len)
{
	const struct nlattr *nla = (const void *)at;

	assert_int_equal(nla->nla_type & NLA_TYPE_MASK, type);
	assert_int_equal(nla->nla_len, sizeof(*nla) + len);
	if (data)
		assert_memory_equal(at + sizeof(*nla), data, len);
	return at + sizeof(*nla) + (len + 3) / 4 * 4;
}

static const char *expect32(const char *at, uint16_t type, uint32_t value)
{
	return expect(at, type, &value, sizeof(value));
}

static void pair_new_octets(void **state)
{
	struct ipsvti_pair pair = sample();
	struct wire_request req;
	const struct genlmsghdr *genl;
	const char *at;
	char key[32];

	(void)state;
	assert_int_equal(pair_request(&req, FAMILY, &pair), 0);
	assert_int_equal(req.nlh.nlmsg_type, FAMILY);
	assert_int_equal(req.nlh.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	genl = (const void *)(req.buf + sizeof(req.nlh));
	assert_int_equal(genl->cmd, IPSVTI_CMD_SA_PAIR_NEW);
	assert_int_equal(genl->version, 1);
	at = (const char *)(genl + 1);
	at = expect32(at, IPSVTI_A_PAIR_IFINDEX, 7);
	at = expect32(at, IPSVTI_A_PAIR_PAIR_ID, 9);
	at = expect32(at, IPSVTI_A_PAIR_ACTIVATION, IPSVTI_ACTIVATION_FIRST_RX);
	at = expect32(at, IPSVTI_A_PAIR_ENCAP, IPSVTI_ENCAP_UDP);
	at = expect(at, IPSVTI_A_PAIR_ENCAP_SPORT, "\x11\x94", 2);
	at = expect(at, IPSVTI_A_PAIR_ENCAP_DPORT, "\x12\x34", 2);
	assert_true(((const struct nlattr *)at)->nla_type & NLA_F_NESTED);
	expect(at, IPSVTI_A_PAIR_IN, NULL, 8 + 8 + 36 + 8 + 8);
	at += sizeof(struct nlattr);
	at = expect(at, IPSVTI_A_SA_SPI, "\x01\x02\x03\x04", 4);
	at = expect32(at, IPSVTI_A_SA_ALG, IPSVTI_ALG_AES_GCM_16_256);
	memset(key, 0xaa, 32);
	at = expect(at, IPSVTI_A_SA_KEY, key, 32);
	at = expect(at, IPSVTI_A_SA_SALT, "\xbb\xbb\xbb\xbb", 4);
	at = expect32(at, IPSVTI_A_SA_REPLAY_WINDOW, 128);
	assert_true(((const struct nlattr *)at)->nla_type & NLA_F_NESTED);
	expect(at, IPSVTI_A_PAIR_OUT, NULL, 8 + 8 + 20 + 8);
	at += sizeof(struct nlattr);
	at = expect(at, IPSVTI_A_SA_SPI, "\xc0\x00\x00\x01", 4);
	at = expect32(at, IPSVTI_A_SA_ALG, IPSVTI_ALG_AES_GCM_16_128);
	memset(key, 0xcc, 16);
	at = expect(at, IPSVTI_A_SA_KEY, key, 16);
	at = expect(at, IPSVTI_A_SA_SALT, "\xdd\xdd\xdd\xdd", 4);
	assert_ptr_equal(at, req.buf + req.nlh.nlmsg_len);
}

static void pair_new_sends_what_is_set(void **state)
{
	struct ipsvti_pair pair = sample();
	struct wire_request req;
	const char *at;

	(void)state;
	pair.has = IPSVTI_HAS(IPSVTI_A_PAIR_IN);
	pair.in.has = IPSVTI_HAS(IPSVTI_A_SA_SPI);
	assert_int_equal(pair_request(&req, FAMILY, &pair), 0);
	at = (const char *)req.buf + NLMSG_HDRLEN + GENL_HDRLEN;
	at = expect32(at, IPSVTI_A_PAIR_IFINDEX, 7);
	expect(at, IPSVTI_A_PAIR_IN, NULL, 8);
	at += sizeof(struct nlattr) + 8;
	assert_ptr_equal(at, req.buf + req.nlh.nlmsg_len);
}

static void pair_new_lengths(void **state)
{
	struct ipsvti_pair pair = sample();
	struct wire_request req;

	(void)state;
	/* Said explicitly, a wrong length goes out, for the kernel to refuse. */
	pair.in.key_len = 5;
	assert_int_equal(pair_request(&req, FAMILY, &pair), 0);
	expect((char *)req.buf + 20 + 5 * 8 + 8 + 4 + 16, IPSVTI_A_SA_KEY, NULL,
	       5);
	pair.in.key_len = IPSVTI_KEY_MAX + 1;
	assert_int_equal(pair_request(&req, FAMILY, &pair), -EINVAL);
	pair.in.key_len = 0;
	pair.out.salt_len = IPSVTI_SALT_MAX + 1;
	assert_int_equal(pair_request(&req, FAMILY, &pair), -EINVAL);
}

/* Limits go out in a nest of the SA, those that there are. */
static void pair_new_limits(void **state)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN + 6 * 8 + 4 + 68;
	struct ipsvti_pair pair = sample();
	struct wire_request req;
	uint64_t wide = 1ULL << 40;
	const char *next;
	char path[64];

	(void)state;
	/* out: spi, alg, key, salt; then the nest */
	pair.out.has |= IPSVTI_HAS(IPSVTI_A_SA_LIMITS);
	pair.out.limits.has = IPSVTI_HAS(IPSVTI_A_LIMITS_HARD_BYTES) |
			      IPSVTI_HAS(IPSVTI_A_LIMITS_SOFT_SECONDS);
	pair.out.limits.hard_bytes = wide;
	pair.out.limits.soft_bytes = 3; /* has no bit */
	pair.out.limits.soft_seconds = 60;
	assert_int_equal(pair_request(&req, FAMILY, &pair), 0);
	at += 4 + 8 + 8 + 20 + 8;
	next = expect((char *)req.buf + at, IPSVTI_A_SA_LIMITS, NULL, 12 + 8);
	assert_ptr_equal(next, req.buf + req.nlh.nlmsg_len);
	next = expect((char *)req.buf + at + 4, IPSVTI_A_LIMITS_HARD_BYTES,
		      &wide, sizeof(wide));
	next = expect32(next, IPSVTI_A_LIMITS_SOFT_SECONDS, 60);
	assert_ptr_equal(next, req.buf + req.nlh.nlmsg_len);
	wire_path(&req, at + 4, 0, path, sizeof(path));
	assert_string_equal(path, "out.limits.hard-bytes");
	wire_path(&req, at + 16, 0, path, sizeof(path));
	assert_string_equal(path, "out.limits.soft-seconds");
}

/* Traffic selectors go out one by one, each in a nest of its own. */
static void pair_new_selectors(void **state)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN + 6 * 8 + 4 + 68;
	struct ipsvti_pair pair = sample();
	struct wire_request req;
	struct ipsvti_ts *ts;
	const char *next;
	char path[64];

	(void)state;
	/* out: spi, alg, key, salt; then the nests */
	pair.out.has |= IPSVTI_HAS(IPSVTI_A_SA_LOCAL_TS) |
			IPSVTI_HAS(IPSVTI_A_SA_REMOTE_TS);
	pair.out.local_ts_count = 2;
	ts = pair.out.local_ts;
	ts[0].start.family = AF_INET;
	ts[0].start.v4.s_addr = htonl(0x0a010000);
	ts[0].end.family = AF_INET;
	ts[0].end.v4.s_addr = htonl(0x0a01ffff);
	ts[1].has = IPSVTI_HAS(IPSVTI_A_TS_PROTOCOL) |
		    IPSVTI_HAS(IPSVTI_A_TS_END_PORT);
	ts[1].protocol = 17;
	ts[1].start_port = 5; /* has no bit */
	ts[1].end_port = 0x1234;
	pair.out.remote_ts_count = 1;
	ts = pair.out.remote_ts;
	ts->start.family = AF_INET6;
	memset(&ts->start.v6, 0xfd, 16);
	assert_int_equal(pair_request(&req, FAMILY, &pair), 0);
	at += 4 + 8 + 8 + 20 + 8;
	next = expect((char *)req.buf + at, IPSVTI_A_SA_LOCAL_TS, NULL, 8 + 8);
	expect((char *)req.buf + at + 4, IPSVTI_A_TS_START_ADDR, "\x0a\1\0\0", 4);
	expect((char *)req.buf + at + 12, IPSVTI_A_TS_END_ADDR,
	       "\x0a\1\xff\xff", 4);
	next = expect(next, IPSVTI_A_SA_LOCAL_TS, NULL, 8 + 8);
	expect(next - 16, IPSVTI_A_TS_PROTOCOL, "\x11", 1);
	expect(next - 8, IPSVTI_A_TS_END_PORT, "\x12\x34", 2);
	next = expect(next, IPSVTI_A_SA_REMOTE_TS, NULL, 20);
	expect(next - 20, IPSVTI_A_TS_START_ADDR6, &ts->start.v6, 16);
	assert_ptr_equal(next, req.buf + req.nlh.nlmsg_len);
	wire_path(&req, at + 20 + 12, 0, path, sizeof(path));
	assert_string_equal(path, "out.local-ts.end-port");
	wire_path(&req, at + 40, IPSVTI_A_TS_END_ADDR6, path, sizeof(path));
	assert_string_equal(path, "out.remote-ts.end-addr6");

	/* More than there is room for. */
	pair.out.local_ts_count = IPSVTI_TS_MAX + 1;
	assert_int_equal(pair_request(&req, FAMILY, &pair), -EINVAL);
}

static void fill_selectors(struct ipsvti_ts *ts, size_t *count)
{
	for (*count = 0; *count < IPSVTI_TS_MAX; ++*count, ts++) {
		ts->has = IPSVTI_HAS(IPSVTI_A_TS_PROTOCOL) |
			  IPSVTI_HAS(IPSVTI_A_TS_START_PORT) |
			  IPSVTI_HAS(IPSVTI_A_TS_END_PORT);
		ts->start.family = AF_INET6;
		ts->end.family = AF_INET6;
		ts->end_port = 1000 + *count;
	}
}

/* The longest of all requests fits, and is read as it was written. */
static void longest(void **state)
{
	static struct ipsvti_pair pair, back;
	struct wire_request req;

	(void)state;
	pair = sample();
	pair.in.has |= IPSVTI_HAS(IPSVTI_A_SA_LOCAL_TS) |
		       IPSVTI_HAS(IPSVTI_A_SA_REMOTE_TS) |
		       IPSVTI_HAS(IPSVTI_A_SA_LIMITS);
	pair.out.has = pair.in.has;
	pair.in.limits.has = ~0ULL;
	pair.out.limits.has = ~0ULL;
	pair.in.key_len = IPSVTI_KEY_MAX;
	pair.out.key_len = IPSVTI_KEY_MAX;
	fill_selectors(pair.in.local_ts, &pair.in.local_ts_count);
	fill_selectors(pair.in.remote_ts, &pair.in.remote_ts_count);
	fill_selectors(pair.out.local_ts, &pair.out.local_ts_count);
	fill_selectors(pair.out.remote_ts, &pair.out.remote_ts_count);
	assert_int_equal(pair_request(&req, FAMILY, &pair), 0);
	assert_true(req.nlh.nlmsg_len > 2 * 2 * IPSVTI_TS_MAX * WIRE_TS_SIZE);
	assert_true(req.nlh.nlmsg_len < sizeof(req.buf) - 128);
	assert_int_equal(genl_get(&req.nlh, &wire_pair_set, &back), 0);
	assert_int_equal(back.out.local_ts_count, IPSVTI_TS_MAX);
	assert_int_equal(back.in.remote_ts_count, IPSVTI_TS_MAX);
	assert_int_equal(back.in.remote_ts[0].end_port, 1000);
	assert_int_equal(back.out.remote_ts[31].end_port, 1031);
	assert_int_equal(back.out.remote_ts[31].end.family, AF_INET6);
	assert_true(back.out.has & IPSVTI_HAS(IPSVTI_A_SA_REMOTE_TS));
}

/* A kernel that sends more than there is room for is not understood by halves. */
static void too_long_a_list(void **state)
{
	static struct ipsvti_pair pair;
	struct wire_request msg;
	struct nlattr *nest;
	size_t i;

	(void)state;
	genl_request_init(&msg, FAMILY, 0, 0, &wire_pair_set);
	nest = mnl_attr_nest_start(&msg.nlh, IPSVTI_A_PAIR_IN);
	for (i = 0; i <= IPSVTI_TS_MAX; i++)
		mnl_attr_put(&msg.nlh, IPSVTI_A_SA_LOCAL_TS, 0, "");
	mnl_attr_nest_end(&msg.nlh, nest);
	assert_int_equal(genl_get(&msg.nlh, &wire_pair_set, &pair), -EPROTO);
}

static void paths(void **state)
{
	struct ipsvti_pair pair = sample();
	struct wire_request req;
	size_t in = NLMSG_HDRLEN + GENL_HDRLEN + 6 * 8;
	char path[64], tiny[5];
	size_t i;

	(void)state;
	pair_request(&req, FAMILY, &pair);
	wire_path(&req, NLMSG_HDRLEN + GENL_HDRLEN, 0, path, sizeof(path));
	assert_string_equal(path, "ifindex");
	wire_path(&req, in, 0, path, sizeof(path));
	assert_string_equal(path, "in");
	wire_path(&req, in + 4, 0, path, sizeof(path));
	assert_string_equal(path, "in.spi");
	wire_path(&req, in + 4 + 16, 0, path, sizeof(path));
	assert_string_equal(path, "in.key");
	wire_path(&req, in + 4 + 68 + 4 + 8, 0, path, sizeof(path));
	assert_string_equal(path, "out.alg");
	wire_path(&req, 0, IPSVTI_A_PAIR_OUT, path, sizeof(path));
	assert_string_equal(path, "out");
	wire_path(&req, in, IPSVTI_A_SA_SALT, path, sizeof(path));
	assert_string_equal(path, "in.salt");
	wire_path(&req, 0, 200, path, sizeof(path));
	assert_string_equal(path, "");
	wire_path(&req, in + 4 + 16, 0, tiny, sizeof(tiny));
	assert_string_equal(tiny, "in.k");
	/* Whatever offset the kernel may name: no harm. */
	for (i = 0; i < sizeof(req) + 8; i++)
		wire_path(&req, i, i % 20, path, sizeof(path));
}

static void put_ts(struct nlmsghdr *nlh, uint16_t type, uint16_t port)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, IPSVTI_A_TS_START_ADDR, 4, "\x0a\1\0\0");
	mnl_attr_put(nlh, IPSVTI_A_TS_END_ADDR, 4, "\x0a\1\0\7");
	mnl_attr_put_u8(nlh, IPSVTI_A_TS_PROTOCOL, 6);
	mnl_attr_put_u16(nlh, IPSVTI_A_TS_START_PORT, htons(port));
	mnl_attr_nest_end(nlh, nest);
}

/* A reply as the module builds them, 64-bit attributes aligned by padding. */
static void put_sa(struct nlmsghdr *nlh, uint16_t type, uint32_t spi)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put_u32(nlh, IPSVTI_A_SA_SPI, htonl(spi));
	mnl_attr_put_u32(nlh, IPSVTI_A_SA_ALG, IPSVTI_ALG_AES_GCM_16_256);
	mnl_attr_put_u32(nlh, IPSVTI_A_SA_REPLAY_WINDOW, 64);
	mnl_attr_put(nlh, IPSVTI_A_SA_PAD, 0, NULL);
	mnl_attr_put_u64(nlh, IPSVTI_A_SA_SEQ, 1ULL << 40);
	mnl_attr_put_u64(nlh, IPSVTI_A_SA_PACKETS, 11);
	mnl_attr_put_u64(nlh, IPSVTI_A_SA_BYTES, UINT64_MAX);
	put_ts(nlh, IPSVTI_A_SA_LOCAL_TS, spi);
	put_ts(nlh, IPSVTI_A_SA_LOCAL_TS, spi + 1);
	mnl_attr_nest_end(nlh, nest);
}

static struct nlmsghdr *pair_reply(struct wire_request *msg)
{
	genl_request_init(msg, FAMILY, IPSVTI_CMD_SA_GET, 0, &wire_pair_set);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_PAIR_IFINDEX, 3);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_PAIR_PAIR_ID, 5);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_PAIR_STATE,
			 IPSVTI_PAIR_STATE_ACTIVE);
	mnl_attr_put_u32(&msg->nlh, IPSVTI_A_PAIR_ENCAP, IPSVTI_ENCAP_UDP);
	mnl_attr_put_u16(&msg->nlh, IPSVTI_A_PAIR_ENCAP_SPORT, htons(4500));
	mnl_attr_put_u16(&msg->nlh, IPSVTI_A_PAIR_ENCAP_DPORT, htons(4501));
	put_sa(&msg->nlh, IPSVTI_A_PAIR_IN, 0xabcd);
	put_sa(&msg->nlh, IPSVTI_A_PAIR_OUT, 0xef01);
	return &msg->nlh;
}

static void pair_reply_read(void **state)
{
	struct ipsvti_pair pair = {};
	struct wire_request msg;

	(void)state;
	assert_int_equal(genl_get(pair_reply(&msg), &wire_pair_set, &pair), 0);
	assert_int_equal(pair.ifindex, 3);
	assert_int_equal(pair.id, 5);
	assert_int_equal(pair.state, IPSVTI_PAIR_STATE_ACTIVE);
	assert_int_equal(pair.encap, IPSVTI_ENCAP_UDP);
	assert_int_equal(pair.encap_sport, 4500);
	assert_int_equal(pair.encap_dport, 4501);
	assert_int_equal(pair.in.spi, 0xabcd);
	assert_int_equal(pair.in.alg, IPSVTI_ALG_AES_GCM_16_256);
	assert_int_equal(pair.in.replay_window, 64);
	assert_true(pair.in.seq == 1ULL << 40);
	assert_true(pair.in.packets == 11);
	assert_true(pair.out.bytes == UINT64_MAX);
	assert_int_equal(pair.out.spi, 0xef01);
	assert_int_equal(pair.in.local_ts_count, 2);
	assert_int_equal(pair.in.local_ts[0].start_port, 0xabcd);
	assert_int_equal(pair.out.local_ts[1].start_port, 0xef02);
	assert_int_equal(pair.out.local_ts[1].protocol, 6);
	assert_int_equal(pair.out.local_ts[1].end.v4.s_addr, htonl(0x0a010007));
	assert_false(pair.out.local_ts[1].has &
		     IPSVTI_HAS(IPSVTI_A_TS_END_PORT));
	assert_int_equal(pair.out.remote_ts_count, 0);
	assert_false(pair.out.has & IPSVTI_HAS(IPSVTI_A_SA_REMOTE_TS));
	assert_true(pair.has & IPSVTI_HAS(IPSVTI_A_PAIR_STATE));
	assert_false(pair.has & IPSVTI_HAS(IPSVTI_A_PAIR_REASON));
	assert_true(pair.out.has & IPSVTI_HAS(IPSVTI_A_SA_SEQ));
	assert_false(pair.out.has & IPSVTI_HAS(IPSVTI_A_SA_KEY));
}

static void tunnel_reply_read(void **state)
{
	struct ipsvti_tunnel tunnel = {};
	struct wire_request msg;
	struct nlattr *nest;

	(void)state;
	genl_request_init(&msg, FAMILY, IPSVTI_CMD_TUNNEL_GET, 0,
			  &wire_tunnel_set);
	mnl_attr_put_u32(&msg.nlh, IPSVTI_A_TUNNEL_IFINDEX, 4);
	mnl_attr_put_strz(&msg.nlh, IPSVTI_A_TUNNEL_IFNAME, "vti0");
	mnl_attr_put(&msg.nlh, IPSVTI_A_TUNNEL_LOCAL, 4, "\xc0\x00\x02\x01");
	mnl_attr_put(&msg.nlh, IPSVTI_A_TUNNEL_REMOTE6, 16,
		     "\x20\x01"
		     "0123456789abcd");
	mnl_attr_put_u8(&msg.nlh, IPSVTI_A_TUNNEL_CARRIER, 1);
	mnl_attr_put_u32(&msg.nlh, IPSVTI_A_TUNNEL_MTU, 1438);
	nest = mnl_attr_nest_start(&msg.nlh, IPSVTI_A_TUNNEL_COUNTERS);
	mnl_attr_put_u64(&msg.nlh, IPSVTI_A_COUNTERS_RX_REPLAY, 17);
	/* What a later module may say, in either set, is no error. */
	mnl_attr_put_u64(&msg.nlh, IPSVTI_A_COUNTERS_MAX + 3, 17);
	mnl_attr_nest_end(&msg.nlh, nest);
	mnl_attr_put_u32(&msg.nlh, IPSVTI_A_TUNNEL_MAX + 1, 1);
	assert_int_equal(genl_get(&msg.nlh, &wire_tunnel_set, &tunnel), 0);
	assert_int_equal(tunnel.ifindex, 4);
	assert_string_equal(tunnel.ifname, "vti0");
	assert_int_equal(tunnel.local.family, AF_INET);
	assert_int_equal(tunnel.local.v4.s_addr, htonl(0xc0000201));
	assert_int_equal(tunnel.remote.family, AF_INET6);
	assert_memory_equal(&tunnel.remote.v6,
			    "\x20\x01"
			    "0123456789abcd",
			    16);
	assert_true(tunnel.carrier);
	assert_int_equal(tunnel.mtu, 1438);
	assert_false(tunnel.has & IPSVTI_HAS(IPSVTI_A_TUNNEL_ACTIVE_PAIR));
	assert_true(tunnel.counters.value[IPSVTI_A_COUNTERS_RX_REPLAY] == 17);
	assert_true(tunnel.counters.has ==
		    IPSVTI_HAS(IPSVTI_A_COUNTERS_RX_REPLAY));
}

static void wrong_sizes(void **state)
{
	static const struct {
		uint16_t type;
		size_t len;
		const char *data;
	} bad[] = {
		{ IPSVTI_A_TUNNEL_IFINDEX, 2, "\1\2" },
		{ IPSVTI_A_TUNNEL_IFINDEX, 8, "\1\2\3\4\5\6\7" },
		{ IPSVTI_A_TUNNEL_IFINDEX, 0, "" },
		{ IPSVTI_A_TUNNEL_LOCAL, 16, "0123456789abcdef" },
		{ IPSVTI_A_TUNNEL_LOCAL6, 4, "0123" },
		{ IPSVTI_A_TUNNEL_CARRIER, 4, "0123" },
		{ IPSVTI_A_TUNNEL_IFNAME, 4, "vti0" },
		{ IPSVTI_A_TUNNEL_IFNAME, 0, "" },
		{ IPSVTI_A_TUNNEL_IFNAME, 17, "vti0567890123456" },
		{ IPSVTI_A_TUNNEL_COUNTERS, 3, "\1\2\3" },
		{ IPSVTI_A_TUNNEL_COUNTERS, 4, "\3\0\3\0" },
		{ IPSVTI_A_TUNNEL_COUNTERS, 4, "\10\0\3\0" },
	};
	struct ipsvti_tunnel tunnel;
	struct wire_request msg;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		genl_request_init(&msg, FAMILY, 0, 0, &wire_tunnel_set);
		mnl_attr_put(&msg.nlh, bad[i].type, bad[i].len, bad[i].data);
		memset(&tunnel, 0, sizeof(tunnel));
		if (genl_get(&msg.nlh, &wire_tunnel_set, &tunnel) != -EPROTO)
			fail_msg("case %zu was taken", i);
	}
}

/* Each cut, and each octet changed: refused or read, never beyond its end. */
static void damaged_replies(void **state)
{
	static const unsigned char masks[] = { 0x01, 0x04, 0x80, 0xff };
	struct ipsvti_pair pair;
	struct wire_request msg;
	size_t len, i, m;
	char *copy;

	(void)state;
	len = pair_reply(&msg)->nlmsg_len;
	for (i = sizeof(struct nlmsghdr); i < len; i++) {
		copy = malloc(i);
		memcpy(copy, msg.buf, i);
		((struct nlmsghdr *)copy)->nlmsg_len = i;
		memset(&pair, 0, sizeof(pair));
		genl_get((void *)copy, &wire_pair_set, &pair);
		free(copy);
	}
	for (i = sizeof(struct nlmsghdr); i < len; i++) {
		for (m = 0; m < sizeof(masks); m++) {
			copy = malloc(len);
			memcpy(copy, msg.buf, len);
			copy[i] ^= masks[m];
			memset(&pair, 0, sizeof(pair));
			genl_get((void *)copy, &wire_pair_set, &pair);
			free(copy);
		}
	}
	/* Cut in the middle of an attribute, it is not taken for whole. */
	msg.nlh.nlmsg_len = len - 4;
	memset(&pair, 0, sizeof(pair));
	assert_int_equal(genl_get(&msg.nlh, &wire_pair_set, &pair), -EPROTO);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(pair_new_octets),
	cmocka_unit_test(pair_new_sends_what_is_set),
	cmocka_unit_test(pair_new_lengths),
	cmocka_unit_test(pair_new_limits),
	cmocka_unit_test(pair_new_selectors),
	cmocka_unit_test(longest),
	cmocka_unit_test(too_long_a_list),
	cmocka_unit_test(paths),
	cmocka_unit_test(pair_reply_read),
	cmocka_unit_test(tunnel_reply_read),
	cmocka_unit_test(wrong_sizes),
	cmocka_unit_test(damaged_replies),
};

SUITE(wire_suite, tests);

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICMP errors about UDP port 4500, octet by octet: what is told of those that are, and
 * that all others are refused, cut off anywhere or not what they say. Each is on the heap
 * with its own length, so that the sanitizer sees what is read behind it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net_icmp.h"

/* From a router, to us, about what we have sent to 198.51.100.1 port 4500. */
static const uint8_t ipv4[] = {
	0x45, 0xc0, 0, 56, 0, 1, 0, 0, 64, 1, 0, 0, 192, 0, 2, 254, 192, 0, 2, 1,
	3, 13, 0, 0, 0, 0, 0, 0,
	0x45, 0, 1, 0, 0, 2, 0x20, 0, 63, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1,
	0x11, 0x94, 0x11, 0x95, 0, 236, 0, 0,
};

static const uint8_t ipv6[] = {
	1, 1, 0, 0, 0, 0, 0, 0,
	0x60, 0, 0, 0, 0, 236, 17, 63,
	0x20, 1, 0xd, 0xb8, 0, 0xa, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0x20, 1, 0xd, 0xb8, 0, 0xb, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	0x11, 0x94, 0x11, 0x95, 0, 236, 0, 0,
};

static bool parse(int family, const uint8_t *data, size_t len,
		  struct net_error *error)
{
	uint8_t *copy = malloc(len ? len : 1);
	bool ret;

	assert_non_null(copy);
	memcpy(copy, data, len);
	memset(error, 0xee, sizeof(*error));
	/* (of no octets, one address is as good as another) */
	ret = net_icmp_parse(family, len ? copy : copy + 1, len, error);
	free(copy);
	return ret;
}

/* @message with @octet at @offset. */
static bool taken(int family, const uint8_t *message, size_t len, size_t offset,
		  uint8_t octet)
{
	uint8_t data[sizeof(ipv4) > sizeof(ipv6) ? sizeof(ipv4) : sizeof(ipv6)];
	struct net_error error;

	memcpy(data, message, len);
	data[offset] = octet;
	return parse(family, data, len, &error);
}

static bool taken4(size_t offset, uint8_t octet)
{
	return taken(AF_INET, ipv4, sizeof(ipv4), offset, octet);
}

static bool taken6(size_t offset, uint8_t octet)
{
	return taken(AF_INET6, ipv6, sizeof(ipv6), offset, octet);
}

static void is_told(const struct net_error *error, uint8_t type, uint8_t code,
		    uint8_t family, const uint8_t *local, const uint8_t *to,
		    size_t len)
{
	static const uint8_t nothing[16];

	assert_int_equal(error->type, type);
	assert_int_equal(error->code, code);
	assert_int_equal(error->local.port, 4500);
	assert_int_equal(error->to.port, 4501);
	assert_int_equal(error->local.addr.family, family);
	assert_int_equal(error->to.addr.family, family);
	assert_memory_equal(error->local.addr.octets, local, len);
	assert_memory_equal(error->to.addr.octets, to, len);
	/* Addresses are compared whole. */
	assert_memory_equal(error->local.addr.octets + len, nothing, 16 - len);
	assert_memory_equal(error->to.addr.octets + len, nothing, 16 - len);
}

static void told(void **state)
{
	struct net_error error;

	(void)state;
	assert_true(parse(AF_INET, ipv4, sizeof(ipv4), &error));
	is_told(&error, 3, 13, IKE_IPV4, ipv4 + 40, ipv4 + 44, 4);
	assert_true(parse(AF_INET6, ipv6, sizeof(ipv6), &error));
	is_told(&error, 1, 1, IKE_IPV6, ipv6 + 16, ipv6 + 32, 16);
}

static void truncated(void **state)
{
	struct net_error error;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(ipv4); len++)
		assert_false(parse(AF_INET, ipv4, len, &error));
	for (len = 0; len < sizeof(ipv6); len++)
		assert_false(parse(AF_INET6, ipv6, len, &error));
}

/* A router may answer with options; we never send any. */
static void options(void **state)
{
	uint8_t data[sizeof(ipv4) + 40];
	struct net_error error;
	size_t words, len;

	(void)state;
	for (words = 1; words <= 10; words++) {
		memcpy(data, ipv4, 20);
		data[0] += words;
		memset(data + 20, 1, words * 4);
		memcpy(data + 20 + words * 4, ipv4 + 20, sizeof(ipv4) - 20);
		len = sizeof(ipv4) + words * 4;
		assert_true(parse(AF_INET, data, len, &error));
		is_told(&error, 3, 13, IKE_IPV4, ipv4 + 40, ipv4 + 44, 4);
		while (len--)
			assert_false(parse(AF_INET, data, len, &error));
	}
	assert_true(sizeof(data) <= NET_ICMP_MAX);
	memcpy(data, ipv4, 48);
	data[28]++;
	memset(data + 48, 1, 4);
	memcpy(data + 52, ipv4 + 48, 8);
	assert_false(parse(AF_INET, data, sizeof(ipv4) + 4, &error));
}

/* Those that are told are named; the others have all values that there are. */
static void types(void **state)
{
	unsigned int n;

	(void)state;
	for (n = 0; n < 256; n++) {
		assert_int_equal(taken4(20, n), n == 3 || n == 11);
		/* 4: packet-too-big, which is nothing to tell */
		assert_int_equal(taken4(21, n), n <= 15 && n != 4);
		assert_int_equal(taken6(0, n), n == 1 || n == 3);
	}
}

static void not_ours(void **state)
{
	unsigned int n;

	(void)state;
	for (n = 0; n < 256; n++) {
		/* in front: version and length (others end elsewhere); protocol */
		assert_int_equal(taken4(0, n), n == 0x45);
		assert_int_equal(taken4(9, n), n == 1);
		/* quoted: version and length, protocol, port */
		assert_int_equal(taken4(28, n), n == 0x45);
		assert_int_equal(taken4(37, n), n == 17);
		assert_int_equal(taken4(48, n), n == 0x11);
		assert_int_equal(taken4(49, n), n == 0x94);
		assert_int_equal(taken6(8, n), n >> 4 == 6);
		assert_int_equal(taken6(14, n), n == 17);
		assert_int_equal(taken6(48, n), n == 0x11);
		assert_int_equal(taken6(49, n), n == 0x94);
		/* a fragment that is not the first has no ports */
		assert_int_equal(taken4(34, n), !(n & 0x1f));
		assert_int_equal(taken4(35, n), !n);
	}
	/* a packet that says it is shorter than its headers */
	assert_false(taken4(30, 0));
	assert_true(taken6(13, 8));
	assert_false(taken6(13, 7));
}

/* What comes from the other family's socket, or is anything. */
static void anything(void **state)
{
	uint8_t data[NET_ICMP_MAX];
	struct net_error error;
	unsigned int i, n;

	(void)state;
	assert_false(parse(AF_INET6, ipv4, sizeof(ipv4), &error));
	assert_false(parse(AF_INET, ipv6, sizeof(ipv6), &error));
	srandom(1);
	for (n = 0; n < 20000; n++) {
		memset(data, 0, sizeof(data));
		memcpy(data, n % 2 ? ipv4 : ipv6, n % 2 ? sizeof(ipv4) : sizeof(ipv6));
		for (i = 0; i < 3; i++)
			data[random() % sizeof(data)] = random();
		if (parse(n % 2 ? AF_INET : AF_INET6, data,
			  random() % (sizeof(data) + 1), &error))
			assert_int_equal(error.local.port, 4500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told),	   cmocka_unit_test(truncated),
		cmocka_unit_test(options), cmocka_unit_test(types),
		cmocka_unit_test(not_ours), cmocka_unit_test(anything),
	};

	return cmocka_run_group_tests_name("daemon: icmp", tests, NULL, NULL);
}

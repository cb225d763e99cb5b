// SPDX-License-Identifier: GPL-2.0-or-later
/* Which tunnels an ICMP error is told of: those that could have sent what it is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ctl_why.h"

static struct conf_tunnel one, two;
static struct conf_tunnel *tunnels[] = { &one, &two };
static struct iked iked = { .conf = { .tunnels = tunnels, .count = 2 } };

static struct ike_address address(uint8_t last)
{
	struct ike_address addr = { .family = IKE_IPV4,
				    .octets = { 192, 0, 2, last } };

	return addr;
}

/* Both go to the same peer, from 192.0.2.1 and from 192.0.2.2. */
static int start(void **state)
{
	static const int none[NET_SOCKETS] = { -1, -1, -1, -1, -1, -1 };

	(void)state;
	one.ike = (struct ike_tunnel_config){ .name = "one", .local = address(1),
					      .remote = address(9) };
	two.ike = (struct ike_tunnel_config){ .name = "two", .local = address(2),
					      .remote = address(9) };
	if (net_adopt(&iked.net, none) < 0)
		return -1;
	iked.engine = env_new_engine(&iked);
	return iked.engine ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	ike_engine_free(iked.engine);
	net_close(iked.net);
	return 0;
}

/* Of @error, how many tunnels are told. */
static unsigned int told(struct net_error error)
{
	unsigned int before = one.trouble.icmp_count + two.trouble.icmp_count;

	why_icmp(&iked, &error);
	return one.trouble.icmp_count + two.trouble.icmp_count - before;
}

static struct ike_endpoint endpoint(uint8_t last, uint16_t port)
{
	return (struct ike_endpoint){ .addr = address(last), .port = port };
}

static void test_icmp(void **state)
{
	struct net_error error = { .type = 3, .code = 13, .from = address(254) };

	(void)state;
	/* From a socket's queue: whose it was has the kernel found. */
	error.to = endpoint(9, 500);
	assert_int_equal(told(error), 2);
	error.to = endpoint(8, 500);
	assert_int_equal(told(error), 0);
	/* From a message, which anybody can have sent. */
	error.local = endpoint(2, 4500);
	assert_int_equal(told(error), 0);
	error.to = endpoint(9, 4500);
	assert_int_equal(told(error), 1);
	assert_int_equal(two.trouble.icmp.code, 13);
	assert_int_equal(two.trouble.icmp.from.octets[3], 254);
	error.local = endpoint(3, 4500);
	assert_int_equal(told(error), 0);
	/* No IKE SA has such a port. */
	error.local = endpoint(2, 4500);
	error.to = endpoint(9, 500);
	assert_int_equal(told(error), 0);
	error.to = endpoint(9, 4501);
	assert_int_equal(told(error), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_icmp),
	};

	return cmocka_run_group_tests_name("daemon: why", tests, start, end);
}

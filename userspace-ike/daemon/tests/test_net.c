// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sockets, in a network namespace of their own: addresses both ways, the
 * non-ESP marker, keepalives. Skipped without the right to make a namespace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <cap-ng.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"

static bool has_namespace;

static int make_namespace(void **state)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	has_namespace = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) == 0;
	close(fd);
	return 0;
}

static int open_net(void **state)
{
	*state = NULL;
	if (!has_namespace)
		return 0;
	return net_open((struct net **)state);
}

static int close_net(void **state)
{
	net_close(*state);
	return 0;
}

/* The last message received, and how many there were. */
struct inbox {
	unsigned int count;
	struct ike_endpoint local;
	struct ike_endpoint remote;
	uint8_t data[64];
	size_t len;
};

static void take(void *arg, const struct ike_datagram *dgram)
{
	struct inbox *inbox = arg;

	inbox->count++;
	inbox->local = dgram->local;
	inbox->remote = dgram->remote;
	inbox->len = dgram->len;
	assert_true(dgram->len <= sizeof(inbox->data));
	memcpy(inbox->data, dgram->data, dgram->len);
}

static bool is_readable(const struct net *net, unsigned int index)
{
	struct pollfd pfd = { .fd = net_fd(net, index), .events = POLLIN };

	/* The loopback delivers before sendmsg() returns. */
	return poll(&pfd, 1, 0) == 1;
}

static struct ike_endpoint endpoint(const char *text, uint16_t port)
{
	struct ike_endpoint endpoint = { .port = port };

	if (strchr(text, ':')) {
		endpoint.addr.family = IKE_IPV6;
		assert_int_equal(inet_pton(AF_INET6, text, endpoint.addr.octets), 1);
	} else {
		endpoint.addr.family = IKE_IPV4;
		assert_int_equal(inet_pton(AF_INET, text, endpoint.addr.octets), 1);
	}
	return endpoint;
}

/* To ourselves, and back: @index is the socket that gets it. */
static void exchange(struct net *net, unsigned int index, const char *from,
		     const char *to, uint16_t port)
{
	struct ike_endpoint local = endpoint(from, port);
	struct ike_endpoint remote = endpoint(to, port);
	const struct ike_datagram dgram = {
		.local = local,
		.remote = remote,
		.data = (const uint8_t *)"message",
		.len = 7,
	};
	struct inbox inbox = { 0 };
	unsigned int i;

	if (net_fd(net, index) < 0)
		skip();
	assert_int_equal(net_send(net, &dgram), 0);
	for (i = 0; i < NET_SOCKETS; i++)
		assert_int_equal(is_readable(net, i), i == index);
	net_receive(net, index, take, &inbox);
	assert_int_equal(inbox.count, 1);
	assert_int_equal(inbox.len, 7);
	assert_memory_equal(inbox.data, "message", 7);
	assert_memory_equal(&inbox.local, &remote, sizeof(remote));
	assert_memory_equal(&inbox.remote, &local, sizeof(local));
}

static void test_ipv4(void **state)
{
	if (!*state)
		skip();
	exchange(*state, 0, "127.0.0.2", "127.0.0.3", 500);
	exchange(*state, 1, "127.0.0.4", "127.0.0.5", 4500);
}

static void test_ipv6(void **state)
{
	if (!*state)
		skip();
	exchange(*state, 2, "::1", "::1", 500);
	exchange(*state, 3, "::1", "::1", 4500);
}

/* What arrives at @port when @octets are sent there from elsewhere. */
static void send_raw(const void *octets, size_t len, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(sendto(fd, octets, len, 0, (struct sockaddr *)&to,
				sizeof(to)),
			 (ssize_t)len);
	close(fd);
}

static void test_marker(void **state)
{
	static const uint8_t marked[] = { 0, 0, 0, 0, 'a', 'b' };
	struct inbox inbox = { 0 };
	struct net *net = *state;

	if (!net)
		skip();
	send_raw(marked, sizeof(marked), IKE_PORT_NATT);
	net_receive(net, 1, take, &inbox);
	assert_int_equal(inbox.count, 1);
	assert_int_equal(inbox.len, 2);
	assert_memory_equal(inbox.data, "ab", 2);
	/* Port 500 knows no marker. */
	send_raw(marked, sizeof(marked), IKE_PORT);
	net_receive(net, 0, take, &inbox);
	assert_int_equal(inbox.count, 2);
	assert_int_equal(inbox.len, 6);
	/* Nothing but a marker is an empty message: the engine's to refuse. */
	send_raw(marked, 4, IKE_PORT_NATT);
	net_receive(net, 1, take, &inbox);
	assert_int_equal(inbox.count, 3);
	assert_int_equal(inbox.len, 0);
}

/* ESP and keepalives (RFC 3948, section 2.3) never come up to us. */
static void test_kernel_takes_esp(void **state)
{
	static const uint8_t esp[32] = { 0, 0, 1, 2, 0, 0, 0, 1 };
	struct ike_endpoint from = endpoint("127.0.0.1", IKE_PORT_NATT);
	struct ike_endpoint to = endpoint("127.0.0.2", IKE_PORT_NATT);
	struct inbox inbox = { 0 };
	struct net *net = *state;

	if (!net)
		skip();
	send_raw(esp, sizeof(esp), IKE_PORT_NATT);
	net_keepalive(net, &from, &to);
	net_receive(net, 1, take, &inbox);
	assert_int_equal(inbox.count, 0);
	assert_int_equal(net_counters(net)->tx_errors, 0);
}

static void test_burst_is_bounded(void **state)
{
	struct inbox inbox = { 0 };
	struct net *net = *state;
	unsigned int i, before;

	if (!net)
		skip();
	for (i = 0; i < 100; i++)
		send_raw("x", 1, IKE_PORT);
	net_receive(net, 0, take, &inbox);
	assert_in_range(inbox.count, 1, 99);
	do {
		before = inbox.count;
		net_receive(net, 0, take, &inbox);
	} while (inbox.count != before);
	assert_int_equal(inbox.count, 100);
}

static void test_no_route(void **state)
{
	const struct ike_datagram dgram = {
		.local = endpoint("127.0.0.1", IKE_PORT),
		.remote = endpoint("192.0.2.1", IKE_PORT),
		.data = (const uint8_t *)"message",
		.len = 7,
	};
	struct net *net = *state;

	if (!net)
		skip();
	assert_true(net_send(net, &dgram) < 0);
	assert_int_equal(net_counters(net)->tx_errors, 1);
}

static void take_error(void *arg, const struct net_error *error)
{
	*(struct net_error *)arg = *error;
}

/*
 * Nobody listens there: ICMP says so, to whom it may concern; and what is sent next is
 * sent.
 */
static void unreachable(struct net *net, unsigned int index, const char *addr,
			uint8_t type, uint8_t code)
{
	const struct ike_endpoint local = endpoint(addr, IKE_PORT);
	const struct ike_datagram dgram = {
		.local = local,
		.remote = endpoint(addr, 7),
		.data = (const uint8_t *)"message",
		.len = 7,
	};
	struct net_error error = { 0 };
	struct inbox inbox = { 0 };

	if (net_fd(net, index) < 0)
		skip();
	net_on_error(net, take_error, &error);
	assert_int_equal(net_send(net, &dgram), 0);
	assert_true(is_readable(net, index));
	assert_int_equal(net_send(net, &dgram), 0);
	net_receive(net, index, take, &inbox);
	assert_int_equal(inbox.count, 0);
	assert_int_equal(error.type, type);
	assert_int_equal(error.code, code);
	assert_int_equal(error.to.port, 7);
	assert_memory_equal(&error.to.addr, &local.addr, sizeof(local.addr));
	assert_memory_equal(&error.from, &local.addr, sizeof(local.addr));
	/* All of it was read: it would wake us up for ever. */
	assert_int_equal(net_counters(net)->tx_errors, 0);
	net_receive(net, index, take, &inbox);
	assert_false(is_readable(net, index));
}

static void test_unreachable(void **state)
{
	if (!*state)
		skip();
	unreachable(*state, 0, "127.0.0.1", 3, 3);
	unreachable(*state, 2, "::1", 1, 4);
}

/* Of port 4500 another socket hears it; what is said of others does not wake us up. */
static void unreachable_natt(struct net *net, unsigned int udp,
			     unsigned int index, const char *addr, uint8_t type,
			     uint8_t code)
{
	const struct ike_endpoint local = endpoint(addr, IKE_PORT_NATT);
	const struct ike_endpoint other = endpoint(addr, IKE_PORT);
	struct ike_datagram dgram = {
		.local = other,
		.remote = endpoint(addr, 7),
		.data = (const uint8_t *)"message",
		.len = 7,
	};
	struct net_error error = { 0 };
	struct inbox inbox = { 0 };

	if (net_fd(net, udp) < 0)
		skip();
	assert_true(net_hears_icmp(net, local.addr.family));
	net_on_error(net, take_error, &error);
	assert_int_equal(net_send(net, &dgram), 0);
	assert_false(is_readable(net, index));
	dgram.local = local;
	assert_int_equal(net_send(net, &dgram), 0);
	assert_true(is_readable(net, index));
	net_receive(net, index, take, &inbox);
	assert_false(is_readable(net, index));
	assert_int_equal(inbox.count, 0);
	assert_int_equal(error.type, type);
	assert_int_equal(error.code, code);
	assert_int_equal(error.to.port, 7);
	assert_memory_equal(&error.to.addr, &local.addr, sizeof(local.addr));
	assert_memory_equal(&error.local, &local, sizeof(local));
	assert_memory_equal(&error.from, &local.addr, sizeof(local.addr));
}

static void test_unreachable_natt(void **state)
{
	if (!*state)
		skip();
	unreachable_natt(*state, 1, 4, "127.0.0.1", 3, 3);
	unreachable_natt(*state, 3, 5, "::1", 1, 4);
}

/* A container may have no CAP_NET_RAW; to be without is no reason not to start. */
static void test_no_net_raw(void **state)
{
	struct net *net = NULL;
	int status;
	pid_t pid;

	net_close(*state);
	if (!*state)
		skip();
	*state = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		capng_get_caps_process();
		if (capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, CAP_NET_RAW) < 0 ||
		    capng_apply(CAPNG_SELECT_CAPS) < 0 || net_open(&net) < 0)
			_exit(2);
		_exit(net_fd(net, 1) < 0 || net_fd(net, 4) >= 0 ||
		      net_fd(net, 5) >= 0 || net_hears_icmp(net, IKE_IPV4) ||
		      net_hears_icmp(net, IKE_IPV6));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_in_use(void **state)
{
	struct net *second = NULL;

	if (!*state)
		skip();
	assert_int_equal(net_open(&second), -1);
	assert_null(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_net, close_net)
		T(test_ipv4),		  T(test_ipv6),
		T(test_marker),		  T(test_kernel_takes_esp),
		T(test_burst_is_bounded), T(test_no_route),
		T(test_unreachable),	  T(test_unreachable_natt),
		T(test_no_net_raw),	  T(test_in_use),
#undef T
	};

	return cmocka_run_group_tests_name("daemon: net", tests, make_namespace,
					   NULL);
}

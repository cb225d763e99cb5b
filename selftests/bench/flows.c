// SPDX-License-Identifier: GPL-2.0-or-later
/* traffic's kinds of traffic: UDP in windows, TCP in bulk, echo requests. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "traffic.h"

#define WINDOW_MAX 256
#define PACKET_MAX 2048
#define HEADERS 28 /* IPv4 and UDP */
#define WARM_WINDOWS 20
#define WARM_BYTES (4u << 20)
#define CHUNK (128 * 1024)

typedef unsigned long long ull;

static char tx_data[WINDOW_MAX][PACKET_MAX], rx_data[WINDOW_MAX][PACKET_MAX];
static struct mmsghdr tx_msg[WINDOW_MAX], rx_msg[WINDOW_MAX];
static struct iovec tx_iov[WINDOW_MAX], rx_iov[WINDOW_MAX];
static struct sockaddr_in *targets;

struct udp {
	int tx, rx;
	int len; /* of the payload */
	int window;
	int targets; /* 0: the socket is connected */
	int next; /* target */
};

static void udp_open(struct udp *u, char **args)
{
	struct sockaddr_in any = address("0.0.0.0", first_port);
	struct sockaddr_in to = address(args[2], first_port);
	int i, j;

	enter_ns(args[1]);
	u->rx = socket(AF_INET, SOCK_DGRAM, 0);
	big_buffers(u->rx);
	if (bind(u->rx, (struct sockaddr *)&any, sizeof(any)))
		die("bind");
	enter_ns(args[0]);
	u->tx = socket(AF_INET, SOCK_DGRAM, 0);
	big_buffers(u->tx);
	if (!u->targets && connect(u->tx, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	targets = calloc(u->targets + 1, sizeof(*targets));
	for (i = 0; i < u->targets; i++) {
		targets[i] = to;
		targets[i].sin_addr.s_addr =
			htonl(ntohl(to.sin_addr.s_addr) + i);
	}
	for (i = 0; i < WINDOW_MAX; i++) {
		for (j = 0; j < u->len; j++)
			tx_data[i][j] = i * 31 + j;
		tx_iov[i] = (struct iovec){ tx_data[i], u->len };
		rx_iov[i] = (struct iovec){ rx_data[i], PACKET_MAX };
		tx_msg[i].msg_hdr.msg_iov = &tx_iov[i];
		tx_msg[i].msg_hdr.msg_iovlen = 1;
		rx_msg[i].msg_hdr.msg_iov = &rx_iov[i];
		rx_msg[i].msg_hdr.msg_iovlen = 1;
	}
}

/* Send a window and wait for it; how many came as they were sent. */
static int udp_window(struct udp *u)
{
	int sent, good = 0, seen = 0, n, i;

	/* a step that has no divisor in common with round numbers of targets */
	for (i = 0; u->targets && i < u->window; i++) {
		tx_msg[i].msg_hdr.msg_name = &targets[u->next];
		tx_msg[i].msg_hdr.msg_namelen = sizeof(*targets);
		u->next = (u->next + 7919) % u->targets;
	}
	for (sent = 0; sent < u->window; sent += n) {
		n = sendmmsg(u->tx, tx_msg + sent, u->window - sent, 0);
		if (n <= 0)
			break;
	}
	while (seen < sent) {
		n = recvmmsg(u->rx, rx_msg, sent - seen, MSG_WAITFORONE, NULL);
		if (n <= 0)
			break;
		for (i = 0; i < n; i++)
			good += rx_msg[i].msg_len == (unsigned int)u->len;
		seen += n;
	}
	return good;
}

void run_udp(char **args)
{
	struct udp u = { .len = atoi(args[3]) - HEADERS,
			 .window = atoi(args[5]),
			 .targets = args[6] ? atoi(args[6]) : 0 };
	int windows = atoi(args[4]) / u.window, got = 0, i;
	uint64_t *took = calloc(windows + 1, sizeof(*took)), t;
	struct meter m;

	if (u.len < 1 || u.len > PACKET_MAX || u.window < 1 ||
	    u.window > WINDOW_MAX || windows < 1) {
		errno = EINVAL;
		die("udp");
	}
	udp_open(&u, args);
	receive_timeout(u.rx, 1000);
	/* each destination once at least: the first packet of a tunnel is another matter */
	for (i = 0; i < WARM_WINDOWS || i * u.window < u.targets; i++)
		udp_window(&u);
	receive_timeout(u.rx, 100);
	meter_start(&m);
	for (i = 0; i < windows; i++) {
		t = ticks();
		got += udp_window(&u);
		took[i] = ticks() - t;
	}
	meter_stop(&m);
	qsort(took, windows, sizeof(*took), by_size);
	printf("kind=udp size=%s sent=%d got=%d ticks=%llu idle=%llu per=%.1f median=%.1f\n",
	       args[3], windows * u.window, got, (ull)m.ticks, (ull)m.idle,
	       got ? meter_work(&m) / got : 0,
	       (double)took[windows / 2] / u.window);
}

static void send_all(int sock, uint64_t bytes)
{
	static char data[CHUNK];
	ssize_t n;

	for (; bytes; bytes -= n) {
		n = send(sock, data, bytes < CHUNK ? bytes : CHUNK, 0);
		if (n <= 0)
			die("send");
	}
}

static void receive_all(int sock, uint64_t bytes)
{
	static char data[CHUNK];
	ssize_t n;

	for (; bytes; bytes -= n) {
		n = recv(sock, data, bytes < CHUNK ? bytes : CHUNK, 0);
		if (n <= 0)
			die("recv");
	}
}

static void wait_word(int pipe_end)
{
	char c;

	if (read(pipe_end, &c, 1) != 1)
		die("pipe");
}

/* The sending half: a warm connection, and after a word the bytes. */
static void tcp_send(const char *ns, const struct sockaddr_in *to,
		     uint64_t bytes, int go, int result)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	unsigned int before;
	int sock;

	enter_ns(ns);
	sock = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(sock, (const struct sockaddr *)to, sizeof(*to)))
		die("tcp connect");
	send_all(sock, WARM_BYTES);
	wait_word(go);
	getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &len);
	before = info.tcpi_total_retrans;
	send_all(sock, bytes);
	wait_word(go);
	len = sizeof(info);
	getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &len);
	before = info.tcpi_total_retrans - before;
	if (write(result, &before, sizeof(before)) != sizeof(before))
		die("pipe");
	_exit(0);
}

void run_tcp(char **args)
{
	struct sockaddr_in to = address(args[2], first_port + 1);
	uint64_t bytes = strtoull(args[3], NULL, 0);
	int listener, sock, go[2], result[2], on = 1;
	unsigned int resent;
	struct meter m;

	if (pipe(go) || pipe(result))
		die("pipe");
	enter_ns(args[1]);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&to, sizeof(to)) ||
	    listen(listener, 4))
		die("listen");
	if (!fork())
		tcp_send(args[0], &to, bytes, go[0], result[1]);
	sock = accept(listener, NULL, NULL);
	if (sock < 0)
		die("accept");
	receive_all(sock, WARM_BYTES);
	usleep(20000); /* for the last acknowledgements to be on their way */
	meter_start(&m);
	if (write(go[1], "g", 1) != 1)
		die("pipe");
	receive_all(sock, bytes);
	meter_stop(&m);
	if (write(go[1], "g", 1) != 1 ||
	    read(result[0], &resent, sizeof(resent)) != sizeof(resent))
		die("pipe");
	wait(NULL);
	printf("kind=tcp size=%llu ticks=%llu idle=%llu resent=%u per=%.4f mbit=%.1f\n",
	       (ull)bytes, (ull)m.ticks, (ull)m.idle, resent,
	       meter_work(&m) / bytes, bytes * 8e3 / m.ns);
}

static uint16_t checksum(const uint16_t *data, int words)
{
	uint32_t sum = 0;

	while (words--)
		sum += *data++;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

/* Send one request; false: no answer. */
static int echo(int sock, int number)
{
	union {
		struct icmphdr hdr;
		uint16_t words[32];
	} out;
	char in[512];
	const struct icmphdr *reply = (const void *)(in + 20);
	ssize_t n;

	memset(&out, 0x5a, sizeof(out));
	out.hdr.type = ICMP_ECHO;
	out.hdr.code = 0;
	out.hdr.checksum = 0;
	out.hdr.un.echo.sequence = htons(number & 0xffff);
	out.hdr.checksum = checksum(out.words, 32);
	if (send(sock, &out, sizeof(out), 0) < 0)
		return 0;
	do {
		n = recv(sock, in, sizeof(in), 0);
	} while (n > 0 &&
		 (n < 28 || reply->type != ICMP_ECHOREPLY ||
		  reply->un.echo.sequence != out.hdr.un.echo.sequence));
	return n > 0;
}

void run_ping(char **args)
{
	struct sockaddr_in to = address(args[1], 0);
	int count = atoi(args[2]), sock, i, got = 0;
	uint64_t *took = calloc(count + 1, sizeof(*took)), t;
	struct meter m;

	enter_ns(args[0]);
	sock = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (sock < 0 || connect(sock, (struct sockaddr *)&to, sizeof(to)))
		die("icmp");
	receive_timeout(sock, 1000);
	for (i = 0; i < 10; i++)
		echo(sock, -1 - i);
	meter_start(&m);
	for (i = 0; i < count; i++) {
		t = ticks();
		if (echo(sock, i))
			took[got++] = ticks() - t;
	}
	meter_stop(&m);
	qsort(took, got, sizeof(*took), by_size);
	printf("kind=ping size=84 sent=%d got=%d ticks=%llu idle=%llu per=%llu\n",
	       count, got, (ull)m.ticks, (ull)m.idle, (ull)took[got / 2]);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICMP about what was sent from UDP port 4500, see net_icmp.h. Whoever knows two
 * addresses can forge it, so it is kept to be shown and decides nothing; its checksum,
 * which the kernel has verified of ICMPv6 only, would not make it any truer.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net_icmp.h"

#define ERRORS_AT_ONCE 64

/* Sizes and offsets in octets: RFC 791, 792, 768; RFC 8200, 4443. */
#define IPV4_HEADER 20 /* without options */
#define IPV6_HEADER 40
#define ICMP_HEADER 8 /* in front of what is quoted, in both families */
#define UDP_HEADER 8

/* The whole packet is passed on: the checksum of ICMPv6 is verified later. */
#define PASS BPF_STMT(BPF_RET | BPF_K, 0x40000)
#define DROP BPF_STMT(BPF_RET | BPF_K, 0)

/* Offsets are from the header in front, whose length is in X. */
static struct sock_filter about_us[] = {
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		 ICMP_DEST_UNREACH << 8 | ICMP_FRAG_NEEDED, 7, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, ICMP_HEADER),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x45, 0, 5),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, ICMP_HEADER + 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, ICMP_HEADER + IPV4_HEADER),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IKE_PORT_NATT, 0, 1),
	PASS,
	DROP,
};

/* There is no header in front. */
static struct sock_filter about_us6[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ICMP_HEADER + 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ICMP_HEADER + IPV6_HEADER),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IKE_PORT_NATT, 0, 1),
	PASS,
	DROP,
};

#define PROGRAM(code) { sizeof(code) / sizeof((code)[0]), code }

/* By type first: that costs the kernel least, where many echo requests come in. */
static int pass_types(int fd, int family)
{
	struct icmp_filter types = {
		.data = ~(1U << ICMP_DEST_UNREACH | 1U << ICMP_TIME_EXCEEDED),
	};
	struct icmp6_filter types6;

	if (family == AF_INET)
		return setsockopt(fd, SOL_RAW, ICMP_FILTER, &types,
				  sizeof(types));
	ICMP6_FILTER_SETBLOCKALL(&types6);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &types6);
	ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &types6);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &types6,
			  sizeof(types6));
}

int net_icmp_open(int family)
{
	const struct sock_fprog ours = PROGRAM(about_us);
	const struct sock_fprog ours6 = PROGRAM(about_us6);
	int protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	const int on = 1;
	int fd, why;

	fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -1;
	/* What has come in before the filter is refused by net_icmp_parse(). */
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER,
		       family == AF_INET ? &ours : &ours6, sizeof(ours)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) == 0 &&
	    pass_types(fd, family) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static struct ike_endpoint endpoint(uint8_t family, const uint8_t *addr,
				    const uint8_t *port)
{
	struct ike_endpoint ret = { .addr.family = family, .port = be16(port) };

	memcpy(ret.addr.octets, addr, family == IKE_IPV4 ? 4 : 16);
	return ret;
}

/* Which types are wanted; of IPv4, packet-too-big is a code. */
static bool is_error(int family, uint8_t type, uint8_t code)
{
	if (family == AF_INET6)
		return type == ICMP6_DST_UNREACH || type == ICMP6_TIME_EXCEEDED;
	return type == ICMP_TIME_EXCEEDED ||
	       (type == ICMP_DEST_UNREACH && code != ICMP_FRAG_NEEDED &&
		code <= NR_ICMP_UNREACH);
}

/*
 * The quoted packet is one of ours: without options, and if it is a fragment, the first.
 * Return: octets of its header, 0 if it is no such packet.
 */
static size_t quoted_header(int family, const uint8_t *ip, size_t len)
{
	if (family == AF_INET)
		return len >= IPV4_HEADER + UDP_HEADER && ip[0] == 0x45 &&
				       be16(ip + 2) >= IPV4_HEADER + UDP_HEADER &&
				       !(be16(ip + 6) & 0x1fff) &&
				       ip[9] == IPPROTO_UDP ?
			       IPV4_HEADER :
			       0;
	/* Extension headers are not looked behind: IKE sends without. */
	return len >= IPV6_HEADER + UDP_HEADER && ip[0] >> 4 == 6 &&
			       be16(ip + 4) >= UDP_HEADER &&
			       ip[6] == IPPROTO_UDP ?
		       IPV6_HEADER :
		       0;
}

/* Takes off what is in front of ICMP, options included. False: there is no ICMP. */
static bool strip_front(int family, const uint8_t **data, size_t *len)
{
	size_t header = 0;

	if (family == AF_INET) {
		if (*len < IPV4_HEADER || (*data)[0] >> 4 != 4 ||
		    (*data)[9] != IPPROTO_ICMP)
			return false;
		header = ((*data)[0] & 0xf) * 4;
		if (header < IPV4_HEADER || header > *len)
			return false;
	}
	*data += header;
	*len -= header;
	return *len >= ICMP_HEADER;
}

bool net_icmp_parse(int family, const uint8_t *data, size_t len,
		    struct net_error *error)
{
	const uint8_t *ip, *udp;
	size_t header;

	if (!strip_front(family, &data, &len) ||
	    !is_error(family, data[0], data[1]))
		return false;
	ip = data + ICMP_HEADER;
	header = quoted_header(family, ip, len - ICMP_HEADER);
	if (!header)
		return false;
	udp = ip + header;
	*error = (struct net_error){ .type = data[0], .code = data[1] };
	if (family == AF_INET) {
		error->local = endpoint(IKE_IPV4, ip + 12, udp);
		error->to = endpoint(IKE_IPV4, ip + 16, udp + 2);
	} else {
		error->local = endpoint(IKE_IPV6, ip + 8, udp);
		error->to = endpoint(IKE_IPV6, ip + 24, udp + 2);
	}
	return error->local.port == IKE_PORT_NATT;
}

static void set_from(struct net_error *error,
		     const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;

	error->from.family = error->to.addr.family;
	if (from->ss_family == AF_INET)
		memcpy(error->from.octets, &in->sin_addr, 4);
	else
		memcpy(error->from.octets, &in6->sin6_addr, 16);
}

void net_icmp_read(int fd, int family, net_error_receiver receiver, void *arg)
{
	struct sockaddr_storage from;
	uint8_t data[NET_ICMP_MAX];
	struct net_error error;
	socklen_t from_len;
	ssize_t n;
	int i;

	for (i = 0; i < ERRORS_AT_ONCE; i++) {
		from_len = sizeof(from);
		/* What does not fit is cut off. */
		n = recvfrom(fd, data, sizeof(data), 0,
			     (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		if (!net_icmp_parse(family, data, n, &error) || !receiver)
			continue;
		set_from(&error, &from);
		receiver(arg, &error);
	}
}

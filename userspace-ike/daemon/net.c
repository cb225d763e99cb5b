// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's sockets, but for what is read of ICMP: net_icmp.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ctl_listen.h"
#include "log.h"
#include "net.h"
#include "net_icmp.h"

#define MESSAGE_MAX 65536
#define MARKER_LEN 4 /* of zeros: RFC 3948, section 2.2 */
#define BURST 64 /* messages per call of net_receive() */
#define QUEUE_BYTES (4 << 20) /* of a socket: some thousand messages */

struct net {
	int fds[NET_SOCKETS]; /* -1: not open */
	struct net_counters counters;
	net_error_receiver on_error;
	void *on_error_arg;
	uint8_t buf[MESSAGE_MAX];
};

static const struct {
	int family;
	uint16_t port;
} layout[NET_SOCKETS] = {
	{ AF_INET, IKE_PORT },
	{ AF_INET, IKE_PORT_NATT },
	{ AF_INET6, IKE_PORT },
	{ AF_INET6, IKE_PORT_NATT },
	{ AF_INET, 0 },
	{ AF_INET6, 0 },
};

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Ancillary data with one in_pktinfo or in6_pktinfo. */
union pktinfo_buf {
	struct cmsghdr align;
	char in[CMSG_SPACE(sizeof(struct in_pktinfo))];
	char in6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static const char *socket_name(unsigned int index)
{
	static const char *const names[NET_SOCKETS] = {
		"IPv4 UDP port 500",
		"IPv4 UDP port 4500",
		"IPv6 UDP port 500",
		"IPv6 UDP port 4500",
		"ICMP",
		"ICMPv6",
	};

	return names[index];
}

static socklen_t endpoint_to_address(const struct ike_endpoint *from,
				     union address *to)
{
	memset(to, 0, sizeof(*to));
	if (from->addr.family == IKE_IPV4) {
		to->in.sin_family = AF_INET;
		to->in.sin_port = htons(from->port);
		memcpy(&to->in.sin_addr, from->addr.octets, 4);
		return sizeof(to->in);
	}
	to->in6.sin6_family = AF_INET6;
	to->in6.sin6_port = htons(from->port);
	memcpy(&to->in6.sin6_addr, from->addr.octets, 16);
	return sizeof(to->in6);
}

static void address_to_endpoint(const union address *from,
				struct ike_endpoint *to)
{
	memset(to, 0, sizeof(*to));
	if (from->any.sa_family == AF_INET) {
		to->addr.family = IKE_IPV4;
		to->port = ntohs(from->in.sin_port);
		memcpy(to->addr.octets, &from->in.sin_addr, 4);
	} else {
		to->addr.family = IKE_IPV6;
		to->port = ntohs(from->in6.sin6_port);
		memcpy(to->addr.octets, &from->in6.sin6_addr, 16);
	}
}

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/*
 * Policies of another IPsec stack on this host must not catch IKE itself. A
 * kernel without XFRM has no policies.
 */
static void bypass_policies(int fd, int family, unsigned int index)
{
	struct xfrm_userpolicy_info policy = {
		.action = XFRM_POLICY_ALLOW,
		.sel.family = family,
	};
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = family == AF_INET ? IP_XFRM_POLICY : IPV6_XFRM_POLICY;

	for (policy.dir = XFRM_POLICY_IN; policy.dir <= XFRM_POLICY_OUT;
	     policy.dir++)
		if (setsockopt(fd, level, option, &policy, sizeof(policy)) < 0)
			log_line(LOG_DEBUG, NULL, "%s: no policy bypass: %s",
				 socket_name(index), strerror(errno));
}

/*
 * Hundreds of peers may speak in one moment: those that came up together ask at the
 * same time whether we are alive. The kernel's default queue has no room for that,
 * and each message that is lost is sent again. ESP is never queued here.
 */
static void lengthen_queue(int fd, unsigned int index)
{
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_BYTES) < 0 &&
	    set_int(fd, SOL_SOCKET, SO_RCVBUF, QUEUE_BYTES) < 0)
		log_line(LOG_DEBUG, NULL, "%s: the queue keeps its length: %s",
			 socket_name(index), strerror(errno));
}

/* Options that the socket cannot do without. */
static int set_options(int fd, unsigned int index)
{
	int family = layout[index].family;

	if (family == AF_INET) {
		/* Routers may fragment: a large IKE message is better late. */
		if (set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) < 0 ||
		    set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER,
			    IP_PMTUDISC_DONT) < 0)
			return -1;
	} else {
		if (set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0 ||
		    set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) < 0)
			return -1;
	}
	/* UDP_GRO must stay off: it would glue ESP of different SAs together. */
	if (layout[index].port == IKE_PORT_NATT)
		return set_int(fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
	return 0;
}

static int open_socket(struct net *net, unsigned int index)
{
	int family = layout[index].family, fd;
	struct ike_endpoint any = {
		.addr.family = family == AF_INET ? IKE_IPV4 : IKE_IPV6,
		.port = layout[index].port,
	};
	unsigned int tries = 0;
	union address addr;
	socklen_t len;

	fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 && errno == EAFNOSUPPORT && family == AF_INET6) {
		log_line(LOG_INFO, NULL, "the kernel has no IPv6");
		return 0;
	}
	if (fd < 0) {
		log_line(LOG_ERR, NULL, "%s: %s", socket_name(index),
			 strerror(errno));
		return -1;
	}
	net->fds[index] = fd;
	if (set_options(fd, index) < 0) {
		log_line(LOG_ERR, NULL,
			 "%s: %s; the kernel lacks CONFIG_XFRM, or this is not Linux 6.1 or newer",
			 socket_name(index), strerror(errno));
		return -1;
	}
	bypass_policies(fd, family, index);
	lengthen_queue(fd, index);
	if (net_error_watch(fd, family) < 0)
		log_line(LOG_DEBUG, NULL, "%s: no ICMP errors: %s",
			 socket_name(index), strerror(errno));
	len = endpoint_to_address(&any, &addr);
	while (bind(fd, &addr.any, len) < 0) {
		/* The ike process of a parent that was killed is about to end. */
		if (errno == EADDRINUSE && tries++ < LEAVING_TRIES) {
			usleep(LEAVING_US);
			continue;
		}
		log_line(LOG_ERR, NULL, "%s: %s%s", socket_name(index),
			 strerror(errno),
			 errno == EADDRINUSE ?
				 "; another IKE daemon is running (ss -ulpn shows it), stop it first" :
				 "");
		return -1;
	}
	return 0;
}

/* To know what a firewall says is good, and not to know it no reason to stay away. */
static void hear_icmp(struct net *net)
{
	unsigned int i;

	for (i = NET_UDP_SOCKETS; i < NET_SOCKETS; i++) {
		net->fds[i] = net_icmp_open(layout[i].family);
		if (net->fds[i] >= 0 || errno == EAFNOSUPPORT)
			continue;
		log_line(LOG_NOTICE, NULL,
			 "%s: %s; what ICMP says of UDP port 4500 will not be known%s",
			 socket_name(i), strerror(errno),
			 errno == EPERM ? ": CAP_NET_RAW is needed for it" : "");
		return;
	}
}

int net_open(struct net **netp)
{
	struct net *net = calloc(1, sizeof(*net));
	unsigned int i;

	if (!net) {
		log_line(LOG_ERR, NULL, "no memory for the sockets");
		return -1;
	}
	for (i = 0; i < NET_SOCKETS; i++)
		net->fds[i] = -1;
	for (i = 0; i < NET_UDP_SOCKETS; i++) {
		if (open_socket(net, i) < 0) {
			net_close(net);
			return -1;
		}
	}
	hear_icmp(net);
	*netp = net;
	return 0;
}

int net_adopt(struct net **netp, const int fds[NET_SOCKETS])
{
	struct net *net = calloc(1, sizeof(*net));

	if (!net) {
		log_line(LOG_ERR, NULL, "no memory for the sockets");
		return -1;
	}
	memcpy(net->fds, fds, sizeof(net->fds));
	*netp = net;
	return 0;
}

void net_close(struct net *net)
{
	unsigned int i;

	if (!net)
		return;
	for (i = 0; i < NET_SOCKETS; i++)
		if (net->fds[i] >= 0)
			close(net->fds[i]);
	free(net);
}

void net_on_error(struct net *net, net_error_receiver receiver, void *arg)
{
	net->on_error = receiver;
	net->on_error_arg = arg;
}

int net_fd(const struct net *net, unsigned int index)
{
	return net->fds[index];
}

bool net_hears_icmp(const struct net *net, uint8_t family)
{
	unsigned int i = NET_UDP_SOCKETS + (family == IKE_IPV4 ? 0 : 1);

	return net->fds[i] >= 0;
}

/* The address a datagram was sent to; false if the kernel did not say. */
static bool local_address(struct msghdr *msg, struct ike_endpoint *local)
{
	struct in6_pktinfo in6;
	struct in_pktinfo in;
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IP &&
		    cmsg->cmsg_type == IP_PKTINFO) {
			memcpy(&in, CMSG_DATA(cmsg), sizeof(in));
			local->addr.family = IKE_IPV4;
			memcpy(local->addr.octets, &in.ipi_addr, 4);
			return true;
		}
		if (cmsg->cmsg_level == IPPROTO_IPV6 &&
		    cmsg->cmsg_type == IPV6_PKTINFO) {
			memcpy(&in6, CMSG_DATA(cmsg), sizeof(in6));
			local->addr.family = IKE_IPV6;
			memcpy(local->addr.octets, &in6.ipi6_addr, 16);
			return true;
		}
	}
	return false;
}

/* Takes the marker off. False: counted and dropped. */
static bool strip_marker(struct net *net, struct ike_datagram *dgram)
{
	static const uint8_t marker[MARKER_LEN];

	if (dgram->len < MARKER_LEN || memcmp(dgram->data, marker, MARKER_LEN)) {
		net->counters.rx_no_marker++;
		return false;
	}
	dgram->data += MARKER_LEN;
	dgram->len -= MARKER_LEN;
	return true;
}

/* Return: false if nothing is left to read. */
static bool receive_one(struct net *net, unsigned int index,
			net_receiver receiver, void *arg)
{
	struct ike_datagram dgram = { .local.port = layout[index].port };
	struct iovec iov = { net->buf, sizeof(net->buf) };
	union pktinfo_buf control;
	union address from;
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	n = recvmsg(net->fds[index], &msg, 0);
	if (n < 0)
		return errno == EINTR;
	if (msg.msg_flags & MSG_TRUNC) {
		net->counters.rx_truncated++;
		return true;
	}
	dgram.data = net->buf;
	dgram.len = n;
	address_to_endpoint(&from, &dgram.remote);
	if (!local_address(&msg, &dgram.local))
		return true;
	if (layout[index].port == IKE_PORT_NATT && !strip_marker(net, &dgram))
		return true;
	receiver(arg, &dgram);
	return true;
}

void net_receive(struct net *net, unsigned int index, net_receiver receiver,
		 void *arg)
{
	int i;

	if (index >= NET_UDP_SOCKETS) {
		net_icmp_read(net->fds[index], layout[index].family,
			      net->on_error, net->on_error_arg);
		return;
	}
	/* Left where they are they would wake us up for ever. */
	net_error_read(net->fds[index], net->on_error, net->on_error_arg);
	for (i = 0; i < BURST; i++)
		if (!receive_one(net, index, receiver, arg))
			return;
}

static int socket_for(const struct net *net, const struct ike_endpoint *local)
{
	int family = local->addr.family == IKE_IPV4 ? AF_INET : AF_INET6;
	unsigned int i;

	for (i = 0; i < NET_UDP_SOCKETS; i++)
		if (layout[i].family == family && layout[i].port == local->port)
			return net->fds[i];
	return -1;
}

/* Our address goes into the packet as its source. */
static void set_source(struct msghdr *msg, union pktinfo_buf *control,
		       const struct ike_endpoint *local)
{
	struct in6_pktinfo in6 = { 0 };
	struct in_pktinfo in = { 0 };
	struct cmsghdr *cmsg;

	memset(control, 0, sizeof(*control));
	msg->msg_control = control;
	if (local->addr.family == IKE_IPV4) {
		msg->msg_controllen = sizeof(control->in);
		cmsg = CMSG_FIRSTHDR(msg);
		cmsg->cmsg_level = IPPROTO_IP;
		cmsg->cmsg_type = IP_PKTINFO;
		cmsg->cmsg_len = CMSG_LEN(sizeof(in));
		memcpy(&in.ipi_spec_dst, local->addr.octets, 4);
		memcpy(CMSG_DATA(cmsg), &in, sizeof(in));
	} else {
		msg->msg_controllen = sizeof(control->in6);
		cmsg = CMSG_FIRSTHDR(msg);
		cmsg->cmsg_level = IPPROTO_IPV6;
		cmsg->cmsg_type = IPV6_PKTINFO;
		cmsg->cmsg_len = CMSG_LEN(sizeof(in6));
		memcpy(&in6.ipi6_addr, local->addr.octets, 16);
		memcpy(CMSG_DATA(cmsg), &in6, sizeof(in6));
	}
}

static int send_parts(struct net *net, const struct ike_endpoint *local,
		      const struct ike_endpoint *remote, struct iovec *iov,
		      size_t parts)
{
	union pktinfo_buf control;
	union address to;
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = endpoint_to_address(remote, &to),
		.msg_iov = iov,
		.msg_iovlen = parts,
	};
	int fd = socket_for(net, local), tries = 0;
	ssize_t n;

	set_source(&msg, &control, local);
	/* What ICMP has said of an earlier packet, perhaps to another peer, is told
	 * once in place of sending this one.
	 */
	do {
		n = sendmsg(fd, &msg, 0);
	} while (n < 0 && (errno == EINTR || !tries++));
	if (n >= 0)
		return 0;
	net->counters.tx_errors++;
	return -errno;
}

int net_send(struct net *net, const struct ike_datagram *dgram)
{
	static const uint8_t marker[MARKER_LEN];
	struct iovec iov[2] = {
		{ (void *)marker, sizeof(marker) },
		{ (void *)dgram->data, dgram->len },
	};
	size_t skip = dgram->local.port == IKE_PORT_NATT ? 0 : 1;

	return send_parts(net, &dgram->local, &dgram->remote, iov + skip,
			  2 - skip);
}

void net_keepalive(struct net *net, const struct ike_endpoint *local,
		   const struct ike_endpoint *remote)
{
	uint8_t octet = 0xff;
	struct iovec iov = { &octet, 1 };

	send_parts(net, local, remote, &iov, 1);
}

const struct net_counters *net_counters(const struct net *net)
{
	return &net->counters;
}

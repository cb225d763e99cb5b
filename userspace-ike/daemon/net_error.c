// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the network says of packets that did not arrive: ICMP, which the kernel
 * puts into the error queue of the socket that has sent them. Nothing of it is
 * proof of anything, so it is kept to be shown to people and decides nothing.
 */
#include <errno.h>
#include <netinet/in.h>
#include <linux/errqueue.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net_error.h"

#define ERRORS_AT_ONCE 64

int net_error_watch(int fd, int family)
{
	const int on = 1;

	return family == AF_INET ?
		       setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) :
		       setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on,
				  sizeof(on));
}

static void take_address(const struct sockaddr *from, struct ike_address *to,
			 uint16_t *port)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;

	memset(to, 0, sizeof(*to));
	if (from->sa_family == AF_INET) {
		to->family = IKE_IPV4;
		memcpy(to->octets, &in->sin_addr, 4);
		*port = ntohs(in->sin_port);
	} else if (from->sa_family == AF_INET6) {
		to->family = IKE_IPV6;
		memcpy(to->octets, &in6->sin6_addr, 16);
		*port = ntohs(in6->sin6_port);
	}
}

/* Return: whether it is ICMP. */
static bool take_error(const struct cmsghdr *cmsg, struct net_error *error)
{
	struct {
		struct sock_extended_err ee;
		struct sockaddr_in6 offender;
	} data = { 0 };
	size_t len = cmsg->cmsg_len - CMSG_LEN(0);
	uint16_t none;

	if (!(cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_RECVERR) &&
	    !(cmsg->cmsg_level == IPPROTO_IPV6 &&
	      cmsg->cmsg_type == IPV6_RECVERR))
		return false;
	if (len < sizeof(data.ee))
		return false;
	memcpy(&data, CMSG_DATA(cmsg), len < sizeof(data) ? len : sizeof(data));
	if (data.ee.ee_origin != SO_EE_ORIGIN_ICMP &&
	    data.ee.ee_origin != SO_EE_ORIGIN_ICMP6)
		return false;
	error->type = data.ee.ee_type;
	error->code = data.ee.ee_code;
	error->error = (int)data.ee.ee_errno;
	take_address((const struct sockaddr *)&data.offender, &error->from,
		     &none);
	return true;
}

static bool read_one(int fd, struct net_error *error, bool *icmp)
{
	union {
		struct cmsghdr align;
		char buf[256];
	} control;
	struct sockaddr_storage to = { 0 };
	char octet;
	struct iovec iov = { &octet, 1 };
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memset(error, 0, sizeof(*error));
	*icmp = false;
	if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return errno == EINTR;
	take_address((const struct sockaddr *)&to, &error->to.addr,
		     &error->to.port);
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg;
	     cmsg = CMSG_NXTHDR(&msg, cmsg))
		*icmp |= take_error(cmsg, error);
	return true;
}

void net_error_read(int fd, net_error_receiver receiver, void *arg)
{
	struct net_error error;
	bool icmp;

	for (int i = 0; i < ERRORS_AT_ONCE && read_one(fd, &error, &icmp); i++)
		if (icmp && receiver)
			receiver(arg, &error);
}

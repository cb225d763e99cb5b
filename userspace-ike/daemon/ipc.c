// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages between the two processes. The receiver believes nothing: neither
 * the sizes nor that there are as many descriptors as there should be.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipc.h"

/* A record may fill half a send buffer (af_unix cuts it there). */
#define SEND_BUFFER (4 * (IPC_DATA_MAX + 4096))

/* In front of each message. */
struct frame {
	uint32_t type;
	uint32_t len;
};

union fds_buf {
	struct cmsghdr align;
	char octets[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
};

/* Beyond net.core.wmem_max, if we may. */
static int set_buffer(int fd)
{
	int size = SEND_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) == 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0)
		return 0;
	return -errno;
}

int ipc_pair(int fds[2])
{
	int ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	ret = set_buffer(fds[0]);
	if (!ret)
		ret = set_buffer(fds[1]);
	if (ret) {
		close(fds[0]);
		close(fds[1]);
	}
	return ret;
}

int ipc_set_timeout(int fd, unsigned int seconds)
{
	const struct timeval tv = { .tv_sec = seconds };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
		return -errno;
	return 0;
}

int ipc_send(int fd, uint32_t type, const void *data, size_t len,
	     const void *more, size_t more_len, const int *fds,
	     unsigned int n_fds, bool wait)
{
	struct frame frame = { .type = type, .len = len + more_len };
	struct iovec iov[3] = {
		{ &frame, sizeof(frame) },
		{ (void *)data, len },
		{ (void *)more, more_len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	union fds_buf control;
	struct cmsghdr *cmsg;
	ssize_t n;

	if (len > IPC_DATA_MAX || more_len > IPC_DATA_MAX - len ||
	    n_fds > IPC_FDS_MAX)
		return -EMSGSIZE;
	if (n_fds) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	do {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == sizeof(frame) + frame.len ? 0 : -EMSGSIZE;
}

void ipc_close_fds(struct ipc_message *msg)
{
	while (msg->n_fds)
		close(msg->fds[--msg->n_fds]);
}

static void take_fds(struct msghdr *hdr, struct ipc_message *msg)
{
	struct cmsghdr *cmsg;
	size_t n;

	for (cmsg = CMSG_FIRSTHDR(hdr); cmsg; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		/* There is one such block, and the buffer bounds it. */
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > IPC_FDS_MAX - msg->n_fds)
			n = IPC_FDS_MAX - msg->n_fds;
		memcpy(msg->fds + msg->n_fds, CMSG_DATA(cmsg), n * sizeof(int));
		msg->n_fds += n;
	}
}

int ipc_receive(int fd, struct ipc_message *msg, unsigned int fds_max, bool wait)
{
	struct frame frame;
	struct iovec iov[2] = {
		{ &frame, sizeof(frame) },
		{ msg->data, sizeof(msg->data) },
	};
	union fds_buf control;
	struct msghdr hdr = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		/* Without room the kernel drops descriptors, and says so. */
		.msg_control = fds_max ? &control : NULL,
		.msg_controllen = fds_max ? sizeof(control) : 0,
	};
	ssize_t n;

	msg->n_fds = 0;
	do {
		n = recvmsg(fd, &hdr, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	take_fds(&hdr, msg);
	if (hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || msg->n_fds > fds_max ||
	    (size_t)n < sizeof(frame) || frame.len != n - sizeof(frame)) {
		ipc_close_fds(msg);
		return -EPROTO;
	}
	msg->type = frame.type;
	msg->len = frame.len;
	return 1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stand-in for the module under a real ip(8), by LD_PRELOAD: requests for a
 * link called "vti0", which has index 42, do not reach the kernel. RTM_NEWLINK
 * is written to the file $FAKE_REQUEST and acknowledged; RTM_GETLINK is answered
 * with the message in the file $FAKE_REPLY. All else goes its way.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME "vti0"
#define INDEX 42

/* What recvmsg() will say next, if anything. */
static union {
	struct nlmsghdr nlh;
	char buf[4096];
} answer;
static size_t answer_len;

static bool is_for_us(const struct nlmsghdr *nlh)
{
	int left = nlh->nlmsg_len - NLMSG_SPACE(sizeof(struct ifinfomsg));
	const struct rtattr *rta =
		(const void *)((const char *)nlh +
			       NLMSG_SPACE(sizeof(struct ifinfomsg)));

	if (nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_GETLINK)
		return false;
	if (((const struct ifinfomsg *)NLMSG_DATA(nlh))->ifi_index == INDEX)
		return true;
	for (; RTA_OK(rta, left); rta = RTA_NEXT(rta, left))
		if (rta->rta_type == IFLA_IFNAME &&
		    !strcmp(RTA_DATA(rta), NAME))
			return true;
	return false;
}

static void keep_request(const struct nlmsghdr *nlh)
{
	struct nlmsgerr *e = NLMSG_DATA(&answer.nlh);
	int fd;

	fd = open(getenv("FAKE_REQUEST"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, nlh, nlh->nlmsg_len) != (ssize_t)nlh->nlmsg_len)
		abort();
	close(fd);
	memset(&answer.nlh, 0, NLMSG_SPACE(sizeof(*e)));
	answer.nlh.nlmsg_len = NLMSG_LENGTH(sizeof(*e));
	answer.nlh.nlmsg_type = NLMSG_ERROR;
	e->msg = *nlh;
}

static void load_reply(void)
{
	int fd = open(getenv("FAKE_REPLY"), O_RDONLY);

	if (fd < 0 || read(fd, answer.buf, sizeof(answer.buf)) <= 0)
		abort();
	close(fd);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int);
	const struct nlmsghdr *nlh = msg->msg_iov[0].iov_base;
	struct sockaddr_nl self;
	socklen_t len = sizeof(self);

	real = (ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT,
								  "sendmsg");
	if (!is_for_us(nlh))
		return real(fd, msg, flags);
	if (nlh->nlmsg_type == RTM_NEWLINK)
		keep_request(nlh);
	else
		load_reply();
	getsockname(fd, (struct sockaddr *)&self, &len);
	answer.nlh.nlmsg_seq = nlh->nlmsg_seq;
	answer.nlh.nlmsg_pid = self.nl_pid;
	answer_len = answer.nlh.nlmsg_len;
	return nlh->nlmsg_len;
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int);
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	size_t room = msg->msg_iov[0].iov_len;
	size_t len = answer_len;

	real = (ssize_t(*)(int, struct msghdr *, int))dlsym(RTLD_NEXT,
							    "recvmsg");
	if (!len)
		return real(fd, msg, flags);
	memcpy(msg->msg_iov[0].iov_base, answer.buf, len < room ? len : room);
	memcpy(msg->msg_name, &from, sizeof(from));
	msg->msg_namelen = sizeof(from);
	msg->msg_flags = 0;
	if (!(flags & MSG_PEEK))
		answer_len = 0;
	return len;
}

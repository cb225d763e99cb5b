// SPDX-License-Identifier: GPL-2.0-or-later
/* A netlink socket, and the conversation on it: see conn.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "conn.h"

/*
 * The kernel answers within the system call that carries the request, so this
 * passes only if something is badly wrong, and then it should not hang.
 */
#define ANSWER_TIMEOUT_S 10

static int set_flag(struct mnl_socket *sock, int option)
{
	int on = 1;

	return mnl_socket_setsockopt(sock, option, &on, sizeof(on));
}

int nl_conn_open(struct nl_conn *conn, int bus, struct ipsvti_error *err)
{
	const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };

	memset(conn, 0, sizeof(*conn));
	conn->buf = malloc(NL_BUF_SIZE);
	if (!conn->buf)
		return nl_fail(err, ENOMEM, "out of memory");
	conn->sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!conn->sock)
		return nl_fail(err, errno, "cannot open a netlink socket: %s",
			       strerror(errno));
	/* Texts and attributes with errors; and no key ever echoed back. */
	if (set_flag(conn->sock, NETLINK_EXT_ACK) ||
	    set_flag(conn->sock, NETLINK_CAP_ACK) ||
	    setsockopt(mnl_socket_get_fd(conn->sock), SOL_SOCKET, SO_RCVTIMEO,
		       &timeout, sizeof(timeout)) ||
	    mnl_socket_bind(conn->sock, 0, MNL_SOCKET_AUTOPID))
		return nl_fail(err, errno, "cannot set up a netlink socket: %s",
			       strerror(errno));
	conn->portid = mnl_socket_get_portid(conn->sock);
	return 0;
}

void nl_conn_close(struct nl_conn *conn)
{
	if (conn->sock)
		mnl_socket_close(conn->sock);
	free(conn->buf);
	memset(conn, 0, sizeof(*conn));
}

ssize_t nl_receive(struct mnl_socket *sock, void *buf, int flags)
{
	struct iovec iov = { .iov_base = buf, .iov_len = NL_BUF_SIZE };
	struct sockaddr_nl from = {};
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t got;

	do {
		got = recvmsg(mnl_socket_get_fd(sock), &msg, flags);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	/* Other processes with the right to may write to us, too. */
	if (from.nl_pid || msg.msg_flags & MSG_TRUNC)
		return 0;
	return got;
}

/* The extended acknowledgement stands behind what the kernel echoes. */
static int take_verdict(const struct nl_dialog *dialog,
			const struct nlmsghdr *nlh, struct ipsvti_error *err)
{
	size_t len = mnl_nlmsg_get_payload_len(nlh);
	const char *payload = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(int);
	int code = 0;

	if (len < skip && nlh->nlmsg_type == NLMSG_DONE)
		return 0;
	if (len < skip)
		return nl_fail(err, EPROTO, "the kernel's answer is damaged");
	memcpy(&code, payload, sizeof(code));
	if (code >= 0)
		return 0;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		skip = sizeof(struct nlmsgerr);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && len >= skip) {
			const struct nlmsgerr *e = (const void *)payload;

			if (e->msg.nlmsg_len > NLMSG_HDRLEN)
				skip += MNL_ALIGN(e->msg.nlmsg_len) -
					NLMSG_HDRLEN;
		}
	}
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > len)
		skip = len;
	return nl_refused(err, -code, dialog->req, payload + skip, len - skip);
}

static int take_data(struct nl_dialog *dialog, const struct nlmsghdr *nlh,
		     struct ipsvti_error *err)
{
	int ret = dialog->cb ? dialog->cb(nlh, dialog->data) : 0;

	if (ret == -EPROTO)
		return nl_fail(err, EPROTO, "the kernel's answer is damaged");
	if (ret)
		return nl_fail(err, -ret, "%s", strerror(-ret));
	return 0;
}

int nl_dialog_feed(struct nl_dialog *dialog, const void *buf, size_t len,
		   struct ipsvti_error *err)
{
	const struct nlmsghdr *nlh = buf;
	int left = len;
	int ret;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (!mnl_nlmsg_portid_ok(nlh, dialog->portid) ||
		    !mnl_nlmsg_seq_ok(nlh, dialog->req->nlh.nlmsg_seq))
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			dialog->interrupted = true;
		switch (nlh->nlmsg_type) {
		case NLMSG_NOOP:
			continue;
		case NLMSG_ERROR:
		case NLMSG_DONE:
			dialog->done = true;
			return take_verdict(dialog, nlh, err);
		case NLMSG_OVERRUN:
			dialog->interrupted = true;
			continue;
		}
		ret = take_data(dialog, nlh, err);
		if (ret)
			return ret;
	}
	if (left > 0)
		return nl_fail(err, EPROTO, "the kernel's answer is damaged");
	return 0;
}

static int send_request(struct nl_conn *conn, const struct wire_request *req,
			struct ipsvti_error *err)
{
	ssize_t sent;

	do {
		sent = mnl_socket_sendto(conn->sock, &req->nlh,
					 req->nlh.nlmsg_len);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return nl_fail(err, errno, "cannot ask the kernel: %s",
			       strerror(errno));
	return 0;
}

static int receive_failed(int code, bool dump, struct ipsvti_error *err)
{
	switch (code) {
	case EAGAIN:
		return nl_fail(err, ETIMEDOUT, "the kernel did not answer");
	case ENOBUFS:
		/* Reading twice does no harm; doing something twice may. */
		if (dump)
			return -ESTALE;
		return nl_fail(err, ENOBUFS,
			       "the answer was lost for lack of memory");
	default:
		return nl_fail(err, code, "cannot hear the kernel: %s",
			       strerror(code));
	}
}

static int receive_answers(struct nl_conn *conn, struct nl_dialog *dialog,
			   size_t *used, struct ipsvti_error *err)
{
	/* Of two bits, one of which is NLM_F_EXCL elsewhere. */
	bool dump = (dialog->req->nlh.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	ssize_t got;
	int ret;

	while (!dialog->done) {
		got = nl_receive(conn->sock, conn->buf, 0);
		if (got < 0)
			return receive_failed(-got, dump, err);
		if ((size_t)got > *used)
			*used = got;
		ret = nl_dialog_feed(dialog, conn->buf, got, err);
		if (ret)
			return ret;
	}
	return dialog->interrupted ? -ESTALE : 0;
}

int nl_conn_talk(struct nl_conn *conn, struct wire_request *req, nl_data_cb cb,
		 void *data, struct ipsvti_error *err)
{
	struct nl_dialog dialog = {
		.req = req,
		.portid = conn->portid,
		.cb = cb,
		.data = data,
	};
	size_t used = 0;
	int ret;

	req->nlh.nlmsg_seq = ++conn->seq;
	ret = send_request(conn, req, err);
	if (!ret)
		ret = receive_answers(conn, &dialog, &used, err);
	/* Keys were in the first, and nothing says they cannot be in both. */
	explicit_bzero(req, sizeof(*req));
	explicit_bzero(conn->buf, used);
	return ret;
}

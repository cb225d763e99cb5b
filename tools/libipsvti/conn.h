/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A netlink socket, and the conversation on it: request, answers, verdict. */
#ifndef LIBIPSVTI_CONN_H
#define LIBIPSVTI_CONN_H

#include "error.h"

struct mnl_socket;

/**
 * typedef nl_data_cb - Called for each answer that is not a verdict.
 * @nlh: whole message
 * @data: of the caller
 *
 * Return: 0, or a negative errno: -EPROTO if the message makes no sense.
 */
typedef int (*nl_data_cb)(const struct nlmsghdr *nlh, void *data);

/**
 * struct nl_conn - A socket for requests.
 * @sock: the socket
 * @portid: its address
 * @seq: number of the last request
 * @buf: NL_BUF_SIZE octets for answers
 */
struct nl_conn {
	struct mnl_socket *sock;
	unsigned int portid;
	uint32_t seq;
	unsigned char *buf;
};

/* The kernel fills dumps in parts of up to this many octets. */
#define NL_BUF_SIZE 32768

/**
 * nl_conn_open() - Open a socket.
 * @conn: filled on success; only for nl_conn_close() otherwise
 * @bus: NETLINK_GENERIC or NETLINK_ROUTE
 * @err: filled on failure; may be NULL
 *
 * Return: 0 or a negative errno.
 */
int nl_conn_open(struct nl_conn *conn, int bus, struct ipsvti_error *err);

/**
 * nl_conn_close() - Close it; a zeroed one may be closed, too.
 * @conn: connection
 */
void nl_conn_close(struct nl_conn *conn);

/**
 * nl_conn_talk() - Send a request and wait for the verdict on it.
 * @conn: connection
 * @req: request, wiped on return
 * @cb: called for each answer
 * @data: handed to @cb
 * @err: filled on failure; may be NULL
 *
 * Return: 0; what the kernel or @cb said; -ETIMEDOUT; -ESTALE, a dump was
 * interrupted by a change or did not fit, and is to be asked for again.
 */
int nl_conn_talk(struct nl_conn *conn, struct wire_request *req, nl_data_cb cb,
		 void *data, struct ipsvti_error *err);

/**
 * struct nl_dialog - How far the answers to one request have come.
 * @req: the request, as sent
 * @portid: whom the answers must be for
 * @cb: called for each
 * @data: handed to @cb
 * @done: the verdict has been seen
 * @interrupted: an answer says that the dump is not consistent
 */
struct nl_dialog {
	const struct wire_request *req;
	unsigned int portid;
	nl_data_cb cb;
	void *data;
	bool done;
	bool interrupted;
};

/**
 * nl_dialog_feed() - Take one datagram from the kernel. Pure.
 * @dialog: what has been said so far
 * @buf: the datagram, aligned for a struct nlmsghdr
 * @len: its octets
 * @err: filled on failure; may be NULL
 *
 * Answers to earlier requests, which may be left over from one that failed
 * half-way, are skipped.
 *
 * Return: 0; -EPROTO, it is damaged; what the kernel or the callback said.
 */
int nl_dialog_feed(struct nl_dialog *dialog, const void *buf, size_t len,
		   struct ipsvti_error *err);

/**
 * nl_receive() - Read one datagram that the kernel itself sent.
 * @sock: socket
 * @buf: NL_BUF_SIZE octets
 * @flags: of recvmsg(); MSG_DONTWAIT
 *
 * Return: octets read; 0, one was skipped (another sender, or too long for
 * @buf); a negative errno, of which -EINTR is never one.
 */
ssize_t nl_receive(struct mnl_socket *sock, void *buf, int flags);

#endif /* LIBIPSVTI_CONN_H */

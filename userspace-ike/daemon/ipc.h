/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the two processes: typed, of bounded size, each whole or not
 * at all, over a pair of SOCK_SEQPACKET sockets. What they mean is in calls.h.
 */
#ifndef IPSVTI_IPC_H
#define IPSVTI_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the octets of an AUTH, a whole UDP datagram among them. */
#define IPC_DATA_MAX (68 * 1024)
#define IPC_FDS_MAX 8

/**
 * struct ipc_message - a message that has come in
 * @type: what it is
 * @len: octets of @data
 * @n_fds: entries of @fds
 * @fds: descriptors that came along; the receiver's to close
 * @data: its content, aligned for any structure
 */
struct ipc_message {
	uint32_t type;
	size_t len;
	unsigned int n_fds;
	int fds[IPC_FDS_MAX];
	_Alignas(16) uint8_t data[IPC_DATA_MAX];
};

/**
 * ipc_pair() - make two connected ends, closed on exec
 * @fds: set on success
 *
 * Return: 0 or -errno.
 */
int ipc_pair(int fds[2]);

/**
 * ipc_send() - send a message
 * @fd: an end
 * @type: what it is
 * @data: its content, in two parts
 * @len: octets of @data
 * @more: the second part, or NULL
 * @more_len: octets of @more
 * @fds: descriptors to send along, which stay open here, or NULL
 * @n_fds: entries of @fds, at most IPC_FDS_MAX
 * @wait: wait for room, no longer than ipc_set_timeout() says
 *
 * Return: 0; -EMSGSIZE, -EAGAIN (no room), -EPIPE (the other end is gone) or
 * another -errno.
 */
int ipc_send(int fd, uint32_t type, const void *data, size_t len,
	     const void *more, size_t more_len, const int *fds,
	     unsigned int n_fds, bool wait);

/**
 * ipc_receive() - take a message
 * @fd: an end
 * @msg: filled
 * @fds_max: how many descriptors may come along; a message with more is refused
 * @wait: wait for one, no longer than ipc_set_timeout() says
 *
 * Return: 1; 0 if the other end is gone; -EAGAIN if there is none; -EPROTO if
 * what came is no message; or another -errno. No descriptor is left open unless
 * it returns 1.
 */
int ipc_receive(int fd, struct ipc_message *msg, unsigned int fds_max,
		bool wait);

/**
 * ipc_set_timeout() - bound what sending and receiving with @wait takes
 * @fd: an end
 * @seconds: the bound
 *
 * Return: 0 or -errno.
 */
int ipc_set_timeout(int fd, unsigned int seconds);

/** ipc_close_fds() - close the descriptors that came with @msg */
void ipc_close_fds(struct ipc_message *msg);

#endif

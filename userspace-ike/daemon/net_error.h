/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP that came back to what our sockets have sent: for people. */
#ifndef IPSVTI_NET_ERROR_H
#define IPSVTI_NET_ERROR_H

#include "engine.h"

/**
 * struct net_error - an ICMP error
 * @to: where the packet was going
 * @local: where it came from; family 0: from a socket of ours, more was not said
 * @from: who says that it did not arrive
 * @type: type of ICMP or ICMPv6, after the family of @to
 * @code: its code
 * @error: what the kernel makes of it, an errno value; 0 if it was not asked
 */
struct net_error {
	struct ike_endpoint to;
	struct ike_endpoint local;
	struct ike_address from;
	uint8_t type;
	uint8_t code;
	int error;
};

/* Takes one error. */
typedef void (*net_error_receiver)(void *arg, const struct net_error *error);

/* Have ICMP for @fd, of @family, kept. Return: 0, or -1 and errno. */
int net_error_watch(int fd, int family);

/**
 * net_error_read() - hand out what has been kept
 * @fd: a socket that is watched; while there is something it is readable
 * @receiver: gets the errors; NULL: they are thrown away
 * @arg: its first argument
 *
 * Returns after a bounded number.
 */
void net_error_read(int fd, net_error_receiver receiver, void *arg);

#endif

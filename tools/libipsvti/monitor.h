/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of monitor.c that needs no socket. */
#ifndef LIBIPSVTI_MONITOR_H
#define LIBIPSVTI_MONITOR_H

#include "conn.h"

/**
 * monitor_feed() - Take one datagram from the kernel. Pure.
 * @buf: the datagram, aligned for a struct nlmsghdr
 * @len: its octets
 * @cb: called for each event in it
 * @data: handed to @cb
 *
 * What is damaged or of another kind is skipped.
 */
void monitor_feed(const void *buf, size_t len, ipsvti_change_cb cb, void *data);

/**
 * route_request() - Build the question for a route. Pure.
 * @req: the message
 * @local: source address
 * @remote: destination address
 * @mark: mark of the packets; 0, none
 * @oif: index of the device or VRF that they are bound to; 0, none
 */
void route_request(struct wire_request *req, const struct ipsvti_addr *local,
		   const struct ipsvti_addr *remote, uint32_t mark, unsigned int oif);

/**
 * route_take() - Fill a struct ipsvti_route from a message. Pure.
 * @nlh: message
 * @data: the struct, zeroed
 *
 * Return: 0; -EPROTO, it is damaged or no RTM_NEWROUTE.
 */
int route_take(const struct nlmsghdr *nlh, void *data);

#endif /* LIBIPSVTI_MONITOR_H */

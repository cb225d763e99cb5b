/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of events.c that needs no socket. */
#ifndef LIBIPSVTI_EVENTS_H
#define LIBIPSVTI_EVENTS_H

#include "genl.h"

/**
 * events_feed() - Take one datagram from the kernel. Pure.
 * @buf: the datagram, aligned for a struct nlmsghdr
 * @len: its octets
 * @family: nlmsg_type of the family
 * @cb: called for each event in it
 * @data: handed to @cb
 *
 * What is damaged or not known is skipped.
 */
void events_feed(const void *buf, size_t len, uint16_t family,
		 ipsvti_event_cb cb, void *data);

#endif /* LIBIPSVTI_EVENTS_H */

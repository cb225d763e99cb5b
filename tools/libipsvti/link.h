/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of link.c that need no socket. */
#ifndef LIBIPSVTI_LINK_H
#define LIBIPSVTI_LINK_H

#include "conn.h"

/**
 * link_add_request() - Build the message that creates a device. Pure.
 * @req: the message
 * @link: the device
 */
void link_add_request(struct wire_request *req, const struct ipsvti_link *link);

/**
 * link_conn() - The connection inside, for other questions to rtnetlink.
 * @rt: connection
 *
 * Return: the connection, owned by @rt.
 */
struct nl_conn *link_conn(struct ipsvti_rtnl *rt);

/**
 * link_take() - Fill a struct ipsvti_link from a message. Pure.
 * @nlh: message
 * @data: the struct, zeroed
 *
 * Return: 0; -EPROTO, it is damaged or no RTM_NEWLINK.
 */
int link_take(const struct nlmsghdr *nlh, void *data);

#endif /* LIBIPSVTI_LINK_H */

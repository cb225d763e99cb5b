/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generic netlink: finding the family, and the form of its messages. */
#ifndef LIBIPSVTI_GENL_H
#define LIBIPSVTI_GENL_H

#include "conn.h"

/**
 * struct genl_family - What the kernel says of a family.
 * @id: its nlmsg_type
 * @group: its multicast group IPSVTI_MCGRP_SA
 */
struct genl_family {
	uint16_t id;
	uint32_t group;
};

/**
 * genl_resolve() - Find the ipsvti family.
 * @conn: connection to NETLINK_GENERIC
 * @family: filled on success
 * @err: filled on failure; may be NULL
 *
 * Return: 0; -ENOENT, there is none; another negative errno.
 */
int genl_resolve(struct nl_conn *conn, struct genl_family *family,
		 struct ipsvti_error *err);

/**
 * genl_request_init() - Start a message to a family.
 * @req: the message
 * @family: nlmsg_type of the family
 * @cmd: command
 * @flags: NLM_F_ACK or NLM_F_DUMP
 * @set: attributes at the top level
 */
void genl_request_init(struct wire_request *req, uint16_t family, uint8_t cmd,
		       uint16_t flags, const struct wire_set *set);

/**
 * genl_get() - Fill a model struct from a message of the family.
 * @nlh: message
 * @set: its attributes
 * @model: filled; to be zeroed by the caller
 *
 * Return: 0; -EPROTO, it is damaged.
 */
int genl_get(const struct nlmsghdr *nlh, const struct wire_set *set,
	     void *model);

/**
 * pair_request() - Build sa-pair-new. Pure.
 * @req: the message
 * @family: nlmsg_type of the family
 * @pair: the pair, of which ifindex is always sent
 *
 * Return: 0; -EINVAL, a key, a salt or a list of traffic selectors claims to be longer
 * than the longest.
 */
int pair_request(struct wire_request *req, uint16_t family,
		 const struct ipsvti_pair *pair);

#endif /* LIBIPSVTI_GENL_H */

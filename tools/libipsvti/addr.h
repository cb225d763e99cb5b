/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of addr.c that need no socket. */
#ifndef LIBIPSVTI_ADDR_H
#define LIBIPSVTI_ADDR_H

#include "conn.h"

/**
 * struct addr_search - What is looked for in a dump of addresses.
 * @addr: the address
 * @ifindex: the device that has it; 0, none so far
 */
struct addr_search {
	const struct ipsvti_addr *addr;
	unsigned int ifindex;
};

/**
 * addr_take() - Compare with one address of this machine. Pure.
 * @nlh: message
 * @data: a struct addr_search
 *
 * Return: 0; -EPROTO, it is damaged or no RTM_NEWADDR.
 */
int addr_take(const struct nlmsghdr *nlh, void *data);

#endif /* LIBIPSVTI_ADDR_H */

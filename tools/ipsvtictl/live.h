/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of all tunnels at one moment, as the kernel sees them. */
#ifndef IPSVTICTL_LIVE_H
#define IPSVTICTL_LIVE_H

#include <jansson.h>

#include "libipsvti.h"

/**
 * struct live - What the kernel says of all devices.
 * @tunnels: the devices
 * @count: how many
 * @known: it could be asked
 */
struct live {
	struct ipsvti_tunnel *tunnels;
	size_t count;
	bool known;
};

/* Ask the kernel. Without the module, or the right to ask, there is nothing. */
void live_read(struct live *live);
void live_free(struct live *live);

/* Return: the device of a name, or NULL. */
const struct ipsvti_tunnel *live_find(const struct live *live, const char *ifname);

/* A number as people say it: "999", "12.3 k", "4.56 M". Return: @buf. */
const char *live_amount(double n, char *buf, size_t len);

/* Return: packets that were dropped, for all reasons, but for dummy ones. */
uint64_t live_drops(const struct ipsvti_tunnel *t);

/* Is a counter one of packets dropped? */
bool live_is_drop(unsigned int attr);

#endif /* IPSVTICTL_LIVE_H */

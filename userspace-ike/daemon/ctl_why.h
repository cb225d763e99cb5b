/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent knows of why a tunnel is not up, on the control socket. */
#ifndef IPSVTI_CTL_WHY_H
#define IPSVTI_CTL_WHY_H

#include <jansson.h>

#include "iked.h"

/* Return: a failed attempt, or NULL if @f is. */
json_t *ctl_failure(const struct ike_failure *f, uint64_t now);

/**
 * ctl_add_why() - add to a tunnel's status what its trouble is
 * @tunnel: the object; gets "failures", "file", "config", "unix-time",
 *          "hears-icmp" and, if there were any, "icmp" and "send-error"
 * @net: the sockets
 * @conf: its configuration
 * @status: its status
 * @now: time
 */
void ctl_add_why(json_t *tunnel, const struct net *net,
		 const struct conf_tunnel *conf,
		 const struct ike_tunnel_status *status, uint64_t now);

/*
 * Keep an ICMP error with the tunnels to that peer, if these could have sent what it is
 * about; an error of sending.
 */
void why_icmp(struct iked *iked, const struct net_error *error);
void why_not_sent(struct iked *iked, const struct ike_address *remote, int code);

#endif

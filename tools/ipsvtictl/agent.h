/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talking to ipsvti-iked by its control socket: one JSON object in each line. */
#ifndef IPSVTICTL_AGENT_H
#define IPSVTICTL_AGENT_H

#include <jansson.h>

#include "ctl.h"

#define AGENT_SOCKET "/run/ipsvti/iked.sock"

/**
 * agent_ask() - Send one request, and take the answer.
 * @ctl: run; its socket is used
 * @command: what the agent shall do
 * @tunnel: to which tunnel; NULL for none
 * @answer: set to the answer on success, to be released by the caller
 *
 * Return: CTL_OK; CTL_FAILED, the agent cannot be asked or has refused.
 */
enum ctl_status agent_ask(struct ctl *ctl, const char *command,
			  const char *tunnel, json_t **answer);

/**
 * agent_open() - Connect only.
 * @ctl: run; its socket is used
 * @fdp: set to the connection on success, to be closed by the caller
 *
 * Return: CTL_OK or CTL_FAILED.
 */
enum ctl_status agent_open(struct ctl *ctl, int *fdp);

#endif /* IPSVTICTL_AGENT_H */

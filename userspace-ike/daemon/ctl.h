/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a UNIX stream socket on which a client writes requests
 * and reads answers, one JSON object in each line:
 *
 *   {"command": "status"}                  {"tunnels": [...], "counters": {...}}
 *   {"command": "rekey", "tunnel": "a"}    {"ok": true}
 *   {"command": "rekey", "tunnel": "b"}    {"error": "there is no tunnel \"b\"",
 *                                           "errno": 2}
 *
 * After {"command":"monitor"}, written like that, it is told events, as they happen,
 * and nothing more is read from it.
 *
 * ipsvti-iked(8) lists the commands, ipsvtictl(8) is the client for people.
 */
#ifndef IPSVTI_CTL_H
#define IPSVTI_CTL_H

#include <jansson.h>

#include "iked.h"

/**
 * ctl_open() - serve clients
 * @iked: the daemon, with its loop open; @iked->ctl is set
 * @fd: listening, from ctl_listen() of the parent; closed by ctl_close(), or
 *      here if this fails
 *
 * Return: 0, or -1 after the reason was logged.
 */
int ctl_open(struct iked *iked, int fd);

/** ctl_close() - drop all clients and close the socket, if there is one */
void ctl_close(struct iked *iked);

/**
 * ctl_request() - answer one request
 * @iked: the daemon
 * @line: the request, terminated
 *
 * Return: a new reference to the answer, NULL if there is no memory.
 */
json_t *ctl_request(struct iked *iked, const char *line);

/** ctl_event() - tell an event to the clients that have asked for them */
void ctl_event(struct iked *iked, const struct ike_event *event);

#endif

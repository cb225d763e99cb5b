/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * News for the ike process out of what the kernel says.
 */
#ifndef IPSVTI_PARENT_EVENTS_H
#define IPSVTI_PARENT_EVENTS_H

#include <event2/event.h>

struct parent;

/**
 * parent_pass_events() - pass on what waits of the data path
 * @parent: the parent
 *
 * Return: 0, or -1 after a failure was logged.
 */
int parent_pass_events(struct parent *parent);

/**
 * parent_pass_changes() - pass on what waits of devices and routes
 * @parent: the parent
 *
 * Return: 0, or -1 after a failure was logged.
 */
int parent_pass_changes(struct parent *parent);

/* An event callback: there is room for news again. @arg: the parent */
void parent_has_room(evutil_socket_t fd, short what, void *arg);

#endif

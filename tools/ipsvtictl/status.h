/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the agent's answer to "status". */
#ifndef IPSVTICTL_STATUS_H
#define IPSVTICTL_STATUS_H

#include <jansson.h>
#include <stdbool.h>

/**
 * status_is_up() - Is the first tunnel up?
 * @answer: the answer
 *
 * Return: true if it is.
 */
bool status_is_up(const json_t *answer);

/**
 * status_last_error() - Why the last attempt of the first tunnel failed.
 * @answer: the answer
 *
 * Return: a sentence that belongs to @answer, or NULL.
 */
const char *status_last_error(const json_t *answer);

/**
 * status_print() - Show a tunnel to a person: a line of its own and one for each SA.
 * @tunnel: of the answer's "tunnels"
 */
void status_print(const json_t *tunnel);

/**
 * status_span() - A time span as people say it: "45 s", "12 min", "3 h 40 min".
 * @ms: milliseconds
 * @buf: where to put it; 32 octets are enough
 * @len: size of @buf
 *
 * Return: @buf.
 */
const char *status_span(uint64_t ms, char *buf, size_t len);

/**
 * status_child_in_use() - find the CHILD SA that carries a tunnel's traffic
 * @tunnel: one of the agent's answer
 *
 * Return: the newest that is installed; NULL if there is none.
 */
const json_t *status_child_in_use(const json_t *tunnel);

#endif /* IPSVTICTL_STATUS_H */

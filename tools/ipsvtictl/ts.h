/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traffic selectors: read from words, shown to people and programs. */
#ifndef IPSVTICTL_TS_H
#define IPSVTICTL_TS_H

#include <jansson.h>

#include "args.h"

/**
 * ts_take() - Read what follows the word "ts".
 * @args: words: "in" or "out", or neither for both; "local" or "remote"; a range of
 *	addresses; perhaps "proto" with a protocol, and then "port", or "type" and "code"
 * @pair: the pair whose SAs have one more traffic selector then
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status ts_take(struct args *args, struct ipsvti_pair *pair);

/**
 * ts_print() - Show traffic selectors to a person, each on a line of its own.
 * @end: "local" or "remote"
 * @ts: the selectors
 * @count: how many
 *
 * In the words that ts_take() reads.
 */
void ts_print(const char *end, const struct ipsvti_ts *ts, size_t count);

/**
 * ts_json() - Show traffic selectors to a program.
 * @ts: the selectors
 * @count: how many
 *
 * Return: a new array, or NULL without memory.
 */
json_t *ts_json(const struct ipsvti_ts *ts, size_t count);

#endif /* IPSVTICTL_TS_H */

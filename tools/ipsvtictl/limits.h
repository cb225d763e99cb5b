/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits of an SA: read from words, shown to people and programs. */
#ifndef IPSVTICTL_LIMITS_H
#define IPSVTICTL_LIMITS_H

#include <jansson.h>

#include "args.h"

/**
 * limits_take() - Read what follows the word "limit".
 * @args: words: "in" or "out", or neither for both; a kind such as "hard-bytes";
 *	a number
 * @pair: the pair whose SAs have the limit then
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status limits_take(struct args *args, struct ipsvti_pair *pair);

/**
 * limits_print() - Show limits to a person, on a line of their own.
 * @limits: the limits
 */
void limits_print(const struct ipsvti_limits *limits);

/**
 * limits_json() - Show limits to a program.
 * @limits: the limits
 *
 * Return: a new object, or NULL without memory.
 */
json_t *limits_json(const struct ipsvti_limits *limits);

#endif /* IPSVTICTL_LIMITS_H */

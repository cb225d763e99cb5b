/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of "sa add" that needs no kernel. */
#ifndef IPSVTICTL_SA_ADD_H
#define IPSVTICTL_SA_ADD_H

#include "ctl.h"

/**
 * struct sa_add - What the words of "sa add" say.
 * @device: name of the device
 * @keys: name of the key file, or "-"
 * @pair: all but ifindex and keys
 */
struct sa_add {
	const char *device;
	const char *keys;
	struct ipsvti_pair pair;
};

/**
 * sa_add_parse() - Read the words of "sa add". Pure.
 * @ctl: run; its error says what was expected
 * @argc: number of words
 * @argv: words behind the verb
 * @add: filled; its strings are those of @argv
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status sa_add_parse(struct ctl *ctl, int argc, char **argv,
			     struct sa_add *add);

#endif /* IPSVTICTL_SA_ADD_H */

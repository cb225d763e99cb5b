/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How pairs are shown. */
#ifndef IPSVTICTL_PAIR_H
#define IPSVTICTL_PAIR_H

#include <jansson.h>

#include "ctl.h"

/**
 * pair_print() - Show a pair to a person: a line of its own and one for each SA.
 * @pair: the pair
 */
void pair_print(const struct ipsvti_pair *pair);

/**
 * pair_json() - Show a pair to a program.
 * @pair: the pair
 *
 * The names are those of the netlink spec; what the kernel did not send is not
 * there, and keys never are.
 *
 * Return: a new object, or NULL without memory.
 */
json_t *pair_json(const struct ipsvti_pair *pair);

/**
 * pair_print_new() - Show what came of making or reserving a pair.
 * @ctl: run
 * @pair: the kernel's answer
 *
 * A person gets "pair ID STATE", or "pair ID spi SPI" for a reservation.
 *
 * Return: CTL_OK, or CTL_FAILED without memory.
 */
enum ctl_status pair_print_new(struct ctl *ctl, const struct ipsvti_pair *pair);

/**
 * json_print() - Write a JSON value and a newline to standard output.
 * @ctl: run
 * @value: value, released; NULL counts as "out of memory"
 *
 * Return: CTL_OK or CTL_FAILED.
 */
enum ctl_status json_print(struct ctl *ctl, json_t *value);

#endif /* IPSVTICTL_PAIR_H */

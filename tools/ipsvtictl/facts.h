/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking the kernel what there is to know of a tunnel. */
#ifndef IPSVTICTL_FACTS_H
#define IPSVTICTL_FACTS_H

#include "finding.h"

/**
 * facts_gather() - Ask.
 * @tunnel: the agent's answer: which device, which outer addresses
 * @facts: filled with what could be learnt; without rights that may be little
 */
void facts_gather(const json_t *tunnel, struct facts *facts);

/**
 * facts_look_again() - Wait, and count the drops once more.
 * @facts: what facts_gather() has filled
 *
 * If there are none to be counted, or they cannot be, nothing is done.
 */
void facts_look_again(struct facts *facts);

#endif /* IPSVTICTL_FACTS_H */

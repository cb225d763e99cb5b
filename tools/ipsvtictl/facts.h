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

#endif /* IPSVTICTL_FACTS_H */

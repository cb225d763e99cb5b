/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tunnels do, as OpenMetrics text. */
#ifndef IPSVTICTL_METRICS_H
#define IPSVTICTL_METRICS_H

#include <jansson.h>
#include <stdio.h>

#include "live.h"

/**
 * metrics_write() - Write all there is. Pure.
 * @to: where to
 * @answer: the agent's answer to "status"; NULL: it cannot be asked
 * @live: what the kernel says
 *
 * A tunnel that is configured has all of its series, whatever its state: one that
 * is down is 0, never absent. Of what the kernel knows there is nothing if it cannot
 * be asked. Ends with "# EOF".
 */
void metrics_write(FILE *to, const json_t *answer, const struct live *live);

#endif /* IPSVTICTL_METRICS_H */

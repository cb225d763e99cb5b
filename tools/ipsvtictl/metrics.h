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
 * @last: if it cannot: what it answered the last time; NULL: that is not known
 * @live: what the kernel says
 *
 * A tunnel that is configured has all of its series, whatever its state: one that
 * is down is 0, never absent. If the agent cannot be asked, these are the tunnels of
 * @last, or the kernel's devices, each of which is up if it has a carrier, and how long
 * is left out. Of what the kernel knows there is nothing if it cannot be asked. Ends with
 * "# EOF".
 */
void metrics_write(FILE *to, const json_t *answer, const json_t *last, const struct live *live);

#endif /* IPSVTICTL_METRICS_H */

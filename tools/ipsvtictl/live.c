// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices of all tunnels at one moment: see live.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

void live_read(struct live *live)
{
	struct ipsvti_nl *nl;

	memset(live, 0, sizeof(*live));
	if (ipsvti_nl_open(&nl, NULL))
		return;
	live->known = !ipsvti_tunnel_dump(nl, &live->tunnels, &live->count, NULL);
	ipsvti_nl_close(nl);
}

void live_free(struct live *live)
{
	free(live->tunnels);
	memset(live, 0, sizeof(*live));
}

const struct ipsvti_tunnel *live_find(const struct live *live, const char *ifname)
{
	for (size_t i = 0; i < live->count; i++)
		if (!strcmp(live->tunnels[i].ifname, ifname))
			return &live->tunnels[i];
	return NULL;
}

const char *live_amount(double n, char *buf, size_t len)
{
	static const char units[] = " kMGTP";
	const char *unit = units;

	while (n >= 999.5 && unit[1]) {
		n /= 1000;
		unit++;
	}
	if (unit == units)
		snprintf(buf, len, "%.0f", n);
	else
		snprintf(buf, len, "%.*f %c", n < 9.995 ? 2 : n < 99.95 ? 1 : 0, n, *unit);
	return buf;
}

bool live_is_drop(unsigned int attr)
{
	switch (attr) {
	case IPSVTI_A_COUNTERS_TX_PACKETS:
	case IPSVTI_A_COUNTERS_TX_BYTES:
	case IPSVTI_A_COUNTERS_RX_PACKETS:
	case IPSVTI_A_COUNTERS_RX_BYTES:
	case IPSVTI_A_COUNTERS_RX_DUMMY:
		return false;
	default:
		return ipsvti_counter_name(attr);
	}
}

uint64_t live_drops(const struct ipsvti_tunnel *t)
{
	uint64_t sum = 0;

	for (unsigned int i = 2; i <= IPSVTI_A_COUNTERS_MAX; i++)
		if (live_is_drop(i))
			sum += t->counters.value[i];
	return sum;
}

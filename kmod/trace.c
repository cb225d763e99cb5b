// SPDX-License-Identifier: GPL-2.0
/*
 * Where the tracepoints are made, and the names that only they need.
 */
#include "dev.h"
#include "sa.h"
#include "stats.h"

/* Names as in the netlink specification; the compiler tells which one is missing. */
static const char *reason_name(enum ipsvti_reason reason)
{
	switch (reason) {
	case IPSVTI_REASON_NONE:
		return "none";
	case IPSVTI_REASON_ACTIVATED:
		return "activated";
	case IPSVTI_REASON_DELETED:
		return "deleted";
	case IPSVTI_REASON_FLUSHED:
		return "flushed";
	case IPSVTI_REASON_RESERVATION_EXPIRED:
		return "reservation-expired";
	case IPSVTI_REASON_SEQUENCE_EXHAUSTED:
		return "sequence-exhausted";
	case IPSVTI_REASON_SEQUENCE_LOW:
		return "sequence-low";
	case IPSVTI_REASON_ENDPOINTS_CHANGED:
		return "endpoints-changed";
	case IPSVTI_REASON_DEVICE_GONE:
		return "device-gone";
	case IPSVTI_REASON_SOFT_BYTES:
		return "soft-bytes";
	case IPSVTI_REASON_SOFT_PACKETS:
		return "soft-packets";
	case IPSVTI_REASON_SOFT_TIME:
		return "soft-time";
	case IPSVTI_REASON_HARD_BYTES:
		return "hard-bytes";
	case IPSVTI_REASON_HARD_PACKETS:
		return "hard-packets";
	case IPSVTI_REASON_HARD_TIME:
		return "hard-time";
	case IPSVTI_REASON_OWNER_GONE:
		return "owner-gone";
	}
	return "unknown";
}

static const char *state_name(int state)
{
	switch (state) {
	case IPSVTI_PAIR_STATE_LARVAL:
		return "larval";
	case IPSVTI_PAIR_STATE_STAGED:
		return "staged";
	case IPSVTI_PAIR_STATE_ACTIVE:
		return "active";
	case IPSVTI_PAIR_STATE_DRAINING:
		return "draining";
	}
	return "gone";
}

#define CREATE_TRACE_POINTS
#include "trace.h"

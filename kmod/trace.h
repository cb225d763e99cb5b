/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: /sys/kernel/tracing/events/ipsvti.
 *
 *	ipsvti_tx, ipsvti_rx	a packet passed
 *	ipsvti_drop		packets did not, and were counted; nothing is counted
 *				as dropped elsewhere than in ipsvti_drop()
 *	ipsvti_sa		a pair changed its state, which nothing else does than
 *				ipsvti_pair_set_state(), or is gone
 *
 * Keys, salts and contents of packets never appear here.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ipsvti

#if !defined(_IPSVTI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _IPSVTI_TRACE_H

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/tracepoint.h>

#include "dev.h"
#include "sa.h"
#include "stats.h"

/* It knows no tracepoints. */
/* clang-format off */

DECLARE_EVENT_CLASS(ipsvti_packet,
	TP_PROTO(const struct ipsvti_sa *sa, u64 seq, unsigned int len),
	TP_ARGS(sa, seq, len),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(u32, spi)
		__field(u64, seq)
		__field(unsigned int, len)
	),
	TP_fast_assign(
		memcpy(__entry->dev, sa->vdev->dev->name, IFNAMSIZ);
		__entry->spi = ntohl(ipsvti_sa_spi(sa));
		__entry->seq = seq;
		__entry->len = len;
	),
	TP_printk("dev=%s spi=0x%08x seq=%llu len=%u",
		  __entry->dev, __entry->spi, __entry->seq, __entry->len)
);

/* @len: octets of the inner packet */
DEFINE_EVENT(ipsvti_packet, ipsvti_tx,
	TP_PROTO(const struct ipsvti_sa *sa, u64 seq, unsigned int len),
	TP_ARGS(sa, seq, len)
);

DEFINE_EVENT(ipsvti_packet, ipsvti_rx,
	TP_PROTO(const struct ipsvti_sa *sa, u64 seq, unsigned int len),
	TP_ARGS(sa, seq, len)
);

/* @spi, @seq: 0 if there is none, or it is not known yet */
TRACE_EVENT(ipsvti_drop,
	TP_PROTO(const struct ipsvti_dev *vdev, unsigned int counter,
		 unsigned int n, __be32 spi, u64 seq),
	TP_ARGS(vdev, counter, n, spi, seq),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__array(char, reason, ETH_GSTRING_LEN)
		__field(unsigned int, n)
		__field(u32, spi)
		__field(u64, seq)
	),
	TP_fast_assign(
		memcpy(__entry->dev, vdev->dev->name, IFNAMSIZ);
		memcpy(__entry->reason, ipsvti_stats_name(counter),
		       ETH_GSTRING_LEN);
		__entry->n = n;
		__entry->spi = ntohl(spi);
		__entry->seq = seq;
	),
	TP_printk("dev=%s reason=%s packets=%u spi=0x%08x seq=%llu",
		  __entry->dev, __entry->reason, __entry->n, __entry->spi,
		  __entry->seq)
);

/* @state: &enum ipsvti_pair_state, or -1 for gone */
TRACE_EVENT(ipsvti_sa,
	TP_PROTO(const struct ipsvti_dev *vdev, const struct ipsvti_pair *pair,
		 int state, enum ipsvti_reason reason),
	TP_ARGS(vdev, pair, state, reason),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__array(char, state, 16)
		__array(char, reason, 32)
		__field(u32, id)
		__field(u32, spi_in)
		__field(u32, spi_out)
	),
	TP_fast_assign(
		memcpy(__entry->dev, vdev->dev->name, IFNAMSIZ);
		strscpy(__entry->state, state_name(state), 16);
		strscpy(__entry->reason, reason_name(reason), 32);
		__entry->id = pair->id;
		__entry->spi_in = ntohl(ipsvti_sa_spi(pair->in));
		__entry->spi_out = pair->out ? ntohl(ipsvti_sa_spi(pair->out)) : 0;
	),
	TP_printk("dev=%s pair=%u state=%s reason=%s in=0x%08x out=0x%08x",
		  __entry->dev, __entry->id, __entry->state, __entry->reason,
		  __entry->spi_in, __entry->spi_out)
);

/* clang-format on */

#endif /* _IPSVTI_TRACE_H */

/* Out of tree it is found by the folder given to the compiler, see Kbuild. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Explicit congestion notification across the tunnel (RFC 6040).
 *
 * A pure unit: it works on traffic class octets (DSCP and, in the two low bits,
 * ECN) of IPv4 and IPv6 alike, knows no packet and no device, needs no lock.
 */
#ifndef _IPSVTI_ECN_H
#define _IPSVTI_ECN_H

#include <linux/types.h>

/* The ECN field (RFC 3168, section 5). */
#define IPSVTI_ECN_MASK 0x03
#define IPSVTI_ECN_NOT_ECT 0x00
#define IPSVTI_ECN_ECT_1 0x01
#define IPSVTI_ECN_ECT_0 0x02
#define IPSVTI_ECN_CE 0x03

/**
 * enum ipsvti_ecn_verdict - what becomes of a decapsulated packet
 * @IPSVTI_ECN_OK: deliver it with the ECN field given
 * @IPSVTI_ECN_LOG: the same, but no sender of ours or RFC 6040 makes such a
 *	combination: worth one rate-limited line
 * @IPSVTI_ECN_DROP: congestion was met, and dropping is the only signal that
 *	the inner transport understands
 */
enum ipsvti_ecn_verdict {
	IPSVTI_ECN_OK,
	IPSVTI_ECN_LOG,
	IPSVTI_ECN_DROP,
};

/**
 * ipsvti_ecn_encap - make the outer traffic class
 * @outer: traffic class with the outer DSCP; its ECN bits are ignored
 * @inner: traffic class of the inner packet
 *
 * RFC 6040, section 4.1, normal mode: the inner ECN field is copied.
 *
 * Return: traffic class of the outer packet.
 */
static inline u8 ipsvti_ecn_encap(u8 outer, u8 inner)
{
	return (outer & ~IPSVTI_ECN_MASK) | (inner & IPSVTI_ECN_MASK);
}

enum ipsvti_ecn_verdict ipsvti_ecn_decap(u8 outer, u8 inner, u8 *result);

#endif /* _IPSVTI_ECN_H */

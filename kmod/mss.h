/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The maximum segment size in the options of a TCP header (RFC 9293, section 3.7.1).
 *
 * A pure unit: it knows no packet and no device, and needs no lock.
 */
#ifndef _IPSVTI_MSS_H
#define _IPSVTI_MSS_H

#include <linux/types.h>

int ipsvti_mss_find(const u8 *options, u32 len);
u32 ipsvti_mss_max(u32 mtu, bool v6);

#endif /* _IPSVTI_MSS_H */

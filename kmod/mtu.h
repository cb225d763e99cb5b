/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How large an inner packet may be so that its ESP packet fits the underlay.
 *
 * A pure unit: it knows no packet and no device, and needs no lock.
 */
#ifndef _IPSVTI_MTU_H
#define _IPSVTI_MTU_H

#include <linux/types.h>

#include "esp.h"

u32 ipsvti_mtu_outer_len(bool outer_v6, bool natt);
u32 ipsvti_mtu_inner(u32 link_mtu, bool outer_v6, bool natt,
		     const struct ipsvti_esp_geometry *g);

#endif /* _IPSVTI_MTU_H */

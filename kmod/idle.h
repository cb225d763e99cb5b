/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device without carrier: what is sent into it is still seen.
 *
 * RTNL protects the queues that this changes.
 */
#ifndef _IPSVTI_IDLE_H
#define _IPSVTI_IDLE_H

int ipsvti_idle_register(void);
void ipsvti_idle_unregister(void);

#endif /* _IPSVTI_IDLE_H */

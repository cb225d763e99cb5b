/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where ESP comes in: the kernel's list of handlers of protocol 50, shared with
 * XFRM, which also gets what UDP sockets with UDP_ENCAP take off.
 */
#ifndef _IPSVTI_HOOK_H
#define _IPSVTI_HOOK_H

int ipsvti_hook_register(void);
void ipsvti_hook_unregister(void);

#endif /* _IPSVTI_HOOK_H */

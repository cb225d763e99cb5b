/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pairs that go with the socket that made them (owner-bound).
 *
 * By default SAs outlive who made them, so that a key daemon can be restarted under
 * traffic.  One that wants no keys left behind when it dies says so for each pair.
 */
#ifndef _IPSVTI_OWNER_H
#define _IPSVTI_OWNER_H

struct genl_info;
struct ipsvti_owner;

struct ipsvti_owner *ipsvti_owner_get(struct genl_info *info);
int ipsvti_owner_register(void);
void ipsvti_owner_unregister(void);

#endif /* _IPSVTI_OWNER_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a new configuration would take the ground from under what is up.
 */
#ifndef IPSVTI_ANSWER_LOCAL_H
#define IPSVTI_ANSWER_LOCAL_H

struct conf;
struct conf_errors;
struct parent;

/**
 * answer_local_check() - refuse an outer address that this machine does not have
 * @parent: with what is in force
 * @fresh: what is to come into force
 * @errors: gets one for each tunnel that is up and would have such an address
 *
 * Only of tunnels that have another address now and carry traffic with it. Any
 * other may wait for its address, as that of DHCP or VRRP comes later.
 */
void answer_local_check(struct parent *parent, const struct conf *fresh,
			struct conf_errors *errors);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether this machine has the outer addresses of a configuration.
 *
 * Any may come later: that of DHCP at boot, that of VRRP when this machine takes over. But who
 * is there to say "reload" and writes one that is not there has most likely made a slip.
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
 * @errors: gets one for each tunnel that is new, or gets another address, and would wait
 *          for it; a warning if the administrator allows addresses of that kind by the
 *          kernel's ip_nonlocal_bind
 *
 * A tunnel that has the address already may go on waiting for it: what somebody changes
 * elsewhere must not fail for that.
 */
void answer_local_check(struct parent *parent, const struct conf *fresh,
			struct conf_errors *errors);

/**
 * answer_local_warn() - tell at the start which tunnels wait for their address
 * @parent: with what is in force
 * @errors: gets a warning for each
 */
void answer_local_warn(struct parent *parent, struct conf_errors *errors);

#endif

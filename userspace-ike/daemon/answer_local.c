// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Outer addresses of a configuration: see answer_local.h.
 */
#include <string.h>

#include "answer_local.h"
#include "parent.h"

/* Who shares an IKE SA has the address of another file. */
static const struct conf_tunnel *owner_of(const struct conf *conf,
					  const struct conf_tunnel *tunnel)
{
	return tunnel->ike.ike_sa_of[0] ? conf_find(conf, tunnel->ike.ike_sa_of) : tunnel;
}

/* Whether a tunnel comes with its address, or to another one. */
static bool is_fresh(const struct conf *now, const struct conf_tunnel *tunnel)
{
	const struct conf_tunnel *was = conf_find(now, tunnel->ike.name);

	if (!was)
		return !tunnel->ike.ike_sa_of[0];
	return !ike_address_same(&was->ike.local, &tunnel->ike.local);
}

void answer_local_check(struct parent *parent, const struct conf *fresh,
			struct conf_errors *errors)
{
	const struct conf_tunnel *tunnel, *owner;
	char local[48];
	size_t i;

	for (i = 0; i < fresh->count; i++) {
		tunnel = fresh->tunnels[i];
		owner = owner_of(fresh, tunnel);
		/* One slip is told once: with the owner, if it is there that it was made. */
		if (!is_fresh(&parent->conf, tunnel) ||
		    (owner != tunnel && is_fresh(&parent->conf, owner)) ||
		    kernel_has_address(parent->kernel, &tunnel->ike.local))
			continue;
		ike_address_format(&tunnel->ike.local, local, sizeof(local));
		if (kernel_lets_bind(&tunnel->ike.local))
			conf_warning(errors, owner->file, owner->local_line,
				     "local: %s is on no interface at present; it is taken, as ip_nonlocal_bind or a local route allows it",
				     local);
		else
			conf_error(errors, owner->file, owner->local_line,
				   "local: %s is not an address of this machine; expected one that it has: correct it, or add it to an interface first; for one that comes later, as from VRRP, first: sysctl net.%s.ip_nonlocal_bind=1",
				   local, tunnel->ike.local.family == IKE_IPV4 ? "ipv4" : "ipv6");
	}
}

void answer_local_warn(struct parent *parent, struct conf_errors *errors)
{
	const struct conf_tunnel *tunnel;
	char local[48];
	size_t i;

	for (i = 0; i < parent->conf.count; i++) {
		tunnel = parent->conf.tunnels[i];
		if (tunnel->ike.ike_sa_of[0] || kernel_has_address(parent->kernel, &tunnel->ike.local))
			continue;
		conf_warning(errors, tunnel->file, tunnel->local_line,
			     "local: %s is not an address of this machine at present; the tunnel waits for it",
			     ike_address_format(&tunnel->ike.local, local, sizeof(local)));
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Outer addresses of a new configuration: see answer_local.h.
 */
#include <string.h>

#include "answer_local.h"
#include "parent.h"

/* Return: whether to go on looking. */
static int note_active(void *arg, const struct ike_pair_info *info)
{
	bool *up = arg;

	*up = info->state == IKE_PAIR_ACTIVE;
	return *up;
}

static bool is_up(struct parent *parent, const struct conf_tunnel *tunnel)
{
	bool up = false;

	if (tunnel->ike.ifindex)
		kernel_query(parent->kernel, tunnel->ike.ifindex, note_active, &up);
	return up;
}

void answer_local_check(struct parent *parent, const struct conf *fresh,
			struct conf_errors *errors)
{
	const struct conf_tunnel *was, *tunnel, *owner;
	char from[48], to[48];
	size_t i;

	for (i = 0; i < fresh->count; i++) {
		tunnel = fresh->tunnels[i];
		was = conf_find(&parent->conf, tunnel->ike.name);
		if (!was || !memcmp(&was->ike.local, &tunnel->ike.local, sizeof(was->ike.local)) ||
		    !is_up(parent, was) || kernel_has_address(parent->kernel, &tunnel->ike.local))
			continue;
		/* Who shares an IKE SA has the address of another file. */
		owner = tunnel->ike.ike_sa_of[0] ? conf_find(fresh, tunnel->ike.ike_sa_of) : tunnel;
		conf_error(errors, owner->file, owner->local_line,
			   "local: %s is not an address of this machine, and tunnel \"%s\" is up with %s; correct it, add it to an interface first, or say \"ipsvtictl down %s\" before",
			   ike_address_format(&tunnel->ike.local, to, sizeof(to)), tunnel->ike.name,
			   ike_address_format(&was->ike.local, from, sizeof(from)), tunnel->ike.name);
	}
}

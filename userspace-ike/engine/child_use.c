// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which CHILD SA is used: outbound traffic leaves by one at a time, and there shall
 * always be one that the peer can read.
 */
#include <errno.h>

#include "core.h"

void ike_child_disarm(struct ike_child *c)
{
	const struct ike_env *env = c->sa->e->env;

	if (!c->armed || c->state == IKE_CHILD_GONE)
		return;
	c->armed = false;
	c->disarmed = true;
	c->replaced = true;
	ike_tunnel_retires(c->tunnel, c->pair_id);
	env->kernel->retire(env->ctx, c->tunnel->config.ifindex, c->pair_id,
			    IKE_GRACE_S);
}

/*
 * Outbound traffic leaves by @child from now on. What was waiting to be put to
 * use before is not waited for any more.
 */
void ike_child_take_over(struct ike_child *child)
{
	for (struct ike_sa *sa = child->sa->e->sas; sa; sa = sa->next) {
		for (struct ike_child *c = sa->children; c; c = c->next) {
			if (c == child || c->tunnel != child->tunnel)
				continue;
			c->replaced |= c->in_use;
			c->in_use = false;
			/* A newer IKE SA's is still to come, or the one that won. */
			if (!child->yields &&
			    (sa == child->sa || !child->sa->redundant))
				c->awaits = false;
			if (sa->redundant && sa != child->sa)
				ike_child_disarm(c);
		}
	}
	child->in_use = true;
	child->awaits = false;
	child->armed = false;
	child->held = false;
}

void ike_child_activate(struct ike_child *child, const char *why)
{
	const struct ike_sa *sa = child->sa;
	const struct ike_env *env = sa->e->env;
	int err;

	if (child->in_use || child->replaced ||
	    child->state != IKE_CHILD_INSTALLED)
		return;
	err = env->kernel->activate(env->ctx, child->tunnel->config.ifindex,
				    child->pair_id);
	if (err) {
		ike_child_kernel_error(child->sa, child->tunnel, "sa-activate", err);
		return;
	}
	ike_child_take_over(child);
	ike_log(sa->e, IKE_EVENT_CHILD_SA_STATE, IKE_LOG_DEBUG, child->tunnel,
		IKE_FIELDS({ "to", "in-use" }, { "reason", why }),
		"CHILD SA %08x/%08x (pair %u): in use: %s", child->spi_in,
		child->spi_out, child->pair_id, why);
}

/* Has the peer this one? The request that is being answered may be what shows it. */
static bool is_there(const struct ike_child *c)
{
	const struct ike_window *w = &c->sa->window;

	return c->confirmed || (w->answering && w->expected_id >= c->confirm_id);
}

/*
 * The higher, the more likely is it that the peer can take what we send. Of those
 * that it may not have yet, that of an IKE SA that stays is the better one: a peer
 * that deletes the IKE SA before both has it, and may never get the other. One that
 * lost against another is held back, but while it stays for the peer's sake it is
 * as good.
 */
static unsigned int fitness(const struct ike_child *c, const struct ike_sa *sa)
{
	return 8 * (!c->held || c->yields) + 4 * is_there(c) +
	       2 * !c->sa->redundant + (c->sa == sa);
}

/* The one to use when @but goes: the newest one that is not going, too. */
static struct ike_child *heir(const struct ike_child *but)
{
	struct ike_child *best = NULL;

	for (struct ike_sa *sa = but->sa->e->sas; sa; sa = sa->next) {
		if (sa->tunnel != but->sa->tunnel || sa->want_delete)
			continue;
		if (sa->state != IKE_SA_ESTABLISHED)
			continue;
		for (struct ike_child *c = sa->children; c; c = c->next)
			if (c != but && c->tunnel == but->tunnel &&
			    c->state == IKE_CHILD_INSTALLED &&
			    !c->want_delete && !c->replaced &&
			    (!best ||
			     fitness(c, but->sa) > fitness(best, but->sa)))
				best = c;
	}
	return best;
}

static int find_active(void *arg, const struct ike_pair_info *info)
{
	struct ike_child *armed = arg;

	if (info->state != IKE_PAIR_ACTIVE)
		return 0;
	if (info->pair_id == armed->pair_id)
		ike_child_confirmed(armed, "the kernel uses it already");
	return 1;
}

void ike_child_catch_up(struct ike_child *c)
{
	const struct ike_env *env = c->sa->e->env;

	if (c->armed && c->state == IKE_CHILD_INSTALLED)
		env->kernel->query(env->ctx, c->tunnel->config.ifindex,
				   find_active, c);
}

/*
 * The kernel may have gone on to an armed pair by itself, and the news be on
 * their way: then it must not be told to go back.
 */
void ike_children_catch_up(struct ike_engine *e, const struct ike_tunnel *t,
			   const struct ike_child *but)
{
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		for (struct ike_child *c = sa->children; c; c = c->next)
			if (c->tunnel == t && c != but)
				ike_child_catch_up(c);
}

void ike_child_retire(struct ike_child *child, uint32_t grace_s,
		      const char *why)
{
	const struct ike_env *env = child->sa->e->env;
	int err = 0;

	if (child->state == IKE_CHILD_GONE)
		return;
	/* There shall not be a moment without an outbound SA. */
	if (child->in_use)
		ike_children_catch_up(child->sa->e, child->tunnel, child);
	if (child->in_use) {
		struct ike_child *next = heir(child);

		if (next)
			ike_child_activate(next, "the one in use is going");
	}
	ike_tunnel_retires(child->tunnel, child->pair_id);
	if (child->tunnel->config.ifindex)
		err = env->kernel->retire(env->ctx,
					  child->tunnel->config.ifindex,
					  child->pair_id, grace_s);
	/* A device that went first has taken its pairs with it. */
	if (err && err != -ENOENT && err != -ENODEV)
		ike_child_kernel_error(child->sa, child->tunnel, "sa-del", err);
	child->in_use = false;
	ike_child_set_state(child, IKE_CHILD_GONE, why);
}

void ike_child_confirmed(struct ike_child *child, const char *why)
{
	/* What we have asked meanwhile, the peer could not answer. */
	if (child->by_auth && !child->confirmed)
		ike_window_hurry(child->sa);
	child->sa->origin.shared |= child->by_auth;
	child->confirmed = true;
	for (struct ike_child *c = child->sa->children; c; c = c->next)
		if (c->yields && c->tunnel == child->tunnel && c != child)
			c->want_delete = true;
	if (child->awaits && !child->want_delete)
		ike_child_activate(child, why);
}

/*
 * A responder's pair is put to use by the first packet the peer sends through
 * it. If there is no such packet, the peer's next request does as well: its
 * window is one, so it must have our response, and with it the keys.
 */
void ike_child_confirm(struct ike_sa *sa, uint32_t id)
{
	for (struct ike_child *c = sa->children; c; c = c->next)
		if (!c->confirmed && id >= c->confirm_id)
			ike_child_confirmed(c, "the peer has its keys");
}

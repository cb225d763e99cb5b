// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine's doors for all but messages (input.c), and what is behind each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core.h"

/* --------------------------------------------------------------- services */

int ike_random(struct ike_engine *e, void *buf, size_t len)
{
	int err = e->env->entropy->bytes(e->env->ctx, buf, len);

	if (err)
		ike_log(e, IKE_EVENT_INTERNAL_ERROR, IKE_LOG_ERROR, NULL,
			IKE_NO_FIELDS, "no random numbers: %s", strerror(-err));
	return err;
}

int ike_random_for_crypto(void *ctx, void *buf, size_t len)
{
	return ike_random(ctx, buf, len);
}

int ike_random_nonce(struct ike_engine *e, struct ike_nonce *nonce)
{
	nonce->len = IKE_NONCE_LEN;
	return ike_random(e, nonce->data, nonce->len);
}

struct ike_dh *ike_random_dh(struct ike_engine *e, uint16_t group)
{
	return ike_dh_new(group, ike_random_for_crypto, e);
}

uint32_t ike_jitter(struct ike_engine *e, uint32_t n)
{
	uint32_t v;

	/* Good enough for a jitter; a bias of n in 2^32 does not matter. */
	return n && !ike_random(e, &v, sizeof(v)) ? v % n : 0;
}

void ike_transmit(struct ike_engine *e, const struct ike_endpoint *local,
		  const struct ike_endpoint *remote, const uint8_t *data,
		  size_t len)
{
	struct ike_datagram dgram = {
		.local = *local,
		.remote = *remote,
		.data = data,
		.len = len,
	};

	e->counters.tx_messages++;
	e->env->transport->send(e->env->ctx, &dgram);
}

uint64_t ike_new_spi(struct ike_engine *e)
{
	for (unsigned int tries = 0; tries < 8; tries++) {
		const struct ike_sa *sa;
		uint64_t spi;

		if (ike_random(e, &spi, sizeof(spi)))
			return 0;
		for (sa = e->sas; sa; sa = sa->next)
			if (sa->spi_i == spi || sa->spi_r == spi)
				break;
		if (spi && !sa)
			return spi;
	}
	return 0;
}

const struct ike_nonce *ike_nonce_lower(const struct ike_nonce *a,
					const struct ike_nonce *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->data, b->data, len);

	/* Octet by octet; of two that begin alike the shorter one is lower. */
	if (order)
		return order < 0 ? a : b;
	return a->len <= b->len ? a : b;
}

void ike_nonce_set(struct ike_nonce *nonce, struct ike_slice octets)
{
	nonce->len = (uint16_t)(octets.len < IKE_NONCE_MAX ? octets.len :
							     IKE_NONCE_MAX);
	memcpy(nonce->data, octets.data, nonce->len);
}

/* ----------------------------------------------------------------- settling */

static void reap_children(struct ike_sa *sa)
{
	struct ike_child **link = &sa->children;

	while (*link) {
		struct ike_child *child = *link;

		if (child->state != IKE_CHILD_GONE) {
			link = &child->next;
			continue;
		}
		*link = child->next;
		for (struct ike_sa *s = sa->e->sas; s; s = s->next) {
			if (s->deleting == child)
				s->deleting = NULL;
			if (s->neg && s->neg->old == child)
				s->neg->old = NULL;
			if (s->neg && s->neg->peer_child == child)
				s->neg->peer_child = NULL;
			if (s->pending && s->pending->old == child)
				s->pending->old = NULL;
		}
		ike_child_free(child);
	}
}

static void reap(struct ike_engine *e)
{
	struct ike_sa **link = &e->sas;

	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		reap_children(sa);
	while (*link) {
		struct ike_sa *dead = *link;

		if (dead->state != IKE_SA_DEAD) {
			link = &dead->next;
			continue;
		}
		*link = dead->next;
		for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
			if (sa->neg && sa->neg->peer_sa == dead)
				sa->neg->peer_sa = NULL;
		ike_sa_free(dead);
	}
}

/*
 * The end of each door: start what can be started now, and free what is over.
 * New objects go to the heads of their lists, so the walks are safe.
 */
void ike_engine_settle(struct ike_engine *e)
{
	reap(e);
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		ike_sa_run(sa);
	reap(e);
	ike_tunnels_look(e);
	for (struct ike_tunnel *t = e->tunnels; t; t = t->next)
		ike_tunnel_settle(e, t);
	reap(e);
}

void ike_engine_enter(struct ike_engine *e, uint64_t now)
{
	if (now > e->now)
		e->now = now;
}

/* -------------------------------------------------------------------- doors */

static void acquire(struct ike_engine *e, struct ike_tunnel *t)
{
	struct ike_tunnel *owner = t->owner;

	if (t->barred || t->config.start == IKE_START_PASSIVE || !owner ||
	    !ike_tunnel_usable(owner))
		return;
	/* Where there is an IKE SA already, it is asked for there: see share.c. */
	t->asked = true;
	if (!ike_tunnel_sa(e, owner) &&
	    !ike_tunnel_has_sa(e, owner, IKE_SA_INIT_SENT, NULL) &&
	    !ike_tunnel_has_sa(e, owner, IKE_SA_AUTH_SENT, NULL) &&
	    e->now >= owner->retry_at)
		ike_start_init(e, owner);
}

void ike_engine_kernel_event(struct ike_engine *e, uint64_t now,
			     const struct ike_kernel_event *event)
{
	struct ike_tunnel *t = ike_tunnel_by_ifindex(e, event->ifindex);
	struct ike_child *child =
		ike_child_by_pair(e, event->ifindex, event->pair_id);

	ike_engine_enter(e, now);
	switch (event->id) {
	case IKE_KERNEL_ACQUIRE:
		if (t)
			acquire(e, t);
		break;
	case IKE_KERNEL_EXPIRE:
		if (child)
			ike_child_expired(child, event->limit, event->hard);
		break;
	case IKE_KERNEL_FIRST_RX:
		/* Late news of a pair that has been replaced since change nothing. */
		if (child)
			ike_child_confirmed(child, "the peer uses it");
		break;
	case IKE_KERNEL_DELETED:
		if (child && !child->disarmed) {
			ike_log(e, IKE_EVENT_CHILD_SA_STATE, IKE_LOG_NOTICE, t,
				IKE_NO_FIELDS,
				"CHILD SA (pair %u) was deleted in the kernel by somebody else",
				child->pair_id);
			child->in_use = false;
			child->want_delete = true;
		}
		break;
	case IKE_KERNEL_FLOAT:
		if (child)
			ike_sa_esp_moved(child, &event->remote);
		break;
	}
	ike_engine_settle(e);
}

static void up(struct ike_engine *e, struct ike_tunnel *t)
{
	t->wanted = true;
	t->barred = false;
	t->failures = 0;
	t->retry_at = e->now;
	/* There is nothing to share with one that is down. */
	if (t->owner && t->owner != t) {
		t->owner->barred = false;
		t->owner->failures = 0;
		t->owner->retry_at = e->now;
	}
}

static void down(struct ike_engine *e, struct ike_tunnel *t)
{
	t->wanted = false;
	t->asked = false;
	t->barred = true;
	if (t->owner != t) {
		ike_child_forsake(e, t, "it was taken down");
		return;
	}
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next) {
		if (sa->tunnel != t)
			continue;
		sa->want_delete = true;
		if (sa->state == IKE_SA_INIT_SENT ||
		    sa->state == IKE_SA_AUTH_SENT)
			ike_sa_leave(sa, "it was taken down");
	}
}

int ike_engine_command(struct ike_engine *e, uint64_t now,
		       enum ike_command command, const char *name)
{
	struct ike_tunnel *t = ike_tunnel_find(e, name);
	struct ike_child *child;
	struct ike_sa *sa;
	int err = 0;

	if (!t)
		return -ENOENT;
	ike_engine_enter(e, now);
	sa = t->owner ? ike_tunnel_sa(e, t->owner) : NULL;
	child = sa ? ike_child_installed(sa, t) : NULL;
	switch (command) {
	case IKE_CMD_UP:
		up(e, t);
		break;
	case IKE_CMD_DOWN:
		down(e, t);
		break;
	case IKE_CMD_REKEY_CHILD:
		if (child)
			child->want_rekey = true;
		else
			err = -ENOTCONN;
		break;
	case IKE_CMD_REKEY_IKE:
		if (sa)
			sa->want_rekey = true;
		else
			err = -ENOTCONN;
		break;
	case IKE_CMD_REAUTH:
		if (sa)
			sa->reauth_at = e->now;
		else
			err = -ENOTCONN;
		break;
	}
	ike_engine_settle(e);
	return err;
}

void ike_engine_tick(struct ike_engine *e, uint64_t now)
{
	ike_engine_enter(e, now);
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		ike_sa_tick(sa);
	ike_engine_settle(e);
}

uint64_t ike_engine_next_wakeup(const struct ike_engine *e)
{
	uint64_t at = IKE_NEVER;

	for (const struct ike_sa *sa = e->sas; sa; sa = sa->next)
		at = ike_min_time(at, ike_sa_wakeup(sa));
	ike_tunnels_look(e);
	for (const struct ike_tunnel *t = e->tunnels; t; t = t->next)
		at = ike_min_time(at, ike_tunnel_wakeup(t));
	return at;
}

unsigned int ike_engine_count(const struct ike_engine *e)
{
	unsigned int n = 0;

	for (const struct ike_sa *sa = e->sas; sa; sa = sa->next)
		n++;
	return n;
}

bool ike_engine_idle(const struct ike_engine *e)
{
	for (const struct ike_sa *sa = e->sas; sa; sa = sa->next)
		if (ike_window_busy(sa) || sa->want_delete)
			return false;
	ike_tunnels_look(e);
	for (const struct ike_tunnel *t = e->tunnels; t; t = t->next)
		if (ike_tunnel_wakeup(t) != IKE_NEVER)
			return false;
	return true;
}

const struct ike_counters *ike_engine_counters(const struct ike_engine *e)
{
	return &e->counters;
}

/* -------------------------------------------------------------- life itself */

struct ike_engine *ike_engine_new(const struct ike_env *env,
				  const struct ike_limits *limits)
{
	struct ike_engine *e = calloc(1, sizeof(*e));
	uint8_t probe;

	if (!e)
		return NULL;
	e->env = env;
	e->complaints = IKE_COMPLAINTS;
	e->strays = IKE_STRAY_ANSWERS;
	if (limits)
		e->limits = *limits;
	if (!e->limits.cookie_threshold)
		e->limits.cookie_threshold = 32;
	if (!e->limits.half_open_max)
		e->limits.half_open_max = 256;
	if (!e->limits.half_open_ms)
		e->limits.half_open_ms = IKE_HALF_OPEN_MS;
	if (!e->limits.refusal_ms)
		e->limits.refusal_ms = IKE_REFUSAL_MS;
	if (ike_random(e, &probe, sizeof(probe))) {
		free(e);
		return NULL;
	}
	return e;
}

void ike_engine_free(struct ike_engine *e)
{
	if (!e)
		return;
	while (e->sas) {
		struct ike_sa *sa = e->sas;

		e->sas = sa->next;
		ike_sa_free(sa);
	}
	while (e->tunnels) {
		struct ike_tunnel *t = e->tunnels;

		e->tunnels = t->next;
		ike_failure_forget(t);
		free(t);
	}
	ike_wipe(e, sizeof(*e));
	free(e);
}

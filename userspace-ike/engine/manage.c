// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Adding, removing and showing tunnels.
 */
#include <errno.h>
#include <stdlib.h>

#include "core.h"

#define IKE_LIFETIME_S		28800
#define CHILD_LIFETIME_S	3600
#define DPD_INTERVAL_S		4
#define REPLAY_WINDOW		1024
#define LIFETIME_MAX_S		(30u * 86400)

static bool cipher_known(const struct ike_encr *encr, uint16_t integ, bool esp)
{
	if (esp)
		return ike_esp_transform(encr, integ);
	return integ ? ike_cbc_key_len(encr->id, encr->key_bits) &&
			       ike_integ_key_len(integ) :
		       ike_aead_key_len(encr->id, encr->key_bits);
}

static bool proposal_known(const struct ike_alternatives *alt, bool esp)
{
	if (!alt->n_encr || alt->n_encr > IKE_ALG_MAX ||
	    alt->n_integ > IKE_ALG_MAX || alt->n_prf > IKE_ALG_MAX ||
	    alt->n_ke > IKE_ALG_MAX || alt->n_esn > IKE_ALG_MAX ||
	    (esp ? !alt->n_esn : !alt->n_prf || !alt->n_ke))
		return false;
	for (unsigned int i = 0; i < alt->n_encr; i++) {
		if (!alt->n_integ &&
		    !cipher_known(&alt->encr[i], IKE_INTEG_NONE, esp))
			return false;
		for (unsigned int j = 0; j < alt->n_integ; j++)
			if (!cipher_known(&alt->encr[i], alt->integ[j], esp))
				return false;
	}
	for (unsigned int i = 0; i < alt->n_prf; i++)
		if (!ike_prf_len(alt->prf[i]))
			return false;
	for (unsigned int i = 0; i < alt->n_ke; i++)
		if (!ike_dh_public_len(alt->ke[i]))
			return false;
	for (unsigned int i = 0; i < IKE_ADD_KE_MAX; i++) {
		if (alt->n_add_ke[i] > IKE_ALG_MAX)
			return false;
		for (unsigned int j = 0; j < alt->n_add_ke[i]; j++)
			if (alt->add_ke[i][j] &&
			    !ike_ke_available(alt->add_ke[i][j]))
				return false;
	}
	return true;
}

static bool suite_known(const struct ike_suite *suite, bool esp)
{
	for (unsigned int i = 0; i < suite->n && i < IKE_SUITE_MAX; i++)
		if (!proposal_known(&suite->props[i], esp))
			return false;
	return suite->n && suite->n <= IKE_SUITE_MAX;
}

static const char *what_is_wrong(const struct ike_tunnel_config *c)
{
	if (!c->name[0] || !memchr(c->name, 0, sizeof(c->name)))
		return "the name is empty or too long";
	if (c->local.family != IKE_IPV4 && c->local.family != IKE_IPV6)
		return "the local address is missing";
	if (c->local.family != c->remote.family)
		return "local and remote address are not of one family";
	if (!suite_known(&c->ike, false))
		return "the IKE suites are empty or hold an unknown algorithm";
	if (!suite_known(&c->esp, true))
		return "the ESP suites are empty or hold an unknown algorithm";
	if (c->n_local_ts > IKE_TS_MAX || c->n_remote_ts > IKE_TS_MAX)
		return "there are too many traffic selectors";
	if (c->ike_lifetime_s > LIFETIME_MAX_S ||
	    c->child_lifetime_s > LIFETIME_MAX_S ||
	    c->reauth_s > LIFETIME_MAX_S)
		return "a lifetime is longer than 30 days";
	if (c->dpd_interval_s > 3600)
		return "the DPD interval is longer than an hour";
	if (c->replay_window && (c->replay_window < 64 ||
				 c->replay_window > 4096))
		return "the replay window is not in the range 64 to 4096";
	return NULL;
}

static void default_id(struct ike_identity *id, const struct ike_address *addr)
{
	if (id->type)
		return;
	id->type = addr->family == IKE_IPV4 ? IKE_ID_IPV4_ADDR :
					      IKE_ID_IPV6_ADDR;
	id->len = addr->family == IKE_IPV4 ? 4 : 16;
	memcpy(id->data, addr->octets, id->len);
}

static void default_ts(struct ike_ts_set *set, const struct ike_ts *ts,
		       unsigned int n)
{
	ike_ts_any(set);
	if (n) {
		memcpy(set->ts, ts, n * sizeof(*ts));
		set->n = (uint8_t)n;
	}
}

static int find_peer(void *arg, const struct ike_pair_info *info)
{
	struct ike_tunnel *t = arg;

	if (info->state == IKE_PAIR_ACTIVE &&
	    info->remote.family == t->config.remote.family)
		ike_tunnel_peer_at(t, &info->remote);
	return 0;
}

int ike_engine_add_tunnel(struct ike_engine *e, uint64_t now,
			  const struct ike_tunnel_config *config,
			  const char **why)
{
	struct ike_tunnel_config *c;
	struct ike_tunnel *t;

	*why = what_is_wrong(config);
	if (*why)
		return -EINVAL;
	if (ike_tunnel_find(e, config->name))
		return -EEXIST;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	c = &t->config;
	*c = *config;
	default_id(&c->local_id, &c->local);
	default_id(&c->remote_id, &c->remote);
	default_ts(&t->local_ts, c->local_ts, c->n_local_ts);
	default_ts(&t->remote_ts, c->remote_ts, c->n_remote_ts);
	if (!c->ike_lifetime_s)
		c->ike_lifetime_s = IKE_LIFETIME_S;
	if (!c->child_lifetime_s)
		c->child_lifetime_s = CHILD_LIFETIME_S;
	if (!c->dpd_interval_s)
		c->dpd_interval_s = DPD_INTERVAL_S;
	if (!c->replay_window)
		c->replay_window = REPLAY_WINDOW;
	t->wanted = c->start == IKE_START_ALWAYS;
	t->since = now;
	t->retry_at = now;
	t->next = e->tunnels;
	e->tunnels = t;
	ike_share_link(e);
	/* Where the kernel has followed the peer to, it may come from. */
	if (c->ifindex)
		e->env->kernel->query(e->env->ctx, c->ifindex, find_peer, t);
	ike_engine_tick(e, now);
	return 0;
}

/*
 * What is idle says goodbye and waits for the answer, and what waits for that to
 * IKE_AUTH says it then; the rest just says it.
 */
static void part(struct ike_sa *sa, const char *why)
{
	struct ike_builder b;

	for (struct ike_child *c = sa->children; c; c = c->next)
		ike_child_retire(c, 0, why);
	if (sa->state == IKE_SA_DELETING || sa->state == IKE_SA_LEAVING)
		return;
	if (sa->state == IKE_SA_ESTABLISHED && !ike_window_busy(sa)) {
		ike_start_delete_ike(sa);
		return;
	}
	if (sa->state == IKE_SA_ESTABLISHED) {
		ike_build_start(&b, sa->e->build, sizeof(sa->e->build));
		ike_build_delete_ike(&b);
		ike_window_farewell(sa, &b);
	}
	ike_sa_leave(sa, why);
}

/*
 * All SAs of a tunnel go; with its IKE SA also the CHILD SAs of those that share
 * it. One that shares an IKE SA leaves that alone.
 */
static void leave_all(struct ike_engine *e, const struct ike_tunnel *t,
		      const char *why)
{
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		for (struct ike_child *c = sa->children; c; c = c->next)
			if (sa->tunnel == t)
				c->want_delete = true; /* none is an heir */
	ike_child_forsake(e, t, why);
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		if (sa->tunnel == t)
			part(sa, why);
}

int ike_engine_remove_tunnel(struct ike_engine *e, uint64_t now,
			     const char *name)
{
	struct ike_tunnel *t = ike_tunnel_find(e, name);
	struct ike_tunnel **link = &e->tunnels;

	if (!t)
		return -ENOENT;
	ike_engine_enter(e, now);
	t->wanted = false;
	t->asked = false;
	leave_all(e, t, "the tunnel was removed");
	/* Those that wait for an answer need the tunnel no more. */
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		if (sa->tunnel == t && sa->state != IKE_SA_DEAD)
			sa->tunnel = NULL;
	/* Frees the dead, who still point to the tunnel. */
	ike_engine_tick(e, now);
	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	ike_failure_forget(t);
	free(t);
	ike_share_link(e);
	return 0;
}

/* ------------------------------------------------------- device and underlay */

/* All SAs of a tunnel go, and it begins as if it were new. */
static void begin_anew(struct ike_engine *e, struct ike_tunnel *t,
		       const char *why)
{
	leave_all(e, t, why);
	t->failures = 0;
	t->retry_at = e->now;
}

int ike_engine_set_device(struct ike_engine *e, uint64_t now, const char *name,
			  uint32_t ifindex)
{
	struct ike_tunnel *t = ike_tunnel_find(e, name);

	if (!t)
		return -ENOENT;
	if (t->config.ifindex == ifindex)
		return 0;
	ike_engine_enter(e, now);
	if (t->config.ifindex)
		begin_anew(e, t, "its device is gone");
	t->config.ifindex = ifindex;
	t->swept = false;
	t->failures = 0;
	t->retry_at = e->now;
	ike_engine_tick(e, now);
	return 0;
}

int ike_engine_set_remote(struct ike_engine *e, uint64_t now, const char *name,
			  const struct ike_address *remote)
{
	struct ike_tunnel *t = ike_tunnel_find(e, name);

	if (!t)
		return -ENOENT;
	if (remote->family != t->config.local.family)
		return -EINVAL;
	ike_engine_enter(e, now);
	begin_anew(e, t, "the peer has another address");
	t->config.remote = *remote;
	memset(&t->at, 0, sizeof(t->at));
	ike_engine_tick(e, now);
	return 0;
}

int ike_engine_underlay_changed(struct ike_engine *e, uint64_t now,
				const char *name)
{
	struct ike_tunnel *t = ike_tunnel_find(e, name);

	if (!t)
		return -ENOENT;
	ike_engine_enter(e, now);
	t->failures = 0;
	t->retry_at = ike_min_time(t->retry_at, e->now);
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next) {
		if (sa->tunnel != t)
			continue;
		ike_window_hurry(sa);
		if (sa->state == IKE_SA_ESTABLISHED)
			sa->want_probe = true;
	}
	ike_engine_tick(e, now);
	return 0;
}

/* ------------------------------------------------------------------- status */

static uint64_t left(uint64_t at, uint64_t now)
{
	return at > now ? at - now : 0;
}

static void show_child(const struct ike_child *c, uint64_t now,
		       const struct ike_status_visitor *v, void *arg)
{
	char suite[IKE_SUITE_TEXT];
	struct ike_child_status status = {
		.state = ike_child_state_name(c->state),
		.pair_id = c->pair_id,
		.spi_in = c->spi_in,
		.spi_out = c->spi_out,
		.suite = ike_choice_format(&c->choice, suite, sizeof(suite)),
		.age_ms = left(now, c->installed_at),
		.rekey_in_ms = left(c->rekey_at, now),
		.local_ts = c->local_ts.ts,
		.remote_ts = c->remote_ts.ts,
		.n_local_ts = c->local_ts.n,
		.n_remote_ts = c->remote_ts.n,
	};

	v->child_sa(arg, &status);
}

static void show_sa(const struct ike_sa *sa, const struct ike_tunnel *t,
		    uint64_t now,
		    const struct ike_status_visitor *v, void *arg)
{
	char suite[IKE_SUITE_TEXT];
	struct ike_sa_status status = {
		.state = ike_sa_state_name(sa->state),
		.initiator = sa->initiator,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.local = sa->local,
		.remote = sa->remote,
		.nat_local = sa->nat_local,
		.nat_remote = sa->nat_remote,
		.suite = ike_choice_format(&sa->choice, suite, sizeof(suite)),
		.age_ms = left(now, sa->created_at),
		.rekey_in_ms = left(sa->rekey_at, now),
	};

	if (v->ike_sa)
		v->ike_sa(arg, &status);
	for (const struct ike_child *c = sa->children; v->child_sa && c;
	     c = c->next)
		if (c->tunnel == t)
			show_child(c, now, v, arg);
}

static const char *tunnel_state(const struct ike_engine *e,
				const struct ike_tunnel *t)
{
	if (!t->config.ifindex)
		return "no-device";
	if (t->up)
		return "up";
	for (const struct ike_sa *sa = e->sas; sa; sa = sa->next)
		if (t->owner && sa->tunnel == t->owner && !sa->want_delete)
			return "connecting";
	if (t->barred)
		return "down";
	return t->wanted || t->config.start == IKE_START_ON_TRAFFIC ?
		       "waiting" :
		       "down";
}

int ike_engine_status(const struct ike_engine *e, uint64_t now,
		      const char *name,
		      const struct ike_status_visitor *visitor, void *arg)
{
	bool found = false;

	for (const struct ike_tunnel *t = e->tunnels; t; t = t->next) {
		struct ike_tunnel_status status = {
			.config = &t->config,
			.state = tunnel_state(e, t),
			.last_error = t->last_error[0] ? t->last_error : NULL,
			.failed = { t->failed[0], t->failed[1] },
			.wanted = t->wanted && !t->barred,
			.retry_in_ms = left(t->retry_at, now),
			.since_ms = now - t->since,
		};

		if (name && strcmp(name, t->config.name))
			continue;
		found = true;
		if (visitor->tunnel)
			visitor->tunnel(arg, &status);
		for (const struct ike_sa *sa = e->sas; sa; sa = sa->next)
			if (t->owner && sa->tunnel == t->owner)
				show_sa(sa, t, now, visitor, arg);
	}
	return found || !name ? 0 : -ENOENT;
}

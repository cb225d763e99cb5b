// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CHILD SAs and the SA pairs in the kernel that they are: made, and gone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core.h"

const char *ike_child_state_name(enum ike_child_state state)
{
	static const char *const names[] = {
#define STATE_NAME(id, name) name,
		IKE_CHILD_STATES(STATE_NAME)
#undef STATE_NAME
	};

	return names[state];
}

void ike_child_set_state(struct ike_child *child, enum ike_child_state state,
			 const char *why)
{
	char pair[12], spi_in[12], spi_out[12];
	const char *from = ike_child_state_name(child->state);
	const char *to = ike_child_state_name(state);

	if (child->state == state)
		return;
	child->state = state;
	snprintf(pair, sizeof(pair), "%u", child->pair_id);
	snprintf(spi_in, sizeof(spi_in), "%08x", child->spi_in);
	snprintf(spi_out, sizeof(spi_out), "%08x", child->spi_out);
	ike_log(child->sa->e, IKE_EVENT_CHILD_SA_STATE, IKE_LOG_DEBUG,
		child->tunnel,
		IKE_FIELDS({ "pair", pair }, { "spi-in", spi_in },
			   { "spi-out", spi_out }, { "from", from },
			   { "to", to }, { "reason", why }),
		"CHILD SA %s/%s (pair %s): %s, was %s: %s", spi_in, spi_out,
		pair, to, from, why);
}

int ike_child_kernel_error(struct ike_sa *sa, const struct ike_tunnel *t,
			   const char *op, int err)
{
	char code[12];

	snprintf(code, sizeof(code), "%d", -err);
	ike_log(sa->e, IKE_EVENT_KERNEL_ERROR, IKE_LOG_ERROR, t,
		IKE_FIELDS({ "operation", op }, { "errno", code }),
		"the kernel refused %s: %s", op, strerror(-err));
	return err;
}

int ike_child_reserve(struct ike_sa *sa, const struct ike_tunnel *t,
		      uint32_t *pair_id, uint32_t *spi)
{
	const struct ike_env *env = sa->e->env;
	int err = env->kernel->spi_alloc(env->ctx, t->config.ifindex,
					 IKE_RESERVE_S, pair_id, spi);

	return err ? ike_child_kernel_error(sa, t, "spi-alloc", err) : 0;
}

void ike_child_unreserve(struct ike_sa *sa, const struct ike_tunnel *t,
			 uint32_t pair_id)
{
	const struct ike_env *env = sa->e->env;

	if (pair_id && t && t->config.ifindex)
		env->kernel->retire(env->ctx, t->config.ifindex, pair_id, 0);
}

static void fill_sa(struct ike_kernel_sa *out, uint32_t spi,
		    const struct ike_esp_transform *esp, const uint8_t *key,
		    bool esn)
{
	out->spi = spi;
	out->alg = esp->alg;
	out->key_len = esp->key_len;
	out->salt_len = esp->salt_len;
	out->esn = esn;
	memcpy(out->key, key, out->key_len);
	memcpy(out->salt, key + out->key_len, out->salt_len);
}

/*
 * In volume as in time a rekey is begun in the last tenth, @early thousandths of
 * the limit before it. A tenth more may pass within a second, and the end must
 * not come before a lost request was sent again: it is at twice the limit.
 */
static void fill_limit(uint64_t limit, uint32_t early, uint64_t *soft,
		       uint64_t *hard)
{
	if (!limit)
		return;
	*soft = limit - limit / 1000 * early;
	*hard = limit <= UINT64_MAX / 2 ? 2 * limit : UINT64_MAX;
}

static void fill_limits(struct ike_kernel_sa *out,
			const struct ike_tunnel_config *config, uint32_t early)
{
	fill_limit(config->child_bytes, early, &out->soft_bytes,
		   &out->hard_bytes);
	fill_limit(config->child_packets, early, &out->soft_packets,
		   &out->hard_packets);
}

/*
 * Selectors that let everything pass are none: the module then has nothing to
 * compare.
 */
static void fill_ts(struct ike_kernel_pair *pair,
		    const struct ike_child_plan *plan)
{
	const struct ike_ts_set *local = plan->local_ts;
	const struct ike_ts_set *remote = plan->remote_ts;

	if (!ike_ts_all(local)) {
		memcpy(pair->local_ts, local->ts, local->n * sizeof(*local->ts));
		pair->n_local_ts = local->n;
	}
	if (!ike_ts_all(remote)) {
		memcpy(pair->remote_ts, remote->ts,
		       remote->n * sizeof(*remote->ts));
		pair->n_remote_ts = remote->n;
	}
}

/*
 * Of two armed pairs a late packet of the older one could bring the kernel back
 * to that. The second one waits for us to hear of its first packet.
 */
static bool may_arm(const struct ike_sa *sa, const struct ike_tunnel *t)
{
	for (const struct ike_sa *other = sa->e->sas; other;
	     other = other->next) {
		if (other == sa)
			continue;
		for (const struct ike_child *c = other->children; c;
		     c = c->next)
			if (c->tunnel == t && c->armed &&
			    c->state != IKE_CHILD_GONE)
				return false;
	}
	return true;
}

static int install(struct ike_sa *sa, const struct ike_child_plan *plan)
{
	const struct ike_tunnel_config *config = &plan->tunnel->config;
	const struct ike_esp_transform *esp =
		ike_esp_transform(&plan->choice->encr, plan->choice->integ);
	uint32_t early = ike_jitter(sa->e, 100);
	const struct ike_env *env = sa->e->env;
	struct ike_kernel_pair pair = {
		.ifindex = config->ifindex,
		.pair_id = plan->pair_id,
		.activation = plan->activation,
		.allow_legacy = config->esp.allow_legacy,
	};
	bool esn = plan->choice->esn;
	struct ike_child_keys keys;
	int err;

	if (!esp)
		return -EINVAL;
	if (plan->activation == IKE_ACTIVATE_FIRST_RX && !may_arm(sa, plan->tunnel))
		pair.activation = IKE_ACTIVATE_MANUAL;

	/* Section 2.23: whoever is behind a NAT, ESP goes inside UDP. */
	if (sa->nat_local || sa->nat_remote) {
		pair.encap_udp = true;
		pair.encap_sport = sa->local.port == IKE_PORT ? IKE_PORT_NATT :
								sa->local.port;
		pair.encap_dport = sa->remote.port == IKE_PORT ?
					   IKE_PORT_NATT :
					   sa->remote.port;
		pair.encap_follow = sa->nat_remote;
	}
	/* A pair begins at the address of its device, unless told otherwise. */
	if (pair.encap_follow &&
	    !ike_address_same(&sa->remote.addr, &config->remote))
		pair.encap_remote = sa->remote.addr;
	err = ike_keys_child(&sa->keys, esp, &plan->keymat, &keys);
	if (err)
		return err;
	/* Section 2.17: initiator to responder first, of this exchange. */
	fill_sa(&pair.in, plan->spi_in, esp,
		plan->initiator ? keys.r2i : keys.i2r, esn);
	fill_sa(&pair.out, (uint32_t)plan->choice->spi, esp,
		plan->initiator ? keys.i2r : keys.r2i, esn);
	pair.in.replay_window = config->replay_window;
	fill_limits(&pair.in, config, early);
	fill_limits(&pair.out, config, early);
	fill_ts(&pair, plan);
	err = env->kernel->pair_new(env->ctx, &pair);
	ike_wipe(&keys, sizeof(keys));
	ike_wipe(&pair, sizeof(pair));
	return err ? ike_child_kernel_error(sa, plan->tunnel, "sa-pair-new", err) : 0;
}

static void log_new(const struct ike_child *child)
{
	const struct ike_sa *sa = child->sa;
	char suite[IKE_SUITE_TEXT], spi_in[12], spi_out[12], pair[12];

	ike_choice_format(&child->choice, suite, sizeof(suite));
	snprintf(spi_in, sizeof(spi_in), "%08x", child->spi_in);
	snprintf(spi_out, sizeof(spi_out), "%08x", child->spi_out);
	snprintf(pair, sizeof(pair), "%u", child->pair_id);
	ike_log(sa->e, IKE_EVENT_CHILD_SA_STATE, IKE_LOG_INFO, child->tunnel,
		IKE_FIELDS({ "to", "installed" }, { "spi-in", spi_in },
			   { "spi-out", spi_out }, { "pair", pair },
			   { "suite", suite }),
		"CHILD SA %s/%s (pair %s): installed, %s%s, %s", spi_in,
		spi_out, pair, suite,
		sa->nat_local || sa->nat_remote ? " in UDP" : "",
		child->in_use ? "in use" :
		child->held   ? "held back" :
				"to be used when the peer does");
	/* Nobody shall be able to say that they had not been told. */
	if (child->choice.encr.id == IKE_ENCR_NULL_AES_GMAC)
		ike_log(sa->e, IKE_EVENT_CHILD_SA_STATE, IKE_LOG_NOTICE,
			child->tunnel,
			IKE_FIELDS({ "pair", pair }, { "suite", suite }),
			"CHILD SA %s/%s (pair %s): NOT ENCRYPTED: %s authenticates packets, but anybody on the way can read them",
			spi_in, spi_out, pair, suite);
}

struct ike_child *ike_child_install(struct ike_sa *sa,
				    const struct ike_child_plan *plan)
{
	uint64_t life = (uint64_t)plan->tunnel->config.child_lifetime_s * 1000;
	struct ike_child *child = calloc(1, sizeof(*child));
	struct ike_engine *e = sa->e;
	struct ike_nonce ni, nr;

	if (!child)
		return NULL;
	if (install(sa, plan)) {
		free(child);
		return NULL;
	}
	child->sa = sa;
	child->tunnel = plan->tunnel;
	child->tunnel->asked = false;
	child->tunnel->put_off = 0;
	child->state = IKE_CHILD_INSTALLED;
	child->pair_id = plan->pair_id;
	child->spi_in = plan->spi_in;
	child->spi_out = (uint32_t)plan->choice->spi;
	child->choice = *plan->choice;
	child->local_ts = *plan->local_ts;
	child->remote_ts = *plan->remote_ts;
	ike_nonce_set(&ni, plan->keymat.ni);
	ike_nonce_set(&nr, plan->keymat.nr);
	child->lowest = *ike_nonce_lower(&ni, &nr);
	child->installed_at = e->now;
	child->rekey_at = e->now + life - ike_jitter(e, (uint32_t)(life / 10));
	child->expire_at = ike_ends_at(e->now, life);
	/* An initiator knows that the peer has it, from the response. */
	child->confirmed = plan->initiator;
	child->confirm_id = sa->window.expected_id + 1;
	child->next = sa->children;
	sa->children = child;
	switch (plan->activation) {
	case IKE_ACTIVATE_NOW:
		ike_child_take_over(child);
		break;
	case IKE_ACTIVATE_MANUAL:
		child->held = true;
		break;
	case IKE_ACTIVATE_FIRST_RX:
		child->awaits = true;
		child->armed = may_arm(sa, child->tunnel);
		break;
	}
	if (child->tunnel == sa->tunnel)
		sa->child_refusals = 0;
	sa->put_off_since = 0;
	log_new(child);
	return child;
}

/* What the peer may not have yet, it can neither delete nor rekey. */
uint64_t ike_child_delete_at(const struct ike_child *c)
{
	uint64_t at = c->want_delete ? 0 : c->expire_at;
	uint64_t known = c->confirmed ? 0 :
					c->installed_at + IKE_UNCONFIRMED_MS;

	return at > known ? at : known;
}

struct ike_child *ike_child_by_spi_out(struct ike_sa *sa, uint32_t spi)
{
	for (struct ike_child *c = sa->children; c; c = c->next)
		if (c->spi_out == spi && c->state != IKE_CHILD_GONE)
			return c;
	return NULL;
}

struct ike_child *ike_child_by_pair(struct ike_engine *e, uint32_t ifindex,
				    uint32_t pair_id)
{
	for (struct ike_sa *sa = e->sas; sa; sa = sa->next)
		for (struct ike_child *c = sa->children; c; c = c->next)
			if (c->pair_id == pair_id &&
			    c->tunnel->config.ifindex == ifindex &&
			    c->state != IKE_CHILD_GONE)
				return c;
	return NULL;
}

struct ike_child *ike_child_installed(const struct ike_sa *sa,
				      const struct ike_tunnel *t)
{
	for (struct ike_child *c = sa->children; c; c = c->next)
		if (c->tunnel == t && c->state == IKE_CHILD_INSTALLED && !c->want_delete)
			return c;
	return NULL;
}

void ike_child_expired(struct ike_child *child, enum ike_limit limit, bool hard)
{
	static const struct {
		const char *name;
		const char *soft;
		const char *hard;
	} limits[] = {
		[IKE_LIMIT_NONE] = { "none", "it nears its end",
				     "it is at its end" },
		[IKE_LIMIT_SEQUENCE] = { "sequence-numbers",
					 "its sequence numbers run low",
					 "its sequence numbers are used up" },
		[IKE_LIMIT_BYTES] = { "bytes",
				      "its soft limit of octets is reached",
				      "its hard limit of octets is reached" },
		[IKE_LIMIT_PACKETS] = { "packets",
					"its soft limit of packets is reached",
					"its hard limit of packets is reached" },
		[IKE_LIMIT_TIME] = { "time", "its soft limit of time is reached",
				     "its hard limit of time is reached" },
	};
	struct ike_engine *e = child->sa->e;

	/* We hear of both directions, and once more after events were lost. */
	if (hard ? child->ended : child->spent)
		return;
	child->spent = true;
	child->ended = hard;
	child->rekey_at = ike_min_time(child->rekey_at, e->now);
	/* Without numbers of its own it can still receive until it is rekeyed. */
	if (hard && limit != IKE_LIMIT_SEQUENCE)
		child->expire_at = ike_min_time(child->expire_at, e->now);
	ike_log(e, IKE_EVENT_CHILD_SA_STATE,
		hard ? IKE_LOG_NOTICE : IKE_LOG_INFO, child->tunnel,
		IKE_FIELDS({ "limit", limits[limit].name },
			   { "severity", hard ? "hard" : "soft" }),
		"CHILD SA %08x/%08x (pair %u): %s, %s", child->spi_in,
		child->spi_out, child->pair_id,
		hard ? limits[limit].hard : limits[limit].soft,
		hard && limit != IKE_LIMIT_SEQUENCE ? "deleting" : "rekeying");
}

void ike_child_free(struct ike_child *child)
{
	free(child);
}

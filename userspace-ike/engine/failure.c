// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why tunnels did not come up: see failure.h and because.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "algorithm.h"
#include "because.h"
#include "core.h"

static const char *const reason_names[] = {
#define REASON_NAME(id, name) name,
	IKE_FAILURE_REASONS(REASON_NAME)
#undef REASON_NAME
};

const char *ike_failure_name(enum ike_failure_reason reason)
{
	return reason_names[reason];
}

struct ike_failure *ike_because(struct ike_engine *e, const struct ike_sa *sa,
				enum ike_failure_reason reason,
				const char *step)
{
	struct ike_failure *f = &e->because;

	memset(f, 0, sizeof(*f));
	f->reason = reason;
	f->step = step;
	if (sa) {
		f->local = sa->local;
		f->remote = sa->remote;
		f->nat_local = sa->nat_local;
		f->nat_remote = sa->nat_remote;
		f->transmissions = sa->window.transmissions;
	}
	return f;
}

void ike_because_auth(struct ike_engine *e, enum ike_failure_reason reason)
{
	e->because.reason = reason;
}

void ike_because_done(struct ike_engine *e)
{
	memset(&e->because, 0, sizeof(e->because));
}

void ike_failure_keep(struct ike_engine *e, struct ike_tunnel *t, bool theirs,
		      const char *text)
{
	const struct ike_failure *f = &e->because;
	struct ike_failure *kept = t->failed[theirs];
	uint64_t first_at = e->now;
	uint32_t count = 0;

	if (!kept)
		kept = t->failed[theirs] = malloc(sizeof(*kept));
	else if (kept->reason == f->reason && !strcmp(kept->text, text)) {
		first_at = kept->first_at;
		count = kept->count;
	}
	/* Out of memory: people are told all the same, in fewer words. */
	if (!kept)
		return;
	*kept = *f;
	if (!kept->step)
		kept->step = "";
	kept->first_at = first_at;
	kept->at = e->now;
	kept->count = count + 1;
	snprintf(kept->text, sizeof(kept->text), "%s", text);
}

void ike_failure_keep_between(struct ike_engine *e,
			      const struct ike_address *local,
			      const struct ike_address *remote,
			      const char *text)
{
	struct ike_tunnel *t = NULL;

	while ((t = ike_tunnel_between(e, t, local, remote)))
		ike_failure_keep(e, t, true, text);
	ike_because_done(e);
}

void ike_failure_forget(struct ike_tunnel *t)
{
	free(t->failed[0]);
	free(t->failed[1]);
	t->failed[0] = t->failed[1] = NULL;
}

/* ------------------------------------------------------------------- suites */

_Static_assert(IKE_FAILURE_TYPES == IKE_TRANSFORM_TYPES, "a row for each type");

/* The words of @list, which are joined by '-', without the last ones if need be. */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; list; list = strchr(list, '-')) {
		list += *list == '-';
		if (!strncmp(list, word, len) &&
		    (!list[len] || list[len] == '-'))
			return true;
	}
	return false;
}

/* What a suite calls an algorithm. Return: @buf. */
static const char *word_for(uint8_t type, const struct ike_algorithm *alg,
			    char *buf, size_t len)
{
	if (ike_transform_is_add_ke(type))
		snprintf(buf, len, "ke%u_%s", type - IKE_TRANSFORM_ADD_KE_1 + 1u,
			 alg->name);
	else
		snprintf(buf, len, "%s", alg->name);
	return buf;
}

/*
 * Of a transform type, the peer's algorithm that we would take: one that we have
 * configured, or else the first that we could.
 */
static const struct ike_algorithm *
take_one(const struct ike_failure_type *type, const struct ike_mismatch *m,
	 uint8_t number, bool legacy)
{
	const struct ike_algorithm *could = NULL;
	char word[32];

	for (unsigned int i = 0; i < m->theirs.n_transforms; i++) {
		const struct ike_transform *tr = &m->theirs.transforms[i];
		const struct ike_algorithm *alg = ike_algorithm_find(
			tr->type, tr->id, tr->key_bits);

		if (tr->type != number || !alg || alg->worth > IKE_WORTH_LEGACY)
			continue;
		/* As the only key exchange we do not do it. */
		if (number == IKE_TRANSFORM_KE && ike_kem_public_len(alg->id))
			continue;
		if (has_word(type->ours,
			     word_for(number, alg, word, sizeof(word))))
			return alg;
		if (!could && (legacy || alg->worth == IKE_WORTH_OURS))
			could = alg;
	}
	return could;
}

/* Return: whether a suite of one algorithm each would match the offer. */
static bool try_nearest(struct ike_failure *f, enum ike_sa_use use,
			const struct ike_mismatch *m, struct ike_slice sa,
			bool legacy)
{
	bool esp = use == IKE_USE_CHILD || use == IKE_USE_AUTH_CHILD;
	struct ike_suite suite = { .allow_legacy = legacy };
	char text[sizeof(f->nearest)] = "", why[200];
	struct ike_choice choice;
	size_t len = 0;

	for (size_t i = 0; i < IKE_TRANSFORM_TYPES; i++) {
		uint8_t type = ike_transform_order[i];
		const struct ike_algorithm *alg = take_one(&f->types[i], m,
							   type, legacy);
		char word[32];

		/* Both kinds of sequence numbers: that needs no word. */
		if (!alg ||
		    (type == IKE_TRANSFORM_ESN && !f->types[i].differs))
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					len ? "-" : "",
					word_for(type, alg, word, sizeof(word)));
		if (len >= sizeof(text))
			return false;
	}
	/* A parse that works is a promise that the configuration will, too. */
	if (ike_suite_parse(&suite, esp ? IKE_SUITE_ESP : IKE_SUITE_IKE, text,
			    why, sizeof(why)) ||
	    ike_proposal_select(use, &suite, NULL, sa, IKE_KE_NONE, &choice))
		return false;
	snprintf(f->nearest, sizeof(f->nearest), "%s", text);
	f->legacy = legacy;
	return true;
}

void ike_because_suites(struct ike_failure *f, enum ike_sa_use use,
			const struct ike_suite *suite,
			const struct ike_suite *other_ke, struct ike_slice sa)
{
	struct ike_mismatch m = { 0 };
	bool known;

	ike_suite_format(suite, f->ours, sizeof(f->ours));
	if (sa.len)
		ike_offer_format(sa, f->theirs, sizeof(f->theirs));
	known = sa.len && ike_proposal_mismatch(use, suite, other_ke, sa, &m);
	if (!known)
		m.ours = suite->props[0];
	for (size_t i = 0; i < IKE_TRANSFORM_TYPES; i++) {
		struct ike_failure_type *type = &f->types[i];
		uint8_t number = ike_transform_order[i];

		type->name = ike_transform_type_name(number);
		type->differs = m.types & 1u << number;
		ike_alternatives_format(&m.ours, number, type->ours,
					sizeof(type->ours));
		if (known)
			ike_proposal_format(&m.theirs, number, type->theirs,
					    sizeof(type->theirs));
	}
	f->n_types = IKE_TRANSFORM_TYPES;
	if (known && !try_nearest(f, use, &m, sa, suite->allow_legacy) &&
	    !suite->allow_legacy)
		try_nearest(f, use, &m, sa, true);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suites, offers and choices as text for people, and why two do not fit.
 */
#include <stdio.h>

#include "algorithm.h"
#include "proposal.h"

struct text {
	char *buf;
	size_t size;
	size_t len;
	const char *sep;
};

static struct text text_to(char *buf, size_t len)
{
	buf[0] = 0;
	return (struct text){ .buf = buf, .size = len, .sep = "" };
}

static void text_put(struct text *t, const char *sep, const char *word)
{
	int n;

	if (t->len + 1 >= t->size)
		return;
	n = snprintf(t->buf + t->len, t->size - t->len, "%s%s", sep, word);
	if (n > 0)
		t->len += (size_t)n;
	if (t->len >= t->size)
		t->len = t->size - 1;
}

/* A word of a list whose words are joined by '-'. */
static void text_add(struct text *t, const char *word)
{
	text_put(t, t->sep, word);
	t->sep = "-";
}

/* An additional key exchange: "ke1_mlkem768"; that there may be none is a word, too. */
static void text_add_ke(struct text *t, uint8_t type,
			const struct ike_algorithm *alg, uint16_t id)
{
	unsigned int n = type - IKE_TRANSFORM_ADD_KE_1 + 1u;
	char word[32];

	if (alg || !id)
		snprintf(word, sizeof(word), "ke%u_%s", n,
			 alg ? alg->name : "none");
	else
		snprintf(word, sizeof(word), "ke%u_#%u", n, id);
	text_add(t, word);
}

static void text_add_alg(struct text *t, uint8_t type, uint16_t id,
			 uint16_t key_bits)
{
	static const char *const types[] = { "?", "encr", "prf", "integ", "ke",
					     "esn" };
	const struct ike_algorithm *alg = ike_algorithm_find(type, id,
							     key_bits);
	char word[32];

	if (ike_transform_is_add_ke(type)) {
		text_add_ke(t, type, alg, id);
		return;
	}
	/* "No integrity" and "no PFS" are not worth a word. */
	if (!alg && !id && type >= IKE_TRANSFORM_INTEG)
		return;
	if (!alg) {
		snprintf(word, sizeof(word), "%s#%u",
			 type < 6 ? types[type] : "type", id);
		if (key_bits)
			snprintf(word + strlen(word),
				 sizeof(word) - strlen(word), "/%u", key_bits);
	}
	text_add(t, alg ? alg->name : word);
}

static void text_add_list(struct text *t, uint8_t type, const uint16_t *ids,
			  unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		text_add_alg(t, type, ids[i], 0);
}

/* Of one transform type. */
static void text_add_type(struct text *t, const struct ike_alternatives *alt,
			  uint8_t type)
{
	unsigned int add;

	switch (type) {
	case IKE_TRANSFORM_ENCR:
		for (unsigned int i = 0; i < alt->n_encr; i++)
			text_add_alg(t, type, alt->encr[i].id,
				     alt->encr[i].key_bits);
		break;
	case IKE_TRANSFORM_INTEG:
		text_add_list(t, type, alt->integ, alt->n_integ);
		break;
	case IKE_TRANSFORM_PRF:
		text_add_list(t, type, alt->prf, alt->n_prf);
		break;
	case IKE_TRANSFORM_KE:
		text_add_list(t, type, alt->ke, alt->n_ke);
		break;
	case IKE_TRANSFORM_ESN:
		text_add_list(t, type, alt->esn, alt->n_esn);
		break;
	default:
		add = type - IKE_TRANSFORM_ADD_KE_1;
		text_add_list(t, type, alt->add_ke[add], alt->n_add_ke[add]);
		break;
	}
}

static void text_add_alternatives(struct text *t,
				  const struct ike_alternatives *alt)
{
	for (size_t i = 0; i < IKE_TRANSFORM_TYPES; i++) {
		/* Both kinds of sequence numbers: that needs no word. */
		if (ike_transform_order[i] == IKE_TRANSFORM_ESN &&
		    alt->n_esn > 1)
			continue;
		text_add_type(t, alt, ike_transform_order[i]);
	}
}

const char *ike_suite_format(const struct ike_suite *suite, char *buf,
			     size_t len)
{
	struct text t = text_to(buf, len);

	for (unsigned int i = 0; i < suite->n; i++) {
		text_add_alternatives(&t, &suite->props[i]);
		t.sep = ", ";
	}
	return buf;
}

const char *ike_choice_format(const struct ike_choice *choice, char *buf,
			      size_t len)
{
	struct ike_alternatives one = {
		.encr = { choice->encr },
		.integ = { choice->integ },
		.prf = { choice->prf },
		.ke = { choice->ke },
		.esn = { IKE_ESN_YES },
		.n_encr = 1,
		.n_integ = choice->integ != IKE_INTEG_NONE,
		.n_prf = choice->prf != 0,
		.n_ke = choice->ke != IKE_KE_NONE,
		.n_esn = choice->esn,
	};
	struct text t = text_to(buf, len);

	for (unsigned int i = 0; i < IKE_ADD_KE_MAX; i++) {
		one.add_ke[i][0] = choice->add_ke[i];
		one.n_add_ke[i] = choice->add_ke[i] != IKE_KE_NONE;
	}
	text_add_alternatives(&t, &one);
	return buf;
}

/* What a peer's proposal has of a transform type; 0: of all types. */
static void text_add_theirs(struct text *t, const struct ike_proposal *prop,
			    uint8_t type)
{
	bool short_ones = false;

	for (unsigned int i = 0; i < prop->n_transforms; i++)
		short_ones |= prop->transforms[i].type == IKE_TRANSFORM_ESN &&
			      prop->transforms[i].id == IKE_ESN_NO;
	for (unsigned int i = 0; i < prop->n_transforms; i++) {
		const struct ike_transform *tr = &prop->transforms[i];

		/* Among all the rest only what is unusual is worth a word. */
		if (type ? tr->type == type :
			   tr->type != IKE_TRANSFORM_ESN || !short_ones)
			text_add_alg(t, tr->type, tr->id, tr->key_bits);
	}
}

const char *ike_offer_format(struct ike_slice sa, char *buf, size_t len)
{
	struct text t = text_to(buf, len);
	struct ike_reader r = ike_read(sa);
	struct ike_proposal prop;

	while (ike_proposal_next(&r, &prop) > 0) {
		text_add_theirs(&t, &prop, 0);
		t.sep = ", ";
	}
	return buf;
}

static bool is_weak(const struct ike_transform *tr,
		    const struct ike_suite *suite)
{
	const struct ike_algorithm *alg =
		ike_algorithm_find(tr->type, tr->id, tr->key_bits);

	return alg && (alg->worth == IKE_WORTH_WEAK ||
		       (alg->worth == IKE_WORTH_LEGACY && !suite->allow_legacy));
}

static void text_put_weak(struct text *t, const struct ike_mismatch *m,
			  const struct ike_suite *suite)
{
	const struct ike_proposal *prop = &m->theirs;
	const char *sep = "; ";
	unsigned int n = 0;

	for (unsigned int i = 0; i < prop->n_transforms; i++) {
		const struct ike_transform *tr = &prop->transforms[i];
		char word[32];
		struct text w = text_to(word, sizeof(word));

		if (!(m->types & 1u << tr->type) || !is_weak(tr, suite))
			continue;
		text_add_alg(&w, tr->type, tr->id, tr->key_bits);
		text_put(t, sep, word);
		sep = ", ";
		n++;
	}
	if (n)
		text_put(t, n > 1 ? " are" : " is", " too weak");
}

const char *ike_mismatch_format(enum ike_sa_use use,
				const struct ike_suite *suite,
				const struct ike_suite *other_ke,
				struct ike_slice sa, char *buf, size_t len)
{
	struct text t = text_to(buf, len);
	struct ike_mismatch m;
	const char *sep = "no ";

	if (!ike_proposal_mismatch(use, suite, other_ke, sa, &m)) {
		text_put(&t, "", "no proposal of the right form");
		return buf;
	}
	for (size_t i = 0; i < IKE_TRANSFORM_TYPES; i++) {
		uint8_t type = ike_transform_order[i];

		if (!(m.types & 1u << type))
			continue;
		text_put(&t, sep, ike_transform_type_name(type));
		sep = ", no ";
		text_put(&t, " in common (there ", "");
		t.sep = "";
		text_add_theirs(&t, &m.theirs, type);
		if (!*t.sep)
			text_put(&t, "none", "");
		text_put(&t, ", here ", "");
		t.sep = "";
		text_add_type(&t, &m.ours, type);
		if (!*t.sep)
			text_put(&t, "none", "");
		text_put(&t, ")", "");
	}
	text_put_weak(&t, &m, suite);
	return buf;
}

const char *ike_alternatives_format(const struct ike_alternatives *alt,
				    uint8_t type, char *buf, size_t len)
{
	struct text t = text_to(buf, len);

	text_add_type(&t, alt, type);
	return buf;
}

const char *ike_proposal_format(const struct ike_proposal *prop, uint8_t type,
				char *buf, size_t len)
{
	struct text t = text_to(buf, len);

	text_add_theirs(&t, prop, type);
	return buf;
}

const char *ike_ke_name(uint16_t ke)
{
	const struct ike_algorithm *alg =
		ike_algorithm_find(IKE_TRANSFORM_KE, ke, 0);

	return alg ? alg->name : "an unknown key exchange";
}

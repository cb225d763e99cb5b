// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suites from configuration text.
 */
#include <errno.h>
#include <stdio.h>

#include "algorithm.h"
#include "proposal.h"

/**
 * struct parse - a proposal in the making
 * @suite: what it will be added to
 * @kind: what for
 * @one: the proposal
 * @why: see ike_suite_parse()
 * @why_len: octets of @why
 */
struct parse {
	const struct ike_suite *suite;
	enum ike_suite_kind kind;
	struct ike_alternatives one;
	char *why;
	size_t why_len;
};

#define refuse(p, ...) \
	(snprintf((p)->why, (p)->why_len, __VA_ARGS__), -EINVAL)

static int too_many(struct parse *p, const char *name)
{
	snprintf(p->why, p->why_len, "more than %d alternatives at \"%s\"; leave some out",
		 IKE_ALG_MAX, name);
	return -E2BIG;
}

static int add_id(struct parse *p, uint16_t *list, uint8_t *n, uint16_t id,
		  const char *name)
{
	for (unsigned int i = 0; i < *n; i++)
		if (list[i] == id)
			return 0;
	if (*n == IKE_ALG_MAX)
		return too_many(p, name);
	list[(*n)++] = id;
	return 0;
}

static bool is_aead(uint16_t encr)
{
	return encr != IKE_ENCR_AES_CBC;
}

/* Does it leave in clear what it authenticates (RFC 4543)? */
static bool is_clear(uint16_t encr)
{
	return encr == IKE_ENCR_NULL_AES_GMAC;
}

static const char *encr_name(const struct ike_encr *encr)
{
	return ike_algorithm_find(IKE_TRANSFORM_ENCR, encr->id, encr->key_bits)
		->name;
}

static int add_encr(struct parse *p, const struct ike_algorithm *alg)
{
	struct ike_alternatives *one = &p->one;
	const struct ike_encr *first = one->encr;

	if (p->kind == IKE_SUITE_IKE && is_clear(alg->id))
		return refuse(p, "\"%s\" does not encrypt: it is for ESP only; use aes256gcm16",
			      alg->name);
	if (one->n_encr && is_aead(first->id) != is_aead(alg->id))
		return refuse(p,
			      "\"%s\" and \"%s\" cannot be in one proposal (RFC 7296, section 3.3); make it two, each with quotes of its own",
			      encr_name(first), alg->name);
	for (unsigned int i = 0; i < one->n_encr; i++)
		if (first[i].id == alg->id &&
		    first[i].key_bits == alg->key_bits)
			return 0;
	if (one->n_encr == IKE_ALG_MAX)
		return too_many(p, alg->name);
	one->encr[one->n_encr++] = (struct ike_encr){ alg->id, alg->key_bits };
	return 0;
}

static int add_alg(struct parse *p, const struct ike_algorithm *alg)
{
	bool ike = p->kind == IKE_SUITE_IKE;

	switch (alg->type) {
	case IKE_TRANSFORM_ENCR:
		return add_encr(p, alg);
	case IKE_TRANSFORM_INTEG:
		return add_id(p, p->one.integ, &p->one.n_integ, alg->id,
			      alg->name);
	case IKE_TRANSFORM_PRF:
		if (ike)
			return add_id(p, p->one.prf, &p->one.n_prf, alg->id,
				      alg->name);
		break;
	case IKE_TRANSFORM_KE:
		/* What ML-KEM alone is worth, time must tell; together it costs little. */
		if (ike_kem_public_len(alg->id))
			return refuse(p, "\"%s\" is done in addition to another key exchange only; use x25519-ke1_%s",
				      alg->name, alg->name);
		return add_id(p, p->one.ke, &p->one.n_ke, alg->id, alg->name);
	case IKE_TRANSFORM_ESN:
		if (!ike)
			return add_id(p, p->one.esn, &p->one.n_esn, alg->id,
				      alg->name);
		break;
	}
	return refuse(p, "\"%s\" has no place in an %s suite; leave it out", alg->name,
		      ike ? "IKE" : "ESP");
}

/* "ke1_" to "ke7_". Return: its octets, and which of them in @i; 0: there is none. */
static size_t add_ke_prefix(const char *word, size_t len, unsigned int *i)
{
	if (len < 4 || word[0] != 'k' || word[1] != 'e' || word[2] < '1' ||
	    word[2] > '0' + IKE_ADD_KE_MAX || word[3] != '_')
		return 0;
	*i = (unsigned int)(word[2] - '1');
	return 4;
}

/* An additional key exchange, of which @i tells the type; none: no algorithm. */
static int add_add_ke(struct parse *p, unsigned int i,
		      const struct ike_algorithm *alg)
{
	const char *name = alg ? alg->name : "none";

	if (alg && alg->type != IKE_TRANSFORM_KE)
		return refuse(p, "\"%s\" is no key exchange, so there is no \"ke%u_%s\"; expected one such as ke%u_mlkem768",
			      name, i + 1, name, i + 1);
	if (alg && ike_kem_public_len(alg->id) && !ike_kem_available(alg->id))
		return refuse(p, "\"ke%u_%s\" needs OpenSSL 3.5 or later, and that of this system has no ML-KEM; leave it out, or upgrade (Debian 13 has it)",
			      i + 1, name);
	return add_id(p, p->one.add_ke[i], &p->one.n_add_ke[i],
		      alg ? alg->id : IKE_KE_NONE, name);
}

static int unknown(struct parse *p, const char *word, size_t len)
{
	unsigned int i;
	size_t prefix = add_ke_prefix(word, len, &i);
	const char *near = ike_algorithm_nearest(word + prefix, len - prefix);

	if (near)
		return refuse(p, "unknown algorithm \"%.*s\"; did you mean \"%.*s%s\"?",
			      (int)len, word, (int)prefix, word, near);
	return refuse(p, "unknown algorithm \"%.*s\"; expected names with \"-\" between them, which ipsvti.conf(5) lists",
		      (int)len, word);
}

static int add_word(struct parse *p, const char *word, size_t len)
{
	unsigned int add = 0;
	size_t prefix = add_ke_prefix(word, len, &add);
	const struct ike_algorithm *alg =
		ike_algorithm_by_name(word + prefix, len - prefix);

	if (prefix && len == prefix + 4 && !memcmp(word + prefix, "none", 4))
		return add_add_ke(p, add, NULL);
	if (!alg)
		return unknown(p, word, len);
	switch (alg->worth) {
	case IKE_WORTH_OURS:
		break;
	case IKE_WORTH_LEGACY:
		if (p->suite->allow_legacy)
			break;
		return refuse(p,
			      "\"%s\" is too weak: use %s, or set allow-legacy = true if the peer has nothing better",
			      alg->name, ike_algorithm_instead(alg->type));
	case IKE_WORTH_WEAK:
		return refuse(p, "\"%s\" is too weak: use %s", alg->name,
			      ike_algorithm_instead(alg->type));
	case IKE_WORTH_OTHER:
		return refuse(p, "unsupported algorithm \"%s\": use %s",
			      alg->name, ike_algorithm_instead(alg->type));
	}
	return prefix ? add_add_ke(p, add, alg) : add_alg(p, alg);
}

/* As strongSwan does it: without a word about the PRF, that of the same hash. */
static void default_prf(struct ike_alternatives *one)
{
	static const struct {
		uint16_t integ;
		uint16_t prf;
	} same[] = {
		{ IKE_INTEG_HMAC_SHA1_96, IKE_PRF_HMAC_SHA1 },
		{ IKE_INTEG_HMAC_SHA2_256_128, IKE_PRF_HMAC_SHA2_256 },
		{ IKE_INTEG_HMAC_SHA2_384_192, IKE_PRF_HMAC_SHA2_384 },
		{ IKE_INTEG_HMAC_SHA2_512_256, IKE_PRF_HMAC_SHA2_512 },
	};

	if (one->n_prf)
		return;
	for (unsigned int i = 0; i < one->n_integ; i++)
		for (size_t j = 0; j < sizeof(same) / sizeof(same[0]); j++)
			if (same[j].integ == one->integ[i])
				one->prf[one->n_prf++] = same[j].prf;
}

static bool in_list(const uint16_t *ids, unsigned int n, uint16_t id)
{
	for (unsigned int i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/*
 * RFC 9370, section 2.2.1: no key exchange is done twice. Where none stands twice,
 * whoever chooses has nothing to look out for.
 */
static int check_add_ke(struct parse *p)
{
	const struct ike_alternatives *one = &p->one;

	for (unsigned int i = 0; i < IKE_ADD_KE_MAX; i++)
		for (unsigned int j = 0; j < one->n_add_ke[i]; j++) {
			uint16_t id = one->add_ke[i][j];
			bool twice = in_list(one->ke, one->n_ke, id);

			if (!one->n_ke)
				return refuse(p, "\"ke%u_%s\" comes in addition to a key exchange, and there is none; add one, such as x25519",
					      i + 1, id ? ike_ke_name(id) : "none");
			for (unsigned int k = 0; k < i; k++)
				twice |= in_list(one->add_ke[k],
						 one->n_add_ke[k], id);
			if (id && twice)
				return refuse(p, "\"%s\" stands there twice, as \"ke%u_%s\" as well, and no key exchange is done twice (RFC 9370); leave one of them out",
					      ike_ke_name(id), i + 1,
					      ike_ke_name(id));
		}
	return 0;
}

/*
 * The peer chooses among the proposals of a suite, and so whoever can choose
 * for the peer: either all of them encrypt, or none.
 */
static int check_clear(struct parse *p)
{
	const struct ike_encr *clear = NULL, *secret = NULL;

	for (unsigned int i = 0; i <= p->suite->n; i++) {
		const struct ike_alternatives *alt =
			i < p->suite->n ? &p->suite->props[i] : &p->one;

		for (unsigned int j = 0; j < alt->n_encr; j++)
			if (is_clear(alt->encr[j].id))
				clear = &alt->encr[j];
			else
				secret = &alt->encr[j];
	}
	if (clear && secret)
		return refuse(p,
			      "\"%s\" does not encrypt, so it cannot be an alternative to \"%s\", which does; leave one of them out",
			      encr_name(clear), encr_name(secret));
	return 0;
}

/* What is missing, and what does not go together? */
static int finish(struct parse *p, const char *text)
{
	struct ike_alternatives *one = &p->one;
	bool ike = p->kind == IKE_SUITE_IKE;
	int err;

	if (!one->n_encr)
		return refuse(p, "\"%s\" names no cipher; add one, such as aes256gcm16",
			      text);
	if (is_aead(one->encr[0].id) && one->n_integ)
		return refuse(p,
			      "\"%s\" needs no integrity algorithm: leave out \"%s\"%s",
			      encr_name(one->encr),
			      ike_algorithm_find(IKE_TRANSFORM_INTEG,
						 one->integ[0], 0)
				      ->name,
			      ike && !one->n_prf ?
				      ", and name a PRF (such as prfsha384)" :
				      "");
	if (!is_aead(one->encr[0].id) && !one->n_integ)
		return refuse(p,
			      "\"%s\" needs an integrity algorithm; add one, such as sha256",
			      encr_name(one->encr));
	if (ike) {
		default_prf(one);
		if (!one->n_prf)
			return refuse(p,
				      "\"%s\" names no PRF; add one, such as prfsha384",
				      text);
		if (!one->n_ke)
			return refuse(p,
				      "\"%s\" names no key exchange; add one, such as ecp384",
				      text);
	} else if (!one->n_esn) {
		one->esn[one->n_esn++] = IKE_ESN_YES;
		one->esn[one->n_esn++] = IKE_ESN_NO;
	}
	err = check_add_ke(p);
	return err ? err : check_clear(p);
}

int ike_suite_parse(struct ike_suite *suite, enum ike_suite_kind kind,
		    const char *text, char *why, size_t why_len)
{
	const char *word = text;
	struct parse p;
	int err;

	/* Suites are compared as memory: nothing in there shall be by chance. */
	memset(&p, 0, sizeof(p));
	p.suite = suite;
	p.kind = kind;
	p.why = why;
	p.why_len = why_len;
	if (suite->n == IKE_SUITE_MAX) {
		snprintf(why, why_len, "more than %d proposals; leave some out",
			 IKE_SUITE_MAX);
		return -E2BIG;
	}
	for (;;) {
		size_t len = strcspn(word, "-");

		err = add_word(&p, word, len);
		if (err)
			return err;
		if (!word[len])
			break;
		word += len + 1;
	}
	err = finish(&p, text);
	if (!err)
		memcpy(&suite->props[suite->n++], &p.one, sizeof(p.one));
	return err;
}

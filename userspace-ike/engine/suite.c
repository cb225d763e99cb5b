// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of algorithms: suites from configuration text, and offers as text for
 * people. The table also knows algorithms that we do not have, so that a
 * refused offer can be told in the words of the peer's configuration.
 */
#include <errno.h>
#include <stdio.h>

#include "proposal.h"

static const struct algorithm {
	uint8_t type;
	uint16_t id;
	uint16_t key_bits;
	bool ours;
	const char *name;
} algorithms[] = {
	{ IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, 128, true, "aes128gcm16" },
	{ IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, 192, false, "aes192gcm16" },
	{ IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, 256, true, "aes256gcm16" },
	{ IKE_TRANSFORM_ENCR, 3, 0, false, "3des" },
	{ IKE_TRANSFORM_ENCR, 11, 0, false, "null" },
	{ IKE_TRANSFORM_ENCR, 12, 128, false, "aes128" },
	{ IKE_TRANSFORM_ENCR, 12, 192, false, "aes192" },
	{ IKE_TRANSFORM_ENCR, 12, 256, false, "aes256" },
	{ IKE_TRANSFORM_ENCR, 13, 128, false, "aes128ctr" },
	{ IKE_TRANSFORM_ENCR, 13, 256, false, "aes256ctr" },
	{ IKE_TRANSFORM_ENCR, 18, 128, false, "aes128gcm8" },
	{ IKE_TRANSFORM_ENCR, 18, 256, false, "aes256gcm8" },
	{ IKE_TRANSFORM_ENCR, 19, 128, false, "aes128gcm12" },
	{ IKE_TRANSFORM_ENCR, 19, 256, false, "aes256gcm12" },
	{ IKE_TRANSFORM_ENCR, 28, 0, false, "chacha20poly1305" },
	{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, 0, true, "prfsha256" },
	{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_384, 0, true, "prfsha384" },
	{ IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_512, 0, true, "prfsha512" },
	{ IKE_TRANSFORM_PRF, 1, 0, false, "prfmd5" },
	{ IKE_TRANSFORM_PRF, 2, 0, false, "prfsha1" },
	{ IKE_TRANSFORM_PRF, 4, 0, false, "prfaesxcbc" },
	{ IKE_TRANSFORM_PRF, 8, 0, false, "prfaescmac" },
	{ IKE_TRANSFORM_INTEG, 1, 0, false, "md5" },
	{ IKE_TRANSFORM_INTEG, 2, 0, false, "sha1" },
	{ IKE_TRANSFORM_INTEG, 5, 0, false, "aesxcbc" },
	{ IKE_TRANSFORM_INTEG, 12, 0, false, "sha256" },
	{ IKE_TRANSFORM_INTEG, 13, 0, false, "sha384" },
	{ IKE_TRANSFORM_INTEG, 14, 0, false, "sha512" },
	{ IKE_TRANSFORM_KE, IKE_KE_X25519, 0, true, "x25519" },
	{ IKE_TRANSFORM_KE, IKE_KE_ECP_256, 0, true, "ecp256" },
	{ IKE_TRANSFORM_KE, IKE_KE_ECP_384, 0, true, "ecp384" },
	{ IKE_TRANSFORM_KE, IKE_KE_ECP_521, 0, true, "ecp521" },
	{ IKE_TRANSFORM_KE, IKE_KE_MODP_2048, 0, true, "modp2048" },
	{ IKE_TRANSFORM_KE, IKE_KE_MODP_3072, 0, true, "modp3072" },
	{ IKE_TRANSFORM_KE, IKE_KE_MODP_4096, 0, true, "modp4096" },
	{ IKE_TRANSFORM_KE, 1, 0, false, "modp768" },
	{ IKE_TRANSFORM_KE, 2, 0, false, "modp1024" },
	{ IKE_TRANSFORM_KE, 5, 0, false, "modp1536" },
	{ IKE_TRANSFORM_KE, 17, 0, false, "modp6144" },
	{ IKE_TRANSFORM_KE, 18, 0, false, "modp8192" },
	{ IKE_TRANSFORM_KE, 28, 0, false, "brainpool256" },
	{ IKE_TRANSFORM_KE, 32, 0, false, "x448" },
	{ IKE_TRANSFORM_KE, 36, 0, false, "mlkem768" },
	{ IKE_TRANSFORM_ESN, IKE_ESN_YES, 0, false, "esn" },
};

static const struct algorithm *find_name(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strlen(algorithms[i].name) == len &&
		    !memcmp(algorithms[i].name, name, len))
			return &algorithms[i];
	return NULL;
}

static const struct algorithm *find_id(uint8_t type, uint16_t id,
				       uint16_t key_bits)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].type == type && algorithms[i].id == id &&
		    algorithms[i].key_bits == key_bits)
			return &algorithms[i];
	return NULL;
}

/* --------------------------------------------------------------- parsing */

static int add_u16(uint16_t *list, uint8_t *n, uint16_t id)
{
	for (unsigned int i = 0; i < *n; i++)
		if (list[i] == id)
			return 0;
	if (*n == IKE_ALG_MAX)
		return -E2BIG;
	list[(*n)++] = id;
	return 0;
}

static int add_encr(struct ike_suite *suite, uint16_t id, uint16_t key_bits)
{
	for (unsigned int i = 0; i < suite->n_encr; i++)
		if (suite->encr[i].id == id &&
		    suite->encr[i].key_bits == key_bits)
			return 0;
	if (suite->n_encr == IKE_ALG_MAX)
		return -E2BIG;
	suite->encr[suite->n_encr++] = (struct ike_encr){ id, key_bits };
	return 0;
}

static int add_word(struct ike_suite *suite, enum ike_suite_kind kind,
		    const char *word, size_t len, char *why, size_t why_len)
{
	const struct algorithm *alg = find_name(word, len);
	int err = -EINVAL;

	if (!alg || !alg->ours) {
		snprintf(why, why_len, "%s algorithm \"%.*s\"",
			 alg ? "unsupported" : "unknown", (int)len, word);
		return -EINVAL;
	}
	switch (alg->type) {
	case IKE_TRANSFORM_ENCR:
		err = add_encr(suite, alg->id, alg->key_bits);
		break;
	case IKE_TRANSFORM_PRF:
		if (kind == IKE_SUITE_ESP) {
			snprintf(why, why_len,
				 "\"%s\" has no place in an ESP suite",
				 alg->name);
			return -EINVAL;
		}
		err = add_u16(suite->prf, &suite->n_prf, alg->id);
		break;
	case IKE_TRANSFORM_KE:
		err = add_u16(suite->ke, &suite->n_ke, alg->id);
		break;
	}
	if (err == -E2BIG)
		snprintf(why, why_len, "more than %d alternatives at \"%s\"",
			 IKE_ALG_MAX, alg->name);
	return err;
}

int ike_suite_parse(struct ike_suite *suite, enum ike_suite_kind kind,
		    const char *text, char *why, size_t why_len)
{
	struct ike_suite add = *suite;
	struct ike_suite one = { 0 };
	const char *word = text;

	for (;;) {
		size_t len = strcspn(word, "-");
		int err = add_word(&add, kind, word, len, why, why_len);

		if (err)
			return err;
		add_word(&one, kind, word, len, why, why_len);
		if (!word[len])
			break;
		word += len + 1;
	}
	/* What is missing must be missing in this text, not only in all. */
	if (!one.n_encr) {
		snprintf(why, why_len,
			 "\"%s\" names no cipher (such as aes256gcm16)", text);
		return -EINVAL;
	}
	if (kind == IKE_SUITE_IKE && !one.n_prf) {
		snprintf(why, why_len,
			 "\"%s\" names no PRF (such as prfsha384)", text);
		return -EINVAL;
	}
	if (kind == IKE_SUITE_IKE && !one.n_ke) {
		snprintf(why, why_len,
			 "\"%s\" names no key exchange (such as ecp384)", text);
		return -EINVAL;
	}
	*suite = add;
	return 0;
}

/* ------------------------------------------------------------ formatting */

struct text {
	char *buf;
	size_t size;
	size_t len;
	const char *sep;
};

static void text_add(struct text *t, const char *word)
{
	int n;

	if (t->len + 1 >= t->size)
		return;
	n = snprintf(t->buf + t->len, t->size - t->len, "%s%s", t->sep, word);
	if (n > 0)
		t->len += (size_t)n;
	if (t->len >= t->size)
		t->len = t->size - 1;
	t->sep = "-";
}

static void text_add_alg(struct text *t, uint8_t type, uint16_t id,
			 uint16_t key_bits)
{
	static const char *const types[] = { "?", "encr", "prf", "integ", "ke",
					     "esn" };
	const struct algorithm *alg = find_id(type, id, key_bits);
	char word[32];

	/* "No integrity", "no PFS" and "no ESN" are not worth a word. */
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

const char *ike_suite_format(const struct ike_suite *suite, char *buf,
			     size_t len)
{
	struct text t = { .buf = buf, .size = len, .sep = "" };

	buf[0] = 0;
	for (unsigned int i = 0; i < suite->n_encr; i++)
		text_add_alg(&t, IKE_TRANSFORM_ENCR, suite->encr[i].id,
			     suite->encr[i].key_bits);
	for (unsigned int i = 0; i < suite->n_prf; i++)
		text_add_alg(&t, IKE_TRANSFORM_PRF, suite->prf[i], 0);
	for (unsigned int i = 0; i < suite->n_ke; i++)
		text_add_alg(&t, IKE_TRANSFORM_KE, suite->ke[i], 0);
	return buf;
}

const char *ike_choice_format(const struct ike_choice *choice, char *buf,
			      size_t len)
{
	struct ike_suite one = {
		.encr = { choice->encr },
		.prf = { choice->prf },
		.ke = { choice->ke },
		.n_encr = 1,
		.n_prf = choice->prf != 0,
		.n_ke = choice->ke != IKE_KE_NONE,
	};

	return ike_suite_format(&one, buf, len);
}

const char *ike_offer_format(struct ike_slice sa, char *buf, size_t len)
{
	struct text t = { .buf = buf, .size = len, .sep = "" };
	struct ike_reader r = ike_read(sa);
	struct ike_proposal prop;

	buf[0] = 0;
	while (ike_proposal_next(&r, &prop) > 0) {
		for (unsigned int i = 0; i < prop.n_transforms; i++)
			text_add_alg(&t, prop.transforms[i].type,
				     prop.transforms[i].id,
				     prop.transforms[i].key_bits);
		t.sep = ", ";
	}
	return buf;
}

const char *ike_ke_name(uint16_t ke)
{
	const struct algorithm *alg = find_id(IKE_TRANSFORM_KE, ke, 0);

	return alg ? alg->name : "an unknown key exchange";
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key encapsulation, where libcrypto has it.
 */
#include <openssl/evp.h>

#include "testing.h"

static const struct {
	uint16_t id;
	size_t public_len;
	size_t cipher_len;
} methods[] = {
	{ IKE_KE_ML_KEM_512, 800, 768 },
	{ IKE_KE_ML_KEM_768, 1184, 1088 },
	{ IKE_KE_ML_KEM_1024, 1568, 1568 },
};

#define N_METHODS (sizeof(methods) / sizeof(methods[0]))

static void need_ml_kem(void)
{
	if (ike_kem_available(IKE_KE_ML_KEM_768))
		return;
	print_message("libcrypto has no ML-KEM: it is older than 3.5\n");
	skip();
}

/* Randomness from a buffer. */
struct stream {
	const uint8_t *at;
	size_t left;
};

static int from_stream(void *ctx, void *buf, size_t len)
{
	struct stream *s = ctx;

	if (len > s->left)
		return -EIO;
	memcpy(buf, s->at, len);
	s->at += len;
	s->left -= len;
	return 0;
}

/* What is drawn is of no matter, but it is never the same. */
static int count_up(void *ctx, void *buf, size_t len)
{
	uint8_t *next = ctx;

	memset(buf, (*next)++, len);
	return 0;
}

static int no_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	(void)buf;
	(void)len;
	return -EIO;
}

/*
 * The accumulated vectors that Go's crypto/mlkem has for ML-KEM-768: all that is
 * random is the output of SHAKE-128 of nothing, and all that comes out goes into
 * a second one, whose first 32 octets are known after 100 rounds. One ciphertext
 * of each round is for no key: the secret is the one of implicit rejection.
 */
static void ml_kem_768_is_fips_203(void **state)
{
	enum { ROUNDS = 100, ROUND = 64 + 32 + 1088 };
	uint8_t cipher[IKE_KEM_CIPHER_MAX], sum[32];
	uint8_t ours[IKE_KEM_SECRET_LEN], theirs[IKE_KEM_SECRET_LEN];
	EVP_MD_CTX *in, *out;
	uint8_t *octets;
	struct stream s;

	(void)state;
	need_ml_kem();
	in = EVP_MD_CTX_new();
	out = EVP_MD_CTX_new();
	octets = malloc(ROUNDS * ROUND);
	assert_non_null(octets);
	s = (struct stream){ octets, ROUNDS * ROUND };
	assert_int_equal(EVP_DigestInit_ex(in, EVP_shake128(), NULL), 1);
	assert_int_equal(EVP_DigestInit_ex(out, EVP_shake128(), NULL), 1);
	assert_int_equal(EVP_DigestFinalXOF(in, octets, s.left), 1);
	for (int i = 0; i < ROUNDS; i++) {
		struct ike_kem *kem = ike_kem_new(IKE_KE_ML_KEM_768,
						  from_stream, &s);
		struct ike_slice public;

		assert_non_null(kem);
		public = ike_kem_public(kem);
		assert_int_equal(ike_kem_encapsulate(IKE_KE_ML_KEM_768, public,
						     from_stream, &s, cipher,
						     theirs), 1088);
		assert_int_equal(ike_kem_decapsulate(kem,
						     IKE_SLICE(cipher, 1088),
						     ours), 32);
		assert_memory_equal(ours, theirs, sizeof(ours));
		EVP_DigestUpdate(out, public.data, public.len);
		EVP_DigestUpdate(out, cipher, 1088);
		EVP_DigestUpdate(out, ours, sizeof(ours));
		from_stream(&s, cipher, 1088);
		assert_int_equal(ike_kem_decapsulate(kem,
						     IKE_SLICE(cipher, 1088),
						     ours), 32);
		EVP_DigestUpdate(out, ours, sizeof(ours));
		ike_kem_free(kem);
	}
	assert_int_equal(EVP_DigestFinalXOF(out, sum, sizeof(sum)), 1);
	assert_octets(sum, "1114b1b6699ed191734fa339376afa7e"
			   "285c9e6acf6ff0177d346696ce564415");
	EVP_MD_CTX_free(in);
	EVP_MD_CTX_free(out);
	free(octets);
}

static void both_ends_get_one_secret(void **state)
{
	uint8_t ours[IKE_KEM_SECRET_LEN], theirs[IKE_KEM_SECRET_LEN];
	uint8_t cipher[IKE_KEM_CIPHER_MAX], next = 1;

	(void)state;
	need_ml_kem();
	for (size_t i = 0; i < N_METHODS; i++) {
		struct ike_kem *a = ike_kem_new(methods[i].id, count_up, &next);
		struct ike_kem *b = ike_kem_new(methods[i].id, count_up, &next);
		int len = (int)methods[i].cipher_len;
		struct ike_slice c = IKE_SLICE(cipher, methods[i].cipher_len);

		assert_true(ike_kem_available(methods[i].id));
		assert_non_null(a);
		assert_int_equal(ike_kem_method(a), methods[i].id);
		assert_int_equal(ike_kem_public(a).len, methods[i].public_len);
		assert_memory_not_equal(ike_kem_public(a).data,
					ike_kem_public(b).data,
					methods[i].public_len);
		assert_int_equal(ike_kem_encapsulate(methods[i].id,
						     ike_kem_public(a),
						     count_up, &next, cipher,
						     theirs), len);
		assert_int_equal(ike_kem_decapsulate(a, c, ours), 32);
		assert_memory_equal(ours, theirs, sizeof(ours));
		/* Nobody else gets it, nor who gets something else. */
		assert_int_equal(ike_kem_decapsulate(b, c, ours), 32);
		assert_memory_not_equal(ours, theirs, sizeof(ours));
		cipher[0] ^= 1;
		assert_int_equal(ike_kem_decapsulate(a, c, ours), 32);
		assert_memory_not_equal(ours, theirs, sizeof(ours));
		ike_kem_free(a);
		ike_kem_free(b);
	}
}

static void unfit_values_are_refused(void **state)
{
	uint8_t secret[IKE_KEM_SECRET_LEN], cipher[IKE_KEM_CIPHER_MAX + 1];
	uint8_t public[IKE_KEM_PUBLIC_MAX + 1] = { 0 }, next = 1;

	(void)state;
	need_ml_kem();
	for (size_t i = 0; i < N_METHODS; i++) {
		struct ike_kem *kem = ike_kem_new(methods[i].id, count_up,
						  &next);
		size_t len = methods[i].public_len;

		assert_non_null(kem);
		memcpy(public, ike_kem_public(kem).data, len);
		for (int by = -1; by <= 1; by += 2) {
			struct ike_slice p = tight(public, len + (size_t)by);
			struct ike_slice c =
				tight(cipher,
				      methods[i].cipher_len + (size_t)by);

			assert_int_equal(ike_kem_encapsulate(methods[i].id, p,
							     count_up, &next,
							     cipher, secret),
					 -EINVAL);
			assert_int_equal(ike_kem_decapsulate(kem, c, secret),
					 -EINVAL);
			tight_free(p);
			tight_free(c);
		}
		/* A coefficient of 4095, where none is above 3328. */
		memset(public, 0xff, 3);
		assert_int_equal(ike_kem_encapsulate(methods[i].id,
						     IKE_SLICE(public, len),
						     count_up, &next, cipher,
						     secret), -EINVAL);
		assert_null(ike_kem_new(methods[i].id, no_random, NULL));
		assert_int_equal(ike_kem_encapsulate(methods[i].id,
						     ike_kem_public(kem),
						     no_random, NULL, cipher,
						     secret), -EIO);
		ike_kem_free(kem);
	}
}

/* Lengths are known whatever libcrypto has, and what it has not is no crash. */
static void without_it_nothing_comes(void **state)
{
	static const uint16_t others[] = { 0, IKE_KE_X25519, 34, 38, 65535 };
	uint8_t secret[IKE_KEM_SECRET_LEN], cipher[IKE_KEM_CIPHER_MAX];
	uint8_t public[IKE_KEM_PUBLIC_MAX] = { 0 }, next = 1;

	(void)state;
	for (size_t i = 0; i < N_METHODS; i++) {
		struct ike_kem *kem = ike_kem_new(methods[i].id, count_up,
						  &next);
		bool there = ike_kem_available(methods[i].id);
		struct ike_slice p = IKE_SLICE(public, methods[i].public_len);

		assert_int_equal(ike_kem_public_len(methods[i].id),
				 methods[i].public_len);
		assert_int_equal(ike_kem_cipher_len(methods[i].id),
				 methods[i].cipher_len);
		assert_int_equal(there, kem != NULL);
		if (!there)
			assert_int_equal(ike_kem_encapsulate(methods[i].id, p,
							     count_up, &next,
							     cipher, secret),
					 -EINVAL);
		ike_kem_free(kem);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(ike_kem_public_len(others[i]), 0);
		assert_int_equal(ike_kem_cipher_len(others[i]), 0);
		assert_false(ike_kem_available(others[i]));
		assert_null(ike_kem_new(others[i], count_up, &next));
		assert_int_equal(ike_kem_encapsulate(others[i],
						     IKE_SLICE(public, 0),
						     count_up, &next, cipher,
						     secret), -EINVAL);
	}
	ike_kem_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ml_kem_768_is_fips_203),
		cmocka_unit_test(both_ends_get_one_secret),
		cmocka_unit_test(unfit_values_are_refused),
		cmocka_unit_test(without_it_nothing_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The algorithms: each is what its RFC says.
 */
#include "suites.h"

#include "../alg.h"

/* As the RFCs have it, in the order of the ABI. */
static const struct {
	enum ipsvti_alg alg;
	u8 cipher_key, integ_key, salt, iv, icv, block;
	enum ipsvti_cipher cipher;
} rows[] = {
	/* RFC 4106, sections 3 to 8 */
	{ IPSVTI_ALG_AES_GCM_16_128, 16, 0, 4, 8, 16, 4, IPSVTI_CIPHER_AEAD },
	{ IPSVTI_ALG_AES_GCM_16_256, 32, 0, 4, 8, 16, 4, IPSVTI_CIPHER_AEAD },
	{ IPSVTI_ALG_AES_GCM_16_192, 24, 0, 4, 8, 16, 4, IPSVTI_CIPHER_AEAD },
	{ IPSVTI_ALG_AES_GCM_12_128, 16, 0, 4, 8, 12, 4, IPSVTI_CIPHER_AEAD },
	{ IPSVTI_ALG_AES_GCM_12_192, 24, 0, 4, 8, 12, 4, IPSVTI_CIPHER_AEAD },
	{ IPSVTI_ALG_AES_GCM_12_256, 32, 0, 4, 8, 12, 4, IPSVTI_CIPHER_AEAD },
	{ IPSVTI_ALG_AES_GCM_8_128, 16, 0, 4, 8, 8, 4, IPSVTI_CIPHER_AEAD },
	{ IPSVTI_ALG_AES_GCM_8_192, 24, 0, 4, 8, 8, 4, IPSVTI_CIPHER_AEAD },
	{ IPSVTI_ALG_AES_GCM_8_256, 32, 0, 4, 8, 8, 4, IPSVTI_CIPHER_AEAD },
	/* RFC 7634, section 2 */
	{ IPSVTI_ALG_CHACHA20_POLY1305, 32, 0, 4, 8, 16, 4,
	  IPSVTI_CIPHER_AEAD },
	/* RFC 4543, sections 3 and 5 */
	{ IPSVTI_ALG_AES_GMAC_128, 16, 0, 4, 8, 16, 4, IPSVTI_CIPHER_GMAC },
	{ IPSVTI_ALG_AES_GMAC_192, 24, 0, 4, 8, 16, 4, IPSVTI_CIPHER_GMAC },
	{ IPSVTI_ALG_AES_GMAC_256, 32, 0, 4, 8, 16, 4, IPSVTI_CIPHER_GMAC },
	/* RFC 3602, sections 2 and 3; RFC 4868, section 2.6; RFC 2404 */
	{ IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_256_128, 16, 32, 0, 16, 16, 16,
	  IPSVTI_CIPHER_CBC },
	{ IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_256_128, 32, 32, 0, 16, 16, 16,
	  IPSVTI_CIPHER_CBC },
	{ IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_384_192, 16, 48, 0, 16, 24, 16,
	  IPSVTI_CIPHER_CBC },
	{ IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_384_192, 32, 48, 0, 16, 24, 16,
	  IPSVTI_CIPHER_CBC },
	{ IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_512_256, 16, 64, 0, 16, 32, 16,
	  IPSVTI_CIPHER_CBC },
	{ IPSVTI_ALG_AES_CBC_256_HMAC_SHA2_512_256, 32, 64, 0, 16, 32, 16,
	  IPSVTI_CIPHER_CBC },
	{ IPSVTI_ALG_AES_CBC_128_HMAC_SHA1_96, 16, 20, 0, 16, 12, 16,
	  IPSVTI_CIPHER_CBC },
	{ IPSVTI_ALG_AES_CBC_256_HMAC_SHA1_96, 32, 20, 0, 16, 12, 16,
	  IPSVTI_CIPHER_CBC },
};

static void alg_lengths(struct kunit *test)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct ipsvti_transform *t;

		/* None is left out, as they are counted from 1. */
		KUNIT_EXPECT_EQ(test, (u32)rows[i].alg, i + 1);
		t = ipsvti_transform_find(rows[i].alg);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);
		KUNIT_EXPECT_EQ(test, (u32)t->alg, (u32)rows[i].alg);
		KUNIT_EXPECT_EQ_MSG(test, t->cipher_len, rows[i].cipher_key,
				    "algorithm %u", i + 1);
		KUNIT_EXPECT_EQ(test, t->integ_len, rows[i].integ_key);
		KUNIT_EXPECT_EQ(test, t->salt_len, rows[i].salt);
		KUNIT_EXPECT_EQ(test, t->geometry.iv_len, rows[i].iv);
		KUNIT_EXPECT_EQ(test, t->geometry.icv_len, rows[i].icv);
		KUNIT_EXPECT_EQ(test, t->geometry.align, rows[i].block);
		KUNIT_EXPECT_EQ(test, (u32)t->cipher, (u32)rows[i].cipher);
	}
	KUNIT_EXPECT_TRUE(test, !ipsvti_transform_find(0));
	KUNIT_EXPECT_TRUE(test, !ipsvti_transform_find(ARRAY_SIZE(rows) + 1));
	KUNIT_EXPECT_TRUE(test, !ipsvti_transform_find(U32_MAX));
}

/* What fits buffers of these sizes elsewhere. */
static void alg_bounds(struct kunit *test)
{
	const struct ipsvti_transform *t;
	u32 alg;

	for (alg = 1; (t = ipsvti_transform_find(alg)); alg++) {
		KUNIT_EXPECT_TRUE(test, ipsvti_transform_key_len(t) <=
						IPSVTI_KEY_MAX);
		KUNIT_EXPECT_TRUE(test, t->salt_len <= IPSVTI_SALT_MAX);
		KUNIT_EXPECT_TRUE(test, t->geometry.iv_len <= IPSVTI_IV_MAX);
		KUNIT_EXPECT_TRUE(test, t->geometry.icv_len <= IPSVTI_ICV_MAX);
		KUNIT_EXPECT_TRUE(test, t->geometry.align <= IPSVTI_ALIGN_MAX);
		KUNIT_EXPECT_TRUE(test, t->salt_len + t->geometry.iv_len <=
						IPSVTI_NONCE_MAX);
		/* A key for integrity goes with one for encryption. */
		KUNIT_EXPECT_EQ(test, t->cipher == IPSVTI_CIPHER_CBC,
				t->integ_len > 0);
		KUNIT_EXPECT_EQ(test, t->legacy, t->integ_len == 20);
	}
	t = ipsvti_transform_default();
	KUNIT_EXPECT_EQ(test, (u32)t->alg, (u32)IPSVTI_ALG_AES_GCM_16_256);
}

static struct kunit_case alg_cases[] = {
	KUNIT_CASE(alg_lengths),
	KUNIT_CASE(alg_bounds),
	{},
};

struct kunit_suite ipsvti_alg_suite = {
	.name = "ipsvti_alg",
	.test_cases = alg_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * The table of algorithms.  It is fixed: a user can name an algorithm of the
 * ABI, never an arbitrary template of the crypto API.
 */
#include <linux/build_bug.h>
#include <linux/kernel.h>

#include "alg.h"

/*
 * RFC 4106.  Written out, the transform is GCM with the nonce salt | IV and SPI |
 * sequence number as associated data; "gcm(aes)" with these is the same on the wire
 * as the "rfc4106" template, without its copy of the IV behind the associated data.
 */
#define GCM(icv, bits)                              \
	{ .alg = IPSVTI_ALG_AES_GCM_##icv##_##bits, \
	  .cipher = IPSVTI_CIPHER_AEAD,             \
	  .name = "gcm(aes)",                       \
	  .cipher_len = (bits) / 8,                 \
	  .salt_len = 4,                            \
	  .geometry = { .iv_len = 8, .icv_len = (icv), .align = 4 } }

/* RFC 4543: the same with all of the packet as associated data. */
#define GMAC(bits)                           \
	{ .alg = IPSVTI_ALG_AES_GMAC_##bits, \
	  .cipher = IPSVTI_CIPHER_GMAC,      \
	  .name = "gcm(aes)",                \
	  .cipher_len = (bits) / 8,          \
	  .salt_len = 4,                     \
	  .geometry = { .iv_len = 8, .icv_len = 16, .align = 4 } }

/* RFC 3602 with RFC 4868 or RFC 2404. */
#define CBC(bits, hmac, hash, integ, icv, ...)                         \
	{ .alg = IPSVTI_ALG_AES_CBC_##bits##_HMAC_##hmac,              \
	  .cipher = IPSVTI_CIPHER_CBC,                                 \
	  .name = "hmac(" hash "),cbc(aes)",                           \
	  .cipher_len = (bits) / 8,                                    \
	  .integ_len = (integ),                                        \
	  .geometry = { .iv_len = 16, .icv_len = (icv), .align = 16 }, \
	  __VA_ARGS__ }

static const struct ipsvti_transform transforms[] = {
	GCM(16, 128),
	GCM(16, 192),
	GCM(16, 256),
	GCM(12, 128),
	GCM(12, 192),
	GCM(12, 256),
	GCM(8, 128),
	GCM(8, 192),
	GCM(8, 256),
	/* RFC 7634, with the nonce of RFC 8439 written out likewise. */
	{
		.alg = IPSVTI_ALG_CHACHA20_POLY1305,
		.cipher = IPSVTI_CIPHER_AEAD,
		.name = "rfc7539(chacha20,poly1305)",
		.cipher_len = 32,
		.salt_len = 4,
		.geometry = { .iv_len = 8, .icv_len = 16, .align = 4 },
	},
	GMAC(128),
	GMAC(192),
	GMAC(256),
	CBC(128, SHA2_256_128, "sha256", 32, 16),
	CBC(256, SHA2_256_128, "sha256", 32, 16),
	CBC(128, SHA2_384_192, "sha384", 48, 24),
	CBC(256, SHA2_384_192, "sha384", 48, 24),
	CBC(128, SHA2_512_256, "sha512", 64, 32),
	CBC(256, SHA2_512_256, "sha512", 64, 32),
	CBC(128, SHA1_96, "sha1", 20, 12, .legacy = true),
	CBC(256, SHA1_96, "sha1", 20, 12, .legacy = true),
};

/**
 * ipsvti_transform_find - look an algorithm up
 * @alg: its number in the ABI
 *
 * Context: any.
 * Return: what it means; NULL, there is no such algorithm.
 */
const struct ipsvti_transform *ipsvti_transform_find(u32 alg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(transforms); i++) {
		if (transforms[i].alg == alg)
			return &transforms[i];
	}
	return NULL;
}

/**
 * ipsvti_transform_default - the algorithm a peer most likely wants
 *
 * A device needs an MTU before its first SA is there.
 *
 * Context: any.
 * Return: what it means.
 */
const struct ipsvti_transform *ipsvti_transform_default(void)
{
	return ipsvti_transform_find(IPSVTI_ALG_AES_GCM_16_256);
}

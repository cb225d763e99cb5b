// SPDX-License-Identifier: GPL-2.0
/*
 * The table of algorithms.  It is fixed: a user can name an algorithm of the
 * ABI, never an arbitrary template of the crypto API.
 */
#include <linux/build_bug.h>
#include <linux/kernel.h>

#include "alg.h"

static const struct ipsvti_transform transforms[] = {
	/*
	 * RFC 4106.  Written out, the transform is GCM with the nonce salt | IV
	 * and SPI | sequence number as associated data; "gcm(aes)" with these is
	 * the same on the wire as the "rfc4106" template, without its copy of the
	 * IV behind the associated data.
	 */
	{
		.alg = IPSVTI_ALG_AES_GCM_16_128,
		.name = "gcm(aes)",
		.key_len = 16,
		.salt_len = 4,
		.geometry = { .iv_len = 8, .icv_len = 16, .align = 4 },
	},
	{
		.alg = IPSVTI_ALG_AES_GCM_16_256,
		.name = "gcm(aes)",
		.key_len = 32,
		.salt_len = 4,
		.geometry = { .iv_len = 8, .icv_len = 16, .align = 4 },
	},
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
	return &transforms[ARRAY_SIZE(transforms) - 1];
}

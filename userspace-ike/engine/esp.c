// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ESP transforms: what was negotiated, in the terms of the kernel.
 */
#include "proposal.h"

#define GCM(icv, bits)                                              \
	{ IKE_ENCR_AES_GCM_##icv, bits, IKE_INTEG_NONE,             \
	  IKE_ESP_AES_GCM_##icv##_##bits, bits / 8, IKE_AEAD_SALT }
#define GMAC(bits)                                                  \
	{ IKE_ENCR_NULL_AES_GMAC, bits, IKE_INTEG_NONE,             \
	  IKE_ESP_AES_GMAC_##bits, bits / 8, IKE_AEAD_SALT }
/* The key of an HMAC is as long as its hash (RFC 4868, section 2.1.1). */
#define CBC(bits, hmac, hash)                                       \
	{ IKE_ENCR_AES_CBC, bits, IKE_INTEG_HMAC_##hmac,            \
	  IKE_ESP_AES_CBC_##bits##_HMAC_##hmac, (bits + hash) / 8, 0 }

static const struct ike_esp_transform transforms[] = {
	GCM(16, 128),
	GCM(16, 192),
	GCM(16, 256),
	GCM(12, 128),
	GCM(12, 192),
	GCM(12, 256),
	GCM(8, 128),
	GCM(8, 192),
	GCM(8, 256),
	{ IKE_ENCR_CHACHA20_POLY1305, 0, IKE_INTEG_NONE,
	  IKE_ESP_CHACHA20_POLY1305, 32, IKE_AEAD_SALT },
	GMAC(128),
	GMAC(192),
	GMAC(256),
	CBC(128, SHA2_256_128, 256),
	CBC(256, SHA2_256_128, 256),
	CBC(128, SHA2_384_192, 384),
	CBC(256, SHA2_384_192, 384),
	CBC(128, SHA2_512_256, 512),
	CBC(256, SHA2_512_256, 512),
	CBC(128, SHA1_96, 160),
	CBC(256, SHA1_96, 160),
};

const struct ike_esp_transform *ike_esp_transform(const struct ike_encr *encr,
						  uint16_t integ)
{
	for (size_t i = 0; i < sizeof(transforms) / sizeof(transforms[0]); i++)
		if (transforms[i].encr == encr->id &&
		    transforms[i].key_bits == encr->key_bits &&
		    transforms[i].integ == integ)
			return &transforms[i];
	return NULL;
}

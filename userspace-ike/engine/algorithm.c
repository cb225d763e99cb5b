// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of algorithms. It also knows those that we do not have, so that a
 * refused offer can be told in the words of the peer's configuration, and what
 * is too weak can be called that.
 */
#include <string.h>

#include "algorithm.h"
#include "nearest.h"

#define TYPE(type) IKE_TRANSFORM_##type
#define WORTH(worth) IKE_WORTH_##worth

static const struct ike_algorithm algorithms[] = {
	{ TYPE(ENCR), IKE_ENCR_AES_GCM_16, 128, WORTH(OURS), "aes128gcm16" },
	{ TYPE(ENCR), IKE_ENCR_AES_GCM_16, 192, WORTH(OURS), "aes192gcm16" },
	{ TYPE(ENCR), IKE_ENCR_AES_GCM_16, 256, WORTH(OURS), "aes256gcm16" },
	{ TYPE(ENCR), IKE_ENCR_AES_GCM_12, 128, WORTH(OURS), "aes128gcm12" },
	{ TYPE(ENCR), IKE_ENCR_AES_GCM_12, 192, WORTH(OURS), "aes192gcm12" },
	{ TYPE(ENCR), IKE_ENCR_AES_GCM_12, 256, WORTH(OURS), "aes256gcm12" },
	{ TYPE(ENCR), IKE_ENCR_AES_GCM_8, 128, WORTH(OURS), "aes128gcm8" },
	{ TYPE(ENCR), IKE_ENCR_AES_GCM_8, 192, WORTH(OURS), "aes192gcm8" },
	{ TYPE(ENCR), IKE_ENCR_AES_GCM_8, 256, WORTH(OURS), "aes256gcm8" },
	{ TYPE(ENCR), IKE_ENCR_CHACHA20_POLY1305, 0, WORTH(OURS), "chacha20poly1305" },
	{ TYPE(ENCR), IKE_ENCR_NULL_AES_GMAC, 128, WORTH(OURS), "aes128gmac" },
	{ TYPE(ENCR), IKE_ENCR_NULL_AES_GMAC, 192, WORTH(OURS), "aes192gmac" },
	{ TYPE(ENCR), IKE_ENCR_NULL_AES_GMAC, 256, WORTH(OURS), "aes256gmac" },
	{ TYPE(ENCR), IKE_ENCR_AES_CBC, 128, WORTH(OURS), "aes128" },
	{ TYPE(ENCR), IKE_ENCR_AES_CBC, 192, WORTH(OTHER), "aes192" },
	{ TYPE(ENCR), IKE_ENCR_AES_CBC, 256, WORTH(OURS), "aes256" },
	{ TYPE(ENCR), 13, 128, WORTH(OTHER), "aes128ctr" },
	{ TYPE(ENCR), 13, 192, WORTH(OTHER), "aes192ctr" },
	{ TYPE(ENCR), 13, 256, WORTH(OTHER), "aes256ctr" },
	{ TYPE(ENCR), 14, 128, WORTH(OTHER), "aes128ccm8" },
	{ TYPE(ENCR), 14, 192, WORTH(OTHER), "aes192ccm8" },
	{ TYPE(ENCR), 14, 256, WORTH(OTHER), "aes256ccm8" },
	{ TYPE(ENCR), 15, 128, WORTH(OTHER), "aes128ccm12" },
	{ TYPE(ENCR), 15, 192, WORTH(OTHER), "aes192ccm12" },
	{ TYPE(ENCR), 15, 256, WORTH(OTHER), "aes256ccm12" },
	{ TYPE(ENCR), 16, 128, WORTH(OTHER), "aes128ccm16" },
	{ TYPE(ENCR), 16, 192, WORTH(OTHER), "aes192ccm16" },
	{ TYPE(ENCR), 16, 256, WORTH(OTHER), "aes256ccm16" },
	{ TYPE(ENCR), 23, 128, WORTH(OTHER), "camellia128" },
	{ TYPE(ENCR), 23, 192, WORTH(OTHER), "camellia192" },
	{ TYPE(ENCR), 23, 256, WORTH(OTHER), "camellia256" },
	{ TYPE(ENCR), 1, 0, WORTH(WEAK), "des-iv64" },
	{ TYPE(ENCR), 2, 0, WORTH(WEAK), "des" },
	{ TYPE(ENCR), 3, 0, WORTH(WEAK), "3des" },
	{ TYPE(ENCR), 4, 0, WORTH(WEAK), "rc5" },
	{ TYPE(ENCR), 5, 0, WORTH(WEAK), "idea" },
	{ TYPE(ENCR), 6, 0, WORTH(WEAK), "cast128" },
	{ TYPE(ENCR), 7, 0, WORTH(WEAK), "blowfish" },
	{ TYPE(ENCR), 8, 0, WORTH(WEAK), "3idea" },
	{ TYPE(ENCR), 9, 0, WORTH(WEAK), "des-iv32" },
	{ TYPE(ENCR), 11, 0, WORTH(WEAK), "null" },
	{ TYPE(PRF), IKE_PRF_HMAC_SHA2_256, 0, WORTH(OURS), "prfsha256" },
	{ TYPE(PRF), IKE_PRF_HMAC_SHA2_384, 0, WORTH(OURS), "prfsha384" },
	{ TYPE(PRF), IKE_PRF_HMAC_SHA2_512, 0, WORTH(OURS), "prfsha512" },
	{ TYPE(PRF), IKE_PRF_HMAC_SHA1, 0, WORTH(LEGACY), "prfsha1" },
	{ TYPE(PRF), 4, 0, WORTH(OTHER), "prfaesxcbc" },
	{ TYPE(PRF), 8, 0, WORTH(OTHER), "prfaescmac" },
	{ TYPE(PRF), 1, 0, WORTH(WEAK), "prfmd5" },
	{ TYPE(PRF), 3, 0, WORTH(WEAK), "prftiger" },
	{ TYPE(INTEG), IKE_INTEG_HMAC_SHA2_256_128, 0, WORTH(OURS), "sha256" },
	{ TYPE(INTEG), IKE_INTEG_HMAC_SHA2_384_192, 0, WORTH(OURS), "sha384" },
	{ TYPE(INTEG), IKE_INTEG_HMAC_SHA2_512_256, 0, WORTH(OURS), "sha512" },
	{ TYPE(INTEG), IKE_INTEG_HMAC_SHA1_96, 0, WORTH(LEGACY), "sha1" },
	{ TYPE(INTEG), 5, 0, WORTH(OTHER), "aesxcbc" },
	{ TYPE(INTEG), 8, 0, WORTH(OTHER), "aescmac" },
	{ TYPE(INTEG), 1, 0, WORTH(WEAK), "md5" },
	{ TYPE(INTEG), 3, 0, WORTH(WEAK), "desmac" },
	{ TYPE(INTEG), 4, 0, WORTH(WEAK), "kpdkmd5" },
	{ TYPE(KE), IKE_KE_X25519, 0, WORTH(OURS), "x25519" },
	{ TYPE(KE), IKE_KE_ECP_256, 0, WORTH(OURS), "ecp256" },
	{ TYPE(KE), IKE_KE_ECP_384, 0, WORTH(OURS), "ecp384" },
	{ TYPE(KE), IKE_KE_ECP_521, 0, WORTH(OURS), "ecp521" },
	{ TYPE(KE), IKE_KE_MODP_2048, 0, WORTH(OURS), "modp2048" },
	{ TYPE(KE), IKE_KE_MODP_3072, 0, WORTH(OURS), "modp3072" },
	{ TYPE(KE), IKE_KE_MODP_4096, 0, WORTH(OURS), "modp4096" },
	{ TYPE(KE), 1, 0, WORTH(WEAK), "modp768" },
	{ TYPE(KE), 2, 0, WORTH(WEAK), "modp1024" },
	{ TYPE(KE), 5, 0, WORTH(WEAK), "modp1536" },
	{ TYPE(KE), 22, 0, WORTH(WEAK), "modp1024s160" },
	{ TYPE(KE), 23, 0, WORTH(WEAK), "modp2048s224" },
	{ TYPE(KE), 24, 0, WORTH(WEAK), "modp2048s256" },
	{ TYPE(KE), 17, 0, WORTH(OTHER), "modp6144" },
	{ TYPE(KE), 18, 0, WORTH(OTHER), "modp8192" },
	{ TYPE(KE), 25, 0, WORTH(WEAK), "ecp192" },
	{ TYPE(KE), 26, 0, WORTH(OTHER), "ecp224" },
	{ TYPE(KE), 28, 0, WORTH(OTHER), "ecp256bp" },
	{ TYPE(KE), 29, 0, WORTH(OTHER), "ecp384bp" },
	{ TYPE(KE), 30, 0, WORTH(OTHER), "ecp512bp" },
	{ TYPE(KE), 32, 0, WORTH(OTHER), "x448" },
	{ TYPE(KE), IKE_KE_ML_KEM_512, 0, WORTH(OURS), "mlkem512" },
	{ TYPE(KE), IKE_KE_ML_KEM_768, 0, WORTH(OURS), "mlkem768" },
	{ TYPE(KE), IKE_KE_ML_KEM_1024, 0, WORTH(OURS), "mlkem1024" },
	{ TYPE(ESN), IKE_ESN_YES, 0, WORTH(OURS), "esn" },
	{ TYPE(ESN), IKE_ESN_NO, 0, WORTH(OURS), "noesn" },
};

#define N_ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

const uint8_t ike_transform_order[IKE_TRANSFORM_TYPES] = {
	IKE_TRANSFORM_ENCR, IKE_TRANSFORM_INTEG, IKE_TRANSFORM_PRF,
	IKE_TRANSFORM_KE, IKE_TRANSFORM_ADD_KE_1, 7, 8, 9, 10, 11,
	IKE_TRANSFORM_ADD_KE_7, IKE_TRANSFORM_ESN,
};

const struct ike_algorithm *ike_algorithm_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		if (strlen(algorithms[i].name) == len &&
		    !memcmp(algorithms[i].name, name, len))
			return &algorithms[i];
	return NULL;
}

/*
 * The beginning of a name stands for the first that begins so ("aes256gcm"), then the
 * fewest letters count ("aes256gcm17"), and last a name with something behind it
 * ("sha256_128").
 */
const char *ike_algorithm_nearest(const char *name, size_t len)
{
	unsigned int best = 1 + (unsigned int)len / 5, d;
	const char *near = NULL, *begin = NULL;

	for (size_t i = 0; i < N_ALGORITHMS; i++) {
		const char *known = algorithms[i].name;

		if (algorithms[i].worth != IKE_WORTH_OURS)
			continue;
		if (len > 2 && !strncmp(known, name, len))
			return known;
		d = ike_word_distance(name, len, known);
		if (d < best || (d == best && !near)) {
			best = d;
			near = known;
		}
		if (strlen(known) < len && !memcmp(known, name, strlen(known)) &&
		    (!begin || strlen(begin) < strlen(known)))
			begin = known;
	}
	return near ? near : begin;
}

const struct ike_algorithm *ike_algorithm_find(uint8_t type, uint16_t id,
					       uint16_t key_bits)
{
	if (ike_transform_is_add_ke(type))
		type = IKE_TRANSFORM_KE;
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		if (algorithms[i].type == type && algorithms[i].id == id &&
		    algorithms[i].key_bits == key_bits)
			return &algorithms[i];
	return NULL;
}

const char *ike_algorithm_instead(uint8_t type)
{
	switch (type) {
	case IKE_TRANSFORM_ENCR:
		return "aes256gcm16, or aes256-sha256";
	case IKE_TRANSFORM_PRF:
		return "prfsha256 or better";
	case IKE_TRANSFORM_INTEG:
		return "sha256 or better";
	default:
		return "modp2048, or better x25519 or ecp384";
	}
}

const char *ike_transform_type_name(uint8_t type)
{
	static const char *const additional[] = {
		"additional key exchange 1", "additional key exchange 2",
		"additional key exchange 3", "additional key exchange 4",
		"additional key exchange 5", "additional key exchange 6",
		"additional key exchange 7",
	};

	if (ike_transform_is_add_ke(type))
		return additional[type - IKE_TRANSFORM_ADD_KE_1];
	switch (type) {
	case IKE_TRANSFORM_ENCR:
		return "encryption";
	case IKE_TRANSFORM_PRF:
		return "PRF";
	case IKE_TRANSFORM_INTEG:
		return "integrity";
	case IKE_TRANSFORM_KE:
		return "key exchange";
	case IKE_TRANSFORM_ESN:
		return "sequence numbers";
	default:
		return "an unknown kind of transform";
	}
}

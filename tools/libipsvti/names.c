// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the values in Documentation/netlink/specs/ipsvti.yaml. */
#include <string.h>

#include "libipsvti.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* A switch rather than a table: the compiler names the value that is missing. */
const char *ipsvti_encap_name(enum ipsvti_encap encap)
{
	switch (encap) {
	case IPSVTI_ENCAP_NONE:
		return "none";
	case IPSVTI_ENCAP_UDP:
		return "udp";
	}
	return NULL;
}

const char *ipsvti_pair_state_name(enum ipsvti_pair_state state)
{
	switch (state) {
	case IPSVTI_PAIR_STATE_LARVAL:
		return "larval";
	case IPSVTI_PAIR_STATE_STAGED:
		return "staged";
	case IPSVTI_PAIR_STATE_ACTIVE:
		return "active";
	case IPSVTI_PAIR_STATE_DRAINING:
		return "draining";
	}
	return NULL;
}

const char *ipsvti_activation_name(enum ipsvti_activation activation)
{
	switch (activation) {
	case IPSVTI_ACTIVATION_MANUAL:
		return "manual";
	case IPSVTI_ACTIVATION_NOW:
		return "now";
	case IPSVTI_ACTIVATION_FIRST_RX:
		return "first-rx";
	}
	return NULL;
}

const char *ipsvti_reason_name(enum ipsvti_reason reason)
{
	switch (reason) {
	case IPSVTI_REASON_NONE:
		return "none";
	case IPSVTI_REASON_ACTIVATED:
		return "activated";
	case IPSVTI_REASON_DELETED:
		return "deleted";
	case IPSVTI_REASON_FLUSHED:
		return "flushed";
	case IPSVTI_REASON_RESERVATION_EXPIRED:
		return "reservation-expired";
	case IPSVTI_REASON_SEQUENCE_EXHAUSTED:
		return "sequence-exhausted";
	case IPSVTI_REASON_SEQUENCE_LOW:
		return "sequence-low";
	case IPSVTI_REASON_ENDPOINTS_CHANGED:
		return "endpoints-changed";
	case IPSVTI_REASON_DEVICE_GONE:
		return "device-gone";
	case IPSVTI_REASON_SOFT_BYTES:
		return "soft-bytes";
	case IPSVTI_REASON_SOFT_PACKETS:
		return "soft-packets";
	case IPSVTI_REASON_SOFT_TIME:
		return "soft-time";
	case IPSVTI_REASON_HARD_BYTES:
		return "hard-bytes";
	case IPSVTI_REASON_HARD_PACKETS:
		return "hard-packets";
	case IPSVTI_REASON_HARD_TIME:
		return "hard-time";
	case IPSVTI_REASON_OWNER_GONE:
		return "owner-gone";
	}
	return NULL;
}

bool ipsvti_reason_hard(enum ipsvti_reason reason)
{
	return reason == IPSVTI_REASON_SEQUENCE_EXHAUSTED ||
	       reason == IPSVTI_REASON_HARD_BYTES ||
	       reason == IPSVTI_REASON_HARD_PACKETS ||
	       reason == IPSVTI_REASON_HARD_TIME;
}

const char *ipsvti_df_name(enum ipsvti_df df)
{
	switch (df) {
	case IPSVTI_DF_COPY:
		return "copy";
	case IPSVTI_DF_SET:
		return "set";
	case IPSVTI_DF_CLEAR:
		return "clear";
	}
	return NULL;
}

bool ipsvti_activation_by_name(const char *name,
			       enum ipsvti_activation *activation)
{
	enum ipsvti_activation i;

	for (i = 0; ipsvti_activation_name(i); i++) {
		if (!strcmp(name, ipsvti_activation_name(i))) {
			*activation = i;
			return true;
		}
	}
	return false;
}

/**
 * struct alg - An algorithm.
 * @name: name in the spec
 * @key_len: octets of key
 * @salt_len: octets of salt
 */
struct alg {
	const char *name;
	size_t key_len;
	size_t salt_len;
};

/* The key for encryption, and then the one for integrity. */
#define CBC(bits, hmac, name, integ)                  \
	[IPSVTI_ALG_AES_CBC_##bits##_HMAC_##hmac] = { \
		"aes-cbc-" #bits "-hmac-" name,       \
		(bits) / 8 + (integ),                 \
		0,                                    \
	}

static const struct alg algs[] = {
	[IPSVTI_ALG_AES_GCM_16_128] = { "aes-gcm-16-128", 16, 4 },
	[IPSVTI_ALG_AES_GCM_16_256] = { "aes-gcm-16-256", 32, 4 },
	[IPSVTI_ALG_AES_GCM_16_192] = { "aes-gcm-16-192", 24, 4 },
	[IPSVTI_ALG_AES_GCM_12_128] = { "aes-gcm-12-128", 16, 4 },
	[IPSVTI_ALG_AES_GCM_12_192] = { "aes-gcm-12-192", 24, 4 },
	[IPSVTI_ALG_AES_GCM_12_256] = { "aes-gcm-12-256", 32, 4 },
	[IPSVTI_ALG_AES_GCM_8_128] = { "aes-gcm-8-128", 16, 4 },
	[IPSVTI_ALG_AES_GCM_8_192] = { "aes-gcm-8-192", 24, 4 },
	[IPSVTI_ALG_AES_GCM_8_256] = { "aes-gcm-8-256", 32, 4 },
	[IPSVTI_ALG_CHACHA20_POLY1305] = { "chacha20-poly1305", 32, 4 },
	[IPSVTI_ALG_AES_GMAC_128] = { "aes-gmac-128", 16, 4 },
	[IPSVTI_ALG_AES_GMAC_192] = { "aes-gmac-192", 24, 4 },
	[IPSVTI_ALG_AES_GMAC_256] = { "aes-gmac-256", 32, 4 },
	CBC(128, SHA2_256_128, "sha2-256-128", 32),
	CBC(256, SHA2_256_128, "sha2-256-128", 32),
	CBC(128, SHA2_384_192, "sha2-384-192", 48),
	CBC(256, SHA2_384_192, "sha2-384-192", 48),
	CBC(128, SHA2_512_256, "sha2-512-256", 64),
	CBC(256, SHA2_512_256, "sha2-512-256", 64),
	CBC(128, SHA1_96, "sha1-96", 20),
	CBC(256, SHA1_96, "sha1-96", 20),
};

static const struct alg none;

static const struct alg *alg_find(enum ipsvti_alg alg)
{
	return alg < ARRAY_SIZE(algs) ? &algs[alg] : &none;
}

const char *ipsvti_alg_name(enum ipsvti_alg alg)
{
	return alg_find(alg)->name;
}

size_t ipsvti_alg_key_len(enum ipsvti_alg alg)
{
	return alg_find(alg)->key_len;
}

size_t ipsvti_alg_salt_len(enum ipsvti_alg alg)
{
	return alg_find(alg)->salt_len;
}

bool ipsvti_alg_by_name(const char *name, enum ipsvti_alg *alg)
{
	enum ipsvti_alg i;

	for (i = 1; ipsvti_alg_name(i); i++) {
		if (!strcmp(name, ipsvti_alg_name(i))) {
			*alg = i;
			return true;
		}
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The algorithms that the ABI knows, and what each one means.  Constant: no lock.
 *
 * A pure unit: it knows no packet and no device.
 */
#ifndef _IPSVTI_ALG_H
#define _IPSVTI_ALG_H

#include <linux/types.h>

#include <uapi/linux/ipsvti.h>

#include "esp.h"

/* What a cipher is given beside the key: salt and IV, at most. */
#define IPSVTI_NONCE_MAX 16
/* The longest IV there is. */
#define IPSVTI_IV_MAX 16
/* Longest padding, pad length and next header that an aligning cipher needs. */
#define IPSVTI_ALIGN_MAX 16
/* Octets of the longest ICV: HMAC-SHA2-512-256. */
#define IPSVTI_ICV_MAX 32

/**
 * enum ipsvti_cipher - how a packet is put together for the crypto API
 * @IPSVTI_CIPHER_AEAD: the IV is the sequence number, the nonce is salt and IV,
 *	the associated data are SPI and sequence number (RFC 4106, RFC 7634)
 * @IPSVTI_CIPHER_GMAC: as above, but nothing is encrypted: IV and payload belong
 *	to the associated data (RFC 4543, section 3.3)
 * @IPSVTI_CIPHER_CBC: the IV is random (RFC 3602, section 3), the HMAC covers
 *	SPI, sequence number, IV and cipher text (RFC 4303, section 3.3.2)
 */
enum ipsvti_cipher {
	IPSVTI_CIPHER_AEAD,
	IPSVTI_CIPHER_GMAC,
	IPSVTI_CIPHER_CBC,
};

/**
 * struct ipsvti_transform - what one algorithm of the ABI means
 * @alg: its number in the ABI
 * @cipher: how a packet is put together for it
 * @name: name of the AEAD in the kernel's crypto API; with %IPSVTI_CIPHER_CBC
 *	what stands in the brackets of authenc() or authencesn()
 * @cipher_len: octets of key for encryption, or for all if there is one
 * @integ_len: octets of key for integrity, which follow; 0, there is none of its
 *	own
 * @salt_len: octets of salt, the part of the nonce that comes with the key
 * @legacy: only for those who ask for legacy algorithms
 * @geometry: what it adds to a packet
 */
struct ipsvti_transform {
	enum ipsvti_alg alg;
	enum ipsvti_cipher cipher;
	const char *name;
	u8 cipher_len;
	u8 integ_len;
	u8 salt_len;
	bool legacy;
	struct ipsvti_esp_geometry geometry;
};

/**
 * ipsvti_transform_key_len - tell how long the key of an algorithm is
 * @t: the algorithm
 *
 * Return: octets of key, that for encryption and then that for integrity.
 */
static inline u32 ipsvti_transform_key_len(const struct ipsvti_transform *t)
{
	return t->cipher_len + t->integ_len;
}

const struct ipsvti_transform *ipsvti_transform_find(u32 alg);
const struct ipsvti_transform *ipsvti_transform_default(void);

#endif /* _IPSVTI_ALG_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cryptography of IKEv2, by libcrypto (OpenSSL 3.0 or later). Algorithms
 * are named by their transform IDs (RFC 7296, section 3.3.2); the tables that
 * map them to libcrypto's names are private to this directory.
 *
 * Nothing here keeps state of its own, and what is random comes from the
 * caller, so that a run can be repeated octet by octet.
 */
#ifndef IPSVTI_IKE_CRYPTO_H
#define IPSVTI_IKE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets that somebody else owns. */
struct ike_slice {
	const uint8_t *data;
	size_t len;
};

#define IKE_SLICE(ptr, n) ((struct ike_slice){ .data = (ptr), .len = (n) })

/* ------------------------------------------------- key exchange (dh.c) */

#define IKE_DH_PUBLIC_MAX	512	/* octets, MODP-4096 */
#define IKE_DH_SECRET_MAX	512

struct ike_dh;

/* Source of randomness: fills @buf. Return: 0 or a negative errno value. */
typedef int (*ike_random_fn)(void *ctx, void *buf, size_t len);

/* Return: octets of a public value on the wire; 0 for an unknown group. */
size_t ike_dh_public_len(uint16_t group);

/* Return: octets of a shared secret; 0 for an unknown group. */
size_t ike_dh_secret_len(uint16_t group);

/**
 * ike_dh_new() - make an ephemeral key
 * @group: transform ID of type 4
 * @random: where the private value comes from
 * @ctx: its first argument
 *
 * Return: the key; NULL for an unknown group or if anything failed.
 */
struct ike_dh *ike_dh_new(uint16_t group, ike_random_fn random, void *ctx);

/* Wipes and frees @dh, which may be NULL. */
void ike_dh_free(struct ike_dh *dh);

/* Return: the group of @dh. */
uint16_t ike_dh_group(const struct ike_dh *dh);

/* Return: our public value as it goes into a KE payload; lives with @dh. */
struct ike_slice ike_dh_public(const struct ike_dh *dh);

/**
 * ike_dh_derive() - the shared secret
 * @dh: our key
 * @peer: the peer's public value as found in its KE payload
 * @secret: gets ike_dh_secret_len() octets, leading zeros kept (RFC 7296,
 *          section 2.14; for ECP the x coordinate, RFC 5903)
 *
 * The peer's value is checked as RFC 6989 (range, point on the curve) and RFC
 * 8031 (result not all zero) demand.
 *
 * Return: octets of @secret, -EINVAL if the peer's value is unfit, -ENOMEM.
 */
int ike_dh_derive(const struct ike_dh *dh, struct ike_slice peer,
		  uint8_t secret[IKE_DH_SECRET_MAX]);

/* ----------------------------------------- key encapsulation (kem.c) */

#define IKE_KEM_PUBLIC_MAX	1568	/* octets, ML-KEM-1024 */
#define IKE_KEM_CIPHER_MAX	1568
#define IKE_KEM_SECRET_LEN	32

struct ike_kem;

/* Return: octets of what the initiator sends; 0 for an unknown method. */
size_t ike_kem_public_len(uint16_t method);

/* Return: octets of what the responder sends; 0 for an unknown method. */
size_t ike_kem_cipher_len(uint16_t method);

/* Return: whether the libcrypto that we run with has a method. */
bool ike_kem_available(uint16_t method);

/**
 * ike_kem_new() - make an ephemeral key, as the initiator
 * @method: transform ID of type 4
 * @random: where the private key comes from
 * @ctx: its first argument
 *
 * Return: the key; NULL for an unknown method, for one that this libcrypto does
 * not have, or if anything failed.
 */
struct ike_kem *ike_kem_new(uint16_t method, ike_random_fn random, void *ctx);

/* Wipes and frees @kem, which may be NULL. */
void ike_kem_free(struct ike_kem *kem);

/* Return: the method of @kem. */
uint16_t ike_kem_method(const struct ike_kem *kem);

/* Return: our encapsulation key as it goes into a KE payload; lives with @kem. */
struct ike_slice ike_kem_public(const struct ike_kem *kem);

/**
 * ike_kem_encapsulate() - a shared secret, and what lets the initiator have it,
 *                         too; as the responder, which keeps no key
 * @method: transform ID of type 4
 * @peer: the initiator's encapsulation key as found in its KE payload; its
 *        length and its coefficients are checked (FIPS 203, section 7.2)
 * @random: where the secret comes from
 * @ctx: its first argument
 * @cipher: gets the ciphertext for our KE payload
 * @secret: gets the secret
 *
 * Return: octets of @cipher, -EINVAL if the peer's key is unfit or nobody here
 * has the method, -ENOMEM, what @random returned.
 */
int ike_kem_encapsulate(uint16_t method, struct ike_slice peer,
			ike_random_fn random, void *ctx,
			uint8_t cipher[IKE_KEM_CIPHER_MAX],
			uint8_t secret[IKE_KEM_SECRET_LEN]);

/**
 * ike_kem_decapsulate() - the secret that a responder chose
 * @kem: our key
 * @cipher: ciphertext as found in its KE payload
 * @secret: gets the secret; of a ciphertext that is not for this key, one that
 *          nobody else has (FIPS 203, section 6.3), which AUTH then shows
 *
 * Return: octets of @secret, -EINVAL if the length is not the method's, -ENOMEM.
 */
int ike_kem_decapsulate(const struct ike_kem *kem, struct ike_slice cipher,
			uint8_t secret[IKE_KEM_SECRET_LEN]);

/* --------------------------------------- one of either kind (ke.c) */

#define IKE_KE_VALUE_MAX	IKE_KEM_PUBLIC_MAX
#define IKE_KE_SECRET_MAX	IKE_DH_SECRET_MAX

struct ike_ke;

/**
 * struct ike_ke_answer - what a responder has in the end
 * @value: for its KE payload
 * @value_len: octets of @value
 * @secret: the shared secret
 * @secret_len: octets of @secret
 */
struct ike_ke_answer {
	uint8_t value[IKE_KE_VALUE_MAX];
	size_t value_len;
	uint8_t secret[IKE_KE_SECRET_MAX];
	size_t secret_len;
};

/* Return: whether this libcrypto has a method. */
bool ike_ke_available(uint16_t method);

/* As the initiator: see ike_dh_new(), ike_kem_new() and what goes with them. */
struct ike_ke *ike_ke_new(uint16_t method, ike_random_fn random, void *ctx);
void ike_ke_free(struct ike_ke *ke);
uint16_t ike_ke_method(const struct ike_ke *ke);
struct ike_slice ike_ke_value(const struct ike_ke *ke);
/* Return: octets of @secret, -EINVAL if the peer's value is unfit, -ENOMEM. */
int ike_ke_finish(const struct ike_ke *ke, struct ike_slice peer,
		  uint8_t secret[IKE_KE_SECRET_MAX]);

/**
 * ike_ke_answer() - all of it, as the responder
 * @method: transform ID of type 4
 * @peer: the initiator's value as found in its KE payload
 * @random: where ours comes from
 * @ctx: its first argument
 * @out: filled; to be wiped
 *
 * Return: 0, -EINVAL if the peer's value is unfit, -ENOMEM.
 */
int ike_ke_answer(uint16_t method, struct ike_slice peer, ike_random_fn random,
		  void *ctx, struct ike_ke_answer *out);

/* --------------------------------------------------------- PRF (prf.c) */

#define IKE_PRF_MAX		64	/* octets of the longest PRF output */
#define IKE_PRF_PARTS_MAX	8

/* Return: output and preferred key length in octets; 0 for an unknown PRF. */
size_t ike_prf_len(uint16_t prf);

/**
 * ike_prf() - prf(key, parts[0] | parts[1] | …)
 * @prf: transform ID of type 2
 * @key: of any length
 * @parts: what to digest
 * @n: entries of @parts
 * @out: gets ike_prf_len() octets
 *
 * Return: 0, -EINVAL (unknown PRF), -ENOMEM.
 */
int ike_prf(uint16_t prf, struct ike_slice key, const struct ike_slice *parts,
	    size_t n, uint8_t *out);

/**
 * ike_prf_plus() - prf+ (RFC 7296, section 2.13)
 * @prf: transform ID of type 2
 * @key: of any length
 * @seed: S, in parts
 * @n: entries of @seed, at most IKE_PRF_PARTS_MAX - 2
 * @out: gets the key stream
 * @len: octets wanted, at most 255 times the PRF's length
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int ike_prf_plus(uint16_t prf, struct ike_slice key,
		 const struct ike_slice *seed, size_t n, uint8_t *out,
		 size_t len);

/* -------------------------------------------------------- AEAD (aead.c) */

#define IKE_ENCR_KEY_MAX	36	/* octets of the longest: key and salt */
#define IKE_AEAD_SALT		4
#define IKE_AEAD_IV		8
#define IKE_ICV_MAX		32	/* of an AEAD or an integrity algorithm */

/* Return: octets of key and salt together (RFC 5282, section 7.1; RFC 4106,
 * section 8.1; RFC 7634, section 2); 0 for an unknown AEAD or key length.
 * @key_bits is 0 if there is but one key length.
 */
size_t ike_aead_key_len(uint16_t encr, uint16_t key_bits);

/* Return: octets of the integrity check value; 0 for what is no AEAD. */
size_t ike_aead_icv_len(uint16_t encr);

/**
 * ike_aead_seal() - encrypt in place and authenticate (RFC 5282, section 3)
 * @encr: transform ID of type 1
 * @key: key and salt; its length tells the key length
 * @iv: explicit IV, never twice under a key
 * @aad: associated data
 * @text: plaintext, becomes ciphertext
 * @len: octets of @text
 * @icv: gets the integrity check value, ike_aead_icv_len() octets
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int ike_aead_seal(uint16_t encr, struct ike_slice key,
		  const uint8_t iv[IKE_AEAD_IV], struct ike_slice aad,
		  uint8_t *text, size_t len, uint8_t *icv);

/**
 * ike_aead_open() - check and decrypt in place
 * @encr: transform ID of type 1
 * @key: key and salt
 * @iv: explicit IV
 * @aad: associated data
 * @text: ciphertext, becomes plaintext; of no value after an error
 * @len: octets of @text
 * @icv: integrity check value received
 *
 * Return: 0, -EBADMSG if the check failed, -EINVAL, -ENOMEM.
 */
int ike_aead_open(uint16_t encr, struct ike_slice key,
		  const uint8_t iv[IKE_AEAD_IV], struct ike_slice aad,
		  uint8_t *text, size_t len, const uint8_t *icv);

/* ------------------------------- encryption and integrity apart (cbc.c) */

#define IKE_CBC_BLOCK		16	/* octets of a block, and of an IV */
#define IKE_INTEG_KEY_MAX	64

/* Return: octets of the key; 0 for an unknown cipher or key length. */
size_t ike_cbc_key_len(uint16_t encr, uint16_t key_bits);

/**
 * ike_cbc() - AES-CBC in place (RFC 3602), without padding of its own
 * @seal: encrypt, else decrypt
 * @key: its length tells the key length
 * @iv: a block nobody could foresee
 * @text: whole blocks
 * @len: octets of @text
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int ike_cbc(bool seal, struct ike_slice key, const uint8_t iv[IKE_CBC_BLOCK],
	    uint8_t *text, size_t len);

/* Return: octets of the key, and of the check value, of an integrity algorithm
 * (transform ID of type 3); 0 for an unknown one.
 */
size_t ike_integ_key_len(uint16_t integ);
size_t ike_integ_icv_len(uint16_t integ);

/**
 * ike_integ() - an integrity check value: HMAC, cut (RFC 2404, RFC 4868)
 * @integ: transform ID of type 3
 * @key: ike_integ_key_len() octets
 * @text: what is protected
 * @icv: gets ike_integ_icv_len() octets
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int ike_integ(uint16_t integ, struct ike_slice key, struct ike_slice text,
	      uint8_t *icv);

/* ----------------------------------------- distinguished names (dn.c) */

/* Return: whether two names in DER are the same (RFC 5280, section 7.1). */
bool ike_dn_equal(struct ike_slice a, struct ike_slice b);

/* "C=DE, O=Example, CN=gw" from DER, unprintable octets escaped; cut if @buf is
 * too short. Return: @buf.
 */
const char *ike_dn_format(struct ike_slice der, char *buf, size_t len);

/**
 * ike_dn_parse() - a name from text
 * @text: TYPE=VALUE, joined by commas, in the order of the certificate
 * @out: gets the DER
 * @size: octets of @out
 *
 * Return: octets of @out, -EINVAL (an unknown type, or no name), -E2BIG,
 * -ENOMEM.
 */
int ike_dn_parse(const char *text, uint8_t *out, size_t size);

/* ------------------------------------------------------------- the rest */

#define IKE_SHA1_LEN 20

/* SHA-1 of NAT_DETECTION_*_IP (RFC 7296, section 2.23). Return: 0 or -ENOMEM. */
int ike_sha1(const struct ike_slice *parts, size_t n,
	     uint8_t out[IKE_SHA1_LEN]);

/* Overwrites secrets in a way no compiler leaves out. */
void ike_wipe(void *buf, size_t len);

/* Return: whether both are equal, in a time that does not tell where not. */
bool ike_equal(const void *a, const void *b, size_t len);

#endif /* IPSVTI_IKE_CRYPTO_H */

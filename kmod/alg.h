/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The algorithms that the ABI knows, and what each one means.  Constant: no lock.
 */
#ifndef _IPSVTI_ALG_H
#define _IPSVTI_ALG_H

#include <linux/types.h>

#include <uapi/linux/ipsvti.h>

#include "esp.h"

/* The nonce of an AEAD is salt and IV; room for the longest there is. */
#define IPSVTI_NONCE_MAX 16
/* Longest padding, pad length and next header that an aligning cipher needs. */
#define IPSVTI_ALIGN_MAX 16

/**
 * struct ipsvti_transform - what one algorithm of the ABI means
 * @alg: its number in the ABI
 * @name: name of the AEAD in the kernel's crypto API
 * @key_len: octets of key
 * @salt_len: octets of salt, the part of the nonce that comes with the key
 * @geometry: what it adds to a packet
 */
struct ipsvti_transform {
	enum ipsvti_alg alg;
	const char *name;
	u8 key_len;
	u8 salt_len;
	struct ipsvti_esp_geometry geometry;
};

const struct ipsvti_transform *ipsvti_transform_find(u32 alg);
const struct ipsvti_transform *ipsvti_transform_default(void);

#endif /* _IPSVTI_ALG_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The algorithms that have a name (RFC 7296, section 3.3.2, and the registry of
 * IANA that goes on from there).
 */
#ifndef IPSVTI_IKE_ALGORITHM_H
#define IPSVTI_IKE_ALGORITHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ikev2.h"

enum ike_worth {
	IKE_WORTH_OURS,		/* we have it */
	IKE_WORTH_LEGACY,	/* we have it, for a tunnel that allows it */
	IKE_WORTH_OTHER,	/* we do not have it */
	IKE_WORTH_WEAK,		/* and never will (RFC 8247, RFC 8221) */
};

/**
 * struct ike_algorithm - an algorithm
 * @type: enum ike_transform_type
 * @id: transform ID
 * @key_bits: with its Key Length attribute; 0: it has none
 * @worth: what we think of it
 * @name: as configuration and logs call it
 */
struct ike_algorithm {
	uint8_t type;
	uint16_t id;
	uint16_t key_bits;
	enum ike_worth worth;
	const char *name;
};

/* Return: the algorithm of a name of @len octets, or NULL. */
const struct ike_algorithm *ike_algorithm_by_name(const char *name, size_t len);

/* Return: the name that a misspelt one of @len octets most likely stands for, or NULL. */
const char *ike_algorithm_nearest(const char *name, size_t len);

/* Transform types in the order in which strongSwan writes their words. */
extern const uint8_t ike_transform_order[IKE_TRANSFORM_TYPES];

/* Is a transform type an additional key exchange (RFC 9370)? Its IDs are those of type 4. */
static inline bool ike_transform_is_add_ke(uint8_t type)
{
	return type >= IKE_TRANSFORM_ADD_KE_1 && type <= IKE_TRANSFORM_ADD_KE_7;
}

/* Return: the algorithm of a transform, or NULL. */
const struct ike_algorithm *ike_algorithm_find(uint8_t type, uint16_t id,
					       uint16_t key_bits);

/* Return: what to use in place of a weak algorithm of a type, in words. */
const char *ike_algorithm_instead(uint8_t type);

/* Return: what a transform type is called, such as "encryption". */
const char *ike_transform_type_name(uint8_t type);

#endif /* IPSVTI_IKE_ALGORITHM_H */

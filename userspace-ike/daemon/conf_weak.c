// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer may choose from the proposals of a file. We offer them best first,
 * but it is the responder who chooses, and some begin at the other end: AWS takes
 * the lowest value that it is configured for. So the worst of a list counts.
 */
#include <string.h>

#include "conf_setting.h"
#include "conf_weak.h"
#include "ikev2.h"
#include "proposal.h"

#define WEAK 112 /* bits of security below which something is called weak */

static unsigned int encr_bits(const struct ike_encr *encr)
{
	switch (encr->id) {
	case IKE_ENCR_CHACHA20_POLY1305:
		return 256;
	case IKE_ENCR_AES_GCM_8:
		return 64; /* a forged packet passes after 2^64 tries, or less */
	case IKE_ENCR_AES_GCM_12:
		return encr->key_bits - 2;
	case IKE_ENCR_AES_CBC:
		return encr->key_bits - 1; /* before GCM of the same key length */
	default:
		return encr->key_bits;
	}
}

static unsigned int integ_bits(uint16_t integ)
{
	switch (integ) {
	case IKE_INTEG_HMAC_SHA1_96:
		return 80;
	case IKE_INTEG_HMAC_SHA2_256_128:
		return 128;
	case IKE_INTEG_HMAC_SHA2_384_192:
		return 192;
	default:
		return 256;
	}
}

static unsigned int prf_bits(uint16_t prf)
{
	switch (prf) {
	case IKE_PRF_HMAC_SHA1:
		return 80;
	case IKE_PRF_HMAC_SHA2_256:
		return 128;
	case IKE_PRF_HMAC_SHA2_384:
		return 192;
	default:
		return 256;
	}
}

static unsigned int ke_bits(uint16_t ke)
{
	switch (ke) {
	case IKE_KE_MODP_2048:
		return 112;
	case IKE_KE_MODP_3072:
	case IKE_KE_ECP_256:
	case IKE_KE_X25519:
	case IKE_KE_ML_KEM_512:
		return 128;
	case IKE_KE_MODP_4096:
		return 152;
	case IKE_KE_ECP_384:
	case IKE_KE_ML_KEM_768:
		return 192;
	default:
		return 256;
	}
}

/* Of what comes in addition: none at all is the least. */
static unsigned int add_ke_bits(uint16_t ke)
{
	return ke == IKE_KE_NONE ? 0 : ke_bits(ke);
}

static uint16_t pick(const uint16_t *ids, unsigned int n,
		     unsigned int (*bits)(uint16_t id), bool low)
{
	uint16_t id = n ? ids[0] : 0;

	for (unsigned int i = 1; i < n; i++)
		if (low ? bits(ids[i]) < bits(id) : bits(ids[i]) > bits(id))
			id = ids[i];
	return id;
}

/* The lowest, or the highest, of each kind: within a proposal all go together. */
static struct ike_choice extreme(const struct ike_alternatives *alt, bool low)
{
	struct ike_choice c = {
		.encr = alt->encr[0],
		.integ = pick(alt->integ, alt->n_integ, integ_bits, low),
		.prf = pick(alt->prf, alt->n_prf, prf_bits, low),
		.ke = pick(alt->ke, alt->n_ke, ke_bits, low),
	};

	for (unsigned int i = 1; i < alt->n_encr; i++)
		if (low ? encr_bits(&alt->encr[i]) < encr_bits(&c.encr) :
			  encr_bits(&alt->encr[i]) > encr_bits(&c.encr))
			c.encr = alt->encr[i];
	for (unsigned int i = 0; i < IKE_ADD_KE_MAX; i++)
		c.add_ke[i] = pick(alt->add_ke[i], alt->n_add_ke[i], add_ke_bits,
				   low);
	return c;
}

/* Bits of the weakest part of a choice. (What comes in addition takes nothing away.) */
static unsigned int choice_bits(const struct ike_choice *c)
{
	unsigned int bits = encr_bits(&c->encr);

	if (c->integ && integ_bits(c->integ) < bits)
		bits = integ_bits(c->integ);
	if (c->prf && prf_bits(c->prf) < bits)
		bits = prf_bits(c->prf);
	if (c->ke && ke_bits(c->ke) < bits)
		bits = ke_bits(c->ke);
	return bits;
}

static bool one_choice(const struct ike_suite *suite)
{
	const struct ike_alternatives *alt = &suite->props[0];

	for (unsigned int i = 0; i < IKE_ADD_KE_MAX; i++)
		if (alt->n_add_ke[i] > 1)
			return false;
	/* Both kinds of sequence numbers are no matter of strength. */
	return suite->n == 1 && alt->n_encr == 1 && alt->n_integ <= 1 &&
	       alt->n_prf <= 1 && alt->n_ke <= 1;
}

/* Perfect forward secrecy in some proposals but not in all. */
static bool loses_pfs(const struct ike_suite *suite)
{
	unsigned int with = 0;

	for (unsigned int i = 0; i < suite->n; i++)
		with += suite->props[i].n_ke != 0;
	return with && with < suite->n;
}

/* The lowest choice of the whole list, and how good its best one is. */
static struct ike_choice lowest_of(const struct ike_suite *suite,
				   unsigned int *best)
{
	struct ike_choice low = extreme(&suite->props[0], true), c;

	*best = 0;
	for (unsigned int i = 0; i < suite->n; i++) {
		c = extreme(&suite->props[i], false);
		if (choice_bits(&c) > *best)
			*best = choice_bits(&c);
		c = extreme(&suite->props[i], true);
		if (choice_bits(&c) < choice_bits(&low) ||
		    (choice_bits(&c) == choice_bits(&low) &&
		     encr_bits(&c.encr) < encr_bits(&low.encr)))
			low = c;
	}
	return low;
}

void conf_weak_check(const struct conf_tunnel *tunnel, const char *key,
		     const struct ike_suite *suite, unsigned int line,
		     struct conf_errors *errors)
{
	struct ike_choice low;
	unsigned int best;
	char text[200];

	if (!suite->n || one_choice(suite))
		return;
	low = lowest_of(suite, &best);
	ike_choice_format(&low, text, sizeof(text));
	switch (tunnel->preset) {
	case CONF_PRESET_AWS:
		conf_warning(errors, tunnel->file, line,
			     "%s: AWS takes the lowest value that it is configured for, whatever the order here: of this list %s; leave one suite, or remove the key for that of the preset",
			     key, text);
		break;
	case CONF_PRESET_GCP:
		conf_warning(errors, tunnel->file, line,
			     "%s: Cloud VPN may take another suite at each rekey, and with it another MTU, down to %s; leave one suite, or remove the key for that of the preset",
			     key, text);
		break;
	case CONF_PRESET_AZURE:
		conf_warning(errors, tunnel->file, line,
			     "%s: the policy of a connection of Azure is one suite, and without a policy the choice is Azure's, down to %s; leave one suite, or remove the key for that of the preset",
			     key, text);
		break;
	default:
		if (choice_bits(&low) < WEAK && best >= WEAK)
			conf_warning(errors, tunnel->file, line,
				     "%s: the peer may choose %s, and one that begins with its lowest value, as AWS does, will; leave out what is weak unless the peer has nothing better, and then all else",
				     key, text);
		break;
	}
	if (loses_pfs(suite))
		conf_warning(errors, tunnel->file, line,
			     "%s: not all proposals have a key exchange, so the peer may rekey without perfect forward secrecy; add one to each, such as ecp384",
			     key);
}

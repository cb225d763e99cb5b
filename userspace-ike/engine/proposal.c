// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Offering and choosing (RFC 7296, sections 2.7 and 3.3.6).
 */
#include <errno.h>

#include "proposal.h"

static bool use_is_esp(enum ike_sa_use use)
{
	return use == IKE_USE_AUTH_CHILD || use == IKE_USE_CHILD;
}

static size_t use_spi_len(enum ike_sa_use use)
{
	switch (use) {
	case IKE_USE_INIT:
		return 0;
	case IKE_USE_IKE_REKEY:
		return 8;
	default:
		return 4;
	}
}

/* -------------------------------------------------------------- building */

struct transform_writer {
	struct ike_builder *b;
	size_t last;	/* where the last transform says whether it is the last */
	unsigned int n;
};

static void put_transform(struct transform_writer *tw, uint8_t type,
			  uint16_t id, uint16_t key_bits)
{
	struct ike_writer *w = &tw->b->w;

	if (tw->n++ && !w->failed)
		w->data[tw->last] = 3;
	tw->last = w->len;
	ike_put_u8(w, 0);
	ike_put_u8(w, 0);
	ike_put_u16(w, key_bits ? 12 : 8);
	ike_put_u8(w, type);
	ike_put_u8(w, 0);
	ike_put_u16(w, id);
	if (key_bits) {
		ike_put_u16(w, IKE_ATTR_TV | IKE_ATTR_KEY_LENGTH);
		ike_put_u16(w, key_bits);
	}
}

static void build_sa(struct ike_builder *b, enum ike_sa_use use,
		     uint8_t number, const struct ike_suite *suite,
		     uint64_t spi)
{
	struct transform_writer tw = { .b = b };
	size_t start, count;

	ike_build_open(b, IKE_PAYLOAD_SA);
	start = b->w.len;
	ike_put_u16(&b->w, 0);	/* the last proposal, and the only one */
	ike_put_u16(&b->w, 0);	/* length, below */
	ike_put_u8(&b->w, number);
	ike_put_u8(&b->w, use_is_esp(use) ? IKE_PROTO_ESP : IKE_PROTO_IKE);
	ike_put_u8(&b->w, (uint8_t)use_spi_len(use));
	count = b->w.len;
	ike_put_u8(&b->w, 0);	/* transforms, below */
	if (use == IKE_USE_IKE_REKEY)
		ike_put_u64(&b->w, spi);
	else if (use_is_esp(use))
		ike_put_u32(&b->w, (uint32_t)spi);

	for (unsigned int i = 0; i < suite->n_encr; i++)
		put_transform(&tw, IKE_TRANSFORM_ENCR, suite->encr[i].id,
			      suite->encr[i].key_bits);
	if (!use_is_esp(use))
		for (unsigned int i = 0; i < suite->n_prf; i++)
			put_transform(&tw, IKE_TRANSFORM_PRF, suite->prf[i], 0);
	if (use != IKE_USE_AUTH_CHILD)
		for (unsigned int i = 0; i < suite->n_ke; i++)
			put_transform(&tw, IKE_TRANSFORM_KE, suite->ke[i], 0);
	if (use_is_esp(use))
		put_transform(&tw, IKE_TRANSFORM_ESN, IKE_ESN_NO, 0);

	if (!b->w.failed) {
		put_be16(b->w.data + start + 2, (uint16_t)(b->w.len - start));
		b->w.data[count] = (uint8_t)tw.n;
	}
	ike_build_close(b);
}

void ike_build_offer(struct ike_builder *b, enum ike_sa_use use,
		     const struct ike_suite *suite, uint64_t spi)
{
	build_sa(b, use, 1, suite, spi);
}

void ike_build_answer(struct ike_builder *b, enum ike_sa_use use,
		      const struct ike_choice *choice, uint64_t spi)
{
	struct ike_suite one = {
		.encr = { choice->encr },
		.prf = { choice->prf },
		.ke = { choice->ke },
		.n_encr = 1,
		.n_prf = 1,
		.n_ke = choice->ke != IKE_KE_NONE,
	};

	build_sa(b, use, choice->number, &one, spi);
}

/* -------------------------------------------------------------- choosing */

static bool has(const struct ike_proposal *prop, uint8_t type, uint16_t id,
		uint16_t key_bits)
{
	for (unsigned int i = 0; i < prop->n_transforms; i++) {
		const struct ike_transform *t = &prop->transforms[i];

		if (t->type == type && t->id == id &&
		    t->key_bits == key_bits && !t->unknown_attribute)
			return true;
	}
	return false;
}

static unsigned int count(const struct ike_proposal *prop, uint8_t type)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < prop->n_transforms; i++)
		n += prop->transforms[i].type == type;
	return n;
}

/* Section 3.3.6: a transform type we do not know spoils the proposal. */
static bool types_fit(const struct ike_proposal *prop, enum ike_sa_use use)
{
	for (unsigned int i = 0; i < prop->n_transforms; i++) {
		switch (prop->transforms[i].type) {
		case IKE_TRANSFORM_ENCR:
		case IKE_TRANSFORM_INTEG:
		case IKE_TRANSFORM_KE:
			break;
		case IKE_TRANSFORM_PRF:
			if (use_is_esp(use))
				return false;
			break;
		case IKE_TRANSFORM_ESN:
			if (!use_is_esp(use))
				return false;
			break;
		default:
			return false;
		}
	}
	/* RFC 5282, section 8: with an AEAD no integrity, or NONE. */
	return !count(prop, IKE_TRANSFORM_INTEG) ||
	       has(prop, IKE_TRANSFORM_INTEG, IKE_INTEG_NONE, 0);
}

static bool pick_ke(const struct ike_proposal *prop,
		    const struct ike_suite *suite, uint16_t sent, uint16_t *ke)
{
	/* The group of the peer's KE payload saves a round trip. */
	for (unsigned int i = 0; sent && i < suite->n_ke; i++) {
		if (suite->ke[i] == sent &&
		    has(prop, IKE_TRANSFORM_KE, sent, 0)) {
			*ke = sent;
			return true;
		}
	}
	for (unsigned int i = 0; i < suite->n_ke; i++) {
		if (has(prop, IKE_TRANSFORM_KE, suite->ke[i], 0)) {
			*ke = suite->ke[i];
			return true;
		}
	}
	return false;
}

static bool pick(const struct ike_proposal *prop, enum ike_sa_use use,
		 const struct ike_suite *suite,
		 const struct ike_suite *other_ke, uint16_t sent,
		 struct ike_choice *choice)
{
	unsigned int i;

	if (prop->protocol != (use_is_esp(use) ? IKE_PROTO_ESP : IKE_PROTO_IKE) ||
	    prop->spi.len != use_spi_len(use) || !types_fit(prop, use))
		return false;
	memset(choice, 0, sizeof(*choice));
	choice->number = prop->number;

	for (i = 0; i < suite->n_encr; i++)
		if (has(prop, IKE_TRANSFORM_ENCR, suite->encr[i].id,
			suite->encr[i].key_bits))
			break;
	if (i == suite->n_encr)
		return false;
	choice->encr = suite->encr[i];

	if (use_is_esp(use)) {
		if (!has(prop, IKE_TRANSFORM_ESN, IKE_ESN_NO, 0))
			return false;
	} else {
		for (i = 0; i < suite->n_prf; i++)
			if (has(prop, IKE_TRANSFORM_PRF, suite->prf[i], 0))
				break;
		if (i == suite->n_prf)
			return false;
		choice->prf = suite->prf[i];
	}

	if (use == IKE_USE_AUTH_CHILD) {
		/* Section 1.2: there is no KE payload in IKE_AUTH. */
	} else if (use != IKE_USE_CHILD || suite->n_ke) {
		if (!pick_ke(prop, suite, sent, &choice->ke))
			return false;
	} else if (count(prop, IKE_TRANSFORM_KE) &&
		   !has(prop, IKE_TRANSFORM_KE, IKE_KE_NONE, 0)) {
		if (!other_ke || !pick_ke(prop, other_ke, sent, &choice->ke))
			return false;
	}

	if (prop->spi.len == 8)
		choice->spi = get_be64(prop->spi.data);
	else if (prop->spi.len == 4)
		choice->spi = get_be32(prop->spi.data);
	return true;
}

int ike_proposal_select(enum ike_sa_use use, const struct ike_suite *suite,
			const struct ike_suite *other_ke, struct ike_slice sa,
			uint16_t ke, struct ike_choice *choice)
{
	/* Our order of ciphers rules, then the peer's order of proposals. */
	for (unsigned int i = 0; i < suite->n_encr; i++) {
		struct ike_suite one = *suite;
		struct ike_reader r = ike_read(sa);
		struct ike_proposal prop;

		one.encr[0] = suite->encr[i];
		one.n_encr = 1;
		while (ike_proposal_next(&r, &prop) > 0)
			if (pick(&prop, use, &one, other_ke, ke, choice))
				return 0;
	}
	return -ENOENT;
}

int ike_proposal_check(enum ike_sa_use use, const struct ike_suite *suite,
		       struct ike_slice sa, struct ike_choice *choice)
{
	struct ike_reader r = ike_read(sa);
	struct ike_proposal prop;

	if (ike_proposal_next(&r, &prop) != 1 || r.left || prop.number != 1)
		return -EINVAL;
	if (!pick(&prop, use, suite, NULL, IKE_KE_NONE, choice))
		return -EINVAL;
	/* Section 3.3: exactly one transform of each type. */
	for (uint8_t type = IKE_TRANSFORM_ENCR; type <= IKE_TRANSFORM_ESN;
	     type++)
		if (count(&prop, type) > 1)
			return -EINVAL;
	return 0;
}

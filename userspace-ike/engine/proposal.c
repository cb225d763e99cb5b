// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Offering and choosing (RFC 7296, sections 2.7 and 3.3.6).
 */
#include <errno.h>

#include "algorithm.h"
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

static void put_list(struct transform_writer *tw, uint8_t type,
		     const uint16_t *ids, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		put_transform(tw, type, ids[i], 0);
}

static void put_proposal(struct ike_builder *b, enum ike_sa_use use,
			 uint8_t number, bool last,
			 const struct ike_alternatives *alt, uint64_t spi)
{
	struct transform_writer tw = { .b = b };
	size_t start = b->w.len, count;

	ike_put_u8(&b->w, last ? 0 : 2);
	ike_put_u8(&b->w, 0);
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

	for (unsigned int i = 0; i < alt->n_encr; i++)
		put_transform(&tw, IKE_TRANSFORM_ENCR, alt->encr[i].id,
			      alt->encr[i].key_bits);
	put_list(&tw, IKE_TRANSFORM_INTEG, alt->integ, alt->n_integ);
	if (!use_is_esp(use))
		put_list(&tw, IKE_TRANSFORM_PRF, alt->prf, alt->n_prf);
	if (use != IKE_USE_AUTH_CHILD)
		put_list(&tw, IKE_TRANSFORM_KE, alt->ke, alt->n_ke);
	for (uint8_t i = 0; use != IKE_USE_AUTH_CHILD && i < IKE_ADD_KE_MAX; i++)
		put_list(&tw, IKE_TRANSFORM_ADD_KE_1 + i, alt->add_ke[i],
			 alt->n_add_ke[i]);
	if (use_is_esp(use))
		put_list(&tw, IKE_TRANSFORM_ESN, alt->esn, alt->n_esn);

	if (!b->w.failed) {
		put_be16(b->w.data + start + 2, (uint16_t)(b->w.len - start));
		b->w.data[count] = (uint8_t)tw.n;
	}
}

void ike_build_offer(struct ike_builder *b, enum ike_sa_use use,
		     const struct ike_suite *suite, uint64_t spi)
{
	ike_build_open(b, IKE_PAYLOAD_SA);
	for (unsigned int i = 0; i < suite->n; i++)
		put_proposal(b, use, (uint8_t)(i + 1), i + 1 == suite->n,
			     &suite->props[i], spi);
	ike_build_close(b);
}

void ike_build_answer(struct ike_builder *b, enum ike_sa_use use,
		      const struct ike_choice *choice, uint64_t spi)
{
	struct ike_alternatives one = {
		.encr = { choice->encr },
		.integ = { choice->integ },
		.prf = { choice->prf },
		.ke = { choice->ke },
		.esn = { choice->esn ? IKE_ESN_YES : IKE_ESN_NO },
		.n_encr = 1,
		.n_integ = choice->integ != IKE_INTEG_NONE,
		.n_prf = 1,
		.n_ke = choice->ke != IKE_KE_NONE,
		.n_esn = 1,
	};

	for (unsigned int i = 0; i < IKE_ADD_KE_MAX; i++) {
		one.add_ke[i][0] = choice->add_ke[i];
		one.n_add_ke[i] = choice->add_ke[i] ||
				  choice->add_none & 1u << i;
	}
	ike_build_open(b, IKE_PAYLOAD_SA);
	put_proposal(b, use, choice->number, true, &one, spi);
	ike_build_close(b);
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

/*
 * Is it for this use at all? Section 3.3.6: a transform type we do not know
 * spoils the proposal.
 */
static bool form_fits(const struct ike_proposal *prop, enum ike_sa_use use)
{
	if (prop->protocol !=
		    (use_is_esp(use) ? IKE_PROTO_ESP : IKE_PROTO_IKE) ||
	    prop->spi.len != use_spi_len(use))
		return false;
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
			if (!ike_transform_is_add_ke(prop->transforms[i].type))
				return false;
			break;
		}
	}
	return true;
}

static bool pick_id(const struct ike_proposal *prop, uint8_t type,
		    const uint16_t *ids, unsigned int n, uint16_t *id)
{
	for (unsigned int i = 0; i < n; i++) {
		if (has(prop, type, ids[i], 0)) {
			*id = ids[i];
			return true;
		}
	}
	return false;
}

static bool pick_encr(const struct ike_proposal *prop,
		      const struct ike_alternatives *alt,
		      struct ike_encr *encr)
{
	for (unsigned int i = 0; i < alt->n_encr; i++) {
		if (has(prop, IKE_TRANSFORM_ENCR, alt->encr[i].id,
			alt->encr[i].key_bits)) {
			*encr = alt->encr[i];
			return true;
		}
	}
	return false;
}

/* RFC 5282, section 8: with an AEAD no integrity, or NONE. */
static bool pick_integ(const struct ike_proposal *prop,
		       const struct ike_alternatives *alt, uint16_t *integ)
{
	if (alt->n_integ)
		return pick_id(prop, IKE_TRANSFORM_INTEG, alt->integ,
			       alt->n_integ, integ);
	return !count(prop, IKE_TRANSFORM_INTEG) ||
	       has(prop, IKE_TRANSFORM_INTEG, IKE_INTEG_NONE, 0);
}

/* The group of the peer's KE payload saves a round trip. */
static bool pick_ke(const struct ike_proposal *prop, const uint16_t *ids,
		    unsigned int n, uint16_t sent, uint16_t *ke)
{
	for (unsigned int i = 0; sent && i < n; i++)
		if (ids[i] == sent && pick_id(prop, IKE_TRANSFORM_KE, &sent, 1,
					      ke))
			return true;
	return pick_id(prop, IKE_TRANSFORM_KE, ids, n, ke);
}

static bool pick_pfs(const struct ike_proposal *prop, enum ike_sa_use use,
		     const struct ike_alternatives *alt,
		     const struct ike_suite *other_ke, uint16_t sent,
		     uint16_t *ke)
{
	struct ike_groups groups;

	/* Section 1.2: there is no KE payload in IKE_AUTH. */
	if (use == IKE_USE_AUTH_CHILD)
		return true;
	if (use != IKE_USE_CHILD || alt->n_ke)
		return pick_ke(prop, alt->ke, alt->n_ke, sent, ke);
	if (!count(prop, IKE_TRANSFORM_KE) ||
	    has(prop, IKE_TRANSFORM_KE, IKE_KE_NONE, 0))
		return true;
	if (!other_ke)
		return false;
	ike_suite_groups(other_ke, &groups);
	return pick_ke(prop, groups.id, groups.n, sent, ke);
}

/*
 * RFC 9370, section 2.2.1: each type by itself. Only what is none of ours can be
 * NONE there, or be left out, without our saying so.
 */
static bool pick_add_ke(const struct ike_proposal *prop,
			const struct ike_alternatives *alt, unsigned int i,
			uint16_t *ke)
{
	uint8_t type = (uint8_t)(IKE_TRANSFORM_ADD_KE_1 + i);
	bool none = !count(prop, type) || has(prop, type, IKE_KE_NONE, 0);

	for (unsigned int j = 0; j < alt->n_add_ke[i]; j++) {
		uint16_t id = alt->add_ke[i][j];

		if (id ? has(prop, type, id, 0) : none) {
			*ke = id;
			return true;
		}
	}
	return !alt->n_add_ke[i] && none;
}

#define TYPE(type) (1u << IKE_TRANSFORM_##type)

/* (There is no key exchange in IKE_AUTH, and so none that comes in addition.) */
static unsigned int pick_add_kes(const struct ike_proposal *prop,
				 enum ike_sa_use use,
				 const struct ike_alternatives *alt,
				 struct ike_choice *choice)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; use != IKE_USE_AUTH_CHILD && i < IKE_ADD_KE_MAX;
	     i++) {
		uint8_t type = (uint8_t)(IKE_TRANSFORM_ADD_KE_1 + i);

		if (!pick_add_ke(prop, alt, i, &choice->add_ke[i]))
			missing |= 1u << type;
		else if (!choice->add_ke[i] && count(prop, type))
			choice->add_none |= (uint8_t)(1u << i);
	}
	return missing;
}

/* Return: bits of the transform types with nothing in common; 0: @choice. */
static unsigned int pick(const struct ike_proposal *prop, enum ike_sa_use use,
			 const struct ike_alternatives *alt,
			 const struct ike_suite *other_ke, uint16_t sent,
			 struct ike_choice *choice)
{
	unsigned int missing = 0;
	uint16_t esn = IKE_ESN_NO;

	memset(choice, 0, sizeof(*choice));
	choice->number = prop->number;
	if (!pick_encr(prop, alt, &choice->encr))
		missing |= TYPE(ENCR);
	/* Of a peer without our AEAD it is no news that it has integrity. */
	if (!pick_integ(prop, alt, &choice->integ) &&
	    (alt->n_integ || !missing))
		missing |= TYPE(INTEG);
	if (!use_is_esp(use) && !pick_id(prop, IKE_TRANSFORM_PRF, alt->prf,
					 alt->n_prf, &choice->prf))
		missing |= TYPE(PRF);
	if (!pick_pfs(prop, use, alt, other_ke, sent, &choice->ke))
		missing |= TYPE(KE);
	missing |= pick_add_kes(prop, use, alt, choice);
	if (use_is_esp(use) &&
	    !pick_id(prop, IKE_TRANSFORM_ESN, alt->esn, alt->n_esn, &esn))
		missing |= TYPE(ESN);
	choice->esn = esn == IKE_ESN_YES;

	if (prop->spi.len == 8)
		choice->spi = get_be64(prop->spi.data);
	else if (prop->spi.len == 4)
		choice->spi = get_be32(prop->spi.data);
	return missing;
}

int ike_proposal_select(enum ike_sa_use use, const struct ike_suite *suite,
			const struct ike_suite *other_ke, struct ike_slice sa,
			uint16_t ke, struct ike_choice *choice)
{
	struct ike_alternatives one;
	struct ike_proposal prop;

	/* Our order of ciphers rules, then the peer's order of proposals. */
	for (unsigned int i = 0; i < suite->n; i++) {
		one = suite->props[i];
		one.n_encr = 1;
		for (unsigned int j = 0; j < suite->props[i].n_encr; j++) {
			struct ike_reader r = ike_read(sa);

			one.encr[0] = suite->props[i].encr[j];
			while (ike_proposal_next(&r, &prop) > 0)
				if (form_fits(&prop, use) &&
				    !pick(&prop, use, &one, other_ke, ke,
					  choice))
					return 0;
		}
	}
	return -ENOENT;
}

int ike_proposal_check(enum ike_sa_use use, const struct ike_suite *suite,
		       struct ike_slice sa, struct ike_choice *choice)
{
	struct ike_reader r = ike_read(sa);
	struct ike_proposal prop;

	if (ike_proposal_next(&r, &prop) != 1 || r.left || !prop.number ||
	    prop.number > suite->n || !form_fits(&prop, use))
		return -EINVAL;
	if (pick(&prop, use, &suite->props[prop.number - 1], NULL, IKE_KE_NONE,
		 choice))
		return -EINVAL;
	/* Section 3.3: exactly one transform of each type. */
	for (uint8_t type = 1; type <= IKE_TRANSFORM_TYPES; type++)
		if (count(&prop, type) > 1)
			return -EINVAL;
	return 0;
}

bool ike_proposal_mismatch(enum ike_sa_use use, const struct ike_suite *suite,
			   const struct ike_suite *other_ke,
			   struct ike_slice sa, struct ike_mismatch *m)
{
	struct ike_reader r = ike_read(sa);
	int least = IKE_TRANSFORM_TYPES + 1;
	struct ike_proposal prop;
	struct ike_choice choice;

	while (ike_proposal_next(&r, &prop) > 0) {
		if (!form_fits(&prop, use))
			continue;
		for (unsigned int i = 0; i < suite->n; i++) {
			unsigned int types = pick(&prop, use, &suite->props[i],
						  other_ke, IKE_KE_NONE,
						  &choice);
			int n = 0;

			for (unsigned int rest = types; rest; rest &= rest - 1)
				n++;
			if (n >= least)
				continue;
			least = n;
			m->types = types;
			m->ours = suite->props[i];
			m->theirs = prop;
		}
	}
	return least <= IKE_TRANSFORM_TYPES;
}

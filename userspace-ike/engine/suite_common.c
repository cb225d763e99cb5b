// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suites against choices and other suites: is that allowed, what do both allow,
 * and by which key exchanges?
 */
#include "proposal.h"

static bool allows_add_ke(const struct ike_alternatives *alt,
			  const struct ike_choice *choice)
{
	for (unsigned int i = 0; i < IKE_ADD_KE_MAX; i++) {
		bool is = !alt->n_add_ke[i] && !choice->add_ke[i];

		for (unsigned int j = 0; j < alt->n_add_ke[i]; j++)
			is |= alt->add_ke[i][j] == choice->add_ke[i];
		if (!is)
			return false;
	}
	return true;
}

bool ike_suite_allows(const struct ike_suite *suite,
		      const struct ike_choice *choice)
{
	for (unsigned int i = 0; i < suite->n; i++) {
		const struct ike_alternatives *alt = &suite->props[i];
		bool encr = false, integ = !choice->integ && !alt->n_integ;
		bool prf = false, ke = false;

		for (unsigned int j = 0; j < alt->n_encr; j++)
			encr |= alt->encr[j].id == choice->encr.id &&
				alt->encr[j].key_bits == choice->encr.key_bits;
		for (unsigned int j = 0; j < alt->n_integ; j++)
			integ |= alt->integ[j] == choice->integ;
		for (unsigned int j = 0; j < alt->n_prf; j++)
			prf |= alt->prf[j] == choice->prf;
		for (unsigned int j = 0; j < alt->n_ke; j++)
			ke |= alt->ke[j] == choice->ke;
		if (encr && integ && prf && ke && allows_add_ke(alt, choice))
			return true;
	}
	return false;
}

/* Keeps of @ids, in their order, what is in @others, too. Return: how many. */
static uint8_t keep_ids(uint16_t *ids, unsigned int n, const uint16_t *others,
			unsigned int n_others)
{
	uint8_t kept = 0;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < n_others; j++)
			if (ids[i] == others[j]) {
				ids[kept++] = ids[i];
				break;
			}
	return kept;
}

/* The same of the additional key exchanges: none at all is as good as 0. */
static bool keep_add_ke(struct ike_alternatives *alt,
			const struct ike_alternatives *other)
{
	static const uint16_t none[] = { IKE_KE_NONE };

	for (unsigned int i = 0; i < IKE_ADD_KE_MAX; i++) {
		uint8_t ours = alt->n_add_ke[i], theirs = other->n_add_ke[i];

		if (!ours && !theirs)
			continue;
		if (!ours)
			alt->add_ke[i][0] = IKE_KE_NONE;
		alt->n_add_ke[i] = keep_ids(alt->add_ke[i], ours ? ours : 1,
					    theirs ? other->add_ke[i] : none,
					    theirs ? theirs : 1);
		if (!alt->n_add_ke[i])
			return false;
	}
	return true;
}

/* Return: whether a choice is left, where @alt keeps what @other has, too. */
static bool keep_common(struct ike_alternatives *alt,
			const struct ike_alternatives *other)
{
	bool aead = !alt->n_integ && !other->n_integ;
	uint8_t n = 0;

	for (unsigned int i = 0; i < alt->n_encr; i++)
		for (unsigned int j = 0; j < other->n_encr; j++)
			if (alt->encr[i].id == other->encr[j].id &&
			    alt->encr[i].key_bits == other->encr[j].key_bits) {
				alt->encr[n++] = alt->encr[i];
				break;
			}
	alt->n_encr = n;
	alt->n_integ = keep_ids(alt->integ, alt->n_integ, other->integ,
				other->n_integ);
	alt->n_prf = keep_ids(alt->prf, alt->n_prf, other->prf, other->n_prf);
	alt->n_ke = keep_ids(alt->ke, alt->n_ke, other->ke, other->n_ke);
	return alt->n_encr && (aead || alt->n_integ) && alt->n_prf &&
	       alt->n_ke && keep_add_ke(alt, other);
}

void ike_suite_common(struct ike_suite *suite, const struct ike_suite *other)
{
	struct ike_suite all = *suite;
	struct ike_alternatives alt;

	suite->n = 0;
	for (unsigned int i = 0; i < all.n; i++)
		for (unsigned int j = 0; j < other->n; j++) {
			alt = all.props[i];
			if (keep_common(&alt, &other->props[j]) &&
			    suite->n < IKE_SUITE_MAX)
				suite->props[suite->n++] = alt;
		}
}

int ike_group_index(const struct ike_groups *groups, uint16_t group)
{
	for (unsigned int i = 0; i < groups->n; i++)
		if (groups->id[i] == group)
			return (int)i;
	return -1;
}

void ike_suite_groups(const struct ike_suite *suite, struct ike_groups *groups)
{
	groups->n = 0;
	for (unsigned int i = 0; i < suite->n; i++)
		for (unsigned int j = 0; j < suite->props[i].n_ke; j++)
			if (ike_group_index(groups, suite->props[i].ke[j]) < 0)
				groups->id[groups->n++] =
					suite->props[i].ke[j];
}

bool ike_suite_adds_ke(const struct ike_suite *suite)
{
	for (unsigned int i = 0; i < suite->n; i++)
		for (unsigned int j = 0; j < IKE_ADD_KE_MAX; j++)
			if (suite->props[i].n_add_ke[j])
				return true;
	return false;
}

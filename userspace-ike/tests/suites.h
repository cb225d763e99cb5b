/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suites from text, for tests of what is made of them.
 */
#ifndef IPSVTI_IKE_SUITES_H
#define IPSVTI_IKE_SUITES_H

#include "testing.h"

#include "proposal.h"

static inline struct ike_suite suite_of(enum ike_suite_kind kind, const char *text)
{
	struct ike_suite suite = { 0 };
	char why[300], *copy = strdup(text), *next = copy;

	/* Proposals are joined by blanks here. */
	for (char *word; (word = strsep(&next, " "));)
		assert_int_equal(ike_suite_parse(&suite, kind, word, why,
						 sizeof(why)),
				 0);
	free(copy);
	return suite;
}

/* What a person reads about a suite that is refused. */
static inline const char *refused(enum ike_suite_kind kind, const char *text)
{
	static char why[300];
	struct ike_suite suite = { 0 };

	assert_int_equal(ike_suite_parse(&suite, kind, text, why, sizeof(why)),
			 -EINVAL);
	assert_int_equal(suite.n, 0);
	return why;
}

#endif /* IPSVTI_IKE_SUITES_H */

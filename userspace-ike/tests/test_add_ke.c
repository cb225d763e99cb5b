// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Additional key exchanges in suites, offers and answers (RFC 9370, section 2.2.1).
 * Most of it is by methods that every libcrypto has.
 */
#include "suites.h"

#include "algorithm.h"

#define FIRST "aes256gcm16-prfsha384-x25519"

static enum ike_suite_kind kind_of(enum ike_sa_use use)
{
	return use == IKE_USE_CHILD || use == IKE_USE_AUTH_CHILD ?
		       IKE_SUITE_ESP :
		       IKE_SUITE_IKE;
}

/* The SA payload's body of an offer. */
static struct ike_slice offer(enum ike_sa_use use, const char *text)
{
	static uint8_t buf[1024];
	struct ike_suite suite = suite_of(kind_of(use), text);
	struct ike_builder b;

	ike_build_start(&b, buf, sizeof(buf));
	ike_build_offer(&b, use, &suite, 1);
	assert_false(b.w.failed);
	return IKE_SLICE(buf + 4, b.w.len - 4);
}

static struct ike_slice answer(enum ike_sa_use use,
			       const struct ike_choice *choice)
{
	static uint8_t buf[256];
	struct ike_builder b;

	ike_build_start(&b, buf, sizeof(buf));
	ike_build_answer(&b, use, choice, 2);
	assert_false(b.w.failed);
	return IKE_SLICE(buf + 4, b.w.len - 4);
}

/*
 * What comes of it if one end offers @ours and the other one takes of it what
 * @theirs allows, as both ends see it in the end; NULL: nothing.
 */
static const char *agreed(enum ike_sa_use use, const char *ours,
			  const char *theirs)
{
	static char text[128];
	struct ike_suite a = suite_of(kind_of(use), ours);
	struct ike_suite b = suite_of(kind_of(use), theirs);
	struct ike_choice at_b, at_a;

	if (ike_proposal_select(use, &b, NULL, offer(use, ours), IKE_KE_X25519,
				&at_b))
		return NULL;
	assert_int_equal(ike_proposal_check(use, &a, answer(use, &at_b), &at_a),
			 0);
	assert_memory_equal(at_a.add_ke, at_b.add_ke, sizeof(at_a.add_ke));
	assert_true(use != IKE_USE_INIT || ike_suite_allows(&a, &at_a));
	assert_true(use != IKE_USE_INIT || ike_suite_allows(&b, &at_a));
	return ike_choice_format(&at_a, text, sizeof(text));
}

static void words(void **state)
{
	static const char *const same[] = {
		FIRST "-ke1_ecp384",
		FIRST "-ke1_ecp384-ke1_none",
		FIRST "-ecp256-ke1_ecp384-ke1_modp3072-ke3_ecp521-ke7_modp4096",
	};
	char text[160];
	struct ike_suite suite;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		suite = suite_of(IKE_SUITE_IKE, same[i]);
		assert_string_equal(ike_suite_format(&suite, text,
						     sizeof(text)),
				    same[i]);
	}
	/* In whatever order, and twice is once. */
	suite = suite_of(IKE_SUITE_ESP,
			 "aes256gcm16-ke2_ecp521-ke1_ecp384-ke1_ecp384-x25519");
	assert_string_equal(ike_suite_format(&suite, text, sizeof(text)),
			    "aes256gcm16-x25519-ke1_ecp384-ke2_ecp521");
	assert_int_equal(suite.props[0].n_add_ke[0], 1);
}

static void words_that_do_not_fit(void **state)
{
	(void)state;
	assert_string_equal(refused(IKE_SUITE_IKE, FIRST "-ke1_x25519"),
			    "\"x25519\" stands there twice, as \"ke1_x25519\" as "
			    "well, and no key exchange is done twice (RFC 9370); "
			    "leave one of them out");
	assert_non_null(strstr(refused(IKE_SUITE_IKE,
				       FIRST "-ke1_ecp384-ke4_ecp384"),
			       "\"ecp384\" stands there twice, as \"ke4_ecp384\""));
	assert_string_equal(refused(IKE_SUITE_ESP, "aes256gcm16-ke1_ecp384"),
			    "\"ke1_ecp384\" comes in addition to a key exchange, "
			    "and there is none; add one, such as x25519");
	assert_non_null(strstr(refused(IKE_SUITE_IKE, FIRST "-ke1_sha256"),
			       "\"sha256\" is no key exchange"));
	assert_non_null(strstr(refused(IKE_SUITE_IKE, FIRST "-ke2_modp1024"),
			       "\"modp1024\" is too weak"));
	assert_string_equal(refused(IKE_SUITE_IKE, FIRST "-ke1_mlkem786"),
			    "unknown algorithm \"ke1_mlkem786\"; did you mean "
			    "\"ke1_mlkem768\"?");
	assert_non_null(strstr(refused(IKE_SUITE_IKE, FIRST "-ke8_ecp384"),
			       "unknown algorithm \"ke8_ecp384\""));
	assert_non_null(strstr(refused(IKE_SUITE_IKE, FIRST "-ke0_ecp384"),
			       "unknown algorithm \"ke0_ecp384\""));
	assert_non_null(strstr(refused(IKE_SUITE_IKE, FIRST "-ke1_"),
			       "unknown algorithm \"ke1_\""));
}

/* The words are there, the sums where libcrypto has them. */
static void ml_kem_needs_libcrypto(void **state)
{
	static const char *const names[] = { "mlkem512", "mlkem768",
					     "mlkem1024" };
	char text[100], back[100];
	struct ike_suite suite;

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), FIRST "-ke1_%s", names[i]);
		if (!ike_kem_available(IKE_KE_ML_KEM_512 + i)) {
			assert_non_null(strstr(refused(IKE_SUITE_IKE, text),
					       "needs OpenSSL 3.5 or later"));
			continue;
		}
		suite = suite_of(IKE_SUITE_IKE, text);
		assert_int_equal(suite.props[0].add_ke[0][0],
				 IKE_KE_ML_KEM_512 + i);
		assert_string_equal(ike_suite_format(&suite, back,
						     sizeof(back)),
				    text);
	}
}

static void each_type_by_itself(void **state)
{
	static const enum ike_sa_use uses[] = { IKE_USE_INIT,
						IKE_USE_IKE_REKEY };
	static const struct {
		const char *ours, *theirs, *both;
	} v[] = {
		{ "ke1_ecp384", "ke1_ecp384", "-ke1_ecp384" },
		/* The preference is the responder's. */
		{ "ke1_ecp384-ke1_ecp521", "ke1_ecp521-ke1_ecp384", "-ke1_ecp521" },
		{ "ke1_ecp384-ke1_none", "ke1_none-ke1_ecp384", "" },
		/* There may be gaps; the number is part of it. */
		{ "ke2_ecp384-ke7_ecp521", "ke7_ecp521-ke2_ecp384",
		  "-ke2_ecp384-ke7_ecp521" },
		{ "ke1_ecp384", "ke2_ecp384", NULL },
		/* Without one only if both ends say so, or do not ask. */
		{ "ke1_ecp384-ke1_none", "ecp256", "" },
		{ "ecp256", "ke1_ecp384-ke1_none", "" },
		{ "ke1_ecp384", "ecp256", NULL },
		{ "ecp256", "ke1_ecp384", NULL },
		{ "ke1_ecp384-ke1_none", "ke1_ecp521-ke1_none", "" },
		{ "ke1_ecp384-ke1_none", "ke1_ecp521", NULL },
		{ "ke1_ecp384", "ke1_ecp521-ke1_none", NULL },
		{ "ke1_ecp384-ke2_ecp521", "ke1_ecp384", NULL },
		{ "ke1_ecp384-ke2_ecp521-ke2_none", "ke1_ecp384", "-ke1_ecp384" },
	};
	char ours[100], theirs[100], both[100];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		for (size_t j = 0; j < 2; j++) {
			const char *got;

			snprintf(ours, sizeof(ours), FIRST "-%s", v[i].ours);
			snprintf(theirs, sizeof(theirs), FIRST "-%s",
				 v[i].theirs);
			snprintf(both, sizeof(both), FIRST "%s",
				 v[i].both ? v[i].both : "");
			got = agreed(uses[j], ours, theirs);
			assert_int_equal(!got, !v[i].both);
			if (got)
				assert_string_equal(got, both);
		}
	/* The proposal after it may do without. */
	assert_string_equal(agreed(IKE_USE_INIT, FIRST "-ke1_ecp384 " FIRST,
				   FIRST),
			    FIRST);
	assert_string_equal(agreed(IKE_USE_CHILD,
				   "aes256gcm16-x25519-ke1_ecp384",
				   "aes256gcm16-x25519-ke1_ecp384"),
			    "aes256gcm16-x25519-ke1_ecp384-esn");
	/* IKE_AUTH has no key exchange at all. */
	assert_string_equal(agreed(IKE_USE_AUTH_CHILD,
				   "aes256gcm16-x25519-ke1_ecp384",
				   "aes256gcm16-x25519-ke1_ecp521"),
			    "aes256gcm16-esn");
}

/* NONE is written where it was offered, and read if it is not. */
static void none_is_said(void **state)
{
	struct ike_suite optional =
		suite_of(IKE_SUITE_IKE, FIRST "-ke1_ecp384-ke1_none");
	struct ike_suite plain = suite_of(IKE_SUITE_IKE, FIRST);
	struct ike_choice choice, back;
	struct ike_slice sa;
	struct ike_proposal prop;
	struct ike_reader r;

	(void)state;
	assert_int_equal(ike_proposal_select(IKE_USE_INIT, &plain, NULL,
					     offer(IKE_USE_INIT,
						   FIRST "-ke1_ecp384-ke1_none"),
					     IKE_KE_X25519, &choice), 0);
	sa = answer(IKE_USE_INIT, &choice);
	r = ike_read(sa);
	assert_int_equal(ike_proposal_next(&r, &prop), 1);
	assert_int_equal(prop.n_transforms, 4);
	assert_int_equal(prop.transforms[3].type, IKE_TRANSFORM_ADD_KE_1);
	assert_int_equal(prop.transforms[3].id, IKE_KE_NONE);
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &optional, sa, &back),
			 0);
	choice.add_none = 0;
	sa = answer(IKE_USE_INIT, &choice);
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &optional, sa, &back),
			 0);
	assert_int_equal(back.add_ke[0], IKE_KE_NONE);
}

static void wrong_answers(void **state)
{
	struct ike_suite must = suite_of(IKE_SUITE_IKE, FIRST "-ke1_ecp384");
	struct ike_suite two =
		suite_of(IKE_SUITE_IKE, FIRST "-ke1_ecp384-ke1_ecp521");
	struct ike_suite plain = suite_of(IKE_SUITE_IKE, FIRST);
	struct ike_choice choice = {
		.number = 1,
		.encr = { IKE_ENCR_AES_GCM_16, 256 },
		.prf = IKE_PRF_HMAC_SHA2_384,
		.ke = IKE_KE_X25519,
		.add_ke = { IKE_KE_ECP_384 },
	}, got;

	(void)state;
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &must,
					    answer(IKE_USE_INIT, &choice),
					    &got), 0);
	assert_true(ike_suite_allows(&two, &choice));
	assert_false(ike_suite_allows(&plain, &choice));
	/* What was not offered, by its kind or its type. */
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &plain,
					    answer(IKE_USE_INIT, &choice),
					    &got), -EINVAL);
	choice.add_ke[0] = IKE_KE_ECP_521;
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &must,
					    answer(IKE_USE_INIT, &choice),
					    &got), -EINVAL);
	choice.add_ke[0] = IKE_KE_ECP_384;
	choice.add_ke[1] = IKE_KE_ECP_521;
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &must,
					    answer(IKE_USE_INIT, &choice),
					    &got), -EINVAL);
	/* Nobody in between can take it away. */
	choice.add_ke[0] = choice.add_ke[1] = IKE_KE_NONE;
	assert_false(ike_suite_allows(&must, &choice));
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &must,
					    answer(IKE_USE_INIT, &choice),
					    &got), -EINVAL);
	choice.add_none = 1;
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &must,
					    answer(IKE_USE_INIT, &choice),
					    &got), -EINVAL);
	/* Two of one type are no choice. */
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &two,
					    offer(IKE_USE_INIT,
						  FIRST "-ke1_ecp384-ke1_ecp521"),
					    &got), -EINVAL);
}

static void what_suites_have_in_common(void **state)
{
	static const struct {
		const char *a, *b, *common;
	} v[] = {
		{ "-ke1_ecp384-ke1_ecp521", "-ke1_ecp521", "-ke1_ecp521" },
		{ "-ke1_ecp384", "-ke1_ecp521", NULL },
		{ "-ke1_ecp384", "", NULL },
		{ "", "-ke1_ecp384", NULL },
		{ "-ke1_ecp384-ke1_none", "", "-ke1_none" },
		{ "", "-ke1_ecp384-ke1_none", "-ke1_none" },
		{ "-ke1_ecp384-ke1_none", "-ke1_none-ke1_ecp521", "-ke1_none" },
	};
	char a[100], b[100], common[100], text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct ike_suite suite, other;

		snprintf(a, sizeof(a), FIRST "%s", v[i].a);
		snprintf(b, sizeof(b), FIRST "%s", v[i].b);
		suite = suite_of(IKE_SUITE_IKE, a);
		other = suite_of(IKE_SUITE_IKE, b);
		ike_suite_common(&suite, &other);
		assert_int_equal(suite.n, v[i].common != NULL);
		if (!suite.n)
			continue;
		snprintf(common, sizeof(common), FIRST "%s", v[i].common);
		assert_string_equal(ike_suite_format(&suite, text,
						     sizeof(text)),
				    common);
	}
}

static void mismatches_are_told(void **state)
{
	struct ike_suite plain = suite_of(IKE_SUITE_IKE, FIRST);
	struct ike_suite must = suite_of(IKE_SUITE_IKE, FIRST "-ke1_ecp384");
	char text[300];

	(void)state;
	assert_string_equal(
		ike_mismatch_format(IKE_USE_INIT, &plain, NULL,
				    offer(IKE_USE_INIT, FIRST "-ke1_ecp384"),
				    text, sizeof(text)),
		"no additional key exchange 1 in common (there ke1_ecp384, here none)");
	assert_string_equal(
		ike_mismatch_format(IKE_USE_INIT, &must, NULL,
				    offer(IKE_USE_INIT,
					  FIRST "-ke1_ecp521-ke2_modp4096"),
				    text, sizeof(text)),
		"no additional key exchange 1 in common (there ke1_ecp521, here ke1_ecp384), "
		"no additional key exchange 2 in common (there ke2_modp4096, here none)");
	assert_string_equal(
		ike_offer_format(offer(IKE_USE_INIT, FIRST "-ke1_ecp384-ke1_none"),
				 text, sizeof(text)),
		FIRST "-ke1_ecp384-ke1_none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(words_that_do_not_fit),
		cmocka_unit_test(ml_kem_needs_libcrypto),
		cmocka_unit_test(each_type_by_itself),
		cmocka_unit_test(none_is_said),
		cmocka_unit_test(wrong_answers),
		cmocka_unit_test(what_suites_have_in_common),
		cmocka_unit_test(mismatches_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

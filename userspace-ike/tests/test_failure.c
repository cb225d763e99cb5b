// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept of two suites that do not fit: types, and the nearest that would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core.h"
#include "testing.h"

static struct ike_suite suite_of(enum ike_suite_kind kind, const char *text,
				 bool legacy)
{
	struct ike_suite suite = { .allow_legacy = legacy };
	char why[200], word[100];

	while (*text) {
		size_t len = strcspn(text, " ");

		memcpy(word, text, len);
		word[len] = 0;
		assert_int_equal(ike_suite_parse(&suite, kind, word, why,
						 sizeof(why)),
				 0);
		text += len + (text[len] == ' ');
	}
	return suite;
}

/* Describes "ours" against an offer of "theirs". */
static struct ike_failure describe(enum ike_sa_use use, const char *ours,
				   const char *theirs, bool they_are_legacy)
{
	enum ike_suite_kind kind = use == IKE_USE_INIT ? IKE_SUITE_IKE :
							 IKE_SUITE_ESP;
	struct ike_suite here = suite_of(kind, ours, false);
	struct ike_suite there = suite_of(kind, theirs, they_are_legacy);
	struct ike_failure f = { 0 };
	uint8_t raw[1024];
	struct ike_builder b;

	ike_build_start(&b, raw, sizeof(raw));
	ike_build_offer(&b, use, &there, 300);
	assert_false(b.w.failed);
	/* Without the generic header of the payload. */
	ike_because_suites(&f, use, &here, NULL,
			   IKE_SLICE(b.w.data + 4, b.w.len - 4));
	return f;
}

static const struct ike_failure_type *type(const struct ike_failure *f,
					   const char *name)
{
	for (unsigned int i = 0; i < f->n_types; i++)
		if (!strcmp(f->types[i].name, name))
			return &f->types[i];
	fail_msg("there is no type %s", name);
	return NULL;
}

static void nearest(void **state)
{
	static const struct {
		enum ike_sa_use use;
		const char *ours, *theirs, *nearest;
	} cases[] = {
		{ IKE_USE_INIT, "aes256gcm16-prfsha384-ecp384",
		  "aes256-sha384-ecp384", "aes256-sha384-prfsha384-ecp384" },
		{ IKE_USE_INIT, "aes256gcm16-prfsha384-ecp384",
		  "aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha384-x25519" },
		/* What we have already stays. */
		{ IKE_USE_INIT, "aes256gcm16-prfsha384-prfsha256-ecp384",
		  "aes128gcm16-prfsha512-prfsha256-ecp384",
		  "aes128gcm16-prfsha256-ecp384" },
		{ IKE_USE_AUTH_CHILD, "aes256gcm16", "aes256-sha256",
		  "aes256-sha256" },
		{ IKE_USE_AUTH_CHILD, "aes256-sha256", "aes256gcm16",
		  "aes256gcm16" },
		{ IKE_USE_CHILD, "aes256gcm16-ecp384", "aes256gcm16-x25519",
		  "aes256gcm16-x25519" },
		{ IKE_USE_CHILD, "aes256gcm16-esn", "aes256gcm16-noesn",
		  "aes256gcm16-noesn" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ike_failure f = describe(cases[i].use, cases[i].ours,
						cases[i].theirs, false);

		assert_string_equal(f.nearest, cases[i].nearest);
		assert_false(f.legacy);
		assert_string_equal(f.ours, cases[i].ours);
	}
}

static void what_differs(void **state)
{
	struct ike_failure f = describe(IKE_USE_INIT,
					"aes256gcm16-prfsha384-ecp384",
					"aes256-sha256-prfsha384-x25519-ecp256",
					false);

	(void)state;
	assert_true(type(&f, "encryption")->differs);
	assert_string_equal(type(&f, "encryption")->theirs, "aes256");
	assert_false(type(&f, "PRF")->differs);
	assert_string_equal(type(&f, "PRF")->ours, "prfsha384");
	assert_true(type(&f, "key exchange")->differs);
	assert_string_equal(type(&f, "key exchange")->theirs, "x25519-ecp256");
}

static void legacy(void **state)
{
	struct ike_failure f = describe(IKE_USE_AUTH_CHILD, "aes256gcm16",
					"aes128-sha1", true);

	(void)state;
	assert_string_equal(f.nearest, "aes128-sha1");
	assert_true(f.legacy);
}

/* Of what is too weak, or not ours, there is no advice to take it. */
static void weak(void **state)
{
	struct ike_suite ours = suite_of(IKE_SUITE_IKE,
					 "aes256gcm16-prfsha384-ecp384", false);
	struct ike_failure f = { 0 };
	uint8_t raw[64];
	size_t n;

	(void)state;
	/* 3DES, HMAC-SHA1, PRF-HMAC-SHA1, MODP-1024. */
	n = unhex("0000002801010004030000080100000303000008030000020300000802"
		  "00000200000008040000" "02",
		  raw);
	ike_because_suites(&f, IKE_USE_INIT, &ours, NULL, IKE_SLICE(raw, n));
	assert_string_equal(f.nearest, "");
	assert_string_equal(type(&f, "encryption")->theirs, "3des");
	/* It is passed over for what is legacy only, or good, behind it. */
	n = unhex("00000034010100050300000801000003" "0300000c0100000c800e0100"
		  "030000080300000c" "0300000802000002" "0000000804000014",
		  raw);
	assert_int_equal(n, 0x34);
	memset(&f, 0, sizeof(f));
	ike_because_suites(&f, IKE_USE_INIT, &ours, NULL, IKE_SLICE(raw, n));
	assert_string_equal(f.nearest, "aes256-sha256-prfsha1-ecp384");
	assert_true(f.legacy);
}

static void nothing_known(void **state)
{
	struct ike_suite ours = suite_of(IKE_SUITE_IKE,
					 "aes256gcm16-prfsha384-ecp384", false);
	struct ike_failure f = { 0 };

	(void)state;
	ike_because_suites(&f, IKE_USE_INIT, &ours, NULL, IKE_SLICE(NULL, 0));
	assert_string_equal(f.theirs, "");
	assert_string_equal(f.nearest, "");
	assert_string_equal(type(&f, "encryption")->ours, "aes256gcm16");
	assert_false(type(&f, "encryption")->differs);
}

static void counting(void **state)
{
	static struct ike_engine e;
	struct ike_tunnel t = { 0 };

	(void)state;
	e.now = 1000;
	ike_because(&e, NULL, IKE_FAILURE_PSK, "IKE_AUTH")->by_us = true;
	ike_failure_keep(&e, &t, false, "a");
	ike_because_done(&e);
	e.now = 2000;
	ike_because(&e, NULL, IKE_FAILURE_PSK, "IKE_AUTH");
	ike_failure_keep(&e, &t, false, "a");
	ike_because_done(&e);
	assert_int_equal(t.failed[0]->count, 2);
	assert_int_equal(t.failed[0]->first_at, 1000);
	assert_int_equal(t.failed[0]->at, 2000);
	/* Whoever says nothing has failed for "other", and not for what was before. */
	ike_failure_keep(&e, &t, false, "a");
	assert_string_equal(ike_failure_name(t.failed[0]->reason), "other");
	assert_int_equal(t.failed[0]->count, 1);
	assert_null(t.failed[1]);
	ike_failure_forget(&t);
	assert_null(t.failed[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest),
		cmocka_unit_test(what_differs),
		cmocka_unit_test(legacy),
		cmocka_unit_test(weak),
		cmocka_unit_test(nothing_known),
		cmocka_unit_test(counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suites as text, offers, choices, answers.
 */
#include "testing.h"

#include "proposal.h"

static struct ike_suite suite_of(enum ike_suite_kind kind, const char *text)
{
	struct ike_suite suite = { 0 };
	char why[128];

	assert_int_equal(ike_suite_parse(&suite, kind, text, why, sizeof(why)),
			 0);
	return suite;
}

/* The SA payload's body of an offer. */
static struct ike_slice offer(enum ike_sa_use use, const char *text,
			      uint64_t spi)
{
	static uint8_t buf[1024];
	struct ike_builder b;
	struct ike_suite suite =
		suite_of(use == IKE_USE_CHILD || use == IKE_USE_AUTH_CHILD ?
				 IKE_SUITE_ESP :
				 IKE_SUITE_IKE,
			 text);

	ike_build_start(&b, buf, sizeof(buf));
	ike_build_offer(&b, use, &suite, spi);
	assert_false(b.w.failed);
	return IKE_SLICE(buf + 4, b.w.len - 4);
}

static void suites_from_text(void **state)
{
	struct ike_suite suite = { 0 };
	char why[128], text[128];

	(void)state;
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_IKE,
					 "aes256gcm16-prfsha384-ecp384", why,
					 sizeof(why)),
			 0);
	assert_string_equal(ike_suite_format(&suite, text, sizeof(text)),
			    "aes256gcm16-prfsha384-ecp384");
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_IKE,
					 "aes256gcm16-sha2-ecp384", why,
					 sizeof(why)),
			 -EINVAL);
	assert_string_equal(why, "unknown algorithm \"sha2\"");
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_IKE,
					 "aes256gcm16-prfsha384-modp1024", why,
					 sizeof(why)),
			 -EINVAL);
	assert_string_equal(why, "unsupported algorithm \"modp1024\"");
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_IKE,
					 "aes256gcm16-prfsha384", why,
					 sizeof(why)),
			 -EINVAL);
	assert_non_null(strstr(why, "names no key exchange"));
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_IKE,
					 "prfsha384-ecp256", why, sizeof(why)),
			 -EINVAL);
	assert_non_null(strstr(why, "names no cipher"));
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_ESP,
					 "aes256gcm16-prfsha384", why,
					 sizeof(why)),
			 -EINVAL);
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_ESP, "", why,
					 sizeof(why)),
			 -EINVAL);
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_ESP,
					 "aes256gcm16-", why, sizeof(why)),
			 -EINVAL);
	/* A failed call adds nothing. */
	assert_string_equal(ike_suite_format(&suite, text, sizeof(text)),
			    "aes256gcm16-prfsha384-ecp384");
	/* Cut, but terminated. */
	assert_string_equal(ike_suite_format(&suite, text, 8), "aes256g");
}

static void our_order_of_ciphers_rules(void **state)
{
	struct ike_suite ours = suite_of(
		IKE_SUITE_IKE,
		"aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp256");
	struct ike_slice sa =
		offer(IKE_USE_INIT,
		      "aes128gcm16-aes256gcm16-prfsha256-prfsha384-ecp256-x25519",
		      0);
	struct ike_choice c;

	(void)state;
	assert_int_equal(ike_proposal_select(IKE_USE_INIT, &ours, NULL, sa,
					     IKE_KE_ECP_256, &c),
			 0);
	assert_int_equal(c.encr.key_bits, 256);
	assert_int_equal(c.prf, IKE_PRF_HMAC_SHA2_384);
	/* But the group of the peer's KE payload saves a round trip. */
	assert_int_equal(c.ke, IKE_KE_ECP_256);
	assert_int_equal(ike_proposal_select(IKE_USE_INIT, &ours, NULL, sa,
					     IKE_KE_MODP_2048, &c),
			 0);
	assert_int_equal(c.ke, IKE_KE_X25519);
}

static void nothing_in_common(void **state)
{
	static const char *const theirs[] = {
		"aes128gcm16-prfsha384-x25519", /* key length */
		"aes256gcm16-prfsha256-x25519", /* PRF */
		"aes256gcm16-prfsha384-ecp521", /* group */
	};
	struct ike_suite ours = suite_of(IKE_SUITE_IKE,
					 "aes256gcm16-prfsha384-x25519");
	struct ike_choice c;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_not_equal(
			ike_proposal_select(IKE_USE_INIT, &ours, NULL,
					    offer(IKE_USE_INIT, theirs[i], 0),
					    IKE_KE_X25519, &c),
			0);
	/* An ESP proposal where one for IKE belongs. */
	assert_int_not_equal(ike_proposal_select(IKE_USE_INIT, &ours, NULL,
						 offer(IKE_USE_CHILD,
						       "aes256gcm16", 1),
						 IKE_KE_X25519, &c),
			     0);
}

static void esp_and_pfs(void **state)
{
	struct ike_suite plain = suite_of(IKE_SUITE_ESP, "aes256gcm16");
	struct ike_suite pfs = suite_of(IKE_SUITE_ESP, "aes256gcm16-ecp256");
	struct ike_suite ike = suite_of(IKE_SUITE_IKE,
					"aes256gcm16-prfsha384-x25519");
	struct ike_choice c;
	struct ike_slice sa;

	(void)state;
	sa = offer(IKE_USE_CHILD, "aes256gcm16", 0xabcdef01);
	assert_int_equal(ike_proposal_select(IKE_USE_CHILD, &plain, &ike, sa,
					     0, &c),
			 0);
	assert_int_equal(c.ke, IKE_KE_NONE);
	assert_int_equal(c.spi, 0xabcdef01);
	/* We want PFS, the peer does not. */
	assert_int_not_equal(ike_proposal_select(IKE_USE_CHILD, &pfs, &ike, sa,
						 0, &c),
			     0);
	/* The peer wants PFS, we do not mind, as long as IKE would do it. */
	sa = offer(IKE_USE_CHILD, "aes256gcm16-x25519", 0x1000);
	assert_int_equal(ike_proposal_select(IKE_USE_CHILD, &plain, &ike, sa,
					     IKE_KE_X25519, &c),
			 0);
	assert_int_equal(c.ke, IKE_KE_X25519);
	sa = offer(IKE_USE_CHILD, "aes256gcm16-modp2048", 0x1000);
	assert_int_not_equal(ike_proposal_select(IKE_USE_CHILD, &plain, &ike,
						 sa, IKE_KE_MODP_2048, &c),
			     0);
	/* In IKE_AUTH groups are not looked at. */
	assert_int_equal(ike_proposal_select(IKE_USE_AUTH_CHILD, &pfs, NULL,
					     sa, 0, &c),
			 0);
	assert_int_equal(c.ke, IKE_KE_NONE);
}

/* Octets of a proposal with one transform changed. */
static void strange_transforms(void **state)
{
	struct ike_suite ours = suite_of(IKE_SUITE_ESP, "aes256gcm16");
	struct ike_choice c;
	uint8_t raw[64];
	size_t n;

	(void)state;
	/* ESP, SPI, AES-GCM-16/256, ESN 0; then with other last transforms. */
	n = unhex("0000002001030402aabbccdd0300000c01000014800e0100"
		  "0000000805000000",
		  raw);
	assert_int_equal(ike_proposal_select(IKE_USE_CHILD, &ours, NULL,
					     IKE_SLICE(raw, n), 0, &c),
			 0);
	raw[n - 1] = 1; /* ESN only */
	assert_int_not_equal(ike_proposal_select(IKE_USE_CHILD, &ours, NULL,
						 IKE_SLICE(raw, n), 0, &c),
			     0);
	raw[n - 4] = 77; /* a type nobody knows */
	assert_int_not_equal(ike_proposal_select(IKE_USE_CHILD, &ours, NULL,
						 IKE_SLICE(raw, n), 0, &c),
			     0);
	raw[n - 4] = 3; /* integrity: an AEAD wants none */
	assert_int_not_equal(ike_proposal_select(IKE_USE_CHILD, &ours, NULL,
						 IKE_SLICE(raw, n), 0, &c),
			     0);
	/* An attribute we do not know on the cipher. */
	n = unhex("0000002001030402aabbccdd0300000c01000014800f0100"
		  "0000000805000000",
		  raw);
	assert_int_not_equal(ike_proposal_select(IKE_USE_CHILD, &ours, NULL,
						 IKE_SLICE(raw, n), 0, &c),
			     0);
}

static void answers(void **state)
{
	struct ike_suite ours = suite_of(IKE_SUITE_IKE,
					 "aes256gcm16-aes128gcm16-prfsha384-"
					 "x25519");
	struct ike_choice c;
	uint8_t buf[256];
	struct ike_builder b;

	(void)state;
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &ours,
					    offer(IKE_USE_INIT,
						  "aes128gcm16-prfsha384-x25519",
						  0),
					    &c),
			 0);
	/* Two ciphers are no choice. */
	assert_int_not_equal(
		ike_proposal_check(IKE_USE_INIT, &ours,
				   offer(IKE_USE_INIT,
					 "aes128gcm16-aes256gcm16-prfsha384-"
					 "x25519",
					 0),
				   &c),
		0);
	/* What was not offered. */
	assert_int_not_equal(ike_proposal_check(IKE_USE_INIT, &ours,
						offer(IKE_USE_INIT,
						      "aes128gcm16-prfsha256-"
						      "x25519",
						      0),
						&c),
			     0);
	/* The answer has the number of the proposal it answers. */
	c.number = 3;
	ike_build_start(&b, buf, sizeof(buf));
	ike_build_answer(&b, IKE_USE_INIT, &c, 0);
	assert_int_equal(buf[8], 3);
	assert_int_not_equal(ike_proposal_check(IKE_USE_INIT, &ours,
						IKE_SLICE(buf + 4, b.w.len - 4),
						&c),
			     0);
}

static void offers_in_words(void **state)
{
	char text[256];
	uint8_t raw[64];
	size_t n;

	(void)state;
	assert_string_equal(ike_offer_format(offer(IKE_USE_CHILD,
						   "aes128gcm16-modp2048", 1),
					     text, sizeof(text)),
			    "aes128gcm16-modp2048");
	/* AES-CBC-128, HMAC-SHA1, something of our own day. */
	n = unhex("0000002c010304040000010003"
		  "00000c0100000c800e0080"
		  "0300000803000002"
		  "0300000804000063"
		  "0000000805000000",
		  raw);
	raw[3] = (uint8_t)n;
	assert_string_equal(ike_offer_format(IKE_SLICE(raw, n), text,
					     sizeof(text)),
			    "aes128-sha1-ke#99");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suites_from_text),
		cmocka_unit_test(our_order_of_ciphers_rules),
		cmocka_unit_test(nothing_in_common),
		cmocka_unit_test(esp_and_pfs),
		cmocka_unit_test(strange_transforms),
		cmocka_unit_test(answers),
		cmocka_unit_test(offers_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

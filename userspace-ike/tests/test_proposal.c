// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suites as text, offers, choices, answers.
 */
#include "suites.h"

#include "algorithm.h"

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
	char why[200], text[128];

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
	assert_string_equal(why, "unknown algorithm \"sha2\"; did you mean \"sha256\"?");
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_IKE,
					 "aes256gcm16-prfsha384-modp1024", why,
					 sizeof(why)),
			 -EINVAL);
	assert_string_equal(why, "\"modp1024\" is too weak: use modp2048, or "
				 "better x25519 or ecp384");
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

/* What people write who know the names of others, or whose finger slipped. */
static void nearest_words(void **state)
{
	static const char *const words[][2] = {
		{ "aes256gcm", "aes256gcm16" },	  { "aes256gcm17", "aes256gcm16" },
		{ "aes265gcm16", "aes256gcm16" }, { "aes256cbc", "aes256" },
		{ "sha256_128", "sha256" },	  { "sha265", "sha256" },
		{ "prfsha348", "prfsha384" },	  { "curve25519", NULL },
		{ "x25591", "x25519" },		  { "modp2084", "modp2048" },
		{ "chacha20", "chacha20poly1305" }, { "ecp382", "ecp384" },
		{ "dh20", NULL },		  { "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *near = ike_algorithm_nearest(words[i][0], strlen(words[i][0]));

		if (words[i][1])
			assert_string_equal(near ? near : words[i][0], words[i][1]);
		else
			assert_null(near);
	}
}

static void weak_words(void **state)
{
	static const char *const weak[] = {
		"des", "3des", "null", "md5", "prfmd5", "modp768", "modp1024",
		"modp1536", "modp1024s160", "modp2048s224", "modp2048s256",
	};
	char text[64], want[64], why[200];
	struct ike_suite suite;

	(void)state;
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		snprintf(text, sizeof(text), "aes256-sha256-modp2048-%s",
			 weak[i]);
		snprintf(want, sizeof(want), "\"%s\" is too weak: use ",
			 weak[i]);
		assert_ptr_equal(strstr(refused(IKE_SUITE_IKE, text), want),
				 refused(IKE_SUITE_IKE, text));
		if (strncmp(weak[i], "prf", 3))
			assert_non_null(strstr(refused(IKE_SUITE_ESP, text),
					       want));
	}
	/* SHA-1 only where it is allowed. */
	assert_string_equal(refused(IKE_SUITE_ESP, "aes128-sha1"),
			    "\"sha1\" is too weak: use sha256 or better, or set "
			    "allow-legacy = true if the peer has nothing better");
	assert_non_null(strstr(refused(IKE_SUITE_IKE,
				       "aes128gcm16-prfsha1-modp2048"),
			       "\"prfsha1\" is too weak"));
	suite = (struct ike_suite){ .allow_legacy = true };
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_IKE,
					 "aes128-sha1-modp2048", why,
					 sizeof(why)),
			 0);
	assert_string_equal(ike_suite_format(&suite, text, sizeof(text)),
			    "aes128-sha1-prfsha1-modp2048");
	/* Which does not make MD5 any better. */
	assert_int_not_equal(ike_suite_parse(&suite, IKE_SUITE_IKE,
					     "aes128-md5-modp2048", why,
					     sizeof(why)),
			     0);
	assert_string_equal(refused(IKE_SUITE_IKE,
				    "aes256gcm16-prfsha384-brainpool"),
			    "unknown algorithm \"brainpool\"; expected names with "
			    "\"-\" between them, which ipsvti.conf(5) lists");
	assert_non_null(strstr(refused(IKE_SUITE_IKE,
				       "aes256gcm16-prfsha384-ecp256bp"),
			       "unsupported algorithm \"ecp256bp\": use "));
	assert_non_null(strstr(refused(IKE_SUITE_IKE,
				       "aes256gcm16-prfsha384-mlkem768"),
			       "\"mlkem768\" is done in addition to another key exchange only; use x25519-ke1_mlkem768"));
}

/* Every word of the manual page, and how a suite is written back. */
static void all_words(void **state)
{
	static const char *const encr[] = {
		"aes128gcm16", "aes192gcm16", "aes256gcm16", "aes128gcm12",
		"aes192gcm12", "aes256gcm12", "aes128gcm8", "aes192gcm8",
		"aes256gcm8", "chacha20poly1305", "aes128-sha256",
		"aes256-sha256", "aes128-sha384", "aes256-sha384",
		"aes128-sha512", "aes256-sha512",
	};
	static const char *const ke[] = { "x25519", "ecp256", "ecp384",
					  "ecp521", "modp2048", "modp3072",
					  "modp4096" };
	char text[100], back[100];
	struct ike_suite suite;

	(void)state;
	for (size_t i = 0; i < sizeof(encr) / sizeof(encr[0]); i++) {
		const char *group = ke[i % (sizeof(ke) / sizeof(ke[0]))];

		snprintf(text, sizeof(text), "%s-prfsha512-%s", encr[i], group);
		suite = suite_of(IKE_SUITE_IKE, text);
		assert_string_equal(ike_suite_format(&suite, back,
						     sizeof(back)),
				    text);
		snprintf(text, sizeof(text), "%s-%s-noesn", encr[i], group);
		suite = suite_of(IKE_SUITE_ESP, text);
		assert_string_equal(ike_suite_format(&suite, back,
						     sizeof(back)),
				    text);
		/* And the kernel has it. */
		assert_non_null(ike_esp_transform(&suite.props[0].encr[0],
						  suite.props[0].integ[0]));
	}
	suite = suite_of(IKE_SUITE_ESP, "aes128gmac-aes192gmac-aes256gmac");
	assert_int_equal(suite.props[0].n_encr, 3);
	/* Without a PRF: that of the same hash. */
	suite = suite_of(IKE_SUITE_IKE, "aes256-sha384-sha256-modp2048");
	assert_string_equal(ike_suite_format(&suite, back, sizeof(back)),
			    "aes256-sha384-sha256-prfsha384-prfsha256-modp2048");
}

static void words_that_do_not_go_together(void **state)
{
	char why[300];
	struct ike_suite suite;

	(void)state;
	assert_non_null(strstr(refused(IKE_SUITE_ESP, "aes256gcm16-aes256-sha256"),
			       "\"aes256gcm16\" and \"aes256\" cannot be in one proposal"));
	assert_string_equal(refused(IKE_SUITE_ESP, "aes256gcm16-sha256"),
			    "\"aes256gcm16\" needs no integrity algorithm: "
			    "leave out \"sha256\"");
	assert_string_equal(refused(IKE_SUITE_IKE, "aes256gcm16-sha256-ecp256"),
			    "\"aes256gcm16\" needs no integrity algorithm: "
			    "leave out \"sha256\", and name a PRF (such as "
			    "prfsha384)");
	assert_string_equal(refused(IKE_SUITE_ESP, "aes256-modp2048"),
			    "\"aes256\" needs an integrity algorithm; add one, "
			    "such as sha256");
	assert_string_equal(refused(IKE_SUITE_IKE, "aes256-sha256-modp2048-esn"),
			    "\"esn\" has no place in an IKE suite; leave it out");
	assert_non_null(strstr(refused(IKE_SUITE_IKE,
				       "aes256gmac-prfsha256-modp2048"),
			       "\"aes256gmac\" does not encrypt"));
	/* A peer must not be able to choose that nothing is encrypted. */
	assert_non_null(strstr(refused(IKE_SUITE_ESP, "aes256gcm16-aes256gmac"),
			       "\"aes256gmac\" does not encrypt, so it cannot be "
			       "an alternative to \"aes256gcm16\""));
	suite = suite_of(IKE_SUITE_ESP, "aes256gcm16");
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_ESP, "aes128gmac",
					 why, sizeof(why)),
			 -EINVAL);
	suite = suite_of(IKE_SUITE_ESP, "aes128gmac");
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_ESP, "aes256-sha256",
					 why, sizeof(why)),
			 -EINVAL);
	assert_int_equal(suite.n, 1);
	/* Too many. */
	while (suite.n < IKE_SUITE_MAX)
		ike_suite_parse(&suite, IKE_SUITE_ESP, "aes128gmac", why,
				sizeof(why));
	assert_int_equal(ike_suite_parse(&suite, IKE_SUITE_ESP, "aes128gmac",
					 why, sizeof(why)),
			 -E2BIG);
}

/* What is of different proposals is not put together. */
static void proposals_stay_apart(void **state)
{
	struct ike_suite ours = suite_of(IKE_SUITE_IKE,
					 "aes256gcm16-prfsha384-ecp384 "
					 "aes256-aes128-sha256-modp2048");
	struct ike_suite esp = suite_of(IKE_SUITE_ESP,
					"aes256gcm16-ecp384 aes256-sha512");
	struct ike_choice c;

	(void)state;
	assert_int_not_equal(
		ike_proposal_select(IKE_USE_INIT, &ours, NULL,
				    offer(IKE_USE_INIT,
					  "aes256gcm16-prfsha384-modp2048", 0),
				    IKE_KE_MODP_2048, &c),
		0);
	assert_int_equal(
		ike_proposal_select(IKE_USE_INIT, &ours, NULL,
				    offer(IKE_USE_INIT,
					  "aes128-sha256-modp2048 "
					  "aes256gcm16-prfsha384-ecp384",
					  0),
				    IKE_KE_MODP_2048, &c),
		0);
	/* Our order of proposals, not the peer's; its number comes back. */
	assert_int_equal(c.encr.id, IKE_ENCR_AES_GCM_16);
	assert_int_equal(c.integ, IKE_INTEG_NONE);
	assert_int_equal(c.number, 2);
	assert_true(ike_suite_allows(&ours, &c));
	assert_int_equal(
		ike_proposal_select(IKE_USE_INIT, &ours, NULL,
				    offer(IKE_USE_INIT,
					  "aes128-sha512-sha256-modp2048", 0),
				    IKE_KE_MODP_2048, &c),
		0);
	assert_int_equal(c.encr.id, IKE_ENCR_AES_CBC);
	assert_int_equal(c.encr.key_bits, 128);
	assert_int_equal(c.integ, IKE_INTEG_HMAC_SHA2_256_128);
	assert_int_equal(c.prf, IKE_PRF_HMAC_SHA2_256);
	assert_true(ike_suite_allows(&ours, &c));
	c.ke = IKE_KE_ECP_384;
	assert_false(ike_suite_allows(&ours, &c));
	/* One of ours is without PFS. */
	assert_int_equal(ike_proposal_select(IKE_USE_CHILD, &esp, NULL,
					     offer(IKE_USE_CHILD,
						   "aes256-sha512", 300),
					     0, &c),
			 0);
	assert_int_equal(c.ke, IKE_KE_NONE);
}

static void sequence_numbers(void **state)
{
	static const struct {
		const char *ours, *theirs;
		int esn; /* -1: nothing in common */
	} v[] = {
		{ "aes256gcm16", "aes256gcm16", 1 },
		{ "aes256gcm16", "aes256gcm16-noesn-esn", 1 },
		{ "aes256gcm16-noesn-esn", "aes256gcm16", 0 },
		{ "aes256gcm16", "aes256gcm16-noesn", 0 },
		{ "aes256gcm16-noesn", "aes256gcm16", 0 },
		{ "aes256gcm16-esn", "aes256gcm16", 1 },
		{ "aes256gcm16-esn", "aes256gcm16-noesn", -1 },
		{ "aes256gcm16-noesn", "aes256gcm16-esn", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct ike_suite ours = suite_of(IKE_SUITE_ESP, v[i].ours);
		struct ike_choice c;
		int err = ike_proposal_select(IKE_USE_AUTH_CHILD, &ours, NULL,
					      offer(IKE_USE_AUTH_CHILD,
						    v[i].theirs, 300),
					      0, &c);

		if (v[i].esn < 0) {
			assert_int_not_equal(err, 0);
		} else {
			assert_int_equal(err, 0);
			assert_int_equal(c.esn, v[i].esn);
		}
	}
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
	/* An answer that leaves out what kind of sequence numbers. */
	put_be16(raw + 2, (uint16_t)(n - 8));
	raw[7] = 1;
	raw[12] = 0;
	assert_int_not_equal(ike_proposal_select(IKE_USE_CHILD, &ours, NULL,
						 IKE_SLICE(raw, n - 8), 0, &c),
			     0);
	put_be16(raw + 2, (uint16_t)n);
	raw[7] = 2;
	raw[12] = 3;
	ours = suite_of(IKE_SUITE_ESP, "aes256gcm16-noesn");
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
	/* An answer to the second of two, and one to the first with its number. */
	ours = suite_of(IKE_SUITE_IKE, "aes256gcm16-prfsha384-x25519 "
				       "aes256-sha256-modp2048");
	assert_int_equal(ike_proposal_select(IKE_USE_INIT, &ours, NULL,
					     offer(IKE_USE_INIT,
						   "chacha20poly1305-prfsha256-x25519 "
						   "aes256-sha256-modp2048",
						   0),
					     0, &c),
			 0);
	ike_build_start(&b, buf, sizeof(buf));
	ike_build_answer(&b, IKE_USE_INIT, &c, 0);
	assert_int_equal(ike_proposal_check(IKE_USE_INIT, &ours,
					    IKE_SLICE(buf + 4, b.w.len - 4),
					    &c),
			 0);
	assert_int_equal(c.integ, IKE_INTEG_HMAC_SHA2_256_128);
	buf[8] = 1;
	assert_int_not_equal(ike_proposal_check(IKE_USE_INIT, &ours,
						IKE_SLICE(buf + 4, b.w.len - 4),
						&c),
			     0);
	buf[8] = 0;
	assert_int_not_equal(ike_proposal_check(IKE_USE_INIT, &ours,
						IKE_SLICE(buf + 4, b.w.len - 4),
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

static void mismatches_in_words(void **state)
{
	struct ike_suite ours = suite_of(IKE_SUITE_IKE,
					 "aes256gcm16-prfsha384-ecp384 "
					 "aes256-sha256-modp2048");
	char text[300];
	uint8_t raw[64];
	size_t n;

	(void)state;
	/* 3DES, HMAC-SHA1, PRF-HMAC-SHA1, MODP-1024. */
	n = unhex("0000002801010004030000080100000303000008030000020300000802"
		  "00000200000008040000" "02",
		  raw);
	assert_int_equal(n, 0x28);
	assert_string_equal(
		ike_mismatch_format(IKE_USE_INIT, &ours, NULL, IKE_SLICE(raw, n),
				    text, sizeof(text)),
		"no encryption in common (there 3des, here aes256gcm16), no PRF "
		"in common (there prfsha1, here prfsha384), no key exchange in "
		"common (there modp1024, here ecp384); 3des, prfsha1, modp1024 "
		"are too weak");
	/* The nearest two are told. */
	assert_string_equal(
		ike_mismatch_format(IKE_USE_INIT, &ours, NULL,
				    offer(IKE_USE_INIT,
					  "aes128gcm16-prfsha512-x25519 "
					  "aes256-sha512-prfsha256-modp2048",
					  0),
				    text, sizeof(text)),
		"no integrity in common (there sha512, here sha256)");
	/* A proposal for something else. */
	assert_string_equal(ike_mismatch_format(IKE_USE_INIT, &ours, NULL,
						offer(IKE_USE_CHILD,
						      "aes128gcm16", 300),
						text, sizeof(text)),
			    "no proposal of the right form");
	ours = suite_of(IKE_SUITE_ESP, "aes256gcm16-ecp384-esn");
	assert_string_equal(
		ike_mismatch_format(IKE_USE_CHILD, &ours, NULL,
				    offer(IKE_USE_CHILD, "aes256gcm16-noesn",
					  300),
				    text, sizeof(text)),
		"no key exchange in common (there none, here ecp384), no "
		"sequence numbers in common (there noesn, here esn)");
	/* Cut, but terminated. */
	ike_mismatch_format(IKE_USE_CHILD, &ours, NULL,
			    offer(IKE_USE_CHILD, "aes256gcm16-noesn", 300),
			    text, 12);
	assert_string_equal(text, "no key exch");
}

/* What nobody may use any more (RFC 8247), by its number: refused, and named. */
static void what_to_avoid_is_named(void **state)
{
	static const struct {
		uint8_t type;
		uint16_t id;
		const char *name;
	} avoid[] = {
		{ IKE_TRANSFORM_ENCR, 1, "des-iv64" },
		{ IKE_TRANSFORM_ENCR, 2, "des" },
		{ IKE_TRANSFORM_ENCR, 3, "3des" },
		{ IKE_TRANSFORM_PRF, 1, "prfmd5" },
		{ IKE_TRANSFORM_PRF, 2, "prfsha1" },
		{ IKE_TRANSFORM_INTEG, 1, "md5" },
		{ IKE_TRANSFORM_INTEG, 2, "sha1" },
		{ IKE_TRANSFORM_KE, 1, "modp768" },
		{ IKE_TRANSFORM_KE, 2, "modp1024" },
		{ IKE_TRANSFORM_KE, 5, "modp1536" },
		{ IKE_TRANSFORM_KE, 22, "modp1024s160" },
		{ IKE_TRANSFORM_KE, 23, "modp2048s224" },
		{ IKE_TRANSFORM_KE, 24, "modp2048s256" },
		{ 0, 0, NULL },
	};
	struct ike_suite ours = suite_of(IKE_SUITE_IKE,
					 "aes256-sha256-prfsha256-modp2048");

	(void)state;
	for (size_t i = 0; i < sizeof(avoid) / sizeof(avoid[0]); i++) {
		/* AES-CBC with 256 bits, and the others. */
		uint16_t ids[5] = { 0, 12, 5, 12, 14 };
		char text[300], want[80];
		uint8_t raw[64] = { 0, 0, 0, 0, 1, IKE_PROTO_IKE, 0, 4 };
		struct ike_choice c;
		size_t n = 8;
		int err;

		ids[avoid[i].type] = avoid[i].id;
		for (uint8_t type = 1; type < 5; type++) {
			bool key = type == IKE_TRANSFORM_ENCR && ids[type] == 12;

			raw[n] = type < 4 ? 3 : 0;
			raw[n + 3] = key ? 12 : 8;
			raw[n + 4] = type;
			put_be16(raw + n + 6, ids[type]);
			if (key)
				unhex("800e0100", raw + n + 8);
			n += raw[n + 3];
		}
		put_be16(raw + 2, (uint16_t)n);
		err = ike_proposal_select(IKE_USE_INIT, &ours, NULL,
					  IKE_SLICE(raw, n), ids[4], &c);
		/* The last one is as it should be. */
		if (!avoid[i].name) {
			assert_int_equal(err, 0);
			continue;
		}
		assert_int_not_equal(err, 0);
		ike_mismatch_format(IKE_USE_INIT, &ours, NULL, IKE_SLICE(raw, n),
				    text, sizeof(text));
		snprintf(want, sizeof(want), "no %s in common (there %s, here ",
			 ike_transform_type_name(avoid[i].type), avoid[i].name);
		assert_ptr_equal(strstr(text, want), text);
		snprintf(want, sizeof(want), "); %s is too weak", avoid[i].name);
		assert_string_equal(strrchr(text, ')'), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suites_from_text),
		cmocka_unit_test(nearest_words),
		cmocka_unit_test(weak_words),
		cmocka_unit_test(all_words),
		cmocka_unit_test(words_that_do_not_go_together),
		cmocka_unit_test(proposals_stay_apart),
		cmocka_unit_test(sequence_numbers),
		cmocka_unit_test(our_order_of_ciphers_rules),
		cmocka_unit_test(nothing_in_common),
		cmocka_unit_test(esp_and_pfs),
		cmocka_unit_test(strange_transforms),
		cmocka_unit_test(answers),
		cmocka_unit_test(offers_in_words),
		cmocka_unit_test(mismatches_in_words),
		cmocka_unit_test(what_to_avoid_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Files with keys. */
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"

#define K16 "000102030405060708090a0b0c0d0e0f"
#define K16B "f00102030405060708090a0b0c0d0e0F"
#define K32 K16 K16B
#define S4 "a1a2a3a4"

static enum ctl_status parse(struct ctl *ctl, const char *text,
			     enum ipsvti_alg alg, struct ipsvti_pair *pair)
{
	/* Exactly as long as it is, so that a step too far is seen. */
	size_t len = strlen(text);
	char *copy = malloc(len + !len);
	enum ctl_status status;

	memset(ctl, 0, sizeof(*ctl));
	memset(pair, 0, sizeof(*pair));
	memcpy(copy, text, len);
	status = keyfile_parse(ctl, "keys", copy, len, alg, pair);
	free(copy);
	return status;
}

static void check_in(const struct ipsvti_pair *pair)
{
	static const uint8_t k16[] = { 0, 1, 2,	 3,  4,	 5,  6,	 7,
				       8, 9, 10, 11, 12, 13, 14, 15 };

	assert_memory_equal(pair->in.key, k16, 16);
	assert_memory_equal(pair->in.salt, "\xa1\xa2\xa3\xa4", 4);
	assert_int_equal(pair->in.key_len, 16);
	assert_int_equal(pair->in.salt_len, 4);
	assert_true(pair->in.has == (IPSVTI_HAS(IPSVTI_A_SA_KEY) |
				     IPSVTI_HAS(IPSVTI_A_SA_SALT)));
	assert_int_equal(pair->out.key[0], 0xf0);
	assert_int_equal(pair->out.key[15], 0x0f);
	assert_true(pair->out.has == pair->in.has);
}

static void forms(void **state)
{
	static const char *const good[] = {
		"in " K16 " " S4 "\nout " K16B " " S4 "\n",
		"out " K16B " " S4 "\nin " K16
		" " S4, /* no newline at its end */
		"in 0x" K16 S4 "\nout 0x" K16B S4 "\n",
		"in " K16 S4 "\nout 0X" K16B " 0x" S4 "\n",
		"# a comment\n\n \t \n\tin\t" K16 "  " S4 " # another\n"
		"out " K16B " " S4 "#\n",
		"in " K16 " " S4 "\r\nout " K16B " " S4 "\r\n",
	};
	struct ipsvti_pair pair;
	struct ctl ctl;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (parse(&ctl, good[i], IPSVTI_ALG_AES_GCM_16_128, &pair))
			fail_msg("form %zu: %s", i, ctl.err.text);
		check_in(&pair);
	}
	assert_int_equal(parse(&ctl,
			       "in " K32 " " S4 "\nout " K32 " 00000000\n",
			       IPSVTI_ALG_AES_GCM_16_256, &pair),
			 CTL_OK);
	assert_int_equal(pair.in.key_len, 32);
	assert_true(pair.in.has & IPSVTI_HAS(IPSVTI_A_SA_SALT));
}

/* Two keys and no salt, as two words or as one. */
static void two_keys(void **state)
{
	static const char *const good[] = {
		"in " K16 " " K32 "\nout " K16B " " K32 "\n",
		"in " K16 K32 "\nout " K16B K32 "\n",
	};
	const enum ipsvti_alg alg = IPSVTI_ALG_AES_CBC_128_HMAC_SHA2_256_128;
	struct ipsvti_pair pair;
	struct ctl ctl;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(parse(&ctl, good[i], alg, &pair), CTL_OK);
		assert_int_equal(pair.in.key_len, 48);
		assert_int_equal(pair.in.salt_len, 0);
		assert_false(pair.in.has & IPSVTI_HAS(IPSVTI_A_SA_SALT));
		assert_memory_equal(pair.in.key, "\x00\x01", 2);
	}
	assert_int_equal(parse(&ctl, "in " K16 " " S4 "\n", alg, &pair),
			 CTL_USAGE);
	assert_contains(ctl.err.text,
			"aes-cbc-128-hmac-sha2-256-128 wants 48 and 0");
}

static void refused(void **state)
{
#define OUT "\nout " K16B " " S4 "\n"
	static const struct {
		const char *text;
		const char *error;
	} bad[] = {
		{ "", "keys: no line \"in KEY SALT\"" },
		{ "in " K16 " " S4 "\n", "keys: no line \"out KEY SALT\"" },
		{ "# in " K16 " " S4 OUT, "keys: no line \"in KEY SALT\"" },
		{ "in" OUT,
		  "keys:1: a key of 0 and a salt of 0 octets: aes-gcm-16-128 wants 16 and 4" },
		{ "in " K16 OUT, "keys:1: a key of 16 and a salt of 0 octets" },
		{ "in " K16 "00 " S4 OUT, "a key of 17 and a salt of 4" },
		{ "in " K16 "00 a1a2a3" OUT, "a key of 17 and a salt of 3" },
		{ "in " K32 " " S4 OUT, "a key of 32 and a salt of 4" },
		{ "in " K16 S4 "00" OUT, "a key of 16 and a salt of 5" },
		{ "in " K32 K32 K32 K32 OUT, "a key of 16 and a salt of 112" },
		{ "in " K16 " " S4 " 00" OUT, "more than a key and a salt" },
		{ "in " K16 "0 " S4 OUT, "an odd number of hexadecimal" },
		{ "in 0x0x" K16 " " S4 OUT, "expected hexadecimal digits" },
		{ "in " K16 " a1a2a3g4" OUT, "expected hexadecimal digits" },
		{ "in -" K16 "1 " S4 OUT, "expected hexadecimal digits" },
		{ "\n\nIN " K16 " " S4 OUT,
		  "keys:3: expected \"in KEY SALT\"" },
		{ K16 OUT, "keys:1: expected \"in KEY SALT\"" },
		{ "in " K16 " " S4 "\nin " K16 " " S4 OUT,
		  "keys:2: a second line \"in\"" },
		{ "in " K16B " " S4 OUT, "same key and salt" },
	};
	struct ipsvti_pair pair;
	struct ctl ctl;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(&ctl, bad[i].text, IPSVTI_ALG_AES_GCM_16_128,
			  &pair) != CTL_USAGE)
			fail_msg("case %zu was taken", i);
		assert_contains(ctl.err.text, bad[i].error);
	}
}

/* Complaints go to logs; nothing that was meant as a key does. */
static void never_in_complaints(void **state)
{
	static const char *const bad[] = {
		"in 5ec2e75ec2e7zz " S4 "\n",
		"5ec2e75ec2e7 " S4 "\n",
		"in " K16 " " S4 " 5ec2e75ec2e7\n",
		"in 5ec2e75ec2e7\n",
		"5ec2e75ec2e7 in\n",
	};
	struct ipsvti_pair pair;
	struct ctl ctl;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&ctl, bad[i], IPSVTI_ALG_AES_GCM_16_128,
				       &pair),
				 CTL_USAGE);
		assert_null(strstr(ctl.err.text, "5ec2e7"));
	}
}

/* Each octet of a good file changed to each of some others: no harm. */
static void damaged(void **state)
{
	static const char good[] = "in " K16 " " S4 "\nout 0x" K16B S4 " # x\n";
	static const char other[] = { 0, ' ', '\n', '#', 'x', '0', -1 };
	char text[sizeof(good)];
	struct ipsvti_pair pair;
	struct ctl ctl;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(good) - 1; i++) {
		for (j = 0; j < sizeof(other); j++) {
			memcpy(text, good, sizeof(good));
			text[i] = other[j];
			memset(&pair, 0, sizeof(pair));
			keyfile_parse(&ctl, "keys", text, sizeof(good) - 1,
				      IPSVTI_ALG_AES_GCM_16_128, &pair);
		}
	}
}

static void modes(void **state)
{
	static const struct {
		mode_t mode;
		enum ctl_status status;
	} modes[] = {
		{ 0600, CTL_OK },    { 0400, CTL_OK },	  { 0700, CTL_OK },
		{ 0640, CTL_USAGE }, { 0604, CTL_USAGE }, { 0620, CTL_USAGE },
		{ 0644, CTL_USAGE }, { 0601, CTL_USAGE },
	};
	static const char text[] = "in " K16 " " S4 "\nout " K16B " " S4 "\n";
	char path[] = "/tmp/ipsvti-keys-XXXXXX";
	struct ipsvti_pair pair;
	struct ctl ctl;
	size_t i;
	int fd;

	(void)state;
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		fchmod(fd, modes[i].mode);
		memset(&pair, 0, sizeof(pair));
		assert_int_equal(keyfile_read(&ctl, path,
					      IPSVTI_ALG_AES_GCM_16_128, &pair),
				 modes[i].status);
		if (modes[i].status == CTL_OK) {
			check_in(&pair);
			continue;
		}
		assert_contains(ctl.err.text, "others than its owner");
		assert_contains(ctl.err.text, "chmod 600 ");
	}
	fchmod(fd, 0600);
	while (lseek(fd, 0, SEEK_END) <= KEYFILE_MAX)
		assert_int_equal(write(fd, "# too much\n", 11), 11);
	memset(&pair, 0, sizeof(pair));
	assert_int_equal(keyfile_read(&ctl, path, IPSVTI_ALG_AES_GCM_16_128,
				      &pair),
			 CTL_USAGE);
	assert_contains(ctl.err.text, "longer than any key file");
	close(fd);
	unlink(path);
	assert_int_equal(keyfile_read(&ctl, path, IPSVTI_ALG_AES_GCM_16_128,
				      &pair),
			 CTL_USAGE);
	assert_contains(ctl.err.text, "No such file");
	assert_int_equal(keyfile_read(&ctl, "/", IPSVTI_ALG_AES_GCM_16_128,
				      &pair),
			 CTL_USAGE);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(forms),
	cmocka_unit_test(two_keys),
	cmocka_unit_test(refused),
	cmocka_unit_test(never_in_complaints),
	cmocka_unit_test(damaged),
	cmocka_unit_test(modes),
};

SUITE(keyfile_suite, tests);

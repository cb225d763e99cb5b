// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Presets, and warnings of what a peer may choose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "folder.h"
#include "proposal.h"

#define ENDS                          \
	"local = \"192.0.2.1\"\n"     \
	"remote = \"198.51.100.2\"\n" \
	"psk-file = \"a.psk\"\n"

static const char *const names[] = { "aws", "azure", "gcp", "strong" };

#define N_NAMES (sizeof(names) / sizeof(names[0]))

struct fixture {
	struct folder folder;
	char errors[8192];
	char warnings[8192];
	struct conf_errors sink;
};

static void collect(const struct fixture *f, char *to, size_t size,
		    const char *text)
{
	size_t len = strlen(to), dir = strlen(f->folder.path);

	if (!strncmp(text, f->folder.path, dir))
		text += dir + 1;
	snprintf(to + len, size - len, "%s\n", text);
}

static void report(void *arg, const char *text)
{
	struct fixture *f = arg;

	collect(f, f->errors, sizeof(f->errors), text);
}

static void warn(void *arg, const char *text)
{
	struct fixture *f = arg;

	collect(f, f->warnings, sizeof(f->warnings), text);
}

static void put(const struct fixture *f, const char *name, const char *text)
{
	folder_put(&f->folder, name, text, 0600);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (folder_make(&f->folder, "preset"))
		return -1;
	f->sink = (struct conf_errors){ .report = report, .warn = warn, .arg = f };
	put(f, "a.psk", "the secret\n");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int ret = folder_remove(&f->folder);

	free(f);
	return ret;
}

static struct conf_tunnel *load(struct fixture *f, const char *text)
{
	struct conf_tunnel *tunnel;

	put(f, "a.conf", text);
	f->errors[0] = '\0';
	f->warnings[0] = '\0';
	f->sink.count = 0;
	tunnel = conf_tunnel_load(folder_file(&f->folder, "a.conf"), &f->sink);
	assert_int_equal(tunnel != NULL, f->sink.count == 0);
	return tunnel;
}

static struct conf_tunnel *load_preset(struct fixture *f, const char *name,
				       const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text), ENDS "preset = %s\n%s", name, more);
	return load(f, text);
}

/* ---- what they say -------------------------------------------------------- */

static void test_values(void **state)
{
	static const struct {
		const char *name;
		enum conf_preset preset;
		const char *ike, *esp;
		uint32_t ike_s, child_s, dpd_s, window;
		uint64_t bytes;
	} all[] = {
		{ "aws", CONF_PRESET_AWS, "aes256gcm16-prfsha384-ecp384",
		  "aes256gcm16-ecp384-noesn", 28200, 3000, 10, 2048, 0 },
		{ "azure", CONF_PRESET_AZURE, "aes256gcm16-prfsha384-ecp384",
		  "aes256gcm16-ecp384-noesn", 25200, 3600, 15, 2048,
		  100000000000 },
		{ "gcp", CONF_PRESET_GCP, "aes256gcm16-prfsha384-ecp384",
		  "aes256gcm16-ecp384-noesn", 32400, 9000, 10, 4096, 0 },
		{ "strong", CONF_PRESET_STRONG, "aes256gcm16-prfsha384-ecp384",
		  "aes256gcm16-ecp384-esn", 14400, 3600, 4, 4096, 0 },
	};
	struct fixture *f = *state;
	struct conf_tunnel *t;
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		t = load_preset(f, all[i].name, "");
		assert_string_equal(f->errors, "");
		assert_string_equal(f->warnings, "");
		assert_int_equal(t->preset, all[i].preset);
		/* One suite: with two, there would be more in the words. */
		assert_string_equal(ike_suite_format(&t->ike.ike, text, sizeof(text)),
				    all[i].ike);
		assert_string_equal(ike_suite_format(&t->ike.esp, text, sizeof(text)),
				    all[i].esp);
		assert_int_equal(t->ike.ike_lifetime_s, all[i].ike_s);
		assert_int_equal(t->ike.child_lifetime_s, all[i].child_s);
		assert_int_equal(t->ike.dpd_interval_s, all[i].dpd_s);
		assert_int_equal(t->ike.replay_window, all[i].window);
		assert_true(t->ike.child_bytes == all[i].bytes);
		assert_int_equal(t->ike.start, IKE_START_ALWAYS);
		assert_int_equal(t->ike.n_local_ts, 0);
		conf_tunnel_free(t);
	}
}

/*
 * AWS rekeys at a random point from 540 to 270 s before the end of an hour, and of
 * eight: ours are over by then.
 */
static void test_before_aws(void **state)
{
	struct conf_tunnel *t = load_preset(*state, "aws", "");

	assert_true(t->ike.child_lifetime_s < 3600 - 540);
	assert_true(t->ike.ike_lifetime_s < 28800 - 540);
	conf_tunnel_free(t);
}

static void test_override(void **state)
{
	struct fixture *f = *state;
	struct conf_tunnel *t;
	char text[128];

	/* Wherever it stands. */
	t = load(f, "esp = aes128gcm16-ecp256\nchild-lifetime = 20m\n"
		    "preset = aws\n" ENDS "start = passive\n");
	assert_string_equal(f->errors, "");
	assert_string_equal(ike_suite_format(&t->ike.esp, text, sizeof(text)),
			    "aes128gcm16-ecp256");
	assert_string_equal(ike_suite_format(&t->ike.ike, text, sizeof(text)),
			    "aes256gcm16-prfsha384-ecp384");
	assert_int_equal(t->ike.child_lifetime_s, 1200);
	assert_int_equal(t->ike.ike_lifetime_s, 28200);
	assert_int_equal(t->ike.start, IKE_START_PASSIVE);
	conf_tunnel_free(t);

	/* A preset is no reason to forget what is wrong with a key of the file. */
	assert_null(load_preset(f, "aws", "dpd-interval = 2h\n"));
	assert_string_equal(f->errors,
			    "a.conf:5: dpd-interval: \"2h\" is out of range; expected 1s to 1h\n");
}

static void test_unknown(void **state)
{
	struct fixture *f = *state;

	assert_null(load_preset(f, "AWS", ""));
	assert_string_equal(
		f->errors,
		"a.conf:4: preset: \"AWS\" is unknown; expected \"aws\", \"azure\", \"gcp\" or \"strong\"\n");
	assert_null(load(f, ENDS "preset = {aws, gcp}\n"));
	assert_null(load(f, ENDS "preset = aws\npreset = gcp\n"));
	assert_string_equal(f->errors,
			    "a.conf:5: \"preset\" is given twice, first in line 4; keep one\n");
}

/* What is about the IKE SA stays that of the tunnel whose IKE SA it is. */
static void test_shared(void **state)
{
	struct fixture *f = *state;
	struct conf_tunnel *b;
	struct conf conf;
	char text[128];

	put(f, "a.conf", ENDS "ike = aes128gcm16-prfsha256-x25519\n"
			      "dpd-interval = 3\nike-lifetime = 1h\n");
	put(f, "b.conf", "ike-sa-of = a\npreset = azure\n");
	assert_int_equal(conf_load(f->folder.path, &conf, &f->sink), 0);
	b = conf_find(&conf, "b");
	assert_string_equal(ike_suite_format(&b->ike.ike, text, sizeof(text)),
			    "aes128gcm16-prfsha256-x25519");
	assert_string_equal(ike_suite_format(&b->ike.esp, text, sizeof(text)),
			    "aes256gcm16-ecp384-noesn");
	assert_int_equal(b->ike.dpd_interval_s, 3);
	assert_int_equal(b->ike.ike_lifetime_s, 3600);
	assert_true(b->ike.child_bytes == 100000000000);
	conf_free(&conf);
}

/*
 * ipsvti.conf(5) shows each preset as the lines that stand for it. Beside ENDS they
 * must make the same tunnel, so that neither says what the other does not.
 */
static void test_manual_page(void **state)
{
	char *lines, *end, heading[64], *text = calloc(1, 65536), path[4096];
	struct conf_tunnel *by_name, *by_lines;
	char file[2048];
	FILE *fp;
	size_t i;

	snprintf(path, sizeof(path), "%.*s/../../../Documentation/man/ipsvti.conf.5",
		 (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
	fp = fopen(path, "re");
	assert_non_null(fp);
	assert_true(fread(text, 1, 65535, fp) > 0);
	fclose(fp);
	for (i = 0; i < N_NAMES; i++) {
		snprintf(heading, sizeof(heading), "\n.TP\n.B %s\n", names[i]);
		lines = strstr(text, heading);
		assert_non_null(lines);
		lines = strstr(lines, "\n.EX\n");
		assert_non_null(lines);
		lines += strlen("\n.EX\n");
		end = strstr(lines, "\n.EE\n");
		assert_non_null(end);
		snprintf(file, sizeof(file), ENDS "%.*s\n", (int)(end - lines),
			 lines);
		by_lines = load(*state, file);
		by_name = load_preset(*state, names[i], "");
		assert_non_null(by_lines);
		if (!conf_tunnel_same(by_name, by_lines))
			fail_msg("ipsvti.conf(5) and the preset %s differ", names[i]);
		conf_tunnel_free(by_lines);
		conf_tunnel_free(by_name);
	}
	free(text);
}

/* ---- what a peer may choose ------------------------------------------------ */

/* The warnings that a file with these lines makes. */
static const char *warnings(struct fixture *f, const char *text)
{
	char whole[1024];

	snprintf(whole, sizeof(whole), ENDS "%s", text);
	conf_tunnel_free(load(f, whole));
	assert_string_equal(f->errors, "");
	return f->warnings;
}

static void test_no_warning(void **state)
{
	static const char *const good[] = {
		"",
		"ike = aes256gcm16-prfsha384-ecp384\n",
		"ike = {aes256gcm16-prfsha384-ecp384, aes256-sha256-modp2048}\n",
		"esp = {aes256gcm16-ecp384, aes128-sha256-x25519}\n",
		"esp = aes256gcm16\n",
		/* Weak, but the peer has no choice to make, and it is said aloud. */
		"allow-legacy = true\nike = aes128-sha1-modp2048\nesp = aes128-sha1\n",
		"esp = aes256gcm8-x25519\n",
		"preset = aws\nike = aes128gcm16-prfsha256-ecp256\n",
		"preset = gcp\nesp = aes128-sha256-modp2048\n",
		"preset = strong\nesp = aes256gcm16-aes128gcm16-ecp384\n",
		"preset = aws\nesp = aes256gcm16-ecp384-esn-noesn\n",
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_string_equal(warnings(*state, good[i]), "");
}

#define LEGACY "allow-legacy = true\n"
#define WILL(line, key, choice)                                                     \
	"a.conf:" line ": " key ": the peer may choose " choice                     \
	", and one that begins with its lowest value, as AWS does, will; leave out" \
	" what is weak unless the peer has nothing better, and then all else\n"
#define AWS(line, key, choice)                                                       \
	"a.conf:" line ": " key ": AWS takes the lowest value that it is configured" \
	" for, whatever the order here: of this list " choice                        \
	"; leave one suite, or remove the key for that of the preset\n"

static void test_warnings(void **state)
{
	struct fixture *f = *state;

	/* In one proposal, in two, and in each part of one. */
	assert_string_equal(warnings(f, LEGACY "ike = aes256-aes128-sha256-sha1-prfsha384-modp2048\n"),
			    WILL("5", "ike", "aes128-sha1-prfsha384-modp2048"));
	assert_string_equal(warnings(f, LEGACY "ike = {aes256gcm16-prfsha384-ecp384,\n"
					       "aes128-sha1-modp2048}\n"),
			    WILL("5", "ike", "aes128-sha1-prfsha1-modp2048"));
	assert_string_equal(warnings(f, LEGACY "ike = aes256gcm16-prfsha256-prfsha1-x25519\n"),
			    WILL("5", "ike", "aes256gcm16-prfsha1-x25519"));
	/* An additional key exchange takes nothing away, be there none. */
	assert_string_equal(warnings(f, "ike = aes256gcm16-prfsha384-x25519-ke1_modp2048-ke1_none\n"),
			    "");
	assert_string_equal(warnings(f, LEGACY "esp = {aes128-sha1, aes256gcm16}\n"),
			    WILL("5", "esp", "aes128-sha1"));
	assert_string_equal(warnings(f, "esp = aes256gcm16-aes256gcm8-x25519\n"),
			    WILL("4", "esp", "aes256gcm8-x25519"));

	/* With a cloud that is known, any choice. */
	assert_string_equal(warnings(f, "preset = aws\nike = aes256gcm16-aes128gcm16-prfsha384-ecp384\n"),
			    AWS("5", "ike", "aes128gcm16-prfsha384-ecp384"));
	assert_string_equal(warnings(f, "preset = aws\nike = aes256gcm16-prfsha384-x25519-ke1_ecp384-ke1_ecp256-ke2_none-ke2_ecp521\n"),
			    AWS("5", "ike", "aes256gcm16-prfsha384-x25519-ke1_ecp256"));
	assert_string_equal(warnings(f, "preset = aws\nesp = {aes256gcm16-ecp384,aes256-sha512-sha256-ecp384-modp2048}\n"),
			    AWS("5", "esp", "aes256-sha256-modp2048"));
	assert_string_equal(warnings(f, "preset = gcp\nesp = aes256gcm16-ecp384-x25519\n"),
			    "a.conf:5: esp: Cloud VPN may take another suite at each rekey, and with it another MTU, down to aes256gcm16-x25519; leave one suite, or remove the key for that of the preset\n");
	assert_string_equal(warnings(f, "preset = azure\nesp = aes256gcm16-aes192gcm16\n"),
			    "a.conf:5: esp: the policy of a connection of Azure is one suite, and without a policy the choice is Azure's, down to aes192gcm16; leave one suite, or remove the key for that of the preset\n");

	assert_string_equal(warnings(f, "esp = {aes256gcm16-ecp384, aes128gcm16}\n"),
			    "a.conf:4: esp: not all proposals have a key exchange, so the peer may rekey without perfect forward secrecy; add one to each, such as ecp384\n");
}

/* Nobody needs to listen, and a file with errors has enough of them. */
static void test_who_hears(void **state)
{
	struct fixture *f = *state;

	assert_null(load(f, LEGACY "ike = {aes256gcm16-prfsha384-ecp384, aes128-sha1-modp2048}\n"));
	assert_string_equal(f->warnings, "");
	f->sink.warn = NULL;
	assert_string_equal(warnings(f, "esp = aes256gcm16-aes256gcm8-x25519\n"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_values),	 T(test_before_aws), T(test_override),
		T(test_unknown), T(test_shared),     T(test_manual_page),
		T(test_no_warning), T(test_warnings), T(test_who_hears),
#undef T
	};

	return cmocka_run_group_tests_name("daemon: preset", tests, NULL, NULL);
}

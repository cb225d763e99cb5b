// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl as it is called, as far as it goes without the module. */
#include "tests.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static char out[8192];

static int ctl(const char *words)
{
	return run(out, sizeof(out), "%s %s", from_env("IPSVTICTL"), words);
}

static void help(void **state)
{
	static const char *const verbs[] = { "add",  "alloc", "activate",
					     "show", "del",   "flush" };
	static const char *const agents[] = { "status", "up", "down", "rekey",
					      "rekey-ike", "reauth",
					      "reload" };
	char words[64];
	size_t i;

	(void)state;
	assert_int_equal(ctl("--help"), 0);
	/* What check says by 2 reload says by 1, and 3 is not only of tunnels. */
	assert_contains(out, "1 refused or could not be asked (a \"reload\" of a wrong file is");
	assert_contains(out, "or the gateway of \"probe\" takes");
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		snprintf(words, sizeof(words), "ipsvtictl sa %s ", verbs[i]);
		assert_int_equal(ctl("--help"), 0);
		assert_contains(out, words);
		snprintf(words, sizeof(words), "sa %s --help", verbs[i]);
		assert_int_equal(ctl(words), 0);
		assert_contains(out, "Usage: ipsvtictl [--json] sa ");
		assert_contains(out, "Example");
	}
	for (i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		snprintf(words, sizeof(words), "ipsvtictl %s ", agents[i]);
		assert_int_equal(ctl("--help"), 0);
		assert_contains(out, words);
		snprintf(words, sizeof(words), "%s --help", agents[i]);
		assert_int_equal(ctl(words), 0);
		assert_contains(out, "Usage: ipsvtictl [--json] ");
		assert_contains(out, "Example");
	}
}

static void usage(void **state)
{
	static const char *const wrong[] = {
		"",
		"sa",
		"sa explode vti0",
		"ring bell",
		"--version",
		"sa show --all",
		"sa show vti0 x",
		"sa show a 1 2",
		"sa del",
		"sa del vti0",
		"sa del vti0 0",
		"sa del vti0 1 grace",
		"sa del vti0 1 grace 3601",
		"sa del vti0 1 2",
		"sa flush",
		"sa flush a b",
		"sa activate vti0",
		"sa alloc vti0 time 0",
		"sa alloc vti0 5",
		"up",
		"up a b",
		"up a wait",
		"up a wait 0",
		"up a wait 5 6",
		"down",
		"rekey",
		"rekey a b",
		"reauth",
		"reload a",
		"status a b",
		"status --socket",
	};
	char words[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(words, sizeof(words), "%s 2>&1 >/dev/null", wrong[i]);
		if (ctl(words) != 2)
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_contains(out, "ipsvtictl: ");
		assert_contains(out, "Try: ipsvtictl ");
	}
}

static json_t *error_of(const char *words)
{
	json_t *all, *error;

	assert_int_not_equal(ctl(words), 0);
	all = json_loads(out, 0, NULL);
	assert_non_null(all);
	error = json_incref(json_object_get(all, "error"));
	json_decref(all);
	assert_non_null(error);
	return error;
}

static void json_errors(void **state)
{
	json_t *error;

	(void)state;
	error = error_of("--json sa del 'quo\"te' x 2>&1 >/dev/null");
	assert_string_equal(json_string_value(json_object_get(error, "name")),
			    "EINVAL");
	assert_int_equal(json_integer_value(json_object_get(error, "code")),
			 22);
	assert_contains(json_string_value(json_object_get(error, "text")),
			"\"x\" after \"quo\"te\": expected a number");
	json_decref(error);
	error = error_of("sa flush no-such-device -j 2>&1 >/dev/null");
	assert_string_equal(json_string_value(json_object_get(error, "name")),
			    "ENODEV");
	json_decref(error);
	/* What would not be JSON is refused. */
	error = error_of("--json metrics 2>&1");
	assert_contains(json_string_value(json_object_get(error, "text")), "leave --json out");
	json_decref(error);
}

static void no_device(void **state)
{
	(void)state;
	assert_int_equal(ctl("sa show no-such-device 2>&1"), 1);
	assert_string_equal(
		out, "ipsvtictl: there is no device \"no-such-device\"\n");
}

/* The keys before the kernel. */
static void keys_from_standard_input(void **state)
{
	(void)state;
	assert_int_equal(
		ctl("sa add lo in spi 256 out spi 257 alg aes-gcm-16-256 keys - </dev/null 2>&1"),
		2);
	assert_contains(out, "standard input: no line \"in KEY SALT\"");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(help),
	cmocka_unit_test(usage),
	cmocka_unit_test(json_errors),
	cmocka_unit_test(no_device),
	cmocka_unit_test(keys_from_standard_input),
};

SUITE(cli_suite, tests);

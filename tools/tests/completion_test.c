// SPDX-License-Identifier: GPL-2.0-or-later
/* Completion for bash knows each verb that there is. */
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is offered for a last word, behind others. */
static void offered(char *out, size_t len, const char *words, int count, const char *last)
{
	assert_int_equal(run(out, len,
			     "bash -c '. %s; ipsvtictl() { :; }; COMP_WORDS=(ipsvtictl %s \"%s\") COMP_CWORD=%d; _ipsvtictl; echo \" ${COMPREPLY[*]} \"' 2>&1",
			     from_env("COMPLETION"), words, last, count + 1),
			 0);
}

static void verbs(void **state)
{
	char help[8192], out[2048], sa[512], word[64], *line, *next = help;
	unsigned int n = 0;

	(void)state;
	assert_int_equal(run(help, sizeof(help), "%s --help", from_env("IPSVTICTL")), 0);
	offered(out, sizeof(out), "", 0, "");
	offered(sa, sizeof(sa), "sa", 1, "");
	while ((line = strsep(&next, "\n"))) {
		char object[24], verb[24];

		if (sscanf(line, "  ipsvtictl %23s %23s", object, verb) != 2)
			continue;
		n++;
		snprintf(word, sizeof(word), " %s ", strcmp(object, "sa") ? object : verb);
		assert_contains(strcmp(object, "sa") ? out : sa, word);
	}
	assert_true(n > 15);
}

static void words(void **state)
{
	char out[512];

	(void)state;
	offered(out, sizeof(out), "", 0, "ex");
	assert_string_equal(out, " explain \n");
	/* Options are no words. */
	offered(out, sizeof(out), "--json -s /x up vti0", 5, "");
	assert_string_equal(out, " wait \n");
	offered(out, sizeof(out), "metrics", 1, "");
	assert_string_equal(out, " listen \n");
	offered(out, sizeof(out), "sa del vti0 3", 4, "");
	assert_string_equal(out, " grace \n");
	offered(out, sizeof(out), "sa add vti0", 3, "re");
	assert_string_equal(out, " replay-window remote \n");
	offered(out, sizeof(out), "sa flush vti0", 3, "");
	assert_string_equal(out, "  \n");
}

/* The names of tunnels are those of the status, and nothing else that is called a name there. */
static void names(void **state)
{
	static const char *const verbs[] = { "status", "explain", "show", "up", "down", "rekey", "rekey-ike", "reauth", "monitor" };
	static const char status[] =
		"{\n    \"tunnels\": [\n        {\n            \"name\": \"north\",\n            \"state\": \"up\",\n"
		"            \"interface\": \"vti7\"\n        },\n        {\n            \"interface\": \"vti8\",\n"
		"            \"name\": \"no.2\"\n        }\n    ]\n}\n";
	char out[512];

	(void)state;
	assert_int_equal(setenv("STATUS", status, 1), 0);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		assert_int_equal(run(out, sizeof(out),
				     "bash -c '. %s; ipsvtictl() { [ \"$*\" = \"--json status\" ] && printf %%s \"$STATUS\"; }; COMP_WORDS=(ipsvtictl %s no) COMP_CWORD=2; _ipsvtictl; echo \" ${COMPREPLY[*]} \"' 2>&1",
				     from_env("COMPLETION"), verbs[i]),
				 0);
		assert_string_equal(out, " north no.2 \n");
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(verbs),
	cmocka_unit_test(words),
	cmocka_unit_test(names),
};

SUITE(completion_suite, tests);

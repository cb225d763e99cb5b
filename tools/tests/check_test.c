// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl check: what it makes of what the agent's reading of the files says. */
#include "tests.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/ipsvtictl-check-XXXXXX";
static char out[4096];

static void path_of(char *path, size_t len, const char *name)
{
	snprintf(path, len, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *fp;

	path_of(path, sizeof(path), name);
	fp = fopen(path, "w");
	assert_non_null(fp);
	fputs(text, fp);
	fclose(fp);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	run(out, sizeof(out), "rm -r %s", folder);
	return 0;
}

/* Runs check with an ipsvti-iked that says this, and exits so. Return: its exit status. */
static int check(const char *said, int status, const char *words)
{
	char script[1024], path[128];

	snprintf(script, sizeof(script), "#!/bin/sh\ncat <<'EOT'\n%sEOT\nexit %d\n", said, status);
	put("ipsvti-iked", script);
	path_of(path, sizeof(path), "ipsvti-iked");
	assert_int_equal(chmod(path, 0755), 0);
	return run(out, sizeof(out), "cd %s && mkdir -p conf && PATH=%s:$PATH %s %s 2>&1", folder, folder,
		   from_env("IPSVTICTL"), words);
}

static void counts(void **state)
{
	(void)state;
	assert_int_equal(check("tunnel a 127.0.0.1 conf/a.conf\ntunnel b 127.0.0.1 conf/b.conf\n", 0, "check conf"), 0);
	assert_string_equal(out, "conf: no errors, tunnels: 2\n");
	/* A warning is no error. */
	assert_int_equal(check("warning: conf/a.conf:3: esp: weak\ntunnel a 127.0.0.1 conf/a.conf\n", 0, "check conf"), 0);
	assert_string_equal(out, "conf/a.conf:3: warning: esp: weak\nconf: no errors, tunnels: 1\n");
	assert_int_equal(check("conf/a.conf:3: esp: bad\n", 1, "check conf"), 2);
	assert_contains(out, "conf/a.conf:3: esp: bad\n");
	assert_null(strstr(out, "no errors"));
}

/* Nothing wrong with nothing at all: that is hardly what was meant. */
static void nothing(void **state)
{
	json_t *list;

	(void)state;
	assert_int_equal(check("", 0, "check conf"), 0);
	assert_string_equal(
		out,
		"conf: warning: there is no tunnel; put a file NAME.conf into it, as ipsvti.conf(5) has them, then \"ipsvtictl reload\"\n"
		"conf: no errors, tunnels: 0\n");
	assert_int_equal(check("", 0, "--json check conf"), 0);
	list = json_loads(out, 0, NULL);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "severity")), "warning");
	json_decref(list);
}

static void files(void **state)
{
	(void)state;
	put("a.conf", "");
	put("a.cfg", "");
	assert_int_equal(check("tunnel a 127.0.0.1 a.conf\n", 0, "check a.conf"), 0);
	assert_string_equal(out, "a.conf: no errors\n");
	assert_int_equal(check("tunnel a 127.0.0.1 a.cfg\n", 0, "check a.cfg"), 0);
	assert_string_equal(
		out,
		"a.cfg: warning: would not be read, its name does not end in \".conf\"; rename it to NAME.conf\n"
		"a.cfg: no errors\n");
	/* A word that is neither a file nor a folder. */
	assert_int_equal(check("", 0, "check a.cnf"), 2);
	assert_string_equal(
		out,
		"ipsvtictl: a.cnf: No such file or directory; expected a FILE, such as /etc/ipsvti/NAME.conf, or a FOLDER with one for each tunnel\n");
	assert_int_equal(check("", 0, "--json check a.cnf"), 2);
	assert_contains(out, "\"name\": \"ENOENT\"");
}

/* A warning, whoever asks: it may be a draft for another machine. Of documentation's addresses. */
static void not_ours(void **state)
{
	static const char refuses[] = " is not an address of this machine at present; a reload refuses it";

	(void)state;
	assert_int_equal(check("tunnel a 192.0.2.77 conf/a.conf\n", 0, "check conf"), 0);
	assert_contains(out, "conf/a.conf: warning: local: 192.0.2.77");
	assert_contains(out, refuses);
	assert_int_equal(check("tunnel a 2001:db8::77 conf/a.conf\n", 0, "check conf"), 0);
	assert_contains(out, "conf/a.conf: warning: local: 2001:db8::77");
	assert_contains(out, refuses);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(counts, make_folder),
	cmocka_unit_test(not_ours),
	cmocka_unit_test(nothing),
	cmocka_unit_test_teardown(files, remove_folder),
};

SUITE(check_suite, tests);

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files with secrets: which are taken, which are refused, and in which words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"

struct fixture {
	char dir[32];
	char path[64];
	char error[512];
	struct conf_errors sink;
	struct secret secret;
};

static void collect(void *arg, const char *text)
{
	struct fixture *f = arg;

	snprintf(f->error, sizeof(f->error), "%s", text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	unsetenv("NOTIFY_SOCKET"); /* that of whoever runs the tests */
	strcpy(f->dir, "/tmp/iked-keys-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/psk", f->dir);
	f->sink.report = collect;
	f->sink.arg = f;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	rmdir(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static int read_octets(struct fixture *f, const void *octets, size_t len,
		       mode_t mode)
{
	FILE *fp;

	unlink(f->path);
	fp = fopen(f->path, "w");
	assert_non_null(fp);
	assert_int_equal(fwrite(octets, 1, len, fp), len);
	fclose(fp);
	assert_int_equal(chmod(f->path, mode), 0);
	f->error[0] = '\0';
	return secret_read(f->path, &f->secret, &f->sink, "t.conf", 7);
}

static int read_text(struct fixture *f, const char *text, mode_t mode)
{
	return read_octets(f, text, strlen(text), mode);
}

static void assert_refused(struct fixture *f, const char *why)
{
	static const struct secret wiped;
	char expected[512];

	snprintf(expected, sizeof(expected), "t.conf:7: psk-file: %s%s", f->path,
		 why);
	assert_string_equal(f->error, expected);
	assert_memory_equal(&f->secret, &wiped, sizeof(wiped));
}

static void test_taken(void **state)
{
	static const char *const texts[] = { "s3cret word", "s3cret word\n",
					     "s3cret word\r\n" };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(read_text(f, texts[i], i ? 0600 : 0400), 0);
		assert_int_equal(f->secret.len, strlen("s3cret word"));
		assert_memory_equal(f->secret.octets, "s3cret word",
				    f->secret.len);
	}
}

static void test_modes(void **state)
{
	static const mode_t modes[] = { 0644, 0640, 0604, 0620, 0602, 0610, 0601 };
	struct fixture *f = *state;
	char why[128];
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(read_text(f, "secret\n", modes[i]), -1);
		snprintf(why, sizeof(why),
			 " has mode %04o, so others can get at the key; run \"chmod 600 %s\"",
			 (unsigned int)modes[i], f->path);
		assert_refused(f, why);
	}
}

static void test_owner(void **state)
{
	struct fixture *f = *state;
	char why[128];

	if (geteuid() != 0)
		skip(); /* Only root can give a file away. */
	assert_int_equal(read_text(f, "secret\n", 0600), 0);
	assert_int_equal(chown(f->path, 1234, -1), 0);
	assert_int_equal(secret_read(f->path, &f->secret, &f->sink, "t.conf", 7),
			 -1);
	snprintf(why, sizeof(why), " belongs to user 1234; run \"chown root %s\"",
		 f->path);
	assert_refused(f, why);
}

static void test_contents(void **state)
{
	struct fixture *f = *state;
	char text[SECRET_MAX + 2];

	assert_int_equal(read_text(f, "", 0600), -1);
	assert_refused(f, " is empty; expected one line with the key");
	assert_int_equal(read_text(f, "\n", 0600), -1);
	assert_refused(f, " is empty; expected one line with the key");
	assert_int_equal(read_text(f, "one\ntwo\n", 0600), -1);
	assert_refused(f, " has more than one line; expected one line with the key");
	assert_int_equal(read_octets(f, "a\0b", 3, 0600), -1);
	assert_refused(f, " has more than one line; expected one line with the key");

	memset(text, 'x', sizeof(text));
	text[SECRET_MAX] = '\n';
	assert_int_equal(read_octets(f, text, SECRET_MAX + 1, 0600), 0);
	assert_int_equal(f->secret.len, SECRET_MAX);
	text[SECRET_MAX] = 'x';
	assert_int_equal(read_octets(f, text, SECRET_MAX + 1, 0600), -1);
	assert_refused(f, " is too long; expected a key of at most 1024 octets");
}

static void test_not_a_file(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(secret_read(f->path, &f->secret, &f->sink, "t.conf", 7),
			 -1);
	assert_refused(f, ": No such file or directory; expected a file with the key");
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_int_equal(secret_read(f->path, &f->secret, &f->sink, "t.conf", 7),
			 -1);
	assert_refused(f, " is not a regular file; put the key in one");
	assert_int_equal(rmdir(f->path), 0);
	/* Nobody writes into it, and nobody waits for that. */
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_int_equal(secret_read(f->path, &f->secret, &f->sink, "t.conf", 7),
			 -1);
	assert_refused(f, " is not a regular file; put the key in one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_taken),	  T(test_modes),      T(test_owner),
		T(test_contents), T(test_not_a_file),
#undef T
	};

	return cmocka_run_group_tests_name("daemon: keys", tests, NULL, NULL);
}

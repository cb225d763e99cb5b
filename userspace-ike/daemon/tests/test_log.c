// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines: that peers cannot forge them, and cannot flood with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* What one call to log_line() wrote to stderr, without the time. */
static const char *line_of(int prio, const char *tunnel, const char *text)
{
	static char buf[2048];
	int saved = dup(STDERR_FILENO), fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	log_line(prio, tunnel, "%s", text);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(fds[0], buf, sizeof(buf) - 1);
	close(fds[0]);
	assert_true(n >= 0);
	buf[n] = '\0';
	return n ? buf + strlen("2025-01-01 00:00:00.000 ") : buf;
}

static void test_line(void **state)
{
	(void)state;
	log_open(LOG_SINK_STDERR, false);
	assert_string_equal(line_of(LOG_INFO, "a", "up"), "a: up\n");
	assert_string_equal(line_of(LOG_ERR, NULL, "bad"), "bad\n");
	assert_string_equal(line_of(LOG_DEBUG, NULL, "detail"), "");
	log_open(LOG_SINK_STDERR, true);
	assert_string_equal(line_of(LOG_DEBUG, NULL, "detail"), "detail\n");
}

static void test_controls(void **state)
{
	(void)state;
	assert_string_equal(line_of(LOG_INFO, "a", "x\ny\r\033[2Jz\177"),
			    "a: x?y??[2Jz?\n");
}

static void test_limit(void **state)
{
	struct log_limit limit = { 0 };
	unsigned int held_back = 99;

	(void)state;
	assert_true(log_limited(&limit, 5, &held_back));
	assert_int_equal(held_back, 0);
	assert_false(log_limited(&limit, 6, &held_back));
	assert_false(log_limited(&limit, 5 + LOG_LIMIT_MS - 1, &held_back));
	assert_true(log_limited(&limit, 5 + LOG_LIMIT_MS, &held_back));
	assert_int_equal(held_back, 2);
	assert_true(log_limited(&limit, 5 + 2 * LOG_LIMIT_MS, &held_back));
	assert_int_equal(held_back, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("daemon: log", tests, NULL, NULL);
}

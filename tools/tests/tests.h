/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unit tests of the tools: one array for each file, run by main.c. */
#ifndef TOOLS_TESTS_H
#define TOOLS_TESTS_H

/* cmocka wants these before itself */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* ... and it stands in for assert(), too */
#include <cmocka.h>
#include <stdbool.h>

/**
 * struct suite - The tests of one file.
 * @tests: array
 * @count: its length
 */
struct suite {
	const struct CMUnitTest *tests;
	size_t count;
};

#define SUITE(name, array)                                   \
	const struct suite name = {                          \
		.tests = (array),                            \
		.count = sizeof(array) / sizeof((array)[0]), \
	}

extern const struct suite wire_suite;
extern const struct suite dialog_suite;
extern const struct suite events_suite;
extern const struct suite link_suite;
extern const struct suite monitor_suite;
extern const struct suite names_suite;
extern const struct suite args_suite;
extern const struct suite keyfile_suite;
extern const struct suite cli_suite;
extern const struct suite agent_suite;
extern const struct suite plugin_suite;
extern const struct suite finding_suite;
extern const struct suite metrics_suite;
extern const struct suite completion_suite;
extern const struct suite import_suite;
extern const struct suite check_suite;

/**
 * run() - Run a shell command.
 * @output: filled with what it prints on standard output and standard error
 * @room: size of @output; more is cut
 * @fmt: command, a format as of printf()
 *
 * Return: its exit status; -1 if it did not exit by itself.
 */
int run(char *output, size_t room, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * from_env() - Path of something that the Makefile built for the tests.
 * @name: name of the variable
 *
 * Return: its value; ends the test if there is none.
 */
const char *from_env(const char *name);

/* Ends the test if a text does not contain another. */
#define assert_contains(text, part)                                      \
	do {                                                             \
		if (!strstr(text, part))                                 \
			fail_msg("\"%s\" is not in \"%s\"", part, text); \
	} while (0)

#endif /* TOOLS_TESTS_H */

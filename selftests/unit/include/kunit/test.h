/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of KUnit as kmod/kunit/ *_test.c use, for a program: an expectation
 * that fails is told and the case goes on, an assertion ends the case.
 */
#ifndef _UNIT_KUNIT_TEST_H
#define _UNIT_KUNIT_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <linux/types.h>

#include <linux/kernel.h>
#define GFP_KERNEL 0

/**
 * struct kunit - one case under way
 * @failed: something was not as expected
 * @end: where an assertion that fails jumps to
 * @memory: what kunit_kzalloc() gave, freed when the case ends
 */
struct kunit {
	bool failed;
	jmp_buf end;
	struct unit_memory *memory;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
};

void *kunit_kzalloc(struct kunit *test, size_t size, int gfp);

__attribute__((format(printf, 6, 7))) void unit_fail(struct kunit *test,
						     bool end, const char *file,
						     int line, const char *what,
						     const char *fmt, ...);

#define KUNIT_CASE(fn)                      \
	{                                   \
		.run_case = fn, .name = #fn \
	}

#define kunit_info(test, fmt, ...) \
	((void)(test), printf("# " fmt, ##__VA_ARGS__))

#define UNIT_TRUE(test, end, cond, what, fmt, ...)                          \
	do {                                                                \
		if (!(cond))                                                \
			unit_fail(test, end, __FILE__, __LINE__, what, fmt, \
				  ##__VA_ARGS__);                           \
	} while (0)

/* Both sides are evaluated once, in the type of the left one. */
#define UNIT_EQ(test, end, a, b, fmt, ...)                                     \
	do {                                                                   \
		__typeof__(a) unit_a = (a);                                    \
		__typeof__(a) unit_b = (b);                                    \
		if (unit_a != unit_b)                                          \
			unit_fail(test, end, __FILE__, __LINE__, #a " == " #b, \
				  "is %lld, not %lld; " fmt,                   \
				  (long long)unit_a, (long long)unit_b,        \
				  ##__VA_ARGS__);                              \
	} while (0)

#define KUNIT_EXPECT_EQ(test, a, b) UNIT_EQ(test, false, a, b, " ")
#define KUNIT_ASSERT_EQ(test, a, b) UNIT_EQ(test, true, a, b, " ")
#define KUNIT_EXPECT_EQ_MSG(test, a, b, ...) \
	UNIT_EQ(test, false, a, b, __VA_ARGS__)
#define KUNIT_ASSERT_EQ_MSG(test, a, b, ...) \
	UNIT_EQ(test, true, a, b, __VA_ARGS__)

#define KUNIT_EXPECT_TRUE(test, c) UNIT_TRUE(test, false, c, #c, " ")
#define KUNIT_ASSERT_TRUE(test, c) UNIT_TRUE(test, true, c, #c, " ")
#define KUNIT_EXPECT_FALSE(test, c) UNIT_TRUE(test, false, !(c), "!" #c, " ")
#define KUNIT_EXPECT_TRUE_MSG(test, c, ...) \
	UNIT_TRUE(test, false, c, #c, __VA_ARGS__)
#define KUNIT_ASSERT_TRUE_MSG(test, c, ...) \
	UNIT_TRUE(test, true, c, #c, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p) \
	UNIT_TRUE(test, true, (p) != NULL, #p, " ")

#endif

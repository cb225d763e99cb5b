// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the suites of kmod/kunit and those of this folder, and prints KTAP.
 *
 * IPSVTI_SEED repeats the random tests of an earlier run.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/random.h>

#include "../../kmod/kunit/suites.h"

extern struct kunit_suite unit_threads_suite;

static struct kunit_suite *const suites[] = {
	&ipsvti_seq_suite, &ipsvti_replay_suite, &ipsvti_esp_suite,
	&ipsvti_mtu_suite, &ipsvti_ecn_suite,	 &ipsvti_alg_suite,
	&ipsvti_limit_suite, &ipsvti_mss_suite,	 &ipsvti_selector_suite,
	&unit_threads_suite,
};

/* An allocation of its own for each block, so that ASan knows where it ends. */
struct unit_memory {
	struct unit_memory *next;
	void *block;
};

void *kunit_kzalloc(struct kunit *test, size_t size, int gfp)
{
	struct unit_memory *m = malloc(sizeof(*m));

	(void)gfp;
	if (!m)
		return NULL;
	m->block = calloc(1, size);
	m->next = test->memory;
	test->memory = m;
	return m->block;
}

static void free_memory(struct kunit *test)
{
	struct unit_memory *m;

	while ((m = test->memory)) {
		test->memory = m->next;
		free(m->block);
		free(m);
	}
}

void unit_fail(struct kunit *test, bool end, const char *file, int line,
	       const char *what, const char *fmt, ...)
{
	va_list ap;

	printf("# %s:%d: expected %s: ", file, line, what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	test->failed = true;
	if (end)
		longjmp(test->end, 1);
}

void ipsvti_rand_init(struct ipsvti_rand *rand, struct kunit *test)
{
	const char *given = getenv("IPSVTI_SEED");

	if (given)
		rand->state = strtoull(given, NULL, 0);
	else if (getrandom(&rand->state, sizeof(rand->state), 0) < 0)
		abort();
	kunit_info(test, "repeat with IPSVTI_SEED=%llu\n", rand->state);
}

static bool run(const struct kunit_case *c)
{
	struct kunit test = { 0 };

	if (!setjmp(test.end))
		c->run_case(&test);
	free_memory(&test);
	return !test.failed;
}

int main(void)
{
	const struct kunit_case *c;
	int n = 0, failed = 0;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < ARRAY_SIZE(suites); i++)
		for (c = suites[i]->test_cases; c->run_case; c++)
			n++;
	printf("KTAP version 1\n1..%d\n", n);

	n = 0;
	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		for (c = suites[i]->test_cases; c->run_case; c++) {
			bool ok = run(c);

			failed += !ok;
			printf("%sok %d %s.%s\n", ok ? "" : "not ", ++n,
			       suites[i]->name, c->name);
		}
	}
	return failed ? 1 : 0;
}

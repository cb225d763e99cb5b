// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints how many thousand ticks the time stamp counter makes in a second, which is what
 * an emulated processor's counter makes, too.  A guest that measures it by itself is wrong
 * whenever the machine is busy, by a factor of ten even, and all its time is wrong then.
 */
#include <stdio.h>
#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	uint64_t ticks;
	int64_t ns;
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Of many readings the one in which least came between the two clocks. */
static struct moment moment(void)
{
	int64_t before, after, least = INT64_MAX;
	struct moment m = { 0 };
	uint64_t ticks;

	for (int i = 0; i < 50; i++) {
		before = now();
		ticks = __rdtsc();
		after = now();
		if (after - before < least) {
			least = after - before;
			m = (struct moment){ ticks, before + least / 2 };
		}
	}
	return m;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	struct moment a, b;

	a = moment();
	nanosleep(&pause, NULL);
	b = moment();
	printf("%.0f\n", (double)(b.ticks - a.ticks) * 1e6 / (double)(b.ns - a.ns));
	return 0;
}

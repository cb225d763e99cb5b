// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sim [-n SEEDS] [-s SEED] [-v] [SCENARIO…]: run scenarios with many seeds, and
 * those that have found something once; print KTAP. With -s, begin with that seed,
 * leave out those others, and without -n run it alone; with -v, tell the story.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define SEEDS 150

/* Return: whether all went well. */
static bool run_one(const struct sim_scenario *sc, uint64_t seed, bool verbose,
		    const char *program)
{
	struct sim sim;
	bool ok;

	sim_init(&sim, sc->name, seed, verbose);
	sc->run(&sim);
	ok = !sim.failed;
	if (!ok)
		printf("# %s, seed %llu, at %llu ms: %s\n"
		       "#   again: %s -v -s %llu %s\n",
		       sc->name, (unsigned long long)seed,
		       (unsigned long long)sim.now, sim.why, program,
		       (unsigned long long)seed, sc->name);
	sim_free(&sim);
	return ok;
}

/* Return: how many of those that have found something once fail again. */
static unsigned int run_found(const struct sim_scenario *sc, bool verbose,
			      const char *program)
{
	unsigned int failures = 0;

	for (size_t i = 0; i < sim_n_found; i++)
		if (!strcmp(sim_found[i].scenario, sc->name))
			failures += !run_one(sc, sim_found[i].seed, verbose,
					     program);
	return failures;
}

static bool chosen(const char *name, char **names, int n)
{
	if (!n)
		return true;
	for (int i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	unsigned long long first = 1, seeds = 0;
	unsigned long long by_default = SEEDS;
	bool verbose = false, bad = false, found = true;
	unsigned int plan = 0, n = 0;
	int opt;

	while ((opt = getopt(argc, argv, "n:s:v")) != -1) {
		switch (opt) {
		case 'n':
			seeds = strtoull(optarg, NULL, 0);
			break;
		case 's':
			first = strtoull(optarg, NULL, 0);
			by_default = 1;
			found = false;
			break;
		case 'v':
			verbose = true;
			break;
		default:
			fprintf(stderr,
				"usage: %s [-n SEEDS] [-s SEED] [-v] [SCENARIO…]\n",
				argv[0]);
			return 2;
		}
	}
	if (!seeds)
		seeds = by_default;
	for (size_t i = 0; i < sim_n_scenarios; i++)
		plan += chosen(sim_scenarios[i].name, argv + optind,
			       argc - optind);
	if (!plan) {
		fprintf(stderr, "%s: there is no such scenario\n", argv[0]);
		return 2;
	}
	printf("1..%u\n", plan);
	for (size_t i = 0; i < sim_n_scenarios; i++) {
		const struct sim_scenario *sc = &sim_scenarios[i];
		unsigned int failures = 0;

		if (!chosen(sc->name, argv + optind, argc - optind))
			continue;
		if (found)
			failures = run_found(sc, verbose, argv[0]);
		/* The first few failures tell enough. */
		for (unsigned long long s = 0; s < seeds && failures < 3; s++)
			failures += !run_one(sc, first + s, verbose, argv[0]);
		printf("%s %u %s: %s (%llu seeds)\n",
		       failures ? "not ok" : "ok", ++n, sc->name, sc->story,
		       seeds);
		fflush(stdout);
		bad |= failures;
	}
	return bad;
}

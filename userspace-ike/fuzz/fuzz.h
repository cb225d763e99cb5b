/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers share: two engines of the simulator, on a perfect network.
 */
#ifndef IPSVTI_IKE_FUZZ_H
#define IPSVTI_IKE_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_bench {
	struct sim sim;
};

static inline struct fuzz_bench *fuzz_bench_new(void)
{
	struct fuzz_bench *t = malloc(sizeof(*t));

	if (!t)
		abort();
	sim_init(&t->sim, "fuzz", 1, false);
	t->sim.disrupted = true;
	return t;
}

static inline void fuzz_bench_free(struct fuzz_bench *t)
{
	/* The invariants hold whatever comes in. */
	sim_run(&t->sim, 20);
	if (t->sim.failed)
		abort();
	sim_free(&t->sim);
	free(t);
}

/* Hands octets to @node, in an allocation that ends where they end. */
static inline void fuzz_deliver(struct fuzz_bench *t, unsigned int node,
				const uint8_t *data, size_t len)
{
	uint8_t *tight = malloc(len ? len : 1);
	struct ike_datagram d = {
		.local = sim_address(&t->sim, node, true),
		.remote = sim_address(&t->sim, !node, true),
		.data = tight,
		.len = len,
	};

	if (!tight)
		abort();
	memcpy(tight, data, len);
	ike_engine_input(t->sim.nodes[node].engine, t->sim.now, &d);
	sim_check_step(&t->sim);
	free(tight);
}

#endif /* IPSVTI_IKE_FUZZ_H */

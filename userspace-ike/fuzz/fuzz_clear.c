// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any octets from the network, to an engine at any stage.
 *
 * Input: one octet that says the stage, then the datagram. Where an IKE SA is
 * waiting, its SPIs are put into the header, or nothing would get anywhere.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fuzz.h"

enum { IDLE, INIT_SENT, AUTH_SENT, ESTABLISHED, STAGES };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bench *t;
	struct ike_sa *sa;
	uint8_t *copy;
	unsigned int stage;

	if (size < 1 || size > 4096)
		return 0;
	stage = data[0] % STAGES;
	t = fuzz_bench_new();
	sim_start(&t->sim, 1);
	if (stage != IDLE) {
		sim_start(&t->sim, 0);
		/* Node 0 has sent IKE_SA_INIT, IKE_AUTH, or is done. */
		sim_run(&t->sim, stage == INIT_SENT ? 1 :
				 stage == AUTH_SENT ? 11 :
						      500);
	}
	copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data + 1, --size);
	sa = stage == IDLE ? NULL : t->sim.nodes[0].engine->sas;
	if (sa && size >= IKE_HEADER_LEN) {
		put_be64(copy, sa->spi_i);
		if (stage == ESTABLISHED)
			put_be64(copy + 8, sa->spi_r);
		copy[23] = (uint8_t)sa->window.next_id;
	}
	if (size >= IKE_HEADER_LEN)
		put_be32(copy + 24, (uint32_t)size);
	fuzz_deliver(t, stage == IDLE ? 1 : 0, copy, size);
	free(copy);
	fuzz_bench_free(t);
	return 0;
}

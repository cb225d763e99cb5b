// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * profiler.so - plugin of qemu: counts the instructions of a guest by place.
 *
 * While it counts (plugin.c), it counts how often each translated block is executed, in
 * each phase. Exact: nothing is sampled. It writes, for each block: phase, address,
 * instructions, times.
 */
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

/**
 * struct block - A translated block.
 * @at: where it is
 * @insns: instructions
 * @times: executed, in each phase
 */
struct block {
	struct place at;
	uint32_t insns;
	uint64_t times[PHASES];
};

static void block_executed(unsigned int vcpu, void *data)
{
	struct block *b = data;

	if (!counting)
		return;
	phase_follow(vcpu, &b->at);
	b->times[phase_now(vcpu)]++;
}

struct place *tool_translated(struct qemu_plugin_tb *tb)
{
	struct block *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	b->insns = qemu_plugin_tb_n_insns(tb);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, CB_R_REGS, b);
	return &b->at;
}

void tool_start(void)
{
	struct place *p;

	for (p = places; p; p = p->next)
		memset(((struct block *)p)->times, 0,
		       sizeof(((struct block *)p)->times));
}

void tool_write(FILE *f)
{
	struct place *p;
	struct block *b;
	int i;

	for (p = places; p; p = p->next) {
		b = (struct block *)p;
		for (i = 0; i < PHASES; i++)
			if (b->times[i])
				fprintf(f, "%d %llx %u %llu\n", i,
					(unsigned long long)p->vaddr, b->insns,
					(unsigned long long)b->times[i]);
	}
}

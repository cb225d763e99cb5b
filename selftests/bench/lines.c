// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lines.so - plugin of qemu: which cache lines a guest's processors write.
 *
 * While it counts (plugin.c), and a processor is in a phase, each store of the kernel's
 * is counted by the 64 octets that it goes to, the processor, and the instruction that
 * stores. Exact: nothing is sampled. It writes the calls of what begins phase 1 on each
 * processor ("sent N N"), the stores seen on each ("stores N N"), and for each line that
 * more than one processor has written, and each instruction that did so: address of the
 * line, phase, offset in the line, address of the instruction, times on each processor.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

#define LINE 64
#define BUCKETS (1u << 16)

/**
 * struct store - What one instruction has stored to one place of a line, in one phase.
 * @next: another of the line
 * @insn: its address
 * @phase: the phase
 * @offset: in the line
 * @times: on each processor
 */
struct store {
	struct store *next;
	uint64_t insn;
	uint32_t phase;
	uint32_t offset;
	uint64_t times[VCPUS];
};

/**
 * struct line - A cache line that was written.
 * @next: another of the bucket
 * @vaddr: of its first octet
 * @stores: who wrote it
 */
struct line {
	struct line *next;
	uint64_t vaddr;
	struct store *stores;
};

/* all of this, and the phases */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct line *buckets[BUCKETS];
static uint64_t stores[VCPUS];

static void *make(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		abort();
	return p;
}

static struct line *line_of(uint64_t vaddr)
{
	struct line **at = &buckets[vaddr / LINE % BUCKETS], *l;

	vaddr -= vaddr % LINE;
	for (l = *at; l; l = l->next)
		if (l->vaddr == vaddr)
			return l;
	l = make(sizeof(*l));
	l->vaddr = vaddr;
	l->next = *at;
	return *at = l;
}

static void count(unsigned int vcpu, uint64_t insn, uint64_t vaddr)
{
	uint32_t phase = phase_now(vcpu);
	struct line *l;
	struct store *s;

	if (!phase)
		return;
	stores[vcpu]++;
	l = line_of(vaddr);
	for (s = l->stores; s; s = s->next)
		if (s->insn == insn && s->phase == phase &&
		    s->offset == vaddr % LINE)
			break;
	if (!s) {
		s = make(sizeof(*s));
		s->insn = insn;
		s->phase = phase;
		s->offset = vaddr % LINE;
		s->next = l->stores;
		l->stores = s;
	}
	s->times[vcpu]++;
}

static void stored(unsigned int vcpu, uint32_t info, uint64_t vaddr, void *data)
{
	(void)info;
	if (!counting)
		return;
	pthread_mutex_lock(&lock);
	count(vcpu, (uintptr_t)data, vaddr);
	pthread_mutex_unlock(&lock);
}

static void block_executed(unsigned int vcpu, void *data)
{
	if (!counting)
		return;
	pthread_mutex_lock(&lock);
	phase_follow(vcpu, data);
	pthread_mutex_unlock(&lock);
}

struct place *tool_translated(struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	struct place *p = make(sizeof(*p));
	struct qemu_plugin_insn *insn;
	uint64_t vaddr;

	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, CB_R_REGS, p);
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		vaddr = qemu_plugin_insn_vaddr(insn);
		if (KERNEL_SPACE(vaddr))
			qemu_plugin_register_vcpu_mem_cb(
				insn, stored, CB_NO_REGS, MEM_WRITE,
				(void *)(uintptr_t)vaddr);
	}
	return p;
}

/* It counts once: there is nothing yet. */
void tool_start(void)
{
}

static bool shared(const struct line *l)
{
	uint64_t times[VCPUS] = { 0 };
	const struct store *s;
	int i, n = 0;

	for (s = l->stores; s; s = s->next)
		for (i = 0; i < VCPUS; i++)
			times[i] += s->times[i];
	for (i = 0; i < VCPUS; i++)
		n += times[i] != 0;
	return n > 1;
}

void tool_write(FILE *f)
{
	const struct store *s;
	const struct line *l;
	size_t i;

	pthread_mutex_lock(&lock);
	fprintf(f, "sent %llu %llu\n", (unsigned long long)sent[0],
		(unsigned long long)sent[1]);
	fprintf(f, "stores %llu %llu\n", (unsigned long long)stores[0],
		(unsigned long long)stores[1]);
	for (i = 0; i < BUCKETS; i++)
		for (l = buckets[i]; l; l = l->next)
			for (s = shared(l) ? l->stores : NULL; s; s = s->next)
				fprintf(f, "%llx %u %u %llx %llu %llu\n",
					(unsigned long long)l->vaddr, s->phase,
					s->offset,
					(unsigned long long)s->insn,
					(unsigned long long)s->times[0],
					(unsigned long long)s->times[1]);
	pthread_mutex_unlock(&lock);
}

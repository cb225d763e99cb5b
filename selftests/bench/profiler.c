// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * profiler.so - plugin of qemu: counts the instructions of a guest by place.
 *
 *   qemu-system-x86_64 -plugin profiler.so,out=FILE ...
 *
 * Between the two marks of the traffic program (traffic.h) it counts how often each
 * translated block (a run of instructions that has one way in) is executed. Exact:
 * nothing is sampled. "traffic phase N FUNCTION..." names functions: what is executed
 * between the entry of one and its return counts for phase N, which is how what is
 * done for sending is told from what is done for receiving. At the second mark FILE is
 * written, for each block: phase, address, instructions, times.
 *
 * Debian has the plugins' interface in its qemu, and no header for it, hence the
 * declarations here (version 4 of the interface, of QEMU 10.0).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_register;

struct reg_descriptor {
	struct qemu_plugin_register *handle;
	const char *name;
	const char *feature;
};

/* GLib's, as far as they are public */
typedef struct {
	char *data;
	unsigned int len;
} GArray;

typedef struct {
	uint8_t *data;
	unsigned int len;
} GByteArray;

GByteArray *g_byte_array_new(void);
GByteArray *g_byte_array_set_size(GByteArray *array, unsigned int len);

enum { CB_NO_REGS, CB_R_REGS };

typedef void (*exec_cb)(unsigned int vcpu, void *data);

void qemu_plugin_register_vcpu_init_cb(uint64_t id,
				       void (*cb)(uint64_t, unsigned int));
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t,
						      struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_cb cb,
					  int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    exec_cb cb, int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to,
			     size_t len);
GArray *qemu_plugin_get_registers(void);
int qemu_plugin_read_register(struct qemu_plugin_register *reg,
			      GByteArray *buf);
bool qemu_plugin_read_memory_vaddr(uint64_t addr, GByteArray *data, size_t len);

EXPORT int qemu_plugin_version = 4;

#define PHASES 8
#define ENTRIES 64
#define DEPTH 32

/* the instructions of traffic.h: a no-op and these numbers in it */
static const uint8_t nop[4] = { 0x0f, 0x1f, 0x84, 0x00 };
enum { MARK_START = 0x42454731, MARK_STOP, MARK_PHASE };

/**
 * struct entry - A function that begins a phase.
 * @vaddr: of its first instruction
 * @phase: the phase
 * @within: only if it is called in this one; PHASES, in any
 */
struct entry {
	uint64_t vaddr;
	uint32_t phase;
	uint32_t within;
};

/**
 * struct block - A translated block.
 * @next: the one before
 * @vaddr: of its first instruction
 * @insns: instructions
 * @entry: the function that begins here, or NULL
 * @times: executed, in each phase
 *
 * It is never freed: what was translated once more is another one.
 */
struct block {
	struct block *next;
	uint64_t vaddr;
	uint32_t insns;
	const struct entry *entry;
	uint64_t times[PHASES];
};

static struct block *blocks;
static struct entry entries[ENTRIES];
static int entry_count;
static struct {
	uint64_t sp;
	uint64_t ret;
	uint32_t phase;
} stack[DEPTH];
static int depth;
static bool counting;
static const char *out_name;
static struct qemu_plugin_register *rax, *rcx, *rsp;
static GByteArray *buf;

static uint64_t read_reg(struct qemu_plugin_register *reg)
{
	uint64_t value = 0;

	g_byte_array_set_size(buf, 0);
	if (reg && qemu_plugin_read_register(reg, buf) >= 8)
		memcpy(&value, buf->data, 8);
	return value;
}

static uint64_t return_address(uint64_t sp)
{
	uint64_t value = 0;

	if (qemu_plugin_read_memory_vaddr(sp, buf, 8))
		memcpy(&value, buf->data, 8);
	return value;
}

static uint32_t phase_now(void)
{
	return depth ? stack[depth - 1].phase : 0;
}

static void block_executed(unsigned int vcpu, void *data)
{
	struct block *b = data;

	(void)vcpu;
	if (!counting)
		return;
	/* More than one if the last thing that a function did was to jump into another. */
	while (depth && b->vaddr == stack[depth - 1].ret &&
	       read_reg(rsp) == stack[depth - 1].sp + 8)
		depth--;
	if (b->entry && depth < DEPTH &&
	    (b->entry->within == PHASES || b->entry->within == phase_now())) {
		stack[depth].sp = read_reg(rsp);
		stack[depth].ret = return_address(stack[depth].sp);
		stack[depth++].phase = b->entry->phase;
	}
	b->times[phase_now()]++;
}

static void write_out(void)
{
	FILE *f = fopen(out_name, "w");
	struct block *b;
	int i;

	if (!f) {
		perror(out_name);
		return;
	}
	for (b = blocks; b; b = b->next)
		for (i = 0; i < PHASES; i++)
			if (b->times[i])
				fprintf(f, "%d %llx %u %llu\n", i,
					(unsigned long long)b->vaddr, b->insns,
					(unsigned long long)b->times[i]);
	fclose(f);
}

/* A function is one entry; blocks that are there already must know. */
static void add_entry(uint64_t vaddr, uint32_t phase, uint32_t within)
{
	struct entry *e = &entries[entry_count];
	struct block *b;

	if (entry_count == ENTRIES)
		abort();
	e->vaddr = vaddr;
	e->phase = phase % PHASES;
	e->within = within > PHASES ? PHASES : within;
	for (b = blocks; b; b = b->next)
		if (b->vaddr == vaddr)
			b->entry = e;
	entry_count++;
}

static void mark_executed(unsigned int vcpu, void *data)
{
	struct block *b;

	(void)vcpu;
	switch ((uintptr_t)data) {
	case MARK_START:
		for (b = blocks; b; b = b->next)
			memset(b->times, 0, sizeof(b->times));
		depth = 0;
		counting = true;
		break;
	case MARK_STOP:
		if (counting)
			write_out();
		counting = false;
		break;
	case MARK_PHASE:
		add_entry(read_reg(rax), read_reg(rcx) & 0xff,
			  read_reg(rcx) >> 8);
		break;
	}
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	struct block *b = calloc(1, sizeof(*b));
	struct qemu_plugin_insn *insn;
	uint8_t text[8];
	uint32_t mark;
	int e;

	(void)id;
	if (!b)
		abort();
	b->vaddr = qemu_plugin_tb_vaddr(tb);
	b->insns = n;
	for (e = 0; e < entry_count; e++)
		if (entries[e].vaddr == b->vaddr)
			b->entry = &entries[e];
	b->next = blocks;
	blocks = b;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, CB_R_REGS, b);
	/* only programs have marks */
	for (i = 0; i < n && !(b->vaddr >> 63); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (qemu_plugin_insn_data(insn, text, 8) < 8 ||
		    memcmp(text, nop, 4))
			continue;
		memcpy(&mark, text + 4, 4);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_executed,
						       CB_R_REGS,
						       (void *)(uintptr_t)mark);
	}
}

static void vcpu_started(uint64_t id, unsigned int vcpu)
{
	GArray *regs = qemu_plugin_get_registers();
	struct reg_descriptor *d = (void *)regs->data;
	unsigned int i;

	(void)id;
	(void)vcpu;
	for (i = 0; i < regs->len; i++) {
		if (!strcmp(d[i].name, "rax"))
			rax = d[i].handle;
		else if (!strcmp(d[i].name, "rcx"))
			rcx = d[i].handle;
		else if (!strcmp(d[i].name, "rsp"))
			rsp = d[i].handle;
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc,
			       char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out_name = strdup(argv[i] + 4);
	if (!out_name) {
		fprintf(stderr, "profiler: out=FILE is missing\n");
		return -1;
	}
	buf = g_byte_array_new();
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plugin.c - marks and phases, see plugin.h.
 *
 *   qemu-system-x86_64 -plugin NAME.so,out=FILE[,runs=N] ...
 *
 * Counting is done while N programs (1) are between their marks, the first time that as
 * many are; then FILE is written.
 */
#include "plugin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

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

void qemu_plugin_register_vcpu_init_cb(uint64_t id,
				       void (*cb)(uint64_t, unsigned int));
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t,
						      struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    exec_cb cb, int flags, void *data);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to,
			     size_t len);
GArray *qemu_plugin_get_registers(void);
int qemu_plugin_read_register(struct qemu_plugin_register *reg,
			      GByteArray *buf);
bool qemu_plugin_read_memory_vaddr(uint64_t addr, GByteArray *data, size_t len);

EXPORT int qemu_plugin_version = 4;

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

struct place *places;
/* the list of them: processors may translate at a time */
static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
bool counting;
uint64_t sent[VCPUS];

static struct entry entries[ENTRIES];
static int entry_count;
static struct {
	int depth;
	struct {
		uint64_t sp;
		uint64_t ret;
		uint32_t phase;
	} call[DEPTH];
} stacks[VCPUS];
static const char *out_name;
static int runs = 1, running;
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

uint32_t phase_now(unsigned int vcpu)
{
	int depth = stacks[vcpu].depth;

	return depth ? stacks[vcpu].call[depth - 1].phase : 0;
}

void phase_follow(unsigned int vcpu, const struct place *at)
{
	const struct entry *e = at->entry;
	int depth = stacks[vcpu].depth;

	/* More than one if the last thing that a function did was to jump into another. */
	while (depth && at->vaddr == stacks[vcpu].call[depth - 1].ret &&
	       read_reg(rsp) == stacks[vcpu].call[depth - 1].sp + 8)
		depth--;
	stacks[vcpu].depth = depth;
	if (!e || depth == DEPTH ||
	    (e->within != PHASES && e->within != phase_now(vcpu)))
		return;
	sent[vcpu] += e->phase == 1 && phase_now(vcpu) != 1;
	stacks[vcpu].call[depth].sp = read_reg(rsp);
	stacks[vcpu].call[depth].ret = return_address(read_reg(rsp));
	stacks[vcpu].call[depth].phase = e->phase;
	stacks[vcpu].depth++;
}

/* A function is one entry; blocks that are there already must know. */
static void add_entry(uint64_t vaddr, uint32_t phase, uint32_t within)
{
	struct entry *e = &entries[entry_count];
	struct place *p;

	if (entry_count == ENTRIES)
		abort();
	pthread_mutex_lock(&places_lock);
	e->vaddr = vaddr;
	e->phase = phase % PHASES;
	e->within = within > PHASES ? PHASES : within;
	for (p = places; p; p = p->next)
		if (p->vaddr == vaddr)
			p->entry = e;
	entry_count++;
	pthread_mutex_unlock(&places_lock);
}

static void start(void)
{
	if (++running != runs)
		return;
	tool_start();
	memset(stacks, 0, sizeof(stacks));
	memset(sent, 0, sizeof(sent));
	counting = true;
}

static void stop(void)
{
	FILE *f;

	running--;
	if (!counting)
		return;
	counting = false;
	f = fopen(out_name, "w");
	if (!f) {
		perror(out_name);
		return;
	}
	tool_write(f);
	fclose(f);
}

static void mark_executed(unsigned int vcpu, void *data)
{
	(void)vcpu;
	switch ((uintptr_t)data) {
	case MARK_START:
		start();
		break;
	case MARK_STOP:
		stop();
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
	struct place *p = tool_translated(tb);
	struct qemu_plugin_insn *insn;
	uint8_t text[8];
	uint32_t mark;
	int e;

	(void)id;
	p->vaddr = qemu_plugin_tb_vaddr(tb);
	pthread_mutex_lock(&places_lock);
	for (e = 0; e < entry_count; e++)
		if (entries[e].vaddr == p->vaddr)
			p->entry = &entries[e];
	p->next = places;
	places = p;
	pthread_mutex_unlock(&places_lock);
	/* only programs have marks */
	for (i = 0; i < n && !KERNEL_SPACE(p->vaddr); i++) {
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
	if (vcpu >= VCPUS)
		abort();
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
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out_name = strdup(argv[i] + 4);
		else if (!strncmp(argv[i], "runs=", 5))
			runs = atoi(argv[i] + 5);
	}
	if (!out_name) {
		fprintf(stderr, "plugin: out=FILE is missing\n");
		return -1;
	}
	buf = g_byte_array_new();
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plugins of qemu have in common: when to count, and for what the guest is
 * executing at the moment.
 *
 * Between the two marks of the traffic program (traffic.h) is what is measured.
 * "traffic phase N FUNCTION..." names functions: what is executed between the entry of
 * one and its return counts for phase N, which is how what is done for sending is told
 * from what is done for receiving.
 *
 * Debian has the plugins' interface in its qemu, and no header for it, hence the
 * declarations here (version 4 of the interface, of QEMU 10.0).
 */
#ifndef BENCH_PLUGIN_H
#define BENCH_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { CB_NO_REGS, CB_R_REGS };
enum { MEM_READ = 1, MEM_WRITE };

typedef void (*exec_cb)(unsigned int vcpu, void *data);
typedef void (*mem_cb)(unsigned int vcpu, uint32_t info, uint64_t vaddr,
		       void *data);

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_cb cb,
					  int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_cb cb,
				      int flags, int rw, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define PHASES 8
#define VCPUS 2
#define KERNEL_SPACE(vaddr) ((vaddr) >> 63)

struct entry;

/**
 * struct place - A translated block: instructions that have one way in.
 * @next: the one before
 * @vaddr: of its first instruction
 * @entry: the function that begins here, or NULL
 *
 * The first member of what a plugin keeps of a block. It is never freed: what was
 * translated once more is another one.
 */
struct place {
	struct place *next;
	uint64_t vaddr;
	const struct entry *entry;
};

/* all there are */
extern struct place *places;
/* what is executed now is measured */
extern bool counting;
/* how often a function that begins phase 1 was entered meanwhile */
extern uint64_t sent[VCPUS];

/* the phase that a processor is in; 0: none */
uint32_t phase_now(unsigned int vcpu);
/* to be called first when a block is executed, while counting */
void phase_follow(unsigned int vcpu, const struct place *at);

/*
 * Given by each plugin.  With "-icount" qemu says a wrong processor if there are several,
 * and without it they are executed at a time: then it is the plugin that has to lock.
 */

/* a block was translated: what is kept of it, and callbacks wanted are registered */
struct place *tool_translated(struct qemu_plugin_tb *tb);
/* counting begins: all that was counted is forgotten */
void tool_start(void);
/* counting is over */
void tool_write(FILE *f);

#endif /* BENCH_PLUGIN_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the traffic program share, and the marks by which the
 * profiler (profiler.c) finds the measured part of a run.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include <netinet/in.h>
#include <stdint.h>

/* An instruction that does nothing, with a number in it that nobody else uses. */
#define MARK(number)                                                      \
	__asm__ volatile(                                                 \
		".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long %c0" ::"i"(number) \
		: "memory")
#define MARK_START 0x42454731
#define MARK_STOP 0x42454732
#define MARK_PHASE 0x42454733

/**
 * struct meter - One measurement.
 * @ticks: time stamp counter: instructions, under qemu's -icount shift=0
 * @idle: of these, what the processor was halted (nanoseconds, which are the same there)
 * @ns: wall clock
 */
struct meter {
	uint64_t ticks;
	uint64_t idle;
	uint64_t ns;
};

/* of those that are used, UDP's; TCP's is the next */
extern int first_port;

/* print "ERR ..." with errno and leave */
void die(const char *what) __attribute__((noreturn));
uint64_t ticks(void);
void meter_start(struct meter *m);
void meter_stop(struct meter *m);
/* what was worked between start and stop */
double meter_work(const struct meter *m);

void enter_ns(const char *name);
struct sockaddr_in address(const char *text, int port);
void big_buffers(int sock);
void receive_timeout(int sock, int ms);
int by_size(const void *a, const void *b);

void run_udp(char **args);
void run_tcp(char **args);
void run_ping(char **args);

#endif /* BENCH_TRAFFIC_H */

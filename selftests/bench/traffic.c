// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * traffic - send through a tunnel and count what it takes.
 *
 * One process (two for TCP) holds both ends, in two network namespaces of one
 * guest with one processor. So all that a packet costs, at the hosts, at both
 * gateways, in softirqs and in kernel threads, lies between two readings of the
 * time stamp counter. Under "qemu -icount shift=0" that counter goes on by one
 * with each instruction. What the processor was halted meanwhile is taken off.
 *
 *   traffic udp NS_A NS_B DST SIZE COUNT WINDOW [DESTINATIONS]
 *           COUNT packets of SIZE octets, IPv4 header and all; WINDOW at a time,
 *           and when they have arrived (or are lost) the next. With DESTINATIONS
 *           addresses from DST on, evenly.
 *   traffic tcp NS_A NS_B DST BYTES
 *   traffic ping NS_A DST COUNT      one at a time
 *   traffic espudp NS...             have ESP in UDP taken out of port 4500
 *   traffic phase N[:WITHIN] FUNCTION...  for the profiler: these begin phase N, if called in phase
 *                                    WITHIN; those of them that the kernel has
 *   traffic mark start|stop          for the profiler: what is between is what it counts
 *   traffic symbols [all]            the kernel's functions (and variables): address, name, module
 *   traffic on 0|1 WORD...           udp or tcp on that processor, together with another such
 *                                    program on the other one, which has ports of its own
 *   traffic ticks                    the counter
 *   traffic units                    what one tick means, with known loops
 */
#define _GNU_SOURCE
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int first_port = 9000;

void die(const char *what)
{
	printf("ERR %s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t ticks(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

/* Nanoseconds that all processors have been idle since boot. */
static uint64_t idle_ns(void)
{
	unsigned long long ns, sum = 0;
	char line[256], *at;
	FILE *f;

	f = fopen("/proc/timer_list", "r");
	if (!f)
		die("/proc/timer_list");
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, ".idle_sleeptime");
		if (at && sscanf(at, ".idle_sleeptime : %llu", &ns) == 1)
			sum += ns;
	}
	fclose(f);
	return sum;
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

/* With a processor of its own each of two waits for the other. */
static int own_cpu = -1;

static void meet(void)
{
	char mine[] = "/tmp/ready.0", other[] = "/tmp/ready.0";

	mine[sizeof(mine) - 2] += own_cpu;
	other[sizeof(other) - 2] += !own_cpu;
	close(open(mine, O_CREAT | O_WRONLY, 0600));
	while (access(other, F_OK))
		usleep(1000);
}

void meter_start(struct meter *m)
{
	if (own_cpu >= 0)
		meet();
	m->idle = idle_ns();
	m->ns = clock_ns();
	MARK(MARK_START);
	m->ticks = ticks();
}

void meter_stop(struct meter *m)
{
	m->ticks = ticks() - m->ticks;
	MARK(MARK_STOP);
	m->ns = clock_ns() - m->ns;
	m->idle = idle_ns() - m->idle;
}

double meter_work(const struct meter *m)
{
	return (double)m->ticks - m->idle;
}

void enter_ns(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

struct sockaddr_in address(const char *text, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port) };

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		errno = EINVAL;
		die(text);
	}
	return a;
}

void big_buffers(int sock)
{
	int bytes = 32 << 20;

	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
}

void receive_timeout(int sock, int ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };

	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The kernel takes ESP out of UDP where some socket asks for it. */
static void espudp(char **spaces)
{
	struct sockaddr_in any = address("0.0.0.0", 4500);
	int sock, type = 2; /* UDP_ENCAP_ESPINUDP */

	for (; *spaces; spaces++) {
		enter_ns(*spaces);
		sock = socket(AF_INET, SOCK_DGRAM, 0);
		if (sock < 0 ||
		    bind(sock, (struct sockaddr *)&any, sizeof(any)) ||
		    setsockopt(sock, IPPROTO_UDP, 100 /* UDP_ENCAP */, &type,
			       sizeof(type)))
			die("espudp");
	}
	if (!fork())
		for (;;)
			pause();
}

#define FUNCTIONS "tTwW"
#define VARIABLES "bBdDrRvV"

/* The next symbol of these types in /proc/kallsyms; the words are cut in place. */
static char *next_symbol(FILE *f, const char *types, char *line, size_t size,
			 char **address)
{
	char *type;

	while (fgets(line, size, f)) {
		line[strcspn(line, "\n")] = 0;
		type = strchr(line, ' ');
		if (!type || !strchr(types, type[1]))
			continue;
		*type = 0;
		*address = line;
		return type + 3;
	}
	return NULL;
}

static FILE *open_symbols(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");

	if (!f)
		die("/proc/kallsyms");
	return f;
}

/* Tell the profiler, in registers. */
static void phase(char **args)
{
	unsigned long found[32], number;
	char line[512], *name, *address;
	FILE *f = open_symbols();
	size_t n = 0, i;

	number = strtoul(args[0], &name, 0);
	number |= (*name == ':' ? strtoul(name + 1, NULL, 0) : 0xff) << 8;
	while ((name = next_symbol(f, FUNCTIONS, line, sizeof(line), &address))) {
		name[strcspn(name, "\t ")] = 0;
		for (i = 1; args[i] && strcmp(args[i], name); i++)
			;
		if (args[i] && n < 32)
			found[n++] = strtoul(address, NULL, 16);
	}
	fclose(f);
	for (i = 0; i < n; i++)
		__asm__ volatile(
			".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long %c2" ::"a"(
				found[i]),
			"c"(number), "i"(MARK_PHASE)
			: "memory");
}

/* For what other programs do. */
static void mark(const char *which)
{
	if (!strcmp(which, "start"))
		MARK(MARK_START);
	else
		MARK(MARK_STOP);
}

static void symbols(const char *types)
{
	char line[512], *name, *address;
	FILE *f = open_symbols();

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	while ((name = next_symbol(f, types, line, sizeof(line), &address)))
		printf("%s %s\n", address, name);
	fclose(f);
}

/* Loops of known length: whether a tick is an instruction, and what is not so. */
static void units(void)
{
	static char from[65536] = { 1 }, to[65536];
	unsigned long n = 1000000;
	void *s = from, *d = to;
	uint64_t t;

	t = ticks();
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n)::"cc");
	t = ticks() - t;
	printf("loop_of_2000000=%llu", (unsigned long long)t);
	memcpy(to, from, sizeof(to));
	n = sizeof(to) / 8;
	t = ticks();
	__asm__ volatile("rep movsq" : "+S"(s), "+D"(d), "+c"(n)::"memory");
	t = ticks() - t;
	printf(" rep_movsq_of_8192=%llu", (unsigned long long)t);
	t = ticks();
	__asm__ volatile(".rept 1000\n\taesenc %%xmm1, %%xmm0\n\t.endr" ::
				 : "xmm0");
	t = ticks() - t;
	printf(" aesenc_1000=%llu\n", (unsigned long long)t);
}

static void run_on(const char *cpu)
{
	cpu_set_t set;

	own_cpu = atoi(cpu);
	CPU_ZERO(&set);
	CPU_SET(own_cpu, &set);
	if (own_cpu > 1 || sched_setaffinity(0, sizeof(set), &set))
		die("processor");
	first_port += 2 * own_cpu;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 3 && !strcmp(argv[1], "on")) {
		run_on(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if ((argc == 8 || argc == 9) && !strcmp(argv[1], "udp"))
		run_udp(argv + 2);
	else if (argc == 6 && !strcmp(argv[1], "tcp"))
		run_tcp(argv + 2);
	else if (argc == 5 && !strcmp(argv[1], "ping"))
		run_ping(argv + 2);
	else if (argc > 2 && !strcmp(argv[1], "espudp"))
		espudp(argv + 2);
	else if (argc > 3 && !strcmp(argv[1], "phase"))
		phase(argv + 2);
	else if (argc == 3 && !strcmp(argv[1], "mark"))
		mark(argv[2]);
	else if (argc == 2 && !strcmp(argv[1], "symbols"))
		symbols(FUNCTIONS);
	else if (argc == 3 && !strcmp(argv[1], "symbols") &&
		 !strcmp(argv[2], "all"))
		symbols(FUNCTIONS VARIABLES);
	else if (argc == 2 && !strcmp(argv[1], "ticks"))
		printf("%llu\n", (unsigned long long)ticks());
	else if (argc == 2 && !strcmp(argv[1], "units"))
		units();
	else
		return fprintf(stderr, "usage: see the top of traffic.c\n"), 2;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System calls that each process goes on using. Where an argument decides what
 * a call is for, it is looked at, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

/* A name that this libseccomp or this architecture does not know is skipped. */
#define CALL(name) SCMP_SYS(name)

/* To read and write what is open, to wait, to have memory, to end. */
static const int common[] = {
	CALL(read), CALL(readv), CALL(pread64), CALL(write), CALL(writev),
	CALL(close), CALL(lseek), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg),
	CALL(accept), CALL(accept4), CALL(shutdown), CALL(getsockopt),
	CALL(getsockname), CALL(getpeername), CALL(poll), CALL(ppoll), CALL(select),
	CALL(pselect6), CALL(epoll_wait), CALL(epoll_pwait),
	CALL(epoll_pwait2), CALL(epoll_ctl), CALL(brk), CALL(munmap),
	CALL(mremap), CALL(madvise), CALL(futex), CALL(sched_yield),
	CALL(getrandom), CALL(clock_gettime), CALL(clock_getres),
	CALL(gettimeofday), CALL(time), CALL(nanosleep), CALL(clock_nanosleep),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(sigaltstack), CALL(restart_syscall), CALL(getpid), CALL(gettid),
	CALL(getppid), CALL(getuid), CALL(geteuid), CALL(getgid),
	CALL(getegid), CALL(exit), CALL(exit_group),
};

/* To say where to. (write() has no such argument, and connect() is the parent's.) */
static const int sending[] = {
	CALL(sendto),
	CALL(sendmsg),
	CALL(sendmmsg),
};

/* Files of the configuration, name servers, the end of the ike process. */
static const int parent_only[] = {
	CALL(fstat), CALL(newfstatat), CALL(stat), CALL(lstat), CALL(statx),
	CALL(getdents64), CALL(getdents), CALL(access), CALL(faccessat),
	CALL(faccessat2), CALL(readlink), CALL(readlinkat), CALL(getcwd),
	CALL(memfd_create), CALL(unlink), CALL(unlinkat), CALL(connect),
	CALL(bind), CALL(setsockopt), CALL(wait4), CALL(waitid),
	CALL(sysinfo), CALL(uname),
};

/* Nobody here does these, but who wants to get out. */
static const int deadly[] = {
	CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(ptrace),
	CALL(process_vm_readv), CALL(process_vm_writev), CALL(kexec_load),
	CALL(kexec_file_load), CALL(init_module), CALL(finit_module),
	CALL(bpf), CALL(userfaultfd), CALL(perf_event_open), CALL(mount),
	CALL(setns), CALL(unshare), CALL(pivot_root),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int add(scmp_filter_ctx ctx, uint32_t action, const int *calls,
	       size_t count)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < count && !ret; i++)
		if (calls[i] != __NR_SCMP_ERROR)
			ret = seccomp_rule_add(ctx, action, calls[i], 0);
	return ret;
}

/* Allows @call if argument @arg, of which @mask counts, is @value. */
static int add_if(scmp_filter_ctx ctx, int call, unsigned int arg,
		  scmp_datum_t mask, scmp_datum_t value)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1,
				SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value));
}

#define ALL_BITS 0xffffffff

static int add_common(scmp_filter_ctx ctx)
{
	static const int fcntls[] = { F_GETFL, F_SETFL, F_GETFD, F_SETFD };
	int ret;
	size_t i;

	ret = add(ctx, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly));
	if (!ret)
		ret = add(ctx, SCMP_ACT_ALLOW, common, COUNT(common));
	/* Memory is for data. */
	if (!ret)
		ret = add_if(ctx, CALL(mmap), 2, PROT_EXEC, 0);
	if (!ret)
		ret = add_if(ctx, CALL(mprotect), 2, PROT_EXEC, 0);
	for (i = 0; i < COUNT(fcntls) && !ret; i++)
		ret = add_if(ctx, CALL(fcntl), 1, ALL_BITS, fcntls[i]);
	if (!ret)
		ret = add_if(ctx, CALL(ioctl), 1, ALL_BITS, FIONREAD);
	/* abort() */
	if (!ret)
		ret = add_if(ctx, CALL(tgkill), 0, ALL_BITS, getpid());
	return ret;
}

static int add_parent(scmp_filter_ctx ctx)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX };
	const int not_reading = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
	int ret;
	size_t i;

	ret = add(ctx, SCMP_ACT_ALLOW, parent_only, COUNT(parent_only));
	if (!ret)
		ret = add(ctx, SCMP_ACT_ALLOW, sending, COUNT(sending));
	if (!ret)
		ret = add_if(ctx, CALL(open), 1, not_reading, 0);
	if (!ret)
		ret = add_if(ctx, CALL(openat), 2, not_reading, 0);
	for (i = 0; i < COUNT(families) && !ret; i++)
		ret = add_if(ctx, CALL(socket), 0, ALL_BITS, families[i]);
	if (!ret)
		ret = add_if(ctx, CALL(fcntl), 1, ALL_BITS, F_ADD_SEALS);
	if (!ret)
		ret = add_if(ctx, CALL(ioctl), 1, ALL_BITS, SIOCGIFNAME);
	return ret;
}

/* Not with the sockets that are there to hear; of a descriptor all 64 bits count. */
static int add_ike(scmp_filter_ctx ctx)
{
	const scmp_datum_t mute = SANDBOX_FILES - SANDBOX_MUTE_FILES;
	int ret = 0;
	size_t i;

	for (i = 0; i < COUNT(sending) && !ret; i++)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, sending[i], 1,
				       SCMP_A0(SCMP_CMP_LT, mute, 0));
	return ret;
}

int sandbox_filter(enum sandbox_role role)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int ret = ctx ? add_common(ctx) : -ENOMEM;

	if (!ret)
		ret = role == SANDBOX_PARENT ? add_parent(ctx) : add_ike(ctx);
	if (!ret)
		ret = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	if (!ret)
		return 0;
	log_line(LOG_ERR, NULL,
		 "cannot restrict system calls: %s; does the kernel have CONFIG_SECCOMP_FILTER?",
		 strerror(-ret));
	return -1;
}

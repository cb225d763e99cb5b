// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must fail in each process is tried, by a process of its own that has
 * entered the same sandbox. It skips what takes root to give up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

/* Past the C library, which has ideas of its own about some of these. */
#define TRY(name, ...) (syscall(SYS_##name, ##__VA_ARGS__) < 0 ? errno : 0)

static int a_pipe[2];
/* Of UDP, to which it makes no difference what it is for. */
static int a_socket, a_mute_socket;

static int try_open(void) { return TRY(openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }
static int try_create(void) { return TRY(openat, AT_FDCWD, "/tmp/x", O_WRONLY | O_CREAT, 0600); }
static int try_read_write(void) { return TRY(openat, AT_FDCWD, "/dev/null", O_RDWR); }
static int try_unlink(void) { return TRY(unlinkat, AT_FDCWD, "/tmp/there-is-none", 0); }
static int try_tcp(void) { return TRY(socket, AF_INET, SOCK_STREAM, 0); }
static int try_udp(void) { return TRY(socket, AF_INET6, SOCK_DGRAM, 0); }
static int try_unix(void) { return TRY(socket, AF_UNIX, SOCK_STREAM, 0); }
static int try_packet(void) { return TRY(socket, AF_PACKET, SOCK_RAW, 0); }
static int try_netlink(void) { return TRY(socket, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC); }
static int try_bind(void) { return TRY(bind, 0, NULL, 0); }
static int try_setuid(void) { return TRY(setuid, 0); }
static int try_setresuid(void) { return TRY(setresuid, 0, 0, 0); }
static int try_kill(void) { return TRY(kill, getppid(), 0); }
static int try_clone(void) { return TRY(clone, SIGCHLD, 0, 0, 0, 0); }
static int try_prctl(void) { return TRY(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); }
static int try_chmod(void) { return TRY(fchmodat, AT_FDCWD, "/tmp", 0777); }
static int try_tiocsti(void) { return TRY(ioctl, 0, 0x5412, "x"); }
static int try_execute_data(void)
{
	return TRY(mmap, NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static int try_make_executable(void)
{
	static _Alignas(4096) char page[4096];

	return TRY(mprotect, page, sizeof(page), PROT_READ | PROT_EXEC);
}

static int try_execve(void)
{
	char *argv[] = { "/bin/true", NULL };

	return TRY(execve, argv[0], argv, environ);
}
static int try_ptrace(void) { return TRY(ptrace, PTRACE_ATTACH, getppid(), 0, 0); }
static int try_peek(void)
{
	char octet;
	struct iovec iov = { &octet, 1 };

	return TRY(process_vm_readv, getppid(), &iov, 1, &iov, 1, 0);
}
/* To nobody in particular: of a socket to read only it fails before that is seen. */
static int try_send(int fd)
{
	struct mmsghdr message = { 0 };
	int sent = TRY(sendto, fd, "x", 1, 0, NULL, 0);

	if (sent == TRY(sendmsg, fd, &message.msg_hdr, 0) &&
	    sent == TRY(sendmmsg, fd, &message, 1, 0))
		return sent;
	return EIO;
}
static int try_send_mute(void) { return try_send(a_mute_socket); }
static int try_send_other(void) { return try_send(a_socket); }
static int try_hear(void)
{
	char octet;

	return TRY(recvfrom, a_mute_socket, &octet, 1, MSG_DONTWAIT, NULL, NULL);
}
static int try_move_back(void) { return TRY(dup2, a_mute_socket, a_socket); }
static int try_move_back_by_fcntl(void) { return TRY(fcntl, a_mute_socket, F_DUPFD, 0); }
static int try_connect(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET };

	return TRY(connect, a_mute_socket, &to, sizeof(to));
}
static int try_option(void)
{
	const int on = 1;

	return TRY(setsockopt, a_mute_socket, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on));
}
static int try_unshare(void) { return TRY(unshare, 0x40000000); }

/* What must go on. */
static int try_usual(void)
{
	uint8_t octets[16];
	char *memory = malloc(8 << 20);

	if (!memory || TRY(getrandom, octets, sizeof(octets), 0) ||
	    write(a_pipe[1], "x", 1) != 1 || read(a_pipe[0], octets, 1) != 1)
		return EIO;
	memset(memory, 1, 8 << 20);
	free(memory);
	return 0;
}

static int enter_ike(void)
{
	struct sandbox_user user;

	if (geteuid() == 0 && (sandbox_find_user(NULL, &user) < 0 ||
			       sandbox_become(&user) < 0))
		return -1;
	return sandbox_filter(SANDBOX_IKE);
}

/* Rights only, to see that they alone are enough where it is a matter of these. */
static int enter_user(void)
{
	struct sandbox_user user;

	return sandbox_find_user(NULL, &user) < 0 ? -1 : sandbox_become(&user);
}

static int enter_parent(void)
{
	if (sandbox_keep_net_admin() < 0)
		return -1;
	sandbox_hide();
	return sandbox_filter(SANDBOX_PARENT);
}

/* In a child. Return: what @try did there, or the signal that ended it, < 0. */
static int outcome(int (*enter)(void), int (*try)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(enter() < 0 ? 255 : try());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

struct attempt {
	const char *what;
	int (*try)(void);
	int outcome;
};

static void attempt_all(int (*enter)(void), const struct attempt *a)
{
	bool wrong = false;
	int got;

	for (; a->what; a++) {
		got = outcome(enter, a->try);
		if (got == a->outcome)
			continue;
		wrong = true;
		print_message("%s: %d instead of %d\n", a->what, got, a->outcome);
	}
	assert_false(wrong);
}

static void ike(void **state)
{
	static const struct attempt attempts[] = {
		{ "open a file", try_open, EPERM },
		{ "create a file", try_create, EPERM },
		{ "remove a file", try_unlink, EPERM },
		{ "TCP socket", try_tcp, EPERM },
		{ "UDP socket", try_udp, EPERM },
		{ "UNIX socket", try_unix, EPERM },
		{ "packet socket", try_packet, EPERM },
		{ "netlink socket", try_netlink, EPERM },
		{ "bind", try_bind, EPERM },
		{ "setuid", try_setuid, EPERM },
		{ "setresuid", try_setresuid, EPERM },
		{ "kill", try_kill, EPERM },
		{ "clone", try_clone, EPERM },
		{ "prctl", try_prctl, EPERM },
		{ "chmod", try_chmod, EPERM },
		{ "type into the terminal", try_tiocsti, EPERM },
		{ "execute data", try_execute_data, EPERM },
		{ "make data executable", try_make_executable, EPERM },
		{ "execve", try_execve, -SIGSYS },
		{ "ptrace", try_ptrace, -SIGSYS },
		{ "read another process", try_peek, -SIGSYS },
		{ "unshare", try_unshare, -SIGSYS },
		{ "send", try_send_other, EDESTADDRREQ },
		{ "send with what is to be read only", try_send_mute, EPERM },
		{ "read it", try_hear, EAGAIN },
		{ "connect it", try_connect, EPERM },
		{ "set options of it", try_option, EPERM },
		{ "have it as another one", try_move_back, EPERM },
		{ "have another one of it", try_move_back_by_fcntl, EPERM },
		{ "go on", try_usual, 0 },
		{ 0 },
	};

	(void)state;
	attempt_all(enter_ike, attempts);
}

static void parent(void **state)
{
	static const struct attempt attempts[] = {
		{ "open a file", try_open, 0 },
		{ "create a file", try_create, EPERM },
		{ "open to read and write", try_read_write, EPERM },
		{ "remove a file", try_unlink, ENOENT },
		{ "UDP socket", try_udp, 0 },
		{ "packet socket", try_packet, EPERM },
		{ "netlink socket", try_netlink, EPERM },
		{ "setuid", try_setuid, EPERM },
		{ "kill", try_kill, EPERM },
		{ "clone", try_clone, EPERM },
		{ "chmod", try_chmod, EPERM },
		{ "execute data", try_execute_data, EPERM },
		{ "execve", try_execve, -SIGSYS },
		{ "ptrace", try_ptrace, -SIGSYS },
		{ "read another process", try_peek, -SIGSYS },
		{ "go on", try_usual, 0 },
		{ 0 },
	};

	(void)state;
	attempt_all(enter_parent, attempts);
}

/* Without a filter in the way. */
static void user(void **state)
{
	static const struct attempt attempts[] = {
		{ "packet socket", try_packet, EPERM },
		{ "setuid", try_setuid, EPERM },
		{ "setresuid", try_setresuid, EPERM },
		{ "kill", try_kill, EPERM },
		{ "chmod", try_chmod, EPERM },
		{ "ptrace", try_ptrace, EPERM },
		{ "fork", try_clone, EAGAIN },
		{ "go on", try_usual, 0 },
		{ 0 },
	};

	(void)state;
	if (geteuid() != 0)
		skip();
	attempt_all(enter_user, attempts);
}

static void users(void **state)
{
	struct sandbox_user user;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(sandbox_find_user("there-is-no-such-user", &user), -1);
	assert_int_equal(sandbox_find_user("root", &user), -1);
	assert_int_equal(sandbox_find_user("nobody", &user), 0);
	assert_int_not_equal(user.uid, 0);
	assert_int_not_equal(user.gid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ike),
		cmocka_unit_test(parent),
		cmocka_unit_test(user),
		cmocka_unit_test(users),
	};

	a_socket = socket(AF_INET, SOCK_DGRAM, 0);
	a_mute_socket = sandbox_mute(socket(AF_INET, SOCK_DGRAM, 0));
	if (pipe(a_pipe) < 0 || a_socket < 0 || a_mute_socket < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

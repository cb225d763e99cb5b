// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages between the processes: whole or not at all, whatever the other end
 * sends, and no descriptor left open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc.h"

static int ends[2];
static struct ipc_message msg;
static uint8_t big[IPC_DATA_MAX + 1];

static int setup(void **state)
{
	(void)state;
	return ipc_pair(ends);
}

static int teardown(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void whole(void **state)
{
	(void)state;
	assert_int_equal(ipc_send(ends[0], 7, "one", 3, "two", 3, NULL, 0, false), 0);
	assert_int_equal(ipc_send(ends[0], 8, NULL, 0, NULL, 0, NULL, 0, false), 0);
	assert_int_equal(ipc_receive(ends[1], &msg, 0, false), 1);
	assert_int_equal(msg.type, 7);
	assert_int_equal(msg.len, 6);
	assert_memory_equal(msg.data, "onetwo", 6);
	assert_int_equal(ipc_receive(ends[1], &msg, 0, false), 1);
	assert_int_equal(msg.type, 8);
	assert_int_equal(msg.len, 0);
	assert_int_equal(ipc_receive(ends[1], &msg, 0, false), -EAGAIN);
}

static void largest(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	assert_int_equal(ipc_send(ends[0], 1, big, 8, big + 8, IPC_DATA_MAX - 8,
				  NULL, 0, false), 0);
	assert_int_equal(ipc_receive(ends[1], &msg, 0, false), 1);
	assert_int_equal(msg.len, IPC_DATA_MAX);
	assert_memory_equal(msg.data, big, IPC_DATA_MAX);
	assert_int_equal(ipc_send(ends[0], 1, big, 8, big + 8, IPC_DATA_MAX - 7,
				  NULL, 0, false), -EMSGSIZE);
	assert_int_equal(ipc_send(ends[0], 1, big, 8, big, SIZE_MAX, NULL, 0,
				  false), -EMSGSIZE);
	assert_int_equal(ipc_receive(ends[1], &msg, 0, false), -EAGAIN);
}

/* What no honest end sends: octets that are no frame, or one that lies. */
static void lies(void **state)
{
	static uint8_t longer[IPC_DATA_MAX + 64];
	const uint32_t frames[][3] = {
		{ 1, 0, 0 },	/* says 0, has 4 */
		{ 1, 5, 0 },	/* says 5, has 4 */
		{ 1, UINT32_MAX, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++) {
		/* An empty record cannot be told from the end. */
		assert_int_equal(send(ends[0], frames, i + 1, 0), i + 1);
		assert_int_equal(ipc_receive(ends[1], &msg, 0, false),
				 i + 1 < 8 ? -EPROTO : 1);
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(send(ends[0], frames[i], 12, 0), 12);
		assert_int_equal(ipc_receive(ends[1], &msg, 0, false), -EPROTO);
	}
	((uint32_t *)longer)[1] = sizeof(longer) - 8;
	assert_int_equal(send(ends[0], longer, sizeof(longer), 0), sizeof(longer));
	assert_int_equal(ipc_receive(ends[1], &msg, 0, false), -EPROTO);
}

static void descriptors(void **state)
{
	const int fds[3] = { 0, 1, 2 };
	unsigned int before = open_files();

	(void)state;
	assert_int_equal(ipc_send(ends[0], 1, "x", 1, NULL, 0, fds, 2, false), 0);
	assert_int_equal(ipc_receive(ends[1], &msg, 2, false), 1);
	assert_int_equal(msg.n_fds, 2);
	assert_int_equal(open_files(), before + 2);
	ipc_close_fds(&msg);
	assert_int_equal(open_files(), before);

	/* More than were asked for, and none were. */
	assert_int_equal(ipc_send(ends[0], 1, "x", 1, NULL, 0, fds, 3, false), 0);
	assert_int_equal(ipc_receive(ends[1], &msg, 2, false), -EPROTO);
	assert_int_equal(ipc_send(ends[0], 1, "x", 1, NULL, 0, fds, 1, false), 0);
	assert_int_equal(ipc_receive(ends[1], &msg, 0, false), -EPROTO);
	assert_int_equal(open_files(), before);
}

static void ends_and_bounds(void **state)
{
	int i, ret = 0;

	(void)state;
	for (i = 0; i < 1000 && !ret; i++)
		ret = ipc_send(ends[0], 1, big, 8192, NULL, 0, NULL, 0, false);
	assert_int_equal(ret, -EAGAIN);
	while (ipc_receive(ends[1], &msg, 0, false) == 1)
		i--;
	assert_int_equal(i, 1); /* all that were sent have come */

	assert_int_equal(ipc_set_timeout(ends[1], 1), 0);
	assert_int_equal(ipc_receive(ends[1], &msg, 0, true), -EAGAIN);
	close(ends[0]);
	assert_int_equal(ipc_receive(ends[1], &msg, 0, true), 0);
	assert_int_equal(ipc_send(ends[1], 1, NULL, 0, NULL, 0, NULL, 0, true),
			 -EPIPE);
	ends[0] = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole, setup, teardown),
		cmocka_unit_test_setup_teardown(largest, setup, teardown),
		cmocka_unit_test_setup_teardown(lies, setup, teardown),
		cmocka_unit_test_setup_teardown(descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_and_bounds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

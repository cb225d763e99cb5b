// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A folder of a test's own: see folder.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

int folder_make(struct folder *folder, const char *what)
{
	snprintf(folder->path, sizeof(folder->path), "/tmp/iked-%s-XXXXXX",
		 what);
	return mkdtemp(folder->path) ? 0 : -1;
}

const char *folder_file(const struct folder *folder, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	return path;
}

void folder_put(const struct folder *folder, const char *name, const char *text,
		mode_t mode)
{
	int fd = open(folder_file(folder, name), O_WRONLY | O_CREAT | O_TRUNC,
		      0600);
	ssize_t len = strlen(text);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	/* Whatever the umask is. */
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int folder_remove(const struct folder *folder)
{
	return nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

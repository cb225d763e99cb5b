// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of the control socket, which the parent process makes and removes.
 * Who may connect is a matter of its mode; who does is the ike process's.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl_listen.h"
#include "log.h"

#define BACKLOG 16

static void make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = '\0';
	/* If it cannot be made, bind() will say so. */
	(void)!mkdir(folder, 0755);
}

/* A socket file that nobody listens on is what a crash left behind. */
static bool is_in_use(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool in_use;

	if (fd < 0)
		return false;
	in_use = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0;
	close(fd);
	return in_use;
}

static int bind_file(int fd, const struct sockaddr_un *addr)
{
	mode_t mask = umask(0177);
	int ret = bind(fd, (const struct sockaddr *)addr, sizeof(*addr));

	umask(mask);
	return ret;
}

int ctl_listen(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	unsigned int tries = 0;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		log_line(LOG_ERR, NULL, "%s: the path is too long for a socket",
			 path);
		return -1;
	}
	strcpy(addr.sun_path, path);
	make_folder(path);
	/* The ike process of a parent that was killed is about to end. */
	while (is_in_use(&addr)) {
		if (++tries > LEAVING_TRIES) {
			log_line(LOG_ERR, NULL,
				 "%s: ipsvti-iked is already running", path);
			return -1;
		}
		usleep(LEAVING_US);
	}
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind_file(fd, &addr) < 0 || listen(fd, BACKLOG) < 0) {
		log_line(LOG_ERR, NULL, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

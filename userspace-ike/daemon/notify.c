// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "systemctl start" returns when ipsvtictl can be used. One datagram is all of
 * the protocol, so no library is brought in for it.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"

#define READY "READY=1"

void notify_ready(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd, ret = -1;

	if (!len || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	/* A name of Linux' own, not a file. */
	if (to.sun_path[0] == '@')
		to.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		ret = (int)sendto(fd, READY, strlen(READY), MSG_NOSIGNAL,
				  (const struct sockaddr *)&to,
				  (socklen_t)(offsetof(struct sockaddr_un,
						       sun_path) +
					      len));
		close(fd);
	}
	if (ret < 0)
		log_line(LOG_WARNING, NULL, "telling systemd: %s",
			 strerror(errno));
}

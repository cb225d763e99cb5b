// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One request to a running daemon, from the command line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl.h"

#define ANSWER_SECONDS 10

static FILE *connect_to(const char *path)
{
	const struct timeval timeout = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	FILE *fp;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		goto fail;
	fp = fdopen(fd, "r+");
	if (fp)
		return fp;
fail:
	close(fd);
	return NULL;
}

int ctl_client(const char *path, const char *command, const char *tunnel)
{
	json_t *request, *reply;
	char *line = NULL;
	size_t size = 0;
	int ret = 1;
	FILE *fp;

	fp = connect_to(path);
	if (!fp) {
		fprintf(stderr, "ipsvti-iked: %s: %s; is the daemon running?\n",
			path, strerror(errno));
		return 1;
	}
	request = json_pack("{s:s, s:s*}", "command", command, "tunnel", tunnel);
	if (!request || json_dumpf(request, fp, JSON_COMPACT) < 0 ||
	    fputc('\n', fp) == EOF || fflush(fp) == EOF ||
	    getline(&line, &size, fp) < 0) {
		fprintf(stderr, "ipsvti-iked: %s: no answer\n", path);
		goto out;
	}
	fputs(line, stdout);
	reply = json_loads(line, 0, NULL);
	ret = !reply || json_object_get(reply, "error");
	json_decref(reply);
out:
	free(line);
	json_decref(request);
	fclose(fp);
	return ret;
}

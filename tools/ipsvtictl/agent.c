// SPDX-License-Identifier: GPL-2.0-or-later
/* Talking to ipsvti-iked by its control socket: see agent.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"
#include "conf_said.h"

/* The agent answers at once; if it hangs, its user need not. */
#define ANSWER_SECONDS 10

static enum ctl_status failed(struct ctl *ctl, int code, const char *what,
			      const char *hint)
{
	ctl->err = (struct ipsvti_error){ .code = code };
	snprintf(ctl->err.text, sizeof(ctl->err.text), "%.100s: %s%s", what,
		 strerror(code), hint);
	return CTL_FAILED;
}

static enum ctl_status unreachable(struct ctl *ctl, int code, const char *path)
{
	return failed(ctl, code, path,
		      code == EACCES ? "; run it as root" : "; is ipsvti-iked running?");
}

static int connect_to(const char *path)
{
	const struct timeval timeout = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, code;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
			sizeof(timeout)) &&
	    !connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	code = errno;
	close(fd);
	errno = code;
	return -1;
}

/* Return: the answer; NULL, with errno set, if there is none. */
static json_t *talk(FILE *fp, const char *command, const char *tunnel)
{
	json_t *request, *answer = NULL;
	char *line = NULL;
	size_t size = 0;
	int ret;

	request = json_pack("{s:s, s:s*}", "command", command, "tunnel",
			    tunnel);
	errno = ENOMEM;
	if (!request)
		return NULL;
	ret = json_dumpf(request, fp, JSON_COMPACT);
	json_decref(request);
	if (ret || fputc('\n', fp) == EOF || fflush(fp) == EOF)
		return NULL;
	errno = ECONNRESET;
	if (getline(&line, &size, fp) >= 0) {
		answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		errno = EPROTO;
	}
	free(line);
	return answer;
}

/* {"error": "TEXT", "errno": NUMBER}, or not. */
static bool is_refusal(struct ctl *ctl, const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "error"));
	json_int_t code;

	if (!text)
		return false;
	code = json_integer_value(json_object_get(answer, "errno"));
	ctl->err = (struct ipsvti_error){
		.code = code > 0 && code < 4096 ? (int)code : EINVAL,
		.refused = true,
	};
	snprintf(ctl->err.text, sizeof(ctl->err.text), "%s", text);
	return true;
}

/* Errors in files of the configuration, one each. */
static void take_lines(struct ctl *ctl, const json_t *lines)
{
	const json_t *line;
	size_t i;

	if (ctl->json && json_array_size(lines))
		ctl->errors = json_array();
	json_array_foreach(lines, i, line) {
		const char *said = json_string_value(line);

		if (said && ctl->json)
			json_array_append_new(ctl->errors, conf_said(said));
		else if (said)
			fprintf(stderr, "%s\n", said);
	}
}

enum ctl_status agent_open(struct ctl *ctl, int *fdp)
{
	const char *path = ctl->socket ? ctl->socket : AGENT_SOCKET;

	*fdp = connect_to(path);
	if (*fdp >= 0)
		return CTL_OK;
	return unreachable(ctl, errno, path);
}

enum ctl_status agent_ask(struct ctl *ctl, const char *command,
			  const char *tunnel, json_t **answer)
{
	const char *path = ctl->socket ? ctl->socket : AGENT_SOCKET;
	int fd = connect_to(path), code;
	FILE *fp = fd < 0 ? NULL : fdopen(fd, "r+");

	if (!fp) {
		code = errno;
		if (fd >= 0)
			close(fd);
		return unreachable(ctl, code, path);
	}
	*answer = talk(fp, command, tunnel);
	code = errno;
	fclose(fp);
	if (!*answer)
		return failed(ctl, code, path,
			      "; ipsvti-iked has not answered");
	if (!is_refusal(ctl, *answer))
		return CTL_OK;
	take_lines(ctl, json_object_get(*answer, "lines"));
	json_decref(*answer);
	*answer = NULL;
	return CTL_FAILED;
}

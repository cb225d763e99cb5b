// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsvtictl metrics: OpenMetrics text, once or to whoever asks by HTTP. Serving is a
 * process of its own, which has neither keys nor tunnels; it listens on this machine
 * only, one client at a time, none for longer than some seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"
#include "args.h"
#include "metrics.h"

#define CLIENT_SECONDS 5
#define REQUEST_MAX 8192

/* Whatever cannot be asked is left out, and ipsvti_agent_up is 0. */
static bool write_all(struct ctl *ctl, FILE *to)
{
	json_t *answer = NULL;
	struct live live;

	agent_ask(ctl, "status", NULL, &answer);
	live_read(&live);
	metrics_write(to, answer, &live);
	live_free(&live);
	json_decref(answer);
	return !ferror(to);
}

static enum ctl_status fail(struct ctl *ctl, const char *where)
{
	ctl->err = (struct ipsvti_error){ .code = errno };
	snprintf(ctl->err.text, sizeof(ctl->err.text), "%.100s: %s", where, strerror(errno));
	return CTL_FAILED;
}

/* ---- where ------------------------------------------------------------------ */

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* "127.0.0.1:9110", "[::1]:9110" or a path. Return: octets, 0 if it is none. */
static socklen_t take_address(const char *where, union address *addr)
{
	const char *colon = strrchr(where, ':');
	char host[64];
	uint32_t port;
	size_t len;

	memset(addr, 0, sizeof(*addr));
	if (*where == '/') {
		if (strlen(where) >= sizeof(addr->un.sun_path))
			return 0;
		addr->un.sun_family = AF_UNIX;
		strcpy(addr->un.sun_path, where);
		return sizeof(addr->un);
	}
	if (!colon || !parse_number(colon + 1, 1, 65535, &port))
		return 0;
	len = (size_t)(colon - where);
	if (len >= sizeof(host))
		return 0;
	memcpy(host, where, len);
	host[len] = 0;
	if (inet_pton(AF_INET, host, &addr->in.sin_addr) == 1) {
		addr->in.sin_family = AF_INET;
		addr->in.sin_port = htons((uint16_t)port);
		return ntohl(addr->in.sin_addr.s_addr) >> 24 == 127 ? sizeof(addr->in) : 0;
	}
	if (strcmp(host, "[::1]"))
		return 0;
	addr->in6.sin6_family = AF_INET6;
	addr->in6.sin6_addr = in6addr_loopback;
	addr->in6.sin6_port = htons((uint16_t)port);
	return sizeof(addr->in6);
}

static int listen_at(const char *where, const union address *addr, socklen_t len)
{
	int fd = socket(addr->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	struct stat st;

	if (fd < 0)
		return -1;
	if (addr->any.sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	else if (!lstat(where, &st) && S_ISSOCK(st.st_mode))
		unlink(where); /* of one that was killed */
	if (!bind(fd, &addr->any, len) && !listen(fd, 8))
		return fd;
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

/* ---- HTTP ------------------------------------------------------------------- */

/* Return: whether there is a whole head of a request. */
static bool read_head(int fd, char *buf, size_t size)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = read(fd, buf + have, size - 1 - have);
		if (n <= 0)
			return false;
		have += (size_t)n;
		buf[have] = 0;
		if (strstr(buf, "\r\n\r\n") || strstr(buf, "\n\n"))
			return true;
	} while (have < size - 1);
	return false;
}

static void answer_with(FILE *to, const char *status, const char *type, const char *body, size_t len)
{
	fprintf(to,
		"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		status, type, len);
	fwrite(body, 1, len, to);
}

static void serve_one(struct ctl *ctl, int fd)
{
	static const char plain[] = "text/plain; charset=utf-8";
	const struct timeval timeout = { .tv_sec = CLIENT_SECONDS };
	char request[REQUEST_MAX], *text = NULL;
	FILE *to = fdopen(fd, "r+"), *memory;
	bool whole;
	size_t len = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (!to || !read_head(fd, request, sizeof(request)))
		goto out;
	if (strncmp(request, "GET ", 4)) {
		answer_with(to, "405 Method Not Allowed", plain, "GET only\n", 9);
	} else if (strncmp(request + 4, "/metrics ", 9) && strncmp(request + 4, "/metrics?", 9)) {
		answer_with(to, "404 Not Found", plain, "there is /metrics\n", 18);
	} else {
		memory = open_memstream(&text, &len);
		whole = memory && write_all(ctl, memory);
		if (memory && fclose(memory))
			whole = false;
		if (whole)
			answer_with(to, "200 OK", "application/openmetrics-text; version=1.0.0; charset=utf-8",
				    text, len);
		free(text);
	}
out:
	if (to)
		fclose(to);
	else
		close(fd);
}

static enum ctl_status serve(struct ctl *ctl, const char *where)
{
	union address addr;
	socklen_t len = take_address(where, &addr);
	int fd, client;

	if (!len)
		return ctl_usage(ctl,
				 "\"%s\": expected an address of this machine and a port, such as 127.0.0.1:9110 or [::1]:9110, or the path of a UNIX socket",
				 where);
	fd = listen_at(where, &addr, len);
	if (fd < 0)
		return fail(ctl, where);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client >= 0)
			serve_one(ctl, client);
		else if (errno != EINTR && errno != ECONNABORTED)
			return fail(ctl, where);
	}
}

static enum ctl_status metrics(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	const char *word = args_next(&args), *where = NULL;
	enum ctl_status status = CTL_OK;

	if (word && strcmp(word, "listen"))
		return ctl_usage(ctl, "\"%s\": expected \"listen\"", word);
	if (word)
		status = args_value(&args, word, "an address and a port, or a path", &where);
	if (!status)
		status = args_end(&args);
	if (status)
		return status;
	if (where)
		return serve(ctl, where);
	return write_all(ctl, stdout) ? CTL_OK : fail(ctl, "standard output");
}

const struct ctl_command metrics_command = {
	.object = "metrics",
	.summary = "what tunnels do, as OpenMetrics text",
	.usage = "[listen ADDRESS:PORT | listen PATH]",
	.help = "Prints once, or serves it to Prometheus by HTTP as /metrics. A configured tunnel that\n"
		"is down is 0, and never absent; ipsvti_agent_up is 0 if the agent does not answer.\n"
		"\n"
		"  listen  serve it there, until killed: a loopback address and a port, or a UNIX socket\n"
		"\n"
		"Example:\n"
		"  ipsvtictl metrics listen 127.0.0.1:9110\n",
	.run = metrics,
};

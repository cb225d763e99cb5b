// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsvtictl metrics: OpenMetrics text, once or to whoever asks by HTTP. Serving is a
 * process of its own, which has neither keys nor tunnels; it listens on this machine
 * only, and a client that is slow keeps nobody waiting.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"
#include "args.h"
#include "metrics.h"

/* How long a client may be silent. */
#define CLIENT_SECONDS 5
#define REQUEST_MAX 8192
/* With no descriptor left for a client, the next one is looked at that much later. */
#define FULL_SECONDS 1

/*
 * Whatever cannot be asked is left out, and ipsvti_agent_up is 0. The tunnels of an agent
 * that answers no longer are those that it had.
 */
static bool write_all(struct ctl *ctl, FILE *to)
{
	static json_t *last;
	json_t *answer = NULL;
	struct live live;

	agent_ask(ctl, "status", NULL, &answer);
	live_read(&live);
	metrics_write(to, answer, last, &live);
	live_free(&live);
	if (answer) {
		json_decref(last);
		last = answer;
	}
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
	int fd = socket(addr->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
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

static void answer_with(struct evhttp_request *req, int code, const char *status, const char *type,
			const char *body, size_t len)
{
	struct evkeyvalq *head = evhttp_request_get_output_headers(req);
	struct evbuffer *buf = evbuffer_new();

	if (!buf || evhttp_add_header(head, "Content-Type", type) || evbuffer_add(buf, body, len))
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	else
		evhttp_send_reply(req, code, status, buf);
	if (buf)
		evbuffer_free(buf);
}

static void send_metrics(struct ctl *ctl, struct evhttp_request *req)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	bool whole = memory && write_all(ctl, memory);

	if (memory && fclose(memory))
		whole = false;
	if (whole)
		answer_with(req, HTTP_OK, "OK", "application/openmetrics-text; version=1.0.0; charset=utf-8",
			    text, len);
	else
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	free(text);
}

static void on_request(struct evhttp_request *req, void *arg)
{
	static const char plain[] = "text/plain; charset=utf-8";
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

	if (evhttp_request_get_command(req) != EVHTTP_REQ_GET)
		answer_with(req, HTTP_BADMETHOD, "Method Not Allowed", plain, "GET only\n", 9);
	else if (!path || strcmp(path, "/metrics"))
		answer_with(req, HTTP_NOTFOUND, "Not Found", plain, "there is /metrics\n", 18);
	else
		send_metrics(arg, req);
}

/* One process serves one listener. */
static struct event *look_again;

static void on_full(struct evconnlistener *listener, void *arg)
{
	const struct timeval later = { .tv_sec = FULL_SECONDS };

	(void)arg;
	/* Who waits would be reported again at once, and for ever. */
	if (!evtimer_add(look_again, &later))
		evconnlistener_disable(listener);
}

static void on_later(evutil_socket_t fd, short what, void *listener)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(listener);
}

static enum ctl_status serve(struct ctl *ctl, const char *where)
{
	struct evconnlistener *listener;
	union address addr;
	socklen_t len = take_address(where, &addr);
	struct event_base *base;
	struct evhttp *http;
	int fd;

	if (!len)
		return ctl_usage(ctl,
				 "\"%s\": expected an address of this machine and a port, such as 127.0.0.1:9110 or [::1]:9110, or the path of a UNIX socket",
				 where);
	fd = listen_at(where, &addr, len);
	if (fd < 0)
		return fail(ctl, where);
	signal(SIGPIPE, SIG_IGN);
	/* Nothing is given back: what ends this is what ends the process. */
	errno = ENOMEM;
	base = event_base_new();
	http = base ? evhttp_new(base) : NULL;
	listener = http ? evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd) : NULL;
	look_again = listener ? evtimer_new(base, on_later, listener) : NULL;
	if (!look_again || !evhttp_bind_listener(http, listener))
		return fail(ctl, where);
	evconnlistener_set_error_cb(listener, on_full);
	evhttp_set_timeout(http, CLIENT_SECONDS);
	evhttp_set_max_headers_size(http, REQUEST_MAX);
	evhttp_set_max_body_size(http, REQUEST_MAX);
	/* All that it knows; others than GET get an answer that says so. */
	evhttp_set_allowed_methods(http, UINT16_MAX);
	evhttp_set_gencb(http, on_request, ctl);
	event_base_dispatch(base);
	return fail(ctl, where);
}

static enum ctl_status metrics(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	const char *word = args_next(&args), *where = NULL;
	enum ctl_status status = CTL_OK;

	if (ctl->json)
		return ctl_usage(ctl, "metrics are OpenMetrics text and nothing else: leave --json out, or ask \"--json status\" or \"--json top\"");
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
		"is down is 0, and never absent; ipsvti_agent_up is 0 if the agent does not answer,\n"
		"and a tunnel is up then if its device has a carrier. There is no --json of it.\n"
		"\n"
		"  listen  serve it there, until killed: a loopback address and a port, or a UNIX socket\n"
		"\n"
		"Example:\n"
		"  ipsvtictl metrics listen 127.0.0.1:9110\n",
	.run = metrics,
};

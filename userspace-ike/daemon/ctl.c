// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: clients and their lines. What a line means is in
 * ctl_request.c.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl.h"
#include "log.h"

#define REQUEST_MAX 4096 /* octets of a line */
#define CLIENTS_MAX 16
#define IDLE_SECONDS 60

struct client {
	struct iked *iked;
	struct bufferevent *bev;
};

struct ctl {
	struct evconnlistener *listener;
	struct client clients[CLIENTS_MAX];
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void drop_client(struct client *client)
{
	bufferevent_free(client->bev);
	client->bev = NULL;
}

static void answer(struct client *client, const char *line)
{
	struct evbuffer *out = bufferevent_get_output(client->bev);
	json_t *reply = ctl_request(client->iked, line);
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	if (text)
		evbuffer_add_printf(out, "%s\n", text);
	else
		evbuffer_add_printf(out, "{\"error\":\"no memory\"}\n");
	free(text);
	json_decref(reply);
	/* A request may have given the engine something to do. */
	loop_rearm(client->iked);
}

static void on_readable(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct client *client = arg;
	char *line;

	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF))) {
		answer(client, line);
		free(line);
	}
	if (evbuffer_get_length(in) >= REQUEST_MAX)
		drop_client(client);
}

/* End of file, error or silence. What was asked has been answered. */
static void on_end(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	drop_client(arg);
}

static void on_client(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *addr, int len, void *arg)
{
	const struct timeval idle = { .tv_sec = IDLE_SECONDS };
	struct iked *iked = arg;
	struct client *client;

	(void)listener;
	(void)addr;
	(void)len;
	for (client = iked->ctl->clients;
	     client < iked->ctl->clients + CLIENTS_MAX && client->bev;)
		client++;
	if (client == iked->ctl->clients + CLIENTS_MAX) {
		evutil_closesocket(fd);
		return;
	}
	client->iked = iked;
	client->bev = bufferevent_socket_new(loop_base(iked), fd,
					     BEV_OPT_CLOSE_ON_FREE);
	if (!client->bev) {
		evutil_closesocket(fd);
		return;
	}
	bufferevent_setwatermark(client->bev, EV_READ, 0, REQUEST_MAX);
	bufferevent_set_timeouts(client->bev, &idle, &idle);
	bufferevent_setcb(client->bev, on_readable, NULL, on_end, client);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

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

int ctl_open(struct iked *iked, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct ctl *ctl;
	mode_t mask;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		log_line(LOG_ERR, NULL, "%s: the path is too long for a socket",
			 path);
		return -1;
	}
	strcpy(addr.sun_path, path);
	make_folder(path);
	if (is_in_use(&addr)) {
		log_line(LOG_ERR, NULL, "%s: ipsvti-iked is already running", path);
		return -1;
	}
	unlink(path);

	ctl = calloc(1, sizeof(*ctl));
	if (!ctl) {
		log_line(LOG_ERR, NULL, "no memory for the control socket");
		return -1;
	}
	strcpy(ctl->path, path);
	mask = umask(0177);
	ctl->listener = evconnlistener_new_bind(loop_base(iked), on_client, iked,
						LEV_OPT_CLOSE_ON_FREE |
							LEV_OPT_CLOSE_ON_EXEC,
						-1, (struct sockaddr *)&addr,
						sizeof(addr));
	umask(mask);
	if (!ctl->listener) {
		log_line(LOG_ERR, NULL, "%s: %s", path, strerror(errno));
		free(ctl);
		return -1;
	}
	iked->ctl = ctl;
	return 0;
}

void ctl_close(struct iked *iked)
{
	struct ctl *ctl = iked->ctl;
	unsigned int i;

	if (!ctl)
		return;
	for (i = 0; i < CLIENTS_MAX; i++)
		if (ctl->clients[i].bev)
			drop_client(&ctl->clients[i]);
	evconnlistener_free(ctl->listener);
	unlink(ctl->path);
	free(ctl);
	iked->ctl = NULL;
}

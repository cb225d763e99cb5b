// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: clients and their lines. What a line means is in
 * ctl_request.c.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "log.h"

#define REQUEST_MAX 4096 /* octets of a line */
#define CLIENTS_MAX 16
#define IDLE_SECONDS 60
#define MONITORS_MAX 8
#define BACKLOG_MAX 262144 /* octets of events that a client has not read */

struct client {
	struct iked *iked;
	struct bufferevent *bev;
	bool monitors; /* is told events, and asks for nothing more */
	unsigned int lost; /* events it was too slow for */
};

struct ctl {
	struct evconnlistener *listener;
	struct client clients[CLIENTS_MAX];
};

static void drop_client(struct client *client)
{
	bufferevent_free(client->bev);
	client->bev = NULL;
}

static json_t *begin_monitor(struct client *client)
{
	struct client *all = client->iked->ctl->clients;
	unsigned int i, monitors = 0;

	for (i = 0; i < CLIENTS_MAX; i++)
		monitors += all[i].bev && all[i].monitors;
	if (monitors >= MONITORS_MAX)
		return json_pack("{s:s, s:i}", "error", "too many clients are told events already", "errno", EBUSY);
	client->monitors = true;
	client->lost = 0;
	bufferevent_set_timeouts(client->bev, NULL, NULL);
	return json_pack("{s:b}", "ok", 1);
}

static void put_line(struct client *client, json_t *line)
{
	struct evbuffer *out = bufferevent_get_output(client->bev);
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	if (text)
		evbuffer_add_printf(out, "%s\n", text);
	free(text);
}

static json_t *event_json(const struct ike_event *event)
{
	static const char *const levels[] = {
		[IKE_LOG_ERROR] = "error",
		[IKE_LOG_NOTICE] = "notice",
		[IKE_LOG_INFO] = "info",
		[IKE_LOG_DEBUG] = "debug",
	};
	json_t *fields = json_object();
	size_t i;

	for (i = 0; i < event->n_fields; i++)
		json_object_set_new(fields, event->fields[i].key,
				    json_string(event->fields[i].value));
	return json_pack("{s:s, s:s, s:s*, s:s, s:o}", "event",
			 ike_event_name(event->id), "level",
			 levels[event->level], "tunnel", event->tunnel, "text",
			 event->line, "fields", fields);
}

/* Nobody is dropped here: the engine may be in the middle of a client's request. */
void ctl_event(struct iked *iked, const struct ike_event *event)
{
	json_t *line = NULL, *lost;
	struct client *client;
	unsigned int i;

	for (i = 0; iked->ctl && i < CLIENTS_MAX; i++) {
		client = &iked->ctl->clients[i];
		if (!client->bev || !client->monitors)
			continue;
		if (evbuffer_get_length(bufferevent_get_output(client->bev)) >
		    BACKLOG_MAX) {
			client->lost++;
			continue;
		}
		if (client->lost) {
			lost = json_pack("{s:s, s:s, s:i}", "event", "lost",
					 "level", "error", "count",
					 client->lost);
			put_line(client, lost);
			json_decref(lost);
			client->lost = 0;
		}
		if (!line)
			line = event_json(event);
		put_line(client, line);
	}
	json_decref(line);
}

static void answer(struct client *client, const char *line)
{
	struct evbuffer *out = bufferevent_get_output(client->bev);
	bool monitor = !strcmp(line, "{\"command\":\"monitor\"}");
	json_t *reply = monitor ? begin_monitor(client) :
				  ctl_request(client->iked, line);
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
		if (!client->monitors)
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
	client->monitors = false;
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

int ctl_open(struct iked *iked, int fd)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));

	if (ctl)
		ctl->listener = evconnlistener_new(loop_base(iked), on_client,
						   iked, LEV_OPT_CLOSE_ON_FREE |
							 LEV_OPT_CLOSE_ON_EXEC,
						   0, fd);
	if (!ctl || !ctl->listener) {
		log_line(LOG_ERR, NULL, "no memory for the control socket");
		close(fd);
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
	free(ctl);
	iked->ctl = NULL;
}

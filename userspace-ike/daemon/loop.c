// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens when in the ike process: one event base with the sockets, the
 * news of the parent, and a single timer that follows the engine.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "iked.h"
#include "ipc.h"
#include "log.h"

#define STOP_TIMEOUT_MS 3000 /* for peers that do not answer a DELETE */
#define STOP_MOST_MS 20000   /* for many that do, one after another */
#define SETTLE_MS 100	     /* changes of routes come in swarms */
#define NEWS_AT_ONCE 64	     /* before anything else */

struct socket_watch {
	struct iked *iked;
	unsigned int index;
	struct event *event;
};

struct loop {
	struct event_base *base;
	struct socket_watch sockets[NET_SOCKETS];
	struct event *news;
	struct event *settle;
	struct event *timer;
	uint64_t stop_at; /* when to leave although peers were not told */
	uint64_t stop_most; /* when to leave although some still answer */
	unsigned int left; /* IKE SAs of peers that were not told yet */
};

static struct timeval milliseconds(uint64_t ms)
{
	return (struct timeval){
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};
}

/* As long as peers answer, the others may be about to: there can be hundreds. */
static void await_others(struct iked *iked, uint64_t now)
{
	struct loop *loop = iked->loop;
	unsigned int left = ike_engine_count(iked->engine);

	if (left < loop->left) {
		loop->stop_at = now + STOP_TIMEOUT_MS;
		if (loop->stop_at > loop->stop_most)
			loop->stop_at = loop->stop_most;
	}
	loop->left = left;
}

void loop_rearm(struct iked *iked)
{
	uint64_t now = iked_now(), next = ike_engine_next_wakeup(iked->engine);
	struct loop *loop = iked->loop;
	struct timeval delay;

	if (iked->stopping) {
		await_others(iked, now);
		if (ike_engine_idle(iked->engine) || now >= loop->stop_at) {
			event_base_loopbreak(loop->base);
			return;
		}
		if (next > loop->stop_at)
			next = loop->stop_at;
	}
	if (next == IKE_NEVER) {
		event_del(loop->timer);
		return;
	}
	delay = milliseconds(next > now ? next - now : 0);
	event_add(loop->timer, &delay);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct iked *iked = arg;

	(void)fd;
	(void)what;
	ike_engine_tick(iked->engine, iked_now());
	loop_rearm(iked);
}

static void on_message(void *arg, const struct ike_datagram *dgram)
{
	struct iked *iked = arg;

	ike_engine_input(iked->engine, iked_now(), dgram);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct socket_watch *watch = arg;

	(void)fd;
	(void)what;
	net_receive(watch->iked->net, watch->index, on_message, watch->iked);
	loop_rearm(watch->iked);
}

static void on_routing(struct iked *iked)
{
	const struct timeval delay = milliseconds(SETTLE_MS);

	/* Put off no further by what comes meanwhile. */
	if (!event_pending(iked->loop->settle, EV_TIMEOUT, NULL))
		event_add(iked->loop->settle, &delay);
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	struct iked *iked = arg;

	(void)fd;
	(void)what;
	if (iked->stopping)
		return;
	underlay_look(iked);
	loop_rearm(iked);
}

/* ---- news ---------------------------------------------------------------- */

static void on_stop(struct iked *iked, const void *data)
{
	const struct news_signal *news = data;

	if (iked->stopping) {
		log_line(LOG_NOTICE, NULL, "%s again: leaving at once",
			 strsignal(news->signal));
		event_base_loopbreak(iked->loop->base);
		return;
	}
	log_line(LOG_NOTICE, NULL, "%s: telling the peers, then leaving",
		 strsignal(news->signal));
	iked->stopping = true;
	iked->loop->stop_most = iked_now() + STOP_MOST_MS;
	tunnels_stop(iked);
	/* (which takes its time, if there are many) */
	iked->loop->stop_at = iked_now() + STOP_TIMEOUT_MS;
	iked->loop->left = ike_engine_count(iked->engine);
}

static void on_hangup(struct iked *iked, const void *data)
{
	struct tunnels_difference difference;
	char *errors = NULL;

	(void)data;
	if (!iked->stopping)
		tunnels_reload(iked, &errors, &difference);
	free(errors);
}

static void on_event(struct iked *iked, const void *data)
{
	ike_engine_kernel_event(iked->engine, iked_now(), data);
}

static void on_events_lost(struct iked *iked, const void *data)
{
	(void)data;
	tunnels_reconcile(iked);
}

static void on_carrier(struct iked *iked, const void *data)
{
	const struct news_carrier *news = data;
	const char *name = tunnels_name(iked, news->ifindex);

	if (name)
		log_line(LOG_INFO, name, "carrier %s: %s",
			 news->up ? "up" : "down", news->reason);
}

/* A device that goes down takes its routes along without a word. */
static void on_device(struct iked *iked, const void *data)
{
	const struct news_device *news = data;

	underlay_device(iked, news->ifindex, news->name, news->is_ipsvti);
	on_routing(iked);
}

static void on_device_gone(struct iked *iked, const void *data)
{
	const struct news_device *news = data;

	underlay_device_gone(iked, news->ifindex);
}

static void on_routing_changed(struct iked *iked, const void *data)
{
	(void)data;
	on_routing(iked);
}

static void on_changes_lost(struct iked *iked, const void *data)
{
	(void)data;
	underlay_reconcile(iked);
	on_routing(iked);
}

static void on_address(struct iked *iked, const void *data)
{
	names_address(iked, data);
}

static const struct {
	size_t size;
	void (*take)(struct iked *iked, const void *data);
} news_table[NEWS_MAX] = {
	[NEWS_STOP] = { sizeof(struct news_signal), on_stop },
	[NEWS_HANGUP] = { 0, on_hangup },
	[NEWS_EVENT] = { sizeof(struct ike_kernel_event), on_event },
	[NEWS_EVENTS_LOST] = { 0, on_events_lost },
	[NEWS_CARRIER] = { sizeof(struct news_carrier), on_carrier },
	[NEWS_DEVICE] = { sizeof(struct news_device), on_device },
	[NEWS_DEVICE_GONE] = { sizeof(struct news_device), on_device_gone },
	[NEWS_ROUTING] = { 0, on_routing_changed },
	[NEWS_CHANGES_LOST] = { 0, on_changes_lost },
	[NEWS_ADDRESS] = { sizeof(struct news_address), on_address },
};

static void on_news(evutil_socket_t fd, short what, void *arg)
{
	static struct ipc_message msg;
	struct iked *iked = arg;
	int i, ret;

	(void)what;
	for (i = 0; i < NEWS_AT_ONCE; i++) {
		ret = ipc_receive(fd, &msg, 0, false);
		if (ret == -EAGAIN)
			break;
		if (ret <= 0 || msg.type >= NEWS_MAX ||
		    !news_table[msg.type].take ||
		    news_table[msg.type].size != msg.len)
			ask_news_lost();
		news_table[msg.type].take(iked, msg.data);
	}
	loop_rearm(iked);
}

static struct event *watch(struct loop *loop, int fd, short what,
			   event_callback_fn callback, void *arg)
{
	struct event *event = event_new(loop->base, fd, what | EV_PERSIST,
					callback, arg);

	if (event && event_add(event, NULL) < 0) {
		event_free(event);
		event = NULL;
	}
	return event;
}

static int watch_sockets(struct iked *iked)
{
	struct socket_watch *socket;
	unsigned int i;

	for (i = 0; i < NET_SOCKETS; i++) {
		if (net_fd(iked->net, i) < 0)
			continue;
		socket = &iked->loop->sockets[i];
		socket->iked = iked;
		socket->index = i;
		socket->event = watch(iked->loop, net_fd(iked->net, i), EV_READ,
				      on_socket, socket);
		if (!socket->event)
			return -1;
	}
	return 0;
}

int loop_open(struct iked *iked)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		goto no_memory;
	iked->loop = loop;
	loop->base = event_base_new();
	if (!loop->base)
		goto no_memory;
	loop->timer = evtimer_new(loop->base, on_timer, iked);
	loop->news = watch(loop, NEWS_FD, EV_READ, on_news, iked);
	loop->settle = evtimer_new(loop->base, on_settled, iked);
	if (!loop->timer || !loop->news || !loop->settle ||
	    watch_sockets(iked) < 0)
		goto no_memory;
	return 0;
no_memory:
	log_line(LOG_ERR, NULL, "no memory for the event loop");
	loop_close(iked);
	return -1;
}

int loop_run(struct iked *iked)
{
	loop_rearm(iked);
	if (event_base_dispatch(iked->loop->base) < 0) {
		log_line(LOG_ERR, NULL, "the event loop failed");
		return -1;
	}
	if (iked->stopping && !ike_engine_idle(iked->engine))
		log_line(LOG_WARNING, NULL,
			 "leaving although a peer did not answer");
	return 0;
}

static void unwatch(struct event *event)
{
	if (event)
		event_free(event);
}

void loop_close(struct iked *iked)
{
	struct loop *loop = iked->loop;
	unsigned int i;

	if (!loop)
		return;
	for (i = 0; i < NET_SOCKETS; i++)
		unwatch(loop->sockets[i].event);
	unwatch(loop->news);
	unwatch(loop->settle);
	unwatch(loop->timer);
	if (loop->base)
		event_base_free(loop->base);
	free(loop);
	iked->loop = NULL;
}

struct event_base *loop_base(const struct iked *iked)
{
	return iked->loop->base;
}

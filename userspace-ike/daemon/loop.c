// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens when: one event base with the sockets, the events of the data
 * path, the signals, and a single timer that follows the engine.
 */
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "iked.h"
#include "log.h"

#define STOP_TIMEOUT_MS 3000 /* for peers that do not answer a DELETE */
#define SETTLE_MS 100	     /* changes of routes come in swarms */

struct socket_watch {
	struct iked *iked;
	unsigned int index;
	struct event *event;
};

enum { WATCH_TERM, WATCH_INT, WATCH_HUP, WATCH_MAX };

struct loop {
	struct event_base *base;
	struct socket_watch sockets[NET_SOCKETS];
	struct event *signals[WATCH_MAX];
	struct event *kernel;
	struct event *changes;
	struct event *settle;
	struct event *timer;
	uint64_t stop_at; /* when to leave although peers were not told */
	bool failed;
};

static struct timeval milliseconds(uint64_t ms)
{
	return (struct timeval){
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};
}

void loop_rearm(struct iked *iked)
{
	uint64_t now = iked_now(), next = ike_engine_next_wakeup(iked->engine);
	struct loop *loop = iked->loop;
	struct timeval delay;

	if (iked->stopping) {
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

static void on_kernel_event(void *arg, const struct ike_kernel_event *event)
{
	struct iked *iked = arg;

	ike_engine_kernel_event(iked->engine, iked_now(), event);
}

static void on_device_gone(void *arg, uint32_t ifindex)
{
	underlay_device_gone(arg, ifindex);
}

static void on_carrier(void *arg, uint32_t ifindex, bool up, const char *reason)
{
	const char *name = tunnels_name(arg, ifindex);

	if (name)
		log_line(LOG_INFO, name, "carrier %s: %s", up ? "up" : "down",
			 reason);
}

static void on_lost(void *arg)
{
	tunnels_reconcile(arg);
}

static void on_kernel(evutil_socket_t fd, short what, void *arg)
{
	struct iked *iked = arg;
	struct kernel_handler handler = {
		.event = on_kernel_event,
		.device_gone = on_device_gone,
		.carrier = on_carrier,
		.lost = on_lost,
		.arg = iked,
	};

	(void)fd;
	(void)what;
	if (kernel_events_read(iked->kernel, &handler) < 0) {
		iked->loop->failed = true;
		event_base_loopbreak(iked->loop->base);
		return;
	}
	loop_rearm(iked);
}

static void on_routing(void *arg)
{
	const struct timeval delay = milliseconds(SETTLE_MS);
	struct iked *iked = arg;

	/* Put off no further by what comes meanwhile. */
	if (!event_pending(iked->loop->settle, EV_TIMEOUT, NULL))
		event_add(iked->loop->settle, &delay);
}

/* A device that goes down takes its routes along without a word. */
static void on_device(void *arg, uint32_t ifindex, const char *name,
		      bool is_ipsvti)
{
	underlay_device(arg, ifindex, name, is_ipsvti);
	on_routing(arg);
}

static void on_changes_lost(void *arg)
{
	underlay_reconcile(arg);
	on_routing(arg);
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

static void on_changes(evutil_socket_t fd, short what, void *arg)
{
	struct iked *iked = arg;
	struct kernel_watcher watcher = {
		.device = on_device,
		.device_gone = on_device_gone,
		.routing = on_routing,
		.lost = on_changes_lost,
		.arg = iked,
	};

	(void)fd;
	(void)what;
	if (kernel_changes_read(iked->kernel, &watcher) < 0) {
		iked->loop->failed = true;
		event_base_loopbreak(iked->loop->base);
		return;
	}
	loop_rearm(iked);
}

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
	struct iked *iked = arg;

	(void)what;
	if (iked->stopping) {
		log_line(LOG_NOTICE, NULL, "%s again: leaving at once",
			 strsignal(signal));
		event_base_loopbreak(iked->loop->base);
		return;
	}
	log_line(LOG_NOTICE, NULL, "%s: telling the peers, then leaving",
		 strsignal(signal));
	iked->stopping = true;
	iked->loop->stop_at = iked_now() + STOP_TIMEOUT_MS;
	tunnels_stop(iked);
	loop_rearm(iked);
}

static void on_hangup(evutil_socket_t signal, short what, void *arg)
{
	struct tunnels_difference difference;
	struct iked *iked = arg;

	(void)signal;
	(void)what;
	if (iked->stopping)
		return;
	tunnels_reload(iked, NULL, &difference);
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
	loop->kernel = watch(loop, kernel_events_fd(iked->kernel), EV_READ,
			     on_kernel, iked);
	loop->changes = watch(loop, kernel_changes_fd(iked->kernel), EV_READ,
			      on_changes, iked);
	loop->settle = evtimer_new(loop->base, on_settled, iked);
	loop->signals[WATCH_TERM] = watch(loop, SIGTERM, EV_SIGNAL, on_stop, iked);
	loop->signals[WATCH_INT] = watch(loop, SIGINT, EV_SIGNAL, on_stop, iked);
	loop->signals[WATCH_HUP] = watch(loop, SIGHUP, EV_SIGNAL, on_hangup, iked);
	if (!loop->timer || !loop->kernel || !loop->changes || !loop->settle ||
	    !loop->signals[WATCH_TERM] ||
	    !loop->signals[WATCH_INT] || !loop->signals[WATCH_HUP] ||
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
	return iked->loop->failed ? -1 : 0;
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
	for (i = 0; i < WATCH_MAX; i++)
		unwatch(loop->signals[i]);
	unwatch(loop->kernel);
	unwatch(loop->changes);
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

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Peers given by name: looked up at the start, and again as long as the tunnel
 * is not up, for the name may lead elsewhere by now. A tunnel that is up stays
 * where it is. The looking up itself is the parent's.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "iked.h"
#include "log.h"

#define LOOK_MS 3000

struct names {
	struct event *timer;
};

static void note_state(void *arg, const struct ike_tunnel_status *status)
{
	bool *up = arg;

	*up = !strcmp(status->state, "up");
}

static bool is_up(const struct iked *iked, const struct conf_tunnel *tunnel)
{
	static const struct ike_status_visitor visitor = {
		.tunnel = note_state,
	};
	bool up = false;

	ike_engine_status(iked->engine, iked_now(), tunnel->ike.name, &visitor,
			  &up);
	return up;
}

void names_look(struct iked *iked)
{
	const struct timeval delay = { .tv_sec = LOOK_MS / 1000 };
	const struct conf_tunnel *tunnel;
	bool any = false;
	size_t i;

	for (i = 0; i < iked->conf.count && !iked->stopping; i++) {
		tunnel = iked->conf.tunnels[i];
		if (!tunnel->remote_name[0])
			continue;
		any = true;
		if (!is_up(iked, tunnel))
			ask_look_up(tunnel->ike.name);
	}
	if (any)
		event_add(iked->names->timer, &delay);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	names_look(arg);
}

void names_address(struct iked *iked, const struct news_address *news)
{
	struct conf_tunnel *tunnel = conf_find(&iked->conf, news->tunnel);

	/* The configuration may be another one by now. */
	if (tunnel && !strcmp(tunnel->remote_name, news->host) &&
	    !iked->stopping &&
	    !ike_address_same(&news->addr, &tunnel->ike.remote))
		tunnels_set_remote(iked, tunnel, &news->addr);
}

int names_open(struct iked *iked)
{
	struct names *names = calloc(1, sizeof(*names));

	if (names)
		names->timer = evtimer_new(loop_base(iked), on_timer, iked);
	if (!names || !names->timer) {
		free(names);
		log_line(LOG_ERR, NULL, "no memory for looking up names");
		return -1;
	}
	iked->names = names;
	return 0;
}

void names_close(struct iked *iked)
{
	struct names *names = iked->names;

	if (!names)
		return;
	event_free(names->timer);
	free(names);
	iked->names = NULL;
}

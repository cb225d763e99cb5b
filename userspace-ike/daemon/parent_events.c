// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * News for the ike process. It may be slow, or not read them at all: then they
 * are lost, as the kernel's own are for who is slow, and told in the same way.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ipc.h"
#include "log.h"
#include "parent.h"
#include "parent_events.h"

#define NEWS_BIT(news) (1u << (news))
#define OF_EVENTS (NEWS_BIT(NEWS_EVENT) | NEWS_BIT(NEWS_EVENTS_LOST))
#define OF_CHANGES                                              \
	(NEWS_BIT(NEWS_DEVICE) | NEWS_BIT(NEWS_DEVICE_GONE) |   \
	 NEWS_BIT(NEWS_ROUTING) | NEWS_BIT(NEWS_CHANGES_LOST))

bool parent_tell(struct parent *parent, enum news news, const void *data,
		 size_t len)
{
	if (ipc_send(parent->news, news, data, len, NULL, 0, NULL, 0, false) == 0)
		return true;
	if (NEWS_BIT(news) & (OF_EVENTS | OF_CHANGES)) {
		parent->lost |= NEWS_BIT(news);
		event_add(parent->room, NULL);
	}
	return false;
}

void parent_has_room(evutil_socket_t fd, short what, void *arg)
{
	struct parent *parent = arg;
	uint32_t lost = parent->lost;

	(void)fd;
	(void)what;
	parent->lost = 0;
	if (lost & OF_EVENTS)
		parent_tell(parent, NEWS_EVENTS_LOST, NULL, 0);
	if (lost & OF_CHANGES)
		parent_tell(parent, NEWS_CHANGES_LOST, NULL, 0);
}

/* ---- data path ----------------------------------------------------------- */

static void pass_event(void *arg, const struct ike_kernel_event *event)
{
	parent_tell(arg, NEWS_EVENT, event, sizeof(*event));
}

/* No SA can be asked for on a device that is not there. */
static void forget_device(struct conf *conf, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < conf->count; i++)
		if (conf->tunnels[i]->ike.ifindex == ifindex)
			conf->tunnels[i]->ike.ifindex = 0;
}

static void pass_device_gone(void *arg, uint32_t ifindex)
{
	const struct news_device news = { .ifindex = ifindex };
	struct parent *parent = arg;

	forget_device(&parent->conf, ifindex);
	forget_device(&parent->before, ifindex);
	parent_tell(parent, NEWS_DEVICE_GONE, &news, sizeof(news));
}

static void pass_carrier(void *arg, uint32_t ifindex, bool up,
			 const char *reason)
{
	struct news_carrier news = { .ifindex = ifindex, .up = up };

	snprintf(news.reason, sizeof(news.reason), "%s", reason);
	parent_tell(arg, NEWS_CARRIER, &news, sizeof(news));
}

static void pass_events_lost(void *arg)
{
	parent_tell(arg, NEWS_EVENTS_LOST, NULL, 0);
}

int parent_pass_events(struct parent *parent)
{
	const struct kernel_handler handler = {
		.event = pass_event,
		.device_gone = pass_device_gone,
		.carrier = pass_carrier,
		.lost = pass_events_lost,
		.arg = parent,
	};

	return kernel_events_read(parent->kernel, &handler);
}

/* ---- devices and routes -------------------------------------------------- */

static void pass_device(void *arg, uint32_t ifindex, const char *name,
			bool is_ipsvti)
{
	struct news_device news = {
		.ifindex = ifindex,
		.is_ipsvti = is_ipsvti,
	};

	snprintf(news.name, sizeof(news.name), "%s", name);
	parent_tell(arg, NEWS_DEVICE, &news, sizeof(news));
}

static void pass_routing(void *arg)
{
	parent_tell(arg, NEWS_ROUTING, NULL, 0);
}

static void pass_changes_lost(void *arg)
{
	parent_tell(arg, NEWS_CHANGES_LOST, NULL, 0);
}

int parent_pass_changes(struct parent *parent)
{
	const struct kernel_watcher watcher = {
		.device = pass_device,
		.device_gone = pass_device_gone,
		.routing = pass_routing,
		.lost = pass_changes_lost,
		.arg = parent,
	};

	return kernel_changes_read(parent->kernel, &watcher);
}

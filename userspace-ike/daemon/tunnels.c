// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configured tunnels, given to the engine and taken from it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "iked.h"
#include "log.h"

static int count_found(void *arg, const struct ike_pair_info *info)
{
	unsigned int *found = arg;

	*found += info->state == IKE_PAIR_ACTIVE;
	return 0;
}

/* SAs outlive an agent. Nobody knows their IKE SA any more, but they carry. */
static void tell_found(const struct conf_tunnel *tunnel)
{
	unsigned int found = 0;

	if (ask_query(tunnel->ike.ifindex, count_found, &found) < 0 || !found)
		return;
	log_line(LOG_NOTICE, tunnel->ike.name,
		 tunnel->ike.start == IKE_START_ALWAYS ?
			 "found SAs of an earlier agent: they carry traffic until new ones replace them" :
			 "found SAs of an earlier agent: they carry traffic until the peer, or a packet that finds none, makes new ones");
}

/* The reason of a refusal is logged, and kept for who asks. */
static int take_device(struct conf_tunnel *tunnel, uint32_t *ifindex)
{
	return ask_device(tunnel->ike.name, ifindex, tunnel->trouble.device);
}

/* ifindex stays 0 without a device. */
static void start_one(struct iked *iked, struct conf_tunnel *tunnel)
{
	const char *name = tunnel->ike.name, *why = NULL;
	int ret;

	tunnel->ike.ifindex = 0;
	if (!tunnel->ike.remote.family) {
		if (!tunnel->sought_at)
			tunnel->sought_at = iked_now();
		return; /* names.c comes back to it */
	}
	take_device(tunnel, &tunnel->ike.ifindex);
	ask_way(name, &tunnel->way, NULL);
	ret = ike_engine_add_tunnel(iked->engine, iked_now(), &tunnel->ike,
				    &why);
	if (ret == 0 && tunnel->ike.ifindex)
		tell_found(tunnel);
	if (ret == 0)
		return;
	tunnel->ike.ifindex = 0;
	log_line(LOG_ERR, name, "%s: %s", tunnel->file,
		 why ? why : strerror(-ret));
}

int tunnels_attach(struct iked *iked, struct conf_tunnel *tunnel)
{
	uint32_t ifindex;

	if (!tunnel->ike.remote.family ||
	    take_device(tunnel, &ifindex) < 0)
		return -1;
	tunnel->ike.ifindex = ifindex;
	return ike_engine_set_device(iked->engine, iked_now(), tunnel->ike.name,
				     ifindex);
}

void tunnels_set_remote(struct iked *iked, struct conf_tunnel *tunnel,
			const struct ike_address *remote)
{
	bool known = tunnel->ike.remote.family;

	tunnel->ike.remote = *remote;
	if (!known) {
		start_one(iked, tunnel);
		return;
	}
	/* The peer that was there is told before the device knows another. */
	ike_engine_set_remote(iked->engine, iked_now(), tunnel->ike.name,
			      remote);
	ask_way(tunnel->ike.name, &tunnel->way, NULL);
	if (tunnel->ike.ifindex &&
	    take_device(tunnel, &tunnel->ike.ifindex) < 0)
		tunnels_detach(iked, tunnel);
}

void tunnels_detach(struct iked *iked, struct conf_tunnel *tunnel)
{
	tunnel->ike.ifindex = 0;
	ike_engine_set_device(iked->engine, iked_now(), tunnel->ike.name, 0);
}

static void stop_one(struct iked *iked, struct conf_tunnel *tunnel)
{
	ike_engine_remove_tunnel(iked->engine, iked_now(), tunnel->ike.name);
	tunnel->ike.ifindex = 0;
}

void tunnels_start(struct iked *iked)
{
	size_t i;

	if (!iked->conf.count)
		log_line(LOG_WARNING, NULL,
			 "no tunnels: put a file NAME.conf into the folder of the configuration, then \"ipsvtictl reload\"");
	for (i = 0; i < iked->conf.count; i++)
		start_one(iked, iked->conf.tunnels[i]);
}

/* Whether @old may go on as @new, on the device it has now. */
static bool goes_on(const struct conf_tunnel *old, struct conf_tunnel *new)
{
	uint32_t ifindex;

	return old->ike.ifindex && new && conf_tunnel_same(old, new) &&
	       take_device(new, &ifindex) == 0 &&
	       ifindex == old->ike.ifindex;
}

int tunnels_reload(struct iked *iked, char **errors,
		   struct tunnels_difference *difference)
{
	struct tunnels_difference d = { 0 };
	struct conf_tunnel *tunnel;
	struct conf fresh, old;
	size_t i;

	if (ask_reload(&fresh, errors) < 0)
		return -1;

	for (i = 0; i < iked->conf.count; i++) {
		struct conf_tunnel *was = iked->conf.tunnels[i];

		tunnel = conf_find(&fresh, was->ike.name);
		if (tunnel && !strcmp(was->remote_name, tunnel->remote_name))
			tunnel->sought_at = was->sought_at;
		if (goes_on(was, tunnel)) {
			tunnel->ike.ifindex = was->ike.ifindex;
			tunnel->way = was->way;
			d.unchanged++;
		} else {
			d.stopped += was->ike.ifindex != 0;
			stop_one(iked, was);
		}
	}

	/* The engine may ask for keys while tunnels are added. */
	ask_applied();
	old = iked->conf;
	iked->conf = fresh;
	for (i = 0; i < iked->conf.count; i++) {
		tunnel = iked->conf.tunnels[i];
		if (tunnel->ike.ifindex)
			continue;
		start_one(iked, tunnel);
		d.started += tunnel->ike.ifindex != 0;
		d.refused += tunnel->trouble.device[0] != '\0';
	}
	conf_free(&old);
	names_look(iked);
	log_line(LOG_NOTICE, NULL,
		 "reload: tunnels unchanged: %u, stopped: %u, started: %u, without a usable device: %u",
		 d.unchanged, d.stopped, d.started, d.refused);
	*difference = d;
	return 0;
}

void tunnels_stop(struct iked *iked)
{
	size_t i;

	for (i = 0; i < iked->conf.count; i++)
		ike_engine_command(iked->engine, iked_now(), IKE_CMD_DOWN,
				   iked->conf.tunnels[i]->ike.name);
}

const char *tunnels_name(const struct iked *iked, uint32_t ifindex)
{
	size_t i;

	for (i = 0; ifindex && i < iked->conf.count; i++)
		if (iked->conf.tunnels[i]->ike.ifindex == ifindex)
			return iked->conf.tunnels[i]->ike.name;
	return NULL;
}

/* ---- lost events --------------------------------------------------------- */

#define PAIRS_MAX 64 /* more than a device has: an outbound and 8 inbound */

struct pair_list {
	uint32_t ids[PAIRS_MAX];
	size_t count;
};

/* What the kernel has, and what the engine believes it has, of one device. */
struct reconcile {
	struct pair_list present;
	struct pair_list in_use;
	struct pair_list believed;
	struct ike_pair_info expired[PAIRS_MAX];
	size_t n_expired;
};

static void list_add(struct pair_list *list, uint32_t id)
{
	if (list->count < PAIRS_MAX)
		list->ids[list->count++] = id;
}

static bool list_has(const struct pair_list *list, uint32_t id)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->ids[i] == id)
			return true;
	return false;
}

static int note_present(void *arg, const struct ike_pair_info *info)
{
	struct reconcile *r = arg;

	list_add(&r->present, info->pair_id);
	if (info->state == IKE_PAIR_ACTIVE && info->rx_packets)
		list_add(&r->in_use, info->pair_id);
	if (info->limit && r->n_expired < PAIRS_MAX)
		r->expired[r->n_expired++] = *info;
	return 0;
}

static void note_believed(void *arg, const struct ike_child_status *status)
{
	struct reconcile *r = arg;

	if (status->pair_id)
		list_add(&r->believed, status->pair_id);
}

static void tell(struct iked *iked, const struct conf_tunnel *tunnel,
		 enum ike_kernel_event_id id, uint32_t pair_id)
{
	struct ike_kernel_event event = {
		.id = id,
		.ifindex = tunnel->ike.ifindex,
		.pair_id = pair_id,
	};

	ike_engine_kernel_event(iked->engine, iked_now(), &event);
}

static void tell_expired(struct iked *iked, const struct conf_tunnel *tunnel,
			 const struct ike_pair_info *info)
{
	struct ike_kernel_event event = {
		.id = IKE_KERNEL_EXPIRE,
		.ifindex = tunnel->ike.ifindex,
		.pair_id = info->pair_id,
		.limit = info->limit,
		.hard = info->hard,
	};

	ike_engine_kernel_event(iked->engine, iked_now(), &event);
}

static void reconcile_one(struct iked *iked, const struct conf_tunnel *tunnel)
{
	static const struct ike_status_visitor visitor = {
		.child_sa = note_believed,
	};
	struct reconcile r = { 0 };
	size_t i;

	if (ask_query(tunnel->ike.ifindex, note_present, &r) < 0)
		return;
	ike_engine_status(iked->engine, iked_now(), tunnel->ike.name, &visitor,
			  &r);
	for (i = 0; i < r.believed.count; i++)
		if (!list_has(&r.present, r.believed.ids[i]))
			tell(iked, tunnel, IKE_KERNEL_DELETED, r.believed.ids[i]);
		else if (list_has(&r.in_use, r.believed.ids[i]))
			tell(iked, tunnel, IKE_KERNEL_FIRST_RX, r.believed.ids[i]);
	for (i = 0; i < r.n_expired; i++)
		tell_expired(iked, tunnel, &r.expired[i]);
	/* A wish for a tunnel repeats itself, with the packets behind it. */
}

void tunnels_reconcile(struct iked *iked)
{
	size_t i;

	log_line(LOG_WARNING, NULL,
		 "events of the kernel were lost, reading its state anew");
	for (i = 0; i < iked->conf.count; i++)
		if (iked->conf.tunnels[i]->ike.ifindex)
			reconcile_one(iked, iked->conf.tunnels[i]);
}

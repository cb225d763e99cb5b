// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is below the tunnels: their devices, which people remove, rename and
 * make anew, and the way to the peers, which routing changes.
 */
#include <string.h>

#include "ask.h"
#include "iked.h"
#include "log.h"

static void device_lost(struct iked *iked, struct conf_tunnel *tunnel,
			const char *what, const char *name)
{
	log_line(LOG_WARNING, tunnel->ike.name,
		 "device %s %s%s: the tunnel is stopped until there is one again, or until \"ipsvtictl up %s\"",
		 tunnel->interface, what, name, tunnel->ike.name);
	tunnels_detach(iked, tunnel);
}

void underlay_device(struct iked *iked, uint32_t ifindex, const char *name,
		     bool is_ipsvti)
{
	struct conf_tunnel *tunnel;
	bool ours;
	size_t i;

	for (i = 0; i < iked->conf.count; i++) {
		tunnel = iked->conf.tunnels[i];
		ours = !strcmp(tunnel->interface, name);
		if (tunnel->ike.ifindex == ifindex && !ours)
			device_lost(iked, tunnel, "is now called ", name);
		/* What was wrong with it the last time may be mended now. */
		if (tunnel->ike.ifindex || !ours || !is_ipsvti ||
		    iked->stopping)
			continue;
		if (tunnels_attach(iked, tunnel) == 0)
			log_line(LOG_NOTICE, tunnel->ike.name,
				 "device %s is there again", name);
	}
}

void underlay_device_gone(struct iked *iked, uint32_t ifindex)
{
	struct conf_tunnel *tunnel;
	size_t i;

	for (i = 0; i < iked->conf.count; i++) {
		tunnel = iked->conf.tunnels[i];
		if (tunnel->ike.ifindex == ifindex)
			device_lost(iked, tunnel, "was removed", "");
		/* It was perhaps the one that could not be used. */
		if (tunnel->trouble.device[0] &&
		    !ask_device_index(tunnel->ike.name))
			tunnel->trouble.device[0] = '\0';
	}
}

void underlay_reconcile(struct iked *iked)
{
	struct conf_tunnel *tunnel;
	uint32_t ifindex;
	size_t i;

	log_line(LOG_WARNING, NULL,
		 "changes of devices and routes were lost, looking anew");
	for (i = 0; i < iked->conf.count; i++) {
		tunnel = iked->conf.tunnels[i];
		ifindex = ask_device_index(tunnel->ike.name);
		if (tunnel->ike.ifindex && tunnel->ike.ifindex != ifindex)
			device_lost(iked, tunnel, "was removed", "");
		if (ifindex)
			underlay_device(iked, ifindex, tunnel->interface, true);
	}
}

/* ---- routes -------------------------------------------------------------- */

static void log_way(const struct conf_tunnel *tunnel, const char *device)
{
	char peer[48];

	ike_address_format(&tunnel->ike.remote, peer, sizeof(peer));
	if (tunnel->way.error)
		log_line(LOG_NOTICE, tunnel->ike.name, "no way to %s: %s", peer,
			 strerror(tunnel->way.error));
	else
		log_line(LOG_NOTICE, tunnel->ike.name,
			 "the way to %s has changed, it leads through %s", peer,
			 device[0] ? device : "a device that is gone");
}

void underlay_look(struct iked *iked)
{
	struct conf_tunnel *tunnel;
	char device[IF_NAMESIZE];
	struct conf_way way;
	size_t i;

	/* Another way may lead to other name servers. */
	names_look(iked);
	for (i = 0; i < iked->conf.count; i++) {
		tunnel = iked->conf.tunnels[i];
		if (!tunnel->ike.remote.family)
			continue;
		ask_way(tunnel->ike.name, &way, device);
		if (!memcmp(&way, &tunnel->way, sizeof(way)))
			continue;
		tunnel->way = way;
		log_way(tunnel, device);
		/* Without a way, asking the peer at once shows it soonest. */
		ike_engine_underlay_changed(iked->engine, iked_now(),
					    tunnel->ike.name);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Peers given by name: looked up at the start, and again as long as the tunnel
 * is not up, for the name may lead elsewhere by now. A tunnel that is up stays
 * where it is.
 */
#include <event2/dns.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "iked.h"
#include "log.h"

#define LOOK_MS 3000

struct names {
	struct evdns_base *dns;
	struct event *timer;
	unsigned int in_flight;
};

struct lookup {
	struct iked *iked;
	char tunnel[IKE_NAME_MAX];
	char host[254];
};

static bool take_address(const struct addrinfo *ai, struct ike_address *addr)
{
	memset(addr, 0, sizeof(*addr));
	switch (ai->ai_family) {
	case AF_INET:
		addr->family = IKE_IPV4;
		memcpy(addr->octets,
		       &((const struct sockaddr_in *)ai->ai_addr)->sin_addr, 4);
		return true;
	case AF_INET6:
		addr->family = IKE_IPV6;
		memcpy(addr->octets,
		       &((const struct sockaddr_in6 *)ai->ai_addr)->sin6_addr,
		       16);
		return true;
	}
	return false;
}

/*
 * The first address of the family of ours; the present one if it is still among
 * them, whatever the order that servers like to change.
 */
static bool choose(const struct conf_tunnel *tunnel, const struct addrinfo *ai,
		   struct ike_address *best)
{
	struct ike_address addr;
	bool found = false;

	for (; ai; ai = ai->ai_next) {
		if (!take_address(ai, &addr) ||
		    addr.family != tunnel->ike.local.family)
			continue;
		if (!memcmp(&addr, &tunnel->ike.remote, sizeof(addr))) {
			*best = addr;
			return true;
		}
		if (!found)
			*best = addr;
		found = true;
	}
	return found;
}

static void on_address(int error, struct evutil_addrinfo *res, void *arg)
{
	static struct log_limit limit;
	struct lookup *lookup = arg;
	struct iked *iked = lookup->iked;
	struct conf_tunnel *tunnel = conf_find(&iked->conf, lookup->tunnel);
	struct ike_address addr;
	unsigned int held_back;
	char text[48];

	iked->names->in_flight--;
	/* The configuration may be another one by now. */
	if (error == EVUTIL_EAI_CANCEL || iked->stopping || !tunnel ||
	    strcmp(tunnel->remote_name, lookup->host))
		goto out;
	if (error || !choose(tunnel, res, &addr)) {
		if (log_limited(&limit, iked_now(), &held_back))
			log_line(LOG_NOTICE, tunnel->ike.name,
				 "no IPv%d address of %s: %s",
				 tunnel->ike.local.family, lookup->host,
				 error ? evutil_gai_strerror(error) :
					 "the name has others");
		goto out;
	}
	if (memcmp(&addr, &tunnel->ike.remote, sizeof(addr))) {
		log_line(LOG_NOTICE, tunnel->ike.name, "%s is %s", lookup->host,
			 ike_address_format(&addr, text, sizeof(text)));
		tunnels_set_remote(iked, tunnel, &addr);
		loop_rearm(iked);
	}
out:
	if (res)
		evutil_freeaddrinfo(res);
	free(lookup);
}

/* Servers and /etc/hosts as they are now: networks come with their own. */
static struct evdns_base *read_servers(const struct iked *iked)
{
	struct evdns_base *dns = evdns_base_new(
		loop_base(iked), EVDNS_BASE_DISABLE_WHEN_INACTIVE);

	/* Without the file there still are /etc/hosts and a local server. */
	if (dns)
		evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL,
					     "/etc/resolv.conf");
	return dns;
}

static void look_up(struct iked *iked, const struct conf_tunnel *tunnel)
{
	const struct evutil_addrinfo hints = {
		.ai_family = tunnel->ike.local.family == IKE_IPV4 ? AF_INET :
								    AF_INET6,
		.ai_socktype = SOCK_DGRAM,
	};
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (!lookup)
		return;
	lookup->iked = iked;
	memcpy(lookup->tunnel, tunnel->ike.name, sizeof(lookup->tunnel));
	memcpy(lookup->host, tunnel->remote_name, sizeof(lookup->host));
	iked->names->in_flight++;
	/* May answer before it returns. */
	evdns_getaddrinfo(iked->names->dns, lookup->host, NULL, &hints,
			  on_address, lookup);
}

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
	struct names *names = iked->names;
	bool any = false;
	size_t i;

	if (names->in_flight || iked->stopping)
		return;
	for (i = 0; i < iked->conf.count; i++)
		any |= iked->conf.tunnels[i]->remote_name[0] != 0;
	if (!any)
		return;
	event_add(names->timer, &delay);
	if (names->dns)
		evdns_base_free(names->dns, 0);
	names->dns = read_servers(iked);
	for (i = 0; names->dns && i < iked->conf.count; i++)
		if (iked->conf.tunnels[i]->remote_name[0] &&
		    !is_up(iked, iked->conf.tunnels[i]))
			look_up(iked, iked->conf.tunnels[i]);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval delay = { .tv_sec = LOOK_MS / 1000 };
	struct iked *iked = arg;

	(void)fd;
	(void)what;
	/* Some servers take longer than that. */
	event_add(iked->names->timer, &delay);
	names_look(iked);
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
	unsigned int rounds = 8;

	if (!names)
		return;
	iked->stopping = true;
	event_free(names->timer);
	if (names->dns)
		evdns_base_free(names->dns, 1);
	/* What was cancelled is told so, by the loop. */
	while (names->in_flight && rounds--)
		event_base_loop(loop_base(iked), EVLOOP_NONBLOCK);
	free(names);
	iked->names = NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses of peers that are given by name. When to look is the ike process's
 * to say; what a name leads to, the parent's: it tells devices their peers.
 */
#include <event2/dns.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "parent.h"

/* At most one look-up for each tunnel is under way. */
struct resolve {
	struct evdns_base *dns;
	struct lookup *lookups;
	bool closing;
};

struct lookup {
	struct lookup *next;
	struct parent *parent;
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
		if (ike_address_same(&addr, &tunnel->ike.remote)) {
			*best = addr;
			return true;
		}
		if (!found)
			*best = addr;
		found = true;
	}
	return found;
}

static void forget(struct lookup *lookup)
{
	struct lookup **link = &lookup->parent->resolve->lookups;

	while (*link != lookup)
		link = &(*link)->next;
	*link = lookup->next;
	free(lookup);
}

static void take_result(struct parent *parent, struct conf_tunnel *tunnel,
			int error, const struct addrinfo *res)
{
	static struct log_limit limit;
	struct news_address news = { 0 };
	unsigned int held_back;
	struct timespec ts;
	char text[48];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (error || !choose(tunnel, res, &news.addr)) {
		if (log_limited(&limit,
				(uint64_t)ts.tv_sec * 1000 +
					ts.tv_nsec / 1000000,
				&held_back))
			log_line(LOG_NOTICE, tunnel->ike.name,
				 "no IPv%d address of %s: %s",
				 tunnel->ike.local.family, tunnel->remote_name,
				 error ? evutil_gai_strerror(error) :
					 "the name has others");
		return;
	}
	if (ike_address_same(&news.addr, &tunnel->ike.remote))
		return;
	memcpy(news.tunnel, tunnel->ike.name, sizeof(news.tunnel));
	memcpy(news.host, tunnel->remote_name, sizeof(news.host));
	/* Without room for it it is looked up again. */
	if (!parent_tell(parent, NEWS_ADDRESS, &news, sizeof(news)))
		return;
	tunnel->ike.remote = news.addr;
	log_line(LOG_NOTICE, tunnel->ike.name, "%s is %s", tunnel->remote_name,
		 ike_address_format(&news.addr, text, sizeof(text)));
}

static void on_address(int error, struct evutil_addrinfo *res, void *arg)
{
	struct lookup *lookup = arg;
	struct parent *parent = lookup->parent;
	struct conf_tunnel *tunnel = conf_find(&parent->conf, lookup->tunnel);

	/* The configuration may be another one by now. */
	if (error != EVUTIL_EAI_CANCEL && !parent->resolve->closing && tunnel &&
	    !strcmp(tunnel->remote_name, lookup->host))
		take_result(parent, tunnel, error, res);
	if (res)
		evutil_freeaddrinfo(res);
	forget(lookup);
}

/* Servers and /etc/hosts as they are now: networks come with their own. */
static void read_servers(struct parent *parent)
{
	struct resolve *resolve = parent->resolve;

	if (resolve->dns)
		evdns_base_free(resolve->dns, 0);
	resolve->dns = evdns_base_new(parent->base,
				      EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	/* Without the file there still are /etc/hosts and a local server. */
	if (resolve->dns)
		evdns_base_resolv_conf_parse(resolve->dns, DNS_OPTIONS_ALL,
					     "/etc/resolv.conf");
}

static bool is_under_way(const struct resolve *resolve, const char *tunnel)
{
	const struct lookup *lookup;

	for (lookup = resolve->lookups; lookup; lookup = lookup->next)
		if (!strcmp(lookup->tunnel, tunnel))
			return true;
	return false;
}

void resolve_look_up(struct parent *parent, const struct conf_tunnel *tunnel)
{
	const struct evutil_addrinfo hints = {
		.ai_family = tunnel->ike.local.family == IKE_IPV4 ? AF_INET :
								    AF_INET6,
		.ai_socktype = SOCK_DGRAM,
	};
	struct resolve *resolve = parent->resolve;
	struct lookup *lookup;

	if (is_under_way(resolve, tunnel->ike.name))
		return;
	if (!resolve->lookups)
		read_servers(parent);
	lookup = resolve->dns ? calloc(1, sizeof(*lookup)) : NULL;
	if (!lookup)
		return;
	lookup->parent = parent;
	lookup->next = resolve->lookups;
	resolve->lookups = lookup;
	memcpy(lookup->tunnel, tunnel->ike.name, sizeof(lookup->tunnel));
	memcpy(lookup->host, tunnel->remote_name, sizeof(lookup->host));
	/* May answer before it returns. */
	evdns_getaddrinfo(resolve->dns, lookup->host, NULL, &hints, on_address,
			  lookup);
}

int resolve_open(struct parent *parent)
{
	parent->resolve = calloc(1, sizeof(*parent->resolve));
	if (parent->resolve)
		return 0;
	log_line(LOG_ERR, NULL, "no memory for looking up names");
	return -1;
}

void resolve_close(struct parent *parent)
{
	struct resolve *resolve = parent->resolve;
	unsigned int rounds = 8;

	if (!resolve)
		return;
	resolve->closing = true;
	if (resolve->dns)
		evdns_base_free(resolve->dns, 1);
	/* What was cancelled is told so, by the loop. */
	while (resolve->lookups && rounds--)
		event_base_loop(parent->base, EVLOOP_NONBLOCK);
	free(resolve);
	parent->resolve = NULL;
}

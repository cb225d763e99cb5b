// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tunnel devices: created if missing, otherwise left alone but for addresses
 * that a reload has changed. What becomes of them, and of the way to the peers, by
 * rtnetlink.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel_genl.h"
#include "kernel_priv.h"
#include "log.h"

static void convert_address(const struct ike_address *from,
			    struct ipsvti_addr *to)
{
	memset(to, 0, sizeof(*to));
	if (from->family == IKE_IPV4) {
		to->family = AF_INET;
		memcpy(&to->v4, from->octets, 4);
	} else {
		to->family = AF_INET6;
		memcpy(&to->v6, from->octets, 16);
	}
}

static bool is_unset(const struct ipsvti_addr *addr)
{
	switch (addr->family) {
	case AF_INET:
		return addr->v4.s_addr == INADDR_ANY;
	case AF_INET6:
		return IN6_IS_ADDR_UNSPECIFIED(&addr->v6);
	default:
		return true;
	}
}

static bool same_address(const struct ipsvti_addr *a,
			 const struct ipsvti_addr *b)
{
	if (a->family != b->family)
		return false;
	return a->family == AF_INET ? a->v4.s_addr == b->v4.s_addr :
				      IN6_ARE_ADDR_EQUAL(&a->v6, &b->v6);
}

static int refuse(const struct conf_tunnel *tunnel, char why[CONF_TROUBLE_MAX],
		  const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int refuse(const struct conf_tunnel *tunnel, char why[CONF_TROUBLE_MAX],
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, CONF_TROUBLE_MAX, fmt, ap);
	va_end(ap);
	log_line(LOG_ERR, tunnel->ike.name, "%s", why);
	return -1;
}

static int kernel_refused(const struct conf_tunnel *tunnel,
			  char why[CONF_TROUBLE_MAX], const char *what,
			  const struct ipsvti_error *err)
{
	char text[sizeof(err->text) + sizeof(err->attr) + 16];

	return refuse(tunnel, why, "%s %s: %s", what, tunnel->interface,
		      ipsvti_error_format(err, text, sizeof(text)));
}

static int create(struct kernel *kernel, const struct conf_tunnel *tunnel,
		  const struct ipsvti_addr *local,
		  const struct ipsvti_addr *remote, char why[CONF_TROUBLE_MAX])
{
	struct ipsvti_link link = {
		.up = true,
		.local = *local,
		.remote = *remote,
	};
	struct ipsvti_error err;

	memcpy(link.name, tunnel->interface, sizeof(link.name));
	if (ipsvti_link_add(kernel->rtnl, &link, &err) < 0)
		return kernel_refused(tunnel, why, "creating device", &err);
	log_line(LOG_INFO, tunnel->ike.name, "created device %s",
		 tunnel->interface);
	return 0;
}

static const char *ends(const struct ipsvti_addr *local,
			const struct ipsvti_addr *remote, char *buf, size_t len)
{
	char from[INET6_ADDRSTRLEN] = "any", to[INET6_ADDRSTRLEN] = "any";

	if (!is_unset(local))
		inet_ntop(local->family, &local->v6, from, sizeof(from));
	if (!is_unset(remote))
		inet_ntop(remote->family, &remote->v6, to, sizeof(to));
	snprintf(buf, len, "local %s remote %s", from, to);
	return buf;
}

/* Whether the device has what the configuration before had for it. */
static bool is_of_old(const struct conf_tunnel *tunnel,
		      const struct ipsvti_link *link)
{
	struct ipsvti_addr local, remote;

	if (!tunnel->old_remote.family)
		return false;
	convert_address(&tunnel->old_local, &local);
	convert_address(&tunnel->old_remote, &remote);
	return same_address(&link->local, &local) &&
	       same_address(&link->remote, &remote);
}

/* An existing device must be one that can carry this tunnel. */
static int adopt(struct kernel *kernel, const struct conf_tunnel *tunnel,
		 const struct ipsvti_link *link,
		 const struct ipsvti_addr *local,
		 const struct ipsvti_addr *remote, char why[CONF_TROUBLE_MAX])
{
	char has[128], wants[128];
	struct ipsvti_error err;
	bool unset = is_unset(&link->local) && is_unset(&link->remote);
	bool old = is_of_old(tunnel, link);

	if (strcmp(link->kind, "ipsvti"))
		return refuse(tunnel, why,
			      "device %s is of kind \"%s\", not \"ipsvti\"; remove it, or name another interface in %s",
			      link->name, link->kind, tunnel->file);
	if (same_address(&link->local, local) &&
	    same_address(&link->remote, remote))
		return 0;
	ends(&link->local, &link->remote, has, sizeof(has));
	ends(local, remote, wants, sizeof(wants));
	/* The peer of a tunnel by name may have moved. */
	if (!unset && !old &&
	    !(same_address(&link->local, local) && tunnel->remote_name[0]))
		return refuse(tunnel, why,
			      "device %s has other addresses than %s: %s instead of %s; run \"ip link change %s type ipsvti %s\", or mend the file",
			      link->name, tunnel->file, has, wants, link->name,
			      wants);
	/* What is left of SAs with the peer before is of no use with this one. */
	if (old && ipsvti_sa_flush(kernel->nl, link->ifindex, &err) < 0)
		return kernel_refused(tunnel, why, "removing SAs of device",
				      &err);
	if (ipsvti_tunnel_set(kernel->nl, link->ifindex, local, remote, &err) < 0)
		return kernel_refused(tunnel, why, "addressing device", &err);
	if (old)
		log_line(LOG_NOTICE, tunnel->ike.name,
			 "device %s follows the configuration: %s, and no more %s",
			 link->name, wants, has);
	return 0;
}

int kernel_device(struct kernel *kernel, const struct conf_tunnel *tunnel,
		  uint32_t *ifindex, char why[CONF_TROUBLE_MAX])
{
	struct ipsvti_addr local, remote;
	struct ipsvti_error err;
	struct ipsvti_link link;
	int ret;

	convert_address(&tunnel->ike.local, &local);
	convert_address(&tunnel->ike.remote, &remote);
	ret = ipsvti_link_get(kernel->rtnl, tunnel->interface, &link, &err);
	if (ret == -ENODEV) {
		if (create(kernel, tunnel, &local, &remote, why) < 0)
			return -1;
		ret = ipsvti_link_get(kernel->rtnl, tunnel->interface, &link,
				      &err);
	} else if (ret == 0 &&
		   adopt(kernel, tunnel, &link, &local, &remote, why) < 0) {
		return -1;
	}
	if (ret < 0)
		return kernel_refused(tunnel, why, "reading device", &err);
	if (!link.up)
		log_line(LOG_NOTICE, tunnel->ike.name,
			 "device %s is down: nothing passes it until \"ip link set %s up\"",
			 link.name, link.name);
	*ifindex = link.ifindex;
	return 0;
}

uint32_t kernel_device_index(struct kernel *kernel, const char *name)
{
	struct ipsvti_link link;

	if (ipsvti_link_get(kernel->rtnl, name, &link, NULL) < 0 ||
	    strcmp(link.kind, "ipsvti"))
		return 0;
	return link.ifindex;
}

void kernel_way(struct kernel *kernel, const struct ike_address *local,
		const struct ike_address *remote, struct conf_way *way)
{
	struct ipsvti_addr from, to;
	struct ipsvti_route route;

	memset(way, 0, sizeof(*way));
	convert_address(local, &from);
	convert_address(remote, &to);
	way->error = -ipsvti_route_get(kernel->rtnl, &from, &to, &route, NULL);
	way->ifindex = route.ifindex;
	if (route.gateway.family == AF_INET)
		memcpy(way->gateway, &route.gateway.v4, 4);
	else if (route.gateway.family == AF_INET6)
		memcpy(way->gateway, &route.gateway.v6, 16);
}

bool kernel_has_address(struct kernel *kernel, const struct ike_address *address)
{
	struct ipsvti_error err;
	struct ipsvti_addr addr;
	unsigned int ifindex;
	int ret, tries = 5;

	convert_address(address, &addr);
	do {
		ret = ipsvti_addr_find(kernel->rtnl, &addr, &ifindex, &err);
	} while (ret == -ESTALE && --tries);
	if (!ret)
		return ifindex;
	kernel_log_error(NULL, "reading the addresses of this machine", &err);
	return true;
}

bool kernel_lets_bind(const struct ike_address *address)
{
	struct ipsvti_addr addr;

	convert_address(address, &addr);
	return ipsvti_addr_binds(&addr);
}

/* ---- changes ------------------------------------------------------------- */

int kernel_changes_fd(const struct kernel *kernel)
{
	return ipsvti_monitor_fd(kernel->monitor);
}

static void on_change(const struct ipsvti_change *change, void *data)
{
	const struct kernel_watcher *watcher = data;

	switch (change->type) {
	case IPSVTI_CHANGE_LINK:
		watcher->device(watcher->arg, change->link.ifindex,
				change->link.name,
				!strcmp(change->link.kind, "ipsvti"));
		break;
	case IPSVTI_CHANGE_LINK_GONE:
		watcher->device_gone(watcher->arg, change->link.ifindex);
		break;
	case IPSVTI_CHANGE_ROUTING:
		watcher->routing(watcher->arg);
		break;
	case IPSVTI_CHANGE_LOST:
		watcher->lost(watcher->arg);
		break;
	}
}

int kernel_changes_read(struct kernel *kernel,
			const struct kernel_watcher *watcher)
{
	struct ipsvti_error err;

	if (ipsvti_monitor_read(kernel->monitor, on_change, (void *)watcher,
				&err) == 0)
		return 0;
	kernel_log_error(NULL, "reading changes of devices and routes", &err);
	return -1;
}

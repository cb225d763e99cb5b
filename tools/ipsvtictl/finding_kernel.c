// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel knows of a tunnel that does not work: see finding.h. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "finding.h"
#include "live.h"

/* What each reason to drop a packet wants done. Not one of the names is missing. */
static const struct {
	const char *name;
	const char *remedy;
} drops[] = {
	{ "tx-no-sa", "sent while there was no SA: bring the tunnel up" },
	{ "tx-not-ip", "only IPv4 and IPv6 can be sent into the device" },
	{ "tx-too-big",
	  "the senders were told by ICMP; if they do not heed it, let ICMP pass, or set mss-clamp auto on the device" },
	{ "tx-no-route", "give this machine a route to the peer's outer address" },
	{ "tx-loop",
	  "the peer's outer address is routed into the tunnel: add a more specific route to it by the underlay" },
	{ "tx-no-memory", "the machine is short of memory" },
	{ "tx-sequence", "the SA was used up before it was rekeyed: lower child-lifetime or child-packets" },
	{ "tx-crypto", "look into dmesg: the cipher's driver refuses" },
	{ "tx-output", "netfilter or the underlay device drops ESP: look at nft list ruleset and at its queue" },
	{ "rx-truncated", "something on the way cuts packets, or forges them" },
	{ "rx-late", "the path reorders: raise replay-window in the tunnel's file" },
	{ "rx-replay", "something on the way doubles packets, or replays them" },
	{ "rx-auth", "forged, damaged on the way, or the ends have other keys: ipsvtictl rekey" },
	{ "rx-padding", "the peer does not pad as RFC 4303 wants it" },
	{ "rx-dummy", "dummy packets are no loss" },
	{ "rx-next-header", "the peer sends what is neither IPv4 nor IPv6: it must use tunnel mode" },
	{ "rx-inner", "the peer encrypts damaged packets" },
	{ "rx-ecn", "a router on the way marks ECN where it must not" },
	{ "rx-no-memory", "the machine is short of memory" },
	{ "rx-crypto", "look into dmesg: the cipher's driver refuses" },
	{ "rx-larval", "the peer was faster than the agent: a handful at a rekey is no loss" },
	{ "rx-down", "set the device up" },
	{ "tx-expired", "the SA has reached its limit: is the agent running?" },
	{ "rx-expired", "the SA has reached its limit: is the agent running?" },
	{ "tx-selector",
	  "packets that local-ts and remote-ts do not allow: route less into the device, or widen them on both ends" },
	{ "rx-selector",
	  "the peer sends what the selectors do not allow: mend its routes, or widen local-ts and remote-ts on both ends" },
};

static const char *remedy_of(const char *name)
{
	for (size_t i = 0; i < sizeof(drops) / sizeof(drops[0]); i++)
		if (!strcmp(drops[i].name, name))
			return drops[i].remedy;
	return NULL;
}

/*
 * What is dropped now is a warning. What was dropped once stays in the counters for
 * ever, so that is told and no more; of packets without an SA not even that when there
 * is one.
 */
static void judge_drops(json_t *list, const struct facts *facts, bool up)
{
	for (unsigned int i = 2; i <= IPSVTI_A_COUNTERS_MAX; i++) {
		uint64_t all = facts->tunnel.counters.value[i];
		uint64_t now = facts->look_ms ? all - facts->looked_before.value[i] : 0;
		const char *name = live_is_drop(i) ? ipsvti_counter_name(i) : NULL;
		const char *remedy = name ? remedy_of(name) : NULL;

		if (!name || !all || (up && !now && i == IPSVTI_A_COUNTERS_TX_NO_SA))
			continue;
		finding_add(list, now ? "warning" : "note", name,
			    now ? json_sprintf("%" PRIu64 " packets dropped within %u s, %" PRIu64
					       " since the device was made: %s",
					       now, facts->look_ms / 1000, all, name) :
				  json_sprintf("%" PRIu64 " packets dropped since the device was made%s: %s", all,
					       facts->look_ms ? ", none of them now" : "", name),
			    remedy ? json_string(remedy) : NULL);
	}
}

bool findings_want_look(const struct facts *facts)
{
	return facts->has_tunnel && live_drops(&facts->tunnel);
}

/* " with mark 0x5", " by vrf-wan": what makes the outer packets others than all. */
static const char *how(const struct facts *facts, char *buf, size_t len)
{
	char mark[32] = "";

	if (facts->link.fwmark)
		snprintf(mark, sizeof(mark), " with mark 0x%" PRIx32, facts->link.fwmark);
	snprintf(buf, len, "%s%s%s", mark, *facts->bound_name ? " by " : "", facts->bound_name);
	return buf;
}

/* What stands behind "ip route add ... via GATEWAY" for those. */
static const char *whither(const struct facts *facts, char *buf, size_t len)
{
	if (*facts->bound_name)
		snprintf(buf, len, " %s %s", facts->bound_is_vrf ? "vrf" : "dev", facts->bound_name);
	else if (facts->link.fwmark)
		snprintf(buf, len, " table TABLE, with the one that ip rule has for this mark");
	else
		*buf = '\0';
	return buf;
}

static void judge_underlay(json_t *list, const json_t *tunnel,
			   const struct facts *facts)
{
	const char *remote = text(tunnel, "remote");
	const char *local = text(tunnel, "local");
	char buf[64], table[80];
	json_t *f;

	if (!facts->local_is_ours) {
		f = finding_add(list, "error", "local-address",
				json_sprintf("%s is not an address of this machine", local),
				json_sprintf("give this machine the address, or set local to one it has"));
		finding_at(f, tunnel, "local");
		return;
	}
	if (facts->underlay_error > 0) {
		finding_add(list, "error", "no-underlay-route",
			    json_sprintf("there is no route to the peer %s%s: %s", remote,
					 how(facts, buf, sizeof(buf)),
					 strerror(facts->underlay_error)),
			    json_sprintf("add one, such as: ip route add %s via GATEWAY%s", remote,
					 whither(facts, table, sizeof(table))));
	} else if (!facts->underlay_error && facts->has_link &&
		   facts->underlay.ifindex == facts->link.ifindex) {
		finding_add(list, "error", "route-loop",
			    json_sprintf("the route to the peer %s%s leads into %s, the tunnel itself", remote,
					 how(facts, buf, sizeof(buf)), facts->link.name),
			    json_sprintf("add a route to it by the underlay, such as: ip route add %s via GATEWAY%s",
					 remote, whither(facts, table, sizeof(table))));
	}
}

static bool is_address(const struct ipsvti_addr *addr, const char *text)
{
	uint8_t octets[16];

	return inet_pton(addr->family, text, octets) == 1 &&
	       !memcmp(octets, &addr->v6, addr->family == AF_INET ? 4 : 16);
}

static bool is_any(const struct ipsvti_addr *addr)
{
	return !addr->family || is_address(addr, addr->family == AF_INET ? "0.0.0.0" : "::");
}

static const char *name_address(const struct ipsvti_addr *addr, char *buf, size_t len)
{
	return addr->family && inet_ntop(addr->family, &addr->v6, buf, (socklen_t)len) ? buf : "any";
}

/* Made by hand with a slip, or changed since: the agent leaves such a device alone. */
static void judge_device_addresses(json_t *list, const json_t *tunnel, const struct ipsvti_link *link)
{
	const char *local = text(tunnel, "local"), *remote = text(tunnel, "remote");
	char has_local[INET6_ADDRSTRLEN], has_remote[INET6_ADDRSTRLEN];
	bool here = is_address(&link->local, local), there = is_address(&link->remote, remote);

	/* One without any is given them; a name has no address yet in this state. */
	if ((here && there) || (is_any(&link->local) && is_any(&link->remote)) ||
	    !strcmp(text(tunnel, "state"), "no-address"))
		return;
	finding_at(finding_add(list, "error", "device-addresses",
			       json_sprintf("device %s has other addresses than the tunnel: local %s remote %s instead of local %s remote %s",
					    link->name, name_address(&link->local, has_local, sizeof(has_local)),
					    name_address(&link->remote, has_remote, sizeof(has_remote)), local, remote),
			       json_sprintf("mend the line, or if it is the device that is wrong: ip link change %s type ipsvti local %s remote %s",
					    link->name, local, remote)),
		   tunnel, there ? "local" : "remote");
}

static void judge_device(json_t *list, const json_t *tunnel,
			 const struct facts *facts)
{
	const char *name = text(tunnel, "interface");
	bool up = !strcmp(text(tunnel, "state"), "up");

	/* One is made when it is known what for. */
	if (!facts->has_link && !strcmp(text(tunnel, "state"), "no-address"))
		return;
	if (!facts->has_link) {
		finding_add(list, "error", "no-device",
			    json_sprintf("there is no device %s", name),
			    json_sprintf("ipsvtictl up %s makes one", text(tunnel, "name")));
		return;
	}
	if (strcmp(facts->link.kind, "ipsvti")) {
		finding_add(list, "error", "no-device",
			    json_sprintf("%s is not a device of kind ipsvti", name),
			    json_string("name another one with interface, or remove it"));
		return;
	}
	judge_device_addresses(list, tunnel, &facts->link);
	if (!facts->link.up)
		finding_add(list, "error", "device-down",
			    json_sprintf("device %s is set down", name),
			    json_sprintf("ip link set %s up", name));
	if (!facts->has_routes)
		return;
	if (!facts->addresses)
		finding_add(list, "warning", "no-address",
			    json_sprintf("device %s has no address: what this machine itself sends has none of the tunnel's",
					 name),
			    json_sprintf("ip addr add ADDRESS/LENGTH dev %s", name));
	if (!facts->routes && facts->link.up)
		finding_add(list, up ? "error" : "warning", "no-route",
			    json_sprintf("no route leads into %s but those of its own addresses", name),
			    json_sprintf("ip route add NETWORK dev %s, or have BGP do it", name));
	if (!facts->link.mtu_auto && IPSVTI_HAS(IFLA_IPSVTI_MTU_AUTO) & facts->link.has)
		finding_add(list, "note", "mtu-by-hand",
			    json_sprintf("the MTU of %s was set to %u by hand: it does not follow the path", name,
					 facts->link.mtu),
			    json_sprintf("ip link set %s type ipsvti mtu-auto on", name));
	if (facts->link.mss_clamp == IPSVTI_MSS_CLAMP_OFF && IPSVTI_HAS(IFLA_IPSVTI_MSS_CLAMP) & facts->link.has)
		finding_add(list, "note", "mss-clamp-off",
			    json_sprintf("%s leaves the MSS of TCP as it is: connections hang where ICMP does not pass", name),
			    json_sprintf("ip link set %s type ipsvti mss-clamp auto", name));
}

static void judge_traffic(json_t *list, const json_t *tunnel,
			  const struct facts *facts)
{
	const struct ipsvti_pair *pair = &facts->pair;
	bool udp = pair->encap == IPSVTI_ENCAP_UDP;

	if (!facts->has_pair || pair->in.packets || pair->out.packets < 5)
		return;
	finding_add(list, "error", "nothing-back",
		    json_sprintf("%" PRIu64 " packets were sent with the SA in use, and none came back",
				 pair->out.packets),
		    json_sprintf("let %s from %s pass every firewall; does the peer route its answers into the tunnel?",
				 udp ? "UDP port 4500" : "ESP (IP protocol 50)",
				 text(tunnel, "remote")));
}

void findings_of_kernel(json_t *list, const json_t *tunnel,
			const struct facts *facts)
{
	judge_underlay(list, tunnel, facts);
	judge_device(list, tunnel, facts);
	judge_traffic(list, tunnel, facts);
	if (facts->has_tunnel)
		judge_drops(list, facts, !strcmp(text(tunnel, "state"), "up"));
}

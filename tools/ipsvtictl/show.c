// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl show: everything there is to know of one tunnel. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "answer.h"
#include "args.h"
#include "facts.h"
#include "live.h"
#include "pair.h"
#include "status.h"

static void print_config(const json_t *tunnel)
{
	const json_t *c = json_object_get(tunnel, "config");

	if (!c)
		return;
	printf("  file %s: ike %s; esp %s; auth %s, remote-auth %s; start %s; natt %s\n", text(tunnel, "file"),
	       text(c, "ike"), text(c, "esp"), text(c, "auth"), text(c, "remote-auth"), text(c, "start"),
	       text(c, "natt"));
}

static void print_device(const struct facts *facts)
{
	const struct ipsvti_link *link = &facts->link;
	const char *reason = ipsvti_reason_name(facts->tunnel.reason);

	if (!facts->has_link)
		return;
	printf("  device %s: %s, mtu %u%s", link->name, link->up ? "set up" : "set down", link->mtu,
	       link->mtu_auto ? " (automatic)" : "");
	if (facts->has_tunnel)
		printf(", carrier %s%s%s", facts->tunnel.carrier ? "up" : "down", reason ? ": " : "",
		       reason ? reason : "");
	if (facts->has_routes)
		printf(", addresses: %u, routes: %u", facts->addresses, facts->routes);
	putchar('\n');
	if (*facts->underlay_name)
		printf("  the way to the peer leads through %s\n", facts->underlay_name);
}

static void print_counters(const struct facts *facts)
{
	const struct ipsvti_counters *c = &facts->tunnel.counters;

	if (!facts->has_tunnel)
		return;
	printf("  received %" PRIu64 " packets, %" PRIu64 " octets; sent %" PRIu64 " packets, %" PRIu64 " octets\n",
	       c->value[IPSVTI_A_COUNTERS_RX_PACKETS], c->value[IPSVTI_A_COUNTERS_RX_BYTES],
	       c->value[IPSVTI_A_COUNTERS_TX_PACKETS], c->value[IPSVTI_A_COUNTERS_TX_BYTES]);
	for (unsigned int i = 2; i <= IPSVTI_A_COUNTERS_MAX; i++)
		if (live_is_drop(i) && c->value[i])
			printf("  dropped %" PRIu64 ": %s\n", c->value[i], ipsvti_counter_name(i));
}

static void print_failure(const json_t *tunnel, const char *whose, const char *what)
{
	const json_t *f = json_object_get(json_object_get(tunnel, "failures"), whose);
	char span[32];

	if (f)
		printf("  %s failed last %s ago, at %s: %s\n", what,
		       status_span(number(f, "ago-ms"), span, sizeof(span)), text(f, "step"), text(f, "text"));
}

static void print_pairs(const struct facts *facts, json_t *list)
{
	struct ipsvti_pair *pairs;
	struct ipsvti_nl *nl;
	size_t count, i;

	if (!facts->has_tunnel || ipsvti_nl_open(&nl, NULL))
		return;
	if (!ipsvti_sa_dump(nl, facts->link.ifindex, &pairs, &count, NULL)) {
		for (i = 0; i < count; i++) {
			if (list)
				json_array_append_new(list, pair_json(&pairs[i]));
			else
				pair_print(&pairs[i]);
		}
		free(pairs);
	}
	ipsvti_nl_close(nl);
}

static json_t *as_json(json_t *tunnel, const struct facts *facts)
{
	json_t *pairs = json_array(), *counters = json_object();
	unsigned int i;

	print_pairs(facts, pairs);
	for (i = 2; facts->has_tunnel && i <= IPSVTI_A_COUNTERS_MAX; i++)
		json_object_set_new(counters, ipsvti_counter_name(i),
				    json_integer((json_int_t)facts->tunnel.counters.value[i]));
	return json_pack("{s:O, s:{s:b, s:b, s:i, s:b, s:i, s:i, s:s}, s:o, s:o}", "tunnel", tunnel, "device", "up",
			 facts->link.up, "carrier", facts->tunnel.carrier, "mtu", (int)facts->link.mtu, "mtu-auto",
			 facts->link.mtu_auto, "addresses", (int)facts->addresses, "routes", (int)facts->routes,
			 "underlay", facts->underlay_name, "counters", counters, "pairs", pairs);
}

static enum ctl_status show(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	const char *name = args_next(&args);
	enum ctl_status status = name ? args_end(&args) : ctl_usage(ctl, "expected the name of a tunnel");
	json_t *answer, *tunnel;
	struct facts facts;

	if (!status)
		status = agent_ask(ctl, "explain", name, &answer);
	if (status)
		return status;
	tunnel = json_array_get(json_object_get(answer, "tunnels"), 0);
	facts_gather(tunnel, &facts);
	if (ctl->json) {
		status = json_print(ctl, as_json(tunnel, &facts));
	} else {
		status_print(tunnel);
		print_failure(tunnel, "ours", "our attempt");
		print_failure(tunnel, "theirs", "the peer's attempt");
		print_config(tunnel);
		print_device(&facts);
		print_counters(&facts);
		print_pairs(&facts, NULL);
	}
	json_decref(answer);
	return status;
}

const struct ctl_command show_command = {
	.object = "show",
	.summary = "show everything of a tunnel",
	.usage = "TUNNEL",
	.help = "Its SAs, how it failed last, configuration, device, counters, and the SA pairs of the\n"
		"kernel.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl show vti0\n",
	.run = show,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* What tunnels do, as OpenMetrics text: see metrics.h. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "answer.h"
#include "metrics.h"
#include "status.h"

/* The reasons of failures, which the agent names: one series for each. */
static const char *const reasons[] = {
	"other", "no-answer", "no-answer-auth", "peer-dead", "ike-proposal", "esp-proposal",
	"key-exchange", "selectors", "identity", "auth-method", "psk", "auth-refused", "unknown-ca",
	"certificate-expired", "certificate-not-yet-valid", "certificate-revoked", "certificate", "own-key",
};

/* OpenMetrics: only these three are special in a label. */
static void put_label(FILE *to, const char *key, const char *value)
{
	fprintf(to, "%s=\"", key);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', to);
		if (*value == '\n')
			fputs("\\n", to);
		else
			fputc(*value, to);
	}
	fputc('"', to);
}

/*
 * @help does not begin with a number: who looks for "ipsvti_agent_up 1" would find it in
 * "# HELP ipsvti_agent_up 1 if the agent answers", whether it does or not.
 */
static void head(FILE *to, const char *name, const char *type, const char *unit, const char *help)
{
	fprintf(to, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(to, "# UNIT %s %s\n", name, unit);
	fprintf(to, "# HELP %s %s\n", name, help);
}

static void sample(FILE *to, const char *name, const json_t *tunnel, const char *key, const char *value, double n)
{
	fprintf(to, "%s{", name);
	put_label(to, "tunnel", text(tunnel, "name"));
	if (key) {
		fputc(',', to);
		put_label(to, key, value);
	}
	/* Counters are whole, and long. */
	fprintf(to, n == (double)(uint64_t)n ? "} %.0f\n" : "} %.6g\n", n);
}

#define EACH_TUNNEL(answer, i, tunnel) json_array_foreach(json_object_get(answer, "tunnels"), i, tunnel)

static void put_states(FILE *to, const json_t *answer)
{
	const json_t *tunnel;
	size_t i, j;

	head(to, "ipsvti_tunnel_up", "gauge", NULL, "whether traffic flows");
	EACH_TUNNEL(answer, i, tunnel)
		sample(to, "ipsvti_tunnel_up", tunnel, NULL, NULL, !strcmp(text(tunnel, "state"), "up"));
	head(to, "ipsvti_tunnel", "info", NULL, "what the tunnel is between");
	EACH_TUNNEL(answer, i, tunnel) {
		fputs("ipsvti_tunnel_info{", to);
		put_label(to, "tunnel", text(tunnel, "name"));
		fputc(',', to);
		put_label(to, "interface", text(tunnel, "interface"));
		fputc(',', to);
		put_label(to, "local", text(tunnel, "local"));
		fputc(',', to);
		put_label(to, "remote", text(tunnel, "remote"));
		fputs("} 1\n", to);
	}
	head(to, "ipsvti_tunnel_since_seconds", "gauge", "seconds", "how long it has been up, or not been");
	EACH_TUNNEL(answer, i, tunnel)
		if (json_object_get(tunnel, "since-ms"))
			sample(to, "ipsvti_tunnel_since_seconds", tunnel, NULL, NULL,
			       (double)number(tunnel, "since-ms") / 1000);
	head(to, "ipsvti_tunnel_last_failure", "gauge", NULL,
	     "the reason for which the last attempt that failed has done so is 1");
	EACH_TUNNEL(answer, i, tunnel)
		for (j = 0; j < sizeof(reasons) / sizeof(reasons[0]); j++)
			sample(to, "ipsvti_tunnel_last_failure", tunnel, "reason", reasons[j],
			       !strcmp(text(tunnel, "last-failure"), reasons[j]));
}

static void put_devices(FILE *to, const json_t *answer, const struct live *live)
{
	const json_t *tunnel;
	size_t i;

	head(to, "ipsvti_tunnel_carrier", "gauge", NULL, "whether the device has a carrier");
	EACH_TUNNEL(answer, i, tunnel) {
		const struct ipsvti_tunnel *t = live_find(live, text(tunnel, "interface"));

		sample(to, "ipsvti_tunnel_carrier", tunnel, NULL, NULL, t && t->carrier);
	}
	head(to, "ipsvti_tunnel_mtu_bytes", "gauge", "bytes", "MTU of the device, 0 without one");
	EACH_TUNNEL(answer, i, tunnel) {
		const struct ipsvti_tunnel *t = live_find(live, text(tunnel, "interface"));

		sample(to, "ipsvti_tunnel_mtu_bytes", tunnel, NULL, NULL, t ? t->mtu : 0);
	}
}

static void put_sas(FILE *to, const json_t *answer)
{
	const json_t *tunnel;
	size_t i;

	head(to, "ipsvti_tunnel_ike_sas", "gauge", NULL, "IKE SAs of the tunnel");
	EACH_TUNNEL(answer, i, tunnel)
		sample(to, "ipsvti_tunnel_ike_sas", tunnel, NULL, NULL,
		       (double)json_array_size(json_object_get(tunnel, "ike-sas")));
	head(to, "ipsvti_tunnel_rekey_seconds", "gauge", "seconds", "until the CHILD SA is rekeyed, 0 without one");
	EACH_TUNNEL(answer, i, tunnel)
		sample(to, "ipsvti_tunnel_rekey_seconds", tunnel, NULL, NULL,
		       (double)number(status_child_in_use(tunnel), "rekey-in-ms") / 1000);
	head(to, "ipsvti_tunnel_child_sa_age_seconds", "gauge", "seconds", "age of the CHILD SA, 0 without one");
	EACH_TUNNEL(answer, i, tunnel)
		sample(to, "ipsvti_tunnel_child_sa_age_seconds", tunnel, NULL, NULL,
		       (double)number(status_child_in_use(tunnel), "age-ms") / 1000);
}

static void put_counter(FILE *to, const json_t *answer, const struct live *live, const char *name, const char *unit,
			const char *help, unsigned int attr)
{
	const json_t *tunnel;
	char total[64];
	size_t i;

	snprintf(total, sizeof(total), "%s_total", name);
	head(to, name, "counter", unit, help);
	EACH_TUNNEL(answer, i, tunnel) {
		const struct ipsvti_tunnel *t = live_find(live, text(tunnel, "interface"));

		sample(to, total, tunnel, NULL, NULL, t ? (double)t->counters.value[attr] : 0);
	}
}

static void put_traffic(FILE *to, const json_t *answer, const struct live *live)
{
	const json_t *tunnel;
	unsigned int attr;
	size_t i;

	put_counter(to, answer, live, "ipsvti_tunnel_receive_packets", NULL, "inner packets received",
		    IPSVTI_A_COUNTERS_RX_PACKETS);
	put_counter(to, answer, live, "ipsvti_tunnel_receive_bytes", "bytes", "octets of inner packets received",
		    IPSVTI_A_COUNTERS_RX_BYTES);
	put_counter(to, answer, live, "ipsvti_tunnel_transmit_packets", NULL, "inner packets sent",
		    IPSVTI_A_COUNTERS_TX_PACKETS);
	put_counter(to, answer, live, "ipsvti_tunnel_transmit_bytes", "bytes", "octets of inner packets sent",
		    IPSVTI_A_COUNTERS_TX_BYTES);
	head(to, "ipsvti_tunnel_drops", "counter", NULL, "packets dropped, by reason");
	EACH_TUNNEL(answer, i, tunnel) {
		const struct ipsvti_tunnel *t = live_find(live, text(tunnel, "interface"));

		for (attr = 2; attr <= IPSVTI_A_COUNTERS_MAX; attr++)
			if (live_is_drop(attr))
				sample(to, "ipsvti_tunnel_drops_total", tunnel, "reason", ipsvti_counter_name(attr),
				       t ? (double)t->counters.value[attr] : 0);
	}
}

static void put_agent(FILE *to, const json_t *answer)
{
	const json_t *value;
	const char *key;

	head(to, "ipsvti_agent_up", "gauge", NULL, "whether the agent answers");
	fprintf(to, "ipsvti_agent_up %d\n", answer != NULL);
	head(to, "ipsvti_ike_events", "counter", NULL, "what the agent counts of IKE, of all tunnels");
	json_object_foreach(json_object_get(answer, "counters"), key, value) {
		fputs("ipsvti_ike_events_total{", to);
		put_label(to, "event", key);
		fprintf(to, "} %" PRIu64 "\n", (uint64_t)json_integer_value(value));
	}
}

static const char *address(const struct ipsvti_addr *addr, char *buf, socklen_t len)
{
	return addr->family && inet_ntop(addr->family, &addr->v6, buf, len) ? buf : "";
}

/*
 * What stands for the agent's answer when it does not answer. Then the carrier says whether
 * traffic flows: an agent that was stopped has ended the SAs, one that has crashed or is
 * being replaced has left them. It alone knows how long that has been so.
 */
static json_t *without_agent(const json_t *last, const struct live *live)
{
	json_t *tunnels = json_array(), *tunnel;
	size_t i;

	EACH_TUNNEL(last, i, tunnel) {
		const struct ipsvti_tunnel *t = live_find(live, text(tunnel, "interface"));
		json_t *now = json_copy(tunnel);

		json_object_del(now, "since-ms");
		json_object_del(now, "ike-sas");
		json_object_set_new(now, "state", json_string(t && t->carrier ? "up" : "waiting"));
		json_array_append_new(tunnels, now);
	}
	for (i = 0; !last && i < live->count; i++) {
		const struct ipsvti_tunnel *t = &live->tunnels[i];
		char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];

		json_array_append_new(tunnels,
				      json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", t->ifname, "interface", t->ifname,
						"local", address(&t->local, local, sizeof(local)), "remote",
						address(&t->remote, remote, sizeof(remote)), "state",
						t->carrier ? "up" : "waiting"));
	}
	return json_pack("{s:o}", "tunnels", tunnels);
}

void metrics_write(FILE *to, const json_t *answer, const json_t *last, const struct live *live)
{
	json_t *instead = answer ? NULL : without_agent(last, live);
	const json_t *tunnels = answer ? answer : instead;

	put_agent(to, answer);
	put_states(to, tunnels);
	put_sas(to, tunnels);
	/* What cannot be known is not 0. */
	if (live->known) {
		put_devices(to, tunnels, live);
		put_traffic(to, tunnels, live);
	}
	fputs("# EOF\n", to);
	json_decref(instead);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl status: how the agent's tunnels are. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "answer.h"
#include "args.h"
#include "colour.h"
#include "live.h"
#include "pair.h"
#include "status.h"

static const json_t *first_tunnel(const json_t *answer)
{
	return json_array_get(json_object_get(answer, "tunnels"), 0);
}

bool status_is_up(const json_t *answer)
{
	return !strcmp(text(first_tunnel(answer), "state"), "up");
}

const char *status_last_error(const json_t *answer)
{
	return json_string_value(
		json_object_get(first_tunnel(answer), "last-error"));
}

const char *status_span(uint64_t ms, char *buf, size_t len)
{
	uint64_t s = ms / 1000;

	if (s < 120)
		snprintf(buf, len, "%" PRIu64 " s", s);
	else if (s < 7200)
		snprintf(buf, len, "%" PRIu64 " min", s / 60);
	else if (s < 172800)
		snprintf(buf, len, "%" PRIu64 " h %" PRIu64 " min", s / 3600,
			 s / 60 % 60);
	else
		snprintf(buf, len, "%" PRIu64 " d %" PRIu64 " h", s / 86400,
			 s / 3600 % 24);
	return buf;
}

/* What an agent without selectors says is nothing at all. */
static void print_selectors(const json_t *child, const char *key,
			    const char *end)
{
	const json_t *ts;
	size_t i;

	printf("%s", end);
	json_array_foreach(json_object_get(child, key), i, ts)
		printf(" %s", json_string_value(ts) ? json_string_value(ts) : "?");
}

static void print_child_sa(const json_t *child)
{
	char age[32], rekey[32];

	printf("    CHILD SA %s, pair %" PRIu64
	       ", spi in %s out %s, %s, age %s, rekey in %s\n",
	       text(child, "state"), number(child, "pair-id"),
	       text(child, "spi-in"), text(child, "spi-out"),
	       text(child, "suite"),
	       status_span(number(child, "age-ms"), age, sizeof(age)),
	       status_span(number(child, "rekey-in-ms"), rekey, sizeof(rekey)));
	if (!json_array_size(json_object_get(child, "local-ts")))
		return;
	print_selectors(child, "local-ts", "      selectors here");
	print_selectors(child, "remote-ts", ", there");
	putchar('\n');
}

static void print_ike_sa(const json_t *sa)
{
	const json_t *child;
	char age[32], rekey[32];
	size_t i;

	printf("  IKE SA %s, %s, %s to %s, %s", text(sa, "state"),
	       text(sa, "role"), text(sa, "local"), text(sa, "remote"),
	       *text(sa, "suite") ? text(sa, "suite") : "no suite yet");
	if (is_set(sa, "nat-local"))
		fputs(", we are behind a NAT", stdout);
	if (is_set(sa, "nat-remote"))
		fputs(", the peer is behind a NAT", stdout);
	printf(", age %s", status_span(number(sa, "age-ms"), age, sizeof(age)));
	if (!strcmp(text(sa, "state"), "established"))
		printf(", rekey in %s",
		       status_span(number(sa, "rekey-in-ms"), rekey,
				   sizeof(rekey)));
	putchar('\n');
	json_array_foreach(json_object_get(sa, "child-sas"), i, child)
		print_child_sa(child);
}

void status_print(const json_t *tunnel)
{
	const json_t *sa;
	char retry[32];
	size_t i;

	printf("%s: %s, device %s, %s (%s) to %s (%s)\n", text(tunnel, "name"),
	       text(tunnel, "state"), text(tunnel, "interface"),
	       text(tunnel, "local"), text(tunnel, "local-id"),
	       text(tunnel, "remote"), text(tunnel, "remote-id"));
	json_array_foreach(json_object_get(tunnel, "ike-sas"), i, sa)
		print_ike_sa(sa);
	if (*text(tunnel, "last-error"))
		printf("  last failure: %s\n", text(tunnel, "last-error"));
	if (!strcmp(text(tunnel, "state"), "no-device") && !*text(tunnel, "device-error"))
		printf("  there is no device %s: make one, or \"ipsvtictl up %s\"\n",
		       text(tunnel, "interface"), text(tunnel, "name"));
	else if (!strcmp(text(tunnel, "state"), "waiting") &&
		 is_set(tunnel, "wanted"))
		printf("  next try in %s\n",
		       status_span(number(tunnel, "retry-in-ms"), retry,
				   sizeof(retry)));
	else if (!strcmp(text(tunnel, "state"), "waiting"))
		puts("  waits for traffic");
}

const json_t *status_child_in_use(const json_t *tunnel)
{
	const json_t *sa, *child, *found = NULL;
	size_t i, j;

	json_array_foreach(json_object_get(tunnel, "ike-sas"), i, sa)
		json_array_foreach(json_object_get(sa, "child-sas"), j, child)
			if (!strcmp(text(child, "state"), "installed") &&
			    (!found || number(child, "age-ms") < number(found, "age-ms")))
				found = child;
	return found;
}

static void print_traffic(const struct ipsvti_tunnel *t)
{
	char rx[16], tx[16], drops[16];

	if (!t) {
		fputs(", no device", stdout);
		return;
	}
	printf(", carrier %s, rx %sB tx %sB", t->carrier ? "up" : "down",
	       live_amount((double)t->counters.value[IPSVTI_A_COUNTERS_RX_BYTES], rx, sizeof(rx)),
	       live_amount((double)t->counters.value[IPSVTI_A_COUNTERS_TX_BYTES], tx, sizeof(tx)));
	if (live_drops(t))
		printf(", dropped %s", live_amount((double)live_drops(t), drops, sizeof(drops)));
}

/* All that matters of a tunnel in one line. */
static void print_line(const json_t *tunnel, const struct live *live)
{
	const char *state = text(tunnel, "state");
	const json_t *child = status_child_in_use(tunnel);
	bool up = !strcmp(state, "up");
	char span[32];

	printf("%s: %s%s%s", text(tunnel, "name"), colour(up ? COLOUR_GOOD : COLOUR_BAD), state, colour(COLOUR_OFF));
	if (json_object_get(tunnel, "since-ms"))
		printf(" for %s", status_span(number(tunnel, "since-ms"), span, sizeof(span)));
	printf(", peer %s", text(tunnel, "remote"));
	if (child)
		printf(", %s", text(child, "suite"));
	if (live->count)
		print_traffic(live_find(live, text(tunnel, "interface")));
	if (child)
		printf(", rekey in %s", status_span(number(child, "rekey-in-ms"), span, sizeof(span)));
	if (!strcmp(state, "waiting") && is_set(tunnel, "wanted"))
		printf(", next try in %s", status_span(number(tunnel, "retry-in-ms"), span, sizeof(span)));
	if (*text(tunnel, "last-error"))
		printf(", last error: %s", text(tunnel, "last-error"));
	putchar('\n');
}

static enum ctl_status print_status(struct ctl *ctl, json_t *answer, bool one)
{
	const json_t *tunnel;
	struct live live;
	size_t i;

	if (ctl->json)
		return json_print(ctl, answer);
	if (!one)
		live_read(&live);
	/* For people; who counts lines gets none. */
	if (!one && !json_array_size(json_object_get(answer, "tunnels")) && isatty(STDOUT_FILENO))
		puts("there is no tunnel: put a file NAME.conf into the folder of the configuration, see ipsvti.conf(5), then \"ipsvtictl reload\"");
	json_array_foreach(json_object_get(answer, "tunnels"), i, tunnel) {
		if (one)
			status_print(tunnel);
		else
			print_line(tunnel, &live);
	}
	if (!one)
		live_free(&live);
	json_decref(answer);
	return CTL_OK;
}

static enum ctl_status status_run(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	const char *tunnel = args_next(&args);
	enum ctl_status status = args_end(&args);
	json_t *answer;
	bool up;

	if (!status)
		status = agent_ask(ctl, "status", tunnel, &answer);
	if (status)
		return status;
	up = !tunnel || status_is_up(answer);
	status = print_status(ctl, answer, tunnel);
	return status || up ? status : CTL_DOWN;
}

const struct ctl_command status_command = {
	.object = "status",
	.summary = "show tunnels, one line each, or whether one is up",
	.usage = "[TUNNEL]",
	.help = "Without a tunnel: one line for each, with state and since when, peer, ESP suite,\n"
		"carrier, octets in and out, when it is rekeyed, and the last error.\n"
		"\n"
		"  TUNNEL  only this one, with its SAs; the exit status is 3 if it is not up\n"
		"\n"
		"States: up (traffic flows), connecting, waiting (for the next try or for traffic),\n"
		"down (until the peer or a person wants it), no-device, no-address (the name of the\n"
		"peer has none yet).\n"
		"\n"
		"With --json: the agent's answer, which has its counters, too.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl status vti0 || echo \"vti0 is not up\"\n",
	.run = status_run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl explain: why a tunnel is not up, or carries nothing, and what to do. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "answer.h"
#include "args.h"
#include "colour.h"
#include "facts.h"
#include "pair.h"
#include "status.h"

static void print_types(const json_t *finding)
{
	const json_t *type;
	size_t i;
	bool known = *text(finding, "theirs");

	if (!json_array_size(json_object_get(finding, "types")))
		return;
	printf("      %-16s %-34s %s\n", "", "here", known ? "there" : "there: not known");
	json_array_foreach(json_object_get(finding, "types"), i, type) {
		bool differs = is_set(type, "differs");

		printf("      %-16s %-34s %s%s%s%s\n", text(type, "type"),
		       *text(type, "ours") ? text(type, "ours") : "none",
		       !known ? "" : *text(type, "theirs") ? text(type, "theirs") : "none",
		       colour(differs ? COLOUR_BAD : COLOUR_NONE),
		       differs ? "  <-- nothing in common" : "", colour(COLOUR_OFF));
	}
}

static void print_finding(const json_t *finding)
{
	const char *severity = text(finding, "severity"), *file = text(finding, "file");
	bool note = !strcmp(severity, "note");

	printf("  %s%s%s: %s\n",
	       colour(note ? COLOUR_NONE : !strcmp(severity, "error") ? COLOUR_BAD : COLOUR_WARN),
	       severity, colour(COLOUR_OFF), text(finding, "text"));
	print_types(finding);
	if (!*text(finding, "remedy"))
		return;
	printf("      %sdo:%s ", colour(COLOUR_GOOD), colour(COLOUR_OFF));
	if (*file && number(finding, "line"))
		printf("%s:%" PRIu64 ": ", file, number(finding, "line"));
	else if (*file)
		printf("%s (there is no %s yet): ", file, text(finding, "key"));
	printf("%s\n", text(finding, "remedy"));
}

static void print_head(const json_t *tunnel)
{
	const char *state = text(tunnel, "state");
	bool up = !strcmp(state, "up");
	char span[32];

	printf("%s: %s%s%s for %s, device %s, %s (%s) to %s (%s)\n", text(tunnel, "name"),
	       colour(up ? COLOUR_GOOD : COLOUR_BAD), up ? "up" : state, colour(COLOUR_OFF),
	       status_span(number(tunnel, "since-ms"), span, sizeof(span)),
	       text(tunnel, "interface"), text(tunnel, "local"), text(tunnel, "local-id"),
	       text(tunnel, "remote"), text(tunnel, "remote-id"));
}

/* What is only to be known is not wrong. */
static bool is_clean(const json_t *list)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(list, i, finding)
		if (strcmp(text(finding, "severity"), "note"))
			return false;
	return true;
}

static void print_tail(const json_t *tunnel, const json_t *list, const struct facts *facts)
{
	char span[32];

	if (!strcmp(text(tunnel, "state"), "waiting"))
		printf("  %s%s\n", is_set(tunnel, "wanted") ? "next try in " : "waits for traffic",
		       is_set(tunnel, "wanted") ?
			       status_span(number(tunnel, "retry-in-ms"), span, sizeof(span)) : "");
	if (facts->has_pair)
		printf("  the SA in use: %" PRIu64 " packets in, %" PRIu64 " out\n",
		       facts->pair.in.packets, facts->pair.out.packets);
	if (is_clean(list))
		puts(strcmp(text(tunnel, "state"), "up") ? "  nothing has failed yet: look again in a moment" :
							 "  nothing is wrong");
}

static json_t *as_json(json_t *tunnel, json_t *list, const struct facts *facts)
{
	json_t *counters = json_object();
	unsigned int i;

	for (i = 2; facts->has_tunnel && i <= IPSVTI_A_COUNTERS_MAX; i++)
		json_object_set_new(counters, ipsvti_counter_name(i),
				    json_integer((json_int_t)facts->tunnel.counters.value[i]));
	return json_pack("{s:O, s:O, s:o}", "tunnel", tunnel, "findings", list, "counters", counters);
}

static enum ctl_status explain(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	const char *name = args_next(&args);
	enum ctl_status status = name ? args_end(&args) : ctl_usage(ctl, "expected the name of a tunnel");
	json_t *answer, *tunnel, *list, *finding;
	struct facts facts;
	bool up;
	size_t i;

	if (!status)
		status = agent_ask(ctl, "explain", name, &answer);
	if (status)
		return status;
	tunnel = json_array_get(json_object_get(answer, "tunnels"), 0);
	up = status_is_up(answer);
	facts_gather(tunnel, &facts);
	facts_look_again(&facts);
	list = findings(tunnel, &facts);
	if (ctl->json) {
		status = json_print(ctl, as_json(tunnel, list, &facts));
	} else {
		print_head(tunnel);
		json_array_foreach(list, i, finding)
			print_finding(finding);
		print_tail(tunnel, list, &facts);
	}
	json_decref(list);
	json_decref(answer);
	return status || up ? status : CTL_DOWN;
}

const struct ctl_command explain_command = {
	.object = "explain",
	.summary = "why a tunnel is not up or carries nothing, and what to do",
	.usage = "TUNNEL",
	.help = "What either side offered and which of them refused at which step, with the line of\n"
		"the configuration to change; what ICMP, routes and devices have to do with it; which\n"
		"packets are dropped, and why: it looks twice, 2 seconds apart, if any ever were. The exit\n"
		"status is 3 if the tunnel is not up.\n"
		"\n"
		"With --json: the agent's answer in \"tunnel\", \"findings\" with \"id\", \"severity\",\n"
		"\"text\", \"remedy\", \"file\" and \"line\", and the \"counters\" of the device.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl explain vti0\n",
	.run = explain,
};

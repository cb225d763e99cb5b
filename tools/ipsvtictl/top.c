// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsvtictl top: what tunnels carry at this moment, drawn again in its place; for programs
 * an object for each look.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "answer.h"
#include "args.h"
#include "colour.h"
#include "live.h"
#include "status.h"

static volatile sig_atomic_t over;

static void on_signal(int sig)
{
	(void)sig;
	over = 1;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* By how much a counter has grown in a second; a device made anew starts at 0. */
static double rate(const struct ipsvti_tunnel *now, const struct ipsvti_tunnel *before, unsigned int attr, double s)
{
	uint64_t a = now->counters.value[attr], b = before ? before->counters.value[attr] : a;

	return s > 0 && a > b ? (double)(a - b) / s : 0;
}

static uint64_t rekey_in(const json_t *tunnel)
{
	const json_t *sa, *child;
	uint64_t in = UINT64_MAX;
	size_t i, j;

	json_array_foreach(json_object_get(tunnel, "ike-sas"), i, sa)
		json_array_foreach(json_object_get(sa, "child-sas"), j, child)
			if (!strcmp(text(child, "state"), "installed") && number(child, "rekey-in-ms") < in)
				in = number(child, "rekey-in-ms");
	return in;
}

static void draw_drops(const struct ipsvti_tunnel *now, const struct ipsvti_tunnel *before, double s)
{
	char amount[16];

	for (unsigned int i = 2; i <= IPSVTI_A_COUNTERS_MAX; i++) {
		double r = live_is_drop(i) ? rate(now, before, i, s) : 0;

		if (r > 0)
			printf("    %sdropped %s/s: %s%s\n", colour(COLOUR_WARN), live_amount(r, amount, sizeof(amount)),
			       ipsvti_counter_name(i), colour(COLOUR_OFF));
	}
}

static void draw_tunnel(const json_t *tunnel, const struct live *live, const struct live *last, double s)
{
	const char *name = text(tunnel, "name"), *state = text(tunnel, "state"), *device = text(tunnel, "interface");
	const struct ipsvti_tunnel *now = live_find(live, device), *before = live_find(last, device);
	char rp[16] = "-", rb[16] = "-", tp[16] = "-", tb[16] = "-", rekey[32] = "-";
	uint64_t in = rekey_in(tunnel);

	if (in != UINT64_MAX)
		status_span(in, rekey, sizeof(rekey));
	if (now) {
		live_amount(rate(now, before, IPSVTI_A_COUNTERS_RX_PACKETS, s), rp, sizeof(rp));
		live_amount(8 * rate(now, before, IPSVTI_A_COUNTERS_RX_BYTES, s), rb, sizeof(rb));
		live_amount(rate(now, before, IPSVTI_A_COUNTERS_TX_PACKETS, s), tp, sizeof(tp));
		live_amount(8 * rate(now, before, IPSVTI_A_COUNTERS_TX_BYTES, s), tb, sizeof(tb));
	}
	printf("%-16s %s%-11s%s %9s %9s %9s %9s  %s\n", name, colour(strcmp(state, "up") ? COLOUR_BAD : COLOUR_GOOD), state,
	       colour(COLOUR_OFF), rp, rb, tp, tb, rekey);
	if (now)
		draw_drops(now, before, s);
}

static void draw(const json_t *answer, const struct live *live, const struct live *last, double s)
{
	const json_t *tunnel;
	size_t i;

	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout);
	printf("%-16s %-11s %9s %9s %9s %9s  %s\n", "TUNNEL", "STATE", "RX pkt/s", "RX bit/s", "TX pkt/s", "TX bit/s",
	       "REKEY IN");
	json_array_foreach(json_object_get(answer, "tunnels"), i, tunnel)
		draw_tunnel(tunnel, live, last, s);
	fflush(stdout);
}

/* At the first look, and without a device, nobody knows. */
static json_t *rate_json(const struct ipsvti_tunnel *now, const struct ipsvti_tunnel *before, unsigned int attr,
			 double factor, double s)
{
	return now && s > 0 ? json_real(factor * rate(now, before, attr, s)) : json_null();
}

static json_t *drops_json(const struct ipsvti_tunnel *now, const struct ipsvti_tunnel *before, double s)
{
	json_t *drops = json_object();

	for (unsigned int i = 2; now && i <= IPSVTI_A_COUNTERS_MAX; i++) {
		double r = live_is_drop(i) ? rate(now, before, i, s) : 0;

		if (r > 0)
			json_object_set_new(drops, ipsvti_counter_name(i), json_real(r));
	}
	return drops;
}

static json_t *tunnel_json(const json_t *tunnel, const struct live *live, const struct live *last, double s)
{
	const char *device = text(tunnel, "interface");
	const struct ipsvti_tunnel *now = live_find(live, device), *before = live_find(last, device);
	uint64_t in = rekey_in(tunnel);

	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", text(tunnel, "name"), "interface", device,
			 "state", text(tunnel, "state"),
			 "rx-packets-per-second", rate_json(now, before, IPSVTI_A_COUNTERS_RX_PACKETS, 1, s),
			 "rx-bits-per-second", rate_json(now, before, IPSVTI_A_COUNTERS_RX_BYTES, 8, s),
			 "tx-packets-per-second", rate_json(now, before, IPSVTI_A_COUNTERS_TX_PACKETS, 1, s),
			 "tx-bits-per-second", rate_json(now, before, IPSVTI_A_COUNTERS_TX_BYTES, 8, s),
			 "drops-per-second", drops_json(now, before, s),
			 "rekey-in-ms", in == UINT64_MAX ? json_null() : json_integer((json_int_t)in));
}

static void draw_json(const json_t *answer, const struct live *live, const struct live *last, double s)
{
	json_t *list = json_array(), *look;
	const json_t *tunnel;
	struct timespec ts;
	size_t i;

	json_array_foreach(json_object_get(answer, "tunnels"), i, tunnel)
		json_array_append_new(list, tunnel_json(tunnel, live, last, s));
	clock_gettime(CLOCK_REALTIME, &ts);
	look = json_pack("{s:f, s:o}", "time", (double)ts.tv_sec + (double)(ts.tv_nsec / 1000000) / 1000, "tunnels", list);
	json_dumpf(look, stdout, JSON_COMPACT | JSON_REAL_PRECISION(13));
	putchar('\n');
	fflush(stdout);
	json_decref(look);
}

static enum ctl_status watch(struct ctl *ctl, uint32_t every, uint32_t count)
{
	const struct timespec pause = { .tv_sec = every };
	struct live live = { 0 }, last = { 0 };
	double before = 0, now;
	enum ctl_status status = CTL_OK;
	json_t *answer;
	uint32_t n = 0;

	while (!over && !status) {
		status = agent_ask(ctl, "status", NULL, &answer);
		if (status)
			break;
		live_read(&live);
		now = now_s();
		(ctl->json ? draw_json : draw)(answer, &live, &last, before > 0 ? now - before : 0);
		json_decref(answer);
		live_free(&last);
		last = live;
		before = now;
		if (ferror(stdout) || (count && ++n == count))
			break;
		nanosleep(&pause, NULL);
	}
	live_free(&last);
	return status;
}

static enum ctl_status top(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	uint32_t every = 1, count = 0;
	enum ctl_status status = CTL_OK;
	const char *word;

	while (!status && (word = args_next(&args))) {
		if (!strcmp(word, "every"))
			status = args_number(&args, word, 1, 3600, &every);
		else if (!strcmp(word, "count"))
			status = args_number(&args, word, 1, UINT32_MAX, &count);
		else
			status = ctl_usage(ctl, "\"%s\": expected \"every\" or \"count\"", word);
	}
	if (status)
		return status;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	return watch(ctl, every, count);
}

const struct ctl_command top_command = {
	.object = "top",
	.summary = "what tunnels carry now, again and again",
	.usage = "[every SECONDS] [count N]",
	.help = "Packets and bits of each second in and out, drops by reason, and when the next rekey is.\n"
		"\n"
		"  every   SECONDS between two looks (1)\n"
		"  count   how often; until killed, if nothing is said\n"
		"\n"
		"With --json: an object in each line, with \"time\" and \"tunnels\", of each of which \"name\",\n"
		"\"interface\", \"state\", \"rx-packets-per-second\", \"rx-bits-per-second\", the same of \"tx\",\n"
		"\"drops-per-second\" by reason, and \"rekey-in-ms\"; null is what is not known, as all\n"
		"rates are at the first look.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl top\n",
	.run = top,
};

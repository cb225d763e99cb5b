// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl monitor: events of the agent and of the kernel, as they happen. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "answer.h"
#include "args.h"
#include "pair.h"

/**
 * struct watch - A monitor at work.
 * @ctl: run
 * @all: also what is only for who looks for faults in the agent
 * @tunnel: only this one's, and those of its device; NULL: all
 * @device: name of that device
 */
struct watch {
	struct ctl *ctl;
	bool all;
	const char *tunnel;
	char device[IF_NAMESIZE];
};

static void put(const struct watch *w, const char *source, json_t *event)
{
	const char *name = text(event, "tunnel"), *line = text(event, "text");
	struct timespec ts;
	char when[16];
	struct tm tm;

	if (!*name)
		name = text(event, "ifname");
	clock_gettime(CLOCK_REALTIME, &ts);
	if (w->ctl->json) {
		json_object_set_new(event, "source", json_string(source));
		json_object_set_new(event, "time", json_real((double)ts.tv_sec + (double)(ts.tv_nsec / 1000000) / 1000));
		json_dumpf(event, stdout, JSON_COMPACT | JSON_REAL_PRECISION(13));
		putchar('\n');
	} else {
		strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&ts.tv_sec, &tm));
		printf("%s.%03ld %-6s %s%s%s%s%s\n", when, ts.tv_nsec / 1000000, source, name, *name ? ": " : "",
		       text(event, "event"), *line ? ": " : "", line);
	}
	fflush(stdout);
}

/* ---- agent ------------------------------------------------------------------ */

static void take_line(const struct watch *w, const char *line)
{
	json_t *event = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

	if (*text(event, "error"))
		fprintf(stderr, "ipsvtictl: without events of the agent: %s\n", text(event, "error"));
	if (*text(event, "event") && (w->all || strcmp(text(event, "level"), "debug")) &&
	    (!w->tunnel || !*text(event, "tunnel") || !strcmp(text(event, "tunnel"), w->tunnel)))
		put(w, "agent", event);
	json_decref(event);
}

/* Return: false if the agent is gone. */
static bool read_agent(const struct watch *w, int fd)
{
	static char buf[65536];
	static size_t have;
	char *end;
	ssize_t n;

	n = read(fd, buf + have, sizeof(buf) - 1 - have);
	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	have += (size_t)n;
	buf[have] = 0;
	while ((end = strchr(buf, '\n'))) {
		*end = 0;
		take_line(w, buf);
		have -= (size_t)(end + 1 - buf);
		memmove(buf, end + 1, have + 1);
	}
	/* No event is as long as that. */
	if (have == sizeof(buf) - 1)
		have = 0;
	return true;
}

/* ---- kernel ----------------------------------------------------------------- */

static const char *or_number(const char *name, unsigned int n, char buf[12])
{
	if (name)
		return name;
	snprintf(buf, 12, "%u", n);
	return buf;
}

static void take_pair(json_t *event, const char *what, const struct ipsvti_pair *pair)
{
	char number[12];
	const char *reason = or_number(ipsvti_reason_name(pair->reason), pair->reason, number);

	json_object_update(event, pair_json(pair));
	json_object_set_new(event, "text",
			    pair->has & IPSVTI_HAS(IPSVTI_A_PAIR_REASON) ?
				    json_sprintf("pair %u %s: %s", pair->id, what, reason) :
				    json_sprintf("pair %u %s", pair->id, what));
}

static void on_event(const struct ipsvti_event *e, void *data)
{
	static const char *const names[] = {
		[IPSVTI_EVENT_CARRIER] = "carrier", [IPSVTI_EVENT_SA_DEL] = "sa-del",
		[IPSVTI_EVENT_FIRST_RX] = "first-rx", [IPSVTI_EVENT_EXPIRE] = "expire",
		[IPSVTI_EVENT_ACQUIRE] = "acquire", [IPSVTI_EVENT_FLOAT] = "float",
		[IPSVTI_EVENT_AUTH_FAIL] = "auth-fail", [IPSVTI_EVENT_LOST] = "lost",
	};
	const struct watch *w = data;
	const struct ipsvti_tunnel *t = &e->tunnel;
	char ifname[IF_NAMESIZE] = "", number[12], to[INET6_ADDRSTRLEN] = "";
	json_t *event = json_pack("{s:s}", "event", names[e->type]);

	if (e->type == IPSVTI_EVENT_CARRIER || e->type == IPSVTI_EVENT_ACQUIRE)
		snprintf(ifname, sizeof(ifname), "%s", t->ifname);
	else if (e->type != IPSVTI_EVENT_LOST)
		if_indextoname(e->pair.ifindex, ifname);
	switch (e->type) {
	case IPSVTI_EVENT_CARRIER:
		json_object_set_new(event, "carrier", json_boolean(t->carrier));
		json_object_set_new(event, "reason", json_string(or_number(ipsvti_reason_name(t->reason), t->reason, number)));
		json_object_set_new(event, "text", json_sprintf("%s: %s", t->carrier ? "up" : "down",
								or_number(ipsvti_reason_name(t->reason), t->reason, number)));
		break;
	case IPSVTI_EVENT_ACQUIRE:
		json_object_set_new(event, "text", json_string("a packet wants an SA"));
		break;
	case IPSVTI_EVENT_SA_DEL:
		take_pair(event, "is gone", &e->pair);
		break;
	case IPSVTI_EVENT_FIRST_RX:
		take_pair(event, "has received its first packet", &e->pair);
		break;
	case IPSVTI_EVENT_EXPIRE:
		take_pair(event, "comes to its end", &e->pair);
		break;
	case IPSVTI_EVENT_FLOAT:
		take_pair(event, "follows the peer", &e->pair);
		inet_ntop(e->pair.remote.family, &e->pair.remote.v6, to, sizeof(to));
		json_object_set_new(event, "text", json_sprintf("pair %u follows the peer to %s port %u", e->pair.id, to,
								e->pair.encap_dport));
		break;
	case IPSVTI_EVENT_AUTH_FAIL:
		json_object_set_new(event, "ifindex", json_integer(e->pair.ifindex));
		json_object_set_new(event, "spi", json_integer(e->pair.in.spi));
		json_object_set_new(event, "auth-failed", json_integer(e->pair.auth_failed));
		json_object_set_new(event, "text", json_sprintf("%u packets for SPI 0x%08x or others were not authentic: forged, "
								"damaged, or the peer has other keys",
								e->pair.auth_failed, e->pair.in.spi));
		break;
	case IPSVTI_EVENT_LOST:
		json_object_set_new(event, "text", json_string("the kernel had more to say than could be read"));
		break;
	}
	if (*ifname)
		json_object_set_new(event, "ifname", json_string(ifname));
	if (!w->tunnel || !*ifname || !strcmp(w->device, ifname))
		put(w, "kernel", event);
	json_decref(event);
}

static enum ctl_status watch(struct watch *w, int agent, struct ipsvti_events *events)
{
	struct pollfd fds[] = {
		{ .fd = agent, .events = POLLIN },
		{ .fd = events ? ipsvti_events_fd(events) : -1, .events = POLLIN },
	};
	struct ctl *ctl = w->ctl;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents && !read_agent(w, agent)) {
			ctl->err = (struct ipsvti_error){ .code = ECONNRESET };
			snprintf(ctl->err.text, sizeof(ctl->err.text), "the agent has left");
			return CTL_FAILED;
		}
		if (fds[1].revents && ipsvti_events_read(events, on_event, w, &ctl->err))
			return CTL_FAILED;
		if (ferror(stdout))
			break;
	}
	ctl->err = (struct ipsvti_error){ .code = errno };
	snprintf(ctl->err.text, sizeof(ctl->err.text), "%s", strerror(errno));
	return CTL_FAILED;
}

/* The device of a tunnel need not have its name. */
static enum ctl_status find_device(struct watch *w)
{
	json_t *answer;
	enum ctl_status status = agent_ask(w->ctl, "status", w->tunnel, &answer);

	if (status)
		return status;
	snprintf(w->device, sizeof(w->device), "%s",
		 text(json_array_get(json_object_get(answer, "tunnels"), 0), "interface"));
	json_decref(answer);
	return CTL_OK;
}

static enum ctl_status monitor(struct ctl *ctl, int argc, char **argv)
{
	static const char request[] = "{\"command\":\"monitor\"}\n";
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	struct watch w = { .ctl = ctl };
	struct ipsvti_events *events = NULL;
	enum ctl_status status;
	const char *word;
	int fd;

	while ((word = args_next(&args))) {
		if (!strcmp(word, "all"))
			w.all = true;
		else if (!w.tunnel)
			w.tunnel = word;
		else
			return ctl_usage(ctl, "unexpected \"%s\"", word);
	}
	status = w.tunnel ? find_device(&w) : CTL_OK;
	if (!status)
		status = agent_open(ctl, &fd);
	if (status)
		return status;
	/* Without the right to, those of the agent are told all the same. */
	if (ipsvti_events_open(&events, &ctl->err)) {
		fprintf(stderr, "ipsvtictl: without events of the kernel: %s\n", ctl->err.text);
		events = NULL;
	}
	if (write(fd, request, sizeof(request) - 1) == (ssize_t)(sizeof(request) - 1)) {
		status = watch(&w, fd, events);
	} else {
		ctl->err = (struct ipsvti_error){ .code = errno };
		snprintf(ctl->err.text, sizeof(ctl->err.text), "the agent cannot be asked: %s", strerror(errno));
		status = CTL_FAILED;
	}
	ipsvti_events_close(events);
	close(fd);
	return status;
}

const struct ctl_command monitor_command = {
	.object = "monitor",
	.summary = "tell what happens, as it happens",
	.usage = "[TUNNEL] [all]",
	.help = "Events of the agent and of the kernel, until killed.\n"
		"\n"
		"  TUNNEL  only those of this one, and of its device\n"
		"  all     also each message and each state\n"
		"\n"
		"With --json: an object in each line, with \"time\", \"source\" (agent or kernel), \"event\",\n"
		"\"tunnel\" or \"ifname\", \"text\" and, of the agent's, \"level\" and \"fields\".\n"
		"\n"
		"Example:\n"
		"  ipsvtictl --json monitor | jq 'select(.event == \"tunnel-down\")'\n",
	.run = monitor,
};

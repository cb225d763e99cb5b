// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * events [--small]: print what the ipsvti family tells, one line for each event.
 *
 * The first line is "ready", when the subscription stands. With --small the
 * socket has room for next to nothing, and is read only when a line comes from
 * standard input, so that events are lost. Ends with standard input.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libipsvti.h"

static const char *name_or(const char *name)
{
	return name ? name : "?";
}

static void print_tunnel(const char *what, const struct ipsvti_tunnel *t)
{
	printf("%s ifindex %u %s", what, t->ifindex, t->ifname);
	if (t->has & IPSVTI_HAS(IPSVTI_A_TUNNEL_CARRIER))
		printf(" carrier %d", t->carrier);
	if (t->has & IPSVTI_HAS(IPSVTI_A_TUNNEL_REASON))
		printf(" reason %s", name_or(ipsvti_reason_name(t->reason)));
	if (t->has & IPSVTI_HAS(IPSVTI_A_TUNNEL_ACTIVE_PAIR))
		printf(" pair %" PRIu32, t->active_pair);
	putchar('\n');
}

static void print_pair(const char *what, const struct ipsvti_pair *p)
{
	char remote[INET6_ADDRSTRLEN];

	printf("%s ifindex %u pair %" PRIu32, what, p->ifindex, p->id);
	if (p->has & IPSVTI_HAS(IPSVTI_A_PAIR_IN))
		printf(" in %" PRIu32, p->in.spi);
	if (p->has & IPSVTI_HAS(IPSVTI_A_PAIR_OUT))
		printf(" out %" PRIu32, p->out.spi);
	if (p->has & IPSVTI_HAS(IPSVTI_A_PAIR_STATE))
		printf(" state %s", name_or(ipsvti_pair_state_name(p->state)));
	if (p->has & IPSVTI_HAS(IPSVTI_A_PAIR_REASON))
		printf(" reason %s", name_or(ipsvti_reason_name(p->reason)));
	if (p->remote.family && inet_ntop(p->remote.family, &p->remote.v4,
					  remote, sizeof(remote)))
		printf(" remote %s port %u", remote, p->encap_dport);
	putchar('\n');
}

static void print_event(const struct ipsvti_event *event, void *data)
{
	(void)data;
	switch (event->type) {
	case IPSVTI_EVENT_CARRIER:
		print_tunnel("carrier", &event->tunnel);
		break;
	case IPSVTI_EVENT_ACQUIRE:
		print_tunnel("acquire", &event->tunnel);
		break;
	case IPSVTI_EVENT_SA_DEL:
		print_pair("sa-del", &event->pair);
		break;
	case IPSVTI_EVENT_FIRST_RX:
		print_pair("first-rx", &event->pair);
		break;
	case IPSVTI_EVENT_EXPIRE:
		print_pair("expire", &event->pair);
		break;
	case IPSVTI_EVENT_FLOAT:
		print_pair("float", &event->pair);
		break;
	case IPSVTI_EVENT_AUTH_FAIL:
		printf("auth-fail ifindex %u in %" PRIu32 " packets %" PRIu32 "\n",
		       event->pair.ifindex, event->pair.in.spi,
		       event->pair.auth_failed);
		break;
	case IPSVTI_EVENT_LOST:
		puts("lost");
		break;
	}
}

int main(int argc, char **argv)
{
	bool small = argc > 1 && !strcmp(argv[1], "--small");
	struct ipsvti_events *events;
	struct ipsvti_error err;
	char line[16], text[300];
	struct pollfd fds[2];
	int least = 1;

	if (ipsvti_events_open(&events, &err)) {
		fprintf(stderr, "%s\n",
			ipsvti_error_format(&err, text, sizeof(text)));
		return 1;
	}
	fds[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = ipsvti_events_fd(events),
				  .events = POLLIN };
	if (small)
		setsockopt(fds[1].fd, SOL_SOCKET, SO_RCVBUF, &least,
			   sizeof(least));
	setlinebuf(stdout);
	puts("ready");
	while (poll(fds, small ? 1 : 2, -1) >= 0) {
		if (fds[0].revents && read(fds[0].fd, line, sizeof(line)) <= 0)
			break;
		if (ipsvti_events_read(events, print_event, NULL, &err))
			return 1;
	}
	ipsvti_events_close(events);
	return 0;
}

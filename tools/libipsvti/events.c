// SPDX-License-Identifier: GPL-2.0-or-later
/* What the family tells by itself: see libipsvti.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "events.h"

struct ipsvti_events {
	struct nl_conn conn;
	struct genl_family family;
};

int ipsvti_events_open(struct ipsvti_events **eventsp, struct ipsvti_error *err)
{
	struct ipsvti_events *events;
	int ret, group;

	events = calloc(1, sizeof(*events));
	if (!events)
		return nl_fail(err, ENOMEM, "out of memory");
	ret = nl_conn_open(&events->conn, NETLINK_GENERIC, err);
	if (!ret)
		ret = genl_resolve(&events->conn, &events->family, err);
	group = events->family.group;
	if (!ret &&
	    mnl_socket_setsockopt(events->conn.sock, NETLINK_ADD_MEMBERSHIP,
				  &group, sizeof(group)))
		ret = nl_fail(err, errno, "cannot subscribe to events: %s",
			      strerror(errno));
	if (ret) {
		ipsvti_events_close(events);
		return ret;
	}
	*eventsp = events;
	return 0;
}

void ipsvti_events_close(struct ipsvti_events *events)
{
	if (!events)
		return;
	nl_conn_close(&events->conn);
	free(events);
}

int ipsvti_events_fd(const struct ipsvti_events *events)
{
	return mnl_socket_get_fd(events->conn.sock);
}

/* One message to one event; false if it is none that is known. */
static bool take_event(const struct nlmsghdr *nlh, struct ipsvti_event *event)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	memset(event, 0, sizeof(*event));
	if (mnl_nlmsg_get_payload_len(nlh) < GENL_HDRLEN)
		return false;
	switch (genl->cmd) {
	case IPSVTI_CMD_CARRIER_NTF:
		event->type = IPSVTI_EVENT_CARRIER;
		return !genl_get(nlh, &wire_tunnel_set, &event->tunnel);
	case IPSVTI_CMD_ACQUIRE_NTF:
		event->type = IPSVTI_EVENT_ACQUIRE;
		return !genl_get(nlh, &wire_tunnel_set, &event->tunnel);
	case IPSVTI_CMD_SA_DEL_NTF:
		event->type = IPSVTI_EVENT_SA_DEL;
		return !genl_get(nlh, &wire_pair_set, &event->pair);
	case IPSVTI_CMD_SA_FIRST_RX_NTF:
		event->type = IPSVTI_EVENT_FIRST_RX;
		return !genl_get(nlh, &wire_pair_set, &event->pair);
	case IPSVTI_CMD_SA_EXPIRE_NTF:
		event->type = IPSVTI_EVENT_EXPIRE;
		return !genl_get(nlh, &wire_pair_set, &event->pair);
	case IPSVTI_CMD_FLOAT_NTF:
		event->type = IPSVTI_EVENT_FLOAT;
		return !genl_get(nlh, &wire_pair_set, &event->pair);
	case IPSVTI_CMD_AUTH_FAIL_NTF:
		event->type = IPSVTI_EVENT_AUTH_FAIL;
		return !genl_get(nlh, &wire_pair_set, &event->pair);
	}
	return false;
}

void events_feed(const void *buf, size_t len, uint16_t family,
		 ipsvti_event_cb cb, void *data)
{
	const struct nlmsghdr *nlh = buf;
	struct ipsvti_event event;
	int left = len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type == family && take_event(nlh, &event))
			cb(&event, data);
	}
}

int ipsvti_events_read(struct ipsvti_events *events, ipsvti_event_cb cb,
		       void *data, struct ipsvti_error *err)
{
	const struct ipsvti_event lost = { .type = IPSVTI_EVENT_LOST };
	struct nl_conn *conn = &events->conn;
	ssize_t got;

	for (;;) {
		got = nl_receive(conn->sock, conn->buf, MSG_DONTWAIT);
		if (got == -EAGAIN)
			return 0;
		if (got == -ENOBUFS)
			cb(&lost, data);
		else if (got < 0)
			return nl_fail(err, -got, "cannot hear the kernel: %s",
				       strerror(-got));
		else
			events_feed(conn->buf, got, events->family.id, cb,
				    data);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events: one line for people, fields for programs.
 */
#include <stdarg.h>
#include <stdio.h>

#include "core.h"

const char *ike_event_name(enum ike_event_id id)
{
	static const char *const names[] = {
#define EVENT_NAME(id, name) name,
		IKE_EVENTS(EVENT_NAME)
#undef EVENT_NAME
	};

	return (unsigned int)id < IKE_EVENT_MAX ? names[id] : "unknown";
}

const char *ike_endpoint_format(const struct ike_endpoint *end, char *buf,
				size_t len)
{
	char addr[48];

	ike_address_format(&end->addr, addr, sizeof(addr));
	if (end->port == IKE_PORT)
		snprintf(buf, len, "%s", addr);
	else
		snprintf(buf, len, "%s port %u", addr, end->port);
	return buf;
}

static void emit(struct ike_engine *e, enum ike_event_id id,
		 enum ike_level level, const struct ike_tunnel *t,
		 const struct ike_event_field *fields, const char *line)
{
	struct ike_event event = {
		.id = id,
		.level = level,
		.tunnel = t ? t->config.name : NULL,
		.line = line,
		.fields = fields,
	};

	while (fields && fields[event.n_fields].key)
		event.n_fields++;
	if (e->env->event)
		e->env->event(e->env->ctx, &event);
}

void ike_log(struct ike_engine *e, enum ike_event_id id, enum ike_level level,
	     const struct ike_tunnel *t, const struct ike_event_field *fields,
	     const char *fmt, ...)
{
	char line[1100];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	emit(e, id, level, t, fields, line);
}

void ike_complain(struct ike_engine *e, const struct ike_tunnel *t,
		  const struct ike_endpoint *from, const char *fmt, ...)
{
	char peer[64], what[1000], line[1150], silenced[24];
	va_list ap;

	if (e->now >= e->complaints_at + IKE_COMPLAINTS_MS) {
		e->complaints = IKE_COMPLAINTS;
		e->complaints_at = e->now;
	}
	if (!e->complaints) {
		e->silenced++;
		return;
	}
	e->complaints--;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	ike_endpoint_format(from, peer, sizeof(peer));
	snprintf(silenced, sizeof(silenced), "%llu",
		 (unsigned long long)e->silenced);
	if (e->silenced)
		snprintf(line, sizeof(line),
			 "message from %s: %s (and %s more before)", peer, what,
			 silenced);
	else
		snprintf(line, sizeof(line), "message from %s: %s", peer, what);
	emit(e, IKE_EVENT_BAD_MESSAGE, IKE_LOG_NOTICE, t,
	     IKE_FIELDS({ "peer", peer }, { "reason", what },
			{ "silenced", silenced }),
	     line);
	e->silenced = 0;
}

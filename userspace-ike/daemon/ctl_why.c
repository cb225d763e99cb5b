// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the agent knows of why a tunnel is not up: for "ipsvtictl explain", which
 * puts it together with what the kernel knows.
 */
#include <string.h>
#include <time.h>

#include "ctl_why.h"
#include "failure.h"
#include "proposal.h"

static json_t *address(const struct ike_address *addr)
{
	char text[48];

	return addr->family ? json_string(ike_address_format(addr, text,
							     sizeof(text))) :
			      json_string("");
}

static json_t *types(const struct ike_failure *f)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < f->n_types; i++) {
		const struct ike_failure_type *type = &f->types[i];

		if (*type->ours || *type->theirs)
			json_array_append_new(
				list,
				json_pack("{s:s, s:s, s:s, s:b}", "type",
					  type->name, "ours", type->ours,
					  "theirs", type->theirs, "differs",
					  type->differs));
	}
	return list;
}

json_t *ctl_failure(const struct ike_failure *f, uint64_t now)
{
	json_t *failure;

	if (!f)
		return NULL;
	failure = json_pack(
		"{s:s, s:b, s:s, s:i, s:I, s:I, s:I, s:i, s:i, s:b, s:b, s:s, s:s, s:s, s:s, s:b, s:o}",
		"reason", ike_failure_name(f->reason), "refused-by-us", f->by_us,
		"step", f->step, "notify", f->notify, "ago-ms",
		(json_int_t)(now - f->at), "since-ms",
		(json_int_t)(now - f->first_at), "count", (json_int_t)f->count,
		"transmissions", f->transmissions, "port", f->remote.port,
		"nat-local", f->nat_local, "nat-remote", f->nat_remote, "text",
		f->text, "ours", f->ours, "theirs", f->theirs, "nearest",
		f->nearest, "nearest-is-legacy", f->legacy, "types", types(f));
	return failure;
}

static json_t *suite(const struct ike_suite *s)
{
	char text[300];

	return json_string(ike_suite_format(s, text, sizeof(text)));
}

static json_t *selectors(const struct ike_ts *ts, unsigned int n)
{
	json_t *list = json_array();
	char text[IKE_TS_TEXT];

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(list, json_string(ike_ts_format_one(
						    &ts[i], text,
						    sizeof(text))));
	return list;
}

static const char *auth(enum ike_auth_kind kind)
{
	return kind == IKE_AUTH_BY_PSK ? "psk" : "cert";
}

/* What matters of the configuration when something does not fit. */
static json_t *config(const struct ike_tunnel_config *c)
{
	static const char *const starts[] = {
		[IKE_START_ALWAYS] = "always",
		[IKE_START_ON_TRAFFIC] = "on-traffic",
		[IKE_START_PASSIVE] = "passive",
	};

	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:s*}", "ike",
			 suite(&c->ike), "esp", suite(&c->esp), "auth",
			 auth(c->local_auth), "remote-auth",
			 auth(c->remote_auth), "start", starts[c->start], "natt",
			 c->natt == IKE_NATT_FORCE ? "force" : "auto",
			 "local-ts", selectors(c->local_ts, c->n_local_ts),
			 "remote-ts", selectors(c->remote_ts, c->n_remote_ts),
			 "ike-sa-of", c->ike_sa_of[0] ? c->ike_sa_of : NULL);
}

void ctl_add_why(json_t *tunnel, const struct net *net,
		 const struct conf_tunnel *conf,
		 const struct ike_tunnel_status *status, uint64_t now)
{
	const struct conf_trouble *trouble = &conf->trouble;
	json_t *failures = json_object();
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (status->failed[i])
			json_object_set_new(failures, i ? "theirs" : "ours",
					    ctl_failure(status->failed[i], now));
	json_object_set_new(tunnel, "failures", failures);
	json_object_set_new(tunnel, "file", json_string(conf->file));
	json_object_set_new(tunnel, "config", config(&conf->ike));
	json_object_set_new(tunnel, "unix-time", json_integer(time(NULL)));
	json_object_set_new(tunnel, "hears-icmp",
			    json_boolean(net_hears_icmp(
				    net, conf->ike.remote.family)));
	if (trouble->icmp_count)
		json_object_set_new(
			tunnel, "icmp",
			json_pack("{s:i, s:i, s:o, s:i, s:I, s:I}", "type",
				  trouble->icmp.type, "code",
				  trouble->icmp.code, "from",
				  address(&trouble->icmp.from), "port",
				  trouble->icmp.to.port, "count",
				  (json_int_t)trouble->icmp_count, "ago-ms",
				  (json_int_t)(now - trouble->icmp_at)));
	if (trouble->send_count)
		json_object_set_new(
			tunnel, "send-error",
			json_pack("{s:s, s:i, s:I, s:I}", "text",
				  strerror(trouble->send_error), "errno",
				  trouble->send_error, "count",
				  (json_int_t)trouble->send_count, "ago-ms",
				  (json_int_t)(now - trouble->send_at)));
}

/* ---- what is kept -------------------------------------------------------- */

static bool same_endpoint(const struct ike_endpoint *a,
			  const struct ike_endpoint *b)
{
	return a->port == b->port && ike_address_same(&a->addr, &b->addr);
}

struct sought {
	const struct net_error *error;
	bool found;
};

static void look_at_ike_sa(void *arg, const struct ike_sa_status *sa)
{
	struct sought *sought = arg;

	sought->found |= same_endpoint(&sa->local, &sought->error->local) &&
			 same_endpoint(&sa->remote, &sought->error->to);
}

/*
 * Whether the tunnel sends from there to there. A peer behind a NAT has a port of
 * the NAT's choice, which its IKE SA knows.
 */
static bool sends_so(const struct iked *iked, const struct conf_tunnel *tunnel,
		     const struct net_error *error)
{
	static const struct ike_status_visitor visitor = {
		.ike_sa = look_at_ike_sa,
	};
	struct sought sought = { .error = error };

	if (!ike_address_same(&tunnel->ike.remote, &error->to.addr))
		return false;
	/* The kernel has found the socket that has sent it. */
	if (!error->local.addr.family)
		return true;
	if (!ike_address_same(&tunnel->ike.local, &error->local.addr))
		return false;
	if (error->to.port == IKE_PORT_NATT)
		return true;
	ike_engine_status(iked->engine, iked_now(), tunnel->ike.name, &visitor,
			  &sought);
	return sought.found;
}

void why_icmp(struct iked *iked, const struct net_error *error)
{
	for (size_t i = 0; i < iked->conf.count; i++) {
		struct conf_tunnel *tunnel = iked->conf.tunnels[i];

		if (!sends_so(iked, tunnel, error))
			continue;
		tunnel->trouble.icmp = *error;
		tunnel->trouble.icmp_at = iked_now();
		tunnel->trouble.icmp_count++;
	}
}

void why_not_sent(struct iked *iked, const struct ike_address *remote, int code)
{
	for (size_t i = 0; i < iked->conf.count; i++) {
		struct conf_tunnel *tunnel = iked->conf.tunnels[i];

		if (!ike_address_same(&tunnel->ike.remote, remote))
			continue;
		tunnel->trouble.send_error = code;
		tunnel->trouble.send_at = iked_now();
		tunnel->trouble.send_count++;
	}
}

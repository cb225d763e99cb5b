// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests on the control socket, and their answers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ctl_why.h"
#include "failure.h"

static json_t *refusal(int code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static json_t *refusal(int code, const char *fmt, ...)
{
	va_list ap;
	json_t *text;

	va_start(ap, fmt);
	text = json_vsprintf(fmt, ap);
	va_end(ap);
	return json_pack("{s:o, s:i}", "error", text, "errno", code);
}

/*
 * Where the next IKE SA and the next CHILD SA go; borrowed references. @failed is
 * what kept the SAs of @tunnel from being replaced, as long as none is younger.
 */
struct status {
	json_t *tunnels;
	json_t *tunnel;
	const struct ike_failure *failed;
	json_t *ike_sas;
	json_t *child_sas;
	const struct iked *iked;
	bool why; /* with all that may explain it */
};

static json_t *json_endpoint(const struct ike_endpoint *endpoint)
{
	char text[48];

	ike_address_format(&endpoint->addr, text, sizeof(text));
	return json_sprintf(endpoint->addr.family == IKE_IPV6 ? "[%s]:%u" :
							       "%s:%u",
			    text, endpoint->port);
}

static json_t *json_address(const struct ike_address *addr)
{
	char text[48];

	return json_string(ike_address_format(addr, text, sizeof(text)));
}

/* An identity that was not configured is the address. */
static json_t *json_identity(const struct ike_identity *id,
			     const struct ike_address *addr)
{
	char text[512];

	if (!id->type)
		return json_address(addr);
	return json_string(ike_identity_format(id, text, sizeof(text)));
}

/* A rekey or a reauthentication has failed, but the tunnel is up. */
static void show_failed(struct status *s, const struct ike_tunnel_status *status)
{
	s->failed = NULL;
	if (strcmp(status->state, "up") || status->last_error ||
	    !status->failed[0])
		return;
	s->failed = status->failed[0];
	json_object_set_new(s->tunnel, "last-error",
			    json_string(s->failed->text));
}

static bool is_of_child(const struct ike_failure *f)
{
	return !strcmp(f->step, "CREATE_CHILD_SA");
}

/* What is younger than a failure has come in spite of it, or after it was mended. */
static void show_younger(struct status *s, bool child, uint64_t age_ms)
{
	if (!s->failed || is_of_child(s->failed) != child ||
	    age_ms >= iked_now() - s->failed->at)
		return;
	s->failed = NULL;
	json_object_del(s->tunnel, "last-error");
}

/* What is of the IKE SA is in the file of who has it. */
static void add_owner(const struct iked *iked, json_t *tunnel, const char *name)
{
	const struct conf_tunnel *owner = conf_find(&iked->conf, name);

	if (owner)
		json_object_set_new(tunnel, "ike-sa-file",
				    json_string(owner->file));
}

static void show_tunnel(void *arg, const struct ike_tunnel_status *status)
{
	const struct ike_tunnel_config *config = status->config;
	struct status *s = arg;
	const struct conf_tunnel *conf = conf_find(&s->iked->conf, config->name);
	json_t *ike_sas = json_array();
	json_t *tunnel = json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s*, s:b, s:I, s:o}",
		"name", config->name, "interface", conf ? conf->interface : "",
		"state", status->state, "local", json_address(&config->local),
		"remote", json_address(&config->remote), "local-id",
		json_identity(&config->local_id, &config->local), "remote-id",
		json_identity(&config->remote_id, &config->remote), "last-error",
		status->last_error, "wanted", status->wanted, "retry-in-ms",
		(json_int_t)status->retry_in_ms, "ike-sas", ike_sas);

	json_object_set_new(tunnel, "since-ms",
			    json_integer((json_int_t)status->since_ms));
	if (status->failed[0])
		json_object_set_new(tunnel, "last-failure",
				    json_string(ike_failure_name(
					    status->failed[0]->reason)));
	/* It keeps the engine from trying, whatever has failed before. */
	if (conf && !config->ifindex && conf->trouble.device[0]) {
		json_object_set_new(tunnel, "last-error",
				    json_string(conf->trouble.device));
		json_object_set_new(tunnel, "device-error",
				    json_string(conf->trouble.device));
	}
	s->tunnel = tunnel;
	show_failed(s, status);
	if (s->why && conf)
		ctl_add_why(tunnel, s->iked->net, conf, status, iked_now());
	if (s->why && conf && config->ike_sa_of[0])
		add_owner(s->iked, tunnel, config->ike_sa_of);
	s->ike_sas = tunnel ? ike_sas : NULL;
	s->child_sas = NULL;
	json_array_append_new(s->tunnels, tunnel);
}

static void show_ike_sa(void *arg, const struct ike_sa_status *status)
{
	struct status *s = arg;
	json_t *child_sas = json_array();
	json_t *ike_sa = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:s, s:I, s:I, s:o}",
		"state", status->state, "role",
		status->initiator ? "initiator" : "responder", "spi-i",
		json_sprintf("%016" PRIx64, status->spi_i), "spi-r",
		json_sprintf("%016" PRIx64, status->spi_r), "local",
		json_endpoint(&status->local), "remote",
		json_endpoint(&status->remote), "nat-local", status->nat_local,
		"nat-remote", status->nat_remote, "suite",
		status->suite ? status->suite : "", "age-ms",
		(json_int_t)status->age_ms, "rekey-in-ms",
		(json_int_t)status->rekey_in_ms, "child-sas", child_sas);

	if (!strcmp(status->state, "established"))
		show_younger(s, false, status->age_ms);
	s->child_sas = ike_sa ? child_sas : NULL;
	json_array_append_new(s->ike_sas, ike_sa);
}

static json_t *json_selectors(const struct ike_ts *ts, unsigned int count)
{
	json_t *list = json_array();
	char text[IKE_TS_TEXT];
	unsigned int i;

	for (i = 0; i < count; i++)
		json_array_append_new(list,
				      json_string(ike_ts_format_one(
					      &ts[i], text, sizeof(text))));
	return list;
}

static void show_child_sa(void *arg, const struct ike_child_status *status)
{
	struct status *s = arg;

	if (!strcmp(status->state, "installed"))
		show_younger(s, true, status->age_ms);
	json_array_append_new(
		s->child_sas,
		json_pack("{s:s, s:I, s:o, s:o, s:s, s:I, s:I, s:o, s:o}", "state",
			  status->state, "pair-id", (json_int_t)status->pair_id,
			  "spi-in", json_sprintf("0x%08x", status->spi_in),
			  "spi-out", json_sprintf("0x%08x", status->spi_out),
			  "suite", status->suite ? status->suite : "", "age-ms",
			  (json_int_t)status->age_ms, "rekey-in-ms",
			  (json_int_t)status->rekey_in_ms, "local-ts",
			  json_selectors(status->local_ts, status->n_local_ts),
			  "remote-ts",
			  json_selectors(status->remote_ts,
					 status->n_remote_ts)));
}

static json_t *json_counters(const struct iked *iked)
{
	const struct ike_counters *ike = ike_engine_counters(iked->engine);
	const struct net_counters *net = net_counters(iked->net);
	json_t *counters = json_object();

#define X(field, text) \
	json_object_set_new(counters, #field, json_integer(ike->field));
	IKE_COUNTERS(X)
#undef X
	json_object_set_new(counters, "rx_no_marker",
			    json_integer(net->rx_no_marker));
	json_object_set_new(counters, "rx_truncated",
			    json_integer(net->rx_truncated));
	json_object_set_new(counters, "tx_errors", json_integer(net->tx_errors));
	return counters;
}

/* The engine does not know of a tunnel whose peer has no address yet. */
static bool show_nameless(const struct iked *iked, const char *name, bool why,
			  json_t *tunnels)
{
	static const struct ike_tunnel_status nothing_tried;
	const struct conf_tunnel *conf;
	json_t *tunnel;
	bool found = false;
	size_t i;

	for (i = 0; i < iked->conf.count; i++) {
		conf = iked->conf.tunnels[i];
		if (conf->ike.remote.family ||
		    (name && strcmp(name, conf->ike.name)))
			continue;
		found = true;
		tunnel = json_pack(
			"{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:s, s:b, s:i, s:[]}",
			"name", conf->ike.name, "interface", conf->interface,
			"state", "no-address", "local",
			json_address(&conf->ike.local), "remote",
			conf->remote_name, "local-id",
			json_identity(&conf->ike.local_id, &conf->ike.local),
			"remote-id",
			conf->ike.remote_id.type ?
				json_identity(&conf->ike.remote_id,
					      &conf->ike.remote) :
				json_string(conf->remote_name),
			"last-error", "the name of the peer has no address yet",
			"wanted", 1, "retry-in-ms", 0, "ike-sas");
		json_object_set_new(tunnel, "since-ms",
				    json_integer((json_int_t)(iked_now() -
							      conf->sought_at)));
		if (why)
			ctl_add_why(tunnel, iked->net, conf, &nothing_tried,
				    iked_now());
		json_array_append_new(tunnels, tunnel);
	}
	return found;
}

static json_t *request_status(struct iked *iked, const char *tunnel, bool why)
{
	static const struct ike_status_visitor visitor = {
		.tunnel = show_tunnel,
		.ike_sa = show_ike_sa,
		.child_sa = show_child_sa,
	};
	struct status s = { .tunnels = json_array(), .iked = iked, .why = why };
	bool nameless;

	nameless = show_nameless(iked, tunnel, why, s.tunnels);
	if (!(tunnel && nameless) &&
	    ike_engine_status(iked->engine, iked_now(), tunnel, &visitor, &s) < 0) {
		json_decref(s.tunnels);
		return refusal(ENOENT, "there is no tunnel \"%s\"", tunnel);
	}
	return json_pack("{s:o, s:o}", "tunnels", s.tunnels, "counters",
			 json_counters(iked));
}

/* ---- commands ------------------------------------------------------------ */

static const struct {
	const char *name;
	enum ike_command command;
} engine_commands[] = {
	{ "up", IKE_CMD_UP },
	{ "down", IKE_CMD_DOWN },
	{ "rekey", IKE_CMD_REKEY_CHILD },
	{ "rekey-ike", IKE_CMD_REKEY_IKE },
	{ "reauth", IKE_CMD_REAUTH },
};

static json_t *run_command(struct iked *iked, enum ike_command command,
			   const char *tunnel)
{
	struct conf_tunnel *conf = conf_find(&iked->conf, tunnel);
	int ret;

	if (iked->stopping)
		return refusal(ESHUTDOWN, "the agent is leaving");
	if (conf && !conf->ike.remote.family)
		return refusal(EHOSTUNREACH,
			       "\"%s\", the peer of \"%s\", has no address yet",
			       conf->remote_name, tunnel);
	if (conf && !conf->ike.ifindex && command == IKE_CMD_UP &&
	    tunnels_attach(iked, conf) < 0)
		return conf->trouble.device[0] ?
			       refusal(ENODEV, "%s", conf->trouble.device) :
			       refusal(ENODEV,
				       "device \"%s\" cannot be used, the log says why",
				       conf->interface);
	ret = ike_engine_command(iked->engine, iked_now(), command, tunnel);
	switch (ret) {
	case 0:
		return json_pack("{s:b}", "ok", 1);
	case -ENOENT:
		return refusal(ENOENT, "there is no tunnel \"%s\"", tunnel);
	case -ENOTCONN:
		return refusal(ENOTCONN, "tunnel \"%s\" is not up", tunnel);
	default:
		return refusal(-ret, "%s", strerror(-ret));
	}
}

static void add_lines(json_t *lines, char *text)
{
	char *line;

	while (text && (line = strsep(&text, "\n")))
		if (line[0])
			json_array_append_new(lines, json_string(line));
}

/* Each tunnel whose device cannot be used, and why. */
static json_t *refused_devices(const struct iked *iked)
{
	json_t *lines = json_array();
	size_t i;

	for (i = 0; i < iked->conf.count; i++) {
		const struct conf_tunnel *conf = iked->conf.tunnels[i];

		if (conf->trouble.device[0])
			json_array_append_new(
				lines, json_sprintf("%s: %s", conf->ike.name,
						    conf->trouble.device));
	}
	return lines;
}

static json_t *request_reload(struct iked *iked)
{
	struct tunnels_difference d;
	json_t *lines, *reply;
	char *errors = NULL;

	if (iked->stopping)
		return refusal(ESHUTDOWN, "the agent is leaving");
	if (tunnels_reload(iked, &errors, &d) == 0)
		return json_pack("{s:b, s:i, s:i, s:i, s:o}", "ok", 1,
				 "unchanged", d.unchanged, "stopped", d.stopped,
				 "started", d.started, "refused",
				 refused_devices(iked));
	lines = json_array();
	add_lines(lines, errors);
	free(errors);
	reply = refusal(EINVAL,
			"errors in the configuration: %zu; it stays as it was",
			json_array_size(lines));
	json_object_set_new(reply, "lines", lines);
	return reply;
}

json_t *ctl_request(struct iked *iked, const char *line)
{
	const char *command, *tunnel = NULL;
	json_error_t error;
	json_t *request, *reply = NULL;
	size_t i;

	request = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	if (!request)
		return refusal(EINVAL, "not JSON: %s", error.text);
	if (json_unpack(request, "{s:s, s?s !}", "command", &command, "tunnel",
			&tunnel) < 0) {
		reply = refusal(EINVAL,
				"expected {\"command\": \"...\", \"tunnel\": \"...\"}");
		goto out;
	}
	if (!strcmp(command, "status") || !strcmp(command, "explain")) {
		reply = request_status(iked, tunnel, *command == 'e');
		goto out;
	}
	if (!strcmp(command, "reload") && !tunnel) {
		reply = request_reload(iked);
		goto out;
	}
	for (i = 0; i < sizeof(engine_commands) / sizeof(engine_commands[0]); i++) {
		if (strcmp(command, engine_commands[i].name))
			continue;
		if (tunnel)
			reply = run_command(iked, engine_commands[i].command,
					    tunnel);
		else
			reply = refusal(EINVAL, "\"%s\" needs a tunnel",
					command);
		goto out;
	}
	reply = refusal(EINVAL,
			"unknown command \"%s\"; known are status, explain, monitor, up, down, rekey, rekey-ike, reauth and reload",
			command);
out:
	json_decref(request);
	return reply;
}

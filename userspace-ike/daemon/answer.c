// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls of the ike process, which reads what strangers send and may have become
 * theirs. Sizes are checked before anything is looked at, names and devices must
 * be those of configured tunnels, and keys sign nothing but an AUTH.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer_auth.h"
#include "answer_local.h"
#include "cert.h"
#include "handover.h"
#include "ipc.h"
#include "keylog.h"
#include "log.h"
#include "parent.h"

/* Spelled out so that a compiler cannot take a bool for granted. */
static bool is_bool(const void *at)
{
	uint8_t octet;

	memcpy(&octet, at, 1);
	return octet <= 1;
}

/* A line for each thing an honest ike process would not ask, but not a flood. */
static int refuse(int error, const char *call, const char *why)
{
	static struct log_limit limit;
	struct timespec ts;
	unsigned int held_back;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (log_limited(&limit, now, &held_back))
		log_line(LOG_WARNING, NULL,
			 "refused to the ike process: %s: %s (and %u before this)",
			 call, why, held_back);
	return error;
}

static struct conf_tunnel *tunnel_of(const struct parent *parent,
				     const char name[IKE_NAME_MAX])
{
	return memchr(name, 0, IKE_NAME_MAX) ? conf_find(&parent->conf, name) :
					       NULL;
}

static const struct conf_tunnel *conf_by_device(const struct conf *conf,
						uint32_t ifindex)
{
	size_t i;

	for (i = 0; ifindex && i < conf->count; i++)
		if (conf->tunnels[i]->ike.ifindex == ifindex)
			return conf->tunnels[i];
	return NULL;
}

/* Return: 0 if @ifindex is the device of a tunnel, or -ENODEV. */
static int check_device(const struct parent *parent, const char *call,
			uint32_t ifindex)
{
	if (conf_by_device(&parent->conf, ifindex) ||
	    conf_by_device(&parent->before, ifindex))
		return 0;
	return refuse(-ENODEV, call, "the device is that of no tunnel");
}

/* ---- configuration ------------------------------------------------------- */

static int answer_fds(struct parent *parent, enum call call, const void *answer,
		      size_t len, const int *fds, unsigned int n_fds)
{
	return ipc_send(parent->calls, call, answer, len, NULL, 0, fds, n_fds,
			false);
}

static int call_start(struct parent *parent)
{
	struct answer_start answer = { 0 };
	int fds[2 + NET_SOCKETS], ret;
	unsigned int i, n = 2;

	if (parent->started)
		return -EPROTO;
	fds[0] = handover_pack(&parent->conf);
	if (fds[0] < 0)
		return fds[0];
	fds[1] = parent->control;
	for (i = 0; i < NET_SOCKETS; i++) {
		if (net_fd(parent->sockets, i) < 0)
			continue;
		answer.sockets |= 1u << i;
		fds[n++] = net_fd(parent->sockets, i);
	}
	ret = answer_fds(parent, CALL_START, &answer, sizeof(answer), fds, n);
	close(fds[0]);
	/* What strangers send is not for us. */
	close(parent->control);
	parent->control = -1;
	net_close(parent->sockets);
	parent->sockets = NULL;
	parent->started = true;
	return ret;
}

/* What is wrong with a configuration, for the log and for who asked. */
struct complaints {
	char *text;
	size_t len;
	FILE *fp;
};

static void complain(void *arg, const char *text)
{
	struct complaints *c = arg;

	log_line(LOG_ERR, NULL, "%s", text);
	if (c->fp)
		fprintf(c->fp, "%s\n", text);
}

static void warn(void *arg, const char *text)
{
	(void)arg;
	log_line(LOG_WARNING, NULL, "%s", text);
}

/* Devices get new addresses only if they have those that the files had before. */
static void keep_device(const struct conf *old, struct conf_tunnel *tunnel)
{
	const struct conf_tunnel *was;
	size_t i;

	for (i = 0; i < old->count; i++) {
		was = old->tunnels[i];
		if (strcmp(was->interface, tunnel->interface))
			continue;
		/* Without an address of its peer it has not touched the device. */
		tunnel->old_local = was->ike.remote.family ? was->ike.local :
							     was->old_local;
		tunnel->old_remote = was->ike.remote.family ? was->ike.remote :
							      was->old_remote;
	}
}

/* Peers given by name are where they were. */
static void keep_addresses(const struct conf *old, struct conf *fresh)
{
	const struct conf_tunnel *was;
	struct conf_tunnel *tunnel;
	size_t i;

	for (i = 0; i < fresh->count; i++) {
		tunnel = fresh->tunnels[i];
		was = conf_find(old, tunnel->ike.name);
		if (was && tunnel->remote_name[0] &&
		    !strcmp(tunnel->remote_name, was->remote_name))
			tunnel->ike.remote = was->ike.remote;
		keep_device(old, tunnel);
	}
}

/* Return: the descriptor that goes along, or -errno; @result is the outcome. */
static int reload(struct parent *parent, int *result)
{
	struct complaints c = { 0 };
	struct conf_errors errors = { .report = complain,
				      .warn = warn,
				      .arg = &c };
	struct conf fresh;
	int fd, ret;

	c.fp = open_memstream(&c.text, &c.len);
	*result = -EINVAL;
	ret = conf_load(parent->options->conf_dir, &fresh, &errors);
	if (!ret) {
		answer_local_check(parent, &fresh, &errors);
		if (errors.count) {
			conf_free(&fresh);
			ret = -1;
		}
	}
	if (ret < 0) {
		log_line(LOG_ERR, NULL,
			 "reload: %u errors, the configuration stays as it was",
			 errors.count);
		if (c.fp)
			fclose(c.fp);
		fd = handover_pack_text(c.text, c.len);
		free(c.text);
		return fd;
	}
	if (c.fp)
		fclose(c.fp);
	free(c.text);
	keep_addresses(&parent->conf, &fresh);
	fd = handover_pack(&fresh);
	if (fd < 0) {
		log_line(LOG_ERR, NULL, "reload: %s", strerror(-fd));
		conf_free(&fresh);
		return fd;
	}
	/* Until CALL_APPLIED SA pairs of the old tunnels are still removed. */
	conf_free(&parent->before);
	parent->before = parent->conf;
	parent->conf = fresh;
	*result = 0;
	return fd;
}

static int call_reload(struct parent *parent)
{
	struct answer_reload answer;
	int fd, ret;

	fd = reload(parent, &answer.ret);
	ret = answer_fds(parent, CALL_RELOAD, &answer, sizeof(answer), &fd,
			 fd >= 0);
	if (fd >= 0)
		close(fd);
	return ret;
}

/* ---- devices, ways, names ------------------------------------------------ */

static void call_device(struct parent *parent, struct conf_tunnel *tunnel,
			struct answer_device *answer)
{
	answer->ret = -ENODEV;
	if (!tunnel->ike.remote.family ||
	    kernel_device(parent->kernel, tunnel, &answer->ifindex,
			  answer->why) < 0)
		return;
	tunnel->ike.ifindex = answer->ifindex;
	answer->ret = 0;
}

static void call_way(struct parent *parent, const struct conf_tunnel *tunnel,
		     struct answer_way *answer)
{
	memset(&answer->way, 0, sizeof(answer->way));
	memset(answer->device, 0, sizeof(answer->device));
	answer->ret = 0;
	if (!tunnel->ike.remote.family)
		return;
	kernel_way(parent->kernel, &tunnel->ike.local, &tunnel->ike.remote,
		   &answer->way);
	if (answer->way.ifindex)
		if_indextoname(answer->way.ifindex, answer->device);
}

/* Return: 0 or what ipc_send() does. */
static int answer_tunnel(struct parent *parent, enum call call,
			 const struct call_tunnel *request)
{
	struct conf_tunnel *tunnel = tunnel_of(parent, request->tunnel);
	struct answer_device device = { .ret = -ENOENT };
	struct answer_way way = { .ret = -ENOENT };
	struct answer_result result = { .ret = tunnel ? 0 : -ENOENT };

	if (!tunnel)
		refuse(-ENOENT, "a tunnel's device or name",
		       "there is no such tunnel");
	switch (call) {
	case CALL_DEVICE:
		if (tunnel)
			call_device(parent, tunnel, &device);
		break;
	case CALL_DEVICE_INDEX:
		device.ret = 0;
		if (tunnel)
			device.ifindex = kernel_device_index(parent->kernel,
							     tunnel->interface);
		break;
	case CALL_WAY:
		if (tunnel)
			call_way(parent, tunnel, &way);
		return answer_fds(parent, call, &way, sizeof(way), NULL, 0);
	default:
		if (tunnel && tunnel->remote_name[0])
			resolve_look_up(parent, tunnel);
		return answer_fds(parent, call, &result, sizeof(result), NULL, 0);
	}
	return answer_fds(parent, call, &device, sizeof(device), NULL, 0);
}

/* ---- SA pairs ------------------------------------------------------------ */

/* Pairs of one device in an answer, which is far more than it can have. */
#define PAIRS_MAX 512

struct query {
	struct answer_query head;
	struct ike_pair_info pairs[PAIRS_MAX];
};

_Static_assert(sizeof(struct query) <= IPC_DATA_MAX, "an answer fits");

static int note_pair(void *arg, const struct ike_pair_info *info)
{
	struct query *query = arg;

	query->pairs[query->head.count++] = *info;
	return query->head.count == PAIRS_MAX;
}

static int answer_query(struct parent *parent, uint32_t ifindex)
{
	static struct query query;
	int ret = check_device(parent, "reading SA pairs", ifindex);

	query.head.count = 0;
	if (!ret)
		ret = kernel_query(parent->kernel, ifindex, note_pair, &query);
	query.head.ret = ret;
	return ipc_send(parent->calls, CALL_QUERY, &query.head,
			sizeof(query.head), query.pairs,
			query.head.count * sizeof(query.pairs[0]), NULL, 0,
			false);
}

static int answer_pair(struct parent *parent, enum call call,
		       const struct call_pair *request)
{
	struct answer_result result;
	struct answer_spi spi = { 0 };

	if (call == CALL_QUERY)
		return answer_query(parent, request->ifindex);
	result.ret = check_device(parent, "an SA pair", request->ifindex);
	switch (call) {
	case CALL_SPI_ALLOC:
		spi.ret = result.ret;
		if (!spi.ret)
			spi.ret = kernel_spi_alloc(parent->kernel,
						   request->ifindex,
						   request->seconds,
						   &spi.pair_id, &spi.spi);
		return answer_fds(parent, call, &spi, sizeof(spi), NULL, 0);
	case CALL_ACTIVATE:
		if (!result.ret)
			result.ret = kernel_activate(parent->kernel,
						     request->ifindex,
						     request->pair_id);
		break;
	default:
		if (!result.ret)
			result.ret = kernel_retire(parent->kernel,
						   request->ifindex,
						   request->pair_id,
						   request->seconds);
	}
	return answer_fds(parent, call, &result, sizeof(result), NULL, 0);
}

static void export_pair(struct parent *parent, const struct ike_kernel_pair *pair)
{
	const struct conf_tunnel *tunnel =
		conf_by_device(&parent->conf, pair->ifindex);

	if (!tunnel)
		tunnel = conf_by_device(&parent->before, pair->ifindex);
	if (parent->keylog && tunnel)
		keylog_esp(parent->keylog, &tunnel->ike, pair);
}

static bool sa_fits(const struct ike_kernel_sa *sa)
{
	return sa->key_len <= IKE_KEY_MAX && sa->salt_len <= IKE_SALT_MAX &&
	       is_bool(&sa->esn);
}

/* None, or of a family that there is. */
static bool address_fits(const struct ike_address *addr)
{
	return !addr->family || addr->family == IKE_IPV4 ||
	       addr->family == IKE_IPV6;
}

/* Lengths are ours to check; what the values are worth the module knows. */
static int answer_new_pair(struct parent *parent, struct call_new_pair *request)
{
	const struct ike_kernel_pair *pair = &request->pair;
	struct answer_result result;

	result.ret = check_device(parent, "an SA pair", pair->ifindex);
	if (!result.ret &&
	    (!is_bool(&pair->encap_udp) || !is_bool(&pair->encap_follow) ||
	     !is_bool(&pair->allow_legacy) || !sa_fits(&pair->in) ||
	     !sa_fits(&pair->out) || !address_fits(&pair->encap_remote) ||
	     pair->n_local_ts > IKE_TS_MAX || pair->n_remote_ts > IKE_TS_MAX))
		result.ret = refuse(-EINVAL, "an SA pair",
				    "its keys or lists are too long, or it makes no sense");
	if (!result.ret)
		result.ret = kernel_pair_new(parent->kernel, pair);
	if (!result.ret)
		export_pair(parent, pair);
	return answer_fds(parent, CALL_PAIR_NEW, &result, sizeof(result), NULL, 0);
}

/* ---- keys ---------------------------------------------------------------- */

static int answer_psk(struct parent *parent, const struct call_auth *request,
		      const uint8_t *octets, size_t len)
{
	const struct conf_tunnel *tunnel = tunnel_of(parent, request->tunnel);
	const struct ike_psk_request req = {
		.prf = request->prf,
		.octets = octets,
		.len = len,
	};
	struct answer_psk answer = { .ret = -ENOENT };

	if (!tunnel || !tunnel->psk.len)
		refuse(0, "an AUTH by a pre-shared key", "the tunnel has none");
	else if (!answer_is_auth(octets, len))
		answer.ret = refuse(-EINVAL, "an AUTH by a pre-shared key",
				    "not what an AUTH covers");
	else
		answer.ret = ike_psk_auth(tunnel->psk.octets, tunnel->psk.len,
					  &req, answer.auth);
	return answer_fds(parent, CALL_PSK_AUTH, &answer, sizeof(answer), NULL, 0);
}

static int answer_sign(struct parent *parent, const struct call_auth *request,
		       const uint8_t *octets, size_t len)
{
	const struct conf_tunnel *tunnel = tunnel_of(parent, request->tunnel);
	const struct ike_sign_request req = {
		.hashes = request->hashes,
		.octets = octets,
		.len = len,
	};
	struct answer_sign answer = { .ret = -ENOENT };

	if (!tunnel || tunnel->ike.local_auth != IKE_AUTH_BY_CERT) {
		refuse(0, "a signature", "the tunnel has no key for that");
		snprintf(answer.why, sizeof(answer.why),
			 "the tunnel is configured no more");
	} else if (!answer_is_auth(octets, len)) {
		answer.ret = refuse(-EINVAL, "a signature",
				    "not what an AUTH covers");
		snprintf(answer.why, sizeof(answer.why),
			 "the parent process refuses to sign that");
	} else {
		answer.ret = cert_sign(tunnel->certs, time(NULL), &req,
				       &answer.sig, answer.why,
				       sizeof(answer.why));
	}
	return answer_fds(parent, CALL_SIGN, &answer, sizeof(answer), NULL, 0);
}

static int answer_ike_keys(struct parent *parent,
			   const struct ike_sa_keys *keys)
{
	struct answer_result result;

	if (!parent->keylog)
		result.ret = refuse(-EPERM, "keys for a file",
				    "nobody asked for --export-keys");
	else if (keys->encr_len > IKE_SA_KEY_MAX ||
		 keys->integ_len > IKE_SA_KEY_MAX)
		result.ret = refuse(-EINVAL, "keys for a file",
				    "they are too long");
	else
		result.ret = keylog_ike(parent->keylog, keys);
	return answer_fds(parent, CALL_IKE_KEYS, &result, sizeof(result), NULL,
			  0);
}

static void take_line(const struct call_log *line)
{
	/* Control characters are log_line()'s to replace. */
	if (line->prio >= LOG_ERR && line->prio <= LOG_DEBUG &&
	    memchr(line->text, 0, sizeof(line->text)))
		log_line(line->prio, NULL, "%s", line->text);
}

/* ---- dispatch ------------------------------------------------------------ */

static const struct {
	const char *name;
	size_t size;
} calls[CALL_MAX] = {
#define CALL_ROW(id, request, answer) \
	[CALL_##id] = { #id, sizeof(struct call_##request) },
	CALLS(CALL_ROW)
#undef CALL_ROW
};

static int dispatch(struct parent *parent, struct ipc_message *msg)
{
	const struct call_auth *auth = (const void *)msg->data;
	const uint8_t *octets = msg->data + sizeof(*auth);
	const struct answer_result done = { 0 };

	switch ((enum call)msg->type) {
	case CALL_START:
		return call_start(parent);
	case CALL_RELOAD:
		return call_reload(parent);
	case CALL_APPLIED:
		conf_free(&parent->before);
		return answer_fds(parent, msg->type, &done, sizeof(done), NULL, 0);
	case CALL_DEVICE:
	case CALL_DEVICE_INDEX:
	case CALL_WAY:
	case CALL_LOOK_UP:
		return answer_tunnel(parent, msg->type, (const void *)msg->data);
	case CALL_SPI_ALLOC:
	case CALL_ACTIVATE:
	case CALL_RETIRE:
	case CALL_QUERY:
		return answer_pair(parent, msg->type, (const void *)msg->data);
	case CALL_PAIR_NEW:
		return answer_new_pair(parent, (void *)msg->data);
	case CALL_PSK_AUTH:
		return answer_psk(parent, auth, octets, msg->len - sizeof(*auth));
	case CALL_SIGN:
		return answer_sign(parent, auth, octets, msg->len - sizeof(*auth));
	case CALL_IKE_KEYS:
		return answer_ike_keys(parent, (const void *)msg->data);
	case CALL_LOG:
		take_line((const void *)msg->data);
		return 0;
	default:
		return -EPROTO;
	}
}

static bool is_call(const struct parent *parent, const struct ipc_message *msg)
{
	if (msg->type <= CALL_NONE || msg->type >= CALL_MAX ||
	    (!parent->started && msg->type != CALL_START &&
	     msg->type != CALL_LOG))
		return false;
	if (msg->type == CALL_PSK_AUTH || msg->type == CALL_SIGN)
		return msg->len > calls[msg->type].size;
	return msg->len == calls[msg->type].size;
}

int answer_call(struct parent *parent)
{
	static struct ipc_message msg;
	const char *name = "not a message";
	int ret = ipc_receive(parent->calls, &msg, 0, false);

	if (ret == 0 || ret == -EAGAIN)
		return ret;
	if (ret > 0) {
		name = msg.type < CALL_MAX && calls[msg.type].name ?
			       calls[msg.type].name :
			       "unknown";
		ret = is_call(parent, &msg) ? dispatch(parent, &msg) : -EPROTO;
		/* ESP keys pass through here. */
		explicit_bzero(msg.data, msg.len);
	}
	if (ret == 0)
		return 1;
	if (ret == -EPIPE || ret == -ECONNRESET)
		return 0;
	log_line(LOG_ERR, NULL, "a call of the ike process (%s): %s", name,
		 strerror(-ret));
	return -EPROTO;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls of the ike process. The parent is believed: it could do anything by
 * itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ask.h"
#include "handover.h"
#include "ipc.h"
#include "log.h"

/* The last answer, or what is left of it. One thread, one call at a time. */
static struct ipc_message answer;
static bool opened;

static bool is_end(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

int ask_open(void)
{
	if (!is_end(CALLS_FD) || !is_end(NEWS_FD) ||
	    ipc_set_timeout(CALLS_FD, CALL_SECONDS) < 0)
		return -1;
	opened = true;
	return 0;
}

static void end(const char *why) __attribute__((noreturn));

static void end(const char *why)
{
	opened = false; /* this line cannot go through the parent */
	log_line(LOG_ERR, NULL,
		 "ike process: %s; leaving, SAs stay as they are", why);
	exit(1);
}

void ask_news_lost(void)
{
	end("the parent process is gone");
}

/*
 * Asks, and waits for an answer of @size octets or more, which is in @answer
 * then.
 */
static const void *ask(enum call call, const void *request, size_t len,
		       const void *more, size_t more_len, size_t size,
		       unsigned int fds_max)
{
	int ret;

	ret = ipc_send(CALLS_FD, call, request, len, more, more_len, NULL, 0,
		       true);
	if (!ret) {
		ret = ipc_receive(CALLS_FD, &answer, fds_max, true);
		ret = ret == 0 ? -EPIPE : ret < 0 ? ret : 0;
	}
	if (ret == -EAGAIN)
		end("the parent process did not answer");
	if (ret == -EPIPE || ret == -ECONNRESET)
		ask_news_lost();
	if (ret || answer.type != call || answer.len < size)
		end("the parent process does not make sense");
	return answer.data;
}

static const void *ask_tunnel(enum call call, const char *tunnel, size_t size)
{
	struct call_tunnel request = { 0 };

	snprintf(request.tunnel, sizeof(request.tunnel), "%s", tunnel);
	return ask(call, &request, sizeof(request), NULL, 0, size, 0);
}

/* ---- configuration ------------------------------------------------------- */

static int unpack(int fd, struct conf *conf)
{
	int ret = handover_unpack(fd, conf);

	if (ret < 0)
		log_line(LOG_ERR, NULL, "taking over the configuration: %s",
			 strerror(-ret));
	return ret < 0 ? -1 : 0;
}

int ask_start(struct conf *conf, int sockets[NET_SOCKETS], int *control)
{
	const struct answer_start *a = ask(CALL_START, NULL, 0, NULL, 0,
					   sizeof(*a), 2 + NET_SOCKETS);
	unsigned int i, n = 2;
	int ret;

	if (answer.n_fds != 2 + (unsigned int)__builtin_popcount(a->sockets)) {
		ipc_close_fds(&answer);
		log_line(LOG_ERR, NULL, "the parent process did not start");
		return -1;
	}
	*control = answer.fds[1];
	for (i = 0; i < NET_SOCKETS; i++)
		sockets[i] = a->sockets & 1u << i ? answer.fds[n++] : -1;
	ret = unpack(answer.fds[0], conf);
	close(answer.fds[0]);
	return ret;
}

int ask_reload(struct conf *fresh, char **errors)
{
	const struct answer_reload *a =
		ask(CALL_RELOAD, NULL, 0, NULL, 0, sizeof(*a), 1);
	int ret = -1;

	*errors = NULL;
	if (answer.n_fds && a->ret == 0)
		ret = unpack(answer.fds[0], fresh);
	else if (answer.n_fds)
		*errors = handover_text(answer.fds[0]);
	ipc_close_fds(&answer);
	return ret;
}

void ask_applied(void)
{
	ask(CALL_APPLIED, NULL, 0, NULL, 0, sizeof(struct answer_result), 0);
}

/* ---- devices, ways, names ------------------------------------------------ */

int ask_device(const char *tunnel, uint32_t *ifindex,
	       char why[CONF_TROUBLE_MAX])
{
	const struct answer_device *a =
		ask_tunnel(CALL_DEVICE, tunnel, sizeof(*a));

	snprintf(why, CONF_TROUBLE_MAX, "%s", a->why);
	if (a->ret < 0)
		return -1;
	*ifindex = a->ifindex;
	return 0;
}

uint32_t ask_device_index(const char *tunnel)
{
	const struct answer_device *a =
		ask_tunnel(CALL_DEVICE_INDEX, tunnel, sizeof(*a));

	return a->ret < 0 ? 0 : a->ifindex;
}

void ask_way(const char *tunnel, struct conf_way *way,
	     char device[IF_NAMESIZE])
{
	const struct answer_way *a = ask_tunnel(CALL_WAY, tunnel, sizeof(*a));

	*way = a->way;
	if (device)
		snprintf(device, IF_NAMESIZE, "%s", a->device);
}

void ask_look_up(const char *tunnel)
{
	ask_tunnel(CALL_LOOK_UP, tunnel, sizeof(struct answer_result));
}

/* ---- SA pairs ------------------------------------------------------------ */

static const void *ask_pair(enum call call, uint32_t ifindex, uint32_t pair_id,
			    uint32_t seconds, size_t size)
{
	const struct call_pair request = {
		.ifindex = ifindex,
		.pair_id = pair_id,
		.seconds = seconds,
	};

	return ask(call, &request, sizeof(request), NULL, 0, size, 0);
}

int ask_spi_alloc(uint32_t ifindex, uint32_t reserve_s, uint32_t *pair_id,
		  uint32_t *spi)
{
	const struct answer_spi *a = ask_pair(CALL_SPI_ALLOC, ifindex, 0,
					      reserve_s, sizeof(*a));

	*pair_id = a->pair_id;
	*spi = a->spi;
	return a->ret;
}

int ask_pair_new(const struct ike_kernel_pair *pair)
{
	const struct answer_result *a = ask(CALL_PAIR_NEW, pair, sizeof(*pair),
					    NULL, 0, sizeof(*a), 0);

	return a->ret;
}

int ask_activate(uint32_t ifindex, uint32_t pair_id)
{
	const struct answer_result *a =
		ask_pair(CALL_ACTIVATE, ifindex, pair_id, 0, sizeof(*a));

	return a->ret;
}

int ask_retire(uint32_t ifindex, uint32_t pair_id, uint32_t grace_s)
{
	const struct answer_result *a =
		ask_pair(CALL_RETIRE, ifindex, pair_id, grace_s, sizeof(*a));

	return a->ret;
}

int ask_query(uint32_t ifindex, ike_pair_visitor visit, void *arg)
{
	const struct answer_query *a =
		ask_pair(CALL_QUERY, ifindex, 0, 0, sizeof(*a));
	const size_t count = a->count, at = sizeof(*a);
	struct ike_pair_info info;
	size_t i;

	if (a->ret < 0)
		return a->ret;
	if (count > (answer.len - at) / sizeof(info))
		end("the parent process does not make sense");
	for (i = 0; i < count; i++) {
		memcpy(&info, answer.data + at + i * sizeof(info), sizeof(info));
		if (visit(arg, &info))
			break;
	}
	return 0;
}

/* ---- keys ---------------------------------------------------------------- */

static bool fill_auth(struct call_auth *request, const char *tunnel, size_t len)
{
	*request = (struct call_auth){ 0 };
	snprintf(request->tunnel, sizeof(request->tunnel), "%s", tunnel);
	return len <= IPC_DATA_MAX - sizeof(*request);
}

int ask_psk_auth(const struct ike_psk_request *req, uint8_t auth[64])
{
	const struct answer_psk *a;
	struct call_auth request;

	if (!fill_auth(&request, req->tunnel, req->len))
		return -EMSGSIZE;
	request.prf = req->prf;
	a = ask(CALL_PSK_AUTH, &request, sizeof(request), req->octets, req->len,
		sizeof(*a), 0);
	memcpy(auth, a->auth, sizeof(a->auth));
	return a->ret;
}

int ask_sign(const struct ike_sign_request *req, struct ike_signature *sig,
	     char *why, size_t why_len)
{
	const struct answer_sign *a;
	struct call_auth request;

	if (!fill_auth(&request, req->tunnel, req->len)) {
		snprintf(why, why_len, "too much to sign");
		return -EMSGSIZE;
	}
	request.hashes = req->hashes;
	a = ask(CALL_SIGN, &request, sizeof(request), req->octets, req->len,
		sizeof(*a), 0);
	*sig = a->sig;
	snprintf(why, why_len, "%s", a->why);
	return a->ret;
}

void ask_ike_keys(const struct ike_sa_keys *keys)
{
	/* The parent has said what is wrong, if anything is. */
	ask(CALL_IKE_KEYS, keys, sizeof(*keys), NULL, 0,
	    sizeof(struct answer_result), 0);
}

/* ---- the log ------------------------------------------------------------- */

void ask_log(int prio, const char *text)
{
	struct call_log line = { .prio = prio };

	if (!opened)
		return;
	snprintf(line.text, sizeof(line.text), "%s", text);
	ipc_send(CALLS_FD, CALL_LOG, &line, sizeof(line), NULL, 0, NULL, 0, true);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SA pairs and events: the engine's vocabulary in that of the module.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_genl.h"
#include "kernel_priv.h"
#include "libipsvti.h"
#include "log.h"

/* The engine promises to use the values of the ABI. */
#define SAME_ALG(alg) \
	_Static_assert((int)IKE_ESP_##alg == (int)IPSVTI_ALG_##alg, #alg)
SAME_ALG(AES_GCM_16_128);
SAME_ALG(AES_GCM_16_192);
SAME_ALG(AES_GCM_16_256);
SAME_ALG(AES_GCM_12_128);
SAME_ALG(AES_GCM_12_192);
SAME_ALG(AES_GCM_12_256);
SAME_ALG(AES_GCM_8_128);
SAME_ALG(AES_GCM_8_192);
SAME_ALG(AES_GCM_8_256);
SAME_ALG(CHACHA20_POLY1305);
SAME_ALG(AES_GMAC_128);
SAME_ALG(AES_GMAC_192);
SAME_ALG(AES_GMAC_256);
SAME_ALG(AES_CBC_128_HMAC_SHA2_256_128);
SAME_ALG(AES_CBC_256_HMAC_SHA2_256_128);
SAME_ALG(AES_CBC_128_HMAC_SHA2_384_192);
SAME_ALG(AES_CBC_256_HMAC_SHA2_384_192);
SAME_ALG(AES_CBC_128_HMAC_SHA2_512_256);
SAME_ALG(AES_CBC_256_HMAC_SHA2_512_256);
SAME_ALG(AES_CBC_128_HMAC_SHA1_96);
SAME_ALG(AES_CBC_256_HMAC_SHA1_96);
_Static_assert((int)IKE_ACTIVATE_MANUAL == (int)IPSVTI_ACTIVATION_MANUAL &&
	       (int)IKE_ACTIVATE_NOW == (int)IPSVTI_ACTIVATION_NOW &&
	       (int)IKE_ACTIVATE_FIRST_RX == (int)IPSVTI_ACTIVATION_FIRST_RX,
	       "activations");
_Static_assert((int)IKE_PAIR_LARVAL == (int)IPSVTI_PAIR_STATE_LARVAL &&
	       (int)IKE_PAIR_STAGED == (int)IPSVTI_PAIR_STATE_STAGED &&
	       (int)IKE_PAIR_ACTIVE == (int)IPSVTI_PAIR_STATE_ACTIVE &&
	       (int)IKE_PAIR_DRAINING == (int)IPSVTI_PAIR_STATE_DRAINING,
	       "pair states");
_Static_assert(IKE_KEY_MAX <= IPSVTI_KEY_MAX && IKE_SALT_MAX == IPSVTI_SALT_MAX,
	       "lengths of keys");
_Static_assert(IKE_TS_MAX <= IPSVTI_TS_MAX, "traffic selectors");

void kernel_log_error(const char *tunnel, const char *what,
		      const struct ipsvti_error *err)
{
	char text[320];

	log_line(LOG_ERR, tunnel, "%s: %s", what,
		 ipsvti_error_format(err, text, sizeof(text)));
}

int kernel_open(struct kernel **kernelp)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	struct ipsvti_error err;
	int ret;

	if (!kernel) {
		log_line(LOG_ERR, NULL, "no memory for the connection to the kernel");
		return -1;
	}
	/* Events first: nothing falls between them and the first dump. */
	ret = ipsvti_events_open(&kernel->events, &err);
	if (!ret)
		ret = ipsvti_monitor_open(&kernel->monitor, &err);
	if (!ret)
		ret = ipsvti_nl_open(&kernel->nl, &err);
	if (!ret)
		ret = ipsvti_rtnl_open(&kernel->rtnl, &err);
	if (!ret) {
		*kernelp = kernel;
		return 0;
	}
	if (ret == -ENOENT)
		log_line(LOG_ERR, NULL,
			 "this kernel has no ipsvti module; install it for the running kernel, then try \"modprobe ipsvti\"");
	else
		kernel_log_error(NULL, "connecting to the kernel", &err);
	kernel_close(kernel);
	return -1;
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	ipsvti_rtnl_close(kernel->rtnl);
	ipsvti_nl_close(kernel->nl);
	ipsvti_monitor_close(kernel->monitor);
	ipsvti_events_close(kernel->events);
	free(kernel);
}

/* ---- events -------------------------------------------------------------- */

int kernel_events_fd(const struct kernel *kernel)
{
	return ipsvti_events_fd(kernel->events);
}

static enum ike_limit limit_of(enum ipsvti_reason reason)
{
	switch (reason) {
	case IPSVTI_REASON_SEQUENCE_LOW:
	case IPSVTI_REASON_SEQUENCE_EXHAUSTED:
		return IKE_LIMIT_SEQUENCE;
	case IPSVTI_REASON_SOFT_BYTES:
	case IPSVTI_REASON_HARD_BYTES:
		return IKE_LIMIT_BYTES;
	case IPSVTI_REASON_SOFT_PACKETS:
	case IPSVTI_REASON_HARD_PACKETS:
		return IKE_LIMIT_PACKETS;
	case IPSVTI_REASON_SOFT_TIME:
	case IPSVTI_REASON_HARD_TIME:
		return IKE_LIMIT_TIME;
	default:
		return IKE_LIMIT_NONE;
	}
}

/* Return: an address without a family if there is none. */
static struct ike_address take_address(const struct ipsvti_addr *from)
{
	struct ike_address to = { 0 };

	if (from->family == AF_INET) {
		to.family = IKE_IPV4;
		memcpy(to.octets, &from->v4, sizeof(from->v4));
	} else if (from->family == AF_INET6) {
		to.family = IKE_IPV6;
		memcpy(to.octets, &from->v6, sizeof(from->v6));
	}
	return to;
}

static void pair_event(const struct kernel_handler *handler,
		       enum ike_kernel_event_id id,
		       const struct ipsvti_pair *pair)
{
	struct ike_kernel_event event = {
		.id = id,
		.ifindex = pair->ifindex,
		.pair_id = pair->id,
		.limit = limit_of(pair->reason),
		.hard = ipsvti_reason_hard(pair->reason),
		/* Only float-ntf has one. */
		.remote = { take_address(&pair->remote), pair->encap_dport },
	};

	handler->event(handler->arg, &event);
}

static void on_event(const struct ipsvti_event *event, void *data)
{
	const struct kernel_handler *handler = data;
	struct ike_kernel_event acquire = { .id = IKE_KERNEL_ACQUIRE };
	const char *reason;

	switch (event->type) {
	case IPSVTI_EVENT_CARRIER:
		reason = ipsvti_reason_name(event->tunnel.reason);
		handler->carrier(handler->arg, event->tunnel.ifindex,
				 event->tunnel.carrier,
				 reason ? reason : "unknown");
		break;
	case IPSVTI_EVENT_SA_DEL:
		if (event->pair.reason == IPSVTI_REASON_DEVICE_GONE)
			handler->device_gone(handler->arg, event->pair.ifindex);
		else
			pair_event(handler, IKE_KERNEL_DELETED, &event->pair);
		break;
	case IPSVTI_EVENT_FIRST_RX:
		pair_event(handler, IKE_KERNEL_FIRST_RX, &event->pair);
		break;
	case IPSVTI_EVENT_EXPIRE:
		pair_event(handler, IKE_KERNEL_EXPIRE, &event->pair);
		break;
	case IPSVTI_EVENT_FLOAT:
		pair_event(handler, IKE_KERNEL_FLOAT, &event->pair);
		break;
	case IPSVTI_EVENT_ACQUIRE:
		acquire.ifindex = event->tunnel.ifindex;
		handler->event(handler->arg, &acquire);
		break;
	case IPSVTI_EVENT_AUTH_FAIL:
		/* Anybody can send such packets: nothing may come of it. */
		break;
	case IPSVTI_EVENT_LOST:
		handler->lost(handler->arg);
		break;
	}
}

int kernel_events_read(struct kernel *kernel,
		       const struct kernel_handler *handler)
{
	struct ipsvti_error err;

	if (ipsvti_events_read(kernel->events, on_event, (void *)handler,
			       &err) == 0)
		return 0;
	kernel_log_error(NULL, "reading events of the kernel", &err);
	return -1;
}

/* ---- SA pairs ------------------------------------------------------------ */

int kernel_spi_alloc(struct kernel *kernel, uint32_t ifindex,
		     uint32_t reserve_s, uint32_t *pair_id, uint32_t *spi)
{
	struct ipsvti_error err;
	struct ipsvti_pair pair;
	int ret;

	ret = ipsvti_spi_alloc(kernel->nl, ifindex, reserve_s, &pair, &err);
	if (ret < 0) {
		kernel_log_error(NULL, "reserving an SPI", &err);
		return ret;
	}
	*pair_id = pair.id;
	*spi = pair.in.spi;
	return 0;
}

static void fill_limits(struct ipsvti_sa *to, const struct ike_kernel_sa *from)
{
	struct ipsvti_limits *limits = &to->limits;

	limits->soft_bytes = from->soft_bytes;
	limits->hard_bytes = from->hard_bytes;
	limits->soft_packets = from->soft_packets;
	limits->hard_packets = from->hard_packets;
	if (from->soft_bytes)
		limits->has |= IPSVTI_HAS(IPSVTI_A_LIMITS_SOFT_BYTES);
	if (from->hard_bytes)
		limits->has |= IPSVTI_HAS(IPSVTI_A_LIMITS_HARD_BYTES);
	if (from->soft_packets)
		limits->has |= IPSVTI_HAS(IPSVTI_A_LIMITS_SOFT_PACKETS);
	if (from->hard_packets)
		limits->has |= IPSVTI_HAS(IPSVTI_A_LIMITS_HARD_PACKETS);
	if (limits->has)
		to->has |= IPSVTI_HAS(IPSVTI_A_SA_LIMITS);
}

static void fill_sa(struct ipsvti_sa *to, const struct ike_kernel_sa *from)
{
	to->has = IPSVTI_HAS(IPSVTI_A_SA_SPI) | IPSVTI_HAS(IPSVTI_A_SA_ALG) |
		  IPSVTI_HAS(IPSVTI_A_SA_KEY) | IPSVTI_HAS(IPSVTI_A_SA_ESN);
	if (from->salt_len)
		to->has |= IPSVTI_HAS(IPSVTI_A_SA_SALT);
	to->spi = from->spi;
	to->alg = (enum ipsvti_alg)from->alg;
	memcpy(to->key, from->key, sizeof(from->key));
	to->key_len = from->key_len;
	memcpy(to->salt, from->salt, sizeof(to->salt));
	to->salt_len = from->salt_len;
	to->esn = from->esn;
	fill_limits(to, from);
}

static void fill_addr(struct ipsvti_addr *to, uint8_t family,
		      const uint8_t octets[16])
{
	to->family = family == IKE_IPV4 ? AF_INET : AF_INET6;
	if (family == IKE_IPV4)
		memcpy(&to->v4, octets, sizeof(to->v4));
	else
		memcpy(&to->v6, octets, sizeof(to->v6));
}

static size_t fill_ts(struct ipsvti_ts *to, const struct ike_ts *from,
		      size_t count)
{
	const uint64_t ports = IPSVTI_HAS(IPSVTI_A_TS_START_PORT) |
			       IPSVTI_HAS(IPSVTI_A_TS_END_PORT);
	size_t i;

	for (i = 0; i < count; i++, from++, to++) {
		fill_addr(&to->start, from->family, from->start);
		fill_addr(&to->end, from->family, from->end);
		to->protocol = from->protocol;
		to->start_port = from->start_port;
		to->end_port = from->end_port;
		if (from->protocol)
			to->has |= IPSVTI_HAS(IPSVTI_A_TS_PROTOCOL);
		if (from->start_port || from->end_port != 65535)
			to->has |= ports;
	}
	return count;
}

/* The same in both directions: an SA pair is one tunnel. */
static void fill_selectors(struct ipsvti_sa *sa,
			   const struct ike_kernel_pair *pair)
{
	sa->local_ts_count = fill_ts(sa->local_ts, pair->local_ts,
				     pair->n_local_ts);
	sa->remote_ts_count = fill_ts(sa->remote_ts, pair->remote_ts,
				      pair->n_remote_ts);
	if (sa->local_ts_count)
		sa->has |= IPSVTI_HAS(IPSVTI_A_SA_LOCAL_TS);
	if (sa->remote_ts_count)
		sa->has |= IPSVTI_HAS(IPSVTI_A_SA_REMOTE_TS);
}

int kernel_pair_new(struct kernel *kernel, const struct ike_kernel_pair *pair)
{
	struct ipsvti_pair request = {
		.has = IPSVTI_HAS(IPSVTI_A_PAIR_IFINDEX) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_PAIR_ID) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_ACTIVATION) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_ALLOW_LEGACY) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_IN) |
		       IPSVTI_HAS(IPSVTI_A_PAIR_OUT),
		.ifindex = pair->ifindex,
		.id = pair->pair_id,
		.activation = (enum ipsvti_activation)pair->activation,
		.encap = pair->encap_udp ? IPSVTI_ENCAP_UDP : IPSVTI_ENCAP_NONE,
		.encap_sport = pair->encap_sport,
		.encap_dport = pair->encap_dport,
		.allow_legacy = pair->allow_legacy,
		.encap_follow = pair->encap_follow,
	};
	struct ipsvti_error err;
	int ret;

	/* An address that has no family is not sent. */
	if (pair->encap_remote.family == IKE_IPV4) {
		request.remote.family = AF_INET;
		memcpy(&request.remote.v4, pair->encap_remote.octets,
		       sizeof(request.remote.v4));
	} else if (pair->encap_remote.family == IKE_IPV6) {
		request.remote.family = AF_INET6;
		memcpy(&request.remote.v6, pair->encap_remote.octets,
		       sizeof(request.remote.v6));
	}
	if (pair->encap_udp)
		request.has |= IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_SPORT) |
			       IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_DPORT) |
			       IPSVTI_HAS(IPSVTI_A_PAIR_ENCAP_FOLLOW);
	fill_sa(&request.in, &pair->in);
	fill_sa(&request.out, &pair->out);
	fill_selectors(&request.in, pair);
	fill_selectors(&request.out, pair);
	request.in.has |= IPSVTI_HAS(IPSVTI_A_SA_REPLAY_WINDOW);
	request.in.replay_window = pair->in.replay_window;

	ret = ipsvti_sa_pair_new(kernel->nl, &request, NULL, &err);
	if (ret < 0)
		kernel_log_error(NULL, "installing an SA pair", &err);
	ipsvti_pair_wipe(&request);
	return ret;
}

int kernel_activate(struct kernel *kernel, uint32_t ifindex, uint32_t pair_id)
{
	struct ipsvti_error err;
	int ret;

	ret = ipsvti_sa_activate(kernel->nl, ifindex, pair_id, &err);
	if (ret < 0)
		kernel_log_error(NULL, "activating an SA pair", &err);
	return ret;
}

int kernel_retire(struct kernel *kernel, uint32_t ifindex, uint32_t pair_id,
		  uint32_t grace_s)
{
	struct ipsvti_error err;
	int ret;

	ret = ipsvti_sa_del(kernel->nl, ifindex, pair_id, grace_s, &err);
	/* A pair or a device that went first is as good as one removed. */
	if (ret < 0 && ret != -ENOENT && ret != -ENODEV)
		kernel_log_error(NULL, "removing an SA pair", &err);
	return ret;
}

int kernel_query(struct kernel *kernel, uint32_t ifindex,
		 ike_pair_visitor visit, void *arg)
{
	struct ike_pair_info info;
	struct ipsvti_pair *pairs;
	struct ipsvti_error err;
	size_t count, i;
	int ret;

	ret = ipsvti_sa_dump(kernel->nl, ifindex, &pairs, &count, &err);
	if (ret < 0) {
		kernel_log_error(NULL, "reading the SA pairs", &err);
		return ret;
	}
	for (i = 0; i < count; i++) {
		info = (struct ike_pair_info){
			.pair_id = pairs[i].id,
			.state = (enum ike_pair_state)pairs[i].state,
			.spi_in = pairs[i].in.spi,
			.spi_out = pairs[i].out.spi,
			.rx_packets = pairs[i].in.packets,
			.rx_bytes = pairs[i].in.bytes,
			.tx_packets = pairs[i].out.packets,
			.tx_bytes = pairs[i].out.bytes,
			.limit = limit_of(pairs[i].reason),
			.hard = ipsvti_reason_hard(pairs[i].reason),
			.remote = take_address(&pairs[i].remote),
		};
		if (visit(arg, &info))
			break;
	}
	free(pairs);
	return 0;
}

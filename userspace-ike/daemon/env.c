// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine's environment: its vtables on sockets, the parent and the log.
 * Certificates are judged here: what peers send is parsed where it does least
 * harm, and whom to trust is no secret.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "ask.h"
#include "cert.h"
#include "ctl.h"
#include "ctl_why.h"
#include "iked.h"
#include "log.h"

uint64_t iked_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- transport ----------------------------------------------------------- */

static void env_send(void *ctx, const struct ike_datagram *dgram)
{
	static struct log_limit limit;
	struct iked *iked = ctx;
	unsigned int held_back;
	char to[48];
	int ret;

	ret = net_send(iked->net, dgram);
	if (ret < 0)
		why_not_sent(iked, &dgram->remote.addr, -ret);
	if (ret < 0 && log_limited(&limit, iked_now(), &held_back))
		log_line(LOG_WARNING, NULL,
			 "sending to %s: %s (and %u failures before this)",
			 ike_address_format(&dgram->remote.addr, to, sizeof(to)),
			 strerror(-ret), held_back);
}

static void env_keepalive(void *ctx, const struct ike_endpoint *local,
			  const struct ike_endpoint *remote)
{
	struct iked *iked = ctx;

	net_keepalive(iked->net, local, remote);
}

static const struct ike_transport_ops env_transport = {
	.send = env_send,
	.keepalive = env_keepalive,
};

/* ---- data path ----------------------------------------------------------- */

static int env_spi_alloc(void *ctx, uint32_t ifindex, uint32_t reserve_s,
			 uint32_t *pair_id, uint32_t *spi)
{
	(void)ctx;
	return ask_spi_alloc(ifindex, reserve_s, pair_id, spi);
}

static int env_pair_new(void *ctx, const struct ike_kernel_pair *pair)
{
	(void)ctx;
	return ask_pair_new(pair);
}

static int env_activate(void *ctx, uint32_t ifindex, uint32_t pair_id)
{
	(void)ctx;
	return ask_activate(ifindex, pair_id);
}

static int env_retire(void *ctx, uint32_t ifindex, uint32_t pair_id,
		      uint32_t grace_s)
{
	(void)ctx;
	return ask_retire(ifindex, pair_id, grace_s);
}

static int env_query(void *ctx, uint32_t ifindex, ike_pair_visitor visit,
		     void *arg)
{
	(void)ctx;
	return ask_query(ifindex, visit, arg);
}

static const struct ike_kernel_ops env_kernel = {
	.spi_alloc = env_spi_alloc,
	.pair_new = env_pair_new,
	.activate = env_activate,
	.retire = env_retire,
	.query = env_query,
};

/* ---- entropy and keys ---------------------------------------------------- */

static int env_bytes(void *ctx, void *buf, size_t len)
{
	uint8_t *at = buf;
	ssize_t n;

	(void)ctx;
	while (len) {
		n = getrandom(at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= n;
	}
	return 0;
}

static const struct ike_entropy_ops env_entropy = {
	.bytes = env_bytes,
};

static int env_psk_auth(void *ctx, const struct ike_psk_request *req,
			uint8_t auth[64])
{
	(void)ctx;
	return ask_psk_auth(req, auth);
}

static const struct cert_store *certs_of(void *ctx, const char *name)
{
	const struct iked *iked = ctx;
	const struct conf_tunnel *tunnel = conf_find(&iked->conf, name);

	return tunnel ? tunnel->certs : NULL;
}

static size_t env_cert(void *ctx, const char *tunnel, unsigned int n,
		       const uint8_t **der)
{
	const struct cert_store *certs = certs_of(ctx, tunnel);

	return certs ? cert_store_cert(certs, n, der) : 0;
}

static size_t env_authorities(void *ctx, const char *tunnel, uint8_t *out,
			      size_t size)
{
	const struct cert_store *certs = certs_of(ctx, tunnel);

	return certs ? cert_store_hashes(certs, out, size) : 0;
}

static int env_sign(void *ctx, const struct ike_sign_request *req,
		    struct ike_signature *sig, char *why, size_t why_len)
{
	(void)ctx;
	return ask_sign(req, sig, why, why_len);
}

static int env_verify(void *ctx, const struct ike_verify_request *req,
		      char *why, size_t why_len)
{
	const struct cert_store *certs = certs_of(ctx, req->tunnel);

	if (!certs) {
		snprintf(why, why_len, "the tunnel is configured no more");
		return -ENOENT;
	}
	return cert_verify(certs, time(NULL), req, why, why_len);
}

static const struct ike_keys_ops env_keys = {
	.psk_auth = env_psk_auth,
	.cert = env_cert,
	.authorities = env_authorities,
	.sign = env_sign,
	.verify = env_verify,
};

/* ---- events -------------------------------------------------------------- */

/* The engine itself holds back what strangers could repeat at will. */
static void env_event(void *ctx, const struct ike_event *event)
{
	static const int priorities[] = {
		[IKE_LOG_ERROR] = LOG_ERR,
		[IKE_LOG_NOTICE] = LOG_NOTICE,
		[IKE_LOG_INFO] = LOG_INFO,
		[IKE_LOG_DEBUG] = LOG_DEBUG,
	};

	log_line(priorities[event->level], event->tunnel, "%s", event->line);
	ctl_event(ctx, event);
}

static void env_export_keys(void *ctx, const struct ike_sa_keys *keys)
{
	(void)ctx;
	ask_ike_keys(keys);
}

static void take_icmp(void *arg, const struct net_error *error)
{
	why_icmp(arg, error);
}

struct ike_engine *env_new_engine(struct iked *iked)
{
	static struct ike_env env = {
		.transport = &env_transport,
		.kernel = &env_kernel,
		.entropy = &env_entropy,
		.keys = &env_keys,
		.event = env_event,
	};

	env.ctx = iked;
	net_on_error(iked->net, take_icmp, iked);
	env.export_keys = iked->export_keys ? env_export_keys : NULL;
	return ike_engine_new(&env, NULL);
}

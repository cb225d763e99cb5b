// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsvti-probe: which IKE suites a gateway takes. Each question is one IKE_SA_INIT
 * of the engine's own, from a port of no importance: no rights are needed, no key is
 * there, and nothing is ever authenticated. Started by "ipsvtictl probe".
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"

#define ANSWER_MS 3000 /* for one question, its repetitions included */
#define REFUSAL_MS 300 /* of which one refusal may be somebody else's */
#define SILENT_MAX 2   /* in a row, then the peer is left alone */

#define ALL_PRF "prfsha512-prfsha384-prfsha256-prfsha1"
#define ALL_KE "x25519-ecp256-ecp384-ecp521-modp2048-modp3072-modp4096"
#define ALL_INTEG "sha512-sha384-sha256-sha1"
#define ALL_AEAD "aes256gcm16-aes128gcm16-chacha20poly1305"

/* What is asked: one algorithm, and with it all that may go along. */
static const struct question {
	const char *type;
	const char *name;
	const char *rest;
} questions[] = {
	{ "encryption", "aes256gcm16", ALL_PRF "-" ALL_KE },
	{ "encryption", "aes128gcm16", ALL_PRF "-" ALL_KE },
	{ "encryption", "chacha20poly1305", ALL_PRF "-" ALL_KE },
	{ "encryption", "aes256", ALL_INTEG "-" ALL_PRF "-" ALL_KE },
	{ "encryption", "aes128", ALL_INTEG "-" ALL_PRF "-" ALL_KE },
	{ "integrity", "sha512", "aes256-aes128-" ALL_PRF "-" ALL_KE },
	{ "integrity", "sha384", "aes256-aes128-" ALL_PRF "-" ALL_KE },
	{ "integrity", "sha256", "aes256-aes128-" ALL_PRF "-" ALL_KE },
	{ "integrity", "sha1", "aes256-aes128-" ALL_PRF "-" ALL_KE },
	{ "PRF", "prfsha512", ALL_KE },
	{ "PRF", "prfsha384", ALL_KE },
	{ "PRF", "prfsha256", ALL_KE },
	{ "PRF", "prfsha1", ALL_KE },
	{ "key exchange", "x25519", ALL_PRF },
	{ "key exchange", "ecp256", ALL_PRF },
	{ "key exchange", "ecp384", ALL_PRF },
	{ "key exchange", "ecp521", ALL_PRF },
	{ "key exchange", "modp2048", ALL_PRF },
	{ "key exchange", "modp3072", ALL_PRF },
	{ "key exchange", "modp4096", ALL_PRF },
};

enum answer { ACCEPTED, REFUSED, SILENT };

struct probe {
	int fd;
	struct ike_address local;
	struct ike_address remote;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- the engine's environment ---------------------------------------------- */

static void env_send(void *ctx, const struct ike_datagram *dgram)
{
	const struct probe *p = ctx;

	/* What is lost is sent again; ICMP is told by the next one. */
	if (send(p->fd, dgram->data, dgram->len, 0) < 0)
		return;
}

static void env_keepalive(void *ctx, const struct ike_endpoint *local,
			  const struct ike_endpoint *remote)
{
	(void)ctx;
	(void)local;
	(void)remote;
}

static int env_bytes(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -EIO;
}

/* Asked for when IKE_SA_INIT was accepted. There is none, and that is the end of it. */
static int env_psk_auth(void *ctx, const struct ike_psk_request *req,
			uint8_t auth[64])
{
	(void)ctx;
	(void)req;
	(void)auth;
	return -ENOENT;
}

static int env_spi_alloc(void *ctx, uint32_t ifindex, uint32_t reserve_s,
			 uint32_t *pair_id, uint32_t *spi)
{
	(void)ctx;
	(void)ifindex;
	(void)reserve_s;
	(void)pair_id;
	(void)spi;
	return -ENOSYS;
}

static int env_query(void *ctx, uint32_t ifindex, ike_pair_visitor visit,
		     void *arg)
{
	(void)ctx;
	(void)ifindex;
	(void)visit;
	(void)arg;
	return 0;
}

static const struct ike_transport_ops transport = { env_send, env_keepalive };
static const struct ike_kernel_ops kernel = { .spi_alloc = env_spi_alloc,
					      .query = env_query };
static const struct ike_entropy_ops entropy = { env_bytes };
static const struct ike_keys_ops keys = { .psk_auth = env_psk_auth };

/* ---- one question ----------------------------------------------------------- */

static void take_failure(void *arg, const struct ike_tunnel_status *status)
{
	const struct ike_failure **f = arg;

	*f = status->failed[0];
}

static bool has_answer(struct ike_engine *e, enum ike_failure_reason *reason)
{
	const struct ike_status_visitor visitor = { .tunnel = take_failure };
	const struct ike_failure *f = NULL;

	ike_engine_status(e, now_ms(), NULL, &visitor, &f);
	if (f)
		*reason = f->reason;
	return f;
}

static void receive(struct probe *p, struct ike_engine *e)
{
	uint8_t buf[65536];
	ssize_t n = recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT);
	struct ike_datagram dgram = {
		.local = { p->local, IKE_PORT },
		.remote = { p->remote, IKE_PORT },
		.data = buf,
		.len = n > 0 ? (size_t)n : 0,
	};

	if (n > 0)
		ike_engine_input(e, now_ms(), &dgram);
}

static void add_suite(struct ike_suite *suite, const char *text)
{
	char why[200];

	if (ike_suite_parse(suite, IKE_SUITE_IKE, text, why, sizeof(why))) {
		fprintf(stderr, "ipsvti-probe: %s: %s\n", text, why);
		exit(1);
	}
}

static void suite_for(const struct question *q, struct ike_suite *suite)
{
	char text[300];

	suite->allow_legacy = true;
	if (strcmp(q->type, "PRF") && strcmp(q->type, "key exchange")) {
		snprintf(text, sizeof(text), "%s-%s", q->name, q->rest);
		add_suite(suite, text);
		return;
	}
	/* With AEADs and without: the peer may have only one kind. */
	snprintf(text, sizeof(text), ALL_AEAD "-%s-%s", q->name, q->rest);
	add_suite(suite, text);
	snprintf(text, sizeof(text), "aes256-aes128-" ALL_INTEG "-%s-%s", q->name, q->rest);
	add_suite(suite, text);
}

static enum answer ask(struct probe *p, const struct question *q)
{
	const struct ike_env env = {
		.transport = &transport,
		.kernel = &kernel,
		.entropy = &entropy,
		.keys = &keys,
		.ctx = p,
	};
	static struct ike_tunnel_config config;
	const struct ike_limits limits = { .refusal_ms = REFUSAL_MS };
	struct ike_engine *e = ike_engine_new(&env, &limits);
	enum ike_failure_reason reason = IKE_FAILURE_NO_ANSWER;
	uint64_t end = now_ms() + ANSWER_MS;
	const char *why = "";

	memset(&config, 0, sizeof(config));
	strcpy(config.name, "probe");
	config.ifindex = 1;
	config.local = p->local;
	config.remote = p->remote;
	suite_for(q, &config.ike);
	ike_suite_parse(&config.esp, IKE_SUITE_ESP, "aes256gcm16", (char[200]){ 0 }, 200);
	if (!e || ike_engine_add_tunnel(e, now_ms(), &config, &why)) {
		fprintf(stderr, "ipsvti-probe: %s\n", *why ? why : "no memory");
		exit(1);
	}
	while (!has_answer(e, &reason) && now_ms() < end) {
		struct pollfd pfd = { .fd = p->fd, .events = POLLIN };

		if (poll(&pfd, 1, 50) > 0)
			receive(p, e);
		ike_engine_tick(e, now_ms());
	}
	ike_engine_free(e);
	switch (reason) {
	case IKE_FAILURE_OWN_KEY:
		return ACCEPTED;
	case IKE_FAILURE_NO_ANSWER:
		return SILENT;
	default:
		return REFUSED;
	}
}

/* ---- the peer ---------------------------------------------------------------- */

static void take_address(const struct sockaddr_storage *from, struct ike_address *to)
{
	memset(to, 0, sizeof(*to));
	if (from->ss_family == AF_INET) {
		to->family = IKE_IPV4;
		memcpy(to->octets, &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else {
		to->family = IKE_IPV6;
		memcpy(to->octets, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	}
}

static int connect_to(const char *peer, struct probe *p)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	struct addrinfo *found;
	int err = getaddrinfo(peer, "500", &hints, &found);

	if (err) {
		fprintf(stderr, "ipsvti-probe: %s: %s\n", peer, gai_strerror(err));
		return -1;
	}
	p->fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memset(&addr, 0, sizeof(addr));
	memcpy(&addr, found->ai_addr, found->ai_addrlen);
	take_address(&addr, &p->remote);
	err = p->fd < 0 || connect(p->fd, found->ai_addr, found->ai_addrlen) ||
	      getsockname(p->fd, (struct sockaddr *)&addr, &len);
	freeaddrinfo(found);
	if (err) {
		fprintf(stderr, "ipsvti-probe: %s: %s\n", peer, strerror(errno));
		return -1;
	}
	take_address(&addr, &p->local);
	return 0;
}

static const char *word(enum answer answer)
{
	static const char *const words[] = { "accepted", "refused", "no answer" };

	return words[answer];
}

/* A line for each answer, as soon as it is there. */
static void print_answer(const struct question *q, enum answer answer, bool json, bool first)
{
	if (json)
		printf("{\"type\": \"%s\", \"name\": \"%s\", \"answer\": \"%s\"}\n", q->type, q->name,
		       word(answer));
	else
		printf("%-12s %-17s %s\n", first ? q->type : "", q->name, word(answer));
	fflush(stdout);
}

static int run(struct probe *p, unsigned int every, bool json)
{
	unsigned int silent = 0, accepted = 0;
	const char *type = "";

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *q = &questions[i];
		enum answer answer;

		if (i)
			sleep(every);
		answer = ask(p, q);
		print_answer(q, answer, json, strcmp(type, q->type));
		type = q->type;
		silent = answer == SILENT ? silent + 1 : 0;
		accepted += answer == ACCEPTED;
		if (silent == SILENT_MAX) {
			fputs(i < SILENT_MAX ? "no answer: is it a gateway, and is UDP port 500 open?\n" :
					       "it answers no more: it limits half-open IKE SAs; go on later, or slower\n",
			      stderr);
			return 1;
		}
	}
	return accepted ? 0 : 3;
}

int main(int argc, char **argv)
{
	unsigned int every = 1;
	struct probe p = { .fd = -1 };
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	char *end;

	argc -= json;
	argv += json;
	if (argc == 3) {
		every = (unsigned int)strtoul(argv[2], &end, 10);
		argc -= *end || !every || every > 3600 ? 0 : 1;
	}
	if (argc != 2) {
		fputs("Usage: ipsvti-probe [--json] PEER [SECONDS]\n", stderr);
		return 2;
	}
	if (connect_to(argv[1], &p))
		return 1;
	return run(&p, every, json);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an engine does with messages that a peer in its right mind does not
 * send. The messages are made with the keys of the other end, so most of them
 * are authentic: authenticated peers may be malicious, too.
 */
#include "testing.h"

#include "core.h"
#include "sim.h"

/* Node 0 is the mischief maker and the initiator; node 1 is what is tested. */
struct bench {
	struct sim sim;
	uint8_t build[1024];
	uint8_t wire[2048];
	uint8_t plain[2048];
	struct ike_builder b;
	struct ike_msg reply;
};

static struct ike_sa *sa_of(struct bench *t, unsigned int node)
{
	return t->sim.nodes[node].engine->sas;
}

static struct ike_counters counters(struct bench *t)
{
	return *ike_engine_counters(t->sim.nodes[1].engine);
}

static void forget(struct bench *t)
{
	for (size_t i = 0; i < t->sim.queued; i++)
		free(t->sim.queue[i].data);
	t->sim.queued = 0;
}

static struct bench *bench_new(void)
{
	struct bench *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	sim_init(&t->sim, "bench", 1, getenv("VERBOSE"));
	/* Here things happen that only end in an outage. */
	t->sim.disrupted = true;
	return t;
}

/* Both up, and nothing under way. */
static struct bench *bench_up(void)
{
	struct bench *t = bench_new();

	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 1000);
	assert_true(sim_both_up(&t->sim));
	forget(t);
	ike_build_start(&t->b, t->build, sizeof(t->build));
	return t;
}

static void bench_free(struct bench *t)
{
	assert_false(t->sim.failed);
	sim_free(&t->sim);
	free(t);
}

/* Hands octets to node 1. Return: whether it answered; then the answer is in
 * t->wire[] as it was sent.
 */
static size_t deliver(struct bench *t, const uint8_t *data, size_t len)
{
	struct ike_slice s = tight(data, len);
	struct ike_datagram d = {
		.local = sim_address(&t->sim, 1, true),
		.remote = sim_address(&t->sim, 0, true),
		.data = s.data,
		.len = s.len,
	};
	size_t answer = 0;

	forget(t);
	ike_engine_input(t->sim.nodes[1].engine, t->sim.now, &d);
	tight_free(s);
	for (size_t i = 0; i < t->sim.queued; i++) {
		const struct sim_event *e = &t->sim.queue[i];

		if (e->kind != SIM_IKE || e->node != 0 ||
		    !(e->data[19] & IKE_FLAG_RESPONSE))
			continue;
		answer = e->len;
		memcpy(t->wire, e->data, e->len);
	}
	return answer;
}

/* Seals t->b as node 0 would. Return: octets of it in t->wire[]. */
static size_t seal(struct bench *t, uint8_t exchange, uint8_t flags,
		   uint32_t id)
{
	struct ike_sa *sa = sa_of(t, 0);
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = 0x20,
		.exchange = exchange,
		.flags = flags,
		.message_id = id,
	};
	int len = ike_sk_seal(&sa->keys, true, ++sa->iv, &h, t->b.first,
			      IKE_SLICE(t->b.w.data, t->b.w.len), t->wire,
			      sizeof(t->wire));

	assert_true(len > 0);
	return (size_t)len;
}

/* Sends t->b as node 0's next request. Return: whether it was answered; then
 * t->reply is the answer.
 */
static bool request(struct bench *t, uint8_t exchange)
{
	struct ike_sa *sa = sa_of(t, 0);
	uint32_t id = sa_of(t, 1)->window.expected_id;
	size_t len = seal(t, exchange, IKE_FLAG_INITIATOR, id);

	len = deliver(t, t->wire, len);
	ike_build_start(&t->b, t->build, sizeof(t->build));
	if (!len)
		return false;
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_int_equal(ike_sk_open(&sa->keys, false, &t->reply, t->plain,
				     sizeof(t->plain)),
			 0);
	assert_int_equal(t->reply.h.message_id, id);
	return true;
}

static bool alive(struct bench *t)
{
	return sa_of(t, 1) && sa_of(t, 1)->state == IKE_SA_ESTABLISHED;
}

/* ----------------------------------------------------------------- from afar */

static void garbage(void **state)
{
	struct bench *t = bench_up();
	uint8_t noise[64];
	struct ike_counters before = counters(t);

	(void)state;
	for (size_t len = 0; len < sizeof(noise); len++) {
		for (size_t i = 0; i < len; i++)
			noise[i] = (uint8_t)sim_random(&t->sim.rng);
		assert_int_equal(deliver(t, noise, len), 0);
	}
	assert_int_equal(counters(t).rx_malformed - before.rx_malformed, 64);
	assert_true(alive(t));
	/* At most a handful of lines about it. */
	assert_in_range(t->sim.nodes[1].counts[IKE_EVENT_BAD_MESSAGE], 1, 5);
	bench_free(t);
}

static size_t clear(struct bench *t, uint8_t version, uint8_t exchange,
		    uint8_t flags)
{
	struct ike_header h = {
		.spi_i = 0x1111,
		.next_payload = t->b.first,
		.version = version,
		.exchange = exchange,
		.flags = flags,
		.length = (uint32_t)(28 + t->b.w.len),
	};

	ike_header_write(t->wire, &h);
	memcpy(t->wire + 28, t->b.w.data, t->b.w.len);
	return h.length;
}

static void other_versions(void **state)
{
	struct bench *t = bench_up();
	size_t len;

	(void)state;
	ike_build_status(&t->b, 16400);
	/* Section 2.5: a higher one is told which one we speak. */
	len = deliver(t, t->wire, clear(t, 0x30, 34, 0x08));
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_non_null(ike_msg_notify(&t->reply,
				       IKE_N_INVALID_MAJOR_VERSION));
	/* A lower one, and a response, are not. */
	assert_int_equal(deliver(t, t->wire, clear(t, 0x10, 34, 0x08)), 0);
	assert_int_equal(deliver(t, t->wire, clear(t, 0x30, 34, 0x28)), 0);
	/* The minor number means nothing. */
	assert_int_equal(deliver(t, t->wire, clear(t, 0x2f, 34, 0x08)), 0);
	assert_int_equal(counters(t).rx_version, 3);
	bench_free(t);
}

static void first_requests_with_flaws(void **state)
{
	struct bench *t = bench_up();
	struct ike_suite *suite = &t->sim.nodes[0].config.ike;
	uint8_t nonce[32] = { 0 }, ke[32] = { 9 };
	size_t len;

	(void)state;
	/* Unknown and critical. */
	ike_build_open(&t->b, 200);
	ike_build_close(&t->b);
	t->build[1] = IKE_PAYLOAD_CRITICAL;
	len = deliver(t, t->wire, clear(t, 0x20, 34, 0x08));
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_int_equal(t->reply.notifies[0].type,
			 IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_int_equal(t->reply.notifies[0].data.data[0], 200);

	/* Payloads missing. */
	ike_build_start(&t->b, t->build, sizeof(t->build));
	ike_build_offer(&t->b, IKE_USE_INIT, suite, 0);
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	assert_int_equal(deliver(t, t->wire, clear(t, 0x20, 34, 0x08)), 0);

	/* A public value of the wrong length, and one of no use. */
	for (size_t n = 0; n < 3; n++) {
		static const size_t lens[] = { 31, 33, 32 };

		if (n == 2)
			memset(ke, 0, sizeof(ke));
		ike_build_start(&t->b, t->build, sizeof(t->build));
		ike_build_offer(&t->b, IKE_USE_INIT, suite, 0);
		ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(nonce, lens[n] > 32 ?
							     32 : lens[n]));
		if (lens[n] == 33) {
			ike_build_start(&t->b, t->build, sizeof(t->build));
			ike_build_offer(&t->b, IKE_USE_INIT, suite, 0);
			ike_build_open(&t->b, IKE_PAYLOAD_KE);
			ike_put_u16(&t->b.w, IKE_KE_X25519);
			ike_put_u16(&t->b.w, 0);
			ike_put(&t->b.w, IKE_SLICE(ke, 32));
			ike_put_u8(&t->b.w, 1);
			ike_build_close(&t->b);
		}
		ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
		assert_int_equal(deliver(t, t->wire, clear(t, 0x20, 34, 0x08)),
				 0);
	}

	/* A group that was not offered is answered with one that was. */
	ike_build_start(&t->b, t->build, sizeof(t->build));
	ike_build_offer(&t->b, IKE_USE_INIT, suite, 0);
	ike_build_ke(&t->b, 255, IKE_SLICE(ke, 32));
	ike_build_nonce(&t->b, IKE_SLICE(nonce, 32));
	len = deliver(t, t->wire, clear(t, 0x20, 34, 0x08));
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_int_equal(t->reply.notifies[0].type, IKE_N_INVALID_KE_PAYLOAD);
	assert_int_equal(get_be16(t->reply.notifies[0].data.data),
			 IKE_KE_X25519);

	/* None of it has left anything behind. */
	assert_int_equal(t->sim.nodes[1].engine->half_open, 0);
	assert_null(sa_of(t, 1)->next);
	bench_free(t);
}

/* ----------------------------------------------------- message IDs, responses */

static void requests_are_answered_once(void **state)
{
	struct bench *t = bench_up();
	uint32_t id = sa_of(t, 1)->window.expected_id;
	uint8_t req[256], first[256];
	size_t len, n;

	(void)state;
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id);
	memcpy(req, t->wire, len);
	n = deliver(t, req, len);
	assert_int_not_equal(n, 0);
	memcpy(first, t->wire, n);
	/* Again: octet by octet the same. */
	assert_int_equal(deliver(t, req, len), n);
	assert_memory_equal(first, t->wire, n);
	assert_int_equal(counters(t).replays, 1);
	/* A forged copy is not worth an answer. */
	req[len - 1] ^= 1;
	assert_int_equal(deliver(t, req, len), 0);
	/* Out of the window, on both sides. */
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id - 1);
	assert_int_equal(deliver(t, t->wire, len), 0);
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR, id + 2);
	assert_int_equal(deliver(t, t->wire, len), 0);
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_INITIATOR,
		   UINT32_MAX);
	assert_int_equal(deliver(t, t->wire, len), 0);
	/* A response to what nobody asked. */
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL,
		   IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE, 0);
	assert_int_equal(deliver(t, t->wire, len), 0);
	assert_true(alive(t));
	bench_free(t);
}

static void requests_are_sent_again_as_they_are(void **state)
{
	struct bench *t = bench_up();
	uint8_t first[256] = { 0 };
	unsigned int sent = 0;
	uint64_t begun;

	(void)state;
	/* Silence: sooner or later node 1 asks, and asks again, then gives up. */
	t->sim.net.cut = true;
	ike_engine_command(t->sim.nodes[1].engine, t->sim.now,
			   IKE_CMD_REKEY_CHILD, "beta");
	begun = t->sim.now;
	while (alive(t)) {
		const struct ike_window *w = &sa_of(t, 1)->window;

		if (w->request && w->transmissions != sent) {
			if (sent)
				assert_memory_equal(first, w->request, 200);
			else
				memcpy(first, w->request, 200);
			sent = w->transmissions;
		}
		sim_run(&t->sim, 50);
		assert_true(t->sim.now - begun < 15000);
	}
	assert_int_equal(sent, IKE_TRANSMISSIONS);
	assert_int_equal(t->sim.nodes[1].counts[IKE_EVENT_PEER_DEAD], 1);
	assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
	bench_free(t);
}

/* -------------------------------------------------------- authentic, but wrong */

static void exchanges_out_of_turn(void **state)
{
	struct bench *t = bench_up();

	(void)state;
	/* IKE_AUTH once more. */
	ike_build_auth(&t->b, 2, IKE_SLICE(t->build, 0));
	assert_true(request(t, IKE_EXCHANGE_AUTH));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_INVALID_SYNTAX));
	/* IKE_SA_INIT under protection; an exchange nobody knows. */
	assert_false(request(t, IKE_EXCHANGE_SA_INIT));
	assert_true(request(t, 99));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_INVALID_SYNTAX));
	/* Unknown and critical. */
	ike_build_open(&t->b, 201);
	ike_build_close(&t->b);
	t->build[1] = IKE_PAYLOAD_CRITICAL;
	assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	assert_non_null(ike_msg_notify(&t->reply,
				       IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD));
	assert_true(alive(t));
	bench_free(t);
}

/* Section 2.21.3 */
static void malformed_is_fatal(void **state)
{
	struct bench *t = bench_up();

	(void)state;
	ike_build_open(&t->b, IKE_PAYLOAD_NONCE);
	ike_build_close(&t->b);
	assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_INVALID_SYNTAX));
	assert_false(alive(t));
	assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
	bench_free(t);
}

/* Nothing but IKE_AUTH gets through before IKE_AUTH, whoever has the keys. */
static void nothing_before_auth(void **state)
{
	struct bench *t = bench_new();
	unsigned int tries = 0;

	(void)state;
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	/* Both have keys, and IKE_AUTH is on its way. */
	while (!sa_of(t, 0) || sa_of(t, 0)->state != IKE_SA_AUTH_SENT) {
		sim_run(&t->sim, 1);
		assert_true(++tries < 100);
	}
	assert_int_equal(sa_of(t, 1)->state, IKE_SA_HALF_OPEN);
	forget(t);

	ike_build_start(&t->b, t->build, sizeof(t->build));
	assert_false(request(t, IKE_EXCHANGE_INFORMATIONAL));
	ike_build_delete_ike(&t->b);
	assert_false(request(t, IKE_EXCHANGE_INFORMATIONAL));
	ike_build_offer(&t->b, IKE_USE_IKE_REKEY, &t->sim.nodes[0].config.ike,
			1);
	ike_build_nonce(&t->b, IKE_SLICE(t->plain, 32));
	ike_build_ke(&t->b, IKE_KE_X25519, IKE_SLICE(t->plain, 32));
	assert_false(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_int_equal(sa_of(t, 1)->state, IKE_SA_HALF_OPEN);
	/* EAP is no way in, either. */
	ike_build_id(&t->b, IKE_PAYLOAD_IDI, IKE_SLICE(t->plain, 8));
	ike_build_offer(&t->b, IKE_USE_AUTH_CHILD,
			&t->sim.nodes[0].config.esp, 1000);
	struct ike_ts_set any;
	ike_ts_any(&any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
	assert_true(request(t, IKE_EXCHANGE_AUTH));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_AUTHENTICATION_FAILED));
	assert_null(sa_of(t, 1));
	bench_free(t);
}

static void put_child(struct bench *t, uint8_t protocol, struct ike_slice spi,
		      bool rekey)
{
	struct ike_suite esp = t->sim.nodes[1].config.esp;
	struct ike_ts_set any;

	if (rekey)
		ike_build_notify(&t->b, protocol, spi, IKE_N_REKEY_SA,
				 IKE_SLICE(NULL, 0));
	esp.props[0].n_ke = 0;
	ike_build_offer(&t->b, IKE_USE_CHILD, &esp, 0x4000);
	ike_build_nonce(&t->b, IKE_SLICE(t->plain, 32));
	ike_ts_any(&any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSI, &any);
	ike_build_ts(&t->b, IKE_PAYLOAD_TSR, &any);
}

static void child_requests_that_fit_nothing(void **state)
{
	static const uint8_t spi[4] = { 1, 2, 3, 4 };
	struct bench *t = bench_up();
	const struct ike_notify *n;

	(void)state;
	/* A CHILD SA that is not there: its SPI comes back. */
	put_child(t, IKE_PROTO_ESP, IKE_SLICE(spi, 4), true);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	n = ike_msg_notify(&t->reply, IKE_N_CHILD_SA_NOT_FOUND);
	assert_non_null(n);
	assert_int_equal(n->protocol, IKE_PROTO_ESP);
	assert_memory_equal(n->spi.data, spi, 4);
	/* Protocols and lengths that make no sense do not come back. */
	put_child(t, IKE_PROTO_IKE, IKE_SLICE(spi, 4), true);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_int_equal(t->reply.notifies[0].type, IKE_N_INVALID_SYNTAX);
	put_child(t, IKE_PROTO_ESP, IKE_SLICE(spi, 0), true);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_int_equal(t->reply.notifies[0].type, IKE_N_INVALID_SYNTAX);
	/* One tunnel, one pair. */
	put_child(t, 0, IKE_SLICE(NULL, 0), false);
	assert_true(request(t, IKE_EXCHANGE_CREATE_CHILD_SA));
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_NO_ADDITIONAL_SAS));
	/* Deleting what is not there is no offence. */
	ike_build_delete_esp(&t->b, (const uint32_t[]){ 0x01020304 }, 1);
	assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
	assert_int_equal(t->reply.present, IKE_P_SK);
	assert_true(alive(t));
	assert_int_equal(sim_kernel_count(&t->sim.nodes[1].kernel,
					  IKE_PAIR_ACTIVE),
			 1);
	bench_free(t);
}

/* ------------------------------------------------------------------ identities */

/* Two tunnels between the same addresses: the identities tell which. */
static void identities_choose_the_tunnel(void **state)
{
	static const char *const others[] = { "c.example", "d.example" };
	struct bench *t = bench_new();
	const char *why;

	(void)state;
	sim_start(&t->sim, 1);
	for (unsigned int i = 0; i < 2; i++) {
		struct ike_tunnel_config c = t->sim.nodes[1].config;

		snprintf(c.name, sizeof(c.name), "other-%u", i);
		c.ifindex = 100 + i;
		ike_identity_parse(i ? &c.local_id : &c.remote_id, others[i]);
		assert_int_equal(ike_engine_add_tunnel(t->sim.nodes[1].engine,
						       t->sim.now, &c, &why),
				 0);
		/* A name is taken once. */
		assert_int_equal(ike_engine_add_tunnel(t->sim.nodes[1].engine,
						       t->sim.now, &c, &why),
				 -EEXIST);
	}
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 1000);
	assert_true(sim_both_up(&t->sim));
	assert_string_equal(sa_of(t, 1)->tunnel->config.name, "beta");
	/* Removing one says good-bye to its peer alone. */
	forget(t);
	assert_int_equal(ike_engine_remove_tunnel(t->sim.nodes[1].engine,
						  t->sim.now, "other-0"),
			 0);
	assert_int_equal(t->sim.queued, 0);
	assert_int_equal(ike_engine_remove_tunnel(t->sim.nodes[1].engine,
						  t->sim.now, "beta"),
			 0);
	assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
	sim_run(&t->sim, 100);
	assert_null(sim_kernel_active(&t->sim.nodes[0].kernel));
	bench_free(t);
}

static void configurations_that_cannot_be(void **state)
{
	struct bench *t = bench_new();
	struct ike_engine *e;
	struct ike_tunnel_config good, c;
	const char *why;

	(void)state;
	sim_start(&t->sim, 1);
	e = t->sim.nodes[1].engine;
	good = t->sim.nodes[1].config;
	strcpy(good.name, "x");
#define REFUSED(change)                                                     \
	do {                                                                \
		c = good;                                                   \
		change;                                                     \
		why = NULL;                                                 \
		assert_int_equal(ike_engine_add_tunnel(e, 0, &c, &why),     \
				 -EINVAL);                                  \
		assert_non_null(why);                                       \
	} while (0)
	REFUSED(c.name[0] = 0);
	REFUSED(memset(c.name, 'x', sizeof(c.name)));
	REFUSED(c.local.family = IKE_FAMILY_NONE);
	REFUSED(c.remote.family = IKE_IPV6);
	REFUSED(c.ike.n = 0);
	REFUSED(c.ike.n = IKE_SUITE_MAX + 1);
	REFUSED(c.ike.n = 2);
	REFUSED(c.ike.props[0].n_encr = 0);
	REFUSED(c.ike.props[0].n_ke = 0);
	REFUSED(c.ike.props[0].prf[0] = 1);
	REFUSED(c.ike.props[0].n_prf = IKE_ALG_MAX + 1);
	/* An AEAD with an integrity algorithm, and a cipher without one. */
	REFUSED(c.ike.props[0].integ[0] = IKE_INTEG_HMAC_SHA2_256_128;
		c.ike.props[0].n_integ = 1);
	REFUSED(c.ike.props[0].encr[0].id = IKE_ENCR_AES_CBC);
	/* What does not encrypt is not for IKE. */
	REFUSED(c.ike.props[0].encr[0].id = IKE_ENCR_NULL_AES_GMAC);
	REFUSED(c.esp.props[0].encr[0].key_bits = 64);
	REFUSED(c.esp.props[0].encr[0].id = IKE_ENCR_AES_CBC);
	REFUSED(c.esp.props[0].n_esn = 0);
	REFUSED(c.n_local_ts = IKE_TS_MAX + 1);
	REFUSED(c.replay_window = 63);
	REFUSED(c.replay_window = 4097);
	REFUSED(c.dpd_interval_s = 3601);
	REFUSED(c.child_lifetime_s = UINT32_MAX);
	REFUSED(c.reauth_s = UINT32_MAX);
#undef REFUSED
	assert_int_equal(ike_engine_add_tunnel(e, 0, &good, &why), 0);
	bench_free(t);
}

/* ------------------------------------------------------------ who starts anew */

/* Anybody can say INITIAL_CONTACT: it counts for who has shown who it is. */
static void initial_contact_needs_proof(void **state)
{
	(void)state;
	for (unsigned int right = 0; right < 2; right++) {
		struct bench *t = bench_up();
		struct ike_sa *old = sa_of(t, 1);
		uint64_t spi = old->spi_i;

		/* It has forgotten everything, or is somebody else. */
		sim_stop(&t->sim, 0, true);
		t->sim.nodes[0].psk = right ? SIM_PSK : "a guess";
		sim_start(&t->sim, 0);
		sim_run(&t->sim, 500);
		assert_int_equal(counters(t).auth_failures, !right);
		assert_non_null(sa_of(t, 1));
		assert_null(sa_of(t, 1)->next);
		assert_true(alive(t));
		assert_int_equal(sa_of(t, 1)->spi_i == spi, !right);
		bench_free(t);
	}
}

static void suite_is(struct bench *t, enum ike_suite_kind kind,
		     const char *text);

/* Section 1.2: there is an IKE SA, and the CHILD SA is asked for again. */
static void refused_child_leaves_the_ike_sa(void **state)
{
	struct bench *t = bench_new();

	(void)state;
	suite_is(t, IKE_SUITE_ESP, "aes256gcm16");
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 500);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(sa_of(t, i)->state, IKE_SA_ESTABLISHED);
		assert_null(sa_of(t, i)->next);
		assert_null(sa_of(t, i)->children);
		assert_int_equal(sim_kernel_count(&t->sim.nodes[i].kernel,
						  IKE_PAIR_LARVAL),
				 0);
	}
	t->sim.nodes[1].engine->tunnels->config.esp = t->sim.nodes[0].config.esp;
	/* There is no traffic; it is up at both ends all the same. */
	sim_run(&t->sim, 2000);
	assert_true(sim_both_up(&t->sim));
	assert_null(sa_of(t, 1)->next);
	bench_free(t);
}

/* ------------------------------------------------------------------ unknown SPIs */

/* A request of an IKE SA that node 1 does not have. Return: as deliver(). */
static size_t deliver_stray(struct bench *t, uint8_t flags)
{
	size_t len;

	ike_build_start(&t->b, t->build, sizeof(t->build));
	len = seal(t, IKE_EXCHANGE_INFORMATIONAL, flags, 7);
	t->wire[15] ^= 1;
	return deliver(t, t->wire, len);
}

/* Section 2.21.4 */
static void strays_are_told_so(void **state)
{
	struct bench *t = bench_up();
	uint64_t spi_r = sa_of(t, 1)->spi_r ^ 1;
	size_t len;

	(void)state;
	len = deliver_stray(t, IKE_FLAG_INITIATOR);
	assert_int_equal(ike_msg_parse(&t->reply, IKE_SLICE(t->wire, len)), 0);
	assert_int_equal(t->reply.present, IKE_P_NOTIFY);
	assert_non_null(ike_msg_notify(&t->reply, IKE_N_INVALID_IKE_SPI));
	assert_true(t->reply.h.spi_i == sa_of(t, 1)->spi_i &&
		    t->reply.h.spi_r == spi_r);
	assert_int_equal(t->reply.h.message_id, 7);
	assert_int_equal(t->reply.h.exchange, IKE_EXCHANGE_INFORMATIONAL);
	assert_int_equal(t->reply.h.flags, IKE_FLAG_RESPONSE);
	/* The other way round, the I flag is ours. */
	assert_int_not_equal(deliver_stray(t, 0), 0);
	assert_int_equal(t->wire[19], IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR);
	/* Never to a response, nor to what is not protected. */
	assert_int_equal(deliver_stray(t, IKE_FLAG_RESPONSE), 0);
	ike_build_status(&t->b, IKE_N_INVALID_IKE_SPI);
	assert_int_equal(deliver(t, t->wire, clear(t, 0x20, 37, 0x08)), 0);
	/* A few times, and again after a while. */
	for (unsigned int i = 2; i < 5; i++)
		assert_int_not_equal(deliver_stray(t, IKE_FLAG_INITIATOR), 0);
	assert_int_equal(deliver_stray(t, IKE_FLAG_INITIATOR), 0);
	t->sim.now += 10000;
	assert_int_not_equal(deliver_stray(t, IKE_FLAG_INITIATOR), 0);
	assert_int_equal(counters(t).invalid_ike_spis_sent, 6);
	/* Never to who is no peer of ours. */
	t->sim.nodes[1].engine->tunnels->config.remote.octets[0] ^= 1;
	assert_int_equal(deliver_stray(t, IKE_FLAG_INITIATOR), 0);
	t->sim.nodes[1].engine->tunnels->config.remote.octets[0] ^= 1;
	assert_true(alive(t));
	bench_free(t);
}

/* A notification in clear, of the IKE SA or of none. */
static void deliver_hint(struct bench *t, uint16_t type, uint8_t flags,
			 bool known)
{
	struct ike_header h = {
		.spi_i = known ? sa_of(t, 1)->spi_i : 0x1111,
		.spi_r = known ? sa_of(t, 1)->spi_r : 0,
		.version = 0x20,
		.exchange = IKE_EXCHANGE_INFORMATIONAL,
		.flags = flags,
	};

	ike_build_start(&t->b, t->build, sizeof(t->build));
	ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0), type,
			 IKE_SLICE(t->plain, 4));
	h.next_payload = t->b.first;
	h.length = (uint32_t)(28 + t->b.w.len);
	ike_header_write(t->wire, &h);
	memcpy(t->wire + 28, t->b.w.data, t->b.w.len);
	assert_int_equal(deliver(t, t->wire, h.length), 0);
}

/* What has no proof is no reason to do anything but ask. */
static void hints_only_make_us_ask(void **state)
{
	static const struct {
		uint16_t type;
		uint8_t flags;
		bool known;
	} hints[] = {
		{ IKE_N_INVALID_IKE_SPI, IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR,
		  true },
		{ IKE_N_INVALID_SPI, IKE_FLAG_INITIATOR, false },
		{ IKE_N_INVALID_SPI, IKE_FLAG_INITIATOR, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		struct bench *t = bench_up();
		struct ike_sa *sa = sa_of(t, 1);

		assert_false(ike_window_busy(sa));
		deliver_hint(t, hints[i].type, hints[i].flags, hints[i].known);
		assert_int_equal(sa->window.kind, IKE_X_LIVENESS);
		assert_int_equal(counters(t).hints, 1);
		/* Not in a row, whoever insists. */
		ike_window_answered(sa);
		deliver_hint(t, hints[i].type, hints[i].flags, hints[i].known);
		assert_false(ike_window_busy(sa));
		assert_int_equal(counters(t).hints, 2);
		t->sim.now += 3000;
		sa->hint_at = 0;
		deliver_hint(t, hints[i].type, hints[i].flags, hints[i].known);
		assert_int_equal(sa->window.kind, IKE_X_LIVENESS);
		assert_true(alive(t));
		assert_true(sim_both_up(&t->sim));
		bench_free(t);
	}
	/* Other words in clear are not even that. */
	{
		struct bench *t = bench_up();

		deliver_hint(t, IKE_N_AUTHENTICATION_FAILED, IKE_FLAG_INITIATOR,
			     true);
		deliver_hint(t, IKE_N_INVALID_IKE_SPI, IKE_FLAG_INITIATOR, true);
		assert_int_equal(counters(t).hints, 0);
		assert_false(ike_window_busy(sa_of(t, 1)));
		assert_true(alive(t));
		bench_free(t);
	}
}

/* Section 1.5: with proof, the SA in question is rekeyed. */
static void a_lost_pair_is_made_anew(void **state)
{
	struct bench *t = bench_up();
	struct ike_child *child = sa_of(t, 1)->children;
	uint8_t spi[4];

	(void)state;
	child->confirmed = true;
	put_be32(spi, child->spi_out + 1);
	for (unsigned int i = 0; i < 3; i++) {
		ike_build_notify(&t->b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
				 IKE_N_INVALID_SPI,
				 IKE_SLICE(spi, i == 1 ? 3 : 4));
		assert_true(request(t, IKE_EXCHANGE_INFORMATIONAL));
		assert_int_equal(sa_of(t, 1)->window.kind,
				 i < 2 ? IKE_X_NONE : IKE_X_REKEY_CHILD);
		put_be32(spi, child->spi_out);
	}
	assert_true(alive(t));
	bench_free(t);
}

/* --------------------------------------------------- given up amid the handshake */

/* The responder believes to be done: it is told that it is not. */
static void left_during_auth(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 3; how++) {
		struct bench *t = bench_new();
		struct sim_node *node = &t->sim.nodes[0];
		unsigned int tries = 0;

		sim_start(&t->sim, 1);
		sim_start(&t->sim, 0);
		while (!sa_of(t, 0) || sa_of(t, 0)->state != IKE_SA_AUTH_SENT) {
			sim_run(&t->sim, 1);
			assert_true(++tries < 100);
		}
		if (how == 0)
			sim_command(&t->sim, 0, IKE_CMD_DOWN);
		else if (how == 1)
			ike_engine_set_device(node->engine, t->sim.now,
					      node->config.name, 0);
		else
			ike_engine_remove_tunnel(node->engine, t->sim.now,
						 node->config.name);
		assert_int_equal(sa_of(t, 0)->state, IKE_SA_LEAVING);
		assert_int_equal(sim_kernel_count(&node->kernel,
						  IKE_PAIR_LARVAL),
				 0);
		assert_false(ike_engine_idle(node->engine));
		while (sa_of(t, 0)->state == IKE_SA_LEAVING) {
			sim_run(&t->sim, 1);
			assert_true(++tries < 200);
		}
		/* It is established there, and on its way out here. */
		assert_int_equal(sa_of(t, 1)->state, IKE_SA_ESTABLISHED);
		assert_int_equal(sa_of(t, 0)->state, IKE_SA_DELETING);
		assert_null(sa_of(t, 0)->children);
		sim_run(&t->sim, 50);
		assert_null(sa_of(t, 0));
		assert_null(sa_of(t, 1));
		assert_null(sim_kernel_active(&t->sim.nodes[1].kernel));
		assert_true(ike_engine_idle(node->engine));
		bench_free(t);
	}
}

/* ------------------------------------------------------------ reauthentication */

static unsigned int established(struct bench *t, unsigned int node)
{
	unsigned int n = 0;

	for (const struct ike_sa *sa = sa_of(t, node); sa; sa = sa->next)
		n += sa->state == IKE_SA_ESTABLISHED;
	return n;
}

/* Lets node 0 authenticate anew until it has sent IKE_AUTH. */
static struct ike_sa *reauth_to_auth(struct bench *t)
{
	unsigned int tries = 0;

	sim_command(&t->sim, 0, IKE_CMD_REAUTH);
	while (sa_of(t, 0)->state != IKE_SA_AUTH_SENT) {
		sim_run(&t->sim, 1);
		assert_true(++tries < 100);
	}
	return sa_of(t, 0);
}

/* The old pair is there until the new one is in use at both ends. */
static void made_before_broken(void **state)
{
	struct bench *t = bench_up();
	const struct ike_sa *old[2] = { sa_of(t, 0), sa_of(t, 1) };
	uint32_t pair = old[1]->children->pair_id;
	unsigned int tries = 0;

	(void)state;
	t->sim.disrupted = false;
	reauth_to_auth(t);
	/* The responder has both, and goes on using the old one. */
	while (established(t, 1) < 2) {
		sim_run(&t->sim, 1);
		assert_true(++tries < 100);
	}
	assert_ptr_equal(sa_of(t, 1)->next, old[1]);
	assert_true(old[1]->redundant);
	assert_false(old[1]->want_delete);
	assert_int_equal(sim_kernel_active(&t->sim.nodes[1].kernel)->info.pair_id,
			 pair);
	sim_run(&t->sim, 500);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(established(t, i), 1);
		assert_null(sa_of(t, i)->next);
		assert_int_equal(t->sim.nodes[i]
					 .counts[IKE_EVENT_IKE_SA_REAUTHENTICATED],
				 1);
	}
	assert_int_not_equal(
		sim_kernel_active(&t->sim.nodes[1].kernel)->info.pair_id, pair);
	bench_free(t);
}

/* Refused, or without a CHILD SA: what there was stays. */
static void failed_reauth_changes_nothing(void **state)
{
	static const char *const esp = "aes256gcm16-noesn";

	(void)state;
	for (unsigned int how = 0; how < 2; how++) {
		struct bench *t = bench_up();
		struct sim_node *peer = &t->sim.nodes[1];
		struct ike_suite *suite = &peer->engine->tunnels->config.esp;
		const struct ike_sa *old = sa_of(t, 0);
		char why[200];

		t->sim.disrupted = false;
		if (how == 0)
			peer->psk = "another one";
		if (how == 1) {
			memset(suite, 0, sizeof(*suite));
			assert_int_equal(ike_suite_parse(suite, IKE_SUITE_ESP,
							 esp, why, sizeof(why)),
					 0);
		}
		sim_command(&t->sim, 0, IKE_CMD_REAUTH);
		sim_run(&t->sim, 29000);
		assert_ptr_equal(sa_of(t, 0), old);
		assert_null(old->next);
		assert_int_equal(established(t, 1), 1);
		assert_false(sa_of(t, 1)->redundant);
		assert_true(sim_both_up(&t->sim));
		assert_in_range(old->reauth_at, t->sim.now,
				t->sim.now + 60000);
		bench_free(t);
	}
}

/* --------------------------------------------------------- what a person reads */

/* What node 0 says when node 1 is configured otherwise. */
static const char *complaint(void (*change)(struct bench *),
			     unsigned int node)
{
	static char line[700];
	struct bench *t = bench_new();

	change(t);
	sim_start(&t->sim, 1);
	sim_start(&t->sim, 0);
	sim_run(&t->sim, 500);
	snprintf(line, sizeof(line), "%s",
		 node ? t->sim.nodes[1].last_line :
			t->sim.nodes[0].engine->tunnels->last_error);
	bench_free(t);
	return line;
}

static void suite_is(struct bench *t, enum ike_suite_kind kind,
		     const char *text)
{
	struct ike_tunnel_config *c = &t->sim.nodes[1].config;
	struct ike_suite *suite = kind == IKE_SUITE_IKE ? &c->ike : &c->esp;
	char why[200];

	memset(suite, 0, sizeof(*suite));
	assert_int_equal(ike_suite_parse(suite, kind, text, why, sizeof(why)),
			 0);
}

static void other_ike(struct bench *t)
{
	suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha512-x25519");
}

static void much_else(struct bench *t)
{
	struct ike_suite *suite = &t->sim.nodes[0].config.ike;
	char why[200];

	memset(suite, 0, sizeof(*suite));
	suite->allow_legacy = true;
	assert_int_equal(ike_suite_parse(suite, IKE_SUITE_IKE,
					 "aes128-sha1-modp2048", why,
					 sizeof(why)),
			 0);
}

static void other_esn(struct bench *t)
{
	suite_is(t, IKE_SUITE_ESP, "aes128gcm16-esn");
	memset(&t->sim.nodes[0].config.esp, 0,
	       sizeof(t->sim.nodes[0].config.esp));
	ike_suite_parse(&t->sim.nodes[0].config.esp, IKE_SUITE_ESP,
			"aes128gcm16-noesn", (char[200]){ 0 }, 200);
}

static void other_ke(struct bench *t)
{
	suite_is(t, IKE_SUITE_IKE, "aes256gcm16-prfsha384-ecp384");
}

static void other_esp(struct bench *t)
{
	suite_is(t, IKE_SUITE_ESP, "aes256gcm16");
}

static void other_id(struct bench *t)
{
	ike_identity_parse(&t->sim.nodes[1].config.remote_id, "c.example");
}

static void other_psk(struct bench *t)
{
	t->sim.nodes[1].psk = "not that one";
}

static void other_ts(struct bench *t)
{
	ike_ts_parse(&t->sim.nodes[1].config.remote_ts[0], "10.0.0.0/8");
	ike_ts_parse(&t->sim.nodes[0].config.local_ts[0], "192.168.0.0/16");
	t->sim.nodes[1].config.n_remote_ts = 1;
	t->sim.nodes[0].config.n_local_ts = 1;
}

static void the_reason_is_told(void **state)
{
	(void)state;
	assert_string_equal(
		complaint(other_ike, 0),
		"peer 192.0.2.2 refused our IKE proposal (NO_PROPOSAL_CHOSEN): "
		"we offered aes256gcm16-prfsha384-x25519");
	assert_string_equal(
		complaint(other_ke, 0),
		"peer 192.0.2.2 refused our IKE proposal (NO_PROPOSAL_CHOSEN): "
		"we offered aes256gcm16-prfsha384-x25519");
	assert_string_equal(
		complaint(other_ike, 1),
		"message from 192.0.2.1: NO_PROPOSAL_CHOSEN: no PRF in common "
		"(there prfsha384, here prfsha512); it offers "
		"aes256gcm16-prfsha384-x25519, our IKE suite is "
		"aes256gcm16-prfsha512-x25519");
	assert_string_equal(
		complaint(much_else, 1),
		"message from 192.0.2.1: NO_PROPOSAL_CHOSEN: no encryption in "
		"common (there aes128, here aes256gcm16), no PRF in common "
		"(there prfsha1, here prfsha384), no key exchange in common "
		"(there modp2048, here x25519); prfsha1 is too weak; it offers "
		"aes128-sha1-prfsha1-modp2048, our IKE suite is "
		"aes256gcm16-prfsha384-x25519");
	assert_non_null(strstr(complaint(other_esn, 1),
			       "NO_PROPOSAL_CHOSEN for ESP: no sequence numbers "
			       "in common (there noesn, here esn)"));
	assert_non_null(strstr(complaint(other_esp, 0),
			       "peer refused our ESP proposal "
			       "(NO_PROPOSAL_CHOSEN): we offered aes128gcm16"));
	assert_non_null(strstr(complaint(other_id, 0),
			       "peer refused us (AUTHENTICATION_FAILED): we "
			       "said we are \"a.example\""));
	assert_non_null(strstr(complaint(other_psk, 0),
			       "AUTHENTICATION_FAILED"));
	assert_non_null(strstr(complaint(other_ts, 0), "TS_UNACCEPTABLE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage),
		cmocka_unit_test(other_versions),
		cmocka_unit_test(first_requests_with_flaws),
		cmocka_unit_test(requests_are_answered_once),
		cmocka_unit_test(requests_are_sent_again_as_they_are),
		cmocka_unit_test(exchanges_out_of_turn),
		cmocka_unit_test(malformed_is_fatal),
		cmocka_unit_test(nothing_before_auth),
		cmocka_unit_test(child_requests_that_fit_nothing),
		cmocka_unit_test(identities_choose_the_tunnel),
		cmocka_unit_test(configurations_that_cannot_be),
		cmocka_unit_test(initial_contact_needs_proof),
		cmocka_unit_test(refused_child_leaves_the_ike_sa),
		cmocka_unit_test(strays_are_told_so),
		cmocka_unit_test(hints_only_make_us_ask),
		cmocka_unit_test(a_lost_pair_is_made_anew),
		cmocka_unit_test(left_during_auth),
		cmocka_unit_test(made_before_broken),
		cmocka_unit_test(failed_reauth_changes_nothing),
		cmocka_unit_test(the_reason_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

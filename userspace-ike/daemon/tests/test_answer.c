// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parent process against an ike process that is an enemy. There is no
 * kernel behind it: what got through to it would crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer_auth.h"
#include "cert.h"
#include "ipc.h"
#include "keylog.h"
#include "log.h"
#include "parent.h"
#include "pki.h"

#define PSK "the key"
#define DEVICE 7

static struct pki *ca, *gw;
static struct parent parent;
static struct ipc_message msg;
static int calls; /* the enemy's end */

static struct conf_tunnel *new_tunnel(const char *name)
{
	struct conf_tunnel *tunnel = calloc(1, sizeof(*tunnel));

	strcpy(tunnel->ike.name, name);
	tunnel->file = strdup(name);
	return tunnel;
}

static int setup(void **state)
{
	static const struct parent_options options = {
		.conf_dir = "/nonexistent/ipsvti",
	};
	const int none[NET_SOCKETS] = { -1, -1, -1, -1, -1, -1 };
	struct conf_tunnel *psk = new_tunnel("psk"), *cert = new_tunnel("cert");
	/* cert_sign() looks at the real clock. */
	int64_t now = time(NULL) - PKI_NOW;
	int ends[2];

	(void)state;
	ca = pki_new(&(struct pki_spec){ .name = "CN=CA",
					 .constraints = "critical,CA:TRUE",
					 .from = now - PKI_DAY,
					 .to = now + PKI_DAY });
	gw = pki_new(&(struct pki_spec){ .name = "CN=gw", .issuer = ca,
					 .names = "DNS:gw.example",
					 .from = now - PKI_DAY,
					 .to = now + PKI_DAY });
	psk->ike.ifindex = DEVICE;
	psk->psk.len = strlen(PSK);
	memcpy(psk->psk.octets, PSK, strlen(PSK));
	cert->ike.local_auth = IKE_AUTH_BY_CERT;
	cert->certs = pki_store(gw, NULL, ca);
	parent = (struct parent){ .options = &options, .started = true };
	parent.conf.tunnels = calloc(2, sizeof(*parent.conf.tunnels));
	parent.conf.tunnels[0] = psk;
	parent.conf.tunnels[1] = cert;
	parent.conf.count = 2;
	parent.control = socket(AF_UNIX, SOCK_STREAM, 0);
	if (ipc_pair(ends) < 0 || net_adopt(&parent.sockets, none) < 0)
		return -1;
	parent.calls = ends[0];
	calls = ends[1];
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(parent.calls);
	close(calls);
	if (parent.control >= 0)
		close(parent.control);
	net_close(parent.sockets);
	conf_free(&parent.conf);
	pki_free(gw);
	pki_free(ca);
	return 0;
}

/* Return: what answer_call() does; the answer, if there is one, is in @msg. */
static int call(uint32_t type, const void *data, size_t len, const void *more,
		size_t more_len)
{
	int ret;

	assert_int_equal(ipc_send(calls, type, data, len, more, more_len, NULL,
				  0, false), 0);
	ret = answer_call(&parent);
	msg.type = 0;
	ipc_receive(calls, &msg, IPC_FDS_MAX, false);
	return ret;
}

static int32_t result(void)
{
	int32_t ret;

	memcpy(&ret, msg.data, sizeof(ret));
	return ret;
}

static void sizes(void **state)
{
	static const uint8_t zeros[sizeof(struct call_log) + 8192];
	static const size_t want[CALL_MAX] = {
#define SIZE(id, request, answer) [CALL_##id] = sizeof(struct call_##request),
		CALLS(SIZE)
#undef SIZE
	};
	uint32_t type;

	(void)state;
	for (type = 1; type < CALL_MAX; type++) {
		if (want[type])
			assert_int_equal(call(type, zeros, want[type] - 1, NULL, 0),
					 -EPROTO);
		if (type != CALL_PSK_AUTH && type != CALL_SIGN)
			assert_int_equal(call(type, zeros, want[type] + 1, NULL, 0),
					 -EPROTO);
		if (want[type])
			assert_int_equal(call(type, NULL, 0, NULL, 0), -EPROTO);
	}
	assert_int_equal(call(0, NULL, 0, NULL, 0), -EPROTO);
	assert_int_equal(call(CALL_MAX, NULL, 0, NULL, 0), -EPROTO);
	assert_int_equal(call(UINT32_MAX, zeros, 100, NULL, 0), -EPROTO);
	/* No octets to authenticate. */
	assert_int_equal(call(CALL_SIGN, zeros, want[CALL_SIGN], NULL, 0), -EPROTO);
	assert_int_equal(answer_call(&parent), -EAGAIN);
}

static void start_once(void **state)
{
	(void)state;
	parent.started = false;
	assert_int_equal(call(CALL_RELOAD, NULL, 0, NULL, 0), -EPROTO);
	assert_int_equal(call(CALL_START, NULL, 0, NULL, 0), 1);
	assert_int_equal(msg.type, CALL_START);
	assert_int_equal(msg.n_fds, 2);
	ipc_close_fds(&msg);
	/* What the network says is not for the parent. */
	assert_int_equal(parent.control, -1);
	assert_null(parent.sockets);
	assert_int_equal(call(CALL_START, NULL, 0, NULL, 0), -EPROTO);
}

static void descriptor_refused(void **state)
{
	const int fd = 0;

	(void)state;
	assert_int_equal(ipc_send(calls, CALL_APPLIED, NULL, 0, NULL, 0, &fd, 1,
				  false), 0);
	assert_int_equal(answer_call(&parent), -EPROTO);
}

static void foreign_tunnels(void **state)
{
	static const uint32_t types[] = { CALL_DEVICE, CALL_DEVICE_INDEX,
					  CALL_WAY, CALL_LOOK_UP };
	struct call_tunnel request = { .tunnel = "other" };
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_int_equal(call(types[i], &request, sizeof(request), NULL, 0), 1);
		assert_int_equal(msg.type, types[i]);
		if (types[i] != CALL_DEVICE_INDEX)
			assert_int_equal(result(), -ENOENT);
	}
	/* A name without an end. */
	memset(&request, 'p', sizeof(request));
	assert_int_equal(call(CALL_DEVICE, &request, sizeof(request), NULL, 0), 1);
	assert_int_equal(result(), -ENOENT);
}

static void foreign_devices(void **state)
{
	static const uint32_t types[] = { CALL_SPI_ALLOC, CALL_ACTIVATE,
					  CALL_RETIRE, CALL_QUERY };
	static const uint32_t devices[] = { 0, 1, DEVICE + 1, UINT32_MAX };
	struct call_new_pair pair = { 0 };
	struct call_pair request = { .pair_id = 1 };
	size_t i, k;

	(void)state;
	for (k = 0; k < 4; k++) {
		request.ifindex = devices[k];
		for (i = 0; i < 4; i++) {
			assert_int_equal(call(types[i], &request,
					      sizeof(request), NULL, 0), 1);
			assert_int_equal(msg.type, types[i]);
			assert_int_equal(result(), -ENODEV);
		}
		pair.pair.ifindex = devices[k];
		assert_int_equal(call(CALL_PAIR_NEW, &pair, sizeof(pair), NULL, 0), 1);
		assert_int_equal(result(), -ENODEV);
	}
}

static void bad_pairs(void **state)
{
	struct call_new_pair pair = { .pair.ifindex = DEVICE }, bad;
	const uint8_t two = 2;

	(void)state;
	bad = pair;
	bad.pair.in.key_len = IKE_KEY_MAX + 1;
	assert_int_equal(call(CALL_PAIR_NEW, &bad, sizeof(bad), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
	bad = pair;
	bad.pair.out.key_len = SIZE_MAX;
	assert_int_equal(call(CALL_PAIR_NEW, &bad, sizeof(bad), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
	bad = pair;
	bad.pair.out.salt_len = IKE_SALT_MAX + 1;
	assert_int_equal(call(CALL_PAIR_NEW, &bad, sizeof(bad), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
	bad = pair;
	memcpy(&bad.pair.encap_udp, &two, 1);
	assert_int_equal(call(CALL_PAIR_NEW, &bad, sizeof(bad), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
	bad = pair;
	memcpy(&bad.pair.encap_follow, &two, 1);
	assert_int_equal(call(CALL_PAIR_NEW, &bad, sizeof(bad), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
	bad = pair;
	bad.pair.encap_remote.family = 5;
	assert_int_equal(call(CALL_PAIR_NEW, &bad, sizeof(bad), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
	bad = pair;
	memcpy(&bad.pair.allow_legacy, &two, 1);
	assert_int_equal(call(CALL_PAIR_NEW, &bad, sizeof(bad), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
	bad = pair;
	memcpy(&bad.pair.out.esn, &two, 1);
	assert_int_equal(call(CALL_PAIR_NEW, &bad, sizeof(bad), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
}

/* ---- keys ---------------------------------------------------------------- */

/* What an AUTH covers: a message, a nonce, the output of a PRF. */
static size_t signed_octets(uint8_t octets[400], size_t message, size_t nonce,
			    size_t prf)
{
	memset(octets, 0x5a, 400);
	octets[17] = 0x20;
	octets[18] = 34;
	memset(octets + 20, 0, 8);
	octets[27] = (uint8_t)message;
	return message + nonce + prf;
}

static int ask_auth(uint32_t type, const char *tunnel, const uint8_t *octets,
		    size_t len)
{
	struct call_auth request = { .prf = 5, .hashes = 1 << 5 | 1 << 2 };

	strcpy(request.tunnel, tunnel);
	assert_int_equal(call(type, &request, sizeof(request), octets, len), 1);
	assert_int_equal(msg.type, type);
	return result();
}

static void auth(void **state)
{
	const struct ike_identity id = { .type = 2, .len = 10,
					 .data = "gw.example" };
	struct ike_verify_request verify = { .remote_id = &id, .n_certs = 1 };
	struct ike_psk_request req = { .prf = 5 };
	const struct answer_sign *signature = (const void *)msg.data;
	const struct answer_psk *answer = (const void *)msg.data;
	const struct cert_store *certs = parent.conf.tunnels[1]->certs;
	uint8_t octets[400], want[64];
	char why[256];

	(void)state;
	req.octets = octets;
	req.len = signed_octets(octets, 200, 32, 32);
	assert_int_equal(ike_psk_auth(PSK, strlen(PSK), &req, want), 32);
	assert_int_equal(ask_auth(CALL_PSK_AUTH, "psk", octets, req.len), 32);
	assert_memory_equal(answer->auth, want, 32);

	assert_int_equal(ask_auth(CALL_SIGN, "cert", octets, req.len), 0);
	verify.method = signature->sig.method;
	verify.auth = signature->sig.data;
	verify.auth_len = signature->sig.len;
	verify.certs[0].data = certs->chain[0];
	verify.certs[0].len = certs->chain_len[0];
	verify.octets = octets;
	verify.len = req.len;
	assert_int_equal(cert_verify(certs, time(NULL), &verify, why, sizeof(why)), 0);

	/* With the key of the other one, or of none. */
	assert_int_equal(ask_auth(CALL_PSK_AUTH, "cert", octets, req.len), -ENOENT);
	assert_int_equal(ask_auth(CALL_SIGN, "psk", octets, req.len), -ENOENT);
	assert_int_equal(ask_auth(CALL_SIGN, "other", octets, req.len), -ENOENT);
}

static void not_an_auth(void **state)
{
	uint8_t octets[400];
	size_t len = signed_octets(octets, 200, 32, 32), i;
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {
		{ 17, 0x10 }, /* IKEv1 */
		{ 18, 35 },   /* IKE_AUTH */
		{ 23, 1 },    /* not the first message */
		{ 24, 1 },    /* a length beyond the end */
		{ 27, 27 },   /* and one shorter than the header */
	};

	(void)state;
	assert_true(answer_is_auth(octets, len));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		signed_octets(octets, 200, 32, 32);
		octets[wrong[i].at] = wrong[i].value;
		assert_false(answer_is_auth(octets, len));
		assert_int_equal(ask_auth(CALL_SIGN, "cert", octets, len), -EINVAL);
		assert_int_equal(ask_auth(CALL_PSK_AUTH, "psk", octets, len), -EINVAL);
	}
	for (len = 0; len < 200 + 32; len++)
		assert_false(answer_is_auth(octets, len));
	/* "Key Pad for IKEv2" in place of an AUTH would be as good as the PSK. */
	assert_int_equal(ask_auth(CALL_PSK_AUTH, "psk",
				  (const uint8_t *)"Key Pad for IKEv2", 17), -EINVAL);
	/* What TLS 1.3 has signed begins with 64 blanks. */
	memset(octets, ' ', sizeof(octets));
	assert_int_equal(ask_auth(CALL_SIGN, "cert", octets, sizeof(octets)), -EINVAL);
	signed_octets(octets, 28, 256, 64);
	assert_true(answer_is_auth(octets, 28 + 256 + 64));
	assert_false(answer_is_auth(octets, 28 + 256 + 64 + 1));
}

/* Without the option nothing is written; with it, nothing beyond a key. */
static void exported_keys(void **state)
{
	static const struct call_ike_keys good = { .keys.encr_len = 36 };
	struct call_ike_keys keys = good;
	char dir[] = "/tmp/test_answer.XXXXXX", path[64];

	(void)state;
	assert_int_equal(call(CALL_IKE_KEYS, &keys, sizeof(keys), NULL, 0), 1);
	assert_int_equal(msg.type, CALL_IKE_KEYS);
	assert_int_equal(result(), -EPERM);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(keylog_open(dir, &parent.keylog), 0);
	keys.keys.encr_len = IKE_SA_KEY_MAX + 1;
	assert_int_equal(call(CALL_IKE_KEYS, &keys, sizeof(keys), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
	keys = good;
	keys.keys.integ_len = UINT16_MAX;
	assert_int_equal(call(CALL_IKE_KEYS, &keys, sizeof(keys), NULL, 0), 1);
	assert_int_equal(result(), -EINVAL);
	assert_int_equal(call(CALL_IKE_KEYS, &good, sizeof(good), NULL, 0), 1);
	assert_int_equal(result(), 0);
	keylog_close(parent.keylog);
	parent.keylog = NULL;
	snprintf(path, sizeof(path), "%s/ikev2_decryption_table", dir);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/esp_sa", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* Thousands of lines of which nobody reads one. */
static void no_log(int prio, const char *text)
{
	(void)prio;
	(void)text;
}

/* Anything at all: answered or refused. */
static void noise(void **state)
{
	unsigned int seed = 1, i, k;
	static uint8_t octets[2048];
	size_t len;
	int ret;

	(void)state;
	log_open_other(no_log, false);
	for (i = 0; i < 20000; i++) {
		uint32_t type = rand_r(&seed) % (CALL_MAX + 2);

		if (type == CALL_RELOAD || type == CALL_LOG)
			continue;
		len = rand_r(&seed) % (i % 2 ? 64 : sizeof(octets));
		if (i % 3 == 0)
			len = sizeof(struct call_pair);
		for (k = 0; k < len; k++)
			octets[k] = (uint8_t)(rand_r(&seed) >> 8) | 0x80;
		ret = call(type, octets, len, NULL, 0);
		assert_true(ret == 1 || ret == -EPROTO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(start_once, setup, teardown),
		cmocka_unit_test_setup_teardown(descriptor_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_tunnels, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_devices, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_pairs, setup, teardown),
		cmocka_unit_test_setup_teardown(auth, setup, teardown),
		cmocka_unit_test_setup_teardown(not_an_auth, setup, teardown),
		cmocka_unit_test_setup_teardown(exported_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(noise, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

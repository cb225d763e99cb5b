// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration handed over: all of it arrives but the keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cert.h"
#include "handover.h"
#include "pki.h"

#define PSK "nobody else may know this"

static struct pki *ca, *gw;
static struct conf_tunnel psk = {
	.ike.name = "by-psk",
	.ike.ifindex = 4,
	.ike.dpd_interval_s = 77,
	.interface = "vti0",
	.remote_name = "peer.example",
	.psk = { .len = sizeof(PSK) - 1, .octets = PSK },
	.file = "/etc/ipsvti/by-psk.conf",
};
static struct conf_tunnel cert = {
	.ike.name = "by-cert",
	.interface = "vti1",
	.file = "/etc/ipsvti/by-cert.conf",
};
static struct conf_tunnel *both[] = { &psk, &cert };
static const struct conf conf = { both, 2 };

static int setup(void **state)
{
	char *crl, why[256];

	(void)state;
	ca = pki_new(&(struct pki_spec){
		.name = "CN=CA", .constraints = "critical,CA:TRUE" });
	gw = pki_new(&(struct pki_spec){
		.name = "CN=gw", .issuer = ca, .names = "DNS:gw.example" });
	psk.certs = cert_store_new();
	cert.certs = pki_store(gw, NULL, ca);
	crl = pki_crl_pem(ca, NULL, 0, PKI_DAY);
	if (cert_store_crls(cert.certs, crl, strlen(crl), why, sizeof(why)))
		return -1;
	free(crl);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cert_store_free(psk.certs);
	cert_store_free(cert.certs);
	pki_free(gw);
	pki_free(ca);
	return 0;
}

/* All octets of a descriptor, to be freed. */
static uint8_t *octets_of(int fd, size_t *len)
{
	uint8_t *octets;

	*len = lseek(fd, 0, SEEK_END);
	octets = malloc(*len);
	assert_int_equal(pread(fd, octets, *len, 0), *len);
	return octets;
}

static void arrives(void **state)
{
	const uint8_t *a, *b;
	uint8_t hashes[2][20];
	struct conf got;
	int fd = handover_pack(&conf);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(handover_unpack(fd, &got), 0);
	close(fd);
	assert_int_equal(got.count, 2);
	assert_true(conf_tunnel_same(got.tunnels[0], &psk));
	assert_true(conf_tunnel_same(got.tunnels[1], &cert));
	assert_int_equal(got.tunnels[0]->ike.ifindex, 4);
	assert_string_equal(got.tunnels[0]->remote_name, psk.remote_name);
	assert_string_equal(got.tunnels[1]->file, cert.file);
	assert_int_equal(got.tunnels[0]->psk.len, 0);
	assert_null(got.tunnels[1]->certs->key);
	assert_int_equal(sk_X509_CRL_num(got.tunnels[1]->certs->crls), 1);
	assert_int_equal(cert_store_hashes(got.tunnels[1]->certs, hashes[0], 20), 20);
	assert_int_equal(cert_store_hashes(cert.certs, hashes[1], 20), 20);
	assert_memory_equal(hashes[0], hashes[1], 20);
	assert_int_equal(cert_store_cert(got.tunnels[1]->certs, 0, &a),
			 cert_store_cert(cert.certs, 0, &b));
	assert_memory_equal(a, b, cert.certs->chain_len[0]);
	assert_int_equal(cert_store_cert(got.tunnels[1]->certs, 1, &a), 0);
	conf_free(&got);
}

static void no_key_in_it(void **state)
{
	int fd = handover_pack(&conf);
	uint8_t key[32], *octets;
	size_t len, n = sizeof(key);

	(void)state;
	octets = octets_of(fd, &len);
	assert_int_equal(EVP_PKEY_get_raw_private_key(gw->key, key, &n), 1);
	assert_null(memmem(octets, len, key, n));
	assert_null(memmem(octets, len, PSK, sizeof(PSK) - 1));
	/* That the search finds something at all. */
	assert_non_null(memmem(octets, len, "peer.example", 12));
	/* And nobody can change it. */
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	free(octets);
	close(fd);
}

/* Cut anywhere it is refused, or it was at the end of an item. */
static void cut(void **state)
{
	int whole = handover_pack(&conf), fd = memfd_create("cut", 0);
	struct conf got;
	uint8_t *octets;
	size_t len, i;

	(void)state;
	octets = octets_of(whole, &len);
	for (i = 0; i < len; i += i < 64 ? 1 : 61) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, octets, i, 0), i);
		if (handover_unpack(fd, &got) == 0) {
			assert_true(got.count < 2 || i > len / 2);
			conf_free(&got);
		}
		assert_int_equal(got.count, 0);
	}
	free(octets);
	close(fd);
	close(whole);
}

static void text(void **state)
{
	int fd = handover_pack_text("a line\nanother\n", 15);
	char *got = handover_text(fd);

	(void)state;
	assert_string_equal(got, "a line\nanother\n");
	free(got);
	close(fd);
	fd = handover_pack_text(NULL, 0);
	got = handover_text(fd);
	assert_string_equal(got, "");
	free(got);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrives),
		cmocka_unit_test(no_key_in_it),
		cmocka_unit_test(cut),
		cmocka_unit_test(text),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

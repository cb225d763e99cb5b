// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of session keys: their modes, and their lines, octet for octet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ikev2.h"
#include "keylog.h"

static char dir[64], ike_path[128], esp_path[128];

static int setup(void **state)
{
	char base[] = "/tmp/test_keylog.XXXXXX";

	(void)state;
	if (!mkdtemp(base))
		return -1;
	snprintf(dir, sizeof(dir), "%s/keys", base);
	snprintf(ike_path, sizeof(ike_path), "%s/ikev2_decryption_table", dir);
	snprintf(esp_path, sizeof(esp_path), "%s/esp_sa", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(ike_path);
	unlink(esp_path);
	rmdir(dir);
	*strrchr(dir, '/') = 0;
	return rmdir(dir);
}

static struct keylog *opened(void)
{
	struct keylog *keylog = NULL;

	assert_int_equal(keylog_open(dir, &keylog), 0);
	return keylog;
}

static void assert_file(const char *path, const char *text)
{
	static char got[8192];
	FILE *fp = fopen(path, "r");
	size_t len;

	assert_non_null(fp);
	len = fread(got, 1, sizeof(got) - 1, fp);
	got[len] = 0;
	fclose(fp);
	assert_string_equal(got, text);
}

static void modes(void **state)
{
	struct stat st;

	(void)state;
	umask(0);
	keylog_close(opened());
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(ike_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(esp_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void refusals(void **state)
{
	struct keylog *keylog = NULL;
	char other[160];

	(void)state;
	keylog_close(opened());
	assert_int_equal(chmod(esp_path, 0640), 0);
	assert_int_equal(keylog_open(dir, &keylog), -1);
	assert_int_equal(unlink(esp_path), 0);
	/* What a link leads to is not written to, whatever its kind. */
	assert_int_equal(symlink(ike_path, esp_path), 0);
	assert_int_equal(keylog_open(dir, &keylog), -1);
	assert_int_equal(unlink(esp_path), 0);
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(link(ike_path, other), 0);
	assert_int_equal(keylog_open(dir, &keylog), -1);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(mkfifo(esp_path, 0600), 0);
	assert_int_equal(keylog_open(dir, &keylog), -1);
	assert_int_equal(unlink(esp_path), 0);
	assert_int_equal(keylog_open("/nonexistent/x", &keylog), -1);
	assert_int_equal(keylog_open("/dev/null", &keylog), -1);
	assert_null(keylog);
}

static void ike_lines(void **state)
{
	struct ike_sa_keys keys = {
		.spi_i = 0x0102030405060708,
		.spi_r = 0xf1f2f3f4f5f6f7f8,
		.encr = IKE_ENCR_AES_GCM_16,
		.key_bits = 256,
		.encr_len = 3,
		.ei = { 1, 2, 3 },
		.er = { 4, 5, 6 },
	};
	struct keylog *keylog = opened();

	(void)state;
	assert_int_equal(keylog_ike(keylog, &keys), 0);
	keylog_close(keylog);
	/* Another agent goes on in the same file. */
	keylog = opened();
	keys.encr = IKE_ENCR_AES_CBC;
	keys.key_bits = 128;
	keys.integ = IKE_INTEG_HMAC_SHA2_384_192;
	keys.integ_len = 2;
	keys.ai[0] = 0xaa;
	keys.ar[0] = 0xbb;
	assert_int_equal(keylog_ike(keylog, &keys), 0);
	keys.encr = IKE_ENCR_CHACHA20_POLY1305;
	keys.integ = 0;
	keys.integ_len = 0;
	assert_int_equal(keylog_ike(keylog, &keys), 0);
	keylog_close(keylog);
	assert_file(ike_path,
		    "0102030405060708,f1f2f3f4f5f6f7f8,010203,040506,\"AES-GCM-256 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n"
		    "0102030405060708,f1f2f3f4f5f6f7f8,010203,040506,\"AES-CBC-128 [RFC3602]\",aa00,bb00,\"HMAC_SHA2_384_192 [RFC4868]\"\n"
		    "# not known to Wireshark: 0102030405060708,f1f2f3f4f5f6f7f8,010203,040506,\"ChaCha20/Poly1305\",,,\"NONE [RFC4306]\"\n");
	assert_file(esp_path, "");
}

static void esp_lines(void **state)
{
	struct ike_tunnel_config tunnel = {
		.name = "vti0",
		.local = { .family = IKE_IPV4, .octets = { 192, 0, 2, 1 } },
		.remote = { .family = IKE_IPV4, .octets = { 198, 51, 100, 1 } },
	};
	struct ike_kernel_pair pair = {
		.in = { .spi = 0x1000, .alg = IKE_ESP_AES_GCM_16_128,
			.key = { 1 }, .key_len = 2, .salt = { 9 }, .salt_len = 1,
			.esn = true },
		.out = { .spi = 0xabcdef01, .alg = IKE_ESP_AES_GCM_16_128,
			 .key = { 2 }, .key_len = 2, .salt = { 8 },
			 .salt_len = 1 },
	};
	struct keylog *keylog = opened();

	(void)state;
	assert_int_equal(keylog_esp(keylog, &tunnel, &pair), 0);
	pair.encap_udp = true;
	pair.in.alg = IKE_ESP_AES_CBC_128_HMAC_SHA2_256_128;
	pair.in.key_len = 18;
	pair.in.key[16] = 7;
	pair.in.salt_len = 0;
	pair.out.alg = IKE_ESP_CHACHA20_POLY1305;
	assert_int_equal(keylog_esp(keylog, &tunnel, &pair), 0);
	keylog_close(keylog);
	assert_file(esp_path,
		    "\"IPv4\",\"198.51.100.1\",\"192.0.2.1\",\"0x00001000\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x010009\",\"NULL\",\"\",\"64-bit\",\"0\"\n"
		    "\"IPv4\",\"192.0.2.1\",\"198.51.100.1\",\"0xabcdef01\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x020008\",\"NULL\",\"\"\n"
		    "\"IPv4\",\"*\",\"*\",\"0x00001000\",\"AES-CBC [RFC3602]\",\"0x01000000000000000000000000000000\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x0700\",\"64-bit\",\"0\"\n"
		    "# not known to Wireshark: \"IPv4\",\"*\",\"*\",\"0xabcdef01\",\"ChaCha20/Poly1305\",\"0x020008\",\"NULL\",\"\"\n");
	assert_file(ike_path, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(modes, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(ike_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(esp_lines, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

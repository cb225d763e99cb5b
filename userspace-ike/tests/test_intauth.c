// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys after additional key exchanges (RFC 9370, section 2.2.2), and IntAuth over
 * the messages of IKE_INTERMEDIATE (RFC 9242, section 3.3.2). The numbers are from
 * another implementation, of a few lines of Python.
 */
#include "testing.h"

#include "intauth.h"

#define SPI_I 0x1122334455667788
#define SPI_R 0x99aabbccddeeff00
#define EXCHANGE 43	/* IKE_INTERMEDIATE */

static const struct ike_choice choice = {
	.encr = { IKE_ENCR_AES_GCM_16, 256 },
	.prf = IKE_PRF_HMAC_SHA2_384,
};

/* Of the SKEYSEED after one and after two of them: d, ei, er, pi, pr. */
static const char *const later[2][5] = {
	{ "4f3b810118709f9ab563802852af958f73a5998dfa98793a68c2cb49f798f249"
	  "40464727ba44d6dbe985df294b5c9a39",
	  "40a0d2a8099be71364521733be8e2bb40a114d75aaf4ebf395f0bbef47c99de5"
	  "291487b3",
	  "cec5a98d3ada72153464a756801dddaaf47fd74ea57ef488e5944004962f6917"
	  "f3e4f055",
	  "d253025cb9eb58cd8f289b7ad8772c9757d1124ac9c2304162db5e8a033b7076"
	  "29dde5329ba43d1fe5b60d8451d9e7bc",
	  "3ba77631de7ce03c697eda511833932e91e6688e81aeb08cae6bd98fb92741ba"
	  "9728e2228c75ef4eea61f5693bcfdab3" },
	{ "b7e16c859844d31a43179cfb670e54899ba42545077095dd989dd35d85bee479"
	  "a31188129f15c58c91b9c3fb05533e10",
	  "efca497c54439fa7e5cae832c58d49389b056597af451fcaf618d2fc8f6928b3"
	  "071f202c",
	  "98ee071e3f4c4c4e39b8e9143bf66c26aaba3f7ab1078280d6e0e7d7392a8ca7"
	  "882c1500",
	  "e2cbd52a1d75445df2bd4b6f454ee51f99bad3d17b640ff5b5aeab66c8b8de3d"
	  "1942e196c3582a66b66f11c09a8dcc13",
	  "6eada7356c96b68a1fdd5f2ea2e8cc74321e1eafa1470ed60ca16f25c2ae3dd3"
	  "2133b6470b12fe244f4f2357fc28ccc7" },
};

/* The keys before any exchange (@n 0), after one, after two. */
static void keys_of(struct ike_keys *keys, unsigned int n)
{
	static const uint8_t begins[] = { 0x01, 0x81, 0xa1 };
	uint8_t secret[32], ni[20], nr[24];
	struct ike_keymat_input in = {
		.secret = IKE_SLICE(secret, sizeof(secret)),
		.ni = IKE_SLICE(ni, sizeof(ni)),
		.nr = IKE_SLICE(nr, sizeof(nr)),
	};

	for (unsigned int i = 0; i < sizeof(ni); i++)
		ni[i] = (uint8_t)(0x20 + i);
	for (unsigned int i = 0; i < sizeof(nr); i++)
		nr[i] = (uint8_t)(0x40 + i);
	for (unsigned int k = 0; k <= n; k++) {
		for (unsigned int i = 0; i < sizeof(secret); i++)
			secret[i] = (uint8_t)(begins[k] + i);
		/* In place, as it is done. */
		assert_int_equal(ike_keys_derive(keys, &choice, k ? keys : NULL,
						 &in, SPI_I, SPI_R), 0);
	}
}

static void add(struct ike_int_auth *ia, const struct ike_keys *keys,
		uint8_t flags, uint32_t id, uint8_t octet, size_t len)
{
	uint8_t chain[64];
	struct ike_header h = {
		.spi_i = SPI_I,
		.spi_r = SPI_R,
		/* As of the second of two fragments: that is no matter. */
		.next_payload = IKE_PAYLOAD_SKF,
		.version = 0x20,
		.exchange = EXCHANGE,
		.flags = flags,
		.message_id = id,
		.length = 1234,
	};

	memset(chain, octet, sizeof(chain));
	assert_int_equal(ike_int_auth_add(ia, keys, flags == IKE_FLAG_INITIATOR,
					  &h,
					  len ? IKE_PAYLOAD_KE :
						IKE_PAYLOAD_NONE,
					  IKE_SLICE(chain, len)), 0);
}

static void put_is(const struct ike_int_auth *ia, const struct ike_keys *keys,
		   uint32_t id, const char *want)
{
	uint8_t out[2 * IKE_PRF_MAX + 4];
	struct ike_writer w = ike_write_to(out, sizeof(out));

	ike_int_auth_put(ia, keys, id, &w);
	assert_false(w.failed);
	assert_int_equal(w.len, strlen(want) / 2);
	assert_octets(out, want);
}

static void keys_after_each(void **state)
{
	struct ike_keys keys;

	(void)state;
	for (unsigned int n = 1; n <= 2; n++) {
		keys_of(&keys, n);
		assert_int_equal(keys.prf_len, 48);
		assert_int_equal(keys.a_len, 0);
		assert_octets(keys.d, later[n - 1][0]);
		assert_octets(keys.ei, later[n - 1][1]);
		assert_octets(keys.er, later[n - 1][2]);
		assert_octets(keys.pi, later[n - 1][3]);
		assert_octets(keys.pr, later[n - 1][4]);
	}
}

static void all_messages_count(void **state)
{
	struct ike_int_auth ia = { 0 };
	struct ike_keys keys;

	(void)state;
	keys_of(&keys, 0);
	/* None: AUTH is as it ever was. */
	put_is(&ia, &keys, 1, "");
	add(&ia, &keys, IKE_FLAG_INITIATOR, 1, 0x11, 40);
	add(&ia, &keys, IKE_FLAG_RESPONSE, 1, 0x22, 50);
	put_is(&ia, &keys, 2,
	       "0e4fce38c44c65f74e460918dce736d77355b55534f4af2f2bb43ba00899cbbe"
	       "9ecd37c2cf4acec7d9135cb60a25a063"
	       "799858c210617f7e0327f8be183c2a9d2d330db485a6671802e37b79fc8d3885"
	       "2c50621f97b3374750ddfb0013742e96"
	       "00000002");
	keys_of(&keys, 1);
	add(&ia, &keys, IKE_FLAG_INITIATOR, 2, 0x33, 60);
	/* One without payloads. */
	add(&ia, &keys, IKE_FLAG_RESPONSE, 2, 0, 0);
	put_is(&ia, &keys, 3,
	       "da22b92e7ea59d0fd3cae4bdfeffff372578dc9cfa365176e9a35b465583e742"
	       "87f891dca2739cdc8bf896a274c7f885"
	       "310aa8c58c585508f8a039d907ac5e254ceed1d04e5ee2270760888f1157ec74"
	       "6b741adacea06b9e553b68ed2bb58f8e"
	       "00000003");
}

/* Half of an exchange is not signed for the whole, nor what does not fit. */
static void nothing_is_left_out(void **state)
{
	static uint8_t much[IKE_MESSAGE_MAX];
	uint8_t out[2 * IKE_PRF_MAX + 4];
	struct ike_int_auth ia = { 0 };
	struct ike_writer w = ike_write_to(out, sizeof(out));
	struct ike_header h = { .message_id = 1 };
	struct ike_keys keys;

	(void)state;
	keys_of(&keys, 0);
	assert_int_equal(ike_int_auth_add(&ia, &keys, true, &h, IKE_PAYLOAD_KE,
					  IKE_SLICE(much, sizeof(much))),
			 -EMSGSIZE);
	assert_int_equal(ia.n_i, 0);
	add(&ia, &keys, IKE_FLAG_INITIATOR, 1, 0x11, 40);
	ike_int_auth_put(&ia, &keys, 2, &w);
	assert_true(w.failed);
	add(&ia, &keys, IKE_FLAG_RESPONSE, 1, 0x22, 50);
	w = ike_write_to(out, 2 * 48 + 3);
	ike_int_auth_put(&ia, &keys, 2, &w);
	assert_true(w.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_after_each),
		cmocka_unit_test(all_messages_count),
		cmocka_unit_test(nothing_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which octets of the key stream are whose (RFC 7296, sections 2.14, 2.17 and
 * 2.18). The numbers are from another implementation, of a few lines of Python.
 */
#include "testing.h"

#include "keymat.h"

static uint8_t secret[32], ni[20], nr[24];

static struct ike_keymat_input input(bool with_secret)
{
	for (unsigned int i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(0x01 + i);
	for (unsigned int i = 0; i < sizeof(ni); i++)
		ni[i] = (uint8_t)(0x20 + i);
	for (unsigned int i = 0; i < sizeof(nr); i++)
		nr[i] = (uint8_t)(0x40 + i);
	return (struct ike_keymat_input){
		.secret = IKE_SLICE(secret, with_secret ? sizeof(secret) : 0),
		.ni = IKE_SLICE(ni, sizeof(ni)),
		.nr = IKE_SLICE(nr, sizeof(nr)),
	};
}

/* In the order of section 2.14: d, ai, ar, ei, er, pi, pr. */
static const struct {
	struct ike_choice choice;
	const char *keys[7];
} ike[] = {
	{ /* AES-CBC-256, HMAC-SHA2-384-192, PRF of SHA2-256 */
	  { .encr = { IKE_ENCR_AES_CBC, 256 },
	    .integ = IKE_INTEG_HMAC_SHA2_384_192,
	    .prf = IKE_PRF_HMAC_SHA2_256 },
	  {
		  "30934c8ffa41eadf6e3b544681831dad105e711809371eec68e6d9a9b6ce6d8e",
		  "01f5d4fc9d9969a7ff060a9c7e4961b5eb9b5236a0b89f419c28adcc8644830a"
		  "b7255d50422161bdf9ac01a126c804dd",
		  "2bdcc57ce04bc28af07f7132655a9531ded751d2bf1e11de8842cba6b7d55155"
		  "f7ff4a423e714e5bef4bdddb8c0ce847",
		  "f93d9620ee00b2123e50965d0a53901fd22e85d0bd702e3aaa19c7bf629be41f",
		  "8d0e188a740944fba14520b86a6c46817c7567eb745d98d7ec9711e9fa1704d7",
		  "227c448d2c4afca29ad67d8e7fa5501a16fbf5ab7b3377673db6c03037a28aca",
		  "b436d15bea9cfdf1b58c65278d4c65767e665c62eee589d784561a96fca17e12",
	  } },
	{ /* AES-CBC-128 and SHA-1 all over */
	  { .encr = { IKE_ENCR_AES_CBC, 128 },
	    .integ = IKE_INTEG_HMAC_SHA1_96,
	    .prf = IKE_PRF_HMAC_SHA1 },
	  {
		  "925a0dc549263280f38e1e1b9d781329110e016e",
		  "ce6acf82c8a23374649fe09040579d012d64fc77",
		  "a80a6772e662e2bd36f1b07fb690fe2ba59e5001",
		  "dc164ad9da858b043d1dd7abc658d010",
		  "6283a9924d0ec80370e93913872dad92",
		  "f5da5191c531d6c8fd1aaf46af9d58608ae36670",
		  "0fbb21fd2f0694e2a5213fca0138bbe780562fdb",
	  } },
	{ /* ChaCha20-Poly1305: no keys for integrity */
	  { .encr = { IKE_ENCR_CHACHA20_POLY1305, 0 },
	    .prf = IKE_PRF_HMAC_SHA2_512 },
	  {
		  "62d26492d1e99c0f44c24561f95f5e086662b7e538f07a338cc6911e19b61f1e"
		  "f49c06f8b7df1fc02ce5c5b14399d4cf7f0e941f090cf80c58dc48138586b250",
		  "",
		  "",
		  "97254c5f8b95b2ae6c1290771ffd27728cd8788a607d6cd9066d48cf7c7c6739"
		  "c83ae5d8",
		  "6a23ddba2b08c6d8652dc68523de03efdcfa136ef2f0644c961c169c936b1532"
		  "7cf2e291",
		  "5b4cb9637e8916249093c471c14c48caa5c904083413fc2770e7fe991e593c51"
		  "18068cd358bc9cb034e2436dcb80c2abea8850dbee0e9173d4b94b228f8a1164",
		  "ebbb30970382015638ed13de74946cc2656c3b0d2d817e1c42003b43191d7dda"
		  "a803ce9704cb00208959d46e90e2588616c045e402cb769a072a12d3aa75b384",
	  } },
	{ /* AES-CBC-128, HMAC-SHA2-256-128, PRF of SHA2-384: a rekey of the first */
	  { .encr = { IKE_ENCR_AES_CBC, 128 },
	    .integ = IKE_INTEG_HMAC_SHA2_256_128,
	    .prf = IKE_PRF_HMAC_SHA2_384 },
	  {
		  "948284d0320a17c7e1521fed1d98e8c8f6112ddf78d1902707334b36e21b5159"
		  "370f99b287b151dca10bd81b882c1642",
		  "94fcbf33f7c20f1cbb826c34a7c86de8e82e2a016d76ec76c95a4eade8df85a0",
		  "25ca5c048f497e3d4f94a4fc1025aac38751e88188343f6da33e4eb2cc5a71b1",
		  "0c5f539357e092946befda2256da447b",
		  "0e96746cebd14e8150773c21f9f2135e",
		  "981d6844dc98d6beee753afd63c1f22ae77767e82d09241c47fd0b71ddbfc647"
		  "6b18b7796364e40bbed51765480f3df6",
		  "d6bd0d457d4a3ab0a8487d2a556e8d43e2f549f56e3bd80ac66d8c4886469f7e"
		  "b045d72836467a1a5eeadd9d78fa270b",
	  } },
};

static void check_keys(const struct ike_keys *k, const char *const *want)
{
	const uint8_t *const got[] = { k->d,  k->ai, k->ar, k->ei,
				       k->er, k->pi, k->pr };
	const size_t len[] = { k->prf_len, k->a_len,   k->a_len,  k->e_len,
			       k->e_len,   k->prf_len, k->prf_len };

	for (unsigned int i = 0; i < 7; i++) {
		assert_int_equal(len[i], strlen(want[i]) / 2);
		assert_octets(got[i], want[i]);
	}
}

static void keys_of_an_ike_sa(void **state)
{
	struct ike_keymat_input in = input(true);
	struct ike_keys keys[4];

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(ike_keys_derive(&keys[i], &ike[i].choice,
						 i == 3 ? &keys[0] : NULL, &in,
						 0x1122334455667788,
						 0x99aabbccddeeff00),
				 0);
		check_keys(&keys[i], ike[i].keys);
	}
}

/* What does not exist has no keys. */
static void no_such_keys(void **state)
{
	static const struct ike_choice bad[] = {
		{ .encr = { IKE_ENCR_AES_CBC, 128 },
		  .prf = IKE_PRF_HMAC_SHA2_256 },
		{ .encr = { IKE_ENCR_AES_GCM_16, 128 },
		  .integ = IKE_INTEG_HMAC_SHA2_256_128,
		  .prf = IKE_PRF_HMAC_SHA2_256 },
		{ .encr = { IKE_ENCR_NULL_AES_GMAC, 128 },
		  .prf = IKE_PRF_HMAC_SHA2_256 },
		{ .encr = { IKE_ENCR_AES_GCM_16, 128 }, .prf = 1 },
	};
	struct ike_keymat_input in = input(true);
	struct ike_keys keys;

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(ike_keys_derive(&keys, &bad[i], NULL, &in,
						     1, 2),
				     0);
}

static void keys_of_a_child_sa(void **state)
{
	static const struct {
		struct ike_encr encr;
		uint16_t integ;
		bool pfs;
		const char *i2r, *r2i;
	} v[] = {
		{ { IKE_ENCR_AES_CBC, 128 }, IKE_INTEG_HMAC_SHA2_512_256, false,
		  "9a23f0e238ae247ddb89e565a238c6e2b43c06a69403e4db037b35778af04097"
		  "b70863506efa32d2314c19db8ae3d7a62e29d6d229b8f7fe7e686c7ad2b6c876"
		  "0908ca67464c34b9cc08b49e332ae763",
		  "f3581e2eaa32aa3f4d99b5dbe8f173a62734b6b4ac0f7ed73040af8b9c81e985"
		  "48451b2236774ca3d1e34f6be0afa252675123de6096c1b9edd49633cb4bb298"
		  "efc6730747fe3adb3af40388f82946f4" },
		{ { IKE_ENCR_AES_GCM_16, 256 }, IKE_INTEG_NONE, true,
		  "ba3a07e1e6f1850c35ae2ed05fb41d681d0bdb985ebf819c2c8c403ac8baf5f6"
		  "510e3900",
		  "d57ee5a16a4f84dfe14c9b62ceb615f1074779f6cf861545ed62aa942fcf3a2b"
		  "64768d4c" },
	};
	struct ike_keymat_input in = input(true);
	struct ike_child_keys keys;
	struct ike_keys parent;

	(void)state;
	ike_keys_derive(&parent, &ike[0].choice, NULL, &in, 0x1122334455667788,
			0x99aabbccddeeff00);
	for (unsigned int i = 0; i < 2; i++) {
		in = input(v[i].pfs);
		assert_int_equal(ike_keys_child(&parent,
						ike_esp_transform(&v[i].encr,
								  v[i].integ),
						&in, &keys),
				 0);
		assert_int_equal(keys.len, strlen(v[i].i2r) / 2);
		assert_octets(keys.i2r, v[i].i2r);
		assert_octets(keys.r2i, v[i].r2i);
	}
}

/* RFC 9370, section 2.2.4: what comes behind CREATE_CHILD_SA stands behind the nonces. */
static void keys_of_additional_exchanges(void **state)
{
	struct ike_keymat_input in = input(true);
	struct ike_keys parent, keys;
	struct ike_child_keys child;
	uint8_t more[48];

	(void)state;
	for (unsigned int i = 0; i < sizeof(more); i++)
		more[i] = (uint8_t)(0x80 + i);
	ike_keys_derive(&parent, &ike[0].choice, NULL, &in, 0x1122334455667788,
			0x99aabbccddeeff00);
	in.more = IKE_SLICE(more, sizeof(more));
	assert_int_equal(ike_keys_derive(&keys, &ike[0].choice, &parent, &in,
					 0x1122334455667788,
					 0x99aabbccddeeff00),
			 0);
	assert_octets(keys.d, "80727786a646e1cabb888d602949aaaeb6a0f90ee7d57144e29dbb6e19792f07");
	assert_int_equal(ike_keys_child(&parent,
					ike_esp_transform(
						&(struct ike_encr){
							IKE_ENCR_AES_GCM_16, 256 },
						IKE_INTEG_NONE),
					&in, &child),
			 0);
	assert_octets(child.i2r, "5ef1aab841fe9670669d0ee32b37dca846d5c94993d0a9e4810240f352fbc04e9e80d4cd");
	assert_octets(child.r2i, "509cf0509ff3832f9b3887403001b4bcc736bbeda014078121735cda68d8562016bf7852");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_an_ike_sa),
		cmocka_unit_test(no_such_keys),
		cmocka_unit_test(keys_of_a_child_sa),
		cmocka_unit_test(keys_of_additional_exchanges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

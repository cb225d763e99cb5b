// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cryptography against published vectors.
 */
#include <openssl/bn.h>

#include "testing.h"

/* ---------------------------------------------------------------------- PRF */

static const struct {
	const char *key;
	const char *data;
	const char *sha256;
	const char *sha384;
	const char *sha512;
} rfc4231[] = {
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	  "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	  "faea9ea9076ede7f4af152e8b2fa9cb6",
	  "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	  "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
	{ "4a656665",
	  "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649",
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	/* A key longer than the block. */
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaa",
	  "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
	  "65204b6579202d2048617368204b6579204669727374",
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	  "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
	  "0c2ef6ab4030fe8296248df163f44952",
	  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
};

static void prf_is_rfc4231(void **state)
{
	uint8_t key[256], data[256], out[IKE_PRF_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rfc4231) / sizeof(rfc4231[0]); i++) {
		size_t key_len = unhex(rfc4231[i].key, key);
		size_t len = unhex(rfc4231[i].data, data);
		/* In two parts: they are as good as one. */
		struct ike_slice parts[] = { IKE_SLICE(data, 3),
					     IKE_SLICE(data + 3, len - 3) };
		struct ike_slice k = IKE_SLICE(key, key_len);

		assert_int_equal(ike_prf(IKE_PRF_HMAC_SHA2_256, k, parts, 2,
					 out), 0);
		assert_octets(out, rfc4231[i].sha256);
		assert_int_equal(ike_prf(IKE_PRF_HMAC_SHA2_384, k, parts, 2,
					 out), 0);
		assert_octets(out, rfc4231[i].sha384);
		assert_int_equal(ike_prf(IKE_PRF_HMAC_SHA2_512, k, parts, 2,
					 out), 0);
		assert_octets(out, rfc4231[i].sha512);
	}
	assert_int_not_equal(ike_prf(1, IKE_SLICE(key, 1), NULL, 0, out), 0);
}

/* What old peers have. */
static void sha1_is_rfc2202(void **state)
{
	struct ike_slice text = IKE_SLICE((const uint8_t *)"Hi There", 8);
	uint8_t key[20], out[IKE_PRF_MAX], icv[IKE_ICV_MAX] = { 0 };

	(void)state;
	memset(key, 0x0b, sizeof(key));
	assert_int_equal(ike_prf(IKE_PRF_HMAC_SHA1, IKE_SLICE(key, 20), &text,
				 1, out), 0);
	assert_octets(out, "b617318655057264e28bc0b6fb378c8ef146be00");
	assert_int_equal(ike_integ(IKE_INTEG_HMAC_SHA1_96, IKE_SLICE(key, 20),
				   text, icv), 0);
	/* 96 bits, and nothing behind them. */
	assert_octets(icv, "b617318655057264e28bc0b600000000");
}

/* RFC 4868, section 2.7.2: the keys are as long as the hash, the ICV half. */
static void integ_is_rfc4868(void **state)
{
	static const struct {
		uint16_t id;
		size_t key_len;
		const char *icv;
	} v[] = {
		{ IKE_INTEG_HMAC_SHA2_256_128, 32,
		  "198a607eb44bfbc69903a0f1cf2bbdc5" },
		{ IKE_INTEG_HMAC_SHA2_384_192, 48,
		  "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973" },
		{ IKE_INTEG_HMAC_SHA2_512_256, 64,
		  "637edc6e01dce7e6742a99451aae82df"
		  "23da3e92439e590e43e761b33e910fb8" },
	};
	struct ike_slice text = IKE_SLICE((const uint8_t *)"Hi There", 8);
	uint8_t key[64], icv[IKE_ICV_MAX];

	(void)state;
	memset(key, 0x0b, sizeof(key));
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		assert_int_equal(ike_integ_key_len(v[i].id), v[i].key_len);
		assert_int_equal(ike_integ_icv_len(v[i].id),
				 strlen(v[i].icv) / 2);
		assert_int_equal(ike_integ(v[i].id,
					   IKE_SLICE(key, v[i].key_len), text,
					   icv), 0);
		assert_octets(icv, v[i].icv);
		assert_int_not_equal(ike_integ(v[i].id,
					       IKE_SLICE(key, v[i].key_len - 1),
					       text, icv), 0);
	}
	assert_int_equal(ike_integ_key_len(1), 0);
}

static void cbc_is_rfc3602(void **state)
{
	static const struct {
		const char *key, *iv, *text, *cipher;
	} v[] = {
		/* Section 4, case 1 and 2. */
		{ "06a9214036b8a15b512e03d534120006",
		  "3dafba429d9eb430b422da802c9fac41",
		  "53696e676c6520626c6f636b206d7367",
		  "e353779c1079aeb82708942dbe77181a" },
		{ "c286696d887c9aa0611bbb3e2025a45a",
		  "562e17996d093d28ddb3ba695a2e6f58",
		  "000102030405060708090a0b0c0d0e0f"
		  "101112131415161718191a1b1c1d1e1f",
		  "d296cd94c2cccf8a3a863028b5e1dc0a"
		  "7586602d253cfff91b8266bea6d61ab1" },
		/* NIST SP 800-38A, F.2.5. */
		{ "603deb1015ca71be2b73aef0857d7781"
		  "1f352c073b6108d72d9810a30914dff4",
		  "000102030405060708090a0b0c0d0e0f",
		  "6bc1bee22e409f96e93d7e117393172a"
		  "ae2d8a571e03ac9c9eb76fac45af8e51",
		  "f58c4c04d6e5f1ba779eabfb5f7bfbd6"
		  "9cfc4e967edb808d679f777bc6702c7d" },
	};
	uint8_t key[32], iv[16], buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct ike_slice k = IKE_SLICE(key, unhex(v[i].key, key));
		size_t len = unhex(v[i].text, buf);

		unhex(v[i].iv, iv);
		assert_int_equal(ike_cbc(true, k, iv, buf, len), 0);
		assert_octets(buf, v[i].cipher);
		assert_int_equal(ike_cbc(false, k, iv, buf, len), 0);
		assert_octets(buf, v[i].text);
		/* Whole blocks only, and keys of a length that was agreed on. */
		assert_int_not_equal(ike_cbc(true, k, iv, buf, len - 1), 0);
		k.len--;
		assert_int_not_equal(ike_cbc(true, k, iv, buf, len), 0);
	}
	assert_int_equal(ike_cbc_key_len(IKE_ENCR_AES_CBC, 128), 16);
	assert_int_equal(ike_cbc_key_len(IKE_ENCR_AES_CBC, 256), 32);
	assert_int_equal(ike_cbc_key_len(IKE_ENCR_AES_CBC, 192), 0);
	assert_int_equal(ike_cbc_key_len(IKE_ENCR_AES_CBC, 129), 0);
	assert_int_equal(ike_cbc_key_len(3, 128), 0);
}

/* prf+ is what RFC 5869 calls HKDF-Expand, so its vectors do. */
static void prf_plus_is_rfc5869(void **state)
{
	uint8_t prk[32], info[10], okm[130];
	struct ike_slice seed = IKE_SLICE(info, sizeof(info));

	(void)state;
	unhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
	      prk);
	unhex("f0f1f2f3f4f5f6f7f8f9", info);
	assert_int_equal(ike_prf_plus(IKE_PRF_HMAC_SHA2_256,
				      IKE_SLICE(prk, 32), &seed, 1, okm, 42),
			 0);
	assert_octets(okm, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db"
			   "02d56ecc4c5bf34007208d5b887185865");
	/* Three blocks of another PRF, computed by another implementation. */
	seed = IKE_SLICE((const uint8_t *)"seed", 4);
	assert_int_equal(ike_prf_plus(IKE_PRF_HMAC_SHA2_384,
				      IKE_SLICE((const uint8_t *)"key", 3),
				      &seed, 1, okm, 130),
			 0);
	assert_octets(okm,
		      "245b57f46db11477bf9cd2e6adbc6244448af40400d70a9203399a48"
		      "756b7dbf53087f405e438cf9bbb7d38b34915f6b7dab328fb2580112"
		      "db91d3da5c383d3c2a4de7974aa900251aced8106d3c00211e0cfff9"
		      "5994a7bb4bd1649b19443e957964c1e17a4f309a51f0a8a98a3406f0"
		      "2f0a0322e5ccbcff44fac2b3dfeccff8f261");
	/* No more than 255 blocks (RFC 7296, section 2.13). */
	assert_int_not_equal(ike_prf_plus(IKE_PRF_HMAC_SHA2_256,
					  IKE_SLICE(prk, 32), &seed, 1, okm,
					  255 * 32 + 1),
			     0);
}

/* --------------------------------------------------------------------- AEAD */

static void aead_is_gcm(void **state)
{
	static const char text[] =
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a"
		"721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
	static const struct {
		const char *key;
		const char *cipher;
		const char *icv;
	} v[] = {
		{ "feffe9928665731c6d6a8f9467308308cafebabe",
		  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329ac"
		  "a12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
		  "5bc94fbc3221a5db94fae95ae7121a47" },
		{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f946730"
		  "8308cafebabe",
		  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555"
		  "d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
		  "76fc6ece0f4e1768cddf8853bb2d551b" },
		{ "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
		  "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1"
		  "e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
		  "2519498e80f1478f37ba55bd6d27618c" },
	};
	static const uint16_t shorter[] = { IKE_ENCR_AES_GCM_8,
					    IKE_ENCR_AES_GCM_12 };
	uint8_t key[40], iv[8], aad[20], buf[64], icv[16];

	(void)state;
	unhex("facedbaddecaf888", iv);
	unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad);
	for (size_t i = 0; i < 3; i++) {
		struct ike_slice k = IKE_SLICE(key, unhex(v[i].key, key));
		struct ike_slice a = IKE_SLICE(aad, sizeof(aad));
		size_t len = unhex(text, buf);

		assert_int_equal(ike_aead_seal(IKE_ENCR_AES_GCM_16, k, iv, a,
					       buf, len, icv), 0);
		assert_octets(buf, v[i].cipher);
		assert_octets(icv, v[i].icv);
		assert_int_equal(ike_aead_open(IKE_ENCR_AES_GCM_16, k, iv, a,
					       buf, len, icv), 0);
		assert_octets(buf, text);

		/* A bit turned anywhere is found. */
		ike_aead_seal(IKE_ENCR_AES_GCM_16, k, iv, a, buf, len, icv);
		icv[15] ^= 1;
		assert_int_not_equal(ike_aead_open(IKE_ENCR_AES_GCM_16, k, iv,
						   a, buf, len, icv), 0);
		unhex(text, buf);
		ike_aead_seal(IKE_ENCR_AES_GCM_16, k, iv, a, buf, len, icv);
		aad[0] ^= 1;
		assert_int_not_equal(ike_aead_open(IKE_ENCR_AES_GCM_16, k, iv,
						   a, buf, len, icv), 0);
		aad[0] ^= 1;

		/* A shorter ICV is the beginning of the long one. */
		for (size_t j = 0; j < 2; j++) {
			size_t n = ike_aead_icv_len(shorter[j]);

			assert_int_equal(n, j ? 12 : 8);
			unhex(text, buf);
			memset(icv, 0xee, sizeof(icv));
			assert_int_equal(ike_aead_seal(shorter[j], k, iv, a,
						       buf, len, icv), 0);
			assert_octets(buf, v[i].cipher);
			assert_int_equal(icv[n], 0xee);
			memset(icv + n, 0, sizeof(icv) - n);
			assert_int_equal(ike_aead_open(shorter[j], k, iv, a,
						       buf, len, icv), 0);
			assert_octets(buf, text);
			ike_aead_seal(shorter[j], k, iv, a, buf, len, icv);
			icv[n - 1] ^= 1;
			assert_int_not_equal(ike_aead_open(shorter[j], k, iv, a,
							   buf, len, icv), 0);
		}
	}
	assert_int_equal(ike_aead_key_len(IKE_ENCR_AES_GCM_16, 128), 20);
	assert_int_equal(ike_aead_key_len(IKE_ENCR_AES_GCM_16, 192), 28);
	assert_int_equal(ike_aead_key_len(IKE_ENCR_AES_GCM_16, 256), 36);
	assert_int_equal(ike_aead_key_len(IKE_ENCR_CHACHA20_POLY1305, 0), 36);
	assert_int_equal(ike_aead_key_len(IKE_ENCR_CHACHA20_POLY1305, 256), 0);
	assert_int_equal(ike_aead_key_len(12, 256), 0);
	assert_int_equal(ike_aead_key_len(IKE_ENCR_NULL_AES_GMAC, 256), 0);
}

/* RFC 7634, appendix B: a message of IKEv2. */
static void aead_is_rfc7634(void **state)
{
	static const char text[] = "0000000c000040010000000a00";
	uint8_t key[36], iv[8], aad[32], buf[16], icv[16];
	struct ike_slice k = IKE_SLICE(key, 36), a = IKE_SLICE(aad, 32);
	size_t len = unhex(text, buf);

	(void)state;
	unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
	      "a0a1a2a3", key);
	unhex("1011121314151617", iv);
	unhex("c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029",
	      aad);
	assert_int_equal(ike_aead_seal(IKE_ENCR_CHACHA20_POLY1305, k, iv, a,
				       buf, len, icv), 0);
	assert_octets(buf, "610394701f8d017f7c12924889");
	assert_octets(icv, "6b71bfe25236efd7cdc67066906315b2");
	assert_int_equal(ike_aead_open(IKE_ENCR_CHACHA20_POLY1305, k, iv, a,
				       buf, len, icv), 0);
	assert_octets(buf, text);
}

/* ------------------------------------------------------------- key exchange */

/* "Random" numbers that are given, or count up from one. */
struct fixed {
	const char *hex;
	uint8_t first;
};

static int fixed_bytes(void *ctx, void *buf, size_t len)
{
	struct fixed *f = ctx;
	uint8_t *out = buf;

	if (f->hex)
		assert_int_equal(unhex(f->hex, out), len);
	else
		for (size_t i = 0; i < len; i++)
			out[i] = (uint8_t)(f->first + i);
	return 0;
}

static const struct {
	uint16_t group;
	const char *a, *a_public, *b, *b_public, *secret;
} vectors[] = {
	{ IKE_KE_X25519, /* RFC 7748, section 6.1 */
	  "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	  "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
	  "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
	{ IKE_KE_ECP_256, /* RFC 5903, section 8.1 */
	  "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
	  "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
	  "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
	  "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
	  "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
	  "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
	  "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de" },
	{ IKE_KE_ECP_384, /* section 8.2 */
	  "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
	  "e35b538041e649ee3faef896783ab194",
	  "667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6"
	  "de3ac808acb4bdb4c88732aee95f41aa"
	  "9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38e"
	  "eb9fcff3c2c947dae69b4c634573a81c",
	  "41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942"
	  "e0308312916b8ed2960e4bd55a7448fc",
	  "e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d"
	  "0d1ac43a0336def96fda41d0774a3571"
	  "dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1ff"
	  "f83fa40142209dff5eaad96db9e6386c",
	  "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
	  "d603135569b9e9d09cf5d4a270f59746" },
	{ IKE_KE_ECP_521, /* section 8.3 */
	  "0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a0"
	  "95aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d"
	  "4a52",
	  "0015417e84dbf28c0ad3c278713349dc7df153c897a1891bd98bab4357c9ecbe"
	  "e1e3bf42e00b8e380aeae57c2d107564941885942af5a7f4601723c4195d176c"
	  "ed3e"
	  "017cae20b6641d2eeb695786d8c946146239d099e18e1d5a514c739d7cb4a10a"
	  "d8a788015ac405d7799dc75e7b7d5b6cf2261a6a7f1507438bf01beb6ca3926f"
	  "9582",
	  "0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e"
	  "9c677d600b343757a3bdbf2a3163e4c2f869cca7458aa4a4effc311f5cb15168"
	  "5eb9",
	  "00d0b3975ac4b799f5bea16d5e13e9af971d5e9b984c9f39728b5e5739735a21"
	  "9b97c356436adc6e95bb0352f6be64a6c2912d4ef2d0433ced2b6171640012d9"
	  "460f"
	  "015c68226383956e3bd066e797b623c27ce0eac2f551a10c2c724d9852077b87"
	  "220b6536c5c408a1d2aebb8e86d678ae49cb57091f4732296579ab44fcd17f0f"
	  "c56a",
	  "01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04"
	  "d1427e73ca4baa240a34786859810c06b3c715a3a8cc3151f2bee417996d19f3"
	  "ddea" },
};

static void curves_are_the_rfcs(void **state)
{
	uint8_t secret[IKE_DH_SECRET_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct fixed fa = { .hex = vectors[i].a };
		struct fixed fb = { .hex = vectors[i].b };
		struct ike_dh *a = ike_dh_new(vectors[i].group, fixed_bytes,
					      &fa);
		struct ike_dh *b = ike_dh_new(vectors[i].group, fixed_bytes,
					      &fb);

		assert_non_null(a);
		assert_non_null(b);
		assert_octets(ike_dh_public(a).data, vectors[i].a_public);
		assert_octets(ike_dh_public(b).data, vectors[i].b_public);
		assert_int_equal(ike_dh_derive(a, ike_dh_public(b), secret),
				 strlen(vectors[i].secret) / 2);
		assert_octets(secret, vectors[i].secret);
		ike_dh_derive(b, ike_dh_public(a), secret);
		assert_octets(secret, vectors[i].secret);
		ike_dh_free(a);
		ike_dh_free(b);
	}
}

/* The numbers are long: HMAC-SHA2-256 with an empty key stands for them. */
static void modp_is_rfc3526(void **state)
{
	/*
	 * g^a and g^ab for a = 01 02 03 …, b = 65 66 67 …, modulo the primes as
	 * RFC 3526 defines them by pi, from another implementation.
	 */
	static const struct {
		uint16_t group;
		const char *public, *secret;
	} v[] = {
		{ IKE_KE_MODP_2048,
		  "e6a6bbf5fd7fabf641b1d84b665a7dafa3091475029cd87e6a50c64b68a97b64",
		  "2af38e9deef4d3e16ab53cbad517ca413ee27a03b0d2272adf69bebeea822f87" },
		{ IKE_KE_MODP_3072,
		  "f92a1ad3ca24be2f5c4508706e1d4c39ec2f8866a0413c2e0a7e4685c35661dd",
		  "2cd2a4f3fd457cf285e1568877cb1fdf657dec284dfc713ca78ce71e1c027719" },
		{ IKE_KE_MODP_4096,
		  "faaccfd961baaa86b8a76aff49c7febc5d2ea7e9d4305255b644530b51ba74a6",
		  "cfa6a2dadd7834582ed338ec1ff42cc387f9ff6bca6651a6db478eae05c47114" },
	};
	uint8_t secret[IKE_DH_SECRET_MAX], sum[IKE_PRF_MAX];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fixed fa = { .first = 1 }, fb = { .first = 101 };
		struct ike_dh *a = ike_dh_new(v[i].group, fixed_bytes, &fa);
		struct ike_dh *b = ike_dh_new(v[i].group, fixed_bytes, &fb);
		struct ike_slice part = ike_dh_public(a);
		int len;

		ike_prf(IKE_PRF_HMAC_SHA2_256, IKE_SLICE(NULL, 0), &part, 1,
			sum);
		assert_octets(sum, v[i].public);
		len = ike_dh_derive(a, ike_dh_public(b), secret);
		assert_int_equal(len, ike_dh_secret_len(v[i].group));
		part = IKE_SLICE(secret, (size_t)len);
		ike_prf(IKE_PRF_HMAC_SHA2_256, IKE_SLICE(NULL, 0), &part, 1,
			sum);
		assert_octets(sum, v[i].secret);
		ike_dh_free(a);
		ike_dh_free(b);
	}
}

/* RFC 6989 and RFC 8031: values no honest peer sends. */
/* RFC 6989, section 2.1: p - 1, p and what is beyond; with p - 2 all is well. */
static void modp_ends_below_the_prime(void **state)
{
	static const struct {
		uint16_t id;
		BIGNUM *(*prime)(BIGNUM *p);
	} groups[] = {
		{ IKE_KE_MODP_2048, BN_get_rfc3526_prime_2048 },
		{ IKE_KE_MODP_3072, BN_get_rfc3526_prime_3072 },
		{ IKE_KE_MODP_4096, BN_get_rfc3526_prime_4096 },
	};
	uint8_t value[IKE_DH_PUBLIC_MAX], secret[IKE_DH_SECRET_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct fixed f = { .first = 1 };
		struct ike_dh *dh = ike_dh_new(groups[i].id, fixed_bytes, &f);
		size_t len = ike_dh_public_len(groups[i].id);
		BIGNUM *y = groups[i].prime(NULL);

		assert_int_equal(BN_num_bytes(y), len);
		BN_add_word(y, 1);
		for (int above = 1; above >= -2; above--) {
			int got;

			assert_int_equal(BN_bn2binpad(y, value, (int)len), len);
			got = ike_dh_derive(dh, IKE_SLICE(value, len), secret);
			assert_int_equal(got > 0, above == -2);
			BN_sub_word(y, 1);
		}
		BN_free(y);
		ike_dh_free(dh);
	}
}

static void unfit_values_are_refused(void **state)
{
	static const uint16_t groups[] = { IKE_KE_MODP_2048, IKE_KE_MODP_3072,
					   IKE_KE_MODP_4096, IKE_KE_ECP_256,
					   IKE_KE_ECP_384, IKE_KE_ECP_521,
					   IKE_KE_X25519 };
	/* A point of order 8 of Curve25519. */
	static const char order8[] =
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b8"
		"00";
	uint8_t value[IKE_DH_PUBLIC_MAX + 1], secret[IKE_DH_SECRET_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct fixed f = { .first = 1 };
		struct ike_dh *dh = ike_dh_new(groups[i], fixed_bytes, &f);
		size_t len = ike_dh_public_len(groups[i]);
		bool modp = len > 200;

		memset(value, 0, sizeof(value));
		assert_true(ike_dh_derive(dh, IKE_SLICE(value, len), secret) <
			    0);
		if (modp) {
			value[len - 1] = 1;
			assert_true(ike_dh_derive(dh, IKE_SLICE(value, len),
						  secret) < 0);
			value[len - 1] = 2;
			assert_true(ike_dh_derive(dh, IKE_SLICE(value, len),
						  secret) > 0);
		}
		memset(value, 0xff, sizeof(value));
		if (modp || groups[i] != IKE_KE_X25519)
			assert_true(ike_dh_derive(dh, IKE_SLICE(value, len),
						  secret) < 0);
		if (groups[i] == IKE_KE_X25519) {
			unhex(order8, value);
			assert_true(ike_dh_derive(dh, IKE_SLICE(value, len),
						  secret) < 0);
		} else if (!modp) {
			/* Our own point, moved off the curve. */
			memcpy(value, ike_dh_public(dh).data, len);
			value[len - 1] ^= 1;
			assert_true(ike_dh_derive(dh, IKE_SLICE(value, len),
						  secret) < 0);
		}
		/* Lengths that are not the group's. */
		memcpy(value, ike_dh_public(dh).data, len);
		assert_true(ike_dh_derive(dh, IKE_SLICE(value, len - 1),
					  secret) < 0);
		assert_true(ike_dh_derive(dh, IKE_SLICE(value, len + 1),
					  secret) < 0);
		assert_true(ike_dh_derive(dh, IKE_SLICE(value, 0), secret) < 0);
		ike_dh_free(dh);
	}
	assert_null(ike_dh_new(2, fixed_bytes, NULL));
	assert_null(ike_dh_new(0, fixed_bytes, NULL));
	assert_null(ike_dh_new(65535, fixed_bytes, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prf_is_rfc4231),
		cmocka_unit_test(prf_plus_is_rfc5869),
		cmocka_unit_test(sha1_is_rfc2202),
		cmocka_unit_test(integ_is_rfc4868),
		cmocka_unit_test(cbc_is_rfc3602),
		cmocka_unit_test(aead_is_gcm),
		cmocka_unit_test(aead_is_rfc7634),
		cmocka_unit_test(curves_are_the_rfcs),
		cmocka_unit_test(modp_is_rfc3526),
		cmocka_unit_test(modp_ends_below_the_prime),
		cmocka_unit_test(unfit_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

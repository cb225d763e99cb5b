// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parser: messages cut short at every octet, every length field lied
 * about, every octet damaged; in clear and behind SK. What is handed to it
 * ends where its allocation ends, so reading too far is seen by the address
 * sanitizer.
 */
#include "testing.h"

#include "proposal.h"
#include "sk.h"
#include "ts.h"

/* One of each kind of SK; the tests are run with each. */
#define KEYS(cipher, e, hmac, a)                               \
	{                                                      \
		.prf = IKE_PRF_HMAC_SHA2_256,                  \
		.encr = IKE_ENCR_##cipher,                     \
		.integ = IKE_INTEG_##hmac,                     \
		.prf_len = 32,                                 \
		.a_len = a,                                    \
		.e_len = e,                                    \
		.ai = { 7, 8, 9 },                             \
		.ar = { 10, 11, 12 },                          \
		.ei = { 1, 2, 3 },                             \
		.er = { 4, 5, 6 },                             \
	}

static const struct ike_keys all_keys[] = {
	KEYS(AES_GCM_16, 36, NONE, 0),
	KEYS(AES_GCM_8, 28, NONE, 0),
	KEYS(CHACHA20_POLY1305, 36, NONE, 0),
	KEYS(AES_CBC, 16, HMAC_SHA1_96, 20),
	KEYS(AES_CBC, 32, HMAC_SHA2_512_256, 64),
};

#define N_KEYS (sizeof(all_keys) / sizeof(all_keys[0]))

static const struct ike_keys *keys = all_keys;

/* ---------------------------------------------------- a message of everything */

static void put_everything(struct ike_builder *b, bool init)
{
	static const uint8_t octets[64] = { 42 };
	struct ike_suite suite = { 0 };
	uint32_t spis[] = { 0x11223344, 0x55667788 };
	struct ike_ts_set ts;
	char why[200];

	ike_suite_parse(&suite, init ? IKE_SUITE_IKE : IKE_SUITE_ESP,
			init ? "aes256gcm16-aes128gcm16-prfsha256-x25519" :
			       "aes256gcm16-ecp256",
			why, sizeof(why));
	ike_build_offer(b, init ? IKE_USE_INIT : IKE_USE_CHILD, &suite,
			0x12345678);
	ike_build_ke(b, IKE_KE_X25519, IKE_SLICE(octets, 32));
	ike_build_nonce(b, IKE_SLICE(octets, 32));
	ike_build_notify(b, IKE_PROTO_ESP, IKE_SLICE(octets, 4), IKE_N_REKEY_SA,
			 IKE_SLICE(octets, 3));
	ike_build_status(b, IKE_N_INITIAL_CONTACT);
	ike_build_open(b, IKE_PAYLOAD_VENDOR);
	ike_put(&b->w, IKE_SLICE(octets, 16));
	ike_build_close(b);
	if (init)
		return;
	ike_build_id(b, IKE_PAYLOAD_IDI, IKE_SLICE(octets, 12));
	ike_build_id(b, IKE_PAYLOAD_IDR, IKE_SLICE(octets, 8));
	ike_build_cert(b, IKE_PAYLOAD_CERT, IKE_SLICE(octets, 40));
	ike_build_cert(b, IKE_PAYLOAD_CERT, IKE_SLICE(octets, 1));
	ike_build_cert(b, IKE_PAYLOAD_CERTREQ, IKE_SLICE(octets, 20));
	ike_build_auth(b, IKE_AUTH_SHARED_KEY, IKE_SLICE(octets, 32));
	/* Known, so that a critical bit does no harm, and nobody looks into them. */
	ike_build_open(b, IKE_PAYLOAD_CP);
	ike_put(&b->w, IKE_SLICE(octets, 12));
	ike_build_close(b);
	ike_build_open(b, IKE_PAYLOAD_EAP);
	ike_put(&b->w, IKE_SLICE(octets, 5));
	ike_build_close(b);
	ike_build_delete_esp(b, spis, 2);
	ike_build_delete_ike(b);
	ike_ts_any(&ts);
	ike_build_ts(b, IKE_PAYLOAD_TSI, &ts);
	ike_build_ts(b, IKE_PAYLOAD_TSR, &ts);
}

/* Payloads as a whole message, in clear or behind SK. Return: its octets. */
static size_t wrap(const struct ike_builder *b, bool sealed, uint8_t *out,
		   size_t size)
{
	struct ike_header h = {
		.spi_i = 1,
		.spi_r = 2,
		.next_payload = b->first,
		.version = 0x20,
		.exchange = IKE_EXCHANGE_SA_INIT,
		.flags = IKE_FLAG_INITIATOR,
		.length = (uint32_t)(IKE_HEADER_LEN + b->w.len),
	};

	assert_false(b->w.failed);
	if (sealed) {
		int len = ike_sk_seal(keys, true, 7, &h, b->first,
				      IKE_SLICE(b->w.data, b->w.len), out,
				      size);

		assert_true(len > 0);
		return (size_t)len;
	}
	ike_header_write(out, &h);
	memcpy(out + IKE_HEADER_LEN, b->w.data, b->w.len);
	return h.length;
}

/* Parses a message, and opens it if it is sealed. */
static int parse(struct ike_msg *msg, struct ike_slice raw, uint8_t *plain)
{
	int err = ike_msg_parse(msg, raw);

	if (!err && (msg->present & IKE_P_SK))
		err = ike_sk_open(keys, true, msg, plain, raw.len);
	return err;
}

/* Everything that can be walked is: it must hold what was checked. */
static void walk(const struct ike_msg *msg)
{
	struct ike_reader r = ike_read(msg->sa);
	struct ike_proposal prop;
	struct ike_ts ts;
	char text[512];

	while (ike_proposal_next(&r, &prop) > 0)
		;
	assert_int_equal(r.left, 0);
	ike_offer_format(msg->sa, text, sizeof(text));
	r = ike_read(msg->tsi);
	while (ike_ts_next(&r, &ts) > 0)
		;
	assert_int_equal(r.left, 0);
	for (unsigned int i = 0; i < msg->n_deletes; i++)
		assert_true(msg->deletes[i].protocol == IKE_PROTO_IKE ||
			    msg->deletes[i].spis.len ==
				    4u * msg->deletes[i].n_spis);
}

static void what_is_built_is_parsed(void **state)
{
	uint8_t buf[2048], out[2048], plain[2048];
	struct ike_builder b;
	struct ike_msg msg;

	(void)state;
	for (int sealed = 0; sealed < 2; sealed++) {
		ike_build_start(&b, buf, sizeof(buf));
		put_everything(&b, false);
		assert_int_equal(parse(&msg,
				       IKE_SLICE(out, wrap(&b, sealed, out,
							   sizeof(out))),
				       plain),
				 0);
		assert_int_equal(msg.encrypted, sealed);
		assert_int_equal(msg.present & ~IKE_P_SK,
				 IKE_P_SA | IKE_P_KE | IKE_P_NONCE |
					 IKE_P_NOTIFY | IKE_P_VENDOR |
					 IKE_P_IDI | IKE_P_IDR | IKE_P_AUTH |
					 IKE_P_CERT | IKE_P_CERTREQ |
					 IKE_P_CP | IKE_P_EAP | IKE_P_DELETE |
					 IKE_P_TSI | IKE_P_TSR);
		assert_int_equal(msg.ke_group, IKE_KE_X25519);
		assert_int_equal(msg.ke.len, 32);
		assert_int_equal(msg.nonce.len, 32);
		assert_int_equal(msg.n_notifies, 2);
		assert_int_equal(msg.notifies[0].type, IKE_N_REKEY_SA);
		assert_int_equal(msg.notifies[0].spi.len, 4);
		assert_int_equal(msg.notifies[0].data.len, 3);
		assert_int_equal(msg.n_deletes, 2);
		assert_int_equal(msg.deletes[0].n_spis, 2);
		assert_int_equal(msg.auth_method, IKE_AUTH_SHARED_KEY);
		assert_int_equal(msg.n_certs, 2);
		assert_int_equal(msg.certs[0].len, 40);
		assert_int_equal(msg.certs[1].len, 1);
		walk(&msg);
	}
}

static void cut_short_is_refused(void **state)
{
	uint8_t buf[2048], out[2048], plain[2048];
	struct ike_builder b;
	struct ike_msg msg;

	(void)state;
	ike_build_start(&b, buf, sizeof(buf));
	put_everything(&b, false);
	/* In clear: the octets end, and the header's length says so. */
	for (size_t len = 0; len < IKE_HEADER_LEN + b.w.len; len++) {
		struct ike_slice s;

		wrap(&b, false, out, sizeof(out));
		put_be32(out + 24, (uint32_t)len);
		s = tight(out, len);
		assert_int_not_equal(parse(&msg, s, plain), 0);
		tight_free(s);
	}
	/* Behind SK: sealed after it was cut, so it is authentic. */
	for (size_t len = 1; len < b.w.len; len++) {
		struct ike_builder part = b;
		struct ike_slice s, p;

		part.w.len = len;
		s = tight(out, wrap(&part, true, out, sizeof(out)));
		p = tight(plain, s.len);
		assert_int_not_equal(parse(&msg, s, (uint8_t *)p.data), 0);
		tight_free(p);
		tight_free(s);
	}
	/* Sealed, then cut: it is not authentic. */
	for (size_t len = 0, all = wrap(&b, true, out, sizeof(out)); len < all;
	     len++) {
		struct ike_slice s;

		wrap(&b, true, out, sizeof(out));
		put_be32(out + 24, (uint32_t)len);
		if (len > 32)
			put_be16(out + 30, (uint16_t)(len - 28));
		s = tight(out, len);
		assert_int_not_equal(parse(&msg, s, plain), 0);
		tight_free(s);
	}
}

/* Each pair of octets might be a length; each octet, too. */
static void lies_do_no_harm(void **state)
{
	static const uint16_t lies[] = { 0, 1, 3, 4, 7, 8, 12, 255, 256, 32767,
					 65532, 65535 };
	uint8_t good[2048], out[2048], plain[2048];
	struct ike_builder b;
	struct ike_msg msg;

	(void)state;
	ike_build_start(&b, good, sizeof(good));
	put_everything(&b, false);
	for (int sealed = 0; sealed < 2; sealed++) {
		for (size_t at = 0; at + 1 < b.w.len; at++) {
			for (size_t i = 0; i < 2 + sizeof(lies) / 2; i++) {
				uint16_t was = get_be16(good + at);
				uint16_t lie = i == 0 ? was + 1 :
					       i == 1 ? was - 1 :
							lies[i - 2];
				struct ike_slice s, p;

				put_be16(good + at, lie);
				s = tight(out, wrap(&b, sealed, out,
						    sizeof(out)));
				put_be16(good + at, was);
				p = tight(plain, s.len);
				if (!parse(&msg, s, (uint8_t *)p.data))
					walk(&msg);
				tight_free(p);
				tight_free(s);
			}
		}
	}
}

/* Parses payloads, which end where their allocations do. Return: as parse(). */
static int parse_tight(const struct ike_builder *b, bool sealed)
{
	uint8_t out[2048];
	struct ike_slice s = tight(out, wrap(b, sealed, out, sizeof(out)));
	struct ike_slice p = tight(out, s.len);
	struct ike_msg msg;
	int err = parse(&msg, s, (uint8_t *)p.data);

	if (!err)
		walk(&msg);
	tight_free(p);
	tight_free(s);
	return err;
}

/* The payload lengths proper: a lie about one must not be believed. */
static void lies_about_payloads_are_refused(void **state)
{
	uint8_t good[2048];
	struct ike_builder b;
	unsigned int payloads = 0;

	(void)state;
	ike_build_start(&b, good, sizeof(good));
	put_everything(&b, false);
	for (size_t at = 0; at < b.w.len; at += get_be16(good + at + 2)) {
		uint16_t was = get_be16(good + at + 2);
		uint16_t end = (uint16_t)(b.w.len - at);
		uint16_t lies[] = { 0, 1, 2, 3, end + 1, end + 2, 32767, 65535 };

		for (size_t i = 0; i < 2 * sizeof(lies) / sizeof(lies[0]); i++) {
			put_be16(good + at + 2, lies[i / 2]);
			assert_int_not_equal(parse_tight(&b, i % 2), 0);
		}
		put_be16(good + at + 2, was);
		payloads++;
	}
	assert_int_equal(payloads, 18);
}

/*
 * How short the body of a payload may be, its length field being right; @body is
 * one that is as it should be, of @len octets.
 */
static size_t shortest(uint8_t type, const uint8_t *body, size_t len)
{
	switch (type) {
	case IKE_PAYLOAD_KE:
		return 5; /* with one octet of a value */
	case IKE_PAYLOAD_IDI:
	case IKE_PAYLOAD_IDR:
	case IKE_PAYLOAD_AUTH:
		return 4;
	case IKE_PAYLOAD_CERT:
		return 2; /* with one octet of a certificate */
	case IKE_PAYLOAD_NONCE:
		return 16;
	case IKE_PAYLOAD_NOTIFY:
		return 4u + body[1]; /* with its SPI */
	case IKE_PAYLOAD_CERTREQ:
	case IKE_PAYLOAD_VENDOR:
	case IKE_PAYLOAD_CP:
	case IKE_PAYLOAD_EAP:
		return 0; /* nobody looks into them */
	default:
		return len; /* they say themselves how much there is */
	}
}

/* A payload that is too short for what it says, and nothing else is wrong. */
static void short_bodies_are_refused(void **state)
{
	uint8_t good[2048], cut[2048];
	struct ike_builder b, part;
	unsigned int refused = 0;
	uint8_t type;

	(void)state;
	ike_build_start(&b, good, sizeof(good));
	put_everything(&b, false);
	type = b.first;
	for (size_t at = 0; at < b.w.len; at += get_be16(good + at + 2)) {
		size_t len = get_be16(good + at + 2) - 4u;
		size_t least = shortest(type, good + at + 4, len);

		for (size_t n = 0; n <= len; n++) {
			/* What comes behind it closes up. */
			part = b;
			part.w.data = cut;
			part.w.len = b.w.len - (len - n);
			memcpy(cut, good, at + 4 + n);
			put_be16(cut + at + 2, (uint16_t)(4 + n));
			memcpy(cut + at + 4 + n, good + at + 4 + len,
			       b.w.len - at - 4 - len);
			for (int sealed = 0; sealed < 2; sealed++) {
				int err = parse_tight(&part, sealed);

				assert_int_equal(!!err, n < least);
				refused += !!err;
			}
		}
		type = good[at];
	}
	assert_true(refused > 400);
}

static void forgery_is_found(void **state)
{
	uint8_t buf[2048], out[2048], plain[2048];
	struct ike_builder b;
	struct ike_msg msg;
	size_t len;

	(void)state;
	ike_build_start(&b, buf, sizeof(buf));
	ike_build_status(&b, IKE_N_INITIAL_CONTACT);
	len = wrap(&b, true, out, sizeof(out));
	for (size_t bit = 0; bit < len * 8; bit++) {
		uint8_t copy[256];

		memcpy(copy, out, len);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(parse(&msg, IKE_SLICE(copy, len), plain),
				     0);
	}
	/* Nor is the other direction's key good for it. */
	assert_int_equal(ike_msg_parse(&msg, IKE_SLICE(out, len)), 0);
	assert_int_equal(ike_sk_open(keys, false, &msg, plain, sizeof(plain)),
			 -EPERM);
}

/* A message is as long as ike_sk_room() says, and no octet longer. */
static void room_is_used(void **state)
{
	static const uint8_t octets[1300];
	uint8_t out[1400];
	struct ike_header h = { .spi_i = 1, .version = 0x20 };
	struct ike_fragment f = { 1, 2 };

	(void)state;
	for (size_t size = 100; size < 1300; size += 7) {
		size_t room = ike_sk_room(keys, size, false);

		assert_true(ike_sk_seal(keys, true, 1, &h, 0,
					IKE_SLICE(octets, room), out,
					size) > 0);
		assert_int_equal(ike_sk_seal(keys, true, 1, &h, 0,
					     IKE_SLICE(octets, room + 1), out,
					     size),
				 -EMSGSIZE);
		room = ike_sk_room(keys, size, true);
		assert_true(ike_skf_seal(keys, true, 1, &h, &f, 0,
					 IKE_SLICE(octets, room), out,
					 size) > 0);
		assert_int_equal(ike_skf_seal(keys, true, 1, &h, &f, 0,
					      IKE_SLICE(octets, room + 1), out,
					      size),
				 -EMSGSIZE);
	}
	assert_int_equal(ike_sk_room(keys, 40, false), 0);
	assert_int_equal(ike_sk_room(keys, 0, true), 0);
}

/* ------------------------------------------------- encryption, then the HMAC */

/* A message with @text as it stands inside SK, padding and all. */
static size_t seal_raw(const uint8_t *text, size_t len, uint8_t *out)
{
	size_t icv = ike_integ_icv_len(keys->integ);
	struct ike_header h = {
		.spi_i = 1,
		.spi_r = 2,
		.next_payload = IKE_PAYLOAD_SK,
		.version = 0x20,
		.exchange = IKE_EXCHANGE_INFORMATIONAL,
		.flags = IKE_FLAG_INITIATOR,
		.length = (uint32_t)(IKE_HEADER_LEN + 4 + 16 + len + icv),
	};

	memset(out, 0, h.length);
	ike_header_write(out, &h);
	put_be16(out + 30, (uint16_t)(h.length - IKE_HEADER_LEN));
	memset(out + 32, 0x55, 16);
	memcpy(out + 48, text, len);
	assert_int_equal(ike_cbc(true, IKE_SLICE(keys->ei, keys->e_len),
				 out + 32, out + 48, len),
			 0);
	assert_int_equal(ike_integ(keys->integ,
				   IKE_SLICE(keys->ai, keys->a_len),
				   IKE_SLICE(out, 48 + len), out + 48 + len),
			 0);
	return h.length;
}

static void cbc_padding(void **state)
{
	uint8_t text[256], out[512], plain[512];
	struct ike_msg msg;
	size_t len;

	(void)state;
	if (!keys->integ)
		return;
	/* Of any octets, and as long as the sender likes. */
	memset(text, 0xab, sizeof(text));
	text[255] = 255;
	len = seal_raw(text, 256, out);
	assert_int_equal(parse(&msg, IKE_SLICE(out, len), plain), 0);
	text[15] = 15;
	len = seal_raw(text, 16, out);
	assert_int_equal(parse(&msg, IKE_SLICE(out, len), plain), 0);
	/* Longer than the text: authentic, but malformed. */
	text[15] = 16;
	len = seal_raw(text, 16, out);
	assert_int_equal(parse(&msg, IKE_SLICE(out, len), plain), -EBADMSG);
	/*
	 * Whatever the padding is, a forger hears the same, as the check comes
	 * first.
	 */
	for (unsigned int pad = 0; pad < 256; pad++) {
		text[15] = (uint8_t)pad;
		len = seal_raw(text, 16, out);
		out[len - 1] ^= 0x80;
		assert_int_equal(parse(&msg, IKE_SLICE(out, len), plain),
				 -EPERM);
	}
	/* Not whole blocks, though authentic: such a thing is not made. */
	text[15] = 0;
	len = seal_raw(text, 16, out);
	put_be32(out + 24, (uint32_t)len - 1);
	put_be16(out + 30, (uint16_t)(len - 1 - IKE_HEADER_LEN));
	ike_integ(keys->integ, IKE_SLICE(keys->ai, keys->a_len),
		  IKE_SLICE(out, 63), out + 63);
	assert_int_equal(parse(&msg, IKE_SLICE(out, len - 1), plain), -EPERM);
	/* Nothing between IV and ICV. */
	len = seal_raw(text, 0, out);
	assert_int_equal(parse(&msg, IKE_SLICE(out, len), plain), -EPERM);
}

/* No two IVs are the same, and the next one cannot be told from the last. */
static void cbc_ivs(void **state)
{
	uint8_t out[2][256];
	struct ike_header h = { .spi_i = 1, .version = 0x20 };
	unsigned int same = 0;

	(void)state;
	if (!keys->integ)
		return;
	for (unsigned int i = 0; i < 2; i++)
		assert_true(ike_sk_seal(keys, true, 1 + i, &h, 0,
					IKE_SLICE(NULL, 0), out[i],
					sizeof(out[i])) > 0);
	for (unsigned int i = 0; i < 16; i++)
		same += out[0][32 + i] == out[1][32 + i];
	assert_in_range(same, 0, 3);
	/* Nor is it the other direction's. */
	ike_sk_seal(keys, false, 1, &h, 0, IKE_SLICE(NULL, 0), out[1],
		    sizeof(out[1]));
	assert_memory_not_equal(out[0] + 32, out[1] + 32, 16);
}

/* -------------------------------------------------------------- section 2.5 */

static int parse_raw(struct ike_msg *msg, uint8_t first, const char *hex)
{
	static uint8_t out[512];
	struct ike_header h = { .spi_i = 1, .next_payload = first,
				.version = 0x20, .exchange = 34 };

	h.length = (uint32_t)(28 + unhex(hex, out + 28));
	ike_header_write(out, &h);
	return ike_msg_parse(msg, IKE_SLICE(out, h.length));
}

static void unknown_payloads(void **state)
{
	struct ike_msg msg;

	(void)state;
	/* Unknown, not critical: skipped. */
	assert_int_equal(parse_raw(&msg, 200, "29000006ffff000000080000400000"),
			 -EBADMSG);
	assert_int_equal(parse_raw(&msg, 200, "29000006ffff0000000800004000"),
			 0);
	assert_int_equal(msg.unknown_critical, 0);
	assert_int_equal(msg.n_notifies, 1);
	/* Unknown and critical: reported, and the rest still parsed. */
	assert_int_equal(parse_raw(&msg, 200, "29800006ffff0000000800004000"),
			 0);
	assert_int_equal(msg.unknown_critical, 200);
	/* Known: the bit means nothing. */
	assert_int_equal(parse_raw(&msg, 41, "0080000800004000"), 0);
	assert_int_equal(msg.unknown_critical, 0);
}

static void only_once(void **state)
{
	struct ike_msg msg;
	char hex[400] = "";

	(void)state;
	/* Two nonces. */
	strcat(hex, "28000014");
	for (int i = 0; i < 16; i++)
		strcat(hex, "aa");
	strcat(hex, "00000014");
	for (int i = 0; i < 16; i++)
		strcat(hex, "bb");
	assert_int_equal(parse_raw(&msg, 40, hex), -EBADMSG);
	/* A nonce that is too short. */
	assert_int_equal(parse_raw(&msg, 40, "0000000caabbccddaabbccdd"),
			 -EBADMSG);
	/* A payload behind SK. */
	assert_int_equal(parse_raw(&msg, 46, "2900000500"
					     "0000000800004000"),
			 -EBADMSG);
}

/* Certificates that are empty, and those of kinds that we do not know. */
static void certificates(void **state)
{
	static const uint8_t octets[9] = { 0x30, 7 };
	uint8_t buf[512], out[600], plain[600];
	struct ike_builder b;
	struct ike_msg msg;

	(void)state;
	assert_int_equal(parse_raw(&msg, 37, "00000004"), -EBADMSG);
	assert_int_equal(parse_raw(&msg, 37, "0000000504"), -EBADMSG);
	/* A hash and a URL: nothing that we would fetch. */
	assert_int_equal(parse_raw(&msg, 37, "000000070c6162"), 0);
	assert_int_equal(msg.n_certs, 0);
	/* More than a chain needs are not kept. */
	ike_build_start(&b, buf, sizeof(buf));
	for (int i = 0; i < IKE_CERTS_MAX + 2; i++)
		ike_build_cert(&b, IKE_PAYLOAD_CERT, IKE_SLICE(octets, 9));
	for (int sealed = 0; sealed < 2; sealed++) {
		assert_int_equal(parse(&msg,
				       IKE_SLICE(out, wrap(&b, sealed, out,
							   sizeof(out))),
				       plain),
				 0);
		assert_int_equal(msg.n_certs, IKE_CERTS_MAX);
	}
}

static void too_many(void **state)
{
	uint8_t buf[8192], out[8192], plain[8192];
	struct ike_builder b;
	struct ike_msg msg;

	(void)state;
	ike_build_start(&b, buf, sizeof(buf));
	for (int i = 0; i < IKE_NOTIFIES_MAX; i++)
		ike_build_status(&b, IKE_N_INITIAL_CONTACT);
	assert_int_equal(parse(&msg, IKE_SLICE(out, wrap(&b, false, out,
							 sizeof(out))), plain),
			 0);
	assert_int_equal(msg.n_notifies, IKE_NOTIFIES_MAX);
	ike_build_status(&b, IKE_N_INITIAL_CONTACT);
	assert_int_not_equal(parse(&msg, IKE_SLICE(out, wrap(&b, false, out,
							     sizeof(out))),
				   plain),
			     0);
	/* Statuses of no interest do not count. */
	ike_build_start(&b, buf, sizeof(buf));
	for (int i = 0; i < IKE_PAYLOADS_MAX; i++)
		ike_build_status(&b, 16400);
	assert_int_equal(parse(&msg, IKE_SLICE(out, wrap(&b, false, out,
							 sizeof(out))), plain),
			 0);
	assert_int_equal(msg.n_notifies, 0);
	/* But payloads do. */
	ike_build_status(&b, 16400);
	assert_int_not_equal(parse(&msg, IKE_SLICE(out, wrap(&b, false, out,
							     sizeof(out))),
				   plain),
			     0);
}

int main(void)
{
	const struct CMUnitTest sealed[] = {
		cmocka_unit_test(what_is_built_is_parsed),
		cmocka_unit_test(cut_short_is_refused),
		cmocka_unit_test(forgery_is_found),
		cmocka_unit_test(room_is_used),
		cmocka_unit_test(cbc_padding),
		cmocka_unit_test(cbc_ivs),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lies_do_no_harm),
		cmocka_unit_test(lies_about_payloads_are_refused),
		cmocka_unit_test(short_bodies_are_refused),
		cmocka_unit_test(unknown_payloads),
		cmocka_unit_test(only_once),
		cmocka_unit_test(certificates),
		cmocka_unit_test(too_many),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	for (keys = all_keys; keys < all_keys + N_KEYS; keys++)
		failed += cmocka_run_group_tests(sealed, NULL, NULL);
	return failed;
}

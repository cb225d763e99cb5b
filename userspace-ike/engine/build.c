// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing chains of payloads.
 */
#include "msg.h"

void ike_build_start(struct ike_builder *b, uint8_t *data, size_t size)
{
	b->w = ike_write_to(data, size);
	b->first = IKE_PAYLOAD_NONE;
	b->last_next = IKE_NO_NEXT;
	b->open = 0;
}

void ike_build_open(struct ike_builder *b, uint8_t type)
{
	if (b->last_next == IKE_NO_NEXT)
		b->first = type;
	else if (!b->w.failed)
		b->w.data[b->last_next] = type;
	b->open = b->w.len;
	b->last_next = b->w.len;
	ike_put_u8(&b->w, IKE_PAYLOAD_NONE);
	ike_put_u8(&b->w, 0);
	ike_put_u16(&b->w, 0);
}

void ike_build_close(struct ike_builder *b)
{
	size_t len = b->w.len - b->open;

	if (len > UINT16_MAX)
		b->w.failed = true;
	if (!b->w.failed)
		put_be16(b->w.data + b->open + 2, (uint16_t)len);
}

void ike_build_ke(struct ike_builder *b, uint16_t group, struct ike_slice data)
{
	ike_build_open(b, IKE_PAYLOAD_KE);
	ike_put_u16(&b->w, group);
	ike_put_u16(&b->w, 0);
	ike_put(&b->w, data);
	ike_build_close(b);
}

void ike_build_nonce(struct ike_builder *b, struct ike_slice nonce)
{
	ike_build_open(b, IKE_PAYLOAD_NONCE);
	ike_put(&b->w, nonce);
	ike_build_close(b);
}

struct ike_slice ike_id_body(const struct ike_identity *id, uint8_t *out)
{
	memset(out, 0, 4);
	out[0] = id->type;
	memcpy(out + 4, id->data, id->len);
	return IKE_SLICE(out, 4 + (size_t)id->len);
}

void ike_build_id(struct ike_builder *b, uint8_t type, struct ike_slice body)
{
	ike_build_open(b, type);
	ike_put(&b->w, body);
	ike_build_close(b);
}

/* CERT and CERTREQ (sections 3.6, 3.7). */
void ike_build_cert(struct ike_builder *b, uint8_t type, struct ike_slice data)
{
	ike_build_open(b, type);
	ike_put_u8(&b->w, IKE_CERT_X509_SIGNATURE);
	ike_put(&b->w, data);
	ike_build_close(b);
}

void ike_build_auth(struct ike_builder *b, uint8_t method,
		    struct ike_slice data)
{
	ike_build_open(b, IKE_PAYLOAD_AUTH);
	ike_put_u8(&b->w, method);
	ike_put_u8(&b->w, 0);
	ike_put_u16(&b->w, 0);
	ike_put(&b->w, data);
	ike_build_close(b);
}

void ike_build_notify(struct ike_builder *b, uint8_t protocol,
		      struct ike_slice spi, uint16_t type,
		      struct ike_slice data)
{
	ike_build_open(b, IKE_PAYLOAD_NOTIFY);
	ike_put_u8(&b->w, protocol);
	ike_put_u8(&b->w, (uint8_t)spi.len);
	ike_put_u16(&b->w, type);
	ike_put(&b->w, spi);
	ike_put(&b->w, data);
	ike_build_close(b);
}

void ike_build_delete_ike(struct ike_builder *b)
{
	ike_build_open(b, IKE_PAYLOAD_DELETE);
	ike_put_u8(&b->w, IKE_PROTO_IKE);
	ike_put_u8(&b->w, 0);
	ike_put_u16(&b->w, 0);
	ike_build_close(b);
}

void ike_build_delete_esp(struct ike_builder *b, const uint32_t *spis,
			  uint16_t n)
{
	ike_build_open(b, IKE_PAYLOAD_DELETE);
	ike_put_u8(&b->w, IKE_PROTO_ESP);
	ike_put_u8(&b->w, 4);
	ike_put_u16(&b->w, n);
	for (uint16_t i = 0; i < n; i++)
		ike_put_u32(&b->w, spis[i]);
	ike_build_close(b);
}

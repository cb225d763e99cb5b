// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bodies of payloads (RFC 7296, sections 3.3 to 3.13), from octets to
 * values.
 */
#include <errno.h>

#include "msg.h"

static int parse_attributes(struct ike_transform *t, struct ike_slice body)
{
	struct ike_reader r = ike_read(body);

	while (r.left) {
		uint16_t type = ike_take_u16(&r);
		uint16_t value = ike_take_u16(&r);

		/* Without the AF bit, value is a length (section 3.3.5). */
		if (!(type & IKE_ATTR_TV))
			ike_take(&r, value);
		if (r.failed)
			return -EBADMSG;
		if (type == (IKE_ATTR_TV | IKE_ATTR_KEY_LENGTH) && value)
			t->key_bits = value;
		else
			t->unknown_attribute = true;
	}
	return 0;
}

/* Section 3.3.2; the first octet says whether another one follows. */
static int parse_transform(struct ike_reader *r, struct ike_transform *t,
			   bool last)
{
	uint8_t more = ike_take_u8(r);
	struct ike_slice attributes;
	uint16_t len;

	ike_take_u8(r);
	len = ike_take_u16(r);
	t->type = ike_take_u8(r);
	ike_take_u8(r);
	t->id = ike_take_u16(r);
	t->key_bits = 0;
	t->unknown_attribute = false;
	if (r->failed || len < 8 || more != (last ? 0 : 3))
		return -EBADMSG;
	attributes = ike_take_slice(r, len - 8);
	if (r->failed)
		return -EBADMSG;
	return parse_attributes(t, attributes);
}

int ike_proposal_next(struct ike_reader *r, struct ike_proposal *prop)
{
	struct ike_reader body;
	uint8_t more, spi_len;
	uint16_t len;

	if (!r->left && !r->failed)
		return 0;
	more = ike_take_u8(r);
	ike_take_u8(r);
	len = ike_take_u16(r);
	if (r->failed || len < 8)
		return -EBADMSG;
	body = ike_read(ike_take_slice(r, len - 4));
	/* Section 3.3.1: 2 if another one follows, 0 in the last. */
	if (r->failed || more != (r->left ? 2 : 0))
		return -EBADMSG;

	prop->number = ike_take_u8(&body);
	prop->protocol = ike_take_u8(&body);
	spi_len = ike_take_u8(&body);
	prop->n_transforms = ike_take_u8(&body);
	prop->spi = ike_take_slice(&body, spi_len);
	if (body.failed || !prop->n_transforms ||
	    prop->n_transforms > IKE_TRANSFORMS_MAX)
		return -EBADMSG;
	for (unsigned int i = 0; i < prop->n_transforms; i++)
		if (parse_transform(&body, &prop->transforms[i],
				    i + 1 == prop->n_transforms))
			return -EBADMSG;
	return body.left ? -EBADMSG : 1;
}

static int parse_sa(struct ike_msg *msg, struct ike_slice body)
{
	struct ike_reader r = ike_read(body);
	struct ike_proposal prop;
	unsigned int n = 0;
	int more;

	while ((more = ike_proposal_next(&r, &prop)) > 0)
		if (++n > IKE_PROPOSALS_MAX)
			return -EBADMSG;
	if (more < 0 || !n)
		return -EBADMSG;
	msg->sa = body;
	return 0;
}

static int parse_ke(struct ike_msg *msg, struct ike_slice body)
{
	struct ike_reader r = ike_read(body);

	msg->ke_group = ike_take_u16(&r);
	ike_take_u16(&r);
	msg->ke = ike_take_rest(&r);
	return r.failed || !msg->ke.len ? -EBADMSG : 0;
}

static int parse_id(struct ike_slice *id, struct ike_slice body)
{
	/* Type, three reserved octets, data (section 3.5). */
	if (body.len < 4 || body.len > 4 + IKE_ID_MAX)
		return -EBADMSG;
	*id = body;
	return 0;
}

static int parse_auth(struct ike_msg *msg, struct ike_slice body)
{
	struct ike_reader r = ike_read(body);

	msg->auth_method = ike_take_u8(&r);
	ike_take(&r, 3);
	msg->auth = ike_take_rest(&r);
	return r.failed ? -EBADMSG : 0;
}

/*
 * Section 3.6. The first certificate is the peer's own. Other encodings are
 * skipped: a URL to fetch from is nothing we would follow.
 */
static int parse_cert(struct ike_msg *msg, struct ike_slice body)
{
	struct ike_reader r = ike_read(body);
	uint8_t encoding = ike_take_u8(&r);
	struct ike_slice data = ike_take_rest(&r);

	if (r.failed || !data.len)
		return -EBADMSG;
	if (encoding == IKE_CERT_X509_SIGNATURE &&
	    msg->n_certs < IKE_CERTS_MAX)
		msg->certs[msg->n_certs++] = data;
	return 0;
}

static int parse_nonce(struct ike_msg *msg, struct ike_slice body)
{
	if (body.len < IKE_NONCE_MIN || body.len > IKE_NONCE_MAX)
		return -EBADMSG;
	msg->nonce = body;
	return 0;
}

static int parse_notify(struct ike_msg *msg, struct ike_slice body)
{
	struct ike_reader r = ike_read(body);
	struct ike_notify n;
	uint8_t spi_len;

	n.protocol = ike_take_u8(&r);
	spi_len = ike_take_u8(&r);
	n.type = ike_take_u16(&r);
	n.spi = ike_take_slice(&r, spi_len);
	n.data = ike_take_rest(&r);
	if (r.failed)
		return -EBADMSG;
	/*
	 * Peers send dozens of status notifications that are not for us: one
	 * for each of their addresses, for each hash they know.
	 */
	if (n.type >= IKE_NOTIFY_STATUS_MIN && !ike_notify_name(n.type))
		return 0;
	if (msg->n_notifies == IKE_NOTIFIES_MAX)
		return -EBADMSG;
	msg->notifies[msg->n_notifies++] = n;
	return 0;
}

static int parse_delete(struct ike_msg *msg, struct ike_slice body)
{
	struct ike_reader r = ike_read(body);
	struct ike_delete d;
	uint8_t spi_len;

	d.protocol = ike_take_u8(&r);
	spi_len = ike_take_u8(&r);
	d.n_spis = ike_take_u16(&r);
	d.spis = ike_take_rest(&r);
	/* Section 3.11: no SPIs with IKE, of four octets with AH and ESP. */
	if (r.failed || msg->n_deletes == IKE_DELETES_MAX ||
	    d.spis.len != (size_t)spi_len * d.n_spis ||
	    (d.protocol == IKE_PROTO_IKE && (spi_len || d.n_spis)) ||
	    (d.protocol != IKE_PROTO_IKE && spi_len != 4))
		return -EBADMSG;
	msg->deletes[msg->n_deletes++] = d;
	return 0;
}

int ike_ts_next(struct ike_reader *r, struct ike_ts *ts)
{
	struct ike_reader body;
	const uint8_t *start, *end;
	size_t addr_len;
	uint8_t type;
	uint16_t len;

	if (!r->left && !r->failed)
		return 0;
	memset(ts, 0, sizeof(*ts));
	type = ike_take_u8(r);
	ts->protocol = ike_take_u8(r);
	len = ike_take_u16(r);
	if (r->failed || len < 8)
		return -EBADMSG;
	body = ike_read(ike_take_slice(r, len - 4));
	if (r->failed)
		return -EBADMSG;
	ts->start_port = ike_take_u16(&body);
	ts->end_port = ike_take_u16(&body);
	switch (type) {
	case IKE_TS_IPV4_ADDR_RANGE:
		ts->family = IKE_IPV4;
		addr_len = 4;
		break;
	case IKE_TS_IPV6_ADDR_RANGE:
		ts->family = IKE_IPV6;
		addr_len = 16;
		break;
	default:
		return 1;
	}
	start = ike_take(&body, addr_len);
	end = ike_take(&body, addr_len);
	if (body.failed || body.left)
		return -EBADMSG;
	memcpy(ts->start, start, addr_len);
	memcpy(ts->end, end, addr_len);
	return 1;
}

static int parse_ts(struct ike_slice *out, struct ike_slice body)
{
	struct ike_reader r = ike_read(body);
	uint8_t n = ike_take_u8(&r);
	struct ike_reader walk;
	struct ike_ts ts;
	unsigned int seen = 0;
	int more;

	ike_take(&r, 3);
	*out = ike_take_rest(&r);
	if (r.failed || !n || n > IKE_TS_WIRE_MAX)
		return -EBADMSG;
	walk = ike_read(*out);
	while ((more = ike_ts_next(&walk, &ts)) > 0)
		if (++seen > n)
			return -EBADMSG;
	return more < 0 || seen != n ? -EBADMSG : 0;
}

int ike_payload_parse(struct ike_msg *msg, uint8_t type, struct ike_slice body)
{
	switch (type) {
	case IKE_PAYLOAD_SA:
		return parse_sa(msg, body);
	case IKE_PAYLOAD_KE:
		return parse_ke(msg, body);
	case IKE_PAYLOAD_IDI:
		return parse_id(&msg->idi, body);
	case IKE_PAYLOAD_IDR:
		return parse_id(&msg->idr, body);
	case IKE_PAYLOAD_CERT:
		return parse_cert(msg, body);
	case IKE_PAYLOAD_AUTH:
		return parse_auth(msg, body);
	case IKE_PAYLOAD_NONCE:
		return parse_nonce(msg, body);
	case IKE_PAYLOAD_NOTIFY:
		return parse_notify(msg, body);
	case IKE_PAYLOAD_DELETE:
		return parse_delete(msg, body);
	case IKE_PAYLOAD_TSI:
		return parse_ts(&msg->tsi, body);
	case IKE_PAYLOAD_TSR:
		return parse_ts(&msg->tsr, body);
	default:
		/* CERTREQ, VENDOR, CP, EAP: present, not looked at. */
		return 0;
	}
}

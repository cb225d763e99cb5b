// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IKE header and the chain of payloads behind it (RFC 7296, sections 3.1
 * and 3.2).
 */
#include <errno.h>

#include "msg.h"

static const struct {
	uint8_t type;
	uint32_t bit;
} kinds[] = {
	{ IKE_PAYLOAD_SA, IKE_P_SA },
	{ IKE_PAYLOAD_KE, IKE_P_KE },
	{ IKE_PAYLOAD_IDI, IKE_P_IDI },
	{ IKE_PAYLOAD_IDR, IKE_P_IDR },
	{ IKE_PAYLOAD_CERT, IKE_P_CERT },
	{ IKE_PAYLOAD_CERTREQ, IKE_P_CERTREQ },
	{ IKE_PAYLOAD_AUTH, IKE_P_AUTH },
	{ IKE_PAYLOAD_NONCE, IKE_P_NONCE },
	{ IKE_PAYLOAD_NOTIFY, IKE_P_NOTIFY },
	{ IKE_PAYLOAD_DELETE, IKE_P_DELETE },
	{ IKE_PAYLOAD_VENDOR, IKE_P_VENDOR },
	{ IKE_PAYLOAD_TSI, IKE_P_TSI },
	{ IKE_PAYLOAD_TSR, IKE_P_TSR },
	{ IKE_PAYLOAD_SK, IKE_P_SK },
	{ IKE_PAYLOAD_CP, IKE_P_CP },
	{ IKE_PAYLOAD_EAP, IKE_P_EAP },
	{ IKE_PAYLOAD_SKF, IKE_P_SKF },
};

/* Those a message may hold more than one of. */
#define REPEATABLE (IKE_P_NOTIFY | IKE_P_DELETE | IKE_P_VENDOR | IKE_P_CERT | \
		    IKE_P_CERTREQ)

uint32_t ike_payload_bit(uint8_t type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type)
			return kinds[i].bit;
	return 0;
}

int ike_header_parse(struct ike_header *h, struct ike_slice raw)
{
	struct ike_reader r = ike_read(raw);

	h->spi_i = ike_take_u64(&r);
	h->spi_r = ike_take_u64(&r);
	h->next_payload = ike_take_u8(&r);
	h->version = ike_take_u8(&r);
	h->exchange = ike_take_u8(&r);
	h->flags = ike_take_u8(&r);
	h->message_id = ike_take_u32(&r);
	h->length = ike_take_u32(&r);
	if (r.failed || h->length != raw.len)
		return -EBADMSG;
	return 0;
}

void ike_header_write(uint8_t out[IKE_HEADER_LEN], const struct ike_header *h)
{
	put_be64(out, h->spi_i);
	put_be64(out + 8, h->spi_r);
	out[16] = h->next_payload;
	out[17] = h->version;
	out[18] = h->exchange;
	out[19] = h->flags;
	put_be32(out + 20, h->message_id);
	put_be32(out + 24, h->length);
}

/* The SK payload ends the chain: its "next payload" is the first inside. */
static int take_sk(struct ike_msg *msg, uint8_t next, struct ike_slice body,
		   size_t behind, bool inner)
{
	if (inner || behind)
		return -EBADMSG;
	msg->present |= IKE_P_SK;
	msg->sk = body;
	msg->sk_first = next;
	return 0;
}

/*
 * RFC 7383, section 2.5: it stands alone, or a fragment could carry along what
 * belongs to no message.
 */
static int take_skf(struct ike_msg *msg, uint8_t next, struct ike_slice body,
		    size_t behind, bool inner)
{
	struct ike_reader r = ike_read(body);

	msg->fragment = ike_take_u16(&r);
	msg->fragments = ike_take_u16(&r);
	if (inner || behind || msg->h.next_payload != IKE_PAYLOAD_SKF ||
	    r.failed || !msg->fragment || msg->fragment > msg->fragments)
		return -EBADMSG;
	msg->present |= IKE_P_SKF;
	msg->sk = ike_take_rest(&r);
	msg->sk_first = next;
	return 0;
}

int ike_msg_parse_payloads(struct ike_msg *msg, uint8_t type,
			   struct ike_slice chain, bool inner)
{
	struct ike_reader r = ike_read(chain);

	for (unsigned int n = 0; type != IKE_PAYLOAD_NONE; n++) {
		uint8_t next = ike_take_u8(&r);
		uint8_t flags = ike_take_u8(&r);
		uint16_t len = ike_take_u16(&r);
		uint32_t bit = ike_payload_bit(type);
		struct ike_slice body;

		if (n == IKE_PAYLOADS_MAX || r.failed ||
		    len < IKE_PAYLOAD_HEADER_LEN)
			return -EBADMSG;
		body = ike_take_slice(&r, len - IKE_PAYLOAD_HEADER_LEN);
		if (r.failed)
			return -EBADMSG;
		if (type == IKE_PAYLOAD_SK)
			return take_sk(msg, next, body, r.left, inner);
		if (type == IKE_PAYLOAD_SKF)
			return take_skf(msg, next, body, r.left, inner);

		/*
		 * Section 2.5: the critical bit of a known payload means
		 * nothing; an unknown one without it is skipped.
		 */
		if (!bit) {
			if ((flags & IKE_PAYLOAD_CRITICAL) &&
			    !msg->unknown_critical)
				msg->unknown_critical = type;
		} else {
			if ((msg->present & bit) && !(bit & REPEATABLE))
				return -EBADMSG;
			msg->present |= bit;
			if (ike_payload_parse(msg, type, body))
				return -EBADMSG;
		}
		type = next;
	}
	return r.left ? -EBADMSG : 0;
}

int ike_msg_parse(struct ike_msg *msg, struct ike_slice raw)
{
	memset(msg, 0, sizeof(*msg));
	if (ike_header_parse(&msg->h, raw))
		return -EBADMSG;
	msg->raw = raw;
	return ike_msg_parse_payloads(msg, msg->h.next_payload,
				      IKE_SLICE(raw.data + IKE_HEADER_LEN,
						raw.len - IKE_HEADER_LEN),
				      false);
}

const struct ike_notify *ike_msg_notify(const struct ike_msg *msg,
					uint16_t type)
{
	for (unsigned int i = 0; i < msg->n_notifies; i++)
		if (msg->notifies[i].type == type)
			return &msg->notifies[i];
	return NULL;
}

const struct ike_notify *ike_msg_error(const struct ike_msg *msg)
{
	for (unsigned int i = 0; i < msg->n_notifies; i++)
		if (msg->notifies[i].type < IKE_NOTIFY_STATUS_MIN)
			return &msg->notifies[i];
	return NULL;
}

static const struct {
	uint16_t type;
	const char *name;
	const char *text;
} notifies[] = {
#define NOTIFY_NAME(name, number, text) { number, #name, text },
	IKE_NOTIFIES(NOTIFY_NAME)
#undef NOTIFY_NAME
};

const char *ike_notify_name(uint16_t type)
{
	for (size_t i = 0; i < sizeof(notifies) / sizeof(notifies[0]); i++)
		if (notifies[i].type == type)
			return notifies[i].name;
	return NULL;
}

const char *ike_notify_text(uint16_t type)
{
	for (size_t i = 0; i < sizeof(notifies) / sizeof(notifies[0]); i++)
		if (notifies[i].type == type)
			return notifies[i].text;
	return type < IKE_NOTIFY_STATUS_MIN ? "an error we do not know" :
					      "a status we do not know";
}

const char *ike_exchange_name(uint8_t exchange)
{
	switch (exchange) {
	case IKE_EXCHANGE_SA_INIT:
		return "IKE_SA_INIT";
	case IKE_EXCHANGE_AUTH:
		return "IKE_AUTH";
	case IKE_EXCHANGE_CREATE_CHILD_SA:
		return "CREATE_CHILD_SA";
	case IKE_EXCHANGE_INFORMATIONAL:
		return "INFORMATIONAL";
	case IKE_EXCHANGE_INTERMEDIATE:
		return "IKE_INTERMEDIATE";
	case IKE_EXCHANGE_FOLLOWUP_KE:
		return "IKE_FOLLOWUP_KE";
	default:
		return "unknown exchange";
	}
}

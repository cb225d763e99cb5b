// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Message IDs, retransmission and the response cache of an IKE SA (RFC 7296,
 * sections 2.1 to 2.3). The window is one in both directions.
 *
 * A request is sealed once and sent again octet by octet; a response likewise.
 */
#include <errno.h>
#include <stdlib.h>

#include "core.h"

bool ike_window_busy(const struct ike_sa *sa)
{
	return sa->window.kind != IKE_X_NONE;
}

bool ike_window_unanswered(const struct ike_sa *sa)
{
	const struct ike_window *w = &sa->window;

	return ike_window_busy(sa) && (w->transmissions > 1 || w->renewals);
}

static void drop(uint8_t **data, size_t *len)
{
	free(*data);
	*data = NULL;
	*len = 0;
}

void ike_window_clear(struct ike_window *w)
{
	drop(&w->request, &w->request_len);
	drop(&w->response, &w->response_len);
	w->kind = IKE_X_NONE;
}

static int keep(uint8_t **data, size_t *len, const uint8_t *from, size_t n)
{
	uint8_t *copy = malloc(n);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, from, n);
	free(*data);
	*data = copy;
	*len = n;
	return 0;
}

/* RFC 7383, section 2.5. Return: octets of all fragments, or negative. */
static int seal_fragments(struct ike_sa *sa, const struct ike_header *h,
			  const struct ike_builder *b)
{
	const size_t most = ike_sk_room(&sa->keys, IKE_UNFRAGMENTED_MAX, true);
	struct ike_reader r = ike_read(IKE_SLICE(b->w.data, b->w.len));
	struct ike_fragment f = {
		.total = (uint16_t)((b->w.len + most - 1) / most),
	};
	size_t at = 0;

	if (f.total > IKE_FRAGMENTS_MAX)
		return -EMSGSIZE;
	while (r.left) {
		struct ike_slice part =
			ike_take_slice(&r, r.left < most ? r.left : most);
		int len;

		f.number++;
		len = ike_skf_seal(&sa->keys, sa->initiator, ++sa->iv, h, &f,
				   b->first, part, sa->e->out + at,
				   sizeof(sa->e->out) - at);
		if (len < 0)
			return len;
		at += (size_t)len;
	}
	return (int)at;
}

/* Seals into e->out. Return: octets or a negative errno value. */
static int seal(struct ike_sa *sa, uint8_t exchange, uint32_t id,
		bool response, const struct ike_builder *b)
{
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = IKE_VERSION_MAJOR << 4,
		.exchange = exchange,
		.message_id = id,
	};

	if (b->w.failed)
		return -EMSGSIZE;
	if (sa->initiator)
		h.flags |= IKE_FLAG_INITIATOR;
	if (response)
		h.flags |= IKE_FLAG_RESPONSE;
	if (sa->fragmentation &&
	    b->w.len > ike_sk_room(&sa->keys, IKE_UNFRAGMENTED_MAX, false))
		return seal_fragments(sa, &h, b);
	return ike_sk_seal(&sa->keys, sa->initiator, ++sa->iv, &h, b->first,
			   IKE_SLICE(b->w.data, b->w.len), sa->e->out,
			   sizeof(sa->e->out));
}

/* Sends a message, or its fragments: each tells its length. */
static void transmit(struct ike_sa *sa, const struct ike_endpoint *local,
		     const struct ike_endpoint *remote, const uint8_t *data,
		     size_t len)
{
	while (len) {
		size_t n = get_be32(data + 24);

		ike_transmit(sa->e, local, remote, data, n);
		data += n;
		len -= n;
	}
}

static int send_request(struct ike_sa *sa, enum ike_exchange_kind kind, int len)
{
	struct ike_window *w = &sa->window;

	if (len < 0 ||
	    keep(&w->request, &w->request_len, sa->e->out, (size_t)len)) {
		ike_log(sa->e, IKE_EVENT_INTERNAL_ERROR, IKE_LOG_ERROR,
			sa->tunnel, IKE_NO_FIELDS,
			"a request could not be built (%s)",
			len < 0 ? strerror(-len) : "no memory");
		return len < 0 ? len : -ENOMEM;
	}
	w->kind = kind;
	w->transmissions = 1;
	w->renewals = 0;
	w->resend_at = sa->e->now + IKE_RETRANSMIT_MS;
	transmit(sa, &sa->local, &sa->remote, w->request, w->request_len);
	return 0;
}

int ike_window_request(struct ike_sa *sa, enum ike_exchange_kind kind,
		       enum ike_exchange_type exchange, struct ike_builder *b)
{
	return send_request(sa, kind,
			    seal(sa, exchange, sa->window.next_id, false, b));
}

int ike_window_request_clear(struct ike_sa *sa, enum ike_exchange_kind kind,
			     enum ike_exchange_type exchange,
			     struct ike_builder *b)
{
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.next_payload = b->first,
		.version = IKE_VERSION_MAJOR << 4,
		.exchange = exchange,
		.flags = IKE_FLAG_INITIATOR,
		.message_id = sa->window.next_id,
		.length = (uint32_t)(IKE_HEADER_LEN + b->w.len),
	};

	if (b->w.failed)
		return send_request(sa, kind, -EMSGSIZE);
	ike_header_write(sa->e->out, &h);
	memcpy(sa->e->out + IKE_HEADER_LEN, b->w.data, b->w.len);
	return send_request(sa, kind, (int)h.length);
}

void ike_window_farewell(struct ike_sa *sa, struct ike_builder *b)
{
	/*
	 * With another request in flight the peer, whose window is one, would
	 * drop this one if it has not seen that other. It is a courtesy.
	 */
	uint32_t id = sa->window.next_id + ike_window_busy(sa);
	int len = seal(sa, IKE_EXCHANGE_INFORMATIONAL, id, false, b);

	if (len > 0)
		transmit(sa, &sa->local, &sa->remote, sa->e->out, (size_t)len);
}

void ike_window_answered(struct ike_sa *sa)
{
	struct ike_window *w = &sa->window;

	drop(&w->request, &w->request_len);
	w->kind = IKE_X_NONE;
	w->next_id++;
}

void ike_window_respond(struct ike_sa *sa, const struct ike_header *request,
			const struct ike_datagram *to, struct ike_builder *b)
{
	struct ike_window *w = &sa->window;
	int len = seal(sa, request->exchange, request->message_id, true, b);

	w->expected_id = request->message_id + 1;
	drop(&w->response, &w->response_len);
	if (len < 0 ||
	    keep(&w->response, &w->response_len, sa->e->out, (size_t)len)) {
		ike_log(sa->e, IKE_EVENT_INTERNAL_ERROR, IKE_LOG_ERROR,
			sa->tunnel, IKE_NO_FIELDS,
			"a response could not be built (%s)",
			len < 0 ? strerror(-len) : "no memory");
		return;
	}
	ike_window_replay(sa, to);
}

void ike_window_replay(struct ike_sa *sa, const struct ike_datagram *to)
{
	/* Section 2.11: back to where the request came from. */
	if (sa->window.response)
		transmit(sa, &to->local, &to->remote, sa->window.response,
			 sa->window.response_len);
}

/*
 * Section 2.4: only a peer of which nothing is heard is dead. But one that asks and
 * never answers is of no use, so there is an end.
 */
static bool renew(struct ike_window *w)
{
	if (w->renewals >= IKE_RENEWALS)
		return false;
	w->transmissions = 1;
	w->renewals++;
	return true;
}

void ike_window_lives(struct ike_sa *sa)
{
	struct ike_window *w = &sa->window;

	if (w->kind != IKE_X_NONE && w->transmissions > 1)
		renew(w);
}

bool ike_window_renew(struct ike_sa *sa)
{
	if (!renew(&sa->window))
		return false;
	ike_window_hurry(sa);
	return true;
}

void ike_window_hurry(struct ike_sa *sa)
{
	struct ike_window *w = &sa->window;

	if (w->kind == IKE_X_NONE)
		return;
	w->transmissions = 1;
	w->resend_at = sa->e->now;
}

/*
 * An established peer answers at once or is gone. One that has to find out who we
 * are may ask others first (OCSP, RADIUS), for longer than any network takes.
 */
static unsigned int patience(const struct ike_sa *sa)
{
	return sa->window.kind == IKE_X_AUTH && !sa->doubted ?
		       IKE_AUTH_TRANSMISSIONS :
		       IKE_TRANSMISSIONS;
}

bool ike_window_tick(struct ike_sa *sa)
{
	struct ike_window *w = &sa->window;
	uint64_t wait = IKE_RETRANSMIT_MS;

	if (w->kind == IKE_X_NONE || sa->e->now < w->resend_at)
		return true;
	if (w->transmissions >= patience(sa))
		return false;
	for (unsigned int i = 0; i < w->transmissions; i++)
		wait = ike_min_time(wait * 2, IKE_RETRANSMIT_CAP_MS);
	w->transmissions++;
	w->resend_at = sa->e->now + wait;
	sa->e->counters.retransmits++;
	ike_log(sa->e, IKE_EVENT_RETRANSMIT, IKE_LOG_DEBUG, sa->tunnel,
		IKE_NO_FIELDS, "no answer yet: request %u sent again (%u of %u)",
		w->next_id, w->transmissions, patience(sa));
	transmit(sa, &sa->local, &sa->remote, w->request, w->request_len);
	/*
	 * What has moved the peer may have been late, or somebody's copy from elsewhere:
	 * a peer that does not answer where it is may do so where it was.
	 */
	if (w->transmissions > IKE_SURE_TRANSMISSIONS && sa->before.addr.family)
		transmit(sa, &sa->local, &sa->before, w->request,
			 w->request_len);
	return true;
}

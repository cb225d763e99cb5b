/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Additional key exchanges behind CREATE_CHILD_SA (RFC 9370, section 2.2.4): what
 * was agreed on there is kept until they are done, as there are no keys before.
 */
#ifndef IPSVTI_IKE_FOLLOWUP_H
#define IPSVTI_IKE_FOLLOWUP_H

#include "keymat.h"
#include "ts.h"

#define IKE_LINK_LEN	8	/* octets of a link of ours */
#define IKE_LINK_MAX	64	/* of a peer's; they mean nothing to us */

struct ike_child;
struct ike_tunnel;

/**
 * struct ike_followup - an answer to CREATE_CHILD_SA, and what has come behind it
 * @choice: the suite
 * @ni: initiator's nonce
 * @nr: responder's
 * @secret: SK(0), of CREATE_CHILD_SA itself
 * @secret_len: its octets; 0: there was no key exchange
 * @next: which additional key exchange comes next, if it was agreed on
 * @more: SK(1) | SK(2) | …, of those that are done
 * @more_len: its octets
 * @link: by which the responder knows what the next one belongs to
 * @link_len: its octets
 * @ke: as initiator, ours in flight
 * @local_ts: of a CHILD SA: traffic selectors of our end
 * @remote_ts: and of the peer's
 * @more_ts: as initiator: the peer has left out some for another one
 */
struct ike_followup {
	struct ike_choice choice;
	struct ike_nonce ni;
	struct ike_nonce nr;
	uint8_t secret[IKE_DH_SECRET_MAX];
	size_t secret_len;
	unsigned int next;
	uint8_t more[IKE_ADD_KE_MAX * IKE_KE_SECRET_MAX];
	size_t more_len;
	uint8_t link[IKE_LINK_MAX];
	size_t link_len;
	struct ike_ke *ke;
	struct ike_ts_set local_ts;
	struct ike_ts_set remote_ts;
	bool more_ts;
};

/**
 * struct ike_pending - what a peer's CREATE_CHILD_SA comes to once all is done
 * @f: what was agreed on
 * @tunnel: whose CHILD SA it is; NULL: it is the IKE SA
 * @rekeys: there was a CHILD SA before it
 * @old: that one; NULL: none, or it is gone by now
 * @pair_id: reserved pair; 0: none
 * @spi_in: its inbound SPI
 * @spi: our SPI of the new IKE SA
 * @dh: our key exchange of CREATE_CHILD_SA, until that is answered
 * @crossed: we had asked for the same, and do not know the answer yet
 * @over_at: when all of it must have been done
 * @until: when it is forgotten, should the peer not go on
 */
struct ike_pending {
	struct ike_followup f;
	struct ike_tunnel *tunnel;
	bool rekeys;
	struct ike_child *old;
	uint32_t pair_id;
	uint32_t spi_in;
	uint64_t spi;
	struct ike_dh *dh;
	bool crossed;
	uint64_t over_at;
	uint64_t until;
};

/* Return: which one of a choice comes next, from @i on; IKE_ADD_KE_MAX: none. */
unsigned int ike_add_ke_next(const struct ike_choice *choice, unsigned int i);
/* Return: whether there is one at all. */
bool ike_add_ke_wanted(const struct ike_choice *choice);

/* Wipes and frees @f, which may be NULL. */
void ike_followup_free(struct ike_followup *f);
/* Return: lower of the two nonces. */
struct ike_nonce ike_followup_lowest(const struct ike_followup *f);
/* What keys are made of. */
struct ike_keymat_input ike_followup_keymat(const struct ike_followup *f);
/* As initiator. Return: whether a peer's answer has a link. */
bool ike_followup_take_link(struct ike_followup *f, const struct ike_msg *msg);
/* As responder. Return: whether a peer's request has the one that we have sent. */
bool ike_followup_is_linked(const struct ike_followup *f,
			    const struct ike_msg *msg);
/* Adds the link to a message. */
void ike_followup_put_link(struct ike_builder *b, const struct ike_followup *f);

#endif /* IPSVTI_IKE_FOLLOWUP_H */

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is kept between CREATE_CHILD_SA and its additional key exchanges
 * (RFC 9370, section 2.2.4).
 */
#include <stdlib.h>

#include "core.h"

unsigned int ike_add_ke_next(const struct ike_choice *choice, unsigned int i)
{
	while (i < IKE_ADD_KE_MAX && !choice->add_ke[i])
		i++;
	return i;
}

bool ike_add_ke_wanted(const struct ike_choice *choice)
{
	return ike_add_ke_next(choice, 0) < IKE_ADD_KE_MAX;
}

void ike_followup_free(struct ike_followup *f)
{
	if (!f)
		return;
	ike_ke_free(f->ke);
	ike_wipe(f, sizeof(*f));
	free(f);
}

struct ike_nonce ike_followup_lowest(const struct ike_followup *f)
{
	return *ike_nonce_lower(&f->ni, &f->nr);
}

struct ike_keymat_input ike_followup_keymat(const struct ike_followup *f)
{
	return (struct ike_keymat_input){
		.secret = IKE_SLICE(f->secret, f->secret_len),
		.ni = ike_nonce_slice(&f->ni),
		.nr = ike_nonce_slice(&f->nr),
		.more = IKE_SLICE(f->more, f->more_len),
	};
}

bool ike_followup_take_link(struct ike_followup *f, const struct ike_msg *msg)
{
	const struct ike_notify *n =
		ike_msg_notify(msg, IKE_N_ADDITIONAL_KEY_EXCHANGE);

	if (!n || n->data.len > sizeof(f->link))
		return false;
	if (n->data.len)
		memcpy(f->link, n->data.data, n->data.len);
	f->link_len = n->data.len;
	return true;
}

bool ike_followup_is_linked(const struct ike_followup *f,
			    const struct ike_msg *msg)
{
	const struct ike_notify *n =
		ike_msg_notify(msg, IKE_N_ADDITIONAL_KEY_EXCHANGE);

	return n && n->data.len == f->link_len &&
	       !memcmp(n->data.data, f->link, f->link_len);
}

void ike_followup_put_link(struct ike_builder *b, const struct ike_followup *f)
{
	ike_build_notify(b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0),
			 IKE_N_ADDITIONAL_KEY_EXCHANGE,
			 IKE_SLICE(f->link, f->link_len));
}

struct ike_pending *ike_pending_take(struct ike_sa *sa)
{
	struct ike_pending *p = sa->pending;

	sa->pending = NULL;
	return p;
}

void ike_pending_free(struct ike_sa *sa, struct ike_pending *p)
{
	if (!p)
		return;
	ike_dh_free(p->dh);
	ike_child_unreserve(sa, p->tunnel, p->pair_id);
	ike_wipe(p, sizeof(*p));
	free(p);
}

void ike_pending_drop(struct ike_sa *sa)
{
	ike_pending_free(sa, ike_pending_take(sa));
}

void ike_pending_lost(struct ike_sa *sa)
{
	if (sa->pending && sa->pending->crossed)
		ike_pending_drop(sa);
}

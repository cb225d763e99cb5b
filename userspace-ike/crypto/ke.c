// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key exchange of either kind, as an initiator and a responder see it: a value
 * goes there, another one comes back, and both have a secret.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"

struct ike_ke {
	struct ike_dh *dh;	/* one of them is NULL */
	struct ike_kem *kem;
};

bool ike_ke_available(uint16_t method)
{
	return ike_dh_public_len(method) || ike_kem_available(method);
}

struct ike_ke *ike_ke_new(uint16_t method, ike_random_fn random, void *ctx)
{
	struct ike_ke *ke = calloc(1, sizeof(*ke));

	if (!ke)
		return NULL;
	if (ike_kem_public_len(method))
		ke->kem = ike_kem_new(method, random, ctx);
	else
		ke->dh = ike_dh_new(method, random, ctx);
	if (ke->kem || ke->dh)
		return ke;
	free(ke);
	return NULL;
}

void ike_ke_free(struct ike_ke *ke)
{
	if (!ke)
		return;
	ike_kem_free(ke->kem);
	ike_dh_free(ke->dh);
	free(ke);
}

uint16_t ike_ke_method(const struct ike_ke *ke)
{
	return ke->kem ? ike_kem_method(ke->kem) : ike_dh_group(ke->dh);
}

struct ike_slice ike_ke_value(const struct ike_ke *ke)
{
	return ke->kem ? ike_kem_public(ke->kem) : ike_dh_public(ke->dh);
}

int ike_ke_finish(const struct ike_ke *ke, struct ike_slice peer,
		  uint8_t secret[IKE_KE_SECRET_MAX])
{
	return ke->kem ? ike_kem_decapsulate(ke->kem, peer, secret) :
			 ike_dh_derive(ke->dh, peer, secret);
}

int ike_ke_answer(uint16_t method, struct ike_slice peer, ike_random_fn random,
		  void *ctx, struct ike_ke_answer *out)
{
	struct ike_dh *dh;
	int len;

	if (ike_kem_public_len(method)) {
		len = ike_kem_encapsulate(method, peer, random, ctx, out->value,
					  out->secret);
		if (len < 0)
			return len;
		out->value_len = (size_t)len;
		out->secret_len = IKE_KEM_SECRET_LEN;
		return 0;
	}
	if (!ike_dh_public_len(method))
		return -EINVAL;
	dh = ike_dh_new(method, random, ctx);
	if (!dh)
		return -ENOMEM;
	len = ike_dh_derive(dh, peer, out->secret);
	if (len > 0) {
		out->secret_len = (size_t)len;
		out->value_len = ike_dh_public(dh).len;
		memcpy(out->value, ike_dh_public(dh).data, out->value_len);
	}
	ike_dh_free(dh);
	return len < 0 ? len : 0;
}

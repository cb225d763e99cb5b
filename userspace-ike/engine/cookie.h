/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cookies against floods of forged IKE_SA_INIT requests (RFC 7296, section
 * 2.6): what we would have to remember, the initiator remembers for us.
 */
#ifndef IPSVTI_IKE_COOKIE_H
#define IPSVTI_IKE_COOKIE_H

#include "msg.h"

#define IKE_COOKIE_LEN		36	/* version and MAC */
#define IKE_COOKIE_SECRET_MS	60000

/**
 * struct ike_cookies - secrets
 * @secret: current one and the one before
 * @version: of the current one; 0: none was made yet
 * @renew_at: when the current one has served its time
 */
struct ike_cookies {
	uint8_t secret[2][32];
	uint32_t version;
	uint64_t renew_at;
};

/**
 * ike_cookie_make() - the cookie of a request, under the current secret
 * @c: secrets, made or renewed as time goes
 * @now: time
 * @random: where new secrets come from
 * @ctx: its first argument
 * @spi_i: SPI of the request
 * @nonce: nonce of the request
 * @from: where it came from
 * @out: the cookie
 *
 * Return: 0 or what @random returned.
 */
int ike_cookie_make(struct ike_cookies *c, uint64_t now, ike_random_fn random,
		    void *ctx, uint64_t spi_i, struct ike_slice nonce,
		    const struct ike_endpoint *from,
		    uint8_t out[IKE_COOKIE_LEN]);

/* Return: whether @cookie is ours, for this request, and not too old. */
bool ike_cookie_check(const struct ike_cookies *c, uint64_t now,
		      uint64_t spi_i, struct ike_slice nonce,
		      const struct ike_endpoint *from, struct ike_slice cookie);

#endif /* IPSVTI_IKE_COOKIE_H */

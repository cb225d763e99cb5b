// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cookie = <version of secret> | HMAC-SHA2-256(secret, SPIi | Ni | IPi | port)
 */
#include "cookie.h"

static int cookie_mac(const struct ike_cookies *c, uint32_t version,
		      uint64_t spi_i, struct ike_slice nonce,
		      const struct ike_endpoint *from,
		      uint8_t out[IKE_COOKIE_LEN])
{
	uint8_t spi[IKE_SPI_LEN], port[2];
	struct ike_slice parts[] = {
		IKE_SLICE(spi, sizeof(spi)),
		nonce,
		IKE_SLICE(&from->addr.family, 1),
		IKE_SLICE(from->addr.octets, sizeof(from->addr.octets)),
		IKE_SLICE(port, sizeof(port)),
	};

	put_be64(spi, spi_i);
	put_be16(port, from->port);
	put_be32(out, version);
	return ike_prf(IKE_PRF_HMAC_SHA2_256,
		       IKE_SLICE(c->secret[version % 2],
				 sizeof(c->secret[0])),
		       parts, sizeof(parts) / sizeof(parts[0]), out + 4);
}

int ike_cookie_make(struct ike_cookies *c, uint64_t now, ike_random_fn random,
		    void *ctx, uint64_t spi_i, struct ike_slice nonce,
		    const struct ike_endpoint *from,
		    uint8_t out[IKE_COOKIE_LEN])
{
	if (!c->version || now >= c->renew_at) {
		uint32_t next = c->version + 1 ? c->version + 1 : 1;
		int err = random(ctx, c->secret[next % 2],
				 sizeof(c->secret[0]));

		if (err)
			return err;
		c->version = next;
		c->renew_at = now + IKE_COOKIE_SECRET_MS;
	}
	return cookie_mac(c, c->version, spi_i, nonce, from, out);
}

bool ike_cookie_check(const struct ike_cookies *c, uint64_t now,
		      uint64_t spi_i, struct ike_slice nonce,
		      const struct ike_endpoint *from, struct ike_slice cookie)
{
	uint8_t want[IKE_COOKIE_LEN];
	uint32_t version;

	if (cookie.len != IKE_COOKIE_LEN || !c->version)
		return false;
	version = get_be32(cookie.data);
	/* The secret before the current one is good for as long again. */
	if (version != c->version &&
	    (version + 1 != c->version || !version))
		return false;
	if (now >= c->renew_at + IKE_COOKIE_SECRET_MS)
		return false;
	return !cookie_mac(c, version, spi_i, nonce, from, want) &&
	       ike_equal(want, cookie.data, IKE_COOKIE_LEN);
}

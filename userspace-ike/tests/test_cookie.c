// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cookies: good for the request they were made for, and for a while.
 */
#include "testing.h"

#include "cookie.h"

static int random_bytes(void *ctx, void *buf, size_t len)
{
	uint8_t *n = ctx;

	memset(buf, ++*n, len);
	return 0;
}

static int no_random_bytes(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	(void)buf;
	(void)len;
	return -EIO;
}

static void good_for_what_it_was_made_for(void **state)
{
	static const uint8_t nonce[32] = { 1 };
	struct ike_slice n = IKE_SLICE(nonce, 32), other = IKE_SLICE(nonce, 31);
	struct ike_endpoint from = { .addr = { .family = IKE_IPV4,
					       .octets = { 192, 0, 2, 1 } },
				     .port = 500 };
	struct ike_cookies c = { 0 };
	uint8_t cookie[IKE_COOKIE_LEN], first[IKE_COOKIE_LEN], seed = 0;
	struct ike_slice k = IKE_SLICE(cookie, sizeof(cookie));

	(void)state;
	/* Before any was made, none is good. */
	memset(cookie, 0, sizeof(cookie));
	assert_false(ike_cookie_check(&c, 0, 7, n, &from, k));

	assert_int_equal(ike_cookie_make(&c, 0, random_bytes, &seed, 7, n,
					 &from, cookie),
			 0);
	assert_true(ike_cookie_check(&c, 0, 7, n, &from, k));
	assert_false(ike_cookie_check(&c, 0, 8, n, &from, k));
	assert_false(ike_cookie_check(&c, 0, 7, other, &from, k));
	from.port++;
	assert_false(ike_cookie_check(&c, 0, 7, n, &from, k));
	from.port--;
	from.addr.octets[3]++;
	assert_false(ike_cookie_check(&c, 0, 7, n, &from, k));
	from.addr.octets[3]--;
	assert_false(ike_cookie_check(&c, 0, 7, n, &from,
				      IKE_SLICE(cookie, IKE_COOKIE_LEN - 1)));
	for (size_t i = 0; i < IKE_COOKIE_LEN; i++) {
		cookie[i] ^= 0x80;
		assert_false(ike_cookie_check(&c, 0, 7, n, &from, k));
		cookie[i] ^= 0x80;
	}

	/* Good under the next secret still, not under the one after. */
	memcpy(first, cookie, sizeof(first));
	ike_cookie_make(&c, IKE_COOKIE_SECRET_MS, random_bytes, &seed, 7, n,
			&from, cookie);
	assert_memory_not_equal(first, cookie, sizeof(first));
	assert_true(ike_cookie_check(&c, IKE_COOKIE_SECRET_MS, 7, n, &from,
				     IKE_SLICE(first, sizeof(first))));
	ike_cookie_make(&c, 2 * IKE_COOKIE_SECRET_MS, random_bytes, &seed, 7, n,
			&from, cookie);
	assert_false(ike_cookie_check(&c, 2 * IKE_COOKIE_SECRET_MS, 7, n, &from,
				      IKE_SLICE(first, sizeof(first))));
	/* Nor does a cookie live on because nobody asked for others. */
	assert_true(ike_cookie_check(&c, 3 * IKE_COOKIE_SECRET_MS, 7, n, &from,
				     k));
	assert_false(ike_cookie_check(&c, 4 * IKE_COOKIE_SECRET_MS, 7, n, &from,
				      k));
	/* No secret, no cookie. */
	assert_int_equal(ike_cookie_make(&c, 9 * IKE_COOKIE_SECRET_MS,
					 no_random_bytes, NULL, 7, n, &from,
					 cookie),
			 -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_for_what_it_was_made_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

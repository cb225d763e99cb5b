/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the unit tests share.
 */
#ifndef IPSVTI_IKE_TESTING_H
#define IPSVTI_IKE_TESTING_H

#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "msg.h"

/* Octets from hexadecimal digits. Return: how many. */
static inline size_t unhex(const char *text, uint8_t *out)
{
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned int v = 0;

		assert_int_equal(sscanf(text + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
	return n;
}

/* A copy that ends where its allocation does, for the address sanitizer. */
static inline struct ike_slice tight(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, data, len);
	return IKE_SLICE(copy, len);
}

static inline void tight_free(struct ike_slice s)
{
	free((uint8_t *)s.data);
}

static inline void assert_octets(const uint8_t *got, const char *want_hex)
{
	uint8_t want[1024];
	size_t n = unhex(want_hex, want);

	assert_memory_equal(got, want, n);
}

#endif /* IPSVTI_IKE_TESTING_H */

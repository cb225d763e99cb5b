// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The form of what an AUTH covers.
 */
#include "answer_auth.h"
#include "ikev2.h"

/* RFC 7296, section 3.1 */
enum {
	AT_SPI = 0,
	AT_VERSION = 17,
	AT_EXCHANGE = 18,
	AT_MESSAGE_ID = 20,
	AT_LENGTH = 24,
	HEADER_LEN = 28,
};

/* Section 3.9, and the shortest and the longest output of a PRF in use. */
#define NONCE_MIN 16
#define NONCE_MAX 256
#define PRF_MIN 16
#define PRF_MAX 64

static size_t be32(const uint8_t *at)
{
	return (size_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

bool answer_is_auth(const uint8_t *octets, size_t len)
{
	size_t message, rest;

	if (len < HEADER_LEN)
		return false;
	message = be32(octets + AT_LENGTH);
	if (message < HEADER_LEN || message > len)
		return false;
	rest = len - message;
	return (be32(octets + AT_SPI) || be32(octets + AT_SPI + 4)) &&
	       octets[AT_VERSION] >> 4 == IKE_VERSION_MAJOR &&
	       octets[AT_EXCHANGE] == IKE_EXCHANGE_SA_INIT &&
	       be32(octets + AT_MESSAGE_ID) == 0 &&
	       rest >= NONCE_MIN + PRF_MIN && rest <= NONCE_MAX + PRF_MAX;
}

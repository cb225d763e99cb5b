/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What long-term keys are used for, and what not.
 */
#ifndef IPSVTI_ANSWER_AUTH_H
#define IPSVTI_ANSWER_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * answer_is_auth() - whether octets are what an AUTH covers
 * @octets: InitiatorSignedOctets or ResponderSignedOctets, perhaps
 * @len: octets of @octets
 *
 * RFC 7296, section 2.15: a whole IKE_SA_INIT message, a nonce, and the output
 * of a PRF. So a key cannot be made to sign anything else, such as what TLS or
 * a certificate wants signed.
 *
 * Return: true if they have that form.
 */
bool answer_is_auth(const uint8_t *octets, size_t len);

#endif

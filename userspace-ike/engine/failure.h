/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a tunnel did not come up, kept for programs that tell people what to
 * change: who refused what at which step, and what either side had to offer.
 * No key is ever part of it.
 */
#ifndef IPSVTI_IKE_FAILURE_H
#define IPSVTI_IKE_FAILURE_H

#include "engine.h"

/**
 * struct ike_failure_type - one transform type of two suites
 * @name: such as "encryption"
 * @ours: what we have of it, in the words of the configuration
 * @theirs: what the peer has; empty: none, or it is not known
 * @differs: they have nothing in common
 */
struct ike_failure_type {
	const char *name;
	char ours[96];
	char theirs[96];
	bool differs;
};

#define IKE_FAILURE_TYPES 12

/**
 * struct ike_failure - a failed attempt
 * @reason: what it was about
 * @by_us: it was us who refused; else the peer, or nobody has answered
 * @step: the exchange, such as "IKE_AUTH"; "CREATE_CHILD_SA for the IKE SA" is
 *        what rekeys that
 * @notify: error notification (RFC 7296, section 3.10.1); 0: none
 * @first_at: when it failed this way first, in the engine's time
 * @at: when it did so last
 * @count: how often since
 * @local: our endpoint
 * @remote: the peer's
 * @transmissions: how often the request was sent that had no answer
 * @nat_local: we are behind a NAT, as far as that was known by then
 * @nat_remote: the peer is
 * @text: a sentence
 * @ours: what we offer, accept, say or expect; empty: does not matter
 * @theirs: the peer's; empty: it is not known
 * @nearest: a suite for our configuration that the peer's offer would match;
 *           empty: there is none, or nothing is known of the peer's
 * @legacy: @nearest wants allow-legacy
 * @types: the transform types of the two suites that come closest
 * @n_types: entries of @types
 */
struct ike_failure {
	enum ike_failure_reason reason;
	bool by_us;
	const char *step;
	uint16_t notify;
	uint64_t first_at;
	uint64_t at;
	uint32_t count;
	struct ike_endpoint local;
	struct ike_endpoint remote;
	unsigned int transmissions;
	bool nat_local;
	bool nat_remote;
	char text[400];
	char ours[440];
	char theirs[440];
	char nearest[160];
	bool legacy;
	struct ike_failure_type types[IKE_FAILURE_TYPES];
	unsigned int n_types;
};

#endif /* IPSVTI_IKE_FAILURE_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How handlers say why an attempt fails: they describe it in the engine's
 * scratch, ike_because(), and what tells people of it keeps that with the
 * tunnel, ike_failure_keep(). Whoever says nothing has failed for "other".
 */
#ifndef IPSVTI_IKE_BECAUSE_H
#define IPSVTI_IKE_BECAUSE_H

#include "failure.h"
#include "proposal.h"

struct ike_sa;
struct ike_tunnel;

/**
 * ike_because() - begin to describe a failure that is about to be told
 * @e: the engine
 * @sa: the IKE SA it happened to; NULL: there is none
 * @reason: what it was about
 * @step: the exchange
 *
 * Return: the description, to be filled further; it is forgotten when it was
 * kept, or when another one begins.
 */
struct ike_failure *ike_because(struct ike_engine *e, const struct ike_sa *sa,
				enum ike_failure_reason reason,
				const char *step);

/**
 * ike_because_auth() - what was wrong with an AUTH, which ike_auth_check() knows
 * @e: the engine
 * @reason: that
 *
 * Comes after ike_because(), whose reason it makes more precise.
 */
void ike_because_auth(struct ike_engine *e, enum ike_failure_reason reason);

/**
 * ike_because_suites() - describe two suites that do not fit
 * @f: the description
 * @use: what for
 * @suite: ours
 * @other_ke: see ike_proposal_select()
 * @sa: the peer's SA payload; empty: it is not known
 */
void ike_because_suites(struct ike_failure *f, enum ike_sa_use use,
			const struct ike_suite *suite,
			const struct ike_suite *other_ke, struct ike_slice sa);

/**
 * ike_failure_keep() - keep what was described with a tunnel
 * @e: the engine
 * @t: the tunnel
 * @theirs: the attempt was the peer's, and we have refused it
 * @text: a sentence
 *
 * A failure like the one before is counted. The description stays for further
 * tunnels until ike_because_done().
 */
void ike_failure_keep(struct ike_engine *e, struct ike_tunnel *t, bool theirs,
		      const char *text);

/* What was described has been kept wherever it belongs. */
void ike_because_done(struct ike_engine *e);

/* The same with all tunnels that have IKE SAs of their own between two addresses. */
void ike_failure_keep_between(struct ike_engine *e,
			      const struct ike_address *local,
			      const struct ike_address *remote,
			      const char *text);

/* The tunnel goes. */
void ike_failure_forget(struct ike_tunnel *t);

#endif /* IPSVTI_IKE_BECAUSE_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic selectors (RFC 7296, sections 2.9 and 3.13).
 */
#ifndef IPSVTI_IKE_TS_H
#define IPSVTI_IKE_TS_H

#include "msg.h"

/* Selectors of one side. */
struct ike_ts_set {
	struct ike_ts ts[IKE_TS_MAX];
	uint8_t n;
};

/* 0.0.0.0/0 and ::/0. */
void ike_ts_any(struct ike_ts_set *set);

/**
 * ike_ts_sound() - whether a selector asks for ports only where there are any
 * @ts: the selector; of ICMP and the IPv6 mobility header the type is one
 *
 * Return: true if it does (RFC 7296, section 3.13.1).
 */
bool ike_ts_sound(const struct ike_ts *ts);

/**
 * ike_ts_meet() - whether there can be a packet between two ends
 * @a: selectors of one end
 * @b: selectors of the other end
 *
 * Return: true if some family is in both.
 */
bool ike_ts_meet(const struct ike_ts_set *a, const struct ike_ts_set *b);

/* Return: whether two sets have the same selectors. */
bool ike_ts_same(const struct ike_ts_set *a, const struct ike_ts_set *b);

/**
 * ike_ts_all() - whether selectors let everything pass
 * @set: the selectors of one end
 *
 * Return: true if 0.0.0.0/0 and ::/0 are there, with any protocol.
 */
bool ike_ts_all(const struct ike_ts_set *set);

/**
 * ike_ts_narrow() - what a peer's selectors and ours have in common
 * @out: the intersection, in our order, at most IKE_TS_MAX selectors
 * @ours: what we allow
 * @theirs: body of the peer's TS payload
 *
 * Return: true unless it is empty.
 */
bool ike_ts_narrow(struct ike_ts_set *out, const struct ike_ts_set *ours,
		   struct ike_slice theirs);

/**
 * ike_ts_within() - is a peer's answer a subset of what we offered?
 * @out: the answer
 * @ours: what we offered
 * @theirs: body of the peer's TS payload
 *
 * Return: true if each selector lies within one of ours.
 */
bool ike_ts_within(struct ike_ts_set *out, const struct ike_ts_set *ours,
		   struct ike_slice theirs);

/**
 * ike_ts_covers() - does one set let pass all that another one does?
 * @set: the first
 * @part: the other
 *
 * Return: true if each selector of @part lies within one of @set.
 */
bool ike_ts_covers(const struct ike_ts_set *set, const struct ike_ts_set *part);

/* Adds a TS payload of @type. */
void ike_build_ts(struct ike_builder *b, uint8_t type,
		  const struct ike_ts_set *set);

/* In words, such as "0.0.0.0/0 ::/0". Return: @buf. */
const char *ike_ts_format(const struct ike_ts_set *set, char *buf, size_t len);

#endif /* IPSVTI_IKE_TS_H */

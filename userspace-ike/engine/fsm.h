/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may happen when: one table (fsm.c). What it does not allow does not
 * happen.
 */
#ifndef IPSVTI_IKE_FSM_H
#define IPSVTI_IKE_FSM_H

#include "core.h"

/* States as bits; NONE stands for "there is no IKE SA yet". */
#define IKE_IN(state)	(1u << IKE_SA_##state)
#define IKE_IN_NONE	(1u << 15)

#define IKE_ANY_NOTIFY	0u
#define IKE_ERROR_NOTIFY 0xffffu

enum ike_direction { IKE_REQUEST, IKE_RESPONSE };

/**
 * struct ike_rule - a message that is welcome
 * @states: in which states of the IKE SA
 * @exchange: its exchange type
 * @direction: request or response
 * @kinds: response: to which of our requests, as bits
 * @required: IKE_P_* that must be there
 * @optional: IKE_P_* that may be; all other known payloads are forbidden, but
 *            those that are no reason to refuse a message (IKE_P_IGNORED) are
 *            always allowed; CERT is looked at in IKE_AUTH only
 * @notify: type of notification that must be there, IKE_ANY_NOTIFY, or
 *          IKE_ERROR_NOTIFY for any error
 * @handler: what is done about it
 * @story: what is going on, in a line
 */
struct ike_rule {
	uint16_t states;
	uint8_t exchange;
	uint8_t direction;
	uint16_t kinds;
	uint32_t required;
	uint32_t optional;
	uint16_t notify;
	void (*handler)(struct ike_call *c);
	const char *story;
};

#define IKE_P_IGNORED (IKE_P_VENDOR | IKE_P_CERT | IKE_P_CERTREQ | IKE_P_CP)

/* Return: the first rule that fits, or NULL. */
const struct ike_rule *ike_rule_find(const struct ike_sa *sa,
				     const struct ike_msg *msg);

#endif /* IPSVTI_IKE_FSM_H */

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of all messages that are welcome. The first rule that fits is
 * taken, so special cases stand before general ones. There is no rule for what
 * a peer could only send by mistake or malice: such a message is dropped, or,
 * if it is authentic and a request, answered with INVALID_SYNTAX.
 */
#include "fsm.h"

#define X(kind) (1u << IKE_X_##kind)

#define CHILD_KINDS (X(NEW_CHILD) | X(REKEY_CHILD))
#define FOLLOWUP_KINDS (X(FOLLOWUP_CHILD) | X(FOLLOWUP_IKE))
#define CHILD_ANSWER (IKE_P_SA | IKE_P_NONCE | IKE_P_TSI | IKE_P_TSR)
#define CLOSING (IKE_IN(REKEYED) | IKE_IN(DELETING))

static const struct ike_rule rules[] = {
	/* ------------------------------------------------ IKE_SA_INIT */
	{ IKE_IN_NONE, IKE_EXCHANGE_SA_INIT, IKE_REQUEST, 0,
	  IKE_P_SA | IKE_P_KE | IKE_P_NONCE, IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_init_request,
	  "somebody wants an IKE SA with us" },

	{ IKE_IN(INIT_SENT), IKE_EXCHANGE_SA_INIT, IKE_RESPONSE, X(INIT),
	  IKE_P_NOTIFY, 0, IKE_N_COOKIE,
	  ike_on_init_cookie,
	  "the responder is busy and wants to know that we can hear it" },

	{ IKE_IN(INIT_SENT), IKE_EXCHANGE_SA_INIT, IKE_RESPONSE, X(INIT),
	  IKE_P_NOTIFY, 0, IKE_N_INVALID_KE_PAYLOAD,
	  ike_on_init_invalid_ke,
	  "the responder likes another of our key exchange methods better" },

	{ IKE_IN(INIT_SENT), IKE_EXCHANGE_SA_INIT, IKE_RESPONSE, X(INIT),
	  IKE_P_NOTIFY, 0, IKE_ERROR_NOTIFY,
	  ike_on_init_refused,
	  "the responder does not want us" },

	{ IKE_IN(INIT_SENT), IKE_EXCHANGE_SA_INIT, IKE_RESPONSE, X(INIT),
	  IKE_P_SA | IKE_P_KE | IKE_P_NONCE, IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_init_response,
	  "the responder has chosen; now both can make keys" },

	/* ------------------------------------------- IKE_INTERMEDIATE */
	{ IKE_IN(HALF_OPEN), IKE_EXCHANGE_INTERMEDIATE, IKE_REQUEST, 0,
	  IKE_P_KE, IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_intermediate_request,
	  "the initiator goes on with one more key exchange" },

	{ IKE_IN(AUTH_SENT), IKE_EXCHANGE_INTERMEDIATE, IKE_RESPONSE,
	  X(INTERMEDIATE), IKE_P_KE, IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_intermediate_response,
	  "the responder has done its half of it" },

	{ IKE_IN(AUTH_SENT), IKE_EXCHANGE_INTERMEDIATE, IKE_RESPONSE,
	  X(INTERMEDIATE), IKE_P_NOTIFY, 0, IKE_ERROR_NOTIFY,
	  ike_on_intermediate_refused,
	  "the responder does not go on" },

	/* --------------------------------------------------- IKE_AUTH */
	{ IKE_IN(HALF_OPEN), IKE_EXCHANGE_AUTH, IKE_REQUEST, 0,
	  IKE_P_IDI | IKE_P_AUTH | IKE_P_SA | IKE_P_TSI | IKE_P_TSR,
	  IKE_P_IDR | IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_auth_request,
	  "the initiator says who it is, and wants a first CHILD SA" },

	{ IKE_IN(HALF_OPEN), IKE_EXCHANGE_AUTH, IKE_REQUEST, 0,
	  IKE_P_IDI | IKE_P_AUTH, IKE_P_IDR | IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_auth_request,
	  "the initiator says who it is, and wants CHILD SAs later" },

	{ IKE_IN(HALF_OPEN), IKE_EXCHANGE_AUTH, IKE_REQUEST, 0,
	  IKE_P_IDI | IKE_P_SA | IKE_P_TSI | IKE_P_TSR,
	  IKE_P_IDR | IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_auth_eap,
	  "the initiator wants EAP, which we do not do" },

	{ IKE_IN(AUTH_SENT), IKE_EXCHANGE_AUTH, IKE_RESPONSE, X(AUTH),
	  IKE_P_IDR | IKE_P_AUTH | IKE_P_SA | IKE_P_TSI | IKE_P_TSR,
	  IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_auth_response,
	  "the responder says who it is, and agrees to the CHILD SA" },

	{ IKE_IN(AUTH_SENT), IKE_EXCHANGE_AUTH, IKE_RESPONSE, X(AUTH),
	  IKE_P_IDR | IKE_P_AUTH | IKE_P_NOTIFY, 0, IKE_ERROR_NOTIFY,
	  ike_on_auth_response_no_child,
	  "the responder says who it is, but refuses the CHILD SA" },

	{ IKE_IN(AUTH_SENT), IKE_EXCHANGE_AUTH, IKE_RESPONSE, X(AUTH),
	  IKE_P_IDR | IKE_P_AUTH, IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_auth_response_childless,
	  "the responder says who it is; CHILD SAs come later" },

	{ IKE_IN(AUTH_SENT), IKE_EXCHANGE_AUTH, IKE_RESPONSE, X(AUTH),
	  IKE_P_NOTIFY, 0, IKE_ERROR_NOTIFY,
	  ike_on_auth_refused,
	  "the responder does not believe us" },

	{ IKE_IN(LEAVING), IKE_EXCHANGE_AUTH, IKE_RESPONSE, X(AUTH),
	  0, IKE_P_IDR | IKE_P_AUTH | IKE_P_SA | IKE_P_TSI | IKE_P_TSR |
	  IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_auth_response_leaving,
	  "the responder answers, but we do not want it any more" },

	/* -------------------------------------------- CREATE_CHILD_SA */
	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_CREATE_CHILD_SA, IKE_REQUEST, 0,
	  CHILD_ANSWER | IKE_P_NOTIFY, IKE_P_KE, IKE_N_REKEY_SA,
	  ike_on_rekey_child_request,
	  "the peer rekeys a CHILD SA" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_CREATE_CHILD_SA, IKE_REQUEST, 0,
	  CHILD_ANSWER, IKE_P_KE | IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_new_child_request,
	  "the peer wants one more CHILD SA" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_CREATE_CHILD_SA, IKE_REQUEST, 0,
	  IKE_P_SA | IKE_P_NONCE | IKE_P_KE, IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_rekey_ike_request,
	  "the peer rekeys the IKE SA" },

	{ CLOSING, IKE_EXCHANGE_CREATE_CHILD_SA, IKE_REQUEST, 0,
	  IKE_P_SA | IKE_P_NONCE,
	  IKE_P_KE | IKE_P_NOTIFY | IKE_P_TSI | IKE_P_TSR, IKE_ANY_NOTIFY,
	  ike_on_create_child_closing,
	  "the peer wants new keys from an IKE SA that is on its way out" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_CREATE_CHILD_SA, IKE_RESPONSE,
	  CHILD_KINDS, IKE_P_NOTIFY, 0, IKE_N_INVALID_KE_PAYLOAD,
	  ike_on_child_invalid_ke,
	  "the peer wants another group for PFS" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_CREATE_CHILD_SA, IKE_RESPONSE,
	  CHILD_KINDS, IKE_P_NOTIFY, 0, IKE_ERROR_NOTIFY,
	  ike_on_child_refused,
	  "the peer refuses the CHILD SA, or asks to wait" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_CREATE_CHILD_SA, IKE_RESPONSE,
	  CHILD_KINDS, CHILD_ANSWER, IKE_P_KE | IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_child_response,
	  "the peer agrees to the CHILD SA" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_CREATE_CHILD_SA, IKE_RESPONSE,
	  X(REKEY_IKE), IKE_P_NOTIFY, 0, IKE_N_INVALID_KE_PAYLOAD,
	  ike_on_rekey_ike_invalid_ke,
	  "the peer wants another key exchange for the new IKE SA" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_CREATE_CHILD_SA, IKE_RESPONSE,
	  X(REKEY_IKE), IKE_P_NOTIFY, 0, IKE_ERROR_NOTIFY,
	  ike_on_rekey_ike_refused,
	  "the peer does not rekey the IKE SA, or not now" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_CREATE_CHILD_SA, IKE_RESPONSE,
	  X(REKEY_IKE), IKE_P_SA | IKE_P_NONCE | IKE_P_KE, IKE_P_NOTIFY,
	  IKE_ANY_NOTIFY,
	  ike_on_rekey_ike_response,
	  "the peer agrees to the new IKE SA" },

	/* -------------------------------------------- IKE_FOLLOWUP_KE */
	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_FOLLOWUP_KE, IKE_REQUEST, 0,
	  IKE_P_KE, IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_followup_request,
	  "the peer goes on with one more key exchange for its new keys" },

	{ CLOSING, IKE_EXCHANGE_FOLLOWUP_KE, IKE_REQUEST, 0,
	  IKE_P_KE, IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_create_child_closing,
	  "the same on an IKE SA that is on its way out" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_FOLLOWUP_KE, IKE_RESPONSE,
	  FOLLOWUP_KINDS, IKE_P_KE, IKE_P_NOTIFY, IKE_ANY_NOTIFY,
	  ike_on_followup_response,
	  "the peer has done its half of it" },

	{ IKE_IN(ESTABLISHED), IKE_EXCHANGE_FOLLOWUP_KE, IKE_RESPONSE,
	  FOLLOWUP_KINDS, IKE_P_NOTIFY, 0, IKE_ERROR_NOTIFY,
	  ike_on_followup_refused,
	  "the peer does not go on" },

	/* ---------------------------------------------- INFORMATIONAL */
	{ IKE_IN(ESTABLISHED) | CLOSING, IKE_EXCHANGE_INFORMATIONAL,
	  IKE_REQUEST, 0, 0, IKE_P_NOTIFY | IKE_P_DELETE, IKE_ANY_NOTIFY,
	  ike_on_informational_request,
	  "the peer deletes SAs, tells something, or asks if we live" },

	{ IKE_IN(ESTABLISHED) | CLOSING, IKE_EXCHANGE_INFORMATIONAL,
	  IKE_RESPONSE, X(LIVENESS), 0, IKE_P_NOTIFY | IKE_P_DELETE,
	  IKE_ANY_NOTIFY,
	  ike_on_liveness_response,
	  "the peer lives" },

	{ IKE_IN(ESTABLISHED) | CLOSING, IKE_EXCHANGE_INFORMATIONAL,
	  IKE_RESPONSE, X(DELETE_CHILD), 0, IKE_P_NOTIFY | IKE_P_DELETE,
	  IKE_ANY_NOTIFY,
	  ike_on_delete_child_response,
	  "the peer has deleted its half of a CHILD SA" },

	{ IKE_IN(DELETING), IKE_EXCHANGE_INFORMATIONAL, IKE_RESPONSE,
	  X(DELETE_IKE), 0, IKE_P_NOTIFY | IKE_P_DELETE, IKE_ANY_NOTIFY,
	  ike_on_delete_ike_response,
	  "the peer has deleted the IKE SA" },
};

static bool notify_fits(const struct ike_rule *rule, const struct ike_msg *msg)
{
	switch (rule->notify) {
	case IKE_ANY_NOTIFY:
		return true;
	case IKE_ERROR_NOTIFY:
		return ike_msg_error(msg);
	default:
		return ike_msg_notify(msg, rule->notify);
	}
}

const struct ike_rule *ike_rule_find(const struct ike_sa *sa,
				     const struct ike_msg *msg)
{
	unsigned int state = sa ? 1u << sa->state : IKE_IN_NONE;
	uint32_t seen = msg->present & ~(IKE_P_IGNORED | IKE_P_SK);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct ike_rule *rule = &rules[i];

		if (!(rule->states & state) ||
		    rule->exchange != msg->h.exchange ||
		    (rule->direction == IKE_RESPONSE) !=
			    ike_msg_is_response(msg))
			continue;
		if (rule->direction == IKE_RESPONSE &&
		    !(rule->kinds & 1u << sa->window.kind))
			continue;
		if ((seen & rule->required) != rule->required ||
		    (seen & ~(rule->required | rule->optional)) ||
		    !notify_fits(rule, msg))
			continue;
		return rule;
	}
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * ECN of a decapsulated packet: the table of RFC 6040, section 4.2, figure 4.
 */
#include "ecn.h"

#define NOT_ECT IPSVTI_ECN_NOT_ECT
#define ECT_0 IPSVTI_ECN_ECT_0
#define ECT_1 IPSVTI_ECN_ECT_1
#define CE IPSVTI_ECN_CE

/*
 * The RFC marks with "(!!!)" and "(!)" what no known encapsulator makes; these
 * are logged here, both alike.
 */
static const struct {
	u8 ecn;
	u8 verdict;
} decap[4][4] = {
	/* [inner][outer] */
	[NOT_ECT] = {
		[NOT_ECT] = { NOT_ECT, IPSVTI_ECN_OK },
		[ECT_0]   = { NOT_ECT, IPSVTI_ECN_LOG },
		[ECT_1]   = { NOT_ECT, IPSVTI_ECN_LOG },
		[CE]      = { NOT_ECT, IPSVTI_ECN_DROP },
	},
	[ECT_0] = {
		[NOT_ECT] = { ECT_0, IPSVTI_ECN_OK },
		[ECT_0]   = { ECT_0, IPSVTI_ECN_OK },
		[ECT_1]   = { ECT_1, IPSVTI_ECN_OK },
		[CE]      = { CE,    IPSVTI_ECN_OK },
	},
	[ECT_1] = {
		[NOT_ECT] = { ECT_1, IPSVTI_ECN_OK },
		[ECT_0]   = { ECT_1, IPSVTI_ECN_LOG },
		[ECT_1]   = { ECT_1, IPSVTI_ECN_OK },
		[CE]      = { CE,    IPSVTI_ECN_OK },
	},
	[CE] = {
		[NOT_ECT] = { CE, IPSVTI_ECN_OK },
		[ECT_0]   = { CE, IPSVTI_ECN_OK },
		[ECT_1]   = { CE, IPSVTI_ECN_LOG },
		[CE]      = { CE, IPSVTI_ECN_OK },
	},
};

/**
 * ipsvti_ecn_decap - make the traffic class of a decapsulated packet
 * @outer: traffic class of the outer packet as it arrived
 * @inner: traffic class of the inner packet as it arrived
 * @result: where to store the traffic class to deliver it with: @inner but for
 *	the ECN field
 *
 * Context: any; the packet's integrity was verified.
 * Return: what to do with the packet.
 */
enum ipsvti_ecn_verdict ipsvti_ecn_decap(u8 outer, u8 inner, u8 *result)
{
	u8 i = inner & IPSVTI_ECN_MASK, o = outer & IPSVTI_ECN_MASK;

	*result = (inner & ~IPSVTI_ECN_MASK) | decap[i][o].ecn;
	return decap[i][o].verdict;
}

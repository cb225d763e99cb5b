/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NAT detection (RFC 7296, section 2.23).
 */
#ifndef IPSVTI_IKE_NAT_H
#define IPSVTI_IKE_NAT_H

#include "msg.h"

/**
 * ike_build_nat() - both NAT_DETECTION notifications
 * @b: builder
 * @spi_i: as in the message's header
 * @spi_r: as in the message's header
 * @local: where it is sent from
 * @remote: where it is sent to
 * @pretend: hash something else than @local, so that the peer sees a NAT
 */
void ike_build_nat(struct ike_builder *b, uint64_t spi_i, uint64_t spi_r,
		   const struct ike_endpoint *local,
		   const struct ike_endpoint *remote, bool pretend);

/**
 * ike_nat_detect() - who is behind a NAT?
 * @msg: a message with or without NAT_DETECTION notifications
 * @local: where it arrived
 * @remote: where it came from
 * @nat_local: set to whether we are; untouched if the peer does not say
 * @nat_remote: set to whether the peer is; untouched if it does not say
 */
void ike_nat_detect(const struct ike_msg *msg, const struct ike_endpoint *local,
		    const struct ike_endpoint *remote, bool *nat_local,
		    bool *nat_remote);

#endif /* IPSVTI_IKE_NAT_H */

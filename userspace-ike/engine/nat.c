// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NAT detection (RFC 7296, section 2.23): each side says which addresses and
 * ports it believes in, as hashes, and the other compares.
 */
#include "nat.h"

static bool nat_hash(uint64_t spi_i, uint64_t spi_r,
		     const struct ike_endpoint *end, uint8_t out[IKE_SHA1_LEN])
{
	uint8_t spis[2 * IKE_SPI_LEN], port[2];
	struct ike_slice parts[] = {
		IKE_SLICE(spis, sizeof(spis)),
		IKE_SLICE(end->addr.octets,
			  end->addr.family == IKE_IPV4 ? 4 : 16),
		IKE_SLICE(port, sizeof(port)),
	};

	put_be64(spis, spi_i);
	put_be64(spis + IKE_SPI_LEN, spi_r);
	put_be16(port, end->port);
	return !ike_sha1(parts, 3, out);
}

static void build(struct ike_builder *b, uint16_t type, uint64_t spi_i,
		  uint64_t spi_r, const struct ike_endpoint *end)
{
	uint8_t hash[IKE_SHA1_LEN];

	if (!nat_hash(spi_i, spi_r, end, hash)) {
		b->w.failed = true;
		return;
	}
	ike_build_notify(b, IKE_PROTO_NONE, IKE_SLICE(NULL, 0), type,
			 IKE_SLICE(hash, sizeof(hash)));
}

void ike_build_nat(struct ike_builder *b, uint64_t spi_i, uint64_t spi_r,
		   const struct ike_endpoint *local,
		   const struct ike_endpoint *remote, bool pretend)
{
	struct ike_endpoint source = *local;

	/* Port 0 is nobody's. */
	if (pretend)
		source.port = 0;
	build(b, IKE_N_NAT_DETECTION_SOURCE_IP, spi_i, spi_r, &source);
	build(b, IKE_N_NAT_DETECTION_DESTINATION_IP, spi_i, spi_r, remote);
}

void ike_nat_detect(const struct ike_msg *msg, const struct ike_endpoint *local,
		    const struct ike_endpoint *remote, bool *nat_local,
		    bool *nat_remote)
{
	uint8_t source[IKE_SHA1_LEN], dest[IKE_SHA1_LEN];
	bool source_said = false, source_seen = false;
	bool dest_said = false, dest_seen = false;

	if (!nat_hash(msg->h.spi_i, msg->h.spi_r, remote, source) ||
	    !nat_hash(msg->h.spi_i, msg->h.spi_r, local, dest))
		return;
	/* There may be several of both; one that fits is enough. */
	for (unsigned int i = 0; i < msg->n_notifies; i++) {
		const struct ike_notify *n = &msg->notifies[i];
		bool whole = n->data.len == IKE_SHA1_LEN;

		if (n->type == IKE_N_NAT_DETECTION_SOURCE_IP) {
			source_said = true;
			source_seen |= whole && !memcmp(n->data.data, source,
							IKE_SHA1_LEN);
		} else if (n->type == IKE_N_NAT_DETECTION_DESTINATION_IP) {
			dest_said = true;
			dest_seen |= whole && !memcmp(n->data.data, dest,
						      IKE_SHA1_LEN);
		}
	}
	if (source_said)
		*nat_remote = !source_seen;
	if (dest_said)
		*nat_local = !dest_seen;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * From the underlay's MTU to the device's.
 */
#include <linux/math.h>

#include "mtu.h"

/* IP headers without options or extension headers: the module sends none. */
#define IPV4_HDR_LEN 20
#define IPV6_HDR_LEN 40
#define UDP_HDR_LEN 8

/**
 * ipsvti_mtu_outer_len - tell the length of what precedes the ESP header
 * @outer_v6: the outer packet is IPv6, else IPv4
 * @natt: it carries ESP in UDP (RFC 3948)
 *
 * Context: any.
 * Return: octets of outer IP and UDP header.
 */
u32 ipsvti_mtu_outer_len(bool outer_v6, bool natt)
{
	return (outer_v6 ? IPV6_HDR_LEN : IPV4_HDR_LEN) +
	       (natt ? UDP_HDR_LEN : 0);
}

/**
 * ipsvti_mtu_inner - tell the longest inner packet that passes in one piece
 * @link_mtu: longest outer IP packet the underlay takes, in octets
 * @outer_v6: the outer packet is IPv6, else IPv4
 * @natt: it carries ESP in UDP
 * @g: geometry of the transform
 *
 * What is left for the encrypted part is rounded down to whole blocks, since it
 * is padded up to them, and its last two octets are pad length and next header.
 *
 * Context: any.
 * Return: octets of inner packet, its IP header included; 0 if not one fits.
 *	A packet of this length fits, the next longer one does not.
 */
u32 ipsvti_mtu_inner(u32 link_mtu, bool outer_v6, bool natt,
		     const struct ipsvti_esp_geometry *g)
{
	u32 around = ipsvti_mtu_outer_len(outer_v6, natt) +
		     ipsvti_esp_head_len(g) + g->icv_len;

	if (link_mtu < around + g->align)
		return 0;
	return round_down(link_mtu - around, g->align) - IPSVTI_ESP_TRAILER_LEN;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The maximum segment size in the options of a TCP header.
 */
#include "mss.h"

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2
#define OPTION_AO 29

#define IPV4_TCP_LEN (20 + 20)
#define IPV6_TCP_LEN (40 + 20)

/**
 * ipsvti_mss_find - find the maximum segment size in the options of a TCP header
 * @options: the options
 * @len: their length in octets, as the data offset says
 *
 * All of the options are looked at.  Of those that are not well-formed nothing is
 * believed, and of those that are signed (TCP-AO, RFC 5925) nothing can be changed
 * without the peer refusing the segment.
 *
 * Context: any.
 * Return: the offset of the two octets of the first such option in @options; -1,
 *	there is none, or none that may be changed.
 */
int ipsvti_mss_find(const u8 *options, u32 len)
{
	int found = -1;
	u32 i = 0, n;

	while (i < len && options[i] != OPTION_END) {
		if (options[i] == OPTION_NOP) {
			i++;
			continue;
		}
		n = i + 1 < len ? options[i + 1] : 0;
		if (n < 2 || n > len - i || options[i] == OPTION_AO)
			return -1;
		if (options[i] == OPTION_MSS) {
			if (n != 4)
				return -1;
			if (found < 0)
				found = i + 2;
		}
		i += n;
	}
	return found;
}

/**
 * ipsvti_mss_max - tell the segment size that fits
 * @mtu: longest inner packet in octets
 * @v6: it is IPv6, else IPv4
 *
 * RFC 9293, section 3.7.1: the MTU less headers without options; who sends options
 * makes the segments shorter by them.
 *
 * Context: any.
 * Return: octets; 0, not one fits.
 */
u32 ipsvti_mss_max(u32 mtu, bool v6)
{
	u32 headers = v6 ? IPV6_TCP_LEN : IPV4_TCP_LEN;

	return mtu > headers ? mtu - headers : 0;
}

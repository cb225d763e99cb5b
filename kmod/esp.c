// SPDX-License-Identifier: GPL-2.0
/*
 * The ESP trailer: written before encryption, checked after decryption.
 */
#include <linux/errno.h>

#include "esp.h"

/**
 * ipsvti_esp_fill_trailer - write padding, pad length and next header
 * @dst: where the inner packet ends; takes @pad_len + %IPSVTI_ESP_TRAILER_LEN
 *	octets
 * @pad_len: octets of padding, at most %IPSVTI_ESP_PAD_MAX
 * @next_header: what the inner packet is, an IP protocol number
 *
 * RFC 4303, section 2.4: the padding octets count up from 1.
 *
 * Context: any.
 */
void ipsvti_esp_fill_trailer(u8 *dst, u32 pad_len, u8 next_header)
{
	u32 i;

	for (i = 0; i < pad_len; i++)
		dst[i] = i + 1;
	dst[pad_len] = pad_len;
	dst[pad_len + 1] = next_header;
}

/**
 * ipsvti_esp_check_trailer - read the trailer of a decrypted packet
 * @tail: the last @avail octets of the decrypted part
 * @avail: how many of them are at hand
 * @next_header: where to store what the inner packet is
 * @pad_len: where to store the octets of padding
 *
 * RFC 4303, section 2.4, has the receiver look at the padding: it is the only
 * part of the packet that the sender is not free to choose.
 *
 * Context: any; the packet's integrity was verified.
 * Return: 0;
 *	-EINVAL if the padding does not count up from 1, or @avail is too short
 *	to hold even pad length and next header;
 *	-ENODATA if the padding begins before @tail: @next_header and @pad_len
 *	are stored then, for a caller that has more of the packet to come back
 *	with @pad_len + %IPSVTI_ESP_TRAILER_LEN octets.  If @tail was the whole
 *	decrypted part the packet is damaged.
 */
int ipsvti_esp_check_trailer(const u8 *tail, u32 avail, u8 *next_header,
			     u32 *pad_len)
{
	const u8 *pad;
	u32 i, len;

	if (avail < IPSVTI_ESP_TRAILER_LEN)
		return -EINVAL;

	len = tail[avail - 2];
	*next_header = tail[avail - 1];
	*pad_len = len;
	if (len > avail - IPSVTI_ESP_TRAILER_LEN)
		return -ENODATA;

	pad = tail + avail - IPSVTI_ESP_TRAILER_LEN - len;
	for (i = 0; i < len; i++)
		if (pad[i] != i + 1)
			return -EINVAL;
	return 0;
}

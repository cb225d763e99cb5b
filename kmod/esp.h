/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout of an ESP packet (RFC 4303, section 2) in tunnel mode with an AEAD.
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+---------------------------------------------------------------+ - -
 *	|              Security parameters index (SPI)                  |  ^
 *	+---------------------------------------------------------------+ AAD
 *	|                      Sequence number                          |  v
 *	+---------------------------------------------------------------+ - -
 *	|                  IV (iv_len octets, in clear)                 |
 *	+---------------------------------------------------------------+ - -
 *	|                                                               |  ^
 *	|                    Inner IP packet (variable)                 |  |
 *	|                                                               | en-
 *	+               +-----------------------------------------------+ crypted
 *	|               |       Padding (0 to 255 octets: 1, 2, 3 ...)  |  |
 *	+---------------+---------------+---------------+---------------+  |
 *	|                               |  Pad length   |  Next header  |  v
 *	+-------------------------------+---------------+---------------+ - -
 *	|                Integrity check value (icv_len octets)         |
 *	+---------------------------------------------------------------+
 *
 * The AEAD's additional authenticated data (AAD) are SPI and sequence number
 * (RFC 4106, section 5); the IV is authenticated as part of the nonce.
 *
 * With ESP-in-UDP (RFC 3948) a UDP header comes before the SPI.
 *
 * A pure unit: it knows no packet buffer and no device, and needs no lock.
 */
#ifndef _IPSVTI_ESP_H
#define _IPSVTI_ESP_H

#include <linux/build_bug.h>
#include <linux/types.h>

/**
 * struct ipsvti_esp_hdr - what every ESP packet begins with
 * @spi: security parameters index
 * @seq: sequence number; the low 32 bits of it with extended numbers
 */
struct ipsvti_esp_hdr {
	__be32 spi;
	__be32 seq;
};

static_assert(sizeof(struct ipsvti_esp_hdr) == 8);

/* Pad length and next header, the part of the trailer that is always there. */
#define IPSVTI_ESP_TRAILER_LEN 2
#define IPSVTI_ESP_PAD_MAX 255

/**
 * struct ipsvti_esp_geometry - what a transform adds to a packet
 * @iv_len: octets of IV
 * @icv_len: octets of integrity check value
 * @align: the encrypted part is padded to a multiple of this; a power of two,
 *	at least 4 (RFC 4303, section 2.4) and the cipher's block size
 */
struct ipsvti_esp_geometry {
	u8 iv_len;
	u8 icv_len;
	u8 align;
};

/**
 * ipsvti_esp_pad_len - tell how much padding a packet needs
 * @g: geometry of the transform
 * @inner_len: length of the inner packet in octets
 *
 * Return: octets of padding before the pad length field, 0 to @align - 1.
 */
static inline u32 ipsvti_esp_pad_len(const struct ipsvti_esp_geometry *g,
				     u32 inner_len)
{
	return (0U - inner_len - IPSVTI_ESP_TRAILER_LEN) & (g->align - 1U);
}

/**
 * ipsvti_esp_head_len - tell the length of what precedes the inner packet
 * @g: geometry of the transform
 *
 * Return: octets of ESP header and IV.
 */
static inline u32 ipsvti_esp_head_len(const struct ipsvti_esp_geometry *g)
{
	return sizeof(struct ipsvti_esp_hdr) + g->iv_len;
}

/**
 * ipsvti_esp_tail_len - tell the length of what follows the inner packet
 * @g: geometry of the transform
 * @pad_len: octets of padding; @align - 1 gives the most that is ever needed
 *
 * Return: octets of padding, pad length, next header and ICV.
 */
static inline u32 ipsvti_esp_tail_len(const struct ipsvti_esp_geometry *g,
				      u32 pad_len)
{
	return pad_len + IPSVTI_ESP_TRAILER_LEN + g->icv_len;
}

void ipsvti_esp_fill_trailer(u8 *dst, u32 pad_len, u8 next_header);
int ipsvti_esp_check_trailer(const u8 *tail, u32 avail, u8 *next_header,
			     u32 *pad_len);

#endif /* _IPSVTI_ESP_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing octets, each with one bound that is checked in one
 * place. A reader or writer that has failed stays failed and does nothing
 * more, so that a sequence of calls needs one check at its end.
 */
#ifndef IPSVTI_IKE_BYTES_H
#define IPSVTI_IKE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../crypto/crypto.h"

static inline void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, (uint16_t)(v >> 16));
	put_be16(p + 2, (uint16_t)v);
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
	put_be32(p, (uint32_t)(v >> 32));
	put_be32(p + 4, (uint32_t)v);
}

static inline uint16_t get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

static inline uint64_t get_be64(const uint8_t *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

/**
 * struct ike_reader - a cursor over octets received
 * @pos: next octet
 * @left: octets left
 * @failed: somebody wanted more than there was
 */
struct ike_reader {
	const uint8_t *pos;
	size_t left;
	bool failed;
};

static inline struct ike_reader ike_read(struct ike_slice from)
{
	return (struct ike_reader){ .pos = from.data, .left = from.len };
}

/* Return: the next @len octets, or NULL (and failed). */
static inline const uint8_t *ike_take(struct ike_reader *r, size_t len)
{
	const uint8_t *at = r->pos;

	if (r->failed || len > r->left) {
		r->failed = true;
		return NULL;
	}
	r->pos += len;
	r->left -= len;
	return at;
}

static inline struct ike_slice ike_take_slice(struct ike_reader *r, size_t len)
{
	const uint8_t *at = ike_take(r, len);

	return IKE_SLICE(at, at ? len : 0);
}

static inline struct ike_slice ike_take_rest(struct ike_reader *r)
{
	return ike_take_slice(r, r->left);
}

static inline uint8_t ike_take_u8(struct ike_reader *r)
{
	const uint8_t *at = ike_take(r, 1);

	return at ? *at : 0;
}

static inline uint16_t ike_take_u16(struct ike_reader *r)
{
	const uint8_t *at = ike_take(r, 2);

	return at ? get_be16(at) : 0;
}

static inline uint32_t ike_take_u32(struct ike_reader *r)
{
	const uint8_t *at = ike_take(r, 4);

	return at ? get_be32(at) : 0;
}

static inline uint64_t ike_take_u64(struct ike_reader *r)
{
	const uint8_t *at = ike_take(r, 8);

	return at ? get_be64(at) : 0;
}

/**
 * struct ike_writer - appends octets to a buffer of fixed size
 * @data: the buffer
 * @size: its octets
 * @len: octets written
 * @failed: somebody wanted to write more than fits
 */
struct ike_writer {
	uint8_t *data;
	size_t size;
	size_t len;
	bool failed;
};

static inline struct ike_writer ike_write_to(uint8_t *data, size_t size)
{
	return (struct ike_writer){ .data = data, .size = size };
}

/* Return: room for @len octets, or NULL (and failed). */
static inline uint8_t *ike_reserve(struct ike_writer *w, size_t len)
{
	uint8_t *at;

	if (w->failed || len > w->size - w->len) {
		w->failed = true;
		return NULL;
	}
	at = w->data + w->len;
	w->len += len;
	return at;
}

static inline void ike_put(struct ike_writer *w, struct ike_slice what)
{
	uint8_t *at = ike_reserve(w, what.len);

	if (at && what.len)
		memcpy(at, what.data, what.len);
}

static inline void ike_put_u8(struct ike_writer *w, uint8_t v)
{
	uint8_t *at = ike_reserve(w, 1);

	if (at)
		*at = v;
}

static inline void ike_put_u16(struct ike_writer *w, uint16_t v)
{
	uint8_t *at = ike_reserve(w, 2);

	if (at)
		put_be16(at, v);
}

static inline void ike_put_u32(struct ike_writer *w, uint32_t v)
{
	uint8_t *at = ike_reserve(w, 4);

	if (at)
		put_be32(at, v);
}

static inline void ike_put_u64(struct ike_writer *w, uint64_t v)
{
	uint8_t *at = ike_reserve(w, 8);

	if (at)
		put_be64(at, v);
}

#endif /* IPSVTI_IKE_BYTES_H */

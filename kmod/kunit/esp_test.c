// SPDX-License-Identifier: GPL-2.0
/*
 * The ESP trailer: written as RFC 4303 says, and nothing else accepted.
 *
 * Buffers are allocated to the octet, so that KASAN or ASan sees a step beside.
 */
#include "suites.h"

#include "../esp.h"

#define TRAILER IPSVTI_ESP_TRAILER_LEN
#define PAD_MAX IPSVTI_ESP_PAD_MAX

static const struct ipsvti_esp_geometry geometries[] = {
	{ .iv_len = 8, .icv_len = 16, .align = 4 },
	{ .iv_len = 8, .icv_len = 16, .align = 8 },
	{ .iv_len = 16, .icv_len = 12, .align = 16 },
	{ .iv_len = 16, .icv_len = 32, .align = 128 },
};

static u8 *new_octets(struct kunit *test, u32 n)
{
	u8 *p = kunit_kzalloc(test, n ?: 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p);
	return p;
}

static void esp_header_layout(struct kunit *test)
{
	struct ipsvti_esp_hdr hdr;

	KUNIT_EXPECT_EQ(test, sizeof(hdr), (size_t)8);
	KUNIT_EXPECT_TRUE(test, (u8 *)&hdr.spi == (u8 *)&hdr);
	KUNIT_EXPECT_TRUE(test, (u8 *)&hdr.seq == (u8 *)&hdr + 4);
}

static void esp_padding_is_the_least_that_aligns(struct kunit *test)
{
	u32 i, len, want;

	for (i = 0; i < ARRAY_SIZE(geometries); i++) {
		const struct ipsvti_esp_geometry *g = &geometries[i];

		for (len = 0; len < 2000; len++) {
			want = 0;
			while ((len + want + TRAILER) % g->align)
				want++;
			KUNIT_ASSERT_EQ_MSG(test, ipsvti_esp_pad_len(g, len),
					    want, "align %u len %u", g->align,
					    len);
		}
		KUNIT_EXPECT_EQ(test, ipsvti_esp_head_len(g), 8U + g->iv_len);
		KUNIT_EXPECT_EQ(test, ipsvti_esp_tail_len(g, 3),
				3U + 2U + g->icv_len);
	}
	/* a jumbogram's worth */
	KUNIT_EXPECT_EQ(test, ipsvti_esp_pad_len(&geometries[0], 65535), 3U);
	KUNIT_EXPECT_EQ(test, ipsvti_esp_pad_len(&geometries[0], 65534), 0U);
}

static void esp_trailer_octets(struct kunit *test)
{
	static const u8 none[] = { 0, 4 };
	static const u8 three[] = { 1, 2, 3, 3, 41 };
	u8 *p = new_octets(test, sizeof(three));

	ipsvti_esp_fill_trailer(p, 0, 4);
	KUNIT_EXPECT_EQ(test, memcmp(p, none, sizeof(none)), 0);
	ipsvti_esp_fill_trailer(p, 3, 41);
	KUNIT_EXPECT_EQ(test, memcmp(p, three, sizeof(three)), 0);
}

static void esp_trailer_there_and_back(struct kunit *test)
{
	u32 pad, before, len, got;
	u8 nh, *p;
	int err;

	for (pad = 0; pad <= PAD_MAX; pad++) {
		/* The caller may hand over more than the trailer. */
		for (before = 0; before < 3; before++) {
			len = before + pad + TRAILER;
			p = new_octets(test, len);
			memset(p, 0xee, before);
			ipsvti_esp_fill_trailer(p + before, pad, pad ^ 0x5a);
			nh = 0;
			got = 9999;
			err = ipsvti_esp_check_trailer(p, len, &nh, &got);
			KUNIT_ASSERT_EQ(test, err, 0);
			KUNIT_ASSERT_EQ(test, got, pad);
			KUNIT_ASSERT_EQ(test, nh, pad ^ 0x5a);
		}
	}
}

static void esp_trailer_wrong_padding(struct kunit *test)
{
	u32 pad, at, got;
	u8 nh, *p;
	int err;

	for (pad = 1; pad <= PAD_MAX; pad++) {
		p = new_octets(test, pad + TRAILER);
		ipsvti_esp_fill_trailer(p, pad, 4);
		for (at = 0; at < pad; at++) {
			p[at] ^= 0x80 >> (at % 8);
			err = ipsvti_esp_check_trailer(p, pad + TRAILER, &nh,
						       &got);
			KUNIT_ASSERT_EQ_MSG(test, err, -EINVAL,
					    "pad %u octet %u", pad, at);
			p[at] ^= 0x80 >> (at % 8);
		}
	}
}

static void esp_trailer_longer_than_at_hand(struct kunit *test)
{
	u8 *whole = new_octets(test, 100 + TRAILER);
	u32 avail, got;
	u8 nh, *p;
	int err;

	ipsvti_esp_fill_trailer(whole, 100, 41);
	for (avail = 0; avail < 100 + TRAILER; avail++) {
		p = new_octets(test, avail);
		memcpy(p, whole + 100 + TRAILER - avail, avail);
		got = 9999;
		nh = 7;
		err = ipsvti_esp_check_trailer(p, avail, &nh, &got);
		if (avail < TRAILER) {
			KUNIT_EXPECT_EQ(test, err, -EINVAL);
			continue;
		}
		KUNIT_EXPECT_EQ(test, err, -ENODATA);
		KUNIT_EXPECT_EQ(test, got, 100U);
		KUNIT_EXPECT_EQ(test, nh, 41);
	}
	err = ipsvti_esp_check_trailer(whole, 100 + TRAILER, &nh, &got);
	KUNIT_EXPECT_EQ(test, err, 0);
}

/* The naive way: build every trailer that may be meant, and compare. */
static int naive_check(const u8 *tail, u32 avail, u32 *pad_len)
{
	u8 want[PAD_MAX + TRAILER];
	u32 pad, i;

	if (avail < TRAILER)
		return -EINVAL;
	for (pad = 0; pad <= PAD_MAX; pad++) {
		if (tail[avail - 2] != pad)
			continue;
		*pad_len = pad;
		if (pad + TRAILER > avail)
			return -ENODATA;
		for (i = 0; i < pad; i++)
			want[i] = i + 1;
		want[pad] = pad;
		if (!memcmp(want, tail + avail - TRAILER - pad, pad + 1))
			return 0;
	}
	return -EINVAL;
}

static void esp_trailer_model(struct kunit *test)
{
	u32 step, avail, pad, at, got, want_pad;
	struct ipsvti_rand rand;
	int err, want, oks = 0;
	u8 nh, *p;

	ipsvti_rand_init(&rand, test);
	for (step = 0; step < 5000; step++) {
		/* Right, or nearly right, or too much to be right. */
		pad = ipsvti_rand_below(&rand, 4) ?
			      ipsvti_rand_below(&rand, 16) :
			      ipsvti_rand_below(&rand, PAD_MAX + 1);
		avail = pad + TRAILER + ipsvti_rand_below(&rand, 4);
		p = new_octets(test, avail);
		ipsvti_esp_fill_trailer(p + avail - pad - TRAILER, pad,
					ipsvti_rand_below(&rand, 256));
		if (ipsvti_rand_below(&rand, 2)) {
			at = ipsvti_rand_below(&rand, avail);
			p[at] = ipsvti_rand_below(&rand, 256);
		}

		got = 9999;
		want_pad = 9999;
		err = ipsvti_esp_check_trailer(p, avail, &nh, &got);
		want = naive_check(p, avail, &want_pad);
		KUNIT_ASSERT_EQ_MSG(test, err, want, "step %u", step);
		KUNIT_ASSERT_EQ(test, got, want_pad);
		KUNIT_ASSERT_EQ(test, nh, p[avail - 1]);
		oks += !err;
	}
	/* If it were all of one kind the test would be none. */
	KUNIT_EXPECT_TRUE(test, oks > 1000 && oks < 4800);
}

static struct kunit_case esp_cases[] = {
	KUNIT_CASE(esp_header_layout),
	KUNIT_CASE(esp_padding_is_the_least_that_aligns),
	KUNIT_CASE(esp_trailer_octets),
	KUNIT_CASE(esp_trailer_there_and_back),
	KUNIT_CASE(esp_trailer_wrong_padding),
	KUNIT_CASE(esp_trailer_longer_than_at_hand),
	KUNIT_CASE(esp_trailer_model),
	{},
};

struct kunit_suite ipsvti_esp_suite = {
	.name = "ipsvti_esp",
	.test_cases = esp_cases,
};

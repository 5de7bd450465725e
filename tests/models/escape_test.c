/* SPDX-License-Identifier: MIT */
/*
 * escape_test.c - what a server prints cannot drive a terminal
 *
 * utf8() and escape() of models/message.h against a definition made the other
 * way round: a sequence is valid when it is what some code point encodes to.
 */
#include "net.h"
#ifdef WITH_LIBC
TEST(raw_layer_only)
{
	SKIP("message.h is freestanding");
}
#else
#include "../../models/message.h"

/* The shortest encoding of a code point: its bytes and their number. */
static unsigned encode(unsigned c, unsigned char *to)
{
	if (c < 0x80) {
		to[0] = c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = 0xc0 | c >> 6;
		to[1] = 0x80 | (c & 63);
		return 2;
	}
	if (c < 0x10000) {
		to[0] = 0xe0 | c >> 12;
		to[1] = 0x80 | (c >> 6 & 63);
		to[2] = 0x80 | (c & 63);
		return 3;
	}
	to[0] = 0xf0 | c >> 18;
	to[1] = 0x80 | (c >> 12 & 63);
	to[2] = 0x80 | (c >> 6 & 63);
	to[3] = 0x80 | (c & 63);
	return 4;
}

/* Decode by the first byte alone, then ask whether it encodes back. */
static unsigned defined(const unsigned char *s, unsigned n)
{
	unsigned len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	unsigned char back[4];
	unsigned c = s[0] & (len == 1 ? 0x7f : 0x7f >> len);

	if (len > n)
		return 0;
	for (unsigned i = 1; i < len; i++)
		c = c << 6 | (s[i] & 63);
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (encode(c, back) != len || memcmp(back, s, len))
		return 0;
	return len;
}

TEST(every_code_point_is_valid)
{
	unsigned char s[4];

	for (unsigned c = 0; c <= 0x10ffff; c++) {
		unsigned len = encode(c, s);
		int surrogate = c >= 0xd800 && c <= 0xdfff;

		if (utf8(s, len) != (surrogate ? 0 : len))
			FAIL("U+%x", c);
		if (utf8(s, len - 1) && len > 1)
			FAIL("U+%x cut short", c);
	}
}

TEST(every_two_bytes)
{
	for (unsigned i = 0; i < 0x10000; i++) {
		unsigned char s[2] = { i >> 8, i };

		if (utf8(s, 2) != defined(s, 2) || utf8(s, 1) != defined(s, 1))
			FAIL("%x: %u, expected %u", i, utf8(s, 2), defined(s, 2));
	}
}

/* Three and four bytes: every first two, with tails around each border. */
TEST(three_and_four_bytes_around_the_borders)
{
	static const unsigned char tails[] = {
		0x00, 0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbe,
		0xbf, 0xc0, 0xc2, 0xe0, 0xf0, 0xff,
	};

	for (unsigned i = 0; i < 0x10000; i++)
		for (unsigned a = 0; a < sizeof(tails); a++)
			for (unsigned b = 0; b < sizeof(tails); b++) {
				unsigned char s[4] = { i >> 8, i, tails[a],
						       tails[b] };

				if (utf8(s, 4) != defined(s, 4) ||
				    utf8(s, 3) != defined(s, 3))
					FAIL("%x %x %x", i, s[2], s[3]);
			}
}

/* What one character of n bytes becomes. */
#define ESCAPED(expected, s) do {					\
	char text[16] = { 0 }, *at = text;				\
									\
	EXPECT_EQ(sizeof(s) - 1,					\
		  escape(&at, (const unsigned char *)s, sizeof(s) - 1)); \
	EXPECT_STR(expected, text);					\
} while (0)

TEST(examples)
{
	ESCAPED("a", "a");
	ESCAPED("\\n", "\n");
	ESCAPED("\\t", "\t");
	ESCAPED("\\r", "\r");
	ESCAPED("\\x00", "\0");
	ESCAPED("\\x1b", "\x1b");
	ESCAPED("\\x7f", "\x7f");
	ESCAPED("\\xc2\\x9b", "\xc2\x9b");	/* CSI, a C1 control */
	ESCAPED("\xc2\xa0", "\xc2\xa0");
	ESCAPED("\xe2\x82\xac", "\xe2\x82\xac");	/* the euro sign */
	ESCAPED("\\xff", "\xff");
	ESCAPED("\\x80", "\x80");
}

/* Of all code points these are escaped: controls, and what directs text. */
TEST(which_code_points_are_escaped)
{
	for (unsigned c = 0; c <= 0x10ffff; c++) {
		unsigned char s[4];
		char out[16], *at = out;
		unsigned len = encode(c, s);
		int unsafe = c < 0x20 || (c >= 0x7f && c < 0xa0) ||
			     c == 0x61c || c == 0x200e || c == 0x200f ||
			     (c >= 0x2028 && c <= 0x202e) ||
			     (c >= 0x2066 && c <= 0x2069);

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		escape(&at, s, len);
		if ((out[0] == '\\' && c != '\\') != unsafe || at - out > 12)
			FAIL("U+%x", c);
	}
}

/*
 * Of every pair of bytes: the output has no control character, C1 ones
 * included, is valid UTF-8, and is at most 8 bytes per character.
 */
TEST(output_is_always_harmless)
{
	for (unsigned i = 0; i < 0x10000; i++) {
		unsigned char in[2] = { i >> 8, i };
		char out[32], *at = out;
		unsigned used = 0;

		while (used < 2) {
			char *from = at;

			used += escape(&at, in + used, 2 - used);
			if (at == from || at - from > 8)
				FAIL("%x: %ld bytes", i, (long)(at - from));
		}
		for (char *p = out; p < at; ) {
			unsigned char *s = (unsigned char *)p;
			unsigned len = defined(s, at - p);

			if (!len || s[0] < 0x20 || s[0] == 0x7f ||
			    (s[0] == 0xc2 && s[1] < 0xa0))
				FAIL("%x", i);
			p += len;
		}
	}
}
#endif

/* SPDX-License-Identifier: MIT */
/*
 * print_test.c - format(), the errno names and the memory functions of start.h
 */
#include "net.h"
#ifdef WITH_LIBC
TEST(raw_layer_only)
{
	SKIP("these functions stand in for libc's");
}
#else

/* Format into size bytes before a guard page, and compare. */
#define FORMATS(expected, size, ...) do {				\
	char *at = tail_alloc(size);					\
									\
	EXPECT_EQ(length(expected), format(at, size, __VA_ARGS__));	\
	EXPECT_STR(expected, at);					\
} while (0)

TEST(format_knows_its_letters)
{
	FORMATS("a b", 4, "%s %s", "a", "b");
	FORMATS("x%y", 4, "%c%%%c", 'x', 'y');
	FORMATS("0 -1 2147483647 -2147483648", 28, "%d %d %d %d", 0, -1,
		2147483647, -2147483647 - 1);
	FORMATS("4294967295 ffffffff", 20, "%u %x", ~0U, ~0U);
	FORMATS("-9223372036854775808", 21, "%ld", 1L << 63);
	FORMATS("18446744073709551615", 21, "%lu", ~0UL);
	FORMATS("ffffffffffffffff", 17, "%lx", ~0UL);
	FORMATS("", 1, "%s", "");
}

/* What does not fit is cut, the 0 byte included in size. */
TEST(format_cuts)
{
	FORMATS("abc", 4, "%s", "abcdef");
	FORMATS("123", 4, "%d", 123456);
	FORMATS("", 1, "abc");
	FORMATS("abc", 4, "abcdef");
}

/* Nothing is read behind a % that ends the text. */
TEST(format_ends_with_the_text)
{
	const char *volatile percent = "%", *volatile wide = "a%l";
	char *text = tail_alloc(2), *out = tail_alloc(8);

	text[0] = percent[0];
	text[1] = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	EXPECT_EQ(0, format(out, 8, text));
	EXPECT_EQ(1, format(out, 8, wide));
#pragma GCC diagnostic pop
}

TEST(print_is_one_write)
{
	char text[16];
	int fd[2];

	ASSERT_EQ(0, sys_pipe2(fd, O_NONBLOCK));
	EXPECT_EQ(6, print(fd[1], "%s %d\n", "abc", 7));
	EXPECT_EQ(6, sys_read(fd[0], text, sizeof(text)));
	EXPECT_EQ(0, memcmp(text, "abc 7\n", 6));
	EXPECT_ERR(-EBADF, print(-1, "x"));
}

TEST(errno_has_names)
{
	EXPECT_STR("EPERM", errno_name(EPERM));
	EXPECT_STR("EPERM", errno_name(-EPERM));
	EXPECT_STR("EAGAIN", errno_name(-EAGAIN));
	EXPECT_STR("EHWPOISON", errno_name(-133));
	EXPECT_STR("an unknown errno", errno_name(0));
	EXPECT_STR("an unknown errno", errno_name(-134));
	EXPECT_STR("an unknown errno", errno_name(-4095));
}

/* Only 41 and 58 are free: every other number up to 133 has its name. */
TEST(errno_list_is_whole)
{
	for (int e = 1; e <= 133; e++)
		if (e == 41 || e == 58)
			EXPECT_STR("an unknown errno", errno_name(e));
		else
			EXPECT_EQ('E', errno_name(e)[0]);
}

/* Every length up to 64, at the end of a page: no byte beyond is touched. */
TEST(memory_functions_keep_to_their_bytes)
{
	for (int n = 0; n <= 64; n++) {
		char *a = tail_alloc(n), *b = tail_alloc(n);

		EXPECT_EQ(a, memset(a, 'x', n));
		EXPECT_EQ(b, memcpy(b, a, n));
		EXPECT_EQ(0, memcmp(a, b, n));
		if (n)
			EXPECT_EQ('x', b[n - 1]);
	}
}

/* memmove at every distance, against a copy through another buffer. */
TEST(memmove_overlaps)
{
	char a[48], b[48], c[48];

	for (int to = 0; to < 16; to++)
		for (int from = 0; from < 16; from++)
			for (int n = 0; n <= 32; n++) {
				for (int i = 0; i < 48; i++)
					a[i] = b[i] = i;
				memcpy(c, a + from, n);
				memcpy(b + to, c, n);
				ASSERT_EQ(a + to, memmove(a + to, a + from, n));
				ASSERT_EQ(0, memcmp(a, b, 48));
			}
}

/* The order is that of unsigned bytes. */
TEST(memcmp_orders)
{
	EXPECT_LT(memcmp("a", "b", 1), 0);
	EXPECT_GT(memcmp("\x80", "\x7f", 1), 0);
	EXPECT_EQ(0, memcmp("ab", "ac", 1));
	EXPECT_EQ(0, memcmp("a", "b", 0));
}
#endif

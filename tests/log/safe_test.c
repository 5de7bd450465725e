/* SPDX-License-Identifier: MIT */
/*
 * safe_test.c - nothing that drives a terminal leaves a report (with libc)
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include "../../log/safe.h"
#include "tap.h"

/* What comes out for text, written in pieces of that many bytes. */
static const char *written(const char *text, size_t n, size_t piece, int colour)
{
	static char got[4096];
	FILE *to = fmemopen(got, sizeof(got), "w");
	FILE *out = safe_stream(to, colour);

	setvbuf(out, NULL, _IONBF, 0);
	for (size_t i = 0; i < n; i += piece)
		fwrite(text + i, 1, n - i < piece ? n - i : piece, out);
	fclose(out);
	fputc(0, to);
	fclose(to);
	return got;
}

static const struct { const char *name, *text, *shown; } cases[] = {
	{ "plain", "a b\tc\n", "a b\tc\n" },
	{ "UTF-8", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac"
	  "\xf0\x9f\x98\x80" },
	{ "OSC", "\033]0;title\007", "?]0;title?" },
	{ "CSI", "\033[2J\033[8m", "?[2J?[8m" },
	{ "DCS", "\033Pq\033\\", "?Pq?\\" },
	{ "C1 as a byte", "\x9b" "31m\x9d", "?31m?" },
	{ "C1 as UTF-8", "\xc2\x9b" "31m\xc2\x9d\xc2\x85", "?31m??" },
	{ "DEL, BS, CR, NUL-like", "a\x7f\b\r\001", "a????" },
	{ "bidirectional", "\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9"
	  "\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "???????" },
	{ "no width", "\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf\xe2\x81\xa0", "????" },
	{ "line separators", "\xe2\x80\xa8\xe2\x80\xa9", "??" },
	{ "tags", "\xf3\xa0\x81\x81", "?" },
	{ "no UTF-8", "\xff\xfe\xc0\xaf\xe2\x82", "??????" },
	{ "overlong", "\xe0\x80\xaf", "???" },
	{ "surrogate", "\xed\xa0\x80", "???" },
	{ "beyond Unicode", "\xf4\x90\x80\x80", "????" },
};

TEST(a_stream_shows_no_control_character)
{
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t piece = 1; piece < 9; piece += 3) {
			const char *got = written(cases[i].text,
						  strlen(cases[i].text), piece,
						  0);

			if (strcmp(got, cases[i].shown))
				tap_say("%s, %zu bytes per write",
					cases[i].name, piece);
			EXPECT_STR(cases[i].shown, got);
		}
}

TEST(our_own_colours_pass_where_they_are_asked_for)
{
	static const char text[] = "\033[1mbold\033[0m\033[8mno\033[31mred";

	for (size_t piece = 1; piece < 9; piece++)
		EXPECT_STR("\033[1mbold\033[0m?[8mno\033[31mred",
			     written(text, strlen(text), piece, 1));
	EXPECT_STR("?[1mbold?[0m?[8mno?[31mred",
		     written(text, strlen(text), 99, 0));
}

TEST(a_text_for_stderr_has_one_line)
{
	char to[64];

	EXPECT_STR("a?b?\xc3\xa4", safe_text("a\nb\033\xc3\xa4", to,
					       sizeof(to)));
	EXPECT_STR("abc", safe_text("abcdefgh", to, 8));
}

/* Messages are escaped on a terminal, as what a report prints is. */
TEST(messages_on_a_terminal)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), screen, n = 0;
	char shown[256] = "";

	if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
		SKIP("no terminal: %s", strerror(errno));
	screen = ASSERT_GE(open(ptsname(terminal), O_RDWR | O_NOCTTY), 0);
	ASSERT_EQ(2, dup2(screen, 2));
	safe_stderr();
	error(0, 0, "%s: no such file", "a\033]0;b\007\xc2\x9b\xe2\x80\xae\xff");
	/* (A terminal passes on what was written in parts.) */
	while (!strchr(shown, '\n') && n < (int)sizeof(shown) - 1)
		n += ASSERT_GT(read(terminal, shown + n,
				    sizeof(shown) - 1 - n), 0);
	EXPECT_TRUE(strstr(shown, "a?]0;b???"));
	EXPECT_TRUE(!strpbrk(shown, "\033\007\x9b\xff"));
	EXPECT_EQ('\n', shown[n - 1]);
}

/* SPDX-License-Identifier: MIT */
/*
 * protocol_test.c - where an answer ends, and whether it is right (with libc)
 */
#include "../../bench/protocol.h"
#include "../tap.h"

/* An answer: its first bytes, what of them is it, and the verdict. */
struct sample {
	const char *protocol, *rule, *text;
	size_t length;
	int done, wrong, closes;
};

#define HTTP "HTTP/1.1 200 OK\r\n"

static const struct sample samples[] = {
	{ "http", NULL, HTTP "Content-Length: 5\r\n\r\nhelloHTTP/1.1", 43, 1, 0, 0 },
	{ "http", NULL, HTTP "content-length: 0\r\n\r\n", 38, 1, 0, 0 },
	{ "http", NULL, HTTP "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
	  "0\r\n\r\nrest", 62, 1, 0, 0 },
	{ "http", NULL, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 40, 1, 0,
	  1 },
	{ "http", NULL, HTTP "Connection: close\r\nContent-Length: 2\r\n\r\nok",
	  59, 1, 0, 1 },
	{ "http", NULL, "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx",
	  46, 1, 1, 0 },
	{ "http", NULL, "HTTP/1.1 304 Not Modified\r\n\r\n", 29, 1, 0, 0 },
	{ "http", NULL, HTTP "\r\nwithout a length", 35, 0, 0, 0 },
	{ "http", NULL, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" HTTP
	  "Content-Length: 2\r\n\r\nok", 77, 1, 0, 0 },
	{ "http", NULL, "220 ready1\r\nContent-Length: 1\r\n\r\nx", 34, 1, 1, 0 },
	{ "redis-ping", NULL, "+PONG\r\n+PONG\r\n", 7, 1, 0, 0 },
	{ "redis-get", NULL, "$5\r\nhello\r\n", 11, 1, 0, 0 },
	{ "redis-get", NULL, "$-1\r\n", 5, 1, 0, 0 },
	{ "redis-set", NULL, "-READONLY no\r\n", 14, 1, 1, 0 },
	{ "line", NULL, "a line\nanother", 7, 1, 0, 0 },
	{ "line", NULL, "ERROR\r\n", 7, 1, 1, 0 },
	{ "line", NULL, "no ERROR\n", 9, 1, 0, 0 },
	{ "bytes", "delimiter:\\n", "CLIENT_ERROR bad\r\n", 18, 1, 1, 0 },
	{ "bytes", "length:4", "abcdef", 4, 1, 0, 0 },
	{ "bytes", "delimiter:\\r\\n\\r\\n", "a\r\n\r\r\n\r\nb", 8, 1, 0, 0 },
	{ "bytes", "delimiter:aab", "aaabx", 4, 1, 0, 0 },
	{ "bytes", "close", "abc", 3, 0, 0, 0 },
};

static void play(const struct sample *s, size_t piece)
{
	size_t used = 0, len = strlen(s->text);
	struct answer a = { .state = 0 };
	struct protocol p;
	char why[200];

	ASSERT_EQ(0, protocol_make(&p, s->protocol, s->protocol[0] == 'b' ?
				   "/proc/self/exe" : NULL, s->rule, why) &&
		  strcmp(s->protocol, "bytes"));
	while (used < len && !a.done)
		used += protocol_feed(&p, &a, s->text + used,
				      piece < len - used ? piece : len - used);
	if (used != s->length || a.done != s->done || a.wrong != s->wrong ||
	    (a.done && a.closes != s->closes))
		FAIL("%s in pieces of %zu: %zu bytes, done %d, wrong %d, closes "
		     "%d", s->text, piece, used, a.done, a.wrong, a.closes);
}

/* An answer ends where it ends, in whatever pieces it comes. */
TEST(answers_end)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
		for (size_t piece = 1; piece < 80; piece++)
			play(&samples[i], piece);
}

/* A reply has its length, and ends with x; the request says both. */
TEST(reply_asks_and_is_checked)
{
	static const unsigned char head[] = { 0, 0, 0, 20, 0, 0, 1, 4, 0, 0, 0, 7 };
	struct answer a = { .state = 0 }, b = a;
	struct protocol p;
	char bytes[260];

	ASSERT_EQ(0, protocol_reply(&p, 20, 260, 7));
	EXPECT_EQ(20, p.request_len);
	EXPECT_EQ(0, memcmp(p.request, head, sizeof(head)));
	memset(bytes, 'x', sizeof(bytes));
	EXPECT_EQ(100, protocol_feed(&p, &a, bytes, 100));
	EXPECT_EQ(0, a.done);
	EXPECT_EQ(160, protocol_feed(&p, &a, bytes, 260));
	EXPECT_TRUE(a.done && !a.wrong);
	bytes[259] = 0;
	EXPECT_EQ(260, protocol_feed(&p, &b, bytes, 260));
	EXPECT_TRUE(b.done && b.wrong);
}

/* A close ends what ends with it; all else is cut, and that is wrong. */
TEST(a_close_ends_or_cuts)
{
	struct answer a = { .state = 0 }, cut = { .state = 0 };
	struct protocol p;
	char why[200];

	ASSERT_EQ(0, protocol_make(&p, "http", "/x", NULL, why));
	EXPECT_STR("GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive"
		   "\r\n\r\n", p.request);
	protocol_feed(&p, &a, HTTP "\r\nbody", 23);
	protocol_closed(&p, &a);
	EXPECT_TRUE(a.done && !a.wrong && a.closes);
	protocol_feed(&p, &cut, HTTP "Content-Length: 9\r\n\r\nbody", 42);
	protocol_closed(&p, &cut);
	EXPECT_TRUE(cut.done && cut.wrong);
	EXPECT_STR("the answer is cut: the server closed", cut.first);
}

/* What cannot be asked is refused with a reason. */
TEST(requests_are_refused)
{
	struct protocol p;
	char why[200];

	EXPECT_EQ(-1, protocol_make(&p, "bytes", NULL, "close", why));
	EXPECT_STR("bytes: --request FILE is missing", why);
	EXPECT_EQ(-1, protocol_make(&p, "bytes", "/nowhere", "close", why));
	EXPECT_STR("/nowhere: No such file or directory", why);
	EXPECT_EQ(-1, protocol_make(&p, "bytes", "/dev/null", "close", why));
	EXPECT_EQ(-1, protocol_make(&p, "bytes", "/x", NULL, why));
	EXPECT_EQ(-1, protocol_make(&p, "bytes", "/x", "length:", why));
	EXPECT_EQ(-1, protocol_make(&p, "bytes", "/x", "length:5x", why));
	EXPECT_EQ(-1, protocol_make(&p, "bytes", "/x", "delimiter:", why));
}

/* SPDX-License-Identifier: MIT */
/*
 * message.h - a received message as one line, safe for a terminal
 */
#ifndef IOMODELS_MESSAGE_H
#define IOMODELS_MESSAGE_H

#include "../syscalls/thread.h"
#include "address.h"
#include "stop.h"

/* The length of the valid UTF-8 character at s, of n bytes; 0 if it is invalid. */
static unsigned utf8(const unsigned char *s, unsigned n)
{
	unsigned len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
		       s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (!len || len > n)
		return 0;
	for (unsigned i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) ||	/* longer than necessary */
	    (s[0] == 0xed && s[1] > 0x9f) ||	/* a surrogate */
	    (s[0] == 0xf0 && s[1] < 0x90) ||	/* longer than necessary */
	    (s[0] == 0xf4 && s[1] > 0x8f))	/* beyond U+10FFFF */
		return 0;
	return len;
}

/* UTF-8 that changes how the text around it is shown: a line could lie. */
static int directs_text(const unsigned char *s, unsigned len)
{
	if (len == 2)
		return s[0] == 0xd8 && s[1] == 0x9c;	/* U+061C */
	if (len != 3 || s[0] != 0xe2)
		return 0;
	/* U+200E and F, U+2028 to 202E, U+2066 to 2069 */
	return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f ||
				 (s[2] >= 0xa8 && s[2] <= 0xae))) ||
	       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

/*
 * Copy the character at s to `to`: as it is, or escaped (\n, \x1b) if it is not
 * UTF-8, a control character (also of C1, such as U+009B (CSI)), or one that
 * changes the direction of text (U+202E).  Adds up to 12 bytes at *out; returns
 * how many bytes of s it used.
 */
static unsigned escape(char **out, const unsigned char *s, unsigned n)
{
	unsigned len = utf8(s, n);
	int plain = len > 1 ? !(s[0] == 0xc2 && s[1] < 0xa0) &&
			      !directs_text(s, len)
			    : len && s[0] >= 0x20 && s[0] != 0x7f;

	if (!len)
		len = 1;
	for (unsigned i = 0; i < len; i++) {
		if (plain) {
			*(*out)++ = s[i];
			continue;
		}
		*(*out)++ = '\\';
		if (s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
			*(*out)++ = s[i] == '\n' ? 'n' : s[i] == '\t' ? 't' : 'r';
			continue;
		}
		*(*out)++ = 'x';
		*(*out)++ = "0123456789abcdef"[s[i] >> 4];
		*(*out)++ = "0123456789abcdef"[s[i] & 15];
	}
	return len;
}

/*
 * Write everything, and wait while stdout is full, so that no message is lost.
 * When nobody is left to read it, the server ends.
 */
static void write_all(const char *buf, unsigned long len)
{
	while (len) {
		long n = retry(sys_write(1, buf, len));

		if (n == -EAGAIN) {		/* a pipe set to O_NONBLOCK */
			struct pollfd out = { .fd = 1, .events = POLLOUT };

			sys_ppoll(&out, 1, NULL, NULL);
			continue;
		}
		if (n < 0) {
			/* Not fail(): nobody may read stderr either. */
			warn("write to stdout: %s: nobody can read what "
			     "arrives, so the server ends\n", errno_name(n));
			sys_exit_group(1);
		}
		buf += n;
		len -= n;
	}
}

/* How a line shows the peer.  (datagram.h replaces it, for other families.) */
static const char *(*peer_text)(const struct sockaddr_in *, char *) = address;

static void print_message(const struct sockaddr_in *peer, const char *message,
			  unsigned len)
{
	static struct lock one_line;		/* threads print too */
	static char line[64 << 10];
	char *at = line;

	lock(&one_line);
	printing = 1;
	peer_text(peer, line);
	at += length(line);
	*at++ = ' ';
	for (unsigned i = 0; i < len; ) {
		i += escape(&at, (const unsigned char *)message + i, len - i);
		if (at > line + sizeof(line) - 32) {
			write_all(line, at - line);
			at = line;
		}
	}
	*at++ = '\n';
	write_all(line, at - line);
	printing = 0;
	unlock(&one_line);
}

#endif

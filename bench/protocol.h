/* SPDX-License-Identifier: MIT */
/*
 * protocol.h - what a client asks of any server, and where the answer ends
 */
#ifndef IOMODELS_PROTOCOL_H
#define IOMODELS_PROTOCOL_H

#include <stddef.h>

enum answer_end {
	END_HTTP,			/* as its headers say */
	END_REDIS,			/* a reply of RESP, not an array */
	END_LENGTH,			/* after a number of bytes */
	END_REPLY,			/* likewise, and all of them are x */
	END_DELIMITER,			/* after these bytes */
	END_CLOSE,			/* the server closes */
};

struct protocol {
	char *request;
	size_t request_len;
	enum answer_end end;
	size_t length;			/* END_LENGTH, END_REPLY */
	char delimiter[64];		/* END_DELIMITER */
	size_t delimiter_len;
};

/* One answer, as far as it has come; zero: nothing of it. */
struct answer {
	int state;
	int begun;			/* a byte of it has come */
	int done, wrong;
	int closes;			/* the server closes behind it */
	size_t left;			/* bytes of a body, or a chunk */
	size_t seen;			/* bytes of the delimiter that match */
	char line[128];			/* of the headers, cut */
	size_t line_len;
	char first[64];			/* the first line, cut: what was wrong */
};

/*
 * The protocol of a workload: "http" (GET of path), "redis-ping", "redis-get",
 * "redis-set", "line" (a line each way), or "bytes": the file at path, whose
 * answer ends by rule: "length:N", "delimiter:TEXT" (with \r, \n, \t, \\) or
 * "close".  0, or -1 with the reason in why.
 */
int protocol_make(struct protocol *p, const char *name, const char *path,
		  const char *rule, char why[200]);

/*
 * A request of models/reply.h: it has size bytes, its answer has answer bytes,
 * and the work between them has work thousand steps.  0, or -1: no memory.
 */
int protocol_reply(struct protocol *p, unsigned size, unsigned answer,
		   unsigned work);

/* Take what has come, up to the end of one answer; how many bytes of it. */
size_t protocol_feed(const struct protocol *p, struct answer *a,
		     const char *data, size_t n);

/* The server has closed: the answer ends with that, or it is cut. */
void protocol_closed(const struct protocol *p, struct answer *a);

#endif

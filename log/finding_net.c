/* SPDX-License-Identifier: MIT */
/*
 * finding_net.c - peers that do not answer, or answer late: connect, resolvers,
 * silent servers, SO_RCVTIMEO, Nagle's algorithm with delayed ACK
 */
#include <ctype.h>
#include "account.h"
#include "finding_look.h"

enum {
	DELAYED_MIN = 35 * MS,	/* a delayed ACK comes after 40 ms ... */
	DELAYED_MAX = 60 * MS,	/* ... and strace's cost */
	NAGLE_MIN = 3,		/* times, and half of the answers */
	SMALL_WRITE = 1400,	/* less than a segment */
	TIMEO_NS = 10 * MS,	/* an EAGAIN after it is a timeout ... */
	UNSURE_NS = 100 * MS,	/* ... where O_NONBLOCK may be set */
	CONNECT_NS = 500 * MS,	/* a connect that is slow */
	CORK_MIN = 190 * MS,	/* what TCP_CORK holds leaves after 200 ms */
	CORK_MAX = 280 * MS,
	EXPECT_MIN = 950 * MS,	/* libcurl waits 1 s for "100 Continue" */
	EXPECT_MAX = 1200 * MS,
	MOST_PERCENT = 30,	/* of the log: what the program ended of */
	SERVERS = 3,		/* in /etc/resolv.conf: no more are used */
	OFTEN = 3,		/* connects that the same peer refused */
	SOON = 40,		/* calls between the end of a peer and a 502 */
};

static const long long ANSWER_NS = 1000LL * MS;	/* a datagram, a connect */
static const long long GIVEN_NS = 900LL * MS;	/* ... that it then closed */
static const long long STARVED_NS = 2000LL * MS;	/* the rest of an answer */
static const long long SILENT_NS = 3000LL * MS;	/* a connection */

static const struct about
nagle = { "nagle", SEVERITY_COST,
	"Nagle's algorithm waits for a delayed ACK",
	"After a small write TCP holds the next small one back until the first "
	"is acknowledged, and the peer delays its ACK (Linux by 40 to 200 ms).",
	"Send the request with one call (writev, or a buffer), or set "
	"TCP_NODELAY.", "The peer itself needs 40 ms for its answer." },
corked = { "corked", SEVERITY_COST,
	"TCP_CORK is left set",
	"With TCP_CORK the kernel holds back data that do not fill a segment "
	"until the option is cleared, or for 200 ms and the time of a round "
	"trip.",
	"Clear TCP_CORK when the message is complete, or send it with one call "
	"(writev).", "The peer itself needs 200 ms for its next message." },
expecting = { "expect-continue", SEVERITY_COST,
	"the body of a request waits for \"100 Continue\"",
	"The client sent the head with \"Expect: 100-continue\" and waits until "
	"the server allows the body. This server does not answer, and the client "
	"sends the body when its own timeout ends (1 s in libcurl).",
	"Send the request without that header (curl -H 'Expect:'), or let the "
	"server answer with 100 Continue.", NULL },
not_tls = { "tls-mismatch", SEVERITY_FAULT,
	"one end speaks TLS, and the other one does not",
	"The first bytes of a TLS connection are a handshake record (bytes 22, 3). "
	"An end that answers with an alert record (bytes 21, 3) or with a text "
	"expected another protocol.",
	"Use the port or the scheme that fits (https:// and http://, 443 and 80, "
	"STARTTLS), or switch TLS on or off at one end.", NULL },
refusing = { "peer-error", SEVERITY_NOTE,
	"the last answer of the peer is an error",
	"The call succeeded, but the text of the answer reports an error.",
	"Read the answer (strace -s 200 shows more of it), and look at the log "
	"of the peer.", "The program expects it." },
timeo = { "receive-timeout", SEVERITY_FAULT,
	"EAGAIN means that a timeout ran out (SO_RCVTIMEO or SO_SNDTIMEO)",
	"The call waited for the whole timeout, so the socket is blocking: "
	"the error does not come from O_NONBLOCK.",
	"Treat it as a timeout: the peer did not answer in this time. Look at "
	"the peer, or raise the timeout.", NULL },
dns = { "dns-timeout", SEVERITY_FAULT,
	"a name server does not answer",
	"The resolver waits (5 s by default), asks the next server, or the "
	"same one again, and then fails.",
	"Correct nameserver in /etc/resolv.conf, or open UDP port 53 to it; "
	"the options timeout:N and attempts:N shorten the wait.", NULL },
silent = { "peer-silent", SEVERITY_FAULT,
	"the peer accepted the connection and does not answer",
	"The connection is established (which the peer's kernel does before its "
	"program accepts), the request was sent, and no byte came back.",
	"Look at the peer: is it busy, stopped, or waiting for more of the "
	"request? Set a timeout.", NULL },
cut_answer = { "peer-silent", SEVERITY_FAULT,
	"the peer stopped in the middle of its answer",
	"The headers of the answer say how long it is, and not all of it came.",
	"Look at the peer: it is stuck, or its Content-Length is larger than "
	"what it sends.", NULL },
unanswered = { "connect-unanswered", SEVERITY_FAULT,
	"connect got no answer",
	"The SYN is not answered: the host is down, a firewall drops it, or "
	"the listener's accept queue is full (backlog, nobody accepts). The "
	"kernel sends the SYN again after a second (from Linux 6.5 on five "
	"times at intervals of a second), and then at longer and longer "
	"intervals. It gives up after about two minutes "
	"(net.ipv4.tcp_syn_retries).",
	"Look at the peer (ss -ltn: compare Recv-Q and Send-Q of its listener), "
	"at the route and the firewall; set a timeout.", NULL },
queue_full = { "connect-unanswered", SEVERITY_FAULT,
	"connect waits for room in the listener's queue",
	"connect of a Unix socket sleeps while as many connections wait "
	"to be accepted as listen allowed (backlog).",
	"Find out why the server does not accept (ss -lxp shows who it is, and "
	"compare Recv-Q and Send-Q); set a timeout (SO_SNDTIMEO).", NULL },
slow_connect = { "slow-connect", SEVERITY_COST,
	"connect took long",
	"A SYN was lost or the accept queue was full, and the kernel repeated "
	"the SYN after a second; or the peer is far away.",
	"Look at the peer's backlog and at packet loss.", NULL },
slow_path = { "slow-connect", SEVERITY_COST,
	"connect of a Unix socket took long",
	"As many connections waited to be accepted as listen allowed (backlog): "
	"connect sleeps until the server accepts one of them.",
	"Find out why the server accepts late (ss -lxp: compare Recv-Q and "
	"Send-Q), or raise its backlog.", NULL };

#define NO_ANSWER(severity) { "closed-unanswered", severity, \
	"the peer closed the connection without an answer", \
	"The request was sent, and the next thing that came was the end of " \
	"the stream.", \
	"Look at the peer's log: it crashed, refused the request, or speaks " \
	"another protocol (TLS on a plain port).", NULL }

#define NO_READER(severity) { "write-full", severity, \
	"the peer does not read, and the program cannot send the rest", \
	"The peer's receive buffer and the socket's send buffer are full: the " \
	"program waits until the peer reads.", \
	"Look at the peer: is it busy or stopped, or is it sending as well and " \
	"waiting until this program reads? Set a timeout.", \
	"The peer is slow, and reads again later." }

static const struct about error_answer = { "answers-error", SEVERITY_NOTE,
	"the program answers with an error",
	"A status of 500 or more (HTTP), or a reply that begins with 5 (FTP, SMTP): "
	"the program tells its client that it failed.",
	"Look at what failed before in this trace, and at the program's log.",
	"The client asked for something that does not exist." };

static const struct about
no_reader = NO_READER(SEVERITY_FAULT),
no_reader_note = NO_READER(SEVERITY_NOTE),
dns_refused = { "dns-refused", SEVERITY_FAULT,
	"a name server refuses to answer",
	"REFUSED: the server does not serve this client or this name. "
	"SERVFAIL: it could not get the answer itself.",
	"Ask it with dig @SERVER NAME; correct nameserver in "
	"/etc/resolv.conf, or look at the server's log.", NULL },
dns_unheard = { "dns-refused", SEVERITY_FAULT,
	"a name server cannot be reached",
	"An ICMP error came instead of an answer: nobody listens at port 53 of "
	"this host (then the error comes at once), or the host cannot be reached.",
	"Correct nameserver in /etc/resolv.conf, or start the server.", NULL },
dns_no_name = { "dns-no-name", SEVERITY_FAULT,
	"the name does not exist",
	"The name server answered NXDOMAIN: there is no such name.",
	"Correct the name, or the search list in /etc/resolv.conf.", NULL },
no_answer = NO_ANSWER(SEVERITY_FAULT),
no_answer_note = NO_ANSWER(SEVERITY_NOTE);

enum rcode { RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

/* What peers answered to a process; judged when its end is known. */
struct talk {
	long pid;
	unsigned long answers[16], line[16], closed, closed_line, unheard;
	unsigned long unheard_line;
	unsigned long half;		/* of closed: after a SHUT_WR */
	char question[48], server[64], peer[64];
	char silent[SERVERS][64];	/* name servers without an answer */
	unsigned n_silent;
	long long asked_ns, silent_ns;	/* from, to: the last questions in vain */
	/* requests without an answer that the program gave up */
	unsigned long given_up, given_line;
	long long given_ns;
	char given_peer[64];
	int given_signal;		/* the program was ended by it; or 0 */
	/* a peer that answers TLS with text, or text with an alert of TLS */
	unsigned long other_line;
	int other_tls;			/* the program speaks TLS */
	char other_peer[64];
};

enum speaks { SPEAKS_NOTHING, SPEAKS_TLS, SPEAKS_TEXT };

static struct talk *talk_of(struct findings *f, long pid)
{
	enum { TALKS_MAX = 10000 };
	struct talk *t = map_get(&f->talks, pid);

	if (t || f->talks.used >= TALKS_MAX)
		return t;
	t = need(calloc(1, sizeof(*t)));
	t->pid = pid;
	map_put(&f->talks, pid, t);
	return t;
}

static int is_tcp(const struct file *f)
{
	return f->kind == FILE_CONNECTION &&
	       (!f->name || !*f->name || (*f->name != '/' &&
					  strchr(f->name, ':')));
}

/* These take what is sent, and never answer; nscd closes what it cannot answer. */
static int is_one_way(const struct file *f)
{
	static const char *const names[] = {
		"/journal/", "/dev/log", "syslog", "/nscd",
	};

	/* (The name of an internet address has neither.) */
	if (!f->name || (!strchr(f->name, '/') && !strchr(f->name, 'y')))
		return 0;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strstr(f->name, names[i]))
			return 1;
	return 0;
}

static int is_client(const struct file *f)
{
	return f->kind == FILE_CONNECTION && !f->parent && !f->assumed &&
	       !is_one_way(f);
}

static long long end_of(const struct event *e)
{
	return e->end_ns != NO_TIME ? e->end_ns : e->start_ns;
}

static long long since(long long then, long long now)
{
	return then == NO_TIME || now == NO_TIME || !then ? 0 : now - then;
}

/* ---- name servers ---- */

/* A question in a datagram: 12 bytes of header, then the name. */
static int is_question(const unsigned char *d, size_t n)
{
	return n > 12 && !(d[2] & 0xfe) && !(d[3] & 0x8f) && !d[4] &&
	       d[5] == 1 && !d[6] && !d[7] && !d[8] && !d[9] && !d[10] &&
	       d[12] && d[12] < 64;
}

static void question(struct step *st, struct use *u)
{
	unsigned char d[80];
	size_t n = shown_bytes(st->event->line->args, d, sizeof(d)), len = 0;

	if (!is_question(d, n))
		return;
	u->dns = 1;
	for (size_t i = 12; i < n && d[i] && len < sizeof(u->question) - 1; i++) {
		for (unsigned k = d[i]; k && ++i < n &&
		     len < sizeof(u->question) - 1; k--)
			u->question[len++] = d[i] > ' ' && d[i] < 127
					   ? d[i] : '?';
		if (i + 1 < n && d[i + 1] && len < sizeof(u->question) - 1)
			u->question[len++] = '.';
	}
	u->question[len] = 0;
}

static int is_name_server(const struct file *file, const struct use *u)
{
	size_t len = file->name ? strlen(file->name) : 0;

	return u->dns || (file->kind == FILE_DATAGRAM && len > 3 &&
			  !strcmp(file->name + len - 3, ":53"));
}

struct server {
	char text[64];
};

/* "127.0.0.9:53", also of "UDP:[127.0.0.1:5->127.0.0.9:53]" */
static struct server server_name(const struct file *file)
{
	const char *arrow = file->name ? strstr(file->name, "->") : NULL;
	const char *name = arrow ? arrow + 2 : file->name ? file->name : "";
	struct server s;
	size_t len;

	len = text_append(name, s.text, sizeof(s.text), 0);
	if (arrow && len && s.text[len - 1] == ']')
		s.text[len - 1] = 0;
	return s;
}

static struct server server_text(const struct file *file)
{
	struct server s = server_name(file);

	if (!*s.text)
		snprintf(s.text, sizeof(s.text),
			 "(strace -yy shows its address)");
	return s;
}

/* An answer with records makes up for all before it. */
static void name_answered(struct findings *f, struct step *st, struct use *u)
{
	struct talk *t = talk_of(f, st->task->process->pid);
	unsigned char d[12];
	unsigned code;

	if (!t || shown_bytes(st->event->line->args, d, sizeof(d)) < 8 ||
	    !(d[2] & 0x80))
		return;
	code = d[3] & 15;
	if (!code && (d[6] || d[7]))
		memset(t->answers, 0, sizeof(t->answers));
	if (!t->answers[code]++)
		t->line[code] = st->event->first;
	if (!code)
		return;
	memcpy(t->question, u->question, sizeof(t->question));
	snprintf(t->server, sizeof(t->server), "%s",
		 server_name(st->file).text);
}

/*
 * poll reports POLLERR of a question: an ICMP error, perhaps of this host's own,
 * when nobody has the address.
 */
static void unheard(struct findings *f, const struct step *st,
		    const struct ready *r)
{
	const struct use *u = r->file->use;
	struct talk *t;

	if (!u || !(r->events & READY_ERR) || !u->pending_asks ||
	    r->file->kind != FILE_DATAGRAM || !is_name_server(r->file, u) ||
	    !(t = talk_of(f, st->task->process->pid)))
		return;
	if (!t->unheard++)
		t->unheard_line = st->event->first;
	memcpy(t->question, u->question, sizeof(t->question));
	snprintf(t->server, sizeof(t->server), "%s",
		 server_name(r->file).text);
}

/* sendmmsg(3, ..., 2, 0) = 2: the questions for A and AAAA. */
static unsigned long messages_of(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->file->kind == FILE_DATAGRAM && l->ret > 1 &&
	       slice_is(l->name, "sendmmsg") ? l->ret : 1;
}

/* "GET / HTTP/1.1" */
static int is_http(struct slice data)
{
	static const char *const methods[] = {
		"GET ", "POST ", "HEAD ", "PUT ", "DELETE ",
	};

	if (!data.len || (*data.at != 'G' && *data.at != 'P' &&
			  *data.at != 'H' && *data.at != 'D'))
		return 0;				/* (as most) */
	for (unsigned i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (!slice_starts(data, methods[i]))
			continue;
		data = slice_of(data.at + strlen(methods[i]),
				data.at + data.len);
		return slice_starts(data, "/") || slice_starts(data, "http");
	}
	return 0;
}

/* One of the first three bytes is not a letter: strace writes "Q\0" or "\x51". */
static int may_be_query(struct slice data)
{
	const char *p = data.len > 3 ? memchr(data.at, '\\', 3) : NULL;

	return p && (p < data.at + 2 || p[1] == '0' || p[1] == 'x');
}

/*
 * A query of PostgreSQL ('Q', length, text) or MySQL (3, text, which is read after
 * its head, or with it: length, 0, 3).
 */
static int is_query(struct slice data)
{
	enum { HEAD = 6, LETTERS = 5 };
	struct slice quoted = { data.at - 1, data.len + 1 };
	unsigned char d[16];
	size_t n, at = 0;

	if (!may_be_query(data) || shown_bytes(quoted, d, HEAD) < HEAD)
		return 0;
	if (d[0] == 'Q' && !d[1] && !d[2])
		at = 5;
	else if (d[0] == 3)
		at = 1;
	else if (!d[2] && !d[3] && d[4] == 3)
		at = 5;
	if (!at)
		return 0;
	n = shown_bytes(quoted, d, sizeof(d));
	if (n < at + LETTERS)
		return 0;
	for (size_t i = at; i < at + LETTERS; i++)
		if (!isalpha(d[i]))
			return i > at && d[i] == ' ';
	return 1;
}

/* What a client writes, and then waits for the answer: the text shows it. */
static const char *request_kind(const struct step *st)
{
	enum file_kind kind = st->file->kind;
	struct slice data;

	if (st->fd < 3 || (kind != FILE_UNKNOWN && !file_is_stream(st->file)))
		return NULL;
	data = slice_after(st->event->line->args, "\"");
	if (is_http(data))
		return "HTTP request";
	return st->event->call >= CALL_RECVFROM && is_query(data) ? "query" : NULL;
}

/* strace shows all of the text, and it has no empty line at its end. */
static int is_beginning(const struct step *st)
{
	struct slice args = st->event->line->args;

	return !slice_find(args, "\"...") && !slice_find(args, "\\n\\r\\n") &&
	       !slice_find(args, "\\n\\n");
}

/* The status that an answer begins with; 0: there is no status. */
static int status_of(const struct step *st, struct slice data)
{
	const char *p = data.at;

	if (slice_starts(data, "HTTP/1.") && data.len > 12)
		p += 9;
	else if (!st->file->parent && st->fd != 0)
		return 0;
	if (data.len < 5 || !isdigit((unsigned char)p[0]) ||
	    !isdigit((unsigned char)p[1]) || !isdigit((unsigned char)p[2]) ||
	    (p[3] != ' ' && p[3] != '-'))
		return 0;
	return p[0] - '0';
}

/* What a server tells its client: the first line, which may come in parts. */
static void answered_with(struct findings *f, struct step *st)
{
	struct told *t = &f->told;
	struct slice data;
	const char *end;
	size_t len;
	int status;

	if (!file_is_stream(st->file) ||
	    (st->file->use && st->file->use->connect_line))
		return;
	data = slice_after(st->event->line->args, "\"");
	if (!data.len)
		return;
	status = status_of(st, data);
	if (!status && t->serial != st->file->serial)
		return;				/* (as most) */
	len = strlen(t->text);
	if (!status && len + 8 > sizeof(t->text))
		return;
	if (status) {
		t->all++;
		t->last = status == 5 && *data.at != 'H';
	}
	t->serial = 0;
	if (status && status < 5)
		return;
	end = data.at;
	while (end < data.at + data.len && *end != '\\' && *end != '"')
		end++;
	if (end == data.at + data.len || *end == '"')
		t->serial = st->file->serial;	/* the line goes on */
	if (status) {
		len = 0;
		t->errors++;
		t->line = st->event->first;
		t->pid = st->task->process->pid;
		t->calls = f->calls;
		*t->why = 0;
		if (f->upstream.pid == t->pid &&
		    f->upstream.calls + SOON >= f->calls)
			memcpy(t->why, f->upstream.what, sizeof(t->why));
	}
	slice_copy(slice_of(data.at, end), t->text + len, sizeof(t->text) - len);
}

static void judge_told(struct findings *f)
{
	const struct told *t = &f->told;
	struct finding *d;
	char many[60] = "a request";

	if (!t->errors || (t->errors * 2 < t->all && !t->last))
		return;
	if (t->all > 1)
		snprintf(many, sizeof(many), "%lu of %lu requests", t->errors,
			 t->all);
	d = finding_add(f, &error_answer, t->pid, t->errors, 0);
	finding_line(d, t->line);
	finding_says(d, "the program answered %s with an error: \"%s\" (line %lu)%s%s",
		     many, t->text, t->line, *t->why ? "; before that, " : "",
		     t->why);
}

/* Requests in both directions, also on connections from before the log. */
static void request_text_note(struct step *st, enum call_class class)
{
	const struct event *e = st->event;
	struct use *u = st->file->use;
	const char *kind = st->bytes > 0 ? request_kind(st) : NULL;

	if (kind) {
		u = file_use(st->file);
		u->request = kind;
		if (class == CLASS_OUT && !st->file->parent) {
			u->request_line = e->first;
			u->request_ns = end_of(e);
		} else if (class == CLASS_IN && !u->connect_line) {
			u->owed_line = e->first;
			u->owed_ns = end_of(e);
			u->owed_pid = st->task->pid;
			u->owed_part = *kind == 'H' && is_beginning(st);
		}
	} else if (u && class == CLASS_OUT && st->bytes > 0) {
		u->owed_line = 0;
	} else if (u && class == CLASS_IN && (st->bytes > 0 ||
					      st->phase & PHASE_EOF)) {
		u->owed_part = 0;
		u->request_line = 0;
	} else if (u && class == CLASS_IN &&
		   !(e->line->flags & LINE_NO_RETURN) &&
		   !step_failed(st, "EAGAIN") && !step_failed(st, "EINTR")) {
		u->request_line = 0;		/* an answer, its end, an error */
	}
}

/* "Expect: 100-continue", or a POST of which strace shows too little */
static int expects(const struct step *st)
{
	struct slice args = st->event->line->args;

	return slice_find(args, "xpect: 100-continue") ||
	       ((slice_find(args, "\"POST /") || slice_find(args, "\"PUT /")) &&
		slice_find(args, "\"..."));
}

/* It sends the body though nobody allowed it. */
static void sends_body(struct use *u, const struct step *st)
{
	long long ns = since(u->sent_ns, st->event->start_ns);

	if (u->expects_line && ns >= EXPECT_MIN && ns <= EXPECT_MAX) {
		track(&u->expects, u->expects_line);
		u->expects_ns = plus_ns(u->expects_ns, ns);
	}
	u->expects_line = is_client(st->file) && expects(st) ? st->event->first
							     : 0;
}

/* "\\26\\3\\1...": a handshake of TLS; "GET / ...": a text */
static enum speaks speaks(const struct step *st)
{
	struct slice text = slice_after(st->event->line->args, "\"");

	if (slice_starts(text, "\\26\\3\\") || slice_starts(text, "\\x16\\x03"))
		return SPEAKS_TLS;
	for (size_t i = 0; i < 4; i++)
		if (i >= text.len || !isprint((unsigned char)text.at[i]) ||
		    text.at[i] == '\\' || text.at[i] == '"')
			return SPEAKS_NOTHING;
	return SPEAKS_TEXT;
}

/* The first answer is of the other protocol. */
static void answers_otherwise(struct findings *f, const struct step *st,
			      const struct use *u)
{
	struct slice text = slice_after(st->event->line->args, "\"");
	int alert = slice_starts(text, "\\25\\3\\") ||
		    slice_starts(text, "\\x15\\x03");
	struct talk *t;

	if (!(u->speaks == SPEAKS_TLS && slice_starts(text, "HTTP/")) &&
	    !(u->speaks == SPEAKS_TEXT && alert))
		return;
	t = talk_of(f, st->task->process->pid);
	if (!t)
		return;
	t->other_line = st->event->first;
	t->other_tls = u->speaks == SPEAKS_TLS;
	snprintf(t->other_peer, sizeof(t->other_peer), "%s",
		 server_name(st->file).text);
}

/* "-ERR unknown command\r\n" of redis, "HTTP/1.1 503 ...", "550 5.1.1 ..." */
static int is_error_answer(struct slice text)
{
	size_t i = 0;

	if (slice_starts(text, "HTTP/1."))
		return text.len > 10 && text.at[9] == '5';
	if (text.len > 4 && (*text.at == '4' || *text.at == '5'))
		return isdigit((unsigned char)text.at[1]) &&
		       isdigit((unsigned char)text.at[2]) && text.at[3] == ' ' &&
		       slice_find(text, "\\r\\n") != NULL;
	if (text.len < 6 || *text.at != '-')
		return 0;
	while (++i < text.len && text.at[i] >= 'A' && text.at[i] <= 'Z')
		;
	return i > 2 && i < text.len && text.at[i] == ' ';
}

static void answers_error(struct findings *f, const struct step *st)
{
	struct slice text = slice_after(st->event->line->args, "\"");
	struct peer_error *p = &f->peer_error;
	const char *end;

	if (!is_error_answer(text)) {
		if (p->line && (p->serial == st->file->serial ||
				!strcmp(p->peer, server_name(st->file).text)))
			p->line = 0;
		return;
	}
	p->line = st->event->first;
	p->serial = st->file->serial;
	p->pid = st->task->process->pid;
	snprintf(p->peer, sizeof(p->peer), "%s", server_name(st->file).text);
	for (end = text.at; end < text.at + text.len && *end != '\\' &&
	     *end != '"'; end++)
		;
	slice_copy(slice_of(text.at, end), p->text, sizeof(p->text));
}

static void sent(struct findings *f, struct step *st)
{
	struct use *u = file_use(st->file);

	f->asker = st->file->pid;
	f->asker_parent = st->task->process->parent;
	if (!u->speaks && is_client(st->file) && st->bytes > 0)
		u->speaks = speaks(st);
	sends_body(u, st);
	if (st->file->kind != FILE_CONNECTION || st->file->assumed)
		question(st, u);

	if (st->bytes < 0)
		return;
	u->room_ns = 0;
	u->more = st->event->call == CALL_SENDTO && st->event->line->n_args > 3 &&
		  slice_find(st->event->line->arg[3], "MSG_MORE") != NULL;
	u->asked_head = is_client(st->file) &&
			slice_find(st->event->line->args, "\"HEAD ");
	u->burst += st->bytes <= SMALL_WRITE;
	u->sent_ns = end_of(st->event);
	/* (A question that is sent again is still one question.) */
	if (u->pending_asks && u->waited_ns &&
	    st->file->kind == FILE_DATAGRAM)
		u->pending_asks -= messages_of(st);
	if (!u->asked++)
		u->asked_ns = st->event->start_ns;
	track(&u->asks, st->event->first);
	u->last_ask = st->event->first;
	u->pending_asks += messages_of(st);
}

/* Where the line begins after the name of the header; NULL: it is not there. */
static const char *header_of(const char *text, const char *name)
{
	const char *p = strcasestr(text, name);

	return p ? p + strlen(name) : NULL;
}

/* How much of an answer is still to come, if strace -s shows its headers. */
static void body_came(struct step *st, struct use *u)
{
	enum { HEAD_MAX = 4096 };
	struct slice data = { st->event->line->args.at, 0 };
	char head[HEAD_MAX + 1];
	const char *p, *end;
	size_t n;

	u->starved_ns = 0;
	if (u->body_left > 0)
		u->body_left -= st->bytes;
	else
		u->body_left = 0;
	p = slice_find(st->event->line->args, "\"HTTP/1.");
	if (!p || u->body_left > 0 || u->asked_head)
		return;
	data.at = p;
	data.len = st->event->line->args.at + st->event->line->args.len - p;
	n = shown_bytes(data, (unsigned char *)head, HEAD_MAX);
	head[n] = 0;
	end = strstr(head, "\r\n\r\n");
	if (!end || n < 12 || strlen(head) < 12)
		return;
	/* 1xx, 204 and 304 have none. */
	if (head[9] == '1' || !strncmp(head + 9, "204", 3) ||
	    !strncmp(head + 9, "304", 3) ||
	    header_of(head, "\r\ntransfer-encoding:"))
		return;
	p = header_of(head, "\r\ncontent-length:");
	if (!p || p > end)
		return;
	u->body = strtoll(p, NULL, 10);
	if (u->body > LENGTH_MAX)
		u->body = LENGTH_MAX;
	u->body_left = u->body - (st->bytes - (end + 4 - head));
	u->body_line = st->event->first;
}

/* The longest readable part of what came, such as "Too many connections". */
static void heard(struct findings *f, struct step *st)
{
	enum { EARLY = 4, WORDS_MIN = 8 };
	struct peer_said *p = &f->peer_said;
	unsigned char d[160];
	size_t n, best = 0, len = 0;

	if (st->file->reads > EARLY || !is_client(st->file))
		return;
	n = shown_bytes(st->event->line->args, d, sizeof(d));
	for (size_t i = 0, from = 0; i <= n; i++) {
		if (i < n && d[i] >= ' ' && d[i] < 127)
			continue;
		if (i - from > len) {
			len = i - from;
			best = from;
		}
		from = i + 1;
	}
	if (len < WORDS_MIN || !memchr(d + best, ' ', len))
		return;
	p->pid = st->task->process->pid;
	p->parent = st->task->process->parent;
	p->line = st->event->first;
	text_append(server_name(st->file).text, p->peer, sizeof(p->peer), 0);
	slice_copy((struct slice){ (char *)d + best, len }, p->text,
		   sizeof(p->text));
}

static void received(struct findings *f, struct step *st)
{
	struct use *u = file_use(st->file);
	long long late = st->file->ready || st->file->by
		? since(u->sent_ns, st->event->start_ns)
		: since(u->sent_ns, end_of(st->event));

	if (late <= 0 && st->event->took_ns != NO_TIME)
		late = st->event->took_ns;
	u->expects_line = 0;
	if (u->corked && u->burst && late >= CORK_MIN && late <= CORK_MAX) {
		track(&u->corks, st->event->first);
		u->cork_ns = plus_ns(u->cork_ns, late);
	}
	if (u->burst >= 2 && is_tcp(st->file)) {
		u->answers++;
		if (late >= DELAYED_MIN && late <= DELAYED_MAX) {
			track(&u->delayed, st->event->first);
			u->delayed_ns = plus_ns(u->delayed_ns, late);
		}
	}
	if (st->file->kind == FILE_DATAGRAM && u->pending_asks &&
	    since(u->asked_ns, end_of(st->event)) >= ANSWER_NS)
		u->late_ns = since(u->asked_ns, end_of(st->event));
	if (st->bytes > 0 && is_name_server(st->file, u))
		name_answered(f, st, u);
	if (st->phase & PHASE_EOF && !st->file->bytes_in && u->asks.n)
		u->eof_line = st->event->first;
	if (st->bytes > 0 && is_client(st->file)) {
		body_came(st, u);
		heard(f, st);
		answers_error(f, st);
		if (st->file->bytes_in <= (unsigned long long)st->bytes)
			answers_otherwise(f, st, u);
	}
	u->burst = 0;
	u->answered++;
	/* One of two questions is answered, and the other one is not. */
	if (st->file->kind == FILE_DATAGRAM && u->pending_asks > 1) {
		u->pending_asks--;
		return;
	}
	u->asked = u->pending_asks = 0;
	u->waited_ns = 0;
	u->idle_ns = 0;
	u->got_line = st->bytes > 0 ? st->event->first : 0;
	u->got_ns = end_of(st->event);
}

/*
 * EAGAIN of a call that waited, or of one on a blocking socket with a timeout,
 * where the log does not say how long it took: SO_RCVTIMEO.
 */
static void timed_out(struct findings *f, struct step *st)
{
	struct use *u = file_use(st->file);
	struct slice name = st->event->line->name;
	int out = call_class(st->event->call) == CLASS_OUT;
	char text[128], span[24], all[24], took[40] = "", in_all[40] = "";
	struct finding *d;

	if (step_ns(st) < TIMEO_NS &&
	    (st->event->took_ns != NO_TIME || st->file->nonblocking ||
	     !(st->file->timed & (out ? TIMED_OUT : TIMED_IN))))
		return;
	/* (On a busy machine a call that does not sleep is slow, too.) */
	if (st->file->nonblocking < 0 && !(st->file->timed & (out ? TIMED_OUT :
	    TIMED_IN)) && step_ns(st) < UNSURE_NS)
		return;
	if (st->file->nonblocking == 1 || !file_is_socket(st->file) ||
	    slice_find(st->event->line->args, "MSG_DONTWAIT"))
		return;
	track(&u->timeouts, st->event->first);
	u->timeout_ns = plus_ns(u->timeout_ns, step_ns(st));
	d = finding_add(f, &timeo, st->task->process->pid, 1, step_ns(st));
	d->added = u->timeouts.n;
	finding_line(d, st->event->first);
	finding_subject(d, st->file);
	if (step_ns(st)) {
		snprintf(took, sizeof(took), " waited %s and", span_text(
			 step_ns(st), span, sizeof(span)));
		snprintf(in_all, sizeof(in_all), ", %s in all", span_text(
			 u->timeout_ns, all, sizeof(all)));
	}
	finding_says(d, "%.*s on %s%s failed with EAGAIN %lu time%s%s: a "
		     "timeout (%s%s), not O_NONBLOCK; the peer did not %s",
		     (int)name.len, name.at, file_text(st->file, text,
						       sizeof(text)), took,
		     u->timeouts.n, u->timeouts.n == 1 ? "" : "s", in_all,
		     out ? "SO_SNDTIMEO" : "SO_RCVTIMEO", st->file->timed &
		     (out ? TIMED_OUT : TIMED_IN) ? " is set" : "",
		     out ? "read" : "answer");
}

enum { CONNECTS = 1, IN_CONNECT };		/* of use->connecting */

static int is_path(const struct file *f)
{
	return f->name && (*f->name == '/' || *f->name == '@');
}

/* "connect to 10.0.0.1:80 (descriptor 3) got no answer for 5.00 s" */
static void connects_in_vain(struct findings *f, const struct file *file,
			     const struct use *u, long long ns, int returned)
{
	struct finding *d = finding_add(f, is_path(file) && !returned ? &queue_full
					: &unanswered, file->pid, 1, ns);
	char span[24];

	d->fatal |= share_of(f, ns) >= MOST_PERCENT;
	finding_line(d, u->connect_line);
	if (*d->says && returned)
		return;			/* one that sleeps in it matters more */
	finding_subject(d, file);
	if (d->about == &queue_full) {
		finding_says(d, "connect to %s (descriptor %d) did not return for "
			     "%s: the listener's queue is full, and nobody accepts",
			     file->name, file->fd, span_text(ns, span,
							     sizeof(span)));
		return;
	}
	finding_says(d, "connect to %s (descriptor %d) got no answer%s for %s",
		     file->name ? file->name : "the peer", file->fd,
		     returned ? "" : " and did not return",
		     span_text(ns, span, sizeof(span)));
}

static void connected(struct findings *f, struct step *st)
{
	const struct event *e = st->event;
	struct use *u = file_use(st->file);
	char text[128], span[24];
	struct finding *d;

	/* The address before this one, whose wait ran out. */
	if (u->connecting && u->waited_ns >= ANSWER_NS && f->expired.line > u->connect_line &&
	    f->expired.pid == st->task->pid && !step_failed(st, "EALREADY"))
		connects_in_vain(f, st->file, u, u->waited_ns, 1);
	u->waited_ns = 0;

	u->connecting_ns = e->start_ns;
	u->connect_line = e->first;
	u->connecting = step_failed(st, "EINPROGRESS") ? CONNECTS :
			e->line->flags & (LINE_NO_RETURN | LINE_RESTART) ||
			e->interrupted ? IN_CONNECT : 0;
	if (e->line->flags & (LINE_HAS_ERROR | LINE_NO_RETURN) ||
	    step_ns(st) < CONNECT_NS)
		return;
	d = finding_add(f, is_path(st->file) ? &slow_path : &slow_connect,
			st->task->process->pid, 1, step_ns(st));
	finding_line(d, e->first);
	finding_says(d, "connect of %s %s %s%s", file_text(st->file, text,
		     sizeof(text)), is_path(st->file) ? "waited" : "took",
		     span_text(step_ns(st), span, sizeof(span)),
		     is_path(st->file) ? " for room in the listener's queue" : "");
}

/* A connection has TCP_NODELAY from its listener. */
static void accepted(struct step *st)
{
	struct use *u = file_use(st->made);

	u->nodelay = file_use(st->file)->nodelay;
	u->from_before = st->file->assumed;
}

/* The same peer again and again. */
static void refused(struct findings *f, const struct file *file)
{
	if (!file->name || !*file->name)
		return;
	if (strcmp(f->dialled.peer, file->name)) {
		f->dialled.refused = 0;
		snprintf(f->dialled.peer, sizeof(f->dialled.peer), "%s",
			 file->name);
	}
	f->dialled.refused++;
}

static void set_option(struct findings *f, struct step *st)
{
	const struct line *l = st->event->line;
	int none;

	if (l->n_args < 3)
		return;
	if (slice_find(l->arg[2], "TCP_NODELAY"))
		file_use(st->file)->nodelay = 1;
	if (slice_find(l->arg[2], "TCP_CORK") && l->n_args > 3)
		file_use(st->file)->corked = !slice_is(l->arg[3], "[0]");
	if (!slice_find(l->arg[2], "SO_ERROR"))
		return;
	none = l->n_args < 4 || slice_is(l->arg[3], "[0]") ||
	       slice_is(l->arg[3], "[-4294967296]");	/* strace 4: of 0 */
	/* After a wait that ran out there is no error yet: it connects still. */
	if (none && file_use(st->file)->connecting && f->expired.line &&
	    f->expired.pid == st->task->pid)
		return;
	file_use(st->file)->connecting = 0;
	/* It never was connected: an error is an answer. */
	if (!none && !(l->flags & LINE_HAS_ERROR)) {
		file_use(st->file)->answered++;
		refused(f, st->file);
	}
}


/* A timeout that passed tells how long the call took, in any log. */
static long long waited(const struct findings *f, const struct step *st)
{
	long long ns = call_lasted(f, st);

	return ns ? ns : expired_ns(st->event->line);
}

/* "[{fd=5, events=POLLIN|POLLOUT}]" */
static int polls_for(struct slice list, int fd, const char *event)
{
	struct slice element, decoration;

	if (list.len < 2)
		return 0;
	list = slice_of(list.at + 1, list.at + list.len - 1);
	/* (curl has an element for each event.) */
	while (line_element(&list, &element))
		if (line_fd(line_field(element, "fd"), &decoration) == fd &&
		    slice_search(line_field(element, "events"), event,
				 strlen(event)))
			return 1;
	return 0;
}

/* "[4 5]" */
static int is_in_set(struct slice set, int fd)
{
	const char *p = set.at + 1, *end = set.at + set.len, *stop;

	while (set.len > 1 && *set.at == '[' && p < end) {
		if (slice_number(slice_of(p, end), &stop) == fd && stop > p)
			return 1;
		p = memchr(p, ' ', end - p);
		if (!p)
			return 0;
		p++;
	}
	return 0;
}

static int is_reported(const struct step *st, const struct file *file)
{
	for (unsigned i = 0; i < st->n_ready; i++)
		if (st->ready[i].file == file)
			return 1;
	return 0;
}

/* Does the call wait for this event of file?  watched: in an epoll set it does. */
static int waits_on(const struct step *st, const struct file *file,
		    const char *event, unsigned set, int watched)
{
	const struct line *l = st->event->line;

	switch (st->event->call) {
	case CALL_POLL:
		return l->n_args > 1 && polls_for(l->arg[0], file->fd, event);
	case CALL_SELECT:
		return l->n_args > set && is_in_set(l->arg[set], file->fd);
	case CALL_EPOLL_WAIT:
		for (unsigned i = 0; i < file->n_watch; i++)
			if (file->watch[i].epoll == st->file)
				return watched;
		return 0;
	default:
		return 0;
	}
}

/* Of an epoll set that was waited in: it reports what is ready each time. */
static int is_level(const struct step *st, const struct file *file)
{
	for (unsigned i = 0; i < file->n_watch; i++)
		if (file->watch[i].epoll == st->file)
			return file->watch[i].mode == EPOLL_LEVEL;
	return 0;
}

/*
 * It waited for room, and there was none: poll and select would report it.  (An
 * edge-triggered epoll reports it once: there a write has to tell.)
 */
static int waits_for_room(const struct step *st, const struct file *file,
			  const struct use *u)
{
	return is_tcp(file) && !u->connecting && u->last_ask &&
	       !is_reported(st, file) &&
	       waits_on(st, file, "POLLOUT", 2, u->armed &&
			(u->full_line || u->left ||
			 (file->parent && is_level(st, file))));
}

/* The rest of an answer has not come, and the program waits for it. */
static int waits_for_body(const struct step *st, const struct file *file,
			  const struct use *u)
{
	int watched = strstr(u->interest, "EPOLLIN") != NULL;

	return u->body_left > 0 &&
	       (waits_on(st, file, "POLLIN", 1, watched) ||
		(call_class(st->event->call) != CLASS_WAIT && st->file == file));
}

static void await_file(struct use *u, long long ns, int ran_out)
{
	u->awaited = 1;
	if (ran_out)
		u->idle_ns = plus_ns(u->idle_ns, ns);
	if (u->pending_asks || u->connecting)
		u->waited_ns = plus_ns(u->waited_ns, ns);
}

/*
 * Is it among those that are waited for?  A TCP connection is taken to be; by a
 * socket file many only report, and wait for no answer.
 */
static int is_awaited(const struct step *st, const struct file *file)
{
	if (file->kind != FILE_CONNECTION || is_tcp(file))
		return 1;
	for (unsigned i = 0; i < file->n_watch; i++)
		if (file->watch[i].epoll == st->file)
			return 1;
	return st->event->call == CALL_SELECT ||
	       (st->event->call == CALL_POLL &&
		polls_fd(st->event->line->args, file->fd));
}

/*
 * Beside the thread that made the socket others sleep, or poll for the answer to
 * a question of their own: that time is not added.
 */
static int is_others_wait(const struct step *st, const struct file *file)
{
	if (file->pid == st->task->pid)
		return 0;
	return st->event->call == CALL_FUTEX ||
	       (st->event->call == CALL_POLL &&
		file->kind == FILE_DATAGRAM &&
		!polls_fd(st->event->line->args, file->fd));
}

/* epoll_wait(8, [], 512, 4000) = 0 */
static int ran_out(const struct step *st)
{
	const struct line *l = st->event->line;

	return call_class(st->event->call) == CLASS_WAIT && !l->ret &&
	       !(l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN));
}

/* Its thread's turn of the loop begins. */
static void turn_begins(struct findings *f, const struct step *st)
{
	if (ran_out(st)) {
		f->expired.pid = st->task->pid;
		f->expired.owner = st->task->process->pid;
		f->expired.line = st->event->first;
	} else if (f->expired.pid == st->task->pid) {
		f->expired.line = 0;
	}
}

/* A wait of a second: what has been asked is waited for. */
static void await(struct step *st, long long ns)
{
	const struct fdtable *t = st->task->fds;
	int expired = ran_out(st);

	if (st->file && call_class(st->event->call) == CLASS_IN) {
		await_file(file_use(st->file), ns, 0);
		if (waits_for_body(st, st->file, st->file->use))
			st->file->use->starved_ns =
				plus_ns(st->file->use->starved_ns, ns);
		return;
	}
	for (unsigned i = 0; i < t->size; i++)
		if (t->slot[i] && t->slot[i]->use &&
		    is_awaited(st, t->slot[i])) {
			struct use *u = t->slot[i]->use;

			await_file(u, is_others_wait(st, t->slot[i]) ? 0 : ns,
				   expired);
			if (waits_for_room(st, t->slot[i], u))
				u->room_ns = plus_ns(u->room_ns, ns);
			if (waits_for_body(st, t->slot[i], u))
				u->starved_ns = plus_ns(u->starved_ns, ns);
		}
}

/* The wait of which the log does not say how long it took has ended now. */
static void await_late(const struct findings *f, struct step *st)
{
	struct habits *h = st->task->habits;
	const struct fdtable *t = st->task->fds;
	long long ns = h->wait_line ? since(h->wait_ns, st->event->start_ns) : 0;
	int expired = f->expired.line == h->wait_line;

	h->wait_line = 0;
	for (unsigned i = 0; ns >= ANSWER_NS && i < t->size; i++) {
		const struct file *file = t->slot[i];
		int awaited = file && (file->kind != FILE_CONNECTION ||
				       is_tcp(file));

		for (unsigned k = 0; file && k < file->n_watch; k++)
			awaited |= file->watch[k].epoll->serial == h->wait_in;
		if (awaited && file->use)
			await_file(file->use, ns, expired);
	}
}

static void begin_wait(struct step *st)
{
	struct habits *h = st->task->habits;

	h->wait_line = st->event->first;
	h->wait_ns = st->event->start_ns;
	h->wait_in = st->file ? st->file->serial : 0;
}

/*
 * poll([{fd=5, events=POLLIN|POLLPRI|POLLRDNORM|POLLRDBAND}], 1, 0) = 0: libcurl
 * looks at the connection of a transfer so, between its waits.
 */
static void transfer_note(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;
	struct transfer *t = &f->transfer;
	long fd;

	if (st->event->call != CALL_POLL || l->n_args < 3 ||
	    !slice_is(l->arg[2], "0") ||
	    !slice_find(l->arg[0], "POLLIN|POLLPRI|POLLRDNORM|POLLRDBAND}]"))
		return;
	fd = line_fd(line_field(slice_after(l->arg[0], "["), "fd"), NULL);
	if (l->ret || t->pid != st->task->process->pid || t->fd != fd)
		t->times = 0;
	if (l->ret)
		return;
	if (!t->times++) {
		t->pid = st->task->process->pid;
		t->fd = fd;
		t->line = st->event->first;
		t->ns = st->event->start_ns;
	}
}

/*
 * Data came, or its descriptor is closed.  (While libcurl talks to another peer, it
 * looks in the same way whether an idle connection is still there.)
 */
static int is_transfer_over(const struct findings *f, const struct step *st)
{
	enum call_class class = call_class(st->event->call);

	if (st->fd == f->transfer.fd)
		return (class == CLASS_IN && st->bytes > 0) ||
		       st->event->call == CALL_CLOSE;
	return (class == CLASS_IN || class == CLASS_OUT) && st->bytes > 0 &&
	       st->task->process->pid == f->transfer.pid &&
	       file_is_socket(st->file);
}

void net_note(struct findings *f, struct step *st)
{
	const struct event *e = st->event;
	enum call_class class = call_class(e->call);
	long long ns = 0;

	if (st->task->habits->wait_line)
		await_late(f, st);
	if (class == CLASS_WAIT) {
		turn_begins(f, st);
		transfer_note(f, st);
	} else if (f->transfer.times && is_transfer_over(f, st)) {
		f->transfer.times = 0;
	}

	for (unsigned i = 0; class == CLASS_WAIT && i < st->n_ready; i++) {
		unheard(f, st, &st->ready[i]);
		file_use(st->ready[i].file)->connecting = 0;
	}
	if (class == CLASS_IN || class == CLASS_WAIT || st->phase & PHASE_WAIT)
		ns = waited(f, st);
	if (ns >= ANSWER_NS)
		await(st, ns);
	else if (class == CLASS_WAIT && !ns && e->took_ns == NO_TIME &&
		 e->start_ns != NO_TIME)
		begin_wait(st);
	if (st->file && (class == CLASS_OUT || class == CLASS_IN))
		request_text_note(st, class);
	if (st->file && class == CLASS_OUT && st->bytes > 0)
		answered_with(f, st);
	if (!st->file || !file_is_socket(st->file))
		return;
	if (e->call == CALL_CONNECT || (connects_in_send(e) &&
					!file_use(st->file)->connect_line))
		connected(f, st);
	else if (e->call == CALL_SOCKOPT)
		set_option(f, st);
	else if (class == CLASS_ACCEPT && st->made)
		accepted(st);
	else if (e->call == CALL_SHUTDOWN && slice_find(e->line->args, "SHUT_WR"))
		file_use(st->file)->half_closed = 1;
	else if (class == CLASS_OUT && st->bytes > 0)
		sent(f, st);
	else if (class == CLASS_IN && (st->bytes > 0 || st->phase & PHASE_EOF))
		received(f, st);
	if ((class == CLASS_IN || class == CLASS_ACCEPT ||
	     class == CLASS_OUT) && step_failed(st, "EAGAIN"))
		timed_out(f, st);
	if (class == CLASS_IN)
		file_use(st->file)->by_call = 1;
	if (st->file->use && (st->bytes > 0 || st->phase & PHASE_EOF ||
			      (e->line->flags & LINE_HAS_ERROR &&
			       !step_failed(st, "EAGAIN") &&
			       !step_failed(st, "EINPROGRESS"))))
		st->file->use->connecting = 0;
	if (st->file->use && e->line->flags & LINE_HAS_ERROR &&
	    !step_failed(st, "EAGAIN") && !step_failed(st, "EINTR") &&
	    class == CLASS_IN)
		st->file->use->answered++;	/* an error is an answer */
}

/* ---- judging ---- */

/* A log may have no pids. */
static const char *who_text(long pid, char *text, size_t size)
{
	if (pid)
		snprintf(text, size, "pid %ld", pid);
	else
		snprintf(text, size, "The program");
	return text;
}

static void judge_nagle(struct findings *f, struct file *file, struct use *u)
{
	char text[128], span[24], each[24], who[32];
	struct finding *d;

	if (u->nodelay || u->delayed.n < NAGLE_MIN ||
	    u->delayed.n * 2 < u->answers)
		return;
	d = finding_add(f, &nagle, file->pid, u->delayed.n, u->delayed_ns);
	finding_lines(d, &u->delayed);
	finding_subject(d, file);
	finding_says(d, "%s waited %s for answers on %s, %lu times, %s each on "
		     "average, after two small writes: Nagle's algorithm and "
		     "delayed ACK (about 40 ms); %s",
		     who_text(file->pid, who, sizeof(who)),
		     span_text(u->delayed_ns, span, sizeof(span)),
		     file_text(file, text, sizeof(text)), u->delayed.n,
		     span_text(u->delayed_ns / (long long)u->delayed.n, each,
			       sizeof(each)), file->assumed || u->from_before ?
		     "whether TCP_NODELAY was set before, the log does not show"
		     : "TCP_NODELAY is never set");
}

static void judge_corked(struct findings *f, struct file *file, struct use *u)
{
	char text[128], span[24], who[32];
	struct finding *d;

	if (u->corks.n < NAGLE_MIN)
		return;
	d = finding_add(f, &corked, file->pid, u->corks.n, u->cork_ns);
	finding_lines(d, &u->corks);
	finding_subject(d, file);
	finding_says(d, "%s left TCP_CORK set on %s: what it had written was "
		     "sent only after 200 ms, %lu times, %s in all",
		     who_text(file->pid, who, sizeof(who)),
		     file_text(file, text, sizeof(text)), u->corks.n,
		     span_text(u->cork_ns, span, sizeof(span)));
}

static void judge_expects(struct findings *f, struct file *file, struct use *u)
{
	char text[128], span[24];
	struct finding *d;

	if (!u->expects.n)
		return;
	d = finding_add(f, &expecting, file->pid, u->expects.n, u->expects_ns);
	finding_lines(d, &u->expects);
	finding_subject(d, file);
	finding_says(d, "the body of a request to %s waited for a second, "
		     "%lu time%s, %s in all, as with \"Expect: 100-continue\"; "
		     "then the program sent it, although no answer had come",
		     file_text(file, text, sizeof(text)), u->expects.n,
		     u->expects.n == 1 ? "" : "s",
		     span_text(u->expects_ns, span, sizeof(span)));
}

/* A log without the time of day has only the waits, of all threads. */
static long long silence(const struct findings *f, const struct use *u,
			 long long ns)
{
	return f->last_ns == NO_TIME && u->waited_ns > ns ? u->waited_ns : ns;
}

/* "name servers 10.0.0.1:53 and 10.0.0.2:53": all that gave no answer. */
static void silent_servers(struct findings *f, const struct file *file,
			   char *text, size_t size)
{
	struct server server = server_text(file);
	const char *name = server.text;
	struct talk *t = talk_of(f, file->pid);
	unsigned i = 0;
	size_t len;

	while (t && i < t->n_silent && strcmp(t->silent[i], name))
		i++;
	if (t && i == t->n_silent && i < SERVERS)
		snprintf(t->silent[t->n_silent++], sizeof(t->silent[i]), "%s",
			 name);
	if (!t || t->n_silent < 2) {
		snprintf(text, size, "name server %s", name);
		return;
	}
	len = text_append("name servers ", text, size, 0);
	for (i = 0; i < t->n_silent; i++) {
		if (i)
			len = text_append(i + 1 < t->n_silent ? ", " : " and ",
					  text, size, len);
		len = text_append(t->silent[i], text, size, len);
	}
}

/* The part of this wait in which no other question of the process waited. */
static long long not_beside(struct findings *f, const struct file *file,
			    long long from, long long ns)
{
	struct talk *t = from > 0 ? talk_of(f, file->pid) : NULL;
	long long to = from + ns;

	if (!t || to <= t->asked_ns)
		return ns;
	if (from >= t->silent_ns) {
		t->asked_ns = from;
		t->silent_ns = to;
		return ns;
	}
	ns = 0;
	if (from < t->asked_ns) {
		ns = t->asked_ns - from;
		t->asked_ns = from;
	}
	if (to > t->silent_ns) {
		ns += to - t->silent_ns;
		t->silent_ns = to;
	}
	return ns;
}

static void judge_datagram(struct findings *f, struct file *file,
			   struct use *u)
{
	char about[64] = "", name[240];
	long long ns = u->pending_asks ? since(u->asked_ns, f->last_ns)
				       : u->late_ns;
	char span[24];
	struct finding *d;

	if (u->pending_asks)
		ns = silence(f, u, ns);
	if (ns < ANSWER_NS || (u->answered && !u->late_ns))
		return;
	d = finding_add(f, &dns, file->pid, u->late_ns ? 1 : u->asks.n,
			f->last_ns == NO_TIME ? ns :
			not_beside(f, file, u->asked_ns, ns));
	d->added = d->count;
	/* (Without times a second is much.) */
	d->fatal |= share_of(f, ns) >= MOST_PERCENT || share_of(f, ns) < 0;
	finding_lines(d, &u->asks);
	if (u->late_ns) {
		finding_says(d, "the name server %s answered only after %s",
			     server_text(file).text, span_text(ns, span,
							  sizeof(span)));
		return;
	}
	finding_subject(d, file);
	if (strstr(d->subject, "->"))	/* the sentence names the server alone */
		snprintf(d->subject, sizeof(d->subject), "%d (%s)", file->fd,
			 server_name(file).text);
	if (*u->question)
		snprintf(about, sizeof(about), " for %s", u->question);
	silent_servers(f, file, name, sizeof(name));
	finding_says(d, "the %s did not answer%s: %lu quer%s, %s of "
		     "waiting", name, about, d->count, d->count == 1 ? "y"
		     : "ies",
		     span_text(d->cost_ns, span, sizeof(span)));
}

/* A file has the pid of a thread.  (At the end the tasks go before their files.) */
static long process_of(const struct findings *f, const struct file *file)
{
	const struct task *t = f->at_end ? NULL : map_get(&f->world->tasks,
							  file->pid);

	return t ? t->process->pid : file->pid;
}

static void closed(struct findings *f, const struct file *file,
		   const struct use *u)
{
	struct talk *t = talk_of(f, file->pid);

	if (!t || finding_is_told(f, process_of(f, file)))
		return;				/* it gave up before */
	t->closed++;
	t->half += u->half_closed;
	t->closed_line = u->eof_line;
	snprintf(t->peer, sizeof(t->peer), "%s", server_name(file).text);
}

/* It had answered before; the program gave the last request up. */
static void judge_given_up(struct findings *f, const struct file *file,
			   const struct use *u)
{
	long long ns = since(u->sent_ns, f->last_ns);
	char text[128], span[24];
	struct finding *d;

	if (f->at_end || !is_client(file) || !file->bytes_in || u->eof_line ||
	    !u->pending_asks || !u->waited_ns || ns < SILENT_NS)
		return;
	d = finding_add(f, &silent, file->pid, 1, ns);
	finding_line(d, u->last_ask);
	finding_subject(d, file);
	finding_says(d, "the peer of %s did not answer the last request (line "
		     "%lu) for %s, and the program closed the connection",
		     file_text(file, text, sizeof(text)), u->last_ask,
		     span_text(ns, span, sizeof(span)));
}

/*
 * It had a part of the answer, and its own timeout ran out.  An idle connection is
 * closed in the same way.  But then no error is reported in between (error: its
 * line, or 0), and what was sent to a client was all (without MSG_MORE).
 */
static void say_stalled(struct findings *f, const struct expired *x,
			unsigned long error)
{
	char text[64] = "stopped serving its client and";
	char span[24];
	struct finding *d = finding_add(f, &cut_answer, x->process, 1, x->ns);

	if (error)
		snprintf(text, sizeof(text), "reported an error (line %lu) and",
			 error);
	d->fatal |= share_of(f, x->ns) >= MOST_PERCENT;
	finding_line(d, x->line);
	finding_line(d, error);
	snprintf(d->subject, sizeof(d->subject), "%s", x->peer);
	finding_says(d, "the peer of %s sent %llu bytes and then nothing for %s; the "
		     "program %s closed the connection", x->peer, x->got,
		     span_text(x->ns, span, sizeof(span)), text);
}

static int judge_stalled(struct findings *f, const struct file *file,
			 const struct use *u)
{
	long pid = process_of(f, file);
	unsigned long line = finding_error_line(f, pid);
	struct expired *x = &f->expired;
	long long ns = since(u->got_ns, f->last_ns);

	if (ns < u->idle_ns)
		ns = u->idle_ns;
	if (f->at_end || !is_client(file) || !u->got_line || ns < STARVED_NS ||
	    x->line <= u->got_line || x->owner != pid)
		return 0;
	x->given_up = x->line;
	x->got = file->bytes_in;
	x->ns = ns;
	x->process = file->pid;
	file_text(file, x->peer, sizeof(x->peer));
	if (line <= x->line && x->cut_client != x->line)
		return 0;
	say_stalled(f, x, line > x->line ? line : 0);
	x->given_up = 0;
	return 1;
}

/* A client that was promised more is closed, after a wait that ran out. */
static void judge_cut_client(struct findings *f, const struct file *file,
			     const struct use *u)
{
	struct expired *x = &f->expired;

	if (f->at_end || !file->parent || !u->more || !x->line ||
	    x->owner != process_of(f, file))
		return;
	x->cut_client = x->line;
	if (x->given_up == x->line)
		say_stalled(f, x, 0);
	x->given_up = 0;
}

/*
 * Its own timeout is short.  One such request alone is a fault only if the
 * program then failed, several are (a health check).
 */
static void given_up(struct findings *f, const struct file *file,
		     const struct use *u, long long ns)
{
	const struct dying *x;
	struct talk *t;

	if (f->at_end || u->eof_line || !u->pending_asks || ns < GIVEN_NS)
		return;
	t = talk_of(f, file->pid);
	if (!t)
		return;
	if (*t->given_peer && strcmp(t->given_peer, server_name(file).text)) {
		t->given_up = 0;
		t->given_ns = 0;
	}
	snprintf(t->given_peer, sizeof(t->given_peer), "%s",
		 server_name(file).text);
	t->given_up++;
	t->given_ns = plus_ns(t->given_ns, ns);
	t->given_line = u->last_ask;
	x = file->left_open ? map_get(&f->dying, process_of(f, file)) : NULL;
	t->given_signal = x ? x->signal : 0;
}

/*
 * It waited to send the rest, in vain.  (A client that does not read is not the
 * server's fault.)
 */
static int judge_room(struct findings *f, const struct file *file,
		      const struct use *u)
{
	char text[128], span[24];
	unsigned long line;
	struct finding *d;

	if (u->room_ns < SILENT_NS || (!is_client(file) && !file->parent))
		return 0;
	line = u->full_line ? u->full_line : u->left ? u->left_line : u->last_ask;
	d = finding_add(f, file->parent ? &no_reader_note : &no_reader,
			file->pid, 1, u->room_ns);
	d->fatal |= !file->parent && (share_of(f, u->room_ns) >= MOST_PERCENT ||
				      share_of(f, u->room_ns) < 0);
	finding_line(d, line);
	finding_subject(d, file);
	finding_says(d, "the %s of %s does not read: %sline %lu), and the "
		     "program waited %s for room to send the rest",
		     file->parent ? "client" : "peer", file_text(file, text, sizeof(text)), u->full_line ?
		     "the last write found no room (EAGAIN, " : u->left ?
		     "the last write took only a part (" :
		     "the socket had no room after the last write (", line,
		     span_text(u->room_ns, span, sizeof(span)));
	return 1;
}

/* The headers said how long the answer is, and not all of it came. */
static int judge_body(struct findings *f, const struct file *file,
		      const struct use *u)
{
	char text[128], span[24];
	struct finding *d;

	if (!is_client(file) || u->body_left <= 0 || u->starved_ns < STARVED_NS)
		return 0;
	d = finding_add(f, &cut_answer, file->pid, 1, u->starved_ns);
	d->fatal |= share_of(f, u->starved_ns) >= MOST_PERCENT;
	finding_line(d, u->body_line);
	finding_subject(d, file);
	finding_says(d, "the peer of %s stopped in the middle of its answer: of "
		     "%lld bytes (Content-Length, line %lu) %lld are missing, and "
		     "the program waited %s for them", file_text(file, text,
		     sizeof(text)), u->body, u->body_line, u->body_left,
		     span_text(u->starved_ns, span, sizeof(span)));
	return 1;
}

/*
 * It was connected before the log, or had answers before: only the text tells that
 * there was a request.
 */
static void judge_request(struct findings *f, const struct file *file,
		       const struct use *u)
{
	long long ns = u->request_line ? since(u->request_ns, f->last_ns) : 0;
	char text[128], span[24];
	struct finding *d;

	if (ns < SILENT_NS || !u->awaited)
		return;
	d = finding_add(f, &silent, file->pid, 1, ns);
	d->fatal |= share_of(f, ns) >= MOST_PERCENT;
	finding_line(d, u->request_line);
	finding_subject(d, file);
	finding_says(d, "the peer of %s did not answer the %s of line %lu for "
		     "%s%s", file_text(file, text, sizeof(text)), u->request,
		     u->request_line, span_text(ns, span, sizeof(span)), f->at_end ||
		     file->left_open ? "" : ", and the program closed the "
		     "connection");
}

/* What came may have come through a ring: the log does not show that. */
static int may_be_of_ring(const struct findings *f, const struct use *u)
{
	return f->rings && !u->by_call && !*u->interest;
}

static void judge_stream(struct findings *f, struct file *file, struct use *u)
{
	long long ns = silence(f, u, since(u->connecting_ns, f->last_ns));
	char text[128], span[24];
	struct finding *d;

	if (u->full_told)
		return;				/* it does not read, either */
	if (judge_room(f, file, u) || judge_body(f, file, u) ||
	    judge_stalled(f, file, u))
		return;
	/* (Threads that the log does not know share it: one of them got the error.) */
	if (u->connecting && file->nonblocking == 1 && file->name &&
	    f->dialled.refused >= OFTEN &&
	    !strcmp(f->dialled.peer, file->name))
		return;
	if (u->connecting && ns >= ANSWER_NS) {
		connects_in_vain(f, file, u, ns, file->nonblocking == 1 ||
				 u->connecting == CONNECTS);
		return;
	}
	if (may_be_of_ring(f, u))
		return;
	if (u->eof_line && is_client(file) && !file->bytes_in)
		closed(f, file, u);
	judge_given_up(f, file, u);
	if (!is_client(file) || (file->bytes_in && f->at_end))
		judge_request(f, file, u);
	if (!is_client(file) || u->answered || u->connecting ||
	    !u->connect_line || file->bytes_in)
		return;
	ns = silence(f, u, since(u->sent_ns ? u->sent_ns : u->connecting_ns,
				 f->last_ns));
	if (ns < SILENT_NS || !u->awaited) {
		given_up(f, file, u, ns);
		return;
	}
	d = finding_add(f, &silent, file->pid, 1, ns);
	d->fatal |= share_of(f, ns) >= MOST_PERCENT;
	if (u->asks.n)
		finding_lines(d, &u->asks);
	else
		finding_line(d, u->connect_line);
	finding_subject(d, file);
	finding_says(d, "the peer of %s accepted the connection and sent no byte for %s%s",
		     file_text(file, text, sizeof(text)),
		     span_text(ns, span, sizeof(span)), u->asks.n
		     ? " after the request" : "");
}

/* The last request of a client that had no byte for an answer. */
static void keep_unanswered(struct findings *f, const struct file *file,
			    const struct use *u)
{
	enum { FEW_ASKS = 3 };		/* a program that only sends asks more often */
	unsigned long line = u->request_line ? u->request_line
			   : u->asks.n ? u->last_ask : 0;
	int connected = file->kind == FILE_CONNECTION && !file->assumed &&
			u->connect_line && !u->connecting && u->pending_asks;

	if ((!f->at_end && !file->left_open) || file->parent ||
	    (!connected && !u->request_line) || line <= f->unanswered.line)
		return;
	f->unanswered.pid = file->pid;
	f->unanswered.parent = f->asker == file->pid ? f->asker_parent : 0;
	f->unanswered.line = line;
	f->unanswered.awaited = u->request_line ||
				((u->awaited || is_tcp(file)) &&
				 u->asks.n <= FEW_ASKS);
	file_text(file, f->unanswered.peer, sizeof(f->unanswered.peer));
}

/* A proxy closes the connection to a server that does not answer. */
static void upstream_ends(struct findings *f, const struct file *file,
			  const struct use *u)
{
	struct upstream *x = &f->upstream;
	long long ns = since(u->sent_ns ? u->sent_ns : u->connecting_ns,
			     f->last_ns);
	char span[24], in[40] = "";
	struct server s;

	if (f->at_end || file->left_open || may_be_of_ring(f, u) ||
	    !is_client(file) || !u->connect_line ||
	    file->bytes_in || (!u->asks.n && !u->connecting))
		return;
	s = server_text(file);
	if (ns > 0)
		snprintf(in, sizeof(in), " for %s", span_text(ns, span,
							      sizeof(span)));
	x->pid = process_of(f, file);
	x->calls = f->calls;
	if (u->eof_line)
		snprintf(x->what, sizeof(x->what), "%s closed the connection "
			 "without an answer (line %lu)", s.text, u->eof_line);
	else if (u->connecting)
		snprintf(x->what, sizeof(x->what), "%s did not answer the connect "
			 "of line %lu%s", s.text, u->connect_line, in);
	else if (u->answered)
		snprintf(x->what, sizeof(x->what), "the connection to %s (line "
			 "%lu) failed", s.text, u->connect_line);
	else
		snprintf(x->what, sizeof(x->what), "%s did not answer the request "
			 "of line %lu%s", s.text, u->last_ask, in);
	/* (Another proxy answers its client first.) */
	if (f->told.errors && !*f->told.why && f->told.pid == x->pid &&
	    f->told.calls + SOON >= f->calls)
		memcpy(f->told.why, x->what, sizeof(x->what));
}

/* A request that was read, and no answer by the end of its connection. */
static void keep_owed(struct findings *f, const struct file *file,
		      const struct use *u)
{
	long long ns = u->owed_line ? since(u->owed_ns, f->last_ns) : 0;

	if (!u->owed_line || !(f->speaks || u->owed_part) || ns < f->owed.ns ||
	    (ns < SILENT_NS && !f->at_end))
		return;
	f->owed.pid = u->owed_pid;
	f->owed.request = u->request;
	f->owed.part = u->owed_part;
	f->owed.line = u->owed_line;
	f->owed.ns = ns;
	file_text(file, f->owed.on, sizeof(f->owed.on));
}

void net_file_ends(struct findings *f, struct file *file)
{
	struct use *u = file->use;

	if (!u)
		return;
	f->clients_answered += is_client(file) && is_tcp(file) && file->bytes_in;
	judge_cut_client(f, file, u);
	upstream_ends(f, file, u);
	keep_owed(f, file, u);
	keep_unanswered(f, file, u);
	judge_nagle(f, file, u);
	judge_corked(f, file, u);
	judge_expects(f, file, u);
	if (is_name_server(file, u))
		judge_datagram(f, file, u);
	else if (file_is_socket(file))
		judge_stream(f, file, u);
	else
		judge_request(f, file, u);
}

/* A name that is not there, an end without an answer: if the program failed. */
static void judge_talk(struct findings *f, const struct talk *t)
{
	int failed = finding_first_status(f) > 0, code = t->answers[0] ? 0 :
		t->answers[RCODE_REFUSED] ? RCODE_REFUSED :
		t->answers[RCODE_SERVFAIL] ? RCODE_SERVFAIL :
		t->answers[RCODE_NXDOMAIN] && failed ? RCODE_NXDOMAIN : 0;
	unsigned long closed;
	struct finding *d;
	char many[40] = "", span[24], sig[24];
	char end[64] = "and the program closed the connection";

	if (code) {
		d = finding_add(f, code == RCODE_NXDOMAIN ? &dns_no_name
				: &dns_refused, t->pid, t->answers[code], 0);
		d->fatal |= failed;
		finding_line(d, t->line[code]);
		finding_says(d, "the name server %s answered %s to the question "
			     "for %s", *t->server ? t->server : "(not in the "
			     "log)", code == RCODE_REFUSED ? "REFUSED" : code ==
			     RCODE_SERVFAIL ? "SERVFAIL" : "NXDOMAIN (no such "
			     "name)", *t->question ? t->question : "a name");
	}
	/* (A finding names the silent server already.) */
	if (t->unheard && !code && !t->answers[0] && !t->n_silent) {
		d = finding_add(f, &dns_unheard, t->pid, t->unheard, 0);
		d->fatal |= failed;
		finding_line(d, t->unheard_line);
		finding_says(d, "the name server %s cannot be reached: the "
			     "question for %s came back as an error (POLLERR)",
			     *t->server ? t->server : "(not in the log)",
			     *t->question ? t->question : "a name");
	}
	if (t->given_up > 1 || (t->given_up && failed &&
				!finding_has_fatal(f))) {
		d = finding_add(f, &silent, t->pid, t->given_up, t->given_ns);
		d->fatal |= failed;
		finding_line(d, t->given_line);
		if (t->given_up > 1)
			snprintf(many, sizeof(many), " after %lu requests",
				 t->given_up);
		if (t->given_up == 1 && t->given_signal)
			snprintf(end, sizeof(end), "until %s ended the program",
				 signal_text(t->given_signal, sig, sizeof(sig)));
		finding_says(d, "the peer %s sent no byte%s for %s%s, %s%s",
			     t->given_peer, many, span_text(t->given_ns, span,
			     sizeof(span)), t->given_up > 1 ? " in all" : "",
			     end, t->given_up > 1 ? "s" : "");
	}
	if (t->other_line) {
		d = finding_add(f, &not_tls, t->pid, 1, 0);
		d->fatal |= failed;
		finding_line(d, t->other_line);
		finding_says(d, "the program speaks %s to %s, which answers with "
			     "%s", t->other_tls ? "TLS" : "plain text",
			     t->other_peer, t->other_tls ? "plain HTTP"
			     : "an alert of TLS");
	}
	/* (A program that has ended its own direction may want no answer.) */
	closed = failed ? t->closed : t->closed - t->half;
	if (!closed || finding_has_fatal(f) || !finding_first_status(f))
		return;
	*many = 0;
	if (closed > 1)
		snprintf(many, sizeof(many), ", %lu times", closed);
	/* (One that goes on, as a proxy does, may have met a restart.) */
	d = finding_add(f, failed || closed > 1 ? &no_answer
			: &no_answer_note, t->pid, closed, 0);
	d->fatal |= failed;
	finding_line(d, t->closed_line);
	finding_says(d, "the peer %s closed the connection without an answer to "
		     "the request%s", t->peer, many);
}

void net_settle(struct findings *f)
{
	const struct peer_error *p = &f->peer_error;
	struct finding *d;
	struct talk *t;

	map_each(&f->talks, i, t)
		judge_talk(f, t);
	judge_told(f);
	if (!p->line)
		return;
	d = finding_add(f, &refusing, p->pid, 1, 0);
	finding_line(d, p->line);
	finding_says(d, "the last answer of %s is an error: \"%s\" (line %lu)",
		     *p->peer ? p->peer : "the peer", p->text, p->line);
}

void net_free(struct findings *f)
{
	struct talk *t;

	map_each(&f->talks, i, t)
		free(t);
	map_free(&f->talks);
}

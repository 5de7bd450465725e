/* SPDX-License-Identifier: MIT */
/*
 * event.c - from lines to events; see event.h
 *
 * Joining works on the text: what the two halves of a call say is put together
 * and lexed again, so there is one grammar for whole and for split calls.
 */
#include <ctype.h>
#include <stdlib.h>
#include "event.h"

void joiner_start(struct joiner *j, void (*emit)(void *, struct event *),
		  void *context)
{
	*j = (struct joiner){ .emit = emit, .context = context };
	j->now_ns = NO_TIME;
}

/* ---- text ---- */

static void text_set(char **at, size_t *cap, size_t used, struct slice more)
{
	enum { MARGIN = 32 };			/* the next may be longer */

	if (used + more.len + 8 > *cap) {
		*cap = used + more.len + 8 + MARGIN;
		*at = need(realloc(*at, *cap));
	}
	memcpy(*at + used, more.at, more.len);
}

static void strand_append(struct strand *s, struct slice more)
{
	text_set(&s->text, &s->cap, s->len, more);
	s->len += more.len;
}

/* ---- strands ---- */

static struct strand *strand_new(struct joiner *j, long pid)
{
	struct strand *s = need_zero(sizeof(*s));

	s->pid = pid;
	map_put(&j->strands, pid, s);
	if (j->lowest && pid < j->lowest->pid)
		j->lowest = s;
	return s;
}

static void strand_free(struct strand *s)
{
	for (unsigned i = 0; i < s->n_held; i++)
		free(s->held[i].text);
	free(s->held);
	free(s->text);
	free(s);
}

static void strand_drop(struct joiner *j, struct strand *s)
{
	map_remove(&j->strands, s->pid);
	if (j->last == s)
		j->last = NULL;
	if (j->cut_strand == s)
		j->cut_strand = NULL;
	if (j->lowest == s)
		j->lowest = NULL;
	strand_free(s);
}

/* That with the lowest pid; NULL: there is none. */
static struct strand *lowest(struct joiner *j)
{
	struct strand *s;

	if (!j->lowest)
		map_each(&j->strands, i, s)
			if (!j->lowest || s->pid < j->lowest->pid)
				j->lowest = s;
	return j->lowest;
}

/*
 * Whose line it is.  On a terminal strace names the pid only while there are
 * several processes: the first one's lines have none at the start, and the
 * last one's none at the end.
 */
static struct strand *strand_of(struct joiner *j, long pid, int column)
{
	struct strand *s;

	if (j->last && j->last->pid == pid)
		return j->last;
	s = map_get(&j->strands, pid);
	if (!s && !pid && column >= 0)
		s = lowest(j);
	if (!s && column && !map_get(&j->announced, pid)) {
		s = map_remove(&j->strands, 0);
		if (s) {
			s->pid = pid;
			map_put(&j->strands, pid, s);
			j->lowest = NULL;
		}
	}
	if (!s)
		s = strand_new(j, pid);
	if (j->announced.used)
		map_remove(&j->announced, pid);
	j->last = s;
	return s;
}

/* Lines of this pid are to come; without -f they never do. */
static void promise(struct joiner *j, long pid)
{
	enum { PROMISES = 4096 };

	if (map_get(&j->strands, pid))
		return;
	if (j->announced.used >= PROMISES)
		map_free(&j->announced);
	map_put(&j->announced, pid, j);
}

/* ---- time ---- */

/* One clock for all forms; NO_TIME when the line has none. */
static long long time_of(struct joiner *j, const struct line *l)
{
	long long ns = l->at_ns;

	if (ns == NO_TIME) {
		/* -r counts from the line before, which another file has. */
		if (l->since_ns == NO_TIME || j->merged)
			return NO_TIME;
		ns = plus_ns(j->now_ns == NO_TIME ? 0 : j->now_ns,
			     l->since_ns);
	} else if (l->clock_of_day) {
		ns = plus_ns(ns, j->day_ns);
		if (j->now_ns != NO_TIME &&
		    j->now_ns - ns > DAY_NS / 2) {
			j->day_ns = plus_ns(j->day_ns, DAY_NS);
			ns = plus_ns(ns, DAY_NS);
		} else if (j->day_ns && ns - j->now_ns > DAY_NS / 2) {
			ns -= DAY_NS;		/* began before midnight */
		}
	}
	if (j->now_ns != NO_TIME && ns < j->now_ns)
		j->out_of_order += !j->merged;
	else
		j->now_ns = ns;
	j->has_times = 1;
	return ns;
}

/* ---- emitting ---- */

static void emit(struct joiner *j, struct event *e)
{
	j->emit(j->context, e);
}

/* Without -T: a call that a signal cut short lasted until the signal came. */
static void cut_short(struct strand *s, long long now)
{
	struct held *h = s->n_held ? &s->held[s->n_held - 1] : NULL;

	if (h && h->took_ns == NO_TIME && h->start_ns != NO_TIME &&
	    now != NO_TIME && now >= h->start_ns)
		h->took_ns = now - h->start_ns;
}

/* (Field by field: to clear it first takes longer.) */
static inline void event_start(struct event *e, enum event_kind kind,
			       struct strand *s, struct line *l, enum call call,
			       unsigned long first, unsigned long last)
{
	e->kind = kind;
	e->strand = s;
	e->line = l;
	e->call = call;
	e->first = first;
	e->last = last;
	e->start_ns = e->end_ns = e->took_ns = NO_TIME;
	e->restarts = 0;
	e->interrupted = e->joined = 0;
}

static void emit_plain(struct joiner *j, enum event_kind kind,
		       struct strand *s, struct line *l, unsigned long number,
		       long long now)
{
	struct event e;

	event_start(&e, kind, s, l, kind == EVENT_BEGUN ? call_find(l->name)
							: CALL_OTHER,
		    number, number);
	e.start_ns = e.end_ns = now;
	emit(j, &e);
}

static void finish_times(struct event *e, long long resumed_ns)
{
	if (e->took_ns == NO_TIME && resumed_ns != NO_TIME &&
	    e->start_ns != NO_TIME)
		e->took_ns = resumed_ns - e->start_ns;
	e->end_ns = resumed_ns != NO_TIME ? resumed_ns :
		    e->start_ns != NO_TIME && e->took_ns != NO_TIME ?
		    plus_ns(e->start_ns, e->took_ns) : e->start_ns;
}

/* ---- restarts ---- */

static void hold(struct strand *s, struct event *e)
{
	struct held *h;
	const char *from = e->line->name.at;
	struct slice text = slice_of(from, e->line->args.at + e->line->args.len);

	if (!s->held)
		s->held = need(calloc(HELD, sizeof(*s->held)));
	if (s->n_held == HELD) {		/* too deep: forget the oldest */
		free(s->held[0].text);
		memmove(s->held, s->held + 1, (HELD - 1) * sizeof(*s->held));
		s->n_held--;
	}
	h = &s->held[s->n_held++];
	*h = (struct held){ .call = e->call, .first = e->first,
			    .start_ns = e->start_ns, .took_ns = e->took_ns,
			    .restarts = e->restarts, .len = text.len };
	h->text = need(malloc(text.len + 1));
	memcpy(h->text, text.at, text.len);
	s->since_held = 0;
}

static void take_over(struct event *e, const struct held *h)
{
	e->first = h->first;
	e->start_ns = h->start_ns;
	e->restarts = h->restarts + 1;
	if (e->interrupted)
		e->took_ns = h->took_ns;	/* the handler's time is not its */
	else if (e->took_ns != NO_TIME && e->end_ns != NO_TIME &&
	    h->start_ns != NO_TIME)
		e->took_ns = e->end_ns - h->start_ns;
	else if (e->took_ns != NO_TIME && h->took_ns != NO_TIME)
		e->took_ns = plus_ns(e->took_ns, h->took_ns);
}

/* The first argument of the text "name(first, ...". */
static int same_first_argument(const struct held *h, const struct line *l)
{
	struct slice args = slice_after((struct slice){ h->text, h->len }, "(");
	struct slice first;

	if (!l->n_args || !line_element(&args, &first))
		return !l->n_args;
	return first.len == l->arg[0].len &&
	       !memcmp(first.at, l->arg[0].at, first.len);
}

/* The call held last, with this result: " = -1 EINTR" or of a restart. */
static void release(struct joiner *j, struct strand *s, struct slice result,
		    struct event *like, int interrupted)
{
	struct held *h = &s->held[s->n_held - 1];
	struct slice tail = slice_trim(result);
	struct line l = *like->line;
	struct event e = *like;
	size_t len = h->len;

	text_set(&j->scratch, &j->scratch_cap, 0,
		 (struct slice){ h->text, h->len });
	if (!tail.len || *tail.at != ')') {
		text_set(&j->scratch, &j->scratch_cap, len, SLICE(") "));
		len += 2;
	}
	text_set(&j->scratch, &j->scratch_cap, len, tail);
	len += tail.len;
	l.took_ns = NO_TIME;
	l.flags = 0;
	e.kind = EVENT_CALL;
	e.line = &l;
	e.call = h->call;
	e.interrupted = interrupted;
	take_over(&e, h);
	if (interrupted)
		e.restarts--;
	s->n_held--;
	if (!line_read_call(&l, j->scratch, len))
		emit(j, &e);
	free(h->text);
	h->text = NULL;
}

/* A whole call: is it the second half of one that a signal cut short? */
static void call_done(struct joiner *j, struct event *e)
{
	struct strand *s = e->strand;
	struct held *h = s->n_held ? &s->held[s->n_held - 1] : NULL;

	if (h && e->call == CALL_RESTART) {
		const struct line *l = e->line;

		if (!(l->flags & LINE_RESTART)) {
			release(j, s, slice_of(l->args.at + l->args.len,
					       l->value.at + l->value.len +
					       (l->error.len ?
						l->error.len + 1 : 0)), e, 0);
			return;
		}
		h->restarts++;			/* interrupted once more */
		return;
	}
	if (h && e->call == h->call && e->call != CALL_OTHER &&
	    (e->call == CALL_CLONE || same_first_argument(h, e->line))) {
		take_over(e, h);
		free(h->text);
		s->n_held--;
		h = NULL;
	}
	if (e->line->flags & LINE_RESTART && e->call != CALL_OTHER) {
		hold(s, e);
		return;
	}
	emit(j, e);
	if (!h)
		return;
	/* Its handler ran and the call is not taken up again. */
	if (e->call == CALL_SIGRETURN && slice_is(e->line->error, "EINTR"))
		release(j, s, SLICE("= -1 EINTR (Interrupted)"), e, 1);
	else if (++s->since_held > 64)
		release(j, s, SLICE("= -1 EINTR (Interrupted)"), e, 1);
}

/* ---- the program's own output, in a log that went to a terminal ---- */

/* The bytes that the string at p stands for.  Returns where it ends, or NULL. */
static const char *unescape(struct said *s, const char *p, const char *end)
{
	static const char from[] = "ntrfv", to[] = "\n\t\r\f\v";
	const char *known;
	int digits, c;

	for (p++; p < end && *p != '"'; p++) {
		c = *p;
		if (c == '\\' && ++p < end) {
			known = strchr(from, *p);
			c = known && *p ? to[known - from] : *p;
			for (digits = 0; digits < 3 && p < end && *p >= '0' &&
			     *p <= '7'; digits++, p++)
				c = (digits ? c * 8 : 0) + *p - '0';
			p -= !!digits;
		}
		if (s->len == sizeof(s->text))
			s->whole = 0;
		else
			s->text[s->len++] = c;
	}
	return p < end ? p + 1 : NULL;
}

/* write(1, "text", 4) and writev(2, [{iov_base="text", iov_len=4}, ...], 2) */
static void announce(struct joiner *j, struct slice name, struct slice args)
{
	const char *p = args.at, *end = args.at + args.len, *number;
	struct said *s;

	if (name.len < 5 || name.len > 6 || !slice_starts(name, "write"))
		return;
	if (slice_starts(args, "fd="))
		p += 3;
	if (end - p < 2 || (*p != '1' && *p != '2') ||
	    (p[1] != ',' && p[1] != '<'))
		return;
	s = &j->said[j->n_said++ % SAID];
	s->len = s->owed = 0;
	s->whole = 1;
	while ((p = memchr(p, '"', end - p))) {
		p = unescape(s, p, end);
		if (!p)
			return;
		if (end - p > 3 && !memcmp(p, "...", 3)) {
			s->whole = 0;
			p += 3;
		}
		while (p < end && (*p < '0' || *p > '9') && *p != '"')
			p++;
		s->owed += slice_number(slice_of(p, end), &number);
	}
}

/* Is the line, or does it begin with, what a program has just written? */
static int is_said(struct joiner *j, struct line *l)
{
	for (unsigned i = 0; i < SAID; i++) {
		struct said *s = &j->said[i];

		if (s->owed < l->text.len || !l->text.len)
			continue;
		if (s->whole ? !memmem(s->text, s->len, l->text.at, l->text.len)
			     : l->kind == LINE_TAIL || (l->kind == LINE_CUT &&
				(l->body.at != l->text.at ||
				 call_find(l->name) != CALL_OTHER)))
			continue;
		s->owed -= s->owed > l->text.len ? l->text.len + 1 : s->owed;
		return 1;
	}
	return 0;
}

/* A prompt has no newline: "name? [pid 7] read(0," holds both. */
static void strip_said(struct joiner *j, struct line *l)
{
	for (unsigned i = 0; i < SAID; i++) {
		const struct said *s = &j->said[i];
		const char *last = memrchr(s->text, '\n', s->len);
		size_t len = last ? (size_t)(s->text + s->len - last - 1)
				  : s->len;

		if (!s->owed || !s->whole || !len || len >= l->text.len ||
		    memcmp(l->text.at, s->text + s->len - len, len))
			continue;
		line_read(l, l->text.at + len, l->text.len - len);
		return;
	}
}

/* ---- lines ---- */

static void whole_call(struct joiner *j, struct strand *s, struct line *l,
		       unsigned long number, long long now)
{
	struct event e;

	event_start(&e, EVENT_CALL, s, l, call_find(l->name), number, number);
	e.start_ns = now;
	e.took_ns = l->took_ns;
	if (l->took_ns != NO_TIME)
		j->has_durations = 1;
	s->detached = 0;
	announce(j, l->name, l->args);
	finish_times(&e, NO_TIME);
	if (e.call == CALL_CLONE || e.call == CALL_FORK)
		if (l->ret > 0)
			promise(j, l->ret);
	call_done(j, &e);
}

static void begun(struct joiner *j, struct strand *s, struct line *l,
		  unsigned long number, long long now)
{
	s->len = 0;
	strand_append(s, l->body);
	s->open = 1;
	s->detached = !!(l->flags & LINE_DETACHED);
	s->first = number;
	s->start_ns = now;
	s->took_ns = NO_TIME;
	announce(j, l->name, line_begun(l));
	emit_plain(j, EVENT_BEGUN, s, l, number, now);
}

/* The open call of s with this end; lexes what both say together. */
static int joined(struct joiner *j, struct strand *s, struct slice tail,
		  const struct line *from, unsigned long number, long long now)
{
	struct line l;
	struct event e;

	text_set(&s->text, &s->cap, s->len, tail);
	s->open = 0;
	memcpy(&l, from, offsetof(struct line, arg));
	l.flags = 0;
	l.took_ns = NO_TIME;
	l.aux = l.error = (struct slice){ tail.at, 0 };
	l.ret = 0;
	if (line_read_call(&l, s->text, s->len + tail.len))
		return -1;
	if (l.took_ns != NO_TIME)
		j->has_durations = 1;
	if (s->detached)
		l.flags |= LINE_DETACHED;
	event_start(&e, EVENT_CALL, s, &l, call_find(l.name), s->first, number);
	e.joined = 1;
	e.start_ns = s->start_ns;
	e.took_ns = l.took_ns;
	finish_times(&e, now);
	call_done(j, &e);
	return 0;
}

/* The call was open when its thread ended, or the log did. */
static void abandon(struct joiner *j, struct strand *s, const struct line *l,
		    unsigned long number, long long now)
{
	while (s->len && (s->text[s->len - 1] == ' ' ||
			  s->text[s->len - 1] == ','))
		s->len--;
	if (joined(j, s, SLICE(") = ?"), l, number, now))
		joined(j, s, SLICE("}) = ?"), l, number, now);
}

static void resumed(struct joiner *j, struct strand *s, struct line *l,
		    unsigned long number, long long now)
{
	int orphan = !s->open;

	if (orphan) {				/* attached late, or pids raced */
		s->len = 0;
		strand_append(s, l->name);
		strand_append(s, SLICE("("));
		s->first = number;
		s->start_ns = NO_TIME;
		j->orphans++;
	}
	if (l->kind == LINE_RESUMED_UNFINISHED) {
		strand_append(s, l->body);
		s->open = 1;
		emit_plain(j, EVENT_BEGUN, s, l, number, now);
	} else if (joined(j, s, l->body, l, number, now)) {
		j->unknown++;
		emit_plain(j, EVENT_UNKNOWN, s, l, number, now);
	}
}

static void unknown(struct joiner *j, struct line *l, unsigned long number,
		    long long now)
{
	j->unknown++;
	emit_plain(j, EVENT_UNKNOWN, NULL, l, number, now);
}

/* A line without a leader: the rest of the call that chatter tore apart. */
static void tail(struct joiner *j, struct line *l, unsigned long number,
		 long long now)
{
	struct strand *s = j->cut_strand;
	struct slice more = slice_trim(l->body);
	int detached = slice_starts(more, "<detached ");

	if (!s && detached) {			/* of a call that is open */
		if (j->last)
			j->last->detached = 1;
		emit_plain(j, EVENT_NOTE, NULL, l, number, now);
		return;
	}
	if (!s) {
		/* The end of a call that another line's text swallowed. */
		s = j->last && j->last->open ? j->last : NULL;
		if (!s || joined(j, s, l->body, l, number, now))
			unknown(j, l, number, now);
		return;
	}
	s->len = 0;
	strand_append(s, (struct slice){ j->cut, j->cut_len });
	s->first = j->cut_first;
	s->start_ns = j->cut_start_ns;
	j->cut_strand = NULL;
	if (slice_starts(more, "<unfinished ") || detached) {
		s->open = 1;
		s->detached = detached;
		emit_plain(j, EVENT_BEGUN, s, l, number, now);
	} else if (joined(j, s, l->body, l, number, now)) {
		unknown(j, l, number, now);
	}
}

static void promised(struct joiner *j, const struct line *l)
{
	if (!(l->flags & LINE_ATTACHED) || l->new_pid <= 0)
		return;
	j->attached = 1;
	promise(j, l->new_pid);
}

/* Where the argument after n others begins. */
static struct slice argument(struct slice s, unsigned n)
{
	int depth = 0, quoted = 0;
	size_t i;

	for (i = 0; i < s.len && n; i++) {
		if (quoted && s.at[i] == '\\')
			i++;
		else if (s.at[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr("{[(", s.at[i]))
			depth++;
		else if (!quoted && strchr("}])", s.at[i]))
			depth--;
		else if (!quoted && !depth && s.at[i] == ',')
			n--;
	}
	return slice_trim(slice_of(s.at + (i < s.len ? i : s.len),
				   s.at + s.len));
}

/*
 * write(2, "cannot open"..., 84cannot open /etc/x: the program's text is on the
 * same terminal, so it was written.
 */
static int shows_output(struct slice name, struct slice args)
{
	struct slice text = argument(args, 1), more = argument(args, 2);
	enum { SHOWN_MIN = 6 };

	if ((!slice_starts(args, "1,") && !slice_starts(args, "2,")) ||
	    !slice_is(name, "write") || text.len < SHOWN_MIN + 1)
		return 0;
	return memmem(more.at, more.len, text.at + 1, SHOWN_MIN) != NULL;
}

static void cut(struct joiner *j, struct strand *s, struct line *l,
		unsigned long number, long long now)
{
	free(j->cut);
	j->cut = need(malloc(l->body.len + 1));
	memcpy(j->cut, l->body.at, l->body.len);
	j->cut_len = l->body.len;
	j->cut_strand = s;
	j->cut_first = number;
	j->cut_start_ns = now;
	j->cut_doubtful = !(l->flags & (LINE_ATTACHED | LINE_DETACHED));
	j->cut_prose = 0;
	j->cut_shown = shows_output(l->name, slice_after(l->text, "("));
	announce(j, l->name, line_begun(l));
	promised(j, l);
	emit_plain(j, EVENT_NOTE, s, l, number, now);
}

/* No rest came: the line that looked torn was never a call. */
static void cut_was_none(struct joiner *j)
{
	struct line l;

	line_read(&l, "", 0);
	l.kind = LINE_UNKNOWN;
	l.text = l.body = (struct slice){ j->cut, j->cut_len };
	j->cut_strand = NULL;
	j->cut_doubtful = 0;
	unknown(j, &l, j->cut_first, NO_TIME);
}

/*
 * "connect(3, {sa_family=AF_INET, sin_po": somebody cut the text.  Of a call that
 * has not returned strace writes whole arguments.
 */
static int ends_inside(struct slice s)
{
	int depth = 0, quoted = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (quoted && s.at[i] == '\\')
			i++;
		else if (s.at[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s.at[i] == '{' || s.at[i] == '['))
			depth++;
		else if (!quoted && (s.at[i] == '}' || s.at[i] == ']'))
			depth--;
	}
	return quoted || depth > 0;
}

/*
 * strace writes what the kernel fills in when the call has returned: behind
 * "recvfrom(5, 0x7f" and "stat("/etc/x", 0x7f" somebody cut the text.
 */
static int has_result(struct slice name, struct slice args)
{
	static const struct {
		const char *call;
		unsigned given;		/* arguments that stand there before */
	} fills[] = {
		{ "read", 1 }, { "pread64", 1 }, { "readv", 1 }, { "preadv", 1 },
		{ "recv", 1 }, { "recvfrom", 1 }, { "recvmsg", 1 },
		{ "accept", 1 }, { "accept4", 1 }, { "epoll_wait", 1 },
		{ "epoll_pwait", 1 }, { "wait4", 1 }, { "fstat", 1 },
		{ "stat", 1 }, { "lstat", 1 }, { "stat64", 1 }, { "lstat64", 1 },
		{ "fstat64", 1 }, { "statfs", 1 }, { "readlink", 1 },
		{ "getdents", 1 }, { "getdents64", 1 }, { "newfstatat", 2 },
		{ "fstatat64", 2 }, { "readlinkat", 2 }, { "getsockopt", 3 },
	};

	for (unsigned i = 0; i < sizeof(fills) / sizeof(*fills); i++)
		if (slice_is(name, fills[i].call))
			return argument(args, fills[i].given).len > 0;
	return 0;
}

/* A program's own output may end so, too: "main(argc". */
static int could_be_call(const struct joiner *j, const struct line *l)
{
	struct slice args = slice_of(l->name.at + l->name.len, j->cut +
				     j->cut_len);

	return call_find(l->name) != CALL_OTHER || call_waits(l->name) ||
	       j->attached || slice_starts(args, "(AT_FDCWD, \"") || slice_starts(args, "(\"/");
}

/* "read(5, " and nothing more: what a hung program's log looks like. */
static void cut_at_end(struct joiner *j)
{
	struct strand *s = j->cut_strand;
	struct slice args;
	struct line l, whole = { 0 };

	line_read(&l, j->cut, j->cut_len);
	args = slice_after((struct slice){ j->cut, j->cut_len }, "(");
	if (j->cut_doubtful && (!l.name.len || s->open ||
				!could_be_call(j, &l) ||
				ends_inside((struct slice){ j->cut,
							    j->cut_len }) ||
				has_result(l.name, args) ||
				j->cut_shown)) {
		cut_was_none(j);
		return;
	}
	j->cut_strand = NULL;
	l.body = slice_trim((struct slice){ j->cut, j->cut_len });
	/* "sendmsg(26, ..., 0)": who pasted it has closed the parenthesis. */
	text_set(&j->scratch, &j->scratch_cap, 0, l.body);
	text_set(&j->scratch, &j->scratch_cap, l.body.len, SLICE(" = ?"));
	if (!line_read_call(&whole, j->scratch, l.body.len + strlen(" = ?")))
		l.body.len--;
	begun(j, s, &l, j->cut_first, j->cut_start_ns);
}

/* "<pid changed to 7 ...>": the rest comes under pid 7. */
static void reborn(struct joiner *j, struct strand *s, struct line *l,
		   unsigned long number, long long now)
{
	struct strand *heir = map_get(&j->strands, l->new_pid);

	begun(j, s, l, number, now);
	if (!heir)
		heir = strand_new(j, l->new_pid);
	if (heir == s)
		return;
	heir->len = 0;
	strand_append(heir, (struct slice){ s->text, s->len });
	heir->open = 1;
	heir->first = number;
	heir->start_ns = now;
	s->open = 0;
	emit_plain(j, EVENT_SUPERSEDED, s, l, number, now);
	strand_drop(j, s);
}

static void superseded(struct joiner *j, struct strand *s, struct line *l,
		       unsigned long number, long long now)
{
	if (s->open && !(s->len > 6 && !memcmp(s->text, "execve", 6)))
		abandon(j, s, l, number, now);
	emit_plain(j, EVENT_NOTE, s, l, number, now);	/* the pid lives on */
}

static void ended(struct joiner *j, struct strand *s, struct line *l,
		  unsigned long number, long long now)
{
	if (s->open)
		abandon(j, s, l, number, now);
	while (s->n_held) {
		struct event like = {
			.strand = s, .line = l, .first = number,
			.last = number, .start_ns = now, .end_ns = now,
			.took_ns = NO_TIME,
		};

		release(j, s, SLICE("= ?"), &like, 1);
	}
	emit_plain(j, EVENT_EXIT, s, l, number, now);
	strand_drop(j, s);
}

static void note(struct joiner *j, struct line *l, unsigned long number,
		 long long now)
{
	if (l->kind == LINE_TABLE)
		j->in_table = 1;
	promised(j, l);
	emit_plain(j, EVENT_NOTE, NULL, l, number, now);
}

/*
 * Inside the table of -c: rules, rows and the total.  A row is numbers and a
 * name, in the order that -U asked for.
 */
static int in_table(struct joiner *j, struct line *l)
{
	struct slice t = slice_trim(l->text);

	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];

		if (c != ' ' && c != '.' && c != '-' && c != '_' &&
		    !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z')) {
			j->in_table = 0;
			return 0;
		}
	}
	if (slice_ends(t, " total") || slice_starts(t, "total "))
		j->in_table = 0;
	l->kind = LINE_TABLE;
	return 1;
}

/*
 * "7<TCP:[...]>", "\"x\"", "[{...}]", "AF_INET", "flags=0", and not "fd" or
 * "..."
 */
static int is_of_strace(struct slice arg)
{
	size_t i;

	if (!arg.len || strchr("\"[{&?~-0123456789", *arg.at))
		return arg.len > 0;
	for (i = 0; i < arg.len && islower((unsigned char)arg.at[i]); i++)
		;
	if (i)					/* "child_stack=NULL" */
		return memchr(arg.at, '=', arg.len) != NULL &&
		       !memchr(arg.at, ' ', arg.len);
	for (i = 0; i < arg.len && !strchr(" <*", arg.at[i]); i++)
		if (!isupper((unsigned char)arg.at[i]) &&
		    !isdigit((unsigned char)arg.at[i]) &&
		    !strchr("_|", arg.at[i]))
			return 0;
	return i > 0;
}

/*
 * "read(5, " or "ppoll([{fd=7, events=POLLIN}], 1, NULL, NULL, 8": strace's
 * text of a call that has not returned, and not C or prose.
 */
static int is_open_call(struct slice text)
{
	struct slice args = slice_after(text, "("), one;
	int depth = 0, quoted = 0;

	for (size_t i = 0; i < args.len; i++) {
		char c = args.at[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && strchr("([{", c))
			depth++;
		else if (!quoted && strchr(")]}", c) && --depth < 0)
			return 0;
	}
	if (quoted || depth)
		return 0;
	while (line_element(&args, &one))
		if (!is_of_strace(one))
			return 0;
	return 1;
}

/* What stands behind the call that looked torn: its rest, or a text about it? */
__attribute__((noinline, cold))
static void behind_cut(struct joiner *j, struct line *l)
{
	struct slice cut = { j->cut, j->cut_len };
	struct line call;

	if (l->kind == LINE_CHATTER || l->kind == LINE_EMPTY ||
	    (l->kind == LINE_TAIL && !j->cut_prose))
		return;
	if (j->cut_prose && (l->kind == LINE_UNKNOWN || l->kind == LINE_COMMENT))
		return;				/* (It was looked at.) */
	line_read(&call, j->cut, j->cut_len);
	/* ("read(fd, buf, n) blocks": prose, too) */
	if (l->kind == LINE_CUT && !is_open_call(l->body) && is_open_call(cut))
		l->kind = LINE_UNKNOWN;
	if ((l->kind == LINE_UNKNOWN || l->kind == LINE_COMMENT) &&
	    (call_find(call.name) != CALL_OTHER || call_waits(call.name)) &&
	    is_open_call(cut))
		j->cut_prose = 1;
	else
		cut_was_none(j);
}

void joiner_line(struct joiner *j, struct line *l, unsigned long number,
		 long default_pid)
{
	struct strand *s;
	long long now;

	j->lines++;
	/* (A call that is over ends in its duration or its result.) */
	j->goes_on = l->kind != LINE_CALL && l->kind != LINE_RESUMED &&
		     slice_ends(slice_trim(l->text), "<unfinished ...>");
	if (j->in_table && in_table(j, l)) {
		note(j, l, number, NO_TIME);
		return;
	}
	if (l->kind == LINE_UNKNOWN || l->kind == LINE_CUT ||
	    l->kind == LINE_TAIL) {
		if (is_said(j, l)) {
			j->own_output++;
			l->kind = LINE_CHATTER;
			note(j, l, number, NO_TIME);
			return;
		}
		strip_said(j, l);
	}
	/* (What is not strace's may have another clock.) */
	now = l->kind == LINE_UNKNOWN && (l->at_ns != NO_TIME || j->has_clock)
	      ? NO_TIME : time_of(j, l);
	j->has_clock |= l->kind != LINE_UNKNOWN && l->at_ns != NO_TIME;
	if (j->cut_strand && j->cut_doubtful)
		behind_cut(j, l);
	if (l->kind == LINE_TAIL) {
		tail(j, l, number, now);
		return;
	}
	if (l->kind == LINE_UNKNOWN) {
		unknown(j, l, number, now);
		return;
	}
	if (l->kind == LINE_EMPTY || (l->kind >= LINE_FRAME &&
				      l->kind <= LINE_COMMENT)) {
		note(j, l, number, now);
		return;
	}
	s = strand_of(j, l->pid ? l->pid : default_pid,
		      l->flags & LINE_PID_COLUMN ? 1 : 0);
	switch (l->kind) {
	case LINE_CALL:
		whole_call(j, s, l, number, now);
		break;
	case LINE_UNFINISHED:
		if (l->flags & LINE_REBORN)
			reborn(j, s, l, number, now);
		else
			begun(j, s, l, number, now);
		if (l->flags & LINE_NO_RETURN)
			abandon(j, s, l, number, now);
		break;
	case LINE_RESUMED:
	case LINE_RESUMED_UNFINISHED:
		resumed(j, s, l, number, now);
		break;
	case LINE_SIGNAL:
		cut_short(s, now);
		emit_plain(j, EVENT_SIGNAL, s, l, number, now);
		break;
	case LINE_STOPPED:
		emit_plain(j, EVENT_STOPPED, s, l, number, now);
		break;
	case LINE_SUPERSEDED:
		superseded(j, s, l, number, now);
		break;
	case LINE_CUT:
		cut(j, s, l, number, now);
		break;
	default:
		ended(j, s, l, number, now);
	}
}

void joiner_end(struct joiner *j)
{
	struct strand *s;
	struct line l;

	line_read(&l, "", 0);
	if (j->cut_strand)
		cut_at_end(j);
	/* The last word of each thread; nothing is known of its end. */
	map_each(&j->strands, i, s) {
		if (s->open)
			abandon(j, s, &l, s->first, NO_TIME);
		while (s->n_held) {
			unsigned long at = s->held[s->n_held - 1].first;
			struct event like = {
				.strand = s, .line = &l, .first = at,
				.last = at, .start_ns = NO_TIME,
				.end_ns = NO_TIME, .took_ns = NO_TIME,
			};

			release(j, s, SLICE("= ?"), &like, 1);
		}
		strand_free(s);
	}
	map_free(&j->strands);
	map_free(&j->announced);
	free(j->cut);
	free(j->scratch);
}

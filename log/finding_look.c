/* SPDX-License-Identifier: MIT */
/* finding_look.c - one finding, and its sentence; see finding_look.h */
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include "finding_look.h"

enum { KEPT = 256 };		/* beyond, processes are no longer told apart */

/* ---- making them ---- */

void finding_pid(struct finding *d, long pid)
{
	if (!pid || d->n_pids >= FINDING_PIDS)
		return;
	for (unsigned i = 0; i < d->n_pids; i++)
		if (d->pids[i] == pid)
			return;
	if (!(d->n_pids & (d->n_pids - 1)))	/* 0, 1, 2, 4 ...: full */
		d->pids = need(realloc(d->pids, (d->n_pids ? d->n_pids * 2 : 1) *
				       sizeof(*d->pids)));
	d->pids[d->n_pids++] = pid;
}

struct finding *finding_add(struct findings *f, const struct about *a,
			    long pid, unsigned long count, long long cost_ns)
{
	struct finding *d;

	for (d = f->first; d; d = d->next)
		if (d->about == a && (d->pid == pid || f->n > KEPT))
			break;
	if (!d) {
		d = need(calloc(1, sizeof(*d)));
		d->about = a;
		d->pid = pid;
		if (!f->tail)
			f->tail = &f->first;
		*f->tail = d;
		f->tail = &d->next;
		f->n++;
	}
	finding_pid(d, pid);
	d->count += count;
	d->added = count;
	d->cost_ns = plus_ns(d->cost_ns, cost_ns);
	if (d->judged != f->judged && f->life_ns) {
		d->judged = f->judged;
		d->life_ns = plus_ns(d->life_ns, f->life_ns);
	}
	return d;
}

void finding_free(struct finding *d)
{
	free(d->pids);
	free(d);
}

void finding_drop(struct findings *f, const char *id, long pid)
{
	struct finding **at = &f->first, *d;

	while ((d = *at)) {
		if (strcmp(d->about->id, id) || d->pid != pid) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		finding_free(d);
		f->n--;
	}
	f->tail = at;
}

void finding_line(struct finding *d, unsigned long line)
{
	if (line && d->n_lines < FINDING_LINES &&
	    !(d->n_lines && d->line[d->n_lines - 1] == line))
		d->line[d->n_lines++] = line;
}

void finding_lines(struct finding *d, const struct tracks *t)
{
	for (unsigned i = 0; i < FINDING_LINES && i < t->n; i++)
		finding_line(d, t->line[i]);
}

void finding_subject(struct finding *d, const struct file *file)
{
	/* That of the sentence; without one, that of the first line. */
	if (file && (!*d->subject || *d->says))
		snprintf(d->subject, sizeof(d->subject), "%d%s%s%s", file->fd,
			 file->name ? " (" : "", file->name ? file->name : "",
			 file->name ? ")" : "");
}

void finding_says(struct finding *d, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(d->says, sizeof(d->says), format, ap);
	va_end(ap);
	d->told = d->added ? d->added : 1;
}

/* ---- what sentences are made of ---- */

/* What has no address and no path is named by what it is. */
static const char *name_of(const struct file *file)
{
	if (!file->name && (file->kind == FILE_EVENTFD ||
			    file->kind == FILE_SIGNALFD ||
			    file->kind == FILE_TIMERFD ||
			    file->kind == FILE_INOTIFY ||
			    file->kind == FILE_PIDFD || file->kind == FILE_PIPE))
		return file_kind_name(file->kind);
	return file->name;
}

const char *file_text_as(const struct file *file, int fd, char *text, size_t size)
{
	static const char word[] = "descriptor ";
	const char *name = file ? name_of(file) : NULL;
	size_t len = name ? strlen(name) : 0, n;

	if (!file) {
		snprintf(text, size, "a descriptor");
	} else if (fd < 0 || sizeof(word) + len + 16 > size) {
		snprintf(text, size, len ? "descriptor %d (%s)"
					 : "descriptor %d", fd, name);
	} else {				/* (many spins ask for it) */
		memcpy(text, word, sizeof(word) - 1);
		n = put_number(text, sizeof(word) - 1, fd);
		if (len) {
			memcpy(text + n, " (", 2);
			memcpy(text + n + 2, name, len);
			memcpy(text + n + 2 + len, ")", 2);
		}
	}
	return text;
}

const char *file_text(const struct file *file, char *text, size_t size)
{
	return file_text_as(file, file ? file->fd : -1, text, size);
}

size_t shown_bytes(struct slice s, unsigned char *data, size_t size)
{
	const char *p = memchr(s.at, '"', s.len), *end = s.at + s.len;
	const char *from = "nrtfv\"\\", *to = "\n\r\t\f\v\"\\", *k;
	size_t n = 0;

	for (p = p ? p + 1 : end; p < end && *p != '"' && n < size; n++) {
		if (*p != '\\') {
			data[n] = *p++;
		} else if (++p < end && *p == 'x') {
			data[n] = 0;
			for (p++, k = p; p < end && p < k + 2; p++)
				data[n] = data[n] * 16 + (isdigit(
					(unsigned char)*p) ? *p - '0'
					: (*p | 32) - 'a' + 10);
		} else if (p < end && *p >= '0' && *p <= '7') {
			data[n] = 0;
			for (k = p; p < end && p < k + 3 && *p >= '0' &&
			     *p <= '7'; p++)
				data[n] = data[n] * 8 + *p - '0';
		} else if (p < end) {
			k = strchr(from, *p);
			data[n] = k && *k ? to[k - from] : *p;
			p++;
		} else {
			break;			/* cut behind the backslash */
		}
	}
	return n;
}

int polls_fd(struct slice args, int fd)
{
	const char *p, *end = args.at + args.len;
	char text[32];
	int len = snprintf(text, sizeof(text), "fd=%d", fd);

	while ((p = slice_find(args, text))) {
		p += len;
		if (p == end || !isdigit((unsigned char)*p))
			return 1;
		args = slice_of(p, end);
	}
	return 0;
}

const char *span_text(long long ns, char *text, size_t size)
{
	if (ns >= 1000000000)
		snprintf(text, size, "%.2f s", ns / 1e9);
	else if (ns >= MS)
		snprintf(text, size, "%.1f ms", ns / 1e6);
	else
		snprintf(text, size, "%lld us", ns / 1000);
	return text;
}

long long step_ns(const struct step *st)
{
	return st->event->took_ns == NO_TIME || st->event->took_ns < 0
		? 0 : st->event->took_ns;
}

long long call_lasted(const struct findings *f, const struct step *st)
{
	const struct event *e = st->event;

	if (e->took_ns != NO_TIME)
		return step_ns(st);
	/* Of the two lines of a call each has its time. */
	if (e->joined && e->start_ns != NO_TIME && e->end_ns != NO_TIME &&
	    e->end_ns > e->start_ns)
		return e->end_ns - e->start_ns;
	if (!(e->line->flags & LINE_NO_RETURN) || e->start_ns == NO_TIME ||
	    f->last_ns == NO_TIME)
		return 0;
	return f->last_ns - e->start_ns;
}

/* Of several threads it may be more than 100; times that are damaged, any. */
static int percent(long long part, long long first_ns, long long last_ns)
{
	double share;

	if (first_ns == NO_TIME || last_ns <= first_ns)
		return -1;
	share = (double)part / (last_ns - first_ns) * 100 + 0.5;
	return share > 0 ? share < INT_MAX ? (int)share : INT_MAX : 0;
}

int share_of(const struct findings *f, long long ns)
{
	return percent(ns, f->first_ns, f->last_ns);
}

int share_of_task(const struct habits *h, long long ns)
{
	return percent(ns, h->first_ns, h->last_ns);
}

const char *process_text(const char *name, long pid, char *text, size_t size)
{
	if (pid)
		snprintf(text, size, "%s (pid %ld)", name, pid);
	else
		snprintf(text, size, "%s", name);
	return text;
}

const char *task_name(const struct task *t)
{
	return *t->comm ? t->comm : *t->process->exe ? t->process->exe
						     : "the program";
}

struct tracks *sent_by(struct findings *f, long pid, int sig)
{
	const struct dying *d = map_get(&f->dying, pid);
	const struct task *task = map_get(&f->world->tasks, pid);
	struct tracks *t = map_get(&f->kills, pid);

	if (t && (!t->line[1] || (int)t->line[1] == sig))
		return t;
	/* To a group: SIGKILL names no sender. */
	t = map_get(&f->kills, KILLS_GROUP);
	if (t && task && task->process->first > t->line[0])
		return NULL;			/* it was not there yet */
	return t && (int)t->line[1] == sig && (sig == 9 ? !d || !d->sender :
					       d && d->sender == (long)t->n)
	       ? t : NULL;
}

int finding_last_signal(const struct findings *f, long pid)
{
	const struct dying *d = map_get(&f->dying, pid);

	return d ? d->signal : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * manifest.c - manifest.json, member by member; see manifest.h
 *
 * Only what the reader asks about is kept.  The text is untrusted: its depth
 * and its size are bounded, and what is not JSON ends the reading.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "map.h"
#include "manifest.h"
#include "slice.h"
#include "unpack.h"

enum { DEPTH = 16, MOST = 4 * READ_BYTES };

struct json_reader {
	const char *p, *end;
	char path[128];			/* "kernel.lost_by_processor.1" */
	char what[32];			/* of not_available, the last one */
	struct manifest *m;
};

static void blank(struct json_reader *j)
{
	while (j->p < j->end && strchr(" \t\r\n", *j->p) && *j->p)
		j->p++;
}

static int next_is(struct json_reader *j, char c)
{
	blank(j);
	if (j->p >= j->end || *j->p != c)
		return 0;
	j->p++;
	return 1;
}

/* A string; of its escapes only the simple ones are undone. */
static int read_string(struct json_reader *j, char *text, size_t size)
{
	size_t n = 0;

	if (!next_is(j, '"'))
		return -1;
	while (j->p < j->end && *j->p != '"') {
		if (*j->p == '\\' && ++j->p >= j->end)
			return -1;
		if (n + 1 < size)
			text[n++] = *j->p;
		j->p++;
	}
	text[n] = 0;
	return next_is(j, '"') ? 0 : -1;
}

/* As much of it as there is room for. */
static void keep(char *to, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memcpy(to, text, len);
	to[len] = 0;
}

/* "mapped_files.3.path"; the path comes last. */
static int is_mapped(const char *path, const char *member)
{
	const char *dot = strrchr(path, '.');

	return !strncmp(path, "mapped_files.", 13) && !strcmp(dot + 1, member);
}

/* "unread_completions.3.pid"; to_ns comes last. */
static void take_unread(struct manifest *m, const char *path, long long n)
{
	struct unread_completions *u = &m->unread[m->n_unread];
	const char *member = strrchr(path, '.') + 1;

	if (m->n_unread == UNREAD_MAX)
		return;
	if (!strcmp(member, "pid"))
		u->pid = n;
	else if (!strcmp(member, "thread"))
		u->thread = n;
	else if (!strcmp(member, "ring"))
		u->ring = n;
	else if (!strcmp(member, "completions"))
		u->completions = n;
	else if (!strcmp(member, "from_ns"))
		u->from_ns = n;
	else if (!strcmp(member, "to_ns")) {
		u->to_ns = n;
		m->n_unread += u->from_ns >= 0 && n >= u->from_ns;
	}
}

static void take_text(struct json_reader *j, const char *text)
{
	struct manifest *m = j->m;
	const char *path = j->path;

	if (!strcmp(path, "command.0"))
		keep(m->command, sizeof(m->command),
		     strrchr(text, '/') ? strrchr(text, '/') + 1 : text);
	else if (!strcmp(path, "scenario"))
		keep(m->scenario, sizeof(m->scenario), text);
	else if (!strcmp(path, "kernel.file"))
		m->kernel = 1;
	else if (!strcmp(path, "strace.file"))
		m->strace = 1;
	else if (!strcmp(path, "kernel.not_in_this_kernel"))
		keep(m->missing, sizeof(m->missing), text);
	else if (!strncmp(path, "not_available.", 14) &&
		 strstr(path, ".what"))
		keep(j->what, sizeof(j->what), text);
	else if (!strncmp(path, "not_available.", 14) && !strcmp(j->what,
								 "kernel"))
		keep(m->why_no_kernel, sizeof(m->why_no_kernel), text);
	else if (!strncmp(path, "not_available.", 14) && !strcmp(j->what,
								 "stacks"))
		keep(m->why_no_stacks, sizeof(m->why_no_stacks), text);
	else if (!strncmp(path, "not_available.", 14) && !strcmp(j->what,
								 "rings"))
		keep(m->why_no_rings, sizeof(m->why_no_rings), text);
	else if (is_mapped(path, "path") && m->n_mapped < MAPPED_KEPT)
		keep(m->mapped[m->n_mapped++].path,
		     sizeof(m->mapped->path), text);
	else if (!strncmp(path, "not_available.", 14) && !strcmp(j->what,
								 "strace"))
		keep(m->why_no_strace, sizeof(m->why_no_strace), text);
}

static void take_number(struct json_reader *j, long long n)
{
	static const char by[] = "kernel.lost_by_processor.";
	struct manifest *m = j->m;

	if (!strcmp(j->path, "pid")) {
		m->pid = n;
	} else if (!strcmp(j->path, "kernel.lost")) {
		m->lost = n;
	} else if (!strncmp(j->path, "unread_completions.", 19)) {
		take_unread(m, j->path, n);
	} else if (is_mapped(j->path, "device") && m->n_mapped < MAPPED_KEPT) {
		m->mapped[m->n_mapped].device = n;
	} else if (is_mapped(j->path, "inode") && m->n_mapped < MAPPED_KEPT) {
		m->mapped[m->n_mapped].inode = n;
	} else if (!strcmp(j->path, "alignment.error_bound_ns")) {
		m->bound_ns = n;
		m->aligned = 1;
	} else if (!strncmp(j->path, by, sizeof(by) - 1) && n) {
		long cpu = atol(j->path + sizeof(by) - 1);

		if (cpu >= 0 && cpu < 64)
			m->lossy |= 1ULL << cpu;
		else
			m->lost_elsewhere = 1;
	}
}

static int read_value(struct json_reader *j, int depth);

/* The members of an object or an array, up to the bracket that closes it. */
static int read_members(struct json_reader *j, int depth, char close)
{
	size_t len = strlen(j->path);
	char name[48];
	int n = 0;

	if (next_is(j, close))
		return 0;
	do {
		snprintf(name, sizeof(name), "%d", n++);
		if (close == '}' && (read_string(j, name, sizeof(name)) ||
				     !next_is(j, ':')))
			return -1;
		snprintf(j->path + len, sizeof(j->path) - len, "%s%s",
			 len ? "." : "", name);
		if (read_value(j, depth + 1))
			return -1;
		j->path[len] = 0;
	} while (next_is(j, ','));
	return next_is(j, close) ? 0 : -1;
}

static int read_value(struct json_reader *j, int depth)
{
	char text[256], *stop;
	long long n;

	if (depth == DEPTH)
		return -1;
	if (next_is(j, '{'))
		return read_members(j, depth, '}');
	if (next_is(j, '['))
		return read_members(j, depth, ']');
	if (j->p < j->end && *j->p == '"') {
		if (read_string(j, text, sizeof(text)))
			return -1;
		take_text(j, text);
		return 0;
	}
	for (int i = 0; i < 3; i++) {
		static const char *const words[] = { "null", "false", "true" };
		size_t len = strlen(words[i]);

		if ((size_t)(j->end - j->p) < len ||
		    memcmp(j->p, words[i], len))
			continue;
		j->p += len;
		if (i == 2 && !strcmp(j->path, "alignment.proved"))
			j->m->proved = 1;
		return 0;
	}
	n = strtoll(j->p, &stop, 10);		/* the text ends with a 0 byte */
	if (stop == j->p)
		return -1;
	j->p = stop;
	take_number(j, n);
	while (j->p < j->end && *j->p && strchr("0123456789.eE+-", *j->p))
		j->p++;
	return 0;
}

const char *manifest_path(const struct manifest *m, unsigned long long device,
			  unsigned long long inode)
{
	for (unsigned i = 0; i < m->n_mapped; i++)
		if (m->mapped[i].device == device &&
		    m->mapped[i].inode == inode)
			return m->mapped[i].path;
	return NULL;
}

int manifest_read(struct manifest *m, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct json_reader j = { .m = m };
	char *text;
	ssize_t n;

	*m = (struct manifest){ 0 };
	if (fd < 0)
		return -1;
	text = need(malloc(MOST + 1));
	n = read(fd, text, MOST);
	close(fd);
	if (n < 0) {
		free(text);
		return -1;
	}
	text[n] = 0;
	j.p = text;
	j.end = text + n;
	m->there = next_is(&j, '{') && !read_members(&j, 0, '}');
	free(text);
	return m->there ? 0 : -1;
}

/* SPDX-License-Identifier: MIT */
/*
 * finding_reset.c - who reset a connection: the end that closed it with bytes
 * unread, where the log has both ends (-f -yy)
 */
#include "finding_look.h"
#include "hash.h"

struct shut {
	long pid;
	unsigned long line;
	unsigned long long bytes_in;
};

/* Of "a->b"; or as the other end has it: of "b->a". */
static uint64_t end_key(const struct file *file, int other)
{
	const char *ends = file->ends ? file->ends : file->name;
	const char *arrow = ends ? strstr(ends, "->") : NULL;
	uint64_t key;

	if (!arrow || !file_is_stream(file))
		return 0;
	if (!other)
		return hash_text(HASH_START, ends) | 1;
	key = hash_text(hash_text(HASH_START, arrow + 2), "->");
	return hash_slice(key, slice_of(ends, arrow)) | 1;
}

void reset_file_ends(struct findings *f, const struct file *file)
{
	enum { SHUT_MAX = 10000 };
	uint64_t key = end_key(file, 0);
	struct shut *s;

	if (!key || f->shut.used >= SHUT_MAX || map_get(&f->shut, key))
		return;
	s = need(calloc(1, sizeof(*s)));
	s->pid = file->owner;
	s->line = file->closed;
	s->bytes_in = file->bytes_in;
	map_put(&f->shut, key, s);
}

void reset_by(const struct findings *f, const struct file *file, char *text,
		  size_t size)
{
	uint64_t key = file ? end_key(file, 1) : 0;
	const struct shut *s = key ? map_get(&f->shut, key) : NULL;
	unsigned long long left;

	*text = 0;
	if (!s)
		return;
	left = file->bytes_out > s->bytes_in ? file->bytes_out - s->bytes_in
					     : 0;
	snprintf(text, size, "; pid %ld closed it", s->pid);
	if (s->line)
		snprintf(text + strlen(text), size - strlen(text),
			 " (line %lu)", s->line);
	if (left)
		snprintf(text + strlen(text), size - strlen(text),
			 " with %llu byte%s unread", left, left == 1 ? "" : "s");
}

void reset_free(struct findings *f)
{
	struct shut *s;

	map_each(&f->shut, i, s)
		free(s);
	map_free(&f->shut);
}

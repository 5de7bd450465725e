/* SPDX-License-Identifier: MIT */
/* tracepoint.c - one line of kernel.log; see tracepoint.h */
#include <limits.h>
#include "tracepoint.h"

static const struct { const char *name; enum point kind; } points[] = {
	{ "sys_enter", POINT_ENTER }, { "sys_exit", POINT_EXIT },
	{ "sched_switch", POINT_SWITCH }, { "sched_waking", POINT_WAKING },
	{ "task_newtask", POINT_NEW_TASK }, { "task_rename", POINT_OTHER },
	{ "signal_generate", POINT_SIGNAL }, { "signal_deliver", POINT_OTHER },
	{ "mm_filemap_get_pages", POINT_PAGES },
	{ "mm_filemap_fault", POINT_FAULT },
	{ "block_bio_queue", POINT_BLOCK },
	{ "block_rq_complete", POINT_OTHER },
	{ "inet_sock_set_state", POINT_OTHER },
	{ "sk_data_ready", POINT_ARRIVAL },
	{ "sock_recv_length", POINT_RECEIVED },
	{ "sock_send_length", POINT_OTHER },
	{ "skb_copy_datagram_iovec", POINT_COPY },
	{ "io_uring_create", POINT_RING },
	{ "io_uring_submit_req", POINT_SUBMIT },
	{ "io_uring_submit_sqe", POINT_SUBMIT },	/* until 6.2 */
	{ "io_uring_file_get", POINT_FILE },
	{ "io_uring_poll_arm", POINT_ARM },
	{ "io_uring_queue_async_work", POINT_ASYNC },
	{ "io_uring_task_add", POINT_TASK_ADD },
	{ "io_uring_complete", POINT_COMPLETE },
	{ "io_uring_cqe_overflow", POINT_OVERFLOW },
	{ "io_uring_cqring_wait", POINT_RING_WAIT },
};

static enum point point_of(struct slice name)
{
	for (unsigned i = 0; i < sizeof(points) / sizeof(*points); i++)
		if (slice_is(name, points[i].name))
			return points[i].kind;
	return slice_starts(name, "io_uring_") ? POINT_OTHER : POINT_UNKNOWN;
}

/* A decimal number up to the character stop; the place after it, or NULL. */
static const char *decimal(const char *p, const char *end, char stop,
			   long long most, long long *n)
{
	const char *from = p;

	for (*n = 0; p < end && *p >= '0' && *p <= '9'; p++) {
		*n = *n * 10 + (*p - '0');
		if (*n > most)
			return NULL;
	}
	return p > from && p < end && *p == stop ? p + 1 : NULL;
}

int tracepoint_read(struct tracepoint *t, struct slice s)
{
	const char *p = s.at, *end = s.at + s.len, *from;
	long long seconds, ns, cpu, pid;

	p = decimal(p, end, '.', LLONG_MAX / 1000000000 - 1, &seconds);
	if (!p || end - p < 10 || p[9] != ' ' ||
	    !(p = decimal(p, end, ' ', 999999999, &ns)) ||
	    !(p = decimal(p, end, ' ', 1 << 20, &cpu)) ||
	    !(p = decimal(p, end, ' ', INT_MAX, &pid)))
		return -1;
	t->text = s;
	t->ns = seconds * 1000000000 + ns;
	t->cpu = cpu;
	t->pid = pid;
	/* The name of a thread has no blank (capture escapes it), but a ':'. */
	from = p;
	p = memchr(p, ' ', end - p);
	if (!p || p == from || p[-1] != ':')
		return -1;
	t->comm = slice_of(from, p - 1);
	from = ++p;
	p = memchr(p, ' ', end - p);
	t->name = slice_of(from, p ? p : end);
	t->fields = slice_of(p ? p : end, end);
	if (!t->name.len)
		return -1;
	t->kind = point_of(t->name);
	return 0;
}

struct slice tracepoint_text(const struct tracepoint *t, const char *field)
{
	const char *p = t->fields.at, *end = p + t->fields.len, *stop;
	size_t len = strlen(field);

	while (p && p < end) {			/* at a blank */
		p++;
		stop = memchr(p, ' ', end - p);
		if (!stop)
			stop = end;
		if ((size_t)(stop - p) > len && p[len] == '=' &&
		    !memcmp(p, field, len))
			return slice_of(p + len + 1, stop);
		p = stop;
	}
	return (struct slice){ end, 0 };
}

uint64_t tracepoint_address(const struct tracepoint *t, const char *field)
{
	struct slice s = tracepoint_text(t, field);
	int hex = slice_starts(s, "0x"), negative = slice_starts(s, "-");
	uint64_t n = 0;

	for (size_t i = hex ? 2 : negative; i < s.len; i++) {
		char c = s.at[i];

		if (c >= '0' && c <= '9')
			n = n * (hex ? 16 : 10) + (c - '0');
		else if (hex && c >= 'a' && c <= 'f')
			n = n * 16 + (c - 'a' + 10);
		else
			break;
	}
	return negative ? -n : n;
}

long long tracepoint_number(const struct tracepoint *t, const char *field,
			    long long otherwise)
{
	struct slice s = tracepoint_text(t, field);

	return s.len ? (long long)tracepoint_address(t, field) : otherwise;
}

/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - the kernel's side of a capture: tracepoints through tracefs
 *
 * The records are read as the kernel keeps them, pages of the ring buffer of
 * each processor (trace_pipe_raw), because the text that tracefs makes of
 * them has microseconds only.  A page:
 *
 *     u64 time | u64 commit: bytes of data, and flags | data
 *     data: u32 type_len:5 delta:27, then
 *       1..28  a record of type_len words of 4 bytes
 *       0      a record; the next u32 is its length, itself included
 *       29     padding; 30 more bits of delta; 31 an absolute time
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include "kernel.h"
#include "lab.h"
#include "rings.h"
#include "stopped.h"
#include "symbols.h"

#define TRACEFS "/sys/kernel/tracing"
#define BUFFER_KB "4096"			/* of each processor, each instance */

enum { PAGE = 4096, CPUS = 256, FIELDS = 24, STACK_FRAMES = 20 };

static const char *const events_of[2][32] = {
	{ "raw_syscalls/sys_enter", "raw_syscalls/sys_exit",
	  "sched/sched_switch", "sched/sched_waking",
	  "signal/signal_deliver", "filemap/mm_filemap_get_pages",
	  "block/block_bio_queue" },
	{ "io_uring/*", "sock/sk_data_ready", "sock/sock_recv_length",
	  "sock/sock_send_length", "sock/inet_sock_set_state",
	  "skb/skb_copy_datagram_iovec", "signal/signal_generate",
	  "task/task_newtask", "task/task_rename", "sched/sched_switch",
	  "sched/sched_waking", "block/block_rq_complete" },
};

/* Filters of B, event and filter by turns. */
static const char *const filters_of_b[] = {
	/* io_uring's threads escape A's filter, so that B has their
	   switches and wake-ups. */
	"sched/sched_switch",
	"prev_comm ~ \"iou-*\" || next_comm ~ \"iou-*\"",
	"sched/sched_waking", "comm ~ \"iou-*\"",
	/* SQPOLL threads report thousands of empty rounds. */
	"io_uring/io_uring_task_work_run", "count > 0",
	"io_uring/io_uring_local_work_run", "count > 0",
	NULL
};

struct field {
	char name[32];
	int offset, size, is_signed, is_text, is_location, is_pointer;
	int count;			/* of an array; else 1 */
};

struct event_type {
	struct event_type *next;
	int id, n;
	char name[48];
	char *format;			/* the whole file */
	struct field fields[FIELDS];
};

struct cpu {
	struct kernel *k;
	int instance, cpu;
	int in, out;			/* trace_pipe_raw, and our copy */
	pthread_t thread;
	int started;
	long missed;			/* as its pages say */
	long dropped;			/* as the kernel counts */
	int error;			/* why our copy is not whole; 0: it is */
};

struct kernel {
	char instances[2][64];		/* their folders; empty: removed */
	char follow[160];
	char clock[8];
	int64_t offset;			/* to CLOCK_REALTIME, ns */
	struct event_type *types;
	struct cpu cpus[2 * CPUS];
	int cpu_count;
	atomic_int stopped;
	pid_t tracer;			/* 0: none */
	int on;				/* B's tracing_on; -1: not yet open */
	char missing[512];
	struct kernel_event *events;
	long n;
	void *pages[2 * CPUS];
	size_t page_bytes[2 * CPUS];
	char **names;			/* comms, to be freed */
	long name_count;
	struct symbols *symbols;	/* of the stacks; NULL: none */
	struct rings *rings;		/* NULL: they are not looked at */
	int64_t mono_offset;		/* of CLOCK_MONOTONIC to our clock */
};

/* ---- small files ---- */

static int put(const char *dir, const char *file, const char *text)
{
	char path[512];
	int fd, ok;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok ? 0 : -1;
}

/* The whole file, malloced, or NULL. */
static char *get(const char *dir, const char *file)
{
	char path[512], *text = NULL;
	size_t size = 0;
	FILE *f, *out;
	int c;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	out = open_memstream(&text, &size);
	while (out && (c = getc(f)) != EOF)
		putc(c, out);
	fclose(f);
	if (out)
		fclose(out);
	return text;
}

/* ---- layouts ---- */

/* "	field:unsigned long args[6];	offset:16;	size:48;	signed:0;" */
static void read_field(struct event_type *t, const char *line)
{
	struct field *f = &t->fields[t->n];
	char declaration[128], *name, *bracket;

	if (t->n == FIELDS ||
	    sscanf(line, " field:%127[^;]; offset:%d; size:%d; signed:%d",
		   declaration, &f->offset, &f->size, &f->is_signed) != 4)
		return;
	name = strrchr(declaration, ' ');
	if (!name)
		return;
	*name++ = 0;
	bracket = strchr(name, '[');
	f->count = bracket ? atoi(bracket + 1) : 1;
	if (bracket)
		*bracket = 0;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->is_location = !strncmp(declaration, "__data_loc", 10);
	f->is_text = f->is_location || (bracket && !strcmp(declaration, "char"));
	f->is_pointer = strchr(declaration, '*') != NULL;
	if (bracket && !f->is_text && f->count > 0)
		f->size /= f->count;
	t->n++;
}

static void read_format(struct kernel *k, const char *group, const char *name)
{
	char file[256], *text, *line;
	struct event_type *t;

	snprintf(file, sizeof(file), "events/%s/%s/format", group, name);
	for (t = k->types; t; t = t->next)
		if (!strcmp(t->name, name))
			return;			/* in both instances */
	text = get(TRACEFS, file);
	if (!text)
		return;
	t = calloc(1, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->format = text;
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "ID: ", 4))
			t->id = atoi(line + 4);
		else if (strstr(line, "field:") == line + 1)
			read_field(t, line);
	}
	t->next = k->types;
	k->types = t;
}

static struct event_type *type_of(struct kernel *k, int id)
{
	struct event_type *t = k->types;

	while (t && t->id != id)
		t = t->next;
	return t;
}

static const struct field *field_of(const struct event_type *t, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (!strcmp(t->fields[i].name, name))
			return &t->fields[i];
	return NULL;
}

static long long number_at(const struct field *f, const unsigned char *at)
{
	int64_t n = 0;

	memcpy(&n, at, f->size > 8 ? 8 : f->size);	/* little-endian */
	if (f->is_signed && f->size < 8 && n >> (8 * f->size - 1) & 1)
		n -= 1LL << 8 * f->size;
	return n;
}

long long event_number(const struct kernel_event *e, const char *field,
		       long long otherwise)
{
	const struct field *f = field_of(e->type, field);

	return f ? number_at(f, e->data + f->offset) : otherwise;
}

unsigned long long event_element(const struct kernel_event *e, const char *field,
				 int i)
{
	const struct field *f = field_of(e->type, field);

	return f && i < f->count ? number_at(f, e->data + f->offset +
					     i * f->size) : 0;
}

const char *event_text(const struct kernel_event *e, const char *field)
{
	const struct field *f = field_of(e->type, field);
	uint32_t location;

	if (!f || !f->is_text)
		return NULL;
	if (!f->is_location)
		return (const char *)e->data + f->offset;
	memcpy(&location, e->data + f->offset, 4);
	return (const char *)e->data + (location & 0xffff);
}

/* ---- begin ---- */

static void remove_instance(struct kernel *k, int i)
{
	if (*k->instances[i])
		rmdir(k->instances[i]);
	*k->instances[i] = 0;
}

/* The inode number of the first one is fixed (PROC_PID_INIT_INO). */
static int first_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) || st.st_ino == 0xEFFFFFFC;
}

void kernel_clean_up(void)
{
	DIR *d = opendir(TRACEFS "/instances");
	struct dirent *e;
	char path[300];
	int pid;

	/* In a PID namespace the owner of another one would seem dead. */
	while (d && first_pid_namespace() && (e = readdir(d)))
		if (sscanf(e->d_name, "iomodels-%d", &pid) == 1 &&
		    kill(pid, 0) && errno == ESRCH) {
			snprintf(path, sizeof(path), TRACEFS "/instances/%s",
				 e->d_name);
			put(path, "tracing_on", "0");
			rmdir(path);
		}
	if (d)
		closedir(d);
}

static int enable(struct kernel *k, int instance, const char *event)
{
	char file[128], group[64], *slash;
	struct dirent *e;
	DIR *d;

	snprintf(group, sizeof(group), "%s", event);
	slash = strchr(group, '/');
	*slash++ = 0;
	if (strcmp(slash, "*")) {
		read_format(k, group, slash);
		snprintf(file, sizeof(file), "events/%s/enable", event);
		return put(k->instances[instance], file, "1");
	}
	snprintf(file, sizeof(file), TRACEFS "/events/%s", group);
	d = opendir(file);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			read_format(k, group, e->d_name);
	if (d)
		closedir(d);
	snprintf(file, sizeof(file), "events/%s/enable", group);
	return put(k->instances[instance], file, "1");
}

static void enable_all(struct kernel *k, int instance)
{
	for (const char *const *e = events_of[instance]; *e; e++) {
		size_t n = strlen(k->missing);

		if (enable(k, instance, *e))	/* an older kernel lacks some */
			snprintf(k->missing + n, sizeof(k->missing) - n, " %s",
				 *e);
	}
}

static void filter_b(struct kernel *k)
{
	for (const char *const *f = filters_of_b; *f; f += 2) {
		char file[128];

		snprintf(file, sizeof(file), "events/%s/filter", *f);
		put(k->instances[1], file, f[1]);
	}
}

static void *copy_pages(void *arg)
{
	struct cpu *c = arg;
	char page[PAGE];

	for (;;) {
		struct pollfd p = { .fd = c->in, .events = POLLIN };
		int last = atomic_load(&c->k->stopped);
		ssize_t n;

		if (!last)
			poll(&p, 1, 20);
		while ((n = read(c->in, page, PAGE)) > 0) {
			memset(page + n, 0, PAGE - n);
			n = write(c->out, page, PAGE);
			if (n >= 0 && n < PAGE) {	/* again, for the errno */
				errno = ENOSPC;
				n += write(c->out, page + n, PAGE - n);
			}
			if (n != PAGE) {
				c->error = errno;
				return NULL;
			}
		}
		if (last)
			return NULL;
	}
}

static int open_cpus(struct kernel *k, int instance)
{
	for (int cpu = 0; cpu < CPUS; cpu++) {
		struct cpu *c = &k->cpus[k->cpu_count];
		char path[256];

		snprintf(path, sizeof(path), "%s/per_cpu/cpu%d/trace_pipe_raw",
			 k->instances[instance], cpu);
		c->in = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (c->in < 0)
			return cpu ? 0 : -1;
		c->out = open(lab_tmp(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		c->k = k;
		c->instance = instance;
		c->cpu = cpu;
		k->cpu_count++;
		if (c->out < 0 ||
		    pthread_create(&c->thread, NULL, copy_pages, c))
			return -1;
		c->started = 1;
	}
	return 0;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int begin_instance(struct kernel *k, int i)
{
	char *dir = k->instances[i];

	snprintf(dir, sizeof(k->instances[i]), TRACEFS
		 "/instances/iomodels-%d-%c", getpid(), 'A' + i);
	if (mkdir(dir, 0700)) {
		*dir = 0;
		return -1;
	}
	put(dir, "tracing_on", "0");
	if (put(dir, "trace_clock", k->clock) ||
	    put(dir, "buffer_size_kb", BUFFER_KB))
		return -1;
	put(dir, "options/hash-ptr", "0");
	put(dir, "options/record-tgid", "1");
	/* Wake the readers seldom: they run on the processors that are watched. */
	put(dir, "buffer_percent", "25");
	if (i == 0)
		put(dir, "options/event-fork", "1");
	else
		filter_b(k);			/* before the flood begins */
	enable_all(k, i);
	return open_cpus(k, i);
}

/* Nothing of others while a Ctrl-Z has stopped us, and nobody reads it. */
static void record_all(struct kernel *k)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/tracing_on", k->instances[1]);
	k->on = open(path, O_WRONLY | O_CLOEXEC);
	stopped_catch();
	stopped_pause(k->on);
	put(k->instances[1], "tracing_on", "1");
}

static void record_no_more(struct kernel *k)
{
	if (k->on < 0)
		return;
	stopped_pause(-1);
	close(k->on);
	k->on = -1;
	put(k->instances[1], "tracing_on", "0");
}

/* tracefs can stamp its events by this clock. */
static int has_clock(const char *name)
{
	char line[512] = "";
	FILE *f = fopen(TRACEFS "/trace_clock", "re");
	int yes = f && fgets(line, sizeof(line), f) && strstr(line, name);

	if (f)
		fclose(f);
	return yes;
}

struct kernel *kernel_begin(char why[256])
{
	struct timex t = { 0 };
	struct kernel *k;

	if (access(TRACEFS "/instances", W_OK)) {
		if (errno == ENOENT)
			snprintf(why, 256, TRACEFS ": not mounted, so the "
				 "kernel's events are left out; as root, run "
				 "mount -t tracefs nodev " TRACEFS);
		else
			snprintf(why, 256, TRACEFS ": %s, so the kernel's events "
				 "are left out; run it as root", strerror(errno));
		return NULL;
	}
	if (!first_pid_namespace()) {
		snprintf(why, 256, "tracefs does not have the process numbers "
			 "of this PID namespace, so the kernel's events are left "
			 "out; run it outside of the container");
		return NULL;
	}
	k = calloc(1, sizeof(*k));
	if (!k) {
		snprintf(why, 256, "no memory");
		return NULL;
	}
	kernel_clean_up();
	k->on = -1;
	adjtimex(&t);
	if (!has_clock("tai"))			/* Linux 5.19 brought it */
		t.tai = 1;
	snprintf(k->clock, sizeof(k->clock), t.tai ? "mono" : "tai");
	if (t.tai)
		k->offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < 2; i++)
		if (begin_instance(k, i)) {
			snprintf(why, 256, "a tracefs instance: %s",
				 strerror(errno));
			kernel_free(k);
			return NULL;
		}
	/* A is off until then: an empty list of processes means everybody. */
	snprintf(k->follow, sizeof(k->follow), "cd %s && echo $$ "
		 ">set_event_pid && echo 1 >tracing_on", k->instances[0]);
	record_all(k);
	return k;
}

/*
 * A trigger of the switch that begins a sleep, in each instance: its record is
 * followed by the stack.  B has those of io_uring's threads, see filters_of_b.
 */
const char *kernel_keep_stacks(struct kernel *k)
{
	static const char trigger[] = "events/sched/sched_switch/trigger";

	k->symbols = symbols_read();
	if (!k->symbols)
		return "/proc/kallsyms hides the kernel's addresses "
		       "(sysctl kernel.kptr_restrict=0)";
	read_format(k, "ftrace", "kernel_stack");
	if (put(k->instances[0], trigger, "stacktrace if prev_state & 3") ||
	    put(k->instances[1], trigger, "stacktrace if prev_state & 3 && "
		"prev_comm ~ \"iou-*\""))
		return "this kernel's tracefs has no trigger stacktrace";
	/* Which file and page a page fault is about. */
	enable(k, 0, "filemap/mm_filemap_fault");
	return NULL;
}

int kernel_watch_rings(struct kernel *k, char why[128])
{
	k->rings = rings_begin(k->instances[0], why);
	if (strcmp(k->clock, "mono"))
		k->mono_offset = clock_ns(CLOCK_REALTIME) -
				 clock_ns(CLOCK_MONOTONIC);
	return k->rings ? 0 : -1;
}

const struct rings *kernel_rings(const struct kernel *k)
{
	return k->rings;
}

const char *kernel_follow_me(const struct kernel *k)
{
	return k->follow;
}

int kernel_follow(struct kernel *k, pid_t pid)
{
	char path[64], *list = NULL;
	struct dirent *e;
	size_t size;
	FILE *f = open_memstream(&list, &size);
	DIR *tasks;
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (f && tasks && (e = readdir(tasks)))
		if (isdigit((unsigned char)e->d_name[0]))
			fprintf(f, "%s ", e->d_name);
	if (tasks)
		closedir(tasks);
	if (!f || fclose(f) || !size) {
		free(list);
		return -1;
	}
	ret = put(k->instances[0], "set_event_pid", list);
	free(list);
	return ret ? ret : put(k->instances[0], "tracing_on", "1");
}

void kernel_leave_out(struct kernel *k, pid_t tracer)
{
	char filter[32];

	k->tracer = tracer;
	/* It gets a SIGCHLD twice a call. */
	snprintf(filter, sizeof(filter), "pid != %d", tracer);
	put(k->instances[1], "events/signal/signal_generate/filter", filter);
}

const char *const *kernel_asked(int instance)
{
	return events_of[instance];
}

const char *const *kernel_filters(int instance)
{
	return instance ? filters_of_b : filters_of_b + sizeof(filters_of_b) /
	       sizeof(filters_of_b[0]) - 1;
}

const char *kernel_missing(const struct kernel *k)
{
	return k->missing;
}

const char *kernel_clock(const struct kernel *k)
{
	return k->clock;
}

int64_t kernel_offset(const struct kernel *k)
{
	return k->offset;
}

/* ---- end: records ---- */

/* The record before it, of the same processor, is the switch's. */
static void add_stack(struct kernel *k, int pid, const struct event_type *t,
		      const unsigned char *data)
{
	struct kernel_event *e = k->n ? &k->events[k->n - 1] : NULL;

	if (!e || e->pid != pid || e->stack || strcmp(e->name, "sched_switch"))
		return;
	e->stack = data;
	e->stack_type = t;
}

static void add_event(struct kernel *k, uint64_t ns, int cpu,
		      const unsigned char *data)
{
	struct event_type *t;
	uint16_t id;
	int32_t pid;

	memcpy(&id, data, 2);
	memcpy(&pid, data + 4, 4);
	t = type_of(k, id);
	if (!t)
		return;
	if (k->symbols && !strcmp(t->name, "kernel_stack")) {
		add_stack(k, pid, t, data);
		return;
	}
	if ((k->n & (k->n - 1)) == 0)
		k->events = realloc(k->events, (k->n ? 2 * k->n : 1) *
				    sizeof(*k->events));
	k->events[k->n++] = (struct kernel_event){
		.ns = ns, .cpu = cpu, .pid = pid, .comm = "?", .name = t->name,
		.type = t, .data = data,
	};
}

static void read_page(struct kernel *k, struct cpu *c,
		      const unsigned char *page)
{
	uint64_t ns, commit;
	const unsigned char *at = page + 16, *end;

	memcpy(&ns, page, 8);
	memcpy(&commit, page + 8, 8);
	end = at + (commit & 0xfffff);
	if (commit & 1u << 31) {			/* records are missing */
		uint64_t missed = 1;

		if (commit & 1u << 30)
			memcpy(&missed, end, 8);
		c->missed += missed;
	}
	if (end > page + PAGE)
		return;
	while (at + 4 <= end) {
		uint32_t head, word = 0;
		unsigned len;

		memcpy(&head, at, 4);
		if (at + 8 <= page + PAGE)
			memcpy(&word, at + 4, 4);
		switch (head & 31) {
		case 29:
			if (!(head >> 5))
				return;
			at += 4 + word;
			break;
		case 30:
			ns += (uint64_t)word << 27 | head >> 5;
			at += 8;
			break;
		case 31:
			ns = (ns & ~((1ULL << 59) - 1)) |
			     (uint64_t)word << 27 | head >> 5;
			at += 8;
			break;
		case 0:
			ns += head >> 5;
			add_event(k, ns, c->cpu, at + 8);
			at += 4 + word;
			break;
		default:
			ns += head >> 5;
			len = (head & 31) * 4;
			add_event(k, ns, c->cpu, at + 4);
			at += 4 + len;
		}
	}
}

static int read_cpu(struct kernel *k, int i)
{
	struct cpu *c = &k->cpus[i];
	off_t size = lseek(c->out, 0, SEEK_END);

	if (size <= 0)
		return 0;
	k->pages[i] = mmap(NULL, size, PROT_READ, MAP_PRIVATE, c->out, 0);
	if (k->pages[i] == MAP_FAILED) {
		k->pages[i] = NULL;
		return -1;
	}
	k->page_bytes[i] = size;
	for (off_t at = 0; at + PAGE <= size; at += PAGE)
		read_page(k, c, (unsigned char *)k->pages[i] + at);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct kernel_event *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	/* Those of one processor stay in its order. */
	if (x->cpu != y->cpu)
		return x->cpu - y->cpu;
	return x->data < y->data ? -1 : x->data > y->data;
}

/* ---- end: whose events they are ---- */

/* A set of numbers: process numbers, rings, sockets. */
struct set {
	uint64_t *at;
	long n;
};

static int has(const struct set *s, uint64_t member)
{
	for (long i = s->n - 1; i >= 0; i--)
		if (s->at[i] == member)
			return 1;
	return 0;
}

static void put_in(struct set *s, uint64_t member)
{
	if (!member || has(s, member))
		return;
	s->at = realloc(s->at, (s->n + 1) * sizeof(*s->at));
	s->at[s->n++] = member;
}

static void take_out(struct set *s, uint64_t member)
{
	for (long i = 0; i < s->n; i++)
		if (s->at[i] == member)
			s->at[i--] = s->at[--s->n];
}

/* An interrupt runs in anybody's context. */
static int in_interrupt(const struct kernel_event *e)
{
	enum { HARDIRQ = 8, SOFTIRQ = 16 };

	return !!(event_number(e, "common_flags", 0) & (HARDIRQ | SOFTIRQ));
}

/* What the tracer does itself. */
static int is_tracer(const struct kernel *k, const struct kernel_event *e)
{
	if (in_interrupt(e))
		return 0;
	return k->tracer ? e->pid == k->tracer : !strcmp(e->comm, "strace");
}

/* The name of a thread is in the events that switch to it or make it. */
static void name_threads(struct kernel *k)
{
	enum { PIDS = 1 << 16 };
	const char **names = calloc(PIDS, sizeof(*names));

	for (int pass = 0; names && pass < 2; pass++)	/* 0: the first names */
		for (long i = 0; i < k->n; i++) {
			struct kernel_event *e = &k->events[i];
			int pid = -1, next = -1;
			const char *name = NULL;

			if (!strcmp(e->name, "sched_switch")) {
				pid = event_number(e, "prev_pid", -1);
				name = event_text(e, "prev_comm");
				next = event_number(e, "next_pid", -1);
			} else if (!strcmp(e->name, "task_rename")) {
				pid = event_number(e, "pid", -1);
				if (pid < 0)		/* dropped in newer ones */
					pid = e->pid;
				name = event_text(e, "newcomm");
			} else if (!strcmp(e->name, "task_newtask")) {
				pid = event_number(e, "pid", -1);
				name = event_text(e, "comm");
			}
			if (pid > 0 && name && (pass || !names[pid % PIDS]))
				names[pid % PIDS] = name;
			if (next > 0 && (pass || !names[next % PIDS]))
				names[next % PIDS] = event_text(e, "next_comm");
			if (pass && names[e->pid % PIDS])
				e->comm = names[e->pid % PIDS];
		}
	free(names);
}

static int is_switch(const struct kernel_event *e)
{
	return !strcmp(e->name, "sched_switch");
}

/*
 * At each call the tracer stops a thread, and that thread comes back: two
 * switches that would not be there without it.  Both are dropped, unless they
 * are also those of another thread of ours.  A thread that was preempted by
 * the tracer, or took its place, keeps its switches.
 */
static void drop_stops(struct kernel *k, const struct set *pids)
{
	enum { TRACED = 8 };			/* prev_state, "t" */
	struct set stopped = { 0 };
	long kept = 0;

	for (long i = 0; i < k->n; i++) {
		struct kernel_event *e = &k->events[i];
		uint64_t prev = event_number(e, "prev_pid", 0);
		uint64_t next = event_number(e, "next_pid", 0);
		int drop = 0;

		if (is_switch(e) && event_number(e, "prev_state", 0) & TRACED) {
			drop = !has(pids, next);
			put_in(&stopped, prev);
		}
		if (is_switch(e) && has(&stopped, next)) {
			drop = !has(pids, prev);
			take_out(&stopped, next);
		}
		if (!drop)
			k->events[kept++] = *e;
	}
	k->n = kept;
	free(stopped.at);
}

/* A request to a disk holds blocks that we had asked for; they are done. */
static int completes(struct set *asked, const struct kernel_event *e)
{
	uint64_t from = event_number(e, "sector", 0) + 1;
	uint64_t to = from + event_number(e, "nr_sector", 0);
	int ours = 0;

	for (long i = 0; i < asked->n; i++)
		if (asked->at[i] >= from && asked->at[i] < to) {
			asked->at[i--] = asked->at[--asked->n];
			ours = 1;
		}
	return ours;
}

/*
 * Ours: the tasks in A (it holds the followed processes, but sched events of
 * others as well), the tasks these make (iou-wrk and iou-sqp are made by the
 * kernel on their behalf), the rings and sockets that these use.  The memory
 * of a ring that is gone may be another's: from its io_uring_create on it
 * belongs to the task that made it.  An interrupt works for anybody.
 */
static void keep_ours(struct kernel *k)
{
	struct set pids = { 0 }, rings = { 0 }, made = { 0 }, sockets = { 0 };
	struct set asked = { 0 };
	long kept = 0;

	for (long i = 0; i < k->n; i++) {
		struct kernel_event *e = &k->events[i];

		if (is_tracer(k, e))
			continue;
		if (!strncmp(e->name, "sys_", 4))
			put_in(&pids, e->pid);
		else if (!strcmp(e->name, "task_newtask") && has(&pids, e->pid))
			put_in(&pids, event_number(e, "pid", 0));
		if (!strcmp(e->name, "io_uring_create"))
			put_in(&made, event_number(e, "ctx", 0));
		if (has(&pids, e->pid) && !in_interrupt(e)) {
			put_in(&rings, event_number(e, "ctx", 0));
			put_in(&sockets, event_number(e, "sk", 0));
			put_in(&sockets, event_number(e, "skaddr", 0));
		}
	}
	for (long i = 0; i < made.n; i++)
		take_out(&rings, made.at[i]);
	for (long i = 0; i < k->n; i++) {
		struct kernel_event *e = &k->events[i];
		uint64_t ctx = event_number(e, "ctx", 0);
		uint64_t sk = event_number(e, "sk", event_number(e, "skaddr", 0));
		int tracer = is_tracer(k, e);
		int mine = has(&pids, e->pid) && !tracer;

		if (!strcmp(e->name, "io_uring_create") && mine)
			put_in(&rings, ctx);
		else if (!strcmp(e->name, "io_uring_create"))
			take_out(&rings, ctx);
		if (is_switch(e))
			/* From the tracer to one of ours: it runs again. */
			mine |= has(&pids, event_number(e, "next_pid", 0));
		else if (tracer)
			mine = 0;
		else if (!strcmp(e->name, "sched_waking") ||
			 !strcmp(e->name, "signal_generate"))
			mine = has(&pids, event_number(e, "pid", 0));
		else if (ctx)
			mine = has(&rings, ctx);
		else if (sk)			/* (See in_interrupt.) */
			mine = (mine && !in_interrupt(e)) || has(&sockets, sk);
		else if (!strcmp(e->name, "block_rq_complete"))
			mine = completes(&asked, e);
		if (mine && !strcmp(e->name, "block_bio_queue"))
			put_in(&asked, event_number(e, "sector", 0) + 1);
		if (mine)
			k->events[kept++] = *e;
	}
	k->n = kept;
	if (k->tracer)
		drop_stops(k, &pids);
	free(pids.at);
	free(rings.at);
	free(made.at);
	free(sockets.at);
	free(asked.at);
}

static long number_after(const char *text, const char *key)
{
	const char *at = text ? strstr(text, key) : NULL;

	return at ? atol(at + strlen(key)) : 0;
}

static void count_lost(struct kernel *k)
{
	for (int i = 0; i < k->cpu_count; i++) {
		struct cpu *c = &k->cpus[i];
		char file[64], *stats;

		snprintf(file, sizeof(file), "per_cpu/cpu%d/stats", c->cpu);
		stats = get(k->instances[c->instance], file);
		c->dropped = number_after(stats, "\noverrun: ") +
			     number_after(stats, "\ncommit overrun: ") +
			     number_after(stats, "\ndropped events: ");
		free(stats);
	}
}

int kernel_processors(const struct kernel *k)
{
	return k->cpu_count / 2;
}

long kernel_lost(const struct kernel *k, int cpu)
{
	long lost = 0;

	for (int i = 0; i < k->cpu_count; i++) {
		const struct cpu *c = &k->cpus[i];

		/* The two say the same of what was overwritten. */
		if (c->cpu == cpu)
			lost += c->missed > c->dropped ? c->missed : c->dropped;
	}
	return lost;
}

static void stop_reading(struct kernel *k)
{
	atomic_store(&k->stopped, 1);
	for (int i = 0; i < k->cpu_count; i++) {
		if (k->cpus[i].started)
			pthread_join(k->cpus[i].thread, NULL);
		k->cpus[i].started = 0;
		close(k->cpus[i].in);
		k->cpus[i].in = -1;
	}
}

long kernel_end(struct kernel *k)
{
	int err = 0;
	long lost = 0;

	put(k->instances[0], "tracing_on", "0");
	record_no_more(k);
	count_lost(k);
	stop_reading(k);
	if (k->rings)
		rings_end(k->rings);
	for (int i = 0; i < 2; i++)
		remove_instance(k, i);
	for (int i = 0; i < k->cpu_count; i++) {
		if (read_cpu(k, i))
			err = errno;
		if (k->cpus[i].error)
			err = k->cpus[i].error;
	}
	if (k->n)
		qsort(k->events, k->n, sizeof(*k->events), by_time);
	name_threads(k);
	keep_ours(k);
	for (int cpu = 0; cpu < kernel_processors(k); cpu++)
		lost += kernel_lost(k, cpu);
	errno = err;
	return err ? -1 : lost;
}

const struct kernel_event *kernel_events(const struct kernel *k, long *n)
{
	*n = k->n;
	return k->events;
}

/* ---- as text ---- */

const char *syscall_name(long nr)
{
	static const char *const names[] = {
#include "syscalls.inc"
	};

	if (nr < 0 || nr >= (long)(sizeof(names) / sizeof(names[0])) ||
	    !names[nr])
		return "?";
	return names[nr];
}

static void print_text(const char *s, FILE *f)
{
	for (; *s; s++)
		if (isgraph((unsigned char)*s) && *s != '\\')
			putc(*s, f);
		else
			fprintf(f, "\\x%02x", (unsigned char)*s);
}

static void print_field(const struct kernel_event *e, const struct field *f, FILE *out)
{
	fprintf(out, " %s=", f->name);
	if (f->is_text) {
		print_text(event_text(e, f->name), out);
		return;
	}
	for (int i = 0; i < f->count; i++) {
		long long n = event_element(e, f->name, i);

		if (f->is_pointer || f->count > 1)
			fprintf(out, "%s%#llx", i ? "," : "", n);
		else
			fprintf(out, "%lld", n);
	}
}

/* What every switch has on top says nothing. */
static int is_scheduler(const char *name)
{
	return !strcmp(name, "schedule") || !strcmp(name, "__schedule") ||
	       strstr(name, "trace") || strstr(name, "sched_switch");
}

/* " stack=INNERMOST<CALLER<CALLER": as far as the names are known. */
static void print_stack(const struct kernel *k, const struct kernel_event *e,
			FILE *f)
{
	const struct field *size = field_of(e->stack_type, "size");
	const struct field *caller = field_of(e->stack_type, "caller");
	long n = size ? number_at(size, e->stack + size->offset) : 0;
	int printed = 0;

	for (int i = 0; caller && i < n && printed < STACK_FRAMES; i++) {
		const char *name;
		uint64_t address;

		memcpy(&address, e->stack + caller->offset + i * 8, 8);
		name = symbol_at(k->symbols, address);
		if (!name || (!printed && is_scheduler(name)))
			continue;
		fprintf(f, "%s%s", printed++ ? "<" : " stack=", name);
	}
}

/* " buffer=ADDRESS bytes=N", where they are known. */
static void print_buffer(const struct kernel *k, const struct kernel_event *e,
			 FILE *f)
{
	uint64_t address;
	uint32_t bytes;

	if (!rings_buffer(k->rings, event_number(e, "req", 0),
			  event_number(e, "user_data", 0),
			  event_number(e, "opcode", 0), e->ns - k->mono_offset,
			  &address, &bytes))
		fprintf(f, " buffer=%#llx bytes=%u",
			(unsigned long long)address, bytes);
}

void kernel_print(const struct kernel *k, const struct kernel_event *e, FILE *f)
{
	uint64_t ns = e->ns + k->offset;

	fprintf(f, "%llu.%09llu %d %d ", (unsigned long long)(ns / 1000000000),
		(unsigned long long)(ns % 1000000000), e->cpu, e->pid);
	print_text(e->comm, f);
	fprintf(f, ": %s", e->name);
	for (int i = 0; i < e->type->n; i++) {
		const struct field *field = &e->type->fields[i];

		if (!strncmp(field->name, "common_", 7))
			continue;
		print_field(e, field, f);
		if (!strncmp(e->name, "sys_", 4) && !strcmp(field->name, "id"))
			fprintf(f, "(%s)", syscall_name(event_number(e, "id",
								     -1)));
	}
	/* In an interrupt the task that it came upon has nothing to do with it. */
	if (k->symbols && !strcmp(e->name, "sched_waking") && in_interrupt(e))
		fputs(" by=interrupt", f);
	if (e->stack)
		print_stack(k, e, f);
	if (k->rings && !strncmp(e->name, "io_uring_submit_", 16))
		print_buffer(k, e, f);
	putc('\n', f);
}

char *kernel_log(const struct kernel *k)
{
	char *log = NULL;
	size_t size;
	long n;
	const struct kernel_event *e = kernel_events(k, &n);
	FILE *f = open_memstream(&log, &size);

	for (long i = 0; f && i < n; i++)
		kernel_print(k, &e[i], f);
	if (!f || fclose(f)) {
		fprintf(stderr, "iomodels: no memory\n");
		exit(1);
	}
	return log;
}

void kernel_print_formats(const struct kernel *k, FILE *f)
{
	for (const struct event_type *t = k->types; t; t = t->next)
		fprintf(f, "%s\n", t->format);
}

void kernel_free(struct kernel *k)
{
	if (!k)
		return;
	record_no_more(k);
	stop_reading(k);
	rings_free(k->rings);
	for (int i = 0; i < 2; i++)
		remove_instance(k, i);
	for (int i = 0; i < k->cpu_count; i++) {
		if (k->pages[i])
			munmap(k->pages[i], k->page_bytes[i]);
		if (k->cpus[i].out >= 0)
			close(k->cpus[i].out);
	}
	while (k->types) {
		struct event_type *t = k->types;

		k->types = t->next;
		free(t->format);
		free(t);
	}
	free(k->events);
	symbols_free(k->symbols);
	free(k);
}

/* SPDX-License-Identifier: MIT */
/*
 * files.c - file jobs, ours and engines of fio: what they read, what it cost
 *
 * Each is a process that reads the same file.  There are two ways:
 *
 *   one by one   it reads for a given time and then reports how much it read:
 *                ours with --measure, fio in its JSON.  Before each one the
 *                page cache is brought into the state that the plan names.
 *   in turns     O_DIRECT: all are there at once, stopped (SIGSTOP), and each
 *                goes on for a moment when it has its turn.  What it read then
 *                is what the kernel counts for it in /proc/PID/io.  That is only
 *                what comes from a device: no turns with the page cache.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "count.h"
#include "doing.h"
#include "lab.h"
#include "measure.h"
#include "stat.h"

enum { WORDS = 32, LIMIT_MS = 30000, PAGE = 4096 };
enum {					/* ms, of a turn */
	SLICE_MS = 20,			/* at least */
	LONG_MS = 1000,			/* a slice ends then, whatever it has */
	SETTLE_MS = 5,			/* before it, and for what is in flight
					   when it is over */
	BEGIN_MS = 10000,		/* until it reads, at most */
	BEGUN_BYTES = 64 << 10,
	LIFE_MS = 600000,		/* of a file job whose parent was killed */
};
static const char library_engine[] = "libposixaio";	/* fio's posixaio on it */

unsigned files_mib = 1024;

/* ---- who reads ---- */

/* On the PATH, as execvp would find it. */
static int installed(const char *name)
{
	const char *path = getenv("PATH");
	char file[4200];

	for (; path && *path; path += strcspn(path, ":"), path += *path == ':') {
		snprintf(file, sizeof(file), "%.*s/%s",
			 (int)strcspn(path, ":"), path, name);
		if (!access(file, X_OK))
			return 1;
	}
	return 0;
}

static int library_is_there(void)
{
	char *path = aio_library();

	free(path);
	return !!path;
}

int files_engine_is(const struct contender *c, const char *engine)
{
	size_t n = strlen(engine);

	return c->fio && !strncmp(c->options, engine, n) &&
	       (!c->options[n] || c->options[n] == ':');
}

int files_contender(struct contender *c, const char *name, char why[200])
{
	const char *options = strchr(name, ':');
	char first[64], *path;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(name, ":"), name);
	options = options ? options + 1 : NULL;
	*c = (struct contender){ .name = name, .options = options };
	if (!strcmp(first, "fio")) {
		size_t n = options ? strspn(options, "abcdefghijklmnopqrst"
						     "uvwxyz_") : 0;

		c->fio = 1;
		if (!n || (options[n] && options[n] != ':')) {
			snprintf(why, 200, "expected fio:ENGINE, such as "
				 "fio:io_uring");
			return -EINVAL;
		}
		if (!installed("fio"))
			snprintf(why, 200, "not installed (apt-get install fio)");
		else if (files_engine_is(c, library_engine) &&
			 !library_is_there())
			snprintf(why, 200, "not built: run make");
		else
			return 0;
		return -ENOENT;
	}
	c->program = program_find(first);
	if (!c->program || !(c->program->flags & FILES))
		return 1;
	path = program_path(c->program);
	if (!path)
		snprintf(why, 200, "not built: run make");
	free(path);
	return path ? 0 : -ENOENT;
}

/* ---- the file ---- */

static int file = -1;

/* How much of it is in the page cache, from 0 to 1; -1 with errno. */
static double resident(void)
{
	size_t size = (size_t)files_mib << 20, pages = size / PAGE, n = 0;
	unsigned char *each = malloc(pages);
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
	int failed = !each || at == MAP_FAILED || mincore(at, size, each);

	for (size_t i = 0; !failed && i < pages; i++)
		n += each[i] & 1;
	if (at != MAP_FAILED)
		munmap(at, size);
	free(each);
	return failed ? -1 : (double)n / pages;
}

static int read_all(void)
{
	static char buf[1 << 20];
	ssize_t n;

	lseek(file, 0, SEEK_SET);
	while ((n = read(file, buf, sizeof(buf))) > 0)
		;
	return n;
}

static int prepare(enum file_state state, char why[300])
{
	double cached;

	if (state != FILE_HOT && lab_in_memory(why))
		return -1;
	doing_is("", file < 0 ? "making the file" :
		     "preparing the page cache");
	if (file < 0)
		file = lab_file((long)files_mib << 20, why);
	if (file < 0)
		return -1;
	cached = resident();
	/* Others may want the memory meanwhile: once more, then. */
	for (int i = 0; i < 3 && (state == FILE_HOT ? cached < 1 : cached > 0);
	     i++) {
		if (state == FILE_HOT ? read_all() : posix_fadvise(file, 0, 0,
						POSIX_FADV_DONTNEED)) {
			snprintf(why, 300, "the file in the page cache: %s",
				 strerror(errno));
			return -1;
		}
		cached = resident();
	}
	if (state == FILE_HOT ? cached < 0.999 : cached > 0.001) {
		snprintf(why, 300, "%.1f%% of the file %s the page cache; use "
			 "a smaller --file-size", 100 *
			 (state == FILE_HOT ? 1 - cached : cached),
			 state == FILE_HOT ? "does not stay in" : "stays in");
		return -1;
	}
	return 0;
}

/* ---- the command line ---- */

struct command {
	char *words[WORDS];
	int count;
};

__attribute__((format(printf, 2, 3)))
static void word(struct command *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (c->count == WORDS - 1 ||
	    vasprintf(&c->words[c->count++], format, args) < 0) {
		fprintf(stderr, "iomodels compare: a command has too many "
			"words\n");
		exit(1);
	}
	va_end(args);
	c->words[c->count] = NULL;
}

static void forget(struct command *c)
{
	while (c->count)
		free(c->words[--c->count]);
}

/* "batch=2:link": each an option of its own. */
static void words_of(struct command *c, const char *options)
{
	const char *more = options;

	for (; more && *more; more += strcspn(more, ":"), more += *more == ':')
		word(c, "--%.*s", (int)strcspn(more, ":"), more);
}

static void reader_command(struct command *c, const struct setup *s, int ms,
			   unsigned seed)
{
	char *path = program_path(s->who->program);

	word(c, "%s", path ? path : s->who->program->name);
	free(path);
	word(c, "--measure=%d", ms);
	word(c, "--depth=%u", s->load.busy);
	word(c, "--block=%u", s->load.size);
	if (s->random)
		word(c, "--random=%u", seed);
	if (s->state == FILE_DIRECT)
		word(c, "--direct");
	if (s->state == FILE_COLD)		/* twice would be hot */
		word(c, "--once");
	words_of(c, s->who->options);
	word(c, "/proc/%d/fd/%d", getpid(), file);
}

/*
 * fio as fast as it gets here: no clock for each read, no map of the blocks
 * that were read unless that is needed, registered buffers and file unless the
 * engine has options of its own.
 */
static void fio_command(struct command *c, const struct setup *s, int ms,
			unsigned seed)
{
	const char *engine = s->who->options;
	int n = strcspn(engine, ":");

	word(c, "fio");
	word(c, "--name=compare");
	word(c, "--thread");		/* else its child outlives it */
	word(c, "--filename=/proc/%d/fd/%d", getpid(), file);
	word(c, "--readonly");
	word(c, "--rw=%s", s->random ? "randread" : "read");
	word(c, "--bs=%u", s->load.size);
	word(c, "--iodepth=%u", s->load.busy);
	if (files_engine_is(s->who, library_engine))
		word(c, "--ioengine=posixaio");
	else
		word(c, "--ioengine=%.*s", n, engine);
	word(c, "--runtime=%dms", ms);
	word(c, "--randseed=%u", seed);
	word(c, "--gtod_reduce=1");
	word(c, "--invalidate=0");
	word(c, "--direct=%d", s->state == FILE_DIRECT);
	word(c, "--output-format=json");
	if (s->state != FILE_COLD) {
		word(c, "--time_based");
		word(c, "--norandommap");
	}
	if (!strcmp(engine, "io_uring")) {
		word(c, "--fixedbufs");
		word(c, "--registerfiles");
	}
	words_of(c, engine[n] ? engine + n + 1 : NULL);
}

/* ---- a process ---- */

struct process {
	pid_t pid;
	int gate, said;			/* it begins when gate is closed */
	struct text out;		/* and what it says on stderr */
	struct rusage usage;
	int status;			/* of wait(2) */
	long calls;			/* -1: not counted */
	char uncounted[200];
};

_Noreturn static void become(char **words, const struct setup *s, int gate,
			     int out, pid_t parent)
{
	cpu_set_t cpus;
	char byte;

	setpgid(0, 0);			/* fio may have children, too */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&cpus);
	CPU_SET(s->server_cpu, &cpus);
	CPU_SET(s->client_cpu, &cpus);
	if (getppid() != parent || sched_setaffinity(0, sizeof(cpus), &cpus) ||
	    dup2(out, 1) < 0 || dup2(out, 2) < 0 || read(gate, &byte, 1) < 0)
		_exit(126);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (files_engine_is(s->who, library_engine))
		setenv("LD_PRELOAD", aio_library(), 1);
	execvp(words[0], words);
	fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
	_exit(127);
}

/* 0: it waits at its gate; or -1, and why. */
static int process_new(struct process *p, const struct setup *s,
		       struct command *c, char why[300])
{
	pid_t self = getpid();
	int gate[2], out[2];

	*p = (struct process){ .calls = -1 };
	text_add(&p->out, "%s", "");
	if (pipe2(gate, O_CLOEXEC)) {
		snprintf(why, 300, "pipe2: %s", strerror(errno));
		return -1;
	}
	if (pipe2(out, O_CLOEXEC)) {
		snprintf(why, 300, "pipe2: %s", strerror(errno));
		close(gate[0]);
		close(gate[1]);
		return -1;
	}
	p->pid = fork();
	if (!p->pid) {
		close(gate[1]);		/* else it would never be at its end */
		become(c->words, s, gate[0], out[1], self);
	}
	close(gate[0]);
	close(out[1]);
	p->gate = gate[1];
	p->said = out[0];
	if (p->pid > 0) {
		setpgid(p->pid, p->pid);
		return 0;
	}
	snprintf(why, 300, "fork: %s", strerror(errno));
	close(p->gate);
	close(p->said);
	return -1;
}

static void process_go(struct process *p)
{
	close(p->gate);
}

/* What it says, until its end; killed when we are to stop, or it hangs. */
static void process_listen(struct process *p, int ms)
{
	long long deadline = now_ns() + (ms + LIMIT_MS) * 1000000LL;
	struct pollfd more = { .fd = p->said, .events = POLLIN };
	char buf[4096];

	for (;;) {
		ssize_t n = poll(&more, 1, 100);

		if (n > 0)
			n = read(p->said, buf, sizeof(buf));
		else if (!n || errno == EINTR)
			n = -1;
		if (!n)
			break;
		if (n > 0)
			text_add(&p->out, "%.*s", (int)n, buf);
		if (measure_stop || now_ns() > deadline)
			kill(-p->pid, SIGKILL);
	}
	while (wait4(p->pid, &p->status, 0, &p->usage) < 0 && errno == EINTR)
		;
	kill(-p->pid, SIGKILL);		/* nothing is to be left of fio */
	close(p->said);
}

static void process_failed(const struct process *p, char why[300])
{
	snprintf(why, 300, measure_stop ? "stopped" : *p->out.at ? "%.*s" :
		 "it was killed, or its time ran out",
		 (int)strcspn(p->out.at, "\n"), p->out.at);
}

/* 0, or -1 with the reason in why. */
static int play(struct process *p, const struct setup *s, struct command *c,
		int ms, int count, char why[300])
{
	struct counter counter;

	if (process_new(p, s, c, why))
		return -1;
	count = count && !counter_open(&counter, p->pid, p->uncounted);
	process_go(p);
	process_listen(p, ms);
	if (count) {
		p->calls = counter_read(&counter);
		counter_close(&counter);
	}
	if (p->status)
		process_failed(p, why);
	return p->status ? -1 : 0;
}

/* ---- what they say ---- */

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

static int reader_result(const struct process *p, struct measurement *m,
			 double *reads)
{
	const struct rusage *u = &p->usage;
	double user = seconds(u->ru_utime), system = seconds(u->ru_stime);
	unsigned long bytes, blocks, ns;

	if (sscanf(p->out.at, "bytes %lu  blocks %lu  nanoseconds %lu\n",
		   &bytes, &blocks, &ns) != 3 || !blocks || !ns)
		return -1;
	*reads = blocks;
	m->rate = blocks * 1e9 / ns;
	m->server_us = (user + system) * 1e6 / blocks;
	m->user_us = user * 1e6 / blocks;
	m->voluntary = (double)u->ru_nvcsw / blocks;
	m->involuntary = (double)u->ru_nivcsw / blocks;
	m->peak_kib = u->ru_maxrss;
	return 0;
}

/* The number behind "key" after at; -1: none. */
static double number_behind(const char *at, const char *key)
{
	char quoted[40];

	snprintf(quoted, sizeof(quoted), "\"%s\" :", key);
	at = at ? strstr(at, quoted) : NULL;
	return at ? strtod(at + strlen(quoted), NULL) : -1;
}

/* fio tells the time of its own thread, not of those that glibc starts. */
static int fio_result(const struct process *p, const struct setup *s,
		      struct measurement *m)
{
	const char *read = strstr(p->out.at, "\"read\" :");
	double reads = number_behind(read, "total_ios");
	double ms = number_behind(read, "runtime");
	double user = number_behind(p->out.at, "usr_cpu");
	double system = number_behind(p->out.at, "sys_cpu");
	double job = number_behind(p->out.at, "job_runtime");

	if (reads < 1 || ms < 1 || user < 0 || system < 0 || job < 0)
		return -1;
	m->rate = reads * 1000 / ms;
	if (strstr(s->who->options, "posixaio"))
		return 0;
	m->server_us = (user + system) / 100 * job * 1000 / reads;
	m->user_us = user / 100 * job * 1000 / reads;
	m->voluntary = number_behind(p->out.at, "ctx") / reads;
	return 0;
}

/* ---- the measurement ---- */

static void command(struct command *c, const struct setup *s, int ms)
{
	static unsigned long long seed = 20261121;

	*c = (struct command){ .count = 0 };
	(s->who->fio ? fio_command : reader_command)(c, s, ms, draw(&seed));
}

static int once(const struct setup *s, int ms, int count, struct process *p,
		char why[300])
{
	struct command c;
	int err = prepare(s->state, why);

	command(&c, s, ms);
	if (!err)
		err = play(p, s, &c, ms, count, why);
	else
		*p = (struct process){ .calls = -1 };
	forget(&c);
	return err;
}

/* fio's own calls, at its start, would drown those of its reads: only ours
   are counted, those of start and end included. */
static int count_calls(const struct setup *s, struct measurement *m,
		       char why[300], char uncounted[200])
{
	struct measurement counted;
	struct process p;
	double reads;
	int err = once(s, s->load.count_ms, 1, &p, why);

	if (!err && p.calls < 0)
		snprintf(uncounted, 200, "%s", p.uncounted);
	else if (!err && !reader_result(&p, &counted, &reads))
		m->calls = p.calls / reads;
	free(p.out.at);
	return err;
}

/* Nothing is known yet. */
static void unknown(struct measurement *m)
{
	for (const struct quantity *q = quantities; q->name; q++)
		*quantity_in(m, q) = -1;
	m->lost = m->steal = m->others = m->disturbed = 0;
}

int files_measure(const struct setup *s, struct measurement *m, char why[300],
		  char uncounted[200])
{
	struct process p;
	double reads;
	int err;

	*why = 0;
	doing_is(s->who->name, "reads");
	unknown(m);
	err = once(s, s->load.run_ms, 0, &p, why);
	if (!err && (s->who->fio ? fio_result(&p, s, m)
				 : reader_result(&p, m, &reads))) {
		snprintf(why, 300, "it printed no figures, but: %.*s",
			 (int)strcspn(p.out.at, "\n"), p.out.at);
		err = -1;
	}
	free(p.out.at);
	if (!err && !s->who->fio && s->load.count_ms)
		err = count_calls(s, m, why, uncounted);
	return err;
}

/* ---- in turns ---- */

/* What the kernel counts for a process. */
struct so_far {
	long long bytes;		/* read from a device; -1: it is gone */
	long long at_ns;
};

static struct so_far look(pid_t pid)
{
	struct so_far n = { .bytes = -1 };
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "read_bytes: %lld", &n.bytes);
	if (f)
		fclose(f);
	n.at_ns = now_ns();
	return n;
}

/* Exact while it is stopped: the time of a running thread lags by a tick. */
static long long used(pid_t pid)
{
	char path[300];
	long long sum = 0, ns;
	struct dirent *d;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (d = readdir(tasks))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid,
			 d->d_name);
		f = *d->d_name == '.' ? NULL : fopen(path, "re");
		if (f && fscanf(f, "%lld", &ns) == 1)
			sum += ns;
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
	return sum;
}

static void pause_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (!measure_stop && nanosleep(&t, &t) && errno == EINTR)
		;
}

static int has_ended(const struct process *p)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, p->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid;
}

/* One of those who take turns. */
struct turn {
	const struct setup *s;
	struct process p;
	struct measurement *m;
	char *why;			/* not empty: it has failed */
	long long bytes;		/* that it has read so far */
};

/* Until it reads; then it is stopped. */
static void turn_begin(struct turn *t)
{
	struct command c;
	long long until = now_ns() + BEGIN_MS * 1000000LL;
	int err;

	command(&c, t->s, LIFE_MS);
	err = process_new(&t->p, t->s, &c, t->why);
	forget(&c);
	if (err) {
		t->p.pid = 0;
		return;
	}
	process_go(&t->p);
	while (look(t->p.pid).bytes < BEGUN_BYTES &&
	       !has_ended(&t->p) && !measure_stop && now_ns() < until)
		pause_ms(1);
	if (measure_stop || has_ended(&t->p))
		return;
	if (now_ns() >= until)
		snprintf(t->why, 300, "it read nothing in %d s", BEGIN_MS / 1000);
	kill(t->p.pid, SIGSTOP);
}

/* The i-th slice: longer where nothing is read in it.  Else the slice would be
   left out, and the result would not show that the job was slow. */
static void turn_take(struct turn *t, int i)
{
	pid_t pid = t->p.pid;
	struct so_far before, from, to, after;
	long long cpu;

	if (*t->why || has_ended(&t->p))
		return;
	before = look(pid);
	cpu = used(pid);
	kill(pid, SIGCONT);
	pause_ms(SETTLE_MS);
	from = look(pid);
	do {
		pause_ms(SLICE_MS);
		to = look(pid);
	} while (to.bytes == from.bytes && !has_ended(&t->p) && !measure_stop &&
		 to.at_ns - from.at_ns < LONG_MS * 1000000LL);
	kill(pid, SIGSTOP);
	pause_ms(SETTLE_MS);
	after = look(pid);
	if (after.bytes < 0 || to.bytes <= from.bytes)
		return;
	t->bytes = after.bytes;
	t->m->slices[i] = (struct slice){
		.rate = (to.bytes - from.bytes) * 1e9 / t->s->load.size /
			(to.at_ns - from.at_ns),
		.server_us = (used(pid) - cpu) / 1e3 * t->s->load.size /
			     (after.bytes - before.bytes),
		.seconds = (to.at_ns - from.at_ns) / 1e9,
	};
}

/* Of its whole life, as of a server's. */
static void add_usage(const struct turn *t)
{
	const struct rusage *u = &t->p.usage;
	double user = seconds(u->ru_utime), system = seconds(u->ru_stime);
	double reads = (double)t->bytes / t->s->load.size;

	if (user + system > 0)
		t->m->user_us = t->m->server_us * user / (user + system);
	if (reads > 0) {
		t->m->voluntary = u->ru_nvcsw / reads;
		t->m->involuntary = u->ru_nivcsw / reads;
	}
	t->m->peak_kib = u->ru_maxrss;
}

static void turn_end(struct turn *t, int slices)
{
	double rates[SLICES], cpus[SLICES];
	int ended, n = 0;

	if (!t->p.pid)
		return;
	ended = has_ended(&t->p);
	kill(-t->p.pid, SIGKILL);
	process_listen(&t->p, 0);
	for (int i = 0; i < slices; i++)
		if (t->m->slices[i].rate > 0) {
			rates[n] = t->m->slices[i].rate;
			cpus[n++] = t->m->slices[i].server_us;
		}
	if (!*t->why && (ended || measure_stop))
		process_failed(&t->p, t->why);
	else if (!*t->why && !n)
		snprintf(t->why, 300, "it read nothing in its turns");
	t->m->rate = median(rates, n);
	t->m->server_us = median(cpus, n);
	add_usage(t);
	t->m->slice_count = slices;
	free(t->p.out.at);
}

/* Does the kernel count what is read of the file?  Not of a tmpfs, say. */
static int is_counted(void)
{
	static _Alignas(PAGE) char buf[PAGE];
	char path[64], why[300];
	long long before;
	int fd, got;

	if (prepare(FILE_DIRECT, why))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return 0;
	/* Making the file may have read where there is room for it. */
	before = look(getpid()).bytes;
	got = read(fd, buf, PAGE);
	close(fd);
	return before >= 0 && got == PAGE &&
	       look(getpid()).bytes == before + PAGE;
}

int files_in_turns(const struct setup *s)
{
	static int counted = -1;

	if (s->load.kind != LOAD_FILE || s->state != FILE_DIRECT)
		return 0;
	if (counted < 0)
		counted = is_counted();
	return counted;
}

void files_together(const struct setup *s, int n, struct measurement *m,
		    char (*why)[300], char uncounted[200])
{
	int slices = s->load.run_ms / SLICE_MS, order[n];
	struct turn turns[n];

	slices = slices < 1 ? 1 : slices > SLICES ? SLICES : slices;
	for (int i = 0; i < n; i++) {
		turns[i] = (struct turn){ &s[i], .m = &m[i], .why = why[i] };
		order[i] = i;
		unknown(&m[i]);
		*why[i] = 0;
		if (!prepare(s[i].state, why[i]))
			turn_begin(&turns[i]);
	}
	doing_is("", "all read in turns");
	for (int slice = 0; slice < slices; slice++) {
		shuffle(order, n, &stat_seed);
		for (int i = 0; i < n && !measure_stop; i++)
			turn_take(&turns[order[i]], slice);
	}
	for (int i = 0; i < n; i++) {
		turn_end(&turns[i], slices);
		if (!*why[i] && !s[i].who->fio && s[i].load.count_ms)
			count_calls(&s[i], &m[i], why[i], uncounted);
	}
}

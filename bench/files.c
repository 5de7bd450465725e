/* SPDX-License-Identifier: MIT */
/*
 * files.c - one measurement of a file reader: ours, or an engine of fio
 *
 * Each is a process that reads the same file for so many milliseconds and then
 * says how much that was.  Ours take --measure; of fio it is its JSON.  Before
 * each one the page cache is brought into the state that is wanted.
 */
#include <ctype.h>
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
#include <unistd.h>
#include "count.h"
#include "lab.h"
#include "measure.h"
#include "stat.h"

enum { WORDS = 32, LIMIT_MS = 30000, PAGE = 4096 };

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

int files_contender(struct contender *c, const char *name, char why[200])
{
	char *copy = strdup(name), *options = strchr(copy, ':'), *path;

	if (options)
		*options++ = 0;
	*c = (struct contender){ .name = strdup(name), .options = options };
	if (!strcmp(copy, "fio")) {
		c->fio = 1;
		if (!options || options[strspn(options, "abcdefghijklmnopqrst"
					       "uvwxyz_")])
			snprintf(why, 200, "fio:ENGINE is wanted: fio:io_uring");
		else if (!installed("fio"))
			snprintf(why, 200, "not installed (apt-get install fio)");
		else
			return 0;
		return *why == 'f' ? -EINVAL : -ENOENT;
	}
	c->program = program_find(copy);
	if (!c->program || !(c->program->flags & FILES))
		return 1;
	path = program_path(c->program);
	if (!path)
		snprintf(why, 200, "not built");
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
			snprintf(why, 300, "the file: %s", strerror(errno));
			return -1;
		}
		cached = resident();
	}
	if (state == FILE_HOT ? cached < 0.999 : cached > 0.001) {
		snprintf(why, 300, "%.1f%% of the file %s the page cache; "
			 "--file-size takes a smaller one", 100 *
			 (state == FILE_HOT ? 1 - cached : cached),
			 state == FILE_HOT ? "do not stay in" : "stay in");
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
		fprintf(stderr, "compare: a command of too many words\n");
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

static void reader_command(struct command *c, const struct setup *s, int ms,
			   unsigned seed)
{
	const char *more = s->who->options;
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
	for (; more && *more; more += strcspn(more, ":"), more += *more == ':')
		word(c, "--%.*s", (int)strcspn(more, ":"), more);
	word(c, "/proc/%d/fd/%d", getpid(), file);
}

/*
 * fio as fast as it gets here: no clock for each read, no map of the blocks
 * that were read unless that is needed, registered buffers and file.
 */
static void fio_command(struct command *c, const struct setup *s, int ms,
			unsigned seed)
{
	word(c, "fio");
	word(c, "--name=compare");
	word(c, "--filename=/proc/%d/fd/%d", getpid(), file);
	word(c, "--readonly");
	word(c, "--rw=%s", s->random ? "randread" : "read");
	word(c, "--bs=%u", s->load.size);
	word(c, "--iodepth=%u", s->load.busy);
	word(c, "--ioengine=%s", s->who->options);
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
	if (!strcmp(s->who->options, "io_uring")) {
		word(c, "--fixedbufs");
		word(c, "--registerfiles");
	}
}

/* ---- a process ---- */

struct process {
	struct text out;		/* and what it says on stderr */
	struct rusage usage;
	int status;			/* of wait(2) */
	long calls;			/* -1: not counted */
	char uncounted[200];
};

_Noreturn static void become(char **words, const struct setup *s, const int *gate,
			     int out, pid_t parent)
{
	cpu_set_t cpus;
	char byte;

	close(gate[1]);			/* else it would never be at its end */
	setpgid(0, 0);			/* fio has children, too */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&cpus);
	CPU_SET(s->server_cpu, &cpus);
	CPU_SET(s->client_cpu, &cpus);
	if (getppid() != parent || sched_setaffinity(0, sizeof(cpus), &cpus) ||
	    dup2(out, 1) < 0 || dup2(out, 2) < 0 || read(gate[0], &byte, 1) < 0)
		_exit(126);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	execvp(words[0], words);
	fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
	_exit(127);
}

/* What it says, until its end; killed when we are to stop, or it hangs. */
static void listen_to(struct process *p, pid_t pid, int fd, int ms)
{
	long long deadline = now_ns() + (ms + LIMIT_MS) * 1000000LL;
	struct pollfd more = { .fd = fd, .events = POLLIN };
	char buf[4096];

	for (;;) {
		ssize_t n = poll(&more, 1, 100);

		if (n > 0)
			n = read(fd, buf, sizeof(buf));
		else if (!n || errno == EINTR)
			n = -1;
		if (!n)
			break;
		if (n > 0)
			text_add(&p->out, "%.*s", (int)n, buf);
		if (measure_stop || now_ns() > deadline)
			kill(-pid, SIGKILL);
	}
	while (wait4(pid, &p->status, 0, &p->usage) < 0 && errno == EINTR)
		;
	kill(-pid, SIGKILL);		/* nothing is to be left of fio */
}

/* 0, or -1 with the reason in why.  It waits at the gate while we begin to
   count. */
static int play(struct process *p, const struct setup *s, struct command *c,
		int ms, int count, char why[300])
{
	struct counter counter;
	int gate[2], out[2];
	pid_t pid, self = getpid();

	*p = (struct process){ .calls = -1 };
	if (pipe2(gate, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) {
		snprintf(why, 300, "pipe2: %s", strerror(errno));
		return -1;
	}
	pid = fork();
	if (!pid)
		become(c->words, s, gate, out[1], self);
	close(gate[0]);
	close(out[1]);
	if (pid < 0)
		snprintf(why, 300, "fork: %s", strerror(errno));
	if (pid > 0)
		setpgid(pid, pid);
	count = count && pid > 0 && !counter_open(&counter, pid, p->uncounted);
	close(gate[1]);				/* go */
	text_add(&p->out, "%s", "");
	if (pid > 0)
		listen_to(p, pid, out[0], ms);
	if (count) {
		p->calls = counter_read(&counter);
		counter_close(&counter);
	}
	close(out[0]);
	if (pid > 0 && p->status)
		snprintf(why, 300, measure_stop ? "stopped" : *p->out.at ?
			 "%.*s" : "it was killed, or out of time",
			 (int)strcspn(p->out.at, "\n"), p->out.at);
	return pid < 0 || p->status ? -1 : 0;
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
	if (!strcmp(s->who->options, "posixaio"))
		return 0;
	m->server_us = (user + system) / 100 * job * 1000 / reads;
	m->user_us = user / 100 * job * 1000 / reads;
	m->voluntary = number_behind(p->out.at, "ctx") / reads;
	return 0;
}

/* ---- the measurement ---- */

static int once(const struct setup *s, int ms, int count, struct process *p,
		char why[300])
{
	static unsigned long long seed = 20261121;
	struct command c = { .count = 0 };
	int err = prepare(s->state, why);

	if (s->who->fio)
		fio_command(&c, s, ms, draw(&seed));
	else
		reader_command(&c, s, ms, draw(&seed));
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

int files_measure(const struct setup *s, struct measurement *m, char why[300],
		  char uncounted[200])
{
	struct process p;
	double reads;
	int err;

	*why = 0;
	for (const struct quantity *q = quantities; q->name; q++)
		*quantity_in(m, q) = -1;
	m->lost = m->steal = m->others = m->disturbed = 0;
	err = once(s, s->load.run_ms, 0, &p, why);
	if (!err && (s->who->fio ? fio_result(&p, s, m)
				 : reader_result(&p, m, &reads))) {
		snprintf(why, 300, "it said: %.*s",
			 (int)strcspn(p.out.at, "\n"), p.out.at);
		err = -1;
	}
	free(p.out.at);
	if (!err && !s->who->fio && s->load.count_ms)
		err = count_calls(s, m, why, uncounted);
	return err;
}

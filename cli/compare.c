/* SPDX-License-Identifier: MIT */
/*
 * compare.c - iomodels compare: the same work for many servers, side by side
 *
 * Of each workload, every repetition starts all contenders anew and lets them
 * take turns; what is compared is the ratio within a turn.
 */
#include <errno.h>
#include <error.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../bench/agree.h"
#include "../bench/count.h"
#include "../bench/compare_report.h"
#include "cli.h"

enum {
	KEY_BASE = 256, KEY_LAYOUT, KEY_PEER, KEY_RESUME, KEY_JSON, KEY_MARKDOWN,
	KEY_STANDARD, KEY_FILES, KEY_FILE_SIZE, KEY_AGREE,
};
enum { WARM_MS = 100, COUNT_MS = 40 };
enum { KIB_A_CONNECTION = 16 };	/* of both sides, more than is needed */

struct options {
	struct plan plan;
	const char *names[CONTENDERS];	/* ends with NULL */
	int name_count;
	const char *peers[CONTENDERS];	/* commands */
	int peer_count;
	const char *base, *output;
	int resume, json, markdown, standard, files, agree;
};

static const struct argp_option options[] = {
	{ "workload", 'w', "LIST", 0, "What to serve, commas between: tcp, unix, "
	  "udp, churn or file (--files), then -cN connections (16), -sN bytes (64), -wN "
	  "messages in flight on each (1), -iN idle connections (0), -rN "
	  "messages a second (as many as go). Default "
	  "tcp-c1,tcp-c16,tcp-c128", 0 },
	{ "repeat", 'r', "N", 0, "Repetitions (9)", 0 },
	{ "seconds", 't', "S", 0, "Each measurement lasts S seconds (0.4)", 0 },
	{ "base", KEY_BASE, "SERVER", 0, "Compare with this one (epoll; of files, "
	  "fio:io_uring)", 0 },
	{ "layout", KEY_LAYOUT, "same|two|both", 0, "Server and client on one "
	  "processor, the quietest way (same, the default); on two; both", 0 },
	{ "peer", KEY_PEER, "COMMAND", 0, "One more server, any program that "
	  "takes --port N --service echo and says on stderr \"NAME: serving "
	  "echo on 127.0.0.1:PORT\"", 0 },
	{ "standard", KEY_STANDARD, NULL, 0, "The standard set: all kinds of "
	  "work, the models that stand for a way, all peers; under ten minutes",
	  0 },
	{ "files", KEY_FILES, NULL, 0, "File jobs instead of servers; "
	  "their work is file, then -hot, -cold (in the page cache, or not) or "
	  "-direct, -random or -seq, -qN reads in flight (1), -sN bytes (4096)",
	  0 },
	{ "file-size", KEY_FILE_SIZE, "MIB", 0, "They read a file of so much, "
	  "made in the current folder (1024)", 0 },
	{ "output", 'o', "DIR", 0, "Keep each measurement in DIR/results.jsonl, "
	  "and make DIR/report.html with plots (by gnuplot)", 0 },
	{ "resume", KEY_RESUME, NULL, 0, "Go on with what -o DIR holds", 0 },
	{ "json", KEY_JSON, NULL, 0, "Print one JSON object in the place of the "
	  "tables", 0 },
	{ "markdown", KEY_MARKDOWN, NULL, 0, "Print a row a server, a column a "
	  "workload", 0 },
	{ "agree", KEY_AGREE, NULL, 0, "Measure nothing: do the results in the "
	  "folders DIR1 and DIR2 rank the servers alike? Exit status 1: no", 0 },
	{ 0 }
};

/*
 * The standard set.  Servers: each way once, and all peers.  Sixteen
 * connections of 64 B is the middle; every other workload changes one thing.
 */
static const char *const standard_servers[] = {
	"select", "poll", "epoll_et", "blocking_thread", "sigio_queued",
	"callback", "coroutine", "uring_basic", "uring_multishot", "uring_fast",
	"uring_sqpoll", "uring_multishot_liburing", "libevent", "libuv",
	"libev", "python_asyncio", "nodejs", "sigio_udp", "uring_udp", "floor",
	NULL
};
static const char standard_workloads[] =
	"tcp-c1,tcp-c16,tcp-c128,tcp-c1000,tcp-c16-s16384,tcp-c16-w16,unix-c16,"
	"tcp-c16-i10000,churn-c16,udp-c16";
static const char standard_two[] = "tcp-c16-s64";	/* on two processors, too */
enum { STANDARD_REPETITIONS = 9, STANDARD_MS = 120, STANDARD_WARM_MS = 30 };

/* File jobs: NAME:OPTION of ours, engines of fio. */
static const char *const file_readers[] = {
	"uring_file:batch=1", "uring_file", "native_aio:batch=1", "native_aio",
	"libaio:batch=1", "posix_aio_glibc", "file_threads", "file_blocking",
	"fio:libaio", "fio:posixaio", "fio:libposixaio", "fio:psync", NULL
};
static const char file_workloads[] =
	"file-direct-random-q1,file-direct-random-q8,file-direct-random-q32,"
	"file-direct-random-q128,file-hot-random-q1,file-hot-random-q8,"
	"file-hot-random-q32,file-hot-random-q128,file-cold-random-q1,"
	"file-cold-random-q8,file-cold-random-q32,file-cold-random-q128,"
	"file-direct-seq-q32,file-hot-seq-q32,file-cold-seq-q32";
static const char file_base[] = "fio:io_uring", other_base[] = "uring_file";

/* ---- the command line ---- */

static void add_workloads(struct plan *p, const char *text,
			  struct argp_state *state)
{
	char *list = strdup(text), why[200];

	for (char *w = strtok(list, ","); w; w = strtok(NULL, ",")) {
		if (p->workload_count == WORKLOADS)
			argp_error(state, "--workload: more than %d", WORKLOADS);
		if (workload_parse(&p->workloads[p->workload_count++], w, why))
			argp_error(state, "--workload %s", why);
	}
	free(list);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'w':
		add_workloads(&o->plan, arg, state);
		return 0;
	case 'r':
		o->plan.repetitions = number_arg(state, "repeat", arg, 1,
						 REPETITIONS);
		return 0;
	case 't':
		o->plan.run_ms = seconds_arg(state, "seconds", arg, 60);
		if (!o->plan.run_ms)
			argp_error(state, "--seconds %s: too short", arg);
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case KEY_BASE:
		o->base = arg;
		return 0;
	case KEY_LAYOUT:
		o->plan.layouts = !strcmp(arg, "same") ? 1 << SAME :
				  !strcmp(arg, "two") ? 1 << TWO :
				  !strcmp(arg, "both") ? 1 << SAME | 1 << TWO : 0;
		if (!o->plan.layouts)
			argp_error(state, "--layout %s: same, two or both is "
				   "wanted", arg);
		return 0;
	case KEY_PEER:
		if (o->peer_count == CONTENDERS / 2)
			argp_error(state, "--peer: more than %d", CONTENDERS / 2);
		o->peers[o->peer_count++] = arg;
		return 0;
	case KEY_RESUME:
		o->resume = 1;
		return 0;
	case KEY_JSON:
		o->json = 1;
		return 0;
	case KEY_MARKDOWN:
		o->markdown = 1;
		return 0;
	case KEY_STANDARD:
		o->standard = 1;
		return 0;
	case KEY_FILES:
		o->files = 1;
		return 0;
	case KEY_AGREE:
		o->agree = 1;
		return 0;
	case KEY_FILE_SIZE:
		files_mib = number_arg(state, "file-size", arg, 1, 1 << 20);
		return 0;
	case ARGP_KEY_ARG:
		if (o->name_count == CONTENDERS / 2)
			argp_error(state, "more than %d servers", CONTENDERS / 2);
		o->names[o->name_count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->resume && !o->output)
			argp_error(state, "--resume: with -o DIR, what to go on "
				   "with");
		if (o->standard && (o->name_count || o->plan.workload_count))
			argp_error(state, "--standard: it has its own servers "
				   "and workloads");
		if (o->agree && o->name_count != 2)
			argp_error(state, "--agree: two folders with results "
				   "are wanted");
		if (o->standard && o->files)
			argp_error(state, "--standard and --files: one of them");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- contenders ---- */

/* 1: it was one, though it may be missing: that is said, and no error. */
static int add_reader(struct plan *plan, const char *name)
{
	struct contender *c = &plan->contenders[plan->contender_count];
	char why[200];
	int err;

	for (int i = 2; i < plan->contender_count; i++)
		if (!strcmp(plan->contenders[i].name, name))
			return 1;
	err = files_contender(c, name, why);
	if (err == -EINVAL)
		error(2, 0, "compare: %s: %s", name, why);
	if (err < 0)
		fprintf(stderr, "compare: %s is left out: %s\n", name, why);
	else if (!err)
		plan->contender_count++;
	return err <= 0;
}

/* Those of another library may be missing: that is said, and no error. */
static void add(struct plan *plan, const char *name)
{
	const struct program *p = program_find(name);
	const char *nearest = nearest_program(name);
	char *path, why[200];

	if (add_reader(plan, name))
		return;
	if (!strcmp(name, "floor")) {
		plan->contenders[plan->contender_count++] = (struct contender){
			.name = "floor", .floor = 1,
		};
		return;
	}
	p = p ? p : peer_find(name);
	if (!p)
		error(2, 0, "compare: %s: no such server%s%s (iomodels list)",
		      name, nearest ? "; " : "", nearest ? nearest : "");
	for (int i = 2; i < plan->contender_count; i++)
		if (plan->contenders[i].program == p)
			return;
	path = program_path(p);
	if (!path) {
		not_built(p, why, sizeof(why));
		fprintf(stderr, "compare: %s is left out: %s\n", p->name, why);
	} else {
		plan->contenders[plan->contender_count++] = (struct contender){
			.name = p->name, .program = p,
		};
	}
	free(path);
}

/* The words of a command; quotes are words like others. */
static void add_command(struct plan *plan, const char *text)
{
	static char *words[CONTENDERS / 2][32];
	static int used;
	char **list = words[used++], *command = strdup(text), *name;
	int n = 0;

	for (char *w = strtok(command, " "); w && n < 31; w = strtok(NULL, " "))
		list[n++] = w;
	if (!n)
		error(2, 0, "compare: --peer: a command is missing");
	name = strrchr(list[0], '/');
	plan->contenders[plan->contender_count++] = (struct contender){
		.name = name ? name + 1 : list[0], .command = list,
	};
}

/* Nobody is to be served. */
static int reads_only(const struct options *o)
{
	int servers = !o->plan.workload_count && !o->name_count;
	char why[200];

	if (o->files)
		return 1;
	for (int w = 0; w < o->plan.workload_count; w++)
		servers |= o->plan.workloads[w].kind != LOAD_FILE;
	for (int i = 0; !o->plan.workload_count && i < o->name_count; i++) {
		struct contender c;

		servers |= files_contender(&c, o->names[i], why) > 0;
	}
	return !servers;
}

/* All work is of the other kind. */
static int idle(const struct plan *p, int contender)
{
	for (int w = 0; w < p->workload_count; w++)
		if (!other_world(&p->contenders[contender], &p->workloads[w]))
			return 0;
	return 1;
}

static void choose(struct options *o, int n)
{
	static const char *const usual[] = {
		"select", "poll", "blocking_thread", "callback", "coroutine",
		"uring_multishot", "uring_fast", NULL
	};
	const char *const *names = o->name_count ? o->names :
				   o->standard ? standard_servers : usual;
	struct plan *p = &o->plan;

	if (reads_only(o) && !p->workload_count)
		add_workloads(p, file_workloads, NULL);
	if (reads_only(o)) {
		names = o->name_count ? o->names : file_readers;
		o->base = o->base ? o->base : file_base;
	}
	o->base = o->base ? o->base : "epoll";
	add(p, o->base);
	if (!p->contender_count && o->base == file_base)
		add(p, o->base = other_base);		/* no fio here */
	if (!p->contender_count || p->contenders[0].floor)
		error(1, 0, "compare: --base %s: cannot be the base", o->base);
	p->contenders[p->contender_count++] = p->contenders[0];
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], o->base))
			add(p, names[i]);
	if (o->standard) {
		add_workloads(p, standard_workloads, NULL);
		for (int w = 0; n > 1 && w < p->workload_count; w++)
			p->workloads[w].also = strcmp(p->workloads[w].name,
				standard_two) ? 0 : 1 << TWO;
		p->repetitions = p->repetitions ? p->repetitions
						: STANDARD_REPETITIONS;
		p->run_ms = p->run_ms ? p->run_ms : STANDARD_MS;
		p->warm_ms = STANDARD_WARM_MS;
	}
	if (o->files && !o->name_count) {
		p->repetitions = p->repetitions ? p->repetitions
						: STANDARD_REPETITIONS;
		p->run_ms = p->run_ms ? p->run_ms : STANDARD_MS;
	}
	p->repetitions = p->repetitions ? p->repetitions : 9;
	p->run_ms = p->run_ms ? p->run_ms : 400;
	for (int i = 0; i < o->peer_count; i++)
		add_command(p, o->peers[i]);
	if (!p->workload_count)
		add_workloads(p, "tcp-c1,tcp-c16,tcp-c128", NULL);
	for (int c = 2; c < p->contender_count; c++)
		if (idle(p, c))
			error(2, 0, "compare: %s: %s; nothing here for it (-w)",
			      p->contenders[c].name, cannot_serve(
			      &p->contenders[c], &p->workloads[0]));
}

/* ---- measuring ---- */

struct progress {
	long done, all;			/* measurements of this run */
	long long began;
};

/* On a terminal a line that is written over, else nothing. */
static void show_progress(struct progress *p, const char *workload)
{
	long long spent = now_ns() - p->began;
	long left = p->done ? spent / 1e9 / p->done * (p->all - p->done) : 0;

	if (!isatty(2))
		return;
	fprintf(stderr, "\r\033[K%ld of %ld: %s", p->done, p->all, workload);
	if (p->done)
		fprintf(stderr, ", %ld:%02ld left", left / 60, left % 60);
	fflush(stderr);
}

static void stop(int sig)
{
	(void)sig;
	measure_stop = 1;
}

enum { PLAYERS = WORKLOADS * CONTENDERS };

/* Those who take turns: an entry each. */
struct heat {
	int n;
	struct setup setups[PLAYERS];
	struct measurement m[PLAYERS];
	char why[PLAYERS][300];
	struct { int workload, contender; } who[PLAYERS];
};

static void enter(struct heat *h, const struct results *r, const int *cpus,
		  int layout, int workload, int contender)
{
	const struct plan *p = r->plan;
	const struct workload *w = &p->workloads[workload];

	h->who[h->n].workload = workload;
	h->who[h->n].contender = contender;
	h->setups[h->n++] = (struct setup){
		.who = contender_of(p, workload, contender),
		.family = w->family,
		.state = w->state,
		.random = w->random,
		.server_cpu = cpus[0],
		.client_cpu = cpus[layout == TWO],
		.load = {
			.kind = w->kind, .busy = w->busy, .idle = w->idle,
			.size = w->size, .window = w->window, .rate = w->rate,
			.warm_ms = p->warm_ms, .run_ms = p->run_ms,
			.count_ms = p->count_ms,
		},
	};
}

/* All their connections at once would take too much of the memory. */
static int crowded(const struct heat *h)
{
	FILE *f = fopen("/proc/meminfo", "re");
	long long kib = 0, available = -1;
	char line[128];

	while (f && available < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "MemAvailable: %lld", &available);
	if (f)
		fclose(f);
	for (int i = 0; i < h->n; i++)
		kib += (h->setups[i].load.busy + h->setups[i].load.idle) *
		       KIB_A_CONNECTION;
	return available >= 0 && kib > available / 2;
}

static void run_heat(struct heat *h, struct results *r)
{
	int alone = crowded(h);

	if ((h->setups->load.kind != LOAD_FILE || files_in_turns(h->setups)) &&
	    !alone) {
		measure_together(h->setups, h->n, h->m, h->why, r->uncounted);
		return;
	}
	for (int i = 0; i < h->n && !measure_stop; i++)
		measure(&h->setups[i], &h->m[i], h->why[i], r->uncounted);
}

static void keep(const struct heat *h, struct results *r, int layout,
		 int repetition, FILE *raw)
{
	for (int i = 0; i < h->n; i++) {
		int w = h->who[i].workload, c = h->who[i].contender;
		struct outcome *o = outcome_at(r, layout, w, c, repetition);

		if (*h->why[i]) {
			strcpy(why_at(r, layout, w, c), h->why[i]);
			continue;
		}
		*o = (struct outcome){
			.done = 1, .m = h->m[i],
			.bound = client_bound(&h->setups[i], &h->m[i]),
		};
		results_round(&o->m);
		if (raw)
			results_write(r, layout, w, c, repetition, raw);
	}
}

static int serves(const struct results *r, int layout, int workload,
		  int contender)
{
	return contender_of(r->plan, workload, contender) &&
	       !*why_at(r, layout, workload, contender);
}

static int wanted(const struct results *r, int layout, int workload,
		  int contender, int repetition)
{
	return serves(r, layout, workload, contender) &&
	       !outcome_at(r, layout, workload, contender, repetition)->done;
}

/* The workload and its variants with idle connections are played together. */
static int is_of(const struct plan *p, int workload, int other, int layout)
{
	return layouts_of(p, other) & 1 << layout &&
	       (other == workload || without_idle(p, other) == workload);
}

/* What is compared must be measured together: all of them, or none. */
static void run_repetition(struct results *r, const int *cpus, int layout,
			   int workload, int repetition,
			   struct progress *progress, FILE *raw)
{
	const struct plan *p = r->plan;
	static struct heat h;
	int missing = 0, order[CONTENDERS];

	h.n = 0;
	for (int c = 0; c < p->contender_count; c++)
		order[c] = c;
	shuffle(order, p->contender_count, &stat_seed);
	for (int w = 0; w < p->workload_count; w++)
		for (int i = 0; i < p->contender_count &&
		     is_of(p, workload, w, layout); i++) {
			int c = order[i];

			if (!serves(r, layout, w, c))
				continue;
			missing += wanted(r, layout, w, c, repetition);
			enter(&h, r, cpus, layout, w, c);
		}
	if (!missing)
		return;
	show_progress(progress, p->workloads[workload].name);
	run_heat(&h, r);
	if (!measure_stop)
		keep(&h, r, layout, repetition, raw);
	if (raw && ferror(raw))
		error(1, errno, "compare: what was measured cannot be kept");
	progress->done += missing;
}

static void run_workload(struct results *r, const int *cpus, int layout,
			 int workload, struct progress *progress, FILE *raw)
{
	const struct plan *p = r->plan;

	/* It has been played with the one that has no idle connections. */
	if (without_idle(p, workload) >= 0 &&
	    layouts_of(p, without_idle(p, workload)) & 1 << layout)
		return;
	for (int i = 0; i < p->repetitions && !measure_stop; i++)
		run_repetition(r, cpus, layout, workload, i, progress, raw);
}

static void leave_out(struct results *r)
{
	const struct plan *p = r->plan;

	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count; w++)
			for (int c = 0; c < p->contender_count; c++) {
				const struct contender *who =
					contender_of(p, w, c);
				const char *why = !who ? NULL : cannot_serve(
					who, &p->workloads[w]);

				if (why)
					snprintf(why_at(r, layout, w, c), 300,
						 "%s", why);
			}
}

static long left_to_do(const struct results *r)
{
	const struct plan *p = r->plan;
	long n = 0;

	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count; w++)
			for (int c = 0; c < p->contender_count; c++)
				for (int i = 0; i < p->repetitions; i++)
					n += layouts_of(p, w) & 1 << layout &&
					     wanted(r, layout, w, c, i);
	return n;
}

/* The file to add to; what it holds already is taken when that is wanted. */
static FILE *open_raw(const struct options *o, struct results *r)
{
	char path[4096], why[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/results.jsonl", o->output);
	if (!o->resume && mkdir(o->output, 0777) && errno != EEXIST)
		error(1, errno, "compare: %s", o->output);
	f = fopen(path, o->resume ? "r+e" : "wxe");
	if (!f && errno == EEXIST)
		error(1, 0, "compare: %s is there already; --resume goes on "
		      "with it, else name another folder", path);
	if (!f)
		error(1, errno, "compare: %s", path);
	if (!o->resume)
		results_write_head(r, f);
	else if (results_read(r, f, why) < 0)
		error(1, 0, "compare: %s: %s", path, why);
	/* What was cut, by a full disk say, is a line of its own. */
	if (o->resume && !fseek(f, -1, SEEK_END) && getc(f) != '\n')
		fputc('\n', f);
	fseek(f, 0, SEEK_END);
	return f;
}

static int run(const struct options *o, struct results *r, const int *cpus)
{
	struct plan *p = (struct plan *)r->plan;
	struct sigaction act = { .sa_handler = stop };
	struct progress progress = {
		.began = now_ns(),
	};
	FILE *raw = o->output ? open_raw(o, r) : NULL;

	leave_out(r);
	progress.all = left_to_do(r);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count && !measure_stop; w++)
			if (layouts_of(p, w) & 1 << layout)
				run_workload(r, cpus, layout, w, &progress,
					     raw);
	if (isatty(2))
		fprintf(stderr, "\r\033[K");
	if (raw && (ferror(raw) || fclose(raw)))
		error(1, errno, "compare: %s/results.jsonl", o->output);
	if (measure_stop)
		fprintf(stderr, "compare: stopped; %s\n", o->output ?
			"--resume goes on from here" :
			"with -o DIR it could be resumed");
	return measure_stop ? 130 : 0;
}

/* Anything at all was measured. */
static int any(const struct results *r)
{
	const struct plan *p = r->plan;
	long n = (long)LAYOUTS * p->workload_count * p->contender_count *
		 p->repetitions;

	while (n--)
		if (r->outcomes[n].done)
			return 1;
	return 0;
}

static void report(const struct options *o, const struct results *r)
{
	char why[300];

	if (o->output && page_write(r, o->output, why))
		fprintf(stderr, "compare: %s\n", why);
	else if (o->output)
		fprintf(stderr, "compare: %s/report.html has the plots\n",
			o->output);
	if (o->json)
		export_json(r, stdout);
	else if (o->markdown)
		table_markdown(r, stdout);
	else
		table_print(r, stdout);
}

/* 1: a command that was asked for by --peer did not do its work. */
static int commands_failed(const struct results *r)
{
	const struct plan *p = r->plan;
	int failed = 0;

	for (int c = 2; c < p->contender_count; c++)
		for (int w = 0; w < p->workload_count; w++)
			for (int layout = 0; layout < LAYOUTS; layout++) {
				const struct contender *who =
					&p->contenders[c];
				const char *why = why_at(r, layout, w, c);

				if (!who->command || !*why || cannot_serve(who,
							&p->workloads[w]))
					continue;
				fprintf(stderr, "compare: %s: %s\n",
					p->workloads[w].name, why);
				failed = 1;
			}
	return failed;
}

static int do_agree(const char *const dirs[2])
{
	char why[300];
	int says = agree(dirs, stdout, why);

	if (says < 0)
		error(2, 0, "compare: %s", why);
	return says;
}

int compare_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[SERVER...]\n--agree DIR1 DIR2",
		.doc = "Give the same work to SERVERs, repeatedly and in turns, "
		       "and compare what they did and what it cost."
		       "\viomodels list shows the models; peers are libevent, "
		       "libevent_buffer, libuv, libuv_write, libev, python_asyncio and "
		       "nodejs, where installed. Ctrl-C ends it with what was "
		       "measured so far.",
	};
	struct options o = {
		.plan = {
			.layouts = 1 << SAME, .warm_ms = WARM_MS,
			.count_ms = COUNT_MS, .bound = 0.02,
		},
	};
	struct results r;
	int cpus[2] = { 0 }, n, status;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.agree)
		return do_agree(o.names);
	n = plan_processors(cpus, 2);
	if (n < 2 && o.plan.layouts & 1 << TWO)
		error(1, 0, "compare: --layout: there is but one processor");
	choose(&o, n);
	stat_seed_anew();
	results_begin(&r, &o.plan, argc, argv);
	measure_apart(r.network);
	status = run(&o, &r, cpus);
	if (any(&r))
		report(&o, &r);
	for (int w = 0; !status && w < o.plan.workload_count; w++)
		for (int layout = 0; layout < LAYOUTS && !status; layout++)
			if (*why_at(&r, layout, w, 0)) {
				fprintf(stderr, "compare: %s: %s: %s\n",
					o.plan.workloads[w].name, o.base,
					why_at(&r, layout, w, 0));
				status = 1;
			}
	status = status ? status : commands_failed(&r);
	results_free(&r);
	return status;
}

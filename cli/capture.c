/* SPDX-License-Identifier: MIT */
/*
 * capture.c - iomodels capture: a folder of both sides, or text, or traces/
 *
 * A model is captured as any command is: the lab starts it under "iomodels
 * capture --", as it would under strace, and plays the scenario.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"
#include "observe.h"
#include "record.h"
#include "stopped.h"
#include "strace.h"

enum { KEY_TEXT = 256, KEY_TRACES, KEY_INDEX, KEY_NO_STRACE, KEY_NO_KERNEL, KEY_SCENARIO };

struct options {
	const char *model, *scenario, *traces, *index;
	const char *args[NAMES];	/* MODEL SCENARIO, or MODEL... */
	int n_args;
	struct names names;		/* with --traces: no other is captured */
	char *const *command;		/* after "--" */
	const char *output;
	int text, no_strace, no_kernel;
	long pid;
};

static void check(const struct options *o, struct argp_state *state)
{
	int what = !!o->model + !!o->command + !!o->traces + !!o->index +
		   !!o->pid;

	if (!what)
		argp_error(state, "expected a MODEL of iomodels list, or -- "
			   "COMMAND");
	if (what > 1)
		argp_error(state, "expected only one of a MODEL, -- COMMAND, "
			   "--pid, --traces and --index");
	if (o->command && !*o->command)
		argp_error(state, "expected a COMMAND after --");
	if (o->text && (!o->model || o->output))
		argp_error(state, "--text: expected a MODEL, and no --output");
	if (o->no_strace && o->no_kernel)
		argp_error(state, "--no-strace and --no-kernel leave nothing to "
			   "record");
}

/* --traces DIR takes models; else they are a model and its scenario. */
static void sort_args(struct options *o, struct argp_state *state)
{
	if (o->traces) {
		for (int i = 0; i < o->n_args; i++)
			name_arg(state, &o->names, o->args[i]);
		return;
	}
	if (o->n_args > 0)
		o->model = o->args[0];
	if (o->n_args > 1)
		o->scenario = o->args[1];
	if (o->n_args > 2)
		argp_error(state, "%s: expected a model and a scenario only "
			   "(a command comes after --)", o->args[2]);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case 'p':
		o->pid = number_arg(state, "pid", arg, 1, 1 << 22);
		return 0;
	case KEY_TEXT:
		o->text = 1;
		return 0;
	case KEY_TRACES:
		o->traces = arg;
		return 0;
	case KEY_INDEX:
		o->index = arg;
		return 0;
	case KEY_NO_STRACE:
		o->no_strace = 1;
		return 0;
	case KEY_NO_KERNEL:
		o->no_kernel = 1;
		return 0;
	case KEY_SCENARIO:
		o->scenario = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->n_args < NAMES)
			o->args[o->n_args++] = arg;
		return 0;
	case ARGP_KEY_END:
		sort_args(o, state);
		check(o, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- the folder ---- */

static const char *const files[] = {
	"strace.log", "kernel.log", "manifest.json", NULL
};

/*
 * Why a capture may not go into this folder, NULL when it may: it is empty, or
 * holds a capture.  A strace.log that has no manifest.json beside it may be
 * somebody's own.
 */
static const char *refusal(const char *dir)
{
	int strace = 0, manifest = 0, others = 0;
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return errno == ENOENT ? "a symbolic link to a folder that does "
					 "not exist" : strerror(errno);
	while ((e = readdir(d))) {
		int known = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");

		for (const char *const *f = files; *f; f++)
			known |= !strcmp(*f, e->d_name);
		others += !known;
		strace |= !strcmp(e->d_name, "strace.log");
		manifest |= !strcmp(e->d_name, "manifest.json");
	}
	closedir(d);
	if (others)
		return "holds other files; name a new folder";
	return strace && !manifest ? "holds a strace.log that no capture wrote; "
				     "name a new folder" : NULL;
}

static char *wanted_folder(const char *by, const char *dir)
{
	const char *why = NULL;
	int made = !mkdir(dir, S_IRWXU);

	if (!made)
		why = errno == EEXIST ? refusal(dir) : strerror(errno);
	if (!why && !has_place(dir))
		why = "No space left on device: a capture needs 1 MiB; name a "
		      "folder on a file system that has more";
	if (!why)
		return strdup(dir);
	fprintf(stderr, "%s: %s: %s\n", by, dir, why);
	if (made)
		rmdir(dir);
	return NULL;
}

char *capture_folder(const char *by, const char *wanted, const char *name)
{
	const char *slash = strrchr(name, '/');
	char *dir = NULL;

	if (wanted)
		return wanted_folder(by, wanted);
	for (int n = 1; n < 100000; n++) {
		free(dir);
		if (asprintf(&dir, "capture-%s-%d", slash ? slash + 1 : name,
			     n) < 0)
			return NULL;
		if (!mkdir(dir, S_IRWXU))
			return dir;
		if (errno != EEXIST)
			break;
	}
	fprintf(stderr, "%s: %s: %s\n", by, dir, strerror(errno));
	free(dir);
	return NULL;
}

void capture_clear(const char *dir)
{
	char path[4200];

	for (const char *const *f = files; *f; f++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *f);
		unlink(path);
	}
}

int capture_begin(const char *by, const char *dir)
{
	char path[4200];
	int fd = open(dir, O_DIRECTORY | O_CLOEXEC);

	/* It stays open: two captures would overwrite each other's logs. */
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		fprintf(stderr, "%s: %s: another capture is writing into it\n",
			by, dir);
		close(fd);
		return -1;
	}
	capture_clear(dir);
	snprintf(path, sizeof(path), "%s/manifest.json", dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd >= 0)
		close(fd);
	return 0;
}

int capture_read(struct recording *r)
{
	long lines = trim_strace(r->dir, r->command ? r->pid : 0,
				 &r->files);

	if (lines < 0)
		return -1;
	r->lines = lines;
	r->aligned = r->kernel && !align(&r->alignment, r->dir, !r->command);
	return 0;
}

static int command(const struct options *o)
{
	char pid[24];
	struct recording r = {
		.command = o->command, .pid = o->pid, .scenario = o->scenario,
		.no_strace = o->no_strace, .no_kernel = o->no_kernel,
		.read = capture_read,
	};
	char *dir;
	int status;

	snprintf(pid, sizeof(pid), "%ld", o->pid);
	if (o->pid && kill(o->pid, 0) && errno == ESRCH) {
		fprintf(stderr, "iomodels capture: --pid %s: no such process\n",
			pid);
		return 1;
	}
	dir = capture_folder("iomodels capture", o->output,
			     o->pid ? pid : o->command[0]);
	if (!dir || capture_begin("iomodels capture", dir)) {
		free(dir);
		return 1;
	}
	r.dir = dir;
	if (o->pid)
		fprintf(stderr, "iomodels capture: process %s: attaching to it "
			"makes epoll_wait(2), io_uring_enter(2), io_getevents(2), "
			"sigtimedwait(2), semop(2) and calls on sockets with "
			"SO_RCVTIMEO or SO_SNDTIMEO return EINTR once\n", pid);
	status = record(&r);
	if (!r.ended || r.failed) {	/* it was not started, or not kept */
		capture_clear(dir);
		rmdir(dir);
	}
	record_free(&r);
	free(dir);
	return status;
}

/* ---- a model ---- */

static int text(const struct program *p, const struct scenario *c)
{
	const char *missing = trace_missing();
	struct text out = { 0 };
	struct trace t;
	char why[256];

	if (missing) {
		fprintf(stderr, "iomodels capture: %s\n", missing);
		return 1;
	}
	if (trace_run(&t, p, c, why)) {
		fprintf(stderr, "iomodels capture: %s\n", why);
		trace_free(&t);
		return 1;
	}
	trace_format(&t, &out);
	fwrite(out.at, 1, out.len, stdout);
	free(out.at);
	trace_free(&t);
	return 0;
}

/* What the capture said, among what the server did. */
static void pass_on(const char *said)
{
	static const char ours[] = "iomodels capture: ";

	for (const char *end; *said; said = end + !!*end) {
		end = strchrnul(said, '\n');
		if (!strncmp(said, ours, strlen(ours)))
			fprintf(stderr, "%.*s\n", (int)(end - said), said);
	}
}

static volatile pid_t recorder;	/* "iomodels capture --", when it runs */
static volatile sig_atomic_t interrupted;

/* The recorder hands the signal on to the server and finishes its folder. */
static void on_interrupt(int sig)
{
	interrupted = sig;
	if (recorder > 0)
		kill(recorder, SIGTERM);
}

static void catch_interrupts(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction act = { .sa_handler = on_interrupt };

	for (int i = 0; i < 3; i++) {
		struct sigaction was;

		if (!sigaction(signals[i], NULL, &was) &&
		    was.sa_handler != SIG_IGN)
			sigaction(signals[i], &act, NULL);
	}
}

static int folder(const struct options *o, const struct program *p,
		  const struct scenario *c)
{
	char *dir = capture_folder("iomodels capture", o->output, p->name);
	char why[256];
	char *wrapper[12] = { "/proc/self/exe", "capture", "--scenario",
			      (char *)c->name, "--output", dir };
	struct lab_options lab = { .service = c->service, .wrapper = wrapper,
				   .nofile = c->nofile };
	int n = 6, ret, ended;
	struct server s;

	if (!dir)
		return 1;
	if (o->no_strace)
		wrapper[n++] = "--no-strace";
	if (o->no_kernel)
		wrapper[n++] = "--no-kernel";
	wrapper[n] = "--";
	catch_interrupts();
	ret = server_start(&s, p, &lab);
	if (ret) {
		snprintf(why, sizeof(why), "%s does not start", p->name);
	} else {
		recorder = s.pid;
		server_settle(&s);
		ret = interrupted ? -1 : c->play(&s, why);
		server_settle(&s);
		ended = server_stop(&s);
		if (ended && !ret) {
			snprintf(why, sizeof(why), "%s: ended with status %d",
				 p->name, ended);
			ret = -1;
		}
		recorder = 0;
	}
	pass_on(s.err.at);
	if (interrupted)
		fprintf(stderr, "iomodels capture: interrupted; %s has what "
			"was captured until then\n", dir);
	else if (ret)
		fprintf(stderr, "iomodels capture: %s\n", why);
	server_free(&s);
	rmdir(dir);			/* if nothing came of it */
	free(dir);
	return interrupted ? 128 + interrupted : ret ? 1 : 0;
}

/* A file job is not a server: it gets a file that is not in the page cache. */
static int file_reader(const struct options *o, const struct program *p,
		       const struct scenario *c)
{
	enum { FILE_BYTES = 4 << 20 };
	struct options job = *o;
	char *path = program_path(p), file[32], why[256];
	char *words[] = { path, "--depth", "8", "--random", file,
			  c == &reads_direct ? "--direct" : NULL, NULL };
	int fd = path ? lab_file(FILE_BYTES, why) : -1, status = 1;

	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	job.command = words;
	job.scenario = c->name;
	if (fd >= 0)
		status = command(&job);
	else
		fprintf(stderr, "iomodels capture: %s%s%s\n", p->name,
			path ? ": " : "", path ? why
			: " is not built");
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}

static int model(const struct options *o)
{
	const struct program *p = program_find(o->model);
	const char *name = o->scenario ? o->scenario : "one";
	const struct scenario *c = scenario_find(name);

	if (!p) {
		const char *near = nearest_program(o->model);

		fprintf(stderr, "iomodels capture: %s: no such model; %s%s%s\n",
			o->model, near ? "did you mean " : "iomodels list shows "
			"them, and a command comes after --",
			near ? near : "", near ? "?" : "");
		return 2;
	}
	if (p->flags & FILES)
		c = !o->scenario ? &reads_buffered : reads_find(name);
	if (!c) {
		fprintf(stderr, "iomodels capture: %s: no such scenario; the "
			"scenarios are:", name);
		for (c = scenarios; !(p->flags & FILES) && c->name; c++)
			fprintf(stderr, " %s", c->name);
		fprintf(stderr, "%s\n", p->flags & FILES ?
			" buffered direct" : " burst");
		return 2;
	}
	if (p->flags & c->unfit) {
		fprintf(stderr, "iomodels capture: %s (%s) cannot serve scenario "
			"%s\n", p->name, p->about, c->name);
		return 1;
	}
	if (p->flags & FILES && !o->text)
		return file_reader(o, p, c);
	return o->text ? text(p, c) : folder(o, p, c);
}

/* Cut "--" and what follows off argc; it is the command. */
static char *const *cut_command(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++)
		if (!strcmp(argv[i], "--")) {
			*argc = i;
			return argv + i + 1;
		}
	return NULL;
}

int capture_main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "output", 'o', "DIR", 0, "Write the capture into DIR (default: "
		  "capture-NAME-1, -2, ... in the current folder)", 0 },
		{ "no-strace", KEY_NO_STRACE, NULL, 0, "Record only the kernel's "
		  "events, which slow a call far less than strace does", 0 },
		{ "no-kernel", KEY_NO_KERNEL, NULL, 0, "Record with strace only", 0 },
		{ "pid", 'p', "N", 0, "Attach to the running process N", 0 },
		{ "text", KEY_TEXT, NULL, 0, "Print the calls of a model, "
		  "without times and process numbers, and write no folder", 0 },
		{ "traces", KEY_TRACES, "DIR", 0, "Capture every model, or "
		  "only the MODELs that are named, with strace and the "
		  "kernel's events, as text files in DIR; write a file only if "
		  "its sequence of calls or events has changed",
		  0 },
		{ "index", KEY_INDEX, "DIR", 0, "Make DIR/README.md from "
		  "DIR/notes: what to look at in the captures of DIR; and "
		  "correct the line numbers of the source in DIR/*.lines", 0 },
		{ "scenario", KEY_SCENARIO, "NAME", OPTION_HIDDEN, NULL, 0 },
		{ 0 }
	};
	static const struct argp argp = {
		.options = rows,
		.parser = parse,
		.args_doc = "MODEL [SCENARIO]\n-- COMMAND...\n--pid N\n"
			    "--traces DIR [MODEL...]\n--index DIR",
		.doc = "Run MODEL while the client of SCENARIO (default: one) "
		       "sends to it, or run any COMMAND, and record it with "
		       "strace and the kernel's tracepoints into a folder: "
		       "strace.log and kernel.log, whose times are of the same "
		       "clock, and manifest.json.\vRecording the kernel's events "
		       "needs root; without root, capture records with strace "
		       "only.  The exit status is that of COMMAND.  Processes "
		       "that COMMAND leaves behind continue, but are no longer "
		       "captured.  Ctrl-Z stops COMMAND and the "
		       "recording; fg continues both.",
	};
	struct options o = { 0 };

	o.command = cut_command(&argc, argv);
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!o.index)
		need_places();
	stopped_catch();
	if (o.model)
		return model(&o);
	return o.index ? capture_index(o.index) :
	       o.traces ? capture_traces(o.traces, o.names.at) : command(&o);
}

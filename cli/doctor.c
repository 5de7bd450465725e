/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - iomodels doctor: what runs here, and what is in the way
 *
 * Nothing is concluded from versions.  Every server is started and has to
 * serve a client, every file job has to read a file.  For one that cannot, the
 * output shows its own last message, and beside it the result of the probe of
 * lab/probe.c for the same feature, with the reason that /proc shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <linux/perf_event.h>
#include <unistd.h>
#include "cli.h"
#include "doctor.h"
#include "kernel.h"
#include "probe.h"
#include "progress.h"
#include "scenario.h"
#include "strace.h"
#include "../log/json.h"
#include "../log/refusal.h"
#include "../syscalls/errno.h"

enum { PROGRAMS = 64, WIDTH = 79, INDENT = 25 };

/* One program: why it does not run, or empty texts. */
static struct outcome {
	const struct program *program;
	char said[300];			/* by itself, when it ended */
	char why[256];			/* by a probe */
	int shown;
} outcomes[PROGRAMS];
static int outcome_count;

/* ---- the programs, each run for a moment ---- */

/* The last line of text, without "NAME: "; not the one that it serves. */
static void last_line(struct outcome *o, char *text)
{
	size_t n = strlen(o->program->name);
	char *line;

	while (*text && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = 0;
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	if (!strncmp(line, o->program->name, n) && !strncmp(line + n, ": ", 2))
		line += n + 2;
	if (strncmp(line, "serving ", 8))
		snprintf(o->said, sizeof(o->said), "%s", line);
}

static void run_server(struct outcome *o)
{
	const struct scenario *one = scenario_find("one");
	struct lab_options options = { .service = one->service };
	char why[256] = "";
	struct server s;
	int failed;

	if (server_start(&s, o->program, &options)) {
		last_line(o, s.err.at);
		server_free(&s);
		return;
	}
	failed = one->play(&s, why);
	if (server_stop(&s) || failed) {
		last_line(o, s.err.at);
		if (!*o->said)
			snprintf(o->said, sizeof(o->said), "%s", *why ? why :
				 "it ended with an error, but without a message");
	}
	server_free(&s);
}

/* Run a file job on the file behind fd, and keep what it says on stderr. */
static int run_reader(struct outcome *o, char *path, int fd, const char *option)
{
	char file[40], text[1024];
	int err[2], n = 0, got, status;
	pid_t pid;

	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	if (pipe2(err, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		fcntl(fd, F_SETFD, 0);
		dup2(null, 1);
		dup2(err[1], 2);
		execl(path, o->program->name, file, option, NULL);
		_exit(127);
	}
	close(err[1]);
	while ((got = read(err[0], text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	close(err[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (status)
		last_line(o, text);
	if (status && !*o->said)
		snprintf(o->said, sizeof(o->said), "it ended with %s %d, but "
			 "without a message", WIFSIGNALED(status) ? "signal" :
			 "exit status", WIFSIGNALED(status) ?
			 WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

static void run_program(const struct program *p, int file)
{
	struct outcome *o = &outcomes[outcome_count++];
	char *path = program_path(p);

	o->program = p;
	if (!path)
		not_built(p, o->said, sizeof(o->said));
	else if (!(p->flags & FILES))
		run_server(o);
	else if (file < 0 || run_reader(o, path, file, NULL))
		snprintf(o->said, sizeof(o->said), "no file for it to read: %s",
			 strerror(errno));
	if (path && *o->said)
		probe_program(p, o->why);
	free(path);
}

/* ---- what is around them ---- */

static void try_probes(void)
{
	for (const struct probe *p = probes; p->name; p++) {
		long err = probe_try(p);
		char why[256];

		if (!err) {
			found(0, p->name, "granted", NULL, NULL);
			continue;
		}
		probe_why(p, err, why);		/* it ends in the remedy */
		found(1, p->name, errno_name(err), NULL, "%s", why);
		found_refusal(probe_refusal(p, err));
	}
}

static void try_direct(const char *dir, int file)
{
	long err = file < 0 ? file : probe_direct(file);

	if (!err)
		found(0, "O_DIRECT", "granted", NULL, "in %s", dir);
	else if (err == -EINVAL)
		found(1, "O_DIRECT", errno_name(err), "cd to a folder on ext4, "
		      "xfs or btrfs", "the file system of %s refuses it: file "
		      "jobs cannot run with --direct there", dir);
	else
		found(1, "O_DIRECT", errno_name(err), "cd to a folder that you "
		      "may write to", "in %s", dir);
	if (err)
		found_refusal(refusal_find(SLICE("openat"), (struct slice){
			errno_name(err), strlen(errno_name(err)) },
			SLICE("O_DIRECT")));
}

/* strace does the same; a child that may not is the whole reason. */
static int trace_me(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? errno : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WEXITSTATUS(status);
}

static void try_ptrace(void)
{
	long scope = probe_sysctl("/proc/sys/kernel/yama/ptrace_scope");
	int err = trace_me();

	if (err && scope >= 2)
		found(1, "ptrace", errno_name(err), scope > 2 ?
		      "reboot, then sysctl kernel.yama.ptrace_scope=1" :
		      "sudo, or sysctl kernel.yama.ptrace_scope=1",
		      "kernel.yama.ptrace_scope is %ld: strace cannot work",
		      scope);
	else if (err && probe_status("TracerPid") > 0)
		found(1, "ptrace", errno_name(err), "run it without strace",
		      "strace traces this program already, and a process can "
		      "have only one tracer");
	else if (err && probe_status("Seccomp") == 2)
		found(1, "ptrace", errno_name(err),
		      "docker run --cap-add SYS_PTRACE",
		      "a seccomp filter is on: strace cannot work");
	else if (err)
		found(1, "ptrace", errno_name(err), "make vm",
		      "a security module forbids it, or an emulator lacks it: "
		      "strace cannot work");
	else
		found(0, "ptrace", "granted", NULL, scope > 0 ?
		      "for your own child processes; strace needs no more" :
		      "for strace");
}

/* What strace -V tells: the version, and whether it was built with -k. */
static void try_strace(void)
{
	const char *missing = trace_missing();
	char version[64] = "works", line[512], tmp[64];
	int stacks = 0;
	FILE *f;

	if (missing) {
		found(1, "strace", "missing", NULL, "demo, capture and their "
		      "tests are left out: %s", missing);
		return;
	}
	f = popen("strace -V 2>/dev/null", "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "strace -- version %50s", tmp) == 1)
			snprintf(version, sizeof(version), "%.50s", tmp);
		stacks |= strstr(line, "stack-trace") != NULL &&
			  !strstr(line, "no-stack-trace");
	}
	if (f)
		pclose(f);
	found(0, "strace", version, NULL, "for demo, capture and trace");
	found(0, "strace -k", stacks ? "yes" : "no", stacks ? NULL :
	      "a strace built with libunwind or libdw", stacks ?
	      "strace can show the line of source of each call" :
	      "strace cannot show the line of source of a call");
}

static void try_tracefs(void)
{
	char why[256];
	struct kernel *k = kernel_begin(why);

	if (!k) {
		found(1, "tracefs", "refused", NULL, "%s", why);
		return;
	}
	kernel_end(k);
	kernel_free(k);
	found(0, "tracefs", "granted", NULL, "shows exactly who waits and who "
	      "copies");
}

static void try_perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr),
	};
	long paranoid = probe_sysctl("/proc/sys/kernel/perf_event_paranoid");
	long id = probe_sysctl("/sys/kernel/tracing/events/raw_syscalls/"
			       "sys_enter/id");
	const char *remedy = "sudo, or sysctl kernel.perf_event_paranoid=1";
	char value[64];
	int mounted;
	long fd;

	snprintf(value, sizeof(value), "%ld", paranoid);
	if (id < 0) {
		mounted = !access("/sys/kernel/tracing/events", F_OK) ||
			  errno == EACCES;
		found(1, "perf_event_paranoid", value, mounted ? "sudo" :
		      "mount -t tracefs tracefs /sys/kernel/tracing",
		      "the test evidence_test is left out: it counts system "
		      "calls with a tracepoint, and %s",
		      mounted ? "this user may not read the number of the "
		      "tracepoint in tracefs" : "tracefs, which has the number "
		      "of the tracepoint, is not mounted");
		return;
	}
	attr.config = id;
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
		     PERF_FLAG_FD_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		found(0, "perf_event_paranoid", value,
		      paranoid > 1 ? remedy : NULL,
		      "the test evidence_test can count calls");
	} else {
		found(1, "perf_event_paranoid", value, remedy,
		      "perf_event_open: %s: the test evidence_test is left out",
		      errno_name(errno));
	}
}

static void limit(const char *name, int resource, unsigned long wanted,
		  int in_kib, const char *what, const char *remedy)
{
	char value[64];
	struct rlimit l;

	getrlimit(resource, &l);
	if (l.rlim_cur == RLIM_INFINITY)
		snprintf(value, sizeof(value), "unlimited");
	else
		snprintf(value, sizeof(value), in_kib ? "%lu KiB" : "%lu",
			 (unsigned long)l.rlim_cur >> (in_kib ? 10 : 0));
	found(l.rlim_cur < wanted, name, value, remedy, "%s", what);
}

/* Whether the library can use io_uring: it reports that itself. */
static void try_library(int file)
{
	char *path = program_path(program_find("posix_aio_uring"));
	char *command = NULL, said[200] = "";
	FILE *f = NULL;

	if (path && file >= 0 &&
	    asprintf(&command, "POSIXAIO_DEBUG=1 '%s' /proc/%d/fd/%d 2>&1 "
		     ">/dev/null", path, getpid(), file) >= 0)
		f = popen(command, "re");
	if (f && fgets(said, sizeof(said), f))
		said[strcspn(said, "\n")] = 0;
	if (f)
		pclose(f);
	if (!strncmp(said, "posixaio: io_uring", 18))
		found(0, "libposixaio", "io_uring", NULL, "iomodels aio-run");
	else if (!strncmp(said, "posixaio: ", 10))
		found(1, "libposixaio", "no io_uring", NULL,
		      "aio-run uses %s", said + 10);
	free(command);
	free(path);
}

static void look_around(const char *dir, int file)
{
	look_at_machine();
	section("tried one by one");
	try_probes();
	try_direct(dir, file);
	try_library(file);
	try_ptrace();
	try_strace();
	try_tracefs();
	try_perf();
	section("limits");
	limit("RLIMIT_NOFILE", RLIMIT_NOFILE, 256, 0,
	      "open descriptors: one per connection; the scenario crowd opens "
	      "200 connections", "ulimit -n 1024");
	limit("RLIMIT_SIGPENDING", RLIMIT_SIGPENDING, 1024, 0,
	      "queued signals of this user; sigio_queued and posix_aio_glibc "
	      "need them", "ulimit -i 4096");
	limit("RLIMIT_MEMLOCK", RLIMIT_MEMLOCK, 1 << 20, 1,
	      "without CAP_IPC_LOCK it limits registered buffers and the pages "
	      "of SEND_ZC; before Linux 5.12 and from 6.14 on also the rings",
	      "ulimit -l 8192");
	look_at_ring();
}

/* ---- text ---- */

/* Print text from column INDENT on, broken between words. */
static void print_wrapped(const char *text, int column)
{
	while (*text) {
		int n = strcspn(text, " ");

		if (column + 1 + n > WIDTH && column > INDENT) {
			printf("\n%*s", INDENT - 1, "");
			column = INDENT - 1;
		}
		printf(" %.*s", n, text);
		column += 1 + n;
		text += n + (text[n] == ' ');
	}
	printf("\n");
}

/* A word in the left column, the text in the right one. */
static void print_block(const char *word, const char *text)
{
	printf("%-*s", INDENT - 1, word);
	print_wrapped(text, INDENT - 1);
}

static void print_running(int running)
{
	printf("\n%d of %d programs run here\n", running, outcome_count);
	for (int i = 0; i < outcome_count; ) {
		const char *group = outcomes[i].program->group;
		struct text names = { 0 };

		for (; i < outcome_count && outcomes[i].program->group == group;
		     i++)
			if (!*outcomes[i].said)
				text_add(&names, "%s%s", names.len ? " " : "",
					 outcomes[i].program->name);
		if (!names.len)
			continue;
		printf("  %s", group);
		if (strlen(group) < INDENT - 3)
			printf("%*s", INDENT - 3 - (int)strlen(group), "");
		else
			printf("\n%*s", INDENT - 1, "");
		print_wrapped(names.at, INDENT - 1);
		free(names.at);
	}
}

/* Those that ended with the same words share a line. */
static void print_refused(void)
{
	struct text names = { 0 };

	printf("\nthese do not run\n");
	for (int i = 0; i < outcome_count; i++) {
		struct outcome *o = &outcomes[i];

		if (o->shown || !*o->said)
			continue;
		names.len = 0;
		for (int j = i; j < outcome_count; j++) {
			struct outcome *same = &outcomes[j];

			if (strcmp(o->said, same->said) ||
			    strcmp(o->why, same->why))
				continue;
			text_add(&names, "%s%s", names.len ? " " : "",
				 same->program->name);
			same->shown = 1;
		}
		print_block("!", names.at);
		print_block("  it says", o->said);
		if (*o->why)
			print_block("  tried", o->why);
	}
	free(names.at);
}

/* The names of those with the result of findings[i] that were not printed. */
static char *same_names(int i, struct text *names)
{
	const struct doctor_finding *f = &findings[i];

	names->len = 0;
	for (int j = i; j < finding_count; j++) {
		struct doctor_finding *same = &findings[j];

		if (f->section != same->section || f->bad != same->bad ||
		    strcmp(f->value, same->value) ||
		    strcmp(f->note, same->note))
			continue;
		text_add(names, "%s%s", names->len ? ", " : "", same->name);
		same->shown = 1;
	}
	return names->at;
}

static void print_findings(void)
{
	const char *title = NULL;
	struct text names = { 0 };

	for (int i = 0; i < finding_count; i++) {
		const struct doctor_finding *f = &findings[i];
		char word[80], note[1200];

		if (f->section != title) {
			title = f->section;
			printf("\n%s\n", title);
		}
		if (f->shown)
			continue;
		if (f->bad) {
			snprintf(word, sizeof(word), "! %s", f->value);
			print_block(word, same_names(i, &names));
			snprintf(note, sizeof(note), "%s%s%s", f->note,
				 !f->change ? "" : *f->note ? "; remedy: " :
				 "remedy: ", f->change ? f->change : "");
			print_block("", note);
		} else if (!*f->note && !strcmp(f->value, "granted")) {
			print_block("  granted", same_names(i, &names));
		} else {
			print_wrapped(f->note, printf("  %-*s %-9s", INDENT - 3,
						      f->name, f->value));
		}
	}
	free(names.at);
}

static void print_text(int running)
{
	struct utsname u;

	uname(&u);
	printf("%s %s %s, %s\n", u.sysname, u.release, u.machine,
	       geteuid() ? "an ordinary user" : "root");
	print_running(running);
	if (running < outcome_count)
		print_refused();
	print_findings();
}

/* The programs that want what is probed under this name. */
static void programs_of(struct json *j, const char *name)
{
	for (const struct probe *p = probes; p->name; p++) {
		if (strcmp(p->name, name))
			continue;
		json_open(j, "programs", '[');
		for (const struct program *q = programs; q->name; q++)
			if (probe_concerns(p, q))
				json_text(j, NULL, q->name);
		json_close(j, ']');
	}
}

static void print_json(int running)
{
	struct json j = { .out = stdout, .first = 1 };
	struct utsname u;

	uname(&u);
	json_open(&j, NULL, '{');
	json_text(&j, "kernel", u.release);
	json_text(&j, "machine", u.machine);
	json_number(&j, "uid", geteuid());
	json_number(&j, "running", running);
	json_open(&j, "programs", '[');
	for (int i = 0; i < outcome_count; i++) {
		json_open(&j, NULL, '{');
		json_text(&j, "name", outcomes[i].program->name);
		json_bool(&j, "runs", !*outcomes[i].said);
		if (*outcomes[i].said)
			json_text(&j, "said", outcomes[i].said);
		if (*outcomes[i].why)
			json_text(&j, "why", outcomes[i].why);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_open(&j, "tried", '[');
	for (int i = 0; i < finding_count; i++) {
		const struct doctor_finding *f = &findings[i];

		json_open(&j, NULL, '{');
		json_text(&j, "section", f->section);
		json_text(&j, "name", f->name);
		json_bool(&j, "granted", !f->bad);
		json_text(&j, "value", f->value);
		json_text(&j, "note", f->note);
		if (f->change)
			json_text(&j, "change", f->change);
		if (f->row) {
			json_text(&j, "finding", f->row->id);
			json_text(&j, "cause", f->row->cause);
			json_text(&j, "remedy", f->row->remedy);
		}
		programs_of(&j, f->name);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	ring_json(&j);
	json_close(&j, '}');
	printf("\n");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key == 'j')
		*(int *)state->input = 1;
	else if (key == ARGP_KEY_ARG)
		argp_error(state, "%s: doctor takes no argument", arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static int examine(void *json)
{
	static char zeros[64 << 10];
	const char *dir = "the current folder";
	int file, running = 0;
	struct progress progress = { 0 };

	file = probe_file(".");
	if (file < 0) {				/* it may not be ours to write */
		dir = "/tmp";
		file = probe_file(dir);
	}
	if (file >= 0 && write(file, zeros, sizeof(zeros)) < 0)
		zeros[0] = 0;			/* an empty file will do */
	for (const struct program *p = programs; p->name; p++)
		progress.all++;
	for (const struct program *p = programs; p->name; p++) {
		progress_show(&progress, p->name);
		run_program(p, file);
		progress.done++;
	}
	progress_clear(&progress);
	look_around(dir, file);
	for (int i = 0; i < outcome_count; i++)
		running += !*outcomes[i].said;
	if (*(int *)json)
		print_json(running);
	else
		print_text(running);
	return running < outcome_count;
}

int doctor_main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "json", 'j', NULL, 0, "Print the same as JSON", 0 },
		{ 0 }
	};
	static const struct argp argp = {
		.options = rows,
		.parser = parse,
		.doc = "Run every program for a moment and list those that "
		       "cannot run here, why, and what to do; then list what "
		       "the kernel allows this user, and the errno of what it "
		       "refuses.\vThe exit status is 0 when all programs run, 1 "
		       "when some cannot.",
	};
	int json = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &json);
	return in_a_child(examine, &json);
}

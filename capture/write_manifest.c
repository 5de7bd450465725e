/* SPDX-License-Identifier: MIT */
/*
 * write_manifest.c - manifest.json: what a capture is and what it lacks
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../log/json.h"
#include "mapped.h"
#include "record.h"
#include "rings.h"
#include "strace.h"
#include "version.h"

static void command(struct json *j, const struct recording *r)
{
	if (!r->command) {
		json_null(j, "command");
	} else {
		json_open(j, "command", '[');
		for (char *const *word = r->command; *word; word++)
			json_text(j, NULL, *word);
		json_close(j, ']');
	}
	json_number(j, "pid", r->pid);
	if (r->scenario)
		json_text(j, "scenario", r->scenario);
	else
		json_null(j, "scenario");
	json_bool(j, "attached", !r->command);
	json_bool(j, "interrupted", r->interrupted);
	if (r->command && WIFSIGNALED(r->status))
		json_number(j, "signal", WTERMSIG(r->status));
	else if (r->command)
		json_number(j, "exit_status", WEXITSTATUS(r->status));
	json_number(j, "began_ns", r->began);
	json_number(j, "ended_ns", r->ended);
	json_number(j, "stopped_ns", r->stopped);
}

static void machine(struct json *j)
{
	char libc[64] = "";
	struct utsname u;

	uname(&u);
	json_open(j, "uname", '{');
	json_text(j, "sysname", u.sysname);
	json_text(j, "release", u.release);
	json_text(j, "version", u.version);
	json_text(j, "machine", u.machine);
	json_close(j, '}');
	json_number(j, "processors", sysconf(_SC_NPROCESSORS_ONLN));
#ifdef _CS_GNU_LIBC_VERSION
	confstr(_CS_GNU_LIBC_VERSION, libc, sizeof(libc));
#endif
	json_text(j, "libc", *libc ? libc : "unknown");
}

static void strace_side(struct json *j, const struct recording *r)
{
	char version[64];

	if (*r->without_strace) {
		json_null(j, "strace");
		return;
	}
	trace_version(version);
	json_open(j, "strace", '{');
	json_text(j, "version", version);
	json_number(j, "pid", r->strace);
	json_text(j, "file", "strace.log");
	json_text(j, "clock", "CLOCK_REALTIME");
	json_text(j, "precision", r->ns_precision ? "ns" : "us");
	json_number(j, "lines", r->lines);
	json_close(j, '}');
}

static void instance(struct json *j, int i)
{
	json_open(j, NULL, '{');
	json_text(j, "follows", i ? "every process; the events of other "
		  "programs were left out when they were read" : "the command, "
		  "its threads and its children");
	json_open(j, "events", '[');
	for (const char *const *e = kernel_asked(i); *e; e++)
		json_text(j, NULL, *e);
	json_close(j, ']');
	json_open(j, "filters", '{');
	for (const char *const *f = kernel_filters(i); *f; f += 2)
		json_text(j, f[0], f[1]);
	json_close(j, '}');
	json_close(j, '}');
}

static void kernel_side(struct json *j, const struct recording *r)
{
	const struct kernel *k = r->kernel;

	if (!k) {
		json_null(j, "kernel");
		return;
	}
	json_open(j, "kernel", '{');
	json_text(j, "file", "kernel.log");
	json_text(j, "trace_clock", kernel_clock(k));
	json_number(j, "offset_ns", kernel_offset(k));
	json_number(j, "events", r->n);
	json_number(j, "lost", r->lost);
	json_open(j, "lost_by_processor", '[');
	for (int cpu = 0; cpu < kernel_processors(k); cpu++)
		json_number(j, NULL, kernel_lost(k, cpu));
	json_close(j, ']');
	json_open(j, "instances", '[');
	for (int i = 0; i < 2; i++)
		instance(j, i);
	json_close(j, ']');
	json_text(j, "left_out", *r->without_strace ? "" : "of strace: its wakeups "
		  "of the command, its signals, and the context switches of "
		  "threads that it stops and continues");
	json_text(j, "not_in_this_kernel", kernel_missing(k));
	json_close(j, '}');
}

static void alignment(struct json *j, const struct recording *r)
{
	const struct alignment *a = &r->alignment;

	if (!r->aligned) {
		json_null(j, "alignment");
		return;
	}
	json_open(j, "alignment", '{');
	json_bool(j, "proved", a->proved);
	json_number(j, "error_bound_ns", a->bound_ns);
	json_number(j, "offset_at_least_ns", a->least_ns);
	json_number(j, "offset_at_most_ns", a->most_ns);
	json_number(j, "pairs", a->pairs);
	json_number(j, "calls_only_in_strace", a->only_strace);
	json_number(j, "calls_only_in_kernel", a->only_kernel);
	json_close(j, '}');
}

static void mapped(struct json *j, const struct recording *r)
{
	struct mapped_file *files;
	unsigned n;

	files = mapped_files(r->events, r->n, r->path, r->files.at, &n);
	json_open(j, "mapped_files", '[');
	for (unsigned i = 0; i < n; i++) {
		if (!files[i].path)
			continue;
		json_open(j, NULL, '{');
		json_number(j, "device", files[i].device);
		json_number(j, "inode", files[i].inode);
		json_text(j, "path", files[i].path);
		json_close(j, '}');
	}
	json_close(j, ']');
	mapped_free(files, n);
}

static void unread(struct json *j, const struct recording *r)
{
	const struct rings *rings = r->kernel ? kernel_rings(r->kernel) : NULL;
	const struct unread *u = NULL;
	unsigned n = 0;

	if (rings)
		u = rings_unread(rings, &n);
	json_open(j, "unread_completions", '[');
	for (unsigned i = 0; i < n; i++) {
		json_open(j, NULL, '{');
		json_number(j, "pid", u[i].pid);
		json_number(j, "thread", u[i].thread);
		json_number(j, "ring", u[i].fd);
		json_number(j, "completions", u[i].completions);
		json_number(j, "from_ns", u[i].from);
		json_number(j, "to_ns", u[i].to);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void not_available(struct json *j, const char *what, const char *why)
{
	if (!*why)
		return;
	json_open(j, NULL, '{');
	json_text(j, "what", what);
	json_text(j, "why", why);
	json_close(j, '}');
}

int manifest_write(const struct recording *r)
{
	char path[4200];
	struct json j = { .first = 1 };

	snprintf(path, sizeof(path), "%s/manifest.json", r->dir);
	j.out = fopen(path, "we");
	if (!j.out)
		return -1;
	json_open(&j, NULL, '{');
	json_text(&j, "iomodels", VERSION);
	command(&j, r);
	machine(&j);
	strace_side(&j, r);
	kernel_side(&j, r);
	alignment(&j, r);
	mapped(&j, r);
	unread(&j, r);
	json_open(&j, "not_available", '[');
	not_available(&j, "strace", r->without_strace);
	not_available(&j, "kernel", r->without_kernel);
	not_available(&j, "stacks", r->without_stacks);
	not_available(&j, "rings", r->without_rings);
	json_close(&j, ']');
	json_close(&j, '}');
	putc('\n', j.out);
	if (ferror(j.out)) {
		fclose(j.out);
		errno = ENOSPC;
		return -1;
	}
	return fclose(j.out) ? -1 : 0;
}

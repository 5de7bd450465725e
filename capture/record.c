/* SPDX-License-Identifier: MIT */
/*
 * record.c - runs a command under strace and tracefs, writes a folder
 *
 *     fork the command     it waits on a pipe, in the same process group
 *     strace -p            attaches to it; its first line says that it has
 *     kernel_follow        tracefs selects it
 *     release              the command calls execve(2)
 *
 * What the child does before its execve is ours, so both logs are cut there;
 * strace's is cut by the code that reads it (recording.read).
 * strace has a session of its own: a Ctrl-C of the terminal goes to us and to
 * the command, and strace must stay to see what the command does then.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lab.h"
#include "record.h"
#include "stopped.h"
#include "strace.h"

enum { ATTACH_MS = 10000, STRACE_END_MS = 10000, LOOK_MS = 1000 };

struct run {
	struct recording *r;
	sigset_t before;		/* the signal mask that we were given */
	int signals;			/* signalfd: what to hand on */
	int go[2], failed[2];		/* pipes from and to the command's child */
	pid_t strace;			/* 0: none */
	int strace_said;		/* its stderr: a file without a name */
	int strace_status;		/* 0: it was there until the end */
	int spool_error;		/* errno: the kernel's records are cut */
};

static const char *said_by;

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", said_by);
	vfprintf(stderr, format, args);
	putc('\n', stderr);
	va_end(args);
}

static int64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* ---- before ---- */

/* Where execvp(3) would find it: one execve, whatever PATH holds. */
static int find_command(struct recording *r)
{
	const char *name = r->command[0], *path = getenv("PATH");
	int found = 0;

	if (!path)
		path = "/bin:/usr/bin";
	if (strchr(name, '/')) {
		snprintf(r->path, sizeof(r->path), "%s", name);
		path = NULL;
		found = !access(name, F_OK);
	}
	while (path) {
		int n = strcspn(path, ":");	/* 0: the current folder */
		struct stat st;

		snprintf(r->path, sizeof(r->path), "%.*s%s%s", n, path,
			 n ? "/" : "", name);
		path = path[n] ? path + n + 1 : NULL;
		if (stat(r->path, &st) || !S_ISREG(st.st_mode))
			continue;
		found = 1;
		if (!access(r->path, X_OK))
			return 0;
	}
	if (found && !access(r->path, X_OK))
		return 0;
	say("%s: %s", name, found ? "may not be executed" : "no such command");
	return found ? 126 : 127;
}

/*
 * strace's options; those for nanoseconds came with 5.6.  Not system(3): it
 * throws away a SIGINT that waits for us.
 */
static void set_precision(struct recording *r)
{
	FILE *f = popen("strace --absolute-timestamps=format:unix,precision:ns "
			"--syscall-times=ns -V >/dev/null 2>&1", "re");

	r->ns_precision = f && !pclose(f);
}

/* Which sides there are; -1 when there is none. */
static int choose_sides(struct recording *r)
{
	const char *missing = r->no_strace ? "not asked for (--no-strace)"
					   : trace_missing();

	if (missing)
		snprintf(r->without_strace, sizeof(r->without_strace), "%s",
			 missing);
	else
		set_precision(r);
	if (r->no_kernel)
		snprintf(r->without_kernel, sizeof(r->without_kernel),
			 "not asked for (--no-kernel)");
	else
		r->kernel = kernel_begin(r->without_kernel);
	if (r->kernel) {
		const char *why = kernel_keep_stacks(r->kernel);

		snprintf(r->without_stacks, sizeof(r->without_stacks), "%s",
			 why ? why : "");
		kernel_watch_rings(r->kernel, r->without_rings);
	}
	if (*r->without_strace && !r->no_strace)
		say("without strace: %s", r->without_strace);
	if (*r->without_kernel && !r->no_kernel)
		say("without the kernel's events: %s", r->without_kernel);
	if (*r->without_strace && *r->without_kernel) {
		say("there is nothing to record, without strace and without "
		    "the kernel's events");
		return -1;
	}
	return 0;
}

/* From now on signals wait until the command can have them. */
static void take_signals(struct run *u)
{
	static const int not_ours[] = {
		SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGSEGV, SIGBUS,
		SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGXFSZ,
	};
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(not_ours) / sizeof(not_ours[0]); i++)
		sigdelset(&set, not_ours[i]);
	sigprocmask(SIG_BLOCK, &set, &u->before);
	sigdelset(&set, SIGPIPE);		/* of our own stderr */
	u->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- the command ---- */

/* In the child. */
_Noreturn static void become(const struct run *u, pid_t parent)
{
	char byte;
	int err;

	/*
	 * It must not outlive a capture that was killed.  strace receives any other
	 * signal first, which is lost when strace ends in the same moment.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* Yama lets only ancestors attach, unless the child allows it. */
	if (!*u->r->without_strace)
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	close(u->go[1]);
	sigprocmask(SIG_SETMASK, &u->before, NULL);
	if (read(u->go[0], &byte, 1) != 1)
		_exit(1);			/* nobody lets us go */
	execv(u->r->path, u->r->command);
	err = errno;
	if (write(u->failed[1], &err, sizeof(err)) < 0)
		_exit(1);
	_exit(err == ENOENT ? 127 : 126);
}

static int fork_command(struct run *u)
{
	pid_t self = getpid();

	if (pipe2(u->go, O_CLOEXEC) || pipe2(u->failed, O_CLOEXEC))
		return -1;
	u->r->pid = fork();
	if (!u->r->pid)
		become(u, self);
	if (u->r->pid > 0)
		stopped_hand_on(u->r->pid);
	close(u->go[0]);
	close(u->failed[1]);
	u->go[0] = u->failed[1] = -1;
	return u->r->pid < 0 ? -1 : 0;
}

/* Returns 0 when the command has called execve, else what exit status. */
static int release(struct run *u)
{
	int err = 0;

	if (write(u->go[1], "", 1) != 1 ||
	    read(u->failed[0], &err, sizeof(err)) < 0)
		err = errno;
	if (err)
		say("%s: %s", u->r->path, strerror(err));
	return !err ? 0 : err == ENOENT ? 127 : 126;
}

/* ---- strace ---- */

_Noreturn static void become_strace(const struct run *u, pid_t parent)
{
	const struct recording *r = u->r;
	char pid[16], log[4200];
	char *args[16] = { "strace", "-f", "-q", "-yy", "-s", "64", "-p", pid,
			   "-o", log };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGTERM);	/* it detaches then */
	if (getppid() != parent)
		_exit(1);
	umask(S_IRWXG | S_IRWXO);		/* of its log */
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	dup2(u->strace_said, 2);
	snprintf(pid, sizeof(pid), "%d", r->pid);
	/* To strace a name that begins with ! or | is a command for sh. */
	snprintf(log, sizeof(log), "%s%s/strace.log", *r->dir == '/' ? "" : "./",
		 r->dir);
	if (r->ns_precision) {
		args[10] = "--absolute-timestamps=format:unix,precision:ns";
		args[11] = "--syscall-times=ns";
	} else {
		args[10] = "-ttt";
		args[11] = "-T";
	}
	execvp(args[0], args);
	_exit(127);
}

/* The tracer of the thread, 0: none. */
static pid_t tracer_of(pid_t pid, const char *thread)
{
	char path[300], line[256];
	int tracer = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, thread);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (f)
		fclose(f);
	return tracer;
}

static int is_traced(pid_t pid, pid_t by)
{
	struct dirent *e;
	int traced = 1;
	char path[64];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (e = readdir(tasks)))
		if (e->d_name[0] != '.' && tracer_of(pid, e->d_name) != by)
			traced = 0;
	if (tasks)
		closedir(tasks);
	return traced;
}

/*
 * A process that waits for us has been stopped by strace when there is a first
 * line: the call that it waits in.  One that runs may not call anything for
 * long: there it is enough that its threads have a tracer.
 */
static int is_attached(const struct run *u)
{
	char log[4200];
	struct stat st;

	snprintf(log, sizeof(log), "%s/strace.log", u->r->dir);
	if (!u->r->command)
		return is_traced(u->r->pid, u->strace);
	return !stat(log, &st) && st.st_size > 0;
}

/* Why it has ended at once: its first line; a full disk it does not report. */
static void strace_failed(struct run *u)
{
	char said[200] = "";
	ssize_t n = pread(u->strace_said, said, sizeof(said) - 1, 0);
	struct statvfs disk;

	said[n > 0 ? n : 0] = 0;
	said[strcspn(said, "\n")] = 0;
	if (!*said && !statvfs(u->r->dir, &disk) && !disk.f_bavail)
		snprintf(said, sizeof(said), "%.120s: %s", u->r->dir,
			 strerror(ENOSPC));
	snprintf(u->r->without_strace, sizeof(u->r->without_strace), "%s%s",
		 *said ? said : "strace does not attach",
		 strstr(said, "not permitted") ? "; run it as root" : "");
	u->strace = 0;
}

static int start_strace(struct run *u)
{
	pid_t self = getpid();

	if (*u->r->without_strace)
		return 0;
	u->strace_said = memfd_create("strace", MFD_CLOEXEC);
	u->strace = fork();
	if (!u->strace)
		become_strace(u, self);
	for (int ms = 0; u->strace > 0 && !is_attached(u); ms++) {
		if (waitpid(u->strace, NULL, WNOHANG) == u->strace) {
			strace_failed(u);
		} else if (ms == ATTACH_MS) {
			kill(u->strace, SIGKILL);
			waitpid(u->strace, NULL, 0);
			strace_failed(u);
		} else {
			poll(NULL, 0, 1);
		}
	}
	u->r->strace = u->strace;
	if (u->strace > 0)
		return 0;
	say("without strace: %s", u->r->without_strace);
	return u->r->kernel ? 0 : -1;
}

/*
 * strace has seen the end of the command before we have; what it still traces
 * are processes that the command has left behind.  They go on without it.
 */
static void stop_strace(struct run *u)
{
	if (u->strace <= 0)
		return;
	if (waitpid(u->strace, &u->strace_status, WNOHANG) == u->strace) {
		u->strace = 0;
		return;
	}
	kill(u->strace, SIGTERM);
	kill(u->strace, SIGCONT);		/* if it is stopped */
	for (int ms = 0; waitpid(u->strace, NULL, WNOHANG) != u->strace; ms++) {
		if (ms == STRACE_END_MS)
			kill(u->strace, SIGKILL);
		poll(NULL, 0, 1);
	}
	u->strace = 0;
}

/*
 * The error of a write to its log that strace has reported, or 0.  It goes on
 * after that, so the log has a gap.
 */
static int strace_error(const struct run *u)
{
	char said[4400] = "", *at;

	if (u->strace_said < 0 ||
	    pread(u->strace_said, said, sizeof(said) - 1, 0) < 0)
		return 0;
	at = strstr(said, "/strace.log: ");
	for (int err = 1; at && err < 134; err++) {
		const char *text = strerror(err);

		if (!strncmp(at + strlen("/strace.log: "), text, strlen(text)))
			return err;
	}
	return 0;
}

/* ---- while it runs ---- */

/*
 * A signal for us is meant for the command.  One of the terminal has reached
 * it already: we are in the same process group.  Returns 1 for a request to
 * end, which an attached process does not get.
 */
static int hand_on(struct run *u)
{
	struct signalfd_siginfo info;
	int end = 0;

	while (read(u->signals, &info, sizeof(info)) == sizeof(info)) {
		if (u->r->command && info.ssi_code != SI_KERNEL)
			kill(u->r->pid, info.ssi_signo);
		end |= info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM ||
		       info.ssi_signo == SIGHUP || info.ssi_signo == SIGQUIT;
	}
	u->r->interrupted |= end && u->r->command;
	return end && !u->r->command;
}

/*
 * Ctrl-Z does not reach strace.  When somebody else has stopped it, each call
 * of the command would wait for it, and we for the command.
 */
static void continue_strace(const struct run *u)
{
	siginfo_t stop = { 0 };

	if (u->strace <= 0 ||
	    waitid(P_PID, u->strace, &stop, WSTOPPED | WNOHANG) || !stop.si_pid)
		return;
	kill(u->strace, SIGCONT);
	say("strace was stopped (%s), and iomodels continued it: in the log, a "
	    "call may seem to take as long as the stop",
	    strsignal(stop.si_status));
}

static void wait_for_end(struct run *u)
{
	int pidfd = syscall(SYS_pidfd_open, u->r->pid, 0);

	for (;;) {
		struct pollfd p[2] = {
			{ .fd = u->signals, .events = POLLIN },
			{ .fd = pidfd, .events = POLLIN },
		};

		poll(p, 2, u->strace > 0 ? LOOK_MS : -1);
		continue_strace(u);
		if (p[0].revents && hand_on(u))
			break;
		if (p[1].revents & (POLLIN | POLLERR | POLLNVAL))
			break;
	}
	stopped_hand_on(0);			/* the number may be another's soon */
	if (u->r->command)
		waitpid(u->r->pid, &u->r->status, 0);
	close(pidfd);
}

/* ---- after ---- */

/* What our child did before the execve of the command is not part of it. */
static void trim_kernel(struct recording *r)
{
	r->events = kernel_events(r->kernel, &r->n);
	if (!r->command)
		return;
	for (long i = 0; i < r->n; i++) {
		const struct kernel_event *e = &r->events[i];

		if (e->pid != r->pid || strcmp(e->name, "sys_enter") ||
		    strcmp(syscall_name(event_number(e, "id", -1)), "execve"))
			continue;
		r->events += i;
		r->n -= i;
		return;
	}
}

static int write_kernel(const struct recording *r)
{
	char path[4200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/kernel.log", r->dir);
	f = fopen(path, "we");
	for (long i = 0; f && i < r->n; i++)
		kernel_print(r->kernel, &r->events[i], f);
	if (!f)
		return -1;
	/* An error of an earlier write has no errno any more. */
	if (ferror(f)) {
		fclose(f);
		errno = ENOSPC;
		return -1;
	}
	return fclose(f);
}

static void say_lost(const struct recording *r)
{
	if (r->lost <= 0)
		return;
	say("THE KERNEL LOST %ld EVENTS; kernel.log has gaps:", r->lost);
	for (int cpu = 0; cpu < kernel_processors(r->kernel); cpu++)
		if (kernel_lost(r->kernel, cpu))
			say("  processor %d: %ld", cpu,
			    kernel_lost(r->kernel, cpu));
}

static void say_result(const struct recording *r)
{
	char bound[64] = "", lines[64] = "", events[64] = "";

	if (!*r->without_strace)
		snprintf(lines, sizeof(lines), ", %ld lines of strace",
			 r->lines);
	if (r->kernel)
		snprintf(events, sizeof(events), ", %ld kernel events, %ld "
			 "lost", r->n, r->lost);
	if (r->aligned && r->alignment.proved)
		snprintf(bound, sizeof(bound), ", the clocks agree within %.1f us",
			 r->alignment.bound_ns / 1e3);
	say("%s%s%s%s", r->dir, lines, events, bound);
}

/* The three files, or -1 with errno. */
static int write_files(struct run *u)
{
	struct recording *r = u->r;
	int err = strace_error(u);

	if (err) {
		errno = err;
		return -1;
	}
	if (r->kernel) {
		trim_kernel(r);
		if (write_kernel(r))
			return -1;
	}
	if (!*r->without_strace && r->read && r->read(r))
		return -1;
	return manifest_write(r);
}

/*
 * What was read and sent is in it: it is for its owner alone.  A log that was
 * cut would be explained as if that were all: it is not kept.
 */
static int write_folder(struct run *u)
{
	struct recording *r = u->r;
	const struct alignment *a = &r->alignment;
	mode_t before = umask(S_IRWXG | S_IRWXO);

	r->failed = u->spool_error || u->strace_status ? -1 : write_files(u);
	umask(before);
	if (u->strace_status) {
		int sig = WTERMSIG(u->strace_status);

		say("strace ended too early, %s %d%s%s%s: what was recorded is "
		    "not complete and is not kept", sig ? "by signal" :
		    "with status", sig ? sig : WEXITSTATUS(u->strace_status),
		    sig ? " (" : "", sig ? strsignal(sig) : "", sig ? ")" : "");
		return -1;
	}
	if (u->spool_error) {
		say("TMPDIR %s: %s: the kernel's records are not complete and "
		    "nothing is kept; use a TMPDIR with more room", lab_tmp(),
		    strerror(u->spool_error));
		return -1;
	}
	if (r->failed) {
		say("%s: %s: what was recorded is not complete and is not kept%s",
		    r->dir, strerror(errno), errno == ENOSPC ?
		    "; use a folder on a file system with more room" : "");
		return -1;
	}
	if (r->aligned && !a->proved)
		say("THE CLOCKS OF strace.log AND kernel.log DO NOT AGREE: their "
		    "difference is %lld to %lld ns",
		    (long long)a->least_ns, (long long)a->most_ns);
	if (r->kernel)
		say_lost(r);
	if (r->stopped)
		say("stopped for %.1f s (Ctrl-Z)%s", r->stopped / 1e9,
		    r->kernel ? "; kernel.log has no events of sockets and "
		    "io_uring from this time" : "");
	say_result(r);
	return 0;
}

/* ---- the whole ---- */

static int begin(struct run *u)
{
	struct recording *r = u->r;
	int status = 0;

	if (r->command && fork_command(u)) {
		say("cannot create a process for the command: %s%s",
		    strerror(errno), errno == EMFILE ?
		    "; raise the limit of descriptors (ulimit -n)" : "");
		return 1;
	}
	if (start_strace(u))
		return 1;
	if (u->strace && r->kernel)
		kernel_leave_out(r->kernel, u->strace);
	if (r->kernel && kernel_follow(r->kernel, r->pid)) {
		say("process %d: tracefs does not accept its number: %s", r->pid,
		    strerror(errno));
		return 1;
	}
	r->began = realtime_ns();
	if (r->command)
		status = release(u);
	else
		say("attached to process %d; SIGINT (Ctrl-C) ends the capture",
		    r->pid);
	return status;
}

/* The command was never started: our child must not wait for ever. */
static void give_up(struct run *u)
{
	stopped_hand_on(0);
	if (u->r->command && u->r->pid > 0) {
		kill(u->r->pid, SIGKILL);
		waitpid(u->r->pid, NULL, 0);
	}
	stop_strace(u);
}

static int run(struct run *u)
{
	struct recording *r = u->r;
	int status = begin(u);

	if (status) {
		give_up(u);
		return status;
	}
	wait_for_end(u);
	r->ended = realtime_ns();
	r->stopped = stopped_ns();
	stop_strace(u);
	if (r->kernel) {
		r->lost = kernel_end(r->kernel);
		u->spool_error = r->lost < 0 ? errno : 0;
	}
	status = write_folder(u) ? 1 : 0;
	if (!r->command)
		return status;
	if (WIFSIGNALED(r->status))
		return 128 + WTERMSIG(r->status);
	return WEXITSTATUS(r->status) ? WEXITSTATUS(r->status) : status;
}

int record(struct recording *r)
{
	struct run u = {
		.r = r, .go = { -1, -1 }, .failed = { -1, -1 },
		.strace_said = -1,
	};
	int status;

	said_by = r->said_by ? r->said_by : "iomodels capture";
	status = r->command ? find_command(r) : 0;
	if (status)
		return status;
	stopped_catch();
	take_signals(&u);		/* before there is anything to remove */
	status = choose_sides(r) ? 1 : run(&u);
	for (int i = 0; i < 2; i++) {
		if (u.go[i] >= 0)
			close(u.go[i]);
		if (u.failed[i] >= 0)
			close(u.failed[i]);
	}
	if (u.strace_said >= 0)
		close(u.strace_said);
	close(u.signals);
	sigprocmask(SIG_SETMASK, &u.before, NULL);
	return status;
}

void record_free(struct recording *r)
{
	kernel_free(r->kernel);
	r->kernel = NULL;
	free(r->files.at);
	r->files = (struct text){ 0 };
}

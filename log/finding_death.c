/* SPDX-License-Identifier: MIT */
/*
 * finding_death.c - killed by which signal, at which address, by whom
 *
 * SIGTERM and the like end a server from outside in normal use: a note. So is
 * SIGKILL where the log shows who sent it.
 */
#include <limits.h>
#include <signal.h>
#include "account.h"
#include "finding_look.h"

enum { MAPPED = 16, NO_LENGTH = -1 };

struct in_memory {			/* a file in memory: the last MAPPED ones */
	unsigned long long start, end, offset;
	unsigned long line;
	long pid;
	/* What last gave the file its length, and which; NO_LENGTH: unknown. */
	unsigned long sized_line;
	long long length;
	char by[16], name[100];
};

static const long long FULL_NS = 1000LL * MS;	/* a write that waited */
static const long long COMPUTED_NS = 900LL * MS;	/* before a SIGKILL */

static const struct about
crash = { "killed-by-signal", SEVERITY_FAULT,
	"the process was killed by a signal",
	"The program did something that the processor or the kernel does not "
	"allow (SIGSEGV, SIGBUS, SIGILL, SIGFPE), or called abort (SIGABRT).",
	"Look at the core file or run the program in a debugger; its last "
	"call shows how far it had come.", NULL },
by_seccomp = { "killed-by-seccomp", SEVERITY_FAULT,
	"killed by SIGSYS: a seccomp filter does not allow the call",
	"For this call the filter does not return an errno: it kills the "
	"process, or raises SIGSYS (trap), for which there is no handler.",
	"Allow the call in the filter (the container's or service's profile).",
	NULL },
background = { "background-terminal", SEVERITY_NOTE,
	"a background process reads or changes its terminal",
	"The kernel sends SIGTTIN to a process that reads from its terminal and "
	"SIGTTOU to one that changes it, while another process group is in the "
	"foreground. The process has a handler or goes on later.",
	"Start it in the foreground, or ignore the signal while it changes the "
	"terminal.", NULL },
in_background = { "background-terminal", SEVERITY_COST,
	"a background process reads or changes its terminal",
	"The kernel sends SIGTTIN to a process that reads from its terminal and "
	"SIGTTOU to one that changes it, while another process group is in the "
	"foreground. A call that is restarted gets the signal again.",
	"Start it in the foreground, or ignore the signal while it changes the "
	"terminal.", NULL },
trapped = { "seccomp-trap", SEVERITY_NOTE,
	"a seccomp filter raises SIGSYS for a call",
	"The filter's action is a trap: the call is not made, and the handler of "
	"SIGSYS may do something else instead of it.",
	"Allow the call in the filter, if the program needs it.", NULL },
trapped_only = { "seccomp-trap", SEVERITY_FAULT,
	"a seccomp filter raises SIGSYS for a call",
	"The filter's action is a trap: the call is not made. Without a handler of "
	"SIGSYS the program is killed.",
	"Allow the call in the filter (the container's or service's profile).",
	NULL },
sigpipe = { "sigpipe", SEVERITY_FAULT,
	"killed by SIGPIPE",
	"The process wrote to a pipe or socket that nobody reads any more; "
	"the signal ends the whole process.",
	"Ignore SIGPIPE or send with MSG_NOSIGNAL, and handle EPIPE.",
	"It is a command in a pipeline whose reader has seen enough (head)." },
sigpipe_child = { "sigpipe-child", SEVERITY_NOTE,
	"a child was killed by SIGPIPE",
	"Its reader had seen enough; the program itself ended with status 0.",
	"Nothing to do: the first part of a pipeline often ends like this.", NULL },
sigpipe_closed = { "sigpipe-child", SEVERITY_NOTE,
	"a child was killed by SIGPIPE",
	"The reader of its output closed the pipe or ended, and another process "
	"of the program ended with a failure and a message.",
	"Find out why the reader stopped: look at its message.", NULL },
by_timer = { "killed-by-timer", SEVERITY_FAULT,
	"killed by its own timer or limit",
	"SIGALRM comes from alarm, setitimer or timer_create, SIGXCPU from "
	"RLIMIT_CPU (or RLIMIT_RTTIME, in a thread with a real-time policy), "
	"SIGXFSZ from RLIMIT_FSIZE. Without a handler they end the process.",
	"Find out what the process was waiting for, or raise the limit.",
	"The timer is an intended time limit." },
by_kill = { "killed-from-outside", SEVERITY_FAULT,
	"killed by SIGKILL, sent from outside the log",
	"The log does not show which of these sent it: the kernel's "
	"out-of-memory killer, a memory limit of the cgroup, the hard limit "
	"RLIMIT_CPU or RLIMIT_RTTIME, cgroup.kill, the end of the first process "
	"of its PID namespace (container), a supervisor, or kill -9.",
	"Look for \"Killed process\" in dmesg, at memory.events of the "
	"cgroup (oom_kill), and at ulimit -Ht.", "Somebody stopped it on purpose." },
child = { "child-killed", SEVERITY_FAULT,
	"child processes were killed by a signal",
	"SIGCHLD and wait4 tell how a child ended, also a child that strace did "
	"not follow.",
	"Trace the child (strace -f), or look at its core file and its log; "
	"after SIGKILL look for \"Killed process\" in dmesg.", NULL },
child_inside = { "child-killed", SEVERITY_FAULT,
	"a child process was killed by a signal, and the program failed",
	"The log shows who sent the signal. The program ended with a failure "
	"after that, and no failed call explains it.",
	"Look at what the sender did before it sent the signal.",
	"The program failed for another reason." },
child_outside = { "child-killed", SEVERITY_FAULT,
	"a child process was killed by a signal, and the program failed",
	"The signal came from outside the log, and only to the child. The program "
	"ended with a failure after that, and no failed call explains it.",
	"Find out who ended the child: a supervisor, a script or a user.",
	"The program failed for another reason." },
child_orphan = { "child-killed", SEVERITY_FAULT,
	"a child process got its parent death signal, and the program failed",
	"PR_SET_PDEATHSIG sends the signal when the thread that made the "
	"process ends, even if other threads of its process go on.",
	"Start the child from a thread that lives as long as the program, or "
	"do without PR_SET_PDEATHSIG.", "The parent was meant to end." },
hung_up = { "killed-by-hangup", SEVERITY_FAULT,
	"killed by SIGHUP: mostly its terminal was closed",
	"The kernel sends SIGHUP when a terminal is closed (its window, the ssh "
	"connection) and when the leader of the session ends. A process group "
	"that has a stopped process gets it, too, when its parent (a shell, "
	"make) has ended, because nobody is left to continue it.",
	"Start it with nohup or setsid, in tmux, or as a service.",
	"The terminal was closed on purpose." },
stopped = { "stopped-by-signal", SEVERITY_FAULT,
	"a signal stopped the process, and it made no call after that",
	"SIGTTIN stops a process in the background that reads from its "
	"terminal. SIGTTOU stops one that changes the terminal or, with stty "
	"tostop, writes to it. SIGTSTP is ^Z. The process runs again when "
	"SIGCONT comes.",
	"Redirect its input and output, or start it in the foreground; kill "
	"-CONT PID continues it.", "It was stopped on purpose." },
ended = { "ended-by-signal", SEVERITY_NOTE,
	"ended by a signal",
	"Most signals end a process that has no handler for them. SIGTERM, SIGINT "
	"and SIGHUP ask it to end; SIGKILL ends any process.",
	"Nothing to do if the process was meant to end.", NULL };

static struct dying *dying_of(struct findings *f, const struct process *p)
{
	struct dying *d = map_get(&f->dying, p->pid);

	if (!d) {
		d = need(calloc(1, sizeof(*d)));
		map_put(&f->dying, p->pid, d);
	}
	return d;
}

static void copy(char *to, size_t size, struct slice s)
{
	slice_copy(s, to, size);
}

/* prctl(PR_SET_PDEATHSIG, SIGTERM) */
static void asks_for_death(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;
	struct dying *d;

	if (!slice_is(l->name, "prctl") || l->n_args < 2 ||
	    !slice_is(l->arg[0], "PR_SET_PDEATHSIG") || l->error.len)
		return;
	d = dying_of(f, st->task->process);
	d->death_signal = signal_number(l->arg[1]);
	d->death_line = st->event->first;
}

static void signalled(struct findings *f, struct step *st)
{
	const struct line *l = st->event->line;
	struct dying *d = dying_of(f, st->task->process);
	struct slice pid = line_field(l->args, "si_pid");

	d->signal = st->signal;
	d->line = st->event->first;
	copy(d->code, sizeof(d->code), line_field(l->args, "si_code"));
	copy(d->addr, sizeof(d->addr), line_field(l->args, "si_addr"));
	copy(d->filtered, sizeof(d->filtered), slice_after(
		     line_field(l->args, "si_syscall"), "__NR_"));
	d->sender = pid.len ? slice_number(pid, NULL) : 0;
}

/* --- SIGTTOU {si_signo=SIGTTOU, si_code=SI_KERNEL} --- */
static void wants_terminal(struct findings *f, const struct step *st)
{
	const struct dying *now = dying_of(f, st->task->process);
	struct slice name = st->event->line->name;
	struct finding *d;

	if (strcmp(now->code, "SI_KERNEL"))
		return;				/* a shell sends it itself */
	d = finding_add(f, &background, st->task->process->pid, 1, 0);
	finding_line(d, st->event->first);
	finding_says(d, "the program is in the background of its terminal: "
		     "%.*s came when it %s (%lu time%s)", (int)name.len, name.at,
		     st->signal == SIGTTIN ? "read from the terminal"
			: "wrote to the terminal or changed it",
		     d->count, d->count == 1 ? "" : "s");
}

/* "...does not allow getpid; nor read" has read, and no get. */
static int has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	while ((text = strstr(text, word))) {
		if (text[-1] == ' ' && (!text[len] || text[len] == ';'))
			return 1;
		text += len;
	}
	return 0;
}

/* --- SIGSYS {si_code=SYS_SECCOMP, si_syscall=__NR_getpid, ...} --- */
static void filtered(struct findings *f, const struct step *st)
{
	const struct dying *now = dying_of(f, st->task->process);
	struct finding *d;
	size_t len;

	if (strcmp(now->code, "SYS_SECCOMP") || !*now->filtered)
		return;
	d = finding_add(f, &trapped, st->task->process->pid, 1, 0);
	finding_line(d, st->event->first);
	len = strlen(d->says);
	if (!len)
		finding_says(d, "SIGSYS: a seccomp filter does not allow %s",
			     now->filtered);
	else if (!has_word(d->says + 1, now->filtered) && len + 60 < sizeof(d->says))
		snprintf(d->says + len, sizeof(d->says) - len, " or %s",
			 now->filtered);
}

/* --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=9, ...} --- */
static void child_died(struct findings *f, struct step *st)
{
	struct slice args = st->event->line->args;
	struct slice code = line_field(args, "si_code");
	struct slice status = line_field(args, "si_status");
	long pid = slice_number(line_field(args, "si_pid"), NULL);
	int sig = signal_number(status);
	const struct task *task;
	char who[64];
	struct finding *d;

	if (!slice_is(code, "CLD_KILLED") && !slice_is(code, "CLD_DUMPED"))
		return;
	/* Its own lines, if there are any, say more; kill asked for it. */
	task = map_get(&f->world->tasks, pid);
	if ((task && task->spoke) || map_get(&f->dying, pid) ||
	    map_get(&f->kills, pid))
		return;
	switch (sig) {
	case 4: case 6: case 7: case 8: case 9: case 11: case 31: break;
	default: return;
	}
	f->child_signal = sig;
	d = finding_add(f, &child, st->task->process->pid, 1, 0);
	d->added = d->count;
	finding_line(d, st->event->first);
	finding_says(d, "%lu child process%s of %s %s killed by a signal: "
		     "%s%ld by %.*s; the log has no call of the child that "
		     "shows why", d->count, d->count == 1 ? "" : "es",
		     process_text(task_name(st->task), st->task->process->pid,
				  who, sizeof(who)), d->count == 1 ? "was" :
		     "were", d->count == 1 ? "pid " : "the last one was pid ",
		     pid, (int)status.len, status.at);
}

static const struct about *about_of(int sig, const struct dying *d, long pid,
				    const char *sender)
{
	switch (sig) {
	case 13: return &sigpipe;
	case 31:
		return d->signal == sig && d->sender ? &ended : &by_seccomp;
	case SIGHUP:
		return d->signal == sig && !strcmp(d->code, "SI_KERNEL")
			? &hung_up : &ended;
	case 25: return &by_timer;
	case 14: case 24: case 26: case 27:
		/* timeout -s ALRM: the timer is another's. */
		return d->signal == sig && d->sender && d->sender != pid
			? &ended : &by_timer;
	case 9: return *sender ? &ended : &by_kill;
	case 3: case 4: case 5: case 6: case 7: case 8: case 11: case 16:
		/* kill -SEGV from outside is not a crash of its own. */
		return sig == 3 || (d->sender && d->sender != pid && sig != 6)
			? &ended : &crash;
	default: return &ended;
	}
}

/* "; sent by pid 7 (line 12)" when the log has the call. */
static void sender_text(struct findings *f, long pid, int sig, long sender,
			char *text, size_t size)
{
	struct tracks *t = sent_by(f, pid, sig);

	*text = 0;
	if (t && (long)t->n == pid)
		snprintf(text, size, "; it sent the signal itself (line %lu)",
			 t->line[0]);
	else if (t)
		snprintf(text, size, "; pid %lu sent the signal (line %lu)",
			 t->n, t->line[0]);
	else if (sender && f->saw_pid && sender != pid)
		snprintf(text, size, "; pid %ld sent the signal, from outside "
			 "the log", sender);
}

/* "read", or "statx (/mnt/x), which had not returned" */
static const char *open_call(const struct task *t, const char *last,
			     char *text, size_t size)
{
	const struct unreturned *o = t->unreturned;
	char note[128];

	if (!o || strcmp(o->name, last))
		return last;
	snprintf(text, size, "%s%s, which had not returned", last,
		 wait_note(o->what, o->call, o->object, note, sizeof(note)));
	return text;
}

/* What si_code says more than its name. */
static const char *code_text(const struct dying *d)
{
	static const struct { const char *code, *text; } codes[] = {
		{ "BUS_ADRERR", ", beyond the end of a mapped file, where the "
		  "page cannot be read (a disk error), or where there is no "
		  "room for it (a full tmpfs such as /dev/shm, or no huge "
		  "page)" },
		{ "ILL_ILLOPN", ", an instruction that the processor does not "
		  "have or that the compiler put there to end the program" },
		{ "ILL_ILLOPC", ", an instruction that the processor does not "
		  "have or that the compiler put there to end the program" },
		{ "FPE_INTDIV", ", a division of an integer by zero, or of the "
		  "smallest one by -1" },
	};

	for (unsigned i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (!strcmp(d->code, codes[i].code))
			return codes[i].text;
	return "";
}

/* ---- files in memory, for SIGBUS ---- */

/* mmap(NULL, 8192, PROT_READ, MAP_SHARED, 3, 0) = 0x7f12; libraries are not kept */
static void map_file(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;
	const char *name = st->file ? st->file->name : NULL;
	struct in_memory *m, *same = NULL;

	if (!name || l->n_args < 6 || l->flags & (LINE_HAS_ERROR |
	    LINE_NO_RETURN) || slice_find(l->arg[2], "PROT_EXEC") ||
	    slice_find(l->arg[3], "MAP_DENYWRITE") || strstr(name, ".so"))
		return;
	if (!f->mapped)
		f->mapped = need(calloc(MAPPED, sizeof(*f->mapped)));
	for (unsigned i = 0; i < MAPPED; i++)
		if (!strcmp(f->mapped[i].name, name))
			same = &f->mapped[i];
	m = &f->mapped[f->n_mapped++ % MAPPED];
	if (same && same != m) {
		m->length = same->length;
		m->sized_line = same->sized_line;
		memcpy(m->by, same->by, sizeof(m->by));
	} else if (!same) {
		m->length = NO_LENGTH;
	}
	m->start = l->ret;
	m->end = m->start + slice_number(l->arg[1], NULL);
	m->offset = slice_number(l->arg[5], NULL);
	m->line = st->event->first;
	m->pid = st->task->process->pid;
	snprintf(m->name, sizeof(m->name), "%s", name);
}

static void size_file(struct findings *f, const struct step *st, const char *name,
		      size_t len, long long length)
{
	for (unsigned i = 0; i < MAPPED && f->mapped; i++) {
		struct in_memory *m = &f->mapped[i];

		if (!m->line || strlen(m->name) != len ||
		    memcmp(m->name, name, len))
			continue;
		m->length = length;
		m->sized_line = st->event->first;
		copy(m->by, sizeof(m->by), st->event->line->name);
	}
}

/* ftruncate(3, 0), truncate("x", 0), openat(AT_FDCWD, "x", O_RDWR|O_TRUNC) */
static void resize(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;
	const struct file *file;
	struct slice path;

	if (!f->mapped || l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN))
		return;
	if (slice_starts(l->name, "ftruncate") && l->n_args > 1) {
		file = table_at(st->task->fds, line_fd(l->arg[0], &path));
		if (file && file->name)
			size_file(f, st, file->name, strlen(file->name),
				  slice_number(l->arg[1], NULL));
	} else if (slice_starts(l->name, "truncate") && l->n_args > 1) {
		path = slice_quoted(l->args, "\"");
		size_file(f, st, path.at, path.len,
			  slice_number(l->arg[1], NULL));
	} else if ((st->event->call == CALL_OPEN ||
		    st->event->call == CALL_OPENAT) && st->made &&
		   st->made->name && slice_find(l->args, "O_TRUNC")) {
		size_file(f, st, st->made->name, strlen(st->made->name), 0);
	}
}

/* In which file the address is, and whether the file still reached so far. */
static int bus_text(const struct findings *f, const struct dying *d,
		    const struct process *p, char *text, size_t size)
{
	enum { PAGE = 4096 };		/* (Larger ones are rounded up more.) */
	struct slice s = { d->addr, strlen(d->addr) };
	unsigned long long at = slice_number(s, NULL), in;

	for (unsigned i = 1; i <= MAPPED && i <= f->n_mapped; i++) {
		const struct in_memory *m = &f->mapped[(f->n_mapped - i) % MAPPED];

		if (at < m->start || at >= m->end ||
		    (m->pid != p->pid && m->pid != p->parent))
			continue;
		in = at - m->start + m->offset;
		if (m->length != NO_LENGTH && in / PAGE * PAGE >=
		    (unsigned long long)m->length)
			snprintf(text, size, ", in %s (mapped in line %lu), "
				 "beyond the end that %s gave the file (line "
				 "%lu: %lld bytes)", m->name, m->line, m->by,
				 m->sized_line, m->length);
		else
			snprintf(text, size, ", in %s (mapped in line %lu): the "
				 "page is beyond the end of the file, cannot be "
				 "read (a disk error), or finds no room (a full "
				 "tmpfs such as /dev/shm, or no huge page)",
				 m->name, m->line);
		return 1;
	}
	return 0;
}

/* Its reader did not read, and then went: the wait is what matters. */
static void full_pipe(struct finding *d, const struct habits *h,
		      const char *who)
{
	char span[24];

	finding_line(d, h->signals->epipe_line);
	d->cost_ns = h->signals->epipe_ns;
	finding_says(d, "%s waited %s in %s for room in %s, until the reader, "
		     "which did not read, closed it: SIGPIPE killed the writer",
		     who, span_text(d->cost_ns, span, sizeof(span)),
		     h->last_call, h->signals->epipe_on);
}

/* It was in no call, and the last one was for memory, which it may have used. */
static int used_memory(const struct habits *h, const struct step *st)
{
	return !st->task->unreturned && (!strcmp(h->last_call, "mmap") ||
		!strcmp(h->last_call, "mremap") || !strcmp(h->last_call, "brk"));
}

static void killed(struct findings *f, const struct habits *h, struct step *st)
{
	struct process *p = st->task->process;
	struct dying *d = dying_of(f, p);
	struct slice name = st->event->line->name;
	int sig = signal_number(name);
	const struct about *a;
	struct finding *found;
	char sender[120], who[64], in[200], limit[200] = "", file[300], span[24];
	const char *code;

	if (sig == 9 && d->cpu_line)
		snprintf(limit, sizeof(limit), "; SIGXCPU came before (line %lu): "
			 "the hard limit RLIMIT_CPU (ulimit -Ht) kills with SIGKILL",
			 d->cpu_line);
	else if (sig == 9 && f->cpu_limit)
		snprintf(limit, sizeof(limit), "; RLIMIT_CPU was set (line %lu): "
			 "its hard limit kills with SIGKILL", f->cpu_limit);
	else if (sig == 9 && used_memory(h, st))
		snprintf(limit, sizeof(limit), "; perhaps it then used more "
			 "memory, and the out-of-memory killer or the cgroup's "
			 "limit ended it (dmesg tells)");
	else if (sig == 9 && !st->task->unreturned &&
		 h->rest_ns >= COMPUTED_NS)
		snprintf(limit, sizeof(limit), "; it made no call in the last %s: "
			 "perhaps it computed and reached RLIMIT_CPU (ulimit -t), or "
			 "it used more memory than there is (dmesg tells)",
			 span_text(h->rest_ns, span, sizeof(span)));
	sender_text(f, p->pid, sig, d->signal == sig ? d->sender : 0, sender,
		    sizeof(sender));
	if (d->death_signal == sig && !sent_by(f, p->pid, sig))
		snprintf(sender, sizeof(sender), "; PR_SET_PDEATHSIG asked for "
			 "it (line %lu): its parent thread ended", d->death_line);
	a = about_of(sig, d, p->pid, sent_by(f, p->pid, sig) ? sender : "");
	found = finding_add(f, a, p->pid, 0, 0);
	if (found->count)
		return;				/* another thread of it */
	found->count = 1;
	found->fatal = a != &ended;
	d->killed = sig;
	finding_line(found, d->line);
	finding_line(found, st->event->first);
	if (a == &sigpipe && h->signals && h->signals->epipe_ns) {
		full_pipe(found, h, process_text(task_name(st->task), p->pid,
						 who, sizeof(who)));
		return;
	}
	code = d->signal == sig ? code_text(d) : "";
	if (sig == SIGBUS && d->signal == sig && f->mapped &&
	    !strcmp(d->code, "BUS_ADRERR") &&
	    bus_text(f, d, p, file, sizeof(file)))
		code = file;
	finding_says(found, "%s was killed by %.*s%s%s%s%s%s%s%s%s%s%s%s%s%s",
		     process_text(task_name(st->task), p->pid, who,
				  sizeof(who)), (int)name.len, name.at,
		     a == &by_timer && sig == 24 ? ": RLIMIT_CPU (ulimit -t) or "
		     "RLIMIT_RTTIME" :
		     sig == 25 ? ": RLIMIT_FSIZE (ulimit -f)" :
		     a == &by_seccomp ? ": a seccomp filter does not allow " :
		     a == &hung_up ? ": its terminal was closed, or the leader "
		     "of its session ended (or, if it was stopped, its parent)"
		     : "",
		     a != &by_seccomp ? "" : d->signal == sig && *d->filtered ?
		     d->filtered : st->task->unreturned ?
		     st->task->unreturned->name : "a call",
		     d->signal == sig && *d->addr ? " at address " : "",
		     d->signal == sig ? d->addr : "",
		     d->signal == sig && *d->code ? " (" : "",
		     d->signal == sig ? d->code : "",
		     d->signal == sig && *d->code ? ")" : "",
		     code,
		     slice_find(st->event->line->text, "core dumped")
		     ? ", core dumped" : "",
		     *h->last_call ? "; its last call was " : "",
		     open_call(st->task, h->last_call, in, sizeof(in)),
		     sender, a == &by_kill ? limit : "");
}

/* A crash, or kill -9: the child could not end in order. */
static int is_violent(int sig)
{
	return (sig >= 4 && sig <= 9) || sig == 11;
}

/* SIGHUP, SIGINT, SIGTERM from a process that has no line. */
static int is_from_outside(const struct findings *f, const struct dying *d)
{
	return (d->killed == SIGHUP || d->killed == SIGINT ||
		d->killed == SIGTERM) && d->signal == d->killed && d->sender &&
	       !map_get(&f->world->tasks, d->sender) &&
	       !map_get(&f->dying, d->sender);
}

/*
 * kill -9 in the log, or another signal from outside, and then the program failed.
 * (One that kills its own child may do so because it failed.)
 */
static void blame_killer(struct findings *f, struct finding *d)
{
	const struct dying *dying = map_get(&f->dying, d->pid);
	const struct tracks *t;
	char who[64];
	size_t len = strlen(d->says);
	int outside, orphan;

	if (!dying || finding_is_first(f, d->pid))
		return;
	t = sent_by(f, d->pid, dying->killed);
	outside = !t && is_from_outside(f, dying);
	orphan = !t && dying->death_signal == dying->killed;
	/* (One that says why it ended kills its child because of that.) */
	if (!outside && !orphan && (!is_violent(dying->killed) || !t ||
			 (finding_is_first(f, t->n) && finding_first_status(f) !=
			  128 + dying->killed && finding_has_message(f))))
		return;
	if (!finding_failed_after(f, d->line[d->n_lines - 1], who, sizeof(who)))
		return;
	d->about = orphan ? &child_orphan : outside ? &child_outside
						    : &child_inside;
	d->fatal = 1;
	snprintf(d->says + len, sizeof(d->says) - len, "; %s ended with status "
		 "%d after it", who, finding_first_status(f));
}

/* A loop without progress: somebody then ended the program, from outside. */
static int was_looping(const struct findings *f)
{
	const struct finding *d = f->first;

	while (d && (d->about->severity != SEVERITY_FAULT ||
		     (strncmp(d->about->id, "spin", 4) &&
		      strcmp(d->about->id, "busy-ask"))))
		d = d->next;
	return d != NULL;
}

/* yes | head: what the child wrote to has ended, and all is well. */
void death_log_ends(struct findings *f)
{
	enum {
		STATUS = 128 + 13,		/* a shell's, of SIGPIPE */
		TURNS_MIN = 8,			/* SIGTTOU */
		PIECE = 20,			/* calls that somebody chose */
	};
	struct finding *d;

	for (d = f->first; d; d = d->next)
		if (!strcmp(d->about->id, "killed-from-outside") &&
		    was_looping(f))
			d->fatal = 0;
	for (d = f->first; d; d = d->next)
		if (d->about == &trapped && !f->calls) {
			d->about = &trapped_only;	/* grep SIGSYS */
			d->fatal = 1;
		} else if (d->about == &background && (d->count >= TURNS_MIN ||
			(f->calls <= PIECE && finding_first_status(f)))) {
			d->about = &in_background;
		} else if (d->about == &ended)
			blame_killer(f, d);
		else if (d->about == &child && finding_is_first(f, d->pid) &&
			 finding_first_status(f) == 128 + f->child_signal)
			d->fatal = 1;		/* it passes the status on */
		else if (d->about == &sigpipe && !finding_is_first(f, d->pid) &&
		    finding_first_status(f) == STATUS)
			f->passed_on = 1;
		else if (d->about == &sigpipe && !finding_is_first(f, d->pid) &&
		    !finding_first_status(f)) {
			d->about = &sigpipe_child;
			d->fatal = 0;
		} else if (d->about == &sigpipe && !finding_is_first(f, d->pid) &&
			   finding_has_message(f)) {
			d->about = &sigpipe_closed;
			d->fatal = 0;
		}
}

/* kill(12, SIGTERM), tgkill(12, 12, SIGABRT): of another process. */
static void sent(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;
	long pid;
	int sig;
	struct tracks *t;

	if (l->n_args < 2 || l->flags & LINE_HAS_ERROR ||
	    slice_is(l->arg[l->n_args - 1], "0"))
		return;
	pid = slice_number(l->arg[0], NULL);
	if (pid < 0 || slice_is(l->arg[0], "0"))	/* a group */
		pid = KILLS_GROUP;
	sig = signal_number(l->arg[l->n_args - 1]);
	/* SIGCHLD to SIGTTOU, SIGURG and SIGWINCH end nobody. */
	if (pid <= 0 || f->kills.used > 10000 || (sig >= 17 && sig <= 23) ||
	    sig == 28)
		return;
	t = map_get(&f->kills, pid);
	if (!t) {
		t = need(calloc(1, sizeof(*t)));
		map_put(&f->kills, pid, t);
	}
	t->n = st->task->process->pid;
	t->line[0] = st->event->first;
	t->line[1] = sig;			/* 0: unknown */
}

static const char *why_stopped(const char *signal)
{
	return !strcmp(signal, "SIGTTIN") ? ": it is in the background and "
					    "read from its terminal" :
	       !strcmp(signal, "SIGTTOU") ? ": it is in the background and "
		"wrote to its terminal or changed it" : "";
}

void death_task_ends(struct findings *f, struct habits *h, struct task *t)
{
	const struct signals *s = h->signals;
	struct finding *d;
	char who[64], end[40] = "and not continued";

	if (!s || !s->stopped_line)
		return;
	d = finding_add(f, &stopped, t->process->pid, 0, 0);
	if (d->count)
		return;				/* another thread of it */
	d->count = 1;
	if (f->last_ns != NO_TIME && s->stopped_ns != NO_TIME)
		d->cost_ns = f->last_ns - s->stopped_ns;
	d->fatal = 1;
	finding_line(d, s->stopped_line);
	/* (SIGTERM ends it only with a SIGCONT, which it may not live to see.) */
	if (*s->stop_ended)
		snprintf(end, sizeof(end), "until %s ended it", s->stop_ended);
	finding_says(d, "%s was stopped by %s (line %lu) %s%s",
		     process_text(task_name(t), t->process->pid, who,
				  sizeof(who)), s->stopped_by,
		     s->stopped_line, end, why_stopped(s->stopped_by));
}

/*
 * prlimit64(0, RLIMIT_CPU, {rlim_cur=1, rlim_max=1}, NULL) = 0; sudo and sshd set
 * RLIM64_INFINITY.
 */
static int sets_cpu_limit(const struct line *l)
{
	return (slice_is(l->name, "prlimit64") || slice_is(l->name, "setrlimit")) &&
	       slice_find(l->args, "RLIMIT_CPU, {") && !l->ret &&
	       !slice_starts(line_field(l->args, "rlim_max"), "RLIM");
}

void death_note(struct findings *f, struct habits *h, struct step *st)
{
	const struct event *e = st->event;

	if (e->kind == EVENT_STOPPED) {
		struct signals *s = signals_of(h);

		s->stopped_line = e->first;
		s->stopped_ns = e->start_ns;
		copy(s->stopped_by, sizeof(s->stopped_by), e->line->name);
	} else if (h->signals && e->last > h->signals->stopped_line &&
		   !(e->kind == EVENT_EXIT && e->line->kind == LINE_KILLED) &&
		   !(e->kind == EVENT_SIGNAL && st->signal != SIGCONT)) {
		h->signals->stopped_line = 0;	/* (A read's end comes late.) */
	} else if (h->signals && e->kind == EVENT_EXIT) {
		copy(h->signals->stop_ended, sizeof(h->signals->stop_ended),
		     e->line->name);
	}
	if (e->kind == EVENT_SIGNAL && st->signal == 17) {
		child_died(f, st);
		restart_child(f, st);
	}
	if (e->kind == EVENT_SIGNAL && e->line->kind == LINE_SIGNAL) {
		signalled(f, st);
		if (st->signal == SIGXCPU)
			dying_of(f, st->task->process)->cpu_line = e->first;
		if (st->signal == SIGSYS)
			filtered(f, st);
		else if (st->signal == SIGTTIN || st->signal == SIGTTOU)
			wants_terminal(f, st);
	} else if (e->kind == EVENT_EXIT && e->line->kind == LINE_KILLED)
		killed(f, h, st);
	if (e->kind == EVENT_CALL && e->call == CALL_KILL)
		sent(f, st);
	if (e->kind == EVENT_CALL && e->call == CALL_OTHER)
		asks_for_death(f, st);
	if (e->kind == EVENT_CALL && e->call == CALL_MMAP)
		map_file(f, st);
	else if (e->kind == EVENT_CALL && f->mapped)
		resize(f, st);
	if (e->kind == EVENT_CALL && sets_cpu_limit(e->line))
		f->cpu_limit = e->first;
	/* (ECONNRESET: a socket pair, and the reader left data in it.) */
	if (e->kind == EVENT_CALL && (step_failed(st, "EPIPE") ||
	    (call_class(e->call) == CLASS_OUT && step_failed(st, "ECONNRESET") &&
	     st->file && st->fd == 1)) && call_lasted(f, st) >= FULL_NS) {
		signals_of(h)->epipe_ns = call_lasted(f, st);
		h->signals->epipe_line = e->first;
		if (st->file && st->file->kind == FILE_PIPE)
			snprintf(h->signals->epipe_on, sizeof(h->signals->epipe_on),
				 "a full pipe (descriptor %d)", st->fd);
		else
			file_text_as(st->file, st->fd, h->signals->epipe_on,
				     sizeof(h->signals->epipe_on));
	}
}

void death_free(struct findings *f)
{
	struct dying *d;
	struct tracks *t;

	map_each(&f->dying, i, d)
		free(d);
	map_free(&f->dying);
	map_each(&f->kills, i, t)
		free(t);
	map_free(&f->kills);
	free(f->mapped);
}

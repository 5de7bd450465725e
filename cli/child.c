/* SPDX-License-Identifier: MIT */
/*
 * child.c - a subcommand that uses tracefs leaves nothing there, however it ends
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli.h"
#include "kernel.h"
#include "lab.h"
#include "stopped.h"

enum { ROOM = 1 << 20 };		/* bytes: a short capture needs less */

void need_proc(void)
{
	if (access("/proc/self/exe", F_OK))
		error(1, 0, "/proc is not mounted: mount -t proc proc /proc");
}

int has_place(const char *dir)
{
	struct statvfs s;

	/* No blocks: this file system has no limit. */
	return statvfs(dir, &s) || !s.f_blocks ||
	       s.f_bavail * s.f_frsize >= ROOM;
}

void need_places(void)
{
	struct statvfs s;
	int dir;

	need_proc();
	/* Opened as a folder: access(2) says EACCES of a file. */
	dir = open(lab_tmp(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || access(lab_tmp(), W_OK | X_OK) || statvfs(lab_tmp(), &s))
		error(1, errno, "TMPDIR %s", lab_tmp());
	close(dir);
	if (!has_place(lab_tmp()))
		error(1, ENOSPC, "TMPDIR %s: expected 1 MiB of free space",
		      lab_tmp());
}

/*
 * A child works.  When a signal ends us it ends first, with all that it has
 * started, and what it had in tracefs is removed after it.
 */
int in_a_child(int (*work)(void *arg), void *arg)
{
	pid_t pid, parent = getpid();
	sigset_t set, before;
	int status, sig = 0, ended = 0;

	need_places();
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &before);
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		error(0, errno, "fork");
		return 1;
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(1);
		sigprocmask(SIG_SETMASK, &before, NULL);
		stopped_catch();
		return work(arg);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		sigwait(&set, &sig);
		if (sig == SIGCHLD)
			continue;
		ended = 1;
		/* What it has started becomes ours when it has ended. */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		kill(pid, SIGTERM);
	}
	/* They end with their parent; one that does not gets a second. */
	for (int ms = 0; ended && ms < 1000 && waitpid(-1, NULL, WNOHANG) >= 0;
	     ms += 5)
		poll(NULL, 0, 5);
	kernel_clean_up();
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * stopped_test.c - Ctrl-Z and fg of what records (with libc)
 *
 * Each test starts a job as a shell does, in a process group of its own, and
 * stops and continues it.  Without root there is nothing in tracefs: the tests
 * are the same, only nothing is looked at there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include "lab.h"
#include "strace.h"
#include "tap.h"

#define INSTANCES "/sys/kernel/tracing/instances"

enum { LIMIT_MS = 20000 };

/* build/iomodels, from build/tests/cli/stopped_test. */
static const char *iomodels(void)
{
	static char path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);

	ASSERT_GT(n, 0);
	path[n] = 0;
	strcpy(strrchr(path, '/') + 1, "../../iomodels");
	return path;
}

/* A job: its leader's number is its group's, too. */
struct job {
	pid_t pid;
	int in, out, err;		/* to its stdin, of its stdout and stderr */
};

static struct job start(const char *const *args)
{
	int in[2], out[2], err[2];
	struct job j;

	ASSERT_EQ(0, pipe2(in, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(err, O_CLOEXEC));
	j.pid = ASSERT_GE(fork(), 0);
	if (!j.pid) {
		setpgid(0, 0);
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execv(iomodels(), (char *const *)args);
		_exit(127);
	}
	setpgid(j.pid, j.pid);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	j.in = in[1];
	j.out = out[0];
	j.err = err[0];
	return j;
}

/* What the shell sees of the leader: it is stopped. */
static void is_stopped(const struct job *j)
{
	int status;

	ASSERT_EQ(j->pid, waitpid(j->pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
}

/* State and group of a process; 0 when there is none. */
static char state_of(pid_t pid, int *group)
{
	char path[64], text[512] = "", *at, state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f && fgets(text, sizeof(text), f) && (at = strrchr(text, ')')))
		sscanf(at + 1, " %c %*d %d", &state, group);
	if (f)
		fclose(f);
	return state;
}

/* Of the job that are not stopped: T, or t below strace; a zombie is not one. */
static int running(const struct job *j)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0, group;

	while (d && (e = readdir(d))) {
		char state = state_of(atoi(e->d_name), &group);

		n += state && group == j->pid && !strchr("TtZX", state);
	}
	if (d)
		closedir(d);
	return n;
}

/*
 * One look decides.  A call in which strace holds the command looks like a stop,
 * and the next look may find it on its way from one to the other.
 */
static void all_stop(const struct job *j)
{
	int ms = 0, left;

	while ((left = running(j)) && ms++ < LIMIT_MS)
		poll(NULL, 0, 1);
	ASSERT_EQ(0, left);
}

/* The first letter of a file of an instance; 0: it is not there. */
static char first_of(const char *instance, const char *file)
{
	char path[PATH_MAX + 64], c = 0;
	int fd;

	snprintf(path, sizeof(path), INSTANCES "/%s/%s", instance, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &c, 1) != 1)
		c = 0;
	close(fd);
	return c;
}

/*
 * tracing_on of the job's instance B: '0' or '1', 0: there is none, or it has
 * no events yet.
 */
static char tracing(const struct job *j)
{
	DIR *d = opendir(INSTANCES);
	struct dirent *e;
	char on = 0;

	while (d && (e = readdir(d))) {
		int pid, group;
		char letter;

		if (sscanf(e->d_name, "iomodels-%d-%c", &pid, &letter) != 2 ||
		    letter != 'B' || !state_of(pid, &group) || group != j->pid)
			continue;
		if (first_of(e->d_name, "events/sock/enable") == '0')
			continue;
		on = first_of(e->d_name, "tracing_on");
	}
	if (d)
		closedir(d);
	return on;
}

/* The tool is let go at the same time as the command. */
static void records_again(const struct job *j)
{
	int ms = 0;

	while (tracing(j) != '1' && ms++ < LIMIT_MS)
		poll(NULL, 0, 1);
	EXPECT_EQ('1', tracing(j));
}

static int traces(void)
{
	return !access(INSTANCES, W_OK);
}

static void answers(const struct job *j)
{
	char c = 0;

	ASSERT_EQ(1, write(j->in, "x", 1));
	ASSERT_EQ(1, read(j->out, &c, 1));
	ASSERT_EQ('x', c);
}

/* All that fd has until its end. */
static const char *rest(int fd)
{
	static char text[1 << 20];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(text) - 1 &&
	       (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	return text;
}

/* strace tells a stop from a call. */
static void strace_saw_the_stop(const char *dir)
{
	char path[PATH_MAX + 64];
	int ms = 0, fd, seen;

	snprintf(path, sizeof(path), "%s/strace.log", dir);
	do {
		fd = ASSERT_GE(open(path, O_RDONLY | O_CLOEXEC), 0);
		seen = !!strstr(rest(fd), "--- stopped by SIGTSTP ---");
		close(fd);
		poll(NULL, 0, !seen);
	} while (!seen && ms++ < LIMIT_MS);
	ASSERT_TRUE(seen);
}

static int end_of(const struct job *j)
{
	int status;

	ASSERT_EQ(j->pid, waitpid(j->pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A number of the manifest. */
static long long number(const char *dir, const char *member)
{
	char path[PATH_MAX + 64];
	const char *at;
	int fd;

	snprintf(path, sizeof(path), "%s/manifest.json", dir);
	fd = ASSERT_GE(open(path, O_RDONLY | O_CLOEXEC), 0);
	at = strstr(rest(fd), member);
	close(fd);
	return at ? atoll(at + strlen(member) + 2) : -1;
}

/*
 * capture -- cat, stopped and continued: pid is who gets the signals, the
 * group (as from the terminal) or the leader alone.
 */
static void stop_and_continue(int alone)
{
	char dir[PATH_MAX], log[PATH_MAX + 64];
	const char *args[] = { "iomodels", "capture", "-o", dir, "--", "cat",
			       NULL };
	long began, stopped_ms;
	int strace = !trace_missing();
	struct job j;

	if (!strace && !traces())
		SKIP("no strace, no tracefs");
	/* lab_temporary_folder()'s are held by who makes them. */
	snprintf(dir, sizeof(dir), "%s/stopped_test.XXXXXX", lab_tmp());
	ASSERT_TRUE(mkdtemp(dir) != NULL);
	j = start(args);
	answers(&j);
	ASSERT_EQ(0, kill(alone ? j.pid : -j.pid, SIGTSTP));
	is_stopped(&j);
	began = lab_ms();
	all_stop(&j);
	if (strace)
		strace_saw_the_stop(dir);
	if (traces())
		EXPECT_EQ('0', tracing(&j));
	stopped_ms = lab_ms() - began;
	ASSERT_EQ(0, kill(alone ? j.pid : -j.pid, SIGCONT));
	answers(&j);
	if (traces())
		records_again(&j);
	close(j.in);
	EXPECT_TRUE(strstr(rest(j.err), "stopped for ") != NULL);
	EXPECT_EQ(0, end_of(&j));
	/* Both ends of stopped_ms are cut to milliseconds. */
	EXPECT_GE(number(dir, "\"stopped_ns\""), (stopped_ms - 1) * 1000000LL);
	for (const char *f = "strace.log\0kernel.log\0manifest.json\0"; *f;
	     f += strlen(f) + 1) {
		snprintf(log, sizeof(log), "%s/%s", dir, f);
		unlink(log);
	}
	rmdir(dir);
}

/* Ctrl-Z: B is off while the job is stopped, and on again when it continues. */
TEST_TIMEOUT(capture_pauses, 60)
{
	stop_and_continue(0);
}

/* kill -TSTP of the tool alone: the command stops and continues with it. */
TEST_TIMEOUT(capture_hands_the_stop_on, 60)
{
	stop_and_continue(1);
}

/* trace says it, too, and its report is there. */
TEST_TIMEOUT(trace_pauses, 60)
{
	const char *args[] = { "iomodels", "trace", "--", "cat", NULL };
	const char *said;
	struct job j;

	if (trace_missing() && !traces())
		SKIP("no strace, no tracefs");
	j = start(args);
	answers(&j);
	ASSERT_EQ(0, kill(-j.pid, SIGTSTP));
	is_stopped(&j);
	all_stop(&j);
	if (traces())
		EXPECT_EQ('0', tracing(&j));
	ASSERT_EQ(0, kill(-j.pid, SIGCONT));
	answers(&j);
	close(j.in);
	said = rest(j.err);
	EXPECT_TRUE(strstr(said, "stopped for ") != NULL);
	EXPECT_TRUE(strstr(said, "cat") != NULL);
	EXPECT_EQ(0, end_of(&j));
}

/* While demo records the kernel's side; its row is there all the same. */
TEST_TIMEOUT(demo_pauses, 120)
{
	const char *args[] = { "iomodels", "demo", "epoll", NULL };
	struct job j;
	int ms = 0;

	if (trace_missing() || !traces())
		SKIP("no strace, or no tracefs");
	j = start(args);
	while (tracing(&j) != '1' && ms++ < LIMIT_MS)
		poll(NULL, 0, 1);
	ASSERT_EQ(0, kill(-j.pid, SIGTSTP));
	is_stopped(&j);
	all_stop(&j);
	EXPECT_TRUE(tracing(&j) != '1');
	ASSERT_EQ(0, kill(-j.pid, SIGCONT));
	EXPECT_TRUE(strstr(rest(j.out), "main in epoll_pwait") != NULL);
	EXPECT_EQ(0, end_of(&j));
}

/*
 * compare measures again what it had measured when it was stopped: no
 * measurement of its table took as long as the stop.
 */
TEST_TIMEOUT(compare_measures_again, 120)
{
	const char *args[] = { "iomodels", "compare", "epoll", "--seconds",
			       "0.05", "-r", "2", "-w", "tcp-c1", "--json",
			       NULL };
	struct job j = start(args);
	int ms = 0, group, found = 0;

	while (!found && ms++ < LIMIT_MS) {	/* a server of its own is there */
		DIR *d = opendir("/proc");
		struct dirent *e;

		while (d && (e = readdir(d))) {
			char path[300], name[64] = "";
			int fd;

			if (!state_of(atoi(e->d_name), &group) ||
			    group != j.pid)
				continue;
			snprintf(path, sizeof(path), "/proc/%s/comm",
				 e->d_name);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd >= 0 && read(fd, name, sizeof(name) - 1) > 0)
				found |= !strcmp(name, "epoll\n");
			close(fd);
		}
		closedir(d);
		poll(NULL, 0, 1);
	}
	ASSERT_EQ(0, kill(-j.pid, SIGTSTP));
	is_stopped(&j);
	all_stop(&j);
	ASSERT_EQ(0, kill(-j.pid, SIGCONT));
	EXPECT_TRUE(strstr(rest(j.out), "\"epoll\"") != NULL);
	EXPECT_TRUE(strstr(rest(j.err), "again") != NULL);
	EXPECT_EQ(0, end_of(&j));
}

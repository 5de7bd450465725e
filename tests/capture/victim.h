/* SPDX-License-Identifier: MIT */
/*
 * victim.h - the test itself as the program that is captured
 *
 * With IOMODELS_VICTIM in its environment the test calls be(), which does what
 * that name stands for, and ends.  capture() runs it so under iomodels capture
 * and reads the folder into r.
 */
#ifndef IOMODELS_VICTIM_H
#define IOMODELS_VICTIM_H

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include "../../lab/lab.h"
#include "../../log/report.h"
#include "tap.h"

enum { SKIPPED = 77 };			/* its exit status: not possible here */

static struct reader r;
static char dir[] = "/tmp/iomodels-reasons-XXXXXX";
static char named[] = "/var/tmp/iomodels-named-XXXXXX";

static void be(const char *victim);

/* Until the task sleeps in a function with this in its name. */
static void until_in(long pid, const char *function)
{
	char path[64], in[64] = "";

	snprintf(path, sizeof(path), "/proc/%ld/wchan", pid);
	while (!strstr(in, function)) {
		int fd = open(path, O_RDONLY);
		ssize_t n = read(fd, in, sizeof(in) - 1);

		if (n < 0)
			_exit(1);
		in[n] = 0;
		close(fd);
		sched_yield();
	}
}

__attribute__((constructor)) static void be_the_victim(void)
{
	const char *name = getenv("IOMODELS_VICTIM");

	if (!name)
		return;
	unsetenv("IOMODELS_VICTIM");
	be(name);
	_exit(0);
}

static void capture(const char *victim)
{
	static const char content[64 * 4096];	/* a read of one may be too fast */
	char command[1024], self[200], build[200], said[400] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int status, fd;
	FILE *f;

	ASSERT_GT(n, 0);
	self[n] = 0;
	snprintf(build, sizeof(build), "%s", self);
	for (int i = 0; i < 3; i++)
		*strrchr(build, '/') = 0;
	if (access("/sys/kernel/tracing/instances", W_OK))
		SKIP("tracefs may not be written here (run as root)");
	ASSERT_NE(NULL, mkdtemp(dir));
	fd = mkstemp(named);
	ASSERT_EQ((long)sizeof(content), write(fd, content, sizeof(content)));
	ASSERT_EQ(0, fsync(fd));
	close(fd);
	snprintf(command, sizeof(command), "IOMODELS_VICTIM=%s IOMODELS_FILE="
		 "%s %s/iomodels capture -o %s/c -- %s >%s/out 2>&1",
		 victim, named, build, dir, self, dir);
	status = system(command);
	unlink(named);
	snprintf(command, sizeof(command), "%s/out", dir);
	f = fopen(command, "r");
	for (size_t len = 0; f && len < sizeof(said) - 100 &&
	     fgets(said + len, sizeof(said) - len, f); )
		len = strlen(said);
	reader_start(&r);
	snprintf(command, sizeof(command), "%s/c", dir);
	n = status ? 0 : reader_read_folder(&r, command);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (!getenv("IOMODELS_KEEP"))
		ASSERT_EQ(0, system(command));
	if (strstr(said, "strace cannot") || strstr(said, "without strace"))
		SKIP("%.200s", said);
	if (WEXITSTATUS(status) == SKIPPED)
		SKIP("the test needs what is not here: a disk, loop devices, "
		     "mkfs.ext4");
	ASSERT_EQ(0, status);
	ASSERT_EQ(0, n);
	ASSERT_NE(NULL, r.merge);
	if (*r.merge->manifest.why_no_stacks)
		SKIP("%s", r.merge->manifest.why_no_stacks);
	if (r.merge->manifest.lost)
		SKIP("the kernel lost events: the machine is too busy");
}

#endif

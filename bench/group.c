/* SPDX-License-Identifier: MIT */
/* group.c - see group.h */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "group.h"

enum { LEAVES_MS = 500 };

/* cgroup2, wherever it is mounted or not; -1: refused. */
static int mount_groups(void)
{
	int fs = fsopen("cgroup2", FSOPEN_CLOEXEC), at = -1;

	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		at = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return at;
}

/* "/user.slice/a", with a '.' before it; -1: it is not known. */
static int our_group(char path[4096])
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	int found = -1;

	while (f && found && fgets(path + 1, 4095, f))
		if (!strncmp(path + 1, "0::/", 4)) {
			memmove(path + 1, path + 4, strlen(path + 4) + 1);
			*path = '.';
			path[strcspn(path, "\n")] = 0;
			found = 0;
		}
	if (f)
		fclose(f);
	return found;
}

/* Groups below this one would share the processor as groups, not as processes. */
static int shares_processor(int top)
{
	char text[512] = " ";
	int fd = openat(top, "cgroup.subtree_control", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text + 1, sizeof(text) - 3);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return 1;
	text[1 + n] = 0;
	text[strcspn(text, "\n")] = ' ';
	return !!strstr(text, " cpu ");
}

/* Our own group's folder, or -1. */
static int open_own(void)
{
	char path[4096];
	int groups, own;

	if (our_group(path) || (groups = mount_groups()) < 0)
		return -1;
	own = openat(groups, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(groups);
	return own;
}

/* The same; -1: no group can be made in it. */
static int open_top(void)
{
	int top = open_own();

	if (top >= 0 && shares_processor(top)) {
		close(top);
		top = -1;
	}
	return top;
}

static int open_file(const struct group *g, const char *file, int how)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/%s", g->name, file);
	return openat(g->top, path, how | O_CLOEXEC);
}

int group_make(struct group *g)
{
	static int top = -1, count;
	int fd;

	*g = (struct group){ .enter = -1, .usage = -1 };
	if (top < 0 && !count)
		top = open_top();
	g->top = top;
	snprintf(g->name, sizeof(g->name), "iomodels.%d.%d", getpid(), ++count);
	if (top < 0 || mkdirat(top, g->name, 0755)) {
		*g->name = 0;
		return -1;
	}
	g->enter = open_file(g, "cgroup.procs", O_WRONLY);
	g->usage = open_file(g, "cpu.stat", O_RDONLY);
	if (g->enter < 0 || flock(g->enter, LOCK_SH) || group_ns(g->usage) < 0) {
		group_remove(top, g->name);
		group_close(g);
		*g->name = 0;
		return -1;
	}
	/* A group costs each switch of threads something, this one less. */
	fd = open_file(g, "cgroup.pressure", O_WRONLY);
	if (fd >= 0) {
		dprintf(fd, "0");
		close(fd);
	}
	return 0;
}

/* Where that is refused (our own group is threaded, for example), the group uses no
   time, and outside_start() does without it. */
void group_enter(const struct group *g)
{
	if (*g->name && write(g->enter, "0", 1) != 1)
		return;
}

/* A process may still be leaving when it has been waited for. */
void group_remove(int top, const char *name)
{
	static const struct timespec moment = { 0, 1000000 };

	for (int i = 0; *name && i < LEAVES_MS; i++) {
		if (!unlinkat(top, name, AT_REMOVEDIR) || errno != EBUSY)
			return;
		nanosleep(&moment, NULL);
	}
}

/* And the groups that a server has made in it. */
static void remove_all(int top, const char *name)
{
	int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_type == DT_DIR && *e->d_name != '.')
			remove_all(fd, e->d_name);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	group_remove(top, name);
}

void group_end(int top, const char *name)
{
	char path[300];
	int fd;

	if (!*name)
		return;
	snprintf(path, sizeof(path), "%s/cgroup.kill", name);
	fd = openat(top, path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		dprintf(fd, "1");
		close(fd);
	}
	remove_all(top, name);
}

/* The process that made this group is gone.  In another PID namespace its number
   says nothing, so the lock counts, too. */
static int is_left(int own, const char *name)
{
	int pid, end = 0, fd, held;
	char path[300];

	sscanf(name, "iomodels.%d.%*d%n", &pid, &end);
	if (!end || name[end] || !kill(pid, 0) || errno != ESRCH)
		return 0;
	snprintf(path, sizeof(path), "%s/cgroup.procs", name);
	fd = openat(own, path, O_RDONLY | O_CLOEXEC);
	held = fd < 0 || flock(fd, LOCK_EX | LOCK_NB);
	if (fd >= 0)
		close(fd);
	return !held;
}

void group_clean_up(void)
{
	int own = open_own();
	DIR *d = own < 0 ? NULL : fdopendir(own);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (is_left(own, e->d_name))
			group_end(own, e->d_name);
	if (d)
		closedir(d);
	else if (own >= 0)
		close(own);
}

void group_close(struct group *g)
{
	if (g->enter >= 0)
		close(g->enter);
	if (g->usage >= 0)
		close(g->usage);
	g->enter = g->usage = -1;
}

long long group_ns(int usage)
{
	char text[1024];
	ssize_t n = pread(usage, text, sizeof(text) - 1, 0);
	const char *at;

	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "usage_usec ");
	return at ? atoll(at + 11) * 1000 : -1;
}

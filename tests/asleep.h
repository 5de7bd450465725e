/* SPDX-License-Identifier: MIT */
/*
 * asleep.h - does a server sleep when nobody speaks to it? (hosted tests)
 *
 * Processor time does not show it on a busy machine, where a server that spins
 * gets little of it.  The state of its threads does: a thread that spins is
 * never in state S while we look.
 */
#ifndef IOMODELS_ASLEEP_H
#define IOMODELS_ASLEEP_H

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/* Every thread of it sleeps at this moment. */
static int is_asleep(pid_t pid)
{
	char path[300], text[512], *at;
	struct dirent *task;
	int asleep = 1;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (task = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", pid,
			 task->d_name);
		f = task->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (!f)
			continue;
		if (fgets(text, sizeof(text), f) && (at = strrchr(text, ')')))
			asleep &= at[2] == 'S';
		fclose(f);
	}
	if (dir)
		closedir(dir);
	return dir && asleep;
}

/* 1 when it sleeps through 20 looks in a row, within ten seconds. */
static int falls_asleep(pid_t pid)
{
	int in_a_row = 0;

	for (int ms = 0; ms < 10000 && in_a_row < 20; ms += 5) {
		in_a_row = is_asleep(pid) ? in_a_row + 1 : 0;
		poll(NULL, 0, 5);
	}
	return in_a_row == 20;
}

#endif

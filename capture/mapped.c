/* SPDX-License-Identifier: MIT */
/*
 * mapped.c - which files the page faults of a capture were about
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "mapped.h"

enum { FILES = 64 };

static void add(struct mapped_file *files, unsigned *n, uint64_t device,
		uint64_t inode)
{
	for (unsigned i = 0; i < *n; i++)
		if (files[i].device == device && files[i].inode == inode)
			return;
	if (*n < FILES && inode)
		files[(*n)++] = (struct mapped_file){ device, inode, NULL };
}

/* Is it one of these? */
static void try_path(struct mapped_file *files, unsigned n, const char *path)
{
	struct stat st;
	uint64_t device;

	if (stat(path, &st))
		return;
	device = (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev);
	for (unsigned i = 0; i < n; i++)
		if (!files[i].path && files[i].device == device &&
		    files[i].inode == st.st_ino)
			files[i].path = strdup(path);
}

struct mapped_file *mapped_files(const struct kernel_event *events, long n_events,
				 const char *executable, const char *paths,
				 unsigned *n)
{
	struct mapped_file *files = calloc(FILES, sizeof(*files));
	char *rest = paths && files ? strdup(paths) : NULL, *list = rest, *path;

	*n = 0;
	for (long i = 0; files && i < n_events; i++)
		if (!strcmp(events[i].name, "mm_filemap_fault"))
			add(files, n, event_number(&events[i], "s_dev", 0),
			    event_number(&events[i], "i_ino", 0));
	if (files && *n)
		try_path(files, *n, executable);
	while (*n && (path = strsep(&rest, "\n")))
		try_path(files, *n, path);
	free(list);
	return files;
}

void mapped_free(struct mapped_file *files, unsigned n)
{
	for (unsigned i = 0; files && i < n; i++)
		free(files[i].path);
	free(files);
}

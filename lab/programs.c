/* SPDX-License-Identifier: MIT */
/*
 * programs.c - the table of all programs, and where their executables are
 *
 * A new program adds its row here and nothing else: cli, demo, captures and
 * tests walk this table.  What it is, in a sentence, comes from its source.
 * After the group comes what iomodels explain must find in its captures.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "programs.h"

#define BLOCKING	"blocking I/O"
#define MULTIPLEXING	"I/O multiplexing"
#define SIGNALS		"signal-driven I/O"
#define APPLICATION	"application-level async"
#define AIO		"POSIX AIO and Linux native AIO"
#define FILE_JOBS		"file jobs"
#define URING		"io_uring"

struct program programs[] = {
	{ "blocking_once",	"models", BLOCKING, "blocking", ONCE },
	{ "blocking_loop",	"models", BLOCKING, "blocking", SERIAL },
	{ "blocking_thread",	"models", BLOCKING, "blocking", 0 },

	{ "select",		"models", MULTIPLEXING, "select", 0 },
	{ "poll",		"models", MULTIPLEXING, "poll", 0 },
	{ "epoll",		"models", MULTIPLEXING, "epoll", 0 },
	{ "epoll_et",		"models", MULTIPLEXING, "epoll", 0 },
	{ "epoll_thread",	"models", MULTIPLEXING, "epoll", 0 },
	{ "epoll_oneshot",	"models", MULTIPLEXING, "epoll", ANY_THREAD },
	{ "epoll_workers",	"models", MULTIPLEXING, "epoll", 0 },

	{ "sigio_udp",		"models", SIGNALS, "sigio", UDP },
	{ "sigio_tcp_naive",	"models", SIGNALS, "sigio", LOSES },
	{ "sigio_tcp",		"models", SIGNALS, "sigio", 0 },
	{ "sigio_thread",	"models", SIGNALS, "sigio", 0 },
	{ "sigio_queued",	"models", SIGNALS, "sigio-queued", 0 },

	{ "callback",		"models", APPLICATION, "epoll", 0 },
	{ "coroutine",		"models", APPLICATION, "epoll", 0 },

	{ "posix_aio_server",	"posix_aio", AIO, "helper-threads", HOSTED },
	{ "native_aio_poll",	"posix_aio", AIO, "native-aio", 0 },

	{ "uring_poll",		"uring", URING, "io_uring", RING },
	{ "uring_basic",	"uring", URING, "io_uring", RING },
	{ "uring_basic_liburing", "uring", URING, "io_uring", RING | HOSTED },
	{ "uring_multishot",	"uring", URING, "io_uring", RING | SLOTS },
	{ "uring_multishot_liburing", "uring", URING, "io_uring",
	  RING | SLOTS | HOSTED },
	{ "uring_fast",		"uring", URING, "io_uring", RING | SLOTS },
	{ "uring_sqpoll",	"uring", URING, "io_uring", RING },
	{ "uring_worker",	"uring", URING, "io_uring", RING },
	{ "uring_zerocopy",	"uring", URING, "io_uring", RING },
	{ "uring_udp",		"uring", URING, "io_uring", RING | UDP },

	{ "file_blocking",	"models", FILE_JOBS, "file", FILES },
	{ "file_threads",	"models", FILE_JOBS, "helper-threads", FILES },
	{ "posix_aio_glibc",	"posix_aio", FILE_JOBS, "helper-threads",
	  FILES | HOSTED },
	{ "posix_aio_uring",	"posix_aio", FILE_JOBS, "io_uring",
	  FILES | HOSTED },
	{ "native_aio",		"posix_aio", FILE_JOBS, "native-aio", FILES },
	{ "libaio",		"posix_aio", FILE_JOBS, "native-aio", FILES | HOSTED },
	{ "uring_file",		"uring", FILE_JOBS, "io_uring", FILES | RING },

	{ .name = NULL }
};

#define PEERS		"peers"

struct program peer_programs[] = {
	{ "libevent",		"bench/peers", PEERS, NULL, HOSTED },
	{ "libevent_buffer",	"bench/peers", PEERS, NULL, HOSTED | ECHO_ONLY },
	{ "libuv",		"bench/peers", PEERS, NULL, HOSTED },
	{ "libuv_write",	"bench/peers", PEERS, NULL, HOSTED | ECHO_ONLY },
	{ "libev",		"bench/peers", PEERS, NULL, HOSTED },
	{ "python_asyncio",	"bench/peers", PEERS, NULL, HOSTED | ECHO_ONLY },
	{ "nodejs",		"bench/peers", PEERS, NULL, HOSTED },

	{ .name = NULL }
};

/* Made by the Makefile from the third line of each source. */
static const struct { const char *name, *about; } abouts[] = {
#include "about.inc"
	{ .name = NULL }
};

static void describe(struct program *p)
{
	for (; p->name; p++) {
		p->about = "";
		for (int i = 0; abouts[i].name; i++)
			if (!strcmp(abouts[i].name, p->name))
				p->about = abouts[i].about;
	}
}

__attribute__((constructor))
static void fill_in(void)
{
	program_dir = getenv("IOMODELS_PROGRAMS");
	describe(programs);
	describe(peer_programs);
}

static const struct program *find(const struct program *p, const char *name)
{
	for (; p->name; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

const struct program *program_find(const char *name)
{
	return find(programs, name);
}

const struct program *peer_find(const char *name)
{
	return find(peer_programs, name);
}

const char *program_dir;

/* The text "dir/middle/name" if it is an executable, else NULL. */
static char *executable(const char *dir, const char *middle, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s/%s", dir, middle, name) < 0)
		return NULL;
	if (!access(path, X_OK))
		return path;
	free(path);
	return NULL;
}

/*
 * The file of this process, as it was named when it was asked for first: in a
 * chroot, after unshare(CLONE_NEWNS), /proc/self/exe has a path of outside.
 * NULL without /proc.
 */
static const char *self_path(void)
{
	static char path[PATH_MAX];
	ssize_t n;

	if (!*path) {
		n = readlink("/proc/self/exe", path, sizeof(path) - 1);
		if (n < 0)
			return NULL;
		path[n] = 0;
	}
	return path;
}

char *program_path(const struct program *p)
{
	char self[PATH_MAX + sizeof("/../..")], *end, *path;

	if (program_dir)
		return executable(program_dir, p->dir, p->name);
	if (!self_path())
		return NULL;
	strcpy(self, self_path());
	end = strrchr(self, '/');
	*end = 0;				/* build */
	path = executable(self, p->dir, p->name);
	for (int up = 0; !path && up < 2; up++) {	/* build/tests/FOLDER */
		strcat(self, "/..");
		path = executable(self, p->dir, p->name);
	}
	strcpy(end, "/..");
	if (!path)				/* bin, beside libexec */
		path = executable(self, "libexec/iomodels", p->name);
#ifdef LIBEXECDIR
	if (!path)
		path = executable(LIBEXECDIR, "iomodels", p->name);
#endif
	return path;
}

#define LIBRARY "libposixaio.so.0"

/* dir/middle/libposixaio.so, if it is there: malloced, or NULL. */
static char *library_in(const char *dir, const char *middle)
{
	char *path;

	if (asprintf(&path, "%s/%s/" LIBRARY, dir, middle) < 0)
		return NULL;
	if (!access(path, R_OK))
		return path;
	free(path);
	return NULL;
}

char *aio_library(void)
{
	char self[PATH_MAX], *path;

	if (!self_path())
		return library_in(LIBDIR, ".");
	strcpy(self, self_path());
	*strrchr(self, '/') = 0;
	path = library_in(self, "lib");		/* build/iomodels */
	if (!path)				/* bin, beside lib */
		path = library_in(self, "../lib");
	if (!path)				/* build/tests/FOLDER */
		path = library_in(self, "../../lib");
	return path ? path : library_in(LIBDIR, ".");
}

/* SPDX-License-Identifier: MIT */
/*
 * refused_test.c - without io_uring a server says why and ends (with libc)
 *
 * A seccomp filter answers in the kernel's place, for each reason that there
 * is; the older kernels are played by EINVAL.
 */
#include "filter.h"
#include "probe.h"
#include "tap.h"

/* Run the server where `call` fails: one line, exit 1, no "serving" before. */
static void refused(const struct program *p, int call, int err,
		    const char *errno_text, const char *remedy)
{
	char line[1024] = "", *path = program_path(p);
	int out[2], status, got = 0;
	ssize_t n;
	pid_t pid;

	if (!path)
		SKIP("not built");
	ASSERT_EQ(0, pipe(out));
	pid = fork();
	if (!pid) {
		alarm(5);		/* in case it serves */
		dup2(out[1], 2);
		close(out[0]);
		close(out[1]);
		if (filter_call(call, err))
			_exit(77);
		execl(path, path, "--port", "0", NULL);
		_exit(127);
	}
	close(out[1]);
	while ((n = read(out[0], line + got, sizeof(line) - 1 - got)) > 0)
		got += n;
	close(out[0]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		SKIP("seccomp is not allowed here");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 1 ||
	    !strstr(line, errno_text) || !strstr(line, remedy) ||
	    strchr(line, '\n') != line + got - 1)
		FAIL("status %#x, and not \"%s\" with \"%s\" in the one line: %s",
		     status, errno_text, remedy, line);
	free(path);
}

static void says_why(void *arg)
{
	const struct program *p = arg;

	refused(p, __NR_io_uring_setup, ENOSYS, "io_uring_setup: ENOSYS",
		"Linux 5.1");
	refused(p, __NR_io_uring_setup, EPERM, "io_uring_setup: EPERM",
		"kernel.io_uring_disabled");
	refused(p, __NR_io_uring_setup, EINVAL, "io_uring_setup: EINVAL",
		"needs Linux");
	refused(p, __NR_io_uring_setup, ENOMEM, "io_uring_setup: ENOMEM",
		"ulimit -l");
	refused(p, __NR_io_uring_setup, EMFILE, "io_uring_setup: EMFILE",
		"ulimit -n");
}

/* Those that register something: an older kernel does not know it. */
static void says_what_cannot_be_registered(void *arg)
{
	const struct program *p = arg;
	char why[256];

	if (probe_program(p, why))		/* it would not come so far */
		SKIP("%s", why);
	refused(p, __NR_io_uring_register, EINVAL, "EINVAL", "needs Linux");
}

void tap_list(void)
{
	static const char *const registering[] = {
		"uring_multishot", "uring_multishot_liburing", "uring_fast",
		"uring_zerocopy", "uring_udp",
	};
	char *name;

	for (const struct program *p = programs; p->name; p++) {
		if (!(p->flags & RING) || p->flags & FILES)
			continue;
		if (asprintf(&name, "%s/setup", p->name) > 0)
			tap_add(name, says_why, (void *)p);
		for (size_t i = 0; i < sizeof(registering) / sizeof(char *); i++)
			if (!strcmp(p->name, registering[i]) &&
			    asprintf(&name, "%s/register", p->name) > 0)
				tap_add(name, says_what_cannot_be_registered,
					(void *)p);
	}
}

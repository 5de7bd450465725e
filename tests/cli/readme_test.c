/* SPDX-License-Identifier: MIT */
/*
 * readme_test.c - the tables of the pages are what the kernel says (with libc)
 *
 * Each row of docs/who-waits.md is made again: the calls by strace, who waited and who copied by
 * tracefs.  The tests are started from the top of the source.
 */
#include "tap.h"
#include "../../claims/observe.h"
#include "../../lab/probe.h"
#include "../../capture/strace.h"

struct row_of {
	const struct program *program;
	char calls[16], threads[16], waits[160], copies[160];
};

/* "| [epoll](...) | [3](...) | 1 | main in epoll_pwait | main in recvfrom |" */
static int read_row(const char *line, struct row_of *r)
{
	char name[64];

	if (sscanf(line, "| [%63[a-z_]](%*[^)]) | [%15[0-9]](%*[^)]) | "
		   "%15[0-9] | %159[^|] | %159[^|] |", name, r->calls,
		   r->threads, r->waits, r->copies) != 5)
		return 0;
	r->waits[strcspn(r->waits, "|") - 1] = 0;	/* the blank */
	r->copies[strcspn(r->copies, "|") - 1] = 0;
	r->program = program_find(name);
	return r->program != NULL;
}

/* Which thread wakes first, and which worker serves, may differ. */
static int same_parts(const char *a, const char *b)
{
	char copy[160], *part, *rest = copy;

	if (strlen(a) != strlen(b))
		return 0;
	snprintf(copy, sizeof(copy), "%s", a);
	while ((part = strsep(&rest, ",")))
		if (!strstr(b, part + strspn(part, " ")))
			return 0;
	return 1;
}

/* epoll_workers: the worker may be the main thread or another. */
static void any_thread(char *text)
{
	char *at;

	while ((at = strstr(text, "main in ")))
		memmove(at, at + 8, strlen(at + 8) + 1);
	while ((at = strstr(text, "thread in ")))
		memmove(at, at + 10, strlen(at + 10) + 1);
}

/*
 * SQPOLL's thread sleeps when it has polled in vain for a while.  Whether it
 * already did when the message came decides over a call more, to wake it.
 */
static int poller_naps(const struct row_of *r)
{
	return !strcmp(r->program->name, "uring_sqpoll");
}

static void row_holds(void *arg)
{
	struct row_of *r = arg;
	const char *missing = trace_missing();
	char *path = program_path(r->program), why[256];
	struct phases now;
	struct trace t;
	struct trace_cost row;

	if (!path)
		SKIP("%s is not built", r->program->name);
	free(path);
	if (missing)
		SKIP("%s", missing);
	if (probe_program(r->program, why))
		SKIP("%s", why);
	if (trace_run(&t, r->program, scenario_find("two"), why))
		FAIL("%s", why);
	ASSERT_EQ(0, trace_row(&t, &row));
	/* glibc starts a thread for each notification, or still has one. */
	if (!(r->program->flags & HOSTED) && !poller_naps(r))
		EXPECT_EQ(atoi(r->calls), row.calls);
	EXPECT_EQ(atoi(r->threads), row.threads);
	/* What strace alone lets the reader infer is a part of what is so. */
	for (char *call, *rest = row.waits; (call = strsep(&rest, " ")); )
		EXPECT_TRUE(strstr(r->waits, call));
	EXPECT_TRUE(strstr(r->copies, row.copies));
	trace_free(&t);

	if (phases_run(&now, r->program, why)) {
		if (strstr(why, "tracefs") || strstr(why, "tracing"))
			SKIP("tracefs may not be read here: run as root");
		FAIL("%s", why);
	}
	if (r->program->flags & ANY_THREAD ||
	    !strcmp(r->program->name, "epoll_workers")) {
		any_thread(r->waits);
		any_thread(r->copies);
		any_thread(now.waits);
		any_thread(now.copies);
	}
	if (now.lost > 0)
		SKIP("%ld records were lost: the machine is too busy", now.lost);
	EXPECT_EQ(0, now.lost);
	if ((same_parts(r->waits, now.waits) || poller_naps(r)) &&
	    same_parts(r->copies, now.copies))
		return;
	for (char *line, *rest = now.events.at; (line = strsep(&rest, "\n")); )
		SAY("%s", line);
	EXPECT_STR(r->waits, now.waits);
	EXPECT_STR(r->copies, now.copies);
}

/* "| [native_aio](...) | [O_DIRECT](...) | main in io_getevents | nobody ... |" */
static int read_file_row(const char *line, struct row_of *r)
{
	char name[64];

	if (sscanf(line, "| [%63[a-z_]](%*[^)]) | [%15[a-zA-Z_]](%*[^)]) | "
		   "%159[^|] | %159[^|] |", name, r->calls, r->waits, r->copies) != 4)
		return 0;
	r->waits[strlen(r->waits) - 1] = 0;	/* the blank */
	r->copies[strlen(r->copies) - 1] = 0;
	r->program = program_find(name);
	return r->program != NULL;
}

/* Pages may come while the thread is on its way out of the call, or not. */
static void inside_or_after(char *text)
{
	char *at = strstr(text, ", main after");

	if (at)
		*at = 0;
}

static void leave_out(char *text, const char *part)
{
	char *at = strstr(text, part);

	if (at)
		memmove(at, at + strlen(part), strlen(at + strlen(part)) + 1);
}

/*
 * What the readahead has brought, main copies; how long it sleeps besides
 * depends on how much that is.  A disk may answer while io_submit still runs:
 * then main has nothing to wait for.
 */
static void what_main_does_too(char *waits, char *copies)
{
	leave_out(waits, ", main in io_getevents");
	leave_out(waits, ", main in futex");
	leave_out(waits, "main in futex, ");
	leave_out(copies, ", main in preadv2");
	leave_out(copies, "main in preadv2, ");
}

/*
 * glibc's helper sleeps when it has read all there is, until main is there to
 * ask for more; where main has to wait for a processor, that adds up.  So does
 * what main waits for the threads of file_threads to end.
 */
static void waits_for_the_other(const struct row_of *r, char *waits)
{
	if (!strcmp(r->program->name, "posix_aio_glibc"))
		leave_out(waits, ", thread in futex");
	if (!strcmp(r->program->name, "file_threads")) {
		leave_out(waits, ", main in futex");
		leave_out(waits, "main in futex, ");
	}
}

/* Newer versions of libaio call io_pgetevents: the same, with a mask. */
static void as_older_libaio(char *waits)
{
	char *at = strstr(waits, "io_pgetevents");

	if (at)
		memmove(at + 3, at + 4, strlen(at + 4) + 1);
}

/* A disk is not as fast at one time as at another: a few tries. */
static void file_row_holds(void *arg)
{
	struct row_of *r = arg;
	char *path = program_path(r->program), why[256];
	int is_library = !strcmp(r->program->name, "posix_aio_uring");
	struct phases now;

	if (!path)
		SKIP("%s is not built", r->program->name);
	free(path);
	inside_or_after(r->copies);
	if (is_library)
		what_main_does_too(r->waits, r->copies);
	for (int try = 0; try < 5; try++) {
		if (probe_program(r->program, why) || lab_too_fast(why))
			SKIP("%s", why);
		if (phases_run_file(&now, r->program,
				    !strcmp(r->calls, "O_DIRECT"), why)) {
			if (strstr(why, "tracefs") || strstr(why, "tracing"))
				SKIP("tracefs may not be read here: run as root");
			if (strstr(why, "--direct"))
				SKIP("no O_DIRECT on this file system (%s)", why);
			FAIL("%s", why);
		}
		inside_or_after(now.copies);
		if (!strcmp(r->program->name, "libaio"))
			as_older_libaio(now.waits);
		if (is_library)
			what_main_does_too(now.waits, now.copies);
		waits_for_the_other(r, now.waits);
		if (now.lost > 0)
			SKIP("%ld records were lost: the machine is too busy",
			     now.lost);
		EXPECT_EQ(0, now.lost);
		if (same_parts(r->waits, now.waits))
			break;
	}
	if (!same_parts(r->waits, now.waits))
		EXPECT_STR(r->waits, now.waits);
	EXPECT_STR(r->copies, now.copies);
}

/* A page, and where its links begin. */
static const struct page {
	const char *path, *folder;
} pages[] = {
	{ "README.md", "" }, { "CONTRIBUTING.md", "" },
	{ "docs/who-waits.md", "docs/" }, { "docs/results.md", "docs/" },
	{ "docs/reading-a-capture.md", "docs/" },
	{ "docs/what-it-means.md", "docs/" }, { "docs/method.md", "docs/" },
	{ "posix_aio/lib/README.md", "posix_aio/lib/" },
};

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 256 << 10);

	if (!f || !text || !fread(text, 1, (256 << 10) - 1, f))
		FAIL("%s: %s", path, strerror(errno));
	fclose(f);
	return text;
}

/* A link of a page to a file that is not there. */
static void links_lead_somewhere(void *arg)
{
	int links = 0;

	(void)arg;
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		const char *at = slurp(pages[i].path);

		while ((at = strstr(at, "]("))) {
			char path[300];

			at += 2;
			snprintf(path, sizeof(path), "%s%.*s", pages[i].folder,
				 (int)strcspn(at, ")#"), at);
			if (strstr(path, "://") || *at == '#')
				continue;
			links++;
			if (access(path, F_OK))
				FAIL("%s links to %s, which is not there",
				     pages[i].path, path);
		}
	}
	EXPECT_GT(links, 50);
}

/* The README's short table is a part of the whole one. */
static void readme_has_the_same_rows(void *arg)
{
	char *readme = slurp("README.md"), *line, *rest = readme;
	int rows = 0;

	while ((line = strsep(&rest, "\n"))) {
		char name[64], calls[16], waits[160], copies[160], row[600];
		const char *at;

		if (sscanf(line, "| [%63[a-z_]](%*[^)]) | [%15[0-9]](%*[^)]) | "
			   "%159[^|] | %159[^|] |", name, calls, waits,
			   copies) != 4)
			continue;
		rows++;
		snprintf(row, sizeof(row), "\n| [%s](", name);
		at = strstr(arg, row);
		if (!at)
			FAIL("docs/who-waits.md has no row for %s", name);
		snprintf(row, sizeof(row), "%.*s", (int)strcspn(at + 1, "\n"),
			 at + 1);
		snprintf(name, sizeof(name), "[%s](", calls);
		if (!strstr(row, name) || !strstr(row, waits) ||
		    !strstr(row, copies))
			FAIL("README.md: %s; docs/who-waits.md: %s", line, row);
	}
	EXPECT_GT(rows, 5);
}

/* docs/who-waits.svg is drawn from the table. */
static void picture_is_of_the_table(void *arg)
{
	(void)arg;
	EXPECT_EQ(0, system("sh docs/picture | cmp -s - docs/who-waits.svg"));
}

/* Every server that can play "two" has its row, and every file job. */
static void all_servers_have_rows(void *arg)
{
	char *text = arg;

	for (const struct program *p = programs; p->name; p++) {
		char begin[80];

		if (p->flags & scenario_find("two")->unfit)
			continue;
		snprintf(begin, sizeof(begin), "| [%s](", p->name);
		if (!strstr(text, begin))
			FAIL("docs/who-waits.md has no row for %s: make "
			     "add-%s", p->name, p->name);
	}
}

void tap_list(void)
{
	static char text[256 << 10];
	char line[1024];
	FILE *f = fopen("docs/who-waits.md", "re");

	while (f && fgets(line, sizeof(line), f)) {
		struct row_of *r = calloc(1, sizeof(*r));

		strncat(text, line, sizeof(text) - strlen(text) - 1);
		if (read_row(line, r)) {
			tap_add(r->program->name, row_holds, r)->seconds = 30;
		} else if (read_file_row(line, r)) {
			char *name;

			if (asprintf(&name, "%s/%s", r->program->name,
				     r->calls) > 0)
				tap_add(name, file_row_holds, r)->seconds = 30;
		}
	}
	if (f)
		fclose(f);
	tap_add("all_servers_have_rows", all_servers_have_rows, text);
	tap_add("links_lead_somewhere", links_lead_somewhere, NULL);
	tap_add("readme_has_the_same_rows", readme_has_the_same_rows, text);
	tap_add("picture_is_of_the_table", picture_is_of_the_table, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * own_captures_test.c - captures of our own programs are what they are (with libc)
 *
 * Programs (some of them; with IOMODELS_SOAK=1 all) are captured with both sides
 * and the folder is explained: the model, the messages, bytes and accepts of the
 * scenario, and who waited and who copied, which must be what the table of
 * docs/who-waits.md says; that table is made from runs without strace, and
 * readme_test makes it again.  Other tests read logs that somebody has cut, mixed
 * up or written himself.  The tests are started from the top of the source.
 */
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include "../../lab/lab.h"
#include "../../lab/probe.h"
#include "../../log/report.h"
#include "tap.h"

static struct reader r;
static char dir[64] = "/tmp/iomodels-folder-XXXXXX";

/* ---- our own captures ---- */

struct row {
	const struct program *program;
	const char *scenario;
	char waits[160], copies[160];
};

/*
 * Captured in each run, one of each kind; of those in alone[] the kernel's side
 * without strace, too.  Of the others the one that IOMODELS_MODEL names, or all
 * with IOMODELS_SOAK=1.
 */
static const char always[] = " blocking_thread epoll epoll_thread sigio_tcp"
	" uring_multishot uring_sqpoll uring_worker native_aio uring_file ";
static const char alone[] = " epoll_thread uring_multishot ";

static int is_among(const char *names, const struct program *p)
{
	char word[80];

	snprintf(word, sizeof(word), " %s ", p->name);
	return strstr(names, word) != NULL;
}

/* "thread in futex, main in epoll_pwait": every part of a is in b. */
static int holds(const char *a, const char *b)
{
	char copy[160], *part, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", a);
	while ((part = strsep(&rest, ",")))
		if (!strstr(b, part + strspn(part, " ")))
			return 0;
	return 1;
}

static void leave_out(char *text, const char *part)
{
	char *at;

	while ((at = strstr(text, part)))
		memmove(at, at + strlen(part), strlen(at + strlen(part)) + 1);
}

/* Main or another thread, or both: which of them served is chance. */
static void any_thread(char *text)
{
	size_t half;

	leave_out(text, "main in ");
	leave_out(text, "thread in ");
	half = (strlen(text) - 2) / 2;
	if (strstr(text, ", ") == text + half &&
	    !strncmp(text, text + half + 2, half))
		text[half] = 0;
}

static void capture(const struct row *row)
{
	char command[512], path[200];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	ASSERT_GT(n, 0);
	path[n] = 0;
	for (int i = 0; i < 3; i++)
		*strrchr(path, '/') = 0;
	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(command, sizeof(command), "%s/iomodels capture -o %s %s %s "
		 ">%s.out 2>&1", path, dir, row->program->name, row->scenario,
		 dir);
	if (system(command)) {
		snprintf(command, sizeof(command), "cat %s.out >&2; rm -rf %s "
			 "%s.out", dir, dir, dir);
		system(command);
		FAIL("%s: not captured", row->program->name);
	}
}

static void remove_capture(void)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -r %s %s.out", dir, dir);
	ASSERT_EQ(0, system(command));
}

static int has_model(const char *model)
{
	for (const struct group *g = r.models.groups; g; g = g->next)
		for (int m = 1; m < MODELS; m++)
			if (g->mask & 1u << m && !strcmp(model_name(m), model))
				return 1;
	return 0;
}

static unsigned long long part_sum(int bytes)
{
	unsigned long long sum = 0;

	for (const struct group *g = r.models.groups; g; g = g->next)
		for (int m = 1; m < MODELS; m++)
			if (m != MODEL_FILE)	/* libraries, and the like */
				sum += bytes ? g->parts[m].bytes_in
					     : g->parts[m].messages;
	return sum;
}

static void program_holds(void *arg)
{
	struct row *row = arg;
	const struct program *p = row->program;
	char *path = program_path(p), why[400], waits[400], copies[400];
	char row_waits[160], row_copies[160];
	const struct merge *m;
	const char *verdict;

	if (!path)
		SKIP("%s is not built", p->name);
	if (geteuid() || access("/sys/kernel/tracing/instances", W_OK))
		SKIP("tracefs may not be read here: run as root");
	if (system("strace -o /dev/null true 2>/dev/null"))
		SKIP("no strace here, or it may not trace");
	if (probe_program(p, why) ||
	    (p->flags & FILES && lab_too_fast(why)))
		SKIP("%s", why);
	capture(row);
	reader_start(&r);
	if (reader_read_folder(&r, dir))
		FAIL("%s", r.error);
	m = r.merge;
	ASSERT_NE(NULL, m);
	verdict = merge_verdict(m, why, sizeof(why));
	if (strstr(why, "kernel lost ")) {
		remove_capture();
		SKIP("%s: the machine is too busy", why);
	}
	EXPECT_EQ(0, m->bad);
	EXPECT_EQ(0, m->disordered);
	EXPECT_EQ(0, m->witness.unknown);
	EXPECT_EQ(0, r.joiner.unknown);
	EXPECT_STR("exact", verdict);
	if (*why)
		SAY("%s", why);
	if (!has_model(p->model))
		EXPECT_STR(p->model, "not among the models");
	if (!(p->flags & FILES)) {
		EXPECT_EQ(2, part_sum(0));
		EXPECT_EQ(240, part_sum(1));
		EXPECT_EQ(!(p->flags & UDP), r.accepts);
	}
	witness_waits(&m->witness, waits, sizeof(waits));
	witness_copies(&m->witness, copies, sizeof(copies));
	snprintf(row_waits, sizeof(row_waits), "%s", row->waits);
	snprintf(row_copies, sizeof(row_copies), "%s", row->copies);
	if (p->flags & ANY_THREAD || !strcmp(p->name, "epoll_workers")) {
		any_thread(waits);
		any_thread(copies);
		any_thread(row_waits);
		any_thread(row_copies);
	}
	/*
	 * strace makes the threads of a reader take turns: shares of time
	 * change, and where pages come while a call returns.  glibc's idle
	 * thread may or may not be there, and the poller may be awake for the
	 * whole of the message.
	 */
	if (p->flags & (FILES | HOSTED) || !strcmp(p->name, "uring_sqpoll") ?
				   !holds(row_waits, waits) &&
			       !holds(waits, row_waits)
			     : !holds(row_waits, waits) ||
			       !holds(waits, row_waits))
		EXPECT_STR(row_waits, waits);
	if (!holds(copies, row_copies))
		EXPECT_STR(row_copies, copies);
	reader_free(&r);
	free(path);
	remove_capture();
}

/* "| [epoll](...) | [3](...) | 1 | main in epoll_pwait | main in recvfrom |" */
static int read_row(const char *line, struct row *row)
{
	char name[64], second[16];

	if (sscanf(line, "| [%63[a-z_]](%*[^)]) | [%15[0-9a-zA-Z_]](%*[^)]) | "
		   "%*[0-9] | %159[^|]| %159[^|]|", name, second, row->waits,
		   row->copies) != 4 &&
	    sscanf(line, "| [%63[a-z_]](%*[^)]) | [%15[0-9a-zA-Z_]](%*[^)]) | "
		   "%159[^|]| %159[^|]|", name, second, row->waits,
		   row->copies) != 4)
		return 0;
	row->waits[strlen(row->waits) - 1] = 0;		/* the blank */
	row->copies[strlen(row->copies) - 1] = 0;
	row->program = program_find(name);
	row->scenario = !strcmp(second, "buffered") ? "buffered" :
			!strcmp(second, "O_DIRECT") ? "direct" : "two";
	return row->program != NULL;
}

static void add_row(const struct row *row, const char *scenario,
		    const char *named)
{
	struct row *copy = malloc(sizeof(*copy));
	char *name;

	if (!copy || asprintf(&name, "%s/%s", row->program->name, named) < 0)
		exit(1);
	*copy = *row;
	copy->scenario = scenario;
	tap_add(name, program_holds, copy)->seconds = 30;
}

static void add_programs(void)
{
	FILE *f = fopen("docs/who-waits.md", "re");
	char line[1024];
	const char *model = getenv("IOMODELS_MODEL");	/* make test-NAME */
	struct row row;

	while (f && fgets(line, sizeof(line), f)) {
		if (!read_row(line, &row) ||
		    (!is_among(always, row.program) && !getenv("IOMODELS_SOAK") &&
		     (!model || strcmp(model, row.program->name))))
			continue;
		add_row(&row, row.scenario, row.scenario);
		if (is_among(alone, row.program))
			add_row(&row, "two --no-strace", "kernel.log alone");
	}
	if (f)
		fclose(f);
}

/* The model in each row of programs.c is one that the reader can find. */
TEST(every_program_has_a_model)
{
	for (const struct program *p = programs; p->name; p++) {
		int known = 0;

		for (int m = 1; m < MODELS && p->model; m++)
			known |= !strcmp(model_name(m), p->model);
		if (!known)
			FAIL("lab/programs.c: %s: the model \"%s\" is not one "
			     "of log/model.c", p->name,
			     p->model ? p->model : "");
	}
}

/* The strace log of each kept capture alone shows the program's model. */
TEST(kept_logs_show_the_model)
{
	glob_t found;
	char name[64];

	ASSERT_EQ(0, glob("traces/*.x86_64.strace", 0, NULL, &found));
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *path = found.gl_pathv[i];
		const struct program *p;
		const char *model;

		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(path + 7, "."), path + 7);
		p = program_find(name);
		ASSERT_NE(NULL, p);
		/* The library gives reads with O_DIRECT to native AIO. */
		model = strstr(path, "posix_aio_uring.direct") ? "native-aio"
							       : p->model;
		reader_start(&r);
		if (reader_read(&r, &path, 1))
			FAIL("%s: %s", path, r.error);
		if (!has_model(model))
			FAIL("%s: %s is not among the models", path, model);
		reader_free(&r);
	}
	globfree(&found);
}

/* ---- logs of our own making ---- */

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	ASSERT_NE(NULL, f);
	fputs(text, f);
	ASSERT_EQ(0, fclose(f));
}

static void folder(void)
{
	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(dir + strlen(dir), 8, "/c");
	ASSERT_EQ(0, mkdir(dir, 0700));
}

static void empty_folder(void)
{
	char command[128];

	dir[strlen(dir) - 2] = 0;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ASSERT_EQ(0, system(command));
}

static const char manifest[] = "{ \"pid\": 7, \"command\": [ \"/bin/x\" ], "
	"\"strace\": { \"file\": \"strace.log\" }, "
	"\"kernel\": { \"file\": \"kernel.log\", \"lost\": 0, "
	"\"lost_by_processor\": [0, 0], \"not_in_this_kernel\": \"\" }, "
	"\"alignment\": { \"proved\": true, \"error_bound_ns\": 5000 } }";
static const char strace_log[] =
	"7 1700000000.000000000 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3"
	"<TCP:[99]> <0.000010000>\n"
	"7 1700000000.000100000 read(3<TCP:[127.0.0.1:1->127.0.0.1:2]>, "
	"\"x\", 64) = 1 <0.000900000>\n"
	"7 1700000000.002000000 read(3<TCP:[127.0.0.1:1->127.0.0.1:2]>, "
	"\"y\", 64) = 1 <0.000900000>\n";
#define ENTER(at) "1700000000." at " 0 7 x: sys_enter id=0(read) args=0x3,0,0x40,0,0,0\n"
#define EXIT(at) "1700000000." at " 0 7 x: sys_exit id=0(read) ret=1\n"
#define SLEEP(at) "1700000000." at " 0 7 x: sched_switch prev_comm=x prev_pid=7 prev_prio=120 prev_state=1 next_comm=swapper/0 next_pid=0 next_prio=120\n"
#define WAKE(at) "1700000000." at " 0 0 swapper/0: sched_switch prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=0 next_comm=x next_pid=7 next_prio=120\n"
#define COPY(at) "1700000000." at " 0 7 x: skb_copy_datagram_iovec skbaddr=0x1 len=1\n"
static const char kernel_log[] =
	ENTER("000110000") SLEEP("000120000") WAKE("000920000")
	COPY("000930000") EXIT("000940000")
	ENTER("002010000") COPY("002020000") EXIT("002030000");

static const struct part *blocking(void)
{
	return &r.models.groups->parts[MODEL_BLOCKING];
}

static int explain(const char *strace, const char *kernel, const char *json)
{
	folder();
	if (strace)
		put("strace.log", strace);
	if (kernel)
		put("kernel.log", kernel);
	if (json)
		put("manifest.json", json);
	reader_start(&r);
	return reader_read_folder(&r, dir);
}

/* Of two reads one slept 800 us; the other found its byte there. */
TEST(one_of_two_reads_slept)
{
	char text[200];

	ASSERT_EQ(0, explain(strace_log, kernel_log, manifest));
	EXPECT_STR("exact", merge_verdict(r.merge, text, sizeof(text)));
	EXPECT_EQ(2, blocking()->seen);
	EXPECT_EQ(1, blocking()->slept);
	EXPECT_EQ(800000, blocking()->longest_ns);
	EXPECT_EQ(2, blocking()->copied);
	EXPECT_STR("main in read", witness_copies(&r.merge->witness, text,
						  sizeof(text)));
	empty_folder();
}

/* Events were lost: what slept is not exact, and the report says so. */
TEST(lost_events_are_reported)
{
	char json[600], why[200], *lost;

	snprintf(json, sizeof(json), "%s", manifest);
	lost = strstr(json, "\"lost\": 0");
	memcpy(lost, "\"lost\": 9", 9);
	lost = strstr(json, "[0, 0]");
	memcpy(lost, "[0, 9]", 6);
	ASSERT_EQ(0, explain(strace_log, kernel_log, json));
	EXPECT_STR("partly exact", merge_verdict(r.merge, why, sizeof(why)));
	EXPECT_NE(NULL, strstr(why, "lost 9 events"));
	EXPECT_EQ(1, blocking()->seen);	/* on processor 0, without a sleep */
	empty_folder();
}

/* Clocks that do not agree: no call is matched with another's events. */
TEST(clocks_that_disagree)
{
	char json[600], why[200], *proved;

	snprintf(json, sizeof(json), "%s", manifest);
	proved = strstr(json, "true,");
	memcpy(proved, "false", 5);
	snprintf(proved + 5, 60, ", \"error_bound_ns\": 5000 } }");
	ASSERT_EQ(0, explain(strace_log, kernel_log, json));
	EXPECT_STR("inferred", merge_verdict(r.merge, why, sizeof(why)));
	EXPECT_NE(NULL, strstr(why, "clocks"));
	EXPECT_EQ(0, blocking()->seen);
	empty_folder();
}

/* Without kernel.log phases are inferred, for the reason that capture gave. */
TEST(strace_alone)
{
	ASSERT_EQ(0, explain(strace_log, NULL, "{ \"kernel\": null, "
			     "\"not_available\": [ { \"what\": \"kernel\", "
			     "\"why\": \"run it as root\" } ] }"));
	EXPECT_EQ(NULL, r.merge);
	EXPECT_NE(NULL, strstr(r.no_kernel, "run it as root"));
	empty_folder();
}

/* kernel.log alone: its calls are read, by their numbers. */
TEST(kernel_alone)
{
	char text[200];

	ASSERT_EQ(0, explain(NULL, kernel_log, manifest));
	EXPECT_EQ(2, r.calls);
	EXPECT_EQ(0, r.joiner.unknown);
	EXPECT_STR("exact", merge_verdict(r.merge, text, sizeof(text)));
	EXPECT_STR("main in read", witness_waits(&r.merge->witness, text,
						 sizeof(text)));
	empty_folder();
}

/* Lines that are not of kernel.log, and events of later kernels, are counted. */
TEST(bad_lines_are_counted)
{
	char text[2000];

	snprintf(text, sizeof(text), "nonsense\n1700000000.000105000 0 7 x: "
		 "new_event a=1\n1700000000.0001 0 7 x: sys_enter\n%s",
		 kernel_log);
	ASSERT_EQ(0, explain(strace_log, text, manifest));
	EXPECT_EQ(2, r.merge->bad);
	EXPECT_EQ(1, r.merge->bad_kept[0].line);
	EXPECT_STR("nonsense", r.merge->bad_kept[0].text);
	EXPECT_EQ(1, r.merge->witness.unknown);
	EXPECT_STR("new_event", r.merge->witness.unknown_name);
	EXPECT_EQ(2, blocking()->seen);
	empty_folder();
}

/* A kernel.log cut in the middle of a line is an error with its line. */
TEST(torn_kernel_log)
{
	char text[2000];

	snprintf(text, sizeof(text), "%s", kernel_log);
	text[strlen(text) - 20] = 0;
	ASSERT_EQ(-1, explain(strace_log, text, manifest));
	EXPECT_NE(NULL, strstr(r.error, "kernel.log:8:"));
	empty_folder();
}

/* An empty kernel.log and a broken manifest are reported; no crash. */
TEST(nothing_in_it)
{
	char why[200];

	ASSERT_EQ(0, explain(strace_log, "", "{ \"pid\": "));
	EXPECT_STR("inferred", merge_verdict(r.merge, why, sizeof(why)));
	EXPECT_NE(NULL, strstr(why, "empty"));
	reader_free(&r);
	empty_folder();
}

/* ---- sleeps without a call ---- */

#define FAULT(at) "1700000000." at " 0 7 x: block_bio_queue dev=1 sector=8 nr_sector=8 rwbs=R comm=x\n" \
	"1700000000." at " 0 7 x: sched_switch prev_comm=x prev_pid=7 prev_prio=120 prev_state=2 next_comm=swapper/0 next_pid=0 next_prio=120\n"

/* A thread that touches pages of a cold mapping sleeps between two calls. */
TEST(page_faults_are_waits)
{
	const struct witness *w;
	char text[200];

	ASSERT_EQ(0, explain(NULL, ENTER("000000001") EXIT("000000009")
		FAULT("000100000") WAKE("000400000")
		FAULT("000500000") WAKE("000600000")
		ENTER("000700000") EXIT("000700009"), manifest));
	w = &r.merge->witness;
	EXPECT_STR("main in a page fault (no call)",
		   witness_waits(w, text, sizeof(text)));
	ASSERT_EQ(1, w->n_waits);
	EXPECT_EQ(2, w->waits[0].times);
	EXPECT_EQ(400000, w->waits[0].ns);
	EXPECT_EQ(300000, w->waits[0].longest_ns);
	EXPECT_STR("nobody: a page fault maps the page",
		   witness_copies(w, text, sizeof(text)));
	empty_folder();
}

#define ASLEEP(at, stack) "1700000000." at " 0 7 x: sched_switch prev_comm=x prev_pid=7 prev_prio=120 prev_state=2 next_comm=swapper/0 next_pid=0 next_prio=120 stack=" stack "\n"

/* Where the stack is known, it tells another sleep from a page fault. */
TEST(not_each_sleep_without_a_call_is_a_page_fault)
{
	char text[200];

	ASSERT_EQ(0, explain(NULL, ENTER("000000001") EXIT("000000009")
		ASLEEP("000100000", "schedule<__fput_sync<task_work_run<"
		       "exit_to_user_mode_loop") WAKE("000400000")
		ENTER("000700000") EXIT("000700009"), manifest));
	EXPECT_STR("main in no call", witness_waits(&r.merge->witness, text,
						     sizeof(text)));
	empty_folder();
}

/* ... and the page fault from that. */
TEST(a_page_fault_by_its_stack)
{
	char text[200];

	ASSERT_EQ(0, explain(NULL, ENTER("000000001") EXIT("000000009")
		ASLEEP("000100000", "io_schedule<filemap_fault<"
		       "handle_mm_fault<exc_page_fault") WAKE("000400000")
		ENTER("000700000") EXIT("000700009"), manifest));
	EXPECT_STR("main in a page fault (no call)",
		   witness_waits(&r.merge->witness, text, sizeof(text)));
	empty_folder();
}

/* The log begins while a call sleeps: that is not a page fault. */
TEST(a_call_that_nobody_saw_begin)
{
	ASSERT_EQ(0, explain(NULL, FAULT("000100000") WAKE("000400000")
		EXIT("000500000") ENTER("000600000") EXIT("000600009"),
		manifest));
	EXPECT_EQ(0, r.merge->witness.n_waits);
	empty_folder();
}

/* ---- requests ---- */

#define RING(at) "1700000000." at " 0 7 x: io_uring_create fd=4 ctx=0xffff888000000100 sq_entries=8 cq_entries=16 flags=0\n"
#define SUBMIT(at, req, data) "1700000000." at " 0 7 x: io_uring_submit_req ctx=0xffff888000000100 req=" req " user_data=" data " opcode=27 flags=0 sq_thread=0 op_str=RECV\n"
#define ARM(at, req, data) "1700000000." at " 0 7 x: io_uring_poll_arm ctx=0xffff888000000100 req=" req " user_data=" data " opcode=27 mask=1 events=1 op_str=RECV\n"
#define DONE(at, req, data, res, flags) "1700000000." at " 0 7 x: io_uring_complete ctx=0xffff888000000100 req=" req " user_data=" data " res=" res " cflags=" flags " extra1=0 extra2=0\n"
#define ENTER_RING(at) "1700000000." at " 0 7 x: sys_enter id=426(io_uring_enter) args=0x4,0x1,0,0,0,0\n"
#define EXIT_RING(at) "1700000000." at " 0 7 x: sys_exit id=426(io_uring_enter) ret=1\n"

/*
 * Two requests with the same user_data; a multishot whose completions have no
 * address but the last; an address that is used again at once.
 */
TEST(requests_are_told_apart)
{
	const struct witness_ring *ring;

	ASSERT_EQ(0, explain(NULL, RING("000000001") ENTER_RING("000000002")
		SUBMIT("000000003", "0x10", "13")
		DONE("000000004", "0x10", "13", "5", "0")
		SUBMIT("000000005", "0x10", "13")
		ARM("000000006", "0x10", "13")
		EXIT_RING("000000007") ENTER_RING("000000100")
		DONE("000000101", "0", "13", "7", "2")
		DONE("000000102", "0", "13", "9", "2")
		DONE("000000103", "0x10", "13", "0", "0")
		DONE("000000104", "0x10", "13", "0", "0")
		EXIT_RING("000000110"), manifest));
	ASSERT_EQ(1, r.merge->witness.n_rings);
	ring = r.merge->witness.ring_list[0];
	EXPECT_EQ(4, ring->fd);
	EXPECT_EQ(2, ring->requests);
	EXPECT_EQ(4, ring->completions);
	EXPECT_EQ(1, ring->way[WAY_INLINE]);
	EXPECT_EQ(3, ring->way[WAY_POLLED]);
	EXPECT_EQ(3, ring->messages);
	EXPECT_EQ(21, ring->bytes_in);
	EXPECT_EQ(1, ring->ends);
	EXPECT_EQ(1, r.merge->witness.unmatched);
	EXPECT_EQ(3, part_sum(0));
	empty_folder();
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/*
 * Two threads of io_uring with the same life, one after the other: one is made
 * for the program's own task, the other for a process that is not in the log.
 */
#define WORKER(pid, of, from, to) \
	"1700000000." from " 0 " pid " iou-wrk-" of ": sched_switch prev_comm=iou-wrk-" of " prev_pid=" pid " prev_prio=120 prev_state=1 next_comm=x next_pid=7 next_prio=120\n" \
	"1700000000." to " 0 7 x: sched_switch prev_comm=x prev_pid=7 prev_prio=120 prev_state=0 next_comm=iou-wrk-" of " next_pid=" pid " next_prio=120\n"
#define FOREIGN "1700000000.000500000 0 4712 iou-sqp-4711: "

TEST(rings_of_other_programs)
{
	const struct witness *w;
	char text[200];

	ASSERT_EQ(0, explain(NULL, ENTER("000000001")
		WORKER("4712", "4711", "000100000", "000400000")
		FOREIGN "io_uring_submit_req ctx=0xffff888000000200 req=0x10 user_data=1 opcode=27 flags=0 sq_thread=1 op_str=RECV\n"
		FOREIGN "skb_copy_datagram_iovec skbaddr=0x1 len=9\n"
		FOREIGN "io_uring_complete ctx=0xffff888000000200 req=0x10 user_data=1 res=9 cflags=0 extra1=0 extra2=0\n"
		SLEEP("000600000") WAKE("000700000") EXIT("000800000"),
		manifest));
	w = &r.merge->witness;
	EXPECT_STR("main in read", witness_waits(w, text, sizeof(text)));
	EXPECT_STR("", witness_copies(w, text, sizeof(text)));
	EXPECT_EQ(0, w->n_rings);
	EXPECT_EQ(0, w->unmatched);
	empty_folder();
}

TEST(a_worker_of_its_own)
{
	char text[200];

	ASSERT_EQ(0, explain(NULL, ENTER("000000001")
		WORKER("8", "7", "000100000", "000400000")
		EXIT("000800000"), manifest));
	EXPECT_STR("iou-wrk", witness_waits(&r.merge->witness, text,
					    sizeof(text)));
	empty_folder();
}

static const char ring_log[] = RING("000000001") ENTER_RING("000000002")
	SUBMIT("000000003", "0x10", "13") ARM("000000006", "0x10", "13")
	SLEEP("000000007") WAKE("000000060") COPY("000000061")
	DONE("000000062", "0x10", "13", "1", "0") EXIT_RING("000000070");
static const char ring_strace[] = "7 1700000000.000000001 io_uring_enter(4, 1, "
	"1, IORING_ENTER_GETEVENTS, NULL, 8) = 1 <0.000000070>\n";

/* The sleep and the copy are drawn, a request begins once and ends once. */
TEST(drawn)
{
	struct scene scene = { .keeps_text = 1 };
	char *text;
	size_t len;
	FILE *out;

	folder();
	put("strace.log", ring_strace);
	put("kernel.log", ring_log);
	put("manifest.json", manifest);
	reader_start(&r);
	r.watch = scene_watch;
	r.line = scene_line;
	r.see = scene_see;
	r.watch_context = &scene;
	ASSERT_EQ(0, reader_read_folder(&r, dir));
	EXPECT_EQ(1, scene.n);
	EXPECT_EQ(2, scene.n_marks);
	EXPECT_EQ(1, scene.n_requests);
	EXPECT_EQ(2, scene.n_stages);
	EXPECT_EQ(1, scene.rows[0].exact);
	out = open_memstream(&text, &len);
	report_perfetto(out, &r, &scene);
	fclose(out);
	EXPECT_EQ(1, count(text, "\"ph\":\"b\""));
	EXPECT_EQ(2, count(text, "\"ph\":\"n\""));
	EXPECT_EQ(1, count(text, "\"ph\":\"e\""));
	EXPECT_EQ(2, count(text, "\"ph\":\"X\""));	/* the call, the sleep */
	EXPECT_EQ(1, count(text, "copy 1 byte\""));
	EXPECT_EQ(1, count(text, "\"ph\":\"s\""));
	EXPECT_EQ(1, count(text, "\"ph\":\"f\""));
	out = open_memstream(&text, &len);
	report_html(out, &r, &scene);
	fclose(out);
	EXPECT_EQ(1, count(text, "[4,\"RECV\","));
	EXPECT_NE(NULL, strstr(text, "\"phases\":\"exact\""));
	empty_folder();
}

/* Under its call each line of kernel.log, once. */
TEST(under_its_call)
{
	struct lines lines = { .fd = -1 };
	char *text;
	size_t len;

	folder();
	put("strace.log", ring_strace);
	put("kernel.log", ring_log);
	put("manifest.json", manifest);
	lines.out = open_memstream(&text, &len);
	reader_start(&r);
	r.watch = lines_watch;
	r.line = lines_line;
	r.see = lines_see;
	r.watch_context = &lines;
	ASSERT_EQ(0, reader_read_folder(&r, dir));
	fclose(lines.out);
	EXPECT_EQ(1, count(text, "k3  io_uring_submit_req"));
	EXPECT_EQ(1, count(text, "k8  io_uring_complete"));
	EXPECT_NE(NULL, strstr(text, "hands over and waits for"));
	empty_folder();
}

/* SIGIO while one is pending is generated, and comes to nothing. */
TEST(lost_sigio)
{
	int found = 0;

	ASSERT_EQ(0, explain(strace_log, ENTER("000110000")
		"1700000000.000200000 1 9 y: signal_generate sig=29 errno=0 "
		"code=128 comm=x pid=7 group=1 result=2\n", manifest));
	for (struct finding *d = r.findings.first; d; d = d->next)
		found += !strcmp(d->about->id, "sigio-lost") && d->of_kernel &&
			 d->line[0] == 2 && d->pid == 7;
	EXPECT_EQ(1, found);
	empty_folder();
}

void tap_list(void)
{
	add_programs();
}

/* SPDX-License-Identifier: MIT */
/*
 * compare.c - iomodels compare: the same work for many servers, side by side
 *
 * In each workload, every repetition starts all contenders anew and lets them
 * take turns.  compare uses the ratios within a turn.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <error.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../bench/agree.h"
#include "../bench/count.h"
#include "../bench/compare_report.h"
#include "../bench/doing.h"
#include "cli.h"
#include "progress.h"
#include "stopped.h"

enum {
	KEY_BASE = 256, KEY_LAYOUT, KEY_PEER, KEY_RESUME, KEY_JSON, KEY_MARKDOWN,
	KEY_STANDARD, KEY_FILES, KEY_FILE_SIZE, KEY_AGREE, KEY_START, KEY_READY,
	KEY_CONNECT, KEY_PATH, KEY_REQUEST, KEY_ANSWER, KEY_EQUAL, KEY_UNTIL,
};
enum { WARM_MS = 100, COUNT_MS = 40 };
enum { KIB_A_CONNECTION = 16 };	/* of both sides, more than is needed */
#define ALL_WRONG 0.999			/* of the answers */

struct options {
	struct plan plan;
	const char *names[CONTENDERS];	/* ends with NULL */
	int name_count;
	const char *peers[CONTENDERS];	/* commands */
	int peer_count;
	struct outside outside[CONTENDERS];
	char wrong[CONTENDERS][100];	/* what each of them answered */
	const char *places[CONTENDERS];	/* of outside: --connect; or NULL */
	char *commands[CONTENDERS];	/* likewise: --start, "localhost:80", or
					   a path */
	int outside_count;
	const char *path, *request, *answer;
	unsigned until_ms;		/* go on so long while undecided */
	const char *base, *output;
	int resume, json, markdown, standard, files, agree;
};

static const struct argp_option options[] = {
	{ "workload", 'w', "LIST", 0, "Workloads, separated by commas (default "
	  "tcp-c1,tcp-c16,tcp-c128): names with options, which the end of this "
	  "text lists. For files see --files", 0 },
	{ "repeat", 'r', "N", 0, "Repeat each measurement N times (default 9; "
	  "with fewer, compare prints figures, but no verdicts)", 0 },
	{ "seconds", 't', "S", 0, "Each measurement lasts S seconds "
	  "(default 0.4)", 0 },
	{ "base", KEY_BASE, "SERVER", 0, "Compare with SERVER (default epoll; "
	  "for files, fio:io_uring)", 0 },
	{ "layout", KEY_LAYOUT, "same|two|both", 0, "Where server and client "
	  "run: on one processor (same, the default, with the least noise), on "
	  "two (two), or both ways (both)", 0 },
	{ "start", KEY_START, "COMMAND", 0, "One more server, any program: the "
	  "shell starts COMMAND. --ready says on which port or Unix socket the "
	  "server listens; or write {port} or {socket} in COMMAND, and "
	  "compare replaces it by a free port or the path of a new Unix socket",
	  0 },
	{ "ready", KEY_READY, "PORT|unix:PATH", 0, "The server of the previous "
	  "--start is ready when it listens on PORT, or on the Unix socket PATH",
	  0 },
	{ "connect", KEY_CONNECT, "HOST:PORT|unix:PATH", 0, "One more server, "
	  "which is already running", 0 },
	{ "path", KEY_PATH, "/PATH", 0, "For -w http: the path (default /)", 0 },
	{ "request", KEY_REQUEST, "FILE", 0, "For -w bytes: the request", 0 },
	{ "answer", KEY_ANSWER, "RULE", 0, "For -w bytes: how an answer ends: "
	  "length:N, delimiter:TEXT or close", 0 },
	{ "peer", KEY_PEER, "COMMAND", 0, "One more echo server, any program "
	  "that takes \"--port N --service echo\" (for reply, sink and source: "
	  "--service reply) and prints on stderr "
	  "\"NAME: serving echo on 127.0.0.1:PORT\"", 0 },
	{ "equal", KEY_EQUAL, "PERCENT", 0, "A server within PERCENT of the base "
	  "counts as equal (default 2)", 0 },
	{ "until-decided", KEY_UNTIL, "TIME", 0, "Repeat the workloads "
	  "in which something is undecided, for at most TIME, such as 90s or "
	  "10m", 0 },
	{ "standard", KEY_STANDARD, NULL, 0, "The standard set: all kinds of "
	  "work, one model for each way of I/O, all peers; it takes 20 minutes",
	  0 },
	{ "files", KEY_FILES, NULL, 0, "Compare file jobs (programs that read "
	  "one file) instead of servers. A workload is then the word file with "
	  "options, as in file-direct-random-q32: -hot (in the page cache), "
	  "-cold (not in it) or -direct (O_DIRECT), -random or -seq, -qN reads "
	  "in flight (1), -sN bytes per read (4096)", 0 },
	{ "file-size", KEY_FILE_SIZE, "MIB", 0, "The size of the file that "
	  "file jobs read (default 1024); compare makes the file in the current "
	  "folder", 0 },
	{ "output", 'o', "DIR", 0, "Keep each measurement in DIR/results.jsonl, "
	  "and make DIR/report.html with plots (by gnuplot)", 0 },
	{ "resume", KEY_RESUME, NULL, 0, "Continue the run whose results are "
	  "in the DIR of -o", 0 },
	{ "json", KEY_JSON, NULL, 0, "Print one JSON object instead of the "
	  "tables", 0 },
	{ "markdown", KEY_MARKDOWN, NULL, 0, "Print Markdown: a row per server, a "
	  "column per workload", 0 },
	{ "agree", KEY_AGREE, NULL, 0, "Measure nothing; check whether the "
	  "results in the folders DIR1 and DIR2 rank the servers alike; exit "
	  "with 1 if they do not", 0 },
	{ 0 }
};

/*
 * The standard set.  Servers: each way once, and all peers.  Sixteen
 * connections of 64 B is the middle; every other workload changes one thing.
 */
static const char *const standard_servers[] = {
	"select", "poll", "epoll_et", "blocking_thread", "sigio_queued",
	"callback", "coroutine", "uring_basic", "uring_multishot", "uring_fast",
	"uring_sqpoll", "uring_multishot_liburing", "libevent", "libuv",
	"libev", "python_asyncio", "nodejs", "sigio_udp", "uring_udp", "floor",
	NULL
};
static const char standard_workloads[] =
	"tcp-c1,tcp-c16,tcp-c128,tcp-c1000,tcp-c16-s16384,tcp-c16-w16,unix-c16,"
	"tcp-c16-i10000,churn-c16,udp-c16";
static const char standard_two[] = "tcp-c16-s64";	/* on two processors, too */
enum { STANDARD_REPETITIONS = 9, STANDARD_MS = 120, STANDARD_WARM_MS = 30 };

/* File jobs: NAME:OPTION of ours, engines of fio. */
static const char *const file_readers[] = {
	"uring_file:batch=1", "uring_file", "native_aio:batch=1", "native_aio",
	"libaio:batch=1", "posix_aio_glibc", "file_threads", "file_blocking",
	"fio:libaio", "fio:posixaio", "fio:libposixaio", "fio:psync", NULL
};
static const char file_workloads[] =
	"file-direct-random-q1,file-direct-random-q8,file-direct-random-q32,"
	"file-direct-random-q128,file-hot-random-q1,file-hot-random-q8,"
	"file-hot-random-q32,file-hot-random-q128,file-cold-random-q1,"
	"file-cold-random-q8,file-cold-random-q32,file-cold-random-q128,"
	"file-direct-seq-q32,file-hot-seq-q32,file-cold-seq-q32";
static const char file_base[] = "fio:io_uring", other_base[] = "uring_file";

/* ---- the command line ---- */

static void add_workloads(struct plan *p, const char *text,
			  struct argp_state *state)
{
	char *list = strdup(text), why[200];

	for (char *w = strtok(list, ","); w; w = strtok(NULL, ",")) {
		if (p->workload_count == WORKLOADS)
			argp_error(state, "--workload: expected at most %d "
				   "workloads", WORKLOADS);
		if (workload_parse(&p->workloads[p->workload_count++], w, why))
			argp_error(state, "--workload %s", why);
	}
	free(list);
}

static struct outside *add_outside(struct options *o, struct argp_state *state)
{
	if (o->outside_count == CONTENDERS / 2)
		argp_error(state, "expected at most %d servers", CONTENDERS / 2);
	return &o->outside[o->outside_count++];
}

/* PATH of "unix:PATH", with room for a suffix; NULL: text has another form. */
static const char *parse_path(const char *option, const char *text, int suffix,
			      struct argp_state *state)
{
	const char *path = text + 5;

	if (strncmp(text, "unix:", 5))
		return NULL;
	if (!*path)
		argp_error(state, "--%s %s: expected unix:PATH", option, text);
	if (strlen(path) >= PATH_SIZE - (size_t)suffix)
		argp_error(state, "--%s %s: this path has %zu bytes; that of a "
			   "Unix socket has at most %d", option, text,
			   strlen(path), PATH_SIZE - 1 - suffix);
	return path;
}

/* "127.0.0.1:80", "localhost:80"; another machine measures the network. */
static void parse_place(struct outside *o, const char *text,
			struct argp_state *state)
{
	const char *colon = strrchr(text, ':');
	char host[64], *end = "x";
	struct in_addr a;

	o->path = parse_path("connect", text, 0, state);
	if (o->path)
		return;
	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - text) : 0,
		 text);
	if (colon && colon[1])
		o->port = strtol(colon + 1, &end, 10);
	if (*end || o->port < 1 || o->port > 65535)
		argp_error(state, "--connect %s: expected HOST:PORT or unix:PATH"
			   ", PORT from 1 to 65535", text);
	if (!inet_aton(strcmp(host, "localhost") ? host : "127.0.0.1", &a) ||
	    ntohl(a.s_addr) >> 24 != IN_LOOPBACKNET)
		argp_error(state, "--connect %s: expected this machine's "
			   "loopback, such as 127.0.0.1:80", text);
	o->address = a.s_addr;
}

/* "90s", "10m", "1h", in ms. */
static unsigned parse_time(const char *text, struct argp_state *state)
{
	char *end;
	double v = strtod(text, &end);
	double unit = !strcmp(end, "m") ? 60 : !strcmp(end, "h") ? 3600 :
		      !*end || !strcmp(end, "s") ? 1 : 0;

	if (end == text || !unit || !(v > 0) || v * unit > 86400)
		argp_error(state, "--until-decided %s: expected a time, such as 90s "
			   "or 10m, at most 24h", text);
	return v * unit * 1000;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct outside *last;
	char *end;

	switch (key) {
	case 'w':
		add_workloads(&o->plan, arg, state);
		return 0;
	case 'r':
		o->plan.repetitions = number_arg(state, "repeat", arg, 1,
						 REPETITIONS);
		return 0;
	case 't':
		o->plan.run_ms = seconds_arg(state, "seconds", arg, 60);
		if (!o->plan.run_ms)
			argp_error(state, "--seconds %s: expected at least "
				   "0.001", arg);
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case KEY_BASE:
		o->base = arg;
		return 0;
	case KEY_LAYOUT:
		o->plan.layouts = !strcmp(arg, "same") ? 1 << SAME :
				  !strcmp(arg, "two") ? 1 << TWO :
				  !strcmp(arg, "both") ? 1 << SAME | 1 << TWO : 0;
		if (!o->plan.layouts)
			argp_error(state, "--layout %s: expected same, two or "
				   "both", arg);
		return 0;
	case KEY_PEER:
		if (o->peer_count == CONTENDERS / 2)
			argp_error(state, "--peer: expected at most %d peers",
				   CONTENDERS / 2);
		o->peers[o->peer_count++] = arg;
		return 0;
	case KEY_RESUME:
		o->resume = 1;
		return 0;
	case KEY_JSON:
		o->json = 1;
		return 0;
	case KEY_MARKDOWN:
		o->markdown = 1;
		return 0;
	case KEY_START:
		add_outside(o, state)->start = arg;
		return 0;
	case KEY_READY:
		if (!o->outside_count)
			argp_error(state, "--ready %s: expected after --start "
				   "COMMAND", arg);
		last = &o->outside[o->outside_count - 1];
		last->path = parse_path("ready", arg, SUFFIX, state);
		last->port = last->path ? 0 : number_arg(state, "ready", arg, 1,
							 65535);
		return 0;
	case KEY_CONNECT:
		parse_place(add_outside(o, state), arg, state);
		o->places[o->outside_count - 1] = arg;
		return 0;
	case KEY_PATH:
		o->path = arg;
		return 0;
	case KEY_REQUEST:
		o->request = arg;
		return 0;
	case KEY_ANSWER:
		o->answer = arg;
		return 0;
	case KEY_EQUAL:
		o->plan.bound = strtod(arg, &end) / 100;
		if (*end || !(o->plan.bound > 0) || o->plan.bound > 1)
			argp_error(state, "--equal %s: expected a percentage "
				   "above 0 and up to 100, such as 2", arg);
		return 0;
	case KEY_UNTIL:
		o->until_ms = parse_time(arg, state);
		return 0;
	case KEY_STANDARD:
		o->standard = 1;
		return 0;
	case KEY_FILES:
		o->files = 1;
		return 0;
	case KEY_AGREE:
		o->agree = 1;
		return 0;
	case KEY_FILE_SIZE:
		files_mib = number_arg(state, "file-size", arg, 1, 1 << 20);
		return 0;
	case ARGP_KEY_ARG:
		if (o->name_count == CONTENDERS / 2)
			argp_error(state, "expected at most %d servers",
				   CONTENDERS / 2);
		o->names[o->name_count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->resume && !o->output)
			argp_error(state, "--resume: expected -o DIR, the "
				   "folder of the run to continue");
		if (o->standard && (o->name_count || o->plan.workload_count))
			argp_error(state, "--standard has its own servers and "
				   "workloads: name no others");
		if (o->agree && o->name_count != 2)
			argp_error(state, "--agree: expected two folders with "
				   "results");
		if (o->standard && o->files)
			argp_error(state, "expected only one of --standard and "
				   "--files");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- contenders ---- */

/* What was asked for by name must be there; of a set it is left out. */
static void is_missing(const char *name, const char *why, int asked)
{
	if (asked)
		error(1, 0, "%s: %s", name, why);
	fprintf(stderr, "iomodels compare: %s is left out: %s\n", name, why);
}

/* Returns 1 if NAME is a file job, even one that is missing. */
static int add_reader(struct plan *plan, const char *name, int asked)
{
	struct contender *c = &plan->contenders[plan->contender_count];
	char why[200];
	int err;

	for (int i = 2; i < plan->contender_count; i++)
		if (!strcmp(plan->contenders[i].name, name))
			return 1;
	err = files_contender(c, name, why);
	if (err == -EINVAL)
		error(2, 0, "%s: %s", name, why);
	if (err < 0)
		is_missing(name, why, asked);
	else if (!err)
		plan->contender_count++;
	return err <= 0;
}

static void add(struct plan *plan, const char *name, int asked)
{
	const struct program *p = program_find(name);
	const char *nearest = nearest_program(name);
	char *path, why[200];

	if (add_reader(plan, name, asked))
		return;
	if (!strcmp(name, "floor")) {
		plan->contenders[plan->contender_count++] = (struct contender){
			.name = "floor", .floor = 1,
		};
		return;
	}
	p = p ? p : peer_find(name);
	if (!p)
		error(2, 0, "%s: no such server%s%s%s; iomodels list shows them",
		      name, nearest ? "; did you mean " : "",
		      nearest ? nearest : "", nearest ? "?" : "");
	for (int i = 2; i < plan->contender_count; i++)
		if (plan->contenders[i].program == p)
			return;
	path = program_path(p);
	if (!path) {
		not_built(p, why, sizeof(why));
		is_missing(p->name, why, asked);
	} else {
		plan->contenders[plan->contender_count++] = (struct contender){
			.name = p->name, .program = p,
		};
	}
	free(path);
}

/* ---- commands ---- */

enum { COMMAND_WORDS = 32, NAME_MOST = 24 };

static int is_taken(const struct plan *plan, const char *name)
{
	for (int i = 0; i < plan->contender_count; i++)
		if (!strcmp(plan->contenders[i].name, name))
			return 1;
	return 0;
}

/* All commands of this run, and the ports of --ready; a name tells one from the
   others. */
static struct named {
	const char *text;
	int port;
	char *words[COMMAND_WORDS];	/* from its program on */
	int n;
} commands[CONTENDERS];
static int command_count;

/* What ends a command in a shell's line; the & of "2>&1" does not. */
static int ends_command(const char *text, const char *at)
{
	return *at == ';' || *at == '|' ||
	       (*at == '&' && at[1] != '>' && (at == text || at[-1] != '>'));
}

/* This command only waits for an earlier one of the same line. */
static int only_waits(const char *command)
{
	size_t len = strcspn(command, " ;&|");

	return (len == 4 && !strncmp(command, "wait", len)) ||
	       (len == 5 && !strncmp(command, "sleep", len));
}

/* The last command of a shell's line: "cd /srv && exec node a.js" is node, and so
   is "node a.js & wait". */
static const char *last_command(const char *text)
{
	const char *start = text;
	char quote = 0;

	for (const char *at = text; *at; at++) {
		const char *next = at + 1 + strspn(at + 1, ";&| ");

		if (quote)
			quote = *at == quote ? 0 : quote;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (ends_command(text, at) && *next && !only_waits(next))
			start = next;
	}
	return start;
}

/* "PORT=80", "exec": they stand before the program. */
static int is_before(const char *word)
{
	static const char *const before[] = { "exec", "env", "nohup", "sudo" };
	size_t name = strcspn(word, "=/");

	for (unsigned i = 0; i < sizeof(before) / sizeof(*before); i++)
		if (!strcmp(word, before[i]))
			return 1;
	return word[name] == '=' && *word != '-';
}

static size_t word_length(const char *text, const char *at)
{
	size_t len = 0;

	while (at[len] && at[len] != ' ' && !ends_command(text, at + len))
		len++;
	return len;
}

static void split(struct named *c)
{
	const char *at = last_command(c->text);

	c->n = 0;
	while (*(at += strspn(at, " ")) && !ends_command(c->text, at) &&
	       c->n < COMMAND_WORDS) {
		char quote = strchr("\"'", *at) ? *at : 0;
		size_t len = quote ? strcspn(at + 1, (char[]){ quote, 0 }) :
				     word_length(c->text, at);
		char *word = strndup(at + !!quote, len);

		at += len + !!quote;
		at += quote && *at;
		if ((!c->n && is_before(word)) || (!quote && strpbrk(word, "<>")))
			free(word);
		else
			c->words[c->n++] = word;
	}
	if (!c->n)
		c->words[c->n++] = strdup("sh");
}

/* The end of a path, with this number of '/' in it. */
static const char *end_of_path(const char *word, int slashes)
{
	const char *at = word + strlen(word);

	while (at > word && (at[-1] != '/' || !at[0] || slashes--))
		at--;
	return at;
}

/* How many other commands of this program have the word, of *others. */
static int have(const struct named *c, const char *word, int *others)
{
	int found = 0;

	*others = 0;
	for (int i = 0; i < command_count; i++) {
		int has = 0;

		if (&commands[i] == c || strcmp(end_of_path(c->words[0], 0),
				end_of_path(commands[i].words[0], 0)))
			continue;
		++*others;
		for (int k = 0; k < commands[i].n; k++)
			has |= !strcmp(commands[i].words[k], word);
		found += has;
	}
	return found;
}

static int is_place(const char *word)
{
	return strstr(word, "{port}") || strstr(word, "{socket}");
}

static int is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/* The part of a word that is shown: the end of a path, all of "HTTP/1.0". */
static const char *shown(const char *word, int slashes)
{
	return strchr("/.~$", *word) || strlen(word) > NAME_MOST / 2 ?
	       end_of_path(word, slashes) : word;
}

/* Name it by its program and word i.  0: another command has that name. */
static int name_by_word(const struct plan *plan, const struct named *c, int i,
			char name[NAME_MOST + 1])
{
	const char *program = end_of_path(c->words[0], 0), *word = c->words[i];
	const char *next = i + 1 < c->n ? c->words[i + 1] : "-";
	char text[200];

	if (is_place(word))
		return 0;
	for (int slashes = 0; slashes < 3; slashes++) {
		const char *end = shown(word, slashes);

		if (!i)
			snprintf(text, sizeof(text), "%s",
				 end_of_path(word, slashes));
		else if (is_option(word) && *next && !is_option(next) &&
			 !is_place(next))
			snprintf(text, sizeof(text), "%.30s %.60s %.30s", program,
				 word, shown(next, slashes));
		else if (*word >= '0' && *word <= '9' && is_option(c->words[i - 1]))
			snprintf(text, sizeof(text), "%.30s %.60s %.30s", program,
				 c->words[i - 1], word);
		else
			snprintf(text, sizeof(text), "%.30s %.60s", program, end);
		/* The end of a word says more than its beginning. */
		if (strlen(text) > NAME_MOST)
			snprintf(text, sizeof(text), "%.10s..%.30s", program,
				 word + (strlen(word) > 12 ? strlen(word) - 12 :
					 0));
		snprintf(name, NAME_MOST + 1, "%s", text);
		if (!is_taken(plan, name))
			return 1;
	}
	return 0;
}

/*
 * The name of a command in tables and in results.  It is its program.  Where
 * others have that name, it is the program with the first word that they do not
 * have, else with the port, else with a number.
 */
static const char *name_command(const struct plan *plan, const char *text,
				int port)
{
	static char kept[CONTENDERS][NAME_MOST + 1];	/* to the end */
	static int used;
	struct named *c = commands;
	char *name = kept[used++], plain[NAME_MOST - 5];
	int others, most = 0, done = 0, equal = 0;

	while (c->text != text || c->port != port)
		c++;
	snprintf(plain, sizeof(plain), "%s", end_of_path(c->words[0], 0));
	snprintf(name, NAME_MOST + 1, "%s", end_of_path(c->words[0], 0));
	have(c, "", &others);
	if (others || is_taken(plan, name))
		most = others ? others : 1;
	for (int least = 0; least < most && !done; least++)
		for (int k = 1; k <= c->n && !done; k++)
			done = have(c, c->words[k % c->n], &others) == least &&
			       name_by_word(plan, c, k % c->n, name);
	if (!done)
		snprintf(name, NAME_MOST + 1, "%s", end_of_path(c->words[0], 0));
	for (int i = 0; i < command_count; i++)
		equal += !strcmp(commands[i].text, text);
	if (!done && equal > 1 && port)
		snprintf(name, NAME_MOST + 1, "%.17s :%d", plain, port);
	for (int i = 2; is_taken(plan, name); i++)
		snprintf(name, NAME_MOST + 1, "%.12s#%d", plain, i);
	for (char *at = name; *at; at++)
		if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ')
			*at = '_';
	return name;
}

static void know_command(const char *text, int port)
{
	struct named *c = &commands[command_count++];

	c->text = text;
	c->port = port;
	split(c);
}

/* The words of a command; quotes are words like others. */
static void add_command(struct plan *plan, const char *text)
{
	static char *words[CONTENDERS / 2][COMMAND_WORDS];
	static int used;
	char **list = words[used++], *command = strdup(text);
	const char *name = name_command(plan, text, 0);
	int n = 0;

	for (char *w = strtok(command, " "); w && n < COMMAND_WORDS - 1;
	     w = strtok(NULL, " "))
		list[n++] = w;
	if (!n)
		error(2, 0, "--peer: a command is missing");
	plan->contenders[plan->contender_count++] = (struct contender){
		.name = name, .command = list,
	};
}

static void add_place(struct options *o, int i)
{
	struct outside *out = &o->outside[i];
	struct plan *plan = &o->plan;
	const char *name;

	if (out->start && !out->port && !out->path && !is_place(out->start))
		error(2, 0, "--start %s: expected --ready PORT after it, or "
		      "{port} or {socket} in the command", out->start);
	out->on_path = out->path || (out->start && !out->port &&
				     strstr(out->start, "{socket}"));
	name = name_command(plan, o->commands[i], out->start ? out->port : 0);
	plan->contenders[plan->contender_count++] = (struct contender){
		.name = name, .outside = out, .wrong = o->wrong[i],
	};
}

/* Does this run only read files, without a server? */
static int reads_only(const struct options *o)
{
	int servers = !o->plan.workload_count && !o->name_count;
	char why[200];

	if (o->files)
		return 1;
	for (int w = 0; w < o->plan.workload_count; w++)
		servers |= o->plan.workloads[w].kind != LOAD_FILE;
	for (int i = 0; !o->plan.workload_count && i < o->name_count; i++) {
		struct contender c;

		servers |= files_contender(&c, o->names[i], why) > 0;
	}
	return !servers;
}

/* No model speaks their protocols, so one of them is the base. */
static int only_outside(const struct options *o)
{
	int others = !o->plan.workload_count;

	for (int w = 0; w < o->plan.workload_count; w++)
		others |= !o->plan.workloads[w].protocol ||
			  o->plan.workloads[w].reply;
	return !others;
}

/* What the workloads send, once all options are known. */
static void make_protocols(struct options *o)
{
	int http = 0, bytes = 0;
	char why[200];

	for (int w = 0; w < o->plan.workload_count; w++) {
		struct workload *work = &o->plan.workloads[w];

		http |= work->protocol && !strcmp(work->protocol, "http");
		bytes |= work->protocol && !strcmp(work->protocol, "bytes");
		if (work->reply) {
			if (protocol_reply(&work->speaks, work->size,
					   work->answer, work->work))
				error(1, 0, "no memory");
			continue;
		}
		if (work->protocol && protocol_make(&work->speaks, work->protocol,
				strcmp(work->protocol, "bytes") ? o->path :
				o->request, o->answer, why))
			error(2, 0, "%s: %s", work->name, why);
		if (work->protocol && !o->outside_count)
			error(2, 0, "%s: expected a server: --start COMMAND "
			      "--ready PORT, --connect HOST:PORT or --connect "
			      "unix:PATH", work->name);
	}
	if ((o->request || o->answer) && !bytes)
		error(2, 0, "--%s is for the workload bytes: add -w bytes-c16",
		      o->request ? "request" : "answer");
	if (o->path && *o->path != '/')
		error(2, 0, "--path %s: expected a path that begins with /",
		      o->path);
	if (o->path && !http)
		error(2, 0, "--path is for the workload http: add -w http-c16");
}

/* The first workload that it can serve; -1: none. */
static int first_served(const struct plan *p, int contender)
{
	for (int w = 0; w < p->workload_count; w++)
		if (!cannot_serve(&p->contenders[contender], &p->workloads[w]))
			return w;
	return -1;
}

/* No workload fits: all are of the other kind, or not for this command. */
static int idle(const struct plan *p, int contender)
{
	if (p->contenders[contender].outside || p->contenders[contender].command)
		return first_served(p, contender) < 0;
	for (int w = 0; w < p->workload_count; w++)
		if (!other_world(&p->contenders[contender], &p->workloads[w]))
			return 0;
	return 1;
}

static void know_commands(struct options *o)
{
	for (int i = 0; i < o->outside_count; i++) {
		const struct outside *out = &o->outside[i];

		o->commands[i] = strdup(out->start ? out->start : out->path ?
					out->path : o->places[i]);
		know_command(o->commands[i], out->start ? out->port : 0);
	}
	for (int i = 0; i < o->peer_count; i++)
		know_command(o->peers[i], 0);
}

static void choose(struct options *o, int n)
{
	static const char *const usual[] = {
		"select", "poll", "blocking_thread", "callback", "coroutine",
		"uring_multishot", "uring_fast", NULL
	};
	static const char *const nobody[] = { NULL };
	const char *const *names = o->name_count ? o->names :
				   o->standard ? standard_servers :
				   o->peer_count || o->outside_count ? nobody :
				   usual;
	struct plan *p = &o->plan;
	int first;

	if (reads_only(o) && !p->workload_count)
		add_workloads(p, file_workloads, NULL);
	if (reads_only(o)) {
		names = o->name_count ? o->names : file_readers;
		o->base = o->base ? o->base : file_base;
	}
	first = o->outside_count && only_outside(o);
	if (first && o->base)
		error(2, 0, "--base %s: with %s the server of the first "
		      "--start or --connect is the base", o->base,
		      p->workloads[0].name);
	o->base = o->base ? o->base : "epoll";
	know_commands(o);
	if (first && o->name_count)
		error(2, 0, "%s does not serve %s; name other servers "
		      "with --start or --connect", o->names[0],
		      p->workloads[0].name);
	if (first) {
		add_place(o, 0);
		o->base = p->contenders[0].name;
	} else {
		add(p, o->base, o->base != file_base);
	}
	if (!p->contender_count && o->base == file_base)
		add(p, o->base = other_base, 1);	/* no fio here */
	if (!p->contender_count || p->contenders[0].floor)
		error(1, 0, "--base %s: this server cannot be the "
		      "base; name another one", o->base);
	p->contenders[p->contender_count++] = p->contenders[0];
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], o->base))
			add(p, names[i], names == o->names);
	for (int i = first; i < o->outside_count; i++)
		add_place(o, i);
	if (o->standard) {
		add_workloads(p, standard_workloads, NULL);
		for (int w = 0; n > 1 && w < p->workload_count; w++)
			p->workloads[w].also = strcmp(p->workloads[w].name,
				standard_two) ? 0 : 1 << TWO;
		p->repetitions = p->repetitions ? p->repetitions
						: STANDARD_REPETITIONS;
		p->run_ms = p->run_ms ? p->run_ms : STANDARD_MS;
		p->warm_ms = STANDARD_WARM_MS;
	}
	if (o->files && !o->name_count) {
		p->repetitions = p->repetitions ? p->repetitions
						: STANDARD_REPETITIONS;
		p->run_ms = p->run_ms ? p->run_ms : STANDARD_MS;
	}
	p->repetitions = p->repetitions ? p->repetitions : ENOUGH;
	p->run_ms = p->run_ms ? p->run_ms : 400;
	for (int i = 0; i < o->peer_count; i++)
		add_command(p, o->peers[i]);
	for (int c = 0; c < p->contender_count; c++)
		if (!p->contenders[c].wrong)
			p->contenders[c].wrong = calloc(1, 100);
	if (!p->workload_count)
		add_workloads(p, "tcp-c1,tcp-c16,tcp-c128", NULL);
	for (int c = 2; c < p->contender_count; c++)
		if (idle(p, c))
			error(2, 0, "%s %s; no workload of this run fits it",
			      p->contenders[c].name, cannot_serve(
			      &p->contenders[c], &p->workloads[0]));
}

/* ---- measuring ---- */

static void stop(int sig)
{
	(void)sig;
	measure_stop = 1;
}

enum { PLAYERS = WORKLOADS * CONTENDERS };

/* The servers that take turns: one entry each. */
struct heat {
	int n;
	struct setup setups[PLAYERS];
	struct measurement m[PLAYERS];
	char why[PLAYERS][300];
	struct { int workload, contender; } who[PLAYERS];
};

static void enter(struct heat *h, const struct results *r, const int *cpus,
		  int layout, int workload, int contender)
{
	const struct plan *p = r->plan;
	const struct workload *w = &p->workloads[workload];

	h->who[h->n].workload = workload;
	h->who[h->n].contender = contender;
	h->setups[h->n++] = (struct setup){
		.who = contender_of(p, workload, contender),
		.family = w->family,
		.state = w->state,
		.random = w->random,
		.server_cpu = cpus[0],
		.client_cpu = cpus[layout == TWO],
		.load = {
			.kind = w->kind, .busy = w->busy, .idle = w->idle,
			.size = w->size, .window = w->window, .rate = w->rate,
			.warm_ms = p->warm_ms, .run_ms = p->run_ms,
			.count_ms = p->count_ms,
			.protocol = w->protocol ? &w->speaks : NULL,
		},
	};
}

/* Would all their connections at once take too much of the memory? */
static int crowded(const struct heat *h)
{
	FILE *f = fopen("/proc/meminfo", "re");
	long long kib = 0, available = -1;
	char line[128];

	while (f && available < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "MemAvailable: %lld", &available);
	if (f)
		fclose(f);
	for (int i = 0; i < h->n; i++)
		kib += (h->setups[i].load.busy + h->setups[i].load.idle) *
		       KIB_A_CONNECTION;
	return available >= 0 && kib > available / 2;
}

static void run_heat(struct heat *h, struct results *r)
{
	int alone = crowded(h);

	if ((h->setups->load.kind != LOAD_FILE || files_in_turns(h->setups)) &&
	    !alone) {
		measure_together(h->setups, h->n, h->m, h->why, r->uncounted);
		return;
	}
	for (int i = 0; i < h->n && !measure_stop; i++)
		measure(&h->setups[i], &h->m[i], h->why[i], r->uncounted);
}

static void keep(const struct heat *h, struct results *r, int layout,
		 int repetition, FILE *raw)
{
	for (int i = 0; i < h->n; i++) {
		int w = h->who[i].workload, c = h->who[i].contender;
		struct outcome *o = outcome_at(r, layout, w, c, repetition);

		if (*h->why[i]) {
			strcpy(why_at(r, layout, w, c), h->why[i]);
			continue;
		}
		*o = (struct outcome){
			.done = 1, .m = h->m[i],
			.bound = client_bound(&h->setups[i], &h->m[i]),
		};
		results_round(&o->m);
		if (raw)
			results_write(r, layout, w, c, repetition, raw);
	}
}

static int serves(const struct results *r, int layout, int workload,
		  int contender)
{
	return contender_of(r->plan, workload, contender) &&
	       !*why_at(r, layout, workload, contender);
}

static int wanted(const struct results *r, int layout, int workload,
		  int contender, int repetition)
{
	return serves(r, layout, workload, contender) &&
	       !outcome_at(r, layout, workload, contender, repetition)->done;
}

/* The workload and its variants with idle connections run together. */
static int is_of(const struct plan *p, int workload, int other, int layout)
{
	return layouts_of(p, other) & 1 << layout &&
	       (other == workload || without_idle(p, other) == workload);
}

/*
 * What is compared must be measured together: all of them, or none.  A Ctrl-Z
 * meanwhile, and all is measured again.
 */
static void run_repetition(struct results *r, const int *cpus, int layout,
			   int workload, int repetition,
			   struct progress *progress, FILE *raw)
{
	const struct plan *p = r->plan;
	static struct heat h;
	int missing = 0, order[CONTENDERS], stopped;
	char what[160], of[20];

	snprintf(of, sizeof(of), " of %d", p->least);
	h.n = 0;
	for (int c = 0; c < p->contender_count; c++)
		order[c] = c;
	shuffle(order, p->contender_count, &stat_seed);
	for (int w = 0; w < p->workload_count; w++)
		for (int i = 0; i < p->contender_count &&
		     is_of(p, workload, w, layout); i++) {
			int c = order[i];

			if (!serves(r, layout, w, c))
				continue;
			missing += wanted(r, layout, w, c, repetition);
			enter(&h, r, cpus, layout, w, c);
		}
	if (!missing)
		return;
	snprintf(what, sizeof(what), "%s%s, repetition %d%s",
		 p->workloads[workload].name, layout == TWO ? " on two processors"
		 : "", repetition + 1, progress->until_ns ? "" : of);
	progress_show(progress, what);
	do {
		stopped = stopped_times();
		run_heat(&h, r);
		if (stopped != stopped_times())
			fprintf(stderr, "iomodels compare: Ctrl-Z stopped the run; "
				"the interrupted repetition is measured again\n");
	} while (stopped != stopped_times() && !measure_stop);
	if (!measure_stop)
		keep(&h, r, layout, repetition, raw);
	if (raw && ferror(raw))
		error(1, 0, "cannot keep the measurements in results.jsonl: %s; "
		      "--resume continues the run", strerror(errno));
	progress->done += missing;
}

static void run_workload(struct results *r, const int *cpus, int layout,
			 int workload, struct progress *progress, FILE *raw)
{
	const struct plan *p = r->plan;

	/* It ran together with the workload that has no idle connections. */
	if (without_idle(p, workload) >= 0 &&
	    layouts_of(p, without_idle(p, workload)) & 1 << layout)
		return;
	for (int i = 0; i < p->least && !measure_stop; i++)
		run_repetition(r, cpus, layout, workload, i, progress, raw);
}

/* The next repetition of a workload in which something is undecided; -1: none. */
static int next_undecided(const struct results *r, int layout, int workload)
{
	struct row rows[CONTENDERS];
	int n = rows_of(r, layout, workload, rows), undecided = 0, i = 0;

	for (int k = 0; k < n; k++)
		undecided |= rows[k].contender > 1 && rows[k].rate.n &&
			     (rows[k].faster == UNDECIDED ||
			      rows[k].faster == FEW) &&
			     !ended_early(r, layout, workload, &rows[k]);
	while (i < r->plan->repetitions &&
	       outcome_at(r, layout, workload, 0, i)->done)
		i++;
	return undecided && i < r->plan->repetitions ? i : -1;
}

/* One more of each that is undecided, and again, until the time is over. */
static void run_undecided(struct results *r, const int *cpus, long long until,
			  struct progress *progress, FILE *raw)
{
	const struct plan *p = r->plan;
	int more = 1;

	progress->until_ns = until;
	while (more && !measure_stop && now_ns() < until) {
		more = 0;
		for (int layout = 0; layout < LAYOUTS; layout++)
			for (int w = 0; w < p->workload_count; w++) {
				int i = !(layouts_of(p, w) & 1 << layout) ? -1 :
					next_undecided(r, layout, w);

				if (i < 0 || now_ns() >= until || measure_stop)
					continue;
				more = 1;
				run_repetition(r, cpus, layout, w, i, progress,
					       raw);
			}
	}
}

static void leave_out(struct results *r)
{
	const struct plan *p = r->plan;

	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count; w++)
			for (int c = 0; c < p->contender_count; c++) {
				const struct contender *who =
					contender_of(p, w, c);
				const char *why = !who ? NULL : cannot_serve(
					who, &p->workloads[w]);

				if (why)
					snprintf(why_at(r, layout, w, c), 300,
						 "%s", why);
			}
}

static long left_to_do(const struct results *r)
{
	const struct plan *p = r->plan;
	long n = 0;

	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count; w++)
			for (int c = 0; c < p->contender_count; c++)
				for (int i = 0; i < p->least; i++)
					n += layouts_of(p, w) & 1 << layout &&
					     wanted(r, layout, w, c, i);
	return n;
}

/* The file to add to; with --resume, read what it holds already. */
static FILE *open_raw(const struct options *o, struct results *r)
{
	char path[4096], why[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/results.jsonl", o->output);
	if (!o->resume && mkdir(o->output, 0777) && errno != EEXIST)
		error(1, errno, "%s", o->output);
	f = fopen(path, o->resume ? "r+e" : "wxe");
	if (!f && errno == EEXIST)
		error(1, 0, "%s exists already; continue it with "
		      "--resume, or name another folder", path);
	if (!f)
		error(1, errno, "%s", path);
	if (!o->resume)
		results_write_head(r, f);
	else if (results_read(r, f, why) < 0)
		error(1, 0, "%s: %s", path, why);
	/* A line that was cut (a full disk) stays a line of its own. */
	if (o->resume && !fseek(f, -1, SEEK_END) && getc(f) != '\n')
		fputc('\n', f);
	fseek(f, 0, SEEK_END);
	if (o->resume)
		results_write_added(r, f);
	return f;
}

static int connects(const struct options *o)
{
	for (int i = 0; i < o->outside_count; i++)
		if (!o->outside[i].start)
			return 1;
	return 0;
}

/* How many servers are to listen on this port at a time; the base is there
   twice. */
static int users_of(const struct options *o, int port)
{
	const struct outside *base = o->plan.contenders[0].outside;
	int n = base && base->start && base->port == port;

	for (int i = 0; i < o->outside_count; i++)
		n += o->outside[i].start && o->outside[i].port == port;
	return n;
}

static void need_networks(const struct options *o)
{
	for (int i = 0; i < o->outside_count && !measure_is_apart(); i++) {
		const struct outside *out = &o->outside[i];

		if (out->start && out->port && users_of(o, out->port) > 1)
			error(2, 0, "--start %s: two servers would listen on port "
			      "%d%s, because servers have no network namespace of "
			      "their own%s; write {port} for the port",
			      out->start, out->port,
			      out == o->plan.contenders[0].outside ?
			      " (the base runs twice)" : "", connects(o) ?
			      " with --connect" : geteuid() ?
			      " without root" : " here");
	}
}

/* 1, and why: it gave no answer that is right. */
static int all_are_wrong(const struct results *r, int contender,
			 const struct measurement *m, char why[300])
{
	const struct contender *c = &r->plan->contenders[contender];

	if (m->wrong < ALL_WRONG)
		return 0;
	snprintf(why, 300, "all of its answers are wrong (%.90s)%s", c->wrong,
		 may_miss_another(r, c, c->wrong) ? "; it runs in a network "
		 "namespace of its own: if it needs another server, start both "
		 "in one COMMAND (A & B)" : "");
	return 1;
}

/* Before anything is measured: does each command start and answer?  1: no. */
static int try_commands(struct results *r, const int *cpus)
{
	const struct plan *p = r->plan;
	static struct heat h;
	struct progress progress = { .detail = doing_says };
	int failed = 0;

	for (int c = 0; c < p->contender_count && !measure_stop; c++) {
		int w = first_served(p, c);

		if (c == 1 || w < 0 || !(p->contenders[c].command ||
					 p->contenders[c].outside))
			continue;
		h.n = 0;
		enter(&h, r, cpus, SAME, w, c);
		h.setups[0].who = &p->contenders[c];
		h.setups[0].load.busy = 1;
		h.setups[0].load.idle = h.setups[0].load.warm_ms = 0;
		h.setups[0].load.count_ms = 0;
		h.setups[0].load.run_ms = 1;
		progress_show(&progress, "first try of each server");
		if ((!measure(h.setups, h.m, h.why[0], r->uncounted) &&
		     !all_are_wrong(r, c, h.m, h.why[0])) || measure_stop)
			continue;
		progress_clear(&progress);
		fprintf(stderr, "iomodels compare: %s: %s\n", p->contenders[c].name,
			h.why[0]);
		failed = 1;
	}
	doing_is("", "");
	progress_clear(&progress);
	return failed;
}

/* Was anything measured at all? */
static int any(const struct results *r)
{
	const struct plan *p = r->plan;
	long n = (long)LAYOUTS * p->workload_count * p->contender_count *
		 p->repetitions;

	while (n--)
		if (r->outcomes[n].done)
			return 1;
	return 0;
}

static int run(const struct options *o, struct results *r, const int *cpus)
{
	struct plan *p = (struct plan *)r->plan;
	struct progress progress = {
		.began_ns = now_ns(), .detail = doing_says,
	};
	FILE *raw = o->output ? open_raw(o, r) : NULL;

	leave_out(r);
	progress.all = left_to_do(r);
	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count && !measure_stop; w++)
			if (layouts_of(p, w) & 1 << layout)
				run_workload(r, cpus, layout, w, &progress,
					     raw);
	if (o->until_ms)
		run_undecided(r, cpus, progress.began_ns + o->until_ms * 1000000LL,
			      &progress, raw);
	progress_clear(&progress);
	if (raw && (ferror(raw) || fclose(raw)))
		error(1, errno, "%s/results.jsonl", o->output);
	if (measure_stop)
		fprintf(stderr, "iomodels compare: stopped%s; %s\n", any(r) ? "" :
			" before a repetition was complete", o->output ?
			"--resume continues the run" :
			"a run with -o DIR can be resumed");
	return measure_stop ? 130 : 0;
}

/* Exit status 1: there is no page. */
static int report(const struct options *o, const struct results *r)
{
	struct progress progress = { 0 };
	char why[300];
	int failed = 0;

	if (o->output)
		progress_show(&progress, "making the page and its plots");
	if (o->output)
		failed = page_write(r, o->output, why);
	progress_clear(&progress);
	if (failed)
		fprintf(stderr, "iomodels compare: %s\n", why);
	else if (o->output)
		fprintf(stderr, "iomodels compare: %s/report.html has the plots\n",
			o->output);
	if (o->json)
		export_json(r, stdout);
	else if (o->markdown)
		table_markdown(r, stdout);
	else
		table_print(r, stdout);
	return failed < 0;
}

/* Returns 1 if a command or address of the command line failed. */
static int commands_failed(const struct results *r)
{
	const struct plan *p = r->plan;
	int failed = 0;

	for (int c = 1; c < p->contender_count; c++)
		for (int w = 0; w < p->workload_count; w++)
			for (int layout = 0; layout < LAYOUTS; layout++) {
				const struct contender *who =
					&p->contenders[c];
				const char *why = why_at(r, layout, w, c);

				if (!(who->command || who->outside) || !*why ||
				    cannot_serve(who, &p->workloads[w]))
					continue;
				fprintf(stderr, "iomodels compare: %s: %s: %s\n",
					p->workloads[w].name, who->name, why);
				failed = 1;
			}
	return failed;
}

/* 1: what a server answered was wrong, so that it is not compared. */
static int answers_wrong(const struct results *r)
{
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS];
	int failed = 0;

	for (int k = 0; k < LAYOUTS * p->workload_count; k++) {
		int layout = k / p->workload_count, w = k % p->workload_count;
		int n = rows_of(r, layout, w, rows);

		for (int i = 0; i < n; i++) {
			const struct row *row = &rows[i];

			if (row->contender == 1 ||
			    unfit(outcome_at(r, layout, w, row->contender, 0),
				  p->repetitions, &p->workloads[w]) != ERRORS)
				continue;
			fprintf(stderr, "iomodels compare: %s: %s: %.3g%% of the "
				"answers are wrong (%.90s)\n",
				p->workloads[w].name, row->name,
				100 * row->m.wrong, row->wrong && *row->wrong ?
				row->wrong : "?");
			failed = 1;
		}
	}
	return failed;
}

static int do_agree(const char *const dirs[2])
{
	char why[300];
	int says = agree(dirs, stdout, why);

	if (says < 0)
		error(2, 0, "%s", why);
	return says;
}

int compare_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[SERVER...]\n--agree DIR1 DIR2",
		.doc = "Give the same work to SERVERs, repeatedly and in "
		       "turns, and compare how fast they are and what a "
		       "message costs.\v"
		       "Workloads for -w, such as tcp-c16-s1024:\n"
		       "  tcp, unix, udp  an echo\n"
		       "  churn           an echo, a connection for each message\n"
		       "  sink, source    a stream to the server, or from it\n"
		       "  reply           the server works, then sends an answer\n"
		       "  http, redis-ping, redis-get, redis-set, line (a line each "
		       "way), bytes (a\n"
		       "  request from a file): for any server, with -cN\n\n"
		       "Their options, with the default:\n"
		       "  -cN  connections (16)\n"
		       "  -sN  bytes of a message (64)\n"
		       "  -wN  messages in flight on each connection (1)\n"
		       "  -iN  idle connections (0)\n"
		       "  -rN  messages per second (as fast as answers come)\n"
		       "  -kN  of reply: thousands of steps of a loop (0)\n"
		       "  -aN  of reply: bytes of the answer (64)\n\n"
		       "iomodels list shows the models. A SERVER can also be a "
		       "peer, an echo server on another event loop: libevent, "
		       "libevent_buffer, libuv, libuv_write, libev, "
		       "python_asyncio or nodejs, if installed. Ctrl-C ends "
		       "the run; compare then reports what was measured so "
		       "far.",
	};
	static struct options o = {
		.plan = {
			.layouts = 1 << SAME, .warm_ms = WARM_MS,
			.count_ms = COUNT_MS, .bound = 0.02,
		},
	};
	struct sigaction act = { .sa_handler = stop };
	struct results r;
	int cpus[2] = { 0 }, n, status;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.agree)
		return do_agree(o.names);
	need_proc();
	n = plan_processors(cpus, 2);
	if (n < 2 && o.plan.layouts & 1 << TWO)
		error(1, 0, "--layout: two and both need two processors, and "
		      "this process may use only one");
	make_protocols(&o);
	choose(&o, n);
	stat_seed_anew();
	o.plan.least = o.plan.repetitions;
	if (o.until_ms)
		o.plan.repetitions = REPETITIONS;
	results_begin(&r, &o.plan, argc, argv);
	if (connects(&o))
		measure_here(r.network);
	else
		measure_apart(r.network);
	need_networks(&o);
	stopped_catch();
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	if (try_commands(&r, cpus) || measure_stop) {
		if (measure_stop)
			fprintf(stderr, "iomodels compare: stopped before "
				"anything was measured\n");
		results_free(&r);
		return measure_stop ? 130 : 1;
	}
	status = run(&o, &r, cpus);
	if (any(&r) && report(&o, &r) && !status)
		status = 1;
	for (int w = 0; !status && w < o.plan.workload_count; w++)
		for (int layout = 0; layout < LAYOUTS && !status; layout++)
			if (*why_at(&r, layout, w, 0)) {
				fprintf(stderr, "iomodels compare: %s: %s: %s\n",
					o.plan.workloads[w].name, o.base,
					why_at(&r, layout, w, 0));
				status = 1;
			}
	status = status ? status : commands_failed(&r) | answers_wrong(&r);
	results_free(&r);
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * plan.c - workloads by name, and who can serve them
 */
#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan.h"

static const struct {
	const char *name, *about;
	enum load_kind kind;
	int family;
	enum { ECHO, PROTOCOL, REPLY, SINK, SOURCE } asks;
					/* PROTOCOL: its name is one's */
} kinds[] = {
	{ "tcp", "TCP echo", LOAD_ECHO, AF_INET },
	{ "unix", "AF_UNIX echo", LOAD_ECHO, AF_UNIX },
	{ "udp", "UDP echo", LOAD_DATAGRAM, AF_INET },
	{ "churn", "TCP, connect, one JSON message, close", LOAD_CHURN, AF_INET },
	{ "http", "HTTP GET", LOAD_ECHO, AF_INET, PROTOCOL },
	{ "redis-ping", "redis PING", LOAD_ECHO, AF_INET, PROTOCOL },
	{ "redis-get", "redis GET", LOAD_ECHO, AF_INET, PROTOCOL },
	{ "redis-set", "redis SET of 16 B", LOAD_ECHO, AF_INET, PROTOCOL },
	{ "line", "a line each way", LOAD_ECHO, AF_INET, PROTOCOL },
	{ "bytes", "a request from a file", LOAD_ECHO, AF_INET, PROTOCOL },
	{ "reply", "a request, work, an answer", LOAD_ECHO, AF_INET, REPLY },
	{ "sink", "a stream to the server", LOAD_ECHO, AF_INET, SINK },
	{ "source", "a stream from the server", LOAD_ECHO, AF_INET, SOURCE },
	{ "file", "reads of a file", LOAD_FILE, 0 },
	{ NULL }
};

enum {
	REQUEST = 12,			/* models/reply.h */
	MOST = 1 << 20,			/* bytes; of answers, also in flight */
	WORK_MOST = 1000000,
	STREAM_PIECE = 64 << 10,
	STREAM_WINDOW = 4,
};

static const char *const states[] = { "hot", "cold", "direct" };

static int find_kind(const struct workload *w)
{
	int k = 0;

	while (w->protocol ? strcmp(kinds[k].name, w->protocol) :
	       kinds[k].kind != w->kind || kinds[k].family != w->family)
		k++;
	return k;
}

/* It is sink or source. */
static int streams(const struct workload *w)
{
	return w->reply && kinds[find_kind(w)].asks != REPLY;
}

/* What -s says: of a source, the pieces that come. */
static unsigned piece(const struct workload *w)
{
	return streams(w) && kinds[find_kind(w)].asks == SOURCE ? w->answer :
	       w->size;
}

/* The name again, so that each workload has but one. */
static void set_name(struct workload *w)
{
	int n = snprintf(w->name, sizeof(w->name), "%s-c%u",
			 kinds[find_kind(w)].name, w->busy);
	const struct { char letter; unsigned value, usual; } rest[] = {
		{ 's', piece(w), w->kind == LOAD_CHURN || (w->protocol &&
				!w->reply) ? w->size : 0 },
		{ 'a', w->answer, streams(w) || !w->reply ? w->answer : 0 },
		{ 'w', w->window, streams(w) ? STREAM_WINDOW : 1 },
		{ 'i', w->idle, 0 },
		{ 'r', w->rate, 0 },
		{ 'k', w->work, w->reply && !streams(w) ? (unsigned)-1 : 0 },
	};

	for (unsigned i = 0; i < sizeof(rest) / sizeof(*rest); i++)
		if (rest[i].value != rest[i].usual)
			n += snprintf(w->name + n, sizeof(w->name) - n, "-%c%u",
				      rest[i].letter, rest[i].value);
}

static void set_file_name(struct workload *w)
{
	snprintf(w->name, sizeof(w->name), w->size == 4096 ? "file-%s-%s-q%u" :
		 "file-%s-%s-q%u-s%u", states[w->state],
		 w->random ? "random" : "seq", w->busy, w->size);
}

static int wrong(char why[200], const char *text, const char *what)
{
	snprintf(why, 200, "%.60s: %s", text, what);
	return -1;
}

/* What follows "file". */
static int parse_file(struct workload *w, const char *text, char why[200])
{
	*w = (struct workload){
		.kind = LOAD_FILE, .busy = 1, .size = 4096, .random = 1,
	};
	for (const char *at = strchr(text, '-'); at; at = strchr(at + 1, '-')) {
		size_t len = strcspn(at + 1, "-");
		char word[16], *end = "";

		snprintf(word, sizeof(word), "%.*s", (int)len, at + 1);
		if (!strcmp(word, "random") || !strcmp(word, "seq"))
			w->random = *word == 'r';
		else if (!strcmp(word, "hot") || !strcmp(word, "cold") ||
			 !strcmp(word, "direct"))
			w->state = *word == 'h' ? FILE_HOT : *word == 'c' ?
				   FILE_COLD : FILE_DIRECT;
		else if ((*word == 'q' || *word == 's') &&
			 isdigit((unsigned char)word[1]) && len < 10)
			*(*word == 'q' ? &w->busy : &w->size) =
				strtoul(word + 1, &end, 10);
		else
			end = NULL;
		if (!end || *end)
			return wrong(why, text, "expected -hot, -cold or "
				     "-direct, -random or -seq, -qN or -sN, as in "
				     "file-direct-random-q32");
	}
	if (!w->busy || w->busy > 4096 || w->size < 512 || w->size % 512 ||
	    w->size > 1 << 20)
		return wrong(why, text, "expected 1 to 4096 reads in flight, of "
			     "512 B to 1 MiB, a multiple of 512");
	set_file_name(w);
	return 0;
}

/* What a letter of a workload's name sets; NULL: nothing. */
static unsigned *field_of(struct workload *w, char letter, int asks)
{
	switch (letter) {
	case 'c':
		return &w->busy;
	case 's':
		return asks == SOURCE ? &w->answer : &w->size;
	case 'w':
		return &w->window;
	case 'i':
		return &w->idle;
	case 'r':
		return &w->rate;
	case 'a':
		return asks == REPLY ? &w->answer : NULL;
	case 'k':
		return asks == REPLY ? &w->work : NULL;
	}
	return NULL;
}

static int check_reply(const struct workload *w, const char *text,
		       char why[200])
{
	if (w->size < REQUEST || !w->answer || w->answer > MOST ||
	    w->work > WORK_MOST)
		return wrong(why, text, "expected a request of 12 B to 1 MiB, an "
			     "answer of 1 B to 1 MiB, and work from 0 to 1000000");
	if ((unsigned long long)w->answer * w->window > MOST)
		return wrong(why, text, "the answers in flight on a connection "
			     "are more than 1 MiB");
	if (w->rate)
		return wrong(why, text, "a rate (-r) does not apply to it");
	return 0;
}

int workload_parse(struct workload *w, const char *text, char why[200])
{
	const char *at, *letters = "expected -cN, -sN, -wN, -iN or -rN, as in "
		"tcp-c16-s64";
	size_t len = 0;
	int k = 0;

	*w = (struct workload){ .busy = 16, .size = 64, .window = 1 };
	for (; kinds[k].name; k++) {
		len = strlen(kinds[k].name);
		if (!strncmp(kinds[k].name, text, len) &&
		    (!text[len] || text[len] == '-'))
			break;
	}
	at = text + len;
	if (!kinds[k].name)
		return wrong(why, text, "a workload begins with tcp, unix, "
			     "udp, churn, reply, sink, source, http, redis-ping, redis-get, redis-set,"
			     " line, bytes or file");
	if (kinds[k].kind == LOAD_FILE)
		return parse_file(w, text, why);
	w->kind = kinds[k].kind;
	w->family = kinds[k].family;
	w->protocol = kinds[k].asks ? kinds[k].name : NULL;
	w->reply = kinds[k].asks >= REPLY;
	if (kinds[k].asks == REPLY) {
		w->answer = 64;
		letters = "expected -cN, -sN, -aN, -kN, -wN or -iN, as in "
			"reply-c16-k10";
	} else if (w->reply) {
		w->size = kinds[k].asks == SINK ? STREAM_PIECE : REQUEST;
		w->answer = kinds[k].asks == SINK ? 1 : STREAM_PIECE;
		w->window = STREAM_WINDOW;
		letters = "expected -cN, -sN, -wN or -iN, as in sink-c1-s65536";
	}
	while (*at) {
		unsigned *field = field_of(w, at[1], kinds[k].asks);
		char *end;

		if (!field || !isdigit((unsigned char)at[2]))
			return wrong(why, text, letters);
		*field = strtoul(at + 2, &end, 10);
		if ((*end && *end != '-') || end - at > 9)
			return wrong(why, text, letters);
		at = end;
	}
	if (!w->busy || w->busy > 15000 || w->idle > 15000)
		return wrong(why, text, "expected 1 to 15000 connections and 0 "
			     "to 15000 idle ones");
	if (!w->size || w->size > 1 << 20 || !w->window || w->window > 4096)
		return wrong(why, text, "expected messages of 1 B to 1 MiB, and 1 "
			     "to 4096 in flight");
	if (w->kind == LOAD_DATAGRAM && (w->size > 65507 || w->window > 1 ||
					 w->idle))
		return wrong(why, text, "expected datagrams of at most 65507 "
			     "bytes, one in flight, and no idle connections");
	if (w->kind == LOAD_CHURN && (w->window > 1 || w->idle || w->rate ||
				      w->size != 64))
		return wrong(why, text, "only -c applies to churn");
	if (w->reply && check_reply(w, text, why))
		return -1;
	if (w->protocol && !w->reply && (w->size != 64 || w->rate))
		return wrong(why, text, "a size (-s) and a rate (-r) do not apply "
			     "to it");
	set_name(w);
	return 0;
}

void workload_describe(const struct workload *w, char *text, size_t size)
{
	static const char *const about[] = {
		"in the page cache", "not in the page cache", "O_DIRECT",
	};
	int n;

	if (w->kind == LOAD_FILE) {
		snprintf(text, size, w->size % 1024 ? "reads of %u B, %s, %s, "
			 "%u in flight" : "reads of %u KiB, %s, %s, %u in "
			 "flight", w->size % 1024 ? w->size : w->size / 1024,
			 about[w->state], w->random ? "random" : "sequential",
			 w->busy);
		return;
	}
	n = snprintf(text, size, "%s, %u connection%s",
			 kinds[find_kind(w)].about, w->busy,
			 w->kind == LOAD_CHURN ? "s at a time" :
			 w->busy == 1 ? "" : "s");

	if (streams(w))
		n += snprintf(text + n, size - n, piece(w) % 1024 ? ", pieces of "
			      "%u B" : ", pieces of %u KiB", piece(w) % 1024 ?
			      piece(w) : piece(w) / 1024);
	else if (w->reply)
		n += snprintf(text + n, size - n, ", requests of %u B, answers of "
			      "%u B, %u%s steps of work", w->size, w->answer,
			      w->work, w->work ? ",000" : "");
	else if (w->kind != LOAD_CHURN && !w->protocol)
		n += snprintf(text + n, size - n, w->size % 1024 ? ", %u B" :
			      ", %u KiB", w->size % 1024 ? w->size
							 : w->size / 1024);
	if (w->window > 1)
		n += snprintf(text + n, size - n, ", %u messages in flight on "
			      "each", w->window);
	if (w->idle)
		n += snprintf(text + n, size - n, ", and %u idle", w->idle);
	if (w->rate)
		snprintf(text + n, size - n, ", %u messages per second in all",
			 w->rate);
}

int other_world(const struct contender *c, const struct workload *w)
{
	int reads = c->fio || (c->program && c->program->flags & FILES);

	return reads != (w->kind == LOAD_FILE);
}

/* One read at a time, whatever is asked for. */
static int reads_one(const struct contender *c)
{
	return c->fio ? files_engine_is(c, "psync") ||
			files_engine_is(c, "sync")
		      : !strcmp(c->program->name, "file_blocking");
}

const char *cannot_serve(const struct contender *c, const struct workload *w)
{
	unsigned flags = c->program ? c->program->flags : 0;
	int udp = !!(flags & UDP);

	if (other_world(c, w))
		return w->kind == LOAD_FILE ? "reads no file" :
		       "is a file job, not a server";
	if (w->kind == LOAD_FILE)
		return w->busy > 1 && reads_one(c) ?
		       "has at most one read in flight"
						   : NULL;
	if (c->outside && w->kind == LOAD_ECHO &&
	    (w->protocol || (w->family == AF_UNIX) == c->outside->on_path))
		return NULL;
	if (c->outside)
		return c->outside->on_path ?
		       "listens on a Unix socket, and -w unix-cN measures its "
		       "echo" : "takes requests over TCP only";
	if (w->reply && (flags & (ECHO_ONLY | UDP) || c->floor))
		return "has no service reply";
	if (w->protocol && !w->reply)
		return "does not speak this protocol";
	if (c->floor)
		return w->kind == LOAD_CHURN ? "makes no connections" :
		       w->window > 1 ? "has at most one message in flight" :
		       w->idle ? "has no idle connections" :
		       w->rate ? "sends as fast as it can, at no given rate" :
		       NULL;
	if (!c->program)
		return w->kind == LOAD_ECHO ? NULL :
		       "can be measured with TCP echo only";
	if (!strcmp(c->program->dir, "bench/peers") && w->kind != LOAD_ECHO)
		return "echoes on TCP connections only";
	if (udp != (w->kind == LOAD_DATAGRAM))
		return udp ? "serves datagrams only" : "serves no datagrams";
	if (flags & ONCE)
		return "serves one connection, then exits";
	if (flags & SERIAL && w->kind == LOAD_ECHO && w->busy + w->idle > 1)
		return "serves one connection at a time";
	if (flags & LOSES)
		return "loses connections";
	return NULL;
}

const struct contender *contender_of(const struct plan *p, int w, int c)
{
	const struct workload *work = &p->workloads[w];
	int deputy = 2;

	if (!cannot_serve(&p->contenders[0], work))
		return &p->contenders[c];
	while (deputy < p->contender_count &&
	       (p->contenders[deputy].floor ||
		cannot_serve(&p->contenders[deputy], work)))
		deputy++;
	if (deputy == p->contender_count)	/* nobody can */
		return &p->contenders[c];
	return c < 2 ? &p->contenders[deputy] : c == deputy ? NULL :
	       &p->contenders[c];
}

int without_idle(const struct plan *p, int workload)
{
	struct workload w = p->workloads[workload];
	char name[128], why[200];

	if (!w.idle)
		return -1;
	snprintf(name, sizeof(name), "%s", w.name);
	*strstr(name, "-i") = 0;
	if (workload_parse(&w, name, why))
		return -1;
	for (int i = 0; i < p->workload_count; i++)
		if (!strcmp(p->workloads[i].name, w.name))
			return i;
	return -1;
}

int plan_processors(int *cpus, int n)
{
	cpu_set_t set;
	int found = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE && found < n; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[found++] = cpu;
	return found;
}

/* SPDX-License-Identifier: MIT */
/*
 * results.c - keeps what was measured, and compares it
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "../log/json.h"
#include "results.h"
#include "version.h"

enum { MANY = 9999, QUIET_TURNS = 5 };

static const char *const layouts[] = { "same", "two" };

/* ---- where it is ---- */

static void *need(void *mem)
{
	if (!mem) {
		fprintf(stderr, "iomodels compare: no memory\n");
		exit(1);
	}
	return mem;
}

struct outcome *outcome_at(const struct results *r, int layout, int workload,
			   int contender, int repetition)
{
	const struct plan *p = r->plan;

	return &r->outcomes[((layout * p->workload_count + workload) *
			     p->contender_count + contender) *
			    p->repetitions + repetition];
}

char *why_at(const struct results *r, int layout, int workload, int contender)
{
	const struct plan *p = r->plan;

	return r->why[(layout * p->workload_count + workload) *
		      p->contender_count + contender];
}

/* What /proc/cpuinfo says of the first processor, x86's, then aarch64's. */
static const struct {
	const char *key, *lead;
} of_processor[] = {
	{ "model name", "" }, { "cpu family", " family " }, { "model", " model " },
	{ "CPU implementer", " implementer " }, { "CPU part", " part " },
	{ "uarch", " " },
};

void results_processor(FILE *cpuinfo, char *text, size_t size)
{
	enum { KEYS = sizeof(of_processor) / sizeof(*of_processor) };
	char line[256], *colon;
	size_t n = strlen(text);

	for (int k = 0; cpuinfo && k < KEYS; k++) {
		rewind(cpuinfo);
		while (fgets(line, sizeof(line), cpuinfo) && *line != '\n') {
			size_t len = strlen(of_processor[k].key);

			colon = strchr(line, ':');
			line[strcspn(line, "\n")] = 0;
			if (strncmp(line, of_processor[k].key, len) ||
			    !colon || !colon[1] ||
			    line + len + strspn(line + len, "\t ") != colon)
				continue;
			if (!k)
				n = 0;
			n += snprintf(text + n, size - n, "%s%s",
				      of_processor[k].lead, colon + 2);
			n = n < size ? n : size - 1;
		}
	}
}

/* A space and a word as a shell reads it; the length that they need. */
static int quote(char *to, size_t size, const char *word)
{
	char text[1000];
	size_t n = 0;

	if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+")])
		return snprintf(to, size, " %s", word);
	for (; *word && n < sizeof(text) - 5; word++)
		if (*word == '\'')
			n += sprintf(text + n, "'\\''");
		else
			text[n++] = *word;
	text[n] = 0;
	return snprintf(to, size, " '%s'", text);
}

/* ---- builds ---- */

/* Where the program of a command is, as execvp would find it; 0 or -1. */
static int find_in_path(const char *name, char file[4200])
{
	const char *path = getenv("PATH");

	snprintf(file, 4200, "%s", name);
	if (strchr(name, '/'))
		return access(file, R_OK);
	for (; path && *path; path += strcspn(path, ":"), path += *path == ':') {
		snprintf(file, 4200, "%.*s/%s", (int)strcspn(path, ":"), path,
			 name);
		if (!access(file, X_OK))
			return 0;
	}
	return -1;
}

#define HASH_BEGIN 0xcbf29ce484222325ULL	/* FNV-1a */

static unsigned long long hash_byte(unsigned long long hash, int byte)
{
	return (hash ^ byte) * 0x100000001b3ULL;
}

static unsigned long long hash_bytes(unsigned long long hash, const void *data,
				     size_t n)
{
	for (const unsigned char *at = data; n--; at++)
		hash = hash_byte(hash, *at);
	return hash;
}

/* And its end; NULL: nothing. */
static unsigned long long hash_text(unsigned long long hash, const char *text)
{
	return text ? hash_bytes(hash, text, strlen(text) + 1) : hash;
}

/* What starts it, and where it listens. */
static unsigned long long hash_outside(const struct outside *o)
{
	unsigned long long hash = hash_text(HASH_BEGIN, o->start);

	hash = hash_bytes(hash_text(hash, o->path), &o->port, sizeof(o->port));
	return hash_bytes(hash, &o->address, sizeof(o->address));
}

const char *build_of(const struct contender *c, char text[20])
{
	unsigned long long hash = HASH_BEGIN;
	char file[4200], *path = c->program ? program_path(c->program) : NULL;
	FILE *f = NULL;
	int byte;

	*text = 0;
	if (path)
		f = fopen(path, "re");
	else if (c->command && !find_in_path(c->command[0], file))
		f = fopen(file, "re");
	free(path);
	if (!f && !c->outside)
		return text;
	while (f && (byte = getc_unlocked(f)) != EOF)
		hash = hash_byte(hash, byte);
	if (f)
		fclose(f);
	for (char *const *word = c->command; word && *word; word++)
		hash = hash_text(hash, *word);
	snprintf(text, 20, "%016llx", c->outside ? hash_outside(c->outside) :
		 hash);
	return text;
}

/* Of the bytes that a workload sends and of what ends an answer, which its name does
   not say; "": its name says it. */
static const char *request_of(const struct workload *w, char text[20])
{
	const struct protocol *p = &w->speaks;
	unsigned long long hash;

	*text = 0;
	if (!w->protocol || w->reply || !p->request)
		return text;
	hash = hash_bytes(HASH_BEGIN, p->request, p->request_len);
	hash = hash_bytes(hash, &p->end, sizeof(p->end));
	hash = hash_bytes(hash, &p->length, sizeof(p->length));
	hash = hash_bytes(hash, p->delimiter, p->delimiter_len);
	snprintf(text, 20, "%016llx", hash);
	return text;
}

/* The hash of a name in the object of a line of the file; NULL: none. */
static const char *hash_in(const char *line, const char *object, const char *name)
{
	const char *at = results_field(line, object);
	const char *hash = at ? results_field(at, name) : NULL;

	/* No name of a protocol has a brace. */
	if (hash && !strcmp(object, "requests") && hash > strchr(at, '}'))
		return NULL;
	return hash && *hash == '"' ? hash + 1 : NULL;
}

/* "http": 0123456789abcdef, and so on, once each, those that the file does not name;
   how many. */
static int write_requests(const struct results *r, struct json *j)
{
	const struct plan *p = r->plan;
	char hash[20];
	int n = 0;

	json_open(j, "requests", '{');
	for (int w = 0; w < p->workload_count; w++) {
		const char *name = p->workloads[w].protocol;
		int known = r->known_request[w];

		for (int i = 0; name && i < w; i++)
			known |= p->workloads[i].protocol &&
				 !strcmp(p->workloads[i].protocol, name);
		if (known || !*request_of(&p->workloads[w], hash))
			continue;
		json_text(j, name, hash);
		n++;
	}
	json_close(j, '}');
	return n;
}

/* Whose request is not the one that a line of the file names; or NULL. */
static const char *other_request(struct results *r, const char *line)
{
	char hash[20];

	for (int w = 0; w < r->plan->workload_count; w++) {
		const struct workload *work = &r->plan->workloads[w];
		const char *was = *request_of(work, hash) ?
				  hash_in(line, "requests", work->protocol) :
				  NULL;

		if (was && strncmp(was, hash, strlen(hash)))
			return work->name;
		r->known_request[w] |= !!was;
	}
	return NULL;
}

/* "epoll": 0123456789abcdef, and so on, those that the file does not name; how
   many. */
static int write_builds(const struct results *r, struct json *j)
{
	char hash[20];
	int n = 0;

	json_open(j, "builds", '{');
	for (int c = 0; c < r->plan->contender_count; c++) {
		if (c == 1 || r->known_build[c] ||
		    !*build_of(&r->plan->contenders[c], hash))
			continue;
		json_text(j, r->plan->contenders[c].name, hash);
		n++;
	}
	json_close(j, '}');
	return n;
}

/* Whose build is not the one that a line of the file names; or NULL. */
static const struct contender *other_build(struct results *r, const char *line)
{
	char hash[20];

	for (int c = 0; c < r->plan->contender_count; c++) {
		const struct contender *who = &r->plan->contenders[c];
		const char *was = hash_in(line, "builds", who->name);

		if (was && *build_of(who, hash) &&
		    strncmp(was, hash, strlen(hash)))
			return who;
		r->known_build[c] |= !!was;
	}
	return NULL;
}

void results_begin(struct results *r, const struct plan *p, int argc,
		   char **argv)
{
	size_t cells = (size_t)LAYOUTS * p->workload_count * p->contender_count;
	time_t now = time(NULL);
	struct utsname u;
	char name[160];
	FILE *cpuinfo;
	int n = 0;

	*r = (struct results){ .plan = p };
	r->outcomes = need(calloc(cells * p->repetitions, sizeof(*r->outcomes)));
	r->why = need(calloc(cells, sizeof(*r->why)));
	uname(&u);
	snprintf(name, sizeof(name), "%s", u.machine);
	cpuinfo = fopen("/proc/cpuinfo", "re");
	results_processor(cpuinfo, name, sizeof(name));
	if (cpuinfo)
		fclose(cpuinfo);
	snprintf(r->machine, sizeof(r->machine), "%s %s %s, %s, %ld processors",
		 u.sysname, u.release, u.machine, name,
		 sysconf(_SC_NPROCESSORS_ONLN));
	strftime(r->date, sizeof(r->date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	for (int i = 0; i < argc && n < (int)sizeof(r->command); i++)
		n += i ? quote(r->command + n, sizeof(r->command) - n, argv[i]) :
		     snprintf(r->command, sizeof(r->command), "%s", argv[0]);
}

void results_free(struct results *r)
{
	free(r->outcomes);
	free(r->why);
}

/* ---- comparing ---- */

/* Of one quantity, those repetitions that are done; negative: not known. */
static int collect(const struct results *r, int layout, int workload,
		   int contender, size_t offset, double *v)
{
	int n = 0;

	for (int i = 0; i < r->plan->repetitions; i++) {
		struct outcome *o = outcome_at(r, layout, workload, contender,
					       i);

		if (o->done)
			v[n++] = *(double *)((char *)&o->m + offset);
	}
	return n;
}

struct measurement medians(const struct results *r, int layout, int workload,
			   int contender, int *n)
{
	double v[REPETITIONS];
	struct measurement m;

	for (const struct quantity *q = quantities; q->name; q++) {
		int known = 0;

		*n = collect(r, layout, workload, contender, q->offset, v);
		for (int i = 0; i < *n; i++)
			if (v[i] >= 0)
				v[known++] = v[i];
		*quantity_in(&m, q) = known || !*n ? median(v, known) : -1;
	}
	return m;
}

/* In a turn in which other programs took much from either, the ratio is theirs. */
static int disturbed(const struct outcome *is, const struct outcome *was, int i)
{
	return is->m.slices[i].others > OTHERS_MAX ||
	       was->m.slices[i].others > OTHERS_MAX;
}

double ratio_within(const struct outcome *is, const struct outcome *was,
		    size_t offset)
{
	size_t in_slice = offset == RATE ? offsetof(struct slice, rate)
					 : offsetof(struct slice, server_us);
	int in_turns = offset == RATE || offset == SERVER_US, n = 0, quiet = 0;
	double v[SLICES], a, b;

	if (!is->done || !was->done)
		return -1;
	if (is->m.slice_count != was->m.slice_count)
		in_turns = 0;
	for (int i = 0; in_turns && i < is->m.slice_count; i++)
		quiet += !disturbed(is, was, i);
	for (int i = 0; in_turns && i < is->m.slice_count; i++) {
		if (quiet >= QUIET_TURNS && disturbed(is, was, i))
			continue;
		a = *(double *)((char *)&is->m.slices[i] + in_slice);
		b = *(double *)((char *)&was->m.slices[i] + in_slice);
		if (a > 0 && b > 0)
			v[n++] = a / b;
	}
	if (n)
		return median(v, n);
	a = *(double *)((char *)&is->m + offset);
	b = *(double *)((char *)&was->m + offset);
	return a >= 0 && b > 0 ? a / b : -1;
}

/* A slice with nothing in it counts on neither side, nor does one whose processor
   time is not known. */
static double means_within(const struct outcome *is, const struct outcome *was,
			   size_t offset)
{
	double messages[2] = { 0 }, spent[2] = { 0 };

	if (!is->done || !was->done)
		return -1;
	if (is->m.slice_count != was->m.slice_count)	/* one in one piece */
		return ratio_within(is, was, offset);
	for (int i = 0; i < is->m.slice_count; i++) {
		struct slice a = is->m.slices[i], b = was->m.slices[i];
		int used = offset == SERVER_US;

		if (a.rate <= 0 || b.rate <= 0 ||
		    (used && (a.server_us < 0 || b.server_us < 0)))
			continue;
		messages[0] += a.rate * a.seconds;
		messages[1] += b.rate * b.seconds;
		spent[0] += a.seconds * (used ? a.rate * a.server_us : 1);
		spent[1] += b.seconds * (used ? b.rate * b.server_us : 1);
	}
	if (messages[1] <= 0 || spent[0] <= 0 || spent[1] <= 0)
		return -1;
	return offset == RATE ?
	       messages[0] / spent[0] / (messages[1] / spent[1]) :
	       spent[0] / messages[0] / (spent[1] / messages[1]);
}

struct estimate ratio_of_means(const struct results *r, int layout,
			       int workload, int contender, size_t offset)
{
	double v[REPETITIONS];
	int n = 0;

	for (int i = 0; i < r->plan->repetitions; i++) {
		v[n] = means_within(outcome_at(r, layout, workload, contender,
					       i),
				    outcome_at(r, layout, workload, 0, i),
				    offset);
		n += v[n] >= 0;
	}
	return estimate(v, n);
}

struct estimate ratio_of(const struct results *r, int layout, int workload,
			 int contender, int other, size_t offset)
{
	double v[REPETITIONS];
	int n = 0;

	for (int i = 0; i < r->plan->repetitions; i++) {
		v[n] = ratio_within(outcome_at(r, layout, workload, contender,
					       i),
				    outcome_at(r, layout, workload, other, i),
				    offset);
		n += v[n] >= 0;
	}
	return estimate(v, n);
}

struct estimate ratio(const struct results *r, int layout, int workload,
		      int contender, size_t offset)
{
	return ratio_of(r, layout, workload, contender, 0, offset);
}

double reach(const struct estimate *e)
{
	return (e->high * e->low > 1 ? e->high : 1 / e->low) - 1;
}

double noise(const struct results *r, int layout, int workload, size_t offset)
{
	struct estimate e = ratio(r, layout, workload, 1, offset);

	return e.n ? reach(&e) : 0;
}

static int within(double low, double high, double bound)
{
	return low >= 1 / (1 + bound) && high <= 1 + bound;
}

enum verdict verdict(const struct estimate *e, double off, double bound)
{
	double away = e->sure_low > 1 ? e->sure_low : 1 / e->sure_high;

	if (e->n < ENOUGH)
		return FEW;
	if (away > (1 + off) * (1 + LAYOUT_EFFECT) &&
	    away * away > e->high / e->low)
		return e->sure_low > 1 ? ABOVE : BELOW;
	return within(e->low, e->high, bound) && off <= bound ? EQUAL
							      : UNDECIDED;
}

/* Without a rate, busy x window messages are always in flight.  Most: of those
   that are done. */
enum suspicion suspicion_of(const struct outcome *o, int n,
			    const struct workload *w)
{
	int found[WRONG + 1] = { 0 }, done = 0;

	if (w->kind == LOAD_FILE || w->rate)
		return PLAUSIBLE;
	for (int i = 0; i < n; i++)
		if (o[i].done) {
			found[suspicion(&o[i].m, (double)w->busy * w->window)]++;
			done++;
		}
	for (int says = WRONG; says > PLAUSIBLE; says--) {
		found[says - 1] += found[says];
		if (2 * found[says] > done)
			return says;
	}
	return PLAUSIBLE;
}

enum verdict unfit(const struct outcome *o, int n, const struct workload *w)
{
	double wrong[REPETITIONS];
	int done = 0;

	for (int i = 0; i < n; i++)
		if (o[i].done)
			wrong[done++] = o[i].m.wrong;
	return median(wrong, done) > WRONG_MOST ? ERRORS :
	       suspicion_of(o, n, w) == WRONG ? DOUBTFUL : EQUAL;
}

/*
 * It is equal once half of the width fits between the median and the bound, and
 * the noise within the bound.  It is ranked once the half width for deciding,
 * half as wide again, and the noise fit between the median and 1.
 */
int missing(const struct estimate *e, double off, double bound)
{
	double half = (e->high - e->low) / (e->high + e->low);
	double far = e->median > 1 ? e->median - 1 : 1 / e->median - 1;
	double times = MANY, other;

	if (e->n < ENOUGH)
		return ENOUGH - e->n;
	if (verdict(e, off, bound) != UNDECIDED)
		return 0;
	if (far < bound) {
		times = half / (bound - far);
		times = off / bound > times ? off / bound : times;
	}
	if (far > LAYOUT_EFFECT) {
		other = (1.5 * half + off) / (far - LAYOUT_EFFECT);
		times = other < times ? other : times;
	}
	other = e->n * (times * times - 1) + 1;
	return other < 1 ? 1 : other > MANY ? MANY : other;
}

/* ---- JSON lines ---- */

/* What must be the same for two runs to be one. */
static void identify(const struct results *r, struct json *j)
{
	const struct plan *p = r->plan;

	json_text(j, "machine", r->machine);
	json_text(j, "network", r->network);
	json_number(j, "warm_ms", p->warm_ms);
	json_number(j, "run_ms", p->run_ms);
	json_number(j, "count_ms", p->count_ms);
	json_number(j, "files_mib", files_mib);
	json_text(j, "base", p->contenders[0].name);
}

void results_write_head(const struct results *r, FILE *f)
{
	struct json j = { .out = f, .first = 1, .compact = 1 };

	json_open(&j, NULL, '{');
	json_text(&j, "iomodels", VERSION);
	identify(r, &j);
	json_text(&j, "date", r->date);
	json_text(&j, "command", r->command);
	write_requests(r, &j);
	write_builds(r, &j);
	json_close(&j, '}');
	fputc('\n', f);
	fflush(f);
}

void results_write_added(const struct results *r, FILE *f)
{
	char *text = NULL;
	size_t size;
	FILE *mem = need(open_memstream(&text, &size));
	struct json j = { .out = mem, .first = 1, .compact = 1 };
	int n;

	json_open(&j, NULL, '{');
	n = write_requests(r, &j);
	n += write_builds(r, &j);
	json_close(&j, '}');
	fclose(mem);
	if (n)
		fprintf(f, "%s\n", text);
	fflush(f);
	free(text);
}

/* The base cannot serve everything: then it is another's name; or NULL. */
static const char *entry_name(const struct plan *p, int workload, int contender)
{
	const struct contender *c = contender_of(p, workload, contender);

	return contender == 1 ? "again" : c ? c->name : NULL;
}

static void write_turns(struct json *j, const char *name,
			const struct measurement *m, size_t offset)
{
	json_open(j, name, '[');
	for (int i = 0; i < m->slice_count; i++)
		json_real(j, NULL, *(double *)((char *)&m->slices[i] + offset));
	json_close(j, ']');
}

/* As json_real() writes it and results_take() reads it back. */
static double as_kept(double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", v);
	return strtod(text, NULL);
}

void results_round(struct measurement *m)
{
	for (const struct quantity *q = quantities; q->name; q++)
		*quantity_in(m, q) = as_kept(*quantity_in(m, q));
	for (int i = 0; i < m->slice_count; i++) {
		m->slices[i].rate = as_kept(m->slices[i].rate);
		m->slices[i].server_us = as_kept(m->slices[i].server_us);
		m->slices[i].seconds = as_kept(m->slices[i].seconds);
		m->slices[i].others = as_kept(m->slices[i].others);
		m->slices[i].began = 0;
	}
}

void results_write(const struct results *r, int layout, int workload,
		   int contender, int repetition, FILE *f)
{
	struct json j = { .out = f, .first = 1, .compact = 1 };
	struct outcome *o = outcome_at(r, layout, workload, contender,
				       repetition);

	json_open(&j, NULL, '{');
	json_text(&j, "layout", layouts[layout]);
	json_text(&j, "workload", r->plan->workloads[workload].name);
	json_text(&j, "server", entry_name(r->plan, workload, contender));
	json_text(&j, "base", entry_name(r->plan, workload, 0));
	json_number(&j, "repetition", repetition + 1);
	for (const struct quantity *q = quantities; q->name; q++)
		json_real(&j, q->name, *quantity_in(&o->m, q));
	json_number(&j, "client_bound", o->bound);
	write_turns(&j, "rates", &o->m, offsetof(struct slice, rate));
	write_turns(&j, "cpus", &o->m, offsetof(struct slice, server_us));
	write_turns(&j, "times", &o->m, offsetof(struct slice, seconds));
	write_turns(&j, "delays", &o->m, offsetof(struct slice, others));
	json_close(&j, '}');
	fputc('\n', f);
	fflush(f);
}

/* Our own lines only: "name": text, number or numbers in [], no nesting. */
const char *results_field(const char *line, const char *name)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(line, key);
	return at ? at + strlen(key) : NULL;
}

static int text_is(const char *line, const char *name, const char *text)
{
	const char *at = results_field(line, name);
	size_t n = strlen(text);

	return at && *at == '"' && !strncmp(at + 1, text, n) && at[n + 1] == '"';
}

/* The line's numbers of one quantity, a turn each, into v; how many. */
static int turns(const char *line, const char *name, double v[SLICES])
{
	const char *at = results_field(line, name);
	char *end;
	int n = 0;

	for (at = at && *at == '[' ? at + 1 : NULL; at && n < SLICES;
	     at = end + 1) {
		v[n] = strtod(at, &end);
		if (end == at)
			break;
		n++;
		if (*end != ',')
			break;
	}
	return n;
}

int results_take(const char *line, struct outcome *o)
{
	double rates[SLICES], cpus[SLICES], times[SLICES],
	       delays[SLICES];
	const char *number = strrchr(line, '}');
	struct outcome read = { .done = 1 };

	if (!number || number[1 + (number[1] == '\n')])
		return -1;			/* the line is cut */
	for (const struct quantity *q = quantities; q->name; q++) {
		number = results_field(line, q->name);
		if (!number)
			return -1;
		*quantity_in(&read.m, q) = strtod(number, NULL);
	}
	read.m.slice_count = turns(line, "rates", rates);
	if (turns(line, "cpus", cpus) != read.m.slice_count ||
	    turns(line, "times", times) != read.m.slice_count ||
	    turns(line, "delays", delays) != read.m.slice_count)
		return -1;
	for (int i = 0; i < read.m.slice_count; i++)
		read.m.slices[i] = (struct slice){
			rates[i], cpus[i], times[i], 0, delays[i],
		};
	number = results_field(line, "client_bound");
	read.bound = number && atoi(number);
	*o = read;
	return 0;
}

/* One line; 0 when it is of this plan. */
static int take(struct results *r, const char *line)
{
	const struct plan *p = r->plan;
	int layout = text_is(line, "layout", "two"), workload = 0, contender = 0;
	const char *number = results_field(line, "repetition");
	int repetition = number ? atoi(number) - 1 : -1;

	while (workload < p->workload_count &&
	       !text_is(line, "workload", p->workloads[workload].name))
		workload++;
	while (workload < p->workload_count && contender < p->contender_count &&
	       (!entry_name(p, workload, contender) ||
		!text_is(line, "server", entry_name(p, workload, contender))))
		contender++;
	if (workload == p->workload_count || contender == p->contender_count ||
	    repetition < 0 || repetition >= p->repetitions ||
	    !(layouts_of(p, workload) & 1 << layout))
		return -1;
	return results_take(line, outcome_at(r, layout, workload, contender,
					     repetition));
}

/* -1, and why: the line names another build or request than this plan has. */
static int names_others(struct results *r, const char *line, char why[300])
{
	const struct contender *who = other_build(r, line);
	const char *work = who ? NULL : other_request(r, line);

	if (who)
		snprintf(why, 300, "%.64s has %s since it was measured; give "
			 "another folder", who->name, who->outside ? "got another "
			 "command or address" : who->command ? "been built again, "
			 "or got another command," : "been built again");
	else if (work)
		snprintf(why, 300, "it holds %.64s with another request or "
			 "--answer; give another folder", work);
	return who || work ? -1 : 0;
}

int results_read(struct results *r, FILE *f, char why[300])
{
	char *line = NULL, *ours = NULL;
	size_t size = 0, len;
	ssize_t n = getline(&line, &size, f);
	FILE *mem = open_memstream(&ours, &len);
	struct json j = { .out = mem, .first = 1, .compact = 1 };
	int taken = 0;

	json_open(&j, NULL, '{');
	identify(r, &j);
	fclose(mem);
	if (n <= 0 || !strstr(line, ours + 1)) {
		snprintf(why, 300, "it holds a run of another machine, base or "
			 "duration; give the options of that run, or another "
			 "folder");
		taken = -1;
	}
	if (!taken)
		taken = names_others(r, line, why);
	if (!taken && results_field(line, "date"))
		snprintf(r->date, sizeof(r->date), "%.20s",
			 results_field(line, "date") + 1);	/* when it began */
	while (taken >= 0 && (n = getline(&line, &size, f)) > 0)
		if (line[n - 1] != '\n')
			;				/* it is cut */
		else if (results_field(line, "builds"))
			taken = names_others(r, line, why) ? -1 : taken;
		else if (!take(r, line))
			taken++;
	free(line);
	free(ours);
	return taken;
}

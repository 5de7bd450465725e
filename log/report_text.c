/* SPDX-License-Identifier: MIT */
/* report_text.c - the report for a person at a terminal */
#include <stdlib.h>
#include "duration.h"
#include "report.h"
#include "request.h"
#include "verdict.h"

enum { CALLS_SHOWN = 15, FILES_SHOWN = 12, GROUPS_SHOWN = 20 };

static const char *bold = "", *red = "", *yellow = "", *dim = "", *off = "";

const char *group_tasks(const struct group *g, char *text, size_t size)
{
	size_t len;

	if (g->tasks == 1) {
		if (g->pid[0])
			snprintf(text, size, "pid %ld", g->pid[0]);
		else
			snprintf(text, size, "the process");
		return text;
	}
	len = snprintf(text, size, "%lu %s (", g->tasks,
		       g->origin == ORIGIN_THREAD ? "threads" : "processes");
	for (unsigned i = 0; i < g->tasks && i < 8 && len < size - 24; i++)
		len += snprintf(text + len, size - len, "%s%ld", i ? " " : "",
				g->pid[i]);
	snprintf(text + len, size - len, "%s)", g->tasks > 8 ? " ..." : "");
	return text;
}

static const char *plural(unsigned long n)
{
	return n == 1 ? "" : "s";
}

static void kernel_heading(FILE *out, const struct merge *m)
{
	const struct manifest *f = &m->manifest;
	char text[400], why[400];

	fprintf(out, "kernel.log: %lu event%s%s", m->lines - m->bad,
		plural(m->lines - m->bad), m->alone ? "; no strace.log: "
		"arguments are numbers, names of files and peers are unknown" :
		"");
	if (f->proved && !m->alone)
		fprintf(out, ", its times agree with strace.log's within %.1f us",
			f->bound_ns / 1e3);
	fprintf(out, "\n%swho waits, in which call%s    %s\n", bold, off,
		*witness_waits(&m->witness, text, sizeof(text)) ? text :
		"nobody");
	if (!*witness_copies(&m->witness, text, sizeof(text)))
		snprintf(text, sizeof(text), "nobody, as far as the tracepoints "
			 "show");
	fprintf(out, "%swho copies, in which call%s   %s%s\n", bold, off, text,
		m->witness.n_copies || !strncmp(text, "nobody", 6) ? "" :
		" (from the page cache)");
	fprintf(out, "waits and copies are %s", merge_verdict(m, why,
							      sizeof(why)));
	fprintf(out, "%s%s\n", *why ? ": " : "", why);
}

static void heading(FILE *out, const struct reader *r)
{
	unsigned long messages;
	char text[24];

	fprintf(out, "%s%s%s%s: %lu line%s, %lu call%s", bold, r->path,
		r->n_paths > 1 ? " and others" : "", off, r->joiner.lines,
		plural(r->joiner.lines), r->calls, plural(r->calls));
	if (r->first_ns != NO_TIME)
		fprintf(out, " in %s", time_text(r->last_ns - r->first_ns,
						  text));
	fprintf(out, "; %lu process%s, %lu task%s", r->world.processes_made,
		r->world.processes_made == 1 ? "" : "es", r->world.tasks_made,
		plural(r->world.tasks_made));
	if (r->signals)
		fprintf(out, "; %lu signal%s", r->signals, plural(r->signals));
	fprintf(out, "\n");
	if (r->merge)
		kernel_heading(out, r->merge);
	if (reader_cost(r, &messages) > 0 && r->models.n_groups > 1)
		fprintf(out, "%.2f calls per message in all, %lu message%s\n",
			reader_cost(r, &messages), messages, plural(messages));
}

static void waits_line(FILE *out, const struct part *p)
{
	char text[24];
	const char *call = p->waits == 1 && p->longest_ns ? p->longest_call
							  : p->wait_call.text;
	int elsewhere = p->longest_ns && strcmp(p->longest_call, call);

	if (p->asks)
		fprintf(out, "    asks     in %s, %lu time%s, without sleeping\n",
			p->wait_call.text, p->asks, plural(p->asks));
	if (!p->waits)
		return;
	fprintf(out, "    waits    in %s%s%s, %lu time%s", call,
		elsewhere ? " and " : "", elsewhere ? p->longest_call : "",
		p->waits, plural(p->waits));
	if (p->seen)
		fprintf(out, ", slept %lu time%s", p->slept, plural(p->slept));
	if (p->longest_ns)
		fprintf(out, ", longest %s%s%s%s (line %lu)",
			p->at_most ? "at most " : "",
			time_text(p->longest_ns, text),
			elsewhere ? ", in " : "",
			elsewhere ? p->longest_call : "", p->longest_line);
	if (p->timeouts)
		fprintf(out, ", %lu timeout%s", p->timeouts,
			plural(p->timeouts));
	fprintf(out, "\n");
}

static void copies_line(FILE *out, enum model m, const struct part *p)
{
	int by_read = m == MODEL_FILE || m == MODEL_HELPER ||
		      m == MODEL_MMAP || (p->in && !p->messages);
	unsigned long long bytes = p->bytes_in - (by_read ? 0 : p->own_bytes);

	if (p->accepts)
		fprintf(out, "    accepts  %s%s%s%lu time%s\n",
			*p->accept_call.text ? "in " : "", p->accept_call.text,
			*p->accept_call.text ? ", " : "", p->accepts,
			plural(p->accepts));
	if ((m == MODEL_AIO || m == MODEL_RING) && p->in_call.votes)
		fprintf(out, "    submits  in %s, %lu request%s\n", p->in_call.text,
			p->submitted, plural(p->submitted));
	if (m == MODEL_RING && (p->in || p->out))
		fprintf(out, "    moves    %lu message%s, %llu byte%s in, %llu "
			"out\n", p->messages, plural(p->messages), p->bytes_in,
			plural(p->bytes_in), p->bytes_out);
	if (m == MODEL_AIO || m == MODEL_RING)
		return;
	if (p->in || p->eofs)
		fprintf(out, "    copies   in %s, %lu %s%s, %llu byte%s\n",
			p->in_call.text, by_read ? p->in : p->messages,
			m == MODEL_MMAP ? "mapping" : by_read ? "read" : "message",
			plural(by_read ? p->in : p->messages), bytes,
			plural(bytes));
	if (p->out)
		fprintf(out, "    sends    in %s, %lu time%s, %llu byte%s\n",
			p->out_call.text, p->out, plural(p->out), p->bytes_out,
			plural(p->bytes_out));
	if (p->again)
		fprintf(out, "    EAGAIN   %lu time%s\n", p->again,
			plural(p->again));
}

static void proof_line(FILE *out, const struct part *p)
{
	if (!p->n_proofs)
		return;
	fprintf(out, "    %sproof    line%s", dim, plural(p->n_proofs));
	for (unsigned i = 0; i < p->n_proofs; i++)
		fprintf(out, "%s %lu", i ? "," : "", p->proof[i]);
	fprintf(out, "%s\n", off);
}

static void cost_line(FILE *out, const struct served *s)
{
	static const char *const words[CLASSES] = {
		"other", "receive", "send", "accept", "wait", "control", "signal",
		"task",
	};
	const char *comma = "";

	if (!s->messages)
		return;
	fprintf(out, "    cost     %.2f calls per message:",
		(double)s->calls / s->messages);
	for (int i = 0; i < CLASSES; i++) {
		if (!s->class[i])
			continue;
		fprintf(out, "%s %.2f %s", comma,
			(double)s->class[i] / s->messages, words[i]);
		comma = ",";
	}
	fprintf(out, "\n");
}

static void group_report(FILE *out, const struct group *g)
{
	char verdict[160], tasks[160], label[96];
	enum model first = group_main(g);

	fprintf(out, "\n%s%s%s\n", bold, group_verdict(g, verdict,
						       sizeof(verdict)), off);
	fprintf(out, "    %s%s%s\n", group_tasks(g, tasks, sizeof(tasks)),
		*g->comm || *g->exe ? " " : "", *g->comm ? g->comm : g->exe);
	if (first) {
		waits_line(out, &g->parts[first]);
		copies_line(out, first, &g->parts[first]);
		proof_line(out, &g->parts[first]);
	}
	for (int m = 1; m < MODELS; m++) {
		const struct part *p = &g->parts[m];

		if (m == (int)first || !(g->mask & 1u << m) ||
		    (m == MODEL_BLOCKING && !p->waits && !p->in && !p->accepts))
			continue;
		fprintf(out, "  also: %s\n",
			part_label(m, p, label, sizeof(label)));
		waits_line(out, p);
		copies_line(out, m, p);
		proof_line(out, p);
	}
	if (g->sum.futex_waits)
		fprintf(out, "    sleeps   in futex, %lu time%s\n",
			g->sum.futex_waits, plural(g->sum.futex_waits));
	cost_line(out, &g->served);
}

static void findings_report(FILE *out, const struct reader *r)
{
	const struct finding *d;

	fprintf(out, "\n%sfindings%s%s\n", bold, off,
		r->findings.first ? "" : ": nothing wrong was seen");
	for (d = r->findings.first; d; d = d->next) {
		enum severity s = d->about->severity;
		char title[240], rest[80];

		fprintf(out, "  %s%s%s  %s%s%s\n",
			s == SEVERITY_FAULT ? red : s == SEVERITY_COST ?
			yellow : dim, severity_name(s), off,
			finding_title(d, title, sizeof(title)),
			*d->subject ? ", descriptor " : "", d->subject);
		if (*d->says)
			fprintf(out, "         %s.%s\n", d->says,
				finding_rest(d, rest, sizeof(rest)));
		if (d->n_lines)
			fprintf(out, "         %sline%s", d->of_kernel ?
				"kernel.log " : "", plural(d->n_lines));
		for (unsigned i = 0; i < d->n_lines; i++)
			fprintf(out, "%s %lu", i ? "," : "", d->line[i]);
		if (d->pid)
			fprintf(out, d->n_lines ? " (pid %ld)" :
				"         pid %ld", d->pid);
		fprintf(out, "%s         %s %s%s%s\n", d->n_lines || d->pid
			? "\n" : "", d->about->cause,
			d->about->remedy, d->about->unless ? " No fault if: "
			: "", d->about->unless ? d->about->unless : "");
	}
}

static int by_rank(const void *a, const void *b)
{
	const struct closed_file *x = *(struct closed_file *const *)a;
	const struct closed_file *y = *(struct closed_file *const *)b;
	unsigned long long p = reader_file_rank(x), q = reader_file_rank(y);

	return p < q ? 1 : p > q ? -1 : x < y ? -1 : 1;
}

static int by_age(const void *a, const void *b)
{
	const struct closed_file *x = *(struct closed_file *const *)a;
	const struct closed_file *y = *(struct closed_file *const *)b;

	return x < y ? -1 : 1;
}

static void file_line(FILE *out, const struct closed_file *f)
{
	fprintf(out, *f->name ? "    %-4d %-12s " : "    %-4d %s", f->fd,
		file_kind_name(f->kind));
	fwrite(f->name, 1, strlen(f->name), out);
	if (f->by)
		fprintf(out, " through %s", model_name(f->by));
	if (f->accepts)
		fprintf(out, ", %lu accepted", f->accepts);
	if (f->reads)
		fprintf(out, ", %llu byte%s in", f->bytes_in,
			plural(f->bytes_in));
	if (f->writes)
		fprintf(out, ", %llu byte%s out", f->bytes_out,
			plural(f->bytes_out));
	fprintf(out, "\n");
}

/* What is not shown one by one: how many of each kind, and what they moved. */
static void other_files(FILE *out, const struct reader *r,
			const struct closed_file *const *shown, unsigned n)
{
	for (int k = 0; k < FILE_KINDS; k++) {
		struct file_sum s = r->file_sums[k];

		for (unsigned i = 0; i < n; i++)
			if ((int)shown[i]->kind == k) {
				s.files--;
				s.accepts -= shown[i]->accepts;
				s.bytes_in -= shown[i]->bytes_in;
				s.bytes_out -= shown[i]->bytes_out;
			}
		if (!s.files || !(s.accepts || s.bytes_in || s.bytes_out) ||
		    k == FILE_REGULAR || k == FILE_DEVICE)
			continue;
		fprintf(out, "    and %lu more of kind %s: %llu byte%s in, %llu "
			"out", s.files, file_kind_name(k), s.bytes_in,
			plural(s.bytes_in), s.bytes_out);
		if (s.accepts)
			fprintf(out, ", %lu accepted", s.accepts);
		fprintf(out, "\n");
	}
}

static void files_report(FILE *out, const struct reader *r)
{
	enum { BUSY = 1 << 20 };		/* bytes: a file worth showing */
	const struct closed_file *list[FILES_KEPT];
	unsigned n = 0;

	for (unsigned long i = 0; i < r->n_files && i < FILES_KEPT; i++) {
		const struct closed_file *f = &r->files[i];

		if (!f->reads && !f->writes && !f->accepts &&
		    f->kind != FILE_LISTENER)
			continue;
		if ((f->kind == FILE_REGULAR || f->kind == FILE_DEVICE) &&
		    f->bytes_in + f->bytes_out < BUSY)
			continue;
		list[n++] = f;
	}
	if (!n)
		return;
	fprintf(out, "\n%sdescriptors%s\n", bold, off);
	if (n > FILES_SHOWN) {
		qsort(list, n, sizeof(*list), by_rank);
		n = FILES_SHOWN;
		qsort(list, n, sizeof(*list), by_age);
	}
	for (unsigned i = 0; i < n; i++)
		file_line(out, list[i]);
	if (r->n_files > n)
		other_files(out, r, list, n);
}

static void calls_report(FILE *out, const struct reader *r)
{
	unsigned n;
	struct tally **t = reader_tallies(r, &n);
	char total[24], longest[24];

	fprintf(out, "\n%scalls%s\n", bold, off);
	for (unsigned i = 0; i < n && i < CALLS_SHOWN; i++) {
		fprintf(out, "    %-18s %8lu", t[i]->name, t[i]->calls);
		if (t[i]->errors)
			fprintf(out, "  %lu error%s", t[i]->errors,
				plural(t[i]->errors));
		if (t[i]->restarts)
			fprintf(out, "  %lu restart%s", t[i]->restarts,
				plural(t[i]->restarts));
		if (t[i]->longest_ns)
			fprintf(out, "  %s, longest %s (line %lu)",
				time_text(t[i]->ns, total),
				time_text(t[i]->longest_ns, longest),
				t[i]->longest_line);
		fprintf(out, "\n");
	}
	if (n > CALLS_SHOWN)
		fprintf(out, "    and %u more kind%s (--json has all)\n",
			n - CALLS_SHOWN, plural(n - CALLS_SHOWN));
	free(t);
}

static void kernel_missing(FILE *out, const struct merge *m)
{
	const struct witness *w = &m->witness;

	if (m->bad)
		fprintf(out, "%s%lu line%s of kernel.log not understood%s\n",
			yellow, m->bad, plural(m->bad), off);
	for (unsigned i = 0; i < m->bad && i < BAD_KEPT; i++) {
		fprintf(out, "    %lu: ", m->bad_kept[i].line);
		fputs(m->bad_kept[i].text, out);
		fputc('\n', out);
	}
	if (m->disordered)
		fprintf(out, "%lu line%s of kernel.log out of time order\n",
			m->disordered, plural(m->disordered));
	if (w->unknown) {
		fprintf(out, "%lu event%s of kernel.log of an unknown kind, the "
			"first: ", w->unknown, plural(w->unknown));
		fwrite(w->unknown_name, 1, strlen(w->unknown_name), out);
		fputc('\n', out);
	}
	if (w->unmatched)
		fprintf(out, "%lu completion%s of requests whose submission is "
			"not in kernel.log\n", w->unmatched,
			plural(w->unmatched));
}

static void places(FILE *out, const char *title, const struct place *p,
		   unsigned n, int what)
{
	char text[64], total[24], longest[24];

	for (unsigned i = 0; i < n; i++) {
		if (!i)
			fprintf(out, "  %s\n", title);
		fprintf(out, "    %-34s %8lu time%s",
			place_text(&p[i], text, sizeof(text)), p[i].times,
			plural(p[i].times));
		if (what == 'w')
			fprintf(out, ", %s, longest %s (k%lu)%s",
				time_text(p[i].ns, total),
				time_text(p[i].longest_ns, longest), p[i].line,
				p[i].messages ? ", for messages" : "");
		else
			fprintf(out, ", %llu byte%s", p[i].bytes,
				plural(p[i].bytes));
		fputc('\n', out);
	}
}

/* "disk read by a page fault of /lib/libc.so.6", "not known: ep_poll<..." */
const char *slept_why(const struct slept *s, const struct manifest *m, char *text,
		      size_t size)
{
	const char *path = manifest_path(m, s->fault.device, s->fault.inode);

	if (s->reason == REASON_UNKNOWN)
		snprintf(text, size, "not known: %s", s->top);
	else if (path)
		snprintf(text, size, "%s of %s", reason_text(s->reason), path);
	else if (s->fault.inode)
		snprintf(text, size, "%s of inode %llu on device %llu:%llu, "
			 "whose path is not known", reason_text(s->reason),
			 (unsigned long long)s->fault.inode,
			 (unsigned long long)s->fault.device >> 20,
			 (unsigned long long)s->fault.device & 0xfffff);
	else
		snprintf(text, size, "%s", reason_text(s->reason));
	return text;
}

static void slept_report(FILE *out, const struct merge *m)
{
	const struct witness *w = &m->witness;
	char text[400], total[24], longest[24];

	for (unsigned i = 0; i < w->n_slept; i++) {
		const struct slept *s = &w->slept[i];

		if (!i)
			fprintf(out, "  why threads slept, by the kernel's "
				"stack\n");
		fprintf(out, "    %s, %lu time%s, %s, longest %s (k%lu): ",
			slept_text(s, text, sizeof(text)), s->times,
			plural(s->times), time_text(s->ns, total),
			time_text(s->longest_ns, longest), s->line);
		fprintf(out, "%s", slept_why(s, &m->manifest, text,
					     sizeof(text)));
		for (unsigned k = 0; k < s->n_wakers; k++)
			fprintf(out, "%s %s", k ? "," : "; woken by",
				s->waker[k].name);
		fprintf(out, "\n");
		if (s->reason != REASON_UNKNOWN && *s->top)
			fprintf(out, "        %s%s%s\n", dim, s->top, off);
	}
	if (!w->n_slept && *m->manifest.why_no_stacks)
		fprintf(out, "  why threads slept is not known: %s\n",
			m->manifest.why_no_stacks);
}

/* Of a request, which may have taken less than a microsecond. */
static const char *short_text(long long ns, char text[24])
{
	if (ns >= 1000000)
		return time_text(ns, text);
	snprintf(text, 24, "%.1f us", ns / 1e3);
	return text;
}

static void ring_report(FILE *out, const struct witness_ring *r)
{
	char half[24], most[24];

	fprintf(out, "  ring");
	if (r->fd >= 0)
		fprintf(out, " %d", r->fd);
	fprintf(out, " of pid %ld: %lu request%s, %lu completion%s", r->pid,
		r->requests, plural(r->requests), r->completions,
		plural(r->completions));
	if (r->by_poller)
		fprintf(out, "; %lu submitted by iou-sqp", r->by_poller);
	if (r->more)
		fprintf(out, "; %lu by multishot", r->more);
	fprintf(out, "\n");
	for (unsigned op = 0; op < OPS; op++) {
		const struct op_tally *t = &r->op[op];

		if (!t->requests && !t->completions)
			continue;
		fprintf(out, "    %-14s %8lu request%s", t->name, t->requests,
			plural(t->requests));
		for (int v = 0; v < WAYS; v++)
			if (t->way[v])
				fprintf(out, ", %lu %s", t->way[v],
					way_name(v));
		if (t->forced)
			fprintf(out, ", %lu with IOSQE_ASYNC", t->forced);
		if (t->bytes)
			fprintf(out, ", %llu byte%s", t->bytes,
				plural(t->bytes));
		if (t->failed)
			fprintf(out, ", %lu failed", t->failed);
		if (t->timed)
			fprintf(out, ", latency p50 %s, p99 %s",
				short_text(latency_at(t, 50), half),
				short_text(latency_at(t, 99), most));
		fprintf(out, "\n");
	}
	if (r->cut.n)
		fprintf(out, "    in flight at the end: %lu request%s, the "
			"oldest for %s (k%lu)\n", r->cut.n, plural(r->cut.n),
			time_text(r->cut_ns, half), r->cut.line);
}

static void kernel_report(FILE *out, const struct merge *m)
{
	const struct witness *w = &m->witness;

	fprintf(out, "\n%sthe kernel's side%s (kN is line N of kernel.log)\n",
		bold, off);
	places(out, "slept", w->waits, w->n_waits, 'w');
	slept_report(out, m);
	places(out, "copied from sockets", w->copies, w->n_copies, 'c');
	places(out, "took from the page cache", w->pages, w->n_pages, 'c');
	for (unsigned i = 0; i < w->n_rings; i++)
		ring_report(out, w->ring_list[i]);
}

static int has_submits(const struct reader *r)
{
	for (const struct group *g = r->models.groups; g; g = g->next)
		if (g->parts[MODEL_AIO].submitted)
			return 1;
	return 0;
}

/* What the log does not hold, and how to get it. */
static void missing_report(FILE *out, const struct reader *r)
{
	const struct joiner *j = &r->joiner;
	const char *missing[MISSING_MAX];
	unsigned n;

	if (!j->has_times && j->has_durations)
		fprintf(out, "the log has the durations of the calls (-T), but "
			"not when they were made: strace -ttt records that\n");
	else if (!j->has_times)
		fprintf(out, "no times in the log: strace -ttt -T records them\n");
	else if (!j->has_durations)
		fprintf(out, "no durations in the log (-T): a wait lasted at "
			"most until the thread's next line\n");
	n = reader_missing(r, missing);
	for (unsigned i = 0; i < n; i++)
		fprintf(out, "%s\n", missing[i]);
	if (!j->has_durations && has_submits(r))
		fprintf(out, "io_submit: without durations (-T) the log does "
			"not show whether it slept\n");
	if (r->unknown_mode)
		fprintf(out, "%lu socket%s opened before the log began: the log "
			"does not show whether %s (start the program under "
			"strace to see fcntl)\n",
			r->unknown_mode, r->unknown_mode == 1 ? " was" :
			"s were", r->unknown_mode == 1 ? "it blocks" :
			"they block");
	if (j->orphans)
		fprintf(out, "%lu call%s began before the log did\n",
			j->orphans, plural(j->orphans));
	if (j->out_of_order)
		fprintf(out, "%lu line%s out of time order (strace -z?)\n",
			j->out_of_order, plural(j->out_of_order));
	if (j->own_output)
		fprintf(out, "%lu line%s that the program wrote itself to "
			"strace's terminal (-o FILE keeps them apart)\n",
			j->own_output, plural(j->own_output));
	if (r->artefacts)
		fprintf(out, "%lu signal%s that the program ignores; %s in the "
			"log only because the program is traced\n",
			r->artefacts, plural(r->artefacts),
			r->artefacts == 1 ? "it is" : "they are");
	if (r->injected)
		fprintf(out, "%lu result%s injected by strace, not returned by "
			"the kernel\n", r->injected, plural(r->injected));
	for (const struct group *g = r->models.groups; g; g = g->next)
		if (g->mask & 1u << MODEL_RING && !r->merge) {
			fprintf(out, "io_uring: strace shows no request and no "
				"completion, only the calls that hand over "
				"requests and wait\n");
			break;
		}
	if (r->merge)
		kernel_missing(out, r->merge);
	else
		fprintf(out, "waits and copies are inferred: %s\n",
			*r->no_kernel ? r->no_kernel :
			"the log has no kernel events");
	if (!j->unknown)
		return;
	fprintf(out, "%s%lu line%s not understood%s\n", yellow, j->unknown,
		plural(j->unknown), off);
	for (unsigned i = 0; i < r->n_unknown; i++) {
		fprintf(out, "    %lu: ", r->unknown[i].line);
		fwrite(r->unknown[i].text, 1, strlen(r->unknown[i].text), out);
		fputc('\n', out);
	}
}

void report_text(FILE *out, const struct reader *r, int colour)
{
	unsigned shown = 0;
	char text[1024];

	bold = colour ? "\033[1m" : "";
	red = colour ? "\033[31m" : "";
	yellow = colour ? "\033[33m" : "";
	dim = colour ? "\033[2m" : "";
	off = colour ? "\033[0m" : "";
	if (reader_verdict(r, text, sizeof(text)))
		fprintf(out, "%s%s%s\n\n", bold, text, off);
	heading(out, r);
	report_time(out, r, bold, off);
	report_end(out, r, bold, off);
	findings_report(out, r);
	for (const struct group *g = r->models.groups; g; g = g->next) {
		if (++shown > GROUPS_SHOWN) {
			fprintf(out, "\nand %u more group%s (--json has all)\n",
				r->models.n_groups - GROUPS_SHOWN,
				plural(r->models.n_groups - GROUPS_SHOWN));
			break;
		}
		group_report(out, g);
	}
	if (r->merge)
		kernel_report(out, r->merge);
	files_report(out, r);
	calls_report(out, r);
	fprintf(out, "\n");
	missing_report(out, r);
}

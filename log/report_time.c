/* SPDX-License-Identifier: MIT */
/* report_time.c - where the time went, and where each thread was at the end */
#include "duration.h"
#include "report.h"
#include "verdict.h"

enum { THREADS_SHOWN = 8, WAITS_SHOWN = 6, OPEN_SHOWN = 10 };

static const char *plural(unsigned long n)
{
	return n == 1 ? "" : "s";
}

static long percent(long long part, long long whole)
{
	return whole > 0 ? plus_ns(part, whole / 200) /
			   (whole / 100 ? whole / 100 : 1) : 0;
}

static void wait_line(FILE *out, const struct account *a, const struct wait *w)
{
	char text[120], total[24], longest[24];

	fprintf(out, "    %9s %3ld%%  %s", time_text(w->ns, total),
		percent(w->ns, a->wall_ns), w->name);
	if (*wait_text(w->what, w->call, w->object, text, sizeof(text)))
		fprintf(out, " for %s", text);
	fprintf(out, ": %lu time%s, longest %s%s (line %lu)\n", w->count,
		plural(w->count), w->at_most ? "at most " : "",
		time_text(w->longest_ns, longest), w->line);
	if (w->on && *w->how)
		fprintf(out, "                    pid %ld %s\n", w->on, w->how);
}

static void thread_lines(FILE *out, const struct account *a)
{
	char wall[24], wait[24], calls[24], outside[24];
	unsigned n = 0;

	if (a->tasks > 1)
		fprintf(out, "  %lu %s", a->tasks, a->origin == ORIGIN_THREAD ?
			"threads" : "processes");
	else if (a->pid)
		fprintf(out, "  pid %ld", a->pid);
	else
		fprintf(out, "  the process");
	fprintf(out, "%s%s%s: %s = %s waiting (%ld%%) + %s in other calls + %s "
		"outside of calls%s\n", *a->name ? " " : "", a->name,
		a->before_exec ? " before its execve" : "",
		time_text(a->wall_ns, wall), time_text(a->wait_ns, wait),
		percent(a->wait_ns, a->wall_ns), time_text(a->call_ns, calls),
		time_text(account_outside(a), outside), account_is_untimed(a)
		? ", or in calls whose time the log does not have" : "");
	for (; n < a->n_waits && n < WAITS_SHOWN; n++) {
		if (n && a->wait[n].ns < a->wall_ns / 100)
			break;
		wait_line(out, a, &a->wait[n]);
	}
	if (a->n_waits > n)
		fprintf(out, "              and %u shorter (--json has all)\n",
			a->n_waits - n);
}

void report_time(FILE *out, const struct reader *r, const char *bold,
		 const char *off)
{
	unsigned shown = 0;

	if (r->first_ns == NO_TIME || !r->accounts.first)
		return;
	fprintf(out, "\n%swhere the time went%s\n", bold, off);
	for (const struct account *a = r->accounts.first; a; a = a->next) {
		if (++shown > THREADS_SHOWN) {
			fprintf(out, "  and %u more (--json has all)\n",
				r->accounts.n - THREADS_SHOWN);
			break;
		}
		thread_lines(out, a);
	}
}

static void open_line(FILE *out, const struct reader *r,
		      const struct unreturned *o)
{
	char text[200], next[200], time[24];

	if (o->pid)
		fprintf(out, "  pid %ld ", o->pid);
	else
		fprintf(out, "  the process ");
	fprintf(out, "%s %s (line %lu), which did not return", o->how ==
		OPEN_KILLED ? "was in" : "is in", open_text(o, text,
							    sizeof(text)),
		o->line);
	if (o->ns != NO_TIME && o->ns > 0)
		fprintf(out, " for %s", time_text(o->ns, time));
	if (*o->killed)
		fprintf(out, ", until %s killed it", o->killed);
	else if (o->how == OPEN_DETACHED)
		fprintf(out, "; strace detached while it slept");
	fprintf(out, "%s\n", open_is_idle(r, o) && !o->poller
		? " (idle: not a fault)" : o->unclear || o->poller
		? " (idle or hung: the log does not show which)" : "");
	if (o->on && *o->why)
		fprintf(out, "      pid %ld %s\n", o->on, o->why);
	if (!open_is_idle(r, o) && *open_next(o, next, sizeof(next)))
		fprintf(out, "      next step: %s\n", next);
}

void report_end(FILE *out, const struct reader *r, const char *bold,
		const char *off)
{
	unsigned long n = r->accounts.n_open;

	if (!n)
		return;
	fprintf(out, "\n%sat the end%s\n", bold, off);
	for (unsigned i = 0; i < n && i < OPEN_SHOWN; i++)
		open_line(out, r, &r->accounts.open[i]);
	if (n > OPEN_SHOWN)
		fprintf(out, "  and %lu more thread%s in a call\n",
			n - OPEN_SHOWN, plural(n - OPEN_SHOWN));
}

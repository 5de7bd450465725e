/* SPDX-License-Identifier: MIT */
/*
 * page.c - a comparison as a page with plots, drawn by gnuplot
 *
 * DIR/plots.gp is a gnuplot script with the data in it, so that a plot can be
 * drawn again, or differently: cd DIR && gnuplot plots.gp.  The page holds the
 * plots itself and is one file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "compare_report.h"

enum { PLOTS = 64 };

struct page {
	const struct results *r;
	int layout;
	FILE *gp;
	struct plot {
		char file[64], title[300];
	} plots[PLOTS];
	int count;
};

/* gnuplot must not make a subscript of "uring_fast". */
static void name(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++)
		if (*text != '"' && *text != '\\' && *text != '\n')
			fputc(*text, f);
	fputc('"', f);
}

/*
 * A server has one colour in all plots: eight that colour-blind people tell
 * apart (Okabe and Ito 2008), and for lines the same dashed.  The base is black,
 * also when it is measured again.
 */
static const unsigned colours[] = {
	0x000000, 0xe69f00, 0x56b4e9, 0x009e73, 0xc0b000, 0x0072b2, 0xd55e00,
	0xcc79a7,
};

static int place_of(int contender)
{
	return contender > 1 ? contender - 1 : 0;
}

static unsigned colour_of(int contender)
{
	return colours[place_of(contender) % 8];
}

/* Behind a name: what the ratio says. */
static const char *word_of(const struct row *row)
{
	static const char *const words[] = {
		"behind", "equal", "ahead", "undecided", "too few", "errors",
		"doubtful", "client-bound",
	};

	return row->contender == 1 ? "A/A" : words[row->faster + 1];
}

static void begin_plot(struct page *p, const char *file, int height,
		       const char *title)
{
	struct plot *plot = &p->plots[p->count];

	if (p->count < PLOTS - 1)
		p->count++;
	snprintf(plot->file, sizeof(plot->file), "%s.svg", file);
	snprintf(plot->title, sizeof(plot->title), "%s", title);
	fprintf(p->gp, "\nreset\nset terminal svg size 860,%d font "
		"'sans-serif,13' noenhanced background rgb 'white'\n"
		"set output '%s'\nset border 3 lc rgb '#888888'\n"
		"set tics nomirror textcolor rgb '#333333'\n"
		"set grid lc rgb '#dddddd' lw 0.7\nset title ", height,
		plot->file);
	name(p->gp, title);
	fprintf(p->gp, " textcolor rgb '#111111'\n");
}

/* ---- one workload: who is how far from the base ---- */

static void plot_ratio(struct page *p, int workload)
{
	const struct workload *w = &p->r->plan->workloads[workload];
	double off = noise(p->r, p->layout, workload, RATE);
	struct row rows[CONTENDERS];
	int n = rows_of(p->r, p->layout, workload, rows), drawn = 0;
	char file[128], title[300], about[200], label[64];

	workload_describe(w, about, sizeof(about));
	snprintf(file, sizeof(file), "ratio-%.50s", w->name);
	snprintf(title, sizeof(title), "%s: %s per second against %s", about,
		 w->kind == LOAD_FILE ? "reads" : "messages",
		 contender_of(p->r->plan, workload, 0)->name);
	begin_plot(p, file, 110 + 22 * n, title);
	fprintf(p->gp, "$data << END\n");
	for (int i = n - 1; i >= 0; i--)
		if (rows[i].rate.n && rows[i].contender) {
			snprintf(label, sizeof(label), "%.40s: %s",
				 rows[i].name, word_of(&rows[i]));
			name(p->gp, label);
			fprintf(p->gp, " %g %g %g %u\n", rows[i].rate.median,
				rows[i].rate.low, rows[i].rate.high,
				colour_of(rows[i].contender));
			drawn++;
		}
	fprintf(p->gp, "END\nset object 1 rect from %g, graph 0 to %g, graph 1 "
		"fc rgb '#eeeeee' fs solid noborder behind\n"
		"set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "
		"'#888888'\nset yrange [-0.7:%g]\nset xlabel 'ratio and its "
		"interval; grey: the noise of the method'\nunset key\n"
		"plot $data using 2:0:3:4:5:yticlabels(1) with xerrorbars "
		"pt 7 ps 0.8 lw 2 lc rgb variable\n", 1 / (1 + off), 1 + off,
		drawn - 0.3);
}

/* ---- what a message costs ---- */

static size_t bar;			/* the quantity that is drawn */

static int least_last(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double v = *(double *)((char *)&x->m + bar);
	double w = *(double *)((char *)&y->m + bar);

	return (v < w) - (v > w);
}

static void plot_bars(struct page *p, int workload, const char *what,
		      size_t offset, const char *axis, int logscale)
{
	const struct workload *w = &p->r->plan->workloads[workload];
	struct row rows[CONTENDERS];
	int n = rows_of(p->r, p->layout, workload, rows), drawn = 0;
	char file[128], title[300], about[200];

	bar = offset;
	qsort(rows, n, sizeof(*rows), least_last);
	workload_describe(w, about, sizeof(about));
	snprintf(file, sizeof(file), "%s-%.50s", what, w->name);
	snprintf(title, sizeof(title), "%s: %s", about, axis);
	begin_plot(p, file, 100 + 22 * n, title);
	fprintf(p->gp, "$data << END\n");
	for (int i = 0; i < n; i++) {
		double v = *(double *)((char *)&rows[i].m + offset);

		if (v < 0 || rows[i].contender == 1)
			continue;
		name(p->gp, rows[i].name);
		fprintf(p->gp, " %g %u\n", v, colour_of(rows[i].contender));
		drawn++;
	}
	fprintf(p->gp, "END\nunset key\nset style fill solid 0.9 noborder\n"
		"set yrange [-0.7:%g]\n%sset xlabel '%s'\n"
		"plot $data using (%s):0:(%s):2:($0-0.35):($0+0.35):3:"
		"yticlabels(1) with boxxyerror lc rgb variable, "
		"'' using 2:0:(sprintf('  %%.3g', $2)) with labels left "
		"textcolor rgb '#333333'\n", drawn - 0.3,
		logscale ? "set logscale x\nset xrange [0.005:*]\n" :
		"set xrange [0:*]\nset offsets 0, graph 0.08, 0, 0\n", axis,
		logscale ? "$2" : "$2", logscale ? "0.005" : "0");
}

/* ---- many workloads: a line for each server ---- */

/* Alike except for the number of connections. */
static int alike(const struct workload *a, const struct workload *b)
{
	return a->kind == b->kind && a->family == b->family &&
	       !strcmp(a->protocol ? a->protocol : "",
		       b->protocol ? b->protocol : "") &&
	       a->answer == b->answer && a->work == b->work &&
	       a->size == b->size && a->window == b->window &&
	       a->idle == b->idle && a->rate == b->rate &&
	       a->state == b->state && a->random == b->random;
}

static void line_style(struct page *p, int contender)
{
	int i = place_of(contender);

	fprintf(p->gp, " lw 2 pt %d ps 0.6 dt %d lc rgb '#%06x'", 4 + i % 11,
		1 + i / 8, colour_of(contender));
}

static void plot_connections(struct page *p, int first)
{
	const struct plan *plan = p->r->plan;
	const struct workload *w = &plan->workloads[first];
	struct row rows[CONTENDERS];
	int lines = 0, points[CONTENDERS] = { 0 };
	int reads = w->kind == LOAD_FILE;
	char file[128], title[300];

	snprintf(file, sizeof(file), "connections-%.40s", w->name);
	snprintf(title, sizeof(title), "Messages of %u B per second against "
		 "connections", w->size);
	if (reads) {
		workload_describe(w, title, sizeof(title));
		*strrchr(title, ',') = 0;	/* ", 1 in flight" */
	}
	begin_plot(p, file, 480, title);
	for (int c = 0; c < plan->contender_count; c++) {
		const struct contender *who = contender_of(plan, first, c);

		if (c == 1 || !who || who->floor)
			continue;
		fprintf(p->gp, "$c%d << END\n", c);
		for (int i = 0; i < plan->workload_count; i++) {
			int n = alike(w, &plan->workloads[i]) ?
				rows_of(p->r, p->layout, i, rows) : 0;

			for (int k = 0; k < n; k++)
				if (rows[k].contender == c && ++points[c])
					fprintf(p->gp, "%u %g\n",
						plan->workloads[i].busy,
						rows[k].m.rate);
		}
		fprintf(p->gp, "END\n");
	}
	fprintf(p->gp, "set logscale x\nset key outside right\nset yrange "
		"[0:*]\nset xrange [0.8:*] noextend\nset format y '%%.0s%%c'\n"
		"set xlabel '%s'\nset ylabel '%s per second'\nplot ",
		reads ? "reads in flight" : "connections",
		reads ? "reads" : "messages");
	for (int c = 0; c < plan->contender_count; c++) {
		if (!points[c])
			continue;
		fprintf(p->gp, "%s$c%d with linespoints", lines++ ? ", " : "", c);
		line_style(p, c);
		fprintf(p->gp, " title ");
		name(p->gp, contender_of(plan, first, c)->name);
	}
	fprintf(p->gp, "\n");
}

static void plot_work(struct page *p, const int *points, int n)
{
	const struct plan *plan = p->r->plan;
	const struct workload *w = &plan->workloads[points[0]];
	struct row rows[CONTENDERS];
	int lines = 0, drawn[CONTENDERS] = { 0 };
	char file[128], title[300];

	snprintf(file, sizeof(file), "work-%.50s", w->name);
	snprintf(title, sizeof(title), "Cost of a message against its work: %u "
		 "connections, requests of %u B, answers of %u B", w->busy,
		 w->size, w->answer);
	begin_plot(p, file, 480, title);
	for (int c = 0; c < plan->contender_count; c++) {
		fprintf(p->gp, "$c%d << END\n", c);
		for (int i = 0; i < n; i++) {
			int m = rows_of(p->r, p->layout, points[i], rows);

			for (int k = 0; k < m && c != 1; k++)
				if (rows[k].contender == c &&
				    rows[k].m.server_us >= 0 && ++drawn[c])
					fprintf(p->gp, "%g %g\n", work_us(
						&plan->workloads[points[i]],
						&rows[k].m), rows[k].m.server_us);
		}
		fprintf(p->gp, "END\n");
	}
	/* On a logarithmic axis there is no place for 0. */
	fprintf(p->gp, "set logscale xy\nset key outside right\nset xlabel "
		"'microseconds of work per message (0.1: none)'\nset ylabel "
		"'microseconds of processor time per message'\nplot ");
	for (int c = 0; c < plan->contender_count; c++) {
		if (!drawn[c])
			continue;
		fprintf(p->gp, "%s$c%d using ($1 < 0.1 ? 0.1 : $1):2 with "
			"linespoints", lines++ ? ", " : "", c);
		line_style(p, c);
		fprintf(p->gp, " title ");
		name(p->gp, plan->contenders[c].name);
	}
	fprintf(p->gp, "\n");
}

static void plot_latency(struct page *p, int workload)
{
	const struct workload *w = &p->r->plan->workloads[workload];
	struct row rows[CONTENDERS];
	int n = rows_of(p->r, p->layout, workload, rows), lines = 0;
	char file[128], title[300], about[200];

	workload_describe(w, about, sizeof(about));
	snprintf(file, sizeof(file), "latency-%.50s", w->name);
	snprintf(title, sizeof(title), "%s: latency", about);
	begin_plot(p, file, 480, title);
	for (int i = 0; i < n; i++)
		if (!rows[i].floor && rows[i].contender != 1)
			fprintf(p->gp, "$c%d << END\n1 %g\n2 %g\n3 %g\n4 %g\nEND\n",
				i, rows[i].m.p50, rows[i].m.p99, rows[i].m.p999,
				rows[i].m.max);
	fprintf(p->gp, "set logscale y\nset key outside right\nset xrange "
		"[0.9:4.1]\nset xtics ('50%%%%' 1, '99%%%%' 2, '99.9%%%%' 3, 'max' 4)\n"
		"set xlabel 'share of the messages that took at most this time'\n"
		"set ylabel 'microseconds'\nplot ");
	for (int i = 0; i < n; i++) {
		if (rows[i].floor || rows[i].contender == 1)
			continue;
		fprintf(p->gp, "%s$c%d with linespoints", lines++ ? ", " : "", i);
		line_style(p, rows[i].contender);
		fprintf(p->gp, " title ");
		name(p->gp, rows[i].name);
	}
	fprintf(p->gp, "\n");
}

/* ---- idle connections ---- */

static void plot_idle(struct page *p, int workload)
{
	const struct workload *w = &p->r->plan->workloads[workload];
	struct row rows[CONTENDERS];
	int n = rows_of(p->r, p->layout, workload, rows), drawn = 0;
	char file[128], title[300];

	snprintf(file, sizeof(file), "idle-%.50s", w->name);
	snprintf(title, sizeof(title), "Messages per second with %u idle "
		 "connections added to %u, against the rate without them",
		 w->idle, w->busy);
	begin_plot(p, file, 100 + 22 * n, title);
	fprintf(p->gp, "$data << END\n");
	for (int i = n - 1; i >= 0; i--) {
		struct estimate e = kept(p->r, p->layout, workload,
					 rows[i].contender, RATE);

		if (!e.n || rows[i].contender == 1)
			continue;
		name(p->gp, rows[i].name);
		fprintf(p->gp, " %g %g %g %u\n", e.median, e.low, e.high,
			colour_of(rows[i].contender));
		drawn++;
	}
	fprintf(p->gp, "END\nunset key\nset style fill solid 0.9 noborder\n"
		"set yrange [-0.7:%g]\nset xrange [0:*]\n"
		"set xlabel 'ratio to the rate without idle connections'\n"
		"plot $data using 2:0:(0):2:($0-0.35):($0+0.35):5:yticlabels(1) "
		"with boxxyerror lc rgb variable, '' using 2:0:3:4 with "
		"xerrorbars pt 0 lw 1.5 lc rgb '#333333'\n", drawn - 0.3);
}

/* Of some server, at least. */
static int counted(const struct row *rows, int n)
{
	while (n--)
		if (rows[n].m.calls >= 0)
			return 1;
	return 0;
}

static void write_plots(struct page *p)
{
	const struct plan *plan = p->r->plan;
	struct row rows[CONTENDERS];

	for (int w = 0; w < plan->workload_count; w++) {
		int first = w, others = 0, points[WORKLOADS];
		int n = curve_of(plan, w, points);

		for (int i = 0; i < plan->workload_count; i++)
			if (i != w && alike(&plan->workloads[w],
					    &plan->workloads[i])) {
				first = i < first ? i : first;
				others++;
			}
		if (first == w && others && rows_of(p->r, p->layout, w, rows))
			plot_connections(p, w);
		if (n && rows_of(p->r, p->layout, w, rows))
			plot_work(p, points, n);
	}
	for (int w = 0; w < plan->workload_count; w++) {
		int n = rows_of(p->r, p->layout, w, rows);

		if (n < 3)
			continue;
		plot_ratio(p, w);
		if (plan->workloads[w].idle) {
			plot_idle(p, w);
			continue;
		}
		if (plan->workloads[w].kind == LOAD_FILE) {
			plot_bars(p, w, "cpu", SERVER_US,
				  "processor us per read", 0);
			continue;
		}
		plot_bars(p, w, "cpu", SERVER_US,
			  "processor us of the server per message", 0);
		if (counted(rows, n))
			plot_bars(p, w, "calls",
				  offsetof(struct measurement, calls),
				  "system calls per message", 1);
		plot_latency(p, w);
	}
}

/* ---- the page ---- */

static void html(FILE *f, const char *text)
{
	for (; *text; text++)
		if (*text == '<' || *text == '&')
			fprintf(f, "&#%d;", *text);
		else
			fputc(*text, f);
}

/* An SVG file as a picture within the page. */
static void picture(const struct page *p, const char *dir,
		    const struct plot *plot, FILE *f)
{
	char path[4200];
	FILE *svg;
	int c;

	snprintf(path, sizeof(path), "%s/%s", dir, plot->file);
	svg = fopen(path, "re");
	if (!svg)
		return;
	(void)p;
	fprintf(f, "<figure><img alt=\"");
	html(f, plot->title);
	fprintf(f, "\" src=\"data:image/svg+xml,");
	while ((c = getc(svg)) != EOF)
		if (c <= ' ' || c >= 0x7f || strchr("%#\"<>&'", c))
			fprintf(f, "%%%02x", c);
		else
			fputc(c, f);
	fprintf(f, "\"></figure>\n");
	fclose(svg);
}

/* Every mark of the plots. */
static void write_legend(const struct results *r, FILE *f)
{
	fprintf(f, "<p class=\"legend\">");
	for (int c = 0; c < r->plan->contender_count; c++) {
		if (c == 1)
			continue;
		fprintf(f, "<span><i style=\"background:#%06x\"></i> ",
			colour_of(c));
		html(f, r->plan->contenders[c].name);
		fprintf(f, "%s%s</span> ", c ? "" : ", the base", place_of(c) / 8
			? " (dashed)" : "");
	}
	fprintf(f, "</p>\n"
		"<p>A point is a median, and a bar its 95%% interval; the grey "
		"band is the noise: how far two measurements of the base differ; "
		"the line at 1 is the base.</p>\n");
}

static void write_page(const struct page *p, const char *dir, FILE *f)
{
	const struct results *r = p->r;
	char *text, *says, note[400];
	size_t size;
	FILE *table = open_memstream(&text, &size);
	FILE *conclusion = open_memstream(&says, &size);

	fprintf(f, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
		"<title>iomodels compare</title>\n<style>\n"
		"body { font: 15px/1.5 sans-serif; max-width: 900px; margin: 2em "
		"auto; padding: 0 1em; color: #222 }\n"
		"pre { font-size: 11px; line-height: 1.35; overflow-x: auto; "
		"background: #f6f6f6; padding: 1em }\n"
		"figure { margin: 1.5em 0 } img { max-width: 100%% }\n"
		"code { background: #f0f0f0; padding: 0 .2em }\n"
		"i { display: inline-block; width: .8em; height: .8em }\n"
		".legend span { margin-right: 1.2em; white-space: nowrap }\n"
		"@media (prefers-color-scheme: dark) {\n"
		"body { background: #181818; color: #ddd }\n"
		"pre, code { background: #282828 }\n"
		"img, i { filter: invert(1) hue-rotate(180deg) } }\n"
		"</style>\n<h1>The same work for different servers</h1>\n<p><b>");
	conclude(r, conclusion);
	fclose(conclusion);
	html(f, says);
	free(says);
	fprintf(f, "</b></p>\n");
	write_legend(r, f);
	fprintf(f, "<p>");
	html(f, r->machine);
	fprintf(f, "<br>");
	html(f, r->network);
	fprintf(f, "<br>%s<br><code>", r->date);
	html(f, r->command);
	fprintf(f, "</code></p>\n<p>");
	if (disturbances(r, note, sizeof(note)))
		html(f, note);
	fprintf(f, "</p>\n");
	for (int i = 0; i < p->count; i++)
		picture(p, dir, &p->plots[i], f);
	table_print(r, table);
	fclose(table);
	fprintf(f, "<h2>All figures</h2>\n<pre>");
	html(f, text);
	fprintf(f, "</pre>\n</html>\n");
	free(text);
}

/* gnuplot in DIR; 0, or -1 with the reason in why. */
static int draw_plots(const char *dir, char why[300])
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (chdir(dir))
			_exit(126);
		execlp("gnuplot", "gnuplot", "plots.gp", NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		snprintf(why, 300, "gnuplot: %s", strerror(errno));
		return -1;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		snprintf(why, 300, "without plots: gnuplot is not installed "
			 "(apt-get install gnuplot-nox)");
	else if (status)
		snprintf(why, 300, "gnuplot failed on %.200s/plots.gp", dir);
	return status ? -1 : 0;
}

static FILE *create(const char *dir, const char *file, char why[300])
{
	char path[4200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "we");
	if (!f)
		snprintf(why, 300, "%.200s: %s", path, strerror(errno));
	return f;
}

int page_write(const struct results *r, const char *dir, char why[300])
{
	struct page p = {
		.r = r, .layout = r->plan->layouts & 1 << SAME ? SAME : TWO,
	};
	int err;
	FILE *f;

	p.gp = create(dir, "plots.gp", why);
	if (!p.gp)
		return -1;
	fprintf(p.gp, "# %s %s\n", r->date, r->machine);
	write_plots(&p);
	fclose(p.gp);
	err = draw_plots(dir, why);
	f = create(dir, "report.html", why);
	if (!f)
		return -1;
	write_page(&p, dir, f);
	if (ferror(f) | fclose(f)) {
		snprintf(why, 300, "%.200s/report.html: %s", dir,
			 strerror(errno));
		return -1;
	}
	return err ? 1 : 0;
}

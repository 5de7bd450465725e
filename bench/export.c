/* SPDX-License-Identifier: MIT */
/*
 * export.c - a comparison as one JSON object
 */
#include <stdlib.h>
#include "../log/json.h"
#include "compare_report.h"
#include "version.h"

static void write_estimate(struct json *j, const char *name,
			   const struct estimate *e, enum verdict says)
{
	static const char *const words[] = {
		"below", "equal", "above", "undecided", "few", "errors",
		"doubtful", "client_bound",
	};

	if (!e->n) {
		json_null(j, name);
		return;
	}
	json_open(j, name, '{');
	json_real(j, "median", e->median);
	json_real(j, "low", e->low);
	json_real(j, "high", e->high);
	json_number(j, "repetitions", e->n);
	json_text(j, "verdict", words[says + 1]);
	json_close(j, '}');
}

static void write_noise(struct json *j, const char *name, const struct results *r,
			int layout, int workload, size_t offset)
{
	if (ratio(r, layout, workload, 1, offset).n)
		json_real(j, name, noise(r, layout, workload, offset));
	else
		json_null(j, name);
}

static void write_workload(struct json *j, const struct results *r, int layout,
			   int workload)
{
	const struct workload *w = &r->plan->workloads[workload];
	struct row rows[CONTENDERS];
	int n = rows_of(r, layout, workload, rows);
	char text[200];

	json_open(j, NULL, '{');
	workload_describe(w, text, sizeof(text));
	json_text(j, "workload", w->name);
	json_text(j, "about", text);
	json_text(j, "layout", layout == SAME ? "same" : "two");
	write_noise(j, "noise", r, layout, workload, RATE);
	write_noise(j, "cpu_noise", r, layout, workload, SERVER_US);
	json_open(j, "servers", '[');
	for (int i = 0; i < n; i++) {
		json_open(j, NULL, '{');
		json_text(j, "server", contender_of(r->plan, workload,
						    rows[i].contender)->name);
		json_bool(j, "base", rows[i].contender == 0);
		json_bool(j, "base_again", rows[i].contender == 1);
		json_bool(j, "client_bound", rows[i].bound);
		for (const struct quantity *q = quantities; q->name; q++) {
			double v = *quantity_in(&rows[i].m, q);

			if (v < 0)
				json_null(j, q->name);
			else
				json_real(j, q->name, v);
		}
		write_estimate(j, "rate_ratio", &rows[i].rate, rows[i].faster);
		write_estimate(j, "cpu_ratio", &rows[i].cpu, rows[i].dearer);
		json_number(j, "repetitions_missing", rows[i].more);
		if (rows[i].whole)
			json_bool(j, "in_one_piece", 1);
		if (*suspicion_text(&rows[i]))
			json_text(j, "suspicion", suspicion_text(&rows[i]));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "left_out", '{');
	for (int c = 0; c < r->plan->contender_count; c++)
		if (c != 1 && *why_at(r, layout, workload, c))
			json_text(j, r->plan->contenders[c].name,
				  why_at(r, layout, workload, c));
	json_close(j, '}');
	json_close(j, '}');
}

void export_json(const struct results *r, FILE *f)
{
	struct json j = { .out = f, .first = 1 };
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS];
	char text[400], *sentences;
	size_t size;
	FILE *file;

	json_open(&j, NULL, '{');
	json_text(&j, "iomodels", VERSION);
	json_text(&j, "date", r->date);
	json_text(&j, "machine", r->machine);
	json_text(&j, "network", r->network);
	json_text(&j, "command", r->command);
	json_real(&j, "seconds", p->run_ms / 1e3);
	json_real(&j, "equal_within", p->bound);
	file = open_memstream(&sentences, &size);
	conclude(r, file);
	fclose(file);
	json_text(&j, "conclusion", sentences);
	free(sentences);
	if (disturbances(r, text, sizeof(text)))
		json_text(&j, "disturbances", text);
	if (*r->uncounted)
		json_text(&j, "uncounted", r->uncounted);
	json_open(&j, "workloads", '[');
	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count; w++)
			if (rows_of(r, layout, w, rows))
				write_workload(&j, r, layout, w);
	json_close(&j, ']');
	json_close(&j, '}');
	fputc('\n', f);
}

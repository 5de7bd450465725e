/* SPDX-License-Identifier: MIT */
/*
 * claims.c - iomodels claims: what is said about I/O models, decided here
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "claims.h"
#include "cli.h"

struct options {
	const char *pattern, *play;
	int quiet;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'p':
		o->play = arg;
		return 0;
	case 'q':
		o->quiet = 1;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "%s: one pattern, no more", arg);
		o->pattern = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void print_proof(const struct text *proof)
{
	for (const char *line = proof->at; *line; ) {
		int n = strcspn(line, "\n");

		printf("      %.*s\n", n, line);
		line += n + (line[n] == '\n');
	}
}

int claims_main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "quiet", 'q', NULL, 0, "only the verdicts, not the lines that "
		  "prove them", 0 },
		{ "play", 'p', "ID", OPTION_HIDDEN, NULL, 0 },
		{ 0 }
	};
	static const struct argp argp = {
		.options = rows,
		.parser = parse,
		.args_doc = "[PATTERN]",
		.doc = "Decide what is said about I/O models, each claim by a "
		       "capture made now: it holds, is refuted, or cannot be "
		       "tested here and why. PATTERN chooses some by name "
		       "('sigio-*').\vThe exit status is 0 when every verdict "
		       "is the one that the project knows, 1 when one differs.",
	};
	static const char *const words[] = { "holds", "refuted",
					     "not testable", "undecided" };
	int count[4] = { 0 }, wrong = 0;
	struct options o = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.play)
		return claim_play(o.play);
	for (const struct claim *c = claims; c->id; c++) {
		struct text proof = { 0 };
		enum verdict v;

		if (o.pattern && fnmatch(o.pattern, c->id, 0))
			continue;
		v = claim_decide(c, &proof);
		count[v]++;
		printf("%-12s  %s: %s [%s]\n", words[v], c->id, c->sentence,
		       c->source);
		if (v != UNTESTABLE && v != c->expected) {
			wrong++;
			printf("      expected: %s\n", words[c->expected]);
		}
		if (!o.quiet || v == UNTESTABLE || v != c->expected)
			print_proof(&proof);
		fflush(stdout);
		free(proof.at);
	}
	if (!count[HOLDS] && !count[REFUTED] && !count[UNTESTABLE]) {
		fprintf(stderr, "iomodels claims: %s: no such claim\n",
			o.pattern);
		return 2;
	}
	printf("\n%d hold, %d refuted, %d not testable here; %d not as expected\n",
	       count[HOLDS], count[REFUTED], count[UNTESTABLE], wrong);
	return wrong > 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * claims.c - iomodels claims: sentences about I/O models, decided here
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "claims.h"
#include "cli.h"
#include "kernel.h"
#include "progress.h"
#include "../log/json.h"

enum {
	SHOWN = 240,			/* of a line, when it is not for JSON */
	WORDS_MAX = 16,
	UNKNOWN_SHOWN = 5,		/* names that no claim has */
	WEIGHT = 1 << 16,
};

struct options {
	char **patterns;
	int n, quiet, json, twins, list;
	const char *play, *about;
	/* The words of --about, their weights; the least weight of a claim. */
	char *word[WORDS_MAX];
	unsigned weight[WORDS_MAX], n_words, wanted;
};

struct sum {
	int of[UNDECIDED + 1], wrong;
};

static const char *const words[] = {
	"holds", "refuted", "not testable", "undecided",
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
	case 't':
		o->twins = 1;
		return 0;
	case 'a':
		o->about = arg;
		return 0;
	case 'l':
		o->list = 1;
		return 0;
	case 'j':
		o->json = 1;
		return 0;
	case ARGP_KEY_ARGS:
		o->patterns = state->argv + state->next;
		o->n = state->argc - state->next;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* A question may be asked as it is: these words say nothing of its subject. */
static int is_small(const char *word)
{
	static const char *const small[] = {
		"", "a", "after", "an", "and", "are", "at", "be", "by", "can",
		"did", "do", "does", "for", "has", "have", "how", "i", "if", "in",
		"is", "it", "its", "many", "my", "not", "of", "on", "or",
		"should", "that", "the", "there", "to", "use", "what", "when",
		"which", "who", "why", "will", "with", "you",
	};

	for (size_t i = 0; i < sizeof(small) / sizeof(*small); i++)
		if (!strcasecmp(word, small[i]))
			return 1;
	return 0;
}

static int has_word(const struct claim *c, const char *word)
{
	char text[2048];

	snprintf(text, sizeof(text), "%s %s %s %s %s %s %s", c->id,
		 c->sentence, c->source, c->domain ? c->domain : "",
		 c->twin ? c->twin : "", c->program ? c->program : "",
		 c->words ? c->words : "");
	return strcasestr(text, word) != NULL;
}

static unsigned weight_of(const struct options *o, const struct claim *c)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < o->n_words; i++)
		if (has_word(c, o->word[i]))
			sum += o->weight[i];
	return sum;
}

static int chosen(const struct options *o, const struct claim *c)
{
	int yes = !o->n;

	if (weight_of(o, c) < o->wanted)
		return 0;
	for (int i = 0; i < o->n; i++)
		yes |= !fnmatch(o->patterns[i], c->id, 0);
	return yes;
}

/* Every pattern chooses something, or it is mistyped. */
static int check_patterns(const struct options *o)
{
	int unknown = 0;

	for (int i = 0; i < o->n && unknown < UNKNOWN_SHOWN; i++) {
		const struct claim *c = claims;

		while (c->id && fnmatch(o->patterns[i], c->id, 0))
			c++;
		if (c->id)
			continue;
		fprintf(stderr, "iomodels claims: %s: no such claim; iomodels "
			"claims --list shows them all\n", o->patterns[i]);
		unknown++;
	}
	if (unknown == UNKNOWN_SHOWN)
		fprintf(stderr, "iomodels claims: there may be more wrong "
			"names\n");
	return unknown ? -1 : 0;
}

/*
 * Choose the claims that have all words of o->about, else those that come
 * closest: a word that few claims have weighs more.  -1 when none has any.
 */
static int look_for_words(struct options *o)
{
	char *rest = strdup(o->about), *word;
	unsigned best = 0, all = 0;

	while (o->n_words < WORDS_MAX && (word = strsep(&rest, " ,?"))) {
		unsigned with = 0;

		if (is_small(word))
			continue;
		for (const struct claim *c = claims; c->id; c++)
			with += has_word(c, word);
		o->word[o->n_words] = word;
		o->weight[o->n_words++] = with ? WEIGHT / with : 0;
		all += with ? WEIGHT / with : WEIGHT;
	}
	for (const struct claim *c = claims; c->id; c++)
		if (chosen(o, c) && weight_of(o, c) > best)
			best = weight_of(o, c);
	o->wanted = best;
	if (!best)
		fprintf(stderr, "iomodels claims: no claim is about '%s'; try "
			"other words, or see all with iomodels claims --list\n",
			o->about);
	else if (best < all)
		fprintf(stderr, "iomodels claims: no claim has all words of "
			"'%s'; the closest:\n", o->about);
	return best ? 0 : -1;
}

static enum verdict expected(const struct options *o, const struct claim *c)
{
	return o->twins ? REFUTED : c->expected;
}

static int is_wrong(const struct options *o, const struct claim *c,
		    enum verdict v)
{
	return v != UNTESTABLE && v != expected(o, c);
}

/* ---- what is printed ---- */

/* A twin follows its claim: "it wakes one of them" means nothing alone. */
static void print_statement(const struct options *o, const struct claim *c)
{
	printf("%s: %s%s%s%s [%s%s%s]\n", c->id, c->sentence,
	       o->twins ? "; false twin: " : "", o->twins ? c->twin : "",
	       !o->twins && o->list && c->expected == REFUTED ? " (refuted)" :
	       "", c->source, c->domain ? "; " : "", c->domain ? c->domain : "");
}

static void print_claim(const struct options *o, const struct claim *c,
			enum verdict v, const struct text *proof)
{
	printf("%-12s  ", words[v]);
	print_statement(o, c);
	if (is_wrong(o, c, v))
		printf("      expected: %s\n", words[expected(o, c)]);
	if (o->quiet && v == expected(o, c))
		return;
	for (const char *line = proof->at; *line; ) {
		int n = strcspn(line, "\n");

		printf("      %.*s%s\n", n > SHOWN ? SHOWN : n, line,
		       n > SHOWN ? "..." : "");
		line += n + (line[n] == '\n');
	}
}

static void print_json(const struct options *o, struct json *j,
		       const struct claim *c, enum verdict v,
		       const struct text *proof)
{
	json_open(j, NULL, '{');
	json_text(j, "name", c->id);
	json_text(j, "sentence", o->twins ? c->twin : c->sentence);
	json_text(j, "source", c->source);
	if (c->domain)
		json_text(j, "domain", c->domain);
	json_text(j, "verdict", words[v]);
	json_text(j, "expected", words[expected(o, c)]);
	json_open(j, "lines", '[');
	for (const char *line = proof->at; *line; ) {
		int n = strcspn(line, "\n");

		json_slice(j, NULL, line, n);
		line += n + (line[n] == '\n');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void begin_json(struct json *j)
{
	struct utsname u;

	uname(&u);
	json_open(j, NULL, '{');
	json_text(j, "kernel", u.release);
	json_text(j, "machine", u.machine);
	json_number(j, "uid", geteuid());
	json_open(j, "claims", '[');
}

static void end_json(struct json *j, const struct sum *sum)
{
	json_close(j, ']');
	json_number(j, "hold", sum->of[HOLDS]);
	json_number(j, "refuted", sum->of[REFUTED]);
	json_number(j, "not_testable", sum->of[UNTESTABLE]);
	json_number(j, "not_as_expected", sum->wrong);
	json_close(j, '}');
	putchar('\n');
}

static int is_due(const struct options *o, const struct claim *c)
{
	return chosen(o, c) && (!o->twins || c->twin);
}

static int list_all(const struct options *o)
{
	for (const struct claim *c = claims; c->id; c++)
		if (is_due(o, c))
			print_statement(o, c);
	return 0;
}

static int decide_all(void *arg)
{
	const struct options *o = arg;
	struct json j = { .out = stdout, .first = 1 };
	struct sum sum = { .wrong = 0 };
	struct progress progress = { 0 };

	for (const struct claim *c = claims; c->id; c++)
		progress.all += is_due(o, c);
	if (o->json)
		begin_json(&j);
	for (const struct claim *c = claims; c->id; c++) {
		struct text proof = { 0 };
		enum verdict v;

		if (!is_due(o, c))
			continue;
		progress_show(&progress, c->id);
		v = o->twins ? claim_decide_twin(c, &proof)
			     : claim_decide(c, &proof);
		progress_clear(&progress);
		progress.done++;
		sum.of[v]++;
		sum.wrong += is_wrong(o, c, v);
		if (o->json)
			print_json(o, &j, c, v, &proof);
		else
			print_claim(o, c, v, &proof);
		fflush(stdout);
		free(proof.at);
	}
	if (o->json)
		end_json(&j, &sum);
	else
		printf("\n%d hold, %d refuted, %d not testable here; "
		       "%d not as expected\n", sum.of[HOLDS], sum.of[REFUTED],
		       sum.of[UNTESTABLE], sum.wrong);
	return sum.wrong > 0;
}

int claims_main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "quiet", 'q', NULL, 0, "Print only the verdicts, not the lines "
		  "that prove them", 0 },
		{ "about", 'a', "WORDS", 0, "Check only claims whose texts "
		  "have all of these words, as in --about 'edge triggered'; if "
		  "no claim has all of them, the claims that match best",
		  0 },
		{ "twins", 't', NULL, 0, "Check the false twin of each claim "
		  "instead: a wrong statement that must be refuted", 0 },
		{ "list", 'l', NULL, 0, "Print the name and the statement of "
		  "each claim and, in brackets, its source and what it was "
		  "tried on; check nothing", 0 },
		{ "json", 'j', NULL, 0, "Print JSON, with the whole lines", 0 },
		{ "play", 'p', "ID", OPTION_HIDDEN, NULL, 0 },
		{ 0 }
	};
	static const struct argp argp = {
		.options = rows,
		.parser = parse,
		.args_doc = "[PATTERN...]",
		.doc = "Check statements (claims) about I/O models, each by a "
		       "new capture. For each claim the output has the verdict "
		       "(holds, refuted, or not testable here and why) and the "
		       "lines that decided. PATTERN selects claims by name "
		       "('sigio-*').\v"
		       "The exit status is 0 when every claim has the expected "
		       "verdict or could not be tested here, 1 when a verdict "
		       "differs, 2 for a wrong command line or when no claim "
		       "has any of the WORDS. Only root can check claims that "
		       "need the kernel's events.",
	};
	struct options o = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.play)
		return claim_play(o.play);
	if (check_patterns(&o))
		return 2;
	if (o.about && look_for_words(&o))
		return 2;
	if (o.list)
		return list_all(&o);
	return in_a_child(decide_all, &o);
}

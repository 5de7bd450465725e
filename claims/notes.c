/* SPDX-License-Identifier: MIT */
/*
 * notes.c - what to look at in the captures: traces/notes, traces/README.md
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include "notes.h"
#include "strace.h"

/* ---- read ---- */

/* The next word or text up to " | ", without blanks around; NULL: none. */
static char *next_field(char **at)
{
	char *field = *at, *end;

	if (!field)
		return NULL;
	field += strspn(field, " ");
	end = strstr(field, " | ");
	*at = end ? end + 3 : NULL;
	if (!end)
		end = field + strlen(field);
	while (end > field && end[-1] == ' ')
		end--;
	*end = 0;
	return field;
}

static int add_note(struct notes *n, const char *models, const char *scenario,
		    char *text, int line, char why[256])
{
	char *side = next_field(&text), *function = next_field(&text);
	char *pattern = next_field(&text), *says = next_field(&text);
	struct note *note;

	if (!says || !*models ||
	    (strcmp(side, "strace") && strcmp(side, "kernel"))) {
		snprintf(why, 256, "notes:%d: expected SIDE | FUNCTION | "
			 "PATTERN | TEXT, after a line = MODELS: SCENARIO",
			 line);
		return -1;
	}
	n->at = realloc(n->at, (n->n + 1) * sizeof(*n->at));
	if (!n->at)
		abort();
	note = &n->at[n->n];
	*note = (struct note){ .kernel = *side == 'k', .line = line };
	snprintf(note->models, sizeof(note->models), "%s", models);
	snprintf(note->scenario, sizeof(note->scenario), "%s", scenario);
	snprintf(note->function, sizeof(note->function), "%s", function);
	if (regcomp(&note->regex, pattern, REG_EXTENDED | REG_NOSUB)) {
		snprintf(why, 256, "notes:%d: no regular expression: %.100s",
			 line, pattern);
		return -1;
	}
	note->pattern = strdup(pattern);
	note->text = strdup(says);
	n->n++;
	return 0;
}

/* "= epoll callback: two" */
static int read_section(const char *line, char models[512], char scenario[16])
{
	const char *colon = strchr(line, ':');

	if (!colon || colon - line > 500)
		return -1;
	snprintf(models, 512, " %.*s ", (int)(colon - line - 2), line + 2);
	return sscanf(colon + 1, " %15[a-z-]", scenario) == 1 ? 0 : -1;
}

int notes_read(struct notes *n, const char *dir, char why[256])
{
	char path[300], models[512] = "", scenario[16] = "", *text, *at;
	int line = 0, ret = 0;

	*n = (struct notes){ 0 };
	snprintf(path, sizeof(path), "%s/notes", dir);
	text = at = text_of_file(path);
	if (!text) {
		snprintf(why, 256, "%.200s: %s", path, strerror(errno));
		return -1;
	}
	while (*at && !ret) {
		char *end = strchrnul(at, '\n'), *begin = at;
		int first = ++line;

		/* A line that begins with a tab continues the line before. */
		while (*end && end[1] == '\t') {
			*end = ' ';
			memmove(end + 1, end + 2, strlen(end + 2) + 1);
			end = strchrnul(end, '\n');
			line++;
		}
		at = end + !!*end;
		*end = 0;
		if (*begin == '=')
			ret = read_section(begin, models, scenario);
		else if (*begin && *begin != '#')
			ret = add_note(n, models, scenario, begin, first, why);
		if (ret && *begin == '=')
			snprintf(why, 256, "notes:%d: expected = MODELS: "
				 "SCENARIO", first);
	}
	free(text);
	return ret;
}

void notes_free(struct notes *n)
{
	for (int i = 0; i < n->n; i++) {
		regfree(&n->at[i].regex);
		free(n->at[i].pattern);
		free(n->at[i].text);
	}
	free(n->at);
	*n = (struct notes){ 0 };
}

/* ---- match ---- */

int note_is_about(const struct note *n, const struct program *p,
		  const struct scenario *c)
{
	char word[64];

	snprintf(word, sizeof(word), " %s ", p->name);
	return strstr(n->models, word) && !strcmp(n->scenario, c->name);
}

int note_matches(const struct note *n, const char *text, char line[160])
{
	char whole[4096];
	int count = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		snprintf(whole, sizeof(whole), "%.*s",
			 (int)strcspn(text, "\n"), text);
		if (*whole == '#' || regexec(&n->regex, whole, 0, NULL, 0))
			continue;
		if (!count++)
			snprintf(line, 160, "%.159s", whole);
	}
	return count;
}

/* ---- the source ---- */

/* A line that begins with a letter, and has NAME( in it. */
static int defines(const char *source, const char *function)
{
	char call[80];
	const char *at = source;

	snprintf(call, sizeof(call), "%s(", function);
	while ((at = strstr(at, call))) {
		const char *begin = at;

		while (begin > source && begin[-1] != '\n')
			begin--;
		if (begin < at && *begin >= 'a' && *begin <= 'z' &&
		    (at[-1] == ' ' || at[-1] == '*'))
			return 1;
		at++;
	}
	return 0;
}

/* In the file, or in what it includes of its own folder and ../models. */
static int find_definition(const char *file, const char *function,
			   char path[128])
{
	char *source = text_of_file(file), *at = source, next[64];
	int found = source && defines(source, function);

	if (found)
		snprintf(path, 128, "%s", file);
	while (at && !found && (at = strstr(at, "#include \""))) {
		char whole[128];

		at++;
		if (sscanf(at, "include \"%63[^\"]\"", next) != 1 ||
		    strstr(next, "syscalls/"))
			continue;
		if (!strncmp(next, "../", 3))
			snprintf(whole, sizeof(whole), "%s", next + 3);
		else
			snprintf(whole, sizeof(whole), "%.*s%s",
				 (int)(strrchr(file, '/') + 1 - file), file,
				 next);
		found = find_definition(whole, function, path);
	}
	free(source);
	return found;
}

int notes_find_function(const struct program *p, const char *function,
			char path[128])
{
	char file[128];

	snprintf(file, sizeof(file), "%s/%s.c", p->dir, p->name);
	snprintf(path, 128, "%s", file);
	return find_definition(file, function, path);
}

/* ---- the index ---- */

void notes_path(const struct program *p, const struct scenario *c, int kernel,
		const char *dir, char path[256])
{
	struct utsname u;

	uname(&u);
	snprintf(path, 256, "%s/%s.%s.%s.%s", dir, p->name, c->name, u.machine,
		 kernel ? "kernel" : "strace");
}

static const char head[] =
	"# What to look at in the captures\n"
	"\n"
	"`make traces` writes this page from `traces/notes` and the "
	"captures. A note names a\n"
	"pattern, not the number of a line, so that it still fits "
	"after a new capture. The page\n"
	"shows the first line that the pattern matches; *and N more* "
	"is the number of further\n"
	"lines that it matches. `tests/capture/traces_test.c` fails "
	"when a pattern finds nothing\n"
	"any more, or a function is no longer in the source.\n"
	"\n"
	"A capture has two sides, made in two runs of one scenario:\n"
	"\n"
	"- `MODEL.SCENARIO.ARCH.strace`: the system calls, with their "
	"arguments.\n"
	"- `MODEL.SCENARIO.ARCH.kernel`: the kernel's tracepoints, "
	"without strace. The first\n"
	"  column says in whose context the event happened: a thread "
	"of the program (its number),\n"
	"  `iou-sqp` and `iou-wrk` (io_uring's threads), `client` (or "
	"the softirq that handles its\n"
	"  packets), `device`, `interrupt`, `kernel`. `sched_switch S` "
	"means that the thread goes\n"
	"  to sleep, `sched_switch D` that it sleeps uninterruptibly, "
	"here for a disk.\n"
	"  `sched_waking 1` ends the sleep of thread 1; the first "
	"column says who ends it.\n"
	"  `skb_copy_datagram_iovec` is the copy.\n"
	"\n"
	"`make traces` writes a file again only when the compared part "
	"has changed:\n"
	"`log/normal.h` and `log/kernel_sequence.h` say which part that is.\n";

static void add_quoted(struct text *out, const char *line)
{
	char cut[100];

	/* By characters, for what is in strings. */
	snprintf(cut, sizeof(cut), "%.99s", line);
	if (strlen(line) >= sizeof(cut))
		strcpy(cut + sizeof(cut) - 4, "...");
	text_add(out, "- `` %s ``", cut);
}

static void add_note_text(struct text *out, const struct note *n,
			  const struct program *p, const char *capture)
{
	char line[160], path[128];
	int count = note_matches(n, capture, line);

	if (!count)
		return;			/* traces_test says so */
	add_quoted(out, line);
	if (count > 1)
		text_add(out, " and %d more", count - 1);
	text_add(out, "  \n");
	if (strcmp(n->function, "-")) {
		notes_find_function(p, n->function, path);
		text_add(out, "  [`%s()`](../%s): ", n->function, path);
	} else {
		text_add(out, "  ");
	}
	text_add(out, "%s\n", n->text);
}

static void add_capture(struct text *out, const struct notes *n,
			const struct program *p, const struct scenario *c,
			int kernel, const char *dir)
{
	char path[256], *capture;
	int any = 0;

	notes_path(p, c, kernel, dir, path);
	capture = text_of_file(path);
	for (int i = 0; capture && i < n->n; i++) {
		if (n->at[i].kernel != kernel || !note_is_about(&n->at[i], p, c))
			continue;
		if (!any++)
			text_add(out, "\n[%s](%s)\n\n", strrchr(path, '/') + 1,
				 strrchr(path, '/') + 1);
		add_note_text(out, &n->at[i], p, capture);
	}
	free(capture);
}

void notes_index(const struct notes *n, const char *dir, struct text *out)
{
	const struct scenario *played[PLAYED];
	const char *group = "";

	text_add(out, "%s", head);
	for (const struct program *p = programs; p->name; p++) {
		trace_scenarios(p, played);
		if (strcmp(group, p->group))
			text_add(out, "\n## %s\n", p->group);
		group = p->group;
		text_add(out, "\n### [%s](../%s/%s.c)\n\n%s\n", p->name, p->dir,
			 p->name, p->about);
		for (int i = 0; played[i]; i++)
			for (int kernel = 0; kernel < 2; kernel++)
				add_capture(out, n, p, played[i], kernel, dir);
	}
}

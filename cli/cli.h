/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what the subcommands of iomodels share
 *
 * A subcommand is a file here and a row in main.c.  Its argv[0] is "iomodels
 * NAME", so that argp's usage and messages read as the user typed them; error(3)
 * begins with it, too.  A message is one line: what failed, on which value, and
 * what to do.
 * Exit status: 0 done, 1 it failed, 2 the command line was wrong.
 */
#ifndef IOMODELS_CLI_H
#define IOMODELS_CLI_H

#include <argp.h>

struct program;

enum { DEFAULT_PORT = 7007 };		/* of models/server_options.h, too */

/* As the user typed it: for a command that can be pasted. */
extern const char *iomodels_path;

struct command {
	const char *name;
	const char *about;		/* a sentence, no full stop */
	int (*run)(int argc, char **argv);	/* returns the exit status */
};

int list_main(int argc, char **argv);
int serve_main(int argc, char **argv);
int send_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int trace_main(int argc, char **argv);
int demo_main(int argc, char **argv);
int capture_main(int argc, char **argv);
int claims_main(int argc, char **argv);
int compare_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int aio_run_main(int argc, char **argv);

/* iomodels capture --traces DIR, and of that the index alone */
int capture_traces(const char *dir, const char *const *names);
int capture_index(const char *dir);

/*
 * The folder that a capture goes to, malloced: wanted, or capture-NAME-1, -2,
 * ... here; NULL when that was refused, in a line that begins with by.
 */
char *capture_folder(const char *by, const char *wanted, const char *name);
/* The files of a capture are removed, and nothing else. */
void capture_clear(const char *dir);
/*
 * Clear it for a new capture.  The manifest is there from the start, empty: a
 * strace.log without one is somebody's own, which no capture replaces.
 * -1: another capture has it, which is on stderr after "BY: ".
 */
int capture_begin(const char *by, const char *dir);
/* For recording.read: what log/ finds in the logs that were just written. */
struct recording;
int capture_read(struct recording *r);

/*
 * iomodels explain with these arguments, of a folder, to stdout; name stands
 * for the folder in the report.
 */
int explain_folder(int argc, char **argv, const char *name);

/*
 * Measuring needs /proc; recording also needs a folder for temporary files, with
 * room.  Where one is missing, the program ends here with a line and status 1: a
 * later failure would be blamed on something else.
 */
void need_proc(void);
void need_places(void);
/* A capture has room in this folder. */
int has_place(const char *dir);

/*
 * Do work(arg) in a child, and return what it returns; ended by a signal, it
 * leaves nothing in tracefs, and no process.
 */
int in_a_child(int (*work)(void *arg), void *arg);

/*
 * A number from min to max, nothing before or after it; for anything else it
 * prints a message and ends the program with 2.
 */
long number_arg(const struct argp_state *state, const char *option,
		const char *text, long min, long max);

/* Likewise seconds, with a decimal fraction if need be; in milliseconds. */
long seconds_arg(const struct argp_state *state, const char *option,
		 const char *text, long max);

/* How many letters must change, come or go to make b of a. */
unsigned letters_between(const char *a, const char *b);

/* "epoll" for "epol"; NULL when nothing is near. */
const char *nearest_program(const char *name);

/*
 * Arguments MODEL...: each is one of programs[], else argp_error says which is
 * not.  Without any, every program is meant.
 */
enum { NAMES = 64 };
struct names { const char *at[NAMES + 1]; int n; };
void name_arg(struct argp_state *state, struct names *names, const char *arg);
int is_named(const char *const *names, const struct program *p);

/* Why p is not built, and what to do: into text. */
void not_built(const struct program *p, char *text, size_t size);

/* For atexit: output that was not written, also of --help, is a failure. */
void flush_or_fail(void);

/* The length of the valid UTF-8 character at s, of n bytes; 0 if it is invalid. */
unsigned utf8_length(const char *s, size_t n);

/* Print s as it is, except what could drive a terminal: that as \x1b. */
void print_safely(const char *s, size_t len);

#endif

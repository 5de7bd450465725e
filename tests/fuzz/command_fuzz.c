/* SPDX-License-Identifier: MIT */
/*
 * command_fuzz.c - any words as a command line of iomodels
 *
 *     make fuzz-command SECONDS=600
 *
 * The input is words, one per line.  A subcommand runs only until it has read
 * its command line: with the linker's --wrap, functions of this file replace
 * argp_parse, exit and the functions that end a parser, and return to the
 * harness instead.  An input that begins with '{' is an earlier report, for
 * explain --baseline.
 */
#include <argp.h>
#include <setjmp.h>
#include <sanitizer/allocator_interface.h>
#include <stdarg.h>
#include "../../log/baseline.h"
#include "fuzz.h"

enum { PARSES = 2 };		/* of main, and of the subcommand */

static jmp_buf back;
static int depth, within;	/* within: iomodels_main has not come back */
/* The first memory of each argp_parse: an exit in it does not free it. */
static void *parser[PARSES + 1];
static int wants_parser;

error_t __real_argp_parse(const struct argp *, int, char **, unsigned, int *,
			  void *);
error_t __wrap_argp_parse(const struct argp *, int, char **, unsigned, int *,
			  void *);
void __wrap_argp_error(const struct argp_state *, const char *, ...);
void __wrap_argp_failure(const struct argp_state *, int, int, const char *, ...);
void __wrap_argp_usage(const struct argp_state *);
void __wrap_argp_state_help(const struct argp_state *, FILE *, unsigned);
void __wrap_exit(int);
void __real_exit(int);
void __wrap__exit(int);
void __real__exit(int);
int __wrap_atexit(void (*)(void));
int iomodels_main(int argc, char **argv);

/* main's own, and within it that of the subcommand, which is where it ends. */
error_t __wrap_argp_parse(const struct argp *argp, int argc, char **argv,
			  unsigned flags, int *index, void *input)
{
	error_t err;

	wants_parser = ++depth;
	err = __real_argp_parse(argp, argc, argv, flags | ARGP_NO_EXIT, index,
				input);
	wants_parser = 0;
	parser[depth] = NULL;
	if (err || depth > 1)
		longjmp(back, 1);
	return err;
}

void __wrap_argp_error(const struct argp_state *state, const char *format, ...)
{
	va_list args;

	(void)state;
	va_start(args, format);
	vfprintf(sink(), format, args);
	va_end(args);
	longjmp(back, 1);
}

void __wrap_argp_failure(const struct argp_state *state, int status, int err,
			 const char *format, ...)
{
	(void)state, (void)status, (void)err, (void)format;
	longjmp(back, 1);
}

void __wrap_argp_usage(const struct argp_state *state)
{
	(void)state;
	longjmp(back, 1);
}

void __wrap_argp_state_help(const struct argp_state *state, FILE *f,
			    unsigned flags)
{
	(void)state, (void)f, (void)flags;
	longjmp(back, 1);
}

/* libFuzzer is linked with these, too: its own end is one. */
void __wrap_exit(int status)
{
	if (!within)
		__real_exit(status);
	longjmp(back, 1);
}

void __wrap__exit(int status)
{
	if (!within)
		__real__exit(status);
	longjmp(back, 1);
}

int __wrap_atexit(void (*fn)(void))
{
	(void)fn;
	return 0;
}

static void on_malloc(const volatile void *at, size_t size)
{
	(void)size;
	if (wants_parser)
		parser[wants_parser] = (void *)at;
	wants_parser = 0;
}

static void on_free(const volatile void *at)
{
	(void)at;
}

static void free_parsers(void)
{
	wants_parser = 0;
	for (int i = 1; i <= PARSES; i++) {
		free(parser[i]);
		parser[i] = NULL;
	}
}

static void earlier_report(const uint8_t *data, size_t size)
{
	static struct kept file;
	struct baseline b;

	if (!*file.path)
		snprintf(file.path, sizeof(file.path),
			 "/dev/shm/iomodels-command_fuzz-%d.json", getpid());
	keep(&file, (const char *)data, size);
	if (!baseline_read(&b, file.path))
		baseline_count(&b, "busy_loop");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[4096];
	char *argv[66] = { "iomodels" };
	static int hooked;
	int argc = 1;

	if (size >= sizeof(text))
		return 0;
	if (size && *data == '{') {
		earlier_report(data, size);
		return 0;
	}
	stdout = stderr = sink();
	memcpy(text, data, size);
	text[size] = 0;
	for (char *at = text; argc < 64 && *at; argc++) {
		/* argp's own --HANG sleeps for an hour. */
		if (!strncmp(at, "--H", 3))
			return 0;
		argv[argc] = at;
		at += strcspn(at, "\n");
		if (*at)
			*at++ = 0;
	}
	if (!hooked)
		hooked = __sanitizer_install_malloc_and_free_hooks(on_malloc,
								   on_free);
	depth = 0;
	within = 1;
	if (!setjmp(back))
		iomodels_main(argc, argv);
	within = 0;
	free_parsers();
	return 0;
}

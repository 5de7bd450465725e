/* SPDX-License-Identifier: MIT */
/* frames.c - asks addr2line, one for each binary; see frames.h */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "frames.h"
#include "text.h"

struct binary {
	struct binary *next;
	char *path;
	Elf64_Phdr *segments;
	unsigned n_segments;
	pid_t pid;			/* addr2line; 0: this file has none */
	int socket;			/* to it, and from it */
	FILE *from;
	struct map known;		/* offset + 1 -> text */
};

/* ---- what is in the file ---- */

/*
 * strace prints offsets in the file, addr2line takes addresses.  The path is
 * what a log says: to open a FIFO may wait for ever, and a device starts to work.
 */
static void read_segments(struct binary *b)
{
	struct stat st;
	FILE *f = !stat(b->path, &st) && S_ISREG(st.st_mode) ?
		  fopen(b->path, "re") : NULL;
	Elf64_Ehdr head;
	size_t size;

	if (f && fread(&head, sizeof(head), 1, f) == 1 &&
	    !memcmp(head.e_ident, ELFMAG, SELFMAG) &&
	    head.e_ident[EI_CLASS] == ELFCLASS64 &&
	    head.e_phentsize == sizeof(Elf64_Phdr) && head.e_phnum < 1000 &&
	    !fseek(f, head.e_phoff, SEEK_SET)) {
		size = head.e_phnum * sizeof(*b->segments);
		b->segments = need(malloc(size + 1));
		if (fread(b->segments, size, 1, f) == 1)
			b->n_segments = head.e_phnum;
	}
	if (f)
		fclose(f);
}

static unsigned long address_of(const struct binary *b, unsigned long offset)
{
	for (unsigned i = 0; i < b->n_segments; i++) {
		const Elf64_Phdr *s = &b->segments[i];

		if (s->p_type == PT_LOAD && offset >= s->p_offset &&
		    offset - s->p_offset < s->p_filesz)
			return offset - s->p_offset + s->p_vaddr;
	}
	return offset;
}

/* ---- addr2line ---- */

/* A socket: to write to an addr2line that is not there raises no SIGPIPE. */
static void start(struct binary *b)
{
	int s[2];

	if (!b->n_segments ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
		return;
	b->pid = fork();
	if (!b->pid) {
		dup2(s[1], 0);
		dup2(s[1], 1);
		dup2(open("/dev/null", O_WRONLY), 2);
		execlp("addr2line", "addr2line", "-a", "-f", "-i", "-e",
		       b->path, NULL);
		_exit(127);
	}
	close(s[1]);
	if (b->pid < 0) {
		close(s[0]);
		return;
	}
	b->socket = s[0];
	b->from = fdopen(s[0], "r");
}

static void stop(struct binary *b)
{
	if (b->pid > 0) {
		fclose(b->from);
		waitpid(b->pid, NULL, 0);
	}
	b->pid = 0;
}

/* "/cwd/models/../syscalls/sys.h" -> "syscalls/sys.h", in place. */
static char *shorten(char *path)
{
	char cwd[4096], *up, *slash;
	size_t n;

	while ((up = strstr(path, "/../"))) {
		*up = 0;
		slash = strrchr(path, '/');
		*up = '/';
		if (!slash)
			break;
		memmove(slash, up + 3, strlen(up + 3) + 1);
	}
	if (!getcwd(cwd, sizeof(cwd)))
		return path;
	n = strlen(cwd);
	return !strncmp(path, cwd, n) && path[n] == '/' ? path + n + 1 : path;
}

/* A question is an address, then 0: the echo of 0 ends the answer. */
static void ask(struct binary *b, unsigned long address, struct text *out)
{
	char function[512], line[4096];

	snprintf(line, sizeof(line), "%#lx\n0x0\n", address);
	if (send(b->socket, line, strlen(line), MSG_NOSIGNAL) < 0 ||
	    !fgets(line, sizeof(line), b->from))
		return stop(b);
	while (fgets(function, sizeof(function), b->from) &&
	       fgets(line, sizeof(line), b->from) &&
	       strncmp(function, "0x0000", 6)) {
		function[strcspn(function, "\n")] = 0;
		line[strcspn(line, " \n")] = 0;	/* "(discriminator 3)" */
		if (*line != '?' && strcmp(strrchr(line, ':') ?: "", ":?") &&
		    strcmp(strrchr(line, ':') ?: "", ":0"))
			text_add(out, "%s %s\n", shorten(line), function);
	}
	/* The second line of the sentinel: "0x00..", "??", "??:0". */
	if (!fgets(line, sizeof(line), b->from))
		stop(b);
}

/* ---- frames ---- */

static struct binary *binary_of(struct frames *f, struct slice path)
{
	struct binary *b;

	for (b = f->first; b; b = b->next)
		if (strlen(b->path) == path.len &&
		    !memcmp(b->path, path.at, path.len))
			return b;
	b = need(calloc(1, sizeof(*b)));
	b->path = need(strndup(path.at, path.len));
	b->next = f->first;
	f->first = b;
	read_segments(b);
	start(b);
	return b;
}

void frames_add(struct frames *f, struct slice frame, struct text *out)
{
	char *text = need(strndup(frame.at, frame.len));
	char *path = strstr(text, "> "), *mark = strrchr(text, '[');
	char *open = NULL;
	unsigned long offset;
	struct text *known;
	struct binary *b;

	if (mark && path) {
		*mark = 0;
		open = strrchr(path, '(');
	}
	if (!open || path[2] != '/')
		goto out;
	path += 2;
	offset = strtoul(mark + 1, NULL, 16);
	b = binary_of(f, slice_of(path, open));
	known = map_get(&b->known, offset + 1);
	if (!known) {
		known = need(calloc(1, sizeof(*known)));
		text_add(known, "%s", "");
		/* It is where the call returns to: one byte before is the call. */
		if (b->pid > 0 && offset)
			ask(b, address_of(b, offset) - 1, known);
		map_put(&b->known, offset + 1, known);
	}
	text_add(out, "%s", known->at);
out:
	free(text);
}

void frames_free(struct frames *f)
{
	struct binary *b;
	struct text *t;

	while ((b = f->first)) {
		f->first = b->next;
		stop(b);
		map_each(&b->known, i, t) {
			free(t->at);
			free(t);
		}
		map_free(&b->known);
		free(b->segments);
		free(b->path);
		free(b);
	}
}

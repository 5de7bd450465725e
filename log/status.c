/* SPDX-License-Identifier: MIT */
/*
 * status.c - what an exit status means, by the program's manual; see status.h
 *
 * Only programs whose manual gives each status a meaning of its own.  (systemctl
 * and unzip use some for more than their manual tells.)
 */
#include <stddef.h>
#include <string.h>
#include "status.h"

static const struct {
	const char *program;
	int status;
	const char *meaning;
} table[] = {
	{ "curl", 3, "the URL is malformed" },
	{ "curl", 5, "the proxy's name could not be resolved" },
	{ "curl", 6, "the host's name could not be resolved" },
	{ "curl", 7, "it failed to connect" },
	{ "curl", 18, "only a part of the file was transferred" },
	{ "curl", 22, "the server answered with an HTTP error" },
	{ "curl", 23, "it could not write the data" },
	{ "curl", 26, "it could not read what it was to send" },
	{ "curl", 28, "its time limit ran out" },
	{ "curl", 35, "the TLS handshake failed" },
	{ "curl", 47, "too many redirections" },
	{ "curl", 52, "the server answered with nothing" },
	{ "curl", 55, "it failed to send" },
	{ "curl", 56, "it failed to receive" },
	{ "curl", 60, "the server's certificate is not trusted" },
	{ "wget", 3, "a file could not be read or written" },
	{ "wget", 4, "a network failure" },
	{ "wget", 5, "the server's certificate is not trusted" },
	{ "wget", 6, "the login failed" },
	{ "wget", 7, "a protocol error" },
	{ "wget", 8, "the server answered with an error" },
	{ "rsync", 3, "files to read or to write could not be selected" },
	{ "rsync", 5, "the protocol with the server could not be started" },
	{ "rsync", 10, "an error of a socket" },
	{ "rsync", 11, "an error of a file" },
	{ "rsync", 12, "an error in the data stream of its protocol" },
	{ "rsync", 14, "an error between its processes" },
	{ "rsync", 20, "it received SIGINT, SIGTERM or SIGHUP" },
	{ "rsync", 23, "some files were not transferred, because of an error" },
	{ "rsync", 24, "some files vanished before they were transferred" },
	{ "rsync", 25, "--max-delete stopped the deletions" },
	{ "rsync", 30, "its timeout for data ran out" },
	{ "rsync", 35, "its timeout for the daemon's answer ran out" },
	{ "grep", 1, "it selected no line" },
	{ "diff", 1, "the files differ" },
	{ "cmp", 1, "the files differ" },
	{ "timeout", 124, "the command ran longer than the time limit" },
	{ "xargs", 123, "a command ended with a status from 1 to 125" },
	{ "dig", 9, "no server answered" },
	{ "ping", 1, "no reply came, or too few before its deadline" },
	{ "psql", 2, "the connection to the server failed" },
	{ "psql", 3, "an error in a script" },
	{ "flock", 1, "the lock was not free, or its command ended with 1" },
	{ "systemctl", 3, "the unit is not active, or cannot do this" },
	{ "systemctl", 4, "there is no such unit, or the operation is not permitted" },
	{ "mount", 32, "the mount failed" },
	{ "unzip", 9, "the archive was not found, or is not a zip archive" },
	{ "unzip", 11, "no file of the archive matched" },
};

const char *status_meaning(const char *program, int status)
{
	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].status == status &&
		    !strcmp(table[i].program, program))
			return table[i].meaning;
	return NULL;
}

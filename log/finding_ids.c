/* SPDX-License-Identifier: MIT */
/*
 * finding_ids.c - the ids of all findings, for --fail-on
 *
 * They are stable: scripts name them. tests/log/finding_ids_test.sh compares
 * the list with the sources.
 */
#include <stdio.h>
#include "finding.h"

static const char *const ids[] = {
	"accept-once", "accepts-uneven", "address-in-use", "address-not-here",
	"aio-blocked", "aio-buffered", "aio-full", "aio-max-nr",
	"already-running", "answers-error", "arguments-too-long",
	"background-terminal", "backlog-full", "bad-address",
	"bad-descriptor", "blocked-loop", "blocking-in-loop", "busy", "busy-ask", "call-storm",
	"cgroup-limit", "child-failed", "child-killed", "clone-denied", "clone3-enosys",
	"close-storm", "closed-unanswered", "connect-unanswered",
	"connect-unseen", "connection-refused", "connection-reset",
	"connection-timeout", "corked",
	"deadlock", "deleted-file", "descriptors", "descriptors-grow",
	"descriptors-grow-other", "descriptors-lost", "descriptors-system",
	"direct-alignment",
	"direct-unsupported", "dirty-limit", "disk-error", "disk-full",
	"dns-no-name", "dns-refused", "dns-timeout", "eintr-as-error",
	"emfile-spin", "ended-by-signal", "ended-with-message", "epipe",
	"epipe-repeated", "epoll-file", "epoll-watches", "exists",
	"expect-continue", "failed-at-end", "fails-again", "file-size", "file-system-frozen",
	"fuse-gone", "fuse-waits", "host-unreachable", "huge-pages", "inode-lock",
	"inotify-instances", "inotify-overflow", "inotify-self", "inotify-watches", "invalid",
	"io-uring-absent", "io-uring-denied", "io-uring-feature", "ipc-limit",
	"is-a-directory", "journal-waits", "killed-by-seccomp",
	"killed-by-hangup", "killed-by-signal", "killed-by-timer", "killed-from-outside",
	"large-directory", "leak",
	"leak-file", "limit-denied", "link-loop", "lock-deadlock",
	"lock-file", "lock-stuck", "lock-wait", "locked", "logs-error",
	"many-fsyncs", "memlock", "memlock-ring", "memory",
	"message-cut", "message-queues", "message-size", "missing", "missing-files",
	"mmap-lock", "mutex-stuck", "mutex-wait",
	"nagle", "name-too-long", "namespaces", "net-unreachable",
	"never-answered", "nfs-waits", "no-buffers", "no-child", "no-device",
	"no-family", "no-locks", "no-permission", "no-such-call", "nonblock-shared",
	"not-a-directory", "not-drained", "not-empty", "not-executable",
	"not-followed", "not-listening", "not-permitted", "not-supported",
	"notify-failed", "one-byte-reads", "other-device", "page-fault-waits", "peer-error", "peer-silent",
	"pipe-held", "poll-by-sleep", "port-denied", "ports-exhausted",
	"processes", "program-missing", "quota", "read-only",
	"receive-timeout", "reclaim-waits", "request-incomplete",
	"request-waits", "restarted-by-timer",
	"ring-again", "ring-buffer-unmapped", "ring-buffer-unregistered",
	"ring-busy", "ring-failed", "ring-many-workers",
	"ring-needless-worker", "ring-overflow", "ring-poller-asleep",
	"ring-single", "ring-stuck", "ring-two-writers", "ring-unread",
	"ring-worker", "route-blackhole", "same-message", "seccomp-trap", "sends-after-end", "sigio-lost", "signal-loop",
	"signal-queue-full", "signals-pending", "sigpipe", "sigpipe-child",
	"slow-connect", "slow-disk", "slow-fsync", "small-writes",
	"socket-missing", "spin", "spin-eof", "spin-error", "spin-hangup",
	"spin-writable", "spin-yield", "stale", "stdio-reused",
	"stopped-by-signal",
	"submit-slept", "swap-waits", "terminal-closed", "text-busy", "thundering-herd", "tls-mismatch",
	"tracer-eintr", "turned-away", "wasted-read", "watch-lost", "woken-by-timer",
	"would-block", "write-full", "write-left", "writeback-waits",
	"zombies",
};

static int is_known(const char *id, size_t len)
{
	if (len == 3 && !strncmp(id, "any", len))
		return 1;
	for (unsigned i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (strlen(ids[i]) == len && !strncmp(id, ids[i], len))
			return 1;
	return 0;
}

const char *finding_ids_check(const char *list)
{
	static char wrong[4096];
	size_t len, used;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		if (!is_known(list, len))
			break;
		if (!list[len])
			return NULL;
	}
	used = snprintf(wrong, sizeof(wrong), "expected 'any' or ids of findings, "
			"not '%.*s'; the ids are:", len < 80 ? (int)len : 80,
			list);
	for (unsigned i = 0; i < sizeof(ids) / sizeof(*ids) &&
	     used < sizeof(wrong); i++)
		used += snprintf(wrong + used, sizeof(wrong) - used, "%s %s",
				 i ? "," : "", ids[i]);
	return wrong;
}

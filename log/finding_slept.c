/* SPDX-License-Identifier: MIT */
/*
 * finding_slept.c - sleeps whose reason no call shows: page faults,
 * frozen file systems, locks of inodes, writeback, reclaim
 *
 * Only a capture's kernel.log with stacks tells.  What a call's own name says
 * (an empty pipe, a futex, a timer) is for the other files.
 */
#include "finding_look.h"
#include "manifest.h"

enum {
	COSTS_PERCENT = 20,	/* of the log's time: below: no finding */
	COSTS_NS = 20 * MS,	/* the start of a program is not one either */
};

#define HIDDEN(id, title, cause, remedy, unless) \
	{ id, SEVERITY_COST, title, cause, remedy, unless }

static const struct about abouts[REASONS] = {
	[REASON_FAULT_DISK] = HIDDEN("page-fault-waits",
		"page faults wait for the disk",
		"A thread that touches a page of a mapped file sleeps until the "
		"disk has read it; no system call shows that.",
		"Let the kernel read ahead (madvise MADV_WILLNEED, MAP_POPULATE), or "
		"use read(2) or io_uring on the file.",
		"The file is used once, and nothing else could run meanwhile."),
	[REASON_FAULT_SWAP] = HIDDEN("swap-waits", "page faults wait for swap",
		"The memory of the program has been written to swap.",
		"Give the program more memory, or run fewer programs at a "
		"time.", NULL),
	[REASON_RECLAIM] = HIDDEN("reclaim-waits", "waits for free memory",
		"Too few pages are free, or the cgroup has as many as it is "
		"allowed: the thread itself has to free some first, or is made "
		"to sleep because its cgroup is above memory.high.",
		"Look at memory.high and memory.max of its cgroup, and at "
		"free(1).", NULL),
	[REASON_DIRTY] = HIDDEN("dirty-limit", "writes are slowed down",
		"The dirty pages of the system, or of the cgroup, are past the "
		"middle between vm.dirty_background_ratio and vm.dirty_ratio: "
		"from there on the kernel makes writers sleep.",
		"Write less at a time, or fsync earlier; see "
		"vm.dirty_ratio.", "The speed of the disk is the limit."),
	[REASON_FROZEN] = HIDDEN("file-system-frozen",
		"the file system is frozen",
		"Each writer waits until the file system is thawed: a "
		"snapshot or a backup runs, or the device is suspended.",
		"Run fsfreeze --unfreeze MOUNTPOINT or dmsetup resume, and "
		"find out what froze it.", "A snapshot takes this long."),
	[REASON_JOURNAL] = HIDDEN("journal-waits",
		"waits for the file system's journal",
		"A commit of the journal writes the changes of other "
		"processes, too.",
		"Call fsync less often, or keep data that must be durable on "
		"a file system of their "
		"own.", "Each of the writes has to be durable."),
	[REASON_WRITEBACK] = HIDDEN("writeback-waits", "waits for writeback",
		"Pages are being written to the disk: fsync and truncation wait "
		"for the end of that. So does a write to such a page, if the "
		"page must not change meanwhile (checksums).",
		"Call fsync (or sync_file_range) after less data.",
		"The data must be on the disk (fsync)."),
	[REASON_INODE_LOCK] = HIDDEN("inode-lock",
		"waits for the lock of an inode",
		"One writer at a time holds it for the whole write, also while "
		"the write waits for the disk or for writeback (aligned "
		"O_DIRECT writes of ext4 and XFS inside the file may share "
		"it).",
		"Let each thread write to its own file, or write less at a "
		"time.", NULL),
	[REASON_MEMORY_LOCK] = HIDDEN("mmap-lock",
		"waits for the lock of the address space",
		"mmap, munmap and mprotect of all threads take it, and page "
		"faults (from Linux 6.4 on not all of them).",
		"Map less often: keep mappings, use larger ones.", NULL),
	[REASON_FUSE] = HIDDEN("fuse-waits", "waits for a FUSE server",
		"A process serves the file system, and it has not answered.",
		"Look at what the server does.", NULL),
	[REASON_NFS] = HIDDEN("nfs-waits", "waits for an NFS server",
		"The server has not answered.",
		"Look at the network and the server: nfsiostat, mountstats.",
		NULL),
};

void finding_slept(struct findings *f, const struct witness *w,
		   const struct manifest *m)
{
	for (unsigned i = 0; i < w->n_slept; i++) {
		const struct slept *s = &w->slept[i];
		const struct about *a = &abouts[s->reason];
		const char *path = manifest_path(m, s->fault.device,
						 s->fault.inode);
		char text[24], where[64];
		struct finding *d;

		if (!a->id || s->ns < COSTS_NS ||
		    share_of(f, s->ns) < COSTS_PERCENT)
			continue;
		d = finding_add(f, a, s->pid, s->times, s->ns);
		finding_line(d, s->line);
		d->of_kernel = 1;
		finding_says(d, "%s slept %s, %lu time%s: %s%s%s%s%s",
			     slept_text(s, where, sizeof(where)),
			     span_text(s->ns, text, sizeof(text)), s->times,
			     s->times == 1 ? "" : "s", reason_text(s->reason),
			     path ? " of " : "", path ? path : "",
			     s->n_wakers ? "; woken by " : "",
			     s->n_wakers ? s->waker[0].name : "");
	}
}

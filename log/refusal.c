/* SPDX-License-Identifier: MIT */
/* refusal.c - the table of refusals; see refusal.h.  The first match counts. */
#include <stdio.h>
#include "refusal.h"

#define ACCEPT	"accept accept4"
#define OPEN	"open openat openat2 creat"
#define READS	"read pread64 readv preadv preadv2"
#define WRITES	"write pwrite64 writev pwritev pwritev2"
#define CLONE	"clone clone3 fork vfork"
#define CHANGES	"open openat openat2 creat mkdir mkdirat unlink unlinkat " \
		"rename renameat renameat2 link linkat symlink symlinkat " \
		"truncate ftruncate chmod fchmod fchmodat chown fchown " \
		"fchownat utimensat mknod mknodat rmdir setxattr fsetxattr"
#define GROWS	WRITES " fallocate ftruncate fsync fdatasync msync close " \
		"sendfile copy_file_range splice " CHANGES
#define RECEIVES "read readv recvfrom recvmsg recv"
#define SENDS	"write writev sendto sendmsg send sendmmsg sendfile splice"
/* A lock that belongs to an open of the file, and not to the process. */
#define BY_OPEN	"another process, or another open of the file, holds the lock", \
		"The lock is held by another process, perhaps another instance of " \
		"the same program, or by another open of the file in this process.", \
		"Find out who holds it (lslocks, fuser), or wait."

static const struct refusal table[] = {
	/* descriptors */
	{ "inotify_init inotify_init1", "EMFILE", NULL, "inotify-instances",
	  REFUSED_ALWAYS, "fs.inotify.max_user_instances of the user (or "
	  "RLIMIT_NOFILE)",
	  "The user has as many inotify instances as "
	  "fs.inotify.max_user_instances allows (128 by default), or the "
	  "process has as many descriptors as RLIMIT_NOFILE allows.",
	  "Raise fs.inotify.max_user_instances, or close instances." },
	{ "inotify_add_watch", "ENOSPC", NULL, "inotify-watches",
	  REFUSED_ALWAYS, "fs.inotify.max_user_watches",
	  "The user has as many inotify watches as "
	  "fs.inotify.max_user_watches allows; the disk is not full.",
	  "Raise fs.inotify.max_user_watches, or watch fewer directories." },
	{ "epoll_ctl", "ENOSPC", NULL, "epoll-watches", REFUSED_ALWAYS,
	  "fs.epoll.max_user_watches",
	  "The user has as many epoll registrations as "
	  "fs.epoll.max_user_watches allows.",
	  "Raise fs.epoll.max_user_watches." },
	{ "epoll_create epoll_create1", "EMFILE", NULL, "descriptors",
	  REFUSED_ALWAYS, "RLIMIT_NOFILE, or fs.epoll.max_user_instances on "
	  "old kernels",
	  "The process has as many descriptors as RLIMIT_NOFILE allows.",
	  "Raise it (ulimit -n, LimitNOFILE=), or close what is not used." },
	{ "mq_open", "EMFILE", NULL, "message-queues", REFUSED_ALWAYS,
	  "RLIMIT_MSGQUEUE (ulimit -q), or RLIMIT_NOFILE",
	  "The message queues of the user take as many bytes as "
	  "RLIMIT_MSGQUEUE allows (819200 by default); or the process has as "
	  "many descriptors as RLIMIT_NOFILE allows.",
	  "Raise ulimit -q, ask for fewer or smaller messages (mq_maxmsg, "
	  "mq_msgsize), or remove queues in /dev/mqueue." },
	{ "io_uring_register", "EMFILE", NULL, "descriptors", REFUSED_ALWAYS,
	  "RLIMIT_NOFILE (ulimit -n), which also limits a table of files",
	  "A table of registered files can have at most RLIMIT_NOFILE slots, "
	  "even if few descriptors are open.",
	  "Raise it (ulimit -n, LimitNOFILE=), or register fewer slots." },
	{ "*", "EMFILE", NULL, "descriptors", REFUSED_ALWAYS,
	  "RLIMIT_NOFILE (ulimit -n)",
	  "The process has as many descriptors as RLIMIT_NOFILE allows; or, for "
	  "fanotify_init, the user has as many groups as "
	  "fs.fanotify.max_user_groups allows.",
	  "Raise it (ulimit -n, LimitNOFILE=), or look for descriptors that "
	  "are never closed." },
	{ "*", "ENFILE", NULL, "descriptors-system", REFUSED_ALWAYS,
	  "fs.file-max, of the whole system",
	  "The system has as many open files as fs.file-max allows; or, for a "
	  "new pipe, the user's pipes have as many pages as "
	  "fs.pipe-user-pages-hard allows.",
	  "Raise fs.file-max, or find the process that holds them (lsof)." },
	{ "timer_create", "EAGAIN", NULL, "signals-pending", REFUSED_ALWAYS,
	  "RLIMIT_SIGPENDING (ulimit -i)",
	  "Each timer keeps a signal in reserve, and the user has as many "
	  "signals pending or in reserve as RLIMIT_SIGPENDING allows.",
	  "Raise ulimit -i, or delete timers (timer_delete)." },
	{ "connect", "EAGAIN", "AF_UNIX", "backlog-full", REFUSED_ALWAYS,
	  "the accept queue of the listener is full",
	  "As many connections wait for accept as the backlog of listen and "
	  "net.core.somaxconn allow; a blocking connect would wait.",
	  "Find out why the server does not accept, or raise its backlog." },
	/* tasks and memory */
	{ CLONE, "EAGAIN", NULL, "processes", REFUSED_ALWAYS,
	  "RLIMIT_NPROC (ulimit -u), pids.max of the cgroup, "
	  "kernel.threads-max or kernel.pid_max",
	  "The user, the cgroup or the system has as many tasks as its limit "
	  "allows.",
	  "Raise ulimit -u, TasksMax= or pids.max, or make fewer threads." },
	{ "clone3", "ENOSYS", NULL, "clone3-enosys", REFUSED_AT_END,
	  "an old kernel or a seccomp filter",
	  "The kernel does not know clone3, or a seccomp filter returns "
	  "ENOSYS; libc then uses clone.", "Nothing to do if clone succeeds." },
	{ CLONE, "EPERM", "CLONE_NEWUSER", "clone-denied", REFUSED_ALWAYS,
	  "user namespaces are not allowed here (a chroot, "
	  "kernel.unprivileged_userns_clone, or a seccomp filter)",
	  "CLONE_NEWUSER fails with EPERM in a chroot, for a user or group that "
	  "the user namespace does not map, or where "
	  "kernel.unprivileged_userns_clone (Debian) or a filter forbids it. "
	  "(AppArmor and SELinux answer EACCES.)",
	  "Allow user namespaces for this program, or start it without its "
	  "sandbox." },
	{ CLONE, "EPERM", NULL, "clone-denied", REFUSED_ALWAYS,
	  "a seccomp filter, or a namespace without CAP_SYS_ADMIN",
	  "With neither a flag CLONE_NEW* (a namespace) nor set_tid in the call, "
	  "a seccomp filter denies it. A flag CLONE_NEW* needs CAP_SYS_ADMIN, "
	  "except CLONE_NEWUSER and flags given together with it. In a user "
	  "namespace AppArmor may withhold the capability (on Ubuntu: "
	  "kernel.apparmor_restrict_unprivileged_userns). CLONE_NEWUSER fails in "
	  "a chroot, or where kernel.unprivileged_userns_clone (Debian) forbids "
	  "it.",
	  "Allow the call in the filter, or let it answer clone3 with ENOSYS: "
	  "then libc uses clone." },
	{ CLONE " unshare", "EINVAL", "CLONE_NEW", "invalid", REFUSED_AT_END,
	  "a namespace that the kernel was built without, or flags that do not "
	  "go together",
	  "The kernel has no namespace of this kind (CONFIG_USER_NS, "
	  "CONFIG_PID_NS, CONFIG_NET_NS, ...). Or the flags exclude each other, "
	  "such as CLONE_NEWNS and CLONE_FS, or CLONE_NEWUSER and CLONE_THREAD. Or "
	  "a process with several threads calls unshare with CLONE_NEWUSER.",
	  "Look at /proc/self/ns: it has a file for each kind that the kernel "
	  "knows." },
	{ CLONE, "ENOMEM", NULL, "memory", REFUSED_ALWAYS,
	  "memory of the system or the cgroup, or vm.overcommit_memory=2",
	  "The kernel could not get memory for a task; or the first process of "
	  "the new pid namespace has ended (unshare --pid without --fork).",
	  "Look at free memory, memory.max and the overcommit settings." },
	{ "mmap mmap2 shmget", "ENOMEM", "HUGETLB", "huge-pages", REFUSED_AT_END,
	  "no free huge pages (vm.nr_hugepages)",
	  "The kernel has no free huge pages of this size; many programs try "
	  "them first and then take pages of the normal size.",
	  "Nothing to do if the program goes on; else raise "
	  "vm.nr_hugepages." },
	{ "mmap mmap2 mremap brk mprotect", "ENOMEM", NULL, "memory",
	  REFUSED_ALWAYS, "RLIMIT_AS (ulimit -v), RLIMIT_DATA, "
	  "vm.max_map_count or vm.overcommit_memory",
	  "The address space, the number of mappings or the commit limit is "
	  "exhausted, or the request is larger than memory and swap together. "
	  "mprotect also fails for a range that is not mapped, and mremap "
	  "without MREMAP_MAYMOVE where it has no room. A lack of free memory "
	  "alone does not make mmap fail.",
	  "Raise ulimit -v or vm.max_map_count, or ask for less." },
	{ "mlock mlock2 mlockall", "ENOMEM", NULL, "memlock", REFUSED_ALWAYS,
	  "RLIMIT_MEMLOCK (ulimit -l)", "RLIMIT_MEMLOCK is too small, or a "
	  "part of the range is not mapped, or the process has as many mappings "
	  "as vm.max_map_count allows.",
	  "Raise RLIMIT_MEMLOCK (ulimit -l, LimitMEMLOCK=)." },
	{ "mmap", "EAGAIN", "MAP_LOCKED", "memlock", REFUSED_ALWAYS,
	  "RLIMIT_MEMLOCK (ulimit -l)", "RLIMIT_MEMLOCK is too small.",
	  "Raise RLIMIT_MEMLOCK (ulimit -l, LimitMEMLOCK=)." },
	/* native AIO and io_uring */
	{ "io_setup", "EAGAIN", NULL, "aio-max-nr", REFUSED_ALWAYS,
	  "fs.aio-max-nr",
	  "fs.aio-max-nr limits the number of requests for which the native "
	  "AIO contexts of all programs together have room; this context would "
	  "exceed the limit. fs.aio-nr shows the present number.",
	  "Raise fs.aio-max-nr, or ask io_setup for fewer requests." },
	{ "io_uring_setup io_uring_register", "ENOMEM", NULL, "memlock-ring",
	  REFUSED_ALWAYS, "RLIMIT_MEMLOCK (ulimit -l), or no memory left",
	  "Registered buffers count against RLIMIT_MEMLOCK of the user. So do "
	  "the rings, except on Linux 5.12 to 6.13: there io_uring_setup fails "
	  "with ENOMEM only if the system or the cgroup lacks memory. Where the "
	  "limit is reached, free memory does not help.",
	  "Raise RLIMIT_MEMLOCK (ulimit -l, LimitMEMLOCK=), or register fewer "
	  "or no buffers." },
	{ "io_uring_setup", "EPERM", NULL, "io-uring-denied", REFUSED_COST,
	  "kernel.io_uring_disabled, or a seccomp filter",
	  "kernel.io_uring_disabled is 1 or 2, or a seccomp filter (of a "
	  "container) or a BPF program denies io_uring; before Linux 5.13 "
	  "SQPOLL needs a capability.",
	  "Set kernel.io_uring_disabled=0 or allow the call in the filter; or "
	  "use epoll." },
	{ "io_uring_setup", "EACCES", NULL, "io-uring-denied", REFUSED_COST,
	  "a security module (SELinux), or a seccomp filter",
	  "A rule of SELinux denies io_uring (from Linux 5.16 on), or a seccomp "
	  "filter answers EACCES.",
	  "Look at the audit log; or use epoll." },
	{ "io_uring_setup", "ENOSYS", NULL, "io-uring-absent", REFUSED_COST,
	  "an old kernel, a kernel without CONFIG_IO_URING, or a seccomp "
	  "filter",
	  "The kernel is older than 5.1 or was built without io_uring, or a "
	  "seccomp filter returns ENOSYS.", "Use epoll, or allow the call." },
	{ "io_uring_setup io_uring_enter io_uring_register", "EINVAL", NULL,
	  "io-uring-feature", REFUSED_COST,
	  "a flag or operation that this kernel does not know, or a wrong "
	  "argument",
	  "The kernel is too old for a flag or an operation, or the arguments "
	  "do not fit together (DEFER_TASKRUN needs SINGLE_ISSUER; a ring has "
	  "1 to 32768 entries).",
	  "Probe with IORING_REGISTER_PROBE, or try without the flag." },
	{ "io_uring_enter", "EBUSY", NULL, "ring-busy", REFUSED_COST,
	  "the completion queue has overflowed",
	  "Completions wait for room in the queue. Until the program takes some "
	  "out of it, Linux 6.1 refuses to wait for more (6.12 waits), and Linux "
	  "5.11 refuses to submit (5.15 submits).",
	  "Reap completions before waiting for more." },
	{ "io_uring_enter", "EAGAIN", NULL, "memory", REFUSED_COST,
	  "no memory for a request (of the system, or memory.max of the cgroup)",
	  "The kernel could not allocate a single request, so it took none; they "
	  "are still in the submission queue.",
	  "Wait for completions, then call it again; look at free memory and "
	  "memory.max." },
	{ "io_submit", "EAGAIN", NULL, "aio-full", REFUSED_COST,
	  "the context has no room for more requests",
	  "Requests in flight, and those whose completion was not fetched, "
	  "fill the room that io_setup asked for.",
	  "Call io_getevents before the next io_submit." },
	/* files of the kernel that are not on a disk */
	{ "mkdir mkdirat", "ENOSPC", "/sys/fs/cgroup", "cgroup-limit",
	  REFUSED_ALWAYS, "a limit on the number of cgroups (65535 memory "
	  "cgroups, including removed ones that still use memory)",
	  "The kernel makes no more memory cgroups; the disk is not full.",
	  "Look at cgroup.stat of the topmost cgroup (nr_descendants, "
	  "nr_dying_descendants); with cgroup v1, at num_cgroups in "
	  "/proc/cgroups." },
	{ "mkdir mkdirat", "EBUSY", "/sys/fs/cgroup", "cgroup-limit",
	  REFUSED_ALWAYS, "a limit on the number of cgroups (65535 memory "
	  "cgroups, including removed ones that still use memory)",
	  "The kernel makes no more memory cgroups (Linux 6.1 says ENOSPC here, "
	  "6.12 EBUSY).",
	  "Look at cgroup.stat of the topmost cgroup (nr_descendants, "
	  "nr_dying_descendants); with cgroup v1, at num_cgroups in "
	  "/proc/cgroups." },
	{ "mkdir mkdirat", "EAGAIN", "/sys/fs/cgroup", "cgroup-limit",
	  REFUSED_ALWAYS, "cgroup.max.descendants or cgroup.max.depth of a "
	  "cgroup above the new one",
	  "A cgroup above the new one allows no more cgroups, or no deeper ones.",
	  "Raise the limit, or remove cgroups that are not used." },
	{ WRITES, "ENOSPC", "/sys/fs/cgroup", "cgroup-limit", REFUSED_ALWAYS,
	  "cpuset.cpus or cpuset.mems of this cgroup is empty, or would be",
	  "A cpuset of cgroup v1 takes processes only when both files have a "
	  "value. While a cpuset has processes, a value cannot be made empty. The "
	  "disk is not full.",
	  "Write cpuset.cpus and cpuset.mems first." },
	/* disks */
	{ "setxattr lsetxattr fsetxattr", "ENOSPC", NULL, "disk-full",
	  REFUSED_AT_END, "no room for the extended attribute",
	  "On ext4 all attributes of a file have to fit in its inode and one "
	  "block (with the feature ea_inode, more); or the file system is full.",
	  "Use a shorter value, or look at df and df -i." },
	{ OPEN, "ENOSPC", "ptmx\"", "descriptors-system", REFUSED_ALWAYS,
	  "kernel.pty.max, or the option max= of the devpts mount",
	  "The system has as many pseudoterminals as kernel.pty.max allows "
	  "(minus kernel.pty.reserve in a container), or the mount has as many "
	  "as its option max= allows; the disk is not full.",
	  "Raise kernel.pty.max, or end the processes that hold /dev/ptmx open "
	  "(fuser)." },
	{ GROWS, "ENOSPC", NULL, "disk-full", REFUSED_ALWAYS,
	  "the file system is full (blocks, inodes, or the quota of an XFS "
	  "project), or a block device is too small",
	  "The file system has no free blocks (df, or btrfs filesystem "
	  "usage) or no free inodes (df -i). Other causes: the quota of an XFS "
	  "project is used up, the index of a directory of ext4 is full (dmesg), "
	  "or the call would write beyond the end of a block device.",
	  "Free space, or write elsewhere." },
	{ GROWS, "EDQUOT", NULL, "quota", REFUSED_ALWAYS,
	  "the disk quota of the user or project (btrfs: of a subvolume, CephFS: of "
	  "a directory)",
	  "The quota of the user, the group or the project is used up, or on btrfs "
	  "that of a subvolume (qgroup), on CephFS that of a directory.",
	  "Look at quota(1), btrfs qgroup show or getfattr -n "
	  "ceph.quota.max_bytes; free space or raise it." },
	{ GROWS, "EFBIG", NULL, "file-size", REFUSED_ALWAYS,
	  "RLIMIT_FSIZE (ulimit -f) or the file system's largest file",
	  "The file would be larger than allowed.",
	  "Raise ulimit -f, or use another file system." },
	/* of the standard descriptors; no arguments contain this */
	{ READS " " WRITES, "EIO", "\1terminal", "terminal-closed",
	  REFUSED_ALWAYS, "the terminal was closed (its window, or the ssh "
	  "connection); or, if this is a file, an I/O error of the device",
	  "A terminal whose other end is closed takes nothing. A read also fails "
	  "in a background process that is orphaned or ignores SIGTTIN.",
	  "Start it with nohup, in tmux, or as a service; for a file look at "
	  "dmesg." },
	{ READS " " WRITES " fsync fdatasync msync", "EIO", NULL, "disk-error",
	  REFUSED_ALWAYS, "an I/O error of the device",
	  "The device or the network file system reported an error. A terminal "
	  "returns EIO, too: when its other end is closed, or when a background "
	  "process that is orphaned or ignores SIGTTIN reads from it. So does "
	  "/proc/PID/mem where nothing is mapped.",
	  "Look at dmesg and at the device (smartctl)." },
	{ "access faccessat faccessat2", "EROFS", NULL, "read-only",
	  REFUSED_AT_END, "the file system is mounted read-only",
	  "The program asked whether it may write there, and it may not.",
	  "Write elsewhere, or remount it (dmesg says why it is read-only)." },
	{ CHANGES " " WRITES, "EROFS", NULL, "read-only", REFUSED_FOR_GOOD,
	  "the file system is mounted read-only",
	  "The file system was mounted read-only, the container is read-only, "
	  "or the kernel made it read-only after an error of the disk.",
	  "Write elsewhere, or remount it (dmesg says why it is read-only)." },
	{ READS " " WRITES, "EINVAL", "O_DIRECT", "direct-alignment",
	  REFUSED_FOR_GOOD, "O_DIRECT: address, length and offset must be "
	  "multiples of the block size",
	  "With O_DIRECT the buffer's address, the length and the offset must be "
	  "multiples of the logical block size, 512 or 4096. Since Linux 6.0 "
	  "many devices accept less for the address.",
	  "Align them (posix_memalign; statx STATX_DIOALIGN tells how), or "
	  "open without O_DIRECT." },
	{ OPEN, "EINVAL", "O_DIRECT", "direct-unsupported", REFUSED_COST,
	  "the file system does not support O_DIRECT",
	  "This file system has no O_DIRECT.", "Open the file without "
	  "O_DIRECT." },
	{ "fcntl fcntl64", "EAGAIN", "F_SETLEASE", "busy", REFUSED_AT_END,
	  "the file is open elsewhere (F_UNLCK: there is no lease)",
	  "A write lease needs a file that nobody else has open; a read lease "
	  "needs a file that nobody has open for writing.",
	  "Close the other descriptors of the file, or go on without a lease." },
	{ "flock", "EAGAIN", NULL, "locked", REFUSED_AT_END, BY_OPEN },
	{ "flock", "EWOULDBLOCK", NULL, "locked", REFUSED_AT_END, BY_OPEN },
	{ "fcntl fcntl64", "EAGAIN", "F_OFD_", "locked", REFUSED_AT_END, BY_OPEN },
	{ "fcntl fcntl64", "EAGAIN", NULL, "locked", REFUSED_AT_END,
	  "another process holds the lock",
	  "The lock is held by another process, perhaps another instance of "
	  "the same program.",
	  "Find that process (lslocks, fuser), or wait." },
	{ "fcntl fcntl64", "EDEADLK", NULL, "lock-deadlock", REFUSED_ALWAYS,
	  "the lock would close a circle of waiting processes",
	  "Processes wait for each other's locks, two or more in a circle.",
	  "Take the locks in the same order everywhere." },
	{ "open openat link linkat", "EEXIST", "lock", "lock-file",
	  REFUSED_AT_END, "the lock file exists",
	  "Another process holds the lock, or a process has died and left the "
	  "file.",
	  "Check whether the owner still runs; remove the file if not." },
	/* kill(PID, 0) = 0 of the number that a file has; no errno */
	{ "kill", "alive", NULL, "already-running", REFUSED_FOR_GOOD,
	  "perhaps another instance of the program",
	  "The program read the number of a process in a file, and a process "
	  "with this number exists: another instance of the program, or a "
	  "process that got the same number later.",
	  "Stop that process; if it is another program, remove the file." },
	{ "flock fcntl fcntl64", "ENOSYS", NULL, "no-locks", REFUSED_AT_END,
	  "the file system has no locks",
	  "The file system (often one of FUSE) does not support this lock.",
	  "Use a local file system." },
	{ "flock fcntl fcntl64", "EOPNOTSUPP", NULL, "no-locks",
	  REFUSED_AT_END, "the file system has no locks",
	  "The file system does not support this lock.",
	  "Use a local file system." },
	{ "flock fcntl fcntl64", "ENOLCK", NULL, "no-locks", REFUSED_ALWAYS,
	  "the file system has no locks (NFS without lockd), or no room for one "
	  "more",
	  "The lock could not be recorded.", "Use a local file system." },
	/* addresses */
	{ "bind listen", "EADDRINUSE", NULL, "address-in-use",
	  REFUSED_FOR_GOOD, "the address is taken by another socket",
	  "Another socket has the address, mostly one that listens (ss -tulpn "
	  "shows which). Without SO_REUSEADDR it can be an old connection in "
	  "TIME_WAIT. If the program asked for port 0, no local port is free. On "
	  "AF_UNIX the socket file stays after its process has ended.",
	  "Stop the other process, take another port, or set SO_REUSEADDR." },
	{ "bind", "EADDRNOTAVAIL", NULL, "address-not-here", REFUSED_FOR_GOOD,
	  "no interface of this host has the address",
	  "The address belongs to no interface here, or not yet.",
	  "Bind to 0.0.0.0 or ::, to an address of this host, or set "
	  "ip_nonlocal_bind (net.ipv4, net.ipv6)." },
	{ "connect", "EADDRNOTAVAIL", "AF_INET6", "address-not-here",
	  REFUSED_FOR_GOOD, "no IPv6 address of this host fits, or no free "
	  "local port",
	  "This host has no IPv6 address to connect from (IPv6 is off, or only "
	  "on another interface), or all local ports towards this address are "
	  "in use.",
	  "Look at ip -6 address; use IPv4 (127.0.0.1 instead of localhost)." },
	{ "connect", "EADDRNOTAVAIL", NULL, "ports-exhausted",
	  REFUSED_FOR_GOOD, "no free local port (net.ipv4.ip_local_port_range)",
	  "All local ports towards this address are in use or in TIME_WAIT; or "
	  "the one port to which the program has bound the socket is in use.",
	  "Reuse connections, or widen net.ipv4.ip_local_port_range." },
	{ SENDS, "EADDRNOTAVAIL", "AF_INET6", "address-not-here",
	  REFUSED_FOR_GOOD, "no IPv6 address of this host fits; a link-local or "
	  "multicast address (fe80::, ff02::) needs an interface (sin6_scope_id)",
	  "This host has no IPv6 address to send from, or the address does not "
	  "say on which interface it is.",
	  "Set sin6_scope_id (fe80::1%eth0), or IPV6_MULTICAST_IF; look at ip -6 "
	  "address." },
	{ "bind", "EACCES", NULL, "port-denied", REFUSED_FOR_GOOD,
	  "a port below net.ipv4.ip_unprivileged_port_start needs "
	  "CAP_NET_BIND_SERVICE; or no permission for the directory of the "
	  "socket file; or a security module (SELinux, Landlock) or a seccomp "
	  "filter",
	  "Ports below 1024 (or what the sysctl says) need CAP_NET_BIND_SERVICE; "
	  "SELinux and Landlock may deny any port.",
	  "Take a higher port, or give the capability; look at the audit log." },
	{ "connect recvfrom recvmsg read sendto write getsockopt",
	  "ECONNREFUSED", NULL, "connection-refused", REFUSED_FOR_GOOD,
	  "nobody listens at this address",
	  "The peer's host (or a firewall that rejects) answered that nothing "
	  "listens on the port; on "
	  "AF_UNIX no process listens at the path (where the queue of a "
	  "listener is full, connect waits or fails with EAGAIN).",
	  "Start the server, or correct address and port." },
	{ "connect getsockopt " RECEIVES " " SENDS, "ETIMEDOUT", NULL,
	  "connection-timeout", REFUSED_FOR_GOOD, "the peer does not answer",
	  "The packets get no answer: a firewall drops them, the host is down, "
	  "or (connect) the listener's accept queue is full.",
	  "Look at the route and the firewall, and at the listener (ss -ltn)." },
	{ ACCEPT, "EINVAL", NULL, "not-listening", REFUSED_AT_END,
	  "the socket does not listen, or was shut down",
	  "accept needs a socket for which listen was called. With Accept=yes "
	  "systemd passes a connection, not a listener.",
	  "Call listen, or use the descriptor as the connection (Accept=no in "
	  "the .socket unit passes the listener)." },
	{ "bind connect", "EINVAL", "\"fe80:&sin6_scope_id=0", "address-not-here",
	  REFUSED_FOR_GOOD, "a link-local address (fe80::) needs an interface "
	  "(sin6_scope_id)",
	  "Each interface has addresses of fe80::/10, so the address alone does "
	  "not say which interface is meant.",
	  "Set sin6_scope_id: write fe80::1%eth0; ip -6 address shows the "
	  "interfaces." },
	{ "connect sendto sendmsg", "EINVAL", "sin_addr", "route-blackhole",
	  REFUSED_AT_END, "a blackhole route, a socket that is bound to "
	  "127.0.0.1, or an address that does not fit the socket",
	  "Four things cause it: a route of the type blackhole; a socket that is "
	  "bound to an address of 127.0.0.0/8, with a peer on another host; port "
	  "0 of UDP; an address of a wrong length or kind.",
	  "Look at ip route get ADDRESS." },
	{ "connect getsockopt " RECEIVES " " SENDS, "EHOSTUNREACH", NULL,
	  "host-unreachable", REFUSED_FOR_GOOD, "no route to the host",
	  "A router, a firewall that rejects, the neighbour table or a route of "
	  "the type unreachable says that the host is not there.",
	  "Look at ip route get ADDRESS." },
	{ "connect getsockopt " RECEIVES " " SENDS, "ENETUNREACH", NULL,
	  "net-unreachable", REFUSED_FOR_GOOD, "no route to the network",
	  "The host has no route for the address (no IPv6, no default route), "
	  "or a router says that it has none.",
	  "Look at ip route get ADDRESS." },
	{ RECEIVES " " SENDS " getsockopt", "ECONNRESET", NULL,
	  "connection-reset", REFUSED_FOR_GOOD,
	  "the peer reset the connection",
	  "The peer closed (or ended) before it had read all that was "
	  "sent, or before it had accepted the connection. Other causes: it "
	  "closed with an SO_LINGER of 0, its host restarted, or a firewall or "
	  "NAT on the way dropped its record of the connection.",
	  "Look at the peer's log at this time; the peer must read all data "
	  "before it closes." },
	{ SENDS, "EPIPE", NULL, "epipe", REFUSED_AT_END,
	  "the reader has gone, or the program has shut this direction down or "
	  "never connected (TCP)",
	  "The peer has closed the connection or the pipe's read end, or the "
	  "program has shut the socket down for writing; or a socket of TCP is "
	  "not connected.",
	  "Find out why the reader ended." },
	{ "sendto sendmsg send", "EMSGSIZE", NULL, "message-size",
	  REFUSED_ALWAYS, "the datagram is larger than the socket takes, or "
	  "sendmsg has more than 1024 buffers",
	  "A datagram of UDP must fit in 64 KiB; where fragments are forbidden, "
	  "also in the path's MTU. A datagram of AF_UNIX must fit in the send "
	  "buffer.",
	  "Send less, or (AF_UNIX) raise SO_SNDBUF." },
	{ SENDS, "ENOBUFS", "MSG_ZEROCOPY", "memlock", REFUSED_COST,
	  "RLIMIT_MEMLOCK (ulimit -l), or net.core.optmem_max",
	  "The pages of a send with MSG_ZEROCOPY count against RLIMIT_MEMLOCK "
	  "until their completion has come. What the kernel keeps about each "
	  "send counts against net.core.optmem_max.",
	  "Fetch the completions (MSG_ERRQUEUE), raise the limits, or send "
	  "without the flag." },
	{ SENDS, "ENOBUFS", NULL, "no-buffers", REFUSED_ALWAYS,
	  "the output queue or net.core memory is full",
	  "No socket memory is left, or the interface's queue is full. The "
	  "latter is reported with IP_RECVERR, and to packet and CAN sockets.",
	  "Send more slowly, or raise txqueuelen or the socket limits." },
	{ "prlimit64 setrlimit", "EPERM", NULL, "limit-denied", REFUSED_AT_END,
	  "the hard limit can be raised with CAP_SYS_RESOURCE only",
	  "A process may raise its soft limit up to the hard limit. It needs "
	  "CAP_SYS_RESOURCE to raise the hard limit, or to set the limits of "
	  "another user's process. RLIMIT_NOFILE above fs.nr_open fails for everybody.",
	  "Raise it where it is set (ulimit -Hn, LimitNOFILE=, limits.conf)." },
	{ "connect sendto sendmsg sendmmsg", "EACCES", "AF_INET",
	  "no-permission",
	  REFUSED_AT_END, "a broadcast address without SO_BROADCAST, or a route "
	  "that prohibits it",
	  "A broadcast address needs SO_BROADCAST. A route of the type prohibit "
	  "answers EACCES, too; so may a security module or a seccomp filter.",
	  "Set SO_BROADCAST, or look at ip route get ADDRESS." },
	{ "connect", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "a BPF program of the cgroup, a seccomp filter, or (AF_UNIX) a socket "
	  "that is connected to another one, or Landlock",
	  "A datagram socket of AF_UNIX that is connected takes datagrams of its "
	  "peer only. Landlock (from Linux 6.12) may deny an abstract socket. "
	  "In all other cases a BPF program or a filter denies the call.",
	  "Look at the service's or container's rules." },
	{ "sendto sendmsg sendmmsg", "EPERM", NULL, "not-permitted",
	  REFUSED_AT_END, "a packet filter (nft, iptables), a BPF program, a "
	  "seccomp filter, or (AF_UNIX, AF_NETLINK) a right that is missing",
	  "A rule of the packet filter drops what this host sends, or a BPF "
	  "program of the cgroup or a seccomp filter denies it. On AF_UNIX the "
	  "receiver may be connected to another socket, Landlock may deny an "
	  "abstract socket, or SCM_CREDENTIALS may name another process or user. "
	  "On AF_NETLINK a message to another process or a group may need "
	  "CAP_NET_ADMIN.",
	  "Look at nft list ruleset (AF_INET), or at the arguments." },
	/* An open descriptor is all that these need. */
	{ "sendfile sendfile64 pread64 pwrite64 fsync fdatasync accept accept4 "
	  "recvfrom recvmsg epoll_wait epoll_pwait poll ppoll select pselect6",
	  "EPERM", NULL, "not-permitted", REFUSED_FOR_GOOD,
	  "a seccomp filter or a security module",
	  "The call itself needs no capability, so a filter (of a container or "
	  "service) or a security module denies it. There are two exceptions. "
	  "pwrite64 and sendfile fail with EPERM on a memfd with F_SEAL_WRITE, a "
	  "block device that is read-only and a file that became immutable after "
	  "its open. pread64 and pwrite64 fail so on files such as /dev/mem.",
	  "Allow the call in the filter." },
	/* terminals, directories, programs */
	{ OPEN, "ENXIO", "\"/dev/tty\"", "no-device", REFUSED_AT_END,
	  "the process has no controlling terminal",
	  "The program asks for its controlling terminal, and has none: cron, a "
	  "service manager, setsid or ssh without -t starts programs without one.",
	  "Give the program what it asks for by an option, a file or standard "
	  "input, or start it in a terminal." },
	{ "getcwd", "ENOENT", NULL, "missing", REFUSED_AT_END,
	  "the working directory was removed",
	  "The directory in which the program was started does not exist any "
	  "more. A directory of the same name that was made later is another "
	  "directory.",
	  "Change to a directory that exists (cd)." },
	{ "execve execveat", "EACCES", NULL, "no-permission", REFUSED_AT_END,
	  "no permission to execute it (no x in the mode, a file system mounted "
	  "noexec, a directory without x, or a security module)",
	  "The file or its interpreter has no x permission for this user, is not a "
	  "regular file, or lies on a file system that is mounted noexec.",
	  "Run namei -l PATH and findmnt -T PATH." },
	{ "access faccessat faccessat2", "EACCES", "X_OK", "no-permission",
	  REFUSED_AT_END, "no permission to execute it (no x in the mode, a "
	  "file system mounted noexec, a directory without x, or a security "
	  "module)",
	  "The file has no x permission for this user, or lies on a file system "
	  "that is mounted noexec.",
	  "Run namei -l PATH and findmnt -T PATH." },
	{ "mmap mmap2 mprotect pkey_mprotect", "EPERM",
	  "PROT_WRITE|PROT_EXEC", "not-permitted", REFUSED_AT_END,
	  "a seccomp filter against memory that is writable and executable "
	  "(systemd's MemoryDenyWriteExecute=), or (a file) a file system "
	  "mounted noexec",
	  "The filter of the service or container allows no memory that "
	  "is both writable and executable, which a JIT compiler asks for. mmap "
	  "also fails for a file on a file system that is mounted noexec, "
	  "mprotect also for memory that mseal has sealed.",
	  "Set MemoryDenyWriteExecute=no for this service." },
	{ "mprotect pkey_mprotect shmat", "EPERM", "EXEC", "not-permitted",
	  REFUSED_AT_END,
	  "a seccomp filter against memory that becomes executable (systemd's "
	  "MemoryDenyWriteExecute=)",
	  "The filter of the service or container does not let memory become "
	  "executable, which a JIT compiler asks for. mprotect also fails for "
	  "memory that mseal has sealed.",
	  "Set MemoryDenyWriteExecute=no for this service." },
	{ "mmap mmap2", "EPERM", "PROT_EXEC", "not-permitted", REFUSED_AT_END,
	  "the file is on a file system mounted noexec",
	  "Code cannot be mapped from a file system that is mounted noexec.",
	  "Move the file, or mount without noexec (findmnt -T PATH)." },
	{ "mmap mmap2 mprotect pkey_mprotect munmap mremap madvise",
	  "EPERM", NULL,
	  "not-permitted", REFUSED_AT_END,
	  "memory or a memfd that is sealed, vm.mmap_min_addr, RLIMIT_MEMLOCK, "
	  "kernel.perf_event_mlock_kb, or a seccomp filter",
	  "What mseal has sealed (from Linux 6.10) stays as it is. A memfd "
	  "with F_SEAL_WRITE or F_SEAL_FUTURE_WRITE cannot be mapped shared "
	  "and writable. An address below vm.mmap_min_addr needs "
	  "CAP_SYS_RAWIO, and MAP_LOCKED needs an RLIMIT_MEMLOCK above 0. The "
	  "buffer of a perf event counts against kernel.perf_event_mlock_kb and "
	  "RLIMIT_MEMLOCK. If none of these is the case, a seccomp filter or "
	  "the driver of a device denies the call.",
	  "Look at the arguments, and at the seals of the file (F_GET_SEALS)." },
	{ "mmap mmap2 mprotect pkey_mprotect", "EACCES", "PROT_EXEC",
	  "no-permission", REFUSED_AT_END,
	  "a security module (SELinux execmem, execmod), PR_SET_MDWE, a file "
	  "that is not open for reading, or (mprotect) a file system mounted "
	  "noexec",
	  "A rule does not let the program execute this memory.",
	  "Look at the audit log, and at MemoryDenyWriteExecute= of the "
	  "service." },
	{ "mmap mmap2 mprotect pkey_mprotect", "EACCES", NULL,
	  "no-permission", REFUSED_AT_END,
	  "the file is not open for reading, or (PROT_WRITE with MAP_SHARED) not "
	  "for writing; or a security module",
	  "A mapping needs a descriptor that is open for reading; with PROT_WRITE "
	  "and MAP_SHARED it must be open for writing, too.",
	  "Open the file with O_RDWR, or use MAP_PRIVATE." },
	/* what needs a capability */
	{ "mount fsmount move_mount fsopen fsconfig", "EPERM", NULL,
	  "not-permitted", REFUSED_AT_END,
	  "no CAP_SYS_ADMIN, mounts that cover a part of /proc or /sys, or (a "
	  "remount) a flag that must stay",
	  "A mount needs CAP_SYS_ADMIN in the namespace. A user namespace can "
	  "mount only some types: tmpfs, FUSE, proc, sysfs and a few more "
	  "(overlay from Linux 5.11). It can mount proc and sysfs only if nothing "
	  "is mounted over a part of the /proc or /sys that it sees; a container "
	  "masks some parts. A remount must keep ro, nosuid, nodev and noexec if "
	  "a namespace with more rights has set them.",
	  "Give the capability, bind-mount the /proc that is there, or keep the "
	  "flags of the mount (findmnt)." },
	{ "mount", "ENODEV", NULL, "no-device", REFUSED_AT_END,
	  "the kernel does not know this type of file system",
	  "The type is not built into the kernel, or its module is missing.",
	  "Load the module (modprobe), or install it." },
	{ "pivot_root", "EINVAL", NULL, "invalid", REFUSED_AT_END,
	  "the new root or the current one is not a mount point, or a mount is "
	  "shared, or put_old is not at or below the new root",
	  "The new root and the current root must be mount points. So pivot_root "
	  "does not work in a chroot to a plain directory, nor, before Linux 7.0, "
	  "on the initramfs. Three mounts must not be shared: the parent of the "
	  "new root, the parent of the current root, and the mount in which "
	  "put_old lies (mostly the new root). put_old must be the new root or "
	  "lie below it.",
	  "Bind-mount the new root on itself, and mount --make-rprivate /; on "
	  "the initramfs use switch_root." },
	{ "umount umount2 pivot_root setns sethostname setdomainname swapon "
	  "swapoff fanotify_init quotactl", "EPERM", NULL, "not-permitted",
	  REFUSED_AT_END, "no CAP_SYS_ADMIN, or a seccomp filter",
	  "The call needs CAP_SYS_ADMIN (setns to a mount namespace also "
	  "CAP_SYS_CHROOT); the kernel refuses it to a container "
	  "or to a user who is not root.", "Give the capability." },
	{ "setsid setpgid", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "the process already leads a process group (setsid) or a session "
	  "(setpgid), or the group is of another session",
	  "A leader of a process group cannot make a session, and a leader of a "
	  "session keeps its group.",
	  "Call it in a child (fork)." },
	{ "setpgid", "EACCES", NULL, "no-permission", REFUSED_AT_END,
	  "the child has called execve already",
	  "A parent can move a child to another group only before the child's "
	  "execve.", "Call it in the child, too, before its execve." },
	{ "seccomp prctl", "EACCES", "SECCOMP", "not-permitted", REFUSED_AT_END,
	  "CAP_SYS_ADMIN is missing, and PR_SET_NO_NEW_PRIVS is not set",
	  "A process without CAP_SYS_ADMIN must set no_new_privs before it "
	  "installs a filter.",
	  "Call prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) first." },
	{ "unshare", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "no CAP_SYS_ADMIN, or a rule against user namespaces",
	  "Namespaces need CAP_SYS_ADMIN, except CLONE_NEWUSER and those "
	  "given together with it. In a user namespace AppArmor may withhold the "
	  "capability (on Ubuntu: "
	  "kernel.apparmor_restrict_unprivileged_userns). CLONE_NEWUSER fails "
	  "in a chroot, and for a user or group that the user namespace does "
	  "not map. A seccomp filter or kernel.unprivileged_userns_clone "
	  "(Debian) may forbid it, too.",
	  "Give the capability, or allow user namespaces." },
	{ "unshare clone clone3", "ENOSPC", NULL, "namespaces", REFUSED_ALWAYS,
	  "user.max_user_namespaces or a similar limit, or 32 levels of namespaces",
	  "The user has as many namespaces of this kind as "
	  "/proc/sys/user/max_*_namespaces allows (0 forbids them).",
	  "Raise it with sysctl." },
	{ "setns", "EINVAL", NULL, "invalid", REFUSED_FOR_GOOD,
	  "the process is in this user namespace already, or has several "
	  "threads, or shares its root and working directory (CLONE_FS)",
	  "To join a user namespace, a process must be in another one, have one "
	  "thread, and share neither root nor working directory. To join a mount "
	  "namespace, it must share neither of the two. A PID namespace must be "
	  "a descendant. The type of the namespace must be the one that was "
	  "given.",
	  "Join the user namespace first and before threads are made." },
	{ "setuid setgid setreuid setregid setresuid setresgid setgroups",
	  "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "no CAP_SETUID or CAP_SETGID; or, for setgroups in a user namespace, "
	  "/proc/PID/setgroups is deny",
	  "Only root (with the capability) changes to another user or group.",
	  "Start it as root, or give the capability." },
	{ "setuid setgid setreuid setregid setresuid setresgid setgroups "
	  "chown fchown lchown fchownat", "EINVAL", NULL, "invalid",
	  REFUSED_AT_END, "the id is not mapped in the user namespace, or "
	  "(chown, NFS) the server does not know it",
	  "In a user namespace (a rootless container) only the ids of its "
	  "uid_map and gid_map exist; with NFSv4 the server may not know the "
	  "owner's name (idmapd).",
	  "Give the user more ids in /etc/subuid and /etc/subgid." },
	{ "setuid setresuid setreuid execve", "EAGAIN", NULL, "processes",
	  REFUSED_ALWAYS, "RLIMIT_NPROC (ulimit -u) of the new user",
	  "The user has more processes than RLIMIT_NPROC allows; since Linux "
	  "3.1 the execve after setuid reports it.",
	  "Raise ulimit -u." },
	{ "chroot", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "no CAP_SYS_CHROOT", "chroot needs CAP_SYS_CHROOT.",
	  "Start it as root, or in a user namespace." },
	{ "ptrace process_vm_readv process_vm_writev pidfd_getfd", "EPERM",
	  NULL, "not-permitted", REFUSED_AT_END,
	  "kernel.yama.ptrace_scope, no CAP_SYS_PTRACE, or another tracer",
	  "The process belongs to another user, or is not dumpable (after execve "
	  "of a setuid program, or PR_SET_DUMPABLE), or kernel.yama.ptrace_scope "
	  "is 1 and it is not a descendant. It can also have a debugger or strace "
	  "already. A seccomp filter may deny the call, too.",
	  "Start it under the debugger, use root, or set "
	  "kernel.yama.ptrace_scope=0." },
	{ "sched_setscheduler sched_setparam sched_setattr", "EPERM", NULL,
	  "not-permitted", REFUSED_AT_END,
	  "RLIMIT_RTPRIO (ulimit -r), no CAP_SYS_NICE, or a cgroup without "
	  "real-time budget",
	  "A real-time policy needs RLIMIT_RTPRIO or CAP_SYS_NICE; "
	  "SCHED_DEADLINE, and a process of another user, need CAP_SYS_NICE.",
	  "Raise ulimit -r (rtprio in limits.conf, LimitRTPRIO=)." },
	{ "sched_setaffinity", "EINVAL", NULL, "invalid", REFUSED_AT_END,
	  "none of these processors is online and allowed (the cpuset of a "
	  "container or service)",
	  "At least one processor of the mask must be online, and be in the cpuset "
	  "of the process's cgroup.",
	  "Look at Cpus_allowed_list in /proc/self/status." },
	{ "setpriority", "EACCES", NULL, "no-permission", REFUSED_AT_END,
	  "RLIMIT_NICE (ulimit -e), without CAP_SYS_NICE",
	  "A lower nice value needs RLIMIT_NICE or CAP_SYS_NICE.",
	  "Raise ulimit -e (nice in limits.conf, LimitNICE=)." },
	{ "mlock mlock2 mlockall", "EPERM", NULL, "memlock", REFUSED_AT_END,
	  "RLIMIT_MEMLOCK (ulimit -l) is 0", "Without CAP_IPC_LOCK a process "
	  "can lock only as much memory as RLIMIT_MEMLOCK allows.",
	  "Raise RLIMIT_MEMLOCK (ulimit -l, LimitMEMLOCK=)." },
	{ "settimeofday clock_settime adjtimex clock_adjtime", "EPERM", NULL,
	  "not-permitted", REFUSED_AT_END, "no CAP_SYS_TIME",
	  "Setting the clock needs CAP_SYS_TIME, which most containers do not "
	  "have.",
	  "Set the clock on the host." },
	{ "mknod mknodat", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "no CAP_MKNOD (a user namespace cannot give it), or the device cgroup",
	  "A device file needs CAP_MKNOD outside of user namespaces, and a "
	  "device that the cgroup allows; some file systems have no special "
	  "files.",
	  "Make it on the host, or bind-mount it." },
	{ "init_module finit_module delete_module", "EPERM", NULL,
	  "not-permitted", REFUSED_AT_END,
	  "no CAP_SYS_MODULE, kernel.modules_disabled, or lockdown",
	  "Only root on the host loads modules; lockdown (Secure Boot) "
	  "allows signed ones only.", "Load it on the host." },
	{ "bpf", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "no CAP_BPF, or RLIMIT_MEMLOCK before Linux 5.11",
	  "The process has no CAP_BPF (with CAP_PERFMON or CAP_NET_ADMIN). "
	  "Most types of maps and programs need it; if "
	  "kernel.unprivileged_bpf_disabled is set, all types do. Before Linux "
	  "5.11 maps counted against RLIMIT_MEMLOCK.",
	  "Give the capability, or raise ulimit -l." },
	{ "chown fchown lchown fchownat", "EPERM", NULL, "not-permitted",
	  REFUSED_AT_END, "no CAP_CHOWN, a seccomp filter, an immutable file "
	  "(lsattr), or a file system that has no owners or whose server "
	  "refuses it (vfat, CIFS, NFS with root_squash)",
	  "Only root can give a file to another user. If the file is immutable, "
	  "root cannot do it either; on some file systems nobody can.",
	  "Do not change the owner (tar --no-same-owner, cp without -p)." },
	{ "chmod fchmod fchmodat fchmodat2 utimensat utime utimes", "EPERM",
	  NULL, "not-permitted", REFUSED_AT_END,
	  "the file belongs to another user, is immutable (lsattr), or lies on "
	  "a file system that refuses it (vfat, CIFS, NFS); or a seccomp filter",
	  "Only the owner and root (CAP_FOWNER) change the mode and the times, "
	  "and some file systems let nobody do it.",
	  "Run it as the owner, or do not change them." },
	{ "unlink unlinkat rename renameat renameat2 rmdir", "EPERM", NULL,
	  "not-permitted", REFUSED_AT_END,
	  "an immutable or append-only file or directory (lsattr), a "
	  "directory with the sticky bit and another owner, or a seccomp filter",
	  "chattr +i or +a forbids it, even to root. In a directory with the "
	  "sticky bit (/tmp) only root and the owner of the file or of the "
	  "directory can remove a file. Some file systems do not have this call.",
	  "Look at lsattr -d PATH and ls -ld." },
	{ OPEN, "EPERM", "/dev/kmsg", "not-permitted", REFUSED_AT_END,
	  "kernel.dmesg_restrict without CAP_SYSLOG, or the device cgroup (of a "
	  "container)",
	  "kernel.dmesg_restrict is 1, and the process has no CAP_SYSLOG; or its "
	  "cgroup does not allow the device. Most containers have neither. (Or "
	  "the kernel was booted with printk.devkmsg=off.)",
	  "Use root on the host; or set kernel.dmesg_restrict=0 and give the "
	  "device to the container (--device)." },
	{ OPEN, "EPERM", "\"/dev/", "not-permitted", REFUSED_AT_END,
	  "the device cgroup (of a container), or a missing capability that the "
	  "driver asks for",
	  "The cgroup of the process does not allow the device; or its driver "
	  "asks for a capability (/dev/mem: CAP_SYS_RAWIO); or lockdown "
	  "(Secure Boot) forbids it.",
	  "Give the device to the container (--device), or the capability." },
	{ "setxattr lsetxattr fsetxattr", "EPERM", "\"security.",
	  "not-permitted", REFUSED_AT_END,
	  "CAP_SETFCAP (security.capability) or CAP_SYS_ADMIN is missing, or "
	  "belongs to a user namespace that does not own the file system",
	  "Attributes that begin with \"security.\" need a capability; a "
	  "container in a user namespace, or NFS, may refuse them.",
	  "Set it as root on the host, or extract and install without file "
	  "capabilities." },
	{ OPEN " truncate ftruncate link linkat setxattr fsetxattr", "EPERM",
	  NULL, "not-permitted", REFUSED_AT_END,
	  "an immutable or append-only file (lsattr), a rule such as "
	  "fs.protected_hardlinks, a security module, a seccomp filter, "
	  "(ftruncate) a sealed memfd, or (link) a directory or a file system "
	  "without hard links",
	  "chattr +i or +a forbids it, even to root. An open also fails with "
	  "O_NOATIME on another user's file, and for files of /proc and /sys "
	  "that need a capability or that lockdown denies. ftruncate also "
	  "fails after F_SEAL_GROW or F_SEAL_SHRINK. setxattr also fails for "
	  "an attribute trusted.* without CAP_SYS_ADMIN, and for user.* on a "
	  "FIFO, a device or a link.",
	  "Look at lsattr PATH." },
	{ "kill tgkill tkill pidfd_send_signal rt_sigqueueinfo "
	  "rt_tgsigqueueinfo", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "the process belongs to another user",
	  "A signal needs the same user, or CAP_KILL; a security module (from "
	  "Linux 6.12 also Landlock) may deny it; and rt_sigqueueinfo may not "
	  "pretend to be kill or the kernel.",
	  "Send it as that user or as root." },
	{ "syslog", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "no CAP_SYSLOG (kernel.dmesg_restrict)",
	  "The process has no CAP_SYSLOG (most containers do not have it). "
	  "Every action of the call needs it, except two while "
	  "kernel.dmesg_restrict is 0: to read the whole buffer and to ask for "
	  "its size.",
	  "Use root on the host, or set kernel.dmesg_restrict=0." },
	{ "fcntl fcntl64", "EBUSY", "F_SETPIPE_SZ", "busy", REFUSED_AT_END,
	  "the pipe holds more than the new size",
	  "A pipe cannot be made smaller than the data in it.",
	  "Read from it first." },
	{ "fcntl fcntl64", "EPERM", "F_SETPIPE_SZ", "not-permitted",
	  REFUSED_AT_END, "fs.pipe-max-size, or fs.pipe-user-pages-soft of the "
	  "user",
	  "A larger pipe needs CAP_SYS_RESOURCE.",
	  "Ask for less, or raise the sysctl." },
	{ "fcntl fcntl64", "EBUSY", "F_ADD_SEALS", "busy", REFUSED_AT_END,
	  "the memory is still mapped (F_SEAL_WRITE)",
	  "F_SEAL_WRITE is refused while the memfd is mapped with MAP_SHARED, "
	  "even if the mapping is read-only now, or while requests for it are "
	  "in flight.",
	  "Unmap it first, or use F_SEAL_FUTURE_WRITE." },
	{ "fcntl fcntl64", "EPERM", "F_ADD_SEALS", "not-permitted",
	  REFUSED_AT_END, "the memfd takes no more seals",
	  "It was made without MFD_ALLOW_SEALING, has F_SEAL_SEAL already, or "
	  "is not open for writing.",
	  "Make it with MFD_ALLOW_SEALING." },
	{ "mount", "EINVAL", NULL, "invalid", REFUSED_AT_END,
	  "no valid superblock of this type of file system, an option that it does "
	  "not know, or (to remount or move) a path that is not a mount point",
	  "The device holds another file system or a damaged one, or an option "
	  "is wrong; dmesg says which.", "Look at dmesg and blkid." },
	{ "mount", "EBUSY", "MS_REMOUNT", "busy", REFUSED_AT_END,
	  "a file of it is open for writing, or was removed while it is open",
	  "A mount becomes read-only only when no file in it is open for writing; a "
	  "file system also only when no file that is open has lost its last name.",
	  "Look at fuser -vm PATH (F is open for writing) and lsof +L1." },
	{ "mount", "EBUSY", NULL, "busy", REFUSED_AT_END,
	  "the device is mounted already, or is in use",
	  "The device is mounted there or elsewhere, or is part of RAID, LVM "
	  "or a swap area.", "Look at findmnt and lsblk." },
	{ "umount umount2", "EINVAL", NULL, "invalid", REFUSED_AT_END,
	  "the path is not a mount point, or the mount is locked",
	  "Nothing is mounted at this path in this mount namespace; or the "
	  "mount came from a namespace with more rights, which locks it.",
	  "Look at findmnt." },
	{ "umount umount2", "EBUSY", NULL, "busy", REFUSED_AT_END,
	  "the mount is in use: an open file, a working directory or a mount "
	  "below it",
	  "A process has an open file or its working directory there, or "
	  "another file system is mounted below it.",
	  "Look at fuser -vm PATH and findmnt -R PATH." },
	{ "swapon", "EINVAL", NULL, "invalid", REFUSED_AT_END,
	  "no swap header (mkswap), a file with holes or copy-on-write "
	  "(btrfs), or a file system without swap files (overlayfs, tmpfs)",
	  "A swap file needs the header of mkswap, may have no holes, and must "
	  "be on a file system that supports it.",
	  "Make it with dd (on btrfs: chattr +C while it is empty), then "
	  "mkswap." },
	{ "init_module finit_module", "ENOEXEC", NULL, "not-executable",
	  REFUSED_AT_END, "the module was built for another kernel or "
	  "architecture",
	  "Its version (vermagic) or its format does not fit the running "
	  "kernel; dmesg says more.", "Build it for uname -r." },
	{ "init_module finit_module", "EINVAL", NULL, "invalid",
	  REFUSED_AT_END, "a wrong value of a parameter, or a symbol of another "
	  "version than the kernel's",
	  "A parameter of the module got a wrong value, or the module was "
	  "built for a kernel whose symbols differ (CONFIG_MODVERSIONS), or "
	  "its own init function returned this error; dmesg says which.",
	  "Correct the parameter, or build it for uname -r." },
	{ "init_module finit_module", "EKEYREJECTED", NULL, "not-permitted",
	  REFUSED_AT_END, "the signature of the module (Secure Boot, lockdown)",
	  "The kernel loads only modules that are signed with a key that it "
	  "knows.",
	  "Sign the module, or enrol the key (mokutil)." },
	{ "init_module finit_module", "ENOENT", NULL, "missing",
	  REFUSED_AT_END, "a symbol that no loaded module has",
	  "The module needs another module, or was built for another kernel; "
	  "dmesg names the symbol.", "Load what it needs (depmod -a)." },
	{ "*", "EMLINK", NULL, "invalid", REFUSED_AT_END,
	  "the file system allows no more links or subdirectories",
	  "A file has as many names, or a directory as many subdirectories, as "
	  "the file system allows (65000 on ext4; if it has dir_nlink, a "
	  "directory may have more subdirectories).",
	  "Spread them over several directories." },
	/* what is written to files of the kernel */
	{ WRITES, "EBUSY", "/sys/fs/cgroup", "busy", REFUSED_AT_END,
	  "a cgroup cannot have both processes and controllers that are enabled "
	  "for its children (cgroup.subtree_control)",
	  "In cgroup v2, below the root, a cgroup can have processes, or "
	  "controllers such as memory or io in its cgroup.subtree_control, but "
	  "not both. A controller cannot be removed while a child has it "
	  "enabled.",
	  "Put the process into a child cgroup." },
	{ WRITES, "EINVAL", "/sys/", "invalid", REFUSED_AT_END,
	  "the kernel does not accept this value for this file",
	  "The value is out of range, not a number, or not possible now.",
	  "Look at what the file holds, and at dmesg." },
	{ WRITES, "EINVAL", "/proc/", "invalid", REFUSED_AT_END,
	  "the kernel does not accept this value for this file",
	  "The value is out of range, not a number, or not possible now.",
	  "Look at what the file holds, and at dmesg." },
	{ WRITES, "EPERM", "id_map", "not-permitted", REFUSED_AT_END,
	  "the ids need CAP_SETUID or CAP_SETGID in the parent namespace; a "
	  "gid_map of one's own group needs deny in /proc/PID/setgroups first; "
	  "a map can be written only once",
	  "An ordinary user maps only its own id; newuidmap and newgidmap map "
	  "those of /etc/subuid and /etc/subgid.",
	  "Install newuidmap (setuid root), and give the user ids in "
	  "/etc/subuid and /etc/subgid." },
	{ WRITES " fallocate", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "a file that is immutable or sealed, a read-only block device, a "
	  "file of the kernel that needs a capability, or a seccomp filter",
	  "The file became immutable after its open (chattr +i), the memfd has "
	  "F_SEAL_WRITE or F_SEAL_GROW, the block device is read-only, or the "
	  "file of /proc, /sys or /dev needs a capability. If none of these is "
	  "the case, a seccomp filter denies the call.",
	  "Look at lsattr, F_GET_SEALS or blockdev --getro." },
	{ "rename renameat renameat2 unlink unlinkat rmdir", "EBUSY", NULL,
	  "busy", REFUSED_AT_END,
	  "one of the paths is a mount point (a file or directory that is "
	  "mounted into a container cannot be replaced), or is in use",
	  "A mount point cannot be renamed, replaced or removed; an editor or "
	  "sed -i replaces the file.",
	  "Mount the directory instead of the file, or write into the file "
	  "(cp, cat >)." },
	{ OPEN, "EACCES", "\"/tmp/&O_CREAT", "no-permission", REFUSED_AT_END,
	  "permission denied (mode or ACL; or fs.protected_regular: in a "
	  "directory with the sticky bit O_CREAT does not open another user's "
	  "file, not even for root)",
	  "The user may not write to the file; or the file in /tmp belongs to "
	  "somebody else, and fs.protected_regular is 1 or 2.",
	  "Let the program use a directory of its own (mktemp -d), or remove "
	  "the old file." },
	{ "read readv pread64", "EAGAIN", NULL, "would-block", REFUSED_AT_END,
	  "there are no data yet: O_NONBLOCK is set, perhaps by another process "
	  "that shares the descriptor, or a receive timeout ran out",
	  "O_NONBLOCK belongs to the open file description, which dup and fork "
	  "share: a process that inherits it gets EAGAIN without having asked "
	  "for it.",
	  "Wait with poll before reading, or find out who set O_NONBLOCK." },
	{ WRITES, "EAGAIN", NULL, "would-block", REFUSED_AT_END,
	  "the pipe, socket or terminal is full, and O_NONBLOCK is set, perhaps "
	  "by another process that shares the descriptor, or a send timeout ran "
	  "out",
	  "O_NONBLOCK belongs to the open file description, which dup and fork "
	  "share: what the program set on standard input may hold for standard "
	  "output, too. What it could not write is lost if it does not try "
	  "again.",
	  "Wait with poll and write the rest, or clear O_NONBLOCK." },
	/* (Where the log shows who set O_NONBLOCK: finding_refusal.c tells.) */
	{ "\1read", "EAGAIN", NULL, "would-block", REFUSED_AT_END,
	  "there are no data yet, and O_NONBLOCK is set",
	  "O_NONBLOCK belongs to the open file description, which dup and fork "
	  "share: a process that inherits it gets EAGAIN without having asked "
	  "for it.",
	  "Wait with poll before reading, or clear O_NONBLOCK." },
	{ "\1write", "EAGAIN", NULL, "would-block", REFUSED_AT_END,
	  "the pipe, socket or terminal is full, and O_NONBLOCK is set",
	  "O_NONBLOCK belongs to the open file description, which dup and fork "
	  "share: what the program set on standard input may hold for standard "
	  "output, too. What it could not write is lost if it does not try "
	  "again.",
	  "Wait with poll and write the rest, or clear O_NONBLOCK." },
	{ "ioctl", "ENOTTY", NULL, "not-supported", REFUSED_AT_END,
	  "the descriptor is not a terminal or device that knows this "
	  "request",
	  "The file is not a terminal, or its driver does not have the request.",
	  "Check which device it is, or go on without the request." },
	/* System V IPC */
	{ "semget", "ENOSPC", NULL, "ipc-limit", REFUSED_ALWAYS,
	  "the limit on System V semaphores (kernel.sem)",
	  "The system has as many semaphores or sets as kernel.sem allows, "
	  "often because crashed programs left theirs; the disk is not full.",
	  "Look at ipcs -s, remove what is not used (ipcrm -s), or raise "
	  "kernel.sem." },
	{ "shmget", "ENOSPC", NULL, "ipc-limit", REFUSED_ALWAYS,
	  "the limit on System V shared memory (kernel.shmmni, kernel.shmall)",
	  "The system has as many segments or pages of shared memory as "
	  "kernel.shmmni and kernel.shmall allow; the disk is not full.",
	  "Look at ipcs -m, remove what is not used (ipcrm -m), or raise "
	  "the limit." },
	{ "shmget", "EINVAL", NULL, "ipc-limit", REFUSED_AT_END,
	  "the size is 0, above kernel.shmmax, or above that of the existing "
	  "segment",
	  "The size is 0, above kernel.shmmax, or above that of the segment "
	  "that has this key.",
	  "Raise kernel.shmmax, or remove the old segment (ipcrm -m)." },
	{ "msgget", "ENOSPC", NULL, "ipc-limit", REFUSED_ALWAYS,
	  "the limit on System V message queues (kernel.msgmni)",
	  "The system has as many queues as kernel.msgmni allows.",
	  "Look at ipcs -q, remove what is not used (ipcrm -q), or raise "
	  "kernel.msgmni." },
	{ "add_key keyctl", "EDQUOT", NULL, "quota", REFUSED_ALWAYS,
	  "the quota on keys (kernel.keys.maxkeys, kernel.keys.maxbytes)",
	  "The user has as many keys as the kernel allows.",
	  "Raise kernel.keys.maxkeys and kernel.keys.maxbytes." },
	/* file systems */
	{ OPEN " stat lstat newfstatat statx access faccessat faccessat2 "
	  "statfs fstatfs chdir getdents64 " READS " " CHANGES, "ENOTCONN",
	  "\"", "fuse-gone", REFUSED_AT_END,
	  "the FUSE daemon of this file system has ended",
	  "The program that serves the file system crashed or was killed, and "
	  "the mount is still there.",
	  "Unmount it (fusermount -u, umount -l) and mount it again." },
	{ "*", "EUCLEAN", NULL, "disk-error", REFUSED_AT_END,
	  "the file system is damaged", "The kernel found wrong data in the "
	  "structures of the file system.", "Look at dmesg, and run fsck." },
	{ "*", "EBADMSG", "\"", "disk-error", REFUSED_AT_END,
	  "the file system is damaged (a checksum is wrong)", "The kernel "
	  "found wrong data in the structures of the file system.",
	  "Look at dmesg, and run fsck." },
	{ CHANGES, "ENOKEY", NULL, "no-permission", REFUSED_AT_END,
	  "the encryption key of the directory is not loaded",
	  "The directory is encrypted (fscrypt), and its key is not there.",
	  "Unlock it (fscrypt unlock, log in)." },
	{ "*", "EOVERFLOW", NULL, "invalid", REFUSED_AT_END,
	  "a size or an inode number is too large for the caller's type, or an id "
	  "is not mapped",
	  "A 32-bit program without large file support met a file above 2 GiB "
	  "or a large inode number; or the namespace does not map an id; or "
	  "the buffer of name_to_handle_at is too small.",
	  "Build the program with -D_FILE_OFFSET_BITS=64; or map the id." },
	/* permission and absence */
	{ "perf_event_open", "EACCES", NULL, "not-permitted", REFUSED_AT_END,
	  "kernel.perf_event_paranoid",
	  "kernel.perf_event_paranoid does not allow this event without "
	  "CAP_PERFMON.", "Lower it, or give the capability." },
	{ "epoll_ctl", "EPERM", NULL, "not-supported", REFUSED_AT_END,
	  "the file has no poll operation (a regular file, a directory)",
	  "epoll watches sockets, pipes and the like; poll reports a regular file "
	  "as always ready.",
	  "Read the file without waiting for it." },
	{ "epoll_ctl", "EEXIST", NULL, "exists", REFUSED_AT_END,
	  "the descriptor is in the set already",
	  "EPOLL_CTL_ADD was called for a descriptor that is already in the "
	  "set.",
	  "Use EPOLL_CTL_MOD." },
	{ "epoll_ctl", "ENOENT", NULL, "missing", REFUSED_AT_END,
	  "the descriptor is not in the set",
	  "The descriptor was never added to the set, or its close has removed "
	  "it.", "Use EPOLL_CTL_ADD." },
	{ "epoll_ctl", "ELOOP", NULL, "invalid", REFUSED_AT_END,
	  "epoll sets that watch each other, or more than 5 in a chain",
	  "The sets would watch each other in a circle, or the chain of sets "
	  "would be too long.", "Do not add the set." },
	{ "lseek", "ENXIO", "SEEK_", "invalid", REFUSED_AT_END,
	  "no data or no hole behind the offset",
	  "SEEK_DATA and SEEK_HOLE fail at the end of the file, and SEEK_DATA "
	  "also when only a hole is left.", "Treat the error as the end of the data." },
	{ "execve execveat", "ENOEXEC", NULL, "not-executable", REFUSED_AT_END,
	  "no interpreter line, or another architecture",
	  "The file is not a program of this machine and has no #! line.",
	  "Add a #! line, or install the program for this architecture." },
	{ "execve execveat", "E2BIG", NULL, "arguments-too-long",
	  REFUSED_ALWAYS, "arguments and environment are too long (a quarter "
	  "of RLIMIT_STACK, from 128 KiB to 6 MiB; 128 KiB for each string)",
	  "The arguments do not fit.", "Use xargs, a file or stdin." },
	{ "connect", "ENOENT", NULL, "socket-missing", REFUSED_AT_END,
	  "the socket file does not exist",
	  "No server has made a socket at this path: the server does not run, "
	  "or makes its socket elsewhere.",
	  "Start the server, or correct the path of its socket." },
	{ "execve execveat", "ENOENT", NULL, "program-missing", REFUSED_AT_END,
	  "the program, or its interpreter, does not exist",
	  "The file, the interpreter after #! or the loader of the ELF file is "
	  "not there.", "Install the program or its interpreter, or correct "
	  "PATH." },
	{ "*", "EACCES", "\"", "no-permission", REFUSED_AT_END,
	  "permission denied (mode, ACL, a directory without x, SELinux, "
	  "AppArmor, Landlock, or a seccomp filter)",
	  "The user may not do this with the file, or may not enter a "
	  "directory of the "
	  "path.", "Run namei -l PATH, and look at the audit log." },
	{ "*", "EACCES", NULL, "no-permission", REFUSED_AT_END,
	  "permission denied",
	  "The user may not do this with the object that the arguments name, or "
	  "a security module or a seccomp filter denies it.",
	  "Look at the audit log, and at the manual page of the call." },
	{ "*", "EPERM", NULL, "not-permitted", REFUSED_AT_END,
	  "a missing capability, a seccomp filter, an immutable file or "
	  "directory, or a rule of this call",
	  "Mostly a capability is missing, or the object belongs to another "
	  "user; if the manual page of the call names neither reason, a "
	  "seccomp filter (of a container or service) or a security module "
	  "denies it.",
	  "Look at the manual page of the call; give the capability, or allow "
	  "the call in the filter." },
	{ "*", "ENOSYS", NULL, "no-such-call", REFUSED_AT_END,
	  "an old kernel, a seccomp filter, or (a path) a FUSE daemon",
	  "The kernel does not have the call, or a seccomp filter returns "
	  "ENOSYS; in a file system of FUSE its daemon does not have the "
	  "operation.",
	  "Use a newer kernel, or allow the call in the filter." },
	{ "*", "ENOENT", "\"", "missing", REFUSED_AT_END,
	  "the file or a directory on the way does not exist",
	  "The name does not exist, or a symbolic link points nowhere.",
	  "Create it, or correct the path." },
	{ "*", "ENOENT", NULL, "missing", REFUSED_AT_END,
	  "what the arguments name does not exist",
	  "There is no such object (a key, an entry, an identifier).",
	  "Compare the arguments with the manual page." },
	{ "*", "ENOTDIR", NULL, "not-a-directory", REFUSED_AT_END,
	  "a part of the path, or the descriptor, is not a directory",
	  "A component of the path, or the descriptor that the call begins "
	  "with, is not a directory.", "Correct the path." },
	{ "*", "EISDIR", NULL, "is-a-directory", REFUSED_AT_END,
	  "it is a directory",
	  "The path or the descriptor is a directory.",
	  "Correct the path." },
	{ "*", "EEXIST", "\"", "exists", REFUSED_AT_END,
	  "the file exists already", "The name is taken.",
	  "Remove it, or take another name." },
	{ "*", "EEXIST", NULL, "exists", REFUSED_AT_END,
	  "what the arguments name exists already",
	  "There is such an object already (a key, an entry, a mapping).",
	  "Compare the arguments with the manual page." },
	{ "*", "EBUSY", NULL, "busy", REFUSED_AT_END,
	  "the object is in use, or is set up already",
	  "What the call asks for is in use, is set up already, or is not "
	  "available now.",
	  "For a device, a mount or a file, find the process that uses it "
	  "(fuser)." },
	{ "*", "ETXTBSY", NULL, "text-busy", REFUSED_AT_END,
	  "the program file is being executed or written",
	  "A program file cannot be written to while it runs (except on Linux "
	  "6.11.0 to 6.11.10, 6.12.0 and 6.12.1), a file that is open for "
	  "writing cannot be run, and a swap file in use cannot be changed.",
	  "Replace it by rename." },
	{ "*", "ENOMEM", NULL, "memory", REFUSED_AT_END,
	  "a limit on memory", "The kernel could not get the memory, or a "
	  "limit forbids it.", "Look at ulimit -a and the cgroup." },
	{ "*", "EINVAL", NULL, "invalid", REFUSED_AT_END,
	  "an argument that the kernel does not accept",
	  "An argument is out of range, does not fit the object or its state, "
	  "or is not supported here.",
	  "Compare the arguments with the manual page." },
	{ "*", "EFAULT", NULL, "bad-address", REFUSED_AT_END,
	  "an address outside of the program's memory, or memory that it may "
	  "not write to",
	  "A pointer is wrong; or it points to memory of a device, whose pages "
	  "the kernel cannot pin (O_DIRECT, registered buffers).",
	  "Look for the pointer in the program." },
	{ "dup2 dup3", "EBADF", NULL, "bad-descriptor", REFUSED_AT_END,
	  "the old descriptor is not open, or the new number is not below "
	  "RLIMIT_NOFILE (ulimit -n)",
	  "The old descriptor was closed before, or the new number is too high.",
	  "Look for an earlier close of the old one, or raise ulimit -n." },
	{ "*", "EBADF", NULL, "bad-descriptor", REFUSED_AT_END,
	  "the descriptor is not open, or not in this mode",
	  "The descriptor was closed before, or is open for the other "
	  "direction or with O_PATH.",
	  "Look for an earlier close of this descriptor." },
	{ "*", "ENODEV", NULL, "no-device", REFUSED_AT_END,
	  "the device does not exist or cannot do this",
	  "The device is not there, or cannot be mapped.",
	  "Check whether the device exists, and what it supports." },
	{ "*", "ENXIO", NULL, "no-device", REFUSED_AT_END,
	  "no device, a FIFO without a reader, or an open of a socket file",
	  "The device is not there; or a FIFO has no reader; or the path is a "
	  "socket, which connect takes and open does not.",
	  "Start the program that serves it, or use connect." },
	{ "*", "ENOTEMPTY", NULL, "not-empty", REFUSED_AT_END,
	  "the directory is not empty", "The directory is not empty.",
	  "Remove what is in it." },
	{ "copy_file_range", "EXDEV", NULL, "other-device", REFUSED_AT_END,
	  "the two files are on different file systems",
	  "Linux before 5.3 does not copy from one file system to another. From "
	  "5.19 on (and in updates of older series) it does so only if both are "
	  "of one type that has its own copy_file_range (NFS, SMB, FUSE).",
	  "Use sendfile, or read and write." },
	{ "*", "EXDEV", NULL, "other-device", REFUSED_AT_END,
	  "the two paths are on different file systems or mounts, or Landlock "
	  "keeps the file in its directory",
	  "rename and link work within one mount of a file system, and within "
	  "one project quota. overlayfs (containers) may refuse to rename a "
	  "directory of a lower layer. Landlock may refuse to move a file to "
	  "another directory. openat2 fails in this way for a path that "
	  "leaves what RESOLVE_BENEATH or RESOLVE_NO_XDEV allows.",
	  "Copy the file instead." },
	{ "*", "ELOOP", NULL, "link-loop", REFUSED_AT_END,
	  "too many symbolic links, O_NOFOLLOW or RESOLVE_NO_SYMLINKS",
	  "Symbolic links form a circle, or there are more than 40; or "
	  "O_NOFOLLOW was given and the last name is a link; or openat2 got "
	  "RESOLVE_NO_SYMLINKS.", "Correct the links." },
	{ "*", "ENAMETOOLONG", NULL, "name-too-long", REFUSED_AT_END,
	  "the name is longer than the file system takes",
	  "On most file systems a name may have 255 bytes; a path may have "
	  "4095.", "Shorten it." },
	{ "*", "ESTALE", NULL, "stale", REFUSED_AT_END,
	  "the server of the network file system no longer has the file",
	  "The file was removed on the server; or, for open_by_handle_at, the file "
	  "system no longer has it.", "Open the file again." },
	{ "bind", "EAFNOSUPPORT", NULL, "no-family", REFUSED_FOR_GOOD,
	  "the address is of another family than the socket (IPv6 is off?)",
	  "An address of IPv6 was given to a socket of IPv4; a program does so "
	  "when socket(AF_INET6) failed and it goes on with the IPv6 address. "
	  "(The reverse mostly fails with EINVAL: the address is too short.)",
	  "Turn IPv6 on, or give the program an address of the other family." },
	{ "*", "EAFNOSUPPORT", NULL, "no-family", REFUSED_AT_END,
	  "the address family is not available (IPv6 is off)",
	  "The kernel has no such address family, or the address is of another "
	  "family than the socket.", "Use another address family." },
	{ "*", "EOPNOTSUPP", NULL, "not-supported", REFUSED_AT_END,
	  "the file system or socket cannot do this",
	  "The operation is not supported here.", "Use another operation, "
	  "file system or socket." },
};

enum { ROWS = sizeof(table) / sizeof(*table) };

/* "\"/tmp/&O_CREAT": both must be there */
static int has_both(struct slice args, const char *argument)
{
	const char *and = strchr(argument, '&');
	char first[40];

	if (!and)
		return slice_find(args, argument) != NULL;
	snprintf(first, sizeof(first), "%.*s", (int)(and - argument), argument);
	return slice_find(args, first) && slice_find(args, and + 1);
}

static int is_in(const char *calls, struct slice call)
{
	const char *p = calls;

	if (*p == '*')
		return 1;
	while (*p) {
		size_t len = 0;

		while (p[len] && p[len] != ' ')
			len++;
		if (len == call.len && !memcmp(p, call.at, len))
			return 1;
		p += len + (p[len] == ' ');
	}
	return 0;
}

/*
 * The rows of an errno are a list, which begins in head[] and goes on in next[],
 * so that an EAGAIN, of which a server has many, is not compared with all rows.
 */
enum { LISTS = 64 };
static unsigned char head[LISTS], next[ROWS];	/* a row's number and 1 */
_Static_assert((int)ROWS <= REFUSALS_MAX && REFUSALS_MAX < 255,
	       "next[] holds their numbers");

static unsigned list_of(struct slice error)
{
	unsigned sum = error.len;

	for (size_t i = 0; i < error.len; i++)
		sum = sum * 31 + (unsigned char)error.at[i];
	return sum % LISTS;
}

static void make_lists(void)
{
	for (unsigned i = ROWS; i--; ) {
		unsigned list = list_of((struct slice){ table[i].error,
						strlen(table[i].error) });

		next[i] = head[list];
		head[list] = i + 1;
	}
}

/* Calls and errnos without a row, for any arguments: in each list the last. */
static struct none {
	char call[24], error[16];
} none[LISTS];

static int is_none(const struct none *n, struct slice call, struct slice error)
{
	return slice_is(call, n->call) && slice_is(error, n->error);
}

const struct refusal *refusal_find(struct slice call, struct slice error,
				   struct slice args)
{
	const struct refusal *row;
	unsigned i, by_argument = 0;
	struct none *n;

	if (!error.len)
		return NULL;
	n = &none[list_of(call)];
	if (is_none(n, call, error))
		return NULL;
	if (!head[list_of((struct slice){ table[0].error,
					  strlen(table[0].error) })])
		make_lists();
	for (i = head[list_of(error)]; i; i = next[i - 1]) {
		row = &table[i - 1];
		if (!slice_is(error, row->error) || !is_in(row->calls, call))
			continue;
		if (!row->argument || has_both(args, row->argument))
			return row;
		by_argument = 1;
	}
	if (!by_argument && call.len < sizeof(n->call) &&
	    error.len < sizeof(n->error)) {
		slice_copy(call, n->call, sizeof(n->call));
		slice_copy(error, n->error, sizeof(n->error));
	}
	return NULL;
}

const struct refusal *refusal_at(unsigned i)
{
	return &table[i];
}

/* SPDX-License-Identifier: MIT */
/*
 * machine.c - where doctor runs: processor, container, rights, sysctls
 *
 * None of this decides whether a program runs; that is tried.  It tells where
 * a refusal comes from, and which command takes it away.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include "doctor.h"
#include "probe.h"

/* The first line of a file, and what /sys separates by 0 bytes; or "". */
static const char *first_line(const char *path, char text[128])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, 127);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	text[strcspn(text, "\n")] = 0;
	for (char *c = text; *c; c++)		/* for a terminal */
		if (*c < ' ' || *c > '~')
			*c = '?';
	return text;
}

/* ---- the processor ---- */

/* qemu-user shows its programs /proc/self/exe, but not /proc/thread-self. */
static int under_qemu_user(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/thread-self/exe", path, sizeof(path) - 1);

	path[n < 0 ? 0 : n] = 0;
	return strstr(path, "/qemu-") != NULL;
}

/* Rosetta gives this processor to x86-64 programs on Apple's. */
static int under_rosetta(void)
{
	char line[256];
	int yes = 0;
	FILE *f = fopen("/proc/cpuinfo", "re");

	while (f && !yes && fgets(line, sizeof(line), f))
		yes = strstr(line, "VirtualApple") != NULL;
	if (f)
		fclose(f);
	return yes;
}

/* What the processor says of a hypervisor: "KVMKVMKVM"; or "". */
static void processor_says(char text[16])
{
	memset(text, 0, 16);
#if defined(__x86_64__)
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1U << 31))
		return;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(text, &b, 4);
	memcpy(text + 4, &c, 4);
	memcpy(text + 8, &d, 4);
	if (!*text)
		strcpy(text, "unnamed");
#endif
}

static void virtualisation(void)
{
	static const struct { const char *id, *name; } known[] = {
		{ "KVMKVMKVM", "KVM" }, { "TCGTCGTCGTCG", "QEMU's TCG" },
		{ "Microsoft Hv", "Hyper-V" }, { "VMwareVMware", "VMware" },
		{ "XenVMMXenVMM", "Xen" }, { "bhyve bhyve ", "bhyve" },
		{ "VBoxVBoxVBox", "VirtualBox" },
		{ " lrpepyh  vr", "Parallels" },
		{ "ACRNACRNACRN", "ACRN" },
	};
	char id[16], text[128];
	const char *name = id;
	struct utsname u;

	if (under_qemu_user() || under_rosetta()) {
		found(1, "virtualisation", under_rosetta() ? "Rosetta" :
		      "qemu-user", "make vm", "an emulator translates programs "
		      "of another processor and makes their system calls: "
		      "io_uring and strace do not work under qemu-user, and a "
		      "capture shows the emulator's calls; use a virtual "
		      "machine with the host's own processor");
		return;
	}
	uname(&u);
	processor_says(id);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(id, known[i].id))
			name = known[i].name;
	if (!*name && strstr(first_line("/sys/firmware/devicetree/base/model",
					text), "virt"))
		name = text;
	else if (!*name && *first_line("/sys/class/dmi/id/product_name", text))
		name = text;
	if (strstr(u.release, "icrosoft"))
		name = "WSL2";
	if (!*name)
		found(0, "virtualisation", "none seen", NULL,
		      "measured times include no work of a host");
	else if (strstr(name, "TCG"))
		found(0, "virtualisation", name, NULL,
		      "an emulated processor: calls, waits and copies are those "
		      "of a real kernel, but measured times mean nothing");
	else
		found(0, "virtualisation", name, NULL, name == text ?
		      "the name of this machine; if it is a virtual machine, "
		      "measured times include work of the host" :
		      "measured times include work of the host");
}

/* ---- the container ---- */

static void container(void)
{
	char text[128], map[128];
	const char *name = "none seen";
	const char *kind = first_line("/run/systemd/container", text);

	if (!access("/.dockerenv", F_OK))
		name = "docker";
	else if (!access("/run/.containerenv", F_OK))
		name = "podman";
	else if (getenv("KUBERNETES_SERVICE_HOST"))
		name = "kubernetes";
	else if (*kind)
		name = kind;
	else if (getenv("container"))
		name = "yes";
	first_line("/proc/self/uid_map", map);
	if (*map && !strstr(map, "4294967295"))
		found(0, "container", name, NULL, "in a user namespace: outside "
		      "of it, root is another user and has that user's rights");
	else if (strcmp(name, "none seen"))
		found(0, "container", name, NULL, "the host of the container "
		      "decides about seccomp, capabilities and tracefs; the "
		      "default seccomp profiles of Docker (25.0 and later) and "
		      "Podman refuse io_uring");
	else
		found(0, "container", name, NULL, NULL);
}

static void seccomp(void)
{
	long mode = probe_status("Seccomp"), n = probe_status("Seccomp_filters");
	char value[32];

	if (mode < 0)
		found(0, "seccomp", "unknown", NULL, "no such line in "
		      "/proc/self/status");
	else if (!mode)
		found(0, "seccomp", "off", NULL, "no call is filtered");
	else {
		snprintf(value, sizeof(value), "mode %ld", mode);
		found(0, "seccomp", value,
		      "docker run --security-opt seccomp=unconfined",
		      n > 1 ? "%ld filters: the results below show what they "
		      "refuse" : "%ld filter: the results below show what it "
		      "refuses", n < 0 ? 1 : n);
	}
}

/* ---- rights ---- */

static void capabilities(void)
{
	static const struct { int bit; const char *name, *what; } wanted[] = {
		{ CAP_SYS_ADMIN, "SYS_ADMIN", "mounting tracefs" },
		{ CAP_SYS_PTRACE, "SYS_PTRACE", "capture --pid of another "
		  "user's process" },
		{ CAP_PERFMON, "PERFMON", "evidence_test" },
		{ CAP_IPC_LOCK, "IPC_LOCK", "registered buffers and rings beyond "
		  "RLIMIT_MEMLOCK" },
		{ CAP_SYS_RESOURCE, "SYS_RESOURCE", "raising hard limits" },
		{ CAP_DAC_OVERRIDE, "DAC_OVERRIDE", "tracefs, which belongs to root" },
	};
	unsigned long long effective = 0, has = 0, all = 0;
	char line[256], missing[320] = "", value[64];
	long last = probe_sysctl("/proc/sys/kernel/cap_last_cap");
	FILE *f = fopen("/proc/self/status", "re");
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "CapEff: %llx", &effective);
	if (f)
		fclose(f);
	if (last >= 0 && last < 63)
		all = (1ULL << (last + 1)) - 1;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (effective & 1ULL << wanted[i].bit)
			has++;
		else
			n += snprintf(missing + n, sizeof(missing) - n,
				      "%s%s (%s)", n ? ", " : "",
				      wanted[i].name, wanted[i].what);
	if (all && (effective & all) == all)
		snprintf(value, sizeof(value), "all");
	else
		snprintf(value, sizeof(value), effective ? "%d of %ld" : "none",
			 __builtin_popcountll(effective), last + 1);
	if (has == sizeof(wanted) / sizeof(wanted[0]))
		found(0, "capabilities", value, NULL, "all that iomodels can use");
	else
		found(0, "capabilities", value,
		      "sudo; docker run --privileged, or --cap-add NAME",
		      "without %s", missing);
}

static void lockdown(void)
{
	char text[128], *at, *end;

	first_line("/sys/kernel/security/lockdown", text);
	at = strchr(text, '[');
	end = at ? strchr(at, ']') : NULL;
	if (!end) {
		found(0, "kernel lockdown", "none", NULL, "not in this kernel, "
		      "or its securityfs is not mounted");
		return;
	}
	*end = 0;
	if (!strcmp(at + 1, "confidentiality"))
		found(1, "kernel lockdown", at + 1,
		      "boot with lockdown=integrity", "it forbids tracefs, which "
		      "the tracepoints of perf need, too: iomodels cannot show "
		      "exactly who waits and who copies");
	else
		found(0, "kernel lockdown", at + 1, NULL,
		      "tracefs and perf should be available (not tried)");
}

/* ---- sysctls ---- */

static void sysctls(void)
{
	long off = probe_sysctl("/proc/sys/kernel/io_uring_disabled");
	long max = probe_sysctl("/proc/sys/fs/aio-max-nr");
	long used = probe_sysctl("/proc/sys/fs/aio-nr");
	long scope = probe_sysctl("/proc/sys/kernel/yama/ptrace_scope");
	char value[32];

	snprintf(value, sizeof(value), "%ld", off);
	if (off < 0)
		found(0, "kernel.io_uring_disabled", "absent", NULL,
		      "kernels before Linux 6.6 and kernels without "
		      "CONFIG_IO_URING do not have this sysctl; a seccomp "
		      "filter or a security module can forbid io_uring all the "
		      "same");
	else
		found(off == 2 || (off == 1 && !probe_ring_right()),
		      "kernel.io_uring_disabled", value,
		      off ? "sysctl kernel.io_uring_disabled=0" : NULL,
		      off == 2 ? "no user may use io_uring: the programs of uring/ "
		      "are left out" :
		      off == 1 ? "only processes of the group in "
		      "kernel.io_uring_group, and those with CAP_SYS_ADMIN outside "
		      "of user namespaces, may use io_uring" :
		      "every user may use io_uring");
	snprintf(value, sizeof(value), "%ld", max);
	if (max < 0)
		found(1, "fs.aio-max-nr", "absent", "a kernel with CONFIG_AIO",
		      "native_aio, native_aio_poll and libaio are left out");
	else
		found(max - used < 4096, "fs.aio-max-nr", value,
		      max - used < 4096 ? "sysctl fs.aio-max-nr=1048576" : NULL,
		      "limit for the native AIO requests of all programs; %ld in "
		      "use, and native_aio_poll takes 4096", used);
	snprintf(value, sizeof(value), "%ld", scope);
	if (scope < 0)
		found(0, "kernel.yama.ptrace_scope", "absent", NULL,
		      "strace and capture --pid can trace your own processes");
	else
		found(scope > 2 || (scope == 2 && !probe_capable(CAP_SYS_PTRACE)),
		      "kernel.yama.ptrace_scope", value,
		      scope ? "sysctl kernel.yama.ptrace_scope=0" : NULL,
		      scope > 2 ? "strace can trace nothing until the next boot" :
		      scope == 2 ? "strace needs CAP_SYS_PTRACE" :
		      scope ? "strace can trace the commands that it starts; "
		      "capture --pid needs CAP_SYS_PTRACE" :
		      "strace and capture --pid can trace your own processes");
}

void look_at_machine(void)
{
	section("this machine");
	virtualisation();
	container();
	seccomp();
	capabilities();
	lockdown();
	sysctls();
}

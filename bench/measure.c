/* SPDX-License-Identifier: MIT */
/*
 * measure.c - one measurement: start the server, run the client, add up
 *
 *    this process ---- starts ----> server         on server_cpu
 *         |
 *         +----------- forks -----> client         on client_cpu
 *                                     load_run()   into memory that is shared
 *
 * A measurement begins with a new server and leaves nothing behind: both get
 * SIGKILL when this process dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "count.h"
#include "floor.h"
#include "lab.h"
#include "measure.h"

enum { LIMIT_MS = 60000 };		/* beyond what was asked for */

volatile sig_atomic_t measure_stop;

#define QUANTITY(name) { #name, offsetof(struct measurement, name) }

const struct quantity quantities[] = {
	QUANTITY(rate), QUANTITY(p50), QUANTITY(p99), QUANTITY(p999),
	QUANTITY(max), QUANTITY(server_us), QUANTITY(client_us),
	QUANTITY(user_us), QUANTITY(kernel_us), QUANTITY(calls),
	QUANTITY(voluntary), QUANTITY(involuntary), QUANTITY(peak_kib),
	QUANTITY(threads), QUANTITY(lost), QUANTITY(busy_server),
	QUANTITY(busy_client), QUANTITY(steal), QUANTITY(others),
	QUANTITY(spin_us),
	{ .name = NULL }
};

/* What client and parent share. */
struct shared {
	struct load_result result;
	struct floor_result floor;
	double spin_us;
};

/* ---- the processor ---- */

/* The same work each time: its time tells of frequency and stolen time. */
static double spin(void)
{
	long long began = now_ns();
	unsigned n = 1;

	for (int i = 0; i < 1000000; i++) {
		n = n * 1664525 + 1013904223;
		__asm__ volatile("" : "+r"(n));
	}
	return (now_ns() - began) / 1e3;
}

/* Ticks so far that the hypervisor gave to others, and all ticks, of a cpu. */
static long long stolen(int cpu, long long *all)
{
	FILE *f = fopen("/proc/stat", "re");
	long long v[8] = { 0 };
	char line[512], name[16];

	*all = 0;
	snprintf(name, sizeof(name), "cpu%d ", cpu);
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line, "%*s %lld %lld %lld %lld %lld %lld %lld "
			       "%lld", v, v + 1, v + 2, v + 3, v + 4, v + 5,
			       v + 6, v + 7);
	if (f)
		fclose(f);
	for (int i = 0; i < 8; i++)
		*all += v[i];
	return v[7];
}

/* The share between two times. */
static double steal(const long long *stole, const long long *all)
{
	return all[1] > all[0] ?
	       (double)(stole[1] - stole[0]) / (all[1] - all[0]) : 0;
}

static void only(cpu_set_t *set, int cpu)
{
	CPU_ZERO(set);
	CPU_SET(cpu, set);
}

/* A child that has nobody but us: on its processor, dead when we die. */
static int settle(int cpu, pid_t parent, char why[200])
{
	cpu_set_t cpus;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return -1;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	only(&cpus, cpu);
	if (sched_setaffinity(0, sizeof(cpus), &cpus)) {
		snprintf(why, 200, "processor %d: %s", cpu, strerror(errno));
		return -1;
	}
	return 0;
}

/* ---- the network ---- */

static const char congestion[] = "/proc/sys/net/ipv4/tcp_congestion_control";

static void up(const char *device)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_flags = IFF_UP | IFF_RUNNING };

	strcpy(r.ifr_name, device);
	if (ioctl(fd, SIOCSIFFLAGS, &r))
		perror(device);
	close(fd);
}

void measure_apart(char how[120])
{
	int apart = !unshare(CLONE_NEWNET);
	char name[32] = "?";
	FILE *f;

	if (apart) {
		up("lo");
		f = fopen(congestion, "we");
		if (f) {
			fputs("reno", f);
			fclose(f);
		}
	}
	f = fopen(congestion, "re");
	if (f) {
		if (fscanf(f, "%31s", name) != 1)
			strcpy(name, "?");
		fclose(f);
	}
	snprintf(how, 120, "%s, TCP %s", apart ? "a network of its own" :
		 "the machine's network (root would have one of its own)", name);
}

/* ---- the server ---- */

/* A listening AF_UNIX socket, with a name that the kernel chose; or -1. */
static int unix_listener(struct load *l)
{
	struct sockaddr_un *a = (void *)&l->server;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a->sun_family = AF_UNIX;
	l->server_len = sizeof(l->server);
	if (fd >= 0 && !bind(fd, (void *)a, sizeof(a->sun_family)) &&
	    !listen(fd, 4096) &&
	    !getsockname(fd, (void *)a, &l->server_len))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void inet_address(struct load *l, int port)
{
	struct sockaddr_in *a = (void *)&l->server;

	*a = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};
	l->server_len = sizeof(*a);
}

/* The last line of what it said, for why. */
static void last_words(const struct server *s, char why[300])
{
	const char *at = s->err.at, *line = at ? at : "";

	for (; at && *at; at++)
		if (*at == '\n' && at[1])
			line = at + 1;
	snprintf(why, 300, "%.*s", (int)strcspn(line, "\n"), line);
}

static int begin(const struct setup *s, struct load *l, struct server *server,
		 char why[300])
{
	struct program peer = { .name = s->who->name };
	cpu_set_t cpus;
	struct rlimit files;
	struct lab_options o = {
		.service = l->kind == LOAD_CHURN ? "print" : "echo",
		.cpus = &cpus,
		.command = s->who->command,
	};
	int err, null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max < l->busy + l->idle + 32) {
		snprintf(why, 300, "%u connections: at most %ld descriptors are "
			 "allowed (ulimit -Hn)", l->busy + l->idle,
			 (long)files.rlim_max);
		close(null);
		return -1;
	}
	o.nofile = files.rlim_max;
	o.stdout_fd = null;
	only(&cpus, s->server_cpu);
	if (s->family == AF_UNIX)
		o.listen_fd = unix_listener(l);
	err = o.listen_fd < 0 ? -1 :
	      server_start(server, s->who->program ? s->who->program : &peer,
			   &o);
	if (o.listen_fd < 0)
		snprintf(why, 300, "a Unix socket: %s", strerror(errno));
	else if (err)
		last_words(server, why);
	if (!err && s->family == AF_INET)
		inet_address(l, server->port);
	if (!err)
		l->pid = server->server_pid;
	if (err && o.listen_fd >= 0)
		server_free(server);
	if (o.listen_fd > 0)
		close(o.listen_fd);
	close(null);
	return err;
}

/* ---- the client ---- */

_Noreturn static void client(const struct setup *s, const struct load *l,
			     struct shared *shared, pid_t parent)
{
	int err = settle(s->client_cpu, parent, shared->result.why);

	if (!err) {
		shared->spin_us = spin();
		err = load_run(l, &shared->result);
	}
	_exit(err ? 1 : 0);
}

/* Until the client ends; what the server says meanwhile must not block it. */
static int wait_client(pid_t pid, struct server *server, long long deadline)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), status;

	for (;;) {
		struct pollfd p[3] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = server->err_fd, .events = POLLIN },
			{ .fd = server->out_fd, .events = POLLIN },
		};

		poll(p, 3, 1000);
		server_drain(server);
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (measure_stop || now_ns() > deadline)
			kill(pid, SIGKILL);
	}
	close(pidfd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- the sum ---- */

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

static void add_up(struct measurement *m, const struct setup *s,
		   const struct shared *shared, const struct server *server)
{
	const struct load_result *r = &shared->result;
	const struct rusage *u = &server->usage;
	double n = r->messages, user = seconds(u->ru_utime);
	double system = seconds(u->ru_stime);

	m->rate = n / r->seconds;
	m->p50 = histogram_at(&r->latency, 0.5) / 1e3;
	m->p99 = histogram_at(&r->latency, 0.99) / 1e3;
	m->p999 = histogram_at(&r->latency, 0.999) / 1e3;
	m->max = r->latency.max / 1e3;
	m->server_us = r->server_us / n;
	m->client_us = r->client_us / n;
	m->kernel_us = r->kernel_us / n;
	/* The kernel splits the two by its ticks, over the whole life. */
	m->user_us = user + system > 0 ?
		     m->server_us * user / (user + system) : -1;
	m->calls = r->calls < 0 || !r->counted ? -1 :
		   (double)r->calls / r->counted;
	m->voluntary = (double)u->ru_nvcsw / r->all;
	m->involuntary = (double)u->ru_nivcsw / r->all;
	m->peak_kib = r->peak_kib;
	m->threads = r->threads;
	m->lost = s->load.kind == LOAD_DATAGRAM ? (double)r->lost / r->all : 0;
	m->busy_server = r->server_us / 1e6 / r->seconds;
	m->busy_client = r->client_us / 1e6 / r->seconds;
	m->others = 1 - m->busy_client - r->idle_us / 1e6 / r->seconds -
		    (s->server_cpu == s->client_cpu ? m->busy_server : 0);
	if (m->others < 0)
		m->others = 0;
	/* A second in which others had the processor half of the time is half
	   a second for us. */
	if (s->server_cpu == s->client_cpu && !s->load.rate && m->others < 0.9)
		m->rate /= 1 - m->others;
	m->spin_us = shared->spin_us;
}

/* No server and no client: what their sockets alone would cost. */
static int measure_floor(const struct setup *s, struct measurement *m,
			 struct shared *shared, char why[300])
{
	struct floor f = {
		.kind = s->load.kind == LOAD_DATAGRAM ? FLOOR_UDP :
			s->family == AF_UNIX ? FLOOR_UNIX : FLOOR_TCP,
		.pairs = s->load.busy,
		.size = s->load.size,
		.run_ms = s->load.run_ms,
	};
	pid_t self = getpid(), pid = fork();
	int status = -1;

	if (!pid) {
		struct rlimit files;

		getrlimit(RLIMIT_NOFILE, &files);
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
		if (settle(s->server_cpu, self, shared->floor.why))
			_exit(1);
		shared->spin_us = spin();
		_exit(floor_run(&f, &shared->floor) ? 1 : 0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (measure_stop)
			kill(pid, SIGKILL);
	if (status)
		snprintf(why, 300, "%s", *shared->floor.why ? shared->floor.why :
			 measure_stop ? "stopped" : "the floor was killed");
	for (const struct quantity *q = quantities; q->name; q++)
		*quantity_in(m, q) = -1;
	m->server_us = shared->floor.cpu_us;
	m->spin_us = shared->spin_us;
	m->lost = m->steal = m->others = 0;
	return status ? -1 : 0;
}

int measure(const struct setup *s, struct measurement *m, char why[300],
	    char uncounted[200])
{
	struct load load = s->load;
	struct shared *shared;
	struct server server;
	long long all[2], stole[2], began = now_ns();
	pid_t pid, self = getpid();
	int status = -1;

	*m = (struct measurement){ 0 };
	*why = 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		snprintf(why, 300, "memory for the client: %s",
			 strerror(errno));
		return -1;
	}
	if (s->load.kind == LOAD_FILE) {
		double spin_us = spin();

		munmap(shared, sizeof(*shared));
		stole[0] = stolen(s->server_cpu, &all[0]);
		status = files_measure(s, m, why, uncounted);
		stole[1] = stolen(s->server_cpu, &all[1]);
		m->spin_us = spin_us;
		m->steal = steal(stole, all);
		return status;
	}
	if (s->who->floor) {
		status = measure_floor(s, m, shared, why);
		munmap(shared, sizeof(*shared));
		return status;
	}
	if (begin(s, &load, &server, why)) {
		munmap(shared, sizeof(*shared));
		return -1;
	}
	stole[0] = stolen(s->server_cpu, &all[0]);
	pid = fork();
	if (!pid)
		client(s, &load, shared, self);
	if (pid > 0)
		status = wait_client(pid, &server, began + 1000000LL *
				     (load.warm_ms + load.run_ms +
				      load.count_ms + LIMIT_MS));
	else
		snprintf(why, 300, "fork: %s", strerror(errno));
	stole[1] = stolen(s->server_cpu, &all[1]);
	server_stop(&server);
	if (status > 0 || (!status && !shared->result.messages))
		snprintf(why, 300, "%s", *shared->result.why ?
			 shared->result.why : "no message was answered in time");
	else if (status < 0 && !*why)
		snprintf(why, 300, measure_stop ? "stopped" :
			 "the client was killed, or out of time");
	if (!*why) {
		add_up(m, s, shared, &server);
		m->steal = steal(stole, all);
		strcpy(uncounted, shared->result.uncounted);
	}
	server_free(&server);
	munmap(shared, sizeof(*shared));
	return *why ? -1 : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * measure.c - start the servers and their clients, give turns, add up
 *
 *    this process ---- starts ----> server         on server_cpu
 *         |                           ^
 *         +----------- forks -----> client         on client_cpu
 *         |                           load_run()   into memory that is shared
 *         +--- a byte: your turn -->  |
 *              <-- a byte: done ----  |
 *
 * and so for each server.  One client has its turn, the others wait for a byte
 * and their servers for a message.  A measurement begins with new servers and
 * leaves nothing behind: all get SIGKILL when this process dies.
 */
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "count.h"
#include "doing.h"
#include "floor.h"
#include "lab.h"
#include "measure.h"
#include "stat.h"

enum { LIMIT_MS = 60000 };		/* of a turn, beyond what was asked for */
enum {
	FEWEST_SLICES = 5,		/* of a measurement, however slow */
	TOO_LONG = 4,			/* times what was asked for */
};
#define TICK 0.01			/* s: a tick of /proc/stat */

/* What client and parent share. */
struct shared {
	struct load_result result;
	struct floor_result floor;
	double spin_us;
};

/* One of those who take turns. */
struct player {
	const struct setup *s;
	struct load load;
	struct server server;
	int serves;			/* server is started */
	struct running running;		/* or it is any server */
	int net;			/* its network, of its own; -1 */
	struct shared *shared;
	pid_t client;			/* 0: it has ended, or none was begun */
	int status;			/* its exit status */
	int line;			/* to the client */
	char *why;
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

/*
 * What became of a processor so far, in ticks: those that the hypervisor gave
 * to others, those in which nobody wanted it, and all.
 */
struct ticks {
	long long stolen, idle, all;
};

static void ticks_add(struct ticks *t, int cpu)
{
	FILE *f = fopen("/proc/stat", "re");
	long long v[8] = { 0 };
	char line[512], name[16];

	snprintf(name, sizeof(name), "cpu%d ", cpu);
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line, "%*s %lld %lld %lld %lld %lld %lld %lld "
			       "%lld", v, v + 1, v + 2, v + 3, v + 4, v + 5,
			       v + 6, v + 7);
	if (f)
		fclose(f);
	for (int i = 0; i < 8; i++)
		t->all += v[i];
	t->stolen += v[7];
	t->idle += v[3] + v[4];
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

/* The processors at one moment, and what all of ours used until then. */
struct moment {
	struct ticks ticks;
	double own;			/* seconds, of those waited for */
};

static void look(struct moment *m, const struct setup *s)
{
	static const int whose[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
	struct rusage u;

	*m = (struct moment){ 0 };
	ticks_add(&m->ticks, s->server_cpu);
	if (s->client_cpu != s->server_cpu)
		ticks_add(&m->ticks, s->client_cpu);
	for (int i = 0; i < 2; i++)
		if (!getrusage(whose[i], &u))
			m->own += seconds(u.ru_utime) + seconds(u.ru_stime);
}

static double steal(const struct moment *m)
{
	long long all = m[1].ticks.all - m[0].ticks.all;

	return all > 0 ? (double)(m[1].ticks.stolen - m[0].ticks.stolen) / all
		       : 0;
}

/*
 * The share that other programs used: busy time that is not ours.  The idle
 * time is the kernel's count, not what ours left: they sleep, too.
 */
static double others(const struct moment *m)
{
	struct ticks d = {
		.stolen = m[1].ticks.stolen - m[0].ticks.stolen,
		.idle = m[1].ticks.idle - m[0].ticks.idle,
		.all = m[1].ticks.all - m[0].ticks.all,
	};
	double used = (d.all - d.idle - d.stolen) * TICK - m[1].own + m[0].own;

	return d.all <= 0 ? -1 : used > 0 ? used / (d.all * TICK) : 0;
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

/* measure_apart()'s; -1: this is the machine's network. */
static int our_net = -1;

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

/* Where nobody has mounted tracefs, for us alone. */
static void mount_tracefs(void)
{
	if (access("/sys/kernel/tracing/events", R_OK) && !unshare(CLONE_NEWNS) &&
	    !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		mount("nodev", "/sys/kernel/tracing", "tracefs", 0, NULL);
}

static void describe_network(const char *what, char how[120])
{
	FILE *f = fopen(congestion, "re");
	char name[32] = "?";

	if (f) {
		if (fscanf(f, "%31s", name) != 1)
			strcpy(name, "?");
		fclose(f);
	}
	snprintf(how, 120, "%s, TCP %s", what, name);
}

void measure_apart(char how[120])
{
	int apart = !unshare(CLONE_NEWNET);
	char what[90];
	FILE *f;

	snprintf(what, sizeof(what), "the machine's network (%s)", geteuid() ?
		 "root would have one of its own" : strerror(errno));

	mount_tracefs();
	if (apart) {
		up("lo");
		our_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		f = fopen(congestion, "we");
		if (f) {
			fputs("reno", f);
			fclose(f);
		}
	}
	describe_network(apart ? "a network of its own" : what, how);
}

int measure_is_apart(void)
{
	return our_net >= 0;
}

void measure_here(char how[120])
{
	mount_tracefs();
	describe_network("the machine's network, where the server is", how);
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

/* A network of its own, for a server whose port is fixed: the base runs
   twice.  Its descriptor, or -1. */
static int another_net(void)
{
	FILE *f;

	if (our_net < 0 || unshare(CLONE_NEWNET))
		return -1;
	up("lo");
	f = fopen(congestion, "we");
	if (f) {
		fputs("reno", f);
		fclose(f);
	}
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void enter_net(int net)
{
	if (net >= 0 && setns(net, CLONE_NEWNET))
		perror("setns");
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
		.service = l->kind == LOAD_CHURN ? "print" :
			   l->protocol && l->protocol->end == END_REPLY ?
			   "reply" : "echo",
		.cpus = &cpus,
		.command = s->who->command,
		.pad = draw(&stat_seed) % PAD,
	};
	int err, null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max < l->busy + l->idle + 32) {
		snprintf(why, 300, "%u connections need more descriptors than "
			 "the %ld that are allowed (ulimit -Hn)",
			 l->busy + l->idle, (long)files.rlim_max);
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
	l->tree = s->who->command ? TREE_BELOW : TREE_ONE;
	if (err && o.listen_fd >= 0)
		server_free(server);
	if (o.listen_fd > 0)
		close(o.listen_fd);
	close(null);
	return err;
}

/* ---- the client ---- */

/* The last turn is over: say so, and wait for the next. */
static int wait_turn(void *arg)
{
	int line = *(int *)arg;
	char byte = 0;

	if (write(line, &byte, 1) != 1 || read(line, &byte, 1) != 1)
		return -1;
	return byte;
}

_Noreturn static void client(struct player *p, int line, pid_t parent)
{
	struct shared *shared = p->shared;
	const struct setup *s = p->s;
	int on_floor = s->who->floor;
	struct turns turns = { wait_turn, &line };
	/* It is a fork of ours, so its stack would begin where ours does. */
	char *pad = alloca(draw(&stat_seed) % PAD + 1);

	if (settle(on_floor ? s->server_cpu : s->client_cpu, parent, on_floor ?
		   shared->floor.why : shared->result.why))
		_exit(1);
	__asm__ volatile("" : : "r"(pad));
	shared->spin_us = spin();
	if (on_floor) {
		struct floor f = {
			.kind = s->load.kind == LOAD_DATAGRAM ? FLOOR_UDP :
				s->family == AF_UNIX ? FLOOR_UNIX : FLOOR_TCP,
			.pairs = s->load.busy,
			.size = s->load.size,
			.run_ms = s->load.run_ms,
			.slices = p->load.slices,
			.turns = turns,
		};

		_exit(floor_run(&f, &shared->floor) ? 1 : 0);
	}
	p->load.turns = turns;
	_exit(load_run(&p->load, &shared->result) ? 1 : 0);
}

static void begin_client(struct player *p)
{
	pid_t self = getpid();
	int line[2];

	p->load.now = doing_client();
	if (p->load.now)
		*p->load.now = (struct load_now){ 0 };

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line)) {
		snprintf(p->why, 300, "socketpair: %s", strerror(errno));
		return;
	}
	p->client = fork();
	if (!p->client) {
		close(line[0]);			/* else there would be no end */
		client(p, line[1], self);
	}
	if (p->client < 0) {
		snprintf(p->why, 300, "fork: %s", strerror(errno));
		p->client = 0;
	}
	close(line[1]);
	p->line = line[0];
}

static void end_client(struct player *p)
{
	int status;

	while (waitpid(p->client, &status, 0) < 0 && errno == EINTR)
		;
	p->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	p->client = 0;
	close(p->line);
}

static void out_of_time(const struct player *p)
{
	char what[100];

	doing_client_says(what);
	snprintf(p->why, 300, "the measurement did not end within %d s after "
		 "its time: %s", LIMIT_MS / 1000, what);
}

/*
 * Until its turn is over, or it ends; what the server says meanwhile must not
 * block it.
 */
static void await(struct player *p)
{
	long long deadline = now_ns() + 1000000LL * (p->load.warm_ms +
			     p->load.run_ms + p->load.count_ms + LIMIT_MS);
	char byte;

	doing_is(p->s->who->name, NULL);
	for (;;) {
		struct pollfd f[3] = {
			{ .fd = p->line, .events = POLLIN },
			{ .fd = p->serves ? p->server.err_fd : -1,
			  .events = POLLIN },
			{ .fd = p->serves ? p->server.out_fd : -1,
			  .events = POLLIN },
		};

		poll(f, 3, 1000);
		if (p->serves)
			server_drain(&p->server);
		if (measure_stop || now_ns() > deadline)
			kill(p->client, SIGKILL);
		if (now_ns() > deadline && !*p->why)
			out_of_time(p);
		if (f[0].revents)
			break;
	}
	if (read(p->line, &byte, 1) != 1)
		end_client(p);
}

static void give_turn(struct player *p, char byte)
{
	if (!p->client)
		return;
	if (send(p->line, &byte, 1, MSG_NOSIGNAL) == 1)
		await(p);
	else
		end_client(p);
}

/* ---- the sum ---- */

/*
 * The share of slices in which others took too much.  They stay in the rate: a
 * server that sleeps has to queue each time it wakes, so to leave them out
 * would leave out its sleep.
 */
static double count_disturbed(const struct slice *s, unsigned n)
{
	unsigned disturbed = 0;

	for (unsigned i = 0; i < n; i++)
		disturbed += s[i].others > OTHERS_MAX;
	return (double)disturbed / n;
}

/* Of all slices together: what a user of the server has of it, stalls too. */
static void sum_slices(const struct slice *s, unsigned n, struct measurement *m)
{
	double messages = 0, time = 0, used = 0, known = 0;

	for (unsigned i = 0; i < n; i++) {
		messages += s[i].rate * s[i].seconds;
		time += s[i].seconds;
		if (s[i].server_us < 0)
			continue;
		known += s[i].rate * s[i].seconds;
		used += s[i].rate * s[i].seconds * s[i].server_us;
	}
	m->rate = time > 0 ? messages / time : 0;
	m->server_us = known > 0 ? used / known : messages > 0 ? -1 : 0;
	m->busy_server = m->server_us < 0 ? -1 : m->server_us * m->rate / 1e6;
}

static void add_up(const struct player *p, struct measurement *m)
{
	const struct load_result *r = &p->shared->result;
	const struct rusage *u = &p->server.usage;
	double n = r->messages, n_all = r->all, user = seconds(u->ru_utime);
	double system = seconds(u->ru_stime);

	memcpy(m->slices, r->slices, sizeof(m->slices));
	m->slice_count = r->slice_count;
	m->disturbed = count_disturbed(m->slices, r->slice_count);
	sum_slices(m->slices, r->slice_count, m);
	m->mean = histogram_mean(&r->latency) / 1e3;
	m->p50 = histogram_at(&r->latency, 0.5) / 1e3;
	m->p99 = histogram_at(&r->latency, 0.99) / 1e3;
	m->p999 = histogram_at(&r->latency, 0.999) / 1e3;
	m->max = r->latency.max / 1e3;
	m->in_flight = r->in_flight_ns / 1e9 / r->seconds;
	m->client_us = r->client_us / n;
	m->kernel_us = r->kernel_us / r->all;
	/* The kernel splits the two by its ticks, over the whole life. */
	m->user_us = user + system > 0 && m->server_us >= 0 ?
		     m->server_us * user / (user + system) : -1;
	m->calls = r->calls < 0 || !r->counted ? -1 :
		   (double)r->calls / r->counted;
	m->voluntary = (p->serves ? u->ru_nvcsw : r->voluntary) / n_all;
	m->involuntary = (p->serves ? u->ru_nivcsw : r->involuntary) / n_all;
	m->peak_kib = r->peak_kib;
	m->threads = r->threads;
	m->processes = r->processes;
	m->bytes = (double)(r->sent + r->received) / r->all;
	m->wrong = (double)r->wrong / r->all;
	m->again = (double)r->again / r->all;
	m->no_room = r->made ? (double)r->no_room / r->made : 0;
	m->lost = p->load.kind == LOAD_DATAGRAM ? (double)r->lost / r->all : 0;
	m->busy_client = r->client_us / 1e6 / r->seconds;
	m->spin_us = p->shared->spin_us;
}

/* No server and no client: what their sockets alone would cost. */
static void add_up_floor(const struct player *p, struct measurement *m)
{
	for (const struct quantity *q = quantities; q->name; q++)
		*quantity_in(m, q) = -1;
	m->server_us = p->shared->floor.cpu_us;
	m->spin_us = p->shared->spin_us;
	m->lost = m->wrong = m->again = m->no_room = m->disturbed = 0;
	m->slice_count = p->shared->floor.slice_count;
	memcpy(m->slices, p->shared->floor.slices, sizeof(m->slices));
}

/* ---- turns ---- */

/*
 * The slices that run_ms is made of.  So short that all servers have had one
 * before the machine changes, and long enough for each connection to be served
 * more than once.
 */
unsigned measure_slices(const struct load *l)
{
	unsigned n = l->run_ms / (5 + l->busy / 64);

	/* With a rate, what is late in one slice would be forgotten in the
	   next; a file is read by a process that knows of no turns. */
	if (l->rate || l->kind == LOAD_FILE || !n)
		return 1;
	return n < SLICES ? n : SLICES;
}

/* It is left running where it ran before. */
static int begin_outside(struct player *p)
{
	const struct outside *o = p->s->who->outside;
	struct load *l = &p->load;

	if (o->start && o->port)
		p->net = another_net();
	if (outside_start(o, p->s->server_cpu, &p->running, p->why)) {
		enter_net(p->net >= 0 ? our_net : -1);
		return -1;
	}
	l->server = p->running.at;
	l->server_len = p->running.at_len;
	l->pid = p->running.pid;
	l->inode = p->running.inode;
	l->tree = TREE_KEPT;
	l->usage = p->running.group.usage > 0 ? p->running.group.usage : 0;
	if (l->protocol)
		l->size = l->protocol->request_len;
	return 0;
}

static void end_outside(struct player *p)
{
	enter_net(p->net);
	outside_stop(&p->running);
	enter_net(p->net >= 0 ? our_net : -1);
	if (p->net >= 0)
		close(p->net);
	p->net = -1;
}

static int begin_player(struct player *p, const struct setup *s,
			unsigned slices, char why[300])
{
	*p = (struct player){ .s = s, .load = s->load, .why = why, .net = -1 };
	p->load.shared = s->server_cpu == s->client_cpu;
	p->load.slices = slices;
	*why = 0;
	doing_is(s->who->name, s->who->floor ? "starts" :
		      "starts, does not listen yet");
	p->shared = mmap(NULL, sizeof(*p->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->shared == MAP_FAILED) {
		snprintf(why, 300, "memory for the client: %s",
			 strerror(errno));
		p->shared = NULL;
		return -1;
	}
	if (s->who->outside) {
		if (begin_outside(p))
			return -1;
	} else if (!s->who->floor && begin(s, &p->load, &p->server, why)) {
		return -1;
	}
	p->serves = !s->who->floor && !s->who->outside;
	begin_client(p);
	enter_net(p->net >= 0 ? our_net : -1);
	if (!p->client)
		return -1;
	await(p);				/* it is there */
	return 0;
}

static void end_player(struct player *p, struct measurement *m,
		       char uncounted[200])
{
	int on_floor = p->s->who->floor;
	const char *said = !p->shared ? "" : on_floor ? p->shared->floor.why
						      : p->shared->result.why;

	doing_is(p->s->who->name, "stops");
	if (p->client)
		end_client(p);
	if (p->serves)
		server_stop(&p->server);
	if ((*p->why || p->status) && p->s->who->outside && !measure_stop)
		outside_ended(&p->running, p->why);
	if (p->s->who->outside)
		end_outside(p);
	if (!*p->why && p->status)
		snprintf(p->why, 300, "%s", *said ? said : measure_stop ?
			 "stopped" : "the client was killed, or its time ran out");
	if (!*p->why && on_floor)
		add_up_floor(p, m);
	else if (!*p->why)
		add_up(p, m);
	if (!*p->why && p->s->who->wrong && p->shared->result.wrong)
		snprintf(p->s->who->wrong, 100, "%s",
			 p->shared->result.wrong_text);
	if (!*p->why && *p->shared->result.uncounted)
		strcpy(uncounted, p->shared->result.uncounted);
	if (p->serves)
		server_free(&p->server);
	if (p->shared)
		munmap(p->shared, sizeof(*p->shared));
}

/* All turns but the first, in which connections are made, took too long: with a
   slow server each slice lasts until every connection had an answer. */
static int is_late(const struct load *l, int n, long long began)
{
	return now_ns() - began > 1000000LL * n * (l->warm_ms +
						   TOO_LONG * l->run_ms);
}

/* One to connect, the slices, and one to count the calls. */
static void take_turns(struct player *players, int n, unsigned slices)
{
	const struct load *l = &players->s->load;
	long long began = 0;
	int order[n];
	char byte = TURN_SLICE;

	for (int i = 0; i < n; i++)
		order[i] = i;
	for (unsigned t = 0; byte != TURN_LAST && t < slices + 2 &&
	     !measure_stop; t++) {
		began = t == 1 ? now_ns() : began;
		if (t > slices || (t > FEWEST_SLICES && is_late(l, n, began)))
			byte = TURN_LAST;
		shuffle(order, n, &stat_seed);
		for (int i = 0; i < n && !measure_stop; i++)
			give_turn(&players[order[i]], byte);
	}
	for (int i = 0; i < n && measure_stop; i++)
		if (players[i].client)
			kill(players[i].client, SIGKILL);
}

static void servers_together(const struct setup *s, int n,
			     struct measurement *m, char (*why)[300],
			     char uncounted[200])
{
	struct player *players = calloc(n, sizeof(*players));
	unsigned slices = SLICES;

	for (int i = 0; i < n; i++) {
		snprintf(why[i], 300, "no memory");
		if (measure_slices(&s[i].load) < slices)
			slices = measure_slices(&s[i].load);
	}
	if (!players)
		return;
	for (int i = 0; i < n; i++)
		begin_player(&players[i], &s[i], slices, why[i]);
	take_turns(players, n, slices);
	for (int i = 0; i < n; i++)
		end_player(&players[i], &m[i], uncounted);
	free(players);
}

void measure_together(const struct setup *s, int n, struct measurement *m,
		      char (*why)[300], char uncounted[200])
{
	struct moment moments[2];
	double spin_us = s->load.kind == LOAD_FILE ? spin() : 0;


	for (int i = 0; i < n; i++)
		m[i] = (struct measurement){ 0 };
	look(&moments[0], s);
	(s->load.kind == LOAD_FILE ? files_together : servers_together)
		(s, n, m, why, uncounted);
	look(&moments[1], s);
	for (int i = 0; i < n; i++) {
		m[i].steal = steal(moments);
		m[i].others = others(moments);
		if (s->load.kind == LOAD_FILE)
			m[i].spin_us = spin_us;
	}
}

static int measure_file(const struct setup *s, struct measurement *m,
			char why[300], char uncounted[200])
{
	struct moment moments[2];
	double spin_us = spin();
	int err;

	look(&moments[0], s);
	err = files_measure(s, m, why, uncounted);
	look(&moments[1], s);
	m->spin_us = spin_us;
	m->steal = steal(moments);
	m->others = others(moments);
	return err;
}

int measure(const struct setup *s, struct measurement *m, char why[300],
	    char uncounted[200])
{
	char text[1][300];

	*m = (struct measurement){ 0 };
	*why = 0;
	if (s->load.kind == LOAD_FILE)
		return measure_file(s, m, why, uncounted);
	measure_together(s, 1, m, text, uncounted);
	strcpy(why, text[0]);
	return *why ? -1 : 0;
}

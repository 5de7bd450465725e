/* SPDX-License-Identifier: MIT */
/*
 * finding_lost.c - what is lost although no call of consequence fails
 *
 * A flag or an event tells it (MSG_CTRUNC, MSG_TRUNC, IN_Q_OVERFLOW), the program
 * ignores a failure (READY=1 to the service manager), or a message goes where
 * nobody expects it: into the file that took the number of stderr.
 */
#include <ctype.h>
#include "finding_look.h"

static const struct about
descriptors_lost = { "descriptors-lost", SEVERITY_FAULT,
	"descriptors were sent, and did not arrive",
	"The control buffer of recvmsg has no room for all descriptors of the "
	"message (SCM_RIGHTS): the kernel drops the rest and sets MSG_CTRUNC.",
	"Make msg_control larger (CMSG_SPACE of as many descriptors as the "
	"sender sends), and look at MSG_CTRUNC; EMFILE has the same effect, so "
	"look at RLIMIT_NOFILE, too.", NULL },
message_cut = { "message-cut", SEVERITY_NOTE,
	"a datagram was larger than the buffer",
	"recvmsg copies as much as there is room for, sets MSG_TRUNC, and the "
	"rest of the datagram is lost.",
	"Make the buffer larger, or ask for the size first (MSG_PEEK with "
	"MSG_TRUNC).", "Only the beginning is of interest." },
events_lost = { "inotify-overflow", SEVERITY_FAULT,
	"events of inotify were lost",
	"More events came than fs.inotify.max_queued_events allows (16384 by "
	"default) before the program read them: the kernel drops the others and "
	"adds one with IN_Q_OVERFLOW, whose descriptor is -1.",
	"Look at all watched directories again after IN_Q_OVERFLOW; read sooner "
	"and more at once, or raise fs.inotify.max_queued_events.", NULL },
not_notified = { "notify-failed", SEVERITY_FAULT,
	"the service manager does not learn that the service is ready",
	"READY=1 did not reach the socket of $NOTIFY_SOCKET. With Type=notify "
	"systemd goes on waiting, and ends the service after TimeoutStartSec.",
	"Make the socket reachable from where the program runs (a container or "
	"a chroot needs it mounted; NotifyAccess= must allow the process), or "
	"use another Type=.", "No service manager waits for this program." },
into_file = { "stdio-reused", SEVERITY_FAULT,
	"messages are written into a data file",
	"The program closed a standard descriptor, or was started without it, "
	"and the next open got its number: what is printed there goes into that "
	"file and overwrites it.",
	"Open /dev/null for 0, 1 and 2 instead of closing them, before anything "
	"else is opened.", NULL };

static void control_cut(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;
	const char *flags = slice_find(l->args, "msg_flags=");
	struct slice rest = flags ? slice_of(flags, l->args.at + l->args.len)
				  : (struct slice){ l->args.at, 0 };
	struct finding *d;
	char name[128];
	const char *end;

	rest.len = rest.len ? (size_t)((end = memchr(rest.at, '}', rest.len))
				       ? end - rest.at : 0) : 0;
	if (slice_find(rest, "MSG_CTRUNC") && slice_find(l->args, "SCM_RIGHTS")) {
		d = finding_add(f, &descriptors_lost, st->task->process->pid, 1,
				0);
		finding_line(d, st->event->first);
		finding_subject(d, st->file);
		finding_says(d, "recvmsg on %s got %lu message%s with more "
			     "descriptors than its control buffer has room for "
			     "(MSG_CTRUNC): the others are lost",
			     file_text_as(st->file, st->fd, name, sizeof(name)),
			     d->count, d->count == 1 ? "" : "s");
		d->told = d->count;
	} else if (slice_find(rest, "MSG_TRUNC") && st->bytes > 0 &&
		   !only_looks(st) && st->file &&
		   st->file->kind != FILE_NETLINK) {
		d = finding_add(f, &message_cut, st->task->process->pid, 1, 0);
		finding_line(d, st->event->first);
		finding_subject(d, st->file);
		finding_says(d, "recvmsg on %s cut a datagram after %lld byte%s "
			     "(MSG_TRUNC)", file_text_as(st->file, st->fd, name,
							sizeof(name)),
			     st->bytes, st->bytes == 1 ? "" : "s");
	}
}

/* struct inotify_event: wd, mask, cookie, len, and len bytes of a name */
static int has_overflow(struct slice shown)
{
	enum { HEAD = 16, Q_OVERFLOW = 0x4000 };
	unsigned char data[4096];
	size_t n = shown_bytes(shown, data, sizeof(data)), i = 0;
	uint32_t head[HEAD / 4];

	for (; i + 8 <= n; i += HEAD + head[3]) {
		memset(head, 0, sizeof(head));
		memcpy(head, data + i, n - i < HEAD ? n - i : HEAD);
		if (head[0] == UINT32_MAX && head[1] & Q_OVERFLOW)
			return 1;
		if (head[3] > sizeof(data))
			break;
	}
	return 0;
}

static void queue_over(struct findings *f, const struct step *st)
{
	struct finding *d;
	char name[128];

	if (!has_overflow(st->event->line->args))
		return;
	d = finding_add(f, &events_lost, st->task->process->pid, 1, 0);
	finding_line(d, st->event->first);
	finding_subject(d, st->file);
	finding_says(d, "The queue of inotify %s overflowed %lu time%s "
		     "(IN_Q_OVERFLOW): events were lost",
		     file_text_as(st->file, st->fd, name, sizeof(name)), d->count,
		     d->count == 1 ? "" : "s");
	d->told = d->count;
}

/* READY=1 to the socket of a service manager */
static void notifies(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;
	const char *path = slice_find(l->args, "sun_path="), *end;
	struct slice to = { "its socket", 10 };
	struct finding *d;

	if (!slice_find(l->args, "\"READY=1"))
		return;
	if (st->bytes >= 0 && !l->error.len) {
		finding_drop(f, "notify-failed", st->task->process->pid);
		return;
	}
	if (!l->error.len || slice_is(l->error, "EAGAIN") ||
	    slice_is(l->error, "EINTR"))
		return;
	if (path) {
		to = slice_of(path + 9, l->args.at + l->args.len);
		end = memchr(to.at, '}', to.len);
		to.len = end ? (size_t)(end - to.at) : to.len;
	}
	d = finding_add(f, &not_notified, st->task->process->pid, 1, 0);
	finding_line(d, st->event->first);
	finding_says(d, "%s sends READY=1 to the service manager, but %.*s to %.*s "
		     "failed with %.*s", task_name(st->task), (int)l->name.len,
		     l->name.at, (int)(to.len < 120 ? to.len : 120), to.at,
		     (int)l->error.len, l->error.at);
}

static int is_message(struct slice args)
{
	enum { SHORT = 6 };
	unsigned char data[40];
	size_t n = shown_bytes(args, data, sizeof(data));

	for (size_t i = 0; i < n; i++)
		if (!isprint(data[i]) && data[i] != '\n' && data[i] != '\t' &&
		    data[i] != '\033')
			return 0;
	return n >= SHORT && memchr(data, ' ', n);
}

/* A file of which parts are read and written anywhere, with stderr's number */
static void prints(struct findings *f, const struct step *st)
{
	struct use *u = file_use(st->file);
	enum call c = st->event->call;
	struct finding *d;

	if (c == CALL_PREAD || c == CALL_PWRITE || c == CALL_PWRITEV)
		u->placed = 1;
	else if (c == CALL_WRITE && is_message(st->event->line->args))
		u->printed_line = st->event->first;
	else
		return;
	if (!u->placed || !u->printed_line || u->printed_told)
		return;
	u->printed_told = 1;
	d = finding_add(f, &into_file, st->task->process->pid, 1, 0);
	finding_line(d, st->file->opened);
	finding_line(d, u->printed_line);
	finding_subject(d, st->file);
	finding_says(d, "Descriptor %d (%s) is %s, which was opened after the "
		     "number was closed (line %lu), and a message is written "
		     "into it (line %lu)", st->fd, st->fd == 1 ? "stdout" :
		     "stderr", st->file->name ? st->file->name : "a data file",
		     st->file->opened, u->printed_line);
}

void lost_note(struct findings *f, struct step *st)
{
	struct file *file = st->file;

	switch (st->event->call) {
	case CALL_RECVMSG:
		control_cut(f, st);
		break;
	case CALL_SENDMSG:
	case CALL_SENDTO:
		notifies(f, st);
		break;
	case CALL_READ:
		if (file && file->kind == FILE_INOTIFY && st->bytes > 0)
			queue_over(f, st);
		break;
	case CALL_WRITE:
	case CALL_PWRITE:
	case CALL_PWRITEV:
	case CALL_PREAD:
		if ((st->fd == 1 || st->fd == 2) && file && file->fd == st->fd &&
		    !file->assumed && file->opened && st->bytes > 0)
			prints(f, st);
		break;
	default:
		break;
	}
}

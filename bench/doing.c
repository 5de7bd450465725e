/* SPDX-License-Identifier: MIT */
/* doing.c - see doing.h */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include "doing.h"

static struct {
	pthread_mutex_t mutex;
	char who[32], what[64];
	int asks;			/* the client says what */
	volatile struct load_now *client;	/* shared with all of them: one
						   at a time has its turn */
} doing = { .mutex = PTHREAD_MUTEX_INITIALIZER };

void doing_is(const char *who, const char *what)
{
	pthread_mutex_lock(&doing.mutex);
	snprintf(doing.who, sizeof(doing.who), "%.30s", who);
	snprintf(doing.what, sizeof(doing.what), "%.60s", what ? what : "");
	doing.asks = !what && doing.client;
	pthread_mutex_unlock(&doing.mutex);
}

volatile struct load_now *doing_client(void)
{
	void *at;

	if (doing.client)
		return doing.client;
	at = mmap(NULL, sizeof(*doing.client), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	doing.client = at == MAP_FAILED ? NULL : at;
	return doing.client;
}

static void client_says(const struct load_now *now, char text[100])
{
	char where[70];

	snprintf(where, sizeof(where), "slice %u of %u, answers: %llu", now->slice,
		 now->slices, now->answers);
	switch (now->stage) {
	case LOAD_CONNECTS:
		snprintf(text, 100, "connects, %u of %u open", now->open,
			 now->all);
		break;
	case LOAD_ASKS:
		snprintf(text, 100, "waits for the first answer of a connection");
		break;
	case LOAD_WARMS:
	case LOAD_RUNS:
		snprintf(text, 100, "%s", where);
		break;
	case LOAD_ENDS:
		snprintf(text, 100, "%s, waits for the last answers", where);
		break;
	case LOAD_COUNTS:
		snprintf(text, 100, "counting system calls");
		break;
	default:
		snprintf(text, 100, "its client starts");
	}
}

void doing_client_says(char text[100])
{
	struct load_now now = { 0 };

	if (doing.client)
		now = *doing.client;
	client_says(&now, text);
}

void doing_says(char text[200])
{
	char what[100];

	pthread_mutex_lock(&doing.mutex);
	snprintf(what, sizeof(what), "%s", doing.what);
	if (doing.asks)
		doing_client_says(what);
	snprintf(text, 200, "%s%s%s", doing.who, *doing.who && *what ? ": " : "",
		 what);
	pthread_mutex_unlock(&doing.mutex);
}

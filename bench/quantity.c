/* SPDX-License-Identifier: MIT */
/*
 * quantity.c - what each measurement has: its numbers by name, and its end
 */
#include "measure.h"

volatile sig_atomic_t measure_stop;

#define QUANTITY(name) { #name, offsetof(struct measurement, name) }

const struct quantity quantities[] = {
	QUANTITY(rate), QUANTITY(mean), QUANTITY(p50), QUANTITY(p99), QUANTITY(p999),
	QUANTITY(max), QUANTITY(server_us), QUANTITY(client_us),
	QUANTITY(user_us), QUANTITY(kernel_us), QUANTITY(calls),
	QUANTITY(voluntary), QUANTITY(involuntary), QUANTITY(peak_kib),
	QUANTITY(threads), QUANTITY(lost), QUANTITY(wrong),
	QUANTITY(again), QUANTITY(no_room), QUANTITY(processes), QUANTITY(bytes), QUANTITY(busy_server),
	QUANTITY(busy_client), QUANTITY(steal), QUANTITY(others),
	QUANTITY(disturbed), QUANTITY(spin_us),
	{ .name = NULL }
};

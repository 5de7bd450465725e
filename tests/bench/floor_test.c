/* SPDX-License-Identifier: MIT */
/*
 * floor_test.c - the floor of an echo's cost: bench/floor.c (with libc)
 */
#include "../../bench/floor.h"
#include "tap.h"

static void run(enum floor_kind kind, unsigned pairs, unsigned size)
{
	struct floor f = {
		.kind = kind, .pairs = pairs, .size = size, .run_ms = 20,
		.slices = 4,
	};
	struct floor_result r = { "" };

	if (floor_run(&f, &r))
		FAIL("%u of %u bytes: %s", pairs, size, r.why);
	EXPECT_GT(r.echoes, 0);
	EXPECT_EQ(0, r.echoes % pairs);
	EXPECT_TRUE(r.cpu_us > 0 && r.wall_us > 0);
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(r.slices[i].server_us > 0);
}

/* What fits the sockets' memory, and what does not, comes through. */
TEST(tcp)
{
	run(FLOOR_TCP, 1, 1);
	run(FLOOR_TCP, 128, 64);
	run(FLOOR_TCP, 16, 16 << 10);
	run(FLOOR_TCP, 1, 8 << 20);
}

TEST(unix_stream)
{
	run(FLOOR_UNIX, 1, 1);
	run(FLOOR_UNIX, 128, 64);
	run(FLOOR_UNIX, 16, 16 << 10);
	run(FLOOR_UNIX, 1, 8 << 20);
}

TEST(udp)
{
	run(FLOOR_UDP, 1, 1);
	run(FLOOR_UDP, 128, 64);
	run(FLOOR_UDP, 16, 16 << 10);
}

static long open_now(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* Out of descriptors it says so and leaves none open; likewise too long. */
TEST(says_what_failed)
{
	struct floor f = { .pairs = 100, .size = 64, .run_ms = 20 };
	struct floor_result r = { "" };
	struct rlimit few = { 64, 64 };
	int before = open_now();

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	for (f.kind = FLOOR_TCP; f.kind <= FLOOR_UNIX; f.kind++) {
		EXPECT_EQ(-1, floor_run(&f, &r));
		EXPECT_TRUE(strstr(r.why, "ulimit -n"));
		EXPECT_EQ(before, open_now());
	}
	f = (struct floor){
		.kind = FLOOR_UDP, .pairs = 1, .size = 70000, .run_ms = 20,
	};
	EXPECT_EQ(-1, floor_run(&f, &r));
	EXPECT_TRUE(strstr(r.why, "Message too long"));
	EXPECT_EQ(before, open_now());
}

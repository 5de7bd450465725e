#!/bin/sh
# SPDX-License-Identifier: MIT
#
# compare_test.sh - iomodels compare: what it says, keeps and leaves behind

. "$(dirname "$0")"/comparing.sh

refuses 'epol: no such server; did you mean epoll' epol
refuses 'uring_file is a file job, not a server' epoll uring_file
refuses 'epoll reads no file' --files epoll
refuses "expected fio:ENGINE" fio
refuses 'expected -hot, -cold or -direct' -w file-warm
refuses 'only one of' --standard --files
refuses 'web: a workload begins with' -w web
refuses 'tcp-x1: expected -cN' -w tcp-x1
refuses 'expected -o DIR' --resume
refuses 'same, two or both' --layout three
refuses 'two folders with results' --agree here
refuses 'here/results.jsonl: No such file' --agree here there
refuses 'has its own servers' --standard poll
refuses 'reply-k9999999: expected a request' -w reply-k9999999
refuses 'answer is for the workload bytes' --answer foo
refuses 'path is for the workload http' --path /x
refuses 'sink-k1: expected -cN, -sN, -wN or -iN, as in' -w sink-k1
refuses 'expected a percentage' --equal much
refuses 'expected a time' --until-decided later
refuses 'expected a time' --until-decided nan

# --fd: the server itself refuses what is not a listening socket.
"${iomodels%iomodels}"models/epoll --fd 77 >out 2>err
[ $? = 1 ] && [ "$(cat err)" = "epoll: --fd 77: EBADF: expected the\
 descriptor of a listening socket" ]
ok $? "refuses a descriptor that is not open"
"${iomodels%iomodels}"models/epoll --fd 5 5<err >out 2>err2
[ $? = 1 ] && grep -q 'fd 5: ENOTSOCK' err2
ok $? "refuses a file for a socket"

# A whole comparison: one row per server, the base twice, and one line per measurement.
few="-t 0.05 -r 2 -w tcp-c1,tcp-c4 poll"
"$iomodels" compare $few -o kept >out 2>err &&
	[ "$(wc -l <kept/results.jsonl)" = 13 ] &&
	[ "$(grep -c '^  poll .* too few ' out)" = 2 ] &&
	[ "$(grep -c '^  (the base again)' out)" = 2 ] &&
	tr '\n' ' ' <out | grep -q 'not the quotient of two figures of this table'
ok $? "compares"
grep -q '^2 repetitions give no verdict: a verdict .* needs 9 (-r 9)\.$' out
ok $? "says how many repetitions a verdict needs"
# Its date, rows and words, without the command; figures are kept to six digits.
# Where calls cannot be counted, compare says why.
shape='4d; /not counted/,/^$/{/^$/!d}; 2,$s/[0-9.]//g; s/  */ /g'
sed "$shape" out >first

# The same as JSON, and as a page; with gnuplot it has plots.
"$iomodels" compare $few -o kept --resume --json >out 2>err &&
	[ "$(grep -c '"rate_ratio": {' out)" = 6 ] &&
	[ "$(grep -c '"repetitions": 2' out)" = 12 ] &&
	grep -q 'TCP echo, 4 connections' kept/report.html
ok $? "prints JSON, and makes a page"
if command -v python3 >/dev/null; then
	python3 -c 'import json, sys; json.load(sys.stdin)' <out 2>err2
	ok $? "the JSON can be read"
fi
if command -v gnuplot >/dev/null; then
	[ "$(grep -c 'data:image/svg+xml,%3csvg\|data:image/svg+xml,%3c?xml' \
		kept/report.html)" -gt 3 ] && ! grep -q gnuplot err
	ok $? "the page has plots"
else
	grep -q 'without plots: gnuplot is not installed' err
	ok $? "reports that the page is without plots"
fi
"$iomodels" compare $few -o kept --resume --markdown >out 2>err &&
	[ "$(grep -c '^| poll | [*0-9]' out)" -ge 2 ] &&
	[ "$(grep -c '^| poll | ' out)" = 3 ]
ok $? "prints Markdown"

# Root counts calls where nobody has mounted tracefs, and leaves it so.
"$iomodels" compare -t 0.02 -r 1 -w tcp-c1 poll >out 2>err
if [ "$(id -u)" = 0 ] && unshare -m true 2>err && ! grep -q 'not counted' out
then
	unshare -m sh -c 'umount /sys/kernel/tracing 2>/dev/null
		"$0" compare -t 0.02 -r 1 -w tcp-c1 poll >out 2>err &&
		! grep -q "not counted" out &&
		[ ! -e /sys/kernel/tracing/events ]' "$iomodels"
	ok $? "mounts tracefs for itself"
fi

# Without root, compare says what keeps calls from being counted: tracefs, for
# root; that there is none; or, with the tracepoint's number there, the sysctl.
short='compare -t 0.02 -r 1 -w tcp-c1 poll'
tracefs=/sys/kernel/tracing
id=$tracefs/events/raw_syscalls/sys_enter/id
if [ "$(id -u)" = 0 ] && [ -r $id ] && ! $nobody test -r $id 2>err &&
	$nobody test -x "$iomodels" && unshare -m true 2>err
then
	$nobody "$iomodels" $short >out 2>err &&
		tr '\n' ' ' <out |
		grep -q 'not counted: .*not read (Permission denied); run it as root '
	ok $? "says that tracefs is for root"
	unshare -m sh -c "mount -t tmpfs none $tracefs && exec \"\$@\"" - \
		$nobody "$iomodels" $short >out 2>err &&
		tr '\n' ' ' <out |
		grep -q 'not counted: no tracefs is mounted; as root, m'
	ok $? "says that there is no tracefs"
	if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -gt 1 ]; then
		cat $id >number
		unshare -m sh -c "mount -t tmpfs -o mode=755 none $tracefs &&
			mkdir -p ${id%/id} && cat number >$id &&
			exec \"\$@\"" - $nobody "$iomodels" $short >out 2>err &&
			tr '\n' ' ' <out |
			grep -q 'not counted: perf_event_open: .*oid=1 '
		ok $? "says that perf_event_paranoid forbids it"
	fi
fi

# Two runs that ought to rank alike; two repetitions rank nothing.
refuses 'in both folders, two servers with 9 repetitions that can' --agree kept kept
"$iomodels" compare -t 0.02 -r 9 -w tcp-c1 poll -o five >out 2>err &&
	"$iomodels" compare --agree five five >out 2>err &&
	grep -q 'tcp-c1-s64 .*cpu us .* 1 of 1$' out
ok $? "agrees with itself"

# File jobs, in the same way; the file leaves no name behind.  In
# memory no file is cold, and compare says so.
rows=15 workloads=2 status=0 said='report.html has the plots\|gnuplot is not installed'
[ "$(stat -f -c %T .)" = tmpfs ] &&
	rows=9 workloads=1 status=1 said='cold-random-q4: .*this folder is in memory'
"$iomodels" compare --base file_blocking uring_file:batch=1 uring_file \
	-w file-q1,file-cold-q4 -t 0.02 -r 2 --file-size 4 -o files >out 2>err
[ $? = $status ] && [ "$(wc -l <files/results.jsonl)" = $rows ] &&
	[ "$(grep -c '^  uring_file:batch=1 .*[0-9]' out)" = $workloads ] &&
	[ "$(grep -c 'file_blocking .*left out: has one read' out)" = 0 ] &&
	grep -q 'reads of 4 KiB, in the page cache, random, 1 in flight' out &&
	grep -q '^on one processor, one after the other; 2 rep' out &&
	grep -q "$said" err &&
	! ls | grep -q iomodels-file
ok $? "compares file jobs"

# With O_DIRECT in turns: eight of 20 ms here, and a rate of each.
name="compares file jobs with O_DIRECT in turns"
if [ "$(stat -f -c %T .)" = tmpfs ] ||
	! dd if=/dev/zero of=d bs=4096 count=1 oflag=direct 2>/dev/null; then
	n=$((n + 1))
	echo "ok $n $name # SKIP no O_DIRECT in $dir"
else
	"$iomodels" compare --base native_aio uring_file -w file-direct-q4 \
		-t 0.16 -r 1 --file-size 4 -o direct >out 2>err &&
		[ "$(grep -cE '"rates":\[([0-9.e+]+,){7}[0-9.e+]+\]' \
			direct/results.jsonl)" = 3 ] &&
		grep -q '^on one processor, in turns; 1 rep' out
	ok $? "$name"
fi

# A folder that holds results is not written over.
"$iomodels" compare $few -o kept >out 2>err
[ $? = 1 ] && grep -q 'exists already; continue it with --resume' err && [ ! -s out ]
ok $? "keeps what is there"

# Resumed with everything there, nothing is measured again, and the table is
# the same; with half of it, the other half is.
"$iomodels" compare $few -o kept --resume >out 2>err &&
	[ "$(wc -l <kept/results.jsonl)" = 13 ] &&
	sed "$shape" out | diff first - >err
ok $? "resumes what is complete"
head -n 7 kept/results.jsonl >half && mv half kept/results.jsonl
"$iomodels" compare $few -o kept --resume >out 2>err &&
	[ "$(wc -l <kept/results.jsonl)" = 13 ] &&
	[ "$(cut -d, -f1-5 kept/results.jsonl | sort -u | wc -l)" = 13 ]
ok $? "resumes what was cut"

# Cut within a line, a repetition is measured again as a whole.
truncate -s -9 kept/results.jsonl
"$iomodels" compare $few -o kept --resume >out 2>err &&
	[ "$(wc -l <kept/results.jsonl)" = 16 ] &&
	[ "$(grep -c '}$' kept/results.jsonl)" = 15 ] &&
	[ "$(grep -c '^  poll .*[0-9]' out)" = 2 ]
ok $? "resumes what was cut within a line"
"$iomodels" compare -t 0.06 -r 2 -w tcp-c1 poll -o kept --resume >out 2>err
[ $? = 1 ] && grep -q 'a run of another machine, base or duration' err
ok $? "does not resume another comparison"

# A disk that fills up ends it at once, with one line.
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	mkdir full
	unshare -m sh -c 'mount -t tmpfs -o size=4k none full &&
		exec "$0" compare -t 0.02 -r 101 -w tcp-c1 poll -o full' \
		"$iomodels" >out 2>err
	[ $? = 1 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] &&
		grep -q 'results.jsonl: No space left on device; --resume continues' err
	ok $? "ends when the disk is full"
	unshare -m sh -c 'mount -t tmpfs -o size=12k none full &&
		exec "$0" compare -t 0.02 -r 3 -w tcp-c1 poll -o full' \
		"$iomodels" >out 2>err
	[ $? = 1 ] && grep -q '^  poll .*[0-9]' out && [ "$(wc -l <err)" = 1 ] &&
		grep -q 'full/report.html: No space left' err
	ok $? "fails when there is no room for the page"
fi

# Compare says what a contender cannot do, and the others go on.
"$iomodels" compare -t 0.05 -r 1 -w tcp-c4 blocking_loop poll >out 2>err &&
	grep -q 'blocking_loop .*left out: serves one connection at a time' out &&
	grep -q '^  poll .*[0-9]' out
ok $? "says what is left out"

# A peer that does not start is an error before anything is measured.
"$iomodels" compare -t 0.05 -r 1 -w tcp-c4 poll --peer '/nowhere/else 1' \
	--peer /bin/false --start 'sh -c "exit 3"' --ready 7777 -o unborn >out 2>err
[ $? = 1 ] && [ ! -s out ] && [ ! -e unborn/results.jsonl ] &&
	grep -q 'compare: else: .*/nowhere/else: No such file' err &&
	grep -q 'compare: false: .*ended with exit status 1' err &&
	{ [ "$(id -u)" != 0 ] || grep -q 'sh: it ended with exit status 3' err; }
ok $? "a peer that does not start is an error"

# Both layouts, each with its noise.
if [ "$(nproc)" -gt 1 ]; then
	"$iomodels" compare -t 0.02 -r 2 -w tcp-c1 poll --layout both >out \
		2>err && grep -q '^on one processor, in turns; .* noise' out &&
		grep -q '^each on its own processor, in turns; .* noise' out
	ok $? "measures on one processor and on two"
fi

# Streams one way, and work for each message; a curve of the work.
"$iomodels" compare -t 0.02 -r 1 -w reply-c2-k2,reply-c2-k0,sink-c1,source-c1 \
	poll floor -o curve >out 2>err &&
	grep -q '^  floor .*left out: has no service reply' out &&
	grep -q '^  thousand steps of work *0 *2$' out &&
	[ "$(grep -c ' GiB/s, ' out)" = 6 ] && grep -q work-reply-c2 curve/plots.gp
ok $? "measures streams and work"

# There is nothing to go on with, and no folder is made for it.
"$iomodels" compare -t 0.05 -r 1 -w tcp-c4 poll -o none --resume >out 2>err
[ $? = 1 ] && grep -q 'none/results.jsonl: No such file' err && [ ! -e none ]
ok $? "does not resume nothing"
mkdir none
"$iomodels" compare -t 0.05 -r 1 -w tcp-c4 poll -o none --resume >out 2>err
[ $? = 1 ] && grep -q 'none/results.jsonl: No such file' err && rmdir none
ok $? "does not resume an empty folder"

# --peer takes any server with our command line: here, one of ours.
"$iomodels" compare -t 0.05 -r 1 -w tcp-c4 epoll \
	--peer "${iomodels%iomodels}models/poll --max-message 5" >out 2>err &&
	grep -q '^  poll .*[0-9]' out
ok $? "takes any command"

# Two of one program have names of their own, in results, too; only they and the
# base are measured; and the command can be typed again.
"$iomodels" compare -t 0.02 -r 9 -w tcp-c4 -o named \
	--peer "$models/poll --max-message 5" \
	--peer "$models/poll --max-message 6" >out 2>err &&
	grep -q '^  poll --max-message 5 .*[0-9]' out &&
	grep -q '^  poll --max-message 6 .*[0-9]' out &&
	[ "$(grep -c '^  [a-z(].*[0-9]' out)" -lt 12 ] &&
	! grep -q '^  callback' out &&
	grep -q "^iomodels compare .*--peer '$models/poll --max-message 6'" out &&
	"$iomodels" compare --agree named named >out 2>err &&
	grep -q ' of 2$' out
ok $? "tells two peers of one program apart"
sed -i '1s/"poll --max-message 5":"./"poll --max-message 5":"x/' named/results.jsonl
"$iomodels" compare -t 0.02 -r 9 -w tcp-c4 -o named --resume \
	--peer "$models/poll --max-message 5" \
	--peer "$models/poll --max-message 6" >out 2>err
[ $? = 1 ] && grep -q 'poll --max-message 5 has been built again' err
ok $? "does not go on with another build"

# Nor with another command or request of the same name.
"$iomodels" compare -t 0.02 -r 1 -w line-c1 -o same --start \
	"$models/epoll --service echo --port {port}" >out 2>err &&
	"$iomodels" compare -t 0.02 -r 2 -w line-c1,line-c2 -o same --resume --start \
		"$models/epoll --service echo --port {port}" >out 2>err &&
	[ "$(wc -l <same/results.jsonl)" = 9 ]
ok $? "goes on with the same command"
"$iomodels" compare -t 0.02 -r 2 -w line-c1 -o same --resume --start \
	"$models/epoll --service echo --port {port} --max-message 9" >out 2>err
[ $? = 1 ] && grep -q 'epoll has got another command or address since' err
ok $? "does not go on with another command"
printf 'a\n' >request
"$iomodels" compare -t 0.02 -r 1 -w bytes-c1 -o bytes --request request \
	--answer length:2 --start "$models/epoll --service echo --port {port}" \
	>out 2>err && printf 'b\n' >request &&
	! "$iomodels" compare -t 0.02 -r 2 -w bytes-c1 -o bytes --resume \
		--request request --answer length:2 --start \
		"$models/epoll --service echo --port {port}" >out 2>err &&
	grep -q 'it holds bytes-c1 with another request or --answer' err
ok $? "does not go on with another request"

# Nor where a run that was resumed brought the command or the request.
"$iomodels" compare -t 0.02 -r 1 -w line-c1,bytes-c1 -o same --resume \
	--request request --answer length:2 \
	--start "$models/epoll --service echo --port {port}" \
	--start "$models/poll --service echo --port {port}" >out 2>err &&
	[ "$(grep -c '"builds"' same/results.jsonl)" = 2 ] &&
	! "$iomodels" compare -t 0.02 -r 2 -w line-c1 -o same --resume \
		--start "$models/epoll --service echo --port {port}" --start \
		"$models/poll --service echo --port {port} --max-message 9" \
		>out 2>err &&
	grep -q 'poll has got another command or address since' err &&
	printf 'c\n' >request &&
	! "$iomodels" compare -t 0.02 -r 2 -w bytes-c1 -o same --resume \
		--request request --answer length:2 \
		--start "$models/epoll --service echo --port {port}" >out 2>err &&
	grep -q 'it holds bytes-c1 with another request or --answer' err
ok $? "does not go on with another command than that of a resumed run"
ln -s "$models/epoll" line
"$iomodels" compare -t 0.02 -r 1 -w tcp-c1 -o line-run \
	--start './line --service echo --port {port}' >out 2>err &&
	"$iomodels" compare -t 0.02 -r 1 -w tcp-c1,line-c1 -o line-run --resume \
		--start './line --service echo --port {port}' >out 2>err
ok $? "tells a server from a request of its name"

# On a terminal: which server, which repetition, and what it waits for.
if command -v script >/dev/null; then
	script -qec "$iomodels compare -t 0.02 -r 1 -w tcp-c1 poll" typescript \
		>out 2>err </dev/null
	grep -q '0 of 3: tcp-c1-s64, repetition 1 of 1' typescript
	ok $? "shows which repetition it measures"
	script -qec "$iomodels compare -t 0.02 -r 1 -w line-c1 --start \
		'sleep {port}'" typescript >out 2>err </dev/null
	grep -q 'try of each server: sleep: starts, does not listen yet, for [0-9]' \
		typescript &&
		grep -q 'sleep: nobody listened on port [0-9]* within 10 s; if it needs longer' \
			typescript
	ok $? "shows what it waits for, and why it ends"
fi

# --until-decided repeats what is undecided: here all, until the time is over.
# A busy machine takes longer for the two repetitions that are made anyway.
for time in 2s 20s 120s; do
	rm -rf until
	"$iomodels" compare -t 0.02 -r 2 -w tcp-c1 poll --equal 0.001 \
		--until-decided $time -o until >out 2>err &&
		[ "$(wc -l <until/results.jsonl)" -gt 7 ] && break
done
ok $? "goes on until it is decided"

# Ctrl-C in the middle: exit 130, what was measured is kept and shown, and no
# process is left.  It is pressed when the first measurements are there.
"$iomodels" compare -t 0.1 -r 100 -w tcp-c1 poll -o stopped >out 2>err &
pid=$!
until grep -q '"repetition":2' stopped/results.jsonl 2>/dev/null; do
	kill -0 $pid 2>/dev/null || break
done
children=$(cat /proc/$pid/task/$pid/children 2>/dev/null)
kill -INT $pid
wait $pid
[ $? = 130 ] && grep -q 'stopped; --resume' err && grep -q '^  epoll' out &&
	! grep -q '(-r 9)' out
ok $? "stops"
left=0
for child in $children; do
	[ ! -e /proc/"$child" ] || left=1
done
ok $left "leaves nothing behind"
"$iomodels" compare -t 30 -r 1 -w tcp-c1 poll >out 2>err &
pid=$!
until [ "$(cat /proc/$pid/task/$pid/children 2>/dev/null)" ]; do
	kill -0 $pid 2>/dev/null || break
done
kill -INT $pid
wait $pid
[ $? = 130 ] && [ ! -s out ] &&
	grep -q 'stopped before a repetition was complete; a run with' err
ok $? "stops before anything is measured"

echo "1..$n"

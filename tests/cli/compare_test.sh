#!/bin/sh
# SPDX-License-Identifier: MIT
#
# compare_test.sh - iomodels compare: what it says, keeps and leaves behind

iomodels=$(realpath "${BUILD:-build}"/iomodels)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
# Built with ASAN=1, what it leaks is a failure: no strace follows it here.
export ASAN_OPTIONS=detect_leaks=1
n=0

echo "TAP version 13"

# ok STATUS NAME: a test point, from the status of what ran before.
ok() {
	n=$((n + 1))
	[ "$1" = 0 ] || { sed 's/^/# /' out err; printf 'not '; }
	echo "ok $n $2"
}

# One line on stderr, nothing on stdout, exit 2.
refuses() {
	expected=$1
	shift
	"$iomodels" compare "$@" >out 2>err
	[ $? = 2 ] && [ ! -s out ] && grep -q "$expected" err &&
		[ "$(grep -v ' is left out: not installed' err |
			grep -c 'compare: ')" = 1 ]
	ok $? "refuses: $*"
}
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
nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
short='compare -t 0.02 -r 1 -w tcp-c1 poll'
tracefs=/sys/kernel/tracing
id=$tracefs/events/raw_syscalls/sys_enter/id
chmod 755 .
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
models=${iomodels%iomodels}models
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

# So have servers of one interpreter, in shells' commands, or with an option more.
"$iomodels" compare -t 0.02 -r 1 -w line-c1 --json \
	--start "cd / && $models/epoll --service echo --port {port}" \
	--start "A=1 exec $models/epoll --port {port} --service echo --max-message 9" \
	--start "$models/epoll --service=echo --port {port}" \
	--start "$models/poll --service echo --port {port}" >out 2>err &&
	sed -n 's/^ *"server": "\(.*\)",$/\1/p' out | sort -u >shown &&
	printf '%s\n' 'epoll --max-message 9' 'epoll --service echo' \
		'epoll --service=echo' poll | cmp - shown
ok $? "names servers by what differs"

# Without -w the work is an echo, which most servers do not give.
"$iomodels" compare -t 0.02 -r 1 --start "$models/epoll --port {port}" \
	>out 2>err
[ $? = 1 ] && grep -q 'no echo within 5 s; .*-w http-c16' err
ok $? "says what to do with a server that does not echo"

# An empty argument is not a part of the name.
known=${iomodels%iomodels}tests/bench/known_test
"$iomodels" compare -t 0.02 -r 1 -w line-c1 --json \
	--start "$known --serve work - --unix {socket}" \
	--start "$known --serve work - --unix {socket} --save ''" >out 2>err &&
	sed -n 's/^ *"server": "\(.*\)",$/\1/p' out | sort -u >shown &&
	printf '%s\n' known_test 'known_test --save' | cmp - shown
ok $? "leaves an empty argument out of a name"

# The program is not what only waits for it, nor where its output goes.
"$iomodels" compare -t 0.02 -r 1 -w line-c1 --json \
	--start "$models/epoll --service echo --port {port} & wait" \
	--start "$models/poll --service echo --port {port} >log 2>&1" >out 2>err &&
	sed -n 's/^ *"server": "\(.*\)",$/\1/p' out | sort -u >shown &&
	printf '%s\n' epoll poll | cmp - shown
ok $? "names the program of a shell's line"

# A server in the background ends with the measurement.
IOMODELS_LEFT=$$ "$iomodels" compare -t 0.02 -r 1 -w line-c1 --start \
	"setsid $models/epoll --service echo --port {port} & true" >out 2>err &&
	[ -z "$(grep -lsz "^IOMODELS_LEFT=$$\$" /proc/[0-9]*/environ)" ]
ok $? "ends a server that is in the background"

# One that ends at once is an error at once, whatever its exit status.
"$iomodels" compare -t 0.02 -r 1 -w line-c1 --start 'true {port}' >out 2>err
[ $? = 1 ] && grep -q 'true: it ended with exit status 0 before it lis' err
ok $? "names a server that ends at once"

# Turns end when all slices would take too long: 20 ms for each message here.
"$iomodels" compare -t 0.4 -r 1 -w line-c1 -o slow --start \
	"$known --serve slow - --port {port}" >out 2>err &&
	turns=$(sed -n '2s/.*"rates":\[\([^]]*\)\].*/\1/p' slow/results.jsonl |
		tr ',' '\n' | wc -l) && [ "$turns" -ge 5 ] && [ "$turns" -lt 66 ]
ok $? "takes fewer turns with a slow server"

# Any server as it is: started on a port that is free, and one that runs.
"$iomodels" compare -t 0.02 -r 2 -w tcp-c2 poll \
	--start "$models/epoll_et --service echo --port {port}" >out 2>err &&
	grep -q '^  epoll_et .*[0-9]' out
ok $? "starts any server"
if [ "$(id -u)" = 0 ]; then
	"$iomodels" compare -t 0.02 -r 2 -w line-c2 --ready 7007 \
		--start "$models/epoll_et --service echo --port 7007" \
		>out 2>err
	[ $? = 2 ] && grep -q 'ready 7007: expected after --start' err
	ok $? "a port belongs to a command"
	"$iomodels" compare -t 0.02 -r 2 -w line-c2 --start \
		"$models/epoll_et --service echo --port 7007" --ready 7007 \
		--start "$models/poll --service echo --port 7007" --ready 7007 \
		>out 2>err && grep -q '^  poll .*[0-9]' out &&
		grep -q '^  (the base again) .*[0-9]' out
	ok $? "gives each server a network of its own"
fi
"$models"/epoll --service echo --port 0 2>served &
server=$!
until grep -q serving served; do kill -0 $server || break; done
port=$(sed 's/.*://' served)
"$iomodels" compare -t 0.02 -r 2 -w line-c2 --connect "localhost:$port" \
	>out 2>err && grep -q "^localhost:$port, line-c2: .* messages/s, half" out
ok $? "asks a server that runs"
kill $server
wait $server
"$iomodels" compare -t 0.02 -r 2 -w line-c2 --connect "localhost:$port" \
	>out 2>err
[ $? = 1 ] && grep -q "compare: localhost:$port: connect: Connection refused" err
ok $? "says that nobody is there"
refuses 'expected a server' -w http-c1
refuses 'base epoll: with http-c1 the server of the first --start or --connect is' \
	-w http-c1 --base epoll --connect localhost:80
refuses 'path x: expected a path that begins with /' --path x -w http-c1 --start x
refuses 'expected HOST:PORT or unix:PATH' --connect here -w http
refuses 'expected this machine' --connect 192.0.2.1:80 -w http
refuses 'expected --ready PORT' --start true -w http

# Where no server can have a network of its own, two cannot have one port; the base
# is there twice.
alone='setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin'
[ "$(id -u)" = 0 ] || alone=
if ! $alone unshare -n true 2>/dev/null; then
	$alone "$iomodels" compare -t 0.02 -r 1 -w line-c2 --start \
		"$models/poll --service echo --port 7007" --ready 7007 >out 2>err
	[ $? = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] &&
		grep -q 'on port 7007 (the base runs twice), because servers' err
	ok $? "refuses two servers of one port"
	$alone "$iomodels" compare -t 0.02 -r 1 -w line-c2 --start \
		"$models/epoll --service echo --port {port}" --start \
		"$models/poll --service echo --port 7007" --ready 7007 >out \
		2>err && grep -q '^  poll .*[0-9]' out
	ok $? "takes one server of a port"
fi

# On a Unix socket: a path that is free, also with a short listen queue.
"$iomodels" compare -t 0.02 -r 2 -w line-c4 --start \
	"echo {socket} >>paths; exec $known --serve work - --unix {socket}" --start \
	"$known --serve work - --port {port}" >out 2>err &&
	grep -q '^  known_test --unix .*[0-9]' out &&
	grep -q '^known_test --port is asked over TCP, known_test --unix over a ' out &&
	[ "$(wc -l <paths)" = 5 ] && ! xargs ls <paths >out2 2>&1 &&
	[ "$(grep -c 'No such file' out2)" = 5 ]
ok $? "starts a server on a Unix socket"
truncate -s 16M told
"$iomodels" compare -t 0.05 -r 1 -w http-c16 --start \
	"$known --serve close $dir/told --unix {socket}" >out 2>err &&
	grep -q '^The listen queue of known_test was full for' out &&
	grep -q 'closes after each answer' out
ok $? "measures a short listen queue of a Unix socket"

# The path that a server names itself: each of them has it for a while.  An echo on
# it is the echo of unix.
"$iomodels" compare -t 0.02 -r 2 -w unix-c2 epoll_et \
	--start "$known --serve echo - --unix $dir/own" --ready unix:own \
	--start "$known --serve echo - --unix ./own" --ready "unix:$dir/own" \
	>out 2>err && [ "$(grep -c '^  known_test .*[0-9]' out)" = 2 ] &&
	[ -z "$(ls own* 2>/dev/null)" ]
ok $? "starts servers on one path"
refuses 'known_test listens on a Unix socket, and -w unix-cN measures its echo; no' \
	-w tcp-c1 --start "$known --serve echo - --unix {socket}"
IOMODELS_LEFT=$$ "$iomodels" compare -t 0.02 -r 1 -w unix-c1 --start \
	"$known --serve echo - --unix $dir/own & sleep 60" --ready unix:own >out 2>err &&
	[ -z "$(grep -lsz "^IOMODELS_LEFT=$$\$" /proc/[0-9]*/environ; ls own* \
		2>/dev/null)" ]
ok $? "leaves nothing behind of a server on a path"

# One that runs already, by a link to its socket: its processor time is known.
"$known" --serve work - --unix ./running &
server=$!
ln -s running linked
until [ -S running ]; do kill -0 $server || break; done
"$iomodels" compare -t 0.02 -r 2 -w line-c2 --connect unix:linked --json \
	>out 2>err && grep -q '"server": "linked"' out &&
	grep '"server_us": [1-9]' out >out2 && [ "$(wc -l <out2)" = 2 ]
ok $? "asks a server on a Unix socket"
"$iomodels" compare -t 0.02 -r 1 -w line-c1 --start "$known --serve work - --unix x" \
	--ready unix:running >out 2>err
[ $? = 1 ] && grep -q 'running is already in use' err
ok $? "does not start a server on a path that is in use"

# Process 1 has the sockets of services that it starts; it is not the server.
if [ "$(id -u)" = 0 ] && command -v python3 >/dev/null &&
	unshare -pf --mount-proc true 2>/dev/null
then
	cat >first.py <<'END'
import os, socket, subprocess, sys, threading
listener = socket.socket(socket.AF_UNIX)
listener.bind("activated")
listener.listen(8)
def serve(connection):
	while text := connection.recv(100):
		connection.send(text)
server = os.fork()
while not server:
	threading.Thread(target=serve, args=listener.accept()[:1]).start()
sys.exit(subprocess.run(sys.argv[1:]).returncode)
END
	unshare -pf --mount-proc python3 first.py "$iomodels" compare -t 0.02 -r 1 \
		-w line-c1 --connect unix:activated --json >out 2>err &&
		grep '"processes": 1' out >out2 && [ "$(wc -l <out2)" = 2 ]
	ok $? "process 1 is not the server"
fi

# What is wrong with a path, in one line.
fails() {
	expected=$1
	shift
	"$@" compare -t 0.02 -r 1 -w line-c1 --connect unix:$path >out 2>err
	[ $? = 1 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] &&
		grep -q "$expected" err
	ok $? "says what is wrong: $expected"
}
path=missing fails 'missing: missing: No such file or directory' "$iomodels"
path=told fails 'told: told is not a socket' "$iomodels"
if [ "$(id -u)" = 0 ] && $nobody test -x "$iomodels"; then
	path=linked fails 'linked: linked: Permission denied' $nobody "$iomodels"
fi
kill $server
wait $server
path=running fails 'running: nobody listens on running' "$iomodels"
name=$(printf %0108d 0)
refuses 'this path has 108 bytes; that of a Unix socket has at most 107' \
	-w line-c1 --connect "unix:$name"
refuses 'this path has 104 bytes; that of a Unix socket has at most 103' \
	-w line-c1 --start true --ready "unix:${name#0000}"
refuses 'expected unix:PATH' -w line-c1 --connect unix:
refuses 'expected a percentage' --equal much
refuses 'expected a time' --until-decided later
refuses 'expected a time' --until-decided nan
if command -v python3 >/dev/null; then
	"$iomodels" compare -t 0.02 -r 2 -w http-c2 --path /nothing --start \
		'python3 -m http.server --bind 127.0.0.1 {port}' >out 2>err
	[ $? = 1 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] &&
		grep -q 'compare: python3: all of its answers are wrong (HTTP/1.0 404 File not found)$' err
	ok $? "refuses a server whose answers are all wrong"
	cat >serial.py <<'END'
import sys
from http.server import *
class Handler(SimpleHTTPRequestHandler):
	protocol_version = sys.argv[2]
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
END
	"$iomodels" compare -t 0.02 -r 1 -w http-c16 --start \
		'python3 serial.py {port} HTTP/1.0' >out 2>err &&
		grep -q 'closes after each answer' out &&
		grep -q '^The listen queue of python3 was full for' out
	ok $? "measures a short listen queue, one connection at a time"
	"$iomodels" compare -t 0.02 -r 2 -w http-c4 --start \
		'python3 serial.py {port} HTTP/1.1' >out 2>err
	[ $? = 1 ] && grep -q 'another connection is open and silent' err
	ok $? "names a server that serves one connection at a time"
	"$iomodels" compare -t 0.02 -r 1 -w line-c4 --start \
		'python3 serial.py {port} HTTP/1.0' >out 2>err
	[ $? = 1 ] && grep -q 'than was asked for.*does it serve what' err
	ok $? "says that the work may be another's"
	cat >silent.py <<'END'
import socket, sys
connections = []
family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
listener = socket.create_server((sys.argv[2], int(sys.argv[1])), family=family)
while True:
	connections.append(listener.accept())
END
	"$iomodels" compare -t 0.02 -r 1 -w line-c1 --start \
		'python3 silent.py 0 127.0.0.1' --ready 7010 >out 2>err
	[ $? = 1 ] && grep -q 'port 7010 within 10 s; the server listens on port [0-9]' err
	ok $? "says on which port a server listens instead"
	"$iomodels" compare -t 0.02 -r 1 -w redis-ping-c1 --start \
		'python3 silent.py {port} 127.0.0.1' >out 2>err
	[ $? = 1 ] && grep -q 'no answer within 5 s: does it serve what' err
	ok $? "says that a server does not answer"
	if python3 -c 'import socket; socket.create_server(("::1", 0),
		family=socket.AF_INET6)' 2>/dev/null
	then
		"$iomodels" compare -t 0.02 -r 1 -w line-c1 --start \
			'python3 silent.py {port} ::1' >out 2>err
		[ $? = 1 ] && grep -q 'on port .* not at 127.0.0.1, where com' err
		ok $? "says that a server listens elsewhere"
	fi
	cat >short.py <<'END'
import os, socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
left = 900
def serve(connection):
	global left
	while text := connection.recv(100):
		left -= 1
		if left == 0 and sys.argv[2] == "hang":
			return threading.Event().wait()
		if left == 0 and sys.argv[2] == "exit":
			print("RuntimeError: out of luck", file=sys.stderr, flush=True)
			os._exit(3)
		connection.send(text)
while True:
	threading.Thread(target=serve, args=listener.accept()[:1]).start()
END
	"$iomodels" compare -t 0.1 -r 1 -w line-c4 --start \
		'python3 short.py {port} hang' >out 2>err
	[ $? = 1 ] && grep -q 'no answer for 5 s on 1 of 4 connections$' err
	ok $? "does not guess why one of its connections hangs"
	"$iomodels" compare -t 0.1 -r 1 -w line-c4 --start \
		'python3 short.py {port} exit' >out 2>err
	[ $? = 1 ] && grep -q 'status 3; it wrote: RuntimeError: out of l' err
	ok $? "says what a server wrote before it ended"
	"$iomodels" compare -t 0.1 -r 9 -w line-c4 --start \
		"$models/epoll --service echo --port {port}" --start \
		'python3 short.py {port} exit' >out 2>err
	[ $? = 1 ] && grep -q 'line-c4: python3: the server ended with exit st' err &&
		grep -q '^python3 failed in repetition 1: the server ended wi' out &&
		! grep -q 'no verdict' out
	ok $? "the conclusion says which server ended"
	"$iomodels" compare -t 0.1 -r 1 -w line-c4 --start \
		'python3 short.py {port} exit' --start \
		"$models/epoll --service echo --port {port}" >out 2>err
	[ $? = 1 ] && grep -q '^python3 failed in repetition 1: the server ended wi' out &&
		grep -q '^Nothing is compared: there are no figures of python3, the' out &&
		grep -q ', in turns; .* noise - (rate), - (cpu us)$' out
	ok $? "the conclusion says that the base ended"
	# The base is measured in one repetition, and no other one can be complete.
	cat >once.py <<'END'
import os, sys
starts = os.open("starts", os.O_RDWR | os.O_CREAT | os.O_APPEND)
os.write(starts, b"x")
os.execvp("python3", ["python3", "short.py", sys.argv[1],
	"exit" if os.fstat(starts).st_size > 3 else "serve"])
END
	timeout 60 "$iomodels" compare -t 0.1 -r 1 -w line-c4 --until-decided 1h \
		--start 'python3 once.py {port}' --start \
		"$models/epoll --service echo --port {port}" >out 2>err
	[ $? = 1 ] && grep -q '^python3 failed in repetition [0-9]*: the server en' out
	ok $? "does not wait until it is decided when the base ended"
	cat >deaf.py <<'END'
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(2)
listener.accept()			# to see that it listens
connection = listener.accept()[0]
while True:
	connection.send(connection.recv(100))
END
	"$iomodels" compare -t 0.02 -r 1 -w line-c16 --start \
		'python3 deaf.py {port}' >out 2>err
	[ $? = 1 ] && grep -q 'queue had no room for 5 s; 4 of 16 conn' err
	ok $? "says that a server accepts no more"
fi

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

# One that closes each connection and one that keeps them: both are named.
if command -v python3 >/dev/null; then
	cat >keep.py <<'END'
import sys
from http.server import *
class Handler(SimpleHTTPRequestHandler):
	protocol_version = sys.argv[2]
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
END
	"$iomodels" compare -t 0.02 -r 1 -w http-c2 --start \
		'python3 keep.py {port} HTTP/1.1' --start \
		'python3 keep.py {port} HTTP/1.0' >out 2>err &&
		grep -q '^python3 HTTP/1.0 closes its connections after each' out
	ok $? "says that one server closes its connections"
	"$iomodels" compare -t 0.02 -r 1 -w http-c2 --start \
		'python3 keep.py {port} HTTP/1.0' --start \
		'python3 keep.py {port} HTTP/1.1' --start \
		'python3 keep.py {port} HTTP/1.1 again' >out 2>err &&
		tr '\n' ' ' <out | grep -q 'HTTP/1.0 closes its connections after each answer,.*1.1, .*again keep them open:'
	ok $? "says once that several servers keep their connections"
fi

# Some answers are wrong, or all in one of two workloads: the table shows it, and the
# exit status is 1.  One that is not right at first is asked again.
if command -v python3 >/dev/null; then
	cat >wrong.py <<'END'
import sys, time
from http.server import *
how, began, n = sys.argv[2], time.time(), 0
class Handler(BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"
	def do_GET(self):
		global n
		n += 1
		bad = {"tenth": n % 10 == 0, "never": False,
		       "first": time.time() - began < 0.3}[how]
		self.send_response(503 if bad else 200)
		self.send_header("Content-Length", "0")
		self.end_headers()
	def log_message(self, *args):
		pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
END
	"$iomodels" compare -t 0.1 -r 1 -w http-c2 --start \
		'python3 wrong.py {port} never' --start \
		'python3 wrong.py {port} tenth' >out 2>err
	[ $? = 1 ] && [ "$(wc -l <err)" = 1 ] &&
		grep -q 'compare: http-c2: python3 tenth: [0-9.]*% of the answers are wrong (HTTP/1.1 503 Service' err &&
		grep -q '^  python3 tenth .* errors ' out &&
		tr '\n' ' ' <out | grep -q 'answered is wrong (HTTP/1.1 503 .*), so it is not compared'
	ok $? "fails where answers of a server are wrong"
	"$iomodels" compare -t 0.02 -r 1 -w http-c2 --start \
		'python3 wrong.py {port} first' >out 2>err &&
		[ ! -s err ] && ! grep -q 'wrong (\|answers are wrong' out
	ok $? "waits for the first right answer"
fi

# The folder of our own control group, in which a server can have one.  It has none
# where that would share the processor with us as a group.
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
grouped=
for top in /sys/fs/cgroup /sys/fs/cgroup/unified; do
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null &&
		[ -w "$top$own/cgroup.procs" ] &&
		! grep -qw cpu "$top$own/cgroup.subtree_control" &&
		! grep -qs threaded "$top$own/cgroup.type" && grouped=$top$own
done

# A process for each connection: its processor time counts after its end.  Where the
# kernel does not count that, it is not known.
if command -v python3 >/dev/null; then
	cat >forking.py <<'END'
import sys, time
from http.server import *
from socketserver import ForkingMixIn
class Handler(BaseHTTPRequestHandler):
	def do_GET(self):
		until = time.process_time() + 0.004
		while time.process_time() < until:
			pass
		self.send_response(200)
		self.send_header("Content-Length", "0")
		self.end_headers()
	def log_message(self, *args):
		pass
class Server(ForkingMixIn, HTTPServer):
	request_queue_size = 64
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
END
	for layout in same two; do
		[ $layout = same ] || [ "$(nproc)" -gt 1 ] || continue
		"$iomodels" compare -t 0.2 -r 1 -w http-c2 --layout $layout --json \
			--start 'python3 forking.py {port}' >out 2>err &
		pid=$!
		wait $pid
		us=$(sed -n 's/^ *"server_us": \([0-9.a-z]*\).*/\1/p' out | head -n 1)
		rate=$(sed -n 's/^ *"rate": \([0-9.]*\).*/\1/p' out | head -n 1)
		case $us in
		null) [ -z "$grouped" ] ;;
		# At most the time of two processors.
		*) awk "BEGIN { exit !($us >= 4000 && $us * $rate < 2.2e6) }" ;;
		esac
		ok $? "counts the processor time of processes that ended, layout $layout"
	done
	[ -z "$(ls -d "$grouped"/iomodels.$pid.* 2>/dev/null)" ]
	ok $? "leaves no control group behind"
	chmod 755 "$dir"
	if [ "$(id -u)" = 0 ] && $nobody test -x "$iomodels" &&
		$nobody test -r "$dir"/forking.py
	then
		$nobody "$iomodels" compare -t 0.2 -r 1 -w http-c2 --start \
			"python3 $dir/forking.py {port}" >out 2>err &&
			grep -q 'processor time not known: some of its processes end' out &&
			grep -q '^  python3 .* base  *- 1 ' out
		ok $? "says that this processor time is not known"
	fi
fi

# A control group whose keeper is killed: compare ends it, or the next start of any
# subcommand.  The keeper is the child that has children.
keeper() {
	for child in $(cat /proc/$pid/task/$pid/children 2>/dev/null); do
		[ -z "$(cat /proc/"$child"/task/"$child"/children 2>/dev/null)" ] ||
			echo "$child"
	done
}
# Another keeper than when the first results came: that one is about to end.
new_keeper() { # FOLDER
	until [ -e $1/results.jsonl ]; do
		kill -0 $pid 2>/dev/null || return
	done
	old=$(keeper)
	until [ "$(keeper)" ] && [ "$(keeper)" != "$old" ]; do
		kill -0 $pid 2>/dev/null || return
	done
}
for killed in keeper both; do
	"$iomodels" compare -t 1 -r 5 -w unix-c1 --start \
		"$known --serve echo - --unix {socket}" -o killed.$killed >out 2>err &
	pid=$!
	new_keeper killed.$killed
	until ls /tmp/iomodels-$pid.*; do
		kill -0 $pid 2>/dev/null || break
	done >/dev/null 2>&1
	kill -STOP $pid
	kill -KILL $(keeper)
	[ $killed = keeper ] || kill -KILL $pid
	kill -CONT $pid 2>/dev/null
	wait $pid 2>/dev/null
	status=$?
	if [ $killed = keeper ]; then
		[ $status = 1 ] && grep -q 'ended with signal 9' err
	else
		# The server ends with its keeper, but perhaps not at once.
		tries=300
		while ls /tmp/iomodels-$pid.* && [ $((tries -= 1)) -gt 0 ]; do
			"$iomodels" list
		done >/dev/null 2>&1
		[ $status = 137 ]
	fi && ! ls /tmp/iomodels-$pid.* >/dev/null 2>&1
	ok $? "leaves no socket after SIGKILL to: $killed"
done

group() { ls -d "$grouped"/iomodels.$pid.* 2>/dev/null; }
left() { group; grep -lsz "^IOMODELS_LEFT=$$\$" /proc/[0-9]*/environ; }
if [ "$grouped" ]; then
	for killed in compare keeper; do
		IOMODELS_LEFT=$$ "$iomodels" compare -t 1 -r 5 -w line-c1 --start \
			"$models/epoll --service echo --port {port} & wait" \
			-o killed-$killed >out 2>err &
		pid=$!
		new_keeper killed-$killed
		until [ "$(cat "$(group | head -n 1)/cgroup.procs")" ]; do
			kill -0 $pid 2>/dev/null || break
		done 2>/dev/null
		kill -STOP $pid
		kill -KILL $(keeper)
		[ $killed = keeper ] || kill -KILL $pid
		kill -CONT $pid 2>/dev/null
		wait $pid 2>/dev/null
		was=$(group)
		[ $killed = keeper ] || "$iomodels" list >/dev/null
		tries=100
		while [ "$(left)" ] && [ $((tries -= 1)) -gt 0 ]; do
			sleep 0.1
		done
		# (Another test may have started a subcommand: then it is gone, too.)
		[ $killed = compare ] || [ -z "$was" ] && [ $tries -gt 0 ]
		ok $? "leaves no control group when its $killed is killed"
	done

	"$iomodels" compare -t 0.02 -r 1 -w line-c1 --start \
		"mkdir ${grouped%"$own"}\$(sed -n s/^0:://p /proc/self/cgroup)/in &&
		exec $models/epoll --service echo --port {port}" >out 2>err &
	pid=$!
	wait $pid && [ -z "$(group)" ]
	ok $? "leaves no control group that a server made in its own"
	rmdir "$grouped"/iomodels.$pid.*/in "$grouped"/iomodels.$pid.* 2>/dev/null

	# In a threaded group no process can enter a group of its own.
	threaded=$grouped/iomodels-test.$$
	if mkdir "$threaded" "$threaded/a" &&
		echo threaded 2>/dev/null >"$threaded/a/cgroup.type"
	then
		sh -c 'echo 0 >"$0/cgroup.procs" && echo 0 >"$0/a/cgroup.procs" &&
			exec "$@"' "$threaded" "$iomodels" compare -t 0.02 -r 1 \
			-w line-c1 --start \
			"$models/epoll --service echo --port {port}" >out 2>err &&
			[ ! -s err ] && grep -q '^  epoll .*[0-9]' out
		ok $? "is silent where no control group can be entered"
	fi
	rmdir "$threaded/a" "$threaded"
fi

# What a server does that has no echo, allows few connections, or is not HTTP.
if command -v python3 >/dev/null; then
	cat >odd.py <<'END'
import socket, sys
import threading
how, s, n = sys.argv[2], socket.create_server(("127.0.0.1", int(sys.argv[1]))), 0
def serve(c):
	global n
	n += 1
	if how != "few" or n <= 3:
		while c.recv(4096):
			c.sendall({"few": b"HTTP/1.1 204 \r\n\r\n",
				   "large": b"HTTP/1.1 200 \r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000,
				   "proxy": b"HTTP/1.1 502 \r\nContent-Length: 0\r\n\r\n",
				   "ssh": b"SSH-2.0-x\r\n"}[how])
	c.close()
	n -= 1
while True:
	threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END
	"$iomodels" compare -t 0.02 -r 1 -w tcp-c1 --start \
		'python3 odd.py {port} ssh' >out 2>err
	grep -q 'not what was sent; a server that does not echo needs another' err
	ok $? "says that there is no echo"
	"$iomodels" compare -t 0.02 -r 1 -w http-c1 --start \
		'python3 odd.py {port} ssh' >out 2>err
	grep -q 'answer did not end within 5 s (11 bytes came: SSH-2.0-x)$' err
	ok $? "shows an answer that is not HTTP"
	"$iomodels" compare -t 0.02 -r 1 -w http-c4 --start \
		'python3 odd.py {port} few' >out 2>err
	grep -q 'connection 4 without an answer: .* only 3 at a time? Then use -c3' err
	ok $? "says how many connections a server allows"
	"$iomodels" compare -t 0.02 -r 1 -w http-c1 --start \
		'python3 odd.py {port} few' --start \
		'python3 odd.py {port} large' >out 2>err &&
		grep -q '^A request and its answer are 5[01][0-9][0-9] bytes long with' out
	ok $? "says that answers have different sizes"
	"$iomodels" compare -t 0.02 -r 1 -w http-c1 --start \
		'python3 odd.py {port} proxy' >out 2>err
	[ $? = 1 ] && grep -q 'all of its answers are wrong (HTTP/1.1 502' err &&
		{ ! unshare -n true 2>/dev/null ||
			grep -q '; it runs in a network namespace of its own: if' err; }
	ok $? "says that a proxy has a network of its own"
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

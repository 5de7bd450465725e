#!/bin/sh
# SPDX-License-Identifier: MIT
#
# compare_group_test.sh - iomodels compare: processor time and control groups

. "$(dirname "$0")"/comparing.sh

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

echo "1..$n"

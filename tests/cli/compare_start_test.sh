#!/bin/sh
# SPDX-License-Identifier: MIT
#
# compare_start_test.sh - iomodels compare: servers that it starts, or that run

. "$(dirname "$0")"/comparing.sh

# Servers of one program have names of their own: in shells' commands, too, and with
# an option more.
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

echo "1..$n"

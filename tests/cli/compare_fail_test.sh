#!/bin/sh
# SPDX-License-Identifier: MIT
#
# compare_fail_test.sh - iomodels compare: servers that refuse, hang or end

. "$(dirname "$0")"/comparing.sh
command -v python3 >/dev/null || {
	echo "1..0 # SKIP python3 is not installed"
	exit
}

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

echo "1..$n"

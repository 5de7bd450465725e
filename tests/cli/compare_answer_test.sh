#!/bin/sh
# SPDX-License-Identifier: MIT
#
# compare_answer_test.sh - iomodels compare: answers that are wrong, or of another kind

. "$(dirname "$0")"/comparing.sh
command -v python3 >/dev/null || {
	echo "1..0 # SKIP python3 is not installed"
	exit
}

# One that closes each connection and one that keeps them: both are named.
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

# Some answers are wrong, or all in one of two workloads: the table shows it, and the
# exit status is 1.  One that is not right at first is asked again.
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

# What a server does that has no echo, allows few connections, or is not HTTP.
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

echo "1..$n"

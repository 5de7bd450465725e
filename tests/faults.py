#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""faults.py - real programs with one fault each: does explain name it first?

    tests/faults.py [DIR [PATTERN]]       as root, from the root of the project

Each run is traced with strace (-f -ttt -T -yy) into DIR (/var/tmp/faults,
outside of the tree), then `build/iomodels explain` reads it. A run with a fault
is right when the first line of the report matches its pattern; one without a
fault is right when the report has no fault and no cost. A program that is not
installed is skipped. Prints a table in Markdown.
"""
import os, re, shutil, socket, subprocess, sys, threading, time

DIR = sys.argv[1] if len(sys.argv) > 1 else "/var/tmp/faults"
ONLY = sys.argv[2] if len(sys.argv) > 2 else ""
EXPLAIN = os.path.abspath("build/iomodels")

# ---- peers: one that listens, is silent, resets, answers; a silent resolver

def serve(port, handle, host="127.0.0.1"):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, port)); s.listen(64)
    def loop():
        while True:
            c, _ = s.accept()
            threading.Thread(target=handle, args=(c,), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()

def silent(c):
    time.sleep(60)

def reset(c):
    c.recv(1)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    c.close()

def answer(c):
    c.recv(4096)
    c.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
    c.close()

def big(c):
    c.recv(4096)
    try:
        c.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 4000000)
    except OSError: pass
    c.close()

TAKEN, SILENT, RESET, GOOD, BIG, NONE = 21901, 21902, 21903, 21904, 21905, 21906

# ---- the runs: program, fault, pattern, setup, command

DNS = ("mount --bind {d}/resolv.conf /etc/resolv.conf; "
       "mount --bind {d}/nsswitch.conf /etc/nsswitch.conf; ")
FULL = "mkdir -p {d}/m; mount -t tmpfs -o size=64k none {d}/m; "
RO = "mkdir -p {d}/m; mount -t tmpfs none {d}/m; cp -r {d}/src {d}/m/; mount -o remount,ro {d}/m; "
RUNS = [
 # program, fault, pattern of the first sentence, setup, command
 ("nginx", "port in use", "EADDRINUSE.*address is taken|address.*taken", "", "nginx -p {d}/ -c {d}/nginx-taken.conf"),
 ("redis-server", "port in use", "EADDRINUSE", "", "redis-server --port 21901 --save ''"),
 ("memcached", "port in use", "EADDRINUSE", "", "memcached -u nobody -p 21901 -l 127.0.0.1"),
 ("haproxy", "port in use", "EADDRINUSE", "", "haproxy -db -f {d}/haproxy-taken.cfg"),
 ("node", "port in use", "EADDRINUSE", "", "node -e \"require('net').createServer().listen(21901,'127.0.0.1')\""),
 ("python3", "port in use", "EADDRINUSE", "", "/usr/bin/python3 -m http.server 21901 --bind 127.0.0.1"),
 ("java", "port in use", "EADDRINUSE", "", "java -XX:TieredStopAtLevel=1 -cp {d} {d}/P.java"),
 ("nginx", "no such file", "nope.*ENOENT", "", "nginx -p {d}/ -c {d}/nope.conf"),
 ("haproxy", "no such file", "nope.*ENOENT", "", "haproxy -db -f {d}/nope.cfg"),
 ("python3", "no such file", "nope.*ENOENT", "", "/usr/bin/python3 {d}/nope.py"),
 ("curl", "no such file", "nope.*ENOENT", "", "curl -s -T {d}/nope http://127.0.0.1:21904/"),
 ("nginx", "no permission", "EACCES", "chmod 700 {d}/secret; ", "setpriv --reuid 65534 --clear-groups nginx -p {d}/ -c {d}/secret/nginx.conf"),
 ("redis-server", "no permission", "EACCES", "chmod 700 {d}/secret; ", "setpriv --reuid 65534 --clear-groups redis-server {d}/secret/redis.conf"),
 ("sqlite3", "no permission", "EACCES", "chmod 700 {d}/secret; ", "setpriv --reuid 65534 --clear-groups sqlite3 -bail {d}/secret/x.db 'create table t(a)'"),
 ("git", "no permission", "EACCES", "chmod 700 {d}/secret; ", "setpriv --reuid 65534 --clear-groups git init {d}/secret/r"),
 ("curl", "connection refused", "ECONNREFUSED", "", "curl -s http://127.0.0.1:21906/"),
 ("wget", "connection refused", "ECONNREFUSED", "", "wget -q -t 1 http://127.0.0.1:21906/"),
 ("redis-cli", "connection refused", "ECONNREFUSED", "", "redis-cli -p 21906 ping"),
 ("psql", "connection refused", "ECONNREFUSED", "", "psql -h 127.0.0.1 -p 21906 -U x -c 'select 1'"),
 ("rsync", "connection refused", "ECONNREFUSED", "", "rsync rsync://127.0.0.1:21906/x {d}/out"),
 ("git", "connection refused", "ECONNREFUSED", "", "git clone -q git://127.0.0.1:21906/x {d}/clone"),
 ("node", "connection refused", "ECONNREFUSED", "", "node -e \"require('net').connect(21906,'127.0.0.1')\""),
 ("java", "connection refused", "ECONNREFUSED", "", "java -XX:TieredStopAtLevel=1 {d}/C.java"),
 ("python3", "connection refused", "ECONNREFUSED", "", "/usr/bin/python3 -c \"import asyncio; asyncio.run(asyncio.open_connection('127.0.0.1',21906))\""),
 ("curl", "DNS down", "name server|127.0.0.9:53", DNS, "curl -s -m 8 http://no.example/"),
 ("wget", "DNS down", "name server|127.0.0.9:53", DNS, "wget -q -t 1 --dns-timeout=7 http://no.example/"),
 ("git", "DNS down", "name server|127.0.0.9:53", DNS, "git clone -q git://no.example/x {d}/clone"),
 ("python3", "DNS down", "name server|127.0.0.9:53", DNS, "/usr/bin/python3 -c \"import socket; socket.create_connection(('no.example',80))\""),
 ("node", "DNS down", "name server|127.0.0.9:53", DNS, "node -e \"require('net').connect(80,'no.example')\""),
 ("psql", "DNS down", "name server|127.0.0.9:53", DNS, "psql -h no.example -U x -c 'select 1'"),
 ("curl", "peer silent", "21902", "", "curl -s -m 5 http://127.0.0.1:21902/"),
 ("wget", "peer silent", "21902", "", "wget -q -t 1 --timeout=5 http://127.0.0.1:21902/"),
 ("redis-cli", "peer silent", "21902", "", "timeout 5 redis-cli -p 21902 ping"),
 ("psql", "peer silent", "21902", "", "timeout 5 psql -h 127.0.0.1 -p 21902 -U x -c 'select 1'"),
 ("git", "peer silent", "21902", "", "timeout 5 git clone -q git://127.0.0.1:21902/x {d}/clone"),
 ("python3", "peer silent", "21902", "", "timeout 5 /usr/bin/python3 -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:21902/')\""),
 ("node", "peer silent", "21902", "", "timeout 6 node -e \"require('http').get('http://127.0.0.1:21902/')\""),
 ("curl", "reset", "ECONNRESET", "", "curl -s http://127.0.0.1:21903/"),
 ("wget", "reset", "ECONNRESET", "", "wget -q -t 1 http://127.0.0.1:21903/"),
 ("redis-cli", "reset", "ECONNRESET", "", "redis-cli -p 21903 ping"),
 ("python3", "reset", "ECONNRESET", "", "/usr/bin/python3 -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:21903/')\""),
 ("node", "reset", "ECONNRESET", "", "node -e \"require('http').get('http://127.0.0.1:21903/')\""),
 ("curl", "full disk", "ENOSPC", FULL, "curl -s -o {d}/m/x http://127.0.0.1:21905/"),
 ("wget", "full disk", "ENOSPC", FULL, "wget -q -O {d}/m/x http://127.0.0.1:21905/"),
 ("sqlite3", "full disk", "ENOSPC", FULL, "sqlite3 -bail {d}/m/x.db 'create table t(a); insert into t values(randomblob(1000000))'"),
 ("git", "full disk", "ENOSPC", FULL, "git clone -q {d}/repo {d}/m/clone"),
 ("rsync", "full disk", "ENOSPC", FULL, "rsync -r {d}/src {d}/m/"),
 ("qemu-img", "full disk", "ENOSPC", FULL, "qemu-img convert -O raw -S 0 {d}/disk.qcow2 {d}/m/out.raw"),
 ("python3", "full disk", "ENOSPC", FULL, "/usr/bin/python3 -c \"open('{d}/m/x','wb').write(b'x'*1000000)\""),
 ("dpkg-deb", "full disk", "ENOSPC", FULL, "dpkg-deb -x {d}/p.deb {d}/m/x"),
 ("sqlite3", "read-only", "EROFS", RO, "sqlite3 -bail {d}/m/src/x.db 'create table t(a)'"),
 ("git", "read-only", "EROFS", RO, "git init -q {d}/m/src/r"),
 ("rsync", "read-only", "EROFS", RO, "rsync -r {d}/src/ {d}/m/new"),
 ("curl", "read-only", "EROFS", RO, "curl -s -o {d}/m/x http://127.0.0.1:21904/"),
 ("qemu-img", "read-only", "EROFS", RO, "qemu-img create -f qcow2 {d}/m/x.qcow2 1M"),
 ("sqlite3", "lock held", "lock", "/usr/bin/python3 {d}/lock.py {d}/locked.db & sleep 1; ", "sqlite3 -bail {d}/locked.db 'insert into t values(1)'"),
 ("git", "lock held", "lock", "touch {d}/repo/.git/index.lock; ", "git -C {d}/repo add f1"),
 ("dpkg", "lock held", "lock", "mkdir -p {d}/adm/var/lib/dpkg/updates {d}/adm/var/lib/dpkg/info {d}/adm/var/lib/dpkg/triggers; touch {d}/adm/var/lib/dpkg/status {d}/adm/var/lib/dpkg/available; /usr/bin/python3 {d}/lock.py {d}/adm/var/lib/dpkg/lock-frontend & sleep 1; ", "dpkg --force-not-root --root={d}/adm -i {d}/p.deb"),
 ("flock", "lock held", "lock", "flock {d}/l sleep 4 & sleep 0.5; ", "flock {d}/l true"),
 ("python3", "few descriptors", "EMFILE|NOFILE", "", "bash -c 'ulimit -n 40; exec /usr/bin/python3 -c \"l=[open(\\\"/dev/null\\\") for i in range(60)]\"'"),
 ("nginx", "few descriptors", "EMFILE|NOFILE", "", "bash -c 'ulimit -n 12; exec nginx -p {d}/ -c {d}/nginx-many.conf'"),
 ("node", "few descriptors", "EMFILE|NOFILE", "", "bash -c 'ulimit -n 30; exec node -e \"const f=require(\\\"fs\\\"); for(let i=0;i<40;i++) f.openSync(\\\"/dev/null\\\")\"'"),
 ("python3", "little memory", "ENOMEM", "", "bash -c 'ulimit -v 60000; exec /usr/bin/python3 -c \"x=bytearray(100000000)\"'"),
 ("java", "little memory", "ENOMEM", "", "bash -c 'ulimit -v 900000; exec java {d}/C.java'"),
 ("sqlite3", "slow fsync", "fsync|fdatasync|disk", "", "STRACE=-einject=fdatasync,fsync:delay_enter=60000 sqlite3 {d}/slow.db 'create table if not exists t(a); insert into t values(1); insert into t values(2)'"),
 ("git", "slow disk", "disk|fsync", "", "STRACE=-einject=pread64,read:delay_enter=40000 git -C {d}/repo fsck"),
 ("python3", "killed", "SIGKILL", "", "/usr/bin/python3 -c \"import time; time.sleep(30)\" & sleep 2; pkill -KILL -P $!; wait"),
 ("python3", "crash", "SIGSEGV", "", "/usr/bin/python3 -c \"import ctypes; ctypes.string_at(0)\""),
 ("node", "crash", "SIGABRT", "", "node -e \"process.abort()\""),
 ("git", "broken pipe", "SIGPIPE|EPIPE", "", "bash -c 'git -C {d}/repo log -p | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}'"),
 ("python3", "broken pipe", "SIGPIPE|EPIPE", "", "bash -c '/usr/bin/python3 -c \"for i in range(100000): print(i)\" | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}'"),
 ("python3", "full pipe", "write|full|deadlock|wait", "", "timeout 4 /usr/bin/python3 -c \"import subprocess as s; p=s.Popen(['seq','100000'],stdout=s.PIPE); p.wait()\""),
 ("python3", "seccomp", "EPERM|ENOSYS", "", "STRACE=-einject=socket:error=EPERM /usr/bin/python3 -c \"import socket; socket.socket()\""),
 ("curl", "seccomp", "EPERM|ENOSYS", "", "STRACE=-einject=socket:error=EPERM curl -s http://127.0.0.1:21904/"),
 # without a fault
 ("nginx", None, "", "", "timeout 3 nginx -p {d}/ -c {d}/nginx.conf & sleep 1.5; for i in 1 2 3; do curl -s http://127.0.0.1:21910/ >/dev/null; done; wait"),
 ("redis-server", None, "", "", "timeout 3 redis-server --port 21911 --save '' & sleep 1.5; redis-cli -p 21911 set a b >/dev/null; redis-cli -p 21911 get a >/dev/null; wait"),
 ("memcached", None, "", "", "timeout 3 memcached -u nobody -p 21912 -l 127.0.0.1 & sleep 1; printf 'stats\\r\\nquit\\r\\n' | timeout 1 bash -c 'exec 3<>/dev/tcp/127.0.0.1/21912; cat >&3; cat <&3' >/dev/null; wait"),
 ("haproxy", None, "", "", "timeout 3 haproxy -db -f {d}/haproxy.cfg & sleep 1.5; curl -s http://127.0.0.1:21913/ >/dev/null; wait"),
 ("node", None, "", "", "node -e \"require('http').get('http://127.0.0.1:21904/',r=>r.resume())\""),
 ("python3", None, "", "", "/usr/bin/python3 -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:21904/').read()\""),
 ("python3 asyncio", None, "", "", "/usr/bin/python3 -c \"import asyncio; asyncio.run(asyncio.sleep(0.3))\""),
 ("java", None, "", "", "java -XX:TieredStopAtLevel=1 {d}/H.java"),
 ("curl", None, "", "", "curl -s -o {d}/o http://127.0.0.1:21905/"),
 ("wget", None, "", "", "wget -q -O {d}/o http://127.0.0.1:21904/"),
 ("sqlite3", None, "", "", "sqlite3 {d}/ok.db 'create table if not exists t(a); insert into t values(1); select * from t'"),
 ("git", None, "", "", "bash -c 'rm -rf {d}/c2; git clone -q {d}/repo {d}/c2'"),
 ("git log", None, "", "", "git --no-pager -C {d}/repo log"),
 ("rsync", None, "", "", "rsync -r {d}/src {d}/copy"),
 ("qemu-img", None, "", "", "qemu-img convert -O raw {d}/disk.qcow2 {d}/out.raw"),
 ("dpkg-deb", None, "", "", "dpkg-deb -x {d}/p.deb {d}/x"),
 ("dpkg", None, "", "", "dpkg -l"),
 ("bash", None, "", "", "bash -c 'for i in 1 2 3; do echo $i | grep -q 2 && ls / | sort | tail -1; done'"),
 ("tail", None, "", "", "timeout 3 tail -f {d}/f"),
 ("make", None, "", "", "make -s -f {d}/mk"),
 ("tar", None, "", "", "tar czf {d}/t.gz -C {d} src"),
 ("perl", None, "", "", "perl -e 'use IO::Socket::INET; my $s=IO::Socket::INET->new(\"127.0.0.1:21904\"); print $s \"x\\r\\n\\r\\n\"; print <$s>'"),
]

FILES = {
 "resolv.conf": "nameserver 127.0.0.9\noptions timeout:3 attempts:1\n",
 "nsswitch.conf": "hosts: files dns\npasswd: files\ngroup: files\n",
 "nginx.conf": "daemon off; error_log {d}/e.log; pid {d}/n.pid; events {{}} http {{ access_log {d}/a.log; server {{ listen 127.0.0.1:21910; root {d}; }} }}\n",
 "nginx-taken.conf": "daemon off; error_log stderr; pid {d}/n.pid; events {{}} http {{ server {{ listen 127.0.0.1:21901; }} }}\n",
 "nginx-many.conf": "daemon off; error_log stderr; pid {d}/n.pid; events {{}} http {{ server {{ " + "".join("listen 127.0.0.1:%d; " % p for p in range(21920, 21940)) + "}} }}\n",
 "haproxy.cfg": "defaults\n mode http\n timeout connect 1s\n timeout client 2s\n timeout server 2s\nlisten x\n bind 127.0.0.1:21913\n server a 127.0.0.1:21904\n",
 "haproxy-taken.cfg": "defaults\n mode http\n timeout connect 1s\n timeout client 2s\n timeout server 2s\nlisten x\n bind 127.0.0.1:21901\n server a 127.0.0.1:21904\n",
 "P.java": "public class P { public static void main(String[] a) throws Exception { new java.net.ServerSocket(21901); } }\n",
 "C.java": "public class C { public static void main(String[] a) throws Exception { new java.net.Socket(\"127.0.0.1\", 21906); } }\n",
 "H.java": "public class H { public static void main(String[] a) throws Exception { new java.net.URL(\"http://127.0.0.1:21904/\").openStream().readAllBytes(); } }\n",
 "lock.py": "import fcntl,sys,time,os\nf=open(sys.argv[1],'r+b' if os.path.exists(sys.argv[1]) else 'w+b')\nfcntl.lockf(f, fcntl.LOCK_EX)\nfcntl.lockf(f, fcntl.LOCK_EX, 512, 0x40000000)\ntime.sleep(4)\n",
 "f": "line\n", "index.html": "hello\n",
 "mk": "all: a b\na:\n\t@sleep 0.1\nb:\n\t@true\n",
}

def prepare():
    shutil.rmtree(DIR, ignore_errors=True)
    os.makedirs(DIR + "/src"); os.makedirs(DIR + "/secret"); os.chmod(DIR, 0o755)
    for name, text in FILES.items():
        try: text = text.format(d=DIR)
        except (ValueError, KeyError, IndexError): text = text.replace("{d}", DIR).replace("{{", "{").replace("}}", "}")
        open(f"{DIR}/{name}", "w").write(text)
    for i in range(8): open(f"{DIR}/src/f{i}", "wb").write(os.urandom(40000))
    for n in ("nginx.conf", "redis.conf"): open(f"{DIR}/secret/{n}", "w").write("")
    os.environ["GIT_CONFIG_GLOBAL"] = DIR + "/gitconfig"	# not the user's own
    sh = f"""cd {DIR}; git init -q repo; cd repo; cp ../src/* .; git add .; git -c user.name=x -c user.email=x commit -qm x
for i in 1 2 3 4 5 6; do head -c 40000 /dev/urandom | base64 > f1; git -c user.name=x -c user.email=x commit -qam $i; done; git config -f {DIR}/gitconfig safe.directory '*'
cd ..; sqlite3 locked.db 'create table t(a)'; qemu-img create -q -f qcow2 disk.qcow2 4M; qemu-io -c 'write 0 1M' disk.qcow2 >/dev/null 2>&1
mkdir -p pk/DEBIAN pk/opt; cp src/* pk/opt/; printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n' > pk/DEBIAN/control; dpkg-deb -b pk p.deb >/dev/null"""
    subprocess.run(["bash", "-c", sh], check=False)

def one(i, program, fault, pattern, setup, command):
    log = f"{DIR}/{i:02}-{program.split()[0]}-{(fault or 'normal').replace(' ', '-')}.strace"
    inject = ""
    m = re.match(r"STRACE=(\S+) (.*)", command, re.S)
    if m: inject, command = m.group(1), m.group(2)
    trace = f"strace -f -ttt -T -yy {inject} -o {log} "
    # the traced part is the first command; what follows "&" is its surroundings
    script = setup.format(d=DIR) + trace + command.format(d=DIR)
    try:
        subprocess.run(["unshare", "-m", "bash", "-c", script], timeout=40, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except subprocess.TimeoutExpired: pass
    for junk in (f"{DIR}/repo/.git/index.lock",):
        if os.path.exists(junk): os.unlink(junk)
    r = subprocess.run([EXPLAIN, "explain", log], capture_output=True, text=True, errors="replace")
    first = r.stdout.split("\n")[0]
    alarms = re.findall(r"(?m)^  (?:fault|cost)  (.*)", r.stdout)
    ok = bool(re.search(pattern, first)) if fault else not alarms
    return ok, first, alarms

def main():
    prepare()
    serve(TAKEN, silent); serve(SILENT, silent); serve(RESET, reset); serve(GOOD, answer); serve(BIG, big)
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("127.0.0.9", 53))
    good = {True: 0, False: 0}; all_ = {True: 0, False: 0}
    print("| program | fault | right | the first sentence |\n|---|---|---|---|")
    for i, (program, fault, *rest) in enumerate(RUNS):
        if ONLY and not re.search(ONLY, f"{i} {program} {fault}"): continue
        if not shutil.which(program.split()[0]):
            print(f"| {program} | {fault or '-'} | skipped: not installed | |"); continue
        ok, first, alarms = one(i, program, fault, *rest)
        all_[bool(fault)] += 1; good[bool(fault)] += ok
        if not fault and alarms: first += " ALARMS: " + "; ".join(alarms)
        print(f"| {program} | {fault or '-'} | {'yes' if ok else 'NO'} | {first[:260].replace('|', ' ')} |", flush=True)
    print(f"\nwith a fault: {good[True]} of {all_[True]} named; without: {good[False]} of {all_[False]} silent")

main()

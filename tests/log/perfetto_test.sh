#!/bin/sh
# SPDX-License-Identifier: MIT
#
# perfetto_test.sh - explain --perfetto keeps to the Trace Event Format
#
# The format is published as a document of Google's ("Trace Event Format").
# What Perfetto's importer would drop without a word is an error here: a slice
# that crosses another one of its thread, a flow without its other end, an
# event before the one that it belongs to.
#
# BUILD is where the programs are.

io=${BUILD:-build}/iomodels
echo "TAP version 13"
if ! command -v python3 >/dev/null; then
	echo "1..0 # SKIP python3 is not installed"
	exit 0
fi
IO=$io python3 - <<'END'
import glob, json, os, subprocess, tempfile
from decimal import Decimal

def number(e, key):
    assert isinstance(e.get(key), (int, Decimal)), f"no number {key}: {e}"
    return e[key]

def check_events(events):
    open_slices, flows, requests, named, last = {}, {}, {}, set(), None
    for e in events:
        ph, ts = e["ph"], number(e, "ts")
        assert isinstance(e["name"], str) and e["name"], f"no name: {e}"
        assert isinstance(e["cat"], str) and e["cat"], f"no category: {e}"
        assert isinstance(e["pid"], int) and isinstance(e["tid"], int), e
        assert ts >= 0, f"before the start: {e}"
        if ph == "M":
            assert e["name"] in ("process_name", "thread_name"), e
            assert isinstance(e["args"]["name"], str) and e["args"]["name"], e
            named.add(e["tid"])
            continue
        assert last is None or ts >= last, f"not in the order of time: {e}"
        last = ts
        if ph in "Xi":
            assert e["tid"] in named, f"a thread without a name: {e}"
        if ph == "X":
            end = ts + number(e, "dur")
            assert e["dur"] >= 0, f"a negative duration: {e}"
            inside = open_slices.setdefault(e["tid"], [])
            while inside and inside[-1] <= ts:
                inside.pop()
            assert not inside or end <= inside[-1], f"crosses another slice: {e}"
            inside.append(end)
        elif ph == "i":
            assert e["s"] in ("t", "p", "g"), f"no scope: {e}"
        elif ph == "s":
            assert flows.setdefault(e["id"], e) is e, f"an id used twice: {e}"
        elif ph == "f":
            assert e["bp"] == "e", e
            flows[e["id"]]["arrived"] = True
        elif ph in "bne":
            key = e["cat"], e["id"]
            if ph == "b":
                assert key not in requests, f"an id used twice: {e}"
                requests[key] = "open"
            assert requests[key] == "open", f"after its end: {e}"
            if ph == "e":
                requests[key] = "closed"
        else:
            assert False, f"not a kind of event that is used here: {e}"
    assert all("arrived" in e for e in flows.values()), "a flow without an end"
    assert "open" not in requests.values(), "a request without an end"

made = {
    "no time of day": "read(3, \"a\", 9) = 1\nread(3, <unfinished ...>\n",
    "control characters": "7 1.0 write(1, \"\x1b]0;x\x07\x9b\", 5) = 5 <0.1>\n",
    "two threads and a signal":
        "7 1700000000.0 read(3 <unfinished ...>\n"
        "8 1700000000.1 write(4, \"a\", 1) = 1 <0.2>\n"
        "7 1700000000.2 <... read resumed>, \"a\", 9) = 1 <0.2>\n"
        "7 1700000000.3 --- SIGTERM {si_signo=SIGTERM} ---\n"
        "7 1700000000.4 +++ killed by SIGTERM +++\n",
    "a clock that goes back": "7 1700000002.0 read(3, \"a\", 9) = 1 <1.5>\n"
        "7 1700000001.0 read(3, \"a\", 9) = 1 <1.5>\n",
    "calls longer than the step to the next":
        "7 1700000000.0 read(3, \"a\", 9) = 1 <5.0>\n"
        "7 1700000001.0 read(3, \"a\", 9) = 1 <0.1>\n",
    "a call from an attach on": "7 1700000000.0 <... read resumed>\"\", 9) = 0\n",
}
n = 0
def check(name, path):
    global n
    n += 1
    out = subprocess.run([os.environ["IO"], "explain", "--perfetto", path],
                         capture_output=True)
    try:
        trace = json.loads(out.stdout, parse_float=Decimal)
        assert trace["displayTimeUnit"] in ("ms", "ns")
        check_events(trace["traceEvents"])
        print("ok", n, name)
    except Exception as why:
        print("#", repr(why)[:2000])
        print("not ok", n, name)
for path in sorted(glob.glob("tests/corpus/*.strace")):
    check(os.path.basename(path), path)
for name, text in made.items():
    with tempfile.NamedTemporaryFile("w", suffix=".log") as f:
        f.write(text)
        f.flush()
        check(name, f.name)
# With the kernel's events: sleeps, copies, requests and a ring's own threads.
with tempfile.TemporaryDirectory() as d:
    for model in ("epoll", "sigio_thread", "uring_basic", "uring_sqpoll",
                  "uring_worker", "uring_zerocopy", "posix_aio_server"):
        made = subprocess.run([os.environ["IO"], "capture", "-o",
                               d + "/" + model, model], capture_output=True)
        if os.path.exists(d + "/" + model + "/kernel.log"):
            check(model + ", captured", d + "/" + model)
        else:
            n += 1
            print(f"ok {n} {model}, captured # SKIP no kernel events here")
print("1..%d" % n)
END

#!/bin/sh
# SPDX-License-Identifier: MIT
#
# schema_test.sh - explain --json is what log/explain.schema.json says
#
# BUILD is where the programs are.

io=${BUILD:-build}/iomodels
echo "TAP version 13"
if ! python3 -c 'import jsonschema' 2>/dev/null; then
	echo "1..0 # SKIP no python3 with jsonschema"
	exit 0
fi
IO=$io python3 - <<'END'
import glob, json, os, subprocess, tempfile, jsonschema
schema = json.load(open("log/explain.schema.json"))
made = {
    "hang": "read(3, <unfinished ...>\n",
    "killed": "7 1700000000.0 read(3, 0x1, 9) = ? ERESTARTSYS (x) <1.0>\n"
              "7 1700000001.0 --- SIGTERM {si_signo=SIGTERM} ---\n"
              "7 1700000001.1 +++ killed by SIGTERM +++\n",
    "unknown": "7 getpid() = 7\nno line of strace\n",
    "control characters": "7 write(1, \"\x1b]0;x\x07\x9b\u202e\", 5) = 5\n",
    "spin": "7 1700000000.0 epoll_wait(3, [{events=EPOLLHUP, data={u32=4, "
            "u64=4}}], 9, -1) = 1 <0.00001>\n" * 60,
}
n = 0
def check(name, path):
    global n
    n += 1
    out = subprocess.run([os.environ["IO"], "explain", "--json", path],
                         capture_output=True)
    try:
        report = json.loads(out.stdout)
        jsonschema.validate(report, schema)
        for a in report["accounts"]:
            parts = a["wait_ns"] + a["other_calls_ns"] + a["outside_ns"]
            assert a["wall_ns"] <= parts, "the account does not add up"
            if name.endswith(".strace"):  # its times are true
                assert parts <= a["wall_ns"] * 1.01 + 1000, "more than all"
            assert sum(w["ns"] for w in a["waits"]) == a["wait_ns"]
        print("ok", n, name)
    except Exception as why:
        print("#", str(why).replace("\n", "\n# ")[:2000])
        print("not ok", n, name)
for path in sorted(glob.glob("tests/corpus/*.strace")):
    check(os.path.basename(path), path)
for name, text in made.items():
    with tempfile.NamedTemporaryFile("w", suffix=".log") as f:
        f.write(text)
        f.flush()
        check(name, f.name)
print("1..%d" % n)
END

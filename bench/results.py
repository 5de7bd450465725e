#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""results.py - measure the tables of docs/results.md and write them there

It runs iomodels compare three times: the models and the event loops of libraries,
with messages of 64 B and 16 KiB; the standard set; the file jobs.  A line every
20 seconds says how far it is.  After each run, DIR/results.md is docs/results.md with
the tables of all runs so far.  When all are complete, docs/results.md is written.

Ctrl-C ends the present run and all that follow; what was measured until then is in
DIR/results.md, too.  With RESUME=1 the next start goes on from there.

    bench/results.py DIR [PART...]      parts: models standard files; or all
    RESUME=1 bench/results.py DIR       go on
    QUICK=1 bench/results.py DIR        a trial of the script: two repetitions, and
                                        docs/results.md stays as it is
"""
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
PAGE = "docs/results.md"
RESUME = bool(os.environ.get("RESUME"))
QUICK = ["-r", "2", "-t", "0.02"] if os.environ.get("QUICK") else []
WORKLOADS = ",".join(f"tcp-c{c}{size}" for size in ("", "-s16384")
                     for c in (1, 16, 128))
PARTS = {
    "models": ["epoll", "callback", "coroutine", "uring_fast", "libevent",
               "libev", "libuv", "floor", "-w", WORKLOADS] +
              (QUICK or ["-r", "25", "-t", "0.2"]),
    "standard": ["--standard"] + QUICK,
    "files": ["--files"] + QUICK + (["--file-size", "16"] if QUICK else []),
}
EVERY = float(os.environ.get("EVERY", 20))      # seconds between two lines
stopped = False


def stop(*_):
    global stopped
    stopped = True


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Progress:
    """What compare shows on a terminal, here a line every EVERY seconds."""

    def __init__(self, part, terminal):
        self.part, self.terminal = part, terminal
        self.began, self.said, self.text = time.time(), time.time(), ""

    def look(self):
        if select.select([self.terminal], [], [], 0.2)[0]:
            self.text += os.read(self.terminal, 4096).decode(errors="replace")
        *ended, self.text = self.text.split("\n")
        for line in ended:                      # a message, not the progress
            print(line.split("\033[K")[-1].strip(), flush=True)
        self.text = self.text[-1000:]
        now = self.text.split("\033[K")[-1]
        if now and time.time() - self.said >= EVERY:
            self.said = time.time()
            print(f"{self.part} {clock(self.said - self.began)}: {now}",
                  flush=True)


def run_compare(part, top, out):
    """Its exit status."""
    command = [f"{BUILD}/iomodels", "compare", *PARTS[part], "-o", part, "--json"]
    if os.path.exists(f"{top}/{part}/results.jsonl"):
        command.append("--resume")
    terminal, other_end = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 25, 150, 0, 0))
    run = subprocess.Popen(command, stdout=out, stderr=other_end, cwd=top)
    progress = Progress(part, terminal)
    told = False
    while run.poll() is None:
        if stopped and not told:
            run.send_signal(signal.SIGINT)
            told = True
        progress.look()
    while select.select([terminal], [], [], 0)[0]:
        progress.look()
    os.close(terminal)
    os.close(other_end)
    return run.returncode


def seconds_before(path):
    try:
        with open(path) as f:
            return float(f.read())
    except OSError:
        return 0


def measure(part, top):
    """Its report, or None."""
    began = time.time()
    took = f"{top}/{part}.seconds"              # of all starts together
    with open(f"{top}/{part}.json", "w+") as out:
        status = run_compare(part, top, out)
        out.seek(0)
        text = out.read()
    print(f"{part}: ended after {clock(time.time() - began)}, exit status "
          f"{status}", flush=True)
    seconds = seconds_before(took) + time.time() - began
    with open(took, "w") as f:
        f.write(f"{seconds}\n")
    try:
        report = json.loads(text)
    except ValueError:
        return None
    report["took"], report["whole"] = seconds, status == 0
    return report


def cell(row, what):
    """Bold: better than the base, italic: worse, = equal, ? not decided."""
    if row["base"]:
        return (f"{row['rate']:.0f}/s" if what == "rate_ratio" else
                f"{row['server_us']:.2f} us")
    ratio = row[what]
    if not ratio:
        return ""
    better = "above" if what == "rate_ratio" else "below"
    sign = {"equal": "=", "above": "", "below": ""}.get(ratio["verdict"], "?")
    mark = "" if sign else "**" if ratio["verdict"] == better else "*"
    return f"{mark}{ratio['median']:.2f}{mark}{sign}"


def interval(row, what):
    ratio = row[what]
    if row["base"] or not ratio:
        return cell(row, what)
    return f"{cell(row, what)} ({ratio['low']:.2f}-{ratio['high']:.2f})"


def base_of(workload):
    return [r["server"] for r in workload["servers"] if r["base"]][0]


def table(workloads, what, text, out):
    names = []
    for w in workloads:
        for row in w["servers"]:
            name = (row["server"], row["base_again"])
            if name not in names:
                names.append(name)
    base = base_of(workloads[0])
    names.sort(key=lambda n: (n[0] != base, n[1]))
    print("| |", " | ".join(w["workload"].replace("-s64", "")
                            for w in workloads), "|", file=out)
    print("|---|" + "--:|" * len(workloads), file=out)
    for name, again in names:
        cells = []
        for w in workloads:
            rows = [r for r in w["servers"] if r["server"] == name and
                    r["base_again"] == again]
            cells.append(text(rows[0], what) if rows else "")
        also = " again" if again else ", the base" if name == base else ""
        print(f"| {name}{also} |", " | ".join(cells), "|", file=out)
    print("| noise |", " | ".join(
        f"{100 * w['noise' if what == 'rate_ratio' else 'cpu_noise']:.1f}%"
        for w in workloads), "|\n", file=out)


def repetitions(report):
    n = [r["rate_ratio"]["repetitions"] for w in report["workloads"]
         for r in w["servers"] if r["rate_ratio"]]
    if not n:
        return 0
    return f"{min(n)} to {max(n)}" if min(n) < max(n) else n[0]


def write_part(part, report, out):
    files = part == "files"
    measured = "" if report["whole"] else "; this run was stopped"
    print(f"{report['date'][:10]}, {report['machine']}; {report['network']}; "
          f"{repetitions(report)} repetitions of {report['seconds']:.2g} s, "
          f"{clock(report['took'])} minutes in all{measured}:\n\n"
          f"```sh\n{report['command']}\n```\n", file=out)
    for layout in ("same", "two"):
        some = [w for w in report["workloads"] if w["layout"] == layout]
        if not some:
            continue
        where = ", on two processors" if layout == "two" else ""
        text = interval if part == "models" else cell
        print(f"{'Reads' if files else 'Messages'} per second, against "
              f"{base_of(some[0])}{where}:\n", file=out)
        table(some, "rate_ratio", text, out)
        print(f"Processor time per {'read' if files else 'message'}, against "
              f"{base_of(some[0])}{where}:\n", file=out)
        table(some, "cpu_ratio", text, out)
    print("What `compare` concludes:\n", file=out)
    for line in report["conclusion"].strip().split("\n"):
        print("-", line, file=out)
    print("\n" + report.get("disturbances", ""), file=out)


def write(reports, top):
    """The page, in which a part's tables stand between two comments."""
    with open(PAGE) as f:
        lines = f.read().splitlines()
    path = f"{top}/results.md"
    with open(path, "w") as out:
        inside = None
        for line in lines:
            if line == "<!-- end -->":
                inside = None
            if inside not in reports:
                print(line, file=out)
            if line.startswith("<!-- measured: "):
                inside = line.split()[2]
                if inside in reports:
                    write_part(inside, reports[inside], out)
    print(f"{path} has the tables", flush=True)


def main():
    if len(sys.argv) < 2 or set(sys.argv[2:]) - set(PARTS):
        sys.exit(__doc__)
    top, parts = os.path.abspath(sys.argv[1]), sys.argv[2:] or list(PARTS)
    os.makedirs(top, exist_ok=True)
    for part in parts:
        if os.path.exists(f"{top}/{part}") and not RESUME:
            sys.exit(f"results.py: {top}/{part} exists already; RESUME=1 goes "
                     "on with it, or name another folder")
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, stop)
    reports = {}
    for part in parts:
        if stopped:
            break
        report = measure(part, top)
        if report:
            reports[part] = report
            write(reports, top)
    whole = len(reports) == len(parts) and all(r["whole"]
                                               for r in reports.values())
    if whole and not QUICK:
        shutil.copyfile(f"{top}/results.md", PAGE)
        print(f"{PAGE} is written", flush=True)
    sys.exit(130 if stopped else not whole)


main()

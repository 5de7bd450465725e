#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""results.py - measure what docs/results.md shows: make results

It runs iomodels compare three times: the models and the event loops of libraries,
with messages of 64 B and 16 KiB; the standard set; the file jobs.  A line every
20 seconds says how far it is.  After each run, DIR/results.md has the tables and
the conclusions of all runs so far.  Ctrl-C ends the present run and all that
follow; what was measured until then is in DIR/results.md, too.

    bench/results.py DIR [PART...]      parts: models standard files; or all
    QUICK=1 bench/results.py DIR        a trial of the script: two repetitions
"""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
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
EVERY = float(os.environ.get("EVERY", 20))                     # seconds between two lines of progress
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


def measure(part, top):
    """Its report, or None."""
    began = time.time()
    terminal, other_end = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 25, 150, 0, 0))
    with open(f"{top}/{part}.json", "w+") as out:
        run = subprocess.Popen(
            [f"{BUILD}/iomodels", "compare", *PARTS[part], "-o", part,
             "--json"], stdout=out, stderr=other_end, cwd=top)
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
        out.seek(0)
        text = out.read()
    took = time.time() - began
    print(f"{part}: ended after {clock(took)}, exit status "
          f"{run.returncode}", flush=True)
    try:
        report = json.loads(text)
    except ValueError:
        return None
    report["took"], report["whole"] = took, run.returncode == 0
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


def table(workloads, what, text, out):
    names = []
    for w in workloads:
        for row in w["servers"]:
            name = (row["server"], row["base_again"])
            if name not in names:
                names.append(name)
    base = [r["server"] for r in workloads[0]["servers"] if r["base"]]
    names.sort(key=lambda n: (n[0] not in base, n[1]))
    print("| |", " | ".join(w["workload"].replace("-s64", "")
                            for w in workloads), "|", file=out)
    print("|---|" + "--:|" * len(workloads), file=out)
    for name, again in names:
        cells = []
        for w in workloads:
            rows = [r for r in w["servers"] if r["server"] == name and
                    r["base_again"] == again]
            cells.append(text(rows[0], what) if rows else "")
        also = " again" if again else ", the base" if name in base else ""
        print(f"| {name}{also} |", " | ".join(cells), "|", file=out)
    print("| noise |", " | ".join(
        f"{100 * w['noise' if what == 'rate_ratio' else 'cpu_noise']:.1f}%"
        for w in workloads), "|\n", file=out)


def write(reports, top):
    with open(f"{top}/results.md", "w") as out:
        for part, r in reports.items():
            print(f"## {part}{'' if r['whole'] else ' (it was stopped)'}\n\n"
                  f"{r['date']}, {r['machine']}; {r['network']}; "
                  f"{clock(r['took'])} min; `{r['command']}`\n", file=out)
            text = interval if part == "models" else cell
            for layout in ("same", "two"):
                some = [w for w in r["workloads"] if w["layout"] == layout]
                if not some:
                    continue
                where = "" if layout == "same" else ", on two processors"
                print(f"Rate, against the base{where}:\n", file=out)
                table(some, "rate_ratio", text, out)
                print(f"Processor time per message{where}:\n", file=out)
                table(some, "cpu_ratio", text, out)
            print(r["conclusion"].strip() + "\n\n" +
                  r.get("disturbances", "") + "\n", file=out)
    print(f"{top}/results.md has the tables", flush=True)


def main():
    if len(sys.argv) < 2 or set(sys.argv[2:]) - set(PARTS):
        sys.exit(__doc__)
    top = os.path.abspath(sys.argv[1])
    os.makedirs(top, exist_ok=True)
    for part in sys.argv[2:] or PARTS:
        if os.path.exists(f"{top}/{part}"):
            sys.exit(f"results.py: {top}/{part} exists already; name another "
                     "folder")
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, stop)
    reports = {}
    for part in sys.argv[2:] or PARTS:
        if stopped:
            break
        report = measure(part, top)
        if report:
            reports[part] = report
            write(reports, top)
    sys.exit(130 if stopped else not reports)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py BUILD [SIZE ...] [--engine NAME] [--json FILE] - the library's calls beside wimlib's own tools on the same files
in one run: medians, their ratio, and whether the target is met.

Sizes: small (200 files), medium (20,000 files, 0.96 GB), large (100,000 files, 1 GB); their images are made once and
kept in BUILD/bench. Scratch files are in TMPDIR, a file system in memory where there is one, but for what a mount that
unpacks nothing is held against: that the peer unpacks as people do, onto the disk, into BUILD/bench.
Both sides run in turns after a round that warms up. A peer's figure includes the start of its
process, which the first row shows alone. Ratios are for people, on a machine that does nothing else: nothing is
asserted. Exit 1 if a row could not be measured though its engine works here."""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "programs")]
from disk_rows import DiskRows  # noqa: E402
from images import SIZES, disk_of, image_of  # noqa: E402
from people import Line, end_processes, mounts_below  # noqa: E402
from rows import GROUPS, Rows  # noqa: E402
from servicing import measure  # noqa: E402
from targets import target  # noqa: E402

ENGINES = ("lazy", "extract")
DISK_SIZE = "medium"  # at which disks are measured
SERVICED = "serviced"  # rows of their own: servicing.py
ROOM = 5_000_000_000  # scratch space that two copies of an image and two unpacked trees take


def options():
    parser = argparse.ArgumentParser(prog="bench", usage="./run bench [small] [medium] [large] [serviced] [--engine lazy|extract|disk] "
                                     "[--runs N] [--only GROUP] [--json FILE]")
    parser.add_argument("build")
    parser.add_argument("sizes", nargs="*", metavar="SIZE", help=", ".join((*SIZES, SERVICED)))
    parser.add_argument("--engine", choices=(*ENGINES, "disk"), action="append")
    parser.add_argument("--runs", type=int, help="instead of 15 for small, 5 for medium, 3 for large")
    parser.add_argument("--only", metavar="GROUP", help="of the rows: " + ", ".join(GROUPS))
    parser.add_argument("--json", metavar="FILE", help="the figures, as one JSON array")
    parser.add_argument("--worker", nargs=3, metavar=("SCRATCH", "DISK", "IMAGE"), help=argparse.SUPPRESS)
    parser.add_argument("--first", action="store_true", help=argparse.SUPPRESS)
    try:
        opts = parser.parse_intermixed_args()
    except SystemExit as e:
        sys.exit(64 if e.code else 0)
    unknown = [s for s in opts.sizes if s not in (*SIZES, SERVICED)]
    if opts.only and opts.only not in GROUPS:
        print(f"bench: there are no rows '{opts.only}': {', '.join(GROUPS)}", file=sys.stderr)
        sys.exit(64)
    if unknown:
        print(f"bench: there is no size {unknown[0]}: {', '.join(SIZES)}", file=sys.stderr)
        sys.exit(64)
    return opts


def clean(folder):
    """Whatever a worker that failed has left."""
    end_processes(folder)
    for point in mounts_below(folder):
        subprocess.run(["umount", "-l", point], capture_output=True)


def worker(opts):
    scratch, disk, image = opts.worker
    fake = os.path.join(opts.build, "fake")
    line = Line()
    if opts.engine[0] == "disk":
        small, this = image.split(":")
        DiskRows(os.path.join(fake, "libDismApi.so"), opts.sizes[0], (("small", small), ("this", this)), scratch, line,
                 opts.runs).run()
        line.hide()
        return
    Rows(os.path.join(fake, "libDismApi.so"), os.path.join(fake, "test_driver"), opts.sizes[0], opts.engine[0], image,
         scratch, disk, line, opts.first, opts.runs).run(opts.only)
    line.hide()


class Report:
    FORMAT = "{:7} {:8} {:39} {:>11}   {:16} {:>11} {:>8}  {:21} {}"

    def __init__(self):
        self.rows, self.small_discard, self.missed = [], {}, 0

    def head(self, size="size", beside="wimlib-imagex"):
        print(self.FORMAT.format(size, "engine", "row", "ours", beside, "takes", "ratio", "target", "").rstrip())

    @staticmethod
    def figure(value, unit):
        return f"{value:.{2 if value < 100 else 0}f} {unit}"

    def add(self, row):
        if "refused" in row:
            reason = row["refused"]
            says = "" if reason.startswith(("failed:", "not measured:")) else "refused: "
            print(f"{row['size']:7} {row['engine']:8} {row['row']:39} {says}{reason}", flush=True)
            self.rows.append(row)
            return
        ours = statistics.median(row["ours"]) if row["ours"] else None
        peer = statistics.median(row["peers"]) if row["peers"] else None
        small = self.small_discard.get(row["engine"])
        if row["row"] == "discard" and row["size"] == "small":
            self.small_discard[row["engine"]] = ours
        wanted, is_met = ("-", None) if ours is None else \
            target(row["row"], row["size"], row["engine"], ours, peer, small)
        beside, peer_shown, ratio = row["peer"] or "", "", ""
        if row["row"] == "discard" and small and row["size"] != "small":
            beside, peer_shown = "our small case", self.figure(small, "ms")
        if peer is not None:
            peer_shown = self.figure(peer, row["unit"])
            ratio = f"{ours / peer:.3g}x" if ours is not None else ""
        runs = max(len(row["ours"]), len(row["peers"]))
        row.update(median=ours, peerMedian=peer, ratio=ours / peer if ours is not None and peer else None,
                   target=wanted, met=is_met)
        self.missed += is_met is False
        self.rows.append(row)
        met = {None: "", True: "met", False: "NOT met"}[is_met]
        note = ", ".join(filter(None, (row["note"], f"{runs} runs" if runs < 5 and row["note"] != "1 run" else "")))
        engine = "" if row["row"] in ("(start of a process)", "image info") else row["engine"]
        print(self.FORMAT.format(row["size"], engine, row["row"], "" if ours is None else
                                 self.figure(ours, row["unit"]), beside, peer_shown, ratio, f"{wanted} {met}".strip(),
                                 f"({note})" if note else "").rstrip(), flush=True)


def run_worker(opts, size, engine, image, is_first, report, line):
    with tempfile.TemporaryDirectory(prefix="dismfake-bench-", ignore_cleanup_errors=True) as scratch, \
            tempfile.TemporaryDirectory(prefix="apply-", dir=os.path.join(opts.build, "bench")) as disk:
        scratch = os.path.realpath(scratch)
        env = {k: v for k, v in os.environ.items() if not k.startswith("DISMFAKE_")}
        env.update(DISMFAKE_STATE=os.path.join(scratch, "state"), DISMFAKE_ENGINE="auto" if engine == "disk" else engine)
        process = subprocess.Popen(
            [sys.executable, "-B", __file__, opts.build, size, "--engine", engine, "--worker", scratch, disk, image,
             *(["--only", opts.only] if opts.only else []), *(["--first"] if is_first else []), *(["--runs", str(opts.runs)] if opts.runs else [])], stdout=subprocess.PIPE, text=True, env=env)
        try:
            for text in process.stdout:
                line.hide()
                if sys.stderr.isatty():
                    print("\r\x1b[K", end="", flush=True)  # the worker's line
                report.add(json.loads(text))
            if process.wait():
                report.add({"size": size, "engine": engine, "row": "the rest", "refused":
                            f"failed: the process that measures ended with {process.returncode}"})
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            clean(scratch)


def interrupted(number, frame):
    raise KeyboardInterrupt


def main():
    opts = options()
    signal.signal(signal.SIGTERM, interrupted)
    if opts.worker:
        worker(opts)
        return 0
    opts.build = os.path.abspath(opts.build)
    report, line = Report(), Line()
    if SERVICED in opts.sizes:
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, scratch in {tempfile.gettempdir()}; medians, in turns, warm")
        report.head("packages", "beside")
        measure(opts.build, opts.runs or 5, report.add)
    if opts.sizes != [SERVICED]:
        measure_images(opts, report, line)
    print(f"{sum(r.get('met') is True for r in report.rows)} targets met, {report.missed} not met, "
          f"{sum('refused' in r for r in report.rows)} rows not measured; load now {os.getloadavg()[0]:.1f}")
    if opts.json:
        with open(opts.json, "w", encoding="utf-8") as file:
            json.dump(report.rows, file, indent=1)
    return int(any(r.get("refused", "").startswith("failed:") for r in report.rows))


def measure_images(opts, report, line):
    free = os.statvfs(tempfile.gettempdir())
    if free.f_bavail * free.f_frsize < ROOM:
        tempfile.tempdir = "/tmp" if tempfile.gettempdir() != "/tmp" else opts.build
    mkfixture = os.path.join(opts.build, "fixtures", "mkfixture")
    sizes = [s for s in SIZES if s in (opts.sizes or SIZES)]
    images = {size: image_of(size, mkfixture, os.path.join(opts.build, "bench")) for size in sizes}
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, scratch in {tempfile.gettempdir()}; medians, ours and "
          "the peer's in turns, warm")
    report.head()
    for size in sizes:
        for engine in opts.engine or ENGINES:
            if engine != "disk":
                run_worker(opts, size, engine, images[size], engine == (opts.engine or ENGINES)[0], report, line)
    if DISK_SIZE in sizes and not opts.only and "disk" in (opts.engine or ["disk"]):
        disks = [disk_of(size, mkfixture, os.path.join(opts.build, "bench")) for size in ("small", DISK_SIZE)]
        if all(disks):
            run_worker(opts, DISK_SIZE, "disk", ":".join(disks), False, report, line)
        else:
            report.add({"size": DISK_SIZE, "engine": "disk", "row": "disks", "refused": "they cannot be made here"})


if __name__ == "__main__":
    sys.exit(main())

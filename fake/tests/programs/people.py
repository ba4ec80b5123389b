# SPDX-License-Identifier: MIT
"""How far long work is, for people: one line that is written over on a terminal, a line every ten seconds in a
log; and tables."""
import os
import shutil
import sys
import time

EVERY = 10.0


class Line:
    """On standard error, so that what the program prints stays clean."""

    def __init__(self):
        self.is_terminal = sys.stderr.isatty()
        self.is_shown = False
        self.started = time.monotonic()
        self.next = self.started + (0.3 if self.is_terminal else EVERY)

    def elapsed(self):
        seconds = int(time.monotonic() - self.started)
        return f"{seconds // 60}:{seconds % 60:02}"

    def show(self, text, now=False):
        """When it is due, or now."""
        if time.monotonic() < self.next and not now:
            return
        self.next = time.monotonic() + (0.1 if self.is_terminal else EVERY)
        text = f"{text}, {self.elapsed()}"
        if self.is_terminal:
            sys.stderr.write("\r\x1b[K" + text[:shutil.get_terminal_size().columns - 1])
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()
        self.is_shown = self.is_terminal

    def hide(self):
        if self.is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self.is_shown = False

    def print(self, text):
        self.hide()
        print(text, flush=True)


def table(rows, right=()):
    """Rows of texts, columns as wide as they need; `right` are the numbers of those with figures."""
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [str(cell).rjust(w) if i in right else str(cell).ljust(w)
                 for i, (cell, w) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def end_processes(folder):
    """Ends what still runs on files of that folder; for cleaning up after a failure."""
    for pid in processes_of(folder):
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass


def processes_of(folder):
    """Processes that name the folder in their command line or environment, but for our own ancestors."""
    wanted, found = os.fsencode(folder), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) == os.getpid():
            continue
        try:
            for name in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    if wanted in file.read():
                        found.append(int(pid))
                        break
        except OSError:
            pass
    return found


def mounts_below(folder):
    """Kernel mounts at or below the folder, innermost first."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        points = [line.split()[4].replace("\\040", " ") for line in file]
    return [p for p in reversed(points) if p == folder or p.startswith(folder + "/")]

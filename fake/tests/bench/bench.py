#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py LIBRARY MKFIXTURE RECIPES [SIZE ...] - times the library's calls beside the peers' tools on the
same files in the same run, in turns, and prints medians and their ratio. Sizes: small, medium, large.

A peer's figure includes the start of its process, which the first row shows alone. Nothing is asserted:
ratios are for people to read, on a machine that does nothing else.
"""
import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RECIPE_OF = {"small": "two-index-tiny", "medium": "medium", "large": "large"}
RUNS = {"small": 15, "medium": 5, "large": 3}
READ_ONLY, READ_WRITE, COMMIT, DISCARD = 1, 0, 0, 1


class Library:
    def __init__(self, path):
        self.dll = ctypes.CDLL(path)

    def __call__(self, name, *args):
        args = [a.encode("utf-16-le") + b"\0\0" if isinstance(a, str) else a for a in args]
        hr = getattr(self.dll, name)(*args) & 0xFFFFFFFF
        if hr & 0x80000000:
            raise OSError(f"{name} failed with 0x{hr:08X}")


def milliseconds(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def tool(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)


class Bench:
    def __init__(self, library, scratch, size, image):
        self.dism, self.size, self.image = library, size, image
        self.wim = os.path.join(scratch, "t.wim")
        self.peer_wim = os.path.join(scratch, "peer.wim")
        self.mount, self.peer = os.path.join(scratch, "m"), os.path.join(scratch, "peer")
        self.added = os.path.join(scratch, "added.txt")
        with open(self.added, "w", encoding="ascii") as file:
            file.write("x" * 1000)

    def row(self, name, ours, peer_name, peer, prepare=lambda: None):
        """Both in turns, after one round that does not count."""
        figures = ([], [])
        for run in range(RUNS[self.size] + 1):
            prepare()
            pair = (ours(), peer())
            for kept, figure in zip(figures, pair):
                if run > 0:
                    kept.append(figure)
        mine, other = (statistics.median(f) for f in figures)
        print(f"{self.size:7} {name:32} {mine:10.2f} ms   {peer_name:28} {other:10.2f} ms   {mine / other:6.2f}x",
              flush=True)

    def fresh(self):
        empty(self.mount)
        empty(self.peer)
        shutil.copyfile(self.image, self.wim)
        shutil.copyfile(self.image, self.peer_wim)

    def mount_image(self, flags):
        self.dism("DismMountImage", self.wim, self.mount, 1, None, 0, flags, None, None, None)

    def unmount_image(self, flags):
        self.dism("DismUnmountImage", self.mount, flags, None, None, None)

    def image_info(self):
        info, count = ctypes.c_void_p(), ctypes.c_uint()
        self.dism("DismGetImageInfo", self.wim, ctypes.byref(info), ctypes.byref(count))
        self.dism("DismDelete", info)

    def open_and_close(self):
        session = ctypes.c_uint()
        for _ in range(100):
            self.dism("DismOpenSession", self.mount, None, None, ctypes.byref(session))
            self.dism("DismCloseSession", session)

    def apply(self):
        tool("wimlib-imagex", "apply", self.peer_wim, "1", self.peer)

    def timed_mount(self):
        figure = milliseconds(lambda: self.mount_image(READ_ONLY))
        self.unmount_image(DISCARD)
        return figure

    def timed_discard(self):
        self.mount_image(READ_WRITE)
        return milliseconds(lambda: self.unmount_image(DISCARD))

    def timed_removal(self):
        self.apply()
        return milliseconds(lambda: tool("rm", "-rf", self.peer))

    def timed_commit(self):
        self.mount_image(READ_WRITE)
        session = ctypes.c_uint()
        self.dism("DismOpenSession", self.mount, None, None, ctypes.byref(session))
        shutil.copyfile(self.added, os.path.join(self.mount, "added.txt"))
        figure = milliseconds(lambda: self.dism("DismCommitImage", session, 0, None, None, None))
        self.dism("DismCloseSession", session)
        self.unmount_image(DISCARD)
        return figure

    def timed_update(self):
        command = f"add '{self.added}' '/added.txt'"
        return milliseconds(lambda: tool("wimlib-imagex", "update", self.peer_wim, "1", "--command", command))

    def run(self):
        self.fresh()
        version = lambda: milliseconds(lambda: tool("wimlib-imagex", "--version"))
        self.row("(start of a process)", version, "wimlib-imagex --version", version)
        self.row("DismGetImageInfo", lambda: milliseconds(self.image_info), "wimlib-imagex info",
                 lambda: milliseconds(lambda: tool("wimlib-imagex", "info", self.peer_wim)))
        self.row("DismMountImage", self.timed_mount, "wimlib-imagex apply", lambda: milliseconds(self.apply),
                 lambda: (empty(self.mount), empty(self.peer)))
        self.row("DismUnmountImage, discard", self.timed_discard, "rm -rf", self.timed_removal,
                 lambda: (empty(self.mount), empty(self.peer)))
        self.row("DismCommitImage, one new file", self.timed_commit, "wimlib-imagex update", self.timed_update,
                 self.fresh)
        empty(self.mount)
        self.mount_image(READ_ONLY)
        self.row("100 x DismOpenSession + Close", lambda: milliseconds(self.open_and_close),
                 "wimlib-imagex --version", version)
        self.unmount_image(DISCARD)


def main():
    library, mkfixture, recipes, *sizes = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="dismfake-bench-") as scratch:
        os.environ["DISMFAKE_STATE"] = os.path.join(scratch, "state")
        dism = Library(library)
        dism("DismInitialize", 0, None, None)
        for size in sizes or ["small", "medium"]:
            image = os.path.join(scratch, size + ".wim")
            tool(mkfixture, os.path.join(recipes, RECIPE_OF[size] + ".json"), image)
            Bench(dism, scratch, size, image).run()
        dism("DismShutdown")


main()

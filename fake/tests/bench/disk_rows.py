# SPDX-License-Identifier: MIT
"""The rows of disks: a mount beside a plain copy of the same files, and a commit of one file beside the same on a small
disk, since it is to cost what changed, not what the disk holds."""
import json
import os
import shutil
import subprocess

from rows import RUNS, change, some_files
from sides import READ_WRITE, Ours, empty, milliseconds


class DiskRows:
    def __init__(self, library, size, disks, scratch, line, runs):
        self.size, self.line, self.runs, self.scratch = size, line, runs or RUNS[size], scratch
        self.sides, self.number = [], 0
        for name, disk in disks:
            folder, copy = os.path.join(scratch, "m-" + name), os.path.join(scratch, name + ".vhd")
            empty(folder)
            shutil.copyfile(disk, copy)
            self.sides.append(Ours(library, copy, folder))

    def run(self):
        ours = self.sides[-1]
        ours.call("DismInitialize", 0, None, None)
        self.mount(ours)
        self.commit()
        self.discard(ours)
        ours.call("DismShutdown")

    def give(self, row, ours, peer_name, peers, note=""):
        print(json.dumps({"size": self.size, "engine": "disk", "row": row, "unit": "ms", "ours": ours, "peer": peer_name,
                          "peers": peers, "note": note}), flush=True)

    def rounds(self, name):
        for n in range(self.runs + 1):  # the first warms up
            self.line.show(f"{self.size}, disk: {name}, run {n} of {self.runs}")
            yield n > 0

    def mount(self, ours):
        mine, copied, copy = [], [], os.path.join(self.scratch, "copy")
        for counts in self.rounds("mount"):
            figure = ours.mount(READ_WRITE)
            other = milliseconds(lambda: subprocess.run(["cp", "-a", ours.mount_path, copy], check=True))
            ours.unmount()
            shutil.rmtree(copy)
            if counts:
                mine.append(figure)
                copied.append(other)
        self.give("disk: mount, against a copy", mine, "cp -a", copied)

    def commit(self):
        figures = [[] for _ in self.sides]
        for side in self.sides:
            side.mount(READ_WRITE)
        names = [some_files(side.mount_path, 1) for side in self.sides]
        for counts in self.rounds("commit"):
            self.number += 1
            for side, files, kept in zip(self.sides, names, figures):
                change(side.mount_path, files, self.number)
                figure = side.commit()
                if counts:
                    kept.append(figure)
        for side in self.sides:
            side.unmount()
        self.give("disk: commit, 1 file", figures[-1], "our small disk", figures[0])

    def discard(self, ours):
        mine = []
        for counts in self.rounds("discard"):
            ours.mount(READ_WRITE)
            figure = ours.unmount()
            if counts:
                mine.append(figure)
        self.give("disk: discard", mine, None, [])

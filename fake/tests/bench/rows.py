# SPDX-License-Identifier: MIT
"""The rows: what is done, ours and the peer's in turns. One process for one engine and one size; it prints a JSON
object for each row on standard output, and how far it is on standard error."""
import json
import os
import shutil
import statistics
import sys

from images import Pristine
from sides import COMMIT, DISCARD, Ours, READ_ONLY, READ_WRITE, Wimlib, empty, milliseconds, peak_memory, peak_memory_of

RUNS = {"small": 15, "medium": 5, "large": 3}
SLOW_MS = 5000  # a round that takes longer is not made once more to warm up
FILES_PER_FOLDER = 3
ROOM_OF_A_TREE = 2_500_000_000  # with what file systems add


def read_files(folder, names):
    for name in names:
        with open(os.path.join(folder, name), "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


def read_in_parallel(folder, names, readers):
    """Each reader takes a part of the list as it stands."""
    share = -(-len(names) // readers)
    children = []
    for i in range(readers):
        pid = os.fork()
        if pid == 0:
            try:
                read_files(folder, names[i * share:(i + 1) * share])
            except OSError:
                os._exit(1)
            os._exit(0)
        children.append(pid)
    if any(os.waitpid(pid, 0)[1] for pid in children):
        raise OSError(f"a reader of {folder} failed")


def walk(folder):
    """Looks at everything; names of files in the order of the listing, and their size."""
    names, size = [], 0
    for place, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(place, name)
            size += os.lstat(path).st_size
            names.append(os.path.relpath(path, folder))
    return names, size


def some_files(folder, count):
    """From many folders, without looking at a whole large tree; of a small one all."""
    names, others = [], []
    for place, _, files in os.walk(folder):
        here = [os.path.relpath(os.path.join(place, f), folder) for f in sorted(files)]
        names += here[:FILES_PER_FOLDER]
        others += here[FILES_PER_FOLDER:]
        if len(names) >= count:
            break
    return (names + others)[:count]


def change(folder, names, number):
    for name in names:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(f"changed in round {number}, {name}\n".encode() * 20)


# What is measured, by which method.
GROUPS = {"mount read-only": "mount_readonly", "mount read-write": "mount_readwrite", "discard": "discard",
          "commit": "commits", "walk + stat, full read": "looks", "session open + close": "sessions", "peak memory": "memory"}


class Rows:
    def __init__(self, library, driver, size, engine, image, scratch, disk, line, with_engine_free, runs):
        self.runs = runs or RUNS[size]
        self.disk = disk
        self.size, self.engine, self.line, self.driver = size, engine, line, driver
        self.with_engine_free = with_engine_free
        paths = [os.path.join(scratch, name) for name in ("t.wim", "peer.wim")]
        for path in paths:
            shutil.copyfile(image, path)
        self.pristine = [Pristine(path) for path in paths]
        self.folders = [os.path.join(scratch, name) for name in ("m", "peer")]
        for folder in self.folders:
            empty(folder)
        self.ours = Ours(library, paths[0], self.folders[0])
        self.peer = Wimlib(paths[1], self.folders[1])

    # ---- measuring ----

    def alternate(self, name, *sides):
        """The sides in turns; a list of figures for each. The first round warms up."""
        figures = [[] for _ in sides]
        runs, done, warmed = self.runs, 0, False
        while done < runs:
            self.line.show(f"{self.size}, {self.engine}: {name}, run {done + warmed} of {runs}")
            round_figures = [side() for side in sides]
            if not warmed and sum(round_figures) < SLOW_MS:
                warmed = True
                continue
            warmed, done = True, done + 1
            for kept, figure in zip(figures, round_figures):
                kept.append(figure)
        return figures

    def give(self, row, ours, peer_name=None, peer=None, unit="ms", note=""):
        print(json.dumps({"size": self.size, "engine": self.engine, "row": row, "unit": unit, "ours": ours,
                          "peer": peer_name, "peers": peer or [], "note": note}), flush=True)

    def refuse(self, row, reason):
        print(json.dumps({"size": self.size, "engine": self.engine, "row": row, "refused": reason}), flush=True)

    # ---- the rows ----

    def start_of_process(self):
        figures = self.alternate("start of a process", self.peer.version)
        self.give("(start of a process)", [], "--version", figures[0])

    def image_info(self):
        self.give("image info", *self.with_peer("info", "image info", self.ours.info, self.peer.info))

    def with_peer(self, peer_name, name, ours, peer):
        mine, other = self.alternate(name, ours, peer)
        return mine, peer_name, other

    def our_mount(self, flags):
        figure = self.ours.mount(flags)
        self.ours.unmount()
        return figure

    def peer_mount(self, flags):
        figure = self.peer.mount(flags)
        self.peer.unmount()
        return figure

    def peer_apply(self):
        figure = self.peer.apply()
        empty(self.folders[1])
        return figure

    def peer_apply_to_disk(self):
        folder = os.path.join(self.disk, "tree")
        empty(folder)
        try:
            return self.peer.apply(folder)
        finally:
            shutil.rmtree(folder)

    def mount_readonly(self):
        if self.engine == "extract":
            mine, applied = self.alternate("mount read-only", lambda: self.our_mount(READ_ONLY), self.peer_apply)
            self.give("mount read-only, against apply", mine, "apply", applied)
            return
        mine, other = self.alternate("mount read-only", lambda: self.our_mount(READ_ONLY),
                                     lambda: self.peer_mount(READ_ONLY))
        self.give("mount read-only", mine, "mount", other)
        row, room = "mount read-only, against apply to disk", os.statvfs(self.disk)
        if room.f_bavail * room.f_frsize < ROOM_OF_A_TREE:
            self.refuse(row, f"not measured: too little room in {self.disk}")
            return
        mine, applied = self.alternate(row, lambda: self.our_mount(READ_ONLY), self.peer_apply_to_disk)
        self.give(row, mine, "apply", applied)

    def mount_readwrite(self):
        if self.engine == "lazy":
            self.give("mount read-write", *self.with_peer("mountrw", "mount read-write",
                      lambda: self.our_mount(READ_WRITE), lambda: self.peer_mount(READ_WRITE)))
        else:
            self.give("mount read-write, against apply", *self.with_peer("apply", "mount read-write",
                      lambda: self.our_mount(READ_WRITE), self.peer_apply))

    def discard(self):
        names = self.files_to_change(1)

        def once():
            self.ours.mount(READ_WRITE)
            change(self.folders[0], names, 0)
            return self.ours.unmount(DISCARD)
        self.give("discard", self.alternate("discard", once)[0])

    def files_to_change(self, count):
        if not hasattr(self, "changeable"):
            self.peer.mount()
            try:
                self.changeable = some_files(self.folders[1], 1000)
            finally:
                self.peer.unmount()
        return self.changeable[:count]

    def peer_commit(self, names):
        self.number += 1
        self.peer.mount(READ_WRITE)
        change(self.folders[1], names, self.number)
        figure = self.peer.unmount(commit=True)
        self.pristine[1].restore()
        return figure

    def commits(self):
        self.number = 0
        for count, text in ((1, "1 file"), (1000, "1,000 files")):
            names = self.files_to_change(count)
            note = "" if len(names) == count else f"{len(names)} files, all there are"
            self.ours.mount(READ_WRITE)
            try:
                def ours():
                    change(self.folders[0], names, self.number)
                    return self.ours.commit()
                row = f"commit, {text}"
                mine, other = self.alternate(row, ours, lambda: self.peer_commit(names))
            finally:
                self.ours.unmount()
                self.pristine[0].restore()
            self.give(row, mine, "unmount --commit", other, note=note)
            self.unmount_commit(names, f"commit, {text}, and unmount", other, note)

    def unmount_commit(self, names, row, other, note):
        """Against the same runs of the peer's as the row before."""
        if self.engine == "extract" and self.size == "large":
            self.refuse(row, "not measured: every run would unpack the image")
            return

        def ours():
            self.number += 1
            self.ours.mount(READ_WRITE)
            change(self.folders[0], names, self.number)
            figure = self.ours.unmount(COMMIT)
            self.pristine[0].restore()
            return figure
        self.give(row, self.alternate(row, ours)[0], "unmount --commit", other, note=note)

    def looks(self):
        """Walk and reads, every run on a fresh mount, so that nothing is remembered from the run before. What is
        unpacked stays as it is."""
        self.names, self.bytes = [], 0
        stays = self.engine == "extract"
        if stays:
            self.ours.mount()
        try:
            self.look("walk + stat", self.walk_in, stays)
            if self.size == "large":
                return
            for readers in (1, 2):
                row = f"full read, {readers} reader{'s' if readers > 1 else ''}"
                self.look(row, lambda folder, n=readers: read_in_parallel(folder, self.names, n), stays, True)
        finally:
            if stays:
                self.ours.unmount()

    def walk_in(self, folder):
        self.names, self.bytes = walk(folder)

    def look(self, row, work, stays, is_read=False):
        def ours():
            if not stays:
                self.ours.mount()
            try:
                return milliseconds(lambda: work(self.folders[0]))
            finally:
                if not stays:
                    self.ours.unmount()

        def peer():
            self.peer.mount()
            try:
                return milliseconds(lambda: work(self.folders[1]))
            finally:
                self.peer.unmount()
        mine, other = self.alternate(row, ours, peer)
        note = f"{len(self.names):,} files"
        if is_read:
            speeds = [self.bytes / 1e3 / statistics.median(f) for f in (mine, other)]
            note = f"{speeds[0]:.0f} MB/s against {speeds[1]:.0f} MB/s"
        self.give(row, mine, "mount", other, note=note)

    def sessions(self):
        self.ours.mount()
        try:
            figures = self.alternate("session open + close", self.ours.sessions)[0]
        finally:
            self.ours.unmount()
        self.give("session open + close", [f * 10 for f in figures], unit="us", note="of 100")

    def memory(self):
        if self.size != "large":
            return
        if self.engine == "lazy":
            self.memory_of_helpers()
        else:
            self.line.show(f"{self.size}, {self.engine}: peak memory", now=True)
            words = (("init", 0), ("mount", self.ours.wim, self.folders[0], 1, 1),
                     ("unmount", self.folders[0], "0x1"), ("shutdown",))
            script = "".join("\t".join(map(str, line)) + "\n" for line in words)
            mine = peak_memory_of([self.driver], script)
            other = peak_memory_of(["wimlib-imagex", "apply", self.peer.wim, "1", self.folders[1]])
            empty(self.folders[1])
            self.give("peak memory, client that mounts", [mine], "apply", [other], unit="MB", note="1 run")

    def memory_of_helpers(self):
        self.line.show(f"{self.size}, {self.engine}: peak memory", now=True)
        self.ours.mount()
        try:
            walk(self.folders[0])
            helper = self.ours.helper()
            mine = peak_memory(helper) if helper else None
        finally:
            self.ours.unmount()
        self.peer.mount()
        try:
            walk(self.folders[1])
            other = peak_memory(self.peer.daemon())
        finally:
            self.peer.unmount()
        row = "peak memory of the helper, after a walk"
        if mine is None:
            self.refuse(row, "there is no helper process")
        else:
            self.give(row, [mine], "mount", [other], unit="MB", note="1 run")

    # ---- all ----

    def try_engine(self):
        try:
            self.our_mount(READ_ONLY)
            return None
        except OSError as e:
            return str(e)

    def run(self, only=None):
        self.ours.call("DismInitialize", 0, None, None)
        if self.with_engine_free and not only:
            self.start_of_process()
            self.image_info()
        reason = self.try_engine()
        for name, method in GROUPS.items():
            if only and name != only:
                continue
            if reason:
                self.refuse(name, reason)
                continue
            try:
                getattr(self, method)()
            except Exception as e:  # pylint: disable=broad-except
                self.refuse(name, f"failed: {e}")
                if self.try_engine():
                    raise
        self.ours.call("DismShutdown")

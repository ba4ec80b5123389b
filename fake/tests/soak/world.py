# SPDX-License-Identifier: MIT
"""A machine to hurt: a folder with a state folder, an image file and mount folders, what it holds now, and what
must not be left in it."""
import hashlib
import random
import select
import signal
import subprocess
import threading
import time

from dismtest import *
from people import end_processes, mounts_below, processes_of

PATIENCE = 10  # seconds until something that has to end by itself counts as left over
CANNOT_COMMIT, WIM_CHANGED = "C142011D", "C1420122"


class Violation(Exception):
    """The library broke a promise."""


def demand(claim, text):
    if not claim:
        raise Violation(text)


class World:
    """Marker files tell the contents of an image apart: /marker.txt."""
    FILES = 40

    def __init__(self, seed, engine):
        rng = random.Random(seed)
        os.makedirs(TMP, exist_ok=True)
        self.dir = os.path.realpath(tempfile.mkdtemp(dir=TMP, prefix="soak-"))
        self.state, self.image = self.path("state"), self.path("t.wim")
        self.engine = engine
        self.clients = []
        self.verified = set()
        tree = self.path("tree")
        self.compress = rng.choice(("none", "XPRESS", "LZX"))
        for name, data in {"Windows/System32/ntdll.dll": b"not really", "hello.txt": b"hello",
                           "big.bin": rng.randbytes(1_000_000)}.items():
            self.put(os.path.join(tree, name), data)
        for i in range(self.FILES):
            self.put(os.path.join(tree, "many", f"file{i}"), rng.randbytes(rng.randrange(40_000)))
        self.put(os.path.join(tree, "marker.txt"), b"first")
        wimlib("capture", tree, self.image, "One", "--compress=" + self.compress,
               *(["--check"] if rng.random() < 0.3 else []))
        self.put(os.path.join(tree, "marker.txt"), b"second")
        wimlib("append", tree, self.image, "Two")
        shutil.rmtree(tree)
        self.names = paths(self.image)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def folder(self, *names):
        os.makedirs(self.path(*names), exist_ok=True)
        return self.path(*names)

    @staticmethod
    def put(path, data):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    @staticmethod
    def change(mount, marker, rng, most):
        """Changes files of a mount. One with an extended attribute, which becomes a named stream, makes the commit
        go another way: through a helper process and a mount of wimlib's own."""
        World.put(os.path.join(mount, "marker.txt"), marker.encode())
        World.put(os.path.join(mount, "big.bin"), rng.randbytes(rng.randrange(most)))
        if rng.random() < 0.3:
            try:
                os.setxattr(os.path.join(mount, "marker.txt"), "user.note", marker.encode())
            except OSError:  # not on every file system
                pass

    def client(self, state=None):
        client = Client(state or self.state, env={"DISMFAKE_ENGINE": self.engine})
        self.clients.append(client)
        return client

    def leave(self, client):
        """The client shuts down and ends as a good one does."""
        client.must("shutdown")
        self.clients.remove(client)
        code, said = client.end()
        demand((code, said) == (0, ""), f"a client ended with {code}, saying {said!r}")

    def drop(self, client):
        """The client is dead already, or dies now."""
        client.kill()
        self.clients.remove(client)

    @staticmethod
    def kill_after(client, seconds, with_it=()):
        """Kills the client that works on a call, and others at that moment; its reply if it had one by then."""
        reply = None
        if select.select([client.process.stdout], [], [], seconds)[0]:
            try:
                reply = client.answer()
            except Ended:
                pass
        client.process.kill()
        killed = []
        for pid in with_it() if with_it else ():
            try:
                killed.append(os.pidfd_open(pid))
                signal.pidfd_send_signal(killed[-1], signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in killed:  # one that is just dying still counts as alive
            select.select([process], [], [], PATIENCE)
            os.close(process)
        return reply

    def helpers(self):
        """Processes of this world that are no clients: the lazy engine's."""
        clients = {client.process.pid for client in self.clients}
        return [pid for pid in processes_of(self.dir) if pid not in clients]

    # ---- what the image holds ----

    def bytes(self):
        return read(self.image)

    def verify(self, every_time=False):
        """With wimlib's own eyes, once for each content of the file."""
        digest = hashlib.sha256(self.bytes()).digest()
        if every_time or digest not in self.verified:
            done = subprocess.run(["wimlib-imagex", "verify", self.image], capture_output=True, text=True)
            demand(done.returncode == 0, f"wimlib-imagex verify: {done.stderr.strip()}")
            self.verified.add(digest)

    def marker(self, index):
        try:
            return content(self.image, index, "/marker.txt")
        except AssertionError as e:
            raise Violation(f"image {index} cannot be read: {e}") from e

    def contents(self):
        """The markers of all images."""
        return [self.marker(i + 1) for i in range(image_count(self.image))]

    # ---- what must not be left ----

    def check_leftovers(self, mounts):
        """No client runs, nothing is mounted: so nothing else may be there."""
        demand(not self.clients, "a client still runs")
        left = mounts_below(self.dir)
        demand(not left, f"kernel mounts are left: {left}")
        left = self.helpers()
        started = time.monotonic()
        while left and time.monotonic() - started < PATIENCE:  # one ends by itself when its file system is gone
            threading.Event().wait(0.005)
            left = self.helpers()
        demand(not left, f"processes are left: {[(p, self.command(p)) for p in left]}")
        there = sorted(os.listdir(self.dir))
        demand(set(there) <= {"mounts", "state", "t.wim"}, f"files are left beside the image: {there}")
        demand(sorted(os.listdir(self.path("mounts"))) == sorted(mounts),
               f"files are left beside the mount folder: {os.listdir(self.path('mounts'))}")
        for name in mounts:
            left = os.listdir(self.path("mounts", name))
            demand(not left, f"the mount folder is not empty: {left}")
        for name in ("mounts", "claims", "running"):
            folder = self.path("state", name)
            left = os.listdir(folder) if os.path.isdir(folder) else []
            demand(not left, f"left in the state folder's {name}: {left}")
        left = [n for n in os.listdir(self.state) if n.startswith(".")]
        demand(not left, f"left in the state folder: {left}")

    @staticmethod
    def command(pid):
        try:
            return read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return "gone"

    # ---- the end ----

    def destroy(self, keep=False):
        """Whatever state it is in; with `keep` the files stay for somebody to look at."""
        for client in list(self.clients):
            self.drop(client)
        end_processes(self.dir)
        for point in mounts_below(self.dir):
            subprocess.run(["umount", "-l", point], capture_output=True)
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)

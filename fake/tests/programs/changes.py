# SPDX-License-Identifier: MIT
"""Random changes in a mount folder, done to a plain folder too: the mount always looks like the plain folder,
and so does the image after each commit, whatever happened in between (restarts, killed clients and helpers,
cancelled commits, discards). A failure is told with the seed and the fewest operations that still fail.

changes.py [--seed N] [--rounds N] [--operations N]"""
import argparse
import errno
import select
import time

from change_ops import *
from dismtest import *

# One round each in CTest.
SEEDS = (1, 2, 3, 4, 5, 6)
OPERATIONS = 45
SHRINK_SECONDS = 60


class Wrong(Exception):
    pass


def demand(is_so, *words):
    if not is_so:
        raise Wrong(" ".join(str(w) for w in words))


class Run:
    """A folder of its own, an image, a mount and the plain folder that has the same."""

    def __init__(self, test, name, seed):
        self.test, self.seed = test, seed
        self.dir = test.folder(name)
        self.state = os.path.join(self.dir, "state")
        self.image = os.path.join(self.dir, "t.wim")
        self.applied = 0
        self.make_image()
        self.mount = Folder(os.path.join(self.dir, "m"))
        os.mkdir(self.mount.root)
        self.client = self.new_client()
        self.open_mount()

    def new_client(self):
        client = self.test.client(state=self.state)
        return client

    def make_image(self):
        rng = random.Random(self.seed)
        first = Folder(os.path.join(self.dir, "first"))
        os.mkdir(first.root)
        first.tree("dir", 5)
        first.tree("Windows", 7)
        keep_windows(first)
        first.create("file", 3, 100_000)
        first.create("empty", 1, 0)
        first.create("dir/one", 9, 5000)
        first.link("dir/one", "two")
        first.link("dir/one", "Windows/sub/three")
        first.symlink("relative", "dir/sub")
        first.symlink("dangling", "nothing/there")
        first.utime("file", -7 * YEAR + 12_345_678_900)
        first.mkdir("empty dir")
        generator = Generator(rng)
        for _ in range(rng.randrange(12)):
            op = generator.operation(first.root)
            try:
                if op:
                    first.do(op)
            except OSError:
                pass
        first.let_go()
        for path in (p for p, e in look(first.root).items() if stat.S_ISREG(e.type)):
            first.chmod(path, 0o644)
        wimlib("capture", first.root, self.image, "One", "--compress=" + rng.choice(("none", "XPRESS", "LZX")),
               *rng.choice(((), ("--check",), ("--unix-data",))))
        wimlib("append", first.root, self.image, "Two")
        self.second = differences_key(look(first.root))

    # ---- mounting ----

    def open_mount(self):
        self.must("mount", self.image, self.mount.root, 1, 0)
        self.plain = Folder(self.apply(1))
        self.bytes = read(self.image)
        self.compare("after the mount")

    def must(self, *words, hr=OK):
        reply = self.client.call(*words)
        demand(reply.hr == hr, words, "gave", reply)
        return reply.text

    def apply(self, index):
        self.applied += 1
        folder = os.path.join(self.dir, f"plain{self.applied}")
        os.mkdir(folder)
        wimlib("apply", self.image, str(index), folder, "--unix-data")
        return folder

    def compare(self, when):
        wrong = differences(look(self.plain.root), look(self.mount.root))
        demand(not wrong, f"the mount {when}:", *wrong)

    def let_go(self):
        self.mount.let_go()
        self.plain.let_go()

    # ---- operations ----

    def do(self, op):
        """False where the operation made no sense: it is done to neither."""
        if op[0] in CONTROL:
            for folder in (self.plain, self.mount):
                keep_windows(folder)
            getattr(self, op[0])(*op[1:])
            return True
        try:
            self.plain.do(op)
            error = None
        except OSError as e:
            error = e.errno
        try:
            self.mount.do(op)
            got = None
        except OSError as e:
            got = e.errno
        if got == errno.EXDEV: # an overlay does not rename the image's folders; mv then copies
            if error is None:
                os.rename(self.plain.at(op[2]), self.plain.at(op[1]))
                self.do(("move", *op[1:]))
            return error is None
        demand(got == error, f"errno {got} in the mount, not {error}")
        self.copy_times(op)
        return error is None

    def copy_times(self, op):
        named = {p for p in op[1:] if isinstance(p, str)}
        root = os.path.realpath(self.mount.root)
        written = {os.path.relpath(os.path.realpath(self.mount.at(p)), root) for p in named} # through links
        for path in named | {p for p in written if not p.startswith("..")}:
            there = [path] + [os.path.join(path, p) for p in look(self.mount.at(path))]
            for p in there:
                if os.path.lexists(self.mount.at(p)) and os.path.lexists(self.plain.at(p)):
                    now = os.lstat(self.mount.at(p))
                    os.utime(self.plain.at(p), ns=(now.st_atime_ns, now.st_mtime_ns), follow_symlinks=False)

    # ---- what happens in between ----

    def commit(self, flags):
        flags = int(flags, 0)
        append = flags & int(APPEND, 0)
        count = image_count(self.image)
        session = self.must("open", self.mount.root)
        self.must("commit", session, flags)
        self.must("close", session)
        demand(image_count(self.image) == count + bool(append), "images:", image_count(self.image))
        self.compare("after the commit")
        self.check_image(image_count(self.image) if append else 1, flags)
        return append

    def check_image(self, index, flags=0):
        done = subprocess.run(["wimlib-imagex", "verify", self.image], capture_output=True, text=True)
        demand(done.returncode == 0, "verify:", done.stderr)
        if flags & int(INTEGRITY, 0):
            demand("Integrity info" in wimlib("info", self.image), "there is no integrity table")
        folder = self.apply(index)
        wrong = differences(look(self.plain.root), look(folder))
        shutil.rmtree(folder)
        demand(not wrong, f"image {index}:", *wrong)
        folder = self.apply(2)
        demand(differences_key(look(folder)) == self.second, "the other image is another")
        shutil.rmtree(folder)
        self.bytes = read(self.image)

    def cancelled_commit(self, tick, flags):
        session = self.must("open", self.mount.root)
        self.must("cancel", tick)
        reply = self.client.call("commit", session, flags)
        self.must("cancel", 0)
        self.must("close", session)
        demand(reply.hr == OK or reply.hr in CANCELLED, "commit gave", reply)
        if reply.hr != OK:
            demand(read(self.image) == self.bytes, "a cancelled commit changed the image file")
        self.compare("after the cancelled commit")
        self.bytes = read(self.image)

    def killed_commit(self, step, flags):
        before = self.bytes
        session = self.must("open", self.mount.root)
        self.must("load", json.dumps({"id": "k", "at": f"DismCommitImage/{step}", "do": {"crash": "terminate"}}))
        try:
            reply = self.client.call("commit", session, flags)
            demand(False, "the rule did not end the client:", reply)
        except Ended:
            self.client.end()
        self.let_go()
        self.client = self.new_client()
        demand([m["status"] for m in self.client.mounts()] == ["Ok"], "mounts:", self.client.mounts())
        demand(read(self.image) == before, "the killed commit left another image file")
        self.compare("after the killed commit")

    def reboot(self):
        self.let_go()
        self.must("reboot")
        self.must("init", 2)
        self.bring_back("after the restart")

    def bring_back(self, when):
        demand([m["status"] for m in self.client.mounts()] == ["NeedsRemount"], "mounts:", self.client.mounts())
        self.must("remount", self.mount.root)
        self.compare(when)

    def kill_client(self):
        self.client.kill()
        self.client = self.new_client()
        demand([m["status"] for m in self.client.mounts()] == ["Ok"], "mounts:", self.client.mounts())
        self.compare("after the client's death")

    def kill_helper(self):
        """What dies with it is nothing; the extract engine has none."""
        if IS_LAZY:
            self.let_go()
            kill_helper(self.state)
            self.bring_back("after the helper's death")

    def discard(self):
        self.let_go()
        self.must("unmount", self.mount.root, DISCARD)
        demand(os.listdir(self.mount.root) == [], "the mount folder is not empty")
        demand(read(self.image) == self.bytes, "a discard changed the image file")
        self.open_mount()

    def unmount(self, flags):
        self.let_go()
        count = image_count(self.image)
        self.must("unmount", self.mount.root, flags)
        demand(os.listdir(self.mount.root) == [], "the mount folder is not empty")
        self.check_image(1 if image_count(self.image) == count else count + 1, int(flags, 0))
        self.open_mount()

    def end(self):
        self.let_go()
        if self.client.process.returncode is None:
            self.client.call("unmount", self.mount.root, DISCARD)
            self.client.end()
        unmount_below(self.dir)
        shutil.rmtree(self.dir, ignore_errors=True)


STEPS = ("lock", "scan", "write", "finish")
CONTROL = {"commit": lambda rng: (rng.choice((COMMIT, COMMIT, COMMIT, INTEGRITY, APPEND, "0x30000")),),
           "cancelled_commit": lambda rng: (rng.randint(1, 99), rng.choice((COMMIT, APPEND))),
           "killed_commit": lambda rng: (rng.choice(STEPS), rng.choice((COMMIT, APPEND, INTEGRITY))),
           "reboot": lambda rng: (), "kill_client": lambda rng: (), "kill_helper": lambda rng: (),
           "discard": lambda rng: (), "unmount": lambda rng: (rng.choice((COMMIT, COMMIT, INTEGRITY, APPEND)),)}
CONTROL_WEIGHTS = (8, 1, 1, 2, 1, 2, 1, 2)


def differences_key(found):
    return sorted((path, *(f"{k}={v}" for k, v in entry.facts().items() if k != "mode")) for path, entry in found.items())


def kill_helper(state):
    with open(os.path.join(state, "registry.json"), encoding="utf-8") as file:
        record = json.load(file)["mounts"][0]
    process = os.pidfd_open(record["live"]["helperPid"])
    os.kill(record["live"]["helperPid"], 9)
    select.select([process], [], [])
    os.close(process)


def keep_windows(folder):
    """A session opens on nothing less."""
    for path in ("Windows", "Windows/System32"):
        if os.path.islink(folder.at(path)) or not os.path.isdir(folder.at(path)):
            if os.path.lexists(folder.at(path)):
                folder.delete(path)
            folder.mkdir(path)


class Trial:
    """Operations made up, or a list of them again; `done` is what was done up to a failure."""

    def __init__(self, test, seed):
        self.test, self.seed, self.runs = test, seed, 0

    def _run(self, operations):
        self.runs += 1
        run = None
        self.done = []
        try:
            run = Run(self.test, f"run{self.seed}.{self.runs}", self.seed)
            for op in operations(run):
                self.done.append(op)
                if not run.do(op):
                    self.done.pop()
            self.done.append(("commit", COMMIT))
            run.do(self.done[-1])
            return None
        except (Wrong, AssertionError) as e:
            return str(e)
        finally:
            if run:
                run.end()

    def invent(self, count):
        rng = random.Random(self.seed)
        generator = Generator(rng)

        def operations(run):
            for _ in range(count):
                if rng.random() < 0.12:
                    name = rng.choices(list(CONTROL), CONTROL_WEIGHTS)[0]
                    yield (name, *CONTROL[name](rng))
                else:
                    op = generator.operation(run.plain.root)
                    if op:
                        yield op
        return self._run(operations)

    def again(self, ops):
        return self._run(lambda run: iter(ops))

    def shrink(self, ops):
        """Leaves out halves, quarters ... single operations for as long as it still fails."""
        size, end = len(ops) // 2, time.monotonic() + SHRINK_SECONDS
        while size:
            at = 0
            while at < len(ops) and time.monotonic() < end:
                fewer = ops[:at] + ops[at + size:]
                if self.again(fewer):
                    ops = self.done or fewer
                else:
                    at += size
            size //= 2
        return ops


class random_changes(Test):
    seeds, operations, shrinks = SEEDS, OPERATIONS, True

    def test_reach_the_image_as_the_mount_shows_them(self):
        for seed in self.seeds:
            trial = Trial(self, seed)
            wrong = trial.invent(self.operations)
            if wrong:
                first = trial.done
                print(f"seed {seed} fails after {len(first)} operations: {wrong}", flush=True)
                fewest = trial.shrink(first)
                again = trial.again(fewest)
                listed = "\n".join(f"    {op!r}," for op in fewest)
                self.fail(f"seed {seed}: {wrong}\nthe fewest operations:\n{listed}\nwhich give: {again}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--operations", type=int, default=OPERATIONS)
    args = parser.parse_args()
    if args.seed is not None or args.rounds > 1:
        first = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
        print("the first seed is", first, flush=True)
        random_changes.seeds = range(first, first + args.rounds)
    random_changes.operations = args.operations
    main()

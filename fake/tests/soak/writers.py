# SPDX-License-Identifier: MIT
"""Two processes that commit into one WIM file at the same time, from two mounts: what was answered with S_OK is in
the file, what was refused is not, no image is lost; also when one of them is killed in the middle."""
import time

from world import *


class Writers:
    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.known = world.contents()
        self.shares_state = rng.random() < 0.7
        self.victim = None
        self.took = 0.02  # seconds that a round's calls take
        self.writers = [Writer(self, i) for i in range(2)]

    def describe(self):
        return f"{'one state folder' if self.shares_state else 'two state folders'}, " + \
               ", ".join(w.describe() + (" (killed)" if w is self.victim else "") for w in self.writers)

    def round(self, number):
        for writer in self.writers:
            writer.choose(number)
        self.victim = self.rng.choice(self.writers) if self.rng.random() < 0.2 else None
        for writer in self.writers:
            writer.send()
        replies, started = {}, time.monotonic()
        if self.victim:
            replies[self.victim] = World.kill_after(self.victim.client, self.rng.uniform(0, 1.1 * self.took))
        for writer in self.writers:
            if writer is not self.victim:
                replies[writer] = writer.client.answer()
        self.took = self.took if self.victim else time.monotonic() - started
        if self.victim:
            self.victim.revive()  # the state folder is put right before anybody looks
        self.check(replies)
        self.world.verify()
        self.go_on(replies)
        return ("one state folder" if self.shares_state else "two state folders",
                "one killed" if self.victim else "both live",
                f"{sum(r is not None and r.hr == OK for r in replies.values())} answered S_OK")

    def check(self, replies):
        """The images hold what one order of those that were saved gives; a killed one may have been saved or not."""
        for writer, reply in replies.items():
            allowed = (OK,) if self.shares_state else (OK, WIM_CHANGED)
            demand(reply is None or reply.hr in allowed, f"{writer.what} was refused: {reply}")
        saved = [w for w, r in replies.items() if r and r.hr == OK]
        unknown = [w for w, r in replies.items() if r is None]
        possible = []
        for writers in (saved, saved + unknown):
            known = list(self.known)
            for writer in writers:
                if not writer.appends:
                    known[writer.index - 1] = writer.marker
            appended = [w.marker for w in writers if w.appends]
            possible += [known + appended, known + appended[::-1]]
        contents = self.world.contents()
        demand(contents in possible, f"the images hold {contents}, not one of {possible}, after {list(replies.values())}")
        self.known = contents

    def go_on(self, replies):
        for writer, reply in replies.items():
            if reply is not None and writer is not self.victim:
                writer.go_on(reply)

    def finish(self):
        for writer in self.writers:
            writer.finish()
        for name in ("s0", "s1"):
            if os.path.isdir(self.world.path(name)):
                left = os.listdir(self.world.path(name, "mounts"))
                demand(not left, f"left in the state folder {name}: {left}")
                shutil.rmtree(self.world.path(name))
        os.makedirs(self.world.state, exist_ok=True)
        self.world.check_leftovers(["m0", "m1"])


class Writer:
    def __init__(self, pair, number):
        self.pair, self.index = pair, number + 1
        self.mount = pair.world.folder("mounts", f"m{number}")
        self.state = None if pair.shares_state else pair.world.path(f"s{number}")
        self.client = self.new_client()
        self.session, self.is_mounted = None, False
        self.what, self.appends = "?", False

    def new_client(self):
        return self.pair.world.client(self.state)

    def describe(self):
        return f"writer {self.index}: {self.what}"

    def choose(self, number):
        rng = self.pair.rng
        self.marker = f"writer {self.index}, round {number}"
        self.what = rng.choice(("commit", "commit", "append", "unmount"))
        self.appends = self.what == "append"
        if not self.is_mounted:
            self.client.must("mount", self.pair.world.image, self.mount, self.index, 0)
            self.is_mounted = True
        World.change(self.mount, self.marker, rng, 300_000)
        if self.what == "unmount":
            self.close()
        elif self.session is None:
            self.session = self.client.must("open", self.mount)

    def close(self):
        if self.session is not None:
            self.client.must("close", self.session)
            self.session = None

    def send(self):
        if self.what == "unmount":
            self.client.send("unmount", self.mount, COMMIT)
        else:
            self.client.send("commit", self.session, APPEND if self.appends else 0)

    def revive(self):
        """After a kill: another process finds the mount and ends it."""
        self.pair.world.drop(self.client)
        self.client, self.session, self.is_mounted = self.new_client(), None, False
        for mount in self.client.mounts():
            if mount["path"] == self.mount:
                demand(mount["status"] in ("Ok", "Invalid"), f"the killed writer's mount is {mount['status']}")
                self.client.must("unmount", self.mount, DISCARD)

    def go_on(self, reply):
        """A mount whose image file somebody else has changed is only good for a discard; after an append the folder
        goes on showing what was appended."""
        if reply.hr == OK and self.what == "unmount":
            self.is_mounted = False
        elif reply.hr != OK:
            self.close()
            self.client.must("unmount", self.mount, DISCARD)
            self.is_mounted = False

    def finish(self):
        self.close()
        if self.is_mounted:
            self.client.must("unmount", self.mount, DISCARD)
        self.client.must("cleanup")
        self.pair.world.leave(self.client)

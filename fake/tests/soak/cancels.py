# SPDX-License-Identifier: MIT
"""Calls cancelled at a random tick: either the call ends as cancelled and the image file is byte for byte what it
was, or the cancel came too late and the work is done."""
from world import *

OPERATIONS = ("mount", "commit", "commit", "unmount", "unmount", "discard")
TOTAL = {"mount": 100, "commit": 100, "unmount": 200, "discard": 100}


class Cancels:
    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.mount = world.folder("mounts", "m")
        self.known = world.contents()
        self.client = world.client()

    def describe(self):
        return f"{self.operation}, flags {self.flags:#x}, cancelled at tick {self.tick}"

    def round(self, number):
        rng, client, world = self.rng, self.client, self.world
        self.operation = rng.choice(OPERATIONS)
        self.tick = rng.randint(1, TOTAL[self.operation])
        self.flags = rng.choice((0, 0, int(INTEGRITY, 16), int(APPEND, 16)))
        self.marker = f"marker {number}"
        before = world.bytes()
        session = None
        if self.operation == "mount":
            command = ("mount", world.image, self.mount, 1, int(rng.random() < 0.3))
        else:
            client.must("mount", world.image, self.mount, 1, 0)
            World.change(self.mount, self.marker, rng, 800_000)
            if self.operation == "commit":
                session = client.must("open", self.mount)
            command = {"commit": ("commit", session, self.flags), "unmount": ("unmount", self.mount, self.flags),
                       "discard": ("unmount", self.mount, DISCARD)}[self.operation]
        client.must("cancel", self.tick)
        reply = client.call(*command)
        client.must("cancel", 0)
        if session is not None:
            client.must("close", session)
        demand(reply.hr == OK or reply.hr in CANCELLED, f"{command} gave {reply}")
        outcome = self.check(reply.hr != OK, before)
        self.way_back()
        return self.operation, "at a tick", outcome

    def check(self, is_cancelled, before):
        statuses = [m["status"] for m in self.client.mounts()]
        if is_cancelled:
            demand(self.world.bytes() == before, "the call was cancelled and the image file is another")
            wanted = {"mount": [], "commit": ["Ok"], "discard": ["Ok"], "unmount": ["Invalid"]}[self.operation]
            demand(statuses == wanted, f"after the cancel the mounts are {statuses}, not {wanted}")
            if self.operation == "unmount":
                self.client.must("unmount", self.mount, COMMIT, hr=CANNOT_COMMIT)
            elif wanted:
                there = read(os.path.join(self.mount, "marker.txt")).decode()
                demand(there == self.marker, f"after the cancel the mount shows {there!r}: changes are lost")
            else:
                demand(os.listdir(self.mount) == [], "after the cancel the mount folder is not empty")
            return "cancelled"
        wanted = {"mount": ["Ok"], "commit": ["Ok"], "discard": [], "unmount": []}[self.operation]
        demand(statuses == wanted, f"the call succeeded and the mounts are {statuses}, not {wanted}")
        if self.operation in ("commit", "unmount"):
            if self.flags & int(APPEND, 16):
                self.known.append(self.marker)
            else:
                self.known[0] = self.marker
            contents = self.world.contents()
            demand(contents == self.known, f"the images hold {contents}, not {self.known}")
        else:
            demand(self.world.bytes() == before, "the image file was changed by something that saves nothing")
        return "too late"

    def way_back(self):
        for mount in self.client.mounts():
            if mount["status"] == "Invalid" and self.rng.random() < 0.5:
                self.client.must("cleanup")
            else:
                self.client.must("unmount", self.mount, DISCARD)
        demand(self.client.mounts() == [] and os.listdir(self.mount) == [], "the mount cannot be ended")
        self.world.verify()
        self.client.must("mount", self.world.image, self.mount, 1, 1)
        there = read(os.path.join(self.mount, "marker.txt")).decode()
        demand(there == self.known[0], f"a fresh mount shows {there!r}, the image holds {self.known[0]!r}")
        self.client.must("unmount", self.mount, DISCARD)

    def finish(self):
        self.world.leave(self.client)
        self.world.check_leftovers(["m"])

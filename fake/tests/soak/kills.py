# SPDX-License-Identifier: MIT
"""Processes killed in the middle of mounting, committing, unmounting, remounting, cleaning up, at a named step, at a
tick or at a random moment: the image file holds the old content or the new, and there is a way back."""
import signal
import time

from world import *

STEPS = {"mount": ("validate", "register", "extract", "manifest", "finish"),
         "commit": ("lock", "scan", "write", "finish"),
         "unmount": ("lock", "scan", "write", "finish", "check", "remove", "done"),
         "discard": ("check", "remove", "done"),
         "remount": ("restore", "record"),
         "cleanup": ("sweep",)}
CALLS = {"mount": "DismMountImage", "commit": "DismCommitImage", "unmount": "DismUnmountImage",
         "discard": "DismUnmountImage", "remount": "DismRemountImage", "cleanup": "DismCleanupMountpoints"}
TOTAL = {"mount": 100, "commit": 100, "unmount": 200, "discard": 100}
OPERATIONS = ("mount", "commit", "commit", "commit", "unmount", "unmount", "unmount", "discard", "remount", "reboot",
              "cleanup", "rest")
# What a mount may be found as after the kill; "" is no mount.
FOUND = {"mount": {"", "Invalid", "Ok"}, "commit": {"Ok"}, "unmount": {"", "Invalid", "Ok"},
         "discard": {"", "Invalid", "Ok"}, "remount": {"Ok", "NeedsRemount"}, "reboot": {"Ok", "NeedsRemount"},
         "cleanup": {"", "Invalid"}, "rest": {"Ok"}}
SAVES = ("commit", "unmount")


class Kills:
    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.mount = world.folder("mounts", "m")
        self.known = world.contents()
        self.lasts = {}  # seconds that an operation takes

    def round(self, number):
        """Gives what happened, for the table: operation, how it was killed, old or new."""
        world, rng = self.world, self.rng
        self.operation = rng.choice(OPERATIONS)
        self.marker = f"marker {number}"
        self.flags = rng.choice((0, 0, 0, int(INTEGRITY, 16), int(APPEND, 16)))
        self.before = world.bytes()
        self.readonly = self.operation in ("mount", "discard", "remount", "rest") and rng.random() < 0.3
        client = world.client()
        command = self.prepare(client)
        self.how = self.choose()
        self.takes_helpers = world.engine == "lazy" and rng.random() < 0.25
        self.kill(client, command)
        self.rescue = self.kill_rescuer() if rng.random() < 0.3 else None
        self.outcome = self.check()
        return self.operation, self.how.split()[0] + (" + helper" if self.takes_helpers else ""), self.outcome

    def describe(self):
        return f"{getattr(self, 'operation', '?')}, flags {getattr(self, 'flags', 0):#x}, killed: " \
               f"{getattr(self, 'how', '?')}{' + helper' if getattr(self, 'takes_helpers', False) else ''}" \
               f"{', then a killed ' + self.rescue if getattr(self, 'rescue', None) else ''}"

    def choose(self):
        choice = self.rng.random()
        if self.operation == "rest":
            return "at rest"
        if choice < 0.3 and self.operation in STEPS:
            return "step " + self.rng.choice(STEPS[self.operation])
        if choice < 0.6 and self.operation in TOTAL:
            return f"tick {self.rng.randint(1, TOTAL[self.operation] - 1)}"
        return f"after {self.rng.uniform(0, 1.1 * self.lasts.get(self.operation, 0.02)) * 1000:.3f} ms"

    # ---- the victim ----

    def prepare(self, client):
        """Brings the world to where the operation can begin; gives its command."""
        world = self.world
        if self.operation == "mount":
            return ("mount", world.image, self.mount, 1, int(self.readonly))
        if self.operation == "cleanup":
            other = world.client()
            other.must("load", json.dumps({"id": "k", "at": "DismMountImage/finish", "do": {"crash": "terminate"}}))
            try:
                other.call("mount", world.image, self.mount, 1, 0)
            except Ended:
                pass
            world.drop(other)
            return ("cleanup",)
        client.must("mount", world.image, self.mount, 1, int(self.readonly))
        if not self.readonly:
            World.change(self.mount, self.marker, self.rng, 1_500_000)
        if self.operation == "commit":
            return ("commit", client.must("open", self.mount), self.flags)
        if self.operation == "remount":
            client.must("reboot")
            client.must("init", 2)
            return ("remount", self.mount)
        return {"unmount": ("unmount", self.mount, self.flags), "discard": ("unmount", self.mount, DISCARD),
                "reboot": ("reboot",), "rest": ("mounted",)}[self.operation]

    def kill(self, client, command):
        kind, _, when = self.how.partition(" ")
        helpers = self.world.helpers if self.takes_helpers else ()
        reply, started = None, time.monotonic()
        if kind == "step":
            at = f"{CALLS[self.operation]}/{when}"
            client.must("load", json.dumps({"id": "k", "at": at, "do": {"crash": "terminate"}}))
            client.send(*command)
            reply = self.world.kill_after(client, None, helpers)
            demand(reply is None, f"the rule at {at} did not end the client: {reply}")
        elif kind == "tick":
            client.must("ticks", "on")
            try:
                client.call(*command, on_tick=lambda n: client.process.kill() if n == int(when) else None)
            except Ended:
                pass
            self.world.kill_after(client, 0, helpers)
        else:
            client.send(*command)
            reply = self.world.kill_after(client, None if kind == "at" else float(when.split()[0]) / 1000, helpers)
            took = time.monotonic() - started
            self.lasts[self.operation] = max(took, self.lasts.get(self.operation, 0) * (0.9 if reply else 1))
            demand(reply is None or reply.hr == OK, f"{command} gave {reply}")
        self.world.drop(client)
        demand(client.process.returncode == -signal.SIGKILL, f"the client ended with {client.process.returncode}")

    def kill_rescuer(self):
        """Whoever puts things right may be killed as well."""
        rescuer = self.world.client()
        word = self.rng.choice(("mounted", "cleanup"))
        rescuer.send(word)
        self.world.kill_after(rescuer, self.rng.uniform(0, 0.01))
        self.world.drop(rescuer)
        return word

    # ---- the way back ----

    def check(self):
        client = self.world.client()
        status = self.find(client)
        now = self.look()
        if status == "NeedsRemount":
            reply = client.call("remount", self.mount)
            demand(reply.hr == OK, f"the mount cannot be remounted: {reply}")
            demand([m["status"] for m in client.mounts()] == ["Ok"], "the mount is not Ok after a remount")
            status = "Ok"
        if status == "Ok":
            self.check_folder()
        self.end_mount(client, status)
        client.must("cleanup")
        demand(client.mounts() == [], "a mount is left after discard and cleanup")
        client.must("mount", self.world.image, self.mount, 1, int(self.rng.random() < 0.5))
        there = read(os.path.join(self.mount, "marker.txt")).decode()
        demand(there == self.known[0], f"a fresh mount shows {there!r}, the image holds {self.known[0]!r}")
        client.must("unmount", self.mount, DISCARD)
        self.world.leave(client)
        self.world.check_leftovers(["m"])
        return now

    def find(self, client):
        found = [m for m in client.mounts() if m["path"] == self.mount]
        demand(len(found) < 2, f"the mount is listed twice: {found}")
        status = found[0]["status"] if found else ""
        allowed = FOUND[self.operation] | ({"NeedsRemount"} if self.takes_helpers else set())
        if self.rescue == "cleanup" and "Invalid" in allowed:
            allowed = allowed | {""}
        demand(status in allowed, f"the mount is {status or 'gone'}, not one of {sorted(allowed)}")
        return status

    def look(self):
        """Old content or new, nothing else; brings `known` up to date."""
        if self.world.bytes() == self.before:
            return "old"
        demand(self.operation in SAVES, "the image file was changed by something that saves nothing")
        self.world.verify()
        new = list(self.known)
        if self.flags & int(APPEND, 16):
            new.append(self.marker)
        else:
            new[0] = self.marker
        contents = self.world.contents()
        demand(contents == new, f"the images hold {contents}, not {new} nor, byte for byte, what they held before")
        demand(paths(self.world.image) == self.world.names, "image 1 has other names than before")
        self.known = new
        return "new"

    def check_folder(self):
        there = read(os.path.join(self.mount, "marker.txt")).decode()
        wanted = {self.known[0]} if self.readonly or self.operation == "mount" else {self.marker}
        demand(there in wanted, f"the mount is Ok and shows {there!r}, not {wanted}: changes are lost")

    def end_mount(self, client, status):
        if status == "Invalid":
            if self.rng.random() < 0.5:
                client.must("cleanup")
            else:
                client.must("unmount", self.mount, DISCARD)
        elif status == "Ok":
            saves = not self.readonly and self.rng.random() < 0.4
            shown = read(os.path.join(self.mount, "marker.txt")).decode()
            client.must("unmount", self.mount, COMMIT if saves else DISCARD)
            if saves:
                self.known[0] = shown
            contents = self.world.contents()
            demand(contents == self.known, f"after the end of the mount the images hold {contents}, not {self.known}")
            self.world.verify()

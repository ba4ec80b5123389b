# SPDX-License-Identifier: MIT
"""Commits that keep metadata, whose processes are killed or cancelled anywhere: the image is as before,
byte for byte, or as after, and nothing is left of it. TEST_SEED repeats a run, TEST_ROUNDS makes it longer."""
import fcntl
import random
import signal
import struct
import threading

import ntfs
from dismtest import *

ROUNDS = int(os.environ.get("TEST_ROUNDS") or 25)
WHO = ("client", "supervisor", "first", "worker", "server")


def processes(image):
    """The helper's processes for that image: pid -> (parent, session), dead ones left out."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = read(f"/proc/{name}/cmdline").split(b"\0")
            stat = read(f"/proc/{name}/stat").rpartition(b")")[2].split()
        except OSError:
            continue
        if words[0].endswith(b"/dismfake-replay") and image.encode() in words:
            found[int(name)] = (int(stat[1]), int(stat[3]))
    return found


def find(image, who, client):
    """The pid of one of them, None: not there now."""
    if who == "client":
        return client
    all_of_them = processes(image)
    supervisor = [p for p, (parent, _) in all_of_them.items() if parent == client]
    first = [p for p, (parent, _) in all_of_them.items() if parent in supervisor]
    below = {p: session for p, (parent, session) in all_of_them.items() if parent in first}
    found = {"supervisor": supervisor, "first": first, "worker": [p for p in below if below[p] != p],
             "server": [p for p in below if below[p] == p]}[who]
    return found[0] if found else None


class Replaying(Test):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
            raise unittest.SkipTest("it takes root and /dev/fuse")
        self.rng = random.Random(1)
        tree = self.windows_tree()
        self.write("tree", "marker.txt", "at first")
        self.write("tree", "big.bin", self.rng.randbytes(3_000_000))
        try:
            os.setxattr(self.path("tree", "marker.txt"), "user.test", b"1")
        except OSError as reason:
            raise unittest.SkipTest(f"no extended attributes here: {reason}") from reason
        self.image = self.wim(tree, "t.wim", "XPRESS")
        self.mount = self.folder("mounts", "m")

    def begin(self, marker):
        """A client with changes of which one needs the helper."""
        client = self.client()
        if not client.mounts():
            client.must("mount", self.image, self.mount, 1, 0)
        with open(os.path.join(self.mount, "marker.txt"), "w") as f:
            f.write(marker)
        os.setxattr(os.path.join(self.mount, "marker.txt"), "user.stream", marker.encode())
        with open(os.path.join(self.mount, "big.bin"), "wb") as f:
            f.write(self.rng.randbytes(6_000_000))
        os.makedirs(os.path.join(self.mount, "many"), exist_ok=True)
        for i in range(200):
            with open(os.path.join(self.mount, "many", f"file{i}"), "wb") as f:
                f.write(self.rng.randbytes(9_000))
        return client, client.must("open", self.mount)

    def assert_nothing_is_left(self):
        self.assertEqual(processes(self.image), {})
        sides = os.path.join(self.state, "mounts")
        for side in os.listdir(sides):
            self.assertNotIn("replay", os.listdir(os.path.join(sides, side)))
        with open("/proc/self/mountinfo") as f:
            points = [line.split()[4] for line in f]
        self.assertEqual([p for p in points if p.startswith(self.dir) and p.endswith("/replay/folder")], [])

    def holds(self, index, marker):
        streams = ntfs.details(self.image, index)["/marker.txt"]["streams"]
        return (streams[""], streams["stream"]) == (ntfs.sha1(marker.encode()),) * 2


class a_killed_replay(Replaying):
    def kill_one(self, who, tick, client, session, flags):
        """The reply, None: the client was the one."""
        killed = []

        def on_tick(n):
            pid = None if n < tick or killed else find(self.image, who, client.process.pid)
            if pid:
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                except ProcessLookupError: # it was just ending by itself
                    pass

        client.must("ticks", "on")
        try:
            reply = client.call("commit", session, flags, on_tick=on_tick)
        except Ended:
            reply = None
        return reply, bool(killed)

    def round(self, number, marker):
        who, tick = self.rng.choice(WHO), self.rng.randint(20, 97)
        flags = int(APPEND, 16) if self.rng.random() < 0.3 else 0
        client, session = self.begin(marker)
        before, images = read(self.image), image_count(self.image)
        reply, killed = self.kill_one(who, tick, client, session, hex(flags))
        if reply is None:
            client.end()
            client = self.client()
        self.assertEqual([m["status"] for m in client.mounts()], ["Ok"])
        self.assert_nothing_is_left()
        is_before = before == read(self.image)
        print(number, who, tick, "append" if flags else "", reply and reply.hr, "before" if is_before else "after", flush=True)
        if reply and reply.hr == OK:
            self.assertFalse(is_before)
        elif reply:
            self.assertTrue(killed and is_before, reply)
        wimlib("verify", self.image)
        if not is_before:
            index = images + 1 if flags else 1
            self.assertEqual(image_count(self.image), images + (1 if flags else 0))
            self.assertTrue(self.holds(index, marker))
        if reply:
            client.must("close", session)
        elif not is_before: # the mount does not know this file
            client.must("unmount", self.mount, DISCARD)
        client.must("shutdown")
        self.assertEqual(client.end(), (0, ""))
        return is_before

    def test_leaves_the_image_as_before_or_as_after_and_nothing_else(self):
        seed = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(2**32))
        print("TEST_SEED =", seed, flush=True)
        self.rng.seed(seed)
        rounds = [self.round(i, f"marker {i}") for i in range(ROUNDS)]
        self.assertIn(True, rounds)
        client, session = self.begin("last")
        client.must("commit", session, 0)
        self.assertTrue(self.holds(1, "last"))
        client.must("close", session)
        client.must("unmount", self.mount, DISCARD)
        self.assertEqual(os.listdir(os.path.join(self.state, "mounts")), [])


class a_client_killed_early(Replaying):
    def test_has_written_nothing_however_far_the_helper_could_have_come(self):
        client, session = self.begin("held")
        before = read(self.image)
        client.must("load", json.dumps({"id": "h", "at": "DismCommitImage", "when": {"tick": 55}, "do": {"hold": "gate"}}))
        client.send("commit", session, 0)
        moments = threading.Event()
        while "held" not in self.dismfake("status").stdout or find(self.image, "server", client.process.pid) is None:
            moments.wait(0.01)
        moments.wait(0.5)
        self.assertTrue(before == read(self.image))
        client.kill()
        self.assertEqual([m["status"] for m in self.client().mounts()], ["Ok"])
        self.assertTrue(before == read(self.image))
        self.assert_nothing_is_left()


class a_cancelled_replay(Replaying):
    def test_leaves_the_image_as_it_was_byte_for_byte(self):
        client, session = self.begin("cancelled")
        before = read(self.image)
        for flags in (0, int(APPEND, 16)):
            for tick in (20, 21, 35, 50, 60, 75, 90, 97, 98):
                with self.subTest(tick=tick, flags=flags):
                    client.must("cancel", tick)
                    self.assertIn(client.call("commit", session, hex(flags)).hr, CANCELLED)
                    self.assertTrue(before == read(self.image))
                    self.assert_nothing_is_left()
        client.must("cancel", 0)
        client.must("commit", session, 0)
        self.assertTrue(self.holds(1, "cancelled"))


class what_a_killed_client_left(Replaying):
    def test_is_put_right_only_when_nobody_holds_the_lock_any_more(self):
        """The lock is the one that the helper's processes inherit and keep till they are gone."""
        client, session = self.begin("cut off")
        before = read(self.image)
        client.must("load", json.dumps({"id": "k", "at": "DismCommitImage/finish", "do": {"crash": "terminate"}}))
        with self.assertRaises(Ended):
            client.call("commit", session, 0)
        client.end()
        after = read(self.image)
        self.assertNotEqual(before, after)
        with open(self.image, "r+b") as lingering:
            fcntl.fcntl(lingering, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            other, answered = self.client(), threading.Event()
            looking = threading.Thread(target=lambda: (other.mounts(), answered.set()))
            looking.start()
            self.assertFalse(answered.wait(1), "the call did not wait for the lock")
            self.assertTrue(after == read(self.image))
        looking.join()
        self.assertTrue(before == read(self.image))

    def test_may_be_wimlibs_lock_for_a_moment_longer(self):
        client, session = self.begin("waited")
        with open(self.image, "rb") as lingering:
            fcntl.flock(lingering, fcntl.LOCK_EX)
            replies, answered = [], threading.Event()
            committing = threading.Thread(target=lambda: (replies.append(client.call("commit", session, 0)), answered.set()))
            committing.start()
            self.assertFalse(answered.wait(0.5), "the call did not wait for the lock")
        committing.join()
        self.assertEqual(replies[0].hr, OK, replies)

    def test_may_be_any_process_of_the_helper_since_all_hold_that_lock(self):
        client, session = self.begin("held")
        holders = {}

        def on_tick(n):
            for who in WHO:
                pid = find(self.image, who, client.process.pid) if 30 < n < 90 else None
                if pid and who not in holders:
                    holders[who] = self.holds_lock(pid)

        client.must("ticks", "on")
        self.assertEqual(client.call("commit", session, 0, on_tick=on_tick).hr, OK)
        self.assertEqual(holders, dict.fromkeys(WHO, True))

    def holds_lock(self, pid):
        for fd in os.listdir(f"/proc/{pid}/fdinfo"):
            try:
                info = read(f"/proc/{pid}/fdinfo/{fd}")
                if b"OFDLCK" in info and os.path.samestat(os.stat(f"/proc/{pid}/fd/{fd}"), os.stat(self.image)):
                    return True
            except FileNotFoundError: # closed meanwhile
                pass
        return False


if __name__ == "__main__":
    if not may_mount():
        print("keeping metadata takes root and /dev/fuse")
        sys.exit(77)
    main()

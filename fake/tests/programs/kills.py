# SPDX-License-Identifier: MIT
"""Clients killed at random moments of mount, commit and unmount: whatever the moment, the image is as
before or as after, and the registry leads back to health. TEST_SEED repeats a run."""
import random

from dismtest import *

STEPS = {"mount": ("validate", "register", "extract", "manifest", "finish"),
         "commit": ("lock", "scan", "write", "finish"),
         "unmount": ("lock", "scan", "write", "finish", "check", "remove", "done")}
CALLS = {"mount": "DismMountImage", "commit": "DismCommitImage", "unmount": "DismUnmountImage"}
# What a mount is after a kill at that step; "" is no mount.
STATUS = {"mount": {"validate": "", "register": ""}, "commit": {}, "unmount": {"remove": "Invalid", "done": "Invalid"}}
STATUS_ELSE = {"mount": "Invalid", "commit": "Ok", "unmount": "Ok"}
ROUNDS = 20 if WINE else 50  # a Windows client takes a second to start


class a_killed_client(Test):
    def victim(self, operation, marker, rng):
        """Starts a client that is killed in the operation; what the image may hold afterwards."""
        client = self.client()
        session = None
        if operation != "mount":
            client.must("mount", self.image, self.mount, 1, 0)
            with open(os.path.join(self.mount, "marker.txt"), "w") as f:
                f.write(marker)
            with open(os.path.join(self.mount, "big.bin"), "wb") as f:
                f.write(rng.randbytes(2_000_000))
            if operation == "commit":
                session = client.must("open", self.mount)
        command = {"mount": ("mount", self.image, self.mount, 1, 0), "commit": ("commit", session, 0),
                   "unmount": ("unmount", self.mount, COMMIT)}[operation]
        total = 200 if operation == "unmount" else 100
        if rng.random() < 0.4:
            how = rng.choice(STEPS[operation])
            client.must("load", json.dumps({"id": "k", "at": f"{CALLS[operation]}/{how}",
                                            "do": {"crash": "terminate"}}))
            on_tick = None
        else:
            how = rng.randint(1, total - 1)
            client.must("ticks", "on")

            def on_tick(n):
                if n == how:
                    client.process.kill()
        try:
            reply = client.call(*command, on_tick=on_tick)
            self.assertFalse(on_tick is None, f"the rule at {how} did not end the client: {reply}")
        except Ended:
            pass
        client.end()
        self.assertEqual(client.process.returncode, KILLED if on_tick else KILLED_BY_RULE)
        return how

    def check_health(self, rng, operation, how, before, after):
        client = self.client()
        mounts = client.mounts()
        if isinstance(how, str):
            status = STATUS[operation].get(how, STATUS_ELSE[operation])
            self.assertEqual([m["status"] for m in mounts], [status] if status else [])
        wimlib("verify", self.image)
        self.assertEqual(image_count(self.image), 2)
        now = content(self.image, 1, "/marker.txt")
        self.assertIn(now, (before, after))
        if now == before:
            self.assertTrue(self.bytes_before == read(self.image), "the image is not as it was byte for byte")
        self.assertEqual(paths(self.image), self.names)
        self.assertEqual(content(self.image, 2, "/marker.txt"), "second")
        for mount in mounts:
            self.assertIn(mount["status"], ("Ok", "Invalid"))
            if mount["status"] == "Invalid" and rng.random() < 0.5:
                client.must("cleanup")
            else:
                client.must("unmount", self.mount, DISCARD)
        self.assertEqual(client.mounts(), [])
        self.assertEqual(os.listdir(self.mount), [])
        client.must("mount", self.image, self.mount, 1, 0)
        self.assertEqual(read(os.path.join(self.mount, "marker.txt")).decode(), now)
        client.must("unmount", self.mount, DISCARD)
        self.assertEqual(os.listdir(self.mount), [])
        sides = os.path.join(self.state, "mounts")
        self.assertEqual(os.listdir(sides) if os.path.isdir(sides) else [], [])
        self.assertEqual(os.listdir(os.path.dirname(self.mount)), ["m"])
        client.must("shutdown")
        code, said = client.end()
        self.assertEqual((code, said), (0, ""))
        return now

    def test_leaves_the_image_as_before_or_as_after_and_the_registry_healthy(self):
        seed = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(2**32))
        print("TEST_SEED =", seed, flush=True)
        rng = random.Random(seed)
        tree = self.windows_tree()
        self.write("tree", "big.bin", rng.randbytes(2_000_000))
        for i in range(40):
            self.write("tree", "many", f"file{i}", rng.randbytes(20_000))
        self.write("tree", "marker.txt", "at first")
        self.image = self.wim(tree, "t.wim", rng.choice(("none", "XPRESS")))
        self.write("tree", "marker.txt", "second")
        wimlib("append", tree, self.image, "Two")
        self.mount = self.folder("mounts", "m")
        self.names = paths(self.image)
        now, counted = "at first", {"before": 0, "after": 0}
        for i in range(ROUNDS):
            operation = rng.choice(("mount", "commit", "commit", "unmount", "unmount"))
            marker = f"marker {i}"
            with self.subTest(round=i, operation=operation):
                self.bytes_before = read(self.image)
                how = self.victim(operation, marker, rng)
                after = now if operation == "mount" else marker
                was, now = now, self.check_health(rng, operation, how, now, after)
                counted["before" if now == was else "after"] += 1
                print(i, operation, how, "before" if now == was else "after", flush=True)
        self.assertGreater(counted["before"], 0)
        if ROUNDS >= 50:  # few enough that fewer rounds may all miss it
            self.assertGreater(counted["after"], 0)


class a_commit_that_was_cut_off(Test):
    def setUp(self):
        super().setUp()
        self.image = self.wim(self.windows_tree())
        self.mount = self.folder("mounts", "m")
        self.before = read(self.image)

    def cut_off(self, step, flags=0):
        client = self.client()
        client.must("mount", self.image, self.mount, 1, 0)
        with open(os.path.join(self.mount, "new.txt"), "w") as f:
            f.write("new" * 5000)
        session = client.must("open", self.mount)
        client.must("load", json.dumps({"id": "k", "at": "DismCommitImage/" + step, "do": {"crash": "terminate"}}))
        with self.assertRaises(Ended):
            client.call("commit", session, flags)
        client.end()

    def overwrite(self, data):
        with open(self.image, "wb") as f:  # the same inode
            f.write(data)

    def test_is_undone_by_a_reset_too(self):
        self.cut_off("finish")
        self.assertNotEqual(self.before, read(self.image))
        self.client().must("reset")
        self.assertEqual(self.before, read(self.image))

    def test_is_not_undone_where_somebody_has_copied_another_image_over_it(self):
        tree = self.windows_tree("other")
        self.write("other", "other.txt", "other" * 9000)
        other = read(self.wim(tree, "other.wim"))
        for step in ("write", "finish"):
            with self.subTest(step=step):
                self.overwrite(self.before)
                self.cut_off(step)
                self.overwrite(other)
                client = self.client()
                self.assertEqual([m["status"] for m in client.mounts()], ["Ok"])
                self.assertEqual(other, read(self.image))
                client.must("unmount", self.mount, COMMIT, hr="C1420122")
                client.must("unmount", self.mount, DISCARD)
                self.assertEqual(other, read(self.image))

    def test_is_known_as_ours_when_it_was_killed_before_it_could_note_that_it_had_written(self):
        """Between the last write to the file and the note in the registry: played by taking the note away. Neither the
        killed mount nor another one of the same file is told that a stranger wrote it."""
        tree = self.windows_tree("second")
        wimlib("append", tree, self.image, "Two")
        self.before = read(self.image)
        other = self.folder("mounts", "other")
        client = self.client()
        client.must("mount", self.image, other, 2, 0)
        self.cut_off("finish")
        registry = self.path("state", "registry.json")
        there = json.loads(read(registry))
        victim, = [m for m in there["mounts"] if m["state"] == "committing"]
        del victim["saved"]["written"]
        self.write("state", "registry.json", json.dumps(there))
        self.assertEqual({m["status"] for m in client.mounts()}, {"Ok"})
        self.assertNotEqual(self.before, read(self.image))
        self.assertIn("/new.txt", paths(self.image, 1))
        for mount, index in ((other, 2), (self.mount, 1)):
            self.write(mount, "more.txt", "more")
            client.must("unmount", mount, COMMIT)
            wimlib("verify", self.image)
            self.assertIn("/more.txt", paths(self.image, index))

    @KEEPS_METADATA
    def test_is_undone_when_it_was_killed_before_it_could_note_the_first_of_two_writes(self):
        """Appending with a named stream: first the copy of the image, then the change in it."""
        client = self.client()
        client.must("mount", self.image, self.mount, 1, 0)
        changed = self.write(self.mount, "hello.txt", "changed")
        try:
            os.setxattr(changed, "user.note", b"note")
        except OSError as e:
            self.skipTest(f"no extended attributes here: {e}")
        session = client.must("open", self.mount)
        client.must("load", json.dumps({"id": "k", "at": "DismCommitImage", "when": {"tick": 31},
                                        "do": {"crash": "terminate"}}))
        with self.assertRaises(Ended):
            client.call("commit", session, APPEND)
        client.end()
        registry = self.path("state", "registry.json")
        there = json.loads(read(registry))
        saved = there["mounts"][0]["saved"]
        self.assertIn("headerBetween", saved)  # the kill came after the note, which is taken away
        del saved["headerBetween"]
        self.write("state", "registry.json", json.dumps(there))
        client = self.client()
        self.assertEqual([m["status"] for m in client.mounts()], ["Ok"])
        self.assertTrue(self.before == read(self.image))
        client.must("unmount", self.mount, DISCARD)

    def test_is_not_undone_where_somebody_has_written_the_image_since(self):
        self.cut_off("finish")
        wimlib("info", self.image, "1", "Renamed")
        now = read(self.image)
        client = self.client()
        client.must("cleanup")
        self.assertEqual(now, read(self.image))
        client.must("unmount", self.mount, DISCARD)


@unittest.skipUnless(IS_LAZY, "the other engine mounts nothing")
class an_image_left_mounted_below_an_overlay_that_was_never_made(Test):
    """What a helper leaves that is killed between its two mounts, played by a mount in that place."""

    def setUp(self):
        super().setUp()
        self.image = self.wim(self.windows_tree())
        self.mount = self.folder("m")
        self.first = self.client()
        self.first.must("mount", self.image, self.mount, 1, 0)
        self.write("m", "new.txt", "new")
        self.first.must("reboot")
        self.first.must("init", 2)
        side, = os.listdir(self.path("state", "mounts"))
        self.lower = self.path("state", "mounts", side, "lower")
        subprocess.run(["mount", "-t", "tmpfs", "left", self.lower], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.lower], capture_output=True)

    def test_is_in_no_remounts_way(self):
        self.first.must("remount", self.mount)
        self.assertEqual(read(os.path.join(self.mount, "new.txt")), b"new")
        self.first.must("unmount", self.mount, COMMIT)
        self.assertFalse(os.path.ismount(self.lower))

    def test_is_in_no_discards_way(self):
        self.first.must("unmount", self.mount, DISCARD)
        self.assertEqual(os.listdir(self.path("state", "mounts")), [])


if __name__ == "__main__":
    main()

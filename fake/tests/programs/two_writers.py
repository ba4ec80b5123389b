# SPDX-License-Identifier: MIT
"""Two processes that commit into one WIM file at once: no image is lost, none is damaged."""
import threading

from dismtest import *

COMMITS = 10
WIM_CHANGED = "C1420122"


class two_writers(Test):
    def setUp(self):
        super().setUp()
        tree = self.windows_tree()
        self.image = self.wim(tree, "t.wim", "XPRESS")
        wimlib("append", tree, self.image, "Two")

    def writer(self, index, state, remounts, results):
        client = self.client(state=state)
        mount = self.folder(f"m{index}")
        self.barrier.wait()
        session = None
        for n in range(1, COMMITS + 1):
            if session is None:
                client.must("mount", self.image, mount, index, 0)
                session = client.must("open", mount)
            name = f"w{index}-{n}.txt"
            with open(os.path.join(mount, name), "w") as f:
                f.write(name * 1000)
            reply = client.call("commit", session, APPEND)
            results.append((name, reply))
            if remounts or reply.hr != OK:
                client.must("close", session)
                client.must("unmount", mount, DISCARD)
                session = None
        if session:
            client.must("close", session)
            client.must("unmount", mount, DISCARD)
        client.must("shutdown")
        if client.end() != (0, ""):
            raise AssertionError("the client did not end well")
        results.append("done")

    def run_both(self, states, remounts):
        self.barrier = threading.Barrier(2)
        results = ([], [])
        threads = [threading.Thread(target=self.writer, args=(i + 1, states[i], remounts, results[i]))
                   for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for result in results:
            self.assertTrue(result and result[-1] == "done", result)
        return results[0][:-1] + results[1][:-1]

    def assert_all_there(self, results):
        wimlib("verify", self.image)
        committed = [name for name, reply in results if reply.hr == OK]
        self.assertEqual(image_count(self.image), 2 + len(committed))
        there = set()
        for index in range(3, 3 + len(committed)):
            there.update(p[1:] for p in paths(self.image, index) if p.startswith("/w"))
        self.assertLessEqual(set(committed), there)
        for index in (1, 2):
            self.assertFalse([p for p in paths(self.image, index) if p.startswith("/w")])
        return committed

    def test_with_one_state_folder_every_commit_succeeds(self):
        results = self.run_both((self.state, self.state), remounts=False)
        self.assertEqual([r for r in results if r[1].hr != OK], [])
        self.assertEqual(len(self.assert_all_there(results)), 2 * COMMITS)

    def test_with_one_state_folder_mounting_again_in_between_every_commit_succeeds(self):
        results = self.run_both((self.state, self.state), remounts=True)
        self.assertEqual([r for r in results if r[1].hr != OK], [])
        self.assertEqual(len(self.assert_all_there(results)), 2 * COMMITS)

    def test_a_writer_whose_process_is_just_dying_is_dead_to_the_other(self):
        """A killed process gives up its locks while /proc still shows it running: played by a record that names a
        process which is alive."""
        clients, mounts = [self.client(), self.client()], [self.folder("a"), self.folder("b")]
        for i in range(2):
            clients[i].must("mount", self.image, mounts[i], i + 1, 0)
            self.write("ab"[i], "new.txt", "new")
        sessions = [clients[i].must("open", mounts[i]) for i in range(2)]
        clients[0].must("load", json.dumps({"id": "k", "at": "DismCommitImage/finish", "do": {"crash": "terminate"}}))
        with self.assertRaises(Ended):
            clients[0].call("commit", sessions[0], 0)
        registry = self.path("state", "registry.json")
        there = json.loads(read(registry))
        victim, = [m for m in there["mounts"] if m["state"] == "committing"]
        alive = read(f"/proc/{clients[1].process.pid}/stat").decode().rpartition(")")[2].split()
        victim["ownerPid"], victim["ownerStart"] = clients[1].process.pid, type(victim["ownerStart"])(alive[19])
        self.write("state", "registry.json", json.dumps(there))
        clients[1].must("commit", sessions[1], 0)
        wimlib("verify", self.image)
        self.assertNotIn("/new.txt", paths(self.image, 1))
        self.assertIn("/new.txt", paths(self.image, 2))

    def test_with_two_state_folders_a_change_by_the_other_is_noticed(self):
        mounts = [self.folder("a"), self.folder("b")]
        clients = [self.client(state=self.path("s1")), self.client(state=self.path("s2"))]
        sessions = []
        for i in range(2):
            clients[i].must("mount", self.image, mounts[i], i + 1, 0)
            self.write("ab"[i], "new", "x")
            sessions.append(clients[i].must("open", mounts[i]))
        clients[0].must("commit", sessions[0], APPEND)
        before = read(self.image)
        clients[1].must("commit", sessions[1], APPEND, hr=WIM_CHANGED)
        self.assertTrue(before == read(self.image))

    def test_with_two_state_folders_a_commit_is_saved_or_refused(self):
        results = self.run_both((self.path("s1"), self.path("s2")), remounts=True)
        for name, reply in results:
            self.assertIn(reply.hr, (OK, WIM_CHANGED), f"{name}: {reply}")
        self.assertGreater(len(self.assert_all_there(results)), 0)


class one_servicing_process(Test):
    """While one process has a session on an image, others are told so, until it closes or is gone."""
    IN_SERVICE = "C15101FD"

    def setUp(self):
        super().setUp()
        self.image = self.wim(self.windows_tree(), "t.wim", "none")
        self.mount = self.folder("m")
        self.first, self.second = self.client(), self.client()
        self.first.must("mount", self.image, self.mount, 1, 0)
        self.session = self.first.must("open", self.mount)

    def assert_refused(self):
        self.second.must("open", self.mount, hr=self.IN_SERVICE)
        self.second.must("unmount", self.mount, DISCARD, hr=self.IN_SERVICE)
        self.second.must("unmount", self.mount, COMMIT, hr=self.IN_SERVICE)
        self.assertTrue(os.listdir(self.mount))
        self.assertEqual([m["status"] for m in self.second.mounts()], ["Ok"])

    def test_until_its_last_session_is_closed(self):
        other = self.first.must("open", self.mount)
        self.assert_refused()
        self.first.must("close", self.session)
        self.assert_refused()
        self.first.must("close", other)
        self.second.must("close", self.second.must("open", self.mount))
        self.second.must("unmount", self.mount, DISCARD)

    def test_until_it_is_killed(self):
        self.assert_refused()
        self.first.kill()
        self.second.must("unmount", self.mount, DISCARD)
        self.assertEqual(os.listdir(self.mount), [])

    def test_other_images_and_the_online_image_stay_free(self):
        mount = self.folder("other")
        image = self.wim(self.windows_tree(), "other.wim", "none")
        self.second.must("mount", image, mount, 1, 0)
        self.second.must("close", self.second.must("open", mount))
        self.second.must("unmount", mount, DISCARD)
        self.first.must("close", self.session)
        self.first.must("unmount", self.mount, DISCARD)

if __name__ == "__main__":
    main()

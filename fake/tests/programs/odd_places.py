# SPDX-License-Identifier: MIT
"""Mounts in places that are hard to say or that change under them: odd paths, mounts in and over mounts, what
somebody else has mounted, the lazy engine where the system refuses it."""
from dismtest import *

ODD = ("with space", "com,ma", "quo'te", "ünï日😀", "per%cent", "a=b", "co:lon", "quo\"te", "back\\slash", "new\nline", "end\\", "\\040")
NO_WINDOWS_PATH = set(':"\\\n') # of these names only the state folder, which is a path of this system, can be


def bind(what, where):
    return subprocess.run(["mount", "--bind", what, where], capture_output=True).returncode == 0


class odd_places(Test):
    def setUp(self):
        super().setUp()
        self.image = self.wim(self.windows_tree(), "t.wim", "XPRESS")

    def round(self, image, mount, state):
        client = self.client(state=state)
        client.must("mount", image, mount, 1, 0)
        self.assertEqual(read(os.path.join(mount, "hello.txt")), b"hello")
        with open(os.path.join(mount, "hello.txt"), "w") as file:
            file.write("changed")
        os.remove(os.path.join(mount, "docs", "a"))
        session = client.must("open", mount)
        client.must("commit", session, 0)
        client.must("close", session)
        client.must("reboot")
        client.must("init", 2)
        client.must("remount", mount)
        self.assertEqual(read(os.path.join(mount, "hello.txt")), b"changed")
        self.assertEqual([m["status"] for m in client.mounts()], ["Ok"])
        client.must("unmount", mount, COMMIT)
        self.assertEqual((client.mounts(), os.listdir(mount)), ([], []))
        self.assertEqual(content(image, 1, "/hello.txt"), "changed")
        self.assertNotIn("/docs/a", paths(image))
        self.assertEqual(lazy_mounts_below(self.dir), [])

    def test_paths_with_all_that_a_mount_option_could_misread(self):
        for i, name in enumerate(ODD):
            place = self.folder(str(i), name)
            image = os.path.join(place, f"{name}.wim")
            shutil.copyfile(self.image, image)
            with self.subTest(name=name):
                if NO_WINDOWS_PATH & set(name):
                    self.round(self.image_of(i), self.folder(f"m{i}"), os.path.join(place, name))
                else:
                    self.round(image, self.folder(str(i), name, "m" + name), os.path.join(place, "s" + name))

    def image_of(self, i):
        shutil.copyfile(self.image, self.path(f"{i}.wim"))
        return self.path(f"{i}.wim")

    def test_a_mount_inside_another_is_refused(self):
        client, mount = self.client(), self.folder("m")
        client.must("mount", self.image, mount, 1, 0)
        os.mkdir(os.path.join(mount, "inner"))
        client.must("mount", self.image_of(0), os.path.join(mount, "inner"), 1, 0, hr="80070057")
        client.must("unmount", mount, DISCARD)

    def test_an_image_inside_another_mount(self):
        outer, inner = self.folder("outer"), self.folder("inner")
        client = self.client()
        client.must("mount", self.image, outer, 1, 0)
        image = os.path.join(outer, "inner.wim")
        shutil.copyfile(self.image_of(0), image)
        client.must("mount", image, inner, 1, 0)
        self.write("inner", "hello.txt", "from within")
        if IS_LAZY: # the inner one reads from it
            client.must("unmount", outer, COMMIT, hr="C1420117")
        client.must("unmount", inner, COMMIT)
        self.assertEqual(content(image, 1, "/hello.txt"), "from within")
        client.must("unmount", outer, DISCARD)
        self.assertEqual(lazy_mounts_below(self.dir), [])

    def test_what_somebody_mounts_over_the_mount_folder_stays(self):
        mount, other = self.folder("m"), self.folder("other")
        self.write("other", "theirs", "x")
        client = self.client()
        client.must("mount", self.image, mount, 1, 0)
        self.write("m", "hello.txt", "changed")
        if not bind(other, mount):
            self.skipTest("mounting is not allowed")
        try:
            self.assertEqual([m["status"] for m in client.mounts()], ["Invalid"])
            client.must("unmount", mount, COMMIT, hr="C142011E")
            for words in (("unmount", mount, DISCARD), ("remount", mount), ("cleanup",)):
                client.call(*words)
                self.assertEqual(read(os.path.join(mount, "theirs")), b"x", words)
        finally:
            subprocess.run(["umount", mount], check=True)
        self.assertEqual(os.listdir(other), ["theirs"])
        if IS_LAZY: # what is below is there still, and so is a way back
            client.must("unmount", mount, DISCARD)
            self.assertEqual(os.listdir(mount), [])
        self.assertEqual((client.mounts(), lazy_mounts_below(self.dir)), ([], []))

    def test_a_mount_that_moved_with_a_folder_above_it_is_found(self):
        mount, other = self.folder("x", "m"), self.folder("other")
        self.write("other", "theirs", "x")
        client = self.client()
        client.must("mount", self.image, mount, 1, 0)
        os.rename(self.path("x"), self.path("y"))
        os.mkdir(self.path("x"))
        os.symlink(other, mount)
        self.assertEqual([m["status"] for m in client.mounts()], ["Invalid"])
        client.must("unmount", mount, COMMIT, hr="C142011E")
        client.must("unmount", mount, DISCARD)
        self.assertEqual(read(self.path("other", "theirs")), b"x")
        self.assertEqual((client.mounts(), lazy_mounts_below(self.dir)), ([], []))

    def test_a_state_folder_that_is_deleted_fails_calls_and_takes_nothing_away(self):
        client, mount = self.client(), self.folder("m")
        client.must("mount", self.image, mount, 1, READONLY)
        before = read(self.image)
        shutil.rmtree(self.state)
        for words in (("mounted",), ("unmount", mount, DISCARD), ("mount", self.image, mount, 1, 0)):
            reply = client.call(*words)
            self.assertEqual(reply.hr, "80070002", reply)
            self.assertIn(self.state, reply.text)
        self.assertEqual(read(os.path.join(mount, "hello.txt")), b"hello")
        self.assertEqual(read(self.image), before)

    @unittest.skipUnless(IS_LAZY, "asks for the lazy engine")
    def test_a_lazy_mount_that_is_refused_is_an_error_that_says_why(self):
        prefix = without_fuse(self)
        client, mount = self.client(prefix=prefix), self.folder("m")
        reply = client.call("mount", self.image, mount, 1, 0)
        self.assertEqual(reply.hr, "80070032", reply)
        self.assertIn("cannot mount", reply.text)
        self.assertEqual((client.mounts(), os.listdir(mount)), ([], []))
        automatic = self.client(prefix=prefix, env={"DISMFAKE_ENGINE": "auto"}, init=False)
        automatic.must("init", 2, self.path("log"))
        automatic.must("mount", self.image, mount, 1, 0)
        self.assertEqual(read(os.path.join(mount, "hello.txt")), b"hello")
        self.assertIn("extract", self.dismfake("status").stdout)
        self.assertIn("t.wim is unpacked: ", read(self.path("log")).decode())
        automatic.must("unmount", mount, DISCARD)


if __name__ == "__main__":
    main()

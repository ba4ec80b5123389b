# SPDX-License-Identifier: MIT
"""A client without privileges. Runs the client as `nobody`; needs root to become it."""
from dismtest import *

NOBODY = 65534
PREFIX = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


def can_run():
    if os.getuid() != 0:
        return False
    os.makedirs(TMP, exist_ok=True)
    try:
        for path in (os.path.join(BUILD, "test_driver"), TMP):
            if subprocess.run([*PREFIX, "test", "-x", path]).returncode:
                return False
    except FileNotFoundError:
        return False
    return True


class a_client_without_privileges(Test):
    def setUp(self):
        super().setUp()
        tree = self.windows_tree()
        self.write("tree", "docs", "private", "x")
        os.chmod(self.path("tree", "docs", "private"), 0o400)
        self.image = self.wim(tree, "t.wim", "XPRESS", "--unix-data")
        self.mount = self.folder("m")
        for path in (self.dir, self.mount, self.image):
            os.chown(path, NOBODY, NOBODY)

    def user(self, **options):
        return self.client(prefix=PREFIX, **options)

    def test_mounts_changes_commits_and_unmounts(self):
        client = self.user()
        client.must("mount", self.image, self.mount, 1, 0)
        self.assertEqual(os.stat(os.path.join(self.mount, "hello.txt")).st_uid, NOBODY)
        self.write("m", "new.txt", "new")
        os.remove(os.path.join(self.mount, "docs", "a"))
        session = client.must("open", self.mount)
        client.must("commit", session, 0)
        client.must("close", session)
        client.must("unmount", self.mount, DISCARD)
        self.assertEqual(os.listdir(self.mount), [])
        wimlib("verify", self.image)
        self.assertIn("/new.txt", paths(self.image))
        self.assertNotIn("/docs/a", paths(self.image))

    def test_cannot_write_into_a_file_that_is_read_only_for_it(self):
        os.chown(self.image, 0, 0)
        os.chmod(self.image, 0o644)
        client = self.user()
        client.must("mount", self.image, self.mount, 1, 0, hr="C1510111")
        self.assertEqual(os.listdir(self.mount), [])
        client.must("mount", self.image, self.mount, 1, READONLY)
        self.assertEqual(client.mounts()[0]["mode"], "ro")
        client.must("unmount", self.mount, DISCARD)

    def test_cannot_read_a_file_that_is_closed_to_it(self):
        os.chown(self.image, 0, 0)
        os.chmod(self.image, 0o600)
        client = self.user()
        reply = client.call("mount", self.image, self.mount, 1, READONLY)
        self.assertTrue(int(reply.hr, 16) & 0x80000000, reply)
        self.assertEqual((client.mounts(), os.listdir(self.mount)), ([], []))

    def test_cannot_mount_into_a_folder_that_is_closed_to_it(self):
        os.chown(self.mount, 0, 0)
        client = self.user()
        reply = client.call("mount", self.image, self.mount, 1, 0)
        self.assertEqual(reply.hr, "80070005")
        self.assertEqual((client.mounts(), os.listdir(self.mount)), ([], []))

    def test_cannot_use_a_state_folder_that_is_closed_to_it(self):
        os.makedirs(self.path("root-state"), mode=0o700)
        client = self.user(state=self.path("root-state"), init=False)
        reply = client.call("init", 2)
        self.assertEqual(reply.hr, "80070005")
        self.assertIn(self.path("root-state"), reply.text)
        client.must("mount", self.image, self.mount, 1, 0, hr="C0040001")
        self.assertEqual(os.listdir(self.mount), [])

    def test_survives_a_restart_of_the_machine(self):
        client = self.user()
        client.must("mount", self.image, self.mount, 1, 0)
        client.must("reboot")
        client.must("init", 2)
        client.must("remount", self.mount)
        self.assertEqual(read(os.path.join(self.mount, "hello.txt")), b"hello")
        client.must("unmount", self.mount, COMMIT)


if __name__ == "__main__":
    if not can_run():
        print("this user cannot become nobody, or nobody cannot reach", BUILD)
        sys.exit(77)
    main()

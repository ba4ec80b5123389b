# SPDX-License-Identifier: MIT
"""dismfake save and restore: the whole world in one file, on both engines, read by somebody else too."""
from dismtest import *


class a_kept_world(Test):
    engine = "auto"

    def client(self, **options):
        return super().client(env={"DISMFAKE_ENGINE": self.engine}, **options)

    def setUp(self):
        super().setUp()
        self.image = self.wim(self.windows_tree())
        self.mount = self.folder("m")
        self.kept = self.path("kept.world")

    def done(self, *words):
        done = self.dismfake(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def refused(self, code, says, *words):
        done = self.dismfake(*words)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn(code, done.stderr)
        self.assertIn(says, done.stderr)

    def snapshot(self):
        """Every name below the mount with its kind, mode, links and content."""
        seen = {}
        for folder, folders, files in os.walk(self.mount):
            for name in folders + files:
                path = os.path.join(folder, name)
                info = os.lstat(path)
                content = os.readlink(path) if os.path.islink(path) else read(path) if os.path.isfile(path) else None
                seen[os.path.relpath(path, self.mount)] = (info.st_mode, content)
        return seen

    def test_has_the_whole_tree_and_the_image_byte_for_byte(self):
        client = self.client()
        client.must("mount", self.image, self.mount, 1, 0)
        self.write("m", "new folder", "new.txt", "made\n")
        os.remove(os.path.join(self.mount, "docs", "a"))
        os.symlink("new folder/new.txt", os.path.join(self.mount, "link"))
        tree, image = self.snapshot(), read(self.image)
        self.assertEqual(self.done("save", self.kept), "kept\n")
        client.must("unmount", self.mount, COMMIT)
        self.assertNotEqual(read(self.image), image)
        self.assertEqual(self.done("restore", self.kept), "brought back\n")
        self.assertEqual(read(self.image), image)
        self.assertEqual(self.snapshot(), tree)
        client.must("unmount", self.mount, COMMIT)
        wimlib("verify", self.image)
        names = paths(self.image)
        self.assertIn("/new folder/new.txt", names)
        self.assertIn("/link", names)
        self.assertNotIn("/docs/a", names)

    def test_leaves_what_was_not_touched_out_of_the_next_commit(self):
        client = self.client()
        client.must("mount", self.image, self.mount, 1, 0)
        self.done("save", self.kept)
        self.done("restore", self.kept)
        image = read(self.image)
        client.must("unmount", self.mount, COMMIT)
        self.assertEqual(read(self.image), image)  # nothing had changed, so nothing was written

    def test_is_an_image_file_that_others_read(self):
        client = self.client()
        client.must("mount", self.image, self.mount, 1, 0)
        self.done("save", self.kept)
        wimlib("verify", self.kept)
        self.assertIn("/registry.json", paths(self.kept))
        client.must("unmount", self.mount, DISCARD)

    def test_is_refused_while_sessions_are_open_or_files_are_in_the_way(self):
        client = self.client()
        client.must("mount", self.image, self.mount, 1, 0)
        self.done("save", self.kept)
        session = client.must("open", self.mount)
        self.refused("0xC15101FD", self.mount, "restore", self.kept)
        client.must("close", session)
        client.must("unmount", self.mount, DISCARD)
        self.write("m", "mine.txt", "not to be lost")
        self.refused("0xC1420114", "is not empty", "restore", self.kept)
        self.assertEqual(os.listdir(self.mount), ["mine.txt"])
        self.refused("0x80070002", "there is no file", "restore", self.path("missing"))
        self.write("text.world", "no world at all")
        self.refused("0x", "text.world", "restore", self.path("text.world"))
        self.refused("0x", "holds no kept world", "restore", self.image)
        self.assertEqual(os.listdir(self.mount), ["mine.txt"])
        os.remove(os.path.join(self.mount, "mine.txt"))
        self.done("restore", self.kept)
        client.must("unmount", self.mount, DISCARD)
        self.assertEqual(self.leftovers(), [])

    def leftovers(self):
        return [name for name in os.listdir(self.path("state")) if name in ("saving", "restoring")] + \
            [name for name in os.listdir(self.path()) if name.startswith(".dismfake")]


class a_kept_world_of_the_portable_engine(a_kept_world):
    engine = "extract"


if __name__ == "__main__":
    main()

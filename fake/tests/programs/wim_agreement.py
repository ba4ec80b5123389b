# SPDX-License-Identifier: MIT
"""What the fake writes into WIM files, judged by wimlib-imagex: content, untouched metadata, integrity."""
import ctypes
import hashlib
import shutil
import struct

from dismtest import *

CHANGED = {"/docs/modified.txt", "/docs/deleted.txt", "/docs/renamed.txt", "/docs/other-name.txt",
           "/docs/small-to-big.bin"}
UNCHANGED = ("hello.txt", "Windows/System32/ntdll.dll", "docs/a", "docs/kept.txt", "docs/kept-too.txt",
             "docs/hidden.txt")


def detailed(wim, index):
    """wimlib's detailed listing: path -> its lines, without what depends on the place in the file."""
    entries, path = {}, None
    for line in wimlib("dir", wim, str(index), "--detailed").splitlines():
        if line.startswith("Full Path"):
            path = line.split("=", 1)[1].strip().strip('"')
            entries[path] = []
        elif path is not None and not line.startswith(
                ("Raw", "Offset", "Solid", "Reference Count", "Link Group", "Hard Link", "Blob ref",
                 "Uncompressed size", "Compressed size", "Flags", "-----")):
            entries[path].append(line)
    return entries


def set_attributes(wim, name, attributes):
    """Gives a file of an uncompressed WIM other attributes, in the metadata and its hash."""
    data = bytearray(read(wim))
    size_flags, offset = struct.unpack_from("<QQ", data, 48)
    for at in range(offset, offset + (size_flags & (1 << 56) - 1), 50):
        if not data[at + 7] & 2:
            continue
        length, start = int.from_bytes(data[at:at + 7], "little"), int.from_bytes(data[at + 8:at + 16], "little")
        found = data.find(name.encode("utf-16-le"), start, start + length)
        assert found > 0
        struct.pack_into("<I", data, found - 102 + 8, attributes)
        data[at + 30:at + 50] = hashlib.sha1(data[start:start + length]).digest()
    with open(wim, "wb") as f:
        f.write(data)


class Watch:
    """Opens and reads of files, through inotify."""
    ACCESS, OPEN = 1, 0x20

    def __init__(self, *files):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(0o4000)
        assert self.fd >= 0
        for file in files:
            assert self.libc.inotify_add_watch(self.fd, file.encode(), self.ACCESS | self.OPEN) > 0

    def count(self):
        try:
            return len(os.read(self.fd, 65536)) // 16
        except BlockingIOError:
            return 0


class wim_files(Test):
    compress = "none"

    def make(self):
        tree = self.windows_tree()
        for name in ("modified", "deleted", "moved", "kept", "kept-too", "hidden"):
            self.write("tree", "docs", name + ".txt", f"{name} as captured\n" * 40)
        self.write("tree", "docs", "small-to-big.bin", b"small")
        self.write("tree", "gone", "deep", "file", "x")
        os.link(self.path("tree", "docs", "kept.txt"), self.path("tree", "docs", "kept-link.txt"))
        os.symlink("kept.txt", self.path("tree", "docs", "symlink"))
        os.utime(self.path("tree", "docs", "kept.txt"), ns=(10**18, 10**18 + 123456700))
        wim = self.wim(tree, "t.wim", self.compress, "--boot", "--unix-data")
        wimlib("append", tree, wim, "Two")
        if self.compress == "none":
            set_attributes(wim, "hidden.txt", 0x26)
        return wim

    def change(self, root):
        """Changes a mounted tree in all ways; the same calls make the expected tree."""
        def at(*names):
            return os.path.join(root, *names)

        def put(path, data):
            with open(path, "wb") as f:
                f.write(data)
        put(at("docs", "modified.txt"), b"modified in the mount")
        os.remove(at("docs", "deleted.txt"))
        os.rename(at("docs", "moved.txt"), at("docs", "renamed.txt"))
        shutil.rmtree(at("gone"))
        os.makedirs(at("new", "deep", "empty"))
        put(at("new", "deep", "file.txt"), b"in a new folder")
        put(at("new", "zero"), b"")
        put(at("new", "\u00e4\u20ac\u65e5\U0001f600.txt"), b"name beyond ASCII")
        put(at("docs", "small-to-big.bin"), b"".join(hashlib.sha256(bytes([i % 251, i // 251])).digest() * 64
                                                     for i in range(2560)))
        os.link(at("new", "zero"), at("new", "zero-link"))
        put(at("new", "one"), b"two names")
        os.link(at("new", "one"), at("docs", "other-name.txt"))
        os.symlink("../docs/kept.txt", at("new", "symlink"))

    def expected(self):
        shutil.copytree(self.path("tree"), self.path("expected"), symlinks=True)
        self.change(self.path("expected"))

    def assert_applies_to(self, wim, index, tree):
        shutil.rmtree(self.path("applied"), ignore_errors=True)
        wimlib("apply", wim, str(index), self.path("applied"))
        done = subprocess.run(["diff", "-r", "--no-dereference", self.path("applied"), tree],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def mounted_and_changed(self, wim):
        client = self.client()
        mount = self.folder("m")
        client.must("mount", wim, mount, 1, 0)
        self.change(mount)
        return client, mount, client.must("open", mount)

    def test_a_commit_in_place_holds_the_changes_and_leaves_the_rest_alone(self):
        wim = self.make()
        before, other = detailed(wim, 1), detailed(wim, 2)
        if self.compress == "none":
            self.assertIn("HIDDEN", "".join(before["/docs/hidden.txt"]))
        client, mount, session = self.mounted_and_changed(wim)
        watch = Watch(*(os.path.join(mount, *name.split("/")) for name in UNCHANGED))
        client.must("commit", session, 0)
        self.assertEqual(watch.count(), 0, "an unchanged file was opened by the commit")
        read(os.path.join(mount, "docs", "kept.txt"))
        self.assertGreater(watch.count(), 0, "the watch sees nothing")
        self.expected()
        wimlib("verify", wim)
        self.assertEqual(image_count(wim), 2)
        self.assert_applies_to(wim, 1, self.path("expected"))
        self.assert_applies_to(wim, 2, self.path("tree"))
        after = detailed(wim, 1)
        kept = [p for p in before if p in after and p not in CHANGED and not p.startswith(("/docs/moved", "/gone"))
                and "DIRECTORY" not in "".join(before[p])]
        self.assertGreaterEqual(len(kept), 7)
        for path in kept:
            self.assertEqual(before[path], after[path], path)
        self.assertEqual(other, detailed(wim, 2))
        info = wimlib("info", wim)
        self.assertRegex(info, r"Boot Index:\s+1\n")
        self.assertRegex(info, r"Name:\s+One\n")
        self.assertRegex(info, r"Name:\s+Two\n")

        # A second commit after the first.
        with open(os.path.join(mount, "docs", "modified.txt"), "a") as f:
            f.write(" and again")
        os.remove(os.path.join(mount, "new", "zero"))
        client.must("commit", session, 0)
        client.must("close", session)
        client.must("unmount", mount, DISCARD)
        wimlib("verify", wim)
        self.assertEqual(content(wim, 1, "/docs/modified.txt"), "modified in the mount and again")
        self.assertNotIn("/new/zero", paths(wim))
        self.assertIn("/new/zero-link", paths(wim))
        self.assertEqual(os.listdir(mount), [])

    def test_a_commit_with_append_adds_an_image_and_keeps_the_old_one(self):
        wim = self.make()
        before = detailed(wim, 1)
        client, mount, session = self.mounted_and_changed(wim)
        client.must("commit", session, APPEND)
        self.expected()
        wimlib("verify", wim)
        self.assertEqual(image_count(wim), 3)
        self.assertEqual(before, detailed(wim, 1))
        self.assert_applies_to(wim, 1, self.path("tree"))
        self.assert_applies_to(wim, 3, self.path("expected"))
        self.assertRegex(wimlib("info", wim), r"Boot Index:\s+1\n")
        # The mount still stands for image 1: an in-place commit now goes there.
        client.must("commit", session, 0)
        self.assert_applies_to(wim, 1, self.path("expected"))
        self.assertEqual(image_count(wim), 3)
        wimlib("verify", wim)

    def test_a_commit_can_add_an_integrity_table(self):
        wim = self.make()
        self.assertNotIn("Integrity info", wimlib("info", wim))
        client, mount, session = self.mounted_and_changed(wim)
        client.must("commit", session, INTEGRITY)
        self.assertIn("Integrity info", wimlib("info", wim))
        wimlib("verify", wim)
        wimlib("info", wim, "--check")
        self.expected()
        self.assert_applies_to(wim, 1, self.path("expected"))
        # The table is kept up by a commit that does not ask for one.
        with open(os.path.join(mount, "docs", "modified.txt"), "a") as f:
            f.write(" and again")
        client.must("commit", session, 0)
        self.assertIn("Integrity info", wimlib("info", wim))
        wimlib("info", wim, "--check")
        wimlib("verify", wim)

    def test_unmounting_with_commit_saves_too(self):
        wim = self.make()
        client = self.client()
        mount = self.folder("m")
        client.must("mount", wim, mount, 2, 0)
        self.change(mount)
        client.must("unmount", mount, COMMIT)
        self.expected()
        wimlib("verify", wim)
        self.assert_applies_to(wim, 2, self.path("expected"))
        self.assert_applies_to(wim, 1, self.path("tree"))
        self.assertEqual(client.mounts(), [])
        self.assertEqual(os.listdir(mount), [])

    def test_a_discard_leaves_the_file_as_it_was_byte_for_byte(self):
        wim = self.make()
        before, stamp = read(wim), os.stat(wim)
        client, mount, session = self.mounted_and_changed(wim)
        client.must("close", session)
        client.must("unmount", mount, DISCARD)
        self.assertTrue(before == read(wim))
        self.assertEqual(stamp.st_mtime_ns, os.stat(wim).st_mtime_ns)
        self.assertEqual(os.listdir(mount), [])

    def test_a_commit_without_changes_leaves_the_file_as_it_was(self):
        wim = self.make()
        before = read(wim)
        client = self.client()
        mount = self.folder("m")
        client.must("mount", wim, mount, 1, 0)
        client.must("unmount", mount, COMMIT)
        self.assertTrue(before == read(wim))

    def test_what_an_image_cannot_hold_is_refused_by_name_and_nothing_is_lost(self):
        wim = self.make()
        before = read(wim)
        client = self.client()
        mount = self.folder("m")
        client.must("mount", wim, mount, 1, 0)
        for name, code in ((b"back\\slash", "8007007B"), (b"co:lon", "8007007B"), (b"new\nline", "8007007B"),
                           (b"bad\xff", "80070459")):
            path = os.path.join(os.fsencode(mount), name)
            open(path, "w").close()
            answer = client.call("unmount", mount, COMMIT)
            self.assertEqual(answer.hr, code, name)
            self.assertIn(name[:3].decode(), str(answer))
            self.assertTrue(before == read(wim))
            os.remove(path)
        os.mkfifo(os.path.join(mount, "pipe"))
        self.assertEqual(client.call("unmount", mount, COMMIT).hr, "80070032")
        os.remove(os.path.join(mount, "pipe"))
        client.must("unmount", mount, COMMIT)
        self.assertTrue(before == read(wim))

    @unittest.skipIf(os.geteuid() != 0, "mounting needs root")
    def test_what_somebody_mounted_inside_is_not_stored(self):
        wim = self.make()
        before = read(wim)
        client = self.client()
        mount = self.folder("m")
        client.must("mount", wim, mount, 1, 0)
        inside = os.path.join(mount, "inside")
        os.mkdir(inside)
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", inside], stderr=subprocess.DEVNULL).returncode != 0:
            client.must("unmount", mount, DISCARD)
            self.skipTest("mounting is not allowed here")
        try:
            answer = client.call("unmount", mount, COMMIT)
        finally:
            subprocess.run(["umount", inside], check=True)
        self.assertEqual(answer.hr, "800700AA")
        self.assertIn(inside, str(answer))
        self.assertTrue(before == read(wim))
        client.must("unmount", mount, COMMIT)
        wimlib("verify", wim)

    def test_a_file_that_somebody_has_open_stops_the_unmount_and_is_named(self):
        client, mount = self.client(), self.folder("m")
        client.must("mount", self.make(), mount, 1, 0)
        path = os.path.join(mount, "open.txt")
        with open(path, "w"):
            answer = client.call("unmount", mount, DISCARD)
            self.assertEqual(answer.hr, "C1420117")
            self.assertIn("open.txt", str(answer))
            self.assertTrue(os.path.exists(path))
        client.must("unmount", mount, DISCARD)
        self.assertEqual((os.listdir(mount), client.mounts()), ([], []))

    def test_a_cancelled_commit_leaves_the_file_as_it_was_byte_for_byte(self):
        wim = self.make()
        before = read(wim)
        client, mount, session = self.mounted_and_changed(wim)
        for tick in (1, 15, 21, 60, 97, 99):
            client.must("cancel", tick)
            self.assertIn(client.call("commit", session, 0).hr, CANCELLED)
            self.assertTrue(before == read(wim), f"cancelled at tick {tick}")
        client.must("cancel", 0)
        client.must("commit", session, 0)
        wimlib("verify", wim)
        self.expected()
        self.assert_applies_to(wim, 1, self.path("expected"))


class xpress_files(wim_files):
    compress = "XPRESS"


class lzx_files(wim_files):
    compress = "LZX"


if __name__ == "__main__":
    main()

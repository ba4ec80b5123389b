# SPDX-License-Identifier: MIT
"""What Windows keeps of a file besides content, through a mount and a commit: images captured from NTFS
volumes, changed as any program changes files, checked with wimlib-imagex and, back on NTFS, getxattr."""

import copy

import ntfs
from dismtest import *

NOT_KEPT = "attributes, security and named streams of changed files are not kept"
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-sys_admin", "--")
ODD = "ä€日😀.txt"
# Everything but content of these stays; what happens to each: the methods of `changes`.
CHANGED = ("rewritten.txt", "replaced.txt", "appended.bin", "cut.bin", "touched.txt", "emptied.txt", "was-empty.txt", ODD,
           "compressed/c.txt", "links/one", "folder/inside.txt", "big-stream.txt", "sparse.bin")
UNTOUCHED = ("same.txt", "folder", "compressed", "junction", "symlink", "links/three", "links/four", "empty.bin", "same-streams.txt")


def make_volume(folder):
    def put(name, content, *, bits=ntfs.ARCHIVE, rid=1000, short=None, streams=()):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
        for stream, data in streams:
            os.setxattr(path, "user." + stream, data)
        if short:
            ntfs.set_short_name(path, short)
        ntfs.set_security(path, rid)
        ntfs.set_attributes(path, bits)

    odd = ntfs.READONLY | ntfs.HIDDEN | ntfs.SYSTEM
    for n, name in enumerate((*CHANGED, *UNTOUCHED)):
        if name in ("folder", "compressed", "junction", "symlink") or name.startswith(("compressed/", "links/")):
            continue
        put(name, (name * 2000).encode(), bits=odd if n % 2 else ntfs.HIDDEN, rid=1000 + n, short=f"SHORT{n}.XYZ",
            streams=(("Zone.Identifier", b"[ZoneTransfer]" + bytes([n])), ("ünï", os.urandom(3000))))
    for name in ("was-empty.txt", "empty.bin"):
        with open(os.path.join(folder, name), "r+b") as f:
            f.truncate(0)
    with open(os.path.join(folder, "sparse.bin"), "r+b") as f:
        f.truncate(3 << 20)
    os.makedirs(os.path.join(folder, "compressed"))
    ntfs.set_attributes(os.path.join(folder, "compressed"), ntfs.COMPRESSED)
    put("compressed/c.txt", b"c" * 100_000, rid=2000, bits=ntfs.ARCHIVE | ntfs.COMPRESSED)
    for a, b in (("one", "two"), ("three", "four")):
        put("links/" + a, a.encode() * 900, rid=2100, bits=ntfs.HIDDEN, streams=(("s", b"of " + a.encode()),))
        os.link(os.path.join(folder, "links", a), os.path.join(folder, "links", b))
    ntfs.set_security(os.path.join(folder, "folder"), 2200)
    os.setxattr(os.path.join(folder, "folder"), "user.of-a-folder", b"stream")
    ntfs.set_attributes(os.path.join(folder, "folder"), ntfs.HIDDEN)
    os.makedirs(os.path.join(folder, "junction"))
    ntfs.set_reparse(os.path.join(folder, "junction"), ntfs.JUNCTION_TAG, "\\??\\C:\\folder")
    put("symlink", b"")
    ntfs.set_reparse(os.path.join(folder, "symlink"), ntfs.SYMLINK_TAG, "same.txt")
    for name in ("gone.txt", "gone/deep/er.txt", "Windows/System32/ntdll.dll"):
        put(name, b"content")


class changes:
    """Each method is one way in which programs change a file; `expected` is what they then hold."""

    def __init__(self, mount):
        self.mount, self.expected, self.before = mount, {}, {}
        self.apply()

    def path(self, name):
        return os.path.join(self.mount, name)

    def wrote(self, name):
        self.expected[name] = read(self.path(name))

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content)
        self.wrote(name)

    def apply(self):
        for name in ("rewritten.txt", ODD, "compressed/c.txt", "was-empty.txt", "folder/inside.txt", "big-stream.txt"):
            self.write(name, b"rewritten " + name.encode() * 50)
        with open(self.path("replaced.tmp"), "wb") as f:
            f.write(b"by renaming over it")
        os.replace(self.path("replaced.tmp"), self.path("replaced.txt"))
        self.wrote("replaced.txt")
        with open(self.path("appended.bin"), "ab") as f:
            f.write(b"x" * 3_000_000)
        self.wrote("appended.bin")
        os.truncate(self.path("cut.bin"), 77)
        self.wrote("cut.bin")
        self.write("emptied.txt", b"")
        os.chmod(self.path("touched.txt"), 0o600)
        os.utime(self.path("touched.txt"), (1_600_000_000, 1_500_000_000))
        self.wrote("touched.txt")
        with open(self.path("sparse.bin"), "r+b") as f:
            f.truncate(5 << 20)
            f.seek(4 << 20)
            f.write(b"after a hole")
        self.wrote("sparse.bin")
        self.write("links/one", b"through one name")
        self.expected["links/two"] = self.expected["links/one"]
        os.unlink(self.path("gone.txt"))
        shutil.rmtree(self.path("gone"))
        os.makedirs(self.path("new/deep"))
        self.write("new/deep/file.txt", b"new")
        self.write("new/empty", b"")
        os.link(self.path("new/deep/file.txt"), self.path("new/link"))
        self.wrote("new/link")
        os.symlink("deep/file.txt", self.path("new/symlink"))
        for name, data in (("s1", b"a stream"), ("empty", b""), ("ünï", b"other")):
            os.setxattr(self.path("rewritten.txt"), "user." + name, data)
        os.setxattr(self.path("new/deep/file.txt"), "user.s", b"of a new file")


class Metadata(Test):
    def setUp(self):
        super().setUp()
        self.volume = ntfs.Volume(self.path("volume.img"))
        with self.volume as folder:
            make_volume(folder)
        self.volume.streams = "windows" # a stream that is too large for an extended attribute
        with self.volume as folder:
            with open(os.path.join(folder, "big-stream.txt:big"), "wb") as f:
                f.write(b"big" * 100_000)
        self.volume.streams = "xattr"
        self.image = self.path("t.wim")
        wimlib("capture", self.volume.path, self.image, "One", "--compress=XPRESS")
        self.before = ntfs.details(self.image)
        self.mount = self.folder("mounts", "m")

    def begin(self, engine, prefix=()):
        client = self.client(env={"DISMFAKE_ENGINE": engine}, prefix=prefix)
        mounted = client.call("mount", self.image, self.mount, 1, 0)
        if engine == "lazy" and mounted.hr in ("80070032", "80070002"): # refused, or without its helper
            raise unittest.SkipTest(f"the lazy engine is refused: {mounted.text}")
        self.assertEqual(mounted.hr, OK, mounted)
        return client

    def save(self, client, flags=0):
        session = client.must("open", self.mount)
        client.must("commit", session, hex(flags))
        client.must("close", session)
        wimlib("verify", self.image)

    def commit(self, engine, flags=0, prefix=()):
        client = self.begin(engine, prefix)
        self.changed = changes(self.mount)
        self.save(client, flags)
        return client

    def end(self, client):
        client.must("unmount", self.mount, DISCARD)
        client.must("shutdown")
        self.assertEqual(client.end(), (0, ""))
        self.assertEqual(os.listdir(self.path("state", "mounts")), [])
        with open("/proc/self/mountinfo") as f:
            self.assertNotIn(self.dir, f.read())

    def assert_kept(self, after, changed_kept=True):
        names = set(self.before) - {"/gone.txt", "/gone", "/gone/deep", "/gone/deep/er.txt"}
        new = {"/new", "/new/deep", "/new/deep/file.txt", "/new/empty", "/new/link", "/new/symlink"}
        self.assertEqual(set(after), names | new)
        for path in sorted(names):
            old, now = copy.deepcopy(self.before[path]), copy.deepcopy(after[path])
            changed = path[1:] in self.changed.expected
            with self.subTest(path=path):
                if changed:
                    data = self.changed.expected[path[1:]]
                    self.assertEqual(now["streams"].pop(""), ntfs.sha1(data) if data else "0x" + 40 * "0")
                    old["streams"].pop("")
                    del old["Last Write Time"], now["Last Write Time"]
                if path == "/rewritten.txt":
                    self.assertEqual(now["streams"]["s1"], ntfs.sha1(b"a stream"))
                    self.assertEqual(now["streams"]["ünï"], ntfs.sha1(b"other"))
                    self.assertIn("empty", now["streams"])
                    for name in ("s1", "empty"):
                        del now["streams"][name]
                    old["streams"]["ünï"] = now["streams"]["ünï"]
                self.assertEqual(now, old)
        self.assertEqual(after["/touched.txt"]["Last Write Time"], "Fri Jul 14 02:40:00 2017 UTC")
        self.assertEqual(after["/new/deep/file.txt"]["streams"],
                         {"": ntfs.sha1(b"new"), "s": ntfs.sha1(b"of a new file")})
        self.assertEqual(after["/new/deep/file.txt"]["links"], {"/new/deep/file.txt", "/new/link"})

    def log(self):
        return read(os.path.join(self.state, "Logs", "DISM", "dism.log")).decode()


class a_commit(Metadata):
    def check(self, engine):
        client = self.commit(engine)
        self.assert_kept(ntfs.details(self.image))
        self.end(client)
        self.assertNotIn(NOT_KEPT, self.log())

    def test_keeps_everything_with_the_extract_engine(self):
        self.check("extract")

    def test_keeps_everything_with_the_lazy_engine(self):
        self.check("lazy")

    def test_leaves_what_ntfs_then_has(self):
        client = self.commit("extract")
        self.end(client)
        again = ntfs.Volume(self.path("again.img"))
        wimlib("apply", self.image, again.path)
        with self.volume as old, again as new:
            for name in (*CHANGED, *UNTOUCHED):
                with self.subTest(name=name):
                    before, after = ntfs.xattrs(os.path.join(old, name)), ntfs.xattrs(os.path.join(new, name))
                    if name == "rewritten.txt":
                        self.assertEqual((after.pop("user.s1"), after.pop("user.empty")), (b"a stream", b""))
                        before["user.ünï"] = b"other"
                    self.assertEqual(after, before)
            for name, data in self.changed.expected.items():
                self.assertTrue(read(os.path.join(new, name)) == data, name)

    def test_that_appends_keeps_everything_in_the_new_image_and_leaves_the_old_one(self):
        client = self.commit("extract", int(APPEND, 16))
        self.assertEqual(image_count(self.image), 2)
        self.assert_kept(ntfs.details(self.image, 2))
        self.assertEqual(ntfs.details(self.image, 1), self.before)
        self.end(client)

    def test_writes_the_integrity_table_that_was_asked_for(self):
        client = self.commit("extract", int(INTEGRITY, 16))
        with open(self.image, "rb") as f:
            self.assertNotEqual(f.read(208)[0x84:0x8C], bytes(8), "the header names no integrity table")
        self.assertNotIn("does not contain integrity", wimlib("verify", self.image))
        self.assert_kept(ntfs.details(self.image))
        self.end(client)

    def test_twice_in_one_mount_keeps_everything(self):
        client = self.commit("extract")
        self.changed.write("rewritten.txt", b"once more")
        self.save(client)
        self.assert_kept(ntfs.details(self.image))
        self.end(client)

    def check_refused(self, prefix):
        client = self.commit("extract", prefix=prefix)
        after = ntfs.details(self.image)
        for path in sorted(set(self.before) & set(after)):
            with self.subTest(path=path):
                if path[1:] in self.changed.expected:
                    self.assertNotIn("Security Descriptor", after[path])
                else:
                    self.assertEqual(after[path], self.before[path])
        self.end(client)
        self.assertIn(NOT_KEPT, self.log())

    def test_without_fuse_says_what_is_lost_and_loses_nothing_else(self):
        self.check_refused(without_fuse(self))

    def test_by_root_without_the_right_to_mount_says_so_too(self):
        self.check_refused(WITHOUT_RIGHTS)

    def test_that_appends_without_fuse_leaves_the_old_image_alone(self):
        client = self.commit("extract", int(APPEND, 16), without_fuse(self))
        self.assertEqual(ntfs.details(self.image, 1), self.before)
        self.assertEqual(image_count(self.image), 2)
        for name, data in self.changed.expected.items():
            self.assertEqual(ntfs.details(self.image, 2)["/" + name]["streams"][""], ntfs.sha1(data) if data else "0x" + 40 * "0")
        self.end(client)


class hard_links(Metadata):
    """Names of one file in the image that are no longer one in the mount folder."""

    def path_of(self, name):
        return os.path.join(self.mount, "links", name)

    def test_part_where_one_name_is_replaced(self):
        client = self.begin("extract")
        with open(self.path_of("tmp"), "wb") as f:
            f.write(b"only two")
        os.replace(self.path_of("tmp"), self.path_of("two"))
        self.save(client)
        after = ntfs.details(self.image)
        for key in ("streams", "Security Descriptor", "Attributes"):
            self.assertEqual(after["/links/one"][key], self.before["/links/one"][key])
        self.assertEqual(after["/links/one"]["links"], {"/links/one"})
        self.assertEqual(after["/links/two"]["streams"], {"": ntfs.sha1(b"only two")})
        self.end(client)

    def test_keep_the_rest_where_one_is_deleted_and_the_other_written(self):
        client = self.begin("extract")
        os.unlink(self.path_of("two"))
        with open(self.path_of("one"), "wb") as f:
            f.write(b"alone")
        self.save(client)
        after = ntfs.details(self.image)
        self.assertNotIn("/links/two", after)
        self.assertEqual(after["/links/one"]["streams"], {**self.before["/links/one"]["streams"], "": ntfs.sha1(b"alone")})
        self.assertEqual(after["/links/one"]["Attributes"], self.before["/links/one"]["Attributes"])
        self.end(client)


if __name__ == "__main__":
    try:
        ntfs.need()
    except unittest.SkipTest as reason:
        print("skipped:", reason)
        sys.exit(77)
    main()

# SPDX-License-Identifier: MIT
"""The NTFS layer over a volume in a plain file (volume_tool), held against the ntfs-3g driver: what is unpacked, what is
changed, and what stays as it was. TEST_SEED repeats the random part."""
import errno
import random
import stat
import struct

import ntfs
from dismtest import *

NEW, KEPT = b"what is written now" * 1000, b"kept"


class Layer(Test):
    def setUp(self):
        super().setUp()
        self.volume = ntfs.Volume(self.path("a.ntfs"), 64)
        self.out = self.folder("out")

    def tool(self, verb, *words, fails=None):
        done = subprocess.run([*program("test_volume_tool"), verb, self.volume.path, *words], capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"}, check=False)
        self.assertEqual(done.stderr, "")
        if fails:
            self.assertEqual((done.returncode, done.stdout[:10]), (1, fails), done.stdout)
        else:
            self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def extract(self):
        self.tool("extract", self.out)

    def change(self, *changes, **options):
        """"+name" is added from the folder that was unpacked, "-name" deleted."""
        words = []
        for change in changes:
            words += [change, os.path.join(self.out, change[1:])] if change[0] == "+" else [change]
        return self.tool("change", *words, **options)

    def put(self, folder, name, content):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def assert_healthy(self):
        done = subprocess.run(["ntfsfix", "-n", self.volume.path], capture_output=True, text=True, check=False,
                              env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
        self.assertIn("was processed successfully", done.stdout)
        with self.volume as mounted:
            there, wanted = tree(mounted), tree(self.out)
        self.assertEqual({p: what for p, what in there.items() if what != wanted.get(p)},
                         {p: what for p, what in wanted.items() if what != there.get(p)})


def tree(folder):
    """Path -> what a folder on Linux has of it: kind, content or target, modification time in NTFS' units, link group."""
    found, groups = {}, {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            short, info = os.path.relpath(path, folder), os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                found[short] = ("link", target(path))
            elif stat.S_ISDIR(info.st_mode):
                found[short] = ("folder",)
            else:
                groups.setdefault(info.st_ino, []).append(short)
                found[short] = ("file", ntfs.sha1(read(path)), info.st_mtime_ns // 100)
    for names in groups.values():
        for name in names:
            found[name] += (tuple(sorted(names)),)
    return found


def target(path):
    """ntfs-3g follows only links that lead somewhere; the relative ones made here are read from their data."""
    try:
        data = os.getxattr(path, "system.ntfs_reparse_data", follow_symlinks=False)
    except OSError:
        return os.readlink(path)
    at, size, _, _, _ = struct.unpack_from("<HHHHI", data, 8)
    return data[20 + at:20 + at + size].decode("utf-16-le").replace("\\", "/")


class what_is_unpacked(Layer):
    def test_files_folders_links_and_times(self):
        with self.volume as mounted:
            self.put(mounted, "Windows/System32/resident.txt", b"small")
            self.put(mounted, "Windows/System32/large.bin", random.Random(1).randbytes(3_000_000))
            self.put(mounted, "Windows/empty", b"")
            self.put(mounted, "Users/\u00e4 \u6f22 \U0001f600.txt", b"name")
            os.link(os.path.join(mounted, "Windows/empty"), os.path.join(mounted, "Windows/also empty"))
            os.utime(os.path.join(mounted, "Windows/empty"), ns=(1_500_000_000_123_456_700, 1_400_000_000_123_456_700))
            os.makedirs(os.path.join(mounted, "no files"))
            for i in range(600):
                self.put(mounted, f"many/file with a long name {i}", b"%d" % i)
        self.extract()
        self.assert_healthy()

    def test_holes_stay_holes(self):
        with self.volume as mounted:
            with open(os.path.join(mounted, "sparse"), "wb") as f:
                f.seek(5 << 30)
                f.write(b"end")
        self.extract()
        info = os.stat(os.path.join(self.out, "sparse"))
        self.assertEqual(info.st_size, (5 << 30) + 3)
        self.assertLess(info.st_blocks * 512, 1 << 20)

    def test_links_of_windows_and_what_only_windows_reads(self):
        with self.volume as mounted:
            for name, tag, target in (("relative", ntfs.SYMLINK_TAG, "..\\x"), ("absolute", ntfs.SYMLINK_TAG, "\\??\\C:\\Users\\x"),
                                      ("junction", ntfs.JUNCTION_TAG, "\\??\\C:\\Users")):
                path = os.path.join(mounted, name)
                os.makedirs(path) if tag == ntfs.JUNCTION_TAG else self.put(mounted, name, b"")
                ntfs.set_reparse(path, tag, target)
            self.put(mounted, "elsewhere", b"")
            os.setxattr(os.path.join(mounted, "elsewhere"), "system.ntfs_reparse_data", struct_reparse(0x9000001A, b"cloud"))
        self.extract()
        self.assertEqual([os.readlink(os.path.join(self.out, n)) for n in ("relative", "absolute", "junction")],
                         ["../x", "/Users/x", "/Users"])
        self.assertEqual(os.path.getsize(os.path.join(self.out, "elsewhere")), 0)

    def test_compressed_content(self):
        content = b"the same words again and again " * 10_000
        with self.volume as mounted:
            os.makedirs(os.path.join(mounted, "packed"))
            ntfs.set_attributes(os.path.join(mounted, "packed"), ntfs.COMPRESSED)
            self.put(mounted, "packed/file", content)
        self.extract()
        self.assertEqual(read(os.path.join(self.out, "packed/file")), content)
        self.put(self.out, "packed/file", content[5:])
        self.put(self.out, "packed/new", content)
        self.change("+packed/file", "+packed/new")
        self.assert_healthy()


def struct_reparse(tag, data):
    return tag.to_bytes(4, "little") + len(data).to_bytes(2, "little") + b"\0\0" + data


class what_is_changed(Layer):
    def test_what_a_file_is_besides_its_content_stays(self):
        with self.volume as mounted:
            path = self.put(mounted, "Windows/file", KEPT)
            ntfs.set_security(path, 1234)
            ntfs.set_attributes(path, ntfs.HIDDEN | ntfs.SYSTEM)
            ntfs.set_short_name(path, "SHORT~1.TXT")
            os.setxattr(path, "user.stream", b"in a stream")
            before = ntfs.xattrs(path)
        self.extract()
        self.put(self.out, "Windows/file", NEW)
        self.change("+Windows/file")
        self.assert_healthy()
        with self.volume as mounted:
            after = ntfs.xattrs(os.path.join(mounted, "Windows/file"))
        archive = int.from_bytes(before["system.ntfs_attrib_be"], "big") | ntfs.ARCHIVE
        self.assertEqual(int.from_bytes(after.pop("system.ntfs_attrib_be"), "big"), archive)
        before.pop("system.ntfs_attrib_be")
        # Its own time stamps aside, which ntfs-3g also shows as attributes.
        same = {k: v for k, v in before.items() if "times" not in k}
        self.assertEqual({k: v for k, v in after.items() if "times" not in k}, same)
        self.assertIn("system.ntfs_acl", same)

    def test_new_things_inherit_their_security(self):
        with self.volume as mounted:
            os.makedirs(os.path.join(mounted, "folder"))
            ntfs.set_security(os.path.join(mounted, "folder"), 1234)
        self.extract()
        self.put(self.out, "folder/new/file", NEW)
        self.change("+folder/new")
        self.assert_healthy()
        with self.volume as mounted:
            self.assertTrue(ntfs.xattrs(os.path.join(mounted, "folder/new/file"))["system.ntfs_acl"])

    def test_streams_are_added_and_none_is_taken_away(self):
        with self.volume as mounted:
            os.setxattr(self.put(mounted, "file", KEPT), "user.there", b"1")
        self.extract()
        path = self.put(self.out, "file", NEW)
        try:
            os.setxattr(path, "user.more", b"2" * 1000)
        except OSError as reason:
            if reason.errno == errno.ENOTSUP:
                self.skipTest("no extended attributes here")
            raise
        self.change("+file")
        with self.volume as mounted:
            found = ntfs.xattrs(os.path.join(mounted, "file"))
        self.assertEqual((found["user.there"], found["user.more"]), (b"1", b"2" * 1000))

    def test_names_of_one_file(self):
        with self.volume as mounted:
            self.put(mounted, "a", KEPT)
            os.link(os.path.join(mounted, "a"), os.path.join(mounted, "b"))
            self.put(mounted, "c", KEPT)
            os.link(os.path.join(mounted, "c"), os.path.join(mounted, "d"))
        self.extract()
        with open(os.path.join(self.out, "a"), "wb") as f: # both names
            f.write(NEW)
        os.remove(os.path.join(self.out, "c")) # one leaves
        self.put(self.out, "c", b"alone")
        os.link(os.path.join(self.out, "a"), os.path.join(self.out, "e"))
        os.remove(os.path.join(self.out, "b"))
        self.put(self.out, "f", b"new")
        os.link(os.path.join(self.out, "f"), os.path.join(self.out, "g"))
        self.change("-b", "+a", "+c", "+e", "+f", "+g")
        self.assert_healthy()

    def test_kinds_change(self):
        with self.volume as mounted:
            self.put(mounted, "file", KEPT)
            self.put(mounted, "folder/x/y", KEPT)
            self.put(mounted, "link", b"")
            ntfs.set_reparse(os.path.join(mounted, "link"), ntfs.SYMLINK_TAG, "file")
        self.extract()
        os.remove(os.path.join(self.out, "file"))
        self.put(self.out, "file/now/a folder", NEW)
        shutil.rmtree(os.path.join(self.out, "folder"))
        os.symlink("file/now", os.path.join(self.out, "folder"))
        os.remove(os.path.join(self.out, "link"))
        self.put(self.out, "link", NEW)
        self.change("-file", "+file", "-folder", "+folder", "+link")
        self.assert_healthy()
        with self.volume as mounted: # a link to a folder is a folder to Windows
            attributes = ntfs.xattrs(os.path.join(mounted, "folder"))["system.ntfs_attrib_be"]
            self.assertEqual(int.from_bytes(attributes, "big") & 0x410, 0x410)

    def test_a_large_sparse_file(self):
        self.extract()
        with open(os.path.join(self.out, "sparse"), "wb") as f:
            f.write(b"begin")
            f.seek(5 << 30)
            f.write(b"end")
            f.truncate((5 << 30) + (1 << 20))
        self.change("+sparse")
        with self.volume as mounted, open(os.path.join(mounted, "sparse"), "rb") as f:
            info = os.stat(os.path.join(mounted, "sparse"))
            self.assertEqual(info.st_size, (5 << 30) + (1 << 20))
            self.assertLess(info.st_blocks * 512, 1 << 20)
            self.assertEqual(f.read(6), b"begin\0")
            self.assertEqual(os.pread(f.fileno(), 5, (5 << 30) - 1), b"\0end\0")

    def test_what_does_not_fit_says_so(self):
        self.extract()
        self.put(self.out, "too much", random.Random(1).randbytes(80 << 20))
        self.assertIn("too much", self.change("+too much", fails="0x80070070"))

    def test_names_that_windows_has_not(self):
        self.extract()
        for name in ("a:b", "ques?tion", "back\\slash", "n" * 256):
            try:
                self.put(self.out, name, b"")
            except OSError:
                continue
            self.assertIn(name, self.change("+" + name, fails="0x8007007B"))

    def test_a_dirty_volume_can_be_read_and_not_written(self):
        with self.volume as mounted:
            self.put(mounted, "file", KEPT)
        ntfs.set_dirty(self.volume.path)
        self.extract()
        before = read(self.volume.path)
        self.assertIn("dirty", self.change("+file", fails="0x80070015"))
        self.assertTrue(before == read(self.volume.path))

    def test_a_hibernated_windows_is_not_written_to(self):
        with self.volume as mounted:
            self.put(mounted, "hiberfil.sys", b"hibr" + bytes(8188))
        self.extract()
        before = read(self.volume.path)
        self.assertIn("hibernated", self.change("+hiberfil.sys", fails="0x80070015"))
        self.assertTrue(before == read(self.volume.path))

    def test_no_volume(self):
        with open(self.volume.path, "r+b") as f:
            f.write(bytes(512))
        self.tool("list", fails="0x800703ED")


class at_random(Layer):
    NAMES = ["a", "b", "Long Name with Spaces.text", "\u00fcml\u00e4ut", "x.dll", "y"]

    def test_the_volume_follows_the_folder(self):
        seed = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(2**32))
        print("TEST_SEED =", seed, flush=True)
        self.rng = random.Random(seed)
        with self.volume as mounted:
            for i in range(120):
                self.put(mounted, "/".join(["d%d" % self.rng.randrange(5)] * self.rng.randint(0, 2) + ["f%d" % i]), self.some())
        self.extract()
        for _ in range(6):
            before = tree(self.out)
            for _ in range(30):
                self.mutate()
            self.change(*differences(before, tree(self.out)))
            self.assert_healthy()

    def some(self):
        return self.rng.randbytes(self.rng.choice([0, 5, 600, 5000, 70_000, 300_000]))

    def mutate(self):
        all_files = [p for p, what in tree(self.out).items() if what[0] == "file"]
        folders = [""] + [p for p, what in tree(self.out).items() if what[0] == "folder"]
        pick = os.path.join(self.out, self.rng.choice(all_files))
        place = os.path.join(self.out, self.rng.choice(folders), self.rng.choice(self.NAMES))
        what = self.rng.randrange(7)
        try:
            if what == 0:
                with open(pick, "r+b") as f: # in place: all its names
                    f.seek(self.rng.randrange(1000))
                    f.write(self.some())
            elif what == 1 and len(all_files) > 20:
                os.remove(pick)
            elif what == 2:
                os.link(pick, place)
            elif what == 3:
                os.rename(pick, place)
            elif what == 4:
                os.makedirs(place)
            elif what == 5:
                os.symlink(self.rng.choice(["a", "../x", "d1/d1"]), place)
            else:
                if os.path.islink(place):
                    os.remove(place)
                with open(place, "wb") as f:
                    f.write(self.some())
        except (FileExistsError, IsADirectoryError, NotADirectoryError, FileNotFoundError):
            pass


def differences(before, after):
    """As a mount's comparison names them: deletions, then additions, nothing below an added folder."""
    gone = sorted(p for p in before if p not in after or before[p][0] != after[p][0])
    gone = [p for p in gone if os.path.dirname(p) not in gone]
    added = sorted(p for p in after if p not in before or before[p] != after[p])
    new_folders = {p for p in added if after[p] == ("folder",) and (p not in before or before[p] != after[p])}
    return ["-" + p for p in gone] + ["+" + p for p in added if not below_any(p, new_folders)]


def below_any(path, folders):
    return any(path.startswith(folder + "/") for folder in folders)


if __name__ == "__main__":
    main()

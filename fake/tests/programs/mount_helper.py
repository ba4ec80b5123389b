# SPDX-License-Identifier: MIT
"""dismfake-mount by itself: what it shows of an image is compared with what wimlib-imagex unpacks, and its
promises to the library (one line, nothing left behind) are kept whatever happens. Needs root and /dev/fuse."""
import errno
import random
import re
import select
import signal
import struct
import threading

import ntfs
from dismtest import *

HELPER = next((p for p in (os.path.join(BUILD, "dismfake-mount"), os.path.join(BUILD, "mountfs", "dismfake-mount"))
               if os.path.exists(p)), None)
SIZES = (0, 1, 4095, 32767, 32768, 32769, 5 * 32768 + 17, 1 << 20, (3 << 20) + 5)


def words(seed, size):
    """Text that compresses, the same for the same seed."""
    chosen = random.Random(seed)
    text = b" ".join(chosen.choice((b"image", b"folder", b"chunk", b"windows", b"%d" % chosen.randrange(99)))
                     for _ in range(size // 3 + 1))
    return text[:size]


def noise(seed, size):
    return random.Random(seed).randbytes(size)


def why_not():
    """Why nothing here can run; None if it can."""
    if not HELPER:
        return "dismfake-mount is not built"
    if os.geteuid() != 0:
        return "mounting takes root"
    if not os.path.exists("/dev/fuse"):
        return "there is no /dev/fuse"
    os.makedirs(TMP, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TMP) as folder:
        os.makedirs(os.path.join(folder, "tree"))
        os.makedirs(os.path.join(folder, "m"))
        wim = os.path.join(folder, "t.wim")
        wimlib("capture", os.path.join(folder, "tree"), wim, "--compress=none")
        done = helper("--image", wim, "--index", "1", "--lower", os.path.join(folder, "m"))
        if done.returncode == 6:
            return done.stdout.strip()
        subprocess.run(["umount", os.path.join(folder, "m")], check=True)
    return None


def helper(*options, prefix=(), env=None):
    return subprocess.run([*prefix, HELPER, *options], capture_output=True, text=True,
                          env={**os.environ, **(env or {})}, timeout=60)


def start_time(pid):
    """Of a process that lives, as the helper says it; None: there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except FileNotFoundError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def mounts_below(folder):
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), line.split()[4]) for line in file]
    return [p for p in points if p.startswith(folder + "/")]


def tree_of(folder):
    """Path -> what stat says and what is in it, for all below the folder."""
    found, names = {}, {}
    for at, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = os.path.join(at, name)
            st = os.lstat(path)
            inner = os.path.relpath(path, folder)
            kind = {0o040000: "folder", 0o120000: "link", 0o100000: "file"}[st.st_mode & 0o170000]
            facts = {"kind": kind, "mode": oct(st.st_mode), "uid": st.st_uid}
            if kind == "link":
                facts["target"] = os.readlink(path)
                facts["size"] = st.st_size
            else:
                facts["mtime"] = st.st_mtime_ns
            if kind == "file":
                facts.update(size=st.st_size, links=st.st_nlink, content=ntfs.sha1(read(path)))
                names.setdefault(st.st_ino, set()).add(inner)
                facts["names"] = names[st.st_ino]
            found[inner] = facts
    return found


class Mounted:
    """A running helper."""

    def __init__(self, test, wim, *options, index=1, lower="m", env=None):
        self.folder = test.path(lower)
        os.makedirs(self.folder, exist_ok=True)
        done = helper("--image", wim, "--index", str(index), "--lower", self.folder, *options, env=env)
        assert done.returncode == 0, done
        word, self.pid, self.start = done.stdout.split()
        assert word == "ok" and done.stdout.count("\n") == 1, done
        test.assertEqual(start_time(self.pid), self.start)

    def is_alive(self):
        return start_time(self.pid) == self.start

    def wait_for_end(self, seconds=20):
        """Without looking again and again: a descriptor of the process becomes readable at its end."""
        try:
            fd = os.pidfd_open(int(self.pid))
        except ProcessLookupError:
            return True
        with select.epoll() as poll:
            poll.register(fd, select.EPOLLIN)
            ended = bool(poll.poll(seconds))
        os.close(fd)
        return ended and not self.is_alive()


class HelperTest(Test):
    def setUp(self):
        super().setUp()
        os.umask(0o022)

    def tearDown(self):
        for point in reversed(mounts_below(self.dir)):
            subprocess.run(["umount", "-l", point], check=False)
        super().tearDown()

    def mounted(self, wim, *options, **more):
        return Mounted(self, wim, *options, **more)

    def unmount(self, mounted):
        subprocess.run(["umount", mounted.folder], check=True)
        self.assertTrue(mounted.wait_for_end())

    def rich_tree(self):
        for size in SIZES:
            self.write("tree", "sizes", f"words-{size}", words(size, size))
            self.write("tree", "sizes", f"noise-{size}", noise(size, size))
        self.write("tree", "mixed.bin", words(1, 200000) + noise(2, 100000) + bytes(150000) + words(3, 70001))
        for name in ("ä€日😀.txt", "with space", "quo'te\"s", "$x;`y`", "back\\slash", "x" * 200):
            self.write("tree", "names", name, name)
        for i in range(700):
            self.write("tree", "many", f"file number {i:04} of a folder with long names", str(i))
        for i in range(12):
            self.write("tree", *["deep"] * i, "at", str(i))
        for name in ("second name.txt", "third"):
            os.link(self.path("tree", "mixed.bin"), self.path("tree", "names", name))
        os.makedirs(self.path("tree", "empty", "folder"))
        for name, target in {"relative": "names/with space", "up": "../tree/mixed.bin", "gone": "nothing/here",
                             "folder": "many", "ä link": "names/ä€日😀.txt"}.items():
            os.symlink(target, self.path("tree", name))
        os.symlink(self.path("tree", "mixed.bin"), self.path("tree", "absolute"))
        os.utime(self.path("tree", "mixed.bin"), ns=(10**18, 10**18 + 123456700))
        os.utime(self.path("tree", "many"), ns=(10**17, 10**17))
        return self.path("tree")

    def assert_same(self, shown, expected):
        self.assertEqual(sorted(shown), sorted(expected))
        for path, facts in expected.items():
            self.assertEqual(shown[path], facts, path)


class what_is_shown(HelperTest):
    def check(self, *capture, tree=None, unpack=()):
        wim = self.wim(tree or self.rich_tree(), "t.wim", *capture)
        mounted = self.mounted(wim)
        # Unpacked where it is shown, since absolute links are made to lead into that very folder.
        shown = tree_of(mounted.folder)
        self.unmount(mounted)
        wimlib("apply", wim, "1", mounted.folder, *unpack)
        expected = tree_of(mounted.folder)
        self.assert_same(shown, expected)

    def test_xpress(self):
        self.check("XPRESS")

    def test_lzx(self):
        self.check("LZX")

    def test_lzms(self):
        self.check("LZMS")

    def test_not_compressed(self):
        self.check("none")

    def test_small_chunks(self):
        self.check("XPRESS", "--chunk-size=4096")

    def test_large_chunks(self):
        self.check("LZX", "--chunk-size=2M")

    def test_unix_data(self):
        tree = self.rich_tree()
        os.chmod(self.path("tree", "mixed.bin"), 0o4751)
        os.chmod(self.path("tree", "names"), 0o500)
        self.check("LZX", "--unix-data", tree=tree, unpack=["--unix-data"])

    def test_the_second_image(self):
        wim = self.wim(self.windows_tree("other"), "t.wim", "LZX")
        wimlib("append", self.rich_tree(), wim, "Two")
        mounted = self.mounted(wim, index=2)
        self.assertEqual(read(os.path.join(mounted.folder, "mixed.bin")), read(self.path("tree", "mixed.bin")))
        self.unmount(mounted)

    def test_a_file_above_four_gibibytes(self):
        """Its chunk table has wide entries. Almost all of it is a hole."""
        self.folder("tree")
        with open(self.path("tree", "huge"), "wb") as file:
            file.truncate((4 << 30) + 70000)
            for at in (0, 1 << 31, (4 << 30) - 7, (4 << 30) + 69990):
                file.seek(at)
                file.write(b"not a hole")
        mounted = self.mounted(self.wim(self.path("tree"), "t.wim", "XPRESS"))
        with open(os.path.join(mounted.folder, "huge"), "rb") as shown, open(self.path("tree", "huge"), "rb") as own:
            self.assertEqual(os.fstat(shown.fileno()).st_size, (4 << 30) + 70000)
            for at in (0, (1 << 31) - 50000, (4 << 30) - 100000, (4 << 30) - 10):
                shown.seek(at)
                own.seek(at)
                self.assertEqual(shown.read(200000), own.read(200000), at)
        self.unmount(mounted)

    def test_reads_anywhere_in_a_file(self):
        content = words(7, 300000) + noise(8, 100000)
        self.write("tree", "file", content)
        mounted = self.mounted(self.wim(self.path("tree"), "t.wim", "LZX"))
        chosen = random.Random(3)
        with open(os.path.join(mounted.folder, "file"), "rb", buffering=0) as file:
            for _ in range(400):
                at, size = chosen.randrange(410000), chosen.randrange(70000)
                self.assertEqual(os.pread(file.fileno(), size, at), content[at:at + size])
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self.unmount(mounted)

    def test_nothing_can_be_changed(self):
        mounted = self.mounted(self.wim(self.windows_tree(), "t.wim", "LZX"))
        path = os.path.join(mounted.folder, "hello.txt")
        for change in (lambda: open(path, "ab"), lambda: os.remove(path), lambda: os.chmod(path, 0o600),
                       lambda: os.mkdir(path + "x"), lambda: os.setxattr(path, "user.x", b"y"),
                       lambda: os.rename(path, path + "x"), lambda: os.truncate(path, 1)):
            with self.assertRaises(OSError) as caught:
                change()
            self.assertEqual(caught.exception.errno, errno.EROFS)
        self.unmount(mounted)

    def test_the_umask_decides_the_modes(self):
        wim = self.wim(self.windows_tree(), "t.wim", "LZX")
        for mask in (0o000, 0o002, 0o027, 0o077):
            mounted = self.mounted(wim, "--umask", oct(mask)[2:])
            shown = tree_of(mounted.folder)
            self.unmount(mounted)
            os.umask(mask)
            wimlib("apply", wim, "1", self.folder(f"unpacked {mask}"))
            self.assert_same(shown, tree_of(self.path(f"unpacked {mask}")))
            os.umask(0o022)

    def test_two_hundred_readers_at_once(self):
        tree = self.rich_tree()
        mounted = self.mounted(self.wim(tree, "t.wim", "LZX"))
        wrong, paths_of = [], [os.path.relpath(os.path.join(at, name), tree) for at, _, names in os.walk(tree)
                               for name in names if not os.path.islink(os.path.join(at, name))]

        def reader(seed):
            mine = random.Random(seed).sample(paths_of, 40)
            for path in mine:
                if read(os.path.join(mounted.folder, path)) != read(os.path.join(tree, path)):
                    wrong.append(path)

        threads = [threading.Thread(target=reader, args=(seed,)) for seed in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.unmount(mounted)

    def test_what_was_read_ahead_is_right(self):
        """One reader through many small files, in order: most reads never reach the helper."""
        for i in range(60):
            for k in range(20):
                self.write("tree", f"{i:02}", f"{k:02}", words(100 * i + k, (i * 977 + k * 131) % 9000))
        mounted = self.mounted(self.wim(self.path("tree"), "t.wim", "LZX"))
        for at, folders, files in os.walk(mounted.folder):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(at, name)
                self.assertEqual(read(path), read(self.path("tree", os.path.relpath(path, mounted.folder))), path)
        self.unmount(mounted)

    def test_the_image_file_grows_meanwhile(self):
        """A commit of another process appends to the file and changes its header."""
        tree = self.rich_tree()
        wim = self.wim(tree, "t.wim", "LZX")
        mounted = self.mounted(wim)
        before = os.stat(wim).st_size
        self.write("new", noise(5, 300000))
        wimlib("update", wim, "1", f"--command=add '{self.path('new')}' /mixed.bin")
        wimlib("update", wim, "1", "--command=delete /names --recursive")
        self.assertGreater(os.stat(wim).st_size, before)
        wimlib("append", self.path("tree", "many"), wim, "Two")
        for name in ("mixed.bin", "names/third", "sizes/words-1048576", "many/file number 0042 of a folder with long names"):
            self.assertEqual(read(os.path.join(mounted.folder, name)), read(os.path.join(tree, name)), name)
        self.unmount(mounted)
        wimlib("verify", wim)


class windows_metadata(HelperTest):
    """Of an image captured from NTFS, against wimlib-imagex dir --detailed and NTFS itself."""

    def make(self):
        volume = ntfs.Volume(self.path("ntfs.img"))
        with volume as folder:
            for name in ("plain", "streams", "secret", "sub/inner"):
                path = os.path.join(folder, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as f:
                    f.write(words(name, 50000))
            os.setxattr(os.path.join(folder, "streams"), "user.Zone.Identifier", b"[ZoneTransfer]\r\nZoneId=3\r\n")
            os.setxattr(os.path.join(folder, "streams"), "user.long", words("long", 40000))
            os.setxattr(os.path.join(folder, "streams"), "user.empty", b"")
            os.setxattr(os.path.join(folder, "sub"), "user.of a folder", b"x")
            ntfs.set_attributes(os.path.join(folder, "plain"), ntfs.HIDDEN | ntfs.SYSTEM)
            ntfs.set_attributes(os.path.join(folder, "streams"), ntfs.READONLY | ntfs.ARCHIVE)
            for i, name in enumerate(("secret", "sub", "plain")):
                ntfs.set_security(os.path.join(folder, name), 1000 + i)
            os.link(os.path.join(folder, "plain"), os.path.join(folder, "sub", "plain too"))
            for name, tag, target in (("symlink", ntfs.SYMLINK_TAG, "sub\\inner"),
                                      ("absolute", ntfs.SYMLINK_TAG, "\\??\\C:\\sub\\inner")):
                path = os.path.join(folder, name)
                with open(path, "wb"):
                    pass
                ntfs.set_reparse(path, tag, target)
            os.mkdir(os.path.join(folder, "junction"))
            ntfs.set_reparse(os.path.join(folder, "junction"), ntfs.JUNCTION_TAG, "\\??\\C:\\sub")
            of_volume = {name: ntfs.xattrs(os.path.join(folder, name)) for name in ("plain", "streams", "secret", "sub")}
        wim = self.path("t.wim")
        wimlib("capture", volume.path, wim, "One", "--compress=LZX")
        return wim, of_volume

    def test_attributes_security_and_streams(self):
        wim, of_volume = self.make()
        mounted = self.mounted(wim)
        details = ntfs.details(wim)
        for name, expected in of_volume.items():
            path = os.path.join(mounted.folder, name)
            said = details["/" + name]
            attributes = struct.unpack("<I", os.getxattr(path, "system.ntfs_attrib"))[0]
            self.assertEqual(attributes, int(said["Attributes"], 16), name)
            self.assertEqual(os.getxattr(path, "system.ntfs_acl"), expected["system.ntfs_acl"], name)
            streams = {k: v for k, v in said["streams"].items() if k}
            self.assertEqual(sorted(os.listxattr(path)), sorted("user." + k for k in streams), name)
            for stream, hash_of_it in streams.items():
                content = os.getxattr(path, "user." + stream)
                self.assertEqual(content, expected["user." + stream])
                if content:
                    self.assertEqual(ntfs.sha1(content), hash_of_it)
            with self.assertRaises(OSError) as caught:
                os.getxattr(path, "user.none of these")
            self.assertEqual(caught.exception.errno, errno.ENODATA)
        self.unmount(mounted)

    def test_streams_can_be_hidden_from_who_copies_all_of_them(self):
        wim, of_volume = self.make()
        mounted = self.mounted(wim, "--hide-streams")
        path = os.path.join(mounted.folder, "streams")
        self.assertEqual(os.listxattr(path), [])
        self.assertEqual(os.getxattr(path, "user.long"), of_volume["streams"]["user.long"])
        self.unmount(mounted)

    def test_links_and_times_are_those_of_an_unpacked_image(self):
        wim, _ = self.make()
        mounted = self.mounted(wim)
        shown = tree_of(mounted.folder)
        self.unmount(mounted)
        wimlib("apply", wim, "1", mounted.folder, "--no-acls")
        self.assert_same(shown, tree_of(mounted.folder))
        self.assertEqual(shown["symlink"]["target"], "sub/inner")
        self.assertEqual(shown["plain"]["names"], {"plain", "sub/plain too"})


class below_an_overlay(HelperTest):
    def overlay(self, wim, *options, inside="w"):
        where = {name: self.path(inside, name) for name in ("upper", "work", "target")}
        for folder in where.values():
            os.makedirs(folder, exist_ok=True)
        mounted = self.mounted(wim, "--upper", where["upper"], "--work", where["work"], "--target", where["target"],
                               *options)
        self.assertEqual(mounts_below(self.dir), [where["target"]])
        self.assertEqual(os.listdir(mounted.folder), [])
        mounted.lower, mounted.folder = mounted.folder, where["target"]
        return mounted

    def test_changes_land_in_the_upper(self):
        tree = self.rich_tree()
        wim = self.wim(tree, "t.wim", "LZX")
        image = read(wim)
        mounted = self.overlay(wim, "--name", "3f2a")
        self.assertEqual(read(os.path.join(mounted.folder, "mixed.bin")), read(os.path.join(tree, "mixed.bin")))
        with open(os.path.join(mounted.folder, "mixed.bin"), "ab") as file:
            file.write(b"more")
        shutil.rmtree(os.path.join(mounted.folder, "many"))
        shutil.move(os.path.join(mounted.folder, "names"), os.path.join(mounted.folder, "called otherwise"))
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            self.assertIn(" - overlay 3f2a ", [line for line in file if mounted.folder in line][0])
        self.unmount(mounted)
        self.assertEqual(read(self.path("w", "upper", "mixed.bin")), read(os.path.join(tree, "mixed.bin")) + b"more")
        self.assertEqual(read(wim), image)
        again = self.overlay(wim)
        self.assertFalse(os.path.exists(os.path.join(again.folder, "many")))
        self.assertEqual(read(os.path.join(again.folder, "called otherwise", "with space")), b"with space")
        self.unmount(again)

    def test_paths_with_separators_of_mount_options(self):
        mounted = self.overlay(self.wim(self.windows_tree(), "t.wim", "LZX"), inside="a:b,c\\d e=f")
        self.write("a:b,c\\d e=f", "target", "hello.txt", "changed")
        self.unmount(mounted)
        self.assertEqual(read(self.path("a:b,c\\d e=f", "upper", "hello.txt")), b"changed")

    def test_a_file_with_a_large_stream_can_be_changed(self):
        volume = ntfs.Volume(self.path("ntfs.img"))
        with volume as folder:
            with open(os.path.join(folder, "file"), "wb") as f:
                f.write(b"content")
            os.setxattr(os.path.join(folder, "file"), "user.large", bytes(60000))
        wimlib("capture", volume.path, self.path("t.wim"), "One", "--compress=LZX")
        mounted = self.overlay(self.path("t.wim"))
        path = os.path.join(mounted.folder, "file")
        self.assertEqual(os.getxattr(path, "user.large"), bytes(60000))
        with open(path, "ab") as file:
            file.write(b" and more")
        self.assertEqual(read(path), b"content and more")
        self.unmount(mounted)

    def test_an_upper_that_is_no_good_is_refused(self):
        wim = self.wim(self.windows_tree(), "t.wim", "LZX")
        for name in ("m", "w", "t"):
            self.folder(name)
        done = helper("--image", wim, "--index", "1", "--lower", self.path("m"), "--upper", "/proc/self", "--work",
                      self.path("w"), "--target", self.path("t"))
        self.assertEqual(done.returncode, 6, done)
        self.assertTrue(done.stdout.startswith("refused cannot mount an overlay"), done)
        self.assertEqual(mounts_below(self.dir), [])

    def test_who_uses_the_target_keeps_it_after_a_lazy_unmount(self):
        mounted = self.overlay(self.wim(self.windows_tree(), "t.wim", "LZX"))
        with open(os.path.join(mounted.folder, "hello.txt"), "rb") as file:
            subprocess.run(["umount", "-l", mounted.folder], check=True)
            self.assertTrue(mounted.is_alive())
            self.assertEqual(file.read(), b"hello")
        self.assertTrue(mounted.wait_for_end())


class damaged_images(HelperTest):
    def flipped(self, path, compress, where):
        """An image with one byte changed in that file's resource; `where`: from its beginning, in [0, 1)."""
        wim = self.wim(self.path("tree"), "t.wim", compress)
        details = wimlib("dir", wim, "1", "--path=/" + path, "--detailed")
        offset, size = (int(details.split(name)[1].split("=")[1].split()[0]) for name in
                        ("Offset in WIM", "Compressed size" if compress != "none" else "Uncompressed size"))
        data = bytearray(read(wim))
        data[offset + int(size * where)] ^= 0xFF
        with open(wim, "wb") as file:
            file.write(data)
        return wim

    def test_a_damaged_resource_is_an_input_output_error_and_nothing_worse(self):
        self.write("tree", "bad", words(1, 400000))
        self.write("tree", "good", words(2, 400000))
        for compress in ("XPRESS", "LZX"):
            seen = set()
            for where in (0, 0.00001, 0.0001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999):
                mounted = self.mounted(self.flipped("bad", compress, where), env={
                    "DISMFAKE_TRACE": "image", "DISMFAKE_TRACE_FILE": self.path("trace")})
                try:
                    content = read(os.path.join(mounted.folder, "bad"))
                    seen.add("wrong bytes" if content != read(self.path("tree", "bad")) else "right")
                except OSError as e:
                    self.assertEqual(e.errno, errno.EIO)
                    seen.add("EIO")
                self.assertEqual(read(os.path.join(mounted.folder, "good")), read(self.path("tree", "good")))
                self.assertTrue(mounted.is_alive())
                self.unmount(mounted)
            self.assertIn("EIO", seen)
        with open(self.path("trace"), encoding="utf-8") as file:
            self.assertIn("of the image file", file.read())

    def test_a_chunk_table_of_nonsense(self):
        self.write("tree", "bad", words(1, 400000))
        self.write("tree", "good", words(2, 400000))
        wim = self.wim(self.path("tree"), "t.wim", "LZX")
        details = wimlib("dir", wim, "1", "--path=/bad", "--detailed")
        offset = int(details.split("Offset in WIM")[1].split("=")[1].split()[0])
        for entry in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\0\0\0", b"\xff\xff\xff\x7f"):
            data = bytearray(read(wim))
            data[offset:offset + 48] = entry * 12
            with open(self.path("bad.wim"), "wb") as file:
                file.write(data)
            mounted = self.mounted(self.path("bad.wim"))
            with self.assertRaises(OSError) as caught:
                read(os.path.join(mounted.folder, "bad"))
            self.assertEqual(caught.exception.errno, errno.EIO)
            self.assertEqual(read(os.path.join(mounted.folder, "good")), read(self.path("tree", "good")))
            self.unmount(mounted)

    def test_a_file_cut_short_below_a_mount(self):
        self.write("tree", "a", noise(1, 400000))
        self.write("tree", "b", noise(2, 400000))
        for compress in ("LZX", "none"):
            wim = self.wim(self.path("tree"), "t.wim", compress)
            mounted = self.mounted(wim)
            os.truncate(wim, 300000)
            failed = 0
            for name in ("a", "b"):
                try:
                    read(os.path.join(mounted.folder, name))
                except OSError as e:
                    failed += e.errno == errno.EIO
            self.assertGreater(failed, 0)
            self.assertTrue(mounted.is_alive())
            self.unmount(mounted)

    def test_random_damage_anywhere(self):
        """Mounted or not, the helper answers, and what it shows can be walked through."""
        tree = self.rich_tree()
        good = read(self.wim(tree, "good.wim", "XPRESS"))
        chosen = random.Random(11)
        answers = set()
        for i in range(40):
            data = bytearray(good)
            for _ in range(chosen.choice((1, 20, 400))):
                data[chosen.randrange(208, len(data))] = chosen.randrange(256)
            with open(self.path("bad.wim"), "wb") as file:
                file.write(data)
            done = helper("--image", self.path("bad.wim"), "--index", "1", "--lower", self.folder(f"m{i}"))
            answers.add(done.returncode)
            self.assertIn(done.returncode, (0, 1, 6), done)
            if done.returncode:
                continue
            for at, _, names in os.walk(self.path(f"m{i}")):
                for name in names:
                    try:
                        read(os.path.join(at, name))
                    except OSError as e:
                        self.assertIn(e.errno, (errno.EIO, errno.ENOENT, errno.ELOOP, errno.EISDIR))
            self.assertIsNotNone(start_time(done.stdout.split()[1]))
            subprocess.run(["umount", self.path(f"m{i}")], check=True)
        self.assertIn(0, answers)


class ends(HelperTest):
    def setUp(self):
        super().setUp()
        self.image = self.wim(self.windows_tree(), "t.wim", "LZX")

    def test_with_its_mount(self):
        mounted = self.mounted(self.image)
        with open(f"/proc/{mounted.pid}/comm", encoding="utf-8") as file:
            self.assertEqual(file.read(), "dismfake-mount\n")
        self.assertEqual(os.readlink(f"/proc/{mounted.pid}/cwd"), "/")
        descriptors = [os.readlink(f"/proc/{mounted.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{mounted.pid}/fd")]
        self.assertEqual(sorted(set(descriptors)), sorted(["/dev/fuse", "/dev/null", self.image]))
        self.unmount(mounted)

    def test_with_its_lazily_unmounted_mount_when_nobody_uses_it(self):
        mounted = self.mounted(self.image)
        with open(os.path.join(mounted.folder, "hello.txt"), "rb") as file:
            subprocess.run(["umount", "-l", mounted.folder], check=True)
            self.assertEqual(file.read(), b"hello")
            self.assertTrue(mounted.is_alive())
        self.assertTrue(mounted.wait_for_end())

    def test_on_request_and_unmounts(self):
        for used in (False, True):
            mounted = self.mounted(self.image)
            file = open(os.path.join(mounted.folder, "hello.txt"), "rb") if used else None
            os.kill(int(mounted.pid), signal.SIGTERM)
            self.assertTrue(mounted.wait_for_end())
            self.assertEqual(mounts_below(self.dir), [])
            if file:
                with self.assertRaises(OSError) as caught:
                    file.close()
                self.assertEqual(caught.exception.errno, errno.ENOTCONN)

    def test_not_with_a_terminal(self):
        mounted = self.mounted(self.image)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGQUIT):
            os.kill(int(mounted.pid), number)
        self.assertEqual(read(os.path.join(mounted.folder, "hello.txt")), b"hello")
        self.assertEqual(os.getsid(int(mounted.pid)), int(mounted.pid))
        self.unmount(mounted)

    def test_killed_it_leaves_a_mount_that_can_be_taken_away(self):
        mounted = self.mounted(self.image)
        os.kill(int(mounted.pid), signal.SIGKILL)
        self.assertTrue(mounted.wait_for_end())
        with self.assertRaises(OSError) as caught:
            os.listdir(mounted.folder)
        self.assertEqual(caught.exception.errno, errno.ENOTCONN)
        subprocess.run(["umount", "-l", mounted.folder], check=True)
        self.assertEqual(os.listdir(mounted.folder), [])

    def test_when_nobody_hears_its_word(self):
        """The parent is killed while the child cannot go on, since the image lies on a mount that does not answer."""
        self.write("outer", "inner.wim", read(self.image))
        outer = self.mounted(self.wim(self.path("outer"), "outer.wim", "none"))
        image = os.path.join(outer.folder, "inner.wim")
        os.stat(image)
        os.kill(int(outer.pid), signal.SIGSTOP)
        try:
            with subprocess.Popen([HELPER, "--image", image, "--index", "1", "--lower", self.folder("inner")],
                                  stdout=subprocess.DEVNULL) as parent:
                child = ""
                while not child:
                    child = read(f"/proc/{parent.pid}/task/{parent.pid}/children").decode().strip()
                fd = os.pidfd_open(int(child))
                parent.kill()
                parent.wait()
        finally:
            os.kill(int(outer.pid), signal.SIGCONT)
        with select.epoll() as poll:
            poll.register(fd, select.EPOLLIN)
            self.assertTrue(poll.poll(20))
        os.close(fd)
        self.assertEqual(mounts_below(self.dir), [outer.folder])
        self.unmount(outer)


class refusals(HelperTest):
    def setUp(self):
        super().setUp()
        self.image = self.wim(self.windows_tree(), "t.wim", "LZX")
        self.folder("m")

    def try_it(self, image=None, index="1", lower=None, prefix=()):
        done = helper("--image", image or self.image, "--index", index, "--lower", lower or self.path("m"),
                      prefix=prefix)
        self.assertEqual(done.stdout.count("\n"), 1, done)
        self.assertEqual(done.stderr, "")
        self.assertEqual(mounts_below(self.dir), [])
        return done.returncode, done.stdout.strip()

    def test_somebody_who_may_not(self):
        code, said = self.try_it(prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
        self.assertEqual((code, said.split()[0]), (6, "refused"))

    def test_without_the_right_to_mount(self):
        code, said = self.try_it(prefix=("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"))
        self.assertEqual(code, 6, said)
        self.assertTrue(said.startswith("refused cannot mount at"), said)

    def test_without_the_device(self):
        code, said = self.try_it(prefix=in_mount_namespace(self, "mount -t tmpfs none /dev"))
        self.assertEqual(code, 6, said)
        self.assertIn("/dev/fuse", said)

    def test_images_of_a_kind_that_is_not_served(self):
        tree = self.path("tree")
        for kind, options in {"pipable": ["--pipable"], "solid": ["--solid"]}.items():
            wim = self.path(kind + ".wim")
            wimlib("capture", tree, wim, "One", *options)
            code, said = self.try_it(image=wim)
            self.assertEqual((code, said.split()[0]), (6, "refused"))
            self.assertIn(kind, said)
        self.write("tree", "random", noise(1, 3000000))
        wimlib("split", self.wim(tree, "whole.wim", "none"), self.path("part.swm"), "1")
        code, said = self.try_it(image=self.path("part.swm"))
        self.assertEqual(code, 6, said)

    def test_what_is_wrong_with_the_image_is_a_failure_with_its_code(self):
        self.assertEqual(self.try_it(index="3")[0], 1)
        self.assertRegex(self.try_it(index="3")[1], "^failed 0xC0040005 ")
        self.assertRegex(self.try_it(image=self.path("none"))[1], "^failed 0x80070002 ")
        self.write("no.wim", "this is no image file at all, but longer than the header of one\n" * 10)
        self.assertRegex(self.try_it(image=self.path("no.wim"))[1], "^failed 0x8007000B ")
        self.assertRegex(self.try_it(lower=self.path("nowhere"))[1], "^failed 0x80070002 ")

    def test_wrong_use(self):
        for options in ((), ("--image", "x"), ("--image", "x", "--index", "0", "--lower", "y"),
                        ("--image", "x", "--index", "1", "--lower", "y", "--upper", "z"),
                        ("--image", "x", "--index", "1", "--lower", "y", "--umask", "9"), ("--what",)):
            done = helper(*options)
            self.assertEqual((done.returncode, done.stdout), (64, ""), done)
            self.assertTrue(done.stderr.startswith("usage:"))


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print("skipped:", reason)
        sys.exit(77)
    main()

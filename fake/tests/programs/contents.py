# SPDX-License-Identifier: MIT
"""New contents of files that an image has: written without wimlib, and judged by it. Names, totals, references and
everything of the files but content and time are as wimlib itself has them."""
import fcntl
import hashlib
import random
import re
import shutil
import struct

from dismtest import *

SAID = "nothing but contents of"
TEXT = "".join(f"line {i} of a text that compresses\n" for i in range(6000)).encode()
NOISE = random.Random(5).randbytes(150_000)


def detailed(wim, index):
    """Of wimlib's detailed listing: path -> {field: value}."""
    entries, fields = {}, None
    for line in wimlib("dir", wim, str(index), "--detailed").splitlines():
        name, _, value = (part.strip() for part in line.partition("="))
        if name == "Full Path":
            fields = entries.setdefault(value.strip('"'), {})
        elif fields is not None and name:
            fields.setdefault(name, value)
    return entries


def totals(wim, index):
    """The image's totals as its XML data has them."""
    text = wimlib("info", wim, str(index))
    return {name: re.search(name + r":\s+(.*)", text).group(1)
            for name in ("Directory Count", "File Count", "Total Bytes", "Hard Link Bytes", "Creation Time")}


def references(wim):
    """hash -> number of references, of the blobs that have any."""
    found = {}
    for part in wimlib("info", wim, "--blobs").split("Hash "):
        hash_of = re.match(r"\s*=\s*0x([0-9a-f]{40})", part)
        count = re.search(r"Reference Count\s*=\s*(\d+)", part)
        # The line of flags belongs to the blob, and follows its hash.
        if hash_of and count and int(count.group(1)) and "METADATA" not in part:
            found[hash_of.group(1)] = int(count.group(1))
    return found


class Helpers(Test):
    compress = "LZX"

    def make(self, *options):
        tree = self.windows_tree()
        for name, data in (("small", b"small"), ("empty", b""), ("emptied", TEXT[:5000]), ("text", TEXT),
                           ("noise", NOISE), ("linked", b"two names"), ("twin", b"the same twice"),
                           ("other-twin", b"the same twice"), ("alone", b"left alone"),
                           ("\u00e4\u20ac\u65e5\U0001f600", b"name beyond ASCII")):
            self.write("tree", "docs", "deep", name + ".bin", data)
        os.link(self.path("tree", "docs", "deep", "linked.bin"), self.path("tree", "docs", "other-name.bin"))
        os.symlink("deep/small.bin", self.path("tree", "docs", "symlink"))
        for i in range(400):  # folders that take several chunks
            self.write("tree", "many", f"folder-{i % 50}", f"file-{i}", f"{i}")
        wim = self.wim(tree, "t.wim", self.compress, "--boot", *options)
        wimlib("append", tree, wim, "Two")
        return wim

    CHANGES = {"small": b"other", "empty": TEXT[:70000], "emptied": b"", "text": NOISE, "noise": TEXT,
               "linked": TEXT[:99], "twin": b"left alone", "\u00e4\u20ac\u65e5\U0001f600": b"longer than it was before" * 9}

    def change(self, root, suffix=b""):
        for name, data in self.CHANGES.items():
            path = os.path.join(root, "docs", "deep", name + ".bin")
            with open(path, "wb") as file:
                file.write(data + suffix)
            os.utime(path, ns=(10**18, 10**18 + 123456700))
        with open(os.path.join(root, "many", "folder-7", "file-57"), "wb") as file:
            file.write(b"changed too" + suffix)

    def mounted(self, wim, index=1):
        self.trace = self.path("trace")
        client = self.client(env={"DISMFAKE_TRACE": "image", "DISMFAKE_TRACE_FILE": self.trace})
        mount = self.folder("m")
        client.must("mount", wim, mount, index, 0)
        return client, mount

    def said(self):
        return read(self.trace).decode().count(SAID) if os.path.exists(self.trace) else 0

    def expect(self, wim, index, suffix=b""):
        """The image is the captured tree with the changes made there."""
        shutil.rmtree(self.path("expected"), ignore_errors=True)
        shutil.rmtree(self.path("applied"), ignore_errors=True)
        shutil.copytree(self.path("tree"), self.path("expected"), symlinks=True)
        os.remove(self.path("expected", "docs", "other-name.bin"))
        os.link(self.path("expected", "docs", "deep", "linked.bin"), self.path("expected", "docs", "other-name.bin"))
        if suffix is not None:
            self.change(self.path("expected"), suffix)
        wimlib("apply", wim, str(index), self.path("applied"))
        done = subprocess.run(["diff", "-r", "--no-dereference", self.path("applied"), self.path("expected")],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertTrue(os.path.samefile(self.path("applied", "docs", "other-name.bin"),
                                         self.path("applied", "docs", "deep", "linked.bin")))

    def counted_by_wimlib(self, wim, index):
        """The totals after wimlib has changed the image and changed it back."""
        copy = shutil.copyfile(wim, self.path("counted.wim"))
        wimlib("update", copy, str(index), "--command", f"add '{self.path('tree', 'hello.txt')}' /added")
        wimlib("update", copy, str(index), "--command", "delete /added")
        return totals(copy, index)

    def counted_references(self, wim):
        copy = self.path("exported.wim")
        if os.path.exists(copy):
            os.remove(copy)
        wimlib("export", wim, "all", copy)
        return references(copy)


class as_wimlib_writes(Helpers):
    def test_they_are_written_as_wimlib_would_and_nothing_else_changes(self):
        wim = self.make()
        before, other = detailed(wim, 1), detailed(wim, 2)
        client, mount = self.mounted(wim)
        session = client.must("open", mount)
        for number, suffix in enumerate((b"", b" and again")):
            size = os.path.getsize(wim)
            self.change(mount, suffix)
            client.must("commit", session, 0)
            self.assertEqual(self.said(), number + 1, "the commit went another way")
            self.assertLess(os.path.getsize(wim) - size, 1_200_000 if self.compress == "none" else 400_000)
            wimlib("verify", wim)
            self.expect(wim, 1, suffix)
            self.expect(wim, 2, None)
            self.assertEqual(totals(wim, 1), self.counted_by_wimlib(wim, 1))
            self.assertEqual(references(wim), self.counted_references(wim))
        client.must("close", session)
        client.must("unmount", mount, DISCARD)

        after = detailed(wim, 1)
        self.assertEqual(set(before), set(after))
        changed = {f"/docs/deep/{name}.bin" for name in self.CHANGES}
        changed |= {"/docs/other-name.bin", "/many/folder-7/file-57"}
        for path, fields in before.items():
            free = ("Hash", "Last Write Time", "Uncompressed size", "Compressed size", "Offset in WIM", "Part Number",
                    "Reference Count", "Flags") if path in changed else ("Reference Count",)
            self.assertEqual({k: v for k, v in fields.items() if k not in free},
                             {k: v for k, v in after[path].items() if k not in free}, path)
        self.assertIn("Sep 09 01:46:40 2001", after["/docs/deep/small.bin"]["Last Write Time"])
        self.assertEqual({p: f.get("Hash") for p, f in other.items()},
                         {p: f.get("Hash") for p, f in detailed(wim, 2).items()})
        info = wimlib("info", wim)
        self.assertRegex(info, r"Boot Index:\s+1\n")
        self.assertRegex(info, r"Name:\s+Two\n")


class as_wimlib_writes_xpress(as_wimlib_writes):
    compress = "XPRESS"


class as_wimlib_writes_none(as_wimlib_writes):
    compress = "none"


class contents(Helpers):
    def test_the_boot_image_is_found_where_the_header_says(self):
        wim = self.make()
        client, mount = self.mounted(wim)
        self.change(mount)
        client.must("unmount", mount, COMMIT)
        self.assertEqual(self.said(), 1)
        data = read(wim)
        blobs, size = struct.unpack_from("<Q", data, 0x38)[0], int.from_bytes(data[0x30:0x37], "little")
        places = [data[at:at + 24] for at in range(blobs, blobs + size, 50) if data[at + 7] & 2]
        self.assertEqual(data[0x60:0x78], places[0])

    def test_what_is_more_than_contents_goes_through_wimlib_and_back(self):
        wim = self.make()
        client, mount = self.mounted(wim)
        session = client.must("open", mount)
        for number, more in enumerate((lambda: open(os.path.join(mount, "new"), "w").close(),
                                       lambda: os.remove(os.path.join(mount, "new")),
                                       lambda: os.chmod(os.path.join(mount, "hello.txt"), 0o755),
                                       lambda: os.link(os.path.join(mount, "docs", "deep", "small.bin"),
                                                       os.path.join(mount, "new-link")),
                                       lambda: os.remove(os.path.join(mount, "new-link")))):
            self.change(mount, b"%d" % number)
            more()
            client.must("commit", session, 0)
            self.assertEqual(self.said(), 0)
            wimlib("verify", wim)
        self.change(mount, b"last")
        client.must("commit", session, 0)
        self.assertEqual(self.said(), 1)
        os.remove(os.path.join(self.path("tree"), "hello.txt"))
        self.write("tree", "hello.txt", "hello")
        wimlib("verify", wim)
        self.expect(wim, 1, b"last")
        self.assertEqual(totals(wim, 1), self.counted_by_wimlib(wim, 1))

    def test_one_of_two_names_that_is_replaced_alone_is_a_file_of_its_own(self):
        wim = self.make()
        client, mount = self.mounted(wim)
        os.remove(os.path.join(mount, "docs", "other-name.bin"))
        self.write("m", "docs", "other-name.bin", "by itself")
        client.must("unmount", mount, COMMIT)
        self.assertEqual(self.said(), 0)
        wimlib("verify", wim)
        self.assertEqual(content(wim, 1, "/docs/other-name.bin"), "by itself")
        self.assertEqual(content(wim, 1, "/docs/deep/linked.bin"), "two names")

    def test_a_file_with_unix_data_or_an_integrity_table_is_left_to_wimlib(self):
        for option in ("--unix-data", "--check"):
            with self.subTest(option):
                shutil.rmtree(self.path("tree"), ignore_errors=True)
                shutil.rmtree(self.path("m"), ignore_errors=True)
                if os.path.exists(self.path("t.wim")):
                    os.remove(self.path("t.wim"))
                wim = self.make(option)
                client, mount = self.mounted(wim)
                self.change(mount)
                client.must("unmount", mount, COMMIT)
                client.end()
                self.assertEqual(self.said(), 0)
                wimlib("verify", wim)
                wimlib("info", wim, "--check")
                self.expect(wim, 1)

    def test_a_cancel_at_every_kind_of_moment_leaves_the_file_as_it_was(self):
        wim = self.make()
        before = read(wim)
        client, mount = self.mounted(wim)
        self.change(mount)
        session = client.must("open", mount)
        for tick in (1, 19, 21, 35, 50, 97, 98, 99):
            client.must("cancel", tick)
            self.assertIn(client.call("commit", session, 0).hr, CANCELLED)
            self.assertTrue(before == read(wim), f"cancelled at tick {tick}")
        client.must("cancel", 0)
        said = self.said()  # what was cancelled late was written and taken back
        client.must("commit", session, 0)
        self.assertEqual(self.said(), said + 1)
        self.expect(wim, 1)

    def test_another_tool_that_writes_is_waited_for_and_then_named(self):
        wim = self.make()
        before = read(wim)
        client, mount = self.mounted(wim)
        self.change(mount)
        with open(wim, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.assertEqual(client.call("unmount", mount, COMMIT).hr, "80070020")
        self.assertTrue(before == read(wim))
        client.must("unmount", mount, COMMIT)
        self.assertEqual(self.said(), 1)
        self.expect(wim, 1)

    def test_damaged_folders_are_not_written_anew_under_a_good_hash(self):
        wim = self.make()
        client, mount = self.mounted(wim)
        self.change(mount)
        stamp = os.stat(wim)
        data = bytearray(read(wim))
        blobs, size = struct.unpack_from("<Q", data, 0x38)[0], int.from_bytes(data[0x30:0x37], "little")
        at = next(at for at in range(blobs, blobs + size, 50) if data[at + 7] & 2)
        place = int.from_bytes(data[at + 8:at + 16], "little") + int.from_bytes(data[at:at + 7], "little") // 2
        with open(wim, "r+b") as file:
            file.seek(place)
            file.write(bytes([data[place] ^ 0x55]))
        os.utime(wim, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # not to be noticed by that
        answer = client.call("unmount", mount, COMMIT)
        self.assertEqual(answer.hr[:4], "8007", answer)
        self.assertEqual(self.said(), 0)
        with open(wim, "r+b") as file:
            file.seek(place)
            file.write(bytes([data[place]]))
        os.utime(wim, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        client.must("unmount", mount, COMMIT)
        self.expect(wim, 1)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""reading.py - archives that are as they should be: what fake/archive reads in them is what cabextract, gcab, bsdtar, unzip and
Python's zipfile read."""
import datetime
import io
import os
import random
import subprocess
import zipfile

import makers
from archivetest import INVALID, NOT_SUPPORTED, TOO_LARGE, files_below, folder, hash_of, hashes, listed, refused, unpacked, write

SIZES = [0, 1, 2, 255, 32767, 32768, 32769, 65536, 65537, 200000]
NAMES = ["update.mum", "update.cat", "a/b/c.txt", "A/B/d.dll", "Größe.txt", "日本語/Ω.dat", "with space.inf", "x" * 100, "~tilde", "a/dot.file.tar",
         "#1", "{00000000-0000-0000-C000-000000000046}", "n'q", "$windows", "a!b", "c+d=e", "UPPER", "very/" * 8 + "deep"]
EPOCH = datetime.datetime(1601, 1, 1)


def some_content(rng, size):
    kind = rng.randrange(3)
    if kind == 0:
        return rng.randbytes(size)
    if kind == 1:
        return bytes(size)
    return (b"<file name='%d' hash='0123'/>\r\n" % rng.randrange(9) * (size // 20 + 1))[:size]


def some_files(rng, names, sizes=SIZES):
    """{name: data}, every size at least once."""
    names = rng.sample(names, rng.randrange(3, len(names)))
    return {name: some_content(rng, sizes[i % len(sizes)] if i < len(sizes) else rng.choice(sizes)) for i, name in enumerate(names)}


def expect(path, files, programs):
    """All of the files, in any order of reading, as the programs have them."""
    expected = {name: hash_of(data) for name, data in files.items()}
    assert {name: size for name, size, _ in listed(path)} == {name: len(data) for name, data in files.items()}, listed(path)
    assert hashes(path) == expected, path
    assert hashes(path, "back") == expected, path
    for program in programs:
        assert unpacked(program, path) == expected, (program, path)


def gcabs(rng):
    """What gcab makes has names without folders (-n) or paths with "/" or "\\"."""
    for packed in (False, True):
        for _ in range(4):
            with folder() as at:
                files = some_files(rng, [n for n in NAMES if n.isascii()])
                for name, data in files.items():
                    write(f"{at}/in/{name}", data)
                subprocess.run(["gcab", "-c", *(["-z"] if packed else []), f"{at}/it.cab", *sorted(files)], cwd=f"{at}/in", check=True, capture_output=True)
                expect(f"{at}/it.cab", files, ["cabextract", "gcab", "bsdtar"])


def own_cabs(rng):
    for kind in (makers.STORED, makers.MSZIP, makers.LZX):
        for count in (1, 3):
            with folder() as at:
                files = some_files(rng, NAMES)
                names = list(files)
                folders = [(kind, [(n, files[n]) for n in names[i::count]]) for i in range(count)]
                write(f"{at}/it.cab", makers.cab(folders))
                expect(f"{at}/it.cab", files, ["cabextract", "bsdtar"])
    with folder() as at:  # all kinds in one; backslashes; files that share data
        data = some_content(rng, 100000)
        write(f"{at}/it.cab", makers.cab([(kind, [(f"{kind}\\a", data), (f"{kind}\\b\\c", data[:7])]) for kind in makers.KINDS]))
        files = {f"{kind}/{name}": content for kind in makers.KINDS for name, content in (("a", data), ("b/c", data[:7]))}
        expect(f"{at}/it.cab", files, ["cabextract", "bsdtar"])
        assert {time for _, _, time in listed(f"{at}/it.cab")} == {filetime(makers.TIME)}
        write(f"{at}/latin.cab", makers.cab([(makers.STORED, [("é".encode("latin-1"), b"1")])]))
        expect(f"{at}/latin.cab", {"é": b"1"}, [])
        write(f"{at}/none.cab", makers.cab([(makers.STORED, [("a", b"")])]))
        expect(f"{at}/none.cab", {"a": b""}, ["cabextract"])


class Stream(io.RawIOBase):
    """Cannot be sought: sizes and checksums then follow the data."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def filetime(parts):
    return (datetime.datetime(*parts) - EPOCH) // datetime.timedelta(microseconds=1) * 10


def zips(rng):
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for way in ("plain", "stream", "long"):
            with folder() as at:
                files = some_files(rng, NAMES)
                times = {name: filetime((rng.randrange(1980, 2108), rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(24), rng.randrange(60), 2 * rng.randrange(30)))
                         for name in files}
                target = Stream() if way == "stream" else io.BytesIO()
                with zipfile.ZipFile(target, "w", kind) as made:
                    made.writestr("an/empty folder/", b"")
                    for name, data in files.items():
                        info = zipfile.ZipInfo(name, tuple((EPOCH + datetime.timedelta(microseconds=times[name] // 10)).timetuple())[:6])
                        info.compress_type = kind
                        with made.open(info, "w", force_zip64=way == "long") as member:
                            member.write(data)
                    made.comment = b"a comment"
                write(f"{at}/it.zip", bytes(target.data) if way == "stream" else target.getvalue())
                expect(f"{at}/it.zip", files, ["unzip", "bsdtar"] if way == "plain" else [])
                assert {name: time for name, _, time in listed(f"{at}/it.zip")} == times
    with folder() as at:
        files = some_files(rng, NAMES)
        for name, data in files.items():
            write(f"{at}/in/{name}", data)
        subprocess.run(["zip", "-q", "-r", f"{at}/it.zip", "."], cwd=f"{at}/in", check=True)
        expect(f"{at}/it.zip", files, ["unzip", "bsdtar"])
        write(f"{at}/own.zip", makers.zip_file(files.items()))
        expect(f"{at}/own.zip", files, ["unzip", "bsdtar"])
        write(f"{at}/uri.zip", makers.zip_file([("a%20b/c%C3%A9%23.txt", b"1"), ("100%", b"2"), ("%zz%4", b"3")]))
        expect(f"{at}/uri.zip", {"a b/cé#.txt": b"1", "100%": b"2", "%zz%4": b"3"}, [])
        write(f"{at}/back.zip", makers.zip_file([("a\\b", b"1")]))
        expect(f"{at}/back.zip", {"a/b": b"1"}, ["bsdtar"])


def folders(rng):
    with folder() as at:
        files = some_files(rng, NAMES)
        for name, data in files.items():
            write(f"{at}/in/{name}", data)
        os.makedirs(f"{at}/in/empty/inner")
        os.symlink("in", f"{at}/in/loop")
        os.symlink("nowhere", f"{at}/in/dangling")
        write(f"{at}/elsewhere", b"linked")
        os.symlink(f"{at}/elsewhere", f"{at}/in/link")
        expect(f"{at}/in", {**files, "link": b"linked"}, [])


def limits_and_kinds(rng):
    with folder() as at:
        files = {"a": bytes(1000), "b": bytes(24)}
        write(f"{at}/it.cab", makers.cab([(makers.STORED, list(files.items()))]))
        write(f"{at}/it.zip", makers.zip_file(files.items()))
        for name, data in files.items():
            write(f"{at}/in/{name}", data)
        for path in (f"{at}/it.cab", f"{at}/it.zip", f"{at}/in"):
            assert len(listed(path, 1024)) == 2
            refused(TOO_LARGE, "list", path, 1023)
            refused(TOO_LARGE, "list", path, 999)
        refused(0x80070002, "list", f"{at}/nothing")
        write(f"{at}/empty", b"")
        refused(INVALID, "list", f"{at}/empty")
        write(f"{at}/text", b"[Version]\nSignature=$Windows NT$\n")
        refused(INVALID, "list", f"{at}/text")
        write(f"{at}/none.zip", makers.zip_file([]))
        refused(INVALID, "list", f"{at}/none.zip")
        write(f"{at}/new.msu", b"MSWIM\0\0\0" + bytes(200))
        refused(NOT_SUPPORTED, "list", f"{at}/new.msu")
        os.mkfifo(f"{at}/pipe")
        refused(INVALID, "list", f"{at}/pipe")


def main():
    rng = random.Random(20231117)
    for test in (gcabs, own_cabs, zips, folders, limits_and_kinds):
        test(rng)
        print("ok", test.__name__)


if __name__ == "__main__":
    main()

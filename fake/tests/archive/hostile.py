# SPDX-License-Identifier: MIT
"""hostile.py - archives that are damaged or made to do harm: each is refused with its code, quickly, and nothing is written."""
import os
import struct
import subprocess

import makers
from archivetest import INVALID, TOO_LARGE, archivetool, files_below, folder, hash_of, hashes, listed, refused, write

ELSEWHERE = ["..", "../evil", "a/../../evil", "a/..", "./evil", "a/./b", ".", "/evil", "//evil", "a//b", "\\evil", "..\\evil", "a\\..\\..\\evil",
             "C:\\evil", "C:evil", "c:/evil", "\\\\server\\share\\evil", "\\\\?\\C:\\evil", "\\\\.\\NUL", "evil:stream", "evil::$DATA",
             "nul", "a/CON", "aux.txt", "COM1", "lpt9.inf", "a/nul .txt", "evil.", "evil ", "a/.. /evil", "a/... /evil", "a. /b", "ev*il", "ev?il",
             "ev<il", "ev>il", "ev|il", "ev\"il", "ev\til", "ev\x01il", "ev\nil"]
TWICE = [("a", "a"), ("Evil.dll", "eVIL.DLL"), ("a/b", "A\\B"), ("É", "é"), ("ǆ", "Ǆ")]


def change(part, **values):
    """A change for makers: the fields of a part, by their number as _N, become those values."""
    def apply(which, fields):
        if which == part:
            for name, value in values.items():
                fields[int(name[1:])] = value
    return apply


# ---- names ----

def names_that_lead_elsewhere(at):
    for name in ELSEWHERE:
        write(f"{at}/it", makers.one_file_cab(name))
        assert "no name of a file" in refused(INVALID, "list", f"{at}/it"), name
        write(f"{at}/it", makers.zip_file([("first", b"1"), (name, b"evil")]))
        assert "no name of a file" in refused(INVALID, "list", f"{at}/it"), name
    for name in ("%2e%2e/evil", "%2E%2E%2Fevil", "a/%2e%2e%5c%2e%2e%5cevil", "%2fevil", "C%3a/evil", "%43:evil", "evil%3Astream", "nu%6c", "evil%20", "a%0ab"):
        write(f"{at}/it", makers.zip_file([(name, b"evil")]))
        assert "no name of a file" in refused(INVALID, "list", f"{at}/it"), name
    for name in (b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"%c3"):
        write(f"{at}/it", makers.zip_file([(name, b"evil")]))
        assert "not UTF-8" in refused(INVALID, "list", f"{at}/it"), name
    for name in (b"evil\0.txt", b"", b"x" * 5000):
        write(f"{at}/it", makers.zip_file([(name, b"evil")]))
        refused(INVALID, "list", f"{at}/it")
    for name in ("", "x" * 300):
        write(f"{at}/it", makers.cab([(makers.STORED, [(name, b"evil")])]))
        refused(INVALID, "list", f"{at}/it")
    deep = f"{at}/deep" + "/d" * 70
    write(f"{deep}/file", b"1")
    assert "nested too deep" in refused(INVALID, "list", f"{at}/deep")
    os.makedirs(f"{at}/odd")
    write(f"{at}/odd/a:b", b"1")
    refused(INVALID, "list", f"{at}/odd")


def names_that_are_there_twice(at):
    for first, second in TWICE:
        write(f"{at}/it", makers.cab([(makers.STORED, [(first, b"good"), ("x", b""), (second, b"evil")])]))
        assert "twice" in refused(INVALID, "list", f"{at}/it"), first
        write(f"{at}/it", makers.zip_file([(first, b"good"), ("x", b""), (second, b"evil")]))
        assert "twice" in refused(INVALID, "list", f"{at}/it"), first
    write(f"{at}/it", makers.zip_file([("a%62", b"good"), ("A%42", b"evil")]))
    assert "twice" in refused(INVALID, "list", f"{at}/it")
    os.makedirs(f"{at}/two")
    write(f"{at}/two/a", b"1")
    write(f"{at}/two/A", b"2")
    refused(INVALID, "list", f"{at}/two")


# ---- damage ----

def samples():
    files = [("update.mum", b"<assembly/>" * 5), ("a/b.dll", bytes(range(64)))]
    for kind in makers.KINDS:
        yield kind, makers.cab([(kind, files)]), len(files)
    yield "zip", makers.zip_file(files, comment=b"end"), len(files)


def data_of(kind, archive):
    """Where what is covered by checksums lies."""
    if kind == "zip":
        return 30 + len("update.mum"), 30 + len("update.mum") + struct.unpack_from("<I", archive, 18)[0]
    (start,) = struct.unpack_from("<I", archive, 36)
    return start + 8, len(archive)


def cut_off_or_changed_anywhere(at):
    """Every end and every bit: what cannot be seen is in names and times alone."""
    for kind, archive, count in samples():
        write(f"{at}/it", archive)
        assert len(listed(f"{at}/it")) == count
        start, end = data_of(kind, archive)
        seen = [(what, int(place), int(code, 16), text) for what, place, code, text in archivetool("hurt", f"{at}/it")]
        whole = next(text for what, place, _, text in seen if what == "cut" and place == len(archive))
        for what, place, code, text in seen:
            assert code in (0, INVALID, TOO_LARGE), (kind, what, place, hex(code))
            if what == "cut" and place < len(archive):
                # What is missing of a ZIP file's last record and zero, minizip does not miss.
                assert code == INVALID or kind == "zip" and place > archive.index(b"PK\5\6") + 16 and text == whole, (kind, place)
            elif start <= place // 8 < end:
                # bits behind the end of a deflated stream's last byte
                assert code == INVALID or text == whole, (kind, place)


def checksums(at):
    for kind in makers.KINDS:
        write(f"{at}/it", makers.one_file_cab("a", kind=kind, change=change("block", _0=0x12345678)))
        assert "a checksum is wrong" in refused(INVALID, "hash", f"{at}/it")
        assert "a checksum is wrong" in refused(INVALID, "hash", f"{at}/it", "back")
        write(f"{at}/it", makers.one_file_cab("a", kind=kind, change=change("block", _0=0)))
        assert hashes(f"{at}/it")["a"] == hash_of(b"evil")  # 0: there is none
    write(f"{at}/it", makers.zip_file([("a", b"1")], change=change("central", _6=1)))
    assert "damaged" in refused(INVALID, "hash", f"{at}/it")


# ---- sizes ----

def sizes_that_cannot_be(at):
    for size in (5, 40000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF):
        for kind in makers.KINDS:
            write(f"{at}/it", makers.cab([(kind, [("a", b"evil")])], change=change("file", _0=size)))
            refused(INVALID, "hash", f"{at}/it")
            write(f"{at}/it", makers.cab([(kind, [("a", b"evil")])], change=change("file", _1=size)))
            refused(INVALID, "hash", f"{at}/it")
        write(f"{at}/it", makers.zip_file([("a", b"evil")], change=change("central", _8=size)))
        refused(INVALID, "hash", f"{at}/it")
        write(f"{at}/it", makers.zip_file([("a", b"evil")], change=change("central", _7=size)))
        if size > 5:
            assert hashes(f"{at}/it")["a"] == hash_of(b"evil")  # deflate has an end of its own
    many = 0xFFFFFFFF  # in ZIP64
    for size in (5, 1 << 32, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        extra = struct.pack("<HHQ", 1, 8, size)
        archive = makers.zip_file([("a", b"evil")], change=change("central", _8=many, _10=len(extra)))
        place = archive.index(b"PK\1\2") + 47
        archive = archive[:place] + extra + archive[place:]
        end = archive.rindex(b"PK\5\6")
        (length,) = struct.unpack_from("<I", archive, end + 12)
        write(f"{at}/it", archive[:end + 12] + struct.pack("<I", length + len(extra)) + archive[end + 16:])
        refused(INVALID if size < 1 << 33 else TOO_LARGE, "hash", f"{at}/it")


def bombs(at):
    zeros = bytes(64 << 20)
    write(f"{at}/it", makers.zip_file([("a", zeros)]))
    assert os.path.getsize(f"{at}/it") < 100000
    assert listed(f"{at}/it") and hashes(f"{at}/it")["a"] == hash_of(zeros)
    refused(TOO_LARGE, "list", f"{at}/it", 10 << 20)
    # The same data under two hundred names.
    one = makers.zip_file([("a", zeros)])
    start = one.rindex(b"PK\1\2")
    entries = b"".join(one[start:start + 28] + struct.pack("<H", 4) + one[start + 30:start + 46] + b"%04d" % i for i in range(200))
    write(f"{at}/it", one[:start] + entries + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 200, 200, len(entries), start, 0))
    assert len(listed(f"{at}/it", 1 << 40)) == 200
    refused(TOO_LARGE, "list", f"{at}/it")
    for kind in (makers.MSZIP, makers.STORED):
        write(f"{at}/it", makers.cab([(kind, [("a", bytes(3 << 20))])]))
        refused(TOO_LARGE, "list", f"{at}/it", 1 << 20)


# ---- structure ----

def parts_that_lead_in_circles(at):
    """Offsets to themselves, to each other, behind the end; counts that are too many; kinds nobody knows."""
    good = makers.one_file_cab("a")
    for offset in (0, 4, 36, 44, len(good) - 1, len(good), len(good) + 1, 0x7FFFFFFF, 0xFFFFFFFF):
        write(f"{at}/it", makers.one_file_cab("a", change=change("folder", _0=offset)))
        refused(INVALID, "hash", f"{at}/it")
    # What libmspack has no use for: where the files are listed, how many blocks there are behind the last one needed, whether
    # a file goes on in a next cabinet that the header does not name.
    for part, field, value in (("header", "_3", 0), ("header", "_3", 0xFFFFFFFF), ("folder", "_1", 0xFFFF), ("file", "_2", 0xFFFE)):
        write(f"{at}/it", makers.one_file_cab("a", change=change(part, **{field: value})))
        assert hashes(f"{at}/it")["a"] == hash_of(b"evil"), part
    for part, field, values in (("header", "_7", (0, 2, 0xFFFF)), ("header", "_8", (0, 3, 0xFFFF)),
                                ("folder", "_1", (0,)), ("folder", "_2", (4, 15, 0xFFFF, 3, 3 | 22 << 8)),
                                ("file", "_2", (1, 0xFFFC, 0xFFFD, 0xFFFF)), ("block", "_1", (0, 6, 0xFFFF)), ("block", "_2", (0, 1, 32769, 0xFFFF))):
        for value in values:
            write(f"{at}/it", makers.one_file_cab("a", change=change(part, **{field: value})))
            refused(INVALID, "hash", f"{at}/it")
    for kind in (makers.MSZIP, makers.LZX):  # a block that gives nothing, many times
        whole = makers.cab([(kind, [("a", bytes(100))])], change=change("folder", _1=60000))
        write(f"{at}/it", whole + struct.pack("<IHH", 0, 0, 0) * 60000)
        assert len(listed(f"{at}/it")) == 1
        write(f"{at}/it", makers.cab([(kind, [("a", bytes(100))])], change=lambda part, fields: (
            change("folder", _1=60000)(part, fields), change("file", _0=1 << 20)(part, fields))) + struct.pack("<IHH", 0, 0, 0) * 60000)
        refused(INVALID, "hash", f"{at}/it")

    good = makers.zip_file([("a", b"1")])
    central = good.index(b"PK\1\2")
    for offset in (1, central, len(good) - 22, len(good), 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF):
        write(f"{at}/it", makers.zip_file([("a", b"1")], change=change("central", _15=offset)))
        refused(INVALID, "hash", f"{at}/it")
    for field, values in (("_4", (0, 1, 0xFFFF, 0xFFFFFFFF)), ("_5", (0, 1, central + 1, 0xFFFFFFFF)), ("_2", (2, 0xFFFF)), ("_3", (0, 2)), ("_0", (1,)), ("_1", (1,))):
        for value in values:
            write(f"{at}/it", makers.zip_file([("a", b"1")], change=change("end", **{field: value})))
            refused(INVALID, "hash", f"{at}/it")
    for method in (1, 6, 9, 12, 14, 93, 95, 98, 99):
        write(f"{at}/it", makers.zip_file([("a", b"1")], change=change("central", _3=method)))
        refused(INVALID, "hash", f"{at}/it")


def split_and_encrypted_ones(at):
    for flags, extra in ((1, b"before.cab\0disk\0"), (2, b"next.cab\0disk\0"), (3, b"before.cab\0disk\0next.cab\0disk\0")):
        write(f"{at}/it", makers.one_file_cab("a", flags=flags, extra=extra))
        assert "one of several" in refused(INVALID, "list", f"{at}/it")
    write(f"{at}/in/a", b"secret" * 100)
    subprocess.run(["zip", "-q", "-P", "password", f"{at}/it.zip", "a"], cwd=f"{at}/in", check=True)
    assert "encrypted" in refused(INVALID, "list", f"{at}/it.zip")
    write(f"{at}/in/a", os.urandom(200000))
    subprocess.run(["zip", "-q", "-s", "64k", f"{at}/split.zip", "a"], cwd=f"{at}/in", check=True)
    refused(INVALID, "list", f"{at}/split.zip")
    refused(INVALID, "list", f"{at}/split.z01")


def main():
    for test in (names_that_lead_elsewhere, names_that_are_there_twice, cut_off_or_changed_anywhere, checksums, sizes_that_cannot_be, bombs,
                 parts_that_lead_in_circles, split_and_encrypted_ones):
        with folder() as outer:
            at = f"{outer}/a/b/c/d"
            os.makedirs(at)
            test(at)
            outside = [path for path in files_below(outer) if not path.startswith("a/b/c/d/")]
            assert not outside and not any("evil" in os.path.basename(path) for path in files_below(at)), outside
        print("ok", test.__name__, flush=True)


if __name__ == "__main__":
    main()

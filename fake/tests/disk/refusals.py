# SPDX-License-Identifier: MIT
"""What is not whole is refused, each damage with its own code, and without a byte written."""
import os
import shutil
import struct
import subprocess
import unittest

from disktest import (FORMATS, KINDS, MIB, Failed, crc32c, disktool, folder, make, make_vhd_child, make_vhdx, make_vhdx_child, qemu_img, seeded, sha256,
                      vhd_sum, vhdx_data_guid, write_flat)

NO_FOOTER, FOOTER_SUM, VERSION, HEADER_SUM, HEADER_VERSION, HEADER, BAT, BLOCK = (
    0xC03A0001, 0xC03A0002, 0xC03A0005, 0xC03A0006, 0xC03A0007, 0xC03A0008, 0xC03A000A, 0xC03A000B)
NO_PARENT, PARENT_ID, PARENT_TIME, SIZE, FILE_SIZE, NO_DISK, PARENT_SIZE, CYCLE, IN_PARENT, LIMIT, TYPE, STATE, SECTOR = (
    0xC03A000D, 0xC03A000E, 0xC03A000F, 0xC03A0012, 0xC03A0013, 0xC03A0015, 0xC03A0017, 0xC03A0018, 0xC03A0019, 0xC03A001A,
    0xC03A001B, 0xC03A001C, 0xC03A001D)
CORRUPT, NOT_FOUND = 0x80070570, 0x80070002


class Refusals(unittest.TestCase):
    def refused(self, code, path, words=""):
        was = sha256(path) if os.path.isfile(path) else None
        for verb in ("info", "apply"):
            with self.assertRaises(Failed) as caught:
                disktool(*([verb, path] if verb == "info" else [verb, path, path + ".side"]))
            self.assertEqual(f"0x{caught.exception.code:08X}", f"0x{code:08X}", caught.exception.text)
            self.assertIn(words, caught.exception.text)
            self.assertFalse(os.path.exists(path + ".side"))
        if was:
            self.assertEqual(sha256(path), was)

    def read(self, path, offset, size):
        with open(path, "rb") as file:
            file.seek(offset, os.SEEK_END if offset < 0 else os.SEEK_SET)
            return bytearray(file.read(size))


class Files(Refusals):
    def test_what_is_no_disk(self):
        with folder() as at:
            for name, content, code in [("empty.vhd", b"", NO_DISK), ("short.vhd", b"x" * 100, NO_DISK), ("text.vhd", b"x" * 9999, NO_FOOTER),
                                        ("text.vhdx", b"x" * 9999, NO_DISK), ("mark.vhdx", b"vhdxfile", CORRUPT),
                                        ("mark.vhd", b"conectix", FILE_SIZE)]:
                with self.subTest(name):
                    with open(f"{at}/{name}", "wb") as file:
                        file.write(content)
                    self.refused(code, f"{at}/{name}")
            self.refused(NOT_FOUND, f"{at}/gone.vhd")
            os.mkfifo(f"{at}/pipe.vhd")
            self.refused(NO_DISK, f"{at}/pipe.vhd")
            self.refused(NO_DISK, at)

    def test_a_parent_that_is_no_file(self):
        with folder() as at:
            parent, _ = make("vhd-dynamic", at, 4 * MIB, seeded(), "p")
            make_vhd_child(f"{at}/c.vhd", parent, {}, relative="pipe")
            os.mkfifo(f"{at}/pipe")
            self.refused(IN_PARENT, f"{at}/c.vhd", "pipe")


class Memory(unittest.TestCase):
    def test_every_allocation_of_a_look(self):
        for kind in KINDS:
            with self.subTest(kind), folder() as at:
                path, flat = make(kind, at, 8 * MIB, seeded())
                subprocess.run(["sgdisk", "-n1:2048:+2M", "-c1:One", flat], check=True, capture_output=True)
                if kind in FORMATS:
                    driver, options, _ = FORMATS[kind]
                    qemu_img("convert", "-f", "raw", "-O", driver, *options, flat, path)
                n = 1
                while "failed" in (answer := disktool("look", path, n, check=False)):
                    self.assertIn("0x8007000E", answer["failed"])
                    n += 1
                self.assertGreater(n, 4)


class Vhd(Refusals):
    def each(self, kind, damages):
        """damages: (name, code, function(path)) on a fresh copy each."""
        with folder() as at:
            path, _ = make(kind, at, 8 * MIB, seeded())
            for name, code, damage in damages:
                with self.subTest(name):
                    copy = shutil.copy2(path, f"{at}/copy.vhd")
                    damage(copy)
                    self.refused(code, copy)

    def footer(self, change, both=True):
        def damage(path):
            footer = self.read(path, -512, 512)
            change(footer)
            struct.pack_into(">I", footer, 64, vhd_sum(footer, 64))
            places = [os.path.getsize(path) - 512] + ([0] if both else [])
            write_flat(path, [(p, footer) for p in places])
        return damage

    def header(self, change, right_sum=True):
        def damage(path):
            header = self.read(path, 512, 1024)
            change(header)
            if right_sum:
                struct.pack_into(">I", header, 36, vhd_sum(header, 36))
            write_flat(path, [(512, header)])
        return damage

    def test_footers(self):
        def field(at, form, value):
            return lambda data: struct.pack_into(form, data, at, value)

        def broken(path):
            write_flat(path, [(0, b"\xFF" * 512), (os.path.getsize(path) - 512 + 20, b"\xFF")])
        self.each("vhd-dynamic", [
            ("both damaged", FOOTER_SUM, broken),
            ("version", VERSION, self.footer(field(12, ">I", 0x20000))),
            ("type 1", TYPE, self.footer(field(60, ">I", 1))),
            ("type 7", TYPE, self.footer(field(60, ">I", 7))),
            ("size 0", SIZE, self.footer(field(48, ">Q", 0))),
            ("odd size", SIZE, self.footer(field(48, ">Q", 1000))),
            ("3 TiB", SIZE, self.footer(field(48, ">Q", 3 << 40))),
            ("more blocks than the table has", HEADER, self.footer(field(48, ">Q", 1 << 40))),
            ("header elsewhere", HEADER, self.footer(field(16, ">Q", 1 << 60))),
            ("header in the data", HEADER, self.footer(field(16, ">Q", 4096))),
        ])
        self.each("vhd-fixed", [
            ("no room for the disk", FILE_SIZE, self.footer(field(48, ">Q", 9 << 20), both=False)),
            ("damaged", FOOTER_SUM, lambda path: write_flat(path, [(os.path.getsize(path) - 400, b"\xFF")])),
            ("cut short", NO_FOOTER, lambda path: os.truncate(path, 5 * MIB)),
        ])

    def test_either_footer_of_a_dynamic_disk_is_enough(self):
        with folder() as at:
            path, flat = make("vhd-dynamic", at, 8 * MIB, seeded())
            for where in (0, os.path.getsize(path) - 512):
                copy = shutil.copy2(path, f"{at}/copy.vhd")
                write_flat(copy, [(where, bytes(512))])
                self.assertEqual(disktool("info", copy)["kind"], "dynamic VHD")

    def test_headers(self):
        def field(at, form, value):
            return lambda data: struct.pack_into(form, data, at, value)
        self.each("vhd-dynamic", [
            ("mark", HEADER, self.header(field(0, ">I", 0))),
            ("sum", HEADER_SUM, self.header(field(200, ">B", 9), right_sum=False)),
            ("version", HEADER_VERSION, self.header(field(24, ">I", 0x30000))),
            ("block size 0", BLOCK, self.header(field(32, ">I", 0))),
            ("block size 3 MiB", BLOCK, self.header(field(32, ">I", 3 << 20))),
            ("block size 2 GiB", BLOCK, self.header(field(32, ">I", 1 << 31))),
            ("few entries", HEADER, self.header(field(28, ">I", 2))),
            ("table behind the end", BAT, self.header(field(16, ">Q", 1 << 40))),
            ("table over the header", BAT, self.header(field(16, ">Q", 512))),
        ])

    def test_block_tables(self):
        def entry(n, value):
            return lambda path: write_flat(path, [(1536 + 4 * n, struct.pack(">I", value))])

        def twice(path):
            write_flat(path, [(1536, bytes(self.read(path, 1540, 4)))])
        self.each("vhd-dynamic", [
            ("outside", BAT, entry(0, 1 << 24)), ("far outside", BAT, entry(1, 0xFFFFFFFE)),
            ("over the footer's copy", BAT, entry(0, 0)), ("over the header", BAT, entry(2, 1)), ("over the table", BAT, entry(2, 3)),
            ("twice", BAT, twice),
            ("cut short", BAT, lambda path: os.truncate(path, 5 * MIB)),
        ])

    def test_parents(self):
        with folder() as at:
            parent, _ = make("vhd-dynamic", at, 8 * MIB, seeded(), "p")
            other, _ = make("vhd-dynamic", at, 8 * MIB, seeded(5), "other")
            small, _ = make("vhd-dynamic", at, 6 * MIB, seeded(5), "small")
            sectors, child = {0: b"c" * 512}, f"{at}/c.vhd"
            for name, code, said in [("gone", NO_PARENT, {"relative": "gone.vhd", "name": "C:\\gone.vhd"}),
                                     ("another", PARENT_ID, {"relative": "other.vhd"}),
                                     ("id", PARENT_ID, {"id": b"\7" * 16}), ("time", PARENT_TIME, {"time": 12345}),
                                     ("size", PARENT_SIZE, {"size": 12 * MIB})]:
                with self.subTest(name):
                    make_vhd_child(child, parent, sectors, **said)
                    self.refused(code, child)
            with self.subTest("damaged"):
                make_vhd_child(child, parent, sectors)
                was = self.read(parent, 1536, 4)
                write_flat(parent, [(1536, b"\0\xFF\0\0")])
                self.refused(IN_PARENT, child, "p.vhd")
                write_flat(parent, [(1536, was)])
                disktool("info", child)
            with self.subTest("a block over the path to it"):
                make_vhd_child(child, parent, sectors)
                write_flat(child, [(1536, struct.pack(">I", 4))])
                self.refused(BAT, child)
            with self.subTest("circle"):
                footer_id = bytes(self.read(child, -512, 512)[68:84])
                make_vhd_child(child, parent, sectors, relative="c.vhd", id=footer_id)
                self.refused(CYCLE, child)

    def test_the_time_may_be_that_of_the_parents_file(self):
        with folder() as at:
            parent, _ = make("vhd-dynamic", at, 8 * MIB, seeded(), "p")
            make_vhd_child(f"{at}/c.vhd", parent, {}, time=700000000)
            os.utime(parent, (946684800 + 700000000,) * 2)
            self.assertEqual(disktool("info", f"{at}/c.vhd")["parents"], "1")

    def test_a_chain_that_is_too_long(self):
        with folder() as at:
            above, _ = make("vhd-dynamic", at, 4 * MIB, seeded(), "0")
            for n in range(1, 65):
                make_vhd_child(f"{at}/{n}.vhd", above, {})
                above = f"{at}/{n}.vhd"
                if n == 63:
                    self.assertEqual(disktool("info", above)["parents"], "63")
            self.refused(LIMIT, above)


class Vhdx(Refusals):
    def each(self, kind, damages):
        with folder() as at:
            path, _ = make(kind, at, 8 * MIB, seeded())
            for name, code, damage in damages:
                with self.subTest(name):
                    copy = shutil.copy2(path, f"{at}/copy.vhdx")
                    damage(copy)
                    self.refused(code, copy)

    def summed(self, places, size, change):
        """Changes structures with a CRC at 4 and makes that right again."""
        def damage(path):
            for place in places:
                data = self.read(path, place, size)
                change(data)
                struct.pack_into("<I", data, 4, 0)
                struct.pack_into("<I", data, 4, crc32c(data))
                write_flat(path, [(place, data)])
        return damage

    def headers(self, at, form, value):
        return self.summed([64 << 10, 128 << 10], 4096, lambda data: struct.pack_into(form, data, at, value))

    def regions(self, at, form, value):
        return self.summed([192 << 10, 256 << 10], 65536, lambda data: struct.pack_into(form, data, at, value))

    def region(self, path, guid_start):
        table = self.read(path, 192 << 10, 256)
        at = next(n for n in range(16, 256, 32) if table[n:n + 4] == bytes.fromhex(guid_start))
        return struct.unpack_from("<Q", table, at + 16)[0]

    def item(self, name, form, value):
        marks = {"parameters": "3767a1ca", "size": "2442a52f", "logical": "1dbf4181", "physical": "c748a3cd"}

        def damage(path):
            place = self.region(path, "06a27c8b")
            table = self.read(path, place, 1024)
            at = next(n for n in range(32, 1024, 32) if table[n:n + 4] == bytes.fromhex(marks[name]))
            write_flat(path, [(place + struct.unpack_from("<I", table, at + 16)[0], struct.pack(form, value))])
        return damage

    def entry(self, n, value):
        return lambda path: write_flat(path, [(self.region(path, "6677c22d") + 8 * n, struct.pack("<Q", value))])

    def test_headers(self):
        def both(path):
            write_flat(path, [((64 << 10) + 100, b"\xFF"), ((128 << 10) + 100, b"\xFF")])
        self.each("vhdx-dynamic", [
            ("both damaged", CORRUPT, both),
            ("version", VERSION, self.headers(66, "<H", 2)), ("version of the log", VERSION, self.headers(64, "<H", 1)),
            ("log not empty", STATE, self.headers(48, "<Q", 5)),
            ("the log elsewhere", CORRUPT, self.headers(72, "<Q", 1 << 50)), ("the log over the headers", CORRUPT, self.headers(72, "<Q", 0)),
            ("the log is odd", CORRUPT, self.headers(72, "<Q", 12345)),
            ("one number twice", CORRUPT, self.headers(8, "<Q", 9)),
            ("cut short", CORRUPT, lambda path: os.truncate(path, 3 * MIB)),
            ("cut very short", CORRUPT, lambda path: os.truncate(path, 100000)),
        ])

    def test_one_header_or_region_table_is_enough(self):
        with folder() as at:
            path, _ = make("vhdx-dynamic", at, 8 * MIB, seeded())
            for where in (64 << 10, 128 << 10, 192 << 10, 256 << 10):
                copy = shutil.copy2(path, f"{at}/copy.vhdx")
                write_flat(copy, [(where, b"\xFF" * 4096)])
                self.assertEqual(disktool("info", copy)["kind"], "dynamic VHDX")

    def test_regions(self):
        def both(path):
            write_flat(path, [((192 << 10) + 100, b"\xFF"), ((256 << 10) + 100, b"\xFF")])
        self.each("vhdx-dynamic", [
            ("both damaged", CORRUPT, both), ("none", CORRUPT, self.regions(8, "<I", 0)), ("one", CORRUPT, self.regions(8, "<I", 1)),
            ("too many", CORRUPT, self.regions(8, "<I", 3000)),
            ("one that is not known and needed", VERSION,
             self.summed([192 << 10, 256 << 10], 65536, lambda data: (struct.pack_into("<I", data, 16, 5), struct.pack_into("<I", data, 44, 1)))),
            ("elsewhere", CORRUPT, self.regions(32, "<Q", 1 << 50)), ("over the headers", CORRUPT, self.regions(32, "<Q", 0)),
            ("odd", CORRUPT, self.regions(32, "<Q", 12345)), ("empty", CORRUPT, self.regions(40, "<I", 0)),
            ("huge", CORRUPT, self.regions(40, "<I", 0xFFF00000)),
        ])

    def test_metadata(self):
        self.each("vhdx-dynamic", [
            ("mark", CORRUPT, lambda path: write_flat(path, [(self.region(path, "06a27c8b"), b"x")])),
            ("no entries", CORRUPT, lambda path: write_flat(path, [(self.region(path, "06a27c8b") + 10, b"\0\0")])),
            ("many entries", CORRUPT, lambda path: write_flat(path, [(self.region(path, "06a27c8b") + 10, b"\xFF\xFF")])),
            ("block size", BLOCK, self.item("parameters", "<I", 512)), ("block size", BLOCK, self.item("parameters", "<I", 3 << 20)),
            ("size 0", SIZE, self.item("size", "<Q", 0)), ("odd size", SIZE, self.item("size", "<Q", 1001)),
            ("64 TiB", CORRUPT, self.item("size", "<Q", 64 << 40)), ("65 TiB", SIZE, self.item("size", "<Q", 65 << 40)), ("1 PiB", SIZE, self.item("size", "<Q", 1 << 50)),
            ("sector", SECTOR, self.item("logical", "<I", 1024)), ("physical sector", SECTOR, self.item("physical", "<I", 3)),
            ("a parent that is not named", CORRUPT, self.item("parameters", "<Q", 2 << 32 | 2 << 20)),
        ])

    def test_block_tables(self):
        with folder() as at:
            path, _ = make("vhdx-dynamic", at, 8 * MIB, seeded())
            first = struct.unpack("<Q", self.read(path, self.region(path, "6677c22d"), 8))[0]
        self.each("vhdx-dynamic", [
            ("outside", CORRUPT, self.entry(0, 1 << 40 | 6)), ("far outside", CORRUPT, self.entry(0, 0xFFFFFFFFFFF00000 | 6)),
            ("state 4", CORRUPT, self.entry(0, 4)), ("state 7 without a parent", CORRUPT, self.entry(0, first | 7)),
            ("over the headers", CORRUPT, self.entry(0, 6)), ("over the log", CORRUPT, self.entry(0, MIB | 6)),
            ("twice", CORRUPT, self.entry(1, first)), ("overlapping", CORRUPT, self.entry(1, first + MIB)),
        ])

    def test_parents(self):
        with folder() as at:
            parent, _ = make("vhdx-dynamic", at, 8 * MIB, seeded(), "p")
            other, _ = make("vhdx-dynamic", at, 8 * MIB, seeded(5), "other")
            vhd, _ = make("vhd-dynamic", at, 8 * MIB, seeded(5), "old")
            sectors, child = {0: b"c" * 512}, f"{at}/c.vhdx"
            for name, code, said in [("gone", NO_PARENT, {"relative": "gone.vhdx"}), ("another", PARENT_ID, {"relative": "other.vhdx"}),
                                     ("another format", PARENT_ID, {"relative": "old.vhd"}),
                                     ("linkage", PARENT_ID, {"linkage": b"\7" * 16}),
                                     ("circle", CYCLE, {"relative": "c.vhdx"})]:
                with self.subTest(name):
                    make_vhdx_child(child, parent, sectors, **said)
                    self.refused(code, child)
            with self.subTest("damaged"):
                make_vhdx_child(child, parent, sectors)
                self.headers(48, "<Q", 5)(parent)
                self.refused(IN_PARENT, child, "log")

    def test_what_a_linkage_may_be(self):
        import uuid
        with folder() as at:
            make_vhdx(f"{at}/p.vhdx", 4 * MIB, {})
            guid = str(uuid.UUID(bytes_le=vhdx_data_guid(f"{at}/p.vhdx")))
            wrong = str(uuid.uuid4())
            for code, pairs in [(0, [("parent_linkage", "{" + guid.upper() + "}")]), (0, [("parent_linkage", guid)]),
                                (0, [("parent_linkage", wrong), ("parent_linkage2", "{" + guid + "}")]),
                                (PARENT_ID, [("parent_linkage", wrong), ("parent_linkage2", "{" + wrong + "}")]),
                                (PARENT_ID, []), (CORRUPT, [("parent_linkage", "{1234}")]), (CORRUPT, [("parent_linkage", guid + "00")])]:
                with self.subTest(pairs):
                    make_vhdx(f"{at}/c.vhdx", 4 * MIB, {}, locator=[("relative_path", "p.vhdx"), *pairs])
                    if code:
                        self.refused(code, f"{at}/c.vhdx")
                    else:
                        disktool("info", f"{at}/c.vhdx")

    def test_a_sector_bitmap_that_is_missing(self):
        import uuid
        with folder() as at:
            make_vhdx(f"{at}/p.vhdx", 4 * MIB, {})
            guid = str(uuid.UUID(bytes_le=vhdx_data_guid(f"{at}/p.vhdx")))
            make_vhdx(f"{at}/c.vhdx", 4 * MIB, {0: (7, bytes(2 * MIB), [3])}, locator=[("relative_path", "p.vhdx"), ("parent_linkage", guid)])
            disktool("info", f"{at}/c.vhdx")
            self.entry(2048, 0)(f"{at}/c.vhdx")
            self.refused(CORRUPT, f"{at}/c.vhdx", "bitmap")


if __name__ == "__main__":
    unittest.main()

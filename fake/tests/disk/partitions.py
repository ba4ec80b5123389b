# SPDX-License-Identifier: MIT
"""Partition tables, made by sgdisk, sfdisk or by hand, and the file systems in them."""
import os
import struct
import subprocess
import unittest
import zlib

from disktest import MIB, Failed, disktool, folder, make_vhdx, qemu_img, write_flat

CORRUPT = 0x80070571
EFI, MSR, DATA, RECOVERY = ("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "e3c9e316-0b5c-4db8-817d-f92df00215ae",
                            "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "de94bba4-06d1-4d40-a16a-bfd50179d6ac")


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", errors="replace", **more).stdout


class Disk:
    """A flat file that becomes a VHD to be looked at."""

    def __init__(self, at, size=64 * MIB):
        self.flat, self.path, self.size = f"{at}/flat", f"{at}/disk.vhd", size
        with open(self.flat, "wb") as file:
            file.truncate(size)

    def look(self):
        qemu_img("convert", "-f", "raw", "-O", "vpc", "-o", "subformat=dynamic,force_size=on", self.flat, self.path)
        answer = disktool("partitions", self.path)
        answer["list"] = [self.split(line) for line in answer.get("partition", [])]
        return answer

    @staticmethod
    def split(line):
        head, _, name = line.partition(" [")
        number, offset, size, mbr, active, kind, guid, attributes, volume = head.split()
        return {"number": int(number), "offset": int(offset), "size": int(size), "mbr": int(mbr, 16), "active": active == "1",
                "type": kind, "id": guid, "attributes": int(attributes, 16), "volume": volume, "name": name[:-1]}

    def write(self, offset, data):
        write_flat(self.flat, [(offset, data)])

    def read(self, offset, size):
        with open(self.flat, "rb") as file:
            file.seek(offset)
            return file.read(size)

    def windows_gpt(self):
        run("sgdisk", "-n1:2048:+8M", "-t1:" + EFI, "-c1:EFI system partition", "-n2:0:+4M", "-t2:" + MSR, "-n3:0:+30M",
            "-t3:" + DATA, "-c3:Wîndows 𝔻", "-n4:0:0", "-t4:" + RECOVERY, "-A4:set:63", self.flat)


class Tables(unittest.TestCase):
    def refused(self, disk):
        with self.assertRaises(Failed) as caught:
            disk.look()
        self.assertEqual(caught.exception.code, CORRUPT, caught.exception.text)
        return caught.exception.text

    def test_gpt_as_windows_has_it(self):
        with folder() as at:
            disk = Disk(at)
            disk.windows_gpt()
            seen = disk.look()
            self.assertEqual((seen["table"], seen["backup"]), ("gpt", "0"))
            guid = [l for l in run("sgdisk", "-p", disk.flat).splitlines() if "GUID" in l][0].split()[-1]
            self.assertEqual(seen["id"], guid.lower())
            self.assertEqual([p["number"] for p in seen["list"]], [1, 2, 3, 4])
            self.assertEqual([p["type"] for p in seen["list"]], [EFI, MSR, DATA, RECOVERY])
            self.assertEqual(seen["list"][2]["name"], "Wîndows 𝔻")
            self.assertEqual(seen["list"][3]["attributes"], 1 << 63)
            for p in seen["list"]:
                text = run("sgdisk", f"-i{p['number']}", disk.flat)
                self.assertIn(f"First sector: {p['offset'] // 512} ", text)
                self.assertIn(f"Partition size: {p['size'] // 512} ", text)
                self.assertIn(p["id"].upper(), text)

    def test_the_second_gpt_counts_when_the_first_is_damaged(self):
        with folder() as at:
            for where in (512, 512 + 16, 512 + 40, 1024, 1024 + 128 * 2 + 5):
                disk = Disk(at)
                disk.windows_gpt()
                whole = disk.look()
                disk.write(where, bytes([disk.read(where, 1)[0] ^ 0x55]))
                seen = disk.look()
                self.assertEqual(seen["backup"], "1")
                self.assertEqual(seen["list"], whole["list"])
                disk.write(disk.size - 512, bytes(512))
                self.assertTrue(self.refused(disk))

    def test_a_gpt_whose_entries_leave_the_disk_is_refused(self):
        with folder() as at:
            for first, last in ((0, 100), (2048, 1 << 40), (500, 400)):
                disk = Disk(at)
                disk.windows_gpt()
                for header_at in (512, disk.size - 512):
                    header = bytearray(disk.read(header_at, 92))
                    entries_at = struct.unpack_from("<Q", header, 72)[0] * 512
                    entries = bytearray(disk.read(entries_at, 128 * 128))
                    struct.pack_into("<QQ", entries, 32, first, last)
                    struct.pack_into("<I", header, 88, zlib.crc32(entries))
                    struct.pack_into("<I", header, 16, 0)
                    struct.pack_into("<I", header, 16, zlib.crc32(header))
                    disk.write(entries_at, entries)
                    disk.write(header_at, header)
                self.assertIn("partition 1", self.refused(disk))

    def test_partitions_that_share_sectors_are_refused(self):
        with folder() as at:
            disk = Disk(at)
            table = bytearray(512)
            for n, (first, count) in enumerate([(2048, 5000), (7000, 100)]):
                struct.pack_into("<B3xB3xII", table, 446 + 16 * n, 0, 7, first, count)
            table[510:] = b"\x55\xAA"
            disk.write(0, table)
            self.assertIn("share", self.refused(disk))

    def test_mbr_with_logical_partitions(self):
        with folder() as at:
            disk = Disk(at)
            layout = "label: dos\nlabel-id: 0x12345678\n2048,20480,7,*\n,8192,27\n,,5\n,8192,7\n,4096,c\n,,7\n"
            run("/usr/sbin/sfdisk", disk.flat, input=layout)
            seen = disk.look()
            self.assertEqual((seen["table"], seen["id"]), ("mbr", "12345678"))
            import json
            said = json.loads(run("/usr/sbin/sfdisk", "-J", disk.flat))["partitiontable"]["partitions"]
            want = [(p["start"] * 512, p["size"] * 512, int(p["type"], 16)) for p in said if p["type"] != "5"]
            self.assertEqual([(p["offset"], p["size"], p["mbr"]) for p in seen["list"]], want)
            self.assertEqual([p["number"] for p in seen["list"]], [1, 2, 5, 6, 7])
            self.assertEqual([p["active"] for p in seen["list"]], [True, False, False, False, False])

    def test_an_mbr_that_goes_in_circles_is_refused(self):
        with folder() as at:
            disk = Disk(at)
            table = bytearray(512)
            struct.pack_into("<B3xB3xII", table, 446, 0, 5, 2048, 8192)
            table[510:] = b"\x55\xAA"
            disk.write(0, table)
            logical = bytearray(512)
            struct.pack_into("<B3xB3xII", logical, 446 + 16, 0, 5, 0, 100)
            logical[510:] = b"\x55\xAA"
            disk.write(2048 * 512, logical)
            self.assertIn("logical", self.refused(disk))

    def test_an_mbr_that_leaves_the_disk_is_refused(self):
        with folder() as at:
            for first, count in ((2048, 1 << 30), (1 << 30, 1), (2048, 0), (0, 5)):
                disk = Disk(at)
                table = bytearray(512)
                struct.pack_into("<B3xB3xII", table, 446 + 16, 0, 7, first, count)
                table[510:] = b"\x55\xAA"
                disk.write(0, table)
                self.assertIn("partition 2", self.refused(disk))

    def test_a_disk_with_nothing(self):
        with folder() as at:
            seen = Disk(at).look()
            self.assertEqual((seen["table"], seen["list"]), ("none", []))

    def test_gpt_in_sectors_of_4096(self):
        with folder() as at:
            size = 32 * MIB
            entries = bytearray(128 * 128)
            guid = bytes(range(16))
            struct.pack_into("<16s16sQQQ", entries, 0, b"\xA2\xA0\xD0\xEB\xE5\xB9\x33\x44\x87\xC0\x68\xB6\xB7\x26\x99\xC7", guid, 256, 511, 0)
            header = bytearray(92)
            struct.pack_into("<8sIIIIQQQQ16sQIII", header, 0, b"EFI PART", 0x10000, 92, 0, 0, 1, size // 4096 - 1, 6,
                             size // 4096 - 6, guid, 2, 128, 128, zlib.crc32(entries))
            struct.pack_into("<I", header, 16, zlib.crc32(header))
            mbr = bytearray(512)
            struct.pack_into("<B3xB3xII", mbr, 446, 0, 0xEE, 1, 0xFFFFFFFF)
            mbr[510:] = b"\x55\xAA"
            block = bytearray(2 * MIB)
            block[0:512], block[4096:4096 + 92], block[8192:8192 + len(entries)] = mbr, header, entries
            boot = bytearray(2 * MIB)  # the partition starts at 1 MiB
            block[MIB:MIB + 11] = b"\xEB\x52\x90NTFS    "
            make_vhdx(f"{at}/d.vhdx", size, {0: (6, block, ()), 1: (6, boot, ())}, sector=4096)
            seen = disktool("partitions", f"{at}/d.vhdx")
            self.assertEqual(seen["table"], "gpt")
            one = Disk.split(seen["partition"][0])
            self.assertEqual((one["offset"], one["size"], one["volume"]), (MIB, MIB, "ntfs"))


class Volumes(unittest.TestCase):
    def test_file_systems(self):
        marks = {"ntfs": b"\xEB\x52\x90NTFS    ", "exfat": b"\xEB\x76\x90EXFAT   ", "bitlocker": b"\xEB\x58\x90-FVE-FS-",
                 "refs": b"\0\0\0ReFS\0\0\0\0", "unknown": b"\0\0\0whatever"}
        with folder() as at:
            for volume, mark in marks.items():
                disk = Disk(at)
                disk.windows_gpt()
                third = disk.look()["list"][2]
                disk.write(third["offset"], mark)
                self.assertEqual([p["volume"] for p in disk.look()["list"]], ["unknown", "unknown", volume, "unknown"])

    def test_a_real_ntfs_and_a_bitlocker_to_go(self):
        with folder() as at:
            disk = Disk(at)
            run("/usr/sbin/mkntfs", "-Q", "-F", disk.flat)
            seen = disk.look()
            self.assertEqual(seen["table"], "none")
            self.assertEqual([(p["offset"], p["size"], p["volume"]) for p in seen["list"]], [(0, disk.size, "ntfs")])
            disk.write(0, b"\xEB\x58\x90MSWIN4.1")
            disk.write(424, bytes.fromhex("3bd66749292ed84a8399f6a339e3d001"))
            self.assertEqual(disk.look()["list"][0]["volume"], "bitlocker")


if __name__ == "__main__":
    unittest.main()

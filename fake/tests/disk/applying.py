# SPDX-License-Identifier: MIT
"""Changes beside a container, and what apply makes of them, held against a flat file with the same
writes and against qemu-img and libvhdi as readers."""
import os
import shutil
import struct
import subprocess
import unittest

from disktest import (FORMATS, KINDS, MIB, Failed, disktool, folder, make, make_vhdx, make_vhdx_child, qemu_format, qemu_img,
                      random_writes, same_bytes, seeded, sha256, vhdi_read, write_flat, write_script)

DISK_FULL, CANCELLED, SHARING, CHANGED, INVALID_STATE = 0x80070070, 0x800704C7, 0x80070020, 0xC1420122, 0x8007139F


def size_of(kind):
    return 21 * MIB + (512 * 3 if kind.startswith("vhd-") else 4096)


class Case:
    """A container, a flat file with the same, and a side file."""

    def __init__(self, kind, at, rng, size=None, unit=4096):
        self.kind, self.at, self.rng = kind, at, rng
        self.path, self.flat = make(kind, at, size or size_of(kind), rng, unit=unit)
        self.side = f"{at}/side"
        self.size = size or size_of(kind)
        self.parents = disktool("info", self.path).get("parent", [])
        self.parent_sums = [sha256(p) for p in self.parents]

    def write(self, count=20, largest=200000, writes=None):
        writes = list(writes or random_writes(self.rng, self.size, count, largest))
        write_script(f"{self.at}/script", writes)
        answer = disktool("write", self.path, self.side, f"{self.at}/script")
        write_flat(self.flat, writes)
        return answer

    def reads_as_written(self, *side):
        disktool("read", self.path, f"{self.at}/out", *side)
        return same_bytes(f"{self.at}/out", self.flat)

    def check(self, test):
        """What everybody says of the container."""
        test.assertTrue(self.reads_as_written())
        vhdi_read(self.path, f"{self.at}/out", self.parents)
        test.assertTrue(same_bytes(f"{self.at}/out", self.flat), "libvhdi")
        for parent, was in zip(self.parents, self.parent_sums):
            test.assertEqual(sha256(parent), was)
        if self.parents:
            return
        qemu_img("compare", "-f", qemu_format(self.kind), "-F", "raw", self.path, self.flat)
        if self.kind.startswith("vhdx"):
            qemu_img("check", "-f", "vhdx", self.path)


class Applying(unittest.TestCase):
    def each(self, check, kinds=KINDS, **how):
        rng = seeded()
        for kind in kinds:
            with self.subTest(kind), folder() as at:
                check(Case(kind, at, rng, **how))

    def test_changes_are_seen_and_the_container_is_not_touched(self):
        def check(case):
            was = sha256(case.path)
            for _ in range(4):
                case.write()
                self.assertTrue(case.reads_as_written(case.side))
                self.assertEqual(sha256(case.path), was)
            self.assertFalse(case.reads_as_written())
            disktool("forget", case.path, case.side)
            self.assertEqual(sha256(case.path), was)
            self.assertFalse(os.path.exists(case.side))
        self.each(check, unit=512)

    def test_apply_again_and_again(self):
        def check(case):
            for _ in range(5):
                case.write()
                answer = disktool("apply", case.path, case.side)
                self.assertEqual(answer["changed"], "0")
                self.assertEqual(answer["past-return"], "1")
                case.check(self)
        self.each(check)

    def test_single_sectors(self):
        def check(case):
            case.write(writes=[(n * 512, case.rng.randbytes(512)) for n in (0, 3, 9, 4097, case.size // 512 - 1)])
            disktool("apply", case.path, case.side)
            case.check(self)
        self.each(check)

    def test_the_whole_disk(self):
        def check(case):
            case.write(writes=[(0, case.rng.randbytes(case.size))])
            disktool("apply", case.path, case.side)
            case.check(self)
        self.each(check)

    def test_an_apply_of_nothing_leaves_every_byte(self):
        def check(case):
            was = sha256(case.path)
            disktool("apply", case.path, case.side)
            self.assertEqual(sha256(case.path), was)
        self.each(check)

    def test_only_what_is_needed_is_added(self):
        with folder() as at:
            case = Case("vhd-dynamic", at, seeded())
            block = 2 * MIB + 512
            grown = os.path.getsize(case.path)
            case.write(writes=[(0, b"x" * 4096), (100000, b"y"), (case.size - 512, b"z" * 512)])
            disktool("apply", case.path, case.side)
            self.assertLessEqual(os.path.getsize(case.path) - grown, 2 * block)
            again = os.path.getsize(case.path)
            case.write(writes=[(8192, b"x" * 4096)])
            disktool("apply", case.path, case.side)
            self.assertEqual(os.path.getsize(case.path), again)
            case.check(self)

    def test_vhdx_with_sectors_of_4096_and_a_parent(self):
        rng = seeded()
        with folder() as at:
            block = 2 * MIB
            make_vhdx(f"{at}/p.vhdx", 9 * block, {n: (6, rng.randbytes(block), ()) for n in (0, 2, 4)}, sector=4096)
            disktool("read", f"{at}/p.vhdx", f"{at}/flat")
            import uuid
            from disktest import vhdx_data_guid
            guid = str(uuid.UUID(bytes_le=vhdx_data_guid(f"{at}/p.vhdx")))
            make_vhdx(f"{at}/c.vhdx", 9 * block, {3: (2, b"", ()), 4: (7, bytes(block), [])}, sector=4096,
                      locator=[("parent_linkage", guid), ("relative_path", "p.vhdx")])
            write_flat(f"{at}/flat", [(3 * block, bytes(block))])
            for _ in range(3):
                writes = list(random_writes(rng, 9 * block, 8))
                write_script(f"{at}/script", writes)
                write_flat(f"{at}/flat", writes)
                disktool("write", f"{at}/c.vhdx", f"{at}/side", f"{at}/script")
                disktool("apply", f"{at}/c.vhdx", f"{at}/side")
                disktool("read", f"{at}/c.vhdx", f"{at}/out")
                self.assertTrue(same_bytes(f"{at}/out", f"{at}/flat"))

    def test_a_written_parent_no_longer_fits_its_child(self):
        with folder() as at:
            rng = seeded()
            case = Case("vhdx-dynamic", at, rng)
            make_vhdx_child(f"{at}/c.vhdx", case.path, {0: b"c" * 512})
            disktool("info", f"{at}/c.vhdx")
            case.write()
            disktool("apply", case.path, case.side)
            with self.assertRaises(Failed) as caught:
                disktool("info", f"{at}/c.vhdx")
            self.assertEqual(caught.exception.code, 0xC03A000E)

    def test_both_vhdx_headers_are_good_and_new(self):
        with folder() as at:
            case = Case("vhdx-dynamic", at, seeded())

            def headers():
                with open(case.path, "rb") as file:
                    data = file.read(192 << 10)
                both = [data[64 << 10:(64 << 10) + 4096], data[128 << 10:(128 << 10) + 4096]]
                return [(struct.unpack_from("<Q", h, 8)[0], h[16:32], h[32:48], h[48:64]) for h in both]
            before = headers()
            case.write()
            disktool("apply", case.path, case.side)
            after = headers()
            self.assertEqual({a[1:] for a in after}, {after[0][1:]})
            self.assertEqual(sorted(a[0] for a in after)[1], max(b[0] for b in before) + 2)
            for place in (1, 2):
                self.assertNotIn(after[0][place], [b[place] for b in before])
            self.assertEqual(after[0][3], bytes(16))
            for broken in (64 << 10, 128 << 10):  # either alone is enough
                shutil.copy(case.path, f"{at}/one.vhdx")
                write_flat(f"{at}/one.vhdx", [(broken, bytes(4096))])
                disktool("read", f"{at}/one.vhdx", f"{at}/out")
                self.assertTrue(same_bytes(f"{at}/out", case.flat))

    def test_a_vhd_that_lost_its_last_footer_gets_it_back(self):
        with folder() as at:
            case = Case("vhd-dynamic", at, seeded())
            os.truncate(case.path, os.path.getsize(case.path) - 512)
            self.assertTrue(case.reads_as_written())
            case.write(writes=[(0, b"x" * 4096)])
            disktool("apply", case.path, case.side)
            case.check(self)


class Failing(unittest.TestCase):
    """Whatever fails, and wherever: the container is as before, or recovery finishes it."""

    def sweep(self, kind, fault, step=1):
        rng = seeded()
        with folder() as at:
            case = Case(kind, at, rng, size=6 * MIB)
            before, flat_before = f"{at}/before", f"{at}/flat-before"
            shutil.copy2(case.path, before)
            shutil.copy(case.flat, flat_before)
            case.write(count=4, largest=20000)
            shutil.copy(case.side, f"{at}/side-before")
            n, seen = 1, set()
            while True:
                shutil.copy2(before, case.path)
                shutil.copy(f"{at}/side-before", case.side)
                answer = disktool("apply", case.path, case.side, fault, n, check=False)
                if "failed" not in answer:
                    break
                recovered = disktool("recover", case.path, case.side)["recovered"]
                seen.add(recovered)
                if recovered == "finished" and fault != "changes":  # it may fail as it passes that point
                    self.assertEqual(answer["past-return"], "1")
                if recovered != "finished" and answer["past-return"] == "0":
                    self.assertTrue(same_bytes(case.path, before), f"{fault} {n}: {answer}")
                    self.assertEqual(os.stat(case.path).st_mtime_ns, os.stat(before).st_mtime_ns)
                    self.assertTrue(case.reads_as_written(case.side))
                    disktool("apply", case.path, case.side)
                self.assertTrue(case.reads_as_written())
                n += step
            self.assertGreater(n, 1)
            case.check(self)
            return seen

    def test_every_single_change(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.assertIn("finished", self.sweep(kind, "change"))

    def test_every_change_and_all_after_it(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.assertIn("finished", self.sweep(kind, "changes"))

    def test_every_allocation(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.sweep(kind, "alloc")

    def test_every_allocation_and_all_after_it(self):
        for kind in ("vhd-differencing", "vhdx-differencing"):
            with self.subTest(kind):
                self.sweep(kind, "allocs")

    def test_a_full_disk_is_noticed_before_it_is_too_late(self):
        for kind in KINDS:
            with self.subTest(kind), folder() as at:
                rng = seeded()
                case = Case(kind, at, rng)
                shutil.copy2(case.path, f"{at}/before")
                case.write()
                for room in (0, 600, 100000, 3 * MIB):
                    answer = disktool("apply", case.path, case.side, "full", room, check=False)
                    if "failed" not in answer:
                        break
                    self.assertIn(f"0x{DISK_FULL:08X}", answer["failed"])
                    self.assertEqual(answer["past-return"], "0")
                    self.assertTrue(same_bytes(case.path, f"{at}/before"))
                    self.assertEqual(disktool("recover", case.path, case.side)["recovered"], "whole")
                    self.assertTrue(case.reads_as_written(case.side))
                else:
                    disktool("apply", case.path, case.side)
                case.check(self)

    def test_a_full_disk_under_a_container_with_holes(self):
        """What is there already of a fixed disk may need room too. A small file system that is really full."""
        for kind in ("vhd-fixed", "vhdx-fixed"):
            with self.subTest(kind), folder() as at:
                os.makedirs(f"{at}/small")
                if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "none", f"{at}/small"], capture_output=True).returncode:
                    self.skipTest("may not mount")
                try:
                    case = Case(kind, at, seeded(), size=64 * MIB)
                    small = f"{at}/small/disk." + kind.partition("-")[0]
                    subprocess.run(["cp", "--sparse=always", "--preserve=timestamps", case.path, small], check=True)
                    case.path = small
                    case.write(writes=[(n << 20, case.rng.randbytes(600000)) for n in range(60)])
                    was = sha256(small)
                    answer = disktool("apply", small, case.side, check=False)
                    self.assertIn(f"0x{DISK_FULL:08X}", answer["failed"])
                    self.assertEqual(answer["past-return"], "0")
                    self.assertEqual(sha256(small), was)
                    self.assertEqual(disktool("recover", small, case.side)["recovered"], "whole")
                    subprocess.run(["mount", "-o", "remount,size=200m", f"{at}/small"], check=True)
                    disktool("apply", small, case.side)
                    case.check(self)
                finally:
                    subprocess.run(["umount", f"{at}/small"], check=True)

    def test_a_watcher_can_end_it_before_the_point_of_no_return(self):
        for kind in KINDS:
            with self.subTest(kind), folder() as at:
                case = Case(kind, at, seeded())
                shutil.copy2(case.path, f"{at}/before")
                case.write()
                n = 1
                while True:
                    answer = disktool("apply", case.path, case.side, "step", n, check=False)
                    if "failed" not in answer:
                        break
                    self.assertIn(f"0x{CANCELLED:08X}", answer["failed"])
                    self.assertTrue(same_bytes(case.path, f"{at}/before"))
                    n += 1
                self.assertGreater(n, 1)
                case.check(self)


class Strangers(unittest.TestCase):
    def refused(self, code, *arguments):
        with self.assertRaises(Failed) as caught:
            disktool(*arguments)
        self.assertEqual(f"0x{caught.exception.code:08X}", f"0x{code:08X}", caught.exception.text)
        return caught.exception.text

    def changes_of(self, case):
        """How many changes to the file system an apply is; it happens to a copy, at/try."""
        copies = shutil.copy2(case.path, f"{case.at}/try"), shutil.copy(case.side, f"{case.at}/try-side")
        return int(disktool("apply", *copies)["changes-asked"])

    def test_changes_to_another_container_are_refused(self):
        rng = seeded()
        for kind in KINDS:
            with self.subTest(kind), folder() as at:
                case = Case(kind, at, rng)
                case.write()
                os.utime(case.path)
                self.refused(CHANGED, "apply", case.path, case.side)

    def test_recovery_does_not_touch_what_somebody_wrote_since(self):
        for kind, table in (("vhd-dynamic", 1536), ("vhdx-dynamic", 64 << 10)):
            with self.subTest(kind), folder() as at:
                case = Case(kind, at, seeded(), size=200 * MIB)
                case.write(writes=[(n * 2 * MIB, b"x" * 4096) for n in range(100)])
                shutil.copy(case.path, f"{at}/before")
                answer = disktool("apply", case.path, case.side, "changes", self.changes_of(case) - 2, check=False)
                self.assertEqual(answer["past-return"], "1")
                with open(f"{at}/before", "rb") as a, open(f"{at}/try", "rb") as b:  # where it would write
                    a.seek(table), b.seek(table)
                    there = next(n for n, (x, y) in enumerate(zip(a.read(4096), b.read(4096))) if x != y)
                write_flat(case.path, [(table + there, b"\x11")])
                was = sha256(case.path)
                self.assertIn("cut off", self.refused(CHANGED, "recover", case.path, case.side))
                self.assertEqual(sha256(case.path), was)

    def test_recovery_knows_a_container_that_was_replaced(self):
        for kind in KINDS:
            with self.subTest(kind), folder() as at:
                case = Case(kind, at, seeded())
                os.makedirs(f"{at}/other")
                other, _ = make(kind, f"{at}/other", size_of(kind), seeded())  # the same content
                case.write()
                answer = disktool("apply", case.path, case.side, "changes", self.changes_of(case) - 3, check=False)
                self.assertEqual(answer["past-return"], "1")
                size = os.path.getsize(case.path)
                os.replace(other, case.path)
                if "vhdx" in kind:
                    os.truncate(case.path, size)
                was = sha256(case.path)
                self.refused(CHANGED, "recover", case.path, case.side)
                self.assertEqual(sha256(case.path), was)

    def test_an_apply_that_was_cut_off_has_to_be_recovered_first(self):
        with folder() as at:
            case = Case("vhdx-dynamic", at, seeded())
            case.write()
            last = self.changes_of(case)
            answer = disktool("apply", case.path, case.side, "changes", last - 2, check=False)
            self.assertEqual(answer["past-return"], "1")
            self.refused(INVALID_STATE, "apply", case.path, case.side)
            self.assertEqual(disktool("recover", case.path, case.side)["recovered"], "finished")
            case.check(self)

    def test_a_damaged_side_file_is_refused(self):
        with folder() as at:
            case = Case("vhd-dynamic", at, seeded())
            case.write()
            with open(case.side, "r+b") as file:
                file.seek(-5, os.SEEK_END)
                file.write(b"\xA5")
            self.refused(0x80070570, "apply", case.path, case.side)

    def test_a_container_that_somebody_has_locked(self):
        import fcntl
        with folder() as at:
            case = Case("vhd-dynamic", at, seeded())
            case.write()
            with open(case.path, "r+b") as file:
                fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
                self.refused(SHARING, "apply", case.path, case.side)
                disktool("info", case.path)
            disktool("apply", case.path, case.side)
            case.check(self)


if __name__ == "__main__":
    unittest.main()

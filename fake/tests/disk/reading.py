# SPDX-License-Identifier: MIT
"""Every kind of container holds what qemu-img, libvhdi and its maker say it holds."""
import os
import subprocess
import unittest

from disktest import (FORMATS, KINDS, MIB, disktool, folder, make, make_flat, make_vhd_child, make_vhdx, make_vhdx_child,
                      qemu_img, same_bytes, seeded, vhdi_read, write_flat)

SIZE = 37 * MIB + 512 * 3
NAMES = {"vhd": "VHD", "vhdx": "VHDX"}


def size_of(kind):
    return SIZE if kind.startswith("vhd-") else 37 * MIB + 4096


class Reading(unittest.TestCase):
    def each(self, check, unit=512):
        rng = seeded()
        for kind in KINDS:
            with self.subTest(kind), folder() as at:
                check(kind, at, *make(kind, at, size_of(kind), rng, unit=unit))

    def test_kind_and_sizes_are_those_of_the_maker(self):
        def check(kind, at, path, flat):
            info = disktool("info", path)
            prefix, _, form = kind.partition("-")
            self.assertEqual(info["kind"], f"{form} {NAMES[prefix]}")
            self.assertEqual(int(info["size"]), size_of(kind))
            self.assertEqual(int(info["file-size"]), os.path.getsize(path))
            self.assertEqual(info["sector-size"], "512")
            self.assertEqual(int(info["parents"]), form == "differencing")
        self.each(check)

    def test_content_is_what_was_put_in(self):
        def check(kind, at, path, flat):
            disktool("read", path, f"{at}/out")
            self.assertTrue(same_bytes(f"{at}/out", flat))
        self.each(check)

    def test_content_does_not_depend_on_how_it_is_read(self):
        def check(kind, at, path, flat):
            for seed in (1, 2):
                disktool("pieces", path, f"{at}/out", seed)
                self.assertTrue(same_bytes(f"{at}/out", flat))
        self.each(check)

    def test_libvhdi_reads_the_same(self):
        def check(kind, at, path, flat):
            parents = disktool("info", path).get("parent", [])
            self.assertEqual(vhdi_read(path, f"{at}/out", parents), size_of(kind))
            disktool("read", path, f"{at}/ours")
            self.assertTrue(same_bytes(f"{at}/out", f"{at}/ours"))
        self.each(check, 4096)

    def test_vhdiinfo_names_the_same_parent(self):
        def check(kind, at, path, flat):
            if "differencing" in kind:
                text = subprocess.run(["vhdiinfo", path], capture_output=True, text=True).stdout
                self.assertIn("Differential", text)
                self.assertIn(os.path.basename(disktool("info", path)["parent"][0]), text)
        self.each(check)

    def test_the_odd_block_sizes_of_vhdx(self):
        rng = seeded()
        for block_size in (1, 8, 32, 256):
            with self.subTest(block_size=block_size), folder() as at:
                make_flat(f"{at}/flat", 300 * MIB, rng, 10)
                qemu_img("convert", "-f", "raw", "-O", "vhdx", "-o", f"block_size={block_size}M", f"{at}/flat", f"{at}/d.vhdx")
                disktool("read", f"{at}/d.vhdx", f"{at}/out")
                self.assertTrue(same_bytes(f"{at}/out", f"{at}/flat"))

    def test_more_than_a_chunk(self):
        """The block table of a VHDX has entries of another kind in between, every 4 GiB here."""
        rng = seeded()
        with folder() as at:
            size = (9 << 30) + MIB
            with open(f"{at}/flat", "wb") as file:
                file.truncate(size)
            write_flat(f"{at}/flat", [(n << 30, rng.randbytes(5000)) for n in range(9)] + [(size - 4096, rng.randbytes(4096))])
            qemu_img("convert", "-f", "raw", "-O", "vhdx", "-o", "block_size=1M", f"{at}/flat", f"{at}/d.vhdx")
            disktool("read", f"{at}/d.vhdx", f"{at}/out")
            self.assertTrue(same_bytes(f"{at}/out", f"{at}/flat"))

    def test_states_of_vhdx_blocks(self):
        """Not present, undefined, zero and unmapped blocks are zero without a parent; with one, only
        the first is the parent's."""
        with folder() as at:
            block = 2 * MIB
            content = {n: (6, bytes([n + 1]) * block, ()) for n in range(6)}
            make_vhdx(f"{at}/p.vhdx", 6 * block, content)
            child = {1: (1, b"", ()), 2: (2, b"", ()), 3: (3, b"", ()), 4: (6, b"x" * block, ()), 5: (7, b"y" * block, [0, 9, 4095])}
            from disktest import vhdx_data_guid
            import uuid
            guid = uuid.UUID(bytes_le=vhdx_data_guid(f"{at}/p.vhdx"))
            make_vhdx(f"{at}/c.vhdx", 6 * block, child, locator=[("relative_path", "p.vhdx"), ("parent_linkage", str(guid))])
            disktool("read", f"{at}/c.vhdx", f"{at}/out")
            with open(f"{at}/out", "rb") as file:
                data = file.read()
            mixed = bytearray(b"\6" * block)
            for sector in (0, 9, 4095):
                mixed[sector * 512:sector * 512 + 512] = b"y" * 512
            want = b"\1" * block + bytes(3 * block) + b"x" * block + mixed
            self.assertEqual(data, want)

    def test_sectors_of_4096(self):
        with folder() as at:
            block = 2 * MIB
            make_vhdx(f"{at}/p.vhdx", 3 * block, {1: (6, b"p" * block, ())}, sector=4096)
            self.assertEqual(disktool("info", f"{at}/p.vhdx")["sector-size"], "4096")
            disktool("read", f"{at}/p.vhdx", f"{at}/out")
            with open(f"{at}/out", "rb") as file:
                self.assertEqual(file.read(), bytes(block) + b"p" * block + bytes(block))

    def test_sectors_of_a_dynamic_vhd_without_a_bit_are_zero(self):
        with folder() as at:
            with open(f"{at}/flat", "wb") as file:
                file.write(b"a" * (4 * MIB))
            driver, options, _ = FORMATS["vhd-dynamic"]
            qemu_img("convert", "-f", "raw", "-O", driver, *options, f"{at}/flat", f"{at}/d.vhd")
            with open(f"{at}/d.vhd", "r+b") as file:
                file.seek(1536)
                first = int.from_bytes(file.read(4), "big") * 512
                file.seek(first)
                file.write(b"\x7F")  # sector 0
            write_flat(f"{at}/flat", [(0, bytes(512))])
            disktool("read", f"{at}/d.vhd", f"{at}/out")
            self.assertTrue(same_bytes(f"{at}/out", f"{at}/flat"))
            vhdi_read(f"{at}/d.vhd", f"{at}/out2")
            self.assertTrue(same_bytes(f"{at}/out2", f"{at}/flat"))


class Chains(unittest.TestCase):
    MAKERS = {"vhd": make_vhd_child, "vhdx": make_vhdx_child}

    def test_long_ones(self):
        rng = seeded()
        for extension, maker in self.MAKERS.items():
            with self.subTest(extension), folder() as at:
                path, flat = make(f"{extension}-dynamic", at, 20 * MIB, rng, "0")
                parents = [path]
                for n in range(1, 6):
                    pages = [rng.randrange(20 * MIB // 4096) * 4096 for _ in range(50)]
                    sectors = {page + n: rng.randbytes(512) for page in pages for n in range(0, 4096, 512)}
                    maker(f"{at}/{n}.{extension}", parents[0], sectors)
                    write_flat(flat, sectors.items())
                    parents.insert(0, f"{at}/{n}.{extension}")
                info = disktool("info", parents[0])
                self.assertEqual(info["parents"], "5")
                self.assertEqual(info["parent"], parents[1:])
                disktool("read", parents[0], f"{at}/out")
                self.assertTrue(same_bytes(f"{at}/out", flat))
                vhdi_read(parents[0], f"{at}/out2", parents[1:])
                self.assertTrue(same_bytes(f"{at}/out2", flat))

    def test_where_the_parent_is_looked_for(self):
        for extension, maker in self.MAKERS.items():
            for name, said, place in [("beside", {"relative": "p.X"}, "p.X"), ("dotted", {"relative": ".\\p.X"}, "p.X"),
                                      ("below", {"relative": ".\\a\\b\\p.X"}, "a/b/p.X"),
                                      ("above", {"relative": "..\\other\\p.X"}, "../other/p.X"),
                                      ("another letter case", {"relative": "A\\P.X"}, "a/p.X"),
                                      ("absolute", {"relative": "gone.X", "absolute": "AT/abs/p.X"}, "abs/p.X")]:
                with self.subTest(extension=extension, name=name), folder() as at:
                    os.makedirs(f"{at}/home")
                    place = os.path.normpath(f"{at}/home/" + place.replace("X", extension))
                    os.makedirs(os.path.dirname(place), exist_ok=True)
                    path, flat = make(f"{extension}-dynamic", at, 4 * MIB, seeded(), "made")
                    os.rename(path, place)
                    said = {k: v.replace("AT", f"{at}/home").replace("X", extension) for k, v in said.items()}
                    maker(f"{at}/home/c.{extension}", place, {0: b"c" * 512}, **said)
                    self.assertEqual(disktool("info", f"{at}/home/c.{extension}")["parent"], [place])

    def test_a_child_reached_through_a_link_looks_beside_itself(self):
        with folder() as at:
            os.makedirs(f"{at}/home")
            path, flat = make("vhd-differencing", f"{at}/home", 4 * MIB, seeded())
            os.symlink(path, f"{at}/link.vhd")
            self.assertEqual(disktool("info", f"{at}/link.vhd")["parent"], [f"{at}/home/disk-parent.vhd"])

    def test_a_child_may_be_larger_in_vhdx(self):
        with folder() as at:
            path, flat = make("vhdx-dynamic", at, 4 * MIB, seeded())
            make_vhdx_child(f"{at}/c.vhdx", path, {}, size=10 * MIB)
            disktool("read", f"{at}/c.vhdx", f"{at}/out")
            os.truncate(flat, 10 * MIB)
            self.assertTrue(same_bytes(f"{at}/out", flat))


if __name__ == "__main__":
    unittest.main()

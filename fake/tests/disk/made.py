# SPDX-License-Identifier: MIT
"""The disks that mkfixture makes: byte-identical, what the recipe says, whole to qemu-img, sgdisk,
fsck.fat and libvhdi, and refused by us where the recipe damages them."""
import json
import os
import shutil
import subprocess
import unittest

from disktest import MIB, MKFIXTURE, Failed, disktool, folder, qemu_format, qemu_img, same_bytes, sha256, vhd_chain_read, vhdi_read, write_flat

WINDOWS_GPT = [{"role": "efi", "size": 20 * MIB}, {"role": "msr", "size": 16 * MIB}, {"role": "windows", "size": 24 * MIB},
               {"role": "recovery", "size": 8 * MIB, "volume": "ntfs"}]
WINDOWS_MBR = [{"role": "system", "size": 10 * MIB}, {"role": "windows", "size": 24 * MIB}]


def mkfixture(recipe, out, *volumes, env=None):
    """volumes: (image, path). The message if it fails."""
    path = os.path.join(os.path.dirname(out), recipe["name"] + ".json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(recipe, file)
    options = [word for image, volume in volumes for word in ("--volume", f"{image}={volume}")]
    done = subprocess.run([MKFIXTURE, path, out, *options], capture_output=True, text=True, env=env)
    return done.stderr if done.returncode else ""


def recipe(form, kind="dynamic", **disk):
    return {"recipe": "1", "name": "d", "format": form, "disk": {"kind": kind, "partitions": WINDOWS_GPT, **disk}}


def make_volumes(at, count=3):
    """NTFS volumes that differ here and there."""
    for n in range(1, count + 1):
        path = f"{at}/volume{n}"
        with open(path, "wb") as file:
            file.truncate(8 * MIB)
        subprocess.run(["/usr/sbin/mkntfs", "-Q", "-F", "-q", path], check=True, capture_output=True)
        write_flat(path, [(5 * MIB + n * 12288, bytes([n]) * 4096), (7 * MIB, os.urandom(8192))])
        yield n, path


class Made(unittest.TestCase):
    def test_every_kind_holds_what_the_recipe_says(self):
        for form in ("vhd", "vhdx"):
            for kind in ("fixed", "dynamic", "differencing"):
                for table, partitions in (("gpt", WINDOWS_GPT), ("mbr", WINDOWS_MBR)):
                    with self.subTest(form=form, kind=kind, table=table), folder() as at:
                        self.check_kind(at, form, kind, table, partitions)

    def check_kind(self, at, form, kind, table, partitions):
        parents = [{"kind": "differencing", "image": 2}, {"image": 3}] if kind == "differencing" else []
        volumes = list(make_volumes(at))
        path = f"{at}/out.{form}"
        self.assertEqual(mkfixture(recipe(form, kind, table=table, partitions=partitions, parents=parents), path, *volumes), "")
        names = [f"{at}/out{n or ''}.{form}" for n in ("", 2, 3)[:1 + len(parents)]]
        self.assertEqual(disktool("info", path).get("parent", []), names[1:])
        seen = disktool("partitions", path)
        self.assertEqual((seen["table"], seen["backup"]), (table, "0"))
        lines = [line.split() for line in seen["partition"]]
        want = {"efi": "fat", "msr": "unknown", "windows": "ntfs", "recovery": "ntfs", "system": "unknown"}
        self.assertEqual([line[8] for line in lines], [want[p["role"]] for p in partitions])
        self.assertEqual([int(line[2]) for line in lines], [p["size"] for p in partitions])
        disktool("read", path, f"{at}/flat")
        if form == "vhd" and parents:  # volumes made at different times differ in single sectors
            vhd_chain_read(path, f"{at}/second", names[1:])
        else:
            vhdi_read(path, f"{at}/second", names[1:])
        self.assertTrue(same_bytes(f"{at}/flat", f"{at}/second"))
        for line in lines:
            if line[8] in ("ntfs", "fat"):
                with open(f"{at}/flat", "rb") as file, open(f"{at}/part", "wb") as out:
                    file.seek(int(line[1]))
                    out.write(file.read(8 * MIB if line[8] == "ntfs" else int(line[2])))
                if line[8] == "ntfs":
                    self.assertTrue(same_bytes(f"{at}/part", volumes[0][1]))
                else:
                    subprocess.run(["/usr/sbin/fsck.fat", "-n", f"{at}/part"], check=True, capture_output=True)
        for n, name in enumerate(names):
            if n == len(names) - 1:
                disktool("read", name, f"{at}/flat")
                qemu_img("compare", "-f", qemu_format(form + "-"), "-F", "raw", name, f"{at}/flat")
        if table == "gpt":
            text = subprocess.run(["sgdisk", "-v", f"{at}/flat"], check=True, capture_output=True, text=True).stdout
            self.assertIn("No problems found", text)
        else:
            subprocess.run(["/usr/sbin/sfdisk", "-V", f"{at}/flat"], check=True, capture_output=True)
        if form == "vhdx" and kind != "differencing":
            qemu_img("check", "-f", "vhdx", path)

    def test_the_same_bytes_every_time(self):
        for form in ("vhd", "vhdx"):
            for kind in ("fixed", "dynamic", "differencing"):
                with self.subTest(form=form, kind=kind), folder() as at:
                    volumes = list(make_volumes(at, 2))
                    what = recipe(form, kind, parents=[{"image": 2}] if kind == "differencing" else [])
                    sums = set()
                    for where, env in (("a", {"TZ": "Asia/Tokyo"}), ("b/c", {"LC_ALL": "C"})):
                        os.makedirs(f"{at}/{where}")
                        self.assertEqual(mkfixture(what, f"{at}/{where}/x.{form}", *volumes, env={**os.environ, **env}), "")
                        sums.add(tuple(sha256(f"{at}/{where}/{n}") for n in sorted(os.listdir(f"{at}/{where}")) if not n.endswith(".json")))
                    self.assertEqual(len(sums), 1)

    def test_sizes_of_blocks_and_sectors(self):
        for form, disk in (("vhd", {"blockSize": 65536}), ("vhd", {"blockSize": 8 * MIB}), ("vhdx", {"blockSize": MIB}),
                           ("vhdx", {"blockSize": 32 * MIB}), ("vhdx", {"sectorSize": 4096}), ("vhdx", {"size": 9 << 30, "blockSize": MIB})):
            with self.subTest(form=form, **disk), folder() as at:
                volumes = list(make_volumes(at, 1))
                self.assertEqual(mkfixture(recipe(form, **disk), f"{at}/x.{form}", *volumes), "")
                self.assertEqual([line.split()[8] for line in disktool("partitions", f"{at}/x.{form}")["partition"]], ["fat", "unknown", "ntfs", "ntfs"])
                if "sectorSize" in disk:  # which qemu-img does not know
                    self.assertEqual(disktool("info", f"{at}/x.{form}")["sector-size"], "4096")
                    self.assertEqual(vhdi_read(f"{at}/x.{form}", f"{at}/flat"), sum(p["size"] for p in WINDOWS_GPT) + 2 * MIB)
                    continue
                info = json.loads(qemu_img("info", "-f", qemu_format(form + "-"), "--output=json", f"{at}/x.{form}").stdout)
                self.assertEqual(info["cluster-size"], disk.get("blockSize", 2 * MIB))

    def test_partitions_with_files_of_their_own(self):
        with folder() as at:
            volumes = list(make_volumes(at, 2))
            partitions = [{"role": "windows", "size": 8 * MIB}, {"role": "recovery", "size": 8 * MIB, "volume": "ntfs", "image": 2}]
            self.assertEqual(mkfixture(recipe("vhd", partitions=partitions), f"{at}/x.vhd", *volumes), "")
            disktool("read", f"{at}/x.vhd", f"{at}/flat")
            with open(f"{at}/flat", "rb") as file:
                for n in (1, 2):
                    file.seek((8 * n - 7) * MIB)
                    with open(volumes[n - 1][1], "rb") as volume:
                        self.assertEqual(file.read(8 * MIB), volume.read())

    def test_what_no_windows_can_be_in(self):
        for volume in ("fat", "exfat", "refs", "bitlocker", "none"):
            with self.subTest(volume), folder() as at:
                self.assertEqual(mkfixture(recipe("vhdx", partitions=[{"role": "windows", "size": 20 * MIB, "volume": volume}]), f"{at}/x.vhdx"), "")
                seen = disktool("partitions", f"{at}/x.vhdx")["partition"][0].split()[8]
                self.assertEqual(seen, "unknown" if volume == "none" else volume)

    def test_damage_is_refused_with_its_code(self):
        codes = {("vhd", "footer"): 0xC03A0002, ("vhd", "header"): 0xC03A0006, ("vhd", "block-table"): 0xC03A000A, ("vhd", "truncate"): 0xC03A000A,
                 ("vhd", "parent-missing"): 0xC03A000D, ("vhd", "parent-changed"): 0xC03A000E, ("vhdx", "header"): 0x80070570,
                 ("vhdx", "log"): 0xC03A001C, ("vhdx", "block-table"): 0x80070570, ("vhdx", "truncate"): 0x80070570,
                 ("vhdx", "parent-missing"): 0xC03A000D, ("vhdx", "parent-changed"): 0xC03A000E}
        for (form, damage), code in codes.items():
            with self.subTest(form=form, damage=damage), folder() as at:
                volumes = list(make_volumes(at, 2))
                what = recipe(form, "differencing", parents=[{"image": 2}], partitions=[{"role": "windows", "size": 24 * MIB}])
                if not damage.startswith("parent"):
                    what = recipe(form, partitions=[{"role": "windows", "size": 24 * MIB}])
                what["damage"] = [{"kind": damage}]
                self.assertEqual(mkfixture(what, f"{at}/x.{form}", *volumes), "")
                with self.assertRaises(Failed) as caught:
                    disktool("info", f"{at}/x.{form}")
                self.assertEqual(f"0x{caught.exception.code:08X}", f"0x{code:08X}", caught.exception.text)

    def test_mistakes_are_refused_with_their_pointer(self):
        def with_damage(form, kind):
            return {**recipe(form), "damage": [{"kind": kind}]}
        one = [{"role": "windows", "size": 8 * MIB, "volume": "none"}]
        mistakes = [(recipe("vhd", partitions=[{"role": "data"}, {"role": "msr", "size": MIB}], size=64 * MIB), "partition 1"),
                    ({**recipe("vhd"), "format": "wim", "images": [{}]}, "/disk"), ({"recipe": "1", "name": "d", "format": "vhd"}, "/disk"),
                    (recipe("vhd", sectorSize=4096), "/disk/sectorSize"), (recipe("vhdx", blockSize=65536), "/disk/blockSize"),
                    (recipe("vhdx", blockSize=3 * MIB), "/disk/blockSize"), (recipe("vhd", odd=1), "odd"),
                    (recipe("vhd", "differencing"), "/disk/parents"), (recipe("vhd", parents=[{}]), "/disk/parents"),
                    (recipe("vhd", "differencing", parents=[{}, {}, {"kind": "differencing"}]), "/disk/parents/2/kind"),
                    (recipe("vhd", table="none"), "/disk/partitions"), (recipe("vhd", partitions=[{"role": "x", "size": 1}]), "/disk/partitions/0/role"),
                    (recipe("vhd", partitions=[{"role": "data", "size": MIB, "volume": "ext4"}]), "/disk/partitions/0/volume"),
                    (recipe("vhd", partitions=[{"role": "data", "size": 1000}]), "partition 1"), (recipe("vhd", partitions=one, size=4 * MIB), "need"),
                    (recipe("vhd"), "image 1"), (with_damage("vhd", "xml"), "/damage/0"), (with_damage("vhdx", "magic"), "/damage/0")]
        for what, words in mistakes:
            with self.subTest(words), folder() as at:
                self.assertIn(words, mkfixture(what, f"{at}/x.vhd"))
                self.assertEqual([n for n in os.listdir(at) if not n.endswith(".json")], [])

    def test_a_catalogue_keeps_parents_as_parts(self):
        with folder() as at:
            os.makedirs(f"{at}/recipes")
            what = recipe("vhdx", "differencing", parents=[{}], partitions=[{"role": "efi", "size": 20 * MIB}])
            with open(f"{at}/recipes/d.json", "w", encoding="utf-8") as file:
                json.dump(what, file)

            def build():
                return subprocess.run([MKFIXTURE, "--catalog", f"{at}/recipes", f"{at}/out"], check=True, capture_output=True, text=True).stdout
            self.assertIn("built d", build())
            self.assertEqual(build(), "")
            with open(f"{at}/out/catalog.json", encoding="utf-8") as file:
                image = json.load(file)["images"][0]
            self.assertEqual([p["file"] for p in image["parts"]], ["d.vhdx", "d2.vhdx"])
            os.remove(f"{at}/out/d2.vhdx")
            self.assertIn("built d", build())
            shutil.copytree(f"{at}/out", f"{at}/moved")
            self.assertEqual(disktool("info", f"{at}/moved/d.vhdx")["parent"], [f"{at}/moved/d2.vhdx"])


if __name__ == "__main__":
    unittest.main()

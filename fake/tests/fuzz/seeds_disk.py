# SPDX-License-Identifier: MIT
"""seeds_disk.py OUTDIR - the inputs that fuzz_disk starts from: small containers of every kind, partition
tables in them, packed as fuzz_disk.c says. Environment as for the tests of fake/disk (disktest.py)."""
import os
import random
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "disk"))
from disktest import FORMATS, MIB, folder, make_vhd_child, make_vhdx, make_vhdx_child, qemu_img, vhdx_data_guid, write_flat  # noqa: E402
import uuid  # noqa: E402


def pack(disk, parent=None):
    """The input that makes fuzz_disk write these files."""
    out = bytes([disk.endswith("x")])
    contents = []
    for path in (disk, parent):
        data = open(path, "rb").read() if path else b""
        contents.append(data + bytes(-len(data) % 512))
        out += (len(contents[-1]) // 512).to_bytes(3, "little")
    for which, data in enumerate(contents):
        at = 0
        while at < len(data):
            end = at
            while end < len(data) and end - at < 255 * 512 and data[end:end + 512].strip(b"\0"):
                end += 512
            if end > at:
                out += bytes([which]) + (at // 512).to_bytes(3, "little") + bytes([(end - at) // 512]) + data[at:end]
            at = max(end, at + 512)
    return out


def flat_disks(at):
    """name -> a flat file with a partition table, or none."""
    def flat(name, size=4 * MIB):
        with open(f"{at}/{name}.raw", "wb") as file:
            file.truncate(size)
        return f"{at}/{name}.raw"
    yield flat("empty", 3 * MIB)
    gpt = flat("gpt")
    subprocess.run(["sgdisk", "-a1", "-n1:64:+256K", "-t1:ef00", "-n2:0:+128K", "-t2:0c01", "-n3:0:+1M", "-t3:0700", "-c3:Windows",
                    "-n4:0:+128K", "-t4:2700", gpt], check=True, capture_output=True)
    write_flat(gpt, [(64 * 512, b"\xEB\x58\x90MSDOS5.0\0\2\1\1\0\2\0\0\0\0\xF8"), (832 * 512, b"\xEB\x52\x90NTFS    ")])
    yield gpt
    mbr = flat("mbr")
    subprocess.run(["/usr/sbin/sfdisk", mbr], input="label: dos\n64,1000,7,*\n2048,4000,5\n2050,500,7\n2600,100,b\n", text=True, check=True,
                   capture_output=True)
    yield mbr


def main(out):
    rng = random.Random(1)
    os.makedirs(out, exist_ok=True)

    def keep(name, disk, parent=None):
        with open(os.path.join(out, name), "wb") as file:
            file.write(pack(disk, parent))
    with folder() as at:
        for flat in flat_disks(at):
            name = os.path.basename(flat)[:-4]
            for kind, (driver, options, extension) in FORMATS.items():
                path = f"{at}/{name}-{kind}.{extension}"
                qemu_img("convert", "-f", "raw", "-O", driver, *options, flat, path)
                keep(f"{name}-{kind}", path)
            parents = {e: f"{at}/p.{e}" for e in ("vhd", "vhdx")}
            for extension, parent in parents.items():
                os.replace(f"{at}/{name}-{extension}-dynamic.{extension}", parent)
                sectors = {n * 512: rng.randbytes(512) for n in (1, 9, 100, 5000)}
                child = f"{at}/disk.{extension}"
                (make_vhd_child if extension == "vhd" else make_vhdx_child)(child, parent, sectors, absolute="p." + extension)
                keep(f"{name}-{extension}-child", child, parent)
        block = 2 * MIB
        make_vhdx(f"{at}/p.vhdx", 3 * block, {1: (6, b"", ())}, sector=4096)
        keep("sectors-4096", f"{at}/p.vhdx")
        guid = str(uuid.UUID(bytes_le=vhdx_data_guid(f"{at}/p.vhdx")))
        states = {0: (1, b"", ()), 1: (2, b"", ()), 2: (7, b"y", [0, 100])}
        make_vhdx(f"{at}/s.vhdx", 3 * block, states, sector=4096,
                  locator=[("parent_linkage2", guid), ("absolute_win32_path", "C:\\x\\p.vhdx"), ("relative_path", ".\\p.vhdx"), ("parent_linkage", guid)])
        keep("states", f"{at}/s.vhdx", f"{at}/p.vhdx")
    print(f"{len(os.listdir(out))} inputs in {out}")


if __name__ == "__main__":
    main(sys.argv[1])

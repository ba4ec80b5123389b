# SPDX-License-Identifier: MIT
"""What the tests of fake/disk share: disktool, qemu-img, libvhdi, containers to try things on.

qemu-img makes fixed and dynamic containers; those with a parent are made here, from the
specifications and without any code of ours in C, so that a misreading does not agree with itself.
"""
import contextlib
import hashlib
import os
import random
import shutil
import struct
import subprocess
import tempfile
import uuid

DISKTOOL = os.environ["DISKTOOL"]
VHDICAT = os.environ["VHDICAT"]
MKFIXTURE = os.environ.get("MKFIXTURE", "")
MIB = 1 << 20


class Failed(Exception):
    """A disktool that answered with a code."""

    def __init__(self, code, text):
        super().__init__(f"0x{code:08X} {text}")
        self.code, self.text = code, text


def disktool(*arguments, check=True):
    """Its lines as a dictionary; keys that come more than once have a list."""
    done = subprocess.run([DISKTOOL, *map(str, arguments)], capture_output=True, text=True)
    answer = {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition(" ")
        answer.setdefault(key, []).append(value)
    answer = {k: v if k in ("partition", "parent") else v[0] for k, v in answer.items()}
    if done.returncode not in (0, 1) or (done.returncode == 1 and "failed" not in answer):
        raise AssertionError(f"disktool {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
    if "failed" in answer and check:
        code, _, text = answer["failed"].partition(" ")
        raise Failed(int(code, 16), text)
    return answer


def qemu_img(*arguments, check=True):
    done = subprocess.run(["qemu-img", *map(str, arguments)], capture_output=True, text=True)
    if check and done.returncode:
        raise AssertionError(f"qemu-img {arguments}: {done.stdout}{done.stderr}")
    return done


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def same_bytes(a, b):
    """Do two (sparse) files hold the same?"""
    return subprocess.run(["cmp", "-s", a, b]).returncode == 0


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="dismfake-disk-")
    try:
        yield path
    finally:
        shutil.rmtree(path)


def random_writes(rng, size, count, largest=200000):
    """(offset, bytes) with many shapes: whole pages, odd ends, the disk's first and last bytes."""
    for n in range(count):
        length = min(size, rng.choice([1, 512, 4096, 65536, rng.randrange(1, largest)]))
        offset = rng.choice([rng.randrange(size), rng.randrange(size) // 4096 * 4096, 0, size - length])
        length = min(length, size - offset)
        yield offset, rng.randbytes(length)


def write_script(path, writes):
    with open(path, "wb") as file:
        for offset, data in writes:
            file.write(struct.pack("<QQ", offset, len(data)) + data)


def write_flat(path, writes):
    with open(path, "r+b") as file:
        for offset, data in writes:
            file.seek(offset)
            file.write(data)


# ---- containers ----

FORMATS = {
    "vhd-fixed": ("vpc", ["-o", "subformat=fixed,force_size=on"], "vhd"),
    "vhd-dynamic": ("vpc", ["-o", "subformat=dynamic,force_size=on"], "vhd"),
    "vhdx-fixed": ("vhdx", ["-o", "subformat=fixed,block_size=1M"], "vhdx"),
    "vhdx-dynamic": ("vhdx", ["-o", "subformat=dynamic,block_size=2M"], "vhdx"),
}
KINDS = [*FORMATS, "vhd-differencing", "vhdx-differencing"]


def qemu_format(kind):
    return "vpc" if kind.startswith("vhd-") else "vhdx"


def make_flat(path, size, rng, count=30):
    with open(path, "wb") as file:
        file.truncate(size)
    write_flat(path, random_writes(rng, size, count))


def make(kind, folder_path, size, rng, name="disk", unit=512):
    """A container of that kind with something in it: its path, and a flat file with the same. What a
    child has of its own is whole units (libvhdi 20210425 misreads a VHD's bitmap where a byte of it
    is mixed: units of 4096 are safe)."""
    flat = os.path.join(folder_path, f"{name}.raw")
    make_flat(flat, size, rng)
    if kind in FORMATS:
        driver, options, extension = FORMATS[kind]
        path = os.path.join(folder_path, f"{name}.{extension}")
        qemu_img("convert", "-f", "raw", "-O", driver, *options, flat, path)
        return path, flat
    driver, options, extension = FORMATS[kind.replace("differencing", "dynamic")]
    parent = os.path.join(folder_path, f"{name}-parent.{extension}")
    path = os.path.join(folder_path, f"{name}.{extension}")
    qemu_img("convert", "-f", "raw", "-O", driver, *options, flat, parent)
    changes = {}
    for _ in range(40):
        length = rng.choice([512, 4096, 70000, 3 << 20]) // unit * unit
        offset = rng.randrange(size) // unit * unit
        length = min(length, size - offset)
        for at in range(offset, offset + length, 512):
            changes[at] = rng.randbytes(512)
    write_flat(flat, changes.items())
    (make_vhd_child if extension == "vhd" else make_vhdx_child)(path, parent, changes)
    return path, flat


def vhd_sum(data, at):
    return ~sum(data[:at] + data[at + 4:]) & 0xFFFFFFFF


def vhd_footer_of(path):
    with open(path, "rb") as file:
        file.seek(-512, os.SEEK_END)
        return file.read(512)


def make_vhd_child(path, parent, sectors, **wrong):
    """A differencing VHD with those sectors (offset -> 512 bytes) of its own. `wrong` overrides
    what it says about its parent: id, time, relative, absolute, name, size."""
    of_parent = vhd_footer_of(parent)
    size = wrong.get("size", struct.unpack_from(">Q", of_parent, 48)[0])
    block_size = 2 * MIB
    blocks = (size + block_size - 1) // block_size
    bat_at, locator_at = 1536, 1536 + (blocks * 4 + 511) // 512 * 512
    footer = bytearray(of_parent)
    struct.pack_into(">Q", footer, 16, 512)
    struct.pack_into(">QQ", footer, 40, size, size)
    struct.pack_into(">I", footer, 60, 4)
    footer[68:84] = uuid.uuid5(uuid.NAMESPACE_URL, path).bytes
    struct.pack_into(">I", footer, 64, vhd_sum(footer, 64))

    relative = wrong.get("relative", ".\\" + os.path.basename(parent))
    absolute = wrong.get("absolute", "C:\\somewhere\\" + os.path.basename(parent))
    header = bytearray(1024)
    struct.pack_into(">8sQQIIII", header, 0, b"cxsparse", 2**64 - 1, bat_at, 0x10000, blocks, block_size, 0)
    header[40:56] = wrong.get("id", of_parent[68:84])
    struct.pack_into(">I", header, 56, wrong.get("time", struct.unpack_from(">I", of_parent, 24)[0]))
    name = wrong.get("name", "C:\\somewhere\\" + os.path.basename(parent)).encode("utf-16-be")
    header[64:64 + len(name)] = name
    locators = [(b"W2ru", relative.encode("utf-16-le")), (b"W2ku", absolute.encode("utf-16-le"))]
    for n, (code, text) in enumerate(locators):
        struct.pack_into(">4sIIIQ", header, 576 + 24 * n, code, 1024, len(text), 0, locator_at + 1024 * n)
    struct.pack_into(">I", header, 36, vhd_sum(header, 36))

    bat = [0xFFFFFFFF] * blocks
    with open(path, "wb") as file:
        file.write(footer + header)
        for n, (_, text) in enumerate(locators):
            file.seek(locator_at + 1024 * n)
            file.write(text)
        at = locator_at + 1024 * len(locators)
        for block in sorted({offset // block_size for offset in sectors}):
            bat[block] = at // 512
            bitmap, data = bytearray(512), bytearray(block_size)
            for offset, content in sectors.items():
                if offset // block_size == block:
                    sector = offset % block_size // 512
                    bitmap[sector // 8] |= 0x80 >> sector % 8
                    data[sector * 512:sector * 512 + 512] = content
            file.seek(at)
            file.write(bitmap + data)
            at += 512 + block_size
        file.seek(bat_at)
        file.write(struct.pack(f">{blocks}I", *bat))
        file.seek(at)
        file.write(footer)


def crc32c(data):
    table = crc32c.table
    if not table:
        for n in range(256):
            for _ in range(8):
                n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
            table.append(n)
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


crc32c.table = []


def vhdx_data_guid(path):
    """The DataWriteGuid of the header that counts."""
    best = None
    with open(path, "rb") as file:
        for at in (64 << 10, 128 << 10):
            file.seek(at)
            header = file.read(4096)
            if header[:4] == b"head":
                number = struct.unpack_from("<Q", header, 8)[0]
                if not best or number > best[0]:
                    best = number, header[32:48]
    return best[1]


VHDX_ITEMS = {
    "parameters": "CAA16737-FA36-4D43-B3B6-33F0AA44E76B",
    "size": "2FA54224-CD1B-4876-B211-5DBED83BF4B8",
    "id": "BECA12AB-B2E6-4523-93EF-C309E000C746",
    "logical": "8141BF1D-A96F-4709-BA47-F233A8FAAB5F",
    "physical": "CDA348C7-445D-4471-9CC9-E9885251C556",
    "locator": "A8D35F2D-B30B-454D-ABF7-D3D84834AB0C",
}


def vhdx_locator(pairs):
    body, strings = b"", b""
    start = 20 + 12 * len(pairs)
    for key, value in pairs:
        key, value = key.encode("utf-16-le"), value.encode("utf-16-le")
        body += struct.pack("<IIHH", start + len(strings), start + len(strings) + len(key), len(key), len(value))
        strings += key + value
    kind = uuid.UUID("B04AEFB7-D19E-4A81-B789-25B8E9445913").bytes_le
    return kind + struct.pack("<HH", 0, len(pairs)) + body + strings


def make_vhdx(path, size, blocks, block_size=2 * MIB, sector=512, parameters=0, locator=None, log_guid=bytes(16)):
    """A VHDX with those blocks: number -> (state, bytes, {sector in block: 1}). With a locator it has
    a parent, and states 7 get a sector bitmap."""
    ratio = (sector << 23) // block_size
    count = (size + block_size - 1) // block_size
    entries = (count + ratio - 1) // ratio * (ratio + 1) if locator else count + (count - 1) // ratio
    bat_size = (entries * 8 + MIB - 1) // MIB * MIB
    log_at, bat_at, meta_at = MIB, 2 * MIB, 2 * MIB + bat_size
    end = meta_at + MIB
    bat = [0] * entries
    with open(path, "wb") as file:
        file.write(b"vhdxfile" + "a test".encode("utf-16-le"))
        bitmaps = {}
        for number, (state, data, present) in sorted(blocks.items()):
            if state in (6, 7):
                bat[number + number // ratio] = end | state
                file.seek(end)
                file.write(data)
                end += block_size
            else:
                bat[number + number // ratio] = state
            if state == 7:
                bits = bitmaps.setdefault(number // ratio, bytearray(MIB))
                base = number % ratio * (block_size // sector)
                for n in present:
                    bits[(base + n) // 8] |= 1 << (base + n) % 8
        for chunk, bits in bitmaps.items():
            bat[(chunk + 1) * (ratio + 1) - 1] = end | 6
            file.seek(end)
            file.write(bits)
            end += MIB
        file.truncate(end)
        for n, at in enumerate((64 << 10, 128 << 10)):
            header = bytearray(4096)
            struct.pack_into("<4sIQ16s16s16sHHIQ", header, 0, b"head", 0, 7 + n, uuid.uuid4().bytes_le,
                             uuid.uuid5(uuid.NAMESPACE_URL, path).bytes_le, log_guid, 0, 1, MIB, log_at)
            struct.pack_into("<I", header, 4, crc32c(header))
            file.seek(at)
            file.write(header)
        regions = bytearray(64 << 10)
        struct.pack_into("<4sII", regions, 0, b"regi", 0, 2)
        for n, (name, at, length) in enumerate([("2DC27766-F623-4200-9D64-115E9BFD4A08", bat_at, bat_size),
                                                ("8B7CA206-4790-4B9A-B8FE-575F050F886E", meta_at, MIB)]):
            struct.pack_into("<16sQII", regions, 16 + 32 * n, uuid.UUID(name).bytes_le, at, length, 1)
        struct.pack_into("<I", regions, 4, crc32c(regions))
        file.seek(192 << 10)
        file.write(regions + regions)
        items = [("parameters", struct.pack("<II", block_size, parameters | (2 if locator else 0)), 4),
                 ("size", struct.pack("<Q", size), 6), ("id", uuid.uuid5(uuid.NAMESPACE_URL, path).bytes_le, 6),
                 ("logical", struct.pack("<I", sector), 6), ("physical", struct.pack("<I", 4096), 6)]
        if locator:
            items.append(("locator", vhdx_locator(locator), 4))
        table, at = bytearray(64 << 10), 64 << 10
        struct.pack_into("<8sHH", table, 0, b"metadata", 0, len(items))
        for n, (name, data, flags) in enumerate(items):
            struct.pack_into("<16sIIII", table, 32 + 32 * n, uuid.UUID(VHDX_ITEMS[name]).bytes_le, at, len(data), flags, 0)
            file.seek(meta_at + at)
            file.write(data)
            at += (len(data) + 7) // 8 * 8
        file.seek(meta_at)
        file.write(table)
        file.seek(bat_at)
        file.write(struct.pack(f"<{entries}Q", *bat))


def make_vhdx_child(path, parent, sectors, **wrong):
    """A differencing VHDX with those sectors (offset -> 512 bytes) of its own."""
    size = wrong.get("size", int(disktool("info", parent)["size"]))
    block_size = 2 * MIB
    blocks = {}
    for number in sorted({offset // block_size for offset in sectors}):
        data, present = bytearray(block_size), []
        for offset, content in sectors.items():
            if offset // block_size == number:
                data[offset % block_size:offset % block_size + 512] = content
                present.append(offset % block_size // 512)
        blocks[number] = (6 if len(present) == block_size // 512 else 7, data, present)
    guid = str(uuid.UUID(bytes_le=wrong.get("linkage", vhdx_data_guid(parent))))
    locator = [("parent_linkage", "{" + guid + "}"),
               ("relative_path", wrong.get("relative", ".\\" + os.path.basename(parent))),
               ("absolute_win32_path", wrong.get("absolute", "C:\\somewhere\\" + os.path.basename(parent)))]
    make_vhdx(path, size, blocks, locator=locator)


# ---- the second reader ----

def vhd_chain_read(path, out, parents):
    """The whole of a VHD chain by qemu-img, which reads the last parent, and by what the bitmaps of its children say: for
    disks of which libvhdi misreads the bitmap (make_vhd_child)."""
    qemu_img("convert", "-f", "vpc", "-O", "raw", parents[-1], out)
    for child in reversed([path, *parents[:-1]]):
        with open(child, "rb") as file, open(out, "r+b") as flat:
            data = file.read()
            table, blocks, size = struct.unpack_from(">QxxxxII", data, 512 + 16)
            bitmap = -(-size // 512 // 8 // 512) * 512
            for block in range(blocks):
                at = struct.unpack_from(">I", data, table + 4 * block)[0] * 512
                for sector in range(size // 512 if at != 0xFFFFFFFF * 512 else 0):
                    if data[at + sector // 8] >> (7 - sector % 8) & 1:
                        flat.seek(block * size + sector * 512)
                        flat.write(data[at + bitmap + sector * 512:at + bitmap + sector * 512 + 512])


def vhdi_read(path, out, parents=()):
    """The whole disk by libvhdi, into a flat file. `parents`: their paths, nearest first."""
    done = subprocess.run([VHDICAT, out, path, *parents], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{path}: {done.stderr}")
    return int(done.stdout)


def seeded(default=1):
    """A generator whose seed can be given, to see a failure again."""
    seed = int(os.environ.get("SEED", default))
    return random.Random(seed)

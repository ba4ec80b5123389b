# SPDX-License-Identifier: MIT
"""Makers of cabinets and ZIP files that other programs do not make: LZX, and whatever is wrong on purpose."""
import struct
import zlib

BLOCK = 32768
STORED, MSZIP, LZX = "stored", "mszip", "lzx"
UTF8 = 0x80  # attribute of a name
KINDS = {STORED: 0, MSZIP: 1, LZX: 3 | 15 << 8}
TIME = (2023, 8, 17, 10, 20, 30)
DOS_DATE, DOS_TIME = (TIME[0] - 1980) << 9 | TIME[1] << 5 | TIME[2], TIME[3] << 11 | TIME[4] << 5 | TIME[5] // 2


# ---- cabinets ----

def checksum(data, seed=0):
    whole = len(data) // 4 * 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        seed ^= word
    return seed ^ int.from_bytes(data[whole:], "big")


def mszip_blocks(data):
    before = b""
    for at in range(0, len(data), BLOCK):
        block = data[at:at + BLOCK]
        packer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=before) if before else zlib.compressobj(9, zlib.DEFLATED, -15)
        yield b"CK" + packer.compress(block) + packer.flush(), len(block)
        before = block


def lzx_blocks(data):
    """One verbatim block of literals, each of eight bits: the main tree's first 256 lengths are 8 (delta 9 of 17), all
    others 0; the tree for deltas has 0 and 9, of one bit each."""
    deltas = "".join(format(1 if i in (0, 9) else 0, "04b") for i in range(20))
    bits = "0" + format(1, "03b") + format(len(data), "024b")
    bits += deltas + "1" * 256 + deltas + "0" * (30 * 8) + deltas + "0" * 249
    for at in range(0, len(data), BLOCK):
        block = data[at:at + BLOCK]
        bits += "".join(format(byte, "08b") for byte in block)
        bits += "0" * (-len(bits) % 16)
        yield b"".join(struct.pack("<H", int(bits[i:i + 16], 2)) for i in range(0, len(bits), 16)), len(block)
        bits = ""


def stored_blocks(data):
    for at in range(0, len(data), BLOCK):
        yield data[at:at + BLOCK], len(data[at:at + BLOCK])


BLOCKS = {STORED: stored_blocks, MSZIP: mszip_blocks, LZX: lzx_blocks}


def cab(folders, flags=0, extra=b"", change=None):
    """[(kind, [(name, data)])] as a cabinet. `extra` stands behind the header (names of other cabinets). change(part, fields)
    may change the fields of the header, a folder, a file or a block (lists) before they are written."""
    change = change or (lambda part, fields: None)
    heads, files, data = [], b"", b""
    blocks = []
    for kind, members in folders:
        packed = list(BLOCKS[kind](b"".join(content for _, content in members)))
        blocks.append(b"")
        for block, size in packed:
            fields = [0, len(block), size]
            fields[0] = checksum(struct.pack("<HH", len(block), size), checksum(block))
            change("block", fields)
            blocks[-1] += struct.pack("<IHH", *fields) + block
        heads.append([0, len(packed), KINDS[kind]])
    for number, (kind, members) in enumerate(folders):
        offset = 0
        for name, content in members:
            raw = name if isinstance(name, bytes) else name.encode()
            attributes = 0x20 | (0 if isinstance(name, bytes) or name.isascii() else UTF8)
            fields = [len(content), offset, number, DOS_DATE, DOS_TIME, attributes]
            change("file", fields)
            files += struct.pack("<IIHHHH", *fields) + raw + b"\0"
            offset += len(content)
    start = 36 + len(extra) + 8 * len(folders)
    at = start + len(files)
    for head, block in zip(heads, blocks):
        head[0] = at
        at += len(block)
        change("folder", head)
    fields = [0, at, 0, start, 0, 3, 1, len(folders), sum(len(m) for _, m in folders), flags, 7, 0]
    change("header", fields)
    return b"MSCF" + struct.pack("<IIIIIBBHHHHH", *fields) + extra + b"".join(struct.pack("<IHH", *h) for h in heads) + files + b"".join(blocks)


def one_file_cab(name, data=b"evil", kind=STORED, **more):
    return cab([(kind, [("first", b"1"), (name, data)])], **more)


# ---- ZIP files ----

def zip_file(members, change=None, comment=b""):
    """[(name, data)], deflated, as a ZIP file. change(part, fields) may change the fields of a "local" header, an entry of
    the list ("central") or the "end" before they are written."""
    change = change or (lambda part, fields: None)
    out, entries = b"", b""
    for name, data in members:
        raw = name if isinstance(name, bytes) else name.encode()
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(data) + packer.flush()
        flags = 0 if isinstance(name, bytes) or name.isascii() else 0x800
        common = [20, flags, 8, DOS_TIME, DOS_DATE, zlib.crc32(data), len(packed), len(data), len(raw), 0]
        local = list(common)
        change("local", local)
        central = [3 << 8 | 20, *common, 0, 0, 0, 0, len(out)]
        change("central", central)
        out += struct.pack("<IHHHHHIIIHH", 0x04034B50, *local) + raw + packed
        entries += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, *central) + raw
    end = [0, 0, len(members), len(members), len(entries), len(out), len(comment)]
    change("end", end)
    return out + entries + struct.pack("<IHHHHIIH", 0x06054B50, *end) + comment

# SPDX-License-Identifier: MIT
"""Hives in Python: a strict reader of regf, which finds every rule of the format broken, and a maker of the unusual kinds that
Windows and others leave behind. Nothing of ours in C is used, so that a misreading does not agree with itself."""
import struct

NONE = 0xFFFFFFFF
PAGE = 4096


def upper(text):
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def units(text):
    raw = text.encode("utf-16-le", "surrogatepass")
    return struct.unpack(f"<{len(raw) // 2}H", raw)


def name_hash(name):
    value = 0
    for unit in units(upper(name)):
        value = (value * 37 + unit) & NONE
    return value


def checksum(header):
    value = 0
    for word in struct.unpack("<127I", header[:508]):
        value ^= word
    return {0: 1, NONE: NONE - 1}.get(value, value)


class Key:
    def __init__(self, name, values=None, keys=(), time=1, class_name=b"", sk=0, flags=0, extra=0):
        self.name, self.values, self.keys, self.time = name, dict(values or {}), list(keys), time
        self.class_name, self.sk, self.flags, self.extra = class_name, sk, flags, extra
        self.predefined = None


class Broken(Exception):
    pass


class Reader:
    """Reads a hive as strictly as it can be read. `root` is the tree of keys, with sk the bytes of the descriptor."""

    def __init__(self, data):
        self.data = data
        self.minor = struct.unpack_from("<I", data, 24)[0]
        self.need(data[:4] == b"regf" and struct.unpack_from("<I", data, 20)[0] == 1, "header")
        self.need(data[4:8] == data[8:12], "sequence numbers")
        self.need(struct.unpack_from("<I", data, 508)[0] == checksum(data), "checksum")
        root, size = struct.unpack_from("<II", data, 36)
        self.need(size % PAGE == 0 and PAGE + size <= len(data), "size")
        self.bins = data[PAGE:PAGE + size]
        self.free = {}
        self.cells = self.all_cells()
        self.sks = {}
        self.root = self.key(root, NONE, True)
        self.check_sks()
        self.need(not self.cells, f"cells of nobody: {sorted(self.cells)[:5]}")

    @staticmethod
    def need(truth, what):
        if not truth:
            raise Broken(what)

    def all_cells(self):
        at, cells = 0, {}
        while at < len(self.bins):
            self.need(self.bins[at:at + 4] == b"hbin", f"bin at {at}")
            offset, size = struct.unpack_from("<II", self.bins, at + 4)
            self.need(offset == at and size and size % PAGE == 0 and at + size <= len(self.bins), f"bin at {at}")
            cell = at + 32
            while cell < at + size:
                length = struct.unpack_from("<i", self.bins, cell)[0]
                self.need(abs(length) >= 8 and length % 8 == 0 and cell + abs(length) <= at + size, f"cell at {cell}")
                if length < 0:
                    cells[cell] = -length
                else:
                    self.free[cell] = length
                cell += abs(length)
            at += size
        return cells

    def take(self, offset, least, what):
        self.need(offset in self.cells, f"{what} at {offset}")
        size = self.cells.pop(offset)
        self.need(size - 4 >= least, f"{what} at {offset} is short")
        return self.bins[offset + 4:offset + size]

    def name(self, raw, latin):
        return raw.decode("latin-1") if latin else raw.decode("utf-16-le", "surrogatepass")

    def key(self, offset, parent, is_root=False):
        nk = self.take(offset, 76, "nk")
        (sig, flags, time, _, up, count, volatile, subkeys, _, value_count, values, sk, cls, longest_name, longest_class, longest_value_name,
         longest_value, _, name_size, class_size) = struct.unpack_from("<2sHQIIIIIIIIIIIIIIIHH", nk)
        self.need(sig == b"nk" and (is_root or up == parent), f"nk at {offset}")
        key = Key(self.name(nk[76:76 + name_size], flags & 0x20), time=time, flags=flags & ~0x20)
        self.need(bool(flags & 4) == is_root and volatile == 0, f"flags of {key.name}")
        self.need(is_root or 1 <= len(units(key.name)) <= 255, "length of a name")
        if cls != NONE or class_size:
            key.class_name = self.take(cls, class_size, "class")[:class_size]
        if sk not in self.sks:
            raw = self.take(sk, 20, "sk")
            self.sks[sk] = [raw, 0]
        self.sks[sk][1] += 1
        size = struct.unpack_from("<I", self.sks[sk][0], 16)[0]
        key.sk = self.sks[sk][0][20:20 + size]
        key.extra = longest_name >> 16
        if flags & 0x40:
            key.predefined = value_count
        elif value_count:
            listed = self.take(values, 4 * value_count, "values")
            for item in struct.unpack_from(f"<{value_count}I", listed):
                name, value = self.value(item)
                self.need(upper(name) not in map(upper, key.values), f"value {name} twice")
                key.values[name] = value
            self.need(longest_value == max(len(v[1]) for v in key.values.values()), "longest data")
            self.need(longest_value_name == max(2 * len(units(n)) for n in key.values), "longest value name")
        offsets = []
        if count:
            offsets = self.key_list(subkeys, False)
            self.need(len(offsets) == count, f"number of keys of {key.name}")
        else:
            self.need(subkeys == NONE, "a list without keys")
        for child, hint in offsets:
            key.keys.append(self.key(child, offset))
            name = key.keys[-1].name
            if hint is not None:
                self.need(hint == name_hash(name), f"hash of {name}")
        order = [units(upper(k.name)) for k in key.keys]
        self.need(order == sorted(order) and len(set(order)) == len(order), f"order below {key.name}")
        if key.keys:
            self.need(longest_name & 0xFFFF == max(2 * len(units(k.name)) for k in key.keys), "longest name")
            self.need(longest_class == max(len(k.class_name) for k in key.keys), "longest class")
        return key

    def key_list(self, offset, inner):
        cell = self.take(offset, 4, "list")
        sig, count = struct.unpack_from("<2sH", cell)
        self.need(count > 0, "an empty list")
        if sig == b"ri" and not inner:
            return [k for item in struct.unpack_from(f"<{count}I", cell, 4) for k in self.key_list(item, True)]
        self.need(sig == b"lf" or (sig == b"lh" and self.minor >= 5), f"list {sig}")
        return [(key, hint if sig == b"lh" else None) for key, hint in struct.iter_unpack("<II", cell[4:4 + 8 * count])]

    def value(self, offset):
        vk = self.take(offset, 20, "vk")
        sig, name_size, size, data, kind, flags = struct.unpack_from("<2sHIIIH", vk)
        self.need(sig == b"vk", f"vk at {offset}")
        name = self.name(vk[20:20 + name_size], flags & 1)
        if size & 0x80000000:
            size &= 0x7FFFFFFF
            self.need(size <= 4, "inline data")
            return name, (kind, vk[8:8 + size])
        self.need(size > 4, "small data outside")
        if size <= 16344 or self.minor < 4:
            return name, (kind, self.take(data, size, "data")[:size])
        sig, count, listed = struct.unpack_from("<2sHI", self.take(data, 8, "db"))
        self.need(sig == b"db" and count == -(-size // 16344), "db")
        parts = struct.unpack_from(f"<{count}I", self.take(listed, 4 * count, "segments"))
        out = b""
        for part in parts:
            length = min(16344, size - len(out))
            out += self.take(part, length + 4, "segment")[:length]
        return name, (kind, out)

    def check_sks(self):
        at = first = next(iter(self.sks))
        for _ in self.sks:
            raw, users = self.sks[at]
            sig, _, after, before, count = struct.unpack_from("<2sHIII", raw)
            self.need(sig == b"sk" and count == users, f"sk at {at}: {count} users, {users} in truth")
            self.need(after in self.sks and before in self.sks, "ring of sk")
            self.need(struct.unpack_from("<I", self.sks[after][0], 8)[0] == at, "ring of sk, back")
            at = after
        self.need(at == first, "ring of sk")


def flat(key, path=""):
    """{path: {name: (type, data)}}"""
    out = {path: dict(key.values)}
    for child in key.keys:
        out.update(flat(child, f"{path}\\{child.name}" if path else child.name))
    return out


class Maker:
    """Makes a hive. What is unusual is said by attributes."""

    def __init__(self, root, sks=(b"\1\0\4\x80" + bytes(16),), minor=5, lists="lh", wide=False, per_list=1000, inline=True, big=True,
                 slack=0):
        self.minor, self.lists, self.wide, self.per_list, self.inline, self.big, self.slack = minor, lists, wide, per_list, inline, big, slack
        self.bins = bytearray()
        self.room = 0
        self.users = [0] * len(sks)
        self.sk_offsets = [self.cell(20 + len(sk)) for sk in sks]
        root_offset = self.key(root, NONE, True)
        for i, sk in enumerate(sks):
            after, before = self.sk_offsets[(i + 1) % len(sks)], self.sk_offsets[i - 1]
            self.put(self.sk_offsets[i], struct.pack("<2sHIIII", b"sk", 0, after, before, self.users[i], len(sk)) + sk)
        self.close()
        header = bytearray(PAGE)
        struct.pack_into("<4sIIQIIIIIII", header, 0, b"regf", 7, 7, 5, 1, minor, 0, 1, root_offset, len(self.bins), 1)
        header[48:48 + 2 * 8] = "SOFTWARE".encode("utf-16-le")
        header[112:128] = bytes(range(16))
        self.data = header + self.bins
        self.seal()

    def seal(self):
        struct.pack_into("<I", self.data, 508, checksum(self.data))

    def close(self):
        if self.room:
            struct.pack_into("<i", self.bins, len(self.bins) - self.room, self.room)
            self.room = 0

    def cell(self, size):
        whole = (4 + size + 7) // 8 * 8
        if whole > self.room:
            self.close()
            length = -(-(32 + whole) // PAGE) * PAGE
            at = len(self.bins)
            self.bins += struct.pack("<4sII", b"hbin", at, length) + bytes(length - 12)
            self.room = length - 32
        at = len(self.bins) - self.room
        struct.pack_into("<i", self.bins, at, -whole)
        self.room -= whole
        if self.slack and self.room >= 16:  # a free cell behind each
            struct.pack_into("<i", self.bins, at + whole, 16)
            self.room -= 16
        return at

    def put(self, at, data):
        self.bins[at + 4:at + 4 + len(data)] = data

    def new(self, data):
        at = self.cell(len(data))
        self.put(at, data)
        return at

    def name(self, name):
        if not self.wide and all(u < 256 for u in units(name)):
            return name.encode("latin-1"), True
        return name.encode("utf-16-le", "surrogatepass"), False

    def data(self, data):
        if len(data) <= 16344 or not self.big:
            return self.new(data)
        parts = [self.new(data[i:i + 16344] + bytes(4)) for i in range(0, len(data), 16344)]
        listed = self.new(struct.pack(f"<{len(parts)}I", *parts))
        return self.new(struct.pack("<2sHI", b"db", len(parts), listed))

    def value(self, name, kind, data):
        raw, latin = self.name(name)
        if len(data) <= 4 and self.inline:
            size, place = len(data) | 0x80000000, data.ljust(4, b"\0")
        else:
            size, place = len(data), struct.pack("<I", self.data(data))
        return self.new(struct.pack("<2sHI4sIHH", b"vk", len(raw), size, place, kind, int(latin and bool(name)), 0) + raw)

    def key_list(self, keys, up):
        kind = self.lists[-2:]
        at = self.cell(4 + len(keys) * (4 if kind == "li" else 8))
        out = struct.pack("<2sH", kind.encode(), len(keys))
        for key in keys:
            out += struct.pack("<I", self.key(key, up))
            if kind == "lh":
                out += struct.pack("<I", name_hash(key.name))
            elif kind == "lf":
                out += self.name(key.name)[0][:4].ljust(4, b"\0")
        self.put(at, out)
        return at

    def key_lists(self, keys, up):
        keys = sorted(keys, key=lambda k: units(upper(k.name)))
        if len(keys) <= self.per_list and not self.lists.startswith("ri"):
            return self.key_list(keys, up)
        parts = [self.key_list(keys[i:i + self.per_list], up) for i in range(0, len(keys), self.per_list)]
        return self.new(struct.pack("<2sH", b"ri", len(parts)) + struct.pack(f"<{len(parts)}I", *parts))

    def key(self, key, up, is_root=False):
        raw, latin = self.name(key.name)
        at = self.cell(76 + len(raw))
        values = NONE
        if key.values:
            values = self.new(struct.pack(f"<{len(key.values)}I", *[self.value(n, t, d) for n, (t, d) in key.values.items()]))
        class_at = self.new(key.class_name) if key.class_name else NONE
        subkeys = self.key_lists(key.keys, at) if key.keys else NONE
        self.users[key.sk] += 1
        flags = key.flags | (0x20 if latin else 0) | (0xC if is_root else 0)
        count = len(key.values)
        if key.predefined is not None:
            flags, count = flags | 0x40, key.predefined
        longest = max([2 * len(units(k.name)) for k in key.keys], default=0) | key.extra << 16
        self.put(at, struct.pack(
            "<2sHQIIIIIIIIIIIIIIIHH", b"nk", flags, key.time, 0, up, len(key.keys), 0, subkeys, NONE, count, values, self.sk_offsets[key.sk],
            class_at, longest, max([len(k.class_name) for k in key.keys], default=0),
            max([2 * len(units(n)) for n in key.values], default=0), max([len(d) for _, d in key.values.values()], default=0), 0, len(raw),
            len(key.class_name)) + raw)
        return at

# SPDX-License-Identifier: MIT
"""Hives as Windows and others leave them, all made in Python: what is unusual is read, and after a change nothing of what was not
changed is lost; what is damaged is refused."""
import struct
import sys
import unittest

from hivetest import KINDS, TIME, Failed, Model, folder, hivetool, libregf, masked, read_own
from regf import Key, Maker, Reader, flat

BADDB = 0x800703F1
SKS = tuple(b"\1\0\4\x80" + bytes([n]) * (16 + 8 * n) for n in range(4))
LINK = 0x10


def tree():
    """Fresh, since makers of odd hives change it."""
    text = "C:\\Windows".encode("utf-16-le") + bytes(2)
    packages = [Key(f"Package_{n}~amd64", {"CurrentState": (4, struct.pack("<I", n)), "InstallName": (1, text)}, sk=n % 4, time=1000 + n)
                for n in range(9)]
    return Key("CMI-CreateHive{0}", {"": (1, text)}, [
        Key("Packages", keys=packages, sk=1, extra=0x1234),
        Key("class", {"a": (3, b"12345")}, class_name="Klasse".encode("utf-16-le"), sk=2,
            keys=[Key("inner", class_name="x".encode("utf-16-le"), sk=3)]),
        Key("Sizes", {f"v{n}": (3, bytes(i % 251 for i in range(n))) for n in (0, 1, 3, 4, 5, 4000, 16344)}),
        Key("Big", {f"v{n}": (3, bytes(i % 251 for i in range(n))) for n in (16345, 32688, 32700, 100000)}),
        Key("Größe", {"Länge": (0x80000001, b"y" * 9)}, [Key("ÿ"), Key("日本", {"ж": (7, bytes(2))})]),
        Key("link", {"SymbolicLinkValue": (6, text[:-2])}, flags=LINK),
    ])


def walk(key, path=""):
    yield path, key
    for child in key.keys:
        yield from walk(child, f"{path}\\{child.name}" if path else child.name)


def cell_of(data, name):
    """Where the key of that (Latin-1) name begins behind its cell's size."""
    at = data.index(name.encode("latin-1"), 4096)
    while data[at - 76:at - 74] != b"nk":
        at = data.index(name.encode("latin-1"), at + 1)
    return at - 76


def u32(data, at, value=None):
    if value is not None:
        struct.pack_into("<I", data, at, value)
    return struct.unpack_from("<I", data, at)[0]


def content(data, offset):
    """Of the cell of that offset in the file."""
    return 4096 + offset + 4


ODD = {}


def odd(**options):
    """Takes what changes the bytes of the made hive; the name says what is odd, hivetool what it is called."""
    def keep(function):
        ODD[function.__name__] = (function, options)
        return function
    return keep


@odd()
def plain(data):
    """nothing"""


@odd(minor=3, lists="lf", big=False)
def windows_2000(data):
    """nothing"""


@odd(minor=4, lists="lf")
def windows_xp_beta(data):
    """nothing"""


@odd(minor=6)
def windows_10(data):
    """nothing"""


@odd(lists="li")
def offsets_alone(data):
    """a list of keys of the old kind"""


@odd(lists="ri-li", per_list=2)
def lists_of_offsets(data):
    """a list of keys of the old kind"""


@odd(lists="ri-lh", per_list=3)
def lists_of_lists(data):
    """nothing"""


@odd(lists="lf")
def no_hashes(data):
    """nothing"""


@odd(wide=True)
def wide_names(data):
    """nothing"""


@odd(slack=True)
def gaps(data):
    """nothing"""


@odd(inline=False)
def small_data_outside(data):
    """no data, outside its value"""


@odd(big=False)
def large_data_in_one_cell(data):
    """large data in one cell"""


@odd()
def not_flushed(data):
    """a hive whose last changes are in its log"""
    data[4] += 1


@odd()
def wrong_parent(data):
    """a key with another parent"""
    u32(data, cell_of(data, "inner") + 16, u32(data, cell_of(data, "Sizes") + 16))


@odd()
def wrong_hash(data):
    """a list of keys with a wrong hash"""
    at = content(data, u32(data, cell_of(data, "Packages") + 28))
    u32(data, at + 8, 5)


@odd()
def out_of_order(data):
    """keys out of order"""
    at = content(data, u32(data, cell_of(data, "Packages") + 28)) + 4
    items = [bytes(data[at + 8 * i:at + 8 * i + 8]) for i in range(9)]
    data[at:at + 72] = b"".join(items[i] for i in (4, 8, 0, 3, 1, 7, 2, 6, 5))


@odd()
def wrong_count_of_keys(data):
    """a key that has another number of keys"""
    u32(data, cell_of(data, "Packages") + 20, 8)


@odd()
def cells_of_nobody(data):
    """cells that nobody has"""
    at = 4096 + 32
    while struct.unpack_from("<i", data, at)[0] < 16:
        at += abs(struct.unpack_from("<i", data, at)[0])
    struct.pack_into("<i", data, at, -struct.unpack_from("<i", data, at)[0])


@odd()
def security_counted_wrong(data):
    """a security descriptor with another number of keys"""
    u32(data, content(data, u32(data, cell_of(data, "inner") + 44)) + 12, 77)


@odd()
def ring_of_security_broken(data):
    """a broken ring of security descriptors"""
    u32(data, content(data, u32(data, cell_of(data, "inner") + 44)) + 4, 0xFFFFFF)


@odd()
def bin_elsewhere(data):
    """a bin that is said to be elsewhere"""
    u32(data, 2 * 4096 + 4, 0)


@odd()
def predefined_without_handle(data):
    """a predefined key without a handle"""
    data[cell_of(data, "Sizes") + 2] |= 0x40


@odd()
def behind_the_end(data):
    """nothing"""
    data += b"trailing" * 1000


class Unusual(unittest.TestCase):
    maxDiff = 2000

    def same_rest(self, before, after, changed):
        """Of all keys but these, what no interface shows is as it was."""
        now = dict(walk(after))
        for path, key in walk(before):
            if path in changed:
                continue
            other = now[path]
            self.assertEqual((other.class_name, other.time, other.flags & LINK, other.extra),
                             (key.class_name, key.time, key.flags & LINK, key.extra), path)
            self.assertEqual(other.sk, SKS[key.sk], path)

    def change(self, model):
        """Names the keys whose times and the like may differ then."""
        model.set("packages\\PACKAGE_3~amd64", "currentSTATE", 4, b"\7\0\0\0")
        model.make("Packages\\Package_22~amd64\\Owners")
        model.delete("Packages\\Package_5~amd64")
        return {"Packages", "Packages\\Package_3~amd64", "Packages\\Package_5~amd64"}

    def change_more(self, model):
        changed = self.change(model) | {"", "Größe", *[p for p in model.keys if p.partition("\\")[0] == "Big"]}
        model.delete("Big")
        model.make("Big")
        model.make("Größe\\Ωmega")
        return changed

    def test_all(self):
        for name, (function, options) in ODD.items():
            for kind in KINDS:
                for change in (self.change, self.change_more):
                    with self.subTest(name=name, kind=kind, change=change.__name__), folder() as at:
                        self.one(function, options, kind, change, at)

    def one(self, function, options, kind, change, at):
        maker = Maker(tree(), SKS, **options)
        function(maker.data)
        maker.seal()
        with open(f"{at}/1", "wb") as file:
            file.write(maker.data)
        keys = flat(tree())
        self.assertEqual(hivetool("look", f"{at}/1"), [function.__doc__])
        self.assertEqual(read_own(f"{at}/1", kind), keys)
        model = Model(keys)
        changed = change(model)
        model.run(kind, f"{at}/1", f"{at}/2")
        with open(f"{at}/2", "rb") as file:
            written = file.read()
        after = Reader(written)
        self.assertEqual(flat(after.root), model.keys)
        if function is not windows_xp_beta:  # of which libregf says that it is corrupted, before as well
            self.assertEqual(libregf(f"{at}/2")[0], masked(model.keys))
        self.same_rest(tree(), after.root, changed)
        self.assertEqual((written[48:64], written[112:128], after.minor), (maker.data[48:64], maker.data[112:128], options.get("minor", 5)))

    def test_what_names_hivex_does_not_take(self):
        root = Key("R", {"a\0b": (1, b""), "\ud800": (3, b"1")}, [Key("x\0y"), Key("z\udc00", {"v": (4, bytes(4))})])
        for kind in KINDS:
            with self.subTest(kind=kind), folder() as at:
                with open(f"{at}/1", "wb") as file:
                    file.write(Maker(root).data)
                model = Model({"": {}})
                model.make("new")
                model.run(kind, f"{at}/1", f"{at}/2")
                with open(f"{at}/2", "rb") as file:
                    after = flat(Reader(file.read()).root)
                self.assertEqual(after, {**flat(root), "new": {}})

    def test_predefined_keys(self):
        """Perflib's, whose count of values is a handle."""
        root = Key("R", {}, [Key("009"), Key("x", {"v": (4, bytes(4))})])
        root.keys[0].predefined = 0x80000060
        for kind in KINDS:
            with self.subTest(kind=kind), folder() as at:
                with open(f"{at}/1", "wb") as file:
                    file.write(Maker(root).data)
                self.assertEqual(read_own(f"{at}/1", kind), flat(root))
                model = Model(flat(root))
                model.set("x", "w", 1, b"")
                model.run(kind, f"{at}/1", f"{at}/2")
                with open(f"{at}/2", "rb") as file:
                    after = Reader(file.read()).root
                self.assertEqual(flat(after), model.keys)
                self.assertEqual(after.keys[0].predefined, 0x80000060)


DAMAGED = []


def damaged(function):
    DAMAGED.append(function)
    return function


@damaged
def another_version(data):
    u32(data, 24, 2)


@damaged
def larger_than_its_file(data):
    u32(data, 40, u32(data, 40) + 4096)


@damaged
def no_root(data):
    u32(data, 36, u32(data, 36) + 8)


@damaged
def a_cell_beyond_its_bin(data):
    struct.pack_into("<i", data, 4096 + 32, -4096)


@damaged
def a_key_below_itself(data):
    at = content(data, u32(data, cell_of(data, "Packages") + 28))
    u32(data, at + 4, u32(data, cell_of(data, "Package_1") + 16))


@damaged
def a_key_in_two_places(data):
    at = content(data, u32(data, cell_of(data, "Packages") + 28))
    u32(data, at + 4, u32(data, at + 12))


@damaged
def a_list_in_itself(data):
    at = cell_of(data, "class")
    listed = content(data, u32(data, at + 28))
    data[listed:listed + 4] = b"ri\1\0"
    u32(data, listed + 4, u32(data, at + 28))


@damaged
def a_list_of_two_keys(data):
    u32(data, cell_of(data, "class") + 28, u32(data, cell_of(data, "Packages") + 28))


@damaged
def a_list_that_is_too_long(data):
    data[content(data, u32(data, cell_of(data, "Packages") + 28)) + 3] = 1


@damaged
def a_list_that_is_none(data):
    data[content(data, u32(data, cell_of(data, "Packages") + 28))] = 0x78


@damaged
def more_values_than_there_are(data):
    u32(data, cell_of(data, "Sizes") + 36, 100)


@damaged
def very_many_values(data):
    u32(data, cell_of(data, "Sizes") + 36, 0x7FFFFFFF)


@damaged
def a_value_twice(data):
    at = content(data, u32(data, cell_of(data, "Sizes") + 40))
    u32(data, at + 4, u32(data, at))


@damaged
def data_of_two_values(data):
    at = content(data, u32(data, cell_of(data, "Sizes") + 40))
    five, large = (content(data, u32(data, at + 4 * i)) for i in (4, 5))
    u32(data, large + 8, u32(data, five + 8))


@damaged
def data_longer_than_its_cell(data):
    at = content(data, u32(data, cell_of(data, "Sizes") + 40))
    u32(data, content(data, u32(data, at + 16)) + 4, 100)


@damaged
def much_data_inside(data):
    at = content(data, u32(data, cell_of(data, "Sizes") + 40))
    u32(data, content(data, u32(data, at)) + 4, 0x80000005)


@damaged
def data_outside_the_file(data):
    at = content(data, u32(data, cell_of(data, "Sizes") + 40))
    u32(data, content(data, u32(data, at + 16)) + 8, 0xFFFFFFF0)


@damaged
def a_segment_too_few(data):
    at = content(data, u32(data, cell_of(data, "Big") + 40))
    db = content(data, u32(data, content(data, u32(data, at + 12)) + 8))
    data[db + 2] -= 1


@damaged
def a_name_longer_than_its_key(data):
    struct.pack_into("<H", data, cell_of(data, "Sizes") + 72, 500)


@damaged
def a_key_that_is_none(data):
    data[cell_of(data, "Sizes")] = 0x78


@damaged
def a_key_that_is_free(data):
    at = cell_of(data, "Sizes") - 4
    struct.pack_into("<i", data, at, -struct.unpack_from("<i", data, at)[0])


class Damaged(unittest.TestCase):
    def refused(self, kind, data, at):
        with open(f"{at}/1", "wb") as file:
            file.write(data)
        with open(f"{at}/script", "w") as file:
            file.write("")
        for command in (["dump", f"{at}/1"], ["change", f"{at}/1", f"{at}/2", f"{at}/script", TIME]):
            with self.assertRaises(Failed) as caught:
                hivetool(*command, kind=kind)
            self.assertEqual(f"0x{caught.exception.code:08X}", f"0x{BADDB:08X}", caught.exception.text)

    def test_all(self):
        for function in DAMAGED:
            for kind in KINDS:
                with self.subTest(name=function.__name__, kind=kind), folder() as at:
                    maker = Maker(tree(), SKS)
                    function(maker.data)
                    maker.seal()
                    self.refused(kind, maker.data, at)

    def test_too_deep(self):
        sys.setrecursionlimit(5000)
        key = Key("deep")
        for _ in range(600):
            key = Key("d", keys=[key])
        for kind in KINDS:
            with self.subTest(kind=kind), folder() as at:
                self.refused(kind, Maker(key).data, at)


if __name__ == "__main__":
    unittest.main()

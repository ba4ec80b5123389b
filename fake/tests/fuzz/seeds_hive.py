# SPDX-License-Identifier: MIT
"""seeds_hive.py OUTDIR - the hives that fuzz_hive and fuzz_hivex start from: small ones of every kind that tests/hive makes."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hive"))
from regf import Key, Maker  # noqa: E402

KINDS = [{}, {"minor": 3, "lists": "lf", "big": False}, {"lists": "li"}, {"lists": "ri-li", "per_list": 2}, {"lists": "ri-lh", "per_list": 2},
         {"lists": "lf"}, {"wide": True}, {"slack": True}, {"inline": False}, {"big": False}]


def small():
    return Key("R", {"": (1, b"a\0\0\0")}, [
        Key("a", {"a": (4, b"1234"), "b": (3, b"12345678")}, [Key("x", sk=1), Key("y", class_name=b"c\0")]),
        Key("B"), Key("c\xe9", {"\xe9": (7, bytes(2))}), Key("\u0416", {"\u0436": (11, bytes(8))})])


def big():
    return Key("R", {"b": (3, bytes(16344 + 50)), "c": (3, bytes(30))}, [Key("k", {"b": (3, bytes(16345))})])


def main(out):
    os.makedirs(out, exist_ok=True)
    sks = (b"\1\0\4\x80" + bytes(16), b"\1\0\4\x80" + bytes(20))
    hives = {}
    for i, kind in enumerate(KINDS):
        hives[f"small-{i}"] = Maker(small(), sks, **kind).data
    hives["big"] = Maker(big(), sks).data
    hives["big-in-one"] = Maker(big(), sks, big=False).data
    deep = Key("d")
    for _ in range(20):
        deep = Key("d", keys=[deep, Key("e")])
    hives["deep"] = Maker(deep, sks).data
    predefined = small()
    predefined.keys[1].predefined = 0x80000060
    hives["predefined"] = Maker(predefined, sks).data
    dirty = Maker(small(), sks)
    struct.pack_into("<I", dirty.data, 4, 9)
    hives["dirty"] = dirty.data
    for name, data in hives.items():
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])

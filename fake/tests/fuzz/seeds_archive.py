# SPDX-License-Identifier: MIT
"""seeds_archive.py OUTDIR - the archives that fuzz_archive starts from: small ones of every kind that tests/archive makes."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "archive"))
from makers import KINDS, STORED, cab, zip_file  # noqa: E402


def no_checksum(part, fields):
    if part == "block":
        fields[0] = 0


def main(out):
    os.makedirs(out, exist_ok=True)
    files = [("update.mum", b"<assembly/>" * 9), ("a/b.dll", bytes(range(256))), ("Größe", b""), ("dir\\c d.txt", b"0" * 40)]
    archives = {kind: cab([(kind, files)], change=no_checksum) for kind in KINDS}
    archives |= {f"{kind}-long": cab([(kind, [("a", b"0123456789" * 7000), ("b", bytes(30000))])], change=no_checksum) for kind in KINDS}
    archives["all"] = cab([(kind, [(f"{kind}/a", b"1"), (f"{kind}/b", b"22")]) for kind in KINDS], change=no_checksum)
    archives["summed"] = cab([(STORED, files)])
    archives["split"] = cab([(STORED, files)], flags=3, extra=b"a.cab\0d\0b.cab\0d\0")
    archives["zip"] = zip_file(files, comment=b"comment")
    archives["zip-one"] = zip_file([("a%20b", b"1")])
    archives["zip-long"] = zip_file([("a", bytes(70000))])
    for name, data in archives.items():
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])

# SPDX-License-Identifier: MIT
"""The images that are measured: made once, kept in build/bench under the recipe's hash."""
import hashlib
import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = ("small", "medium", "large")


def image_of(size, mkfixture, cache):
    recipe = os.path.join(HERE, "recipes", size + ".json")
    with open(recipe, "rb") as file:
        key = hashlib.sha256(file.read()).hexdigest()[:12]
    image = os.path.join(cache, f"{size}-{key}.wim")
    if not os.path.exists(image):
        os.makedirs(cache, exist_ok=True)
        print(f"making the {size} image, once: {image}", flush=True)
        subprocess.run([mkfixture, recipe, image], check=True)  # shows how far it is
    return image


DISK_BYTES = {"small": 64 << 20, "medium": 1536 << 20, "large": 2048 << 20}


def disk_of(size, mkfixture, cache):
    """A dynamic VHD with the same files; None where it cannot be made."""
    with open(os.path.join(HERE, "recipes", size + ".json"), encoding="utf-8") as file:
        recipe = json.load(file)
    del recipe["compression"]
    recipe.update(name=f"bench-disk-{size}", format="vhd", disk={
        "kind": "dynamic", "table": "mbr", "partitions": [{"role": "windows", "size": DISK_BYTES[size]}]})
    text = json.dumps(recipe)
    disk = os.path.join(cache, f"{size}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.vhd")
    if not os.path.exists(disk):
        os.makedirs(cache, exist_ok=True)
        print(f"making the {size} disk, once: {disk}", flush=True)
        with open(disk + ".json", "w", encoding="utf-8") as file:
            file.write(text)
        if subprocess.run([mkfixture, disk + ".json", disk], check=False).returncode:
            return None
    return disk


class Pristine:
    """Brings a copy of an image back to what it was: wimlib appends, and overwrites the header and what lies behind
    the resources (XML data, integrity table)."""
    HEADER, XML_OFFSET_AT, INTEGRITY_OFFSET_AT = 208, 0x50, 0x84

    def __init__(self, path):
        self.path, self.size = path, os.path.getsize(path)
        with open(path, "rb") as file:
            self.header = file.read(self.HEADER)
            offsets = [int.from_bytes(self.header[at:at + 8], "little")
                       for at in (self.XML_OFFSET_AT, self.INTEGRITY_OFFSET_AT)]
            self.tail_at = min(o for o in offsets if o)
            file.seek(self.tail_at)
            self.tail = file.read()

    def restore(self):
        with open(self.path, "r+b") as file:
            file.write(self.header)
            file.seek(self.tail_at)
            file.write(self.tail)
            file.truncate(self.size)

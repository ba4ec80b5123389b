# SPDX-License-Identifier: MIT
"""NTFS volumes through ntfs-3g, images captured from them, and what an image says about a file: all
by somebody else's tools. What cannot be done on this machine raises unittest.SkipTest, with why."""
import hashlib
import os
import re
import shutil
import struct
import subprocess
import unittest

from dismtest import wimlib

READONLY, HIDDEN, SYSTEM, ARCHIVE, NORMAL, COMPRESSED = 1, 2, 4, 0x20, 0x80, 0x800
SYMLINK_TAG, JUNCTION_TAG = 0xA000000C, 0xA0000003
KEPT = ("system.ntfs_attrib_be", "system.ntfs_acl", "system.ntfs_dos_name", "system.ntfs_reparse_data")


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, **options)


def need():
    """Skips where NTFS cannot be mounted."""
    for program in ("mkntfs", "ntfs-3g"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise unittest.SkipTest(f"{program} is not installed")
    if os.geteuid() != 0:
        raise unittest.SkipTest("mounting NTFS takes root")
    if not os.path.exists("/dev/fuse"):
        raise unittest.SkipTest("there is no /dev/fuse")


class Volume:
    """A volume in a file. `with volume as folder:` mounts it."""

    def __init__(self, path, megabytes=24):
        need()
        self.path, self.folder, self.streams = path, path + ".mounted", "xattr"
        with open(path, "wb") as f:
            f.truncate(megabytes << 20)
        os.makedirs(self.folder)
        run("mkntfs", "-F", "-q", "-Q", path, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})

    def __enter__(self):
        done = subprocess.run(["ntfs-3g", "-o", f"compression,streams_interface={self.streams}", self.path, self.folder],
                              capture_output=True, text=True)
        if done.returncode:
            raise unittest.SkipTest(f"ntfs-3g does not mount: {done.stderr.strip()}")
        return self.folder

    def __exit__(self, *_):
        run("umount", self.folder)


def set_dirty(path, start=0):
    """The flag in $Volume (record 3), attribute VOLUME_INFORMATION, in the table of files and in its mirror, of the
    volume that begins there."""
    with open(path, "r+b") as f:
        f.seek(start)
        boot = f.read(512)
        cluster = int.from_bytes(boot[11:13], "little") * boot[13]
        for table in (0x30, 0x38):
            at = start + int.from_bytes(boot[table:table + 8], "little") * cluster + 3 * 1024
            f.seek(at)
            record = f.read(1024)
            here = int.from_bytes(record[20:22], "little")
            while record[here:here + 4] != b"\x70\0\0\0":
                here += int.from_bytes(record[here + 4:here + 8], "little")
            flags = here + int.from_bytes(record[here + 20:here + 22], "little") + 10
            f.seek(at + flags)
            f.write(bytes([record[flags] | 1]))


def set_attributes(path, bits):
    os.setxattr(path, "system.ntfs_attrib_be", struct.pack(">I", bits))


def set_security(path, rid):
    """Owned by Administrators, full access for one account of a domain with that number."""
    admins = struct.pack("<BB6sII", 1, 2, b"\0\0\0\0\0\5", 32, 544)
    account = struct.pack("<BB6sIIIII", 1, 5, b"\0\0\0\0\0\5", 21, 111, 222, 333, rid)
    ace = struct.pack("<BBHI", 0, 0, 8 + len(account), 0x001F01FF) + account
    acl = struct.pack("<BBHHH", 2, 0, 8 + len(ace), 1, 0) + ace
    head = struct.pack("<BBHIIII", 1, 0, 0x8004, 20, 20 + len(admins), 0, 20 + 2 * len(admins))
    os.setxattr(path, "system.ntfs_acl", head + admins + admins + acl)


def set_short_name(path, name):
    os.setxattr(path, "system.ntfs_dos_name", name.encode())


def set_reparse(path, tag, target):
    shown = target.removeprefix("\\??\\").encode("utf-16-le")
    real = target.encode("utf-16-le")
    names = struct.pack("<HHHH", 0, len(real), len(real) + 2, len(shown))
    if tag == SYMLINK_TAG:
        names += struct.pack("<I", 0 if target.startswith("\\") else 1)
    data = names + real + b"\0\0" + shown + b"\0\0"
    os.setxattr(path, "system.ntfs_reparse_data", struct.pack("<IHH", tag, len(data), 0) + data)


def xattrs(path):
    """What NTFS has of a file besides content, by name."""
    found = {}
    for name in (*KEPT, *os.listxattr(path, follow_symlinks=False)):
        try:
            found[name] = os.getxattr(path, name, follow_symlinks=False)
        except OSError:
            pass
    return found


def details(wim, index=1):
    """Path -> what wimlib-imagex says of it. "links" is the set of all names of the file."""
    found, groups, entry, stream = {}, {}, None, None
    for line in wimlib("dir", wim, str(index), "--detailed").splitlines():
        key, _, value = (part.strip() for part in line.partition("="))
        named = re.match(r'\s*Named data stream "(.*)":', line)
        if key == "Full Path":
            entry = {"streams": {}, "links": set()}
            found[value.strip('"')] = entry
        elif named:
            stream = named[1]
        elif "Unnamed data stream" in line:
            stream = ""
        elif "Reparse point stream" in line:
            stream = "reparse"
        elif key == "Hash":
            entry["streams"][stream] = value
        elif key == "Link Group ID":
            groups.setdefault(value, set()).add(list(found)[-1])
            entry["group"] = value
        elif key in ("Attributes", "Security Descriptor", "Short Name", "Creation Time", "Last Write Time", "Reparse Tag",
                     "Link Count"):
            entry[key] = value
    for path, entry in found.items():
        group = entry.pop("group")
        entry["links"] = groups[group] if int(group, 16) else {path}
    return found


def sha1(data):
    return "0x" + hashlib.sha1(data).hexdigest()

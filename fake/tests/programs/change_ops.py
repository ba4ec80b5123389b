# SPDX-License-Identifier: MIT
"""What programs do to files, as data that can be done to several folders alike; a generator of such
operations; and what a folder looks like, so that two can be compared."""
import hashlib
import mmap
import os
import random
import shutil
import stat
import subprocess

NAMES = ("a", "b.txt", "B.TXT", "File", "file", "Ärger und Öl.dat", "日本語", "😀😀.bin", "x" * 200, "ß" * 120, "with space",
         ".dot", "dots..", "-rf", "semi;colon", "100%", "c,o,m,m,a", "a'b", "[x]", "#$&!", "tilde~1")
FOLDERS = ("dir", "Dir", "Ordner ä", "d" * 180, "sub", "Windows")
SIZES = (0, 1, 7, 4095, 4096, 4097, 33_000, 70_000, 300_000)
MODES = (0o644, 0o600, 0o444, 0o755, 0o777, 0o400, 0o4755, 0o666)
YEAR = 365 * 86400 * 10**9
TIMES = (0, 1, -1, 99, 100, -100, -150, -300 * YEAR, -20 * YEAR - 12345, 50 * YEAR + 123456789, 200 * YEAR, 10**18 + 987654321)


def data(seed, size):
    return random.Random(seed).randbytes(size) if seed % 3 else bytes([seed % 251]) * size


# ---- operations ----

class Folder:
    """One of the folders in which the operations are done."""

    def __init__(self, root):
        self.root, self.held = root, {}

    def at(self, path):
        return os.path.join(self.root, path)

    def do(self, op):
        getattr(self, op[0])(*op[1:])

    def let_go(self):
        for file in self.held.values():
            os.close(file)
        self.held = {}

    def _write(self, path, flags, offset, content):
        file = os.open(self.at(path), flags, 0o666)
        try:
            os.pwrite(file, content, offset) if offset is not None else os.write(file, content)
        finally:
            os.close(file)

    def create(self, path, seed, size):
        self._write(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0, data(seed, size))

    def overwrite(self, path, offset, seed, size):
        self._write(path, os.O_WRONLY, offset, data(seed, size))

    def append(self, path, seed, size):
        self._write(path, os.O_WRONLY | os.O_APPEND, None, data(seed, size))

    def truncate(self, path, size):
        os.truncate(self.at(path), size)

    def map(self, path, seed):
        with open(self.at(path), "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            if size:
                with mmap.mmap(file.fileno(), size) as memory:
                    memory[size // 2:size // 2 + 9] = data(seed, min(9, size - size // 2))
                    memory.flush()

    def replace(self, path, seed, size):
        self.create(path + "~", seed, size)
        os.replace(self.at(path + "~"), self.at(path))

    def swap(self, one, two):
        os.rename(self.at(one), self.at("swapping"))
        os.rename(self.at(two), self.at(one))
        os.rename(self.at("swapping"), self.at(two))

    def same_again(self, path):
        """Other bytes of the same length, and the time put back."""
        before = os.stat(self.at(path))
        self._write(path, os.O_WRONLY, 0, data(before.st_size + 1, before.st_size))
        os.utime(self.at(path), ns=(before.st_atime_ns, before.st_mtime_ns))

    def sparse(self, path, size):
        with open(self.at(path), "wb") as file:
            file.truncate(size)
            file.seek(size // 2)
            file.write(b"an island")

    def delete(self, path):
        os.unlink(self.at(path))

    def mkdir(self, path):
        os.mkdir(self.at(path))

    def rmdir(self, path):
        os.rmdir(self.at(path))

    def tree(self, path, seed):
        for i, name in enumerate(("", "/a", "/sub", "/sub/deep")):
            os.makedirs(self.at(path + name), exist_ok=True) if i != 1 else self.create(path + name, seed, 50)
        self.create(path + "/sub/deep/b", seed + 1, seed % 5000)
        os.symlink("../../a", self.at(path + "/sub/deep/link"))

    def remove_tree(self, path):
        shutil.rmtree(self.at(path))

    def remake(self, path, seed):
        self.remove_tree(path)
        self.tree(path, seed)

    def to_folder(self, path, seed):
        self.delete(path)
        self.tree(path, seed)

    def to_file(self, path, seed):
        self.remove_tree(path)
        self.create(path, seed, 100)

    def to_link(self, path, target):
        self.delete(path)
        self.symlink(path, target)

    def symlink(self, path, target):
        os.symlink(target, self.at(path))

    def link(self, path, to):
        os.link(self.at(path), self.at(to), follow_symlinks=False)

    def rename(self, path, to):
        os.rename(self.at(path), self.at(to))

    def move(self, path, to):
        """As mv does where a folder cannot be renamed."""
        subprocess.run(["cp", "-aT", "--", self.at(path), self.at(to)], check=True)
        shutil.rmtree(self.at(path))

    def copy(self, path, to):
        shutil.copy2(self.at(path), self.at(to))

    def chmod(self, path, mode):
        os.chmod(self.at(path), mode)

    def utime(self, path, ns):
        os.utime(self.at(path), ns=(ns, ns), follow_symlinks=False)

    def stream(self, path, name, seed):
        """Such a change is written into the image by another way."""
        os.setxattr(self.at(path), "user." + name, data(seed, seed))

    def hold(self, path):
        if path not in self.held:
            self.held[path] = os.open(self.at(path), os.O_RDWR)

    def write_held(self, path, seed):
        if path in self.held:
            os.pwrite(self.held[path], data(seed, 30), 2)


# ---- what is there ----

class Entry:
    def __init__(self, path):
        self.stat = st = os.lstat(path)
        self.type, self.mode, self.mtime = stat.S_IFMT(st.st_mode), stat.S_IMODE(st.st_mode), st.st_mtime_ns // 100
        self.key, self.names = (st.st_dev, st.st_ino), ()
        if stat.S_ISREG(st.st_mode):
            with open(path, "rb") as file:
                content = file.read()
            self.content = (len(content), st.st_size, hashlib.sha1(content).hexdigest()[:10])
        else:
            self.content = os.readlink(path) if stat.S_ISLNK(st.st_mode) else None

    def facts(self):
        """What an image keeps. Time and mode of folders are not changes that a commit saves."""
        if stat.S_ISDIR(self.type):
            return {"type": "folder"}
        facts = {"type": "link" if stat.S_ISLNK(self.type) else "file", "content": self.content, "mtime": self.mtime,
                 "names": self.names}
        if stat.S_ISREG(self.type):
            facts["mode"] = oct(self.mode)
        return facts


def look(root):
    found, groups = {}, {}
    for folder, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(folder, name)
            entry = found[os.path.relpath(path, root)] = Entry(path)
            if not stat.S_ISDIR(entry.type):
                groups.setdefault(entry.key, []).append(os.path.relpath(path, root))
    for group in groups.values():
        for path in group:
            found[path].names = tuple(sorted(group))
    return found


def differences(wanted, got, most=6):
    out = []
    for path in sorted(set(wanted) | set(got)):
        if path not in got:
            out.append(f"{path!r} is missing")
        elif path not in wanted:
            out.append(f"{path!r} is there")
        else:
            a, b = wanted[path].facts(), got[path].facts()
            out += [f"{path!r}: {key} is {b.get(key)!r}, not {a.get(key)!r}" for key in sorted(a.keys() | b.keys())
                    if a.get(key) != b.get(key)]
    return out[:most] + (["..."] if len(out) > most else [])


# ---- making them up ----

class Generator:
    def __init__(self, rng):
        self.rng = rng

    def see(self, root):
        self.folders, self.files, self.links = [""], [], []
        for folder, names, files in os.walk(root):
            for name in sorted(names + files):
                path = os.path.join(folder, name)
                into = self.links if os.path.islink(path) else self.folders if os.path.isdir(path) else self.files
                into.append(os.path.relpath(path, root))
        for found in (self.folders, self.files, self.links):
            found.sort()

    def new_path(self, names=NAMES):
        folder = self.rng.choice([f for f in self.folders if len(f) < 1500])
        return os.path.join(folder, self.rng.choice(names))

    def seed(self):
        return self.rng.randrange(1000)

    def size(self):
        return self.rng.choice(SIZES)

    def some(self, found):
        return self.rng.choice(found)

    def operation(self, root):
        """None where there is nothing to do it to."""
        self.see(root)
        weighted = [name[5:] for name in dir(self) if name.startswith("make_")]
        name = self.rng.choice(weighted)
        wants = {"_file": self.files, "_link": self.links, "_folder": self.folders[1:]}
        for ending, found in wants.items():
            if name.endswith(ending) and not found:
                return None
        return getattr(self, "make_" + name)()

    def make_create(self):
        return "create", self.new_path(), self.seed(), self.size()

    def make_overwrite_file(self):
        return "overwrite", self.some(self.files), self.rng.choice((0, 10, 5000)), self.seed(), self.size()

    def make_append_file(self):
        return "append", self.some(self.files), self.seed(), self.size()

    def make_truncate_file(self):
        return "truncate", self.some(self.files), self.size()

    def make_map_file(self):
        return "map", self.some(self.files), self.seed()

    def make_replace_file(self):
        return "replace", self.some(self.files), self.seed(), self.size()

    def make_swap_file(self):
        return "swap", self.some(self.files), self.some(self.files)

    def make_same_again_file(self):
        return "same_again", self.some(self.files)

    def make_sparse(self):
        return "sparse", self.new_path(), self.rng.choice((100_000, 3_000_000))

    def make_delete_file(self):
        return "delete", self.some(self.files)

    def make_delete_link(self):
        return "delete", self.some(self.links)

    def make_mkdir(self):
        return "mkdir", self.new_path(FOLDERS)

    def make_tree(self):
        return "tree", self.new_path(FOLDERS), self.seed()

    def make_rmdir_folder(self):
        return "rmdir", self.some(self.folders[1:])

    def make_remove_tree_folder(self):
        return "remove_tree", self.some(self.folders[1:])

    def make_remake_folder(self):
        return "remake", self.some(self.folders[1:]), self.seed()

    def make_to_folder_file(self):
        return "to_folder", self.some(self.files), self.seed()

    def make_to_file_folder(self):
        return "to_file", self.some(self.folders[1:]), self.seed()

    def make_to_link_file(self):
        return "to_link", self.some(self.files), self.rng.choice(("a", "../b.txt", "nothing/there", "."))

    def make_symlink(self):
        return "symlink", self.new_path(), self.rng.choice(("a", "../dir", "nothing/there", "日本語", ".", "x/../y"))

    def make_link_file(self):
        return "link", self.some(self.files), self.new_path()

    def make_rename_file(self):
        return "rename", self.some(self.files), self.new_path()

    def make_rename_back_file(self):
        return "rename", self.some(self.files), self.some(self.files)

    def make_rename_link(self):
        return "rename", self.some(self.links), self.new_path()

    def make_rename_folder(self):
        return "rename", self.some(self.folders[1:]), self.new_path(FOLDERS)

    def make_copy_file(self):
        return "copy", self.some(self.files), self.new_path()

    def make_chmod_file(self):
        return "chmod", self.some(self.files), self.rng.choice(MODES)

    def make_utime_file(self):
        return "utime", self.some(self.files), self.rng.choice(TIMES)

    def make_utime_link(self):
        return "utime", self.some(self.links), self.rng.choice(TIMES)

    def make_stream_file(self):
        return "stream", self.some(self.files), self.rng.choice(("a", "Zone.Identifier", "ünï")), self.seed()

    def make_hold_file(self):
        return "hold", self.some(self.files)

    def make_write_held_file(self):
        return "write_held", self.some(self.files), self.seed()

# SPDX-License-Identifier: MIT
"""What the tests of fake/hive share: hivetool, and what other programs read in a hive.

Every reader gives the same: {path: {name: (type, data)}}, "" for the root, names between "\\" as they are spelled. Readers
that have limits of their own say so.
"""
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

HIVETOOL = os.environ.get("HIVETOOL")
# Debian's packages are for Debian's Python.
SYSTEM_PYTHON = os.environ.get("SYSTEM_PYTHON", "/usr/bin/python3")
KINDS = os.environ.get("HIVE_KINDS", "hivex memory").split()
BIG = 16344  # more is in segments
TIME = 133000000000000000


class Failed(Exception):
    """A hivetool that answered with a code."""

    def __init__(self, code, text):
        super().__init__(f"0x{code:08X} {text}")
        self.code, self.text = code, text


def environment(kind):
    return {**os.environ, "DISMFAKE_HIVE": kind}


def hivetool(*arguments, kind="memory"):
    """Its lines."""
    done = subprocess.run([HIVETOOL, *map(str, arguments)], capture_output=True, text=True, env=environment(kind))
    lines = done.stdout.splitlines()
    if done.returncode == 1 and lines and lines[-1].startswith("failed "):
        _, code, text = lines[-1].split(" ", 2)
        raise Failed(int(code, 16), text)
    if done.returncode:
        raise AssertionError(f"hivetool {arguments}: {done.returncode}\n{done.stdout[:2000]}{done.stderr[:2000]}")
    return lines


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="dismfake-hive-")
    try:
        yield path
    finally:
        shutil.rmtree(path)


def to_hex(text):
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return data.hex() or "-"


def from_hex(text):
    return b"" if text == "-" else bytes.fromhex(text)


# ---- readers ----

def read_own(path, kind):
    keys, names = {}, []
    for line in hivetool("dump", path, kind=kind):
        words = line.split(" ")
        name = from_hex(words[1]).decode("utf-8", "surrogatepass")
        if words[0] == "key":
            del names[int(words[3]):]
            names.append(name)
            values = keys["\\".join(names[1:])] = {}
        else:
            values[name] = (int(words[2]), from_hex(words[3]))
    return keys


def read_times(path):
    times, names = {}, []
    for line in hivetool("dump", path):
        words = line.split(" ")
        if words[0] == "key":
            del names[int(words[3]):]
            names.append(from_hex(words[1]).decode("utf-8", "surrogatepass"))
            times["\\".join(names[1:])] = int(words[2])
    return times


LIBREGF = """
import json, sys, pyregf
def walk(key, path):
    out[path] = [[v.name or "", v.type, (v.data or b"").hex()] for v in key.values]
    more[path] = [key.class_name, key.get_last_written_time_as_integer()]
    for child in key.sub_keys:
        walk(child, path + "\\\\" + child.name if path else child.name)
out, more, file = {}, {}, pyregf.file()
file.open(sys.argv[1])
walk(file.get_root_key(), "")
print(json.dumps([out, more, file.is_corrupted()]))
"""


def libregf(path):
    """And class name and time of each key; without what it makes of data (masked)."""
    done = subprocess.run([SYSTEM_PYTHON, "-c", LIBREGF, path], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"libregf: {done.stderr[-2000:]}")
    keys, more, corrupted = json.loads(done.stdout)
    if corrupted:
        raise AssertionError("libregf: the hive is corrupted")
    return masked({p: {n: (t, bytes.fromhex(d)) for n, t, d in values} for p, values in keys.items()}), more


def masked(keys):
    """libregf misreads data of 1 to 3 bytes."""
    return {p: {n: (t, d if not 0 < len(d) < 4 else b"") for n, (t, d) in values.items()} for p, values in keys.items()}


def read_hivexml(path):
    """Keys and names of values: it converts the data of most types."""
    done = subprocess.run(["hivexml", path], capture_output=True)
    if done.returncode:
        raise AssertionError(f"hivexml: {done.stderr[-2000:]}")
    keys = {}

    def walk(node, at):
        values = keys[at] = {}
        for value in node.findall("value"):
            name = "" if value.get("default") else value.get("key", "")
            values[name] = None
        for child in node.findall("node"):
            walk(child, f"{at}\\{child.get('name')}" if at else child.get("name"))
    walk(ElementTree.fromstring(done.stdout).find("node"), "")
    return keys


def parse_reg(text):
    """A .reg file whose prefix is P."""
    keys, values = {}, None
    text = re.sub(r"\\\r?\n\s*", "", text)
    for line in text.splitlines():
        if line.startswith("[P"):
            values = keys[line[2:-1].lstrip("\\")] = {}
            continue
        found = re.fullmatch(r'(@|"(?:[^"\\]|\\.)*")=(.*)', line)
        if not found:
            continue
        name = "" if found[1] == "@" else re.sub(r"\\(.)", r"\1", found[1][1:-1])
        values[name] = parse_data(found[2])
    return keys


def parse_data(text):
    if text.startswith("dword:"):
        return 4, int(text[6:], 16).to_bytes(4, "little")
    found = re.fullmatch(r"hex(?:\(([0-9a-f]+)\))?:(.*)", text)
    if found:
        return int(found[1] or "3", 16), bytes.fromhex(found[2].replace(",", ""))
    return 1, (re.sub(r"\\(.)", r"\1", text[1:-1]) + "\0").encode("utf-16-le")


def decode_line(line):
    """Perl writes Latin-1 where that is enough."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def read_hivexregedit(path):
    done = subprocess.run(["hivexregedit", "--export", "--prefix", "P", path, "\\"], capture_output=True)
    if done.returncode:
        raise AssertionError(f"hivexregedit: {done.stderr[-2000:]}")

    return parse_reg("\n".join(decode_line(line) for line in done.stdout.split(b"\n")))


def read_reged(path):
    """Knows neither wide names of keys (fails) nor segments (gives something else)."""
    with folder() as at:
        done = subprocess.run(["/usr/sbin/reged", "-x", path, "P", "\\", f"{at}/out.reg"], capture_output=True)
        if not os.path.exists(f"{at}/out.reg"):
            raise AssertionError(f"reged: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        with open(f"{at}/out.reg", encoding="utf-8") as file:
            # It ends no line behind no data.
            return parse_reg(re.sub(r'(=hex(?:\([0-9a-f]+\))?:)(?=["@\[])', r"\1\n", file.read()))


def list_by_hivexsh(path, key):
    """The names of the keys below one."""
    with folder() as at:
        with open(f"{at}/script", "w") as file:
            file.write(f"cd \\{key}\nls\n")
        done = subprocess.run(["hivexsh", "-f", f"{at}/script", path], capture_output=True)
    return sorted(decode_line(line) for line in done.stdout.splitlines())


# ---- a model of a hive, and changes to it ----

def parent_of(path):
    return path.rpartition("\\")[0]


class Model:
    """{path: {name: (type, data)}} with names that do not mind letter case, and the script that leads there."""

    def __init__(self, keys=None):
        self.keys = {p: dict(v) for p, v in (keys or {"": {}}).items()}
        self.script = []

    def spelled(self, path):
        for other in self.keys:
            if other.upper() == path.upper():
                return other
        return None

    def make(self, path):
        self.script.append(f"make {to_hex(path)}")
        at = ""
        for name in path.split("\\"):
            path = f"{at}\\{name}" if at else name
            at = self.spelled(path) or path
            self.keys.setdefault(at, {})

    def set(self, path, name, kind, data):
        self.script.append(f"set {to_hex(path)} {to_hex(name)} {kind} {to_hex(data)}")
        values = self.keys[self.spelled(path)]
        name = next((n for n in values if n.upper() == name.upper()), name)
        values[name] = (kind, data)

    def unset(self, path, name):
        self.script.append(f"unset {to_hex(path)} {to_hex(name)}")
        values = self.keys[self.spelled(path)]
        for other in [n for n in values if n.upper() == name.upper()]:
            del values[other]

    def delete(self, path):
        self.script.append(f"delete {to_hex(path)}")
        path = self.spelled(path)
        self.keys = {p: v for p, v in self.keys.items() if p != path and not p.startswith(path + "\\")}

    def run(self, kind, source, target, time=TIME):
        with open(target + ".script", "w") as file:
            file.write("\n".join(self.script) + "\n")
        hivetool("change", source, target, target + ".script", time, kind=kind)


NAMES = ["Package_for_KB5000001~31bf3856ad364e35~amd64~~10.0.1.0", "CurrentState", "_x", "a", "Z", "zz", "{00000000-0000-0000-C000-000000000046}",
         "with space", "0", "q'uote", "dot.", "n" * 255, "Tab%", "#"]
LATIN = ["Größe", "é", "ÿ", "ÀÉ"]
WIDE = ["日本語", "Ωmega", "ж", "Ǆ", "mixed Ä ж", "\U0001F600"]


def random_text(rng):
    letters = rng.choice(["abc \\\"=[]", "aÄ日"]) if rng.random() < 0.9 else "x" * 9000
    return "".join(rng.choice(letters) for _ in range(rng.choice([0, 1, 2, 30, len(letters)]))).encode("utf-16-le") + bytes(2)


def random_data(rng, kind):
    """As the type says where there are readers that take it at its word."""
    if kind == 4:
        return rng.randbytes(4)
    if kind in (1, 2, 6):
        return random_text(rng)
    if kind == 7:
        texts = [t for t in (random_text(rng) for _ in range(rng.randrange(4))) if len(t) > 2]
        return b"".join(texts) + bytes(2)
    sizes = [0, 1, 2, 3, 4, 5, 8, 12, 100, 1000, 4060, 4064, 4068, BIG - 1, BIG, BIG + 1, BIG + 8, 2 * BIG, 2 * BIG + 4, 100000]
    return rng.randbytes(rng.choice(sizes))


def random_changes(rng, model, count, names):
    for _ in range(count):
        path = rng.choice(list(model.keys))
        what = rng.random()
        values = model.keys[path]
        if what < 0.35 and path.count("\\") < 12:
            model.make((path + "\\" if path else "") + rng.choice(names))
        elif what < 0.85:
            name = rng.choice(["", *names, *values])
            kind = rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 0x80000001])
            model.set(path.swapcase() if path.isascii() else path, name, kind, random_data(rng, kind))
        elif what < 0.93 and values:
            model.unset(path, rng.choice(list(values)))
        elif path:
            model.delete(path)

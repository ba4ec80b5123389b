# SPDX-License-Identifier: MIT
"""What the tests of fake/archive share: archivetool, and what other programs unpack."""
import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile

ARCHIVETOOL = os.environ["ARCHIVETOOL"]
INVALID, TOO_LARGE, NOT_SUPPORTED = 0x8007000D, 0x800700DF, 0x80070032


class Failed(Exception):
    """An archivetool that answered with a code."""

    def __init__(self, code, text):
        super().__init__(f"0x{code:08X} {text}")
        self.code, self.text = code, text


def archivetool(*arguments):
    """Its lines, as lists of words."""
    done = subprocess.run([ARCHIVETOOL, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    if done.returncode == 1 and lines and lines[-1].startswith("failed "):
        _, code, text = lines[-1].split(" ", 2)
        raise Failed(int(code, 16), text)
    if done.returncode:
        raise AssertionError(f"archivetool {arguments}: {done.returncode}\n{done.stdout[:2000]}{done.stderr[:2000]}")
    return [line.split(" ") for line in lines]


def from_hex(text):
    return "" if text == "-" else bytes.fromhex(text).decode()


def listed(path, *more):
    """[(name, size, time)] in the archive's order."""
    return [(from_hex(name), int(size), int(time)) for name, size, time in archivetool("list", path, *more)]


def hashes(path, *more):
    """{name: SHA-256}"""
    return {from_hex(name): text for name, text in archivetool("hash", path, *more)}


def hash_of(data):
    return hashlib.sha256(data).hexdigest()


def refused(code, *arguments):
    """What archivetool says when it answers with that code, as it has to."""
    try:
        archivetool(*arguments)
    except Failed as failed:
        assert failed.code == code, f"{arguments}: {failed}"
        return failed.text
    raise AssertionError(f"{arguments} was read")


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="dismfake-archive-")
    try:
        yield path
    finally:
        shutil.rmtree(path)


def files_below(top):
    """{name: path} of all files, names with "/"."""
    found = {}
    for at, _, names in os.walk(top):
        for name in names:
            path = os.path.join(at, name)
            found[os.path.relpath(path, top)] = path
    return found


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


# What unpacks an archive into a folder: four readers, three of them of cabinets and two of ZIP files.
UNPACKERS = {
    "cabextract": lambda path, to: ["cabextract", "-q", "-d", to, path],
    "gcab": lambda path, to: ["gcab", "-x", "-C", to, path],
    "bsdtar": lambda path, to: ["bsdtar", "-x", "-f", path, "-C", to],
    "unzip": lambda path, to: ["unzip", "-qq", path, "-d", to],
}


def unpacked(program, path):
    """{name: SHA-256} of what the program makes of an archive."""
    with folder() as to:
        done = subprocess.run(UNPACKERS[program](path, to), capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"})
        if done.returncode:
            raise AssertionError(f"{program} {path}: {done.returncode}\n{done.stdout}{done.stderr}")
        return {name: hash_of(read(inner)) for name, inner in files_below(to).items()}

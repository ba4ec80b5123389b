# SPDX-License-Identifier: MIT
"""What the Python client tests share: the driver as a child process, WIM files through wimlib-imagex.

TEST_BUILD is the folder with the library and the programs, TEST_TMP where temporary folders go; CTest
sets both. TEST_WINE is the command that runs Windows programs, where those are the clients: they are told
paths of drive Z:, and what they answer is turned back. Every test has a state folder of its own."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.environ["TEST_BUILD"]
TMP = os.environ["TEST_TMP"]
OK, FALSE = "00000000", "00000001"
CANCELLED = ("800704C7", "800704D3")
READONLY, DISCARD, COMMIT = "0x1", "0x1", "0x0"
INTEGRITY, APPEND = "0x10000", "0x20000"


IS_LAZY = os.environ.get("TEST_ENGINE") == "lazy"
WINE = os.environ.get("TEST_WINE")
PROGRAM_SUFFIX = ".exe" if WINE else ""
# Exit codes of a client that was killed, and of one that a rule has killed.
KILLED, KILLED_BY_RULE = -9, 9 if WINE else -9


def may_mount():
    """Root with FUSE; then commits keep what Windows has besides content."""
    if WINE:
        return False
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
        is_fuse = os.stat("/dev/fuse").st_rdev == os.makedev(10, 229)
    except OSError:
        return False
    return is_fuse and os.geteuid() == 0


KEEPS_METADATA = unittest.skipUnless(may_mount(), "keeping metadata takes root and /dev/fuse")


def client_path(path):
    return "Z:" + path.replace("/", "\\") if WINE and path.startswith("/") else path


def host_path(path):
    return path[2:].replace("\\", "/") if WINE and path.startswith("Z:") else path


def program(name):
    """The beginning of a command line that runs one of ours."""
    return [*([WINE] if WINE else []), os.path.join(BUILD, name + PROGRAM_SUFFIX)]


class Reply:
    def __init__(self, hr, text, ticks):
        self.hr, self.text, self.ticks = hr, text, ticks

    def __repr__(self):
        return f"{self.hr} {self.text!r}"


class Ended(Exception):
    """The client is gone: killed, crashed or through."""


def environment(state, extra=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("DISMFAKE_")}
    env["DISMFAKE_STATE"] = client_path(state)
    if "TEST_ENGINE" in os.environ:
        env["DISMFAKE_ENGINE"] = os.environ["TEST_ENGINE"]
    env.update(extra or {})
    return env


class Client:
    def __init__(self, state, env=None, prefix=(), init=True):
        self.process = subprocess.Popen(
            [*prefix, *program("test_driver")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment(state, env), encoding="utf-8")
        if init:
            reply = self.call("init", 2)
            assert reply.hr == OK, reply

    def send(self, *words):
        try:
            self.process.stdin.write("\t".join(client_path(str(w)) for w in words) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError as e:
            raise Ended from e

    def answer(self, on_tick=None):
        ticks = 0
        while True:
            line = self.process.stdout.readline()
            if not line.endswith("\n"):
                raise Ended
            if line.startswith("tick "):
                ticks += 1
                if on_tick:
                    on_tick(int(line.split()[1]))
            elif line.startswith("= "):
                hr, _, text = line[2:-1].partition("\t")
                return Reply(hr, text, ticks)

    def call(self, *words, on_tick=None):
        self.send(*words)
        return self.answer(on_tick)

    def must(self, *words, hr=OK):
        reply = self.call(*words)
        if reply.hr != hr:
            raise AssertionError(f"{words} gave {reply}, wanted {hr}")
        return reply.text

    def mounts(self):
        text = self.must("mounted")
        keys = ("path", "image", "index", "mode", "status")
        return [dict(zip(keys, map(host_path, entry.split("|")))) for entry in text.split("\t") if entry]

    def kill(self):
        self.process.kill()
        self.end()

    def end(self):
        """Closes the client's input, waits for it; exit code and what it said on stderr."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        said = self.process.stderr.read()
        self.process.stdout.read()
        code = self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, said


def lazy_mounts_below(folder):
    """Where the lazy engine has something mounted at or below the folder, the last one first."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        lines = [line.split() for line in file]
    points = [f[4] for f in lines if f[f.index("-") + 1] in ("overlay", "fuse.dismfake")]
    return [p for p in reversed(points) if p == folder or p.startswith(folder + "/")]


def unmount_below(folder):
    for point in lazy_mounts_below(folder):
        subprocess.run(["umount", "-l", point], check=False)


def in_mount_namespace(test, script):
    """The beginning of a command line that runs the rest behind that shell script, in mounts of its own; skips
    the test where that is not allowed (in a chroot it would reach the machine's own mounts)."""
    done = subprocess.run(["unshare", "-m", "--", "true"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        test.skipTest("no mount namespace here: " + done.stderr.strip())
    return ("unshare", "-m", "--", "sh", "-c", script + ' && exec "$@"', "sh")


def without_fuse(test):
    return in_mount_namespace(test, "mount --bind /dev/null /dev/fuse")


class Test(unittest.TestCase):
    """A test with a folder of its own; clients that still run at its end are ended."""

    def setUp(self):
        os.makedirs(TMP, exist_ok=True)
        self.dir = tempfile.mkdtemp(dir=TMP)
        os.chmod(self.dir, 0o755)
        self.state = self.path("state")
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            if client.process.returncode is None:
                client.kill()
        unmount_below(self.dir)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def client(self, **options):
        client = Client(options.pop("state", self.state), **options)
        self.clients.append(client)
        return client

    def folder(self, *names):
        os.makedirs(self.path(*names))
        return self.path(*names)

    def write(self, *names_and_content):
        *names, content = names_and_content
        path = self.path(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def windows_tree(self, name="tree"):
        self.write(name, "Windows", "System32", "ntdll.dll", "not really")
        self.write(name, "hello.txt", "hello")
        self.write(name, "docs", "a", "content of a")
        return self.path(name)

    def wim(self, tree, name="t.wim", compress="none", *options):
        wimlib("capture", tree, self.path(name), "One", "--compress=" + compress, *options)
        return self.path(name)

    def dismfake(self, *words, input=None, state=None):
        return subprocess.run([*program("dismfake"), *words], input=input, text=True,
                              capture_output=True, env=environment(state or self.state))


def wimlib(*words, check=True):
    done = subprocess.run(["wimlib-imagex", *words], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    if check and done.returncode:
        raise AssertionError(f"wimlib-imagex {words}: {done.stderr}")
    return done.stdout


def image_count(wim):
    return int([l for l in wimlib("info", wim).splitlines() if l.startswith("Image Count")][0].split()[-1])


def paths(wim, index=1):
    return sorted(wimlib("dir", wim, str(index)).splitlines())


def content(wim, index, path):
    return wimlib("extract", wim, str(index), path, "--to-stdout", "--no-acls")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def main():
    unittest.main(verbosity=2, argv=sys.argv[:1])


__all__ = [n for n in dir() if not n.startswith("_")]

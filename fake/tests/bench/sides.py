# SPDX-License-Identifier: MIT
"""The two that are compared: the library in this process, and wimlib-imagex. Times are milliseconds."""
import ctypes
import os
import shutil
import subprocess
import threading
import time

from people import mounts_below, processes_of

READ_WRITE, READ_ONLY, COMMIT, DISCARD = 0, 1, 0, 1


class Refused(Exception):
    pass


def milliseconds(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def peak_memory(pid):
    """VmHWM in MB."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def peak_memory_of(command, stdin=None):
    """Of a process that runs to its end, in MB."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.stdin.write((stdin or "").encode())
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise OSError(f"{command[0]} ended with {process.returncode}")
    return usage.ru_maxrss / 1024


class Ours:
    """The library, with one engine for the life of the process."""

    def __init__(self, library, wim, mount):
        self.dll, self.wim, self.mount_path = ctypes.CDLL(library), wim, mount

    def call(self, name, *args):
        args = [a.encode("utf-16-le") + b"\0\0" if isinstance(a, str) else a for a in args]
        hr = getattr(self.dll, name)(*args) & 0xFFFFFFFF
        if hr & 0x80000000:
            raise OSError(f"{name} failed with 0x{hr:08X}: {self.message()}")

    def message(self):
        text = ctypes.c_void_p()
        if self.dll.DismGetLastErrorMessage(ctypes.byref(text)) != 0 or not text:
            return ""
        string = ctypes.cast(text, ctypes.POINTER(ctypes.c_void_p))[0]
        units, at = b"", string
        while ctypes.string_at(at, 2) != b"\0\0":
            units, at = units + ctypes.string_at(at, 2), at + 2
        self.dll.DismDelete(text)
        return units.decode("utf-16-le").strip()

    def mount(self, flags=READ_ONLY):
        return milliseconds(lambda: self.call("DismMountImage", self.wim, self.mount_path, 1, None, 0, flags, None,
                                              None, None))

    def unmount(self, flags=DISCARD):
        return milliseconds(lambda: self.call("DismUnmountImage", self.mount_path, flags, None, None, None))

    def commit(self):
        session = ctypes.c_uint()
        self.call("DismOpenSession", self.mount_path, None, None, ctypes.byref(session))
        figure = milliseconds(lambda: self.call("DismCommitImage", session, 0, None, None, None))
        self.call("DismCloseSession", session)
        return figure

    def info(self):
        info, count = ctypes.c_void_p(), ctypes.c_uint()
        figure = milliseconds(lambda: self.call("DismGetImageInfo", self.wim, ctypes.byref(info), ctypes.byref(count)))
        self.call("DismDelete", info)
        return figure

    def sessions(self, count=100):
        session = ctypes.c_uint()
        path = self.mount_path.encode("utf-16-le") + b"\0\0"
        start = time.perf_counter()
        for _ in range(count):
            self.call("DismOpenSession", path, None, None, ctypes.byref(session))
            self.call("DismCloseSession", session)
        return (time.perf_counter() - start) * 1000

    def helper(self):
        """The process that serves the mount; None where there is none."""
        folder = os.path.dirname(self.mount_path)
        return next((pid for pid in processes_of(folder) if name_of(pid) == "dismfake-mount"), None)


class Wimlib:
    def __init__(self, wim, mount):
        self.wim, self.mount_path = wim, mount

    @staticmethod
    def tool(*words):
        done = subprocess.run(["wimlib-imagex", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise OSError(f"wimlib-imagex {words[0]}: {done.stderr.strip()}")

    def timed(self, *words):
        return milliseconds(lambda: self.tool(*words))

    def version(self):
        return self.timed("--version")

    def info(self):
        return self.timed("info", self.wim)

    def apply(self, folder=None):
        return self.timed("apply", self.wim, "1", folder or self.mount_path)

    def mount(self, flags=READ_ONLY):
        return self.timed("mount" if flags == READ_ONLY else "mountrw", self.wim, "1", self.mount_path)

    def unmount(self, commit=False):
        """It answers a moment before the kernel's mount and its daemon are gone; the next run waits for that."""
        figure = self.timed("unmount", self.mount_path, *(["--commit"] if commit else []))
        while mounts_below(self.mount_path) or self.daemon():
            threading.Event().wait(0.002)
        return figure

    def daemon(self):
        return next((pid for pid in processes_of(self.mount_path) if name_of(pid).startswith("wimlib-imagex")), None)

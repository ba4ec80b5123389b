#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""serviced.py BUILD [RUNS], or ./run bench serviced [--runs N] - servicing calls on a Windows with 5,000 packages, 450
capabilities, 500 drivers (recipe serviced-bench), beside hivexml, which walks all keys of the largest hive in a process
of its own, and a plain read of the packages' manifests. "cold" is the first call of a session, "warm" any later one.
Nothing is asserted."""
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "programs")]
from sides import Ours, milliseconds  # noqa: E402

TELNET, FOUNDATION = "TelnetClient", "Microsoft-Windows-Foundation-Package~31bf3856ad364e35~amd64~~10.0.22621.1"
OCR, NAME, NONE = "Language.OCR~~~en-US~0.0.1.0", 1, 0
LISTS = (("DismGetPackages", ()), ("DismGetFeatures", (None, NONE)), ("DismGetCapabilities", ()), ("DismGetDrivers", (1,)),
         ("_DismGetProvisionedAppxPackages", ()))
INFOS = (("DismGetPackageInfo", (FOUNDATION, NAME)), ("DismGetFeatureInfo", (TELNET, None, NONE)),
         ("DismGetCapabilityInfo", (OCR,)))


def memory(name):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1024


class Serviced:
    def __init__(self, build, scratch, runs):
        self.runs, self.scratch, self.build = runs, scratch, build
        self.folder = os.path.join(scratch, "image")
        wim = os.path.join(scratch, "serviced.wim")
        recipes = os.path.join(HERE, "..", "..", "..", "fixtures", "recipes")
        quiet = {"stdout": subprocess.DEVNULL, "check": True}
        subprocess.run([os.path.join(build, "fixtures", "mkfixture"), os.path.join(recipes, "serviced-bench.json"), wim], **quiet)
        subprocess.run(["wimlib-imagex", "apply", wim, "1", self.folder], **quiet)
        self.ours = Ours(os.path.join(build, "fake", "libDismApi.so"), None, self.folder)
        self.session = ctypes.c_uint()

    def open(self):
        self.ours.call("DismOpenSession", self.folder, None, None, ctypes.byref(self.session))

    def close(self):
        self.ours.call("DismCloseSession", self.session)

    def answer(self, name, args, counts):
        block, count = ctypes.c_void_p(), ctypes.c_uint()
        self.ours.call(name, self.session, *args, ctypes.byref(block), *([ctypes.byref(count)] if counts else []))
        self.ours.call("DismDelete", block)

    def row(self, name, figure):
        print(f"{name:48} {statistics.median(figure() for _ in range(self.runs)):9.2f} ms", flush=True)

    def config(self, hive):
        return os.path.join(self.folder, "Windows", "System32", "config", hive)

    def peers(self):
        def walk():
            subprocess.run(["hivexml", self.config("SOFTWARE")], check=True, stdout=subprocess.DEVNULL)

        def files():
            folder = os.path.join(self.folder, "Windows", "servicing", "Packages")
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), "rb") as file:
                    file.read()

        self.row("peer: hivexml walks all of SOFTWARE", lambda: milliseconds(walk))
        self.row("peer: read of all in servicing/Packages", lambda: milliseconds(files))

    def cold(self, name, args, counts):
        self.open()
        figure = milliseconds(lambda: self.answer(name, args, counts))
        self.close()
        return figure

    def run(self):
        self.peers()
        self.ours.call("DismInitialize", 2, None, None)
        before = memory("VmRSS")
        self.row("session open + close", lambda: milliseconds(lambda: (self.open(), self.close())))
        for counts, calls in ((True, LISTS), (False, INFOS)):
            for name, args in calls:
                self.row(name + ", cold", lambda n=name, a=args, c=counts: self.cold(n, a, c))
                self.open()
                self.answer(name, args, counts)
                self.row(name + ", warm", lambda n=name, a=args, c=counts: milliseconds(lambda: self.answer(n, a, c)))
                self.close()
        self.open()
        for name, args in LISTS:
            self.answer(name, args, True)
        hives = sum(os.path.getsize(self.config(h)) for h in ("SOFTWARE", "SYSTEM", "DRIVERS", "COMPONENTS")) / 1e6
        print(f"{'memory after all lists':48} {memory('VmRSS') - before:9.1f} MB more ({hives:.1f} MB of hives)")
        package = os.path.join(self.build, "fixtures", "catalog", "pkg-simple.cab")
        for name, args in (("DismAddPackage", (package, 0, 0, None, None, None)),
                           ("DismEnableFeature", (TELNET, None, NONE, 1, None, 0, 0, None, None, None))):
            print(f"{name:48} {milliseconds(lambda n=name, a=args: self.ours.call(n, self.session, *a)):9.2f} ms")
        self.close()
        self.ours.call("DismShutdown")


def measure(build, runs):
    with tempfile.TemporaryDirectory(prefix="dismfake-bench-") as scratch:
        os.environ["DISMFAKE_STATE"] = os.path.join(scratch, "state")
        Serviced(build, scratch, runs).run()


if __name__ == "__main__":
    measure(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)

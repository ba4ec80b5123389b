# SPDX-License-Identifier: MIT
"""The rows of servicing: calls on a Windows with 5,000 packages, 150 features, 450 capabilities and 500 drivers (recipe
serviced-bench), beside programs that read the same keys (hivewalk, which is hivex and nothing else; hivexml, hivexget) and
the same files (cat), or write the same hive (hivexsh). "first" is a call in a session that has read nothing yet, "later"
the next one. A note has the processor's time, which says more than the clock on a machine that does other work."""
import ctypes
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "programs")]
from sides import Ours, peak_memory  # noqa: E402

RECIPES = os.path.join(HERE, "..", "..", "..", "fixtures", "recipes")
PACKAGES, TWICE = 5000, 10000
HIVES = ("SOFTWARE", "SYSTEM", "DRIVERS", "COMPONENTS")
CBS = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing"
APPS = "Microsoft\\Windows\\CurrentVersion\\Appx\\AppxAllUserStore\\Applications"
VERSION = "Microsoft\\Windows NT\\CurrentVersion"
FOUNDATION = "Microsoft-Windows-Foundation-Package~31bf3856ad364e35~amd64~~10.0.22621.1"
TELNET, OCR, DRIVER = "TelnetClient", "Language.OCR~~~en-US~0.0.1.0", "oem0.inf"
ADDED = "Package_for_KB5030001~31bf3856ad364e35~amd64~~22621.2001.1.0"
BY_NAME, NO_NAME, ALL = 1, 0, 1

# Call, what it takes behind the session, and what it gives: b for a block, n for a number.
LISTS = {"GetPackages": ("DismGetPackages", (), "bn"),
         "GetFeatures": ("DismGetFeatures", (None, NO_NAME), "bn"),
         "GetCapabilities": ("DismGetCapabilities", (), "bn"),
         "GetDrivers, all": ("DismGetDrivers", (ALL,), "bn"),
         "GetProvisionedAppxPackages": ("_DismGetProvisionedAppxPackages", (), "bn"),
         "GetTargetEditions": ("_DismGetTargetEditions", (), "bn")}
INFOS = {"GetPackageInfo": ("DismGetPackageInfo", (FOUNDATION, BY_NAME), "b"),
         "GetPackageInfoEx": ("DismGetPackageInfoEx", (FOUNDATION, BY_NAME), "b"),
         "GetFeatureInfo": ("DismGetFeatureInfo", (TELNET, None, NO_NAME), "b"),
         "GetFeatureParent": ("DismGetFeatureParent", (TELNET, None, NO_NAME), "bn"),
         "GetCapabilityInfo": ("DismGetCapabilityInfo", (OCR,), "b"),
         "GetDriverInfo": ("DismGetDriverInfo", (DRIVER,), "bnb"),
         "GetCurrentEdition": ("_DismGetCurrentEdition", (), "b"),
         "CheckImageHealth": ("DismCheckImageHealth", (0, None, None, None), "n"),
         "CheckImageHealth, scan": ("DismCheckImageHealth", (1, None, None, None), "n")}


def timed(work, who):
    """Milliseconds by the clock, and of the processor."""
    def spent():
        usage = resource.getrusage(who)
        return usage.ru_utime + usage.ru_stime
    before, start = spent(), time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000, (spent() - before) * 1000


class Image:
    def __init__(self, build, scratch, packages):
        self.packages, self.folder = packages, os.path.join(scratch, f"image-{packages}")
        recipe, wim = os.path.join(RECIPES, "serviced-bench.json"), self.folder + ".wim"
        if packages != PACKAGES:
            recipe = self.other_recipe(scratch, recipe, packages)
        quiet = {"stdout": subprocess.DEVNULL, "check": True}
        subprocess.run([os.path.join(build, "fixtures", "mkfixture"), recipe, wim], **quiet)
        subprocess.run(["wimlib-imagex", "apply", wim, "1", self.folder], **quiet)
        os.remove(wim)

    @staticmethod
    def other_recipe(scratch, path, packages):
        """With that many packages, beside a copy of the recipe it is like."""
        with open(path, encoding="utf-8") as file:
            text = file.read()
        recipe = json.loads(text)
        recipe["images"][0]["servicing"]["generate"]["packages"] = packages
        like = recipe["images"][0]["like"].split("@")[0] + ".json"
        for name, content in ((like, None), ("other.json", json.dumps(recipe))):
            if content is None:
                with open(os.path.join(RECIPES, name), encoding="utf-8") as file:
                    content = file.read()
            with open(os.path.join(scratch, name), "w", encoding="utf-8") as file:
                file.write(content)
        return os.path.join(scratch, "other.json")

    def hive(self, name):
        return os.path.join(self.folder, "Windows", "System32", "config", name)

    def hives_size(self):
        return sum(os.path.getsize(self.hive(name)) for name in HIVES) / (1 << 20)

    def below(self, *places, having=""):
        """The files there whose text has that."""
        found = []
        for place in places:
            for folder, _, names in os.walk(os.path.join(self.folder, *place.split("/"))):
                for name in names:
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8", errors="replace") as file:
                        if not having or (name.endswith(".mum") and re.search(having, file.read())):
                            found.append(path)
        return found


class Peers:
    """Each is a list of commands, with what it reads from its standard input."""

    def __init__(self, build, scratch, image):
        self.walker, self.scratch, self.image = os.path.join(build, "fake", "hivewalk"), scratch, image

    def walk(self, hive, *keys):
        return [([self.walker, self.image.hive(hive), *keys], b"")]

    def get(self, key, name):
        return [(["hivexget", self.image.hive("SOFTWARE"), key, name], b"")]

    def xml(self):
        return [(["hivexml", self.image.hive("SOFTWARE")], b"")]

    @staticmethod
    def read(paths):
        return [(["xargs", "-0", "cat"], "\0".join(paths).encode())]

    def rewrite(self):
        out = os.path.join(self.scratch, "SOFTWARE.new")
        lines = f"cd \\{CBS}\\Packages\\{FOUNDATION}\nsetval 1\nCurrentState\ndword:0x70\ncommit {out}\n"
        return [(["hivexsh", "-w", self.image.hive("SOFTWARE")], lines.encode())]

    @staticmethod
    def figure(commands):
        def work():
            for words, text in commands:
                subprocess.run(words, input=text, stdout=subprocess.DEVNULL, check=True)
        return timed(work, resource.RUSAGE_CHILDREN)


class Serviced:
    def __init__(self, build, scratch, runs, give):
        self.build, self.runs, self.give, self.scratch = build, runs, give, scratch
        self.image = Image(build, scratch, PACKAGES)
        self.peers = Peers(build, scratch, self.image)
        self.ours = Ours(os.path.join(build, "fake", "libDismApi.so"), None, self.image.folder)
        self.session = ctypes.c_uint()

    # ---- ours ----

    def open(self, folder=None):
        self.ours.call("DismOpenSession", folder or self.image.folder, None, None, ctypes.byref(self.session))

    def close(self):
        self.ours.call("DismCloseSession", self.session)

    def answer(self, call):
        name, args, gives = call
        outs = [ctypes.c_void_p() if kind == "b" else ctypes.c_uint() for kind in gives]
        self.ours.call(name, self.session, *args, *map(ctypes.byref, outs))
        for kind, out in zip(gives, outs):
            if kind == "b":
                self.ours.call("DismDelete", out)

    def first(self, call, folder=None):
        self.open(folder)
        figure = timed(lambda: self.answer(call), resource.RUSAGE_SELF)
        self.close()
        return figure

    def later(self, call):
        return timed(lambda: self.answer(call), resource.RUSAGE_SELF)

    # ---- rows ----

    def alternate(self, *sides):
        """In turns, after a round that warms up."""
        figures = [[] for _ in sides]
        for n in range(self.runs + 1):
            for kept, side in zip(figures, sides):
                figure = side()
                if n:
                    kept.append(figure)
        return figures

    def row(self, name, ours, peer_name="", peer=(), unit="ms", note="", packages=PACKAGES):
        spent = [statistics.median(f[1] for f in side) if side else 0 for side in (ours, peer)]
        if unit == "ms" and not note:
            note = f"CPU {spent[0]:.3g} ms" + (f", {spent[0] / spent[1]:.2g}x" if spent[1] else "")
        self.give({"size": f"{packages:,}", "engine": "", "row": name, "unit": unit, "ours": [f[0] for f in ours],
                   "peer": peer_name, "peers": [f[0] for f in peer], "note": note})

    def call_rows(self, name, call, main, *others):
        """A peer is its name and its commands; `main` reads what the call reads."""
        try:
            self.measure_call(name, call, main, *others)
        except (OSError, subprocess.CalledProcessError) as e:
            self.give({"size": f"{PACKAGES:,}", "engine": "", "row": name, "refused": f"failed: {e}"})

    def measure_call(self, name, call, main, *others):
        sides = [lambda: self.first(call)] + [lambda p=p: self.peers.figure(p[1]) for p in (main, *others)]
        mine, *theirs = self.alternate(*sides)
        self.row(name + ", first", mine, main[0], theirs[0])
        for (peer, _), figures in zip(others, theirs[1:]):
            self.row(f"{name}, first, against {peer}", mine, peer, figures)
        self.open()
        self.answer(call)
        self.row(name + ", later", self.alternate(lambda: self.later(call))[0], main[0], theirs[0])
        self.close()

    def sessions(self):
        figures = self.alternate(lambda: timed(lambda: self.ours.sessions(100), resource.RUSAGE_SELF))[0]
        self.row("session open + close", [(wall * 10, cpu * 10) for wall, cpu in figures], unit="us", note="of 100")

    def lists(self):
        p, manifests = self.peers, self.image.below("Windows/servicing/Packages", having="<assembly")
        packages = p.walk("SOFTWARE", CBS + "\\Packages")
        self.call_rows("GetPackages", LISTS["GetPackages"], ("walk + cat", packages + p.read(manifests)), ("a walk", packages), ("hivexml", p.xml()))
        features = self.image.below("Windows/servicing/Packages", having="selectable")
        self.call_rows("GetFeatures", LISTS["GetFeatures"], ("walk + cat", packages + p.read(features)))
        known = self.image.below("Windows/servicing", having="capabilityIdentity")
        self.call_rows("GetCapabilities", LISTS["GetCapabilities"], ("walk + cat", p.walk("SOFTWARE", CBS + "\\Packages", CBS + "\\CapabilityIndex") + p.read(known)))
        drivers = p.walk("SYSTEM", "DriverDatabase") + p.walk("DRIVERS", "DriverDatabase")
        self.call_rows("GetDrivers, all", LISTS["GetDrivers, all"], ("two walks", drivers))
        self.call_rows("GetProvisionedAppxPackages", LISTS["GetProvisionedAppxPackages"], ("a walk", p.walk("SOFTWARE", APPS)))
        self.call_rows("GetTargetEditions", LISTS["GetTargetEditions"],
                       ("hivexget + cat", p.get(VERSION, "EditionID") + p.read(self.image.below("Windows/servicing/Editions"))))

    def infos(self):
        p, drivers = self.peers, self.peers.walk("SYSTEM", "DriverDatabase") + self.peers.walk("DRIVERS", "DriverDatabase")
        foundation = p.get(f"{CBS}\\Packages\\{FOUNDATION}", "CurrentState")
        files = self.image.below("Windows/servicing/Packages", "Windows/WinSxS")
        peers = {"GetDriverInfo": ("two walks", drivers), "GetCurrentEdition": ("hivexget", p.get(VERSION, "EditionID")),
                 "CheckImageHealth, scan": ("walk + cat", p.walk("SOFTWARE", CBS) + p.read(files))}
        for name, call in INFOS.items():
            self.call_rows(name, call, peers.get(name, ("hivexget", foundation)))

    def memory(self):
        mine = float(subprocess.run([sys.executable, "-B", __file__, self.build, self.image.folder], check=True, stdout=subprocess.PIPE).stdout)
        self.row("peak memory, 10 sessions", [(mine, 0)], "the hives", [(self.image.hives_size(), 0)], "MB", "1 run")

    def changes(self):
        package = os.path.join(self.build, "fixtures", "catalog", "pkg-simple.cab")
        calls = {"AddPackage": ("DismAddPackage", (package, 0, 0, None, None, None), ""),
                 "RemovePackage": ("DismRemovePackage", (ADDED, BY_NAME, None, None, None), ""),
                 "EnableFeature": ("DismEnableFeature", (TELNET, None, NO_NAME, 1, None, 0, 0, None, None, None), ""),
                 "DisableFeature": ("DismDisableFeature", (TELNET, None, 0, None, None, None), "")}
        *mine, peer = self.alternate(*[lambda c=c: self.first(c) for c in calls.values()], lambda: self.peers.figure(self.peers.rewrite()))
        for name, figures in zip(calls, mine):
            self.row(name + ", first", figures, "hivexsh -w", peer)

    def doubled(self):
        twice, call = Image(self.build, self.scratch, TWICE), LISTS["GetPackages"]
        mine, half = self.alternate(lambda: self.first(call, twice.folder), lambda: self.first(call))
        self.row("GetPackages, first, against half", mine, f"our {PACKAGES:,}", half, packages=TWICE)

    def run(self):
        self.ours.call("DismInitialize", 2, None, None)
        for rows in (self.sessions, self.lists, self.infos, self.memory, self.changes, self.doubled):
            rows()
        self.ours.call("DismShutdown")


def measure(build, runs, give):
    with tempfile.TemporaryDirectory(prefix="dismfake-bench-") as scratch:
        os.environ["DISMFAKE_STATE"] = os.path.join(scratch, "state")
        Serviced(build, scratch, runs, give).run()


def memory_of_reading(build, folder):
    """More than before the first call, at the peak of sessions with all lists and infos; in a process that did nothing else."""
    serviced = Serviced.__new__(Serviced)
    serviced.ours, serviced.session = Ours(os.path.join(build, "fake", "libDismApi.so"), None, folder), ctypes.c_uint()
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # forgets the peak so far
    before = peak_memory("self")
    serviced.ours.call("DismInitialize", 2, None, None)
    for _ in range(10):
        serviced.open(folder)
        for call in (*LISTS.values(), *INFOS.values()):
            serviced.answer(call)
        serviced.close()
    print(peak_memory("self") - before)


if __name__ == "__main__":
    memory_of_reading(*sys.argv[1:])

# SPDX-License-Identifier: MIT
"""What the tests of servicing share: an image to service, what other programs read in it, and `changing`, which holds all that
a call did to an image against what it may do.

What a call wrote is a hive, whose readers (hivexregedit, hivexml, reged, libregf) have to say the same; a manifest, for xmllint;
a catalogue, for openssl; an INF; or payload, with the digest that its manifest, catalogue or block map says."""
import base64
import contextlib
import hashlib
import re
import sys
import xml.etree.ElementTree as ElementTree

from dismtest import *

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hive"))
import hivetest  # noqa: E402

CATALOGUE = os.path.join(os.path.dirname(BUILD), "fixtures", "catalog")
CONFIG, HIVES = "Windows/System32/config/", ("SOFTWARE", "SYSTEM", "DRIVERS", "COMPONENTS")
STORE, INF = "Windows/System32/DriverStore/FileRepository/", "Windows/INF/"
CATALOGS = "Windows/System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}/"
MANIFESTS, SXS, PACKAGES = "Windows/WinSxS/Manifests/", "Windows/WinSxS/", "Windows/servicing/Packages/"
APPS, APP_LIST = "Program Files/WindowsApps/", "ProgramData/Microsoft/Windows/AppxProvisioning.xml"
CBS = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing"
STAGING = ".dismfake-change"
LEADS_OUT = "80070780"
RESTART = "00000BC2"


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, **options).stdout


def source(name):
    for end in ("", ".cab", ".msu", ".appx", ".xml"):
        if os.path.exists(os.path.join(CATALOGUE, name + end)):
            return os.path.join(CATALOGUE, name + end)
    raise AssertionError(name)


def sha256(path):
    return hashlib.sha256(read(path)).hexdigest()


def hive_path(root, name="SOFTWARE"):
    return os.path.join(root, CONFIG + name)


def export(root, key="\\", hive="SOFTWARE"):
    return run("hivexregedit", "--export", "--unsafe-printable-strings", hive_path(root, hive), key).decode(errors="replace")


def value(root, key, name, hive="SOFTWARE"):
    return run("hivexget", hive_path(root, hive), key, name).decode(errors="replace").rstrip("\n")


def merge(root, hive, text):
    """Another program's change."""
    run("hivexregedit", "--merge", "--prefix", "P", hive_path(root, hive), input=text.encode())


# ---- a tree ----

def entry_of(path):
    """What is at a place: ("dir",), ("link", target), ("file", mode, digest)."""
    stat = os.lstat(path)
    if os.path.islink(path):
        return "link", os.readlink(path)
    return ("dir",) if os.path.isdir(path) else ("file", stat.st_mode & 0o777, sha256(path))


def tree_of(root, leave_out=()):
    """{place below root: entry}; what is at or below a place left out is not looked at."""
    found = {}
    for folder, folders, files in os.walk(root):
        at = os.path.relpath(folder, root) + "/" if folder != root else ""
        folders[:] = [name for name in folders if at + name not in leave_out]
        for name in folders + files:
            found[at + name] = entry_of(os.path.join(folder, name))
    return found


class Seen:
    """An image as it is now."""

    def __init__(self, root):
        self.tree = tree_of(root)
        self.hives = {name: read(hive_path(root, name)) for name in HIVES if os.path.exists(hive_path(root, name))}


# ---- hives ----

def read_by_all(test, path):
    """The keys of a hive, about which four programs agree; reged knows no wide names and no segments."""
    keys = hivetest.read_hivexregedit(path)
    test.assertEqual(hivetest.libregf(path)[0], hivetest.masked(keys), "libregf")
    test.assertEqual(hivetest.read_hivexml(path), {p: {n: None for n in values} for p, values in keys.items()}, "hivexml")
    if all(p.isascii() for p in keys) and all(len(v[1]) <= hivetest.BIG for values in keys.values() for v in values.values()):
        test.assertEqual(hivetest.read_reged(path), keys, "reged")
    return keys


def package_keys(*names):
    """Patterns of the keys that a package which comes or goes has business with, whatever its version."""
    any_of = "|".join(re.escape(name.rsplit("~", 1)[0]) for name in names)
    return [rf"\\Packages\\({any_of})~", rf"\\PackageIndex\\({any_of})~", rf"\\PackageDetect\\[^\\]*~"]


def changed_keys(old, new):
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def assert_indexes_agree(test, keys):
    """Every index has a package's state as the package has it, and no package that is not there."""
    states = {key[len(CBS) + 10:]: values["CurrentState"] for key, values in keys.items()
              if key.startswith(CBS + "\\Packages\\") and "CurrentState" in values}
    for index in ("PackageIndex", "PackageDetect", "UpdateDetect", "CapabilityIndex"):
        for key, values in keys.items():
            if key.startswith(f"{CBS}\\{index}\\"):
                test.assertEqual({p: state for p, state in values.items() if states.get(p) != state}, {}, key)
    test.assertEqual({p for key, values in keys.items() if key.startswith(CBS + "\\PackageIndex\\") for p in values}, set(states))


# ---- what other files say of files ----

def local(element):
    return element.tag.rpartition("}")[2]


def digests_of_manifest(path):
    """{name: SHA-256} of a component's files."""
    found = {}
    for file in ElementTree.parse(path).getroot():
        if local(file) == "file":
            digest = next(e.text for e in file.iter() if local(e) == "DigestValue")
            found[file.get("sourceName") or file.get("name")] = base64.b64decode(digest).hex()
    return found


def blocks_of(data):
    return [base64.b64encode(hashlib.sha256(data[i:i + 65536]).digest()).decode() for i in range(0, len(data), 65536)]


def files_of_block_map(path):
    return {file.get("Name").replace("\\", "/"): [block.get("Hash") for block in file if local(block) == "Block"]
            for file in ElementTree.parse(path).getroot() if local(file) == "File"}


class Judge:
    """Says what a file is that servicing wrote into an image, or fails the test."""

    def __init__(self, test, root, given):
        self.test, self.root, self.given = test, root, given
        self.documents, self.payload, self.stored = [], None, None

    def path(self, place):
        return os.path.join(self.root, place)

    def judge(self, places):
        for place in places:
            self.file(place)
        if self.documents:
            run("xmllint", "--noout", "--nonet", *self.documents)

    def file(self, place):
        path, end = self.path(place), os.path.splitext(place)[1].lower()
        if place in self.given:
            self.test.assertEqual(read(path), self.given[place], place)
        elif place.startswith(APPS):
            self.app(place)
        elif end in (".mum", ".manifest", ".xml"):
            self.documents.append(path)
            if place.startswith(PACKAGES) and os.path.exists(path[:-4] + ".cat"):
                self.listed(place, path[:-4] + ".cat")
        elif end == ".cat":
            run("openssl", "asn1parse", "-inform", "DER", "-in", path)
            run("openssl", "pkcs7", "-inform", "DER", "-noout", "-in", path)
            if place.startswith(CATALOGS):
                self.is_of_store(place)
        elif place.startswith(STORE):
            self.of_driver(place)
        elif place.startswith(INF):
            self.is_of_store(place)
        elif place.startswith(SXS):
            folder, name = os.path.split(place[len(SXS):])
            self.test.assertEqual(sha256(path), digests_of_manifest(self.path(f"{MANIFESTS}{folder}.manifest"))[name], place)
        elif sha256(path) not in self.all_payload().get(os.path.basename(place).lower(), ()):
            self.is_of_store(place)

    def listed(self, place, catalogue):
        self.test.assertIn(hashlib.sha256(read(self.path(place))).digest(), read(catalogue), f"{place} in its catalogue")

    def of_driver(self, place):
        """In the store: an INF that is text, and files its catalogue lists."""
        folder = os.path.dirname(self.path(place))
        if place.lower().endswith(".inf"):
            self.test.assertIn(b"[version]", read(self.path(place)).replace(b"\0", b"").lower(), place)
        for name in os.listdir(folder):
            if name.endswith(".cat"):
                self.listed(place, os.path.join(folder, name))

    def is_of_store(self, place):
        if self.stored is None:
            self.stored = {entry[2] for name, entry in tree_of(self.path(STORE)).items() if entry[0] == "file"}
        self.test.assertIn(sha256(self.path(place)), self.stored, f"{place}: nobody says what it has to be")

    def all_payload(self):
        if self.payload is None:
            self.payload = {}
            for name in os.listdir(self.path(MANIFESTS)):
                for file, digest in digests_of_manifest(self.path(MANIFESTS + name)).items():
                    self.payload.setdefault(file.lower(), set()).add(digest)
        return self.payload

    def app(self, place):
        """Under an app's folder: what its block map has; the block map; a signature."""
        name = place[len(APPS):].split("/")[0]
        inside, data = place[len(APPS) + len(name) + 1:], read(self.path(place))
        folder = self.path(APPS + name)
        block_map = next(f for f in (folder + "/AppxBlockMap.xml", folder + "/AppxMetadata/AppxBlockMap.xml") if os.path.exists(f))
        if inside.endswith("AppxSignature.p7x"):
            self.test.assertEqual(data[:4], b"PKCX")
            run("openssl", "asn1parse", "-inform", "DER", input=data[4:])
        elif self.path(place) != block_map:
            self.test.assertEqual(files_of_block_map(block_map).get(inside), blocks_of(data), place)
        if inside.endswith(".xml"):
            self.documents.append(self.path(place))


# ---- the test ----

class Serviced(Test):
    """A test with a copy of an image of the catalogue; `start` mounts it and opens a session."""
    image_name = "serviced-client.wim"

    def setUp(self):
        super().setUp()
        self.image = shutil.copy(os.path.join(CATALOGUE, self.image_name), self.path("w.wim"))
        self.mount = self.root = self.folder("mount")
        self.work = self.client()

    def start(self, index=1, flags=0):
        self.work.must("mount", self.image, self.mount, index, flags)
        self.session = self.work.must("open", self.mount)

    def end(self, commit=True):
        self.work.must("close", self.session)
        self.work.must("unmount", self.mount, COMMIT if commit else DISCARD)

    def ask(self, call, *arguments, hr=OK):
        """What a call gives, by its name in the API."""
        text = self.work.must(call, self.session, *arguments, hr=hr)
        return json.loads(text) if text.startswith("{") else text

    def unpack(self, name="after", place="/Windows"):
        """What the image file has, by another reader."""
        wimlib("extract", self.image, "1", place, "--dest-dir=" + self.path(name), "--no-acls", "--preserve-dir-structure")
        return self.path(name)

    @contextlib.contextmanager
    def changing(self, files=(), given=None, **keys):
        """What the calls within do to self.root: `files` are patterns of places that come, go or change, `keys` those of
        keys, by hive. Each has to fit something, and all that changed one of them. `given`: contents of files of which nothing
        in the image says what they have."""
        before = Seen(self.root)
        yield
        after = Seen(self.root)
        self.assertFalse([p for p in after.tree if p.startswith(STAGING)])
        places = [p for p in sorted(before.tree.keys() | after.tree.keys()) if before.tree.get(p) != after.tree.get(p)]
        hives = [p for p in places if p.startswith(CONFIG)]
        self.hold_hives(before, hives, keys)
        places = [p for p in places if p not in hives]
        entries = {p: after.tree[p] for p in places if p in after.tree}
        self.hold_patterns("files", files, [p for p in places if entries.get(p) != ("dir",) and before.tree.get(p) != ("dir",)])
        Judge(self, self.root, given or {}).judge([p for p, entry in entries.items() if entry[0] == "file"])
        self.assertFalse([p for p, entry in entries.items() if entry[0] == "link"])

    def hold_hives(self, before, places, keys):
        self.assertEqual([p[len(CONFIG):] for p in places], sorted(keys), "hives that changed")
        for name, patterns in keys.items():
            old = hivetest.read_hivexregedit(self.write("old-hive", before.hives[name]))
            new = read_by_all(self, hive_path(self.root, name))
            self.hold_patterns(name, patterns, changed_keys(old, new))
            if name == "SOFTWARE":
                assert_indexes_agree(self, new)

    def hold_patterns(self, what, patterns, changed):
        patterns = [re.compile(p) for p in ([patterns] if isinstance(patterns, str) else patterns)]
        self.assertEqual([c for c in changed if not any(p.search(c) for p in patterns)], [], f"{what} that nobody asked to change")
        self.assertEqual([p.pattern for p in patterns if not any(p.search(c) for c in changed)], [], f"{what} that should have changed")


__all__ = [n for n in dir() if not n.startswith("_")]

# SPDX-License-Identifier: MIT
"""Random walks through servicing: calls that a seed chooses, on an image in a file, in a folder and on the running system, and
what has to be true after each of them, whatever came before.

WALKS_SEEDS ("1-200", "7"; each is a walk) and WALKS_STEPS make it long. A walk that fails prints its seed and its steps."""
import random

from serviced import *

SEEDS, STEPS = os.environ.get("WALKS_SEEDS", "1"), int(os.environ.get("WALKS_STEPS", "12"))
CLOCK = "2026-01-02T03:04:05"  # times are part of hives
NAME, PATH = 1, 2
FAILED = "89ABCDEF"
RESOLVED, IN_USE = 0x20, (0x60, 0x65, 0x70, 0x80)  # CurrentState in the registry
STAGED, INSTALLED, ON, PENDING = 2, 4, (4, 7), (1, 5)  # DismPackageFeatureState
PACKAGE_FILES = ("simple all-fields driver expanded features fod-dependency installed language-pack lzx msu-one msu-several neutral "
                 "needs-servicing-stack parent-either parent-newer parent-revision permanent restart-possible restart-required "
                 "rollup-newer rollup-older rollup-restart servicing-stack stored utf16 edition arm64 parent-missing damaged-byte "
                 "payload-spoilt offline-incapable many-files restart-features without-catalog x86").split()
DRIVERS = ("net/ctsnet net-newer/ctsnet boot-critical/ctsraid boot-critical-unsigned/ctsraid unsigned/ctsraw system/ctschip "
           "printer/ctsprint utf16/ctswide several-arch/ctsall oem-duplicate/raid inbox-duplicate/netinbox arm64/ctsarm "
           "file-missing/ctslack hostile/ctsevil unknown-class/ctsown no-version/ctsnover").split()
APPS_ADDED = (("app-appx", ""), ("app-msix.msix", ""), ("app-bundle.appxbundle", ""), ("app-bundle-newer.msixbundle", ""),
              ("app-with-dependency", "app-runtime"), ("app-with-dependency", ""), ("app-installed", ""), ("app-names", ""),
              ("app-file-changed", ""), ("app-arm64", ""))
ANSWERS = ("unattend-install/unattend.xml", "unattend-remove", "unattend-features", "unattend-drivers/unattend.xml", "unattend-settings",
           "unattend-stage/unattend.xml", "unattend-features-unknown", "unattend-malformed", "unattend-drivers-missing")
SOURCES = ("", "pkg-feature-source", "pkg-fod-source", "pkg-health-source", "pkg-fod-source-damaged")
LISTS = {"DismGetPackages": ("PackageName", "PackageState", ()), "DismGetFeatures": ("FeatureName", "State", ("", 0)),
         "DismGetCapabilities": ("Name", "State", ()), "DismGetDrivers": ("PublishedName", None, (1,)),
         "_DismGetProvisionedAppxPackages": ("PackageName", None, ())}
INFOS = {"DismGetPackages": ("DismGetPackageInfo", "PackageState", (NAME,)), "DismGetFeatures": ("DismGetFeatureInfo", "FeatureState", ("", 0)),
         "DismGetCapabilities": ("DismGetCapabilityInfo", "State", ()), "DismGetDrivers": ("DismGetDriverInfo", None, ())}
ADDITIVE = ("DismAddPackage", "DismEnableFeature", "DismDisableFeature", "DismAddDriver", "DismRestoreImageHealth")
AGAIN = ("DismEnableFeature", "DismDisableFeature", "DismAddPackage", "DismAddCapability", "DismRestoreImageHealth", "DismAddDriver")


def found(name):
    """A fixture, and what is in a folder that is one."""
    head, _, tail = name.partition("/")
    return source(head) + ("/" + tail if tail else "")


class Walk:
    def __init__(self, test, seed, kind):
        self.test, self.kind, self.random = test, kind, random.Random(seed)
        self.hives, self.said = {}, [f"seed {seed}, {kind}"]
        self.state = test.folder(f"state-{seed}-{kind}")
        self.options = {"state": self.state, "env": {"DISMFAKE_ENGINE": "extract", "DISMFAKE_CLOCK": CLOCK}}
        self.work = test.client(**self.options)
        self.root = os.path.join(self.state, "online") if kind == "online" else test.path(f"root-{seed}-{kind}")
        if kind == "folder":
            run("wimlib-imagex", "apply", source("serviced-client.wim"), "1", self.root)
        elif kind == "image":
            os.mkdir(self.root)
            self.image = shutil.copy(source("serviced-client.wim"), test.path(f"w-{seed}.wim"))
        self.begin()
        if kind == "online":
            self.restart()  # what the system came with goes through

    # ---- sessions ----

    def begin(self):
        if self.kind == "image" and not self.work.mounts():
            self.work.must("mount", self.image, self.root, 1, 0)
        self.session = self.work.must("open", "online" if self.kind == "online" else self.root)

    def renew(self):
        """Another process finds what this one sees."""
        lists = self.lists()
        self.work.must("close", self.session)
        self.work.end()
        self.work = self.test.client(**self.options)
        self.begin()
        self.equal(self.lists(), lists, "seen by another process")

    def restart(self):
        self.work.must("close", self.session)
        self.work.must("shutdown")
        self.work.must("reboot")
        self.work.must("init", 2)
        self.begin()

    def unmount(self, flags):
        tree, lists = self.tree(), self.lists()
        self.work.must("close", self.session)
        self.work.must("unmount", self.root, flags)
        self.begin()
        if flags == COMMIT:
            self.equal(self.tree(), tree, "after a commit")
            self.equal(self.lists(), lists, "after a commit")

    # ---- calls ----

    def ask(self, call, *words):
        return self.work.call(call, self.session, *words)

    def records(self, call, *words):
        reply = self.ask(call, *words)
        self.equal(reply.hr, OK, (call, words, reply.text))
        return next(v for v in json.loads(reply.text).values() if isinstance(v, list))

    def lists(self):
        return {call: {r[name]: r.get(state) for r in self.records(call, *words)} for call, (name, state, words) in LISTS.items()}

    def choose(self, lists):
        """A call and its arguments."""
        one = self.random.choice

        def listed(call):
            return one(sorted(lists[call]) or ["nothing"])
        feature, capability, sources = self.feature(lists), listed("DismGetCapabilities"), one(SOURCES)
        sources = sources and source(sources)
        drivers, package = found("drv-" + one(DRIVERS) + ".inf"), one(self.packages())
        app, dependency = one(APPS_ADDED)
        calls = (
            *4 * [("DismAddPackage", package, 0, self.random.randrange(2))],
            *2 * [("DismRemovePackage", listed("DismGetPackages"), NAME)], ("DismRemovePackage", package, PATH),
            *2 * [("DismEnableFeature", *feature, 1, sources, self.random.randrange(2))],
            *2 * [("DismDisableFeature", feature[0], feature[1], one((0, 0, 1)))],
            ("DismAddCapability", capability, 1, sources), ("DismAddCapability", capability, 1, source("pkg-fod-source")),
            ("DismRemoveCapability", capability),
            *2 * [("DismAddDriver", drivers, self.random.randrange(2))], *2 * [("DismRemoveDriver", listed("DismGetDrivers"))],
            ("_DismAddProvisionedAppxPackage", source(app), dependency and source(dependency), "", "", 1, "", one(("", "DE", "US;FR")), 0),
            ("_DismRemoveProvisionedAppxPackage", listed("_DismGetProvisionedAppxPackages")),
            ("_DismSetEdition", one(("Professional", "Enterprise", "Education", "ProfessionalWorkstation", "NoSuch")), ""),
            ("DismRestoreImageHealth", sources, 1), ("DismApplyUnattend", found(one(ANSWERS)), 1))
        return one(calls)

    def feature(self, lists):
        """A feature, its package, and what that is: those of the foundation need none."""
        if self.random.randrange(2):
            return self.random.choice(sorted(lists["DismGetFeatures"])), "", 0
        package = self.random.choice(sorted(lists["DismGetPackages"]))
        return self.random.choice(sorted(self.features_of(package)) or ["NoSuchFeature"]), package, NAME

    def packages(self):
        return [os.path.join(CATALOGUE, name) for name in sorted(os.listdir(CATALOGUE))
                if name.startswith("pkg-") and os.path.splitext(name)[0][4:] in PACKAGE_FILES]

    def step(self):
        what = self.random.randrange(12)
        if what == 0:
            self.said.append("another process")
            return self.renew()
        if what == 1 and self.kind == "image":
            flags = self.random.choice((COMMIT, COMMIT, DISCARD))
            self.said.append(f"unmount {flags}")
            return self.unmount(flags)
        if what in (1, 2, 3) and self.kind == "online":
            self.said.append("restart")
            self.restart()
            return self.invariants()
        call, *words = self.choose(self.lists())
        self.change(call, *words)
        return self.invariants()

    def change(self, call, *words):
        before = self.tree()
        reply = self.ask(call, *words)
        self.said.append(f"{call} {words} {reply.hr} {reply.text if reply.hr[0] in FAILED else ''}")
        if reply.hr[0] in FAILED:
            self.equal(self.tree(), before, "a call that fails changes nothing")
        elif call in AGAIN and self.random.randrange(3) == 0:
            before = self.content()
            again = self.ask(call, *words)
            self.said.append(f"again {again.hr} {again.text}")
            self.equal(self.content(), before, "the same call again changes nothing")
        return reply

    # ---- there and back ----

    def there_and_back(self, steps):
        """What was added goes and what was turned is turned back: then all is as it was, but that what was the manifest's choice
        is a choice of ours (Updates), and that folders stay which files were placed in. Some can only be added: what is
        permanent, and a driver that is there already, which is written anew."""
        before, first = self.lists(), self.content()
        for _ in range(steps):
            call, *words = self.choose(self.lists())
            if call in ADDITIVE and not re.search("permanent|pkg-edition|stack|msu-several|duplicate", str(words[0])):
                if call.endswith("Feature"):  # payload neither goes nor comes
                    words[2 if call == "DismDisableFeature" else 4] = 0 if call == "DismDisableFeature" else ""
                self.change(call, *words)
        self.invariants()
        self.said.append("back")
        for _ in range(8):  # children before their parents, whatever the order
            now = self.lists()
            for call, name, undo, words in (("DismGetPackages", "PackageName", "DismRemovePackage", (NAME,)),
                                            ("DismGetDrivers", "PublishedName", "DismRemoveDriver", ())):
                for new in sorted(set(now[call]) - set(before[call])):
                    self.change(undo, new, *words)
            for feature, state in before["DismGetFeatures"].items():
                if now["DismGetFeatures"].get(feature, state) != state and state in (INSTALLED, STAGED):
                    self.change(*(("DismEnableFeature", feature, "", 0, 1, "", 0) if state == INSTALLED else
                                  ("DismDisableFeature", feature, "", 0)))
        self.invariants()
        self.equal(self.lists(), before, "lists as they were")
        self.equal(comparable(self.content()), comparable(first), "all is as it was")

    # ---- what has to be true ----

    def equal(self, got, wanted, what):
        if got != wanted and isinstance(got, dict) and isinstance(wanted, dict):
            got, wanted = ({k: v for k, v in one.items() if other.get(k, ...) != v} for one, other in ((got, wanted), (wanted, got)))
        self.test.assertEqual(got, wanted, what)

    def tree(self):
        return {place: entry[0] if entry[0] == "dir" else entry[-1] for place, entry in tree_of(self.root, ("Windows/Logs",)).items()}

    def keys(self, hive="SOFTWARE"):
        digest = sha256(hive_path(self.root, hive))
        if self.hives.get(hive, ("",))[0] != digest:
            self.hives[hive] = digest, hivetest.read_hivexregedit(hive_path(self.root, hive))
        return self.hives[hive][1]

    def content(self):
        """The tree, and for hives their keys: written anew they are the same."""
        hives = {f"{hive}\\{key}": values for hive in HIVES for key, values in self.keys(hive).items()}
        return {**{place: entry for place, entry in self.tree().items() if place[len(CONFIG):] not in HIVES}, **hives}

    def invariants(self):
        lists = self.lists()
        self.infos(lists)
        self.equal(json.loads(self.ask("DismCheckImageHealth", 1).text)["ImageHealth"], 0, "health")
        tree, keys = self.tree(), self.keys()
        self.equal([p for p in tree if p.startswith(STAGING)], [], "left of the change")
        assert_indexes_agree(self.test, keys)
        self.packages_agree(tree, keys, lists)
        self.components_agree(tree, keys)
        self.drivers_agree(tree, lists)
        self.apps_agree(tree, keys, lists)

    def infos(self, lists):
        for call, (info, field, words) in INFOS.items():
            for name, state in lists[call].items():
                reply = self.ask(info, name, *words)
                self.equal(reply.hr, OK, (info, name, reply.text))
                record = next(iter(json.loads(reply.text).values()))[0]
                if field:
                    self.equal(record[field], state, (info, name))

    def packages_agree(self, tree, keys, lists):
        self.registered = {k[len(CBS) + 10:]: v for k, v in keys.items() if re.fullmatch(re.escape(CBS) + r"\\Packages\\[^\\]+", k)}
        files = {p[len(PACKAGES):-4] for p in tree if p.startswith(PACKAGES) and p.endswith(".mum")}
        self.equal(files - set(self.registered), set(), "manifests without keys of packages")
        self.equal({p for p in set(self.registered) - files if state_of(self.registered[p]) > RESOLVED}, set(), "packages without manifest")
        visible = {p for p, v in self.registered.items() if number(v.get("Visibility")) == 1 and number(v.get("CurrentState"))}
        self.equal(set(lists["DismGetPackages"]), visible, "packages listed")

    def components_agree(self, tree, keys):
        """The store has what a package has; in place are the files of those in use, the highest version of each."""
        names = {identity_of(ElementTree.parse(os.path.join(self.root, p)).getroot()): p for p in tree if p.startswith(MANIFESTS)}
        owned, either, used = set(), set(), {}
        for package, values in self.registered.items():
            if not os.path.exists(os.path.join(self.root, f"{PACKAGES}{package}.mum")):
                continue
            manifest = ElementTree.parse(os.path.join(self.root, f"{PACKAGES}{package}.mum")).getroot()
            features = self.features_of(package) if any(local(e) == "selectable" for e in manifest.iter()) else {}
            for update in (e for e in manifest.iter() if local(e) == "update"):
                state = features.get(update.get("name"), INSTALLED)
                for component in (identity_of(e) for e in update if local(e) == "component"):
                    owned.add(component)
                    if state in PENDING:
                        either.add(component)
                    if state_of(values) in IN_USE and state in ON:
                        used.setdefault(component[0], []).append(component)
        self.equal([n for n in names if n not in owned], [], "components of no package")
        folders = {p for p in tree if re.fullmatch(SXS + r"[^/]+", p) and tree[p] == "dir"} - {SXS + "Manifests"}
        self.equal([f for f in folders if f"{MANIFESTS}{f[len(SXS):]}.manifest" not in tree], [], "folders without manifest")
        used = {max(components, key=lambda c: [int(n) for n in c[1].split(".")]) for components in used.values()}
        wanted, others = {}, set()
        for component, manifest in names.items():
            for place, name in placed(os.path.join(self.root, manifest)):
                stored = tree.get(f"{SXS}{manifest[len(MANIFESTS):-9]}/{name}")
                if component in used:
                    wanted[place] = stored
                elif component not in either:
                    others.add(place)
        if not any(re.search(r"\\(RebootPending|PackagesPending\\.*)$|PendingFeatures", key) for key in keys):
            self.equal({p: tree.get(p) for p in wanted}, wanted, "files of components in use")
            self.equal([p for p in others - set(wanted) if p in tree], [], "files of components in no use")

    def features_of(self, package):
        return {r["FeatureName"]: r["State"] for r in self.records("DismGetFeatures", package, NAME)}

    def drivers_agree(self, tree, lists):
        infs = {p[len(INF):] for p in tree if re.fullmatch(INF + r"oem\d+\.inf", p)}
        databases = [self.keys(hive) for hive in ("SYSTEM", "DRIVERS")]
        known = {k.split("\\")[2] for d in databases for k in d if re.fullmatch(r"DriverDatabase\\DriverInfFiles\\oem\d+\.inf", k)}
        self.equal(known, infs, "published INFs and keys")
        self.equal({n for n in lists["DismGetDrivers"] if n.startswith("oem")}, infs, "drivers listed")
        folders = {p[len(STORE):] for p in tree if re.fullmatch(STORE + "[^/]+", p)}
        packages = {k.split("\\")[2] for d in databases for k in d if re.fullmatch(r"DriverDatabase\\DriverPackages\\[^\\]+", k)}
        self.equal(packages, folders, "driver store and keys")

    def apps_agree(self, tree, keys, lists):
        have = {k.rpartition("\\")[2] for k in keys if re.search(r"\\AppxAllUserStore\\Applications\\[^\\]+$", k)}
        self.equal(have, set(lists["_DismGetProvisionedAppxPackages"]), "apps listed and keys")
        self.equal([n for n in have if APPS + n not in tree], [], "folders of apps")


def number(value):
    return int.from_bytes(value[1], "little") if value else 0


def state_of(values):
    return abs(int.from_bytes(values["CurrentState"][1], "little", signed=True)) & 0xFF


def identity_of(element):
    e = next(e for e in element.iter() if local(e) == "assemblyIdentity")
    return (tuple(e.get(k).lower() for k in ("name", "processorArchitecture", "language")), e.get("version"))


def comparable(content):
    return {key: entry for key, entry in content.items() if not key.endswith("\\Updates") and
            (entry != "dir" or key.startswith((SXS, STORE)))}


def placed(manifest):
    for file in ElementTree.parse(manifest).getroot():
        if local(file) == "file" and "(runtime.system32)" in file.get("destinationPath", ""):
            yield "Windows/System32/" + file.get("name"), file.get("sourceName") or file.get("name")


def seeds():
    first, _, last = SEEDS.partition("-")
    return range(int(first), int(last or first) + 1)


class walks(Test):
    def walk(self, seed, kind, is_there_and_back=False):
        walk = Walk(self, f"{seed}", kind)
        try:
            if is_there_and_back:
                walk.there_and_back(STEPS)
            for _ in range(0 if is_there_and_back else STEPS):
                walk.step()
        except (AssertionError, Ended, KeyError, ValueError, StopIteration) as e:
            raise AssertionError("\n".join([*walk.said, repr(e)[-3000:]])) from e
        finally:
            walk.work.kill()
            shutil.rmtree(walk.root, ignore_errors=True)

    def test_an_image_in_a_folder(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                self.walk(seed, "folder")

    def test_there_and_back(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                self.walk(seed, "folder", is_there_and_back=True)

    def test_an_image_in_a_file(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                self.walk(seed, "image")

    def test_the_running_system(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                self.walk(seed, "online")


if __name__ == "__main__":
    main()

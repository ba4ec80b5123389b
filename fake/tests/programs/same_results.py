# SPDX-License-Identifier: MIT
"""Every servicing call, one after another, on the same Windows in a WIM (each engine), on a VHD, a VHDX and in a folder: each
answer is the same, field by field, and so is the image after each call, after a commit, and after a discard."""
from serviced import *

TOKEN = "31bf3856ad364e35"
SIMPLE = f"Package_for_KB5030001~{TOKEN}~amd64~~22621.2001.1.0"
KB = f"Package_for_KB5012170~{TOKEN}~amd64~~22621.105.1.1"
FOUNDATION = f"Microsoft-Windows-Foundation-Package~{TOKEN}~amd64~~10.0.22621.1"
KEY = "VK7JG-NPHTM-C97JM-9MPGT-3V66T"
NAME, PATH = 1, 2
CLOCK = "2026-01-02T03:04:05"  # times are part of hives

LISTS = (("DismGetPackages",), ("DismGetFeatures", "", 0), ("DismGetCapabilities",), ("DismGetDrivers", 1),
         ("_DismGetProvisionedAppxPackages",), ("_DismGetCurrentEdition",), ("_DismGetTargetEditions",))


def changes():
    """All calls that change, some that are refused, and what somebody else does in between."""
    def feature(name, sources="", parents=0):
        return "DismEnableFeature", name, "", 0, 1, sources, parents

    def app(name, dependencies="", licences="", custom="", region=""):
        return "_DismAddProvisionedAppxPackage", source(name), dependencies, "", licences, int(not licences), custom, region, 0

    return (
        ("DismAddPackage", source("pkg-simple"), 0, 0), ("DismAddPackage", source("pkg-msu-several"), 0, 0),
        ("DismAddPackage", source("pkg-features"), 0, 0), ("DismAddPackage", source("pkg-all-fields"), 0, 0),
        ("DismAddPackage", source("pkg-driver"), 0, 0), ("DismAddPackage", source("pkg-arm64"), 0, 0),
        ("DismRemovePackage", SIMPLE, NAME), ("DismRemovePackage", FOUNDATION, NAME), ("DismRemovePackage", KB, NAME),
        feature("Contoso-Tools-Server", parents=1), feature("TelnetClient"), feature("NetFx3", source("pkg-feature-source")),
        feature("NoSuchFeature"), ("DismDisableFeature", "TelnetClient", "", 0), ("DismDisableFeature", "WorkFolders-Client", "", 1),
        ("DismAddCapability", "OpenSSH.Server~~~~0.0.1.0", 1, source("pkg-fod-source")),
        ("DismAddCapability", "Print.Fax.Scan~~~~0.0.1.0", 1, ""), ("DismRemoveCapability", "OpenSSH.Client~~~~0.0.1.0"),
        ("DismAddDriver", source("drv-net") + "/ctsnet.inf", 0), ("DismAddDriver", source("drv-boot-critical") + "/ctsraid.inf", 0),
        ("DismAddDriver", source("drv-unsigned") + "/ctsraw.inf", 0), ("DismAddDriver", source("drv-unsigned") + "/ctsraw.inf", 1),
        ("DismRemoveDriver", "oem0.inf"), ("DismRemoveDriver", "netinbox.inf"),
        app("app-with-dependency", source("app-runtime")), app("app-bundle.appxbundle", licences=source("app-license"), region="DE"),
        app("app-unsigned"), ("_DismRemoveProvisionedAppxPackage", "Contoso.Paint_5.0.1.0_x64__8wekyb3d8bbwe"),
        ("DismApplyUnattend", source("unattend-install") + "/unattend.xml", 1), ("DismApplyUnattend", source("unattend-drivers") + "/unattend.xml", 1),
        ("DismApplyUnattend", source("unattend-features"), 1), ("DismApplyUnattend", source("unattend-settings"), 1),
        ("DismApplyUnattend", source("unattend-malformed"), 1),
        ("DismCheckImageHealth", 0), ("spoil", "Windows/WinSxS/amd64_contoso-core_", "core.dll"), ("DismCheckImageHealth", 1),
        ("DismRestoreImageHealth", "", 1), ("DismRestoreImageHealth", source("pkg-health-source"), 1), ("DismCheckImageHealth", 1),
        ("_DismGetProductKeyInfo", KEY), ("_DismValidateProductKey", KEY), ("_DismSetProductKey", KEY),
        ("_DismSetEdition", "Enterprise", ""), ("_DismSetEdition", "NoSuchEdition", ""),
        ("DismGetReservedStorageState",), ("DismSetReservedStorageState", 0), ("_DismExportDriver", "<out>"))


class Kind:
    """One way to have that Windows."""

    def __init__(self, test, name, image=None, engine="extract"):
        self.test, self.name, self.image = test, name, image
        self.out = test.folder(name + "-out")
        self.root = test.path(name + "-root")
        self.work = test.client(state=test.path(name + "-state"), env={"DISMFAKE_ENGINE": engine, "DISMFAKE_CLOCK": CLOCK})
        if image:
            os.mkdir(self.root)
        else:
            run("wimlib-imagex", "apply", source("serviced-client.wim"), "1", self.root)

    def begin(self):
        if self.image:
            self.work.must("mount", self.image, self.root, 1, 0)
        self.session = self.work.must("open", self.root)

    def end(self, flags):
        self.work.must("close", self.session)
        if self.image:
            self.work.must("unmount", self.root, flags)

    def plain(self, text):
        for path, word in ((self.root, "<root>"), (self.out, "<out>"), (self.test.path(self.name + "-state"), "<state>")):
            text = text.replace(path, word)
        return text

    def ask(self, call, *words):
        reply = self.work.call(call, self.session, *(self.out if w == "<out>" else w for w in words))
        return call, words, reply.hr, self.plain(reply.text)

    def spoil(self, folder, name):
        """Not the file that is in use too, when they are one by a hard link."""
        for at in os.listdir(os.path.join(self.root, os.path.dirname(folder))):
            path = os.path.join(self.root, os.path.dirname(folder), at, name)
            if at.startswith(os.path.basename(folder)) and os.path.exists(path):
                os.unlink(path)
        return "spoil"

    def lists(self):
        return [self.ask(*words) for words in LISTS]

    def infos(self):
        """Everything about everything that is listed, and about packages and drivers that are not in the image."""
        def names(call, key, *words):
            _, _, hr, text = self.ask(call, *words)
            self.test.assertEqual(hr, OK)
            records = next(v for v in json.loads(text).values() if isinstance(v, list))
            return [record[key] for record in records]
        asked = []
        for name in names("DismGetPackages", "PackageName"):
            asked += [self.ask("DismGetPackageInfo", name, NAME), self.ask("DismGetPackageInfoEx", name, NAME),
                      self.ask("DismGetFeatures", name, NAME)]
        for name in names("DismGetFeatures", "FeatureName", "", 0):
            asked += [self.ask("DismGetFeatureInfo", name, "", 0), self.ask("DismGetFeatureParent", name, "", 0)]
        asked += [self.ask("DismGetCapabilityInfo", name) for name in names("DismGetCapabilities", "Name")]
        asked += [self.ask("DismGetDriverInfo", name) for name in names("DismGetDrivers", "PublishedName", 1)]
        asked += [self.ask("DismGetDriverInfo", source("drv-net-newer") + "/ctsnet.inf"), self.ask("DismGetDriverInfo", "oem77.inf"),
                  self.ask("DismGetPackageInfoEx", source("pkg-rollup-newer"), PATH), self.ask("DismGetFeatures", source("pkg-features"), PATH),
                  self.ask("DismGetPackageInfo", "No~Such~Package~~1.0", NAME)]
        return asked

    def tree(self):
        """Names and contents; with the same clock hives are the same, too."""
        return {place: entry[0] if entry[0] == "dir" else entry[-1]
                for place, entry in tree_of(self.root, ("System Volume Information",)).items()}


class the_same_results(Test):
    def kinds(self):
        vhd = self.path("v.vhd")
        vhdx = shutil.copy(source("disk-serviced-client.vhdx"), self.path("v.vhdx"))
        run("qemu-img", "convert", "-f", "vhdx", "-O", "vpc", "-o", "subformat=dynamic,force_size=on", vhdx, vhd)
        yield Kind(self, "folder")
        yield Kind(self, "extract", shutil.copy(source("serviced-client.wim"), self.path("extract.wim")))
        if may_mount():
            yield Kind(self, "lazy", shutil.copy(source("serviced-client.wim"), self.path("lazy.wim")), "lazy")
        yield Kind(self, "vhdx", vhdx)
        yield Kind(self, "vhd", vhd)

    def setUp(self):
        super().setUp()
        self.all = list(self.kinds())
        self.first = self.all[0]

    def same(self, what, of):
        """What `of` gives for each of them."""
        wanted = of(self.first)
        for kind in self.all[1:]:
            got = of(kind)
            if got != wanted:
                items = zip(got, wanted) if isinstance(got, list) else ((got.get(k), wanted.get(k)) for k in sorted(got.keys() | wanted.keys()))
                self.assertEqual(*next(pair for pair in items if pair[0] != pair[1]), f"{what}, {kind.name}")
                self.assertEqual(len(got), len(wanted), f"{what}, {kind.name}")
        return wanted

    def test_each_call_gives_and_does_the_same(self):
        for kind in self.all:
            kind.begin()
        codes = {}
        first = self.same("at first", Kind.infos)
        self.assertGreater(len(first), 140)
        before = self.same("at first", Kind.tree)
        for call, *words in changes():
            of = (lambda kind: [kind.spoil(*words)]) if call == "spoil" else lambda kind: [kind.ask(call, *words), *kind.lists()]
            codes.setdefault(call, set()).add(self.same((call, words), of)[0][2])
            self.same((call, words), Kind.tree)
        self.assertEqual([call for call, seen in codes.items() if not {OK, FALSE} & seen and call != "spoil"],
                         ["DismGetReservedStorageState", "DismSetReservedStorageState"])  # of the running system only
        answers, after = self.same("at last", Kind.infos), self.same("at last", Kind.tree)
        self.assertNotEqual(after, before)
        self.assertGreater(len(self.same("exported", lambda kind: tree_of(kind.out))), 10)
        for kind in self.all:
            kind.end(COMMIT)
            kind.begin()
        self.assertEqual(self.same("after a commit", Kind.infos), answers)
        self.assertEqual(self.same("after a commit", Kind.tree), after)
        for kind in self.all:
            kind.end(DISCARD)

    def test_a_discard_leaves_nothing(self):
        del self.all[0]
        for kind in self.all:
            image = sha256(kind.image)
            kind.begin()
            tree = kind.tree()
            for call in changes():
                if call[0] in ("DismAddPackage", "DismAddDriver", "_DismSetEdition", "DismDisableFeature"):
                    kind.ask(*call)
            self.assertNotEqual(kind.tree(), tree)
            kind.end(DISCARD)
            self.assertEqual(sha256(kind.image), image, kind.name)
            kind.begin()
            self.assertEqual(kind.tree(), tree, kind.name)
            kind.end(DISCARD)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Nothing is written outside of the image: packages, drivers, apps and answer files that name places outside, an image whose
hives and files do, and links in an image that lead out. Around the image everything stays as it is, to the byte."""
import zipfile

from same_results import changes
from serviced import *

TOKEN = "31bf3856ad364e35"
KB = f"Package_for_KB5012170~{TOKEN}~amd64~~22621.105.1.1"
PAINT = "Contoso.Paint_5.0.1.0_x64__8wekyb3d8bbwe"
UP = "..\\..\\..\\..\\..\\..\\"
NAME = 1


class Outside(Test):
    def setUp(self):
        super().setUp()
        self.root = self.path("image")
        run("wimlib-imagex", "apply", source("serviced-client.wim"), "1", self.root)
        self.write("outside", "precious", "precious\n")
        self.write("precious", "precious\n")
        self.work = self.client()

    def open(self):
        self.around = self.look_around()
        self.session = self.work.must("open", self.root)

    def look_around(self):
        return tree_of(self.dir, ("image", "state", "state-extract", "state-lazy"))

    def close(self):
        self.work.must("close", self.session)
        self.assertEqual(self.look_around(), self.around)

    def refused(self, call, *words, codes=()):
        """With a code, a message, and an image that is as it was."""
        before = tree_of(self.root)
        reply = self.work.call(call, self.session, *words)
        self.assertGreaterEqual(reply.hr, "80000000", (call, words))
        self.assertGreater(len(reply.text.strip()), 10, (call, words))
        if codes:
            self.assertIn(reply.hr, codes, (call, words, reply))
        self.assertEqual(tree_of(self.root), before, (call, words))
        self.assertEqual(self.look_around(), self.around, (call, words))
        return reply


# ---- what comes to an image ----

class packages_drivers_and_apps(Outside):
    def test_those_of_the_catalogue(self):
        self.write("image", "evil.txt", "evil, but the image's\n")
        self.open()
        for name in ("pkg-hostile-parent-names", "pkg-hostile-absolute-names", "pkg-hostile-streams", "pkg-hostile-devices"):
            for ignores in (0, 1):
                self.refused("DismAddPackage", source(name), ignores, 0)
        self.refused("DismAddDriver", source("drv-hostile") + "/ctsevil.inf", 1)
        for name in ("app-hostile-names", "app-hostile-identity"):
            self.refused("_DismAddProvisionedAppxPackage", source(name), "", "", "", 1, "", "", 0)
        self.refused("DismApplyUnattend", source("unattend-hostile-source"), 1)
        self.close()

    def remade(self, old, new, ends=(".manifest",)):
        """An expanded package with other words in its manifests."""
        folder = self.path("made")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source("pkg-expanded"), folder)
        changed = 0
        for name in os.listdir(folder):
            if name.endswith(ends):
                path = os.path.join(folder, name)
                text = read(path).decode()
                changed += old in text
                self.write("made", name, text.replace(old, new))
        self.assertTrue(changed, old)
        if "update.cat" in os.listdir(folder):
            os.unlink(folder + "/update.cat")
        self.around = self.look_around()
        return folder

    def test_destinations_of_a_manifest(self):
        self.open()
        destination = 'destinationPath="$(runtime.system32)\\"'
        for hostile in (UP + "outside\\", "..\\..\\..\\outside\\", "a\\..\\..\\..\\..\\outside\\", "/../../../outside/", "a/../../../../outside/"):
            for variable in ("system32", "bootDrive", "programFiles"):
                self.refused("DismAddPackage", self.remade(destination, f'destinationPath="$(runtime.{variable})\\{hostile}"'), 1, 0)
        for hostile in (UP + "precious", "../../../precious", "..", "C:\\precious", "/precious", "precious:stream"):
            self.refused("DismAddPackage", self.remade('file name="kb5030001.dll"', f'file name="{hostile}"'), 1, 0)
        # the same with a place inside goes
        self.work.must("DismAddPackage", self.session, self.remade(destination, 'destinationPath="$(runtime.bootDrive)\\inside\\"'), 1, 0)
        self.assertTrue(os.path.exists(self.root + "/inside/kb5030001.dll"))
        self.close()

    def test_identities_of_a_package(self):
        self.open()
        for hostile in (UP + "precious", "../../../../precious", "a/b", "a\\b", "C:precious"):
            self.refused("DismAddPackage", self.remade('"Package_for_KB5030001"', f'"{hostile}"', (".mum",)), 1, 0)
        for hostile in ("../../../../precious", "..\\precious"):
            self.refused("DismAddPackage", self.remade('language="neutral"', f'language="{hostile}"', (".mum", ".manifest")), 1, 0)
            self.refused("DismAddPackage", self.remade('version="22621.2001.1.0"', f'version="{hostile}"', (".mum",)), 1, 0)
            # a component is where the file of its manifest is, whatever it is called
            added = self.remade('name="Contoso-Kb5030001" version', f'name="{hostile}" version', (".mum", ".manifest"))
            self.work.must("DismAddPackage", self.session, added, 1, 0)
            self.work.must("DismRemovePackage", self.session, f"Package_for_KB5030001~{TOKEN}~amd64~~22621.2001.1.0", NAME)
            self.assertEqual(self.look_around(), self.around)
        self.close()

    def test_drivers_of_a_package(self):
        self.open()
        component = '<component><assemblyIdentity name="Contoso-Kb5030001"'
        for hostile in (UP + "precious.inf", "../../../../../../precious.inf", "/precious.inf", "C:\\precious.inf", ".."):
            self.refused("DismAddPackage", self.remade(component, f'<driver inf="{hostile}"/>{component}', (".mum",)), 1, 0)
        self.close()

    def driver(self, *changes):
        folder = self.path("made")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source("drv-boot-critical"), folder)
        text = read(folder + "/ctsraid.inf").decode()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.write("made", "ctsraid.inf", text)
        self.around = self.look_around()
        return folder + "/ctsraid.inf"

    def test_names_in_an_inf(self):
        self.open()
        text = read(source("drv-boot-critical") + "/ctsraid.inf").decode()
        files = [line for line in text.splitlines() if line.strip() == "ctsraid.sys"]
        self.assertTrue(files)
        for hostile in (UP + "precious", "../../../../../../precious", "..\\precious", "\\precious", "C:\\precious", "..", "."):
            self.refused("DismAddDriver", self.driver(("\nctsraid.sys", f"\n{hostile}")), 1)
            self.refused("DismAddDriver", self.driver(("\nctsraid.sys", f"\n{hostile},ctsraid.sys")), 1)
            self.refused("DismAddDriver", self.driver(("ctsraid.cat", hostile)), 1)
        for hostile in (UP, "../../../..", "..\\..\\.."):
            self.refused("DismAddDriver", self.driver(("DefaultDestDir=12", f"DefaultDestDir=12,{hostile}")), 1)
            self.refused("DismAddDriver", self.driver(("DefaultDestDir=12", f"DefaultDestDir=10,System32\\drivers\\{hostile}\\outside")), 1)
        self.close()

    def app(self, name, entries, manifest=None):
        """An app package whose map does not speak of what is added."""
        made = self.path(name)
        with zipfile.ZipFile(source("app-appx.appx")) as was, zipfile.ZipFile(made, "w") as now:
            for info in was.infolist():
                data = was.read(info)
                if info.filename == "AppxManifest.xml" and manifest:
                    self.assertIn(manifest[0], data)
                    data = data.replace(*manifest)
                now.writestr(info.filename, data)
            for info, data in entries:
                now.writestr(info, data)
        self.around = self.look_around()
        return made

    def test_names_and_links_in_an_app(self):
        self.open()
        link = zipfile.ZipInfo("Assets2")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        for number, entries in enumerate((
                [(UP + "precious", b"evil")], [("../" * 6 + "precious", b"evil")], [("%2e%2e/%2e%2e/%2e%2e/precious", b"evil")],
                [("/precious", b"evil")], [("C:/precious", b"evil")],
                [(link, self.path("outside").encode()), ("Assets2/precious", b"evil")], [(link, self.path("outside").encode())])):
            self.refused("_DismAddProvisionedAppxPackage", self.app(f"{number}.appx", entries), "", "", "", 1, "", "", 0)
        for number, hostile in enumerate((b"../../precious", b"..\\..\\precious", b"..")):
            self.refused("_DismAddProvisionedAppxPackage", self.app(f"m{number}.appx", [], (b'Name="Contoso.Calculator"', b'Name="' + hostile + b'"')),
                         "", "", "", 1, "", "", 0)
        self.close()


# ---- what is in an image ----

class records_of_an_image(Outside):
    """Hives and files of an image that name what is outside of it."""

    def merge(self, hive, text):
        merge(self.root, hive, text.replace("[", "[P\\"))

    def test_packages(self):
        names = [f"{up}precious~{TOKEN}~amd64~~1.0.0.0" for up in ("../../../../", "../../../../../x/../", "a/../../../../../")]
        for name in names:
            self.merge("SOFTWARE", f'[{CBS}\\Packages\\{name}]\n"CurrentState"=dword:00000070\n"Visibility"=dword:00000001\n'
                                   f'"InstallName"="{name}.mum"\n'.replace('="..', '="..'))
            for end in ("mum", "cat"):
                self.write(f"precious~{TOKEN}~amd64~~1.0.0.0.{end}", read(self.root + f"/{PACKAGES}{KB}.{end}"))
        self.open()
        for name in names:
            self.refused("DismRemovePackage", name, NAME)
            self.work.call("DismGetPackageInfo", self.session, name, NAME)
        self.work.call("DismCheckImageHealth", self.session, 1)
        self.work.call("DismRestoreImageHealth", self.session, self.root, 1)
        self.close()

    def test_a_component_that_is_removed(self):
        """Its manifest says that files outside are its own."""
        key = next(n for n in os.listdir(self.root + "/" + MANIFESTS) if "contoso-dbx_" in n)
        text = read(self.root + "/" + MANIFESTS + key).decode()
        for hostile in ('destinationPath="$(runtime.system32)\\..\\..\\..\\outside\\"', 'destinationPath="$(runtime.system32)\\' + UP + '"'):
            changed = re.sub(r'destinationPath="[^"]*"', hostile.replace("\\", r"\\"), text).replace("dbx.bin", "precious")
            self.write("image", *(MANIFESTS + key).split("/"), changed)
            self.open()
            self.refused("DismRemovePackage", KB, NAME)
            self.work.call("DismCheckImageHealth", self.session, 1)
            self.work.call("DismRestoreImageHealth", self.session, source("pkg-health-source"), 1)
            self.close()

    def test_a_feature_that_comes_and_goes(self):
        for feature, component, file, call in (("TelnetClient", "contoso-telnet-client_", "telnet.exe", ("DismEnableFeature", "", 0, 1, "", 0)),
                                               ("WorkFolders-Client", "contoso-workfolders_", "workfolders.exe", ("DismDisableFeature", "", 1))):
            key = next(n for n in os.listdir(self.root + "/" + MANIFESTS) if component in n)
            text = read(self.root + "/" + MANIFESTS + key).decode()
            self.write("outside", file, "precious")
            self.write("image", *(MANIFESTS + key).split("/"), text.replace("$(runtime.system32)\\", "$(runtime.system32)\\..\\..\\..\\outside\\"))
            self.open()
            self.refused(call[0], feature, *call[1:])
            self.close()

    def test_drivers(self):
        store = os.path.join(self.root, STORE)
        for number, id_ in enumerate(("../../../../../../outside", "..\\..\\..\\..\\..\\..\\outside", "..", ".", "x/../..")):
            self.merge("DRIVERS", f'[DriverDatabase\\DriverInfFiles\\oem{number + 20}.inf]\n"Active"="{id_}"\n'.replace("\\\\", "\\"))
            if "\\" not in id_:
                self.merge("DRIVERS", f'[DriverDatabase\\DriverPackages\\{id_}]\n@="oem{number + 20}.inf"\n"InfName"="../../precious"\n')
        self.merge("SOFTWARE", '[Microsoft\\Windows\\CurrentVersion\\Setup\\PnpLockdownFiles\\%SystemRoot%/../../outside/precious]\n'
                               '"Owners"=hex(7):6f,00,65,00,6d,00,30,00,2e,00,69,00,6e,00,66,00,00,00,00,00\n')
        self.merge("SYSTEM", '[ControlSet001\\Services\\evil]\n"ImagePath"="..\\\\..\\\\outside\\\\precious"\n'
                             '"Owners"=hex(7):6f,00,65,00,6d,00,30,00,2e,00,69,00,6e,00,66,00,00,00,00,00\n')
        # the INF in the store says that its file was placed outside
        inf = next(store + n for n in os.listdir(store) if n.startswith("raid.inf")) + "/raid.inf"
        text = read(inf).decode("utf-8-sig").replace("DefaultDestDir=12", "DefaultDestDir=10,..\\..\\outside")
        with open(inf, "w", encoding="utf-8") as file:
            file.write(text)
        self.write("outside", "nwraid.sys", read(os.path.dirname(inf) + "/nwraid.sys"))
        self.open()
        self.assertIn("oem20.inf", self.work.must("DismGetDrivers", self.session, 1))
        for number in range(20, 25):
            self.work.call("DismGetDriverInfo", self.session, f"oem{number}.inf")
            self.work.call("DismRemoveDriver", self.session, f"oem{number}.inf")
        for name in ("oem0.inf", "oem1.inf"):
            self.work.call("DismRemoveDriver", self.session, name)
        self.assertTrue(os.path.isdir(store))
        self.assertEqual(self.look_around(), self.around)
        self.work.call("_DismExportDriver", self.session, self.path("image", "out"))
        self.close()

    def test_apps(self):
        names = [f"{up}precious_1.0.0.0_x64__8wekyb3d8bbwe" for up in ("..\\..\\..\\", "../../../", "..", "/")]
        path = os.path.join(self.root, APP_LIST)
        packages = "".join(f'<Package FullName="{name}"/>' for name in [*names, "..", "../../outside"])
        self.write("image", *APP_LIST.split("/"), read(path).decode().replace("</Provisioned>", packages + "</Provisioned>"))
        for name in names:
            if "\\" not in name:
                self.merge("SOFTWARE", f'[Microsoft\\Windows\\CurrentVersion\\Appx\\AppxAllUserStore\\Applications\\{name}]\n'
                                       f'"Path"="C:\\\\..\\\\..\\\\outside\\\\AppxManifest.xml"\n')
            self.write(os.path.basename(name.replace("\\", "/")), "precious", "precious")
        self.open()
        for name in [*names, "..", "../../outside", "../../../outside"]:
            self.work.call("_DismRemoveProvisionedAppxPackage", self.session, name)
            self.assertEqual(self.look_around(), self.around, name)
        self.close()

    def test_editions(self):
        name = "../../../outside/precious"
        for place in ("Windows/servicing/Editions/EditionMatrix.xml", "Windows/servicing/Editions/UpgradeMatrix.xml"):
            path = os.path.join(self.root, place)
            self.write("image", *place.split("/"), read(path).decode().replace('"Enterprise"', f'"{name}"'))
        self.write("outside", "preciousEdition.xml", "<x/>")
        self.merge("SOFTWARE", f'[{CBS}\\Packages\\Microsoft-Windows-{name}Edition~{TOKEN}~amd64~~10.0.22621.1]\n"CurrentState"=dword:00000040\n')
        self.open()
        for edition in (name, "..", "..\\..\\outside\\precious"):
            self.refused("_DismSetEdition", edition, "")
        self.close()

    def test_a_change_that_somebody_left(self):
        """The folder of changes comes with the image, and its plan is not ours."""
        staging, precious = os.path.join(self.root, STAGING), self.path("outside", "precious")
        os.chmod(precious, 0o640)
        for place in ("../outside/precious", "../../precious", "Windows/../../outside/precious", precious, "..", "Windows\\..\\..\\precious"):
            for verb in ("file", "remove", "folder"):
                os.mkdir(staging)
                self.write("image", STAGING, "0", "evil")
                self.write("image", STAGING, "plan", json.dumps([[verb, place, 0]]))
                self.around = self.look_around()
                self.work.call("open", self.root)
                self.assertEqual(self.look_around(), self.around, (verb, place))
                if ".." in place:
                    self.assertEqual(self.work.call("open", self.root).hr, "80070057", (verb, place))
                    shutil.rmtree(staging)

    def test_links_in_a_change_that_somebody_left(self):
        staging, precious = os.path.join(self.root, STAGING), self.path("outside", "precious")
        os.chmod(precious, 0o640)
        os.chmod(os.path.join(self.root, "Windows/System32/core.dll"), 0o777)
        self.around = self.look_around()
        for target in (precious, "../../outside/precious", self.path("outside"), self.path("outside", "new")):
            os.mkdir(staging)
            os.symlink(target, staging + "/0")
            self.write("image", STAGING, "plan", '[["file","Windows/System32/core.dll",0]]')
            self.work.call("open", self.root)
            self.assertEqual(self.look_around(), self.around, target)
            shutil.rmtree(staging, ignore_errors=True)
        for name in ("plan", "0", ""):
            if name:
                os.mkdir(staging)
                self.write("image", STAGING, "plan", '[["remove","Windows/System32/kernel.dll",0]]')
            if os.path.lexists(os.path.join(staging, name)):
                os.unlink(os.path.join(staging, name))
            os.symlink(self.path("outside"), os.path.join(staging, name) if name else staging)
            self.work.call("open", self.root)
            self.assertEqual(self.look_around(), self.around, name)
            if os.path.islink(staging):
                os.unlink(staging)
            shutil.rmtree(staging, ignore_errors=True)


# ---- links ----

LINKS = ("Windows", "Windows/servicing", "Windows/servicing/Packages", "Windows/servicing/Editions", "Windows/servicing/InboxFodMetadataCache",
         "Windows/WinSxS", "Windows/WinSxS/Manifests", "Windows/System32", "Windows/System32/config", "Windows/System32/DriverStore",
         "Windows/System32/DriverStore/FileRepository", "Windows/System32/drivers", "Windows/System32/CatRoot", CATALOGS[:-1], "Windows/INF",
         "ProgramData", APP_LIST, "Program Files", APPS[:-1], CONFIG + "SOFTWARE", CONFIG + "SYSTEM", CONFIG + "DRIVERS", CONFIG + "COMPONENTS",
         PACKAGES + KB + ".mum", "Windows/System32/workfolders.exe", "Windows/Professional.xml", APPS + PAINT,
         SXS + "amd64_contoso-telnet-client_31bf3856ad364e35_10.0.22621.1_none_90e106b80b3c426c", STORE + "soundcard.inf_amd64_c75c77678b423959")


# Some of them, for an image that comes with links.
INSIDE = ("Windows/servicing/Packages", CATALOGS[:-1], CONFIG + "DRIVERS", "Windows/Professional.xml")


class links_in_an_image(Outside):
    # Of what does the same, one is enough.
    others = ("pkg-features.cab", "pkg-all-fields.cab", "pkg-arm64.cab", "pkg-driver.cab", "pkg-feature-source", "NoSuchFeature", "NoSuchEdition",
              "ctsraw.inf", "app-unsigned.appx", "app-with-dependency.appx", "unattend-install/unattend.xml", "unattend-malformed.xml")

    def lead_out(self, place, style):
        """Where the place was there is a link, to something outside that looks like it, or to nothing."""
        there, outside = os.path.join(self.root, place), self.path("outside", "copy")
        os.rename(there, outside)
        target = {"absolute": outside, "relative": os.path.relpath(outside, os.path.dirname(there)),
                  "twice": os.path.join(self.root, "hop"), "dangling": self.path("outside", "new")}[style]
        os.symlink(target, there)
        if style == "twice":
            os.symlink(outside, target)

    def serviced(self):
        """What every changing call says; a refusal has a code and a message."""
        codes = {}
        for call, *words in changes():
            if call.startswith(("DismGet", "_DismGet", "spoil", "_DismValidate")) or any(str(w).endswith(name) for w in words for name in self.others):
                continue
            reply = self.work.call(call, self.session, *(self.path("image", "out") if w == "<out>" else w for w in words))
            if reply.hr[0] in "8C":
                self.assertGreater(len(reply.text.strip()), 10, (call, words, reply))
            codes.setdefault(reply.hr, []).append((call, words, reply.text))
        for call, *words in (("DismGetPackages",), ("DismGetFeatures", "", 0), ("DismGetCapabilities",), ("DismGetDrivers", 1),
                             ("_DismGetProvisionedAppxPackages",), ("_DismGetTargetEditions",), ("DismGetPackageInfo", KB, NAME)):
            codes.setdefault(self.work.call(call, self.session, *words).hr, []).append((call, words, ""))
        return codes

    def hold(self, place, style, is_open):
        """With a link there before a session is opened, or when it is."""
        run("cp", "-a", self.path("template"), self.root)
        if is_open:
            self.session = self.work.must("open", self.root)
        self.lead_out(place, style)
        self.around = self.look_around()
        reply = None if is_open else self.work.call("open", self.root)
        if is_open or reply.hr == OK:
            self.session = self.session if is_open else reply.text
            codes = self.serviced()
            self.assertIn(LEADS_OUT, codes, codes)
            self.work.must("close", self.session)
        else:
            self.assertEqual(reply.hr, LEADS_OUT, reply)
        self.assertEqual(self.look_around(), self.around)

    def test_each_that_leads_out(self):
        os.rename(self.root, self.path("template"))
        for number, place in enumerate(LINKS):
            like = ("absolute", "relative", "twice")[number % 3]
            for style, is_open in ((like, False), (like, True), ("dangling", False)):
                with self.subTest(place=place, style=style, is_open=is_open):
                    self.hold(place, style, is_open)
                run("rm", "-rf", self.root, self.path("outside", "copy"))
        self.assertLessEqual(set(os.listdir(self.state)), {"Logs", "claims", "journal.jsonl", "registry.lock", "running"})

    def links(self, root):
        os.makedirs(self.path("outside"), exist_ok=True)
        for number, place in enumerate(INSIDE):
            if not os.path.exists(self.path("outside", f"copy{number}")):
                run("cp", "-a", os.path.join(root, place), self.path("outside", f"copy{number}"))
            run("rm", "-rf", os.path.join(root, place))
            os.symlink(self.path("outside", f"copy{number}"), os.path.join(root, place))

    def service_mounted(self, image, engine):
        """Mounts, services, commits; what the image has then is mounted once more."""
        self.work = self.client(state=self.path("state-" + engine), env={"DISMFAKE_ENGINE": engine})
        self.around = tree_of(self.path("outside"))
        for after in range(2):
            self.work.must("mount", image, self.root, 1, 0)
            self.assertTrue(all(os.path.islink(os.path.join(self.root, place)) for place in INSIDE))
            if after:
                break
            self.session = self.work.must("open", self.root)
            self.assertIn(LEADS_OUT, self.serviced())
            self.work.must("close", self.session)
            self.work.must("unmount", self.root, COMMIT)
        self.work.must("unmount", self.root, DISCARD)
        self.assertEqual(tree_of(self.path("outside")), self.around)

    def test_those_of_an_image_file(self):
        """They come with the image, and stay in it."""
        self.links(self.root)
        wimlib("capture", self.root, self.path("links.wim"), "One", "--norpfix")
        run("rm", "-rf", self.root)
        os.mkdir(self.root)
        for engine in ("extract", "lazy") if may_mount() else ("extract",):
            self.service_mounted(shutil.copy(self.path("links.wim"), self.path(engine + ".wim")), engine)

    @unittest.skipUnless(os.path.exists(os.path.join(BUILD, "test_volume_tool")), "no NTFS")
    def test_those_of_a_disk(self):
        run("rm", "-rf", self.root)
        os.mkdir(self.root)
        disk = shutil.copy(source("disk-serviced-client.vhdx"), self.path("d.vhdx"))
        self.work.must("mount", disk, self.root, 1, 0)
        self.links(self.root)
        self.work.must("unmount", self.root, COMMIT)
        self.service_mounted(disk, "extract")

    def test_where_a_package_puts_its_files(self):
        for place in ("Program Files/Contoso", "Windows/Contoso"):
            os.symlink(self.path("outside"), os.path.join(self.root, place))
        os.symlink(self.path("outside", "precious"), os.path.join(self.root, "Windows/System32/kb5030001.dll"))
        self.open()
        self.refused("DismAddPackage", source("pkg-all-fields"), 0, 0, codes=(LEADS_OUT,))
        self.refused("DismAddPackage", source("pkg-simple"), 0, 0, codes=(LEADS_OUT,))
        self.close()

    def test_those_in_the_folder_of_an_export_are_replaced(self):
        out = self.folder("outside", "out")
        for name in os.listdir(os.path.join(self.root, STORE)):
            for link in (name, ".dismfake-" + name):
                os.makedirs(self.path("elsewhere", link))
                self.write("elsewhere", link, "precious", "precious")
                os.symlink(self.path("elsewhere", link), os.path.join(out, link))
        elsewhere = tree_of(self.path("elsewhere"))
        self.session = self.work.must("open", self.root)
        self.work.must("_DismExportDriver", self.session, out)
        self.assertEqual(tree_of(self.path("elsewhere")), elsewhere)
        self.assertTrue(os.path.isdir(next(os.path.join(out, n) for n in os.listdir(out) if n.startswith("raid.inf"))))

    def test_one_that_stays_inside_is_followed(self):
        os.rename(os.path.join(self.root, "Windows/INF"), os.path.join(self.root, "Windows/inf-is-here"))
        os.symlink("inf-is-here", os.path.join(self.root, "Windows/INF"))
        self.open()
        self.work.must("DismAddDriver", self.session, source("drv-net") + "/ctsnet.inf", 0)
        self.assertTrue(os.path.exists(os.path.join(self.root, "Windows/inf-is-here/oem2.inf")))
        self.close()


if __name__ == "__main__":
    main()

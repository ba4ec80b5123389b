# SPDX-License-Identifier: MIT
"""Provisioned apps as other programs find them: unzip reads the packages, hivexregedit and hivexget the hive, xmllint
the list, wimlib-imagex the image file, after a commit and after a discard."""
import zipfile

from serviced import *

KEY = "Microsoft\\Windows\\CurrentVersion\\Appx\\AppxAllUserStore"
CALCULATOR = "Contoso.Calculator_3.1.4.0_x64__8j4adr3rjh0p4"
PAINT = "Contoso.Paint_5.0.1.0_x64__8wekyb3d8bbwe"
FOOTPRINT = ("[Content_Types].xml",)


class provisioned_apps(Serviced):
    def setUp(self):
        super().setUp()
        self.start()

    def add(self, app, dependency="", license="", custom="", region="", hr=OK):
        path = app if os.path.isabs(app) else source(app)
        self.work.must("add-app", self.session, path, dependency and source(dependency), license and source(license),
                       custom and source(custom), region, hr=hr)

    def names(self):
        return {a.split("|")[0] for a in self.work.must("apps", self.session).split("\t") if a}

    def unpack(self, name="after"):
        return super().unpack(name, "/")

    def keys(self, root):
        return {k.split("AppxAllUserStore", 1)[1] for k in re.findall(r"^\[(.*)\]$", export(root, KEY), re.M)}

    def listed(self, root):
        text = run("xmllint", "--nonet", "--xpath", "//*[local-name()='Provisioned']/*/@FullName", os.path.join(root, APP_LIST)).decode()
        return set(re.findall(r'FullName="([^"]*)"', text))

    def test_a_committed_app_is_in_folder_list_and_hive(self):
        self.add("app-appx.appx")
        self.end()
        root = self.unpack()
        names = run("unzip", "-Z1", source("app-appx.appx")).decode().split("\n")
        for name in names:
            if name and name not in FOOTPRINT:
                original = run("unzip", "-p", source("app-appx.appx"), name)
                self.assertEqual(read(os.path.join(root, APPS, CALCULATOR, name)), original, name)
        self.assertIn(CALCULATOR, self.listed(root))
        self.assertIn("\\Applications\\" + CALCULATOR, self.keys(root))
        self.assertEqual(value(root, f"{KEY}\\Applications\\{CALCULATOR}", "Path"),
                         f"C:\\Program Files\\WindowsApps\\{CALCULATOR}\\AppxManifest.xml")
        self.assertEqual(len(read(os.path.join(root, APP_LIST)).splitlines()), 1)
        wimlib("verify", self.image)

    def test_every_call_changes_what_it_has_business_with(self):
        key, regions = r"\\AppxAllUserStore\\(Applications|Deprovisioned)(\\|$)", r"^dismfake(\\Apps|$)"
        given = {f"{APPS}{CALCULATOR}/microsoft.system.package.metadata/custom.data": read(source("app-custom-data.dat"))}
        with self.changing(SOFTWARE=[key, regions], files=[rf"^{APPS}{CALCULATOR}/", f"^{APP_LIST}$", r"/ClipSVC/Install/Apps/"], given=given):
            self.add("app-appx.appx", license="app-license.xml", custom="app-custom-data.dat", region="US;DE")
        with self.changing(SOFTWARE=key, files=[rf"^{APPS}Contoso\.(Mail|Runtime\.15)_", f"^{APP_LIST}$"]):
            self.add("app-with-dependency.appx", dependency="app-runtime.appx")
        with self.changing(SOFTWARE=key, files=[rf"^{APPS}Contoso\.Photos_7", f"^{APP_LIST}$"]):
            self.add("app-bundle.appxbundle")
        with self.changing(SOFTWARE=key, files=[rf"^{APPS}{PAINT}/", f"^{APP_LIST}$"]):
            self.work.must("remove-app", self.session, PAINT)
        with self.changing(SOFTWARE=[key, regions], files=[rf"^{APPS}{CALCULATOR}/", f"^{APP_LIST}$"]):
            self.work.must("remove-app", self.session, CALCULATOR)
        self.end(commit=False)

    def test_a_discarded_app_is_nowhere(self):
        before = sha256(self.image)
        self.add("app-bundle.appxbundle")
        self.end(commit=False)
        self.assertEqual(sha256(self.image), before)

    def test_what_comes_with_an_app_lies_below_its_key(self):
        self.add("app-with-dependency.appx", dependency="app-runtime.appx")
        self.add("app-bundle.appxbundle")
        self.end()
        root = self.unpack()
        keys, runtime = self.keys(root), "Contoso.Runtime.15_15.2.0.0_x64__8j4adr3rjh0p4"
        self.assertIn(f"\\Applications\\Contoso.Mail_2.0.0.0_x64__8j4adr3rjh0p4\\{runtime}", keys)
        bundle = "\\Applications\\Contoso.Photos_7.2.0.0_neutral_~_8j4adr3rjh0p4"
        self.assertEqual({k[len(bundle) + 1:] for k in keys if k.startswith(bundle + "\\")},
                         {"Contoso.Photos_7.2.0.0_x64__8j4adr3rjh0p4",
                          "Contoso.Photos_7.2.0.0_neutral_split.language-de_8j4adr3rjh0p4"})
        self.assertIn(runtime, self.listed(root))
        for name in self.listed(root):
            self.assertTrue(os.path.isdir(os.path.join(root, APPS, name)), name)

    def test_a_removed_app_leaves_a_mark_that_a_new_one_takes_away(self):
        self.work.must("remove-app", self.session, PAINT)
        self.end()
        root = self.unpack("removed")
        self.assertNotIn(PAINT, self.listed(root))
        self.assertFalse([k for k in self.keys(root) if PAINT in k])
        self.assertIn("\\Deprovisioned\\Contoso.Paint_8wekyb3d8bbwe", self.keys(root))
        self.assertFalse(os.path.lexists(os.path.join(root, APPS, PAINT)))
        self.start()
        self.add("app-installed.appx")
        self.end()
        root = self.unpack("again")
        self.assertIn("\\Applications\\" + PAINT, self.keys(root))
        self.assertNotIn("\\Deprovisioned\\Contoso.Paint_8wekyb3d8bbwe", self.keys(root))
        self.assertIn("\\Deprovisioned\\Contoso.Gone_8wekyb3d8bbwe", self.keys(root))

    def test_nothing_of_the_older_version_is_left(self):
        self.add("app-bundle-newer.msixbundle")
        self.end()
        root = self.unpack()
        self.assertFalse([n for n in os.listdir(os.path.join(root, APPS)) if "_11.2.6.0_" in n])
        self.assertFalse([n for n in self.listed(root) | self.keys(root) if "_11.2.6.0_" in n])
        self.assertTrue([n for n in self.listed(root) if "_11.3.0.0_" in n])

    def test_an_older_version_is_refused(self):
        self.add("app-bundle-newer.msixbundle")
        older = self.remade("app-bundle-newer.msixbundle", "AppxMetadata/AppxBundleManifest.xml", b"11.3.0.0", b"11.1.0.0")
        self.add(older, hr="80073D06")

    def remade(self, name, entry, old, new):
        """A bundle's own map does not say what its manifest is, when it is left out."""
        made = self.path("remade" + os.path.splitext(name)[1])
        with zipfile.ZipFile(source(name)) as was, zipfile.ZipFile(made, "w") as now:
            for info in was.infolist():
                data = was.read(info)
                if info.filename == "AppxBlockMap.xml":
                    data = re.sub(rb'<File Name="AppxMetadata.AppxBundleManifest.xml".*?</File>', b"", data, flags=re.S)
                now.writestr(info.filename, data.replace(old, new) if info.filename == entry else data)
        return made

    def test_licence_and_custom_data_lie_where_windows_looks(self):
        self.add("app-appx.appx", license="app-license.xml", custom="app-custom-data.dat", region="US;DE")
        self.assertIn(CALCULATOR + "|US;DE", self.work.must("apps", self.session).split("\t"))
        self.end()
        root = self.unpack()
        self.assertEqual(read(os.path.join(root, APPS, CALCULATOR, "microsoft.system.package.metadata/custom.data")),
                         read(source("app-custom-data.dat")))
        licenses = os.path.join(root, "ProgramData/Microsoft/Windows/ClipSVC/Install/Apps")
        self.assertEqual([read(os.path.join(licenses, n)) for n in os.listdir(licenses)], [read(source("app-license.xml"))])

    def test_what_others_wrote_into_the_list_stays(self):
        path = os.path.join(self.mount, APP_LIST)
        text = read(path).decode()
        text = text.replace("</AppxProvisionList>", '<Other><Thing A="1 &amp; 2"/></Other></AppxProvisionList>')
        self.write("mount", *APP_LIST.split("/"), text)
        self.add("app-appx.appx")
        self.assertIn('<Other><Thing A="1 &amp; 2"/></Other>', read(path).decode())
        self.assertIn('FamilyName="Contoso.Gone_8wekyb3d8bbwe"', read(path).decode())
        run("xmllint", "--noout", path)

    def test_a_damaged_list_is_said_and_not_overwritten(self):
        self.write("mount", *APP_LIST.split("/"), "<AppxProvisionList><Provisioned>")
        self.work.must("apps", self.session, hr="8007000D")
        self.add("app-appx.appx", hr="8007000D")
        self.assertEqual(read(os.path.join(self.mount, APP_LIST)), b"<AppxProvisionList><Provisioned>")

    def test_an_image_without_the_list_gets_one(self):
        os.unlink(os.path.join(self.mount, APP_LIST))
        self.assertIn(PAINT, self.names())
        self.add("app-appx.appx")
        self.assertIn(CALCULATOR, self.listed(self.mount))

    def rule(self, at, do, client=None):
        (client or self.work).must("load", json.dumps({"id": "f", "at": at, "do": do}))

    def assert_as_before(self, before):
        self.assertEqual(self.keys(self.mount), before)
        self.assertFalse(os.path.lexists(os.path.join(self.mount, APPS, CALCULATOR)))
        self.assertNotIn(CALCULATOR, self.listed(self.mount))
        self.assertEqual([n for n in os.listdir(self.mount) if n.startswith(".dismfake")], [])

    def test_every_step_that_fails_leaves_the_image_as_it_was(self):
        before = self.keys(self.mount)
        for step in ("plan", "stage", "place"):
            with self.subTest(step=step):
                self.rule("_DismAddProvisionedAppxPackage/" + step, {"return": "0x80004005", "effect": "none"})
                self.add("app-appx.appx", hr="80004005")
                self.work.must("disarm", "f")
                self.assert_as_before(before)

    def test_a_client_that_is_killed_leaves_the_image_as_it_was(self):
        before = self.keys(self.mount)
        for step in ("plan", "stage", "place"):
            with self.subTest(step=step):
                self.rule("_DismAddProvisionedAppxPackage/" + step, {"crash": "terminate"})
                with self.assertRaises(Ended):
                    self.add("app-appx.appx")
                self.work = self.client()
                self.session = self.work.must("open", self.mount)
                self.assertNotIn(CALCULATOR, self.names())
                self.assert_as_before(before)

    def test_without_memory_nothing_changes(self):
        before, first, second, failed = self.keys(self.mount), 1, 2, 0
        while True:
            self.rule("_DismAddProvisionedAppxPackage", {"allocFail": first})
            reply = self.work.call("add-app", self.session, source("app-with-dependency.appx"), source("app-runtime.appx"),
                                   "", "", "")
            self.work.must("disarm", "")
            if reply.hr == OK:
                break
            self.assertEqual(reply.hr, "8007000E", reply)
            self.assert_as_before(before)
            first, second, failed = second, first + second, failed + 1
        self.assertGreater(failed, 10)
        self.assertIn("Contoso.Mail_2.0.0.0_x64__8j4adr3rjh0p4", self.names())


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Features, capabilities, health, answer files and reserved storage as other programs find them: after every call all that it
changed is read by others and is what the call has business with (serviced.py)."""
from serviced import *

TOKEN = "31bf3856ad364e35"
FOUNDATION = f"Microsoft-Windows-Foundation-Package~{TOKEN}~amd64~~10.0.22621.1"
SSH_SERVER = f"Contoso-OpenSSH-Server-FoD-Package~{TOKEN}~amd64~~10.0.22621.1"
SSH_CLIENT = f"Contoso-OpenSSH-Client-FoD-Package~{TOKEN}~amd64~~10.0.22621.1"
NOT_PRESENT, OFF, REMOVED, ON = 0, 2, 3, 4
HEALTHY, REPAIRABLE = 0, 1


class features(Serviced):
    def setUp(self):
        super().setUp()
        self.start()

    def state_of(self, name):
        return self.ask("DismGetFeatureInfo", name, "", 0)["FeatureInfo"][0]["FeatureState"]

    def selection(self, name):
        return value(self.root, f"{CBS}\\Packages\\{FOUNDATION}\\Updates", name)

    def enable(self, name, *sources, parents=0, hr=OK):
        return self.ask("DismEnableFeature", name, "", 0, 1, "|".join(sources), parents, hr=hr)

    def test_what_is_enabled_is_selected_and_placed(self):
        with self.changing(SOFTWARE=[re.escape(FOUNDATION) + r"\\Updates$"],
                           files=[r"^Windows/System32/telnet\.exe$"]):
            self.enable("TelnetClient")
        self.assertEqual((self.state_of("TelnetClient"), self.selection("TelnetClient")), (ON, "1"))
        self.end()
        root = self.unpack()
        self.assertEqual(sha256(root + "/Windows/System32/telnet.exe"),
                         sha256(next(p for p in map(lambda n: f"{root}/Windows/WinSxS/{n}/telnet.exe", os.listdir(root + "/Windows/WinSxS"))
                                     if os.path.exists(p))))

    def test_what_is_disabled_is_taken_out_of_its_place(self):
        with self.changing(SOFTWARE=[re.escape(FOUNDATION) + r"\\Updates$"],
                           files=[r"^Windows/System32/workfolders\.exe$"]):
            self.ask("DismDisableFeature", "WorkFolders-Client", "", 0)
        self.assertEqual(self.state_of("WorkFolders-Client"), OFF)

    def test_payload_that_is_removed_is_out_of_the_store(self):
        with self.changing(SOFTWARE=[re.escape(FOUNDATION) + r"\\Updates$"],
                           files=[r"^Windows/System32/workfolders\.exe$", r"^Windows/WinSxS/(Manifests/)?amd64_contoso-workfolders_"]):
            self.ask("DismDisableFeature", "WorkFolders-Client", "", 1)
        self.assertEqual(self.state_of("WorkFolders-Client"), REMOVED)

    def test_parents_come_along(self):
        with self.changing(SOFTWARE=[r"HyperV-OptionalFeature-Package~[^\\]*\\Updates$"],
                           files=[r"^Windows/System32/vmms\.exe$"]):
            self.enable("Microsoft-Hyper-V-Services", parents=1)  # offline nothing has to restart
        self.assertEqual({self.state_of(n) for n in ("Microsoft-Hyper-V-Services", "Microsoft-Hyper-V", "Microsoft-Hyper-V-All")}, {ON})

    def test_a_capability_comes_from_its_source(self):
        with self.changing(SOFTWARE=[*package_keys(SSH_SERVER), r"\\CapabilityIndex\\OpenSSH\.Server~"],
                           files=[rf"^{PACKAGES}Contoso-OpenSSH-Server", r"^Windows/WinSxS/(Manifests/)?amd64_contoso-openssh-server_",
                                  r"^Windows/System32/"]):
            self.ask("DismAddCapability", "OpenSSH.Server~~~~0.0.1.0", 1, source("pkg-fod-source"))
        self.assertEqual(self.ask("DismGetCapabilityInfo", "OpenSSH.Server~~~~0.0.1.0")["Info"][0]["State"], ON)

    def test_a_capability_that_goes_leaves_what_it_is_known_by(self):
        with self.changing(SOFTWARE=[*package_keys(SSH_CLIENT), r"\\CapabilityIndex\\OpenSSH\.Client~"],
                           files=[rf"^{PACKAGES}Contoso-OpenSSH-Client", r"^Windows/WinSxS/(Manifests/)?amd64_contoso-openssh-client_",
                                  r"^Windows/System32/ssh\.exe$"]):
            self.ask("DismRemoveCapability", "OpenSSH.Client~~~~0.0.1.0")
        self.assertEqual(self.ask("DismGetCapabilityInfo", "OpenSSH.Client~~~~0.0.1.0")["Info"][0]["State"], NOT_PRESENT)

    def test_an_answer_file_installs_packages(self):
        with self.changing(SOFTWARE=package_keys("Package_for_KB5030001~31bf3856ad364e35~amd64~~0.0.0.0", "Package_for_KB5030027~31bf3856ad364e35~amd64~~0.0.0.0"),
                           files=[rf"^{PACKAGES}Package_for_KB5030001~", rf"^{PACKAGES}Package_for_KB5030027~",
                                  r"^Windows/WinSxS/(Manifests/)?amd64_contoso-kb", r"^Windows/System32/kb50300"]):
            self.ask("DismApplyUnattend", source("unattend-install") + "/unattend.xml", 1)

    def test_an_answer_file_removes_packages(self):
        with self.changing(SOFTWARE=package_keys("Package_for_KB5012170~31bf3856ad364e35~amd64~~0.0.0.0"),
                           files=[rf"^{PACKAGES}Package_for_KB5012170~", r"^Windows/WinSxS/(Manifests/)?amd64_contoso-dbx_", r"/dbx\.bin$"]):
            self.ask("DismApplyUnattend", source("unattend-remove"), 1)

    def test_an_answer_file_selects_features(self):
        with self.changing(SOFTWARE=[re.escape(FOUNDATION) + r"\\Updates$"],
                           files=[r"^Windows/System32/(telnet|tftp|workfolders)\.exe$"]):
            self.ask("DismApplyUnattend", source("unattend-features"), 1)

    def test_an_answer_file_brings_drivers(self):
        with self.changing(DRIVERS=[r"^DriverDatabase\\"], SYSTEM=[r"^DriverDatabase\\", r"^ControlSet001\\Services\\ctsraid"],
                           SOFTWARE=[r"\\PnpLockdownFiles\\"],
                           files=[rf"^{STORE}cts(net|raid)\.inf_amd64_", r"^Windows/INF/oem\d\.inf$", r"/CatRoot/.*/oem\d\.cat$",
                                  r"^Windows/System32/drivers/ctsraid\.sys$"]):
            self.ask("DismApplyUnattend", source("unattend-drivers") + "/unattend.xml", 1)

    def test_an_answer_file_sets_what_it_says(self):
        with self.changing(SOFTWARE=[r"\\Policies(\\System)?$"], SYSTEM=[r"ComputerName", r"TimeZoneInformation$", r"\\Tcpip(\\Parameters)?$"]):
            self.ask("DismApplyUnattend", source("unattend-settings"), 1)


class health(Serviced):
    image_name = "serviced-damaged.wim"

    def repair(self, index, *sources, **changes):
        self.start(index)
        self.assertEqual(self.ask("DismCheckImageHealth", 1)["ImageHealth"], REPAIRABLE)
        with self.changing(**changes):
            self.ask("DismRestoreImageHealth", "|".join(sources), 1)
        self.assertEqual(self.ask("DismCheckImageHealth", 1)["ImageHealth"], HEALTHY)

    def whole(self):
        """An image that is as it should be, as a folder."""
        run("wimlib-imagex", "apply", os.path.join(CATALOGUE, "serviced-client.wim"), "1", self.path("whole"))
        return self.path("whole")

    def test_payload_comes_from_a_source(self):
        self.repair(1, source("pkg-health-source"), COMPONENTS=["^$"],
                    files=[r"^Windows/WinSxS/amd64_contoso-core_[^/]*/core\.dll$", r"^Windows/System32/(core\.dll|workfolders\.exe)$",
                           r"/workfolders\.exe$", r"^Windows/WinSxS/Manifests/amd64_contoso-internetprinting_"])

    def test_manifests_come_from_an_image(self):
        whole = self.whole()
        self.repair(2, whole + "/Windows", COMPONENTS=["^$"],
                    files=[rf"^{PACKAGES}Contoso-Release-02-Package~", rf"^{PACKAGES}Contoso-Release-03-Package~",
                           r"^Windows/WinSxS/Manifests/amd64_contoso-dbx_", r"/dbx\.bin$"])
        # repaired is as it was before the damage
        wanted, got = tree_of(whole), tree_of(self.root)
        self.assertEqual([p for p in wanted.keys() | got.keys() if wanted.get(p, "")[0] != got.get(p, "")[0] or
                          (wanted[p][-1] != got[p][-1] and not p.startswith(CONFIG))], [])

    def test_a_scan_records_what_it_finds(self):
        self.start(1)
        with self.changing(COMPONENTS=["^$"]):
            self.ask("DismCheckImageHealth", 1)


class the_running_system(Serviced):
    def setUp(self):
        super().setUp()
        self.session, self.root = self.work.must("open", "online"), self.path("state", "online")

    def test_reserved_storage_is_a_value_of_its_key(self):
        for state in (0, 1):
            with self.changing(SOFTWARE=[r"\\ReserveManager$"]):
                self.ask("DismSetReservedStorageState", state)
            self.assertEqual(value(self.root, "Microsoft\\Windows\\CurrentVersion\\ReserveManager", "ShippedWithReserves"), str(state))
            self.assertEqual(self.ask("DismGetReservedStorageState")["State"], state)

    def test_what_waits_for_a_restart_is_noted(self):
        with self.changing(SOFTWARE=[r"HyperV-OptionalFeature-Package~[^\\]*\\Updates$", r"^dismfake(\\PendingFeatures|$)", r"\\RebootPending$"]):
            self.ask("DismEnableFeature", "Microsoft-Hyper-V-Services", "", 0, 1, "", 1, hr=RESTART)


if __name__ == "__main__":
    main()

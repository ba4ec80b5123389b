# SPDX-License-Identifier: MIT
"""Drivers in an image as other programs find them: hivexget and hivexregedit read the hives, sha256sum the files,
wimlib-imagex the image file, after a commit and after a discard."""
import struct

from serviced import *

DRIVER_HIVES = ("SYSTEM", "SOFTWARE", "DRIVERS")
NET, RAID, RAW = "drv-net/ctsnet.inf", "drv-boot-critical/ctsraid.inf", "drv-unsigned/ctsraw.inf"
NOT_SIGNED, NOT_FOUND = "800F0247", "80070490"


def store_id(inf):
    return f"{os.path.basename(inf)}_amd64_{sha256(source(inf))[:16]}"


class drivers_in_an_image(Serviced):
    def setUp(self):
        super().setUp()
        self.start()

    def add(self, inf, force=0, hr=OK):
        self.work.must("add-driver", self.session, source(inf), force, hr=hr)

    def remove(self, name, hr=OK):
        self.work.must("remove-driver", self.session, name, hr=hr)

    def list(self, everything=0):
        text = self.work.must("drivers", self.session, everything)
        return {entry.split("|")[0]: entry.split("|")[1:] for entry in text.split("\t") if entry}

    def hex_value(self, root, hive, key, name):
        """The bytes of a value, as hivexregedit prints them."""
        line = re.search(rf'^"{re.escape(name)}"=hex\(3\):(.*)$', export(root, key, hive), re.M)
        return bytes.fromhex(line[1].replace(",", ""))

    def assert_file(self, root, place, original):
        self.assertEqual(sha256(os.path.join(root, place)), sha256(source(original)), place)

    def test_a_committed_driver_is_in_store_inf_folder_and_database(self):
        self.add(NET)
        self.end(commit=True)
        root, id_, key = self.unpack("after"), store_id(NET), f"DriverDatabase\\DriverPackages\\{store_id(NET)}"
        for end in ("inf", "cat", "sys"):
            self.assert_file(root, f"{STORE}{id_}/ctsnet.{end}", f"drv-net/ctsnet.{end}")
        self.assert_file(root, "Windows/INF/oem2.inf", NET)
        self.assert_file(root, f"{CATALOGS}oem2.cat", "drv-net/ctsnet.cat")
        self.assertEqual(value(root, "DriverDatabase\\DriverInfFiles\\oem2.inf", "Active", "DRIVERS"), id_)
        self.assertEqual(value(root, "DriverDatabase\\DriverInfFiles\\oem2.inf", "@", "DRIVERS"), id_)
        for name, text in (("@", "oem2.inf"), ("InfName", "ctsnet.inf"), ("Catalog", "ctsnet.cat"), ("Provider", "Contoso"),
                           ("SignerName", "Contoso Test Root"), ("OemPath", source("drv-net"))):
            self.assertEqual(value(root, key, name, "DRIVERS"), text)
        version = self.hex_value(root, "DRIVERS", key, "Version")
        self.assertEqual(len(version), 48)
        self.assertEqual(struct.unpack_from("<H", version, 2)[0], 9)
        self.assertEqual(version[8:24].hex(), "72e9364d25e3ce11bfc108002be10318")
        days = (struct.unpack_from("<Q", version, 24)[0] // 10**7 - 11644473600) // 86400
        self.assertEqual(days, 19498)  # 21 May 2023
        self.assertEqual(struct.unpack_from("<4H", version, 32), (12, 0, 4, 1))
        ids = "DriverDatabase\\DeviceIds\\PCI\\VEN_C0DE"
        for id_of_device, rank in (("&DEV_0001&SUBSYS_00010001", 1), ("&DEV_0002", 1), ("&DEV_0001", 2), ("", 2)):
            self.assertEqual(self.hex_value(root, "DRIVERS", ids + id_of_device, "oem2.inf"), bytes((rank, 255, 0, 0)))
        self.assertEqual(value(root, key + "\\Descriptors\\PCI\\VEN_C0DE&DEV_0002", "Description", "DRIVERS"),
                         "Contoso Ten Gigabit Adapter")
        self.assertNotIn("oem2.inf", export(root, hive="SYSTEM"))

    def test_every_call_changes_what_it_has_business_with(self):
        files = [rf"^{STORE}ctsnet\.inf_amd64_[0-9a-f]+/", r"^Windows/INF/oem2\.inf$", r"/CatRoot/.*/oem2\.cat$"]
        database = [r"^DriverDatabase\\(DriverInfFiles\\oem2\.inf$|DriverPackages\\ctsnet\.inf_amd64_|DeviceIds\\)"]
        with self.changing(DRIVERS=database, files=files):
            self.add(NET)
        with self.changing(DRIVERS=database, files=files):
            self.remove("oem2.inf")
        files = [rf"^{STORE}ctsraid\.inf_amd64_[0-9a-f]+/", r"^Windows/INF/oem2\.inf$", r"/CatRoot/.*/oem2\.cat$",
                 r"^Windows/System32/drivers/ctsraid\.sys$"]
        database = [r"^DriverDatabase\\(DriverInfFiles\\oem2\.inf$|DriverPackages\\ctsraid\.inf_amd64_|DeviceIds\\)",
                    r"^ControlSet001\\Services\\ctsraid"]
        lock = [r"\\PnpLockdownFiles\\.*ctsraid\.sys$"]
        with self.changing(SYSTEM=database, SOFTWARE=lock, files=files):
            self.add(RAID)
        with self.changing(SYSTEM=database, SOFTWARE=lock, files=files):
            self.remove("oem2.inf")
        with self.changing():
            self.work.must("export-drivers", self.session, self.folder("out"))
        self.end(commit=False)

    def test_a_boot_critical_one_is_where_windows_starts_from(self):
        self.add(RAID)
        self.end(commit=True)
        root, service = self.unpack("after"), "ControlSet001\\Services\\ctsraid"
        self.assert_file(root, "Windows/System32/drivers/ctsraid.sys", "drv-boot-critical/ctsraid.sys")
        self.assertEqual(value(root, "DriverDatabase\\DriverInfFiles\\oem2.inf", "Active", "SYSTEM"), store_id(RAID))
        self.assertNotIn("oem2.inf", export(root, hive="DRIVERS"))
        for name, text in (("Owners", "oem2.inf"), ("ImagePath", "System32\\drivers\\ctsraid.sys"), ("Start", "0"), ("Type", "1"),
                           ("DisplayName", "@oem2.inf,%Service0%;Contoso RAID Controller service")):
            self.assertEqual(value(root, service, name, "SYSTEM"), text)
        lock = "Microsoft\\Windows\\CurrentVersion\\Setup\\PnpLockdownFiles\\%SystemRoot%/System32/drivers/ctsraid.sys"
        self.assertEqual(value(root, lock, "Owners", "SOFTWARE"), "oem2.inf")
        self.assertEqual(value(root, lock, "Source", "SOFTWARE"),
                         f"%SystemRoot%\\System32\\DriverStore\\FileRepository\\{store_id(RAID)}\\ctsraid.sys")

    def test_what_was_added_and_removed_leaves_no_trace(self):
        before = self.unpack("before")
        for inf in (NET, RAID):
            self.add(inf)
        for name in ("oem2.inf", "oem4.inf"):
            self.remove(name)
        self.end(commit=True)
        after = self.unpack("after")
        for hive in DRIVER_HIVES:
            self.assertEqual(export(before, hive=hive), export(after, hive=hive))
        files = [run("sh", "-c", 'cd "$0" && find . -type f ! -path "*/config/*" -print0 | sort -z | xargs -0 sha256sum', root)
                 for root in (before, after)]
        self.assertEqual(*files)

    def test_a_removed_one_is_gone_from_files_and_hives(self):
        self.remove("oem0.inf")
        self.remove("oem1.inf")
        self.end(commit=True)
        root = self.unpack("after")
        for hive in DRIVER_HIVES:
            text = export(root, hive=hive)
            for name in ("oem0.inf", "oem1.inf", "soundcard", "raid.inf", "fabsound", "nwraid", "VEN_FAB1", "VEN_90AD"):
                self.assertNotIn(name, text)
            self.assertTrue(hive != "DRIVERS" or "oem3.inf" in text)
        names = run("find", root).decode()
        for name in ("oem0.", "oem1.", "soundcard", "raid.inf", "nwraid.sys"):
            self.assertNotIn(name, names)
        self.assertIn("label.inf", names)
        self.assertIn("netinbox.sys", names)

    def test_a_discard_leaves_the_image_file_as_it_was(self):
        before = sha256(self.image)
        self.add(NET)
        self.add(RAW, force=1)
        self.remove("oem0.inf")
        self.assertEqual(sorted(self.list()), ["oem1.inf", "oem2.inf", "oem3.inf", "oem4.inf"])
        self.end(commit=False)
        self.assertEqual(sha256(self.image), before)

    def test_what_is_refused_leaves_nothing(self):
        before = {hive: run("sha256sum", hive_path(self.mount, hive)) for hive in DRIVER_HIVES}
        names = run("sh", "-c", 'cd "$0" && find . | sort', self.mount)
        self.add(RAW, hr=NOT_SIGNED)
        self.add("drv-file-missing/ctslack.inf", force=1, hr="80070002")
        self.add("drv-hostile/ctsevil.inf", force=1, hr="8007000D")
        self.remove("oem7.inf", hr=NOT_FOUND)
        self.assertEqual(before, {hive: run("sha256sum", hive_path(self.mount, hive)) for hive in DRIVER_HIVES})
        self.assertEqual(names, run("sh", "-c", 'cd "$0" && find . | sort', self.mount))
        self.end(commit=False)

    def test_what_an_ablation_took_is_restored_by_another_add(self):
        """Descriptors, service and file go, by hivexsh and rm; the same driver once more brings them back."""
        self.add(RAID)
        self.work.must("close", self.session)
        hive = hive_path(self.mount, "SYSTEM")
        for key in (f"DriverDatabase\\DriverPackages\\{store_id(RAID)}\\Descriptors", "ControlSet001\\Services\\ctsraid"):
            subprocess.run(["hivexsh", "-w", hive], input=f"cd {key}\ndel\ncommit\n".encode(), check=True)
        os.remove(os.path.join(self.mount, "Windows/System32/drivers/ctsraid.sys"))
        self.assertNotIn("Services\\ctsraid", export(self.mount, hive="SYSTEM"))
        self.session = self.work.must("open", self.mount)
        self.add(RAID)
        text = export(self.mount, hive="SYSTEM")
        self.assertIn("Services\\ctsraid", text)
        self.assertIn("Descriptors\\PCI\\VEN_C0DE&DEV_0100", text)
        self.assert_file(self.mount, "Windows/System32/drivers/ctsraid.sys", "drv-boot-critical/ctsraid.sys")
        self.assertEqual(sorted(self.list()), ["oem0.inf", "oem1.inf", "oem2.inf", "oem3.inf"])
        self.end(commit=False)

    def test_a_driver_without_version_is_listed_and_not_added_again(self):
        self.add(NET)
        self.work.must("close", self.session)
        lines = f"cd DriverDatabase\\DriverPackages\\{store_id(NET)}\nsetval 1\nInfName\nstring:ctsnet.inf\ncommit\n"
        subprocess.run(["hivexsh", "-w", hive_path(self.mount, "DRIVERS")], input=lines.encode(), check=True)
        self.session = self.work.must("open", self.mount)
        self.assertEqual(self.list()["oem2.inf"], ["Net", self.list()["oem2.inf"][1], "0.0.0.0"])
        self.add(NET, hr=NOT_FOUND)
        self.end(commit=False)

    def test_one_in_the_databases_of_both_hives_goes_from_both(self):
        self.work.must("close", self.session)
        text = export(self.mount, "DriverDatabase\\DriverInfFiles\\oem1.inf", "SYSTEM")
        merge(self.mount, "DRIVERS", text)
        self.session = self.work.must("open", self.mount)
        self.assertIn("oem1.inf", export(self.mount, hive="DRIVERS"))
        self.assertEqual(sorted(self.list()), ["oem0.inf", "oem1.inf", "oem3.inf"])
        self.remove("oem1.inf")
        self.assertEqual(sorted(self.list()), ["oem0.inf", "oem3.inf"])
        for hive in DRIVER_HIVES:
            self.assertNotIn("oem1.inf", export(self.mount, hive=hive))
        self.end(commit=False)

    def test_an_owner_that_is_left_keeps_service_and_file(self):
        self.add(RAID)
        self.add("drv-boot-critical-unsigned/ctsraid.inf", force=1)
        self.remove("oem2.inf")
        self.assertEqual(value(self.mount, "ControlSet001\\Services\\ctsraid", "Owners", "SYSTEM"), "oem4.inf")
        self.assertTrue(os.path.exists(os.path.join(self.mount, "Windows/System32/drivers/ctsraid.sys")))
        self.remove("oem4.inf")
        self.assertNotIn("ctsraid", export(self.mount, hive="SYSTEM"))
        self.assertFalse(os.path.exists(os.path.join(self.mount, "Windows/System32/drivers/ctsraid.sys")))
        self.end(commit=False)

    def test_an_export_has_the_files_of_the_store(self):
        out = self.folder("out")
        self.add(NET)
        self.work.must("export-drivers", self.session, out)
        self.assertEqual(len(os.listdir(out)), 4)
        for name in os.listdir(out):
            for file in os.listdir(os.path.join(out, name)):
                self.assertEqual(sha256(os.path.join(out, name, file)), sha256(os.path.join(self.mount, STORE, name, file)))
        self.assertEqual(sorted(os.listdir(os.path.join(out, store_id(NET)))), ["ctsnet.cat", "ctsnet.inf", "ctsnet.sys"])
        self.end(commit=False)

    def starve(self, call, *words, stride, done=OK):
        """The call with its n-th allocation failing, until none does; how many times it failed. One that fails when all is
        written is carried out by the next (change.h), which then says `done`."""
        for n in range(1, 20000, stride):
            self.work.must("load", json.dumps({"id": "oom", "at": call, "do": {"allocFail": n}}))
            reply = self.work.call(*words)
            self.work.must("disarm", "")
            if reply.hr in (OK, done):
                return n
            self.assertEqual(reply.hr, "8007000E", (n, reply))
        self.fail(f"{call} still fails")

    def test_no_memory_leaves_the_image_as_it_was(self):
        """Each hive and each folder after every refusal; then the call works."""
        def seen():
            return ([sha256(hive_path(self.mount, hive)) for hive in DRIVER_HIVES],
                    run("sh", "-c", 'cd "$0/Windows" && find . ! -path "*/Logs/*" | sort', self.mount))
        stride = 97 if os.environ.get("TEST_SANITIZE") else 13
        before = seen()
        self.assertGreater(self.starve("DismGetDrivers", "drivers", self.session, 1, stride=1), 5)
        self.assertEqual(seen(), before)
        self.assertGreater(self.starve("DismAddDriver", "add-driver", self.session, source(RAID), 0, stride=stride), 200)
        self.assertIn("oem2.inf", self.list())
        with_it = seen()
        self.assertNotEqual(with_it, before)
        self.assertGreater(self.starve("DismRemoveDriver", "remove-driver", self.session, "oem2.inf", stride=stride, done=NOT_FOUND), 100)
        self.assertEqual(sorted(self.list()), ["oem0.inf", "oem1.inf", "oem3.inf"])
        self.end(commit=False)


if __name__ == "__main__":
    main()

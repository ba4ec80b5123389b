# SPDX-License-Identifier: MIT
"""Editions and product keys as other programs find them: hivexget and hivexregedit read the hive, wimlib-imagex the image
file; the key is decoded as programs do that show it."""
from serviced import *

CURRENT = "Microsoft\\Windows NT\\CurrentVersion"
# Published for KMS clients and for setup.
PROFESSIONAL, RETAIL, ENTERPRISE = ("W269N-WFGWX-YVC9B-4J6C9-T83GX", "VK7JG-NPHTM-C97JM-9MPGT-3V66T",
                                    "NPPR9-FWDCX-D2C8J-H872K-2YT43")
STAGED, INSTALLED = 0x40, 0x70


def shown_key(digital_id):
    """The key in a DigitalProductId, as the public scripts for it say."""
    digits, number, text, last = "BCDFGHJKMPQRTVWXY2346789", int.from_bytes(digital_id[52:67], "little"), "", 0
    has_n = digital_id[66] // 6 & 1
    number &= ~(8 << 112)
    for _ in range(25):
        number, last = divmod(number, 24)
        text = digits[last] + text
    if has_n:
        text = text[1:last + 1] + "N" + text[last + 1:]
    return "-".join(text[i:i + 5] for i in range(0, 25, 5))


class editions(Serviced):
    def setUp(self):
        super().setUp()
        self.start()

    def key(self, root):
        text = export(root, CURRENT)
        line = re.search(r'^"DigitalProductId"=hex\(3\):(.*)$', text, re.M)
        return shown_key(bytes.fromhex(line[1].replace(",", ""))) if line else None

    def state_of(self, root, edition):
        text = export(root, CBS + "\\Packages")
        states = re.findall(rf'\\Microsoft-Windows-{edition}Edition~[^\]\\]*\]\n(?:"[^\n]*\n)*?"CurrentState"=dword:([0-9a-f]+)', text)
        return [int(s, 16) for s in states]

    def test_hive_packages_and_files_agree_after_a_commit(self):
        self.work.must("set-edition", self.session, "Enterprise", ENTERPRISE)
        self.assertEqual(self.work.must("edition", self.session), "Enterprise")
        self.end()
        root = self.unpack()
        self.assertEqual(value(root, CURRENT, "EditionID"), "Enterprise")
        self.assertEqual(self.state_of(root, "Enterprise"), [INSTALLED])
        self.assertEqual(self.state_of(root, "Professional"), [STAGED])
        self.assertEqual(self.key(root), ENTERPRISE)
        files = os.listdir(os.path.join(root, "Windows", "System32"))
        self.assertIn("enterprise.dll", files)
        self.assertNotIn("professional.dll", files)
        names = [n for n in os.listdir(os.path.join(root, "Windows")) if n.endswith(".xml")]
        self.assertEqual(names, ["Enterprise.xml"])
        run("xmllint", "--noout", os.path.join(root, "Windows", "Enterprise.xml"))
        wimlib("verify", self.image)

    def test_every_call_changes_what_it_has_business_with(self):
        current, licence = r"\\Windows NT\\CurrentVersion$", r"\\SoftwareProtectionPlatform$"
        with self.changing(SOFTWARE=[current, *package_keys("Microsoft-Windows-EnterpriseEdition~", "Microsoft-Windows-ProfessionalEdition~")],
                           files=[r"^Windows/(Professional|Enterprise)\.xml$", r"^Windows/System32/(professional|enterprise)\.dll$"]):
            self.work.must("set-edition", self.session, "Enterprise", "")
        with self.changing(SOFTWARE=[current, licence]):
            self.work.must("set-key", self.session, ENTERPRISE)
        self.end(commit=False)

    def test_nothing_is_left_after_a_discard(self):
        before = run("sha256sum", self.image)
        self.work.must("set-edition", self.session, "Enterprise", "")
        self.end(commit=False)
        self.assertEqual(run("sha256sum", self.image), before)

    def test_a_product_that_is_named_by_its_edition_is_named_anew(self):
        software = hive_path(self.mount)
        text = f'[\\{CURRENT}]\n"ProductName"="Windows 11 Pro"\n'
        subprocess.run(["hivexregedit", "--merge", software], input=text.encode(), check=True)
        self.work.must("set-edition", self.session, "ProfessionalWorkstation", "")
        self.assertEqual(value(self.mount, CURRENT, "ProductName"), "Windows 11 Pro for Workstations")

    def test_a_key_is_found_where_other_programs_look(self):
        for key in (PROFESSIONAL, RETAIL):
            self.work.must("set-key", self.session, key.lower().replace("-", ""))
            self.assertEqual(self.key(self.mount), key)
            self.assertEqual(value(self.mount, CURRENT + "\\SoftwareProtectionPlatform", "BackupProductKeyDefault"), key)
        product_id = value(self.mount, CURRENT, "ProductId")
        self.end()
        root = self.unpack()
        self.assertEqual(self.key(root), RETAIL)
        self.assertEqual(value(root, CURRENT, "ProductId"), product_id)

    def test_a_key_that_is_refused_changes_nothing(self):
        for key in (ENTERPRISE, PROFESSIONAL[:-1] + "H", "B" * 25, "N" * 25, "-" * 25, PROFESSIONAL + "B"):
            self.work.must("set-key", self.session, key, hr="C004000F")
            self.work.must("set-edition", self.session, "Education", key, hr="C004000F")
        self.assertIsNone(self.key(self.mount))
        self.assertEqual(self.work.must("edition", self.session), "Professional")

    def test_without_memory_nothing_changes(self):
        before, first, second, failed = read(hive_path(self.mount)), 1, 2, 0
        while True:
            self.work.must("load", json.dumps({"id": "f", "at": "_DismSetEdition", "do": {"allocFail": first}}))
            reply = self.work.call("set-edition", self.session, "Enterprise", ENTERPRISE)
            self.work.must("disarm", "")
            if reply.hr == OK:
                break
            self.assertEqual(reply.hr, "8007000E", reply)
            self.assertEqual(read(hive_path(self.mount)), before)
            self.assertFalse(os.path.lexists(os.path.join(self.mount, "Windows", "System32", "enterprise.dll")))
            first, second, failed = second, first + second, failed + 1
        self.assertGreater(failed, 10)
        self.assertEqual(self.work.must("edition", self.session), "Enterprise")

    def test_every_letter_of_a_key_counts(self):
        digits = "BCDFGHJKMPQRTVWXY2346789"
        for at, was in enumerate(PROFESSIONAL):
            if was in "-N":
                continue
            other = digits[(digits.index(was) + 1) % len(digits)]
            self.work.must("set-key", self.session, PROFESSIONAL[:at] + other + PROFESSIONAL[at + 1:], hr="C004000F")


if __name__ == "__main__":
    main()

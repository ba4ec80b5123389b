# SPDX-License-Identifier: MIT
"""Sources of payload that scenarios cannot make: images of wimlib-imagex in every form, damaged in every way, with links;
policies with drives; what is left behind; the log; a folder that plays Windows Update, by the control program."""
import hashlib

from dismtest import *

CATALOGUE = os.path.join(os.path.dirname(BUILD), "fixtures", "catalog")
MISSING, NO_NETWORK = "800F081F", "800F0906"
SSH = "OpenSSH.Server~~~~0.0.1.0"
POLICY = r"Microsoft\Windows\CurrentVersion\Policies\Servicing"


def catalogue(name):
    return os.path.join(CATALOGUE, name)


def image(path, index, prefix="wim"):
    return f"{prefix}:{client_path(path)}:{index}"


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def tree(root):
    """Every file and link with what is in it."""
    found = {}
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = os.readlink(path) if os.path.islink(path) else digest(path)
    return found


class sources(Test):
    def setUp(self):
        super().setUp()
        self.root = self.folder("applied")
        wimlib("apply", catalogue("serviced-client.wim"), "1", self.root, "--no-acls")
        self.work = self.client()
        self.session = self.work.must("open", self.root)
        self.source = catalogue("serviced-source.wim")

    def file(self, name):
        return os.path.join(self.root, "Windows", "System32", name)

    def try_to_add(self, *given, limit=1):
        return self.work.call("DismAddCapability", self.session, SSH, limit, "|".join(map(client_path, given)))

    def add(self, *given, hr=OK, limit=1):
        reply = self.try_to_add(*given, limit=limit)
        self.assertEqual(reply.hr, hr, reply)
        return reply.text

    def remove(self):
        self.work.must("DismRemoveCapability", self.session, SSH)

    def has_payload(self):
        files = {n: self.file(n) for n in ("sshd.exe", "sftp-server.exe")}
        good = [p for p in wimlib("dir", self.source, "2").splitlines() if p.startswith("/Windows/System32/s")]
        wimlib("extract", self.source, "2", *good, "--dest-dir=" + self.path("good"), "--no-acls")
        return {n: digest(p) for n, p in files.items()} == {n: digest(self.path("good", n)) for n in files}

    def test_every_form_of_image_that_wimlib_writes(self):
        for name, options in (("none", ["--compress=none"]), ("xpress", ["--compress=xpress", "--check"]),
                              ("lzx", ["--compress=lzx:100"]), ("lzms.esd", ["--compress=lzms", "--solid"]), ("pipable", ["--pipable"])):
            with self.subTest(name):
                path = self.path(name)
                wimlib("export", self.source, "2", path, *options)
                before = digest(path)
                self.add(image(path, 1, "ESD"))
                self.assertTrue(self.has_payload())
                self.assertEqual(before, digest(path))
                self.remove()
                self.assertFalse(os.path.exists(self.file("sshd.exe")))

    def test_packages_at_the_root_of_an_image(self):
        wimlib("capture", catalogue("pkg-fod-source"), self.path("fod.wim"), "packages")
        self.add(image(self.path("fod.wim"), 1))
        self.assertTrue(self.has_payload())
        self.assertFalse(os.path.exists(os.path.join(self.root, ".dismfake-change")))

    @unittest.skipIf(WINE, "names that differ in case alone are the same there")
    def test_letter_case_of_an_image_does_not_matter(self):
        folder = self.path("upper")
        wimlib("apply", self.source, "2", folder, "--no-acls")
        for old, new in (("Windows/WinSxS/Manifests", "Windows/WinSxS/MANIFESTS"), ("Windows/WinSxS", "Windows/WINSXS"),
                         ("Windows/servicing", "Windows/Servicing"), ("Windows", "WINDOWS")):
            os.rename(os.path.join(folder, old), os.path.join(folder, new))
        wimlib("capture", folder, self.path("upper.wim"), "upper")
        for source in (image(self.path("upper.wim"), 1), folder, os.path.join(folder, "WINDOWS"), os.path.join(folder, "WINDOWS", "WINSXS")):
            with self.subTest(source):
                self.add(source)
                self.assertTrue(self.has_payload())
                self.remove()

    def test_a_damaged_image_gives_the_right_payload_or_none(self):
        """Cut off at many places, and with one byte changed at many; neither leaves a trace."""
        whole = self.path("whole.wim")
        wimlib("export", self.source, "2", whole, "--compress=none", "--no-check")
        with open(whole, "rb") as f:
            content = f.read()
        clean, rounds = tree(self.root), int(os.environ.get("SOURCES_ROUNDS", "15"))
        step = len(content) // rounds
        spoilt = [content[:n] for n in (0, 1, 100, 207, 208, *range(300, len(content), step), len(content) - 1)]
        spoilt += [content[:n] + bytes([content[n] ^ 0x41]) + content[n + 1:] for n in (8, 40, *range(150, len(content), step))]
        given = {OK: 0, MISSING: 0}
        for n, data in enumerate(spoilt):
            path = self.write("spoilt.wim", data)
            with self.subTest(n):
                reply = self.try_to_add(image(path, 1))
                self.assertIn(reply.hr, given, reply)
                given[reply.hr] += 1
                if reply.hr == OK:
                    self.assertTrue(self.has_payload())
                    self.remove()
                    clean = tree(self.root)
                else:
                    self.assertIn("spoilt.wim", reply.text)
                    self.assertEqual(clean, tree(self.root))
        self.assertGreater(given[MISSING], len(content) // step // 2)
        self.assertGreater(given[OK], 0)
        self.add(image(path, 1), image(self.source, 2))

    @unittest.skipIf(WINE, "no links there")
    def test_links_in_an_image_are_not_followed(self):
        folder = self.path("links")
        wimlib("apply", self.source, "2", folder, "--no-acls")
        store = os.path.join(folder, "Windows", "WinSxS")
        key = next(n for n in os.listdir(store) if "openssh" in n)
        shutil.move(os.path.join(store, key), self.path("outside"))
        os.symlink(self.path("outside"), os.path.join(store, key))
        os.symlink(catalogue("pkg-fod-source"), self.path("fod"))
        cabinet = next(n for n in os.listdir(catalogue("pkg-fod-source")) if "OpenSSH-Server" in n)
        os.symlink(catalogue(os.path.join("pkg-fod-source", cabinet)), os.path.join(folder, cabinet))
        wimlib("capture", folder, self.path("links.wim"), "links", "--norpfix")
        clean = tree(self.root)
        for source in (image(self.path("links.wim"), 1), folder):
            with self.subTest(source):
                self.add(source, hr=MISSING)
                self.assertEqual(clean, tree(self.root))

    def test_what_is_passed_over_stands_in_the_log_and_in_the_message(self):
        log = self.path("dism.log")
        self.work.must("close", self.session)
        self.work.must("shutdown")
        self.work.must("init", 2, log)
        self.session = self.work.must("open", self.root)
        wanted = (image(self.path("nowhere.wim"), 1), image(self.source, 7), self.path("no-folder"), image(self.root, 1))
        self.assertIn("nowhere.wim", self.add(*wanted, hr=MISSING))
        with open(log, encoding="utf-8") as f:
            lines = [line for line in f if "is passed over" in line]
        for name in ("nowhere.wim:1", "serviced-source.wim:7", "no-folder", "applied:1"):
            self.assertTrue([line for line in lines if name in line and "Warning" in line], (name, lines))

    def test_a_killed_call_leaves_nothing_that_was_unpacked(self):
        clean = tree(self.root)
        for step in ("plan", "stage", "place"):
            with self.subTest(step):
                self.work.must("load", json.dumps([{"id": "end", "at": f"DismAddCapability/{step}", "do": {"crash": "terminate"}}]))
                with self.assertRaises(Ended):
                    self.try_to_add(image(self.source, 2))
                self.work = self.client()
                self.session = self.work.must("open", self.root)
                self.work.must("packages", self.session)
                self.assertEqual(clean, tree(self.root))
        self.add(image(self.source, 2))

    def test_a_full_disk_is_no_fault_of_a_source(self):
        clean = tree(self.root)
        self.work.must("load", json.dumps([{"id": "full", "at": "DismAddCapability", "do": {"diskFullAfterBytes": 100}}]))
        self.add(image(self.source, 2), image(self.source, 2), hr="80070070")
        self.assertEqual(clean, tree(self.root))
        self.add(image(self.source, 2))

    @unittest.skipIf(WINE, "drives are the system's there")
    def test_paths_with_a_drive(self):
        os.makedirs(os.path.join(self.state, "drives", "D", "Sources"))
        shutil.copy(self.source, os.path.join(self.state, "drives", "D", "Sources", "install.wim"))
        self.add("wim:D:\\Sources\\..\\Sources\\install.wim:2")
        self.assertTrue(self.has_payload())
        self.add("wim:D:1", hr=OK)  # the drive itself, and what is there already needs no source

    def set_policy(self, root, **values):
        parent = POLICY.rpartition("\\")[0]
        text = f"[\\{parent}]\n\n[\\{POLICY}]\n"
        for name, value in values.items():
            text += f'"{name}"=dword:{value:08x}\n' if isinstance(value, int) else \
                f'"{name}"=hex(2):{",".join(f"{b:02x}" for b in (value + chr(0)).encode("utf-16-le"))}\n'
        hive = os.path.join(root, "Windows", "System32", "config", "SOFTWARE")
        text = "Windows Registry Editor Version 5.00\n\n" + text
        subprocess.run(["hivexregedit", "--merge", hive], input=text.encode(), check=True)

    @unittest.skipIf(WINE, "drives are the system's there")
    def test_a_policy_of_the_running_windows_names_drives(self):
        online = os.path.join(self.state, "online")
        self.work.must("close", self.work.must("open", "online"))
        os.makedirs(os.path.join(online, "sources"))
        shutil.copy(self.source, os.path.join(online, "sources", "s.wim"))
        self.set_policy(online, LocalSourcePath="Z:\\nowhere;wim:C:\\sources\\s.wim:1;;wim:C:\\sources\\s.wim:2")
        session = self.work.must("open", "online")
        self.work.must("DismEnableFeature", session, "NetFx3", "", 0, 0, "", 0)
        self.assertTrue(os.path.exists(os.path.join(online, "Windows", "System32", "mscorwks.dll")))

    def test_the_control_program_says_what_windows_update_has(self):
        def dismfake(*words):
            return subprocess.run([*program("dismfake"), *words], env=environment(self.state), capture_output=True, text=True)
        self.add(hr=NO_NETWORK, limit=0)
        done = dismfake("world", json.dumps({"windowsUpdate": client_path(catalogue("pkg-fod-source")), "as": "update"}))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("windowsUpdate", dismfake("world", "show").stdout)
        self.add(hr=MISSING)
        self.assertEqual(dismfake("world", "release", "update").returncode, 0)
        self.add(hr=NO_NETWORK, limit=0)
        dismfake("world", json.dumps({"windowsUpdate": client_path(catalogue("pkg-fod-source"))}))
        self.add(limit=0)
        self.assertTrue(self.has_payload())
        self.assertNotEqual(dismfake("world", '{"windowsUpdate": 3}').returncode, 0)


if __name__ == "__main__":
    unittest.main()

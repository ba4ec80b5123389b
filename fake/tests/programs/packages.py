# SPDX-License-Identifier: MIT
"""Packages in an image as other programs find them: hivexget, hivexregedit and reged read the hives, xmllint the manifests,
cabextract what the packages have, wimlib-imagex the image file, after a commit and after a discard; what a kill leaves."""
import difflib

from serviced import *

TOKEN = "31bf3856ad364e35"
INSTALLED, SUPERSEDED, PENDING, GOING = "112", "80", "96", "5"
STATE_INSTALLED, STATE_PENDING, STATE_GOING = "4", "5", "1"


def identity(name, version, language=""):
    return f"{name}~{TOKEN}~amd64~{language}~{version}"


FOUNDATION = identity("Microsoft-Windows-Foundation-Package", "10.0.22621.1")
SIMPLE = identity("Package_for_KB5030001", "22621.2001.1.0")
NEEDS_RESTART = identity("Package_for_KB5030002", "22621.2002.1.0")
KB = identity("Package_for_KB5012170", "22621.105.1.1")
ROLLUP, NEWER = identity("Package_for_RollupFix", "22621.1413.1.5"), identity("Package_for_RollupFix", "22621.2428.1.6")
STACK = identity("Package_for_ServicingStack_2400", "22621.2400.1.0")
TOOLS = identity("Contoso-Tools-Package", "10.0.22621.1")
GERMAN = identity("Microsoft-Windows-Client-LanguagePack-Package", "10.0.22621.1", "de-DE")


def any_version(name):
    return name.rsplit("~", 1)[0] + "~0.0.0.0"


def members(name):
    """What a package's cabinet has, by cabextract."""
    names = [line.split("|", 2)[2].strip() for line in run("cabextract", "-l", source(name)).decode().splitlines() if line.count("|") == 2]
    return {n: run("cabextract", "-q", "-p", "-F", n, source(name)) for n in names if n != "Name"}


def files_below(root):
    return run("sh", "-c", 'cd "$0" && find . -type f ! -path "*/config/*" -print0 | sort -z | xargs -0 sha256sum', root).decode()


def names_below(root):
    return "\n".join(sorted(tree_of(root)))


def component_files(package, component, file):
    """Patterns of what comes and goes with a package that has such components, and a file in System32."""
    package = package.partition("~")[0]
    return [rf"^{PACKAGES}{package}~", rf"^{SXS}(Manifests/)?amd64_{component}_", rf"^Windows/System32/{file}\.(dll|exe)$"]


class Packages(Serviced):
    def add(self, name, hr=OK, ignore=0, prevent=0):
        return self.work.must("add-package", self.session, source(name), ignore, prevent, hr=hr)

    def remove(self, name, hr=OK):
        self.work.must("remove-package", self.session, name, "name", hr=hr)

    def listed(self):
        """Name, state and release type."""
        return [entry.split("|") for entry in self.work.must("packages", self.session).split("\t") if entry]

    def list(self):
        return {name: state for name, state, _ in self.listed()}

    def state_of(self, root, name):
        return value(root, f"{CBS}\\Packages\\{name}", "CurrentState")

    def assert_sound(self, root):
        """Every manifest is XML, and two other readers of hives take all of this one."""
        run("sh", "-c", 'find "$0/Windows/servicing" "$0/Windows/WinSxS" -name "*.mum" -o -name "*.manifest" | xargs xmllint --noout --nonet', root)
        run("hivexml", hive_path(root))
        run("reged", "-x", hive_path(root), "HKLM", "\\", self.path("reged.reg"))
        self.assertFalse(os.path.exists(os.path.join(root, ".dismfake-change")))


class OfAnImage(Packages):
    def setUp(self):
        super().setUp()
        self.start()

    def test_a_committed_package_is_in_files_and_registry(self):
        self.add("pkg-simple")
        self.end(commit=True)
        root, parts = self.unpack("after"), members("pkg-simple")
        manifest = next(n for n in parts if n.endswith(".manifest"))
        payload = next(n for n in parts if n.endswith(".dll"))
        for place, part in ((f"servicing/Packages/{SIMPLE}.mum", "update.mum"), (f"servicing/Packages/{SIMPLE}.cat", "update.cat"),
                            (f"WinSxS/Manifests/{manifest}", manifest), (f"WinSxS/{payload}", payload), ("System32/kb5030001.dll", payload)):
            self.assertEqual(read(os.path.join(root, "Windows/" + place)), parts[part], place)
        key = f"{CBS}\\Packages\\{SIMPLE}"
        for name, text in (("CurrentState", INSTALLED), ("InstallClient", "DISM Package Manager Provider"), ("InstallName", SIMPLE + ".mum"),
                           ("InstallUser", "S-1-5-18"), ("SelfUpdate", "0"), ("Visibility", "1")):
            self.assertEqual(value(root, key, name), text, name)
        self.assertRegex(value(root, key, "InstallLocation"), r"^\\\\\?\\")
        high, low = (int(value(root, key, "InstallTime" + half)) & 0xFFFFFFFF for half in ("High", "Low"))
        when = high << 32 | low
        self.assertGreater(when // 10**7 - 11644473600, os.stat(source("pkg-simple")).st_mtime - 86400)
        self.assertEqual(value(root, key + "\\Owners", SIMPLE), str(0x20070))
        self.assertEqual(value(root, f"{CBS}\\PackageIndex\\{any_version(SIMPLE)}", SIMPLE), INSTALLED)
        self.assertEqual(value(root, f"{CBS}\\PackageDetect\\{any_version(FOUNDATION)}", SIMPLE), INSTALLED)
        self.assert_sound(root)

    def test_every_call_changes_what_it_has_business_with(self):
        with self.changing(SOFTWARE=package_keys(SIMPLE), files=component_files(SIMPLE, "contoso-kb5030001", "kb5030001")):
            self.add("pkg-simple")
        with self.changing(SOFTWARE=package_keys(SIMPLE), files=component_files(SIMPLE, "contoso-kb5030001", "kb5030001")):
            self.remove(SIMPLE)
        with self.changing(SOFTWARE=package_keys(ROLLUP, STACK),
                           files=[*component_files("Package_for_(RollupFix|ServicingStack_2400)", "contoso-(shell|servicingstack)", "shell"),
                                  r"^Windows/servicing/cbscore\.dll$"]):
            self.add("pkg-msu-several", hr=FALSE)
        with self.changing(SOFTWARE=[*package_keys(TOOLS), r"\\UpdateDetect"], files=component_files(TOOLS, "contoso-(agent|editor|server)", "agent")):
            self.add("pkg-features")
        with self.changing(SOFTWARE=package_keys(ROLLUP), files=component_files("Package_for_RollupFix", "contoso-shell", "shell")):
            self.remove(identity("Package_for_RollupFix", "22621.2428.1.7"))
        self.end(commit=True)
        self.assert_sound(self.unpack())

    def test_a_discard_leaves_the_image_file_as_it_was(self):
        before = run("sha256sum", self.image)
        self.add("pkg-simple")
        self.remove(KB)
        self.end(commit=False)
        self.assertEqual(run("sha256sum", self.image), before)

    def test_what_was_added_and_removed_leaves_no_trace(self):
        before = self.unpack("before")
        for name in ("pkg-simple", "pkg-features", "pkg-rollup-newer", "pkg-restart-required", "pkg-all-fields", "pkg-neutral"):
            self.add(name)
        now = self.list()
        for name in set(now) - set(self.known(before)):
            self.remove(name)
        self.end(commit=True)
        after = self.unpack("after")
        self.assertEqual(files_below(before), files_below(after))
        self.assertEqual([*difflib.unified_diff(export(before).splitlines(), export(after).splitlines(), lineterm="", n=0)], [])

    def known(self, root):
        return re.findall(r"Packages\\([^\\\]]+~[^\\\]]*)\]$", export(root, CBS), re.M)

    def test_features_get_their_selection_and_the_detection_of_parents(self):
        self.add("pkg-features")
        self.end(commit=True)
        root, key = self.unpack("after"), f"{CBS}\\Packages\\{TOOLS}\\Updates"
        for name in ("Contoso-Tools", "Contoso-Tools-Editor", "Contoso-Tools-Server", "Contoso-Agent"):
            self.assertEqual(value(root, key, name), "255", name)
        self.assertEqual(value(root, f"{CBS}\\UpdateDetect\\Contoso-Tools", TOOLS), INSTALLED)
        self.assertTrue(os.path.exists(os.path.join(root, "Windows/System32/agent.exe")))
        self.assertFalse(os.path.exists(os.path.join(root, "Windows/System32/editor.exe")))
        self.assert_sound(root)

    def test_a_superseded_version_stays_in_the_store(self):
        self.add("pkg-rollup-newer")
        self.end(commit=True)
        root = self.unpack("after")
        self.assertEqual((self.state_of(root, NEWER), self.state_of(root, ROLLUP)), (INSTALLED, SUPERSEDED))
        self.assertEqual(read(os.path.join(root, "Windows/System32/shell.dll")), b"shell of 2428\n")
        kept = sorted(name.split("_")[3] for name in os.listdir(os.path.join(root, "Windows/WinSxS")) if "contoso-shell" in name)
        self.assertEqual(kept, ["10.0.22621.1105", "10.0.22621.1413", "10.0.22621.2428"])

    def test_a_removed_one_is_gone_from_files_and_registry(self):
        self.remove(KB)
        self.end(commit=True)
        root = self.unpack("after")
        self.assertFalse("KB5012170" in export(root))
        names = names_below(root)
        for name in ("KB5012170", "dbx.bin", "contoso-dbx"):
            self.assertNotIn(name, names)
        self.assert_sound(root)

    def test_several_of_one_file_are_all_there(self):
        self.add("pkg-msu-several", hr=FALSE)  # a servicing stack is among them
        self.end(commit=True)
        root = self.unpack("after")
        self.assertEqual(self.state_of(root, identity("Package_for_RollupFix", "22621.2428.1.7")), INSTALLED)
        self.assertEqual(self.state_of(root, STACK), INSTALLED)
        self.assertNotIn("~x86~", export(root, CBS + "\\Packages"))
        self.assertTrue(os.path.exists(os.path.join(root, "Windows/servicing/cbscore.dll")))
        self.assert_sound(root)

    def test_places_and_names_beyond_ascii(self):
        self.add("pkg-all-fields")
        self.end(commit=True)
        run("wimlib-imagex", "extract", self.image, "1", "/Program Files/Contoso", "--dest-dir=" + self.path("programs"), "--no-acls")
        self.assertEqual(read(os.path.join(self.path("programs"), "Contoso/übersicht.txt")).decode(), "Übersicht\n")
        root = self.unpack("after")
        self.assertEqual(len(read(os.path.join(root, "Windows/Contoso/всё.dat"))), 300)
        self.assertEqual(value(root, f"{CBS}\\CapabilityIndex\\Contoso.All~~~de-DE~0.0.2.5",
                                    identity("Contoso-All-Fields-Package", "10.0.22621.7", "de-DE")), INSTALLED)

    def test_what_is_refused_leaves_nothing(self):
        tree, hive = names_below(self.mount), run("sha256sum", hive_path(self.mount))
        for name in ("pkg-arm64", "pkg-parent-missing", "pkg-truncated", "pkg-damaged-byte", "pkg-payload-missing", "pkg-payload-spoilt",
                     "pkg-component-missing", "pkg-not-xml", "pkg-entity-bomb", "pkg-nested-deep", "pkg-without-manifest"):
            reply = self.work.call("add-package", self.session, source(name), 0, 0)
            self.assertGreaterEqual(reply.hr, "80000000", name)
            self.assertGreater(len(reply.text), 5, name)
        self.remove(FOUNDATION, hr="800F0825")
        self.assertEqual((tree, hive), (names_below(self.mount), run("sha256sum", hive_path(self.mount))))
        self.end(commit=False)

    def test_another_programs_change_is_seen(self):
        self.assertEqual(self.list()[KB], STATE_INSTALLED)
        lines = f"cd {CBS}\\Packages\\{KB}\nsetval 2\nCurrentState\ndword:0x40\nVisibility\ndword:1\ncommit\n"
        subprocess.run(["hivexsh", "-w", hive_path(self.mount)], input=lines.encode(), check=True)
        self.assertEqual(self.list()[KB], "2")
        self.end(commit=False)

    def test_what_a_killed_process_leaves_is_all_or_nothing(self):
        """Killed at ticks from the first to the last; who comes next finds the package in list, registry and files, or nowhere."""
        outcomes = set()
        for tick in (1, 99, 250, 499, 500, 501, 502, 600, 999):
            self.work.must("ticks", "on")

            def kill(now, at=tick):
                if now == at:
                    self.work.process.kill()
            try:
                self.work.call("add-package", self.session, source("pkg-many-files"), 0, 0, on_tick=kill)
            except Ended:
                pass
            self.work.end()
            self.work = self.client()
            self.session = self.work.must("open", self.mount)
            found = [name for name in self.list() if "KB5030025" in name]
            placed = [name for name in os.listdir(os.path.join(self.mount, "Windows/System32")) if name.startswith("many-")]
            self.assertEqual(len(placed), 100 if found else 0, tick)
            self.assertEqual("KB5030025" in export(self.mount, CBS), bool(found))
            self.assert_sound(self.mount)
            outcomes.add(bool(found))
            if found:
                self.remove(found[0])
        self.assertEqual(outcomes, {True, False})
        self.end(commit=False)


class OfAnAppliedFolder(Packages):
    def test_a_change_there_is_final(self):
        folder = self.path("applied")
        run("wimlib-imagex", "apply", self.image, "1", folder)
        self.session = self.work.must("open", folder)
        self.add("pkg-simple")
        self.remove(KB)
        self.work.must("close", self.session)
        self.assertEqual(self.state_of(folder, SIMPLE), INSTALLED)
        self.assertTrue(os.path.exists(os.path.join(folder, "Windows/System32/kb5030001.dll")))
        self.assertFalse("KB5012170" in export(folder) + names_below(folder))
        self.assert_sound(folder)
        self.session = self.work.must("open", folder)
        self.assertIn(SIMPLE, self.list())

    def test_nothing_of_the_fake_stands_in_keys_of_windows(self):
        """Whatever is done, its own key is beside Microsoft's, and it is gone when nothing of it is needed."""
        folder = self.path("applied")
        run("wimlib-imagex", "apply", self.image, "1", folder)
        before = set(re.findall(r"^\[(.*)\]$", export(folder), re.M))
        self.session = self.work.must("open", folder)
        for name in ("pkg-restart-required", "pkg-features", "pkg-rollup-newer", "pkg-driver"):
            self.add(name)
        new = set(re.findall(r"^\[(.*)\]$", export(folder), re.M)) - before
        self.assertTrue(new)
        for key in new:
            self.assertRegex(key.replace("\\\\", "\\"), r"^\\?Microsoft\\Windows\\CurrentVersion\\(Component Based Servicing|Setup)\\")
        self.assertNotIn("dismfake", export(folder).lower())


class OfTheRunningSystem(Packages):
    def setUp(self):
        super().setUp()
        self.root = self.path("state", "online")
        self.session = self.work.must("open", "online")

    def restart(self):
        self.work.must("close", self.session)
        self.work.must("shutdown")
        self.work.must("reboot")
        self.work.must("init", 2)
        self.session = self.work.must("open", "online")

    def file(self, name):
        return os.path.exists(os.path.join(self.root, "Windows/System32", name))

    def test_a_restart_puts_files_in_place(self):
        self.restart()  # what the system came with has gone through by now
        self.add("pkg-restart-required", hr=RESTART)
        self.assertEqual(self.list()[NEEDS_RESTART], STATE_PENDING)
        self.assertEqual(self.state_of(self.root, NEEDS_RESTART), PENDING)
        self.assertFalse(self.file("kb5030002.dll"))
        text = export(self.root, CBS)
        self.assertIn(f"PackagesPending\\{NEEDS_RESTART}]", text)
        self.assertIn("\\RebootPending]", text)
        self.restart()
        self.assertEqual(self.list()[NEEDS_RESTART], STATE_INSTALLED)
        self.assertEqual(self.state_of(self.root, NEEDS_RESTART), INSTALLED)
        self.assertTrue(self.file("kb5030002.dll"))
        text = export(self.root, CBS)
        self.assertNotIn("\\RebootPending]", text)
        self.assertNotIn(f"PackagesPending\\{NEEDS_RESTART}]", text)
        self.assert_sound(self.root)

    def test_a_restart_takes_files_away(self):
        self.restart()
        self.remove(GERMAN, hr=RESTART)
        self.assertEqual((self.list()[GERMAN], self.state_of(self.root, GERMAN)), (STATE_GOING, GOING))
        self.assertTrue(os.path.exists(os.path.join(self.root, f"Windows/servicing/Packages/{GERMAN}.mum")))
        self.restart()
        self.assertNotIn(GERMAN, self.list())
        self.assertNotIn(GERMAN, export(self.root, CBS + "\\Packages"))
        self.assertFalse(os.path.exists(os.path.join(self.root, f"Windows/servicing/Packages/{GERMAN}.mum")))

    def test_a_restart_puts_the_files_of_its_features_in_place(self):
        self.restart()
        self.add("pkg-restart-features", hr=RESTART)
        self.ask("DismEnableFeature", "Contoso-Waits-Off", "", 0, 1, "", 0, hr=RESTART)
        self.assertFalse(self.file("waitson.dll") or self.file("waitsoff.dll"))
        self.restart()
        self.assertTrue(self.file("waitson.dll") and self.file("waitsoff.dll"))

    def test_a_restart_leaves_features_out_that_were_turned_off_before(self):
        self.restart()
        self.add("pkg-restart-features", hr=RESTART)
        self.ask("DismDisableFeature", "Contoso-Waits-On", "", 0)
        self.restart()
        self.assertFalse(self.file("waitson.dll") or self.file("waitsoff.dll"))

    def test_it_stays_pending_without_a_restart(self):
        self.add("pkg-restart-required", hr=RESTART)
        self.work.must("close", self.session)
        self.work.must("shutdown")
        self.work.end()
        self.work = self.client()
        self.session = self.work.must("open", "online")
        self.assertEqual(self.list()[NEEDS_RESTART], STATE_PENDING)
        self.assertFalse(self.file("kb5030002.dll"))

    def test_a_restart_that_is_cut_off_is_finished_by_the_next_session(self):
        for step in ("stage", "place"):
            self.restart()
            self.add("pkg-restart-required", hr=RESTART)
            self.work.must("close", self.session)
            self.work.must("shutdown")
            self.work.must("reboot")
            self.work.must("init", 2)
            self.work.must("load", json.dumps({"id": "end", "at": "DismOpenSession/" + step, "do": {"crash": "terminate"}}))
            with self.assertRaises(Ended):
                self.work.call("open", "online")
            self.work.end()
            self.work = self.client()
            self.session = self.work.must("open", "online")
            self.assertEqual(self.list()[NEEDS_RESTART], STATE_INSTALLED)
            self.assertTrue(self.file("kb5030002.dll"))
            self.remove(NEEDS_RESTART, hr=RESTART)
        self.assert_sound(self.root)

    def test_two_processes_change_it_one_after_another(self):
        other = self.client()
        session = other.must("open", "online")
        self.work.send("add-package", self.session, source("pkg-simple"), 0, 0)
        other.send("add-package", session, source("pkg-neutral"), 0, 0)
        self.assertEqual(self.work.answer().hr, OK)
        self.assertEqual(other.answer().hr, OK)
        text = export(self.root, CBS + "\\Packages")
        self.assertIn(SIMPLE, text)
        self.assertRegex(text, r"~neutral~")
        self.assertEqual(self.list()[SIMPLE], STATE_INSTALLED)
        self.assert_sound(self.root)


class ManyAreListedAtOnce(Packages):
    def test_the_list_is_that_of_the_registry(self):
        self.work.must("mount", self.image, self.mount, 1, READONLY)
        self.session = self.work.must("open", self.mount)
        script = f"cd {CBS}\\Packages\nls\n".encode()
        keys = subprocess.run(["hivexsh", hive_path(self.mount)], input=script, capture_output=True, check=True).stdout.decode().splitlines()
        self.assertGreater(len(keys), 30)
        hidden = [key for key in keys if value(self.mount, f"{CBS}\\Packages\\{key}", "Visibility") != "1" or self.state_of(self.mount, key) == "0"]
        self.assertEqual(sorted(self.list()), sorted(set(keys) - set(hidden)))


if __name__ == "__main__":
    main()

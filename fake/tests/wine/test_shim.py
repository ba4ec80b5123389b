#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The stand-in for libwim-15.dll by itself: a Windows program captures, changes and unpacks through it; diff
and wimlib-imagex, which know nothing of it, look at what came out. Environment: SHIM_CLIENT (the
program, the stand-in beside it), ON_WINE (runs it), WIMLIB_IMAGEX."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

NAME = "Größe 図"


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, encoding="utf-8", check=False, timeout=300)
    assert done.returncode == 0 and "test shim" not in done.stderr, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def imagex(*arguments):
    return run(os.environ["WIMLIB_IMAGEX"], *map(str, arguments))


def make_tree(folder):
    deep = folder / "in" / "Ordner" / "tief"
    deep.mkdir(parents=True)
    (folder / "in" / "leer").mkdir()
    (folder / "more").mkdir()
    (deep / "z.bin").write_bytes(os.urandom(300_000))
    (deep.parent / "b.bin").write_bytes(os.urandom(3_000))
    os.link(deep.parent / "b.bin", deep.parent / "c.bin")
    (deep.parent / "weg.txt").write_text("goes\n", encoding="utf-8")
    (deep.parent / "ä図\U0001f600.txt").write_text("stays\n", encoding="utf-8")
    os.symlink("Ordner/b.bin", folder / "in" / "link")
    (folder / "more" / "left out.txt").write_text("excluded\n", encoding="utf-8")
    (folder / "more" / "kept.txt").write_text("added\n", encoding="utf-8")


class Shim(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory(prefix="shim-")
        cls.folder = Path(cls.place.name).resolve()
        make_tree(cls.folder)
        output = run(os.environ["ON_WINE"], os.environ["SHIM_CLIENT"], "Z:" + str(cls.folder).replace("/", "\\"))
        cls.lines = output.replace("\r", "").splitlines()

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def values(self, key):
        return [line[len(key) + 1 :].strip() for line in self.lines if line.startswith(key + " ")]

    def dos(self, name):
        return "Z:" + str(self.folder / name).replace("/", "\\")

    def test_calls_succeed(self):
        for call in "init create capture write open update overwrite copy iterate info extract extract-paths".split():
            self.assertTrue(self.values(call), call)
            for value in self.values(call):
                self.assertEqual("0 fine", value, call)

    def test_names_and_properties(self):
        self.assertEqual([NAME], self.values("image"))
        self.assertEqual(["4"], self.values("property"))
        self.assertEqual(["(none)"], self.values("no-property"))
        self.assertEqual(["1 0"], self.values("in-use"))
        self.assertEqual(["2"], self.values("images"))

    def test_entries_are_told_as_on_windows(self):
        names = ["", "\\b.bin", "\\c.bin", "\\mehr", "\\mehr\\kept.txt", "\\tief", "\\tief\\z.bin", "\\ä図\U0001f600.txt"]
        self.assertEqual(["\\Ordner" + name for name in names], sorted(self.values("entry")))
        self.assertEqual(["2", "2"], self.values("  links"))
        written = int((self.folder / "in/Ordner/tief/z.bin").stat().st_mtime)
        at = self.lines.index("entry \\Ordner\\tief\\z.bin")
        self.assertEqual(["  name z.bin", f"  written {written}"], self.lines[at + 1 : at + 3])

    def test_progress_is_told_as_on_windows(self):
        self.assertEqual(["\\Ordner\\weg.txt"], self.values("update-delete"))
        self.assertEqual(["\\Ordner\\mehr"], self.values("update-add"))
        self.assertEqual([self.dos("more/left out.txt")], self.values("exclude"))
        self.assertEqual({self.dos("image.wim")}, set(self.values("extract-from")))
        self.assertEqual({NAME}, set(self.values("extract-name")))
        self.assertEqual([self.dos("out"), self.dos("aborted")], self.values("extract-to"))
        self.assertEqual(["often"], self.values("called"))
        self.assertNotIn("progress on a foreign thread", self.lines)

    def test_failures(self):
        self.assertEqual(["76 The operation was aborted by the library user"], self.values("abort"))
        self.assertEqual(["68 The requested operation is unsupported"] * 2, self.values("refuse-unix-data"))
        self.assertEqual(["47 errno 2"], self.values("missing"))

    def test_another_reader_agrees(self):
        image = self.folder / "image.wim"
        self.assertIn("successfully verified", imagex("verify", image))
        facts = imagex("info", image)
        self.assertIn(NAME, facts)
        self.assertIn("Beschreibung ä", facts)
        apart = self.folder / "apart"
        imagex("apply", image, "2", apart)
        self.assertEqual(b"", (self.folder / "out/link").read_bytes())  # links become empty files
        (self.folder / "out/link").unlink()
        (self.folder / "out/link").symlink_to("Ordner/b.bin")
        run("diff", "-r", "--no-dereference", str(apart), str(self.folder / "out"))
        self.assertFalse((apart / "Ordner/weg.txt").exists())
        self.assertFalse((apart / "Ordner/mehr/left out.txt").exists())
        run("diff", "-r", str(self.folder / "in/Ordner/tief"), str(apart / "Ordner/tief"))
        self.assertEqual("Ordner/b.bin", os.readlink(apart / "link"))
        self.assertEqual(["b.bin", "c.bin"], sorted(path.name for path in (self.folder / "some/Ordner").iterdir()))


if __name__ == "__main__":
    unittest.main()

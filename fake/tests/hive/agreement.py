# SPDX-License-Identifier: MIT
"""What hivex, reged, libregf and a strict reader in Python find in hives that each implementation of fake/hive wrote: the same as
the implementation, and as what was asked for."""
import random
import unittest

import regf
from hivetest import (BIG, KINDS, LATIN, NAMES, TIME, WIDE, Model, folder, hivetool, libregf, list_by_hivexsh, masked, parent_of, random_changes,
                      read_hivexml, read_hivexregedit, read_own, read_reged, read_times)


class Agreement(unittest.TestCase):
    maxDiff = 2000

    def same(self, got, wanted, who):
        self.assertEqual(sorted(got), sorted(wanted), f"{who}: keys")
        for path in wanted:
            self.assertEqual(got[path], wanted[path], f"{who}: values of {path!r}")

    def hold(self, path, model, plain):
        """Everybody reads `model` in the hive at `path`; plain: it has nothing that reged does not know."""
        keys = model.keys
        with open(path, "rb") as file:
            self.same(regf.flat(regf.Reader(file.read()).root), keys, "the strict reader")
        self.assertEqual(hivetool("look", path), ["nothing"])
        for kind in KINDS:
            self.same(read_own(path, kind), keys, kind)
        self.same(libregf(path)[0], masked(keys), "libregf")
        self.same(read_hivexregedit(path), keys, "hivexregedit")
        names = {p: {n: None for n in values} for p, values in keys.items()}
        self.same(read_hivexml(path), names, "hivexml")
        if plain:
            small = {p: {n: v for n, v in values.items() if len(v[1]) <= BIG} for p, values in keys.items()}
            got = {p: {n: v for n, v in values.items() if n in small[p]} for p, values in read_reged(path).items()}
            self.same(got, small, "reged")

    def walk_by_hivexsh(self, path, model):
        for key in [k for k in model.keys if k.isascii() and " " not in k and "'" not in k][:10]:
            below = sorted(p.rpartition("\\")[2] for p in model.keys if p and parent_of(p) == key)
            self.assertEqual(list_by_hivexsh(path, key), below, f"hivexsh below {key!r}")

    def rounds(self, kind, seed, names, plain):
        rng = random.Random(seed)
        with folder() as at:
            model, path = Model(), f"{at}/0"
            hivetool("empty", path, "SOFTWARE")
            self.hold(path, model, plain)
            for turn in range(1, 4):
                model.script = []
                random_changes(rng, model, 120, names)
                model.run(kind, path, f"{at}/{turn}")
                path = f"{at}/{turn}"
                self.hold(path, model, plain)
            self.walk_by_hivexsh(path, model)

    def test_every_kind_of_name(self):
        for kind in KINDS:
            for seed in range(4):
                with self.subTest(kind=kind, seed=seed):
                    self.rounds(kind, seed, NAMES + LATIN + WIDE, False)

    def test_plain_names(self):
        for kind in KINDS:
            for seed in range(10, 13):
                with self.subTest(kind=kind, seed=seed):
                    self.rounds(kind, seed, NAMES, True)

    def test_many_keys(self):
        """Lists of lists: filled, thinned out, filled again."""
        rng = random.Random(5)
        for kind in KINDS:
            with self.subTest(kind=kind), folder() as at:
                model = Model()
                for n in rng.sample(range(1500), 1500):
                    model.make(f"Packages\\Package_{n}~31bf3856ad364e35~amd64~~10.0.{n}.1")
                    model.set(f"Packages\\Package_{n}~31bf3856ad364e35~amd64~~10.0.{n}.1", "CurrentState", 4, n.to_bytes(4, "little"))
                hivetool("empty", f"{at}/0", "SOFTWARE")
                model.run(kind, f"{at}/0", f"{at}/1")
                self.hold(f"{at}/1", model, True)
                model.script = []
                for path in rng.sample([p for p in model.keys if "~" in p], 1200):
                    model.delete(path)
                for n in range(50):
                    model.make(f"Packages\\Package_x{n}")
                model.run(kind, f"{at}/1", f"{at}/2")
                self.hold(f"{at}/2", model, True)

    def test_times(self):
        for kind in KINDS:
            with self.subTest(kind=kind), folder() as at:
                model = Model()
                model.make("A\\B\\C")
                model.make("D")
                hivetool("empty", f"{at}/0", "SOFTWARE")
                model.run(kind, f"{at}/0", f"{at}/1", TIME)
                model.script = []
                model.set("A\\B", "v", 4, bytes(4))
                model.make("D\\E")
                model.run(kind, f"{at}/1", f"{at}/2", TIME + 7)
                wanted = {"": TIME, "A": TIME, "A\\B": TIME + 7, "A\\B\\C": TIME, "D": TIME + 7, "D\\E": TIME + 7}
                self.assertEqual(read_times(f"{at}/2"), wanted)
                self.assertEqual({p: m[1] for p, m in libregf(f"{at}/2")[1].items()}, wanted)

    def test_nothing_grows(self):
        """Changing the same things again and again leaves the file as large as it was."""
        for kind in KINDS:
            with self.subTest(kind=kind), folder() as at:
                model = Model()
                for n in range(200):
                    model.make(f"K{n}")
                    model.set(f"K{n}", "v", 3, bytes(500))
                hivetool("empty", f"{at}/0", "SOFTWARE")
                model.run(kind, f"{at}/0", f"{at}/1")
                with open(f"{at}/1", "rb") as file:
                    first = len(file.read())
                for turn in range(2, 12):
                    model.script = []
                    for n in range(200):
                        model.set(f"K{n}", "v", 3, bytes([turn]) * 500)
                    model.run(kind, f"{at}/{turn - 1}", f"{at}/{turn}")
                self.hold(f"{at}/11", model, True)
                with open(f"{at}/11", "rb") as file:
                    self.assertLess(len(file.read()), 3 * first)


if __name__ == "__main__":
    unittest.main()

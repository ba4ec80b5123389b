# SPDX-License-Identifier: MIT
"""Applies killed (SIGKILL) at random moments, 50 of them over all kinds of containers: recovery leads
to before or after, never between, and a discard or a kill before the apply leaves every byte.

KILLS and SEED in the environment change how many and which."""
import os
import shutil
import subprocess
import time
import unittest

from applying import Case
from disktest import DISKTOOL, KINDS, MIB, disktool, folder, random_writes, same_bytes, seeded, sha256, write_script

KILLS = int(os.environ.get("KILLS", 50))
ROUNDS_EACH = 4  # with one container, which gets fuller


def run_and_kill(delay, *arguments):
    """Was it killed, and not done before?"""
    process = subprocess.Popen([DISKTOOL, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        process.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode < 0


def duration(case):
    """Of an apply; it happens to a copy, beside the parents."""
    copies = shutil.copy2(case.path, f"{case.at}/try"), shutil.copy(case.side, f"{case.at}/try-side")
    start = time.monotonic()
    disktool("apply", *copies)
    return time.monotonic() - start


class Kills(unittest.TestCase):
    def test_killed_applies(self):
        rng, seen = seeded(), {"whole": 0, "undone": 0, "finished": 0}
        kills = 0
        while kills < KILLS:
            for kind in KINDS:
                with folder() as at:
                    case = Case(kind, at, rng, size=30 * MIB)
                    case.spent = 0
                    for _ in range(ROUNDS_EACH):
                        kills += self.one_round(case, seen)
                    case.check(self)
                if kills >= KILLS:
                    break
        print(f"{kills} kills: {seen}")
        self.assertGreater(seen["undone"] + seen["finished"], 0)

    def one_round(self, case, seen):
        shutil.copy2(case.path, f"{case.at}/before")
        case.write(count=20, largest=600000)
        case.spent = case.spent or duration(case)
        killed = run_and_kill(case.rng.uniform(0, 1.2) * case.spent, "apply", case.path, case.side)
        recovered = disktool("recover", case.path, case.side)["recovered"]
        seen[recovered] += killed
        if recovered == "undone":
            self.assertTrue(same_bytes(case.path, f"{case.at}/before"))
        if not case.reads_as_written():
            # Nothing of it is there, and all of it still can be.
            self.assertNotEqual(recovered, "finished")
            self.assertTrue(same_bytes(case.path, f"{case.at}/before"))
            self.assertTrue(case.reads_as_written(case.side))
            disktool("apply", case.path, case.side)
            self.assertTrue(case.reads_as_written())
        return killed

    def test_recovery_may_be_killed_too(self):
        rng = seeded()
        for kind in KINDS:
            with self.subTest(kind), folder() as at:
                case = Case(kind, at, rng, size=14 * MIB)
                case.write(count=30, largest=600000)
                spent = duration(case)
                for part in (0.5, 0.6, 0.7, 0.8, 0.9):
                    run_and_kill(part * spent, "apply", case.path, case.side)
                    run_and_kill(rng.uniform(0, 1) * spent, "recover", case.path, case.side)
                    if disktool("recover", case.path, case.side)["recovered"] == "finished" or case.reads_as_written():
                        break
                disktool("apply", case.path, case.side)
                case.check(self)

    def test_killed_before_the_apply(self):
        rng = seeded()
        for kind in KINDS:
            with self.subTest(kind), folder() as at:
                case = Case(kind, at, rng, size=20 * MIB)
                was = sha256(case.path)
                for _ in range(5):
                    write_script(f"{at}/script", random_writes(rng, case.size, 100))
                    run_and_kill(rng.uniform(0, 0.05), "write", case.path, case.side, f"{at}/script")
                    self.assertEqual(sha256(case.path), was)
                    self.assertEqual(disktool("recover", case.path, case.side)["recovered"], "whole")
                    disktool("read", case.path, f"{at}/out")
                    self.assertTrue(same_bytes(f"{at}/out", case.flat))
                disktool("forget", case.path, case.side)
                self.assertEqual(sha256(case.path), was)


if __name__ == "__main__":
    unittest.main()

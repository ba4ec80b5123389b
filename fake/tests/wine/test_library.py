#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which libwim-15.dll is taken, and what users are told where there is none or a wrong one. Environment: PROBE
(port_probe.exe), STUB (the stand-in) and SHIM (the folder of its code), OLD and LACKING (old_wimlib.c), DRIVER and DLL (a client and DismApi.dll),
ON_WINE."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path


def output_of(program, text="", **environment):
    done = subprocess.run([os.environ["ON_WINE"], str(program)], input=text, capture_output=True, text=True,
                          encoding="utf-8", check=False, timeout=120, env={**os.environ, **environment})
    assert done.returncode == 0, f"{program}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout.replace("\r", "")


class Library(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="libwim-")
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name).resolve()
        self.environment = {}
        self.dos = "Z:" + str(self.folder).replace("/", "\\")

    def put(self, variable, name):
        return shutil.copy(os.environ[variable], self.folder / name)

    def put_stand_in(self):
        """Wine would prefer its code to every other library of that name."""
        self.put("STUB", "libwim-15.dll")
        self.environment["WINEDLLPATH"] = os.environ["SHIM"]

    def probe(self):
        return output_of(self.put("PROBE", "probe.exe"), **self.environment)

    def assert_refused(self, code, *says):
        answer = self.probe()
        self.assertTrue(answer.startswith(code + " "), answer)
        for text in ("libwim-15.dll", "https://wimlib.net", *says):
            self.assertIn(text, answer)
        self.assertIn(self.dos, answer)

    def test_none(self):
        self.assert_refused("8007007E")

    def test_one_in_the_current_folder_is_none_of_ours(self):
        there = self.folder / "elsewhere"
        there.mkdir()
        shutil.copy(os.environ["STUB"], there / "libwim-15.dll")
        before = os.getcwd()
        os.chdir(there)
        self.addCleanup(os.chdir, before)
        self.assert_refused("8007007E")

    def test_too_old(self):
        self.put("OLD", "libwim-15.dll")
        self.assert_refused("80070519", "1.12.0", "1.13")

    def test_one_that_lacks_a_function(self):
        self.put("LACKING", "libwim-15.dll")
        self.assert_refused("8007007F", "wimlib_write")

    def test_what_is_no_library(self):
        (self.folder / "libwim-15.dll").write_bytes(b"MZ nothing else")
        self.assertRegex(self.probe(), r"^800700C1 .*libwim-15\.dll")

    def test_the_right_one(self):
        self.put_stand_in()
        self.assertRegex(self.probe(), r"^00000000 \nversion \d+\n$")

    def test_a_client_without_it_is_told_and_works_again_once_it_is_there(self):
        """The call that needs it fails; the library itself loads, and the next call finds what was put there."""
        driver = self.put("DRIVER", "driver.exe")
        self.put("DLL", "DismApi.dll")
        (self.folder / "m").mkdir()
        (self.folder / "x.wim").write_bytes(b"no image" * 50)
        calls = f"init\t2\nmount\t{self.dos}\\x.wim\t{self.dos}\\m\t1\t0\n"
        answers = output_of(driver, calls, DISMFAKE_STATE=self.dos + "\\state").splitlines()
        self.assertEqual("= 00000000\t", answers[0])
        self.assertTrue(answers[1].startswith("= 8007007E\t"), answers)
        self.assertIn("https://wimlib.net", answers[1])
        self.put_stand_in()
        answers = output_of(driver, calls, DISMFAKE_STATE=self.dos + "\\state", **self.environment).splitlines()
        self.assertTrue(answers[1].startswith("= 8007000B\t"), answers)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""pe.py PREFIX IMPORT-LIBRARY SOURCE FOLDER: what binutils say of FOLDER's DismApi.dll and programs.

PREFIX is that of the tools ("x86_64-w64-mingw32-"), IMPORT-LIBRARY mingw-w64's own libdismapi.a. Exports are the
names of the call table and of dismfake.h, plain ones; imports are Windows' own; all have a version."""
import os
import re
import subprocess
import sys
import unittest

PREFIX, THEIR_LIBRARY, SOURCE, FOLDER = sys.argv[1:5]
IS_32_BIT = PREFIX.startswith("i686")
PROGRAMS = ("dismfake.exe", "dismconform.exe", "mkfixture.exe")
# Each is part of every Windows since 8.
SYSTEM = {"advapi32.dll", "kernel32.dll", "msvcrt.dll", "ntdll.dll"}


def tool(name, *words):
    done = subprocess.run([PREFIX + name, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{name} {words}: {done.stderr}")
    return done.stdout


def path(name):
    return os.path.join(FOLDER, name)


def source(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


def table():
    return set(re.findall(r"^DISM_CALL0?\((\w+)", source("fake/include/dismapi_calls.h"), re.M))


def hooks():
    return set(re.findall(r"\bWINAPI (DismFake\w+)\(", source("fake/include/dismfake.h")))


def exports(name):
    """The names in the DLL's table of exports, as they stand there."""
    text = tool("objdump", "-p", path(name))
    listed = text.split("[Ordinal/Name Pointer] Table", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^\s*\[ *\d+\] (?:\+base\[ *\d+\] [0-9a-f]+ )?(\S+)$", listed, re.M)


def imports(name):
    return {found.lower() for found in re.findall(r"^\s*DLL Name: (\S+)$", tool("objdump", "-p", path(name)), re.M)}


def named_by_library(library):
    """What programs can link with that import library, without the decoration of 32 bit."""
    found = re.findall(r" T (\w\S*)$", tool("nm", library), re.M)
    return {re.sub(r"@\d+$", "", name[1:]) if IS_32_BIT else name for name in found}


def versions(name):
    """Number and texts of the version resource."""
    with open(path(name), "rb") as file:
        data = file.read()
    start = data.index("VS_VERSION_INFO".encode("utf-16-le"))
    fixed = data.index(b"\xbd\x04\xef\xfe", start)
    high, low = (int.from_bytes(data[fixed + at:fixed + at + 4], "little") for at in (8, 12))
    words = data[fixed + 52:fixed + 2000].decode("utf-16-le", "replace")
    texts = dict(re.findall(r"(FileVersion|ProductName|OriginalFilename|ProductVersion)\0+([^\0]+)\0", words))
    return (high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF), texts


class what_was_built(unittest.TestCase):
    def test_the_dll_exports_the_names_of_the_table_and_of_dismfake_h(self):
        found = exports("DismApi.dll")
        self.assertEqual(len(table()), 95)
        self.assertGreater(len(hooks()), 20)
        self.assertEqual(sorted(found), sorted(table() | hooks()))

    def test_every_name_that_mingw_links_is_there(self):
        theirs = named_by_library(THEIR_LIBRARY)
        self.assertEqual(theirs, table())
        self.assertEqual(theirs - set(exports("DismApi.dll")), set())

    def test_the_import_libraries_have_the_same_names_and_the_dll(self):
        for library in ("libDismApi.dll.a", "DismApi.lib"):
            with self.subTest(library):
                self.assertEqual(named_by_library(path(library)), table() | hooks())
                with open(path(library), "rb") as file:
                    self.assertIn(b"DismApi.dll\0", file.read())

    def test_the_dll_calls_itself_by_its_name(self):
        self.assertRegex(tool("objdump", "-p", path("DismApi.dll")), r"(?m)^Name\s+[0-9a-f]+ DismApi\.dll$")

    def test_nothing_but_windows_is_needed(self):
        self.assertEqual(imports("DismApi.dll") - SYSTEM, set())
        for program in PROGRAMS:
            with self.subTest(program):
                self.assertEqual(imports(program) - SYSTEM - {"dismapi.dll"}, set())
        self.assertNotIn("dismapi.dll", imports("dismconform.exe"), "the runner loads what it judges")

    def test_the_architecture_is_the_one_that_was_asked_for(self):
        for name in ("DismApi.dll", *PROGRAMS):
            with self.subTest(name):
                self.assertIn("file format " + ("pei-i386" if IS_32_BIT else "pei-x86-64"),
                              tool("objdump", "-f", path(name)))

    def test_addresses_can_be_randomised_and_data_is_not_run(self):
        for name in ("DismApi.dll", *PROGRAMS):
            with self.subTest(name):
                header = tool("objdump", "-p", path(name))
                self.assertIn("DYNAMIC_BASE", header)
                self.assertIn("NX_COMPAT", header)

    def test_all_have_a_version(self):
        text = re.search(r"project\(dismfake VERSION (\d+)\.(\d+)\.(\d+)", source("CMakeLists.txt"))
        number = tuple(int(part) for part in text.groups()) + (0,)
        for name in ("DismApi.dll", *PROGRAMS):
            with self.subTest(name):
                found, texts = versions(name)
                self.assertEqual(found, number)
                self.assertEqual(texts["FileVersion"], ".".join(str(part) for part in number))
                self.assertEqual((texts["ProductName"], texts["OriginalFilename"]), ("dismfake", name))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv[:1])

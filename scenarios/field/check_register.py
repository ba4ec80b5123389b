#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the table in README.md against the scenario files beside it.

Every number F01 to F91 stands in one row; a row names cases or says what it waits for; every case named
is there and every case there is named, in the row of its number. Prints each finding and ends with 1 if
there is one.
"""
import json
import pathlib
import re
import sys

LAST = 91


def read_cases(folder):
    """File by case id, for all cases of the folder."""
    cases = {}
    for file in sorted(folder.glob("*.json")):
        for case in json.loads(file.read_text(encoding="utf-8"))["cases"]:
            if case["id"] in cases:
                yield f"{file.name}: {case['id']} is in {cases[case['id']]} too"
            cases[case["id"]] = file.name
    return cases


def read_rows(text):
    """The numbers of the rows in their order, with the last cell."""
    for line in text.splitlines():
        row = re.match(r"\| F(\d+) \|.*\| ([^|]*) \|$", line)
        if row:
            yield int(row[1]), row[2]
        elif line.startswith("| F"):
            yield 0, line


def check(folder):
    cases = yield from read_cases(folder)
    named, numbers = set(), []
    for number, cell in read_rows((folder / "README.md").read_text(encoding="utf-8")):
        numbers.append(number)
        if number == 0:
            yield f"README.md: this row is not understood: {cell}"
            continue
        here = re.findall(r"`(f\d+-[a-z0-9-]+)`", cell)
        if not here and not cell.startswith("waits for "):
            yield f"F{number:02}: neither a case nor a reason"
        for name in here:
            named.add(name)
            if name not in cases:
                yield f"F{number:02}: there is no case {name}"
            if not name.startswith(f"f{number:02}-"):
                yield f"F{number:02}: {name} belongs to another row"
    for number in range(1, LAST + 1):
        if numbers.count(number) != 1:
            yield f"F{number:02}: in {numbers.count(number)} rows"
    for number in sorted(set(numbers) - set(range(LAST + 1))):
        yield f"F{number:02}: no such number"
    for name in sorted(set(cases) - named):
        yield f"{cases[name]}: {name} is not in the table"


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    findings = list(check(folder if folder.is_dir() else folder.parent))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

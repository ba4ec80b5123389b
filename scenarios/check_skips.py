#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_skips.py SYSTEM RESULTS FILE...: what a full run left out, and whether that is as it should be.

RESULTS holds what `dismconform run --json` wrote for each scenario FILE ("mount/paths": mount.paths.jsonl).
Prints every case that was skipped with the runner's reason and the justification in skips.txt for SYSTEM
(linux or windows), whose names may have wildcards. Ends with 1 if a case was skipped without one, ran in
spite of one, or was judged worse than PASS, or if a name of skips.txt fits none; with 77 if some FILE has
not been run.
"""
import fnmatch
import json
import pathlib
import sys


def results(folder, files):
    """(case, record) of all files; None where a file has not been run."""
    for file in files:
        path = folder / (file.replace("/", ".") + ".jsonl")
        if not path.exists():
            yield file, None
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["type"] == "case":
                yield record["case"], record


def justified(path, system):
    """(case, why) of the lines for that system."""
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split(None, 2)
        if words and words[0] in (system, "any"):
            yield words[1], words[2]


def why(known, case):
    """(the name in skips.txt that fits, its justification), or None."""
    return next(((name, text) for name, text in known.items() if fnmatch.fnmatchcase(case, name)), None)


def reason(skip):
    details = ", ".join(f"{key} {value}" for key, value in skip.items() if key != "kind")
    return f"{skip['kind']}: {details}"


def main(system, folder, files):
    known = dict(justified(pathlib.Path(__file__).parent / "skips.txt", system))
    bad, missing, used, skipped, passed = [], [], set(), 0, 0
    for case, record in results(pathlib.Path(folder), files):
        if record is None:
            missing.append(case)
        elif record["status"] == "SKIP":
            skipped += 1
            name, text = why(known, case) or (None, "NOT JUSTIFIED")
            used.add(name)
            print(f"SKIP {case} ({reason(record['skip'])}): {text}")
            if not name:
                bad.append(f"{case} was skipped, and skips.txt does not say why that is right")
        elif record["status"] == "PASS":
            passed += 1
        else:
            bad.append(f"{case}: {record['status']}")
        if record and record["status"] != "SKIP" and why(known, case):
            bad.append(f"{case} stands in skips.txt, but ran")
    if missing:
        print("not run: " + " ".join(missing))
        return 77
    bad += [f"nothing that was skipped is called {name}, which stands in skips.txt" for name in known if name not in used]
    print(f"{passed} passed, {skipped} skipped")
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

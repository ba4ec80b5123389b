#!/bin/sh
# SPDX-License-Identifier: MIT
# The three reports of one run say the same and are well formed: reports.sh DISMCONFORM PUPPET TESTS
command -v python3 >/dev/null || exit 77
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$1" run --library "$2" --touches mounts --json "$folder/run.jsonl" --tap "$folder/run.tap" --junit "$folder/run.xml" \
    "$3/valid-pass" "$3/valid-fail" "$3/valid-skip" "$3/invalid/unknown-flag.json" >"$folder/out.txt"
code=$?
[ "$code" = 3 ] || { cat "$folder/out.txt"; echo "exit code $code"; exit 1; }
"$1" run --library "$2" --touches mounts --json "$folder/missing/run.jsonl" "$3/valid-pass" >"$folder/out.txt" 2>&1
[ $? = 3 ] && grep -q missing/run.jsonl "$folder/out.txt" && grep -q '^INVALID: 0 passed' "$folder/out.txt" ||
    { cat "$folder/out.txt"; echo "results that cannot be written"; exit 1; }
case $2 in
*.dll) ;; # no symbolic links under Wine
*)
    ln -s target "$folder/link"
    "$1" run --library "$2" --touches mounts --tap "$folder/link" --case 'no-such-*' "$3/valid-pass" >"$folder/out.txt" 2>&1
    [ $? = 3 ] && grep -q 'no case is selected' "$folder/out.txt" && [ -L "$folder/link" ] && [ -f "$folder/target" ] ||
        { cat "$folder/out.txt"; echo "nothing selected, or a link replaced"; exit 1; }
    ;;
esac
python3 - "$folder" <<'PYTHON'
import json, re, sys, xml.etree.ElementTree as tree
folder = sys.argv[1]
lines = [json.loads(line) for line in open(folder + "/run.jsonl", encoding="utf-8")]
cases = [line for line in lines if line["type"] == "case"]
assert lines[0]["type"] == "run" and lines[0]["library"]["exports"] == 11, lines[0]
assert lines[0]["version"] and lines[0]["environment"]["os"], lines[0]
assert lines[-1]["verdict"] == "INVALID", lines[-1]
assert {"PASS", "FAIL", "SKIP", "ERROR", "LEAK", "TIMEOUT"} <= {case["status"] for case in cases}
for case in cases:
    assert case["status"] in ("PASS", "SKIP") or case["verdict"]["message"], case
    assert case["status"] != "SKIP" or case["skip"]["kind"], case
tap = open(folder + "/run.tap", encoding="utf-8").read().splitlines()
assert tap[0] == "TAP version 14" and tap[1] == f"1..{len(cases)}", tap[:2]
points = [line for line in tap if re.match(r"(not )?ok \d+ - ", line)]
assert len(points) == len(cases), (len(points), len(cases))
bad = sum(line.startswith("not ok") for line in points)
assert bad == sum(case["status"] not in ("PASS", "SKIP") for case in cases)
suite = tree.parse(folder + "/run.xml").getroot().find("testsuite")
assert len(suite.findall("testcase")) == len(cases) == int(suite.get("tests"))
assert bad == int(suite.get("failures")) + int(suite.get("errors"))
print(f"{len(cases)} cases in three reports")
PYTHON

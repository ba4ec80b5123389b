# SPDX-License-Identifier: MIT
"""The runner's own reading of the schema agrees with another program's: what jsonschema accepts and
refuses is what the runner accepts and refuses at the level of the schema.
    schema_agreement.py SCHEMAS FOLDER...
SCHEMAS is the folder of the schemas; a file is held against that of the version it declares."""
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    sys.exit(77)

validators = {
    path.name.split("-")[1].removesuffix(".schema.json"): jsonschema.Draft202012Validator(
        json.loads(path.read_text(encoding="utf-8")))
    for path in pathlib.Path(sys.argv[1]).glob("scenario-*.schema.json")
}
newest = max(validators)
wrong = checked = 0
for folder in map(pathlib.Path, sys.argv[2:]):
    levels = {}
    listing = folder / "expected.txt"
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            name, level = line.split("|")[:2]
            levels[name] = level
    for path in sorted(folder.glob("*.json")):
        level = levels.get(path.name, "valid")
        if level == "json":
            continue
        checked += 1
        content = json.loads(path.read_text(encoding="utf-8"))
        accepted = validators.get(content.get("grammar"), validators[newest]).is_valid(content)
        if accepted != (level != "schema"):
            wrong += 1
            print(f"{path}: {'accepted' if accepted else 'refused'} by jsonschema, listed as {level}")
print(f"{checked} files, {wrong} disagreements")
sys.exit(1 if wrong or not checked else 0)

# SPDX-License-Identifier: MIT
"""What several targets start from: files out of what recipes make."""
import glob
import json
import os
import shutil
import subprocess
import tempfile

RECIPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "fixtures", "recipes")


def write(out, recipes, *endings):
    """Copies the files with these endings of all recipes of that pattern, cabinets unpacked, into the folder."""
    os.makedirs(out, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for recipe in sorted(glob.glob(os.path.join(RECIPES, recipes))):
            name = os.path.basename(recipe)[:-5]
            with open(recipe, encoding="utf-8") as file:
                form = json.load(file).get("format", "")
            made = os.path.join(folder, name) + ("" if form == "folder" else "." + form)
            subprocess.run([os.environ["MKFIXTURE"], recipe, made], check=True, stdout=subprocess.DEVNULL)
            if os.path.isfile(made) and not made.endswith(endings):
                packed, made = made, made + ".files"
                # Damaged ones give what can be had of them.
                subprocess.run(["cabextract", "-q", "-d", made, packed], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            paths = [made] if os.path.isfile(made) else glob.glob(os.path.join(made, "**", "*"), recursive=True)
            for path in paths:
                if os.path.isfile(path) and path.endswith(endings) and os.path.getsize(path) < 100000:
                    shutil.copy(path, os.path.join(out, name + "-" + os.path.basename(path)))

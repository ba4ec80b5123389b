# SPDX-License-Identifier: MIT
"""What fuzz_appx starts from: the apps among the recipes, their manifests and block maps, a full name and a key."""
import glob
import os
import subprocess
import sys
import tempfile
import zipfile

RECIPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "fixtures", "recipes")


def keep(out, name, data):
    if len(data) < 200_000:
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)


def parts(out, name, path):
    try:
        with zipfile.ZipFile(path) as package:
            for entry in package.namelist():
                if entry.endswith(".xml"):
                    keep(out, name + "-" + entry.replace("/", "-"), package.read(entry))
    except zipfile.BadZipFile:
        pass


def main(out):
    os.makedirs(out, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for recipe in sorted(glob.glob(os.path.join(RECIPES, "app-*.json"))):
            name = os.path.basename(recipe)[:-5]
            path = os.path.join(folder, name)
            subprocess.run([os.environ["MKFIXTURE"], recipe, path], check=True, stdout=subprocess.DEVNULL)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    keep(out, name, file.read())
                parts(out, name, path)
    keep(out, "name", b"Contoso.Paint_5.0.1.0_x64__8wekyb3d8bbwe")
    keep(out, "key", b"W269N-WFGWX-YVC9B-4J6C9-T83GX")


main(sys.argv[1])

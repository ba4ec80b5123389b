# SPDX-License-Identifier: MIT
"""What fuzz_inf and fuzz_driver_catalog start from: the files of that ending of all drivers among the recipes."""
import glob
import os
import shutil
import subprocess
import tempfile

RECIPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "fixtures", "recipes")


def write(out, ending):
    os.makedirs(out, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for recipe in sorted(glob.glob(os.path.join(RECIPES, "drv-*.json"))):
            name = os.path.basename(recipe)[:-5]
            subprocess.run([os.environ["MKFIXTURE"], recipe, os.path.join(folder, name)], check=True, stdout=subprocess.DEVNULL)
            for path in glob.glob(os.path.join(folder, name, "**", "*" + ending), recursive=True):
                if os.path.getsize(path) < 100000:
                    shutil.copy(path, os.path.join(out, name + "-" + os.path.basename(path)))

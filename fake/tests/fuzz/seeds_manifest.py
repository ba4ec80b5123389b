# SPDX-License-Identifier: MIT
"""seeds_manifest.py OUTDIR"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import seeds_recipes  # noqa: E402

seeds_recipes.write(sys.argv[1], "pkg-*.json", ".mum", ".manifest")

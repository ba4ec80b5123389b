# SPDX-License-Identifier: MIT
"""seeds_hivex.py OUTDIR - those of seeds_hive.py."""
import sys

from seeds_hive import main

if __name__ == "__main__":
    main(sys.argv[1])

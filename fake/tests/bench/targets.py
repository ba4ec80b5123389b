# SPDX-License-Identifier: MIT
"""What the figures are measured against. Nothing is asserted: a bar nearer to 1 than 1.5x needs a quiet machine."""

FASTER_THAN_APPLY = {"small": 10, "medium": 200, "large": 400}
RATIOS = {  # (row, engine or "*"): ours / the peer's, at most
    ("image info", "*"): 1.0,
    ("mount read-only", "lazy"): 1.3,
    ("mount read-write", "lazy"): 1.5,
    ("mount read-only, against apply", "extract"): 1.1,
    ("full read, 1 reader", "lazy"): 0.5,
    ("full read, 2 readers", "lazy"): 0.5,
    ("GetPackages, first, against a walk", ""): 2.0,
    ("GetPackages, first, against half", ""): 2.0,
    ("peak memory, 10 sessions", ""): 3.0,
}
DISK_MOUNT, DISK_COMMIT_MS = 1.2, 10  # "milliseconds", whatever the size of the disk
COMMITS = {"1 file": 0.25, "1,000 files": 0.5}
DISCARD_BEYOND_SMALL_MS = 20
SESSION_US = 50
MEMORY_BEYOND_MB = 64


def target(row, size, engine, ours, peer, small_discard):
    """(what is wanted, is it met); ("-", None) where nothing is."""
    if row == "mount read-only, against apply to disk":
        times = FASTER_THAN_APPLY[size]
        return f"{times}x faster", peer / ours >= times
    if row == "disk: mount, against a copy":
        return f"<= {DISK_MOUNT}x", ours / peer <= DISK_MOUNT
    if row == "disk: commit, 1 file":
        return f"<= small + {DISK_COMMIT_MS} ms", ours <= peer + DISK_COMMIT_MS
    if row.startswith("commit, ") and size != "small":  # small commits take 10 to 25 ms by every route
        most = COMMITS[row.split(", ")[1]]
        return f"<= {most}x", ours / peer <= most
    if row == "discard" and engine == "lazy" and small_discard:
        return f"<= small + {DISCARD_BEYOND_SMALL_MS} ms", ours <= small_discard + DISCARD_BEYOND_SMALL_MS
    if row == "session open + close":
        return f"<= {SESSION_US} us", ours <= SESSION_US
    if row.startswith("peak memory") and engine:
        return f"<= {MEMORY_BEYOND_MB} MB more", ours <= peer + MEMORY_BEYOND_MB
    most = RATIOS.get((row, engine)) or RATIOS.get((row, "*"))
    return (f"<= {most}x", ours / peer <= most) if most else ("-", None)

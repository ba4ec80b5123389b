#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mount_bench.py HELPER IMAGE [RUNS] - dismfake-mount beside `wimlib-imagex mount` on the same image, in turns:
time to mount, a walk that looks at every file, a full read by one reader, peak memory of the process that
serves. Medians and their ratio. Asserts nothing; needs root and /dev/fuse."""
import os
import statistics
import subprocess
import sys
import tempfile
import time


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def walk(folder):
    run("find", folder, "-printf", "%s\n")


def read_all(folder):
    """What `tar cf - . | wc -c` does: cat, since tar looks at what it is about to write to."""
    subprocess.run(f"find '{folder}' -type f -exec cat {{}} + | wc -c", shell=True, check=True,
                   stdout=subprocess.DEVNULL)


def server_of(image):
    """The process that has the image open: the one that serves it."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = open(f"/proc/{pid}/comm").read()
            if command.startswith(("dismfake-mount", "wimlib-imagex")) and any(
                    os.readlink(f"/proc/{pid}/fd/{fd}") == image for fd in os.listdir(f"/proc/{pid}/fd")):
                return pid
        except OSError:
            continue
    raise SystemExit(f"nobody serves {image}")


def peak_kb(image):
    status = open(f"/proc/{server_of(image)}/status").read()
    return int(status.split("VmHWM:")[1].split()[0])


def measure(image, folder, mount):
    """One mount of its own, with nothing of the image in the kernel's caches."""
    figures = {"mount": 1000 * seconds(lambda: mount(image, folder))}
    figures["walk"] = 1000 * seconds(lambda: walk(folder))
    figures["second walk"] = 1000 * seconds(lambda: walk(folder))
    figures["full read"] = 1000 * seconds(lambda: read_all(folder))
    figures["peak memory"] = peak_kb(image)
    subprocess.run(["umount", folder], check=True)
    return figures


def main():
    helper, image = sys.argv[1], os.path.realpath(sys.argv[2])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5

    def ours(image, folder):
        run(helper, "--image", image, "--index", "1", "--lower", folder)

    def peer(image, folder):
        run("wimlib-imagex", "mount", image, "1", folder)

    kept = ({}, {})
    with tempfile.TemporaryDirectory(prefix="dismfake-mount-bench-") as folder:
        for turn in range(runs):
            for figures, mount in zip(kept, (ours, peer)):
                for name, figure in measure(image, folder, mount).items():
                    figures.setdefault(name, []).append(figure)
    print(f"{'':14}{'ours':>12}{'wimlib':>12}{'ours / wimlib':>16}")
    for name in kept[0]:
        mine, other = (statistics.median(k[name]) for k in kept)
        print(f"{name:14}{mine:9.1f} {'KB' if name == 'peak memory' else 'ms'}{other:9.1f}   {mine / other:13.3f}")


main()

# SPDX-License-Identifier: MIT
"""Virtual disks of the catalogue mounted, changed, committed and discarded, each container kind; what is in the file
afterwards is read by qemu-img, ntfsfix, the ntfs-3g driver and libvhdi. TEST_SEED repeats the random part, TEST_ROUNDS
makes the killing longer."""
import fcntl
import glob
import hashlib
import random
import stat
import struct
import threading
import time

import ntfs
from dismtest import *

os.environ["PATH"] += ":/usr/sbin:/sbin"
CATALOG = os.path.join(os.path.dirname(BUILD), "fixtures", "catalog")
KINDS = {"disk-vhd-fixed.vhd": "vpc", "disk-vhd-dynamic.vhd": "vpc", "disk-vhd-differencing.vhd": "libvhdi",
         "disk-vhdx-fixed.vhdx": "vhdx", "disk-vhdx-dynamic.vhdx": "vhdx", "disk-vhdx-differencing.vhdx": "libvhdi"}
IS_SLOW = bool(os.environ.get("TEST_SANITIZE"))
ROUNDS = int(os.environ.get("TEST_ROUNDS") or (12 if IS_SLOW else 24))
FILES = 200 if IS_SLOW else 1000


def run(*words):
    return subprocess.run(words, capture_output=True, check=False)


def sha256(path):
    return hashlib.sha256(read(path)).hexdigest()


def tree(folder):
    """Path -> kind, content, link group; of the volume's own things nothing."""
    found, groups = {}, {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            short, info = os.path.relpath(path, folder), os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                found[short] = ("link", os.readlink(path))
            elif stat.S_ISDIR(info.st_mode):
                found[short] = ("folder",)
            else:
                groups.setdefault(info.st_ino, []).append(short)
                found[short] = ("file", ntfs.sha1(read(path)))
    for names in groups.values():
        for name in names:
            found[name] += (tuple(sorted(names)),)
    return found


def overlay_vhd(child, out):
    """Writes the sectors that a differencing VHD has of its own over what its parent holds."""
    header = child[512:1536]
    table, blocks, size = struct.unpack_from(">QxxxxII", header, 16)
    for block in range(blocks):
        at = struct.unpack_from(">I", child, table + 4 * block)[0] * 512
        for sector in range(size // 512 if at != 0xFFFFFFFF * 512 else 0):
            if child[at + sector // 8] >> (7 - sector % 8) & 1:
                out.seek(block * size + sector * 512)
                start = at + 512 * -(-size // 512 // 8 // 512) + sector * 512
                out.write(child[start:start + 512])


class Disk(Test):
    def disk(self, name):
        """A copy of a disk, with its parents, and a folder to mount it into."""
        self.mount = self.folder("mounts", "m" + str(len(self.clients)))
        self.state = self.path("state" + str(len(self.clients)))
        place = self.folder("disks-" + str(len(self.clients)) + name)
        stem, dot, extension = name.rpartition(".")
        for file in glob.glob(os.path.join(CATALOG, stem + "*." + extension)):
            if os.path.basename(file)[len(stem):-len(dot + extension)] in ("", "2", "3"):
                shutil.copy(file, place)
        self.kind = KINDS.get(name)
        return os.path.join(place, name)

    def raw(self, disk):
        """What the disk holds, by somebody else's reader."""
        raw = disk + ".raw"
        if os.path.exists(raw):
            os.remove(raw)
        if self.kind == "vhdx":
            self.assertEqual(run("qemu-img", "check", "-f", "vhdx", disk).returncode, 0)
        if self.kind == "libvhdi":
            return self.raw_of_chain(disk, raw)
        done = run("qemu-img", "convert", "-f", self.kind, "-O", "raw", disk, raw)
        self.assertEqual(done.returncode, 0, done.stderr)
        return raw

    def raw_of_chain(self, disk, raw):
        """qemu-img knows no parents. libvhdi reads those of a VHDX, but not a VHD of which single sectors of eight are
        its own (20210425): for that a reader of our own, which shares nothing with the library."""
        parent = os.path.join(os.path.dirname(disk), os.path.basename(disk).replace("differencing.", "differencing2."))
        if disk.endswith("x"):
            done = run(*program("vhdicat"), raw, disk, parent)
            self.assertEqual(done.returncode, 0, done.stderr)
            return raw
        self.kind = "vpc"
        shutil.move(self.raw(parent), raw)
        self.kind = KINDS[os.path.basename(disk)]
        with open(disk, "rb") as child, open(raw, "r+b") as out:
            overlay_vhd(child.read(), out)
        return raw

    def windows(self, disk):
        """Path -> what the driver shows of the Windows volume, which ntfsfix finds in order."""
        ntfs.need()
        raw, volume, shown = self.raw(disk), disk + ".ntfs", self.folder("driver" + str(time.monotonic_ns()))
        data = read(raw)
        for at in range(0, len(data), 1 << 20):  # partitions begin at whole MiBs
            if data[at + 3:at + 7] != b"NTFS":
                continue
            sectors = int.from_bytes(data[at + 0x28:at + 0x30], "little") + 1
            with open(volume, "wb") as f:
                f.write(data[at:at + sectors * 512])
            self.assertIn(b"processed successfully", run("ntfsfix", "-n", volume).stdout)
            done = run("ntfs-3g", "-o", "ro", volume, shown)
            if done.returncode:
                self.skipTest(f"ntfs-3g does not mount: {done.stderr}")
            try:
                if os.path.isdir(os.path.join(shown, "Windows", "System32")):
                    return tree(shown)
            finally:
                subprocess.run(["umount", shown], check=True)
        raise AssertionError("no Windows on the disk")

    def change(self, rng, files=20):
        """Of everything something; the files of the catalogue's disks."""
        def put(name, content):
            path = os.path.join(self.mount, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(content)
            return path
        for i in range(files):
            put(f"new/{i % 17}/file number {i}.txt", rng.randbytes(rng.choice([0, 10, 700, 5000, 20_000])))
        put("Windows/System32/ntdll.dll", rng.randbytes(90_000))
        put("Users/readme.txt", b"changed")
        os.remove(os.path.join(self.mount, "Windows/System32/kernel32.dll"))
        os.rmdir(os.path.join(self.mount, "Program Files"))
        os.rename(os.path.join(self.mount, "Windows/hidden.ini"), os.path.join(self.mount, "Windows/shown.ini"))
        os.symlink("new/1", os.path.join(self.mount, "a link"))
        with open(os.path.join(self.mount, "Windows/explorer.exe"), "ab") as f:
            f.write(b"both names")
        os.link(os.path.join(self.mount, "Users/readme.txt"), os.path.join(self.mount, "Users/again.txt"))


    def assert_same(self, there, wanted):
        self.assertEqual({p: what for p, what in there.items() if what != wanted.get(p)},
                         {p: what for p, what in wanted.items() if what != there.get(p)})


class each_kind(Disk):
    def test_a_commit_of_a_thousand_files_is_what_other_programs_read(self):
        for name in KINDS:
            with self.subTest(name):
                disk = self.disk(name)
                parents = {p: sha256(p) for p in glob.glob(os.path.dirname(disk) + "/*") if p != disk}
                client = self.client()
                client.must("mount", disk, self.mount, 1, 0)
                self.assert_same(tree(self.mount), self.windows(disk))
                self.change(random.Random(1), FILES)
                wanted = tree(self.mount)
                session = client.must("open", self.mount)
                before = sha256(disk)
                client.must("commit", session, 0)
                self.assert_same(wanted, self.windows(disk))
                self.assertNotEqual(before, sha256(disk))
                self.assertEqual(client.mounts()[0]["status"], "Ok")
                with open(os.path.join(self.mount, "once more"), "w", encoding="utf-8") as f:
                    f.write("after a commit")
                client.must("close", session)
                client.must("unmount", self.mount, COMMIT)
                self.assertEqual({p: sha256(p) for p in parents}, parents)
                self.assert_same(self.windows(disk), {**wanted, "once more": ("file", ntfs.sha1(b"after a commit"), ("once more",))})
                client.must("mount", disk, self.mount, 1, READONLY)
                self.assertIn("once more", os.listdir(self.mount))
                client.must("unmount", self.mount, DISCARD)
                client.must("shutdown")
                client.end()

    def test_a_discard_leaves_the_file_as_it_was(self):
        for name in KINDS:
            with self.subTest(name):
                disk = self.disk(name)
                before = {p: sha256(p) for p in glob.glob(os.path.dirname(disk) + "/*")}
                client = self.client()
                client.must("mount", disk, self.mount, 1, 0)
                self.change(random.Random(1))
                client.must("unmount", self.mount, DISCARD)
                client.must("mount", disk, self.mount, 1, 0)
                self.change(random.Random(2))
                client.kill()
                other = self.client()
                other.must("unmount", self.mount, DISCARD)
                other.must("shutdown")
                other.end()
                self.assertEqual({p: sha256(p) for p in before}, before)

    def test_a_cancel_at_any_tick_leaves_the_file_as_it_was(self):
        for name in KINDS:
            with self.subTest(name):
                disk = self.disk(name)
                before = sha256(disk)
                client = self.client()
                for tick in (1, 40, 89, 95):
                    client.must("cancel", tick)
                    self.assertIn(client.call("mount", disk, self.mount, 1, 0).hr, CANCELLED)
                    self.assertEqual((client.mounts(), os.listdir(self.mount)), ([], []))
                client.must("cancel", 0)
                client.must("mount", disk, self.mount, 1, 0)
                self.change(random.Random(1))
                session = client.must("open", self.mount)
                for tick in (1, 19, 20, 21, 50, 74, 75):
                    client.must("cancel", tick)
                    self.assertIn(client.call("commit", session, 0).hr, CANCELLED)
                    self.assertEqual(sha256(disk), before)
                client.must("cancel", 0)
                client.must("commit", session, 0)
                self.assert_same(tree(self.mount), self.windows(disk))
                client.must("close", session)
                client.must("unmount", self.mount, DISCARD)
                client.must("shutdown")
                client.end()

    def test_a_restart_in_between_loses_nothing(self):
        disk = self.disk("disk-vhdx-dynamic.vhdx")
        client = self.client()
        client.must("mount", disk, self.mount, 1, 0)
        self.change(random.Random(1))
        wanted = tree(self.mount)
        self.dismfake("reboot")
        self.assertEqual([m["status"] for m in client.mounts()], ["NeedsRemount"])
        client.must("remount", self.mount)
        self.assert_same(tree(self.mount), wanted)
        client.must("unmount", self.mount, COMMIT)
        self.assert_same(self.windows(disk), wanted)


class a_killed_commit(Disk):
    def test_is_finished_or_undone(self):
        seed = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(2**32))
        print("TEST_SEED =", seed, flush=True)
        rng, counted = random.Random(seed), {"before": 0, "after": 0}
        for i in range(ROUNDS):
            name = list(KINDS)[i % len(KINDS)]
            with self.subTest(round=i, name=name):
                outcome = self.round(name, rng)
                counted[outcome] += 1
                print(i, name, outcome, flush=True)
        if ROUNDS >= 24:  # fewer may all miss one of them
            self.assertGreater(counted["before"], 0)
            self.assertGreater(counted["after"], 0)

    def round(self, name, rng):
        disk = self.disk(name)
        client = self.client()
        client.must("mount", disk, self.mount, 1, 0)
        self.change(rng)
        before, wanted = sha256(disk), tree(self.mount)
        session = client.must("open", self.mount)
        how, tick, on_tick, timer = rng.choice(["tick", "rule", "any time"]), rng.randint(1, 99), None, None
        client.must("ticks", "on")
        if how == "tick":
            on_tick = lambda n: client.process.kill() if n == tick else None
        elif how == "rule":
            client.must("load", json.dumps({"id": "k", "at": "DismCommitImage", "when": {"tick": tick},
                                            "do": {"crash": "terminate"}}))
        else:  # between any two writes, most of which no tick tells
            timer = threading.Timer(rng.random() * 0.06, client.process.kill)
            on_tick = lambda n: timer.start() if n == 20 else None
        try:
            client.call("commit", session, 0, on_tick=on_tick)
        except Ended:
            pass
        if timer:
            timer.join()
        client.end()
        other = self.client()
        self.assertEqual([m["status"] for m in other.mounts()], ["Ok"])
        self.assert_same(tree(self.mount), wanted)
        outcome = "before" if sha256(disk) == before else "after"
        if outcome == "after":
            self.assert_same(self.windows(disk), wanted)
        other.must("unmount", self.mount, COMMIT)  # whatever it was, it goes on from there
        self.assert_same(self.windows(disk), wanted)
        other.must("shutdown")
        self.assertEqual(other.end(), (0, ""))
        self.assertEqual(os.listdir(os.path.join(self.state, "mounts")), [])
        shutil.rmtree(os.path.dirname(disk))
        return outcome


class what_is_refused(Disk):
    def test_a_disk_that_does_not_fit_its_changes(self):
        disk = self.disk("disk-vhd-dynamic.vhd")
        client = self.client()
        before = sha256(disk)
        client.must("mount", disk, self.mount, 1, 0)
        with open(os.path.join(self.mount, "too large"), "wb") as f:
            f.write(random.Random(1).randbytes(40 << 20))
        session = client.must("open", self.mount)
        client.must("commit", session, 0, hr="80070070")
        self.assertEqual(sha256(disk), before)
        os.remove(os.path.join(self.mount, "too large"))
        client.must("commit", session, 0)

    def test_a_dirty_volume_for_writing(self):
        disk = self.disk("disk-vhd-fixed.vhd")
        ntfs.set_dirty(disk, 9 << 20)  # behind the first partition, of 8 MiB
        before, client = sha256(disk), self.client()
        self.assertIn("dirty", client.call("mount", disk, self.mount, 1, 0).text)
        client.must("mount", disk, self.mount, 1, 0, hr="80070015")
        client.must("mount", disk, self.mount, 1, READONLY)
        self.assertIn("hello.txt", os.listdir(self.mount))
        client.must("unmount", self.mount, DISCARD)
        self.assertEqual(sha256(disk), before)

    def test_a_hibernated_windows_for_writing(self):
        disk, client = self.disk("disk-vhdx-dynamic.vhdx"), self.client()
        client.must("mount", disk, self.mount, 1, 0)
        with open(os.path.join(self.mount, "hiberfil.sys"), "wb") as f:
            f.write(b"hibr" + bytes(8188))
        client.must("unmount", self.mount, COMMIT)
        client.must("mount", disk, self.mount, 1, 0, hr="80070015")
        client.must("mount", disk, self.mount, 1, READONLY)

    def test_appending(self):
        client = self.client()
        client.must("mount", self.disk("disk-vhd-dynamic.vhd"), self.mount, 1, 0)
        session = client.must("open", self.mount)
        client.must("commit", session, APPEND, hr="80070057")

    def test_a_file_that_somebody_has_open_for_writing(self):
        disk = self.disk("disk-vhd-dynamic.vhd")
        with open(disk, "r+b") as held:
            fcntl.fcntl(held, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            client = self.client()
            client.must("mount", disk, self.mount, 1, 0, hr="80070020")
            client.must("mount", disk, self.mount, 1, READONLY)


if __name__ == "__main__":
    main()

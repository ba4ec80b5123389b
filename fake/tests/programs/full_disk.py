# SPDX-License-Identifier: MIT
"""A disk that is full under the image file, the mount folder or the state folder: 0x80070070, nothing lost,
and the same call succeeds once there is room. Needs root, for a small tmpfs."""
from dismtest import *

DISK_FULL = "80070070"


@unittest.skipIf(os.geteuid() != 0, "mounting needs root")
class full_disk(Test):
    def small_disk(self, size):
        disk = self.folder("disk")
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
        if subprocess.run(command, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        return disk

    def grow(self, disk):
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)

    def add_stream(self, path):
        """Makes the commit one that keeps metadata: by the helper."""
        if not os.path.exists("/dev/fuse"):
            self.skipTest("there is no /dev/fuse")
        try:
            os.setxattr(path, "user.stream", b"x")
        except OSError as reason:
            self.skipTest(f"no extended attributes here: {reason}")

    def test_under_the_image_file(self):
        self.under_the_image_file(lambda path: None)

    @KEEPS_METADATA
    def test_under_the_image_file_where_metadata_is_kept(self):
        self.under_the_image_file(self.add_stream)

    @unittest.skipIf(IS_LAZY, "what is written into a lazy mount is in the state folder already")
    @KEEPS_METADATA
    def test_under_the_state_folder_where_metadata_is_kept(self):
        disk = self.small_disk("256k")
        image = self.wim(self.windows_tree(), "t.wim", "none")
        before = read(image)
        client, mount = self.client(state=disk), self.folder("m")
        client.must("mount", image, mount, 1, 0)
        with open(os.path.join(mount, "big"), "wb") as f:
            f.write(os.urandom(400000))
        self.add_stream(os.path.join(mount, "big"))
        client.must("unmount", mount, COMMIT, hr=DISK_FULL)
        self.assertTrue(before == read(image))
        self.grow(disk)
        client.must("unmount", mount, COMMIT)
        wimlib("verify", image)
        self.assertIn("/big", wimlib("dir", image, "1"))

    def under_the_image_file(self, prepare):
        disk = self.small_disk("200k")
        image = os.path.join(disk, "t.wim")
        shutil.copyfile(self.wim(self.windows_tree(), "made.wim", "none"), image)
        before = read(image)
        client, mount = self.client(), self.folder("m")
        client.must("mount", image, mount, 1, 0)
        with open(os.path.join(mount, "big"), "wb") as f:
            f.write(os.urandom(400000))
        prepare(os.path.join(mount, "big"))
        session = client.must("open", mount)
        client.must("commit", session, 0, hr=DISK_FULL)
        client.must("close", session)
        client.must("unmount", mount, COMMIT, hr=DISK_FULL)
        self.assertTrue(before == read(image))
        self.assertEqual([m["status"] for m in client.mounts()], ["Ok"])
        self.grow(disk)
        client.must("unmount", mount, COMMIT)
        wimlib("verify", image)
        self.assertIn("/big", wimlib("dir", image, "1"))

    @unittest.skipIf(IS_LAZY, "a lazy mount needs no room in its folder")
    def test_under_the_mount_folder(self):
        tree = self.windows_tree()
        with open(os.path.join(tree, "big"), "wb") as f:
            f.write(os.urandom(400000))
        image = self.wim(tree, "t.wim", "none")
        disk = self.small_disk("200k")
        mount = os.path.join(disk, "m")
        os.mkdir(mount)
        client = self.client()
        client.must("mount", image, mount, 1, 0, hr=DISK_FULL)
        self.assertEqual((os.listdir(mount), client.mounts()), ([], []))
        self.grow(disk)
        client.must("mount", image, mount, 1, 0)
        client.must("unmount", mount, DISCARD)

    def test_under_the_state_folder(self):
        disk = self.small_disk("256k")
        image = self.wim(self.windows_tree(), "t.wim", "none")
        before = read(image)
        client, mount = self.client(state=disk), self.folder("m")
        client.must("mount", image, mount, 1, 0)
        with open(os.path.join(mount, "new"), "w") as f:
            f.write("x")
        with open(os.path.join(disk, "fill"), "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        client.must("unmount", mount, COMMIT, hr=DISK_FULL)
        client.must("unmount", mount, DISCARD, hr=DISK_FULL)
        self.assertTrue(before == read(image))
        self.assertTrue(os.path.exists(os.path.join(mount, "new")))
        self.assertEqual(len(client.mounts()), 1)
        os.remove(os.path.join(disk, "fill"))
        client.must("unmount", mount, COMMIT)
        wimlib("verify", image)
        self.assertIn("/new", wimlib("dir", image, "1"))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Scenarios where the lazy engine is refused, each in its way: with `auto` they hold all the same, unpacked, and
dism.log says why; with `lazy` a mount is an error.

environments.py DISMCONFORM CATALOGUE SCENARIOS"""
from dismtest import *

SOME = ("mount/mount", "reboot/reboot", "list/list")
RUNNER, CATALOGUE, SCENARIOS = sys.argv[1:4]


class refused(Test):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o777)
        self.scratch = self.folder("scratch")
        os.chmod(self.scratch, 0o777)

    def run_in(self, prefix, *words, **variables):
        env = {k: v for k, v in environment(self.path("scratch", "state")).items() if k != "TEST_ENGINE"}
        return subprocess.run([*prefix, *words], capture_output=True, text=True, cwd="/",
                              env={**env, "TMPDIR": self.scratch, **variables})

    def check(self, prefix, reason):
        if self.run_in(prefix, "true").returncode:
            self.skipTest("this machine does not let us: " + " ".join(prefix))
        if self.run_in(prefix, "test", "-x", RUNNER, "-a", "-r", CATALOGUE).returncode:
            self.skipTest("that user cannot reach " + RUNNER)
        self.check_scenarios(prefix)
        self.check_reason(prefix, reason)

    def check_scenarios(self, prefix):
        files = [os.path.join(SCENARIOS, name + ".json") for name in SOME]
        self.assertEqual(len(files), len(SOME))
        done = self.run_in(prefix, RUNNER, "run", "--library", os.path.join(BUILD, "libDismApi.so"), "--fixtures", CATALOGUE,
                           "--clauses", os.path.join(SCENARIOS, "clauses"), *files)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-1000:])
        self.assertRegex(done.stdout, r"[1-9][0-9]* passed")

    def check_reason(self, prefix, reason):
        image, mount = self.wim(self.windows_tree()), self.folder("m")
        for path in (image, mount):
            os.chmod(path, 0o777)
        for engine in ("lazy", "auto"):
            env = {"DISMFAKE_ENGINE": engine, "TMPDIR": self.scratch}
            client = self.client(prefix=prefix, state=self.path("scratch", "s"), env=env, init=False)
            client.must("init", 2, self.path("log"))
            reply = client.call("mount", image, mount, 1, 0)
            if engine == "lazy":
                self.assertEqual(reply.hr, "80070032", reply)
                self.assertRegex(reply.text, reason)
                self.assertEqual((client.mounts(), os.listdir(mount)), ([], []))
            else:
                self.assertEqual(reply.hr, OK, reply)
                self.assertRegex(read(self.path("log")).decode(), "t.wim is unpacked: .*" + reason)
                self.assertIn('"engine":"extract"', client.must("status").replace(" ", ""))
                client.must("unmount", mount, DISCARD)
            client.end()

    def test_without_fuse(self):
        self.check(without_fuse(self), "cannot mount at")

    def test_in_a_user_namespace(self):
        self.check(("unshare", "-Urm", "--"), "(cannot mount|takes root)")

    def test_for_a_user_without_privileges(self):
        self.check(("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"), "takes root and /dev/fuse")

    def test_with_the_state_folder_on_an_overlay(self):
        for name in ("l", "u", "w"):
            self.folder(name)
        options = ",".join(f"{k}dir={self.path(n)}" for k, n in (("lower", "l"), ("upper", "u"), ("work", "w")))
        script = f'mount -t overlay overlay -o {options} "{self.scratch}" && chmod 777 "{self.scratch}"'
        self.check(in_mount_namespace(self, script), "cannot mount an overlay")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""The program dismfake against running clients: status, reboot, arm, disarm, release, journal, reset."""
from dismtest import *

HOLD = json.dumps([{"id": "h", "at": "DismMountImage/extract", "do": {"hold": "gate"}}])
FAIL = json.dumps({"id": "f", "at": "DismGetImageInfo", "times": 100, "do": {"return": "E_FAIL"}})


class the_control_program(Test):
    def setUp(self):
        super().setUp()
        self.image = self.wim(self.windows_tree())
        self.mount = self.folder("m")

    def json(self, *words):
        done = self.dismfake("--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def done(self, *words, input=None):
        done = self.dismfake(*words, input=input)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_lets_go_a_client_that_is_held(self):
        self.done("arm", "-", input=HOLD)
        client = self.client()
        client.must("ticks", "on")
        client.send("mount", self.image, self.mount, 1, 0)
        # The journal says when the rule has fired; from then on the client is parked.
        while not [e for e in self.json("journal") if e["event"] == "fault" and e["rule"] == "h"]:
            pass
        status = self.json("status")
        self.assertEqual(len(status["mounts"]), 1)
        self.assertEqual(status["mounts"][0]["status"], "Invalid")
        self.assertEqual(status["mounts"][0]["workedOnByPid"], client.process.pid)
        self.assertEqual(os.listdir(self.mount), [])
        self.done("release", "gate")
        reply = client.answer()
        self.assertEqual((reply.hr, reply.ticks), (OK, 100))
        self.assertEqual(self.json("status")["mounts"][0]["status"], "Ok")

    def test_arms_and_disarms_rules_for_running_clients(self):
        client = self.client()
        client.must("info", self.image)
        self.write("rules.json", FAIL)
        self.done("arm", self.path("rules.json"))
        client.must("info", self.image, hr="80004005")
        text = self.done("status")
        self.assertIn("f at DismGetImageInfo: fired 1 times", text)
        rule = self.json("status")["rules"][0]
        self.assertEqual((rule["origin"], rule["fired"]), ("state folder", 1))
        self.done("disarm")
        client.must("info", self.image)
        self.done("disarm")

    def test_refuses_bad_rules_with_their_pointer_and_keeps_the_old_ones(self):
        client = self.client()
        self.done("arm", "-", input=FAIL)
        done = self.dismfake("arm", "-", input='[{"id":"x","at":"DismDelete","do":{"return":"E_FAIL"},"times":0}]')
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("/0/times", done.stderr)
        self.assertIn("0x80070057", done.stderr)
        self.assertEqual(self.dismfake("arm", "-", input="{").returncode, 1)
        self.assertEqual(self.dismfake("arm", self.path("missing.json")).returncode, 1)
        client.must("info", self.image, hr="80004005")

    def test_restarts_the_machine_under_a_client(self):
        client = self.client()
        client.must("mount", self.image, self.mount, 1, 0)
        names = os.listdir(self.mount)
        self.assertEqual(self.json("reboot"), {"done": True})
        self.assertEqual([m["status"] for m in client.mounts()], ["NeedsRemount"])
        self.assertEqual(os.listdir(self.mount), [])
        client.must("open", self.mount, hr="C1510114")
        client.must("remount", self.mount)
        self.assertEqual(sorted(os.listdir(self.mount)), sorted(names))
        client.must("unmount", self.mount, COMMIT)

    def test_shows_the_journal_of_all_clients(self):
        first, second = self.client(), self.client()
        first.must("info", self.image)
        second.must("mounted")
        calls = {(e["pid"], e["call"]) for e in self.json("journal") if e["event"] == "enter"}
        self.assertIn((first.process.pid, "DismGetImageInfo"), calls)
        self.assertIn((second.process.pid, "DismGetMountedImageInfo"), calls)
        text = self.done("journal")
        self.assertIn("DismGetImageInfo S_OK", text)
        self.assertIn(self.image, text)

    def test_forgets_everything_on_reset(self):
        client = self.client()
        before = read(self.image)
        client.must("mount", self.image, self.mount, 1, 0)
        self.write("m", "new", "x")
        client.end()
        self.done("arm", "-", input=FAIL)
        self.done("reset")
        status = self.json("status")
        self.assertEqual((status["mounts"], status["rules"]), ([], []))
        self.assertEqual([e for e in self.json("journal")], [])
        self.assertEqual(os.listdir(self.mount), [])
        self.assertTrue(before == read(self.image))
        self.client().must("info", self.image)

    def test_takes_the_state_folder_as_an_option(self):
        other = self.path("other-state")
        status = json.loads(self.dismfake("--state", other, "--json", "status").stdout)
        self.assertEqual(status["stateFolder"], other)
        self.assertFalse(os.path.exists(self.state))

    def test_explains_wrong_usage(self):
        for words in ((), ("nonsense",), ("arm",), ("release",), ("--nonsense", "status"), ("--state",),
                      ("status", "more"), ("arm", "a", "b"), ("help me",)):
            done = self.dismfake(*words)
            self.assertEqual((done.returncode, done.stdout), (64, ""), words)
            self.assertIn("usage: dismfake", done.stderr)
            self.assertIn((words or ("what shall",))[-1], done.stderr)
        for word in ("help", "--help", "-h"):
            done = self.dismfake(word)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("usage: dismfake", done.stdout)

    def test_leaves_no_trace_of_itself_in_the_journal(self):
        self.assertEqual(self.dismfake("release", "../x").returncode, 1)
        self.assertEqual(self.json("journal"), [])

    def test_refuses_a_name_that_is_no_hold(self):
        for name in ("../x", ".", "a/b"):
            self.assertEqual(self.dismfake("release", name).returncode, 1, name)
        self.assertFalse(os.path.exists(self.path("x")))

    def test_fails_on_a_damaged_registry_and_leaves_it_alone(self):
        self.write("state", "registry.json", "{")
        for command in ("status", "reboot", "reset"):
            done = self.dismfake(command)
            self.assertEqual(done.returncode, 1, command)
            self.assertIn("0x80070570", done.stderr)
        self.assertEqual(read(self.path("state", "registry.json")), b"{")


if __name__ == "__main__":
    main()

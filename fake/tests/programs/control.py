# SPDX-License-Identifier: MIT
"""The program dismfake against running clients: status, reboot, arm, disarm, release, journal, reset."""
import threading

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

    def test_shows_how_far_the_calls_of_other_processes_are(self):
        rule = {"id": "t", "at": "DismMountImage", "when": {"tick": 43}, "do": {"hold": "gate"}}
        self.done("arm", "-", input=json.dumps(rule))
        client = self.client()
        self.assertEqual(self.json("status")["calls"], [])
        client.send("mount", self.image, self.mount, 1, 0)
        while not [e for e in self.json("journal") if e["event"] == "fault"]:
            pass
        call, = self.json("status")["calls"]
        self.assertGreaterEqual(call.pop("elapsedMs"), 0)
        self.assertGreater(call.pop("thread"), 0)
        self.assertEqual(call, {"call": "DismMountImage", "pid": client.process.pid, "state": "held",
                                "step": "DismMountImage/extract", "tick": 43, "total": 100})
        self.assertRegex(self.done("status"), rf"(?m)^calls:   1\n  DismMountImage in process {client.process.pid}: "
                                              r"extract, 43 of 100 \(43 %\), held; \d+\.\d s$")
        other = self.client()
        other.send("unmount", self.mount, DISCARD)
        self.assertNotEqual(other.answer().hr, OK)
        self.done("release", "gate")
        self.assertEqual(client.answer().hr, OK)
        self.assertEqual(self.json("status")["calls"], [])

    def test_forgets_the_calls_of_a_process_that_was_killed(self):
        self.done("arm", "-", input=HOLD)
        client = self.client()
        client.send("mount", self.image, self.mount, 1, 0)
        while not self.json("status")["calls"]:
            pass
        self.assertEqual(os.listdir(self.path("state", "running")), [str(client.process.pid)])
        client.kill()
        self.assertEqual(self.json("status")["calls"], [])
        self.assertEqual(os.listdir(self.path("state", "running")), [])
        self.write("state", "running", str(client.process.pid), b"\0" * 8192)  # killed before it wrote its name
        self.assertEqual(self.json("status")["calls"], [])
        self.assertEqual(os.listdir(self.path("state", "running")), [])
        other = self.client()
        other.must("cleanup")
        self.write("state", "running", str(client.process.pid), b"\0" * 8192)
        other.must("cleanup")
        self.assertEqual(os.listdir(self.path("state", "running")), [str(other.process.pid)])

    def test_leaves_no_file_of_running_calls_after_a_shutdown(self):
        client = self.client()
        client.must("mount", self.image, self.mount, 1, 0)
        self.assertEqual(len(os.listdir(self.path("state", "running"))), 1)
        client.must("unmount", self.mount, DISCARD)
        client.must("shutdown")
        self.assertEqual(os.listdir(self.path("state", "running")), [])

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

    def test_reads_rules_from_a_pipe(self):
        client = self.client()
        self.done("arm", "/dev/stdin", input=FAIL)
        client.must("info", self.image, hr="80004005")

    def why(self, rule):
        answer = self.json("why", rule)
        self.assertEqual(answer["rule"], rule)
        return answer["fired"], {reason["code"]: reason["text"] for reason in answer["reasons"]}, [
            reason["code"] for reason in answer["reasons"]]

    def test_says_why_a_rule_has_not_fired(self):
        client = self.client()
        client.must("info", self.image)
        self.done("arm", "-", input=json.dumps([
            {"id": "unread", "at": "DismGetImageInfo", "do": {"return": "E_FAIL"}}]))
        self.assertEqual(self.why("unread")[2], ["late", "unread"])
        fail = {"return": "E_FAIL"}
        self.done("arm", "-", input=json.dumps([
            {"id": "fires", "at": "DismGetMountedImageInfo", "do": fail},
            {"id": "third", "at": "DismGetImageInfo", "when": {"nth": 3}, "do": fail},
            {"id": "other", "at": "DismMountImage", "do": fail,
             "when": {"args": {"ImageIndex": 7, "MountPath": {"$samePath": self.mount}}}},
            {"id": "named", "at": "DismMountImage", "when": {"thread": "worker"}, "do": fail},
            {"id": "late", "at": "DismMountImage", "when": {"tick": 170}, "do": fail},
            {"id": "inner", "at": "DismMountImage/extract", "do": fail},
            {"id": "absent", "at": "DismRemountImage", "do": fail},
            {"id": "rich", "at": "DismGetImageInfo", "when": {"nth": 2}, "times": 9, "do": {"allocFail": 100000}},
            {"id": "whole", "at": "DismMountImage", "do": {"return": "E_FAIL", "effect": "partial"}},
            {"id": "odd", "at": "DismGetImageInfo", "do": {"mutateOut": {"/ImageInfo/77/ImageName": "x"}}}]))
        client.must("mounted", hr="80004005")
        client.must("info", self.image)
        client.must("info", self.image)
        client.must("mounted")
        reply = client.call("mount", self.image, self.mount, 9, 0)
        self.assertEqual(reply.hr, "C0040005")
        client.must("mount", self.image, self.mount, 9, 0, hr="C0040005")
        fired, texts, codes = self.why("fires")
        self.assertEqual((fired, codes), (1, ["used-up"]))
        self.assertEqual(self.why("third")[1]["nth"], "2 arrivals fitted; it waits for number 3")
        fired, texts, codes = self.why("other")
        self.assertEqual((fired, codes), (0, ["args"]))
        self.assertIn("2 arrivals had other arguments; the nearest differed in 1: /ImageIndex: wanted 7, got 9",
                      texts["args"])
        self.assertIn("one without a name", self.why("named")[1]["thread"])
        self.assertIn("it waits for worker", self.why("named")[1]["thread"])
        self.assertIn("it waits for tick 170", self.why("late")[1]["tick"])
        self.assertIn("the last came as far as DismMountImage/validate and answered "
                      "DISMAPI_E_INVALID_IMAGE_INDEX", self.why("inner")[1]["step"])
        self.assertIn("DismRemountImage has not been called since; called were: DismGetMountedImageInfo, ",
                      self.why("absent")[1]["never"])
        self.assertIn("allocations", self.why("rich")[1]["missed"])
        self.assertIn("half-way", self.why("whole")[1]["missed"])
        self.assertIn("there are 1 elements", self.why("odd")[1]["missed"])
        self.assertIn("  1. 2 arrivals fitted; it waits for number 3", self.done("why", "third"))
        done = self.dismfake("why", "nobody")
        self.assertEqual(done.returncode, 1)
        self.assertIn("it knows: unread, fires, third", done.stderr)
        # What has ended can still be asked about, and says so itself at its shutdown.
        client.must("shutdown")
        code, error = client.end()
        self.assertIn("rule 'third' at DismGetImageInfo never fired (reached 2 times): "
                      "2 arrivals fitted; it waits for number 3", error)
        self.assertEqual(self.why("third")[2], ["nth"])

    def test_arms_all_rules_at_once_while_calls_run(self):
        client = self.client()
        stop = threading.Event()

        def arm():
            generation = 0
            while not stop.is_set():
                generation += 1
                self.dismfake("arm", "-", input=json.dumps([
                    {"id": f"{name}-{generation}", "at": name, "times": 1000000,
                     "do": {"return": "0x8004%04X" % generation}}
                    for name in ("DismGetImageInfo", "DismGetMountedImageInfo")]))

        armer = threading.Thread(target=arm)
        armer.start()
        try:
            last = 0
            while last < 15:
                for words in (("info", self.image), ("mounted",)):
                    hr = client.call(*words).hr
                    # Of half a set one of the calls would come back sound, or with an older code.
                    generation = 0 if hr == OK else int(hr, 16) - 0x80040000
                    self.assertGreaterEqual(generation, last)
                    last = generation
        finally:
            stop.set()
            armer.join()

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

    def test_changes_the_world_of_running_clients(self):
        client = self.client()
        removable = json.dumps({"volume": self.mount, "is": {"kind": "removable"}, "as": "usb"})
        self.assertEqual(self.done("world", removable), "changed\n")
        client.must("mount", self.image, self.mount, 1, 0, hr="C1420134")
        self.assertEqual(self.json("world", "show"), [json.loads(removable)])
        self.assertEqual(self.json("status")["world"], [json.loads(removable)])
        self.assertIn("world:   1 changes in force", self.done("status"))
        self.assertIn("WIMGAPI_E_NOT_FIXED_DRIVE", self.done("journal"))
        self.assertEqual(self.done("world", "release", "usb"), "released\n")
        self.assertEqual(self.done("world", "release", "usb"), "it is not in force\n")
        client.must("mount", self.image, self.mount, 1, 0)
        self.done("world", "-", input=json.dumps({"loadHive": os.path.join(self.mount, "SOFTWARE")}))
        client.must("unmount", self.mount, DISCARD, hr="C1420117")
        client.end()
        self.done("reboot")
        self.assertEqual(self.json("world", "show"), [])
        self.done("world", json.dumps({"service": "mount-filter", "is": "missing"}))
        self.done("reset")
        self.assertEqual(self.json("world", "show"), [])

    def test_refuses_a_world_that_it_does_not_know(self):
        done = self.dismfake("world", '{"volume": "/x", "is": {"kind": "floppy"}}')
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("/is/kind knows no 'floppy'", done.stderr)
        for words in (["world"], ["world", "release"], ["world", "show", "more"]):
            self.assertEqual(self.dismfake(*words).returncode, 64, words)

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

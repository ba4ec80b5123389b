# SPDX-License-Identifier: MIT
"""The DISMFAKE_... variables as a client's user meets them: leaks, strict rules, faults, mistakes."""
from dismtest import *

FAIL = '{"id":"f","at":"DismGetImageInfo","do":{"return":"0xC1420117"}}'


class the_environment(Test):
    def setUp(self):
        super().setUp()
        self.image = self.wim(self.windows_tree())

    def test_leaks_reports_what_was_not_deleted(self):
        client = self.client(env={"DISMFAKE_LEAKS": "1"})
        client.must("leak", self.image)
        client.must("leak", self.image)
        client.must("info", self.image)
        client.must("shutdown")
        code, said = client.end()
        self.assertEqual(said.count("of DismGetImageInfo were not given to DismDelete"), 2, said)

    def test_without_leaks_nothing_is_reported(self):
        client = self.client()
        client.must("leak", self.image)
        client.must("shutdown")
        self.assertEqual(client.end()[1].count("DismDelete"), 0)

    def test_leaks_says_nothing_about_a_clean_client(self):
        client = self.client(env={"DISMFAKE_LEAKS": "1"})
        client.must("info", self.image)
        client.must("mounted")
        client.must("shutdown")
        self.assertEqual(client.end(), (0, ""))

    def test_strict_ends_a_client_whose_rule_never_fired(self):
        client = self.client(env={"DISMFAKE_STRICT": "1", "DISMFAKE_FAULTS": FAIL})
        client.send("shutdown")
        with self.assertRaises(Ended):
            client.answer()
        code, said = client.end()
        self.assertEqual(code, -6)
        self.assertIn("rule 'f' at DismGetImageInfo never fired", said)

    def test_strict_lets_a_client_be_whose_rules_all_fired(self):
        client = self.client(env={"DISMFAKE_STRICT": "1", "DISMFAKE_FAULTS": FAIL})
        client.must("info", self.image, hr="C1420117")
        client.must("shutdown")
        self.assertEqual(client.end(), (0, ""))

    def test_without_strict_an_unused_rule_is_only_reported(self):
        client = self.client(env={"DISMFAKE_FAULTS": FAIL})
        client.must("shutdown")
        code, said = client.end()
        self.assertEqual(code, 0)
        self.assertIn("never fired", said)

    def test_faults_come_from_a_file_too(self):
        file = self.write("rules.json", "[" + FAIL + "]")
        client = self.client(env={"DISMFAKE_FAULTS": "@" + file})
        client.must("info", self.image, hr="C1420117")
        client.must("info", self.image)

    def assert_refused(self, env, *parts):
        client = self.client(env=env, init=False)
        reply = client.call("init", 2)
        self.assertTrue(int(reply.hr, 16) & 0x80000000, reply)
        for part in parts:
            self.assertIn(part, reply.text)
        client.must("mounted", hr="C0040001")

    def test_bad_faults_are_refused_by_initialize_with_pointer(self):
        self.assert_refused({"DISMFAKE_FAULTS": '[{"id":"f","at":"Nowhere","do":{}}]'}, "/0/at", "Nowhere")
        self.assert_refused({"DISMFAKE_FAULTS": "@" + self.path("missing")}, "missing")

    def test_an_unknown_variable_is_refused_by_initialize_by_name(self):
        self.assert_refused({"DISMFAKE_FLAUTS": "[]"}, "DISMFAKE_FLAUTS")

    def test_a_bad_value_is_refused_by_initialize_with_name_and_value(self):
        self.assert_refused({"DISMFAKE_CLOCK": "now"}, "DISMFAKE_CLOCK", "now")
        self.assert_refused({"DISMFAKE_LEAKS": "perhaps"}, "DISMFAKE_LEAKS", "perhaps")

    def test_the_journal_can_be_switched_off(self):
        client = self.client(env={"DISMFAKE_JOURNAL": "off"})
        client.must("info", self.image)
        self.assertEqual(client.must("journal"), "[]")
        self.assertFalse(os.path.exists(self.path("state", "journal.jsonl")))


if __name__ == "__main__":
    main()

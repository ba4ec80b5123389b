# SPDX-License-Identifier: MIT
"""The online image: a folder of the fake's own, never the machine."""
from dismtest import *

MUST_SPECIFY_ONLINE = "C004000E"


def machine():
    """What of the machine a session could have touched."""
    found = [(p, os.lstat(p).st_mtime_ns, os.lstat(p).st_ino)
             for p in ("/", "/etc", "/etc/hosts", "/usr", "/bin", "/Windows", "/windows") if os.path.lexists(p)]
    return found, sorted(os.listdir("/"))


class the_online_image(Test):
    def setUp(self):
        super().setUp()
        self.before = machine()

    def tearDown(self):
        self.assertEqual(self.before, machine())
        super().tearDown()

    def test_is_seeded_once_below_the_state_folder(self):
        client = self.client()
        session = client.must("open", "online")
        self.assertTrue(os.path.isdir(self.path("state", "online", "Windows", "System32")))
        self.write("state", "online", "mine.txt", "kept")
        client.must("commit", session, 0, hr="80070057")
        client.must("close", session)
        client.must("open", "online")
        self.assertEqual(read(self.path("state", "online", "mine.txt")), b"kept")
        self.assertEqual([n for n in os.listdir(self.state) if "making" in n], [])

    def test_takes_no_other_folders(self):
        client = self.client()
        client.must("open", "online", "Windows", hr="80070057")
        client.must("open", "online", "", "C:", hr="80070057")

    def test_is_the_folder_that_the_user_names(self):
        self.write("mine", "Windows", "System32", "x", "")
        client = self.client(env={"DISMFAKE_ONLINE": self.path("mine")})
        client.must("open", "online")
        self.assertFalse(os.path.exists(self.path("state", "online")))
        status = json.loads(client.must("status"))
        self.assertEqual([(s["root"], s["online"]) for s in status["sessions"]], [(self.path("mine"), True)])
        client.must("open", self.path("mine"), hr=MUST_SPECIFY_ONLINE)

    def test_is_not_made_where_the_user_names_a_folder_that_is_missing(self):
        client = self.client(env={"DISMFAKE_ONLINE": self.path("missing")})
        client.must("open", "online", hr="80070003")
        self.assertFalse(os.path.exists(self.path("missing")))

    def test_without_a_windows_folder_it_cannot_be_opened(self):
        self.folder("mine")
        client = self.client(env={"DISMFAKE_ONLINE": self.path("mine")})
        client.must("open", "online", hr="80070003")
        self.assertEqual(os.listdir(self.path("mine")), [])

    def test_can_never_be_the_machine(self):
        client = self.client(env={"DISMFAKE_ONLINE": "/"}, init=False)
        self.assertEqual(client.call("init", 2).hr, "80070057")
        client.must("open", "online", hr="C0040001")

    def test_is_not_reached_by_the_path_of_the_running_system(self):
        client = self.client()
        for path in ("/", "//", "/.", "/etc/..", "C:\\", "C:/", "c:\\"):
            self.assertEqual(client.call("open", path).hr, MUST_SPECIFY_ONLINE, path)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""A ctypes client, as a user without a C compiler writes one: mounts, changes, commits, cancels, unmounts."""
import ctypes
from ctypes import POINTER, byref, c_int32, c_uint32, c_void_p

from dismtest import *

if os.environ.get("TEST_SANITIZE"):
    print("the runtime of a sanitizer has to be in the program, which here is Python")
    sys.exit(77)

CALLBACK = ctypes.CFUNCTYPE(None, c_uint32, c_uint32, c_void_p)
dism = ctypes.CDLL(os.path.join(BUILD, "libDismApi.so"))
# Without it ctypes would cut the handle to 32 bits.
dism.DismFakeCreateEvent.restype = c_void_p


def text(value):
    return ctypes.c_char_p(value.encode("utf-16-le") + b"\0\0")


def string_at(pointer):
    units = b""
    while ctypes.string_at(pointer + len(units), 2) != b"\0\0":
        units += ctypes.string_at(pointer + len(units), 2)
    return units.decode("utf-16-le")


def call(name, *args):
    function = getattr(dism, name)
    function.restype = c_int32
    return "%08X" % (function(*args) & 0xFFFFFFFF)


def message():
    pointer = POINTER(c_void_p)()
    if call("DismGetLastErrorMessage", byref(pointer)) != OK:
        return None
    found = string_at(pointer[0])
    assert call("DismDelete", pointer) == OK
    return found


class a_ctypes_client(Test):
    def setUp(self):
        super().setUp()
        # The library reads its environment at its first call: one state folder for this process.
        self.image = self.wim(self.windows_tree(), "t.wim", "LZX")
        self.mount = self.folder("m")
        self.assertEqual(call("DismInitialize", 2, text(self.path("dism.log")), None), OK, message())

    def tearDown(self):
        self.assertEqual(call("DismFakeReset"), OK)
        super().tearDown()

    def mounted(self, callback=None, event=None):
        return call("DismMountImage", text(self.image), text(self.mount), 1, None, 0, 0,
                    c_void_p(event), callback, None)

    def test_mounts_changes_commits_and_unmounts(self):
        ticks = []
        callback = CALLBACK(lambda current, total, user: ticks.append((current, total)))
        self.assertEqual(self.mounted(callback), OK, message())
        self.assertEqual(ticks, [(i, 100) for i in range(1, 101)])
        session = c_uint32()
        self.assertEqual(call("DismOpenSession", text(self.mount), None, None, byref(session)), OK)
        self.write("m", "\u00fcber.txt", "new")
        os.remove(self.path("m", "hello.txt"))
        self.assertEqual(call("DismCommitImage", session, 0, None, None, None), OK, message())
        self.assertEqual(call("DismCloseSession", session), OK)
        self.assertEqual(call("DismUnmountImage", text(self.mount), 1, None, None, None), OK)
        wimlib("verify", self.image)
        self.assertIn("/\u00fcber.txt", paths(self.image))
        self.assertNotIn("/hello.txt", paths(self.image))
        self.assertEqual(call("DismShutdown"), OK)

    def test_cancels_with_an_event_of_dismfake(self):
        event = dism.DismFakeCreateEvent(1, 0)
        ticks = []

        def on_tick(current, total, user):
            ticks.append(current)
            if current == 40:
                dism.DismFakeSetEvent(c_void_p(event))
        self.assertIn(self.mounted(CALLBACK(on_tick), event), CANCELLED)
        self.assertEqual(ticks, list(range(1, 41)))
        self.assertEqual(os.listdir(self.mount), [])
        self.assertTrue(dism.DismFakeCloseEvent(c_void_p(event)))
        self.assertEqual(self.mounted(None, event), OK)
        self.assertEqual(call("DismUnmountImage", text(self.mount), 1, None, None, None), OK)

    def test_learns_why_a_call_failed(self):
        missing = self.path("missing.wim")
        pointer, count = c_void_p(), c_uint32()
        self.assertNotEqual(call("DismGetImageInfo", text(missing), byref(pointer), byref(count)), OK)
        self.assertIn(missing, message())

    def test_a_fork_writes_the_journal_in_its_own_name(self):
        child = os.fork()
        if child == 0:
            call("DismCloseSession", c_uint32(77))
            os._exit(0)
        os.waitpid(child, 0)
        call("DismCloseSession", c_uint32(78))
        with open(os.path.join(os.environ["DISMFAKE_STATE"], "journal.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        said = {line["with"]["Session"]: (line["pid"], line["tid"]) for line in lines
                if line["event"] == "enter" and line["call"] == "DismCloseSession" and line["with"]["Session"] > 76}
        self.assertEqual(said, {77: (child, child), 78: (os.getpid(), os.getpid())})

    def test_finds_the_library_by_its_other_names(self):
        for name in ("libdismapi.so", "libDismAPI.so"):
            self.assertEqual(os.path.realpath(os.path.join(BUILD, name)),
                             os.path.realpath(os.path.join(BUILD, "libDismApi.so")))


if __name__ == "__main__":
    os.makedirs(TMP, exist_ok=True)
    STATE = tempfile.mkdtemp(dir=TMP)
    os.environ["DISMFAKE_STATE"] = STATE
    try:
        main()
    finally:
        shutil.rmtree(STATE, ignore_errors=True)

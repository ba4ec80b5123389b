# SPDX-License-Identifier: MIT
"""How far a run is, for people: progress_line.py DISMCONFORM PUPPET SCENARIO (of one case that hangs). One line
written over on a terminal, lines now and then in a log, and the results are the same."""
import os
import pty
import re
import subprocess
import sys

dismconform, puppet, scenario = sys.argv[1:]
COMMAND = [dismconform, "run", "--library", puppet, "--timeout-multiplier", "4", scenario]
ENV = {**os.environ, "PUPPET": "hang", "TERM": "xterm"}
TEXT = r"\[0 of 1 cases, 0 failed, 0:0\d\] hang/hang"


def on_terminal():
    ours, theirs = pty.openpty()
    process = subprocess.Popen(COMMAND, stdout=theirs, stderr=theirs, stdin=theirs, env=ENV)
    os.close(theirs)
    said = b""
    try:
        while data := os.read(ours, 4096):
            said += data
    except OSError:  # how the end of a terminal looks
        pass
    return process.wait(), said.decode()


def in_log(*options):
    done = subprocess.run(COMMAND + [*options], capture_output=True, text=True, env=ENV)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


code, said = on_terminal()
assert code == 1, (code, said)
assert len(re.findall(r"\r\x1b\[K" + TEXT, said)) > 2, said
shown = [line.rsplit("\r\x1b[K", 1)[-1] for line in said.replace("\r\n", "\n").split("\n")]
assert not any(re.search(TEXT, line) for line in shown), shown  # what stays has no line of progress in it
assert re.match(r"(\x1b\[\d+m)?TIMEOUT", shown[0]) and shown[-2].startswith("NONCONFORMANT"), shown

code, said = in_log("--progress", "0.2")
assert code == 1, (code, said)
lines = said.splitlines()
assert 2 <= sum(bool(re.fullmatch(TEXT, line)) for line in lines) <= 8, said
assert "\r" not in said and "\x1b" not in said, said
code, said = in_log()
assert not re.search(TEXT, said), said
print("both forms are right")

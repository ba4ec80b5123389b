#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a library answers is kept, can be judged elsewhere, and is not believed once it was changed.

probe.py DISMCONFORM FAKE PUPPET CLAUSES [LINUX-DISMCONFORM]
Under Wine only what the system has a part in; what was observed there is judged on Linux, if a runner for it is at hand.
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

runner, fake, puppet, clauses = sys.argv[1:5]
is_wine = fake.endswith(".dll")
native = sys.argv[5] if is_wine and os.access(sys.argv[5], os.X_OK) else runner
folder = tempfile.mkdtemp()


def run(code, *arguments, **environment):
    program = native if arguments[0] == "judge" else runner
    with open(os.path.join(folder, "output.txt"), "w+b") as output:  # no pipe: Wine's services would keep it
        done = subprocess.run([program, *arguments], env={**os.environ, **environment}, timeout=500,
                              stdout=output, stderr=subprocess.STDOUT, check=False)
        output.seek(0)
        text = output.read().decode()
    assert done.returncode == code, (arguments, done.returncode, text)
    return text


def write(name, lines, end="\n"):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write("".join(line + end for line in lines).encode())
    return path


def sealed(lines):
    """The lines with an end that fits them, as probe itself would write it."""
    text = "".join(line + "\n" for line in lines).encode()
    end = {"type": "end", "lines": len(lines), "digest": hashlib.sha256(text).hexdigest()}
    return lines + [json.dumps(end)]


def judgements(path, code=0):
    out = os.path.join(folder, "judgements.json")
    text = run(code, "judge", "--clauses", clauses, "--json", out, path)
    with open(out, encoding="utf-8") as file:
        return {one["question"]: one for one in json.load(file)}, text


# Our fake: every question is answered, and as the model of the contract has it.
whole = os.path.join(folder, "fake.jsonl")
run(0, "probe", "--json", whole, fake)
with open(whole, encoding="utf-8") as file:
    lines = file.read().splitlines()
answers, text = judgements(whole)
assert len(answers) >= 50, len(answers)
for one in answers.values():
    assert one["status"] == "answered" and one["answer"] == one.get("model"), one
    assert one["clauseLevel"] in ("must", "may", "contested", "observed", "assumed"), one
    assert "grade" not in one and "level" not in one, one
assert "no clause changes: the library is not Microsoft's" in text, text
head_of_file = json.loads(lines[0])
observed = [json.loads(line) for line in lines if '"type":"observation"' in line]
second = next(one for one in observed if one["question"] == "second-initialize")
assert second["clause"] == "DismInitialize.second-call-fails", second
assert any(step.get("step") == "second" and step["code"] == "0x800704DF" for step in second["steps"]), second

if is_wine:
    assert head_of_file["library"]["machine"] == "x64" and head_of_file["library"]["fileVersion"], head_of_file
    assert head_of_file["library"]["versionResource"]["ProductName"] == "dismfake", head_of_file
    crashed = os.path.join(folder, "crash.jsonl")
    run(0, "probe", "--json", crashed, "--case", "message-line-end", puppet, PUPPET="crash")
    answers, text = judgements(crashed, 1)
    assert "0xC0000005, an access violation" in answers["message-line-end"]["why"], answers
    subprocess.run(["rm", "-rf", folder], check=True)
    print(f"{len(observed)} questions, judged by {native}")
    sys.exit(0)

# The same from Microsoft's library would be evidence.
head = json.loads(lines[0])
head["library"]["implementation"] = "microsoft"
answers, text = judgements(write("microsoft.jsonl", sealed([json.dumps(head)] + lines[1:-1])))
one = answers["second-initialize"]
assert one["grade"] == {"from": "C", "to": "A"} and one["level"] == {"from": "contested", "to": "observed"}, one
assert "grade" not in answers["read-only-commit"], answers["read-only-commit"]
assert "would change: grade C -> A" in text, text

# Another answer than the model's, and one that nobody foresaw.
def with_code(question, step_id, code):
    changed = json.loads(json.dumps(observed))
    for observation in changed:
        for step in observation["steps"]:
            if observation["question"] == question and step.get("step") == step_id:
                step.update(code=code, hr=code)
    return sealed([json.dumps(head)] + [json.dumps(one) for one in changed])


answers, text = judgements(write("caller.jsonl", with_code("bad-index", "mount", "0xC1510113")))
assert answers["bad-index"]["answer"] == "provider-code", answers["bad-index"]
assert "the fake answers otherwise: api-code" in text, text
answers, text = judgements(write("new.jsonl", with_code("esd", "mount", "0x00000005")), 0)
assert answers["esd"]["answer"] == "accepted", answers["esd"]
answers, text = judgements(write("new.jsonl", with_code("counted-initialize", "after", "0x80004005")), 1)
assert answers["counted-initialize"]["status"] == "unforeseen", answers["counted-initialize"]
assert "would change: the clause gets an answer that it does not have" in text, text

# The file: sent as a text, changed, cut, damaged, of a newer runner, of something else.
run(0, "judge", write("crlf.jsonl", lines, "\r\n"))
changed = [line.replace("0x800704DF", "0xC0040008") for line in lines]
assert changed != lines
assert "was changed after probe wrote it" in run(3, "judge", write("changed.jsonl", changed))
assert "was changed after probe wrote it" in run(3, "judge", write("less.jsonl", lines[:5] + lines[6:]))
assert "is damaged" in run(3, "judge", write("damaged.jsonl", lines[:6] + [lines[6][:-9]] + lines[7:]))
assert "line 7 is damaged" in run(3, "judge", os.path.join(folder, "damaged.jsonl"))
text = run(2, "judge", write("early.jsonl", lines[:-1]))
assert "the file ends early" in text and " 0 not asked" in text, text
with open(write("half.jsonl", lines[:-3]), "a", encoding="utf-8") as file:
    file.write(lines[-3][:50])
assert "the file ends early" in run(2, "judge", file.name)
for version in ("1.1", "2.0", "0.9"):
    head["observations"] = version
    newer = run(3, "judge", write("newer.jsonl", sealed([json.dumps(head)] + lines[1:-1])))
    assert f"its observations are of version {version}, this one reads 1.0 to 1.0" in newer, newer
assert "holds no observations" in run(3, "judge", write("other.jsonl", ['{"type":"run"}']))
assert "is empty" in run(3, "judge", write("empty.jsonl", []))
run(3, "judge", os.path.join(folder, "none.jsonl"))
head["observations"] = "1.0"
unknown = json.dumps({"type": "observation", "question": "who-knows", "status": "PASS"})
text = run(2, "judge", write("unknown.jsonl", sealed(lines[:-1] + [unknown])))
assert "who-knows: this runner does not know the question" in text, text

# A library that dies in a call: its answer is the crash, and what came before and after it is kept.
crashed = os.path.join(folder, "crash.jsonl")
run(0, "probe", "--json", crashed, puppet, PUPPET="crash")
answers, text = judgements(crashed, 1)
assert answers["message-line-end"]["status"] == "crashed", answers["message-line-end"]
assert answers["delete-twice"]["answer"] == "crash", answers["delete-twice"]
assert answers["delete-not-initialised"]["status"] == "answered", answers["delete-not-initialised"]
assert answers["close-never-issued"]["answer"] == "invalid-argument", answers["close-never-issued"]
assert "wanted \"mounts\", have nothing" in answers["bad-index"]["why"], answers["bad-index"]
hung = os.path.join(folder, "hang.jsonl")
run(0, "probe", "--json", hung, "--case", "message-*", "--timeout-multiplier", "0.02", puppet, PUPPET="hang")
answers, text = judgements(hung, 1)
assert answers["message-line-end"]["status"] == "hung", answers["message-line-end"]

text = run(0, "questions", "--clauses", clauses)
assert "callback-thread (clause threads.callback, touches mounts)" in text, text
subprocess.run(["rm", "-rf", folder], check=True)
print(f"{len(observed)} questions")

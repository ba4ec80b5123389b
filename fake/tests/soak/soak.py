#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""soak.py BUILD [--rounds N] [--seed S] [--from N] [--engine NAME] [--part NAME] [--keep] - hurts the library many times and
demands that nothing is lost and everything leads back to health.

Parts: kills (processes killed anywhere), writers (two processes that commit into one WIM), cancels. N rounds of each on
each engine (1,000 if not given). A round depends on the seed, its part, engine and world (25 rounds) only; moments in
real time cannot be repeated exactly. Closes with a table; exit 1 if a promise was broken, 64 on wrong usage."""
import argparse
import collections
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "programs")]
ROUNDS_PER_WORLD = 25
PARTS, ENGINES = ("kills", "writers", "cancels"), ("extract", "lazy")


def options():
    parser = argparse.ArgumentParser(prog="soak", usage="./run soak [--rounds N] [--seed S] [--engine extract|lazy] "
                                     "[--part kills|writers|cancels] [--from ROUND] [--keep]")
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--from", type=int, default=0, dest="first", help="start with this round")
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--keep", action="store_true", help="keep the folders of rounds that failed")
    try:
        return parser.parse_args()
    except SystemExit as e:
        sys.exit(64 if e.code else 0)


class Part:
    def __init__(self, name, engine, kind, line, opts):
        self.name, self.engine, self.kind, self.line, self.opts = name, engine, kind, line, opts
        self.done, self.violations, self.worlds = 0, [], 0
        self.counts = collections.Counter()

    def world_seed(self, first):
        return f"{self.opts.seed} {self.name} {self.engine} {first}"

    def run_world(self, first, last):
        """Rounds first..last-1 in one world. After a violation that world is over."""
        from world import Violation, World
        seed = self.world_seed(first)
        world = World(seed, self.engine)
        part, number = None, first
        try:
            part = self.kind(world, random.Random(seed))
            for number in range(first, last):
                self.line.show(f"{self.name} on {self.engine}: {self.done} of {self.opts.rounds} rounds, "
                               f"{len(self.violations)} violations")
                self.counts[part.round(number)] += 1
                self.done += 1
            if hasattr(part, "finish"):
                part.finish()
        except Exception as e:  # pylint: disable=broad-except
            self.done += number < last
            text = str(e) if isinstance(e, Violation) else f"{type(e).__name__}: {e}"
            try:
                about = part.describe()
            except Exception:  # pylint: disable=broad-except
                about = "while the world was made"
            self.violations.append((number, about, text))
            self.line.print(f"VIOLATION {self.name} on {self.engine}, round {number} (--seed {self.opts.seed} --part "
                            f"{self.name} --engine {self.engine} --from {first} --rounds {number - first + 1})\n"
                            f"    {about}\n    {text}")
            if not isinstance(e, (Violation, AssertionError)):
                self.line.print("    " + traceback.format_exc().replace("\n", "\n    "))
            if self.opts.keep:
                self.line.print(f"    kept: {world.dir}")
            world.destroy(keep=self.opts.keep)
            return number + 1
        except KeyboardInterrupt:
            world.destroy()
            raise
        world.destroy()
        return last

    def run(self):
        number, end = self.opts.first, self.opts.first + self.opts.rounds
        while number < end:
            start = number - number % ROUNDS_PER_WORLD if number == self.opts.first else number
            number = self.run_world(number, min(start + ROUNDS_PER_WORLD, end))


def refusal(engine):
    """Why that engine cannot be used here; None if it can."""
    from world import OK, World
    world = World(0, engine)
    try:
        client = world.client()
        reply = client.call("mount", world.image, world.folder("mounts", "m"), 1, 0)
        if reply.hr != OK:
            return str(reply)
        client.must("unmount", world.path("mounts", "m"), "0x1")
        return None
    except AssertionError as e:  # DismInitialize does not know the engine
        return str(e)
    finally:
        world.destroy()


def report(parts, refused, opts):
    from people import table
    rows = [("part", "engine", "what", "rounds", "how", "came out")]
    for part in parts:
        for what in sorted({key[0] for key in part.counts}):
            of_it = {key: count for key, count in part.counts.items() if key[0] == what}
            columns = [collections.Counter(), collections.Counter()]
            for key, count in of_it.items():
                for i in range(2):
                    columns[i][key[i + 1]] += count
            rows.append((part.name, part.engine, what, sum(of_it.values()),
                         *(", ".join(f"{v} {k}" for k, v in sorted(c.items())) for c in columns)))
    print()
    table(rows, right=(3,))
    print()
    rows = [("part", "engine", "rounds", "violations")]
    rows += [(p.name, p.engine, p.done, len(p.violations)) for p in parts]
    table(rows, right=(2, 3))
    for engine, why in refused.items():
        print(f"engine {engine} refused: {why}")
    violations = sum(len(p.violations) for p in parts)
    print(f"seed {opts.seed}: {sum(p.done for p in parts)} rounds, {violations} violations")
    return violations


def interrupted(number, frame):
    raise KeyboardInterrupt


def run_parts(opts, parts, refused, line):
    from cancels import Cancels
    from kills import Kills
    from writers import Writers
    kinds = {"kills": Kills, "writers": Writers, "cancels": Cancels}
    for engine in opts.engine or ENGINES:
        why = refusal(engine)
        if why:
            refused[engine] = why
    for name in opts.part or PARTS:
        for engine in opts.engine or ENGINES:
            if engine not in refused:
                parts.append(Part(name, engine, kinds[name], line, opts))
                parts[-1].run()


def main():
    opts = options()
    opts.seed = random.SystemRandom().randrange(2**32) if opts.seed is None else opts.seed
    print(f"seed {opts.seed}", flush=True)
    signal.signal(signal.SIGTERM, interrupted)
    os.environ["TEST_BUILD"] = os.path.abspath(opts.build)
    os.environ["TEST_TMP"] = scratch = tempfile.mkdtemp(prefix="dismfake-soak-")
    from people import Line
    line, parts, refused, was_interrupted = Line(), [], {}, False
    try:
        run_parts(opts, parts, refused, line)
    except KeyboardInterrupt:
        was_interrupted = True
    finally:
        line.hide()
        if not opts.keep or not os.listdir(scratch):
            shutil.rmtree(scratch, ignore_errors=True)
    violations = report(parts, refused, opts)
    if was_interrupted:
        print("interrupted")
        return 130
    return 1 if violations or not parts else 0


if __name__ == "__main__":
    sys.exit(main())

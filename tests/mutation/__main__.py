"""python -m tests.mutation [FILE ...]: does some test fail for each mutant of these files?

Each mutant lives in a fork of this process, which has all but the project imported, and runs the
tests that FILES names until one fails. What no test notices is printed, with the score per file.
"""

import argparse
import functools
import importlib
import json
import os
import random
import select
import sys
import time
from importlib.machinery import ModuleSpec
from pathlib import Path

import hypothesis
import pytest

from tests.mutation.mutants import Mutant, mutants

LOADED = ("numpy", "numba", "pyarrow", "msgspec", "structlog", "aiohttp", "xdist", "pytest_asyncio",
          "hypothesis.stateful", "hypothesis.extra.numpy", "indicators.kernels",
          "venues.matching", "tests.build")  # fmt: skip
ACTORS = sorted(str(path) for path in Path("tests/actors").glob("test_*.py"))
PURE = [*ACTORS, "tests/test_scenarios.py"]
LOG = sorted(str(path) for path in Path("tests/storage").glob("test_*.py"))
FILES = {
    **{f"actors/{name}.py": PURE for name in (
        "risk", "executor", "recovery", "guard", "budget", "desk", "order", "agreement")},
    **{f"storage/{name}.py": LOG for name in ("wal", "writer", "segments", "chain")},
}  # fmt: skip
# What fails first for most mutants of a file, beside the tests of its own name.
FIRST = {
    "executor": tuple(
        f"tests/{name}.py"
        for name in ("actors/test_exits", "actors/test_reduction", "test_scenarios")
    ),
    "recovery": ("tests/actors/test_statement.py", "tests/test_scenarios.py"),
    "risk": ("tests/actors/test_standing.py", "tests/actors/test_rearming.py"),
    "wal": ("tests/storage/test_writer.py",),
}
LESS = {
    "STATES": "150",
    "DAMAGES": "200",
    "CUTS": "3",
    "STEPS": "2400",
    "IDS": "1000",
}  # each test quick
SLOWEST = 4  # times what the tests take when nothing is changed
OPTIONS = ("-x", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist")


class Instead:
    """Finds one module in this text and not in its file."""

    def __init__(self, path: str, source: str) -> None:
        self.path, self.source = path, source
        self.module = path.removesuffix(".py").replace("/", ".")

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name == self.module else None

    def create_module(self, spec):
        return None

    def exec_module(self, module) -> None:
        module.__file__ = self.path
        exec(compile(self.source, self.path, "exec"), module.__dict__)


def loads(test: str, path: str) -> bool:
    """Does this test import that file at all? If not, it cannot fail for it."""
    child = os.fork()
    if not child:
        importlib.import_module(test.removesuffix(".py").replace("/", "."))
        os._exit(path.removesuffix(".py").replace("/", ".") not in sys.modules)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@functools.cache
def rounds(path: str) -> list[list[str]]:
    """The tests that judge a file: those that fail fast, then all others."""
    stem = Path(path).stem
    able = [test for test in FILES[path] if loads(test, path)]
    first = [test for test in able if f"test_{stem}" in test or test in FIRST.get(stem, ())]
    return [first, [test for test in able if test not in first]]


def tried(path: str, source: str, tests: list[str], limit_s: float) -> str:
    """What these tests make of this text: killed, survived or timeout."""
    child = os.fork()
    if not child:
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(quiet, fd)
        sys.meta_path.insert(0, Instead(path, source))
        os._exit(pytest.main([*OPTIONS, *tests]))
    done = os.pidfd_open(child)
    for _ in range(int(limit_s)):  # so a minute in which all of us are stopped is one tick
        if ended := select.select([done], [], [], 1)[0]:
            break
    else:
        os.killpg(child, 9)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(done)
    return "timeout" if not ended else "killed" if code else "survived"


def fate(path: str, source: str, limits_s: list[float]) -> str:
    """What becomes of this text in the end."""
    for tests, limit_s in zip(rounds(path), limits_s, strict=True):
        told = tried(path, source, tests, limit_s) if tests else "survived"
        if told == "timeout":  # or it was the machine: once more, with patience
            told = tried(path, source, tests, 2 * limit_s)
        if told != "survived":
            return told
    return "survived"


def limits(path: str, source: str) -> list[float]:
    """How long each round may take, in seconds."""
    took = []
    for tests in rounds(path):
        began = time.monotonic()
        if tests and tried(path, source, tests, 600) != "survived":
            sys.exit(f"{path}: its tests fail without any mutant")
        took.append(5 + SLOWEST * (time.monotonic() - began))
    return took


def judge(path: str, sample: int, lines: list[int]) -> list[tuple[Mutant, str]]:
    source = Path(path).read_text()
    limits_s, told = limits(path, source), []
    found = [mutant for mutant in mutants(source) if not lines or mutant.line in lines]
    chosen = random.Random(1).sample(found, min(sample or len(found), len(found)))
    for mutant in chosen:
        told.append((mutant, fate(path, mutant.source, limits_s)))
        if told[-1][1] != "killed":
            what = f"{path}:{mutant.line}: {mutant.operator}: {mutant.change}"
            print(f"{told[-1][1]} {len(told)} {what}", flush=True)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help=", ".join(FILES))
    parser.add_argument("--sample", type=int, default=0, help="so many of a file, by chance")
    parser.add_argument("--lines", type=int, nargs="*", default=[], help="only what changes these")
    chosen = parser.parse_args()
    os.environ |= LESS
    hypothesis.settings.register_profile("same", database=None, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("same")
    for name in LOADED:
        importlib.import_module(name)
    low = False
    for path in chosen.files or FILES:
        fates = [told for _, told in judge(path, chosen.sample, chosen.lines)]
        count = {told: fates.count(told) for told in ("killed", "timeout", "survived")}
        score = 1 - count["survived"] / (len(fates) or 1)
        low = low or score < 0.85
        print(json.dumps({"file": path, "mutants": len(fates), **count, "score": round(score, 4)}))
    sys.exit(low)


if __name__ == "__main__":
    main()

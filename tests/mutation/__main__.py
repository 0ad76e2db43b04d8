"""python -m tests.mutation [FILE ...]: does some test fail for each mutant of these files?

Each mutant lives in a fork of this process, which has all but the project imported, and runs the
tests that FILES names until one fails. What no test notices is printed, with the score per file.
"""

import argparse
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
          "venues.matching")  # fmt: skip
ACTORS = ("risk", "risk_edges", "risk_properties", "guard", "budget", "standing", "position",
          "order", "executor", "executor_edges", "executor_properties", "early_fill", "book",
          "recovery", "recovery_edges", "recovery_fences", "agreement", "replay")  # fmt: skip
STORAGE = ("chain", "segments", "line", "plain", "wal", "writer", "snapshot")
PURE = [*(f"tests/actors/test_{name}.py" for name in ACTORS), "tests/test_scenarios.py"]
LOG = [*(f"tests/storage/test_{name}.py" for name in STORAGE), "tests/storage/test_crash_states.py"]
FILES = {
    **{f"actors/{name}.py": PURE for name in (
        "risk", "executor", "recovery", "guard", "budget", "desk", "order", "agreement")},
    **{f"storage/{name}.py": LOG for name in ("wal", "writer", "segments", "chain")},
}  # fmt: skip
LESS = {"STATES": "150", "DAMAGES": "200", "CUTS": "3", "STEPS": "2400"}  # each test quick
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


def tried(path: str, source: str, limit_s: float) -> tuple[str, float]:
    """What becomes of this text: killed, survived or timeout; and after how many seconds."""
    began = time.monotonic()
    child = os.fork()
    if not child:
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(quiet, fd)
        sys.meta_path.insert(0, Instead(path, source))
        first = [test for test in FILES[path] if f"test_{Path(path).stem}" in test]
        rest = [test for test in FILES[path] if test not in first]
        os._exit((first and pytest.main([*OPTIONS, *first])) or pytest.main([*OPTIONS, *rest]))
    done = os.pidfd_open(child)
    ended, _, _ = select.select([done], [], [], limit_s)
    if not ended:
        os.killpg(child, 9)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(done)
    fate = "timeout" if not ended else "killed" if code else "survived"
    return fate, time.monotonic() - began


def judge(path: str, sample: int) -> list[tuple[Mutant, str]]:
    source = Path(path).read_text()
    fate, took = tried(path, source, 600)
    if fate != "survived":
        sys.exit(f"{path}: its tests fail without any mutant")
    limit = 5 + SLOWEST * took
    told = []
    found = list(mutants(source))
    chosen = random.Random(1).sample(found, min(sample or len(found), len(found)))
    for mutant in chosen:
        told.append((mutant, tried(path, mutant.source, limit)[0]))
        if told[-1][1] == "survived":
            print(f"{path}:{mutant.line}: {mutant.operator}: {mutant.change}", flush=True)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help=", ".join(FILES))
    parser.add_argument("--sample", type=int, default=0, help="so many of a file, by chance")
    chosen = parser.parse_args()
    os.environ |= LESS
    hypothesis.settings.register_profile("same", database=None, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("same")
    for name in LOADED:
        importlib.import_module(name)
    low = False
    for path in chosen.files or FILES:
        fates = [fate for _, fate in judge(path, chosen.sample)]
        count = {fate: fates.count(fate) for fate in ("killed", "timeout", "survived")}
        score = 1 - count["survived"] / len(fates)
        low = low or score < 0.85
        print(json.dumps({"file": path, "mutants": len(fates), **count, "score": round(score, 4)}))
    sys.exit(low)


if __name__ == "__main__":
    main()

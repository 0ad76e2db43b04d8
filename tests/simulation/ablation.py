"""Is every safeguard needed? `ablation.toml` names each, and a seed that shows harm without it.

python -m tests.simulation.ablation [--world W] [NAME ...]    try the table: harm without it, none
                                                              with it
python -m tests.simulation.ablation --find N --world W --weather WEATHER NAME
                                                              look for a seed among the first N
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

BROKE = "the simulation broke"  # that is no harm
TRIES = 10  # seeds, from the table's on
TABLE = Path(__file__).with_name("ablation.toml")


class Trial(NamedTuple):
    world: str  # paper, or whole: the daemon with its log and wires
    weather: str  # of weathers.py, or a row of the whole world's
    seed: int
    without: str = ""


Harms = list[list[str]]
Ask = Callable[[Trial], Harms]


class Safeguard(NamedTuple):
    """Where others cover it, harm is shown without all of them: `beside` names those."""

    name: str
    world: str
    weather: str
    seed: int
    harm: str
    beside: str = ""
    why: str = ""

    def trials(self, seed: int) -> Iterator[Trial]:
        """Without it, with it; and where there are two, without either alone."""
        names = [name for name in (self.name, self.beside) if name]
        for without in (" + ".join(names), "", *(names if self.beside else ())):
            yield Trial(self.world, self.weather, seed, without)

    def verdict(self, harms: list[Harms]) -> str:
        """Empty if it is as the table says."""
        off, *on = harms
        if broken := [said for found in harms for _, said in found if said.startswith(BROKE)]:
            return broken[0]
        if self.harm not in [row for row, _ in off]:
            return f"no {self.harm} without it, but {off}"
        return next((f"harm with it: {found}" for found in on if found), "")


def table() -> list[Safeguard]:
    return [Safeguard(**row) for row in tomllib.loads(TABLE.read_text())["safeguard"]]


@contextmanager
def interpreter() -> Iterator[Ask]:
    """One of their own for the trials, whose hash order is fixed. Ask it for the harms of each."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.simulation.ablation", "--batch"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    ) as child:  # fmt: skip
        told, answers = child.stdin, child.stdout
        assert told is not None
        assert answers is not None

        def ask(trial: Trial) -> Harms:
            told.write(json.dumps(trial) + "\n")
            told.flush()
            harms: Harms = json.loads(answers.readline())["harms"]
            return harms

        try:
            yield ask
        finally:
            told.close()


def batch() -> int:
    from tests.simulation import machine

    machine.prepare()
    os.environ.update(TOPSTEPX_USERNAME="sim", TOPSTEPX_API_KEY="key")
    from daemon import logs
    from tests.simulation import whole
    from tests.simulation.__main__ import forked

    logs.start(json_only=True, quiet=True)
    whole.warm()
    with tempfile.TemporaryDirectory() as spare:
        for line in sys.stdin:
            trial = Trial(*json.loads(line))
            for said in forked(trial.seed, trial.weather, partial(one, trial, Path(spare))):
                print(said, flush=True)
    return 0


def one(trial: Trial, spare: Path) -> Any:
    from tests.simulation import paper, safeguards, tight, weathers, whole

    if trial.world == "whole":
        return whole.run(trial.seed, spare / "run", trial.without, trial.weather)
    knobs = safeguards.off(trial.without)
    found = paper.harms((weathers.PAPER | tight.WEATHERS)[trial.weather], trial.seed, knobs)
    return whole.Outcome(trial.seed, found)


def check(rows: list[Safeguard]) -> Iterator[tuple[Safeguard, int, str]]:
    """Each with the seed that shows it, and why none does.

    Whatever changes the daemon's pace may make another seed the one, so that a few are tried.
    """
    with interpreter() as ask:
        for row in rows:
            first = ""
            for seed in range(row.seed, row.seed + TRIES):
                why = row.verdict([ask(trial) for trial in row.trials(seed)])
                first = first or why
                if not why:
                    break
            yield row, seed, first if why else ""


def find(name: str, world: str, weather: str, seeds: int) -> Safeguard | None:
    """The first seed with harm without it and none with it; of `A + B` none with either."""
    names = (name, "", *name.split(" + ", 1)) if " + " in name else (name, "")
    with interpreter() as ask:
        for seed in range(1, seeds + 1):
            off, *on = [ask(Trial(world, weather, seed, n)) for n in names]
            if off and not any(on) and not off[0][1].startswith(BROKE):
                return Safeguard(name, world, weather, seed, harm=off[0][0], why=off[0][1])
    return None


def main(argv: list[str]) -> int:
    words = argparse.ArgumentParser(prog="python -m tests.simulation.ablation")
    words.add_argument("names", nargs="*", metavar="NAME")
    words.add_argument("--world", choices=("paper", "whole"))
    words.add_argument("--weather", default="")
    words.add_argument("--find", type=int, metavar="N")
    words.add_argument("--batch", action="store_true", help=argparse.SUPPRESS)
    given = words.parse_args(argv)
    if given.batch:
        return batch()
    if given.find:
        for name in given.names:
            print(find(name, given.world or "whole", given.weather or "C1", given.find))
        return 0
    rows = [row for row in table() if given.world in (None, row.world)]
    rows = [row for row in rows if not given.names or row.name in given.names]
    failed = 0
    for row, seed, why in check(rows):
        failed += bool(why)
        print(f"{row.name:<45} {row.weather:<16} {seed:>4} {why or row.harm}", flush=True)
    print(f"{len(rows)} safeguards, {failed} that are not as the table says")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

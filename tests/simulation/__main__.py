"""python -m tests.simulation [--row R] [--first S] [--seeds N] [--jobs J]: sessions from seeds.

Each seed of a row is one exact run, in a process of its own. Prints a line for each and a table;
exit 1 on any harm, with the command that shows it again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

COUNTERS = ("lost", "dup", "drift", "naked", "breach", "mute", "replay", "end")
NOTES = 24  # of the most frequent are shown
BATCH = 100  # seeds that share the imports of one interpreter


def options(argv: list[str]) -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m tests.simulation")
    words.add_argument("--first", type=int, default=1)
    words.add_argument("--seeds", type=int, default=20)
    words.add_argument("--jobs", type=int, default=2)
    words.add_argument("--keep", type=Path, help="keep the logs there, as ROW/SEED")
    words.add_argument("--without", default="", help="a safeguard to switch off: ablation.py")
    words.add_argument(
        "--row", default="C1", help="a row of rows.py, several by commas, or all but Q1"
    )
    words.add_argument("--batch", action="store_true", help=argparse.SUPPRESS)
    return words.parse_args(argv)


def main(argv: list[str]) -> int:
    given = options(argv)
    if given.batch:
        return batch(given)
    rows = chosen(given.row)
    together = given.jobs == 1 and given.seeds * len(rows) <= BATCH
    parts = [
        (start, min(BATCH, given.first + given.seeds - start), row)
        for row in ([",".join(rows)] if together else rows)
        for start in range(given.first, given.first + given.seeds, BATCH)
    ]
    outcomes = []

    def one(part: tuple[int, int, str]) -> list[dict]:
        first, seeds, row = part
        return interpreter(first, seeds, given.keep, given.without, row)

    with ThreadPoolExecutor(given.jobs) as pool:
        for found in pool.map(one, parts):
            for outcome in found:
                tell(outcome)
                outcomes.append(outcome)
    print(table(outcomes))
    harmed = any(outcome["harms"] for outcome in outcomes)
    return 1 if harmed or len(outcomes) < given.seeds * len(rows) else 0


def chosen(names: str) -> list[str]:
    from tests.simulation.rows import ROWS

    rows = [row for row in ROWS if row != "Q1"] if names == "all" else names.split(",")
    if unknown := set(rows) - set(ROWS):
        sys.exit(f"no such row: {', '.join(sorted(unknown))}: there are {', '.join(ROWS)}")
    return rows


def interpreter(
    first: int, seeds: int, keep: Path | None, without: str = "", row: str = "C1"
) -> list[dict]:
    """A batch of seeds. Hash order is fixed; nothing of this process reaches it."""
    more = ["--keep", str(keep.absolute())] if keep else []
    command = [sys.executable, "-m", "tests.simulation", "--batch", "--first", str(first)]
    done = subprocess.run(
        [*command, "--seeds", str(seeds), "--without", without, "--row", row, *more],
        stdout=subprocess.PIPE, check=False, env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def batch(given: argparse.Namespace) -> int:
    from tests.simulation import machine

    machine.prepare()
    os.environ.update(TOPSTEPX_USERNAME="sim", TOPSTEPX_API_KEY="key")
    from daemon import logs
    from tests.simulation import whole, year

    logs.start(json_only=True, quiet=True)
    whole.warm()
    with tempfile.TemporaryDirectory() as spare:
        seeds = range(given.first, given.first + given.seeds)
        for row, seed in product(given.row.split(","), seeds):
            folder = (given.keep or Path(spare)).absolute() / row / str(seed)
            run = year.run if row == "Q1" else whole.run
            work = partial(run, seed, folder, given.without, row)
            for line in forked(seed, row, work):
                print(line, flush=True)
    return 0


def forked(seed: int, row: str, work) -> Iterator[str]:
    """In a child that ends without any clean-up: the dead of its world must not do theirs."""
    import msgspec

    from tests.simulation.whole import Outcome

    ours, theirs = os.pipe()
    if os.fork() == 0:
        try:
            outcome = work()
        except BaseException as error:  # noqa: BLE001
            traceback.print_exc()
            outcome = Outcome(seed, [("end", f"the simulation broke: {error!r}")], row=row)
        os.write(theirs, msgspec.json.encode(outcome))
        sys.stderr.flush()
        os._exit(0)
    os.close(theirs)
    with open(ours) as pipe:
        yield from pipe
    os.wait()


def tell(outcome: dict) -> None:
    row, seed = outcome["row"], outcome["seed"]
    happened = ", ".join(outcome["crashes"] + outcome["notes"]) or "no crash"
    print(f"{row} seed {seed}: {happened}; {outcome['orders']} orders, {outcome['fills']} fills, "
          f"{outcome['rounds']} rounds, log {outcome['digest'][:16]}", flush=True)  # fmt: skip
    for harm, sentence in outcome["harms"]:
        print(f"  {harm}: {sentence}")
    if outcome["harms"]:
        command = f"python -m tests.simulation --row {row} --first {seed} --seeds 1 --keep DIR"
        print(f"  again: {command}")


def table(outcomes: list[dict]) -> str:
    """Each row, then each counter over all of them, then what came of the rows' own faults."""
    from tests.simulation.rows import ROWS

    counts = [f"\n{'':<8} {'seeds':>6} {'failures':>8} {'bound 3/N':>10} {'crashes':>8} "
              f"{'strikes':>8} {'orders':>7}"]  # fmt: skip
    for row in [name for name in ROWS if any(each["row"] == name for each in outcomes)]:
        mine = [each for each in outcomes if each["row"] == row]
        more = f"{sum(len(each['crashes']) for each in mine):>8} "
        more += f"{sum(each['strikes'] for each in mine):>8} "
        more += f"{sum(each['orders'] for each in mine):>7}   {ROWS[row].says}"
        counts.append(line(row, len(mine), sum(bool(each["harms"]) for each in mine)) + more)
    failed = Counter(name for each in outcomes for name in {name for name, _ in each["harms"]})
    counts += [line(name, len(outcomes), failed[name]) for name in COUNTERS]
    notes = Counter(f"{each['row']} {note}" for each in outcomes for note in each["notes"])
    return "\n".join([*counts, "", *(f"{n:>6} x {note}" for note, n in notes.most_common(NOTES))])


def line(name: str, trials: int, failures: int) -> str:
    bound = "" if failures or not trials else f"< {3 / trials:.4f}"
    return f"{name:<8} {trials:>6} {failures:>8} {bound:>10} "


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

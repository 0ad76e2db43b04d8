"""python -m tests.simulation [--first S] [--seeds N] [--jobs J] [--keep DIR]: sessions from seeds.

Each seed is one exact run, in a process of its own. Prints a line for each and a table; exit 1 on
any harm, with the command that shows it again.
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
from pathlib import Path

ROWS = ("lost", "dup", "drift", "naked", "breach", "mute", "replay", "end")
BATCH = 25  # seeds that share the imports of one interpreter


def options(argv: list[str]) -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m tests.simulation")
    words.add_argument("--first", type=int, default=1)
    words.add_argument("--seeds", type=int, default=20)
    words.add_argument("--jobs", type=int, default=2)
    words.add_argument("--keep", type=Path, help="keep the logs of every seed there")
    words.add_argument("--without", default="", help="a safeguard to switch off: ablation.py")
    words.add_argument("--batch", action="store_true", help=argparse.SUPPRESS)
    return words.parse_args(argv)


def main(argv: list[str]) -> int:
    given = options(argv)
    if given.batch:
        return batch(given)
    starts = range(given.first, given.first + given.seeds, BATCH)
    parts = [(start, min(BATCH, given.first + given.seeds - start)) for start in starts]
    outcomes = []
    with ThreadPoolExecutor(given.jobs) as pool:
        for rows in pool.map(lambda part: interpreter(*part, given.keep, given.without), parts):
            for row in rows:
                tell(row)
                outcomes.append(row)
    print(table(outcomes))
    return 1 if any(row["harms"] for row in outcomes) or len(outcomes) < given.seeds else 0


def interpreter(first: int, seeds: int, keep: Path | None, without: str = "") -> list[dict]:
    """A batch of seeds. Hash order is fixed; nothing of this process reaches it."""
    more = ["--keep", str(keep.absolute())] if keep else []
    command = [sys.executable, "-m", "tests.simulation", "--batch", "--first", str(first)]
    done = subprocess.run(
        [*command, "--seeds", str(seeds), "--without", without, *more],
        stdout=subprocess.PIPE, check=False, env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def batch(given: argparse.Namespace) -> int:
    from tests.simulation import machine

    machine.prepare()
    os.environ.update(TOPSTEPX_USERNAME="sim", TOPSTEPX_API_KEY="key")
    from daemon import logs
    from tests.simulation import whole

    logs.start(json_only=True, quiet=True)
    whole.warm()
    with tempfile.TemporaryDirectory() as spare:
        for seed in range(given.first, given.first + given.seeds):
            folder = (given.keep or Path(spare)).absolute() / str(seed)
            work = partial(whole.run, seed, folder, given.without)
            for line in forked(seed, work):
                print(line, flush=True)
    return 0


def forked(seed: int, work) -> Iterator[str]:
    """In a child that ends without any clean-up: the dead of its world must not do theirs."""
    import msgspec

    from tests.simulation.whole import Outcome

    ours, theirs = os.pipe()
    if os.fork() == 0:
        try:
            outcome = work()
        except BaseException as error:  # noqa: BLE001
            traceback.print_exc()
            outcome = Outcome(seed, [("end", f"the simulation broke: {error!r}")])
        os.write(theirs, msgspec.json.encode(outcome))
        sys.stderr.flush()
        os._exit(0)
    os.close(theirs)
    with open(ours) as pipe:
        yield from pipe
    os.wait()


def tell(row: dict) -> None:
    crashes = ", ".join(row["crashes"]) or "no crash"
    print(f"seed {row['seed']}: {crashes}; {row['orders']} orders, {row['fills']} fills, "
          f"{row['rounds']} rounds, log {row['digest'][:16]}", flush=True)  # fmt: skip
    for harm, sentence in row["harms"]:
        print(f"  {harm}: {sentence}")
    if row["harms"]:
        print(f"  again: python -m tests.simulation --first {row['seed']} --seeds 1 --keep DIR")


def table(outcomes: list[dict]) -> str:
    trials = len(outcomes)
    failed = Counter(name for row in outcomes for name in {name for name, _ in row["harms"]})
    return "\n".join([
        f"\n{'row':<8} {'seeds':>6} {'failures':>8} {'bound 3/N':>10}",
        *(f"{name:<8} {trials:>6} {failed[name]:>8} "
          f"{'' if failed[name] or not trials else f'< {3 / trials:.4f}':>10}" for name in ROWS),
        f"{sum(len(row['crashes']) for row in outcomes)} crashes, "
        f"{sum(row['orders'] for row in outcomes)} orders, "
        f"{sum(row['fills'] for row in outcomes)} fills",
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

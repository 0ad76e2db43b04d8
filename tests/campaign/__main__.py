"""python -m tests.campaign [--trials N] [--seed S] [--mode M] [--jobs J] [--chain C]

Each trial ends a real daemon at a seeded moment; of the mode wires, it mistreats its connections.
Prints what was counted against the gateway's own ledger, with the bound that zero failures in N
trials give (3/N, 95 %); exit 1 on any harm.
"""

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.campaign import trial, wires
from tests.campaign.audit import ROWS

SAYS = {
    "lost": "fills, orders or durable records that the log lacks",
    "dup": "two orders of one intent or tag",
    "drift": "position or balance unlike the venue's",
    "naked": "a position without a stop for over 2 s",
    "breach": "more contracts than allowed",
    "mute": "records without a reason",
    "replay": "records this code would answer otherwise",
    "end": "no clean end: exit code, flat account, closed log",
}


def options(argv: list[str]) -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m tests.campaign")
    words.add_argument("--trials", type=int, default=200, help="of each mode")
    words.add_argument("--seed", type=int, default=1, help="of the first chain")
    words.add_argument("--mode", choices=("kill", "term", "both", "wires"), default="both")
    words.add_argument("--jobs", type=int, default=2)
    words.add_argument("--chain", type=int, default=5, help="trials on one gateway")
    words.add_argument("--keep", action="store_true", help="keep the folders of good chains too")
    return words.parse_args(argv)


def chains(given: argparse.Namespace) -> list[tuple[str, int, int]]:
    """(mode, seed, trials) of every chain."""
    modes = ("kill", "term") if given.mode == "both" else (given.mode,)
    starts = range(0, given.trials, given.chain)
    return [
        (mode, given.seed + number, min(given.chain, given.trials - start))
        for mode in modes
        for number, start in enumerate(starts)
    ]


def main(argv: list[str]) -> int:
    given = options(argv)
    folder = Path(tempfile.mkdtemp(prefix="campaign-"))
    outcomes = []

    def one(chain: tuple[str, int, int]) -> trial.Outcome:
        mode, seed, trials = chain
        if mode == "wires":
            return wires.run(folder / f"wires-{seed}", seed, trials, given.keep)
        return trial.run(folder / f"{mode}-{seed}", mode, seed, trials, given.keep)

    with ThreadPoolExecutor(given.jobs) as pool:
        for outcome in pool.map(one, chains(given)):
            outcomes.append(outcome)
            tell(outcome, folder)
    print(table(outcomes))
    return 1 if any(outcome.harms for outcome in outcomes) else 0


def tell(outcome: trial.Outcome, folder: Path) -> None:
    harms = f"{len(outcome.harms)} HARMS" if outcome.harms else "no harm"
    print(f"{outcome.mode} seed {outcome.seed}: {outcome.trials} trials "
          f"({' '.join(outcome.moments)}), {outcome.orders} orders, {outcome.fills} fills: {harms}",
          flush=True)  # fmt: skip
    for row, sentence in outcome.harms:
        print(f"  {row}: {sentence}")
    if outcome.harms:
        name = f"{outcome.mode}-{outcome.seed}"
        print(f"  again: python -m tests.campaign --mode {outcome.mode} --seed {outcome.seed} "
              f"--trials {outcome.trials} --chain {outcome.trials} --keep   kept: {folder / name}",
              flush=True)  # fmt: skip


def table(outcomes: list[trial.Outcome]) -> str:
    trials = sum(outcome.trials for outcome in outcomes)
    failed = Counter(row for outcome in outcomes for row in {row for row, _ in outcome.harms})
    rows = [
        f"{row:<8} {trials:>6} {failed[row]:>8} {'' if failed[row] else f'< {3 / trials:.4f}':>10}"
        f"   {SAYS[row]}"
        for row in ROWS
    ]
    ready = sorted(s for outcome in outcomes for s in outcome.ready_s)
    ends = sorted(s for outcome in outcomes for s in outcome.exit_s)
    return "\n".join([
        f"\n{'row':<8} {'trials':>6} {'failures':>8} {'bound 3/N':>10}", *rows,
        f"\nready after start: {spread(ready)}; ended after the signal: {spread(ends)}; "
        f"{sum(o.orders for o in outcomes)} orders, {sum(o.fills for o in outcomes)} fills",
    ])  # fmt: skip


def spread(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    p99 = seconds[min(len(seconds) - 1, int(0.99 * len(seconds)))]
    return f"p50 {seconds[len(seconds) // 2]:.1f} s, p99 {p99:.1f} s of {len(seconds)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

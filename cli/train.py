"""`tradebot train`: tapes in, a model and its manifest out, and what they are worth."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from cli.arguments import Arguments, between, zoned
from cli.progress import spoken
from cli.results import prepare
from core.config import load
from core.errors import EXIT_OK, UsageError

NETWORKS = ("mlp", "deep", "lstm", "hybrid", "transformer", "lightgbm")
ROWS = ("mlp", "deep", "lightgbm")  # see one second at a time


def main(argv: list[str]) -> int:
    """Train, write, tell. Raises TradebotError."""
    given = parser().parse_args(argv)
    try:
        from research import learn
    except ModuleNotFoundError as error:
        why = f"training needs {error.name}: run `make train`"
        raise UsageError(why) from None
    settings = load(given.config).settings()
    prepare(given.out)
    with spoken("reading tapes") as say:
        told = learn.train(
            given.tape, given.valid, given.out, settings, plan(given, learn.kind(given.network)),
            say, given.network, given.zone,
        )  # fmt: skip
    print(json.dumps(told) if given.json else describe(told))
    return EXIT_OK


def plan(given: argparse.Namespace, trainer: Any) -> Any:
    """What was asked for, as far as this kind of model has it."""
    asked = {"seed": given.seed, "network": given.network, "epochs_max": given.epochs}
    asked["window"] = 1 if given.network in ROWS else given.window
    asked |= {"lookahead_s": given.lookahead, "theta_ticks": given.theta}
    known = set(trainer.Plan.__struct_fields__)
    return trainer.Plan(**{k: v for k, v in asked.items() if k in known and v is not None})


def parser() -> Arguments:
    found = Arguments(prog="tradebot train", description=__doc__)
    found.add_argument("--config", type=Path, default=Path("config.toml"), metavar="F")
    found.add_argument(
        "--tape", type=Path, nargs="+", default=[Path("data/gc_20131007.parquet")], metavar="F",
        help="tapes to learn from",
    )  # fmt: skip
    found.add_argument(
        "--valid", type=Path, default=Path("data/gc_20131008.parquet"), metavar="F",
        help="a later tape, which says when to stop",
    )  # fmt: skip
    zoned(found)
    found.add_argument("--out", type=Path, default=Path("models"), metavar="DIR")
    kinds(found)
    found.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return found


def kinds(words: Arguments) -> None:
    """What shapes a model of any kind."""
    words.add_argument(
        "--network", choices=NETWORKS, default="mlp",
        help="kind of model; all but mlp need `make networks`",
    )  # fmt: skip
    words.add_argument(
        "--window", type=between(2, 600, int), metavar="N",
        help="seconds that lstm, hybrid and transformer see",
    )  # fmt: skip
    words.add_argument("--lookahead", type=between(1, 300, int), default=30, metavar="S")
    words.add_argument("--theta", type=between(0, 40, float), default=3.0, metavar="TICKS")
    words.add_argument("--epochs", type=between(1, 10_000, int), metavar="N", help="at most")
    words.add_argument("--seed", type=between(0, 2**32 - 1, int), default=1, metavar="N")


def describe(told: dict[str, Any]) -> str:
    """The summary as a person reads it."""
    valid, lines = told["metrics"], []
    for name in ("train", "valid"):
        shares = "  ".join(f"{key} {share:.1%}" for key, share in told["balance"][name].items())
        lines.append(f"{name:<9}{told['rows'][name]:>7,} rows   {shares}")
    lines.append(f"epochs   {told['epochs']} run, number {told['epoch']} kept")
    lines.append(
        f"valid    accuracy {valid['accuracy']:.1%}"
        f" (always FLAT {valid['accuracy_always_flat']:.1%})"
        f"  balanced {valid['balanced_accuracy']:.1%} (chance 33.3%)"
    )
    least = told["plan"]["confidence_min"]
    for name, found in valid["sure"].items():
        lines.append(
            f"  {name.upper():<5} confidence >= {least:.2f}: {found['rows']:>6,} rows,"
            f" right {found['precision']:.1%}"
        )
    lines.append(f"  ticks a row foreseen so, before costs: {valid['ticks_per_row']:+.2f}")
    lines.append(
        f"parity   {told['parity']:.1e} largest difference of a probability to its maker's"
    )
    return "\n".join(lines + [f"wrote    {path}" for path in told["files"]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

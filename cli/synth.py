"""tradebot synth: synthetic MES seconds from a seed into one Parquet file; or how like they are."""

import json
import sys
from datetime import date
from pathlib import Path

from cli.arguments import Arguments, between
from cli.progress import counted
from core.errors import EXIT_DIFFERENCE, EXIT_OK, UsageError

ROWS_MOST = 200_000_000


def parser() -> Arguments:
    words = Arguments(prog="tradebot synth", description=__doc__)
    words.add_argument("--rows", type=between(1, ROWS_MOST, int), metavar="N")
    words.add_argument("--seed", type=between(0, 2**31 - 1, int), default=1, metavar="S")
    words.add_argument("--out", type=Path, metavar="F", help="a .parquet file")
    words.add_argument("--start", default="2022-01-03", metavar="DATE", help="first trade date")
    words.add_argument(
        "--level", type=between(0.01, 10, float), metavar="X",
        help="volatility; 0.95: as in the second half of 2025",
    )  # fmt: skip
    words.add_argument(
        "--report", action="store_true", help="compare the seed's statistics with the real ones"
    )
    words.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return words


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    if not given.report and not (given.rows and given.out):
        raise UsageError("--rows and --out are needed, or --report: see tradebot synth --help")
    told: dict[str, object] = {"seed": given.seed}
    if given.rows and given.out:
        told |= make(given.rows, given.seed, given.start, given.level, given.out)
    if given.report:
        told["figures"] = compare(given.seed)
    print(json.dumps(told) if given.json else describe(told))
    alike = all(row["alike"] for row in told.get("figures", []))
    return EXIT_OK if alike else EXIT_DIFFERENCE


def make(rows: int, seed: int, start: str, level: float | None, out: Path) -> dict[str, object]:
    if out.suffix != ".parquet":
        raise UsageError(f"--out {out}: expected a .parquet file")
    synth, _ = modules()
    try:
        first = date.fromisoformat(start)
    except ValueError:
        raise UsageError(f"--start {start}: expected a date as 2022-01-03") from None
    laws = synth.Laws() if level is None else synth.Laws(level=level)
    with counted("synth", rows) as told:
        try:
            written = synth.write(out, rows, seed, first, laws, told)
        except OSError as error:
            raise UsageError(f"{out}: {error.strerror or error}") from None
    if written < rows:
        raise UsageError(f"--start {start}: the calendar ends before so many rows: {written} made")
    return {"out": str(out), "rows": written, "start": start}


def compare(seed: int) -> list[dict[str, object]]:
    _, likeness = modules()
    return list(likeness.told(likeness.measured(seed)))


def modules():  # type: ignore[no-untyped-def]
    try:
        from research import likeness, synth
    except ModuleNotFoundError as error:
        raise UsageError(f"this needs {error.name}: run `make research`") from None
    return synth, likeness


def describe(told: dict[str, object]) -> str:
    lines = [f"wrote    {told['rows']:,} rows to {told['out']}"] if "out" in told else []
    if "figures" in told:
        lines.append(f"{'figure':<46}{'real':>9}{'synthetic':>11}")
    for row in told.get("figures", []):  # type: ignore[attr-defined]
        verdict = "" if row["alike"] else "  apart"
        lines.append(f"{row['name']:<46}{row['real']:>9.3f}{row['synthetic']:>11.3f}{verdict}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

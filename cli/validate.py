"""tradebot validate: what is wrong with files of market data; 1 if anything grave is."""

import json
import sys
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from cli.arguments import Arguments, between, zoned
from core.errors import EXIT_DIFFERENCE, EXIT_OK, UsageError
from storage.disk import write_files

NOT_MARKET = (".md", ".json", ".toml", ".html", ".lock", ".log", ".part")
LEDGER = "gateway-ledger.jsonl"  # what `collect` keeps of its simulator


def parser() -> Arguments:
    words = Arguments(prog="tradebot validate", description=__doc__)
    words.add_argument("files", type=Path, nargs="+", metavar="FILE", help="or a folder of files")
    zoned(words)
    words.add_argument(
        "--gap", type=between(1, 10**6, float), default=300.0, metavar="S",
        help="silence in trading hours that is a gap, seconds",
    )  # fmt: skip
    words.add_argument(
        "--market",
        choices=["auto", "globex", "always"],
        default="auto",
        help="whose hours; always: it never closes",
    )
    words.add_argument("--picture", type=Path, metavar="F.html", help="a page with pictures")
    words.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return words


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    try:
        from research import blemishes
    except ModuleNotFoundError as error:
        raise UsageError(f"this needs {error.name}: run `make research`") from None
    found = [
        blemishes.find(path, given.zone, given.gap, given.market) for path in every(given.files)
    ]
    for place, more in blemishes.beside(found):
        found[place] = replace(found[place], blemishes=[*found[place].blemishes, more])
    if given.picture:
        draw(given.picture, found, given.zone)
    grave = sum(one.grave for one in found)
    if given.json:
        files = [{**to_builtins(one), "grave": one.grave} for one in found]
        print(json.dumps({"files": files, "grave": grave}))
    else:
        print("\n".join(line for one in found for line in told(one, blemishes.KINDS)))
        print(f"{len(found)} files, {grave} with grave blemishes")
    return EXIT_DIFFERENCE if grave else EXIT_OK


def every(given: list[Path]) -> list[Path]:
    """The files, and those in the folders. Raises UsageError for what is not there."""
    found: list[Path] = []
    for path in given:
        if not path.exists():
            raise UsageError(f"{path}: no such file")
        inner = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        found += [p for p in inner if p == path or market(p)]
    if not found:
        raise UsageError(f"{given[0]}: no files in it")
    return found


def market(path: Path) -> bool:
    return path.suffix not in NOT_MARKET and path.name != LEDGER


def draw(out: Path, found: list[Any], zone: str) -> None:
    from research import picture

    try:
        write_files({out: picture.page(found, zone).encode()})
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror}") from None


def told(one: Any, kinds: dict[str, tuple[bool, str]]) -> list[str]:
    """A file as a person reads it: grave blemishes first."""
    what = f"{one.kind}, {one.rows:,} rows" + (f", {one.series} series" * (one.series > 1))
    step = f", a row every {one.step_s:g} s" if one.step_s >= 1 else ""
    span = f", {one.since[:19]} to {one.until[:19]} UTC, {one.stamps}, {one.hours}"
    lines = [f"{one.path}: " + (what + step + span if one.rows else "")]
    for b in sorted(one.blemishes, key=lambda b: not b.grave):
        rest = [b.series, " to ".join(filter(None, (b.since[:19], b.until[:19]))), b.example]
        more = "; ".join(filter(None, rest))
        lines.append(
            f"  {'!' if b.grave else ' '} {b.kind:<18}{b.count:>10,}  {kinds[b.kind][1]}"
            + (f" ({more})" if more else "")
        )
    return lines if one.blemishes else [*lines, "    sound"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

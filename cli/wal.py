"""`tradebot wal verify | tail | stats | pack`: read the log, also one being written. `pack` changes
how much room it takes, the others nothing."""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import UNSET, Struct

from cli.arguments import Arguments, between
from cli.pack import pack
from cli.streams import unheard
from core.config import load
from core.errors import EXIT_DIFFERENCE, EXIT_OK
from core.terms import Check
from storage import lock
from storage.chain import Corrupt, Segment, Torn
from storage.line import Line, decode, is_true, stamp
from storage.segments import begin, begun, follow, read, segments

POLL_S = 0.2


def main(argv: list[str]) -> int:
    chosen = parser().parse_args(argv)
    try:
        return chosen.verb(chosen.wal or configured(chosen.config), chosen)
    except KeyboardInterrupt:  # how `tail -f` ends
        return EXIT_OK


def parser() -> Arguments:
    whole = Arguments(prog="tradebot wal", description=__doc__)
    verbs = whole.add_subparsers(required=True, metavar="verify | tail | stats | pack")
    for name, verb, about in (
        ("verify", verify, "check every byte; exit 1 if any is wrong"),
        ("tail", tail, "the newest records, one a line"),
        ("stats", stats, "counts by reason, kind, actor and run"),
        ("pack", pack, "compress all segments but the newest; all that reads a log reads them"),
    ):
        one = verbs.add_parser(name, help=about, description=about)
        one.set_defaults(verb=verb)
        one.add_argument("--wal", type=Path, metavar="DIR", help="default: [paths] wal")
        one.add_argument("--config", type=Path, metavar="F", default=Path("config.toml"))
        one.add_argument("--json", action="store_true", help="one JSON object on stdout")
        if name == "tail":
            one.add_argument("-n", type=between(0, 10**9, int), default=20, help="so many records")
            one.add_argument("-f", action="store_true", help="go on as the log grows")
            for part in ("kind", "reason", "actor"):
                one.add_argument(f"--{part}", help=f"only of this {part}")
    return whole


def configured(config: Path) -> Path:
    return Path(load(config).paths.wal) if config.exists() else Path("wal")


def verify(directory: Path, chosen: argparse.Namespace) -> int:
    """Say what the log is: clean, open (being written), torn or corrupt."""
    files, count, first, last = begun(directory), 0, None, None
    state, where = "clean", ""
    try:
        for line in read(directory, files[0].first - 1):
            first, last, count = first or line.seq, line.seq, count + 1
    except Torn as error:
        state, where = "torn", f"{error}"
        if lock.held(directory):
            state, where = "open", f"{error}: a daemon is writing them"
    except Corrupt as error:
        state, where = "corrupt", f"{error}"
    if chosen.json:
        show = {"segments": len(files), "records": count, "first_seq": first, "last_seq": last}
        print(json.dumps({"wal": str(directory), "state": state, "where": where, **show}))
    else:
        reach = f", seq {first} to {last}" if count else ""
        print(f"{directory}: {state}: {len(files)} segments, {count:,} records{reach}")
        print(where, end="\n" if where else "")
    return EXIT_OK if state in ("clean", "open") else EXIT_DIFFERENCE


def tail(directory: Path, chosen: argparse.Namespace) -> int:
    """Print the newest records, and with -f those to come; 1 if the log is damaged there."""
    wanted = picker(chosen)
    files = begun(directory)
    found: list[Line] = []
    end, code = 0, EXIT_OK
    for file in reversed(files):
        lines, size, damaged = readable(directory, file, file is files[-1])
        code = EXIT_DIFFERENCE if damaged else code
        end = size if file is files[-1] else end
        found = [line for line in lines if wanted(line)] + found
        if len(found) >= chosen.n:
            break
    newest = found[-chosen.n :] if chosen.n > 0 else []
    if chosen.json and not chosen.f:
        print(json.dumps({"records": [as_json(line) for line in newest]}))
        return code
    for line in newest:
        show(line, chosen.json)
    if chosen.f:
        for line in growing(directory, files[-1], end):
            if wanted(line):
                show(line, chosen.json)
            if unheard(sys.stdout):
                break
    return code


def readable(directory: Path, file: Segment, last: bool) -> tuple[list[Line], int, bool]:
    """The records of one segment, where they end, and whether by damage. What is torn by a live
    writer is to come."""
    chain, lines, damaged = begin([file]), [], False
    try:
        for line in follow(file, chain, last):
            lines.append(line)
    except (Torn, Corrupt) as error:
        damaged = warn(error, directory)
    return lines, chain.size, damaged


def warn(error: Torn | Corrupt, directory: Path) -> bool:
    """Name it, and say whether it is damage. A torn end is none, and half a line of a live daemon
    is nothing at all."""
    damaged = isinstance(error, Corrupt)
    if damaged or not lock.held(directory):
        print(f"tradebot: {error}", file=sys.stderr)
    return damaged


def growing(directory: Path, file: Segment, end: int) -> Iterator[Line]:
    """Each record as it is written, for ever; also of the log that a next account begins here."""
    node = inode(file)
    while True:
        if inode(file) != node:  # moved aside
            file, end = next(iter(segments(directory)), file), 0
            node = inode(file) or node
        later = [one for one in segments(directory) if one.order > file.order]  # then this is whole
        with suppress(FileNotFoundError), file.path.open("rb") as stream:
            stream.seek(end)
            for raw in stream:
                if not is_true(raw):
                    break  # not yet whole
                end += len(raw)
                yield decode(raw)
        if later:
            file, end = later[0], 0
            node = inode(file)
        else:
            sys.stdout.flush()
            time.sleep(POLL_S)


def inode(file: Segment) -> int:
    """Which file has this name now; 0 none."""
    try:
        return file.path.stat().st_ino
    except FileNotFoundError:
        return 0


def picker(chosen: argparse.Namespace) -> Callable[[Line], bool]:
    asked = {part: getattr(chosen, part) for part in ("kind", "reason", "actor")}
    asked = {part: value for part, value in asked.items() if value is not None}
    return lambda line: all(getattr(line, part) == value for part, value in asked.items())


def show(line: Line, as_object: bool) -> None:
    if as_object:
        print(json.dumps(as_json(line)))
        return
    what = f"{line.seq:>9} {line.actor:<10} {line.kind:<15} {line.reason.value:<20}"
    print(f"{line.ts[:10]} {line.ts[11:23]} {what} {numbers(line.message)}".rstrip())


def as_json(line: Line) -> dict[str, Any]:
    return {
        "seq": line.seq, "ts": line.ts, "run": line.run, "actor": line.actor, "cause": line.cause,
        "kind": line.kind, "reason": line.reason.value, "numbers": numbers(line.message),
    }  # fmt: skip


def numbers(message: Struct) -> str:
    """The fields that matter, short: names and values, failed rules with their limits."""
    parts = []
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if name in ("at", "reason", "created", "settings") or value in (None, UNSET, "", ()):
            continue
        is_time = name == "since" or name.endswith("_at")
        parts.append(f"{name}={stamp(value)[11:23] if is_time else brief(value)}")
    return " ".join(parts)


def brief(value: object) -> str:
    match value:
        case Struct():
            return f"({numbers(value)})"
        case float():
            return f"{value:.9g}" if value > 1000 else f"{value:g}"  # prices to the tick
        case (Check(), *_):
            failed = [check for check in value if not check.passed] or value[-1:]
            return ",".join(f"{one.rule.value}:{one.value}/{one.limit}" for one in failed)
        case tuple() if len(value) > 4:
            return f"[{len(value)}]"
        case tuple():
            return f"[{','.join(map(brief, value))}]"
    text = str(value)
    return text if len(text) <= 96 else f"{text[:93]}..."


def stats(directory: Path, chosen: argparse.Namespace) -> int:
    """Count what was decided, and why; 1 if not all of it could be read."""
    files, code = begun(directory), EXIT_OK
    counts: dict[str, Counter[str]] = {part: Counter() for part in ("reason", "kind", "actor")}
    runs: dict[str, dict[str, Any]] = {}
    try:
        for line in read(directory, files[0].first - 1):
            for part, counter in counts.items():
                counter[str(getattr(line, part))] += 1
            run = runs.setdefault(line.run, {"records": 0, "from": line.ts, "to": line.ts})
            run["records"], run["to"] = run["records"] + 1, line.ts
    except (Torn, Corrupt) as error:
        code = EXIT_DIFFERENCE if warn(error, directory) else EXIT_OK
    if chosen.json:
        print(json.dumps({**{k: dict(v.most_common()) for k, v in counts.items()}, "run": runs}))
        return code
    for part, counter in counts.items():
        print(f"by {part}")
        for name, count in counter.most_common():
            print(f"  {name:<24} {count:>10,}")
    print("by run")
    for name, run in runs.items():
        print(f"  {name:<24} {run['records']:>10,}  {run['from'][:19]} to {run['to'][:19]}")
    return code

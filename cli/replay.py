"""tradebot replay: decide a whole log again with this code, and print every difference.

Also every chain of the log that does not end in exactly one reason.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from actors.conservation import COUNTED, Accounts, Loose, account
from actors.replay import Difference, Late
from cli.arguments import Arguments
from cli.explain import stamp_of
from cli.logs import records_in
from core import config as configs
from core.clock import wall
from core.errors import EXIT_DIFFERENCE, EXIT_OK
from core.messages import Record, RunStarted
from storage.snapshot import Snapshot


def parser() -> Arguments:
    words = Arguments(prog="tradebot replay", description=__doc__)
    words.add_argument("--config", default="config.toml", metavar="F")
    words.add_argument("--wal", metavar="DIR")
    words.add_argument(
        "--since", metavar="TIME", help="from the newest snapshot before it on, e.g. 2026-11-20"
    )
    words.add_argument("--json", action="store_true")
    return words


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    config = configs.load(Path(given.config))
    directory = Path(given.wal or config.paths.wal)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    seen, begin = Seen(), beginning(directory, given.since)
    after = begin.seq if begin else 0
    chains = account(seen.by(records_in(directory, after)))
    differences = decided_again(
        config, seen.runs, lambda: records_in(directory, after, seen.last), begin
    )
    wrong = [d for d in differences if not d.unanswered]
    cut = len(differences) - len(wrong)
    if given.json:
        told = {"records": seen.count, "differences": [plain(d) for d in wrong], "cut_off": cut}
        print(json.dumps({**told, "chains": msgspec.to_builtins(chains)}))
    else:
        print("\n".join([*map(shown, wrong), summary(seen.count, len(wrong), cut)]))
        print("\n".join([*map(loose, chains.loose), conserved(chains)]))
    return EXIT_DIFFERENCE if wrong or chains.loose else EXIT_OK


def beginning(directory: Path, since: str | None) -> Snapshot | None:
    """What a part of a log goes on from; None is its beginning."""
    if since is None:
        return None
    from daemon.snapshots import before

    found = before(directory, stamp_of(since, since))
    where = (
        f"behind record {found.seq:,}" if found else "the beginning, as no snapshot before holds"
    )
    print(f"replay: from {where}", file=sys.stderr)
    return found


class Seen:
    """Of the records that went by: how many, the last seq, and the runs."""

    def __init__(self) -> None:
        self.count = self.last = 0
        self.runs: list[RunStarted] = []

    def by(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self.count, self.last = self.count + 1, record.seq
            if isinstance(record.message, RunStarted):
                self.runs.append(record.message)
            yield record


def decided_again(
    config: configs.Config, runs: list[RunStarted], records: Callable[[], Iterable[Record]],
    begin: Snapshot | None = None,
) -> list[Difference]:  # fmt: skip
    """Fold the log through fresh stages, with the settings that it holds itself. `records` reads
    it, from its beginning or behind that snapshot."""
    from daemon import snapshots, wiring

    if not (runs or begin):
        return []
    first = snapshots.settings_of(begin) if begin else runs[0].settings
    last = next((run for run in reversed(runs) if run.model_sha256), None)  # to ask the model
    chosen = msgspec.structs.replace(config, signals=(last.settings if last else first).signals)
    thinker = wiring.load_model(chosen, wall())
    if thinker and last and last.model_sha256 != thinker.manifest_sha256:
        print("replay: the log was made with another model than this one", file=sys.stderr)

    def fresh() -> wiring.Stages:
        stages = wiring.thinking(first, thinker)
        snapshots.restore(stages, begin.state["stages"] if begin else {})
        return stages

    try:
        return wiring.fold(fresh(), records(), again=True, ahead=snapshots.AHEAD)
    except Late:
        return wiring.fold(fresh(), records(), again=True)


def plain(difference: Difference) -> Any:
    return msgspec.to_builtins(difference)


def shown(difference: Difference) -> str:
    def words(messages: list[Any]) -> str:
        return msgspec.json.encode(messages).decode()

    return (
        f"record {difference.seq}, actor {difference.actor}\n"
        f"  input     {words([difference.input])}\n"
        f"  recorded  {words(difference.recorded)}\n"
        f"  replayed  {words(difference.replayed)}"
    )


def summary(records: int, wrong: int, cut: int) -> str:
    note = f", {cut} answers cut off by the end of the log" if cut else ""
    return f"{records} records, {wrong} differences{note}"


def loose(end: Loose) -> str:
    return f"record {end.seq}, {end.kind}: {end.why}"


def conserved(chains: Accounts) -> str:
    """Did every bar, prediction and wish end in exactly one reason?"""
    counts = {kind: sum(chains.ends.get(kind, {}).values()) for kind in COUNTED}
    told = ", ".join(f"{count:,} {kind}s" for kind, count in counts.items())
    ended = f"{told} ended in one reason each, {len(chains.loose)} loose ends"
    return f"{ended}, {chains.cut} cut off" if chains.cut else ended

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
from cli.logs import records_in
from core import config as configs
from core.clock import wall
from core.errors import EXIT_DIFFERENCE, EXIT_OK
from core.messages import Record, RunStarted


def parser() -> Arguments:
    words = Arguments(prog="tradebot replay", description=__doc__)
    words.add_argument("--config", default="config.toml", metavar="F")
    words.add_argument("--wal", metavar="DIR")
    words.add_argument("--json", action="store_true")
    return words


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    config = configs.load(Path(given.config))
    directory = Path(given.wal or config.paths.wal)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    seen = Seen()
    chains = account(seen.by(records_in(directory)))
    differences = decided_again(config, seen.runs, lambda: records_in(directory, 0, seen.last))
    wrong = [d for d in differences if not d.unanswered]
    cut = len(differences) - len(wrong)
    if given.json:
        told = {"records": seen.count, "differences": [plain(d) for d in wrong], "cut_off": cut}
        print(json.dumps({**told, "chains": msgspec.to_builtins(chains)}))
    else:
        print("\n".join([*map(shown, wrong), summary(seen.count, len(wrong), cut)]))
        print("\n".join([*map(loose, chains.loose), conserved(chains)]))
    return EXIT_DIFFERENCE if wrong or chains.loose else EXIT_OK


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
    config: configs.Config, runs: list[RunStarted], records: Callable[[], Iterable[Record]]
) -> list[Difference]:
    """Fold the log through fresh stages, with the settings that it holds itself. `records` reads
    it from its beginning."""
    from daemon import wiring
    from daemon.snapshots import AHEAD

    if not runs:
        return []
    first = runs[0]
    last = next((run for run in reversed(runs) if run.model_sha256), first)  # to ask the model
    chosen = msgspec.structs.replace(config, signals=last.settings.signals)
    thinker = wiring.load_model(chosen, wall())
    if thinker and last.model_sha256 != thinker.manifest_sha256:
        print("replay: the log was made with another model than this one", file=sys.stderr)
    try:
        stages = wiring.thinking(first.settings, thinker)
        return wiring.fold(stages, records(), again=True, ahead=AHEAD)
    except Late:
        return wiring.fold(wiring.thinking(first.settings, thinker), records(), again=True)


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

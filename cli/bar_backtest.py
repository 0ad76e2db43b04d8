"""tradebot backtest --bars: over seconds of a file, years of them; stopped early it is still whole.

What Ctrl-C leaves is a run that ended there: trades and equity up to the last stretch of bars.
"""

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cli.backtest import recording, spoken
from cli.progress import counted
from core.clock import SECOND, wall
from core.config import Config
from core.errors import EXIT_NOT_FLAT, EXIT_OK, UsageError
from core.messages import Bar, Fill, Message


class Keeping:
    """The files of a run, as it goes on."""

    def __init__(self, config: Config, out: Path, slips: Mapping[int, int]) -> None:
        self.recorder, self.out = recording(slips), out
        from research.equity import Equity

        instrument = config.settings().instrument
        self.equity = Equity(out / "equity.parquet", config.account.balance_start, instrument)

    def on(self, message: Message) -> None:
        if not isinstance(message, Bar):  # those that were left out are not told
            self.recorder.on(message)
        if isinstance(message, Fill):
            self.equity.fill(message)

    def close(self, config: Config) -> None:
        from msgspec.structs import replace

        from research import runs

        made = self.recorder.run(*runs.outcome_of(Path(config.model.path)))
        (self.out / "trades.csv").unlink(missing_ok=True)  # of a run before: not beside this equity
        runs.write(self.out, replace(made, equity=self.equity.close()))


def run(given: argparse.Namespace, config: Config) -> int:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from daemon import report, wiring
    from research import bar_run, bar_source
    from venues.fills import MODES

    settings, model = config.settings(), wiring.load_model(config, wall())
    if model and model.manifest.seq_len > 1 and not given.every:
        seen_s = model.manifest.seq_len
        raise UsageError(f"{config.model.path}: sees {seen_s} seconds at once: add --every")
    stages = bar_run.with_venue(
        config, settings, MODES[given.fills], wiring.thinking(settings, model)
    )
    tally = report.Tally(report.Latency())
    slips = stages["venue"].lost  # type: ignore[attr-defined]
    keeping = Keeping(config, Path(given.out), slips) if given.out else None
    began, rows = wall(), 0

    def seen(actor: str, message: Message) -> None:
        tally.count(actor, message)
        if keeping:
            keeping.on(message)

    with counted("bars", quiet=given.json) as tell:

        def done(table: Any) -> None:
            nonlocal rows
            rows += len(table)
            tell(rows)
            if keeping:
                keeping.equity.rows(table)

        tables: Iterator[Any] = bar_source.tables(Path(given.bars), settings, given.zone)
        ended, many = "end of bars", model.predict_many if model else None
        try:
            if given.every:
                outcome = bar_run.every(config, settings, stages, tables, seen, done)
            else:
                outcome = bar_run.skipping(config, settings, stages, tables, seen, many, done)
        except KeyboardInterrupt:
            ended, outcome = "interrupted", bar_run.outcome(dict(stages), False, 0)
    if keeping:
        keeping.close(config)
    told = summary(given.fills, ended, rows, wall() - began, tally.summary(), outcome)
    print(json.dumps(told) if given.json else "\n".join(spoken(report.told(told), told)))
    return EXIT_OK if not (outcome.position or outcome.open_orders) else EXIT_NOT_FLAT


def summary(
    fills: str, ended: str, rows: int, took: int, counts: dict[str, Any], outcome: Any
) -> dict[str, Any]:
    """What scripts rely on; counts of messages are of the bars that were told one by one."""
    return {
        "mode": "backtest", "ended": ended, **counts, "bars": rows, "fills": fills,
        "seconds": round(took / SECOND, 3), "bars_per_s": round(rows * SECOND / took),
        "bars_told": outcome.bars_told, "net_pnl": f"{outcome.realised:.2f}",
        "balance": f"{outcome.balance:.2f}", "position": outcome.position,
        "open_orders": outcome.open_orders,
        "wal": {"records": 0, "segments": 0, "verified": True},
    }  # fmt: skip

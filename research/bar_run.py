"""A backtest over bars: every message one by one, or with what changes nothing left out."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from actors.pipeline import pump
from core.config import Config
from core.errors import UsageError
from core.messages import Bar, Message, Stage
from core.sessions import ALWAYS
from core.settings import Settings
from indicators import crosses
from indicators.columns import Sweep
from research import quiet, screen, seconds
from research.backtest import Outcome, outcome, until_flat
from research.bar_venue import BarVenue
from research.screen import PredictMany, Screen
from research.seconds import Floats
from research.skip import Skipping
from research.view import Looking
from venues.fills import Fills

Stages = dict[str, Stage]
Seen = Callable[[str, Message], None]
Done = Callable[[Floats], None]  # is told the rows that are over, stretch by stretch


def nothing(rows: Floats) -> None:
    """For who does not ask."""


def every(
    config: Config, settings: Settings, stages: Stages, tables: Iterable[Floats], seen: Seen,
    done: Done = nothing,
) -> Outcome:  # fmt: skip
    """The full pump: the reference."""
    told: list[Bar] = []

    def bars() -> Iterator[Bar]:
        for table in tables:
            for row in table.tolist():
                told[:] = [seconds.bar_of(row)]
                count[0] += 1
                yield told[0]
            done(table)

    count = [0]
    script = seconds.script(config, settings, bars(), lambda: quiet.busy(stages, told[0].at))
    flat = until_flat(pump(stages, script), seen)
    return outcome(stages, flat, count[0])


def skipping(
    config: Config, settings: Settings, stages: Stages, tables: Iterable[Floats], seen: Seen,
    predict_many: PredictMany | None, done: Done = nothing,
) -> Outcome:  # fmt: skip
    """The same orders, fills, ledger and end state. Raises UsageError where no bar may be missed:
    a crypto account learns of each hour, and days of UTC are not looked ahead to."""
    if settings.portfolio.rules or settings.session.kind == ALWAYS:
        raise UsageError("portfolio.rules and session.kind all need every bar: add --every")
    own = np.array(crosses.fresh())

    def screened(table: Floats, swept: Sweep) -> Screen:
        if settings.signals.strategy == "ema_cross":
            return screen.by_cross(table, own, settings)
        if predict_many is None:
            return screen.by_clock(table[:, 0], settings)
        return screen.by_model(swept.values, swept.ready, predict_many, settings)

    run = Skipping(config, settings, stages, Looking(settings, screened), done)

    def both(actor: str, message: Message) -> None:
        run.see(message)
        seen(actor, message)

    flat = until_flat(pump(run.stages, run.script(tables)), both)
    return outcome(stages, flat, run.rows_told)


def with_venue(config: Config, settings: Settings, fills: Fills, thinking: Stages) -> Stages:
    return {"venue": BarVenue(settings, config.gateway.balance, fills), **thinking}

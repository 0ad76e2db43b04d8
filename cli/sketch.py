"""tradebot backtest --bars --sketch: the cross of averages alone, without the rules of risk."""

import argparse
import json
from pathlib import Path
from typing import Any

from cli.progress import counted
from core.clock import SECOND, wall
from core.config import Config
from core.errors import EXIT_OK, UsageError
from core.sessions import ALWAYS

LEFT_OUT = "limits of money, size, breakers, controls, moving stops: risk may have refused these"


def run(given: argparse.Namespace, config: Config) -> int:
    if not given.bars:
        raise UsageError("--sketch: is of bars: name a file with --bars")
    if given.out or given.every:
        raise UsageError("--sketch: writes no files and leaves out no bars: no --out, no --every")
    settings = config.settings()
    if settings.portfolio.rules or settings.session.kind == ALWAYS:
        raise UsageError("--sketch: knows neither portfolio.rules nor session.kind all")
    import numpy as np

    from research import bar_source
    from research.sketch import NAMES, Sketch
    from venues.fills import MODES

    sketch, trades, rows, spent = Sketch(settings, MODES[given.fills]), [], 0, 0
    began = wall()
    with counted("bars", quiet=given.json) as done:
        for table in bar_source.tables(Path(given.bars), settings, given.zone):
            before = wall()
            trades.append(sketch.bars(table))
            spent, rows = spent + wall() - before, rows + len(table)
            done(rows)
    found = np.vstack([*trades, sketch.end()])
    made = found[:, 0] * (found[:, 5] - found[:, 3])
    costs = 2 * settings.instrument.side_cost / settings.instrument.tick_value
    told: dict[str, Any] = {
        "mode": "sketch", "strategy": settings.signals.strategy, "bars": rows, "fills": given.fills,
        "round_trips": len(found), "wins": int((made > float(costs)).sum()),
        "ends": {name: int((found[:, 6] == number).sum()) for number, name in enumerate(NAMES)},
        "ticks": int(made.sum()), "net_pnl": f"{sketch.dollars(found):.2f}", "left_out": LEFT_OUT,
        "seconds": round((wall() - began) / SECOND, 3),
        "bars_per_s": round(rows * SECOND / max(spent, 1)),
    }  # fmt: skip
    print(json.dumps(told) if given.json else "\n".join(f"{k:<12} {v}" for k, v in told.items()))
    return EXIT_OK

"""tradebot backtest: the same stages and the same matching on a tape, as fast as they go."""

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from cli.arguments import Arguments, between, zoned
from cli.logs import records_of
from cli.progress import counted
from cli.results import ours, writing
from core import config as configs
from core.clock import wall
from core.config import Config
from core.errors import EXIT_NOT_FLAT, EXIT_OK, UsageError
from core.messages import Message, Pulse
from core.settings import Settings
from research import parity
from storage import tape as tapes
from venues.fills import MODES

APART_SHOWN = 8
UNSAID = (None, False, 0.0, "UTC")  # what an option is that nobody named


def parser() -> Arguments:
    words = Arguments(prog="tradebot backtest", description=__doc__)
    words.add_argument("--config", default="config.toml", metavar="F")
    words.add_argument("--tape", metavar="F", help="default: the config's")
    words.add_argument(
        "--latency", type=between(0, 60, float), default=0.0, metavar="S",
        help="seconds from order to exchange",
    )  # fmt: skip
    words.add_argument(
        "--bars", metavar="F", help="bars instead of a tape: any file `validate` knows"
    )
    zoned(words)
    words.add_argument(
        "--fills",
        choices=MODES,
        help="how orders meet a bar; default: conservative",
    )
    words.add_argument("--every", action="store_true", help="bars: leave out nothing; slow")
    words.add_argument(
        "--sketch", action="store_true", help="bars: the averages' cross alone, no rule of risk"
    )
    words.add_argument("--against", metavar="DIR", help="a live log: how much was decided alike?")
    words.add_argument("--out", metavar="DIR", help="write trades, equity, orders: see `report`")
    words.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return words


def main(argv: list[str]) -> int:
    given = fitting(parser().parse_args(argv))
    config = configs.load(Path(given.config))
    if given.sketch:
        from cli import sketch

        return sketch.run(given, config)
    with ours(Path(given.out)) if given.out else nullcontext():
        if given.bars:
            from cli import bar_backtest

            return bar_backtest.run(given, config)
        return run(given, config)


def run(given: argparse.Namespace, config: Config) -> int:
    """Over a tape."""
    tape = tapes.read_of(Path(given.tape or config.paths.tape), config.settings().instrument)
    live = [r.message for r in records_of(Path(given.against))] if given.against else []
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from daemon import report, wiring
    from research.backtest import backtest

    thinker = wiring.load_model(config, wall())
    tally, tested = report.Tally(report.Latency()), []
    recorder = recording() if given.out else None

    def think(settings: Settings) -> Any:
        return wiring.thinking(settings, thinker)

    span = int(tape.columns["at"][-1]) - tape.start
    with counted("backtest", span, given.json) as done:

        def seen(actor: str, message: Message) -> None:
            tally.count(actor, message)
            if live:
                tested.append(message)
            if recorder:
                recorder.on(message)
            if isinstance(message, Pulse) and message.at % 60_000_000_000 == 0:
                done(message.at - tape.start)

        outcome = backtest(config, tape, think, seen, given.latency)
    told = {
        "mode": "backtest", "ended": "end of tape", **tally.summary(),
        "net_pnl": f"{outcome.realised:.2f}",
        "balance": f"{outcome.balance:.2f}", "position": outcome.position,
        "open_orders": outcome.open_orders,
        "wal": {"records": 0, "segments": 0, "verified": True},
    }  # fmt: skip
    if live:
        told["parity"] = alike(live, tested)
    if recorder:
        write(recorder, config, Path(given.out))
    print(json.dumps(told) if given.json else "\n".join(spoken(report.told(told), told)))
    return EXIT_OK if outcome.flat else EXIT_NOT_FLAT


def fitting(given: argparse.Namespace) -> argparse.Namespace:
    """Raises UsageError for what would be passed over in silence: bars know no wire and no log, a
    tape has its own quotes to fill at."""
    bars = bool(given.bars or given.sketch)
    others = ("tape", "latency", "against") if bars else ("fills", "every", "zone")
    if odd := next((name for name in others if getattr(given, name) not in UNSAID), ""):
        of = "a tape, not of bars" if bars else "bars, not of a tape"
        raise UsageError(f"--{odd}: is of {of}: leave it out")
    given.fills = given.fills or "conservative"
    return given


def recording(slips: Mapping[int, int] | None = None) -> Any:
    try:
        from research.record import Recorder
    except ModuleNotFoundError as error:
        raise UsageError(f"--out needs {error.name}: run `make research`") from None
    return Recorder(slips=slips)


def write(recorder: Any, config: Config, out: Path) -> None:
    from research import runs

    with writing(out):
        runs.write(out, recorder.run(*runs.outcome_of(Path(config.model.path))))


def alike(live: list[Message], tested: list[Message]) -> dict[str, Any]:
    """How much the log and this backtest have in common, and what they differ in most."""
    shares = {kind: to_builtins(share) for kind, share in parity.compare(live, tested).items()}
    pairs = parity.apart(live, tested).most_common()
    rows = [{"live": here, "backtest": there, "count": n} for (here, there), n in pairs]
    return {"shares": shares, "apart": rows}


def spoken(session: str, told: dict[str, Any]) -> Iterator[str]:
    """The session less what a backtest has none of, and how it compares."""
    yield from (row for row in session.splitlines() if not row.startswith(("log", "latency")))
    found = told.get("parity", {"shares": {}, "apart": []})
    for kind, n in found["shares"].items():
        yield f"alike      {kind}: {n['same']} of {n['live']} live, {n['backtest']} here"
    for row in found["apart"][:APART_SHOWN]:
        yield f"apart      {row['count']} x {row['live']} live, {row['backtest']} here"

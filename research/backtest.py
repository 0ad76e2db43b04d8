"""The daemon's own stages on a tape, without gateway, loop or clock: a plain pump.

The exchange is the one of the simulator, fills and fees included. Time is the tape's: a pulse at
every second that begins, before the first event at or after it.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from actors.market import Market
from actors.pipeline import pump
from core.clock import SECOND
from core.config import Config
from core.messages import (
    Command,
    FeedState,
    Flat,
    Message,
    Pulse,
    Quote,
    RunStarted,
    Stage,
    Trade,
)
from core.reasons import Reason
from core.settings import Settings
from research.venue import PaperVenue
from storage.tape import Tape
from venues.topstepx.simulator.contract import front

END_S = 900  # pulses after the last event, for the flatten to be proven
TICKS = (Quote, Trade)

Think = Callable[[Settings], dict[str, Stage]]
Seen = Callable[[str, Message], None]


class Outcome(Struct, frozen=True):
    balance: Decimal
    position: int
    open_orders: int
    realised: Decimal
    flat: bool
    bars_told: int = 0  # one by one, where some may be left out


def backtest(
    config: Config, tape: Tape, think: Think, seen: Seen, latency_s: float = 0.0
) -> Outcome:
    """Run the tape through; `seen` is told every message but the ticks, with its actor."""
    settings = config.settings().at_speed(config.run.speed or 1.0)  # as the live run in sim
    venue = PaperVenue(settings, config.gateway.balance, latency_s)
    stages: dict[str, Stage] = {"venue": venue, "market": Market(settings), **think(settings)}
    flat = until_flat(pump(stages, script(config, settings, tape)), seen)
    return outcome(stages, flat)


def outcome(stages: dict[str, Any], flat: bool, told: int = 0) -> Outcome:
    exchange, book = stages["venue"].exchange, stages["risk"].memory.book
    alive = len(exchange.open_orders()) + len(exchange.suspended())
    return Outcome(exchange.balance, exchange.position.size, alive, book.realised, flat, told)


def until_flat(messages: Iterator[tuple[str, Message]], seen: Seen) -> bool:
    """Until the account is proven flat after the end: a limit may have flattened it before."""
    stopping = False
    for actor, message in messages:
        if type(message) in TICKS:
            continue
        seen(actor, message)
        stopping = stopping or (isinstance(message, Command) and message.name == "stop")
        if stopping and isinstance(message, Flat):
            return True
    return False


def event_known(event: Quote | Trade) -> bool:
    """A print without aggressor is a buy on the gateway's wire, which has no word for unknown."""
    return type(event) is Quote or event.side != 0


def script(config: Config, settings: Settings, tape: Tape) -> Iterator[Message]:
    """The life of a run as messages: start, links up, the market with its pulses, the stop."""
    start = tape.start
    yield RunStarted(
        start, "backtest", "backtest", 0, front(settings.instrument, start).id,
        config.account.balance_start, "", "", "", settings,
    )  # fmt: skip
    for link in ("user", "market"):
        yield FeedState(start, link, True, "tape", Reason.DATA_LINK_UP)
    second = start // SECOND
    for event in tape.events():
        while second < event.at // SECOND:
            second += 1
            yield Pulse(second * SECOND)
        yield event if event_known(event) else replace(event, side=1)
    yield Command(second * SECOND + SECOND, "stop", "tape", "end of tape")
    for later in range(1, END_S):
        yield Pulse((second + later) * SECOND)

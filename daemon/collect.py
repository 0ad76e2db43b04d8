"""Recording the market: the venue's trades and quotes as tapes, without orders or risk."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from msgspec import Struct

from core.clock import TapeClock
from core.config import Config
from core.errors import ConfigError
from core.messages import FeedState, Message, Quote, Trade
from daemon import child
from daemon.gateway import Client
from daemon.reach import in_session, pointed, reach
from daemon.stopping import Stopping
from daemon.tape_time import clock_of, follow_tape
from storage import lock, recording
from storage.recording import Recording
from venues.topstepx import credentials
from venues.topstepx.protocol import END_OF_TAPE

log = structlog.get_logger("collect")


class Options(Struct, frozen=True):
    config_path: Path
    out: Path
    part_s: float = 60.0  # a part is written so often: what a kill may lose


async def collect(config: Config, options: Options, stopping: Stopping) -> dict[str, Any]:
    """Record until told to stop or the tape ends. Raises TradebotError."""
    if config.run.mode == "paper":
        raise ConfigError("run.mode: paper has no market of its own: use sim or live")
    if config.run.mode == "live" and not config.venue.rest_url:
        raise ConfigError("venue.rest_url: live needs the venue's addresses")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        held = lock.take(options.out)
    except OSError as error:
        raise ConfigError(f"{options.out}: {error.strerror}") from None
    left = recording.join(options.out)
    if left:
        log.warning("parts that a kill left were joined", tapes=[path.name for path in left])
    simulator = None
    try:
        if config.run.mode == "sim" and not config.venue.rest_url:
            simulator = await child.start(
                config.paths.tape, config.run.speed, options.config_path, options.out
            )
            config = pointed(config, simulator.told)
        return await record(config, options, simulator, stopping)
    finally:
        if simulator is not None:
            await simulator.stop()
        os.close(held)


async def record(
    config: Config, options: Options, simulator: child.Child | None, stopping: Stopping
) -> dict[str, Any]:
    who = credentials.load(simulator.keys if simulator else os.environ)
    clock, instrument = await clock_of(config), config.settings().instrument
    venue = Client(
        config.venue, instrument, who, clock, config.feed.stale_s,
        lambda: isinstance(clock, TapeClock) or in_session(config, clock()),
    )  # fmt: skip
    try:
        await reach(config, venue, stopping)
        came = Recording(instrument, {
            "symbol": instrument.symbol, "tick": str(instrument.tick), "quotes": "recorded",
            "source": f"TopstepX gateway, mode {config.run.mode}", "contract": venue.contract_id,
            "licence": "the venue's terms: for the account's own use",
        })  # fmt: skip
        follow = follow_tape(config, clock) if isinstance(clock, TapeClock) else None

        def hear(message: Message) -> None:
            came.hear(message)
            if isinstance(clock, TapeClock) and isinstance(message, Quote | Trade):
                clock.see(message.at)
            if follow is not None:
                follow("venue", message, 0)
            if isinstance(message, FeedState):
                log.info("link", link=message.link, up=message.up, why=message.why)
                if message.why == END_OF_TAPE:
                    stopping.say(END_OF_TAPE, "gateway")

        await until_over(venue.run(hear), came, options, stopping)
    finally:
        await venue.close()
    made = await asyncio.to_thread(recording.join, options.out)
    return {"events": came.taken, "tapes": [str(path) for path in made]}


async def until_over(feed: Any, came: Recording, options: Options, stopping: Stopping) -> None:
    """A part every `part_s`, and the last one when the feed ends or we are to stop."""
    live, told = asyncio.create_task(feed), asyncio.create_task(stopping.wait())
    over: set[asyncio.Task[Any]] = set()
    try:
        while not over:  # as of before the cut: what comes while a part is stored is the next one's
            over, _ = await asyncio.wait(
                {live, told}, timeout=options.part_s, return_when=asyncio.FIRST_COMPLETED
            )
            for part in came.cut():
                path = await asyncio.to_thread(recording.store, options.out, part)
                log.info("part", file=path.name, events=len(part), dropped=part.about["dropped"])
        if live.done():
            live.result()
    finally:
        for task in (live, told):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task

"""The clock of a run: one that nobody sets, or in sim the tape's, learnt from the simulator."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout

from core import clock as clocks
from core.clock import Clock, TapeClock
from core.config import Config
from core.errors import TradebotError
from core.messages import FeedState, Message
from core.settings import Settings

ASK_AGAIN_S = 0.05


async def clock_of(config: Config) -> Clock:
    """The wall's time; in sim the tape's, as the simulator tells it."""
    if config.run.mode != "sim":
        return clocks.SteadyClock()
    told = await tape_time(config)
    if not told["speed"]:
        return where_it_is(told)
    clock = TapeClock(told["start"], told["speed"])
    clock.origin = told["mono"]
    return clock


def where_it_is(told: dict[str, Any]) -> TapeClock:
    """At speed 0: it stands where the tape does, until the next event if there is to be one."""
    clock = TapeClock(told["now"], 0.0)
    if told["ended"]:
        clock.see(told["now"])
    return clock


async def tape_time(config: Config) -> dict[str, Any]:
    url = f"{config.venue.rest_url}/sim/clock"
    try:
        async with (
            ClientSession(timeout=ClientTimeout(config.venue.request_timeout_s)) as http,
            http.get(url) as answer,
        ):
            told: dict[str, Any] = orjson.loads(await answer.read())
            return told
    except (ClientError, TimeoutError, orjson.JSONDecodeError) as error:
        why = f"{type(error).__name__} from {url}"
        raise TradebotError(f"mode sim needs our simulator at venue.rest_url: {why}") from None


def scaled(settings: Settings, clock: Clock) -> Settings:
    return settings.at_speed(clock.reaction) if isinstance(clock, TapeClock) else settings


def follow_tape(config: Config, clock: TapeClock) -> Callable[[str, Message, int], None]:
    """The tape starts with our subscription: learn when, as soon as the link is up.

    At speed 0 the events alone tell its time."""

    tasks: list[asyncio.Task[None]] = []

    async def learn() -> None:
        """Until then the clock goes by the first market event, which is late by its way to us."""
        with suppress(TradebotError):  # gone again: the next link that comes up asks anew
            while (mono := (await tape_time(config))["mono"]) is None:
                await asyncio.sleep(ASK_AGAIN_S)
            clock.origin = mono

    def watch(actor: str, message: Message, seq: int) -> None:
        up = isinstance(message, FeedState) and message.link == "market" and message.up
        if up and clock.speed:
            tasks[:] = [asyncio.create_task(learn())]

    return watch

"""On the way to the venue: what must be so before it is called, and how long it is called."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from msgspec.structs import replace

from actors.rolls import openable
from core.config import Config
from core.errors import EXIT_NOT_FLAT, EXIT_OK, ConfigError, TradebotError
from core.instruments import COINS
from core.sessions import session
from daemon import health
from daemon.build import build
from daemon.stopping import Stopping
from storage.segments import segments, tail
from venues.base import Unreachable, Venue

log = structlog.get_logger("tradebot")


def pointed(config: Config, told: dict[str, Any]) -> Config:
    """The config with the addresses that the simulator printed."""
    venue = replace(
        config.venue, rest_url=told["rest"], user_hub_url=told["user_hub"],
        market_hub_url=told["market_hub"], account_id=int(told["account_id"]),
        contract_id=told["contract_id"],
    )  # fmt: skip
    return replace(config, venue=venue)


async def reach(config: Config, venue: Venue, stopping: Stopping) -> None:
    """Log in. A live venue that is down is tried again until it is there or we are to stop."""
    wait_s = config.venue.backoff_s
    while True:
        try:
            await venue.open()
            return
        except Unreachable as error:
            if config.run.mode != "live" or stopping.told:
                raise unreached(config, stopping, str(error)) from None
            log.warning("the venue cannot be reached", why=str(error), again_in_s=wait_s)
        health.more_time(f"the venue cannot be reached, tried again in {wait_s:g} s", wait_s)
        await venue.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), wait_s)
        wait_s = min(2 * wait_s, config.venue.backoff_max_s)


def unreached(config: Config, stopping: Stopping, why: str) -> TradebotError:
    """No venue, no start. Told to stop before there was one: the log says if anything is open."""
    error = TradebotError(f"the venue cannot be reached: {why}: nothing was started, try again")
    if stopping.told:
        files = segments(Path(config.paths.wal))
        closed = not files or tail(files)[0].clean
        error.code = EXIT_OK if closed else EXIT_NOT_FLAT
    return error


def refuse_unready(config: Config) -> None:
    mode, venue = config.run.mode, config.venue
    if mode == "paper":
        raise ConfigError("run.mode: paper is not built yet: use sim or live")
    addresses = venue.rest_url and venue.user_hub_url and venue.market_hub_url
    if mode == "live" and not (config.live.armed and venue.account_id and addresses):
        raise ConfigError(
            "run.mode: live needs live.armed = true, venue.account_id and the venue's addresses"
        )
    if mode == "live" and config.instrument.symbol in COINS:
        raise ConfigError("instrument.symbol: no venue here trades coins: backtests only")
    if mode == "live" and not build().startswith(config.live.build):
        raise ConfigError(
            f"live.build: this is {build()[:16]}: install the pinned build, or pin it"
        )
    listed = config.controls.accounts
    if listed and venue.account_id not in (0, *listed):
        raise ConfigError(f"venue.account_id: {venue.account_id} is not in controls.accounts")


def past_roll(config: Config, contract_id: str, at: int) -> str:
    """What to tell of a contract in which no position is opened any more; empty if it is not so."""
    if all(check.passed for check in openable(contract_id, config.session.roll_days, at)):
        return ""
    return (
        f"{contract_id} is past its roll, or has none that is known: exits only, set the next one"
    )


def in_session(config: Config, at: int) -> bool:
    return session(at, config.session.kind) is not None

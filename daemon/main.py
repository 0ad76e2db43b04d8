"""The daemon from first line to last: lock, gateway, log, recovery, session, report."""

import asyncio
import hashlib
import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace

from core import clock as clocks
from core.clock import Clock, TapeClock
from core.config import Config
from core.errors import ConfigError, LogError
from core.messages import Bar, Command, RunStarted, Stage
from core.settings import Settings
from core.terms import State
from daemon import child, golive, wiring
from daemon.api import Api
from daemon.build import build
from daemon.gateway import Client
from daemon.reach import in_session, past_roll, pointed, reach, refuse_unready
from daemon.report import Latency, Tally
from daemon.session import Ended, Session
from daemon.snapshots import resume
from daemon.stopping import Stopping, kill
from daemon.supervisor import contained
from daemon.tape_time import clock_of, follow_tape, scaled
from daemon.view import full, show
from storage import lock, model, sentinel
from storage.segments import segments
from storage.wal import Wal, read
from venues.topstepx import credentials

log = structlog.get_logger("tradebot")
RUN_ID_BYTES = 6


class Options(Struct, frozen=True):
    config_path: Path
    view: bool = False  # a live screen instead of log lines


async def run(config: Config, options: Options, stopping: Stopping) -> tuple[int, dict[str, Any]]:
    """Trade. Returns exit code and report."""
    state, wal = Path(config.paths.state), Path(config.paths.wal)
    for key, directory in (("state", state), ("wal", wal)):
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"paths.{key}: {directory}: {error.strerror}") from None
    held = lock.take(wal)
    kept = None if state.samefile(wal) else lock.take(state)  # its api.json would be overwritten
    simulator: child.Child | None = None
    try:
        if config.run.mode == "sim" and not config.venue.rest_url:
            tape, speed = config.paths.tape, config.run.speed
            simulator = await child.start(tape, speed, options.config_path, state)
            config = pointed(config, simulator.told)
        return await contained("daemon", trade(config, options, simulator, held, stopping))
    finally:
        if simulator is not None:
            await simulator.stop()
        if kept is not None:
            os.close(kept)


async def trade(
    config: Config, options: Options, simulator: child.Child | None, held: int, stopping: Stopping
) -> tuple[int, dict[str, Any]]:
    refuse_unready(config)
    who = credentials.load(simulator.keys if simulator else os.environ)
    clock = await clock_of(config)
    settings = scaled(config.settings(), clock)
    thinker = wiring.load_model(config, clocks.wall())
    overrides = []
    if config.run.mode == "live":
        of_model = thinker.manifest_sha256 if thinker else ""
        strategy = golive.strategy_of(config.settings())
        overrides = golive.refuse_unproven(Path(config.live.evidence), build(), of_model, strategy)
    venue = Client(
        config.venue, settings.instrument, who, clock, config.feed.stale_s,
        lambda: isinstance(clock, TapeClock) or in_session(config, clock()),
    )  # fmt: skip
    try:
        await reach(config, venue, stopping)
        return await serve(
            config, options, venue, clock, settings, thinker, held, stopping, overrides
        )
    finally:
        await venue.close()


async def serve(
    config: Config, options: Options, venue: Client, clock: Clock, settings: Settings,
    thinker: model.Model | None, held: int, stopping: Stopping, overrides: list[golive.Override],
) -> tuple[int, dict[str, Any]]:  # fmt: skip
    """Open the log, recover, trade, report."""
    run_id = secrets.token_hex(RUN_ID_BYTES)
    account = hashlib.sha256(f"{venue.account_id}".encode()).hexdigest()
    wal = Wal.open(
        Path(config.paths.wal), run=run_id, account=account, settings=config.log, clock=clock,
        state=Path(config.paths.state), held=held,
    )  # fmt: skip
    before = wal.seq
    try:
        say_what_opening_found(wal)
        if why := past_roll(config, venue.contract_id, clock()):
            log.error("no entries in this contract", why=why)
        if not venue.can_trade:
            log.error("no entries: the venue does not let this account trade", id=venue.account_id)
        tally, stages = Tally(Latency()), wiring.thinking(settings, thinker)
        found = resume(wal, stages, tally)
        if wiring.rolled(stages, venue.contract_id) and found.last:
            found.last = replace(found.last, at=0)  # its bars end here: a new segment
        parts = {"market": wiring.market(settings, stages, found.last), **stages}

        def rebuild(name: str, last: Bar | None) -> Stage:
            if name == "market":
                return wiring.market(settings, parts, last)
            return wiring.thinking(settings, thinker)[name]

        session = Session(config, venue, wal, clock, parts, tally, rebuild, stopping, found.last)
        session.overrides = overrides
        start = RunStarted(
            clock(), run_id, config.run.mode, venue.account_id, venue.contract_id,
            config.account.balance_start, commit(), config.sha256(),
            thinker.manifest_sha256 if thinker else "", settings,
        )  # fmt: skip
        ended = await attended(config, options, session, start, found.cut)
    finally:
        wal.close()
    return ended.code, report(config, session, ended, before)


def say_what_opening_found(wal: Wal) -> None:
    if wal.moved:
        log.warning("the log of another account was moved aside", to=str(wal.moved))
    if wal.torn:
        log.warning("a torn end of the log was cut off and kept", at=str(wal.broken))


async def attended(
    config: Config, options: Options, session: Session, start: RunStarted, cut: list[Any]
) -> Ended:
    """The session with its surroundings: local API, kill file, live view."""
    state = Path(config.paths.state)

    def act(name: str, by: str, why: str) -> int:
        if name == "kill" and not kill(state, by, why):
            log.error("no kill file can be left: the log alone holds this kill")
        seq = session.bus.post("operator", Command(session.clock(), name, by, why))
        if name == "rearm" and session.stages["risk"].memory.state is not State.HALTED:  # type: ignore[attr-defined]
            forget_kill(state)  # not where risk refused: a log that is moved away forgets its halt
        return seq

    api = Api(state, config.api.port, lambda: full(session), act)
    if isinstance(session.clock, TapeClock):
        session.bus.watches.append(follow_tape(config, session.clock))
    await api.start()
    shown = asyncio.create_task(show(session)) if options.view else None
    try:
        return await session.run(start, cut)
    finally:
        if shown is not None:
            shown.cancel()
        await api.stop()


def forget_kill(state: Path) -> None:
    if sentinel.read(state) is not None:
        sentinel.remove(state)


def report(config: Config, session: Session, ended: Ended, before: int) -> dict[str, Any]:
    """The session in numbers, and the log behind `before` read back from disk: what years wrote
    is for `wal verify`."""
    risk = session.stages["risk"].memory  # type: ignore[attr-defined]
    files, lines, verified = segments(Path(config.paths.wal)), before, True
    try:
        for _ in read(Path(config.paths.wal), after_seq=before):
            lines += 1
    except LogError as error:
        verified = False
        log.error("the log does not verify", why=str(error))
    alive = len(risk.book.alive)
    return {
        "mode": config.run.mode,
        "ended": ended.why,
        **session.tally.summary(),
        "net_pnl": f"{risk.book.realised:.2f}",
        "balance": f"{ended.balance:.2f}" if ended.balance is not None else None,
        "position": risk.book.position.size,
        "open_orders": alive,
        "wal": {"records": lines, "segments": len(files), "verified": verified},
    }


def commit() -> str:
    """The code's commit, for the log; empty outside a checkout or without git."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
    except OSError:
        return ""
    return done.stdout.strip()

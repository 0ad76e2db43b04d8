"""`tradebot doctor`: is all there that a run needs? One line each: ok, warn or FAIL, what to do.

Looks and changes nothing. Of a credential it says where it is, never what it is. Exit 1 if
anything FAILs.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from msgspec.structs import replace

from cli.arguments import Arguments
from cli.machine import Row, clock, disks, program
from core import config as configs
from core.config import Config
from core.errors import EXIT_DIFFERENCE, EXIT_OK, ConfigError, TradebotError
from daemon.build import build
from daemon.gateway import Client
from daemon.main import refuse_unready
from daemon.snapshots import ours
from indicators.schema import FINGERPRINT
from storage import lock, model, sentinel, tape
from storage.chain import Torn
from storage.segments import read, segments
from venues.base import Unreachable
from venues.topstepx import credentials
from venues.topstepx.answers import skew_s

SKEW_MAX_S = 2.0
ANSWER_MAX_S = 5.0
LONG = 1_000_000  # records that a start may read without our saying so, and that we read


def main(argv: list[str]) -> int:
    words = Arguments(prog="tradebot doctor", description=__doc__)
    words.add_argument("--config", type=Path, default=Path("config.toml"), metavar="F")
    words.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = words.parse_args(argv)
    rows = list(examine(given.config))
    well = all(row.state != "FAIL" for row in rows)
    if given.json:
        checks = [{name: getattr(row, name) for name in row.__struct_fields__} for row in rows]
        print(json.dumps({"ok": well, "checks": checks}))
    else:
        for row in rows:
            print(f"{row.state:<5}{row.check:<13}{row.says}{f': {row.do}' if row.do else ''}")
    return EXIT_OK if well else EXIT_DIFFERENCE


def examine(path: Path) -> Iterator[Row]:
    yield from program()
    try:
        config = configs.load(path)
    except ConfigError as error:
        yield Row("FAIL", "config", str(error))
        return
    yield settings(path, config)
    yield clock()
    yield from disks(config)
    yield keys(config, os.environ)
    yield brain(config)
    yield market(config)
    yield journal(config)
    yield switch(config)
    yield from asyncio.run(gateway(config))


def settings(path: Path, config: Config) -> Row:
    try:
        refuse_unready(config)
    except ConfigError as error:
        return Row("FAIL", "config", f"{path}: {error}")
    strategy = config.signals.strategy
    sha = config.sha256()[:8]
    says = f"{path}: mode {config.run.mode}, strategy {strategy}, sha {sha}, build {build()[:16]}"
    return Row("ok", "config", says)


def own_simulator(config: Config) -> bool:
    return config.run.mode == "sim" and not config.venue.rest_url


def keys(config: Config, env: Mapping[str, str]) -> Row:
    if own_simulator(config):
        return Row("ok", "credentials", "none needed: the simulator makes its own")
    try:
        credentials.load(env)
    except ConfigError as error:
        return Row("FAIL", "credentials", str(error))
    folder = Path(env.get("CREDENTIALS_DIRECTORY", ""))
    names = [name for name in (credentials.USERNAME, credentials.API_KEY) if not env.get(name)]
    files = [folder / name.lower() for name in names]
    if loose := [str(file) for file in files if file.stat().st_mode & 0o077]:
        return Row("warn", "credentials", f"others may read {', '.join(loose)}", "chmod 600")
    return Row("ok", "credentials", f"both there, from {folder if files else 'the environment'}")


def brain(config: Config) -> Row:
    if config.signals.strategy != "model":
        return Row("ok", "model", f"not used by strategy {config.signals.strategy}")
    path = Path(config.model.path)
    try:
        loaded = model.load(path, FINGERPRINT, time.time_ns(), config.model.sha256)
    except ConfigError as error:
        return Row("FAIL", "model", str(error))
    made = loaded.manifest
    says = (
        f"{path}: {made.model_id}, {made.n_features} features, fingerprint {FINGERPRINT[:8]}, "
        f"manifest {loaded.manifest_sha256[:8]}, quarantine over since {made.quarantine_end:%F}"
    )
    if config.run.mode == "live" and not config.model.sha256:
        return Row("warn", "model", says, f"pin it: model.sha256 = {loaded.manifest_sha256}")
    return Row("ok", "model", says)


def market(config: Config) -> Row:
    if not own_simulator(config):
        return Row("ok", "tape", "not used: the market comes from the venue")
    path, symbol = Path(config.paths.tape), config.instrument.symbol
    try:
        taped = tape.read(path)
    except TradebotError as error:
        return Row("FAIL", "tape", str(error))
    if taped.tick != float(config.settings().instrument.tick):
        do = "set instrument.symbol to what it holds"
        return Row("FAIL", "tape", f"{path}: its tick {taped.tick:g} is not {symbol}'s", do)
    hours = (int(taped.columns["at"][-1]) - taped.start) / 3.6e12
    return Row("ok", "tape", f"{path}: {len(taped):,} events in {hours:.1f} hours")


def journal(config: Config) -> Row:
    try:
        return log_of(config)
    except PermissionError as error:
        why = f"{error.filename}: {error.strerror}"
        return Row("FAIL", "log", why, "run it as the daemon's user")


def log_of(config: Config) -> Row:
    """As a start would read it, but no more than the newest of a long one."""
    directory = Path(config.paths.wal)
    if not directory.is_dir() or not (files := segments(directory)):
        return Row("ok", "log", f"{directory}: none yet")
    before = files[0].first - 1
    after = max(before, files[-1].first - LONG)
    busy = lock.held(directory)
    writer = "a daemon writes it" if busy else "no daemon writes it"
    last = after
    try:
        for line in read(directory, after):
            last = line.seq
    except Torn as error:
        if not busy:
            return Row("warn", "log", f"{error}", "the next start keeps a copy and cuts it off")
    except TradebotError as error:
        return Row("FAIL", "log", f"{error}", "docs/operations.md: exit 74")
    newest = f", the newest {last - after:,}" if after > before else ""
    says = f"{directory}: {last - before:,} records{newest} verified, {writer}"
    taken, _ = ours(directory)
    behind = last - (taken.seq if taken else 0)
    if behind < LONG:
        return Row("ok", "log", says)
    do = f"the next start reads {behind:,} of them, some 20 s a million: be flat before it"
    return Row("warn", "log", f"{says}, no newer snapshot that holds", do)


def switch(config: Config) -> Row:
    try:
        killed = sentinel.read(Path(config.paths.state))
    except OSError as error:
        return Row("FAIL", "kill switch", f"{error.strerror}", "give the kill file to this user")
    if killed is None:
        return Row("ok", "kill switch", "not thrown")
    return Row("warn", "kill switch", f"thrown {killed}", "tradebot rearm --by NAME --why TEXT")


async def gateway(config: Config) -> list[Row]:
    if own_simulator(config):
        import_module("venues.topstepx.simulator.server")
        return [Row("ok", "venue", "the simulator, started by the daemon itself")]
    if not config.venue.rest_url:
        return [Row("FAIL", "venue", "venue.rest_url is empty", "set it")]
    answer = await ping(config)
    if answer.state == "FAIL":
        return [answer]
    return [answer, await login(config)]


async def ping(config: Config) -> Row:
    """Does it answer, and what does it take the time to be?"""
    where = urlsplit(config.venue.rest_url).netloc
    url = f"{config.venue.rest_url.rstrip('/')}/api/Status/ping"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_MAX_S)) as http,
            http.get(url, allow_redirects=False) as answer,
        ):
            skew = skew_s(answer.headers.get("Date", ""), time.time())
            if answer.status != 200:
                return Row("FAIL", "venue", f"{where}: HTTP {answer.status}", "mend venue.rest_url")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        why = f"{where or url}: {type(error).__name__}"
        return Row("FAIL", "venue", why, "see network and venue.rest_url")
    if skew is None:
        return Row("warn", "venue", f"{where}: answers, does not tell its time")
    says = f"{where}: answers, its clock differs by {skew:+.0f} s"
    if config.run.mode == "live" and abs(skew) > SKEW_MAX_S:
        return Row("FAIL", "venue", says, "set this machine's clock")
    return Row("ok", "venue", says)


async def login(config: Config) -> Row:
    try:
        who = credentials.load()
    except ConfigError:
        return Row("FAIL", "login", "not tried without credentials")
    once = replace(config.venue, read_tries=1)
    venue = Client(
        once, config.settings().instrument, who, time.time_ns, config.feed.stale_s
    )  # fmt: skip
    try:
        await venue.open()
    except (TradebotError, Unreachable) as error:
        return Row("FAIL", "login", str(error))
    finally:
        await venue.close()
    says = f"account {venue.account_id}, contract {venue.contract_id}, balance {venue.balance}"
    if not venue.can_trade:
        return Row("warn", "login", f"{says}, which may not trade: exits only")
    return Row("ok", "login", says)

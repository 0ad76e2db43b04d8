"""config.toml and its environment overrides into one frozen value; one line when it is refused."""

import hashlib
import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core import settings as s
from core.ceilings import loose, retired, unlisted
from core.errors import ConfigError
from core.instruments import INSTRUMENTS
from core.portfolio import PortfolioSettings
from core.sense import faults
from core.wording import explain


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """Every key must be there, and no other."""


class Run(Section, frozen=True):
    mode: str
    speed: float


class Live(Section, frozen=True):
    armed: bool
    build: str
    evidence: str


class Paths(Section, frozen=True):
    state: str
    wal: str
    tape: str


class Venue(Section, frozen=True):
    kind: str
    rest_url: str
    user_hub_url: str
    market_hub_url: str
    account_id: int
    contract_id: str
    request_timeout_s: float
    connect_timeout_s: float
    ping_s: float
    silence_s: float
    backoff_s: float
    backoff_max_s: float
    read_tries: int
    requests_max: int
    bars_max: int
    reserve: float
    token_early_s: float


class Account(Section, frozen=True):
    balance_start: Decimal


class InstrumentChoice(Section, frozen=True):
    symbol: str
    fee: Decimal
    commission: Decimal


class Model(Section, frozen=True):
    path: str
    sha256: str


class Log(Section, frozen=True):
    group_s: float
    group_records: int
    segment_mb: int
    sync_timeout_s: float
    exit_wait_s: float
    snapshot_records: int
    snapshots_kept: int
    free_min_mb: int
    ballast_mb: int


class Supervisor(Section, frozen=True):
    restarts_max: int
    critical_restarts_max: int
    restart_window_s: float
    inbox_depth: int
    stop_timeout_s: float
    lag_alarm_s: float
    lag_max_s: float


class Api(Section, frozen=True):
    port: int


class Paging(Section, frozen=True):
    command: str
    timeout_s: float


class Research(Section, frozen=True):
    cluster: str
    storage: str


class Gateway(Section, frozen=True):
    port: int
    balance: Decimal
    token_life_s: int
    brackets: bool
    requests_max: int
    bars_max: int
    position_max: int
    venue_tag_forever: bool


class Config(Section, frozen=True):
    run: Run
    live: Live
    paths: Paths
    venue: Venue
    account: Account
    instrument: InstrumentChoice
    feed: s.FeedSettings
    bars: s.BarSettings
    model: Model
    signals: s.SignalSettings
    risk: s.RiskSettings
    execution: s.ExecutionSettings
    recovery: s.RecoverySettings
    session: s.SessionSettings
    conditions: s.ConditionSettings
    sizing: s.SizingSettings
    breakers: s.BreakerSettings
    stops: s.StopSettings
    slippage: s.SlippageSettings
    prop: s.PropSettings
    portfolio: PortfolioSettings
    controls: s.ControlSettings
    log: Log
    supervisor: Supervisor
    api: Api
    paging: Paging
    gateway: Gateway
    research: Research

    def settings(self) -> s.Settings:
        """The part that decides."""
        row = INSTRUMENTS[self.instrument.symbol]
        instrument = replace(row, fee=self.instrument.fee, commission=self.instrument.commission)
        return s.Settings(
            instrument, self.feed, self.bars, self.signals, self.risk, self.execution,
            self.recovery, self.session, self.conditions, self.sizing, self.breakers, self.stops,
            self.prop, self.controls, self.slippage, s.EDITION, self.portfolio,
        )  # fmt: skip

    def sha256(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


# All that tomllib and Decimal raise: bad syntax, 5,000 digits, 1e(10**20), deep nesting.
_UNREADABLE = (ValueError, ArithmeticError, RecursionError)


def load(path: Path, env: Mapping[str, str] = os.environ) -> Config:
    """Read, override from `env`, check. Raises ConfigError naming file, key and expectation."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file: name one with --config") from None
    except (OSError, *_UNREADABLE) as error:
        raise ConfigError(f"{path}: not readable as TOML: {error}") from None
    override(table, env)
    if why := retired(table):
        raise ConfigError(f"{path}: {why}")
    complete(table, path)
    try:
        config = msgspec.convert(table, Config, strict=True, builtin_types=(Decimal,))
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {explain(str(error))}") from None
    check(config, path)
    return config


def override(table: dict[str, Any], env: Mapping[str, str]) -> None:
    """Put TRADEBOT_<SECTION>_<KEY> into the table: text as it is, all else read as TOML.

    One that names no key is refused: whoever set it believes it in force.
    """
    known = {
        f"TRADEBOT_{section}_{key}".upper()
        for section, part in get_type_hints(Config).items()
        for key in get_type_hints(part)
    }
    if strange := sorted(
        name for name in env if name.startswith("TRADEBOT_") and name not in known
    ):
        raise ConfigError(f"{strange[0]}: no such key: mend its name or unset it")
    for section, part in get_type_hints(Config).items():
        for key, kind in get_type_hints(part).items():
            given = table.get(section)
            if not isinstance(given, dict):
                continue
            raw = env.get(f"TRADEBOT_{section}_{key}".upper())
            if raw is not None:
                if not raw.isprintable():
                    raise ConfigError(f"TRADEBOT_{section}_{key}".upper() + ": not plain text")
                given[key] = raw if kind is str else parse(raw)
            if kind is Decimal and type(given.get(key)) is int:
                given[key] = Decimal(given[key])


def complete(table: dict[str, Any], path: Path) -> None:
    """Refuse a missing key even where old logs may lack it, and so its field has a default."""
    for section, part in get_type_hints(Config).items():
        given = table.get(section)
        if not isinstance(given, dict):
            continue  # as msgspec will say
        missing = [key for key in part.__struct_fields__ if key not in given]
        if missing:
            raise ConfigError(f"{path}: {section}.{missing[0]}: missing: every key must be given")


def parse(raw: str) -> Any:
    try:
        return tomllib.loads(f"value = {raw}", parse_float=Decimal)["value"]
    except _UNREADABLE:
        return raw


def check(config: Config, path: Path) -> None:
    """Refuse what does not exist, cannot be a limit, or makes no sense together."""
    for fault in faults(config):
        raise ConfigError(f"{path}: {fault}")
    if why := loose(config) or unlisted(config):
        raise ConfigError(f"{path}: {why}")

"""Who has history: Databento, the exchanges behind ccxt, TopstepX. Each gives bars of a span.

`Service.bars` asks once. Raises Busy when it may be asked again, UsageError when that is no use;
neither tells a key.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit, urlunsplit

import polars as pl
import requests

from core.clock import SECOND
from core.errors import UsageError
from research import bars, dbn
from venues.topstepx import credentials

TIMEOUT_S = 60.0
EMPTY = pl.DataFrame(
    schema={name: pl.Int64 if name == "start" else pl.Float64 for name in bars.COLUMNS}
)
UNITS = {1: (1, 1), 60: (2, 1), 300: (2, 5), 900: (2, 15), 3600: (3, 1), 86_400: (4, 1)}
SCHEMAS = {1: "ohlcv-1s", 60: "ohlcv-1m", 3600: "ohlcv-1h", 86_400: "ohlcv-1d"}
FRAMES = {1: "1s", 60: "1m", 300: "5m", 900: "15m", 3600: "1h", 86_400: "1d"}
PAGE_ROWS, BARS_MAX = 1000, 20_000
NAMES = {"databento": "DATABENTO_API_KEY"}


class Busy(Exception):
    """Not now: the service is slow, down or counts our calls."""


class Service(Protocol):
    name: str
    symbol: str
    step_s: int
    span_s: int  # of one request at most
    open_always: bool

    def bars(self, since: int, until: int) -> pl.DataFrame: ...


def moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1e9, UTC).isoformat()


def answered(response: requests.Response, what: str) -> requests.Response:
    if response.status_code in (401, 403):
        raise UsageError(f"{what}: the key was refused ({response.status_code})")
    if response.status_code == 429 or response.status_code >= 500:
        raise Busy(f"{what}: {response.status_code}")
    if response.status_code != 200:
        why = response.text.strip().splitlines()[:1]
        raise UsageError(f"{what}: {response.status_code}: {''.join(why)[:200]}")
    return response


def post(url: str, what: str, **how: Any) -> requests.Response:
    try:
        return answered(requests.post(url, timeout=TIMEOUT_S, **how), what)
    except requests.RequestException as error:
        raise Busy(f"{what}: {type(error).__name__}") from None


def one_of(table: Mapping[int, Any], step_s: int, who: str) -> Any:
    if step_s not in table:
        steps = ", ".join(map(str, table))
        raise UsageError(f"{who} has no bars of {step_s} s: expected one of {steps}")
    return table[step_s]


class Databento:
    """Historical API of Databento; bars of one symbol, as DBN."""

    name, span_s, open_always = "databento", 86_400, False
    url = "https://hist.databento.com"

    def __init__(self, symbol: str, step_s: int, env: Mapping[str, str], **how: str) -> None:
        if "," in symbol or symbol.endswith((".FUT", ".OPT")):  # rows would not say whose they are
            raise UsageError(f"{symbol}: many contracts at once: expected one, or as MES.v.0")
        self.symbol, self.step_s = symbol, step_s
        self.schema = one_of(SCHEMAS, step_s, "Databento")
        self.url = how.get("url") or self.url
        self.dataset = how.get("dataset") or "GLBX.MDP3"
        rolled = any(rule in symbol for rule in (".c.", ".v.", ".n."))
        self.kind = "continuous" if rolled else "raw_symbol"
        self.key = credentials.find(NAMES["databento"], env)

    def bars(self, since: int, until: int) -> pl.DataFrame:
        asked = {
            "dataset": self.dataset, "symbols": self.symbol, "schema": self.schema,
            "stype_in": self.kind, "stype_out": "instrument_id", "encoding": "dbn",
            "compression": "zstd", "start": moment(since), "end": moment(until),
        }  # fmt: skip
        url = f"{self.url}/v0/timeseries.get_range"
        answer = post(url, "databento", data=asked, auth=(self.key, ""))
        frame = dbn.decode(answer.content, "databento").collect()
        return frame.rename({"ts_event": "start"}).select(
            "start", *(pl.col(name).cast(pl.Float64) for name in bars.COLUMNS[1:])
        )


class Ccxt:
    """Public candles of an exchange that ccxt knows."""

    name, open_always = "ccxt", True

    def __init__(self, symbol: str, step_s: int, env: Mapping[str, str], **how: str) -> None:
        try:
            import ccxt
        except ModuleNotFoundError as error:
            raise UsageError(f"this needs {error.name}: run `make research`") from None
        exchange = how.get("exchange") or "binance"
        if exchange not in ccxt.exchanges:
            raise UsageError(f"{exchange}: ccxt knows no such exchange")
        self.symbol, self.step_s = symbol, step_s
        self.frame = one_of(FRAMES, step_s, exchange)
        self.span_s = PAGE_ROWS * step_s
        self.ccxt = ccxt
        self.exchange = getattr(ccxt, exchange)({"enableRateLimit": True})
        self.name = f"ccxt-{exchange}"
        if how.get("url"):
            self.exchange.urls["api"] = elsewhere(self.exchange.urls["api"], how["url"])
            self.exchange.options["fetchMarkets"] = {"types": ["spot"]}
            self.exchange.options["fetchCurrencies"] = False

    def bars(self, since: int, until: int) -> pl.DataFrame:
        rows: list[list[float]] = []
        begin = since // 10**6
        try:
            while begin < until // 10**6:
                page = self.exchange.fetch_ohlcv(self.symbol, self.frame, begin, PAGE_ROWS)
                page = [row for row in page if begin <= row[0]]
                rows += [row for row in page if row[0] < until // 10**6]
                if not page or page[-1][0] >= until // 10**6:
                    break
                begin = page[-1][0] + self.step_s * 1000
        except self.ccxt.BadSymbol as error:
            raise UsageError(f"{self.name}: {error}") from None
        except (self.ccxt.NetworkError, self.ccxt.ExchangeNotAvailable) as error:
            raise Busy(f"{self.name}: {type(error).__name__}") from None
        except self.ccxt.BaseError as error:
            raise UsageError(f"{self.name}: {str(error)[:200]}") from None
        return table([[row[0] * 10**6, *row[1:6]] for row in rows])


def elsewhere(urls: Any, base: str) -> Any:
    """The same paths at another host."""
    if isinstance(urls, dict):
        return {key: elsewhere(value, base) for key, value in urls.items()}
    to = urlsplit(base)
    return urlunsplit((to.scheme, to.netloc, urlsplit(urls).path, "", ""))


class Topstepx:
    """The gateway's own history, as far back as it goes: newest first, 20,000 bars a call."""

    name, open_always = "topstepx", False
    url = "https://api.topstepx.com"

    def __init__(self, symbol: str, step_s: int, env: Mapping[str, str], **how: str) -> None:
        self.symbol, self.step_s = symbol, step_s
        self.unit, self.number = one_of(UNITS, step_s, "TopstepX")
        self.span_s = BARS_MAX * step_s
        self.url = how.get("url") or self.url
        self.who, self.token = credentials.load(env), ""

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = post(f"{self.url}/api/{path}", f"topstepx {path}", json=body, headers=headers)
        try:
            told = answer.json()
        except requests.JSONDecodeError:
            raise Busy(f"topstepx {path}: no JSON") from None
        if not isinstance(told, dict) or not told.get("success"):
            self.refused(path, told)
        return told

    def refused(self, path: str, told: Any) -> NoReturn:
        code = told.get("errorCode") if isinstance(told, dict) else told
        raise UsageError(f"topstepx {path}: refused with code {code}")

    def bars(self, since: int, until: int) -> pl.DataFrame:
        if not self.token:
            login = {"userName": self.who.username, "apiKey": self.who.api_key.reveal()}
            self.token = str(self.call("Auth/loginKey", login)["token"])
        told = self.call("History/retrieveBars", {
            "contractId": self.symbol, "live": False, "startTime": moment(since),
            "endTime": moment(until - self.step_s * SECOND), "unit": self.unit,
            "unitNumber": self.number, "limit": BARS_MAX, "includePartialBar": False,
        })  # fmt: skip
        return table([
            [int(datetime.fromisoformat(row["t"]).timestamp()) * SECOND,
             *(row[name] for name in "ohlcv")]
            for row in reversed(told.get("bars") or [])
        ])  # fmt: skip


def table(rows: list[list[Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=EMPTY.schema, orient="row", strict=False) if rows else EMPTY


SERVICES: dict[str, Any] = {"databento": Databento, "ccxt": Ccxt, "topstepx": Topstepx}

"""What is fuzzed: each parser of foreign or stored bytes, with the few errors it may raise.

A target takes bytes and returns; any other error than those it names is a find. It also checks
what its parser promises of the values that do pass: that the log can hold them, for one.
"""

import contextlib
import re
import tempfile
import zlib
from decimal import Decimal
from pathlib import Path

import msgspec

from core.config import load, override
from core.errors import ConfigError, LogError
from core.messages import LOGGED, AccountSnapshot, Quote, Record, Trade
from storage import line, segments
from tests.venues.topstepx.server import ACCOUNT, CONTRACT
from venues.base import Unreachable
from venues.topstepx import account, answers, signalr, wire
from venues.topstepx.protocol import USER_EVENTS
from venues.topstepx.translate import Market, Refusal, Tags, User

SHAPES = (
    wire.Accounts, wire.Contracts, wire.OneContract, wire.Positions, wire.Orders, wire.Trades,
    wire.Placed, wire.Login, wire.Validated, wire.Envelope,
)  # fmt: skip
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
SPAN = range(2**63)


def loggable(message):
    """The log must take whatever the venue makes us say, and give it back."""
    raw, _ = line.encode(Record(1, "gateway", None, message), line.GENESIS, 1, "run")
    assert raw.isascii() and raw.count(b"\n") == 1 and b"\x1b" not in raw
    if not isinstance(message, AccountSnapshot):  # read back, a float of money may be a Decimal
        assert line.decode(raw).message == message


def believable(answer):
    """Messages of finite numbers that the log can hold, or one refusal in plain letters."""
    if isinstance(answer, Refusal):
        assert answer.why.isascii() and answer.why.isprintable()
        return
    for message in answer:
        assert message.at in SPAN
        match message:
            case Quote(bid=bid, ask=ask):
                assert 0 < bid < 1e9 and 0 < ask < 1e9
            case Trade(price=price, size=size):
                assert 0 < price < 1e9 and size > 0
            case _:
                assert isinstance(message, LOGGED)
                loggable(message)


def frames(data):
    """Text frames of a hub, cut at the bytes 0x1E, in two fragments."""
    splitter = signalr.Splitter()
    with contextlib.suppress(signalr.Malformed):
        middle = len(data) // 2
        whole = splitter.feed(data[:middle]) + splitter.feed(data[middle:])
        assert b"".join(whole) in data.replace(signalr.SEPARATOR, b"")
        for raw in whole:
            record = signalr.decode(raw)
            believable(Market(CONTRACT).on(record.target, record.arguments, 5))
            believable(User(ACCOUNT, CONTRACT).on(record.target, record.arguments))
    with contextlib.suppress(signalr.Malformed):
        signalr.greeting(data)


def arguments(data):
    """A record's arguments as what the market and the account say."""
    market, user = Market(CONTRACT), User(ACCOUNT, CONTRACT)
    body = msgspec.Raw(data)
    contract = msgspec.Raw(b'"%b"' % CONTRACT.encode())
    for target in ("GatewayQuote", "GatewayTrade"):
        believable(market.on(target, (contract, body), 5))
    for target in USER_EVENTS:
        believable(user.on(target, (body,)))


def rest(data):
    """The body of an answer, as every shape; then as the rows of a snapshot."""
    found = {}
    for shape in SHAPES:
        with contextlib.suppress(answers.Failed, answers.Refused):
            found[shape] = answers.decode("path", data, shape)
    key, half = (ACCOUNT, CONTRACT), found.get(wire.Accounts)
    orders, trades = found.get(wire.Orders), found.get(wire.Trades)
    for row in half.accounts if half else ():
        with contextlib.suppress(Unreachable):
            taken = account.assemble(
                key, 1, 5, Tags(), row, None,
                orders.orders if orders else [], trades.trades if trades else [],
            )  # fmt: skip
            loggable(taken)


def lines(data):
    """Lines of the log, also with a checksum that holds."""
    for raw in (data, sealed(data)):
        line.is_true(raw)
        line.holds_record(raw.splitlines(keepends=True))
        with contextlib.suppress(LogError):
            line.decode(raw)


def sealed(data):
    """The bytes as a line whose checksum holds: what no accident makes, but a hand may."""
    body = data.rstrip(b"\n")[:-19] if b'"crc"' in data else data
    return b'%b,"crc":"%08x"}\n' % (body, zlib.crc32(body))


def chained(data):
    """The same lines with checksums that hold, each naming the one before it."""
    crc = line.GENESIS.encode()
    for raw in data.splitlines(keepends=True):
        made = sealed(re.sub(rb'"prev":"\w{8}"', b'"prev":"%b"' % crc, raw, count=1))
        crc = made[-11:-3]
        yield made


def log(data):
    """A whole segment in a directory of its own."""
    for raw in (data, b"".join(chained(data))):
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            (Path(folder) / segments.name(1, 1)).write_bytes(raw)
            with contextlib.suppress(LogError):
                for read in segments.read(Path(folder)):
                    assert read.seq > 0
            with contextlib.suppress(LogError):
                segments.tail(segments.segments(Path(folder)))


def config(data):
    """A config.toml, or a value of the environment."""
    with tempfile.NamedTemporaryFile(dir=MEMORY) as file:
        file.write(data)
        file.flush()
        with contextlib.suppress(ConfigError):
            load(Path(file.name), {})
    text = data.decode("utf-8", "surrogateescape").replace("\0", "")
    table = {"log": {"group_s": 1.0}, "venue": {}}
    with contextlib.suppress(ConfigError):
        override(table, {"TRADEBOT_LOG_GROUP_S": text, "TRADEBOT_VENUE_REST_URL": text})
        msgspec.json.encode(table["venue"]["rest_url"])
        with contextlib.suppress(msgspec.ValidationError):
            msgspec.convert(table["log"]["group_s"], float, builtin_types=(Decimal,))


TARGETS = {one.__name__: one for one in (frames, arguments, rest, lines, log, config)}

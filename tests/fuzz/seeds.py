"""Where the fuzzers start: real frames, answers, log lines and our own configuration."""

import json
from pathlib import Path

from tests.venues.topstepx.server import (
    ACCOUNT_ROW,
    CONTRACT,
    CONTRACT_ROW,
    ORDER_ROW,
    POSITION_ROW,
    STAMP,
    TRADE_ROW,
    frame,
    jwt,
    no,
    ok,
)

ROOT = Path(__file__).parents[2]
QUOTE = {"bestBid": 6715.25, "bestAsk": 6715.5, "timestamp": STAMP, "lastUpdated": STAMP}
PRINT = {"price": 6715.25, "volume": 3, "timestamp": STAMP, "type": 0}
BODIES = [
    QUOTE, PRINT, [PRINT, PRINT], ORDER_ROW, TRADE_ROW, {"action": 1, "data": ORDER_ROW},
    {"action": 0, "data": TRADE_ROW}, {"action": 2, "data": POSITION_ROW}, ACCOUNT_ROW,
]  # fmt: skip
ANSWERS = [
    ok(accounts=[ACCOUNT_ROW], orders=[ORDER_ROW], trades=[TRADE_ROW], positions=[POSITION_ROW],
       contracts=[CONTRACT_ROW], contract=CONTRACT_ROW, totalCount=1),
    ok(orders=[ORDER_ROW | {"customTag": None}]), ok(orderId=5), ok(token=jwt(), newToken=jwt()),
    ok(), no(2, "Invalid price"), {},
]  # fmt: skip


def log_files():
    return [path.read_bytes() for path in sorted((ROOT / "tests/golden/wal-v1").glob("*.jsonl"))]


def seeds(name):
    """Of a target, by its name."""
    bodies = [json.dumps(body).encode() for body in BODIES]
    match name:
        case "frames":
            names = ("GatewayQuote", "GatewayTrade", "GatewayUserOrder", "GatewayUserTrade")
            market = [frame(n, CONTRACT, b).encode() for n in names[:2] for b in BODIES[:3]]
            user = [frame(n, b).encode() for n in names[2:] for b in BODIES[3:]]
            others = [b'{"type":6}\x1e{}\x1e', b'{"type":7,"error":"x"}\x1e', b'{"error":"no"}\x1e',
                      b'{"type":3,"invocationId":"0","result":null}\x1e']  # fmt: skip
            return [*market, *user, *others, b"".join(market)]
        case "arguments":
            return bodies
        case "rest":
            return [json.dumps(answer).encode() for answer in ANSWERS]
        case "lines":
            return [raw for file in log_files() for raw in file.splitlines(keepends=True)]
        case "log":
            return log_files()
    return [(ROOT / "config.toml").read_bytes(), b"[run]\nmode = 1e999\n", b"5", b"'x'"]

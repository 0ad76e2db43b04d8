"""Broken answers of each endpoint: what faulty servers, proxies and cut wires make of good ones."""

import json
from typing import get_type_hints

from aiohttp import web
from msgspec.structs import fields

from tests.venues.topstepx.server import (
    ACCOUNT_ROW,
    CONTRACT_ROW,
    ORDER_ROW,
    POSITION_ROW,
    TRADE_ROW,
    jwt,
    ok,
)
from tests.venues.topstepx.test_answers import BROKEN, NO_PAYLOAD
from venues.topstepx import wire

GOOD = {
    "Auth/loginKey": (wire.Login, ok(token=jwt())),
    "Auth/validate": (wire.Validated, ok(newToken=jwt())),
    "Account/search": (wire.Accounts, ok(accounts=[ACCOUNT_ROW])),
    "Contract/search": (wire.Contracts, ok(contracts=[CONTRACT_ROW])),
    "Contract/searchById": (wire.OneContract, ok(contract=CONTRACT_ROW)),
    "Position/searchOpen": (wire.Positions, ok(positions=[POSITION_ROW])),
    "Order/searchOpen": (wire.Orders, ok(orders=[ORDER_ROW])),
    "Order/search": (wire.Orders, ok(orders=[ORDER_ROW])),
    "Order/v2/query": (wire.Orders, ok(orders=[ORDER_ROW | {"status": 8}], totalCount=1)),
    "Trade/search": (wire.Trades, ok(trades=[TRADE_ROW])),
    "Order/place": (wire.Placed, ok(orderId=3500000101)),
    "Order/cancel": (wire.Envelope, ok()),
    "Order/modify": (wire.Envelope, ok()),
    "Position/closeContract": (wire.Envelope, ok()),
    "Position/partialCloseContract": (wire.Envelope, ok()),
}
WRONG = {
    str: (5, 1.5, True, None, [], {}, ["x"]),
    bool: ("true", 1, 0, None, [], {}, "false"),
    None: ("5", "x", "NaN", True, None, [], {}, -(10**30), 10**400),
}


def required(shape):
    """The keys that must be there, with the type of each."""
    hints = get_type_hints(shape)
    return [(one.encode_name, hints[one.name]) for one in fields(shape) if one.required]


def wrong_values(row, shape):
    """The row with each required key left out, or with a value of another kind."""
    for key, kind in required(shape):
        if key in ("success", "errorCode") and shape is not wire.Envelope:
            continue  # the envelope's own turn
        yield f"{key} missing", {name: value for name, value in row.items() if name != key}
        scalar = str if kind is wire.Secret else kind
        for value in WRONG.get(scalar, WRONG[None]):
            if isinstance(value, list) and isinstance(row[key], list):
                continue  # an empty list is the truth
            yield f"{key} {str(value)[:12]}", row | {key: value}


def rows(good):
    """Where rows stand in an answer: the key, and the type they have."""
    kinds = {
        "accounts": wire.AccountRow, "contracts": wire.ContractRow, "contract": wire.ContractRow,
        "positions": wire.PositionRow, "orders": wire.OrderRow, "trades": wire.TradeRow,
    }  # fmt: skip
    return next(((key, kinds[key]) for key in good if key in kinds), (None, None))


def texts(good):
    """Bytes that are near to the good ones."""
    whole = json.dumps(good)
    raw = whole.encode()
    for part in range(1, 12):
        yield f"cut at {part}/12", raw[: len(raw) * part // 12]
    for key, value in good.items():
        for other in ([], {}, None, not value if isinstance(value, bool) else value):
            twice = f', "{key}": {json.dumps(other)}}}'
            yield f"{key} twice, then {other}", (whole[:-1] + twice).encode()
            yield f"{key} twice, first {other}", ("{" + twice[2:-1] + ", " + whole[1:]).encode()
    escaped = f'{whole[:-1]}, "\\u0073uccess": true}}'
    yield from {
        "an escaped key twice": escaped.encode(),
        "utf-16": whole.encode("utf-16"),
        "bom": b"\xef\xbb\xbf" + raw,
        "guarded": b")]}',\n" + raw,
        "callback": b"f(" + raw + b")",
        "trailing": raw + b"}",
        "two": raw + raw,
        "html after": raw + b"<html>",
        "nul": raw + b"\0",
        "in a list": b"[" + raw + b"]",
        "in a text": json.dumps(whole).encode(),
        "no quotes": raw.replace(b'"', b""),
        "one quote": raw.replace(b'"', b"'"),
        "in html": b"<html>" + raw + b"</html>",
        "comma": raw[:-1] + b",}",
    }.items()


def mutations(path):
    """Name -> what the server answers; none of them is a whole and true answer."""
    shape, good = GOOD[path]
    made = dict(BROKEN)
    made |= {name: web.Response(body=raw) for name, raw in texts(good)}
    made |= dict(wrong_values({"success": True, "errorCode": 0}, wire.Envelope))
    made |= {
        f"all but {name}": good | change
        for name, change in made.items()
        if isinstance(change, dict) and good | change != good
    }
    made |= dict(wrong_values(good, shape))
    key, kind = rows(good)
    if key:
        made |= {f"rows: {name}": ok(**{key: value}) for name, value in NO_PAYLOAD.items()
                 if name != "no payload"}  # fmt: skip
        listed = isinstance(good[key], list)
        row = good[key][0] if listed else good[key]
        for name, bad in wrong_values(row, kind):
            made[f"row: {name}"] = good | {key: [bad] if listed else bad}
        if "accountId" in row:
            made["another account"] = good | {key: [row | {"accountId": 5}]}
        if path == "Contract/searchById":
            made["another contract"] = good | {key: row | {"id": "CON.F.US.MES.H27"}}
    return made

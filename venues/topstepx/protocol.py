"""The gateway's wire: paths, integers for enums, stamps, refusals. Source: ProjectX gateway docs.

Ids of orders and trades are 64-bit. Prices travel as JSON numbers. All stamps are UTC.
"""

from datetime import UTC, datetime

from core.terms import OrderType, Status

MARKET_EVENTS = ("GatewayQuote", "GatewayTrade", "GatewayDepth")
USER_EVENTS = (
    "GatewayUserAccount", "GatewayUserOrder", "GatewayUserPosition", "GatewayUserTrade",
)  # fmt: skip
LOGOUT_EVENT = "GatewayLogout"
END_OF_TAPE = "end of tape"  # argument of our simulator's GatewayLogout when its tape is over

SIDE_OUT = {1: 0, -1: 1}  # ours -> OrderSide: 0 bid (buy), 1 ask (sell)
SIDE_IN = {0: 1, 1: -1}

TYPE_OUT = {
    OrderType.LIMIT: 1,
    OrderType.MARKET: 2,
    OrderType.STOP_LIMIT: 3,
    OrderType.STOP: 4,
    OrderType.TRAILING_STOP: 5,
}
TYPE_IN = {code: kind for kind, code in TYPE_OUT.items()}

STATUS_OUT = {
    Status.WORKING: 1,
    Status.FILLED: 2,
    Status.CANCELLED: 3,
    Status.EXPIRED: 4,
    Status.REJECTED: 5,
    Status.PENDING: 6,
    Status.SUSPENDED: 8,
}
STATUS_IN = {code: status for status, code in STATUS_OUT.items()} | {7: Status.WORKING}

STOP_SUFFIX, TARGET_SUFFIX = "-SL", "-TP"  # tags of bracket legs


def stamp(at: int) -> str:
    """UTC ns -> ISO text with seven digits of a second, as .NET writes it."""
    seconds, rest = divmod(at, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{rest // 100:07d}+00:00"


def nanoseconds(text: str) -> int:
    """ISO text with 0-9 digits of a second and `Z` or an offset -> UTC ns. Raises ValueError."""
    head, dot, tail = text.partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))] if dot else ""
    whole = datetime.fromisoformat(head + tail[len(digits) :] if dot else text)
    if whole.tzinfo is None:
        whole = whole.replace(tzinfo=UTC)
    return int(whole.timestamp()) * 1_000_000_000 + int(digits[:9].ljust(9, "0"))

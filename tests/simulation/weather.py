"""What the venue does to a session: scripts of faults for the gateway, composed by a seed.

Each is a list for `--faults` of `tradebot gateway`. Counts are so high that a session ends first.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

Script = list[dict[str, Any]]
PLACE, ANY = "Order/place", "*"
USER_EVENTS = ("GatewayUserOrder", "GatewayUserTrade", "GatewayUserPosition")
CHANGES = ("Order/modify", "Order/cancel", "Position/closeContract")
LIES = (
    "<html><body>502 Bad Gateway</body></html>", '{"success":true,"orderId":35', "", "null", "[]",
    '{"success":true,"errorCode":0,"errorMessage":null,"orders":null,"trades":null,'
    '"positions":null,"accounts":null}',
)  # fmt: skip
CODES = (429, 500, 502, 503, 504)


def at_times(rng: Random, on: str, most: int, chance: float, deeds: Sequence[dict]) -> Script:
    """One of the deeds at some of the first `most` occurrences."""
    times = [n for n in range(1, most + 1) if rng.random() < chance]
    return [{"on": on, "nth": n, **drawn(rng, rng.choice(deeds))} for n in times]


def drawn(rng: Random, deed: dict[str, Any]) -> dict[str, Any]:
    """The deed with its numbers: what may vary is given as a function of chance."""
    return {key: value(rng) if callable(value) else value for key, value in deed.items()}


def between(least: float, most: float) -> Any:
    """Seconds, evenly over the orders of magnitude."""
    return lambda rng: least * (most / least) ** rng.random()


def of(values: Sequence[Any]) -> Any:
    return lambda rng: rng.choice(values)


ANSWERED_BADLY = (
    {"do": "lose_reply"},
    {"do": "status_after", "code": of(CODES)},
    {"do": "body", "body": of(LIES)},
)
NOT_DONE = ({"do": "status", "code": of(CODES)}, {"do": "lose_request"})
LATE = {"do": "delay", "seconds": between(0.05, 4)}


def calm(rng: Random) -> Script:
    return []


def replies_lost(rng: Random) -> Script:
    return at_times(rng, PLACE, 30, 0.5, ANSWERED_BADLY)


def orders_late(rng: Random) -> Script:
    """Some arrive when their sender has long given up waiting, some never do."""
    deeds = ({"do": "delay", "seconds": between(0.3, 299)}, {"do": "lose_request"})
    return at_times(rng, PLACE, 20, 0.4, deeds)


def nonsense(rng: Random) -> Script:
    return at_times(rng, ANY, 600, rng.choice((0.05, 0.2)), (*ANSWERED_BADLY, *NOT_DONE, LATE))


def user_events(rng: Random) -> Script:
    """30 % doubled, 10 % lost, and many overtaken by what came later."""
    late = {"do": "late", "seconds": between(0.01, 5)}
    deeds = ({"do": "duplicate"},) * 3 + ({"do": "drop"},) + (late,) * 3
    return [row for on in USER_EVENTS for row in at_times(rng, on, 120, 0.7, deeds)]


def queries_behind(rng: Random) -> Script:
    """Up to 5 s long they show what was before an order, a change or a fill that the hub tells."""
    behind = ({"do": "lag", "seconds": between(1, 4.9)},)
    return [
        row for on in (PLACE, *CHANGES, *USER_EVENTS) for row in at_times(rng, on, 60, 0.4, behind)
    ]


def logins(rng: Random) -> Script:
    """Some logins fail, or take their time."""
    deeds = ({"do": "status", "code": of(CODES)}, LATE, {"do": "lose_reply"})
    return at_times(rng, "Auth/loginKey", 20, 0.3, deeds)


def cruel(rng: Random) -> Script:
    """Orders late, changes lost, news missing: what a flatten may meet."""
    deeds = (*ANSWERED_BADLY, *NOT_DONE, LATE)
    changes = [row for on in CHANGES for row in at_times(rng, on, 20, 0.3, deeds)]
    events = at_times(rng, "GatewayUserTrade", 30, 0.2, ({"do": "drop"}, {"do": "duplicate"}))
    return [*at_times(rng, PLACE, 20, 0.4, (LATE,)), *changes, *events]

"""No broken answer of any endpoint is a truth: not "flat", not "no orders", not "done" (V3)."""

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from core.errors import ConfigError
from tests.hostile.answers import GOOD, mutations
from tests.venues.topstepx.server import COMMANDS, CONTRACT, Gateway, trading
from venues.base import Unknown, Unreachable

QUERIES = [
    "Account/search", "Position/searchOpen", "Order/searchOpen", "Order/search", "Order/v2/query",
    "Trade/search",
]  # fmt: skip
STARTS = ["Auth/loginKey", "Account/search", "Contract/search", "Contract/searchById"]


def full():
    """A gateway whose account holds a position, orders and a fill: nothing of it may get lost."""
    gateway = Gateway()
    gateway.answers |= {path: good for path, (_, good) in GOOD.items()}
    return gateway


def roomy(**changes):
    return {"read_tries": 1, "requests_max": 10**6, **changes}


def timeless(told):
    """Without what our clock had to do with it."""
    return replace(told, skew=UNSET)


def test_there_are_enough_cases():
    counts = {path: len(mutations(path)) for path in GOOD}
    assert min(counts.values()) >= 50 and sum(counts.values()) >= 500, counts


@pytest.mark.parametrize("path", QUERIES)
async def test_no_part_of_the_truth_gets_lost(path):
    gateway, found = full(), {}
    async with trading(gateway, **roomy()) as client:
        good = timeless(await client.snapshot(0, 7))
        assert good.position == 2 and len(good.orders) == len(good.fills) == 1
        for name, answer in mutations(path).items():
            gateway.answers[path] = answer
            try:
                found[name] = await client.snapshot(0, 7)
            except Unreachable as error:
                assert str(error).isascii() and str(error).isprintable() and len(str(error)) < 400
        gateway.answers[path] = GOOD[path][1]
        assert timeless(await client.snapshot(0, 7)) == good
    assert not found


@pytest.mark.parametrize("path", COMMANDS)
async def test_no_command_is_taken_for_done_or_refused(path):
    gateway, found = full(), {}
    async with trading(gateway, **roomy()) as client:
        for name, answer in mutations(path).items():
            before = gateway.count(path)
            gateway.answers[path] = answer
            try:
                found[name] = await COMMANDS[path](client)
            except Unknown as error:
                assert str(error).isascii() and str(error).isprintable() and len(str(error)) < 400
            assert gateway.count(path) == before + 1, name
    assert not found


@pytest.mark.parametrize("path", STARTS)
async def test_no_start_on_a_broken_answer(path):
    gateway, found = full(), {}
    chosen = {"contract_id": CONTRACT} if path.endswith("ById") else {}
    async with trading(gateway, opened=False, **roomy(**chosen)) as client:
        for name, answer in mutations(path).items():
            gateway.answers[path] = answer
            client._rest._token = None
            try:
                await client.open()
                found[name] = client.contract_id
            except (Unreachable, ConfigError) as error:
                assert str(error).isascii() and str(error).isprintable() and len(str(error)) < 400
    assert not found


async def test_a_broken_renewal_of_a_dead_token_costs_a_login_and_no_truth():
    gateway = full()
    async with trading(gateway, **roomy()) as client:
        good, broken = timeless(await client.snapshot(0, 7)), mutations("Auth/validate")
        for name, answer in broken.items():
            gateway.answers["Auth/validate"] = answer
            client._rest._renew_at = client._rest._dead_at = 0.0
            assert timeless(await client.snapshot(0, 7)) == good, name
    assert gateway.count("Auth/loginKey") == 1 + len(broken)

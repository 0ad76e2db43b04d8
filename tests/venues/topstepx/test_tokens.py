"""A token is had once, renewed before it expires, and serves as long as it lives (V6)."""

import asyncio
from contextlib import suppress
from time import monotonic

import pytest
from aiohttp import web

from core.errors import ConfigError
from tests.venues.topstepx.server import (
    COMMANDS,
    ENTRY,
    EXIT,
    Gateway,
    frame,
    jwt,
    no,
    ok,
    running,
    settings,
    trading,
)
from venues.base import Unauthorised, Unknown, Unreachable
from venues.topstepx import backoff
from venues.topstepx.answers import LoginRefused, Refused


async def test_an_expired_token_makes_an_order_unknown_and_the_next_call_logs_in():
    gateway = Gateway()
    gateway.answers["Order/place"] = web.Response(status=401)
    async with trading(gateway) as client:
        with pytest.raises(Unknown):
            await client.place(ENTRY, 1)
        await client.snapshot(0, 1)
    assert gateway.count("Order/place") == 1
    assert gateway.count("Auth/loginKey") == 2


@pytest.mark.parametrize(("validated", "logins"), [(ok(newToken=jwt()), 1), (no(3), 2)])
async def test_a_token_is_renewed_before_it_expires(validated, logins):
    gateway, lives = Gateway(), [1e-6, 86_400]
    gateway.answers["Auth/loginKey"] = lambda _: ok(token=jwt(lives.pop(0)))
    gateway.answers["Auth/validate"] = validated
    async with trading(gateway) as client:
        await client.snapshot(0, 1)
    assert gateway.count("Auth/validate") == 1
    assert gateway.count("Auth/loginKey") == logins


async def test_a_token_that_cannot_be_renewed_serves_as_long_as_it_lives():
    gateway = Gateway()
    async with trading(gateway, backoff_max_s=60.0) as client:
        for path in ("Auth/validate", "Auth/loginKey"):
            gateway.answers[path] = web.Response(status=503)
        client._rest._renew_at = 0.0
        for _ in range(2):
            assert (await client.place(ENTRY, 1))[0].venue_id == 3500000101
    assert gateway.count("Auth/validate") == 1


@pytest.mark.parametrize("path", [path for path in COMMANDS if path != "Order/place"])
async def test_an_exit_waits_for_no_renewal_while_its_token_lives(path):
    """The renewal hangs; a position may be bare, or on its way out."""
    gateway, hung = Gateway(), asyncio.Event()
    async with trading(gateway) as client:
        gateway.answers["Auth/validate"] = lambda _: hung.wait()
        client._rest._renew_at = 0.0
        look = asyncio.ensure_future(client.snapshot(0, 1))
        for call in (COMMANDS[path], lambda client: client.place(EXIT, 1)):
            await asyncio.wait_for(call(client), 1.0)
        look.cancel()
        hung.set()
    assert gateway.count(path) == gateway.count("Order/place") == 1


async def test_a_token_that_could_not_be_renewed_is_renewed_when_it_dies_at_the_latest():
    gateway = Gateway()
    gateway.answers["Auth/validate"] = web.Response(status=503)
    async with trading(gateway, backoff_max_s=30.0) as client:
        client._rest._renew_at, client._rest._dead_at = 0.0, monotonic() + 10.0
        await client.place(ENTRY, 1)
        assert client._rest._renew_at == client._rest._dead_at


async def test_many_callers_log_in_once():
    gateway = Gateway()
    async with trading(gateway, opened=False) as client:
        await asyncio.gather(*(client._rest.token() for _ in range(20)))
    assert gateway.count("Auth/loginKey") == 1


@pytest.mark.parametrize("code", [1, 2, 3, 9, 10])
async def test_refused_credentials_stop_the_start(code):
    gateway = Gateway()
    gateway.answers["Auth/loginKey"] = no(code)
    async with trading(gateway, opened=False) as client:
        with pytest.raises(ConfigError, match="mend TOPSTEPX_USERNAME or TOPSTEPX_API_KEY"):
            await client.open()


async def test_an_order_that_could_not_log_in_is_unreachable_not_refused():
    gateway = Gateway()
    async with trading(gateway) as client:
        client._rest.forget(await client._rest.token())
        gateway.answers["Auth/loginKey"] = no(3)
        with pytest.raises(Unreachable) as failed:
            await client.place(ENTRY, 1)
    assert not isinstance(failed.value, Refused)
    assert gateway.count("Order/place") == 0


@pytest.mark.parametrize("code", [3, 8])
async def test_a_refused_login_is_not_tried_again_at_each_call(code):
    """Links and looks ask every few seconds, for as long as nobody mends it; exits try at once."""
    gateway = Gateway()
    async with trading(gateway, backoff_s=60.0, backoff_max_s=60.0) as client:
        client._rest.forget(await client._rest.token())
        gateway.answers["Auth/loginKey"] = no(code)
        for _ in range(20):
            with pytest.raises(Unauthorised, match=f"Auth/loginKey: code {code}"):
                await client.snapshot(0, 1)
        assert gateway.count("Auth/loginKey") == 1 + 1
        with pytest.raises(Unauthorised):
            await client.place(EXIT, 1)
        assert gateway.count("Auth/loginKey") == 1 + 2
        gateway.answers["Auth/loginKey"] = ok(token=jwt())
        await client.place(EXIT, 1)
        await client.snapshot(0, 1)
    assert gateway.count("Auth/loginKey") == 1 + 3


def test_the_wait_before_the_next_login_doubles_up_to_a_limit(monkeypatch):
    now, waits = [0.0], []
    monkeypatch.setattr(backoff, "monotonic", lambda: now[0])
    door = backoff.Door(settings(backoff_s=0.5, backoff_max_s=3.0))
    for _ in range(5):
        door.knock()
        door.refused(Refused("Auth/loginKey", 3, ""))
        began = now[0]
        while True:
            with suppress(LoginRefused):
                door.knock()
                break
            now[0] += 0.5
        waits.append(now[0] - began)
    assert waits == [0.5, 1.0, 2.0, 3.0, 3.0]


async def test_a_session_that_was_ended_elsewhere_is_followed_by_a_new_token():
    """The old one still opens a hub, which then sends us away: for ever, if we kept it."""
    gateway, used = Gateway(), []

    async def sends_the_first_away(socket):
        used.append(socket._req.query["access_token"])
        if used[-1] == used[0]:
            await socket.send_str(frame("GatewayLogout", "elsewhere"))

    gateway.scripts["user"] = [sends_the_first_away] * 20
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda _: len(set(used)) == 2)
        await client.place(ENTRY, 1)
    assert gateway.count("Auth/validate") == 1  # an exit had the old one until there was the new

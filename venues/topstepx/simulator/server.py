"""The whole simulator on one loopback port: start it, hand out its address, stop it cleanly."""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSCloseCode, web

from core.config import Gateway
from core.instruments import Instrument
from venues.topstepx.simulator.contract import front
from venues.topstepx.simulator.faults import Faults
from venues.topstepx.simulator.hubs import Hub, Timers
from venues.topstepx.simulator.ledger import Ledger
from venues.topstepx.simulator.reference_api import Credentials
from venues.topstepx.simulator.rest import Rest, bearer, cut
from venues.topstepx.simulator.session import Tokens
from venues.topstepx.simulator.wire import Wire
from venues.topstepx.simulator.world import LOCKSTEP, Tape, World

ACCOUNT_FIRST, ACCOUNT_RANGE = 10_000_000, 80_000_000
SHUTDOWN_S = 2.0


class Simulator:
    def __init__(
        self,
        tape: Tape,
        speed: float,
        instrument: Instrument,
        terms: Gateway,
        faults: Faults,
        ledger: Ledger,
        credentials: Credentials,
        timers: Timers | None = None,
    ) -> None:
        account_id = ACCOUNT_FIRST + secrets.randbelow(ACCOUNT_RANGE)
        contract = front(instrument, int(tape.columns["at"][0]))
        wire = Wire(account_id, f"PRAC-V2-{account_id}", contract)
        self.world = World(tape, speed, wire, terms, faults, ledger, timers)
        self.credentials, self.tokens = credentials, Tokens(terms.token_life_s)
        self.rest = Rest(self.world, credentials, self.tokens)

    async def start(self, port: int = 0) -> dict[str, Any]:
        """Listen; what a client must know. Raises OSError if the port is taken."""
        listener = listen(port, LOCKSTEP.buffer if not self.world.clock.speed else 0)
        app = web.Application()
        self.rest.add_to(app.router)
        for name, hub in self.world.hubs.items():
            app.router.add_post(f"/hubs/{name}/negotiate", self.guarded(hub, hub.negotiate))
            app.router.add_get(f"/hubs/{name}", self.guarded(hub, self.connect(hub)))
        app.on_shutdown.append(self.say_goodbye)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self.runner.setup()
        await web.SockSite(self.runner, listener).start()
        self.player = asyncio.create_task(self.world.play())
        here = f"127.0.0.1:{listener.getsockname()[1]}"
        wire, at = self.world.wire, self.world.clock.now()
        self.world.ledger.write(
            at, "start", account_id=wire.account_id, contract_id=wire.contract.id,
            balance=str(self.world.exchange.balance), speed=self.world.clock.speed,
        )  # fmt: skip
        self.world.deeds(self.world.faults.strike("start"))
        return {
            "rest": f"http://{here}", "user_hub": f"http://{here}/hubs/user",
            "market_hub": f"http://{here}/hubs/market", "username": self.credentials.username,
            "api_key": self.credentials.api_key, "account_id": wire.account_id,
            "contract_id": wire.contract.id,
        }  # fmt: skip

    def guarded(
        self, hub: Hub, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guard(request: web.Request) -> web.StreamResponse:
            if self.world.down:
                return cut(request)
            if not self.tokens.valid(bearer(request)):
                return web.Response(status=401)
            return await handler(request)

        return guard

    def connect(self, hub: Hub) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def connect(request: web.Request) -> web.StreamResponse:
            self.world.deeds(self.world.faults.strike(f"connect:{hub.name}"))
            return cut(request) if self.world.down else await hub.serve(request)

        return connect

    async def say_goodbye(self, _: web.Application) -> None:
        everyone = [each for hub in self.world.hubs.values() for each in hub.connections]
        for each in everyone:
            await each.ws.close(code=WSCloseCode.GOING_AWAY)

    async def stop(self) -> None:
        self.player.cancel()
        await asyncio.gather(self.player, *self.world.tasks, return_exceptions=True)
        await self.runner.cleanup()
        self.world.ledger.write(self.world.clock.now(), "stop")
        self.world.ledger.close()


def listen(port: int, buffer: int) -> socket.socket:
    """A loopback listener; `buffer` bounds what accepted sockets may hold unsent."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    listener.listen()
    listener.setblocking(False)
    return listener

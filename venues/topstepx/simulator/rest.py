"""The REST shell: limits, tokens, scripted faults, bodies; then the endpoint; then its envelope."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from venues.topstepx.simulator import bodies
from venues.topstepx.simulator.faults import Fault
from venues.topstepx.simulator.orders_api import OrdersApi
from venues.topstepx.simulator.reference_api import Credentials, ReferenceApi
from venues.topstepx.simulator.reply import Reply, ok
from venues.topstepx.simulator.session import Tokens, Window
from venues.topstepx.simulator.world import World

REQUESTS_S, BARS_S = 60.0, 30.0
DONE = web.RequestKey("done", dict)
OPEN = ("Auth/loginKey", "Auth/loginApp")
BARS = "History/retrieveBars"


def cut(request: web.Request) -> web.Response:
    """End the connection instead of answering."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def malformed(why: str) -> web.Response:
    problem = {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400, "errors": {"$": [why]},
    }  # fmt: skip
    body = msgspec.json.encode(problem)
    return web.Response(status=400, body=body, content_type="application/problem+json")


def bearer(request: web.Request) -> str:
    """The token, from the header or from the query, as hubs' clients send it."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.query.get("access_token", "")


class Rest:
    def __init__(self, world: World, credentials: Credentials, tokens: Tokens) -> None:
        terms = world.terms
        self.world, self.tokens = world, tokens
        self.requests = Window(terms.requests_max, REQUESTS_S)
        self.bars = Window(terms.bars_max, BARS_S)
        self.orders, told = OrdersApi(world), ReferenceApi(world, credentials, tokens)
        self.number = 0
        self.table: dict[str, tuple[type[bodies.Body], Callable[..., Reply]]] = {
            "Auth/loginKey": (bodies.LoginKey, told.login_key),
            "Auth/loginApp": (bodies.LoginApp, told.login_app),
            "Auth/validate": (bodies.Empty, told.validate),
            "Auth/logout": (bodies.Empty, lambda _: ok()),
            "Account/search": (bodies.AccountSearch, told.accounts),
            "Contract/available": (bodies.ContractAvailable, told.available),
            "Contract/search": (bodies.ContractSearch, told.contracts),
            "Contract/searchById": (bodies.ContractById, told.contract_by_id),
            BARS: (bodies.Bars, told.bars),
            "Order/place": (bodies.Place, self.orders.place),
            "Order/cancel": (bodies.Cancel, self.orders.cancel),
            "Order/modify": (bodies.Modify, self.orders.modify),
            "Order/search": (bodies.Search, self.orders.search),
            "Order/searchOpen": (bodies.OfAccount, self.orders.search_open),
            "Order/searchById": (bodies.Cancel, self.orders.search_by_id),
            "Order/v2/query": (bodies.Query, self.orders.query),
            "Position/searchOpen": (bodies.OfAccount, self.orders.positions),
            "Position/closeContract": (bodies.Close, self.orders.close),
            "Position/partialCloseContract": (bodies.PartialClose, self.orders.partial_close),
            "Trade/search": (bodies.Search, self.orders.trades),
        }

    def add_to(self, router: web.UrlDispatcher) -> None:
        for path in self.table:
            router.add_post(f"/api/{path}", self.handle)
        router.add_get("/api/Status/ping", self.ping)
        router.add_get("/sim/clock", self.clock)

    async def ping(self, request: web.Request) -> web.Response:
        if self.world.down:
            return cut(request)
        if not self.requests.admit(time.monotonic()):
            return web.Response(status=429)
        return web.json_response("pong")

    async def clock(self, _: web.Request) -> web.Response:
        return web.json_response(self.world.clock.row())

    async def handle(self, request: web.Request) -> web.Response:
        path, raw = request.path.removeprefix("/api/"), await request.read()
        self.number += 1
        n, ledger, clock = self.number, self.world.ledger, self.world.clock
        ledger.write(clock.now(), "request", n=n, endpoint=path, body=spoken(path, raw))
        response = self.barred(request, path) or await self.struck(request, path, raw)
        done = request.get(DONE, {})  # what came of it, also where the answer is lost
        ledger.write(clock.now(), "reply", n=n, endpoint=path, status=response.status, **done)
        return response

    def barred(self, request: web.Request, path: str) -> web.Response | None:
        """The answer of the outer gates, if they do not let it pass."""
        if self.world.down:
            return cut(request)
        window = self.bars if path == BARS else self.requests
        if not window.admit(time.monotonic()):
            return web.Response(status=429)
        if path not in OPEN and not self.tokens.valid(bearer(request)):
            return web.Response(status=401)
        return None

    async def struck(self, request: web.Request, path: str, raw: bytes) -> web.Response:
        """Answer, with the faults that are due."""
        faults = {fault.do: fault for fault in self.world.faults.strike(path, "*")}
        self.world.deeds(faults.values())
        if delay := faults.get("delay"):
            await asyncio.sleep(delay.seconds)
        if "lose_request" in faults:
            return cut(request)
        if "unauthorized" in faults:
            return web.Response(status=401)
        if status := faults.get("status"):
            return web.Response(status=status.code)
        response = self.answer(request, path, raw, "refuse_brackets" in faults)
        if delay := faults.get("delay_reply"):
            await asyncio.sleep(delay.seconds)
        return self.spoilt(request, faults) or response

    def spoilt(self, request: web.Request, faults: dict[str, Fault]) -> web.Response | None:
        """What is said instead of the answer, though all was done."""
        if "lose_reply" in faults:
            return cut(request)
        if status := faults.get("status_after"):
            return web.Response(status=status.code)
        if body := faults.get("body"):
            return web.Response(text=body.body, content_type="application/json")
        return None

    def answer(
        self, request: web.Request, path: str, raw: bytes, refuse_brackets: bool
    ) -> web.Response:
        kind, call = self.table[path]
        try:
            body = kind() if kind is bodies.Empty else msgspec.json.decode(raw, type=kind)
            reply = call(body, True) if refuse_brackets and path == "Order/place" else call(body)
        except (msgspec.DecodeError, ValueError) as error:
            return malformed(str(error))
        if path == "Auth/logout":
            self.tokens.end(bearer(request))
        request[DONE] = {"code": reply["errorCode"], "text": reply["errorMessage"]}
        if "orderId" in reply:
            request[DONE]["order_id"] = reply["orderId"]
        return web.Response(body=msgspec.json.encode(reply), content_type="application/json")


def spoken(path: str, raw: bytes) -> Any:
    """The body for the ledger; of Auth calls nothing."""
    if path.startswith("Auth/") or not raw:
        return None
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw[:200].decode("utf-8", "replace")

"""A small gateway on loopback: it answers what a test tells it to, and counts what it is asked."""

import asyncio
import base64
import json
import time
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import WSMsgType, web
from msgspec.structs import replace

from core.config import load
from core.decisions import CancelOrder, ClosePosition, ModifyOrder, PlaceOrder
from core.instruments import INSTRUMENTS
from core.messages import FeedState
from core.secret import Secret
from core.terms import OrderType, Purpose
from venues.topstepx.client import TopstepX
from venues.topstepx.credentials import Credentials

KEY = "CANARY-api-key-7f31c2"
MARK = "CANARYtoken"
CONTRACT = "CON.F.US.MES.Z26"
ACCOUNT = 4711
STAMP = "2026-11-20T15:31:02.4493110+00:00"
ROOT = Path(__file__).parents[3]


def jwt(life_s=86_400, number=0):
    def part(claims):
        return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

    claims = {"iat": time.time(), "exp": time.time() + life_s}
    return f"{part({'alg': 'none'})}.{part(claims)}.{MARK}{number}"


def ok(**payload):
    return {"success": True, "errorCode": 0, "errorMessage": None, **payload}


def no(code, text=None):
    return {"success": False, "errorCode": code, "errorMessage": text}


ACCOUNT_ROW = {"id": ACCOUNT, "name": "PRAC", "balance": 50123.4, "canTrade": True}
CONTRACT_ROW = {
    "id": CONTRACT, "name": "MESZ6", "description": "Micro", "tickSize": 0.25, "tickValue": 1.25,
    "activeContract": True, "symbolId": "F.US.MES",
}  # fmt: skip
POSITION_ROW = {
    "id": 1, "accountId": ACCOUNT, "contractId": CONTRACT, "creationTimestamp": STAMP, "type": 1,
    "size": 2, "averagePrice": 6715.25,
}  # fmt: skip
ORDER_ROW = {
    "id": 3500000101, "accountId": ACCOUNT, "contractId": CONTRACT, "creationTimestamp": STAMP,
    "updateTimestamp": STAMP, "status": 1, "type": 4, "side": 1, "size": 2, "fillVolume": 0,
    "limitPrice": None, "stopPrice": 6712.25, "customTag": "bot-7f31c2-SL",
}  # fmt: skip
TRADE_ROW = {
    "id": 3100000007, "accountId": ACCOUNT, "contractId": CONTRACT, "creationTimestamp": STAMP,
    "price": 6715.25, "profitAndLoss": None, "fees": 0.37, "commissions": 0.25, "side": 0,
    "size": 2, "voided": False, "orderId": 3500000101,
}  # fmt: skip


ENTRY = PlaceOrder(1, "t1", Purpose.ENTRY, OrderType.MARKET, 1, 1)
EXIT = PlaceOrder(1, "t2", Purpose.EXIT, OrderType.MARKET, -1, 1)
COMMANDS = {
    "Order/place": lambda client: client.place(ENTRY, 1),
    "Order/cancel": lambda client: client.cancel(CancelOrder(1, "t1", 5), 1),
    "Order/modify": lambda client: client.modify(ModifyOrder(1, "t1", 5, size=2), 1),
    "Position/closeContract": lambda client: client.close_position(ClosePosition(1, "t3"), 1),
    "Position/partialCloseContract": lambda client: client.close_position(
        ClosePosition(1, "t3", size=1), 1
    ),
}


class Gateway:
    """`answers[path]`: a JSON body, or a callable (request body) -> body or web.Response."""

    def __init__(self):
        self.asked = []
        self.answers = {
            "Auth/loginKey": lambda _: ok(token=jwt(number=len(self.asked))),
            "Auth/validate": lambda _: ok(newToken=jwt(number=len(self.asked))),
            "Account/search": ok(accounts=[ACCOUNT_ROW]),
            "Contract/search": ok(contracts=[CONTRACT_ROW]),
            "Contract/searchById": ok(contract=CONTRACT_ROW),
            "Position/searchOpen": ok(positions=[]),
            "Order/searchOpen": ok(orders=[]),
            "Order/search": ok(orders=[]),
            "Order/v2/query": ok(orders=[], totalCount=0),
            "Trade/search": ok(trades=[]),
            "Order/place": ok(orderId=3500000101),
            "Order/cancel": ok(),
            "Order/modify": ok(),
            "Position/closeContract": ok(),
            "Position/partialCloseContract": ok(),
        }
        self.scripts = {"user": [], "market": []}  # one coroutine function per connection
        self.subscribed = {"user": [], "market": []}
        self.heard = {"user": [], "market": []}
        self.refusing = 0  # so many hub connections are answered with 401
        self.tokens = []
        self.ports = []  # of the connection that each request came by
        self.before_confirming = None  # what a hub does instead of confirming subscriptions
        self.extensions = set()  # of the sockets, as asked for

    def count(self, path):
        return sum(asked == path for asked, _ in self.asked)

    async def rest(self, request):
        path, body = request.match_info["path"], await request.json()
        self.asked.append((path, body))
        self.tokens.append(request.headers.get("Authorization", ""))
        self.ports.append(request.transport.get_extra_info("peername")[1])
        answer = self.answers.get(path, web.Response(status=404))
        if callable(answer):
            answer = answer(body)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, dict):
            return web.json_response(answer)
        if isinstance(answer, web.Response):  # a response serves one request: copy it
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return answer

    async def hub(self, request):
        name = request.match_info["name"]
        if self.refusing:
            self.refusing -= 1
            return web.Response(status=401)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self.extensions.add(request.headers.get("Sec-WebSocket-Extensions"))
        assert MARK in request.query["access_token"]
        await socket.receive_str()
        await socket.send_str("{}\x1e")
        if self.before_confirming:
            await self.before_confirming(socket)
        wanted = 4 if name == "user" else 2
        for _ in range(wanted):
            call = json.loads((await socket.receive_str()).rstrip("\x1e"))
            self.subscribed[name].append((call["target"], *call["arguments"]))
            await socket.send_str(
                json.dumps({"type": 3, "invocationId": call["invocationId"], "result": None})
                + "\x1e"
            )
        if self.scripts[name]:
            await self.scripts[name].pop(0)(socket)
        async for message in socket:
            if message.type != WSMsgType.TEXT:
                break
            self.heard[name].append(message.data)
        return socket


class Posts(list):
    """Where the client's news go; a test waits for what it expects."""

    def __init__(self):
        self.came = asyncio.Event()

    def __call__(self, message):
        self.append(message)
        self.came.set()

    async def until(self, condition):
        async with asyncio.timeout(5):
            while not condition(self):
                self.came.clear()
                await self.came.wait()

    def states(self, link):
        return [(m.up, m.reason) for m in self if isinstance(m, FeedState) and m.link == link]


@asynccontextmanager
async def running(client):
    """Both links of the client at work; what they post."""
    posts = Posts()
    task = asyncio.create_task(client.run(posts))
    try:
        yield posts
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def frame(target, *arguments):
    return json.dumps({"type": 1, "target": target, "arguments": arguments}) + "\x1e"


def settings(url="http://127.0.0.1:1", **changes):
    venue = load(ROOT / "config.toml", {}).venue
    ws = url.replace("http", "ws", 1)
    return replace(
        venue,
        **{
            "rest_url": url,
            "user_hub_url": f"{ws}/hubs/user", "market_hub_url": f"{ws}/hubs/market",
            "request_timeout_s": 2.0, "connect_timeout_s": 2.0, "backoff_s": 0.001,
            "backoff_max_s": 0.005,
        }
        | changes,
    )  # fmt: skip


@asynccontextmanager
async def serving(gateway):
    app = web.Application()
    app.router.add_post("/api/{path:.*}", gateway.rest)
    app.router.add_get("/hubs/{name}", gateway.hub)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def trading(gateway, stale_s=30.0, opened=True, **changes):
    """A client of `gateway`, logged in unless told not to."""
    async with serving(gateway) as url:
        client = TopstepX(
            settings(url, **changes), INSTRUMENTS["MES"], Credentials("me", Secret(KEY)),
            time.time_ns, stale_s,
        )  # fmt: skip
        try:
            if opened:
                await client.open()
            yield client
        finally:
            await client.close()

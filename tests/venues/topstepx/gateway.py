"""A simulator on a loopback port with a small tape, and a plain client that speaks its wire."""

import asyncio
import json
from contextlib import asynccontextmanager
from decimal import Decimal

import aiohttp
import numpy as np

from core.config import Gateway
from core.instruments import INSTRUMENTS
from storage.tape import COLUMNS, QUOTE, TRADE, Tape
from venues.topstepx.simulator.faults import Fault, Faults
from venues.topstepx.simulator.hubs import Timers
from venues.topstepx.simulator.ledger import Ledger
from venues.topstepx.simulator.reference_api import Credentials
from venues.topstepx.simulator.server import Simulator

START = 1_703_545_200_000_000_000  # 2023-12-25T23:00:00Z
SECOND = 1_000_000_000
TERMS = Gateway(
    port=0, balance=Decimal(1000), token_life_s=60, brackets=True, requests_max=200, bars_max=50,
    position_max=50, venue_tag_forever=True,
)  # fmt: skip
SEPARATOR = "\x1e"


def quote(at_s, bid=19200, size=10):
    return (START + int(at_s * SECOND), QUOTE, 0, 0, 0, bid, bid + 1, size, size)


def trade(at_s, price=19200, size=1, side=1):
    return (START + int(at_s * SECOND), TRADE, price, size, side, 0, 0, 0, 0)


def tape(rows):
    about = {"symbol": "ES", "tick": "0.25", "source": "made for a test"}
    columns = dict(zip(COLUMNS, (np.array(c) for c in zip(*rows, strict=True)), strict=True))
    return Tape(about, columns)


# One quote at once, then quiet for an hour: the market stands while a test trades.
STILL = tape([quote(0), trade(0.001), quote(3600)])
SHORT = tape([quote(0), trade(0.001), trade(0.002, 19201), quote(0.003, 19202)])


class Client:
    def __init__(self, session, where):
        self.session, self.where, self.token = session, where, ""

    async def post(self, path, body=None, token=None):
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        url = f"{self.where['rest']}/api/{path}"
        return await self.session.post(url, data=json.dumps(body or {}), headers=headers)

    async def call(self, path, **body):
        async with await self.post(path, body) as response:
            assert response.status == 200, (response.status, await response.text())
            return await response.json()

    async def login(self):
        reply = await self.call(
            "Auth/loginKey", userName=self.where["username"], apiKey=self.where["api_key"]
        )
        self.token = reply["token"]

    async def place(self, **terms):
        body = {"type": 2, "side": 0, "size": 1} | terms
        return await self.call("Order/place", **self.own, **body)

    @property
    def own(self):
        return {"accountId": self.where["account_id"], "contractId": self.where["contract_id"]}

    @property
    def account(self):
        return {"accountId": self.where["account_id"]}

    async def clock(self):
        async with self.session.get(f"{self.where['rest']}/sim/clock") as response:
            return await response.json()

    @asynccontextmanager
    async def hub(self, name, version=1, subscribe=()):
        url = f"{self.where[f'{name}_hub']}?access_token={self.token}"
        async with self.session.ws_connect(url) as ws:
            link = Link(ws)
            await link.send({"protocol": "json", "version": version})
            assert await link.next() == {}
            for method in subscribe:
                await link.subscribe(method, self.where)
            yield link

    def market(self):
        return self.hub("market", subscribe=("SubscribeContractQuotes", "SubscribeContractTrades"))

    def user(self):
        names = ("SubscribeAccounts", "SubscribeOrders", "SubscribePositions", "SubscribeTrades")
        return self.hub("user", subscribe=names)


class Link:
    """One hub connection: records out, records in."""

    def __init__(self, ws):
        self.ws, self.records = ws, []

    async def send(self, message):
        await self.ws.send_str(json.dumps(message) + SEPARATOR)

    async def invoke(self, target, *arguments, **more):
        await self.send({"type": 1, "target": target, "arguments": arguments, **more})

    async def subscribe(self, method, where):
        contract = "Contract" in method
        value = where["contract_id"] if contract else where["account_id"]
        await self.invoke(method, *([] if method.endswith("Accounts") else [value]))

    async def next(self, timeout_s=5.0):
        """The next record; None when the socket has closed."""
        while not self.records:
            message = await self.ws.receive(timeout_s)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return None
            self.records = [json.loads(text) for text in message.data.split(SEPARATOR)[:-1]]
        return self.records.pop(0)

    async def until(self, target, timeout_s=5.0):
        """The arguments of the next event of that name."""
        async with asyncio.timeout(timeout_s):
            while (message := await self.next()) is not None:
                if message.get("target") == target:
                    return message["arguments"]
        return None


@asynccontextmanager
async def gateway(played=STILL, speed=1.0, faults=(), ledger=None, timers=None, **terms):
    """A running simulator and a client that is logged in."""
    fields = {name: getattr(TERMS, name) for name in TERMS.__struct_fields__}
    script = Faults([Fault(**fault) for fault in faults])
    simulator = Simulator(
        played, speed, INSTRUMENTS["MES"], Gateway(**fields | terms), script, Ledger(ledger),
        Credentials("someone", "canary-key"), timers or Timers(),
    )  # fmt: skip
    where = await simulator.start()
    try:
        async with aiohttp.ClientSession() as session:
            client = Client(session, where)
            await client.login()
            yield client
    finally:
        await simulator.stop()


@asynccontextmanager
async def trading(**settings):
    """A gateway whose tape runs and whose first quote has arrived."""
    async with gateway(**settings) as client, client.market() as market:
        await market.until("GatewayTrade")
        client.market_link = market
        yield client

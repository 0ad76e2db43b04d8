"""Stand-ins of the services that have history, over loopback: real HTTP, in a thread of their own.

Each holds the bars of a frame and may be told to answer with failures first (`failures`), or to
know a stretch only when it is asked for it alone (`late`).
"""

import asyncio
import threading
from contextlib import contextmanager
from datetime import datetime

import databento_dbn as dbn
import polars as pl
from aiohttp import BasicAuth, web

KEY = "db-canary"


@contextmanager
def threaded(start, stop):
    """What `start` answers, in a loop that runs meanwhile."""
    loop, ready, where = asyncio.new_event_loop(), threading.Event(), []

    def work():
        where.append(loop.run_until_complete(start()))
        ready.set()
        loop.run_forever()
        loop.run_until_complete(stop())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(10)
    try:
        yield where[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def serving(app):
    """The address of a running app."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start():
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    return threaded(start, runner.cleanup)


class Standin:
    """What the market was, and who asked for it."""

    def __init__(self, frame, failures=(), late=None):
        self.frame, self.failures, self.late = frame, list(failures), late
        self.asked = []
        self.app = web.Application()
        self.app.router.add_post("/v0/timeseries.get_range", self.databento)
        self.app.router.add_get("/api/v3/exchangeInfo", self.exchange)
        self.app.router.add_get("/api/v3/klines", self.klines)

    def rows(self, since, until):
        self.asked.append((since, until))
        found = self.frame.filter(pl.col("start").is_between(since, until, closed="left"))
        if self.late and not self.late[0] <= since <= until <= self.late[1]:
            found = found.filter(~pl.col("start").is_between(*self.late, closed="left"))
        return found.rows()

    def refusal(self):
        return self.failures.pop(0) if self.failures else 0

    async def databento(self, request):
        if status := self.refusal():
            return web.Response(status=status)
        if BasicAuth.decode(request.headers["Authorization"]).login != KEY:
            return web.Response(status=401, text="who are you")
        form = await request.post()
        since, until = (
            int(datetime.fromisoformat(form[name]).timestamp()) * 10**9 for name in ("start", "end")
        )
        assert (form["schema"], form["stype_in"]) == ("ohlcv-1m", "continuous")
        about = dbn.Metadata(
            "GLBX.MDP3", since, dbn.SType.CONTINUOUS, dbn.SType.INSTRUMENT_ID,
            dbn.Schema.OHLCV_1M, [form["symbols"]],
        )  # fmt: skip
        rows = [
            bytes(dbn.OHLCVMsg(33, 1, 7, at, *(round(p * 1e9) for p in prices), int(volume)))
            for at, *prices, volume in self.rows(since, until)
        ]
        return web.Response(body=bytes(about) + b"".join(rows))

    async def exchange(self, request):
        symbol = {
            "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
            "baseAssetPrecision": 8, "quotePrecision": 8, "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8, "quoteCommissionPrecision": 8, "orderTypes": ["LIMIT"],
            "isSpotTradingAllowed": True, "isMarginTradingAllowed": False, "filters": [],
            "permissions": ["SPOT"],
        }  # fmt: skip
        return web.json_response({"timezone": "UTC", "serverTime": 0, "rateLimits": [],
                                  "exchangeFilters": [], "symbols": [symbol]})  # fmt: skip

    async def klines(self, request):
        if status := self.refusal():
            return web.Response(status=status)
        since, limit = int(request.query["startTime"]) * 10**6, int(request.query["limit"])
        rows = [
            [
                at // 10**6,
                *map(str, prices),
                str(volume),
                at // 10**6 + 59_999,
                "0",
                1,
                "0",
                "0",
                "0",
            ]
            for at, *prices, volume in self.rows(since, since + limit * 60 * 10**9)
        ]
        return web.json_response(rows[:limit])

"""The server's side of SignalR's JSON protocol: handshake, records, pings, subscriptions.

Each connection has a bounded queue and a writer of its own, so a slow client blocks nobody. A
market record that finds the queue full is dropped; a user record that does closes the connection.
"""

import asyncio
import secrets
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import WSMsgType, web
from msgspec import Struct

SEPARATOR = "\x1e"
PING = '{"type":6}' + SEPARATOR
PER_FRAME = 64  # records


class Timers(Struct, frozen=True):
    handshake_s: float = 15.0
    ping_s: float = 15.0  # idle so long: ping
    silence_s: float = 30.0  # nothing heard so long: close


class Bounds(Struct, frozen=True):
    queue: int  # records waiting for one client
    buffer: int  # bytes waiting in the socket


def record(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode() + SEPARATOR


def invocation(target: str, arguments: list[Any]) -> str:
    return record({"type": 1, "target": target, "arguments": arguments})


class Connection:
    def __init__(self, request: web.Request, ws: web.WebSocketResponse, bounds: Bounds) -> None:
        self.request, self.ws, self.bounds = request, ws, bounds
        self.subscribed: set[str] = set()  # targets of events
        self.queue: deque[str] = deque()
        self.wake, self.room = asyncio.Event(), asyncio.Event()
        self.room.set()
        self.lagging = False

    def offer(self, text: str, must: bool = False) -> bool:
        """Queue a record unless the queue is full; a `must` comes once and is never lost."""
        if len(self.queue) >= self.bounds.queue and not must:
            return False
        self.queue.append(text)
        self.wake.set()
        if len(self.queue) >= self.bounds.queue // 2:
            self.room.clear()
        return True

    async def write(self, ping_s: float) -> None:
        while True:
            if not self.queue:
                self.wake.clear()
                try:
                    async with asyncio.timeout(ping_s):
                        await self.wake.wait()
                except TimeoutError:
                    self.queue.append(PING)
            texts = [self.queue.popleft() for _ in range(min(PER_FRAME, len(self.queue)))]
            await self.ws.send_str("".join(texts))
            self.room.set()

    async def close(self, error: str) -> None:
        """SignalR's goodbye, then the socket's."""
        with suppress(ConnectionError):
            await self.ws.send_str(record({"type": 7, "error": error, "allowReconnect": True}))
            await self.ws.close()

    def reset(self) -> None:
        """An RST instead of a goodbye."""
        transport = self.request.transport
        if transport is not None:
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()


class Hub:
    """One hub: `methods` maps what may be invoked to the event it concerns."""

    def __init__(
        self,
        name: str,
        methods: dict[str, tuple[str, Any]],
        timers: Timers,
        bounds: Bounds,
        subscribed: Callable[[Connection, str], None],
    ) -> None:
        self.name, self.methods, self.timers, self.bounds = name, methods, timers, bounds
        self.subscribed = subscribed
        self.connections: dict[Connection, None] = {}  # in the order of their coming

    def listeners(self, target: str) -> list[Connection]:
        return [each for each in self.connections if target in each.subscribed]

    async def negotiate(self, request: web.Request) -> web.Response:
        version = 1 if request.query.get("negotiateVersion") == "1" else 0
        answer: dict[str, Any] = {
            "negotiateVersion": version,
            "connectionId": secrets.token_urlsafe(16),
            "availableTransports": [
                {"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}
            ],
        }
        if version:
            answer["connectionToken"] = secrets.token_urlsafe(16)
        return web.json_response(answer)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False, writer_limit=self.bounds.buffer)
        await ws.prepare(request)
        connection = Connection(request, ws, self.bounds)
        rest = await self.shake(connection)
        if rest is None:
            await ws.close()
            return ws
        writer = asyncio.create_task(self.keep_writing(connection))
        self.connections[connection] = None
        try:
            await self.read(connection, rest)
        finally:
            self.connections.pop(connection, None)
            connection.room.set()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return ws

    async def keep_writing(self, connection: Connection) -> None:
        try:
            await connection.write(self.timers.ping_s)
        except ConnectionError:
            connection.reset()

    async def shake(self, connection: Connection) -> str | None:
        """Answer the handshake; what came after it in the same frame, or None if refused."""
        text = ""
        try:
            async with asyncio.timeout(self.timers.handshake_s):
                while SEPARATOR not in text:
                    message = await connection.ws.receive()
                    if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                        return None
                    text += words(message.data)
        except TimeoutError:
            await connection.ws.send_str(record({"error": "Handshake was canceled."}))
            return None
        head, _, rest = text.partition(SEPARATOR)
        error = refuse_handshake(head)
        await connection.ws.send_str(record({"error": error} if error else {}))
        return None if error else rest

    async def read(self, connection: Connection, text: str) -> None:
        while True:
            *records, text = text.split(SEPARATOR)
            for each in records:
                if not self.hear(connection, each):
                    await connection.close("Connection closed with an error.")
                    return
            try:
                async with asyncio.timeout(self.timers.silence_s):
                    message = await connection.ws.receive()
            except TimeoutError:
                await connection.close("Client timeout elapsed without receiving a message.")
                return
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            text += words(message.data)

    def hear(self, connection: Connection, text: str) -> bool:
        """One record of the client; False if the connection must end."""
        try:
            message = orjson.loads(text)
            kind = message["type"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return False
        if kind == 1:
            self.invoke(connection, message)
        return bool(kind != 7)

    def invoke(self, connection: Connection, message: dict[str, Any]) -> None:
        name, arguments = message.get("target"), message.get("arguments") or []
        number, known = message.get("invocationId"), self.methods.get(str(name))
        if number is not None:
            answer = {"type": 3, "invocationId": number}
            if known is None:
                connection.offer(record(answer | {"error": f"Method does not exist: {name}."}))
            else:
                connection.offer(record(answer | {"result": None}))
        if known is None or (known[1] is not None and arguments[:1] != [known[1]]):
            return
        if str(name).startswith("Unsubscribe"):
            connection.subscribed.discard(known[0])
        else:
            connection.subscribed.add(known[0])
            self.subscribed(connection, known[0])


def words(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def refuse_handshake(text: str) -> str:
    try:
        hello = orjson.loads(text)
        protocol, version = hello["protocol"], hello["version"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "Handshake request could not be read."
    if protocol != "json":
        return f"The protocol '{protocol}' is not supported."
    return "" if version in (0, 1) else f"The version {version} of '{protocol}' is not supported."

"""A proxy between daemon and gateway. It mistreats what passes, in the way that `trouble` names."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

CHUNK, DRIP, DRIP_S = 1 << 14, 7, 0.002
SLOW_BYTES_S = 2000.0
SOME = 0.3  # of the chunks are hit, where not all are
DEAF_S = 30.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close without a goodbye


class Stream:
    """One direction of one connection."""

    def __init__(self, proxy: "Proxy", to: asyncio.StreamWriter, way: str) -> None:
        self.proxy, self.rng, self.to, self.way = proxy, proxy.rng, to, way
        self.held = b""

    async def run(self, source: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while (data := await source.read(CHUNK)) and not self.to.is_closing():
                deed = TROUBLES.get(self.proxy.trouble)
                passed = data if deed is None else await deed(self, data)
                if (deed is cut and not passed) or self.to.is_closing():
                    break
                self.to.write(passed)
                await self.to.drain()
        reset(self.to, back)

    def hit(self) -> bool:
        return self.rng.random() < SOME


async def late(stream: Stream, data: bytes) -> bytes:
    await asyncio.sleep(stream.rng.choice((0.05, 0.3, 1, 3)) * stream.rng.random())
    return data


async def slow(stream: Stream, data: bytes) -> bytes:
    await asyncio.sleep(len(data) / SLOW_BYTES_S)
    return data


async def drip(stream: Stream, data: bytes) -> bytes:
    while data and not stream.to.is_closing():
        stream.to.write(data[:DRIP])
        data = data[DRIP:]
        await asyncio.sleep(DRIP_S)
    return data


async def cut(stream: Stream, data: bytes) -> bytes:
    if not stream.hit():
        return data
    stream.to.write(data[: stream.rng.randrange(len(data))])
    await asyncio.sleep(0.01)
    return b""


async def hole(stream: Stream, data: bytes) -> bytes:
    return b""


async def hole_up(stream: Stream, data: bytes) -> bytes:
    return b"" if stream.way == "up" else data


async def hole_down(stream: Stream, data: bytes) -> bytes:
    return b"" if stream.way == "down" else data


async def garbage(stream: Stream, data: bytes) -> bytes:
    at, rng = stream.rng.randrange(len(data) + 1), stream.rng
    more = rng.randbytes(rng.randrange(1, 50)) if stream.hit() else b""
    return data[:at] + more + data[at:]


async def swap(stream: Stream, data: bytes) -> bytes:
    """A piece comes after the one that followed it."""
    if stream.hit() and not stream.held:
        stream.held = data
        return b""
    data, stream.held = data + stream.held, b""
    return data


TROUBLES: dict[str, Callable[[Stream, bytes], Awaitable[bytes]]] = {
    "late": late, "slow": slow, "drip": drip, "cut": cut, "hole": hole, "hole up": hole_up,
    "hole down": hole_down, "garbage": garbage, "swap": swap,
}  # fmt: skip
DOORS = ("refuse", "deaf")  # what befalls a new connection
ALL = (*TROUBLES, *DOORS)


class Proxy(threading.Thread):
    """Serves on `port` from `start` on, in a thread of its own, until the process ends."""

    def __init__(self, target: int, seed: str) -> None:
        super().__init__(daemon=True)
        self.target, self.rng, self.trouble = target, random.Random(seed), ""
        self.listening = threading.Event()

    def run(self) -> None:
        asyncio.run(self.serve())

    async def serve(self) -> None:
        server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.listening.set()
        await server.serve_forever()

    async def accept(self, source: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self.trouble in DOORS:
            await asyncio.sleep(DEAF_S if self.trouble == "deaf" else 0)
            return reset(back)
        answers, to = await asyncio.open_connection("127.0.0.1", self.target)
        up, down = Stream(self, to, "up"), Stream(self, back, "down")
        await asyncio.gather(up.run(source, back), down.run(answers, to))


def reset(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        if not writer.transport.is_closing():
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

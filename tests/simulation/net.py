"""A network of one machine: the streams that the real client and the real simulator talk through.

Bytes come later, in pieces of any size, in order, as TCP's do. `cut` resets what is connected,
`stall` holds everything back for a while, `refuse` lets nobody connect, `mute` swallows all that is
said on what is connected now, without a word to either end.
"""

import asyncio
import contextvars
import random
from typing import Any

HIGH, LOW = 1 << 16, 1 << 14  # bytes on their way when a writer is paused, and goes on


class Socket:
    """As much of one as aiohttp looks at."""

    family, type, proto = 2, 1, 6

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address

    def getsockname(self) -> tuple[str, int]:
        return self.address

    def fileno(self) -> int:
        return -1

    def setsockopt(self, *option: Any) -> None:
        pass

    def close(self) -> None:
        pass


class Stream(asyncio.Transport):
    """One end of a connection."""

    def __init__(self, net: "Net", context: contextvars.Context) -> None:
        here = Socket(("127.0.0.1", 1))
        super().__init__({"peername": here.address, "sockname": here.address, "socket": here})
        self.net, self.context = net, context
        self.peer: Stream
        self.protocol: Any = None
        self.closing = self.gone = self.paused = self.full = self.muted = False
        self.waiting: list[bytes] = []  # while reading is paused
        self.on_way, self.next_at = 0, 0.0  # towards this end

    def begin(self, protocol: Any) -> None:
        self.protocol = protocol
        self.context.copy().run(protocol.connection_made, self)

    def write(self, data: Any) -> None:
        if self.closing or not data:
            return
        self.peer.on_way += len(data)
        for piece in self.net.pieces(bytes(data)):
            self.net.later(self.peer, self.peer.receive, piece)
        if self.peer.on_way > HIGH and not self.full:
            self.full = True
            self.protocol.pause_writing()

    def receive(self, piece: bytes) -> None:
        if self.gone or self.muted:
            return
        if self.paused:
            self.waiting.append(piece)
            return
        self.on_way -= len(piece)
        if self.peer.full and self.on_way < LOW and not self.peer.gone:
            self.peer.full = False
            self.net.loop.call_soon(
                self.peer.protocol.resume_writing, context=self.peer.context.copy()
            )
        self.protocol.data_received(piece)

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False
        waiting, self.waiting = self.waiting, []
        for piece in waiting:
            self.net.later(self, self.receive, piece)

    def is_reading(self) -> bool:
        return not self.paused

    def close(self) -> None:
        """What was written still arrives."""
        if not self.closing:
            self.closing = True
            self.net.later(self.peer, self.peer.ended)
            self.net.loop.call_soon(self.lose, None, context=self.context.copy())

    def ended(self) -> None:
        if not self.gone and not self.muted and not self.protocol.eof_received():
            self.closing = True
            self.lose(None)

    def abort(self) -> None:
        self.closing = True
        self.net.loop.call_soon(self.lose, None, context=self.context.copy())
        self.net.later(self.peer, self.peer.reset)

    def reset(self) -> None:
        if self.muted:
            return
        self.closing = True
        self.lose(ConnectionResetError("reset by peer"))

    def lose(self, error: Exception | None) -> None:
        if not self.gone:
            self.gone = True
            self.net.streams.discard(self)
            self.protocol.connection_lost(error)

    def is_closing(self) -> bool:
        return self.closing

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def get_protocol(self) -> Any:
        return self.protocol

    def set_write_buffer_limits(self, high: Any = None, low: Any = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return self.peer.on_way

    def can_write_eof(self) -> bool:
        return False


class Server:
    def __init__(self, net: "Net", factory: Any, socket: Socket) -> None:
        self.net, self.factory, self.sockets = net, factory, [socket]
        self.context = contextvars.copy_context()

    def close(self) -> None:
        self.net.servers.pop(self.sockets[0].address[1], None)

    async def wait_closed(self) -> None:
        pass

    def is_serving(self) -> bool:
        return True


class Net:
    def __init__(self, loop: Any, seed: int | str, slow_s: float) -> None:
        self.loop, self.rng, self.slow_s = loop, random.Random(f"net {seed}"), slow_s
        self.servers: dict[int, Server] = {}
        self.streams: set[Stream] = set()
        self.order: list[Stream] = []  # of birth: a set has none
        self.port = 40_000
        self.held_until = self.refused_until = 0.0
        loop.create_server, loop.create_connection = self.create_server, self.create_connection

    def pieces(self, data: bytes) -> list[bytes]:
        if self.rng.random() < 0.9:
            return [data]
        cut = self.rng.randrange(len(data) + 1)
        return [part for part in (data[:cut], data[cut:]) if part]

    def later(self, end: Stream, work: Any, *args: Any) -> None:
        """When it reaches that end: after what was sent there before."""
        way = self.slow_s * self.rng.random() ** 3
        end.next_at = max(end.next_at, self.loop.time() + way, self.held_until) + 1e-9
        self.loop.call_at(end.next_at, work, *args, context=end.context.copy())

    def cut(self) -> None:
        for stream in [each for each in self.order if each in self.streams]:
            stream.abort()

    def mute(self) -> None:
        for stream in self.streams:
            stream.muted = True

    def stall(self, seconds: float) -> None:
        self.held_until = self.loop.time() + seconds

    def refuse(self, seconds: float) -> None:
        self.refused_until = self.loop.time() + seconds

    def calm(self) -> None:
        self.held_until = self.refused_until = 0.0

    def bury(self, process: str, variable: contextvars.ContextVar[str]) -> None:
        """Its kernel resets what it had open, and frees its ports."""
        for stream in [each for each in self.order if each in self.streams]:
            if stream.context.get(variable) == process:
                stream.gone = stream.closing = True
                self.streams.discard(stream)
                self.later(stream.peer, stream.peer.reset)
        for port, server in list(self.servers.items()):
            if server.context.get(variable) == process:
                del self.servers[port]

    async def create_server(
        self, factory: Any, host: Any = None, port: int = 0, *, sock: Any = None, **more: Any
    ) -> Server:
        self.port += 1
        socket = sock or Socket(("127.0.0.1", port or self.port))
        server = Server(self, factory, socket)
        self.servers[socket.address[1]] = server
        return server

    async def start_connection(self, addr_infos: Any, **more: Any) -> Socket:
        """What aiohttp's connector calls: a socket that is connected, or an OSError."""
        port = addr_infos[0][4][1]
        await asyncio.sleep(self.slow_s * self.rng.random() ** 3)
        while self.loop.time() < self.held_until:
            await asyncio.sleep(self.held_until - self.loop.time() + 1e-6)
        if port not in self.servers or self.loop.time() < self.refused_until:
            raise ConnectionRefusedError(111, f"nobody listens on {port}")
        return Socket(("127.0.0.1", port))

    async def create_connection(self, factory: Any, *, sock: Socket, **more: Any) -> Any:
        server = self.servers.get(sock.address[1])
        if server is None:
            raise ConnectionResetError(104, "gone")
        ours, theirs = Stream(self, contextvars.copy_context()), Stream(self, server.context)
        ours.peer, theirs.peer = theirs, ours
        self.streams |= {ours, theirs}
        self.order += [ours, theirs]
        theirs.begin(server.context.copy().run(server.factory))
        protocol = factory()
        ours.begin(protocol)
        return ours, protocol

"""The local API: loopback only, a bearer token on every call, commands become log records.

Where it listens and with which token stands in `state/api.json`, readable by its owner alone. There
are two roles: that token commands; the one in `state/watch.json` only looks, and may be handed on.
"""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from core.errors import ConfigError, LogError
from daemon.logs import escaped
from storage.disk import Disk, write_file

COMMANDS = ("pause", "resume", "flatten", "kill", "rearm", "enable", "ack")
NAMED = ("rearm", "enable")  # need a person and a reason
OPERATOR, WATCHER = "api.json", "watch.json"
HOSTS = ("127.0.0.1", "localhost")
TEXT_MAX = 1000  # letters: a record must hold it

Status = Callable[[], dict[str, Any]]
Act = Callable[[str, str, str], int]  # name, by, why -> seq of the record


class Api:
    def __init__(self, state: Path, port: int, status: Status, act: Act) -> None:
        self.port, self.status, self.act = port, status, act
        self.files = {state / name: secrets.token_urlsafe(24) for name in (OPERATOR, WATCHER)}
        self.token, self.looking = self.files.values()
        self.runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(middlewares=[self.guard])
        app.router.add_get("/status", self.tell)
        app.router.add_post("/command", self.command)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        try:
            await site.start()
        except OSError as error:
            await self.runner.cleanup()
            raise ConfigError(f"api.port: {self.port}: {error.strerror}: 0 takes any") from None
        port = self.runner.addresses[0][1]
        for path, token in self.files.items():
            where = {"port": port, "token": token, "pid": os.getpid()}
            try:
                write_file(path, json.dumps(where).encode(), Disk())
            except OSError as error:  # a disk that fails here will fail the log
                await self.runner.cleanup()
                raise LogError(f"{path}: {error.strerror}") from None

    async def stop(self) -> None:
        for path in self.files:
            path.unlink(missing_ok=True)
        if self.runner is not None:
            await self.runner.cleanup()

    @web.middleware
    async def guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Only this machine, only with the token, never on behalf of a web page."""
        given = request.headers.get("Authorization", "")
        if request.host.rpartition(":")[0] not in HOSTS or "Origin" in request.headers:
            return web.json_response({"error": "not for web pages"}, status=403)
        raw = given.encode(errors="surrogateescape")  # as they came
        commands, looks = (
            secrets.compare_digest(raw, f"Bearer {token}".encode())
            for token in (self.token, self.looking)
        )
        if not (commands or looks):
            return web.json_response({"error": "bad token"}, status=401)
        if not commands and request.method != "GET":
            return web.json_response({"error": "this token may only look"}, status=403)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def tell(self, request: web.Request) -> web.Response:
        return web.json_response(self.status(), dumps=lambda row: json.dumps(row, default=str))

    async def command(self, request: web.Request) -> web.Response:
        try:
            told = await request.json()
            name, by, why = (legible(told[key]) for key in ("name", "by", "why"))
        except (ValueError, LookupError, TypeError, RecursionError):
            return web.json_response({"error": "expected name, by and why"}, status=400)
        if name not in COMMANDS:
            return web.json_response({"error": f"unknown command {name}"}, status=400)
        if name in NAMED and not (by and why):
            return web.json_response({"error": f"{name} needs --by and --why"}, status=400)
        return web.json_response({"seq": self.act(name, by, why)})


def legible(given: object) -> str:
    """Text that the log takes: a kill is not lost for a letter of another alphabet's bytes.

    One line of it: whoever reads the log must not take a reason for a record."""
    return escaped(str(given).encode(errors="replace").decode()[:TEXT_MAX])[:TEXT_MAX]

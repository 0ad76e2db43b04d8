"""The local API: loopback only, a bearer token on every call, commands become log records.

Where it listens and with which token stands in `state/api.json`, readable by its owner alone.
"""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from core.errors import ConfigError, LogError
from storage.disk import Disk, write_file

COMMANDS = ("pause", "resume", "flatten", "kill", "rearm", "enable", "ack")
NAMED = ("rearm", "enable")  # need a person and a reason
HOSTS = ("127.0.0.1", "localhost")

Status = Callable[[], dict[str, Any]]
Act = Callable[[str, str, str], int]  # name, by, why -> seq of the record


class Api:
    def __init__(self, state: Path, port: int, status: Status, act: Act) -> None:
        self.path, self.port, self.status, self.act = state / "api.json", port, status, act
        self.token = secrets.token_urlsafe(24)
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
        where = {"port": port, "token": self.token, "pid": os.getpid()}
        try:
            write_file(self.path, json.dumps(where).encode(), Disk())
        except OSError as error:  # a disk that fails here will fail the log
            await self.runner.cleanup()
            raise LogError(f"{self.path}: {error.strerror}") from None

    async def stop(self) -> None:
        self.path.unlink(missing_ok=True)
        if self.runner is not None:
            await self.runner.cleanup()

    @web.middleware
    async def guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Only this machine, only with the token, never on behalf of a web page."""
        given = request.headers.get("Authorization", "")
        if request.host.rpartition(":")[0] not in HOSTS or "Origin" in request.headers:
            return web.json_response({"error": "not for web pages"}, status=403)
        if not secrets.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return web.json_response({"error": "bad token"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def tell(self, request: web.Request) -> web.Response:
        return web.json_response(self.status(), dumps=lambda row: json.dumps(row, default=str))

    async def command(self, request: web.Request) -> web.Response:
        try:
            told = await request.json()
            name, by, why = (str(told[key]) for key in ("name", "by", "why"))
        except (ValueError, KeyError, TypeError):
            return web.json_response({"error": "expected name, by and why"}, status=400)
        if name not in COMMANDS:
            return web.json_response({"error": f"unknown command {name}"}, status=400)
        if name in NAMED and not (by and why):
            return web.json_response({"error": f"{name} needs --by and --why"}, status=400)
        return web.json_response({"seq": self.act(name, by, why)})

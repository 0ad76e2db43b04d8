"""Calls for a person: runs the command of `[paging]` for each alert, with the alert on its stdin.

A page is never waited for by anything that trades. One that fails, hangs or is one too many is told
in the program's messages and given up; the alert stands in the log all the same, and without `ack`
entries end (control 26). The command is run without a shell and without our credentials.
"""

import asyncio
import json
import os
import shlex
from collections import deque
from contextlib import suppress

import structlog

from core.config import Paging
from core.messages import Alert, Message
from venues.topstepx.credentials import API_KEY, USERNAME

log = structlog.get_logger("pager")
WAITING_MAX = 20  # the newest count
SECRETS = (API_KEY, USERNAME, "CREDENTIALS_DIRECTORY")


class Pager:
    def __init__(self, settings: Paging) -> None:
        self.words, self.limit = shlex.split(settings.command), settings.timeout_s
        self.waiting: deque[Alert] = deque(maxlen=WAITING_MAX)
        self.news = asyncio.Event()

    def watch(self, actor: str, message: Message, seq: int) -> None:
        if self.words and isinstance(message, Alert):
            self.waiting.append(message)
            self.news.set()

    async def run(self) -> None:
        """Page one after the other, until cancelled."""
        while True:
            await self.news.wait()
            while self.waiting:
                await self.page(self.waiting.popleft())
            self.news.clear()

    async def page(self, alert: Alert) -> None:
        text = json.dumps({"at": alert.at, "of": alert.of, "text": alert.text})
        env = {name: value for name, value in os.environ.items() if name not in SECRETS}
        quiet = asyncio.subprocess.DEVNULL
        try:
            child = await asyncio.create_subprocess_exec(
                *self.words, stdin=asyncio.subprocess.PIPE, stdout=quiet, stderr=quiet, env=env
            )
        except OSError as error:
            log.critical("no page went out: mend paging.command", why=error.strerror)
            return
        try:
            await asyncio.wait_for(child.communicate(text.encode()), self.limit)
        except TimeoutError:
            log.critical("a page took too long and was given up", limit_s=self.limit)
            return
        finally:
            if child.returncode is None:
                with suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        if child.returncode:
            log.critical("a page failed", code=child.returncode)

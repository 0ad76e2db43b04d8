"""An actor: a stage, its inbox, and what it is at. The supervisor keeps it alive."""

import asyncio

from core.messages import Bar, Message, Record, Stage
from daemon.bus import Inbox


class Actor:
    """`record` is the one worked on last; `failure` what its stage raises on one."""

    def __init__(self, name: str, stage: Stage, inbox: Inbox) -> None:
        self.name, self.stage, self.inbox = name, stage, inbox
        self.record: Record | None = None
        self.failure: asyncio.Future[Exception]

    def label(self, answer: Message) -> str:
        """The market actor is two stages; the log names the one that spoke."""
        if self.name != "market":
            return self.name
        return "bars" if type(answer) is Bar else "feed"

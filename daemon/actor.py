"""The shell of every pure actor: take from the inbox, ask the stage, post its answers."""

from core.messages import Bar, Message, Record, Stage
from daemon.bus import Bus, Inbox

# A quiet market's seconds close in one go: each is decided on before the next is told, as in a
# backtest, so that no decision is taken on a position that an earlier one is about to change.
DECIDING = ("features", "inference", "signals", "risk", "executor")


class Actor:
    """`record` is the one being worked on: whoever catches a failure of `run` finds it there."""

    def __init__(self, name: str, stage: Stage, inbox: Inbox, bus: Bus) -> None:
        self.name, self.stage, self.inbox, self.bus = name, stage, inbox, bus
        self.record: Record | None = None

    async def run(self) -> None:
        inbox, post = self.inbox, self.bus.post
        items = inbox.items
        while True:
            await inbox.wait()
            while items:
                self.record = record = items.popleft()
                for answer in self.stage.on(record.message):
                    post(self.label(answer), answer, record.seq or None)
                    if type(answer) is Bar:
                        await self.bus.settle(DECIDING)

    def label(self, answer: Message) -> str:
        """The market actor is two stages; the log names the one that spoke."""
        if self.name != "market":
            return self.name
        return "bars" if type(answer) is Bar else "feed"

"""Give the actors their turns.

Whatever is said outside of a turn begins one: all that is due is worked off then and there, in the
order of the log, for every actor, until nothing follows any more. So a decision waits for no other
task, and live, backtest and replay go in the same order. Between two bars that close at once
everything is decided, as in a backtest.
"""

import time

from core.messages import Bar
from daemon.actor import Actor
from daemon.bus import Bus, Overflow


class Turns:
    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.actors: dict[str, Actor] = {}
        bus.turn = self.run

    def join(self, actor: Actor) -> None:
        """From now on it has its turns; what waits for it comes first."""
        self.actors[actor.name] = actor
        actor.inbox.stuck_at = None
        self.bus.due.extend((record.seq, actor.name) for record in actor.inbox.items)
        self.run()

    def leave(self, actor: Actor) -> None:
        del self.actors[actor.name]

    def run(self) -> None:
        self.bus.at_turn = True
        try:
            self.drain()
        finally:
            self.bus.at_turn = False
            self.bus.tell()

    def drain(self, but: Actor | None = None) -> None:
        """Work off what is due, oldest first, for all actors that are here."""
        due, later = self.bus.due, []
        while due:
            seq, name = due.popleft()
            actor = self.actors.get(name)
            if actor is None or actor is but:
                later += [(seq, name)] if actor else []
            elif actor.inbox.items and actor.inbox.items[0].seq == seq:
                self.step(actor)
        due.extend(later)

    def step(self, actor: Actor) -> None:
        """One message: journal its answers, deliver them. Who fails leaves until it is rebuilt."""
        record = actor.record = actor.inbox.items.popleft()
        try:
            for answer in actor.stage.on(record.message):
                self.bus.post(actor.label(answer), answer, record.seq or None)
                if type(answer) is Bar:
                    self.drain(but=actor)
        except Overflow:
            raise
        except Exception as error:  # noqa: BLE001
            actor.inbox.stuck_at = time.monotonic()
            self.leave(actor)
            actor.failure.set_result(error)

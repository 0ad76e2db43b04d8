"""The word to stop. It may come at any moment, from the first line of the program to the last.

A signal that comes before there is a session is kept for it: the daemon then starts, recovers and
flattens, but never trades. The first reason stays; to say it again changes nothing.
"""

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

from core.clock import wall
from storage import sentinel

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # told, typed, terminal gone


def kill(state: Path, by: str, why: str) -> bool:
    """Leave the kill file. False where the disk does not take it: a kill must not wait for that."""
    try:
        sentinel.create(state, by, why, wall())
    except OSError:
        return False
    return True


class Stopping:
    def __init__(self) -> None:
        self.told: tuple[str, str] | None = None  # why, and by whom
        self._wake: Callable[[], object] | None = None

    def say(self, why: str, by: str) -> None:
        if self.told is None:
            self.told = why, by
            if self._wake is not None:
                self._wake()

    def hear_signals(self, state: Path) -> None:
        """From now on for as long as the process lives: loops come and go with their handlers.

        SIGUSR1 is the kill switch: it leaves the kill file in `state`, which the session watches.
        Where it cannot, it is the word to stop, which leaves no position either.
        """
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._signalled)
        signal.signal(signal.SIGUSR1, partial(self._killed, state))

    async def wait(self) -> tuple[str, str]:
        loop, said = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(said.set)
        try:
            while self.told is None:
                await said.wait()
            return self.told
        finally:
            self._wake = None

    def _killed(self, state: Path, *_: object) -> None:
        if not kill(state, "operator", "signal SIGUSR1"):
            self.say("signal SIGUSR1, and no kill file can be left", "operator")

    def _signalled(self, number: int, _: object) -> None:
        self.say(f"signal {signal.Signals(number).name}", "operator")

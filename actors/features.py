"""Features: the 46 values of each bar once the kernel is warm, or the reason why there are none.

A partial bar moves the state, as the grid must have no hole, but nothing is decided from it.
"""

from math import isfinite

import numpy as np

from core.clock import SECOND
from core.messages import Bar, Features, Hold, Message
from core.reasons import Reason
from core.sessions import day
from core.settings import Settings
from core.terms import Check, whole
from indicators.columns import clock
from indicators.kernels import measure
from indicators.schema import NAMES
from indicators.squash import squash
from indicators.state import ATR, DONE, WARM_BARS, WARM_FRAMES, N, State, fresh

SECONDS_MIN, FRAMES_MIN = whole(WARM_BARS), whole(WARM_FRAMES)


class Catalogue:
    takes = (Bar,)

    def __init__(self, settings: Settings) -> None:
        self.tick = float(settings.instrument.tick)
        self.kind = settings.session.kind
        self.rows = np.zeros((1, len(NAMES)))
        self.values = self.rows[0]
        self.roll = 0  # `clock` holds until then
        self.clock = (0, 0, 0, 0)
        self.restore(fresh())
        self.on(Bar(0, *(0.0,) * 4, *(0,) * 4, *(0.0,) * 2, True, 0))  # loads the compiled code
        self.restore(fresh())

    def state(self) -> State:
        """A copy of all that is remembered."""
        return {name: array.copy() for name, array in self.memory.items()}

    def restore(self, state: State) -> None:
        """Go on from a state: bit for bit as the stage it was taken from would."""
        empty = fresh()
        self.memory = {name: np.array(state[name], empty[name].dtype) for name in empty}
        self.arrays = tuple(self.memory.values())

    def on(self, message: Message) -> list[Message]:
        assert isinstance(message, Bar)
        warm = self.step(message)
        squash(self.rows)
        return [self.judge(message, warm)]

    def learn(self, message: Message) -> None:
        """What `on` does to the memory."""
        assert isinstance(message, Bar)
        self.step(message)

    def step(self, bar: Bar) -> bool:
        start = bar.at - SECOND
        if start >= self.roll:
            today = day(start, self.kind)
            self.roll, self.clock = today.roll, clock(today)
        warm = measure(
            *self.arrays, self.values, self.tick, bar.at // SECOND, *self.clock, bar.segment,
            bar.open, bar.high, bar.low, bar.close, float(bar.volume), float(bar.buy),
            float(bar.sell), float(bar.filled),
        )  # fmt: skip
        return bool(warm)

    def judge(self, bar: Bar, warm: bool) -> Message:
        if not warm:
            return Hold(bar.at, self.missing(), Reason.FEAT_WARMUP)
        if bar.reason is Reason.BAR_PARTIAL:
            return Hold(bar.at, (), Reason.BAR_PARTIAL)
        values = tuple(self.values.tolist())
        if not isfinite(sum(values)):
            return Hold(bar.at, (), Reason.FEAT_NONFINITE)
        atr = max(float(self.memory["s"][ATR]), 1.0)  # quant.md 3.2: never under a tick
        return Features(bar.at, values, bar.close, bar.bid, bar.ask, atr)

    def missing(self) -> tuple[Check, ...]:
        """Seconds of the grid, and completed 5-minute bars, against what warm-up asks for."""
        seconds, frames = int(self.memory["k"][N]), int(self.memory["frames"][1, DONE])
        return (
            Check(Reason.FEAT_WARMUP, whole(seconds), SECONDS_MIN, seconds >= WARM_BARS),
            Check(Reason.FEAT_WARMUP, whole(frames), FRAMES_MIN, frames >= WARM_FRAMES),
        )

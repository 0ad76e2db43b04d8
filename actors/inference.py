"""Inference: features in, a prediction or a hold with its reason out. Never an exception.

The model itself is handed in as `predict`: from a row of features to the logits of DOWN, FLAT, UP.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import exp, hypot, isfinite

from msgspec import Struct, field

from core.clock import SECOND
from core.decisions import Features, Hold, Prediction
from core.reasons import Reason
from core.terms import Check, Message

Row = Sequence[float]
Three = tuple[float, float, float]
Predict = Callable[[Row | Sequence[Row]], Row]
LARGEST = 3.4e38  # of a float32, the model's own number


def probabilities(logits: Row) -> Three:
    """Softmax; the largest is taken off first, so that no exponent overflows."""
    top = max(logits)
    down, flat, up = [exp(logit - top) for logit in logits]
    total = down + flat + up
    return down / total, flat / total, up / total


def direction(chances: Three) -> int:
    """-1, 0 or +1: the likeliest class; 0 on a tie."""
    top = max(chances)
    return chances.index(top) - 1 if chances.count(top) == 1 else 0


def predict_from(features: Features, logits: Row, mean_moves: Three) -> Prediction:
    """The logits as a prediction (quant.md 12.2); `mean_moves` of the classes, in ticks."""
    chances = down, flat, up = probabilities(logits)
    move = down * mean_moves[0] + flat * mean_moves[1] + up * mean_moves[2]
    return Prediction(
        features.at, chances, direction(chances), max(chances), move,
        features.close, features.bid, features.ask, features.atr,
    )  # fmt: skip


def hold(at: int, reason: Reason, bad: int = 1, limit: int = 0) -> Hold:
    return Hold(at, (Check(reason, Decimal(bad), Decimal(limit), False),), reason)


def unfit(features: Features, width: int) -> Hold | None:
    """Why the model must not be asked: another number of features, or one that is no number."""
    if len(features.values) != width:
        return hold(features.at, Reason.FEAT_SCHEMA, len(features.values), width)
    if hypot(*features.values) < LARGEST:  # NaN and Inf are not: one call for all of them
        return None
    bad = sum(not -LARGEST < value < LARGEST for value in features.values)
    return hold(features.at, Reason.FEAT_NONFINITE, max(bad, 1))


class Inference:
    takes: tuple[type[Message], ...] = (Features,)

    def __init__(self, predict: Predict, mean_moves: Three, width: int) -> None:
        """`predict` may raise RuntimeError; `width` is the number of features it expects."""
        self.predict, self.mean_moves, self.width = predict, mean_moves, width

    def on(self, message: Message) -> list[Message]:
        match message:
            case Features():
                no = unfit(message, self.width)
                return [no or self.ask(message, message.values)]
        return []

    def learn(self, message: Message) -> None:
        """It remembers nothing."""

    def ask(self, asked: Features, seen: Row | Sequence[Row]) -> Message:
        try:
            logits = self.predict(seen)
        except RuntimeError:
            return hold(asked.at, Reason.INFER_ERROR)
        return self.read(asked, logits)

    def read(self, asked: Features, logits: Row) -> Message:
        if not isfinite(sum(logits)):
            return hold(asked.at, Reason.INFER_NONFINITE)
        return predict_from(asked, logits, self.mean_moves)


class Window(Struct):
    """The newest rows without a gap between them."""

    rows: list[tuple[float, ...]] = field(default_factory=list)
    at: int = 0  # of the last one


class Sequential(Inference):
    """For a model that sees several seconds: none is asked before that many came in a row."""

    def __init__(self, predict: Predict, mean_moves: Three, width: int, seconds: int) -> None:
        super().__init__(predict, mean_moves, width)
        self.seconds, self.memory = seconds, Window()

    def on(self, message: Message) -> list[Message]:
        if not isinstance(message, Features):
            return []
        no = self.keep(message)
        rows = self.memory.rows
        if no is not None:
            return [no]
        if len(rows) < self.seconds:
            return [hold(message.at, Reason.FEAT_WARMUP, len(rows), self.seconds)]
        return [self.ask(message, rows)]

    def learn(self, message: Message) -> None:
        if isinstance(message, Features):
            self.keep(message)

    def keep(self, message: Features) -> Hold | None:
        """Add the row to the window, or say why it cannot be."""
        no, rows = unfit(message, self.width), self.memory.rows
        if no is not None or message.at != self.memory.at + SECOND:
            rows.clear()
        if no is None:
            self.memory.at = message.at
            rows.append(message.values)
            del rows[: -self.seconds]
        return no

"""Inference: features in, a prediction or a hold with its reason out. Never an exception.

The model itself is handed in as `predict`: from a row of features to the logits of DOWN, FLAT, UP.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import exp, hypot, isfinite

from core.decisions import Features, Hold, Prediction
from core.reasons import Reason
from core.terms import Check, Message

Row = Sequence[float]
Three = tuple[float, float, float]
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
    takes = (Features,)

    def __init__(self, predict: Callable[[Row], Row], mean_moves: Three, width: int) -> None:
        """`predict` may raise RuntimeError; `width` is the number of features it expects."""
        self.predict, self.mean_moves, self.width = predict, mean_moves, width

    def on(self, message: Message) -> list[Message]:
        match message:
            case Features(at=at):
                if no := unfit(message, self.width):
                    return [no]
                try:
                    logits = self.predict(message.values)
                except RuntimeError:
                    return [hold(at, Reason.INFER_ERROR)]
                return [self.read(message, logits)]
        return []

    def read(self, asked: Features, logits: Row) -> Message:
        if not isfinite(sum(logits)):
            return hold(asked.at, Reason.INFER_NONFINITE)
        return predict_from(asked, logits, self.mean_moves)

    def on_many(
        self, asked: Sequence[Features], predict_many: Callable[[list[Row]], Iterable[Row]]
    ) -> list[Message]:
        """The answers of `on` to each, with one call of the model: for whole tapes."""
        refused = [unfit(features, self.width) for features in asked]
        rows: list[Row] = [f.values for f, no in zip(asked, refused, strict=True) if no is None]
        logits = iter(predict_many(rows) if rows else ())
        return [
            no or self.read(features, next(logits))
            for features, no in zip(asked, refused, strict=True)
        ]

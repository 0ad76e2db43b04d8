"""How much of what a live run decided does a backtest of the same tape decide alike?

Live and backtest share stages and matching; what can differ is when an answer of the venue arrives
between two bars. So bars and predictions must be the same to the bit, and decisions the same
wherever everything had been drained before the bar.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from core.messages import Bar, Features, Hold, Intent, Message, Prediction, Refused

KINDS: tuple[type[Message], ...] = (Bar, Features, Prediction, Intent, Hold, Refused)


class Share(Struct, frozen=True):
    live: int
    backtest: int
    same: int  # by time and content


def content(message: Message) -> Any:
    """What was decided, without the run's own names."""
    match message:
        case Intent() as wish:
            return (wish.action, wish.side, wish.confidence, wish.price)
        case Hold(reason=reason):
            return reason
        case Refused(intent=wish, reason=reason):
            return (wish.action, reason)
    return message


def compare(live: Iterable[Message], tested: Iterable[Message]) -> dict[str, Share]:
    """By kind of message: how many each side has, and how many are the same."""
    sides = [list(live), list(tested)]
    rows = {}
    for kind in KINDS:
        seen = [{m.at: content(m) for m in side if type(m) is kind} for side in sides]
        same = sum(seen[1].get(at) == said for at, said in seen[0].items())
        rows[kind.__name__] = Share(len(seen[0]), len(seen[1]), same)
    return rows


def apart(live: Iterable[Message], tested: Iterable[Message]) -> Counter[tuple[str, str]]:
    """The last word on each second, where the two differ: how often which against which."""
    words = [last_words(side) for side in (live, tested)]
    moments = sorted(words[0].keys() | words[1].keys())
    pairs = ((words[0].get(at, "nothing"), words[1].get(at, "nothing")) for at in moments)
    return Counter(pair for pair in pairs if pair[0] != pair[1])


def last_words(side: Iterable[Message]) -> dict[int, str]:
    """What a second came to: the reason of its hold or refusal, or the wish that was followed."""
    found = {}
    for message in side:
        match message:
            case Hold(at=at, reason=reason) | Refused(at=at, reason=reason):
                found[at] = str(reason)
            case Intent(at=at, action=action):
                found[at] = str(action)
    return found

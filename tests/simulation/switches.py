"""Ways to switch a safeguard off, for good in this process."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

import actors.guard
import actors.risk
from actors.book import Book
from actors.feed import Feed
from core.messages import Mark, Quote
from core.reasons import Reason

Switch = Callable[[], None]


def instead(owner: Any, name: str, does: Any) -> Switch:
    assert hasattr(owner, name), f"{owner} has no {name} to switch off"
    return lambda: setattr(owner, name, does)


def around(owner: type, method: str, before: Callable[..., Any]) -> Switch:
    """Do something each time before the method is called."""

    def off() -> None:
        real = getattr(owner, method)

        def called(self: Any, *given: Any) -> Any:
            before(self, *given)
            return real(self, *given)

        setattr(owner, method, called)

    return off


def after(owner: type, method: str, then: Callable[..., Any]) -> Switch:
    """Do something each time after the method was called; `then` is given its arguments."""

    def off() -> None:
        real = getattr(owner, method)

        def called(self: Any, *given: Any) -> Any:
            answer = real(self, *given)
            then(self, *given)
            return answer

        setattr(owner, method, called)

    return off


def without(owner: type, method: str, field: str, empty: Any) -> Switch:
    """The method finds nothing in this field of the memory, which is kept."""

    def off() -> None:
        real = getattr(owner, method)

        def called(self: Any, *given: Any) -> Any:
            memory = getattr(self, "memory", self)
            parent, _, last = field.rpartition(".")
            holder = getattr(memory, parent) if parent else memory
            kept = getattr(holder, last)
            setattr(holder, last, empty)
            answer = real(self, *given)
            if getattr(holder, last) == empty:
                setattr(holder, last, kept)
            return answer

        setattr(owner, method, called)

    return off


def passed(checks: tuple[Any, ...], rule: Reason) -> tuple[Any, ...]:
    return tuple(replace(c, passed=True) if c.rule is rule else c for c in checks)


def passing(rule: Reason) -> Switch:
    """Without one rule of risk for entries."""

    def off() -> None:
        judge = actors.guard.judge
        actors.guard.judge = lambda *given: passed(judge(*given), rule)

    return off


def unlimited(rule: Reason) -> Switch:
    """Without one limit of the account, at entries and at every mark."""

    def off() -> None:
        limits = actors.guard.limits
        actors.guard.limits = lambda account: passed(limits(account), rule)
        actors.risk.limits = actors.guard.limits

    return off


def believing(reason: Reason) -> Switch:
    """The market is believed where it was refused for this reason."""

    def off() -> None:
        refuse = Feed.refuse

        def believe(self: Any, event: Any, why: Reason) -> Any:
            if why is not reason:
                return refuse(self, event, why)
            if not isinstance(event, Quote) or not self.position:
                return [event]
            ticks = self.instrument.ticks(event.bid if self.position > 0 else event.ask)
            return [event, Mark(event.at, self.instrument.price(ticks))]

        Feed.refuse = believe

    return off


def deaf_to(kind: type) -> Switch:
    """The book does not hear of it."""

    def off() -> None:
        hear = Book.hear
        Book.hear = lambda self, message, terms: (
            None if isinstance(message, kind) else hear(self, message, terms)
        )

    return off


class Everything(dict[str, int]):
    """Holds whatever is asked for, and always did."""

    def __contains__(self, what: object) -> bool:
        return True

    def __missing__(self, what: str) -> int:
        return 0

"""The end of the day: what must leave, and what is told of that did not leave in time."""

from actors.account import Account
from actors.controls import calls
from actors.rolls import over
from core.clock import SECOND
from core.messages import Message, StateChanged
from core.reasons import Reason
from core.sessions import NEVER, Phase, day, ns, phase
from core.terms import EXITS_ONLY


def overstayed(account: Account, at: int) -> Reason | None:
    """Why something that is open or on its way must go; None while it may stay.

    From the day's third step on, or the contract's roll, it is closed at the market; at the flat
    time it should be gone: RISK_OVERSTAYED if it is not though it is being closed."""
    if account.settings is None or not (account.book.position.size or account.book.alive):
        return None
    rules = account.settings.session
    now = phase(at, rules)
    if account.state in EXITS_ONLY:
        return Reason.RISK_OVERSTAYED if now is Phase.FLAT else None
    if now >= Phase.FLATTEN:
        return Reason.RISK_SESSION_CLOSED
    return Reason.DATA_CONTRACT_ROLL if over(account.contract, rules.roll_days, at) else None


def due(account: Account, at: int) -> tuple[Reason, str] | None:
    """Why the clock alone leaves exits only, or calls for attention, if it does."""
    assert account.settings is not None
    if account.state not in EXITS_ONLY and account.controls.overdue(at, account.settings):
        return Reason.SYS_NO_ACK, "nobody acknowledged an alert: ack, then resume"
    if account.state not in EXITS_ONLY and (waited := unsettled(account, at)):
        return Reason.REC_FAILED, f"no agreement with the venue for {waited:.0f} s"
    late = overstayed(account, at)
    return (late, "end of session") if late else None


def unsettled(account: Account, at: int) -> float:
    """Seconds for which something is open and the venue does not tell what, if they are too many:
    an unknown order, or what a start found in its log."""
    assert account.settings is not None
    book, most_s = account.book, account.settings.recovery.failed_s
    if not most_s or not (book.position.size or book.alive):
        return 0.0
    unknown = (max(order.at, account.began) for order in book.unknown())  # before, nobody asked
    waited = (at - min([account.since or at, *unknown])) / SECOND
    return waited if waited >= most_s else 0.0


def alert(account: Account, at: int) -> list[Message]:
    """What is left at the flat time though it is being closed: told every `alert_s`.

    The state stays as it is; the executor closes on, each `exit_timeout_s`. From edition 2 on a
    person is called as well."""
    assert account.settings is not None
    settings = account.settings
    if at - account.told_at < ns(settings.session.alert_s):
        return []
    account.told_at, book = at, account.book
    why = f"not flat in time: {book.position.size:+d} contracts, {len(book.alive)} orders"
    state, late = account.state, Reason.RISK_OVERSTAYED
    alarm = account.controls.alarm(at, late, why) if calls(settings) else []
    return [StateChanged(at, state, state, why, "clock", late), *alarm]


def resumes(account: Account, at: int) -> int:
    """When a daily limit that was hit ends, after the trade date did; 0 at once.

    With "rth" that is 09:30 New York; a day without regular hours leaves it to the next.
    """
    assert account.settings is not None
    hit = account.why in (Reason.RISK_DAILY_LOSS, Reason.RISK_DRAWDOWN)
    if not hit or account.settings.risk.daily_reset != "rth":
        return 0
    return day(at).rth_open or NEVER

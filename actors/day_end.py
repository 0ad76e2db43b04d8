"""The end of the day: what must leave, and what is told of that did not leave in time."""

from actors.guard import Account
from core.messages import Message, StateChanged
from core.reasons import Reason
from core.sessions import Phase, ns, phase
from core.terms import State

FLATTENING = (State.FLATTEN_ONLY, State.HALTED)


def overstayed(account: Account, at: int) -> bool:
    """Is something open or on its way though the day's last steps are reached?

    From the third step on it is closed at the market; at the flat time it should be gone."""
    if account.settings is None or not (account.book.position.size or account.book.alive):
        return False
    now = phase(at, account.settings.session)
    return now is Phase.FLAT or (now is Phase.FLATTEN and account.state not in FLATTENING)


def alert(account: Account, at: int) -> list[Message]:
    """What is left at the flat time though it is being closed: told every `alert_s`.

    The state stays as it is; the executor closes on, each `exit_timeout_s`."""
    assert account.settings is not None
    if at - account.told_at < ns(account.settings.session.alert_s):
        return []
    account.told_at, book = at, account.book
    why = f"not flat in time: {book.position.size:+d} contracts, {len(book.alive)} orders"
    state = account.state
    return [StateChanged(at, state, state, why, "clock", Reason.RISK_OVERSTAYED)]

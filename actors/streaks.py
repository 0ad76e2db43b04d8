"""What must not come in a row: losing trades, and lost links."""

from decimal import Decimal

from actors.account import CLOCKS, Account, settings_of
from core.clock import SECOND
from core.messages import FeedState
from core.terms import State


def lose(account: Account, at: int, net: Decimal) -> None:
    """Count a closed trade. Losses in a row pause entries; of two pauses the later end counts."""
    account.results.count(net)
    if net:
        account.losses = account.losses + 1 if net < 0 else 0
    if net < 0 and (wait := pause_s(account)):
        account.pause_until = max(account.pause_until, at + int(wait * SECOND))


def pause_s(account: Account) -> float:
    """What the losses in a row ask for."""
    risk, breakers = settings_of(account).risk, settings_of(account).breakers
    if account.losses >= risk.losses_in_row_max:
        return risk.losses_pause_s
    return breakers.losses_first_pause_s if account.losses == breakers.losses_first else 0.0


def storm(account: Account, told: FeedState) -> None:
    """Remember the lost links of the window, at most one more than is allowed."""
    risk = settings_of(account).risk
    since = told.at - int(risk.links_window_s * SECOND)
    news = [] if told.up or told.link in CLOCKS else [told.at]
    recent = [at for at in account.lost if at > since] + news
    account.lost = recent[-risk.links_lost_max - 1 :]


def stormy(account: Account) -> str:
    """Why there is nothing to trade through, where entries are not off already."""
    most = settings_of(account).risk.links_lost_max
    if len(account.lost) <= most or account.state not in (State.ACTIVE, State.PAUSED):
        return ""
    return f"{len(account.lost)} links lost, {most} allowed"

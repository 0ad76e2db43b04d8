"""Section 9 of the quantitative reference once more: naive, in fractions, and from its text alone.

Nothing here may import a rule of the program; its messages and its numbers are all that is shared.
Dollars, ticks and shares are Fractions, so that nothing is ever rounded. Names are those of the
text: E_r realised equity, HWM high-water mark, C0 the starting capital, q range over its normal.
"""

from fractions import Fraction as F
from math import floor

TICK, POINT = F(5, 4), F(5)  # dollars
SIDE, TURN = F(42, 100), F(84, 100)  # costs of one side and of both, a contract
DAY_LOSS, DAY_DRAWDOWN, TRADE, DRAWDOWN, KILL, LEAST = F(50), F(75), F(25), F(200), F(300), F(700)
CAPITAL = F(1000)
TIERS = (  # balance from, below, contracts, percent
    (700, 1000, 1, F(2)), (1000, 1500, 2, F(2)), (1500, 2000, 3, F(2)), (2000, 3000, 4, F(2)),
    (3000, 10**12, 5, F(3, 2)),
)  # fmt: skip


def reached(day_profit, day_fall, fall, lost, balance):
    """9.1: what is broken, gravest first. Equality triggers, but at 700.00 one may trade."""
    found = []
    if lost >= KILL:
        found.append("RISK_KILL")
    if fall >= DRAWDOWN:
        found.append("RISK_ACCOUNT_DRAWDOWN")
    if balance < LEAST:
        found.append("RISK_MIN_BALANCE")
    if day_profit <= -DAY_LOSS:
        found.append("RISK_DAILY_LOSS")
    if day_fall >= DAY_DRAWDOWN:
        found.append("RISK_DRAWDOWN")
    return found


def open_profit(held, entry, bid, ask):
    """Marked at the side where one gets out: the bid for longs."""
    return (bid - entry if held > 0 else entry - ask) * POINT * abs(held) if held else F(0)


def unit_risk(stop, slip_in=1, slip_out=1):
    return (stop + slip_in + slip_out) * TICK + TURN


def tier(balance):
    for least, below, contracts, percent in TIERS:
        if least <= balance < below:
            return contracts, percent
    return 0, F(0)


def multiplier(confidence):
    if confidence < F(60, 100):
        return F(0)
    if confidence < F(70, 100):
        return F(1, 2)
    if confidence < F(80, 100):
        return F(1)
    return F(3, 2) if confidence <= F(90, 100) else F(2)


def contracts(balance, confidence, stop, modifiers=(), trade=TRADE):
    """9.2 up to the budget."""
    most, percent = tier(balance)
    by_stake = floor(balance * percent / 100 * multiplier(confidence) / (stop * TICK))
    least = F(min(most, by_stake, floor(trade / unit_risk(stop)) if trade else most))
    for modifier in modifiers:
        least *= modifier
    return max(0, floor(least))


def breakeven(stop, target, cost_lost, cost_won):
    return (stop + cost_lost) / ((stop + cost_lost) + (target - cost_won))


def room(E_r, R_day, peak, HWM, C0=CAPITAL):
    """9.6: R_day enters as it is, and is capped at nothing above."""
    return max(
        F(0),
        min(
            50 + min(R_day, F(0)), 75 - (peak - E_r), 200 - (HWM - E_r), 300 - (C0 - E_r),
            E_r - 700,
        ),
    )  # fmt: skip


def open_risk(n, adverse):
    return n * max(F(0), (adverse + 1) * TICK + SIDE)


def without_stop(atr_ticks):
    return max(F(40), 4 * atr_ticks)


def pending_risk(n, stop):
    return n * unit_risk(stop)


def drawdown_share(E_r, HWM):
    if not HWM:
        return F(0)  # of an account of which nothing is known
    d = (HWM - E_r) / HWM
    for below, share in ((F(5), F(1)), (F(10), F(3, 4)), (F(15), F(1, 2)), (F(20), F(1, 4))):
        if d * 100 < below:
            return share
    return F(0)


def volatility_share(q):
    if q <= F(3, 2):
        return F(1)
    if q <= 3:
        return 1 - (q - F(3, 2)) / (3 - F(3, 2)) * F(1, 2)
    return F(1, 2) if q < 5 else F(0)


def budget(room_, shares, open_risks=(), pending=()):
    for share in shares:
        room_ *= share
    return room_ - sum(open_risks, F(0)) - sum(pending, F(0))


def accepted(cost, budget_):
    return cost <= min(budget_, TRADE)


def pause_minutes(in_a_row):
    """9.5, after a net loss that is the so-many-th in a row."""
    return 30 if in_a_row >= 5 else 15 if in_a_row == 3 else 0


def wide(was_wide, spread):
    return spread > 1 if was_wide else spread > 2


def wild(was_wild, q):
    return q >= F(5, 2) if was_wild else q > 3


def thin(volume, normal):
    return normal > 0 and volume < normal / 10

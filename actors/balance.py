"""The venue's balance under ours: paid out, charged, or lost where no fill tells it.

Of both the lower counts, for every limit and every size: what is gone cannot be lost again.
"""

from decimal import Decimal

from actors.account import ZERO, Account
from core.clock import SECOND
from core.messages import AccountSnapshot
from core.terms import tidied

CENT = Decimal("0.01")
SETTLES = 10 * SECOND
LOWER = 7  # edition since which it counts


def lacks(account: Account, told: AccountSnapshot) -> None:
    """Two looks running must lack the same, with nothing open and no fill that one side misses."""
    book = account.book
    if account.base is None or book.edition < LOWER:
        return
    if told.position or book.position.size or book.alive:
        return
    if any(fill.trade_id not in book.trades for fill in told.fills):
        return
    filled_at = next(reversed(book.trades.values()), 0)
    if told.at < filled_at + SETTLES:  # its balance may follow
        return
    lack = tidied(account.base + book.realised) - told.balance
    if lack == account.lack:
        account.short = lack if lack >= CENT else ZERO
    account.lack = lack

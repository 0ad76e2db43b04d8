"""What a named person's rearm meets (quant.md 9.1).

The kill limit wants a new configuration first: the next start has it, or nothing happens. A halt
for the account's drawdown was reviewed by whoever re-arms: from here on it counts from the equity
of that moment, or the next mark would halt again. The kill limit still stands behind it.
"""

from actors.account import Account, marked
from actors.states import reopens
from core.messages import Message, StateChanged
from core.reasons import Reason
from core.terms import State

KILL = Reason.RISK_KILL


def rearmed(account: Account, at: int) -> list[Message]:
    """Prepare the account; an answer is why it stays halted."""
    if account.state is not State.HALTED or account.settings is None:
        return []
    if not account.settings.edition:  # a log that is older than this rule
        return []
    if account.killed and account.killed == account.config:
        why, ends = "not with the configuration it was killed with", reopens(State.HALTED, KILL)
        return [StateChanged(at, State.HALTED, State.HALTED, why, "risk", KILL, ends)]
    account.killed = ""
    if account.why is Reason.RISK_ACCOUNT_DRAWDOWN:
        account.high = marked(account)
    return []

"""What risk admits, as tables: which command leads where, and which reason weighs how much."""

from core.reasons import Reason
from core.settings import Settings
from core.terms import State

PAUSING = ("pause", "flatten")  # commands after which entries wait for a person

# What breaking a limit leads to. HALTED needs a person; FLATTEN_ONLY ends with the session.
SEVERITY = {
    Reason.RISK_KILL: State.HALTED,
    Reason.RISK_ACCOUNT_DRAWDOWN: State.HALTED,
    Reason.RISK_PROP_LOSS: State.HALTED,
    Reason.RISK_PROP_DAY: State.FLATTEN_ONLY,
    Reason.RISK_DAILY_LOSS: State.FLATTEN_ONLY,
    Reason.RISK_DRAWDOWN: State.FLATTEN_ONLY,
}
# Reasons that no limit as grave takes the place of: it might end before they do.
LASTING = (*(rule for rule in SEVERITY if rule is not Reason.RISK_PROP_DAY),
           Reason.SYS_NO_ACK, Reason.REC_FAILED)  # fmt: skip

GRAVITY = {State.ACTIVE: 0, State.PAUSED: 1, State.FLATTEN_ONLY: 2, State.HALTED: 3}

# (state, command) -> state. What is not here changes nothing.
COMMANDS = {
    (State.ACTIVE, "pause"): State.PAUSED,
    (State.PAUSED, "resume"): State.ACTIVE,
    (State.FLATTEN_ONLY, "resume"): State.ACTIVE,
    (State.HALTED, "rearm"): State.ACTIVE,
    **{(state, "kill"): State.HALTED for state in State},
    (State.ACTIVE, "flatten"): State.FLATTEN_ONLY,
    (State.PAUSED, "flatten"): State.FLATTEN_ONLY,
    (State.ACTIVE, "stop"): State.FLATTEN_ONLY,
    (State.PAUSED, "stop"): State.FLATTEN_ONLY,
}
REASONS = {
    "pause": Reason.RISK_PAUSED,
    "kill": Reason.RISK_KILL,
    "flatten": Reason.RISK_FLATTENING,
    "stop": Reason.SYS_STOPPING,  # ends with the run; a flatten lasts until resumed
}
# What ends a state, for people; by its reason, else by the state.
REOPENS = {
    Reason.RISK_KILL: "tradebot rearm --by NAME --why TEXT; if the limit was reached, after a "
    "start with a new configuration",
    Reason.RISK_ACCOUNT_DRAWDOWN: "tradebot rearm --by NAME --why TEXT, after a manual review",
    Reason.RISK_PAUSED: "tradebot resume",
    Reason.RISK_FLATTENING: "tradebot resume",
    Reason.SYS_STOPPING: "the next start",
    Reason.RISK_DAILY_LOSS: "09:30 New York of the next trade date (risk.daily_reset)",
    Reason.RISK_DRAWDOWN: "09:30 New York of the next trade date (risk.daily_reset)",
    Reason.RISK_SESSION_CLOSED: "the next trade date",
    Reason.RISK_PROP_DAY: "the next trade date",
    Reason.DATA_CONTRACT_ROLL: "the next trade date",
    Reason.DATA_LINK_DOWN: "tradebot resume, or the next trade date",
    Reason.SYS_NO_ACK: "tradebot ack, then tradebot resume",
    Reason.REC_FAILED: "tradebot ack, then tradebot resume",
}
OPENED_BY = {
    State.ACTIVE: "",
    State.PAUSED: "tradebot resume",
    State.FLATTEN_ONLY: "tradebot resume",
    State.HALTED: "tradebot rearm --by NAME --why TEXT",
}
# A FLATTEN_ONLY for one of these ends with the trade date.
DAILY = (
    Reason.RISK_DAILY_LOSS, Reason.RISK_DRAWDOWN, Reason.RISK_SESSION_CLOSED,
    Reason.DATA_LINK_DOWN, Reason.DATA_CONTRACT_ROLL, Reason.RISK_PROP_DAY,
)  # fmt: skip


def reopens(state: State, why: Reason, settings: Settings | None = None) -> str:
    """What lets entries through again; nothing needs to where they are."""
    if state is State.ACTIVE:
        return ""
    rolls = settings is not None and settings.risk.daily_reset != "rth"
    if rolls and why in (Reason.RISK_DAILY_LOSS, Reason.RISK_DRAWDOWN):
        return "the next trade date (risk.daily_reset)"
    return REOPENS.get(why, OPENED_BY[state])

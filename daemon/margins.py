"""How far a decision was from the opposite one: each rule's number, and what would have flipped it.

Works from the checks in the record. `missing` is rounded up and `room` down, so that what is told
does flip the rule. A rule that is only true or false has no distance: it says what was so.
"""

from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from msgspec.structs import replace

from core.messages import Approved, Hold, Message, Prediction, Refused
from core.reasons import Reason
from core.terms import Check, exact
from daemon.rules import (
    ABOVE,
    BELOW,
    CENT,
    LEAST,
    MICRO,
    MILLI,
    MOST,
    ONE,
    PORTFOLIO,
    SAME,
    WARNING,
    Rule,
)

# Each step of the size. The first that leaves nothing is why; not where a limit says the same.
SIZES = (
    Reason.RISK_SIZE_TIER, Reason.RISK_SIZE_STAKE, Reason.RISK_SIZE_TRADE,
    Reason.RISK_SIZE_FACTOR, Reason.RISK_SIZE_BUDGET,
)  # fmt: skip
SAID_BY = {
    Reason.RISK_SIZE_TRADE: (Reason.RISK_TRADE_TOO_LARGE,),
    Reason.RISK_SIZE_BUDGET: (Reason.RISK_DRB, Reason.RISK_TRADE_TOO_LARGE),
}
PLANNED = (Reason.RISK_TRADE_TOO_LARGE, Reason.RISK_DRB)  # what the size was made to fit
# The hard blocks of docs/controls.md.
CONTROLS = {
    Reason.RISK_MAX_QTY: Rule(MOST, ONE, "{} contracts fewer", "{} contracts more"),
    Reason.RISK_MAX_VALUE: Rule(MOST, CENT, "{} dollars less in it", "{} dollars more in it"),
    Reason.RISK_MAX_OPEN_ORDERS: Rule(
        MOST, CENT, "{} less open (orders, or dollars)", "{} more open (orders, or dollars)"
    ),
    Reason.RISK_COLLAR: Rule(MOST, CENT, "{} ticks nearer to the mid", "{} ticks farther off"),
    Reason.RISK_COLLAR_DRIFT: Rule(MOST, CENT, "{} ticks less of drift", "{} ticks more of drift"),
    Reason.RISK_STALE_BALANCE: Rule(MOST, MILLI, "a balance {} s younger", "one {} s older"),
    Reason.RISK_CAPITAL: Rule(MOST, CENT, "{} dollars more balance", "{} dollars less balance"),
    Reason.RISK_MAX_TRADES: Rule(MOST, ONE, "{} entries fewer today", "{} entries more today"),
    Reason.RISK_THROTTLE_MSG: Rule(
        MOST, CENT, "{} messages fewer to the venue", "{} messages more to the venue"
    ),
    Reason.RISK_THROTTLE_REPEAT: Rule(
        MOST, ONE, "{} like entries fewer; if it is off, tradebot enable", "{} like entries more"
    ),
    Reason.RISK_DUPLICATE: Rule(MOST, ONE, "{} entries like it fewer just before"),
    Reason.RISK_CLOCK_SKEW: Rule(MOST, MILLI, "{} s less of skew", "{} s more of skew"),
    Reason.DATA_STALE: Rule(MOST, MILLI, "a quote {} s younger", "a quote {} s older"),
    Reason.RISK_SELF_CROSS: Rule(MOST, ONE, "{} opposite orders of our own fewer"),
    Reason.SIG_MIN_HOLD: Rule(LEAST, MILLI, "{} s later, after the minimum hold"),
}
LOST = "{} dollars less lost", "{} dollars more lost"
RULES = {
    Reason.RISK_KILL: Rule(BELOW, CENT, *(f"{text} since the start" for text in LOST)),
    Reason.RISK_DAILY_LOSS: Rule(BELOW, CENT, *(f"{text} today" for text in LOST)),
    Reason.RISK_DRAWDOWN: Rule(BELOW, CENT, *(f"{text} from the day's peak" for text in LOST)),
    Reason.RISK_ACCOUNT_DRAWDOWN: Rule(BELOW, CENT, *(f"{text} from the peak" for text in LOST)),
    Reason.RISK_PROP_LOSS: Rule(BELOW, CENT, *(f"{text} with all at stake" for text in LOST)),
    Reason.RISK_PROP_DAY: Rule(BELOW, CENT, *(f"{text} today with all at stake" for text in LOST)),
    Reason.RISK_PROP_TARGET: Rule(BELOW, CENT, "{} dollars less made", "{} dollars more made"),
    Reason.RISK_PROP_CONSISTENCY: Rule(
        BELOW, CENT, "{} dollars less made today", "{} dollars more made today"
    ),
    Reason.RISK_PROP_SIZE: Rule(
        MOST, ONE, "{} micro(s) fewer held or coming", "{} micro(s) more held or coming"
    ),
    Reason.RISK_MIN_BALANCE: Rule(
        LEAST, CENT, "{} dollars more balance", "{} dollars less balance"
    ),
    Reason.RISK_TRADE_TOO_LARGE: Rule(
        MOST, CENT, "{} dollars less at stake", "{} dollars more at stake"
    ),
    Reason.RISK_DRB: Rule(MOST, CENT, "{} dollars more budget", "{} dollars less budget"),
    Reason.RISK_DRB_OVER: Rule(MOST, CENT, "{} dollars more room", "{} dollars less room"),
    **{rule: Rule(LEAST, ONE, "{} contract(s) more", "{} contract(s) fewer") for rule in SIZES},
    Reason.RISK_SPREAD: Rule(MOST, ONE, "{} tick(s) less spread", "{} tick(s) more spread"),
    Reason.RISK_VOLATILITY: Rule(MOST, MICRO, "{} less of normal range", "{} more of normal range"),
    Reason.RISK_VOLUME: Rule(LEAST, MICRO, "{} more of normal volume", "{} less of normal volume"),
    Reason.RISK_MAX_POSITION: Rule(
        MOST, ONE, "{} contract(s) fewer held or coming", "{} contract(s) more held or coming"
    ),
    Reason.RISK_UNKNOWN_PENDING: Rule(MOST, ONE, "{} unknown orders fewer"),
    Reason.RISK_LOSSES_IN_ROW: Rule(MOST, MILLI, "{} s later, after the pause"),
    Reason.RISK_SESSION_CLOSED: Rule(
        ABOVE, MILLI, "{} s more to the flat time", "{} s less to the flat time"
    ),
    Reason.DATA_CONTRACT_ROLL: Rule(
        ABOVE, MILLI, "{} s more to the contract's roll", "{} s less to the contract's roll"
    ),
    Reason.RISK_OVERSTAYED: Rule(MOST, MILLI, "{} s sooner, at its day's flat time"),
    Reason.SIG_EXPIRED: Rule(LEAST, MILLI, "{} s sooner", "{} s later"),
    Reason.SIG_LOW_CONFIDENCE: Rule(LEAST, MICRO, "confidence {} higher", "confidence {} lower"),
    Reason.SIG_COOLDOWN: Rule(LEAST, MILLI, "{} s later, after the cooldown", "{} s earlier"),
    Reason.SIG_HOLD: Rule(SAME, MILLI, "{} s earlier in the cycle"),
    Reason.FEAT_WARMUP: Rule(
        LEAST, ONE, "{} more seconds, or 5-minute bars", "{} seconds fewer, or 5-minute bars"
    ),
    Reason.FEAT_SCHEMA: Rule(SAME, ONE, "{} features more or fewer"),
    Reason.FEAT_NONFINITE: Rule(MOST, ONE, "{} features fewer that are no number"),
    **CONTROLS,
    **PORTFOLIO,
}

# True or false: what is so if it passed, what if not.
FLAGS = {
    Reason.RISK_NOT_AGREED: ("log and venue agreed", "log and venue not agreed"),
    Reason.RISK_STALE_DATA: ("a market link that is up", "no market link that is up"),
    Reason.RISK_CLOCK_SKEW: ("a clock that is right", "a clock that is off"),
    Reason.SYS_LOOP_LAG: ("a program that is on time", "a program that is late"),
    Reason.RISK_NAKED: ("a planned stop", "no planned stop"),
    Reason.RISK_NOT_ALLOWED: ("an instrument and account that are listed", "one not listed"),
    Reason.DATA_CROSSED: ("a quote with bid below ask", "no quote with bid below ask"),
    Reason.SIG_NO_CROSS: ("averages that cross", "averages that do not cross"),
    Reason.INFER_ERROR: ("a model that answers", "a model that failed"),
    Reason.INFER_NONFINITE: ("finite answers of the model", "no finite answer of the model"),
}
STATE = ("state ACTIVE", "state not ACTIVE")  # of the account; the rule names its cause
# Rules with a number that may be that cause too.
SKEW, CLOSED = Reason.RISK_CLOCK_SKEW, Reason.RISK_SESSION_CLOSED
UNKNOWN = {CLOSED: "an open session", SKEW: "a word of the venue's"}  # below zero
STATES = (Reason.RISK_SESSION_CLOSED, Reason.DATA_CONTRACT_ROLL, Reason.RISK_COLLAR_DRIFT)

# Decisions without a number: what would have had to be so.
OTHERWISE = {
    Reason.SIG_BLOCKED: "state ACTIVE",
    Reason.SIG_PENDING: "no wish or order on its way",
    Reason.SIG_IN_POSITION: "no position",  # some strategies leave one to its stop and target
    Reason.SIG_SUPERSEDED: "a position to close",
    Reason.BAR_PARTIAL: "a bar without a gap",
    Reason.FEAT_NONFINITE: "features that are all numbers",
}


def is_flag(check: Check) -> bool:
    said = not check.limit and check.value in (0, 1) and check.passed is not bool(check.value)
    if check.rule in FLAGS:
        return said or check.rule not in RULES
    counted = check.rule in RULES and (check.limit or RULES[check.rule].must != BELOW)
    return not counted or (check.rule in STATES and said)


def distance(check: Check) -> Decimal:
    """What is missing to pass, or the room until it fails; whole units, as they are told."""
    rule = RULES[check.rule]
    way = ROUND_DOWN if check.passed else ROUND_UP
    apart = abs(check.limit - check.value).quantize(rule.unit, way)
    return apart + 1 if check.passed and rule.unit == ONE else apart


def change(check: Check) -> str:
    """The smallest change by which this rule alone would have gone the other way; may be none."""
    if is_flag(check):
        passed, failed = FLAGS.get(check.rule, STATE)
        return failed if check.passed else passed
    if check.rule in UNKNOWN and check.value < 0:
        return UNKNOWN[check.rule]
    if check.rule is Reason.RISK_MAX_VALUE and not (check.passed or check.value):
        return "a reference price"
    rule = RULES[check.rule]
    text = rule.fails if check.passed else rule.passes
    if rule.must is SAME and check.passed:
        return ""
    over = rule.unit != ONE and (rule.must in (BELOW, ABOVE)) is not check.passed
    number = distance(check) if rule.unit == CENT else distance(check).normalize()
    return text.format(f"{'over ' if over else ''}{number:f}")


def told(check: Check) -> str:
    """The rule with its number, its limit, and what would flip it."""
    warns = check.rule in WARNING and check.value > check.limit
    head = f"{'WARN' if warns else 'ok  ' if check.passed else 'FAIL'} {check.rule}"
    if is_flag(check):
        return f"{head}: {FLAGS.get(check.rule, STATE)[not check.passed]}"
    flip = change(check)
    flip = f" ({'fails' if check.passed else 'passes'} with {flip})" if flip else ""
    return f"{head}: {check.value} against {check.limit}{flip}"


def nearest(checks: Iterable[Check]) -> Check | None:
    """Of the rules that passed, the one whose number was nearest to its limit."""
    near: list[tuple[Decimal, Check]] = []
    for check in checks:
        size = 0 if is_flag(check) else max(abs(check.value), abs(check.limit))
        if check.passed and size and change(check):
            near.append((distance(check) / size, check))
    return min(near, key=lambda row: row[0])[1] if near else None


def single(checks: Iterable[Check], size: int) -> list[Check]:
    """For one contract: an entry that is sized loses the others before it is refused."""
    rows = list(checks)
    parted = PLANNED if any(check.rule in SIZES for check in rows) else ()
    return [replace(c, value=c.value / size) if c.rule in parted else c for c in rows]


def flip(message: Message, cause: Message | None) -> str:
    """One line: what would have led to the other verdict; empty where nothing was judged."""
    match message:
        case Hold(checks=checks, reason=reason):
            return _needed("it would have gone on", checks, reason, cause)
        case Refused(checks=checks, reason=reason):
            return _needed("it would have been admitted", checks, reason, cause)
        case Approved(checks=()):
            return "nothing could have refused it: exits always pass"
        case Approved(checks=checks, reason=reason):
            if reason is not Reason.RISK_PASS and not all(check.passed for check in checks):
                return _needed("the turn would have been admitted whole", checks, reason, cause)
            least = nearest(single(checks, message.size))
            return f"nearest to a refusal: {least.rule}, with {change(least)}" if least else ""
    return ""


def _needed(verdict: str, checks: tuple[Check, ...], reason: Reason, cause: Message | None) -> str:
    if reason is Reason.SIG_FLAT_WANTED and isinstance(cause, Prediction):
        return f"{verdict} with {_preferred(cause, checks)}"
    failed = [check for check in checks if not check.passed]
    hard, small = ([c for c in failed if (c.rule in SIZES) is sized] for sized in (False, True))
    said = {check.rule for check in hard}
    first = [check for check in small[:1] if not said.intersection(SAID_BY.get(check.rule, ()))]
    needs = [change(check) for check in (*hard, *first)]
    if not any(check.rule is reason and not check.passed for check in checks):
        needs = [OTHERWISE[reason], *needs] if reason in OTHERWISE else needs
    if len(needs) > 1:
        return f"{verdict} only with all of: {'; '.join(needs)}"
    return f"{verdict} with {needs[0]}" if needs else ""


def _preferred(seen: Prediction, checks: tuple[Check, ...]) -> str:
    """The likelier side, and how likely it had to be: over the flat class, and sure enough."""
    down, flat, up = (exact(chance) for chance in seen.probabilities)
    name, side = max(("down", down), ("up", up), key=lambda row: row[1])
    sure = max((c.limit for c in checks if c.rule is Reason.SIG_LOW_CONFIDENCE), default=exact(0.0))
    other = (side + flat) / 2  # as much taken from flat as given to it
    wanted = max(sure, other)
    more = (wanted - side).quantize(MICRO, ROUND_UP)
    return f"{name} {'over ' if wanted == other else ''}{more:f} likelier ({wanted:.3f})"

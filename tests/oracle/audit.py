"""What a log says of size, limits, breakers and budget, against the oracle: each disagreement.

A verdict is judged by what was known when its wish was heard; a limit that is reached must be
followed by its state before the market goes on, and no limit's state may come without it.
"""

from collections import Counter
from fractions import Fraction as F

from core import messages as m
from core.reasons import Reason
from core.terms import EXITS, State
from tests.oracle import rules
from tests.oracle.ledger import SECOND, Ledger

ORDER = (  # 9.1, of what is told with a number
    "RISK_KILL", "RISK_ACCOUNT_DRAWDOWN", "RISK_MIN_BALANCE", "RISK_DAILY_LOSS", "RISK_DRAWDOWN",
    "RISK_LOSSES_IN_ROW", "RISK_SPREAD", "RISK_SESSION_CLOSED", "RISK_TRADE_TOO_LARGE", "RISK_DRB",
)  # fmt: skip
HALTS = ("RISK_KILL", "RISK_ACCOUNT_DRAWDOWN")
STOPS = (*HALTS, "RISK_DAILY_LOSS", "RISK_DRAWDOWN")
NEAR = F(1, 10**5)  # told numbers are Decimals, and ratios are told to six places


class Audit:
    def __init__(self, most=1):
        self.ledger, self.most = Ledger(), most  # most: contracts of an entry
        self.wishes, self.state, self.why = {}, State.ACTIVE, ""
        self.expected = ""  # the state that a limit asks for
        self.wrong, self.told = [], Counter()

    def hear(self, message):
        if isinstance(message, m.Pulse | m.Quote | m.Trade) and self.expected:
            self.fail(message, f"{self.expected} reached, and nothing was said")
            self.expected = ""
        if isinstance(message, m.Intent):
            self.wishes[message.id] = self.meets(message)
        if isinstance(message, m.Approved | m.Refused):
            self.verdict(message)
        self.ledger.hear(message)
        if isinstance(message, m.StateChanged):
            self.changed(message)
        if isinstance(message, m.Mark | m.Fill | m.Pulse) and self.ledger.opening is not None:
            self.judge()

    def fail(self, message, text):
        self.wrong.append(f"{type(message).__name__} at {message.at}: {text}")

    # Limits of the account

    def judge(self):
        """The gravest limit that is broken, if nothing as grave is in force for a limit."""
        for rule in self.ledger.broken():
            if rule in STOPS:
                if self.weight(rule) > self.weight(self.why):
                    self.expected = rule
                return

    def weight(self, why):
        """Of a limit's state: kill over review over what ends with the day over all else."""
        if why == "RISK_KILL":
            return 3
        return 2 if why in HALTS else 1 if why in STOPS else 0

    def changed(self, told):
        self.state, self.why = told.state, str(told.reason)
        if self.why in STOPS and told.by == "risk":
            self.told[self.why] += 1
            if self.expected != self.why:
                self.fail(told, f"{self.why}, but reached is {self.expected or 'nothing'}")
            halted = told.state is State.HALTED
            if halted != (self.why in HALTS):
                self.fail(told, f"{self.why} made it {told.state}")
            self.expected = ""

    # Verdicts

    def meets(self, wish):
        """Rule -> its number and its limit, as of this moment."""
        book = self.ledger
        now = max(book.now, wish.at)
        sure, budget = F(repr(wish.confidence)), book.budget(now)
        modifiers = [book.share_of_hour(wish.at)]
        modifiers += [F(1, 2)] * (book.range_wild + book.volume_thin)
        tier, percent = rules.tier(book.balance)
        stake = book.balance * percent / 100 * rules.multiplier(sure)
        unit = rules.unit_risk(wish.stop_ticks)
        fits = min(
            rules.contracts(book.balance, sure, wish.stop_ticks, modifiers),
            self.most if all(each == 1 for each in modifiers) else self.reduced(wish, modifiers),
            max(F(0), min(budget, rules.TRADE)) // unit,
        )  # fmt: skip
        size = max(1, int(fits))
        pause = max(0, book.paused_until - wish.at)
        return size, fits, {
            "RISK_KILL": (book.capital - book.equity, rules.KILL),
            "RISK_ACCOUNT_DRAWDOWN": (book.high - book.equity, rules.DRAWDOWN),
            "RISK_MIN_BALANCE": (book.balance, rules.LEAST),
            "RISK_DAILY_LOSS": (-book.day_profit, rules.DAY_LOSS),
            "RISK_DRAWDOWN": (book.peak - book.equity, rules.DAY_DRAWDOWN),
            "RISK_LOSSES_IN_ROW": (F(pause, SECOND), F(0)),
            "RISK_SPREAD": (F(book.spread), F(1 if book.spread_wide else 2)),
            "RISK_TRADE_TOO_LARGE": (size * unit, rules.TRADE),
            "RISK_DRB": (size * unit, budget),
            "RISK_SIZE_TIER": (F(min(tier, self.most)), F(1)),
            "RISK_SIZE_STAKE": (F(stake // (wish.stop_ticks * rules.TICK)), F(1)),
            "RISK_SIZE_TRADE": (F(rules.TRADE // unit), F(1)),
            "RISK_SIZE_BUDGET": (F(max(F(0), min(budget, rules.TRADE)) // unit), F(1)),
        }  # fmt: skip

    def reduced(self, wish, modifiers):
        """The config's own cap counts before the modifiers, as the tier's does."""
        least = F(min(self.most, rules.contracts(
            self.ledger.balance, F(repr(wish.confidence)), wish.stop_ticks
        )))  # fmt: skip
        for modifier in modifiers:
            least *= modifier
        return least // 1

    def verdict(self, answer):
        wish = answer.intent
        if wish.action in EXITS or wish.id not in self.wishes or not answer.checks:
            return
        size, fits, meets = self.wishes.pop(wish.id)
        self.told[str(answer.reason)] += 1
        state, *checks = answer.checks  # the state, with what it is for, has no number
        for check in checks:
            self.compare(answer, check, meets)
        if isinstance(answer, m.Approved) and answer.reason is Reason.RISK_PASS:
            cost = rules.pending_risk(size, wish.stop_ticks)
            if answer.size != fits or F(answer.risk) != cost:
                self.fail(answer, f"{answer.size} for {answer.risk}, but {fits} for {cost}")
            self.ledger.approved[wish.id] = (cost, wish.expires_at)
        told = [str(check.rule) for check in checks if str(check.rule) in ORDER]
        if told != [rule for rule in ORDER if rule in told]:
            self.fail(answer, f"rules out of order: {told}")
        if state.passed != (self.state is State.ACTIVE):
            self.fail(answer, f"{state} in state {self.state}")
        first = next((c.rule for c in answer.checks if not c.passed), Reason.RISK_PASS)
        if first is not answer.reason:
            self.fail(answer, f"reason {answer.reason}, but the first that fails is {first}")

    def compare(self, answer, check, meets):
        if str(check.rule) not in meets:
            return
        number, limit = meets[str(check.rule)]
        if abs(F(check.value) - number) > NEAR or abs(F(check.limit) - limit) > NEAR:
            self.fail(answer, f"{check} but {float(number)} of {float(limit)}")
        if check.passed != self.passes(str(check.rule), number, limit):
            self.fail(answer, f"{check} passed, by {number} of {limit}")

    def passes(self, rule, number, limit):
        if rule in STOPS:
            return number < limit
        if rule == "RISK_MIN_BALANCE" or rule.startswith("RISK_SIZE"):
            return number >= limit
        return number <= limit


def audit(messages, most=1):
    found = Audit(most)
    for message in messages:
        found.hear(message)
    return found

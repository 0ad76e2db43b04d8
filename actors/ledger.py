"""All that recovery remembers of log and venue."""

from msgspec import Struct, field

from actors.book import Book
from actors.order import NEWEST
from core.clock import SECOND
from core.reasons import Reason
from core.settings import Settings
from core.terms import Purpose

EAGER = 3  # edition since which an entry is looked for that nobody tells a fill of
BEHIND = 7  # edition since which a look may show what was so long ago
LAG_S = 6  # 5, and one for the pulse that a fill is timed by
DRIFTS = (Reason.REC_POSITION_DRIFT, Reason.REC_ORDER_DRIFT)


class Ledger(Struct):
    book: Book = field(default_factory=Book)
    settings: Settings | None = None
    now: int = 0  # the last pulse
    bare_at: int = 0  # a position is held that no stop covers, as far as we know; 0 none
    began: int = 0  # of this log: what the account did before is not ours
    runs: list[str] = field(default_factory=list)
    linked_at: int = 0  # the user link is up since; 0 down
    agreed: bool = False
    agreed_at: int = 0
    asked_at: int = 0  # a Reconcile is unanswered since; 0 none
    told_at: int = 0  # last answer
    taken_at: int = 0  # the venue took a close request; what it filled may be told since, or not
    read_at: int = 0  # newest snapshot
    others: int = 0  # positions and orders that it showed in other contracts
    again: bool = False  # an actor missed a record: tell once more what all should know
    refused_at: int = 0  # the venue refused an order: an older look says nothing of it
    reads: int = 0  # consistent snapshots in a row since the link came up, as far as they count
    odd: dict[str, int] = field(default_factory=dict)  # what no look explains -> known since
    filled_at: int = 0  # the newest fill was heard: an older look knows no better what is held
    excused: list[int] = field(default_factory=list)  # orders of others, answered for
    absent: dict[str, int] = field(default_factory=dict)  # unknown order -> first query without it
    flatten: bool = False
    flat_at: int = 0  # first of the two snapshots that prove the account flat
    proven: bool = False
    closed_at: int = 0  # the end of a day whose statement is to be asked for; 0 none

    def confirmed(self, odd: list[str], asked: int) -> list[str]:
        """What two looks running cannot explain, the second of which was asked for when the first
        was known, and after the newest fill if it judges what is held. The venue's queries may lag
        behind its hub: then what they show is of a time before that fill, and so are the orders."""
        before, edition = self.odd, self.book.edition
        exact, behind = edition >= NEWEST, edition >= BEHIND
        self.odd = {text: before.get(text, self.now) for text in odd}
        again = [text for text in odd if text in before and (asked >= before[text] or not exact)]
        if exact and asked < self.filled_at + (LAG_S * SECOND if behind else 0):
            overtaken = DRIFTS if behind else DRIFTS[:1]
            again = [text for text in again if not text.startswith(overtaken)]
        return again

    @property
    def doubtful(self) -> bool:
        """Flat after a close, and nobody has looked since."""
        return bool(self.book.doubt) and not self.book.position.size

    def pulse(self, at: int) -> None:
        held = abs(self.book.position.size)
        bare = held and self.book.resting_stop() < held and self.book.edition >= NEWEST
        self.now, self.bare_at = at, (self.bare_at or at) if bare else 0

    def untold(self, at: int) -> bool:
        """An entry of ours, at the market, of which a second later nobody told a fill: a look, so
        that what was filled gets its stop in time; then it is unsettled like others. So too a
        close that the venue took: its stop rests, and would open a position that nobody tells. And
        a bare position: its stop may rest, or it may be gone, and be closed for nothing."""
        settings = self.settings
        if settings is None or settings.edition < EAGER:
            return False
        if self.book.close_at and self.read_at < self.taken_at <= at:
            return True
        if self.read_at < self.bare_at:
            return True
        patience = int(settings.recovery.flat_gap_s * SECOND)
        sent = [order.at for order in self.book.live(Purpose.ENTRY) if order.intent]
        return any(at - then >= patience > self.told_at - then for then in sent)

"""All that recovery remembers of log and venue."""

from msgspec import Struct, field

from actors.book import Book
from actors.order import NEWEST
from core.reasons import Reason
from core.settings import Settings


class Ledger(Struct):
    book: Book = field(default_factory=Book)
    settings: Settings | None = None
    now: int = 0  # the last pulse
    began: int = 0  # of this log: what the account did before is not ours
    runs: list[str] = field(default_factory=list)
    linked_at: int = 0  # the user link is up since; 0 down
    agreed: bool = False
    agreed_at: int = 0
    asked_at: int = 0  # a Reconcile is unanswered since; 0 none
    told_at: int = 0  # last answer
    taken_at: int = 0  # the venue took a close request; what it filled may be told since, or not
    read_at: int = 0  # newest snapshot
    again: bool = False  # an actor missed a record: tell once more what all should know
    refused_at: int = 0  # the venue refused an order: an older look says nothing of it
    reads: int = 0  # consistent snapshots in a row since the link came up, as far as they count
    odd: list[str] = field(default_factory=list)  # what the last snapshot could not explain
    odd_at: int = 0  # it was told: a look from before that, and slow, confirms nothing
    filled_at: int = 0  # the newest fill was heard: an older look knows no better what is held
    excused: list[int] = field(default_factory=list)  # orders of others, answered for
    absent: dict[str, int] = field(default_factory=dict)  # unknown order -> first query without it
    flatten: bool = False
    flat_at: int = 0  # first of the two snapshots that prove the account flat
    proven: bool = False
    closed_at: int = 0  # the end of a day whose statement is to be asked for; 0 none

    def confirmed(self, odd: list[str], asked: int) -> list[str]:
        """What two looks running cannot explain, the second of which knew of what the first did,
        and of all fills that it judges."""
        slow = self.book.edition >= NEWEST and asked < self.odd_at
        again = [] if slow else [text for text in odd if text in self.odd]
        self.odd, self.odd_at = odd, self.odd_at if slow else self.now
        if self.book.edition >= NEWEST and asked < self.filled_at:
            again = [text for text in again if not text.startswith(Reason.REC_POSITION_DRIFT)]
        return again

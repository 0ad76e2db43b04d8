"""No hostile number of a frame becomes an event, a price or a bar; each is told with a reason."""

import pytest
from msgspec.structs import replace

from core.reasons import Reason
from tests.hostile.path import quote, session, trade
from tests.hostile.vectors import PRICES, SIZES

FIELDS = {
    ("GatewayQuote", "bestBid"): (quote, PRICES),
    ("GatewayQuote", "bestAsk"): (quote, PRICES),
    ("GatewayTrade", "price"): (trade, PRICES),
    ("GatewayTrade", "volume"): (trade, SIZES),
}
GOOD = session()
TOLD = {Reason.DATA_BAD_VALUE, Reason.DATA_MALFORMED, Reason.DATA_CROSSED, Reason.DATA_OUTLIER,
        Reason.DATA_GAP}  # fmt: skip


def unflagged(bars):
    return [replace(bar, reason=Reason.BAR_CLOSED) for bar in bars]


def test_the_corpus_is_as_large_as_promised():
    assert len(set(PRICES)) >= 200 and len(set(SIZES)) >= 200
    assert len(GOOD.clean) == 16 and len(GOOD.bars) == 2 and not GOOD.reasons


def faults(path, of_a_trade):
    """What is wrong with what came of one hostile frame."""
    if path.clean != GOOD.clean:
        yield "it was believed, or a good event was not"
    if not path.reasons or not path.reasons <= TOLD:
        yield f"told as {path.reasons}"
    if unflagged(path.bars) != unflagged(GOOD.bars):
        yield "a bar holds it"
    if of_a_trade and path.bars[0].reason is not Reason.BAR_PARTIAL:
        yield "a trade is lost, and its second looks whole"
    if path.bars[-1].reason is not Reason.BAR_CLOSED:
        yield "bars do not recover"


@pytest.mark.parametrize(("target", "field"), FIELDS)
def test_no_hostile_number_is_believed(target, field):
    make, vectors = FIELDS[target, field]
    found = {}
    for number in vectors:
        path = session(make(0.5, field=field, number=number))
        if wrong := list(faults(path, target == "GatewayTrade")):
            found[number[:40]] = wrong
    assert not found

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


BAD = {"unreadable": {"field": "price", "number": "-1"}, "unbelievable": {"price": 6915.25}}


@pytest.mark.parametrize("kind", BAD)
def test_each_second_that_misses_a_refused_trade_is_partial(kind):
    """Also the one that had just begun when the one before it was told."""
    path = session()
    path.frame(4.98, trade(4.98, **BAD[kind]))
    path.frame(4.99, quote(4.99))
    path.frame(5.01, trade(5.01, **BAD[kind]))
    path.pulse(5.02)
    for number in range(5):
        path.frame(5.03 + number / 2, trade(5.03 + number / 2))
    assert [bar.reason for bar in path.bars[-3:]] == [Reason.BAR_PARTIAL] * 2 + [Reason.BAR_CLOSED]

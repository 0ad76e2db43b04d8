"""The tapes that lie in data/: on the grid, in order, uncrossed, and what their README says."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from core.errors import UsageError
from core.messages import Quote, Trade
from research.tapes import interleave, rows, tick_rule, ticks
from storage.tape import QUOTE, TRADE, read

DATA = Path(__file__).parents[2] / "data"
TAPES = sorted(DATA.glob("*.parquet"))


@pytest.mark.parametrize("path", TAPES, ids=lambda path: path.name)
def test_a_tape_is_sorted_uncrossed_and_whole(path):
    columns = read(path).columns
    trades, quotes = columns["kind"] == TRADE, columns["kind"] == QUOTE
    assert (trades | quotes).all()
    assert (np.diff(columns["at"]) >= 0).all()
    assert not (columns["at"] % 100).any()
    assert (columns["bid"] < columns["ask"])[quotes].all()
    assert (columns["size"] > 0)[trades].all()
    assert (columns["bid_size"] > 0)[quotes].all() and (columns["ask_size"] > 0)[quotes].all()


@pytest.mark.parametrize("path", TAPES, ids=lambda path: path.name)
def test_the_readme_tells_hash_and_rows_of_a_tape(path):
    line = next(
        line for line in (DATA / "README.md").read_text().splitlines() if f"`{path.name}`" in line
    )
    count = (read(path).columns["kind"] == TRADE).sum()
    assert hashlib.sha256(path.read_bytes()).hexdigest() in line
    assert f"{count:,}" in re.split(r" *\| *", line)


def test_the_auction_print_of_the_reopen_has_no_aggressor():
    tape = read(DATA / "es_20231225.parquet")
    first, second = (event for event, _ in zip(tape.events(), range(2), strict=False))
    assert first == Trade(1703545200 * 10**9, 4800.25, 44, 0, 1703545200 * 10**9)
    assert isinstance(second, Quote)


def test_a_derived_quote_stands_before_the_trade_that_shows_it():
    """The buyer pays the ask, the seller gets the bid: so every print lies on its quote."""
    quote = None
    for event in read(DATA / "gc_20131007.parquet").events():
        if isinstance(event, Quote):
            quote = event
        elif event.side:
            assert event.price == (quote.ask if event.side > 0 else quote.bid)


@pytest.mark.parametrize(
    ("prices", "sides"),
    [
        ([5, 5, 6, 6, 5, 5], [0, 0, 1, 1, -1, -1]),
        ([5, 4, 4, 6], [0, -1, -1, 1]),
        ([5], [0]),
    ],
)
def test_the_tick_rule_keeps_its_side_while_the_price_stands(prices, sides):
    assert tick_rule(np.array(prices)).tolist() == sides


def test_a_price_off_the_grid_is_refused():
    with pytest.raises(UsageError, match=r"off the grid of 0\.25"):
        ticks(np.array([4800.25, 4800.30]), "0.25")


def test_quotes_are_put_before_the_rows_they_belong_to():
    prints = rows(3, TRADE, at=[1, 2, 3], price=[7, 8, 7], size=1)
    books = rows(2, QUOTE, at=[2, 3], bid=[7, 7], ask=[8, 8])
    tape = interleave(books, prints, np.array([1, 2]), {})
    assert tape.columns["at"].tolist() == [1, 2, 2, 3, 3]
    assert tape.columns["kind"].tolist() == [TRADE, QUOTE, TRADE, QUOTE, TRADE]

"""The exchange's hours over columns are those of core/sessions, stamp by stamp."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sessions import index, session
from research import hours

START, END = 1_325_548_800 * 10**9, 2_000_000_000 * 10**9
STAMPS = st.lists(st.integers(START, END), min_size=1, max_size=50)


@pytest.mark.parametrize("kind", ["globex", "rth"])
@given(STAMPS, st.booleans())
def test_a_column_lies_in_a_session_where_each_stamp_does(kind, stamps, ordered):
    column = np.array(sorted(stamps) if ordered else stamps, np.int64)
    assert hours.inside(column, kind).tolist() == [
        session(int(at), kind) is not None for at in column
    ]


@given(STAMPS, st.booleans())
def test_a_column_has_the_trade_dates_of_its_stamps(stamps, ordered):
    column = np.array(sorted(stamps) if ordered else stamps, np.int64)
    assert hours.date_index(column).tolist() == [index(int(at)) for at in column]


def test_eth_is_globex_without_regular_hours():
    column = np.arange(1_718_000_000, 1_718_700_000, 977, np.int64) * 10**9
    eth, rth = hours.inside(column, "eth"), hours.inside(column, "rth")
    assert not (eth & rth).any()
    assert ((eth | rth) == hours.inside(column, "globex")).all()


def test_spans_are_the_rows_of_each_session():
    column = np.arange(1_718_000_000, 1_718_700_000, 61, np.int64) * 10**9
    rows = np.concatenate([np.arange(*span) for span in hours.spans(column, "rth")])
    assert rows.tolist() == np.flatnonzero(hours.inside(column, "rth")).tolist()

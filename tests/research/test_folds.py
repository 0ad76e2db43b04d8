"""Folds: the reference's calendar, and a loader that cannot be talked into the quarantine."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.clock import SECOND
from core.errors import UsageError
from core.sessions import days, trade_date
from research.folds import DAY, Loader, Months, begins, folds, later, trade_day, whole_month

FIRST, LAST = date(2024, 1, 1), date(2026, 1, 1)
plans = st.builds(
    Months, st.integers(1, 8), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3),
    st.integers(0, 60),
)  # fmt: skip


@pytest.mark.parametrize(("days", "count"), [(0, 17), (30, 16)])
def test_two_years_have_as_many_folds_as_the_reference_says(days, count):
    assert len(folds(FIRST, LAST, Months(quarantine_days=days))) == count


def test_the_first_fold_is_the_one_of_the_reference():
    one = folds(FIRST, LAST, Months())[0]
    assert (one.train_start, one.train_end, one.valid_end) == (
        FIRST, date(2024, 7, 1), date(2024, 8, 1),
    )  # fmt: skip
    assert (one.test_start, one.test_end) == (date(2024, 8, 31), date(2024, 9, 30))


@given(plans, st.dates(date(2020, 1, 1), date(2023, 1, 1)), st.integers(0, 900))
def test_no_test_overlaps_another_and_none_begins_in_its_quarantine(plan, first, length):
    found = folds(first, first + timedelta(length), plan)
    for one in found:
        assert one.train_start < one.train_end < one.valid_end <= one.test_start
        days = plan.quarantine_days * DAY  # of 24 hours, whatever the clocks do
        assert begins(one.test_start) - begins(one.valid_end) >= days
    for before, after in pairwise(found):
        assert before.test_end <= after.test_start
    assert all(one.test_end <= first + timedelta(length) for one in found)


def test_edges_lie_where_trade_dates_begin_also_when_clocks_change():
    for month in range(1, 13):
        day = date(2024, month, 1)
        assert trade_date(begins(day)) >= day.isoformat()
        assert trade_day(begins(day)) == day and trade_day(begins(day) - 1) == day - timedelta(1)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)), (date(2024, 12, 15), 1, date(2025, 1, 15)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
    ],
)  # fmt: skip
def test_a_month_later_is_at_the_latest_the_months_last_day(day, months, expected):
    assert later(day, months) == expected


def test_data_that_begin_with_the_first_session_begin_the_month():
    assert whole_month(date(2024, 1, 2)) == date(2024, 1, 1)
    assert whole_month(date(2024, 1, 5)) == date(2024, 2, 1)


LOOKAHEAD_S = 1800


@pytest.fixture
def loader():
    """Two years of half hours."""
    starts = np.arange(begins(FIRST), begins(LAST), 1800 * SECOND)
    return Loader(pl.LazyFrame({"start": starts}), Months(), LOOKAHEAD_S)


def test_a_lesson_ends_where_its_last_label_does(loader):
    for fold in loader.folds:
        lesson = loader.lesson(fold)
        for rows, (start, end) in ((lesson.train, fold.train), (lesson.valid, fold.valid)):
            assert rows["start"][0] >= start
            assert rows["start"][-1] + LOOKAHEAD_S * SECOND < end


def test_every_row_of_a_test_is_after_the_quarantine_and_no_row_is_tested_twice(loader):
    tested = []
    for fold in loader.folds:
        lesson = loader.lesson(fold)
        rows = loader.test(lesson)["start"].to_numpy()
        assert rows[0] - lesson.valid["start"][-1] >= 30 * 86_400 * SECOND
        tested.append(rows)
    together = np.concatenate(tested)
    assert len(np.unique(together)) == len(together) > 0


def test_a_test_is_seen_once_and_nothing_is_learned_after_it(loader):
    lesson = loader.lesson(loader.folds[0])
    loader.test(lesson)
    with pytest.raises(UsageError, match="tested before"):
        loader.test(lesson)
    with pytest.raises(UsageError, match="its test was seen"):
        loader.lesson(loader.folds[0])


def test_rows_of_the_quarantine_in_a_lesson_refuse_the_test(loader):
    fold = loader.folds[0]
    lesson = loader.lesson(fold)
    begin = begins(fold.test_start) - 30 * DAY  # of the quarantine
    ahead = LOOKAHEAD_S * SECOND

    def smuggled(at):
        return replace(lesson, valid=pl.concat([lesson.valid, pl.DataFrame({"start": [at]})]))

    for late in (begin - ahead + 1, begin, begins(fold.test_start) - SECOND):
        with pytest.raises(UsageError, match="quarantine"):
            loader.test(smuggled(late))
    assert loader.test(smuggled(begin - ahead)).height


def test_a_fold_of_another_walk_is_not_tested(loader):
    lesson = loader.lesson(loader.folds[0])
    nearer = replace(lesson.fold, test_start=lesson.fold.valid_end)
    with pytest.raises(UsageError, match="not one of this walk"):
        loader.test(replace(lesson, fold=nearer))


@pytest.mark.parametrize(
    ("stamp", "told"),
    [(1_000, 0), (2**63 - 1, 0), (begins(date(2015, 3, 4)), 106), (begins(date(2031, 3, 5)), 62)],
)
def test_a_row_of_another_year_ends_no_walk(caplog, stamp, told):
    """Its stamp is wrong; the folds between it and all others have nothing to learn from."""
    opens = [day.rth_open for day in days() if str(FIRST) <= day.date < str(LAST) and day.rth_open]
    clean, stained = (
        Loader(pl.LazyFrame({"start": starts}), Months(), LOOKAHEAD_S, "globex")
        for starts in (opens, [stamp, *opens])
    )
    assert len(clean.folds) == 16 and stained.folds[:16] == clean.folds
    assert len(stained.folds) - 16 in (0, 1)
    words = f"{told} folds passed over: no row to begin with, to stop by or to test"
    assert caplog.messages == [words] * (told > 0)


def test_no_rows_are_no_walk():
    with pytest.raises(UsageError, match="no rows"):
        Loader(pl.LazyFrame({"start": pl.Series([], dtype=pl.Int64)}), Months(), 30)

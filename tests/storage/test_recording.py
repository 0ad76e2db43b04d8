"""Parts become one tape a day: all that came, in order, once, whatever kills the recorder."""

from pathlib import Path

import pytest

from core.clock import SECOND
from core.errors import LogError
from core.instruments import INSTRUMENTS
from core.messages import Dropped, FeedState, Quote, Trade
from core.reasons import Reason
from storage import recording, tape
from storage.recording import Recording
from tests.cli.conftest import ROOT

AT = 1_703_545_200 * SECOND  # 2023-12-25T23:00:00Z, of trade date 2023-12-26
ABOUT = {"symbol": "MES", "tick": "0.25"}


def event(at, number):
    if number % 3:
        return Quote(at, 4800.0 + number / 4, 4800.25 + number / 4, number, 2, at)
    return Trade(at, 4800.0 + number / 4, number + 1, 1 - number % 2 * 2, at)


def heard(*messages):
    came = Recording(INSTRUMENTS["MES"], ABOUT)
    for message in messages:
        came.hear(message)
    return came


def stored(folder, events, each):
    for first in range(0, len(events), each):
        for part in heard(*events[first : first + each]).cut():
            recording.store(folder, part)


EVENTS = [event(AT + number * SECOND // 7, number) for number in range(60)]


def test_what_was_recorded_is_what_came(tmp_path):
    stored(tmp_path, EVENTS, 7)
    (made,) = recording.join(tmp_path)
    assert made.name == "MES_2023-12-26.parquet" and not list(tmp_path.glob("*.part"))
    assert list(tape.read(made).events()) == EVENTS
    assert tape.read(made).about["parts"] == 9


def test_events_of_one_stamp_stay_in_the_order_in_which_they_came(tmp_path):
    late = [event(AT + number // 20 * SECOND, number) for number in range(60)]
    stored(tmp_path, [*late[20:], *late[:20]], 9)
    (made,) = recording.join(tmp_path)
    assert list(tape.read(made).events()) == late


def test_a_day_that_goes_on_is_added_to_its_tape(tmp_path):
    for first in (0, 20, 40):
        stored(tmp_path, EVENTS[first : first + 20], 6)
        recording.join(tmp_path)
    assert list(tape.read(tmp_path / "MES_2023-12-26.parquet").events()) == EVENTS
    assert recording.join(tmp_path) == []


def test_each_trade_date_has_a_tape(tmp_path):
    close = 1_703_624_400 * SECOND  # 2023-12-26T21:00:00Z
    events = [event(at, 3) for at in (close, close + 7200 * SECOND, close + 7201 * SECOND)]
    stored(tmp_path, events, 3)
    days = {path.stem[-10:]: len(tape.read(path)) for path in recording.join(tmp_path)}
    assert days == {"2023-12-26": 1, "2023-12-27": 2}


@pytest.mark.parametrize("kept", range(10))
def test_a_kill_among_the_parts_of_a_join_makes_nothing_come_twice(tmp_path, monkeypatch, kept):
    """All parts are in the tape; so many are gone, then the process is."""
    stored(tmp_path, EVENTS, 7)
    calls, unlink = [], Path.unlink

    def dying(path, **how):
        if path.suffix == ".part":
            calls.append(path)
            if len(calls) > kept:
                raise KeyboardInterrupt
        unlink(path, **how)

    monkeypatch.setattr(Path, "unlink", dying)
    if kept < 9:
        with pytest.raises(KeyboardInterrupt):
            recording.join(tmp_path)
    monkeypatch.undo()
    stored(tmp_path, [event(AT + 99 * SECOND, 99)], 1)
    recording.join(tmp_path)
    made = tape.read(tmp_path / "MES_2023-12-26.parquet")
    assert list(made.events()) == [*EVENTS, event(AT + 99 * SECOND, 99)]
    assert not list(tmp_path.glob("*.part"))


def test_breaks_of_the_wire_and_refused_events_are_told(tmp_path):
    came = heard(
        FeedState(AT, "market", True, "", Reason.DATA_LINK_UP), EVENTS[0],
        FeedState(AT, "user", False, "", Reason.DATA_LINK_DOWN),
        Dropped(AT, 3, "", Reason.DATA_STALE),
    )  # fmt: skip
    recording.store(tmp_path, came.cut()[0])
    came.hear(FeedState(AT + 5, "market", False, "", Reason.DATA_LINK_DOWN))
    assert came.cut() == []
    came.hear(EVENTS[1])
    came.hear(Dropped(AT, 2, "", Reason.DATA_STALE))
    recording.store(tmp_path, came.cut()[0])
    about = tape.read(recording.join(tmp_path)[0]).about
    assert (about["links"], about["dropped"], came.taken) == ([[AT, 1], [AT + 5, 0]], 5, 2)


def test_a_price_that_no_tape_holds_is_dropped_and_the_rest_is_kept(tmp_path):
    came = heard(EVENTS[0], Trade(AT, 9e8, 1, 1, AT), Quote(AT, 4800.0, 9e8, 1, 1, AT), EVENTS[1])
    (part,) = came.cut()
    recording.store(tmp_path, part)
    assert list(tape.read(recording.join(tmp_path)[0]).events()) == EVENTS[:2]
    assert part.about["dropped"] == 2


def test_what_cannot_be_written_is_one_line(tmp_path):
    (part,) = heard(EVENTS[0]).cut()
    with pytest.raises(LogError, match="cannot be written: No such file"):
        recording.store(tmp_path / "gone", part)


def test_a_shipped_tape_is_packed_as_it_was(tmp_path):
    was = tape.read(ROOT / "data/es_20231225.parquet")
    (tmp_path / "again.parquet").write_bytes(tape.packed(was))
    again = tape.read(tmp_path / "again.parquet")
    assert again.about == was.about
    assert all((again.columns[name] == was.columns[name]).all() for name in tape.COLUMNS)

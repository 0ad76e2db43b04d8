"""History from stand-ins over real HTTP: whole, resumed, with its gaps asked for once more."""

import json
from pathlib import Path

import polars as pl
import pytest

from core.clock import SECOND
from core.config import load
from core.errors import ConfigError, UsageError
from core.instruments import INSTRUMENTS
from research import archive, download, history, services
from storage import tape as tapes
from tests.research.simulated import running
from tests.research.standin import KEY, Standin, serving
from tests.research.test_blemishes import WEEK, minutes
from venues.topstepx.simulator.faults import Faults
from venues.topstepx.simulator.ledger import Ledger
from venues.topstepx.simulator.reference_api import Credentials
from venues.topstepx.simulator.server import Simulator

ROOT = Path(__file__).parents[2]
SPAN = (WEEK[0].open, WEEK[-1].close)
ENV = {"DATABENTO_API_KEY": KEY}
HASTE = download.Patience(tries=3, first_s=0.0)
MARKET = minutes().with_columns(pl.col("volume").cast(pl.Float64))


def databento(url, env=ENV):
    return services.Databento("MES.v.0", 60, env, url=url)


def stored(folder):
    return history.load([folder]).frame


def test_a_week_comes_by_the_day_and_lies_by_the_month(tmp_path):
    kept, seen = archive.Archive(tmp_path, 60), []
    with serving(Standin(MARKET).app) as url:
        told = download.fetch(databento(url), kept, SPAN, seen=seen.append)
    assert (told.bars, told.asked, told.gaps, told.left) == (6900, 6, 0, 0)
    assert [path.relative_to(tmp_path).as_posix() for path in kept.files()] == ["2024/06.parquet"]
    assert stored(tmp_path).equals(MARKET)
    assert seen == sorted(seen) and seen[-1] == SPAN[1] - SPAN[0]


def test_what_was_cut_short_goes_on_and_nothing_is_asked_for_twice(tmp_path):
    standin = Standin(MARKET)

    def cut(done):
        if done > (SPAN[1] - SPAN[0]) / 2:
            raise KeyboardInterrupt

    with serving(standin.app) as url:
        with pytest.raises(KeyboardInterrupt):
            download.fetch(databento(url), archive.Archive(tmp_path, 60), SPAN, seen=cut)
        asked = len(standin.asked)
        assert 0 < stored(tmp_path).height < 6900
        download.fetch(databento(url), archive.Archive(tmp_path, 60), SPAN)
        assert asked < len(standin.asked) == 6 == len(set(standin.asked))
        again = download.fetch(databento(url), archive.Archive(tmp_path, 60), SPAN)
    assert (again.asked, again.bars) == (0, 0)
    assert stored(tmp_path).equals(MARKET)


def test_a_bar_that_is_still_forming_is_left_for_the_next_time(tmp_path):
    standin = Standin(MARKET)
    middle = WEEK[1].open + 90 * SECOND  # half a minute into the second bar
    with serving(standin.app) as url:
        kept = archive.Archive(tmp_path, 60)
        download.fetch(databento(url), kept, (SPAN[0], middle))
        assert stored(tmp_path)["start"].max() == WEEK[1].open
        download.fetch(databento(url), kept, SPAN)
    assert stored(tmp_path).equals(MARKET)


def test_a_later_end_asks_for_what_is_new_only(tmp_path):
    standin = Standin(MARKET)
    with serving(standin.app) as url:
        kept = archive.Archive(tmp_path, 60)
        download.fetch(databento(url), kept, (SPAN[0], WEEK[1].close))
        first = list(standin.asked)
        download.fetch(databento(url), kept, SPAN)
    assert min(since for since, _ in standin.asked[len(first) :]) == WEEK[1].close
    assert stored(tmp_path).equals(MARKET)


@pytest.mark.parametrize("backfill", [True, False])
def test_a_gap_in_trading_hours_is_asked_for_once_more(tmp_path, backfill):
    hole = (WEEK[1].rth_open, WEEK[1].rth_open + 3600 * SECOND)
    with serving(Standin(MARKET, late=hole).app) as url:
        told = download.fetch(
            databento(url), archive.Archive(tmp_path, 60), SPAN, backfill=backfill
        )
    assert (told.gaps, told.filled, told.left) == ((1, 1, 0) if backfill else (1, 0, 1))
    assert stored(tmp_path).height == (6900 if backfill else 6840)


def test_a_gap_that_stays_is_remembered_and_not_asked_for_for_ever(tmp_path):
    hole = (WEEK[1].rth_open, WEEK[1].rth_open + 3600 * SECOND)
    standin = Standin(MARKET.filter(~pl.col("start").is_between(*hole, closed="left")))
    with serving(standin.app) as url:
        kept = archive.Archive(tmp_path, 60)
        assert download.fetch(databento(url), kept, SPAN).left == 1
        asked = len(standin.asked)
        assert download.fetch(databento(url), archive.Archive(tmp_path, 60), SPAN).gaps == 0
    assert len(standin.asked) == asked
    assert json.loads(kept.notes.read_text())["empty"] == [list(hole)]


def test_a_gap_of_which_a_part_comes_later_is_still_a_gap(tmp_path):
    """Two hours are missing at first; of them one minute comes when they are asked for again."""
    found, asked = pl.concat([MARKET[:120], MARKET[240:]]), []

    class Slow:
        name, symbol, step_s, span_s, open_always = "slow", "MES", 60, 10**7, False

        def bars(self, since, until):
            asked.append(since)
            return MARKET[180:181] if asked[1:] else found

    told = download.fetch(Slow(), archive.Archive(tmp_path, 60), SPAN)
    assert (told.gaps, told.filled, told.left, len(asked)) == (1, 0, 1, 2)


def test_a_service_that_fails_for_a_while_is_asked_again(tmp_path):
    with serving(Standin(MARKET, failures=[429, 503]).app) as url:
        kept = archive.Archive(tmp_path, 60)
        assert download.fetch(databento(url), kept, SPAN, patience=HASTE).bars == 6900
        assert len(kept.asked) == 1


@pytest.mark.parametrize(
    ("failures", "env", "why"),
    [
        ([503] * 3, ENV, "503: given up after 3 tries"), ([400], ENV, "databento: 400"),
        ([], {"DATABENTO_API_KEY": "db-wrong"}, "the key was refused"),
    ],
)  # fmt: skip
def test_what_is_no_use_ends_in_one_line_without_the_key(tmp_path, failures, env, why):
    with (
        serving(Standin(MARKET, failures).app) as url,
        pytest.raises(UsageError, match=why) as told,
    ):
        kept = archive.Archive(tmp_path, 60)
        download.fetch(databento(url, env), kept, SPAN, patience=HASTE)
    assert "db-" not in str(told.value) and "\n" not in str(told.value)
    assert not kept.asked


def test_a_key_is_looked_for_in_environment_and_credentials(tmp_path):
    with pytest.raises(ConfigError, match="DATABENTO_API_KEY"):
        databento("http://127.0.0.1:1", {})
    (tmp_path / "databento_api_key").write_text("db-file\n")
    assert databento("", {"CREDENTIALS_DIRECTORY": str(tmp_path)}).key == "db-file"


@pytest.mark.parametrize("symbol", ["MES.FUT", "MES.OPT", "MESH4,MESM4"])
def test_many_contracts_never_become_one_series(symbol):
    with pytest.raises(UsageError, match="many contracts at once"):
        services.Databento(symbol, 60, ENV)


def test_an_exchange_behind_ccxt_gives_its_candles(tmp_path):
    with serving(Standin(MARKET, failures=[503]).app) as url:
        service = services.Ccxt("BTC/USDT", 60, {}, url=url)
        kept = archive.Archive(tmp_path, 60)
        told = download.fetch(
            service, kept, (WEEK[0].open, WEEK[0].close), patience=HASTE, backfill=False
        )
    assert (told.bars, told.gaps) == (1380, 0)
    assert stored(tmp_path).equals(MARKET.head(1380))


def test_the_gateway_gives_its_own_history(tmp_path):
    """The simulator of ours, far into its tape: 20,000 bars at most a call, newest first."""
    path = ROOT / "data/es_20231225.parquet"
    tape, config = tapes.read(path), load(ROOT / "config.toml")
    simulator = Simulator(
        tape, 1e6, INSTRUMENTS["MES"], config.gateway, Faults([]), Ledger(None),
        Credentials("someone", "canary-key"),
    )  # fmt: skip
    env = {"TOPSTEPX_USERNAME": "someone", "TOPSTEPX_API_KEY": "canary-key"}
    with running(simulator) as where:
        simulator.world.clock.begin()  # without a listener
        service = services.Topstepx(where["contract_id"], 1, env, url=where["rest"])
        span = (tape.start // SECOND * SECOND, tape.start // SECOND * SECOND + 3000 * SECOND)
        download.fetch(service, archive.Archive(tmp_path, 1), span, patience=HASTE)
        wrong = services.Topstepx("CON.F.US.XYZ.Z26", 1, env, url=where["rest"])
        with pytest.raises(UsageError, match="refused with code"):
            wrong.bars(*span)
    wanted = history.load([path]).frame.filter(pl.col("start") < span[1])
    names = ["start", "open", "high", "low", "close", "volume"]
    assert stored(tmp_path).equals(wanted.select(names))


def test_two_spans_that_touch_are_one_and_a_span_less_others_is_what_is_left():
    assert archive.merged([(5, 7), (0, 2), (2, 5), (9, 9)]) == [(0, 7)]
    assert archive.without((0, 10), [(2, 3), (5, 20), (-4, 1)]) == [(1, 2), (3, 5)]
    assert archive.without((0, 10), [(0, 10)]) == []


def test_notes_that_cannot_be_read_are_told(tmp_path):
    (tmp_path / "coverage.json").write_text("[1")
    with pytest.raises(UsageError, match="delete it to ask for all again"):
        archive.Archive(tmp_path, 60)

"""`tradebot gate`: the list, a person's word, and days on paper from a log."""

import json
from pathlib import Path

import pytest

from core import config as configs
from core.clock import SECOND
from daemon import golive
from tests import build
from tests.daemon.proven import let_pass
from tests.storage.logs import append, open_wal

DAY = 86_400 * SECOND


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """A strategy without a model, and a folder of evidence of this test's own."""
    monkeypatch.setenv("TRADEBOT_SIGNALS_STRATEGY", "cycle")
    monkeypatch.setenv("TRADEBOT_LIVE_EVIDENCE", str(tmp_path / "evidence"))


def test_the_list_names_every_item_and_how_to_prove_it(tradebot):
    code, out, err = tradebot("gate")
    assert (code, err) == (1, "")
    assert all(name in out for name in golive.ITEMS) and "python -m" in out


def test_a_named_person_opens_one_item(tradebot):
    words = ("--override", "limits", "--by", "ann", "--why", "a rehearsal")
    code, out, _ = tradebot("gate", *words, "--json")
    items = {row["item"]: row for row in json.loads(out)["items"]}
    assert code == 1 and not items["limits"]["open"] and not items["limits"]["met"]
    assert items["limits"]["override"]["by"] == "ann"
    assert items["latency"]["open"]


def test_a_reason_in_brackets_is_shown_as_it_was_written(tradebot):
    code, out, err = tradebot("gate", "--override", "limits", "--by", "[ann]", "--why", "[/x]")
    assert (code, err) == (1, "") and "by [ann]: [/x]" in out


def test_with_every_item_met_or_overridden_it_exits_0(tradebot, tmp_path):
    let_pass(tmp_path / "evidence")
    assert tradebot("gate")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--override", "luck", "--by", "a", "--why", "b"), ("--override", "limits"),
        ("--log", "/none"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(tradebot, words):
    code, out, err = tradebot("gate", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("mode", "strategy", "days"),
    [("paper", "cycle", 15.0), ("sim", "cycle", 0.0), ("paper", "ema_cross", 0.0)],
)
def test_days_on_paper_are_counted_from_bars_of_paper_runs(
    tradebot, tmp_path, mode, strategy, days
):
    wal = open_wal(tmp_path / "wal", run="r1")
    env = {"TRADEBOT_SIGNALS_STRATEGY": strategy}
    settings = configs.load(Path("config.toml"), env).settings()
    start = build.run_started(mode=mode, model_sha256="", settings=settings)
    bars = [build.bar(at=build.AT + n * DAY) for n in range(16)]
    for message in (start, *bars):
        append(wal, message)
    wal.close()
    tradebot("gate", "--log", tmp_path / "wal")
    told = json.loads((tmp_path / "evidence" / "paper.json").read_text())
    assert told["values"]["days"] == days and bool(told["values"]["sessions"]) is bool(days)


def test_a_folder_without_a_log_takes_the_place_of_no_evidence(tradebot, tmp_path):
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "paper.json").write_text("fourteen days")
    (tmp_path / "empty").mkdir()
    code, _, err = tradebot("gate", "--log", tmp_path / "empty")
    assert (code, err.count("\n")) == (2, 1) and "no such log, it has no segment" in err
    assert (tmp_path / "evidence" / "paper.json").read_text() == "fourteen days"

"""The yearly self-review, from a log."""

import json
import os
from decimal import Decimal

import pytest
from msgspec.structs import replace

from core.messages import Record
from core.reasons import Reason
from core.terms import Action
from storage import lock
from tests import build
from tests.daemon.parts import wal
from tests.data.stored import unpack

SAID = (
    build.run_started(settings=build.CONTROLLED), build.approved(), build.refused(),
    build.refused(at=build.AT + build.SECOND), build.command(name="kill", by="ada", why="storm"),
    build.state_changed(), build.halted(), build.alert(),
    build.approved(intent=build.intent(action=Action.EXIT_LONG)),
)  # fmt: skip
FILLS = tuple(build.fill(at=build.AT + n, trade_id=n, side=side) for n, side in ((1, 1), (2, -1)))


def written(folder):
    with wal(folder) as log:
        for message in SAID:
            log.append(Record(log.seq + 1, "test", None, message))
    return folder


def test_a_review_tells_limits_hits_overrides_and_alerts(tradebot, tmp_path):
    code, out, _ = tradebot("review", "--wal", written(tmp_path / "wal"), "--json")
    told = json.loads(out)
    assert code == 0
    assert told["limits"]["risk"]["day_loss_max"] == "50.00"
    assert told["limits"]["controls"]["trades_day_max"] == 100
    assert told["limits"]["sizing"]["tiers"][0] == ["700.0", 1, "2.0"]
    assert told["limits"]["risk"]["links_lost_max"] == 10, "though older logs may lack it"
    assert told["limits"]["prop"]["profile"] == told["limits"]["portfolio"]["rules"] == ""
    assert (told["approved"], told["refused"]) == (1, 2)
    assert told["hits"][Reason.RISK_DAILY_LOSS]["count"] == 2
    assert told["hits"][Reason.RISK_DAILY_LOSS]["last"] == "2026-11-20 20:33:47Z"
    assert told["commands"] == ["2026-11-20 20:33:46Z kill by ada: storm"]
    assert len(told["state_changes"]) == 2 and len(told["alerts"]) == 1
    assert told["evidence"] == {"controls": 33, "with_test": 33}


def test_a_person_reads_a_page(tradebot, tmp_path):
    code, out, _ = tradebot("review", "--wal", written(tmp_path / "wal"))
    assert code == 0
    assert "  controls.trades_day_max = 100" in out
    assert "entries: 1 approved, 2 refused" in out
    assert "evidence: 33 of 33 controls name a test" in out


@pytest.mark.parametrize("verb", [("review",), ("explain", "2"), ("replay",)])
def test_half_a_line_of_a_live_daemon_is_no_damage(tradebot, tmp_path, verb):
    folder = written(tmp_path / "wal")
    (file,) = folder.glob("*.jsonl")
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])  # as a reader finds it within a write
    held = lock.take(folder)
    code, out, _ = tradebot(*verb, "--wal", folder)
    os.close(held)
    assert code < 2 and out
    assert tradebot(*verb, "--wal", folder)[0] == 74  # nobody writes on: torn


def test_an_old_log_is_reviewed_too_and_none_is_one_line(tradebot, tmp_path):
    code, out, _ = tradebot("review", "--wal", unpack("traded", tmp_path / "wal"), "--json")
    assert code == 0 and "controls" not in json.loads(out)["limits"]
    code, out, err = tradebot("review", "--wal", tmp_path / "none")
    assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(("fills", "code", "words"), [
    (FILLS, 0, ": as logged"), (FILLS[:1], 1, "trade 2: only the log has it"),
])  # fmt: skip
def test_a_day_is_compared_with_the_venues_statement(tradebot, tmp_path, fills, code, words):
    close = build.AT + 3600 * build.SECOND
    look = build.account_snapshot(
        at=build.AT, position=0, orders=(), fills=(), balance=Decimal(1000)
    )
    story = (
        build.run_started(), look, *FILLS, build.session_closed(at=close),
        replace(look, at=close, since=build.AT, fills=fills, balance=Decimal("999.16")),
    )  # fmt: skip
    with wal(tmp_path / "wal") as log:
        for message in story:
            log.append(Record(log.seq + 1, "test", None, message))
    assert tradebot("review", "--wal", tmp_path / "wal")[0] == code
    out = tradebot("review", "--wal", tmp_path / "wal")[1]
    assert "2026-11-20: " in out and words in out

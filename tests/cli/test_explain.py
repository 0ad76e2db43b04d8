"""Why an order was sent, refused or never wished for, told from a recorded session."""

import json

import pytest

from core import messages as m
from core.clock import SECOND
from core.messages import Record
from core.terms import Action
from daemon.sentences import moment
from tests import build
from tests.storage.logs import append, open_wal


def first(records, kind):
    return next(r for r in records if isinstance(r.message, kind))


def kinds(rows):
    return [row["kind"] for row in rows]


def test_an_order_leads_up_to_its_bar_and_down_to_its_round_trip(tradebot, log):
    folder, records = log
    placed = first(records, m.PlaceOrder)
    code, out, _ = tradebot("explain", "--order", placed.message.tag, "--wal", folder, "--json")
    told = json.loads(out)
    assert code == 0 and told["seq"] == placed.seq
    assert kinds(told["why"]) == ["Bar", "Intent", "Approved", "PlaceOrder"]
    assert "Fill" in kinds(told["then"]) and "TradeClosed" in kinds(told["then"])
    assert [r["seq"] for r in told["then"]] == sorted(r["seq"] for r in told["then"])


def test_a_leg_and_the_venues_number_lead_to_the_same_order(tradebot, log):
    folder, records = log
    tag = first(records, m.PlaceOrder).message.tag
    fill = first(records, m.Fill).message
    answers = {
        tradebot("explain", "--order", name, "--wal", folder)[1]
        for name in (tag, f"{tag}-SL", f"{tag}-TP", fill.venue_id)
    }
    assert fill.tag == tag and len(answers) == 1


def test_every_record_can_be_explained_up_to_its_beginning(tradebot, log):
    folder, records = log
    for one in records[:: len(records) // 12]:
        code, out, _ = tradebot("explain", one.seq, "--wal", folder, "--json")
        chain = json.loads(out)["why"]
        assert code == 0 and chain[-1]["seq"] == one.seq and chain[0]["cause"] is None


def test_a_person_reads_sentences_with_the_rules_and_their_limits(tradebot, log):
    folder, records = log
    code, out, _ = tradebot("explain", first(records, m.Approved).seq, "--wal", folder)
    assert code == 0 and out.startswith("why:\n") and "\nthen:\n" in out
    assert "RISK_DAILY_LOSS: " in out and " against " in out and "[RISK_PASS]" in out


@pytest.mark.parametrize("text", ["{:%H:%M:%S}", "{:%Y-%m-%dT%H:%M:%SZ}", "{:%Y-%m-%d %H:%M:%S}"])
def test_a_moment_leads_to_its_last_decision_also_to_do_nothing(tradebot, log, text):
    from datetime import UTC, datetime

    folder, records = log
    held = [r for r in records if isinstance(r.message, m.Hold)][-1]
    at = text.format(datetime.fromtimestamp(held.message.at / 1e9, UTC))
    code, out, _ = tradebot("explain", "--at", at, "--wal", folder, "--json")
    assert code == 0 and json.loads(out)["why"][-1]["kind"] == "Hold"
    assert json.loads(out)["seq"] == held.seq


def chain(tradebot, folder, *words):
    """Kinds of what led to it, and of what followed."""
    code, out, err = tradebot("explain", *words, "--wal", folder, "--json")
    assert code == 0, err
    return [" ".join(kinds(json.loads(out)[part])) for part in ("why", "then")]


def test_a_turn_leads_from_its_wish_over_its_exit_to_the_entry_that_waited_for_it(
    tradebot, tmp_path
):
    wish = build.intent(action=Action.REVERSE_TO_LONG)
    wal = open_wal(tmp_path)
    bar = append(wal, build.bar(), "bars")
    asked = append(wal, wish, "signals", bar)
    yes = append(wal, build.approved(intent=wish), "risk", asked)
    append(wal, build.modify_order(tag="r-1-TP"), "executor", yes)
    left = append(wal, build.fill(tag="r-1-TP"), "gateway")
    alone = append(wal, build.order_cancelled(tag="r-1-SL"), "gateway")
    append(wal, build.place_order(tag="r-2", intent=wish.id), "executor", alone)
    append(wal, build.fill(tag="r-2", venue_id=9002), "gateway")
    wal.close()
    up = "Bar Intent Approved"
    assert chain(tradebot, tmp_path, "--order", "r-2") == [f"{up} PlaceOrder", "Fill"]
    assert chain(tradebot, tmp_path, left)[0] == f"{up} ModifyOrder Fill"
    assert chain(tradebot, tmp_path, asked) == [
        "Bar Intent", "Approved ModifyOrder Fill PlaceOrder Fill",
    ]  # fmt: skip


def test_the_venues_number_of_a_close_leads_to_what_asked_for_it(tradebot, tmp_path):
    wal = open_wal(tmp_path)
    told = append(wal, build.command(name="flatten"), "operator")
    append(wal, build.close_position(), "executor", told)
    append(wal, build.feed_state(), "gateway")
    append(wal, build.order_accepted(tag="", venue_id=9007), "gateway")
    fill = append(wal, build.fill(tag="", venue_id=9007), "gateway")
    append(wal, build.trade_closed(), "executor", fill)
    append(wal, build.place_order(tag="r-2"), "executor")
    stranger = append(wal, build.fill(tag="", venue_id=9008), "gateway")
    wal.close()
    why, then = chain(tradebot, tmp_path, "--order", "9007")
    assert (why, then) == ("Command ClosePosition Fill", "TradeClosed")
    assert chain(tradebot, tmp_path, told)[1] == "ClosePosition OrderAccepted Fill TradeClosed"
    assert chain(tradebot, tmp_path, stranger) == ["Fill", ""]


def test_a_refusal_shows_the_rule_that_said_no(tradebot, tmp_path):
    wal = open_wal(tmp_path)
    append(wal, build.run_started())
    refused = append(wal, build.refused())
    wal.close()
    code, out, _ = tradebot("explain", refused, "--wal", tmp_path)
    assert code == 0 and "FAIL RISK_DAILY_LOSS: 12.50 against 50.00" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name one of SEQ, --order ID, --at TIME"),
        (["7", "--at", "12:00"], "name one of"),
        (["99999"], "no record 99999 in this log"),
        (["--order", "nobody-1"], "no order nobody-1 in this log"),
        (["--order", ""], "no order  in this log"),
        (["--at", "99:99"], "99:99 is no time: expected HH:MM:SS or ISO"),
        (["--at", ""], "is no time"),
        (["--at", "03:00:00"], "03:00:00 is not in this log: it has "),
        (["--at", "2001-01-01T00:00:00"], "2001-01-01T00:00:00 is not in this log"),
    ],
)
def test_what_cannot_be_found_is_one_line(tradebot, log, words, says):
    code, out, err = tradebot("explain", *words, "--wal", log[0])
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_of_a_long_log_only_what_is_near_is_read(tradebot, tmp_path, monkeypatch):
    """Each record in a segment of its own; a day is forty of them here, and an early one is bad."""
    monkeypatch.setattr("cli.logs.PARTS", 40)
    now, wal = build.AT, open_wal(tmp_path, segment_mb=0)
    wal.clock = lambda: now

    def said(message, actor, cause=None):
        nonlocal now
        seq, now = wal.seq + 1, message.at  # the next segment opens at once
        wal.append(Record(seq, actor, cause, message))
        return seq

    def quiet(first, last):
        for number in range(first, last):
            said(build.pulse(at=build.AT + number * SECOND), "clock")

    quiet(0, 60)
    at = build.AT + 60 * SECOND
    bar = said(build.bar(at=at), "bars")
    asked = said(build.intent(at=at), "signals", bar)
    yes = said(build.approved(at=at), "risk", asked)
    said(build.place_order(tag="r-1", at=at), "executor", yes)
    fill = said(build.fill(tag="r-1", venue_id=9002, at=at + SECOND), "gateway")
    quiet(70, 130)
    wal.close()
    early = sorted(tmp_path.glob("*.jsonl"))[20]
    early.write_bytes(early.read_bytes()[:-9] + b"damaged}\n")
    up, down = "Bar Intent", "Approved PlaceOrder Fill"
    assert chain(tradebot, tmp_path, asked) == [up, down]
    assert chain(tradebot, tmp_path, "--at", moment(at + SECOND)[11:-1]) == [up, down]
    assert chain(tradebot, tmp_path, "--order", "9002")[0] == "Bar Intent Approved PlaceOrder"
    assert chain(tradebot, tmp_path, fill)[0] == "Bar Intent Approved PlaceOrder Fill"
    assert "damage" in tradebot("replay", "--wal", tmp_path)[2]


def test_an_empty_log_and_no_log_are_told_apart(tradebot, tmp_path):
    for nothing in (tmp_path / "none", tmp_path):
        assert "no such log" in tradebot("explain", "1", "--wal", nothing)[2]
    (tmp_path / "000001-000000000001.jsonl").touch()
    assert "the log is empty" in tradebot("explain", "--at", "12:00:00", "--wal", tmp_path)[2]

"""The go-live gate: every item by its values, of this build and model, or by a person's word."""

import json
import signal
from pathlib import Path

import msgspec
import pytest

from core import config as configs
from core.errors import ConfigError, UsageError
from core.messages import Command
from daemon import golive
from daemon.build import build
from daemon.golive import BUILD, ITEMS, judge, override, refuse_unproven, write
from storage.wal import read
from tests.campaign.rig import Rig, ended, wait
from tests.daemon.proven import ENOUGH, MODEL, NOW, STRATEGY, evidence, let_pass, prove

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    prove(tmp_path)
    return tmp_path


def of(folder, name):
    return next(f for f in judge(folder, build(), MODEL, STRATEGY, NOW) if f.item == name)


def test_the_list_of_the_plan_is_all_there():
    assert set(ITEMS) == {
        "walk_forward", "skill", "limits", "end_of_day", "latency", "lookahead", "coverage",
        "paper", "reconnection", "kill_switch",
    }  # fmt: skip
    rules = {key: (sign, bound) for key, sign, bound in ITEMS["walk_forward"].rules}
    assert (rules["sharpe"], rules["calmar"]) == ((">", 1.0), (">", 0.5))


def test_enough_evidence_of_every_item_opens_the_gate(folder):
    assert refuse_unproven(folder, build(), MODEL, STRATEGY) == []
    assert all(finding.met for finding in judge(folder, build(), MODEL, STRATEGY, NOW))


def test_without_a_file_every_item_is_open_and_named(tmp_path):
    with pytest.raises(ConfigError) as refused:
        refuse_unproven(tmp_path, build(), MODEL, STRATEGY)
    assert all(name in str(refused.value) for name in ITEMS)


@pytest.mark.parametrize(("name", "key"), [(n, k) for n, i in ITEMS.items() for k, _, _ in i.rules])
@pytest.mark.parametrize("value", ["bound", None, "absent"])
def test_each_value_must_be_told_and_be_within_its_bound(folder, name, key, value):
    sign, bound = next((s, b) for k, s, b in ITEMS[name].rules if k == key)
    beyond = bound if sign in "<>" else bound + (1 if sign == "<=" else -1)
    values = {k: v for k, v in ENOUGH.items() if k in {r[0] for r in ITEMS[name].rules}}
    values[key] = beyond if value == "bound" else None
    if value == "absent":
        del values[key]
    write(folder / f"{name}.json", evidence(name, values=values))
    found = of(folder, name)
    assert found.open and f"wanted {key} {sign}" in found.why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sha256": "0" * 64}, "measured on another"), ({"item": "skill"}, "is of skill"),
        ({"of": "moon"}, "and moon"), ({"at": "2027-01-01T00:00:00+00:00"}, "dated 2027"),
        ({"at": "2026-01-01"}, "dated"), ({"at": "yesterday"}, "dated yesterday"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["walk_forward", "limits"])
def test_evidence_of_something_else_or_of_no_time_is_none(folder, name, changes, why):
    write(folder / f"{name}.json", evidence(name, **changes))
    found = of(folder, name)
    assert found.open and why in found.why


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"item": "limits"}', b'{"values": {"tests": NaN}}']
)
def test_a_file_that_is_no_evidence_is_said_to_be_none(folder, content):
    (folder / "limits.json").write_bytes(content)
    found = of(folder, "limits")
    assert found.open and "limits.json is no evidence" in found.why


def test_a_verdict_in_the_file_counts_for_nothing(folder):
    told = msgspec.to_builtins(evidence("limits", values={"tests": 5.0, "failed": 1.0}))
    (folder / "limits.json").write_text(json.dumps(told | {"passed": True}))
    assert of(folder, "limits").open


def test_without_a_model_what_is_measured_on_models_is_open(folder):
    told = msgspec.to_builtins(evidence("skill"))
    (folder / "skill.json").write_text(json.dumps(told | {"sha256": ""}))
    found = {f.item for f in judge(folder, build(), "", STRATEGY, NOW) if f.open}
    assert found == {name for name, item in ITEMS.items() if item.of != BUILD}


def test_another_build_makes_its_evidence_void_but_not_the_models(folder):
    found = {f.item for f in judge(folder, "0" * 64, MODEL, STRATEGY, NOW) if f.open}
    assert found == {name for name, item in ITEMS.items() if item.of == BUILD}


def test_evidence_of_another_strategy_is_none_of_this_one(folder):
    found = {f.item for f in judge(folder, build(), MODEL, "another", NOW) if f.open}
    assert found == {name for name, item in ITEMS.items() if item.of != BUILD}
    assert "another strategy" in judge(folder, build(), MODEL, "another", NOW)[0].why


@pytest.mark.parametrize(
    ("key", "value", "same"),
    [
        ("SIGNALS_STOP_TICKS", "9", False), ("SIGNALS_STRATEGY", "cycle", False),
        ("STOPS_MODE", "atr", False), ("SIZING_MODE", "fixed", False),
        ("SESSION_KIND", "rth", False), ("CONTROLS_DRIFT_ORDERS", "7", True),
    ],
)  # fmt: skip
def test_a_strategy_is_what_wishes_not_what_forbids(key, value, same):
    found = [
        golive.strategy_of(configs.load(ROOT / "config.toml", env).settings())
        for env in ({}, {f"TRADEBOT_{key}": value})
    ]
    assert (found[0] == found[1]) is same


def test_the_bars_it_was_measured_on_are_told(folder):
    write(folder / "skill.json", evidence("skill", data="bars.parquet 0123456789ab"))
    assert "over bars.parquet 0123456789ab" in of(folder, "skill").why


def test_a_named_person_lets_one_item_pass_for_this_build_and_model_only(folder):
    (folder / "paper.json").unlink()
    override(folder, "paper", "ann", "rehearsed on the simulator", build(), MODEL)
    assert not of(folder, "paper").open and not of(folder, "paper").met
    (said,) = refuse_unproven(folder, build(), MODEL, STRATEGY)
    assert (said.item, said.by, said.why) == ("paper", "ann", "rehearsed on the simulator")
    assert next(f for f in judge(folder, build(), "other", STRATEGY, NOW) if f.item == "paper").open
    assert next(f for f in judge(folder, "other", MODEL, STRATEGY, NOW) if f.item == "paper").open


@pytest.mark.parametrize(
    ("name", "by", "why"), [("paper", "", "x"), ("paper", "ann", " "), ("luck", "ann", "x")]
)
def test_no_name_no_reason_or_no_such_item_is_no_override(folder, name, by, why):
    with pytest.raises(UsageError):
        override(folder, name, by, why, build(), MODEL)
    assert not (folder / golive.OVERRIDES).exists()


def test_an_override_stays_on_its_line(folder):
    (folder / "paper.json").unlink()
    override(folder, "paper", "ann\nkill by bob", "\x1b[2J", build(), MODEL)
    said = of(folder, "paper").override
    assert (said.by, said.why) == ("ann\\nkill by bob", "\\x1b[2J")


def test_an_override_under_another_items_name_counts_for_nothing(folder):
    (folder / "limits.json").unlink()
    override(folder, "paper", "ann", "x", build(), MODEL)
    path = folder / golive.OVERRIDES / "paper.json"
    path.rename(path.with_name("limits.json"))
    assert of(folder, "limits").open


def test_an_override_without_a_name_in_its_file_counts_for_nothing(folder):
    (folder / "paper.json").unlink()
    override(folder, "paper", "ann", "x", build(), MODEL)
    path = folder / golive.OVERRIDES / "paper.json"
    path.write_text(path.read_text().replace('"ann"', '" "'))
    assert of(folder, "paper").open


@pytest.mark.slow
def test_a_live_run_is_refused_until_overridden_and_says_so_in_its_log(tmp_path):
    folder = tmp_path / "evidence"
    with Rig(tmp_path / "rig", 20.0, {"SIGNALS_CYCLE_S": "20"}, []) as rig:
        rig.env |= {
            "TRADEBOT_LIVE_ARMED": "true", "TRADEBOT_LIVE_EVIDENCE": str(folder),
        }  # fmt: skip
        assert ended(rig.start("live"), 30) == 78
        assert "live is not proven: walk_forward" in rig.errors.read_text()
        let_pass(folder)
        daemon = rig.start("live")
        assert wait(lambda: '"event": "ready"' in rig.errors.read_text(), daemon, 30)
        daemon.send_signal(signal.SIGTERM)
        assert ended(daemon, 30) == 0
        said = [line.record.message for line in read(rig.wal)]
    words = [m for m in said if isinstance(m, Command) and m.name == "override"]
    assert {word.by for word in words} == {"a test"} and len(words) == len(ITEMS)
    assert all("it trades with a simulator" in word.why for word in words)

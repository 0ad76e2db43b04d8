"""The evidence of a build: every item has a way to be made, and a skipped test proves nothing."""

import json
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from daemon import golive
from tests import evidence

ROOT = Path(__file__).parents[1]
SUITE = '<testsuites><testsuite tests="9" failures="{}" errors="{}" skipped="{}"/></testsuites>'


def test_every_command_that_the_gate_names_is_there():
    modules = {item.how.split()[2] for item in golive.ITEMS.values() if "python -m" in item.how}
    assert modules == {"tests.evidence"} and all(find_spec(name) for name in modules)


def test_every_item_of_the_build_is_measured_and_by_tests_that_are_there():
    ours = {name for name, item in golive.ITEMS.items() if item.of == golive.BUILD}
    assert ours == {*evidence.PROVEN_BY, "latency", "coverage"}
    for files in evidence.PROVEN_BY.values():
        for name in files:
            assert "def test_" in (ROOT / name).read_text(), name


@pytest.mark.parametrize(
    ("broken", "passed"), [((0, 0, 0), 9), ((2, 0, 0), 7), ((0, 1, 0), 8), ((0, 0, 3), 6)]
)
def test_what_did_not_pass_failed(broken, passed):
    assert evidence.counted(SUITE.format(*broken)) == {"tests": passed, "failed": 9 - passed}


@pytest.mark.slow
def test_what_was_run_opens_its_item_of_the_gate(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TRADEBOT_LIVE_EVIDENCE", str(tmp_path))
    monkeypatch.setitem(evidence.PROVEN_BY, "limits", ("tests/actors/test_budget.py",))
    assert evidence.main(["limits", "--config", str(ROOT / "config.toml")]) == 0
    assert "enough" in capfd.readouterr().out
    told = json.loads((tmp_path / "limits.json").read_text())
    found = golive.judge(tmp_path, told["sha256"], "", "", datetime.max.replace(tzinfo=UTC))
    assert [row.item for row in found if row.met] == ["limits"]
    monkeypatch.setitem(evidence.PROVEN_BY, "limits", ("tests/none.py",))
    assert evidence.main(["limits", "--config", str(ROOT / "config.toml")]) == 1
    assert "NOT ENOUGH" in capfd.readouterr().out

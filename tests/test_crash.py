"""The campaign's smallest tier: real kills and real SIGTERMs on each run of the tests."""

import json
import resource
import signal
import time

import pytest

from tests.campaign import trial
from tests.campaign.audit import Truth, closed, harm
from tests.campaign.rig import Rig, ended, wait

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("mode", "seed"), [("kill", 2), ("kill", 5), ("term", 3), ("term", 4)])
def test_no_harm_whenever_it_is_ended(tmp_path, mode, seed):
    trials = 3 if mode == "kill" else 2
    outcome = trial.run(tmp_path / "rig", mode, seed, trials)
    assert not outcome.harms, (outcome.moments, outcome.harms)


def test_a_restart_after_the_end_of_the_tape_ends_flat_by_itself(tmp_path):
    with Rig(tmp_path / "rig", 1200.0, {"SIGNALS_CYCLE_S": "600"}, []) as rig:
        daemon = rig.start()
        assert wait(lambda: b'"kind":"fill"' in rig.ledger.read_bytes(), daemon, 30)
        daemon.kill()
        daemon.wait()
        assert wait(lambda: b'"kind":"end"' in rig.ledger.read_bytes(), rig.gateway, 30)
        assert ended(rig.start(), 40) == 0
        assert rig.open_at_venue() == ([], [])
        assert closed(rig.wal) is None
        assert harm(Truth(rig.ledger), rig.wal, []) == []
        assert json.loads((rig.folder / "report.json").read_bytes())["ended"] == "end of tape"


def test_a_stop_while_the_user_hub_is_down_is_proven_flat_by_queries(tmp_path):
    down = [{"on": "connect:user", "nth": 2, "times": 1000, "do": "reset", "hub": "user"},
            {"on": "Order/place", "nth": 1, "do": "reset", "hub": "user"}]  # fmt: skip
    with Rig(tmp_path / "rig", 10.0, {"SIGNALS_CYCLE_S": "10"}, down) as rig:
        daemon = rig.start()
        assert wait(lambda: b'"kind":"fill"' in rig.ledger.read_bytes(), daemon, 30)
        daemon.send_signal(signal.SIGTERM)
        assert ended(daemon, 40) == 0
        assert rig.open_at_venue() == ([], [])
        assert harm(Truth(rig.ledger), rig.wal, []) == []


def test_a_log_that_can_not_be_written_any_more_ends_flat_with_74(tmp_path):
    with Rig(tmp_path / "rig", 10.0, {"SIGNALS_CYCLE_S": "20"}, []) as rig:
        daemon = rig.start()
        assert wait(lambda: b'"kind":"fill"' in rig.ledger.read_bytes(), daemon, 30)
        # The limit is of every file: what is said from now on must fit into it too.
        assert wait(lambda: rig.segments()[-1].stat().st_size > 150_000, daemon, 40)
        size = rig.segments()[-1].stat().st_size
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (size, size))
        began = time.time_ns()
        assert ended(daemon, 40) == 74
        assert rig.open_at_venue() == ([], [])
        later = [line for line in Truth(rig.ledger).rows("request") if line["wall"] > began + 1e9]
        assert "Order/place" not in [line["endpoint"] for line in later]
        said = rig.errors.read_text()  # what the log could not hold any more goes to the journal
        assert "log failed: log: " in said and '"kind":"RunEnded"' in said.splitlines()[-1]

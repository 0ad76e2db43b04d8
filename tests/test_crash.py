"""The campaign's smallest tier: real kills and real SIGTERMs on each run of the tests."""

import pytest

from tests.campaign import trial

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("mode", "seed"), [("kill", 2), ("kill", 5), ("term", 3), ("term", 4)])
def test_no_harm_whenever_it_is_ended(tmp_path, mode, seed):
    trials = 3 if mode == "kill" else 2
    outcome = trial.run(tmp_path / "rig", mode, seed, trials)
    assert not outcome.harms, (outcome.moments, outcome.harms)

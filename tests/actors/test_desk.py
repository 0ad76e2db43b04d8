"""The desk: what an order is called, and how requests are worded."""

import os
import random

from actors.desk import Desk
from daemon.main import RUN_ID_BYTES

IDS = int(os.environ.get("IDS", "100000"))  # in 1,000 runs together


def test_no_two_orders_of_a_thousand_runs_have_the_same_tag():
    """A run's name is chance and not time, so a clock that is set back repeats none."""
    chance, runs = random.Random(4), set()
    for _ in range(1000):
        desk = Desk(run=chance.randbytes(RUN_ID_BYTES).hex())
        tags = {desk.tag() for _ in range(IDS // 1000)}
        assert len(tags) == IDS // 1000
        assert {tag.partition("-")[0] for tag in tags} == {desk.run}
        runs.add(desk.run)
    assert len(runs) == 1000

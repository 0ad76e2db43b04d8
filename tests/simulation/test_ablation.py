"""Each safeguard is there for something: without it, some seed shows harm. See ablation.toml."""

import tomllib
from collections import Counter

import pytest

from tests.simulation import ablation, safeguards

PARTS = 4  # interpreters, which can be spread over processes
ROWS = ablation.table()


@pytest.mark.parametrize("part", range(PARTS))
def test_without_a_safeguard_the_seed_shows_harm_and_with_it_none(part):
    tried = list(ablation.check(ROWS[part::PARTS]))
    assert tried
    assert not {row.name: why for row, _, why in tried if why}


def test_the_table_names_every_safeguard_once():
    named = Counter(row.name for row in ROWS)
    unshown = tomllib.loads(ablation.TABLE.read_text())["unshown"]
    assert set(named) | set(unshown) == set(safeguards.NAMES)
    assert max(named.values()) == 1
    assert not set(named) & set(unshown)
    assert len(named) >= 25


def test_who_is_covered_by_another_says_by_whom():
    for row in ROWS:
        assert set(filter(None, row.beside.split(" + "))) <= set(safeguards.NAMES)
        assert bool(row.beside) == bool(row.why), row.name

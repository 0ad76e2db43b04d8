"""Every parser takes its seeds, and all that fuzzing ever found, without a find."""

from pathlib import Path

import pytest

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

FINDS = sorted((Path(__file__).parent / "finds").glob("*/*"))


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_seeds(name):
    given = seeds(name)
    assert given
    for seed in given:
        TARGETS[name](seed)


@pytest.mark.parametrize("find", FINDS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once_is_found_no_more(find):
    TARGETS[find.parent.name](find.read_bytes())

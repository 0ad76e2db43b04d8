"""A model on disk: what fails on the way to it leaves the one that was there."""

import resource
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from indicators.schema import FINGERPRINT, NAMES
from research import export
from storage import model as models

SHIPPED = Path(__file__).parents[2] / "models/mlp.onnx"


def network(*widths):
    sizes = [len(NAMES), *widths, 3]
    layers = [(np.ones(pair), np.ones(pair[1])) for pair in pairwise(sizes)]
    return export.graph(np.zeros(len(NAMES)), np.ones(len(NAMES)), layers)


@pytest.fixture
def room():
    """For files of so many bytes: the disk is full behind them."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(("widths", "short"), [((64, 32), 0), ((2,), 1)], ids=["model", "manifest"])
def test_a_full_disk_leaves_the_model_that_was_there(tmp_path, room, widths, short):
    """Whichever of the two files finds no room."""
    about = models.load(SHIPPED, FINGERPRINT, now=2**62).manifest
    files = export.write(tmp_path, "mlp", network(), about)
    before = [path.read_bytes() for path in files]
    room(len(before[1]) - short)
    with pytest.raises(OSError, match="File too large"):
        export.write(tmp_path, "mlp", network(*widths), about)
    assert [path.read_bytes() for path in files] == before
    assert sorted(tmp_path.iterdir()) == sorted(files)
    models.load(files[0], FINGERPRINT, now=2**62)

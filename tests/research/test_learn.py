"""From files to a model on disk: what its manifest says of them."""

import polars as pl
import pytest

from core.errors import UsageError
from indicators.schema import FINGERPRINT
from research import learn
from research.archive import Archive
from research.train import Plan
from storage import model as models
from tests.research import random_bars
from tests.research.invented import SETTINGS


@pytest.fixture
def days(tmp_path):
    """A file each."""
    found = [tmp_path / str(number) / "day.parquet" for number in range(3, 6)]
    for number, path in enumerate(found, 3):
        path.parent.mkdir()
        frame = random_bars.bars(number, f"2024-01-0{number}", f"2024-01-0{number + 1}", drift=0.4)
        frame.write_parquet(path)
    return found


def manifest(tapes, valid, out):
    learn.train(tapes, valid, out, SETTINGS, Plan(epochs_max=1), lambda words: None)
    return models.load(out / "mlp.onnx", FINGERPRINT, now=2**62).manifest


def test_months_as_download_leaves_them_are_learned_from(days, tmp_path):
    months = Archive(tmp_path / "months", 1)
    months.add((0, 2**62), pl.read_parquet(days[0]))
    found = manifest([months.folder], days[2], tmp_path / "models")
    assert set(found.data_sha256) == {"months", "day.parquet"}


def test_two_files_of_one_name_are_both_told(days, tmp_path):
    """As months of two years are."""
    found = manifest(days[:2], days[2], tmp_path / "models")
    assert set(found.data_sha256.values()) == {learn.digest_of(path) for path in days}


@pytest.mark.parametrize("short", [0, 2])
def test_a_file_that_is_all_warm_up_is_refused_by_its_name(days, tmp_path, short):
    """Twenty minutes: no feature is warm, so that there is nothing to learn or to judge by."""
    pl.read_parquet(days[short]).head(1200).write_parquet(days[short])
    with pytest.raises(UsageError, match=f"{days[short]}: no row in it"):
        manifest([days[0]], days[2], tmp_path / "models")

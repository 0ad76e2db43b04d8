"""The dataset: rows the live stages would have made, and their mirror images."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from core.config import load as load_config
from core.errors import UsageError
from indicators.columns import features
from indicators.schema import NAMES
from research import dataset
from research.dataset import Rows, mirrored, rows
from storage import tape as tapes

ROOT = Path(__file__).parents[2]
SETTINGS = load_config(ROOT / "config.toml", {}).settings()


@pytest.fixture(scope="module")
def seen():
    return dataset.load(ROOT / "data/es_20231225.parquet", SETTINGS)


def test_an_hour_of_tape_is_an_hour_of_seconds(seen):
    assert len(seen) == 3600 and seen.x.shape == (3600, 46)
    assert (np.diff(seen.at) == 10**9).all()
    assert 1700 < seen.ready.sum() <= 1801  # warm after six bars of five minutes


def test_a_row_has_warm_features_and_a_known_target(seen):
    found = rows(seen, 30, 3.0)
    assert 1700 < len(found) <= seen.ready.sum() - 30
    assert np.isfinite(found.x).all() and np.abs(found.x).max() <= 1
    assert ((found.label == 2) == (found.move > 3)).all()
    assert ((found.label == 0) == (found.move < -3)).all()


def test_the_market_in_a_mirror_has_the_mirrored_features():
    """Turn every price and side of the bars round and run the kernel itself."""
    random = np.random.default_rng(4)
    count = 2400
    bars = np.zeros((count, 10))
    bars[:, 0], bars[:, 1] = 1_703_545_201 + np.arange(count), 1
    close = 19_200 + np.cumsum(random.integers(-2, 3, count))
    start = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(start, close) + random.integers(0, 2, count)
    low = np.minimum(start, close) - random.integers(0, 2, count)
    bars[:, 2:6] = np.stack([start, high, low, close], axis=1) * 0.25
    bars[:, 7:9] = random.integers(0, 9, (count, 2))
    bars[:, 6] = bars[:, 7] + bars[:, 8]
    turned = bars.copy()
    turned[:, 2:6] = 9600.0 - bars[:, [2, 4, 3, 5]]
    turned[:, 7:9] = bars[:, [8, 7]]
    (x, warm), (y, _) = features(bars, 0.25), features(turned, 0.25)
    assert warm.sum() > 100
    label = np.zeros(count, dtype=np.int64)
    image = mirrored(Rows(x, label, label.astype(float)))
    for place, name in enumerate(NAMES):
        np.testing.assert_allclose(image.x[warm, place], y[warm, place], atol=1e-9, err_msg=name)


def test_a_mirror_of_a_mirror_is_the_market_itself():
    random = np.random.default_rng(5)
    before = Rows(random.normal(size=(9, 46)), random.integers(0, 3, 9), random.normal(size=9))
    after = mirrored(mirrored(before))
    for field in Rows.__struct_fields__:
        np.testing.assert_array_equal(getattr(after, field), getattr(before, field))


def test_a_tape_of_an_unknown_symbol_is_refused(tmp_path):
    tape = tapes.read(ROOT / "data/es_20231225.parquet")
    path = tmp_path / "odd.parquet"
    tapes.write(path, replace(tape, about=tape.about | {"symbol": "XYZ"}))
    with pytest.raises(UsageError, match="symbol XYZ: expected one of MES"):
        dataset.load(path, SETTINGS)


def test_a_tape_without_a_trade_is_refused(tmp_path):
    tape = tapes.read(ROOT / "data/es_20231225.parquet")
    quotes = tape.columns["kind"] == tapes.QUOTE
    path = tmp_path / "quotes.parquet"
    tapes.write(path, replace(tape, columns={k: v[quotes] for k, v in tape.columns.items()}))
    with pytest.raises(UsageError, match="no trade in it makes a bar"):
        dataset.load(path, SETTINGS)


def test_bars_of_a_file_are_the_rows_of_the_tape_they_were_made_of(tmp_path):
    from research import history

    tape = ROOT / "data/gc_20131007.parquet"
    history.load([tape]).frame.write_parquet(tmp_path / "bars.parquet")
    made, seen = dataset.load(tmp_path / "bars.parquet", SETTINGS), dataset.load(tape, SETTINGS)
    inside = np.isin(seen.at, made.at)  # a file of bars knows no trade beyond the exchange's hours
    assert len(made) > 75_000
    first = int(np.flatnonzero(seen.at == made.at[0])[0])
    assert (made.x[:75_000] == seen.x[first : first + 75_000]).all()
    assert (made.close[:75_000] == seen.close[inside][:75_000]).all()


def test_bars_of_a_minute_are_refused(tmp_path):
    from tests.research.test_blemishes import minutes

    minutes().write_parquet(tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="bars of 60 s: a model sees those of 1 s"):
        dataset.load(tmp_path / "a.parquet", SETTINGS)

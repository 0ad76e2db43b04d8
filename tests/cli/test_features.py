"""`tradebot features`: a page and its numbers about the recorded hour, and errors in one line."""

import json
from pathlib import Path

import pytest

from cli import features
from core.clock import wall
from indicators.schema import FINGERPRINT, NAMES
from storage import model as models

ROOT = Path(__file__).parents[2]


def test_the_recorded_hour_becomes_a_page_and_the_same_one_again(tradebot, tmp_path):
    pages = [tmp_path / name for name in ("one.html", "two.html")]
    told = []
    for page in pages:
        code, out, err = tradebot("features", "--repeats", "2", "--out", page, "--json")
        assert (code, err) == (0, "")
        told.append(json.loads(out))
    assert told[0] == told[1] and pages[0].read_bytes() == pages[1].read_bytes()
    assert set(told[0]["features"]) == set(NAMES) and sum(told[0]["counts"].values()) > 1700
    assert told[0]["constant"] == ["minutes_to_close", "is_rth", "volume_tod_ratio"]
    text = pages[0].read_text()
    assert all(name in text for name in NAMES) and "no better than chance" in text


def test_the_target_is_the_models_own_unless_it_is_named():
    model = models.load(ROOT / "models/mlp.onnx", FINGERPRINT, wall())
    words = features.parser()
    about = model.manifest
    assert features.target_of(words.parse_args([]), model) == (about.lookahead_s, about.theta_ticks)
    named = words.parse_args(["--lookahead", "5", "--theta", "0"])
    assert features.target_of(named, model) == (5, 0.0)


def test_data_that_the_model_was_made_with_are_told_apart():
    model = models.load(ROOT / "models/mlp.onnx", FINGERPRINT, wall())
    old, new = (ROOT / "data" / f"{name}.parquet" for name in ("gc_20131008", "es_20231225"))
    (words,) = features.known([old, new], model)
    assert "made with gc_20131008.parquet" in words


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--tape", "none.parquet"), 2, "none.parquet: not a file"),
        (("--tape", "data"), 2, "data: not a file"),
        (("--tape", "README.md"), 2, "README.md: expected .parquet"),
        (("--model", "none.onnx"), 78, "no such file: make one with `tradebot train`"),
        (("--theta", "40"), 2, "none is DOWN: more data, or a lower --theta"),
        (("--repeats", "1"), 2, "expected a whole number from 2 to 1000"),
        (("--repeats", "2", "--out", "no/such/page.html"), 2, "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line(tradebot, words, code, why):
    found, out, err = tradebot("features", *words)
    assert (found, out, err.count("\n")) == (code, "", 1) and why in err


def test_a_tape_that_is_all_warm_up_is_one_line(tradebot, tape):
    code, out, err = tradebot("features", "--tape", tape)
    assert (code, out, err.count("\n")) == (2, "", 1) and "of 0 rows" in err

"""Training: the same seed gives the same bytes, and what is written is what the loader asks for."""

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
from sklearn.neural_network import MLPClassifier

from cli import train as command
from core.config import load as load_config
from core.errors import UsageError
from indicators.schema import FINGERPRINT, NAMES
from research import dataset
from research.dataset import Rows
from research.targets import class_weights
from research.train import Plan, fit, measure, weigh
from storage import tape as tapes
from storage.model import load

ROOT = Path(__file__).parents[2]
NOW = 1_400_000_000 * 10**9
QUICK = ["--config", str(ROOT / "config.toml"), "--json"]


def cut(name, path, hours):
    """The first hours of a tape."""
    whole = tapes.read(ROOT / "data" / name)
    count = int(np.searchsorted(whole.columns["at"], whole.start + hours * 3600 * 10**9))
    short = {name: column[:count] for name, column in whole.columns.items()}
    tapes.write(path, tapes.Tape(whole.about, short))
    return str(path)


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tapes")
    return ["--tape", cut("gc_20131007.parquet", folder / "first.parquet", 4),
            "--valid", cut("gc_20131008.parquet", folder / "second.parquet", 4)]  # fmt: skip


@pytest.fixture(scope="module")
def made(slices, tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    assert command.main([*QUICK, *slices, "--out", str(out)]) == 0
    return out


def test_what_is_trained_is_what_the_loader_asks_for(made):
    model = load(made / "mlp.onnx", FINGERPRINT, NOW)
    assert model.manifest.feature_names == NAMES
    assert model.manifest.class_mean_moves[0] < -3 and model.manifest.class_mean_moves[2] > 3
    assert (model.manifest.quarantine_end - model.manifest.valid_end).days == 30
    assert sorted(model.manifest.data_sha256) == ["first.parquet", "second.parquet"]


def test_a_training_that_is_interrupted_writes_no_model(slices, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(MLPClassifier, "_backprop", interrupted)
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as in the program
        with pytest.raises(KeyboardInterrupt):
            command.main([*QUICK, *slices, "--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_the_file_carries_its_manifest(made):
    model = onnx.load(made / "mlp.onnx")
    onnx.checker.check_model(model, full_check=True)
    carried = {entry.key: entry.value for entry in model.metadata_props}
    beside = json.loads((made / "mlp.json").read_text())
    assert set(carried) | {"onnx_sha256"} == set(beside)
    assert json.loads(carried["feature_names"]) == list(NAMES)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(
    made, slices, tmp_path, capsys
):
    for seed in "1", "2":
        command.main([*QUICK, *slices, "--out", str(tmp_path / seed), "--seed", seed])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0]["parity"] <= 1e-5 and told[0]["model_id"] != told[1]["model_id"]
    for name in "mlp.onnx", "mlp.json":
        content = (made / name).read_bytes()
        assert (tmp_path / "1" / name).read_bytes() == content
        assert (tmp_path / "2" / name).read_bytes() != content


def test_the_summary_tells_balance_metrics_and_files(slices, tmp_path, capsys):
    command.main([*QUICK[:2], *slices, "--out", str(tmp_path)])
    text = capsys.readouterr().out
    for words in "rows   down", "always FLAT", "confidence >= 0.60", "parity", "mlp.json":
        assert words in text


def test_the_validation_tape_must_be_the_later_one(slices, tmp_path):
    turned = ["--tape", slices[3], "--valid", slices[1]]
    with pytest.raises(UsageError, match="later than the tapes to learn from"):
        command.main([*QUICK, *turned, "--out", str(tmp_path)])


def test_a_folder_that_cannot_be_made_is_told(slices, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        command.main([*QUICK, *slices, "--out", str(tmp_path / "file")])


@pytest.mark.parametrize("seed", ["-1", "x", str(2**32)])
def test_a_seed_is_a_whole_number_of_32_bits(seed):
    with pytest.raises(UsageError, match=r"--seed: .*: expected a whole number from 0"):
        command.main(["--seed", seed])


def separable(count, seed):
    """Rows whose first feature tells the class."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 3, count)
    x = random.normal(0, 0.3, (count, len(NAMES)))
    x[:, 0] = label - 1
    return Rows(x, label, (label - 1) * 5.0)


def test_the_classes_weigh_alike_at_each_level_of_volatility():
    seen = separable(900, 3)
    seen.x[:, NAMES.index("rv_60s")] = level = np.repeat([0.1, 0.2, 0.3], 300)
    weights = weigh(seen, 3)
    for value in 0.1, 0.2, 0.3:
        sums = [weights[(level == value) & (seen.label == c)].sum() for c in range(3)]
        np.testing.assert_allclose(sums, 100)


def test_one_level_is_the_plain_balance():
    seen = separable(300, 3)
    np.testing.assert_allclose(weigh(seen, 1), class_weights(seen.label)[seen.label])


def test_what_can_be_learned_is_learned():
    heard = []
    plan = Plan(hidden=(8,), batch=64, epochs_max=12, rate=1e-2)
    found = fit(separable(2000, 1), separable(500, 2), plan, lambda *epoch: heard.append(epoch))
    assert found.metrics["balanced_accuracy"] > 0.95
    assert [number for number, _ in heard] == list(range(1, len(heard) + 1))
    assert max(metrics["ticks"] for _, metrics in heard) == found.metrics["ticks"]


def test_the_kept_epoch_is_the_best_on_the_validation_rows():
    heard = []
    plan = Plan(hidden=(8,), batch=64, epochs_max=9, patience=2)
    judge = separable(300, 2)
    found = fit(separable(600, 1), judge, plan, lambda *epoch: heard.append(epoch))
    again = measure(found.chances(judge.x), judge, plan.confidence_min)
    assert again == found.metrics == dict(heard)[found.epoch]


def test_metrics_are_those_of_the_definition():
    chances = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]])
    judge = Rows(np.zeros((4, 46)), np.array([0, 1, 1, 2]), np.array([-6.0, 0.0, 2.0, 9.0]))
    found = measure(chances, judge, 0.6)
    assert found["accuracy"] == 0.75
    assert found["accuracy_always_flat"] == 0.5
    assert found["balanced_accuracy"] == pytest.approx((1 + 0.5 + 1) / 3, abs=1e-6)
    assert (found["ticks"], found["ticks_per_row"]) == (8.0, 4.0)  # 6 foreseen, 2 of the FLAT one
    assert found["sure"]["up"] == {"rows": 1, "precision": 0.0}


@pytest.mark.slow
def test_the_shipped_model_comes_out_of_the_command(tmp_path, monkeypatch, capsys):
    """Sums in another order on another processor may move the last digits, and no more."""
    monkeypatch.chdir(ROOT)
    command.main(["--json", "--out", str(tmp_path)])
    ours, shipped = (json.loads((f / "mlp.json").read_text()) for f in (tmp_path, ROOT / "models"))
    for key in set(shipped) - {"onnx_sha256", "metrics", "scaler", "class_mean_moves"}:
        assert ours[key] == shipped[key], key
    seen = dataset.load(
        ROOT / "data/es_20231225.parquet", load_config(Path("config.toml"), {}).settings()
    )
    x = seen.x[seen.ready]
    again, stored = (
        load(f / "mlp.onnx", FINGERPRINT, NOW).predict_many(x) for f in (tmp_path, ROOT / "models")
    )
    np.testing.assert_allclose(again, stored, atol=1e-3)


def test_the_shipped_model_fits_this_program():
    model = load(ROOT / "models/mlp.onnx", FINGERPRINT, NOW)
    tapes_used = model.manifest.data_sha256
    assert set(tapes_used) == {"gc_20131007.parquet", "gc_20131008.parquet"}
    for name, digest in tapes_used.items():
        assert hashlib.sha256((ROOT / "data" / name).read_bytes()).hexdigest() == digest

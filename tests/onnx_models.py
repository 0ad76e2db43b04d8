"""Small ONNX models with their manifests, for tests of what loads and runs them."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from research import export
from storage.model import CLASSES, Manifest, Scaling

NAMES = tuple(f"feature_{number}" for number in range(46))
TRAINED = datetime(2013, 10, 9, tzinfo=UTC)
QUARANTINE_END = TRAINED + timedelta(days=30)


def sha256(names):
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def manifest(names=NAMES, **changed):
    """A manifest that fits `network`; `changed` keys replace its own."""
    fitting = Manifest(
        model_id="test", created_utc=TRAINED, catalogue="mes46", n_features=len(names),
        seq_len=1, feature_names=names, feature_names_sha256=sha256(names),
        scaler={name: Scaling("standard", 0.0, 1.0) for name in names}, class_names=CLASSES,
        class_mean_moves=(-5.1, 0.0, 5.3), theta_ticks=3.0, lookahead_s=30, train_start=TRAINED,
        train_end=TRAINED, valid_end=TRAINED, quarantine_end=QUARANTINE_END, data_sha256={},
        metrics={}, opset=17, onnx_sha256="",
    )  # fmt: skip
    return replace(fitting, **changed)


def network(width=46, seed=1):
    """A random network of one hidden layer."""
    random = np.random.default_rng(seed)
    layers = [
        (random.normal(size=(width, 16)), random.normal(size=16)),
        (random.normal(size=(16, 3)), random.normal(size=3)),
    ]
    return export.graph(np.zeros(width), np.ones(width), layers)


def write(folder: Path, model=None, names=NAMES, **changed) -> Path:
    """Both files; gives the path of the ONNX one."""
    model = network(len(names)) if model is None else model
    return export.write(folder, "mlp", model, manifest(names, **changed))[0]

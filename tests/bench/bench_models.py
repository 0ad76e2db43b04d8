"""One call of each kind of model, as the inference stage makes it: a row or a window, one thread.

Untrained: the time does not depend on the weights. The trees are three times a hundred.
"""

import tempfile
import time
from pathlib import Path

import numpy as np

from indicators.schema import FINGERPRINT, NAMES
from research import boosted, gradient
from research.networks import Scaled, build
from storage.model import load
from tests import onnx_models
from tests.bench.bench_wal import percentiles
from tests.bench.spin import often, spin
from tests.research.learnable import learnable

CALLS, SECONDS, WIDTH = 5_000, 30, len(NAMES)


def graphs():
    """The shapes as `tradebot train` makes them."""
    zeros, ones = np.zeros(WIDTH), np.ones(WIDTH)
    for kind in gradient.KINDS:
        length = 1 if kind == "deep" else SECONDS
        example = learnable(100, 1, length).take(slice(0, 1))
        model = Scaled(zeros, ones, build(kind, WIDTH, length, 0.3)).eval()
        yield kind, length, gradient.graph(model, example)
    plan = boosted.Plan(epochs_max=10, patience=10, rows_min=5, levels=1)
    trees = boosted.fit(learnable(3_000, 1, 1), learnable(300, 2, 1), plan, lambda *_: None)
    yield "lightgbm", 1, trees.graph()


def run() -> dict[str, float]:
    told = {"spin_before_us": often(spin)[0]}
    for kind, length, graph in graphs():
        with tempfile.TemporaryDirectory() as folder:
            path = onnx_models.write(Path(folder), graph, NAMES, seq_len=length)
            model = load(path, FINGERPRINT, 2**62)
        rows = np.random.default_rng(1).normal(size=(length, WIDTH)).tolist()
        asked, samples = rows[0] if length == 1 else rows, []
        for _ in range(CALLS):
            began = time.perf_counter_ns()
            model.predict(asked)
            samples.append((time.perf_counter_ns() - began) / 1e3)
        told[f"{kind}_p50_us"], told[f"{kind}_p99_us"] = percentiles(samples)
    return told | {"spin_after_us": often(spin)[0]}

"""Boosted trees by LightGBM, the strong baseline, as one ONNX node: no window, the last row only.

The trees split 32-bit numbers: what the daemon asks with is what they were trained on.
"""

from collections.abc import Iterator
from typing import Any

import lightgbm
import numpy as np
import onnx
from msgspec import Struct
from onnx import TensorProto, helper

from research import windows
from research.dataset import Dataset
from research.export import IR, OPSET
from research.train import Scaler, Told, Trained, mean_moves, until_best, weigh
from research.windows import Windows, join, mirrored

CLASSES = 3
ML_OPSET = 3
TINY = np.float32(1e-35)  # LightGBM takes a number no larger than this for zero
ROUNDS = 10  # of trees between two looks at the validation rows


class Plan(Struct, frozen=True):
    """Every choice that shapes the model. An epoch is so many rounds of three trees."""

    network: str = "lightgbm"
    window: int = 1
    lookahead_s: int = 30
    theta_ticks: float = 3.0
    leaves: int = 15
    rate: float = 0.05
    rows_min: int = 200  # in a leaf
    epochs_max: int = 30
    patience: int = 5
    levels: int = 10
    confidence_min: float = 0.60
    seed: int = 1


def prepare(seen: Dataset, plan: Plan) -> Windows:
    return windows.windows(seen, plan.lookahead_s, plan.theta_ticks, 1)


def fit(learn: Windows, judge: Windows, plan: Plan, told: Told) -> Trained:
    """Raises UsageError when a class is absent."""
    learn = join([learn, mirrored(learn)])
    last = learn.rows()
    options = {
        "objective": "multiclass", "num_class": CLASSES, "num_leaves": plan.leaves,
        "learning_rate": plan.rate, "min_data_in_leaf": plan.rows_min, "seed": plan.seed,
        "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(last.x, last.label, weight=weigh(last, plan.levels))
    trees = lightgbm.Booster(options, data)

    def once() -> np.ndarray:
        for _ in range(ROUNDS):
            trees.update()
        return chances(trees, judge.take(np.arange(len(judge))))

    best, found, _ = until_best(once, trees.current_iteration, judge, plan, told)
    kept = lightgbm.Booster(model_str=trees.model_to_string(num_iteration=best * ROUNDS))
    width = last.x.shape[1]
    plain = Scaler(np.zeros(width), np.ones(width))  # trees need no scaling
    return Trained(
        plain,
        mean_moves(learn),
        best,
        found,
        lambda x: chances(kept, x),
        lambda: graph(kept.dump_model()["tree_info"], width),
    )


def chances(trees: lightgbm.Booster, x: np.ndarray) -> np.ndarray:
    found: np.ndarray = trees.predict(np.asarray(x, np.float64), num_threads=1)
    return found


def graph(trees: list[dict[str, Any]], width: int) -> onnx.ModelProto:
    """Tree t adds to the logit of class t % 3."""
    nodes: dict[str, list[Any]] = {
        name: []
        for name in (
            "treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids",
            "missing_value_tracks_true", "hitrates",
        )
    }  # fmt: skip
    leaves: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    for number, tree in enumerate(trees):
        for place, row in enumerate(flat(tree["tree_structure"])):
            for name, value in zip(nodes, (number, place, *row[:5], 0, 1.0), strict=True):
                nodes[name].append(value)
            if row[2] == "LEAF":
                leaf = (number, place, number % CLASSES, row[5])
                for name, value in zip(leaves, leaf, strict=True):
                    leaves[name].append(value)
    node = helper.make_node(
        "TreeEnsembleRegressor", ["features"], ["logits"], domain="ai.onnx.ml", n_targets=CLASSES,
        **{f"nodes_{name}": values for name, values in nodes.items()},
        **{f"target_{name}": values for name, values in leaves.items()},
    )  # fmt: skip
    body = helper.make_graph(
        [node], "trees",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", width])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    return helper.make_model(body, opset_imports=opsets, ir_version=IR, producer_name="tradebot")


def flat(root: dict[str, Any]) -> Iterator[tuple[int, float, str, int, int, float]]:
    """Nodes of a tree by number: feature, threshold, mode, left, right, value of a leaf."""
    queue = [root]
    for node in queue:  # it grows meanwhile
        if "leaf_value" in node:
            yield 0, 0.0, "LEAF", 0, 0, float(node["leaf_value"])
            continue
        left = len(queue)
        queue += [node["left_child"], node["right_child"]]
        yield node["split_feature"], below(node["threshold"]), "BRANCH_LEQ", left, left + 1, 0.0


def below(threshold: float) -> float:
    """The largest 32-bit number up to it: it parts 32-bit numbers alike."""
    near = np.float32(threshold)
    least = near <= threshold and near != -TINY
    return float(near if least else np.nextafter(near, np.float32(-np.inf)))

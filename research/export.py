"""A trained network as ONNX and manifest: byte for byte the same for the same weights and data."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
from msgspec.structs import replace
from onnx import TensorProto, helper, numpy_helper

from storage.disk import write_files
from storage.model import Manifest

OPSET, IR = 17, 8
CLIP = 5.0  # scaled features end here, also those of a market never seen
Layer = tuple[np.ndarray, np.ndarray]  # weights (inputs, outputs), biases (outputs,)


def graph(center: np.ndarray, scale: np.ndarray, layers: Sequence[Layer]) -> onnx.ModelProto:
    """features -> clip((x - center) / scale) -> Gemm, Relu, ... Gemm -> logits."""
    constants = {"center": center, "scale": scale, "low": -CLIP, "high": CLIP}
    nodes = [
        helper.make_node("Sub", ["features", "center"], ["centered"]),
        helper.make_node("Div", ["centered", "scale"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "low", "high"], ["layer0"]),
    ]
    for number, (weights, biases) in enumerate(layers):
        last = number == len(layers) - 1
        constants |= {f"weights{number}": weights, f"biases{number}": biases}
        inputs = [f"layer{number}", f"weights{number}", f"biases{number}"]
        sums = "logits" if last else f"sums{number}"
        nodes.append(helper.make_node("Gemm", inputs, [sums]))
        if not last:
            nodes.append(helper.make_node("Relu", [sums], [f"layer{number + 1}"]))
    body = helper.make_graph(
        nodes, "mlp",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", len(center)])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(np.asarray(c, np.float32), name) for name, c in constants.items()],
    )  # fmt: skip
    return helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="tradebot",
    )


def write(folder: Path, name: str, model: onnx.ModelProto, manifest: Manifest) -> list[Path]:
    """`name`.onnx, which carries the manifest in its metadata, and `name`.json beside it."""
    properties = msgspec.to_builtins(manifest)
    del properties["onnx_sha256"]  # the file cannot hold its own hash
    helper.set_model_props(
        model,
        {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in properties.items()
        },
    )
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    manifest = replace(manifest, onnx_sha256=hashlib.sha256(content).hexdigest())
    beside = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.onnx", folder / f"{name}.json"]
    write_files(dict(zip(paths, (content, beside), strict=True)))
    return paths

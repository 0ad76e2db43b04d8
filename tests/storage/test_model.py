"""Loading a model: only what was verified runs, and every refusal is one line with its reason."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.errors import ConfigError
from core.reasons import Reason
from storage import model as storage_model
from storage import onnx_wire
from storage.model import load
from tests import onnx_models as build

NOW = 1_700_000_000 * 10**9
FINGERPRINT = build.sha256(build.NAMES)


def refused(path, *, now=NOW, features=FINGERPRINT, pin=""):
    with pytest.raises(ConfigError) as caught:
        load(path, features, now, pin)
    line = str(caught.value)
    assert "\n" not in line and line.startswith(str(path.parent))
    return line


def test_a_model_answers_with_logits(tmp_path):
    model = load(build.write(tmp_path), FINGERPRINT, NOW)
    rows = np.random.default_rng(2).uniform(-1, 1, (1000, 46))
    one_by_one = np.array([model.predict(row) for row in rows.tolist()])
    at_once = model.predict_many(rows)
    assert at_once.shape == (1000, 3) and at_once.dtype == np.float32
    np.testing.assert_allclose(one_by_one, at_once, atol=1e-6)
    assert (one_by_one.argmax(axis=1) == at_once.argmax(axis=1)).all()


def test_the_pin_is_the_manifests_hash(tmp_path):
    path = build.write(tmp_path)
    pin = hashlib.sha256(path.with_suffix(".json").read_bytes()).hexdigest()
    assert load(path, FINGERPRINT, NOW, pin).manifest_sha256 == pin
    assert Reason.INFER_MODEL_HASH in refused(path, pin="0" * 64)


def test_one_changed_byte_is_refused(tmp_path):
    path = build.write(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert f"{path}: {Reason.INFER_MODEL_HASH}: differs from its manifest" in refused(path)


@pytest.mark.parametrize("name", ["mlp.onnx", "mlp.json"])
def test_a_missing_file_says_how_to_make_one(tmp_path, name):
    path = build.write(tmp_path)
    (tmp_path / name).unlink()
    assert "tradebot train" in refused(path)


@pytest.mark.parametrize("name", ["mlp.onnx", "mlp.json"])
def test_a_link_is_refused(tmp_path, name):
    path = build.write(tmp_path)
    (tmp_path / name).rename(tmp_path / "elsewhere")
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    assert "regular file" in refused(path)


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path):
    path = build.write(tmp_path)
    path.unlink()
    os.mkfifo(path)
    assert "regular file" in refused(path)


def test_a_file_over_the_bound_is_refused(tmp_path, monkeypatch):
    path = build.write(tmp_path)
    monkeypatch.setattr(storage_model, "BYTES_MAX", 1000)
    assert "larger than 1000 bytes" in refused(path)


def test_other_features_are_refused(tmp_path):
    assert Reason.FEAT_SCHEMA in refused(build.write(tmp_path), features="0" * 64)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"n_features": 45}, "n_features"),
        ({"seq_len": 0}, "seq_len"),
        ({"class_names": ("UP", "FLAT", "DOWN")}, "class_names"),
        ({"class_mean_moves": (0.0, 0.0, float("inf"))}, "not a manifest"),
        ({"quarantine_end": build.TRAINED}, "30 days"),
        ({"opset": 18}, "opset 17"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path, changed, words):
    assert words in refused(build.write(tmp_path, **changed))


@pytest.mark.parametrize("change", [lambda m: m.pop("scaler"), lambda m: m.update(extra=1)])
def test_a_manifest_has_every_key_and_no_other(tmp_path, change):
    path = build.write(tmp_path)
    beside = path.with_suffix(".json")
    manifest = json.loads(beside.read_text())
    change(manifest)
    beside.write_text(json.dumps(manifest))
    assert f"{beside}: {Reason.FEAT_SCHEMA}: not a manifest" in refused(path)


def test_a_model_in_quarantine_is_refused(tmp_path):
    path, end = build.write(tmp_path), int(build.QUARANTINE_END.timestamp()) * 10**9
    assert "quarantine until 2013-11-08" in refused(path, now=end - 10**9)
    assert load(path, FINGERPRINT, end)


def rebuilt(tmp_path, change):
    """The usual model after `change` of its protobuf, with a manifest that knows its hash."""
    model = build.network()
    change(model)
    path = build.write(tmp_path)
    path.write_bytes(model.SerializeToString())
    beside = path.with_suffix(".json")
    manifest = json.loads(beside.read_text())
    manifest["onnx_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    beside.write_text(json.dumps(manifest))
    return path


def rename_output(model):
    model.graph.output[0].name = model.graph.node[-1].output[0] = "chances"


def fix_batch(model):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def put_outside(model):
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], "weights.bin")


def name_no_operator(model):
    model.graph.node[0].op_type = "Conjure"


def spoil(model):
    biases = numpy_helper.from_array(np.full(3, np.nan, np.float32), "biases1")
    model.graph.initializer[-1].CopyFrom(biases)


def set_opset(model):
    model.opset_import[0].version = 21


def add_output(shape):
    def change(model):
        model.graph.node.append(helper.make_node("ReduceMax", ["logits"], ["top"], keepdims=0))
        model.graph.output.append(helper.make_tensor_value_info("top", TensorProto.FLOAT, shape))

    return change


def fail_when_asked(model):
    model.graph.node[-1].output[0] = "flat"
    sizes = helper.make_tensor("sizes", TensorProto.INT64, [2], [-1, 7])
    model.graph.initializer.append(sizes)
    model.graph.node.append(helper.make_node("Reshape", ["flat", "sizes"], ["seven"]))
    model.graph.node.append(helper.make_node("Slice", ["seven", "from", "to", "axis"], ["logits"]))
    for name, value in (("from", 0), ("to", 3), ("axis", 1)):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [1], [value]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (add_output([]), "input and output are"),
        (add_output([5]), "input and output are"),
        (fail_when_asked, "fails on a row of zeros"),
        (rename_output, "input and output are"),
        (fix_batch, "input and output are"),
        (put_outside, "another file"),
        (name_no_operator, "the runtime refuses it"),
        (spoil, Reason.INFER_NONFINITE),
        (set_opset, "opset 21"),
    ],
)
def test_a_model_outside_the_contract_is_refused(tmp_path, change, words):
    assert words in refused(rebuilt(tmp_path, change))


@pytest.mark.parametrize("content", [b"", b"no model", b"\xff" * 40, b"\x3a\x05ab"])
def test_what_is_no_model_is_refused(tmp_path, content):
    path = build.write(tmp_path)
    path.write_bytes(content)
    beside = path.with_suffix(".json")
    manifest = json.loads(beside.read_text())
    manifest["onnx_sha256"] = hashlib.sha256(content).hexdigest()
    beside.write_text(json.dumps(manifest))
    refused(path)


def test_external_data_is_found_inside_a_branch():
    outside = numpy_helper.from_array(np.ones(2, np.float32), "far")
    onnx.external_data_helper.set_external_data(outside, "far.bin")
    constant = helper.make_node("Constant", [], ["far"], value=outside)
    branch = helper.make_graph([constant], "branch", [], [])
    choice = helper.make_node("If", ["sure"], ["far"], then_branch=branch, else_branch=branch)
    output = helper.make_tensor_value_info("far", TensorProto.FLOAT, [2])
    model = helper.make_model(helper.make_graph([choice], "top", [], [output]))
    assert onnx_wire.external(model.SerializeToString())
    assert not onnx_wire.external(build.network().SerializeToString())


def test_the_runtime_is_told_not_to_report_home_before_it_is_imported(tmp_path):
    """Imports storage.model afresh: onnxruntime must come only after the variable is set."""
    path = build.write(tmp_path)
    program = f"""
import os, sys, pathlib
from storage.model import load
assert "onnxruntime" not in sys.modules and "onnx" not in sys.modules
class Watch:
    def find_spec(self, name, *rest):
        if name == "onnxruntime":
            print(os.environ["ORT_DISABLE_TELEMETRY"])
sys.meta_path.insert(0, Watch())
load(pathlib.Path({str(path)!r}), {FINGERPRINT!r}, {NOW})
assert "onnx" not in sys.modules
"""
    env = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, cwd=root, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, "1"), done.stderr

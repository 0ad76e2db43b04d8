"""From tapes to a model on disk: the whole of `tradebot train` but for its words."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from core.clock import SECOND
from core.errors import DifferenceError, UsageError
from core.settings import Settings
from indicators.schema import FINGERPRINT, NAMES
from research import dataset, export
from research.dataset import Dataset
from research.train import Trained, balance
from storage.model import CLASSES, QUARANTINE, Manifest, Scaling
from storage.model import load as load_model

PARITY_MAX, PARITY_ROWS = 1e-5, 1000
Told = Callable[[str], None]
KINDS = {
    "mlp": "train", "deep": "gradient", "lstm": "gradient", "hybrid": "gradient",
    "transformer": "gradient", "lightgbm": "boosted",
}  # fmt: skip


def kind(network: str) -> Any:
    """The module that trains such a model: Plan, prepare, join, fit. Raises UsageError."""
    try:
        return import_module(f"research.{KINDS[network]}")
    except ModuleNotFoundError as error:
        why = f"--network {network} needs {error.name}: run `make networks`"
        raise UsageError(why) from None


def train(
    tapes: Sequence[Path], valid: Path, out: Path, settings: Settings, plan: Any, told: Told,
    network: str = "mlp", zone: str = "UTC",
) -> dict[str, Any]:  # fmt: skip
    """Train, export, load again and compare. The summary; raises TradebotError."""
    trainer = kind(network)
    learn = [dataset.load(path, settings, zone) for path in tapes]
    judge = dataset.load(valid, settings, zone)
    if max(seen.at[-1] for seen in learn) > judge.at[0]:
        raise UsageError(f"{valid}: must be later than the tapes to learn from")
    rows = trainer.join([trainer.prepare(seen, plan) for seen in learn])
    judged = trainer.prepare(judge, plan)
    for part, paths in ((rows, tapes), (judged, [valid])):
        if not len(part):
            named = ", ".join(map(str, paths))
            raise UsageError(f"{named}: no row in it: too short, or all of it warm-up")
    epochs: list[int] = []

    def hear(epoch: int, metrics: dict[str, Any]) -> None:
        epochs.append(epoch)
        told(f"epoch {epoch}: {metrics['ticks_per_row']:+.2f} ticks a row")

    trained = trainer.fit(rows, judged, plan, hear)
    hashes = digests([*tapes, valid])
    sizes = {"train": len(rows), "valid": len(judged)}
    shares = {"train": balance(rows), "valid": balance(judged)}
    metrics = trained.metrics | {"epoch": trained.epoch, "rows": sizes, "balance": shares}
    about = describe(trained, plan, learn, judge, hashes, metrics, network)
    model = trained.graph()
    with TemporaryDirectory() as aside:  # only what was proven equal takes the place of the old
        difference = parity(export.write(Path(aside), network, model, about)[0], trained, judged)
    try:
        files = export.write(out, network, model, about)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror or error}") from None
    return {
        "model_id": about.model_id, "rows": sizes, "balance": shares, "epochs": len(epochs),
        "epoch": trained.epoch, "metrics": trained.metrics, "plan": msgspec.to_builtins(plan),
        "parity": difference, "files": [str(path) for path in files],
    }  # fmt: skip


def describe(
    trained: Trained, plan: Any, learn: Sequence[Dataset], judge: Dataset,
    hashes: dict[str, str], metrics: dict[str, Any], network: str,
) -> Manifest:  # fmt: skip
    """The manifest. It knows no time but the data's: the same data give the same bytes."""
    end = instant(judge.at[-1])
    scaler = zip(NAMES, trained.scaler.center.tolist(), trained.scaler.scale.tolist(), strict=True)
    recipe = msgspec.json.encode([hashes, plan, FINGERPRINT], order="deterministic")
    return Manifest(
        model_id=f"{network}-{digest(recipe)[:12]}", created_utc=end, catalogue="mes46",
        n_features=len(NAMES), seq_len=getattr(plan, "window", 1), feature_names=NAMES,
        feature_names_sha256=FINGERPRINT,
        scaler={name: Scaling("standard", center, scale) for name, center, scale in scaler},
        class_names=CLASSES, class_mean_moves=trained.mean_moves, theta_ticks=plan.theta_ticks,
        lookahead_s=plan.lookahead_s, train_start=instant(min(seen.at[0] for seen in learn)),
        train_end=instant(max(seen.at[-1] for seen in learn)), valid_end=end,
        quarantine_end=end + QUARANTINE, data_sha256=hashes,
        metrics=metrics | {"plan": msgspec.to_builtins(plan)}, opset=export.OPSET, onnx_sha256="",
    )  # fmt: skip


def parity(path: Path, trained: Trained, judged: Any) -> float:
    """The largest difference of a probability, file to its maker. Raises DifferenceError."""
    x = judged.take(np.linspace(0, len(judged) - 1, PARITY_ROWS).astype(int))
    loaded = load_model(path, FINGERPRINT, now=2**62)
    ours = softmax(loaded.predict_many(x))
    theirs = trained.chances(x)
    worst = float(np.abs(ours - theirs).max())
    if worst > PARITY_MAX or (ours.argmax(axis=1) != theirs.argmax(axis=1)).any():
        raise DifferenceError(f"{path}: differs from the trained network by {worst:.1e}")
    return worst


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    found: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return found


def instant(at: int) -> datetime:
    return datetime.fromtimestamp(int(at) // SECOND, UTC)


def digests(paths: Sequence[Path]) -> dict[str, str]:
    """Of each by its name, the same every time; a name that comes again has its place before it."""
    found: dict[str, str] = {}
    for place, path in enumerate(paths, 1):
        found[f"{place}-{path.name}" if path.name in found else path.name] = digest_of(path)
    return found


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str:
    """Of a file; of a folder, as `download` makes it, of all that is read of it."""
    if path.is_dir():
        return digest("".join(map(digest_of, sorted(path.rglob("*.parquet")))).encode())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""tradebot features: what the 46 features are on some data, and which of them the model uses.

Correlations, distributions, and permutation importance of the model: by how much it is worse when a
feature is shuffled. One HTML page.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from cli.arguments import Arguments, between, zoned
from cli.progress import spoken
from cli.results import writing
from core import config as configs
from core.clock import wall
from core.config import Config
from core.errors import EXIT_OK, UsageError
from indicators.schema import FINGERPRINT
from storage import model as models
from storage.disk import write_files
from storage.model import Model


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    config = configs.load(given.config)
    try:
        from research import dataset, importance, importance_page
    except ModuleNotFoundError as error:
        raise UsageError(f"reports need {error.name}: run `make research`") from None
    for path in given.tape:
        if not path.is_file():
            raise UsageError(f"{path}: not a file: give a tape, or bars of one second")
    model = model_of(given, config)
    target = target_of(given, model)
    settings = config.settings()
    with spoken() as say:
        seen = [dataset.load(path, settings, given.zone) for path in given.tape]
        found = importance.study(seen, model, target, given.seed, given.repeats, say)
    about = described(given, model, target)
    words = " · ".join(f"{name} {value}" for name, value in about.items())
    text = importance_page.build("The features", words, found, known(given.tape, model))
    with writing(given.out):
        write_files({given.out: text.encode()})
    told = about | importance_page.summary(found)
    print(json.dumps(told, allow_nan=False) if given.json else f"wrote {given.out}")
    return EXIT_OK


def parser() -> Arguments:
    words = Arguments(prog="tradebot features", description=__doc__)
    words.add_argument("--config", type=Path, default=Path("config.toml"), metavar="F")
    words.add_argument(
        "--tape", type=Path, nargs="+", default=[Path("data/es_20231225.parquet")], metavar="F",
        help="tapes, or files of bars of one second",
    )  # fmt: skip
    zoned(words)
    words.add_argument("--model", type=Path, metavar="F", help="default: the config's")
    words.add_argument("--lookahead", type=between(1, 300, int), metavar="S",
                       help="default: the model's")  # fmt: skip
    words.add_argument("--theta", type=between(0, 40, float), metavar="TICKS",
                       help="default: the model's")  # fmt: skip
    words.add_argument("--seed", type=between(0, 2**32 - 1, int), default=1, metavar="N")
    words.add_argument("--repeats", type=between(2, 1000, int), default=10, metavar="N",
                       help="how often each feature is shuffled")  # fmt: skip
    words.add_argument("--out", type=Path, default=Path("features.html"), metavar="F.html")
    words.add_argument("--json", action="store_true", help="all numbers as one JSON object")
    return words


def model_of(given: argparse.Namespace, config: Config) -> Model:
    """The pin is the config's model's."""
    if given.model:
        return models.load(given.model, FINGERPRINT, wall())
    return models.load(Path(config.model.path), FINGERPRINT, wall(), config.model.sha256)


def target_of(given: argparse.Namespace, model: Model) -> tuple[int, float]:
    about = model.manifest
    lookahead = about.lookahead_s if given.lookahead is None else given.lookahead
    return lookahead, about.theta_ticks if given.theta is None else given.theta


def described(given: argparse.Namespace, model: Model, target: tuple[int, float]) -> dict[str, Any]:
    return {
        "data": ", ".join(path.name for path in given.tape), "model": model.manifest.model_id,
        "lookahead_s": target[0], "theta_ticks": target[1], "seed": given.seed,
        "repeats": given.repeats,
    }  # fmt: skip


def known(tapes: list[Path], model: Model) -> list[str]:
    """The data that are not new to the model."""
    from research.learn import digest_of

    old = set(model.manifest.data_sha256.values())
    return [
        f"The model was made with {path.name}: what it shows there is no proof for new data."
        for path in tapes
        if digest_of(path) in old
    ]

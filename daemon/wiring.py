"""Build the stages, and bring them to where the log left off."""

import gc
from collections.abc import Iterable
from pathlib import Path

from actors.conditions import MarketConditions
from actors.executor import Executor
from actors.features import Catalogue
from actors.inference import Inference, Sequential
from actors.market import Market
from actors.recovery import Recovery
from actors.replay import Difference, replay
from actors.risk import Risk
from actors.signals import Signals
from core.config import Config
from core.errors import ConfigError
from core.messages import Bar, Record, Stage
from core.settings import Settings
from indicators.schema import FINGERPRINT
from storage import model as models
from strategies import cycle, ema_cross, model
from strategies.base import Strategy

STRATEGIES: dict[str, Strategy] = {"model": model, "cycle": cycle, "ema_cross": ema_cross}
CRITICAL = ("risk", "executor", "recovery", "gateway")  # their failure endangers the account

Stages = dict[str, Stage]


def thinking(settings: Settings, model: models.Model | None) -> Stages:
    """The stages that the log can rebuild, in the order of the flow."""
    stages: Stages = {}
    if model is not None:
        stages["features"] = Catalogue(settings)
        stages["inference"] = inference(model)
    stages["conditions"] = MarketConditions(settings)
    stages["signals"] = Signals(STRATEGIES, settings)
    stages["risk"] = Risk(settings)
    stages["executor"] = Executor(settings)
    stages["recovery"] = Recovery(settings)
    return stages


def inference(model: models.Model) -> Inference:
    about = model.manifest
    if about.seq_len == 1:
        return Inference(model.predict, about.class_mean_moves, about.n_features)
    return Sequential(model.predict, about.class_mean_moves, about.n_features, about.seq_len)


def load_model(config: Config, now: int) -> models.Model | None:
    """The model that the strategy needs, verified; None if it needs none."""
    if config.signals.strategy != "model":
        return None
    return models.load(Path(config.model.path), FINGERPRINT, now, config.model.sha256)


def fold(
    stages: Stages, records: Iterable[Record], again: bool = False, ahead: int | None = None
) -> list[Difference]:
    """Bring the stages to the end of the log. Returns where this code answers otherwise; `again`:
    of all stages, also of those that need not be asked to learn; `ahead`: as `replay` has it."""
    gc.disable()  # no cycle comes of it, and to look for one in a million records takes seconds
    try:
        return list(replay(stages, records, again, ahead))
    finally:
        gc.enable()


def rolled(stages: Stages, contract_id: str) -> bool:
    """Is this another contract than the log's last? Then nothing may be left in the old one."""
    account = stages["risk"].memory  # type: ignore[attr-defined]
    if account.contract in ("", contract_id):
        return False
    if account.book.position.size or account.book.alive:
        raise ConfigError(
            f"venue.contract_id: {contract_id}: the log has a position or orders in "
            f"{account.contract}: start with that one, flatten, then roll"
        )
    return True


def market(settings: Settings, stages: Stages, last: Bar | None) -> Market:
    """What takes raw ticks begins anew: its grid goes on from the last bar.

    It marks the position that risk knows of until the venue tells it one.
    """
    begun = Market(settings, last)
    begun.feed.position = stages["risk"].memory.book.position.size  # type: ignore[attr-defined]
    return begun

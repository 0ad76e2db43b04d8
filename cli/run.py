"""tradebot run: the daemon in the foreground; what systemd starts."""

import argparse
import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

import orjson
from msgspec.structs import replace

from cli.arguments import Arguments, between
from core import config as configs
from core.config import Config
from core.errors import ConfigError
from daemon.stopping import Stopping

KEY = re.compile(r"[a-z]+\.[a-z_]+: ")
MODES = ("sim", "paper", "live")


def parser() -> Arguments:
    words = Arguments(prog="tradebot run", description=__doc__)
    words.add_argument("--config", default="config.toml", metavar="F")
    words.add_argument("--mode", choices=MODES)
    words.add_argument("--tape", metavar="F", help="market data to replay in sim mode")
    words.add_argument(
        "--speed", type=between(0, 10**6, float), metavar="X",
        help="tape seconds per second; 0 = max",
    )  # fmt: skip
    words.add_argument("--state", metavar="DIR")
    words.add_argument("--wal", metavar="DIR")
    words.add_argument("--json", action="store_true", help="one JSON object on stdout at the end")
    return words


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    config = chosen(configs.load(Path(given.config)), given)
    os.umask(0o077)
    stopping = Stopping()
    stopping.hear_signals(Path(config.paths.state))
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read by onnxruntime at its import
    from daemon import logs
    from daemon import main as daemon
    from daemon import report as reports

    view = sys.stdout.isatty() and not given.json
    if view:  # a screen comes only when there is something to see
        print("starting; the first time compiles for about half a minute", file=sys.stderr)
    logs.start(json_only=given.json, quiet=view)
    options = daemon.Options(Path(given.config), view)
    try:
        code, report = runner()(daemon.run(config, options, stopping))
    except ConfigError as error:
        raise ConfigError(placed(str(error), given.config)) from None
    text = orjson.dumps(report, default=str).decode() if given.json else reports.told(report)
    print(text, flush=True)
    return code


def placed(text: str, config: str) -> str:
    """What is found wrong after the start names its key; the file comes before that."""
    return f"{config}: {text}" if KEY.match(text) else text


def chosen(config: Config, given: argparse.Namespace) -> Config:
    """The config with what the command line says instead."""
    run = {"mode": given.mode, "speed": given.speed}
    paths = {"tape": given.tape, "state": given.state, "wal": given.wal}
    return replace(
        config,
        run=replace(config.run, **{k: v for k, v in run.items() if v is not None}),
        paths=replace(config.paths, **{k: v for k, v in paths.items() if v}),
    )


def runner() -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run

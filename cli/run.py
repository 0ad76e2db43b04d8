"""tradebot run: the daemon in the foreground; what systemd starts."""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import orjson
from msgspec.structs import replace

from core import config as configs
from core.config import Config
from core.errors import ConfigError
from daemon.stopping import Stopping

MODES = ("sim", "paper", "live")


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="tradebot run", description=__doc__)
    words.add_argument("--config", default="config.toml", metavar="F")
    words.add_argument("--mode", choices=MODES)
    words.add_argument("--tape", metavar="F", help="market data to replay in sim mode")
    words.add_argument("--speed", type=float, metavar="X", help="tape seconds per second; 0 = max")
    words.add_argument("--state", metavar="DIR")
    words.add_argument("--wal", metavar="DIR")
    words.add_argument("--json", action="store_true", help="one JSON object on stdout at the end")
    return words


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    stopping = Stopping()
    stopping.hear_signals()
    config = chosen(configs.load(Path(given.config)), given)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read by onnxruntime at its import
    from daemon import logs
    from daemon import main as daemon

    view = sys.stdout.isatty() and not given.json
    logs.start(json_only=given.json, quiet=view)
    options = daemon.Options(Path(given.config), view)
    code, report = runner()(daemon.run(config, options, stopping))
    print(orjson.dumps(report, default=str).decode() if given.json else told(report), flush=True)
    return code


def chosen(config: Config, given: argparse.Namespace) -> Config:
    """The config with what the command line says instead."""
    if given.speed is not None and not 0 <= given.speed < 1e6:
        raise ConfigError("--speed: expected a number from 0 to a million")
    run = {"mode": given.mode, "speed": given.speed}
    paths = {"tape": given.tape, "state": given.state, "wal": given.wal}
    return replace(
        config,
        run=replace(config.run, **{k: v for k, v in run.items() if v is not None}),
        paths=replace(config.paths, **{k: v for k, v in paths.items() if v is not None}),
    )


def runner() -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


def told(report: dict[str, Any]) -> str:
    """The session report for a person."""
    wal, latency = report["wal"], report["latency_us"]["bar_to_order"]
    reasons = ", ".join(f"{code} {n}" for code, n in list(report["reasons"].items())[:8])
    verified = "verified" if wal["verified"] else "NOT VERIFIED"
    return (
        f"session    {report['mode']}, ended: {report['ended']}\n"
        f"market     {report['bars']} bars\n"
        f"decisions  {report['signals']} signals, {report['intents']} intents, "
        f"{report['approved']} approved, {report['refused']} refused\n"
        f"orders     {report['orders']} orders, {report['fills']} fills, "
        f"{report['round_trips']} round trips, {report['wins']} won\n"
        f"money      net {report['net_pnl']} dollars after {report['fees']} of fees, "
        f"balance {report['balance']}\n"
        f"account    position {report['position']}, open orders {report['open_orders']}\n"
        f"log        {wal['records']} records in {wal['segments']} segments, {verified}\n"
        f"latency    bar to order p50 {latency['p50']} us, p99 {latency['p99']} us\n"
        f"reasons    {reasons}"
    )

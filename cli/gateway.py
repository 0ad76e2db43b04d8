"""`tradebot gateway`: the TopstepX gateway simulator, serving a tape until SIGTERM.

The first and only line on stdout is one JSON object: rest, user_hub, market_hub, username, api_key,
account_id, contract_id. Logs go to stderr.
"""

import argparse
import asyncio
import errno
import json
import os
import secrets
import signal
import sys
from pathlib import Path

import uvloop

from cli.arguments import Arguments, between
from core.config import load
from core.errors import EXIT_OK, UsageError
from storage import tape as tapes
from venues.topstepx.simulator import faults
from venues.topstepx.simulator.ledger import Ledger
from venues.topstepx.simulator.reference_api import Credentials
from venues.topstepx.simulator.server import Simulator

NO_PORT = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = Arguments(
        prog="tradebot gateway", description="The TopstepX gateway, simulated from a tape."
    )
    parser.add_argument("--tape", type=Path, metavar="F", help="market data; default: paths.tape")
    parser.add_argument(
        "--speed", type=between(0, 10**6, float), metavar="X",
        help="tape seconds per second, 0: as fast as clients keep up",
    )  # fmt: skip
    parser.add_argument("--port", type=between(0, 65535, int), metavar="P", help="0: any free one")
    parser.add_argument("--faults", type=Path, metavar="F", help="a script of faults, JSON")
    parser.add_argument("--ledger", type=Path, metavar="F", help="its own books, JSONL")
    parser.add_argument("--config", type=Path, metavar="F", default=Path("config.toml"))
    return parser.parse_args(argv)


def build(given: argparse.Namespace) -> tuple[Simulator, int]:
    """The simulator and its port. Raises TradebotError for bad input."""
    config = load(given.config)
    speed = config.run.speed if given.speed is None else given.speed
    path = given.tape or Path(config.paths.tape)
    instrument = config.settings().instrument
    tape = tapes.read_of(path, instrument)
    credentials = Credentials(
        os.environ.get("TOPSTEPX_USERNAME") or f"sim-{secrets.token_hex(4)}",
        os.environ.get("TOPSTEPX_API_KEY") or secrets.token_urlsafe(32),
    )
    script = faults.load(given.faults)
    try:
        ledger = Ledger(given.ledger)
    except OSError as error:
        raise UsageError(f"{given.ledger}: {error.strerror}") from None
    simulator = Simulator(tape, speed, instrument, config.gateway, script, ledger, credentials)
    return simulator, config.gateway.port if given.port is None else given.port


async def serve(given: argparse.Namespace) -> None:
    simulator, port = build(given)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        where = await simulator.start(port)
    except OSError as error:
        simulator.world.ledger.close()
        if error.errno in NO_PORT:
            raise UsageError(f"--port {port}: {error.strerror}: give another, or 0") from None
        raise UsageError(f"{given.ledger}: {error.strerror}") from None
    print(json.dumps(where), flush=True)
    print(f"gateway: serving {where['contract_id']} on {where['rest']}", file=sys.stderr)
    await stop.wait()
    await simulator.stop()


def main(argv: list[str]) -> int:
    uvloop.run(serve(arguments(argv)))
    return EXIT_OK

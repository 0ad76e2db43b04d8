"""`tradebot gateway`: the TopstepX gateway simulator, serving a tape until SIGTERM.

The first and only line on stdout is one JSON object: rest, user_hub, market_hub, username, api_key,
account_id, contract_id. Logs go to stderr.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import sys
from pathlib import Path

import uvloop

from core.config import load
from core.errors import TradebotError, UsageError
from storage import tape as tapes
from venues.topstepx.simulator import faults
from venues.topstepx.simulator.ledger import Ledger
from venues.topstepx.simulator.reference_api import Credentials
from venues.topstepx.simulator.server import Simulator


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tradebot gateway", description="The TopstepX gateway, simulated from a tape."
    )
    parser.add_argument("--tape", type=Path, help="market data; default: paths.tape")
    parser.add_argument(
        "--speed", type=float, help="tape seconds per second, 0: as fast as clients keep up"
    )
    parser.add_argument("--port", type=int, help="0: any free one")
    parser.add_argument("--faults", type=Path, help="a script of faults, JSON")
    parser.add_argument("--ledger", type=Path, help="the simulator's own books, JSONL")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    return parser.parse_args(argv)


def build(given: argparse.Namespace) -> tuple[Simulator, int]:
    """The simulator and its port. Raises TradebotError for bad input."""
    config = load(given.config)
    speed = config.run.speed if given.speed is None else given.speed
    if not 0 <= speed < float("inf"):
        raise UsageError(f"--speed {speed}: give a number that is not negative")
    path = given.tape or Path(config.paths.tape)
    tape, instrument = tapes.read(path), config.settings().instrument
    if tape.tick != float(instrument.tick):
        raise UsageError(
            f"{path}: its tick is {tape.tick}, {instrument.symbol}'s is {instrument.tick}: "
            "set instrument.symbol to what the tape holds"
        )
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
        raise UsageError(f"--port {port}: {error.strerror}: give another, or 0") from None
    print(json.dumps(where), flush=True)
    print(f"gateway: serving {where['contract_id']} on {where['rest']}", file=sys.stderr)
    await stop.wait()
    await simulator.stop()


def main(argv: list[str]) -> int:
    given = arguments(argv)
    try:
        uvloop.run(serve(given))
    except TradebotError as error:
        print(f"tradebot gateway: {error}", file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

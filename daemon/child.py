"""The gateway simulator as our child: started in sim mode, and gone when we are."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from core.errors import TradebotError

START_S = 60.0
STOP_S = 5.0


class Child:
    def __init__(self, process: asyncio.subprocess.Process, told: dict[str, str]) -> None:
        self.process, self.told = process, told
        self.keys = {
            "TOPSTEPX_USERNAME": told["username"], "TOPSTEPX_API_KEY": told["api_key"]
        }  # fmt: skip

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), STOP_S)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


async def start(tape: str, speed: float, config: Path, state: Path) -> Child:
    """Start `tradebot gateway` on a fresh account and read where it listens.

    Its ledger and messages go to the state directory. Raises TradebotError with its last words.
    """
    said = state / "gateway.log"
    with said.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli.main", "gateway", "--tape", tape, "--speed", str(speed),
            "--config", str(config), "--ledger", str(state / "gateway-ledger.jsonl"),
            stdout=asyncio.subprocess.PIPE, stderr=errors, env=environment(os.environ),
            preexec_fn=die_with_parent, start_new_session=True,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
        return Child(process, orjson.loads(line))
    except (TimeoutError, orjson.JSONDecodeError):
        if process.returncode is None:
            process.kill()
        await process.wait()
        last = said.read_text(errors="replace").strip().splitlines()[-1:]
        error = TradebotError(f"the simulator did not start: {' '.join(last) or said}")
        error.code = max(process.returncode or 0, 0) or error.code  # why it ended is ours too
        raise error from None


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Ours, without credentials and supervision that are not its own."""
    kept = {k: v for k, v in env.items() if not k.startswith(("TOPSTEPX_", "NOTIFY_", "WATCHDOG"))}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def die_with_parent() -> None:
    """In the child: end when the parent is killed.

    Its session is its own: a Ctrl-C or a SIGTERM to the whole group is for the parent, who needs
    the venue to flatten and to prove it.
    """
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)

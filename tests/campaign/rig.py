"""One gateway and one daemon after another on the same state, as processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
TAPE = ROOT / "data" / "es_20231225.parquet"
POLL_S = 0.002
START_S = 60.0

# Trades all the time: no limit of money stops it, and both sides count many requests.
ALWAYS = {
    "SIGNALS_STRATEGY": "cycle",
    "SIGNALS_COOLDOWN_S": "1",
    "RISK_DAY_LOSS_MAX": "100000.00",
    "RISK_DAY_DRAWDOWN_MAX": "100000.00",
    "RISK_ACCOUNT_DRAWDOWN_MAX": "100000.00",
    "RISK_KILL_LOSS_MAX": "100000.00",
    "RISK_LOSSES_IN_ROW_MAX": "1000000",
    "BREAKERS_LOSSES_FIRST": "20",
    "CONTROLS_TRADES_DAY_MAX": "200",
    "CONTROLS_REPEAT_MAX": "200",
    "CONTROLS_HOLD_MIN_S": "1.0",
    "CONTROLS_DRIFT_ORDERS": "50",
    "CONTROLS_ACK_S": "300.0",
    "CONTROLS_BALANCE_MAX_S": "300.0",
    "RISK_LINKS_LOST_MAX": "1000000",
    "ACCOUNT_BALANCE_START": "1000000.00",
    "GATEWAY_BALANCE": "1000000.00",
    "GATEWAY_REQUESTS_MAX": "100000",
    "VENUE_REQUESTS_MAX": "100000",
    "VENUE_BACKOFF_S": "0.1",
    "VENUE_BACKOFF_MAX_S": "1.0",
    "RECOVERY_RECONCILE_S": "5.0",
    "RECOVERY_RETRY_S": "0.5",
    "RECOVERY_UNKNOWN_QUIET_S": "3.0",
    "RECOVERY_LATE_S": "15.0",
    "SUPERVISOR_STOP_TIMEOUT_S": "30.0",
    "LOG_BALLAST_MB": "0",
    "LOG_SNAPSHOT_RECORDS": "60",
}


class Tail:
    """What is appended to files from now on. `files` may grow in number, in the order of names."""

    def __init__(self, files: Callable[[], list[Path]]) -> None:
        self.files, self.sizes = files, {path: path.stat().st_size for path in files()}

    def new(self) -> bytes:
        said = b""
        for path in self.files():
            with path.open("rb") as file:
                file.seek(self.sizes.get(path, 0))
                more = file.read()
            self.sizes[path] = self.sizes.get(path, 0) + len(more)
            said += more
        return said


class Rig:
    """`with Rig(folder, speed, settings, faults) as rig:` serves until the block ends."""

    def __init__(
        self, folder: Path, speed: float, settings: dict[str, str], faults: list[dict]
    ) -> None:
        self.folder, self.speed = folder, speed
        self.state, self.wal = folder / "state", folder / "wal"
        self.ledger, self.errors = folder / "ledger.jsonl", folder / "daemon.log"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("TRADEBOT_")}
        self.env |= {f"TRADEBOT_{key}": value for key, value in (ALWAYS | settings).items()}
        self.env["PYTHONPATH"] = str(ROOT)
        self.faults = folder / "faults.json"
        self.daemons: list[subprocess.Popen] = []
        folder.mkdir(parents=True)
        self.faults.write_text(json.dumps(faults))
        self.errors.touch()

    def __enter__(self) -> "Rig":
        command = [
            "gateway", "--tape", str(TAPE), "--speed", str(self.speed), "--port", "0",
            "--ledger", str(self.ledger), "--faults", str(self.faults),
        ]  # fmt: skip
        with (self.folder / "gateway.log").open("wb") as errors:
            self.gateway = self.process(command, stdout=subprocess.PIPE, stderr=errors)
        self.told = json.loads(self.gateway.stdout.readline())
        self.env |= {
            "TRADEBOT_VENUE_REST_URL": self.told["rest"],
            "TRADEBOT_VENUE_USER_HUB_URL": self.told["user_hub"],
            "TRADEBOT_VENUE_MARKET_HUB_URL": self.told["market_hub"],
            "TRADEBOT_VENUE_ACCOUNT_ID": str(self.told["account_id"]),
            "TRADEBOT_VENUE_CONTRACT_ID": self.told["contract_id"],
            "TOPSTEPX_USERNAME": self.told["username"],
            "TOPSTEPX_API_KEY": self.told["api_key"],
        }
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.daemons, self.gateway):
            if process.poll() is None:
                process.kill()
            process.wait()
        self.gateway.stdout.close()

    def process(self, command: list[str], **pipes: object) -> subprocess.Popen:
        words = [sys.executable, "-m", "cli.main", *command]
        return subprocess.Popen(words, env=self.env, cwd=ROOT, **pipes)

    def start(self, mode: str = "sim") -> subprocess.Popen:
        command = ["run", "--json", "--mode", mode, "--state", str(self.state)]
        command += ["--wal", str(self.wal), "--speed", str(self.speed)]
        with self.errors.open("ab") as errors, (self.folder / "report.json").open("wb") as out:
            self.daemons.append(self.process(command, stdout=out, stderr=errors))
        return self.daemons[-1]

    def segments(self) -> list[Path]:
        return sorted(self.wal.glob("*.jsonl"))

    def ask(self, path: str, body: dict, token: str = "") -> dict:
        """One REST call of our own: the venue's word, not the daemon's."""
        request = urllib.request.Request(
            f"{self.told['rest']}/api/{path}", json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def open_at_venue(self) -> tuple[list, list]:
        """Positions and working or sleeping orders, by direct query."""
        who = {"userName": self.told["username"], "apiKey": self.told["api_key"]}
        token = self.ask("Auth/loginKey", who)["token"]
        of = {"accountId": self.told["account_id"]}
        sleeping = {
            "filter": of | {"statuses": [8]}, "pageSize": 100, "pageOffset": 0, "sortBy": 0,
            "sortDirection": 1, "includeTotalCount": True,
        }  # fmt: skip
        positions = self.ask("Position/searchOpen", of, token)["positions"]
        orders = self.ask("Order/searchOpen", of, token)["orders"]
        return positions, orders + self.ask("Order/v2/query", sleeping, token)["orders"]


def wait(what: Callable[[], bool], daemon: subprocess.Popen, limit_s: float) -> bool:
    """Poll until it is so, the daemon is gone, or the time is up."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if what():
            return True
        if daemon.poll() is not None:
            return False
        time.sleep(POLL_S)
    return False


def ended(daemon: subprocess.Popen, limit_s: float) -> int | None:
    """Its exit code; None, and killed, when it does not end."""
    try:
        return daemon.wait(limit_s)
    except subprocess.TimeoutExpired:
        daemon.send_signal(signal.SIGABRT)
        daemon.wait()
        return None

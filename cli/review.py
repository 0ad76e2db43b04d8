"""tradebot review: what the log says of its controls, for the yearly self-review (control 33).

Limits in force, how often each said no, who overrode what, which alerts there were, how many of the
controls of docs/controls.md name a test; and for each day that closed, whether the venue's trades
and balance are those of the log (control 28): exit 1 if not. Works beside a running daemon.
"""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import asdict

from actors.statement import statements
from cli.arguments import Arguments
from cli.logs import records_in
from core import config as configs
from core.errors import EXIT_DIFFERENCE, EXIT_OK
from core.messages import (
    Alert,
    Approved,
    Command,
    Halted,
    Refused,
    RunStarted,
    StateChanged,
    Tightened,
)
from core.terms import EXITS

TABLE = Path(__file__).parents[1] / "docs" / "controls.md"
LIMITS = (
    "risk", "controls", "session", "execution", "sizing", "breakers", "stops", "slippage", "prop",
    "portfolio",
)  # fmt: skip


def main(argv: list[str]) -> int:
    words = Arguments(prog="tradebot review", description=__doc__)
    words.add_argument("--config", default="config.toml", metavar="F")
    words.add_argument("--wal", metavar="DIR", help="default: the config's")
    words.add_argument("--json", action="store_true")
    given = words.parse_args(argv)
    wal = Path(given.wal or configs.load(Path(given.config)).paths.wal)
    found = review(wal)
    print(json.dumps(found) if given.json else page(found))
    differing = any(day["differences"] for day in found["statements"])
    return EXIT_DIFFERENCE if differing else EXIT_OK


def review(wal: Path) -> dict[str, Any]:
    hits: dict[str, dict[str, Any]] = {}
    runs: list[dict[str, str]] = []
    people: list[str] = []
    changes: list[str] = []
    alerts: list[str] = []
    limits: Any = {}
    kinds: Counter[str] = Counter()
    for record in records_in(wal):
        message = record.message
        when = moment(message.at)
        match message:
            case RunStarted():
                runs.append({"run": message.run, "at": when, "mode": message.mode,
                             "commit": message.commit, "config": message.config_sha256,
                             "model": message.model_sha256})  # fmt: skip
                parts = {name: getattr(message.settings, name) for name in LIMITS}
                told = {name: asdict(part) for name, part in parts.items() if part}
                limits = msgspec.to_builtins(told)
            case Approved(intent=intent) if intent.action not in EXITS:
                kinds["approved"] += 1
            case Refused(reason=reason):
                kinds["refused"] += 1
                row = hits.setdefault(reason.value, {"count": 0, "first": when, "last": when})
                row["count"] += 1
                row["last"] = when
            case Command(name=name, by=by, why=why):
                people.append(f"{when} {name} by {by}: {why}")
            case StateChanged() | Halted():
                state = message.state.value if isinstance(message, StateChanged) else "halt asked"
                ends = (
                    f"; re-opened by: {message.reopens}" if getattr(message, "reopens", "") else ""
                )
                changes.append(
                    f"{when} {state} by {message.by}: {message.reason}: {message.why}{ends}"
                )
            case Tightened():
                text = f"{message.reason}: {message.why}; ends: {message.reopens}"
                changes.append(f"{when} tightened by {message.by}: {text}")
            case Alert(of=of, text=text):
                alerts.append(f"{when} {of}: {text}")
    days = [msgspec.to_builtins(day) for day in statements(records_in(wal))]
    return {"runs": runs, "limits": limits, **kinds, "hits": hits, "state_changes": changes,
            "commands": people, "alerts": alerts, "evidence": evidence(),
            "statements": days}  # fmt: skip


def evidence() -> dict[str, int]:
    """Of docs/controls.md; empty where only the program is installed."""
    if not TABLE.is_file():
        return {}
    rows = re.findall(r"^\| \d+ \|.*$", TABLE.read_text(), re.MULTILINE)
    return {"controls": len(rows), "with_test": sum("tests/" in row for row in rows)}


def moment(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // 10**9, UTC):%Y-%m-%d %H:%M:%SZ}"


def told(day: dict[str, Any]) -> str:
    """A day's statement on a line, or with a line for each difference."""
    head = (
        f"{day['trade_date']}: {day['fills']} fills, fees {day['fees']}, balance {day['balance']}"
    )
    return "\n    ".join(
        [head + ("" if day["differences"] else ": as logged"), *day["differences"]]
    )


def page(found: dict[str, Any]) -> str:
    rows = ["runs"]
    rows += [f"  {r['at']} {r['run']} {r['mode']}, commit {r['commit']}, config {r['config'][:8]}, "
             f"model {r['model'][:8] or 'none'}" for r in found["runs"]]  # fmt: skip
    rows += ["limits of the newest run"]
    for section, keys in found["limits"].items():
        rows += [f"  {section}.{key} = {value}" for key, value in keys.items()]
    rows += [f"entries: {found.get('approved', 0)} approved, {found.get('refused', 0)} refused"]
    for reason, row in sorted(found["hits"].items(), key=lambda item: -item[1]["count"]):
        rows.append(f"  {reason}: {row['count']}, first {row['first']}, last {row['last']}")
    for name in ("state_changes", "commands", "alerts"):
        rows += [name.replace("_", " "), *(f"  {text}" for text in found[name])]
    rows += ["the venue's statements", *(f"  {told(day)}" for day in found["statements"])]
    proof = found["evidence"]
    if proof:
        rows.append(f"evidence: {proof['with_test']} of {proof['controls']} controls name a test")
    return "\n".join(rows)

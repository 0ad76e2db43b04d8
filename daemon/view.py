"""What the daemon believes, as one value for scripts and as one screen for a person."""

import asyncio
import sys
from decimal import Decimal
from typing import Any, TextIO, cast

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from actors.account import Account, left, limits, marked, rooms
from actors.guard import outlook
from actors.states import reopens
from actors.tightenings import holding
from core.messages import Message
from core.reasons import Reason
from daemon.logs import Aside
from daemon.margins import told
from daemon.sentences import moment, sentence
from daemon.session import Session

REFRESH_S = 0.25
ZERO = Decimal(0)


def status(session: Session) -> dict[str, Any]:
    """Mode, position, orders, day budget, actors, lag."""
    account = session.stages["risk"].memory  # type: ignore[attr-defined]
    ledger = session.stages["recovery"].memory  # type: ignore[attr-defined]
    book, known = account.book, account.base is not None  # the balance
    return {
        "mode": session.config.run.mode,
        "at": session.clock(),
        "ready": session.ready,
        "state": account.state,
        "why": account.why,
        "price": session.price,
        "position": book.position.size,
        "average": str(book.position.average) if book.position.size else None,
        "orders": [
            {"tag": o.tag, "purpose": o.purpose, "side": o.side, "left": o.left, "life": o.life,
             "price": str(o.price) if o.price is not None else None}
            for o in book.living()
        ],
        "basis": basis(account),
        "equity": f"{marked(account):.2f}" if known else None,
        "realised": f"{book.realised:.2f}",
        "budget_left": f"{left(account):.2f}" if known else None,
        "limits": [
            {"rule": c.rule, "used": f"{c.value:.2f}", "limit": f"{c.limit:.2f}",
             "left": f"{max(c.limit - c.value, ZERO):.2f}"}
            for c in (limits(account) if known else ())
        ],
        "counts": [
            {"rule": rule, "used": used, "limit": most, "left": max(most - used, 0)}
            for rule, used, most in counts(account)
        ],
        "reopens": reopens(account.state, account.why, account.settings),
        "tightened": [
            {"reason": t.reason, "why": t.why, "by": t.by, "reopens": t.reopens}
            for t in holding(account, session.clock())
        ],
        "links": account.links,
        "flat": ledger.proven, "others": ledger.others,
        "off": sorted(account.controls.past.off), "alarm_at": account.controls.alarm_at,
        "agreed": account.agreed,
        "actors": {
            name: {"waiting": len(inbox.items), "conflated": inbox.conflated}
            for name, inbox in session.inboxes.items()
        },
        "bars": session.tally.kinds["Bar"],
        "round_trips": len(session.tally.trips),
        "latency_us": session.tally.latency.quantiles(),
        "log_seq": session.wal.seq,
    }  # fmt: skip


def basis(account: Account) -> str:
    """What the limits of money are: dollars, or shares of what the day began with."""
    if account.settings is None or account.settings.risk.basis == "dollars":
        return "dollars"
    return f"percent of {account.day_start:.2f} dollars"


def counts(account: Account) -> list[tuple[Reason, int, int]]:
    """Limits of trades and not of dollars: used and limit."""
    settings = account.settings
    if settings is None:
        return []
    rows = [(Reason.RISK_LOSSES_IN_ROW, account.losses, settings.risk.losses_in_row_max)]
    if settings.controls is not None:
        most = settings.controls.trades_day_max
        rows.append((Reason.RISK_MAX_TRADES, account.controls.trades, most))
    return rows


def full(session: Session) -> dict[str, Any]:
    """With every rule, which the screen does not show and need not weigh four times a second."""
    account = session.stages["risk"].memory  # type: ignore[attr-defined]
    return {**status(session), "rules": rules(account, session.price)}


def rules(account: Account, price: float | None) -> list[dict[str, Any]]:
    """Every limit: used, limit and what is left, as the surest entry would meet it now."""
    if account.base is None or account.settings is None:
        return []
    found = outlook(account, Decimal(str(price or 0)))
    return [
        {"rule": c.rule, "used": str(c.value), "limit": str(c.limit), "passed": c.passed,
         "left": str(abs(c.limit - c.value)) if c.passed else "0", "says": told(c)}
        for c in (*found, *rooms(account))
    ]  # fmt: skip


async def show(session: Session) -> None:
    """Redraw until cancelled; the last picture stays on the terminal."""
    terminal = sys.stdout  # which Live replaces
    console = Console(file=cast(TextIO, Aside(lambda: terminal)))
    with Live(console=console, auto_refresh=False, transient=False) as live:
        try:
            while True:
                live.update(screen(session), refresh=True)
                await asyncio.sleep(REFRESH_S)
        finally:
            live.update(screen(session), refresh=True)


def screen(session: Session) -> Panel:
    now = status(session)
    facts = Table.grid(padding=(0, 3))
    held = f"{now['position']:+d} @ {now['average']}" if now["position"] else "flat"
    facts.add_row("price", f"{now['price'] or '-'}", "state", f"{now['state']} ({now['why']})")
    facts.add_row("position", held, "equity", f"${now['equity'] or '-'}")
    facts.add_row("round trips", str(now["round_trips"]), "realised", f"${now['realised']}")
    facts.add_row("budget left", f"${now['budget_left'] or '-'}", "bars", str(now["bars"]))
    for row in now["limits"]:
        what = row["rule"].removeprefix("RISK_").replace("_", " ").lower()
        facts.add_row(f"{what} limit", f"${row['used']} used of ${row['limit']}")
    for row in now["counts"]:
        what = row["rule"].removeprefix("RISK_").replace("_", " ").lower()
        facts.add_row(f"{what} limit", f"{row['used']} used of {row['limit']}")
    queues = "  ".join(f"{name} {row['waiting']}" for name, row in now["actors"].items())
    lag = now["latency_us"]["bar_to_order"]["p50"]
    decisions = Table.grid(padding=(0, 2))
    for actor, message in list(session.recent):
        decisions.add_row(*line(actor, message))
    if session.held is not None:
        decisions.add_row(*line("now", session.held))
    foot = Text(f"queues: {queues}   bar to order p50: {lag or '-'} us   log: {now['log_seq']}")
    phase = "ready" if now["ready"] else "starting"
    title = f"tradebot · {now['mode']} · {moment(now['at'])[:19]} · {phase}"
    return Panel(Group(facts, Text(), decisions, Text(), foot), title=title)


def line(actor: str, message: Message) -> tuple[Text, Text, Text]:
    """As texts: what somebody wrote as a reason is no markup of ours."""
    style = "red" if type(message).__name__ in ("Refused", "Halted") else "cyan"
    when, reason = moment(message.at)[11:19], getattr(message, "reason", "")
    return Text(f"{when} {actor}"), Text(sentence(message)), Text(reason, style)

"""Log records in words: what was seen, thought, asked and answered."""

from datetime import UTC, datetime

from core.messages import (
    Approved,
    Bar,
    CancelOrder,
    ClosePosition,
    Conditions,
    Features,
    Fill,
    Hold,
    Intent,
    Message,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderUncertain,
    PlaceOrder,
    Prediction,
    Reduce,
    Refused,
    StateChanged,
    Tightened,
    TradeClosed,
)
from core.terms import Check
from daemon.margins import told

SIDES = {1: "buy", -1: "sell", 0: "unknown side"}


def moment(at: int) -> str:
    whole, rest = divmod(at, 1_000_000_000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%d %H:%M:%S}.{rest // 1_000_000:03d}Z"


def sentence(message: Message) -> str:
    """One sentence; every kind has one, the less usual ones by their fields."""
    match message:
        case Bar() as bar:
            kind = "quiet second" if bar.filled else f"{bar.trades} trades, {bar.volume} contracts"
            return f"bar closed at {bar.close:.9g} ({kind}), quote {bar.bid:.9g} / {bar.ask:.9g}"
        case Conditions() as seen:
            return (
                f"range {seen.atr:.2f} ticks a minute, normally {seen.atr_normal:.2f}; "
                f"{seen.volume} contracts, normally {seen.volume_normal:g}"
            )
        case Features() as row:
            return f"{len(row.values)} features computed, ATR {row.atr:.2f} ticks"
        case Prediction() as seen:
            down, flat, up = (f"{p:.3f}" for p in seen.probabilities)
            return f"the model says down {down}, flat {flat}, up {up}: move {seen.move:+.2f} ticks"
        case Hold(checks=rows):
            short = [f"{c.rule}: {c.value} against {c.limit}" for c in rows if not c.passed]
            return f"hold {', '.join(short)}".strip()
        case Intent() as wish:
            return (
                f"{wish.strategy} wanted {wish.action} at {wish.price}, confidence "
                f"{wish.confidence:.3f}, stop {wish.stop_ticks}, target {wish.target_ticks} ticks"
            )
        case Approved() as yes:
            return f"risk admitted {yes.size} contracts, at most {yes.risk:.2f} dollars at stake"
        case Refused(intent=wish):
            return f"risk refused {wish.action}"
        case StateChanged() as now:
            ends = f"; re-opened by: {now.reopens}" if now.reopens else ""
            return f"{now.by}: {now.was} becomes {now.state}: {now.why}{ends}"
        case Tightened() as less:
            return f"{less.by} admits less: {less.why}; ends: {less.reopens}"
        case Reduce(size=size):
            return f"risk wants {size} contracts closed"
        case _:
            return _order(message)


def _order(message: Message) -> str:
    match message:
        case PlaceOrder() as o:
            legs = f", stop {o.stop_ticks}, target {o.target_ticks} ticks" if o.bracket else ""
            price = o.limit_price or o.stop_price or ""
            what = f"{o.type} {SIDES[o.side]} {o.size} {price}".rstrip()
            return f"order {o.tag} to the venue: {o.purpose}, {what}{legs}"
        case OrderAccepted(tag=tag, venue_id=number, status=status):
            return f"the venue shows order {tag} as {status} (its id {number})"
        case OrderRejected(tag=tag, request=request, text=text):
            return f"{request} {tag} refused: {text}"
        case OrderUncertain(tag=tag, why=why):
            return f"the fate of order {tag} is open: {why}"
        case OrderCancelled(tag=tag):
            return f"order {tag} is cancelled"
        case CancelOrder(tag=tag):
            return f"cancel of order {tag} asked"
        case ModifyOrder(limit_price=None, stop_price=None) as o:
            return f"order {o.tag} to be changed to {o.size} contracts"
        case ModifyOrder() as o:
            return f"order {o.tag} to be moved to {o.limit_price or o.stop_price}"
        case ClosePosition(size=size):
            return f"the venue asked to close {f'{size} contracts' if size else 'the position'}"
        case Fill() as f:
            return (
                f"filled: {SIDES[f.side]} {f.size} at {f.price}, fees {f.fees} ({f.tag or 'close'})"
            )
        case TradeClosed() as t:
            return f"round trip closed: {t.entry} to {t.exit}, net {t.net} dollars"
    rows = ((name, getattr(message, name)) for name in message.__struct_fields__)
    shown = ", ".join(f"{k} {v}" for k, v in rows if k not in ("at", "reason", "settings") and v)
    return f"{type(message).__name__}: {shown[:300]}"


def checks(message: Message) -> list[str]:
    """Each rule's number against its limit, and the change that would have flipped it."""
    rows: tuple[Check, ...] = getattr(message, "checks", ())
    return [told(row) for row in rows]

"""What scripts rely on in the one JSON object of a run and of a backtest."""

from decimal import Decimal

NAMES = {
    "mode", "ended", "bars", "signals", "intents", "approved", "refused", "orders", "fills",
    "round_trips", "net_pnl", "fees", "balance", "position", "open_orders", "wal", "reasons",
    "latency_us",
}  # fmt: skip
START = Decimal("1000.00")


def keeps_its_promise(told):
    """Every name is there, the parts are whole, and the money adds up to the cent."""
    assert told.keys() >= NAMES
    assert set(told["wal"]) == {"records", "segments", "verified"}
    latency = told["latency_us"]
    assert set(latency) == {"bar_to_order", "tick_to_bar", "wal_durable"}
    assert all(set(row) == {"p50", "p99"} for row in latency.values())
    assert all(type(count) is int for count in told["reasons"].values())
    assert told["intents"] == told["approved"] + told["refused"]
    assert Decimal(told["balance"]) == START + Decimal(told["net_pnl"])
    return True

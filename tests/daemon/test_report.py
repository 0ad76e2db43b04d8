"""The last words of a session are words, also of one that sent no order or was not proven flat."""

from daemon.report import Latency, Tally, told

ENDED = {
    "mode": "sim", "ended": "signal SIGTERM", "net_pnl": "0.00", "balance": None, "position": 0,
    "open_orders": 0, "wal": {"records": 3, "segments": 1, "verified": True},
}  # fmt: skip


def test_a_session_without_an_order_has_no_times_to_tell():
    text = told(ENDED | Tally(Latency()).summary())
    assert "latency    no order was sent" in text
    assert "net 0.00 dollars after 0.00 of fees, balance not told" in text
    assert "None" not in text

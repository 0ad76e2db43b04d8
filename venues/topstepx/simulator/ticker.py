"""What the market hub says of the tape: quotes as deltas, prints as lists."""

from typing import Any

from core.messages import Quote, Trade
from venues.topstepx.protocol import stamp
from venues.topstepx.simulator.contract import Contract


class Ticker:
    """The last state of the quote; each event changes some of it, and only that is sent."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.state: dict[str, Any] = {"symbol": contract.instrument.symbol_id}
        self.volume = 0

    def quote(self, quote: Quote) -> dict[str, Any]:
        return self.change(quote.at, {"bestBid": quote.bid, "bestAsk": quote.ask})

    def traded(self, trade: Trade) -> dict[str, Any]:
        """The quote of a print: empty if nothing but volume changed."""
        price, state = trade.price, self.state
        self.volume += trade.size
        opened = state.get("open", price)
        if state.get("lastPrice") == price:
            state["volume"] = self.volume
            return {}
        fields = {
            "lastPrice": price, "open": opened, "high": max(price, state.get("high", price)),
            "low": min(price, state.get("low", price)), "volume": self.volume,
            "change": round(price - opened, 9),
            "changePercent": round((price - opened) / opened * 100, 4),
        }  # fmt: skip
        return self.change(trade.at, fields)

    def change(self, at: int, fields: dict[str, Any]) -> dict[str, Any]:
        state = self.state
        delta = {key: value for key, value in fields.items() if state.get(key) != value}
        if not delta:
            return {}
        delta |= {"lastUpdated": stamp(at), "timestamp": stamp(at)}
        state.update(delta)
        return {"symbol": state["symbol"], **delta, "contract": self.contract.id}

    def print_(self, trade: Trade) -> list[dict[str, Any]]:
        return [
            {
                "symbolId": self.contract.instrument.symbol_id, "price": trade.price,
                "timestamp": stamp(trade.at), "type": 1 if trade.side < 0 else 0,
                "volume": trade.size, "contractId": self.contract.id,
            }
        ]  # fmt: skip

    def snapshot(self) -> dict[str, Any]:
        return {**self.state, "contract": self.contract.id}

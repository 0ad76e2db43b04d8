"""The exchange's values as the gateway's JSON. REST writes what is absent as null, streams omit it.

Prices leave as JSON numbers. REST stamps have up to six digits of a second, streams seven.
"""

from decimal import Decimal
from typing import Any

from msgspec import Struct

from core.terms import Status
from venues.orders import (
    AccountChanged,
    Event,
    HalfTrade,
    Order,
    OrderChanged,
    Position,
    PositionChanged,
    Traded,
)
from venues.topstepx.protocol import SIDE_OUT, STATUS_OUT, TYPE_OUT, stamp
from venues.topstepx.simulator.contract import Contract

UPDATED, REMOVED, TRADE = 1, 2, 0  # actions of user events
Row = dict[str, Any]


def rest_stamp(at: int) -> str:
    head, _, tail = stamp(at).partition(".")
    digits = tail[:6].rstrip("0")
    return f"{head}.{digits}+00:00" if digits else f"{head}+00:00"


def number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def stream(row: Row) -> Row:
    return {key: value for key, value in row.items() if value is not None}


class Wire(Struct, frozen=True):
    account_id: int
    account_name: str
    contract: Contract

    def order(self, order: Order) -> Row:
        tick = self.contract.instrument.tick
        return {
            "id": order.id, "accountId": self.account_id, "contractId": self.contract.id,
            "symbolId": self.contract.instrument.symbol_id,
            "creationTimestamp": rest_stamp(order.created),
            "updateTimestamp": rest_stamp(order.updated),
            "status": STATUS_OUT[order.status], "type": TYPE_OUT[order.type],
            "side": SIDE_OUT[order.side], "size": order.size,
            "limitPrice": None if order.limit is None else float(tick * order.limit),
            "stopPrice": None if order.stop is None else float(tick * order.stop),
            "trailPrice": float(tick * order.trail) if order.trail else None,
            "fillVolume": order.filled, "filledPrice": number(order.average),
            "customTag": order.tag or None, "parentOrderId": order.parent or None,
            "linkedOrderId": order.linked or None,
        }  # fmt: skip

    def trade(self, trade: HalfTrade) -> Row:
        return {
            "id": trade.id, "accountId": self.account_id, "contractId": self.contract.id,
            "creationTimestamp": rest_stamp(trade.at), "price": float(trade.price),
            "profitAndLoss": number(trade.profit), "fees": float(trade.fees),
            "commissions": float(trade.commissions), "side": SIDE_OUT[trade.side],
            "size": trade.size, "voided": False, "orderId": trade.order_id,
        }  # fmt: skip

    def position(self, position: Position) -> Row:
        return {
            "id": position.id, "accountId": self.account_id, "contractId": self.contract.id,
            "creationTimestamp": rest_stamp(position.opened),
            "type": 0 if not position.size else 1 if position.size > 0 else 2,
            "size": abs(position.size), "averagePrice": float(position.average),
        }  # fmt: skip

    def account(self, balance: Decimal, can_trade: bool) -> Row:
        return {
            "id": self.account_id, "name": self.account_name, "balance": float(balance),
            "canTrade": can_trade, "isVisible": True, "simulated": True,
        }  # fmt: skip

    def event(self, event: Event) -> tuple[str, int, Row]:
        """Target, action and payload on the user hub."""
        match event:
            case OrderChanged(order=order):
                row = self.order(order) | {
                    "creationTimestamp": stamp(order.created),
                    "updateTimestamp": stamp(order.updated),
                    "trailDistance": order.trail or None,
                }
                gone = order.over and order.status is not Status.REJECTED
                return "GatewayUserOrder", REMOVED if gone else UPDATED, stream(row)
            case Traded(trade=trade):
                row = self.trade(trade) | {"creationTimestamp": stamp(trade.at)}
                return "GatewayUserTrade", TRADE, stream(row)
            case PositionChanged(position=position):
                row = self.position(position) | {
                    "creationTimestamp": stamp(position.opened),
                    "contractDisplayName": self.contract.name,
                }
                return "GatewayUserPosition", UPDATED if position.size else REMOVED, stream(row)
            case AccountChanged(balance=balance, can_trade=can_trade):
                return "GatewayUserAccount", UPDATED, self.account(balance, can_trade)

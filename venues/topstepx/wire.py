"""The gateway's rows and answers as types: what does not fit them is refused by the decoder.

Numbers are read as JSON numbers within bounds (no NaN, infinity, text or 1e999); `money` turns one
into a Decimal by its digits.
"""

import base64
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from core.secret import Secret

Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Code = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Count = Annotated[int, Meta(ge=0, le=10**9)]
Size = Annotated[int, Meta(ge=1, le=10**9)]
Price = Annotated[float, Meta(gt=0, lt=1e9)]
Money = Annotated[float, Meta(gt=-1e12, lt=1e12)]


def money(number: float) -> Decimal:
    return Decimal(str(number))


class Row(Struct, frozen=True, rename="camel"):
    """Unknown keys are passed over: the gateway adds some without notice."""


class AccountRow(Row, frozen=True):
    id: Id
    balance: Money
    can_trade: bool


class ContractRow(Row, frozen=True):
    id: str
    tick_size: Price
    tick_value: Price
    symbol_id: str
    active_contract: bool


class PositionRow(Row, frozen=True):
    account_id: Id
    contract_id: str
    type: Code
    size: Count
    average_price: Price


class OrderRow(Row, frozen=True):
    id: Id
    account_id: Id
    contract_id: str
    creation_timestamp: str
    status: Code
    type: Code
    side: Code
    size: Count
    update_timestamp: str | None = None
    fill_volume: Count | None = None
    limit_price: Price | None = None
    stop_price: Price | None = None
    custom_tag: str | None = None


class TradeRow(Row, frozen=True):
    """A half-turn of ours."""

    id: Id
    account_id: Id
    contract_id: str
    creation_timestamp: str
    price: Price
    fees: Money
    side: Code
    size: Size
    order_id: Id
    voided: bool | None = None
    commissions: Money | None = None


class QuoteRow(Row, frozen=True):
    """Only what has changed is there."""

    best_bid: Price | None = None
    best_ask: Price | None = None
    timestamp: str | None = None
    last_updated: str | None = None


class PrintRow(Row, frozen=True):
    """A trade of the market."""

    price: Price
    volume: Size
    timestamp: str
    type: Code


class Envelope(Row, frozen=True):
    success: bool
    error_code: Code
    error_message: str | None = None


class Accounts(Envelope, frozen=True, kw_only=True):
    accounts: list[AccountRow]


class Contracts(Envelope, frozen=True, kw_only=True):
    contracts: list[ContractRow]


class OneContract(Envelope, frozen=True, kw_only=True):
    contract: ContractRow


class Positions(Envelope, frozen=True, kw_only=True):
    positions: list[PositionRow]


class Orders(Envelope, frozen=True, kw_only=True):
    orders: list[OrderRow]
    total_count: Count | None = None


class Trades(Envelope, frozen=True, kw_only=True):
    trades: list[TradeRow]


class Placed(Envelope, frozen=True, kw_only=True):
    order_id: Id


class Login(Envelope, frozen=True, kw_only=True):
    token: Secret


class Validated(Envelope, frozen=True, kw_only=True):
    new_token: Secret


class _Claims(Struct):
    exp: float
    iat: float | None = None


def life_s(token: Secret, now_s: float) -> float | None:
    """Seconds the JWT lives from its issue, or from now where it does not say; None if unknown."""
    try:
        part = token.reveal().split(".")[1]
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        claims = msgspec.json.decode(raw, type=_Claims)
    except (ValueError, IndexError, RecursionError):
        return None
    life = claims.exp - (now_s if claims.iat is None else claims.iat)
    return life if life > 0 else None


def _reveal(value: Any) -> str:
    """The one place where a secret is put into a request."""
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


encode = msgspec.json.Encoder(enc_hook=_reveal, decimal_format="number").encode


def secrets_in(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str) and value:
        return Secret(value)
    raise ValueError(f"expected a {kind.__name__}")

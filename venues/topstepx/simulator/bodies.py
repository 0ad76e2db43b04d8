"""What clients may send to each endpoint. A body that does not fit is a 400."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Body(Struct, frozen=True, rename="camel"): ...


class Empty(Body, frozen=True): ...


class LoginKey(Body, frozen=True):
    user_name: str
    api_key: str


class LoginApp(Body, frozen=True):
    user_name: str
    password: str
    device_id: str
    app_id: str
    verify_key: str


class AccountSearch(Body, frozen=True):
    only_active_accounts: bool


class ContractAvailable(Body, frozen=True):
    live: bool


class ContractSearch(Body, frozen=True):
    live: bool
    search_text: str | None = None


class ContractById(Body, frozen=True):
    contract_id: str


class Bars(Body, frozen=True):
    contract_id: str
    live: bool
    start_time: str
    end_time: str
    unit: Int32
    unit_number: Int32
    limit: Int32
    include_partial_bar: bool


class Bracket(Body, frozen=True):
    ticks: Int32
    type: Int32


class Place(Body, frozen=True):
    account_id: Int32
    contract_id: str
    type: Int32
    side: Int32
    size: Int32
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    custom_tag: str | None = None
    stop_loss_bracket: Bracket | None = None
    take_profit_bracket: Bracket | None = None
    linked_order_id: Int64 | None = None


class Cancel(Body, frozen=True):
    account_id: Int32
    order_id: Int64


class Modify(Body, frozen=True):
    account_id: Int32
    order_id: Int64
    size: Int32 | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None


class Search(Body, frozen=True):
    account_id: Int32
    start_timestamp: str
    end_timestamp: str | None = None


class OfAccount(Body, frozen=True):
    account_id: Int32


class Filter(Body, frozen=True):
    account_id: Int32
    statuses: list[Int32] | None = None
    contract_id: str | None = None
    created_after: str | None = None
    created_before: str | None = None


class Query(Body, frozen=True):
    filter: Filter
    page_size: Int32 = 100
    page_offset: Int32 = 0
    sort_by: Int32 = 0
    sort_direction: Int32 = 1
    include_total_count: bool = False


class Close(Body, frozen=True):
    account_id: Int32
    contract_id: str


class PartialClose(Body, frozen=True):
    account_id: Int32
    contract_id: str
    size: Int32

"""What the gateway says when asked: which account, which contract, and the whole truth of both.

A part that is missing, null or unreadable fails the whole: it is never read as "none".
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from core.config import Venue
from core.errors import ConfigError
from core.instruments import Instrument
from core.messages import AccountSnapshot
from core.terms import Status
from venues.base import Unreachable
from venues.topstepx.answers import Missing, Refused
from venues.topstepx.protocol import STATUS_OUT, stamp
from venues.topstepx.rest import Rest
from venues.topstepx.signalr import plain
from venues.topstepx.translate import Tags, fill, listed, tag_of
from venues.topstepx.wire import (
    AccountRow,
    Accounts,
    ContractRow,
    Contracts,
    OneContract,
    OrderRow,
    Orders,
    PositionRow,
    Positions,
    TradeRow,
    Trades,
    money,
)

Listed = TypeVar("Listed", AccountRow, ContractRow)

SUSPENDED_MAX = 100  # bracket legs asked for in one page
SNAPSHOT_BYTES_MAX = 60_000  # one record of the log must hold it


async def find_account(rest: Rest, venue: Venue) -> AccountRow:
    """The only active account, or the pinned one, also where that may not trade any more: what it
    holds must be left, and a lock may end. Raises ConfigError naming what to set."""
    path, pinned = "Account/search", venue.account_id
    rows = some(
        path, (await rest.query(path, {"onlyActiveAccounts": not pinned}, Accounts)).accounts
    )
    ids = [row.id for row in rows if row.can_trade]
    wanted = [row for row in rows if pinned in (0, row.id)]
    if len(wanted) == 1:
        return wanted[0]
    if pinned:
        raise ConfigError(f"venue.account_id: {pinned} is none of this login: set one of {ids}")
    raise ConfigError(f"venue.account_id: {len(ids)} active accounts {ids}: set the one to trade")


async def find_contract(rest: Rest, venue: Venue, instrument: Instrument) -> ContractRow:
    """The configured contract, or the instrument's active one; its terms must be ours."""
    if venue.contract_id:
        row = await _by_id(rest, venue.contract_id)
    else:
        row = await _active(rest, instrument)
    theirs = (row.symbol_id, money(row.tick_size), money(row.tick_value))
    ours = (instrument.symbol_id, instrument.tick, instrument.tick_value)
    if theirs != ours:
        raise ConfigError(
            f"venue.contract_id: {plain(row.id)} has symbol, tick and tick value "
            f"{' '.join(plain(str(term)) for term in theirs)}, "
            f"but {instrument.symbol} has {' '.join(map(str, ours))}: mend contract or symbol"
        )
    return row


async def _by_id(rest: Rest, contract_id: str) -> ContractRow:
    try:
        body = {"contractId": contract_id}
        row = (await rest.query("Contract/searchById", body, OneContract)).contract
        if row.id == contract_id:
            return row
        why = f"it answers with {plain(row.id)}"
    except Refused as refused:
        why = refused.text or f"code {refused.code}"
    raise ConfigError(f"venue.contract_id: {contract_id} is not known to the gateway ({why})")


async def _active(rest: Rest, instrument: Instrument) -> ContractRow:
    # `live` is false for all but funded accounts, which may not be traded by API at all.
    path, body = "Contract/search", {"searchText": instrument.symbol, "live": False}
    rows = some(path, (await rest.query(path, body, Contracts)).contracts)
    found = [r for r in rows if r.active_contract and r.symbol_id == instrument.symbol_id]
    if len(found) != 1:
        ids = [plain(row.id) for row in found]
        raise ConfigError(
            f"venue.contract_id: {len(ids)} active contracts of {instrument.symbol} {ids}: set one"
        )
    return found[0]


def some(path: str, rows: list[Listed]) -> list[Listed]:
    """An empty list is no answer: a venue under maintenance may give one, and has more later."""
    if not rows:
        raise Unreachable(f"{path}: the list is empty")
    return rows


async def snapshot(
    rest: Rest, key: tuple[int, str], since: int, at: int, tags: Tags, day: int = 0
) -> AccountSnapshot:
    """All of it, or Unreachable. Asked twice when it changes meanwhile, then given up."""
    for _ in range(2):
        before = await _positions(rest, key)
        taken = await _rest_of_it(rest, key, since, at, tags, before, day)
        if _held(await _positions(rest, key), key) == _held(before, key):
            return taken
    raise Unreachable("the position changed during both snapshots")


async def _rest_of_it(
    rest: Rest, key: tuple[int, str], since: int, at: int, tags: Tags, held: list[PositionRow],
    day: int,
) -> AccountSnapshot:  # fmt: skip
    account_id = key[0]
    span = {"accountId": account_id, "startTimestamp": stamp(since)}
    accounts = await rest.query("Account/search", {"onlyActiveAccounts": False}, Accounts)
    account = next((row for row in accounts.accounts if row.id == account_id), None)
    if account is None:
        raise Unreachable(f"Account/search: account {account_id} is not in the answer")
    # An order wakes, then works, then ends: asked for in this order it is seen at least once, and
    # the later answer about it wins.
    rows = await _suspended(rest, account_id)
    opened = (await rest.query("Order/searchOpen", {"accountId": account_id}, Orders)).orders
    rows += opened
    rows += (await rest.query("Order/search", span, Orders)).orders
    span |= {"startTimestamp": stamp(day or since)}
    trades = (await rest.query("Trade/search", span, Trades)).trades
    taken = assemble(key, since, at, tags, account, _held(held, key), rows, trades)
    others = sum(row.contract_id != key[1] for row in held)
    others += sum(row.contract_id != key[1] for row in opened)
    taken = replace(taken, day=day or UNSET, others=others or UNSET)
    return taken if rest.skew_s is None else replace(taken, skew=Decimal(f"{rest.skew_s:.3f}"))


async def _suspended(rest: Rest, account_id: int) -> list[OrderRow]:
    """Bracket legs that sleep: only this query shows them, and older deployments lack it."""
    filter_ = {"accountId": account_id, "statuses": [STATUS_OUT[Status.SUSPENDED]]}
    body = {
        "filter": filter_, "pageSize": SUSPENDED_MAX, "pageOffset": 0, "sortBy": 0,
        "sortDirection": 1, "includeTotalCount": True,
    }  # fmt: skip
    try:
        answer = await rest.query("Order/v2/query", body, Orders)
    except Missing:
        return []
    if len(answer.orders) >= SUSPENDED_MAX or (answer.total_count or 0) > len(answer.orders):
        raise Unreachable("Order/v2/query: more suspended orders than one page holds")
    return answer.orders


async def _positions(rest: Rest, key: tuple[int, str]) -> list[PositionRow]:
    """Those that are open, whoever's: of our contract one at most."""
    answer = await rest.query("Position/searchOpen", {"accountId": key[0]}, Positions)
    _all_ours(answer.positions, key[0])
    if sum(row.contract_id == key[1] for row in answer.positions) > 1:
        raise Unreachable("Position/searchOpen: two rows for one contract")
    return [row for row in answer.positions if row.size]


def _held(rows: list[PositionRow], key: tuple[int, str]) -> PositionRow | None:
    return next((row for row in rows if row.contract_id == key[1]), None)


def assemble(
    key: tuple[int, str],
    since: int,
    at: int,
    tags: Tags,
    account: AccountRow,
    held: PositionRow | None,
    rows: list[OrderRow],
    trades: list[TradeRow],
) -> AccountSnapshot:
    """Rows as one message. The later row of an order wins: it was asked for later."""
    _all_ours(rows, key[0])
    _all_ours(trades, key[0])
    mine = {row.id: row for row in rows if row.contract_id == key[1]}
    for row in mine.values():
        tags.keep(row.id, tag_of(row))
    try:
        orders = tuple(listed(mine[number]) for number in sorted(mine))
        fills = [fill(row, tags) for row in trades if row.contract_id == key[1] and not row.voided]
    except ValueError as error:
        raise Unreachable(f"a row makes no sense: {plain(str(error))}") from None
    position, average = _signed(held)
    taken = AccountSnapshot(
        at, since, money(account.balance), account.can_trade, position, average, orders,
        tuple(sorted(fills, key=lambda one: (one.at, one.trade_id))),
    )  # fmt: skip
    if len(msgspec.json.encode(taken)) > SNAPSHOT_BYTES_MAX:
        raise Unreachable(f"{len(orders)} orders and {len(fills)} fills: too much for one record")
    return taken


def _all_ours(rows: Sequence[PositionRow | OrderRow | TradeRow], account_id: int) -> None:
    """Another account's row in an answer about ours: whose answer is it? Not to be believed."""
    if any(row.account_id != account_id for row in rows):
        raise Unreachable(f"an answer about account {account_id} holds a row of another one")


def _signed(held: PositionRow | None) -> tuple[int, Decimal | None]:
    if held is None or not held.size:
        return 0, None
    sides = {1: 1, 2: -1}
    if held.type not in sides:
        raise Unreachable(f"Position/searchOpen: size {held.size} with type {held.type}")
    return sides[held.type] * held.size, money(held.average_price)

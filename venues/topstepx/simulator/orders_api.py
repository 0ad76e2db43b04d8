"""The endpoints that trade: Order/*, Position/*, Trade/*. Each gives a reply, none waits."""

from decimal import Decimal

from core.terms import OrderType, Status
from venues.matching import Exchange
from venues.orders import Answer, ChangeCode, CloseCode, Order, PlaceCode, Ticket
from venues.topstepx.protocol import SIDE_IN, STATUS_OUT, TYPE_IN, nanoseconds
from venues.topstepx.simulator import bodies
from venues.topstepx.simulator.past import Past
from venues.topstepx.simulator.reply import Reply, fail, ok
from venues.topstepx.simulator.world import World

FAR = 1 << 62
PRICE_MAX = Decimal(10) ** 9
JOIN = {6: 1, 7: -1}  # JoinBid, JoinAsk -> side whose own touch is joined
PAGE_MAX = 1000


def span(since: str | None, until: str | None) -> tuple[int, int]:
    return nanoseconds(since) if since else 0, nanoseconds(until) if until else FAR


def check_prices(*prices: Decimal | None) -> None:
    """Raises ValueError for what no number type of the gateway could hold."""
    for price in prices:
        if price is not None and not (price.is_finite() and abs(price) < PRICE_MAX):
            raise ValueError("a price is out of range")


class OrdersApi:
    def __init__(self, world: World) -> None:
        self.world, self.exchange, self.wire = world, world.exchange, world.wire

    @property
    def seen(self) -> Exchange | Past:
        """What queries show."""
        past = self.world.past
        return past if past is not None and past.lasts() else self.exchange

    def own(self, account_id: int) -> bool:
        return account_id == self.wire.account_id

    def done(self, answer: Answer) -> Reply:
        self.world.publish(answer.events)
        return fail(answer.code, answer.text) if answer.code else ok()

    def place(self, body: bodies.Place, refuse_brackets: bool = False) -> Reply:
        check_prices(body.limit_price, body.stop_price, body.trail_price)
        if not self.own(body.account_id):
            return fail(PlaceCode.ACCOUNT_NOT_FOUND)
        if body.contract_id != self.wire.contract.id:
            return fail(PlaceCode.CONTRACT_NOT_FOUND)
        ticket = self.ticket(body)
        if isinstance(ticket, str):
            return fail(PlaceCode.ORDER_REJECTED, ticket)
        mode = self.exchange.brackets
        if refuse_brackets and (ticket.stop_ticks or ticket.target_ticks):
            self.exchange.brackets = False
        answer = self.exchange.place(self.world.clock.now(), ticket)
        self.exchange.brackets = mode
        reply = self.done(answer)
        return reply if answer.code else ok(orderId=answer.order_id)

    def ticket(self, body: bodies.Place) -> Ticket | str:
        """The order as the exchange takes it, or why it is none."""
        side, kind, limit = SIDE_IN.get(body.side), TYPE_IN.get(body.type), body.limit_price
        stop, target = body.stop_loss_bracket, body.take_profit_bracket
        if body.type in JOIN and self.exchange.quote is not None:
            quote, kind = self.exchange.quote, OrderType.LIMIT
            joined = quote.bid if JOIN[body.type] > 0 else quote.ask
            grid = self.wire.contract.instrument
            limit = grid.price(grid.ticks(joined))
        if kind is None or side is None:
            return f"Invalid order type ({body.type}) or side ({body.side})."
        if stop and stop.type not in (4, 5):
            return f"Invalid stop loss bracket type ({stop.type})."
        if target and target.type != 1:
            return f"Invalid take profit bracket type ({target.type})."
        if (stop and not stop.ticks) or (target and not target.ticks):
            return "Invalid stop loss ticks (0). Ticks should be at least 4 ticks away."
        return Ticket(
            kind, side, body.size, limit, body.stop_price, body.trail_price,
            body.custom_tag or "", stop.ticks if stop else 0, target.ticks if target else 0,
            TYPE_IN[stop.type] if stop else OrderType.STOP,
        )  # fmt: skip

    def cancel(self, body: bodies.Cancel) -> Reply:
        if not self.own(body.account_id):
            return fail(ChangeCode.ACCOUNT_NOT_FOUND)
        return self.done(self.exchange.cancel(self.world.clock.now(), body.order_id))

    def modify(self, body: bodies.Modify) -> Reply:
        check_prices(body.limit_price, body.stop_price, body.trail_price)
        if not self.own(body.account_id):
            return fail(ChangeCode.ACCOUNT_NOT_FOUND)
        answer = self.exchange.modify(
            self.world.clock.now(), body.order_id, body.size, body.limit_price, body.stop_price,
            body.trail_price,
        )  # fmt: skip
        return self.done(answer)

    def listed(self, orders: list[Order]) -> list[dict[str, object]]:
        return [self.wire.order(order) for order in orders]

    def search(self, body: bodies.Search) -> Reply:
        since, until = span(body.start_timestamp, body.end_timestamp)
        if not self.own(body.account_id):
            return fail(1)
        found = [
            order
            for order in self.seen.orders.values()
            if since <= order.created <= until and order.status is not Status.SUSPENDED
        ]
        return ok(orders=self.listed(found))

    def search_open(self, body: bodies.OfAccount) -> Reply:
        return (
            ok(orders=self.listed(self.seen.open_orders()))
            if self.own(body.account_id)
            else fail(1)
        )

    def search_by_id(self, body: bodies.Cancel) -> Reply:
        order = self.seen.orders.get(body.order_id)
        if order is None or not self.own(body.account_id):
            return fail(1)
        return ok(order=self.wire.order(order))

    def query(self, body: bodies.Query) -> Reply:
        by = body.filter
        since, until = span(by.created_after, by.created_before)
        if not self.own(by.account_id):
            return fail(1)
        found = [
            order
            for order in self.seen.orders.values()
            if since <= order.created <= until
            and (not by.statuses or STATUS_OUT[order.status] in by.statuses)
            and by.contract_id in (None, self.wire.contract.id)
        ]
        if body.sort_direction == 1:
            found.reverse()
        first, size = max(0, body.page_offset), min(PAGE_MAX, max(1, body.page_size))
        total = len(found) if body.include_total_count else None
        return ok(orders=self.listed(found[first : first + size]), totalCount=total)

    def positions(self, body: bodies.OfAccount) -> Reply:
        if not self.own(body.account_id):
            return fail(1)
        held = self.seen.position
        return ok(positions=[self.wire.position(held)] if held.size else [])

    def close(self, body: bodies.Close) -> Reply:
        if code := self.wrong(body.account_id, body.contract_id):
            return fail(code)
        return self.done(self.exchange.close_position(self.world.clock.now()))

    def partial_close(self, body: bodies.PartialClose) -> Reply:
        if code := self.wrong(body.account_id, body.contract_id):
            return fail(code)
        return self.done(self.exchange.partial_close(self.world.clock.now(), body.size))

    def wrong(self, account_id: int, contract_id: str) -> int:
        if not self.own(account_id):
            return CloseCode.ACCOUNT_NOT_FOUND
        known = contract_id == self.wire.contract.id
        return 0 if known else CloseCode.CONTRACT_NOT_FOUND

    def trades(self, body: bodies.Search) -> Reply:
        since, until = span(body.start_timestamp, body.end_timestamp)
        if not self.own(body.account_id):
            return fail(1)
        found = [each for each in self.seen.trades if since <= each.at <= until]
        return ok(trades=[self.wire.trade(each) for each in reversed(found)])

"""The endpoints that only tell: Auth/*, Account/*, Contract/*, History/*."""

import hmac

from msgspec import Struct

from venues.topstepx.protocol import nanoseconds
from venues.topstepx.simulator import bodies
from venues.topstepx.simulator.bars import UNITS_S
from venues.topstepx.simulator.reply import Reply, fail, ok
from venues.topstepx.simulator.session import Tokens
from venues.topstepx.simulator.world import World

USER_NOT_FOUND, INVALID_CREDENTIALS, APP_NOT_FOUND = 1, 3, 4
CONTRACT_NOT_FOUND, UNIT_INVALID, UNIT_NUMBER_INVALID, LIMIT_INVALID = 1, 2, 3, 4


class Credentials(Struct, frozen=True):
    username: str
    api_key: str


def same(given: str, true: str) -> bool:
    return hmac.compare_digest(given.encode(), true.encode())


class ReferenceApi:
    def __init__(self, world: World, credentials: Credentials, tokens: Tokens) -> None:
        self.world, self.credentials, self.tokens = world, credentials, tokens
        self.contract = world.wire.contract

    def login_key(self, body: bodies.LoginKey) -> Reply:
        if not same(body.user_name, self.credentials.username):
            return fail(USER_NOT_FOUND)
        if not same(body.api_key, self.credentials.api_key):
            return fail(INVALID_CREDENTIALS)
        return ok(token=self.tokens.issue(self.credentials.username))

    def login_app(self, body: bodies.LoginApp) -> Reply:
        known = same(body.user_name, self.credentials.username)
        return fail(APP_NOT_FOUND if known else USER_NOT_FOUND)

    def validate(self, _: bodies.Empty) -> Reply:
        return ok(newToken=self.tokens.issue(self.credentials.username))

    def accounts(self, body: bodies.AccountSearch) -> Reply:
        exchange = self.world.exchange
        row = self.world.wire.account(exchange.balance, exchange.can_trade)
        return ok(accounts=[row] if exchange.can_trade or not body.only_active_accounts else [])

    def available(self, body: bodies.ContractAvailable) -> Reply:
        return ok(contracts=[] if body.live else [self.contract.row()])

    def contracts(self, body: bodies.ContractSearch) -> Reply:
        found = not body.live and self.contract.matches(body.search_text or "")
        return ok(contracts=[self.contract.row()] if found else [])

    def contract_by_id(self, body: bodies.ContractById) -> Reply:
        known = body.contract_id == self.contract.id
        return ok(contract=self.contract.row()) if known else fail(CONTRACT_NOT_FOUND)

    def bars(self, body: bodies.Bars) -> Reply:
        since, until = nanoseconds(body.start_time), nanoseconds(body.end_time)
        if body.live or body.contract_id != self.contract.id:
            return fail(CONTRACT_NOT_FOUND)
        if body.unit not in UNITS_S:
            return fail(UNIT_INVALID)
        if body.unit_number <= 0:
            return fail(UNIT_NUMBER_INVALID)
        if body.limit <= 0:
            return fail(LIMIT_INVALID)
        width_s = UNITS_S[body.unit] * body.unit_number
        now = self.world.clock.now()
        rows = self.world.prints.bars(
            width_s, since, until, now, body.limit, body.include_partial_bar
        )
        return ok(bars=rows)

"""What can be traded: tick, worth of a tick, and the names the gateway knows it by.

Coins are traded in lots, and a lot is their contract: money of them is finer than a cent.
"""

from decimal import Decimal

from msgspec import Struct

CENT = Decimal("0.01")


class Instrument(Struct, frozen=True):
    symbol: str
    symbol_id: str  # the gateway's
    description: str
    tick: Decimal  # smallest price step, index points
    tick_value: Decimal  # dollars per tick and contract
    fee: Decimal  # exchange fee, dollars per contract and side
    commission: Decimal  # broker commission, dollars per contract and side

    @property
    def unit(self) -> Decimal:
        """The smallest sum of money that a profit is told in: a cent, or a tick of a lot."""
        return min(CENT, self.tick_value)

    @property
    def side_cost(self) -> Decimal:
        return self.fee + self.commission

    def ticks(self, price: float | Decimal) -> int:
        """The price on the grid, in ticks; the nearest one if it is off."""
        return round(float(price) / float(self.tick))

    def price(self, ticks: int) -> Decimal:
        return self.tick * ticks


# Fees: quant.md 10.1 (MES). MGC is set alike: the gold tapes serve training, not cost studies.
_SIDE = (Decimal("0.22"), Decimal("0.20"))
INSTRUMENTS: dict[str, Instrument] = {
    "MES": Instrument(
        "MES", "F.US.MES", "Micro E-mini S&P 500", Decimal("0.25"), Decimal("1.25"), *_SIDE
    ),
    "MGC": Instrument("MGC", "F.US.MGC", "Micro Gold", Decimal("0.10"), Decimal("1.00"), *_SIDE),
    # Binance's spot terms of 2024: lots of 0.00001 BTC and 0.0001 ETH, 0.1 % of 60,000 and 2,500.
    "BTC": Instrument(
        "BTC", "COIN.BTC", "Bitcoin, 0.00001", Decimal("0.01"), Decimal("0.0000001"),
        Decimal("0.0006"), Decimal(0),
    ),
    "ETH": Instrument(
        "ETH", "COIN.ETH", "Ether, 0.0001", Decimal("0.01"), Decimal("0.000001"),
        Decimal("0.00025"), Decimal(0),
    ),
}  # fmt: skip
COINS = ("BTC", "ETH")  # of those

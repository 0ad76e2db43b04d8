"""What can be traded: tick, worth of a tick, and the names the gateway knows it by."""

from decimal import Decimal

from msgspec import Struct


class Instrument(Struct, frozen=True):
    symbol: str
    symbol_id: str  # the gateway's
    description: str
    tick: Decimal  # smallest price step, index points
    tick_value: Decimal  # dollars per tick and contract
    fee: Decimal  # exchange fee, dollars per contract and side
    commission: Decimal  # broker commission, dollars per contract and side

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
}

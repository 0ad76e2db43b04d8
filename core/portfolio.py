"""The numbers of a crypto account's rules (quant.md 9.7), and the sector of each coin.

Shares are of one: 0.25 is a quarter. Without `rules` none of them is asked; older logs lack them.
"""

from decimal import Decimal

from msgspec import Struct

MAJOR, STABLE, OTHER = "major", "stable", "other"

SECTORS = {
    symbol: sector
    for sector, symbols in {
        MAJOR: "BTC ETH",
        "layer-1": "SOL ADA AVAX DOT ATOM NEAR TRX XRP LTC BCH",
        "layer-2": "MATIC POL ARB OP STRK IMX",
        "defi": "UNI AAVE MKR LDO CRV SNX COMP LINK",
        "exchange": "BNB OKB CRO KCS LEO",
        "meme": "DOGE SHIB PEPE WIF BONK",
        STABLE: "USDT USDC DAI TUSD FDUSD",
    }.items()
    for symbol in symbols.split()
}


def sector(symbol: str) -> str:
    """Of a coin; of what the table lacks: other."""
    return SECTORS.get(symbol, OTHER)


class PortfolioSettings(Struct, frozen=True, forbid_unknown_fields=True):
    rules: str = ""  # "crypto", or nothing: none of this
    sizing: str = "documented"  # value x stake_share x signal x stake_part, or "kelly"
    stake_share: Decimal = Decimal("0.02")
    stake_part: Decimal = Decimal("0.25")
    kelly_max: Decimal = Decimal("0.25")  # of the value, after sizing.kelly_share
    order_min: Decimal = Decimal(10)  # dollars
    stop_share: Decimal = Decimal("0.05")  # of the entry's price
    target_share: Decimal = Decimal("0.10")
    position_share: Decimal = Decimal("0.25")  # of the value, one coin
    drawdown_share: Decimal = Decimal("0.25")  # of the highest equity: flatten, halt
    correlation_cut: Decimal = Decimal("0.5")  # of the size, at a correlation of one
    correlation_unknown: Decimal = Decimal("0.5")  # where fewer than hours_min are in common
    hours: int = 720  # of 1-hour returns that are kept
    hours_min: int = 48  # known before a correlation or a median is
    regime_hours: int = 24  # of one realised volatility
    # Volatility over its median up to and with, times; above the last row no entries.
    regimes: tuple[tuple[Decimal, Decimal], ...] = (
        (Decimal("0.5"), Decimal(1)),
        (Decimal("1.5"), Decimal(1)),
        (Decimal(3), Decimal("0.5")),
    )
    regime_unknown: Decimal = Decimal(2)  # what that counts as until it is first known: not calm
    sector_share: Decimal = Decimal("0.40")  # of the value
    majors_share: Decimal = Decimal("0.60")
    concentration: Decimal = Decimal("0.5")  # Herfindahl index of what is held: above, a warning

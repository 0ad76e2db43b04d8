"""How far a market order or a stop slips (quant.md 10.2), by the conditions that were last told.

For the risk that plans a loss and for the exchange of a backtest that takes it.
"""

from actors.breakers import Breakers
from core.sessions import regular
from core.settings import Settings
from venues.slippage import slip


def ticks(settings: Settings, seen: Breakers, at: int) -> int:
    """Of all conditions that hold, the worst."""
    thin = seen.volume < settings.breakers.volume_low
    return slip(settings.slippage, regular(at), seen.ratio, thin)

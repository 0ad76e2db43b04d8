"""How far a market order or a stop slips (quant.md 10.2), by the conditions that were last told.

One function for the risk that plans a loss and for the exchange of a backtest that takes it.
"""

from actors.breakers import Breakers
from core.sessions import regular
from core.settings import Settings


def ticks(settings: Settings, seen: Breakers, at: int) -> int:
    """Of all conditions that hold, the worst."""
    table = settings.slippage
    found = [table.normal, *(slip for above, slip in table.range if seen.ratio > above)]
    if not regular(at):
        found.append(table.night)
    if seen.thin(settings):
        found.append(table.thin)
    return max(found)

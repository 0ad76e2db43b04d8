"""Numbers that must make sense together: one sentence for each pair that does not."""

import re
from collections.abc import Iterator

from core.settings import PropSettings, SessionSettings

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def nonsense(session: SessionSettings, prop: PropSettings) -> Iterator[str]:
    if not session.reduce_s >= session.no_entry_s >= session.flatten_s:
        yield "session: expected reduce_s >= no_entry_s >= flatten_s"
    if session.venue_flat and not CLOCK.fullmatch(session.venue_flat):
        yield "session.venue_flat: expected HH:MM of Chicago, or nothing"
    if session.reduce_share > 1:
        yield "session.reduce_share: expected at most 1"
    if prop.profile and not session.venue_flat:
        yield "session.venue_flat: expected the firm's flat time: prop.profile is named"
    if prop.consistency > 1:
        yield "prop.consistency: expected at most 1"

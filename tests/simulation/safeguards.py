"""All safeguards that can be switched off, here and nowhere else, by names joined with " + "."""

from tests.simulation import off_actors, off_daemon, tight

OFF = off_actors.OFF | off_daemon.OFF | tight.OFF
KNOBS = off_actors.KNOBS | off_daemon.KNOBS | tight.KNOBS
NAMES = (*OFF, *KNOBS)


def off(names: str) -> dict[str, str]:
    """Switch them off, for good in this process. Returns what the config must say instead."""
    knobs: dict[str, str] = {}
    for name in filter(None, names.split(" + ")):
        if name in KNOBS:
            knobs |= KNOBS[name]
        else:
            OFF[name]()
    return knobs

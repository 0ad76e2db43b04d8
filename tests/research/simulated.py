"""The gateway simulator in a thread of its own, for callers that wait."""

from tests.research.standin import threaded


def running(simulator):
    """Its answer to who it is."""
    return threaded(simulator.start, simulator.stop)

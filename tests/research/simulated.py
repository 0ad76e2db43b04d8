"""The gateway simulator in a thread of its own, for callers that wait."""

import asyncio
import threading
from contextlib import contextmanager


@contextmanager
def running(simulator):
    """Its answer to who it is."""
    loop, ready, where = asyncio.new_event_loop(), threading.Event(), []

    def work():
        where.append(loop.run_until_complete(simulator.start()))
        ready.set()
        loop.run_forever()
        loop.run_until_complete(simulator.stop())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(10)
    try:
        yield where[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

"""A recording keeps all that came, however slow its disk is."""

import asyncio
import threading

from daemon import collect
from daemon.stopping import Stopping
from storage.recording import Recording
from tests import build

INSTRUMENT = build.SETTINGS.instrument


def test_what_comes_while_a_part_is_stored_is_stored_too(tmp_path, monkeypatch):
    """Also where we are told to stop in that time."""
    began, went_on, kept = threading.Event(), threading.Event(), []

    def store(folder, part):
        began.set()
        went_on.wait(5)
        kept.extend(part.columns["at"].tolist())
        return folder / "part"

    async def feed(came, stopping):
        came.hear(build.trade(at=build.AT))
        while not began.is_set():
            await asyncio.sleep(0)
        came.hear(build.trade(at=build.AT + 1))
        stopping.say("told", "test")
        await asyncio.sleep(0.01)
        went_on.set()
        await asyncio.Event().wait()

    async def record():
        came, stopping = Recording(INSTRUMENT, {"symbol": "MES"}), Stopping()
        options = collect.Options(tmp_path, tmp_path, 0.01)
        await collect.until_over(feed(came, stopping), came, options, stopping)

    monkeypatch.setattr(collect.recording, "store", store)
    asyncio.run(record())
    assert kept == [build.AT, build.AT + 1]

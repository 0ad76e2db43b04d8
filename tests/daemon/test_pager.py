"""An alert calls for a person; a page that fails is given up and holds up nothing."""

import asyncio
import json
import shlex
import sys
import time
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from core.config import Paging
from daemon.pager import WAITING_MAX, Pager
from tests import build

WRITE = (
    "import os, sys; told = sys.stdin.read() + os.environ.get('%s', '')\n"
    "open(sys.argv[1], 'a').write(told + '\\n')"
)


def python(code, *words):
    return shlex.join([sys.executable, "-c", code, *map(str, words)])


async def paged(command, alerts, limit_s=5.0):
    """Tell a pager so much, and let it come to its end; what it said."""
    pager = Pager(Paging(command, limit_s))
    with capture_logs() as said:
        for alert in alerts:
            pager.watch("risk", alert, 1)
        work = asyncio.create_task(pager.run())
        async with asyncio.timeout(20):
            while pager.news.is_set():
                await asyncio.sleep(0.01)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
    return [one["event"] for one in said]


async def test_an_alert_reaches_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPSTEPX_API_KEY", "s3cret")
    out = tmp_path / "pages"
    command = python(WRITE % "TOPSTEPX_API_KEY", out)
    assert await paged(command, [build.alert(), build.state_changed(), build.alert(at=1)]) == []
    first, second = map(json.loads, out.read_text().splitlines())
    assert first == {"at": build.AT, "of": "RISK_NAKED", "text": "closed a naked position"}
    assert second["at"] == 1
    assert "s3cret" not in out.read_text()


@pytest.mark.parametrize(("command", "said"), [
    ("/no/such/pager", "no page went out: mend paging.command"),
    (python("raise SystemExit(3)"), "a page failed"),
    (python("import time; time.sleep(60)"), "a page took too long and was given up"),
])  # fmt: skip
async def test_a_page_that_fails_is_told_and_given_up(command, said):
    began = time.monotonic()
    assert await paged(command, [build.alert()], limit_s=1.0) == [said]
    assert time.monotonic() - began < 10


async def test_without_a_command_nothing_is_run():
    assert await paged("", [build.alert()]) == []


async def test_of_a_flood_of_alerts_the_newest_are_paged(tmp_path):
    out = tmp_path / "pages"
    flood = [build.alert(at=n) for n in range(100)]
    await paged(python(WRITE % "NONE", out), flood)
    told = [json.loads(line)["at"] for line in out.read_text().splitlines()]
    assert told == list(range(100 - WAITING_MAX, 100))

"""The session's surroundings: what an operator says reaches the log, whatever the disk says."""

import json
from types import SimpleNamespace

import aiohttp
import pytest
from msgspec.structs import replace

from actors.risk import Risk
from core.messages import Command, Record
from core.reasons import Reason
from core.settings import EDITION
from daemon import main
from daemon.report import Latency, Tally
from storage import sentinel
from storage.wal import Wal
from tests import build
from tests.build import AT, CONFIG


async def told(tmp_path, word, stage=None):
    """What an operator's word over the local API becomes; `stage` is risk."""
    said = []

    def post(actor, message):
        said.append(message)
        stage and stage.on(message)
        return 1

    async def say(start, cut):
        where = json.loads((tmp_path / "api.json").read_text())
        url, head = f"http://127.0.0.1:{where['port']}/command", f"Bearer {where['token']}"
        async with aiohttp.ClientSession(headers={"Authorization": head}) as http:
            await http.post(url, json=word)

    session = SimpleNamespace(
        clock=lambda: AT, bus=SimpleNamespace(post=post), run=say, stages={"risk": stage}
    )
    config = replace(CONFIG, paths=replace(CONFIG.paths, state=str(tmp_path)))
    await main.attended(config, main.Options(tmp_path), session, None, [])
    return said


async def test_a_kill_without_a_kill_file_is_a_kill(monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storage.sentinel.create", full)
    word = {"name": "kill", "by": "ada", "why": "too hot"}
    assert await told(tmp_path, word) == [Command(AT, "kill", "ada", "too hot")]


@pytest.mark.parametrize(("killed", "left"), [("", False), ("as it is now", True)])
async def test_a_rearm_that_risk_refuses_leaves_the_kill_file(tmp_path, killed, left):
    """The halt stands in the log, too; but who moves that away would trade on."""
    settings = replace(build.SETTINGS, edition=EDITION)
    risk = Risk(settings)
    for message in (build.run_started(at=AT, settings=settings), build.halted(at=AT)):
        risk.on(message)
    risk.memory.killed, risk.memory.config = killed, "as it is now"
    sentinel.create(tmp_path, "ada", "too hot", AT)
    await told(tmp_path, {"name": "rearm", "by": "ada", "why": "looked"}, risk)
    assert (sentinel.read(tmp_path) is not None) is left


@pytest.mark.parametrize(("rotten", "verified"), [(1, True), (2, False)])
def test_a_stop_reads_back_what_its_own_run_wrote_and_no_more(tmp_path, rotten, verified):
    """Years of a log would keep it from ending; `wal verify` reads them all."""
    before = written(tmp_path, "r1", 50)
    written(tmp_path, "r2", 5)
    rot = sorted(tmp_path.glob("*.jsonl"))[rotten - 1]
    rot.write_bytes(rot.read_bytes().replace(b'"Pulse"', b'"Pulsf"', 1))
    session = SimpleNamespace(tally=Tally(Latency()), stages={"risk": Risk(build.SETTINGS)})
    config = replace(CONFIG, paths=replace(CONFIG.paths, wal=str(tmp_path)))
    told = main.report(config, session, SimpleNamespace(why="", balance=None), before)["wal"]
    assert told["verified"] is verified and told["segments"] == 2
    assert (told["records"] == before + 7) is verified


def written(directory, run, pulses):
    """A log of one run, which ends well; its last seq."""
    config = build.CONFIG.log
    wal = Wal.open(directory, run=run, account="a" * 64, settings=config, clock=lambda: AT)
    for _ in range(pulses):
        wal.append(Record(wal.seq + 1, "bus", None, build.pulse()))
    wal.append(Record(wal.seq + 1, "bus", None, build.run_ended(reason=Reason.SYS_CLEAN_CLOSE)))
    wal.close()
    return wal.seq

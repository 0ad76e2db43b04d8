"""The session's surroundings: what an operator says reaches the log, whatever the disk says."""

import json
from types import SimpleNamespace

import aiohttp
import pytest
from msgspec.structs import replace

from actors.risk import Risk
from core.messages import Command, Record
from core.reasons import Reason
from daemon import main
from daemon.report import Latency, Tally
from storage.wal import Wal
from tests import build
from tests.build import AT, CONFIG


async def test_a_kill_without_a_kill_file_is_a_kill(monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    async def say_kill(start, cut):
        where = json.loads((tmp_path / "api.json").read_text())
        url, head = f"http://127.0.0.1:{where['port']}/command", f"Bearer {where['token']}"
        word = {"name": "kill", "by": "ada", "why": "too hot"}
        async with aiohttp.ClientSession(headers={"Authorization": head}) as http:
            await http.post(url, json=word)

    said = []
    bus = SimpleNamespace(post=lambda actor, message: said.append(message) or 1)
    session = SimpleNamespace(clock=lambda: AT, bus=bus, run=say_kill)
    config = replace(CONFIG, paths=replace(CONFIG.paths, state=str(tmp_path)))
    monkeypatch.setattr("storage.sentinel.create", full)
    await main.attended(config, main.Options(tmp_path), session, None, [])
    assert said == [Command(AT, "kill", "ada", "too hot")]


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

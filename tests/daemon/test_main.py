"""The session's surroundings: what an operator says reaches the log, whatever the disk says."""

import json
from types import SimpleNamespace

import aiohttp
from msgspec.structs import replace

from core.messages import Command
from daemon import main
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

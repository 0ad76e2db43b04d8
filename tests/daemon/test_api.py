import asyncio
import json
import stat
from contextlib import asynccontextmanager

import aiohttp
import pytest

from core.errors import ConfigError, LogError
from core.messages import Command, Record
from daemon.api import COMMANDS, Api
from storage.line import GENESIS, encode
from tests.build import AT

WORD = {"name": "pause", "by": "ada", "why": "news"}


@asynccontextmanager
async def serving(folder):
    """An API on a free port; what it was told is in `acts`."""
    acts = []
    api = Api(folder, 0, lambda: {"state": "ACTIVE"}, lambda *word: acts.append(word) or 42)
    await api.start()
    where = json.loads((folder / "api.json").read_text())
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{where['port']}") as http:
            yield http, where, acts
    finally:
        await api.stop()


async def ask(http, method, path, headers, **body):
    """Status, headers and, where it is JSON, the answer."""
    async with http.request(method, path, headers=headers, **body) as answer:
        told = await answer.json() if answer.content_type == "application/json" else None
        return answer.status, answer.headers, told


def head(where, **more):
    return {"Authorization": f"Bearer {where['token']}", **more}


async def test_status_and_commands_are_for_whoever_has_the_token(tmp_path):
    async with serving(tmp_path) as (http, where, acts):
        status, _, told = await ask(http, "GET", "/status", head(where))
        assert (status, told) == (200, {"state": "ACTIVE"})
        status, _, told = await ask(http, "POST", "/command", head(where), json=WORD)
        assert (status, told) == (200, {"seq": 42})
    assert acts == [("pause", "ada", "news")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer \xe9"}, 401),
        ({"Authorization": ""}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Host": "127.0.0.1.evil.example:80"}, 403),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/status"), ("POST", "/command")])
async def test_nobody_else_gets_in(tmp_path, method, path, headers, status):
    async with serving(tmp_path) as (http, where, acts):
        given = head(where, **headers) if "Authorization" not in headers and headers else headers
        got, _, _ = await ask(http, method, path, given, json=WORD)
    assert got == status
    assert acts == []


async def test_whoever_has_the_watchers_token_may_look_and_not_command(tmp_path):
    async with serving(tmp_path) as (http, _, acts):
        path = tmp_path / "watch.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        looks = head(json.loads(path.read_text()))
        assert (await ask(http, "GET", "/status", looks))[0] == 200
        status, _, told = await ask(http, "POST", "/command", looks, json=WORD)
    assert (status, told, acts) == (403, {"error": "this token may only look"}, [])
    assert not path.exists()


async def test_a_token_that_is_no_text_is_a_wrong_one(tmp_path):
    async with serving(tmp_path) as (_, where, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", where["port"])
        writer.write(b"GET /status HTTP/1.0\r\nHost: 127.0.0.1:1\r\nAuthorization: \xff\r\n\r\n")
        answer = await reader.read()
        writer.close()
    assert b" 401 " in answer and b"bad token" in answer


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/command", 405),
        ("PUT", "/command", 405),
        ("DELETE", "/status", 405),
        ("POST", "/status", 405),
        ("GET", "/", 404),
        ("OPTIONS", "/command", 405),
    ],
)
async def test_other_methods_and_paths_do_nothing(tmp_path, method, path, status):
    async with serving(tmp_path) as (http, where, acts):
        got, headers, _ = await ask(http, method, path, head(where))
    assert got == status
    assert "Access-Control-Allow-Origin" not in headers
    assert acts == []


NONSENSE = (
    "", "{", "[]", "null", '"pause"', '{"name":"pause"}', '{"name":"buy","by":"a","why":"b"}',
    '{"name":"rearm","by":"","why":""}', '{"name":"rearm","by":"ada","why":""}', "[" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("body", NONSENSE)
async def test_a_word_that_makes_no_sense_is_refused_with_a_sentence(tmp_path, body):
    async with serving(tmp_path) as (http, where, acts):
        status, _, told = await ask(http, "POST", "/command", head(where), data=body)
    assert status == 400 and told["error"]
    assert acts == []


@pytest.mark.parametrize("name", COMMANDS)
async def test_every_command_is_taken(tmp_path, name):
    async with serving(tmp_path) as (http, where, acts):
        status, _, _ = await ask(http, "POST", "/command", head(where), json=WORD | {"name": name})
    assert status == 200
    assert acts == [(name, "ada", "news")]


async def test_no_text_keeps_a_command_out_of_the_log(tmp_path):
    word = {"name": "kill", "by": "ad\udce9", "why": "x" * 100_000}
    async with serving(tmp_path) as (http, where, acts):
        status, _, _ = await ask(http, "POST", "/command", head(where), json=word)
    assert status == 200
    assert encode(Record(1, "operator", None, Command(AT, *acts[0])), GENESIS, AT, "r1")


async def test_a_reason_stays_on_its_line(tmp_path):
    word = {"name": "pause", "by": "ada\nresume by bob", "why": "news\x1b[2J"}
    async with serving(tmp_path) as (http, where, acts):
        await ask(http, "POST", "/command", head(where), json=word)
    assert acts == [("pause", "ada\\nresume by bob", "news\\x1b[2J")]


async def test_the_token_is_for_its_owner_alone_and_goes_with_the_daemon(tmp_path):
    async with serving(tmp_path):
        assert stat.S_IMODE((tmp_path / "api.json").stat().st_mode) == 0o600
    assert not (tmp_path / "api.json").exists()


async def test_a_file_left_by_a_crash_is_made_private_again(tmp_path):
    (tmp_path / "api.json").write_text("{}")
    (tmp_path / "api.json").chmod(0o644)
    async with serving(tmp_path):
        assert stat.S_IMODE((tmp_path / "api.json").stat().st_mode) == 0o600


async def test_a_port_in_use_is_one_line_about_the_key(tmp_path):
    async with serving(tmp_path) as (_, where, _):
        (tmp_path / "other").mkdir()
        with pytest.raises(ConfigError, match=r"api\.port"):
            await Api(tmp_path / "other", where["port"], dict, lambda *_: 0).start()


async def test_a_disk_that_fails_is_a_failed_log(tmp_path, monkeypatch):
    def broken(disk, fd):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("storage.disk.Disk.fdatasync", broken)
    api = Api(tmp_path, 0, dict, lambda *word: 0)
    with pytest.raises(LogError, match=r"api\.json: Input/output error"):
        await api.start()

"""Credentials come from the environment or from systemd's files, or there is one clear line."""

import pytest

from core.errors import ConfigError
from venues.topstepx.credentials import load


def test_the_environment_comes_first(tmp_path):
    (tmp_path / "topstepx_username").write_text("other")
    env = {
        "TOPSTEPX_USERNAME": " me ", "TOPSTEPX_API_KEY": "key\n",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }  # fmt: skip
    found = load(env)
    assert (found.username, found.api_key.reveal()) == ("me", "key")
    assert "key'" not in repr(found) and "'key" not in repr(found)


def test_files_serve_when_the_environment_is_silent(tmp_path):
    (tmp_path / "topstepx_username").write_text("me\n")
    (tmp_path / "topstepx_api_key").write_text("key\n")
    found = load({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (found.username, found.api_key.reveal()) == ("me", "key")


@pytest.mark.parametrize("name", ["TOPSTEPX_USERNAME", "TOPSTEPX_API_KEY"])
def test_a_missing_one_is_named(name):
    env = {"TOPSTEPX_USERNAME": "me", "TOPSTEPX_API_KEY": "key"} | {name: ""}
    with pytest.raises(ConfigError, match=f"{name}: no credential: set {name}"):
        load(env)


def test_an_unreadable_file_is_named_but_not_shown(tmp_path):
    (tmp_path / "topstepx_username").write_text("me")
    (tmp_path / "topstepx_api_key").write_bytes(b"\xffsecret")
    with pytest.raises(ConfigError, match="topstepx_api_key: credential not readable") as refused:
        load({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert "secret" not in str(refused.value)

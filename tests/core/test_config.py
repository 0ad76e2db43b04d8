"""config.toml: every key is given, also one that old logs may lack."""

import re
from pathlib import Path

import pytest

from core.config import load
from core.errors import ConfigError


@pytest.mark.parametrize("key", ["reconcile_s", "answer_s"])
def test_a_missing_key_stops_the_start(tmp_path, key):
    path = tmp_path / "config.toml"
    given = (Path(__file__).parents[2] / "config.toml").read_text()
    path.write_text(re.sub(rf"^{key} .*$", "", given, flags=re.MULTILINE))
    with pytest.raises(ConfigError, match=f"recovery.{key}: missing: every key must be given"):
        load(path, {})

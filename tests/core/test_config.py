"""A configuration that cannot be read is refused in one line, whatever is wrong with it."""

import re
from pathlib import Path

import pytest

from core.config import load
from core.errors import ConfigError

REAL = Path(__file__).parents[2] / "config.toml"
DIGITS = "9" * 5000


@pytest.mark.parametrize(
    "text",
    [
        b"x = " + b"[" * 100_000, b"x = " + b"{a=" * 100_000, f"x = {DIGITS}".encode(),
        b"x = 1e99999999999999999999", b"x = \xff", b"x = \x00", b"\xef\xbb\xbf\xef", b"[run",
        b"run = 5", b"[[run]]", b"", b"x = 1\nx = 2", f"[log]\ngroup_s = 1.{DIGITS}".encode(),
    ],
)  # fmt: skip
def test_what_is_no_configuration_is_refused(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        load(path, {})


@pytest.mark.parametrize(
    "value",
    ["[" * 100_000, DIGITS, "1e99999999999999999999", "\udcff", "nan", "inf", "-1", "'\udc80'",
     "\x1b[31m", "1\n2"],
)  # fmt: skip
def test_a_value_of_the_environment_is_refused_like_one_of_the_file(value):
    with pytest.raises(ConfigError):
        load(REAL, {"TRADEBOT_LOG_GROUP_S": value})


@pytest.mark.parametrize("value", ["\udcff", "a\nb", "\x1b[31m"])
def test_text_of_the_environment_must_be_plain(value):
    with pytest.raises(ConfigError, match="TRADEBOT_VENUE_REST_URL"):
        load(REAL, {"TRADEBOT_VENUE_REST_URL": value})


@pytest.mark.parametrize("key", ["reconcile_s", "answer_s"])
def test_a_missing_key_stops_the_start(tmp_path, key):
    path = tmp_path / "config.toml"
    given = REAL.read_text()
    path.write_text(re.sub(rf"^{key} .*$", "", given, flags=re.MULTILINE))
    with pytest.raises(ConfigError, match=f"recovery.{key}: missing: every key must be given"):
        load(path, {})


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("reduce_s", "899.0", "reduce_s >= no_entry_s"),
        ("flatten_s", "901.0", "no_entry_s >= flatten_s"),
        ("flatten_s", "29.9", "flatten_s: expected 30 or more"),
        ("venue_flat", "15.10", "HH:MM"),
        ("venue_flat", "24:00", "HH:MM"),
        ("venue_flat", "7:00", "HH:MM"),
        ("reduce_share", "1.01", "at most 1"),
        ("alert_s", "0.0", "above zero"),
    ],
)
def test_the_end_of_the_day_must_make_sense(key, value, says):
    assert load(REAL, {"TRADEBOT_SESSION_FLATTEN_S": "30.0"}).session.flatten_s == 30
    with pytest.raises(ConfigError, match=says):
        load(REAL, {f"TRADEBOT_SESSION_{key}".upper(): value})


@pytest.mark.parametrize(("key", "value", "says"), [
    ("PAGING_COMMAND", "say 'help", "paging.command: expected words"),
    ("PATHS_STATE", "", "paths.state: expected a path"),
    ("PATHS_WAL", "", "paths.wal: expected a path"),
    ("CONDITIONS_MINUTES", "0", None),
    ("CONDITIONS_MINUTES_MIN", "391", "conditions.minutes_min: expected at most minutes"),
    ("SIZING_TIERS", "[[700, 1, 2]]", "expected a number with a point, as 2.0, got a"),
    ("SIZING_CONFIDENCE", "[]", "sizing.confidence: expected one row at least"),
    ("SLIPPAGE_PLAN", "sometimes", "slippage.plan: expected one"),
    ("SIGNALS_EMA_FAST", "21", "signals.ema_fast: expected below ema_slow"),
    ("GATEWAY_PORT", "65536", "gateway.port: expected 0 to 65535"),
    ("SESSION_ROLL_DAYS", "1000000000", "session.roll_days: expected 0 to 90"),
    ("SUPERVISOR_INBOX_DEPTH", "1", "supervisor.inbox_depth: expected 100 to 10000000"),
    ("LOG_BALLAST_MB", "10000000000000", "log.ballast_mb: expected 0 to 1000000"),
    ("RUN_SPEED", "1e7", "run.speed: expected 0 to 1000000"),
    ("SIGNALS_COOLDOWN_S", "1e308", "signals.cooldown_s: expected 0 to 1000000000"),
    ("API_PORT", "65536", "api.port: expected 0 to 65535"),
])  # fmt: skip
def test_what_cannot_be_run_or_does_not_exist_stops_the_start(key, value, says):
    given = {f"TRADEBOT_{key}": value}
    if says is None:
        load(REAL, given)
        given["TRADEBOT_SLIPPAGE_CHARGE"], says = "true", "conditions.minutes"
    with pytest.raises(ConfigError, match=says):
        load(REAL, given)


def test_a_path_that_no_file_can_have_is_refused_at_the_start(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(REAL.read_text().replace('wal = "wal"', 'wal = "a\\u0000b"'))
    with pytest.raises(ConfigError, match=r"paths\.wal: expected a path"):
        load(config, {})


def test_a_pager_that_no_process_can_be_is_refused_at_the_start(tmp_path):
    """It would end the daemon at the first alert."""
    text, path = REAL.read_text(), tmp_path / "config.toml"
    path.write_text(text.replace('command = ""', r'command = "say \u0000help"'))
    with pytest.raises(ConfigError, match=r"paging\.command: expected words that a"):
        load(path, {})


@pytest.mark.parametrize("rows", [
    ("SIZING_TIERS", "[1000.0, 2, 2.0]", "[700.0, 1, 2.0]"),
    ("SIZING_TIERS", "[700.0, 1, 2.0]", "[700.0, 2, 2.0]"),
    ("SIZING_CONFIDENCE", "[0.7, 1.0]", "[0.6, 0.5]"),
    ("STOPS_TIGHTEN", "[1800, 0.5]", "[3600, 0.75]"),
])  # fmt: skip
def test_a_table_whose_rows_count_is_given_in_their_order(rows):
    key, *texts = rows
    with pytest.raises(ConfigError, match="expected rows from the"):
        load(REAL, {f"TRADEBOT_{key}": f"[{', '.join(texts)}]"})


@pytest.mark.parametrize(("address", "says"), [
    ("http://api.topstepx.com", "expected https://"),
    ("ws://8.8.8.8:80/hubs/user", "expected https://"),
    ("http://[::1", "expected an address"),
    ("https://api.topstepx.com", ""), ("http://127.0.0.1:9", ""), ("http://[::1]:9", ""),
    ("http://localhost:9", ""), ("http://gateway:9", ""), ("http://10.0.0.5", ""),
])  # fmt: skip
@pytest.mark.parametrize("key", ["rest_url", "user_hub_url", "market_hub_url"])
def test_the_key_goes_over_the_net_sealed_or_not_at_all(key, address, says):
    given = {f"TRADEBOT_VENUE_{key}".upper(): address}
    if not says:
        assert getattr(load(REAL, given).venue, key) == address
        return
    with pytest.raises(ConfigError, match=f"venue.{key}: {says}"):
        load(REAL, given)


def test_a_venue_may_have_no_flat_time_but_where_it_is_the_real_one():
    none = {"TRADEBOT_SESSION_VENUE_FLAT": ""}
    assert load(REAL, none).session.venue_flat == ""
    with pytest.raises(ConfigError, match=r"session\.venue_flat: .* TopstepX has a flat time"):
        load(REAL, {**none, "TRADEBOT_RUN_MODE": "live"})
    assert load(REAL, {"TRADEBOT_SESSION_REDUCE_S": "900.0"}).session.reduce_s == 900


@pytest.mark.parametrize(("mode", "flat", "says"), [
    ("live", "15:10", ""), ("live", "13:00", ""), ("sim", "16:00", ""),
    ("live", "15:11", "15:10 of Chicago at the latest"), ("live", "16:10", "15:10 of Chicago"),
])  # fmt: skip
def test_live_nothing_is_open_when_topstepx_closes_what_is(mode, flat, says):
    """16:10 is New York's word for it: a slip that would leave the position to the firm."""
    given = {"TRADEBOT_SESSION_VENUE_FLAT": flat, "TRADEBOT_RUN_MODE": mode}
    if not says:
        assert load(REAL, given).session.venue_flat == flat
        return
    with pytest.raises(ConfigError, match=says):
        load(REAL, given)

import pytest
from msgspec.structs import replace

from core.errors import ConfigError
from core.instruments import COINS
from daemon.build import FOLDING, ROOT, build
from daemon.reach import refuse_unready
from tests.build import CONFIG

LIVE = replace(
    CONFIG,
    run=replace(CONFIG.run, mode="live"),
    live=replace(CONFIG.live, armed=True),
    venue=replace(
        CONFIG.venue, account_id=5, rest_url="http://127.0.0.1:9",
        user_hub_url="http://127.0.0.1:9/user", market_hub_url="http://127.0.0.1:9/market",
    ),
)  # fmt: skip


def tree(folder, text="x = 1\n"):
    (folder / "core").mkdir(parents=True)
    (folder / "core" / "a.py").write_text(text)
    return folder


def test_the_build_is_of_every_byte_and_name(tmp_path):
    one, same = tree(tmp_path / "1"), tree(tmp_path / "2")
    assert build(one) == build(same)
    assert build(tree(tmp_path / "3", "x = 2\n")) != build(one)
    (same / "core" / "a.py").rename(same / "core" / "b.py")
    build.cache_clear()
    assert build(same) != build(one)


@pytest.mark.parametrize(("changed", "holds"), [
    ("actors/a.py", False), ("daemon/report.py", False), ("strategies/b/c.py", False),
    ("daemon/api.py", True), ("venues/a.py", True), ("cli/a.py", True), ("storage/a.py", True),
])  # fmt: skip
def test_a_snapshot_outlives_an_update_of_what_folds_no_log(tmp_path, changed, holds):
    folder = tree(tmp_path)
    before = build(folder, FOLDING)
    (folder / changed).parent.mkdir(parents=True, exist_ok=True)
    (folder / changed).write_text("y = 1\n")
    build.cache_clear()
    assert (build(folder, FOLDING) == before) is holds
    assert all((ROOT / part).exists() for part in FOLDING)


@pytest.mark.parametrize("address", ["rest_url", "user_hub_url", "market_hub_url"])
def test_a_live_start_without_one_of_the_addresses_is_refused(address):
    with pytest.raises(ConfigError, match="the venue's addresses"):
        refuse_unready(replace(LIVE, venue=replace(LIVE.venue, **{address: ""})))


def pinned(pin):
    return replace(LIVE, live=replace(LIVE.live, build=pin))


@pytest.mark.parametrize("size", [0, 8, 64])
def test_a_live_start_of_the_pinned_build_is_let(size):
    refuse_unready(pinned(build()[:size]))


def test_a_live_start_of_another_build_is_refused():
    with pytest.raises(ConfigError, match=r"live\.build: this is"):
        refuse_unready(pinned("0" * 64))


@pytest.mark.parametrize(("listed", "let"), [((), True), ((5,), True), ((6, 7), False)])
def test_an_account_that_is_not_listed_is_no_start(listed, let):
    config = replace(LIVE, controls=replace(LIVE.controls, accounts=listed))
    if let:
        return refuse_unready(config)
    with pytest.raises(ConfigError, match=r"venue\.account_id: 5 is not in controls\.accounts"):
        refuse_unready(config)


@pytest.mark.parametrize("symbol", COINS)
def test_no_live_start_trades_a_coin(symbol):
    chosen = replace(LIVE.instrument, symbol=symbol)
    with pytest.raises(ConfigError, match="no venue here trades coins"):
        refuse_unready(replace(LIVE, instrument=chosen))

"""`tradebot validate`: text, JSON, picture, and an exit code that scripts can use."""

import json

import pytest

from cli.main import main
from tests.research.test_blemishes import minutes


@pytest.fixture
def sound(tmp_path):
    minutes().write_parquet(tmp_path / "sound.parquet")
    return tmp_path / "sound.parquet"


def test_a_sound_file_is_told_so(sound, capsys):
    assert main(["validate", str(sound)]) == 0
    out = capsys.readouterr().out
    assert "6,900 rows" in out and "sound\n" in out and "1 files, 0 with grave blemishes" in out


def test_a_grave_blemish_is_exit_1_and_named_in_json_and_picture(sound, tmp_path, capsys):
    bad = tmp_path / "bad.csv"
    minutes().with_columns(high=minutes()["low"] - 1).write_csv(bad)
    page = tmp_path / "page.html"
    assert main(["validate", str(tmp_path), "--json", "--picture", str(page)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["grave"] == 1
    assert [(one["rows"], one["grave"]) for one in told["files"]] == [(6900, True), (6900, False)]
    assert told["files"][0]["blemishes"][0]["kind"] == "OHLC_BROKEN"
    assert "OHLC_BROKEN" in page.read_text()


def test_what_collect_keeps_beside_its_tapes_is_no_market(sound, tmp_path, capsys):
    for name in ("wal.lock", "gateway.log", "gateway-ledger.jsonl", "MES_2026-11-20.000001.part"):
        (tmp_path / name).touch()
    assert main(["validate", str(tmp_path)]) == 0
    assert "1 files, 0 with grave blemishes" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given", [[], ["none.parquet"], ["{}", "--zone", "Mars"], ["{}", "--picture", "/none/a.html"]]
)
def test_what_makes_no_sense_is_one_line_and_exit_2(given, sound, capsys):
    assert main(["validate", *(word.replace("{}", str(sound)) for word in given)]) == 2
    assert capsys.readouterr().err.count("\n") == 1

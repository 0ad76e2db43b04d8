import pytest

from cli.results import prepare
from core.errors import EXIT_USAGE


@pytest.mark.parametrize("verb", ["train", "walk-forward", "cross-validate", "optimise"])
def test_results_that_could_not_be_written_stop_the_work_before_it_begins(tradebot, tmp_path, verb):
    """There is no data either, but that is looked for later."""
    taken = tmp_path / "taken"
    taken.touch()
    data = ("--tape", "none.parquet") if verb == "train" else ("none.parquet",)
    code, _, err = tradebot(verb, *data, "--out", taken / "out")
    assert (code, err) == (
        EXIT_USAGE, f"tradebot: {taken / 'out'}: cannot be written: Not a directory\n"
    )  # fmt: skip


def test_a_folder_is_made_and_left_empty(tmp_path):
    prepare(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []

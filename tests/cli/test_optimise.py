"""`tradebot optimise`: processes share one study, and its month held out is looked at once."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed import LocalCluster

from cli import optimise
from core.errors import UsageError
from tests.research import random_bars

SHORT = ("--train", "1", "--epochs", "1", "--hours", "globex")


@pytest.mark.slow
def test_two_processes_search_and_the_holdout_ends_the_study(tradebot, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    data, out = tmp_path / "bars.parquet", tmp_path / "search"
    random_bars.bars(1, "2024-01-01", "2024-05-09", drift=0.4, every_day=9).write_parquet(data)
    words = ("optimise", data, "--out", out, *SHORT, "--sampler", "random", "--json")
    code, said, err = tradebot(*words, "--trials", "2", "--jobs", "2")
    told = json.loads(said)
    assert (code, err, told["trials"]) == (0, "", 2)
    assert set(told["best"]) == {"stop_ticks", "target_ticks", "confidence", "risk_percent"}
    assert told["validation_sharpe"] is None  # of no trial it is known: none had twenty trades
    code, _, err = tradebot(*words, "--trials", "1", "--jobs", "1")
    assert code == 2 and "no trial may follow" in err
    again = json.loads(tradebot(*words, "--trials", "0", "--jobs", "1")[1])
    assert again["holdout"] == told["holdout"]


def test_data_that_are_too_short_or_not_there_are_one_line(tradebot, tmp_path):
    data = tmp_path / "bars.parquet"
    random_bars.bars(1, "2024-01-02", "2024-01-04", seconds=60).write_parquet(data)
    for words in ((data,), (tmp_path / "none.parquet",)):
        code, out, err = tradebot("optimise", *words, "--out", tmp_path / "s")
        assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.slow
def test_a_config_line_spreads_the_same_command_over_a_cluster(tradebot, tmp_path, monkeypatch):
    """A Dask cluster of two workers on this machine."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    data = tmp_path / "bars.parquet"
    random_bars.bars(1, "2024-01-01", "2024-05-09", drift=0.4, every_day=9).write_parquet(data)
    words = ("optimise", data, "--out", tmp_path / "s", *SHORT, "--sampler", "random", "--json")
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs="ERROR"
    ) as cluster:
        monkeypatch.setenv("TRADEBOT_RESEARCH_CLUSTER", cluster.scheduler_address)
        code, said, _ = tradebot(*words, "--trials", "2", "--jobs", "2")
        told = json.loads(said)
    assert (code, told["trials"]) == (0, 2)


def test_a_cluster_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.setattr(optimise, "CLUSTER_S", 1)
    with pytest.raises(UsageError, match="no scheduler there"):
        optimise.afar("tcp://127.0.0.1:9", [["--help"]])


def test_a_folder_that_cannot_be_made_and_a_study_without_a_trial_are_one_line():
    with pytest.raises(UsageError, match="/dev/null/x: cannot be made: Not a directory"):
        optimise.make(Path("/dev/null/x"))
    for trials in ([], [SimpleNamespace(value=None)]):
        with pytest.raises(UsageError, match="no trial that came to an end"):
            optimise.some_trial(SimpleNamespace(trials=trials), "sqlite:///study.db")

"""`tradebot optimise`: processes share one study, and its month held out is looked at once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed import LocalCluster

from cli import optimise
from core.errors import UsageError
from research import optimise as search
from storage import lock
from tests.research import random_bars

ROOT = Path(__file__).parents[2]
SHORT = ("--train", "1", "--epochs", "1")


@pytest.fixture
def few(tmp_path, monkeypatch):
    """Bars in which a search finds a few trades."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path]))
    path = tmp_path / "bars.parquet"
    random_bars.bars(1, "2024-01-01", "2024-05-09", drift=0.4, every_day=9).write_parquet(path)
    return path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "search"


@pytest.mark.slow
def test_two_processes_search_and_luck_sees_nothing_of_the_holdout(tradebot, few, out):
    words = ("optimise", few, "--out", out, *SHORT, "--sampler", "random", "--json")
    code, said, err = tradebot(*words, "--trials", "2", "--jobs", "2")
    told = json.loads(said)
    assert (code, told["trials"], err.count("\n")) == (1, 2, 1)
    assert "no trial had 20 trades on validation: the month held out was not looked at" in err
    assert (told["best"], told["holdout"], told["validation_sharpe"]) == (None, None, None)
    code, said, _ = tradebot(*words, "--trials", "1", "--jobs", "1")
    assert (code, json.loads(said)["trials"]) == (1, 3)  # it may go on
    assert "holdout " in tradebot(*words[:-1], "--trials", "0", "--jobs", "1")[1]


@pytest.mark.slow
def test_the_holdout_ends_the_study(tradebot, few, out, monkeypatch):
    monkeypatch.setattr(search, "TRADES_MIN", 2)
    words = ("optimise", few, "--out", out, *SHORT, "--sampler", "random", "--json")
    code, said, err = tradebot(*words, "--trials", "3", "--jobs", "1")
    told = json.loads(said)
    assert (code, err, told["trials"]) == (0, "", 3)
    assert set(told["best"]) == {"stop_ticks", "target_ticks", "confidence", "risk_percent"}
    assert told["validation_sharpe"] is not None and told["holdout"]["trial"] in (1, 2)
    code, _, err = tradebot(*words, "--trials", "1", "--jobs", "1")
    assert code == 2 and "no trial may follow" in err
    with lock.alone(out):  # another that ends now
        assert tradebot(*words, "--trials", "0", "--jobs", "1")[0] == 75
    again = json.loads(tradebot(*words, "--trials", "0", "--jobs", "1")[1])
    assert again["holdout"] == told["holdout"]


@pytest.mark.slow
@pytest.mark.parametrize("ends", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_its_processes_end_with_it_whatever_ends_it(few, out, ends):
    words = [str(word) for word in (few, "--out", out, *SHORT, "--trials", "10000", "--jobs", "2")]

    def heard():
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's & ignores it

    command = optimise.command(words)
    with subprocess.Popen(command, cwd=ROOT, preexec_fn=heard, stderr=subprocess.PIPE) as parent:
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        workers = until(lambda: len(found := children.read_text().split()) == 2 and found)
        until(lambda: all(b"--worker" in started(worker) for worker in workers))
        parent.send_signal(ends)
        try:
            code = parent.wait(20)
        finally:
            parent.kill()
    try:
        assert code == {signal.SIGINT: 130}.get(ends, -ends)
        assert until(lambda: not any(b"--worker" in started(worker) for worker in workers))
    finally:
        for worker in workers:
            if b"--worker" in started(worker):
                os.kill(int(worker), signal.SIGKILL)


def started(process):
    """The words it was started with; none when it is over."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def until(true):
    last = time.monotonic() + 60
    while time.monotonic() < last:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true")


def test_data_that_are_too_short_or_not_there_are_one_line(tradebot, tmp_path):
    data = tmp_path / "bars.parquet"
    random_bars.bars(1, "2024-01-02", "2024-01-04", seconds=60).write_parquet(data)
    for words in ((data,), (tmp_path / "none.parquet",)):
        code, out, err = tradebot("optimise", *words, "--out", tmp_path / "s")
        assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.slow
def test_a_config_line_spreads_the_same_command_over_a_cluster(tradebot, few, out, monkeypatch):
    """A Dask cluster of two workers on this machine."""
    words = ("optimise", few, "--out", out, *SHORT, "--sampler", "random", "--json")
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs="ERROR"
    ) as cluster:
        monkeypatch.setenv("TRADEBOT_RESEARCH_CLUSTER", cluster.scheduler_address)
        code, said, _ = tradebot(*words, "--trials", "2", "--jobs", "2")
        told = json.loads(said)
    assert (code, told["trials"]) == (1, 2)


def test_a_cluster_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.setattr(optimise, "CLUSTER_S", 1)
    with pytest.raises(UsageError, match="no scheduler there"):
        optimise.afar("tcp://127.0.0.1:9", [["--help"]])


def test_a_study_without_a_trial_is_one_line():
    for trials in ([], [SimpleNamespace(value=None)]):
        with pytest.raises(UsageError, match="no trial that came to an end"):
            optimise.some_trial(SimpleNamespace(trials=trials), "sqlite:///study.db")

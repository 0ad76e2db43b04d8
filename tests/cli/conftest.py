from pathlib import Path

import pytest

from cli.main import main
from storage import tape as tapes
from tests.cli.recorded import record

ROOT = Path(__file__).parents[2]
MINUTES = 2


@pytest.fixture(scope="session")
def log(tmp_path_factory):
    """The folder of a recorded session, and its records."""
    folder = tmp_path_factory.mktemp("log")
    return folder, record(folder)


@pytest.fixture(scope="session")
def tape(tmp_path_factory):
    """The first minutes of the recorded hour, as a file."""
    whole = tapes.read(ROOT / "data/es_20231225.parquet")
    keep = whole.columns["at"] < whole.start + MINUTES * 60 * 10**9
    path = tmp_path_factory.mktemp("tape") / "short.parquet"
    tapes.write(path, tapes.Tape(whole.about, {k: v[keep] for k, v in whole.columns.items()}))
    return path


@pytest.fixture
def tradebot(capsys):
    """The program in this process: its exit code, what it printed, what it complained of."""

    def run(*words):
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run

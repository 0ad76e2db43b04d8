"""How far a command has come is for people at a terminal: a script sees nothing of it."""

import pytest

from cli.progress import counted, spoken


def shown(how, said):
    with how as tell:
        tell(said)


@pytest.mark.parametrize("how", [lambda: counted("bars", 10), lambda: spoken("reading")])
def test_nothing_is_said_to_a_pipe(how, capsys):
    shown(how(), 5)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_is_told_how_far_it_is_on_stderr(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown(counted("bars", 10), 5)
    shown(spoken("reading"), "learning")
    told = capsys.readouterr()
    assert told.out == "" and "bars" in told.err and "learning" in told.err


def test_who_asks_for_json_is_told_nothing(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown(counted("bars", 10, quiet=True), 5)
    assert "bars" not in capsys.readouterr().err

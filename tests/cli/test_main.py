"""Whatever is wrong with a command line: exit 2 and one line that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import VERBS

ROOT = Path(__file__).parents[2]


def test_help_names_every_verb(tradebot):
    code, out, err = tradebot("--help")
    assert (code, err) == (0, "") and all(f"  {verb} " in out for verb in VERBS)


def test_no_verb_is_a_wrong_command_line(tradebot):
    code, out, err = tradebot()
    assert (code, out) == (2, "") and err.startswith("usage: tradebot VERB")


# What a verb cannot do without.
ASKED = {
    "wal": ("tail",),
    "validate": ("a.csv",),
    "download": ("topstepx", "MES", "--since", "2025-01-02"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(tradebot, verb):
    with pytest.raises(SystemExit) as ended:
        tradebot(verb, "--help")
    assert ended.value.code == 0


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_option_is_one_line_and_exit_2(tradebot, verb):
    code, out, err = tradebot(verb, *ASKED.get(verb, ()), "--no-such-option")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("tradebot: ") and "--no-such-option" in err and f"{verb} " in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dance"], "no such verb: dance"),
        (["wal"], "verify | tail | stats"),
        (["wal", "shred"], "invalid choice: 'shred'"),
        (["run", "--mode", "bold"], "invalid choice: 'bold'"),
        (["run", "--speed", "nan"], "nan: expected a number from 0 to 1000000"),
        (["run", "--speed", "-1"], "-1: expected a number"),
        (["backtest", "--latency", "nan"], "nan: expected a number from 0 to 60"),
        (["backtest", "--latency", "soon"], "soon: expected a number"),
        (["gateway", "--port", "99999"], "99999: expected a whole number from 0 to 65535"),
        (["train", "--seed", "1.5"], "1.5: expected a whole number"),
        (["wal", "tail", "-n", "-5"], "-5: expected a whole number from 0"),
        (["explain", "first"], "invalid int value: 'first'"),
        (["pause", "--by"], "--by: expected one argument"),
    ],
)
def test_a_wrong_word_is_named_in_one_line(tradebot, words, says):
    code, out, err = tradebot(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("tradebot: ") and says in err and " --help" in err


CONFIG = (ROOT / "config.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("\nspeed = 60.0", "\nspeed = 60.0\nsped = 60.0", "run.sped: unknown key"),
        ("\nspeed = 60.0", "", "run.speed: missing"),
        ("\nspeed = 60.0", "\nspeed = 'fast'", "run.speed: expected a number, got text"),
        ("\n[run]", "\n[run", "not readable as TOML"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "backtest", "replay", "status", "gateway", "train"])
def test_a_refused_knob_is_one_line_with_file_key_and_expectation(
    tradebot, tmp_path, verb, old, new, says
):
    assert old in CONFIG
    config = tmp_path / "my.toml"
    config.write_text(CONFIG.replace(old, new))
    code, out, err = tradebot(verb, "--config", config)
    assert (code, out, err.count("\n")) == (78, "", 1)
    assert err.startswith(f"tradebot: {config}: ") and says in err


def process(code, **pipes):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, text=True, check=False, **pipes
    )


def test_a_defect_of_ours_exits_70_with_its_trace():
    broken = "import sys, cli.main as m; sys.argv = ['tradebot', 'wal']; m.import_module = len"
    done = process(f"{broken}; sys.exit(m.main())", capture_output=True)
    assert done.returncode == 70 and "Traceback" in done.stderr


@pytest.mark.parametrize("reader", ["gone", "full"])
def test_an_error_ends_with_its_own_code_whoever_reads_it(reader):
    read, write = os.pipe()
    os.close(read)
    stderr = write if reader == "gone" else os.open("/dev/full", os.O_WRONLY)
    refused = "import sys, cli.main as m\nsys.exit(m.main(['run', '--config', '/none.toml']))"
    done = process(refused, stdout=subprocess.PIPE, stderr=stderr)
    assert (done.returncode, done.stdout) == (78, "")


def test_an_interrupted_verb_says_so_and_exits_130():
    broken = (
        "import cli.main as m, sys, types\n"
        "def interrupt(words): raise KeyboardInterrupt\n"
        "m.import_module = lambda name: types.SimpleNamespace(main=interrupt)\n"
        "sys.exit(m.main(['replay']))"
    )
    done = process(broken, capture_output=True)
    assert (done.returncode, done.stderr) == (130, "tradebot: replay was interrupted\n")


def test_a_second_interrupt_while_the_first_is_told_is_no_defect():
    """Polars hands on the signal that Python has heard itself."""
    broken = (
        "import cli.main as m, sys\n"
        "def interrupt(words): raise KeyboardInterrupt\n"
        "sys.argv, m.answer = ['tradebot', 'validate'], interrupt\n"
        "tell, said = m.complain, []\n"
        "m.complain = lambda text: (said.append(1), interrupt(text)) if not said else tell(text)\n"
        "sys.exit(m.main())"
    )
    done = process(broken, capture_output=True)
    assert done.returncode in (130, -2) and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), OSError(36, "File name too long", "x" * 300),
     IsADirectoryError(21, "Is a directory", 3), OSError(30, "Read-only file system", "a")],
)  # fmt: skip
def test_what_the_user_can_mend_is_one_line_wherever_it_was_met(tradebot, monkeypatch, error):
    def fail(words):
        raise error

    monkeypatch.setattr("cli.main.answer", fail)
    code, out, err = tradebot("synth")
    where = error.filename if isinstance(error.filename, str) else "synth"
    assert (code, out, err) == (2, "", f"tradebot: {where}: {error.strerror}\n")


@pytest.mark.parametrize("verb", ["validate", "features"])
def test_a_name_that_is_no_text_is_one_line(tradebot, tape, tmp_path, verb):
    odd = tmp_path / "a\udcff.parquet"
    odd.write_bytes(tape.read_bytes())
    words = ("--out", tmp_path / "a.html", "--tape") if verb == "features" else ()
    code, out, err = tradebot(verb, *words, odd)
    assert (code, out, err) == (
        2, "", f"tradebot: {verb}: a name that is not UTF-8: rename the file\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    "words", [("status", "--state"), ("wal", "verify", "--wal"), ("explain", "1", "--wal")]
)
def test_what_is_another_users_is_one_line_that_says_so(tradebot, monkeypatch, tmp_path, words):
    def forbidden(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    for name in ("api.json", "000001-000000000001.jsonl"):
        (tmp_path / name).touch()
    monkeypatch.setattr(Path, "read_text", forbidden)
    monkeypatch.setattr(Path, "open", forbidden)
    code, out, err = tradebot(*words, tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{tmp_path}/" in err and "Permission denied" in err and "daemon's user" in err

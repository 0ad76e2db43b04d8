"""Whoever reads our words or not: what was done is done, and the exit code tells of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ANSWERS = """
import sys, types, cli.main as m
{first}
def answer(words):
    print(*[{text!r}] * {times})
    return {code}
m.import_module = lambda name: types.SimpleNamespace(main=answer)
sys.argv = ["tradebot", "replay"]
sys.exit(m.main())
"""


def words(text="differs", times=1, code=0, first=""):
    return ANSWERS.format(text=text, times=times, code=code, first=first)


def process(script, unbuffered="", **pipes):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered}
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=env, text=True, check=False,
        stderr=subprocess.PIPE, **pipes,
    )  # fmt: skip


def gone():
    read, write = os.pipe()
    os.close(read)
    return write


def full():
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("times", [1, 100_000])
@pytest.mark.parametrize("code", [0, 1, 73])
@pytest.mark.parametrize(
    ("reader", "says"),
    [(gone, ""), (full, "tradebot: stdout: No space left on device: not all that there is to say")],
)
def test_an_answer_keeps_its_code_whoever_reads_it(reader, says, code, times, unbuffered):
    stdout = reader()
    done = process(words(times=times, code=code), unbuffered, stdout=stdout)
    os.close(stdout)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1 if says else 0)
    assert done.stderr.startswith(says)


def test_a_tail_that_follows_ends_with_its_reader():
    tail = "import sys, cli.main as m\n"
    tail += "sys.argv = 'tradebot wal tail -f --wal tests/golden/wal-v1'.split()\n"
    tail += "import cli.wal as w; w.growing = lambda *_: iter([w.GOLD] * 10**9)\n"
    tail += "from storage.wal import read; w.GOLD = next(read(w.Path('tests/golden/wal-v1')))\n"
    stdout = gone()
    done = process(f"{tail}sys.exit(m.main())", stdout=stdout)
    os.close(stdout)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_letter_that_a_stream_cannot_spell_is_spelt_out():
    ascii_only = "sys.stdout.reconfigure(encoding='ascii')"
    done = process(words("ö €", first=ascii_only), stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\\xf6 \\u20ac\n", "")


CLOSED = """
import asyncio, socket, sys, types, uvloop, cli.main as m
async def serve():
    server = await asyncio.start_server(print, "127.0.0.1")
    server.close()
    await server.wait_closed()
def answer(words):
    print("out", sys.stdout.isatty())
    uvloop.run(serve())
    assert socket.socket().fileno() > 2 and sys.stdin.read() == ""
    return 7
m.import_module = lambda name: types.SimpleNamespace(main=answer)
sys.argv = ["tradebot", "replay"]
sys.exit(m.main())
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_go_nowhere(closed):
    """libuv aborts when it closes a socket that got the number of one."""
    shell = ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, CLOSED]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        shell, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (7, b"")

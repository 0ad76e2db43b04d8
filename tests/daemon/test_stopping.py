"""A word to stop, or to kill, is heard at any moment."""

import asyncio
import os
import signal

import pytest
import uvloop

from daemon.stopping import SIGNALS, Stopping
from storage import sentinel


@pytest.fixture
def stopping(tmp_path):
    before = {n: signal.getsignal(n) for n in (*SIGNALS, signal.SIGUSR1)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    word = Stopping()
    word.hear_signals(tmp_path)
    yield word
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_before_there_is_a_loop_is_kept(stopping):
    os.kill(os.getpid(), signal.SIGTERM)
    assert asyncio.run(stopping.wait()) == ("signal SIGTERM", "operator")


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_wakes_whoever_waits(stopping, run, number):
    async def wait():
        asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), number)
        return await asyncio.wait_for(stopping.wait(), 5)

    assert run(wait()) == (f"signal {number.name}", "operator")


def test_the_first_reason_stays(stopping):
    stopping.say("end of tape", "gateway")
    os.kill(os.getpid(), signal.SIGTERM)
    assert asyncio.run(stopping.wait()) == ("end of tape", "gateway")


def test_a_second_signal_after_the_loop_is_closed_is_harmless(stopping):
    async def wait():
        stopping.say("end of tape", "gateway")
        return await stopping.wait()

    asyncio.run(wait())
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    assert stopping.told == ("end of tape", "gateway")


def test_a_signal_while_nobody_waits_any_more_is_harmless(stopping):
    async def give_up():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 0.01)

    asyncio.run(give_up())
    os.kill(os.getpid(), signal.SIGTERM)
    assert stopping.told


def test_the_kill_signal_leaves_the_kill_file(stopping, tmp_path):
    os.kill(os.getpid(), signal.SIGUSR1)
    assert "SIGUSR1" in (sentinel.read(tmp_path) or "")
    assert stopping.told is None


def test_a_kill_signal_that_can_leave_no_file_is_the_word_to_stop(stopping, tmp_path):
    (tmp_path / ".KILL.new").mkdir()  # in the way of the file
    os.kill(os.getpid(), signal.SIGUSR1)
    assert "SIGUSR1" in stopping.told[0]


def test_a_terminal_that_goes_is_the_word_to_stop_unless_it_may_go(tmp_path):
    before = {n: signal.getsignal(n) for n in (*SIGNALS, signal.SIGUSR1)}
    try:
        for ignored in (True, False):  # as under nohup, and not
            signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.default_int_handler)
            word = Stopping()
            word.hear_signals(tmp_path)
            os.kill(os.getpid(), signal.SIGHUP)
            assert (word.told is None) is ignored
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

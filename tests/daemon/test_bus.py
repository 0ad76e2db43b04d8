import pytest

from core.messages import Bar, Pulse, Quote
from daemon.actor import Actor
from daemon.bus import Inbox, Overflow
from tests import build
from tests.daemon.parts import Memory, Stage, bus, record, ticks


def test_the_log_has_a_record_before_any_actor_has_it():
    journal = Memory()
    hub = bus({"a": Stage((Pulse,))}, journal)
    seen = []
    hub.inboxes["a"].put = lambda record: seen.append((record.seq, journal.seq))
    assert hub.post("clock", build.pulse()) == 1
    assert seen == [(1, 1)]


def test_all_takers_hear_in_the_order_of_the_log():
    hub = bus({"a": Stage((Pulse, Bar)), "b": Stage((Pulse,))}, Memory())
    posted = [*ticks(5), build.bar(), *ticks(3)]
    for message in posted:
        hub.post("x", message)
    assert [r.message for r in hub.inboxes["a"].items] == posted
    assert [r.seq for r in hub.inboxes["a"].items] == list(range(1, 10))
    assert [r.message for r in hub.inboxes["b"].items] == [*ticks(5), *ticks(3)]


def test_ticks_are_delivered_and_not_logged():
    journal = Memory()
    hub = bus({"market": Stage((Quote,))}, journal)
    assert hub.post("gateway", build.quote()) == 0
    assert journal.records == []
    assert hub.inboxes["market"].items[0].seq == 0


def test_watches_hear_after_the_log():
    hub, heard = bus({}, Memory()), []
    hub.watches.append(lambda actor, message, seq: heard.append((actor, seq)))
    hub.post("risk", build.pulse())
    assert heard == [("risk", 1)]


def test_a_full_inbox_of_decisions_is_a_fault():
    inbox = Inbox("risk", 2)
    inbox.put(record(1))
    inbox.put(record(2))
    with pytest.raises(Overflow, match="risk is full with 2"):
        inbox.put(record(3))


def test_a_full_inbox_gives_up_its_oldest_quote_and_counts_it():
    inbox = Inbox("market", 3)
    old, new = build.quote(bid=1.0), build.quote(bid=2.0)
    for message in (build.trade(), old, build.trade(size=9), new):
        inbox.put(record(0, message))
    assert [r.message for r in inbox.items] == [build.trade(), build.trade(size=9), new]
    assert inbox.conflated == 1


def test_the_inbox_of_an_actor_that_is_gone_takes_nothing_and_never_overflows():
    inbox = Inbox("features", 2)
    inbox.put(record(1))
    inbox.close()
    for seq in range(2, 10):
        inbox.put(record(seq))
    assert not inbox.items


def test_nothing_follows_the_end_of_a_run():
    journal = Memory()
    hub = bus({"a": Stage((Pulse,))}, journal)
    hub.post("main", build.run_ended())
    hub.closed = True
    assert hub.post("clock", build.pulse()) == 0
    assert len(journal.records) == 1 and not hub.inboxes["a"].items


def test_the_market_actor_signs_bars_and_the_rest_apart():
    actor = Actor("market", Stage(()), Inbox("market", 1))
    assert actor.label(build.bar()) == "bars"
    assert actor.label(build.mark()) == "feed"

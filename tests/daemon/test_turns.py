import asyncio

from core.messages import Bar, Command, Features, Hold, Prediction, Pulse, Quote
from daemon.actor import Actor
from daemon.turns import Turns
from tests import build
from tests.daemon.parts import Memory, Stage, bus, ticks


def begin(stages):
    """The bus of these stages, whose actors have their turns."""
    hub = bus(stages, Memory())
    turns = Turns(hub)
    for name, stage in stages.items():
        actor = Actor(name, stage, hub.inboxes[name])
        actor.failure = asyncio.get_running_loop().create_future()
        turns.join(actor)
    return hub, turns


async def test_all_that_follows_is_done_when_post_returns():
    stages = {
        "features": Stage((Bar,), lambda bar: [build.features()]),
        "inference": Stage((Features,), lambda row: [build.prediction()]),
    }
    hub, _ = begin(stages)
    assert hub.post("tape", build.bar()) == 1
    assert [record.cause for record in hub.journal.records] == [None, 1, 2]
    assert [record.actor for record in hub.journal.records] == ["tape", "features", "inference"]


async def test_actors_work_in_the_order_of_the_log():
    """Two pulses at once: each actor has had both before what follows of them is heard."""
    order = []

    def noting(name, answer=None):
        def rule(message):
            order.append((name, message.at))
            return [answer(at=message.at)] if answer else []

        return rule

    stages = {
        "clock": Stage((Command,), lambda message: ticks(2)),
        "first": Stage((Pulse,), noting("first", build.features)),
        "second": Stage((Features,), noting("second", build.prediction)),
        "third": Stage((Prediction,), noting("third")),
    }
    hub, _ = begin(stages)
    hub.post("operator", build.command())
    a, b = (tick.at for tick in ticks(2))
    assert order == [(name, at) for name in ("first", "second", "third") for at in (a, b)]


async def test_each_bar_that_closes_at_once_is_decided_on_before_the_next():
    order, bars = [], [build.bar(at=build.AT + n) for n in range(3)]
    stages = {
        "market": Stage((Pulse,), lambda message: bars),
        "features": Stage(
            (Bar,), lambda m: order.append(("features", m.at)) or [build.hold(at=m.at)]
        ),
        "signals": Stage((Hold,), lambda m: order.append(("signals", m.at)) or []),
    }
    hub, _ = begin(stages)
    hub.post("clock", ticks(1)[0])
    assert order == [(who, bar.at) for bar in bars for who in ("features", "signals")]


async def test_what_the_market_hears_while_its_bars_are_decided_on_waits_for_it():
    """A pulse within the turn of the first bar: the market has it after its second one."""
    heard = []

    def market(message):
        heard.append(type(message))
        return [build.bar(), build.bar()] if isinstance(message, Quote) else []

    stages = {
        "market": Stage((Quote, Pulse), market),
        "features": Stage((Bar,), lambda m: [build.pulse()]),
    }
    hub, _ = begin(stages)
    hub.post("gateway", build.quote())
    assert heard == [Quote, Pulse, Pulse]
    assert [type(record.message) for record in hub.journal.records] == [Bar, Pulse, Bar, Pulse]


async def test_who_fails_leaves_and_what_waits_for_it_comes_first_when_it_is_back():
    def fail(message):
        raise KeyError("x")

    stage, other = Stage((Pulse,), fail), Stage((Pulse,))
    hub, turns = begin({"risk": stage, "other": other})
    actor = turns.actors["risk"]
    for tick in ticks(3):
        hub.post("clock", tick)
    assert isinstance(actor.failure.result(), KeyError) and actor.record.seq == 1
    assert len(other.heard) == 3 and hub.inboxes["risk"].busy
    stage.rule = lambda message: [build.hold()]
    turns.join(actor)
    assert stage.heard == ticks(3) and not hub.inboxes["risk"].busy
    assert [record.cause for record in hub.journal.records] == [None, None, None, 2, 3]


async def test_watches_hear_when_the_turn_is_over():
    said = []
    hub, _ = begin({"features": Stage((Bar,), lambda bar: said.append("actor") or [])})
    hub.watches.append(lambda actor, message, seq: said.append("watch"))
    hub.post("tape", build.bar())
    assert said == ["actor", "watch"]

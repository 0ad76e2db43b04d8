"""Recovery at its edges: the same instant twice, and whose an unknown order is."""

import pytest

from core.terms import OrderType, State, Status
from tests import build
from tests.actors.test_recovery import kinds, linked, pulse, recovery, snap

AT, SECOND = build.AT, build.SECOND


def test_two_snapshots_of_one_instant_both_count_and_an_older_one_does_not():
    stage = recovery(("r1", "r2"))
    stage.on(build.feed_state(at=build.AT, link="user"))
    assert stage.on(snap(1)) == [] and stage.on(snap(0)) == []
    assert kinds(stage.on(snap(1))) == ["Agreed"]


@pytest.mark.parametrize(("closing", "tag", "asks"), [
    (False, "", True), (False, "x-9", True), (True, "x-9", True), (True, "", False),
])  # fmt: skip
def test_a_nameless_order_is_our_own_only_while_we_close(closing, tag, asks):
    stage = linked()
    stage.on(build.fill(tag="", venue_id=0, size=1))
    stage.memory.asked_at = 0
    if closing:
        stage.on(build.close_position())
    told = build.order_accepted(tag=tag, venue_id=77, side=-1, size=1, type=OrderType.MARKET)
    assert kinds(stage.on(told)) == ["Reconcile"] * asks


def link(up=True, t=0.0):
    return build.feed_state(at=AT + int(t * SECOND), link="user", up=up)


NO_ANSWER = [build.query_failed(at=AT)]


@pytest.mark.parametrize(("runs", "snapshots"), [
    (("r1",), 1), (("r1", "r2"), 2), (("r1", "r2", "r3"), 2),
])  # fmt: skip
@pytest.mark.parametrize("between", [
    [], NO_ANSWER, [link(up=False), link()], [build.actor_failed()],
    [snap(0, position=1)] * 2, [build.run_started(at=AT, run="again"), link()],
    [build.order_accepted(at=AT, tag="", venue_id=900, type=OrderType.STOP, side=-1)],
], ids=["nothing", "no answer", "link", "failed", "drift", "run", "others"])  # fmt: skip
def test_what_breaks_an_agreement_makes_it_take_as_many_snapshots_as_before(
    runs, snapshots, between
):
    stage = recovery(runs)
    stage.on(link())
    before = snapshots if between else 0
    if between == NO_ANSWER:  # which ends no agreement, but begins the count anew
        before -= 1
    for message in [snap()] * before + between:
        stage.on(message)
    snapshots = max(snapshots, 2) if len(stage.memory.runs) > 1 else snapshots
    told = [kinds(stage.on(snap())) for _ in range(snapshots)]
    assert told == [*[[]] * (snapshots - 1), ["Agreed"]]


@pytest.mark.parametrize(("placed", "gone"), [(5, True), (6, False)])
def test_a_query_from_before_an_order_was_placed_is_no_proof_of_its_absence(placed, gone):
    stage = linked()
    stage.on(build.place_order(at=build.AT + placed * build.SECOND, tag="r1-1"))
    stage.on(build.order_uncertain(tag="r1-1"))
    assert stage.on(snap(5)) == []
    assert ("NotPlaced" in kinds(stage.on(snap(65)))) is gone


def test_a_look_at_the_very_instant_of_the_last_fill_ends_the_doubt():
    stage, later = linked(), build.AT + build.SECOND
    stage.on(build.fill(tag="", venue_id=0, side=1))
    stage.on(build.close_position(at=later))
    stage.on(build.fill(at=later, trade_id=2, tag="", venue_id=0, side=-1))
    assert stage.memory.book.doubt == later
    assert kinds(stage.on(snap(1))) == ["Agreed"]


def test_a_look_after_the_last_fill_ends_the_doubt_and_the_next_has_nothing_to_say():
    stage = linked()
    stage.on(build.fill(tag="", venue_id=0, side=1))
    stage.on(build.close_position(at=AT))
    (asked,) = stage.on(build.fill(at=AT, trade_id=2, tag="", venue_id=0, side=-1))
    assert kinds([asked]) == ["Reconcile"]
    told = stage.on(snap(1))
    assert [(type(a).__name__, a.corrected, a.unknown) for a in told] == [("Agreed", 0, 0)]
    stage.on(build.agreed(at=AT + SECOND, position=0))
    assert stage.on(snap(2)) == []


def test_a_fill_of_an_order_that_nobody_knows_is_looked_into():
    assert kinds(linked().on(build.fill(tag="", venue_id=77))) == ["Reconcile"]


def test_an_agreement_counts_what_was_found_and_what_was_proven():
    stage = linked(unknown_quiet_s=1.0)
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_uncertain(at=AT, tag="r1-1"))
    assert stage.on(snap(1)) == []
    stage.on(build.place_order(at=AT, tag="r1-2"))
    shown = [build.venue_order(tag="r1-2", venue_id=9, status=Status.FILLED, filled=1)]
    told = stage.on(snap(2, orders=shown, position=1, fills=[build.fill(tag="r1-2", venue_id=9)]))
    assert kinds(told) == ["OrderAccepted", "Fill", "NotPlaced", "Agreed"]
    assert (told[-1].position, told[-1].corrected, told[-1].unknown) == (1, 3, 0)


def test_the_first_snapshot_of_a_run_repeats_nothing():
    stage = recovery()
    stage.on(link())
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_accepted(at=AT, tag="r1-1", venue_id=1))
    assert kinds(stage.on(snap(1, orders=[build.venue_order(tag="r1-1", venue_id=1)]))) == [
        "Agreed"
    ]


@pytest.mark.parametrize("word", [
    build.command(at=AT, name="kill"), build.state_changed(at=AT, state=State.HALTED),
    build.state_changed(at=AT, state=State.FLATTEN_ONLY),
], ids=["kill", "HALTED", "FLATTEN_ONLY"])  # fmt: skip
def test_each_word_to_flatten_asks_for_a_proof_of_its_own(word):
    stage = linked()
    for t in (1, 11):
        stage.on(word)
        told = [kinds(stage.on(snap(t + more))) for more in (0, 0.9, 1, 2)]
        assert told == [[], [], ["Flat"], []]
    stage.on(build.state_changed(at=AT, state=State.ACTIVE))
    assert stage.on(snap(30)) == [] and stage.on(snap(32)) == []


def test_without_the_user_link_an_account_may_be_proven_flat_and_nothing_agreed():
    stage = recovery()
    stage.on(build.command(at=AT, name="flatten"))
    assert [kinds(stage.on(snap(t))) for t in (1, 2)] == [[], ["Flat"]]


@pytest.mark.parametrize("held", [
    {"position": 1}, {"orders": [build.venue_order(tag="", type=OrderType.MARKET, venue_id=9)]},
], ids=["position", "our close"])  # fmt: skip
def test_what_both_agree_about_and_is_not_flat_is_not_flat(held):
    stage = linked()
    stage.on(build.fill(tag="", venue_id=0, side=1))
    stage.on(build.close_position(at=AT))
    if "orders" in held:
        stage.on(build.fill(trade_id=2, tag="", venue_id=0, side=-1))
    stage.on(build.state_changed(at=AT, state=State.HALTED))
    assert "Flat" not in [kind for t in (1, 3, 5) for kind in kinds(stage.on(snap(t, **held)))]
    assert not stage.memory.odd and stage.memory.flat_at == 0 and not stage.memory.proven


def asks_from(stage, t):
    """The first tenth of a second from `t` on at which a pulse makes it ask."""
    return next(n / 10 for n in range(int(t * 10), 10_000) if stage.on(pulse(n / 10)))


def uncertain(stage):
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_uncertain(at=AT, tag="r1-1"))


def closed(stage):
    stage.on(build.fill(tag="", venue_id=0, side=1))
    stage.on(build.close_position(at=AT))
    stage.on(build.fill(at=AT + 5 * SECOND, trade_id=2, tag="", venue_id=0, side=-1))


def odd(stage):
    stage.on(snap(0, position=1))


def flat_soon(stage):
    stage.on(build.state_changed(at=AT, state=State.HALTED))


def flat_once(stage):
    flat_soon(stage)
    stage.on(snap(0))


def flat(stage):
    flat_soon(stage)
    stage.on(snap(0))
    stage.on(snap(1))
    stage.on(snap(0))


@pytest.mark.parametrize(("met", "after"), [
    (lambda stage: None, 7), (uncertain, 2), (closed, 2), (odd, 2), (flat_soon, 2),
    (flat_once, 1), (flat, 7), (lambda stage: stage.on(build.actor_failed()), 2),
])  # fmt: skip
def test_it_looks_again_the_sooner_the_less_is_settled(met, after):
    stage = linked()
    met(stage)
    told = stage.memory.told_at
    if stage.memory.asked_at >= AT:
        stage.memory.asked_at = 0  # what was asked at once has been answered
    assert asks_from(stage, (told - AT) / SECOND) == after + (told - AT) / SECOND


@pytest.mark.parametrize(("opened", "since"), [(None, 10_000 - 600), (5_000, 5_000 - 600)])
def test_a_query_reaches_ten_minutes_behind_what_is_open(opened, since):
    stage = linked()
    stage.on(snap(10_000))
    if opened:
        stage.on(build.place_order(at=AT + opened * SECOND, tag="r1-1"))
    (asked,) = stage.on(pulse(11_000))
    assert asked.since == AT + since * SECOND


def test_a_log_that_never_agreed_asks_from_its_beginning():
    (asked,) = recovery().on(link(t=7200))
    assert asked.since == AT


@pytest.mark.parametrize("late", [False, True])
def test_a_run_whose_link_does_not_come_up_asks_all_the_same(late):
    """What rests at the venue may fill meanwhile, and nobody would tell."""
    stage, wait = (linked() if late else recovery()), look_s()
    stage.on(build.run_started(at=AT + 50 * SECOND, run="r2"))
    assert stage.on(pulse(50 + wait - 1)) == []
    assert kinds(stage.on(pulse(50 + wait))) == ["Reconcile"]


def test_a_stop_that_fills_while_the_link_is_down_is_learned_of_and_entries_wait():
    stage, wait = linked(), look_s()
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_accepted(at=AT, tag="r1-1", venue_id=1))
    stage.on(build.feed_state(at=AT + SECOND, link="user", up=False))
    assert kinds(stage.on(pulse(1 + wait))) == ["Reconcile"]
    filled = [build.venue_order(tag="r1-1", venue_id=1, status=Status.FILLED, filled=1)]
    fill = build.fill(at=AT + SECOND, tag="r1-1", venue_id=1, side=1)
    told = stage.on(snap(1 + wait, orders=filled, fills=[fill], position=1))
    assert "Fill" in kinds(told) and "Agreed" not in kinds(told)


def look_s():
    return int(recovery().memory.settings.recovery.reconcile_s)


def test_a_question_without_an_answer_is_asked_again_by_a_pulse_that_comes_late():
    stage = linked()
    assert kinds(stage.on(pulse(15))) == ["Reconcile"]
    assert kinds(stage.on(pulse(99))) == ["Reconcile"]

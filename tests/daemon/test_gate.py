"""No entry reaches the wire without an approval of risk that no order has used (K3), nor after a
kill (K4)."""

import ast
import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.messages import OrderAccepted, OrderRejected
from core.reasons import Reason
from core.terms import Action, Purpose, Request, State
from daemon.gate import KEPT, Gate
from daemon.gateway import TAKES, Gateway
from daemon.report import Latency
from tests import build
from tests.daemon.parts import RUN, Venue, bus, record, until, wal
from tests.daemon.test_gateway import SlowDisk, serving

ROOT = Path(__file__).parents[2]
WISH = build.intent(id=f"{RUN}-i1")
APPROVED = build.approved(intent=WISH)
ENTRY = build.place_order(tag=f"{RUN}-1", intent=WISH.id)
OURS = replace(ENTRY, intent=f"{RUN}-i1")  # of a wish of this run, as only the bus asks for
REFUSED = OrderRejected(build.AT, ENTRY.tag, Request.PLACE, 2, "Brackets cannot be used")


def gate(*said, actor="risk"):
    opened = Gate()
    for message in said:
        opened.hear(record(1, message, actor))
    return opened


def reason(answer):
    return answer and answer[0]


@pytest.mark.parametrize(("said", "actor", "order"), [
    ((), "risk", ENTRY),
    ((APPROVED,), "signals", ENTRY),
    ((APPROVED,), "executor", ENTRY),
    ((APPROVED,), "risk", replace(ENTRY, intent="another")),
    ((APPROVED,), "risk", replace(ENTRY, intent="")),
    ((APPROVED,), "risk", replace(ENTRY, side=-1)),
    ((APPROVED,), "risk", replace(ENTRY, size=2)),
    ((APPROVED,), "risk", replace(ENTRY, size=0)),
    ((APPROVED,), "risk", replace(ENTRY, size=-1)),
    ((build.approved(intent=replace(WISH, action=Action.EXIT_LONG)),), "risk", ENTRY),
    ((build.refused(),), "risk", ENTRY),
])  # fmt: skip
def test_there_is_no_way_round_the_gate(said, actor, order):
    assert reason(gate(*said, actor=actor).refuses(order)) is Reason.RISK_NOT_APPROVED


def test_an_approval_is_good_for_one_order():
    opened = gate(APPROVED)
    assert opened.refuses(ENTRY) is None
    again = replace(ENTRY, tag=f"{RUN}-2")
    assert reason(opened.refuses(again)) is Reason.RISK_NOT_APPROVED


def test_what_the_venue_refused_in_so_many_words_was_not_placed():
    opened = gate(replace(APPROVED, size=2))
    assert opened.refuses(ENTRY) is None
    opened.answered(ENTRY, [REFUSED])
    assert opened.refuses(replace(ENTRY, tag=f"{RUN}-2")) is None


@pytest.mark.parametrize("answer", [
    build.order_uncertain(), OrderAccepted(build.AT, ENTRY.tag, 1),
    replace(REFUSED, reason=Reason.ORD_NOT_PLACED),
    replace(REFUSED, reason=Reason.SYS_RATE_LIMITED),
])  # fmt: skip
def test_any_other_answer_leaves_the_approval_used(answer):
    opened = gate(APPROVED)
    assert opened.refuses(ENTRY) is None
    opened.answered(ENTRY, [answer])
    again = opened.refuses(replace(ENTRY, tag=f"{RUN}-2"))
    assert reason(again) is Reason.RISK_NOT_APPROVED


@pytest.mark.parametrize("word", [
    build.command(name="kill"), build.command(name="flatten"), build.command(name="stop"),
    build.halted(), build.state_changed(state=State.HALTED),
    build.state_changed(state=State.FLATTEN_ONLY), build.state_changed(state=State.PAUSED),
])  # fmt: skip
def test_a_kill_closes_the_gate_whatever_was_approved_before_or_after(word):
    for said in ((APPROVED, word), (word, APPROVED)):
        assert reason(gate(*said).refuses(ENTRY)) is Reason.SIG_BLOCKED
    back = build.state_changed(state=State.ACTIVE, was=State.HALTED)
    assert gate(APPROVED, word, back).refuses(ENTRY) is None


@pytest.mark.parametrize("news", [
    build.feed_state(link="user", up=False), build.feed_state(link="market", up=False),
    build.actor_failed(actor="risk"),
])  # fmt: skip
def test_what_was_approved_before_a_link_was_lost_is_not_sent_after_it(news):
    """A reversal's entry waits behind its exit, any entry for the disk; risk fences both."""
    assert reason(gate(APPROVED, news).refuses(ENTRY)) is Reason.RISK_NOT_APPROVED
    assert gate(news, build.feed_state(link="user"), APPROVED).refuses(ENTRY) is None


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACTIVE])
def test_a_state_that_outlived_a_restart_keeps_it_closed(state):
    closed = Gate(state)
    closed.hear(record(1, APPROVED, "risk"))
    assert reason(closed.refuses(ENTRY)) is Reason.SIG_BLOCKED


def test_no_more_approvals_are_kept_than_are_needed():
    opened = Gate()
    for n in range(KEPT + 5):
        wish = build.intent(id=f"i-{n}")
        opened.hear(record(n, build.approved(intent=wish), "risk"))
    assert len(opened.tokens) == KEPT


@pytest.mark.parametrize("actor", ["signals", "executor", "operator", "risk"])
async def test_an_entry_that_somebody_posts_himself_is_refused_on_the_bus(tmp_path, actor):
    async with serving(tmp_path) as (hub, venue, told):
        hub.post("risk", build.refused())
        hub.post(actor, replace(ENTRY, intent=f"{RUN}-i2"))
        await until(lambda: any(isinstance(m, OrderRejected) for m in told))
        assert told[-1].reason is Reason.RISK_NOT_APPROVED
        assert venue.sent == []


async def test_an_exit_needs_no_approval_and_passes_a_closed_gate(tmp_path):
    async with serving(tmp_path) as (hub, venue, _):
        hub.post("operator", build.command(name="kill"))
        for order in (
            build.cancel_order(), build.modify_order(), build.close_position(),
            build.place_order(purpose=Purpose.STOP), build.place_order(purpose=Purpose.EXIT),
        ):  # fmt: skip
            hub.post("executor", order)
        await until(lambda: len(venue.sent) == 5)


async def test_a_kill_stops_an_entry_that_waits_for_the_disk(tmp_path):
    """With every other actor dead: the gateway hears it itself, in the same turn."""
    disk = SlowDisk()
    async with serving(tmp_path, disk=disk) as (hub, venue, told):
        disk.may.clear()
        hub.post("executor", OURS)
        await asyncio.sleep(0.05)
        hub.post("operator", build.command(name="kill"))
        disk.may.set()
        await until(lambda: isinstance(told[-1], OrderRejected))
        assert (told[-1].reason, venue.sent) == (Reason.SIG_BLOCKED, [])


async def test_an_approval_serves_two_orders_that_wait_together_once(tmp_path):
    disk = SlowDisk()
    async with serving(tmp_path, disk=disk) as (hub, venue, told):
        disk.may.clear()
        for n in (1, 2, 3):
            hub.post("executor", replace(OURS, tag=f"{RUN}-{n}"))
        disk.may.set()
        await until(lambda: sum(isinstance(m, OrderRejected) for m in told) == 2)
        assert len(venue.sent) == 1


async def test_a_gateway_that_starts_halted_sends_no_entry(tmp_path):
    with wal(tmp_path) as log:
        venue = Venue()
        hub = bus({}, log, gateway=TAKES)
        gateway = Gateway(
            venue, hub.inboxes["gateway"], hub, log, lambda: build.AT, Latency(), State.HALTED
        )
        task = asyncio.create_task(gateway.run())
        hub.post("risk", build.approved(intent=build.intent(id=OURS.intent)))
        hub.post("executor", OURS)
        hub.post("executor", build.cancel_order())
        await until(lambda: venue.sent)
        await asyncio.sleep(0.05)
        assert venue.sent == [build.cancel_order()]
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


SENDING = {"place", "cancel", "modify", "close_position"}
CLIENT = {"client", "rest", "account", "links", "hub"}


def sources():
    for package in (
        "core",
        "indicators",
        "strategies",
        "actors",
        "storage",
        "daemon",
        "research",
        "cli",
    ):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def test_only_the_gateway_imports_what_speaks_to_the_venue():
    found = {
        (name, node.module)
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        and ((node.module.startswith("venues.topstepx.") and node.module.split(".")[2] in CLIENT)
             or (node.module == "venues.topstepx" and CLIENT & {a.name for a in node.names}))
    }  # fmt: skip
    assert found == {("daemon/gateway.py", "venues.topstepx.client")}


def test_only_the_gateway_calls_what_sends_an_order():
    """In the packages that could hold a venue; a desk that words orders has none."""
    found = {
        name
        for name, tree in sources()
        if name.startswith(("daemon/", "cli/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in SENDING
        and not (isinstance(node.value, ast.Name) and node.value.id in ("task", "timer"))
        and isinstance(node.value, (ast.Name, ast.Attribute))
        and "venue" in ast.unparse(node.value)
    }  # fmt: skip
    assert found == {"daemon/gateway.py"}

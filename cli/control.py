"""tradebot status | risk | pause | resume | flatten | kill | rearm | enable | ack: a word with it.

`kill` and `flatten` return when the venue has proven flat, by two queries, or with exit 73.
"""

import getpass
import http.client
import json
import os
import time
import tomllib
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from cli.arguments import Arguments, between
from core import config as configs
from core.errors import EXIT_NOT_FLAT, EXIT_OK, ConfigError, DifferenceError, UsageError
from storage import sentinel

TIMEOUT_S = 10.0
POLL_S = 0.1
RISK = (
    "at", "state", "why", "reopens", "tightened", "basis", "equity", "budget_left", "counts",
    "rules", "off", "alarm_at",
)  # fmt: skip
NAMED = ("rearm", "enable")
PROVEN = ("kill", "flatten")  # return when the account is flat
WAIT_S = 30.0
FLAT = {
    None: "", True: ", proven flat at the venue",
    False: ", NOT proven flat yet: see tradebot status, look at the venue",
}  # fmt: skip
# What was done where no daemon answers: none runs, it starts, it hangs, or it is another's place.
NOBODY = {
    "kill": "no daemon answers for {}: the kill file is there, and the next start halts",
    "rearm": "no daemon answers for {}: the kill file is gone; a halt in the log needs a rearm "
    "once it runs",
}
UNSEEN = "the kill file is left for the daemon, whose own files are another user's"
UNHEARD = "what answers is not the daemon of this token; the kill file is left for that"


SAYS = {"GET": "state", "POST": "seq"}  # what a daemon's answer always has
NO_ANSWER = OSError, ValueError, LookupError, TypeError, RecursionError, http.client.HTTPException


class NoDaemon(DifferenceError):
    """None answers."""


def parser(verb: str) -> Arguments:
    words = Arguments(prog=f"tradebot {verb}", description=__doc__)
    words.add_argument("--config", default="config.toml", metavar="F")
    words.add_argument("--state", metavar="DIR", help="of the daemon; default: the config's")
    words.add_argument("--json", action="store_true")
    if verb not in READING:
        words.add_argument("--by", default="", metavar="NAME", help="who you are")
        words.add_argument("--why", default="", metavar="TEXT")
    if verb in PROVEN:
        words.add_argument(
            "--wait", type=between(0, 3600, float), default=WAIT_S, metavar="S",
            help="for the proof that the account is flat; 0: do not",
        )  # fmt: skip
    return words


def main(argv: list[str]) -> int:
    verb, given = argv[0], parser(argv[0]).parse_args(argv[1:])
    state = Path(given.state) if given.state else place(Path(given.config), verb)
    if verb in READING:
        told = call(state, "GET", "/status")
        if verb == "risk":
            told = {name: told[name] for name in RISK}
        print(json.dumps(told) if given.json else READING[verb](told))
        return EXIT_OK
    if verb in NAMED and not (given.by and given.why):
        raise UsageError(f"{verb} needs --by NAME and --why TEXT")
    by = given.by or user()
    wait_s = given.wait if verb in PROVEN else 0.0
    return command(state, verb, by, given.why or verb, given.json, wait_s)


def user() -> str:
    """Who we are; a container's user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def place(config: Path, verb: str) -> Path:
    """The state it names, for a command also where it could not start a daemon: the one that runs
    was started before somebody edited it, and a kill is not refused for that."""
    try:
        return Path(configs.load(config).paths.state)
    except ConfigError:
        if verb in READING:
            raise
        with suppress(OSError, ValueError, LookupError, TypeError):
            given = os.environ.get("TRADEBOT_PATHS_STATE")
            return Path(given or tomllib.loads(config.read_text())["paths"]["state"])
        raise


def command(state: Path, verb: str, by: str, why: str, as_json: bool, wait_s: float = 0.0) -> int:
    """Hand it to the daemon; kill and rearm also work when none runs, by the kill file."""
    code = EXIT_OK
    try:
        told = call(state, "POST", "/command", {"name": verb, "by": by, "why": why})
        if wait_s:
            told |= proven(state, wait_s)
            code = EXIT_OK if told["flat"] else EXIT_NOT_FLAT
    except NoDaemon:
        if verb not in ("kill", "rearm") or (verb == "rearm" and sentinel.read(state) is None):
            raise
        by_file(state, verb, by, why)
        told = {"seq": None, "note": NOBODY[verb].format(state)}
        if verb == "kill":
            told["flat"], code = False, EXIT_NOT_FLAT
    except (PermissionError, UsageError) as error:  # a daemon may run, and look for a kill's file
        if verb != "kill":
            raise
        try:
            by_file(state, verb, by, why)
        except ConfigError:
            raise error from None
        note = UNSEEN if isinstance(error, PermissionError) else f"{error}: {UNHEARD}"
        told, code = {"seq": None, "note": note, "flat": False}, EXIT_NOT_FLAT
    said = f"{verb}: {told.get('note') or 'record'} {told['seq'] or ''}".rstrip()
    print(json.dumps(told) if as_json else said + FLAT[told.get("flat")] + elsewhere(told))
    return code


def proven(state: Path, wait_s: float) -> dict[str, Any]:
    """Does the venue show no position and no order, within so long? And what of others' it does."""
    until = time.monotonic() + wait_s
    try:
        while not (told := call(state, "GET", "/status")).get("flat"):
            if time.monotonic() >= until:
                return {"flat": False}
            time.sleep(POLL_S)
    except NoDaemon:
        return {"flat": False}  # it ended meanwhile: its own exit says how
    return {"flat": True, "others": told.get("others", 0)}


def by_file(state: Path, verb: str, by: str, why: str) -> None:
    if (state / "watch.json").exists() and not (state / "api.json").exists():
        raise UsageError(f"{state}: a watcher's copy, no daemon looks here: nothing was done")
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        if verb == "kill":
            sentinel.create(state, by, why, time.time_ns())
        else:
            sentinel.remove(state)
    except OSError as error:
        raise ConfigError(f"paths.state: {error.filename or state}: {error.strerror}") from None


def call(state: Path, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """One request to the daemon of this state directory. Raises NoDaemon when none answers."""
    try:
        file = state / "api.json"
        if method == "GET" and not file.exists():
            file = state / "watch.json"  # all that a watcher was given
        where = json.loads(file.read_text())
        link = http.client.HTTPConnection("127.0.0.1", where["port"], timeout=TIMEOUT_S)
        head = {"Authorization": f"Bearer {where['token']}", "Content-Type": "application/json"}
        link.request(method, path, json.dumps(body) if body else None, head)
        answer = link.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
        _ = told[SAYS[method] if answer.status == 200 else "error"]  # else a stranger has the port
    except NO_ANSWER as error:
        if isinstance(error, PermissionError) and error.filename:
            raise  # the file is another user's: that says nothing of the daemon
        why = "start one with `tradebot run`, or wait for the one that starts"
        if isinstance(error, TimeoutError):
            why = f"one is there, and says nothing for {TIMEOUT_S:g} s"
        raise NoDaemon(f"no daemon answers for {state}: {why}") from None
    finally:
        if "link" in locals():
            link.close()
    if answer.status != 200:
        raise UsageError(str(told["error"]))
    return told


def elsewhere(told: dict[str, Any]) -> str:
    return f", {told['others']} in other contracts left as they are" if told.get("others") else ""


def cents(amount: str | None) -> str:
    return "unknown" if amount is None else f"{Decimal(amount):.2f}"


def limits(told: dict[str, Any]) -> str:
    """A line for each rule that an entry meets."""
    head = [
        f"state      {told['state']} ({told['why']})"
        + (f", re-opened by: {told['reopens']}" if told["reopens"] else ""),
        f"equity     {cents(told['equity'])} dollars, {cents(told['budget_left'])} of budget left",
        f"limits     in {told['basis']}",
    ]
    rows = [row["says"] for row in told["rules"]]
    return "\n".join(head + tight(told) + counted(told) + rows)


def counted(told: dict[str, Any]) -> list[str]:
    return [
        f"limit      {row['rule']}: {row['used']} of {row['limit']} used, {row['left']} left"
        for row in told["counts"]
    ]


def tight(told: dict[str, Any]) -> list[str]:
    """What admits less than usual, who did that, and what ends it."""
    return [
        f"tightened  {row['reason']} by {row['by']}: {row['why']}; ends: {row['reopens']}"
        for row in told["tightened"]
    ]


def screen(told: dict[str, Any]) -> str:
    held = f"{told['position']:+d} @ {told['average']}" if told["position"] else "flat"
    rows = [
        f"state      {told['state']} ({told['why']}), {'ready' if told['ready'] else 'starting'}"
        + (f", re-opened by: {told['reopens']}" if told["reopens"] else ""),
        *tight(told),
        f"position   {held}, price {told['price']}{elsewhere(told)}",
        f"equity     {cents(told['equity'])} dollars, realised {cents(told['realised'])}",
        f"budget     {cents(told['budget_left'])} dollars left, limits in {told['basis']}",
        *(
            f"limit      {row['rule']}: {cents(row['used'])} of {cents(row['limit'])} used, "
            f"{cents(row['left'])} left"
            for row in told["limits"]
        ),
        *counted(told),
        *(
            f"order      {row['tag']} {row['purpose']} {row['side']:+d} x {row['left']}"
            f" at {row['price'] or 'market'}, {row['life']}"
            for row in told["orders"]
        ),
        "actors     " + ", ".join(f"{k} {v['waiting']}" for k, v in told["actors"].items()),
    ]
    return "\n".join(rows)


READING = {"status": screen, "risk": limits}

"""tradebot cross-validate: what a model made this way is worth, on every part of the history.

Combinatorial purged cross-validation: of N parts each choice of K is traded by a model that learned
from the others, without the bars whose labels touch a test or that follow one within the embargo.
The tests make several paths through the history. With --out each path is a run for `report`.
"""

import json
import os

from cli.arguments import Arguments, between
from cli.progress import spoken
from cli.report import plain
from cli.results import ours, writing
from cli.walk_forward import lessons, rows_of, shown, way_of
from core import config as configs
from core.errors import EXIT_DIFFERENCE, EXIT_OK, UsageError


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    config = configs.load(given.config)
    try:
        from research import bars, cross, history, runs, sources
    except ModuleNotFoundError as error:
        raise UsageError(f"this needs {error.name}: run `make research`") from None
    with ours(given.out):
        with sources.reading(given.data):
            rows = bars.within(history.sound(rows_of(given, config).collect()), given.hours)
        way = way_of(given, config)
        shape = cross.Shape(given.groups, given.tests)
        with spoken() as told:
            paths = cross.crossed(rows, shape, way, told)
        found = cross.summary(paths, shape)
        with writing(given.out):
            for number, path in enumerate(paths, 1):
                runs.write(given.out / f"path-{number}", path)
    told_each = [plain(each) for each in found.pop("each")]
    if given.json:
        print(json.dumps(plain(found) | {"each": told_each}))
    else:
        print("\n".join(f"{name:<26}{shown(value)}" for name, value in found.items()))
        print("\n".join(line(number, each) for number, each in enumerate(told_each, 1)))
    return EXIT_OK if found["paths_with_enough_trades"] else EXIT_DIFFERENCE


def line(number: int, each: dict[str, object]) -> str:
    return f"path {number:<21}" + ", ".join(f"{name} {shown(v)}" for name, v in each.items())


def parser() -> Arguments:
    words = lessons("tradebot cross-validate", __doc__, "cross")
    words.add_argument("--groups", type=between(2, 12, int), default=6, metavar="N")
    words.add_argument("--tests", type=between(1, 11, int), default=2, metavar="K")
    return words

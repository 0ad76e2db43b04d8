"""tradebot collect: record the venue's market as tapes, one a trade date."""

from pathlib import Path

import orjson

from cli.arguments import Arguments, between
from cli.run import chosen, runner
from core import config as configs
from core.errors import EXIT_OK
from daemon.stopping import Stopping


def parser() -> Arguments:
    words = Arguments(prog="tradebot collect", description=__doc__)
    words.add_argument("--config", default="config.toml", metavar="F")
    words.add_argument("--out", type=Path, default=Path("data/collected"), metavar="DIR")
    words.add_argument(
        "--part-s", type=between(0.1, 3600, float), default=60.0, metavar="S",
        help="write what came so often: what a kill may lose",
    )  # fmt: skip
    words.add_argument("--mode", choices=("sim", "live"))
    words.add_argument("--tape", metavar="F", help="market data to replay in sim mode")
    words.add_argument(
        "--speed", type=between(0, 10**6, float), metavar="X",
        help="tape seconds per second; 0 = max",
    )  # fmt: skip
    words.add_argument("--json", action="store_true", help="one JSON object on stdout at the end")
    words.set_defaults(state=None, wal=None)
    return words


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    config = chosen(configs.load(Path(given.config)), given)
    stopping = Stopping()
    stopping.hear_signals(given.out)
    from daemon import collect, logs

    logs.start(json_only=given.json, quiet=False)
    options = collect.Options(Path(given.config), given.out, given.part_s)
    told = runner()(collect.collect(config, options, stopping))
    if given.json:
        print(orjson.dumps(told).decode(), flush=True)
        return EXIT_OK
    print(f"{told['events']} events recorded")
    for path in told["tapes"]:
        print(path, flush=True)
    return EXIT_OK

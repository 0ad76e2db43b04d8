"""tradebot: one verb, one file. Errors of the user are one line on stderr and an exit code."""

import sys
from collections.abc import Callable
from importlib import import_module

from core.errors import EXIT_USAGE, TradebotError

# verb: (module, what it does). Imported only when asked for, so that each verb starts fast.
VERBS: dict[str, tuple[str, str]] = {
    "run": ("cli.run", "the daemon in the foreground"),
    "gateway": ("cli.gateway", "the TopstepX gateway simulator"),
    "status": ("cli.control", "what the daemon believes"),
    "pause": ("cli.control", "no new entries"),
    "resume": ("cli.control", "entries again"),
    "flatten": ("cli.control", "cancel all, close the position, no new entries"),
    "kill": ("cli.control", "flatten, and stay halted until re-armed, also over restarts"),
    "rearm": ("cli.control", "end a halt: needs --by and --why"),
    "explain": ("cli.explain", "why something was done, or not"),
    "replay": ("cli.replay", "decide a log again with this code, and compare"),
    "wal": ("cli.wal", "verify, tail or count the log"),
    "train": ("cli.train", "fit the model on tapes"),
    "backtest": ("cli.backtest", "the same stages on a tape, without a gateway"),
    "doctor": ("cli.doctor", "check config, clock, disk, credentials, model, venue"),
}


def usage() -> str:
    rows = "\n".join(f"  {verb:<10} {text}" for verb, (_, text) in VERBS.items())
    return f"usage: tradebot VERB [options]   (tradebot VERB --help)\n\n{rows}"


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help"):
        print(usage())
        return 0 if argv else EXIT_USAGE
    verb, *rest = argv
    if verb not in VERBS:
        print(f"tradebot: no such verb: {verb}\n{usage()}", file=sys.stderr)
        return EXIT_USAGE
    act: Callable[..., int] = import_module(VERBS[verb][0]).main
    try:
        return act(argv if VERBS[verb][0] == "cli.control" else rest)
    except TradebotError as error:
        print(f"tradebot: {error}", file=sys.stderr)
        return error.code
    except BrokenPipeError:
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())

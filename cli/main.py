"""tradebot: one verb, one file. Errors of the user are one line on stderr and an exit code."""

import errno
import sys
from collections.abc import Callable
from importlib import import_module
from types import TracebackType

from cli.streams import prepare, silence, unheard
from core.errors import EXIT_INTERNAL, EXIT_OK, EXIT_USAGE, TradebotError, UsageError

# verb: (module, what it does). Imported only when asked for, so that each verb starts fast.
VERBS: dict[str, tuple[str, str]] = {
    "run": ("cli.run", "the daemon in the foreground"),
    "gateway": ("cli.gateway", "the TopstepX gateway simulator"),
    "status": ("cli.control", "what the daemon believes"),
    "risk": ("cli.control", "every limit: used, left, and what re-opens entries"),
    "pause": ("cli.control", "no new entries"),
    "resume": ("cli.control", "entries again"),
    "flatten": ("cli.control", "cancel all, close the position, no new entries"),
    "kill": ("cli.control", "flatten, and stay halted until re-armed, also over restarts"),
    "rearm": ("cli.control", "end a halt: needs --by and --why"),
    "enable": ("cli.control", "a strategy that repeated itself, again: needs --by and --why"),
    "ack": ("cli.control", "say that you have seen an alert"),
    "review": ("cli.review", "limits, hits, overrides and evidence, from the log"),
    "explain": ("cli.explain", "why something was done, or not"),
    "replay": ("cli.replay", "decide a log again with this code, and compare"),
    "wal": ("cli.wal", "verify, tail, count or pack the log"),
    "collect": ("cli.collect", "record the venue's market as tapes"),
    "synth": ("cli.synth", "make synthetic seconds of the market, as many as you like"),
    "validate": ("cli.validate", "what is wrong with recorded market data"),
    "download": ("cli.download", "fetch history: databento, ccxt, topstepx"),
    "train": ("cli.train", "fit the model on tapes"),
    "backtest": ("cli.backtest", "the same stages on a tape, without a gateway"),
    "walk-forward": ("cli.walk_forward", "learn and test month by month, on months nobody saw"),
    "cross-validate": ("cli.cross_validate", "the same on every part, by models of the others"),
    "optimise": ("cli.optimise", "search stop, target, confidence and risk, held out once"),
    "report": ("cli.report", "a run as one HTML page: what it is worth, and why"),
    "features": ("cli.features", "how the features hang together, and which the model uses"),
    "gate": ("cli.gate", "what must be proven before live mode, and what is"),
    "doctor": ("cli.doctor", "check config, clock, disk, credentials, model, venue"),
}

EXIT_INTERRUPTED = 130  # what shells expect after Ctrl-C
MENDED_BY_USER = {  # wherever it was met
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS,
    errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR, errno.ENOTDIR,
}  # fmt: skip


def usage() -> str:
    rows = "\n".join(f"  {verb:<14} {text}" for verb, (_, text) in VERBS.items())
    return f"usage: tradebot VERB [options]   (tradebot VERB --help)\n\n{rows}"


def main(argv: list[str] | None = None) -> int:
    if argv is None:
        prepare()
        sys.excepthook, argv = fail, sys.argv[1:]
    try:
        code = answer(argv)
        sys.stdout.flush()
    except TradebotError as error:
        complain(str(error))
        return error.code
    except PermissionError as error:
        complain(f"{error.filename or argv[0]}: {error.strerror}: run it as the daemon's user")
        return EXIT_USAGE
    except OSError as error:
        if error.errno not in MENDED_BY_USER:
            raise
        where = error.filename if isinstance(error.filename, str) else argv[0]
        complain(f"{where}: {error.strerror}")
        return EXIT_USAGE
    except UnicodeEncodeError as error:
        if error.reason != "surrogates not allowed":
            raise
        complain(f"{argv[0]}: a name that is not UTF-8: rename the file")
        return EXIT_USAGE
    except KeyboardInterrupt:
        complain(f"{argv[0]} was interrupted")
        return EXIT_INTERRUPTED
    why = unheard(sys.stdout)
    if why and not isinstance(why, BrokenPipeError):  # whose reader has seen enough
        complain(f"stdout: {why.strerror}: not all that there is to say could be written")
    return code


def answer(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(usage(), file=sys.stdout if argv else sys.stderr)
        return EXIT_OK if argv else EXIT_USAGE
    verb, *rest = argv
    if verb not in VERBS:
        raise UsageError(f"no such verb: {verb}: see tradebot --help")
    act: Callable[..., int] = import_module(VERBS[verb][0]).main
    return act(argv if VERBS[verb][0] == "cli.control" else rest)


def complain(text: str) -> None:
    """Whoever takes it or not: the exit code is what a supervisor goes by."""
    try:
        print(f"tradebot: {text}", file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def fail(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A defect of ours: its trace for whoever mends it, and an exit that is no verb's answer. Of
    one Ctrl-C that is heard twice, as beside polars, the second comes here."""
    if kind is KeyboardInterrupt:
        complain("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    sys.__excepthook__(kind, error, trace)
    sys.exit(EXIT_INTERNAL)


if __name__ == "__main__":
    sys.exit(main())

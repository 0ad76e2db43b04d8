"""Coverage-guided fuzzing of one parser: `python -m tests.fuzz NAME SECONDS`. Needs atheris.

What it finds it writes to build/fuzz/crash-...; put that into `tests/fuzz/finds/NAME/` to keep it.
"""

import random
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["venues", "storage", "core", "tomllib", "signalrcore"]):
    from tests.fuzz.mutate import values
    from tests.fuzz.seeds import seeds
    from tests.fuzz.targets import TARGETS

BUILD = Path("build/fuzz")
LENGTH_MAX = 16_384


def main() -> None:
    name, seconds = sys.argv[1], int(sys.argv[2])
    corpus = BUILD / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed[:LENGTH_MAX])
    words = BUILD / "words"
    words.write_text("".join(f'"{word}"\n' for word in WORDS))
    options = [
        f"-max_total_time={seconds}", f"-max_len={LENGTH_MAX}", f"-artifact_prefix={BUILD}/",
        f"-dict={words}", "-rss_limit_mb=2048", "-timeout=10", "-verbosity=0",
        "-print_final_stats=1",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name], custom_mutator=mutate)
    atheris.Fuzz()


def mutate(data: bytes, size_max: int, seed: int) -> bytes:
    """Half of the time a value, half of the time bytes."""
    rng = random.Random(seed)
    if rng.random() < 0.5:
        return values(data, rng)[:size_max]
    return bytes(atheris.Mutate(data, size_max))


WORDS = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1", "0", "null", "true", r"\\ud800", r"\\u0000",
    "1e-400", "9223372036854775808", "bestBid", "bestAsk", "price", "volume", "timestamp", "data",
    "success", "errorCode", "orders", "positions", "customTag", r"\x1e", "[[[[[[[[", "{}", "+00:00",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "2026-W47-5", "inf", "nan", "'''", "[[",
)  # fmt: skip


if __name__ == "__main__":
    main()

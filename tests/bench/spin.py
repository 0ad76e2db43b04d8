"""What the machine does now: a fixed loop of arithmetic beside all other figures."""

import time

from tests.bench.bench_wal import percentiles

ROUNDS = 5_000


def spin() -> int:
    total = 0
    for number in range(500):
        total += number
    return total


def often(work, *given) -> tuple[float, float]:
    samples = []
    for number in range(ROUNDS):
        began = time.perf_counter_ns()
        work(*(make(number) for make in given))
        samples.append((time.perf_counter_ns() - began) / 1e3)
    return percentiles(samples)

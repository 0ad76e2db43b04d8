"""Evidence of this build for `tradebot gate`: python -m tests.evidence [ITEM ...]

Runs the tests that prove an item, the benchmark of the order path, or with `coverage` every test,
and writes `[live] evidence`/ITEM.json; exit 1 if it is not enough. A test that was skipped proves
nothing and counts as failed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from core import config as configs
from daemon import golive
from daemon.build import PACKAGES, build
from daemon.main import commit

ROOT = Path(__file__).parents[1]
PROVEN_BY = {
    "limits": (
        "tests/test_controls.py", "tests/core/test_ceilings.py", "tests/actors/test_risk.py",
        "tests/actors/test_risk_edges.py", "tests/actors/test_risk_properties.py",
        "tests/actors/test_pretrade.py", "tests/actors/test_controls.py",
        "tests/actors/test_throttles.py", "tests/actors/test_budget.py",
        "tests/actors/test_guard.py", "tests/actors/test_today.py", "tests/actors/test_streaks.py",
        "tests/actors/test_breakers.py", "tests/actors/test_sizing.py",
        "tests/actors/test_firm.py", "tests/actors/test_standing.py",
    ),
    "end_of_day": (
        "tests/actors/test_day_end.py", "tests/actors/test_exit_time.py",
        "tests/actors/test_late_entries.py", "tests/actors/test_reduction.py",
        "tests/core/test_sessions.py", "tests/core/test_steps.py",
    ),
    "lookahead": (
        "tests/indicators/test_kernels.py", "tests/research/test_targets.py",
        "tests/research/test_folds.py", "tests/research/test_purged.py",
        "tests/research/test_cross.py", "tests/research/test_walk.py",
    ),
    "reconnection": (
        "tests/venues/topstepx/test_links.py", "tests/venues/topstepx/test_tokens.py",
        "tests/venues/topstepx/test_client.py", "tests/daemon/test_reach.py",
        "tests/actors/test_recovery.py", "tests/actors/test_recovery_edges.py",
        "tests/simulation/test_stress.py", "tests/test_crash.py",
    ),
    "kill_switch": (
        "tests/simulation/test_kill.py", "tests/daemon/test_gate.py",
        "tests/daemon/test_watches.py", "tests/actors/test_states.py",
        "tests/actors/test_rearming.py",
    ),
}  # fmt: skip
PYTEST = ("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider")
Values = dict[str, float | None]


def tested(files: tuple[str, ...]) -> Values:
    """How many of their tests passed, and how many did not."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        words = [sys.executable, *PYTEST, f"--junitxml={told}", *files]
        subprocess.run(words, cwd=ROOT, check=False)
        return counted(told.read_text()) if told.is_file() else {"tests": 0.0, "failed": 1.0}


def counted(junit: str) -> Values:
    suite = ElementTree.fromstring(junit)[0]
    number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"] + number["skipped"]
    return {"tests": float(number["tests"] - failed), "failed": float(failed)}


def timed() -> Values:
    """The slowest of the measured ways, by its p99."""
    from tests.bench import bench_path, bench_stages

    stages, path = bench_stages.run(), bench_path.run()
    ways = [us for name, us in path.items() if name.startswith("bar_to_order") and "_p99" in name]
    features = max(stages["features_p99_us"], stages["features_live_p99_us"])
    return {"features_p99_ms": features / 1e3, "path_p99_ms": max(ways) / 1e3}


def covered() -> Values:
    """Percent of the lines of the program that all its tests run; unknown if one fails."""
    with tempfile.TemporaryDirectory() as folder:
        held, told = f"--data-file={folder}/held", Path(folder) / "told.json"
        source = f"--source={','.join(PACKAGES)}"
        coverage = [sys.executable, "-m", "coverage"]
        words = [*coverage, "run", held, source, *PYTEST, "tests"]
        if subprocess.run(words, cwd=ROOT, check=False).returncode:
            return {"percent": None}
        subprocess.run([*coverage, "json", "-q", held, "-o", str(told)], cwd=ROOT, check=True)
        return {"percent": json.loads(told.read_text())["totals"]["percent_covered"]}


def measured(item: str) -> Values:
    if item in PROVEN_BY:
        return tested(PROVEN_BY[item])
    return timed() if item == "latency" else covered()


def main(argv: list[str]) -> int:
    ours = [name for name, item in golive.ITEMS.items() if item.of == golive.BUILD]
    words = argparse.ArgumentParser(prog="python -m tests.evidence", description=__doc__)
    words.add_argument(
        "items", nargs="*", choices=[*ours, []], metavar="ITEM", help=", ".join(ours)
    )
    words.add_argument("--config", type=Path, default=Path("config.toml"), metavar="F")
    given = words.parse_args(argv)
    folder, before = Path(configs.load(given.config).live.evidence), build()
    lacking = 0
    for item in given.items or ours:
        values = measured(item)
        build.cache_clear()
        if build() != before:
            raise SystemExit("the source changed meanwhile: nothing is proven of it")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        how = f"python -m tests.evidence {item}"
        proof = golive.Evidence(item, at, commit(), how, golive.BUILD, before, values)
        golive.write(folder / f"{item}.json", proof)
        met = all(golive.holds(values, rule) for rule in golive.ITEMS[item].rules)
        lacking += not met
        print(f"{item:<14}{'enough' if met else 'NOT ENOUGH'}  {json.dumps(values)}", flush=True)
    return int(lacking > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

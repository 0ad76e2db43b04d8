"""Every `bench_*.py` beside this file has a `run()` that gives numbers by name: print them all."""

import argparse
import json
from importlib import import_module
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("only", nargs="*", help="names without bench_ and .py; all if none")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = sorted(path.stem[6:] for path in Path(__file__).parent.glob("bench_*.py"))
    results = {}
    for name in chosen.only or found:
        results[name] = import_module(f"tests.bench.bench_{name}").run()
        if not chosen.json:
            for key, value in results[name].items():
                print(f"{name:<12} {key:<34} {value:>14,.2f}", flush=True)
    if chosen.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()

"""The house rules, kept by a test: who may import whom, how long, and what is banned."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = (
    {"core"},
    {"indicators", "venues", "storage"},
    {"strategies"},
    {"actors"},
    {"daemon", "research"},
    {"cli", "dashboard"},
)
FLOOR = {package: height for height, packages in enumerate(FLOORS) for package in packages}
PURE = {"core", "strategies", "indicators", "actors"}
IMPURE_BY_NAME = {"core/clock.py", "core/config.py"}
BANNED_WHEN_PURE = {
    "asyncio", "time", "random", "os", "socket", "pathlib", "logging", "threading", "uuid",
    "secrets",
}  # fmt: skip
FOR_RESEARCH = {
    "polars", "pandas", "plotly", "databento", "databento_dbn", "ccxt", "lightgbm", "optuna",
    "quantstats", "empyrical", "skfolio", "scipy", "sklearn", "onnx", "torch", "requests",
}  # fmt: skip
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
BANNED_EVERYWHERE = {"pickle", "joblib", "dill", "shelve", "marshal"}
BROAD_EXCEPT_ALLOWED = {"daemon/supervisor.py", "daemon/turns.py"}
LINES_PER_FILE, LINES_PER_FUNCTION, COLUMNS = 250, 50, 100

FILES = sorted(path for package in FLOOR for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def name(path):
    return str(path.relative_to(ROOT))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def broad(handler):
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return bool({"Exception", "BaseException"} & names)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_go_down_a_floor(path):
    package = path.relative_to(ROOT).parts[0]
    names = set(imported(ast.parse(path.read_text())))
    higher = {n for n in names if FLOOR.get(n, -1) >= FLOOR[package] and n != package}
    assert not higher, f"imports a neighbour or a higher floor: {higher}"
    assert not names & BANNED_EVERYWHERE
    if package in PURE and name(path) not in IMPURE_BY_NAME:
        assert not names & BANNED_WHEN_PURE, names & BANNED_WHEN_PURE


@pytest.mark.parametrize("path", FILES, ids=name)
def test_only_the_supervisor_catches_everything(path):
    if name(path) in BROAD_EXCEPT_ALLOWED:
        return
    handlers = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ExceptHandler)
    ]
    assert not [handler.lineno for handler in handlers if broad(handler)]


@pytest.mark.parametrize("path", FILES + TESTS, ids=name)
def test_files_and_functions_are_short(path):
    text = path.read_text()
    assert text.count("\n") <= LINES_PER_FILE
    lines = [line.partition("  # type: ignore")[0] for line in text.splitlines()]
    assert not [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < LINES_PER_FUNCTION, node.name


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_file_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert not tree.body or ast.get_docstring(tree)


def test_only_the_gateway_actor_may_reach_a_venue_client():
    reaching = {
        name(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "venues.topstepx.client"
    }
    assert reaching == {"daemon/gateway.py"}  # tests/daemon/test_gate.py has the rest


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.relative_to(ROOT).parts[0] != "research"], ids=name
)
def test_packages_for_months_of_data_stay_out_of_the_daemon(path):
    """Research may import them; a verb of it only in a function: the others start fast."""
    tree = ast.parse(path.read_text())
    if path.relative_to(ROOT).parts[0] == "cli":
        tree.body = [node for node in tree.body if not isinstance(node, FUNCTIONS)]
    assert not set(imported(tree)) & FOR_RESEARCH

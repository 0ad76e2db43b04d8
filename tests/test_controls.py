"""docs/controls.md tells the truth: what it names exists. And what a control promises of a log."""

import ast
import re
from pathlib import Path

import pytest

from cli.logs import records_of
from core import messages as m
from core.reasons import Reason
from core.terms import Purpose
from tests.build import CONFIG
from tests.data.stored import NAMES, unpack

ROOT = Path(__file__).parents[1]
ROWS = re.findall(r"^\| (\d+) \|(.*)\|$", (ROOT / "docs/controls.md").read_text(), re.MULTILINE)
TABLE = {int(number): [cell.strip() for cell in cells.split("|")] for number, cells in ROWS}


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def defined(path):
    return {
        node.name
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def test_all_33_are_there():
    assert sorted(TABLE) == list(range(1, 34))


@pytest.mark.parametrize("number", sorted(TABLE))
def test_what_a_row_names_exists(number):
    _, reasons, keys, code, test = TABLE[number]
    for reason in re.findall(r"[A-Z]+(?:_[A-Z]+)+", reasons):
        assert reason in Reason.__members__
    for key in names(keys):
        section, name = key.split(".")
        assert hasattr(getattr(CONFIG, section), name), key
    assert names(code) and names(test)
    for place in names(code) + names(test):
        path, name = place.split(":")
        assert name in defined(path), place


@pytest.mark.parametrize("which", NAMES)
def test_every_order_of_a_real_log_leads_to_strategy_model_and_run(tmp_path, which):
    runs, wishes, orders = {}, {}, []
    for record in records_of(unpack(which, tmp_path)):
        match record.message:
            case m.RunStarted(run=run) as start:
                runs[run] = start
            case m.Intent(id=name) as wish:
                wishes[name] = wish
            case m.PlaceOrder() as order:
                orders.append(order)
    assert orders
    for order in orders:
        start = runs[order.tag.rpartition("-")[0]]
        assert start.config_sha256
        if order.purpose is Purpose.ENTRY:
            wish = wishes[order.intent]
            assert wish.strategy == start.settings.signals.strategy
            assert start.model_sha256 or wish.strategy != "model"

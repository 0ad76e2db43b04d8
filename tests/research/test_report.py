"""The page: opened in a real browser, it asks nobody, complains of nothing, and fits."""

import json
import re

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from research import figures, report, runs
from research.metrics import drawdowns
from research.runs import Run, empty
from tests.research import random_runs
from tests.research.browser import browser

SCREENS = {
    "a desk": {"width": 1280}, "a phone": {"width": 390, "height": 844, "phone": True},
    "a desk at night": {"width": 1280, "dark": True},
}  # fmt: skip
FOLDS = [(1, "2023-01-01", "2023-07-01", "2023-08-01", "2024-01-02", "2024-02-01", 90, 1.5, 0.5,
          None, False)]  # fmt: skip
HOSTILE = '</script><script>alert(1)</script>"&<b>'
NOTHING = Run(1000.0, empty(runs.TRADES), empty(runs.EQUITY))


def whole():
    run = random_runs.run(4, 400)
    return replace(run, folds=pl.DataFrame(FOLDS, runs.FOLDS, orient="row"))


@pytest.mark.browser
async def test_it_opens_in_a_browser_without_a_request_or_a_complaint(tmp_path):
    file = tmp_path / "report.html"
    file.write_text(report.build(HOSTILE, whole()))
    async with browser(tmp_path / "profile") as page:
        for name, screen in SCREENS.items():
            await page.open(file, **screen)
            wide = await page.value("document.documentElement.scrollWidth - innerWidth")
            drawn = await page.value("document.querySelectorAll('.plot .main-svg').length")
            empty_plots = await page.value(
                "[...document.querySelectorAll('.plot')].filter((p) => !p.children.length).length"
            )
            assert wide <= 0 and drawn and not empty_plots, name
            assert await page.value("document.title") == HOSTILE
        await page.paper(tmp_path / "report.pdf")
        asked = [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))]
        assert (asked, page.complaints) == ([], [])
    pages = (tmp_path / "report.pdf").read_bytes().count(b"/Type /Page\n")
    assert 3 <= pages <= 8


def test_the_same_run_gives_the_same_bytes():
    assert report.build("one", whole()) == report.build("one", whole())


def test_every_section_is_there_and_every_figure_has_its_place():
    text = report.build("one", whole())
    heads = re.findall(r"<h2>(.*?)</h2>", text)
    assert heads == ["Equity", "Drawdown", "Folds", "Trades", "Days", "Hours", "Costs",
                     "Calibration", "Carrying out"]  # fmt: skip
    drawn = json.loads(re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)[1])
    assert set(drawn) == set(re.findall(r'<div id="(\w+)" class="plot', text))
    assert "too few trades" in text


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_run_of_hardly_any_trade_has_a_page(count):
    run = random_runs.run(1, count) if count else NOTHING
    assert "Net" in report.build("little", run)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, "$", "—"), (float("nan"), "", "—"), (-1234.5, "$", "−$1,234.50"),
        (0.1234, "%", "12.3%"), (-0.5, "%", "−50.0%"), (90_061, "s", "1 d 1 h"),
        (float("inf"), "", "∞"), (3661, "s", "1 h 1 min"), (1234, "n", "1,234"),
    ],
)  # fmt: skip
def test_numbers_are_told_as_a_person_reads_them(value, unit, words):
    assert report.shown(value, unit) == words


def test_a_long_line_is_thinned_without_losing_an_extreme():
    values = np.cumsum(np.random.default_rng(1).normal(size=200_000))
    places = figures.thin(values)
    assert len(places) <= figures.POINTS + 2
    assert (places[0], places[-1]) == (0, len(values) - 1)
    assert values[places].max() == values.max() and values[places].min() == values.min()
    deepest = drawdowns(places, 1e4 + values[places])[0].dollars
    assert deepest == pytest.approx(drawdowns(np.arange(len(values)), 1e4 + values)[0].dollars)


def test_an_honest_model_lies_on_the_diagonal_and_a_boaster_below_it():
    sure, right, _ = figures.answers(random_runs.run(2, 10))
    table = figures.levels(sure, right)
    assert figures.calibration_error(table) < 0.04
    boast = figures.levels(np.minimum(sure + 0.3, 1.0), right)
    assert figures.calibration_error(boast) > 0.2
    assert table["count"].sum() == len(sure)

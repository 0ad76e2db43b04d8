"""The study of the features: what is known of invented models and of other libraries is found."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.stats import spearmanr
from sklearn.metrics import balanced_accuracy_score, log_loss

from core.errors import UsageError
from indicators.schema import NAMES
from research import importance, importance_page
from research.dataset import Dataset
from research.windows import Windows
from storage.model import Model
from tests.research.browser import browser
from tests.research.learnable import learnable

TWIN, OTHER, STUCK = 3, 17, 20  # columns


def seen(count=600, seed=1):
    """Seconds of noise, in which one column is the copy of another and one is constant."""
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (count, len(NAMES)))
    x[:, OTHER], x[:, STUCK] = x[:, TWIN], 0.25
    at = 1_700_000_000 * 10**9 + np.arange(count) * 10**9
    close = np.cumsum(random.integers(-2, 3, count)) + 20_000
    nothing = np.zeros(count, np.int64)
    return Dataset(at, x, nothing == 0, close, nothing, nothing == 1)


def model(predict, length=1):
    return Model(SimpleNamespace(seq_len=length), "", None, predict)


def by(*columns):
    """Logits from the mean of these columns, of the last second."""

    def predict(x):
        value = 3.0 * x.reshape(len(x), -1, len(NAMES))[:, -1, list(columns)].mean(axis=1)
        return np.stack([-value, np.zeros(len(x)), value], axis=1).astype(np.float32)

    return predict


def rows(label_of, count=3000):
    """Rows of noise with a twin, labelled by what they hold."""
    x = np.random.default_rng(7).uniform(-1, 1, (count, len(NAMES))).astype(np.float32)
    x[:, OTHER] = x[:, TWIN]
    label = 1 + np.sign(np.round(1.5 * label_of(x))).astype(np.int64)
    return Windows(x, np.arange(count), 1, label, label - 1.0)


def permuted(predict, given, chosen, seed=1):
    return importance.permuted(predict, given, chosen, seed, 4, lambda words: None)


def study(seed=1, predict=None):
    answers = model(predict or by(0, 1))
    return importance.study([seen()], answers, (30, 3.0), seed, 3, lambda words: None)


ALONE = [[column] for column in range(len(NAMES))]


def test_correlations_are_those_of_numpy_and_scipy():
    random = np.random.default_rng(3)
    x = np.round(random.normal(size=(500, 8)) @ random.normal(size=(8, 8)), 1)  # with ties
    pearson, spearman = importance.correlations(x)
    np.testing.assert_allclose(pearson, np.corrcoef(x.T), atol=1e-9)
    np.testing.assert_allclose(spearman, spearmanr(x).statistic, atol=1e-9)


def test_a_constant_feature_correlates_with_nothing_and_spoils_no_other():
    found = study()
    assert found.constant == [STUCK]
    for matrix in (found.pearson, found.spearman):
        assert np.isnan(matrix[STUCK]).all() and np.isnan(matrix[:, STUCK]).all()
        assert np.isnan(matrix).sum() == 2 * len(NAMES) - 1
    assert not found.alone[STUCK].any()


def test_only_what_the_model_looks_at_has_an_importance():
    _, worse = permuted(by(5, 9), rows(lambda x: x[:, 5] + x[:, 9]), ALONE)
    used = [5, 9]
    assert (worse[used] > 0).all()
    assert (np.delete(worse, used, axis=0) == 0).all()


def test_twins_look_weak_alone_and_are_strong_together():
    _, worse = permuted(
        by(TWIN, OTHER), rows(lambda x: x[:, TWIN]), [[TWIN], [OTHER], [TWIN, OTHER]]
    )
    alone, other, together = worse.mean(axis=1)
    assert (alone > 0).all() and (other > 0).all()
    assert (alone < together / 3).all() and (other < together / 3).all()


def test_features_that_go_together_are_shuffled_by_one_order():
    """Twins stay twins: a model that looks only at their difference sees no difference."""

    def apart(x):
        gap = 9.0 * (x[:, TWIN] - x[:, OTHER])
        return np.stack([-gap, np.zeros(len(x)), gap], axis=1)

    _, worse = permuted(apart, rows(lambda x: x[:, 0]), [[TWIN, OTHER], [TWIN]])
    assert not worse[0].any() and worse[1, :, 0].all()


def test_the_losses_are_those_of_scikit_learn():
    given = rows(lambda x: x[:, 2] + 0.4 * x[:, 4])
    logits = by(2, 8)(given.take(np.arange(len(given)))).astype(np.float64)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    before, _ = permuted(by(2, 8), given, [])
    assert before[0] == pytest.approx(log_loss(given.label, chances), abs=1e-9)
    right = balanced_accuracy_score(given.label, chances.argmax(axis=1))
    assert before[1] == pytest.approx(right, abs=1e-12)


def test_a_class_that_was_called_impossible_costs_much_but_not_infinity():
    lost, _ = importance.judged(np.array([[900.0, 0.0, 0.0]]), np.array([2]))
    assert lost == pytest.approx(-np.log(1e-12))


def test_batches_change_nothing(monkeypatch):
    given = rows(lambda x: x[:, 5])
    whole = permuted(by(5, 9), given, [[5], [6]])
    monkeypatch.setattr(importance, "BATCH", 701)
    for one, other in zip(whole, permuted(by(5, 9), given, [[5], [6]]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_what_a_feature_is_worth_does_not_depend_on_which_others_are_asked_for():
    given = rows(lambda x: x[:, 5])
    many, one = (permuted(by(5, 9), given, chosen)[1] for chosen in (ALONE, [[5]]))
    assert (many[5] == one[0]).all()


def test_a_model_of_several_seconds_has_whole_windows_shuffled():
    """One that looks for a second that is missing from a count finds none."""

    def counting(x):
        value = 9.0 * x[:, -1, 0] + np.abs(x[:, -1, 1] - x[:, 0, 1] - 4.0)
        return np.stack([-value, np.zeros(len(x)), value], axis=1)

    given = learnable(2000, 1, 5)
    given.table[:, 1] = np.arange(len(given.table))
    _, worse = permuted(counting, given, ALONE)
    assert (worse[0] > 0.3).all() and not worse[1:].any()


def test_pairs_are_the_strongest_first_and_a_chain_is_one_group():
    strong = np.eye(6)
    for a, b, value in ((4, 1, 0.92), (1, 2, 0.97), (0, 5, 0.91), (2, 3, 0.9)):
        strong[a, b] = strong[b, a] = value
    assert importance.pairs(strong) == [(1, 2), (1, 4), (0, 5)]
    assert importance.grouped(strong) == [[0, 5], [1, 2, 4]]


def test_a_pair_is_strong_by_either_correlation_and_either_sign():
    pearson, spearman = np.array([[1.0, -0.95], [-0.95, 1.0]]), np.eye(2)
    for one in ((pearson, spearman), (spearman, pearson)):
        assert importance.pairs(importance.strength(*one)) == [(0, 1)]


def test_a_profile_knows_the_bounds_of_each_feature():
    x = np.array([[0.0, 0.0], [0.0, -1.0], [0.9995, 0.9995], [0.5, -0.9995]])
    found = importance.profile(x, np.array([0.0, -1.0]))
    assert found[:, 2].tolist() == [0.75, 0.75]
    np.testing.assert_allclose(found[:, 0], x.mean(axis=0))
    np.testing.assert_allclose(found[:, 1], x.std(axis=0))
    np.testing.assert_allclose(found[:, 3:].T, np.quantile(x, [0.01, 0.5, 0.99], axis=0))


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not():
    pages = [importance_page.build("one", "", study(seed), []) for seed in (1, 1, 2)]
    assert pages[0] == pages[1] != pages[2]


def test_the_page_holds_every_name_and_every_figure_has_its_place():
    text = importance_page.build("one", "about", study(), ["Beware <of> it."])
    drawn = json.loads(re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)[1])
    assert set(drawn) == set(re.findall(r'<div id="(\w+)" class="plot', text))
    for figure in drawn.values():
        assert set(figure["traces"][0]["y"]) == set(NAMES)
    cells = re.findall(r"<tr><td>(\w+)(?: \(constant\))?</td>", text)
    assert cells == list(NAMES)
    assert f"{NAMES[STUCK]} (constant)" in text and f"{NAMES[TWIN]}, {NAMES[OTHER]}" in text
    assert "Beware &lt;of&gt; it." in text and "nan" not in re.sub("(?s)<script.*", "", text)


@pytest.mark.browser
async def test_the_page_fits_a_phone_and_a_desk_without_a_request_or_a_complaint(tmp_path):
    file = tmp_path / "features.html"
    file.write_text(importance_page.build("one", "about", study(), []))
    async with browser(tmp_path / "profile") as page:
        for screen in ({"width": 1280}, {"width": 390, "height": 844, "phone": True}):
            await page.open(file, **screen)
            assert await page.value("document.documentElement.scrollWidth - innerWidth") <= 0
            labels = "document.querySelectorAll('#correlation .tick_of text').length"
            for axis in "xy":  # a mark and a name are both ticks
                assert await page.value(labels.replace("tick_of", f"{axis}tick")) == len(NAMES)
        asked = [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))]
        assert (asked, page.complaints) == ([], [])


def test_the_summary_is_json_without_nan_and_finds_the_twins():
    told = json.loads(json.dumps(importance_page.summary(study()), allow_nan=False))
    assert told["constant"] == [NAMES[STUCK]] and set(told["features"]) == set(NAMES)
    assert told["groups"][0]["features"] == [NAMES[TWIN], NAMES[OTHER]]
    assert told["pairs"][0]["pearson"] == told["pairs"][0]["spearman"] == 1.0
    assert told["correlation"]["pearson"][STUCK][0] is None


def test_a_page_says_what_makes_its_numbers_mean_little():
    bad = replace(study(), counts=np.array([500, 40, 500]), before=np.array([2.0, 0.33]))
    good = replace(study(), counts=np.array([500, 400, 500]), before=np.array([0.9, 0.5]))
    told = [" ".join(importance_page.doubts(found)) for found in (bad, good)]
    for words in ("Only 40 FLAT among", "no better than chance", "worse than that of a constant"):
        assert words in told[0]
    assert told[1] == ""


def test_a_class_that_never_came_is_one_clear_line():
    with pytest.raises(UsageError, match="none is DOWN: more data, or a lower --theta"):
        importance.study([seen()], model(by(0)), (30, 40.0), 1, 2, lambda words: None)
